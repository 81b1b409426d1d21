/*
 * The dialogue of two shy programs: which kind of thing a segment says, and a life told by what was said.
 *
 * What is said is bound to a segment that really left, what is thought to an arc that was really taken.
 */
#include "tell/parts.h"
#include "wire/tcp.h"

static bool sent_before(const struct life *life, const struct life_step *step, uint16_t flags,
                        uint16_t without)
{
    for (const struct life_step *at = life->steps; at < step; at++) {
        uint16_t has = at->event.flags;
        if (at->event.type == CIAO_EVENT_SENT && at->end == step->end
            && at->incarnation == step->incarnation && (has & flags) == flags
            && (has & without) == 0)
            return true;
    }
    return false;
}

static bool acked_before(const struct life *life, const struct life_step *step, uint32_t upto)
{
    for (const struct life_step *at = life->steps; at < step; at++)
        if (at->event.type == CIAO_EVENT_SENT && at->end == step->end
            && at->incarnation == step->incarnation && (at->event.flags & TCP_ACK) != 0
            && (int32_t)(at->event.u.seg.ack - upto) >= 0)
            return true;
    return false;
}

/* Does this segment acknowledge a FIN that came; and is it the first to do so? */
static bool acks_fin(const struct life *life, const struct life_step *step, bool *first)
{
    for (const struct life_step *at = life->steps; at < step; at++) {
        const struct ciao_event *event = &at->event;
        bool fin = event->type == CIAO_EVENT_RECEIVED && (event->flags & TCP_FIN) != 0
                   && at->end == step->end && at->incarnation == step->incarnation;
        uint32_t past = event->u.seg.seq + event->u.seg.len + 1;
        if (!fin || (int32_t)(step->event.u.seg.ack - past) < 0)
            continue;
        *first = !acked_before(life, step, past);
        return true;
    }
    return false;
}

static bool is_challenge(const struct life *life, const struct life_step *step)
{
    for (const struct life_step *at = step; at-- > life->steps;) {
        if (at->end != step->end)
            continue;
        if (at->event.type == CIAO_EVENT_SENT || at->event.time_us != step->event.time_us)
            return false;
        if (at->event.type == CIAO_EVENT_REASON && at->event.what == CIAO_DID_CHALLENGE_ACK)
            return true;
    }
    return false;
}

/* Has the program closed one direction only? */
static bool still_reads(const struct life *life, const struct life_step *step)
{
    bool half = false;
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
    bool again = step->event.u.seg.again || sent_before(life, step, TCP_SYN, 0);
    if ((step->event.flags & TCP_ACK) == 0)
        return again ? SAY_SYN_AGAIN : SAY_SYN;
    if (sent_before(life, step, TCP_SYN, TCP_ACK))
        return SAY_SYN_CROSSING;
    return again ? SAY_SYN_ACK_AGAIN : SAY_SYN_ACK;
}

static enum words_say say_of_fin(const struct life *life, const struct life_step *step)
{
    bool first = false;
    if (step->event.u.seg.again || sent_before(life, step, TCP_FIN, 0))
        return SAY_FIN_AGAIN;
    if (!acks_fin(life, step, &first))
        return still_reads(life, step) ? SAY_FIN_HALF : SAY_FIN;
    return first ? SAY_FIN_MERGED : SAY_FIN_ANSWER;
}

enum words_say words_say_of(const struct life *life, const struct life_step *step)
{
    const struct ciao_event *event = &step->event;
    bool first = false;
    if ((event->flags & TCP_RST) != 0)
        return SAY_RST;
    if ((event->flags & TCP_SYN) != 0)
        return say_of_syn(life, step);
    if (event->u.seg.probe)
        return SAY_PROBE;
    if ((event->flags & TCP_FIN) != 0)
        return say_of_fin(life, step);
    if (event->u.seg.len > 0)
        return event->u.seg.again ? SAY_DATA_AGAIN : SAY_DATA;
    if (is_challenge(life, step))
        return SAY_CHALLENGE;
    if (acks_fin(life, step, &first))
        return first ? SAY_ACK_OF_FIN : SAY_ACK_OF_FIN_AGAIN;
    bool opener = sent_before(life, step, TCP_SYN, TCP_ACK);
    return opener && !sent_before(life, step, TCP_ACK, 0) ? SAY_HANDSHAKE_ACK : SAY_ACK;
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
    fill_name(name, sizeof(name), fill->life, (enum life_end)fill->step->end, options);
    snprintf(first, sizeof(first), "%s%s%s", spoken->lead, name,
             words_label(options->lang, LABEL_COLON));
    snprintf(words, sizeof(words), "%s%s%s", open, spoken->text, shut);
    struct width_page page = {first, width_of(first), tell_columns(options)};
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
