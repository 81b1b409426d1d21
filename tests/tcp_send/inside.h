/*
 * A look inside a stack: for tests of the sending half that drive it below its public calls.
 */
#ifndef TESTS_TCP_SEND_INSIDE_H
#define TESTS_TCP_SEND_INSIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/stack_internal.h"
#include "net.h"
#include "proto/tcp/tcp_send.h"

static inline struct tcp *inside_tcp(const struct net *net, unsigned end)
{
    return &net->stack[end]->tcp;
}

static inline struct tcb *inside_tcb(const struct net *net, unsigned end)
{
    struct tcb *tcb = tcp_user_tcb(inside_tcp(net, end), net->conn[end]);
    assert_non_null(tcb);
    return tcb;
}

/* A pure ACK as the peer would send it, straight into step five. */
static inline struct tcp_segment inside_ack(const struct tcb *tcb, seq_t ack)
{
    struct tcp_segment seg = {
        .seq = tcb->rcv.nxt,
        .ack = ack,
        .wnd = tcb->snd.wnd,
        .flags = TCP_ACK,
        .segments = 1,
    };
    return seg;
}

static inline void inside_sack(struct tcp_segment *seg, seq_t start, seq_t end)
{
    seg->h.opt.sack[seg->h.opt.n_sack++] = (struct tcp_sack){start, end};
}

/* All that must hold of the ranges at any time. */
static inline void inside_check_ranges(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    seq_t at = tcb->snd.una, end = tcb->flags & TCB_FIN_SENT ? tcb->snd_end : tcb->snd.nxt;
    uint32_t sacked = 0, lost = 0, prev = 0;
    for (uint32_t i = queue->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        const struct tcp_range *range = tcp_range_at(tcp, i);
        assert_int_equal(range->prev, prev);
        assert_int_equal(range->start, at);
        assert_true(seq_lt(range->start, range->end));
        assert_int_not_equal(range->segments, 0);
        assert_int_not_equal(range->flags & (RANGE_SACKED | RANGE_LOST), RANGE_SACKED | RANGE_LOST);
        sacked += range->flags & RANGE_SACKED ? range->end - range->start : 0;
        lost += range->flags & RANGE_LOST ? range->end - range->start : 0;
        at = range->end;
        prev = i;
    }
    assert_int_equal(tcp_range_last(queue), prev);
    assert_int_equal(at, end);
    assert_int_equal(side->lost_bytes, lost);
    if (tcb->flags & TCB_SACK)
        assert_int_equal(side->sacked_bytes, sacked);
    assert_true(side->sacked_bytes + side->lost_bytes <= tcb->snd.nxt - tcb->snd.una);
    assert_int_equal(queue->sendq_bytes, tcb->snd_end - tcb->snd.una);
}

#endif
