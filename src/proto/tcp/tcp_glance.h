/*
 * What one look at a frame tells, whose it is by its hash, and whether its checksums hold: for the
 * short ways of tcp_predict.c and tcp_plain.c.
 */
#ifndef PROTO_TCP_TCP_GLANCE_H
#define PROTO_TCP_TCP_GLANCE_H

#include "base/bytes.h"
#include "base/mem.h"
#include "base/multilinear.h"
#include "proto/tcp/tcp.h"
#include "wire/checksum.h"
#include "wire/ip4.h"
#include "wire/tcp.h"

/* What one look at a frame has told.  `l4` NULL: it has another shape, and nothing else holds. */
struct tcp_glance {
    struct ciao_frame *frame;
    const uint8_t *l4;   /* TCP's header; IP's stands right before it */
    uint32_t header_len; /* of TCP; of what is usual 20, or 32 with timestamps alone */
    uint32_t data_len;
    uint32_t hash, home; /* of its flow, and where a search for it begins (of several alone) */
    bool v6, hashed;     /* these hold; else it is of the flow of the one before */
    bool usual;          /* may be predicted; else it is nothing but a header */
    ref_t flow;          /* where the flow's record may be; whoever uses it compares */
};

/* Wire segments that it stands for. */
static inline uint32_t tcp_glance_segments(const struct tcp_glance *glance)
{
    return glance->frame->segments == 0 ? 1 : glance->frame->segments;
}

/* ---- whose it is ---- */

/* Ours is the destination: both ports as a record's ends have them. */
static inline uint32_t tcp_glance_ports(const struct tcp_glance *glance)
{
    uint32_t ports;
    memcpy(&ports, glance->l4, sizeof ports);
    return ports << 16 | ports >> 16;
}

/* And both addresses of IPv4. */
static inline uint64_t tcp_glance_addresses(const struct tcp_glance *glance)
{
    uint64_t addresses;
    memcpy(&addresses, glance->l4 - 8, sizeof addresses);
    return addresses << 32 | addresses >> 32;
}

/* As tcp_flow_hash() of the tuple. */
__attribute__((always_inline)) static inline uint32_t tcp_glance_hash(
    const struct tcp *tcp, const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    uint32_t words[TCP_FLOW_WORDS] = {tcp_glance_ports(glance)};
    if (!glance->v6) {
        memcpy(words + 1, l4 - 4, 4);
        memcpy(words + 2, l4 - 8, 4);
        return multilinear(tcp->flow_key, words, 3);
    }
    memcpy(words + 1, l4 - 16, 16);
    memcpy(words + 5, l4 - 32, 16);
    return multilinear(tcp->flow_key, words, TCP_FLOW_WORDS);
}

static inline bool tcp_glance_has_ends6(const struct tcp_addresses *both, const uint8_t *l4)
{
    return memcmp(both->remote, l4 - 32, 16) == 0 && memcmp(both->local, l4 - 16, 16) == 0;
}

/* Is it between the ends of this record, behind which `both` stand if they are IPv6? */
static inline bool tcp_glance_is_between(const struct tcp_head *head,
                                         const struct tcp_addresses *both,
                                         const struct tcp_glance *glance)
{
    uint64_t addresses;
    uint32_t ports;
    memcpy(&addresses, &head->ends.laddr, sizeof addresses);
    memcpy(&ports, &head->ends.lport, sizeof ports);
    if (ports != tcp_glance_ports(glance) || head->v6 != glance->v6)
        return false;
    return glance->v6 ? tcp_glance_has_ends6(both, glance->l4)
                      : addresses == tcp_glance_addresses(glance);
}

static inline bool tcp_glance_is_of(const struct tcb *tcb, const struct tcp_glance *glance)
{
    const struct tcb6 *tcb6 = (const struct tcb6 *)(const void *)tcb;
    return tcp_glance_is_between(&tcb->head, &tcb6->addresses, glance);
}

/* ---- both checksums ---- */

/* Of the addresses, and of the length and protocol as the pseudo-header has them. */
static inline uint64_t tcp_glance_pseudo_sum(const struct tcp_glance *glance)
{
    uint32_t len = glance->header_len + glance->data_len;
    uint64_t sum = (uint64_t)BYTES_BE32(IP_PROTO_TCP) + BYTES_BE32(len);
    return glance->v6 ? csum_more_32(sum, glance->l4 - 32)
                      : csum_add(sum, csum_long(glance->l4 - 8));
}

/* Where it lies in several fragments: tcp_predict.c. */
uint32_t tcp_glance_sum_of_pieces(const struct csum_ops *csum, const struct ciao_frame *frame);

__attribute__((always_inline)) static inline uint64_t tcp_glance_text_sum(
    const struct csum_ops *csum, const struct tcp_glance *glance, uint64_t sum)
{
    const struct ciao_frame *frame = glance->frame;
    const uint8_t *bytes =
        frame->n_frags == 0 ? glance->l4 + glance->header_len : frame->frag[0].ptr;
    if (__builtin_expect(frame->n_frags > 1, 0))
        return csum_add(sum, tcp_glance_sum_of_pieces(csum, frame));
    if (glance->data_len > CSUM_FEW)
        return csum_add(sum, csum->sum(bytes, glance->data_len));
    return glance->data_len % 4 == 0 ? csum_more(sum, bytes, glance->data_len)
                                     : csum_add(sum, csum_small(bytes, glance->data_len));
}

/* Of what is usual.  [RFC9293 3.1 MUST-3, RFC1122 3.2.1.2] */
__attribute__((always_inline)) static inline bool tcp_glance_sums_hold(
    const struct tcp *tcp, const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    if (!glance->v6 && !csum_is_valid_header(csum_of_20(l4 - IP4_HEADER_LEN)))
        return false;
    if (glance->frame->csum != CIAO_CSUM_NONE)
        return true;
    uint64_t sum = tcp_glance_pseudo_sum(glance);
    sum = glance->header_len == TCP_HEADER_LEN ? csum_more_20(sum, l4) : csum_more_32(sum, l4);
    if (glance->data_len != 0)
        sum = tcp_glance_text_sum(tcp->ip->csum, glance, sum);
    return csum_is_valid_header(sum);
}

/* The same of a header alone: with no options, with timestamps, or a SYN's with all. */
#define TCP_GLANCE_HELLO_LEN 40u
__attribute__((always_inline)) static inline bool tcp_glance_lone_sums_hold(
    const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    if (!glance->v6 && !csum_is_valid_header(csum_of_20(l4 - IP4_HEADER_LEN)))
        return false;
    if (glance->frame->csum != CIAO_CSUM_NONE)
        return true;
    uint64_t sum = tcp_glance_pseudo_sum(glance);
    if (glance->header_len == TCP_HEADER_LEN)
        return csum_is_valid_header(csum_more_20(sum, l4));
    sum = csum_more_32(sum, l4);
    if (glance->header_len == TCP_GLANCE_HELLO_LEN)
        sum = csum_add(sum, csum_long(l4 + 32));
    return csum_is_valid_header(sum);
}

/* ---- what is done of each ---- */

/* [RFC7323 4.3 7323-7] It is in order, and its timestamp not older than the last. */
static inline void tcp_glance_remember_timestamp(const struct tcp_glance *glance, struct tcb *tcb,
                                                 uint32_t now_ms)
{
    if (glance->header_len == TCP_HEADER_LEN || seq_gt(tcb->rcv.nxt, tcb->last_ack_sent))
        return;
    tcb->ts_recent = get_be32(glance->l4 + 24);
    tcb->ts_recent_ms = now_ms;
}

/* It has been processed: no reference is left in the frame, and what else it says is of no use. */
static inline void tcp_glance_done(const struct tcp_glance *glance)
{
    struct ciao_frame *frame = glance->frame;
    if (__builtin_expect(frame->n_frags > 1, 0)) {
        ciao_frame_release(frame);
        return;
    }
    if (frame->n_frags != 0) {
        ciao_buf_unref(frame->frag[0].buf);
        frame->n_frags = 0;
    }
    if (__builtin_expect(frame->buf != NULL, 0)) {
        ciao_buf_unref(frame->buf);
        frame->buf = NULL;
    }
}

/* The same of a frame that was nothing but a header, which mostly lay in the frame itself. */
static inline void tcp_glance_header_done(const struct tcp_glance *glance)
{
    const struct ciao_frame *frame = glance->frame;
    if (__builtin_expect((frame->n_frags | (uintptr_t)frame->buf) != 0, 0))
        tcp_glance_done(glance);
}

#endif
