/*
 * Inside the shared object: one stack on one link, a socket layer, and a clock that packetdrill
 * moves.
 *
 * Theory of operation.  packetdrill's main thread calls the table's functions as its script says;
 * a call that the script expects to block runs in a second thread.  Time is virtual: it moves in
 * usleep, by a microsecond in each gettimeofday, in netdev_receive (on to when something is sent)
 * and in a call of the main thread that blocks.  Whoever moves it stops at every deadline of the
 * stack and of the threads that wait, so that everything happens, and is stamped, at its time.
 *
 * One mutex, the baton, guards all of it.  The second thread waits on a condition variable of its
 * own; who wakes it lets it run until it has left the layer or waits again before time goes on.
 * When the main thread waits for the second one without calling anything (a script's next call
 * must not overtake it), the second one moves the clock itself: see sleep_in_second_thread().
 */
#ifndef PACKETDRILL_PD_H
#define PACKETDRILL_PD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/types.h>

#include "ciao/socket.h"
#include "packetdrill/flags.h"

#define PD_FDS   4096 /* the host's descriptors that may stand for ours: below this number */
#define PD_NEVER UINT64_MAX
#define PD_BATCH 8 /* frames taken out of the stack at once */

/* A packet on its way to packetdrill. */
struct pd_packet {
    struct pd_packet *next;
    uint64_t time_us;
    size_t len;
    uint8_t bytes[];
};

/* A thread inside the layer's wait. */
struct pd_sleeper {
    struct ciao_waiter *waiter;
    uint64_t deadline_us;
    bool over;          /* woken, or its deadline has come */
    bool second_thread; /* who ends its sleep lets it run */
    pthread_cond_t awake;
    struct pd_sleeper *next;
};

/* What stands behind a descriptor of the host that we gave out. */
struct pd_fd {
    int layer;     /* the layer's descriptor plus one; 0: none of ours */
    bool has_host; /* an epoll instance that also watches descriptors of the host */
};

#define PD_KNOBS     64 /* see settings.c */
#define PD_KNOB_TEXT 64

struct pd_story;

struct pd {
    struct pd_flags flags;
    struct ciao_stack *stack;
    struct ciao_sockets *sockets;
    void *stack_memory, *sockets_memory, *pool_memory;
    size_t stack_bytes, sockets_bytes, pool_bytes;
    struct ciao_bufpool pool; /* where packets for the stack lie */
    struct ciao_sockets_config limits;
    int link;

    pthread_mutex_t baton;
    pthread_cond_t settled; /* no thread that was woken is still on its way */
    pthread_t main;
    pid_t main_tid;
    atomic_uint main_inside;  /* the main thread is in one of our functions, or about to be */
    atomic_uint main_entries; /* how often it was */
    unsigned on_their_way;    /* threads that were woken and have not left or waited again */
    struct pd_sleeper *sleepers;

    uint64_t now_us;
    uint64_t turn_us; /* the layer's own next deadline */
    struct pd_packet *first, *last;
    bool has_v4, has_v6; /* an address of that family is ours */

    struct pd_fd fd[PD_FDS];
    int fd_end;                            /* none of ours was ever as high */
    char baseline[PD_KNOBS][PD_KNOB_TEXT]; /* the system's settings as they were at the start */
    const char *suite;                     /* PDSUITE_DIR, or NULL */
    char *suite_said;                      /* what the file `sockets` holds */
    struct pd_story *story;
};

/* The instance that packetdrill made, NULL before and after: for the calls of interpose.c. */
struct pd *pd_instance(void);

/* ---- time.c ---- */
bool pd_time_init(struct pd *pd);
void pd_time_end(struct pd *pd);
struct ciao_sockets_host pd_time_host(struct pd *pd);
void pd_take(void *self);
void pd_give(void *self);
/* With the baton: let time pass until then. */
void pd_advance_to(struct pd *pd, uint64_t target_us);
/* With the baton: the next moment at which something happens; let time jump to it (or to now). */
uint64_t pd_next(const struct pd *pd);
void pd_step(struct pd *pd, uint64_t time_us);
/* With the baton: wait until the threads that were woken have run. */
void pd_settle(struct pd *pd);
int pd_usleep(void *self, useconds_t us);
int pd_gettimeofday(void *self, struct timeval *now, struct timezone *zone);

/* ---- netdev.c ---- */
/* With the baton: take what the stack has to send. */
void pd_flush(struct pd *pd);
int pd_netdev_send(void *self, const void *packet, size_t len);
int pd_netdev_receive(void *self, void *packet, size_t *len, long long *time_us);
void pd_netdev_end(struct pd *pd);
/* An address that a program names as its own is ours. */
void pd_learn_address(struct pd *pd, const struct ciao_addr *addr);
/* Somebody connects to `remote`: see that there is an address to do that from. */
void pd_need_address(struct pd *pd, const struct ciao_addr *remote);
/* false: no IP address in there. */
bool pd_read_sockaddr(const void *addr, uint32_t len, struct ciao_addr *out);

/* ---- descriptors.c ---- */
/* The layer's descriptor of one of the host's, or -1. */
int pd_layer_fd(struct pd *pd, int fd);
/* Give a descriptor of the layer a number of the host's; -1 and errno (the layer's is closed). */
int pd_fd_give(struct pd *pd, int layer, int placeholder);
int pd_placeholder(void);
/* The host's close(2), whatever is exported here. */
int pd_host_close(int fd);
/* -errno of the layer, or a result, as POSIX wants it. */
int64_t pd_result(struct pd *pd, int64_t result);
int pd_close(void *self, int fd);
void pd_close_all(struct pd *pd);

/* ---- settings.c ---- */
void pd_settings_init(struct pd *pd);
/* Look what the script has set, and tell the layer. */
void pd_settings_follow(struct pd *pd);

/* ---- suite.c ---- */
/* With PDSUITE_DIR: write the file `sockets` anew when it would change. */
void pd_suite_turn(struct pd *pd);
/* With PDSUITE_DIR: a command of the script may have written `tcpdrop`; before time goes on. */
void pd_suite_obey(struct pd *pd);
void pd_suite_end(struct pd *pd);
/* A file of its folder sysctl/ named for the setting; false when there is none. */
bool pd_suite_setting(const struct pd *pd, const char *name, char *text, size_t room);

/* ---- story.c ---- */
bool pd_story_begin(struct pd *pd);
/* With the baton: take the stack's events. */
void pd_story_listen(struct pd *pd);
/* Tell it; nothing the second time. */
void pd_story_end(struct pd *pd);

#endif
