/*
 * What a user may write about a bad network, and what is said when it makes no sense.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/impair.h"

static void every_word_is_understood(void **state)
{
    struct impair_spec spec;
    char error[IMPAIR_ERROR_TEXT];
    (void)state;

    assert_int_equal(impair_parse("loss=2%,delay=20ms,jitter=1ms,reorder=1%,dup=1%,"
                                  "corrupt=0.1%,rate=100mbit,seed=7,limit=300,way=in",
                                  &spec, error),
                     0);
    assert_int_equal(spec.loss_ppm, 20000);
    assert_int_equal(spec.delay_us, 20000);
    assert_int_equal(spec.jitter_us, 1000);
    assert_int_equal(spec.reorder_ppm, 10000);
    assert_int_equal(spec.dup_ppm, 10000);
    assert_int_equal(spec.corrupt_ppm, 1000);
    assert_int_equal(spec.rate_bits, 100000000);
    assert_int_equal(spec.seed, 7);
    assert_int_equal(spec.limit, 300);
    assert_int_equal(spec.ways, IMPAIR_IN);
    assert_string_equal(error, "");
}

static void units_and_fractions_are_exact(void **state)
{
    static const struct {
        const char *text;
        uint32_t loss_ppm, delay_us;
        uint64_t rate_bits;
    } rows[] = {
        {"loss=0%", 0, 0, 0},         {"loss=100%", 1000000, 0, 0},
        {"loss=0.0001%", 1, 0, 0},    {"loss=.5%", 5000, 0, 0},
        {"delay=1.5ms", 0, 1500, 0},  {"delay=7us", 0, 7, 0},
        {"delay=2s", 0, 2000000, 0},  {"rate=0.5gbit", 0, 0, 500000000},
        {"rate=64kbit", 0, 0, 64000},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct impair_spec spec;
        char error[IMPAIR_ERROR_TEXT];
        assert_int_equal(impair_parse(rows[i].text, &spec, error), 0);
        assert_int_equal(spec.loss_ppm, rows[i].loss_ppm);
        assert_int_equal(spec.delay_us, rows[i].delay_us);
        assert_int_equal(spec.rate_bits, rows[i].rate_bits);
        assert_int_equal(spec.ways, 0);
    }
}

static void nonsense_is_refused_with_a_sentence(void **state)
{
    static const char *const rows[][2] = {
        {"", "what the network does is missing"},
        {"los=2%", "'los=2%' is nothing that a network does here"},
        {"loss", "'loss' needs a value, as in loss=2%"},
        {"loss=", "'loss=' has no value that fits"},
        {"loss=2", "as in loss=2%"},
        {"loss=101%", "as in loss=2%"},
        {"loss=-1%", "as in loss=2%"},
        {"loss=1.2.3%", "as in loss=2%"},
        {"loss=1.%", "as in loss=2%"},
        {"loss=0.00001%", "as in loss=2%"},
        {"delay=20", "as in delay=20ms"},
        {"delay=61s", "as in delay=20ms"},
        {"delay=99999999999999999999ms", "as in delay=20ms"},
        {"rate=10", "as in rate=100mbit"},
        {"seed=x", "as in seed=7"},
        {"seed=18446744073709551616", "as in seed=7"},
        {"way=up", "as in way=out"},
        {"loss=1%,loss=2%", "'loss' comes twice"},
        {"loss=1%,", "'' is nothing that a network does here"},
        {"loss=1%,,dup=1%", "'' is nothing that a network does here"},
        {"loss=1% ,dup=1%", "as in loss=2%"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct impair_spec spec;
        char error[IMPAIR_ERROR_TEXT];
        assert_int_equal(impair_parse(rows[i][0], &spec, error), -EINVAL);
        if (!strstr(error, rows[i][1]))
            fail_msg("'%s' got: %s", rows[i][0], error);
    }
}

static void the_longest_nonsense_stays_inside_its_sentence(void **state)
{
    struct impair_spec spec;
    char error[IMPAIR_ERROR_TEXT], text[5000];
    (void)state;

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    assert_int_equal(impair_parse(text, &spec, error), -EINVAL);
    assert_true(strlen(error) < IMPAIR_ERROR_TEXT - 1);
    memcpy(text, "loss=", 5);
    assert_int_equal(impair_parse(text, &spec, error), -EINVAL);
    assert_true(strlen(error) < IMPAIR_ERROR_TEXT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_understood),
        cmocka_unit_test(units_and_fractions_are_exact),
        cmocka_unit_test(nonsense_is_refused_with_a_sentence),
        cmocka_unit_test(the_longest_nonsense_stays_inside_its_sentence),
    };
    return cmocka_run_group_tests_name("impair_parse", tests, NULL, NULL);
}
