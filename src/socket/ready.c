/*
 * Readiness as poll(2) names it.
 */
#include "socket/socket_internal.h"

uint32_t sock_poll_events(struct ciao_sockets *s, struct sock *sock)
{
    const unsigned ready = sock->conn == 0 ? 0 : ciao_ready(s->stack, sock->conn);
    uint32_t events = sock->conn == 0 ? CIAO_POLLOUT | CIAO_POLLHUP : 0;
    if (ready & CIAO_READABLE)
        events |= CIAO_POLLIN | CIAO_POLLRDNORM;
    if (ready & CIAO_WRITABLE)
        events |= CIAO_POLLOUT | CIAO_POLLWRNORM;
    return events;
}

uint32_t desc_poll_events(struct ciao_sockets *s, struct desc *desc)
{
    return desc->kind == DESC_SOCKET ? sock_poll_events(s, &desc->sock) : 0;
}
