/*
 * Options of sockets.
 */
#include "socket/socket_internal.h"

void option_defaults(struct ciao_sockets *s, struct sock *sock)
{
    sock->settings = s->defaults;
}

void option_inherit(struct ciao_sockets *s, const struct sock *listener, struct sock *child)
{
    (void)s;
    child->settings = listener->settings;
    child->rcvtimeo_us = listener->rcvtimeo_us;
    child->sndtimeo_us = listener->sndtimeo_us;
    child->linger_s = listener->linger_s;
    child->flags |= listener->flags & SOCK_LINGERS;
}
