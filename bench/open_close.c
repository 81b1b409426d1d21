/*
 * How many connections open and close: seven segments each, no data, the client closes first, while
 * n TIME-WAIT records stand.
 *
 * 64 connections are in flight, in four groups of 16 that are at different points of their lives.
 * A round moves each group on by one: the youngest opens, the second stands established, the client
 * closes the third, the server the fourth; everything that this says crosses in the same batches.
 * Then the clock goes on by a round's time, and 2 MSL is as long as n records need to come about:
 * the 16 that the round left behind are there before the 16 oldest go.  So at least n stand at any
 * moment and at most n + 16, and exactly n between rounds, which the stack's counters say before
 * and after each piece of measuring.
 *
 * The client has one address; the server listens at 8 ports of 32 addresses, which are called in
 * turn.
 */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/pair.h"
#include "bench/rows.h"

#define GROUP         16
#define GROUPS        4
#define ROUNDS_A_LOOK 32
#define ROUND_US      2000 /* 2 MSL is a multiple of 2 ms */
#define LISTENERS     8
#define SERVERS       32
#define BUDGET        1024 /* of connections, and of destinations whose ports are remembered */

struct group {
    ciao_conn client[GROUP], server[GROUP];
    uint32_t listener[GROUP];
};

struct rounds {
    struct pair pair;
    struct group group[GROUPS];
    uint64_t done; /* rounds */
    uint32_t n;
};

/* The group that was opened so many rounds ago. */
static struct group *aged(struct rounds *rounds, unsigned age)
{
    return &rounds->group[(rounds->done - age) % GROUPS];
}

static void client_opens(struct pair *pair, struct group *group)
{
    for (unsigned i = 0; i < GROUP; i++)
        group->listener[i] = pair_connect(pair, &group->client[i]);
}

static void server_accepts(struct pair *pair, struct group *group)
{
    for (unsigned i = 0; i < GROUP; i++)
        group->server[i] = pair_accept(pair, group->listener[i]);
}

static void client_closes(struct pair *pair, const struct group *group)
{
    for (unsigned i = 0; i < GROUP; i++)
        (void)ciao_close(pair->client.stack, group->client[i], NULL, pair->now_us);
}

static void server_closes(struct pair *pair, const struct group *group)
{
    struct ciao_stack *stack = pair->server.stack;
    uint8_t byte;

    for (unsigned i = 0; i < GROUP; i++) {
        bench_must(ciao_recv(stack, group->server[i], &byte, 1, 0, pair->now_us) == 0,
                   "the server does not see that the client has closed");
        (void)ciao_close(stack, group->server[i], NULL, pair->now_us);
    }
}

static void turn(struct rounds *rounds)
{
    struct pair *pair = &rounds->pair;

    client_opens(pair, aged(rounds, 0));
    if (rounds->done >= 2)
        client_closes(pair, aged(rounds, 2));
    if (rounds->done >= 3)
        server_closes(pair, aged(rounds, 3));
    pair_settle(pair);
    server_accepts(pair, aged(rounds, 0));
    pair_tick(pair, ROUND_US);
    rounds->done++;
}

/* Between rounds: what is in flight, n records, and nothing else. */
static void check(const struct rounds *rounds)
{
    const uint32_t standing = GROUP * (GROUPS - 1);
    struct ciao_counts client, server;

    ciao_counts(rounds->pair.client.stack, &client);
    ciao_counts(rounds->pair.server.stack, &server);
    bench_must(client.time_waits == rounds->n, "%u TIME-WAIT records stand instead of %u",
               client.time_waits, rounds->n);
    bench_must(client.tcbs == standing && server.tcbs == standing,
               "%u and %u connections are in flight instead of %u", client.tcbs, server.tcbs,
               standing);
    bench_must(server.time_waits + server.syn_records == 0,
               "something is left of connections that were closed");
}

static uint64_t some_turns(void *context)
{
    struct rounds *rounds = context;

    for (unsigned i = 0; i < ROUNDS_A_LOOK; i++)
        turn(rounds);
    check(rounds);
    return (uint64_t)ROUNDS_A_LOOK * GROUP;
}

void bench_open_close(const struct bench_row *row, const struct bench *bench)
{
    struct rounds *rounds = calloc(1, sizeof *rounds);
    struct pair_options options = {
        .row = row,
        .connections = BUDGET,
        .time_waits = row->n + 2 * GROUP,
        .listeners = LISTENERS,
        .verify = bench->verify,
        .servers = SERVERS,
        .msl_us = (row->n / GROUP + 1) * ROUND_US / 2,
    };
    struct ciao_counts counts;

    bench_must(rounds != NULL, "there is no memory");
    bench_must(row->n % GROUP == 0, "%u is no number of whole groups", row->n);
    rounds->n = row->n;
    pair_open(&rounds->pair, &options);
    for (uint32_t i = 0; i < row->n / GROUP + GROUPS; i++)
        turn(rounds);
    check(rounds);
    bench_tell(bench, row, NULL, 1e9 / bench_measure(bench, row, some_turns, rounds),
               "connections/s");
    check(rounds);
    ciao_counts(rounds->pair.client.stack, &counts);
    bench_tell(bench, row, "ports-in-use", counts.ports_in_use, "ports");
    pair_tell_damaged(&rounds->pair, row, bench);
    pair_close(&rounds->pair);
    free(rounds);
}
