/*
 * The cells of the matrix: every kind of segment, at every place, with every acknowledgment.
 */
#ifndef TESTS_MATRIX_CELLS_H
#define TESTS_MATRIX_CELLS_H

#include <stdbool.h>
#include <stdint.h>

/* In what the segment meets us: the eleven states, and those among them that come in two kinds. */
enum stage {
    STAGE_CLOSED,
    STAGE_LISTEN,
    STAGE_SYN_SENT,
    STAGE_SYN_RECEIVED_PASSIVE,
    STAGE_SYN_RECEIVED_ACTIVE,
    STAGE_ESTABLISHED,
    STAGE_ESTABLISHED_SHUT,
    STAGE_FIN_WAIT_1,
    STAGE_FIN_WAIT_1_SHUT,
    STAGE_FIN_WAIT_1_ORPHAN,
    STAGE_FIN_WAIT_2,
    STAGE_FIN_WAIT_2_SHUT,
    STAGE_FIN_WAIT_2_ORPHAN,
    STAGE_CLOSE_WAIT,
    STAGE_CLOSING,
    STAGE_LAST_ACK,
    STAGE_TIME_WAIT,
    STAGES
};
extern const char *const stage_names[STAGES];

/* Where a segment lies, as matrix.txt explains them. */
enum place {
    BARE_FAR_LEFT,
    BARE_OLD,
    BARE_NEXT,
    BARE_INSIDE,
    BARE_LAST,
    BARE_EDGE,
    BARE_RIGHT,
    BARE_FAR_RIGHT,
    BARE_OPPOSITE,
    TEXT_FAR_LEFT,
    TEXT_OLD,
    TEXT_ACROSS_LEFT,
    TEXT_FROM_BEFORE,
    TEXT_NEXT,
    TEXT_INSIDE,
    TEXT_LAST,
    TEXT_ACROSS_RIGHT,
    TEXT_EDGE,
    TEXT_RIGHT,
    TEXT_FAR_RIGHT,
    TEXT_OPPOSITE,
    TEXT_FILLS,
    TEXT_OVERFILLS,
    TEXT_COVERS,
    PLACES
};
extern const char *const place_names[PLACES];

enum ack_place {
    ACK_OPPOSITE,
    ACK_ANCIENT,
    ACK_OLDEST,
    ACK_OLD,
    ACK_UNA,
    ACK_PART,
    ACK_TEXT,
    ACK_NXT,
    ACK_FUTURE,
    ACK_FAR,
    ACK_NONE, /* the flag is off */
    ACKS
};
extern const char *const ack_names[ACKS];

/* The numbers that the places are counted from, all relative to the two SYNs. */
struct ground {
    uint32_t rcv_nxt, rcv_wnd, snd_una, snd_nxt, max_wnd;
    bool synchronised; /* else any number is as good as another */
    bool fin_sent;
};

struct cell {
    uint16_t flags;
    enum place place;
    enum ack_place ack_place;
    uint32_t seq, ack, text;
};

/* The first cell has number 0; false when there is no such cell (two places may be one), and
 * CELLS is their number. */
#define CELLS (16u * PLACES * ACKS)
bool cell_make(uint32_t number, const struct ground *ground, struct cell *cell);

/* Octets of the sequence space: text, SYN and FIN. */
uint32_t cell_len(const struct cell *cell);
uint32_t cell_fin(const struct cell *cell);   /* the number of its FIN */
uint32_t cell_first(const struct cell *cell); /* the number of its first byte of text */

#endif
