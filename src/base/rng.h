/*
 * Random numbers out of a seed that is handed in: SipHash-2-4 in counter mode.  The same seed gives
 * the same numbers, so that a run can be repeated; without the seed they cannot be foretold.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t key[2];
    uint64_t count;
};

void rng_seed(struct rng *rng, const uint8_t seed[32]);
uint64_t rng_u64(struct rng *rng);
uint32_t rng_u32(struct rng *rng);

/* Evenly one of 0 .. n-1; `n` is not 0. */
uint32_t rng_below(struct rng *rng, uint32_t n);

#endif
