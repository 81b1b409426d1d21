/*
 * IPv4 headers [RFC791], [RFC1122 3.2.1].
 *
 * Options are skipped by their length, whatever they say [RFC9293 3.9.2 MUST-50]; none is ever
 * sent.  Reassembly is not here.
 */
#ifndef WIRE_IP4_H
#define WIRE_IP4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/fault.h"
#include "wire/protocol.h"

#define IP4_HEADER_LEN  20u
#define IP4_CHECKSUM_AT 10u
#define IP4_HEADER_MAX  60u
#define IP4_PACKET_MAX  65535u

struct ip4_header {
    uint32_t src; /* host order */
    uint32_t dst;
    uint16_t total_len; /* header and payload */
    uint16_t id;
    uint16_t frag_offset_bytes;
    uint8_t header_len; /* 20..60; emit ignores it and writes 20 */
    uint8_t protocol;
    uint8_t ttl;
    uint8_t tos;
    bool df;
    bool mf;
};

/* The payload is p[header_len] .. p[total_len]; what lies behind is the link's padding. */
enum wire_fault ip4_parse(const uint8_t *p, size_t len, struct ip4_header *ip);

/* Writes IP4_HEADER_LEN bytes, checksum included, and returns that number. */
size_t ip4_emit(const struct ip4_header *ip, uint8_t *out);

/* The header at p has been changed: write its checksum anew. */
void ip4_refresh_checksum(uint8_t *p);

static inline bool ip4_is_fragment(const struct ip4_header *ip)
{
    return ip->mf || ip->frag_offset_bytes != 0;
}

#endif
