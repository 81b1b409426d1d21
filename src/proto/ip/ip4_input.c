/*
 * An IPv4 datagram arrives: header, addresses, fragments.  [RFC791], [RFC1122 3.2.1]
 *
 * Options are skipped, source routes among them [RFC9293 3.9.2 MUST-50].
 */
#include "proto/ip/ip_internal.h"

/* What follows the header's checks. */
static bool for_us(struct ip_layer *ip, struct ip_arrival *arrival, const struct ip4_header *header)
{
    struct ip_packet *packet = &arrival->packet;
    enum ciao_reason fault = ip_source_fault(ip, packet->link, &packet->src);
    if (fault == CIAO_REASON_NONE)
        fault = ip_destination_fault(ip, arrival);
    if (fault != CIAO_REASON_NONE) {
        ip_drop(ip, fault);
        return false;
    }
    ip_set_l4(arrival, header->header_len);
    if (!ip4_is_fragment(header))
        return ip_deliver(ip, arrival);
    struct ip_fragment part = {
        .id = header->id,
        .start = header->frag_offset_bytes,
        .len = packet->l4_len,
        .head_len = header->header_len,
        .more = header->mf,
        .protocol = header->protocol,
    };
    return ip_reassemble(ip, arrival, &part) && ip4_arrived(ip, arrival);
}

bool ip4_arrived(struct ip_layer *ip, struct ip_arrival *arrival)
{
    struct ip_packet *packet = &arrival->packet;
    struct ip4_header header;
    uint32_t there = packet->frame->len - (uint32_t)(arrival->l3 - packet->frame->head);
    enum wire_fault fault = ip4_parse(arrival->l3, there, &header);
    if (fault) {
        ip_drop(ip, ip_drop_of(fault));
        return false;
    }
    ip_trim(arrival, header.total_len); /* the link's padding goes */
    packet->src = ip_addr_v4(header.src);
    packet->dst = ip_addr_v4(header.dst);
    packet->protocol = header.protocol;
    packet->ttl = header.ttl;
    packet->tos = header.tos;
    return for_us(ip, arrival, &header);
}
