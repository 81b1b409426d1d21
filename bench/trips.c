/*
 * How soon a short request is answered: 64 bytes there and 64 back, on one connection, or on a
 * random one of many that are idle.  Each of them has carried one before.
 *
 * The first figure is the processor's time for many, the clocks of both stacks and what they have
 * to tell included.  Then each is looked at by itself: percentiles of the time on the wall, without
 * what the looking costs, but with whatever else the machine does meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/histogram.h"
#include "bench/measure.h"
#include "bench/pair.h"
#include "bench/rows.h"
#include "bench/ticker.h"
#include "host/machine.h"

#define REQUEST_BYTES    64
#define TRIPS_A_LOOK     1024
#define TRIP_US          10
#define TRIPS_TIMED      200000
#define PORTS_A_LISTENER 50000

struct ends {
    ciao_conn client, server;
};

struct trips {
    struct pair pair;
    struct ends *ends;
    uint32_t n;
    uint64_t random;
    const struct ends *next; /* whose turn it is then */
    bool verify;
    uint8_t request[REQUEST_BYTES], reply[REQUEST_BYTES];
};

/* Hand bytes to one stack, carry them over, take them from the other.  ACKs that had been waiting
 * on other connections may be ahead of them in this batch. */
static void carry(struct trips *trips, bool back, const struct ends *ends)
{
    struct pair *pair = &trips->pair;
    struct pair_side *from = back ? &pair->server : &pair->client;
    struct pair_side *to = back ? &pair->client : &pair->server;
    ciao_conn out = back ? ends->server : ends->client, in = back ? ends->client : ends->server;
    int64_t n = ciao_send(from->stack, out, trips->request, REQUEST_BYTES, 0, pair->now_us);

    while (pair_carry(pair, from, to) == PAIR_BATCH) {
    }
    n += ciao_recv(to->stack, in, trips->reply, REQUEST_BYTES, 0, pair->now_us);
    bench_must(n == 2 * (int64_t)REQUEST_BYTES, "a request or a reply was not whole");
    if (trips->verify)
        bench_must(memcmp(trips->request, trips->reply, REQUEST_BYTES) == 0,
                   "other bytes arrive than were sent");
}

static void trip_on(struct trips *trips, const struct ends *ends)
{
    if (trips->verify)
        for (unsigned i = 0; i < REQUEST_BYTES; i++)
            trips->request[i] = (uint8_t)bench_random(&trips->random);
    carry(trips, false, ends);
    carry(trips, true, ends);
    pair_tick(&trips->pair, TRIP_US);
}

/* Whose turn it is next is known to the program, which has its handles fetched from memory: it is
 * what the stack does that is measured. */
static void choose_next(struct trips *trips)
{
    trips->next = &trips->ends[trips->n == 1 ? 0 : bench_random(&trips->random) % trips->n];
    __builtin_prefetch(trips->next);
}

static void trip(struct trips *trips)
{
    const struct ends *ends = trips->next;

    choose_next(trips);
    trip_on(trips, ends);
}

static uint64_t some_trips(void *context)
{
    for (unsigned i = 0; i < TRIPS_A_LOOK; i++)
        trip(context);
    return TRIPS_A_LOOK;
}

static struct trips *open_trips(const struct bench_row *row, const struct bench *bench, uint32_t n)
{
    struct pair_options options = {
        .row = row,
        .connections = n + 16,
        .verify = bench->verify,
        .listeners = n / PORTS_A_LISTENER + 1,
    };
    struct trips *trips = calloc(1, sizeof *trips);

    bench_must(trips != NULL, "there is no memory");
    trips->verify = bench->verify;
    trips->n = n;
    trips->ends = machine_reserve(n * sizeof *trips->ends, true);
    bench_must(trips->ends != NULL, "there is no memory");
    pair_open(&trips->pair, &options);
    for (uint32_t i = 0; i < n; i++) {
        pair_join(&trips->pair, &trips->ends[i].client, &trips->ends[i].server);
        trip_on(trips, &trips->ends[i]);
    }
    choose_next(trips);
    return trips;
}

static void close_trips(struct trips *trips)
{
    pair_close(&trips->pair);
    machine_give_back(trips->ends, trips->n * sizeof *trips->ends);
    free(trips);
}

static const struct {
    const char *name;
    uint32_t millionths;
} percentiles[] = {{"p50", 500000}, {"p90", 900000}, {"p99", 990000}, {"p99.9", 999000}};

static void tell_percentiles(struct trips *trips, const struct bench_row *row,
                             const struct bench *bench)
{
    struct histogram *histogram = calloc(1, sizeof *histogram);
    struct ticker ticker;
    uint64_t before;

    bench_must(histogram != NULL, "there is no memory");
    ticker_start(&ticker);
    before = ticker_now();
    for (unsigned i = 0; i < TRIPS_TIMED; i++) {
        uint64_t now, passed;

        trip(trips);
        now = ticker_now();
        passed = now - before;
        histogram_add(histogram, passed > ticker.cost ? passed - ticker.cost : 0);
        before = now;
    }
    for (unsigned i = 0; i < sizeof percentiles / sizeof *percentiles; i++)
        bench_tell(bench, row, percentiles[i].name,
                   (double)histogram_at(histogram, percentiles[i].millionths) * ticker.ns, "ns");
    bench_tell(bench, row, "max", (double)histogram->most * ticker.ns, "ns");
    free(histogram);
}

void bench_request(const struct bench_row *row, const struct bench *bench)
{
    struct trips *trips = open_trips(row, bench, row->n);

    bench_tell(bench, row, NULL, bench_measure(bench, row, some_trips, trips), "ns");
    if (!bench->work)
        tell_percentiles(trips, row, bench);
    pair_tell_damaged(&trips->pair, row, bench);
    close_trips(trips);
}
