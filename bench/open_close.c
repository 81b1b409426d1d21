/*
 * How many connections open and close: seven segments each, no data, the client closes first.
 *
 * Some open and close together, in a flight.  Ahead of each flight the clock goes on by so much
 * that as many TIME-WAIT records run out as it will leave: n of them stand at its end.
 */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/pair.h"
#include "bench/rows.h"

#define CONNECTIONS_A_LOOK 64
#define TOGETHER_MOST      64
#define PORTS_USED         50000 /* of a destination, at most */
#define LISTENERS          8
#define TOTAL_US           UINT64_C(60000000) /* 2 MSL of the profile "ciao" */

struct flights {
    struct pair pair;
    uint32_t n, together;
    uint64_t flown;
};

static void open_all(struct flights *flights, ciao_conn *client, ciao_conn *server)
{
    uint32_t listener[TOGETHER_MOST];

    for (uint32_t i = 0; i < flights->together; i++)
        listener[i] = pair_connect(&flights->pair, &client[i]);
    pair_settle(&flights->pair);
    for (uint32_t i = 0; i < flights->together; i++)
        server[i] = pair_accept(&flights->pair, listener[i]);
}

static void close_all(struct flights *flights, const ciao_conn *client, const ciao_conn *server)
{
    struct pair *pair = &flights->pair;
    struct ciao_stack *s = pair->server.stack;
    uint8_t byte;

    for (uint32_t i = 0; i < flights->together; i++)
        (void)ciao_close(pair->client.stack, client[i], NULL, pair->now_us);
    pair_settle(pair);
    for (uint32_t i = 0; i < flights->together; i++) {
        bench_must(ciao_recv(s, server[i], &byte, 1, 0, pair->now_us) == 0,
                   "the server does not see that the client has closed");
        (void)ciao_close(s, server[i], NULL, pair->now_us);
    }
    pair_settle(pair);
}

/* By multiples, so that nothing is lost by rounding. */
static uint64_t due_us(const struct flights *flights, uint64_t connections)
{
    return connections * TOTAL_US / flights->n;
}

static void fly(struct flights *flights)
{
    ciao_conn client[TOGETHER_MOST], server[TOGETHER_MOST];
    uint64_t before = flights->flown;

    flights->flown += flights->together;
    pair_tick(&flights->pair, due_us(flights, flights->flown) - due_us(flights, before));
    open_all(flights, client, server);
    close_all(flights, client, server);
}

static uint64_t fly_some(void *context)
{
    struct flights *flights = context;
    uint64_t before = flights->flown;

    while (flights->flown - before < CONNECTIONS_A_LOOK)
        fly(flights);
    return flights->flown - before;
}

static void check(const struct flights *flights)
{
    struct ciao_counts client, server;

    ciao_counts(flights->pair.client.stack, &client);
    ciao_counts(flights->pair.server.stack, &server);
    bench_must(client.time_waits == flights->n, "%u TIME-WAIT records stand instead of %u",
               client.time_waits, flights->n);
    bench_must(client.tcbs + server.tcbs + server.time_waits + server.syn_records == 0,
               "something is left of connections that were closed");
}

void bench_open_close(const struct bench_row *row, const struct bench *bench)
{
    struct flights *flights = calloc(1, sizeof *flights);
    struct pair_options options = {
        .row = row,
        .connections = 2 * TOGETHER_MOST,
        .time_waits = row->n + 2 * TOGETHER_MOST,
        .listeners = LISTENERS,
        .servers = row->n / (LISTENERS * PORTS_USED) + 1,
    };
    double ns;

    bench_must(flights != NULL, "there is no memory");
    flights->n = row->n;
    flights->together = row->together;
    pair_open(&flights->pair, &options);
    while (flights->flown < row->n)
        fly(flights);
    check(flights);
    ns = bench_measure(bench, row, fly_some, flights);
    check(flights);
    bench_tell(bench, row, NULL, 1e9 / ns, "connections/s");
    pair_close(&flights->pair);
    free(flights);
}
