/* Neighbour discovery: see ndp.h. */
#include "wire/ndp.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/protocol.h"

#define OPTION_SOURCE_MAC 1u
#define OPTION_TARGET_MAC 2u
#define OPTION_PREFIX     3u
#define OPTION_MTU        5u

#define NA_ROUTER     0x80u
#define NA_SOLICITED  0x40u
#define NA_OVERRIDE   0x20u
#define RA_MANAGED    0x80u
#define RA_OTHER      0x40u
#define PI_ON_LINK    0x80u
#define PI_AUTONOMOUS 0x40u

#define NEIGHBOUR_LEN            24u
#define ROUTER_SOLICITATION_LEN  8u
#define ROUTER_ADVERTISEMENT_LEN 16u

/* Bytes before the options, 0 for a type that is not taken. */
static size_t fixed_len(uint8_t type)
{
    if (type == ICMP6_TYPE_NEIGHBOUR_SOLICITATION || type == ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT) {
        return NEIGHBOUR_LEN;
    }
    if (type == ICMP6_TYPE_ROUTER_ADVERTISEMENT) {
        return ROUTER_ADVERTISEMENT_LEN;
    }
    return type == ICMP6_TYPE_ROUTER_SOLICITATION ? ROUTER_SOLICITATION_LEN : 0;
}

static void take_prefix(const uint8_t *option, struct ndp_message *message)
{
    if (message->n_prefixes == NDP_PREFIXES || option[2] > 128) {
        return;
    }
    struct ndp_prefix *prefix = &message->prefix[message->n_prefixes++];
    prefix->bits = option[2];
    prefix->on_link = (option[3] & PI_ON_LINK) != 0;
    prefix->autonomous = (option[3] & PI_AUTONOMOUS) != 0;
    prefix->valid_s = get_be32(option + 4);
    prefix->preferred_s = get_be32(option + 8);
    memcpy(prefix->prefix.b, option + 16, 16);
}

/* One option of `units` times 8 bytes; one whose length is not its own is skipped. */
static void take_option(const uint8_t *option, unsigned units, struct ndp_message *message)
{
    bool of_target = message->type == ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT;
    unsigned mac_option = of_target ? OPTION_TARGET_MAC : OPTION_SOURCE_MAC;
    bool from_router = message->type == ICMP6_TYPE_ROUTER_ADVERTISEMENT;
    if (option[0] == mac_option && units == 1) {
        message->has_mac = true;
        memcpy(message->mac, option + 2, ETH_ALEN);
    } else if (from_router && option[0] == OPTION_PREFIX && units == 4) {
        take_prefix(option, message);
    } else if (from_router && option[0] == OPTION_MTU && units == 1) {
        message->has_mtu = true;
        message->mtu = get_be32(option + 4);
    }
}

static enum wire_fault parse_options(const uint8_t *p, size_t len, struct ndp_message *message)
{
    while (len > 0) {
        if (len < 8 || p[1] == 0 || p[1] * 8u > len) {
            return WIRE_NDP_OPTION_LENGTH;
        }
        take_option(p, p[1], message);
        len -= p[1] * 8u;
        p += p[1] * 8u;
    }
    return WIRE_OK;
}

static void parse_fixed(const uint8_t *p, struct ndp_message *message)
{
    if (message->type == ICMP6_TYPE_ROUTER_SOLICITATION) {
        return;
    }
    if (message->type == ICMP6_TYPE_ROUTER_ADVERTISEMENT) {
        message->hop_limit = p[4];
        message->managed = (p[5] & RA_MANAGED) != 0;
        message->other = (p[5] & RA_OTHER) != 0;
        message->lifetime_s = get_be16(p + 6);
        message->reachable_ms = get_be32(p + 8);
        message->retrans_ms = get_be32(p + 12);
        return;
    }
    memcpy(message->target.b, p + 8, 16);
    if (message->type == ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT) {
        message->router = (p[4] & NA_ROUTER) != 0;
        message->solicited = (p[4] & NA_SOLICITED) != 0;
        message->override = (p[4] & NA_OVERRIDE) != 0;
    }
}

/* From and to where may such a message go?  [RFC4861 6.1.1, 6.1.2, 7.1.1, 7.1.2] */
static enum wire_fault check_ends(const struct ndp_message *message,
                                  const struct ndp_envelope *envelope)
{
    bool anonymous = ip_is_any(envelope->src);
    if (message->type == ICMP6_TYPE_ROUTER_ADVERTISEMENT) {
        return ip_is_linklocal(envelope->src) ? WIRE_OK : WIRE_NDP_SOURCE;
    }
    if (anonymous && message->has_mac) {
        return WIRE_NDP_SOURCE;
    }
    if (message->type == ICMP6_TYPE_NEIGHBOUR_SOLICITATION && anonymous) {
        struct ciao_addr group = ip6_solicited_node(&message->target);
        return ip_equal(envelope->dst, &group) ? WIRE_OK : WIRE_NDP_DESTINATION;
    }
    if (message->type == ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT && message->solicited
        && ip_is_multicast(envelope->dst)) {
        return WIRE_NDP_DESTINATION;
    }
    return WIRE_OK;
}

enum wire_fault ndp_parse(const uint8_t *p, size_t len, const struct ndp_envelope *envelope,
                          struct ndp_message *message)
{
    if (len < ICMP6_HEADER_LEN) {
        return WIRE_NDP_SHORT;
    }
    size_t fixed = fixed_len(p[0]);
    if (fixed == 0) {
        return WIRE_NDP_TYPE;
    }
    if (envelope->hop_limit != NDP_HOP_LIMIT) {
        return WIRE_NDP_HOP_LIMIT;
    }
    if (p[1] != 0) {
        return WIRE_NDP_CODE;
    }
    if (len < fixed) {
        return WIRE_NDP_SHORT;
    }
    *message = (struct ndp_message){.type = (enum icmp6_type)p[0]};
    parse_fixed(p, message);
    if (ip_is_multicast(&message->target)) {
        return WIRE_NDP_TARGET;
    }
    enum wire_fault fault = parse_options(p + fixed, len - fixed, message);
    return fault ? fault : check_ends(message, envelope);
}

static uint8_t advertised_flags(const struct ndp_message *message)
{
    return (uint8_t)((message->router ? NA_ROUTER : 0) | (message->solicited ? NA_SOLICITED : 0)
                     | (message->override ? NA_OVERRIDE : 0));
}

size_t ndp_emit(const struct ndp_message *message, const struct ciao_addr *src,
                const struct ciao_addr *dst, uint8_t *out)
{
    bool advertisement = message->type == ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT;
    size_t len = fixed_len((uint8_t)message->type);
    ASSERT(len == NEIGHBOUR_LEN || len == ROUTER_SOLICITATION_LEN);
    memset(out, 0, NDP_EMIT_MAX);
    out[0] = (uint8_t)message->type;
    if (advertisement) {
        out[4] = advertised_flags(message);
    }
    if (len == NEIGHBOUR_LEN) {
        memcpy(out + 8, message->target.b, 16);
    }
    if (message->has_mac) {
        out[len] = advertisement ? OPTION_TARGET_MAC : OPTION_SOURCE_MAC;
        out[len + 1] = 1;
        memcpy(out + len + 2, message->mac, ETH_ALEN);
        len += 8;
    }
    csum_store(out + 2,
               csum_pseudo6(src, dst, IP_PROTO_ICMP6, (uint32_t)len) + csum_small(out, len));
    return len;
}
