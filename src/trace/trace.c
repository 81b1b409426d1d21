/*
 * The event ring: see trace.h.
 */
#include "trace/trace.h"

#include "base/assert.h"
#include "base/mem.h"

void trace_init(struct trace *trace, struct ciao_event *ring, uint32_t size, uint32_t mask)
{
    ASSERT((size & (size - 1)) == 0);
    memset(trace, 0, sizeof *trace);
    trace->ring = ring;
    trace->size = size;
    trace->full = size;
    trace->mask = size == 0 ? 0 : mask;
}

/* What an event says of itself before its arguments, as it lies in it. */
struct what {
    uint8_t type, who, from, to;
    uint16_t what, flags;
};
BUILD_ASSERT(sizeof(struct what) == 8 && offsetof(struct ciao_event, type) == 16
             && offsetof(struct ciao_event, what) == 20 && offsetof(struct ciao_event, u) == 24);

static inline struct ciao_event *slot(struct trace *trace, struct what what, uint64_t life)
{
    if (__builtin_expect(trace->head == trace->full, 0)) {
        trace->lost++;
        return NULL;
    }
    struct ciao_event *event = &trace->ring[trace->head++ & (trace->size - 1)];
    *event = (struct ciao_event){.time_us = trace->now, .life = life};
    __builtin_memcpy(&event->type, &what, sizeof what);
    return event;
}

struct ciao_event *trace_slot(struct trace *trace, enum ciao_event_type type, uint64_t life)
{
    return slot(trace, (struct what){.type = (uint8_t)type}, life);
}

/* The oldest `n`, at least one, which lie in the ring in one piece or in two. */
static void copy_out(const struct trace *trace, struct ciao_event *events, unsigned n)
{
    uint32_t first = (uint32_t)trace->tail & (trace->size - 1);
    uint32_t to_end = trace->size - first, piece = n < to_end ? n : to_end;
    memcpy(events, trace->ring + first, piece * sizeof *events);
    memcpy(events + piece, trace->ring, (n - piece) * sizeof *events);
}

/* Once something was lost nothing more is written until the reader has caught up, so the gap has
 * one place. */
unsigned trace_take(struct trace *trace, struct ciao_event *events, unsigned n)
{
    uint64_t there = trace->head - trace->tail;
    unsigned taken = n < there ? n : (unsigned)there;
    if (taken != 0)
        copy_out(trace, events, taken);
    trace->tail += taken;
    if (taken < n && trace->lost != 0) {
        struct ciao_event *gap = &events[taken++];
        memset(gap, 0, sizeof *gap);
        gap->time_us = trace->now;
        gap->type = CIAO_EVENT_LOST;
        gap->u.args[0] = trace->lost;
        trace->lost = 0;
    }
    if (trace->lost == 0)
        trace->full = trace->tail + trace->size;
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

void trace_arc_write(struct trace *trace, uint64_t life, enum ciao_arc_row row)
{
    (void)slot(trace, arc_what[row], life);
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
