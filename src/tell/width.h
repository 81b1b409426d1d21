/*
 * How wide a text stands on a terminal, and how to pad and wrap it.
 *
 * CJK, fullwidth forms and emoji take two columns, combining marks none.  Ambiguous characters
 * (box drawing, quotes) are taken as one, as terminals do that speak UTF-8.
 */
#ifndef TELL_WIDTH_H
#define TELL_WIDTH_H

#include <stdint.h>
#include <stdio.h>

/* The next character of a UTF-8 text, which moves on; U+FFFD for what is no UTF-8; 0 at the end. */
uint32_t width_next(const char **text);
unsigned width_of_character(uint32_t character);
unsigned width_of(const char *text);

/* Print a text and fill it up with `pad` (one column wide) to `columns`. */
void width_pad(FILE *out, const char *text, unsigned columns, const char *pad);

/* How a paragraph is laid out. */
struct width_page {
    const char *first; /* printed before the first line */
    unsigned indent;   /* columns before each other line */
    unsigned columns;  /* of the whole line */
    unsigned start;    /* columns that stand on the first line already */
};
/* Print a paragraph, broken at spaces and between wide characters; ends the last line. */
void width_wrap(FILE *out, const char *text, const struct width_page *page);

#endif
