/*
 * Two driver ends joined in memory: what one sends, the other receives, in order and without loss.
 *
 * Payload crosses by reference; only the bytes of a head that lies in its frame's own room are
 * copied.  So both ends, and the pools that the payload comes from, belong to one thread, and a
 * pool outlives both ends.  It is no network: nothing is lost, late or cut (impair.h does that).
 */
#ifndef DRIVER_LOOP_H
#define DRIVER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/driver.h"

struct loop_options {
    enum ciao_link_kind kind;
    uint32_t mtu;       /* 0: 1500 */
    uint32_t gso_bytes; /* largest super-segment that crosses in one piece, 0: none */
    uint32_t queue;     /* frames each way before send() takes no more, a power of two; 0: 256 */
    bool offload;       /* carry checksums as PARTIAL and VERIFIED; off: computed and verified */
};

/*
 * Make both ends.
 *
 *   options  NULL: bare IP, MTU 1500, no super-segments, checksums in software
 *
 * deadline() of an end is 0 ("now") while something waits to be received there.  When one end is
 * closed, the other still receives what was under way, and what it sends is thrown away.
 *
 * Returns 0, -EINVAL (queue is no power of two, or an MTU that no link has), -ENOMEM.
 */
CIAO_MUST_CHECK int loop_pair(struct ciao_driver **a, struct ciao_driver **b,
                              const struct loop_options *options);

/*
 * Make one end that receives what it sends: the driver of a loopback link.
 *
 *   options  NULL: MTU 65,535, no super-segments, checksums believed.  `kind` does not matter
 *
 * Returns as above.
 */
CIAO_MUST_CHECK int loop_self(struct ciao_driver **end, const struct loop_options *options);

#endif
