/*
 * The scoreboard: SACK blocks marked on the ranges.  [RFC2018 5, RFC2883 4-5, RFC6675 5]
 *
 * A block is believed when it lies inside what is on its way.  A segment of ours arrived whole or
 * not at all, so a block never cuts what left as one segment: a peer that pretends otherwise gains
 * nothing, and costs no records.  What is SACKed is still ours to send until it is acknowledged:
 * the peer may forget it [RFC2018 8 2018-5].
 */
#include "proto/tcp/tcp_send.h"

/* The first block may report bytes that came twice: it lies below the ACK, or inside the second
 * block.  It is compared with the ACK of its own segment. [RFC2883 4, 5 2883-1, 2883-2] */
static bool reports_duplicate(const struct tcp_segment *seg)
{
    const struct tcp_sack *block = seg->h.opt.sack;
    if (seq_leq(block[0].end, seg->ack))
        return true;
    return seg->h.opt.n_sack > 1 && seq_geq(block[0].start, block[1].start)
           && seq_leq(block[0].end, block[1].end);
}

/* Without timestamps it is the duplicate's report that proves a repair needless [RFC3708 2]. */
static void duplicate_reported(const struct tcp *tcp, const struct tcb *tcb,
                               const struct tcp_segment *seg, struct tcp_ack_work *work)
{
    const struct tcp_sack *block = seg->h.opt.sack;
    uint32_t bytes = block->end - block->start;
    work->reported = true;
    if (tcp_by_time(tcp, tcb)) {
        tcp_rack_duplicate(tcp, tcb, block, work);
        return;
    }
    if ((tcb->flags & TCB_TS) || seq_geq(block->start, block->end) || bytes > 0xffff)
        return;
    work->needless = (uint16_t)(work->needless + tcp_segments_of(tcb, bytes));
}

static bool is_plausible(const struct tcb *tcb, const struct tcp_sack *block)
{
    return seq_lt(block->start, block->end) && seq_lt(tcb->snd.una, block->start)
           && seq_leq(block->end, tcb->snd.nxt);
}

/* Cut so that a range begins at the end of a segment: at `at`, or `up` or down from there; 0 when
 * it may not be cut. */
static uint32_t cut(struct tcp *tcp, struct tcb *tcb, uint32_t index, seq_t at, bool up)
{
    const struct tcp_range *range = tcp_range_at(tcp, index);
    uint32_t part = (at - range->start) % tcb->smss;
    if (range->segments < 2)
        return 0;
    if (part != 0)
        at = up ? at + (tcb->smss - part) : at - part;
    if (seq_geq(at, range->end) || seq_leq(at, range->start))
        return 0;
    return tcp_range_split(tcp, tcb, index, at);
}

/* The part of this range that lies inside the block, as a range of its own; 0 if there is none. */
static uint32_t inside(struct tcp *tcp, struct tcb *tcb, uint32_t index,
                       const struct tcp_sack *block)
{
    if (seq_lt(tcp_range_at(tcp, index)->start, block->start))
        index = cut(tcp, tcb, index, block->start, true);
    if (index == 0)
        return 0;
    const struct tcp_range *range = tcp_range_at(tcp, index);
    if (seq_gt(range->end, block->end) && cut(tcp, tcb, index, block->end, false) == 0)
        return 0;
    return index;
}

/* What is SACKed already is one range between two holes: the walk passes holes, not bytes. */
static void mark(struct tcp *tcp, struct tcb *tcb, const struct tcp_sack *block,
                 struct tcp_ack_work *work)
{
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    uint32_t index = queue->ranges_first;
    while (index != 0) {
        const struct tcp_range *range = tcp_range_at(tcp, index);
        if (seq_geq(range->start, block->end))
            return;
        seq_t end = range->end;
        bool news = seq_gt(end, block->start) && !(range->flags & RANGE_SACKED);
        uint32_t part = news ? inside(tcp, tcb, index, block) : 0;
        if (part == 0) {
            index = range->next;
            continue;
        }
        uint32_t before = tcp_range_at(tcp, part)->prev; /* joining may swallow `part`, not this */
        tcp_range_sacked(tcp, tcb, part, work);
        index = before != 0 ? tcp_range_at(tcp, before)->next : queue->ranges_first;
        if (index != 0 && (tcp_range_at(tcp, index)->flags & RANGE_SACKED))
            index = tcp_range_at(tcp, index)->next;
    }
}

/* [RFC6675 5 6675-1, RFC2018 5] */
void tcp_sack_arrived(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg,
                      struct tcp_ack_work *work)
{
    const struct tcp_options *opt = &seg->h.opt;
    unsigned first = 0;
    if (opt->n_sack == 0)
        return;
    if (reports_duplicate(seg)) {
        duplicate_reported(tcp, tcb, seg, work);
        first = 1;
    }
    for (unsigned i = first; i < opt->n_sack; i++) {
        struct tcp_sack block = opt->sack[i];
        if (!is_plausible(tcb, &block))
            continue;
        if (seq_gt(block.end, tcb->snd_end)) /* our FIN is in no range */
            block.end = tcb->snd_end;
        mark(tcp, tcb, &block, work);
    }
}
