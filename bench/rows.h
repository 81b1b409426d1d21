/*
 * What the rows run: each function measures one row of the table in rows.c.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "bench/bench.h"

/* bulk.c: one connection, one direction; Gbit/s. */
void bench_bulk(const struct bench_row *row, const struct bench *bench);
/* movement.c: the same copies and sums without any protocol; Gbit/s. */
void bench_movement(const struct bench_row *row, const struct bench *bench);
/* loss.c: Mbit/s. */
void bench_loss(const struct bench_row *row, const struct bench *bench);
/* merging.c: bytes that are the same with merging and without. */
void bench_merging(const struct bench_row *row, const struct bench *bench);
/* movement.c: one copy of 16 KB, ns. */
void bench_copy(const struct bench_row *row, const struct bench *bench);
/* open_close.c: connections a second. */
void bench_open_close(const struct bench_row *row, const struct bench *bench);
/* ports.c: choosing a port, ns. */
void bench_port_choice(const struct bench_row *row, const struct bench *bench);
/* trips.c: 64 bytes there and back, ns. */
void bench_request(const struct bench_row *row, const struct bench *bench);
/* idle.c: ms of the processor's time; GB of memory. */
void bench_second(const struct bench_row *row, const struct bench *bench);
void bench_hold(const struct bench_row *row, const struct bench *bench);
/* footprint.c: bytes of memory for a connection. */
void bench_bytes_idle(const struct bench_row *row, const struct bench *bench);
void bench_bytes_used(const struct bench_row *row, const struct bench *bench);
void bench_bytes_syn_received(const struct bench_row *row, const struct bench *bench);
void bench_bytes_time_wait(const struct bench_row *row, const struct bench *bench);
/* tun.c: one connection with the kernel's TCP, one direction; Gbit/s. */
void bench_tun_to_ciao(const struct bench_row *row, const struct bench *bench);
void bench_tun_from_ciao(const struct bench_row *row, const struct bench *bench);

#endif
