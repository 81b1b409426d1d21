/*
 * Lives told: as a ladder, as sentences, as the dialogue of two shy programs, as Mermaid and as
 * JSON; in English and in Chinese.
 *
 * Not for: finding out what happened (src/life).
 */
#ifndef TELL_TELL_H
#define TELL_TELL_H

#include <stdbool.h>
#include <stdio.h>

#include "life/life.h"

enum tell_lang { TELL_EN, TELL_ZH, TELL_LANGS };
enum tell_format { TELL_TEXT, TELL_SENTENCES, TELL_DIALOGUE, TELL_MERMAID, TELL_JSON };

struct tell_options {
    enum tell_lang lang;
    enum tell_format format;
    bool color;     /* TELL_TEXT, TELL_SENTENCES, TELL_DIALOGUE: ANSI colours */
    unsigned width; /* columns; 0: 80 */
    const char
        *name[LIFE_ENDS]; /* what the two ends are called; NULL: "ciao" and the peer's address */
};

/*
 * Tell one life.  With both ends in it, call life_match() first.
 * Returns 0, or -1 when `out` could not be written (errno says why).
 */
int tell_life(FILE *out, const struct life *life, const struct tell_options *options);

/*
 * Say one event alone, in one sentence, as snprintf does.
 * Returns 0 for what has no sentence (segments, births).
 */
int tell_event(char *out, size_t room, const struct ciao_event *event,
               const struct tell_options *options);

/* "text" "sentences" "dialogue" "mermaid" "json"; false for anything else. */
bool tell_format_parse(const char *text, enum tell_format *format);
/* "en" "zh", also "zh_CN.UTF-8" and the like; false for anything else. */
bool tell_lang_parse(const char *text, enum tell_lang *lang);
/* What the environment asks for: the first of LC_ALL, LC_MESSAGES, LANG that is set; zh* is
 * Chinese. */
enum tell_lang tell_lang_default(void);
/* Is `out` a terminal, and NO_COLOR not set? */
bool tell_color_default(FILE *out);
/* Columns of the terminal `out`, or COLUMNS, or 80. */
unsigned tell_width_default(FILE *out);

#endif
