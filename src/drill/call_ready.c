/*
 * poll and epoll.
 */
#include <string.h>

#include "drill/call.h"

#define POLL_MOST 64u

static int64_t to_us(int64_t timeout_ms)
{
    int32_t ms = (int32_t)timeout_ms;
    return ms < 0 ? -1 : INT64_C(1000) * ms;
}

/* ---- poll: [{fd=4, events=POLLIN, revents=POLLIN}] ---- */

static unsigned take_pollfds(struct calling *c, const struct value *list, struct ciao_pollfd *fds)
{
    unsigned n = 0;
    for (const struct value *item = list->first; item != NULL; item = item->next) {
        const struct value *fd = call_member(item, "fd"), *events = call_member(item, "events");
        if (fd == NULL || events == NULL || n == POLL_MOST) {
            call_wrong(c,
                       "each of at most %u things to poll is {fd=4, events=POLLIN, "
                       "revents=POLLIN}",
                       POLL_MOST);
            return 0;
        }
        int script = (int)call_number(c, fd), live = fd_live(c->run, script);
        fds[n].fd = live < 0 && script >= 0 ? 9999 : live;
        fds[n].revents = 0;
        fds[n++].events = (int16_t)call_number(c, events);
    }
    return n;
}

static void compare_pollfds(struct calling *c, const struct value *list,
                            const struct ciao_pollfd *fds)
{
    for (const struct value *item = list->first; item != NULL; item = item->next, fds++) {
        const struct value *revents = call_member(item, "revents");
        int16_t expected = revents != NULL ? (int16_t)call_number(c, revents) : 0;
        if (expected == fds->revents)
            continue;
        run_expected(c->run, "revents 0x%x", (unsigned)(uint16_t)expected);
        run_seen(c->run, "0x%x", (unsigned)(uint16_t)fds->revents);
        run_fail(c->run, c->due->event->line, "other events are ready");
    }
}

void call_poll(struct calling *c)
{
    struct ciao_pollfd fds[POLL_MOST];
    const struct value *list = call_arg(c, 0);
    int64_t timeout_us = to_us(call_int(c, 2));
    unsigned n = take_pollfds(c, list, fds);
    if (!c->wrong && call_int(c, 1) != n)
        call_wrong(c, "the list has %u entries, not %lld", n, (long long)call_int(c, 1));
    if (c->wrong)
        return;
    c->result = ciao_poll(c->run->sockets, fds, n, timeout_us);
    if (call_ends(c))
        compare_pollfds(c, list, fds);
}

/* ---- epoll: {events=EPOLLIN, fd=4} ---- */

void call_epoll_create(struct calling *c)
{
    bool new_form = strcmp(c->call->name, "epoll_create1") == 0;
    int64_t argument = call_int(c, 0);
    if (c->wrong)
        return;
    c->result = !new_form && argument <= 0
                    ? -CIAO_ERRNO_EINVAL
                    : ciao_epoll_create1(c->run->sockets, new_form ? (int)argument : 0);
    (void)call_ends_fd(c);
}

static struct ciao_epoll_event take_event(struct calling *c, const struct value *value)
{
    static const char *const names[] = {"ptr", "u32", "u64"};
    struct ciao_epoll_event event = {0};
    const struct value *events = call_member(value, "events"), *fd = call_member(value, "fd");
    bool has_data = fd != NULL;
    if (fd != NULL)
        event.data = (uint64_t)(uint32_t)fd_live(c->run, (int)call_number(c, fd));
    for (unsigned i = 0; i < 3 && fd == NULL; i++) {
        const struct value *data = call_member(value, names[i]);
        if (data != NULL)
            event.data = (uint64_t)call_number(c, data);
        has_data |= data != NULL;
    }
    if (events == NULL || !has_data)
        call_wrong(c, "an event is {events=EPOLLIN, fd=4}, or ptr, u32, u64 in the place of fd");
    else
        event.events = (uint32_t)call_number(c, events);
    return event;
}

void call_epoll_ctl(struct calling *c)
{
    int epfd = call_fd(c, 0), operation = (int)call_int(c, 1), fd = call_fd(c, 2);
    const struct value *value = call_arg(c, 3);
    bool none = value->kind == VALUE_NUMBER && value->number == 0;
    struct ciao_epoll_event event = {0};
    if (!none)
        event = take_event(c, value);
    if (c->wrong)
        return;
    c->result = ciao_epoll_ctl(c->run->sockets, epfd, operation, fd, none ? NULL : &event);
    (void)call_ends(c);
}

static void compare_event(struct calling *c, const struct value *value,
                          const struct ciao_epoll_event *seen)
{
    struct ciao_epoll_event expected = take_event(c, value);
    if (c->wrong || (expected.events == seen->events && expected.data == seen->data))
        return;
    run_expected(c->run, "events 0x%x of %llu", expected.events, (unsigned long long)expected.data);
    run_seen(c->run, "events 0x%x of %llu", seen->events, (unsigned long long)seen->data);
    run_fail(c->run, c->due->event->line, "epoll_wait() told other events");
}

void call_epoll_wait(struct calling *c)
{
    struct ciao_epoll_event events[POLL_MOST] = {0};
    const struct value *value = call_arg(c, 1);
    int epfd = call_fd(c, 0), most = (int)call_int(c, 2);
    int64_t timeout_us = to_us(call_int(c, 3));
    if (most > (int)POLL_MOST)
        call_wrong(c, "at most %u events at a time", POLL_MOST);
    if (c->wrong)
        return;
    c->result = ciao_epoll_wait(c->run->sockets, epfd, events, most, timeout_us);
    if (!call_ends(c) || c->result < 0)
        return;
    if (value->kind == VALUE_STRUCT)
        compare_event(c, value, &events[0]);
    unsigned i = 0;
    if (value->kind == VALUE_LIST)
        for (const struct value *item = value->first; item != NULL && i < POLL_MOST && !c->wrong;
             item = item->next)
            compare_event(c, item, &events[i++]);
}
