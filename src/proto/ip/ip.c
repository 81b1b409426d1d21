/*
 * The IP layer is made; links and addresses are added; time passes: see ip.h.
 */
#include "proto/ip/ip.h"

#include "proto/ip/ip_internal.h"

#define IPV4_MTU_MIN 576u

static uint32_t buckets_for(uint32_t neighbours)
{
    uint32_t buckets = 16;
    while (buckets < neighbours)
        buckets *= 2;
    return buckets;
}

size_t ip_bytes(const struct ip_parts *parts)
{
    return pool_bytes(sizeof(struct ip_slot), IP_SLOTS)
           + pool_bytes(sizeof(struct ip_neighbour), parts->max_neighbours)
           + buckets_for(parts->max_neighbours) * sizeof(uint32_t)
           + IP_REASSEMBLIES * sizeof(struct ip_reassembly) + sizeof(struct ciao_frame)
           + 5 * 64; /* what alignment may cost */
}

static bool take_tables(struct ip_layer *ip, const struct ip_parts *parts, struct arena *arena)
{
    uint32_t neighbours = parts->max_neighbours;
    uint32_t buckets = buckets_for(neighbours);
    void *slots = arena_take(arena, pool_bytes(sizeof(struct ip_slot), IP_SLOTS), 64);
    void *pool = arena_take(arena, pool_bytes(sizeof(struct ip_neighbour), neighbours), 64);
    ip->neighbours.bucket = arena_take(arena, buckets * sizeof(uint32_t), 64);
    ip->neighbours.bucket_mask = buckets - 1;
    ip->reassemblies.at = arena_take(arena, IP_REASSEMBLIES * sizeof(struct ip_reassembly), 64);
    ip->straight = arena_take(arena, sizeof(struct ciao_frame), 64);
    if (slots == NULL || pool == NULL || ip->neighbours.bucket == NULL
        || ip->reassemblies.at == NULL || ip->straight == NULL)
        return false;
    pool_init(&ip->slots, slots, sizeof(struct ip_slot), IP_SLOTS);
    pool_init(&ip->neighbours.pool, pool, sizeof(struct ip_neighbour), neighbours);
    return true;
}

int ip_init(struct ip_layer *ip, const struct ip_parts *parts, struct rng *seed,
            struct arena *arena)
{
    memset(ip, 0, sizeof *ip);
    if (!take_tables(ip, parts, arena))
        return -1;
    ip->csum = csum_ops_for(parts->cpu);
    ip->trace = parts->trace;
    ip->buffers = parts->buffers;
    ip->upper = parts->upper;
    ip->next_id = (uint16_t)rng_u32(seed);
    ip->next_frag_id = rng_u32(seed);
    ip->neighbours.key[0] = rng_u64(seed);
    ip->neighbours.key[1] = rng_u64(seed);
    ip->deadline = TIME_NEVER;
    ip->changes = 1; /* what is kept of none was never worked out */
    return 0;
}

int ip_link_add(struct ip_layer *ip, const struct ciao_link *link)
{
    static const uint8_t no_mac[ETH_ALEN] = {0};
    if (link->kind != CIAO_LINK_IP && link->kind != CIAO_LINK_ETHERNET
        && (link->kind != CIAO_LINK_LOOPBACK || ip->links.loopback != 0))
        return -CIAO_EINVAL;
    if (link->mtu < IPV4_MTU_MIN || link->mtu > IP4_PACKET_MAX)
        return -CIAO_EINVAL;
    if (link->kind == CIAO_LINK_ETHERNET
        && (eth_is_multicast(link->mac) || memcmp(link->mac, no_mac, ETH_ALEN) == 0))
        return -CIAO_EINVAL;
    if (ip->links.count == IP_LINKS)
        return -CIAO_ENOMEM;
    ip_changed(ip);
    ip->links.at[ip->links.count].link = *link;
    if (link->kind == CIAO_LINK_LOOPBACK)
        ip->links.loopback = ip->links.count + 1;
    return (int)ip->links.count++;
}

/* May a host have this address, with a prefix of so many bits of the 128? */
static bool is_usable(const struct ciao_addr *addr, unsigned bits, bool on_loopback)
{
    if (ip_is_any(addr) || ip_is_multicast(addr) || ip_is_broadcast(addr)
        || (ip_is_loopback(addr) && !on_loopback))
        return false;
    if (!ip_is_v4(addr) || bits > 126)
        return true;
    struct ciao_addr first = ip_mask(addr, bits);
    struct ciao_addr last = ip_prefix_last(addr, bits);
    return !ip_equal(addr, &first) && !ip_equal(addr, &last);
}

static int address_insert(struct ip_layer *ip, uint8_t link, const struct ciao_addr *addr,
                          unsigned bits)
{
    if (ip->addresses.count == IP_ADDRESSES)
        return -CIAO_ENOMEM;
    struct ip_route route = {
        .prefix = ip_mask(addr, bits), .bits = (uint8_t)bits, .link = link, .until = TIME_NEVER};
    int there = ip_route_find(ip, addr, link);
    bool connected =
        there >= 0 && ip->routes.at[there].bits == bits && ip_is_any(&ip->routes.at[there].gateway);
    if (!connected && ip_route_insert(ip, &route) < 0)
        return -CIAO_ENOMEM;

    ip_changed(ip);
    struct ip_address *entry = &ip->addresses.at[ip->addresses.count++];
    *entry = (struct ip_address){.addr = *addr, .bits = (uint8_t)bits, .link = link};
    if (ip_is_v4(addr) && bits <= 126)
        entry->broadcast = ip_prefix_last(addr, bits);
    return 0;
}

/* Each Ethernet link with IPv6 has a link-local address: neighbours may ask for it [RFC4291
 * 2.8]. */
static int linklocal_insert(struct ip_layer *ip, uint8_t link)
{
    const struct ciao_link *ethernet = &ip->links.at[link].link;
    struct ciao_addr own = ip6_linklocal_of(ethernet->mac);
    if (ethernet->kind != CIAO_LINK_ETHERNET || ip_is_ours_on(ip, &own, link))
        return 0;
    return address_insert(ip, link, &own, 64);
}

int ip_address_add(struct ip_layer *ip, int link, const struct ciao_addr *addr, unsigned bits)
{
    bool v4 = ip_is_v4(addr);
    if (link < 0 || (uint32_t)link >= ip->links.count || bits > (v4 ? 32u : 128u))
        return -CIAO_EINVAL;
    unsigned mapped_bits = v4 ? bits + IP_MAPPED_BITS : bits;
    bool on_loopback = ip_is_loopback_link(ip, link);
    if (!is_usable(addr, mapped_bits, on_loopback) || ip_has_address(ip, addr))
        return -CIAO_EINVAL;
    if (!v4 && ip->links.at[link].link.mtu < IP6_MTU_MIN)
        return -CIAO_EINVAL;
    int failed = address_insert(ip, (uint8_t)link, addr, mapped_bits);
    return failed || v4 ? failed : linklocal_insert(ip, (uint8_t)link);
}

const struct ciao_link *ip_link(const struct ip_layer *ip, int link)
{
    ASSERT(link >= 0 && (uint32_t)link < ip->links.count);
    return &ip->links.at[link].link;
}

uint16_t ip_next_id(struct ip_layer *ip)
{
    return ip->next_id++;
}

bool ip_bucket_take(struct ip_bucket *bucket, struct ip_limit limit, time_us now)
{
    uint64_t us_per_one = 1000000u / limit.rate;
    uint64_t earned = (now - bucket->since_us) / us_per_one;
    if (earned >= bucket->spent) {
        bucket->spent = 0;
        bucket->since_us = now;
    } else {
        bucket->spent -= (uint32_t)earned;
        bucket->since_us += earned * us_per_one;
    }
    if (bucket->spent >= limit.burst)
        return false;
    bucket->spent++;
    return true;
}

void ip_advance(struct ip_layer *ip, time_us now)
{
    if (now < ip->deadline)
        return;
    ip->deadline = TIME_NEVER; /* what the following arms by ip_arm() counts too */
    ip_arm(ip, ip_reassembly_advance(ip, now));
    ip_arm(ip, ip_neighbours_advance(ip, now));
    ip_arm(ip, ip_routes_advance(ip, now));
}

uint32_t ip_neighbours_waiting(const struct ip_layer *ip)
{
    const struct pool *pool = &ip->neighbours.pool;
    uint32_t waiting = 0;
    for (uint32_t i = 1; i <= pool->high; i++) {
        if (!pool_is_out(pool, i))
            continue;
        const struct ip_neighbour *neighbour = pool_at(pool, i);
        waiting += neighbour->waiting.count;
    }
    return waiting;
}
