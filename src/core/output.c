/*
 * Frames out, and time: what waits in a link's outbox goes first, then TCP's connections in turn.
 */
#include "core/stack_internal.h"

unsigned ciao_output(struct ciao_stack *stack, int link, struct ciao_frame *const *frames,
                     unsigned n, uint64_t now_us)
{
    time_us now = stack_enter(stack, now_us);
    (void)ip_link(&stack->ip, link); /* there must be such a link */
    unsigned taken = 0;
    if (ip_outbox_waits(&stack->ip, link))
        taken = ip_outbox_take(&stack->ip, link, frames, n);
    taken += tcp_output(&stack->tcp, link, frames + taken, n - taken, now);
    /* TCP may have left something there: a question for a neighbour, a reset. */
    if (ip_outbox_waits(&stack->ip, link))
        taken += ip_outbox_take(&stack->ip, link, frames + taken, n - taken);
    return taken;
}

bool ciao_has_output(const struct ciao_stack *stack, int link)
{
    (void)ip_link(&stack->ip, link);
    return ip_outbox_waits(&stack->ip, link) || tcp_has_output(&stack->tcp, link);
}

uint64_t ciao_next_deadline(const struct ciao_stack *stack)
{
    return time_min(tcp_next_deadline(&stack->tcp), ip_next_deadline(&stack->ip));
}

uint64_t ciao_advance(struct ciao_stack *stack, uint64_t now_us)
{
    time_us now = stack_enter(stack, now_us);
    ip_advance(&stack->ip, now);
    tcp_advance(&stack->tcp, now);
    return ciao_next_deadline(stack);
}
