/* Sets up the kernel's side of an interface by netlink.  For tap.c alone. */
#ifndef DRIVER_TAP_NETLINK_H
#define DRIVER_TAP_NETLINK_H

#include "driver/tap.h"

/*
 * Give the interface its MTU, queue and addresses, quieten IPv6's automatic questions, bring it up.
 * Returns 0 or -errno with a sentence in `error`.
 */
int tap_configure(const char *name, const struct tap_options *options, char error[TAP_ERROR_TEXT]);

#endif
