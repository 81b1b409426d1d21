/*
 * Bytes that arrive: the queue in order for the program, and what came too early. [RFC9293 3.10.7.4
 * seventh]
 *
 * How bytes are kept: tcp_run.c.  Not for reading: tcp_read.c.
 */
#include "proto/tcp/tcp_ack_later.h"
#include "proto/tcp/tcp_run.h"

/* ---- the pieces of a segment ---- */

/* The payload from `skip` on, `len` bytes at most: the i-th contiguous piece of it; false: there is
 * none. */
struct cursor {
    const struct tcp_segment *seg;
    uint32_t skip, left, part; /* part 0: behind the header; 1..: fragments */
    seq_t seq;
};

static struct cursor payload_of(const struct tcp_segment *seg)
{
    return (struct cursor){.seg = seg, .skip = seg->skip, .left = seg->data_len, .seq = seg->seq};
}

static bool next_piece(struct cursor *at, struct tcp_part *piece)
{
    const struct ip_packet *packet = at->seg->packet;
    while (at->left != 0 && at->part <= packet->frame->n_frags) {
        uint32_t part = at->part++, len;
        if (part == 0) {
            len = packet->l4_head_len - at->seg->h.header_len;
            *piece = (struct tcp_part){packet->l4 + at->seg->h.header_len, len, packet->frame->buf,
                                       at->seq};
        } else {
            const struct ciao_frag *frag = &packet->frame->frag[part - 1];
            len = frag->len;
            *piece = (struct tcp_part){frag->ptr, len, frag->buf, at->seq};
        }
        if (len <= at->skip) {
            at->skip -= len;
            continue;
        }
        piece->ptr += at->skip;
        piece->len = len - at->skip < at->left ? len - at->skip : at->left;
        at->skip = 0;
        at->left -= piece->len;
        at->seq += piece->len;
        return true;
    }
    return false;
}

bool tcp_receive_peek(const struct tcp_segment *seg, seq_t at, uint8_t *byte)
{
    struct cursor cursor = payload_of(seg);
    struct tcp_part piece;
    while (next_piece(&cursor, &piece)) {
        if (!seq_in_window(at, piece.seq, piece.len))
            continue;
        *byte = piece.ptr[at - piece.seq];
        return true;
    }
    return false;
}

/* ---- in order ---- */

/* What came twice, for the next ACK to tell; what adjoins what is to be told already is one with
 * it. [RFC2883 4 2883-1] */
void tcp_receive_twice(struct tcp *tcp, struct tcb *tcb, seq_t start, seq_t end)
{
    if (!(tcb->flags & TCB_SACK) || !tcb->has_side
        || !(tcp_tcb_settings(tcp, tcb)->more & CIAO_DSACK))
        return;
    if (seq_lt(start, tcb->rcv.nxt) && seq_gt(end, tcb->rcv.nxt))
        end = tcb->rcv.nxt; /* that far it is old */
    if (!seq_lt(start, end) || !tcp_queue_attach(tcp, tcb))
        return;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (!(tcb->flags & TCB_DSACK) || queue->twice_end != start)
        queue->twice_start = start;
    queue->twice_end = end;
    tcb->flags |= TCB_DSACK;
}

/* Runs that came too early and are next now. */
static void take_early_ones(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue)
{
    while (queue->out_of_order_first != 0) {
        uint32_t index = queue->out_of_order_first;
        struct tcp_run *run = tcp_run_at(tcp, index);
        if (seq_gt(run->start, tcb->rcv.nxt))
            return;
        queue->out_of_order_first = run->next;
        queue->out_of_order_bytes -= run->len;
        tcb->held_runs--;
        uint32_t old = tcb->rcv.nxt - run->start;
        if (old != 0)
            tcp_receive_twice(tcp, tcb, run->start, run->start + run->len);
        if (old >= run->len) {
            tcp_run_free(tcp, queue, index);
            continue;
        }
        run->start += old;
        run->ptr += old;
        run->len -= old;
        run->next = 0;
        tcp_run_append(tcp, queue, index);
        queue->in_order_bytes += run->len;
        tcb->rcv.nxt += run->len;
    }
}

static void in_order(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue,
                     struct tcp_segment *seg)
{
    struct cursor at = payload_of(seg);
    struct tcp_part piece;
    uint32_t taken = 0;
    while (next_piece(&at, &piece) && tcp_run_take(tcp, tcb, queue, &piece))
        taken += piece.len;
    if (taken
        != seg->data_len) { /* memory is used up: the rest, and a FIN behind it, must come again */
        tcp_drop(tcp, tcp_at(tcb), CIAO_DROP_RECEIVE_BUFFER_FULL, seg);
        seg->data_len = taken;
        seg->flags &= (uint16_t)~TCP_FIN;
    }
    bool gap = queue->out_of_order_first != 0;
    tcb->rcv.nxt += taken;
    queue->in_order_bytes += taken;
    tcp_ack_in_order(tcp, tcb, seg->data_len, seg->segments);
    if (gap) { /* [RFC5681 4.2 5681-9] what fills a gap, or part of it, is acknowledged at once */
        take_early_ones(tcp, tcb, queue);
        tcp_ack_now(tcp, tcb);
    }
    tcp_side(tcp, tcb)->bytes_received += tcb->rcv.nxt - seg->seq;
    tcp_note(tcp, tcb, CIAO_DID_DATA_DELIVERED, tcb->rcv.nxt - seg->seq, queue->in_order_bytes);
    tcp_told_data(tcp, tcb);
}

/* ---- too early ---- */

static void remember_block(struct tcp_queue *queue, seq_t start)
{
    if (queue->sack_recent[0] == start)
        return;
    if (queue->sack_recent[1] != start)
        queue->sack_recent[2] = queue->sack_recent[1];
    queue->sack_recent[1] = queue->sack_recent[0];
    queue->sack_recent[0] = start;
}

/* The part of a piece that no run holds yet, between its neighbours; true when anything was new. */
static bool insert_piece(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue,
                         struct tcp_part piece)
{
    uint32_t *link = &queue->out_of_order_first;
    bool anything = false;
    while (piece.len != 0) {
        struct tcp_run *run = *link == 0 ? NULL : tcp_run_at(tcp, *link);
        seq_t end = piece.seq + piece.len;
        if (run != NULL && seq_leq(run->start + run->len, piece.seq)) {
            link = &run->next;
            continue;
        }
        bool covered = run != NULL && seq_leq(run->start, piece.seq);
        uint32_t step = piece.len;
        if (covered && seq_lt(run->start + run->len, end))
            step = run->start + run->len - piece.seq;
        else if (!covered && run != NULL && seq_lt(run->start, end))
            step = run->start - piece.seq;
        if (covered) {
            tcp_receive_twice(tcp, tcb, piece.seq, piece.seq + step);
        } else {
            struct tcp_part fresh = piece;
            fresh.len = step;
            uint32_t index = tcp_run_make(tcp, queue, &fresh, RUN_KEPT);
            if (index == 0)
                return anything;
            tcp_run_at(tcp, index)->next = *link;
            *link = index;
            link = &tcp_run_at(tcp, index)->next;
            queue->out_of_order_bytes += step;
            tcb->held_runs++;
            anything = true;
        }
        piece.ptr += step;
        piece.seq += step;
        piece.len -= step;
    }
    return anything;
}

/* A place is looked for from the front: so many runs, and no peer can make that expensive. */
#define HELD_RUNS_MAX 1024u

/* Twice the receive buffer at most, since a held run is charged for its whole buffer. */
static bool may_hold(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_queue *queue)
{
    return tcb->held_runs < HELD_RUNS_MAX
           && queue->charged_bytes / 2 < tcp_tcb_settings(tcp, tcb)->rcvbuf_bytes;
}

/* [RFC9293 3.10.7.4 SHLD-31, MAY-13 EV-16]  Hold it, and say at once what is missing. */
static void out_of_order(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue,
                         struct tcp_segment *seg)
{
    struct cursor at = payload_of(seg);
    struct tcp_part piece;
    bool anything = false, room = may_hold(tcp, tcb, queue);
    while (room && next_piece(&at, &piece))
        anything |= insert_piece(tcp, tcb, queue, piece);
    if (anything)
        tcp_note(tcp, tcb, CIAO_DID_DATA_HELD, seg->data_len, seg->seq - tcb->rcv.nxt);
    else
        tcp_drop(tcp, tcp_at(tcb), room ? CIAO_DROP_DATA_TWICE : CIAO_DROP_RECEIVE_BUFFER_FULL,
                 seg);
    if (anything || (tcb->flags & TCB_DSACK))
        remember_block(queue, seg->seq);
    tcp_ack_now(tcp, tcb);
}

void tcp_data_arrived(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    if (!tcp_queue_attach(tcp, tcb)) {
        tcp_drop(tcp, tcp_at(tcb), CIAO_DROP_RECEIVE_BUFFER_FULL, seg);
        seg->flags &= (uint16_t)~TCP_FIN;
        return;
    }
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (tcb->ecn & ECN_OK)
        tcp_ecn_data_arrived(tcp, tcb, seg);
    tcb->last_data_ms = tcp_now_ms(tcp);
    side->data_received += seg->segments;
    if (seg->seq == tcb->rcv.nxt) {
        in_order(tcp, tcb, queue, seg);
    } else {
        side->out_of_order += seg->segments;
        out_of_order(tcp, tcb, queue, seg);
    }
}

/* ---- what SACK says of them ---- */

/* The block that holds `seq`: runs that touch are one.  False: none does. */
static bool block_at(const struct tcp *tcp, const struct tcp_queue *queue, seq_t seq,
                     struct tcp_sack *block)
{
    uint32_t index = queue->out_of_order_first;
    *block = (struct tcp_sack){0, 0};
    bool inside = false;
    while (index != 0) {
        const struct tcp_run *run = tcp_run_at(tcp, index);
        if (block->end != run->start || block->start == block->end) {
            if (inside)
                return true;
            block->start = run->start;
        }
        block->end = run->start + run->len;
        inside |= seq_in_window(seq, run->start, run->len);
        index = run->next;
    }
    return inside;
}

static bool has_block(const struct tcp_header *h, unsigned from, unsigned n,
                      const struct tcp_sack *block)
{
    for (unsigned i = from; i < n; i++)
        if (h->opt.sack[i].start == block->start)
            return true;
    return false;
}

/* A FIN that has come right behind a block is a number of it. */
static struct tcp_sack with_fin(const struct tcb *tcb, struct tcp_sack block)
{
    block.end += tcb->fin_seen && block.end == tcb->fin_rcv;
    return block;
}

/* What came twice; then the newest, and those told lately.
 * [RFC2018 4 2018-3, 2018-4; RFC2883 4 2883-1] */
unsigned tcp_receive_sack_blocks(const struct tcp *tcp, const struct tcb *tcb, struct tcp_header *h,
                                 unsigned max)
{
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (queue->out_of_order_first == 0 && !(tcb->flags & TCB_DSACK))
        return 0;
    struct tcp_sack block;
    unsigned n = 0, first;
    if ((tcb->flags & TCB_DSACK) && n < max)
        h->opt.sack[n++] = (struct tcp_sack){queue->twice_start, queue->twice_end};
    first = n;
    for (unsigned i = 0; i < 3 && n < max; i++)
        if (block_at(tcp, queue, queue->sack_recent[i], &block) && !has_block(h, first, n, &block))
            h->opt.sack[n++] = with_fin(tcb, block);
    if (n == 0 && queue->out_of_order_first != 0
        && block_at(tcp, queue, tcp_run_at(tcp, queue->out_of_order_first)->start, &block))
        h->opt.sack[n++] = with_fin(tcb, block);
    h->opt.n_sack = (uint8_t)n;
    return n;
}
