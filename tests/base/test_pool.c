/*
 * Records by index: budget, order, and what is caught.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "base/ref.h"
#include "base/rng.h"
#include "support/abort_hook.h"

#define STRIDE   24
#define CAPACITY 100

static struct pool *new_pool(void)
{
    static struct pool pool;
    void *memory = calloc(1, pool_bytes(STRIDE, CAPACITY));
    assert_non_null(memory);
    pool_init(&pool, memory, STRIDE, CAPACITY);
    return &pool;
}

static void free_pool(struct pool *pool)
{
    free(pool->base);
}

static void the_budget_is_handed_out_and_no_more(void **state)
{
    (void)state;
    struct pool *pool = new_pool();
    for (uint32_t i = 1; i <= CAPACITY; i++)
        assert_int_equal(pool_take(pool), i);
    assert_int_equal(pool_take(pool), 0);
    assert_int_equal(pool->used, CAPACITY);
    pool_give(pool, 42);
    assert_int_equal(pool_take(pool), 42);
    assert_int_equal(pool_take(pool), 0);
    free_pool(pool);
}

static void the_last_given_is_the_next_taken(void **state)
{
    (void)state;
    struct pool *pool = new_pool();
    for (int i = 0; i < 5; i++)
        (void)pool_take(pool);
    pool_give(pool, 2);
    pool_give(pool, 4);
    assert_int_equal(pool_take(pool), 4);
    assert_int_equal(pool_take(pool), 2);
    assert_int_equal(pool_take(pool), 6);
    assert_int_equal(pool->high, 6);
    free_pool(pool);
}

static void slots_are_apart_and_keep_their_contents(void **state)
{
    (void)state;
    struct pool *pool = new_pool();
    for (uint32_t i = 1; i <= CAPACITY; i++)
        memset(pool_at(pool, pool_take(pool)), (int)i, STRIDE);
    for (uint32_t i = 1; i <= CAPACITY; i++) {
        const uint8_t *slot = pool_at(pool, i);
        for (size_t b = 0; b < STRIDE; b++)
            assert_int_equal(slot[b], i);
        assert_true(pool_is_out(pool, i));
    }
    free_pool(pool);
}

/* Giving and taking at random: never a slot twice, and the books are right.  Ends empty. */
static void no_slot_is_out_twice(void **state)
{
    (void)state;
    struct pool *pool = new_pool();
    struct rng rng;
    uint8_t seed[32] = {9};
    uint32_t out[CAPACITY], n = 0, peak = 0;
    rng_seed(&rng, seed);
    for (int i = 0; i < 20000; i++) {
        if (rng_below(&rng, 2) && n < CAPACITY) {
            uint32_t index = pool_take(pool);
            for (uint32_t j = 0; j < n; j++)
                assert_int_not_equal(out[j], index);
            out[n++] = index;
            peak = n > peak ? n : peak;
        } else if (n > 0) {
            uint32_t j = rng_below(&rng, n);
            pool_give(pool, out[j]);
            assert_false(pool_is_out(pool, out[j]));
            out[j] = out[--n];
        }
        assert_int_equal(pool->used, n);
    }
    while (n > 0)
        pool_give(pool, out[--n]);
    assert_int_equal(pool->used, 0);
    assert_int_equal(pool->high, peak);
    free_pool(pool);
}

static void give_seven(void *context)
{
    pool_give(context, 7);
}

static void a_slot_given_twice_is_caught_whatever_is_in_it(void **state)
{
    (void)state;
    struct pool *pool = new_pool();
    for (int i = 0; i < 8; i++)
        (void)pool_take(pool);
    pool_give(pool, 7);
    memset(pool_at(pool, 7), 0, STRIDE);
    assert_true(test_aborts(give_seven, pool));
    free_pool(pool);
}

static void a_slot_never_taken_cannot_be_given(void **state)
{
    (void)state;
    struct pool *pool = new_pool();
    assert_false(pool_is_out(pool, 0));
    assert_false(pool_is_out(pool, 7));
    assert_false(pool_is_out(pool, CAPACITY + 1));
    assert_true(test_aborts(give_seven, pool));
    free_pool(pool);
}

static void a_ref_is_a_kind_and_an_index(void **state)
{
    (void)state;
    ref_t ref = ref_make(KIND_OTHER, REF_INDEX_MAX);
    assert_int_equal(ref, UINT32_MAX);
    assert_int_equal(ref_kind(ref), KIND_OTHER);
    assert_int_equal(ref_index(ref), REF_INDEX_MAX);
    ref = ref_make(KIND_SYN4, 1);
    assert_int_equal(ref_kind(ref), KIND_SYN4);
    assert_int_equal(ref_index(ref), 1);
    assert_int_equal(ref_make(KIND_NONE, 0), REF_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_budget_is_handed_out_and_no_more),
        cmocka_unit_test(the_last_given_is_the_next_taken),
        cmocka_unit_test(slots_are_apart_and_keep_their_contents),
        cmocka_unit_test(no_slot_is_out_twice),
        cmocka_unit_test(a_slot_given_twice_is_caught_whatever_is_in_it),
        cmocka_unit_test(a_slot_never_taken_cannot_be_given),
        cmocka_unit_test(a_ref_is_a_kind_and_an_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
