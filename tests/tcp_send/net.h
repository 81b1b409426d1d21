/*
 * Two stacks and a bad network between them, all in memory, with one clock that moves only as far
 * as the next thing that happens.  For tests of what a sender does about loss: the same seed gives
 * the same run.
 *
 *   A 10.0.0.1  --- delay, loss, reordering, duplication --->  B 10.0.0.2, listening at port 7
 */
#ifndef TESTS_TCP_SEND_NET_H
#define TESTS_TCP_SEND_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "ciao/stack.h"

#define NET_A     0
#define NET_B     1
#define NET_QUEUE 4096 /* frames on their way in one direction */

struct net_spec {
    uint32_t loss_ppm, reorder_ppm, dup_ppm;
    uint32_t delay_us; /* one way */
    uint32_t gap_us;   /* between two frames: what one takes on the wire */
    uint32_t mtu, gso_bytes;
    uint64_t seed;
    bool lose_acks_too; /* the way from B to A is as bad */
};

/* A frame on its way. */
struct net_frame {
    struct ciao_frame frame;
    uint64_t at_us;
    unsigned overtaken_by; /* so many frames may still pass it; 0: it goes in order */
};

struct net_way {
    struct net_frame *queue[NET_QUEUE];
    unsigned count;
    uint64_t last_us; /* the wire is taken until then */
    uint64_t passed, lost, reordered, duplicated;
};

struct net {
    struct net_spec spec;
    struct ciao_config config;
    struct ciao_stack *stack[2];
    void *memory[2];
    int link[2];
    struct net_way way[2]; /* from A, from B */
    struct rng rng;
    uint64_t now_us;
    ciao_conn listener, conn[2];
    /* Loses this frame, if it says so: `way` it travels, its bytes.  NULL: chance alone. */
    bool (*loses)(struct net *net, unsigned way, const struct ciao_frame *frame);
    uint64_t seen; /* free for `loses` */
};

/* Both stacks have these settings; B listens. */
void net_open(struct net *net, const struct net_spec *spec, const struct ciao_settings *settings);
/* A connects, B accepts; false when that takes more than a minute. */
bool net_connect(struct net *net);
/* Let happen what comes next; false when nothing ever will before `until_us`. */
bool net_step(struct net *net, uint64_t until_us);
/* A sends so many bytes of a pattern, B reads and compares them, and A knows it.  False: not
 * within the time. */
bool net_transfer(struct net *net, uint64_t bytes, uint64_t within_us);
/* Both close; then all tables must be empty, or the test fails. */
void net_close(struct net *net);
/* Give the memory back, whatever state things are in. */
void net_discard(struct net *net);
struct ciao_info net_info(const struct net *net, unsigned end);

/* Byte `at` of the pattern. */
static inline uint8_t net_pattern(uint64_t at)
{
    return (uint8_t)(at * 131 ^ at >> 8 ^ at >> 17);
}

#endif
