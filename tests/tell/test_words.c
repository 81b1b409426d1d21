/* Nothing can happen for which there are no words, in either language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "life/events.h"
#include "tell/words_parts.h"

static const enum tell_lang langs[] = {TELL_EN, TELL_ZH};

static void check(bool holds, const char *key, enum tell_lang lang, const char *what)
{
    if (!holds)
        fail_msg("%s in %s: %s", key, lang == TELL_ZH ? "Chinese" : "English", what);
}

static bool has_chinese(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0xE4 && (unsigned char)*text <= 0xE9)
            return true;
    return false;
}

static void check_language(const char *text, const char *key, enum tell_lang lang)
{
    check(text != NULL && text[0] != '\0', key, lang, "no words");
    check(has_chinese(text) == (lang == TELL_ZH), key, lang, "not in that language");
}

static void every_arc_has_a_sentence_and_a_thought_in_each_voice(void **state)
{
    (void)state;
    for (size_t l = 0; l < 2; l++) {
        for (int row = 0; row < CIAO_ARCS; row++) {
            const char *key = ciao_arc_key((enum ciao_arc_row)row);
            const struct words_arc *arc = words_arc(langs[l], key);
            check(arc != NULL, key, langs[l], "no words");
            check_language(arc->plain, key, langs[l]);
            check_language(arc->thought[0], key, langs[l]);
            check_language(arc->thought[1], key, langs[l]);
            check(strcmp(arc->thought[0], arc->thought[1]) != 0, key, langs[l], "one voice only");
        }
    }
}

static bool is_an_arc(const char *key)
{
    for (int row = 0; row < CIAO_ARCS; row++)
        if (strcmp(key, ciao_arc_key((enum ciao_arc_row)row)) == 0)
            return true;
    return false;
}

static void no_arc_has_words_that_does_not_exist(void **state)
{
    (void)state;
    for (size_t i = 0; i < words_n_arcs_en; i++)
        check(is_an_arc(words_arcs_en[i].key), words_arcs_en[i].key, TELL_EN, "no such arc");
    for (size_t i = 0; i < words_n_arcs_zh; i++)
        check(is_an_arc(words_arcs_zh[i].key), words_arcs_zh[i].key, TELL_ZH, "no such arc");
    assert_int_equal(words_n_arcs_en, words_n_arcs_zh);
}

static void every_reason_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    for (size_t l = 0; l < 2; l++) {
        for (int a = 1; a < CIAO_REASONS; a++) {
            const char *key = ciao_reason_key((enum ciao_reason)a);
            const char *text = words_reason(langs[l], (enum ciao_reason)a);
            check_language(text, key, langs[l]);
            for (int b = 1; b < a; b++)
                check(strcmp(text, words_reason(langs[l], (enum ciao_reason)b)) != 0, key, langs[l],
                      "the same sentence as another");
        }
    }
}

/* Who did it: one of the two ends, by name; and the cause, where the table says that it is not
 * our own end. */
static void every_drop_reset_and_timer_says_who_and_by_which_rule(void **state)
{
    (void)state;
    for (int reason = 1; reason < CIAO_REASONS; reason++) {
        enum ciao_reason_kind kind = ciao_reason_kind_of((enum ciao_reason)reason);
        if (kind != CIAO_KIND_DROP && kind != CIAO_KIND_RST && kind != CIAO_KIND_TIMER)
            continue;
        const char *key = ciao_reason_key((enum ciao_reason)reason);
        check(ciao_reason_rule((enum ciao_reason)reason)[0] != '\0', key, TELL_EN, "no rule");
        for (size_t l = 0; l < 2; l++) {
            const char *text = words_reason(langs[l], (enum ciao_reason)reason);
            check(strstr(text, "{me}") != NULL, key, langs[l], "does not say at whose end");
            bool peer = strstr(text, "{peer}") != NULL || strstr(text, "sender") != NULL
                        || strstr(text, "neighbour") != NULL || strstr(text, "发送者") != NULL
                        || strstr(text, "邻居") != NULL || strstr(text, "报文段") != NULL
                        || strstr(text, "segment") != NULL || strstr(text, "packet") != NULL
                        || strstr(text, "包") != NULL || strstr(text, "帧") != NULL
                        || strstr(text, "frame") != NULL;
            if (ciao_reason_who((enum ciao_reason)reason) == CIAO_WHO_PEER)
                check(peer, key, langs[l], "does not say what came from the peer");
        }
    }
}

static void there_is_no_other(void **state)
{
    (void)state;
    for (int reason = 1; reason < CIAO_REASONS; reason++) {
        const char *key = ciao_reason_key((enum ciao_reason)reason);
        assert_null(strstr(key, "OTHER"));
        assert_null(strstr(key, "UNKNOWN_REASON"));
    }
}

static void every_segment_and_label_has_words(void **state)
{
    (void)state;
    for (int say = 0; say < SAYINGS; say++)
        for (int voice = 0; voice < 2; voice++) {
            check_language(words_says_en[say][voice], "a saying", TELL_EN);
            check_language(words_says_zh[say][voice], "a saying", TELL_ZH);
        }
    for (int label = 0; label < LABELS; label++) {
        assert_non_null(words_label(TELL_EN, (enum words_label)label));
        assert_non_null(words_label(TELL_ZH, (enum words_label)label));
    }
}

static void no_place_in_any_sentence_is_left_open(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    struct tell_options options = {.name = {"Ci", "Ao"}};
    char text[WORDS_TEXT];
    for (size_t l = 0; l < 2; l++) {
        options.lang = langs[l];
        for (int reason = 1; reason < CIAO_REASONS; reason++) {
            struct life_step step = {.event = event_reason(1, 0, (enum ciao_reason)reason, 1)};
            struct fill fill = {.life = life, .step = &step, .options = &options};
            assert_true(words_sentence(text, sizeof(text), &fill));
            const char *key = ciao_reason_key((enum ciao_reason)reason);
            check(strpbrk(text, "{}") == NULL, key, langs[l], text);
            check(strchr(text, '?') == NULL, key, langs[l], text);
        }
        for (int row = 0; row < CIAO_ARCS; row++) {
            struct life_step step = {.event = event_arc(1, 0, (enum ciao_arc_row)row)};
            struct fill fill = {.life = life, .step = &step, .options = &options};
            assert_true(words_sentence(text, sizeof(text), &fill));
            check(strpbrk(text, "{}?") == NULL, ciao_arc_key((enum ciao_arc_row)row), langs[l],
                  text);
        }
    }
    life_free(life);
}

static void places_are_filled_with_what_happened(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    life->side[LIFE_LEFT].port = 40000;
    struct tell_options options = {.name = {"Ci", "阿奥"}};
    struct life_step step = {.event = event_reason(1, 0, CIAO_DID_TIMER_SET, 0)};
    step.event.u.args[1] = 1500000;
    struct fill fill = {.life = life, .step = &step, .options = &options, .number = {7}};
    char text[WORDS_TEXT];
    fill_text(text, sizeof(text), "{me} {peer} {port} {b_time} {1}", &fill);
    assert_string_equal(text, "Ci 阿奥 40000 1500 ms 7");
    options.lang = TELL_ZH;
    fill_text(text, sizeof(text), "{me}的{timer}定时器：{b_time}", &fill);
    assert_string_equal(text, "Ci 的重传定时器：1500 毫秒"); /* a space between the scripts */
    fill_text(text, 9, "{peer}阿奥", &fill);
    assert_string_equal(text, "阿奥"); /* never half a character */
    life_free(life);
}

static void spans_of_time_are_told_in_the_unit_that_fits(void **state)
{
    (void)state;
    char text[48];
    fill_time(text, sizeof(text), 60000000, TELL_EN);
    assert_string_equal(text, "60 s");
    fill_time(text, sizeof(text), 200000, TELL_EN);
    assert_string_equal(text, "200 ms");
    fill_time(text, sizeof(text), 12, TELL_EN);
    assert_string_equal(text, "0.012 ms");
    fill_time(text, sizeof(text), 0, TELL_ZH);
    assert_string_equal(text, "0 毫秒");
}

static void rules_are_cited_by_their_rfc(void **state)
{
    (void)state;
    char text[96];
    fill_rule(text, sizeof(text), "9293 3.10.4", TELL_EN);
    assert_string_equal(text, "RFC 9293 3.10.4");
    fill_rule(text, sizeof(text), "AS LINUX tcp_fin_timeout", TELL_ZH);
    assert_string_equal(text, "同 Linux：tcp_fin_timeout");
}

static void languages_are_read_from_the_environment(void **state)
{
    (void)state;
    enum tell_lang lang = TELL_EN;
    assert_true(tell_lang_parse("zh_CN.UTF-8", &lang));
    assert_int_equal(lang, TELL_ZH);
    assert_true(tell_lang_parse("en", &lang));
    assert_int_equal(lang, TELL_EN);
    assert_false(tell_lang_parse("zhuang", &lang));
    assert_false(tell_lang_parse("", &lang));
    assert_int_equal(setenv("LC_ALL", "", 1), 0);
    assert_int_equal(setenv("LC_MESSAGES", "zh_TW", 1), 0);
    assert_int_equal(setenv("LANG", "en_GB", 1), 0);
    assert_int_equal(tell_lang_default(), TELL_ZH);
    assert_int_equal(setenv("LC_ALL", "C.UTF-8", 1), 0);
    assert_int_equal(tell_lang_default(), TELL_EN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_arc_has_a_sentence_and_a_thought_in_each_voice),
        cmocka_unit_test(no_arc_has_words_that_does_not_exist),
        cmocka_unit_test(every_reason_has_a_sentence_of_its_own),
        cmocka_unit_test(every_drop_reset_and_timer_says_who_and_by_which_rule),
        cmocka_unit_test(there_is_no_other),
        cmocka_unit_test(every_segment_and_label_has_words),
        cmocka_unit_test(no_place_in_any_sentence_is_left_open),
        cmocka_unit_test(places_are_filled_with_what_happened),
        cmocka_unit_test(spans_of_time_are_told_in_the_unit_that_fits),
        cmocka_unit_test(rules_are_cited_by_their_rfc),
        cmocka_unit_test(languages_are_read_from_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
