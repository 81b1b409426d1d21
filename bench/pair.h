/*
 * Two stacks in one thread, joined by a lossless link in memory: what the rows run on.
 *
 * No host is between them, so that the memory of each can be looked at, and nothing is counted but
 * what two stacks and two programs do: the link is an array of frames, which one stack fills and
 * the other empties.  Who wants another one has two drivers instead, and drives them.
 */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <stddef.h>

#include "bench/bench.h"
#include "ciao/driver.h"
#include "ciao/stack.h"

#define PAIR_BATCH          32 /* frames that cross in one piece */
#define PAIR_LISTENERS_MOST 64
#define PAIR_SERVERS_MOST   32
#define PAIR_PORT           9000 /* and the following */

struct pair_options {
    const struct bench_row *row; /* its mtu, window and family */
    uint32_t connections;        /* budget of each side; 0: 16 */
    uint32_t syn_records;        /* 0: 1024 */
    uint32_t time_waits;         /* 0: 1024 */
    uint32_t listeners;          /* 0: 1 */
    uint32_t servers;            /* addresses of the server; 0: 1 */
    uint32_t msl_us;             /* 0: the profile's */
    uint32_t queue;   /* with drivers, and as many frames between them; a power of two; 0: none */
    bool lossy;       /* frames may be lost, and sent again */
    bool verify;      /* ahead of each frame a damaged copy of it arrives: flip.h */
    bool unmerged;    /* each segment goes through the state machine by itself */
    bool keepalive;   /* every connection has a timer, two hours off */
    bool small_pages; /* for who looks at what is resident; others have huge ones */
};

/* One host. */
struct pair_side {
    struct ciao_stack *stack;
    struct ciao_driver *driver; /* NULL: frames are handed over as they are */
    void *memory;
    size_t bytes;
};

struct pair {
    struct pair_side client, server;
    struct ciao_link link;
    uint64_t now_us;
    ciao_conn listener[PAIR_LISTENERS_MOST];
    uint32_t listeners, servers, next_listener, next_server;
    struct ciao_addr server_addr[PAIR_SERVERS_MOST];
    bool v6;
    bool verify, lossy;
    uint64_t damaged, damaged_batches; /* frames that were seen dropped: flip.h */
    struct ciao_frame *frame[PAIR_BATCH];
    struct ciao_frame store[PAIR_BATCH];
};

void pair_open(struct pair *pair, const struct pair_options *options);

/* Looks first whether both stacks did what they should: nothing dropped, nothing sent twice. */
void pair_close(struct pair *pair);

/* One batch of frames from one to the other.  Returns how many. */
unsigned pair_carry(struct pair *pair, struct pair_side *from, struct pair_side *to);
/* Batches there and back until nobody has anything more to say. */
void pair_settle(struct pair *pair);
/* Let time pass on both sides; what they have to tell of it is taken. */
void pair_tick(struct pair *pair, uint64_t us);
/* Nothing moves: let time pass up to the next deadline of either. */
void pair_wait(struct pair *pair);

/* Connect to the server's addresses and ports in turn.  Returns the listener that will have it. */
uint32_t pair_connect(struct pair *pair, ciao_conn *client);
/* The next connection of a listener. */
ciao_conn pair_accept(struct pair *pair, uint32_t listener);
/* A whole connection, both handles. */
void pair_join(struct pair *pair, ciao_conn *client, ciao_conn *server);

/* In a run that verifies: how many damaged frames were seen dropped. */
void pair_tell_damaged(const struct pair *pair, const struct bench_row *row,
                       const struct bench *bench);

/* Bytes of this side's memory that are resident. */
size_t pair_resident(const struct pair_side *side);

#endif
