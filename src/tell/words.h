/*
 * What is said: the texts of both languages, and how a text is filled with what happened.
 *
 * A text holds places in braces: {me} who lived the event, {peer} the other end, {port} and
 * {far_port} their ports, {seq} {ack} {len} {wnd} of the event's segment, {a} {b} the event's
 * arguments as numbers, {a_time} {b_time} as spans of time, {a_bytes} as a number of bytes,
 * {timer}, {options} and {a_ms} as reasons.def's events have them, {state} the state after it,
 * {1} to {8} numbers and {s} a text of whoever fills it in. Everything else is text.
 *
 * A test fails when an arc key or a reason lacks its sentence in either language.
 */
#ifndef TELL_WORDS_H
#define TELL_WORDS_H

#include "tell/tell.h"

/* An arc: what happened, and what the one it happened to thinks, in each of the two voices. */
struct words_arc {
    const char *key;   /* as in arcs.def */
    const char *plain; /* a sentence */
    const char *thought[LIFE_ENDS];
};

/* What a segment says. */
enum words_say {
    SAY_SYN,
    SAY_SYN_AGAIN,
    SAY_SYN_CROSSING, /* SYN,ACK in answer to a crossing SYN */
    SAY_SYN_ACK,
    SAY_SYN_ACK_AGAIN,
    SAY_HANDSHAKE_ACK,
    SAY_DATA,
    SAY_DATA_AGAIN,
    SAY_ACK,
    SAY_FIN_HALF,   /* the first to go after shutdown(WR): it still listens */
    SAY_FIN,        /* the first to go */
    SAY_FIN_ANSWER, /* the second to go, after its ACK */
    SAY_FIN_MERGED, /* the second to go, ACK and FIN in one */
    SAY_FIN_AGAIN,
    SAY_ACK_OF_FIN,
    SAY_ACK_OF_FIN_AGAIN, /* out of TIME-WAIT */
    SAY_CHALLENGE,        /* an ACK that asks: is that really you? */
    SAY_PROBE,            /* of a closed window, or to see whether the peer lives */
    SAY_RST,
    SAYINGS
};

/* Words that the pictures need. */
enum words_label {
    LABEL_TIME,
    LABEL_LOST,
    LABEL_AGAIN,
    LABEL_COPY,
    LABEL_OLD,
    LABEL_SKIPPED,     /* {1} steps not kept */
    LABEL_EVENTS_LOST, /* {1} events lost: unknown */
    LABEL_COLON,
    LABEL_CLOSES_LISTENER,
    LABEL_STILL, /* {me} is still in ... */
    LABEL_SCENE,
    LABEL_HAPPENED,
    LABEL_SAID,
    LABEL_STATES,
    LABEL_BY_PEER,
    LABEL_BY_PROGRAM,
    LABEL_BY_TIMER,
    LABEL_BY_POLICY,
    LABEL_BY_NETWORK,
    LABEL_AS_LINUX,
    LABEL_QUOTE_OPEN,
    LABEL_QUOTE_CLOSE,
    LABEL_COMMA,
    LABEL_TOTALS, /* account of one end */
    LABEL_REPORT, /* what a close cost */
    LABEL_PEER,   /* a peer without a name */
    LABELS
};

/* NULL when there is none (a test sees to it that there is). */
const char *words_reason(enum tell_lang lang, enum ciao_reason reason);
/* NULL when there is no such key (a test sees to it that there is). */
const struct words_arc *words_arc(enum tell_lang lang, const char *key);
const char *words_label(enum tell_lang lang, enum words_label label);

/* Which of the two voices an end has: the one that opened is 0, the one that was opened to is 1. */
unsigned words_voice(const struct life *life, enum life_end end);

/* Room for a filled text. */
#define WORDS_TEXT 1024

struct fill {
    const struct life *life;
    const struct life_step *step;
    const struct tell_options *options;
    unsigned long long number[8]; /* {1} to {8} */
    const char *text;             /* {s} */
};
/* Fill a text in; always terminated, never more than `room` bytes, cut at a character's end. */
void fill_text(char *out, size_t room, const char *text, const struct fill *fill);
/* What an end is called. */
void fill_name(char *out, size_t room, const struct life *life, enum life_end end,
               const struct tell_options *options);
/* "RFC 9293 3.10.4", "as Linux: tcp_fin_timeout". */
void fill_rule(char *out, size_t room, const char *rule, enum tell_lang lang);
/* "60 s", "200 ms", "1.5 s", "12 us". */
void fill_time(char *out, size_t room, uint64_t us, enum tell_lang lang);

/* The sentence of a step and the rule behind it; false when the step has none (segments,
 * births). */
bool words_sentence(char *out, size_t room, const struct fill *fill);
const char *words_rule(const struct ciao_event *event);

/* What the sender says with the segment of this SENT step. */
enum words_say words_say_of(const struct life *life, const struct life_step *step);
bool words_spoken(char *out, size_t room, const struct fill *fill);
/* What the one who lived this ARC thinks; false when it thinks nothing. */
bool words_thought(char *out, size_t room, const struct fill *fill);

#endif
