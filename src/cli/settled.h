/*
 * Whether the kernel's IPv6 address takes packets yet.
 */
#ifndef CLI_SETTLED_H
#define CLI_SETTLED_H

#include "ciao/addr.h"

/*
 * The kernel adds the route to an IPv6 address of its own a moment after the address; what comes
 * before is dropped without a word, and would cost a SYN's whole second.  Waits for it, half a
 * second at most.
 */
void settled_wait(const struct ciao_addr *addr);

#endif
