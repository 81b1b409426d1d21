/*
 * Segments without data, written straight into their frame: SYN, SYN,ACK, FIN, and ACKs alone.
 * [RFC9293 3.1, 3.2, RFC7323 2-3]
 *
 * What leaves is what tcp_emit(), the checksums and ip_frame_finish() would make of the same
 * header; here each word is added to its sum while it is written.  It relies on a record that names
 * both ends, on options other than SACK blocks, and on a link that needs no neighbour's address
 * (tcp_control_is_plain() says so); whatever else leaves goes through tcp_segment.c.
 */
#include "base/bytes.h"
#include "base/flat.h"
#include "base/mostly.h"
#include "proto/tcp/tcp_control.h"
#include "proto/tcp/tcp_headers.h"

/* What IP's header is made of besides lengths. */
struct ends {
    const struct tcp_head *head;
    const struct tcp_addresses *addresses; /* of IPv6 */
    struct tcp_service service;
};

/* IP's header in front of TCP's, of which the sum is known; both checksums, and what the frame says
 * of itself. */
static inline __attribute__((always_inline)) void finish(struct ip_layer *ip,
                                                         const struct ends *ends,
                                                         struct ciao_frame *frame, uint32_t len,
                                                         uint64_t sum)
{
    uint8_t *l4 = frame->room + IP_TO_L4;
    bool v6 = ends->head->v6 != 0;
    uint32_t before = v6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
    uint64_t pseudo = v6 ? tcp_put_ip6(ends->addresses, ends->service, l4, len)
                         : tcp_put_ip4(ip, ends->head, ends->service, l4, len);
    pseudo = csum_add(pseudo, tcp_pseudo_sum(len));
    ciao_frame_init(frame);
    frame->head = l4 - before;
    frame->head_len = frame->len = before + len;
    if (ip->links.at[ends->head->link].link.tx_csum) {
        csum_store_partial(l4 + TCP_CHECKSUM_OFFSET, pseudo);
        frame->csum = CIAO_CSUM_PARTIAL;
        frame->csum_start = (uint16_t)before;
        frame->csum_offset = TCP_CHECKSUM_OFFSET;
    } else {
        csum_store(l4 + TCP_CHECKSUM_OFFSET, csum_add(pseudo, sum));
    }
}

static uint64_t put_timestamps(uint8_t *at, const struct tcp_options *opt, uint32_t first_two)
{
    uint64_t sum = csum_put_32(at, first_two << 16 | TCP_OPTION_TIMESTAMPS << 8 | 10);
    sum += csum_put_32(at + 4, opt->ts_val);
    return sum + csum_put_32(at + 8, opt->ts_ecr);
}

#define NOP_NOP        (TCP_OPTION_NOP << 8 | TCP_OPTION_NOP)
#define SACK_PERMITTED (TCP_OPTION_SACK_PERMITTED << 8 | 2)

/* As emit_syn_options() of wire/tcp.c lays them out; *len is where the header ends. */
static uint64_t put_syn_options(uint8_t *l4, const struct tcp_options *opt, uint32_t *len)
{
    uint64_t sum = 0;
    if (opt->has_mss) {
        sum += csum_put_32(l4 + *len, TCP_OPTION_MSS << 24 | 4 << 16 | opt->mss);
        *len += 4;
    }
    uint32_t pad = opt->sack_permitted ? SACK_PERMITTED : NOP_NOP;
    if (opt->has_ts) {
        sum += put_timestamps(l4 + *len, opt, pad);
        *len += 12;
    } else if (opt->sack_permitted) {
        sum += csum_put_32(l4 + *len, (uint32_t)NOP_NOP << 16 | pad);
        *len += 4;
    }
    if (opt->has_wscale) {
        sum += csum_put_32(l4 + *len, TCP_OPTION_NOP << 24 | TCP_OPTION_WSCALE << 16 | 3 << 8
                                          | (uint32_t)opt->wscale);
        *len += 4;
    }
    return sum;
}

static uint64_t put_options(uint8_t *l4, const struct tcp_header *h, uint32_t *len)
{
    if (h->flags & TCP_SYN)
        return put_syn_options(l4, &h->opt, len);
    if (!h->opt.has_ts)
        return 0;
    *len += 12;
    return put_timestamps(l4 + TCP_HEADER_LEN, &h->opt, NOP_NOP);
}

/* The TCP header with its checksum field 0; returns its sum. */
static inline uint64_t put_tcp(uint8_t *l4, const struct tcp_control *control, uint32_t *len)
{
    const struct tcp_header *h = &control->h;
    *len = TCP_HEADER_LEN;
    uint64_t sum = csum_add(put_options(l4, h, len), csum_put_32(l4 + 16, h->urp));
    uint32_t fourth = *len << 26 | (uint32_t)(h->flags & TCP_FLAGS) << 16 | h->wnd;
    sum = csum_add(sum, tcp_put_ports(l4, control->head, h->seq));
    return csum_add(sum, csum_put_64(l4 + 8, (uint64_t)h->ack << 32 | fourth));
}

void tcp_control_write(struct tcp *tcp, const struct tcp_control *control, struct ciao_frame *frame)
{
    const struct ends ends = {control->head, control->addresses, {control->ttl, control->tos}};
    uint32_t len;
    uint64_t sum = put_tcp(frame->room + IP_TO_L4, control, &len);
    finish(tcp->ip, &ends, frame, len, sum);
    frame->ecn = control->tos & IP_ECN_MASK;
}

/* An ACK of a connection, and its FIN, which has its number already. */
void tcp_control_put(struct tcp *tcp, struct tcb *tcb, uint32_t fin, struct ciao_frame *frame)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    const struct ends ends = {
        .head = &tcb->head,
        .addresses = tcp_tcb_addresses(tcb),
        .service = tcp_service_of(settings),
    };
    uint8_t *l4 = frame->room + IP_TO_L4;
    uint32_t wnd = tcp_segment_window(tcp, tcb), len = TCP_HEADER_LEN;
    uint64_t ports = tcp_put_ports(l4, &tcb->head, tcb->snd.nxt - fin);
    uint64_t sum = csum_put_32(l4 + 8, tcb->rcv.nxt);
    if (tcb->flags & TCB_TS) { /* [RFC7323 3.2 7323-5, 7323-6, 5.4] */
        len += 12;
        sum += csum_put_32(l4 + 20, TCP_NOP_NOP_TIMESTAMPS);
        sum += csum_put_32(l4 + 24, tcp_ts_now(tcp, tcb->ts_offset));
        sum += csum_put_32(l4 + 28, tcb->ts_recent);
    }
    sum += csum_put_32(l4 + 12, len << 26 | (TCP_ACK | fin) << 16 | wnd);
    sum += csum_put_32(l4 + 16, 0);
    tcp_segment_acks(tcb);
    finish(tcp->ip, &ends, frame, len, csum_add(ports, sum));
    if (tcb->has_side)
        tcp_side(tcp, tcb)->segments_sent++;
}
BUILD_ASSERT(TCP_FIN == 1); /* as a flag, and as a number that it takes */

/* ---- what a hello and a goodbye are made of ---- */

/* Flags of a TCB for which something else is to leave. */
#define UNUSUAL                                                                                \
    (TCB_SYN_DUE | TCB_SYN_UNACKED | TCB_PROBE | TCB_PERSIST | TCB_RECOVERY | TCB_RTO_RECOVERY \
     | TCB_PUSH | TCB_HOLD_PARTIAL | TCB_KEEPALIVE | TCB_DSACK)

static inline bool is_usual(const struct tcb *tcb)
{
    static const uint8_t odd[8] = {
        [TCB_BYTE(urgent)] = 0xff,
        [TCB_BYTE(ecn)] = 0xff,
        [TCB_BYTE(repair)] = REPAIR_TAIL_DUE,
    };
    const uint32_t states = 1u << CIAO_ESTABLISHED | 1u << CIAO_CLOSE_WAIT | 1u << CIAO_FIN_WAIT_1
                            | 1u << CIAO_FIN_WAIT_2 | 1u << CIAO_CLOSING | 1u << CIAO_LAST_ACK;
    return MOSTLY(states >> tcb->head.state & 1)
           && MOSTLY((tcb->flags & (UNUSUAL | TCB_TS)) == TCB_TS) && MOSTLY(tcb_is_clear(tcb, odd))
           && MOSTLY(!tcb->has_side);
}

/* What tcp_output_sent_new() does of a FIN where there are no bytes. */
static inline void fin_left(struct tcp *tcp, struct tcb *tcb)
{
    tcb->snd.nxt++;
    tcb->flags |= TCB_FIN_SENT;
    if (tcp_timer_is_set(tcb, TCP_TIMER_REXMT))
        tcp_output_start_timer(tcp, tcb, 0);
    else
        tcp_retransmit_timer_restart(tcp, tcb);
    tcp_output_has_sent(tcp, tcb, false);
}

/* Is it a FIN that leaves, for which the peer has room?  Then it has. */
static inline bool fin_leaves(struct tcp *tcp, struct tcb *tcb)
{
    if ((int32_t)(tcb->snd.una + tcb->snd.wnd - tcb->snd.nxt) <= 0 || !tcp_range_room(tcp))
        return false;
    fin_left(tcp, tcb);
    return true;
}

/* `v6` is known where this is compiled: each family has its own. */
TCP_WRITTEN_OUT void put_stamped(struct tcp *tcp, struct tcb *tcb, bool v6, uint32_t fin,
                                 struct ciao_frame *frame)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint8_t *l4 = tcp_put_frame(frame, v6, TCP_STAMPED_LEN, 0);
    uint32_t wnd = tcp_usual_window(tcp, tcb, settings, 0);
    uint64_t sum =
        v6 ? tcp_put_ip6(tcp_tcb_addresses(tcb), tcp_service_of(settings), l4, TCP_STAMPED_LEN)
           : tcp_put_ip4(tcp->ip, &tcb->head, tcp_service_of(settings), l4, TCP_STAMPED_LEN);
    sum = csum_add(sum, tcp_pseudo_sum(TCP_STAMPED_LEN));
    sum = csum_add(
        sum, tcp_put_stamped_tcb(tcp, tcb, l4, tcb->snd.nxt - fin, (TCP_ACK | fin) << 16 | wnd));
    csum_store(l4 + TCP_CHECKSUM_OFFSET, sum);
    tcp_segment_acks(tcb);
}

FLAT bool tcp_control_output(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    uint32_t fin = tcp_fin_waits(tcb) ? TCP_FIN : 0;
    if (!is_usual(tcb) || !(fin != 0 ? fin_leaves(tcp, tcb) : (tcb->flags & TCB_ACK_NOW) != 0))
        return false;
    if (tcb->head.v6)
        put_stamped(tcp, tcb, true, fin, frame);
    else
        put_stamped(tcp, tcb, false, fin, frame);
    return true;
}

/* ---- SYN and SYN,ACK with all their options ---- */

#define HELLO_LEN 40u

TCP_WRITTEN_OUT void put_hello(struct tcp *tcp, const struct tcp_hello *hello, bool v6,
                               struct ciao_frame *frame)
{
    const struct tcp_service service = tcp_service_of(hello->settings);
    uint32_t mss = TCP_OPTION_MSS << 24 | 4 << 16 | hello->mss;
    uint32_t permitted = (uint32_t)SACK_PERMITTED << 16 | TCP_OPTION_TIMESTAMPS << 8 | 10;
    uint32_t wscale = TCP_OPTION_NOP << 24 | TCP_OPTION_WSCALE << 16 | 3 << 8 | hello->wscale;
    uint32_t fourth =
        HELLO_LEN << 26 | (uint32_t)hello->flags << 16 | tcp_window_initial(hello->settings);
    uint8_t *l4 = tcp_put_frame(frame, v6, HELLO_LEN, 0);
    uint64_t sum = v6 ? tcp_put_ip6(hello->addresses, service, l4, HELLO_LEN)
                      : tcp_put_ip4(tcp->ip, hello->head, service, l4, HELLO_LEN);
    uint64_t ports = tcp_put_ports(l4, hello->head, hello->seq);
    uint64_t ack = csum_put_64(l4 + 8, (uint64_t)hello->ack << 32 | fourth);
    sum = csum_add_3(sum, tcp_pseudo_sum(HELLO_LEN), ports, ack);
    uint64_t size = csum_put_64(l4 + 16, mss);
    uint64_t val = csum_put_64(l4 + 24, (uint64_t)permitted << 32 | hello->ts_val);
    uint64_t ecr = csum_put_64(l4 + 32, (uint64_t)hello->ts_ecr << 32 | wscale);
    csum_store(l4 + TCP_CHECKSUM_OFFSET, csum_add_3(sum, size, val, ecr));
}

bool tcp_control_hello(struct tcp *tcp, const struct tcp_hello *hello, struct ciao_frame *frame)
{
    const uint32_t denied = CIAO_NO_TIMESTAMPS | CIAO_NO_SACK | CIAO_NO_WSCALE;
    const struct tcp_head *head = hello->head;
    if ((hello->settings->flags & denied) || !tcp_single_may(tcp, head->link))
        return false;
    if (frame == NULL)
        frame = ip_outbox_next(tcp->ip, head->link);
    if (frame == NULL)
        return true;
    if (head->v6)
        put_hello(tcp, hello, true, frame);
    else
        put_hello(tcp, hello, false, frame);
    return true;
}

bool tcp_control_is_plain(const struct tcp *tcp, const struct tcp_head *head)
{
    return tcp->ip->links.at[head->link].link.kind != CIAO_LINK_ETHERNET;
}

/* ---- from a record that has no TCB, by way of the outbox ---- */

/* As tcp_control_write() does it for an ACK with timestamps. */
static void put_wait_ack(struct tcp *tcp, const struct tcp_wait *wait, uint32_t ts_offset,
                         struct ciao_frame *frame)
{
    uint8_t *l4 = tcp_put_frame(frame, false, TCP_STAMPED_LEN, 0);
    const struct tcp_stamped stamped = {
        .head = &wait->head,
        .seq = wait->snd_nxt,
        .ack = wait->rcv_nxt,
        .flags_wnd = TCP_ACK << 16 | (uint16_t)(wait->rcv_wnd >> wait->rcv_wscale),
        .ts_val = tcp_ts_now(tcp, ts_offset),
        .ts_ecr = wait->ts_recent,
    };
    const struct tcp_service service = {tcp->config->tcp.ttl, 0};
    uint64_t sum = tcp_put_ip4(tcp->ip, &wait->head, service, l4, TCP_STAMPED_LEN);
    sum = csum_add(sum, tcp_pseudo_sum(TCP_STAMPED_LEN));
    csum_store(l4 + TCP_CHECKSUM_OFFSET, csum_add(sum, tcp_put_stamped(l4, &stamped)));
}

bool tcp_control_wait_ack(struct tcp *tcp, const struct tcp_wait *wait, uint32_t ts_offset)
{
    if (wait->head.v6 || !wait->has_ts || !tcp_single_may(tcp, wait->head.link))
        return false;
    struct ciao_frame *frame = ip_outbox_next(tcp->ip, wait->head.link);
    if (frame != NULL)
        put_wait_ack(tcp, wait, ts_offset, frame);
    return true;
}

void tcp_control_reply(struct tcp *tcp, const struct tcp_control *control, uint16_t route,
                       uint8_t wscale, bool again)
{
    const struct tcp_head *head = control->head;
    struct trace_context at = {head->life, (enum ciao_state)head->state};
    if (!tcp_control_is_plain(tcp, head) || trace_on(tcp->trace, CIAO_EVENTS_WIRE)) {
        struct tcp_bare bare = {
            .tuple = tcp_tuple_at(head, control->addresses),
            .at = at,
            .h = control->h,
            .route = route,
            .link = head->link,
            .ttl = control->ttl,
            .tos = control->tos,
            .wscale = wscale,
        };
        tcp_reply_bare(tcp, &bare, again);
        return;
    }
    struct ciao_frame *frame = ip_outbox_next(tcp->ip, head->link);
    if (frame != NULL)
        tcp_control_write(tcp, control, frame);
}
