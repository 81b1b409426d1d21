/*
 * Neighbour discovery: which MAC has an IPv6 address of this link, and who is a router?
 * [RFC4861 6.3, 7.2]
 *
 * Not here: duplicate address detection of our own addresses (they are configured, and we defend
 * them), address configuration from prefixes [RFC4862], redirects, router solicitations.
 */
#ifndef PROTO_NDP_NDP_H
#define PROTO_NDP_NDP_H

#include "proto/ip/ip_internal.h"

/* An ICMPv6 message of neighbour discovery, its checksum verified.  True: it was of use. */
bool ndp_arrived(struct ip_layer *ip, const struct ip_arrival *arrival);

/* Ask for a neighbour: its solicited-node group, or (probing) itself. */
void ndp_ask(struct ip_layer *ip, const struct ip_neighbour *neighbour, bool probing);

#endif
