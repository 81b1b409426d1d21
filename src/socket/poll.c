/*
 * poll(2).  First everything is looked at; only when nothing is ready does the call join each
 * descriptor's waiters, and then looks again each time it is woken.
 */
#include "socket/socket_internal.h"

#define E(name) (-CIAO_ERRNO_##name)

struct watch {
    struct ciao_sockets *s;
    struct ciao_pollfd *fds;
    uint32_t n;
    struct ciao_waiter waiter;
    uint32_t links; /* of this call, chained by next_of_call; 0 ends */
};

/* How many have something to tell; their revents are written. */
static int look(struct watch *watch)
{
    int found = 0;
    for (uint32_t i = 0; i < watch->n; i++) {
        struct ciao_pollfd *fd = &watch->fds[i];
        const uint32_t wanted = (uint16_t)fd->events | CIAO_POLLERR | CIAO_POLLHUP;
        struct desc *desc = desc_at(watch->s, fd->fd);
        uint32_t events = 0;
        if (desc != NULL)
            events = desc_poll_events(watch->s, desc) & wanted;
        else if (fd->fd >= 0)
            events = CIAO_POLLNVAL;
        fd->revents = (int16_t)events;
        found += events != 0;
    }
    return found;
}

static void leave_all(struct watch *watch)
{
    while (watch->links != 0) {
        const uint32_t link = watch->links;
        watch->links = ((struct wait_link *)pool_at(&watch->s->waits, link))->next_of_call;
        wait_leave(watch->s, link);
    }
}

static bool join_all(struct watch *watch)
{
    for (uint32_t i = 0; i < watch->n; i++) {
        struct desc *desc = desc_at(watch->s, watch->fds[i].fd);
        uint32_t link = 0;
        if (desc == NULL)
            continue;
        if (!wait_join(watch->s, desc, &watch->waiter, &link))
            return false;
        ((struct wait_link *)pool_at(&watch->s->waits, link))->next_of_call = watch->links;
        watch->links = link;
    }
    return true;
}

static int wait_until(struct watch *watch, uint64_t deadline_us)
{
    if (!join_all(watch))
        return E(ENOMEM);
    for (;;) {
        watch->waiter.woken = false;
        const int why = watch->s->host.wait(watch->s->host.self, &watch->waiter, deadline_us);
        const int found = look(watch);
        if (found != 0 || why == CIAO_WAIT_DEADLINE)
            return found;
        if (why == CIAO_WAIT_SIGNAL)
            return E(EINTR);
    }
}

static int poll_now(struct watch *watch, int64_t timeout_us)
{
    struct ciao_sockets *s = watch->s;
    const size_t bytes = (size_t)watch->n * sizeof *watch->fds;
    if (watch->n > s->config.max_descriptors)
        return E(EINVAL);
    if (watch->n != 0 && !layer_writable(s, watch->fds, bytes))
        return E(EFAULT);
    int found = look(watch);
    if (found != 0 || timeout_us == 0)
        return found;
    found = wait_until(watch, layer_deadline(s, timeout_us));
    leave_all(watch);
    return found;
}

int ciao_poll(struct ciao_sockets *s, struct ciao_pollfd *fds, uint32_t n, int64_t timeout_us)
{
    struct watch watch = {.s = s, .fds = fds, .n = n};
    layer_enter(s);
    return (int)layer_leave(s, poll_now(&watch, timeout_us));
}
