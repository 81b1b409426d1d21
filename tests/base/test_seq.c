/*
 * Sequence numbers compare round the wrap.  [RFC9293 3.4]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/seq.h"

static void a_number_is_before_its_successor_everywhere(void **state)
{
    (void)state;
    const seq_t places[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        seq_t a = places[i];
        assert_true(seq_lt(a, a + 1));
        assert_true(seq_leq(a, a + 1));
        assert_true(seq_leq(a, a));
        assert_true(seq_gt(a + 1, a));
        assert_true(seq_geq(a, a));
        assert_false(seq_lt(a, a));
        assert_false(seq_gt(a, a + 1));
        assert_false(seq_geq(a, a + 1));
        assert_false(seq_leq(a + 1, a));
        assert_true(seq_lt(a, a + 0x7fffffff));
        assert_false(seq_lt(a + 0x7fffffff, a));
    }
}

static void the_greater_of_two_may_have_wrapped(void **state)
{
    (void)state;
    assert_int_equal(seq_max(0xfffffff0, 0x10), 0x10);
    assert_int_equal(seq_max(0x10, 0xfffffff0), 0x10);
    assert_int_equal(seq_min(0xfffffff0, 0x10), 0xfffffff0);
    assert_int_equal(seq_min(0x10, 0xfffffff0), 0xfffffff0);
    assert_int_equal(seq_max(7, 7), 7);
}

static void a_window_may_lie_across_the_wrap(void **state)
{
    (void)state;
    assert_true(seq_in_window(0xfffffff0, 0xfffffff0, 32));
    assert_true(seq_in_window(0xffffffff, 0xfffffff0, 32));
    assert_true(seq_in_window(15, 0xfffffff0, 32));
    assert_false(seq_in_window(16, 0xfffffff0, 32));
    assert_false(seq_in_window(0xffffffef, 0xfffffff0, 32));
}

static void nothing_lies_in_an_empty_window(void **state)
{
    (void)state;
    assert_false(seq_in_window(5, 5, 0));
    assert_true(seq_in_window(5, 5, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_before_its_successor_everywhere),
        cmocka_unit_test(the_greater_of_two_may_have_wrapped),
        cmocka_unit_test(a_window_may_lie_across_the_wrap),
        cmocka_unit_test(nothing_lies_in_an_empty_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
