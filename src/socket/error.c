/*
 * What went wrong, in Linux's numbers.
 *
 * AS LINUX sk_err: an error is pending until one call has told it: connect, a read or a write that
 * has nothing better to return, or getsockopt(SO_ERROR).  The core keeps the reason for which a
 * connection ended; it is moved here once.
 */
#include "socket/socket_internal.h"

int sock_errno(int core_error)
{
    static const uint8_t numbers[CIAO_ERRORS] = {
        [CIAO_EBADCONN] = CIAO_ERRNO_EBADF,
        [CIAO_EINVAL] = CIAO_ERRNO_EINVAL,
        [CIAO_ENOTCONN] = CIAO_ERRNO_ENOTCONN,
        [CIAO_EISCONN] = CIAO_ERRNO_EISCONN,
        [CIAO_ECLOSING] = CIAO_ERRNO_EPIPE,
        [CIAO_EAGAIN] = CIAO_ERRNO_EAGAIN,
        [CIAO_EREFUSED] = CIAO_ERRNO_ECONNREFUSED,
        [CIAO_ERESET] = CIAO_ERRNO_ECONNRESET,
        [CIAO_ETIMEDOUT] = CIAO_ERRNO_ETIMEDOUT,
        [CIAO_EUNREACH] = CIAO_ERRNO_EHOSTUNREACH,
        [CIAO_EABORTED] = CIAO_ERRNO_ECONNABORTED,
        [CIAO_EADDRINUSE] = CIAO_ERRNO_EADDRINUSE,
        [CIAO_EADDRNOTAVAIL] = CIAO_ERRNO_EADDRNOTAVAIL,
        [CIAO_ENOPORTS] = CIAO_ERRNO_EADDRNOTAVAIL,
        [CIAO_ENOROUTE] = CIAO_ERRNO_ENETUNREACH,
        [CIAO_ENOMEM] = CIAO_ERRNO_ENOMEM,
        [CIAO_EDESTADDR] = CIAO_ERRNO_ENETUNREACH,
        [CIAO_EPIPE] = CIAO_ERRNO_EPIPE,
    };
    const int error = core_error < 0 ? -core_error : core_error;
    return error < CIAO_ERRORS ? -(int)numbers[error] : -CIAO_ERRNO_EINVAL;
}

bool sock_has_fin(const struct ciao_sockets *s, const struct sock *sock)
{
    struct ciao_info info;
    return sock->conn != 0 && ciao_info(s->stack, sock->conn, &info) == 0 && info.read_closed;
}

/* It was in CLOSE-WAIT: the peer had closed, we had not. */
static bool was_half_closed(const struct ciao_sockets *s, const struct sock *sock)
{
    struct ciao_info info;
    return ciao_info(s->stack, sock->conn, &info) == 0 && info.read_closed && !info.write_closed;
}

/* AS LINUX tcp_write_err(): nobody answered, and the network had said why. */
static void name_the_cause(struct ciao_sockets *s, struct sock *sock)
{
    const int cause = ciao_soft_error(s->stack, sock->conn);
    if (cause != 0)
        sock->error = (int16_t)-sock_errno(cause);
}

int sock_peek_error(struct ciao_sockets *s, struct sock *sock)
{
    if (sock->conn == 0 || (sock->flags & SOCK_ERROR_NOTED))
        return sock->error;
    const int ended_by = ciao_error(s->stack, sock->conn);
    if (ended_by == 0)
        return sock->error;
    sock->flags |= SOCK_ERROR_NOTED;
    sock->error = (int16_t)-sock_errno(ended_by);
    if (ended_by == -CIAO_ERESET && was_half_closed(s, sock)) /* AS LINUX tcp_reset() */
        sock->error = CIAO_ERRNO_EPIPE;
    if (ended_by == -CIAO_ETIMEDOUT && sock->phase == SOCK_CONNECTING)
        name_the_cause(s, sock);
    return sock->error;
}

int sock_take_error(struct ciao_sockets *s, struct sock *sock)
{
    const int error = sock_peek_error(s, sock);
    sock->error = 0;
    return error;
}
