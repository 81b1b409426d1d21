/*
 * Which local ports are taken: ephemeral ports for active opens [RFC6056], and conflicts of
 * binding.
 *
 * An ephemeral port is looked for per destination (local address, remote address, remote port),
 * because a port is free as long as the four-tuple is.  For a destination with many connections a
 * bitmap of its ports is kept, so that a free one is found in O(1) also when 95 % are taken; an
 * exhausted destination is an error of its own.
 */
#ifndef PROTO_TCP_TCP_PORT_H
#define PROTO_TCP_TCP_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/multilinear.h"
#include "base/pool.h"
#include "base/rng.h"
#include "ciao/addr.h"

#define TCP_PORT_WORDS  9 /* of a destination of IPv6, 32 bits each */
#define TCP_PORT_LIKELY 1024

struct tcp_destination; /* one (local address, remote address, remote port) */

struct tcp_ports {
    struct pool destinations, bitmaps;
    uint32_t *buckets;
    uint32_t *counters; /* RFC 6056's table: how far the ports of the destinations that share one
                           have come */
    uint32_t bucket_count;
    uint64_t key[2];
    uint64_t bucket_key[MULTILINEAR_KEYS(TCP_PORT_WORDS)];
    uint16_t low, high;
    uint32_t idle_first, idle_last; /* destinations that nobody had a port for; some may be in use
                                       again */
    uint32_t idle_listed;
    uint32_t in_use;                  /* four-tuples that hold an ephemeral or chosen local port */
    uint32_t likely[TCP_PORT_LIKELY]; /* where a destination was found last */
    uint32_t asked; /* the destination that a port was taken of last: for tcp_port_give_at() */
};

struct tcp_port_key {
    struct ciao_addr local, remote;
    uint16_t remote_port;
};

/* Who holds which local address and port: tcp_binding.c. */
struct tcp_binding {
    struct ciao_addr local;
    uint32_t connected, time_wait; /* both 0: nobody */
    uint32_t strict;               /* of both: made without CIAO_REUSEADDR */
    uint32_t next;                 /* of the same place; 0: none */
};
#define TCP_CHILDREN_BUCKETS 256u
struct tcp_bindings {
    struct tcp_binding *place; /* the first of each; it may be nobody's while others follow */
    struct pool others;
    uint32_t children[TCP_CHILDREN_BUCKETS]; /* flows of listeners, by the port's low bits */
};
size_t tcp_bindings_bytes(uint32_t max_records);
int tcp_bindings_init(struct tcp_bindings *bindings, struct arena *arena, uint32_t max_records);

size_t tcp_ports_bytes(uint32_t max_destinations);
int tcp_ports_init(struct tcp_ports *ports, struct arena *arena, uint32_t max_destinations,
                   struct rng *rng, uint16_t low, uint16_t high);

/* Choose and take a free port to that destination (RFC 6056 3.3.4, double hash); 0 when all are in
 * use, or when the table of destinations is full (then *full is set). */
uint16_t tcp_port_pick(struct tcp_ports *ports, const struct tcp_port_key *key, bool *full);

/* Take a given port (an active open with a port of its own choosing); false when it is taken or the
 * table is full. */
bool tcp_port_take(struct tcp_ports *ports, const struct tcp_port_key *key, uint16_t port);

/* Give it back when the four-tuple is gone (CLOSED, or the end of TIME-WAIT).  Unknown ones are
 * ignored: a listener's children never took one. */
void tcp_port_give(struct tcp_ports *ports, const struct tcp_port_key *key, uint16_t port);
/* The same for whoever has kept what ports->asked was when the port was taken: as long as a port of
 * it is taken, a destination stays where it is.  0: it is nobody's. */
void tcp_port_give_at(struct tcp_ports *ports, uint32_t destination, uint16_t port);
/* That will be done soon. */
void tcp_port_prefetch(const struct tcp_ports *ports, uint32_t destination, uint16_t port);

#endif
