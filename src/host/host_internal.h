/*
 * What host.c and loop.c share: the host itself.
 */
#ifndef HOST_HOST_INTERNAL_H
#define HOST_HOST_INTERNAL_H

#include "host/host.h"

#define HOST_BATCH 32 /* frames that pass in one call; more would only outgrow the cache */

/* A link's driver, and the frames that it had no room for. */
struct host_link {
    struct ciao_driver *driver;
    unsigned n_waiting; /* waiting[0..n_waiting) are to be sent, in this order */
    struct ciao_frame *waiting[HOST_BATCH];
    struct ciao_frame store[HOST_BATCH]; /* what waiting[] points to, each once */
};

struct host_listener {
    host_sink sink;
    void *context;
};

struct host {
    struct ciao_stack *stack;
    struct ciao_bufpool pool;
    void *arena, *pool_memory;
    size_t arena_bytes, pool_bytes;
    uint32_t cpu;
    bool virtual_clock;
    uint64_t virtual_now_us;
    unsigned n_links, n_sinks;
    struct host_link *link[HOST_LINKS];
    struct host_listener sink[HOST_SINKS];
    struct ciao_frame *arriving[HOST_BATCH];
    struct ciao_frame arriving_store[HOST_BATCH];
};

#endif
