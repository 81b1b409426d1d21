/*
 * Deadlines: a hierarchical timing wheel of nodes that lie in records and are named by ref_t.
 *
 * A tick is 1 ms.  A deadline fires at the first tick that is not before it: never early, and less
 * than 1 ms late.  A node lies on the level of the highest digit in which its tick differs from the
 * wheel's position, and comes down a level each time the position reaches its slot.  So all of a
 * level is due before all of the next level, and the first set bit of the first level that has any
 * leads to the earliest.
 *
 * What is in a slot is listed in chunks, a cache line each, and not through the nodes: arming and
 * disarming touch no other record, and whoever serves many that are due can see them coming and
 * have them fetched from memory together.
 *
 * Not for what must be exact to the microsecond (pacing has its own not-before time).
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "base/ref.h"
#include "base/time.h"

#define WHEEL_BITS   6
#define WHEEL_LEVELS 6
#define WHEEL_SLOTS  (1 << WHEEL_BITS)

/*
 * Deadlines farther off than this are taken to be this far off (37 days): whoever arms one looks
 * again then.
 */
#define WHEEL_FARTHEST_MS UINT32_C(0xc0000000)

/* `place` 0 means: not armed.  Else its chunk and its place in there. */
struct wheel_node {
    uint32_t place;
    uint32_t tick;
};

/* Where the nodes of one kind are: index i's lies at base + i * stride + node_offset. */
struct wheel_space {
    uint8_t *base;
    uint32_t stride, node_offset;
};

#define WHEEL_CHUNK 13

struct wheel_chunk {
    uint32_t next, prev; /* of the same slot, older and newer; 0: none */
    uint16_t free;       /* a bit for each place where none is armed */
    uint16_t slot;
    ref_t ref[WHEEL_CHUNK];
};

struct wheel {
    uint64_t position; /* the tick that was reached */
    uint32_t count;
    struct pool chunks;
    bool expiring; /* nodes of this very tick are being handed out */
    uint64_t occupied[WHEEL_LEVELS];
    uint64_t vague[WHEEL_LEVELS]; /* slots whose earliest node went: the next is not known */
    struct wheel_space space[REF_KINDS];
    uint32_t slot[WHEEL_LEVELS * WHEEL_SLOTS]; /* the newest chunk; 0: none */
    uint32_t earliest[WHEEL_LEVELS * WHEEL_SLOTS];
};

/* Memory, zeroed and aligned to 64, for so many nodes that may be armed at the same time. */
size_t wheel_bytes(uint32_t nodes);
void wheel_init(struct wheel *wheel, void *memory, uint32_t nodes, time_us now);
void wheel_space(struct wheel *wheel, enum ref_kind kind, struct wheel_space space);

/*
 * Arm, or move what is armed; TIME_NEVER disarms.  A deadline in the past is due at the next
 * wheel_expire().
 */
void wheel_set(struct wheel *wheel, ref_t ref, time_us deadline);
void wheel_cancel(struct wheel *wheel, ref_t ref);
/* The first tick that is not before a deadline. */
static inline uint64_t wheel_tick(time_us deadline)
{
    return (deadline + 999) / 1000;
}
bool wheel_armed(const struct wheel *wheel, ref_t ref);

/* The same for whoever has the record at hand; the deadline is not TIME_NEVER. */
static inline bool wheel_node_armed(const struct wheel_node *node)
{
    return node->place != 0;
}
/* Armed or not, it is due at that tick. */
void wheel_set_node(struct wheel *wheel, struct wheel_node *node, ref_t ref, uint64_t tick);
/* It is armed. */
void wheel_disarm(struct wheel *wheel, struct wheel_node *node);
static inline void wheel_cancel_node(struct wheel *wheel, struct wheel_node *node)
{
    if (wheel_node_armed(node))
        wheel_disarm(wheel, node);
}

/*
 * Unlink and return one that is due at `now`, in the order of ticks; REF_NONE when there are no
 * more.  Call it in a loop.  What the loop arms for a tick that is being handed out, or an earlier
 * one, comes a tick later, so that each tick ends.
 */
ref_t wheel_expire(struct wheel *wheel, time_us now);

/* What it will return after about `ahead` others, fewer than WHEEL_CHUNK; REF_NONE: nothing that
 * is due now, or none is armed there. */
ref_t wheel_coming(const struct wheel *wheel, unsigned ahead);

/*
 * When to call wheel_expire() next: TIME_NEVER, or a whole ms that is never later than the earliest
 * deadline's tick.  It is exactly that tick, unless the earliest of its slot was cancelled or
 * moved: then it may be the time at which that slot comes down a level, and the waking is spurious
 * (once a level at most).
 */
time_us wheel_next(const struct wheel *wheel);

static inline uint32_t wheel_count(const struct wheel *wheel)
{
    return wheel->count;
}

#endif
