/*
 * What became of each segment between the two ends: arrived, lost, came twice, or came out of an
 * earlier connection.
 *
 * A segment that arrives is recognised by its numbers, flags, length and timestamp among those
 * that left the other end.  When several look the same (a SYN sent again has the same number),
 * it is the one that would have needed the usual time; the usual time is the shortest that any
 * segment took.
 *
 * Not for: judging why (the stacks' own events say that).
 */
#include <stdlib.h>

#include "life/life.h"
#include "wire/tcp.h"

/* What happened to no connection: to nobody at all, or to a listener. */
static bool is_nobodys(const struct life *life, const struct life_step *step)
{
    uint64_t id = step->event.life;
    return id == 0 || id == life->side[step->end].listener_id;
}

/* A stack says RECEIVED only when a connection is there to receive; else the drop itself is the
 * arrival. */
static bool is_arrival(const struct life *life, uint32_t at)
{
    const struct life_step *step = &life->steps[at];
    if (step->event.type == CIAO_EVENT_RECEIVED)
        return true;
    return step->event.type == CIAO_EVENT_REASON && life_has_segment(&step->event)
           && is_nobodys(life, step);
}

static bool same_segment(const struct ciao_event *a, const struct ciao_event *b)
{
    const struct ciao_event_segment *x = &a->u.seg, *y = &b->u.seg;
    return a->flags == b->flags && x->seq == y->seq && x->ack == y->ack && x->len == y->len
           && (!x->has_ts || !y->has_ts || x->ts_val == y->ts_val);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* The flight that best explains this arrival; copies: look among those that have arrived
 * already. */
static uint32_t best_flight(const struct life *life, uint32_t at, uint64_t delay_us, bool copies)
{
    const struct life_step *step = &life->steps[at];
    uint32_t best = LIFE_NONE;
    uint64_t best_error = UINT64_MAX;
    for (uint32_t i = 0; i < life->n_flights; i++) {
        const struct life_flight *flight = &life->flights[i];
        if (flight->sent == LIFE_NONE || flight->from != life_sender(step)
            || flight->fate == LIFE_COPY || flight->fate == LIFE_OLD)
            continue;
        if ((flight->received != LIFE_NONE) != copies)
            continue;
        const struct ciao_event *sent = &life->steps[flight->sent].event;
        if (!same_segment(sent, &step->event) || sent->time_us > step->event.time_us)
            continue;
        uint64_t error = distance(sent->time_us + delay_us, step->event.time_us);
        if (error < best_error) {
            best = i;
            best_error = error;
        }
    }
    return best;
}

static uint64_t shortest_delay(const struct life *life)
{
    uint64_t shortest = UINT64_MAX;
    for (uint32_t i = 0; i < life->n; i++) {
        if (!is_arrival(life, i))
            continue;
        uint32_t flight = best_flight(life, i, UINT32_MAX, false);
        if (flight == LIFE_NONE)
            continue;
        const struct ciao_event *sent = &life->steps[life->flights[flight].sent].event;
        uint64_t took = life->steps[i].event.time_us - sent->time_us;
        shortest = took < shortest ? took : shortest;
    }
    return shortest == UINT64_MAX ? 0 : shortest;
}

static uint32_t add_flight(struct life *life, struct life_flight flight)
{
    life->flights[life->n_flights] = flight;
    return life->n_flights++;
}

static bool both_known(const struct life *life)
{
    return life->side[LIFE_LEFT].seen && life->side[LIFE_RIGHT].seen;
}

static void note_departures(struct life *life)
{
    bool sure = both_known(life) && life->events_lost == 0 && life->not_kept == 0;
    uint32_t number = 0;
    for (uint32_t i = 0; i < life->n; i++) {
        struct life_step *step = &life->steps[i];
        step->flight = LIFE_NONE;
        bool leaves = step->event.type == CIAO_EVENT_SENT;
        bool only_arrives = !both_known(life) && is_arrival(life, i);
        if (!leaves && !only_arrives)
            continue;
        struct life_flight flight = {.number = ++number,
                                     .sent = leaves ? i : LIFE_NONE,
                                     .received = leaves ? LIFE_NONE : i,
                                     .from = (uint8_t)life_sender(step)};
        flight.fate = !leaves ? LIFE_ARRIVED : sure ? LIFE_LOST : LIFE_UNKNOWN;
        step->flight = add_flight(life, flight);
    }
}

static void inherit_drop(struct life *life, uint32_t arrival)
{
    const struct life_step *from = &life->steps[arrival];
    for (uint32_t i = arrival + 1; i < life->n; i++) {
        struct life_step *step = &life->steps[i];
        if (step->event.time_us != from->event.time_us)
            return;
        bool drop = step->event.type == CIAO_EVENT_REASON && life_has_segment(&step->event);
        if (drop && step->end == from->end && same_segment(&step->event, &from->event))
            step->incarnation = from->incarnation;
    }
}

/* A SYN that ends a TIME-WAIT is received by the old life, and at the same moment by the new
 * one. */
static bool handed_on(struct life *life, uint32_t at)
{
    struct life_step *step = &life->steps[at];
    for (uint32_t i = at; i-- > 0;) {
        const struct life_step *earlier = &life->steps[i];
        if (earlier->event.time_us != step->event.time_us)
            return false;
        if (earlier->end != step->end || !is_arrival(life, i))
            continue;
        if (earlier->event.life == step->event.life || !same_segment(&earlier->event, &step->event))
            return false;
        step->flight = earlier->flight;
        step->incarnation = earlier->incarnation;
        return true;
    }
    return false;
}

static void note_arrival(struct life *life, uint32_t at, uint64_t delay_us)
{
    struct life_step *step = &life->steps[at];
    if (handed_on(life, at))
        return;
    uint32_t flight = best_flight(life, at, delay_us, false);
    bool copy = flight == LIFE_NONE;
    if (copy)
        flight = best_flight(life, at, delay_us, true);
    if (flight == LIFE_NONE) { /* nobody saw it leave */
        step->flight = add_flight(life, (struct life_flight){.number = 0,
                                                             .sent = LIFE_NONE,
                                                             .received = at,
                                                             .from = (uint8_t)life_sender(step),
                                                             .fate = LIFE_UNKNOWN});
        return;
    }
    struct life_flight *known = &life->flights[flight];
    uint8_t of = life->steps[known->sent].incarnation;
    bool old = of != step->incarnation;
    if (!copy) {
        known->received = at;
        known->fate = old ? LIFE_OLD : LIFE_ARRIVED;
        step->flight = flight;
    } else {
        step->flight = add_flight(life, (struct life_flight){.number = known->number,
                                                             .sent = known->sent,
                                                             .received = at,
                                                             .from = known->from,
                                                             .fate = old ? LIFE_OLD : LIFE_COPY});
    }
    step->incarnation = of;
    inherit_drop(life, at);
}

/*
 * A reset of no connection answers a segment that nobody received: <SEQ=SEG.ACK>, or
 * <ACK=SEG.SEQ+SEG.LEN> for one without ACK [RFC9293 3.10.7.1].  So that segment has arrived.
 */
static bool is_answered_by(const struct ciao_event *sent, const struct ciao_event *reset)
{
    uint32_t len =
        sent->u.seg.len + ((sent->flags & TCP_SYN) != 0) + ((sent->flags & TCP_FIN) != 0);
    if ((sent->flags & TCP_RST) != 0)
        return false;
    if ((sent->flags & TCP_ACK) != 0)
        return reset->u.seg.seq == sent->u.seg.ack;
    return reset->u.seg.ack == sent->u.seg.seq + len;
}

/* The latest segment that this reset may answer: one that seemed lost, or (copies) one that came
 * already. */
static uint32_t last_answered(const struct life *life, uint32_t at, bool copies)
{
    const struct life_step *reset = &life->steps[at];
    for (uint32_t i = life->n_flights; i-- > 0;) {
        const struct life_flight *flight = &life->flights[i];
        enum life_fate wanted = copies ? LIFE_ARRIVED : LIFE_LOST;
        if (flight->fate != wanted || flight->sent > at || flight->from == reset->end)
            continue;
        if (is_answered_by(&life->steps[flight->sent].event, &reset->event))
            return i;
    }
    return LIFE_NONE;
}

static void note_answer(struct life *life, uint32_t at)
{
    struct life_step *reset = &life->steps[at];
    if (reset->event.type != CIAO_EVENT_SENT || (reset->event.flags & TCP_RST) == 0
        || !is_nobodys(life, reset))
        return;
    bool copy = false;
    uint32_t flight = last_answered(life, at, false);
    if (flight == LIFE_NONE) {
        copy = true;
        flight = last_answered(life, at, true);
    }
    if (flight == LIFE_NONE)
        return;
    uint32_t arrival = at; /* the reason of the reset stands just before it */
    while (arrival > 0 && life->steps[arrival - 1].end == reset->end
           && life->steps[arrival - 1].event.type == CIAO_EVENT_REASON
           && life->steps[arrival - 1].event.time_us == reset->event.time_us)
        arrival--;
    if (copy) {
        struct life_flight second = life->flights[flight];
        flight = add_flight(life, second);
    }
    life->flights[flight].received = arrival;
    life->flights[flight].fate = copy ? LIFE_COPY : LIFE_ARRIVED;
    reset->incarnation = life->steps[life->flights[flight].sent].incarnation;
    if (arrival != at)
        life->steps[arrival].flight = flight;
}

void life_match(struct life *life)
{
    free(life->flights);
    life->n_flights = 0;
    life->flights = calloc((size_t)life->n + 1, sizeof(*life->flights));
    if (life->flights == NULL)
        return;
    note_departures(life);
    if (!both_known(life))
        return;
    uint64_t delay_us = shortest_delay(life);
    for (uint32_t i = 0; i < life->n; i++) {
        if (is_arrival(life, i))
            note_arrival(life, i, delay_us);
        else
            note_answer(life, i);
    }
}
