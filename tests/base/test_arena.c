/*
 * The arena: what is taken is aligned, apart, and within.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "support/abort_hook.h"

static _Alignas(64) uint8_t memory[1024];

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    uint8_t *one = arena_take(&arena, 1, 1);
    uint8_t *line = arena_take(&arena, 100, 64);
    uint8_t *word = arena_take(&arena, 8, 8);
    assert_ptr_equal(one, memory);
    assert_ptr_equal(line, memory + 64);
    assert_ptr_equal(word, memory + 168);
    assert_int_equal(arena_left(&arena), sizeof memory - 176);
}

static void the_last_byte_can_be_had_and_not_one_more(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    assert_non_null(arena_take(&arena, 1000, 8));
    assert_null(arena_take(&arena, 25, 1));
    assert_null(arena_take(&arena, SIZE_MAX, 1));
    assert_null(arena_take(&arena, 1, 1024)); /* the gap alone is more than is left */
    assert_non_null(arena_take(&arena, 24, 1));
    assert_null(arena_take(&arena, 1, 1));
    assert_int_equal(arena_left(&arena), 0);
}

static void memory_is_not_touched(void **state)
{
    (void)state;
    struct arena arena;
    memset(memory, 0xaa, sizeof memory);
    arena_init(&arena, memory, sizeof memory);
    (void)arena_take(&arena, 512, 64);
    for (size_t i = 0; i < sizeof memory; i++)
        assert_int_equal(memory[i], 0xaa);
}

static void take_unaligned(void *context)
{
    (void)arena_take(context, 8, 3);
}

static void an_alignment_that_is_no_power_of_two_is_refused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    assert_true(test_aborts(take_unaligned, &arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(the_last_byte_can_be_had_and_not_one_more),
        cmocka_unit_test(memory_is_not_touched),
        cmocka_unit_test(an_alignment_that_is_no_power_of_two_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
