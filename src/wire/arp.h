/*
 * ARP packets for IPv4 over Ethernet [RFC826].  Any other hardware or protocol is a fault.
 */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include <stddef.h>
#include <stdint.h>

#include "wire/eth.h"
#include "wire/fault.h"

#define ARP_LEN 28u

enum arp_operation { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp_packet {
    enum arp_operation operation;
    uint8_t sender_mac[ETH_ALEN];
    uint8_t target_mac[ETH_ALEN];
    uint32_t sender_ip; /* host order */
    uint32_t target_ip;
};

enum wire_fault arp_parse(const uint8_t *p, size_t len, struct arp_packet *arp);

/* Writes ARP_LEN bytes and returns that number. */
size_t arp_emit(const struct arp_packet *arp, uint8_t *out);

#endif
