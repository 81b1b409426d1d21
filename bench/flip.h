/*
 * Frames that arrive damaged: for runs that verify.
 */
#ifndef BENCH_FLIP_H
#define BENCH_FLIP_H

#include "bench/pair.h"

/*
 * As pair->meanwhile: ahead of some of the frames comes a copy with one byte of the TCP segment
 * changed, and the stack must drop it; another byte each time, the header's and the payload's.
 */
void flip_some(struct pair *pair, struct pair_side *to, unsigned n);

#endif
