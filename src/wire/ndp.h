/*
 * Neighbour discovery for IPv6 [RFC4861]: solicitations and advertisements of neighbours and
 * routers.
 *
 * Not for redirects.  The checksum has been verified before (icmp6_parse); options that nobody here
 * knows are skipped by their length.
 */
#ifndef WIRE_NDP_H
#define WIRE_NDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/eth.h"
#include "wire/fault.h"
#include "wire/icmp6.h"

#define NDP_HOP_LIMIT 255u
#define NDP_PREFIXES  4u /* prefixes taken from one advertisement; more are ignored */
#define NDP_EMIT_MAX  32u

struct ndp_prefix {
    struct ciao_addr prefix;
    uint32_t valid_s;
    uint32_t preferred_s;
    uint8_t bits;
    bool on_link;
    bool autonomous;
};

struct ndp_message {
    enum icmp6_type type; /* one of the four of neighbour discovery */
    /* neighbours */
    struct ciao_addr target;
    bool router, solicited, override; /* flags of an advertisement */
    /* an option with a link address: of a neighbour advertisement's target, or of the source */
    bool has_mac;
    uint8_t mac[ETH_ALEN];
    /* router advertisements */
    uint8_t hop_limit; /* 0: not said */
    bool managed, other;
    bool has_mtu;
    uint16_t lifetime_s; /* as default router; 0: it is none */
    uint32_t reachable_ms;
    uint32_t retrans_ms;
    uint32_t mtu;
    uint8_t n_prefixes;
    struct ndp_prefix prefix[NDP_PREFIXES];
};

/* From the IPv6 header round the message. */
struct ndp_envelope {
    const struct ciao_addr *src;
    const struct ciao_addr *dst;
    uint8_t hop_limit;
};

/* p: the whole ICMPv6 message. */
enum wire_fault ndp_parse(const uint8_t *p, size_t len, const struct ndp_envelope *envelope,
                          struct ndp_message *message);

/*
 * Writes a neighbour solicitation, neighbour advertisement or router solicitation, checksum
 * included, of at most NDP_EMIT_MAX bytes; returns the length.  (Routers' advertisements are not
 * ours to send.)
 */
size_t ndp_emit(const struct ndp_message *message, const struct ciao_addr *src,
                const struct ciao_addr *dst, uint8_t *out);

#endif
