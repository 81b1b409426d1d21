/*
 * The timing wheel: stories of single deadlines, and a naive model that it must agree with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/wheel.h"
#include "support/abort_hook.h"

#define DAY_MS UINT64_C(86400000)
#define NODES  300

struct record {
    uint64_t something_else;
    struct wheel_node node;
};

static struct record records[NODES];
static struct wheel wheel;
static _Alignas(64) uint8_t chunks[(NODES + 400) * sizeof(struct wheel_chunk)];

static void begin(time_us now)
{
    memset(records, 0, sizeof records);
    assert_true(wheel_bytes(NODES) <= sizeof chunks);
    memset(chunks, 0, sizeof chunks);
    wheel_init(&wheel, chunks, NODES, now);
    struct wheel_space space = {(uint8_t *)records, sizeof records[0],
                                offsetof(struct record, node)};
    wheel_space(&wheel, KIND_TCB4, space);
    wheel_space(&wheel, KIND_OTHER, space);
}

/* Nodes with an odd index are of another kind, so that links cross kinds. */
static ref_t nth(uint32_t i)
{
    return ref_make(i % 2 ? KIND_OTHER : KIND_TCB4, i);
}

static void expect_expired(time_us now, ref_t expected)
{
    assert_int_equal(wheel_expire(&wheel, now), expected);
}

static void a_deadline_fires_at_its_time_and_not_before(void **state)
{
    (void)state;
    const uint64_t ms[] = {1, 2, 63, 64, 65, 200, 4095, 4096, 60000, 7200000, DAY_MS, 24 * DAY_MS};
    for (size_t i = 0; i < sizeof ms / sizeof ms[0]; i++) {
        begin(5000000);
        time_us deadline = 5000000 + ms_to_us(ms[i]);
        wheel_set(&wheel, nth(3), deadline);
        assert_true(wheel_next(&wheel) == deadline);
        expect_expired(deadline - 1, REF_NONE);
        assert_true(wheel_next(&wheel) == deadline);
        assert_true(wheel_armed(&wheel, nth(3)));
        expect_expired(deadline, nth(3));
        assert_false(wheel_armed(&wheel, nth(3)));
        expect_expired(deadline, REF_NONE);
        assert_true(wheel_next(&wheel) == TIME_NEVER);
    }
}

static void a_deadline_between_two_ticks_waits_for_the_later(void **state)
{
    (void)state;
    begin(0);
    wheel_set(&wheel, nth(1), 40001);
    assert_true(wheel_next(&wheel) == 41000);
    expect_expired(40999, REF_NONE);
    expect_expired(41000, nth(1));
}

static void a_deadline_in_the_past_is_due_at_once(void **state)
{
    (void)state;
    begin(10000);
    wheel_set(&wheel, nth(1), 10000);
    wheel_set(&wheel, nth(2), 3);
    assert_true(wheel_next(&wheel) == 10000);
    expect_expired(10000, nth(2));
    expect_expired(10000, nth(1));
    expect_expired(10000, REF_NONE);
    wheel_set(&wheel, nth(1), 9000);
    expect_expired(10000, nth(1));
}

static void what_is_cancelled_does_not_fire(void **state)
{
    (void)state;
    begin(0);
    for (uint32_t i = 1; i <= 3; i++)
        wheel_set(&wheel, nth(i), 5000);
    wheel_cancel(&wheel, nth(2));
    wheel_cancel(&wheel, nth(2));
    assert_int_equal(wheel_count(&wheel), 2);
    expect_expired(5000, nth(3));
    wheel_cancel(&wheel, nth(1));
    expect_expired(5000, REF_NONE);
    assert_int_equal(wheel_count(&wheel), 0);
}

static void never_disarms(void **state)
{
    (void)state;
    begin(0);
    wheel_set(&wheel, nth(1), 5000);
    wheel_set(&wheel, nth(1), TIME_NEVER);
    assert_false(wheel_armed(&wheel, nth(1)));
    wheel_set(&wheel, nth(1), TIME_NEVER);
    assert_true(wheel_next(&wheel) == TIME_NEVER);
    expect_expired(10000, REF_NONE);
}

static void what_is_moved_fires_once_at_the_new_time(void **state)
{
    (void)state;
    begin(0);
    wheel_set(&wheel, nth(1), 5000);
    wheel_set(&wheel, nth(1), ms_to_us(70000));
    assert_int_equal(wheel_count(&wheel), 1);
    expect_expired(ms_to_us(69999), REF_NONE);
    wheel_set(&wheel, nth(1), ms_to_us(70001));
    expect_expired(ms_to_us(70000), REF_NONE);
    expect_expired(ms_to_us(70001), nth(1));
    expect_expired(ms_to_us(70001), REF_NONE);
}

static void a_jump_over_days_hands_out_all_in_order(void **state)
{
    (void)state;
    begin(0);
    for (uint32_t i = 1; i <= 20; i++)
        wheel_set(&wheel, nth(i), ms_to_us((21 - i) * DAY_MS + i));
    for (uint32_t i = 20; i >= 1; i--)
        expect_expired(ms_to_us(40 * DAY_MS), nth(i));
    expect_expired(ms_to_us(40 * DAY_MS), REF_NONE);
}

/* The 32 bits that a node keeps of its tick wrap after 49.7 days. */
static void ticks_may_wrap(void **state)
{
    (void)state;
    time_us near_wrap = ms_to_us((UINT64_C(1) << 32) - 100);
    begin(near_wrap);
    wheel_set(&wheel, nth(1), near_wrap + ms_to_us(300));
    wheel_set(&wheel, nth(2), near_wrap + ms_to_us(50));
    wheel_set(&wheel, nth(3), near_wrap + ms_to_us(20 * DAY_MS));
    assert_true(wheel_next(&wheel) == near_wrap + ms_to_us(50));
    expect_expired(near_wrap + ms_to_us(50), nth(2));
    expect_expired(near_wrap + ms_to_us(299), REF_NONE);
    assert_true(wheel_next(&wheel) == near_wrap + ms_to_us(300));
    expect_expired(near_wrap + ms_to_us(300), nth(1));
    expect_expired(near_wrap + ms_to_us(20 * DAY_MS) - 1, REF_NONE);
    expect_expired(near_wrap + ms_to_us(20 * DAY_MS), nth(3));
}

/* So do the digits of the top level, after two years. */
static void the_top_level_goes_round(void **state)
{
    (void)state;
    time_us near_wrap = ms_to_us((UINT64_C(1) << 36) - 5);
    begin(near_wrap);
    wheel_set(&wheel, nth(1), near_wrap + ms_to_us(20 * DAY_MS));
    wheel_set(&wheel, nth(2), near_wrap + ms_to_us(6));
    wheel_set(&wheel, nth(3), near_wrap + ms_to_us(4));
    expect_expired(near_wrap + ms_to_us(5), nth(3));
    expect_expired(near_wrap + ms_to_us(5), REF_NONE);
    assert_true(wheel_next(&wheel) == near_wrap + ms_to_us(6));
    expect_expired(near_wrap + ms_to_us(6), nth(2));
    expect_expired(near_wrap + ms_to_us(20 * DAY_MS - 1), REF_NONE);
    expect_expired(near_wrap + ms_to_us(20 * DAY_MS), nth(1));
}

static void a_deadline_beyond_the_span_comes_at_its_end(void **state)
{
    (void)state;
    begin(0);
    wheel_set(&wheel, nth(1), TIME_NEVER - 1);
    assert_true(wheel_next(&wheel) == ms_to_us(WHEEL_FARTHEST_MS));
    expect_expired(ms_to_us(WHEEL_FARTHEST_MS) - 1, REF_NONE);
    expect_expired(ms_to_us(WHEEL_FARTHEST_MS), nth(1));
}

static void what_the_loop_arms_for_now_comes_a_tick_later(void **state)
{
    (void)state;
    begin(0);
    wheel_set(&wheel, nth(1), 5000);
    expect_expired(5000, nth(1));
    wheel_set(&wheel, nth(1), 0);
    expect_expired(5000, REF_NONE);
    assert_true(wheel_next(&wheel) == 6000);
    expect_expired(6000, nth(1));
    wheel_set(&wheel, nth(1), 6500);
    expect_expired(8000, nth(1)); /* still due in the loop of a later call */
    expect_expired(8000, REF_NONE);
}

/* The earliest of a slot above the lowest level goes: waking early is allowed, but once a level. */
static void a_spurious_waking_leads_on(void **state)
{
    (void)state;
    begin(0);
    time_us later = ms_to_us(5 * DAY_MS + 1234567);
    wheel_set(&wheel, nth(1), later - ms_to_us(1000));
    wheel_set(&wheel, nth(2), later);
    wheel_cancel(&wheel, nth(1));
    for (int wakings = 0;; wakings++) {
        time_us next = wheel_next(&wheel);
        assert_true(next <= later);
        assert_true(wakings <= WHEEL_LEVELS);
        if (wheel_expire(&wheel, next) != REF_NONE) {
            assert_true(next == later);
            break;
        }
    }
}

static void time_that_goes_back_changes_nothing(void **state)
{
    (void)state;
    begin(9000);
    wheel_set(&wheel, nth(1), 12000);
    expect_expired(3000, REF_NONE);
    assert_true(wheel_next(&wheel) == 12000);
    expect_expired(12000, nth(1));
}

static void arm_none(void *context)
{
    wheel_set(context, REF_NONE, 5000);
}

static void no_record_cannot_be_armed(void **state)
{
    (void)state;
    begin(0);
    assert_true(test_aborts(arm_none, &wheel));
}

/* ---- the naive model: an array of ticks ---- */

static uint64_t due[NODES]; /* 0: not armed */
static uint64_t first_tick; /* the earliest that can be armed */
static uint32_t rearming;   /* of 8 that expire */
static struct rng rng;

/* Distances as they occur: mostly milliseconds to minutes, some days, some in the past. */
static time_us random_deadline(time_us now)
{
    uint32_t bits = rng_below(&rng, 42);
    uint64_t distance = rng_u64(&rng) & ((UINT64_C(1) << bits) - 1);
    if (rng_below(&rng, 8) == 0)
        return now > distance ? now - distance : 0;
    return now + distance;
}

static void set_both(uint32_t i, time_us deadline)
{
    wheel_set(&wheel, nth(i), deadline);
    uint64_t tick = (deadline + 999) / 1000;
    due[i] = tick < first_tick ? first_tick : tick;
}

static uint64_t model_next(void)
{
    uint64_t earliest = UINT64_MAX;
    for (uint32_t i = 1; i < NODES; i++)
        if (due[i] != 0 && due[i] < earliest)
            earliest = due[i];
    return earliest;
}

static void expire_both(time_us now)
{
    uint64_t before = 0;
    ref_t ref;
    while ((ref = wheel_expire(&wheel, now)) != REF_NONE) {
        uint32_t i = ref_index(ref);
        assert_int_equal(ref, nth(i));
        assert_true(due[i] != 0 && due[i] <= now / 1000);
        assert_true(due[i] == model_next() && due[i] >= before);
        before = due[i];
        first_tick = due[i] + 1;
        due[i] = 0;
        if (rng_below(&rng, 8) < rearming)
            set_both(i, random_deadline(now));
        if (rng_below(&rng, 16) < rearming)
            set_both(1 + rng_below(&rng, NODES - 1), random_deadline(now));
    }
    first_tick = now / 1000;
    assert_true(model_next() > now / 1000);
}

static void compare_both(time_us now)
{
    uint64_t earliest = model_next();
    time_us next = wheel_next(&wheel);
    uint32_t armed = 0;
    for (uint32_t i = 1; i < NODES; i++) {
        armed += due[i] != 0;
        assert_int_equal(wheel_armed(&wheel, nth(i)), due[i] != 0);
    }
    assert_int_equal(wheel_count(&wheel), armed);
    if (earliest == UINT64_MAX)
        assert_true(next == TIME_NEVER);
    else
        assert_true(next <= earliest * 1000 && (next > now || earliest == now / 1000));
}

static void run_against_model(time_us now, uint8_t seed_byte)
{
    uint8_t seed[32] = {seed_byte};
    rng_seed(&rng, seed);
    memset(due, 0, sizeof due);
    begin(now);
    first_tick = now / 1000;
    rearming = 1;
    for (int op = 0; op < 100000; op++) {
        uint32_t i = 1 + rng_below(&rng, NODES - 1);
        uint32_t what = rng_below(&rng, 16);
        if (what < 9) {
            set_both(i, random_deadline(now));
        } else if (what < 12) {
            wheel_cancel(&wheel, nth(i));
            due[i] = 0;
        } else {
            time_us next = wheel_next(&wheel);
            bool exactly = what == 12 && next != TIME_NEVER && next > now;
            now = exactly ? next : now + (rng_u64(&rng) & ((1u << rng_below(&rng, 30)) - 1));
            expire_both(now);
        }
        if (op % 64 == 0)
            compare_both(now);
    }
    rearming = 0;
    expire_both(now + ms_to_us(60 * DAY_MS));
    assert_int_equal(wheel_count(&wheel), 0);
}

static void it_agrees_with_the_model(void **state)
{
    (void)state;
    run_against_model(ms_to_us(1), 1);
}

static void it_agrees_with_the_model_across_the_wrap(void **state)
{
    (void)state;
    run_against_model(ms_to_us((UINT64_C(1) << 32) - 5000000), 2);
    run_against_model(ms_to_us((UINT64_C(1) << 36) - 5000000), 3);
}

/* However often nodes of one slot are disarmed and armed again, no place is lost, and none is kept.
 */
static void places_are_used_again(void **state)
{
    (void)state;
    begin(0);
    for (uint32_t i = 1; i < NODES; i++)
        wheel_set(&wheel, nth(i), 5000000);
    for (uint32_t round = 0; round < 10000; round++) {
        uint32_t i = 1 + round * 37 % (NODES - 1);
        wheel_cancel(&wheel, nth(i));
        wheel_set(&wheel, nth(i), 5000000 + round % 2 * 1000000);
    }
    assert_int_equal(wheel_count(&wheel), NODES - 1);
    for (uint32_t i = 1; i < NODES; i += 2)
        wheel_cancel(&wheel, nth(i));
    unsigned expired = 0;
    while (wheel_expire(&wheel, 6000000) != REF_NONE)
        expired++;
    assert_int_equal(expired, (NODES - 1) / 2);
    assert_true(wheel.chunks.used <= 4); /* one for each slot that was in use */
}

/* Whoever serves many that are due sees them coming. */
static void what_comes_next_is_known(void **state)
{
    (void)state;
    begin(0);
    for (uint32_t i = 1; i <= 5; i++)
        wheel_set(&wheel, nth(i), 5000);
    assert_int_equal(wheel_coming(&wheel, 0), REF_NONE);
    expect_expired(5000, nth(5));
    assert_int_equal(wheel_coming(&wheel, 0), nth(4));
    assert_int_equal(wheel_coming(&wheel, 3), nth(1));
    assert_int_equal(wheel_coming(&wheel, 4), REF_NONE);
    wheel_cancel(&wheel, nth(4));
    expect_expired(5000, nth(3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_fires_at_its_time_and_not_before),
        cmocka_unit_test(a_deadline_between_two_ticks_waits_for_the_later),
        cmocka_unit_test(a_deadline_in_the_past_is_due_at_once),
        cmocka_unit_test(what_is_cancelled_does_not_fire),
        cmocka_unit_test(never_disarms),
        cmocka_unit_test(what_is_moved_fires_once_at_the_new_time),
        cmocka_unit_test(a_jump_over_days_hands_out_all_in_order),
        cmocka_unit_test(ticks_may_wrap),
        cmocka_unit_test(the_top_level_goes_round),
        cmocka_unit_test(a_deadline_beyond_the_span_comes_at_its_end),
        cmocka_unit_test(what_the_loop_arms_for_now_comes_a_tick_later),
        cmocka_unit_test(a_spurious_waking_leads_on),
        cmocka_unit_test(time_that_goes_back_changes_nothing),
        cmocka_unit_test(no_record_cannot_be_armed),
        cmocka_unit_test(it_agrees_with_the_model),
        cmocka_unit_test(it_agrees_with_the_model_across_the_wrap),
        cmocka_unit_test(places_are_used_again),
        cmocka_unit_test(what_comes_next_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
