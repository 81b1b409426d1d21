/*
 * A frame arrives: its link header, the addresses it goes by, and who is to have it: see ip.h.
 *
 * Whatever is thrown away here is counted under its own reason; what was of use counts as accepted.
 * A driver may hand a frame over in pieces.  Only a TCP segment whose headers lie in the head stays
 * so; anything else is put together first, so that nobody further up reads across a gap.
 */
#include "proto/arp/arp.h"
#include "proto/icmp/icmp.h"
#include "proto/ip/ip_internal.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* ---- frames in pieces ---- */

/* Where TCP begins behind an IP header without extensions; 0: it does not. */
static uint32_t tcp_offset(const uint8_t *l3, uint32_t len)
{
    if (len >= IP4_HEADER_LEN && l3[0] >> 4 == 4) {
        bool fragment = (get_be16(l3 + 6) & 0x3fff) != 0;
        return l3[9] == IP_PROTO_TCP && !fragment ? (l3[0] & 0xfu) * 4 : 0;
    }
    if (len >= IP6_HEADER_LEN && l3[0] >> 4 == 6)
        return l3[6] == IP_PROTO_TCP ? IP6_HEADER_LEN : 0;
    return 0;
}

static bool headers_in_head(const struct ciao_frame *frame, uint32_t link_len)
{
    if (frame->head_len < link_len)
        return false;
    const uint8_t *l3 = frame->head + link_len;
    uint32_t len = frame->head_len - link_len;
    uint32_t at = tcp_offset(l3, len);
    return at != 0 && len >= at + TCP_HEADER_LEN && len >= at + (l3[at + 12] >> 4) * 4u;
}

/* Copy a frame's bytes into one piece, and let go of the pieces. */
static bool straighten(struct ip_layer *ip, struct ip_arrival *arrival)
{
    struct ciao_frame *from = arrival->packet.frame;
    if (from->len > BUF_SUPER) {
        ip_drop(ip, CIAO_DROP_FRAME_TOO_LONG);
        return false;
    }
    struct ciao_buf *buf = ciao_bufpool_take(ip->buffers, from->len);
    if (buf == NULL) {
        ip_drop(ip, CIAO_DROP_FRAME_NO_MEMORY);
        return false;
    }
    struct ciao_frame *to = ip->straight;
    ciao_frame_init(to);
    to->buf = buf;
    to->head = ciao_buf_bytes(buf);
    memcpy(to->head, from->head, from->head_len);
    to->head_len = from->head_len;
    for (uint32_t i = 0; i < from->n_frags; i++) {
        memcpy(to->head + to->head_len, from->frag[i].ptr, from->frag[i].len);
        to->head_len += from->frag[i].len;
    }
    to->len = to->head_len;
    to->csum = from->csum;
    to->segments = from->segments;
    to->rx_us = from->rx_us;
    ciao_frame_release(from);
    arrival->packet.frame = to;
    return true;
}

void ip_trim(struct ip_arrival *arrival, uint32_t len)
{
    struct ciao_frame *frame = arrival->packet.frame;
    uint32_t want = (uint32_t)(arrival->l3 - frame->head) + len;
    while (frame->len > want) {
        uint32_t excess = frame->len - want;
        struct ciao_frag *last = frame->n_frags ? &frame->frag[frame->n_frags - 1] : NULL;
        uint32_t there = last ? last->len : frame->head_len;
        uint32_t cut = excess < there ? excess : there;
        frame->len -= cut;
        if (last == NULL) {
            frame->head_len -= cut;
            continue;
        }
        last->len -= cut;
        if (last->len == 0) {
            ciao_buf_unref(last->buf);
            frame->n_frags--;
        }
    }
    arrival->l3_len = frame->head_len - (uint32_t)(arrival->l3 - frame->head);
}

void ip_set_l4(struct ip_arrival *arrival, uint32_t len)
{
    struct ip_packet *packet = &arrival->packet;
    uint32_t before = (uint32_t)(arrival->l3 - packet->frame->head) + len;
    packet->l4 = arrival->l3 + len;
    packet->l4_head_len = arrival->l3_len - len;
    packet->l4_len = packet->frame->len - before;
}

/* ---- addresses [RFC1122 3.2.1.3] ---- */

static enum ciao_reason source_fault_v4(const struct ip_layer *ip, const struct ciao_addr *src)
{
    uint32_t v4 = ip_v4(src);
    if (v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 28 < 0xe && !ip_is_any_broadcast(ip, src))
        return CIAO_REASON_NONE;
    if (v4 == 0)
        return CIAO_DROP_IP_SOURCE_ANY;
    if (v4 >> 24 == 127)
        return CIAO_DROP_IP_SOURCE_LOOPBACK;
    if (v4 >> 24 == 0 || (v4 >> 28 == 0xf && v4 != 0xffffffff))
        return CIAO_DROP_IP_SOURCE_RESERVED;
    return CIAO_DROP_IP_SOURCE_TO_MANY;
}

/* "Any" is left to ICMPv6: who has no IPv6 address yet asks from there [RFC4862 5.4.2]. */
static enum ciao_reason source_fault_v6(const struct ciao_addr *src)
{
    if (ip_is_multicast(src))
        return CIAO_DROP_IP_SOURCE_TO_MANY;
    return ip_is_loopback(src) ? CIAO_DROP_IP_SOURCE_LOOPBACK : CIAO_REASON_NONE;
}

enum ciao_reason ip_source_fault(const struct ip_layer *ip, int link, const struct ciao_addr *src)
{
    if (ip_is_loopback_link(ip, link) && ip_is_ours(ip, src))
        return CIAO_REASON_NONE;
    if (!ip_is_loopback(src) && ip_has_address(ip, src))
        return CIAO_DROP_IP_SOURCE_OURS;
    return ip_is_v4(src) ? source_fault_v4(ip, src) : source_fault_v6(src);
}

enum ciao_reason ip_destination_fault(const struct ip_layer *ip, struct ip_arrival *arrival)
{
    struct ip_packet *packet = &arrival->packet;
    bool outside = ip_is_loopback(&packet->dst) && !ip_is_loopback_link(ip, packet->link);
    if (!outside && ip_is_ours(ip, &packet->dst)) {
        if (ip_is_linklocal(&packet->dst) && !ip_is_ours_on(ip, &packet->dst, packet->link))
            return CIAO_DROP_IP_NOT_OURS;
        return arrival->link_broadcast ? CIAO_DROP_IP_UNICAST_IN_BROADCAST : CIAO_REASON_NONE;
    }
    if (ip_is_loopback(&packet->dst))
        return CIAO_DROP_IP_TO_LOOPBACK;
    packet->broadcast = true;
    if (ip_is_any_broadcast(ip, &packet->dst))
        return CIAO_REASON_NONE;
    if (!ip_is_multicast(&packet->dst))
        return CIAO_DROP_IP_NOT_OURS;
    return ip_is_our_group(ip, &packet->dst, packet->link) ? CIAO_REASON_NONE
                                                           : CIAO_DROP_IP_NOT_OUR_GROUP;
}

/* ---- to whom ---- */

static bool udp_checksum_holds(const struct ip_packet *packet, const struct udp_header *udp)
{
    if (packet->csum_ok || (udp->checksum == 0 && !packet->v6))
        return true;
    uint32_t sum = csum_pseudo(&packet->src, &packet->dst, IP_PROTO_UDP, udp->len)
                   + csum_small(packet->l4, udp->len);
    return udp->checksum != 0 && csum_is_valid(sum);
}

/* Nobody here listens to UDP: say so [RFC1122 4.1.3.1], [RFC4443 3.1]. */
static void udp_arrived(struct ip_layer *ip, const struct ip_arrival *arrival)
{
    const struct ip_packet *packet = &arrival->packet;
    struct udp_header udp;
    enum wire_fault fault = udp_parse(packet->l4, packet->l4_len, &udp);
    if (fault) {
        ip_drop(ip, ip_drop_of(fault));
        return;
    }
    if (!udp_checksum_holds(packet, &udp)) {
        ip_drop(ip, CIAO_DROP_UDP_CHECKSUM);
        return;
    }
    if (packet->broadcast) {
        ip_drop(ip, CIAO_DROP_UDP_TO_MANY);
        return;
    }
    ip_drop(ip, CIAO_DROP_UDP_NO_PORT);
    struct icmp_problem no_port = {.type = ICMP4_TYPE_UNREACHABLE, .code = ICMP4_UNREACHABLE_PORT};
    struct icmp_problem no_port6 = {.type = ICMP6_TYPE_UNREACHABLE, .code = ICMP6_UNREACHABLE_PORT};
    icmp_say(ip, arrival, packet->v6 ? &no_port6 : &no_port);
}

/* Of IPv4 alone: ip6_walk() knows the next headers that we take. */
static void unknown_arrived(struct ip_layer *ip, const struct ip_arrival *arrival)
{
    if (arrival->packet.broadcast) {
        ip_drop(ip, CIAO_DROP_IP4_PROTOCOL_TO_MANY);
        return;
    }
    ip_drop(ip, CIAO_DROP_IP4_PROTOCOL);
    struct icmp_problem problem = {.type = ICMP4_TYPE_UNREACHABLE,
                                   .code = ICMP4_UNREACHABLE_PROTOCOL};
    icmp_say(ip, arrival, &problem);
}

bool ip_deliver(struct ip_layer *ip, struct ip_arrival *arrival)
{
    struct ip_packet *packet = &arrival->packet;
    packet->csum_ok = !arrival->whole && packet->frame->csum != CIAO_CSUM_NONE;
    packet->frame->ecn = packet->tos & IP_ECN_MASK;
    if (packet->protocol == IP_PROTO_TCP) {
        ip->accepted++;
        return true;
    }
    if (packet->protocol == IP_PROTO_UDP)
        udp_arrived(ip, arrival);
    else if (packet->protocol == IP_PROTO_ICMP4 && !packet->v6)
        ip->accepted += icmp4_arrived(ip, arrival);
    else if (packet->protocol == IP_PROTO_ICMP6 && packet->v6)
        ip->accepted += icmp6_arrived(ip, arrival);
    else
        unknown_arrived(ip, arrival);
    return false;
}

/* ---- link headers ---- */

static bool ethernet_arrived(struct ip_layer *ip, struct ip_arrival *arrival)
{
    const struct ciao_frame *frame = arrival->packet.frame;
    const struct ciao_link *link = &ip->links.at[arrival->packet.link].link;
    struct eth_header eth;
    enum wire_fault fault = eth_parse(frame->head, frame->head_len, &eth);
    if (fault) {
        ip_drop(ip, ip_drop_of(fault));
        return false;
    }
    arrival->link_broadcast = eth_is_multicast(eth.dst);
    if (!arrival->link_broadcast && memcmp(eth.dst, link->mac, ETH_ALEN) != 0) {
        ip_drop(ip, CIAO_DROP_ETH_NOT_OURS);
        return false;
    }
    if (eth_is_multicast(eth.src)) {
        ip_drop(ip, CIAO_DROP_ETH_SOURCE);
        return false;
    }
    arrival->l3 = frame->head + ETH_HEADER_LEN;
    arrival->l3_len = frame->head_len - ETH_HEADER_LEN;
    if (eth.type == ETH_TYPE_IP4)
        return ip4_arrived(ip, arrival);
    if (eth.type == ETH_TYPE_IP6)
        return ip6_arrived(ip, arrival);
    if (eth.type == ETH_TYPE_ARP)
        ip->accepted +=
            arp_arrived(ip, arrival->packet.link, arrival->l3, arrival->l3_len, arrival->now);
    else
        ip_drop(ip, CIAO_DROP_ETH_TYPE);
    return false;
}

static bool bare_arrived(struct ip_layer *ip, struct ip_arrival *arrival)
{
    const struct ciao_frame *frame = arrival->packet.frame;
    arrival->l3 = frame->head;
    arrival->l3_len = frame->head_len;
    if (frame->head_len == 0) {
        ip_drop(ip, CIAO_DROP_FRAME_EMPTY);
        return false;
    }
    if (frame->head[0] >> 4 == 4)
        return ip4_arrived(ip, arrival);
    if (frame->head[0] >> 4 == 6)
        return ip6_arrived(ip, arrival);
    ip_drop(ip, CIAO_DROP_IP_VERSION);
    return false;
}

/* Whatever it is. */
static bool receive_any(struct ip_layer *ip, int link, struct ciao_frame *frame,
                        struct ip_packet *packet, time_us now)
{
    struct ip_arrival arrival = {.packet = {.frame = frame, .link = link}, .now = now};
    const struct ciao_link *entry = ip_link(ip, link);
    bool is_tcp = false;
    if (frame->n_frags == 0 || headers_in_head(frame, ip_link_header_len(entry))
        || straighten(ip, &arrival))
        is_tcp = entry->kind == CIAO_LINK_ETHERNET ? ethernet_arrived(ip, &arrival)
                                                   : bare_arrived(ip, &arrival);
    if (!is_tcp) {
        ciao_frame_release(arrival.packet.frame);
        return false;
    }
    *packet = arrival.packet;
    if (!packet->broadcast)
        ip_judge(ip, packet);
    return true;
}

bool ip_receive(struct ip_layer *ip, int link, struct ciao_frame *frame, struct ip_packet *packet,
                time_us now)
{
    return ip_take_plain(ip, link, frame, packet) || receive_any(ip, link, frame, packet, now);
}
