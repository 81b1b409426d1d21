/*
 * Percentiles: see histogram.h.
 */
#include "bench/histogram.h"

static uint64_t least_of(unsigned bucket)
{
    unsigned shift = bucket >> HISTOGRAM_BITS < 2 ? 0 : (bucket >> HISTOGRAM_BITS) - 1;

    return (uint64_t)(bucket - (shift << HISTOGRAM_BITS)) << shift;
}

uint64_t histogram_at(const struct histogram *histogram, uint32_t millionths)
{
    uint64_t wanted = histogram->total * millionths / 1000000, seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->bucket[i];
        if (seen > 0 && seen >= wanted)
            return least_of(i);
    }
    return 0;
}
