/*
 * UDP headers [RFC768], only as much as it takes to answer a datagram with "port unreachable"
 * [RFC1122 4.1.3.1].
 */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include <stddef.h>
#include <stdint.h>

#include "wire/fault.h"

#define UDP_HEADER_LEN      8u
#define UDP_CHECKSUM_OFFSET 6u

struct udp_header {
    uint16_t sport, dport;
    uint16_t len;      /* header and payload */
    uint16_t checksum; /* as on the wire; 0: none was made (IPv4 only) */
};

enum wire_fault udp_parse(const uint8_t *p, size_t len, struct udp_header *udp);

/* Writes UDP_HEADER_LEN bytes and returns that number. */
size_t udp_emit(const struct udp_header *udp, uint8_t *out);

#endif
