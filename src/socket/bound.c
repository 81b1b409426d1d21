/*
 * Which local ports are bound, and by whom: Linux's rules of who may share one.
 *
 * Here stand the sockets that bind() or listen() gave a port.  Connections, also those that no
 * program owns any more, are counted by the core (ciao_port_busy()).
 *
 * AS LINUX inet_csk_bind_conflict(): two sockets whose addresses overlap may share a port when both
 * have SO_REUSEADDR and the other does not listen, or when both have SO_REUSEPORT.
 */
#include "socket/socket_internal.h"

static uint32_t *bucket_of(struct ciao_sockets *s, uint16_t port)
{
    return &s->bound[port % SOCKETS_PORT_BUCKETS];
}

static struct sock *sock_of(struct ciao_sockets *s, uint32_t index)
{
    return &s->descs[index - 1].sock;
}

static bool is_v6only(const struct sock *sock)
{
    return (sock->settings.more & CIAO_V6ONLY) != 0;
}

/* AS LINUX ipv6_rcv_saddr_equal(), with wildcards on both sides.  `a` is bound to `at`. */
static bool overlaps(const struct sock *a, const struct ciao_addr *at, const struct sock *b)
{
    const struct ciao_addr *bt = &b->local.addr;
    const bool a_any = addr_is_any(at), b_any = addr_is_any(bt);
    if (addr_is_v4(at) && addr_is_v4(bt))
        return a_any || b_any || addr_equal(at, bt);
    if (b_any && !addr_is_v4(bt) && !(is_v6only(b) && addr_is_v4(at)))
        return true;
    if (a_any && !addr_is_v4(at) && !(is_v6only(a) && addr_is_v4(bt)))
        return true;
    return addr_equal(at, bt);
}

static bool has(const struct sock *sock, uint32_t setting)
{
    return (sock->settings.flags & setting) != 0;
}

static bool may_share(const struct sock *a, const struct sock *b)
{
    if (has(a, CIAO_REUSEADDR) && has(b, CIAO_REUSEADDR) && b->phase != SOCK_LISTENING)
        return true;
    return has(a, CIAO_REUSEPORT) && has(b, CIAO_REUSEPORT);
}

static bool is_refused_by_sockets(struct ciao_sockets *s, const struct sock *sock,
                                  const struct ciao_endpoint *local)
{
    uint32_t index = *bucket_of(s, local->port);
    while (index != 0) {
        const struct sock *other = sock_of(s, index);
        index = other->bound_next;
        if (other == sock || other->local.port != local->port)
            continue;
        if (overlaps(sock, &local->addr, other) && !may_share(sock, other))
            return true;
    }
    return false;
}

static bool is_refused_by_connections(struct ciao_sockets *s, const struct sock *sock,
                                      const struct ciao_endpoint *local)
{
    const int busy = ciao_port_busy(s->stack, local, is_v6only(sock));
    if (busy == 0 || has(sock, CIAO_REUSEPORT))
        return false;
    return !has(sock, CIAO_REUSEADDR) || (busy & CIAO_PORT_STRICT);
}

static bool is_free(struct ciao_sockets *s, const struct sock *sock,
                    const struct ciao_endpoint *local)
{
    return !is_refused_by_sockets(s, sock, local) && !is_refused_by_connections(s, sock, local);
}

/* Does anybody have that port, whatever the address? */
static bool is_bound(struct ciao_sockets *s, uint16_t port)
{
    uint32_t index = *bucket_of(s, port);
    while (index != 0 && sock_of(s, index)->local.port != port)
        index = sock_of(s, index)->bound_next;
    return index != 0;
}

#define CHOICES 65536u
static uint16_t choose(struct ciao_sockets *s)
{
    uint16_t port = ciao_port_choose(s->stack, 0);
    for (uint32_t tries = 0; tries < CHOICES && port != 0 && is_bound(s, port); tries++)
        port = ciao_port_choose(s->stack, port);
    return port == 0 || is_bound(s, port) ? 0 : port;
}

int bound_take(struct ciao_sockets *s, struct sock *sock, const struct ciao_endpoint *local)
{
    struct ciao_endpoint wanted = *local;
    if (local->port == 0)
        wanted.port = choose(s);
    else if (!is_free(s, sock, local))
        return -CIAO_ERRNO_EADDRINUSE;
    if (wanted.port == 0)
        return -CIAO_ERRNO_EADDRINUSE;
    const uint32_t index = (uint32_t)desc_fd(s, sock_desc(sock)) + 1;
    uint32_t *first = bucket_of(s, wanted.port);
    sock->local = wanted;
    sock->flags |= (uint16_t)(SOCK_BOUND_PORT | (local->port == 0 ? SOCK_PORT_CHOSEN : 0));
    sock->bound_prev = 0;
    sock->bound_next = *first;
    if (*first != 0)
        sock_of(s, *first)->bound_prev = index;
    *first = index;
    return 0;
}

bool bound_may_listen(struct ciao_sockets *s, struct sock *sock)
{
    return is_free(s, sock, &sock->local);
}

void bound_give(struct ciao_sockets *s, struct sock *sock)
{
    if (!(sock->flags & SOCK_BOUND_PORT))
        return;
    if (sock->bound_prev == 0)
        *bucket_of(s, sock->local.port) = sock->bound_next;
    else
        sock_of(s, sock->bound_prev)->bound_next = sock->bound_next;
    if (sock->bound_next != 0)
        sock_of(s, sock->bound_next)->bound_prev = sock->bound_prev;
    sock->bound_next = sock->bound_prev = 0;
    sock->flags &= (uint16_t) ~(SOCK_BOUND_PORT | SOCK_PORT_CHOSEN);
}
