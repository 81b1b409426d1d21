/*
 * Sockets brought into a state, silently.
 */
#ifndef SEMANTICS_STATES_H
#define SEMANTICS_STATES_H

#include "calls.h"

/* Two ends of a connection, and the listener that it came by; all are known to the case in the
 * order client, server, listener. */
struct pair {
    int client, server, listener;
    unsigned port;
};

int listener_at(const char *host, int backlog); /* non-blocking */
struct pair pair_at(const char *host);          /* connected, both ends non-blocking */
unsigned closed_port(const char *host);         /* where nobody listens */

/* A state that one end of a connection can be in: how to bring a fresh one there. */
struct state {
    const char *name;
    struct pair (*enter)(
        const char *host); /* .client is the socket in question; .server may be -1 */
};
extern const struct state states[];
extern const unsigned n_states;

#endif
