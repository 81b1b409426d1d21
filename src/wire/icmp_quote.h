/*
 * The packet that an ICMP error is about: which of our segments came to grief?
 *
 * An error quotes the IP header and at least 8 bytes behind it [RFC792], enough for ports and
 * sequence number. Lengths and checksums of a quote prove nothing (it is cut, and routers have
 * changed it), so that only what is needed is read.  [RFC5927 4.1] wants the sequence number
 * compared: see `seq`.
 */
#ifndef WIRE_ICMP_QUOTE_H
#define WIRE_ICMP_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "ciao/addr.h"
#include "wire/fault.h"

struct icmp_quote {
    struct ciao_addr src; /* we, if it was really ours */
    struct ciao_addr dst;
    uint16_t sport, dport;
    uint32_t seq;        /* TCP's; of UDP: 0 */
    uint16_t packet_len; /* as its IP header says: for path MTU discovery */
    uint8_t protocol;    /* IP_PROTO_TCP or IP_PROTO_UDP */
};

/* p: the body of an ICMPv4 error. */
enum wire_fault icmp4_quote_parse(const uint8_t *p, size_t len, struct icmp_quote *quote);

/* p: the body of an ICMPv6 error. */
enum wire_fault icmp6_quote_parse(const uint8_t *p, size_t len, struct icmp_quote *quote);

#endif
