/*
 * The ladder: a column of states for each end, and each segment as a rung between them.
 *
 *   time (ms)  Ci                                                          Ao
 *       0.000  SYN-SENT     | 1 SYN seq=0 len=0 win=65535 --------------> |
 *      10.000               | <---------- 2 SYN,ACK seq=0 ack=1 len=0 --- | SYN-RECEIVED
 *
 * A state stands where it begins.  A rung stands at the time when its segment left.  What never
 * arrived ends in a cross; what arrived twice, or out of an earlier connection, has a rung of
 * its own where it arrived.
 */
#include <string.h>

#include "tell/parts.h"

#define TIME_COLUMNS  10u
#define STATE_COLUMNS 12u

struct ladder {
    FILE *out;
    const struct life *life;
    const struct tell_options *options;
    enum ciao_state state[LIFE_ENDS]; /* now */
    enum ciao_state shown[LIFE_ENDS]; /* what the reader has seen */
    uint64_t time_us;                 /* of the row that is due */
    uint64_t time_shown;
    bool time_ever;
    unsigned time_columns;
    unsigned middle;  /* columns between the two lines */
    unsigned repeats; /* calls still to come that the last row stands for */
    bool both;        /* the right end's states are known */
};

static bool pending(const struct ladder *ladder)
{
    return ladder->state[LIFE_LEFT] != ladder->shown[LIFE_LEFT]
           || ladder->state[LIFE_RIGHT] != ladder->shown[LIFE_RIGHT];
}

static void put_time(struct ladder *ladder)
{
    char clock[32] = "";
    if (!ladder->time_ever || ladder->time_us != ladder->time_shown)
        tell_clock(clock, sizeof(clock), ladder->life, ladder->time_us);
    ladder->time_shown = ladder->time_us;
    ladder->time_ever = true;
    tell_paint(ladder->out, ladder->options, TELL_DIM);
    fprintf(ladder->out, "%*s  ", (int)ladder->time_columns, clock);
    tell_unpaint(ladder->out, ladder->options, TELL_DIM);
}

static void put_state(struct ladder *ladder, enum life_end end, bool pad)
{
    bool news = ladder->state[end] != ladder->shown[end];
    enum tell_paint paint = tell_paint_of_state(ladder->state[end]);
    const char *name = news ? ciao_state_name(ladder->state[end]) : "";
    ladder->shown[end] = ladder->state[end];
    if (news)
        tell_paint(ladder->out, ladder->options, paint);
    width_pad(ladder->out, name, pad ? STATE_COLUMNS : 0, " ");
    if (news)
        tell_unpaint(ladder->out, ladder->options, paint);
}

/* One row; `middle` fills exactly the columns between the lines. */
static void put_row(struct ladder *ladder, const char *middle, enum tell_paint paint)
{
    put_time(ladder);
    put_state(ladder, LIFE_LEFT, true);
    fputs(" │", ladder->out);
    tell_paint(ladder->out, ladder->options, paint);
    width_pad(ladder->out, middle, ladder->middle, " ");
    tell_unpaint(ladder->out, ladder->options, paint);
    fputs("│", ladder->out);
    if (ladder->both && ladder->state[LIFE_RIGHT] != ladder->shown[LIFE_RIGHT]) {
        fputc(' ', ladder->out);
        put_state(ladder, LIFE_RIGHT, false);
    }
    fputc('\n', ladder->out);
}

static void flush_states(struct ladder *ladder)
{
    if (pending(ladder))
        put_row(ladder, "", TELL_PLAIN);
}

/* ---- rungs ---- */

struct rung {
    char text[SEGMENT_TEXT + 64];
    bool to_right, broken;
    const char *line; /* one column */
};

static void append(char *out, size_t room, const char *text)
{
    size_t len = strlen(out);
    snprintf(out + len, room - len, "%s", text);
}

static void repeat(char *out, size_t room, const char *piece, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        append(out, room, piece);
}

/* " 3 ACK seq=1 ---->", "<---- 3 ACK seq=1 ", and with a cross for what was lost half-way. */
static void put_rung(struct ladder *ladder, const struct rung *rung, enum tell_paint paint)
{
    char middle[1024] = "";
    unsigned width = width_of(rung->text) + 3;
    unsigned line = ladder->middle > width + 1 ? ladder->middle - width : 1;
    const char *head = rung->broken ? "✗" : rung->to_right ? ">" : "<";
    unsigned whole = line, missing = 0;
    if (rung->broken) {
        line = line / 2 < 2 ? 2 : line / 2;
        missing = whole > line ? whole - line : 0;
    }
    if (rung->to_right) {
        append(middle, sizeof(middle), " ");
        append(middle, sizeof(middle), rung->text);
        append(middle, sizeof(middle), " ");
        repeat(middle, sizeof(middle), rung->line, line);
        append(middle, sizeof(middle), head);
    } else {
        repeat(middle, sizeof(middle), " ", missing);
        append(middle, sizeof(middle), head);
        repeat(middle, sizeof(middle), rung->line, line);
        append(middle, sizeof(middle), " ");
        append(middle, sizeof(middle), rung->text);
        append(middle, sizeof(middle), " ");
    }
    put_row(ladder, middle, paint);
}

static void rung_text(struct ladder *ladder, struct rung *rung, const struct life_step *step,
                      const char *mark)
{
    char segment[SEGMENT_TEXT], number[24] = "";
    const struct life *life = ladder->life;
    bool broken = rung->broken;
    unsigned room = ladder->middle - (broken ? 6 : 4);
    if (step->flight != LIFE_NONE && life->flights[step->flight].number > 0)
        snprintf(number, sizeof(number), "%u ", life->flights[step->flight].number);
    unsigned width = (unsigned)strlen(number) + (mark[0] == '\0' ? 0 : width_of(mark) + 1);
    for (int detail = SEGMENT_OPTIONS; detail >= SEGMENT_SHORT; detail--) {
        segment_text(segment, sizeof(segment), life, step, (enum segment_detail)detail);
        if (width_of(segment) + width <= room)
            break;
    }
    if (mark[0] == '\0')
        snprintf(rung->text, sizeof(rung->text), "%s%s", number, segment);
    else
        snprintf(rung->text, sizeof(rung->text), "%s%s %s", number, segment, mark);
}

static enum life_fate fate_of(const struct life *life, const struct life_step *step)
{
    return step->flight == LIFE_NONE ? LIFE_UNKNOWN
                                     : (enum life_fate)life->flights[step->flight].fate;
}

static void sent(struct ladder *ladder, const struct life_step *step)
{
    enum tell_lang lang = ladder->options->lang;
    bool lost = fate_of(ladder->life, step) == LIFE_LOST;
    bool crossing = words_say_of(ladder->life, step) == SAY_SYN_CROSSING;
    bool again = step->event.u.seg.again && !crossing;
    struct rung rung = {.to_right = step->end == LIFE_LEFT, .broken = lost, .line = "─"};
    rung_text(ladder, &rung, step,
              lost    ? words_label(lang, LABEL_LOST)
              : again ? words_label(lang, LABEL_AGAIN)
                      : "");
    put_rung(ladder, &rung, lost ? TELL_RED : again ? TELL_YELLOW : TELL_PLAIN);
}

/* An arrival has a rung of its own when its departure has none: copies, strangers, a peer whose
 * side is unknown. */
static void received(struct ladder *ladder, const struct life_step *step)
{
    enum tell_lang lang = ladder->options->lang;
    enum life_fate fate = fate_of(ladder->life, step);
    bool departure_told = step->flight != LIFE_NONE && fate == LIFE_ARRIVED
                          && ladder->life->flights[step->flight].sent != LIFE_NONE;
    if (departure_told)
        return;
    bool copy = fate == LIFE_COPY, old = fate == LIFE_OLD;
    struct rung rung = {.to_right = step->end == LIFE_RIGHT, .line = copy || old ? "╌" : "─"};
    rung_text(ladder, &rung, step,
              copy  ? words_label(lang, LABEL_COPY)
              : old ? words_label(lang, LABEL_OLD)
                    : "");
    put_rung(ladder, &rung, copy || old ? TELL_YELLOW : TELL_PLAIN);
}

/* ---- notes ---- */

static const char *call_text(enum ciao_reason reason)
{
    static const char *const names[CIAO_REASONS] = {
        [CIAO_CALL_LISTEN] = "listen()",
        [CIAO_CALL_CONNECT] = "connect()",
        [CIAO_CALL_ACCEPT] = "accept()",
        [CIAO_CALL_SEND] = "send()",
        [CIAO_CALL_RECV] = "recv()",
        [CIAO_CALL_RECV_EOF] = "recv() = 0",
        [CIAO_CALL_SHUTDOWN_WR] = "shutdown(WR)",
        [CIAO_CALL_SHUTDOWN_RD] = "shutdown(RD)",
        [CIAO_CALL_CLOSE] = "close()",
        [CIAO_CALL_ABORT] = "abort()",
    };
    return names[reason];
}

static const char *timer_text(enum ciao_reason reason, enum tell_lang lang)
{
    bool zh = lang == TELL_ZH;
    if (reason == CIAO_TIMER_TIME_WAIT)
        return zh ? "2 MSL 已过" : "2 MSL are over";
    if (reason == CIAO_TIMER_DELAYED_ACK)
        return zh ? "延迟确认到期" : "delayed ACK is due";
    if (reason == CIAO_TIMER_PERSIST)
        return zh ? "坚持定时器到期" : "persist timer";
    if (reason == CIAO_TIMER_KEEPALIVE)
        return zh ? "保活定时器到期" : "keep-alive timer";
    if (reason == CIAO_TIMER_FIN_WAIT_2)
        return zh ? "等够了" : "waited enough";
    if (reason == CIAO_TIMER_R1)
        return zh ? "R1：情况不妙" : "R1: in trouble";
    if (reason == CIAO_TIMER_R2)
        return zh ? "R2：放弃" : "R2: gives up";
    return zh ? "定时器到期" : "timer runs out";
}

static void note(struct ladder *ladder, const struct life_step *step, const char *text,
                 enum tell_paint paint)
{
    char middle[512] = " ";
    unsigned width = width_of(text);
    if (step->end == LIFE_RIGHT && ladder->middle > width + 2)
        repeat(middle, sizeof(middle), " ", ladder->middle - width - 2);
    append(middle, sizeof(middle), text);
    put_row(ladder, middle, paint);
}

/* How often the same call follows at the same moment, with nothing between that has a row. */
static unsigned repetitions(const struct ladder *ladder, const struct life_step *step)
{
    unsigned n = 1;
    const struct life_step *end = ladder->life->steps + ladder->life->n;
    for (const struct life_step *at = step + 1; at < end; at++) {
        const struct ciao_event *event = &at->event;
        if (event->type != CIAO_EVENT_REASON || at->end != step->end
            || event->time_us != step->event.time_us)
            return n;
        enum ciao_reason_kind kind = ciao_reason_kind_of(event->what);
        if (kind == CIAO_KIND_AGAIN || kind == CIAO_KIND_NOTE)
            continue;
        if (event->what != step->event.what)
            return n;
        n++;
    }
    return n;
}

static void call(struct ladder *ladder, const struct life_step *step)
{
    char text[48];
    if (ladder->repeats > 0) {
        ladder->repeats--;
        return;
    }
    unsigned n = repetitions(ladder, step);
    const char *name = call_text((enum ciao_reason)step->event.what);
    ladder->repeats = n - 1;
    if (n > 1)
        snprintf(text, sizeof(text), "%s × %u", name, n);
    else
        snprintf(text, sizeof(text), "%s", name);
    note(ladder, step, text, TELL_DIM);
}

static void reason(struct ladder *ladder, const struct life_step *step)
{
    enum ciao_reason what = (enum ciao_reason)step->event.what;
    char text[96];
    switch (ciao_reason_kind_of(what)) {
    case CIAO_KIND_CALL: call(ladder, step); break;
    case CIAO_KIND_TIMER:
        note(ladder, step, timer_text(what, ladder->options->lang), TELL_DIM);
        break;
    case CIAO_KIND_DROP:
        snprintf(text, sizeof(text), "✗ %s", ciao_reason_key(what));
        note(ladder, step, text, TELL_RED);
        break;
    case CIAO_KIND_RST: note(ladder, step, ciao_reason_key(what), TELL_RED); break;
    case CIAO_KIND_NONE:
    case CIAO_KIND_AGAIN:
    case CIAO_KIND_NOTE: break;
    }
}

static void arc(struct ladder *ladder, const struct life_step *step)
{
    /* Two arcs at one moment are two rows. */
    if (ladder->state[step->end] != ladder->shown[step->end])
        flush_states(ladder);
    /* The arc may be another connection's, or the listener's. */
    if (ladder->state[step->end] != step->event.from)
        ladder->shown[step->end] = (enum ciao_state)step->event.from;
    ladder->state[step->end] = (enum ciao_state)step->event.to;
}

static void row_of(struct ladder *ladder, const struct life_step *step)
{
    struct fill fill = {.life = ladder->life, .step = step, .options = ladder->options};
    if (step->event.time_us != ladder->time_us)
        flush_states(ladder);
    ladder->time_us = step->event.time_us;
    tell_gap(ladder->out, &fill);
    switch ((enum ciao_event_type)step->event.type) {
    case CIAO_EVENT_ARC: arc(ladder, step); break;
    case CIAO_EVENT_REASON: reason(ladder, step); break;
    case CIAO_EVENT_SENT: sent(ladder, step); break;
    case CIAO_EVENT_RECEIVED: received(ladder, step); break;
    case CIAO_EVENT_LOST: (void)sentences_step(ladder->out, &fill, "             "); break;
    case CIAO_EVENT_BORN:
    case CIAO_EVENT_CLOSE_REPORT: break;
    }
}

static void heads(struct ladder *ladder)
{
    char left[128], right[128];
    fill_name(left, sizeof(left), ladder->life, LIFE_LEFT, ladder->options);
    fill_name(right, sizeof(right), ladder->life, LIFE_RIGHT, ladder->options);
    const char *time = words_label(ladder->options->lang, LABEL_TIME);
    tell_paint(ladder->out, ladder->options, TELL_BOLD);
    unsigned width = width_of(time);
    fprintf(ladder->out, "%*s%s  ",
            (int)(width < ladder->time_columns ? ladder->time_columns - width : 0), "", time);
    unsigned gap = STATE_COLUMNS + 3 + ladder->middle;
    unsigned back = ladder->both ? 0 : width_of(right);
    width_pad(ladder->out, left, gap > back ? gap - back : 0, " ");
    fprintf(ladder->out, "%s", right);
    tell_unpaint(ladder->out, ladder->options, TELL_BOLD);
    fputc('\n', ladder->out);
}

static struct ladder make(FILE *out, const struct life *life, const struct tell_options *options)
{
    struct ladder ladder = {.out = out, .life = life, .options = options};
    unsigned columns = tell_columns(options);
    ladder.both = life->side[LIFE_LEFT].seen && life->side[LIFE_RIGHT].seen;
    char clock[32] = "";
    if (life->n > 0)
        tell_clock(clock, sizeof(clock), life, life->steps[life->n - 1].event.time_us);
    unsigned needed = (unsigned)strlen(clock);
    ladder.time_columns = needed > TIME_COLUMNS ? needed : TIME_COLUMNS;
    unsigned fixed =
        ladder.time_columns + 2 + STATE_COLUMNS + 3 + (ladder.both ? STATE_COLUMNS + 1 : 0);
    ladder.middle = columns > fixed + 30 ? columns - fixed : 30;
    return ladder;
}

/* What an end is before its first arc: CLOSED, but a listener's child begins in LISTEN. */
static enum ciao_state state_at_first(const struct life *life, int end)
{
    for (uint32_t i = 0; i < life->n; i++)
        if (life->steps[i].event.type == CIAO_EVENT_ARC && life->steps[i].end == end)
            return (enum ciao_state)life->steps[i].event.from;
    return CIAO_CLOSED;
}

void ladder_rows(FILE *out, const struct life *life, const struct tell_options *options,
                 const struct ladder_part *part)
{
    struct ladder ladder = make(out, life, options);
    for (int end = LIFE_LEFT; end <= LIFE_RIGHT; end++)
        ladder.state[end] = state_at_first(life, end);
    for (uint32_t i = 0; i < part->from; i++)
        if (life->steps[i].event.type == CIAO_EVENT_ARC)
            ladder.state[life->steps[i].end] = (enum ciao_state)life->steps[i].event.to;
    if (part->begin)
        heads(&ladder);
    for (int end = LIFE_LEFT; end <= LIFE_RIGHT; end++)
        ladder.shown[end] = part->begin ? CIAO_STATES : ladder.state[end];
    if (part->from < life->n)
        ladder.time_us = life->steps[part->from].event.time_us;
    if (!ladder.both)
        ladder.shown[LIFE_RIGHT] = ladder.state[LIFE_RIGHT];
    if (part->begin)
        flush_states(&ladder);
    for (uint32_t i = part->from; i < part->to; i++)
        row_of(&ladder, &life->steps[i]);
    flush_states(&ladder);
}

void ladder_life(FILE *out, const struct life *life, const struct tell_options *options)
{
    struct ladder_part whole = {0, life->n, true};
    ladder_rows(out, life, options, &whole);
}
