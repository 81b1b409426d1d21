/*
 * The way in: which format, which language, colours; and what all the texts begin and end with.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tell/parts.h"

/* ---- what is asked for ---- */

bool tell_format_parse(const char *text, enum tell_format *format)
{
    static const char *const names[] = {"text", "sentences", "dialogue", "mermaid", "json"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        *format = (enum tell_format)i;
        return true;
    }
    return false;
}

bool tell_lang_parse(const char *text, enum tell_lang *lang)
{
    bool ends = text[0] != '\0' && text[1] != '\0' && (text[2] == '\0' || strchr("_-.@", text[2]));
    if (!ends)
        return false;
    if (strncmp(text, "en", 2) != 0 && strncmp(text, "zh", 2) != 0)
        return false;
    *lang = text[0] == 'z' ? TELL_ZH : TELL_EN;
    return true;
}

enum tell_lang tell_lang_default(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    enum tell_lang lang = TELL_EN;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value == NULL || value[0] == '\0')
            continue;
        (void)tell_lang_parse(value, &lang);
        return lang;
    }
    return lang;
}

bool tell_color_default(FILE *out)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no != NULL && no[0] != '\0')
        return false;
    if (term != NULL && strcmp(term, "dumb") == 0)
        return false;
    return isatty(fileno(out)) == 1;
}

unsigned tell_width_default(FILE *out)
{
    struct winsize size;
    if (isatty(fileno(out)) == 1 && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long value = columns == NULL ? 0 : strtol(columns, NULL, 10);
    return value > 0 && value < 1000 ? (unsigned)value : 80;
}

/* ---- colours ---- */

void tell_paint(FILE *out, const struct tell_options *options, enum tell_paint paint)
{
    static const char *const codes[] = {"",         "\033[2m",  "\033[1m",  "\033[31m",
                                        "\033[32m", "\033[33m", "\033[34m", "\033[36m"};
    if (options->color)
        fputs(codes[paint], out);
}

void tell_unpaint(FILE *out, const struct tell_options *options, enum tell_paint paint)
{
    if (options->color && paint != TELL_PLAIN)
        fputs("\033[0m", out);
}

enum tell_paint tell_paint_of_state(enum ciao_state state)
{
    switch (state) {
    case CIAO_CLOSED: return TELL_DIM;
    case CIAO_LISTEN: return TELL_CYAN;
    case CIAO_SYN_SENT:
    case CIAO_SYN_RECEIVED: return TELL_YELLOW;
    case CIAO_ESTABLISHED: return TELL_GREEN;
    case CIAO_FIN_WAIT_1:
    case CIAO_FIN_WAIT_2:
    case CIAO_CLOSE_WAIT:
    case CIAO_CLOSING:
    case CIAO_LAST_ACK: return TELL_BLUE;
    case CIAO_TIME_WAIT: return TELL_CYAN;
    }
    return TELL_PLAIN;
}

unsigned tell_columns(const struct tell_options *options)
{
    if (options->width == 0)
        return 80;
    return options->width < 60 ? 60 : options->width > 160 ? 160 : options->width;
}

/* ---- what all texts share ---- */

void tell_clock(char *out, size_t room, const struct life *life, uint64_t time_us)
{
    uint64_t us = life->n == 0 ? 0 : time_us - life->steps[0].event.time_us;
    snprintf(out, room, "%" PRIu64 ".%03u", us / 1000, (unsigned)(us % 1000));
}

static void end_text(char *out, size_t room, const struct life *life, enum life_end end,
                     const struct tell_options *options)
{
    const struct life_side *side = &life->side[end];
    char address[CIAO_ADDR_TEXT];
    size_t len = 0;
    fill_name(out, room, life, end, options);
    if (!side->tuple_known)
        return;
    ciao_addr_format(&side->addr, address);
    if (strcmp(out, address) == 0)
        out[0] = '\0';
    len = strlen(out);
    bool v6 = strchr(address, ':') != NULL;
    snprintf(out + len, room - len, "%s%s%s%s:%u", len > 0 ? " " : "", v6 ? "[" : "", address,
             v6 ? "]" : "", side->port);
}

void tell_heading(FILE *out, const struct life *life, const struct tell_options *options)
{
    char left[192], right[192];
    end_text(left, sizeof(left), life, LIFE_LEFT, options);
    end_text(right, sizeof(right), life, LIFE_RIGHT, options);
    tell_paint(out, options, TELL_BOLD);
    fprintf(out, "%s  <->  %s", left, right);
    tell_unpaint(out, options, TELL_BOLD);
    fputs("\n\n", out);
}

static void paragraph(FILE *out, const struct fill *fill, const char *text, const char *first)
{
    char filled[WORDS_TEXT];
    fill_text(filled, sizeof(filled), text, fill);
    struct width_page page = {first, width_of(first), tell_columns(fill->options), 0};
    width_wrap(out, filled, &page);
}

void tell_gap(FILE *out, const struct fill *fill)
{
    struct fill numbered = *fill;
    if (fill->step->skipped == 0)
        return;
    numbered.number[0] = fill->step->skipped;
    paragraph(out, &numbered, words_label(fill->options->lang, LABEL_SKIPPED), "             ");
}

static void ending_of(FILE *out, const struct life *life, enum life_end end,
                      const struct tell_options *options)
{
    const struct life_side *side = &life->side[end];
    const struct life_totals *totals = &side->totals;
    struct life_step last = {.end = (uint8_t)end};
    last.event.type = CIAO_EVENT_ARC;
    last.event.what = (uint16_t)side->last_arc;
    last.event.who = (uint8_t)ciao_arc_who(side->last_arc);
    last.event.to = (uint8_t)side->state;
    struct fill fill = {.life = life, .step = &last, .options = options};
    if (!side->over)
        paragraph(out, &fill, words_label(options->lang, LABEL_STILL), "");
    else
        (void)sentences_step(out, &fill, "");
    fill.number[0] = totals->segments_sent;
    fill.number[1] = totals->bytes_sent;
    fill.number[2] = totals->again;
    fill.number[3] = totals->timeouts;
    fill.number[4] = totals->segments_received;
    fill.number[5] = totals->bytes_received;
    fill.number[6] = totals->drops;
    fill.number[7] = totals->resets_sent;
    paragraph(out, &fill, words_label(options->lang, LABEL_TOTALS), "");
}

void tell_ending(FILE *out, const struct life *life, const struct tell_options *options)
{
    struct life_step nobody = {0};
    struct fill fill = {.life = life, .step = &nobody, .options = options};
    fputc('\n', out);
    for (int end = LIFE_LEFT; end <= LIFE_RIGHT; end++)
        if (life->side[end].seen)
            ending_of(out, life, (enum life_end)end, options);
    fill.number[0] = life->events_lost;
    if (life->events_lost > 0)
        paragraph(out, &fill, words_label(options->lang, LABEL_EVENTS_LOST), "");
    fputc('\n', out);
}

int tell_life(FILE *out, const struct life *life, const struct tell_options *options)
{
    switch (options->format) {
    case TELL_TEXT:
        tell_heading(out, life, options);
        ladder_life(out, life, options);
        tell_ending(out, life, options);
        break;
    case TELL_SENTENCES: sentences_life(out, life, options); break;
    case TELL_DIALOGUE: dialogue_life(out, life, options); break;
    case TELL_MERMAID: mermaid_life(out, life, options); break;
    case TELL_JSON: json_life(out, life, options); break;
    }
    return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
