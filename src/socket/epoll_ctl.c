/*
 * epoll_create1(2) and epoll_ctl(2): instances, and what they are asked to watch.
 *
 * An instance may watch another one, in chains of at most five and never in a ring.
 */
#include "socket/epoll.h"

#define E(name) (-CIAO_ERRNO_##name)

#define NESTS_MAX 4 /* AS LINUX: EP_MAX_NESTS */
#define EXCLUSIVE_WITH                                                               \
    (CIAO_EPOLLIN | CIAO_EPOLLOUT | CIAO_EPOLLERR | CIAO_EPOLLHUP | CIAO_EPOLLWAKEUP \
     | CIAO_EPOLLET | CIAO_EPOLLEXCLUSIVE)

int ciao_epoll_create1(struct ciao_sockets *s, int flags)
{
    if ((uint32_t)flags & ~CIAO_EPOLL_CLOEXEC)
        return E(EINVAL);
    layer_enter(s);
    const int fd = desc_new(s, DESC_EPOLL);
    if (fd >= 0)
        s->descs[fd].epoll.close_on_exec = flags != 0;
    return (int)layer_leave(s, fd);
}

/* ---- chains of instances ---- */

/* How many instances stand below this one in the longest chain; past NESTS_MAX when there are more,
 * or when `top` is among them. */
static int depth_below(const struct ciao_sockets *s, const struct desc *instance,
                       const struct desc *top, int budget)
{
    int deepest = 0;
    if (instance == top || budget < 0)
        return NESTS_MAX + 1;
    for (uint32_t index = instance->epoll.items_first; index != 0;) {
        const struct epoll_item *item = epoll_item_at(s, index);
        const struct desc *below = &s->descs[item->desc];
        index = item->next_of_epoll;
        if (below->kind != DESC_EPOLL)
            continue;
        const int depth = 1 + depth_below(s, below, top, budget - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

static int depth_above(const struct ciao_sockets *s, const struct desc *instance, int budget)
{
    int highest = 0;
    if (budget < 0)
        return NESTS_MAX + 1;
    for (uint32_t index = instance->items_first; index != 0;) {
        const struct epoll_item *item = epoll_item_at(s, index);
        const int depth = 1 + depth_above(s, &s->descs[item->epoll], budget - 1);
        index = item->next_of_desc;
        highest = depth > highest ? depth : highest;
    }
    return highest;
}

static bool chain_is_possible(const struct ciao_sockets *s, const struct desc *instance,
                              const struct desc *desc)
{
    const int below = depth_below(s, desc, instance, NESTS_MAX);
    return below <= NESTS_MAX && below + 1 + depth_above(s, instance, NESTS_MAX) <= NESTS_MAX;
}

/* ---- the three operations ---- */

/* What is watched anew may be ready already. */
static void look(struct ciao_sockets *s, struct desc *instance, uint32_t index)
{
    if (epoll_item_events(s, epoll_item_at(s, index)) == 0)
        return;
    epoll_ready_add(s, &instance->epoll, index);
    desc_news(s, instance, CIAO_POLLIN | CIAO_POLLRDNORM);
}

static int add(struct ciao_sockets *s, struct desc *instance, struct desc *desc,
               const struct ciao_epoll_event *event)
{
    if (epoll_item_find(s, instance, desc) != 0)
        return E(EEXIST);
    const uint32_t index = epoll_item_new(s, instance, desc, event);
    if (index == 0)
        return E(ENOSPC);
    look(s, instance, index);
    return 0;
}

static int modify(struct ciao_sockets *s, struct desc *instance, const struct desc *desc,
                  const struct ciao_epoll_event *event)
{
    const uint32_t index = epoll_item_find(s, instance, desc);
    if (index == 0)
        return E(ENOENT);
    struct epoll_item *item = epoll_item_at(s, index);
    if (item->events & CIAO_EPOLLEXCLUSIVE)
        return E(EINVAL);
    item->events = event->events;
    item->data = event->data;
    look(s, instance, index);
    return 0;
}

static int drop(struct ciao_sockets *s, const struct desc *instance, const struct desc *desc)
{
    const uint32_t index = epoll_item_find(s, instance, desc);
    if (index == 0)
        return E(ENOENT);
    epoll_item_free(s, index);
    return 0;
}

static bool may_be_exclusive(int op, const struct desc *desc, uint32_t events)
{
    return op == CIAO_EPOLL_CTL_ADD && desc->kind != DESC_EPOLL && (events & ~EXCLUSIVE_WITH) == 0;
}

static int control(struct ciao_sockets *s, struct desc *instance, int op, struct desc *desc,
                   struct ciao_epoll_event *event)
{
    if (instance == NULL || desc == NULL)
        return E(EBADF);
    if (instance == desc || instance->kind != DESC_EPOLL)
        return E(EINVAL);
    if (op != CIAO_EPOLL_CTL_DEL && (event->events & CIAO_EPOLLEXCLUSIVE)
        && !may_be_exclusive(op, desc, event->events))
        return E(EINVAL);
    if (op == CIAO_EPOLL_CTL_ADD && desc->kind == DESC_EPOLL
        && !chain_is_possible(s, instance, desc))
        return E(ELOOP);
    event->events |= CIAO_EPOLLERR | CIAO_EPOLLHUP;
    switch (op) {
    case CIAO_EPOLL_CTL_ADD: return add(s, instance, desc, event);
    case CIAO_EPOLL_CTL_MOD: return modify(s, instance, desc, event);
    case CIAO_EPOLL_CTL_DEL: return drop(s, instance, desc);
    default: return E(EINVAL);
    }
}

int ciao_epoll_ctl(struct ciao_sockets *s, int epfd, int op, int fd,
                   const struct ciao_epoll_event *event)
{
    struct ciao_epoll_event copy = {0, 0};
    layer_enter(s);
    if (op != CIAO_EPOLL_CTL_DEL && !layer_readable(s, event, sizeof copy))
        return (int)layer_leave(s, E(EFAULT));
    if (op != CIAO_EPOLL_CTL_DEL)
        memcpy(&copy, event, sizeof copy);
    return (int)layer_leave(s, control(s, desc_at(s, epfd), op, desc_at(s, fd), &copy));
}
