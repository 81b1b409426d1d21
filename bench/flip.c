/*
 * Frames that arrive damaged: see flip.h.
 */
#include "bench/flip.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"

#define ONE_IN     7
#define IP4_HEADER 20
#define IP6_HEADER 40

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

static void flip(struct pair *pair, struct pair_side *to, const struct ciao_frame *frame)
{
    uint32_t ip = pair->v6 ? IP6_HEADER : IP4_HEADER;
    uint32_t at = ip + (uint32_t)(pair->damaged * UINT64_C(61) % (frame->len - ip));
    uint8_t *bytes = copy_of(frame);
    struct ciao_frame damaged, *one = &damaged;

    bytes[at] ^= (uint8_t)(1u << pair->damaged % 8);
    ciao_frame_init(one);
    one->head = bytes;
    one->head_len = frame->len;
    one->len = frame->len;
    ciao_input(to->stack, 0, &one, 1, pair->now_us);
    pair->damaged++;
    free(bytes);
}

void flip_some(struct pair *pair, struct pair_side *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if ((pair->frames + i) % ONE_IN == 0)
            flip(pair, to, pair->frame[i]);
}
