/*
 * How fast bytes flow through both stacks: one connection, one direction, 16 KB a call.
 *
 * The sender writes whenever it is told that there is room, the receiver reads whenever something
 * has arrived, as programs do.  At an MTU of 65,535 a segment crosses as one frame: eight
 * references at most to what the sender's buffers hold.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/flip.h"
#include "bench/measure.h"
#include "bench/pair.h"
#include "bench/rows.h"

#define CALL_BYTES   ((size_t)16 * 1024)
#define TURNS_A_LOOK 256
#define TURN_US      10
#define PATTERN      65521 /* a prime, so that no buffer's size divides it */

struct bulk {
    struct pair pair;
    ciao_conn from, to;
    uint64_t sent, received;
    bool verify;
    uint8_t *pattern, *in;
};

/* In a run that verifies, byte i of the stream is byte i % PATTERN of the pattern. */
static const uint8_t *bytes_at(const struct bulk *bulk, uint64_t offset)
{
    return bulk->pattern + (bulk->verify ? offset % PATTERN : 0);
}

static void write_all(struct bulk *bulk)
{
    struct pair *pair = &bulk->pair;

    while (ciao_ready(pair->client.stack, bulk->from) & CIAO_WRITABLE) {
        const uint8_t *bytes = bytes_at(bulk, bulk->sent);
        int64_t n = ciao_send(pair->client.stack, bulk->from, bytes, CALL_BYTES, 0, pair->now_us);

        bench_must(n > 0, "cannot send: %s", ciao_strerror((int)n));
        bulk->sent += (uint64_t)n;
    }
}

static void read_all(struct bulk *bulk)
{
    struct pair *pair = &bulk->pair;
    int64_t n;

    while ((n = ciao_recv(pair->server.stack, bulk->to, bulk->in, CALL_BYTES, 0, pair->now_us))
           > 0) {
        if (bulk->verify)
            bench_must(memcmp(bulk->in, bytes_at(bulk, bulk->received), (size_t)n) == 0,
                       "other bytes arrive than were sent");
        bulk->received += (uint64_t)n;
        if ((size_t)n < CALL_BYTES)
            break;
    }
}

static uint64_t turns(void *context)
{
    struct bulk *bulk = context;
    uint64_t before = bulk->received;

    for (unsigned i = 0; i < TURNS_A_LOOK; i++) {
        write_all(bulk);
        unsigned there = pair_carry(&bulk->pair, &bulk->pair.client, &bulk->pair.server);
        read_all(bulk);
        unsigned back = pair_carry(&bulk->pair, &bulk->pair.server, &bulk->pair.client);

        if (there + back > 0)
            pair_tick(&bulk->pair, TURN_US);
        else
            pair_wait(&bulk->pair);
    }
    bench_must(bulk->received > before, "the transfer stands still");
    return bulk->received - before;
}

void bench_bulk(const struct bench_row *row, const struct bench *bench)
{
    struct pair_options options = {.row = row};
    struct bulk *bulk = calloc(1, sizeof *bulk);
    double ns;

    bench_must(bulk != NULL, "there is no memory");
    bulk->verify = bench->verify;
    bulk->pattern = malloc(PATTERN + CALL_BYTES);
    bulk->in = malloc(CALL_BYTES);
    bench_must(bulk->pattern && bulk->in, "there is no memory");
    for (size_t i = 0; i < PATTERN + CALL_BYTES; i++)
        bulk->pattern[i] = (uint8_t)((i % PATTERN) * 2654435761u >> 13);
    pair_open(&bulk->pair, &options);
    pair_join(&bulk->pair, &bulk->from, &bulk->to);
    if (bench->verify)
        bulk->pair.meanwhile = flip_some;
    ns = bench_measure(bench, row, turns, bulk);
    bench_tell(bench, row, NULL, 8 / ns, "Gbit/s");
    pair_close(&bulk->pair);
    free(bulk->pattern);
    free(bulk->in);
    free(bulk);
}
