/*
 * One direction of a bad network.  For impair.c alone.
 *
 * Frames are taken in at one end, cut, and lose, double or change places; what is left waits in a
 * queue for its time and is taken out at the other end, in order.
 */
#ifndef DRIVER_IMPAIR_LANE_H
#define DRIVER_IMPAIR_LANE_H

#include <stdbool.h>

#include "base/rng.h"
#include "driver/impair.h"
#include "wire/offload.h"

#define LANE_HELD 4 /* frames that are held back for others to pass, at once */

struct lane_waiting {
    uint64_t due_us;
    struct ciao_frame frame;
};

struct lane_held {
    uint64_t until_us;
    uint32_t others; /* how many have yet to pass */
    bool passed;     /* one has */
    struct ciao_frame frame;
};

struct lane {
    struct impair_spec spec;
    struct rng rng;
    struct ciao_bufpool *pool; /* may be NULL */
    const struct csum_ops *csum;
    uint32_t link_header_bytes;
    uint32_t limit;
    struct lane_waiting *queue;
    uint32_t mask;         /* slots less one */
    uint32_t first, next;  /* free-running */
    uint64_t line_free_ns; /* when the last bit of the last frame has left, by .rate_bits */
    uint64_t last_due_us;
    struct lane_held held[LANE_HELD];
    uint32_t n_held;
    struct impair_counters counters;
};

/* 0 or -ENOMEM.  The two lanes of one seed differ by `way`. */
int lane_init(struct lane *lane, const struct impair_spec *spec, uint32_t way);
void lane_free(struct lane *lane);

/*
 * Take a frame and its references.  False, and nothing happened, when there is no room for its
 * pieces because those whose time has come were not taken out.
 */
bool lane_put(struct lane *lane, struct ciao_frame *frame, uint64_t now_us);

/* Let go of held frames that nobody came to pass; before lane_due_frames(). */
void lane_advance(struct lane *lane, uint64_t now_us);

/* The frames whose time has come, oldest first, up to n; they stay until lane_drop_first(). */
unsigned lane_due_frames(struct lane *lane, struct ciao_frame **frames, unsigned n,
                         uint64_t now_us);
void lane_drop_first(struct lane *lane, unsigned n);

/* When there is something to do next; UINT64_MAX: never. */
uint64_t lane_deadline(const struct lane *lane);

#endif
