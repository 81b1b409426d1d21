/*
 * The ways into each state of the matrix, and out of it again.
 */
#ifndef TESTS_MATRIX_STAGE_H
#define TESTS_MATRIX_STAGE_H

#include "matrix/cells.h"
#include "support/story.h"

#define STAGE_WINDOW 4000u /* what we offer */
#define STAGE_BYTES  1000u /* of ours on their way */

/* How the connection comes about. */
struct opening {
    uint32_t isn, our_isn; /* the real first numbers */
    bool passive;          /* where the state can be reached both ways */
};

/* Bring peer 0's conversation there; nothing is left unlooked at. */
struct ground stage_enter(struct story *r, enum stage stage, const struct opening *opening);

/* End what is left of it, without a word. */
void stage_leave(struct story *r);

/* How many bytes wait for the user already. */
uint32_t stage_unread(enum stage stage);

#endif
