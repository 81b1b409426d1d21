/*
 * Readiness as poll(2) names it.  AS LINUX tcp_poll().
 *
 * A socket that was never connected, or is no longer, is "hung up", and may be written to: the
 * write then tells what is wrong.  While it connects it is nothing at all.
 */
#include "socket/socket_internal.h"

#define IN  (CIAO_POLLIN | CIAO_POLLRDNORM)
#define OUT (CIAO_POLLOUT | CIAO_POLLWRNORM)

/* AS LINUX SOCK_NOSPACE: who asked and found no room is told when there is some. */
static uint32_t writable(struct sock *sock, unsigned ready, bool shut)
{
    if (shut || (ready & CIAO_WRITABLE))
        return OUT;
    sock->flags |= SOCK_WANTS_ROOM;
    return 0;
}

static uint32_t stream_events(struct sock *sock, unsigned state, unsigned ready)
{
    const bool closed = state == CIAO_TCP_CLOSE;
    const bool ended = closed && sock->conn != 0; /* it was something: both directions are over */
    const bool shut_rd = ended || (sock->flags & SOCK_SHUT_RD) || (ready & CIAO_HANGUP_RD);
    const bool shut_wr = ended || (sock->flags & SOCK_SHUT_WR);
    uint32_t events = 0;
    if (closed || (shut_rd && shut_wr))
        events |= CIAO_POLLHUP;
    if (shut_rd)
        events |= IN | CIAO_POLLRDHUP;
    if (state == CIAO_TCP_SYN_SENT || state == CIAO_TCP_SYN_RECV)
        return events;
    if (ready & CIAO_READABLE)
        events |= IN;
    if (ready & CIAO_URGENT)
        events |= CIAO_POLLPRI;
    return events | writable(sock, ready, shut_wr || closed);
}

uint32_t sock_poll_events(struct ciao_sockets *s, struct sock *sock)
{
    const unsigned ready = sock->conn == 0 ? 0 : ciao_ready(s->stack, sock->conn);
    if (sock->phase == SOCK_LISTENING)
        return ready & CIAO_READABLE ? IN : 0;
    uint32_t events = stream_events(sock, sock_tcp_state(s, sock), ready);
    if (sock_peek_error(s, sock) != 0 || zerocopy_is_due(sock))
        events |= CIAO_POLLERR;
    return events;
}

uint32_t desc_poll_events(struct ciao_sockets *s, struct desc *desc)
{
    return desc->kind == DESC_SOCKET ? sock_poll_events(s, &desc->sock)
                                     : epoll_poll_events(s, &desc->epoll);
}

/* The first room that there is says that the handshake has ended. */
static bool opens_now(struct sock *sock, unsigned ready)
{
    if (sock->phase != SOCK_CONNECTING || (sock->flags & SOCK_OPEN_TOLD)
        || !(ready & CIAO_WRITABLE))
        return false;
    sock->flags |= SOCK_OPEN_TOLD;
    return true;
}

/* AS LINUX: every arrival is news, also when what came before was not read; room is news only for
 * who found none; when an end comes, or the handshake ends, everything is. */
uint32_t sock_news(struct ciao_sockets *s, struct sock *sock)
{
    const unsigned ready = ciao_news(s->stack, sock->conn);
    uint32_t news = 0;
    if (ready & (CIAO_HANGUP_RD | CIAO_HANGUP | CIAO_ERROR) || opens_now(sock, ready))
        return UINT32_MAX;
    if (ready & (CIAO_READABLE | CIAO_URGENT)) /* an urgent byte is a byte */
        news |= IN | CIAO_POLLPRI;
    if ((ready & CIAO_WRITABLE) && (sock->flags & SOCK_WANTS_ROOM)) {
        sock->flags &= (uint16_t)~SOCK_WANTS_ROOM;
        news |= OUT;
    }
    return news;
}
