/*
 * A life as a Mermaid sequence diagram: segments as arrows, states as notes.
 *
 * Mermaid ends a statement at ';' and begins an entity with '#', so both are written as
 * entities, in all that comes from elsewhere.  A test hands every variant of the demo to
 * Mermaid's own parser.
 */
#include <string.h>

#include "tell/parts.h"

/* Text that Mermaid shows as it is. */
static void put_escaped(FILE *out, const char *text)
{
    for (uint32_t character; *text != '\0';) {
        const char *from = text;
        character = width_next(&text);
        if (character == 0xFFFD && text - from == 1)
            fputs("\xEF\xBF\xBD", out);
        else if (character < 0x20 || character == 0x7F)
            fputc(' ', out);
        else if (strchr(";#:<>\"%{}", (int)character) != NULL && character < 0x80)
            fprintf(out, "#%u;", (unsigned)character);
        else
            fwrite(from, 1, (size_t)(text - from), out);
    }
}

static void note(FILE *out, unsigned end, const char *text)
{
    fprintf(out, "    Note over %c: ", end == LIFE_LEFT ? 'L' : 'R');
    put_escaped(out, text);
    fputc('\n', out);
}

static void arrow(FILE *out, const struct life *life, const struct life_step *step,
                  const struct tell_options *options)
{
    char text[SEGMENT_TEXT], clock[32];
    bool leaves = step->event.type == CIAO_EVENT_SENT;
    enum life_end from = life_sender(step);
    const struct life_flight *flight =
        step->flight == LIFE_NONE ? NULL : &life->flights[step->flight];
    enum life_fate fate = flight == NULL ? LIFE_UNKNOWN : (enum life_fate)flight->fate;
    if (!leaves && flight != NULL && flight->sent != LIFE_NONE && fate == LIFE_ARRIVED)
        return; /* its arrow was drawn where it left */
    bool ghost = fate == LIFE_COPY || fate == LIFE_OLD;
    bool lost = fate == LIFE_LOST;
    const char *line = lost ? "-x" : ghost ? "-->>" : "->>";
    segment_text(text, sizeof(text), life, step, SEGMENT_WINDOW);
    tell_clock(clock, sizeof(clock), life, step->event.time_us);
    fprintf(out, "    %c%s%c: ", from == LIFE_LEFT ? 'L' : 'R', line,
            from == LIFE_LEFT ? 'R' : 'L');
    if (flight != NULL && flight->number > 0)
        fprintf(out, "%u ", flight->number);
    put_escaped(out, text);
    enum words_label mark = lost ? LABEL_LOST : fate == LIFE_COPY ? LABEL_COPY : LABEL_OLD;
    if (lost || ghost)
        fprintf(out, " (%s)", words_label(options->lang, mark));
    else if (leaves && step->event.u.seg.again && words_say_of(life, step) != SAY_SYN_CROSSING)
        fprintf(out, " (%s)", words_label(options->lang, LABEL_AGAIN));
    fprintf(out, " @ %s ms\n", clock);
}

static void gap(FILE *out, const struct fill *fill)
{
    char text[WORDS_TEXT];
    struct fill numbered = *fill;
    if (fill->step->skipped == 0)
        return;
    numbered.number[0] = fill->step->skipped;
    fill_text(text, sizeof(text), words_label(fill->options->lang, LABEL_SKIPPED), &numbered);
    note(out, fill->step->end, text);
}

static void reason(FILE *out, const struct fill *fill)
{
    char text[WORDS_TEXT];
    switch (ciao_reason_kind_of(fill->step->event.what)) {
    case CIAO_KIND_DROP:
    case CIAO_KIND_RST:
    case CIAO_KIND_TIMER:
    case CIAO_KIND_CALL:
        if (words_sentence(text, sizeof(text), fill))
            note(out, fill->step->end, text);
        break;
    case CIAO_KIND_NONE:
    case CIAO_KIND_AGAIN:
    case CIAO_KIND_NOTE: break;
    }
}

static void step_of(FILE *out, const struct fill *fill)
{
    char text[WORDS_TEXT];
    const struct life_step *step = fill->step;
    gap(out, fill);
    switch ((enum ciao_event_type)step->event.type) {
    case CIAO_EVENT_ARC: note(out, step->end, ciao_state_name(step->event.to)); break;
    case CIAO_EVENT_REASON: reason(out, fill); break;
    case CIAO_EVENT_SENT:
    case CIAO_EVENT_RECEIVED: arrow(out, fill->life, step, fill->options); break;
    case CIAO_EVENT_LOST:
        if (words_sentence(text, sizeof(text), fill))
            note(out, step->end, text);
        break;
    case CIAO_EVENT_BORN:
    case CIAO_EVENT_CLOSE_REPORT: break;
    }
}

void mermaid_life(FILE *out, const struct life *life, const struct tell_options *options)
{
    fputs("sequenceDiagram\n", out);
    for (int end = LIFE_LEFT; end <= LIFE_RIGHT; end++) {
        char name[128];
        fill_name(name, sizeof(name), life, (enum life_end)end, options);
        fprintf(out, "    participant %c as ", end == LIFE_LEFT ? 'L' : 'R');
        put_escaped(out, name);
        fputc('\n', out);
    }
    for (uint32_t i = 0; i < life->n; i++) {
        struct fill fill = {.life = life, .step = &life->steps[i], .options = options};
        step_of(out, &fill);
    }
}
