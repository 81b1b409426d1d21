/*
 * What a connection costs in memory: by how much a stack's resident memory grows with each, all
 * tables included, and beside it the size of the record itself.
 *
 * Tables are reserved for as many connections as there come, so that what they cost is spread over
 * these and no others.
 */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/pair.h"
#include "bench/rows.h"
#include "proto/tcp/tcb.h"

#define REQUEST_BYTES    64
#define PORTS_A_LISTENER 50000

struct ends {
    ciao_conn client, server;
};

static void open_pair(struct pair *pair, const struct bench_row *row, bool connections)
{
    struct pair_options options = {
        .row = row,
        .connections = connections ? row->n : 64,
        .time_waits = connections ? 64 : row->n + 1,
        .listeners = row->n / PORTS_A_LISTENER + 1,
        .small_pages = true,
    };

    pair_open(pair, &options);
}

static void tell(const struct bench *bench, const struct bench_row *row, double grown,
                 size_t record)
{
    bench_tell(bench, row, NULL, grown / row->n, "B");
    bench_tell(bench, row, "sizeof", (double)record, "B");
}

static size_t both_resident(const struct pair *pair)
{
    return pair_resident(&pair->client) + pair_resident(&pair->server);
}

static struct ends *open_idle(struct pair *pair, uint32_t n)
{
    struct ends *ends = calloc(n, sizeof *ends);

    bench_must(ends != NULL, "there is no memory");
    for (uint32_t i = 0; i < n; i++)
        pair_join(pair, &ends[i].client, &ends[i].server);
    return ends;
}

void bench_bytes_idle(const struct bench_row *row, const struct bench *bench)
{
    struct pair *pair = calloc(1, sizeof *pair);
    size_t before;

    bench_must(pair != NULL, "there is no memory");
    open_pair(pair, row, true);
    before = both_resident(pair);
    free(open_idle(pair, row->n));
    tell(bench, row, (double)(both_resident(pair) - before) / 2,
         row->v6 ? sizeof(struct tcb6) : sizeof(struct tcb));
    pair_close(pair);
    free(pair);
}

/* 64 bytes there and back on every one, all read and acknowledged. */
static void use(struct pair *pair, const struct ends *ends)
{
    uint8_t bytes[REQUEST_BYTES] = {0};
    struct ciao_stack *c = pair->client.stack, *s = pair->server.stack;
    int64_t n = ciao_send(c, ends->client, bytes, sizeof bytes, 0, pair->now_us);

    pair_settle(pair);
    n += ciao_recv(s, ends->server, bytes, sizeof bytes, 0, pair->now_us);
    n += ciao_send(s, ends->server, bytes, sizeof bytes, 0, pair->now_us);
    pair_settle(pair);
    n += ciao_recv(c, ends->client, bytes, sizeof bytes, 0, pair->now_us);
    pair_settle(pair);
    bench_must(n == 4 * (int64_t)sizeof bytes, "a request or a reply was not whole");
}

void bench_bytes_used(const struct bench_row *row, const struct bench *bench)
{
    size_t record = row->v6 ? sizeof(struct tcb6) : sizeof(struct tcb);
    struct pair *pair = calloc(1, sizeof *pair);
    struct ends *ends;
    size_t before;

    bench_must(pair != NULL, "there is no memory");
    open_pair(pair, row, true);
    before = both_resident(pair);
    ends = open_idle(pair, row->n);
    for (uint32_t i = 0; i < row->n; i++)
        use(pair, &ends[i]);
    tell(bench, row, (double)(both_resident(pair) - before) / 2, record + sizeof(struct tcp_side));
    free(ends);
    pair_close(pair);
    free(pair);
}

/* What the server answers is lost on the way, so that every one of them stays half open. */
static void knock(struct pair *pair)
{
    ciao_conn client;
    unsigned n;

    (void)pair_connect(pair, &client);
    (void)pair_carry(pair, &pair->client, &pair->server);
    n = ciao_output(pair->server.stack, 0, pair->frame, PAIR_BATCH, pair->now_us);
    for (unsigned i = 0; i < n; i++)
        ciao_frame_release(pair->frame[i]);
}

void bench_bytes_syn_received(const struct bench_row *row, const struct bench *bench)
{
    struct pair_options options = {
        .row = row,
        .connections = row->n,
        .syn_records = row->n,
        .listeners = row->n / PORTS_A_LISTENER + 1,
        .small_pages = true,
    };
    struct pair *pair = calloc(1, sizeof *pair);
    struct ciao_counts counts;
    size_t before;

    bench_must(pair != NULL, "there is no memory");
    pair_open(pair, &options);
    before = pair_resident(&pair->server);
    for (uint32_t i = 0; i < row->n; i++)
        knock(pair);
    ciao_counts(pair->server.stack, &counts);
    bench_must(counts.syn_records == row->n, "%u half-open connections instead of %u",
               counts.syn_records, row->n);
    tell(bench, row, (double)(pair_resident(&pair->server) - before),
         row->v6 ? sizeof(struct tcp_syn6) : sizeof(struct tcp_syn));
    pair_close(pair);
    free(pair);
}

void bench_bytes_time_wait(const struct bench_row *row, const struct bench *bench)
{
    struct pair *pair = calloc(1, sizeof *pair);
    struct ciao_counts counts;
    size_t before;

    bench_must(pair != NULL, "there is no memory");
    open_pair(pair, row, false);
    before = pair_resident(&pair->client);
    for (uint32_t i = 0; i < row->n; i++) {
        ciao_conn client, server;

        pair_join(pair, &client, &server);
        (void)ciao_close(pair->client.stack, client, NULL, pair->now_us);
        pair_settle(pair);
        (void)ciao_close(pair->server.stack, server, NULL, pair->now_us);
        pair_settle(pair);
    }
    ciao_counts(pair->client.stack, &counts);
    bench_must(counts.time_waits == row->n, "%u TIME-WAIT records stand instead of %u",
               counts.time_waits, row->n);
    tell(bench, row, (double)(pair_resident(&pair->client) - before),
         row->v6 ? sizeof(struct tcp_wait6) : sizeof(struct tcp_wait));
    pair_close(pair);
    free(pair);
}
