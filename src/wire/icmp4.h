/*
 * ICMP messages for IPv4 [RFC792], [RFC1122 3.2.2], [RFC1191 4].
 *
 * Types that nobody here knows parse like any other; the caller decides [RFC1122 3.2.2 "unknown
 * type"].
 */
#ifndef WIRE_ICMP4_H
#define WIRE_ICMP4_H

#include <stddef.h>
#include <stdint.h>

#include "wire/fault.h"

#define ICMP4_HEADER_LEN 8u

enum icmp4_type {
    ICMP4_TYPE_ECHO_REPLY = 0,
    ICMP4_TYPE_UNREACHABLE = 3,
    ICMP4_TYPE_SOURCE_QUENCH = 4,
    ICMP4_TYPE_REDIRECT = 5,
    ICMP4_TYPE_ECHO_REQUEST = 8,
    ICMP4_TYPE_TIME_EXCEEDED = 11,
    ICMP4_TYPE_PARAMETER_PROBLEM = 12,
};

enum icmp4_unreachable {
    ICMP4_UNREACHABLE_NET = 0,
    ICMP4_UNREACHABLE_HOST = 1,
    ICMP4_UNREACHABLE_PROTOCOL = 2,
    ICMP4_UNREACHABLE_PORT = 3,
    ICMP4_UNREACHABLE_TOO_BIG = 4, /* fragmentation needed and DF set; mtu holds */
    ICMP4_UNREACHABLE_SOURCE_ROUTE = 5,
    ICMP4_UNREACHABLE_NET_PROHIBITED = 9,
    ICMP4_UNREACHABLE_HOST_PROHIBITED = 10,
    ICMP4_UNREACHABLE_ADMIN = 13,
};

enum icmp4_time_exceeded { ICMP4_TIME_EXCEEDED_TTL = 0, ICMP4_TIME_EXCEEDED_REASSEMBLY = 1 };

struct icmp4_message {
    uint8_t type; /* enum icmp4_type, or any other number */
    uint8_t code;
    uint8_t pointer;     /* parameter problem */
    uint16_t id, seq;    /* echo request and reply */
    uint16_t mtu;        /* unreachable, too big; 0 from routers older than RFC 1191 */
    const uint8_t *body; /* echo: the data; errors: the packet they are about */
    size_t body_len;
};

/* p: the whole ICMP message.  body points into it. */
enum wire_fault icmp4_parse(const uint8_t *p, size_t len, struct icmp4_message *message);

/* Writes it, checksum included, and returns the length; a body beyond `room` (>= 8) is cut. */
size_t icmp4_emit(const struct icmp4_message *message, uint8_t *out, size_t room);

#endif
