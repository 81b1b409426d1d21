/*
 * ICMP of both families: echoes are answered, errors reach the connection they are about, and
 * errors are sent about datagrams that nobody here takes.  [RFC792], [RFC1122 3.2.2], [RFC4443]
 *
 * Not for path MTU discovery itself: the MTU is handed to TCP.  Redirects are refused.
 */
#ifndef PROTO_ICMP_ICMP_H
#define PROTO_ICMP_ICMP_H

#include "proto/ip/ip_internal.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"

/* A message for us.  True: it was of use; else its reason has been counted. */
bool icmp4_arrived(struct ip_layer *ip, const struct ip_arrival *arrival);
bool icmp6_arrived(struct ip_layer *ip, const struct ip_arrival *arrival);

/* What an error says; the quote is filled in. */
struct icmp_problem {
    uint8_t type, code;
    uint32_t pointer;
    bool to_many_too; /* may be said about a datagram to a multicast address [RFC4443 2.4 e.3] */
};
/* Say it to the sender of a datagram, where the rules allow and the rate is not used up. */
void icmp_say(struct ip_layer *ip, const struct ip_arrival *arrival,
              const struct icmp_problem *problem);

/* Send an echo request back, type and checksum changed.  False: the reason is counted. */
bool icmp_echo_back(struct ip_layer *ip, const struct ip_arrival *arrival, uint8_t reply_type);

/* Hand an error to who sent the datagram that it quotes: what both families share. */
bool icmp_error_arrived(struct ip_layer *ip, enum wire_fault quote_fault, struct ip_error *error,
                        time_us now);

#endif
