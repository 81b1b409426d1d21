/*
 * ARP: which MAC has an IPv4 address of this link?  [RFC826], [RFC1122 2.3.2]
 *
 * Not for probing our own addresses [RFC5227], nor for answering in another's place.  What we learn
 * unasked changes nothing but entries that exist already, or comes from who asks for us: so a
 * stranger's word does not fill the cache.
 */
#ifndef PROTO_ARP_ARP_H
#define PROTO_ARP_ARP_H

#include "proto/ip/ip.h"

/* An ARP packet of `len` bytes behind the link header.  True: it was of use. */
bool arp_arrived(struct ip_layer *ip, int link, const uint8_t *p, uint32_t len, time_us now);

/* Ask for a neighbour: all the link, or (probing) itself. */
void arp_ask(struct ip_layer *ip, const struct ip_neighbour *neighbour, bool probing);

#endif
