/*
 * When what has come in is acknowledged: at once, or later, with what leaves then.
 * [RFC9293 3.8.6.3, RFC5681 4.2]
 */
#ifndef PROTO_TCP_TCP_ACK_LATER_H
#define PROTO_TCP_TCP_ACK_LATER_H

#include "proto/tcp/tcp_internal.h"

/* A full segment of the peer: the largest seen, since small ones say nothing of what it could send.
 */
static inline uint32_t tcp_full_segment(const struct tcb *tcb)
{
    return tcb->rmss < 536 ? 536 : tcb->rmss;
}

/* [RFC9293 3.8.6.3 MUST-40, SHLD-18] */
__attribute__((always_inline)) static inline void tcp_ack_later(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t wait_us = tcp_tcb_settings(tcp, tcb)->delayed_ack_us;
    if (wait_us == 0) {
        tcp_ack_now(tcp, tcb);
        return;
    }
    if (tcb->flags & TCB_ACK_DELAYED)
        return;
    tcb->flags |= TCB_ACK_DELAYED;
    tcp_timer_set(tcp, tcb, TCP_TIMER_ACK, tcp->now + wait_us);
}

/* So many bytes in order have come in so many segments of the wire.  At the start of a connection
 * the peer's window grows by our ACKs: none is delayed then, but for those of a dialogue, which
 * ride on the answers.  [RFC9293 3.8.6.3 SHLD-19, MUST-58; RFC5681 4.2 5681-9] */
__attribute__((always_inline)) static inline void tcp_ack_in_order(struct tcp *tcp, struct tcb *tcb,
                                                                   uint32_t bytes,
                                                                   uint32_t segments)
{
    uint32_t segment_bytes = segments == 1 ? bytes : bytes / segments;
    if (segment_bytes > tcb->rmss)
        tcb->rmss = (uint16_t)(segment_bytes < UINT16_MAX ? segment_bytes : UINT16_MAX);
    tcb->dialogue |= DIALOGUE_HEARD;
    if (tcb->quick_acks != 0 && !(tcb->dialogue & DIALOGUE_ANSWERED)) {
        tcb->quick_acks -= (uint8_t)(segments < tcb->quick_acks ? segments : tcb->quick_acks);
        tcp_ack_now(tcp, tcb);
    } else if (tcb->rcv.nxt - tcb->last_ack_sent >= 2 * tcp_full_segment(tcb)) {
        tcp_ack_now(tcp, tcb);
    } else {
        tcp_ack_later(tcp, tcb);
    }
}

#endif
