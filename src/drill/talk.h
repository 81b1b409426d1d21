/*
 * One connection under test, as a script and as the wire know it.
 *
 * A script says S 0:0(0) and then counts from 1; the stack's own first number is anything.  So
 * numbers are translated: those of a segment with SYN by the difference of the two first numbers,
 * all others by the first number on the wire alone.  Timestamps that the stack sends are remembered
 * by what the script called them, so that an echo can be given in the script's words.
 */
#ifndef DRILL_TALK_H
#define DRILL_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "drill/script.h"
#include "drill/wire.h"

enum talk_stage {
    TALK_NEW,
    TALK_LISTENING,
    TALK_CONNECTING, /* connect() was called */
    TALK_SYN_SENT,
    TALK_SYN_ANSWERED,
    TALK_SYN_RECEIVED, /* by a listener */
    TALK_SYNACK_SENT,
    TALK_ACKED
};

#define TALK_STAMPS 64u

struct talk {
    enum talk_stage stage;
    int script_fd, live_fd; /* -1: none (yet) */
    struct wire_ends in;    /* of what comes: from the peer to us */
    uint32_t our_script_first, our_first, peer_first;
    bool stamps_known;
    uint32_t script_stamp, live_stamp; /* the first that the stack sent */
    struct {
        uint32_t script, live;
    } stamp[TALK_STAMPS]; /* a ring */
    unsigned stamps;
    uint32_t script_flow, live_flow;
    /* for the reset at the end */
    struct packet last_in, last_out; /* as on the wire; flags 0: none */
    struct talk *next;
};

/* A packet of the script for the wire.  Returns NULL, or what is wrong. */
const char *talk_to_wire(const struct talk *talk, const struct packet *script, struct packet *wire);
/* A packet of the wire in the script's numbers, but for the timestamps. */
void talk_from_wire(const struct talk *talk, const struct packet *wire, struct packet *script);
/* Learn the timestamps of a packet that was expected so, and translate the value. */
void talk_learn_stamps(struct talk *talk, const struct packet *expected, struct packet *seen);
/* A reset that the stack will believe. */
void talk_reset(const struct talk *talk, struct packet *wire);

#endif
