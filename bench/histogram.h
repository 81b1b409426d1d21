/*
 * How often each length of time occurred, counted as HdrHistogram does: a bucket is as wide as a
 * 64th of what stands in it, so every value is known to 1.6 per cent, and counting one costs a few
 * instructions.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS    6 /* 64 buckets for each doubling */
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
    uint64_t total, most;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
    unsigned shift = 0;

    if (value >> HISTOGRAM_BITS != 0)
        shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_BITS;
    histogram->bucket[(shift << HISTOGRAM_BITS) + (unsigned)(value >> shift)]++;
    histogram->total++;
    if (value > histogram->most)
        histogram->most = value;
}

/* So many of a million values are not above what is returned, which is at most 1.6 per cent too
 * low; 0 when there are none. */
uint64_t histogram_at(const struct histogram *histogram, uint32_t millionths);

#endif
