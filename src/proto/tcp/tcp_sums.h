/*
 * Sums of queued bytes, known since they were copied in: see tcp_sums.c.
 */
#ifndef PROTO_TCP_TCP_SUMS_H
#define PROTO_TCP_TCP_SUMS_H

#include "base/assert.h"
#include "base/buf.h"
#include "wire/checksum.h"

/* Bytes copied in at one place. */
struct tcp_copy {
    const uint8_t *from;
    uint32_t at, len; /* in the buffer */
    uint32_t ahead;   /* bytes that wait ahead of them, never sent */
    uint32_t segment; /* payload bytes of a full segment; 0: not known yet */
};

/* How many bytes of the program a buffer of the send queue takes: the sums lie behind them. */
static inline uint32_t tcp_sums_capacity(const struct ciao_buf *buf)
{
    return buf->size < BUF_QUARTER ? buf->size : BUF_QUARTER;
}

/* Pieces of a large buffer lie one behind the other from its first byte; behind the last nothing is
 * known. */
#define TCP_SUMS_PIECES 32u
struct tcp_sums_piece {
    uint16_t end; /* offset behind its last byte */
    uint16_t sum; /* as if its first byte lay at an even place */
};
struct tcp_sums {
    uint16_t pieces;
    uint16_t next; /* the piece behind the one that was asked for last */
    struct tcp_sums_piece piece[1 + TCP_SUMS_PIECES]; /* from 1: at 0 there is where they begin */
};
BUILD_ASSERT(sizeof(struct tcp_sums) <= BUF_QUARTER_SPARE);

static inline bool tcp_sums_kept(const struct ciao_buf *buf)
{
    return buf->size >= BUF_QUARTER + BUF_QUARTER_SPARE;
}

static inline struct tcp_sums *tcp_sums_in(struct ciao_buf *buf)
{
    return (struct tcp_sums *)(void *)(ciao_buf_bytes(buf) + BUF_QUARTER);
}

/* A buffer as it comes from the pool: nothing is known. */
void tcp_sums_begin(struct ciao_buf *buf);

/* Copy, and remember what a large buffer's bytes add up to (`csum` NULL: nobody will ask).  They go
 * on where the last ones ended. */
void tcp_sums_copy(const struct csum_ops *csum, struct ciao_buf *buf, const struct tcp_copy *copy);

/* The sum of bytes of such a buffer, as far as it is known; the rest is summed now. */
uint32_t tcp_sums_of(const struct csum_ops *csum, const struct ciao_frag *frag);

/* The same, where mostly one piece is asked for after the other. */
static inline uint32_t tcp_sums_next(const struct csum_ops *csum, const struct ciao_frag *frag)
{
    if (tcp_sums_kept(frag->buf)) {
        struct tcp_sums *sums = tcp_sums_in(frag->buf);
        const struct tcp_sums_piece *piece = &sums->piece[sums->next];
        const uint8_t *begin = ciao_buf_bytes(frag->buf) + piece[0].end;
        if (sums->next < sums->pieces && frag->ptr == begin
            && (uint32_t)(piece[1].end - piece[0].end) == frag->len) {
            sums->next++;
            return piece[1].sum;
        }
    }
    return tcp_sums_of(csum, frag);
}

/* The same of all fragments of a frame together. */
uint32_t tcp_sums_of_frame(const struct csum_ops *csum, const struct ciao_frame *frame);

#endif
