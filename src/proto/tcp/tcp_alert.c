/*
 * What is done about losses that RACK finds: in which state the sender is, and how much it may
 * send.  AS LINUX, so that cwnd is the same number at every ACK. [RFC8985, RFC5682]
 *
 *   open       all is well               disorder  something has come out of order
 *   CWR        a probe repaired a loss   recovery  losses are repaired, cwnd comes down to ssthresh
 *   loss       the timer ran out         ... as ACKs come in: proportional rate reduction
 *
 * A reduction that proves needless is undone: every repair came twice, or what was repaired had
 * arrived before the repair left.  After a timeout new bytes are tried first, to find out whether
 * it was needless (F-RTO).
 *
 * The files of RFC 6675 (tcp_loss.c, tcp_recovery.c) do this work for connections without a struct
 * tcp_rack.  What cwnd becomes: tcp_prr.c.
 */
#include "proto/tcp/tcp_send.h"

#include "proto/tcp/tcp_cc.h"
#include "proto/tcp/tcp_prr.h"

/* ---- states ---- */

static void set_state(struct tcb *tcb, struct tcp_rack *rack, enum tcp_alert_state state)
{
    rack->alert = (uint8_t)state;
    tcb->flags &= ~(TCB_RECOVERY | TCB_RTO_RECOVERY);
    if (state == ALERT_RECOVERY)
        tcb->flags |= TCB_RECOVERY;
    if (state == ALERT_LOSS)
        tcb->flags |= TCB_RTO_RECOVERY;
}

static bool is_left_out(const struct tcp_side *side)
{
    return side->sacked_bytes != 0 || side->lost_bytes != 0;
}

static bool any_repair_out(const struct tcp *tcp, const struct tcb *tcb)
{
    for (uint32_t i = tcp_queue(tcp, tcb)->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        const uint32_t flags = RANGE_RETRANSMITTED | RANGE_SACKED | RANGE_LOST;
        if ((tcp_range_at(tcp, i)->flags & flags) == RANGE_RETRANSMITTED)
            return true;
    }
    return false;
}

static void keep_open(struct tcp *tcp, struct tcb *tcb, struct tcp_side *side)
{
    struct tcp_rack *rack = tcp_rack(tcp, side);
    bool calm = !is_left_out(side) && !any_repair_out(tcp, tcb);
    set_state(tcb, rack, calm ? ALERT_OPEN : ALERT_DISORDER);
}

/* ---- reductions, and their undoing ---- */

static void init_undo(const struct tcp *tcp, const struct tcb *tcb, struct tcp_side *side)
{
    struct tcp_rack *rack = tcp_rack(tcp, side);
    rack->undo_from = tcb->snd.una;
    rack->flags |= RACK_UNDO;
    rack->undo_left = 0;
    for (uint32_t i = tcp_queue(tcp, tcb)->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        const struct tcp_range *range = tcp_range_at(tcp, i);
        const uint32_t flags = RANGE_RETRANSMITTED | RANGE_SACKED | RANGE_LOST;
        if ((range->flags & flags) == RANGE_RETRANSMITTED)
            rack->undo_left += (int32_t)range->segments;
    }
    if (rack->undo_left == 0)
        rack->undo_left = -1;
}

/* Without SACK the duplicates of old repairs must not begin another recovery: the state is held
 * until something beyond is acknowledged. [RFC6582 4.1] */
static bool holds_state(const struct tcb *tcb, const struct tcp_side *side)
{
    return !(tcb->flags & TCB_SACK) && tcb->snd.una == side->recover;
}

/* Everything is acknowledged that was on its way when it began; true: nothing else is to be done.
 */
static bool leave_recovery(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (tcp_prr_may_undo(rack, work))
        tcp_prr_undo(tcp, tcb, false);
    else if (rack->reo_persist != 0)
        rack->reo_persist--;
    if (holds_state(tcb, side))
        return true;
    set_state(tcb, rack, ALERT_OPEN);
    tcp_note(tcp, tcb, CIAO_DID_RECOVERY_LEFT, tcp_relative(tcb, tcb->snd.una), side->cwnd);
    return false;
}

/* The peer has had every repair twice. [RFC3708 2] */
static bool undo_by_duplicates(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_rack *rack = tcp_rack(tcp, tcp_side(tcp, tcb));
    if (!(rack->flags & RACK_UNDO) || rack->undo_left != 0)
        return false;
    if (rack->reo_persist < 16)
        rack->reo_persist++;
    tcp_prr_undo(tcp, tcb, false);
    return true;
}

/* An ACK in the middle of a recovery was for something late; true: wait for more of it. */
static bool undo_partly(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (!(rack->flags & RACK_UNDO) || !tcp_prr_was_only_late(rack, work))
        return false;
    if (any_repair_out(tcp, tcb))
        return true;
    rack->again_ts = 0;
    tcp_prr_undo(tcp, tcb, true);
    keep_open(tcp, tcb, side);
    return false;
}

/* The timeout was needless: `proven`, or by what has arrived. */
static bool undo_timeout(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work,
                         bool proven)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (!proven && !tcp_prr_may_undo(rack, work))
        return false;
    tcp_prr_undo(tcp, tcb, true);
    if (holds_state(tcb, side))
        return true;
    if (proven || (tcb->flags & TCB_SACK))
        set_state(tcb, rack, ALERT_OPEN);
    return true;
}

/* ---- without SACK: duplicate ACKs stand for segments [RFC5681 3.2, RFC6582] ---- */

static void duplicate(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    if (!work->duplicate)
        return;
    if (side->sacked_bytes + side->lost_bytes + 2u * tcb->smss > tcp_flight(tcb) + tcb->smss)
        return;
    side->sacked_bytes += tcb->smss;
    tcp_rack(tcp, side)->delivered++;
    work->delivered++;
}

/* What is acknowledged now had been counted with its duplicates, but for the hole itself. */
static void reno_acked(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    uint32_t counted = tcp_segments_of(tcb, side->sacked_bytes), acked = work->delivered;
    if (work->acked == 0 || counted == 0)
        return;
    work->delivered = acked > counted + 1 ? acked - counted : 1;
    tcp_rack(tcp, side)->delivered -= acked - work->delivered;
    uint32_t taken = (acked != 0 ? acked - 1 : 0) * tcb->smss;
    side->sacked_bytes -= taken < side->sacked_bytes ? taken : side->sacked_bytes;
    uint32_t left = tcp_flight(tcb) - side->lost_bytes;
    if (side->sacked_bytes > left)
        side->sacked_bytes = left;
}

static void reno_look(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_rack *rack = tcp_rack(tcp, side);
    uint32_t counted = tcp_segments_of(tcb, side->sacked_bytes);
    bool many = rack->alert < ALERT_RECOVERY && counted >= rack->reordering;
    if (many || (rack->alert == ALERT_RECOVERY && work->acked != 0))
        tcp_loss_head(tcp, tcb, work);
}

/* ---- an ACK that is not the usual one ---- */

static void look(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    if (tcp_queue(tcp, tcb)->ranges_first == 0)
        return;
    if (tcb->flags & TCB_SACK)
        tcp_rack_look(tcp, tcb, work);
    else
        reno_look(tcp, tcb, work);
}

static void enter_recovery(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    side->prior_ssthresh = 0;
    init_undo(tcp, tcb, side);
    if (!tcp_prr_reduces(rack)) {
        side->prior_ssthresh = tcp_prr_ssthresh(side, rack);
        tcp_prr_begin(tcp, tcb, side);
    }
    set_state(tcb, rack, ALERT_RECOVERY);
    tcp_note(tcp, tcb, CIAO_DID_RECOVERY_ENTERED, tcp_relative(tcb, tcb->snd.una), side->ssthresh);
}

/* Something was marked: less is sent, and there is nothing to undo. [RFC3168 6.1.2 3168-3] */
static void enter_cwr(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    uint32_t before = side->cwnd;
    side->prior_ssthresh = 0;
    rack->flags &= (uint8_t)~RACK_UNDO;
    tcp_prr_begin(tcp, tcb, side);
    set_state(tcb, rack, ALERT_CWR);
    tcp_note(tcp, tcb, CIAO_DID_ECN_REDUCED, before, side->ssthresh);
}

static bool is_proven(const struct tcp *tcp, const struct tcp_side *side)
{
    (void)tcp;
    return side->lost_bytes != 0;
}

/* Open, disorder or CWR: is it time to repair? */
static void watch(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (!(tcb->flags & TCB_SACK)) {
        if (work->acked != 0)
            side->sacked_bytes = 0;
        duplicate(tcp, tcb, work);
    }
    if (rack->alert <= ALERT_DISORDER)
        undo_by_duplicates(tcp, tcb);
    look(tcp, tcb, work);
    if (is_proven(tcp, side))
        enter_recovery(tcp, tcb);
    else if (work->echo && rack->alert < ALERT_CWR)
        enter_cwr(tcp, tcb);
    else if (rack->alert != ALERT_CWR)
        keep_open(tcp, tcb, side);
}

static void repairing(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (work->acked == 0 && !(tcb->flags & TCB_SACK))
        duplicate(tcp, tcb, work);
    else if (work->acked != 0 && undo_partly(tcp, tcb, work))
        return;
    if (undo_by_duplicates(tcp, tcb))
        keep_open(tcp, tcb, side);
    look(tcp, tcb, work);
    if (rack->alert != ALERT_RECOVERY && is_proven(tcp, side))
        enter_recovery(tcp, tcb);
}

/* F-RTO: did the timeout lie?  True: it did, or new bytes are to find out.
 * [RFC5682 3.1 5682-1, 5682-3] */
static bool doubt_timeout(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work,
                          bool recovered)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (work->original && undo_timeout(tcp, tcb, work, true)) /* step 3.b */
        return true;
    if (seq_gt(tcb->snd.nxt, side->recover)) {
        if (work->sacked != 0 || work->duplicate)
            rack->flags &= (uint8_t)~RACK_FRTO; /* step 3.a: it was a loss */
        return false;
    }
    if (work->acked == 0 || recovered)
        return false;
    side->recover = tcb->snd.nxt;
    int32_t usable = (int32_t)(tcb->snd.una + tcb->snd.wnd - tcb->snd.nxt);
    if (tcp_unsent_bytes(tcp, tcb) != 0 && usable > 0) { /* step 2.b */
        rack->flags |= RACK_NEW_ONLY;
        return true;
    }
    rack->flags &= (uint8_t)~RACK_FRTO;
    return false;
}

static void process_loss(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    bool recovered = seq_geq(tcb->snd.una, side->recover);
    rack->flags &= (uint8_t)~RACK_NEW_ONLY;
    if (work->acked != 0 && undo_timeout(tcp, tcb, work, false))
        return;
    if ((rack->flags & RACK_FRTO) && doubt_timeout(tcp, tcb, work, recovered))
        return;
    if (recovered) {
        leave_recovery(tcp, tcb, work);
        return;
    }
    if (tcb->flags & TCB_SACK)
        return;
    if (seq_gt(tcb->snd.nxt, side->recover) && work->duplicate)
        duplicate(tcp, tcb, work);
    else if (work->acked != 0)
        side->sacked_bytes = 0;
}

static void after_timeout(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    const struct tcp_rack *rack = tcp_rack(tcp, tcp_side(tcp, tcb));
    process_loss(tcp, tcb, work);
    look(tcp, tcb, work);
    if (rack->alert == ALERT_OPEN || work->lost_again)
        watch(tcp, tcb, work);
}

/* What ends when everything is acknowledged that was on its way then; true: nothing else to do. */
static bool state_ends(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (rack->alert == ALERT_OPEN)
        rack->again_ts = 0;
    if (seq_lt(tcb->snd.una, side->recover))
        return false;
    if (rack->alert == ALERT_CWR && tcb->snd.una != side->recover) {
        tcp_prr_end(side, rack);
        set_state(tcb, rack, ALERT_OPEN);
    } else if (rack->alert == ALERT_RECOVERY) {
        if (!(tcb->flags & TCB_SACK))
            side->sacked_bytes = 0;
        if (leave_recovery(tcp, tcb, work))
            return true;
        tcp_prr_end(side, rack);
    }
    return false;
}

/* The peer asks for what it has said it holds.  It may be about to say more; but not for long.
 * AS LINUX, [RFC2018 8 2018-6] */
static bool peer_forgot(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    uint32_t first = tcp_queue(tcp, tcb)->ranges_first, wait_us = tcb->srtt_us / 2;
    if (work->acked == 0 || first == 0 || !(tcp_range_at(tcp, first)->flags & RANGE_SACKED))
        return false;
    tcp_note(tcp, tcb, CIAO_DID_SACK_RENEGED, tcp_relative(tcb, tcb->snd.una), side->sacked_bytes);
    tcb->repair &= (uint8_t)~REPAIR_TAIL_SET;
    tcp_rack(tcp, side)->flags &= (uint8_t)~RACK_REO_SET;
    tcp_timer_set(tcp, tcb, TCP_TIMER_REXMT, tcp->now + (wait_us > 10000 ? wait_us : 10000));
    work->timer_is_set = true;
    return true;
}

static void alert(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    if (peer_forgot(tcp, tcb, work) || state_ends(tcp, tcb, work))
        return;
    switch ((enum tcp_alert_state)tcp_rack(tcp, tcp_side(tcp, tcb))->alert) {
    case ALERT_OPEN:
    case ALERT_DISORDER:
    case ALERT_CWR: watch(tcp, tcb, work); break;
    case ALERT_RECOVERY: repairing(tcp, tcb, work); break;
    case ALERT_LOSS: after_timeout(tcp, tcb, work); break;
    }
}

/* Where the network reorders much, what arrives out of order is as good a sign as any. */
static bool may_grow(const struct tcp_rack *rack, const struct tcp_ack_work *work)
{
    return work->acked != 0 || (rack->reordering > TCP_DUP_THRESH && work->sacked != 0);
}

/* ---- tail probes [RFC8985 7.4] ---- */

static void tail_answered(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    const uint8_t out = REPAIR_TAIL_OUT | REPAIR_TAIL_AGAIN;
    if (!(tcb->repair & REPAIR_TAIL_OUT) || seq_lt(tcb->snd.una, tcb->tail_end))
        return;
    bool again = (tcb->repair & REPAIR_TAIL_AGAIN) != 0, past = tcb->snd.una != tcb->tail_end;
    if (!again || work->tail_twice || (!past && work->duplicate)) {
        tcb->repair &= (uint8_t)~out;
    } else if (past) {
        tcp_prr_begin(tcp, tcb, side);
        set_state(tcb, rack, ALERT_CWR);
        tcp_prr_end(side, rack);
        keep_open(tcp, tcb, side);
        side->lost++;
        side->repaired++;
    }
}

/* ---- all of it ---- */

static bool is_unusual(const struct tcp_rack *rack, const struct tcp_ack_work *work)
{
    return work->acked == 0 || work->sacked != 0 || work->twice || work->echo
           || rack->alert != ALERT_OPEN;
}

void tcp_alert_acked(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (!(tcb->flags & TCB_SACK))
        reno_acked(tcp, tcb, work);
    if (work->last_sent_us != 0 && work->last_sent_us < tcp->now)
        tcp_prr_cc(tcp, tcb)->measured(rack, side, tcb, (uint32_t)(tcp->now - work->last_sent_us),
                                       tcp->now);
    tcp_rack_adapt(tcp, side, work);
    tail_answered(tcp, tcb, work);
    if (is_unusual(rack, work) && (work->asked || work->twice))
        alert(tcp, tcb, work);
    tcp_held_acked(tcp, tcb);
    if (work->overtaken)
        return;
    if (tcp_prr_reduces(rack))
        tcp_prr_acked(tcp, tcb, work->delivered, work->acked != 0, work->lost != 0);
    else if (may_grow(rack, work))
        tcp_prr_grow(tcp, tcb, side, work->delivered);
}

/* ---- timers ---- */

/* Time enough has passed: what has not arrived by now is lost. */
void tcp_alert_look_again(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    struct tcp_arrivals arrivals = {0};
    struct tcp_ack_work work = {.arrivals = &arrivals};
    rack->flags &= (uint8_t)~RACK_REO_SET;
    tcp_rack_look_again(tcp, tcb, &work);
    if (work.lost != 0 && rack->alert != ALERT_RECOVERY) {
        enter_recovery(tcp, tcb);
        tcp_prr_acked(tcp, tcb, 1, false, true);
    }
    tcp_retransmit_timer_restart(tcp, tcb);
    tcp_output_wanted(tcp, tcb);
}

/* [RFC5681 3.1 5681-5] */
void tcp_alert_timeout(struct tcp *tcp, struct tcb *tcb, bool first)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    bool new = rack->alert < ALERT_RECOVERY;
    uint32_t sacked = tcp_segments_of(tcb, side->sacked_bytes);
    tcp_rack_timeout(tcp, tcb);
    if (rack->alert <= ALERT_DISORDER || seq_leq(side->recover, tcb->snd.una)
        || (rack->alert == ALERT_LOSS && first)) {
        side->prior_ssthresh = tcp_prr_ssthresh(side, rack);
        side->prior_cwnd = side->cwnd;
        side->ssthresh = tcp_prr_cc(tcp, tcb)->ssthresh(rack, tcp_prr_cwnd(tcb, side)) * tcb->smss;
        init_undo(tcp, tcb, side);
    }
    tcp_prr_set_cwnd(tcb, side, tcp_rack_in_flight(tcp, tcb, side) + 1);
    rack->cc_count = 0;
    if (rack->alert <= ALERT_DISORDER && sacked >= TCP_DUP_THRESH)
        rack->reordering = TCP_DUP_THRESH;
    tcp_prr_cc(tcp, tcb)->timeout(rack);
    set_state(tcb, rack, ALERT_LOSS);
    tcp_ecn_cut(tcb);
    side->recover = tcb->snd.nxt;
    tcb->repair = 0;
    tcb->dup_acks = 0;
    rack->flags &= (uint8_t) ~(RACK_FRTO | RACK_NEW_ONLY | RACK_REO_SET);
    if (new || !first)
        rack->flags |= RACK_FRTO;
}

void tcp_alert_silence(const struct tcp *tcp, const struct tcb *tcb, uint32_t silence_ms)
{
    struct tcp_rack *rack = tcp_rack(tcp, tcp_side(tcp, tcb));
    tcp_prr_cc(tcp, tcb)->silence(rack, silence_ms, tcp->now);
}

void tcp_alert_init(const struct tcp *tcp, const struct tcb *tcb)
{
    struct tcp_rack *rack = tcp_rack(tcp, tcp_side(tcp, tcb));
    memset(rack, 0, sizeof *rack);
    rack->reordering = TCP_DUP_THRESH;
    rack->reo_steps = 1;
    rack->usage_seq = tcb->snd.una;
}
