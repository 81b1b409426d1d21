/*
 * One connection on which bytes flow in one direction, 16 KB a call: the sender writes whenever it
 * is told that there is room, the receiver reads whenever something has arrived, as programs do.
 */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include "bench/pair.h"

struct stream {
    struct pair pair;
    ciao_conn from, to;
    uint64_t sent, received;
    bool verify; /* compare each byte with what was sent there */
    uint8_t *pattern, *in;
};

/* The connection stands when this returns.  What must not be ends the program. */
struct stream *stream_open(const struct pair_options *options);
void stream_close(struct stream *stream);

/* The sender's program, the receiver's. */
void stream_write(struct stream *stream);
void stream_read(struct stream *stream);

/* Write, carry a batch, read, carry what comes back, and let time pass. */
void stream_turn(struct stream *stream);

#endif
