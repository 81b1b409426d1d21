/*
 * What the two files of epoll share: epoll.c has the lists, epoll_ctl.c what a program may change.
 */
#ifndef SOCKET_EPOLL_H
#define SOCKET_EPOLL_H

#include "socket/socket_internal.h"

/* Bits of an item's events that say how to tell, not what. */
#define EPOLL_PRIVATE (CIAO_EPOLLWAKEUP | CIAO_EPOLLONESHOT | CIAO_EPOLLET | CIAO_EPOLLEXCLUSIVE)

static inline struct epoll_item *epoll_item_at(const struct ciao_sockets *s, uint32_t index)
{
    return pool_at(&s->items, index);
}

/* 0: as many descriptors are watched as the layer's budget allows. */
uint32_t epoll_item_new(struct ciao_sockets *s, struct desc *instance, struct desc *desc,
                        const struct ciao_epoll_event *event);
void epoll_item_free(struct ciao_sockets *s, uint32_t index);
/* The item by which that instance watches that descriptor, 0: it does not. */
uint32_t epoll_item_find(struct ciao_sockets *s, const struct desc *instance,
                         const struct desc *desc);
/* What it would tell now. */
uint32_t epoll_item_events(struct ciao_sockets *s, const struct epoll_item *item);
void epoll_ready_add(struct ciao_sockets *s, struct epoll *epoll, uint32_t index);

#endif
