/*
 * The addresses of both ends of the interface, as a user writes them.
 */
#ifndef CLI_ADDRESS_H
#define CLI_ADDRESS_H

#include "cli/options.h"

/*
 * Read "10.9.0.2/24".  The kernel's address becomes the first of that prefix which is not ours.
 * NULL, or what should have stood there: it is no address, a prefix that leaves no room for two, or
 * no host's address.
 */
const char *address_read(const char *text, struct cli_address *address);

/* A family that was not given gets its default: 10.9.0.2/24, fd09::2/64. */
void address_fill(struct cli_address *addresses, unsigned *n);

bool address_is_v4(const struct ciao_addr *addr);

#endif
