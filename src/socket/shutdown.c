/*
 * shutdown(), three ways, in every state.  AS LINUX inet_shutdown().
 */
#include "socket/socket_internal.h"

static uint16_t directions(int how)
{
    return (uint16_t)((how != CIAO_SHUTDOWN_WR ? SOCK_SHUT_RD : 0)
                      | (how != CIAO_SHUTDOWN_RD ? SOCK_SHUT_WR : 0));
}

static enum ciao_how core_how(int how)
{
    return how == CIAO_SHUTDOWN_RD ? CIAO_SHUT_RD
                                   : (how == CIAO_SHUTDOWN_WR ? CIAO_SHUT_WR : CIAO_SHUT_RDWR);
}

/* It was connecting, and nobody has asked for the outcome. */
static void settle_phase(struct sock *sock, unsigned state)
{
    if (sock->phase != SOCK_CONNECTING)
        return;
    const bool open =
        state != CIAO_TCP_SYN_SENT && state != CIAO_TCP_SYN_RECV && state != CIAO_TCP_CLOSE;
    sock->phase = open ? SOCK_CONNECTED : SOCK_OVER;
}

static int shut(struct call *call, int how)
{
    struct sock *sock = call->sock;
    const unsigned state = sock_tcp_state(call->s, sock);
    settle_phase(sock, state);
    if (state == CIAO_TCP_LISTEN && how == CIAO_SHUTDOWN_WR)
        return 0;
    if (state == CIAO_TCP_LISTEN || state == CIAO_TCP_SYN_SENT) {
        sock_disconnect(call->s, sock);
        return 0;
    }
    sock->flags |= directions(how);
    if (state == CIAO_TCP_CLOSE)
        return -CIAO_ERRNO_ENOTCONN;
    return sock_errno(ciao_shutdown(call->s->stack, sock->conn, core_how(how), layer_now(call->s)));
}

int ciao_socket_shutdown(struct ciao_sockets *s, int fd, int how)
{
    struct call call;
    int error = call_begin(&call, s, fd);
    if (error == 0 && (how < CIAO_SHUTDOWN_RD || how > CIAO_SHUTDOWN_RDWR))
        error = -CIAO_ERRNO_EINVAL;
    else if (error == 0) {
        error = shut(&call, how);
        desc_changed(s, call.desc);
    }
    return (int)call_end(&call, error);
}
