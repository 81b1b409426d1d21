/*
 * The datagram that nearly always comes: TCP right behind an IP header without options or
 * extensions, whole, between two addresses that have been judged before.  [RFC791], [RFC8200]
 *
 * What it relies on, and why nothing is skipped: its shape leaves no other work to ip4_arrived()
 * and ip6_arrived() than the lengths and IPv4's checksum, which are checked here; whether a source
 * can be believed and a destination is ours depends on the two addresses, the link and our own
 * addresses alone, so that a judgement holds until an address or a link is added.  Whatever looks
 * different in any way takes the way through ip_input.c, which says what is wrong with it.
 */
#include "proto/ip/ip_internal.h"
#include "wire/tcp.h"

/* ---- who has been judged ---- */

/* Both ends, as the numbers that they lie in a header as: which place, and is it they? */
struct ends {
    uint64_t word[4]; /* source, destination */
};

static uint64_t load64(const void *from)
{
    uint64_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}

static struct ends ends_of(const struct ciao_addr *src, const struct ciao_addr *dst)
{
    return (struct ends){{load64(src->b), load64(src->b + 8), load64(dst->b), load64(dst->b + 8)}};
}

static struct ip_judged *place_of(struct ip_layer *ip, const struct ends *ends)
{
    uint64_t mixed = (ends->word[1] ^ ends->word[3] >> 7) * UINT64_C(0x9e3779b97f4a7c15);
    return &ip->judged[mixed >> (64 - IP_JUDGED_BITS)];
}

bool ip_is_judged(struct ip_layer *ip, int link, const struct ciao_addr *src,
                  const struct ciao_addr *dst)
{
    struct ends ends = ends_of(src, dst);
    const struct ip_judged *judged = place_of(ip, &ends);
    return ((judged->word[0] ^ ends.word[0]) | (judged->word[1] ^ ends.word[1])
            | (judged->word[2] ^ ends.word[2]) | (judged->word[3] ^ ends.word[3]))
               == 0
           && judged->link == link + 1;
}

void ip_judge(struct ip_layer *ip, const struct ip_packet *packet)
{
    struct ends ends = ends_of(&packet->src, &packet->dst);
    struct ip_judged *judged = place_of(ip, &ends);
    memcpy(judged->word, ends.word, sizeof judged->word);
    judged->link = packet->link + 1;
}

void ip_changed(struct ip_layer *ip)
{
    ip->changes++;
    memset(ip->judged, 0, sizeof ip->judged);
    ip->judgements++;
}

/* ---- shapes ---- */

/* TCP's header lies in the head whole; so it does where there is nothing but a head. */
static bool has_tcp_header(const struct ciao_frame *frame, const uint8_t *l4, uint32_t l4_len)
{
    if (frame->n_frags == 0)
        return true;
    uint32_t there = (uint32_t)(frame->head + frame->head_len - l4);
    return l4_len >= TCP_HEADER_LEN && there >= TCP_HEADER_LEN && there >= (l4[12] >> 4) * 4u;
}

/* The sum of an IPv4 header of 20 bytes. */
static bool header_sum_holds(const uint8_t *l3)
{
    return csum_is_valid_header(csum_of_20(l3));
}

static bool take_ip4(const uint8_t *l3, uint32_t there, struct ip_packet *packet)
{
    if (there < IP4_HEADER_LEN + TCP_HEADER_LEN || l3[0] != 0x45 || l3[9] != IP_PROTO_TCP
        || (get_be16(l3 + 6) & 0x3fff) != 0 || get_be16(l3 + 2) != there || !header_sum_holds(l3))
        return false;
    packet->src = ip_addr_v4(get_be32(l3 + 12));
    packet->dst = ip_addr_v4(get_be32(l3 + 16));
    packet->ttl = l3[8];
    packet->tos = l3[1];
    packet->v6 = false;
    packet->l4 = l3 + IP4_HEADER_LEN;
    packet->l4_len = there - IP4_HEADER_LEN;
    return true;
}

static bool take_ip6(const uint8_t *l3, uint32_t there, struct ip_packet *packet)
{
    if (there < IP6_HEADER_LEN + TCP_HEADER_LEN || l3[0] >> 4 != 6 || l3[6] != IP_PROTO_TCP
        || get_be16(l3 + 4) + IP6_HEADER_LEN != there)
        return false;
    __builtin_memcpy(packet->src.b, l3 + 8, sizeof packet->src.b);
    __builtin_memcpy(packet->dst.b, l3 + 24, sizeof packet->dst.b);
    if (ip_is_v4(&packet->src) || ip_is_v4(&packet->dst))
        return false;
    packet->ttl = l3[7];
    packet->tos = (uint8_t)(get_be16(l3) >> 4);
    packet->v6 = true;
    packet->l4 = l3 + IP6_HEADER_LEN;
    packet->l4_len = there - IP6_HEADER_LEN;
    return true;
}

bool ip_take_plain(struct ip_layer *ip, int link, struct ciao_frame *frame,
                   struct ip_packet *packet)
{
    uint32_t before = ip_plain_start(ip_link(ip, link), frame);
    if (frame->head_len < before + IP4_HEADER_LEN)
        return false;
    const uint8_t *l3 = frame->head + before;
    uint32_t there = frame->len - before;
    if (l3[0] >> 4 == 4) {
        if (!take_ip4(l3, there, packet))
            return false;
    } else if (frame->head_len < before + IP6_HEADER_LEN || !take_ip6(l3, there, packet)) {
        return false;
    }
    packet->link = link;
    if (!has_tcp_header(frame, packet->l4, packet->l4_len)
        || !ip_is_judged(ip, packet->link, &packet->src, &packet->dst))
        return false;
    packet->frame = frame;
    packet->l4_head_len = frame->head_len - (uint32_t)(packet->l4 - frame->head);
    packet->protocol = IP_PROTO_TCP;
    packet->csum_ok = frame->csum != CIAO_CSUM_NONE;
    packet->broadcast = false;
    frame->ecn = packet->tos & IP_ECN_MASK;
    ip->accepted++;
    return true;
}
