/*
 * Two whole stacks joined by a link in memory, with one clock that moves only as far as the next
 * thing that happens.  Each frame on the link has a number, and the test decides its fate.
 */
#ifndef TESTS_TCP_PAIR_H
#define TESTS_TCP_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/stack.h"

#define PAIR_PORT 7

enum pair_fate { PAIR_ARRIVES, PAIR_IS_LOST, PAIR_ARRIVES_TWICE };

struct pair_frame;

struct pair {
    struct ciao_stack *stack[2];
    void *memory[2];
    size_t bytes;
    int link[2];
    bool v6;
    uint64_t now_us, delay_us;
    struct pair_frame *first[2], *last[2], *spare; /* by the end that they come from */
    uint64_t carried;                              /* frames so far: the next one's number */
    enum pair_fate (*fate)(struct pair *pair, unsigned from, uint64_t number); /* NULL: arrives */
    uint64_t chosen;                                                           /* for `fate` */
};

struct ciao_addr pair_address(bool v6, unsigned end);

/* Both with this configuration (and seeds of their own); the link gives only `mtu`, `gso_bytes` and
 * the two checksum flags. */
void pair_open(struct pair *pair, const struct ciao_config *config, bool v6,
               const struct ciao_link *link);

/* Take out what both have to send, and let arrive what is due; false: nothing moved. */
bool pair_exchange(struct pair *pair);

/* Go to the next moment at which something happens; false: nothing ever will. */
bool pair_wait(struct pair *pair);

/* Nothing is on its way, every table of both is empty, no timer is left; fails the test if not. */
void pair_expect_empty(const struct pair *pair);

void pair_close(struct pair *pair);

#endif
