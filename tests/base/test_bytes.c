/*
 * Integers in bytes, the mem* declarations beside libc's, and spans of time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"

static const uint8_t counting[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static void big_endian_is_read_at_any_alignment(void **state)
{
    (void)state;
    assert_int_equal(get_be16(counting + 1), 0x0102);
    assert_int_equal(get_be32(counting + 1), 0x01020304);
    assert_true(get_be64(counting + 1) == UINT64_C(0x0102030405060708));
}

static void little_endian_is_read_at_any_alignment(void **state)
{
    (void)state;
    assert_int_equal(get_le16(counting + 1), 0x0201);
    assert_int_equal(get_le32(counting + 1), 0x04030201);
    assert_true(get_le64(counting + 1) == UINT64_C(0x0807060504030201));
}

static void what_is_written_is_read_again_and_nothing_beside_it(void **state)
{
    (void)state;
    for (size_t at = 1; at < 9; at++) {
        uint8_t bytes[18];
        memset(bytes, 0xee, sizeof bytes);
        put_be16(bytes + at, 0xfedc);
        assert_int_equal(bytes[at], 0xfe);
        assert_int_equal(get_be16(bytes + at), 0xfedc);
        put_be32(bytes + at, 0xfedcba98);
        assert_int_equal(get_be32(bytes + at), 0xfedcba98);
        put_be64(bytes + at, UINT64_C(0xfedcba9876543210));
        assert_true(get_be64(bytes + at) == UINT64_C(0xfedcba9876543210));
        put_le16(bytes + at, 0xfedc);
        assert_int_equal(bytes[at], 0xdc);
        assert_int_equal(get_le16(bytes + at), 0xfedc);
        put_le32(bytes + at, 0xfedcba98);
        assert_int_equal(get_le32(bytes + at), 0xfedcba98);
        put_le64(bytes + at, UINT64_C(0xfedcba9876543210));
        assert_true(get_le64(bytes + at) == UINT64_C(0xfedcba9876543210));
        assert_int_equal(bytes[at - 1], 0xee);
        assert_int_equal(bytes[at + 8], 0xee);
    }
}

static void spans_of_time_are_converted(void **state)
{
    (void)state;
    assert_true(ms_to_us(200) == 200000);
    assert_true(s_to_us(60) == 60000000);
    assert_true(us_to_ms(1999) == 1);
    assert_true(time_min(5, TIME_NEVER) == 5);
    assert_true(time_max(5, 7) == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(big_endian_is_read_at_any_alignment),
        cmocka_unit_test(little_endian_is_read_at_any_alignment),
        cmocka_unit_test(what_is_written_is_read_again_and_nothing_beside_it),
        cmocka_unit_test(spans_of_time_are_converted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
