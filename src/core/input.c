/*
 * Frames in: a batch is merged where that changes nothing, and each frame goes up through IP to
 * TCP.
 *
 * A run of segments of one flow, in order and alike, becomes one large segment, so that the state
 * machine, its events and its acknowledgements are paid once a run; states and bytes are the same
 * either way.  Two flows whose segments alternate are not merged.
 */
#include "core/stack_internal.h"
#include "wire/eth.h"

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
    if (merge->take != NULL)
        arrived(stack, link, merge->take);
    merge->take = NULL;
}

static void merged(struct ciao_stack *stack, int link, struct merge *merge,
                   struct ciao_frame *frame)
{
    bool piece = merge_verify(merge, frame);
    if (piece && merge_append(merge, frame))
        return;
    all_arrived(stack, link, merge);
    if (piece)
        merge->take = frame;
    else
        arrived(stack, link, frame);
}

void ciao_input(struct ciao_stack *stack, int link, struct ciao_frame *const *frames, unsigned n,
                uint64_t now_us)
{
    const struct ciao_link *entry = ip_link(&stack->ip, link);
    struct merge merge = {
        .link_header_len = entry->kind == CIAO_LINK_ETHERNET ? ETH_HEADER_LEN : 0,
        .csum = stack->ip.csum,
    };
    bool merging = stack->config.merge && n > 1;
    stack_enter(stack, now_us);
    for (unsigned i = 0; i < n; i++) {
        if (!entry->rx_csum)
            frames[i]->csum = CIAO_CSUM_NONE; /* whatever it says, nobody vouches for it */
        frames[i]->rx_us = stack->now;
        if (merging)
            merged(stack, link, &merge, frames[i]);
        else
            arrived(stack, link, frames[i]);
    }
    all_arrived(stack, link, &merge);
}
