/*
 * Events into notes, and notes to packets; see capture.h for the rule.
 */
#include <stdio.h>
#include <string.h>

#include "driver/capture_book.h"

/* ---- notes in their lists ---- */

static uint32_t new_note(struct capture *capture)
{
    uint32_t note = capture->free_note;

    if (note)
        capture->free_note = capture->notes[note].next;
    else if (capture->fresh_note < NOTES)
        note = ++capture->fresh_note;
    else
        capture->counters.comments_lost++;
    return note;
}

void capture_free_notes(struct capture *capture, uint32_t first)
{
    while (first) {
        uint32_t next = capture->notes[first].next;
        capture->notes[first].next = capture->free_note;
        capture->free_note = first;
        first = next;
    }
}

/* Put a list of notes behind another, in order. */
static void append(struct capture *capture, uint32_t *list, uint32_t notes)
{
    while (*list)
        list = &capture->notes[*list].next;
    *list = notes;
}

/* Take the notes that are not younger than `time_us` off a list; changes of state only if asked. */
static uint32_t take_until(struct capture *capture, uint32_t *list, uint64_t time_us, bool changes)
{
    uint32_t taken = 0, *end = &taken;

    while (*list && capture->notes[*list].time_us <= time_us) {
        struct note *note = &capture->notes[*list];
        if (note->change && !changes) {
            list = &note->next;
            continue;
        }
        *end = *list;
        *list = note->next;
        note->next = 0;
        end = &note->next;
    }
    return taken;
}

/* ---- the text ---- */

/* Cut at the end of a character: a text that was too long may end inside one. */
static uint32_t whole_characters(const char *text, uint32_t len)
{
    uint32_t start = len;

    while (start > 0 && ((uint8_t)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0 || !((uint8_t)text[start - 1] & 0x80))
        return len;
    uint8_t first = (uint8_t)text[start - 1];
    uint32_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    return len - start + 1 >= wanted ? len : start - 1;
}

/* What an event is called, and which rule decided it. */
static void name_of(const struct ciao_event *event, const char **key, const char **rule)
{
    *key = "CLOSE_REPORT";
    *rule = "9293 3.10.4";
    if (event->type == CIAO_EVENT_ARC) {
        *key = ciao_arc_key((enum ciao_arc_row)event->what);
        *rule = ciao_arc_rule((enum ciao_arc_row)event->what);
    } else if (event->type == CIAO_EVENT_REASON) {
        *key = ciao_reason_key((enum ciao_reason)event->what);
        *rule = ciao_reason_rule((enum ciao_reason)event->what);
    }
}

static void say(char *text, size_t size, const struct ciao_event *event, const char *sentence)
{
    const char *key, *rule;
    char change[48] = "";

    name_of(event, &key, &rule);
    if (event->type == CIAO_EVENT_ARC)
        snprintf(change, sizeof change, "%s -> %s: ", ciao_state_name(event->from),
                 ciao_state_name(event->to));
    const char *rfc = *rule >= '0' && *rule <= '9' ? "RFC " : "";
    if (sentence)
        snprintf(text, size, "%s%s (%s, %s%s)", change, sentence, key, rfc, rule);
    else
        snprintf(text, size, "%s%s (%s%s)", change, key, rfc, rule);
}

/* A note of what an event says; 0: nothing, or no room. */
static uint32_t write_note(struct capture *capture, const struct ciao_event *event)
{
    char sentence[CAPTURE_TEXT];
    bool has = capture->options.sentence != NULL;

    if (has
        && capture->options.sentence(capture->options.context, event, sentence, sizeof sentence)
               <= 0)
        return 0;
    if (has)
        sentence[whole_characters(sentence, (uint32_t)strlen(sentence))] = 0;
    uint32_t index = new_note(capture);
    if (!index)
        return 0;
    struct note *note = &capture->notes[index];
    say(note->text, sizeof note->text, event, has ? sentence : NULL);
    note->len = whole_characters(note->text, (uint32_t)strlen(note->text));
    note->time_us = event->time_us;
    note->change = event->type == CIAO_EVENT_ARC;
    note->next = 0;
    return index;
}

/* ---- lives ---- */

static struct capture_life *life_of(struct capture *capture, uint64_t id)
{
    struct capture_life *life = &capture->lives[id & (LIVES - 1)];

    return id && life->id == id ? life : NULL;
}

/* Nobody will send a packet for these any more: they go to the end of the file. */
static void give_up(struct capture *capture, struct capture_life *life)
{
    for (uint32_t i = life->waiting; i; i = capture->notes[i].next) {
        struct note *note = &capture->notes[i];
        char text[NOTE_TEXT];
        snprintf(text, sizeof text, "connection %llu: %.*s", (unsigned long long)life->id,
                 (int)(sizeof text - 40), note->text);
        note->len = whole_characters(text, (uint32_t)strlen(text));
        memcpy(note->text, text, note->len);
    }
    append(capture, &capture->leftover, life->waiting);
    life->waiting = 0;
}

void capture_give_up_notes(struct capture *capture)
{
    for (uint32_t i = capture->waiting; i; i = capture->lives[i - 1].next)
        give_up(capture, &capture->lives[i - 1]);
    append(capture, &capture->leftover, capture->strays);
    capture->strays = 0;
}

static void meet(struct capture *capture, const struct ciao_event *event)
{
    struct capture_life *life = &capture->lives[event->life & (LIVES - 1)];
    const struct ciao_event_born *born = &event->u.born;

    if (event->life == 0)
        return;
    give_up(capture, life); /* of the connection that had this place before */
    life->id = event->life;
    life->ends = (struct ends){born->local, born->remote, born->local_port, born->remote_port};
    life->has_heard = false;
}

static void hear(struct capture *capture, const struct ciao_event *event)
{
    struct capture_life *life = life_of(capture, event->life);

    if (!life)
        return;
    life->has_heard = true;
    life->heard_us = event->time_us;
    life->heard_seq = event->u.seg.seq;
    life->heard_len = event->u.seg.len;
    life->heard_flags = event->flags;
}

/* ---- where a note goes ---- */

static void attach(struct capture *capture, struct shot *shot, uint32_t notes)
{
    if (notes)
        append(capture, &shot->notes, notes);
}

static void note_received(struct capture *capture, const struct ciao_event *event)
{
    const struct capture_life *life = life_of(capture, event->life);
    struct shot *shot =
        life ? capture_find_received(capture, life, event) : capture_find_dropped(capture, event);

    if (shot)
        attach(capture, shot, write_note(capture, event));
    else
        capture->counters.comments_lost++;
}

static void note_next_sent(struct capture *capture, const struct ciao_event *event)
{
    struct capture_life *life = life_of(capture, event->life);

    if (!life && event->life) {
        capture->counters.comments_lost++;
        return;
    }
    uint32_t note = write_note(capture, event);
    if (!note)
        return;
    append(capture, life ? &life->waiting : &capture->strays, note);
    if (!life || life->listed)
        return;
    life->listed = true;
    life->next = capture->waiting;
    capture->waiting = (uint32_t)(life - capture->lives) + 1;
}

static void note_sent(struct capture *capture, const struct ciao_event *event)
{
    struct capture_life *life = life_of(capture, event->life);
    struct shot *shot = life && life->waiting ? capture_find_sent(capture, life, event) : NULL;

    if (shot)
        attach(capture, shot,
               take_until(capture, &life->waiting, event->time_us,
                          (event->flags & TELLING_FLAGS) != 0));
}

static void note_reason(struct capture *capture, const struct ciao_event *event)
{
    switch (ciao_reason_kind_of((enum ciao_reason)event->what)) {
    case CIAO_KIND_DROP: note_received(capture, event); break;
    case CIAO_KIND_RST:
    case CIAO_KIND_AGAIN: note_next_sent(capture, event); break;
    case CIAO_KIND_NONE:
    case CIAO_KIND_TIMER:
    case CIAO_KIND_NOTE:
    case CIAO_KIND_CALL: break; /* what the stack did by itself changes no packet */
    }
}

static void note_arc(struct capture *capture, const struct ciao_event *event)
{
    if (event->who == CIAO_WHO_PEER || event->who == CIAO_WHO_NETWORK)
        note_received(capture, event);
    else
        note_next_sent(capture, event);
}

static void note_report(struct capture *capture, const struct ciao_event *event)
{
    const struct ciao_event_report *report = &event->u.report;

    if (report->unsent_bytes || report->unacked_bytes || report->unread_bytes)
        note_next_sent(capture, event);
}

void capture_take_event(struct capture *capture, const struct ciao_event *event)
{
    switch ((enum ciao_event_type)event->type) {
    case CIAO_EVENT_BORN: meet(capture, event); break;
    case CIAO_EVENT_ARC: note_arc(capture, event); break;
    case CIAO_EVENT_REASON: note_reason(capture, event); break;
    case CIAO_EVENT_SENT: note_sent(capture, event); break;
    case CIAO_EVENT_RECEIVED: hear(capture, event); break;
    case CIAO_EVENT_CLOSE_REPORT: note_report(capture, event); break;
    case CIAO_EVENT_LOST: capture->counters.comments_lost += event->u.args[0]; break;
    }
}

/* By now the FIN of a close is there, unless much else was to be sent before it. */
static void claim(struct capture *capture, struct capture_life *life, struct shot *shot)
{
    struct shot *sign = capture_find_sign(capture, shot);

    if (sign && sign != shot)
        attach(capture, shot, take_until(capture, &life->waiting, shot->time_us, false));
    attach(capture, sign ? sign : shot, take_until(capture, &life->waiting, shot->time_us, true));
}

void capture_claim_notes(struct capture *capture, struct shot *shot)
{
    uint32_t *link = &capture->waiting;

    if (!shot->outbound || !shot->tcp)
        return;
    while (*link) {
        struct capture_life *life = &capture->lives[*link - 1];
        if (life->waiting && capture_same_ends(&life->ends, &shot->ends))
            claim(capture, life, shot);
        if (life->waiting) {
            link = &life->next;
        } else {
            life->listed = false;
            *link = life->next;
        }
    }
    if ((shot->flags & FLAG_RST) && !shot->notes)
        attach(capture, shot, take_until(capture, &capture->strays, shot->time_us, true));
}
