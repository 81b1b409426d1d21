/*
 * The event ring: see trace.h.
 */
#include "trace/trace.h"

#include "base/assert.h"
#include "base/mem.h"

static uint64_t written(const struct trace *trace)
{
    return trace->lap + (uint64_t)(trace->next - trace->ring);
}

/* How far may be written in one piece: to the end of the ring, or up to what was not taken yet. */
static void set_stop(struct trace *trace)
{
    uint64_t room = trace->tail + trace->size - written(trace);
    uint64_t to_end = (uint64_t)(trace->ring + trace->size - trace->next);
    trace->stop = trace->next + (trace->lost != 0 ? 0 : room < to_end ? room : to_end);
    trace->stop_life = trace_on(trace, CIAO_EVENTS_LIFE) ? trace->stop : trace->ring;
}

void trace_mask(struct trace *trace, uint32_t mask)
{
    trace->mask = trace->size == 0 ? 0 : mask & CIAO_EVENTS_ALL;
    set_stop(trace);
}

void trace_init(struct trace *trace, struct ciao_event *ring, uint32_t size, uint32_t mask)
{
    ASSERT((size & (size - 1)) == 0);
    memset(trace, 0, sizeof *trace);
    trace->ring = trace->next = ring;
    trace->size = size;
    trace_mask(trace, mask);
}

/* What an event says of itself before its arguments, as it lies in it. */
struct what {
    uint8_t type, who, from, to;
    uint16_t what, flags;
};
BUILD_ASSERT(sizeof(struct what) == 8 && offsetof(struct ciao_event, type) == 16
             && offsetof(struct ciao_event, what) == 20 && offsetof(struct ciao_event, u) == 24);

/* The ring goes round, or is full: then no slot. */
static __attribute__((noinline, cold)) bool goes_round(struct trace *trace)
{
    if (trace->next == trace->ring + trace->size) {
        trace->lap += trace->size;
        trace->next = trace->ring;
        set_stop(trace);
    }
    if (trace->next != trace->stop)
        return true;
    trace->lost++;
    set_stop(trace);
    return false;
}

static inline void put(struct ciao_event *event, time_us now, uint64_t life, struct what what)
{
    event->time_us = now;
    event->life = life;
    __builtin_memcpy(&event->type, &what, sizeof what);
    event->u.args[0] = event->u.args[1] = event->u.args[2] = event->u.args[3] = event->u.args[4] =
        0;
}

static inline struct ciao_event *fill(struct trace *trace, struct what what, uint64_t life)
{
    struct ciao_event *event = trace->next;
    trace->next = event + 1;
    put(event, trace->now, life, what);
    return event;
}

static inline struct ciao_event *slot(struct trace *trace, struct what what, uint64_t life)
{
    if (__builtin_expect(trace->next >= trace->stop, 0) && !goes_round(trace))
        return NULL;
    return fill(trace, what, life);
}

/* Of class life, by whoever has not asked whether that is on, and with nothing to add. */
static __attribute__((noinline, cold)) void life_beyond(struct trace *trace, struct what what,
                                                        uint64_t life)
{
    if (trace_on(trace, CIAO_EVENTS_LIFE))
        (void)slot(trace, what, life);
}

static inline void write_life(struct trace *trace, struct what what, uint64_t life)
{
    if (__builtin_expect(trace->next >= trace->stop_life, 0))
        life_beyond(trace, what, life);
    else
        (void)fill(trace, what, life);
}

struct ciao_event *trace_slot(struct trace *trace, enum ciao_event_type type, uint64_t life)
{
    return slot(trace, (struct what){.type = (uint8_t)type}, life);
}

/* Once something was lost nothing more is written until the reader has caught up, so the gap has
 * one place.  That is where it is written. */
static __attribute__((noinline, cold)) void tell_gap(struct trace *trace)
{
    uint64_t lost = trace->lost;
    trace->lost = 0;
    set_stop(trace);
    trace_slot(trace, CIAO_EVENT_LOST, 0)->u.args[0] = lost;
}

unsigned trace_look(struct trace *trace, const struct ciao_event **events)
{
    *events = trace->ring;
    if (written(trace) == trace->tail) {
        if (trace->lost == 0)
            return 0;
        tell_gap(trace);
    }
    uint32_t first = (uint32_t)trace->tail & (trace->size - 1);
    uint64_t there = written(trace) - trace->tail, to_end = trace->size - first;
    *events = trace->ring + first;
    return (unsigned)(there < to_end ? there : to_end);
}

void trace_done(struct trace *trace, unsigned n)
{
    ASSERT(n <= written(trace) - trace->tail);
    trace->tail += n;
    set_stop(trace);
}

unsigned trace_take(struct trace *trace, struct ciao_event *events, unsigned n)
{
    const struct ciao_event *here;
    unsigned taken = 0, there;
    while (taken < n && (there = trace_look(trace, &here)) != 0) {
        unsigned piece = there < n - taken ? there : n - taken;
        memcpy(events + taken, here, piece * sizeof *events);
        trace_done(trace, piece);
        taken += piece;
    }
    return taken;
}

static const struct what arc_what[CIAO_ARCS] = {
#define ARC(from_, to_, who_, rule, key)          \
    [CIAO_ARC_##from_##_##to_##_##key] = {        \
        .type = CIAO_EVENT_ARC,                   \
        .who = CIAO_WHO_##who_,                   \
        .from = CIAO_##from_,                     \
        .to = CIAO_##to_,                         \
        .what = CIAO_ARC_##from_##_##to_##_##key, \
    },
#include "ciao/arcs.def"
#undef ARC
};

void trace_arc(struct trace *trace, uint64_t life, enum ciao_arc_row row)
{
    trace->arcs[row]++;
    write_life(trace, arc_what[row], life);
}

void trace_close_empty(struct trace *trace, uint64_t life, enum ciao_state state)
{
    const struct what what = {
        .type = CIAO_EVENT_CLOSE_REPORT,
        .who = CIAO_WHO_PROGRAM,
        .from = (uint8_t)state,
        .to = (uint8_t)state,
    };
    write_life(trace, what, life);
}

static struct ciao_event *reason_slot(struct trace *trace, struct trace_context at,
                                      enum ciao_reason reason)
{
    struct what what = {
        .type = CIAO_EVENT_REASON,
        .who = (uint8_t)ciao_reason_who(reason),
        .from = (uint8_t)at.state,
        .to = (uint8_t)at.state,
        .what = (uint16_t)reason,
    };
    return slot(trace, what, at.life);
}

void trace_reason_write(struct trace *trace, struct trace_context at, enum ciao_reason reason,
                        uint64_t a, uint64_t b)
{
    struct ciao_event *event = reason_slot(trace, at, reason);
    if (event == NULL)
        return;
    event->u.args[0] = a;
    event->u.args[1] = b;
}

void trace_drop(struct trace *trace, enum ciao_reason reason)
{
    trace_reason(trace, (struct trace_context){0, CIAO_CLOSED}, reason, 0, 0);
}

void trace_segment(struct trace *trace, struct trace_context at, enum ciao_event_type type,
                   uint16_t flags, const struct ciao_event_segment *seg)
{
    if (!trace_on(trace, CIAO_EVENTS_WIRE))
        return;
    struct ciao_event *event = trace_slot(trace, type, at.life);
    if (event == NULL)
        return;
    event->who = type == CIAO_EVENT_RECEIVED ? CIAO_WHO_PEER : CIAO_WHO_POLICY;
    event->from = event->to = (uint8_t)at.state;
    event->flags = flags;
    event->u.seg = *seg;
}

void trace_segment_dropped(struct trace *trace, struct trace_context at, enum ciao_reason reason,
                           uint16_t flags, const struct ciao_event_segment *seg)
{
    trace->reasons[reason]++;
    if (!trace_on(trace, trace_class_of(reason)))
        return;
    struct ciao_event *event = reason_slot(trace, at, reason);
    if (event == NULL)
        return;
    event->flags = flags;
    event->u.seg = *seg;
}
