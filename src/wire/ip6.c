/* IPv6 headers and extension headers: see ip6.h. */
#include "wire/ip6.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "wire/addr.h"
#include "wire/icmp6.h"

#define IP6_OPTION_PAD1     0u
#define IP6_OPTION_PADN     1u
#define IP6_NEXT_AT         6u
#define IP6_FRAGMENT_MORE   1u
#define IP6_FRAGMENT_OFFSET 0xfff8u

enum wire_fault ip6_parse(const uint8_t *p, size_t len, struct ip6_header *ip)
{
    if (len < IP6_HEADER_LEN) {
        return WIRE_IP6_SHORT;
    }
    uint32_t word = get_be32(p);
    if (word >> 28 != 6) {
        return WIRE_IP6_VERSION;
    }
    ip->tclass = (uint8_t)(word >> 20);
    ip->flow = word & 0xfffff;
    ip->payload_len = get_be16(p + IP6_PAYLOAD_LEN_AT);
    ip->next = p[IP6_NEXT_AT];
    ip->hop_limit = p[7];
    memcpy(ip->src.b, p + 8, 16);
    memcpy(ip->dst.b, p + 24, 16);
    if (ip->payload_len > len - IP6_HEADER_LEN) {
        return WIRE_IP6_PAYLOAD_LENGTH;
    }
    /* Inside, that is how IPv4 looks; let nobody reach an IPv4 connection through IPv6. */
    return ip_is_v4(&ip->src) || ip_is_v4(&ip->dst) ? WIRE_IP6_MAPPED_ADDRESS : WIRE_OK;
}

size_t ip6_emit(const struct ip6_header *ip, uint8_t *out)
{
    put_be32(out, 6u << 28 | (uint32_t)ip->tclass << 20 | (ip->flow & 0xfffff));
    put_be16(out + IP6_PAYLOAD_LEN_AT, ip->payload_len);
    out[IP6_NEXT_AT] = ip->next;
    out[7] = ip->hop_limit;
    memcpy(out + 8, ip->src.b, 16);
    memcpy(out + 24, ip->dst.b, 16);
    return IP6_HEADER_LEN;
}

size_t ip6_fragment_emit(const struct ip6_fragment *fragment, uint8_t *out)
{
    unsigned offset = fragment->offset_bytes & IP6_FRAGMENT_OFFSET;
    out[0] = fragment->next;
    out[1] = 0;
    put_be16(out + 2, (uint16_t)(offset | (fragment->more ? IP6_FRAGMENT_MORE : 0)));
    put_be32(out + 4, fragment->id);
    return IP6_FRAGMENT_LEN;
}

/* Say how the fault may be answered, and hand it on. */
static enum wire_fault answered(struct ip6_walk *walk, enum wire_fault fault, unsigned code,
                                size_t pointer)
{
    walk->answer = IP6_ANSWER_UNICAST;
    walk->answer_code = (uint8_t)code;
    walk->answer_pointer = (uint32_t)pointer;
    return fault;
}

/* The two highest bits of an unknown option's type say what becomes of the packet [RFC8200 4.2]. */
static enum wire_fault unknown_option(struct ip6_walk *walk, unsigned type, size_t at)
{
    if (type >> 6 == 0) {
        return WIRE_OK;
    }
    if (type >> 6 == 1) {
        return WIRE_IP6_OPTION_DISCARD;
    }
    (void)answered(walk, WIRE_OK, ICMP6_PARAMETER_OPTION, at);
    if (type >> 6 == 3) {
        return WIRE_IP6_OPTION_UNICAST;
    }
    walk->answer = IP6_ANSWER_ALWAYS;
    return WIRE_IP6_OPTION_REPORT;
}

/* The options at p[at] .. p[end] of a hop-by-hop or destination header. */
static enum wire_fault walk_options(const uint8_t *p, size_t at, size_t end, struct ip6_walk *walk)
{
    while (at < end) {
        unsigned type = p[at];
        if (type == IP6_OPTION_PAD1) {
            at++;
            continue;
        }
        if (end - at < 2 || p[at + 1] > end - at - 2) {
            return WIRE_IP6_OPTION_LENGTH;
        }
        enum wire_fault fault = WIRE_OK;
        if (type != IP6_OPTION_PADN) {
            fault = unknown_option(walk, type, at);
        }
        if (fault) {
            return fault;
        }
        at += 2u + p[at + 1];
    }
    return WIRE_OK;
}

/* A fragment header at p[at]: an atomic one is passed, any other ends the walk. */
static enum wire_fault walk_fragment(const uint8_t *p, size_t at, struct ip6_walk *walk)
{
    unsigned word = get_be16(p + at + 2);
    size_t offset = word & IP6_FRAGMENT_OFFSET;
    size_t end = IP6_HEADER_LEN + (size_t)get_be16(p + IP6_PAYLOAD_LEN_AT);
    size_t payload = end - at - IP6_FRAGMENT_LEN;
    walk->more_fragments = (word & IP6_FRAGMENT_MORE) != 0;
    walk->is_fragment = walk->more_fragments || offset != 0;
    walk->frag_offset_bytes = (uint16_t)offset;
    walk->frag_id = get_be32(p + at + 4);
    if (walk->more_fragments && (payload == 0 || payload % 8 != 0)) {
        return answered(walk, WIRE_IP6_FRAGMENT_LENGTH, ICMP6_PARAMETER_FIELD, IP6_PAYLOAD_LEN_AT);
    }
    if (offset + payload > 65535) {
        return answered(walk, WIRE_IP6_FRAGMENT_END, ICMP6_PARAMETER_FIELD, at + 2);
    }
    return WIRE_OK;
}

static bool is_extension(unsigned protocol)
{
    return protocol == IP_PROTO_HOP_BY_HOP || protocol == IP_PROTO_ROUTING
           || protocol == IP_PROTO_FRAGMENT || protocol == IP_PROTO_DESTINATION;
}

/* The extension header of walk->protocol at p[at] .. p[at + size]. */
static enum wire_fault walk_header(const uint8_t *p, size_t at, size_t size, struct ip6_walk *walk)
{
    if (walk->protocol == IP_PROTO_FRAGMENT) {
        return walk_fragment(p, at, walk);
    }
    if (walk->protocol == IP_PROTO_ROUTING) {
        return p[at + 3] == 0 ? WIRE_OK
                              : answered(walk, WIRE_IP6_ROUTING, ICMP6_PARAMETER_FIELD, at + 2);
    }
    if (walk->protocol == IP_PROTO_HOP_BY_HOP && walk->n_headers != 0) {
        return answered(walk, WIRE_IP6_EXT_ORDER, ICMP6_PARAMETER_NEXT_HEADER, walk->next_field);
    }
    return walk_options(p, at + 2, at + size, walk);
}

/* Is what the walk has come to something for us? */
static enum wire_fault walk_end(struct ip6_walk *walk)
{
    if (walk->protocol == IP_PROTO_NO_NEXT) {
        return WIRE_IP6_NO_NEXT;
    }
    if (walk->protocol == IP_PROTO_TCP || walk->protocol == IP_PROTO_UDP
        || walk->protocol == IP_PROTO_ICMP6) {
        return WIRE_OK;
    }
    return answered(walk, WIRE_IP6_UNKNOWN_HEADER, ICMP6_PARAMETER_NEXT_HEADER, walk->next_field);
}

enum wire_fault ip6_walk(const uint8_t *p, size_t len, struct ip6_walk *walk)
{
    size_t end = IP6_HEADER_LEN + (size_t)get_be16(p + IP6_PAYLOAD_LEN_AT);
    end = len < end ? len : end;
    *walk = (struct ip6_walk){
        .protocol = p[IP6_NEXT_AT], .offset = IP6_HEADER_LEN, .next_field = IP6_NEXT_AT};

    while (is_extension(walk->protocol)) {
        size_t at = walk->offset;
        if (end - at < 8) {
            return WIRE_IP6_EXT_SHORT;
        }
        size_t size = walk->protocol == IP_PROTO_FRAGMENT ? 8 : (p[at + 1] + 1u) * 8;
        if (size > end - at) {
            return WIRE_IP6_EXT_SHORT;
        }
        if (walk->n_headers == IP6_EXT_MAX) {
            return WIRE_IP6_EXT_TOO_MANY;
        }
        enum wire_fault fault = walk_header(p, at, size, walk);
        if (fault) {
            return fault;
        }
        walk->n_headers++;
        walk->next_field = (uint16_t)at;
        walk->protocol = p[at];
        walk->offset = (uint16_t)(at + size);
        if (walk->is_fragment) {
            return WIRE_OK;
        }
    }
    return walk_end(walk);
}
