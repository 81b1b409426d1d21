/*
 * The life of a connection, put together from events: of one end, or of both.
 *
 * A life keeps its events as steps in the order in which they came, knows which of the two ends
 * lived each, counts what happened, and finds the first sequence number of each direction so
 * that a reader sees SYN = 0.  When both ends are known, life_match() finds out what became of
 * each segment on its way (flights.c).  A life_book (book.c) sorts the stream of one stack's
 * events into lives.
 *
 * Memory is bounded: a life keeps at most `cap` steps.  When they are used up, segments and
 * notes from its middle are let go, never the arcs, and `skipped` of the next step says how many
 * are missing there.
 *
 * Not for: telling (src/tell).
 */
#ifndef LIFE_LIFE_H
#define LIFE_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/event.h"

enum life_end { LIFE_LEFT, LIFE_RIGHT, LIFE_ENDS };

/* TCP's flags, as an event carries them. */
enum life_flag {
    LIFE_FIN = 1,
    LIFE_SYN = 2,
    LIFE_RST = 4,
    LIFE_PSH = 8,
    LIFE_ACK = 16,
    LIFE_URG = 32,
    LIFE_ECE = 64,
    LIFE_CWR = 128
};

/* Number and place of a flight that is not there. */
#define LIFE_NONE UINT32_MAX

struct life_step {
    struct ciao_event event;
    uint32_t flight; /* SENT, RECEIVED: which of life.flights, after life_match(); else LIFE_NONE */
    uint32_t skipped;    /* so many steps before this one were not kept */
    uint8_t end;         /* enum life_end: who lived it */
    uint8_t incarnation; /* whose numbers its segment is told in: index into life.numbers */
};

/* What became of a segment between the two ends. */
enum life_fate {
    LIFE_UNKNOWN, /* only one end is known, or events were lost */
    LIFE_ARRIVED,
    LIFE_LOST, /* left one end and never came to the other */
    LIFE_COPY, /* came although the original had come already */
    LIFE_OLD,  /* a segment of an earlier connection on the same ports */
};

struct life_flight {
    uint32_t number; /* 1, 2, ... in the order in which segments left; a copy has its original's */
    uint32_t sent;   /* step, LIFE_NONE for a segment whose leaving nobody saw */
    uint32_t received; /* step, or LIFE_NONE */
    uint8_t from;      /* enum life_end */
    uint8_t fate;      /* enum life_fate */
};

/* First sequence numbers of one connection, by the end that chose them. */
struct life_numbers {
    uint32_t first[LIFE_ENDS];
    bool known[LIFE_ENDS];    /* some segment of that end was seen */
    bool from_syn[LIFE_ENDS]; /* and it was the SYN */
};

struct life_totals {
    uint64_t segments_sent, segments_received;
    uint64_t bytes_sent, bytes_received; /* payload on the wire, repeats included */
    uint64_t again;                      /* segments sent again */
    uint64_t drops, resets_sent, timeouts;
};

/* One end of a connection. */
struct life_side {
    bool seen;            /* at least one event of this end is known */
    uint64_t id;          /* the life id of the latest incarnation */
    uint64_t listener_id; /* of the listener beside it, when its events are here too */
    struct ciao_addr addr;
    uint16_t port;
    bool tuple_known;      /* addr and port are */
    bool passive;          /* child of a listener */
    enum ciao_state state; /* now */
    bool over;             /* came to its end, by: */
    enum ciao_arc_row last_arc;
    uint64_t born_us, over_us;
    bool reported; /* a close or abort told its price: */
    struct ciao_event_report report;
    struct life_totals totals;
};

#define LIFE_INCARNATIONS 8

struct life {
    struct life_side side[LIFE_ENDS];
    struct life_step *steps;
    uint32_t n, cap;
    uint32_t room;        /* steps that there is memory for */
    uint32_t not_kept;    /* steps let go */
    uint32_t skipping;    /* of those, the ones just after the last step that was kept */
    uint64_t events_lost; /* the stack's ring overflowed while this life went on */
    struct life_numbers numbers[LIFE_INCARNATIONS];
    uint8_t incarnations; /* in use, at least 1 */
    bool listener;        /* not a connection */
    struct life_flight *flights;
    uint32_t n_flights;
};

/* cap 0: 1024 steps.  Returns NULL without memory. */
struct life *life_make(uint32_t cap);
void life_free(struct life *life);

/* Take one event in; lost memory counts as steps not kept. */
void life_add(struct life *life, enum life_end end, const struct ciao_event *event);

/*
 * Both ends' lives of one connection as one, in the order of time (of one clock), and matched.
 * Returns NULL when the tuples do not mirror each other, or without memory; the two stay as they
 * are.
 */
struct life *life_joined(const struct life *left, const struct life *right);

/* Find out what became of each segment, and number them.  May be called again after more events. */
void life_match(struct life *life);

/* Sequence and acknowledgement number of a step's segment as a reader wants them: the SYN is 0. */
uint32_t life_seq(const struct life *life, const struct life_step *step);
uint32_t life_ack(const struct life *life, const struct life_step *step);
/* Does this step carry a segment in u.seg? */
bool life_has_segment(const struct ciao_event *event);
/* The end that sent the segment of a step. */
enum life_end life_sender(const struct life_step *step);

/* ---- many lives out of one stack's events ---- */
struct life_book;

/*
 *   steps_per_life  see life_make()
 *   max_lives       more that go on at once are counted as untold, not kept
 */
struct life_book *life_book_make(uint32_t steps_per_life, uint32_t max_lives);
void life_book_free(struct life_book *book);
void life_book_add(struct life_book *book, const struct ciao_event *event);

/*
 * A life that came to its end before now_us, taken out of the book (the caller's to life_free),
 * or NULL.  Call it until it says NULL, with the present time: an end's last segment is an event
 * after the arc that ended it. now_us UINT64_MAX: whatever is left, ended or not.  Listeners are
 * never named.
 */
struct life *life_book_next(struct life_book *book, uint64_t now_us);
/* Lives that began when the book was full. */
uint64_t life_book_untold(const struct life_book *book);

#endif
