/*
 * What a driver is: something that carries frames between a stack and the world.
 *
 * A driver knows frames, not headers.  It owns no clock and no thread: the host asks it to send and
 * to receive, and waits on its descriptor.  A wrapper (impair, capture) is a driver round another
 * driver.
 */
#ifndef CIAO_DRIVER_H
#define CIAO_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/event.h"
#include "ciao/frame.h"
#include "ciao/stack.h"

struct ciao_driver;

struct ciao_driver_ops {
    const char *name;
    /* Carry n frames out; their references are the driver's from now on, the structs the caller's
     * again on return. Returns how many were taken (fewer when the device is full: the rest are
     * still the caller's) or -errno. */
    int (*send)(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                uint64_t now_us);
    /* Fill up to n frames with what has arrived; returns how many (0: nothing now) or -errno. */
    int (*receive)(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                   uint64_t now_us);
    /* When the driver wants to be asked again though its descriptor is silent (delayed frames);
     * UINT64_MAX: never. */
    uint64_t (*deadline)(const struct ciao_driver *driver);
    /* The descriptor to wait on for receive, or -1 (memory). */
    int (*descriptor)(const struct ciao_driver *driver);
    /* Every event of the stack on this link passes here (capture writes them beside the packets);
     * may be NULL. */
    void (*event)(struct ciao_driver *driver, const struct ciao_event *event);
    /* Flush, close and free; wrappers close what they wrap. */
    void (*close)(struct ciao_driver *driver);
};

struct ciao_driver {
    const struct ciao_driver_ops *ops;
    struct ciao_link link; /* what to hand to ciao_link_add() */
};

#endif
