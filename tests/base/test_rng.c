/*
 * Random numbers: repeatable from the seed, even, and different for every bit of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void seed_of(struct rng *rng, uint8_t first)
{
    uint8_t seed[32] = {first};
    rng_seed(rng, seed);
}

static void the_same_seed_gives_the_same_numbers(void **state)
{
    (void)state;
    struct rng a, b;
    seed_of(&a, 7);
    seed_of(&b, 7);
    uint64_t before = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t number = rng_u64(&a);
        assert_true(number == rng_u64(&b));
        assert_true(number != before);
        before = number;
    }
}

static void every_byte_of_the_seed_counts(void **state)
{
    (void)state;
    uint8_t seed[32] = {0};
    struct rng plain;
    rng_seed(&plain, seed);
    for (size_t i = 0; i < sizeof seed; i++) {
        struct rng other;
        seed[i] = 1;
        rng_seed(&other, seed);
        seed[i] = 0;
        assert_true(other.key[0] != plain.key[0]);
        assert_true(other.key[1] != plain.key[1]);
    }
}

static void numbers_below_n_are_even(void **state)
{
    (void)state;
    struct rng rng;
    uint32_t seen[7] = {0};
    seed_of(&rng, 1);
    for (int i = 0; i < 70000; i++) {
        uint32_t number = rng_below(&rng, 7);
        assert_true(number < 7);
        seen[number]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 9600, 10400); /* four standard deviations */
}

/* Of 3/4 of the circle, half the numbers must lie in the upper 2/3: by mere division they do not.
 */
static void numbers_below_a_large_n_are_even_as_well(void **state)
{
    (void)state;
    struct rng rng;
    uint32_t thirds[3] = {0};
    seed_of(&rng, 2);
    for (int i = 0; i < 30000; i++)
        thirds[rng_below(&rng, 0xc0000000) >> 30]++;
    for (int i = 0; i < 3; i++)
        assert_in_range(thirds[i], 9670, 10330);
}

static void below_one_there_is_only_nought(void **state)
{
    (void)state;
    struct rng rng;
    seed_of(&rng, 3);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rng_below(&rng, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_numbers),
        cmocka_unit_test(every_byte_of_the_seed_counts),
        cmocka_unit_test(numbers_below_n_are_even),
        cmocka_unit_test(numbers_below_a_large_n_are_even_as_well),
        cmocka_unit_test(below_one_there_is_only_nought),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
