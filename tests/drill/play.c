/*
 * Scripts played from memory: see play.h.
 */
#include "drill/play.h"

#include <stdio.h>
#include <string.h>

struct script *play_read(const char *text)
{
    struct script *script = script_parse("test.pkt", text, strlen(text), NULL);
    assert_non_null(script);
    if (script->error.line != 0)
        fail_msg("line %u, column %u: %s", script->error.line, script->error.column,
                 script->error.sentence);
    return script;
}

struct script_error play_broken(const char *text)
{
    struct script *script = script_parse("test.pkt", text, strlen(text), NULL);
    assert_non_null(script);
    struct script_error error = script->error;
    assert_int_not_equal(error.line, 0);
    script_free(script);
    return error;
}

struct drill_result play_as(const char *text, enum drill_family family, enum ciao_profile profile)
{
    struct drill_options options = {.profile = profile, .out = stdout, .tell = true};
    struct drill_result result;
    struct script *script = play_read(text);
    drill_run(script, family, &options, &result);
    script_free(script);
    return result;
}

struct drill_result play(const char *text)
{
    return play_as(text, DRILL_IPV4, CIAO_PROFILE_LINUX);
}

void play_passes(const char *text)
{
    struct drill_result result = play(text);
    if (result.verdict != DRILL_PASS)
        fail_msg("line %u: %s\nexpected %s\nseen     %s", result.line, result.sentence,
                 result.expected, result.seen);
    drill_result_free(&result);
}

void play_fails(const char *text, unsigned line, const char *words)
{
    struct drill_result result = play(text);
    assert_int_equal(result.verdict, DRILL_FAIL);
    if (result.line != line || strstr(result.sentence, words) == NULL)
        fail_msg("line %u: %s\nexpected %s\nseen     %s", result.line, result.sentence,
                 result.expected, result.seen);
    drill_result_free(&result);
}
