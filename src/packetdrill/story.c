/*
 * The flags tell and trace=FILE: what became of the script's connections, as ladders, when
 * packetdrill ends, whether it was pleased or not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "life/life.h"
#include "packetdrill/pd.h"
#include "tell/tell.h"

#define STEPS 4096 /* of one connection; the middle of longer lives is left out */
#define LIVES 256
#define BATCH 64

struct pd_story {
    struct life_book *book;
    FILE *out;
};

bool pd_story_begin(struct pd *pd)
{
    if (!pd->flags.tell && !pd->flags.trace[0])
        return true;
    pd->story = calloc(1, sizeof *pd->story);
    if (!pd->story)
        return false;
    pd->story->book = life_book_make(STEPS, LIVES);
    pd->story->out = pd->flags.trace[0] ? fopen(pd->flags.trace, "we") : stderr;
    if (!pd->story->out)
        (void)fprintf(stderr, "ciao: cannot write \"%s\": %s\n", pd->flags.trace, strerror(errno));
    if (!pd->story->book || !pd->story->out)
        return false;
    ciao_events_mask(pd->stack, CIAO_EVENTS_ALL);
    return true;
}

void pd_story_listen(struct pd *pd)
{
    struct ciao_event events[BATCH];
    unsigned n;

    if (!pd->story)
        return;
    while ((n = ciao_events(pd->stack, events, BATCH)) > 0) {
        for (unsigned i = 0; i < n; i++)
            life_book_add(pd->story->book, &events[i]);
    }
}

void pd_story_end(struct pd *pd)
{
    struct pd_story *story = pd->story;
    struct life *life;

    if (!story)
        return;
    pd_story_listen(pd);
    pd->story = NULL;
    struct tell_options options = {.lang = tell_lang_default(),
                                   .format = TELL_TEXT,
                                   .color = tell_color_default(story->out),
                                   .width = tell_width_default(story->out)};
    while ((life = life_book_next(story->book, UINT64_MAX))) {
        (void)tell_life(story->out, life, &options);
        life_free(life);
    }
    life_book_free(story->book);
    if (story->out != stderr)
        (void)fclose(story->out);
    free(story);
}
