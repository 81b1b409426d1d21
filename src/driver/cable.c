/*
 * See cable.h.  A datagram socket keeps the bounds of what is written to it, as the device behind a
 * TUN does, so an end is a struct tap on another file.
 */
#include "driver/cable.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "driver/tap_device.h"

#define MTU_DEFAULT 1500
#define MTU_LEAST   576
#define MTU_MOST    65535

int cable_make(int ends[2])
{
    int kind = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

    return socketpair(AF_UNIX, kind, 0, ends) < 0 ? -errno : 0;
}

int cable_open(struct ciao_driver **driver, int end, const struct cable_options *options)
{
    uint32_t mtu = options->mtu ? options->mtu : MTU_DEFAULT;
    struct tap *tap;

    if (mtu < MTU_LEAST || mtu > MTU_MOST)
        return -EINVAL;
    tap = calloc(1, sizeof *tap);
    if (!tap)
        return -ENOMEM;
    tap->file = end;
    tap->has_header = true;
    tap->pool = options->pool;
    tap->driver.ops = &tap_ops;
    tap->driver.link = (struct ciao_link){
        .kind = options->kind,
        .mac = {0x02, 'c', 'i', 'a', 'o', options->mac},
        .mtu = mtu,
        .gso_bytes = MTU_MOST,
        .tx_csum = true,
        .rx_csum = true,
    };
    *driver = &tap->driver;
    return 0;
}
