/*
 * A run of a script: the world it runs in, and how far it has come.
 */
#ifndef DRILL_RUN_H
#define DRILL_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ciao/socket.h"
#include "ciao/stack.h"
#include "drill/drill.h"
#include "drill/talk.h"
#include "host/sysctl.h"
#include "life/life.h"

#define RUN_FDS   64
#define RUN_NEVER UINT64_MAX

/* A packet that the stack has sent and that no event has asked for yet. */
struct sent {
    uint64_t at_us;
    size_t len;
    struct sent *next;
    uint8_t bytes[];
};

struct fd_pair {
    int script, live;
};

/* The event that comes next, with its times on the run's clock: microseconds since the start. */
struct due {
    const struct event *event; /* NULL: no more */
    int64_t at_us, until_us, end_us;
    int64_t before_us; /* of the event before it, for the tolerance */
};

struct code; /* code.h: the variables of %{ }% */

struct run {
    const struct script *script;
    const struct drill_options *options;
    struct drill_result *result;
    enum drill_family family;

    /* the world */
    struct sysctls sysctls;
    struct ciao_stack *stack;
    struct ciao_sockets *sockets;
    struct ciao_bufpool pool; /* what comes lies there */
    void *stack_memory, *sockets_memory, *pool_memory;
    size_t stack_bytes, sockets_bytes;
    struct life_book *book;
    uint64_t now_us, start_us, turn_us;
    struct sent *sent, **sent_last;
    struct ciao_addr ours, peers;
    uint32_t mtu;
    uint16_t bind_port, connect_port, next_port;

    /* the script's options */
    int64_t tolerance_us, stamp_tick_us;
    double tolerance_percent;
    bool strict_segments;

    /* how far it has come */
    struct due due;
    bool failed, may_wait;     /* may_wait: the call that goes on was written start...end */
    unsigned idle;             /* times that no time has passed */
    unsigned waiting_line;     /* of the call that waits; 0: none */
    struct talk *talks, *talk; /* all, and the one under test */
    struct fd_pair fd[RUN_FDS];
    unsigned fds;
    struct packet merged; /* pieces of the packet that is expected, put together so far */
    struct packet piece;  /* the last of them */
    uint32_t pieces;
    struct code *code;
    char *notes;
    size_t notes_len;
    FILE *notes_file;
};

/* ---- world.c ---- */
/* False: out of memory, or an option of the script is wrong; the result says so. */
bool world_open(struct run *run);
void world_close(struct run *run);
/* Nothing may be left in any table, now that all is closed; false after having said what is. */
bool world_nothing_left(struct run *run);
/* Take what the stack has to send, and its events. */
void world_settle(struct run *run);
/* When something happens by itself. */
uint64_t world_next_us(const struct run *run);
/* Let that time come. */
void world_pass(struct run *run, uint64_t until_us);
void world_input(struct run *run, const uint8_t *bytes, size_t len);
/* The stack's settings have changed. */
void world_sysctls_changed(struct run *run);
/* Microseconds since the start. */
int64_t world_time(const struct run *run);

/* ---- run.c ---- */
/*
 * Let time pass and events happen until there are no more, or, with a waiter, until it is woken or
 * its deadline comes.  Returns CIAO_WAIT_*.
 */
int run_drive(struct run *run, struct ciao_waiter *waiter, uint64_t deadline_us);

/* The event behind the present one becomes due, counted from now. */
void run_next_event(struct run *run);

/* ---- packets.c ---- */
/* The packet that the script sends in. */
void packet_in(struct run *run, const struct packet *packet);
/* Is the expected packet here?  Takes it, compares it.  False: not yet. */
bool packet_expected(struct run *run, const struct due *due);
/* Say that it did not come in time. */
void packet_missed(struct run *run, const struct due *due);
/* How long past its time a packet is waited for, in microseconds since the start. */
int64_t packet_patience(const struct due *due);

/* ---- compare.c ---- */
/* Compare; says what differs in the result when something does. */
bool compare_packets(struct run *run, const struct due *due, const struct packet *expected,
                     const struct packet *seen, int64_t seen_us);
/* Did something happen when it should? */
struct when_asked {
    enum when_kind kind;
    int64_t at_us, until_us, before_us;
};
bool compare_time(struct run *run, const struct when_asked *asked, int64_t seen_us,
                  const char *what);

/* ---- calls.c ---- */
void call_run(struct run *run, const struct due *due);
int fd_live(const struct run *run, int script_fd); /* -1: no such */
void fd_add(struct run *run, int script_fd, int live_fd);
void fd_remove(struct run *run, int script_fd);

/* ---- shell.c ---- */
void shell_run(struct run *run, const char *commands, unsigned line);

/* ---- code.c ---- */
void code_run(struct run *run, const char *text, unsigned line);
void code_free(struct code *code);

/* ---- report.c: what is wrong ---- */
__attribute__((format(printf, 3, 4))) void run_fail(struct run *run, unsigned line,
                                                    const char *format, ...);
__attribute__((format(printf, 2, 3))) void run_expected(struct run *run, const char *format, ...);
__attribute__((format(printf, 2, 3))) void run_seen(struct run *run, const char *format, ...);
__attribute__((format(printf, 2, 3))) void run_note(struct run *run, const char *format, ...);
__attribute__((format(printf, 2, 3))) void run_say(struct run *run, const char *format, ...);

/* Keep the lives of the connections, told as ladders, in the result. */
void report_ladders(struct run *run);

/* ---- needs.c ---- */
/* A feature that the script uses and ciao does not have; NULL: none.  Static text. */
const char *needs_of(const struct script *script);

#endif
