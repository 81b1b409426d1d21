/*
 * The life of a connection, as records: what happened, when, to whom, who caused it and which rule
 * decided.
 *
 * A stack writes fixed-size records into a ring of its own (class by class, see CIAO_EVENTS_*);
 * ciao_events() takes them out.  What the ring could not hold is reported as one CIAO_EVENT_LOST
 * with the number, so that a reader can say "unknown" where it does not know.
 */
#ifndef CIAO_EVENT_H
#define CIAO_EVENT_H

#include <stdint.h>

#include "ciao/addr.h"

enum ciao_state {
#define STATE(name, text) CIAO_##name,
#include "ciao/states.def"
#undef STATE
};
#define CIAO_STATES 11

/* Who caused it. */
enum ciao_who {
    CIAO_WHO_PEER,    /* a segment of the other end */
    CIAO_WHO_PROGRAM, /* a call of our program */
    CIAO_WHO_TIMER,   /* time that passed */
    CIAO_WHO_POLICY,  /* a limit or a setting of this stack */
    CIAO_WHO_NETWORK, /* something between the two ends */
};

/* Rows of arcs.def, in order: an arc is named by its row. */
enum ciao_arc_row {
#define ARC(from, to, who, rule, key) CIAO_ARC_##from##_##to##_##key,
#include "ciao/arcs.def"
#undef ARC
    CIAO_ARCS
};

enum ciao_reason_kind {
    CIAO_KIND_NONE,
    CIAO_KIND_DROP,  /* a frame or segment was thrown away */
    CIAO_KIND_RST,   /* we sent a reset */
    CIAO_KIND_TIMER, /* a timer ran out */
    CIAO_KIND_AGAIN, /* something was sent again */
    CIAO_KIND_NOTE,  /* what the stack did */
    CIAO_KIND_CALL,  /* what the program asked for */
};

enum ciao_reason {
    CIAO_REASON_NONE,
#define REASON(kind, key, who, rule) CIAO_##key,
#include "ciao/reasons.def"
#undef REASON
    CIAO_REASONS
};

enum ciao_event_type {
    CIAO_EVENT_BORN,   /* a life begins; u.born.  For a child of a listener: before its first arc */
    CIAO_EVENT_ARC,    /* row: enum ciao_arc_row; from, to */
    CIAO_EVENT_REASON, /* reason: any kind of enum ciao_reason; u.args by reason, or u.seg for DROP
                        */
    CIAO_EVENT_SENT,   /* a segment leaves; u.seg */
    CIAO_EVENT_RECEIVED, /* a segment arrived at this life, before the state machine sees it; u.seg
                          */
    CIAO_EVENT_CLOSE_REPORT, /* what a close or abort cost; u.report */
    CIAO_EVENT_LOST,         /* u.args[0] events did not fit into the ring */
};

/* Classes, a mask.  LIFE: BORN, ARC, CLOSE_REPORT, RST reasons.  WHY: every other reason.  WIRE:
 * SENT, RECEIVED. */
#define CIAO_EVENTS_LIFE 1u
#define CIAO_EVENTS_WHY  2u
#define CIAO_EVENTS_WIRE 4u
#define CIAO_EVENTS_ALL  7u

/* A segment, numbers as on the wire (absolute), len without SYN and FIN. */
struct ciao_event_segment {
    uint32_t seq, ack, len;
    uint32_t wnd; /* bytes, scaled */
    uint32_t ts_val, ts_ecr;
    uint32_t sack_start, sack_end; /* the first block, when n_sack is not 0 */
    uint16_t mss;                  /* 0: no such option */
    uint8_t wscale;                /* 255: no such option */
    uint8_t n_sack : 4, sack_permitted : 1, has_ts : 1, again : 1 /* sent before */, probe : 1;
    uint16_t segments; /* wire segments it stands for (super-segments) */
    uint16_t pad;
};

struct ciao_event_born {
    struct ciao_addr local, remote;
    uint16_t local_port, remote_port;
    uint8_t passive; /* 1: child of a listener, or a listener when remote_port is 0 */
    uint8_t pad[3];
};

struct ciao_event_report {
    uint64_t unsent_bytes;  /* taken from the program, never sent */
    uint64_t unacked_bytes; /* sent, not known to have arrived */
    uint64_t unread_bytes;  /* received, never read by the program */
    uint64_t pad[2];
};

struct ciao_event {
    uint64_t time_us;
    uint64_t life;  /* never reused; 0: no connection was involved */
    uint8_t type;   /* enum ciao_event_type */
    uint8_t who;    /* enum ciao_who */
    uint8_t from;   /* enum ciao_state: before (ARC), else the present state */
    uint8_t to;     /* enum ciao_state: after (ARC), else the present state */
    uint16_t what;  /* enum ciao_arc_row (ARC) or enum ciao_reason (REASON) */
    uint16_t flags; /* TCP flags of the segment: SENT, RECEIVED, DROP */
    union {
        struct ciao_event_born born;
        struct ciao_event_segment seg;
        struct ciao_event_report report;
        uint64_t args[5]; /* by reason: see the comment at each in docs/generated/events.md */
    } u;
};
_Static_assert(sizeof(struct ciao_event) == 64, "an event is one cache line");

/* Names, for tools: static text, never NULL for a value of its enum. */
const char *ciao_state_name(enum ciao_state state); /* "FIN-WAIT-1" */
const char *ciao_who_name(enum ciao_who who);       /* "peer" */
const char *ciao_arc_key(enum ciao_arc_row row);    /* "WE_CLOSED_FIRST" */
const char *ciao_arc_rule(enum ciao_arc_row row);   /* "9293 3.10.4" */
enum ciao_who ciao_arc_who(enum ciao_arc_row row);
enum ciao_state ciao_arc_from(enum ciao_arc_row row);
enum ciao_state ciao_arc_to(enum ciao_arc_row row);
const char *ciao_reason_key(enum ciao_reason reason);  /* "DROP_PAWS" */
const char *ciao_reason_rule(enum ciao_reason reason); /* "7323 5.3" */
enum ciao_who ciao_reason_who(enum ciao_reason reason);
enum ciao_reason_kind ciao_reason_kind_of(enum ciao_reason reason);

#endif
