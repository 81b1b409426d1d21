/*
 * accept(): the next connection of a listener becomes a socket.
 *
 * It may have been closed or reset by its peer already, and is handed out all the same.
 */
#include "socket/socket_internal.h"

#define ACCEPT_FLAGS (CIAO_SOCK_NONBLOCK | CIAO_SOCK_CLOEXEC)

static int next_connection(struct call *call, ciao_conn *conn)
{
    struct sock *listener = call->sock;
    if (listener->phase != SOCK_LISTENING)
        return -CIAO_ERRNO_EINVAL;
    call_may_wait(call, false, listener->rcvtimeo_us);
    int error = ciao_accept(call->s->stack, listener->conn, conn);
    while (error == -CIAO_EAGAIN) {
        error = call_wait(call);
        if (error != 0)
            return error;
        if (listener->phase != SOCK_LISTENING)
            return -CIAO_ERRNO_EINVAL;
        error = ciao_accept(call->s->stack, listener->conn, conn);
    }
    return sock_errno(error);
}

static void make_child(struct ciao_sockets *s, int fd, const struct sock *listener, ciao_conn conn)
{
    struct sock *child = &s->descs[fd].sock;
    child->phase = SOCK_CONNECTED;
    child->flags = (uint16_t)(listener->flags & (SOCK_IS_V6 | SOCK_BOUND_ADDR));
    child->conn = conn;
    (void)ciao_conn_ends(s->stack, conn, &child->local, &child->remote);
    option_inherit(s, listener, child);
    ciao_set_cookie(s->stack, conn, (uint32_t)fd + 1);
}

static int accept_as(struct call *call, int fd, const struct ciao_name *name, int flags)
{
    ciao_conn conn;
    int error = next_connection(call, &conn);
    if (error != 0)
        return error;
    make_child(call->s, fd, call->sock, conn);
    struct sock *child = &call->s->descs[fd].sock;
    if (flags & CIAO_SOCK_NONBLOCK)
        child->flags |= SOCK_IS_NONBLOCK;
    if (flags & CIAO_SOCK_CLOEXEC)
        child->flags |= SOCK_CLOSE_ON_EXEC;
    if (name->addr != NULL)
        error = name_write(call->s, child, &child->remote, name);
    if (error != 0)
        sock_end(call->s, child);
    return error;
}

/* AS LINUX: the number is taken before the wait begins. */
static int accept_from(struct ciao_sockets *s, struct call *call, const struct ciao_name *name,
                       int flags)
{
    if ((flags & ~ACCEPT_FLAGS) != 0)
        return -CIAO_ERRNO_EINVAL;
    const int fd = desc_new(s, DESC_SOCKET);
    if (fd < 0)
        return fd;
    s->descs[fd].closing = true; /* nobody finds it yet */
    const int error = accept_as(call, fd, name, flags);
    s->descs[fd].closing = false;
    if (error == 0)
        return fd;
    desc_free(s, fd);
    return error;
}

int ciao_accept4(struct ciao_sockets *s, int fd, void *addr, uint32_t *addrlen, int flags)
{
    struct call call;
    const struct ciao_name name = {addr, addrlen};
    int result = call_begin(&call, s, fd);
    if (result == 0)
        result = accept_from(s, &call, &name, flags);
    return (int)call_end(&call, result);
}
