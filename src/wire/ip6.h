/*
 * IPv6 headers and the chain of extension headers behind them [RFC8200 3, 4].
 *
 * Not for reassembly (the walk stops at a fragment and says which) and not for jumbograms, source
 * routes that pass through us, or IPsec: those are faults.
 */
#ifndef WIRE_IP6_H
#define WIRE_IP6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/addr.h"
#include "wire/fault.h"
#include "wire/protocol.h"

#define IP6_HEADER_LEN     40u
#define IP6_PAYLOAD_LEN_AT 4u
#define IP6_FRAGMENT_LEN   8u
#define IP6_MTU_MIN        1280u
#define IP6_EXT_MAX        8u /* extension headers in one packet; no honest one has half as many */

struct ip6_header {
    struct ciao_addr src;
    struct ciao_addr dst;
    uint32_t flow;        /* 20 bits */
    uint16_t payload_len; /* all that follows the 40 bytes */
    uint8_t next;
    uint8_t hop_limit;
    uint8_t tclass;
};

/* The payload is p[40] .. p[40 + payload_len]; what lies behind is the link's padding. */
enum wire_fault ip6_parse(const uint8_t *p, size_t len, struct ip6_header *ip);

/* Writes IP6_HEADER_LEN bytes and returns that number. */
size_t ip6_emit(const struct ip6_header *ip, uint8_t *out);

/* May an ICMPv6 parameter problem answer this fault [RFC4443 2.4 e]? */
enum ip6_answer {
    IP6_ANSWER_NONE,
    IP6_ANSWER_UNICAST, /* unless the packet was sent to a multicast address */
    IP6_ANSWER_ALWAYS,
};

struct ip6_walk {
    uint8_t protocol;    /* of what lies at `offset`; of a fragment: its Next Header */
    uint8_t n_headers;   /* extension headers passed */
    bool is_fragment;    /* to be reassembled; atomic fragments [RFC6946] are walked through */
    bool more_fragments; /* the M flag */
    uint16_t offset;     /* of the payload, from the first byte of the IPv6 header */
    uint16_t next_field; /* where the Next Header byte lies that led to the last header */
    uint16_t frag_offset_bytes; /* of a fragment */
    uint32_t frag_id;
    enum ip6_answer answer; /* the rest is for a fault: how to answer it */
    uint8_t answer_code;    /* code of the parameter problem */
    uint32_t answer_pointer;
};

/*
 * Pass the extension headers of a packet.
 *
 *   p     the IPv6 header, already parsed without fault
 *   len   bytes at p that may be read: 40 + payload_len, or less when the payload lies elsewhere
 *   walk  filled: where the payload begins and of which protocol it is
 */
enum wire_fault ip6_walk(const uint8_t *p, size_t len, struct ip6_walk *walk);

/* Write the 8 bytes of a fragment header [RFC8200 4.5]. */
struct ip6_fragment {
    uint8_t next;
    uint16_t offset_bytes;
    bool more;
    uint32_t id;
};
size_t ip6_fragment_emit(const struct ip6_fragment *fragment, uint8_t *out);

#endif
