/*
 * ciao's sockets: one stack with a loopback link, real time, the host's baton.
 */
#include "api.h"

#include <assert.h>
#include <stdlib.h>

#include "driver/loop.h"
#include "host/sockets_host.h"

static struct host_sockets *all;
static struct ciao_sockets *layer;

static struct ciao_name name_of(const void *value, socklen_t *len)
{
    return (struct ciao_name){(void *)(uintptr_t)value, len};
}

static int c_socket(int family, int type, int protocol)
{
    return ciao_socket(layer, family, type, protocol);
}

static int c_bind(int fd, const void *addr, socklen_t len)
{
    return ciao_bind(layer, fd, addr, len);
}

static int c_listen(int fd, int backlog)
{
    return ciao_socket_listen(layer, fd, backlog);
}

static int c_accept4(int fd, void *addr, socklen_t *len, int flags)
{
    return ciao_accept4(layer, fd, addr, len, flags);
}

static int c_connect(int fd, const void *addr, socklen_t len)
{
    return ciao_socket_connect(layer, fd, addr, len);
}

static int c_getsockname(int fd, void *addr, socklen_t *len)
{
    return ciao_getsockname(layer, fd, addr, len);
}

static int c_getpeername(int fd, void *addr, socklen_t *len)
{
    return ciao_getpeername(layer, fd, addr, len);
}

static int64_t c_read(int fd, void *data, size_t len)
{
    return ciao_read(layer, fd, data, len);
}

static int64_t c_write(int fd, const void *data, size_t len)
{
    return ciao_write(layer, fd, data, len);
}

static int64_t c_readv(int fd, const struct iovec *parts, int n)
{
    return ciao_readv(layer, fd, (const struct ciao_iovec *)parts, n);
}

static int64_t c_writev(int fd, const struct iovec *parts, int n)
{
    return ciao_writev(layer, fd, (const struct ciao_iovec *)parts, n);
}

static int64_t c_recvmsg(int fd, struct msghdr *msg, int flags)
{
    return ciao_recvmsg(layer, fd, (struct ciao_msghdr *)msg, flags);
}

static int64_t c_sendmsg(int fd, const struct msghdr *msg, int flags)
{
    return ciao_sendmsg(layer, fd, (const struct ciao_msghdr *)msg, flags);
}

static int64_t c_recvfrom(int fd, const struct iovec *to, int flags, void *addr, socklen_t *len)
{
    struct ciao_name from = name_of(addr, len);

    return ciao_recvfrom(layer, fd, (const struct ciao_iovec *)to, flags, addr ? &from : NULL);
}

static int64_t c_sendto(int fd, const struct iovec *from, int flags, const void *addr,
                        socklen_t len)
{
    struct ciao_name to = name_of(addr, &len);

    return ciao_sendto(layer, fd, (const struct ciao_iovec *)from, flags, addr ? &to : NULL);
}

static int c_shutdown(int fd, int how)
{
    return ciao_socket_shutdown(layer, fd, how);
}

static int c_close(int fd)
{
    return ciao_socket_close(layer, fd);
}

static int c_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    struct ciao_name there = name_of(value, len);

    return ciao_getsockopt(layer, fd, level, name, &there);
}

static int c_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    /* A length is signed on its way into the kernel. */
    struct ciao_iovec there = {(void *)(uintptr_t)value, (size_t)(int)len};

    return ciao_setsockopt(layer, fd, level, name, &there);
}

static int c_fcntl(int fd, int command, long argument)
{
    return ciao_fcntl(layer, fd, command, argument);
}

static int c_ioctl(int fd, unsigned long request, void *argument)
{
    return ciao_ioctl(layer, fd, request, argument);
}

static int64_t us(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : (int64_t)timeout_ms * 1000;
}

static int c_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
    return ciao_poll(layer, (struct ciao_pollfd *)fds, n, us(timeout_ms));
}

static int c_epoll_create1(int flags)
{
    return ciao_epoll_create1(layer, flags);
}

static int c_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    return ciao_epoll_ctl(layer, epfd, op, fd, (struct ciao_epoll_event *)event);
}

static int c_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout_ms)
{
    return ciao_epoll_wait(layer, epfd, (struct ciao_epoll_event *)events, n, us(timeout_ms));
}

static void c_settle(void)
{
    host_sockets_settle(all);
}

static void must(int status)
{
    if (status < 0)
        abort();
}

static void give_address(struct host *host, int link, const char *text, unsigned bits)
{
    struct ciao_addr address;

    if (!ciao_addr_parse(text, &address))
        abort();
    must(ciao_address_add(host_stack(host), link, &address, bits));
}

static void open_stack(void)
{
    struct ciao_config config;
    struct host_options options = {.config = &config};
    struct ciao_driver *self;
    struct loop_options loop = {.mtu = 1500, .queue = 4096, .offload = true};

    ciao_config_default(&config, CIAO_PROFILE_LINUX);
    must(host_sockets_open(&all, &options, NULL));
    layer = host_sockets_layer(all);
    must(loop_self(&self, &loop));
    struct host *host = host_sockets_enter(all);
    int link = host_attach(host, self);
    must(link);
    give_address(host, link, "127.0.0.1", 8);
    give_address(host, link, "::1", 128);
    host_sockets_leave(all);
    host_sockets_check_pointers(all, true);
}

static void c_fresh(void)
{
    api_ciao_end();
    open_stack();
}

static const struct sock_api ciao_api = {
    "ciao",        c_socket,      c_bind,     c_listen, c_accept4,  c_connect,
    c_getsockname, c_getpeername, c_read,     c_write,  c_readv,    c_writev,
    c_recvmsg,     c_sendmsg,     c_recvfrom, c_sendto, c_shutdown, c_close,
    c_getsockopt,  c_setsockopt,  c_fcntl,    c_ioctl,  c_poll,     c_epoll_create1,
    c_epoll_ctl,   c_epoll_wait,  c_settle,   c_fresh,
};

const struct sock_api *api_ciao(void)
{
    return &ciao_api;
}

void api_ciao_end(void)
{
    if (all)
        host_sockets_close(all);
    all = NULL;
}
