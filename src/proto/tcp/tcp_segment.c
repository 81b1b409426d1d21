/*
 * Segments made: a header from tuple, route and connection, options, window, checksum.
 * [RFC9293 3.1, 3.2, RFC7323 2-3, RFC2018 4]
 *
 * The bytes themselves are references into the send queue.  What is to be sent, and whether, was
 * decided by whoever calls; here it is written down, and said in the event SENT.  SYN and RST of
 * records that have no TCB pass here too.
 */
#include "proto/tcp/tcp_control.h"
#include "proto/tcp/tcp_send.h"
#include "proto/tcp/tcp_sums.h"

#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/protocol.h"

/* [RFC7323 5.4 7323-9] */
uint32_t tcp_ts_now(const struct tcp *tcp, uint32_t offset)
{
    return tcp->now_ms + offset;
}

/* ---- options ---- */

/* SYN offers what the settings allow; SYN,ACK takes up what the peer has offered.
 * [RFC7323 2.2 7323-1, RFC2018 2 2018-1, RFC9293 3.2 MUST-65] */
static void syn_options(const struct tcp *tcp, const struct tcb *tcb, struct tcp_header *h)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    bool answer = (h->flags & TCP_ACK) != 0;
    h->opt.has_mss = true;
    h->opt.mss = tcp_syn_our_mss(tcp, tcb->head.link, tcb->head.v6 != 0, settings);
    h->opt.sack_permitted =
        answer ? (tcb->flags & TCB_SACK) != 0 : !(settings->flags & CIAO_NO_SACK);
    h->opt.has_wscale =
        answer ? (tcb->flags & TCB_WSCALE) != 0 : !(settings->flags & CIAO_NO_WSCALE);
    h->opt.wscale = tcb->rcv_wscale;
    h->opt.has_ts = answer ? (tcb->flags & TCB_TS) != 0 : !(settings->flags & CIAO_NO_TIMESTAMPS);
    h->opt.ts_val = tcp_ts_now(tcp, tcb->ts_offset);
    h->opt.ts_ecr = answer && h->opt.has_ts ? tcb->ts_recent : 0;
}

/* Only as many blocks as there is room for beside the data. [RFC2018 4 2018-2, 2018-3] */
static void sack_option(const struct tcp *tcp, const struct tcb *tcb, struct tcp_header *h,
                        uint32_t data_len)
{
    unsigned most = tcb->flags & TCB_TS ? TCP_SACK_MAX - 1 : TCP_SACK_MAX;
    if (data_len != 0) {
        uint32_t spare = data_len < tcb->smss ? tcb->smss - data_len : 0;
        unsigned fit = spare < 4 ? 0 : (spare - 4) / 8;
        most = fit < most ? fit : most;
    }
    if (most != 0)
        h->opt.n_sack = (uint8_t)tcp_receive_sack_blocks(tcp, tcb, h, most);
}

static void options(const struct tcp *tcp, const struct tcb *tcb, struct tcp_header *h,
                    uint32_t segment_data)
{
    if (h->flags & TCP_SYN) {
        syn_options(tcp, tcb, h);
        return;
    }
    if (tcb->flags & TCB_TS) { /* [RFC7323 3.2 7323-5, 7323-6] */
        h->opt.has_ts = true;
        h->opt.ts_val = tcp_ts_now(tcp, tcb->ts_offset);
        h->opt.ts_ecr = tcb->ts_recent;
    }
    if ((tcb->flags & TCB_SACK) && tcb->has_side)
        sack_option(tcp, tcb, h, segment_data);
}

uint32_t tcp_segment_room(const struct tcp *tcp, const struct tcb *tcb)
{
    if (!(tcb->flags & TCB_SACK) || tcp_queue(tcp, tcb)->out_of_order_first == 0)
        return tcb->smss;
    struct tcp_header h = {.flags = TCP_ACK};
    unsigned most = tcb->flags & TCB_TS ? TCP_SACK_MAX - 1 : TCP_SACK_MAX;
    uint32_t blocks = tcp_receive_sack_blocks(tcp, tcb, &h, most);
    uint32_t bytes = blocks == 0 ? 0 : 4 + 8 * blocks;
    return tcb->smss > 2 * bytes ? tcb->smss - bytes : tcb->smss;
}

uint32_t tcp_segment_super(const struct tcp *tcp, const struct tcb *tcb, uint32_t room)
{
    if (tcb->urgent & URGENT_SEND) /* each wire segment has its own pointer */
        return room;
    uint32_t gso = ip_link(tcp->ip, tcb->head.link)->gso_bytes;
    const uint32_t headers = 120; /* IPv6 and TCP with all options: a packet has 65,535 bytes */
    uint32_t most = gso < 65535 - headers ? gso : 65535 - headers;
    return most > room ? most : room;
}

/* ---- checksums ---- */

/* [RFC9293 3.1 MUST-2]  The header's length is even, so the payload begins at an even offset. */
static void put_checksum(const struct tcp *tcp, const struct ip_out *out, struct ciao_frame *frame,
                         uint8_t *l4, uint32_t header_len, uint32_t data_len)
{
    uint8_t *field = l4 + TCP_CHECKSUM_OFFSET;
    uint32_t sum = csum_pseudo(&out->src, &out->dst, IP_PROTO_TCP, header_len + data_len);
    if (ip_link(tcp->ip, out->link)->tx_csum) {
        csum_store_partial(field, sum);
        frame->csum = CIAO_CSUM_PARTIAL;
        frame->csum_offset = TCP_CHECKSUM_OFFSET;
        return;
    }
    sum += csum_small(l4, header_len);
    if (data_len != 0)
        sum += tcp_sums_of_frame(tcp->ip->csum, frame);
    csum_store(field, sum);
}

/* ---- events ---- */

static struct ciao_event_segment event_of(const struct tcp_header *h, uint32_t len, unsigned shift)
{
    struct ciao_event_segment event = {
        .seq = h->seq,
        .ack = h->ack,
        .len = len,
        .wnd = (uint32_t)h->wnd << shift,
        .ts_val = h->opt.has_ts ? h->opt.ts_val : 0,
        .ts_ecr = h->opt.has_ts ? h->opt.ts_ecr : 0,
        .mss = h->opt.has_mss ? h->opt.mss : 0,
        .wscale = h->opt.has_wscale ? h->opt.wscale : 255,
        .sack_permitted = h->opt.sack_permitted,
        .has_ts = h->opt.has_ts,
        .segments = 1,
    };
    event.n_sack = h->opt.n_sack & 15u;
    if (h->opt.n_sack != 0) {
        event.sack_start = h->opt.sack[0].start;
        event.sack_end = h->opt.sack[0].end;
    }
    return event;
}

static void tell_sent(struct tcp *tcp, const struct tcb *tcb, const struct tcp_header *h,
                      const struct tcp_piece *piece, const struct ciao_frame *frame)
{
    if (!trace_on(tcp->trace, CIAO_EVENTS_WIRE))
        return;
    unsigned shift = h->flags & TCP_SYN ? 0 : tcb->rcv_wscale;
    struct ciao_event_segment event = event_of(h, piece->data_len, shift);
    event.again = piece->again;
    event.probe = piece->probe;
    event.segments = frame->segments;
    trace_segment(tcp->trace, tcp_at(tcb), CIAO_EVENT_SENT, h->flags, &event);
}

/* ---- a connection's segment ---- */

/* The edge never moves left. [RFC9293 3.8.6 SHLD-14] */
static uint16_t window_field(struct tcb *tcb, uint32_t bytes, unsigned shift, bool ack)
{
    uint32_t field = bytes >> shift;
    field = field < 65535 ? field : 65535;
    seq_t edge = tcb->rcv.nxt + (field << shift);
    if (ack && seq_gt(edge, tcb->rcv.edge))
        tcb->rcv.edge = edge;
    return (uint16_t)field;
}

uint16_t tcp_segment_window(struct tcp *tcp, struct tcb *tcb)
{
    return window_field(tcb, tcp_window_offer(tcp, tcb), tcb->rcv_wscale, true);
}

/* SYNs' windows are never scaled. [RFC7323 2.2 7323-1, 2.3 7323-3] */
static void put_window(struct tcp *tcp, struct tcb *tcb, struct tcp_header *h)
{
    bool syn = (h->flags & TCP_SYN) != 0;
    uint32_t bytes =
        syn ? tcp_window_initial(tcp_tcb_settings(tcp, tcb)) : tcp_window_offer(tcp, tcb);
    h->wnd = window_field(tcb, bytes, syn ? 0 : tcb->rcv_wscale, (h->flags & TCP_ACK) != 0);
}

void tcp_segment_acks(struct tcb *tcb)
{
    tcb->last_ack_sent = tcb->rcv.nxt;
    tcb->flags &= ~(TCB_ACK_NOW | TCB_ACK_DELAYED | TCB_DSACK);
    tcp_timer_stop(tcb, TCP_TIMER_ACK);
}

static void fill_header(struct tcp *tcp, struct tcb *tcb, const struct tcp_piece *piece,
                        struct tcp_header *h)
{
    *h = (struct tcp_header){
        .sport = tcp_lport(&tcb->head),
        .dport = tcp_rport(&tcb->head),
        .seq = piece->seq,
        .ack = piece->flags & TCP_ACK ? tcb->rcv.nxt : 0,
        .flags = piece->flags,
    };
    if (tcb->urgent & URGENT_SEND)
        tcp_urgent_point(tcb, h);
    put_window(tcp, tcb, h);
    options(tcp, tcb, h, piece->gso_size != 0 ? piece->gso_size : piece->data_len);
}

/* The same of a SYN, without the ports: these are the record's. */
static void fill_syn(struct tcp *tcp, struct tcb *tcb, const struct tcp_piece *piece,
                     struct tcp_header *h)
{
    h->seq = piece->seq;
    h->ack = piece->flags & TCP_ACK ? tcb->rcv.nxt : 0;
    h->flags = piece->flags;
    h->urp = 0;
    h->opt.n_sack = 0;
    put_window(tcp, tcb, h);
    syn_options(tcp, tcb, h);
}

static struct ip_out out_of(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    struct tcp_tuple tuple = tcp_tcb_tuple(tcb);
    return (struct ip_out){
        .src = tuple.local, /* [RFC9293 3.9.1.1 MUST-45] */
        .dst = tuple.remote,
        .protocol = IP_PROTO_TCP,
        .ttl = settings->ttl, /* [RFC9293 3.9.2 MUST-49] */
        .tos = settings->tos, /* [RFC9293 3.9.1.9 MUST-48, SHLD-22] */
        .route = tcb->route,
        .link = tcb->head.link,
    };
}

static void put_payload(struct tcp *tcp, struct tcb *tcb, const struct tcp_piece *piece,
                        struct ciao_frame *frame)
{
    if (piece->data_len == 0)
        return;
    uint32_t sliced = tcp_sendq_slice(tcp, tcb, piece->seq, piece->data_len, frame);
    ASSERT(sliced == piece->data_len); /* tcp_sendq_reach() was asked */
    if (piece->gso_size == 0)
        return;
    frame->gso = tcb->head.v6 ? CIAO_GSO_TCP6 : CIAO_GSO_TCP4;
    frame->gso_size = (uint16_t)piece->gso_size;
    frame->segments = (uint16_t)((piece->data_len + piece->gso_size - 1) / piece->gso_size);
}

/* Nothing but a header, of the plain kind: in one go. */
static bool emit_control(struct tcp *tcp, struct tcb *tcb, const struct tcp_piece *piece,
                         struct ciao_frame *frame)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    struct tcp_control control;
    control.head = &tcb->head;
    control.addresses = &((const struct tcb6 *)(const void *)tcb)->addresses;
    control.ttl = settings->ttl;
    control.tos = settings->tos;
    if ((piece->flags & TCP_SYN) && tcb->urgent == 0)
        fill_syn(tcp, tcb, piece, &control.h);
    else
        fill_header(tcp, tcb, piece, &control.h);
    if (control.h.opt.n_sack != 0)
        return false;
    if (tcb->ecn & ECN_OK)
        control.tos |= tcp_ecn_mark(tcb, piece, &control.h);
    tcp_control_write(tcp, &control, frame);
    if (control.h.flags & TCP_ACK)
        tcp_segment_acks(tcb);
    if (tcb->has_side)
        tcp_side(tcp, tcb)->segments_sent++;
    tell_sent(tcp, tcb, &control.h, piece, frame);
    return true;
}

bool tcp_segment_emit(struct tcp *tcp, struct tcb *tcb, const struct tcp_piece *piece,
                      struct ciao_frame *frame)
{
    if (piece->data_len == 0 && tcp_control_is_plain(tcp, &tcb->head)
        && emit_control(tcp, tcb, piece, frame))
        return true;
    struct tcp_header h;
    uint8_t *l4 = ip_frame_begin(frame, tcp->ip, tcb->head.link, tcb->head.v6);
    put_payload(tcp, tcb, piece, frame);
    fill_header(tcp, tcb, piece, &h);
    uint8_t ecn = tcb->ecn & ECN_OK ? tcp_ecn_mark(tcb, piece, &h) : 0;
    uint32_t header_len = (uint32_t)tcp_emit(&h, l4);
    struct ip_out out = out_of(tcp, tcb);
    out.tos |= ecn;
    put_checksum(tcp, &out, frame, l4, header_len, piece->data_len);
    if (h.flags & TCP_ACK)
        tcp_segment_acks(tcb);
    if (tcb->has_side) {
        struct tcp_side *side = tcp_side(tcp, tcb);
        side->segments_sent += frame->segments;
        side->bytes_sent += piece->data_len;
        side->data_sent += piece->data_len != 0 ? frame->segments : 0;
    }
    tell_sent(tcp, tcb, &h, piece, frame);
    return ip_frame_finish(tcp->ip, frame, &out, header_len, tcp->now);
}

/* ---- segments outside any queue ---- */

__attribute__((noinline)) void tcp_reply_bare(struct tcp *tcp, const struct tcp_bare *bare,
                                              bool again)
{
    uint8_t l4[TCP_HEADER_MAX];
    const struct ip_out out = {
        .src = bare->tuple.local,
        .dst = bare->tuple.remote,
        .protocol = IP_PROTO_TCP,
        .ttl = bare->ttl,
        .tos = bare->tos,
        .route = bare->route,
        .link = bare->link,
    };
    struct tcp_header h = bare->h;
    h.sport = bare->tuple.local_port;
    h.dport = bare->tuple.remote_port;
    uint32_t len = (uint32_t)tcp_emit(&h, l4);
    uint32_t sum = csum_pseudo(&out.src, &out.dst, IP_PROTO_TCP, len) + csum_small(l4, len);
    csum_store(l4 + TCP_CHECKSUM_OFFSET, sum);
    if (trace_on(tcp->trace, CIAO_EVENTS_WIRE)) {
        struct ciao_event_segment event = event_of(&h, 0, h.flags & TCP_SYN ? 0 : bare->wscale);
        event.again = again;
        trace_segment(tcp->trace, bare->at, CIAO_EVENT_SENT, h.flags, &event);
    }
    ip_reply(tcp->ip, &out, l4, len, tcp->now);
}

/* The way back to whoever sent this; false when there is none. */
static bool way_back(const struct tcp *tcp, const struct ip_packet *packet, struct tcp_bare *bare)
{
    struct ip_path path;
    if (ip_path_to(tcp->ip, &packet->src, &packet->dst, &path) != 0)
        return false;
    bare->route = path.route;
    bare->link = path.link;
    bare->ttl = tcp->config->tcp.ttl;
    bare->tos = tcp->config->tcp.tos;
    return true;
}

/* [RFC9293 3.10.7.1 EV-2, EV-3]  Never in answer to a RST. */
void tcp_reply_rst(struct tcp *tcp, const struct tcp_segment *seg, enum ciao_reason reason,
                   uint64_t life, enum ciao_state state)
{
    struct tcp_bare bare = {
        .tuple = {seg->packet->dst, seg->packet->src, seg->h.dport, seg->h.sport},
        .at = {life, state},
    };
    if ((seg->h.flags & TCP_RST) || !way_back(tcp, seg->packet, &bare))
        return;
    if (seg->h.flags & TCP_ACK) {
        bare.h.seq = seg->h.ack;
        bare.h.flags = TCP_RST;
    } else {
        uint32_t controls = (seg->h.flags & TCP_SYN ? 1u : 0u) + (seg->h.flags & TCP_FIN ? 1u : 0u);
        bare.h.ack = seg->h.seq + (seg->packet->l4_len - seg->h.header_len) + controls;
        bare.h.flags = TCP_RST | TCP_ACK;
    }
    trace_reason(tcp->trace, bare.at, reason, bare.h.seq, bare.h.ack);
    tcp_reply_bare(tcp, &bare, false);
}

/* [RFC9293 3.10.5, 3.10.7.4]  With a timestamp where they were agreed [RFC7323 3.2]. */
void tcp_reply_tcb_rst(struct tcp *tcp, struct tcb *tcb, enum ciao_reason reason)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    struct tcp_bare bare = {
        .tuple = tcp_tcb_tuple(tcb),
        .at = tcp_at(tcb),
        .h = {.seq = tcb->snd.nxt, .ack = tcb->rcv.nxt, .flags = TCP_RST | TCP_ACK},
        .route = tcb->route,
        .link = tcb->head.link,
        .ttl = settings->ttl,
        .tos = settings->tos,
    };
    if (tcb->flags & TCB_TS) {
        bare.h.opt.has_ts = true;
        bare.h.opt.ts_val = tcp_ts_now(tcp, tcb->ts_offset);
        bare.h.opt.ts_ecr = tcb->ts_recent;
    }
    tcp_note(tcp, tcb, reason, bare.h.seq, bare.h.ack);
    tcp_reply_bare(tcp, &bare, false);
}
