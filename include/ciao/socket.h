/*
 * BSD sockets on one stack, with Linux's semantics.
 *
 * A socket layer stands on one stack (one shard) and has descriptors of its own: small numbers, the
 * lowest free one first.  Every call takes what the call of the same name takes (abi.h has the
 * types and constants) and returns what it returns, with one difference: where Linux returns -1 and
 * sets errno, these return -errno (abi.h: CIAO_ERRNO_*).  The manual page of each call is its
 * specification; what is said here is only what is particular to ciao.
 *
 * The layer does no system call and knows no clock.  Time, waiting and waking come from a table
 * that the host gives at creation (struct ciao_sockets_host).  Several threads may use the sockets
 * of one layer at once: each call takes the host's baton on entry and gives it back on return, and
 * a call that must wait gives it up meanwhile.
 *
 * Only SOCK_STREAM over AF_INET and AF_INET6 is here; anything else is answered as Linux answers
 * what it does not know, so that a preload library can pass it on.
 */
#ifndef CIAO_SOCKET_H
#define CIAO_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/abi.h"
#include "ciao/stack.h"

/* ---- what the host gives ---- */

/*
 * One thread that waits inside a call.  It lies on that thread's stack; the layer fills `woken`,
 * the rest is the host's while wait() runs.
 */
struct ciao_waiter {
    bool woken;        /* set by the layer, with the baton in hand, before it calls wake() */
    bool restarts;     /* set by the layer: Linux begins this call again after a handler with
                        * SA_RESTART, so that is no reason for CIAO_WAIT_SIGNAL [signal(7)] */
    void *thread;      /* the host's own */
    uint64_t space[8]; /* the host's own: a condition variable, a futex word, a list link */
};

#define CIAO_WAIT_WOKEN    0 /* waiter->woken is set */
#define CIAO_WAIT_DEADLINE 1 /* the time has come */
#define CIAO_WAIT_SIGNAL   2 /* a signal was handled: the call ends with EINTR */

/* All of them are called with the baton in hand, but for take(). */
struct ciao_sockets_host {
    void *self; /* first argument of each */
    /* Monotonic microseconds, never back. */
    uint64_t (*now_us)(void *self);
    /* Take the baton: wait until nobody else is inside.  From the return on this thread alone may
     * enter the stack and the layer. */
    void (*take)(void *self);
    /* Give it back.  What the stack has to send is sent first, or by whoever drives next. */
    void (*give)(void *self);
    /*
     * Give the baton up, wait until `waiter` is woken or `deadline_us` has come (UINT64_MAX: no
     * such time), take it again.  The thread that waits may be the one that drives the stack:
     * frames in, ciao_advance(), ciao_sockets_turn(), frames out.  Returns CIAO_WAIT_*.
     */
    int (*wait)(void *self, struct ciao_waiter *waiter, uint64_t deadline_us);
    /* waiter->woken has been set; its thread is to return from wait(). */
    void (*wake)(void *self, struct ciao_waiter *waiter);
    /* A program wrote to a connection that takes no more, without MSG_NOSIGNAL: raise SIGPIPE in
     * the calling thread.  May be NULL. */
    void (*sigpipe)(void *self);
    /* May these bytes of the program's memory be read (or written)?  A bad pointer is answered by
     * EFAULT then, as Linux does.  May be NULL: all pointers are trusted. */
    bool (*accessible)(void *self, const void *at, size_t len, bool write);
};

/* ---- a layer ---- */

struct ciao_sockets_config {
    uint32_t max_descriptors; /* sockets and epoll instances; beyond: EMFILE */
    uint32_t max_epoll_items; /* descriptors watched by all epoll instances; beyond: ENOSPC */
    uint32_t max_waits;       /* (waiting thread, descriptor) pairs; beyond: ENOMEM */
    /* The sysctls that sockets read; 0: the usual value of Linux. */
    uint32_t somaxconn;               /* net.core.somaxconn: 4096 */
    uint32_t wmem_max, rmem_max;      /* net.core.{w,r}mem_max: 212,992; SO_SNDBUF's limit */
    uint32_t wmem_min, rmem_min;      /* net.ipv4.tcp_{w,r}mem[0]: 4096 */
    uint32_t unprivileged_port_start; /* ports below it are refused with EACCES; 0: none */
    bool privileged; /* programs may set what takes CAP_NET_ADMIN or CAP_NET_RAW, and low ports */
    uint16_t local_port_low, local_port_high; /* for messages alone: the stack chooses */
};
void ciao_sockets_config_default(struct ciao_sockets_config *config);

struct ciao_sockets;

size_t ciao_sockets_bytes(const struct ciao_sockets_config *config);
/*
 *   memory  zeroed, 64-byte aligned, ciao_sockets_bytes() long, the caller's again when the layer
 *           is no longer used; only what is used is touched
 *   stack   the caller's; nobody else may take connections' readiness (ciao_next_ready) from it
 *   host    copied
 * Returns NULL when the configuration is impossible.
 */
CIAO_MUST_CHECK struct ciao_sockets *ciao_sockets_create(const struct ciao_sockets_config *config,
                                                         void *memory, struct ciao_stack *stack,
                                                         const struct ciao_sockets_host *host);

/*
 * The host calls this with the baton in hand whenever it has entered the stack (ciao_input,
 * ciao_advance, ciao_output): what has become ready wakes who waits for it.  Returns the layer's
 * own next deadline (a lingering close, an accept that is put off), UINT64_MAX when there is none.
 */
uint64_t ciao_sockets_turn(struct ciao_sockets *sockets);

/*
 * What new sockets start with, in place of the stack's (a sysctl was changed).  Copied.
 * AS LINUX: what is read when it is needed (retries, times, which options a SYN offers) changes
 * for the sockets that there are, too, where the program has not set it itself.
 */
void ciao_sockets_defaults(struct ciao_sockets *sockets, const struct ciao_settings *settings);
/* The same for the limits in the configuration (the budgets stay). */
void ciao_sockets_limits(struct ciao_sockets *sockets, const struct ciao_sockets_config *config);

/* The connection or listener behind a descriptor, 0 when there is none (yet). */
ciao_conn ciao_socket_conn(struct ciao_sockets *sockets, int fd);
/* Is that a descriptor of this layer? */
bool ciao_is_socket(struct ciao_sockets *sockets, int fd);

/* ---- opening ---- */
CIAO_MUST_CHECK int ciao_socket(struct ciao_sockets *s, int family, int type, int protocol);
CIAO_MUST_CHECK int ciao_bind(struct ciao_sockets *s, int fd, const void *addr, uint32_t addrlen);
CIAO_MUST_CHECK int ciao_socket_listen(struct ciao_sockets *s, int fd, int backlog);
/* addr, addrlen may be NULL; flags SOCK_NONBLOCK, SOCK_CLOEXEC. */
CIAO_MUST_CHECK int ciao_accept4(struct ciao_sockets *s, int fd, void *addr, uint32_t *addrlen,
                                 int flags);
CIAO_MUST_CHECK int ciao_socket_connect(struct ciao_sockets *s, int fd, const void *addr,
                                        uint32_t addrlen);
CIAO_MUST_CHECK int ciao_getsockname(struct ciao_sockets *s, int fd, void *addr, uint32_t *len);
CIAO_MUST_CHECK int ciao_getpeername(struct ciao_sockets *s, int fd, void *addr, uint32_t *len);

/* ---- moving bytes: how many, or -errno ---- */
CIAO_MUST_CHECK int64_t ciao_read(struct ciao_sockets *s, int fd, void *buf, size_t len);
CIAO_MUST_CHECK int64_t ciao_write(struct ciao_sockets *s, int fd, const void *buf, size_t len);
CIAO_MUST_CHECK int64_t ciao_readv(struct ciao_sockets *s, int fd, const struct ciao_iovec *iov,
                                   int n);
CIAO_MUST_CHECK int64_t ciao_writev(struct ciao_sockets *s, int fd, const struct ciao_iovec *iov,
                                    int n);
CIAO_MUST_CHECK int64_t ciao_recvmsg(struct ciao_sockets *s, int fd, struct ciao_msghdr *msg,
                                     int flags);
CIAO_MUST_CHECK int64_t ciao_sendmsg(struct ciao_sockets *s, int fd, const struct ciao_msghdr *msg,
                                     int flags);
/* The last two arguments of recvfrom(2) and sendto(2), and recv(2), send(2) when NULL. */
struct ciao_name {
    void *addr;
    uint32_t *len; /* recvfrom: in and out */
};
CIAO_MUST_CHECK int64_t ciao_recvfrom(struct ciao_sockets *s, int fd,
                                      const struct ciao_iovec *piece, int flags,
                                      const struct ciao_name *from);
CIAO_MUST_CHECK int64_t ciao_sendto(struct ciao_sockets *s, int fd, const struct ciao_iovec *piece,
                                    int flags, const struct ciao_name *to);

/* ---- closing ---- */
CIAO_MUST_CHECK int ciao_socket_shutdown(struct ciao_sockets *s, int fd, int how);
int ciao_socket_close(struct ciao_sockets *s, int fd);
/*
 * Break a connection off from outside, as `ss --kill` and tcpdrop(8) do: the peer is told by RST,
 * the program by ECONNABORTED.  Returns 0; -EBADF, -ENOTSOCK, -ENOTCONN (no connection, or a
 * listener).
 */
CIAO_MUST_CHECK int ciao_socket_drop(struct ciao_sockets *s, int fd);

/* ---- options ---- */
CIAO_MUST_CHECK int ciao_getsockopt(struct ciao_sockets *s, int fd, int level, int name,
                                    const struct ciao_name *value);
CIAO_MUST_CHECK int ciao_setsockopt(struct ciao_sockets *s, int fd, int level, int name,
                                    const struct ciao_iovec *value);
/* F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_GETOWN, F_SETOWN; others: -EINVAL. */
CIAO_MUST_CHECK int ciao_fcntl(struct ciao_sockets *s, int fd, int cmd, int64_t arg);
/* FIONREAD, FIONBIO, FIOASYNC, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK, ...; others: -ENOTTY. */
CIAO_MUST_CHECK int ciao_ioctl(struct ciao_sockets *s, int fd, uint64_t request, void *arg);

/* ---- readiness ---- */
/* timeout_us < 0: for ever.  A descriptor that is not the layer's has POLLNVAL. */
CIAO_MUST_CHECK int ciao_poll(struct ciao_sockets *s, struct ciao_pollfd *fds, uint32_t n,
                              int64_t timeout_us);
CIAO_MUST_CHECK int ciao_epoll_create1(struct ciao_sockets *s, int flags);
CIAO_MUST_CHECK int ciao_epoll_ctl(struct ciao_sockets *s, int epfd, int op, int fd,
                                   const struct ciao_epoll_event *event);
CIAO_MUST_CHECK int ciao_epoll_wait(struct ciao_sockets *s, int epfd,
                                    struct ciao_epoll_event *events, int n, int64_t timeout_us);

#endif
