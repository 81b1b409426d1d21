/*
 * Headers of a connection's usual segments, written in front of where their text goes and summed at
 * the same time.  [RFC9293 3.1, RFC791 3.1, RFC8200 3, RFC7323 3.2]
 *
 * What stands here is what wire/tcp.c, wire/ip4.c and wire/ip6.c would write: no option but
 * timestamps, a link that needs nobody's address.  `l4` is where TCP's header begins, with room
 * for the other one in front; sums are as wire/checksum.h has them, not folded.
 */
#ifndef PROTO_TCP_TCP_HEADERS_H
#define PROTO_TCP_TCP_HEADERS_H

#include "proto/ip/ip_internal.h"
#include "proto/tcp/tcp_send.h"
#include "wire/checksum.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

#define TCP_STAMPED_LEN 32u /* of a header with timestamps */
/* Each caller has its own copy, where it knows more. */
#define TCP_WRITTEN_OUT static inline __attribute__((always_inline))
#define TCP_IP4_DF      0x4000u

static __attribute__((noinline)) uint32_t tcp_unusual_window(struct tcp *tcp, struct tcb *tcb)
{
    return tcp_segment_window(tcp, tcb);
}

/* The window as the header says it, as tcp_segment_window() has it: mostly what was offered stays
 * offered, rounded up, since no more than a small step could be added; or, after a SYN, whose
 * window is not scaled, all that is free is offered now.  `charged`: what the receive queue holds.
 * [RFC9293 3.8.6.2.2] */
TCP_WRITTEN_OUT uint32_t tcp_usual_window(struct tcp *tcp, struct tcb *tcb,
                                          const struct ciao_settings *settings, uint32_t charged)
{
    uint32_t step = tcb->rmss < 536 ? 536 : tcb->rmss; /* less is not worth telling */
    uint32_t shift = tcb->rcv_wscale, rest = ((uint32_t)1 << shift) - 1;
    uint32_t offered = tcb->rcv.edge - tcb->rcv.nxt;
    uint32_t free = settings->rcvbuf_bytes - charged; /* huge: none is free */
    uint32_t field = (offered + rest) >> shift;
    if ((free & ~rest) - offered >= step) {
        if (charged != 0 || (free & ~rest) < offered || free >> shift > UINT16_MAX)
            return tcp_unusual_window(tcp, tcb);
        field = free >> shift;
    }
    if (settings->rcvbuf_bytes < 2 * step || settings->window_clamp_bytes != 0 || field == 0
        || (tcb->flags & TCB_OUR_WINDOW_TOLD))
        return tcp_unusual_window(tcp, tcb);
    seq_t edge = tcb->rcv.nxt + (field << shift);
    if (seq_gt(edge, tcb->rcv.edge))
        tcb->rcv.edge = edge;
    return field;
}

/* How IP is to treat it. */
struct tcp_service {
    uint32_t ttl, tos;
};
TCP_WRITTEN_OUT struct tcp_service tcp_service_of(const struct ciao_settings *settings)
{
    return (struct tcp_service){settings->ttl, settings->tos};
}

/* For a datagram of its own [RFC6864 4]; returns the sum of the addresses. */
TCP_WRITTEN_OUT uint64_t tcp_put_ip4(struct ip_layer *ip, const struct tcp_head *head,
                                     struct tcp_service service, uint8_t *l4, uint32_t l4_len)
{
    uint8_t *l3 = l4 - IP4_HEADER_LEN;
    uint32_t first = 0x45000000u | service.tos << 16 | (l4_len + IP4_HEADER_LEN);
    uint32_t second = (uint32_t)ip->next_id++ << 16 | TCP_IP4_DF;
    uint32_t third = service.ttl << 24 | IP_PROTO_TCP << 16;
    uint64_t addresses = csum_copy_long(l3 + 12, (const uint8_t *)&head->ends.laddr);
    uint64_t sum = csum_put_64(l3, (uint64_t)first << 32 | second);
    csum_store(l3 + IP4_CHECKSUM_AT, csum_add_2(sum, csum_put_32(l3 + 8, third), addresses));
    return addresses;
}

/* `both`: behind the record. */
TCP_WRITTEN_OUT uint64_t tcp_put_ip6(const struct tcp_addresses *both, struct tcp_service service,
                                     uint8_t *l4, uint32_t l4_len)
{
    uint8_t *l3 = l4 - IP6_HEADER_LEN;
    csum_put_32(l3, 6u << 28 | service.tos << 20);
    csum_put_32(l3 + 4, l4_len << 16 | IP_PROTO_TCP << 8 | service.ttl);
    __builtin_memcpy(l3 + 8, both, sizeof *both);
    return csum_more_32(0, (const uint8_t *)both);
}

/* What the pseudo-header has besides the addresses. */
TCP_WRITTEN_OUT uint64_t tcp_pseudo_sum(uint32_t l4_len)
{
    return BYTES_BE32(l4_len + IP_PROTO_TCP); /* both lie in the lower half */
}

static inline const struct tcp_addresses *tcp_tcb_addresses(const struct tcb *tcb)
{
    return &((const struct tcb6 *)(const void *)tcb)->addresses;
}

/* What a header with timestamps says; `flags_wnd`: the flags, 16 bits up, and the window. */
struct tcp_stamped {
    const struct tcp_head *head;
    seq_t seq, ack;
    uint32_t flags_wnd, ts_val, ts_ecr;
};

/* Both ports, and the sequence number. */
TCP_WRITTEN_OUT uint64_t tcp_put_ports(uint8_t *l4, const struct tcp_head *head, seq_t seq)
{
    uint32_t ports;
    __builtin_memcpy(&ports, &head->ends.lport, sizeof ports);
    uint64_t word = BYTES_PAIR(ports, BYTES_BE32(seq));
    __builtin_memcpy(l4, &word, sizeof word);
    return word;
}

/* The checksum's field is left 0. */
TCP_WRITTEN_OUT uint64_t tcp_put_stamped(uint8_t *l4, const struct tcp_stamped *stamped)
{
    uint32_t fourth = TCP_STAMPED_LEN << 26 | stamped->flags_wnd;
    uint64_t ports = tcp_put_ports(l4, stamped->head, stamped->seq);
    uint64_t ack = csum_put_64(l4 + 8, (uint64_t)stamped->ack << 32 | fourth);
    uint64_t kind = csum_put_64(l4 + 16, TCP_NOP_NOP_TIMESTAMPS);
    uint64_t times = csum_put_64(l4 + 24, (uint64_t)stamped->ts_val << 32 | stamped->ts_ecr);
    return csum_add_3(ports, ack, kind, times);
}

/* The same of a connection. */
TCP_WRITTEN_OUT uint64_t tcp_put_stamped_tcb(const struct tcp *tcp, const struct tcb *tcb,
                                             uint8_t *l4, seq_t seq, uint32_t flags_wnd)
{
    const struct tcp_stamped stamped = {
        .head = &tcb->head,
        .seq = seq,
        .ack = tcb->rcv.nxt,
        .flags_wnd = flags_wnd,
        .ts_val = tcp_ts_now(tcp, tcb->ts_offset),
        .ts_ecr = tcb->ts_recent,
    };
    return tcp_put_stamped(l4, &stamped);
}

/* An empty frame with room for a TCP header of that length, and IP's; returns where TCP's begins.
 */
TCP_WRITTEN_OUT uint8_t *tcp_put_frame(struct ciao_frame *frame, bool v6, uint32_t header_len,
                                       uint32_t data_len)
{
    uint8_t *l4 = frame->room + IP_TO_L4;
    const uint32_t before = v6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
    ciao_frame_init(frame);
    frame->head = l4 - before;
    frame->head_len = before + header_len;
    frame->len = before + header_len + data_len;
    return l4;
}

#endif
