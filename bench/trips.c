/*
 * How soon a short request is answered: 64 bytes there and 64 back, on one connection, or on a
 * random one of many that are idle.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/measure.h"
#include "bench/pair.h"
#include "bench/rows.h"

#define REQUEST_BYTES    64
#define TRIPS_A_LOOK     1024
#define TRIP_US          10
#define TRIPS_TIMED      20000
#define PORTS_A_LISTENER 50000

struct ends {
    ciao_conn client, server;
};

struct trips {
    struct pair pair;
    struct ends *ends;
    uint32_t n;
    uint64_t random;
    bool verify;
    uint8_t request[REQUEST_BYTES], reply[REQUEST_BYTES];
};

/* Hand bytes to one stack, carry them over, take them from the other. */
static void carry(struct trips *trips, bool back, const struct ends *ends)
{
    struct pair *pair = &trips->pair;
    struct pair_side *from = back ? &pair->server : &pair->client;
    struct pair_side *to = back ? &pair->client : &pair->server;
    ciao_conn out = back ? ends->server : ends->client, in = back ? ends->client : ends->server;
    int64_t n = ciao_send(from->stack, out, trips->request, REQUEST_BYTES, 0, pair->now_us);

    (void)pair_carry(pair, from, to);
    n += ciao_recv(to->stack, in, trips->reply, REQUEST_BYTES, 0, pair->now_us);
    bench_must(n == 2 * (int64_t)REQUEST_BYTES, "a request or a reply was not whole");
    if (trips->verify)
        bench_must(memcmp(trips->request, trips->reply, REQUEST_BYTES) == 0,
                   "other bytes arrive than were sent");
}

static void trip(struct trips *trips)
{
    const struct ends *ends =
        &trips->ends[trips->n == 1 ? 0 : bench_random(&trips->random) % trips->n];

    if (trips->verify)
        for (unsigned i = 0; i < REQUEST_BYTES; i++)
            trips->request[i] = (uint8_t)bench_random(&trips->random);
    carry(trips, false, ends);
    carry(trips, true, ends);
    pair_tick(&trips->pair, TRIP_US);
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
        .listeners = n / PORTS_A_LISTENER + 1,
    };
    struct trips *trips = calloc(1, sizeof *trips);

    bench_must(trips != NULL, "there is no memory");
    trips->verify = bench->verify;
    trips->n = n;
    trips->ends = calloc(n, sizeof *trips->ends);
    bench_must(trips->ends != NULL, "there is no memory");
    pair_open(&trips->pair, &options);
    for (uint32_t i = 0; i < n; i++)
        pair_join(&trips->pair, &trips->ends[i].client, &trips->ends[i].server);
    return trips;
}

static void close_trips(struct trips *trips)
{
    pair_close(&trips->pair);
    free(trips->ends);
    free(trips);
}

static double ns_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int smaller_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Each trip by the clock on the wall, which costs some of what it shows. */
static void tell_percentiles(struct trips *trips, const struct bench_row *row,
                             const struct bench *bench)
{
    double *ns = malloc(TRIPS_TIMED * sizeof *ns), before = ns_now();

    bench_must(ns != NULL, "there is no memory");
    for (unsigned i = 0; i < TRIPS_TIMED; i++) {
        double now;

        trip(trips);
        now = ns_now();
        ns[i] = now - before;
        before = now;
    }
    qsort(ns, TRIPS_TIMED, sizeof *ns, smaller_first);
    bench_tell(bench, row, "p50", ns[TRIPS_TIMED / 2], "ns");
    bench_tell(bench, row, "p99", ns[TRIPS_TIMED / 100 * 99], "ns");
    free(ns);
}

void bench_round_trip(const struct bench_row *row, const struct bench *bench)
{
    struct trips *trips = open_trips(row, bench, row->n);

    bench_tell(bench, row, NULL, bench_measure(bench, row, some_trips, trips), "ns");
    if (!bench->work)
        tell_percentiles(trips, row, bench);
    close_trips(trips);
}

void bench_request(const struct bench_row *row, const struct bench *bench)
{
    struct trips *trips = open_trips(row, bench, row->n);

    bench_tell(bench, row, NULL, bench_measure(bench, row, some_trips, trips), "ns");
    close_trips(trips);
}
