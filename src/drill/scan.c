/*
 * Reading a script's text: see scan.h.
 */
#include "drill/scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_MOST 10000000 /* the times of all events together fit in 64 bits */

unsigned scan_line(const struct scan *scan)
{
    unsigned line = 1;
    for (const char *p = scan->script->text; p < scan->at; p++)
        if (*p == '\n')
            line++;
    return line;
}

unsigned scan_column(const struct scan *scan)
{
    const char *p = scan->at;
    while (p > scan->script->text && p[-1] != '\n')
        p--;
    return (unsigned)(scan->at - p) + 1;
}

bool scan_fail(struct scan *scan, const char *format, ...)
{
    struct script_error *error = &scan->script->error;
    struct scan *place = scan->outer != NULL ? scan->outer : scan;
    if (scan->failed || place->failed)
        return false;
    scan->failed = place->failed = true;
    error->line = scan_line(place);
    error->column = scan_column(place);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->sentence, sizeof error->sentence, format, args);
    va_end(args);
    return false;
}

static size_t left(const struct scan *scan)
{
    return (size_t)(scan->end - scan->at);
}

static bool begins(const struct scan *scan, const char *text)
{
    size_t len = strlen(text);
    return left(scan) >= len && memcmp(scan->at, text, len) == 0;
}

static void pass_line(struct scan *scan)
{
    const char *newline = memchr(scan->at, '\n', left(scan));
    scan->at = newline != NULL ? newline : scan->end;
}

static void pass_comment(struct scan *scan)
{
    const char *close = left(scan) < 4 ? NULL : memmem(scan->at + 2, left(scan) - 2, "*/", 2);
    if (close == NULL)
        (void)scan_fail(scan, "this comment has no end");
    else
        scan->at = close + 2;
}

bool scan_skip(struct scan *scan)
{
    while (!scan->failed && scan->at < scan->end) {
        char c = *scan->at;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            scan->at++;
        else if (c == '#' || begins(scan, "//"))
            pass_line(scan);
        else if (begins(scan, "/*"))
            pass_comment(scan);
        else
            return true;
    }
    return false;
}

bool scan_sees(struct scan *scan, const char *text)
{
    return scan_skip(scan) && begins(scan, text);
}

bool scan_take(struct scan *scan, const char *text)
{
    if (!scan_sees(scan, text))
        return false;
    scan->at += strlen(text);
    return true;
}

bool scan_need(struct scan *scan, const char *text)
{
    if (scan_take(scan, text))
        return true;
    if (scan->at >= scan->end)
        return scan_fail(scan, "\"%s\" should come here, and the file ends", text);
    return scan_fail(scan, "\"%s\" should come here", text);
}

bool scan_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool scan_sees_word(struct scan *scan, const char *word)
{
    size_t len = strlen(word);
    return scan_sees(scan, word) && (left(scan) == len || !scan_word_character(scan->at[len]));
}

bool scan_take_word(struct scan *scan, const char *word)
{
    if (!scan_sees_word(scan, word))
        return false;
    scan->at += strlen(word);
    return true;
}

const char *scan_word(struct scan *scan)
{
    if (!scan_skip(scan))
        return "";
    const char *start = scan->at;
    while (scan->at < scan->end && scan_word_character(*scan->at))
        scan->at++;
    return script_copy(scan->script, start, (size_t)(scan->at - start));
}

bool scan_sees_digit(struct scan *scan)
{
    return scan_skip(scan) && *scan->at >= '0' && *scan->at <= '9';
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 99;
}

/* A word that a definition gives a number to. */
static bool defined_number(struct scan *scan, int64_t least, int64_t most, int64_t *number)
{
    const char *start = scan->at, *text;
    if (!scan_word_character(*start) || (*start >= '0' && *start <= '9'))
        return false;
    text = script_defined(scan->script, scan_word(scan));
    struct scan inner = {.script = scan->script, .at = text, .outer = scan};
    if (text == NULL || text[0] < '0' || text[0] > '9') {
        scan->at = start;
        return false;
    }
    inner.end = text + strlen(text);
    *number = scan_number(&inner, least, most);
    return true;
}

int64_t scan_number(struct scan *scan, int64_t least, int64_t most)
{
    int64_t number;
    if (!scan_skip(scan))
        return scan_fail(scan, "a number should come here, and the file ends");
    if (defined_number(scan, least, most, &number))
        return number;
    const char *start = scan->at, *p = start;
    bool negative = *p == '-';
    p += negative;
    unsigned base = scan->end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X') ? 16 : 10;
    p += base == 16 ? 2 : 0;
    const char *first = p;
    uint64_t value = 0;
    bool large = false;
    for (; p < scan->end && digit_of(*p) < base; p++) {
        large |= value > (UINT64_MAX - 15) / base;
        value = value * base + digit_of(*p);
    }
    if (p == first)
        return scan_fail(scan, "a number should come here");
    number = (int64_t)(negative ? 0 - value : value);
    large |= most != INT64_MAX && (value > INT64_MAX || number > most);
    if (large || (least != INT64_MIN && number < least))
        return scan_fail(scan, "this number is outside %lld to %lld", (long long)least,
                         (long long)most);
    scan->at = p;
    return number;
}

int64_t scan_seconds(struct scan *scan)
{
    int64_t whole = 0, fraction = 0;
    bool any = false;
    if (!scan_skip(scan))
        return scan_fail(scan, "a time should come here, and the file ends");
    for (; scan->at < scan->end && digit_of(*scan->at) < 10 && whole <= SECONDS_MOST; any = true)
        whole = whole * 10 + (int64_t)digit_of(*scan->at++);
    if (whole > SECONDS_MOST)
        return scan_fail(scan, "no time is longer than %d seconds", SECONDS_MOST);
    if (left(scan) > 1 && scan->at[0] == '.' && digit_of(scan->at[1]) < 10) {
        int64_t unit = 100000;
        any = true;
        for (scan->at++; scan->at < scan->end && digit_of(*scan->at) < 10; unit /= 10)
            fraction += unit * (int64_t)digit_of(*scan->at++);
    }
    if (!any)
        return scan_fail(scan, "a time in seconds should come here");
    return whole * 1000000 + fraction;
}

/* One character behind a backslash. */
static char escaped(struct scan *scan)
{
    char c = *scan->at++;
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case '0': return '\0';
    case 'x': {
        unsigned value = 0;
        for (int i = 0; i < 2 && scan->at < scan->end && digit_of(*scan->at) < 16; i++)
            value = value * 16 + digit_of(*scan->at++);
        return (char)value;
    }
    default: return c;
    }
}

const char *scan_string(struct scan *scan, size_t *len)
{
    *len = 0;
    if (!scan_need(scan, "\""))
        return "";
    const char *close = scan->at;
    while (close < scan->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= scan->end) {
        (void)scan_fail(scan, "this string has no end");
        return "";
    }
    char *text = script_room(scan->script, (size_t)(close - scan->at) + 1);
    while (scan->at < close) {
        char c = *scan->at++;
        text[(*len)++] = c == '\\' && scan->at < close ? escaped(scan) : c;
    }
    scan->at = close + 1;
    return text;
}

const char *scan_between(struct scan *scan, const char *open, const char *close)
{
    if (!scan_need(scan, open))
        return "";
    const char *found = memmem(scan->at, left(scan), close, strlen(close));
    if (found == NULL) {
        (void)scan_fail(scan, "no \"%s\" ends this", close);
        return "";
    }
    const char *text = script_copy(scan->script, scan->at, (size_t)(found - scan->at));
    scan->at = found + strlen(close);
    return text;
}
