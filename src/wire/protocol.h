/*
 * Numbers of the protocols inside IP, the same for both versions [IANA protocol-numbers].
 */
#ifndef WIRE_PROTOCOL_H
#define WIRE_PROTOCOL_H

#define IP_PROTO_HOP_BY_HOP  0 /* IPv6 extension header */
#define IP_PROTO_ICMP4       1
#define IP_PROTO_TCP         6
#define IP_PROTO_UDP         17
#define IP_PROTO_ROUTING     43 /* IPv6 extension header */
#define IP_PROTO_FRAGMENT    44 /* IPv6 extension header */
#define IP_PROTO_ICMP6       58
#define IP_PROTO_NO_NEXT     59
#define IP_PROTO_DESTINATION 60 /* IPv6 extension header */

/* The lower two bits of IPv4's TOS and IPv6's traffic class [RFC3168 5]. */
#define IP_ECN_MASK    3u
#define IP_ECN_NOT_ECT 0u
#define IP_ECN_ECT1    1u
#define IP_ECN_ECT0    2u
#define IP_ECN_CE      3u

#endif
