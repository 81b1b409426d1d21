/*
 * What it costs to choose a port when few are taken and when nearly all are: a connection to one
 * destination is begun and given up again, before its SYN has left, while others stand.
 */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/pair.h"
#include "bench/rows.h"

#define PORTS          64512 /* 1024 to 65535 */
#define CHOICES_A_LOOK 256
#define PERCENT(n)     ((uint32_t)(n)*PORTS / 100)

static uint64_t some_choices(void *context)
{
    struct pair *pair = context;

    for (unsigned i = 0; i < CHOICES_A_LOOK; i++) {
        ciao_conn conn;

        (void)pair_connect(pair, &conn);
        (void)ciao_abort(pair->client.stack, conn, NULL, pair->now_us);
    }
    pair_tick(pair, 1); /* its events are taken */
    return CHOICES_A_LOOK;
}

/* Let so many connections stand; returns how many ports they have. */
static uint32_t stand(struct pair *pair, uint32_t have, uint32_t want)
{
    struct ciao_counts counts;

    for (; have < want; have++) {
        ciao_conn client, server;

        pair_join(pair, &client, &server);
        if (have % CHOICES_A_LOOK == 0)
            pair_tick(pair, 1);
    }
    ciao_counts(pair->client.stack, &counts);
    bench_must(counts.ports_in_use == want, "%u ports are in use instead of %u",
               counts.ports_in_use, want);
    return have;
}

void bench_port_choice(const struct bench_row *row, const struct bench *bench)
{
    struct pair_options options = {.row = row, .connections = PORTS};
    struct pair *pair = calloc(1, sizeof *pair);
    uint32_t have;

    bench_must(pair != NULL, "there is no memory");
    pair_open(pair, &options);
    have = stand(pair, 0, PERCENT(5));
    bench_tell(bench, row, "5-percent", bench_measure(bench, row, some_choices, pair), "ns");
    (void)stand(pair, have, PERCENT(95));
    bench_tell(bench, row, "95-percent", bench_measure(bench, row, some_choices, pair), "ns");
    pair_close(pair);
    free(pair);
}
