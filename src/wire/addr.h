/*
 * Questions about addresses: which family, which kind, which prefix.
 *
 * An address is a struct ciao_addr for both families, IPv4 in its mapped form, so that tables and
 * comparisons exist once.  Text conversion is in addr.c behind the public header.  [RFC4291],
 * [RFC1122 3.2.1.3], [RFC5952]
 */
#ifndef WIRE_ADDR_H
#define WIRE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "ciao/addr.h"

/* Bits in front of the IPv4 address in its mapped form: a /24 of IPv4 is a /120 here. */
#define IP_MAPPED_BITS 96u

/* The IPv4 address given in host order: 0x0a090001 is 10.9.0.1. */
static inline struct ciao_addr ip_addr_v4(uint32_t v4)
{
    struct ciao_addr addr;
    put_be64(addr.b, 0);
    put_be32(addr.b + 8, 0xffff);
    put_be32(addr.b + 12, v4);
    return addr;
}

static inline bool ip_is_v4(const struct ciao_addr *addr)
{
    return get_be64(addr->b) == 0 && get_be32(addr->b + 8) == 0xffff;
}

/* The IPv4 address in host order; only for addresses that are IPv4. */
static inline uint32_t ip_v4(const struct ciao_addr *addr)
{
    return get_be32(addr->b + 12);
}

static inline bool ip_equal(const struct ciao_addr *a, const struct ciao_addr *b)
{
    uint64_t x[2], y[2]; /* in the machine's order, whichever it is */
    __builtin_memcpy(x, a->b, sizeof x);
    __builtin_memcpy(y, b->b, sizeof y);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* 0.0.0.0 or :: */
static inline bool ip_is_any(const struct ciao_addr *addr)
{
    return get_be64(addr->b) == 0 && get_be32(addr->b + 12) == 0
           && (get_be32(addr->b + 8) == 0 || get_be32(addr->b + 8) == 0xffff);
}

/* 255.255.255.255; IPv6 has no broadcast. */
static inline bool ip_is_broadcast(const struct ciao_addr *addr)
{
    return ip_is_v4(addr) && ip_v4(addr) == 0xffffffff;
}

/* 224.0.0.0/4 or ff00::/8 */
static inline bool ip_is_multicast(const struct ciao_addr *addr)
{
    return ip_is_v4(addr) ? ip_v4(addr) >> 28 == 0xe : addr->b[0] == 0xff;
}

/* 127.0.0.0/8 or ::1 */
static inline bool ip_is_loopback(const struct ciao_addr *addr)
{
    return ip_is_v4(addr) ? ip_v4(addr) >> 24 == 127
                          : get_be64(addr->b) == 0 && get_be64(addr->b + 8) == 1;
}

/* 169.254.0.0/16 or fe80::/10 */
static inline bool ip_is_linklocal(const struct ciao_addr *addr)
{
    return ip_is_v4(addr) ? ip_v4(addr) >> 16 == 0xa9fe : get_be16(addr->b) >> 6 == 0xfe80 >> 6;
}

/* Do the first `bits` bits (0..128, of the mapped form for IPv4) agree? */
bool ip_prefix_match(const struct ciao_addr *addr, const struct ciao_addr *prefix, unsigned bits);

/* The address with all but its first `bits` bits cleared. */
struct ciao_addr ip_mask(const struct ciao_addr *addr, unsigned bits);

/* The address with all but its first `bits` bits set: IPv4's directed broadcast of a prefix. */
struct ciao_addr ip_prefix_last(const struct ciao_addr *addr, unsigned bits);

/* How many leading bits agree, 0..128. */
unsigned ip_common_bits(const struct ciao_addr *a, const struct ciao_addr *b);

/* ff02::1:ffXX:XXXX, where neighbours ask for this address [RFC4291 2.7.1]. */
struct ciao_addr ip6_solicited_node(const struct ciao_addr *addr);

/* fe80:: with the interface identifier made of a MAC [RFC4291 app. A]. */
struct ciao_addr ip6_linklocal_of(const uint8_t mac[6]);

#endif
