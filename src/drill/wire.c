/*
 * Packets to bytes and back: see wire.h.
 */
#include "drill/wire.h"

#include <string.h>

#include "base/bytes.h"
#include "drill/icmp.h"
#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/protocol.h"
#include "wire/tcp.h"

#define ICMP_LEN    8u
#define QUOTED_LEN  8u /* bytes of TCP that an ICMP message repeats */
#define TTL_DEFAULT 255u

bool wire_next_option(const struct packet *packet, unsigned *at, unsigned *kind, unsigned *len)
{
    if (*at >= packet->n_options)
        return false;
    *kind = packet->options[*at];
    *len = 1;
    if (*kind != TCP_OPTION_END && *kind != TCP_OPTION_NOP) {
        if (*at + 1 >= packet->n_options)
            return false;
        *len = packet->options[*at + 1];
    }
    if (*len < 1 || *at + *len > packet->n_options)
        return false;
    *at += *len;
    return true;
}

int wire_find_option(const struct packet *packet, unsigned wanted)
{
    unsigned at = 0, kind, len;
    while (wire_next_option(packet, &at, &kind, &len))
        if (kind == wanted)
            return (int)(at - len);
    return -1;
}

/* ---- to bytes ---- */

static size_t build_ip(const struct packet *packet, const struct wire_ends *ends, unsigned protocol,
                       size_t payload, uint8_t *out)
{
    uint8_t tos = packet->tos_check == TOS_ANY ? 0 : packet->tos;
    uint8_t ttl = packet->ttl != 0 ? packet->ttl : TTL_DEFAULT;
    if (ip_is_v4(&ends->dst)) {
        struct ip4_header ip = {.src = ip_v4(&ends->src),
                                .dst = ip_v4(&ends->dst),
                                .total_len = (uint16_t)(IP4_HEADER_LEN + payload),
                                .protocol = (uint8_t)protocol,
                                .ttl = ttl,
                                .tos = tos};
        return ip4_emit(&ip, out);
    }
    struct ip6_header ip = {.src = ends->src,
                            .dst = ends->dst,
                            .flow = packet->flow,
                            .payload_len = (uint16_t)payload,
                            .next = (uint8_t)protocol,
                            .hop_limit = ttl,
                            .tclass = tos};
    return ip6_emit(&ip, out);
}

static size_t build_tcp_header(const struct packet *packet, const struct wire_ends *ends,
                               uint8_t *out)
{
    size_t len = TCP_HEADER_LEN + packet->n_options;
    put_be16(out, ends->sport);
    put_be16(out + 2, ends->dport);
    put_be32(out + 4, packet->seq);
    put_be32(out + 8, packet->ack);
    out[12] = (uint8_t)(len / 4 << 4 | (packet->flags & TCP_AE ? 1 : 0));
    out[13] = (uint8_t)packet->flags;
    put_be16(out + 14, packet->window);
    put_be16(out + 16, 0);
    put_be16(out + 18, packet->urgent);
    memcpy(out + TCP_HEADER_LEN, packet->options, packet->n_options);
    return len;
}

static void store_sum(const struct wire_ends *ends, unsigned protocol, uint8_t *at, size_t len,
                      size_t field)
{
    uint32_t pseudo = csum_pseudo(&ends->src, &ends->dst, (uint8_t)protocol, (uint32_t)len);
    csum_store(at + field, pseudo + csum_ops_for(0)->sum(at, len));
}

static size_t build_tcp(const struct packet *packet, const struct wire_ends *ends, uint8_t *out)
{
    size_t segment = TCP_HEADER_LEN + packet->n_options + packet->len;
    size_t at = build_ip(packet, ends, IP_PROTO_TCP, segment, out);
    size_t header = build_tcp_header(packet, ends, out + at);
    memset(out + at + header, 0, packet->len);
    store_sum(ends, IP_PROTO_TCP, out + at, segment, TCP_CHECKSUM_OFFSET);
    return at + segment;
}

/* The beginning of a segment that went the other way. */
static size_t build_quote(const struct packet *packet, const struct wire_ends *ends, uint8_t *out)
{
    uint8_t header[TCP_HEADER_LEN];
    struct packet quoted = {.seq = packet->seq, .flags = TCP_ACK, .ttl = 64};
    struct wire_ends back = {ends->dst, ends->src, ends->dport, ends->sport};
    size_t at = build_ip(&quoted, &back, IP_PROTO_TCP, TCP_HEADER_LEN + packet->len, out);
    (void)build_tcp_header(&quoted, &back, header);
    memcpy(out + at, header, QUOTED_LEN);
    return at + QUOTED_LEN;
}

static size_t build_icmp(const struct packet *packet, const struct wire_ends *ends, uint8_t *out,
                         const char **wrong)
{
    bool v4 = ip_is_v4(&ends->dst);
    struct icmp_number number;
    *wrong = icmp_number(packet, v4, &number);
    if (*wrong != NULL)
        return 0;
    size_t header = v4 ? IP4_HEADER_LEN : IP6_HEADER_LEN;
    uint8_t *icmp = out + header;
    memset(icmp, 0, ICMP_LEN);
    icmp[0] = number.type;
    icmp[1] = number.code;
    if (packet->mtu >= 0)
        put_be32(icmp + 4, (uint32_t)packet->mtu);
    size_t len = ICMP_LEN + build_quote(packet, ends, icmp + ICMP_LEN);
    if (v4)
        csum_store(icmp + 2, csum_ops_for(0)->sum(icmp, len));
    else
        store_sum(ends, IP_PROTO_ICMP6, icmp, len, 2);
    return build_ip(packet, ends, v4 ? IP_PROTO_ICMP4 : IP_PROTO_ICMP6, len, out) + len;
}

size_t wire_build(const struct packet *packet, const struct wire_ends *ends, uint8_t *out,
                  const char **wrong)
{
    *wrong = NULL;
    if (packet->kind == PACKET_ICMP)
        return build_icmp(packet, ends, out, wrong);
    return build_tcp(packet, ends, out);
}

/* ---- from bytes ---- */

static const char *read_tcp(const uint8_t *p, size_t len, struct packet *packet,
                            struct wire_ends *ends)
{
    size_t header = len < TCP_HEADER_LEN ? 0 : (size_t)(p[12] >> 4) * 4;
    if (header < TCP_HEADER_LEN || header > len)
        return "the TCP header is cut off";
    uint32_t pseudo = csum_pseudo(&ends->src, &ends->dst, IP_PROTO_TCP, (uint32_t)len);
    if (!csum_is_valid(pseudo + csum_ops_for(0)->sum(p, len)))
        return "the TCP checksum is wrong";
    packet->kind = PACKET_TCP;
    ends->sport = get_be16(p);
    ends->dport = get_be16(p + 2);
    packet->seq = get_be32(p + 4);
    packet->ack = get_be32(p + 8);
    packet->flags = (uint16_t)((p[12] & 1) << 8 | p[13]);
    packet->reserved = (uint8_t)(p[12] >> 1 & 7);
    packet->has_window = true;
    packet->window = get_be16(p + 14);
    packet->urgent = get_be16(p + 18);
    packet->n_options = (uint8_t)(header - TCP_HEADER_LEN);
    memcpy(packet->options, p + TCP_HEADER_LEN, packet->n_options);
    packet->len = (uint32_t)(len - header);
    for (size_t i = header; i < len && !packet->not_zeros; i++)
        packet->not_zeros = p[i] != 0;
    return NULL;
}

static const char *read_payload(unsigned protocol, const uint8_t *p, size_t len,
                                struct packet *packet, struct wire_ends *ends)
{
    if (protocol == IP_PROTO_TCP)
        return read_tcp(p, len, packet, ends);
    packet->len = (uint32_t)len;
    packet->kind = PACKET_OTHER;
    if ((protocol == IP_PROTO_ICMP4 || protocol == IP_PROTO_ICMP6) && len >= ICMP_LEN) {
        packet->kind = PACKET_ICMP;
        packet->mtu = -1;
        icmp_words(p[0], p[1], protocol == IP_PROTO_ICMP4, packet);
    }
    return NULL;
}

static const char *read_v6(const uint8_t *bytes, size_t len, struct packet *packet,
                           struct wire_ends *ends)
{
    struct ip6_header ip;
    struct ip6_walk walk;
    if (ip6_parse(bytes, len, &ip) != WIRE_OK || ip6_walk(bytes, len, &walk) != WIRE_OK)
        return "the IPv6 header makes no sense";
    if (walk.is_fragment)
        return "the packet is a fragment";
    packet->tos = ip.tclass;
    packet->ttl = ip.hop_limit;
    packet->flow = ip.flow;
    ends->src = ip.src;
    ends->dst = ip.dst;
    return read_payload(walk.protocol, bytes + walk.offset,
                        IP6_HEADER_LEN + (size_t)ip.payload_len - walk.offset, packet, ends);
}

const char *wire_read(const uint8_t *bytes, size_t len, struct packet *packet,
                      struct wire_ends *ends)
{
    struct ip4_header ip;
    *packet = (struct packet){.outbound = true, .tos_check = TOS_ALL};
    *ends = (struct wire_ends){0};
    if (len > 0 && bytes[0] >> 4 == 6)
        return read_v6(bytes, len, packet, ends);
    if (ip4_parse(bytes, len, &ip) != WIRE_OK)
        return "the IPv4 header makes no sense";
    if (ip4_is_fragment(&ip))
        return "the packet is a fragment";
    packet->tos = ip.tos;
    packet->ttl = ip.ttl;
    ends->src = ip_addr_v4(ip.src);
    ends->dst = ip_addr_v4(ip.dst);
    return read_payload(ip.protocol, bytes + ip.header_len, (size_t)ip.total_len - ip.header_len,
                        packet, ends);
}
