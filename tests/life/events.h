/* Events made by hand, as a stack would write them. */
#ifndef TESTS_LIFE_EVENTS_H
#define TESTS_LIFE_EVENTS_H

#include "life/life.h"
#include "wire/tcp.h"

struct ciao_event event_born(uint64_t life, uint64_t time_us, bool passive);
struct ciao_event event_arc(uint64_t life, uint64_t time_us, enum ciao_arc_row row);
struct ciao_event event_reason(uint64_t life, uint64_t time_us, enum ciao_reason reason,
                               uint64_t a);

/* A segment; seq and ack are those on the wire. */
struct piece {
    uint16_t flags;
    uint32_t seq, ack, len;
    bool again;
};
struct ciao_event event_sent(uint64_t life, uint64_t time_us, struct piece piece);
struct ciao_event event_received(uint64_t life, uint64_t time_us, struct piece piece);

void add(struct life *life, enum life_end end, struct ciao_event event);
/* The same segment leaves one end, and arrives at the other 10 ms later. */
void cross(struct life *life, enum life_end from, uint64_t time_us, struct piece piece);

/* First numbers of the tests: 16 below the wrap, and one that is easy to read. */
#define ISS_LEFT  0xFFFFFFF0u
#define ISS_RIGHT 5000u

#endif
