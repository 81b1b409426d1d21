/*
 * Frames that arrive damaged: see flip.h.
 */
#include "bench/flip.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"

#define STRIDE        UINT64_C(61)
#define IP6_UNCOVERED 8 /* the first bytes of an IPv6 header, up to the addresses */

/* The bytes of a frame, in a buffer of their own that nobody counts. */
static uint8_t *copy_of(const struct ciao_frame *frame)
{
    uint8_t *bytes = malloc(frame->len), *at = bytes;

    bench_must(bytes != NULL, "there is no memory");
    memcpy(at, frame->head, frame->head_len);
    at += frame->head_len;
    for (unsigned i = 0; i < frame->n_frags; i++) {
        memcpy(at, frame->frag[i].ptr, frame->frag[i].len);
        at += frame->frag[i].len;
    }
    return bytes;
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

/* Make the copy; its bytes are the caller's to free. */
static void damage(struct pair *pair, const struct ciao_frame *frame, struct ciao_frame *copy)
{
    uint32_t from = pair->v6 ? IP6_UNCOVERED : 0;
    uint32_t at = from + (uint32_t)(pair->damaged * STRIDE % (frame->len - from));
    uint8_t *bytes = copy_of(frame);

    bytes[at] ^= (uint8_t)(1u << pair->damaged % 8);
    ciao_frame_init(copy);
    copy->head = bytes;
    copy->head_len = frame->len;
    copy->len = frame->len;
    pair->damaged++;
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
    const uint8_t *bytes[PAIR_BATCH];
    uint64_t before = drops(to->stack), dropped;

    for (unsigned i = 0; i < n; i++) {
        copy[i] = &store[i];
        damage(pair, pair->frame[i], copy[i]);
        bytes[i] = copy[i]->head;
    }
    (pair->damaged_batches++ % 2 ? input_in_turn : input_together)(pair, to, copy, n);
    dropped = drops(to->stack) - before;
    bench_must(dropped == n, "of %u frames with a changed byte %llu were dropped", n,
               (unsigned long long)dropped);
    for (unsigned i = 0; i < n; i++)
        free((void *)(uintptr_t)bytes[i]);
}
