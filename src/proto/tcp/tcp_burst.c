/*
 * How the bytes that were not sent yet are cut: into records, chunks and bursts.
 *
 *   record   the program has said that one ends here (CIAO_SEND_EOR): what is written later does
 *            not travel in the same segment.  In every profile.
 *   chunk    AS LINUX: the program's bytes are queued in pieces of whole segments, up to half of
 *            the largest window that the peer ever offered.  Whether there is room for more is
 *            asked when a chunk begins, and bytes are pushed at its end when half a window was not.
 *   burst    AS LINUX: what leaves in one piece: about a millisecond's worth at the pace of cwnd,
 *            never more than half of cwnd, and with PSH on its last segment when there are several,
 *            so that the receiver need not wait for more to merge.
 *
 * Chunks and bursts are with CIAO_BURSTS.  Where a mark finds no record in its table, PSH or the
 * end of a program's record is left out: bytes are never held up for it.
 *
 * In Linux segments leave while the program's bytes are being taken, and what has left makes room
 * in the chunk.  Here they leave afterwards: so tcp_burst_accepts() reckons with what will.
 */
#include "proto/tcp/tcp_send.h"

#define LARGEST_BURST 65215u /* AS LINUX: 64 KB, headers off */
#define DEFAULT_MSS   536u   /* before the peer's is known [RFC9293 3.7.1 MUST-15] */

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t segment_bytes(const struct tcb *tcb)
{
    return tcb->smss != 0 ? tcb->smss : DEFAULT_MSS;
}

/* ---- marks ---- */

/* They go when bytes leave, for which a range is needed: so no more than half of the table is
 * theirs. */
static void put_mark(struct tcp *tcp, struct tcp_queue *queue, seq_t at, uint16_t flags)
{
    uint32_t index = tcp->ranges.used < tcp->ranges.capacity / 2 ? pool_take(&tcp->ranges) : 0;
    if (index == 0)
        return;
    *tcp_range_at(tcp, index) = (struct tcp_range){.start = at, .end = at, .flags = flags};
    if (queue->marks_last != 0)
        tcp_range_at(tcp, queue->marks_last)->next = index;
    else
        queue->marks_first = index;
    queue->marks_last = index;
}

static void drop_first(struct tcp *tcp, struct tcp_queue *queue)
{
    uint32_t index = queue->marks_first;
    queue->marks_first = tcp_range_at(tcp, index)->next;
    if (queue->marks_first == 0)
        queue->marks_last = 0;
    pool_give(&tcp->ranges, index);
}

void tcp_burst_passed(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    while (queue->marks_first != 0
           && seq_leq(tcp_range_at(tcp, queue->marks_first)->end, tcb->snd.nxt))
        drop_first(tcp, queue);
}

void tcp_burst_flush(struct tcp *tcp, struct tcp_queue *queue)
{
    while (queue->marks_first != 0)
        drop_first(tcp, queue);
}

/* The first mark of that kind before `end`, inclusive; `end` when there is none. */
static seq_t next_mark(const struct tcp *tcp, const struct tcp_queue *queue, uint16_t kind,
                       seq_t end)
{
    for (uint32_t i = queue->marks_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        const struct tcp_range *mark = tcp_range_at(tcp, i);
        if (seq_gt(mark->end, end))
            return end;
        if (mark->flags & kind)
            return mark->end;
    }
    return end;
}

static bool is_marked(const struct tcp *tcp, const struct tcp_queue *queue, seq_t start, seq_t end)
{
    for (uint32_t i = queue->marks_first; i != 0; i = tcp_range_at(tcp, i)->next)
        if (seq_gt(tcp_range_at(tcp, i)->end, start))
            return seq_leq(tcp_range_at(tcp, i)->end, end);
    return false;
}

uint32_t tcp_burst_record(const struct tcp *tcp, const struct tcb *tcb, uint32_t unsent)
{
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (queue->marks_first == 0)
        return unsent;
    return next_mark(tcp, queue, RANGE_RECORD, tcb->snd.nxt + unsent) - tcb->snd.nxt;
}

/* ---- the pace ---- */

/* Bytes that a burst may have: a millisecond's worth of twice cwnd a round trip (1.2 times when it
 * no longer doubles), and more the shorter the round trip is. */
static uint64_t paced_bytes(const struct tcb *tcb, const struct tcp_side *side)
{
    if (tcb->srtt_us == 0)
        return LARGEST_BURST;
    uint32_t flight = tcp_flight(tcb);
    uint64_t window = side->cwnd > flight ? side->cwnd : flight;
    uint64_t percent = side->cwnd < side->ssthresh / 2 ? 200 : 120;
    uint64_t bytes = window * percent * 10000 / tcb->srtt_us >> 10;
    uint32_t halvings = side->rtt_min_us >> 9;
    if (halvings < 32)
        bytes += LARGEST_BURST >> halvings;
    return bytes < LARGEST_BURST ? bytes : LARGEST_BURST;
}

static uint32_t paced_segments(const struct tcp *tcp, const struct tcb *tcb,
                               const struct tcp_side *side)
{
    uint32_t paced = (uint32_t)paced_bytes(tcb, side) / segment_bytes(tcb);
    uint32_t fewest = tcp_tcb_settings(tcp, tcb)->burst_min_segments;
    uint32_t segments = paced > fewest ? paced : fewest;
    return segments != 0 ? segments : 1; /* however slow the way is, something leaves */
}

static uint32_t burst_segments(const struct tcp *tcp, const struct tcb *tcb,
                               const struct tcp_side *side)
{
    uint32_t half = side->cwnd / segment_bytes(tcb) / 2;
    return least(paced_segments(tcp, tcb, side), half != 0 ? half : 1);
}

/* ---- bytes taken from the program ---- */

/* The end of the queue while it is being filled. */
struct fill {
    seq_t start, end;    /* of the last chunk */
    seq_t nxt, pushed;   /* what will have left by then; see struct tcp_queue */
    uint32_t goal, half; /* a full chunk; half of the peer's largest window */
    uint32_t space;      /* bytes that may still leave */
    bool push;           /* the last chunk ends with PSH */
};

static struct fill fill_of(const struct tcp *tcp, const struct tcb *tcb, seq_t end)
{
    uint32_t mss = segment_bytes(tcb), window = tcb->snd.max_wnd;
    uint32_t half = window > DEFAULT_MSS ? window / 2 : window;
    uint32_t most = half != 0 && half < LARGEST_BURST ? half : LARGEST_BURST;
    struct fill fill = {
        .end = end,
        .nxt = tcb->snd.nxt,
        .goal = most / mss != 0 ? most / mss * mss : mss,
        .half = window / 2,
    };
    const struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    int32_t usable = (int32_t)(tcb->snd.una + tcb->snd.wnd - tcb->snd.nxt);
    fill.start = seq_gt(queue->chunk_start, tcb->snd.nxt) ? queue->chunk_start : tcb->snd.nxt;
    if (seq_gt(fill.start, fill.end)) /* our SYN, or nothing is left */
        fill.start = fill.end;
    fill.pushed = queue->pushed;
    fill.push = (side->burst_flags & BURST_TAIL_PUSH) != 0;
    if (tcp_state_sends(tcb) && usable > 0)
        fill.space = least(tcp_recovery_space(tcb, side), (uint32_t)usable) / mss * mss;
    return fill;
}

static void leaves(struct fill *fill, uint32_t most)
{
    uint32_t bytes = least(least(most, fill->space), fill->end - fill->nxt);
    fill->nxt += bytes;
    fill->space -= bytes;
    if (seq_gt(fill->nxt, fill->start))
        fill->start = fill->nxt;
}

/* The chunk is full: what stands at the front of the queue leaves, once it is worth pushing. */
static void chunk_full(const struct tcp *tcp, const struct tcb *tcb, struct fill *fill)
{
    if (fill->end - fill->pushed > fill->half) {
        fill->push = true;
        fill->pushed = fill->end;
        leaves(fill, UINT32_MAX);
    } else if (fill->start == fill->nxt) {
        leaves(fill, burst_segments(tcp, tcb, tcp_side(tcp, tcb)) * segment_bytes(tcb));
    }
}

static bool chunk_may_begin(const struct tcp *tcp, const struct tcb *tcb, const struct fill *fill)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t queued = tcp_queue(tcp, tcb)->sendq_bytes;
    uint32_t lowat = settings->notsent_lowat_bytes;
    return queued + (fill->end - tcb->snd_end) < settings->sndbuf_bytes
           && (lowat == 0 || fill->end - fill->nxt < lowat);
}

/* Fill the queue's end with `len` bytes, as far as there is room; `queue` NULL: only reckon. */
static uint32_t fill_up(struct tcp *tcp, const struct tcb *tcb, struct fill *fill, uint32_t len,
                        struct tcp_queue *queue)
{
    uint32_t left = len;
    while (left != 0) {
        uint32_t used = fill->end - fill->start;
        if (used == 0 || used >= fill->goal) {
            if (queue == NULL && !chunk_may_begin(tcp, tcb, fill))
                break;
            if (queue != NULL && used != 0 && fill->push)
                put_mark(tcp, queue, fill->end, RANGE_PUSH);
            fill->start = fill->end;
            fill->push = false;
            used = 0;
        } else if (left == len) {
            fill->push = false; /* it goes on behind what was its end */
        }
        uint32_t bytes = least(fill->goal - used, left);
        fill->end += bytes;
        left -= bytes;
        if (left != 0)
            chunk_full(tcp, tcb, fill);
    }
    return len - left;
}

uint32_t tcp_burst_accepts(struct tcp *tcp, const struct tcb *tcb, uint32_t len)
{
    struct fill fill = fill_of(tcp, tcb, tcb->snd_end);
    return fill_up(tcp, tcb, &fill, len, NULL);
}

/* What was reckoned holds: it is cut as it was then, from the same state. */
static void cut_chunks(struct tcp *tcp, struct tcb *tcb, struct tcp_side *side, uint32_t taken,
                       bool more)
{
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    struct fill fill = fill_of(tcp, tcb, tcb->snd_end - taken);
    fill_up(tcp, tcb, &fill, taken, queue);
    if (!more || fill.end - fill.pushed > fill.half) {
        fill.push = true;
        fill.pushed = fill.end;
    }
    queue->chunk_start = fill.start;
    queue->pushed = fill.pushed;
    side->burst_flags = (uint8_t)(side->burst_flags & ~BURST_TAIL_PUSH);
    if (fill.push)
        side->burst_flags |= BURST_TAIL_PUSH;
}

void tcp_burst_written(struct tcp *tcp, struct tcb *tcb, uint32_t taken, unsigned flags)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (side->rack != 0)
        tcp_held_written(tcp, side);
    if (tcp_bursts(tcp, tcb))
        cut_chunks(tcp, tcb, side, taken, (flags & CIAO_SEND_MORE) != 0);
    if (!(flags & CIAO_SEND_EOR))
        return;
    put_mark(tcp, queue, tcb->snd_end, RANGE_RECORD | RANGE_PUSH);
    queue->chunk_start = tcb->snd_end;
    side->burst_flags = (uint8_t)(side->burst_flags & ~BURST_TAIL_PUSH);
}

/* ---- bytes that leave ---- */

/* Must a segment that is not full wait?  Nagle asks only for other small ones on their way, as
 * Minshall has it. [RFC9293 3.7.4 SHLD-7, MUST-17] */
static bool part_waits(const struct tcp *tcp, const struct tcb *tcb, bool last)
{
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    const uint32_t fin = TCB_FIN_QUEUED | TCB_FIN_SENT;
    if (!last || (tcb->flags & TCB_PUSH) || (tcb->flags & fin) == TCB_FIN_QUEUED
        || (tcb->urgent & URGENT_SEND))
        return false;
    if ((tcb->flags & TCB_HOLD_PARTIAL) || (settings->flags & CIAO_CORK))
        return true;
    if (settings->flags & CIAO_NODELAY)
        return false;
    return seq_gt(queue->small_end, tcb->snd.una) && seq_leq(queue->small_end, tcb->snd.nxt);
}

static uint32_t free_segments(const struct tcp *tcp, const struct tcb *tcb,
                              const struct tcp_side *side)
{
    uint32_t mss = segment_bytes(tcb);
    if (side->rack == 0)
        return tcp_recovery_space(tcb, side) / mss;
    uint32_t cwnd = side->cwnd / mss, out = tcp_rack_in_flight(tcp, tcb, side);
    return cwnd > out ? cwnd - out : 0;
}

static uint32_t begin(const struct tcp *tcp, struct tcb *tcb, const struct tcp_side *side,
                      const struct tcp_burst *burst)
{
    uint32_t record = tcp_burst_record(tcp, tcb, burst->unsent);
    uint32_t segments = free_segments(tcp, tcb, side);
    bool probe = (tcb->repair & REPAIR_TAIL_DUE) != 0;
    if (segments == 0 && !probe) {
        tcb->flags |= TCB_CWND_LIMITED;
        if (side->rack != 0)
            tcp_alert_sent(tcp, tcb, 0);
        return 0;
    }
    tcb->flags &= ~TCB_CWND_LIMITED;
    if (burst->usable < least(record, burst->room) && !(tcb->flags & TCB_PUSH)) {
        if (side->rack != 0)
            tcp_held_by(tcp, side, HELD_WINDOW);
        return 0;
    }
    segments = probe ? 1 : least(segments, burst_segments(tcp, tcb, side));
    uint32_t len = least(least(record, burst->usable), segments * burst->room);
    uint32_t part = len % burst->room;
    if (part != 0 && part_waits(tcp, tcb, record == burst->unsent))
        len -= part;
    return len;
}

/* Where the program's bytes were pushed, or a record ends. */
static bool is_pushed(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_side *side)
{
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    seq_t start = tcb->snd.nxt, end = queue->burst_end;
    return is_marked(tcp, queue, start, end)
           || (end == tcb->snd_end && (side->burst_flags & BURST_TAIL_PUSH));
}

uint32_t tcp_burst_now(const struct tcp *tcp, struct tcb *tcb, const struct tcp_burst *burst)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    uint32_t left = queue->burst_end - tcb->snd.nxt;
    if (seq_gt(queue->burst_end, tcb->snd.nxt) && left <= burst->usable && left <= burst->unsent
        && tcp_recovery_space(tcb, side) >= least(left, burst->room))
        return left;
    left = begin(tcp, tcb, side, burst);
    queue->burst_end = tcb->snd.nxt + left;
    side->burst_flags = (uint8_t)(side->burst_flags & ~(BURST_PUSH | BURST_LONG));
    if (left > burst->room)
        side->burst_flags |= BURST_LONG;
    if (left != 0 && is_pushed(tcp, tcb, side))
        side->burst_flags |= BURST_PUSH;
    return left;
}

bool tcp_burst_left(struct tcp *tcp, struct tcb *tcb, uint32_t len, uint32_t room)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    seq_t end = tcb->snd.nxt - ((tcb->flags & TCB_FIN_SENT) != 0); /* a FIN rides along */
    if (len % room != 0)
        queue->small_end = end;
    tcp_burst_passed(tcp, tcb);
    if (end != queue->burst_end)
        return false;
    bool push = (side->burst_flags & BURST_PUSH) != 0, many = side->burst_flags & BURST_LONG;
    if (push || many)
        tcp_range_at(tcp, queue->ranges_last)->flags |=
            push ? RANGE_PUSH | RANGE_BURST : RANGE_BURST;
    return push || many;
}

/* ---- bytes that leave again ---- */

bool tcp_burst_again(const struct tcp *tcp, struct tcb *tcb, const struct tcp_repair *repair,
                     seq_t end)
{
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    const struct tcp_range *range = tcp_range_at(tcp, repair->range);
    uint32_t mss = segment_bytes(tcb);
    bool goes_on = (side->burst_flags & BURST_AGAIN) && seq_lt(range->start, queue->again_end)
                   && seq_leq(end, queue->again_end);
    if (!goes_on) {
        uint32_t segments = least(repair->bytes / mss, paced_segments(tcp, tcb, side));
        side->burst_flags = (uint8_t)(side->burst_flags & ~BURST_AGAIN);
        if (segments < 2 || range->end - range->start <= mss)
            return false;
        queue->again_end = range->start + least(segments * mss, range->end - range->start);
        side->burst_flags |= BURST_AGAIN;
    }
    if (end != queue->again_end)
        return false;
    side->burst_flags = (uint8_t)(side->burst_flags & ~BURST_AGAIN);
    return true;
}
