/*
 * What the files of `ciao demo` share.
 *
 *   demo.c         the command line
 *   demo_plan.c    what the two programs are to do, from the options
 *   demo_world.c   two stacks, a wire, a clock; demo_script.c the programs; demo_link.c the wire
 *   demo_tell.c    the story in steps of four parts; demo_texts_*.c its texts
 *   why.c          the pages of --why, each with the runs that prove it; why_*_*.c their texts
 */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include <stdio.h>

#include "cli/demo_world.h"
#include "tell/tell.h"

enum demo_open { DEMO_OPEN_ACTIVE, DEMO_OPEN_SIMULTANEOUS, DEMO_OPENS };
enum demo_close {
    DEMO_CLOSE_ACTIVE,
    DEMO_CLOSE_PASSIVE,
    DEMO_CLOSE_SIMULTANEOUS,
    DEMO_CLOSE_HALF,
    DEMO_CLOSE_MERGED,
    DEMO_CLOSE_ABORT,
    DEMO_CLOSES
};

struct demo_options {
    enum demo_open open;
    enum demo_close close;
    struct link_plan link;
    bool old_duplicate;
    bool msl_given;
    uint32_t msl_us;
    enum tell_lang lang;
    enum tell_format format; /* TEXT, MERMAID, JSON */
    const char *why;         /* NULL: the demo itself */
};

/* The plan of a run, and the room that its scripts need. */
#define DEMO_LINES 32
struct demo_plan {
    struct world_plan world;
    struct script_line script[WORLD_ENDS][DEMO_LINES];
    unsigned lines[WORLD_ENDS];
};
void demo_plan_make(struct demo_plan *plan, const struct demo_options *options);

/* How it is told: names, colours, width. */
struct tell_options demo_tell_options(const struct demo_options *options);
void demo_tell(FILE *out, const struct world *world, const struct demo_options *options);
/* "All tables of both stacks are empty ...", or what is left.  False when something is. */
bool demo_tell_empty(FILE *out, const struct world *world, const struct tell_options *options);
void demo_paragraph(FILE *out, const char *text, const struct tell_options *options);

/* Texts of the story, by language. */
enum demo_text {
    DEMO_TITLE,
    DEMO_CAST,
    DEMO_WHOLE_LIFE,
    DEMO_EMPTY,
    DEMO_NOT_EMPTY,
    DEMO_SILENCE,
    DEMO_NOTHING_NEW,
    DEMO_MERGED_YES,
    DEMO_MERGED_NO,
    DEMO_OLD_REFUSED,
    DEMO_OLD_GOT_IN,
    DEMO_OLD_MET_NOBODY,
    DEMO_ASIDE_CLOSE_WAIT,
    DEMO_ASIDE_FIN,
    DEMO_TRY,
    SCENE_LATER, /* after a long pause; {1}: seconds */
    SCENE_LISTEN,
    SCENE_CONNECT,
    SCENE_ACCEPT,
    SCENE_SEND,
    SCENE_RECV,
    SCENE_SHUTDOWN,
    SCENE_CLOSE,
    SCENE_SHUT, /* a listener is closed */
    SCENE_ABORT,
    SCENE_TIMER,
    SCENE_SYN,
    SCENE_SYN_ACK,
    SCENE_ACK,
    SCENE_DATA,
    SCENE_FIN,
    SCENE_RST,
    SCENE_COPY,
    SCENE_OLD,
    SCENE_OTHER_DUTY, /* the stack sends what was due */
    SCENE_LOST,
    DEMO_TEXTS
};
extern const char *const demo_texts[TELL_LANGS][DEMO_TEXTS];
/* What a variant is about, one paragraph before the story. */
extern const char *const demo_open_intro[TELL_LANGS][DEMO_OPENS];
extern const char *const demo_close_intro[TELL_LANGS][DEMO_CLOSES];
extern const char *const demo_old_intro[TELL_LANGS];

/* The page of --why NAME.  Returns an exit code: CLI_FAILED when a run does not prove what the
 * page says. */
int why_page(FILE *out, const struct demo_options *options);
/* The pages' names, ending with NULL. */
extern const char *const why_names[];

#endif
