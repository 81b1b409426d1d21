/*
 * The baton itself: who is inside, who drives, who sleeps.  See sockets_host.h for the whole.
 */
#ifndef HOST_BATON_H
#define HOST_BATON_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "ciao/socket.h"
#include "host/host.h"

#define BATON_WAKES    64   /* waiters that are woken in one go, once the baton is given back */
#define BATON_EVENTFDS 2048 /* threads that sleep at once; more of them look every so often */

/* Where the one that drives sits while it polls without the baton. */
struct baton_seat {
    int wake;        /* an eventfd */
    bool polling;    /* and would not notice what happens inside, */
    bool kicked;     /* but somebody has told it */
    uint64_t due_us; /* when it will stop by itself */
};

/* What a waiter's `space` holds here. */
struct baton_sleeper {
    struct ciao_waiter *waiter;
    struct baton_sleeper *next, *prev;
    int wake; /* an eventfd, -1: none yet */
    bool listed;
};
_Static_assert(sizeof(struct baton_sleeper) <= sizeof((struct ciao_waiter){0}.space),
               "a sleeper lies in its waiter");

struct baton {
    pthread_mutex_t lock;
    struct host *host;
    struct ciao_sockets *layer; /* NULL until it is made */
    uint64_t layer_due_us;      /* what ciao_sockets_turn() has said */
    uint64_t turned_us;         /* when frames were last asked for */
    uint64_t turns;             /* how often: the helper looks whether anybody does */
    bool broken;                /* a device is gone: it is not polled any more */
    bool check_pointers;

    /* One of them at most drives. */
    struct ciao_waiter *driver;
    bool helper_drives;
    struct baton_seat seat, helper_seat;
    struct baton_sleeper *sleepers; /* a ring's first; oldest first */

    int wakes[BATON_WAKES]; /* eventfds to write to without the baton */
    unsigned n_wakes;
    int spare[BATON_EVENTFDS]; /* for who sleeps next */
    unsigned n_spare, n_made;

    pthread_t helper;
    bool closing;
    bool helper_is_deep; /* asleep until somebody stops driving */
};

/* Returns 0 or -errno. */
int baton_open(struct baton *baton, struct host *host);
/* Once there is a layer. */
int baton_start_helper(struct baton *baton);
void baton_close(struct baton *baton);

/* The table that the layer is given; self is the baton. */
extern const struct ciao_sockets_host baton_table;

/* ---- inside, for baton.c and helper.c ---- */
void baton_take(struct baton *baton);
void baton_give(struct baton *baton);
/* There may be another driver or address: who polls looks again. */
void baton_news(struct baton *baton);
/* Frames in, time passes, readiness is told, frames out.  Returns whether anything came. */
bool baton_turn(struct baton *baton);
/* Give up the baton, poll until that time, take it again; then a turn.  `mask` are the signals that
 * are blocked meanwhile, NULL: as they are.  Returns 0 or -EINTR. */
int baton_poll(struct baton *baton, struct baton_seat *seat, uint64_t until_us,
               const sigset_t *mask);
/* Give up the baton, sleep until that time or until the eventfd is written to, take it again. */
int baton_sleep(struct baton *baton, int wake, uint64_t until_us, const sigset_t *mask);
/* Let the eventfd be written to as soon as the baton is given up. */
void baton_wake_later(struct baton *baton, int wake);
void *baton_helper(void *baton);

#endif
