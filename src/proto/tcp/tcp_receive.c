/*
 * Bytes that arrive: the queue in order for the program, and what came too early. [RFC9293 3.10.7.4
 * seventh]
 *
 * Bytes are kept where they arrived, by reference.  Only those that fill less than a quarter of
 * their buffer are copied out, so that a small segment does not pin a large buffer; the queue is
 * charged for whole buffers.  Runs that touch in memory are one run.
 */
#include "proto/tcp/tcp_internal.h"
#include "proto/tcp/tcp_predict.h"

#define RUN_OWN 0x80000000u /* in .charge: a buffer of our own, that we may append to */

static struct tcp_run *run_at(const struct tcp *tcp, uint32_t index)
{
    return pool_at(&tcp->runs, index);
}

static uint32_t charge_of(const struct tcp_run *run)
{
    return run->charge & ~RUN_OWN;
}

/* ---- single runs ---- */

static void free_run(struct tcp *tcp, struct tcp_queue *queue, uint32_t index)
{
    struct tcp_run *run = run_at(tcp, index);
    queue->charged_bytes -= charge_of(run);
    ciao_buf_unref(run->buf);
    pool_give(&tcp->runs, index);
}

/* A piece of a received segment. */
struct piece {
    const uint8_t *ptr;
    uint32_t len;
    struct ciao_buf *buf; /* NULL: in the frame itself, must be copied */
    seq_t seq;
};

static bool worth_a_reference(const struct piece *piece)
{
    return piece->buf != NULL && piece->len >= piece->buf->size / 4;
}

/* 0: no memory. */
static uint32_t make_run(struct tcp *tcp, struct tcp_queue *queue, const struct piece *piece)
{
    uint32_t index = pool_take(&tcp->runs);
    if (index == 0)
        return 0;
    struct tcp_run *run = run_at(tcp, index);
    *run = (struct tcp_run){
        .start = piece->seq, .len = piece->len, .ptr = piece->ptr, .buf = piece->buf};
    if (worth_a_reference(piece)) {
        ciao_buf_ref(run->buf);
        run->charge = ciao_buf_charge(run->buf);
    } else {
        run->buf = ciao_bufpool_take(tcp->buffers, piece->len);
        if (run->buf == NULL) {
            pool_give(&tcp->runs, index);
            return 0;
        }
        run->ptr = ciao_buf_bytes(run->buf);
        memcpy(ciao_buf_bytes(run->buf), piece->ptr, piece->len);
        run->charge = ciao_buf_charge(run->buf) | RUN_OWN;
    }
    queue->charged_bytes += charge_of(run);
    return index;
}

/* Bytes that follow a run in memory, or fit behind those that we copied, need no run of their own.
 */
static bool extend_run(struct tcp_run *run, const struct piece *piece)
{
    const uint8_t *end = run->ptr + run->len;
    if (piece->buf == run->buf && piece->ptr == end) {
        run->len += piece->len;
        return true;
    }
    uint8_t *bytes = ciao_buf_bytes(run->buf);
    size_t used = (size_t)(end - bytes);
    if (!(run->charge & RUN_OWN) || worth_a_reference(piece) || run->buf->size - used < piece->len)
        return false;
    memcpy(bytes + used, piece->ptr, piece->len);
    run->len += piece->len;
    return true;
}

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

static bool next_piece(struct cursor *at, struct piece *piece)
{
    const struct ip_packet *packet = at->seg->packet;
    while (at->left != 0 && at->part <= packet->frame->n_frags) {
        uint32_t part = at->part++, len;
        if (part == 0) {
            len = packet->l4_head_len - at->seg->h.header_len;
            *piece = (struct piece){packet->l4 + at->seg->h.header_len, len, packet->frame->buf,
                                    at->seq};
        } else {
            const struct ciao_frag *frag = &packet->frame->frag[part - 1];
            len = frag->len;
            *piece = (struct piece){frag->ptr, len, frag->buf, at->seq};
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
    struct piece piece;
    while (next_piece(&cursor, &piece)) {
        if (!seq_in_window(at, piece.seq, piece.len))
            continue;
        *byte = piece.ptr[at - piece.seq];
        return true;
    }
    return false;
}

/* ---- in order ---- */

static void append_run(struct tcp *tcp, struct tcp_queue *queue, uint32_t index)
{
    if (queue->in_order_last == 0)
        queue->in_order_first = index;
    else
        run_at(tcp, queue->in_order_last)->next = index;
    queue->in_order_last = index;
}

static bool append_piece(struct tcp *tcp, struct tcp_queue *queue, const struct piece *piece)
{
    if (queue->in_order_last != 0 && extend_run(run_at(tcp, queue->in_order_last), piece))
        return true;
    uint32_t index = make_run(tcp, queue, piece);
    if (index == 0)
        return false;
    append_run(tcp, queue, index);
    return true;
}

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
        struct tcp_run *run = run_at(tcp, index);
        if (seq_gt(run->start, tcb->rcv.nxt))
            return;
        queue->out_of_order_first = run->next;
        queue->out_of_order_bytes -= run->len;
        tcb->held_runs--;
        uint32_t old = tcb->rcv.nxt - run->start;
        if (old != 0)
            tcp_receive_twice(tcp, tcb, run->start, run->start + run->len);
        if (old >= run->len) {
            free_run(tcp, queue, index);
            continue;
        }
        run->start += old;
        run->ptr += old;
        run->len -= old;
        run->next = 0;
        append_run(tcp, queue, index);
        queue->in_order_bytes += run->len;
        tcb->rcv.nxt += run->len;
    }
}

static void in_order(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue,
                     struct tcp_segment *seg)
{
    struct cursor at = payload_of(seg);
    struct piece piece;
    uint32_t taken = 0;
    while (next_piece(&at, &piece) && append_piece(tcp, queue, &piece))
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

/* ---- in order, and nothing else ---- */

/* There is no memory for all of it. */
static __attribute__((noinline)) void refuse_rest(struct tcp *tcp, const struct tcb *tcb,
                                                  const struct tcp_glance *glance)
{
    struct tcp_segment seg = {.segments = (uint16_t)tcp_glance_segments(glance)};
    const struct ip_packet packet = {.l4_len = glance->header_len + glance->data_len};
    enum wire_fault fault = tcp_parse(glance->l4, glance->header_len, &seg.h);
    ASSERT(fault == WIRE_OK);
    seg.packet = &packet;
    seg.wnd = (uint32_t)seg.h.wnd << tcb->snd_wscale;
    tcp_drop(tcp, tcp_at(tcb), CIAO_DROP_RECEIVE_BUFFER_FULL, &seg);
}

/* How many bytes were taken. */
static uint32_t take_all(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue,
                         const struct tcp_glance *glance)
{
    const struct ciao_frame *frame = glance->frame;
    struct piece piece = {glance->l4 + glance->header_len, glance->data_len, frame->buf,
                          tcb->rcv.nxt};
    if (frame->n_frags == 0)
        return append_piece(tcp, queue, &piece) ? piece.len : 0;
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        const struct ciao_frag *frag = &frame->frag[i];
        piece.ptr = frag->ptr;
        piece.len = frag->len;
        piece.buf = frag->buf;
        if (!append_piece(tcp, queue, &piece))
            break;
        piece.seq += piece.len;
    }
    return piece.seq - tcb->rcv.nxt;
}

void tcp_receive_usual(struct tcp *tcp, struct tcb *tcb, const struct tcp_glance *glance)
{
    if (!tcp_queue_attach(tcp, tcb)) {
        refuse_rest(tcp, tcb, glance);
        return;
    }
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    uint32_t segments = tcp_glance_segments(glance);
    tcb->last_data_ms = tcp_now_ms(tcp);
    side->data_received += segments;
    uint32_t taken = take_all(tcp, tcb, queue, glance);
    if (__builtin_expect(taken != glance->data_len, 0))
        refuse_rest(tcp, tcb, glance);
    tcb->rcv.nxt += taken;
    queue->in_order_bytes += taken;
    tcp_ack_in_order(tcp, tcb, taken, segments);
    side->bytes_received += taken;
    tcp_note(tcp, tcb, CIAO_DID_DATA_DELIVERED, taken, queue->in_order_bytes);
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
                         struct piece piece)
{
    uint32_t *link = &queue->out_of_order_first;
    bool anything = false;
    while (piece.len != 0) {
        struct tcp_run *run = *link == 0 ? NULL : run_at(tcp, *link);
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
            struct piece fresh = piece;
            fresh.len = step;
            uint32_t index = make_run(tcp, queue, &fresh);
            if (index == 0)
                return anything;
            run_at(tcp, index)->next = *link;
            *link = index;
            link = &run_at(tcp, index)->next;
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
    struct piece piece;
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
        const struct tcp_run *run = run_at(tcp, index);
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
        && block_at(tcp, queue, run_at(tcp, queue->out_of_order_first)->start, &block))
        h->opt.sack[n++] = with_fin(tcb, block);
    h->opt.n_sack = (uint8_t)n;
    return n;
}

/* ---- reading ---- */

uint32_t tcp_unread_bytes(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_queue(tcp, tcb)->in_order_bytes;
}

/* What is read is gone: the first run shrinks or goes. */
static void consume(struct tcp *tcp, struct tcp_queue *queue, uint32_t len)
{
    uint32_t index = queue->in_order_first;
    struct tcp_run *run = run_at(tcp, index);
    queue->in_order_bytes -= len;
    run->start += len;
    run->ptr += len;
    run->len -= len;
    if (run->len != 0)
        return;
    queue->in_order_first = run->next;
    if (queue->in_order_first == 0)
        queue->in_order_last = 0;
    free_run(tcp, queue, index);
}

/* The usual read: how many bytes were copied, and are gone. */
static size_t take_out(struct tcp *tcp, struct tcp_queue *queue, uint8_t *out, size_t len)
{
    size_t done = 0;
    while (queue->in_order_first != 0 && done < len) {
        const struct tcp_run *run = run_at(tcp, queue->in_order_first);
        uint32_t n = len - done < run->len ? (uint32_t)(len - done) : run->len;
        memcpy(out + done, run->ptr, n);
        done += n;
        consume(tcp, queue, n);
    }
    return done;
}

/* The same when it is just a look, or bytes are thrown away. */
static size_t copy_out(struct tcp *tcp, struct tcp_queue *queue, const struct tcp_read *read)
{
    uint8_t *out = read->data;
    size_t done = 0;
    uint32_t index = queue->in_order_first, skip = read->skip;
    for (; index != 0 && skip >= run_at(tcp, index)->len; index = run_at(tcp, index)->next)
        skip -= run_at(tcp, index)->len;
    while (index != 0 && done < read->len) {
        const struct tcp_run *run = run_at(tcp, index);
        uint32_t n = run->len - skip;
        n = read->len - done < n ? (uint32_t)(read->len - done) : n;
        if (out != NULL)
            memcpy(out + done, run->ptr + skip, n);
        done += n;
        skip = 0;
        index = run->next;
        if (!read->peek)
            consume(tcp, queue, n);
    }
    return done;
}

/* How many bytes were taken; 0: there are none. */
int64_t tcp_receive_read(struct tcp *tcp, struct tcb *tcb, const struct tcp_read *read)
{
    if (tcb->queue == 0)
        return 0;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    bool usual = !read->peek && read->data != NULL;
    size_t done = usual ? take_out(tcp, queue, read->data, read->len) : copy_out(tcp, queue, read);
    if (!read->peek && done != 0)
        tcp_window_read(tcp, tcb);
    if (queue->in_order_first == 0)
        tcp_queue_emptied(tcp, tcb);
    return (int64_t)done;
}

void tcp_receive_skip(struct tcp *tcp, struct tcb *tcb, uint32_t len)
{
    const struct tcp_read read = {.len = len};
    (void)tcp_receive_read(tcp, tcb, &read);
}

static void flush_list(struct tcp *tcp, struct tcp_queue *queue, uint32_t index)
{
    while (index != 0) {
        uint32_t next = run_at(tcp, index)->next;
        free_run(tcp, queue, index);
        index = next;
    }
}

void tcp_receive_flush(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->queue == 0)
        return;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    flush_list(tcp, queue, queue->in_order_first);
    flush_list(tcp, queue, queue->out_of_order_first);
    queue->in_order_first = queue->in_order_last = queue->out_of_order_first = 0;
    queue->in_order_bytes = queue->out_of_order_bytes = 0;
    tcb->held_runs = 0;
    tcp_queue_emptied(tcp, tcb);
}
