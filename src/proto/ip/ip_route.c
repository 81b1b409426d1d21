/*
 * Which way to a destination, and which addresses are ours: see ip.h.
 *
 * Routes stand in an order of their own, longest prefix first, so that the first that matches is
 * the one [RFC1122 3.3.1.2], [RFC4861 5.2].  A host has a handful; a connection asks once and keeps
 * the index.
 */
#include "proto/ip/ip_internal.h"

static bool route_matches(const struct ip_route *route, const struct ciao_addr *dst, int link)
{
    if (link >= 0 && route->link != link)
        return false;
    return ip_is_v4(&route->prefix) == ip_is_v4(dst)
           && ip_prefix_match(dst, &route->prefix, route->bits);
}

int ip_route_find(const struct ip_layer *ip, const struct ciao_addr *dst, int link)
{
    for (uint32_t i = 0; i < ip->routes.count; i++) {
        uint16_t index = ip->routes.by_length[i];
        if (route_matches(&ip->routes.at[index], dst, link))
            return index;
    }
    return -1;
}

/* Among equals the program's come before a router's, and earlier ones before later ones. */
static bool goes_before(const struct ip_route *a, const struct ip_route *b)
{
    if (a->bits != b->bits)
        return a->bits > b->bits;
    return !a->advertised && b->advertised;
}

static int free_route(const struct ip_layer *ip)
{
    for (uint32_t i = 0; i < IP_ROUTES; i++) {
        if (ip->routes.at[i].until == 0)
            return (int)i;
    }
    return -1;
}

int ip_route_insert(struct ip_layer *ip, const struct ip_route *route)
{
    int index = free_route(ip);
    if (index < 0)
        return -1;
    ip_changed(ip);
    ip->routes.at[index] = *route;
    uint16_t *order = ip->routes.by_length;
    uint32_t at = ip->routes.count++;
    for (; at > 0 && goes_before(route, &ip->routes.at[order[at - 1]]); at--)
        order[at] = order[at - 1];
    order[at] = (uint16_t)index;
    return index;
}

static void route_remove(struct ip_layer *ip, uint32_t place)
{
    uint16_t *order = ip->routes.by_length;
    ip_changed(ip);
    ip->routes.at[order[place]].until = 0;
    ip->routes.count--;
    memmove(&order[place], &order[place + 1], (ip->routes.count - place) * sizeof order[0]);
}

int ip_route_add(struct ip_layer *ip, const struct ciao_route *route)
{
    bool v4 = ip_is_v4(&route->prefix);
    if (route->link < 0 || (uint32_t)route->link >= ip->links.count)
        return -CIAO_EINVAL;
    if (route->prefix_len > (v4 ? 32u : 128u) || (route->mtu != 0 && route->mtu < 576))
        return -CIAO_EINVAL;
    const struct ciao_addr *gateway = route->gateway;
    if (gateway != NULL
        && (ip_is_v4(gateway) != v4 || ip_is_any(gateway) || ip_is_multicast(gateway)
            || ip_is_ours(ip, gateway)))
        return -CIAO_EINVAL;

    unsigned bits = v4 ? route->prefix_len + IP_MAPPED_BITS : route->prefix_len;
    struct ip_route entry = {
        .prefix = ip_mask(&route->prefix, bits),
        .until = TIME_NEVER,
        .mtu = route->mtu,
        .bits = (uint8_t)bits,
        .link = (uint8_t)route->link,
    };
    if (gateway != NULL)
        entry.gateway = *gateway;
    return ip_route_insert(ip, &entry) < 0 ? -CIAO_ENOMEM : 0;
}

/* ---- what routers advertise [RFC4861 6.3.4] ---- */

/* Where in the order it stands; the count where it does not; how many there are in all. */
static uint32_t find_advertised(const struct ip_layer *ip, const struct ip_advert *advert,
                                uint32_t *in_all)
{
    uint32_t place = ip->routes.count;
    *in_all = 0;
    for (uint32_t i = 0; i < ip->routes.count; i++) {
        const struct ip_route *route = &ip->routes.at[ip->routes.by_length[i]];
        if (!route->advertised)
            continue;
        (*in_all)++;
        if (route->link == advert->link && route->bits == advert->bits
            && ip_equal(&route->prefix, &advert->prefix)
            && ip_equal(&route->gateway, &advert->gateway))
            place = i;
    }
    return place;
}

bool ip_route_advertise(struct ip_layer *ip, const struct ip_advert *advert)
{
    uint32_t in_all;
    uint32_t place = find_advertised(ip, advert, &in_all);
    bool there = place < ip->routes.count;
    if (advert->until == 0) {
        if (there)
            route_remove(ip, place);
        return true;
    }
    ip_arm(ip, advert->until);
    if (there) {
        ip->routes.at[ip->routes.by_length[place]].until = advert->until;
        return true;
    }
    struct ip_route route = {
        .prefix = advert->prefix,
        .gateway = advert->gateway,
        .until = advert->until,
        .mtu = advert->mtu,
        .bits = (uint8_t)advert->bits,
        .link = advert->link,
        .advertised = true,
    };
    return in_all < IP_ROUTES_ADVERTISED && ip_route_insert(ip, &route) >= 0;
}

time_us ip_routes_advance(struct ip_layer *ip, time_us now)
{
    time_us next = TIME_NEVER;
    for (uint32_t i = ip->routes.count; i > 0; i--) {
        time_us until = ip->routes.at[ip->routes.by_length[i - 1]].until;
        if (until <= now)
            route_remove(ip, i - 1);
        else
            next = time_min(next, until);
    }
    return next;
}

/* ---- addresses ---- */

bool ip_is_ours(const struct ip_layer *ip, const struct ciao_addr *addr)
{
    return ip_is_ours_on(ip, addr, -1);
}

static bool stands_there(const struct ip_layer *ip, const struct ciao_addr *addr, int link)
{
    for (uint32_t i = 0; i < ip->addresses.count; i++) {
        const struct ip_address *own = &ip->addresses.at[i];
        if (ip_equal(&own->addr, addr) && (link < 0 || own->link == link))
            return true;
    }
    return false;
}

bool ip_has_address(const struct ip_layer *ip, const struct ciao_addr *addr)
{
    return stands_there(ip, addr, -1);
}

/* link negative: on any.  All of 127.0.0.0/8 is this host's, and so is ::1 [RFC1122 3.2.1.3],
 * [RFC4291 2.5.3], where there is a link for it. */
bool ip_is_ours_on(const struct ip_layer *ip, const struct ciao_addr *addr, int link)
{
    if (stands_there(ip, addr, link))
        return true;
    return ip->links.loopback != 0 && ip_is_loopback(addr)
           && (link < 0 || ip_is_loopback_link(ip, link));
}

bool ip_is_any_broadcast(const struct ip_layer *ip, const struct ciao_addr *addr)
{
    if (!ip_is_v4(addr))
        return false;
    if (ip_is_broadcast(addr))
        return true;
    for (uint32_t i = 0; i < ip->addresses.count; i++) {
        if (ip_equal(&ip->addresses.at[i].broadcast, addr))
            return true;
    }
    return false;
}

/* All hosts; of IPv6 also the groups in which neighbours look for our addresses. */
bool ip_is_our_group(const struct ip_layer *ip, const struct ciao_addr *group, int link)
{
    static const struct ciao_addr all_nodes = {{0xff, 2, [15] = 1}};
    if (ip_is_v4(group))
        return ip_v4(group) == 0xe0000001;
    if (ip_equal(group, &all_nodes))
        return true;
    for (uint32_t i = 0; i < ip->addresses.count; i++) {
        const struct ip_address *own = &ip->addresses.at[i];
        if (own->link != link || ip_is_v4(&own->addr))
            continue;
        struct ciao_addr solicited = ip6_solicited_node(&own->addr);
        if (ip_equal(&solicited, group))
            return true;
    }
    return false;
}

/* How well an address of ours suits a destination; 0: not at all. */
static unsigned suits(const struct ip_address *own, const struct ciao_addr *dst, int link)
{
    if (ip_is_v4(&own->addr) != ip_is_v4(dst))
        return 0;
    bool same_scope = ip_is_linklocal(&own->addr) == ip_is_linklocal(dst);
    if (ip_is_linklocal(&own->addr) && own->link != link)
        return 0;
    return 1 + (own->link == link ? 512u : 0) + (same_scope ? 256u : 0)
           + ip_common_bits(&own->addr, dst);
}

const struct ciao_addr *ip_source_for(const struct ip_layer *ip, const struct ciao_addr *dst,
                                      int link)
{
    const struct ciao_addr *best = NULL;
    unsigned best_suits = 0;
    for (uint32_t i = 0; i < ip->addresses.count; i++) {
        unsigned this_suits = suits(&ip->addresses.at[i], dst, link);
        if (this_suits > best_suits) {
            best = &ip->addresses.at[i].addr;
            best_suits = this_suits;
        }
    }
    return best;
}

/* The link that a link-local address of ours names; -1: any will do. */
static int link_meant(const struct ip_layer *ip, const struct ciao_addr *source)
{
    for (uint32_t i = 0; i < ip->addresses.count; i++) {
        const struct ip_address *own = &ip->addresses.at[i];
        if (ip_is_linklocal(&own->addr) && ip_equal(&own->addr, source))
            return own->link;
    }
    return -1;
}

/* To ourselves: over the loopback link, whose first route stands for all of its. */
static int path_to_ourselves(const struct ip_layer *ip, const struct ciao_addr *dst,
                             const struct ciao_addr *source, struct ip_path *path)
{
    int link = (int)ip->links.loopback - 1;
    for (uint32_t i = 0; link >= 0 && i < ip->routes.count; i++) {
        uint16_t index = ip->routes.by_length[i];
        if (ip->routes.at[index].link != link)
            continue;
        if (source == NULL)
            source = ip_has_address(ip, dst) ? dst : ip_source_for(ip, dst, link);
        if (source == NULL)
            return -CIAO_EADDRNOTAVAIL;
        path->link = (uint8_t)link;
        path->route = index;
        path->mtu = ip->links.at[link].link.mtu;
        path->source = *source;
        return 0;
    }
    return -CIAO_ENOROUTE;
}

/* 0.0.0.0/8 and 240.0.0.0/4: what comes from there is not believed, so nobody there can answer.
 * [RFC1122 3.2.1.3] */
static bool is_reserved(const struct ciao_addr *addr)
{
    return ip_is_v4(addr) && (ip_v4(addr) >> 24 == 0 || ip_v4(addr) >> 28 == 0xf);
}

int ip_path_to(const struct ip_layer *ip, const struct ciao_addr *dst,
               const struct ciao_addr *source_or_null, struct ip_path *path)
{
    const struct ciao_addr *source = source_or_null;
    if (ip_is_any(dst) || ip_is_multicast(dst) || is_reserved(dst) || ip_is_any_broadcast(ip, dst))
        return -CIAO_EDESTADDR;
    if (source != NULL && (!ip_is_ours(ip, source) || ip_is_v4(source) != ip_is_v4(dst)))
        return -CIAO_EADDRNOTAVAIL;
    if (ip_is_loopback(dst) || ip_is_ours(ip, dst))
        return path_to_ourselves(ip, dst, source, path);
    if (source != NULL && ip_is_loopback(source))
        return -CIAO_ENOROUTE; /* it must not appear outside [RFC1122 3.2.1.3] */
    int index = ip_route_find(ip, dst, source == NULL ? -1 : link_meant(ip, source));
    if (index < 0)
        return -CIAO_ENOROUTE;

    const struct ip_route *route = &ip->routes.at[index];
    if (source == NULL)
        source = ip_source_for(ip, dst, route->link);
    if (source == NULL)
        return -CIAO_EADDRNOTAVAIL;
    uint32_t mtu = ip->links.at[route->link].link.mtu;
    path->link = route->link;
    path->route = (uint16_t)index;
    path->mtu = route->mtu != 0 && route->mtu < mtu ? route->mtu : mtu;
    path->source = *source;
    return 0;
}
