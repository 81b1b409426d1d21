/* How wide a text stands, and how paragraphs break. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tell/width.h"

static char *printed;
static size_t printed_len;
static FILE *out;

static void begin(void)
{
    out = open_memstream(&printed, &printed_len);
    assert_non_null(out);
}

static void expect(const char *text)
{
    assert_int_equal(fclose(out), 0);
    assert_string_equal(printed, text);
    free(printed);
}

static void chinese_is_two_columns_wide_and_a_combining_mark_none(void **state)
{
    (void)state;
    assert_int_equal(width_of("abc"), 3);
    assert_int_equal(width_of("小琦"), 4);
    assert_int_equal(width_of("，。（）"), 8);
    assert_int_equal(width_of("“”…─│✗"), 6); /* as terminals do that speak UTF-8 */
    assert_int_equal(width_of("e\xCC\x81"), 1);
    assert_int_equal(width_of("\xF0\x9F\x98\x80"), 2); /* an emoji */
    assert_int_equal(width_of(""), 0);
}

static void what_is_no_utf8_is_one_replacement_a_byte(void **state)
{
    (void)state;
    const char *bad[] = {"\xFF",     "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                         "\xE5\xB0", "\x80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *at = bad[i];
        assert_int_equal(width_next(&at), 0xFFFD);
        assert_ptr_equal(at, bad[i] + 1);
    }
}

static void padding_counts_columns_and_not_bytes(void **state)
{
    (void)state;
    begin();
    width_pad(out, "小琦", 6, ".");
    width_pad(out, "abcdef", 3, ".");
    expect("小琦..abcdef");
}

static void english_breaks_at_spaces(void **state)
{
    (void)state;
    struct width_page page = {"* ", 2, 12, 0};
    begin();
    width_wrap(out, "one two three four", &page);
    expect("* one two\n  three four\n");
}

static void chinese_breaks_anywhere_but_not_before_its_punctuation(void **state)
{
    (void)state;
    struct width_page page = {"", 0, 8, 0};
    begin();
    width_wrap(out, "一二三四。五六", &page);
    expect("一二三\n四。五六\n");
}

static void an_opening_bracket_stays_with_what_follows(void **state)
{
    (void)state;
    struct width_page page = {"", 0, 6, 0};
    begin();
    width_wrap(out, "一二（三）", &page);
    expect("一二\n（三）\n");
}

static void a_word_wider_than_the_line_stands_alone(void **state)
{
    (void)state;
    struct width_page page = {"", 0, 4, 0};
    begin();
    width_wrap(out, "a abcdefgh b", &page);
    expect("a\nabcdefgh\nb\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chinese_is_two_columns_wide_and_a_combining_mark_none),
        cmocka_unit_test(what_is_no_utf8_is_one_replacement_a_byte),
        cmocka_unit_test(padding_counts_columns_and_not_bytes),
        cmocka_unit_test(english_breaks_at_spaces),
        cmocka_unit_test(chinese_breaks_anywhere_but_not_before_its_punctuation),
        cmocka_unit_test(an_opening_bracket_stays_with_what_follows),
        cmocka_unit_test(a_word_wider_than_the_line_stands_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
