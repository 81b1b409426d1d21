/*
 * The stack object: everything that one shard knows.  It lies at the beginning of the memory handed
 * in, and its tables behind it.
 */
#ifndef CORE_STACK_INTERNAL_H
#define CORE_STACK_INTERNAL_H

#include "ciao/stack.h"
#include "proto/ip/ip.h"
#include "proto/tcp/tcp.h"
#include "trace/trace.h"

struct ciao_stack {
    struct ciao_config config;
    time_us now; /* of the latest call: it never goes back */
    struct trace trace;
    struct ciao_bufpool buffers;
    struct ip_layer ip;
    struct tcp tcp;
};

/* Somebody comes in at that time: all parts of the stack see the same. */
static inline time_us stack_enter(struct ciao_stack *stack, time_us now)
{
    if (now > stack->now) {
        stack->now = stack->trace.now = now;
        tcp_set_now(&stack->tcp, now);
    }
    return stack->now;
}

/* ---- settings.c ---- */
/* Is every value within the bounds that struct ciao_settings states? */
bool settings_are_possible(const struct ciao_settings *settings);
bool config_is_possible(const struct ciao_config *config);

/* ---- merge.c ---- */
/*
 * Frames of a batch on their way in, some of which are pieces of one run.
 *
 * `take` is the frame that is collecting; NULL: none.
 */
struct merge {
    struct ciao_frame *take;
    uint32_t link_header_len;
    const struct csum_ops *csum;
};
/* Put a frame to the one that is collecting; false: it does not fit there. */
bool merge_append(struct merge *merge, struct ciao_frame *frame);
/* Is its TCP checksum right?  Then it is marked so, and need not be summed again.  Returns whether
 * the frame may be a piece of a run: what carries no data is none. */
bool merge_verify(const struct merge *merge, struct ciao_frame *frame);

#endif
