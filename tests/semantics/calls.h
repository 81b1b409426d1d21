/*
 * Socket calls that write down what they were asked and what came of it.
 *
 * A descriptor is written as the letter under which the case knows it, in the order in which they
 * came; a port as P1, P2, ... in the same way; so that two runs on different stacks compare.  What
 * stands under "silent" writes nothing and must succeed.
 */
#ifndef SEMANTICS_CALLS_H
#define SEMANTICS_CALLS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>

#include "api.h"

#define LO4    "127.0.0.1"
#define LO6    "::1"
#define LO46   "::ffff:127.0.0.1"
#define ANY4   "0.0.0.0"
#define ANY6   "::"
#define ANY46  "::ffff:0.0.0.0"
#define NB     SOCK_NONBLOCK
#define NOBODY (-2) /* a descriptor that is none */

/* ---- cases ---- */
struct sem_case {
    const char *name;
    void (*run)(void);
};
struct sem_topic {
    const char *name;
    const struct sem_case *cases;
    unsigned n;
};
#define TOPIC(text, list)                          \
    {                                              \
        text, list, sizeof(list) / sizeof(list)[0] \
    }
extern const struct sem_topic topic_accept, topic_bind, topic_blocking, topic_close, topic_connect,
    topic_epoll, topic_ioctl, topic_listen, topic_names, topic_options, topic_poll, topic_read,
    topic_shutdown, topic_signals, topic_socket, topic_write;

/* What the last case wrote; valid until the next case begins. */
const char *calls_text(void);
/* Begin a case on that back end; end it, and close what it left open. */
void calls_begin(const struct sock_api *api);
void calls_end(void);

/* ---- writing ---- */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);
const char *errno_text(int64_t result); /* "-EAGAIN", or the number */
const char *poll_text(unsigned events);
const char *state_text(int tcpi_state);

/* ---- opening ---- */
int do_socket(int family, int type, int protocol);
int new4(int flags); /* silent: a TCP socket with SOCK_NONBLOCK or 0 */
int new6(int flags);
int do_bind(int fd, const char *host, unsigned port);
int do_bind_len(int fd, int family, const char *host, unsigned len);
int do_listen(int fd, int backlog);
int do_accept(int fd, int flags);
int do_connect(int fd, const char *host, unsigned port);
int do_connect_len(int fd, int family, const char *host, unsigned len);
int do_disconnect(int fd); /* connect() to AF_UNSPEC */
void do_name(int fd);
void do_peer(int fd);
unsigned port_of(int fd); /* silent */

/* ---- bytes ---- */
void do_read(int fd, size_t len);
void do_readv(int fd, size_t first, size_t second);
void do_recv(int fd, size_t len, int flags);
void do_recvfrom(int fd, size_t len); /* asks for the address too */
void do_recvmsg(int fd, size_t len, int flags);
void do_write(int fd, const char *text);
void do_writev(int fd, const char *first, const char *second);
void do_send(int fd, const char *text, int flags);
void do_sendto(int fd, const char *text, const char *host, unsigned port);
void do_sendmsg(int fd, const char *text, int flags);
void do_write_many(int fd, size_t len); /* so many bytes in one write */
void do_drain(int fd);                  /* reads all there is: only whether it ended, and how */
void drain(int fd);                     /* silent: read until there is no more */
size_t fill(int fd);                    /* silent: write until no more is taken */
void fill_for_good(int fd);             /* the same, and even a while later nothing is taken */

/* ---- closing ---- */
void do_shutdown(int fd, int how);
void do_close(int fd);
void do_linger(int fd, int on, int seconds);

/* ---- options ---- */
#define OPTION(level, name) level, name, #name
void do_get(int fd, int level, int name, const char *text);
void do_set(int fd, int level, int name, const char *text, int value);
void do_get_len(int fd, int level, int name, const char *text, unsigned len);
void do_set_len(int fd, int level, int name, const char *text, unsigned len);
void do_set_time(int fd, int name, int64_t ms); /* SO_RCVTIMEO, SO_SNDTIMEO */
void do_get_time(int fd, int name);
void do_set_text(int fd, int name, const char *value); /* IPPROTO_TCP */
void do_get_text(int fd, int name);
void do_error(int fd);                            /* SO_ERROR */
void do_state(int fd);                            /* of TCP_INFO */
void set(int fd, int level, int name, int value); /* silent */
void do_getfl(int fd);
void do_fcntl(int fd, int command, const char *text, long argument);
void do_ioctl(int fd, unsigned long request, const char *text);
void do_ioctl_set(int fd, unsigned long request, const char *text, int value);
void nonblocking(int fd); /* silent */

/* ---- readiness ---- */
void do_poll(int fd, int timeout_ms); /* asks for everything */
void do_poll_for(int fd, int events, int timeout_ms);
int do_epoll(int flags);
void do_add(int epfd, int fd, unsigned events);
void do_mod(int epfd, int fd, unsigned events);
void do_del(int epfd, int fd);
void do_ctl(int epfd, int op, int fd, unsigned events);
void do_wait(int epfd, int most, int timeout_ms);

/* ---- another thread ---- */
/* In so many ms another thread does that; its notes follow at the case's end. */
void later(int ms, void (*act)(int fd), int fd);
/* Did the calls since then take so long? */
void clock_start(void);
void clock_note(int ms);

/* ---- bare ---- */
/* The table itself, for arguments that no call above makes. */
const struct sock_api *api(void);
void settle(void);
void result(const char *what, int fd, int64_t returned);
int known(int fd);   /* give a descriptor its letter */
void forget(int fd); /* silent: close it, and its letter is free if it was the last */
void pause_ms(int ms);

#endif
