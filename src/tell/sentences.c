/*
 * A life told in plain sentences: what happened, in order, each with the rule that decided.
 */
#include <string.h>

#include "tell/parts.h"

static const char *who_of(const struct ciao_event *event, enum tell_lang lang)
{
    if (event->type == CIAO_EVENT_REASON) {
        enum ciao_reason_kind kind = ciao_reason_kind_of(event->what);
        if (kind != CIAO_KIND_DROP && kind != CIAO_KIND_RST && kind != CIAO_KIND_TIMER)
            return "";
    } else if (event->type != CIAO_EVENT_ARC) {
        return "";
    }
    switch ((enum ciao_who)event->who) {
    case CIAO_WHO_PEER: return words_label(lang, LABEL_BY_PEER);
    case CIAO_WHO_PROGRAM: return words_label(lang, LABEL_BY_PROGRAM);
    case CIAO_WHO_TIMER: return words_label(lang, LABEL_BY_TIMER);
    case CIAO_WHO_POLICY: return words_label(lang, LABEL_BY_POLICY);
    case CIAO_WHO_NETWORK: return words_label(lang, LABEL_BY_NETWORK);
    }
    return "";
}

bool sentences_step(FILE *out, const struct fill *fill, const char *bullet)
{
    char text[WORDS_TEXT], rule[96], whole[WORDS_TEXT + 128];
    if (!words_sentence(text, sizeof(text), fill))
        return false;
    fill_rule(rule, sizeof(rule), words_rule(&fill->step->event), fill->options->lang);
    const char *who = who_of(&fill->step->event, fill->options->lang);
    bool brackets = rule[0] != '\0' || who[0] != '\0';
    snprintf(whole, sizeof(whole), "%s%s%s%s%s%s", text,
             brackets ? (fill->options->lang == TELL_ZH ? "[" : " [") : "", who,
             who[0] != '\0' && rule[0] != '\0' ? words_label(fill->options->lang, LABEL_COMMA) : "",
             rule, brackets ? "]" : "");
    struct width_page page = {bullet, width_of(bullet), tell_columns(fill->options), 0};
    width_wrap(out, whole, &page);
    return true;
}

static void segment_sentence(FILE *out, const struct fill *fill, const char *bullet)
{
    char text[SEGMENT_TEXT], whole[SEGMENT_TEXT + 48];
    bool sent = fill->step->event.type == CIAO_EVENT_SENT;
    segment_text(text, sizeof(text), fill->life, fill->step, SEGMENT_OPTIONS);
    snprintf(whole, sizeof(whole), "%s %s", sent ? "→" : "←", text);
    struct width_page page = {bullet, width_of(bullet) + 2, tell_columns(fill->options), 0};
    tell_paint(out, fill->options, TELL_DIM);
    width_wrap(out, whole, &page);
    tell_unpaint(out, fill->options, TELL_DIM);
}

void sentences_life(FILE *out, const struct life *life, const struct tell_options *options)
{
    tell_heading(out, life, options);
    for (uint32_t i = 0; i < life->n; i++) {
        struct fill fill = {.life = life, .step = &life->steps[i], .options = options};
        char clock[32], bullet[48];
        tell_gap(out, &fill);
        tell_clock(clock, sizeof(clock), life, life->steps[i].event.time_us);
        snprintf(bullet, sizeof(bullet), "%11s  ", clock);
        if (sentences_step(out, &fill, bullet))
            continue;
        if (life_has_segment(&life->steps[i].event))
            segment_sentence(out, &fill, bullet);
    }
    tell_ending(out, life, options);
}
