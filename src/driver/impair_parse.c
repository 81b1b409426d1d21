/*
 * Reads what a user writes about a bad network: "loss=2%,delay=20ms,seed=7"; see impair.h.
 *
 * One table says each word, what follows it and where it goes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "driver/impair.h"

#define PPM_OF_PERCENT 10000
#define TIME_MOST_US   60000000u /* a minute */
#define LIMIT_MOST     (1u << 20)

enum measure { MEASURE_SHARE, MEASURE_TIME, MEASURE_RATE, MEASURE_COUNT, MEASURE_WAY };

struct word {
    const char *name;
    enum measure measure;
    bool wide; /* the field has 64 bits */
    uint64_t most;
    size_t offset;
    const char *example;
};

#define FIELD(name) offsetof(struct impair_spec, name)

static const struct word words[] = {
    {"loss", MEASURE_SHARE, false, 1000000, FIELD(loss_ppm), "loss=2%"},
    {"dup", MEASURE_SHARE, false, 1000000, FIELD(dup_ppm), "dup=1%"},
    {"reorder", MEASURE_SHARE, false, 1000000, FIELD(reorder_ppm), "reorder=1%"},
    {"corrupt", MEASURE_SHARE, false, 1000000, FIELD(corrupt_ppm), "corrupt=0.1%"},
    {"delay", MEASURE_TIME, false, TIME_MOST_US, FIELD(delay_us), "delay=20ms"},
    {"jitter", MEASURE_TIME, false, TIME_MOST_US, FIELD(jitter_us), "jitter=1ms"},
    {"rate", MEASURE_RATE, true, 1000000000000, FIELD(rate_bits), "rate=100mbit"},
    {"seed", MEASURE_COUNT, true, UINT64_MAX, FIELD(seed), "seed=7"},
    {"limit", MEASURE_COUNT, false, LIMIT_MOST, FIELD(limit), "limit=1000"},
    {"way", MEASURE_WAY, false, 0, FIELD(ways), "way=out"},
};
#define WORDS (sizeof words / sizeof words[0])

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit share_units[] = {{"%", PPM_OF_PERCENT}, {NULL, 0}};
static const struct unit time_units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {NULL, 0}};
static const struct unit rate_units[] = {
    {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}, {NULL, 0}};
static const struct unit count_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum measure measure)
{
    switch (measure) {
    case MEASURE_SHARE: return share_units;
    case MEASURE_TIME: return time_units;
    case MEASURE_RATE: return rate_units;
    case MEASURE_COUNT:
    case MEASURE_WAY: return count_units;
    }
    return count_units;
}

/* A decimal number with an optional fraction, in units of 1/scale; false: none, or out of range. */
static bool read_number(const char **text, uint64_t scale, uint64_t *number)
{
    uint64_t value = 0;
    const char *at = *text;
    bool fraction = false;

    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !fraction); at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        if (fraction && scale == 1)
            return false; /* finer than what can be said */
        if (fraction)
            scale /= 10;
        unsigned digit = (unsigned)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (at == *text || at[-1] == '.' || (value && scale > UINT64_MAX / value))
        return false;
    *number = value * scale;
    *text = at;
    return true;
}

static bool read_value(const struct word *word, const char *text, size_t len, uint64_t *value)
{
    char copy[32];

    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = 0;

    const char *digits_end = copy + strspn(copy, "0123456789.");
    for (const struct unit *unit = units_of(word->measure); unit->name; unit++) {
        const char *at = copy;
        if (strcmp(digits_end, unit->name) == 0)
            return read_number(&at, unit->factor, value) && at == digits_end
                   && *value <= word->most;
    }
    return false;
}

static bool read_way(const char *text, size_t len, uint64_t *value)
{
    static const char *const names[] = {"out", "in", "both"}; /* IMPAIR_OUT, IMPAIR_IN, 3 */

    for (unsigned i = 0; i < 3; i++) {
        if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0) {
            *value = i + 1;
            return true;
        }
    }
    return false;
}

static const struct word *find_word(const char *text, size_t len)
{
    for (size_t i = 0; i < WORDS; i++)
        if (strlen(words[i].name) == len && memcmp(words[i].name, text, len) == 0)
            return &words[i];
    return NULL;
}

static void store(struct impair_spec *spec, const struct word *word, uint64_t value)
{
    uint8_t *field = (uint8_t *)spec + word->offset;
    uint32_t narrow = (uint32_t)value;

    if (word->wide)
        memcpy(field, &value, sizeof value);
    else
        memcpy(field, &narrow, sizeof narrow);
}

static int wrong(char *error, const char *sentence, const char *item, size_t len,
                 const char *example)
{
    int shown = len < 40 ? (int)len : 40;

    snprintf(error, IMPAIR_ERROR_TEXT, sentence, shown, item, example);
    return -EINVAL;
}

/* One "word=value" of `len` characters. */
static int read_item(struct impair_spec *spec, const char *item, size_t len, uint32_t *seen,
                     char *error)
{
    const char *equals = memchr(item, '=', len);
    size_t name_len = equals ? (size_t)(equals - item) : len;
    const struct word *word = find_word(item, name_len);
    uint64_t value = 0;

    if (!word)
        return wrong(error, "'%.*s' is nothing that a network does here: it can be %s", item, len,
                     "loss, dup, reorder, corrupt, delay, jitter, rate, limit, way or seed");
    if (!equals)
        return wrong(error, "'%.*s' needs a value, as in %s", item, len, word->example);
    if (*seen & 1u << (word - words))
        return wrong(error, "'%.*s' comes twice%s", item, name_len, "");
    *seen |= 1u << (word - words);

    const char *text = equals + 1;
    size_t text_len = len - name_len - 1;
    bool good = word->measure == MEASURE_WAY ? read_way(text, text_len, &value)
                                             : read_value(word, text, text_len, &value);
    if (!good)
        return wrong(error, "'%.*s' has no value that fits, as in %s", item, len, word->example);
    store(spec, word, value);
    return 0;
}

int impair_parse(const char *text, struct impair_spec *spec, char error[IMPAIR_ERROR_TEXT])
{
    uint32_t seen = 0;

    memset(spec, 0, sizeof *spec);
    error[0] = 0;
    if (*text == 0) {
        snprintf(error, IMPAIR_ERROR_TEXT, "what the network does is missing, as in loss=2%%");
        return -EINVAL;
    }
    for (;;) {
        size_t len = strcspn(text, ",");
        int status = read_item(spec, text, len, &seen, error);
        if (status < 0)
            return status;
        if (text[len] == 0)
            return 0;
        text += len + 1;
    }
}
