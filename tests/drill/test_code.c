/*
 * %{ }% means what it means in Python.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drill/play.h"

/* Code in the middle of an open connection. */
static struct drill_result result_of(const char *code)
{
    char script[4096];
    (void)snprintf(script, sizeof script, PLAY_ACCEPTED "+0 %%{ %s }%%\n", code);
    return play(script);
}

static void holds(const char *code)
{
    struct drill_result result = result_of(code);
    if (result.verdict != DRILL_PASS)
        fail_msg("%s: %s", code, result.sentence);
    drill_result_free(&result);
}

static void fails(const char *code, const char *sentence)
{
    struct drill_result result = result_of(code);
    if (result.verdict != DRILL_FAIL || strcmp(result.sentence, sentence) != 0)
        fail_msg("%s: %s", code, result.sentence);
    drill_result_free(&result);
}

static void numbers_are_worked_out_as_python_does(void **state)
{
    (void)state;
    holds("assert 1 + 2 * 3 == 7 and (1 + 2) * 3 == 9");
    holds("assert 7 // 2 == 3 and -7 // 2 == -4 and -7 % 3 == 2 and 7 % -3 == -2");
    holds("assert 7 / 2 == 3.5 and 1e3 == 1000 and 2 ** 10 == 1024 and -2 ** 2 == -4");
    holds("assert 0x7fffffff == 2147483647 and 1 << 40 == 1099511627776");
    holds("assert 6 & 3 == 3 or True");
    holds("assert 6 & 3 == 2 and 6 | 1 == 7 and 6 ^ 2 == 4 and ~0 == -1");
    holds("assert 18446744073709551615 > 9223372036854775807 + 1");
    holds("assert min(3, 1, 2) == 1 and max(3, 7) == 7 and abs(-4) == 4 and round(2.5) == 2");
    holds("assert int(3.9) == 3 and float(2) == 2.0 and len((1, 2, 3)) == 3 and int('12') == 12");
}

static void comparisons_are_chained(void **state)
{
    (void)state;
    holds("assert 1 < 2 <= 2 < 3 and not 1 < 3 < 2");
    holds("assert 1 in (1, 2) and 3 not in [1, 2] and 'b' in 'abc' and None is None");
    holds("assert 'abc' == \"abc\" and 'a' < 'b' and 1 != 'a'");
}

static void the_unwanted_side_is_not_worked_out(void **state)
{
    (void)state;
    holds("assert True or nowhere / 0");
    holds("assert not (False and nowhere)");
    holds("assert (1 if True else nowhere) == 1 and (nowhere if False else 2) == 2");
}

static void variables_live_from_block_to_block(void **state)
{
    (void)state;
    play_passes(PLAY_ACCEPTED "+0 %{ n = 10 }%\n"
                              "+0 %{ n += 5; m = n * 2 }%\n"
                              "+0 %{\n"
                              "n -= 1\n"
                              "assert n == 14 and m == 30, n\n"
                              "}%\n");
}

static void lines_and_blocks_are_followed(void **state)
{
    (void)state;
    holds("\nx = 1 # a comment\n\nif x == 1: y = 2; z = 3\nelse: y = 9\nassert y == 2 and z == 3");
    holds("\nx = 5\nif x < 3:\n    y = 1\nelif x < 6:\n    y = 2\n    y += 1\nelse:\n    y = 9\n"
          "assert y == 3");
    holds("x = (1 +\n 2); \\\nassert x == 3");
    holds("if False: assert False\npass");
    holds("if True:\n  if False:\n    x = 1\n  else:\n    x = 2\nassert x == 2");
}

static void texts_are_formatted(void **state)
{
    (void)state;
    holds("assert 'cwnd=%d' % 10 == 'cwnd=10'");
    holds("assert '%d of %s, %.2f, 0x%x %%' % (1, 'two', 1.5, 255) == '1 of two, 1.50, 0xff %'");
    holds("assert str((1, 'a', 2.0)) == '(1, a, 2.0)'");
    holds("assert 'a' 'b' == 'ab' and 'it\\'s' == \"it's\"");
}

static void a_connection_can_be_asked(void **state)
{
    (void)state;
    holds("assert tcpi_state == TCP_ESTABLISHED, tcpi_state");
    holds("assert tcpi_snd_cwnd == 10 and tcpi_snd_mss == 1000 and tcpi_unacked == 0");
    holds("assert tcpi_ca_state == TCP_CA_Open and tcpi_options & TCPI_OPT_SACK");
    holds("assert 90000 < tcpi_rtt < 110000, tcpi_rtt");
    holds("assert SK_MEMINFO_DROPS == 0 and tcpi_ecn_mode == 0");
}

static void an_assertion_says_what_it_claimed_and_saw(void **state)
{
    (void)state;
    struct drill_result result = result_of("assert tcpi_snd_cwnd == 3, 'cwnd=%d' % tcpi_snd_cwnd");
    assert_int_equal(result.verdict, DRILL_FAIL);
    assert_int_equal(result.line, 9);
    assert_string_equal(result.expected, "tcpi_snd_cwnd == 3");
    assert_string_equal(result.seen, "cwnd=10");
    drill_result_free(&result);
}

static void what_is_not_understood_is_said(void **state)
{
    (void)state;
    fails("assert what == 1", "the name \"what\" is not known");
    fails("import os", "\"import\" is more of Python than ciao knows");
    fails("assert 1 / 0", "division by zero");
    fails("assert 1 +", "a value should come at \"\"");
    fails("x = foo(1)", "there is no function foo() here");
    fails("x = 1 2", "this is not understood: \"2 \"");
    fails("assert 1 < 'a'", "\"<\" between these two makes no sense");
    fails("x = '%d' % ()", "there are more % in the text than values");
    fails("nothing += 1", "the name \"nothing\" is not known");
    fails("x = 'no end", "a text has no end");
}

static void repeated(const char *head, const char *again, const char *tail, const char *sentence)
{
    const unsigned times = 100000;
    size_t step = strlen(again);
    char *script = calloc(1, 1024 + times * step), *at = script;
    assert_non_null(script);
    at += sprintf(at, PLAY_ACCEPTED "+0 %%{\n%s", head);
    for (unsigned i = 0; i < times; i++, at += step)
        memcpy(at, again, step);
    (void)sprintf(at, "%s\n}%%\n", tail);
    struct drill_result result = play(script);
    free(script);
    if (strcmp(result.verdict == DRILL_PASS ? "" : result.sentence, sentence) != 0)
        fail_msg("%s: %s", again, result.sentence);
    drill_result_free(&result);
}

static void nothing_is_too_deep_or_too_long_for_it(void **state)
{
    (void)state;
    repeated("assert ", "not ", "True", "");
    repeated("assert ", "1 if 0 else ", "1", "too many things within each other");
    repeated("assert ", "(", "1", "too many things within each other");
    repeated("assert ", "-", "1", "too many things within each other");
    repeated("a = ()\n", "a = (a,)\n", "assert str(a)", "too many things within each other");
    repeated("a = ", "'b' ", "", "a text of more than 4096 characters");
    repeated("a = 'b'\n", "a += a\n", "", "a text of more than 4096 characters");
}

static void numbers_end_at_127_bits(void **state)
{
    (void)state;
    holds("assert (-2) ** 127 < 0 < 2 ** 126 and (-1) ** 1001 == -1 and 2 ** -1 == 0.5");
    fails("a = 10 ** 127", "this number has more than 127 bits");
    fails("a = 2 ** 100 * 2 ** 100", "this number has more than 127 bits");
    fails("a = 2 ** 126 + 2 ** 126", "this number has more than 127 bits");
    fails("a = 2 ** 100 << 100", "this number has more than 127 bits");
    fails("a = (-2) ** 127 // -1", "this number has more than 127 bits");
    fails("a = abs((-2) ** 127)", "this number has more than 127 bits");
}

static void formats_do_no_harm(void **state)
{
    (void)state;
    holds("assert '%ld %ls' % (1, 'two') == '1 two'");
    fails("a = '%999999999d' % 1", "this format is too long");
    fails("a = '%.999999999f' % 1", "this format is too long");
}

static void a_block_needs_a_connection(void **state)
{
    (void)state;
    play_fails("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n"
               "+0 listen(3, 1) = 0\n+0 < S 0:0(0) win 9\n+0 > S. 0:0(0) ack 1 <...>\n"
               "+0 %{ assert 1 }%\n",
               6, "no connection to look at");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_worked_out_as_python_does),
        cmocka_unit_test(comparisons_are_chained),
        cmocka_unit_test(the_unwanted_side_is_not_worked_out),
        cmocka_unit_test(variables_live_from_block_to_block),
        cmocka_unit_test(lines_and_blocks_are_followed),
        cmocka_unit_test(texts_are_formatted),
        cmocka_unit_test(a_connection_can_be_asked),
        cmocka_unit_test(an_assertion_says_what_it_claimed_and_saw),
        cmocka_unit_test(what_is_not_understood_is_said),
        cmocka_unit_test(nothing_is_too_deep_or_too_long_for_it),
        cmocka_unit_test(numbers_end_at_127_bits),
        cmocka_unit_test(formats_do_no_harm),
        cmocka_unit_test(a_block_needs_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
