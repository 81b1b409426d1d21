/* What an open TUN or TAP is.  For tap.c (its frames) and tap_open.c (its making) alone. */
#ifndef DRIVER_TAP_DEVICE_H
#define DRIVER_TAP_DEVICE_H

#include <linux/if.h>

#include "driver/tap.h"

#define TAP_LANDING_BYTES (65536 + 256) /* the largest buffer that a pool has */

struct tap {
    struct ciao_driver driver;
    struct ciao_bufpool *pool;
    struct ciao_buf *landing; /* the next frame is read into it */
    int file;
    bool has_header; /* a virtio_net_hdr stands before each frame */
    char name[IFNAMSIZ];
    struct tap_counters counters;
    uint8_t spare[TAP_LANDING_BYTES]; /* landing for when the pool is empty */
};

extern const struct ciao_driver_ops tap_ops;

#endif
