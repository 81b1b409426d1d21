/*
 * Who waits for what: calls inside join the waiters of a descriptor, and news of the core wakes
 * them.
 */
#include "socket/socket_internal.h"

static struct wait_link *link_at(struct ciao_sockets *s, uint32_t index)
{
    return pool_at(&s->waits, index);
}

bool wait_join(struct ciao_sockets *s, struct desc *desc, struct ciao_waiter *waiter,
               uint32_t *link)
{
    const uint32_t index = pool_take(&s->waits);
    if (index == 0)
        return false;
    *link_at(s, index) = (struct wait_link){
        .waiter = waiter,
        .next = desc->waits_first,
        .desc = (uint32_t)desc_fd(s, desc),
    };
    if (desc->waits_first != 0)
        link_at(s, desc->waits_first)->prev = index;
    desc->waits_first = index;
    desc_hold(desc);
    *link = index;
    return true;
}

void wait_leave(struct ciao_sockets *s, uint32_t link)
{
    const struct wait_link left = *link_at(s, link);
    struct desc *desc = &s->descs[left.desc];
    if (left.prev == 0)
        desc->waits_first = left.next;
    else
        link_at(s, left.prev)->next = left.next;
    if (left.next != 0)
        link_at(s, left.next)->prev = left.prev;
    pool_give(&s->waits, link);
    desc_release(s, desc);
}

int wait_for(struct ciao_sockets *s, struct desc *desc, uint64_t deadline_us)
{
    struct ciao_waiter waiter = {.restarts = deadline_us == UINT64_MAX};
    uint32_t link;
    if (deadline_us <= layer_now(s))
        return -CIAO_ERRNO_EAGAIN;
    if (!wait_join(s, desc, &waiter, &link))
        return -CIAO_ERRNO_ENOMEM;
    const int why = s->host.wait(s->host.self, &waiter, deadline_us);
    wait_leave(s, link);
    return why == CIAO_WAIT_SIGNAL ? -CIAO_ERRNO_EINTR : 0;
}

void desc_news(struct ciao_sockets *s, struct desc *desc, uint32_t news)
{
    for (uint32_t index = desc->waits_first; index != 0; index = link_at(s, index)->next) {
        struct ciao_waiter *waiter = link_at(s, index)->waiter;
        if (waiter->woken)
            continue;
        waiter->woken = true;
        s->host.wake(s->host.self, waiter);
    }
    epoll_desc_news(s, desc, news);
}

uint64_t ciao_sockets_turn(struct ciao_sockets *sockets)
{
    ciao_conn conn;
    while ((conn = ciao_next_ready(sockets->stack)) != 0) {
        const uint32_t cookie = ciao_cookie(sockets->stack, conn);
        if (cookie == 0)
            continue;
        struct desc *desc = &sockets->descs[cookie - 1];
        if (desc->kind == DESC_SOCKET && desc->sock.conn == conn)
            desc_news(sockets, desc, sock_news(sockets, &desc->sock));
    }
    return UINT64_MAX;
}
