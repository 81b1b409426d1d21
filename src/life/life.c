/*
 * One life: taking events in, counting, and finding where the sequence numbers begin.
 *
 * Not for: what became of segments on their way (flights.c), sorting events into lives (book.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "life/life.h"
#include "wire/tcp.h"

BUILD_ASSERT(LIFE_FIN == TCP_FIN && LIFE_SYN == TCP_SYN && LIFE_RST == TCP_RST);
BUILD_ASSERT(LIFE_PSH == TCP_PSH && LIFE_ACK == TCP_ACK && LIFE_URG == TCP_URG);
BUILD_ASSERT(LIFE_ECE == TCP_ECE && LIFE_CWR == TCP_CWR);

#define STEPS_USUAL 1024u
#define STEPS_LEAST 16u
#define STEPS_FIRST 64u

struct life *life_make(uint32_t cap)
{
    struct life *life = calloc(1, sizeof(*life));
    if (life == NULL)
        return NULL;
    life->cap = cap == 0 ? STEPS_USUAL : cap < STEPS_LEAST ? STEPS_LEAST : cap;
    life->incarnations = 1;
    return life;
}

void life_free(struct life *life)
{
    if (life == NULL)
        return;
    free(life->steps);
    free(life->flights);
    free(life);
}

bool life_has_segment(const struct ciao_event *event)
{
    if (event->type == CIAO_EVENT_SENT || event->type == CIAO_EVENT_RECEIVED)
        return true;
    if (event->type != CIAO_EVENT_REASON)
        return false;
    /* A TCP segment was read as far as its numbers. */
    return ciao_reason_kind_of(event->what) == CIAO_KIND_DROP
           && event->what >= CIAO_DROP_CLOSED_RST;
}

enum life_end life_sender(const struct life_step *step)
{
    bool own = step->event.type == CIAO_EVENT_SENT;
    return own == (step->end == LIFE_LEFT) ? LIFE_LEFT : LIFE_RIGHT;
}

/* ---- where the numbers begin ---- */

static enum life_end other(enum life_end end)
{
    return end == LIFE_LEFT ? LIFE_RIGHT : LIFE_LEFT;
}

static void begin(struct life_numbers *numbers, enum life_end end, uint32_t first, bool from_syn)
{
    if (numbers->known[end] && !from_syn)
        return;
    numbers->first[end] = first;
    numbers->known[end] = true;
    numbers->from_syn[end] = numbers->from_syn[end] || from_syn;
}

/* The connection that a SYN belongs to: one whose SYN had this number, the one that waits for
 * it, or a new one. */
static uint8_t incarnation_of_syn(struct life *life, enum life_end sender, uint32_t seq)
{
    uint8_t latest = (uint8_t)(life->incarnations - 1);
    for (int i = latest; i >= 0; i--) {
        const struct life_numbers *numbers = &life->numbers[i];
        if (numbers->from_syn[sender] && numbers->first[sender] == seq)
            return (uint8_t)i;
    }
    if (!life->numbers[latest].from_syn[sender] || life->incarnations == LIFE_INCARNATIONS)
        return latest;
    return life->incarnations++;
}

/* The latest connection of this end's segments, of the same life where there is one: that of its
 * last segment. */
static uint8_t incarnation_now(const struct life *life, const struct life_step *step)
{
    int latest = -1;
    for (uint32_t i = life->n; i-- > 0;) {
        const struct life_step *at = &life->steps[i];
        if (at->end != step->end || !life_has_segment(&at->event))
            continue;
        if (at->event.life == step->event.life)
            return at->incarnation;
        if (latest < 0)
            latest = at->incarnation;
        if (step->event.life == 0)
            break;
    }
    return latest < 0 ? (uint8_t)(life->incarnations - 1) : (uint8_t)latest;
}

static void number_step(struct life *life, struct life_step *step)
{
    const struct ciao_event *event = &step->event;
    if (!life_has_segment(event)) {
        step->incarnation = incarnation_now(life, step);
        return;
    }
    enum life_end sender = life_sender(step);
    bool syn = (event->flags & TCP_SYN) != 0, ack = (event->flags & TCP_ACK) != 0;
    bool dropped = event->type == CIAO_EVENT_REASON;
    step->incarnation = syn && !dropped ? incarnation_of_syn(life, sender, event->u.seg.seq)
                                        : incarnation_now(life, step);
    struct life_numbers *numbers = &life->numbers[step->incarnation];
    if (dropped)
        return; /* a stranger's numbers teach nothing */
    /* A reset's number is that of the segment it answers, or 0. */
    if ((event->flags & TCP_RST) == 0)
        begin(numbers, sender, syn ? event->u.seg.seq : event->u.seg.seq - 1, syn);
    if (ack)
        begin(numbers, other(sender), event->u.seg.ack - 1, false);
}

uint32_t life_seq(const struct life *life, const struct life_step *step)
{
    return step->event.u.seg.seq - life->numbers[step->incarnation].first[life_sender(step)];
}

uint32_t life_ack(const struct life *life, const struct life_step *step)
{
    enum life_end acked = other(life_sender(step));
    return step->event.u.seg.ack - life->numbers[step->incarnation].first[acked];
}

/* ---- the running account of one end ---- */

static void count_reason(struct life_totals *totals, enum ciao_reason reason)
{
    switch (ciao_reason_kind_of(reason)) {
    case CIAO_KIND_DROP: totals->drops++; break;
    case CIAO_KIND_RST: totals->resets_sent++; break;
    case CIAO_KIND_TIMER:
        if (reason == CIAO_TIMER_RETRANSMIT || reason == CIAO_TIMER_SYN
            || reason == CIAO_TIMER_SYN_ACK || reason == CIAO_TIMER_FIN)
            totals->timeouts++;
        break;
    case CIAO_KIND_NONE:
    case CIAO_KIND_AGAIN:
    case CIAO_KIND_NOTE:
    case CIAO_KIND_CALL: break;
    }
}

static void count_segment(struct life_totals *totals, const struct ciao_event *event)
{
    unsigned segments = event->u.seg.segments == 0 ? 1 : event->u.seg.segments;
    if (event->type == CIAO_EVENT_SENT) {
        totals->segments_sent += segments;
        totals->bytes_sent += event->u.seg.len;
        totals->again += event->u.seg.again ? segments : 0;
    } else {
        totals->segments_received += segments;
        totals->bytes_received += event->u.seg.len;
    }
}

static void born(struct life *life, struct life_side *side, const struct ciao_event *event)
{
    const struct ciao_event_born *birth = &event->u.born;
    bool listener = birth->remote_port == 0;
    life->listener = listener && !life->side[LIFE_LEFT].seen;
    if (listener) {
        side->listener_id = event->life;
        return;
    }
    side->id = event->life;
    side->addr = birth->local;
    side->port = birth->local_port;
    side->tuple_known = true;
    side->passive = birth->passive != 0;
    side->born_us = event->time_us;
    side->over = false;
    struct life_side *far =
        side == &life->side[LIFE_LEFT] ? &life->side[LIFE_RIGHT] : &life->side[LIFE_LEFT];
    if (far->tuple_known)
        return;
    far->addr = birth->remote;
    far->port = birth->remote_port;
    far->tuple_known = true;
}

static void moved(struct life_side *side, const struct ciao_event *event)
{
    if (event->life != 0 && event->life == side->listener_id)
        return; /* the listener's life, not the connection's */
    side->state = (enum ciao_state)event->to;
    bool back = event->from == CIAO_SYN_RECEIVED && event->to == CIAO_LISTEN;
    side->over = event->to == CIAO_CLOSED || back;
    side->last_arc = (enum ciao_arc_row)event->what;
    if (side->over)
        side->over_us = event->time_us;
}

static void account(struct life *life, enum life_end end, const struct ciao_event *event)
{
    struct life_side *side = &life->side[end];
    switch ((enum ciao_event_type)event->type) {
    case CIAO_EVENT_BORN: born(life, side, event); break;
    case CIAO_EVENT_ARC: moved(side, event); break;
    case CIAO_EVENT_REASON: count_reason(&side->totals, (enum ciao_reason)event->what); break;
    case CIAO_EVENT_SENT:
    case CIAO_EVENT_RECEIVED: count_segment(&side->totals, event); break;
    case CIAO_EVENT_CLOSE_REPORT:
        side->reported = true;
        side->report = event->u.report;
        break;
    case CIAO_EVENT_LOST: life->events_lost += event->u.args[0]; break;
    }
    side->seen = true;
}

/* ---- keeping steps ---- */

static bool may_go(const struct life_step *step)
{
    uint8_t type = step->event.type;
    if (type == CIAO_EVENT_REASON)
        return ciao_reason_kind_of(step->event.what) != CIAO_KIND_RST;
    return type == CIAO_EVENT_SENT || type == CIAO_EVENT_RECEIVED;
}

/* Let the middle go: the first quarter and the last quarter stay, and so does every arc. */
static void thin_out(struct life *life)
{
    uint32_t keep = life->room / 4, out = keep, skipped = 0;
    for (uint32_t i = keep; i < life->n; i++) {
        struct life_step *step = &life->steps[i];
        if (i < life->n - keep && may_go(step)) {
            skipped += step->skipped + 1;
            life->not_kept++;
            continue;
        }
        life->steps[out] = *step;
        life->steps[out].skipped += skipped;
        skipped = 0;
        out++;
    }
    life->n = out;
    life->skipping += skipped;
}

/* Short lives are the most, so the steps begin few. */
static bool grow(struct life *life)
{
    uint32_t room = life->room == 0 ? STEPS_FIRST : life->room * 2;
    if (room > life->cap)
        room = life->cap;
    struct life_step *steps = realloc(life->steps, room * sizeof(*steps));
    if (steps == NULL)
        return false;
    life->steps = steps;
    life->room = room;
    return true;
}

static bool has_room(struct life *life)
{
    if (life->n == life->room && life->room < life->cap && grow(life))
        return true;
    if (life->n == life->room && life->n > 0)
        thin_out(life);
    return life->n < life->room;
}

void life_add(struct life *life, enum life_end end, const struct ciao_event *event)
{
    account(life, end, event);
    if (!has_room(life)) {
        life->not_kept++;
        life->skipping++;
        return;
    }
    struct life_step step = {
        .event = *event, .flight = LIFE_NONE, .skipped = life->skipping, .end = (uint8_t)end};
    life->skipping = 0;
    number_step(life, &step);
    life->steps[life->n++] = step;
}

/* ---- both ends ---- */

static bool mirror(const struct life *left, const struct life *right)
{
    const struct life_side *a = &left->side[LIFE_LEFT], *b = &right->side[LIFE_LEFT];
    const struct life_side *far_a = &left->side[LIFE_RIGHT], *far_b = &right->side[LIFE_RIGHT];
    bool known = a->tuple_known && b->tuple_known && far_a->tuple_known && far_b->tuple_known;
    return known && a->port == far_b->port && b->port == far_a->port
           && memcmp(&a->addr, &far_b->addr, sizeof(a->addr)) == 0
           && memcmp(&b->addr, &far_a->addr, sizeof(b->addr)) == 0;
}

/* Whose next step is the earlier one?  At the same time the left end's goes first. */
static bool left_is_next(const struct life *left, uint32_t i, const struct life *right, uint32_t j)
{
    if (i == left->n || j == right->n)
        return j == right->n;
    return left->steps[i].event.time_us <= right->steps[j].event.time_us;
}

struct life *life_joined(const struct life *left, const struct life *right)
{
    if (!mirror(left, right))
        return NULL;
    struct life *life = life_make(left->n + right->n);
    if (life == NULL)
        return NULL;
    for (uint32_t i = 0, j = 0; i + j < left->n + right->n;) {
        bool from_left = left_is_next(left, i, right, j);
        const struct life_step *step = from_left ? &left->steps[i++] : &right->steps[j++];
        life->skipping += step->skipped;
        life->not_kept += step->skipped;
        life_add(life, from_left ? LIFE_LEFT : LIFE_RIGHT, &step->event);
    }
    life_match(life);
    return life;
}
