/*
 * Linux's sockets.  System calls are made by number, since bad pointers and lengths shall reach the
 * kernel and not a sanitizer.
 */
#include "api.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int64_t told(long result)
{
    return result < 0 ? -errno : result;
}

static int l_socket(int family, int type, int protocol)
{
    return (int)told(syscall(SYS_socket, family, type, protocol));
}

static int l_bind(int fd, const void *addr, socklen_t len)
{
    return (int)told(syscall(SYS_bind, fd, addr, len));
}

static int l_listen(int fd, int backlog)
{
    return (int)told(syscall(SYS_listen, fd, backlog));
}

static int l_accept4(int fd, void *addr, socklen_t *len, int flags)
{
    return (int)told(syscall(SYS_accept4, fd, addr, len, flags));
}

static int l_connect(int fd, const void *addr, socklen_t len)
{
    return (int)told(syscall(SYS_connect, fd, addr, len));
}

static int l_getsockname(int fd, void *addr, socklen_t *len)
{
    return (int)told(syscall(SYS_getsockname, fd, addr, len));
}

static int l_getpeername(int fd, void *addr, socklen_t *len)
{
    return (int)told(syscall(SYS_getpeername, fd, addr, len));
}

static int64_t l_read(int fd, void *data, size_t len)
{
    return told(syscall(SYS_read, fd, data, len));
}

static int64_t l_write(int fd, const void *data, size_t len)
{
    return told(syscall(SYS_write, fd, data, len));
}

static int64_t l_readv(int fd, const struct iovec *parts, int n)
{
    return told(syscall(SYS_readv, fd, parts, n));
}

static int64_t l_writev(int fd, const struct iovec *parts, int n)
{
    return told(syscall(SYS_writev, fd, parts, n));
}

static int64_t l_recvmsg(int fd, struct msghdr *msg, int flags)
{
    return told(syscall(SYS_recvmsg, fd, msg, flags));
}

static int64_t l_sendmsg(int fd, const struct msghdr *msg, int flags)
{
    return told(syscall(SYS_sendmsg, fd, msg, flags));
}

static int64_t l_recvfrom(int fd, const struct iovec *to, int flags, void *addr, socklen_t *len)
{
    return told(syscall(SYS_recvfrom, fd, to->iov_base, to->iov_len, flags, addr, len));
}

static int64_t l_sendto(int fd, const struct iovec *from, int flags, const void *addr,
                        socklen_t len)
{
    return told(syscall(SYS_sendto, fd, from->iov_base, from->iov_len, flags, addr, len));
}

static int l_shutdown(int fd, int how)
{
    return (int)told(syscall(SYS_shutdown, fd, how));
}

static int l_close(int fd)
{
    return (int)told(syscall(SYS_close, fd));
}

static int l_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    return (int)told(syscall(SYS_getsockopt, fd, level, name, value, len));
}

static int l_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    return (int)told(syscall(SYS_setsockopt, fd, level, name, value, len));
}

static int l_fcntl(int fd, int command, long argument)
{
    return (int)told(syscall(SYS_fcntl, fd, command, argument));
}

static int l_ioctl(int fd, unsigned long request, void *argument)
{
    return (int)told(syscall(SYS_ioctl, fd, request, argument));
}

static int l_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
    struct timespec span = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

    return (int)told(syscall(SYS_ppoll, fds, n, timeout_ms < 0 ? NULL : &span, NULL, 0));
}

static int l_epoll_create1(int flags)
{
    return (int)told(syscall(SYS_epoll_create1, flags));
}

static int l_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    return (int)told(syscall(SYS_epoll_ctl, epfd, op, fd, event));
}

static int l_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout_ms)
{
    return (int)told(syscall(SYS_epoll_pwait, epfd, events, n, timeout_ms, NULL, 0));
}

/* The loopback interface delivers before the sending call returns. */
static void l_settle(void)
{
}

static void write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);

    if (file < 0)
        return;
    if (write(file, text, strlen(text)) < 0)
        perror(path);
    close(file);
}

static void raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(file, SIOCSIFFLAGS, &request) < 0)
        perror("lo up");
    request.ifr_mtu = 1500;
    if (ioctl(file, SIOCSIFMTU, &request) < 0)
        perror("lo mtu 1500");
    close(file);
}

/* A namespace has the sysctls that the kernel starts with, whatever this machine's are. */
static void l_fresh(void)
{
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return;
    raise_loopback();
    write_file("/proc/sys/net/ipv4/tcp_rmem", "4096 131072 6291456");
    write_file("/proc/sys/net/ipv4/tcp_wmem", "4096 16384 4194304");
    write_file("/proc/sys/net/ipv4/tcp_syncookies", "0");
}

static const struct sock_api linux_api = {
    "linux",       l_socket,      l_bind,     l_listen, l_accept4,  l_connect,
    l_getsockname, l_getpeername, l_read,     l_write,  l_readv,    l_writev,
    l_recvmsg,     l_sendmsg,     l_recvfrom, l_sendto, l_shutdown, l_close,
    l_getsockopt,  l_setsockopt,  l_fcntl,    l_ioctl,  l_poll,     l_epoll_create1,
    l_epoll_ctl,   l_epoll_wait,  l_settle,   l_fresh,
};

const struct sock_api *api_linux(void)
{
    return &linux_api;
}
