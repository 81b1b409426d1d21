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
    trace->mask = size == 0 ? 0 : mask;
}

struct ciao_event *trace_slot(struct trace *trace, enum ciao_event_type type, uint64_t life)
{
    if (trace->lost != 0 || trace->head - trace->tail == trace->size) {
        trace->lost++;
        return NULL;
    }
    struct ciao_event *event = &trace->ring[trace->head & (trace->size - 1)];
    trace->head++;
    memset(event, 0, sizeof *event);
    event->time_us = trace->now;
    event->life = life;
    event->type = (uint8_t)type;
    return event;
}

/* Once something was lost nothing more is written until the reader has caught up, so the gap has
 * one place. */
unsigned trace_take(struct trace *trace, struct ciao_event *events, unsigned n)
{
    unsigned taken = 0;
    while (taken < n && trace->tail != trace->head) {
        events[taken++] = trace->ring[trace->tail & (trace->size - 1)];
        trace->tail++;
    }
    if (taken < n && trace->lost != 0) {
        struct ciao_event *gap = &events[taken++];
        memset(gap, 0, sizeof *gap);
        gap->time_us = trace->now;
        gap->type = CIAO_EVENT_LOST;
        gap->u.args[0] = trace->lost;
        trace->lost = 0;
    }
    return taken;
}

void trace_arc(struct trace *trace, uint64_t life, enum ciao_arc_row row)
{
    trace->arcs[row]++;
    if (!trace_on(trace, CIAO_EVENTS_LIFE))
        return;
    struct ciao_event *event = trace_slot(trace, CIAO_EVENT_ARC, life);
    if (event == NULL)
        return;
    event->what = (uint16_t)row;
    event->who = (uint8_t)ciao_arc_who(row);
    event->from = (uint8_t)ciao_arc_from(row);
    event->to = (uint8_t)ciao_arc_to(row);
}

static struct ciao_event *reason_slot(struct trace *trace, struct trace_context at,
                                      enum ciao_reason reason)
{
    struct ciao_event *event = trace_slot(trace, CIAO_EVENT_REASON, at.life);
    if (event == NULL)
        return NULL;
    event->what = (uint16_t)reason;
    event->who = (uint8_t)ciao_reason_who(reason);
    event->from = event->to = (uint8_t)at.state;
    return event;
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
