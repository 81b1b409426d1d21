/*
 * A connection between this stack and the kernel's, step by step.
 *
 * ciao moves only when a test says so: steps_send() lets out what it has to say, steps_hear() takes
 * in what the kernel said.  Between two steps both ends stand still, and both are asked for their
 * state: ours by ciao_info(), the kernel's by `ss`.  Runs in a network
 * namespace of its own (tests/support/in-netns).
 */
#ifndef LINUX_STEPS_H
#define LINUX_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/stack.h"
#include "host/host.h"

struct steps {
    struct host *host;
    struct ciao_stack *stack;
    bool v6;
    uint16_t our_port, their_port;
    ciao_conn listener, conn;    /* ciao's; 0: none */
    int kernel_listener, kernel; /* the kernel's sockets; -1: none */
};

/* A TUN with both ends' addresses.  Ports are new in each test. */
void steps_begin(struct steps *s, bool v6);
/* Everything is over: the stack's tables are empty but for listeners; closes both. */
void steps_end(struct steps *s);

/* The kernel's socket connects to ciao's listener; ciao hears nothing yet. */
void kernel_connects(struct steps *s);
void kernel_listens(struct steps *s);
void kernel_accepts(struct steps *s);
/* A socket bound to its port, which connects to ciao without anybody listening there. */
void kernel_calls(struct steps *s);
void kernel_sends(struct steps *s, const char *text);
void kernel_reads(struct steps *s, const char *text); /* "" is the end of the stream */
void kernel_shuts_down(struct steps *s);
void kernel_closes(struct steps *s);
/* Its next read fails by that errno. */
void kernel_fails(struct steps *s, int expected_errno);

void ciao_listens(struct steps *s);
void ciao_accepts(struct steps *s);
void ciao_calls(struct steps *s); /* connects from our_port to their_port */
void ciao_sends(struct steps *s, const char *text);
void ciao_reads(struct steps *s, const char *text);
void ciao_shuts_down(struct steps *s);
void ciao_closes(struct steps *s);

/* Frames go, or come, and nothing else.  Hearing waits a moment for the kernel to speak. */
void steps_send(struct steps *s);
void steps_hear(struct steps *s);
/* Both, until neither end has anything to say. */
void steps_settle(struct steps *s);

/*
 * Claim both ends' states: ours as RFC 9293 spells it, the kernel's as ss does; "-" is none.  Waits
 * up to two seconds for them without moving a frame.
 */
void states_are(struct steps *s, const char *ours, const char *theirs);
/* The same after ciao's handle was given up: the state of our_port in the stack's own list. */
const char *our_state(struct steps *s);

/* open, by whichever end, up to ESTABLISHED on both */
void kernel_opens(struct steps *s);
void ciao_opens(struct steps *s);

#endif
