/*
 * Random numbers: SipHash-2-4 of a counter, under a key made of the seed.
 */
#include "base/rng.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/siphash.h"

/*
 * All 32 bytes go into both halves of the key: the first 16 are the hash's own key, the others what
 * it hashes.
 */
void rng_seed(struct rng *rng, const uint8_t seed[32])
{
    const uint64_t key[2] = {get_le64(seed), get_le64(seed + 8)};
    uint64_t words[3] = {get_le64(seed + 16), get_le64(seed + 24), 0};
    rng->key[0] = siphash24_u64s(key, words, 3);
    words[2] = 1;
    rng->key[1] = siphash24_u64s(key, words, 3);
    rng->count = 0;
}

uint64_t rng_u64(struct rng *rng)
{
    uint64_t number = siphash24_u64s(rng->key, &rng->count, 1);
    rng->count++;
    return number;
}

uint32_t rng_u32(struct rng *rng)
{
    return (uint32_t)(rng_u64(rng) >> 32);
}

/*
 * Lemire 2019: the product's high half is even once the few low halves that would tip it are thrown
 * away.
 */
uint32_t rng_below(struct rng *rng, uint32_t n)
{
    ASSERT(n != 0);
    uint64_t product = (uint64_t)rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t surplus = -n % n;
        while ((uint32_t)product < surplus)
            product = (uint64_t)rng_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}
