/*
 * Frames that arrive damaged: see flip.h.
 */
#include "bench/flip.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"

#define STRIDE        UINT64_C(61)
#define IP6_UNCOVERED 8 /* the first bytes of an IPv6 header, up to the addresses */

#define IN_ONE_PIECE 4u /* every so many-th copy is */

/* The bytes of a frame, in a buffer of their own that nobody counts. */
static struct ciao_buf *copy_of(const struct ciao_frame *frame)
{
    struct ciao_buf *buf = calloc(1, sizeof *buf + frame->len);
    uint8_t *at = buf ? ciao_buf_bytes(buf) : NULL;

    bench_must(buf != NULL, "there is no memory");
    buf->size = frame->len;
    memcpy(at, frame->head, frame->head_len);
    at += frame->head_len;
    for (unsigned i = 0; i < frame->n_frags; i++) {
        memcpy(at, frame->frag[i].ptr, frame->frag[i].len);
        at += frame->frag[i].len;
    }
    return buf;
}

/* How often a frame was dropped, for whatever reason. */
static uint64_t drops(const struct ciao_stack *stack)
{
    uint64_t drops = 0;

    for (unsigned i = 0; i < CIAO_REASONS; i++)
        if (ciao_reason_kind_of((enum ciao_reason)i) == CIAO_KIND_DROP)
            drops += ciao_reason_count(stack, (enum ciao_reason)i);
    return drops;
}

/* As the frame is, the payload behind the headers in a fragment; now and then all in the head. */
static void lay_out(struct ciao_frame *copy, const struct ciao_frame *frame, struct ciao_buf *buf,
                    bool in_one_piece)
{
    uint8_t *bytes = ciao_buf_bytes(buf);

    ciao_frame_init(copy);
    copy->head = bytes;
    copy->len = frame->len;
    copy->head_len = in_one_piece ? frame->len : frame->head_len;
    if (copy->head_len == frame->len)
        return;
    buf->refs = 1;
    copy->frag[0] = (struct ciao_frag){bytes + frame->head_len, frame->len - frame->head_len, buf};
    copy->n_frags = 1;
}

/* Make the copy; its buffer is the caller's to free. */
static struct ciao_buf *damage(struct pair *pair, const struct ciao_frame *frame,
                               struct ciao_frame *copy)
{
    uint32_t from = pair->v6 ? IP6_UNCOVERED : 0;
    uint32_t at = from + (uint32_t)(pair->damaged * STRIDE % (frame->len - from));
    struct ciao_buf *buf = copy_of(frame);

    ciao_buf_bytes(buf)[at] ^= (uint8_t)(1u << pair->damaged % 8);
    lay_out(copy, frame, buf, pair->damaged % IN_ONE_PIECE == 0);
    pair->damaged++;
    return buf;
}

static void input_together(struct pair *pair, struct pair_side *to, struct ciao_frame *const *copy,
                           unsigned n)
{
    ciao_input(to->stack, 0, copy, n, pair->now_us);
    ciao_input(to->stack, 0, pair->frame, n, pair->now_us);
}

static void input_in_turn(struct pair *pair, struct pair_side *to, struct ciao_frame *const *copy,
                          unsigned n)
{
    struct ciao_frame *both[2 * PAIR_BATCH];

    for (unsigned i = 0; i < n; i++) {
        both[2 * i] = copy[i];
        both[2 * i + 1] = pair->frame[i];
    }
    ciao_input(to->stack, 0, both, 2 * n, pair->now_us);
}

void flip_input(struct pair *pair, struct pair_side *to, unsigned n)
{
    struct ciao_frame store[PAIR_BATCH], *copy[PAIR_BATCH];
    struct ciao_buf *buf[PAIR_BATCH];
    uint64_t before = drops(to->stack), dropped;

    for (unsigned i = 0; i < n; i++) {
        copy[i] = &store[i];
        buf[i] = damage(pair, pair->frame[i], copy[i]);
    }
    (pair->damaged_batches++ % 2 ? input_in_turn : input_together)(pair, to, copy, n);
    dropped = drops(to->stack) - before;
    bench_must(dropped == n, "of %u frames with a changed byte %llu were dropped", n,
               (unsigned long long)dropped);
    for (unsigned i = 0; i < n; i++) {
        bench_must(buf[i]->refs == 0, "a frame that was dropped is held still");
        free(buf[i]);
    }
}
