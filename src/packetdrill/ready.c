/*
 * poll and epoll over descriptors of both worlds.
 *
 * The layer waits in virtual time, and the host's pipes change when the program writes to them; so
 * where both stand in one call it looks at the host's at once and at the layer's for a slice of
 * virtual time, in turn.  An epoll instance's placeholder is an epoll instance of the host, which
 * holds the host's descriptors.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/calls.h"
#include "packetdrill/pd.h"

#define SLICE_US    1000
#define PATIENCE_US UINT64_C(300000000) /* "for ever", where nothing else would end it */

static uint64_t now_of(struct pd *pd)
{
    pd_take(pd);
    uint64_t now_us = pd->now_us;
    pd_give(pd);
    return now_us;
}

/* How long the next look at the layer may take; -1: the time is over. */
static int64_t slice(struct pd *pd, uint64_t end_us)
{
    uint64_t now_us = now_of(pd);

    if (now_us >= end_us)
        return -1;
    return (int64_t)(end_us - now_us < SLICE_US ? end_us - now_us : SLICE_US);
}

static uint64_t end_of(struct pd *pd, int timeout_ms)
{
    return now_of(pd) + (timeout_ms < 0 ? PATIENCE_US : (uint64_t)timeout_ms * 1000);
}

/* ---- poll ---- */

/* One poll() taken apart: the same descriptors for the layer and for the host, -1 for the other's.
 */
struct both {
    struct pd *pd;
    struct ciao_pollfd *ours;
    struct pollfd *theirs;
    nfds_t n;
    bool has_theirs;
};

static bool take_apart(struct both *both, const struct pollfd *fds)
{
    both->ours = calloc(both->n + 1, sizeof *both->ours);
    both->theirs = calloc(both->n + 1, sizeof *both->theirs);
    if (!both->ours || !both->theirs)
        return false;
    for (nfds_t i = 0; i < both->n; i++) {
        int layer = pd_layer_fd(both->pd, fds[i].fd);
        both->ours[i] = (struct ciao_pollfd){.fd = layer, .events = fds[i].events};
        both->theirs[i] =
            (struct pollfd){.fd = layer < 0 ? fds[i].fd : -1, .events = fds[i].events};
        both->has_theirs = both->has_theirs || (layer < 0 && fds[i].fd >= 0);
    }
    return true;
}

static int put_together(const struct both *both, struct pollfd *fds)
{
    int ready = 0;

    for (nfds_t i = 0; i < both->n; i++) {
        fds[i].revents = both->ours[i].fd >= 0 ? both->ours[i].revents : both->theirs[i].revents;
        ready += fds[i].revents != 0;
    }
    return ready;
}

static int poll_in_turn(struct both *both, struct pollfd *fds, int timeout_ms)
{
    uint64_t end_us = end_of(both->pd, timeout_ms);

    for (int64_t slice_us = 0;; slice_us = slice(both->pd, end_us)) {
        int theirs = poll(both->theirs, both->n, 0);
        int64_t wait_us = theirs != 0 || slice_us < 0 ? 0 : slice_us;
        int ours = ciao_poll(both->pd->sockets, both->ours, (uint32_t)both->n, wait_us);
        if (theirs < 0 || ours < 0)
            return theirs < 0 ? -errno : ours;
        if (theirs + ours > 0 || slice_us < 0)
            return put_together(both, fds);
    }
}

int pd_poll(void *self, struct pollfd *fds, nfds_t n, int timeout_ms)
{
    struct both both = {.pd = self, .n = n};
    int result = -ENOMEM;

    if (take_apart(&both, fds) && both.has_theirs) {
        result = poll_in_turn(&both, fds, timeout_ms);
    } else if (both.ours && both.theirs) {
        int64_t timeout_us = timeout_ms < 0 ? -1 : (int64_t)timeout_ms * 1000;
        result = ciao_poll(both.pd->sockets, both.ours, (uint32_t)n, timeout_us);
        if (result >= 0)
            (void)put_together(&both, fds);
    }
    free(both.ours);
    free(both.theirs);
    return (int)pd_result(both.pd, result);
}

/* ---- epoll ---- */

int pd_epoll_create(void *self, int size)
{
    struct pd *pd = self;

    if (size <= 0)
        return (int)pd_result(pd, -EINVAL);
    int layer = ciao_epoll_create1(pd->sockets, 0);
    if (layer < 0)
        return (int)pd_result(pd, layer);
    int fd = pd_fd_give(pd, layer, epoll_create1(EPOLL_CLOEXEC));
    return (int)pd_result(pd, fd < 0 ? -errno : fd);
}

int pd_epoll_ctl(void *self, int epfd, int op, int fd, struct epoll_event *event)
{
    struct pd *pd = self;
    int instance = pd_layer_fd(pd, epfd), layer = pd_layer_fd(pd, fd);

    if (instance >= 0 && layer >= 0) {
        const void *same = event;
        return (int)pd_result(pd, ciao_epoll_ctl(pd->sockets, instance, op, layer, same));
    }
    int result = epoll_ctl(epfd, op, fd, event);
    if (result == 0 && instance >= 0) {
        pd_take(pd);
        pd->fd[epfd].has_host = true;
        pd_give(pd);
    }
    return result;
}

static int epoll_in_turn(struct pd *pd, int epfd, struct epoll_event *events, int n, int timeout_ms)
{
    uint64_t end_us = end_of(pd, timeout_ms);
    int instance = pd_layer_fd(pd, epfd);

    for (int64_t slice_us = 0;; slice_us = slice(pd, end_us)) {
        int theirs = epoll_wait(epfd, events, n, 0);
        if (theirs < 0 || theirs == n)
            return theirs < 0 ? -errno : theirs;
        int64_t wait_us = theirs > 0 || slice_us < 0 ? 0 : slice_us;
        void *rest = events + theirs;
        int ours = ciao_epoll_wait(pd->sockets, instance, rest, n - theirs, wait_us);
        if (ours < 0 || theirs + ours > 0 || slice_us < 0)
            return ours < 0 ? ours : theirs + ours;
    }
}

int pd_epoll_wait(void *self, int epfd, struct epoll_event *events, int n, int timeout_ms)
{
    struct pd *pd = self;
    int instance = pd_layer_fd(pd, epfd);

    if (instance < 0)
        return epoll_wait(epfd, events, n, timeout_ms);
    if (n > 0 && pd->fd[epfd].has_host)
        return (int)pd_result(pd, epoll_in_turn(pd, epfd, events, n, timeout_ms));
    int64_t timeout_us = timeout_ms < 0 ? -1 : (int64_t)timeout_ms * 1000;
    void *same = events;
    return (int)pd_result(pd, ciao_epoll_wait(pd->sockets, instance, same, n, timeout_us));
}
