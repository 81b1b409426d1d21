/*
 * How the command complains: one sentence on standard error, with what to do about it.
 */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tell/tell.h"

#define WORD_MOST 40 /* longer words are no option's and no verb's */

static void say(const char *verb, const char *color, const char *format, va_list args)
{
    bool colored = color && tell_color_default(stderr);

    (void)fflush(stdout);
    (void)fprintf(stderr, "%sciao%s%s:%s ", colored ? color : "", verb ? " " : "", verb ? verb : "",
                  colored ? "\033[0m" : "");
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
}

int cli_fail(const char *verb, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(verb, "\033[1;31m", format, args);
    va_end(args);
    return CLI_FAILED;
}

int cli_misused(const char *verb, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(verb, "\033[1;31m", format, args);
    va_end(args);
    (void)fprintf(stderr, "Try: ciao help%s%s\n", verb ? " " : "", verb ? verb : "");
    return CLI_USAGE;
}

void cli_note(const char *verb, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(verb, NULL, format, args);
    va_end(args);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Letters to add, drop or change to make one word of the other (Levenshtein). */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[WORD_MOST + 1];
    size_t n = strlen(b);

    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned corner = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned above = row[j];

            row[j] = least(least(above, row[j - 1]) + 1, corner + (*a != b[j - 1]));
            corner = above;
        }
    }
    return row[n];
}

const char *cli_meant(const char *word, const char *const *words)
{
    const char *best = NULL;
    unsigned best_distance = 3;
    bool tie = false;

    if (strlen(word) > WORD_MOST || strlen(word) < 2)
        return NULL;
    for (; *words; words++) {
        unsigned d = strncmp(*words, word, strlen(word)) == 0 ? 1 : distance(word, *words);

        tie = d == best_distance ? true : (d < best_distance ? false : tie);
        if (d < best_distance && d < strlen(*words)) {
            best_distance = d;
            best = *words;
        }
    }
    return tie && best_distance > 1 ? NULL : best;
}
