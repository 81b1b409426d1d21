/*
 * An IPv6 packet arrives: header, addresses, extension headers, fragments.  [RFC8200]
 */
#include "proto/icmp/icmp.h"
#include "proto/ip/ip_internal.h"

/* A fault in the extension headers, answered where [RFC8200 4, 4.2] ask for it. */
static void walk_failed(struct ip_layer *ip, const struct ip_arrival *arrival,
                        enum wire_fault fault, const struct ip6_walk *walk)
{
    ip_drop(ip, ip_drop_of(fault));
    if (walk->answer == IP6_ANSWER_NONE)
        return;
    struct icmp_problem problem = {
        .type = ICMP6_TYPE_PARAMETER_PROBLEM,
        .code = walk->answer_code,
        .pointer = walk->answer_pointer,
        .to_many_too = walk->answer == IP6_ANSWER_ALWAYS,
    };
    icmp_say(ip, arrival, &problem);
}

static bool walk(struct ip_layer *ip, struct ip_arrival *arrival)
{
    struct ip_packet *packet = &arrival->packet;
    struct ip6_walk way;
    enum wire_fault fault = ip6_walk(arrival->l3, arrival->l3_len, &way);
    if (fault) {
        walk_failed(ip, arrival, fault, &way);
        return false;
    }
    if (ip_is_any(&packet->src) && way.protocol != IP_PROTO_ICMP6) {
        ip_drop(ip, CIAO_DROP_IP_SOURCE_ANY);
        return false;
    }
    packet->protocol = way.protocol;
    ip_set_l4(arrival, way.offset);
    if (!way.is_fragment)
        return ip_deliver(ip, arrival);
    if (arrival->whole) {
        ip_drop(ip, CIAO_DROP_IP6_FRAGMENT_NESTED);
        return false;
    }
    struct ip_fragment part = {
        .id = way.frag_id,
        .start = way.frag_offset_bytes,
        .len = packet->l4_len,
        .head_len = way.offset,
        .more = way.more_fragments,
        .protocol = way.protocol,
    };
    return ip_reassemble(ip, arrival, &part) && ip6_arrived(ip, arrival);
}

bool ip6_arrived(struct ip_layer *ip, struct ip_arrival *arrival)
{
    struct ip_packet *packet = &arrival->packet;
    struct ip6_header header;
    uint32_t there = packet->frame->len - (uint32_t)(arrival->l3 - packet->frame->head);
    enum wire_fault wrong = ip6_parse(arrival->l3, there, &header);
    if (wrong) {
        ip_drop(ip, ip_drop_of(wrong));
        return false;
    }
    ip_trim(arrival, IP6_HEADER_LEN + (uint32_t)header.payload_len);
    packet->v6 = true;
    packet->src = header.src;
    packet->dst = header.dst;
    packet->ttl = header.hop_limit;
    packet->tos = header.tclass;
    enum ciao_reason fault = ip_source_fault(ip, packet->link, &packet->src);
    if (fault == CIAO_REASON_NONE)
        fault = ip_destination_fault(ip, arrival);
    if (fault != CIAO_REASON_NONE) {
        ip_drop(ip, fault);
        return false;
    }
    return walk(ip, arrival);
}
