/*
 * Short times, by the processor's own counter: a clock_gettime() costs as much as a tenth of a
 * round trip.
 */
#ifndef BENCH_TICKER_H
#define BENCH_TICKER_H

#include <stdint.h>
#include <time.h>

struct ticker {
    double ns;     /* of a tick */
    uint64_t cost; /* ticks that pass between two looks with nothing between */
};

static inline uint64_t ticker_clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline uint64_t ticker_now(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return ticker_clock_ns();
#endif
}

/* Learns both numbers; takes 10 ms. */
void ticker_start(struct ticker *ticker);

#endif
