/*
 * Ranges: what was sent at one time in one piece, from snd.una to snd.nxt, in order, without gaps.
 *
 * Every byte of data on its way lies in exactly one range, which knows when it was last sent, how
 * often, and what has become of it.  Neighbours that are alike in all of that are one range, so
 * that a burst costs one record; acknowledgements and repairs cut them.  FIN has none: it never
 * needs an allocation.
 *
 * At the table's budget sending waits; a sixteenth of the table is kept for cutting, and where
 * even that is used up a range stays whole, at the cost of repeating more than was needed.
 */
#include "proto/tcp/tcp_send.h"

#define RESERVE_SHARE 16u

/* ---- the list ---- */

static void unlink_range(struct tcp *tcp, struct tcp_queue *queue, uint32_t index)
{
    const struct tcp_range *range = tcp_range_at(tcp, index);
    if (range->prev != 0)
        tcp_range_at(tcp, range->prev)->next = range->next;
    else
        queue->ranges_first = range->next;
    if (range->next != 0)
        tcp_range_at(tcp, range->next)->prev = range->prev;
    else
        queue->ranges_last = range->prev;
    pool_give(&tcp->ranges, index);
}

static void link_after(struct tcp *tcp, struct tcp_queue *queue, uint32_t before, uint32_t index)
{
    struct tcp_range *range = tcp_range_at(tcp, index);
    range->prev = before;
    range->next = before != 0 ? tcp_range_at(tcp, before)->next : 0;
    if (before != 0)
        tcp_range_at(tcp, before)->next = index;
    else
        queue->ranges_first = index;
    if (range->next != 0)
        tcp_range_at(tcp, range->next)->prev = index;
    else
        queue->ranges_last = index;
}

/* What was SACKed needs no times any more; everything else must agree in all that is remembered. */
static bool alike(const struct tcp_range *a, const struct tcp_range *b)
{
    if ((uint32_t)a->segments + b->segments > TCP_SEGMENTS_MAX)
        return false;
    if (a->flags & b->flags & RANGE_SACKED)
        return true;
    if (a->flags & (RANGE_PUSH | RANGE_BURST))
        return false;
    const unsigned loose = RANGE_APP_LIMITED | RANGE_PUSH | RANGE_BURST;
    return a->sent_us == b->sent_us && a->times == b->times && a->later == b->later
           && a->delivered == b->delivered && ((a->flags ^ b->flags) & ~loose) == 0;
}

/* Join a range with the one behind it, if they are alike. */
static void join_next(struct tcp *tcp, struct tcp_queue *queue, uint32_t index)
{
    struct tcp_range *range = tcp_range_at(tcp, index);
    if (index == 0 || range->next == 0)
        return;
    const struct tcp_range *next = tcp_range_at(tcp, range->next);
    if (!alike(range, next))
        return;
    range->end = next->end;
    range->segments = (uint16_t)(range->segments + next->segments);
    range->flags |= next->flags;
    unlink_range(tcp, queue, range->next);
}

static void join_around(struct tcp *tcp, struct tcp_queue *queue, uint32_t index)
{
    uint32_t prev = tcp_range_at(tcp, index)->prev;
    join_next(tcp, queue, index);
    if (prev != 0)
        join_next(tcp, queue, prev);
}

/* ---- sent ---- */

bool tcp_range_room(const struct tcp *tcp)
{
    return tcp->ranges.used + tcp->ranges.capacity / RESERVE_SHARE < tcp->ranges.capacity;
}

/* By time, what leaves later has a later time, though the clock may stand still: but not the
 * segments of one burst. */
static time_us stamp(const struct tcp *tcp, const struct tcb *tcb, bool again)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (side->rack == 0)
        return tcp->now;
    struct tcp_rack *rack = tcp_rack(tcp, side);
    bool same = !again && queue->ranges_first != 0 && rack->stamp_us >= tcp->now;
    const unsigned ends = RANGE_PUSH | RANGE_BURST;
    if (same && !(tcp_range_at(tcp, queue->ranges_last)->flags & ends))
        return rack->stamp_us;
    rack->stamp_us = rack->stamp_us < tcp->now ? tcp->now : rack->stamp_us + 1;
    return rack->stamp_us;
}

/* Can the last range go on with what is as `new` says? */
static bool goes_on(const struct tcp_range *last, const struct tcp_range *new)
{
    const unsigned other = ~(unsigned)RANGE_APP_LIMITED;
    return last->sent_us == new->sent_us && last->delivered == new->delivered && last->times == 1
           && last->later == 0 && (last->flags & other) == 0
           && (uint32_t)last->segments + new->segments <= TCP_SEGMENTS_MAX;
}

void tcp_range_sent(struct tcp *tcp, struct tcb *tcb, seq_t start, seq_t end)
{
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    const struct tcp_range new = {
        .prev = tcp_range_last(queue),
        .start = start,
        .end = end,
        .sent_us = stamp(tcp, tcb, false),
        .delivered = tcp_side(tcp, tcb)->delivered,
        .times = 1,
        .flags = end == tcb->snd_end ? RANGE_APP_LIMITED : 0,
        .segments = (uint16_t)tcp_segments_of(tcb, end - start),
    };
    struct tcp_range *last = tcp_range_at(tcp, new.prev);
    if (new.prev != 0 && goes_on(last, &new)) {
        last->end = end;
        last->segments = (uint16_t)(last->segments + new.segments);
        last->flags |= new.flags;
        return;
    }
    uint32_t index = new.prev != 0 ? 0 : queue->ranges_last; /* one may have been kept */
    if (index == 0)
        index = pool_take(&tcp->ranges);
    ASSERT(index != 0); /* tcp_range_room() was asked */
    *tcp_range_at(tcp, index) = new;
    queue->ranges_last = index;
    if (new.prev != 0)
        last->next = index;
    else
        queue->ranges_first = index;
}

uint32_t tcp_range_split(struct tcp *tcp, struct tcb *tcb, uint32_t index, seq_t at)
{
    struct tcp_range *range = tcp_range_at(tcp, index);
    ASSERT(seq_lt(range->start, at) && seq_lt(at, range->end));
    uint32_t second = pool_take(&tcp->ranges);
    if (second == 0)
        return 0;
    struct tcp_range *rest = tcp_range_at(tcp, second);
    *rest = *range;
    rest->start = at;
    range->end = at;
    range->flags &= (uint16_t) ~(RANGE_PUSH | RANGE_BURST);
    uint32_t behind = tcp_segments_of(tcb, rest->end - at);
    rest->segments = (uint16_t)(behind < range->segments ? behind : range->segments);
    range->segments =
        (uint16_t)(range->segments > rest->segments ? range->segments - rest->segments : 1);
    link_after(tcp, tcp_queue(tcp, tcb), index, second);
    return second;
}

void tcp_range_again(struct tcp *tcp, struct tcb *tcb, uint32_t index)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_range *range = tcp_range_at(tcp, index);
    if (range->flags & RANGE_LOST)
        side->lost_bytes -= range->end - range->start;
    range->flags = (uint16_t)((range->flags & ~RANGE_LOST) | RANGE_RETRANSMITTED);
    range->segments = (uint16_t)tcp_segments_of(tcb, range->end - range->start);
    range->sent_us = stamp(tcp, tcb, true);
    range->delivered = side->delivered;
    range->later = 0;
    if (range->times < UINT16_MAX)
        range->times++;
    if (range->prev != 0)
        join_next(tcp, tcp_queue(tcp, tcb), range->prev);
}

/* ---- arrived ---- */

/* The first news that a range, or its first bytes, have arrived. */
static void arrived(struct tcp *tcp, struct tcb *tcb, const struct tcp_range *range,
                    uint32_t segments, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    bool again = (range->flags & RANGE_RETRANSMITTED) != 0;
    if (side->rack != 0)
        tcp_rack_arrived(tcp, tcb, range, segments, work);
    if (again) {
        work->repeated = true;
        if (range->sent_us > work->again_us)
            work->again_us = range->sent_us;
    } else if (!work->has_rtt || range->sent_us < work->rtt_sent_us) {
        work->has_rtt = true;
        work->rtt_sent_us = range->sent_us;
    }
    if (!again && (range->flags & RANGE_COUNTED)) { /* it was late, not lost */
        side->lost -= segments < side->lost ? segments : side->lost;
        work->needless = (uint16_t)(work->needless + segments);
    }
    if (again && (range->flags & RANGE_REPAIR))
        side->repaired += segments;
}

/* What was sent again has arrived as it was sent before: the time that is echoed is older.  That
 * time belongs to the first bytes that a cumulative ACK acknowledges, and to no others.
 * [RFC3522 3.2] */
static void look_for_needless(const struct tcp *tcp, const struct tcb *tcb,
                              struct tcp_ack_work *work)
{
    const struct tcp_range *first = tcp_range_at(tcp, tcp_queue(tcp, tcb)->ranges_first);
    uint32_t sent_ms = (uint32_t)(first->sent_us / 1000) + tcb->ts_offset;
    if ((first->flags & RANGE_RETRANSMITTED) && work->has_ts && seq_lt(work->ts_ecr, sent_ms))
        work->needless = (uint16_t)(work->needless + first->segments);
}

/* Of what was sent again so soon before, the first sending has arrived: that proves nothing about
 * what was sent since. */
static bool is_evidence(const struct tcp *tcp, const struct tcp_side *side,
                        const struct tcp_range *range)
{
    return !(range->flags & RANGE_RETRANSMITTED) || tcp->now - range->sent_us >= side->rtt_min_us;
}

static void note_arrival(const struct tcp *tcp, const struct tcp_side *side,
                         const struct tcp_range *range, uint32_t segments,
                         struct tcp_ack_work *work)
{
    struct tcp_arrivals *arrivals = work->arrivals;
    if (arrivals->n == TCP_ARRIVALS || !is_evidence(tcp, side, range))
        return;
    arrivals->at[arrivals->n++] = (struct tcp_arrival){
        .sent_us = range->sent_us,
        .start = range->start,
        .segments = (uint16_t)segments,
        .again = (range->flags & RANGE_RETRANSMITTED) != 0,
    };
}

void tcp_range_sacked(struct tcp *tcp, struct tcb *tcb, uint32_t index, struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_range *range = tcp_range_at(tcp, index);
    uint32_t bytes = range->end - range->start;
    arrived(tcp, tcb, range, range->segments, work);
    if (range->flags & RANGE_LOST)
        side->lost_bytes -= bytes;
    side->sacked_bytes += bytes;
    side->delivered += bytes;
    work->sacked += bytes;
    if (seq_gt(range->end, tcb->sacked_to))
        tcb->sacked_to = range->end;
    note_arrival(tcp, side, range, range->segments, work);
    const unsigned news = RANGE_LOST | RANGE_COUNTED | RANGE_REPAIR | RANGE_MARKED;
    range->flags = (uint16_t)((range->flags & ~news) | RANGE_SACKED);
    join_around(tcp, tcp_queue(tcp, tcb), index);
}

/* So many bytes at the front of the first range are acknowledged. */
static void account(struct tcp *tcp, struct tcb *tcb, struct tcp_range *range, uint32_t bytes,
                    struct tcp_ack_work *work)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    bool whole = bytes == range->end - range->start;
    uint32_t segments = whole ? range->segments : tcp_segments_of(tcb, bytes);
    if (range->flags & RANGE_SACKED) {
        side->sacked_bytes -= bytes;
        return;
    }
    if (range->flags & RANGE_LOST)
        side->lost_bytes -= bytes;
    side->delivered += bytes;
    arrived(tcp, tcb, range, segments, work);
    if (side->sacked_bytes != 0 && (tcb->flags & TCB_SACK))
        note_arrival(tcp, side, range, segments, work);
}

/* The usual case is the front alone: nothing behind it is looked at. */
void tcp_range_acked(struct tcp *tcp, struct tcb *tcb, seq_t una, struct tcp_ack_work *work)
{
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (queue->ranges_first != 0)
        look_for_needless(tcp, tcb, work);
    while (queue->ranges_first != 0) {
        struct tcp_range *range = tcp_range_at(tcp, queue->ranges_first);
        if (seq_gt(range->end, una))
            break;
        account(tcp, tcb, range, range->end - range->start, work);
        if (range->next == 0)
            queue->ranges_first = 0; /* the last record is kept */
        else
            unlink_range(tcp, queue, queue->ranges_first);
    }
    if (queue->ranges_first == 0)
        return;
    struct tcp_range *range = tcp_range_at(tcp, queue->ranges_first);
    if (seq_geq(range->start, una))
        return;
    account(tcp, tcb, range, una - range->start, work);
    range->start = una;
    uint32_t left = tcp_segments_of(tcb, range->end - una);
    range->segments = (uint16_t)(left < range->segments ? left : range->segments);
}

/* ---- lost ---- */

void tcp_range_lost(struct tcp *tcp, struct tcb *tcb, uint32_t index, bool counted)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_range *range = tcp_range_at(tcp, index);
    ASSERT(!(range->flags & (RANGE_SACKED | RANGE_LOST)));
    range->flags |= RANGE_LOST | RANGE_MARKED;
    range->later = 0;
    side->lost_bytes += range->end - range->start;
    if (!counted)
        return;
    if (!(range->flags & RANGE_COUNTED))
        side->lost += range->segments;
    range->flags |= RANGE_COUNTED | RANGE_REPAIR;
}

void tcp_range_forget_sacks(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    for (uint32_t i = queue->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        struct tcp_range *range = tcp_range_at(tcp, i);
        range->flags &= (uint16_t)~RANGE_SACKED;
        range->later = 0;
    }
    side->delivered -= side->sacked_bytes;
    side->sacked_bytes = 0;
    tcb->sacked_to = tcb->snd.una;
}

/* Whatever is repaired from now on the timer has repaired. */
void tcp_range_all_lost(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (tcb->flags & TCB_SACK)
        tcp_range_forget_sacks(tcp, tcb);
    side->sacked_bytes = 0; /* without SACK: a guess by duplicate ACKs */
    for (uint32_t i = queue->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        struct tcp_range *range = tcp_range_at(tcp, i);
        if (!(range->flags & RANGE_LOST))
            tcp_range_lost(tcp, tcb, i, false);
        range->flags &= (uint16_t)~RANGE_REPAIR;
    }
}

void tcp_range_give_kept(struct tcp *tcp, struct tcp_queue *queue)
{
    if (queue->ranges_first != 0 || queue->ranges_last == 0)
        return;
    pool_give(&tcp->ranges, queue->ranges_last);
    queue->ranges_last = 0;
}

void tcp_range_flush(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    while (queue->ranges_first != 0)
        unlink_range(tcp, queue, queue->ranges_first);
    tcp_range_give_kept(tcp, queue);
    side->sacked_bytes = 0;
    side->lost_bytes = 0;
}
