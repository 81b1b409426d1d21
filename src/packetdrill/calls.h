/*
 * The table's functions that are socket calls: each goes to the socket layer for a descriptor of
 * ours and to the host for any other.
 */
#ifndef PACKETDRILL_CALLS_H
#define PACKETDRILL_CALLS_H

#include "packetdrill/table.h"

/* ---- calls.c ---- */
int pd_socket(void *self, int family, int type, int protocol);
int pd_bind(void *self, int fd, const struct sockaddr *addr, socklen_t len);
int pd_listen(void *self, int fd, int backlog);
int pd_accept(void *self, int fd, struct sockaddr *addr, socklen_t *len);
int pd_connect(void *self, int fd, const struct sockaddr *addr, socklen_t len);
int pd_shutdown(void *self, int fd, int how);
int pd_getsockopt(void *self, int fd, int level, int name, void *value, socklen_t *len);
int pd_setsockopt(void *self, int fd, int level, int name, const void *value, socklen_t len);
int pd_fcntl(void *self, int fd, int command, ...);
int pd_ioctl(void *self, int fd, unsigned long request, ...);

/* ---- data.c ---- */
ssize_t pd_read(void *self, int fd, void *data, size_t len);
ssize_t pd_readv(void *self, int fd, const struct iovec *pieces, int n);
ssize_t pd_recv(void *self, int fd, void *data, size_t len, int flags);
ssize_t pd_recvfrom(void *self, int fd, void *data, size_t len, int flags, struct sockaddr *from,
                    socklen_t *from_len);
ssize_t pd_recvmsg(void *self, int fd, struct msghdr *message, int flags);
ssize_t pd_write(void *self, int fd, const void *data, size_t len);
ssize_t pd_writev(void *self, int fd, const struct iovec *pieces, int n);
ssize_t pd_send(void *self, int fd, const void *data, size_t len, int flags);
ssize_t pd_sendto(void *self, int fd, const void *data, size_t len, int flags,
                  const struct sockaddr *to, socklen_t to_len);
ssize_t pd_sendmsg(void *self, int fd, const struct msghdr *message, int flags);

/* ---- ready.c ---- */
int pd_poll(void *self, struct pollfd *fds, nfds_t n, int timeout_ms);
int pd_epoll_create(void *self, int size);
int pd_epoll_ctl(void *self, int epfd, int op, int fd, struct epoll_event *event);
int pd_epoll_wait(void *self, int epfd, struct epoll_event *events, int n, int timeout_ms);

/* ---- pipe.c ---- */
int pd_pipe(void *self, int ends[2]);
ssize_t pd_splice(void *self, int from, loff_t *from_at, int to, loff_t *to_at, size_t len,
                  unsigned flags);
ssize_t pd_sendfile(void *self, int to, int from, off_t *at, size_t len);

#endif
