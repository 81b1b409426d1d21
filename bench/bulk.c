/*
 * How fast bytes flow through both stacks: one connection, one direction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/pair.h"

#define CALL_BYTES   ((size_t)16 * 1024)
#define TURNS_A_LOOK 256 /* turns between two looks at the clock of the process */

/* Fill the send buffer, turn, and empty the receive buffer.  Returns bytes received. */
static uint64_t round_of_bulk(struct pair *pair, ciao_conn from, ciao_conn to, uint8_t *out,
                              uint8_t *in)
{
    uint64_t received = 0;
    int64_t n;

    do {
        n = ciao_send(pair->c, from, out, CALL_BYTES, false, pair->now_us);
    } while (n == (int64_t)CALL_BYTES);
    pair_turn(pair);
    while ((n = ciao_recv(pair->s, to, in, CALL_BYTES, false, pair->now_us)) > 0)
        received += (uint64_t)n;
    return received;
}

void bench_bulk(uint32_t mtu, double seconds)
{
    struct pair_options options = {.mtu = mtu};
    uint8_t *out = malloc(CALL_BYTES), *in = malloc(CALL_BYTES);
    ciao_conn from, to;
    struct pair pair;
    uint64_t bytes = 0;
    double begun, spent = 0;

    pair_must(out && in, "no memory");
    memset(out, 0x5a, CALL_BYTES);
    pair_open(&pair, &options);
    pair_connect(&pair, &from, &to);
    for (unsigned i = 0; i < TURNS_A_LOOK; i++)
        (void)round_of_bulk(&pair, from, to, out, in);
    begun = pair_cpu_seconds();
    while (spent < seconds) {
        uint64_t before = bytes;

        for (unsigned i = 0; i < TURNS_A_LOOK; i++)
            bytes += round_of_bulk(&pair, from, to, out, in);
        pair_must(bytes > before, "the transfer stands still");
        spent = pair_cpu_seconds() - begun;
    }
    (void)printf("bulk, MTU %-5u                       %8.2f Gbit/s\n", (unsigned)mtu,
                 (double)bytes * 8 / spent / 1e9);
    (void)ciao_abort(pair.c, from, NULL, pair.now_us);
    pair_turn(&pair);
    pair_close(&pair);
    free(out);
    free(in);
}
