/*
 * The two languages put together from their parts, and looked up.
 */
#include <string.h>

#include "tell/words_parts.h"

struct words {
    const struct words_arc *arcs;
    const char *const *reasons, *const *ip_reasons; /* by enum ciao_reason */
    const char *const (*says)[LIFE_ENDS];           /* by enum words_say */
    const char *const *labels;                      /* by enum words_label */
};

/* Which timer DID_TIMER_SET is about: its first argument. */
enum { TIMER_RETRANSMISSION, TIMER_DELAYED_ACK, TIMER_PATIENCE };

static const struct words both[TELL_LANGS] = {
    [TELL_EN] = {words_arcs_en, words_reasons_en, words_ip_reasons_en, words_says_en,
                 words_labels_en},
    [TELL_ZH] = {words_arcs_zh, words_reasons_zh, words_ip_reasons_zh, words_says_zh,
                 words_labels_zh},
};

const char *words_reason(enum tell_lang lang, enum ciao_reason reason)
{
    const char *text = both[lang].reasons[reason];
    return text != NULL ? text : both[lang].ip_reasons[reason];
}

static size_t n_arcs(enum tell_lang lang)
{
    return lang == TELL_ZH ? words_n_arcs_zh : words_n_arcs_en;
}

const struct words_arc *words_arc(enum tell_lang lang, const char *key)
{
    const struct words_arc *arcs = both[lang].arcs;
    for (size_t i = 0; i < n_arcs(lang); i++)
        if (strcmp(arcs[i].key, key) == 0)
            return &arcs[i];
    return NULL;
}

const char *words_label(enum tell_lang lang, enum words_label label)
{
    return both[lang].labels[label];
}

unsigned words_voice(const struct life *life, enum life_end end)
{
    if (life->side[LIFE_LEFT].passive != life->side[LIFE_RIGHT].passive)
        return life->side[end].passive ? 1 : 0;
    return end == LIFE_LEFT ? 0 : 1;
}

const char *words_rule(const struct ciao_event *event)
{
    if (event->type == CIAO_EVENT_ARC)
        return ciao_arc_rule(event->what);
    if (event->type != CIAO_EVENT_REASON)
        return "";
    if (event->what == CIAO_DID_TIMER_SET && event->u.args[0] == TIMER_DELAYED_ACK)
        return ciao_reason_rule(CIAO_TIMER_DELAYED_ACK);
    if (event->what == CIAO_DID_TIMER_SET && event->u.args[0] == TIMER_PATIENCE)
        return ciao_reason_rule(CIAO_TIMER_FIN_WAIT_2);
    return ciao_reason_rule(event->what);
}

bool words_sentence(char *out, size_t room, const struct fill *fill)
{
    const struct ciao_event *event = &fill->step->event;
    enum tell_lang lang = fill->options->lang;
    struct fill numbered = *fill;
    const char *text = NULL;
    switch ((enum ciao_event_type)event->type) {
    case CIAO_EVENT_ARC: {
        const struct words_arc *arc = words_arc(lang, ciao_arc_key(event->what));
        text = arc == NULL ? NULL : arc->plain;
        break;
    }
    case CIAO_EVENT_REASON:
        text = words_reason(lang, event->what);
        if (event->what == CIAO_CALL_CLOSE && event->from == CIAO_LISTEN)
            text = words_label(lang, LABEL_CLOSES_LISTENER);
        break;
    case CIAO_EVENT_CLOSE_REPORT:
        text = words_label(lang, LABEL_REPORT);
        numbered.number[0] = event->u.report.unsent_bytes;
        numbered.number[1] = event->u.report.unacked_bytes;
        numbered.number[2] = event->u.report.unread_bytes;
        if (numbered.number[0] + numbered.number[1] + numbered.number[2] == 0)
            return false; /* it cost nothing */
        break;
    case CIAO_EVENT_LOST:
        text = words_label(lang, LABEL_EVENTS_LOST);
        numbered.number[0] = event->u.args[0];
        break;
    case CIAO_EVENT_BORN:
    case CIAO_EVENT_SENT:
    case CIAO_EVENT_RECEIVED: break;
    }
    if (text == NULL)
        return false;
    fill_text(out, room, text, &numbered);
    return true;
}

bool words_thought(char *out, size_t room, const struct fill *fill)
{
    const struct ciao_event *event = &fill->step->event;
    if (event->type != CIAO_EVENT_ARC)
        return false;
    const struct words_arc *arc = words_arc(fill->options->lang, ciao_arc_key(event->what));
    if (arc == NULL)
        return false;
    enum life_end end = (enum life_end)fill->step->end;
    fill_text(out, room, arc->thought[words_voice(fill->life, end)], fill);
    return true;
}

/* What the peer said is heard where it arrives, when nothing else is known of the peer. */
static bool is_heard(const struct life *life, const struct life_step *step)
{
    if (step->event.type == CIAO_EVENT_SENT)
        return true;
    return step->event.type == CIAO_EVENT_RECEIVED && !life->side[LIFE_RIGHT].seen;
}

bool words_spoken(char *out, size_t room, const struct fill *fill)
{
    if (!is_heard(fill->life, fill->step))
        return false;
    enum words_say say = words_say_of(fill->life, fill->step);
    unsigned voice = words_voice(fill->life, life_sender(fill->step));
    fill_text(out, room, both[fill->options->lang].says[say][voice], fill);
    return true;
}
