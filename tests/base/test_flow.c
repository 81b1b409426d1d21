/*
 * The flow table: stories, and a naive model that it must agree with.
 * test_flow_portable.c runs all this again on the version without SSE2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/flow.h"
#include "base/rng.h"

static struct flow_table table;
static void *memory;
static struct rng rng;

static void begin(uint32_t max_entries)
{
    uint8_t seed[32] = {5};
    rng_seed(&rng, seed);
    size_t bytes = (flow_bytes(max_entries) + 63) & ~(size_t)63;
    memory = aligned_alloc(64, bytes);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    flow_init(&table, memory, max_entries);
}

/* Every test ends with an empty table in which no trace of an entry is left. */
static void end(void)
{
    assert_int_equal(flow_count(&table), 0);
    for (uint32_t g = 0; g < flow_groups(&table); g++) {
        assert_int_equal(flow_match(&table.group[g], 0), FLOW_TAGS);
        assert_int_equal(table.group[g].passed, 0);
    }
    free(memory);
}

/* How often a search for the hash comes upon the ref. */
static uint32_t found(uint64_t hash, ref_t ref)
{
    struct flow_cursor cursor;
    uint32_t times = 0;
    for (ref_t r = flow_first(&table, hash, &cursor); r; r = flow_next(&table, &cursor))
        times += r == ref;
    return times;
}

static uint32_t candidates(uint64_t hash)
{
    struct flow_cursor cursor;
    uint32_t n = 0;
    for (ref_t r = flow_first(&table, hash, &cursor); r; r = flow_next(&table, &cursor))
        n++;
    return n;
}

static void what_is_inserted_is_found_until_it_is_removed(void **state)
{
    (void)state;
    begin(100);
    assert_int_equal(found(77, 5), 0);
    assert_int_equal(flow_insert(&table, 77, 5), 0);
    assert_int_equal(found(77, 5), 1);
    assert_int_equal(candidates(78), 0);
    assert_false(flow_remove(&table, 77, 6));
    assert_false(flow_remove(&table, 78, 5));
    assert_true(flow_remove(&table, 77, 5));
    assert_int_equal(found(77, 5), 0);
    assert_false(flow_remove(&table, 77, 5));
    end();
}

static void a_converted_record_keeps_its_place(void **state)
{
    (void)state;
    begin(100);
    assert_int_equal(flow_insert(&table, 77, ref_make(KIND_SYN4, 1)), 0);
    assert_true(flow_replace(&table, 77, ref_make(KIND_SYN4, 1), ref_make(KIND_TCB4, 9)));
    assert_false(flow_replace(&table, 77, ref_make(KIND_SYN4, 1), ref_make(KIND_TW4, 3)));
    assert_int_equal(found(77, ref_make(KIND_TCB4, 9)), 1);
    assert_int_equal(found(77, ref_make(KIND_SYN4, 1)), 0);
    assert_int_equal(flow_count(&table), 1);
    assert_true(flow_remove(&table, 77, ref_make(KIND_TCB4, 9)));
    end();
}

static void the_same_hash_may_have_several_records(void **state)
{
    (void)state;
    begin(1000);
    for (ref_t r = 1; r <= 50; r++)
        assert_int_equal(flow_insert(&table, 77, r), 0);
    assert_int_equal(candidates(77), 50);
    for (ref_t r = 1; r <= 50; r += 2)
        assert_true(flow_remove(&table, 77, r));
    assert_int_equal(candidates(77), 25);
    for (ref_t r = 2; r <= 50; r += 2)
        assert_int_equal(found(77, r), 1);
    for (ref_t r = 2; r <= 50; r += 2)
        assert_true(flow_remove(&table, 77, r));
    end();
}

static void the_budget_is_kept_and_can_be_used_to_the_last(void **state)
{
    (void)state;
    begin(5000);
    for (ref_t r = 1; r <= 5000; r++)
        assert_int_equal(flow_insert(&table, rng_u64(&rng), r), 0);
    assert_int_equal(flow_insert(&table, rng_u64(&rng), 5001), -1);
    assert_int_equal(flow_count(&table), 5000);
    uint8_t seed[32] = {5};
    rng_seed(&rng, seed);
    uint64_t first = rng_u64(&rng);
    assert_true(flow_remove(&table, first, 1));
    assert_int_equal(flow_insert(&table, first, 1), 0);
    rng_seed(&rng, seed);
    for (ref_t r = 1; r <= 5000; r++)
        assert_true(flow_remove(&table, rng_u64(&rng), r));
    end();
}

/* What only an attacker with the key could do: it must refuse, and lose none that it took. */
static void a_thousand_of_one_hash_are_refused_and_not_lost(void **state)
{
    (void)state;
    enum { OTHERS = 20000 };
    static uint64_t other[OTHERS];
    begin(100000);
    uint32_t taken = 0, n = 0;
    while (taken < 1000 && flow_insert(&table, 77, taken + 1) == 0)
        taken++;
    assert_true(taken >= 14 * FLOW_REACH - 14 && taken < 1000);
    for (uint32_t i = 0; i < OTHERS; i++) {
        other[n] = rng_u64(&rng);
        n += flow_insert(&table, other[n], 10000 + n) == 0;
    }
    assert_true(n > OTHERS - OTHERS / 50); /* those of the same home, while there are few homes */
    assert_int_equal(candidates(77), taken);
    for (ref_t r = 1; r <= taken; r++)
        assert_int_equal(found(77, r), 1);
    for (ref_t r = 1; r <= taken; r++)
        assert_true(flow_remove(&table, 77, r));
    while (n-- > 0)
        assert_true(flow_remove(&table, other[n], 10000 + n));
    end();
}

/* While it grows, at every single insert, all that went in before is found. */
static void nothing_is_out_of_sight_while_it_grows(void **state)
{
    (void)state;
    enum { N = 3000 };
    static uint64_t hash[N];
    begin(N);
    uint32_t groups_before = flow_groups(&table);
    for (uint32_t i = 0; i < N; i++) {
        hash[i] = rng_u64(&rng);
        assert_int_equal(flow_insert(&table, hash[i], i + 1), 0);
        assert_true(flow_groups(&table) <= groups_before + 2);
        groups_before = flow_groups(&table);
        for (uint32_t j = i % 7; j <= i; j += 7)
            assert_int_equal(found(hash[j], j + 1), 1);
    }
    for (uint32_t i = 0; i < N; i++)
        assert_true(flow_remove(&table, hash[i], i + 1));
    end();
}

/* Only groups in use are touched: those of later doublings are as they were handed in. */
static void memory_beyond_the_growth_is_not_touched(void **state)
{
    (void)state;
    begin(1000000);
    for (ref_t r = 1; r <= 1000; r++)
        assert_int_equal(flow_insert(&table, rng_u64(&rng), r), 0);
    uint32_t doubled = flow_groups(&table) * 2;
    const uint8_t *bytes = memory;
    for (size_t i = (size_t)doubled * 128; i < flow_bytes(1000000); i += 4096)
        assert_int_equal(bytes[i], 0);
    uint8_t seed[32] = {5};
    rng_seed(&rng, seed);
    for (ref_t r = 1; r <= 1000; r++)
        assert_true(flow_remove(&table, rng_u64(&rng), r));
    end();
}

/* Groups that a search for what is not there goes through, on average over many. */
static double groups_for_a_miss(void)
{
    uint64_t groups = 0;
    for (int i = 0; i < 20000; i++) {
        struct flow_cursor cursor;
        (void)flow_first(&table, rng_u64(&rng), &cursor);
        groups += cursor.step + 1;
    }
    return (double)groups / 20000;
}

static void a_hundred_thousand_closes_leave_searches_as_short_as_before(void **state)
{
    (void)state;
    enum { LIVE = 20000 };
    static uint64_t hash[LIVE];
    begin(LIVE);
    for (uint32_t i = 0; i < LIVE; i++) {
        hash[i] = rng_u64(&rng);
        assert_int_equal(flow_insert(&table, hash[i], i + 1), 0);
    }
    double before = groups_for_a_miss();
    uint32_t groups = flow_groups(&table);
    for (int cycle = 0; cycle < 200000; cycle++) {
        uint32_t i = rng_below(&rng, LIVE);
        assert_true(flow_remove(&table, hash[i], i + 1));
        hash[i] = rng_u64(&rng);
        assert_int_equal(flow_insert(&table, hash[i], i + 1), 0);
    }
    assert_int_equal(flow_groups(&table), groups);
    assert_true(groups_for_a_miss() < before + 0.15);
    for (uint32_t i = 0; i < LIVE; i++)
        assert_true(flow_remove(&table, hash[i], i + 1));
    assert_true(groups_for_a_miss() == 1.0);
    end();
}

/* ---- the naive model: an array of pairs ---- */

#define MODEL 2000

static struct {
    uint64_t hash;
    ref_t ref;
} model[MODEL];
static uint32_t n_model;

static void model_operation(uint32_t hash_bits, uint32_t op)
{
    uint32_t what = rng_below(&rng, 100);
    /* The tide: it fills and drains in turn. */
    uint32_t filling = op / 10000 % 2 ? 30 : 60;
    if (what < filling && n_model < MODEL) {
        uint64_t hash = rng_u64(&rng) & ((UINT64_C(1) << hash_bits) - 1);
        if (flow_insert(&table, hash, op + 1) == 0) {
            model[n_model].hash = hash;
            model[n_model++].ref = op + 1;
        }
    } else if (n_model > 0) {
        uint32_t i = rng_below(&rng, n_model);
        assert_int_equal(found(model[i].hash, model[i].ref), 1);
        if (what % 3) {
            assert_true(flow_remove(&table, model[i].hash, model[i].ref));
            model[i] = model[--n_model];
        } else {
            ref_t new_ref = ref_make(KIND_TW4, op + 1);
            assert_true(flow_replace(&table, model[i].hash, model[i].ref, new_ref));
            model[i].ref = new_ref;
        }
    }
    assert_int_equal(flow_count(&table), n_model);
}

static void compare_with_model(void)
{
    for (uint32_t i = 0; i < n_model; i++) {
        uint32_t same = 0;
        for (uint32_t j = 0; j < n_model; j++)
            same += (uint32_t)model[j].hash == (uint32_t)model[i].hash;
        assert_int_equal(found(model[i].hash, model[i].ref), 1);
        assert_int_equal(candidates(model[i].hash), same);
    }
}

static void run_against_model(uint32_t hash_bits)
{
    begin(MODEL);
    n_model = 0;
    for (uint32_t op = 0; op < 120000; op++) {
        model_operation(hash_bits, op);
        if (op % 5000 == 4999)
            compare_with_model();
    }
    while (n_model > 0) {
        n_model--;
        assert_true(flow_remove(&table, model[n_model].hash, model[n_model].ref));
    }
    end();
}

static void it_agrees_with_the_model(void **state)
{
    (void)state;
    run_against_model(63);
}

/* Few hashes, long ways, homes that spill into each other. */
static void it_agrees_with_the_model_under_a_bad_hash(void **state)
{
    (void)state;
    run_against_model(5);
}

static void tags_are_matched_the_same_way_with_and_without_sse2(void **state)
{
    (void)state;
    begin(10);
    for (int i = 0; i < 100000; i++) {
        struct flow_group group;
        uint8_t *bytes = (uint8_t *)&group;
        uint32_t expected = 0;
        memset(&group, 0, sizeof group);
        uint8_t byte = (uint8_t)rng_below(&rng, 256);
        for (uint32_t b = 0; b < 16; b++) {
            uint8_t near_byte = (uint8_t)(byte + rng_below(&rng, 3) - 1);
            bytes[b] = rng_below(&rng, 4) ? near_byte : (uint8_t)rng_below(&rng, 256);
            if (b < FLOW_GROUP && bytes[b] == byte)
                expected |= 1u << b;
        }
        assert_int_equal(flow_match(&group, byte), expected);
        assert_int_equal(flow_match_portable(&group, byte), expected);
    }
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_inserted_is_found_until_it_is_removed),
        cmocka_unit_test(a_converted_record_keeps_its_place),
        cmocka_unit_test(the_same_hash_may_have_several_records),
        cmocka_unit_test(the_budget_is_kept_and_can_be_used_to_the_last),
        cmocka_unit_test(a_thousand_of_one_hash_are_refused_and_not_lost),
        cmocka_unit_test(nothing_is_out_of_sight_while_it_grows),
        cmocka_unit_test(memory_beyond_the_growth_is_not_touched),
        cmocka_unit_test(a_hundred_thousand_closes_leave_searches_as_short_as_before),
        cmocka_unit_test(it_agrees_with_the_model),
        cmocka_unit_test(it_agrees_with_the_model_under_a_bad_hash),
        cmocka_unit_test(tags_are_matched_the_same_way_with_and_without_sse2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
