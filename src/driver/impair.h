/*
 * A bad network round any driver: frames are lost, doubled, reordered, corrupted, late; all of it
 * out of one seed, so that a run can be repeated.
 *
 * Super-segments are first cut to frames of the wire and unfinished checksums completed, so that
 * 2 % means 2 % of what a wire would carry, and a corrupted frame is one that its receiver can
 * detect: a byte that some checksum covers is changed, and nobody vouches for the frame.  In each
 * direction a frame meets loss, corruption, duplication, reordering, rate and delay, in that order.
 */
#ifndef DRIVER_IMPAIR_H
#define DRIVER_IMPAIR_H

#include <stdint.h>

#include "ciao/driver.h"

#define IMPAIR_OUT 1u /* what the stack sends */
#define IMPAIR_IN  2u /* what it receives */

struct impair_spec {
    uint32_t loss_ppm; /* parts of a million */
    uint32_t dup_ppm;
    uint32_t reorder_ppm; /* held back until 1 to 3 later frames have passed, or IMPAIR_HOLD_US */
    uint32_t corrupt_ppm;
    uint32_t delay_us;  /* one way; in both directions it counts twice in a round trip */
    uint32_t jitter_us; /* 0 to so much more, evenly; the order stays (that is reorder's work) */
    uint64_t rate_bits; /* a second; 0: no limit */
    uint64_t seed;
    uint32_t limit; /* frames that wait for their time, beyond it they are dropped; 0: see below */
    uint32_t ways;  /* IMPAIR_OUT | IMPAIR_IN; 0: both */
};

#define IMPAIR_HOLD_US     1000
#define IMPAIR_LIMIT       16384 /* .limit 0, without a rate */
#define IMPAIR_LIMIT_RATED 1000  /* .limit 0, with one: as netem */
#define IMPAIR_ERROR_TEXT  200

/* What became of the frames of one direction, in frames of the wire. */
struct impair_counters {
    uint64_t frames; /* came in */
    uint64_t lost, duplicated, reordered, corrupted;
    uint64_t delayed;  /* waited for their time */
    uint64_t overflow; /* dropped: too many were waiting */
    uint64_t passed;   /* went out, copies too */
};

/*
 * Parse "loss=2%,delay=20ms,jitter=1ms,reorder=1%,dup=1%,corrupt=0.1%,rate=100mbit,seed=7";
 * also "limit=500" and "way=out", "way=in", "way=both".
 *
 *   error  IMPAIR_ERROR_TEXT bytes; a sentence when the result is negative
 *
 * Percentages go from 0 to 100 with up to four digits behind the point; times are us, ms or s;
 * rates kbit, mbit or gbit.  The same word twice is refused.  Returns 0 or -EINVAL.
 */
CIAO_MUST_CHECK int impair_parse(const char *text, struct impair_spec *spec,
                                 char error[IMPAIR_ERROR_TEXT]);

/*
 * Wrap a driver; it is the wrapper's from now on and closed with it (not when this call fails).
 *
 *   pool  for the copies that corruption is done on; NULL: only bytes of heads are corrupted.
 *         Outlives whoever receives the frames
 *   cpu   CIAO_CPU_* mask, for checksums
 *
 * Delayed frames move in send() and receive(), whichever is called: deadline() says when.
 * Returns 0, -ENOMEM, -EINVAL.
 */
CIAO_MUST_CHECK int impair_open(struct ciao_driver **driver, struct ciao_driver *inner,
                                const struct impair_spec *spec, struct ciao_bufpool *pool,
                                uint32_t cpu);

/* way: IMPAIR_OUT or IMPAIR_IN */
const struct impair_counters *impair_counters(const struct ciao_driver *driver, uint32_t way);

#endif
