/*
 * Inside the socket layer: the descriptor table, one socket, who waits for what.
 *
 * Theory of operation.  A descriptor is an index into one table of `struct desc`: free, a socket or
 * an epoll instance.  A socket is a set of options until listen() or connect() makes a listener or
 * a connection of the core of it, whose cookie is then the descriptor plus one, so that readiness
 * that the core names is found in O(1).  The core decides what a connection does; this layer
 * decides what the program is told: errno values, blocking, readiness as poll(2) names it.
 *
 * Each public call is: take the baton, find the descriptor, do, give.  What would block calls
 * wait_for(): it joins the descriptor's list of waiters, waits through the host's table, leaves.
 * ciao_sockets_turn() asks the core what has changed, and wakes.
 *
 * AS LINUX: a descriptor that is closed while calls wait inside is found by nobody any more, but
 * the socket itself lasts until the last of these calls has come back (its number is free then).
 *
 * Sources: the manual pages of section 2 and 7; where they are silent, Linux's behaviour.
 */
#ifndef SOCKET_SOCKET_INTERNAL_H
#define SOCKET_SOCKET_INTERNAL_H

#include "base/arena.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/pool.h"
#include "ciao/socket.h"

enum desc_kind { DESC_FREE, DESC_SOCKET, DESC_EPOLL };

/* Where a socket is in its life, as Linux's socket->state and the TCP state together say it. */
enum sock_phase {
    SOCK_NEW,        /* SS_UNCONNECTED: made, perhaps bound; or disconnected, or refused */
    SOCK_LISTENING,  /* conn is a listener */
    SOCK_CONNECTING, /* SS_CONNECTING: until connect() has told its success or failure */
    SOCK_CONNECTED,  /* SS_CONNECTED: was established; perhaps over by now */
    SOCK_OVER        /* SS_DISCONNECTING: shut down before its failure was told */
};

/* sock->flags */
#define SOCK_IS_NONBLOCK    0x1u
#define SOCK_CLOSE_ON_EXEC  0x2u
#define SOCK_IS_V6          0x4u  /* AF_INET6 */
#define SOCK_BOUND_ADDR     0x8u  /* bind() named an address */
#define SOCK_BOUND_PORT     0x10u /* stands in the table of bound ports */
#define SOCK_PORT_CHOSEN    0x20u /* by the layer, not by the program */
#define SOCK_SHUT_RD        0x40u
#define SOCK_SHUT_WR        0x80u
#define SOCK_LINGERS        0x100u
#define SOCK_IS_ASYNC       0x200u
#define SOCK_ERROR_NOTED    0x400u  /* the connection's error was moved to `error` already */
#define SOCK_BINDS_ANYWHERE 0x800u  /* IP_FREEBIND, IP_TRANSPARENT */
#define SOCK_BINDS_NO_PORT  0x1000u /* IP_BIND_ADDRESS_NO_PORT */
#define SOCK_PORT_FRESH     0x8000u /* bound after its connection had ended */
#define SOCK_OPEN_TOLD      0x4000u /* the end of the handshake was news already */
#define SOCK_WANTS_ROOM     0x2000u /* was found full: tell who waits when there is room */

/* sock->more_options: what is remembered (option.c). */
#define KEPT_DEBUG              0x1u
#define KEPT_DONTROUTE          0x2u
#define KEPT_BROADCAST          0x4u
#define KEPT_NO_CHECK           0x8u
#define KEPT_PASSCRED           0x10u
#define KEPT_TIMESTAMP          0x20u
#define KEPT_TIMESTAMPNS        0x40u
#define KEPT_RXQ_OVFL           0x80u
#define KEPT_ZEROCOPY           0x100u
#define KEPT_SELECT_ERR_QUEUE   0x200u
#define KEPT_IP_PKTINFO         0x400u
#define KEPT_IP_RECVTTL         0x800u
#define KEPT_IP_RECVTOS         0x1000u
#define KEPT_IP_RECVOPTS        0x2000u
#define KEPT_IP_RETOPTS         0x4000u
#define KEPT_IP_RECVERR         0x8000u
#define KEPT_TIMESTAMP_NEW      0x10000u
#define KEPT_TRANSPARENT        0x20000u
#define KEPT_RCVMARK            0x40000u
#define KEPT_IPV6_RECVPKTINFO   0x80000u
#define KEPT_IPV6_RECVTCLASS    0x100000u
#define KEPT_IPV6_RECVHOPLIMIT  0x200000u
#define KEPT_IPV6_RECVERR       0x400000u
#define KEPT_IPV6_DONTFRAG      0x800000u
#define KEPT_IPV6_AUTOFLOWLABEL 0x1000000u
#define KEPT_IPV6_FLOWINFO_SEND 0x2000000u
#define KEPT_INQ                0x4000000u
#define KEPT_FASTOPEN_CONNECT   0x8000000u
#define KEPT_FASTOPEN_NO_COOKIE 0x10000000u
#define KEPT_THIN_LINEAR        0x20000000u
#define KEPT_PREFER_BUSY_POLL   0x40000000u
#define KEPT_RECVORIGDSTADDR    0x80000000u

/* Numbers that are remembered; those of one family read as they were set. */
struct sock_kept {
    uint64_t max_pacing_rate; /* bytes a second; all ones: no limit */
    int32_t peek_off, busy_poll, timestamping, txrehash, tx_delay, save_syn;
    int32_t buf_lock, rto_max_ms, rto_min_us, delack_max_us;
    int32_t linger2_s, user_timeout_ms, quickack, notsent_lowat;
    int32_t ip_ttl, ip_mtu_discover, ip_minttl, ip_port_range, ip_multicast_loop, ip_multicast_all;
    int32_t ipv6_hops, ipv6_mtu_discover, ipv6_minhops, ipv6_mtu;
};

/* One (waiting thread, watched descriptor) pair. */
struct wait_link {
    struct ciao_waiter *waiter;
    uint32_t next, prev; /* in the descriptor's list; pool indices, 0 ends */
    uint32_t desc;
    uint32_t next_of_call; /* poll() waits for many */
};

struct sock {
    uint8_t phase; /* enum sock_phase */
    uint8_t rcvlowat_set : 1;
    uint16_t flags;                     /* SOCK_* */
    int16_t error;                      /* SO_ERROR: positive errno, taken once */
    ciao_conn conn;                     /* 0: none */
    struct ciao_endpoint local, remote; /* as bound, as connected */
    struct ciao_settings settings;      /* of the connection to be, and of the one that is */
    uint64_t rcvtimeo_us, sndtimeo_us;  /* 0: for ever */
    int32_t linger_s;                   /* with SOCK_LINGERS */
    int32_t backlog, owner, mark, priority, defer_accept_s, fastopen_queue, incoming_cpu;
    uint32_t rcvbuf_asked, sndbuf_asked; /* SO_RCVBUF, SO_SNDBUF: doubled as Linux; 0: default */
    uint32_t more_options;               /* KEPT_* */
    uint32_t bound_next, bound_prev;     /* in its port's bucket: descriptor + 1; 0 ends */
    struct sock_kept kept;
    uint32_t sends_numbered, sends_told; /* with MSG_ZEROCOPY; of these, whose end was told */
};

/* ---- epoll ---- */
struct epoll_item {
    uint32_t epoll, desc;                  /* descriptors */
    uint32_t next_of_desc, prev_of_desc;   /* all items that watch one descriptor */
    uint32_t next_of_epoll, prev_of_epoll; /* all items of one instance */
    uint32_t next_ready, prev_ready;       /* the instance's ready list */
    uint32_t events;                       /* as asked; nothing after EPOLLONESHOT has fired */
    bool is_ready;                         /* stands in the ready list */
    uint64_t data;
};
struct epoll {
    uint32_t items_first;
    uint32_t ready_first, ready_last;
    bool close_on_exec;
};

struct desc {
    uint8_t kind;   /* enum desc_kind */
    bool closing;   /* closed while calls were inside: nobody finds it, the last of them ends it */
    uint32_t users; /* calls inside that may wait */
    uint32_t waits_first;
    uint32_t items_first; /* epoll items that watch it */
    uint32_t generation;  /* tells a closed and re-used number from the old one */
    union {
        struct sock sock;
        struct epoll epoll;
    };
};

#define SOCKETS_PORT_BUCKETS 1024u

struct ciao_sockets {
    struct ciao_sockets_config config;
    struct ciao_sockets_host host;
    struct ciao_stack *stack;
    struct ciao_settings defaults;
    struct desc *descs;
    uint64_t *used_map; /* a bit a descriptor: the lowest free one is found by words */
    uint32_t lowest_free_word;
    struct pool waits;                    /* struct wait_link */
    struct pool items;                    /* struct epoll_item */
    uint32_t bound[SOCKETS_PORT_BUCKETS]; /* descriptor + 1 of the first socket on those ports */
    uint64_t next_turn_us;
};

/* ---- sockets.c: the table ---- */
struct desc *desc_at(struct ciao_sockets *s, int fd); /* NULL: none such */
/* The socket of a descriptor; else NULL and *error is -EBADF or -ENOTSOCK. */
struct sock *sock_at(struct ciao_sockets *s, int fd, int *error);
int desc_new(struct ciao_sockets *s, enum desc_kind kind); /* fd or -EMFILE */
void desc_free(struct ciao_sockets *s, int fd);
static inline int desc_fd(const struct ciao_sockets *s, const struct desc *desc)
{
    return (int)(desc - s->descs);
}
struct desc *sock_desc(struct sock *sock);
/* -CIAO_E* of the core to -errno. */
int sock_errno(int core_error);
/* The state as Linux names it, CIAO_TCP_*: TIME-WAIT is CLOSE for who holds the socket. */
unsigned sock_tcp_state(const struct ciao_sockets *s, const struct sock *sock);
/* AS LINUX: the end of a connection gives back a port that was chosen for it. */
bool sock_port_is_over(const struct ciao_sockets *s, const struct sock *sock);
/* A call is inside that descriptor; the last one out ends what was closed meanwhile. */
static inline void desc_hold(struct desc *desc)
{
    desc->users++;
}
void desc_release(struct ciao_sockets *s, struct desc *desc);

/* A public call begins and ends with these. */
static inline void layer_enter(struct ciao_sockets *s)
{
    s->host.take(s->host.self);
}
static inline int64_t layer_leave(struct ciao_sockets *s, int64_t result)
{
    s->host.give(s->host.self);
    return result;
}
static inline uint64_t layer_now(const struct ciao_sockets *s)
{
    return s->host.now_us(s->host.self);
}
/* That long from now; less than 0: never. */
static inline uint64_t layer_deadline(const struct ciao_sockets *s, int64_t timeout_us)
{
    const uint64_t now = layer_now(s);
    return timeout_us < 0 || (uint64_t)timeout_us > UINT64_MAX - now ? UINT64_MAX
                                                                     : now + (uint64_t)timeout_us;
}
/* Is the program's memory there?  True when the host does not know. */
bool layer_readable(const struct ciao_sockets *s, const void *at, size_t len);
bool layer_writable(const struct ciao_sockets *s, const void *at, size_t len);

/* A public call on a socket, which may wait. */
struct call {
    struct ciao_sockets *s;
    struct desc *desc; /* NULL: none such */
    struct sock *sock;
    uint64_t deadline_us; /* of its waits; 0: it does not wait */
};
/* Enter, and find and hold the socket: 0, -EBADF, -ENOTSOCK.  call_end() is due in any case. */
int call_begin(struct call *call, struct ciao_sockets *s, int fd);
int64_t call_end(struct call *call, int64_t result);
/* How long it may wait: not at all, or as SO_RCVTIMEO or SO_SNDTIMEO says (0: for ever). */
void call_may_wait(struct call *call, bool dont_wait, uint64_t timeo_us);
/* Wait for news.  0: look again; -EAGAIN: the time is over; -EINTR; -ENOMEM. */
int call_wait(struct call *call);

/* ---- wait.c ---- */
/* Join and leave a descriptor's waiters; meanwhile the descriptor is held. */
bool wait_join(struct ciao_sockets *s, struct desc *desc, struct ciao_waiter *waiter,
               uint32_t *link); /* false: no room */
void wait_leave(struct ciao_sockets *s, uint32_t link);
/*
 * Wait for news of one descriptor, which the caller holds.  Returns 0 (look again), -EAGAIN (the
 * deadline had come before), -EINTR or -ENOMEM.
 */
int wait_for(struct ciao_sockets *s, struct desc *desc, uint64_t deadline_us);
/* Something about that descriptor has changed: wake who waits for it, tell the epoll instances that
 * asked for one of these POLL*. */
void desc_news(struct ciao_sockets *s, struct desc *desc, uint32_t news);
/* The same, where anything may have changed. */
static inline void desc_changed(struct ciao_sockets *s, struct desc *desc)
{
    desc_news(s, desc, UINT32_MAX);
}

/* ---- error.c: what went wrong, told once ---- */
/* Take the socket's pending error: SO_ERROR's and the connection's; 0 or positive errno. */
int sock_take_error(struct ciao_sockets *s, struct sock *sock);
int sock_peek_error(struct ciao_sockets *s, struct sock *sock);
/* Has the peer's FIN come? */
bool sock_has_fin(const struct ciao_sockets *s, const struct sock *sock);

/* ---- zerocopy.c ---- */
/* A send with MSG_ZEROCOPY has taken bytes. */
void zerocopy_sent(struct ciao_sockets *s, struct sock *sock);
bool zerocopy_is_due(const struct sock *sock);
/* The notice that is due; false: none. */
bool zerocopy_take(struct sock *sock, struct ciao_sock_extended_err *notice);

/* ---- close.c ---- */
/* The last use of a socket is over: its connection is closed as SO_LINGER says. */
void sock_end(struct ciao_sockets *s, struct sock *sock);
/* AS LINUX tcp_disconnect(): the connection or listener ends at once, the socket is as new. */
void sock_disconnect(struct ciao_sockets *s, struct sock *sock);

/* ---- ready.c: readiness as poll(2) names it, as Linux's tcp_poll() does ---- */
/* The core has named the socket's connection: which POLL* are news. */
uint32_t sock_news(struct ciao_sockets *s, struct sock *sock);
uint32_t sock_poll_events(struct ciao_sockets *s, struct sock *sock);
uint32_t desc_poll_events(struct ciao_sockets *s, struct desc *desc);

/* ---- name.c: addresses ---- */
/* Copy in what the program gave, as each call with an address does: 0, -EINVAL, -EFAULT. */
int name_copy(const struct ciao_sockets *s, const void *addr, uint32_t addrlen,
              struct ciao_sockaddr_storage *copy);
/* The address that a program gives to bind() or connect(), copied; also written when the family is
 * not the socket's (-EAFNOSUPPORT).  0, -EINVAL (too short), -EAFNOSUPPORT. */
int name_read(const struct sock *sock, const struct ciao_sockaddr_storage *name, uint32_t len,
              struct ciao_endpoint *endpoint);
/* Writes at most *name->len bytes, then sets that to the whole length.  0, -EINVAL, -EFAULT. */
int name_write(const struct ciao_sockets *s, const struct sock *sock,
               const struct ciao_endpoint *endpoint, const struct ciao_name *name);
/* The same for an address that TCP does not tell: length 0. */
int name_write_none(const struct ciao_sockets *s, const struct ciao_name *name);
bool addr_is_v4(const struct ciao_addr *addr);
bool addr_is_any(const struct ciao_addr *addr);
bool addr_equal(const struct ciao_addr *a, const struct ciao_addr *b);
struct ciao_addr addr_any(bool v6);

/* ---- bound.c: which ports are bound, and Linux's rules for conflicts ---- */
/* Enter the socket with that local address and port (0: one is chosen).  0, -EADDRINUSE. */
int bound_take(struct ciao_sockets *s, struct sock *sock, const struct ciao_endpoint *local);
/* May it listen there as well?  The rules are stricter among listeners. */
bool bound_may_listen(struct ciao_sockets *s, struct sock *sock);
void bound_give(struct ciao_sockets *s, struct sock *sock);

/* ---- option.c ---- */
void option_defaults(struct ciao_sockets *s, struct sock *sock); /* for socket() */
void option_inherit(struct ciao_sockets *s, const struct sock *listener, struct sock *child);
/* The settings were changed: hand them to the connection or listener that there is. */
int option_apply(struct ciao_sockets *s, struct sock *sock);

/* ---- epoll.c ---- */
uint32_t epoll_poll_events(struct ciao_sockets *s, struct epoll *epoll);
/* Called by desc_news(): put that descriptor's items on their ready lists, wake who waits. */
void epoll_desc_news(struct ciao_sockets *s, struct desc *desc, uint32_t news);
/* The descriptor is being closed: its items go; for an epoll instance all that it watches. */
void epoll_forget(struct ciao_sockets *s, struct desc *desc);

#endif
