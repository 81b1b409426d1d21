/*
 * epoll(7): instances, what they watch, and what of it is ready.
 *
 * An item joins an instance and a descriptor; it stands in three lists: all items of its instance,
 * all items that watch its descriptor, and, when there may be something to tell, the instance's
 * ready list.  AS LINUX, that list is a list of candidates: epoll_wait() asks each one whether it
 * is ready in truth.  A level-triggered one then goes to the end of the list, so that all have
 * their turn; an edge-triggered one leaves it until its next news.
 */
#include "socket/epoll.h"

/* ---- the ready list ---- */

void epoll_ready_add(struct ciao_sockets *s, struct epoll *epoll, uint32_t index)
{
    struct epoll_item *item = epoll_item_at(s, index);
    if (item->is_ready)
        return;
    item->is_ready = true;
    item->next_ready = 0;
    item->prev_ready = epoll->ready_last;
    if (epoll->ready_last == 0)
        epoll->ready_first = index;
    else
        epoll_item_at(s, epoll->ready_last)->next_ready = index;
    epoll->ready_last = index;
}

static void ready_remove(struct ciao_sockets *s, struct epoll *epoll, uint32_t index)
{
    struct epoll_item *item = epoll_item_at(s, index);
    if (!item->is_ready)
        return;
    item->is_ready = false;
    if (item->prev_ready == 0)
        epoll->ready_first = item->next_ready;
    else
        epoll_item_at(s, item->prev_ready)->next_ready = item->next_ready;
    if (item->next_ready == 0)
        epoll->ready_last = item->prev_ready;
    else
        epoll_item_at(s, item->next_ready)->prev_ready = item->prev_ready;
}

/* ---- items ---- */

/* AS LINUX: those that share the news stand behind those that do not. */
static void watch_append(struct ciao_sockets *s, struct desc *desc, uint32_t index)
{
    uint32_t last = desc->items_first;
    while (last != 0 && epoll_item_at(s, last)->next_of_desc != 0)
        last = epoll_item_at(s, last)->next_of_desc;
    epoll_item_at(s, index)->prev_of_desc = last;
    if (last == 0)
        desc->items_first = index;
    else
        epoll_item_at(s, last)->next_of_desc = index;
}

static void watch_prepend(struct ciao_sockets *s, struct desc *desc, uint32_t index)
{
    epoll_item_at(s, index)->next_of_desc = desc->items_first;
    if (desc->items_first != 0)
        epoll_item_at(s, desc->items_first)->prev_of_desc = index;
    desc->items_first = index;
}

uint32_t epoll_item_new(struct ciao_sockets *s, struct desc *instance, struct desc *desc,
                        const struct ciao_epoll_event *event)
{
    const uint32_t index = pool_take(&s->items);
    if (index == 0)
        return 0;
    struct epoll *epoll = &instance->epoll;
    struct epoll_item *item = epoll_item_at(s, index);
    *item = (struct epoll_item){
        .epoll = (uint32_t)desc_fd(s, instance),
        .desc = (uint32_t)desc_fd(s, desc),
        .next_of_epoll = epoll->items_first,
        .events = event->events,
        .data = event->data,
    };
    if (epoll->items_first != 0)
        epoll_item_at(s, epoll->items_first)->prev_of_epoll = index;
    epoll->items_first = index;
    if (event->events & CIAO_EPOLLEXCLUSIVE)
        watch_append(s, desc, index);
    else
        watch_prepend(s, desc, index);
    return index;
}

void epoll_item_free(struct ciao_sockets *s, uint32_t index)
{
    const struct epoll_item item = *epoll_item_at(s, index);
    struct epoll *epoll = &s->descs[item.epoll].epoll;
    ready_remove(s, epoll, index);
    if (item.prev_of_epoll == 0)
        epoll->items_first = item.next_of_epoll;
    else
        epoll_item_at(s, item.prev_of_epoll)->next_of_epoll = item.next_of_epoll;
    if (item.next_of_epoll != 0)
        epoll_item_at(s, item.next_of_epoll)->prev_of_epoll = item.prev_of_epoll;
    if (item.prev_of_desc == 0)
        s->descs[item.desc].items_first = item.next_of_desc;
    else
        epoll_item_at(s, item.prev_of_desc)->next_of_desc = item.next_of_desc;
    if (item.next_of_desc != 0)
        epoll_item_at(s, item.next_of_desc)->prev_of_desc = item.prev_of_desc;
    pool_give(&s->items, index);
}

uint32_t epoll_item_find(struct ciao_sockets *s, const struct desc *instance,
                         const struct desc *desc)
{
    const uint32_t epoll = (uint32_t)desc_fd(s, instance);
    uint32_t index = desc->items_first;
    while (index != 0 && epoll_item_at(s, index)->epoll != epoll)
        index = epoll_item_at(s, index)->next_of_desc;
    return index;
}

uint32_t epoll_item_events(struct ciao_sockets *s, const struct epoll_item *item)
{
    return desc_poll_events(s, &s->descs[item->desc]) & item->events;
}

/* ---- news ---- */

/* True when an instance whose program waits now has taken the news for itself alone. */
static bool item_news(struct ciao_sockets *s, uint32_t index, uint32_t news)
{
    const struct epoll_item *item = epoll_item_at(s, index);
    struct desc *instance = &s->descs[item->epoll];
    const bool waits = instance->waits_first != 0;
    if ((item->events & ~EPOLL_PRIVATE) == 0 || (item->events & news) == 0)
        return false;
    epoll_ready_add(s, &instance->epoll, index);
    desc_news(s, instance, CIAO_POLLIN | CIAO_POLLRDNORM);
    return waits && (item->events & CIAO_EPOLLEXCLUSIVE);
}

void epoll_desc_news(struct ciao_sockets *s, struct desc *desc, uint32_t news)
{
    uint32_t next;
    for (uint32_t index = desc->items_first; index != 0; index = next) {
        next = epoll_item_at(s, index)->next_of_desc;
        if (item_news(s, index, news))
            return;
    }
}

void epoll_forget(struct ciao_sockets *s, struct desc *desc)
{
    while (desc->items_first != 0)
        epoll_item_free(s, desc->items_first);
    while (desc->kind == DESC_EPOLL && desc->epoll.items_first != 0)
        epoll_item_free(s, desc->epoll.items_first);
}

/* ---- telling ---- */

/* Candidates that have nothing to tell leave the list on the way. */
uint32_t epoll_poll_events(struct ciao_sockets *s, struct epoll *epoll)
{
    uint32_t next;
    for (uint32_t index = epoll->ready_first; index != 0; index = next) {
        next = epoll_item_at(s, index)->next_ready;
        if (epoll_item_events(s, epoll_item_at(s, index)) != 0)
            return CIAO_POLLIN | CIAO_POLLRDNORM;
        ready_remove(s, epoll, index);
    }
    return 0;
}

/* One candidate's turn: what it has to tell. */
static uint32_t take_turn(struct ciao_sockets *s, struct epoll *epoll, uint32_t index)
{
    struct epoll_item *item = epoll_item_at(s, index);
    const uint32_t events = epoll_item_events(s, item);
    ready_remove(s, epoll, index);
    if (events == 0)
        return 0;
    if (item->events & CIAO_EPOLLONESHOT)
        item->events &= EPOLL_PRIVATE;
    else if (!(item->events & CIAO_EPOLLET))
        epoll_ready_add(s, epoll, index);
    return events;
}

/* Up to n of those that are ready; each candidate once. */
static int harvest(struct ciao_sockets *s, struct epoll *epoll, struct ciao_epoll_event *events,
                   int n)
{
    const uint32_t last = epoll->ready_last;
    uint32_t index = 0;
    int told = 0;
    while (epoll->ready_first != 0 && index != last && told < n) {
        index = epoll->ready_first;
        const uint32_t what = take_turn(s, epoll, index);
        if (what == 0)
            continue;
        const struct ciao_epoll_event event = {what, epoll_item_at(s, index)->data};
        memcpy(&events[told++], &event, sizeof event);
    }
    return told;
}

static int wait_for_events(struct ciao_sockets *s, struct desc *desc,
                           struct ciao_epoll_event *events, int n, int64_t timeout_us)
{
    const uint64_t deadline_us = layer_deadline(s, timeout_us);
    for (;;) {
        const int told = harvest(s, &desc->epoll, events, n);
        if (told != 0 || timeout_us == 0)
            return told;
        const int error = wait_for(s, desc, deadline_us);
        if (error != 0)
            return error == -CIAO_ERRNO_EAGAIN ? 0 : error;
    }
}

#define EVENTS_MAX (INT32_MAX / (int)sizeof(struct ciao_epoll_event))

int ciao_epoll_wait(struct ciao_sockets *s, int epfd, struct ciao_epoll_event *events, int n,
                    int64_t timeout_us)
{
    layer_enter(s);
    struct desc *desc = desc_at(s, epfd);
    if (desc == NULL)
        return (int)layer_leave(s, -CIAO_ERRNO_EBADF);
    if (n <= 0 || n > EVENTS_MAX)
        return (int)layer_leave(s, -CIAO_ERRNO_EINVAL);
    if (!layer_writable(s, events, (size_t)n * sizeof *events))
        return (int)layer_leave(s, -CIAO_ERRNO_EFAULT);
    if (desc->kind != DESC_EPOLL)
        return (int)layer_leave(s, -CIAO_ERRNO_EINVAL);
    desc_hold(desc);
    const int told = wait_for_events(s, desc, events, n, timeout_us);
    desc_release(s, desc);
    return (int)layer_leave(s, told);
}
