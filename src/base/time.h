/*
 * Time as the stack knows it: monotonic microseconds that the host hands in.  No clock is read
 * here.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

typedef uint64_t time_us;

#define TIME_NEVER UINT64_MAX

static inline time_us ms_to_us(uint64_t ms)
{
    return ms * 1000;
}

static inline time_us s_to_us(uint64_t s)
{
    return s * 1000000;
}

/* Rounded down: a span of 999 us has lasted 0 ms. */
static inline uint64_t us_to_ms(time_us us)
{
    return us / 1000;
}

static inline time_us time_min(time_us a, time_us b)
{
    return a < b ? a : b;
}

static inline time_us time_max(time_us a, time_us b)
{
    return a > b ? a : b;
}

#endif
