/*
 * Tail loss probes: when nothing has come back for two round trips, one segment is sent to make the
 * peer say what it has.  [RFC8985 7 8985-4, 8985-5]
 *
 * Losses in the middle of what is on its way show by what arrives behind them.  The last ones, and
 * ACKs that are lost, show by nothing: without a probe the retransmission timer would have to run
 * out, which costs many round trips and takes everything for lost.  The probe brings an ACK, and
 * with it either the news that all is well or the SACK that recovery works with.
 *
 * One probe without an answer is enough: then the retransmission timer has its turn.
 */
#include "proto/tcp/tcp_send.h"

/* ---- when ---- */

static bool may_probe(const struct tcp *tcp, const struct tcb *tcb)
{
    const uint32_t busy = TCB_RECOVERY | TCB_RTO_RECOVERY | TCB_PERSIST;
    if (!tcb->has_side || !(tcb->flags & TCB_SACK)
        || !(tcp_tcb_settings(tcp, tcb)->more & CIAO_TAIL_PROBES))
        return false;
    if ((tcb->flags & busy) || tcb->backoff != 0 || !(tcb->flags & TCB_RTT_MEASURED))
        return false;
    return !(tcb->repair & REPAIR_TAIL_OUT) && tcp_flight(tcb) != 0 && tcb->snd.una != tcb->snd_end;
}

/* AS LINUX: not once something is out of order; our FIN alone is probed for, too. */
static bool may_probe_by_time(const struct tcp *tcp, const struct tcb *tcb)
{
    const uint32_t busy = TCB_RECOVERY | TCB_RTO_RECOVERY | TCB_PERSIST;
    const uint32_t more = tcp_tcb_settings(tcp, tcb)->more;
    const uint32_t both = CIAO_TAIL_PROBES | CIAO_RACK;
    if ((more & both) != both || !(tcb->flags & TCB_SACK) || (tcb->flags & busy)
        || (tcb->repair & (REPAIR_TAIL_OUT | REPAIR_TAIL_DUE)) || tcb->backoff != 0)
        return false;
    if (tcb->has_side && tcp_rack(tcp, tcp_side(tcp, tcb))->alert == ALERT_DISORDER)
        return false;
    return tcb->snd.una != tcb->snd.nxt && (tcb->flags & TCB_RTT_MEASURED);
}

static uint32_t wait_by_time_us(const struct tcp *tcp, const struct tcb *tcb)
{
    uint64_t wait_us = 2 * (uint64_t)tcb->srtt_us;
    wait_us += tcp_flight(tcb) <= tcb->smss ? tcp_tcb_settings(tcp, tcb)->rto_min_us : 2000;
    return wait_us < tcb->rto_us ? (uint32_t)wait_us : tcb->rto_us;
}

void tcp_tail_again(struct tcp *tcp, struct tcb *tcb)
{
    if (!may_probe_by_time(tcp, tcb))
        return;
    uint32_t wait_us = wait_by_time_us(tcp, tcb), first = tcp_queue(tcp, tcb)->ranges_first;
    int64_t left_us = wait_us;
    if (first != 0)
        left_us = (int64_t)(tcp_range_at(tcp, first)->sent_us + tcb->rto_us - tcp->now);
    left_us = left_us < 1 ? 1 : left_us;
    tcb->repair |= REPAIR_TAIL_SET;
    tcp_timer_set(tcp, tcb, TCP_TIMER_REXMT,
                  tcp->now + (left_us < wait_us ? (uint64_t)left_us : wait_us));
}

static bool is_by_time(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->has_side ? tcp_side(tcp, tcb)->rack != 0
                         : (tcp_tcb_settings(tcp, tcb)->more & CIAO_RACK) != 0;
}

/* The wait until a probe; 0 when the retransmission timer is the one to run. */
uint32_t tcp_tail_wait_us(const struct tcp *tcp, const struct tcb *tcb)
{
    if (is_by_time(tcp, tcb))
        return may_probe_by_time(tcp, tcb) ? wait_by_time_us(tcp, tcb) : 0;
    if (!may_probe(tcp, tcb))
        return 0;
    uint64_t wait_us = tcp_tail_due_us(tcb, tcp_flight(tcb));
    return wait_us < tcb->rto_us ? (uint32_t)wait_us : 0;
}

void tcp_tail_timeout(struct tcp *tcp, struct tcb *tcb)
{
    tcp_note(tcp, tcb, CIAO_TIMER_TAIL_PROBE, tcp_relative(tcb, tcb->snd.una), tcb->srtt_us);
    tcb->repair = (uint8_t)((tcb->repair & ~REPAIR_TAIL_SET) | REPAIR_TAIL_DUE);
    if (tcb->snd.una == tcb->snd_end) { /* our FIN alone */
        tcb->flags |= TCB_PROBE;
        tcp_tail_sent(tcp, tcb, true);
    }
    tcp_output_wanted(tcp, tcb);
}

/* ---- what ---- */

/* The last segment that the peer is not known to hold. */
struct tcp_repair tcp_tail_segment(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t i = tcp_range_last(tcp_queue(tcp, tcb));
    while (i != 0 && (tcp_range_at(tcp, i)->flags & RANGE_SACKED))
        i = tcp_range_at(tcp, i)->prev;
    if (i != 0 && tcp_range_at(tcp, i)->end - tcp_range_at(tcp, i)->start > tcb->smss) {
        uint32_t last = tcp_range_split(tcp, tcb, i, tcp_range_at(tcp, i)->end - tcb->smss);
        i = last != 0 ? last : i;
    }
    return (struct tcp_repair){i, tcb->smss, CIAO_AGAIN_TAIL_PROBE};
}

/* The probe has left; `again`: it was the last segment once more. */
void tcp_tail_sent(struct tcp *tcp, struct tcb *tcb, bool again)
{
    uint8_t kind = again ? REPAIR_TAIL_OUT | REPAIR_TAIL_AGAIN : REPAIR_TAIL_OUT;
    tcb->repair = (uint8_t)((tcb->repair & ~(REPAIR_TAIL_DUE | REPAIR_TAIL_AGAIN)) | kind);
    tcb->tail_end = tcb->snd.nxt;
    tcp_retransmit_timer_restart(tcp, tcb);
}

/* ---- the answer ---- */

/* When the segment that was sent again is acknowledged, and the peer does not say that it came
 * twice, the probe has repaired a loss that nobody saw: a sign of congestion like any other.
 * [RFC8985 7.4.2 8985-6] */
void tcp_tail_acked(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work)
{
    if (!(tcb->repair & REPAIR_TAIL_OUT) || seq_lt(tcb->snd.una, tcb->tail_end))
        return;
    const uint32_t repairing = TCB_RECOVERY | TCB_RTO_RECOVERY;
    bool repaired = (tcb->repair & REPAIR_TAIL_AGAIN) && !work->reported;
    tcb->repair &= (uint8_t) ~(REPAIR_TAIL_OUT | REPAIR_TAIL_AGAIN);
    if (!repaired || (tcb->flags & repairing))
        return;
    struct tcp_side *side = tcp_side(tcp, tcb);
    side->lost++;
    side->repaired++;
    tcp_recovery_reduce(tcp, tcb);
}
