/*
 * The straight way out: new bytes in full segments, a last part of one, the FIN when all else has
 * left, or an ACK alone, of a connection to which nothing unusual happens.
 * [RFC9293 3.7.4, 3.8.6.2.1]
 *
 * It decides what tcp_output.c decides, writes what tcp_segment.c writes, and remembers what
 * tcp_output_sent_new() remembers, once for a run of segments instead of once for each.  It relies
 * on what is asked below under "is it usual?": the handshake is done, no FIN waits behind bytes,
 * nothing is lost, suspected or probed for, neither end holds anything out of order, no option but
 * timestamps is to be sent, the link asks for no neighbour and takes no super-segments.
 * Under these
 *
 *   - what leaves is the front of what was never sent, as the peer's window, cwnd, Nagle's rule
 *     and the sender's silly-window rule allow, and PSH stands where the queue ends;
 *   - all segments of a run have the same headers but for place, length, identification, PSH and
 *     checksums.
 *
 * Where one of the rules asks for a timer, and wherever else there is doubt, nothing is done here
 * and tcp_output_next() is asked.
 */
#include "base/bytes.h"
#include "proto/ip/ip_internal.h"
#include "proto/tcp/tcp_control.h"
#include "proto/tcp/tcp_send.h"
#include "proto/tcp/tcp_sums.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

#define TIMESTAMPS_LEN 12u
#define HEAD_MOST      (IP6_HEADER_LEN + TCP_HEADER_LEN + TIMESTAMPS_LEN)

/* One turn's work, and what its segments have in common. */
struct run {
    struct tcp *tcp;
    struct tcb *tcb;
    struct tcp_side *side;   /* in use when there are bytes */
    struct tcp_queue *queue; /* the same */
    const struct ciao_settings *settings;
    const uint8_t *model; /* the headers of the first segment; NULL: none has left yet */
    uint32_t ip_len, tcp_len;
    uint64_t ip_sum, pseudo_sum,
        tcp_sum;         /* of what does not change in them, as it lies in memory */
    bool partial;        /* the link completes checksums */
    struct tcp_place at; /* the next byte to leave */
    uint32_t segments;
};

/* What next_length() says of bytes that wait. */
#define STAY    0u         /* none leaves now */
#define UNUSUAL UINT32_MAX /* tcp_output_next() decides */

/* ---- bytes come from the program ---- */

int64_t tcp_stream_write(struct tcp *tcp, struct tcb *tcb, const void *data, size_t len)
{
    const uint32_t unusual = TCB_FIN_QUEUED | TCB_HOLD_PARTIAL;
    if (tcb->queue == 0 || (tcb->flags & unusual) || (tcb->error | tcb->hungry) != 0 || len == 0
        || !tcp_state_sends(tcb))
        return 0;
    const struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t most = settings->sndbuf_bytes;
    if ((side->rack | (side->burst_flags & BURST_ON) | settings->notsent_lowat_bytes) != 0
        || (uint64_t)len + queue->sendq_bytes > most || !tcp->config->predict)
        return 0;
    size_t taken = len;
    if (__builtin_expect(tcp_sendq_is_short(queue, len), 1))
        tcp_sendq_append_short(tcp, tcb, queue, data, (uint32_t)len);
    else
        taken = tcp_sendq_append(tcp, tcb, data, len);
    if (taken == 0) {
        tcp_queue_emptied(tcp, tcb);
        return -CIAO_ENOMEM;
    }
    tcp_note(tcp, tcb, CIAO_CALL_SEND, taken, tcb->snd_end - tcb->snd.nxt);
    tcp_output_wanted(tcp, tcb);
    uint32_t used = queue->sendq_bytes;
    if (used > most / 2 && used > most - most / 3) /* as tcp_sendq_writable() has it */
        tcb->told_ready &= (uint8_t)~CIAO_WRITABLE;
    return (int64_t)taken;
}

/* ---- is it usual? ---- */

static bool queue_is_usual(const struct tcp_side *side, const struct tcp_queue *queue)
{
    return (side->lost_bytes | side->sacked_bytes | side->rack | queue->marks_first
            | queue->out_of_order_first | (side->burst_flags & BURST_ON))
           == 0;
}

static bool state_is_usual(const struct tcb *tcb)
{
    const uint32_t states = 1u << CIAO_ESTABLISHED | 1u << CIAO_CLOSE_WAIT | 1u << CIAO_FIN_WAIT_1
                            | 1u << CIAO_FIN_WAIT_2 | 1u << CIAO_CLOSING | 1u << CIAO_LAST_ACK;
    const uint32_t unusual = TCB_SYN_DUE | TCB_SYN_UNACKED | TCB_PROBE | TCB_PERSIST | TCB_RECOVERY
                             | TCB_RTO_RECOVERY | TCB_PUSH | TCB_HOLD_PARTIAL | TCB_KEEPALIVE
                             | TCB_DSACK;
    return (states >> tcb->head.state & 1) && !(tcb->flags & unusual)
           && !(tcp_fin_waits(tcb) && tcb->snd.nxt != tcb->snd_end)
           && ((tcb->repair & REPAIR_TAIL_DUE) | tcb->ecn | tcb->urgent) == 0;
}

static uint32_t unsent_bytes(const struct tcb *tcb)
{
    return tcb->flags & TCB_FIN_SENT ? 0 : tcb->snd_end - tcb->snd.nxt;
}

static bool link_is_usual(const struct ciao_link *link, const struct tcb *tcb)
{
    return link->kind != CIAO_LINK_ETHERNET
           && (link->gso_bytes <= tcb->smss || unsent_bytes(tcb) <= tcb->smss);
}

/* ---- how much ---- */

/* A part of a segment: Nagle's rule, unless it must wait for a timer.
 * [RFC9293 3.7.4 SHLD-7, MUST-17, 3.8.6.2.1 MUST-38] */
static uint32_t part(const struct run *run, uint32_t len, uint32_t unsent)
{
    const struct tcb *tcb = run->tcb;
    bool alone = tcb->snd.una == tcb->snd.nxt;
    if (run->settings->flags & CIAO_CORK)
        return UNUSUAL;
    if (len == unsent || len >= tcb->snd.max_wnd / 2)
        return alone || (run->settings->flags & CIAO_NODELAY) ? len : STAY;
    return alone ? UNUSUAL : STAY;
}

/* The length of the next segment, of which bytes wait. [RFC9293 3.8.6 MUST-34, RFC5681 2 5681-1] */
static inline uint32_t next_length(const struct run *run)
{
    struct tcb *tcb = run->tcb;
    uint32_t flight = tcb->snd.nxt - tcb->snd.una, unsent = tcb->snd_end - tcb->snd.nxt;
    int32_t usable = (int32_t)(tcb->snd.wnd - flight);
    if (usable <= 0)
        return flight == 0 ? UNUSUAL : STAY;
    uint32_t len = unsent < (uint32_t)usable ? unsent : (uint32_t)usable;
    len = len < tcb->smss ? len : tcb->smss;
    if (run->side->cwnd < flight + len) {
        tcb->flags |= TCB_CWND_LIMITED;
        return STAY;
    }
    uint32_t next = len == tcb->smss ? len : part(run, len, unsent);
    if (next != UNUSUAL)
        tcb->flags &= ~TCB_CWND_LIMITED;
    return next;
}

/* ---- headers ---- */

static void model_ip4(struct run *run, uint8_t *ip)
{
    const struct tcp_head *head = &run->tcb->head;
    uint32_t tos = run->settings->tos, ttl = run->settings->ttl;
    uint64_t addresses = (uint64_t)head->ends.laddr + head->ends.raddr;
    __builtin_memcpy(ip + 12, &head->ends.laddr, 8);
    run->pseudo_sum = addresses + csum_of_16(IP_PROTO_TCP);
    run->ip_sum = addresses + csum_put_32(ip, 0x45000000 | tos << 16)
                  + csum_put_32(ip + 4, 0x4000) /* DF */
                  + csum_put_32(ip + 8, ttl << 24 | IP_PROTO_TCP << 16);
}

static void model_ip6(struct run *run, uint8_t *ip)
{
    const struct tcp_addresses *from = &((const struct tcb6 *)(const void *)run->tcb)->addresses;
    uint32_t word[8];
    csum_put_32(ip, 6u << 28 | (uint32_t)run->settings->tos << 20);
    csum_put_32(ip + 4, (uint32_t)IP_PROTO_TCP << 8 | run->settings->ttl);
    __builtin_memcpy(ip + 8, from, sizeof *from);
    __builtin_memcpy(word, from, sizeof word);
    run->pseudo_sum = csum_of_16(IP_PROTO_TCP);
    for (unsigned i = 0; i < 8; i++)
        run->pseudo_sum += word[i];
}

/* Sequence number, PSH and checksum are missing yet. [RFC7323 3.2 7323-5, 7323-6, 5.4] */
static inline __attribute__((always_inline)) void model_tcp(struct run *run, uint8_t *l4)
{
    struct tcb *tcb = run->tcb;
    uint32_t wnd = tcp_segment_window(run->tcp, tcb);
    uint64_t sum = run->pseudo_sum;
    sum += csum_copy_word(l4, (const uint8_t *)&tcb->head.ends.lport);
    sum += csum_put_32(l4 + 8, tcb->rcv.nxt);
    sum += csum_put_32(l4 + 12, run->tcp_len << 26 | TCP_ACK << 16 | wnd);
    csum_put_32(l4 + 16, 0);
    if (tcb->flags & TCB_TS) {
        sum += csum_put_32(l4 + 20, TCP_NOP_NOP_TIMESTAMPS);
        sum += csum_put_32(l4 + 24, tcp_ts_now(run->tcp, tcb->ts_offset));
        sum += csum_put_32(l4 + 28, tcb->ts_recent);
    }
    run->tcp_sum = sum;
    tcp_segment_acks(tcb);
}

static inline __attribute__((always_inline)) void make_model(struct run *run, uint8_t *l4)
{
    run->tcp_len = run->tcb->flags & TCB_TS ? TCP_HEADER_LEN + TIMESTAMPS_LEN : TCP_HEADER_LEN;
    run->ip_len = run->tcb->head.v6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
    run->partial = run->tcp->ip->links.at[run->tcb->head.link].link.tx_csum;
    run->model = l4 - run->ip_len;
    if (run->tcb->head.v6)
        model_ip6(run, l4 - IP6_HEADER_LEN);
    else
        model_ip4(run, l4 - IP4_HEADER_LEN);
    model_tcp(run, l4);
}

/* [RFC6864 4]  Each datagram has its own identification. */
static void put_ip_length(const struct run *run, uint8_t *l4, uint32_t l4_len)
{
    if (run->tcb->head.v6) {
        put_be16(l4 - IP6_HEADER_LEN + IP6_PAYLOAD_LEN_AT, (uint16_t)l4_len);
        return;
    }
    uint8_t *ip = l4 - IP4_HEADER_LEN;
    uint16_t len = (uint16_t)(l4_len + IP4_HEADER_LEN), id = run->tcp->ip->next_id++;
    put_be16(ip + 2, len);
    put_be16(ip + 4, id);
    csum_store(ip + IP4_CHECKSUM_AT, run->ip_sum + csum_of_16(len) + csum_of_16(id));
}

/* Of `len` bytes from `seq` on, which are in the frame's fragments. */
static inline uint64_t payload_sum(const struct run *run, const struct ciao_frame *frame, seq_t seq,
                                   uint32_t len)
{
    const struct csum_ops *csum = run->tcp->ip->csum;
    if (run->queue->summed_at == seq && run->queue->summed_len == len)
        return run->queue->sum;
    if (frame->n_frags == 1)
        return tcp_sums_next(csum, &frame->frag[0]);
    return tcp_sums_of_frame(csum, frame);
}

/* Of the last bytes before snd.nxt, which are in the frame's fragments. [RFC9293 3.1 MUST-2] */
static inline __attribute__((always_inline)) void put_headers(struct run *run,
                                                              struct ciao_frame *frame,
                                                              uint32_t data_len, uint8_t flags)
{
    uint8_t *l4 = frame->room + IP_TO_L4;
    seq_t seq = run->tcb->snd.nxt - data_len;
    if (run->model == NULL)
        make_model(run, l4);
    else
        __builtin_memcpy(l4 - IP6_HEADER_LEN, run->model + run->ip_len - IP6_HEADER_LEN, HEAD_MOST);
    uint32_t l4_len = run->tcp_len + data_len;
    put_ip_length(run, l4, l4_len);
    uint64_t sum = run->tcp_sum + csum_put_32(l4 + 4, seq) + csum_of_16(l4_len);
    l4[13] = TCP_ACK | flags;
    sum += csum_of_16(flags);
    frame->head = l4 - run->ip_len;
    frame->head_len = run->ip_len + run->tcp_len;
    frame->len = frame->head_len + data_len;
    if (run->partial) {
        csum_store_partial(l4 + TCP_CHECKSUM_OFFSET, run->pseudo_sum + csum_of_16(l4_len));
        frame->csum = CIAO_CSUM_PARTIAL;
        frame->csum_start = (uint16_t)run->ip_len;
        frame->csum_offset = TCP_CHECKSUM_OFFSET;
        return;
    }
    csum_store(l4 + TCP_CHECKSUM_OFFSET, sum + payload_sum(run, frame, seq, data_len));
}

static __attribute__((noinline)) void tell(const struct tcp *tcp, const struct tcb *tcb,
                                           const struct ciao_frame *frame)
{
    const uint8_t *l4 = frame->room + IP_TO_L4;
    struct ciao_event_segment event = {
        .seq = get_be32(l4 + 4),
        .ack = get_be32(l4 + 8),
        .len = frame->len - frame->head_len,
        .wnd = (uint32_t)get_be16(l4 + 14) << tcb->rcv_wscale,
        .wscale = 255,
        .segments = 1,
    };
    if (l4[12] >> 4 > TCP_HEADER_LEN / 4) {
        event.has_ts = true;
        event.ts_val = get_be32(l4 + 24);
        event.ts_ecr = get_be32(l4 + 28);
    }
    trace_segment(tcp->trace, tcp_at(tcb), CIAO_EVENT_SENT, l4[13], &event);
}

/* ---- bytes ---- */

/* References to so many bytes, as far as one frame's fragments go. */
static inline uint32_t put_payload(struct run *run, struct ciao_frame *frame, uint32_t len)
{
    struct tcp_place at = run->at;
    struct ciao_frag *frag = frame->frag, *end = frag + CIAO_FRAME_FRAGS;
    uint32_t left = len;
    do {
        if (at.offset == tcp_sums_capacity(at.buf))
            at = (struct tcp_place){at.buf->next, 0};
        uint32_t n = tcp_sums_capacity(at.buf) - at.offset;
        n = n < left ? n : left;
        frag->ptr = ciao_buf_bytes(at.buf) + at.offset;
        frag->len = n;
        frag->buf = ciao_buf_ref(at.buf);
        at.offset += n;
        left -= n;
        frag++;
    } while (left != 0 && frag < end);
    frame->n_frags = (uint32_t)(frag - frame->frag);
    run->at = at;
    return len - left;
}

/* [RFC6298 5.1]  Mostly the timer would run out before a probe is due. [RFC8985 7.2] */
static void start_timer(const struct run *run, uint32_t len)
{
    struct tcb *tcb = run->tcb;
    struct tcp *tcp = run->tcp;
    bool probe_first = tcp_tail_due_us(tcb, tcb->snd.nxt - tcb->snd.una) < tcb->rto_us;
    if (tcb->rexmt_at != 0 || tcb->trouble_ms != 0 || probe_first) {
        tcp_output_start_timer(tcp, tcb, len);
        return;
    }
    tcb->repair &= (uint8_t)~REPAIR_TAIL_SET;
    tcp_timer_set(tcp, tcb, TCP_TIMER_REXMT, tcp->now + tcb->rto_us);
    tcp_note_why(tcp, tcb, CIAO_DID_TIMER_SET, TCP_TIMER_REXMT, tcb->rto_us);
}

/* When it runs already, a second segment may still bring it nearer. */
static inline bool timer_is_due(const struct tcb *tcb, uint32_t len)
{
    uint32_t flight = tcb->snd.nxt - tcb->snd.una;
    bool second = flight > tcb->smss && flight - len <= tcb->smss;
    return tcb->rexmt_at == 0 || (second && !(tcb->repair & REPAIR_TAIL_SET));
}

static inline void send_one(struct run *run, struct ciao_frame *frame, uint32_t len)
{
    struct tcb *tcb = run->tcb;
    ciao_frame_init(frame);
    len = put_payload(run, frame, len);
    tcb->snd.nxt += len;
    bool push = tcb->snd.nxt == tcb->snd_end; /* [RFC9293 3.9.1.2 MUST-61, SHLD-27] */
    run->segments++;
    if (timer_is_due(tcb, len))
        start_timer(run, len);
    put_headers(run, frame, len, push ? TCP_PSH : 0);
    if (trace_on(run->tcp->trace, CIAO_EVENTS_WIRE))
        tell(run->tcp, run->tcb, frame);
}

/* What full segments in the middle of a run have in common. */
struct full {
    const struct csum_ops *csum;
    struct ip_layer *ip;
    const uint8_t *model; /* as much in front of TCP's header as IPv6's takes */
    uint64_t ip_sum, tcp_sum;
    uint32_t head_len, data_len;
    bool v6;
};

/* [RFC6864 4]  Each datagram has its own identification. */
static inline void full_ip(const struct full *full, uint8_t *l4)
{
    uint16_t l4_len = (uint16_t)(full->data_len + TCP_HEADER_LEN + TIMESTAMPS_LEN);
    if (full->v6) {
        put_be16(l4 - IP6_HEADER_LEN + IP6_PAYLOAD_LEN_AT, l4_len);
        return;
    }
    uint8_t *ip = l4 - IP4_HEADER_LEN;
    uint16_t id = full->ip->next_id++;
    put_be16(ip + 2, (uint16_t)(l4_len + IP4_HEADER_LEN));
    put_be16(ip + 4, id);
    csum_store(ip + IP4_CHECKSUM_AT, full->ip_sum + csum_of_16(id));
}

static inline void full_segment(const struct full *full, struct ciao_frame *frame, seq_t seq,
                                struct tcp_place at)
{
    uint8_t *l4 = frame->room + IP_TO_L4;
    ciao_frame_init(frame);
    frame->n_frags = 1;
    frame->frag[0].ptr = ciao_buf_bytes(at.buf) + at.offset;
    frame->frag[0].len = full->data_len;
    frame->frag[0].buf = ciao_buf_ref(at.buf);
    frame->head = l4 + TCP_HEADER_LEN + TIMESTAMPS_LEN - full->head_len;
    frame->head_len = full->head_len;
    frame->len = full->head_len + full->data_len;
    __builtin_memcpy(l4 - IP6_HEADER_LEN, full->model, HEAD_MOST);
    full_ip(full, l4);
    uint64_t sum = full->tcp_sum + csum_put_32(l4 + 4, seq);
    csum_store(l4 + TCP_CHECKSUM_OFFSET, sum + tcp_sums_next(full->csum, &frame->frag[0]));
}

/* The next ones, behind the first: as many as are full, lie in one buffer and do not end the queue,
 * so that nothing is to be decided of each.  No timer minds the third segment on its way, nor any
 * behind it. */
static void send_full(struct run *run, struct tcp_turn *turn)
{
    struct tcb *tcb = run->tcb;
    uint32_t smss = tcb->smss, flight = tcb->snd.nxt - tcb->snd.una;
    uint32_t window = tcb->snd.wnd < run->side->cwnd ? tcb->snd.wnd : run->side->cwnd;
    uint32_t unsent = tcb->snd_end - tcb->snd.nxt;
    if (unsent <= smss || flight <= smss || flight >= window || tcb->rexmt_at == 0 || run->partial
        || run->tcp_len == TCP_HEADER_LEN || trace_on(run->tcp->trace, CIAO_EVENTS_WIRE))
        return;
    uint32_t room = window - flight < unsent - 1 ? window - flight : unsent - 1;
    uint32_t there = tcp_sums_capacity(run->at.buf) - run->at.offset, l4_len = run->tcp_len + smss;
    const struct full full = {
        .csum = run->tcp->ip->csum,
        .ip = run->tcp->ip,
        .model = run->model + run->ip_len - IP6_HEADER_LEN,
        .ip_sum = run->ip_sum + csum_of_16(l4_len + IP4_HEADER_LEN),
        .tcp_sum = run->tcp_sum + csum_of_16(l4_len),
        .head_len = run->ip_len + run->tcp_len,
        .data_len = smss,
        .v6 = tcb->head.v6,
    };
    seq_t seq = tcb->snd.nxt;
    unsigned made = turn->made;
    room = room < there ? room : there;
    for (; room >= smss && made < turn->limit; room -= smss, seq += smss, made++) {
        full_segment(&full, turn->frames[made], seq, run->at);
        run->at.offset += smss;
    }
    run->segments += made - turn->made;
    turn->made = made;
    tcb->snd.nxt = seq;
}

/* A segment alone on its way may have the record of the last one that was. */
static inline void remember_range(const struct run *run, seq_t start)
{
    struct tcp_queue *queue = run->queue;
    seq_t end = run->tcb->snd.nxt;
    uint32_t kept = queue->ranges_last;
    if (queue->ranges_first != 0 || kept == 0 || end - start > run->tcb->smss) {
        tcp_range_sent(run->tcp, run->tcb, start, end);
        return;
    }
    queue->ranges_first = kept;
    *tcp_range_at(run->tcp, kept) = (struct tcp_range){
        .start = start,
        .end = end,
        .sent_us = run->tcp->now,
        .delivered = run->side->delivered,
        .times = 1,
        .flags = end == run->tcb->snd_end ? RANGE_APP_LIMITED : 0,
        .segments = 1,
    };
}

/* What the run has sent is remembered. */
static inline void all_sent(struct run *run, seq_t start)
{
    struct tcp_side *side = run->side;
    struct tcb *tcb = run->tcb;
    uint32_t len = tcb->snd.nxt - start;
    tcp_sendq_sliced(run->queue, tcb->snd.nxt, run->at);
    remember_range(run, start);
    side->segments_sent += run->segments;
    side->data_sent += run->segments;
    side->bytes_sent += len;
    tcp_output_has_sent(run->tcp, tcb, true);
}

/* Nothing of the queue has been sent, as mostly; or it is looked for. */
static inline struct tcp_place first_place(const struct run *run, uint32_t unsent)
{
    struct tcp_queue *queue = run->queue;
    if (queue->sendq_bytes == unsent)
        return (struct tcp_place){queue->sendq_first, queue->sendq_skip};
    return tcp_sendq_place(run->tcb, queue, run->tcb->snd.nxt);
}

/* New bytes, until something holds them up or the turn is over; false: the rest is unusual. */
static bool send_bytes(struct run *run, struct tcp_turn *turn)
{
    struct tcb *tcb = run->tcb;
    seq_t start = tcb->snd.nxt;
    if ((tcb->snd.una == start && tcp_was_silent(run->tcp, tcb)) || !tcp_range_room(run->tcp))
        return false;
    uint32_t len = next_length(run);
    if (len == STAY || len == UNUSUAL)
        return len == STAY;
    run->at = first_place(run, tcb->snd_end - start);
    do {
        send_one(run, turn->frames[turn->made++], len);
        send_full(run, turn);
        if (tcb->snd.nxt == tcb->snd_end || turn->made == turn->limit)
            break; /* what would hold up the next one is asked next time */
        len = next_length(run);
    } while (len != STAY && len != UNUSUAL);
    all_sent(run, start);
    return len != UNUSUAL;
}

/* ---- no bytes ---- */

static inline void send_ack(struct tcp *tcp, struct tcb *tcb, struct tcp_turn *turn)
{
    struct ciao_frame *frame = turn->frames[turn->made++];
    tcp_control_put(tcp, tcb, 0, frame);
    if (trace_on(tcp->trace, CIAO_EVENTS_WIRE))
        tell(tcp, tcb, frame);
}

/* All has left but the FIN, for which the peer has room; false: it is unusual. */
static inline bool send_fin(struct tcp *tcp, struct tcb *tcb, struct tcp_turn *turn)
{
    if ((int32_t)(tcb->snd.una + tcb->snd.wnd - tcb->snd.nxt) <= 0 || !tcp_range_room(tcp))
        return false;
    struct ciao_frame *frame = turn->frames[turn->made++];
    tcp_output_sent_new(tcp, tcb, 0, true);
    tcp_control_put(tcp, tcb, TCP_FIN, frame);
    if (trace_on(tcp->trace, CIAO_EVENTS_WIRE))
        tell(tcp, tcb, frame);
    return true;
}

/* ---- a turn ---- */

/* No byte was ever queued. */
static enum tcp_stream send_control(struct tcp *tcp, struct tcb *tcb, struct tcp_turn *turn)
{
    if (tcp_fin_waits(tcb) && !send_fin(tcp, tcb, turn))
        return TCP_STREAM_UNUSUAL;
    if ((tcb->flags & TCB_ACK_NOW) && turn->made < turn->limit)
        send_ack(tcp, tcb, turn);
    return TCP_STREAM_DONE;
}

static enum tcp_stream send_queue(struct run *run, struct tcp_turn *turn)
{
    struct tcb *tcb = run->tcb;
    if (tcp_fin_waits(tcb)) {
        if (!send_fin(run->tcp, tcb, turn))
            return TCP_STREAM_UNUSUAL;
    } else if (unsent_bytes(tcb) == 0)
        tcb->flags &= ~TCB_CWND_LIMITED;
    else if (!send_bytes(run, turn))
        return TCP_STREAM_UNUSUAL;
    if ((tcb->flags & TCB_ACK_NOW) && turn->made < turn->limit)
        send_ack(run->tcp, tcb, turn);
    return turn->made == turn->limit && unsent_bytes(tcb) != 0 ? TCP_STREAM_MORE : TCP_STREAM_DONE;
}

enum tcp_stream tcp_stream_output(struct tcp *tcp, struct tcb *tcb, struct tcp_turn *turn)
{
    if (!state_is_usual(tcb) || !link_is_usual(&tcp->ip->links.at[tcb->head.link].link, tcb)
        || !tcp->config->predict)
        return TCP_STREAM_UNUSUAL;
    if (!tcb->has_side)
        return send_control(tcp, tcb, turn);
    struct run run = {
        .tcp = tcp,
        .tcb = tcb,
        .side = tcp_side(tcp, tcb),
        .queue = tcp_queue(tcp, tcb),
        .settings = tcp_tcb_settings(tcp, tcb),
    };
    if (!queue_is_usual(run.side, run.queue))
        return TCP_STREAM_UNUSUAL;
    return send_queue(&run, turn);
}
