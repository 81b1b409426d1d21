/*
 * ARP: see arp.h.
 */
#include "proto/arp/arp.h"

#include "proto/ip/ip_internal.h"
#include "wire/arp.h"

/* An ARP packet for one MAC, or for all the link. */
static void send(struct ip_layer *ip, uint8_t link, const struct arp_packet *arp, const uint8_t *to)
{
    struct ciao_frame frame;
    struct eth_header eth = {.type = ETH_TYPE_ARP};
    ciao_frame_init(&frame);
    memcpy(eth.src, ip->links.at[link].link.mac, ETH_ALEN);
    memcpy(eth.dst, to, ETH_ALEN);
    frame.head_len = (uint32_t)eth_emit(&eth, frame.head);
    frame.head_len += (uint32_t)arp_emit(arp, frame.head + frame.head_len);
    frame.len = frame.head_len;
    ip_outbox_put(ip, link, &frame);
}

void arp_ask(struct ip_layer *ip, const struct ip_neighbour *neighbour, bool probing)
{
    static const uint8_t all[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct arp_packet request = {
        .operation = ARP_REQUEST,
        .sender_ip = ip_v4(&neighbour->source),
        .target_ip = ip_v4(&neighbour->addr),
    };
    memcpy(request.sender_mac, ip->links.at[neighbour->link].link.mac, ETH_ALEN);
    send(ip, neighbour->link, &request, probing ? neighbour->mac : all);
}

static void answer(struct ip_layer *ip, uint8_t link, const struct arp_packet *request)
{
    struct arp_packet reply = {
        .operation = ARP_REPLY,
        .sender_ip = request->target_ip,
        .target_ip = request->sender_ip,
    };
    memcpy(reply.sender_mac, ip->links.at[link].link.mac, ETH_ALEN);
    memcpy(reply.target_mac, request->sender_mac, ETH_ALEN);
    send(ip, link, &reply, request->sender_mac);
}

/* Who says that?  0.0.0.0 is somebody who looks whether an address is free [RFC5227 1.1]. */
static enum ciao_reason sender_fault(const struct ip_layer *ip, const struct arp_packet *arp)
{
    static const uint8_t no_mac[ETH_ALEN] = {0};
    struct ciao_addr sender = ip_addr_v4(arp->sender_ip);
    if (eth_is_multicast(arp->sender_mac) || memcmp(arp->sender_mac, no_mac, ETH_ALEN) == 0)
        return CIAO_DROP_ARP_SENDER;
    if (ip_is_ours(ip, &sender))
        return CIAO_DROP_ARP_CONFLICT;
    bool probe = arp->sender_ip == 0 && arp->operation == ARP_REQUEST;
    if (!probe && ip_source_fault(ip, -1, &sender) != CIAO_REASON_NONE)
        return CIAO_DROP_ARP_SENDER;
    return CIAO_REASON_NONE;
}

/* Only an answer to a question of ours is believed: nobody else may move a neighbour. */
static enum ciao_reason reply_arrived(struct ip_layer *ip, uint8_t link,
                                      const struct arp_packet *arp, time_us now)
{
    struct ciao_addr sender = ip_addr_v4(arp->sender_ip);
    struct ip_neighbour *neighbour = ip_neighbour_find(ip, &sender, link);
    if (neighbour == NULL
        || (neighbour->state != NEIGHBOUR_INCOMPLETE && neighbour->state != NEIGHBOUR_PROBE))
        return CIAO_DROP_ARP_UNASKED;
    ip_neighbour_known(ip, neighbour, arp->sender_mac, NEIGHBOUR_REACHABLE, now);
    return CIAO_REASON_NONE;
}

static enum ciao_reason request_arrived(struct ip_layer *ip, uint8_t link,
                                        const struct arp_packet *arp, time_us now)
{
    struct ciao_addr target = ip_addr_v4(arp->target_ip);
    struct ip_hop sender = {.addr = ip_addr_v4(arp->sender_ip), .source = target, .link = link};
    if (!ip_is_ours_on(ip, &target, link)) {
        struct ip_neighbour *known = ip_neighbour_find(ip, &sender.addr, link);
        if (known == NULL || known->state == NEIGHBOUR_INCOMPLETE)
            return CIAO_DROP_ARP_NOT_FOR_US;
        ip_neighbour_heard(ip, &sender, arp->sender_mac, now);
        return CIAO_REASON_NONE;
    }
    if (arp->sender_ip != 0)
        ip_neighbour_heard(ip, &sender, arp->sender_mac, now);
    answer(ip, link, arp);
    return CIAO_REASON_NONE;
}

bool arp_arrived(struct ip_layer *ip, int link, const uint8_t *p, uint32_t len, time_us now)
{
    struct arp_packet arp;
    enum wire_fault wrong = arp_parse(p, len, &arp);
    enum ciao_reason fault = wrong ? ip_drop_of(wrong) : sender_fault(ip, &arp);
    if (fault == CIAO_REASON_NONE)
        fault = arp.operation == ARP_REPLY ? reply_arrived(ip, (uint8_t)link, &arp, now)
                                           : request_arrived(ip, (uint8_t)link, &arp, now);
    if (fault != CIAO_REASON_NONE)
        ip_drop(ip, fault);
    return fault == CIAO_REASON_NONE;
}
