/* The packet inside an ICMP error: see icmp_quote.h. */
#include "wire/icmp_quote.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "wire/addr.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

#define QUOTE_TRANSPORT_MIN 8u /* ports and TCP's sequence number */

/* quote->protocol is known; p[at] is where its header begins. */
static enum wire_fault parse_transport(const uint8_t *p, size_t at, size_t len,
                                       struct icmp_quote *quote)
{
    if (quote->protocol != IP_PROTO_TCP && quote->protocol != IP_PROTO_UDP) {
        return WIRE_QUOTE_PROTOCOL;
    }
    if (at > len || len - at < QUOTE_TRANSPORT_MIN) {
        return WIRE_QUOTE_SHORT;
    }
    quote->sport = get_be16(p + at);
    quote->dport = get_be16(p + at + 2);
    quote->seq = quote->protocol == IP_PROTO_TCP ? get_be32(p + at + 4) : 0;
    return WIRE_OK;
}

enum wire_fault icmp4_quote_parse(const uint8_t *p, size_t len, struct icmp_quote *quote)
{
    if (len < IP4_HEADER_LEN) {
        return WIRE_QUOTE_SHORT;
    }
    size_t header_len = (p[0] & 0xfu) * 4;
    if (p[0] >> 4 != 4 || header_len < IP4_HEADER_LEN) {
        return WIRE_QUOTE_VERSION;
    }
    if ((get_be16(p + 6) & 0x1fff) != 0) {
        return WIRE_QUOTE_FRAGMENT;
    }
    quote->src = ip_addr_v4(get_be32(p + 12));
    quote->dst = ip_addr_v4(get_be32(p + 16));
    quote->packet_len = get_be16(p + 2);
    quote->protocol = p[9];
    return parse_transport(p, header_len, len, quote);
}

static bool is_passable(unsigned protocol)
{
    return protocol == IP_PROTO_HOP_BY_HOP || protocol == IP_PROTO_ROUTING
           || protocol == IP_PROTO_DESTINATION || protocol == IP_PROTO_FRAGMENT;
}

/* Pass extension headers without judging them: they were ours, or the quote is nobody's. */
static enum wire_fault pass_extensions(const uint8_t *p, size_t len, size_t *at, uint8_t *protocol)
{
    while (is_passable(*protocol)) {
        if (len < *at + 8) {
            return WIRE_QUOTE_SHORT;
        }
        bool fragment = *protocol == IP_PROTO_FRAGMENT;
        if (fragment && (get_be16(p + *at + 2) & 0xfff8) != 0) {
            return WIRE_QUOTE_FRAGMENT;
        }
        *protocol = p[*at];
        *at += fragment ? 8 : (p[*at + 1] + 1u) * 8;
    }
    return WIRE_OK;
}

enum wire_fault icmp6_quote_parse(const uint8_t *p, size_t len, struct icmp_quote *quote)
{
    if (len < IP6_HEADER_LEN) {
        return WIRE_QUOTE_SHORT;
    }
    if (p[0] >> 4 != 6) {
        return WIRE_QUOTE_VERSION;
    }
    memcpy(quote->src.b, p + 8, 16);
    memcpy(quote->dst.b, p + 24, 16);
    unsigned packet_len = IP6_HEADER_LEN + get_be16(p + 4);
    quote->packet_len = (uint16_t)(packet_len > 65535 ? 65535 : packet_len);
    quote->protocol = p[6];
    size_t at = IP6_HEADER_LEN;
    enum wire_fault fault = pass_extensions(p, len, &at, &quote->protocol);
    return fault ? fault : parse_transport(p, at, len, quote);
}
