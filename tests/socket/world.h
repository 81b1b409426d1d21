/*
 * A world for stories about sockets: two programs on two stacks, one thread, virtual time.
 *
 * Program 0 lives at 10.9.0.1 and fd09::1, program 1 at 10.9.0.2 and fd09::2; each has a socket
 * layer of its own.  Frames cross, and time passes, only in world_settle(), world_pass() and while
 * a call of a program waits: then the world goes on by itself, from one thing that happens to the
 * next, until the call is woken or its time is over.  What the other program does meanwhile is said
 * beforehand, with world_later().
 *
 * At the end of a story every descriptor is closed, and nothing is left in either stack.
 */
#ifndef TESTS_SOCKET_WORLD_H
#define TESTS_SOCKET_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ciao/socket.h"

#define WORLD_LATER 32
#define MS          UINT64_C(1000)
#define S           UINT64_C(1000000)

struct world;
typedef void (*world_action)(struct world *world);

struct world_program {
    struct world *world;
    struct ciao_stack *stack;
    struct ciao_sockets *sockets;
    void *stack_memory, *sockets_memory;
    size_t stack_bytes, sockets_bytes;
    unsigned inside;     /* how often the baton was taken */
    unsigned sigpipes;   /* signals raised */
    bool signal_waiting; /* the next wait of this program ends with EINTR */
    const uint8_t *bad;  /* this program's memory is not there from here on, 0: all is */
    size_t bad_bytes;
};

struct world {
    struct world_program program[2];
    struct ciao_bufpool wire;
    void *wire_memory;
    uint64_t now_us;
    bool cut;        /* what is sent is lost */
    uint8_t wall;    /* packets of IPv4 come to "unreachable", of this code - 1; 0: no wall */
    uint64_t frames; /* that crossed, or were lost */
    struct {
        uint64_t at_us;
        world_action action;
    } later[WORLD_LATER];
    int fd[16]; /* the story's own */
};

struct world_options {
    enum ciao_profile profile;
    uint32_t max_descriptors;         /* 0: 256 */
    uint32_t unprivileged_port_start; /* 0: none */
};

/* options NULL: the profile "linux". */
void world_open(struct world *world, const struct world_options *options);
/* Closes what is open, lets TIME-WAIT pass and expects that nothing is left. */
void world_close(struct world *world);

/* Carry frames until both are silent. */
void world_settle(struct world *world);
/* Let time pass. */
void world_pass(struct world *world, uint64_t us);
/* `action` happens when so much time has passed. */
void world_later(struct world *world, uint64_t us, world_action action);

/* ---- what stories say often ---- */

static inline struct ciao_sockets *left(struct world *world)
{
    return world->program[0].sockets;
}
static inline struct ciao_sockets *right(struct world *world)
{
    return world->program[1].sockets;
}

struct ciao_sockaddr_in in_at(const char *address, uint16_t port);
struct ciao_sockaddr_in6 in6_at(const char *address, uint16_t port);

/* A new socket: AF_INET, or AF_INET6. */
int a_socket(struct ciao_sockets *s);
int a_socket6(struct ciao_sockets *s);
void set_nonblocking(struct ciao_sockets *s, int fd);
int bind4(struct ciao_sockets *s, int fd, const char *address, uint16_t port);
int bind6(struct ciao_sockets *s, int fd, const char *address, uint16_t port);
int connect4(struct ciao_sockets *s, int fd, const char *address, uint16_t port);
int connect6(struct ciao_sockets *s, int fd, const char *address, uint16_t port);
/* A listener on 0.0.0.0 or ::. */
int a_listener(struct ciao_sockets *s, uint16_t port);
int a_listener6(struct ciao_sockets *s, uint16_t port);

/* Program 0 is connected to program 1: the two descriptors. */
struct world_pair {
    int left, right;
};
struct world_pair a_connection(struct world *world);

/* "10.9.0.1:80", "[fd09::1]:80", or the error. */
#define NAME_TEXT 64
const char *sockname(struct ciao_sockets *s, int fd, char text[NAME_TEXT]);
const char *peername(struct ciao_sockets *s, int fd, char text[NAME_TEXT]);
int64_t send_text(struct ciao_sockets *s, int fd, const char *text, int flags);
/* Reads and compares. */
void expect_text(struct ciao_sockets *s, int fd, const char *text);
int64_t recv_bytes(struct ciao_sockets *s, int fd, void *to, size_t len, int flags);
int so_error(struct ciao_sockets *s, int fd);

#define E(name) (-CIAO_ERRNO_##name)

#endif
