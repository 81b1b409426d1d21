/*
 * ICMPv6 messages [RFC4443]; neighbour discovery has its own file, ndp.h.
 */
#ifndef WIRE_ICMP6_H
#define WIRE_ICMP6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/addr.h"
#include "wire/fault.h"

#define ICMP6_HEADER_LEN 8u

enum icmp6_type {
    ICMP6_TYPE_UNREACHABLE = 1,
    ICMP6_TYPE_TOO_BIG = 2,
    ICMP6_TYPE_TIME_EXCEEDED = 3,
    ICMP6_TYPE_PARAMETER_PROBLEM = 4,
    ICMP6_TYPE_ECHO_REQUEST = 128,
    ICMP6_TYPE_ECHO_REPLY = 129,
    ICMP6_TYPE_ROUTER_SOLICITATION = 133,
    ICMP6_TYPE_ROUTER_ADVERTISEMENT = 134,
    ICMP6_TYPE_NEIGHBOUR_SOLICITATION = 135,
    ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT = 136,
    ICMP6_TYPE_REDIRECT = 137,
};

enum icmp6_unreachable {
    ICMP6_UNREACHABLE_NO_ROUTE = 0,
    ICMP6_UNREACHABLE_ADMIN = 1,
    ICMP6_UNREACHABLE_SCOPE = 2,
    ICMP6_UNREACHABLE_ADDRESS = 3,
    ICMP6_UNREACHABLE_PORT = 4,
    ICMP6_UNREACHABLE_POLICY = 5,
    ICMP6_UNREACHABLE_REJECT = 6,
};

enum icmp6_time_exceeded { ICMP6_TIME_EXCEEDED_HOPS = 0, ICMP6_TIME_EXCEEDED_REASSEMBLY = 1 };

enum icmp6_parameter_problem {
    ICMP6_PARAMETER_FIELD = 0,
    ICMP6_PARAMETER_NEXT_HEADER = 1,
    ICMP6_PARAMETER_OPTION = 2,
};

struct icmp6_message {
    uint8_t type; /* enum icmp6_type, or any other number */
    uint8_t code;
    uint16_t id, seq;    /* echo request and reply */
    uint32_t mtu;        /* too big */
    uint32_t pointer;    /* parameter problem */
    const uint8_t *body; /* what follows the 8 bytes; errors: the packet they are about */
    size_t body_len;
};

/* Types below 128 are errors, which must never be answered by an error [RFC4443 2.1, 2.4 e]. */
static inline bool icmp6_is_error(uint8_t type)
{
    return type < 128;
}

/* p: the whole ICMPv6 message; the addresses are part of its checksum.  body points into it. */
enum wire_fault icmp6_parse(const uint8_t *p, size_t len, const struct ciao_addr *src,
                            const struct ciao_addr *dst, struct icmp6_message *message);

/* Between whom a message goes, and the bytes it may take. */
struct icmp6_envelope {
    const struct ciao_addr *src;
    const struct ciao_addr *dst;
    size_t room; /* >= 8 */
};

/* Writes all of it, checksum included, and returns the length; a body beyond the room is cut. */
size_t icmp6_emit(const struct icmp6_message *message, const struct icmp6_envelope *envelope,
                  uint8_t *out);

#endif
