/*
 * The calls that the semantics program makes, as a table: one back end asks Linux's own sockets,
 * the other ciao's.  Each call takes what the system's takes and returns what it returns, but
 * -errno in the place of -1.
 */
#ifndef SEMANTICS_API_H
#define SEMANTICS_API_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct sock_api {
    const char *name;
    int (*socket)(int family, int type, int protocol);
    int (*bind)(int fd, const void *addr, socklen_t len);
    int (*listen)(int fd, int backlog);
    int (*accept4)(int fd, void *addr, socklen_t *len, int flags);
    int (*connect)(int fd, const void *addr, socklen_t len);
    int (*getsockname)(int fd, void *addr, socklen_t *len);
    int (*getpeername)(int fd, void *addr, socklen_t *len);
    int64_t (*read)(int fd, void *data, size_t len);
    int64_t (*write)(int fd, const void *data, size_t len);
    int64_t (*readv)(int fd, const struct iovec *parts, int n);
    int64_t (*writev)(int fd, const struct iovec *parts, int n);
    int64_t (*recvmsg)(int fd, struct msghdr *msg, int flags);
    int64_t (*sendmsg)(int fd, const struct msghdr *msg, int flags);
    int64_t (*recvfrom)(int fd, const struct iovec *to, int flags, void *addr, socklen_t *len);
    int64_t (*sendto)(int fd, const struct iovec *from, int flags, const void *addr, socklen_t len);
    int (*shutdown)(int fd, int how);
    int (*close)(int fd);
    int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *len);
    int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t len);
    int (*fcntl)(int fd, int command, long argument);
    int (*ioctl)(int fd, unsigned long request, void *argument);
    int (*poll)(struct pollfd *fds, unsigned n, int timeout_ms);
    int (*epoll_create1)(int flags);
    int (*epoll_ctl)(int epfd, int op, int fd, struct epoll_event *event);
    int (*epoll_wait)(int epfd, struct epoll_event *events, int n, int timeout_ms);
    /* What is on its way arrives, as far as that takes no time. */
    void (*settle)(void);
    /* A host without a past: no port is held by a connection of before. */
    void (*fresh)(void);
};

/* Linux's sockets in a network namespace of this process's own where that is allowed. */
const struct sock_api *api_linux(void);
/* ciao's sockets on one stack whose link leads back to it. */
const struct sock_api *api_ciao(void);
void api_ciao_end(void);

#endif
