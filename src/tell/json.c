/*
 * A life as JSON: everything that is known, for programs.  The schema is docs/life-json.md.
 *
 * 64-bit ids are strings, since many readers of JSON hold numbers as doubles.
 */
#include <inttypes.h>

#include "tell/parts.h"

void json_string(FILE *out, const char *text)
{
    fputc('"', out);
    while (*text != '\0') {
        const char *from = text;
        uint32_t character = width_next(&text);
        if (character == 0xFFFD)
            fputs("\\ufffd", out);
        else if (character == '"' || character == '\\')
            fprintf(out, "\\%c", (char)character);
        else if (character < 0x20 || character == 0x7F)
            fprintf(out, "\\u%04x", (unsigned)character);
        else
            fwrite(from, 1, (size_t)(text - from), out);
    }
    fputc('"', out);
}

static void member(FILE *out, const char *key, const char *text)
{
    fprintf(out, ",\"%s\":", key);
    json_string(out, text);
}

static void number(FILE *out, const char *key, uint64_t value)
{
    fprintf(out, ",\"%s\":%" PRIu64, key, value);
}

static const char *end_name(unsigned end)
{
    return end == LIFE_LEFT ? "left" : "right";
}

static void flight(FILE *out, const struct life *life, const struct life_step *step)
{
    static const char *const fates[] = {"unknown", "arrived", "lost", "copy", "old"};
    if (step->flight == LIFE_NONE)
        return;
    number(out, "number", life->flights[step->flight].number);
    member(out, "fate", fates[life->flights[step->flight].fate]);
}

/* A step without a segment of its own that came of one: a reset out of nowhere. */
static void about(FILE *out, const struct life *life, const struct life_step *step)
{
    if (step->flight == LIFE_NONE)
        return;
    fprintf(out, ",\"about\":{\"from\":\"%s\"", end_name(life->flights[step->flight].from));
    flight(out, life, step);
    fputc('}', out);
}

static void segment(FILE *out, const struct life *life, const struct life_step *step)
{
    const struct ciao_event *event = &step->event;
    bool acks = (event->flags & LIFE_ACK) != 0;
    char flags[48];
    segment_flags(flags, sizeof(flags), event->flags);
    fprintf(out, ",\"segment\":{\"from\":\"%s\"", end_name(life_sender(step)));
    member(out, "flags", flags);
    number(out, "seq", life_seq(life, step));
    if (acks)
        number(out, "ack", life_ack(life, step));
    number(out, "len", event->u.seg.len);
    number(out, "window", event->u.seg.wnd);
    number(out, "seq_on_wire", event->u.seg.seq);
    if (acks)
        number(out, "ack_on_wire", event->u.seg.ack);
    fprintf(out, ",\"again\":%s", event->u.seg.again ? "true" : "false");
    if (event->u.seg.mss != 0)
        number(out, "mss", event->u.seg.mss);
    if (event->u.seg.n_sack > 0) {
        uint32_t first = event->u.seg.ack - life_ack(life, step);
        fprintf(out, ",\"sack\":[%" PRIu32 ",%" PRIu32 "]", event->u.seg.sack_start - first,
                event->u.seg.sack_end - first);
    }
    if (event->u.seg.has_ts) {
        number(out, "ts_val", event->u.seg.ts_val);
        number(out, "ts_ecr", event->u.seg.ts_ecr);
    }
    flight(out, life, step);
    fputc('}', out);
}

static const char *type_name(unsigned type)
{
    switch ((enum ciao_event_type)type) {
    case CIAO_EVENT_BORN: return "born";
    case CIAO_EVENT_ARC: return "arc";
    case CIAO_EVENT_REASON: return "reason";
    case CIAO_EVENT_SENT: return "sent";
    case CIAO_EVENT_RECEIVED: return "received";
    case CIAO_EVENT_CLOSE_REPORT: return "close_report";
    case CIAO_EVENT_LOST: return "lost";
    }
    return "unknown";
}

static const char *kind_name(enum ciao_reason reason)
{
    switch (ciao_reason_kind_of(reason)) {
    case CIAO_KIND_NONE: return "none";
    case CIAO_KIND_DROP: return "drop";
    case CIAO_KIND_RST: return "rst";
    case CIAO_KIND_TIMER: return "timer";
    case CIAO_KIND_AGAIN: return "again";
    case CIAO_KIND_NOTE: return "note";
    case CIAO_KIND_CALL: return "call";
    }
    return "none";
}

static void what(FILE *out, const struct life_step *step)
{
    const struct ciao_event *event = &step->event;
    if (event->type == CIAO_EVENT_ARC) {
        member(out, "key", ciao_arc_key(event->what));
        member(out, "before", ciao_state_name(event->from));
    } else if (event->type == CIAO_EVENT_REASON) {
        member(out, "key", ciao_reason_key(event->what));
        member(out, "kind", kind_name(event->what));
        if (!life_has_segment(event))
            fprintf(out, ",\"args\":[%" PRIu64 ",%" PRIu64 "]", event->u.args[0], event->u.args[1]);
    } else if (event->type == CIAO_EVENT_CLOSE_REPORT) {
        number(out, "unsent_bytes", event->u.report.unsent_bytes);
        number(out, "unacked_bytes", event->u.report.unacked_bytes);
        number(out, "unread_bytes", event->u.report.unread_bytes);
    } else if (event->type == CIAO_EVENT_LOST) {
        number(out, "events", event->u.args[0]);
    }
    if (words_rule(event)[0] != '\0')
        member(out, "rule", words_rule(event));
}

static void step_of(FILE *out, const struct fill *fill)
{
    char text[WORDS_TEXT];
    const struct life_step *step = fill->step;
    const struct ciao_event *event = &step->event;
    fprintf(out, "{\"time_us\":%" PRIu64 ",\"end\":\"%s\",\"life\":\"%" PRIu64 "\"",
            event->time_us - fill->life->steps[0].event.time_us, end_name(step->end), event->life);
    member(out, "type", type_name(event->type));
    member(out, "who", ciao_who_name(event->who));
    member(out, "state", ciao_state_name(event->to));
    if (step->skipped > 0)
        number(out, "skipped_before", step->skipped);
    what(out, step);
    if (life_has_segment(event))
        segment(out, fill->life, step);
    else
        about(out, fill->life, step);
    if (words_sentence(text, sizeof(text), fill))
        member(out, "sentence", text);
    if (words_spoken(text, sizeof(text), fill))
        member(out, "said", text);
    if (words_thought(text, sizeof(text), fill))
        member(out, "thought", text);
    fputc('}', out);
}

static void end_of(FILE *out, const struct life *life, enum life_end end,
                   const struct tell_options *options)
{
    const struct life_side *side = &life->side[end];
    char name[128], address[CIAO_ADDR_TEXT];
    fill_name(name, sizeof(name), life, end, options);
    fprintf(out, "{\"end\":\"%s\"", end_name(end));
    member(out, "name", name);
    if (side->tuple_known) {
        ciao_addr_format(&side->addr, address);
        member(out, "address", address);
        number(out, "port", side->port);
    }
    fprintf(out, ",\"known\":%s", side->seen ? "true" : "false");
    if (side->seen) {
        const struct life_totals *totals = &side->totals;
        member(out, "state", ciao_state_name(side->state));
        fprintf(out, ",\"over\":%s", side->over ? "true" : "false");
        if (side->over)
            member(out, "ended_by", ciao_arc_key(side->last_arc));
        number(out, "segments_sent", totals->segments_sent);
        number(out, "segments_received", totals->segments_received);
        number(out, "bytes_sent", totals->bytes_sent);
        number(out, "bytes_received", totals->bytes_received);
        number(out, "segments_sent_again", totals->again);
        number(out, "drops", totals->drops);
        number(out, "resets_sent", totals->resets_sent);
        number(out, "timeouts", totals->timeouts);
    }
    fputc('}', out);
}

void json_life(FILE *out, const struct life *life, const struct tell_options *options)
{
    fprintf(out, "{\"format\":\"ciao-life\",\"version\":1,\"lang\":\"%s\"",
            options->lang == TELL_ZH ? "zh" : "en");
    number(out, "steps_not_kept", life->not_kept);
    number(out, "events_lost", life->events_lost);
    fputs(",\"ends\":[", out);
    end_of(out, life, LIFE_LEFT, options);
    fputc(',', out);
    end_of(out, life, LIFE_RIGHT, options);
    fputs("],\"steps\":[", out);
    for (uint32_t i = 0; i < life->n; i++) {
        struct fill fill = {.life = life, .step = &life->steps[i], .options = options};
        fputs(i == 0 ? "\n" : ",\n", out);
        step_of(out, &fill);
    }
    fputs("\n]}\n", out);
}
