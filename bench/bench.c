/*
 * ciao's benchmark: two full stacks in one process on one thread, joined by a lossless link in
 * memory, checksums computed and verified in software.
 *
 *     bench [bulk] [open] [round] [idle] [--seconds S] [--idle N]
 *
 * Without a word, all but idle.
 */
#include "bench/bench.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MOST 1000000

struct wanted {
    bool bulk, open, round, idle;
    double seconds;
    uint32_t idle_connections;
};

static int misused(void)
{
    (void)fputs("Usage: bench [bulk] [open] [round] [idle] [--seconds S] [--idle N]\n", stderr);
    return 2;
}

static bool read_word(struct wanted *wanted, const char *word)
{
    bool *which[] = {&wanted->bulk, &wanted->open, &wanted->round, &wanted->idle};
    static const char *const names[] = {"bulk", "open", "round", "idle"};

    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(word, names[i]) == 0) {
            *which[i] = true;
            return true;
        }
    }
    return false;
}

static bool read_all(struct wanted *wanted, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            wanted->seconds = strtod(argv[++i], NULL);
        else if (strcmp(argv[i], "--idle") == 0 && i + 1 < argc)
            wanted->idle_connections = (uint32_t)strtoul(argv[++i], NULL, 10);
        else if (!read_word(wanted, argv[i]))
            return false;
    }
    if (!wanted->bulk && !wanted->open && !wanted->round && !wanted->idle)
        wanted->bulk = wanted->open = wanted->round = true;
    return wanted->seconds > 0 && wanted->idle_connections > 0
           && wanted->idle_connections <= IDLE_MOST;
}

int main(int argc, char **argv)
{
    struct wanted wanted = {.seconds = 1, .idle_connections = IDLE_MOST};

    if (!read_all(&wanted, argc, argv))
        return misused();
    if (wanted.bulk) {
        bench_bulk(1500, wanted.seconds);
        bench_bulk(65535, wanted.seconds);
    }
    if (wanted.open) {
        bench_open_close(16, wanted.seconds);
        bench_open_close(10000, wanted.seconds);
    }
    if (wanted.round)
        bench_round_trips(1, wanted.seconds);
    if (wanted.idle)
        bench_round_trips(wanted.idle_connections, wanted.seconds);
    return 0;
}
