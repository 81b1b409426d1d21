/*
 * How many connections open and close, and how fast a short request is answered on one of many.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/pair.h"

#define REQUEST_BYTES    64
#define LOOK             64 /* operations between two looks at the clock of the process */
#define PORTS_A_LISTENER 50000

/* The client closes first, as most do; the server ends without a trace. */
static void open_and_close(struct pair *pair)
{
    ciao_conn client, server;

    pair_connect(pair, &client, &server);
    (void)ciao_close(pair->c, client, NULL, pair->now_us);
    pair_turn(pair);
    (void)ciao_close(pair->s, server, NULL, pair->now_us);
    pair_turn(pair);
}

void bench_open_close(uint32_t time_waits, double seconds)
{
    struct pair_options options = {.time_waits = time_waits};
    struct pair pair;
    uint64_t n = 0;
    double begun, spent = 0;

    pair_open(&pair, &options);
    for (uint32_t i = 0; i < time_waits; i++)
        open_and_close(&pair);
    begun = pair_cpu_seconds();
    for (; spent < seconds; spent = pair_cpu_seconds() - begun, n += LOOK)
        for (unsigned i = 0; i < LOOK; i++)
            open_and_close(&pair);
    (void)printf("open and close, %-7u TIME-WAIT kept %8.0f a second\n", (unsigned)time_waits,
                 (double)n / spent);
    pair_close(&pair);
}

struct both {
    ciao_conn client, server;
};

/* 64 bytes there and back. */
static void round_trip(struct pair *pair, const struct both *both, uint8_t bytes[REQUEST_BYTES])
{
    int64_t there, back;

    pair_look_at_clock(pair);
    there = ciao_send(pair->c, both->client, bytes, REQUEST_BYTES, false, pair->now_us);
    (void)host_send(pair->client);
    (void)host_receive(pair->server);
    there += ciao_recv(pair->s, both->server, bytes, REQUEST_BYTES, false, pair->now_us);
    back = ciao_send(pair->s, both->server, bytes, REQUEST_BYTES, false, pair->now_us);
    (void)host_send(pair->server);
    (void)host_receive(pair->client);
    back += ciao_recv(pair->c, both->client, bytes, REQUEST_BYTES, false, pair->now_us);
    pair_must(there + back == 4 * (int64_t)REQUEST_BYTES, "a round trip was not whole");
}

static struct both *open_many(struct pair *pair, uint32_t n)
{
    struct both *both = calloc(n, sizeof *both);

    pair_must(both, "no memory");
    for (uint32_t i = 0; i < n; i++)
        pair_connect(pair, &both[i].client, &both[i].server);
    return both;
}

void bench_round_trips(uint32_t n, double seconds)
{
    struct pair_options options = {.connections = n + 16, .listeners = n / PORTS_A_LISTENER + 1};
    uint8_t bytes[REQUEST_BYTES];
    struct pair pair;
    struct both *both;
    uint64_t done = 0, which = 1;
    double begun, spent = 0;

    memset(bytes, 0x5a, sizeof bytes);
    pair_open(&pair, &options);
    both = open_many(&pair, n);
    for (uint32_t i = 0; i < n && i < 1000; i++)
        round_trip(&pair, &both[i], bytes);
    begun = pair_cpu_seconds();
    for (; spent < seconds; spent = pair_cpu_seconds() - begun, done += LOOK) {
        for (unsigned i = 0; i < LOOK; i++) {
            which = which * 6364136223846793005u + 1442695040888963407u;
            round_trip(&pair, &both[(which >> 33) % n], bytes);
        }
    }
    (void)printf("64-byte round trip on 1 of %-9u %8.0f ns, %.0f a second\n", (unsigned)n,
                 spent * 1e9 / (double)done, (double)done / spent);
    free(both);
    pair_close(&pair);
}
