/*
 * A connection between this stack and the kernel's, over a TUN interface in a network namespace of
 * this process's own: what the rows of tun.c run on.
 *
 * One thread on one core drives both ends: the kernel's TCP runs inside the system calls that this
 * thread makes.
 */
#ifndef BENCH_TUN_LINK_H
#define BENCH_TUN_LINK_H

#include "bench/bench.h"
#include "ciao/stack.h"
#include "host/host.h"

#define TUN_LINK_ERROR 512

struct tun_link {
    struct host *host;
    struct ciao_stack *stack;
    ciao_conn conn; /* our end */
    int socket;     /* the kernel's end; never blocks */
};

/*
 * Move this process into a namespace of its own, make the interface, and connect the kernel with
 * us.  To be called once in a process: it stays there.
 *
 *   row    its mtu, window and family
 *   error  TUN_LINK_ERROR bytes; why not
 *
 * Returns 0; -1 where this cannot be had (no /dev/net/tun, no permission).  What goes wrong after
 * that ends the program.
 */
int tun_link_open(struct tun_link *link, const struct bench_row *row, char *error);
void tun_link_close(struct tun_link *link);

/* Frames in, frames out: one turn of the host each. */
void tun_link_receive(struct tun_link *link);
void tun_link_send(struct tun_link *link);

/* Nothing moves: sleep until a frame or a deadline, or a moment has passed. */
void tun_link_wait(struct tun_link *link);

#endif
