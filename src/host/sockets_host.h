/*
 * A socket layer on a host, for threads: real time, real waiting.
 *
 * The baton.  Whoever is inside the stack or the layer holds a lock, the baton.  A call that must
 * wait gives it up, and its thread then either drives (it polls the devices, and when a frame or a
 * deadline has come takes the baton and runs the stack) or, when another drives already, sleeps
 * until that one wakes it.  Who stops driving hands the driving to a sleeper.  When nobody has
 * driven for a millisecond a thread of the host's own takes over, so that a program that computes
 * for seconds goes on acknowledging what its peers send; that thread sleeps while others drive.
 *
 * A signal whose handler has run ends a call that waits with EINTR, as on Linux; a call that may
 * begin again goes on when every handler of the program has SA_RESTART.
 *
 * Not for: fork() (the child has no part in its parent's layer), virtual clocks, several shards.
 */
#ifndef HOST_SOCKETS_HOST_H
#define HOST_SOCKETS_HOST_H

#include <stdbool.h>

#include "ciao/socket.h"
#include "host/host.h"

struct host_sockets;

/*
 * Make a host, its stack, and a socket layer on it.
 *
 *   options  as of host_open(), NULL: all defaults; no virtual clock
 *   config   of the layer; NULL: its defaults
 *
 * Returns 0, or -errno: as host_open(); -EINVAL also when the layer's configuration is impossible;
 * -EAGAIN or -EMFILE when there is no room for a thread or a descriptor more.
 */
CIAO_MUST_CHECK int host_sockets_open(struct host_sockets **made,
                                      const struct host_options *options,
                                      const struct ciao_sockets_config *config);

/* Nobody may be inside a call any more, nor enter one. */
void host_sockets_close(struct host_sockets *all);

struct ciao_sockets *host_sockets_layer(const struct host_sockets *all);

/*
 * The host below, to attach drivers and to configure the stack.  Between enter and leave this
 * thread holds the baton; nothing of the host may be touched without it.
 */
struct host *host_sockets_enter(struct host_sockets *all);
void host_sockets_leave(struct host_sockets *all);

/* Run the stack until it has nothing to do at this moment. */
void host_sockets_settle(struct host_sockets *all);

/* From now on a pointer that leads nowhere is answered by EFAULT, at a system call for each range
 * of a program's bytes.  Off at first: such a pointer ends the program as any other does. */
void host_sockets_check_pointers(struct host_sockets *all, bool check);

#endif
