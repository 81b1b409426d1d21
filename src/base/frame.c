/*
 * Frames: who holds the references.
 */
#include "base/frame.h"

#include <stdbool.h>

#include "base/assert.h"
#include "base/mem.h"

#define HEAD_USUAL 64u /* IPv6 or IPv4 and TCP with timestamps, or Ethernet and IPv4 */

int ciao_frame_add(struct ciao_frame *frame, struct ciao_buf *buf, const uint8_t *ptr, uint32_t len)
{
    if (frame->n_frags == CIAO_FRAME_FRAGS)
        return -1;
    frame->frag[frame->n_frags++] = (struct ciao_frag){.ptr = ptr, .len = len, .buf = buf};
    frame->len += len;
    return 0;
}

void ciao_frame_release(struct ciao_frame *frame)
{
    for (uint32_t i = 0; i < frame->n_frags; i++)
        ciao_buf_unref(frame->frag[i].buf);
    ciao_buf_unref(frame->buf);
    ciao_frame_init(frame);
}

/* Where the head lies in the room; more than the room has when it lies elsewhere. */
static inline size_t head_offset(const struct ciao_frame *frame)
{
    return (uintptr_t)frame->head - (uintptr_t)frame->room;
}

/* Copy what is used of a frame, and not the rest of its half kilobyte. */
static __attribute__((noinline)) void copy_used(struct ciao_frame *to,
                                                const struct ciao_frame *from)
{
    size_t offset = head_offset(from);
    ASSERT(to != from);
    memcpy(to, from, offsetof(struct ciao_frame, frag) + from->n_frags * sizeof from->frag[0]);
    if (offset > CIAO_FRAME_ROOM)
        return;
    ASSERT(offset + from->head_len <= CIAO_FRAME_ROOM);
    to->head = to->room + offset;
    memcpy(to->head, from->head, from->head_len);
}

/* A segment: its head in the room, and payload in one piece at most.  Lengths that are known need
 * no call. */
void ciao_frame_move(struct ciao_frame *to, struct ciao_frame *from)
{
    size_t offset = head_offset(from);
    bool usual = from->n_frags <= 1 && from->head_len <= HEAD_USUAL
                 && offset <= CIAO_FRAME_ROOM - HEAD_USUAL && to != from;
    if (__builtin_expect(!usual, 0)) {
        copy_used(to, from);
        ciao_frame_init(from);
        return;
    }
    __builtin_memcpy(to, from, offsetof(struct ciao_frame, frag[1]));
    __builtin_memcpy(to->room + offset, from->room + offset, HEAD_USUAL);
    to->head = to->room + offset;
    ciao_frame_init(from);
}

/* Of what waits there are headers alone: replies, and what a handshake or a goodbye says. */
void frame_take(struct ciao_frame *to, const struct ciao_frame *from)
{
    size_t offset = head_offset(from);
    bool usual = from->n_frags == 0 && from->head_len <= HEAD_USUAL
                 && offset <= CIAO_FRAME_ROOM - HEAD_USUAL;
    if (__builtin_expect(!usual, 0)) {
        copy_used(to, from);
        return;
    }
    __builtin_memcpy(to, from, offsetof(struct ciao_frame, frag));
    __builtin_memcpy(to->room + offset, from->room + offset, HEAD_USUAL);
    to->head = to->room + offset;
}

void ciao_frame_share(struct ciao_frame *to, const struct ciao_frame *from)
{
    copy_used(to, from);
    if (to->buf)
        ciao_buf_ref(to->buf);
    for (uint32_t i = 0; i < to->n_frags; i++)
        if (to->frag[i].buf)
            ciao_buf_ref(to->frag[i].buf);
}
