/*
 * Every timer of TCP.  [RFC9293 3.8, RFC6298]
 *
 *   REXMT   SYN, SYN,ACK    sent again with doubled wait, until R2 for SYNs has passed
 *           retransmission  the oldest unacknowledged range, until R2 has passed
 *           persist         a probe into a closed window, for as long as the peer answers
 *   ACK     delayed ACK     an acknowledgement is owed and nothing else has carried it
 *   OTHER   FIN-WAIT-2      nobody owns the connection any more, and the peer does not close
 *           SWS override    a small segment has waited long enough for a larger one; or send()
 *                           found no memory, and may be tried again
 *   KEEPALIVE               nothing was heard of the peer for long, and the program wants to know
 *   (record) SYN,ACK of a half-open connection, 2 MSL of TIME-WAIT: where the wait is not the one
 *           that all have; tcp_syn_queue.c, tcp_wait_queue.c
 *
 * A record owns one node of the wheel.  A TCB's stands at or before its earliest deadline and is
 * moved lazily: a deadline that is put off leaves the node where it is, and when that runs out it
 * is set to what is next.  So an acknowledgement, which puts the retransmission off, touches no
 * list; but of a connection that is one of many (TCP_CROWD) the last one takes the node off, since
 * the record is in the cache now, and will not be later.
 */
#include "proto/tcp/tcp_syn.h"
#include "proto/tcp/tcp_wait.h"

#define AHEAD 4u /* of those that run out together so many more are on their way from memory */

static bool is_due(const struct tcp *tcp, uint32_t at_ms)
{
    return at_ms != 0 && (int32_t)(tcp_now_ms(tcp) - at_ms) >= 0;
}

void tcp_timer_nearer(struct tcp *tcp, struct tcb *tcb, uint64_t tick)
{
    wheel_set_node(&tcp->wheel, &tcb->timer, tcp_tcb_ref(tcp, tcb), tick);
}

/* The node of a connection that is one of many: when nothing is waited for but the retransmission,
 * it goes now, and not when the record would have to be fetched from memory to see that. */
void tcp_timer_take_off(struct tcp *tcp, struct tcb *tcb)
{
    if ((tcb->ack_at | tcb->other_at | tcb->keep_at) != 0)
        return;
    wheel_cancel(&tcp->wheel, tcp_tcb_ref(tcp, tcb));
    tcp_queue_settle(tcp, tcb); /* as when it runs out */
}

/* The node has run out: set it to the earliest deadline that is left. */
static void rearm(struct tcp *tcp, struct tcb *tcb)
{
    const uint32_t at[] = {tcb->rexmt_at, tcb->ack_at, tcb->other_at, tcb->keep_at};
    uint32_t now_ms = tcp_now_ms(tcp), wait_ms = UINT32_MAX;
    for (unsigned i = 0; i < 4; i++)
        if (at[i] != 0 && at[i] - now_ms < wait_ms)
            wait_ms = at[i] - now_ms;
    if (wait_ms != UINT32_MAX)
        wheel_set(&tcp->wheel, tcp_tcb_ref(tcp, tcb), (tcp->now / 1000 + wait_ms) * 1000);
}

static void rexmt_ran_out(struct tcp *tcp, struct tcb *tcb)
{
    tcb->rexmt_at = 0;
    if (tcb->flags & TCB_SYN_UNACKED)
        tcp_handshake_timeout(tcp, tcb);
    else if (tcb->flags & TCB_PERSIST)
        tcp_timeout_persist(tcp, tcb);
    else
        tcp_timeout_retransmit(tcp, tcb);
}

static void other_ran_out(struct tcp *tcp, struct tcb *tcb)
{
    tcb->other_at = 0;
    if (tcp_state_is(tcb, CIAO_FIN_WAIT_2)) {
        tcp_teardown_fin_wait_2_timeout(tcp, tcb);
        return;
    }
    if (tcb->hungry) {
        tcb->hungry = 0;
        tcp_told(tcp, tcb);
    }
    if (tcp_unsent_bytes(tcp, tcb) == 0)
        return;
    tcp_note(tcp, tcb, CIAO_TIMER_SWS_OVERRIDE, tcp_unsent_bytes(tcp, tcb), 0);
    tcb->flags |= TCB_PUSH;
    if (tcb->has_side)
        tcp_side(tcp, tcb)->burst_flags |= BURST_TAIL_PUSH;
    tcp_output_wanted(tcp, tcb);
}

/* Any of these may end the connection and free the record: its life says whether it is still the
 * same. */
static void tcb_ran_out(struct tcp *tcp, ref_t ref)
{
    struct tcb *tcb = tcp_tcb_at(tcp, ref);
    uint64_t life = tcb->head.life;
    if (is_due(tcp, tcb->ack_at))
        tcp_timeout_ack(tcp, tcb);
    if (is_due(tcp, tcb->rexmt_at))
        rexmt_ran_out(tcp, tcb);
    if (tcb->head.life == life && is_due(tcp, tcb->other_at))
        other_ran_out(tcp, tcb);
    if (tcb->head.life == life && is_due(tcp, tcb->keep_at)) {
        tcb->keep_at = 0;
        tcp_keepalive_timeout(tcp, tcb);
    }
    if (tcb->head.life != life)
        return;
    tcp_queue_settle(tcp, tcb);
    rearm(tcp, tcb);
}

void tcp_advance(struct tcp *tcp, time_us now)
{
    tcp_set_now(tcp, now);
    tcp_wait_advance(tcp);
    tcp_syn_advance(tcp);
    for (ref_t ref; (ref = wheel_expire(&tcp->wheel, now)) != REF_NONE;) {
        tcp_prefetch(tcp, wheel_coming(&tcp->wheel, 0));
        tcp_prefetch(tcp, wheel_coming(&tcp->wheel, AHEAD));
        switch (ref_kind(ref)) {
        case KIND_SYN4:
        case KIND_SYN6: tcp_listen_syn_timeout(tcp, ref); break;
        case KIND_TCB4:
        case KIND_TCB6: tcb_ran_out(tcp, ref); break;
        case KIND_TW4:
        case KIND_TW6: tcp_wait_over(tcp, ref); break;
        case KIND_NONE:
        case KIND_OTHER: ASSERT(ref == REF_NONE); /* these own no timer */
        }
    }
}

/* Of the records that stand in queues instead of the wheel. */
static __attribute__((noinline)) time_us deadline_of_queues(const struct tcp *tcp)
{
    return time_min(tcp_wait_deadline(tcp), tcp_syn_deadline(tcp));
}

time_us tcp_next_deadline(const struct tcp *tcp)
{
    const ref_t queued = tcp->waiting[0].first | tcp->waiting[1].first | tcp->half_open.first;
    time_us armed = wheel_next(&tcp->wheel);
    return queued == REF_NONE ? armed : time_min(armed, deadline_of_queues(tcp));
}
