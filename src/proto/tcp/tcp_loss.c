/*
 * What is lost: the one file that declares it because of what has arrived.
 * [RFC6675 4, RFC5681 3.2]
 *
 * With SACK a range is lost when DupThresh segments have arrived that were sent after it.  For what
 * was sent once that is IsLost() of RFC 6675: "above" and "later" are the same then, and what makes
 * DupThresh discontiguous blocks, or more than (DupThresh - 1) * SMSS bytes, makes DupThresh
 * segments.  Because it is the order of sending that counts, and not that of sequence numbers, the
 * loss of a repair is found in the same way, and needs no timer.
 *
 * A single one that was sent a quarter of the shortest round trip later says as much as three: no
 * network reorders by so long a time as a rule [RFC8985 6.2].  That finds losses where little is on
 * its way, a round trip after they happened.
 *
 * Not here: what a timeout makes of the ranges (tcp_range_all_lost()), and what is done about a
 * loss (tcp_recovery.c).
 */
#include "proto/tcp/tcp_send.h"

/* New bytes, or the peer's window for them, are there: more will arrive, and tell. */
static bool can_send_new(const struct tcp *tcp, const struct tcb *tcb)
{
    int32_t usable = (int32_t)(tcb->snd.una + tcb->snd.wnd - tcb->snd.nxt);
    return usable >= (int32_t)tcb->smss && tcp_unsent_bytes(tcp, tcb) != 0;
}

/* With little on its way and nothing new to send, DupThresh would never be reached: one less than
 * what is on its way suffices then [RFC5827 2.1, 3.1]. */
uint32_t tcp_loss_threshold(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t outstanding = tcp_segments_of(tcb, tcp_flight(tcb));
    if (outstanding > tcb->dup_thresh || can_send_new(tcp, tcb))
        return tcb->dup_thresh;
    return outstanding > 1 ? outstanding - 1 : tcb->dup_thresh;
}

/* What left for the first time in one burst left in the order of its numbers; of a repair in the
 * same microsecond nobody knows. */
static bool sent_before(const struct tcp_range *range, const struct tcp_arrival *arrival)
{
    if (range->sent_us != arrival->sent_us)
        return range->sent_us < arrival->sent_us;
    return !arrival->again && !(range->flags & RANGE_RETRANSMITTED)
           && seq_lt(range->start, arrival->start);
}

/* What an arrival counts for a range that was sent before it. */
static uint32_t weight(const struct tcp_range *range, const struct tcp_arrival *arrival,
                       uint32_t long_us)
{
    bool long_after = long_us != 0 && arrival->sent_us - range->sent_us > long_us;
    return long_after ? UINT16_MAX : arrival->segments;
}

static uint32_t later_than(const struct tcp_range *range, const struct tcp_arrivals *arrivals,
                           uint32_t long_us)
{
    uint32_t later = range->later;
    for (unsigned i = 0; i < arrivals->n; i++)
        if (sent_before(range, &arrivals->at[i]))
            later += weight(range, &arrivals->at[i], long_us);
    return later < UINT16_MAX ? later : UINT16_MAX;
}

static void declare(struct tcp *tcp, struct tcb *tcb, uint32_t index, struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_range *range = tcp_range_at(tcp, index);
    bool again = (range->flags & RANGE_RETRANSMITTED) != 0;
    if (again && (int32_t)((uint32_t)range->sent_us - side->cut_us) >= 0)
        work->lost_again = true;
    work->lost += range->end - range->start;
    work->lost_segments = (uint16_t)(work->lost_segments + range->segments);
    tcp_range_lost(tcp, tcb, index, true);
}

/* Only holes below the highest SACKed byte can have been overtaken. [RFC6675 4 IsLost 6675-2] */
void tcp_loss_detect(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    uint32_t threshold = tcp_loss_threshold(tcp, tcb);
    for (uint32_t i = tcp_queue(tcp, tcb)->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        struct tcp_range *range = tcp_range_at(tcp, i);
        if (seq_geq(range->start, tcb->sacked_to))
            return;
        if (range->flags & (RANGE_SACKED | RANGE_LOST))
            continue;
        range->later = (uint16_t)later_than(range, work->arrivals, side->rtt_min_us / 4);
        if (range->later >= threshold)
            declare(tcp, tcb, i, work);
    }
}

/* DupThresh duplicate ACKs, or an ACK that ends before all that was on its way when the repair
 * began, mean the segment that they ask for. [RFC5681 3.2 5681-6, RFC6582 3.2 6582-1] */
void tcp_loss_head(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    uint32_t index = tcp_queue(tcp, tcb)->ranges_first;
    if (index == 0 || (tcp_range_at(tcp, index)->flags & RANGE_LOST))
        return;
    const struct tcp_range *range = tcp_range_at(tcp, index);
    if (range->end - range->start > tcb->smss)
        tcp_range_split(tcp, tcb, index, range->start + tcb->smss);
    declare(tcp, tcb, index, work);
}
