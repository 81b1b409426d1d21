/*
 * The network of the demo: one wire between two hosts, in memory, with a virtual clock.
 *
 * Every segment that enters the wire gets a number, from 1.  It can be lost or doubled by its
 * number, and a copy of it can be kept, to come out much later.  Nothing is random.
 */
#ifndef CLI_DEMO_LINK_H
#define CLI_DEMO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/stack.h"

#define LINK_FAULTS   16    /* numbers that can be given to --lose or --dup */
#define LINK_DELAY_US 10000 /* one way */
#define LINK_COPY_US  1000  /* a double comes so much later */

struct link_plan {
    uint32_t lose[LINK_FAULTS], dup[LINK_FAULTS];
    unsigned n_lose, n_dup;
    uint32_t keep;         /* keep a copy of this segment for link_release(); 0: of none */
    const char *keep_text; /* or of the first that ends with this text; NULL: of none */
};

struct demo_link;

struct demo_link *link_make(const struct link_plan *plan);
void link_free(struct demo_link *link);

/* Take a frame from a host's stack (0 or 1): its bytes are copied, its references released. */
void link_send(struct demo_link *link, unsigned from, struct ciao_frame *frame, uint64_t now_us);
/* When the next segment arrives; UINT64_MAX: nothing is under way. */
uint64_t link_next_us(const struct demo_link *link);
/*
 * The next segment that has arrived by now_us, as a frame for ciao_input().
 * Returns the host that it is for, or -1 when there is none.
 */
int link_receive(struct demo_link *link, struct ciao_frame *frame, uint64_t now_us);
/* Let the kept copy arrive at that time.  Returns false when none was kept. */
bool link_release(struct demo_link *link, uint64_t at_us);

/* Segments so far, and of those of the plan the ones that were really lost and doubled. */
struct link_account {
    uint32_t segments, lost, doubled;
};
struct link_account link_account(const struct demo_link *link);

#endif
