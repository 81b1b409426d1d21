/*
 * Two stacks in one thread, joined by a lossless link in memory: what the benchmarks run on.
 *
 * Everything is counted that two full hosts do: both stacks, the link, both copies, and the
 * checksums in software.  The clock is read once a turn.
 */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <stdint.h>

#include "ciao/stack.h"
#include "host/host.h"

struct pair_options {
    uint32_t mtu;          /* 0: 1500 */
    uint32_t gso_bytes;    /* 0: none */
    uint32_t connections;  /* budget of each side; 0: 16 */
    uint32_t time_waits;   /* records kept; 0: 1024 */
    uint32_t buffer_bytes; /* of a connection, each way; 0: 256 KB */
    uint32_t listeners;    /* ports that the server listens at; 0: 1 */
};

struct pair {
    struct host *client, *server;
    struct ciao_stack *c, *s;
    uint64_t now_us;
    uint32_t listeners;
    ciao_conn listener[256];
    uint32_t turn_ports;
};

#define PAIR_PORT 9000 /* and the following */

void pair_open(struct pair *pair, const struct pair_options *options);
void pair_close(struct pair *pair);

/* Let the hosts know what time it is. */
void pair_look_at_clock(struct pair *pair);
/* That, and frames there, frames back. */
void pair_turn(struct pair *pair);

/* A connection, both handles.  Ends the program when it does not come about. */
void pair_connect(struct pair *pair, ciao_conn *client, ciao_conn *server);

/* Seconds that this process has computed. */
double pair_cpu_seconds(void);

/* Ends the program with a sentence when the claim does not hold. */
void pair_must(bool claim, const char *sentence);

#endif
