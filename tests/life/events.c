#include "life/events.h"

struct ciao_event event_born(uint64_t life, uint64_t time_us, bool passive)
{
    struct ciao_event event = {.time_us = time_us, .life = life, .type = CIAO_EVENT_BORN};
    (void)ciao_addr_parse(passive ? "10.0.0.2" : "10.0.0.1", &event.u.born.local);
    (void)ciao_addr_parse(passive ? "10.0.0.1" : "10.0.0.2", &event.u.born.remote);
    event.u.born.local_port = passive ? 80 : 40000;
    event.u.born.remote_port = passive ? 40000 : 80;
    event.u.born.passive = passive;
    return event;
}

struct ciao_event event_arc(uint64_t life, uint64_t time_us, enum ciao_arc_row row)
{
    return (struct ciao_event){.time_us = time_us,
                               .life = life,
                               .type = CIAO_EVENT_ARC,
                               .who = (uint8_t)ciao_arc_who(row),
                               .from = (uint8_t)ciao_arc_from(row),
                               .to = (uint8_t)ciao_arc_to(row),
                               .what = (uint16_t)row};
}

struct ciao_event event_reason(uint64_t life, uint64_t time_us, enum ciao_reason reason, uint64_t a)
{
    struct ciao_event event = {.time_us = time_us,
                               .life = life,
                               .type = CIAO_EVENT_REASON,
                               .who = (uint8_t)ciao_reason_who(reason),
                               .what = (uint16_t)reason};
    event.u.args[0] = a;
    return event;
}

static struct ciao_event segment(uint64_t life, uint64_t time_us, struct piece piece)
{
    struct ciao_event event = {.time_us = time_us, .life = life, .flags = piece.flags};
    event.u.seg.seq = piece.seq;
    event.u.seg.ack = piece.ack;
    event.u.seg.len = piece.len;
    event.u.seg.wnd = 65535;
    event.u.seg.wscale = 255;
    event.u.seg.again = piece.again;
    event.u.seg.segments = 1;
    return event;
}

struct ciao_event event_sent(uint64_t life, uint64_t time_us, struct piece piece)
{
    struct ciao_event event = segment(life, time_us, piece);
    event.type = CIAO_EVENT_SENT;
    return event;
}

struct ciao_event event_received(uint64_t life, uint64_t time_us, struct piece piece)
{
    struct ciao_event event = segment(life, time_us, piece);
    event.type = CIAO_EVENT_RECEIVED;
    return event;
}

void add(struct life *life, enum life_end end, struct ciao_event event)
{
    life_add(life, end, &event);
}

void cross(struct life *life, enum life_end from, uint64_t time_us, struct piece piece)
{
    add(life, from, event_sent(from + 1u, time_us, piece));
    add(life, from == LIFE_LEFT ? LIFE_RIGHT : LIFE_LEFT,
        event_received(2u - from, time_us + 10000, piece));
}
