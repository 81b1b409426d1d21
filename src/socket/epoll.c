/*
 * epoll instances: what they watch, and what of it is ready.
 */
#include "socket/socket_internal.h"

void epoll_desc_changed(struct ciao_sockets *s, struct desc *desc)
{
    ASSERT(desc->items_first == 0 && s != NULL);
}

void epoll_forget(struct ciao_sockets *s, struct desc *desc)
{
    ASSERT(desc->items_first == 0 && s != NULL);
}
