/*
 * `ciao demo --why`: a page that answers, with the runs that prove it.
 *
 * A page is text with runs in it.  Each run is made anew, told as a ladder, and then asked
 * whether it shows what the page claims of it; a claim that does not hold makes the command
 * fail.
 */
#include "cli/why.h"

#include <string.h>

#include "cli/cli.h"
#include "tell/parts.h"

const char *const why_names[] = {"three",      "four",       "2msl", "time-wait",
                                 "close-wait", "half-close", NULL};

static const struct why_run *const runs[] = {why_runs_three,      why_runs_four,
                                             why_runs_2msl,       why_runs_time_wait,
                                             why_runs_close_wait, why_runs_half_close};

/* Is it as claimed?  Says so either way. */
static bool check(FILE *out, const struct world *world, const struct why_claim *claim,
                  const struct tell_options *tell)
{
    bool holds = claim->holds(world);
    struct width_page page = {holds ? "  ✓ " : "  ✗ ", 4, tell_columns(tell), 0};
    tell_paint(out, tell, holds ? TELL_GREEN : TELL_RED);
    width_wrap(out, claim->text[tell->lang], &page);
    tell_unpaint(out, tell, holds ? TELL_GREEN : TELL_RED);
    return holds;
}

static bool show_run(FILE *out, const struct why_run *run, const struct tell_options *tell)
{
    struct demo_plan plan;
    struct world world;
    memset(&plan, 0, sizeof(plan));
    run->plan(&plan);
    bool good = world_run(&world, &plan.world);
    if (good) {
        ladder_life(out, world.life, tell);
        fputc('\n', out);
        for (const struct why_claim *claim = run->claims; claim->holds != NULL; claim++)
            good &= check(out, &world, claim, tell);
    }
    world_free(&world);
    return good;
}

static void title(FILE *out, const char *text, const struct tell_options *tell)
{
    tell_paint(out, tell, TELL_BOLD);
    fprintf(out, "%s\n", text);
    tell_unpaint(out, tell, TELL_BOLD);
}

int why_page(FILE *out, const struct demo_options *options)
{
    struct tell_options tell = demo_tell_options(options);
    unsigned page = 0;
    bool good = true;
    while (strcmp(why_names[page], options->why) != 0)
        page++;
    const char *const *text = options->lang == TELL_ZH ? why_texts_zh[page] : why_texts_en[page];
    title(out, *text++, &tell);
    for (; *text != NULL; text++) {
        fputc('\n', out);
        if ((*text)[0] == '@')
            good &= show_run(out, &runs[page][(*text)[1] - '1'], &tell);
        else
            demo_paragraph(out, *text, &tell);
    }
    return good ? CLI_OK : cli_fail("demo", "a run did not show what the page says of it");
}
