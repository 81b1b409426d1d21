/*
 * An IP address of either family.
 *
 * One type for both: an IPv4 address a.b.c.d is held as the IPv4-mapped ::ffff:a.b.c.d [RFC4291
 * 2.5.5.2].  Bytes are in network order.  All zero is "any" of IPv6; ::ffff:0.0.0.0 is "any" of
 * IPv4.
 */
#ifndef CIAO_ADDR_H
#define CIAO_ADDR_H

#include <stdbool.h>
#include <stdint.h>

struct ciao_addr {
    uint8_t b[16];
};

/* Room for the longest text of an address, with the final zero. */
#define CIAO_ADDR_TEXT 46

/*
 * Read an address: "10.9.0.1", "2001:db8::1", "::ffff:10.9.0.1" (the same as "10.9.0.1").
 *
 *   text  zero-terminated; just the address: no port, prefix, zone, brackets or spaces
 *   addr  written only when the text is an address
 *
 * Returns whether the text is an address.
 */
bool ciao_addr_parse(const char *text, struct ciao_addr *addr);

/* Write an address as text: IPv6 in the form of RFC 5952, IPv4-mapped as plain IPv4. */
void ciao_addr_format(const struct ciao_addr *addr, char out[CIAO_ADDR_TEXT]);

#endif
