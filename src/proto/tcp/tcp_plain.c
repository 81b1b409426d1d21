/*
 * Segments that are nothing but a header, the short way up: SYN, SYN,ACK, FIN and ACKs alone.
 *
 * tcp_predict.c has looked at the frame already: its shape is plain and its flow's hash known.  So
 * neither the IP layer's checks nor the general parse of a datagram in pieces have anything left to
 * say; both checksums are verified here.  From where the record is found on the segment goes
 * through all the steps of 3.10.7 like any other (tcp_input.c).
 *
 * Whether the ends can be believed was judged when the flow came about, as tcp_predict.c says, or,
 * for who has no record yet, when the last segment between them came by the long way (ip_plain.c).
 * Else, and wherever something is wrong, it goes that way, which says what.
 */
#include "proto/ip/ip_internal.h"
#include "proto/tcp/tcp_internal.h"
#include "proto/tcp/tcp_predict.h"

static bool describe(const struct tcp_glance *glance, int link, struct ip_packet *packet)
{
    const uint8_t *l4 = glance->l4;
    if (glance->v6) {
        __builtin_memcpy(packet->src.b, l4 - 32, sizeof packet->src.b);
        __builtin_memcpy(packet->dst.b, l4 - 16, sizeof packet->dst.b);
        packet->tos = (uint8_t)(get_be16(l4 - IP6_HEADER_LEN) >> 4);
        packet->ttl = l4[7 - (int)IP6_HEADER_LEN];
        if (ip_is_v4(&packet->src) || ip_is_v4(&packet->dst))
            return false;
    } else {
        packet->src = ip_addr_v4(get_be32(l4 - 8));
        packet->dst = ip_addr_v4(get_be32(l4 - 4));
        packet->tos = l4[1 - (int)IP4_HEADER_LEN];
        packet->ttl = l4[8 - (int)IP4_HEADER_LEN];
    }
    packet->frame = glance->frame;
    packet->l4 = l4;
    packet->l4_head_len = packet->l4_len = glance->header_len;
    packet->link = link;
    packet->protocol = IP_PROTO_TCP;
    packet->v6 = glance->v6;
    packet->csum_ok = true;
    packet->broadcast = false;
    return true;
}

static bool is_believed(const struct tcp *tcp, ref_t ref, const struct ip_packet *packet)
{
    if (ref == REF_NONE)
        return ip_is_judged(tcp->ip, packet->link, &packet->src, &packet->dst);
    return tcp_believes(tcp, packet->link, tcp_head_at(tcp, ref));
}

/* Both checksums, of a header with whatever options. [RFC9293 3.1 MUST-3, RFC1122 3.2.1.2] */
static bool sums_hold(const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    if (!glance->v6 && !csum_is_valid_header(csum_of_20(l4 - IP4_HEADER_LEN)))
        return false;
    uint64_t sum = csum_more(tcp_glance_pseudo_sum(glance), l4, glance->header_len);
    return glance->frame->csum != CIAO_CSUM_NONE || csum_is_valid_header(sum);
}

bool tcp_plain_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance)
{
    struct ip_packet packet;
    struct tcp_segment seg;
    if (!sums_hold(glance)
        || (!tcp_parse_usual(glance->l4, glance->header_len, &seg.h)
            && !tcp_parse_usual_syn(glance->l4, glance->header_len, &seg.h)
            && tcp_parse(glance->l4, glance->header_len, &seg.h) != WIRE_OK)
        || !describe(glance, link, &packet))
        return false;
    seg.hash = glance->hashed ? glance->hash : tcp_glance_hash(tcp, glance);
    tcp_segment_of(&seg, &packet);
    ref_t ref = tcp_flow_arrives_at(tcp, &seg, glance->flow);
    if (!is_believed(tcp, ref, &packet))
        return false;
    packet.frame->ecn = packet.tos & IP_ECN_MASK;
    tcp->ip->accepted++;
    tcp_deliver(tcp, ref, &seg);
    ciao_frame_release(packet.frame);
    return true;
}
