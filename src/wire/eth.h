/*
 * Ethernet II headers [RFC894], [RFC2464].
 *
 * Not for VLAN tags or 802.3 lengths: those come out as a type that nobody knows, and the caller
 * drops them.
 */
#ifndef WIRE_ETH_H
#define WIRE_ETH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/addr.h"
#include "wire/fault.h"

#define ETH_ALEN       6
#define ETH_HEADER_LEN 14u

#define ETH_TYPE_IP4 0x0800u
#define ETH_TYPE_ARP 0x0806u
#define ETH_TYPE_IP6 0x86ddu

struct eth_header {
    uint8_t dst[ETH_ALEN];
    uint8_t src[ETH_ALEN];
    uint16_t type;
};

/* The payload begins ETH_HEADER_LEN behind p. */
enum wire_fault eth_parse(const uint8_t *p, size_t len, struct eth_header *eth);

/* Writes ETH_HEADER_LEN bytes and returns that number. */
size_t eth_emit(const struct eth_header *eth, uint8_t *out);

/* Broadcast is a multicast too. */
static inline bool eth_is_multicast(const uint8_t mac[ETH_ALEN])
{
    return (mac[0] & 1) != 0;
}

bool eth_is_broadcast(const uint8_t mac[ETH_ALEN]);

/* The MAC to which a multicast IP address (of either family) is sent [RFC1112 6.4], [RFC2464 7]. */
void eth_multicast_of(const struct ciao_addr *group, uint8_t mac[ETH_ALEN]);

#endif
