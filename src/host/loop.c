/*
 * A host's turn: frames in, time passes, frames out, events to whom they concern, and sleep.
 */
#include "host/host.h"

#include <errno.h>
#include <time.h>

#include "host/host_internal.h"

/* Nothing may hold the program up for ever: so many batches a link in one host_send(). */
#define BATCHES_AT_ONCE 64

int host_receive(struct host *host)
{
    int total = 0;

    for (unsigned i = 0; i < host->n_links; i++) {
        struct ciao_driver *driver = host->link[i]->driver;
        uint64_t now_us = host_now(host);
        int n = driver->ops->receive(driver, host->arriving, HOST_BATCH, now_us);

        if (n < 0)
            return n;
        if (n > 0)
            ciao_input(host->stack, (int)i, host->arriving, (unsigned)n, now_us);
        total += n;
    }
    (void)ciao_advance(host->stack, host_now(host));
    return total;
}

/* The first `taken` of the waiting frames are gone; their structs are free, behind the rest. */
static void close_the_gap(struct host_link *link, unsigned taken)
{
    struct ciao_frame *free_again[HOST_BATCH];
    unsigned left = link->n_waiting - taken;

    for (unsigned i = 0; i < taken; i++)
        free_again[i] = link->waiting[i];
    for (unsigned i = 0; i < left; i++)
        link->waiting[i] = link->waiting[i + taken];
    for (unsigned i = 0; i < taken; i++)
        link->waiting[left + i] = free_again[i];
    link->n_waiting = left;
}

/* One batch of one link.  Returns how many frames the driver took, or -errno. */
static int send_batch(struct host *host, unsigned number)
{
    struct host_link *link = host->link[number];
    uint64_t now_us = host_now(host);
    int taken;

    if (link->n_waiting == 0)
        link->n_waiting = ciao_output(host->stack, (int)number, link->waiting, HOST_BATCH, now_us);
    /* A driver that delays frames moves them in send() too, even when there is nothing new. */
    if (link->n_waiting == 0 && link->driver->ops->deadline(link->driver) > now_us)
        return 0;
    taken = link->driver->ops->send(link->driver, link->waiting, link->n_waiting, now_us);
    if (taken > 0)
        close_the_gap(link, (unsigned)taken);
    return taken;
}

static int send_link(struct host *host, unsigned number)
{
    int total = 0;

    for (unsigned batch = 0; batch < BATCHES_AT_ONCE; batch++) {
        int taken = send_batch(host, number);

        if (taken < 0)
            return taken;
        total += taken;
        if (taken == 0 || host->link[number]->n_waiting > 0)
            break;
    }
    return total;
}

static void tell(struct host *host, const struct ciao_event *event)
{
    for (unsigned i = 0; i < host->n_links; i++) {
        struct ciao_driver *driver = host->link[i]->driver;

        if (driver->ops->event)
            driver->ops->event(driver, event);
    }
    for (unsigned i = 0; i < host->n_sinks; i++)
        host->sink[i].sink(host->sink[i].context, event);
}

static void drain_events(struct host *host)
{
    const struct ciao_event *events;
    unsigned n;

    while ((n = ciao_events_look(host->stack, &events)) != 0) {
        for (unsigned i = 0; i < n; i++)
            tell(host, &events[i]);
        ciao_events_done(host->stack, n);
    }
}

int host_send(struct host *host)
{
    int total = 0;

    for (unsigned i = 0; i < host->n_links; i++) {
        int sent = send_link(host, i);

        if (sent < 0)
            return sent;
        total += sent;
    }
    drain_events(host);
    return total;
}

uint64_t host_deadline(const struct host *host)
{
    uint64_t earliest = ciao_next_deadline(host->stack);

    for (unsigned i = 0; i < host->n_links; i++) {
        struct ciao_driver *driver = host->link[i]->driver;
        uint64_t deadline = driver->ops->deadline(driver);

        if (deadline < earliest)
            earliest = deadline;
        /* The stack may have more to say than one host_send() carries. */
        if (host->link[i]->n_waiting == 0 && ciao_has_output(host->stack, (int)i))
            return 0;
    }
    return earliest;
}

unsigned host_descriptors(const struct host *host, struct pollfd *fds)
{
    unsigned n = 0;

    for (unsigned i = 0; i < host->n_links; i++) {
        const struct host_link *link = host->link[i];
        int fd = link->driver->ops->descriptor(link->driver);

        if (fd >= 0)
            fds[n++] = (struct pollfd){fd, link->n_waiting > 0 ? POLLIN | POLLOUT : POLLIN, 0};
    }
    return n;
}

static int poll_until(struct pollfd *all, unsigned n, uint64_t now_us, uint64_t deadline_us)
{
    uint64_t span_us = deadline_us > now_us ? deadline_us - now_us : 0;
    struct timespec span = {(time_t)(span_us / 1000000), (long)(span_us % 1000000 * 1000)};
    int ready = ppoll(all, n, deadline_us == UINT64_MAX ? NULL : &span, NULL);

    return ready < 0 && errno != EINTR ? -errno : 0;
}

int host_wait(struct host *host, struct pollfd *fds, unsigned n, uint64_t until_us)
{
    struct pollfd all[HOST_FDS + HOST_LINKS];
    uint64_t now_us = host_now(host), deadline_us = host_deadline(host);
    int error;

    if (n > HOST_FDS)
        return -EINVAL;
    if (until_us < deadline_us)
        deadline_us = until_us;
    for (unsigned i = 0; i < n; i++)
        all[i] = (struct pollfd){fds[i].fd, fds[i].events, 0};
    if (host->virtual_clock && deadline_us != UINT64_MAX) {
        host_set_now(host, deadline_us);
        deadline_us = now_us;
    }
    /* Behind the program's own descriptors come the drivers'. */
    error = poll_until(all, n + host_descriptors(host, all + n), now_us, deadline_us);
    for (unsigned i = 0; i < n; i++)
        fds[i].revents = all[i].revents;
    return error;
}

bool host_quiet(const struct host *host)
{
    for (unsigned i = 0; i < host->n_links; i++) {
        const struct host_link *link = host->link[i];

        if (link->n_waiting > 0 || ciao_has_output(host->stack, (int)i))
            return false;
    }
    return true;
}
