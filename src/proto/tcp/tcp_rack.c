/*
 * What is lost, by time: RACK.  [RFC8985 6]
 *
 * A segment is lost when something that was sent later has arrived, and as much time has passed
 * since it was sent as that took, and a while for reordering.  The while is a quarter of the
 * shortest round trip; none when nothing was ever seen reordered and three segments have overtaken
 * it, or a repair is going on already.  Where it has not passed yet, a timer looks again.
 *
 * Here is also what each arrival teaches: round trips, how far the network reorders, and which
 * repairs were needless.  AS LINUX: reordering is counted in segments between the highest byte that
 * was SACKed and the one that came late.  What is done about losses: tcp_alert.c.
 */
#include "proto/tcp/tcp_send.h"

#define MOST_REORDERING 300u
#define REO_ROUNDS      16u /* the window stays wide for so many recoveries [RFC8985 6.2 step 4] */
#define TIMER_US        2000u

/* ---- counted in segments ---- */

/* Where small segments are on their way bytes say too little. */
static uint32_t count_in_flight(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t segments = 0;
    for (uint32_t i = tcp_queue(tcp, tcb)->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        const struct tcp_range *range = tcp_range_at(tcp, i);
        if (!(range->flags & (RANGE_SACKED | RANGE_LOST)))
            segments += range->segments;
    }
    return segments;
}

uint32_t tcp_rack_in_flight(const struct tcp *tcp, const struct tcb *tcb,
                            const struct tcp_side *side)
{
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (seq_gt(queue->small_end, tcb->snd.una) && seq_lt(queue->small_end, tcb->snd.nxt)
        && (tcb->flags & TCB_SACK))
        return count_in_flight(tcp, tcb);
    return tcp_segments_of(tcb, tcp_pipe(tcb, side));
}

/* ---- what arrives ---- */

static bool later(time_us a_us, seq_t a_end, time_us b_us, seq_t b_end)
{
    return a_us > b_us || (a_us == b_us && seq_gt(a_end, b_end));
}

/* The time that is echoed is older than this sending: an earlier one has arrived. */
static bool is_older(const struct tcb *tcb, const struct tcp_ack_work *work, time_us sent_us)
{
    uint32_t sent_ts = (uint32_t)(sent_us / 1000) + tcb->ts_offset;
    return work->has_ts && work->ts_ecr != 0 && seq_lt(work->ts_ecr, sent_ts);
}

/* [RFC8985 6.2 step 2 8985-1] */
static void advance(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_range *range,
                    const struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    uint64_t passed_us = tcp->now > range->sent_us ? tcp->now - range->sent_us : 0;
    uint32_t rtt_us = (uint32_t)passed_us;
    if ((range->flags & RANGE_RETRANSMITTED)
        && (rtt_us < side->rtt_min_us || is_older(tcb, work, range->sent_us)))
        return;
    rack->flags |= RACK_ADVANCED;
    rack->rtt_us = rtt_us;
    if (!later(range->sent_us, range->end, rack->sent_us, rack->end))
        return;
    rack->sent_us = range->sent_us;
    rack->end = range->end;
}

void tcp_rack_arrived(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_range *range,
                      uint32_t segments, struct tcp_ack_work *work)
{
    struct tcp_rack *rack = tcp_rack(tcp, tcp_side(tcp, tcb));
    rack->delivered += segments;
    work->delivered += segments;
    advance(tcp, tcb, range, work);
    if (range->flags & RANGE_RETRANSMITTED)
        return;
    if (range->sent_us > work->last_sent_us)
        work->last_sent_us = range->sent_us;
    if (!work->has_late || seq_lt(range->start, work->late)) {
        work->has_late = true;
        work->late = range->start;
    }
    if (seq_leq(range->end, tcp_side(tcp, tcb)->recover))
        work->original = true;
}

void tcp_rack_reordered(const struct tcp *tcp, const struct tcb *tcb, seq_t late, seq_t highest)
{
    struct tcp_rack *rack = tcp_rack(tcp, tcp_side(tcp, tcb));
    if (seq_geq(late, highest))
        return;
    uint32_t segments = tcp_segments_of(tcb, highest - late);
    if (segments > rack->reordering)
        rack->reordering = segments < MOST_REORDERING ? segments : MOST_REORDERING;
    rack->reordered++;
}

/* ---- what came twice [RFC2883, RFC8985 6.2 step 4 8985-2] ---- */

void tcp_rack_duplicate(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_sack *block,
                        struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    uint32_t bytes = block->end - block->start;
    if (seq_geq(block->start, block->end) || bytes > tcb->snd.max_wnd)
        return;
    uint32_t segments = tcp_segments_of(tcb, bytes);
    bool of_tail =
        bytes <= tcb->smss && (tcb->repair & REPAIR_TAIL_OUT) && block->end == tcb->tail_end;
    work->tail_twice |= of_tail;
    rack->dsacks += segments;
    if (rack->dsacks > side->retransmitted) /* not of our making */
        return;
    if (rack->reordered != 0 && !of_tail)
        rack->flags |= RACK_DSACK;
    work->twice = true;
    if ((rack->flags & RACK_UNDO) && rack->undo_left > 0 && seq_gt(block->end, rack->undo_from))
        rack->undo_left =
            rack->undo_left > (int32_t)segments ? rack->undo_left - (int32_t)segments : 0;
}

/* Once a round trip, the peer having had bytes twice, the window is a quarter wider; it is as it
 * was after so many recoveries without. */
void tcp_rack_adapt(const struct tcp *tcp, const struct tcp_side *side,
                    const struct tcp_ack_work *work)
{
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (!(rack->flags & RACK_DSACK)) {
        if (rack->reo_persist == 0)
            rack->reo_steps = 1;
        return;
    }
    rack->flags &= (uint8_t)~RACK_DSACK;
    if (rack->delivered - work->delivered < rack->reo_delivered)
        return;
    if (rack->reo_steps < UINT8_MAX)
        rack->reo_steps++;
    rack->reo_delivered = rack->delivered;
    rack->reo_persist = REO_ROUNDS;
}

/* ---- what is lost ---- */

static uint32_t reordering_window_us(const struct tcb *tcb, const struct tcp_side *side,
                                     const struct tcp_rack *rack)
{
    uint32_t sacked = tcp_segments_of(tcb, side->sacked_bytes);
    if (rack->reordered == 0 && (rack->alert >= ALERT_RECOVERY || sacked >= rack->reordering))
        return 0;
    uint64_t window_us = (uint64_t)(side->rtt_min_us / 4) * rack->reo_steps;
    return window_us < tcb->srtt_us ? (uint32_t)window_us : tcb->srtt_us;
}

/* [RFC8985 6.2 step 5 8985-3]
 * Returns how long to wait for those that may only be late, 0: for none. */
static uint32_t detect(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_rack *rack = tcp_rack(tcp, side);
    int64_t allowed_us = (int64_t)rack->rtt_us + reordering_window_us(tcb, side, rack), wait_us = 0;
    for (uint32_t i = tcp_queue(tcp, tcb)->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        const struct tcp_range *range = tcp_range_at(tcp, i);
        if ((range->flags & (RANGE_SACKED | RANGE_LOST))
            || !later(rack->sent_us, rack->end, range->sent_us, range->end))
            continue;
        int64_t left_us = allowed_us - (int64_t)(tcp->now - range->sent_us);
        if (left_us > 0) {
            wait_us = left_us > wait_us ? left_us : wait_us;
            continue;
        }
        work->lost_again |= (range->flags & RANGE_RETRANSMITTED) != 0;
        work->lost_segments = (uint16_t)(work->lost_segments + range->segments);
        work->lost += range->end - range->start;
        tcp_range_lost(tcp, tcb, i, true);
    }
    return (uint32_t)wait_us;
}

void tcp_rack_look(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    struct tcp_rack *rack = tcp_rack(tcp, tcp_side(tcp, tcb));
    if (!(rack->flags & RACK_ADVANCED))
        return;
    rack->flags &= (uint8_t)~RACK_ADVANCED;
    uint32_t wait_us = detect(tcp, tcb, work);
    if (wait_us == 0)
        return;
    tcb->repair &= (uint8_t)~REPAIR_TAIL_SET;
    rack->flags |= RACK_REO_SET;
    tcp_timer_set(tcp, tcb, TCP_TIMER_REXMT, tcp->now + wait_us + TIMER_US);
    work->timer_is_set = true;
}

void tcp_rack_look_again(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    detect(tcp, tcb, work);
}

/* The timer's guess: all is lost but what was sent so lately that nobody can know; what the peer
 * holds it goes on holding, unless it asks for it. AS LINUX, [RFC8985 6.3] */
void tcp_rack_timeout(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_rack *rack = tcp_rack(tcp, side);
    uint32_t first = tcp_queue(tcp, tcb)->ranges_first;
    if (first != 0 && (tcp_range_at(tcp, first)->flags & RANGE_SACKED))
        tcp_range_forget_sacks(tcp, tcb);
    if (!(tcb->flags & TCB_SACK))
        side->sacked_bytes = 0;
    for (uint32_t i = first; i != 0; i = tcp_range_at(tcp, i)->next) {
        struct tcp_range *range = tcp_range_at(tcp, i);
        bool young = i != first && (tcb->flags & TCB_SACK)
                     && (int64_t)(tcp->now - range->sent_us) < (int64_t)rack->rtt_us;
        if (!young && !(range->flags & (RANGE_SACKED | RANGE_LOST)))
            tcp_range_lost(tcp, tcb, i, false);
        range->flags &= (uint16_t)~RANGE_REPAIR;
    }
}
