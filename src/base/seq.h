/*
 * Sequence numbers: 32 bits that wrap.  "Before" means nearer than half the circle, and no other
 * code compares them by < or >.  [RFC9293 3.4]
 */
#ifndef BASE_SEQ_H
#define BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t seq_t;

static inline bool seq_lt(seq_t a, seq_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool seq_leq(seq_t a, seq_t b)
{
    return (int32_t)(a - b) <= 0;
}

static inline bool seq_gt(seq_t a, seq_t b)
{
    return seq_lt(b, a);
}

static inline bool seq_geq(seq_t a, seq_t b)
{
    return seq_leq(b, a);
}

static inline seq_t seq_max(seq_t a, seq_t b)
{
    return seq_lt(a, b) ? b : a;
}

static inline seq_t seq_min(seq_t a, seq_t b)
{
    return seq_lt(b, a) ? b : a;
}

/* Lies `seq` in the `size` numbers that begin at `left`?  Never, when there are none. */
static inline bool seq_in_window(seq_t seq, seq_t left, uint32_t size)
{
    return (uint32_t)(seq - left) < size;
}

#endif
