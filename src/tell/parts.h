/* What the ways of telling share: colours, headings, the line for a gap.  See tell.c. */
#ifndef TELL_PARTS_H
#define TELL_PARTS_H

#include "tell/segment.h"
#include "tell/tell.h"
#include "tell/width.h"
#include "tell/words.h"

enum tell_paint {
    TELL_PLAIN,
    TELL_DIM,
    TELL_BOLD,
    TELL_RED,
    TELL_GREEN,
    TELL_YELLOW,
    TELL_BLUE,
    TELL_CYAN,
};
void tell_paint(FILE *out, const struct tell_options *options, enum tell_paint paint);
void tell_unpaint(FILE *out, const struct tell_options *options, enum tell_paint paint);
enum tell_paint tell_paint_of_state(enum ciao_state state);
unsigned tell_columns(const struct tell_options *options);

/* Who talks with whom, one line. */
void tell_heading(FILE *out, const struct life *life, const struct tell_options *options);
/* Steps that were not kept before this one, and events that the ring lost: said, never passed
 * over. */
void tell_gap(FILE *out, const struct fill *fill);
/* How it ended, the account, what the close cost. */
void tell_ending(FILE *out, const struct life *life, const struct tell_options *options);
/* "12.345": milliseconds with microseconds, since the first step. */
void tell_clock(char *out, size_t room, const struct life *life, uint64_t time_us);

void ladder_life(FILE *out, const struct life *life, const struct tell_options *options);
/*
 * The rows of steps [from, to) alone, with the states of both ends as they were before `from`.
 *   begin  print the columns' heads and the states at the beginning
 */
struct ladder_part {
    uint32_t from, to;
    bool begin;
};
void ladder_rows(FILE *out, const struct life *life, const struct tell_options *options,
                 const struct ladder_part *part);

void sentences_life(FILE *out, const struct life *life, const struct tell_options *options);
/* The sentence of a step with its rule, as a paragraph; false when it has none. */
bool sentences_step(FILE *out, const struct fill *fill, const char *bullet);

void dialogue_life(FILE *out, const struct life *life, const struct tell_options *options);
/* What was said or thought at a step, with `lead` before the name; false when nothing was. */
bool dialogue_step(FILE *out, const struct fill *fill, const char *lead);

void mermaid_life(FILE *out, const struct life *life, const struct tell_options *options);
void json_life(FILE *out, const struct life *life, const struct tell_options *options);
/* A string as JSON, in quotes; bytes that are no UTF-8 become U+FFFD. */
void json_string(FILE *out, const char *text);

#endif
