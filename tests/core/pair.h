/*
 * Two stacks and a wire between them, in memory, on a clock that moves only when asked.
 *
 * Stack 0 is 10.9.0.1 and fd09::1, stack 1 is 10.9.0.2 and fd09::2.  Frames are carried in batches,
 * as bytes in one piece; every byte that crosses is hashed, so that two runs can be compared.
 */
#ifndef TESTS_CORE_PAIR_H
#define TESTS_CORE_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ciao/stack.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct pair_options {
    enum ciao_link_kind kind;
    enum ciao_profile profile;
    uint8_t seed;
    bool merge, events;
    uint32_t batch;       /* frames carried at once; 0: 32 */
    uint32_t lose_every;  /* every n-th frame is lost; 0: none */
    uint32_t window;      /* bytes of each buffer; 0: the profile's */
    uint32_t connections; /* at most; 0: 1000 */
    uint32_t buffers;     /* bytes of all of them; 0: 64 MB */
    bool the_long_way;    /* nothing is predicted */
    bool tidy;            /* an empty queue is given back at once */
    bool ecn;             /* is asked for */
};

struct pair {
    struct ciao_stack *stack[2];
    struct ciao_config config;
    uint8_t *memory[2];
    size_t bytes;
    struct ciao_bufpool wire; /* what frames are received into */
    uint8_t *wire_memory;
    uint64_t now;
    struct pair_options options;
    uint64_t frames, hash; /* of all that crossed */
    /* Told of each frame before it arrives; may be NULL. */
    void (*crossed)(void *self, unsigned to, const uint8_t *bytes, uint32_t len);
    void *crossed_self;
};

void pair_open(struct pair *pair, const struct pair_options *options);
void pair_close(struct pair *pair);

/* Carry frames until nobody has any more; then time stands still. */
void pair_settle(struct pair *pair);
/* Let time pass, deadline by deadline, carrying what there is. */
void pair_pass(struct pair *pair, uint64_t us);

struct ciao_endpoint pair_endpoint(unsigned side, bool v6, uint16_t port);

/* A connection from stack 0 to a listener on stack 1, established. */
struct pair_conn {
    ciao_conn listener, client, server;
};
struct pair_conn pair_connect(struct pair *pair, bool v6);
/* Send so many bytes from one side to the other, and compare; returns how many arrived. */
uint64_t pair_transfer(struct pair *pair, ciao_conn from, ciao_conn to, unsigned from_side,
                       uint64_t bytes);

/* All bytes of a frame, one behind the other.  Returns how many. */
uint32_t pair_flatten(const struct ciao_frame *frame, uint8_t *out);

#endif
