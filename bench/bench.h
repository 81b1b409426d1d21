/*
 * The benchmarks, each of which prints one line.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>

/* Bulk transfer on one connection, for so many seconds of computing. */
void bench_bulk(uint32_t mtu, double seconds);
/* Open, 0 bytes, close by both ends; so many TIME-WAIT records are kept meanwhile. */
void bench_open_close(uint32_t time_waits, double seconds);
/* 64 bytes there and back, on a random one of n connections that are open. */
void bench_round_trips(uint32_t n, double seconds);

#endif
