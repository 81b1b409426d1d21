/*
 * What the peer acknowledges where nothing of ours is lost, SACKed or being repaired, and the
 * window was open and is: so of the steps in tcp_ack.c only these are left, and cwnd moves only
 * where it was used up, or something proves to have been late.  For tcp_predict.c, which asks for
 * all that.
 */
#ifndef PROTO_TCP_TCP_ACK_USUAL_H
#define PROTO_TCP_TCP_ACK_USUAL_H

#include "base/mostly.h"
#include "proto/tcp/tcp_headers.h"
#include "proto/tcp/tcp_rtt.h"

/* Only a segment that is newer than the one that told last may tell. [RFC9293 3.10.7.4 fifth EV-30]
 */
static inline bool tcp_ack_is_newer(const struct tcb *tcb, seq_t seq, seq_t ack)
{
    return seq_lt(tcb->snd.wl1, seq) || (tcb->snd.wl1 == seq && seq_leq(tcb->snd.wl2, ack));
}

/* It was open and is, so nothing is told and nothing probed. */
TCP_WRITTEN_OUT void tcp_ack_window_stays(struct tcb *tcb, const struct tcp_news *news)
{
    if (!MOSTLY(tcp_ack_is_newer(tcb, tcb->rcv.nxt, news->ack)))
        return;
    tcb->snd.wl1 = tcb->rcv.nxt;
    tcb->snd.wl2 = news->ack;
    tcb->snd.wnd = news->wnd;
    if (news->wnd > tcb->snd.max_wnd)
        tcb->snd.max_wnd = news->wnd;
}

/* All is acknowledged. [RFC6298 5.2] */
static inline void tcp_ack_timer_off(struct tcp *tcp, struct tcb *tcb)
{
    tcb->flags &= ~(TCB_PERSIST | TCB_PROBE);
    tcb->backoff = 0;
    if (tcp_has_many_tcbs(tcp))
        tcp_timer_take_off(tcp, tcb);
    tcp_timer_stop(tcb, TCP_TIMER_REXMT);
    tcp_note_why(tcp, tcb, CIAO_DID_TIMER_STOPPED, TCP_TIMER_REXMT, 0);
}

/* There is room again. */
static inline void tcp_ack_tell_writable(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->told_ready & CIAO_WRITABLE)
        return;
    tcb->hungry = 0;
    tcp_told(tcp, tcb);
}

/* What a short exchange is made of: one sending is on its way, never repeated, in one buffer, and
 * there is nothing behind it. */
TCP_WRITTEN_OUT bool tcp_ack_is_of_all(const struct tcp *tcp, const struct tcb *tcb,
                                       const struct tcp_queue *queue, seq_t ack)
{
    const unsigned harmless = RANGE_APP_LIMITED | RANGE_PUSH;
    return MOSTLY(ack == tcb->snd_end) && MOSTLY(tcb->snd_end == tcb->snd.nxt)
           && MOSTLY(queue->ranges_first != 0) && MOSTLY(queue->ranges_first == queue->ranges_last)
           && MOSTLY(queue->sendq_first == queue->sendq_last)
           && MOSTLY(!(tcp_range_at(tcp, queue->ranges_first)->flags & ~harmless))
           && MOSTLY(!(tcb->flags & TCB_CWND_LIMITED));
}

/* The range's record, the buffer and the queue are kept for the next. */
TCP_WRITTEN_OUT void tcp_ack_of_all(struct tcp *tcp, struct tcb *tcb, struct tcp_side *side,
                                    struct tcp_queue *queue)
{
    uint32_t index = queue->ranges_first, acked = tcb->snd_end - tcb->snd.una;
    time_us sent_us = tcp_range_at(tcp, index)->sent_us;
    tcb->snd.una = tcb->snd_end;
    if (seq_lt(tcb->sacked_to, tcb->snd_end))
        tcb->sacked_to = tcb->snd_end;
    side->delivered += acked;
    queue->ranges_first = 0;
    tcp_sendq_free_only(queue);
    tcp_queue_emptied(tcp, tcb);
    tcp_note_why(tcp, tcb, CIAO_DID_SENT_DATA_FREED, tcp_relative(tcb, tcb->snd.una), acked);
    if (seq_gt(tcb->snd.una, tcb->rtt_seq)) {
        tcp_rtt_measured_again(tcp, tcb, side,
                               tcp->now > sent_us ? (uint32_t)(tcp->now - sent_us) : 0);
        tcb->rtt_seq = tcb->snd.nxt;
    }
    tcb->dup_acks = 0;
    tcb->trouble_ms = 0;
}

TCP_WRITTEN_OUT void tcp_ack_usual(struct tcp *tcp, struct tcb *tcb, struct tcp_side *side,
                                   const struct tcp_news *news)
{
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (news->ack == tcb->snd.una) {
        tcp_ack_window_stays(tcb, news);
    } else if (MOSTLY(tcp_ack_is_of_all(tcp, tcb, queue, news->ack))) {
        tcp_ack_of_all(tcp, tcb, side, queue);
        tcp_ack_window_stays(tcb, news);
        tcp_ack_timer_off(tcp, tcb);
        tcp_ack_tell_writable(tcp, tcb);
        return; /* there is nothing to send */
    } else {
        struct tcp_news shown = *news; /* else it could not stay in registers */
        tcp_ack_part(tcp, tcb, &shown);
    }
    if (tcb->snd_end != tcb->snd.nxt)
        tcp_output_wanted(tcp, tcb);
}

#endif
