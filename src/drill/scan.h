/*
 * Reading a script's text from left to right: blanks and comments, words, numbers, strings.
 *
 * The first error is kept and everything after it is refused, so that a parser need not ask after
 * each step.
 */
#ifndef DRILL_SCAN_H
#define DRILL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drill/script.h"

struct scan {
    struct script *script;
    const char *at, *end;
    struct scan *outer; /* what reads a definition has: the place where its name stands */
    bool failed;
};

/* Where the next thing begins, counted from 1. */
unsigned scan_line(const struct scan *scan);
unsigned scan_column(const struct scan *scan);

/* Remember what is wrong here.  Returns false, so that `return scan_fail(...)` reads well. */
__attribute__((format(printf, 2, 3))) bool scan_fail(struct scan *scan, const char *format, ...);

/* Pass blanks and comments: // to the end of the line, # the same, and C's.  False at the end of
 * the text or after an error. */
bool scan_skip(struct scan *scan);
/* Does this character, or text, come next (behind blanks)?  `take` passes it. */
bool scan_sees(struct scan *scan, const char *text);
bool scan_take(struct scan *scan, const char *text);
/* The same, and it is an error when it does not come. */
bool scan_need(struct scan *scan, const char *text);
/* Is the next word that one (and not just a beginning like it)? */
bool scan_sees_word(struct scan *scan, const char *word);
bool scan_take_word(struct scan *scan, const char *word);

/* The characters of a word: letters, digits, _. */
bool scan_word_character(char c);
/* Takes a word; "" when none comes. */
const char *scan_word(struct scan *scan);
/* A number, decimal or with 0x, perhaps negative, within the bounds. */
int64_t scan_number(struct scan *scan, int64_t least, int64_t most);
bool scan_sees_digit(struct scan *scan);
/* Seconds with a fraction, as microseconds. */
int64_t scan_seconds(struct scan *scan);
/* "text" with C's escapes; *len without the final zero. */
const char *scan_string(struct scan *scan, size_t *len);
/* What stands between two marks, taken as it is: `command`, %{ code }%. */
const char *scan_between(struct scan *scan, const char *open, const char *close);

#endif
