/*
 * The story of the demo: steps of four parts (the scene, what really happened, what they said,
 * the states), then the whole life on one page.
 *
 * A step is all that one host did at one moment.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/demo.h"
#include "tell/parts.h"
#include "wire/tcp.h"

struct moment {
    uint32_t from, to; /* steps */
    unsigned number;
    uint64_t before_us; /* the moment before this one; UINT64_MAX: none */
};

struct story {
    FILE *out;
    const struct world *world;
    const struct life *life;
    const struct tell_options *tell;
    enum ciao_state state[LIFE_ENDS];
    bool aside_close_wait, aside_fin; /* told already */
};

static const char *text_of(const struct story *story, enum demo_text text)
{
    return demo_texts[story->tell->lang][text];
}

struct tell_options demo_tell_options(const struct demo_options *options)
{
    bool zh = options->lang == TELL_ZH;
    return (struct tell_options){.lang = options->lang,
                                 .format = options->format,
                                 .color = tell_color_default(stdout),
                                 .width = tell_width_default(stdout),
                                 .name = {zh ? "小琦" : "Ci", zh ? "阿奥" : "Ao"}};
}

void demo_paragraph(FILE *out, const char *text, const struct tell_options *options)
{
    struct width_page page = {"", 0, tell_columns(options), 0};
    width_wrap(out, text, &page);
}

/* ---- the four parts ---- */

/* Columns that the labels of the parts take. */
static unsigned label_columns(const struct story *story)
{
    return story->tell->lang == TELL_ZH ? 6 : 9;
}

static void label(char *out, size_t room, const struct story *story, const char *name)
{
    unsigned width = width_of(name), columns = label_columns(story);
    snprintf(out, room, "%s%*s", name, (int)(columns > width ? columns - width : 1), "");
}

static void headline(const struct story *story, const struct moment *moment)
{
    char clock[32], name[128], right[192];
    const struct life_step *step = &story->life->steps[moment->from];
    tell_clock(clock, sizeof(clock), story->life, step->event.time_us);
    fill_name(name, sizeof(name), story->life, (enum life_end)step->end, story->tell);
    snprintf(right, sizeof(right), " %s ms · %s ──", clock, name);
    unsigned columns = tell_columns(story->tell), used = width_of(right);
    fputc('\n', story->out);
    tell_paint(story->out, story->tell, TELL_BOLD);
    char left[32];
    snprintf(left, sizeof(left), "── %u ", moment->number);
    used += width_of(left);
    fputs(left, story->out);
    for (; used < columns; used++)
        fputs("─", story->out);
    fprintf(story->out, "%s", right);
    tell_unpaint(story->out, story->tell, TELL_BOLD);
    fputc('\n', story->out);
}

static enum demo_text scene_of_segment(uint16_t flags, uint32_t len)
{
    if ((flags & TCP_RST) != 0)
        return SCENE_RST;
    if ((flags & TCP_SYN) != 0)
        return (flags & TCP_ACK) != 0 ? SCENE_SYN_ACK : SCENE_SYN;
    if ((flags & TCP_FIN) != 0)
        return SCENE_FIN;
    return len > 0 ? SCENE_DATA : SCENE_ACK;
}

static enum demo_text scene_of_call(enum ciao_reason call)
{
    static const uint8_t scenes[CIAO_REASONS] = {
        [CIAO_CALL_LISTEN] = SCENE_LISTEN,
        [CIAO_CALL_CONNECT] = SCENE_CONNECT,
        [CIAO_CALL_ACCEPT] = SCENE_ACCEPT,
        [CIAO_CALL_SEND] = SCENE_SEND,
        [CIAO_CALL_RECV] = SCENE_RECV,
        [CIAO_CALL_RECV_EOF] = SCENE_RECV,
        [CIAO_CALL_SHUTDOWN_WR] = SCENE_SHUTDOWN,
        [CIAO_CALL_SHUTDOWN_RD] = SCENE_SHUTDOWN,
        [CIAO_CALL_CLOSE] = SCENE_CLOSE,
        [CIAO_CALL_ABORT] = SCENE_ABORT,
    };
    return scenes[call] == 0 ? SCENE_OTHER_DUTY : (enum demo_text)scenes[call];
}

/* What the moment begins with, and the number of the segment that it is about. */
static enum demo_text scene_of(const struct story *story, const struct moment *moment,
                               uint32_t *number)
{
    for (uint32_t i = moment->from; i < moment->to; i++) {
        const struct life_step *step = &story->life->steps[i];
        const struct ciao_event *event = &step->event;
        if (step->flight != LIFE_NONE && event->type != CIAO_EVENT_SENT) {
            const struct life_flight *flight = &story->life->flights[step->flight];
            *number = flight->number;
            if (flight->fate == LIFE_COPY)
                return SCENE_COPY;
            if (flight->fate == LIFE_OLD)
                return SCENE_OLD;
            if (flight->sent == LIFE_NONE)
                return scene_of_segment(event->flags, event->u.seg.len);
            event = &story->life->steps[flight->sent].event;
            return scene_of_segment(event->flags, event->u.seg.len);
        }
        if (event->type != CIAO_EVENT_REASON)
            continue;
        if (event->what == CIAO_CALL_CLOSE && event->from == CIAO_LISTEN)
            return SCENE_SHUT;
        if (ciao_reason_kind_of(event->what) == CIAO_KIND_CALL)
            return scene_of_call(event->what);
        if (ciao_reason_kind_of(event->what) == CIAO_KIND_TIMER)
            return SCENE_TIMER;
    }
    return SCENE_OTHER_DUTY;
}

static void append(char *out, size_t room, const char *text, const struct fill *fill)
{
    size_t len = strlen(out);
    fill_text(out + len, room - len, text, fill);
}

static void tell_scene(const struct story *story, const struct moment *moment)
{
    char text[WORDS_TEXT] = "", first[64];
    uint32_t number = 0;
    const struct life_step *step = &story->life->steps[moment->from];
    struct fill fill = {.life = story->life, .step = step, .options = story->tell};
    uint64_t pause = moment->before_us == UINT64_MAX ? 0 : step->event.time_us - moment->before_us;
    fill.number[0] = (pause + 500000) / 1000000;
    if (pause >= 1000000)
        append(text, sizeof(text), text_of(story, SCENE_LATER), &fill);
    enum demo_text scene = scene_of(story, moment, &number);
    fill.number[0] = number;
    append(text, sizeof(text), text_of(story, scene), &fill);
    for (uint32_t i = moment->from; i < moment->to; i++) {
        const struct life_step *at = &story->life->steps[i];
        if (at->event.type != CIAO_EVENT_SENT || at->flight == LIFE_NONE
            || story->life->flights[at->flight].fate != LIFE_LOST)
            continue;
        fill.number[0] = story->life->flights[at->flight].number;
        append(text, sizeof(text), text_of(story, SCENE_LOST), &fill);
    }
    label(first, sizeof(first), story, words_label(story->tell->lang, LABEL_SCENE));
    struct width_page page = {first, label_columns(story), tell_columns(story->tell), 0};
    width_wrap(story->out, text, &page);
}

static void aside(struct story *story, const struct life_step *step)
{
    char text[WORDS_TEXT], first[32];
    struct fill fill = {.life = story->life, .step = step, .options = story->tell};
    bool close_wait = step->event.to == CIAO_CLOSE_WAIT && !story->aside_close_wait;
    bool fin = step->event.to == CIAO_FIN_WAIT_1 && !story->aside_fin;
    if (step->event.type != CIAO_EVENT_ARC || (!close_wait && !fin))
        return;
    story->aside_close_wait |= close_wait;
    story->aside_fin |= fin;
    fill_text(text, sizeof(text),
              text_of(story, close_wait ? DEMO_ASIDE_CLOSE_WAIT : DEMO_ASIDE_FIN), &fill);
    snprintf(first, sizeof(first), "%*s! ", (int)label_columns(story), "");
    struct width_page page = {first, width_of(first), tell_columns(story->tell), 0};
    tell_paint(story->out, story->tell, TELL_YELLOW);
    width_wrap(story->out, text, &page);
    tell_unpaint(story->out, story->tell, TELL_YELLOW);
}

static void tell_nothing_new(const struct story *story, const struct life_step *step,
                             const char *first)
{
    char text[WORDS_TEXT];
    struct fill fill = {.life = story->life, .step = step, .options = story->tell};
    struct width_page page = {first, width_of(first), tell_columns(story->tell), 0};
    fill_text(text, sizeof(text), text_of(story, DEMO_NOTHING_NEW), &fill);
    width_wrap(story->out, text, &page);
}

static void tell_facts(struct story *story, const struct moment *moment)
{
    char first[64], rest[64];
    label(first, sizeof(first), story, words_label(story->tell->lang, LABEL_HAPPENED));
    strncat(first, "· ", sizeof(first) - strlen(first) - 1);
    snprintf(rest, sizeof(rest), "%*s· ", (int)label_columns(story), "");
    bool any = false;
    for (uint32_t i = moment->from; i < moment->to; i++) {
        const struct life_step *step = &story->life->steps[i];
        struct fill fill = {.life = story->life, .step = step, .options = story->tell};
        any |= sentences_step(story->out, &fill, any ? rest : first);
        aside(story, step);
    }
    if (!any)
        tell_nothing_new(story, &story->life->steps[moment->from], first);
}

static void tell_said(const struct story *story, const struct moment *moment)
{
    char first[64], rest[64];
    label(first, sizeof(first), story, words_label(story->tell->lang, LABEL_SAID));
    snprintf(rest, sizeof(rest), "%*s", (int)label_columns(story), "");
    bool any = false;
    for (uint32_t i = moment->from; i < moment->to; i++) {
        struct fill fill = {
            .life = story->life, .step = &story->life->steps[i], .options = story->tell};
        any |= dialogue_step(story->out, &fill, any ? rest : first);
    }
    if (!any)
        fprintf(story->out, "%s%s\n", first, text_of(story, DEMO_SILENCE));
}

static void put_state(const struct story *story, enum life_end end, enum ciao_state before)
{
    char name[128];
    enum ciao_state now = story->state[end];
    fill_name(name, sizeof(name), story->life, end, story->tell);
    fprintf(story->out, "%s ", name);
    if (before != now)
        fprintf(story->out, "%s → ", ciao_state_name(before));
    tell_paint(story->out, story->tell, tell_paint_of_state(now));
    fputs(ciao_state_name(now), story->out);
    tell_unpaint(story->out, story->tell, tell_paint_of_state(now));
}

static void tell_states(struct story *story, const struct moment *moment)
{
    char first[64];
    enum ciao_state before[LIFE_ENDS] = {story->state[LIFE_LEFT], story->state[LIFE_RIGHT]};
    bool first_arc = true; /* a moment has one end; a listener outlives its connections */
    for (uint32_t i = moment->from; i < moment->to; i++) {
        const struct life_step *step = &story->life->steps[i];
        if (step->event.type != CIAO_EVENT_ARC)
            continue;
        if (first_arc)
            before[step->end] = (enum ciao_state)step->event.from;
        first_arc = false;
        story->state[step->end] = (enum ciao_state)step->event.to;
    }
    label(first, sizeof(first), story, words_label(story->tell->lang, LABEL_STATES));
    fputs(first, story->out);
    put_state(story, LIFE_LEFT, before[LIFE_LEFT]);
    fputs("  ·  ", story->out);
    put_state(story, LIFE_RIGHT, before[LIFE_RIGHT]);
    fputc('\n', story->out);
    struct ladder_part part = {moment->from, moment->to, false};
    ladder_rows(story->out, story->life, story->tell, &part);
}

/* ---- all of it ---- */

static uint32_t moment_end(const struct life *life, uint32_t from)
{
    uint32_t to = from + 1;
    while (to < life->n && life->steps[to].end == life->steps[from].end
           && life->steps[to].event.time_us == life->steps[from].event.time_us)
        to++;
    return to;
}

static void tell_steps(struct story *story)
{
    struct moment moment = {.before_us = UINT64_MAX};
    while (moment.from < story->life->n) {
        moment.to = moment_end(story->life, moment.from);
        moment.number++;
        headline(story, &moment);
        tell_scene(story, &moment);
        tell_facts(story, &moment);
        tell_said(story, &moment);
        tell_states(story, &moment);
        moment.before_us = story->life->steps[moment.from].event.time_us;
        moment.from = moment.to;
    }
}

bool demo_tell_empty(FILE *out, const struct world *world, const struct tell_options *options)
{
    char text[WORDS_TEXT];
    struct life_step nobody = {0};
    struct fill fill = {.life = world->life, .step = &nobody, .options = options};
    bool empty = world_is_empty(world);
    for (unsigned end = 0; end < WORLD_ENDS; end++) {
        struct ciao_counts counts;
        ciao_counts(world->end[end].stack, &counts);
        fill.number[0] += counts.tcbs;
        fill.number[1] += counts.syn_records;
        fill.number[2] += counts.time_waits;
        fill.number[3] += counts.timers;
        fill.number[4] += counts.buffer_bytes;
    }
    fill_text(text, sizeof(text), demo_texts[options->lang][empty ? DEMO_EMPTY : DEMO_NOT_EMPTY],
              &fill);
    demo_paragraph(out, text, options);
    return empty;
}

static bool rode_together(const struct life *life)
{
    for (uint32_t i = 0; i < life->n; i++) {
        const struct life_step *step = &life->steps[i];
        if (step->event.type == CIAO_EVENT_SENT && words_say_of(life, step) == SAY_FIN_MERGED)
            return true;
    }
    return false;
}

static void tell_moral(const struct story *story, const struct demo_options *options)
{
    char text[WORDS_TEXT];
    struct life_step nobody = {0};
    struct fill fill = {.life = story->life, .step = &nobody, .options = story->tell};
    enum demo_text moral;
    if (options->old_duplicate) {
        bool met = false, wrong = strstr(story->world->end[LIFE_RIGHT].read, "100") != NULL;
        for (uint32_t i = 0; i < story->life->n_flights; i++)
            met |= story->life->flights[i].fate == LIFE_OLD;
        fill.text = story->world->end[LIFE_RIGHT].read;
        moral = !met ? DEMO_OLD_MET_NOBODY : wrong ? DEMO_OLD_GOT_IN : DEMO_OLD_REFUSED;
    } else if (options->close == DEMO_CLOSE_MERGED) {
        moral = rode_together(story->life) ? DEMO_MERGED_YES : DEMO_MERGED_NO;
    } else {
        return;
    }
    fill_text(text, sizeof(text), text_of(story, moral), &fill);
    demo_paragraph(story->out, text, story->tell);
    fputc('\n', story->out);
}

static void title(const struct story *story, enum demo_text text)
{
    tell_paint(story->out, story->tell, TELL_BOLD);
    fprintf(story->out, "%s\n", text_of(story, text));
    tell_unpaint(story->out, story->tell, TELL_BOLD);
    fputc('\n', story->out);
}

static void tell_text(struct story *story, const struct demo_options *options)
{
    enum tell_lang lang = story->tell->lang;
    title(story, DEMO_TITLE);
    demo_paragraph(story->out, text_of(story, DEMO_CAST), story->tell);
    fputc('\n', story->out);
    if (options->old_duplicate) {
        demo_paragraph(story->out, demo_old_intro[lang], story->tell);
    } else {
        demo_paragraph(story->out, demo_open_intro[lang][options->open], story->tell);
        demo_paragraph(story->out, demo_close_intro[lang][options->close], story->tell);
    }
    tell_steps(story);
    fputs("\n\n", story->out);
    title(story, DEMO_WHOLE_LIFE);
    ladder_life(story->out, story->life, story->tell);
    fputc('\n', story->out);
    tell_moral(story, options);
    (void)demo_tell_empty(story->out, story->world, story->tell);
    demo_paragraph(story->out, text_of(story, DEMO_TRY), story->tell);
}

void demo_tell(FILE *out, const struct world *world, const struct demo_options *options)
{
    struct tell_options tell = demo_tell_options(options);
    struct story story = {.out = out, .world = world, .life = world->life, .tell = &tell};
    if (options->format == TELL_TEXT) {
        tell_text(&story, options);
    } else if (options->format == TELL_MERMAID) {
        mermaid_life(out, world->life, &tell);
    } else {
        fprintf(out, "{\"format\":\"ciao-demo\",\"version\":1,\"tables_empty\":%s,\"life\":",
                world_is_empty(world) ? "true" : "false");
        json_life(out, world->life, &tell);
        fputs("}\n", out);
    }
}
