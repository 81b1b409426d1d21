/*
 * The rows of matrix.txt, which says itself how they are read.
 */
#ifndef TESTS_MATRIX_ROWS_H
#define TESTS_MATRIX_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/stack.h"
#include "matrix/cells.h"

enum reply {
    REPLY_NOTHING,
    REPLY_ACK,           /* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
    REPLY_RST_ACK,       /* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
    REPLY_RST_AT_ACK,    /* <SEQ=SEG.ACK><CTL=RST> */
    REPLY_SYN_ACK,       /* <SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK> */
    REPLY_SYN_ACK_AGAIN, /* <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> */
    REPLIES
};

enum effect {
    EFFECT_UNA = 1,      /* SND.UNA becomes SEG.ACK, where that is above it */
    EFFECT_TEXT = 2,     /* what of the text lies in the window is the user's */
    EFFECT_HOLD = 4,     /* what of it lies in the window is kept for later */
    EFFECT_FIN = 8,      /* RCV.NXT passes the FIN: the user reads the end of the stream */
    EFFECT_RESTART = 16, /* the 2 MSL begin anew */
    EFFECT_REFUSED = 32, /* the user is told */
    EFFECT_RESET = 64,   /* the user is told */
};

#define ROWS_MAX 512

struct row {
    unsigned line;
    enum stage stage;
    unsigned profiles; /* a bit each */
    uint16_t flags_on, flags_off;
    uint32_t places; /* a bit each */
    uint32_t acks;
    enum reply reply;
    enum ciao_state next;
    unsigned effects;
    uint64_t cells; /* that it decided */
};

struct matrix {
    struct row rows[ROWS_MAX];
    unsigned count;
};

/* Ends the program with a message where the file can't be read. */
void rows_read(struct matrix *matrix, const char *path);

/* The first row of the stage, for that profile, that fits; NULL: none does. */
struct row *rows_find(struct matrix *matrix, enum stage stage, enum ciao_profile profile,
                      const struct cell *cell);

#endif
