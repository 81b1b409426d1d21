/*
 * What passes between a stack and its links: frames, and the shared buffers that their payload lies
 * in.
 *
 * A frame owns its head bytes and holds references to its payload.  The payload's bytes are written
 * once and then only read: the send queue, a frame on its way and a capture may all hold them.
 * Counts are not atomic: one shard, one thread at a time.
 */
#ifndef CIAO_FRAME_H
#define CIAO_FRAME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ciao_bufpool;

/* A block of payload bytes, shared by reference; the bytes follow it. */
struct ciao_buf {
    uint32_t refs;
    uint32_t size;             /* how many bytes it holds */
    struct ciao_bufpool *pool; /* where it returns to at zero; NULL: its owner keeps it */
    struct ciao_buf *next;     /* the pool's; its only holder may use it meanwhile */
    uint32_t class_;           /* private to the pool */
    uint32_t slab;             /* private to the pool */
};

#define CIAO_BUF_CLASSES 4

/* The pool's own books, public so that they can stand inside other structs: read by the calls. */
struct ciao_bufpool {
    uint8_t *memory;
    struct ciao_slab *slab; /* one for each piece of the memory, from 1 */
    uint32_t slab_bytes, slabs;
    uint32_t slab_high;                       /* pieces that ever were in use */
    uint32_t slab_free;                       /* list of pieces that serve no class now */
    uint32_t open[CIAO_BUF_CLASSES];          /* list of pieces with room, by class */
    struct ciao_buf *spare[CIAO_BUF_CLASSES]; /* a few given last, the next to be taken */
    uint32_t spares[CIAO_BUF_CLASSES];        /* how many those are */
    uint64_t used_bytes, peak_bytes, budget_bytes;
    uint32_t used_count, peak_count;
    uint64_t refused; /* takes that found no memory */
};

/*
 * Make a pool of `bytes` of zeroed memory at a multiple of 64; nothing of it is written before it
 * is used.  Returns how many bytes of it buffers can be made of: 0 when it is too little for one
 * slab.
 */
size_t ciao_bufpool_init(struct ciao_bufpool *pool, void *memory, size_t bytes);

/*
 * A buffer for so many bytes or more, held once by the caller; NULL at the limit of the memory, or
 * for more than 65,792 bytes.
 */
__attribute__((warn_unused_result)) struct ciao_buf *ciao_bufpool_take(struct ciao_bufpool *pool,
                                                                       uint32_t bytes_wanted);

/* Take the last reference away.  Called by ciao_buf_unref(). */
void ciao_bufpool_give(struct ciao_buf *buf);

/* Bytes of memory that the buffers in use occupy: what a queue is charged for. */
static inline uint64_t ciao_bufpool_used_bytes(const struct ciao_bufpool *pool)
{
    return pool->used_bytes;
}

static inline uint32_t ciao_bufpool_used_count(const struct ciao_bufpool *pool)
{
    return pool->used_count;
}

static inline uint64_t ciao_bufpool_peak_bytes(const struct ciao_bufpool *pool)
{
    return pool->peak_bytes;
}

static inline uint8_t *ciao_buf_bytes(struct ciao_buf *buf)
{
    return (uint8_t *)(buf + 1);
}

/* The memory that it occupies, header and all: what a queue that holds it is charged. */
static inline uint32_t ciao_buf_charge(const struct ciao_buf *buf)
{
    return buf->size + (uint32_t)sizeof *buf;
}

static inline struct ciao_buf *ciao_buf_ref(struct ciao_buf *buf)
{
    buf->refs++;
    return buf;
}

/* NULL is let pass. */
static inline void ciao_buf_unref(struct ciao_buf *buf)
{
    if (!buf)
        return;
    if (buf->refs > 1)
        buf->refs--;
    else
        ciao_bufpool_give(buf);
}

/* Some bytes of a buffer.  `buf` NULL: bytes that outlive the frame without anybody's count. */
struct ciao_frag {
    const uint8_t *ptr;
    uint32_t len;
    struct ciao_buf *buf;
};

enum ciao_csum {
    CIAO_CSUM_NONE,    /* received: not looked at.  To be sent: complete in the bytes */
    CIAO_CSUM_PARTIAL, /* the field holds the pseudo-header's sum; add what follows csum_start */
    CIAO_CSUM_VERIFIED /* received: found right by whoever handed it over */
};

enum ciao_gso {
    CIAO_GSO_NONE,
    CIAO_GSO_TCP4, /* one head for several segments of gso_size bytes each, the last one's rest */
    CIAO_GSO_TCP6
};

#define CIAO_FRAME_ROOM  192 /* Ethernet, IP with extension headers, TCP with options */
#define CIAO_FRAME_FRAGS 8   /* 64 KB out of buffers of 16 KB, wherever in them it begins */

/*
 * A frame, sent or received.  Two forms of a received one exist, and every reader takes both:
 *   all bytes in one piece behind `head` (in `buf` or in `room`), no fragments;
 *   the headers behind `head`, payload in fragments (a super-segment, or whatever the loop brings).
 *
 * A frame is moved by ciao_frame_move() and not by assignment, since `head` may point into itself.
 */
struct ciao_frame {
    uint8_t *head;
    uint32_t head_len;
    uint32_t n_frags;
    uint32_t len;         /* head and payload together */
    uint8_t csum;         /* enum ciao_csum */
    uint8_t gso;          /* enum ciao_gso */
    uint8_t ecn;          /* the two bits of the IP header */
    struct ciao_buf *buf; /* what head points into when not into room; this frame's reference */
    uint16_t csum_start;  /* as in virtio_net_hdr, counted from head */
    uint16_t csum_offset; /* of the field, counted from csum_start */
    uint16_t gso_size;
    uint16_t segments; /* wire segments that it stands for, 1 at least */
    uint64_t rx_us;    /* when it was received */
    struct ciao_frag frag[CIAO_FRAME_FRAGS];
    uint8_t room[CIAO_FRAME_ROOM];
};

/*
 * Make an empty one; what its memory held before does not matter.  The room's bytes are left as
 * they are.
 */
static inline void ciao_frame_init(struct ciao_frame *frame)
{
    frame->head = frame->room;
    frame->head_len = 0;
    frame->n_frags = 0;
    frame->len = 0;
    frame->csum = CIAO_CSUM_NONE;
    frame->gso = CIAO_GSO_NONE;
    frame->ecn = 0;
    frame->buf = NULL;
    frame->csum_start = 0;
    frame->csum_offset = 0;
    frame->gso_size = 0;
    frame->segments = 1;
    frame->rx_us = 0;
}

/*
 * Add bytes at the end.  The caller's reference to `buf` becomes the frame's.
 * Returns 0; -1 when no fragment is left, and then the reference is still the caller's.
 */
__attribute__((warn_unused_result)) int ciao_frame_add(struct ciao_frame *frame,
                                                       struct ciao_buf *buf, const uint8_t *ptr,
                                                       uint32_t len);

/* Drop all its references and make it empty. */
void ciao_frame_release(struct ciao_frame *frame);

/* `to` becomes what `from` was, references and all; `from` becomes empty. */
void ciao_frame_move(struct ciao_frame *to, struct ciao_frame *from);

/*
 * `to` becomes a second frame of the same bytes: head in the room copied, everything else shared by
 * reference.
 */
void ciao_frame_share(struct ciao_frame *to, const struct ciao_frame *from);

#ifdef __cplusplus
}
#endif

#endif
