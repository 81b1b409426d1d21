/*
 * A host: it drives one stack.  It owns the stack's memory, its clock and its drivers, and carries
 * frames between them.  One thread at a time.
 *
 * A program that uses it is a loop of four steps:
 *
 *     for (;;) {
 *         host_receive(host);            frames in, timers run
 *         ... look at readiness, call ciao_recv(), ciao_send() and so on ...
 *         host_send(host);               frames out, events to the sinks
 *         host_wait(host, fds, n, until) sleep until a frame, a deadline or a descriptor of yours
 *     }
 *
 * Not for: shards, replay of inputs.  Several threads take turns by a baton: sockets_host.h.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "ciao/driver.h"
#include "ciao/stack.h"

#define HOST_LINKS 8
#define HOST_SINKS 4
#define HOST_FDS   24 /* most descriptors that host_wait() takes besides the drivers' */

struct host;

struct host_options {
    const struct ciao_config *config; /* NULL: ciao_config_default() with the profile "ciao" */
    bool keep_seed;                   /* config->seed as it is; otherwise the kernel's randomness */
    bool keep_cpu;       /* config->cpu as it is; otherwise what the processor can do */
    bool huge_pages;     /* also used for more than a million connections: fewer misses, and each of
                        the stack's tables takes 2 MB at a time */
    bool virtual_clock;  /* time moves in host_wait() and host_set_now() alone */
    uint64_t start_us;   /* of the virtual clock */
    uint64_t pool_bytes; /* of host_pool(); 0: 256 MB, committed as used */
};

/*
 * Make a host and its stack.
 *
 *   options  NULL: all defaults
 *
 * Returns 0, or -errno: -ENOMEM (not even the addresses can be reserved), -EINVAL (the
 * configuration is impossible).
 */
CIAO_MUST_CHECK int host_open(struct host **host, const struct host_options *options);

/* Closes the drivers too.  What had not been sent is gone. */
void host_close(struct host *host);

struct ciao_stack *host_stack(const struct host *host);
/* Where drivers put what they receive.  It lives as long as the host. */
struct ciao_bufpool *host_pool(struct host *host);
/* The CIAO_CPU_* mask that the stack was made with. */
uint32_t host_cpu(const struct host *host);

uint64_t host_now(const struct host *host);
/* The virtual clock alone; never back. */
void host_set_now(struct host *host, uint64_t now_us);

/*
 * Attach a driver, which is the host's from now on; not when this call fails.
 * Returns the link's number or -CIAO_E*.
 */
CIAO_MUST_CHECK int host_attach(struct host *host, struct ciao_driver *driver);

/* Every event passes there as host_send() drains the ring, which the sink may not do itself; it may
 * read the event during the call.  Returns 0, -ENOSPC after HOST_SINKS. */
typedef void (*host_sink)(void *context, const struct ciao_event *event);
CIAO_MUST_CHECK int host_add_sink(struct host *host, host_sink sink, void *context);

/*
 * Take in what has arrived, at most one batch a link, and run the timers that are due.
 * Returns how many frames came, or -errno of a driver that is broken.
 */
int host_receive(struct host *host);

/*
 * Hand out what the stack has to send, until it has no more or the drivers are full (then the rest
 * waits here, in order, for the next call), and give the events to drivers and sinks.
 * Returns how many frames went, or -errno of a driver that is broken.
 */
int host_send(struct host *host);

/*
 * Sleep until a driver has a frame, the stack or a driver has a deadline, one of `fds` is ready
 * (its revents say so), or `until_us` has come (UINT64_MAX: no such time).  On the virtual clock
 * time jumps to the nearest deadline instead, and only descriptors that are ready at once are seen.
 * Returns 0, also when a signal came; -errno.
 */
int host_wait(struct host *host, struct pollfd *fds, unsigned n, uint64_t until_us);

/* For who waits by himself: the nearest deadline of the stack and the drivers (0: now), and the
 * descriptors that end a wait, HOST_LINKS at most; returns how many. */
uint64_t host_deadline(const struct host *host);
unsigned host_descriptors(const struct host *host, struct pollfd *fds);

/* Nothing is on its way out, neither in the stack nor here.  (A driver that delays frames knows of
 * its own: ops->deadline.) */
bool host_quiet(const struct host *host);

#endif
