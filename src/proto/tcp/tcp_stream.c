/*
 * The straight way out: new bytes in full segments, a last part of one, or an ACK alone, of a
 * connection to which nothing unusual happens.  [RFC9293 3.7.4, 3.8.6.2.1]
 *
 * It decides what tcp_output.c decides, writes what tcp_segment.c writes, and remembers what
 * tcp_output_sent_new() remembers, once for a run of segments instead of once for each.  It relies
 * on is_usual(): the handshake is done and no FIN waits, nothing is lost, suspected or probed for,
 * neither end holds anything out of order, no option but timestamps is to be sent, the link asks
 * for no neighbour and takes no super-segments.  Under these
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
#include "proto/tcp/tcp_send.h"
#include "proto/tcp/tcp_sums.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

#define TIMESTAMPS_LEN  12u
#define TIMESTAMPS_WORD 0x0101080au /* NOP, NOP, kind, length [RFC7323 A] */
#define SUM_OF_16(x)    ((uint32_t)BYTES_BE16((uint16_t)(x)))
#define HEAD_MOST       (IP6_HEADER_LEN + TCP_HEADER_LEN + TIMESTAMPS_LEN)

/* One turn's work, and what its segments have in common. */
struct run {
    struct tcp *tcp;
    struct tcb *tcb;
    struct tcp_side *side; /* NULL: there is none, and no bytes */
    const struct ciao_settings *settings;
    const uint8_t *model; /* the headers of the first segment; NULL: none has left yet */
    uint32_t ip_len, tcp_len;
    uint64_t ip_sum, pseudo_sum,
        tcp_sum;         /* of what does not change in them, as it lies in memory */
    bool partial;        /* the link completes checksums */
    struct tcp_place at; /* the next byte to leave */
    uint32_t segments;
};

enum verdict { LEAVES, STAYS, IS_UNUSUAL };

/* ---- bytes come from the program ---- */

size_t tcp_stream_write(struct tcp *tcp, struct tcb *tcb, const void *data, size_t len)
{
    const uint32_t unusual = TCB_FIN_QUEUED | TCB_HOLD_PARTIAL;
    if (tcb->queue == 0 || (tcb->flags & unusual) || (tcb->error | tcb->hungry) != 0
        || !tcp_state_sends(tcb))
        return 0;
    const struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t most = settings->sndbuf_bytes;
    if ((side->rack | (side->burst_flags & BURST_ON) | settings->notsent_lowat_bytes) != 0
        || (uint64_t)len + queue->sendq_bytes > most || !tcp->config->predict)
        return 0;
    size_t taken = tcp_sendq_append(tcp, tcb, data, len);
    if (taken == 0)
        return 0;
    tcp_note(tcp, tcb, CIAO_CALL_SEND, taken, tcb->snd_end - tcb->snd.nxt);
    tcp_output_wanted(tcp, tcb);
    if (queue->sendq_bytes > most - most / 3) /* as tcp_sendq_writable() has it */
        tcb->told_ready &= (uint8_t)~CIAO_WRITABLE;
    return taken;
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
    bool fin_waits = (tcb->flags & (TCB_FIN_QUEUED | TCB_FIN_SENT)) == TCB_FIN_QUEUED;
    return (states >> tcb->head.state & 1) && !(tcb->flags & unusual) && !fin_waits
           && ((tcb->repair & REPAIR_TAIL_DUE) | (tcb->ecn & ECN_OK) | (tcb->urgent & URGENT_SEND))
                  == 0;
}

static uint32_t unsent_bytes(const struct tcb *tcb)
{
    return tcb->flags & TCB_FIN_SENT ? 0 : tcb->snd_end - tcb->snd.nxt;
}

static bool link_is_usual(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct ciao_link *link = &tcp->ip->links.at[tcb->head.link].link;
    return link->kind != CIAO_LINK_ETHERNET
           && (link->gso_bytes <= tcb->smss || unsent_bytes(tcb) <= tcb->smss);
}

static bool is_usual(const struct tcp *tcp, const struct tcb *tcb)
{
    return state_is_usual(tcb)
           && (!tcb->has_side || queue_is_usual(tcp_side(tcp, tcb), tcp_queue(tcp, tcb)))
           && link_is_usual(tcp, tcb) && tcp->config->predict;
}

/* After a silence cwnd is to shrink first. [RFC5681 4.1] */
static bool was_silent(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t idle_ms = tcp_now_ms(tcp) - tcb->last_sent_ms;
    return tcb->snd.una == tcb->snd.nxt && tcb->last_sent_ms != 0
           && (uint64_t)idle_ms * 1000 > tcb->rto_us;
}

/* ---- how much ---- */

/* A part of a segment: Nagle's rule, unless it must wait for a timer.
 * [RFC9293 3.7.4 SHLD-7, MUST-17, 3.8.6.2.1 MUST-38] */
static enum verdict part(const struct run *run, uint32_t len, uint32_t unsent)
{
    const struct tcb *tcb = run->tcb;
    bool alone = tcb->snd.una == tcb->snd.nxt;
    if (run->settings->flags & CIAO_CORK)
        return IS_UNUSUAL;
    if (len == unsent || len >= tcb->snd.max_wnd / 2)
        return alone || (run->settings->flags & CIAO_NODELAY) ? LEAVES : STAYS;
    return alone ? IS_UNUSUAL : STAYS;
}

/* The next segment's length, with LEAVES. [RFC9293 3.8.6 MUST-34, RFC5681 2 5681-1] */
static enum verdict next_length(const struct run *run, uint32_t *next)
{
    struct tcb *tcb = run->tcb;
    uint32_t flight = tcb->snd.nxt - tcb->snd.una, unsent = tcb->snd_end - tcb->snd.nxt;
    int32_t usable = (int32_t)(tcb->snd.wnd - flight);
    if (unsent == 0) {
        tcb->flags &= ~TCB_CWND_LIMITED;
        return STAYS;
    }
    if (usable <= 0)
        return flight == 0 ? IS_UNUSUAL : STAYS;
    uint32_t len = unsent < (uint32_t)usable ? unsent : (uint32_t)usable;
    len = len < tcb->smss ? len : tcb->smss;
    uint32_t space = run->side->cwnd > flight ? run->side->cwnd - flight : 0;
    if (space < len) {
        tcb->flags |= TCB_CWND_LIMITED;
        return STAYS;
    }
    *next = len;
    enum verdict verdict = len == tcb->smss ? LEAVES : part(run, len, unsent);
    if (verdict != IS_UNUSUAL)
        tcb->flags &= ~TCB_CWND_LIMITED;
    return verdict;
}

/* ---- headers ---- */

/* Write a word, and say what it adds to a sum. */
static inline uint64_t put(uint8_t *at, uint32_t word)
{
    word = BYTES_BE32(word);
    __builtin_memcpy(at, &word, sizeof word);
    return word;
}

static void model_ip4(struct run *run, uint8_t *ip)
{
    const struct tcp_head *head = &run->tcb->head;
    uint32_t tos = run->settings->tos, ttl = run->settings->ttl;
    uint64_t addresses = put(ip + 12, head->laddr);
    addresses += put(ip + 16, head->raddr);
    run->pseudo_sum = addresses + SUM_OF_16(IP_PROTO_TCP);
    run->ip_sum = addresses + put(ip, 0x45000000 | tos << 16) + put(ip + 4, 0x4000) /* DF */
                  + put(ip + 8, ttl << 24 | IP_PROTO_TCP << 16);
}

static void model_ip6(struct run *run, uint8_t *ip)
{
    const struct tcp_addresses *from = &((const struct tcb6 *)(const void *)run->tcb)->addresses;
    uint32_t word[8];
    put(ip, 6u << 28 | (uint32_t)run->settings->tos << 20);
    put(ip + 4, (uint32_t)IP_PROTO_TCP << 8 | run->settings->ttl);
    __builtin_memcpy(ip + 8, from, sizeof *from);
    __builtin_memcpy(word, from, sizeof word);
    run->pseudo_sum = SUM_OF_16(IP_PROTO_TCP);
    for (unsigned i = 0; i < 8; i++)
        run->pseudo_sum += word[i];
}

/* Sequence number, PSH and checksum are missing yet. [RFC7323 3.2 7323-5, 7323-6, 5.4] */
static void model_tcp(struct run *run, uint8_t *l4)
{
    struct tcb *tcb = run->tcb;
    uint32_t wnd = tcp_segment_window(run->tcp, tcb);
    uint64_t sum = run->pseudo_sum;
    sum += put(l4, (uint32_t)tcb->head.lport << 16 | tcb->head.rport);
    sum += put(l4 + 8, tcb->rcv.nxt);
    sum += put(l4 + 12, run->tcp_len << 26 | TCP_ACK << 16 | wnd);
    put(l4 + 16, 0);
    if (tcb->flags & TCB_TS) {
        sum += put(l4 + 20, TIMESTAMPS_WORD);
        sum += put(l4 + 24, tcp_ts_now(run->tcp, tcb->ts_offset));
        sum += put(l4 + 28, tcb->ts_recent);
    }
    run->tcp_sum = sum;
    tcp_segment_acks(tcb);
}

static void make_model(struct run *run, uint8_t *l4)
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
    csum_store(ip + IP4_CHECKSUM_AT, csum_fold(run->ip_sum + SUM_OF_16(len) + SUM_OF_16(id)));
}

static uint64_t payload_sum(const struct csum_ops *csum, const struct ciao_frame *frame)
{
    uint64_t sum = 0;
    bool odd = false;
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        uint32_t part_sum = tcp_sums_of(csum, &frame->frag[i]);
        sum += odd ? csum_swap(part_sum) : part_sum;
        odd ^= frame->frag[i].len & 1;
    }
    return sum;
}

/* Of the last bytes before snd.nxt, which are in the frame's fragments. [RFC9293 3.1 MUST-2] */
static void put_headers(struct run *run, struct ciao_frame *frame, uint32_t data_len, bool push)
{
    uint8_t *l4 = frame->room + IP_TO_L4;
    seq_t seq = run->tcb->snd.nxt - data_len;
    if (run->model == NULL)
        make_model(run, l4);
    else
        __builtin_memcpy(l4 - IP6_HEADER_LEN, run->model + run->ip_len - IP6_HEADER_LEN, HEAD_MOST);
    uint32_t l4_len = run->tcp_len + data_len;
    put_ip_length(run, l4, l4_len);
    uint64_t sum = run->tcp_sum + put(l4 + 4, seq) + SUM_OF_16(l4_len);
    if (push) {
        l4[13] = TCP_ACK | TCP_PSH;
        sum += SUM_OF_16(TCP_PSH);
    } else {
        l4[13] = TCP_ACK;
    }
    frame->head = l4 - run->ip_len;
    frame->head_len = run->ip_len + run->tcp_len;
    frame->len = frame->head_len + data_len;
    if (run->partial) {
        csum_store_partial(l4 + TCP_CHECKSUM_OFFSET,
                           csum_fold(run->pseudo_sum + SUM_OF_16(l4_len)));
        frame->csum = CIAO_CSUM_PARTIAL;
        frame->csum_start = (uint16_t)run->ip_len;
        frame->csum_offset = TCP_CHECKSUM_OFFSET;
        return;
    }
    csum_store(l4 + TCP_CHECKSUM_OFFSET, csum_fold(sum + payload_sum(run->tcp->ip->csum, frame)));
}

static __attribute__((noinline)) void tell(const struct run *run, const struct ciao_frame *frame,
                                           uint32_t data_len)
{
    const uint8_t *l4 = frame->room + IP_TO_L4;
    struct ciao_event_segment event = {
        .seq = get_be32(l4 + 4),
        .ack = get_be32(l4 + 8),
        .len = data_len,
        .wnd = (uint32_t)get_be16(l4 + 14) << run->tcb->rcv_wscale,
        .wscale = 255,
        .segments = 1,
    };
    if (run->tcp_len > TCP_HEADER_LEN) {
        event.has_ts = true;
        event.ts_val = get_be32(l4 + 24);
        event.ts_ecr = get_be32(l4 + 28);
    }
    trace_segment(run->tcp->trace, tcp_at(run->tcb), CIAO_EVENT_SENT, l4[13], &event);
}

/* ---- bytes ---- */

/* References to so many bytes, as far as one frame's fragments go. */
static uint32_t put_payload(struct run *run, struct ciao_frame *frame, uint32_t len)
{
    uint32_t left = len, n_frags = 0;
    while (left != 0 && n_frags < CIAO_FRAME_FRAGS) {
        if (run->at.offset == tcp_sums_capacity(run->at.buf))
            run->at = (struct tcp_place){run->at.buf->next, 0};
        uint32_t n = tcp_sums_capacity(run->at.buf) - run->at.offset;
        n = n < left ? n : left;
        struct ciao_frag *frag = &frame->frag[n_frags++];
        frag->ptr = ciao_buf_bytes(run->at.buf) + run->at.offset;
        frag->len = n;
        frag->buf = ciao_buf_ref(run->at.buf);
        run->at.offset += n;
        left -= n;
    }
    frame->n_frags = n_frags;
    return len - left;
}

/* [RFC6298 5.1, RFC8985 7.2]  When it runs already, a second segment may still bring it nearer. */
static void start_timer(const struct run *run, uint32_t len)
{
    const struct tcb *tcb = run->tcb;
    uint32_t flight = tcb->snd.nxt - tcb->snd.una;
    bool second = flight > tcb->smss && flight - len <= tcb->smss;
    if (tcb->rexmt_at == 0 || (second && !(tcb->repair & REPAIR_TAIL_SET)))
        tcp_output_start_timer(run->tcp, run->tcb, len);
}

static void send_one(struct run *run, struct ciao_frame *frame, uint32_t len)
{
    struct tcb *tcb = run->tcb;
    ciao_frame_init(frame);
    len = put_payload(run, frame, len);
    bool push = len == tcb->snd_end - tcb->snd.nxt; /* [RFC9293 3.9.1.2 MUST-61, SHLD-27] */
    tcb->snd.nxt += len;
    run->segments++;
    start_timer(run, len);
    put_headers(run, frame, len, push);
    if (trace_on(run->tcp->trace, CIAO_EVENTS_WIRE))
        tell(run, frame, len);
}

/* What the run has sent is remembered. */
static void all_sent(struct run *run, seq_t start)
{
    struct tcp_side *side = run->side;
    struct tcb *tcb = run->tcb;
    uint32_t len = tcb->snd.nxt - start;
    tcp_sendq_sliced(tcp_queue(run->tcp, tcb), tcb->snd.nxt, run->at);
    tcp_range_sent(run->tcp, tcb, start, tcb->snd.nxt);
    side->segments_sent += run->segments;
    side->data_sent += run->segments;
    side->bytes_sent += len;
    tcp_output_has_sent(run->tcp, tcb, true);
}

/* New bytes, until something holds them up or the turn is over. */
static enum verdict send_bytes(struct run *run, struct tcp_turn *turn)
{
    struct tcp *tcp = run->tcp;
    struct tcb *tcb = run->tcb;
    seq_t start = tcb->snd.nxt;
    uint32_t len;
    if (was_silent(tcp, tcb) || !tcp_range_room(tcp))
        return IS_UNUSUAL;
    enum verdict verdict = next_length(run, &len);
    if (verdict != LEAVES)
        return verdict;
    run->at = tcp_sendq_place(tcb, tcp_queue(tcp, tcb), start);
    do {
        send_one(run, turn->frames[turn->made++], len);
        if (turn->made == turn->limit) /* what would hold up the next one is asked next time */
            break;
        verdict = next_length(run, &len);
    } while (verdict == LEAVES);
    all_sent(run, start);
    return verdict;
}

static void send_ack(struct run *run, struct ciao_frame *frame)
{
    ciao_frame_init(frame);
    put_headers(run, frame, 0, false);
    if (run->side != NULL)
        run->side->segments_sent++;
    if (trace_on(run->tcp->trace, CIAO_EVENTS_WIRE))
        tell(run, frame, 0);
}

enum tcp_stream tcp_stream_output(struct tcp *tcp, struct tcb *tcb, struct tcp_turn *turn)
{
    if (!is_usual(tcp, tcb))
        return TCP_STREAM_UNUSUAL;
    struct run run = {
        .tcp = tcp,
        .tcb = tcb,
        .side = tcb->has_side ? tcp_side(tcp, tcb) : NULL,
        .settings = tcp_tcb_settings(tcp, tcb),
    };
    if (unsent_bytes(tcb) == 0)
        tcb->flags &= ~TCB_CWND_LIMITED;
    else if (send_bytes(&run, turn) == IS_UNUSUAL)
        return TCP_STREAM_UNUSUAL;
    if ((tcb->flags & TCB_ACK_NOW) && turn->made < turn->limit)
        send_ack(&run, turn->frames[turn->made++]);
    return turn->made == turn->limit && unsent_bytes(tcb) != 0 ? TCP_STREAM_MORE : TCP_STREAM_DONE;
}
