/*
 * socket(), bind() and listen().
 */
#include "socket/socket_internal.h"

#define TYPE_MASK 0xf
#define TYPES     11  /* SOCK_MAX */
#define FAMILIES  46  /* AF_MAX */
#define PROTOCOLS 263 /* IPPROTO_MAX */

/* ---- socket(2) ---- */

static int check_kind(int family, int type, int protocol)
{
    if ((type & ~TYPE_MASK & ~(CIAO_SOCK_NONBLOCK | CIAO_SOCK_CLOEXEC)) != 0)
        return -CIAO_ERRNO_EINVAL;
    if (family < 0 || family >= FAMILIES)
        return -CIAO_ERRNO_EAFNOSUPPORT;
    if ((type & TYPE_MASK) >= TYPES)
        return -CIAO_ERRNO_EINVAL;
    if (family != CIAO_AF_INET && family != CIAO_AF_INET6)
        return -CIAO_ERRNO_EAFNOSUPPORT;
    if (protocol < 0 || protocol >= PROTOCOLS)
        return -CIAO_ERRNO_EINVAL;
    if ((type & TYPE_MASK) != CIAO_SOCK_STREAM)
        return -CIAO_ERRNO_ESOCKTNOSUPPORT;
    return protocol == 0 || protocol == CIAO_IPPROTO_TCP ? 0 : -CIAO_ERRNO_EPROTONOSUPPORT;
}

static int new_socket(struct ciao_sockets *s, int family, int type, int protocol)
{
    const int error = check_kind(family, type, protocol);
    if (error != 0)
        return error;
    const int fd = desc_new(s, DESC_SOCKET);
    if (fd < 0)
        return fd;
    const bool v6 = family == CIAO_AF_INET6;
    struct sock *sock = &s->descs[fd].sock;
    sock->phase = SOCK_NEW;
    sock->flags =
        (uint16_t)((v6 ? SOCK_IS_V6 : 0) | (type & CIAO_SOCK_NONBLOCK ? SOCK_IS_NONBLOCK : 0)
                   | (type & CIAO_SOCK_CLOEXEC ? SOCK_CLOSE_ON_EXEC : 0));
    sock->local.addr = sock->remote.addr = addr_any(v6);
    option_defaults(s, sock);
    return fd;
}

int ciao_socket(struct ciao_sockets *s, int family, int type, int protocol)
{
    layer_enter(s);
    return (int)layer_leave(s, new_socket(s, family, type, protocol));
}

/* ---- bind(2) ---- */

/* AS LINUX: AF_UNSPEC with INADDR_ANY is taken for AF_INET. */
static int read_local(const struct sock *sock, const struct ciao_sockaddr_storage *name,
                      uint32_t len, struct ciao_endpoint *local)
{
    const int error = name_read(sock, name, len, local);
    const bool forgiven = error == -CIAO_ERRNO_EAFNOSUPPORT && !(sock->flags & SOCK_IS_V6)
                          && name->ss_family == CIAO_AF_UNSPEC && addr_is_any(&local->addr);
    return forgiven ? 0 : error;
}

static bool is_multicast6(const struct ciao_addr *addr)
{
    return addr->b[0] == 0xff;
}

static int check_address(const struct ciao_sockets *s, const struct sock *sock,
                         const struct ciao_addr *addr)
{
    if ((sock->flags & SOCK_IS_V6) && addr_is_v4(addr) && (sock->settings.more & CIAO_V6ONLY))
        return -CIAO_ERRNO_EINVAL;
    if (addr_is_any(addr) || ciao_is_ours(s->stack, addr) || (sock->flags & SOCK_BINDS_ANYWHERE))
        return 0;
    if (addr_is_v4(addr) && addr->b[12] >= 224 && (addr->b[12] < 240 || addr->b[12] == 255))
        return 0; /* AS LINUX: multicast and broadcast may be bound to */
    return -CIAO_ERRNO_EADDRNOTAVAIL;
}

/* The family's order of checks. */
static int check_bind(const struct ciao_sockets *s, const struct sock *sock,
                      const struct ciao_endpoint *local)
{
    const bool v6 = (sock->flags & SOCK_IS_V6) != 0;
    if (v6 && is_multicast6(&local->addr))
        return -CIAO_ERRNO_EINVAL;
    const int address = check_address(s, sock, &local->addr);
    if (!v6 && address != 0)
        return address;
    if (local->port != 0 && local->port < s->config.unprivileged_port_start
        && !s->config.privileged)
        return -CIAO_ERRNO_EACCES;
    if (sock_tcp_state(s, sock) != CIAO_TCP_CLOSE || (sock->flags & SOCK_BOUND_PORT))
        return -CIAO_ERRNO_EINVAL;
    return address;
}

/* AS LINUX __inet6_bind(): who is bound to one address of IPv6 is for IPv6 alone. */
static void note_address(struct sock *sock)
{
    sock->flags &= (uint16_t)~SOCK_BOUND_ADDR; /* of an earlier bind() */
    if (addr_is_any(&sock->local.addr))
        return;
    sock->flags |= SOCK_BOUND_ADDR;
    if (!addr_is_v4(&sock->local.addr))
        sock->settings.more |= CIAO_V6ONLY;
}

static int bind_to(struct call *call, const void *addr, uint32_t addrlen)
{
    struct ciao_sockaddr_storage name;
    struct ciao_endpoint local;
    int error = name_copy(call->s, addr, addrlen, &name);
    if (error == 0)
        error = read_local(call->sock, &name, addrlen, &local);
    if (error == 0 && sock_port_is_over(call->s, call->sock))
        bound_give(call->s, call->sock);
    if (error == 0)
        error = check_bind(call->s, call->sock, &local);
    if (error != 0)
        return error;
    if (local.port == 0 && (call->sock->flags & SOCK_BINDS_NO_PORT))
        call->sock->local = local;
    else
        error = bound_take(call->s, call->sock, &local);
    if (error != 0) /* AS LINUX: also the address of a connection that is over is forgotten */
        call->sock->local.addr = addr_any((call->sock->flags & SOCK_IS_V6) != 0);
    if (error == 0)
        note_address(call->sock);
    if (error == 0 && call->sock->conn != 0)
        call->sock->flags |= SOCK_PORT_FRESH;
    return error;
}

int ciao_bind(struct ciao_sockets *s, int fd, const void *addr, uint32_t addrlen)
{
    struct call call;
    int error = call_begin(&call, s, fd);
    if (error == 0)
        error = bind_to(&call, addr, addrlen);
    return (int)call_end(&call, error);
}

/* ---- listen(2) ---- */

/* AS LINUX: a backlog of n holds n + 1 connections. */
static unsigned queue_of(const struct ciao_sockets *s, int backlog)
{
    unsigned most = (unsigned)backlog;
    if (most > s->config.somaxconn)
        most = s->config.somaxconn;
    return most >= 65535 ? 65535 : most + 1;
}

static int begin_to_listen(struct ciao_sockets *s, struct sock *sock, unsigned backlog)
{
    const bool was_bound = (sock->flags & SOCK_BOUND_PORT) != 0;
    const struct ciao_endpoint any_port = {sock->local.addr, 0};
    int error = 0;
    if (!was_bound)
        error = bound_take(s, sock, &any_port);
    else if (!bound_may_listen(s, sock))
        error = -CIAO_ERRNO_EADDRINUSE;
    if (error != 0)
        return error;
    error = ciao_listen(s->stack, &sock->local, backlog, &sock->settings, &sock->conn);
    if (error != 0) {
        sock->conn = 0;
        if (!was_bound)
            bound_give(s, sock);
        return sock_errno(error);
    }
    ciao_set_cookie(s->stack, sock->conn, (uint32_t)desc_fd(s, sock_desc(sock)) + 1);
    sock->phase = SOCK_LISTENING;
    sock->flags &= (uint16_t)~SOCK_ERROR_NOTED;
    return 0;
}

static int listen_on(struct call *call, int backlog)
{
    struct sock *sock = call->sock;
    const unsigned queue = queue_of(call->s, backlog);
    if (sock->phase != SOCK_NEW && sock->phase != SOCK_LISTENING)
        return -CIAO_ERRNO_EINVAL;
    sock->backlog = (int32_t)queue - 1;
    if (sock->phase == SOCK_LISTENING)
        return sock_errno(ciao_backlog(call->s->stack, sock->conn, queue));
    const int error = begin_to_listen(call->s, sock, queue);
    if (error == 0)
        desc_changed(call->s, call->desc);
    return error;
}

int ciao_socket_listen(struct ciao_sockets *s, int fd, int backlog)
{
    struct call call;
    int error = call_begin(&call, s, fd);
    if (error == 0)
        error = listen_on(&call, backlog);
    return (int)call_end(&call, error);
}
