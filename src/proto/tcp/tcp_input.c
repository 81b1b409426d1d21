/*
 * A datagram with protocol 6: can it be read, is it whole, and whose is it?  [RFC9293 3.1, 3.10.7]
 *
 * Here a segment is made of it and handed to who answers for its connection: a TCB
 * (tcp_arrive.c, tcp_handshake.c), a half-open record (tcp_syn.c), a TIME-WAIT record
 * (tcp_wait.c), a listener (tcp_listen.c), or nobody.
 */
#include "proto/tcp/tcp_wait.h"
#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/protocol.h"

/* ---- whose it is ---- */

static void told_received(struct tcp *tcp, const struct tcp_head *head,
                          const struct tcp_segment *seg)
{
    if (!trace_on(tcp->trace, CIAO_EVENTS_WIRE))
        return;
    struct ciao_event_segment event = tcp_event_of(seg);
    trace_segment(tcp->trace, (struct trace_context){head->life, (enum ciao_state)head->state},
                  CIAO_EVENT_RECEIVED, seg->h.flags, &event);
}

static void tcb_arrives(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    if (!(seg->flags & TCP_SYN))
        seg->wnd <<= tcb->snd_wscale;
    told_received(tcp, &tcb->head, seg);
    if (tcb->has_side)
        tcp_side(tcp, tcb)->segments_received += seg->segments;
    if (tcp_state_is(tcb, CIAO_SYN_SENT))
        tcp_syn_sent_arrives(tcp, tcb, seg);
    else
        tcp_synchronised_arrives(tcp, tcb, seg);
}

static __attribute__((noinline)) void wait_arrives(struct tcp *tcp, ref_t ref,
                                                   struct tcp_segment *seg)
{
    const struct tcp_tuple tuple = tcp_segment_tuple(seg);
    told_received(tcp, tcp_head_at(tcp, ref), seg);
    tcp_wait_arrives(tcp, ref, seg, &tuple);
}

static __attribute__((noinline)) void nobody_arrives(struct tcp *tcp, struct tcp_segment *seg)
{
    const struct tcp_tuple tuple = tcp_segment_tuple(seg);
    struct tcp_listener *listener = tcp_listen_find(tcp, &tuple, seg->hash);
    if (listener != NULL)
        tcp_listen_arrives(tcp, listener, seg, &tuple, 0);
    else
        tcp_closed_arrives(tcp, seg);
}

/* Of a record that is no TCB. */
static inline void record_arrives(struct tcp *tcp, ref_t ref, struct tcp_segment *seg)
{
    switch (ref_kind(ref)) {
    case KIND_SYN4:
    case KIND_SYN6:
        told_received(tcp, tcp_head_at(tcp, ref), seg);
        tcp_listen_syn_arrives(tcp, ref, seg);
        break;
    case KIND_TW4:
    case KIND_TW6: wait_arrives(tcp, ref, seg); break;
    case KIND_NONE: nobody_arrives(tcp, seg); break;
    case KIND_TCB4:
    case KIND_TCB6:
    case KIND_OTHER: ASSERT(ref == REF_NONE); /* listeners are not in the flow table */
    }
}

void tcp_deliver(struct tcp *tcp, ref_t ref, struct tcp_segment *seg)
{
    if (tcp_ref_is_tcb(ref))
        tcb_arrives(tcp, tcp_tcb_at(tcp, ref), seg);
    else
        record_arrives(tcp, ref, seg);
}

/* ---- is it whole? ---- */

static uint64_t load32(const uint8_t *from)
{
    uint32_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}

/* Of a header, which is whole words, 5 to 15. */
static uint64_t header_sum(const uint8_t *l4, uint32_t len)
{
    uint64_t sum = load32(l4) + load32(l4 + 4) + load32(l4 + 8) + load32(l4 + 12) + load32(l4 + 16);
    for (uint32_t at = TCP_HEADER_LEN; at < len; at += 4)
        sum += load32(l4 + at);
    return sum;
}

static uint64_t pseudo_sum(const struct ip_packet *packet)
{
    if (packet->v6)
        return csum_pseudo(&packet->src, &packet->dst, packet->protocol, packet->l4_len);
    return load32(packet->src.b + 12) + load32(packet->dst.b + 12)
           + BYTES_BE32(IP_PROTO_TCP << 16 | (packet->l4_len & 0xffff));
}

/* All that lies behind the IP header, in however many pieces. */
static uint32_t whole_sum(const struct ip_layer *ip, const struct ip_packet *packet)
{
    uint32_t sum = ip->csum->sum(packet->l4, packet->l4_head_len);
    bool odd = packet->l4_head_len & 1;
    uint32_t left = packet->l4_len - packet->l4_head_len;
    for (uint32_t i = 0; left != 0 && i < packet->frame->n_frags; i++) {
        const struct ciao_frag *frag = &packet->frame->frag[i];
        uint32_t len = frag->len < left ? frag->len : left;
        sum = csum_combine(sum, ip->csum->sum(frag->ptr, len), odd);
        odd ^= len & 1;
        left -= len;
    }
    return sum;
}

/* [RFC9293 3.1 MUST-3] */
static bool checksum_is_right(const struct tcp *tcp, const struct ip_packet *packet)
{
    if (packet->csum_ok)
        return true;
    bool all_header = packet->l4_len == (packet->l4[12] >> 4) * 4u
                      && packet->l4_len >= TCP_HEADER_LEN && packet->l4_len == packet->l4_head_len;
    uint64_t sum = pseudo_sum(packet);
    sum += all_header ? header_sum(packet->l4, packet->l4_len) : whole_sum(tcp->ip, packet);
    return csum_is_valid(sum);
}

/* CIAO_REASON_NONE, or why it can't be read. */
static enum ciao_reason parse(const struct tcp *tcp, const struct ip_packet *packet,
                              struct tcp_header *h)
{
    enum wire_fault fault = tcp_parse(packet->l4, packet->l4_head_len, h);
    if (fault == WIRE_TCP_SHORT)
        return CIAO_DROP_TCP_SHORT;
    if (!checksum_is_right(tcp, packet))
        return CIAO_DROP_TCP_CHECKSUM;
    if (fault == WIRE_TCP_OFFSET)
        return CIAO_DROP_TCP_OFFSET;
    return fault == WIRE_OK ? CIAO_REASON_NONE : CIAO_DROP_TCP_OPTION_LENGTH;
}

void tcp_segment_of(struct tcp_segment *seg, const struct ip_packet *packet)
{
    const struct tcp_header *h = &seg->h;
    uint16_t flags = h->flags;
    uint32_t data_len = packet->l4_len - h->header_len;
    seg->packet = packet;
    seg->seq = h->seq;
    seg->ack = h->ack;
    seg->wnd = h->wnd;
    seg->len = data_len + (flags >> 1 & 1u) + (flags & 1u);
    seg->data_len = data_len;
    seg->skip = 0;
    seg->flags = flags;
    seg->segments = packet->frame->segments == 0 ? 1 : packet->frame->segments;
}
BUILD_ASSERT(TCP_FIN == 1 && TCP_SYN == 2); /* SEG.LEN counts them */

void tcp_input(struct tcp *tcp, const struct ip_packet *packet, time_us now)
{
    struct tcp_segment seg;
    tcp_set_now(tcp, now);
    enum ciao_reason reason = parse(tcp, packet, &seg.h);
    if (reason == CIAO_REASON_NONE && (packet->broadcast || ip_is_multicast(&packet->dst)))
        reason = CIAO_DROP_TCP_TO_MANY; /* [RFC9293 3.9.2.3 MUST-57] */
    if (reason != CIAO_REASON_NONE) {
        trace_drop(tcp->trace, reason);
        return;
    }
    tcp_segment_of(&seg, packet);
    seg.hash = tcp_packet_hash(tcp, &seg);
    tcp_deliver(tcp, tcp_flow_arrives(tcp, &seg), &seg);
}
