/*
 * Bytes in one direction: see stream.h.
 */
#include "bench/stream.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"

#define CALL_BYTES ((size_t)16 * 1024)
#define TURN_US    10
#define PATTERN    65521 /* a prime, so that no buffer's size divides it */

/* In a run that verifies, byte i of the stream is byte i % PATTERN of the pattern. */
static const uint8_t *bytes_at(const struct stream *stream, uint64_t offset)
{
    return stream->pattern + (stream->verify ? offset % PATTERN : 0);
}

void stream_write(struct stream *stream)
{
    struct pair *pair = &stream->pair;

    while (ciao_ready(pair->client.stack, stream->from) & CIAO_WRITABLE) {
        const uint8_t *bytes = bytes_at(stream, stream->sent);
        int64_t n = ciao_send(pair->client.stack, stream->from, bytes, CALL_BYTES, 0, pair->now_us);

        bench_must(n > 0, "cannot send: %s", ciao_strerror((int)n));
        stream->sent += (uint64_t)n;
    }
}

void stream_read(struct stream *stream)
{
    struct pair *pair = &stream->pair;
    struct ciao_stack *stack = pair->server.stack;
    int64_t n;

    while ((n = ciao_recv(stack, stream->to, stream->in, CALL_BYTES, 0, pair->now_us)) > 0) {
        if (stream->verify)
            bench_must(memcmp(stream->in, bytes_at(stream, stream->received), (size_t)n) == 0,
                       "other bytes arrive than were sent");
        stream->received += (uint64_t)n;
        if ((size_t)n < CALL_BYTES)
            break;
    }
}

void stream_turn(struct stream *stream)
{
    struct pair *pair = &stream->pair;

    stream_write(stream);
    unsigned there = pair_carry(pair, &pair->client, &pair->server);
    stream_read(stream);
    unsigned back = pair_carry(pair, &pair->server, &pair->client);

    if (there + back > 0)
        pair_tick(pair, TURN_US);
    else
        pair_wait(pair);
}

struct stream *stream_open(const struct pair_options *options)
{
    struct stream *stream = calloc(1, sizeof *stream);

    bench_must(stream != NULL, "there is no memory");
    stream->verify = options->verify;
    stream->pattern = malloc(PATTERN + CALL_BYTES);
    stream->in = malloc(CALL_BYTES);
    bench_must(stream->pattern && stream->in, "there is no memory");
    for (size_t i = 0; i < PATTERN + CALL_BYTES; i++)
        stream->pattern[i] = (uint8_t)((i % PATTERN) * 2654435761u >> 13);
    pair_open(&stream->pair, options);
    pair_join(&stream->pair, &stream->from, &stream->to);
    return stream;
}

void stream_close(struct stream *stream)
{
    pair_close(&stream->pair);
    free(stream->pattern);
    free(stream->in);
    free(stream);
}
