/*
 * fcntl(2) and ioctl(2), as far as they are about sockets.
 */
#include "socket/socket_internal.h"

#define E(name) (-CIAO_ERRNO_##name)

/* O_RDWR is what a socket was opened with, and does not change. */
static int file_flags(const struct sock *sock)
{
    int flags = CIAO_O_RDWR;
    if (sock->flags & SOCK_IS_NONBLOCK)
        flags |= CIAO_O_NONBLOCK;
    if (sock->flags & SOCK_IS_ASYNC)
        flags |= CIAO_O_ASYNC;
    return flags;
}

static void turn(struct sock *sock, uint32_t flag, bool on)
{
    sock->flags = (uint16_t)(on ? sock->flags | flag : sock->flags & ~flag);
}

static int64_t sock_fcntl(struct sock *sock, int cmd, int64_t arg)
{
    switch (cmd) {
    case CIAO_F_GETFD: return sock->flags & SOCK_CLOSE_ON_EXEC ? CIAO_FD_CLOEXEC : 0;
    case CIAO_F_SETFD: turn(sock, SOCK_CLOSE_ON_EXEC, (arg & CIAO_FD_CLOEXEC) != 0); return 0;
    case CIAO_F_GETFL: return file_flags(sock);
    case CIAO_F_SETFL:
        turn(sock, SOCK_IS_NONBLOCK, (arg & CIAO_O_NONBLOCK) != 0);
        turn(sock, SOCK_IS_ASYNC, (arg & CIAO_O_ASYNC) != 0);
        return 0;
    case CIAO_F_GETOWN: return sock->owner;
    case CIAO_F_SETOWN: sock->owner = (int32_t)arg; return 0;
    default: return E(EINVAL);
    }
}

/* An epoll instance has no mode but close-on-exec. */
static int64_t epoll_fcntl(struct epoll *epoll, int cmd, int64_t arg)
{
    switch (cmd) {
    case CIAO_F_GETFD: return epoll->close_on_exec ? CIAO_FD_CLOEXEC : 0;
    case CIAO_F_SETFD: epoll->close_on_exec = (arg & CIAO_FD_CLOEXEC) != 0; return 0;
    case CIAO_F_GETFL: return CIAO_O_RDWR;
    case CIAO_F_SETFL: return 0;
    case CIAO_F_GETOWN: return 0;
    case CIAO_F_SETOWN: return 0;
    default: return E(EINVAL);
    }
}

int ciao_fcntl(struct ciao_sockets *s, int fd, int cmd, int64_t arg)
{
    layer_enter(s);
    struct desc *desc = desc_at(s, fd);
    int64_t result = E(EBADF);
    if (desc != NULL && desc->kind == DESC_SOCKET)
        result = sock_fcntl(&desc->sock, cmd, arg);
    else if (desc != NULL)
        result = epoll_fcntl(&desc->epoll, cmd, arg);
    return (int)layer_leave(s, result);
}

/* ---- ioctl ---- */

static int give_int(const struct ciao_sockets *s, void *arg, int32_t value)
{
    if (!layer_writable(s, arg, sizeof value))
        return E(EFAULT);
    memcpy(arg, &value, sizeof value);
    return 0;
}

static int take_int(const struct ciao_sockets *s, const void *arg, int32_t *value)
{
    if (!layer_readable(s, arg, sizeof *value))
        return E(EFAULT);
    memcpy(value, arg, sizeof *value);
    return 0;
}

static int set_flag(const struct ciao_sockets *s, struct sock *sock, const void *arg, uint32_t flag)
{
    int32_t value = 0;
    int result = take_int(s, arg, &value);
    if (result == 0)
        turn(sock, flag, value != 0);
    return result;
}

static int set_owner(const struct ciao_sockets *s, struct sock *sock, const void *arg)
{
    return take_int(s, arg, &sock->owner);
}

/* AS LINUX tcp_inq(): what a read could take now, up to the urgent mark. */
static int bytes_to_read(struct ciao_sockets *s, struct sock *sock, void *arg)
{
    struct ciao_info info;
    if (sock->phase == SOCK_LISTENING)
        return E(EINVAL);
    if (sock->conn == 0 || ciao_info(s->stack, sock->conn, &info) != 0)
        return give_int(s, arg, 0);
    return give_int(s, arg, (int32_t)info.readable_bytes);
}

/* AS LINUX: SIOCOUTQ counts what is not acknowledged (a FIN too), SIOCOUTQNSD what is not sent. */
static int bytes_to_send(struct ciao_sockets *s, struct sock *sock, bool unsent_only, void *arg)
{
    struct ciao_info info;
    const unsigned state = sock_tcp_state(s, sock);
    if (sock->phase == SOCK_LISTENING)
        return E(EINVAL);
    if (state == CIAO_TCP_CLOSE || state == CIAO_TCP_SYN_SENT || state == CIAO_TCP_SYN_RECV
        || ciao_info(s->stack, sock->conn, &info) != 0)
        return give_int(s, arg, 0);
    const bool fin =
        state == CIAO_TCP_FIN_WAIT1 || state == CIAO_TCP_CLOSING || state == CIAO_TCP_LAST_ACK;
    const uint32_t queued = info.unsent_bytes + (unsent_only ? 0 : info.unacked_bytes);
    return give_int(s, arg, (int32_t)(queued + (fin && !unsent_only)));
}

static int at_mark(struct ciao_sockets *s, struct sock *sock, void *arg)
{
    return give_int(s, arg, sock->conn != 0 && ciao_at_mark(s->stack, sock->conn));
}

static int sock_ioctl(struct ciao_sockets *s, struct sock *sock, uint64_t request, void *arg)
{
    switch (request) {
    case CIAO_FIONREAD: return bytes_to_read(s, sock, arg);
    case CIAO_SIOCOUTQ: return bytes_to_send(s, sock, false, arg);
    case CIAO_SIOCOUTQNSD: return bytes_to_send(s, sock, true, arg);
    case CIAO_SIOCATMARK: return at_mark(s, sock, arg);
    case CIAO_FIONBIO: return set_flag(s, sock, arg, SOCK_IS_NONBLOCK);
    case CIAO_FIOASYNC: return set_flag(s, sock, arg, SOCK_IS_ASYNC);
    case CIAO_FIONCLEX: turn(sock, SOCK_CLOSE_ON_EXEC, false); return 0;
    case CIAO_FIOCLEX: turn(sock, SOCK_CLOSE_ON_EXEC, true); return 0;
    case CIAO_SIOCSPGRP:
    case CIAO_FIOSETOWN: return set_owner(s, sock, arg);
    case CIAO_SIOCGPGRP:
    case CIAO_FIOGETOWN: return give_int(s, arg, sock->owner);
    case CIAO_SIOCGSTAMP: return E(ENOENT); /* no packet was stamped */
    default: return E(ENOTTY);
    }
}

static int epoll_ioctl(const struct ciao_sockets *s, struct epoll *epoll, uint64_t request,
                       const void *arg)
{
    int32_t value = 0;
    switch (request) {
    case CIAO_FIONBIO: return take_int(s, arg, &value);
    case CIAO_FIONCLEX: epoll->close_on_exec = false; return 0;
    case CIAO_FIOCLEX: epoll->close_on_exec = true; return 0;
    default: return E(EINVAL); /* since Linux 6.9, which has requests of epoll's own */
    }
}

int ciao_ioctl(struct ciao_sockets *s, int fd, uint64_t request, void *arg)
{
    layer_enter(s);
    struct desc *desc = desc_at(s, fd);
    int result = E(EBADF);
    if (desc != NULL && desc->kind == DESC_SOCKET)
        result = sock_ioctl(s, &desc->sock, request & UINT32_MAX, arg);
    else if (desc != NULL)
        result = epoll_ioctl(s, &desc->epoll, request & UINT32_MAX, arg);
    return (int)layer_leave(s, result);
}
