/*
 * The hash of the flow table: what it is, and that inputs that differ little fall apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/multilinear.h"
#include "base/rng.h"

#define WORDS 9u

static struct rng rng;

static void draw(uint64_t *key, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        key[i] = rng_u64(&rng);
}

static uint32_t stirred(uint32_t hash)
{
    hash = (hash ^ hash >> 16) * 0x85ebca6b;
    return hash ^ hash >> 13;
}

/* From the definition: numbers modulo 2^64, bits 32 to 63. */
static void it_is_the_sum_of_products(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 1000; turn++) {
        uint64_t key[MULTILINEAR_KEYS(WORDS)];
        uint32_t words[WORDS];
        uint64_t low, high; /* 32 bits each, with what they carry */
        draw(key, MULTILINEAR_KEYS(WORDS));
        for (unsigned i = 0; i < WORDS; i++)
            words[i] = (uint32_t)rng_u64(&rng);
        low = key[0] & UINT32_MAX;
        high = key[0] >> 32;
        for (unsigned i = 0; i < WORDS; i++) {
            uint64_t product = (key[i + 1] & UINT32_MAX) * words[i];
            low += product & UINT32_MAX;
            high += (key[i + 1] >> 32) * words[i] + (product >> 32);
        }
        assert_int_equal(multilinear(key, words, WORDS), stirred((uint32_t)(high + (low >> 32))));
    }
}

/* Over random keys each bit of the difference of two hashes is set half the time, whatever single
 * bit the inputs differ in: for the table's home the low ones count, for its tags the high ones. */
static void one_bit_of_the_input_changes_each_bit_half_the_time(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 96; bit++) {
        unsigned set[32] = {0};
        for (unsigned turn = 0; turn < 2000; turn++) {
            uint64_t key[MULTILINEAR_KEYS(3)];
            uint32_t words[3] = {0x00509c40, 0x0a000001, 0x0a000002}, before;
            draw(key, MULTILINEAR_KEYS(3));
            before = multilinear(key, words, 3);
            words[bit / 32] ^= UINT32_C(1) << bit % 32;
            before ^= multilinear(key, words, 3);
            for (unsigned i = 0; i < 32; i++)
                set[i] += before >> i & 1;
        }
        for (unsigned i = 0; i < 32; i++)
            assert_in_range(set[i], 850, 1150);
    }
}

/* A client's ports in turn, a scan of addresses: as many meet in a bucket as by chance, also with a
 * key that is a third of the whole but for a little, so that every third step comes out near. */
static void neighbours_spread_over_buckets(void **state)
{
    enum { BUCKETS = 1024, ENTRIES = 65536 };
    static unsigned bucket[BUCKETS];
    (void)state;
    for (unsigned turn = 0; turn < 60; turn++) {
        uint64_t key[MULTILINEAR_KEYS(3)];
        unsigned which = turn % 3;
        double chi2 = 0;
        memset(bucket, 0, sizeof bucket);
        draw(key, MULTILINEAR_KEYS(3));
        if (turn % 2)
            key[which + 1] = UINT64_MAX / 3 + (rng_u64(&rng) >> 24);
        for (uint32_t i = 0; i < ENTRIES; i++) {
            uint32_t words[3] = {0x00509c40, 0x0a000001, 0x0a000002};
            words[which] += i;
            bucket[multilinear(key, words, 3) % BUCKETS]++;
        }
        for (unsigned i = 0; i < BUCKETS; i++) {
            double expected = (double)ENTRIES / BUCKETS, off = bucket[i] - expected;
            chi2 += off * off / expected;
        }
        assert_true(chi2 < 1.5 * BUCKETS); /* more even than chance is fine */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_sum_of_products),
        cmocka_unit_test(one_bit_of_the_input_changes_each_bit_half_the_time),
        cmocka_unit_test(neighbours_spread_over_buckets),
    };
    const uint8_t seed[32] = {41};
    rng_seed(&rng, seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
