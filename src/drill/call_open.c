/*
 * Calls that open and close.
 */
#include <string.h>

#include "drill/call.h"

void call_socket(struct calling *c)
{
    const struct value *domain = call_arg(c, 0);
    int family = domain->kind != VALUE_DOTS     ? (int)call_int(c, 0)
                 : c->run->family == DRILL_IPV4 ? CIAO_AF_INET
                                                : CIAO_AF_INET6;
    int type = (int)call_int(c, 1), protocol = (int)call_int(c, 2);
    if (c->wrong)
        return;
    c->result = ciao_socket(c->run->sockets, family, type, protocol);
    if (call_ends_fd(c) && c->result >= 0)
        (void)call_new_talk(c->run, (int)call_number(c, c->call->result), (int)c->result);
}

void call_bind(struct calling *c)
{
    struct ciao_sockaddr_storage address;
    int fd = call_fd(c, 0);
    uint32_t len = call_address(c, call_arg(c, 1), CALL_OURS, &address);
    if (c->wrong)
        return;
    c->result = ciao_bind(c->run->sockets, fd, &address, len);
    (void)call_ends(c);
}

void call_listen(struct calling *c)
{
    int fd = call_fd(c, 0), backlog = (int)call_int(c, 1);
    if (c->wrong)
        return;
    c->result = ciao_socket_listen(c->run->sockets, fd, backlog);
    struct talk *talk = call_talk(c->run, (int)call_int(c, 0));
    if (call_ends(c) && talk != NULL)
        talk->stage = TALK_LISTENING;
}

/* The connection that the script has opened from the peer's side, by the peer's port. */
static struct talk *accepted(struct run *run, const struct ciao_sockaddr_storage *address)
{
    uint16_t port = (uint16_t)(address->data[0] << 8 | address->data[1]);
    for (struct talk *talk = run->talks; talk != NULL; talk = talk->next)
        if (talk->script_fd < 0 && talk->in.sport == port)
            return talk;
    return NULL;
}

void call_accept(struct calling *c)
{
    struct ciao_sockaddr_storage address = {0};
    uint32_t len = sizeof address;
    int fd = call_fd(c, 0), flags = c->call->n_args > 3 ? (int)call_int(c, 3) : 0;
    if (c->wrong)
        return;
    c->result = ciao_accept4(c->run->sockets, fd, &address, &len, flags);
    if (!call_ends_fd(c) || c->result < 0)
        return;
    struct talk *talk = accepted(c->run, &address);
    if (talk == NULL) {
        call_wrong(c, "the connection that it returned is none of this script");
        return;
    }
    talk->script_fd = (int)call_number(c, c->call->result);
    talk->live_fd = (int)c->result;
}

void call_connects(struct calling *c, const void *address)
{
    uint16_t family;
    struct talk *talk = call_talk(c->run, (int)call_int(c, 0));
    memcpy(&family, address, sizeof family);
    if (talk == NULL)
        return;
    if (family == CIAO_AF_UNSPEC)
        talk->stage = TALK_NEW;
    else if (talk->stage == TALK_NEW)
        talk->stage = TALK_CONNECTING;
}

void call_connect(struct calling *c)
{
    struct ciao_sockaddr_storage address;
    int fd = call_fd(c, 0);
    uint32_t len = call_address(c, call_arg(c, 1), CALL_PEERS, &address);
    if (c->wrong)
        return;
    call_connects(c, &address);
    c->result = ciao_socket_connect(c->run->sockets, fd, &address, len);
    (void)call_ends(c);
}

void call_close(struct calling *c)
{
    int fd = call_fd(c, 0);
    if (c->wrong)
        return;
    c->result = ciao_socket_close(c->run->sockets, fd);
    if (call_ends(c))
        fd_remove(c->run, (int)call_int(c, 0));
}

void call_shutdown(struct calling *c)
{
    int fd = call_fd(c, 0), how = (int)call_int(c, 1);
    if (c->wrong)
        return;
    c->result = ciao_socket_shutdown(c->run->sockets, fd, how);
    (void)call_ends(c);
}
