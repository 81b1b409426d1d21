/*
 * The world of the demo: two hosts with a stack and a program each, one wire, one virtual clock,
 * and one life in which all events of both are gathered.
 *
 * A program is a script: a list of lines that are carried out in order, each as soon as it can
 * be.  Nothing is canned: what is told afterwards comes from the events of the two stacks alone.
 */
#ifndef CLI_DEMO_WORLD_H
#define CLI_DEMO_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/stack.h"
#include "cli/demo_link.h"
#include "life/life.h"

#define WORLD_ENDS 2

enum script_verb {
    SCRIPT_END,
    SCRIPT_LISTEN, /* on the end's own port */
    SCRIPT_ACCEPT,
    SCRIPT_CONNECT,     /* number 1: from the end's own port; else the stack picks one */
    SCRIPT_WAIT_OPEN,   /* until the handshake is done */
    SCRIPT_SEND,        /* text; number: that many bytes of a long letter before it */
    SCRIPT_RECV,        /* until so many bytes have come */
    SCRIPT_RECV_TO_END, /* until the peer has closed */
    SCRIPT_THINK,       /* for so many us */
    SCRIPT_WAIT_TIME,   /* until so many us after the beginning */
    SCRIPT_MEET,        /* until the other program waits as well */
    SCRIPT_SHUTDOWN,    /* WR */
    SCRIPT_CLOSE,
    SCRIPT_ABORT,
    SCRIPT_CLOSE_LISTENER,
    SCRIPT_RELEASE_COPY,   /* the wire lets the kept copy arrive now */
    SCRIPT_STAY,           /* for ever: a program that forgets its connection */
    SCRIPT_FORGET,         /* what was read so far: a new conversation begins */
    SCRIPT_REMEMBER_ERROR, /* what the last call was refused with is kept */
};

struct script_line {
    enum script_verb verb;
    uint32_t number;
    const char *text;
};

struct world_plan {
    const struct script_line *script[WORLD_ENDS];
    struct link_plan link;
    bool msl_given;
    uint32_t msl_us;
    bool no_timestamps;
    bool own_port[WORLD_ENDS]; /* the right end's is always its own */
    uint32_t mtu;              /* 0: 1500 */
    uint64_t horizon_us;       /* stop there even when something goes on; 0: when all is quiet */
};

#define WORLD_READ 256

/* One host and its program. */
struct world_end {
    struct ciao_stack *stack;
    void *memory;
    size_t memory_bytes;
    struct ciao_endpoint at;
    const struct script_line *line;
    ciao_conn listener, conn;
    uint64_t since_us;     /* when the present line was come to */
    uint32_t done;         /* bytes of the present line sent or read so far */
    char read[WORLD_READ]; /* the last that was read, terminated */
    int error;             /* the last refusal, -CIAO_E* */
    int remembered;        /* see SCRIPT_REMEMBER_ERROR */
    unsigned nudges;       /* times that patience ran out */
    bool waiting;          /* at SCRIPT_MEET */
};

struct world {
    struct world_end end[WORLD_ENDS];
    struct demo_link *link;
    struct life *life;
    const struct world_plan *plan;
    uint64_t now_us, start_us;
    bool quiet;  /* all connections are over */
    bool failed; /* a stack could not be made, a script not be carried out */
};

/* Make it, run it until all is quiet, match the life.  False: no memory, or the stacks refuse
 * the configuration. */
bool world_run(struct world *world, const struct world_plan *plan);
void world_free(struct world *world);

/* Is nothing left in any table of either stack, but for listeners? */
bool world_is_empty(const struct world *world);
uint64_t world_elapsed_us(const struct world *world);

/* demo_script.c: carry out what this end's program can do now.  True when it did something. */
bool script_run(struct world *world, unsigned end);
/* When the program wants to go on by itself; UINT64_MAX: it waits for others. */
uint64_t script_next_us(const struct world *world, unsigned end);
/* Nothing else will happen: the program loses patience (or, may_close: closes its listener at
 * last).  False when there is nothing of the kind that it waits for. */
bool script_nudge(struct world *world, unsigned end, bool may_close);

#endif
