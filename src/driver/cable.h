/*
 * A cable: frames over a pair of datagram sockets, from one thread or process to another.
 *
 * Each end is a driver of its own host.  Super-segments and unfinished checksums cross as they are,
 * behind a virtio_net_hdr as on a TUN.  Nothing is lost: a full cable takes fewer frames.
 */
#ifndef DRIVER_CABLE_H
#define DRIVER_CABLE_H

#include <stdint.h>

#include "ciao/driver.h"

struct cable_options {
    enum ciao_link_kind kind;
    uint32_t mtu;              /* 0: 1500 */
    uint8_t mac;               /* CIAO_LINK_ETHERNET: the last byte of its address, never 0 */
    struct ciao_bufpool *pool; /* where received frames lie; outlives the driver */
};

/* Make the two descriptors.  Returns 0 or -errno. */
CIAO_MUST_CHECK int cable_make(int ends[2]);

/* An end becomes a driver; the descriptor is the driver's from now on, not when this call fails.
 * Returns 0, -EINVAL (an MTU that no link has), -ENOMEM. */
CIAO_MUST_CHECK int cable_open(struct ciao_driver **driver, int end,
                               const struct cable_options *options);

#endif
