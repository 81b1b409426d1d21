/*
 * A network interface of this Linux, with ciao at its other end: TUN (bare IP packets) or TAP
 * (Ethernet).
 *
 * Opening makes the interface, gives the kernel's side its addresses and brings it up by netlink;
 * closing takes it away again.  With IFF_VNET_HDR, segments of up to 64 KB and unfinished
 * checksums pass in one piece both ways.  Follows Documentation/networking/tuntap.rst of Linux and
 * the virtio_net_hdr of virtio 1.1, 5.1.6.
 */
#ifndef DRIVER_TAP_H
#define DRIVER_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/driver.h"

/* An address of the kernel's side, with the length of its prefix on the family's own form. */
struct tap_address {
    struct ciao_addr address;
    unsigned prefix_len;
};

struct tap_options {
    enum ciao_link_kind kind;            /* CIAO_LINK_IP makes a TUN, CIAO_LINK_ETHERNET a TAP */
    const char *name;                    /* "ciao0"; NULL: "ciao%d", the kernel picks the number */
    uint32_t mtu;                        /* 0: 1500 */
    uint32_t tx_queue_len;               /* packets that wait for us in the kernel; 0: 1000 */
    const struct tap_address *addresses; /* of the kernel's side */
    unsigned n_addresses;
    struct ciao_bufpool *pool; /* where received frames lie; outlives the driver */
    bool no_offload;           /* neither super-segments nor unfinished checksums */
};

#define TAP_ERROR_TEXT 200

struct tap_counters {
    uint64_t received, sent; /* frames; a super-segment is one */
    uint64_t received_bytes, sent_bytes;
    uint64_t dropped_no_memory; /* received, but the pool was empty */
    uint64_t refused;           /* the kernel would not take that frame (-EINVAL and the like) */
};

/*
 * Open.
 *
 *   error  TAP_ERROR_TEXT bytes; a sentence for the user when the result is negative
 *
 * Returns 0 or -errno: -EPERM (CAP_NET_ADMIN is missing), -ENOENT (no /dev/net/tun), -EBUSY (that
 * interface is another program's), -EINVAL (options), or what netlink said.
 */
CIAO_MUST_CHECK int tap_open(struct ciao_driver **driver, const struct tap_options *options,
                             char error[TAP_ERROR_TEXT]);

/* The interface's name; valid until close. */
const char *tap_name(const struct ciao_driver *driver);

const struct tap_counters *tap_counters(const struct ciao_driver *driver);

#endif
