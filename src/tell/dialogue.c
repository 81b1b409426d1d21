/*
 * The dialogue of two shy programs: which kind of thing a segment says, and a life told by what
 * was said.
 *
 * What is said is bound to a segment that really left, what is thought to an arc that was really
 * taken.
 */
#include "tell/parts.h"

/*
 * One end sees its own segments leave and the other's arrive, so what either has said before can be
 * read from the steps of the end that saw this one.
 */
static bool is_of(const struct life_step *at, const struct life_step *step, bool same_sender)
{
    bool segment = at->event.type == CIAO_EVENT_SENT || at->event.type == CIAO_EVENT_RECEIVED;
    return segment && at->end == step->end && at->incarnation == step->incarnation
           && (life_sender(at) == life_sender(step)) == same_sender;
}

static bool sent_before(const struct life *life, const struct life_step *step, uint16_t flags,
                        uint16_t without)
{
    for (const struct life_step *at = life->steps; at < step; at++)
        if (is_of(at, step, true) && (at->event.flags & flags) == flags
            && (at->event.flags & without) == 0)
            return true;
    return false;
}

static bool acked_before(const struct life *life, const struct life_step *step, uint32_t upto)
{
    for (const struct life_step *at = life->steps; at < step; at++)
        if (is_of(at, step, true) && (at->event.flags & LIFE_ACK) != 0
            && (int32_t)(at->event.u.seg.ack - upto) >= 0)
            return true;
    return false;
}

/* Does this segment acknowledge a FIN of the other's; and is it the first to do so? */
static bool acks_fin(const struct life *life, const struct life_step *step, bool *first)
{
    for (const struct life_step *at = life->steps; at < step; at++) {
        const struct ciao_event *event = &at->event;
        uint32_t past = event->u.seg.seq + event->u.seg.len + 1;
        if (!is_of(at, step, false) || (event->flags & LIFE_FIN) == 0
            || (int32_t)(step->event.u.seg.ack - past) < 0)
            continue;
        *first = !acked_before(life, step, past);
        return true;
    }
    return false;
}

/* After these an ACK does not say "got it" but "this is where I am". */
static bool asks_back(enum ciao_reason reason)
{
    return reason == CIAO_DID_CHALLENGE_ACK || reason == CIAO_DROP_PAWS
           || reason == CIAO_DROP_SEQ_OUTSIDE_WINDOW || reason == CIAO_DROP_ACK_OF_THE_FUTURE;
}

static bool is_challenge(const struct life *life, const struct life_step *step)
{
    for (const struct life_step *at = step; at-- > life->steps;) {
        if (at->end != step->end)
            continue;
        if (at->event.type == CIAO_EVENT_SENT || at->event.time_us != step->event.time_us)
            return false;
        if (at->event.type == CIAO_EVENT_REASON && asks_back(at->event.what))
            return true;
    }
    return false;
}

/* Has the program closed one direction only? */
static bool still_reads(const struct life *life, const struct life_step *step)
{
    bool half = false;
    if (life_sender(step) != (enum life_end)step->end)
        return false; /* what the peer's program asked for is not known here */
    for (const struct life_step *at = life->steps; at < step; at++) {
        if (at->end != step->end || at->event.type != CIAO_EVENT_REASON)
            continue;
        half |= at->event.what == CIAO_CALL_SHUTDOWN_WR;
        if (at->event.what == CIAO_CALL_CLOSE)
            half = false;
    }
    return half;
}

static enum words_say say_of_syn(const struct life *life, const struct life_step *step)
{
    bool again = step->event.u.seg.again || sent_before(life, step, LIFE_SYN, 0);
    if ((step->event.flags & LIFE_ACK) == 0)
        return again ? SAY_SYN_AGAIN : SAY_SYN;
    if (sent_before(life, step, LIFE_SYN, LIFE_ACK))
        return SAY_SYN_CROSSING;
    return again ? SAY_SYN_ACK_AGAIN : SAY_SYN_ACK;
}

static enum words_say say_of_fin(const struct life *life, const struct life_step *step)
{
    bool first = false;
    if (step->event.u.seg.again || sent_before(life, step, LIFE_FIN, 0))
        return SAY_FIN_AGAIN;
    if (!acks_fin(life, step, &first))
        return still_reads(life, step) ? SAY_FIN_HALF : SAY_FIN;
    return first ? SAY_FIN_MERGED : SAY_FIN_ANSWER;
}

enum words_say words_say_of(const struct life *life, const struct life_step *step)
{
    const struct ciao_event *event = &step->event;
    bool first = false;
    if ((event->flags & LIFE_RST) != 0)
        return SAY_RST;
    if ((event->flags & LIFE_SYN) != 0)
        return say_of_syn(life, step);
    if (event->u.seg.probe)
        return SAY_PROBE;
    if ((event->flags & LIFE_FIN) != 0)
        return say_of_fin(life, step);
    if (event->u.seg.len > 0)
        return event->u.seg.again ? SAY_DATA_AGAIN : SAY_DATA;
    if (is_challenge(life, step))
        return SAY_CHALLENGE;
    if (acks_fin(life, step, &first))
        return first ? SAY_ACK_OF_FIN : SAY_ACK_OF_FIN_AGAIN;
    bool opener = sent_before(life, step, LIFE_SYN, LIFE_ACK);
    return opener && !sent_before(life, step, LIFE_ACK, 0) ? SAY_HANDSHAKE_ACK : SAY_ACK;
}

/* ---- lines ---- */

struct spoken {
    const char *lead; /* printed before the name */
    const char *text;
    bool thought;
};

static void line(FILE *out, const struct fill *fill, const struct spoken *spoken)
{
    char name[128], first[192], words[WORDS_TEXT + 32];
    const struct tell_options *options = fill->options;
    bool zh = options->lang == TELL_ZH;
    enum tell_paint paint = spoken->thought ? TELL_DIM : TELL_PLAIN;
    const char *open = words_label(options->lang, LABEL_QUOTE_OPEN);
    const char *shut = words_label(options->lang, LABEL_QUOTE_CLOSE);
    if (spoken->thought) {
        open = zh ? "（" : "(";
        shut = zh ? "）" : ")";
    }
    enum life_end speaker = (enum life_end)fill->step->end;
    if (!spoken->thought)
        speaker = life_sender(fill->step);
    fill_name(name, sizeof(name), fill->life, speaker, options);
    snprintf(first, sizeof(first), "%s%s", name, words_label(options->lang, LABEL_COLON));
    snprintf(words, sizeof(words), "%s%s%s", open, spoken->text, shut);
    unsigned start = width_of(spoken->lead);
    struct width_page page = {first, start + width_of(first), tell_columns(options), start};
    fputs(spoken->lead, out);
    tell_paint(out, options, paint);
    width_wrap(out, words, &page);
    tell_unpaint(out, options, paint);
}

bool dialogue_step(FILE *out, const struct fill *fill, const char *lead)
{
    char text[WORDS_TEXT];
    struct spoken spoken = {lead, text, false};
    if (!words_spoken(text, sizeof(text), fill)) {
        spoken.thought = words_thought(text, sizeof(text), fill);
        if (!spoken.thought)
            return false;
    }
    line(out, fill, &spoken);
    return true;
}

void dialogue_life(FILE *out, const struct life *life, const struct tell_options *options)
{
    tell_heading(out, life, options);
    for (uint32_t i = 0; i < life->n; i++) {
        struct fill fill = {.life = life, .step = &life->steps[i], .options = options};
        tell_gap(out, &fill);
        (void)dialogue_step(out, &fill, "  ");
    }
    tell_ending(out, life, options);
}
