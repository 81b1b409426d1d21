/*
 * cwnd while losses are repaired, afterwards, and when they prove not to have been any.
 * [RFC6937 3 6937-1, 6937-2; RFC5681 3.1, RFC4015]
 *
 * During a recovery what leaves is in proportion to what arrives, so that cwnd comes down to
 * ssthresh as the recovery ends, without a silence and without a burst: proportional rate
 * reduction.  AS LINUX, in segments, and only what was in use grows: cwnd was what held us back, or
 * in slow start more than half of it was on its way.
 */
#include "proto/tcp/tcp_prr.h"

const struct tcp_cc_segments_ops *tcp_prr_cc(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_cc_segments_at(tcp_tcb_settings(tcp, tcb)->congestion);
}

uint32_t tcp_prr_cwnd(const struct tcb *tcb, const struct tcp_side *side)
{
    return side->cwnd / tcb->smss;
}

void tcp_prr_set_cwnd(const struct tcb *tcb, struct tcp_side *side, uint64_t segments)
{
    uint64_t bytes = segments * tcb->smss;
    side->cwnd = bytes < TCP_CWND_MAX ? (uint32_t)bytes : TCP_CWND_MAX / tcb->smss * tcb->smss;
}

void tcp_prr_begin(const struct tcp *tcp, struct tcb *tcb, struct tcp_side *side)
{
    struct tcp_rack *rack = tcp_rack(tcp, side);
    side->recover = tcb->snd.nxt;
    tcb->repair &= REPAIR_TAIL_SET; /* the timer stays what it is */
    rack->cc_count = 0;
    rack->prr_delivered = rack->prr_out = 0;
    tcp_ecn_cut(tcb);
    side->prior_cwnd = side->cwnd;
    uint32_t ssthresh = tcp_prr_cc(tcp, tcb)->ssthresh(rack, tcp_prr_cwnd(tcb, side));
    side->ssthresh = ssthresh * tcb->smss;
}

uint32_t tcp_prr_ssthresh(const struct tcp_side *side, const struct tcp_rack *rack)
{
    uint32_t most = side->cwnd / 2 + side->cwnd / 4;
    return tcp_prr_reduces(rack) || side->ssthresh > most ? side->ssthresh : most;
}

void tcp_prr_end(struct tcp_side *side, const struct tcp_rack *rack)
{
    bool due = rack->alert == ALERT_CWR || (rack->flags & RACK_UNDO);
    if (side->ssthresh < TCP_SSTHRESH_ALL && due)
        side->cwnd = side->ssthresh;
}

/* Everything comes as fast as cwnd comes down. [RFC6937 3] */
void tcp_prr_acked(const struct tcp *tcp, struct tcb *tcb, uint32_t delivered, bool advanced,
                   bool lost)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    int64_t in_flight = tcp_rack_in_flight(tcp, tcb, side), send;
    int64_t ssthresh = side->ssthresh / tcb->smss, prior = side->prior_cwnd / tcb->smss;
    if (delivered == 0 || prior == 0)
        return;
    rack->prr_delivered += delivered;
    if (in_flight > ssthresh) {
        send = (ssthresh * rack->prr_delivered + prior - 1) / prior - rack->prr_out;
    } else {
        send = (int64_t)rack->prr_delivered - rack->prr_out;
        send = send > (int64_t)delivered ? send : (int64_t)delivered;
        send += advanced && !lost ? 1 : 0;
        send = send < ssthresh - in_flight ? send : ssthresh - in_flight;
    }
    int64_t least = rack->prr_out == 0 ? 1 : 0; /* the first repair leaves in any case */
    tcp_prr_set_cwnd(tcb, side, (uint64_t)(in_flight + (send > least ? send : least)));
}

static void forget_losses(struct tcp *tcp, struct tcb *tcb)
{
    for (uint32_t i = tcp_queue(tcp, tcb)->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next)
        tcp_range_at(tcp, i)->flags &= (uint16_t) ~(RANGE_LOST | RANGE_MARKED);
    tcp_side(tcp, tcb)->lost_bytes = 0;
}

void tcp_prr_undo(struct tcp *tcp, struct tcb *tcb, bool unmark)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (unmark)
        forget_losses(tcp, tcb);
    if (side->prior_ssthresh != 0) {
        if (side->cwnd < side->prior_cwnd)
            side->cwnd = side->prior_cwnd;
        if (side->ssthresh < side->prior_ssthresh)
            side->ssthresh = side->prior_ssthresh;
    }
    rack->flags = (uint8_t)((rack->flags & ~RACK_UNDO) | RACK_ADVANCED);
}

bool tcp_prr_was_only_late(const struct tcp_rack *rack, const struct tcp_ack_work *work)
{
    return rack->again_ts != 0 && work->has_ts && work->ts_ecr != 0
           && seq_lt(work->ts_ecr, rack->again_ts);
}

bool tcp_prr_may_undo(const struct tcp_rack *rack, const struct tcp_ack_work *work)
{
    return (rack->flags & RACK_UNDO) && (rack->undo_left == 0 || tcp_prr_was_only_late(rack, work));
}

/* ---- cwnd ---- */

/* [RFC5681 3.1]  In slow start cwnd is in use when more than half of it is. */
static bool is_in_use(const struct tcb *tcb, const struct tcp_side *side,
                      const struct tcp_rack *rack)
{
    if (rack->flags & RACK_CWND_LIMITED)
        return true;
    return side->cwnd < side->ssthresh && tcp_prr_cwnd(tcb, side) < 2 * rack->most_out;
}

void tcp_prr_grow(const struct tcp *tcp, const struct tcb *tcb, struct tcp_side *side,
                  uint32_t segments)
{
    struct tcp_rack *rack = tcp_rack(tcp, side);
    uint32_t cwnd = tcp_prr_cwnd(tcb, side), ssthresh = side->ssthresh / tcb->smss;
    if (!is_in_use(tcb, side, rack))
        return;
    if (cwnd < ssthresh) {
        uint32_t more = segments < ssthresh - cwnd ? segments : ssthresh - cwnd;
        cwnd += more;
        segments -= more;
    }
    if (segments != 0)
        cwnd = tcp_prr_cc(tcp, tcb)->acked(rack, side, cwnd, segments, tcp->now);
    tcp_prr_set_cwnd(tcb, side, cwnd);
}

/* ---- sent ---- */

void tcp_alert_sent(const struct tcp *tcp, const struct tcb *tcb, uint32_t segments)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    uint32_t out = tcp_segments_of(tcb, tcp_flight(tcb));
    bool limited = tcp_rack_in_flight(tcp, tcb, side) >= tcp_prr_cwnd(tcb, side);
    tcp_held_sent(tcp, tcb, limited);
    if (tcp_prr_reduces(rack))
        rack->prr_out += segments;
    bool was_limited = (rack->flags & RACK_CWND_LIMITED) != 0;
    if (seq_lt(tcb->snd.una, rack->usage_seq) && !limited && (was_limited || out <= rack->most_out))
        return;
    rack->flags &= (uint8_t)~RACK_CWND_LIMITED;
    if (limited)
        rack->flags |= RACK_CWND_LIMITED;
    rack->most_out = out;
    rack->usage_seq = tcb->snd.nxt;
}

void tcp_alert_repaired(const struct tcp *tcp, const struct tcb *tcb, uint32_t segments)
{
    struct tcp_rack *rack = tcp_rack(tcp, tcp_side(tcp, tcb));
    if (tcp_prr_reduces(rack))
        rack->prr_out += segments;
    if (rack->again_ts == 0)
        rack->again_ts = tcp_ts_now(tcp, tcb->ts_offset) | 1u;
    rack->undo_left = (rack->undo_left > 0 ? rack->undo_left : 0) + (int32_t)segments;
}
