/*
 * The ring that every event is written to, and the counters that count even where the event's class
 * is off.
 *
 * Writing an event whose class is masked off costs one predictable branch.  A full ring keeps what
 * it has and counts what it could not take; trace_take() then reports the number as one
 * CIAO_EVENT_LOST in its place in the order.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "ciao/event.h"

struct trace {
    struct ciao_event *next;      /* where the next one is written ... */
    struct ciao_event *stop;      /* ... unless it is here: the ring goes round, or is full */
    struct ciao_event *stop_life; /* the same for class life: the ring, while that is off */
    time_us now;                  /* set by whoever enters the stack */
    struct ciao_event *ring;
    uint32_t size; /* a power of two, or 0: no ring */
    uint32_t mask; /* classes that are written: trace_mask() */
    uint64_t lap;  /* events that were written before the one that lies first in the ring */
    uint64_t tail; /* so many were taken */
    uint64_t lost;
    uint64_t arcs[CIAO_ARCS];
    uint64_t reasons[CIAO_REASONS];
};

void trace_init(struct trace *trace, struct ciao_event *ring, uint32_t size, uint32_t mask);
void trace_mask(struct trace *trace, uint32_t mask); /* CIAO_EVENTS_*; without a ring none */
/* As ciao_events_look(), ciao_events_done() and ciao_events(). */
unsigned trace_look(struct trace *trace, const struct ciao_event **events);
void trace_done(struct trace *trace, unsigned n);
unsigned trace_take(struct trace *trace, struct ciao_event *events, unsigned n);

/* A slot to fill in, time, life and type set and the rest zero; NULL when the ring is full. */
struct ciao_event *trace_slot(struct trace *trace, enum ciao_event_type type, uint64_t life);

static inline bool trace_on(const struct trace *trace, uint32_t class_)
{
    return (trace->mask & class_) != 0;
}

/* Resets belong to a life; every other reason says why. */
static inline uint32_t trace_class_of(enum ciao_reason reason)
{
    bool reset = reason >= CIAO_RST_NO_CONNECTION && reason <= CIAO_RST_ORPHAN_SACRIFICED;
    return reset ? CIAO_EVENTS_LIFE : CIAO_EVENTS_WHY;
}

void trace_arc(struct trace *trace, uint64_t life, enum ciao_arc_row row);
/* What a close cost where nothing was lost by it: u.report is zero. */
void trace_close_empty(struct trace *trace, uint64_t life, enum ciao_state state);

/* A reason of any kind with up to two arguments; `state` is the state it happened in. */
struct trace_context {
    uint64_t life;
    enum ciao_state state;
};
__attribute__((noinline, cold)) void trace_reason_write(struct trace *trace,
                                                        struct trace_context at,
                                                        enum ciao_reason reason, uint64_t a,
                                                        uint64_t b);
static inline void trace_reason(struct trace *trace, struct trace_context at,
                                enum ciao_reason reason, uint64_t a, uint64_t b)
{
    trace->reasons[reason]++;
    if (__builtin_expect(trace_on(trace, trace_class_of(reason)), 0))
        trace_reason_write(trace, at, reason, a, b);
}

/* The same for what concerns no connection (links, IP). */
void trace_drop(struct trace *trace, enum ciao_reason reason);

/* A segment (SENT, RECEIVED, or a dropped one with its reason). */
void trace_segment(struct trace *trace, struct trace_context at, enum ciao_event_type type,
                   uint16_t flags, const struct ciao_event_segment *seg);
void trace_segment_dropped(struct trace *trace, struct trace_context at, enum ciao_reason reason,
                           uint16_t flags, const struct ciao_event_segment *seg);

#endif
