/*
 * How much may be sent while losses are being repaired, and what first.  [RFC6675 5, RFC6582 3.2]
 *
 *   recovery       something was declared lost: cwnd is reduced once for all that was on its way
 *                  then, and repairs go out as what is on its way (the pipe) falls below cwnd
 *   RTO recovery   the timer ran out: slow start from one segment through all that was on its way
 *
 * Both end when everything is acknowledged that had been sent when they began.  Without SACK each
 * duplicate ACK stands for a segment that has left the pipe, which comes to the same as inflating
 * cwnd does in RFC 6582.  What is lost is decided in tcp_loss.c, the size of cwnd in tcp_cc.h.
 */
#include "proto/tcp/tcp_send.h"

#include "proto/tcp/tcp_cc.h"

static const struct tcp_cc_ops *cc_of(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_cc_at(tcp_tcb_settings(tcp, tcb)->congestion);
}

/* ---- what to send again ---- */

/* Old data goes beyond the right edge only where the window was shrunk, and then only the oldest.
 * [RFC9293 3.8.6 SHLD-16, MAY-7] */
static bool window_takes(const struct tcb *tcb, const struct tcp_range *range)
{
    return range->start == tcb->snd.una || seq_leq(range->end, tcb->snd.una + tcb->snd.wnd);
}

static enum ciao_reason reason_of(const struct tcb *tcb, const struct tcp_side *side)
{
    if (tcb->flags & TCB_RTO_RECOVERY)
        return CIAO_AGAIN_TIMEOUT;
    if (tcb->flags & TCB_PERSIST)
        return CIAO_AGAIN_PROBE;
    if (tcb->flags & TCB_SACK)
        return CIAO_AGAIN_SACK_HOLE;
    return !(tcb->repair & REPAIR_BEGUN) && side->prior_cwnd != 0 ? CIAO_AGAIN_DUP_ACKS
                                                                  : CIAO_AGAIN_PARTIAL_ACK;
}

/* The first repair of a recovery, and without SACK the one that a partial ACK asks for, leave
 * whatever the pipe holds. [RFC5681 3.2, RFC6675 5 (4.3), RFC6582 3.2] */
static bool leaves_at_once(struct tcb *tcb)
{
    bool asked = (tcb->repair & REPAIR_HEAD) != 0;
    tcb->repair &= (uint8_t)~REPAIR_HEAD;
    return (tcb->flags & TCB_RECOVERY) && (asked || !(tcb->repair & REPAIR_BEGUN));
}

struct tcp_repair tcp_recovery_lost(const struct tcp *tcp, struct tcb *tcb)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_repair repair = {0, tcp_recovery_space(tcb, side), reason_of(tcb, side)};
    if (side->rack != 0 && side->cwnd / tcb->smss <= tcp_rack_in_flight(tcp, tcb, side))
        repair.bytes = 0;
    else if (side->rack != 0 && repair.bytes < tcb->smss)
        repair.bytes = tcb->smss;
    if (repair.bytes < tcb->smss) {
        tcb->flags |= TCB_CWND_LIMITED;
        if (side->rack != 0 || !leaves_at_once(tcb))
            return repair;
        repair.bytes = tcb->smss;
    }
    uint32_t i = tcp_queue(tcp, tcb)->ranges_first;
    while (i != 0 && !(tcp_range_at(tcp, i)->flags & RANGE_LOST))
        i = tcp_range_at(tcp, i)->next;
    if (i != 0 && window_takes(tcb, tcp_range_at(tcp, i)))
        repair.range = i;
    return repair;
}

/* Rule 3: a hole that is not lost yet, once. */
static uint32_t hole(const struct tcp *tcp, const struct tcb *tcb)
{
    for (uint32_t i = tcp_queue(tcp, tcb)->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        const struct tcp_range *range = tcp_range_at(tcp, i);
        if (seq_geq(range->start, tcb->sacked_to))
            return 0;
        if (!(range->flags & (RANGE_SACKED | RANGE_LOST | RANGE_RETRANSMITTED)))
            return window_takes(tcb, range) ? i : 0;
    }
    return 0;
}

/* Rule 4: the last bytes on their way, once a recovery: were they lost, nothing would ever tell. */
static uint32_t rescue(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t last = tcp_range_last(tcp_queue(tcp, tcb));
    if ((tcb->repair & REPAIR_RESCUED) || last == 0)
        return 0;
    const struct tcp_range *range = tcp_range_at(tcp, last);
    bool free = !(range->flags & (RANGE_SACKED | RANGE_LOST)) && range->sent_us != tcp->now;
    return free && window_takes(tcb, range) ? last : 0;
}

/* Called when there is nothing lost left to send, and nothing new. [RFC6675 4 NextSeg 6675-3] */
struct tcp_repair tcp_recovery_suspect(const struct tcp *tcp, struct tcb *tcb)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_repair repair = {0, tcb->smss, CIAO_AGAIN_SACK_HOLE};
    const uint32_t both = TCB_RECOVERY | TCB_SACK;
    if (side->rack != 0 || (tcb->flags & both) != both || tcp_recovery_space(tcb, side) < tcb->smss)
        return repair;
    repair.range = hole(tcp, tcb);
    if (repair.range != 0)
        return repair;
    repair.range = rescue(tcp, tcb);
    repair.reason = CIAO_AGAIN_RESCUE;
    if (repair.range != 0)
        tcb->repair |= REPAIR_RESCUED;
    return repair;
}

/* ---- in and out ---- */

void tcp_recovery_reduce(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    side->prior_cwnd = side->cwnd;
    side->prior_ssthresh = side->ssthresh;
    side->cut_us = (uint32_t)tcp->now;
    tcp_ecn_cut(tcb);
    cc_of(tcp, tcb)->loss(tcb, side, tcp_flight(tcb));
}

/* A mark is a sign of congestion like a loss, once a window; nothing needs repair, and there is
 * nothing to undo. [RFC3168 6.1.2 3168-3]  True: cwnd was reduced. */
static bool echo_reduces(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    if (!work->echo || (tcb->flags & (TCB_RECOVERY | TCB_RTO_RECOVERY))
        || ((tcb->ecn & ECN_CWR) && seq_leq(tcb->snd.una, side->recover)))
        return false;
    uint32_t before = side->cwnd;
    cc_of(tcp, tcb)->loss(tcb, side, tcp_flight(tcb) + work->acked);
    side->cut_us = (uint32_t)tcp->now;
    side->prior_cwnd = 0;
    side->recover = tcb->snd.nxt;
    tcb->ecn |= ECN_CWR | ECN_CUT;
    tcp_note(tcp, tcb, CIAO_DID_ECN_REDUCED, before, side->cwnd);
    return true;
}

static void enter(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    tcp_recovery_reduce(tcp, tcb);
    side->recover = tcb->snd.nxt;
    tcb->undo_segments = 0;
    if (tcb->repair & REPAIR_TAIL_SET) /* the timer is the retransmission's again */
        tcp_retransmit_timer_restart(tcp, tcb);
    tcb->repair = 0;
    tcb->flags |= TCB_RECOVERY;
    tcp_note(tcp, tcb, CIAO_DID_RECOVERY_ENTERED, tcp_relative(tcb, tcb->snd.una), side->cwnd);
}

/* Without SACK much may leave the pipe at once now: no burst. [RFC6582 3.2 step 3] */
static void deflate(struct tcb *tcb, struct tcp_side *side)
{
    uint32_t flight = tcp_flight(tcb);
    uint32_t most = (flight > tcb->smss ? flight : tcb->smss) + tcb->smss;
    side->sacked_bytes = 0;
    side->cwnd = side->ssthresh < most ? side->ssthresh : most;
}

static void leave(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    if ((tcb->flags & TCB_RECOVERY) && !(tcb->flags & TCB_SACK))
        deflate(tcb, side);
    tcb->flags &= ~(TCB_RECOVERY | TCB_RTO_RECOVERY);
    tcb->dup_acks = 0;
    tcp_note(tcp, tcb, CIAO_DID_RECOVERY_LEFT, tcp_relative(tcb, tcb->snd.una), side->cwnd);
}

/* Everything that was taken for lost has arrived after all: the network reorders, it does not lose.
 * cwnd is what it was, and next time we wait for more before we call it a loss.
 * [RFC4015 3.2, RFC3708 3] */
static void undo(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    if (side->cwnd < side->prior_cwnd)
        side->cwnd = side->prior_cwnd;
    if (side->ssthresh < side->prior_ssthresh)
        side->ssthresh = side->prior_ssthresh;
    side->prior_cwnd = 0;
    if (tcb->dup_thresh < TCP_DUP_THRESH_MAX)
        tcb->dup_thresh++;
    if (tcb->flags & TCB_RECOVERY)
        leave(tcp, tcb);
}

static void consider_undo(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    if (side->prior_cwnd == 0 || tcb->undo_segments == 0 || (tcb->flags & TCB_RTO_RECOVERY))
        return;
    bool all = work->needless >= tcb->undo_segments;
    tcb->undo_segments = (uint16_t)(all ? 0 : tcb->undo_segments - work->needless);
    if (all && side->lost_bytes == 0)
        undo(tcp, tcb);
    else if (all)
        tcb->undo_segments = 1; /* something else is lost indeed */
}

void tcp_recovery_to_undo(struct tcb *tcb, uint32_t segments)
{
    uint32_t all = tcb->undo_segments + segments;
    tcb->undo_segments = (uint16_t)(all < UINT16_MAX ? all : UINT16_MAX);
}

/* ---- without SACK: duplicate ACKs stand for segments ---- */

static void duplicate(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    uint32_t flight = tcp_flight(tcb);
    if (tcb->flags & TCB_RTO_RECOVERY)
        return;
    if (side->sacked_bytes + side->lost_bytes + 2u * tcb->smss <= flight)
        side->sacked_bytes += tcb->smss; /* limited transmit, too [RFC3042 2 3042-1] */
    if (!(tcb->flags & TCB_RECOVERY) && tcb->dup_acks >= tcp_loss_threshold(tcp, tcb))
        tcp_loss_head(tcp, tcb, work);
}

/* What a partial ACK covers was told of by duplicate ACKs before, but for the repair itself. */
static void partial(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    uint32_t told = work->acked > tcb->smss ? work->acked - tcb->smss : 0;
    side->sacked_bytes -= told < side->sacked_bytes ? told : side->sacked_bytes;
    tcb->repair |= REPAIR_HEAD;
    tcp_loss_head(tcp, tcb, work);
    uint32_t left = tcp_flight(tcb) - side->lost_bytes;
    if (side->sacked_bytes > left)
        side->sacked_bytes = left;
}

static void without_sack(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    if (work->duplicate)
        duplicate(tcp, tcb, work);
    else if (work->acked != 0 && (tcb->flags & TCB_RECOVERY))
        partial(tcp, tcb, work);
    else if (work->acked != 0)
        tcp_side(tcp, tcb)->sacked_bytes = 0;
}

/* ---- an ACK ---- */

/* A window that was not used has proved nothing [RFC7661 4.1].  The ACK that ends a recovery covers
 * what had arrived long before, too: it counts for the one window that a round trip carries. */
static void grow(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work, bool repairing)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    bool ended = repairing && !(tcb->flags & TCB_RTO_RECOVERY);
    uint32_t bytes = work->acked;
    if (bytes == 0 || !(tcb->flags & TCB_CWND_LIMITED) || (ended && side->cwnd < side->ssthresh))
        return;
    if (ended && bytes > side->cwnd)
        bytes = side->cwnd;
    cc_of(tcp, tcb)->acked(tcb, side, bytes, tcp->now);
}

/* [RFC5681 4.3 5681-11] the loss of a repair is another sign of congestion */
static void losses_found(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work)
{
    bool new = !(tcb->flags & (TCB_RECOVERY | TCB_RTO_RECOVERY));
    if (new)
        enter(tcp, tcb);
    tcp_recovery_to_undo(tcb, work->lost_segments);
    if (new)
        return;
    if (!work->lost_again)
        return;
    tcp_recovery_reduce(tcp, tcb);
    tcp_side(tcp, tcb)->prior_cwnd = 0;
}

void tcp_recovery_acked(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    tcp_tail_acked(tcp, tcb, work);
    if (work->needless != 0)
        consider_undo(tcp, tcb, work);
    bool repairing = (tcb->flags & (TCB_RECOVERY | TCB_RTO_RECOVERY)) != 0;
    if (repairing && seq_geq(tcb->snd.una, side->recover)) /* [RFC6675 5 6675-4] */
        leave(tcp, tcb);
    if (!(tcb->flags & TCB_SACK))
        without_sack(tcp, tcb, work);
    if (work->lost != 0 || (repairing && side->lost_bytes != 0))
        losses_found(tcp, tcb, work);
    if (!echo_reduces(tcp, tcb, work) && !(tcb->flags & TCB_RECOVERY))
        grow(tcp, tcb, work, repairing);
}

/* [RFC5681 3.1 5681-5, RFC6675 5.1 6675-5]  ssthresh is kept when the same bytes time out again. */
void tcp_recovery_timeout(struct tcp *tcp, struct tcb *tcb, bool first)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    if (side->rack != 0) {
        tcp_alert_timeout(tcp, tcb, first);
        return;
    }
    if (first)
        cc_of(tcp, tcb)->timeout(tcb, side, tcp_flight(tcb));
    tcp_range_all_lost(tcp, tcb);
    side->cwnd = tcb->smss;
    tcp_ecn_cut(tcb);
    side->cut_us = (uint32_t)tcp->now;
    side->prior_cwnd = 0;
    side->recover = tcb->snd.nxt;
    tcb->undo_segments = 0;
    tcb->dup_acks = 0;
    tcb->repair = 0;
    tcb->flags = (tcb->flags & ~TCB_RECOVERY) | TCB_RTO_RECOVERY;
}
