/*
 * The table that packetdrill (google/packetdrill, option --so_filename) hands to a shared object.
 *
 * It comes zeroed, and packetdrill_interface_init() fills it.  Each function takes `self` first;
 * the rest is as in POSIX and Linux: -1 and errno on failure.
 *
 * Not for: what the functions do (calls.c, data.c, ready.c, time.c, netdev.c).
 */
#ifndef PACKETDRILL_TABLE_H
#define PACKETDRILL_TABLE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct pd_table {
    void *self;
    void (*free)(void *self);
    int (*socket)(void *self, int family, int type, int protocol);
    int (*bind)(void *self, int fd, const struct sockaddr *addr, socklen_t len);
    int (*listen)(void *self, int fd, int backlog);
    int (*accept)(void *self, int fd, struct sockaddr *addr, socklen_t *len);
    int (*connect)(void *self, int fd, const struct sockaddr *addr, socklen_t len);
    ssize_t (*read)(void *self, int fd, void *data, size_t len);
    ssize_t (*readv)(void *self, int fd, const struct iovec *pieces, int n);
    ssize_t (*recv)(void *self, int fd, void *data, size_t len, int flags);
    ssize_t (*recvfrom)(void *self, int fd, void *data, size_t len, int flags,
                        struct sockaddr *from, socklen_t *from_len);
    ssize_t (*recvmsg)(void *self, int fd, struct msghdr *message, int flags);
    ssize_t (*write)(void *self, int fd, const void *data, size_t len);
    ssize_t (*writev)(void *self, int fd, const struct iovec *pieces, int n);
    ssize_t (*send)(void *self, int fd, const void *data, size_t len, int flags);
    ssize_t (*sendto)(void *self, int fd, const void *data, size_t len, int flags,
                      const struct sockaddr *to, socklen_t to_len);
    ssize_t (*sendmsg)(void *self, int fd, const struct msghdr *message, int flags);
    int (*fcntl)(void *self, int fd, int command, ...);
    int (*ioctl)(void *self, int fd, unsigned long request, ...);
    int (*close)(void *self, int fd);
    int (*shutdown)(void *self, int fd, int how);
    int (*getsockopt)(void *self, int fd, int level, int name, void *value, socklen_t *len);
    int (*setsockopt)(void *self, int fd, int level, int name, const void *value, socklen_t len);
    int (*poll)(void *self, struct pollfd *fds, nfds_t n, int timeout_ms);
    /* One bare IP packet for the stack; 0. */
    int (*netdev_send)(void *self, const void *packet, size_t len);
    /* The next packet of the stack: *len is the room on entry; 0 on return: there is none. */
    int (*netdev_receive)(void *self, void *packet, size_t *len, long long *time_us);
    int (*usleep)(void *self, useconds_t us);
    int (*gettimeofday)(void *self, struct timeval *now, struct timezone *zone);
    int (*epoll_create)(void *self, int size);
    int (*epoll_ctl)(void *self, int epfd, int op, int fd, struct epoll_event *event);
    int (*epoll_wait)(void *self, int epfd, struct epoll_event *events, int n, int timeout_ms);
    int (*pipe)(void *self, int ends[2]);
    ssize_t (*splice)(void *self, int from, loff_t *from_at, int to, loff_t *to_at, size_t len,
                      unsigned flags);
};

#endif
