/*
 * Frames that arrive damaged: for runs that verify.
 */
#ifndef BENCH_FLIP_H
#define BENCH_FLIP_H

#include "bench/pair.h"

/*
 * Hand in pair->frame[0..n-1], and ahead of each of them a copy in which one bit of one byte is
 * another: another byte each time, of all that a checksum covers.  Of one batch the copies come
 * together, in the next each right before its own frame, so that what is merged is tried too.  Ends
 * the program unless the stack drops n frames.
 */
void flip_input(struct pair *pair, struct pair_side *to, unsigned n);

#endif
