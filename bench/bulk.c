/*
 * How fast bytes flow through both stacks: one connection, one direction, 16 KB a call.
 *
 * At an MTU of 65,535 a segment crosses as one frame: eight references at most to what the sender's
 * buffers hold.
 */
#include "bench/measure.h"
#include "bench/rows.h"
#include "bench/stream.h"

#define TURNS_A_LOOK 256

static uint64_t turns(void *context)
{
    struct stream *stream = context;
    uint64_t before = stream->received;

    for (unsigned i = 0; i < TURNS_A_LOOK; i++)
        stream_turn(stream);
    bench_must(stream->received > before, "the transfer stands still");
    return stream->received - before;
}

void bench_bulk(const struct bench_row *row, const struct bench *bench)
{
    struct pair_options options = {.row = row, .verify = bench->verify};
    struct stream *stream = stream_open(&options);

    bench_tell(bench, row, NULL, 8 / bench_measure(bench, row, turns, stream), "Gbit/s");
    pair_tell_damaged(&stream->pair, row, bench);
    stream_close(stream);
}
