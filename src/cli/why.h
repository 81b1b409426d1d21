/*
 * The pages of --why: texts in which runs are shown, and the claims that each run has to prove.
 */
#ifndef CLI_WHY_H
#define CLI_WHY_H

#include "cli/demo.h"

#define WHY_RUNS       2
#define WHY_PARAGRAPHS 16

/* Something that a run shows; told with its text, and checked in the world that was run. */
struct why_claim {
    bool (*holds)(const struct world *world);
    const char *text[TELL_LANGS];
};

struct why_run {
    void (*plan)(struct demo_plan *plan);
    const struct why_claim *claims; /* ends with one that has no check */
};

/* A paragraph that is "@1" or "@2" stands for a run. */
struct why_page {
    const char *name;
    struct why_run run[WHY_RUNS];
    const char *const *text[TELL_LANGS]; /* the first is the title; ends with NULL */
};

extern const struct why_run why_runs_three[WHY_RUNS], why_runs_four[WHY_RUNS],
    why_runs_2msl[WHY_RUNS], why_runs_time_wait[WHY_RUNS], why_runs_close_wait[WHY_RUNS],
    why_runs_half_close[WHY_RUNS];

/* Texts, in the order of why_names. */
extern const char *const *const why_texts_en[], *const *const why_texts_zh[];

#endif
