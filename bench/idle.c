/*
 * Connections on which nothing happens: what a second costs that passes over a million of them, and
 * the memory that ten million take.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/pair.h"
#include "bench/rows.h"

#define LISTENERS 8
#define SERVERS   32
#define SECOND_US 1000000
#define TICK_US   1000 /* as a driver would look: a thousand times a second */
#define SECONDS   6000 /* ends before the first timer is due */
#define SAMPLES   1000
#define BYTES     64

static struct pair *open_pair(const struct bench_row *row, bool keepalive)
{
    struct pair *pair = calloc(1, sizeof *pair);
    struct pair_options options = {
        .row = row,
        .connections = row->n,
        .listeners = LISTENERS,
        .servers = SERVERS,
        .keepalive = keepalive,
    };

    bench_must(pair != NULL, "there is no memory");
    pair_open(pair, &options);
    return pair;
}

static void must_stand(const struct pair *pair, uint32_t n, bool with_timers)
{
    struct ciao_counts client, server;

    ciao_counts(pair->client.stack, &client);
    ciao_counts(pair->server.stack, &server);
    bench_must(client.tcbs == n && server.tcbs == n, "%u and %u connections stand instead of %u",
               client.tcbs, server.tcbs, n);
    bench_must(!with_timers || client.timers == n, "%u timers are armed instead of %u",
               client.timers, n);
}

/* ---- a second ---- */

static void let_a_second_pass(struct pair *pair)
{
    for (unsigned us = 0; us < SECOND_US; us += TICK_US) {
        pair->now_us += TICK_US;
        (void)ciao_advance(pair->client.stack, pair->now_us);
    }
}

static int smaller_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void tell_seconds(double *ms, unsigned n, const struct bench_row *row,
                         const struct bench *bench)
{
    double sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += ms[i];
    qsort(ms, n, sizeof *ms, smaller_first);
    bench_tell(bench, row, NULL, ms[n / 2], "ms");
    bench_tell(bench, row, "mean", sum / n, "ms");
    bench_tell(bench, row, "max", ms[n - 1], "ms");
}

/*
 * The client's timers alone: each of its connections would be asked after two hours of silence
 * whether the peer is still there.  Of nearly all of these two hours every second is measured: the
 * timers lie in coarse slots first and are spread over finer ones as their time comes nearer, which
 * some second must pay for.  The mean has all of it.
 */
void bench_second(const struct bench_row *row, const struct bench *bench)
{
    struct pair *pair = open_pair(row, true);
    unsigned n = bench->work && bench->work < SECONDS ? (unsigned)bench->work : SECONDS;
    double *ms = calloc(n, sizeof *ms);

    bench_must(ms != NULL, "there is no memory");
    for (uint32_t i = 0; i < row->n; i++) {
        ciao_conn client, server;

        pair_join(pair, &client, &server);
        pair_tick(pair, TICK_US); /* their timers are spread over 1000 seconds */
    }
    must_stand(pair, row->n, true);
    for (unsigned i = 0; i < n; i++) {
        double begun = bench_cpu_seconds();

        let_a_second_pass(pair);
        ms[i] = (bench_cpu_seconds() - begun) * 1e3;
    }
    must_stand(pair, row->n, true);
    bench_must(!ciao_has_output(pair->client.stack, 0), "a timer ran out ahead of its time");
    tell_seconds(ms, n, row, bench);
    pair_close(pair);
    free(pair);
    free(ms);
}

/* ---- ten million ---- */

static double resident_bytes(void)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    unsigned long size = 0, resident = 0;

    bench_must(statm != NULL && fscanf(statm, "%lu %lu", &size, &resident) == 2,
               "the kernel does not say what is resident");
    (void)fclose(statm);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* A sample of those that stand still carries bytes. */
static void use(struct pair *pair, const ciao_conn client, const ciao_conn server)
{
    uint8_t bytes[BYTES] = {0};
    int64_t n = ciao_send(pair->client.stack, client, bytes, BYTES, 0, pair->now_us);

    pair_settle(pair);
    n += ciao_recv(pair->server.stack, server, bytes, BYTES, 0, pair->now_us);
    bench_must(n == 2 * (int64_t)BYTES, "a connection that stands carries nothing");
}

/* Resident memory of this process, all of it, while they stand. */
void bench_hold(const struct bench_row *row, const struct bench *bench)
{
    struct pair *pair = open_pair(row, false);
    ciao_conn client[SAMPLES], server[SAMPLES];

    for (uint32_t i = 0; i < row->n; i++) {
        uint32_t sample = i / (row->n / SAMPLES);

        pair_join(pair, &client[sample], &server[sample]);
    }
    must_stand(pair, row->n, false);
    bench_tell(bench, row, NULL, resident_bytes() / 1e9, "GB");
    for (uint32_t i = 0; i < SAMPLES; i++)
        use(pair, client[i], server[i]);
    pair_close(pair);
    free(pair);
}
