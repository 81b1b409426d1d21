/*
 * Frames: who holds the references.
 */
#include "ciao/frame.h"

#include "base/assert.h"
#include "base/mem.h"

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

/* Where the head lies in the room; -1 when it lies elsewhere. */
static ptrdiff_t room_offset(const struct ciao_frame *frame)
{
    uintptr_t offset = (uintptr_t)frame->head - (uintptr_t)frame->room;
    return offset <= CIAO_FRAME_ROOM ? (ptrdiff_t)offset : -1;
}

/* Copy what is used of a frame, and not the rest of its half kilobyte. */
static void copy_used(struct ciao_frame *to, const struct ciao_frame *from)
{
    ASSERT(to != from);
    memcpy(to, from, offsetof(struct ciao_frame, frag) + from->n_frags * sizeof from->frag[0]);
    ptrdiff_t offset = room_offset(from);
    if (offset < 0)
        return;
    ASSERT((size_t)offset + from->head_len <= CIAO_FRAME_ROOM);
    to->head = to->room + offset;
    memcpy(to->head, from->head, from->head_len);
}

void ciao_frame_move(struct ciao_frame *to, struct ciao_frame *from)
{
    copy_used(to, from);
    ciao_frame_init(from);
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
