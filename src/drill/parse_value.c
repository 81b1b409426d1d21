/*
 * Values of calls: numbers, words, strings, lists, structs, and words joined by |.
 */
#include <string.h>

#include "drill/parse.h"

#define DEPTH_MOST 12 /* lists in structs in lists; no script has half as many */

static struct value *new_value(struct scan *scan, enum value_kind kind)
{
    struct value *value = script_room(scan->script, sizeof *value);
    value->kind = kind;
    return value;
}

static bool digits_come(struct scan *scan)
{
    return scan_sees_digit(scan)
           || (scan_sees(scan, "-") && scan->end - scan->at > 1 && scan->at[1] >= '0'
               && scan->at[1] <= '9');
}

static struct value *text_value(struct scan *scan, enum value_kind kind, const char *text)
{
    struct value *value = new_value(scan, kind);
    value->text = text;
    value->len = strlen(text);
    return value;
}

/* "one" "after" "the other" is one string; the dots behind it say that more follows. */
static struct value *parse_string(struct scan *scan)
{
    struct value *value = new_value(scan, VALUE_STRING);
    value->text = scan_string(scan, &value->len);
    while (scan_sees(scan, "\"")) {
        size_t len;
        const char *more = scan_string(scan, &len);
        char *both = script_room(scan->script, value->len + len + 1);
        memcpy(both, value->text, value->len);
        memcpy(both + value->len, more, len);
        value->text = both;
        value->len += len;
    }
    (void)scan_take(scan, "...");
    return value;
}

/* A defined word is read as if what it stands for were written there. */
static struct value *defined_value(struct scan *scan, const char *text)
{
    size_t len = strlen(text);
    struct scan inner = {.script = scan->script, .at = text, .end = text + len, .outer = scan};
    if (text[0] == '`')
        return text_value(scan, VALUE_STRING, scan_between(&inner, "`", "`"));
    if (text[0] == '"')
        return parse_string(&inner);
    if (len > 0 && ((text[0] >= '0' && text[0] <= '9') || text[0] == '-')) {
        const char *p = text + (text[0] == '-');
        while (scan_word_character(*p))
            p++;
        if (*p == '\0' && strspn(text, "-0123456789xabcdefABCDEF") == len) {
            struct value *value = new_value(scan, VALUE_NUMBER);
            value->number = scan_number(&inner, INT64_MIN, INT64_MAX);
            return value;
        }
    }
    return text_value(scan, VALUE_WORD, text);
}

static struct value *value_within(struct scan *scan, unsigned depth);

static struct value *values_within(struct scan *scan, const char *close, unsigned *n,
                                   unsigned depth)
{
    struct value *first = NULL, **last = &first;
    *n = 0;
    while (!scan->failed && !scan_take(scan, close)) {
        if (*n > 0 && !scan_need(scan, ","))
            break;
        *last = value_within(scan, depth);
        last = &(*last)->next;
        *n += 1;
    }
    return first;
}

static struct value *parse_group(struct scan *scan, enum value_kind kind, const char *close,
                                 unsigned depth)
{
    unsigned n;
    struct value *value = new_value(scan, kind);
    scan->at++;
    value->first = values_within(scan, close, &n, depth);
    value->number = n;
    return value;
}

/* A word, word(arguments), and either with "=value" behind it: a member. */
static struct value *parse_word(struct scan *scan, unsigned depth)
{
    const char *word = scan_word(scan), *text = script_defined(scan->script, word);
    struct value *value =
        text != NULL ? defined_value(scan, text) : text_value(scan, VALUE_WORD, word);
    if (scan_sees(scan, "(")) {
        struct value *call = parse_group(scan, VALUE_CALL, ")", depth);
        call->text = word;
        value = call;
    }
    if (!scan_sees(scan, "=") || scan_sees(scan, "=="))
        return value;
    scan->at++;
    value = value_within(scan, depth);
    value->name = word;
    return value;
}

static struct value *parse_one(struct scan *scan, unsigned depth)
{
    if (scan_take(scan, "..."))
        return new_value(scan, VALUE_DOTS);
    if (scan_sees(scan, "\""))
        return parse_string(scan);
    if (scan_sees(scan, "["))
        return parse_group(scan, VALUE_LIST, "]", depth);
    if (scan_sees(scan, "{"))
        return parse_group(scan, VALUE_STRUCT, "}", depth);
    if (digits_come(scan)) {
        struct value *value = new_value(scan, VALUE_NUMBER);
        value->number = scan_number(scan, INT64_MIN, INT64_MAX);
        return value;
    }
    if (scan_skip(scan) && scan_word_character(*scan->at))
        return parse_word(scan, depth);
    (void)scan_fail(scan, "a value should come here");
    return new_value(scan, VALUE_DOTS);
}

static struct value *value_within(struct scan *scan, unsigned depth)
{
    if (depth == 0) {
        (void)scan_fail(scan, "too many lists within lists");
        return new_value(scan, VALUE_DOTS);
    }
    struct value *value = parse_one(scan, depth - 1);
    if (!scan_sees(scan, "|"))
        return value;
    struct value *either = new_value(scan, VALUE_OR), **last = &value->next;
    either->name = value->name;
    either->first = value;
    while (scan_take(scan, "|")) {
        *last = parse_one(scan, depth - 1);
        last = &(*last)->next;
    }
    return either;
}

struct value *parse_value(struct scan *scan)
{
    return value_within(scan, DEPTH_MOST);
}

struct value *parse_values(struct scan *scan, const char *close, unsigned *n)
{
    return values_within(scan, close, n, DEPTH_MOST);
}
