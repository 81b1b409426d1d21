/*
 * Neighbour discovery: see ndp.h.
 */
#include "proto/ndp/ndp.h"

#include "wire/ndp.h"

static const struct ciao_addr all_nodes = {{0xff, 2, [15] = 1}};

/* ---- we ask and answer ---- */

/* From us to an address of that link, which may be a group. */
static void say(struct ip_layer *ip, const struct ndp_message *message, struct ip_out *out,
                time_us now)
{
    uint8_t bytes[NDP_EMIT_MAX];
    int route = ip_route_find(ip, &out->dst, out->link);
    uint32_t len = (uint32_t)ndp_emit(message, &out->src, &out->dst, bytes);
    if (route < 0 && !ip_is_multicast(&out->dst)) {
        ip_drop(ip, CIAO_DROP_NO_ROUTE);
        return;
    }
    out->protocol = IP_PROTO_ICMP6;
    out->ttl = NDP_HOP_LIMIT;
    out->route = (uint16_t)(route < 0 ? 0 : route);
    ip_reply(ip, out, bytes, len, now);
}

void ndp_ask(struct ip_layer *ip, const struct ip_neighbour *neighbour, bool probing)
{
    struct ndp_message question = {
        .type = ICMP6_TYPE_NEIGHBOUR_SOLICITATION,
        .target = neighbour->addr,
        .has_mac = true,
    };
    struct ip_out out = {
        .src = neighbour->source,
        .dst = probing ? neighbour->addr : ip6_solicited_node(&neighbour->addr),
        .link = neighbour->link,
    };
    memcpy(question.mac, ip->links.at[neighbour->link].link.mac, ETH_ALEN);
    say(ip, &question, &out, neighbour->used_us);
}

/* Who asks from nowhere is told before all the link [RFC4861 7.2.4]. */
static void answer(struct ip_layer *ip, const struct ip_arrival *arrival,
                   const struct ndp_message *question)
{
    const struct ip_packet *packet = &arrival->packet;
    bool anonymous = ip_is_any(&packet->src);
    struct ndp_message reply = {
        .type = ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT,
        .target = question->target,
        .solicited = !anonymous,
        .override = true,
        .has_mac = true,
    };
    struct ip_out out = {
        .src = question->target,
        .dst = anonymous ? all_nodes : packet->src,
        .link = (uint8_t)packet->link,
    };
    memcpy(reply.mac, ip->links.at[packet->link].link.mac, ETH_ALEN);
    say(ip, &reply, &out, arrival->now);
}

/* ---- what arrives ---- */

static enum ciao_reason solicited(struct ip_layer *ip, const struct ip_arrival *arrival,
                                  const struct ndp_message *message)
{
    const struct ip_packet *packet = &arrival->packet;
    if (!ip_is_ours_on(ip, &message->target, packet->link))
        return CIAO_DROP_NDP_NOT_FOR_US;
    if (message->has_mac && !eth_is_multicast(message->mac)) {
        struct ip_hop sender = {
            .addr = packet->src, .source = message->target, .link = (uint8_t)packet->link};
        ip_neighbour_heard(ip, &sender, message->mac, arrival->now);
    }
    answer(ip, arrival, message);
    return CIAO_REASON_NONE;
}

/* For an entry that has a MAC [RFC4861 7.2.5, I and II]. */
static void update(struct ip_layer *ip, struct ip_neighbour *neighbour,
                   const struct ndp_message *message, time_us now)
{
    bool other_mac = message->has_mac && memcmp(message->mac, neighbour->mac, ETH_ALEN) != 0;
    if (other_mac && !message->override) {
        if (neighbour->state == NEIGHBOUR_REACHABLE)
            neighbour->state = NEIGHBOUR_STALE;
        return;
    }
    if (message->solicited)
        ip_neighbour_known(ip, neighbour, message->has_mac ? message->mac : neighbour->mac,
                           NEIGHBOUR_REACHABLE, now);
    else if (other_mac)
        ip_neighbour_known(ip, neighbour, message->mac, NEIGHBOUR_STALE, now);
    neighbour->router = message->router;
}

static enum ciao_reason advertised(struct ip_layer *ip, const struct ip_arrival *arrival,
                                   const struct ndp_message *message)
{
    uint8_t link = (uint8_t)arrival->packet.link;
    struct ip_neighbour *neighbour = ip_neighbour_find(ip, &message->target, link);
    if (ip_is_ours(ip, &message->target))
        return CIAO_DROP_NDP_CONFLICT;
    if (neighbour == NULL)
        return CIAO_DROP_NDP_UNASKED;
    if (neighbour->state != NEIGHBOUR_INCOMPLETE) {
        update(ip, neighbour, message, arrival->now);
        return CIAO_REASON_NONE;
    }
    if (!message->has_mac || eth_is_multicast(message->mac))
        return CIAO_DROP_NDP_NO_LINK_ADDRESS;
    neighbour->router = message->router;
    ip_neighbour_known(ip, neighbour, message->mac,
                       message->solicited ? NEIGHBOUR_REACHABLE : NEIGHBOUR_STALE, arrival->now);
    return CIAO_REASON_NONE;
}

static time_us lifetime_ends(uint32_t seconds, time_us now)
{
    if (seconds == 0)
        return 0;
    return seconds == UINT32_MAX ? TIME_NEVER : now + s_to_us(seconds);
}

/* The prefixes that lie on this link [RFC4861 6.3.4]. */
static bool take_prefixes(struct ip_layer *ip, const struct ip_arrival *arrival,
                          const struct ndp_message *message)
{
    bool room = true;
    for (uint8_t i = 0; i < message->n_prefixes; i++) {
        const struct ndp_prefix *prefix = &message->prefix[i];
        if (!prefix->on_link || ip_is_linklocal(&prefix->prefix)
            || ip_is_multicast(&prefix->prefix))
            continue;
        struct ip_advert advert = {
            .prefix = ip_mask(&prefix->prefix, prefix->bits),
            .bits = prefix->bits,
            .link = (uint8_t)arrival->packet.link,
            .until = lifetime_ends(prefix->valid_s, arrival->now),
        };
        room = ip_route_advertise(ip, &advert) && room;
    }
    return room;
}

static enum ciao_reason router_advertised(struct ip_layer *ip, const struct ip_arrival *arrival,
                                          const struct ndp_message *message)
{
    const struct ip_packet *packet = &arrival->packet;
    const struct ciao_addr *own = ip_source_for(ip, &packet->src, packet->link);
    struct ip_advert advert = {
        .gateway = packet->src,
        .link = (uint8_t)packet->link,
        .mtu = message->has_mtu && message->mtu >= IP6_MTU_MIN ? message->mtu : 0,
        .until = lifetime_ends(message->lifetime_s, arrival->now),
    };
    if (message->has_mac && !eth_is_multicast(message->mac) && own != NULL) {
        struct ip_hop router = {.addr = packet->src, .source = *own, .link = advert.link};
        struct ip_neighbour *neighbour =
            ip_neighbour_heard(ip, &router, message->mac, arrival->now);
        if (neighbour != NULL)
            neighbour->router = true;
    }
    bool room = ip_route_advertise(ip, &advert);
    room = take_prefixes(ip, arrival, message) && room;
    return room ? CIAO_REASON_NONE : CIAO_DROP_NDP_ROUTES_FULL;
}

static enum ciao_reason take(struct ip_layer *ip, const struct ip_arrival *arrival,
                             const struct ndp_message *message)
{
    if (message->type == ICMP6_TYPE_NEIGHBOUR_SOLICITATION)
        return solicited(ip, arrival, message);
    if (message->type == ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT)
        return advertised(ip, arrival, message);
    if (message->type == ICMP6_TYPE_ROUTER_ADVERTISEMENT)
        return router_advertised(ip, arrival, message);
    return CIAO_DROP_NDP_TYPE; /* a router solicitation: we are none */
}

bool ndp_arrived(struct ip_layer *ip, const struct ip_arrival *arrival)
{
    const struct ip_packet *packet = &arrival->packet;
    struct ndp_message message;
    struct ndp_envelope envelope = {
        .src = &packet->src, .dst = &packet->dst, .hop_limit = packet->ttl};
    enum ciao_reason fault = CIAO_DROP_NDP_ON_IP_LINK;
    if (ip->links.at[packet->link].link.kind == CIAO_LINK_ETHERNET) {
        enum wire_fault wrong = ndp_parse(packet->l4, packet->l4_len, &envelope, &message);
        fault = wrong ? ip_drop_of(wrong) : take(ip, arrival, &message);
    }
    if (fault != CIAO_REASON_NONE)
        ip_drop(ip, fault);
    return fault == CIAO_REASON_NONE;
}
