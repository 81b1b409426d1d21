/*
 * Sockets opened, named, asked and told; see calls.h.
 */
#include "packetdrill/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "packetdrill/pd.h"

/* A new descriptor of the layer, or -errno, as the program sees it. */
static int given(struct pd *pd, int layer)
{
    if (layer < 0)
        return (int)pd_result(pd, layer);
    int fd = pd_fd_give(pd, layer, pd_placeholder());
    return (int)pd_result(pd, fd < 0 ? -errno : fd);
}

int pd_socket(void *self, int family, int type, int protocol)
{
    struct pd *pd = self;

    pd_settings_follow(pd);
    return given(pd, ciao_socket(pd->sockets, family, type, protocol));
}

int pd_bind(void *self, int fd, const struct sockaddr *addr, socklen_t len)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);
    struct ciao_addr local;

    if (layer < 0)
        return bind(fd, addr, len);
    if (pd_read_sockaddr(addr, len, &local)) {
        pd_take(pd);
        pd_learn_address(pd, &local);
        pd_give(pd);
    }
    return (int)pd_result(pd, ciao_bind(pd->sockets, layer, addr, len));
}

int pd_listen(void *self, int fd, int backlog)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return listen(fd, backlog);
    pd_settings_follow(pd);
    return (int)pd_result(pd, ciao_socket_listen(pd->sockets, layer, backlog));
}

int pd_accept(void *self, int fd, struct sockaddr *addr, socklen_t *len)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return accept(fd, addr, len);
    return given(pd, ciao_accept4(pd->sockets, layer, addr, len, 0));
}

int pd_connect(void *self, int fd, const struct sockaddr *addr, socklen_t len)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);
    struct ciao_addr remote;

    if (layer < 0)
        return connect(fd, addr, len);
    pd_settings_follow(pd);
    if (pd_read_sockaddr(addr, len, &remote)) {
        pd_take(pd);
        pd_need_address(pd, &remote);
        pd_give(pd);
    }
    return (int)pd_result(pd, ciao_socket_connect(pd->sockets, layer, addr, len));
}

int pd_shutdown(void *self, int fd, int how)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return shutdown(fd, how);
    return (int)pd_result(pd, ciao_socket_shutdown(pd->sockets, layer, how));
}

/* The host's calls by number: their names are exported here (interpose.c). */
static int host_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
}

int pd_getsockopt(void *self, int fd, int level, int name, void *value, socklen_t *len)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return host_getsockopt(fd, level, name, value, len);
    struct ciao_name at = {value, len};
    return (int)pd_result(pd, ciao_getsockopt(pd->sockets, layer, level, name, &at));
}

int pd_setsockopt(void *self, int fd, int level, int name, const void *value, socklen_t len)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return setsockopt(fd, level, name, value, len);
    struct ciao_iovec at = {(void *)(uintptr_t)value, len};
    return (int)pd_result(pd, ciao_setsockopt(pd->sockets, layer, level, name, &at));
}

int pd_fcntl(void *self, int fd, int command, ...)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);
    va_list rest;

    va_start(rest, command);
    int arg = va_arg(rest, int); /* absent: whatever stands there, and nobody looks at it */
    va_end(rest);
    if (layer < 0)
        return fcntl(fd, command, arg);
    return (int)pd_result(pd, ciao_fcntl(pd->sockets, layer, command, arg));
}

int pd_ioctl(void *self, int fd, unsigned long request, ...)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);
    va_list rest;

    va_start(rest, request);
    void *arg = va_arg(rest, void *);
    va_end(rest);
    if (layer < 0)
        return ioctl(fd, request, arg);
    return (int)pd_result(pd, ciao_ioctl(pd->sockets, layer, request, arg));
}
