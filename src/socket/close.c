/*
 * close(), with or without lingering, and the ways in which a socket loses its connection.
 */
#include "socket/socket_internal.h"

#define US_PER_S UINT64_C(1000000)

/* ---- disconnect: connect() to AF_UNSPEC, shutdown() of what never was open ---- */

/* AS LINUX tcp_need_reset(), and a FIN that could not follow all bytes. */
static bool breaks_off(unsigned state)
{
    return state == CIAO_TCP_ESTABLISHED || state == CIAO_TCP_CLOSE_WAIT
           || state == CIAO_TCP_FIN_WAIT1 || state == CIAO_TCP_FIN_WAIT2
           || state == CIAO_TCP_SYN_RECV || state == CIAO_TCP_SYN_SENT;
}

static void end_connection(struct ciao_sockets *s, struct sock *sock)
{
    const unsigned state = sock_tcp_state(s, sock);
    if (breaks_off(state))
        sock->error = CIAO_ERRNO_ECONNRESET;
    else
        (void)sock_peek_error(s, sock);
    const uint64_t now = layer_now(s);
    if (state == CIAO_TCP_CLOSE || state == CIAO_TCP_LISTEN) /* TIME-WAIT goes on by itself */
        ciao_close(s->stack, sock->conn, NULL, now);
    else
        ciao_abort(s->stack, sock->conn, NULL, now);
    sock->conn = 0;
}

void sock_disconnect(struct ciao_sockets *s, struct sock *sock)
{
    const bool was_used = sock->conn != 0 && !(sock->flags & SOCK_PORT_FRESH);
    if (sock->conn != 0)
        end_connection(s, sock);
    if (was_used && (sock->flags & SOCK_PORT_CHOSEN))
        bound_give(s, sock); /* AS LINUX: getsockname() goes on naming it */
    if (!(sock->flags & SOCK_BOUND_ADDR))
        sock->local.addr = addr_any((sock->flags & SOCK_IS_V6) != 0);
    sock->remote = (struct ciao_endpoint){addr_any((sock->flags & SOCK_IS_V6) != 0), 0};
    sock->phase = SOCK_NEW;
    sock->flags &= (uint16_t) ~(SOCK_SHUT_RD | SOCK_SHUT_WR | SOCK_ERROR_NOTED);
    desc_changed(s, sock_desc(sock));
}

int ciao_socket_drop(struct ciao_sockets *s, int fd)
{
    struct call call;
    const int error = call_begin(&call, s, fd);
    if (error != 0)
        return (int)call_end(&call, error);
    if (call.sock->conn == 0 || call.sock->phase == SOCK_LISTENING)
        return (int)call_end(&call, -CIAO_ERRNO_ENOTCONN);
    ciao_abort(s->stack, call.sock->conn, NULL, layer_now(s));
    call.sock->conn = 0;
    call.sock->error = CIAO_ERRNO_ECONNABORTED;
    call.sock->phase = SOCK_OVER;
    desc_changed(s, call.desc);
    return (int)call_end(&call, 0);
}

/* ---- close ---- */

void sock_end(struct ciao_sockets *s, struct sock *sock)
{
    if (sock->conn != 0)
        ciao_close(s->stack, sock->conn, NULL, layer_now(s));
    sock->conn = 0;
    bound_give(s, sock);
}

/* Our FIN, or a byte before it, is not acknowledged yet. */
static bool is_saying_goodbye(unsigned state)
{
    return state == CIAO_TCP_FIN_WAIT1 || state == CIAO_TCP_CLOSING || state == CIAO_TCP_LAST_ACK;
}

/* AS LINUX: also a descriptor that does not block waits as long as SO_LINGER says. */
static void linger(struct ciao_sockets *s, struct desc *desc)
{
    struct sock *sock = &desc->sock;
    if (!(sock->flags & SOCK_LINGERS) || sock->linger_s <= 0 || sock->conn == 0
        || sock->phase == SOCK_LISTENING || desc->users != 1)
        return;
    struct ciao_info info;
    if (ciao_info(s->stack, sock->conn, &info) != 0 || info.unread_bytes != 0)
        return; /* that is a reset, at once */
    if (ciao_shutdown(s->stack, sock->conn, CIAO_SHUT_RDWR, layer_now(s)) != 0)
        return;
    const uint64_t deadline = layer_now(s) + (uint64_t)sock->linger_s * US_PER_S;
    while (is_saying_goodbye(sock_tcp_state(s, sock)) && wait_for(s, desc, deadline) == 0)
        continue;
}

int ciao_socket_close(struct ciao_sockets *s, int fd)
{
    layer_enter(s);
    struct desc *desc = desc_at(s, fd);
    if (desc == NULL)
        return (int)layer_leave(s, -CIAO_ERRNO_EBADF);
    desc_hold(desc);
    desc->closing = true;
    if (desc->kind == DESC_SOCKET)
        linger(s, desc);
    desc_release(s, desc);
    return (int)layer_leave(s, 0);
}
