/*
 * Frames in: a batch is looked at, and each frame takes the short way through TCP if it may; the
 * others are merged where that changes nothing, and go up through IP to TCP.
 *
 * A run of segments of one flow, in order and alike, becomes one large segment, so that the state
 * machine, its events and its acknowledgements are paid once a run; states and bytes are the same
 * either way.  Two flows whose segments alternate are not merged.
 */
#include "core/stack_internal.h"
#include "proto/tcp/tcp_predict.h"
#include "wire/eth.h"

#define BATCH 64u /* frames that are looked at before the first is processed */

static void arrived(struct ciao_stack *stack, int link, struct ciao_frame *frame)
{
    struct ip_packet packet;
    if (!ip_receive(&stack->ip, link, frame, &packet, stack->now))
        return;
    tcp_input(&stack->tcp, &packet, stack->now);
    ciao_frame_release(packet.frame);
}

static void all_arrived(struct ciao_stack *stack, int link, struct merge *merge)
{
    arrived(stack, link, merge->take);
    merge->take = NULL;
}

/* May it be a piece of the run that is being collected, and is it? */
static bool joins(struct merge *merge, struct ciao_frame *frame)
{
    return merge_verify(merge, frame) && merge_append(merge, frame);
}

static __attribute__((noinline)) void general(struct ciao_stack *stack, int link,
                                              struct merge *merge, struct ciao_frame *frame)
{
    if (stack->config.merge && merge_verify(merge, frame))
        merge->take = frame;
    else
        arrived(stack, link, frame);
}

/* What continues a run waits for the rest of it; what takes the short way waits for nobody. */
static void batch(struct ciao_stack *stack, int link, struct merge *merge,
                  struct ciao_frame *const *frames, unsigned n)
{
    struct tcp_glance glances[BATCH];
    const struct tcp_glance *end = glances + n;
    tcp_glance_all(&stack->tcp, link, frames, n, glances);
    for (const struct tcp_glance *at = glances, *next; at != end; at = next) {
        if (merge->take != NULL) {
            next = at + 1;
            if (joins(merge, at->frame))
                continue;
            all_arrived(stack, link, merge);
        }
        next = tcp_predict(&stack->tcp, link, at, end);
        if (next == at) {
            general(stack, link, merge, at->frame);
            next = at + 1;
        }
    }
    if (merge->take != NULL)
        all_arrived(stack, link, merge);
}

/* Alone there is nothing that it could be merged with, or be looked at together with. */
static inline void one(struct ciao_stack *stack, int link, const struct ciao_link *entry,
                       struct ciao_frame *frame)
{
    if (!tcp_predict_alone(&stack->tcp, link, entry, frame))
        arrived(stack, link, frame);
}

static __attribute__((noinline)) void several(struct ciao_stack *stack, int link,
                                              struct ciao_frame *const *frames, unsigned n)
{
    const struct ciao_link *entry = ip_link(&stack->ip, link);
    struct merge merge = {
        .link_header_len = entry->kind == CIAO_LINK_ETHERNET ? ETH_HEADER_LEN : 0,
        .csum = stack->ip.csum,
    };
    for (; n > BATCH; frames += BATCH, n -= BATCH)
        batch(stack, link, &merge, frames, BATCH);
    batch(stack, link, &merge, frames, n);
}

void ciao_input(struct ciao_stack *stack, int link, struct ciao_frame *const *frames, unsigned n,
                uint64_t now_us)
{
    const struct ciao_link *entry = ip_link(&stack->ip, link);
    stack_enter(stack, now_us);
    for (unsigned i = 0; i < n; i++) {
        if (!entry->rx_csum)
            frames[i]->csum = CIAO_CSUM_NONE; /* whatever it says, nobody vouches for it */
        frames[i]->rx_us = stack->now;
    }
    if (n == 1)
        one(stack, link, entry, frames[0]);
    else if (n != 0)
        several(stack, link, frames, n);
    if (stack->tcp.unsettled != REF_NONE)
        tcp_receive_settle(&stack->tcp);
}
