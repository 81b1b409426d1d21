/*
 * The flow table when one home has too many entries to be split in one go.  The bound is lowered
 * here, since no hash that is half a hash comes near the real one.
 */
#define FLOW_SPLIT_MOST 64

#include "../../src/base/flow.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define CROWD        100
#define CROWDED_HOME 5
#define OTHERS       390

static struct flow_table table;
static struct rng rng;
static uint64_t other[OTHERS];

static bool is_found(uint64_t hash, ref_t ref)
{
    struct flow_cursor cursor;
    for (ref_t r = flow_first(&table, hash, &cursor); r; r = flow_next(&table, &cursor))
        if (r == ref)
            return true;
    return false;
}

/* All of one home in tables of up to 2^26 groups. */
static uint64_t crowd(uint32_t i)
{
    return (uint64_t)i << 26 | CROWDED_HOME;
}

static void insert_others(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        other[i] = rng_u64(&rng);
        assert_int_equal(flow_insert(&table, other[i], 1000 + i), 0);
    }
}

static void expect_all_found(uint32_t others)
{
    for (uint32_t i = 1; i <= CROWD; i++)
        assert_true(is_found(crowd(i), i));
    for (uint32_t i = 0; i < others; i++)
        assert_true(is_found(other[i], 1000 + i));
}

/* It stops before that group, loses nothing, and grows again once the crowd has gone. */
static void growth_stands_while_a_home_is_crowded(void **state)
{
    (void)state;
    uint8_t seed[32] = {6};
    void *memory = aligned_alloc(64, flow_bytes(100000));
    assert_non_null(memory);
    memset(memory, 0, flow_bytes(100000));
    flow_init(&table, memory, 100000);
    rng_seed(&rng, seed);
    for (uint32_t i = 1; i <= CROWD; i++)
        assert_int_equal(flow_insert(&table, crowd(i), i), 0);
    insert_others(0, 300);
    assert_int_equal(flow_groups(&table), 32 + CROWDED_HOME);
    expect_all_found(300);
    for (uint32_t i = 1; i <= CROWD; i++)
        assert_true(flow_remove(&table, crowd(i), i));
    insert_others(300, OTHERS);
    assert_int_equal(flow_groups(&table), 64);
    for (uint32_t i = 0; i < OTHERS; i++)
        assert_true(flow_remove(&table, other[i], 1000 + i));
    assert_int_equal(flow_count(&table), 0);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_stands_while_a_home_is_crowded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
