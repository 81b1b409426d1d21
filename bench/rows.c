/*
 * The table of what is measured.
 */
#include "bench/rows.h"

#include <string.h>

#define KB(n) ((n)*UINT32_C(1024))

#define BULK_SAYS     "one connection, one direction, 16 KB a call"
#define MOVEMENT_SAYS "the same copies and sums with no TCP: what is possible"

/* A row, its name put together. */
#define ROW(title, sentence, function, ...)                                 \
    {                                                                       \
        .name = (title), .says = (sentence), .run = (function), __VA_ARGS__ \
    }
#define BOTH(title, ...) \
    ROW(title "/ipv4", __VA_ARGS__), ROW(title "/ipv6", __VA_ARGS__, .v6 = true)

/* One size of frames and one window: both families, and what is possible. */
#define BULK(frames, bytes, window_name, window_bytes)                                         \
    ROW("bulk-" frames "/ipv4/" window_name, BULK_SAYS, bench_bulk, .mtu = (bytes),            \
        .window = (window_bytes)),                                                             \
        ROW("bulk-" frames "/ipv6/" window_name, BULK_SAYS, bench_bulk, .mtu = (bytes),        \
            .window = (window_bytes), .v6 = true),                                             \
        ROW("bulk-" frames "/data-movement-alone/" window_name, MOVEMENT_SAYS, bench_movement, \
            .mtu = (bytes), .window = (window_bytes))

#define BULK_WINDOWS(frames, bytes)                                           \
    BULK(frames, bytes, "64k", KB(64)), BULK(frames, bytes, "256k", KB(256)), \
        BULK(frames, bytes, "1m", KB(1024))

const struct bench_row bench_rows[] = {
    BULK_WINDOWS("1500", 1500),
    BULK_WINDOWS("9000", 9000),
    BULK_WINDOWS("64k", 65535),
    BOTH("loss", "through 1 Gbit/s and 10 ms there and back that lose frames, in virtual time",
         bench_loss, .window = KB(4096), .by_name = true),
    BOTH("merging", "bytes moved with the same states and counts, merged or not", bench_merging,
         .by_name = true),
    BOTH("open-close-16", "open, and a four-way close, while 16 stand in TIME-WAIT",
         bench_open_close, .n = 16),
    BOTH("open-close-1k", "the same while 1,024 do", bench_open_close, .n = 1024),
    BOTH("open-close-10k", "while 10,000 do", bench_open_close, .n = 10000),
    BOTH("open-close-100k", "while 100,000 do", bench_open_close, .n = 100000),
    BOTH("open-close-1m", "while a million do", bench_open_close, .n = 1000000, .by_name = true),
    BOTH("port-choice", "a connection begun and given up, by how many ports are taken",
         bench_port_choice, .mtu = 1500),
    BOTH("round-trip", "64 bytes there and 64 back", bench_request, .n = 1),
    BOTH("request-10", "the same on a random one of 10 connections, all idle", bench_request,
         .n = 10),
    BOTH("request-1k", "on a random one of 1,000", bench_request, .n = 1000),
    BOTH("request-10k", "on a random one of 10,000", bench_request, .n = 10000),
    BOTH("request-100k", "on a random one of 100,000", bench_request, .n = 100000),
    BOTH("request-1m", "on a random one of a million, two million ends in this process",
         bench_request, .n = 1000000, .by_name = true),
    BOTH("second-1m", "a second passes over a million idle connections with keep-alive",
         bench_second, .n = 1000000, .by_name = true),
    BOTH("hold-10m", "ten million connections stand, both ends in this process", bench_hold,
         .n = 10000000, .by_name = true),
    BOTH("bytes-idle", "memory of one end of a connection without data, of a million",
         bench_bytes_idle, .n = 1000000),
    BOTH("bytes-used", "memory of one end that did, and is idle again", bench_bytes_used,
         .n = 1000000),
    BOTH("bytes-syn-received", "memory of a half-open one", bench_bytes_syn_received, .n = 1000000),
    BOTH("bytes-time-wait", "memory of one in TIME-WAIT", bench_bytes_time_wait, .n = 1000000),
    BOTH("tun-to-ciao", "the kernel sends to us over a TUN, one core for both, nobody sums",
         bench_tun_to_ciao, .mtu = 1500),
    BOTH("tun-from-ciao", "we send to the kernel over a TUN, one core for both, nobody sums",
         bench_tun_from_ciao, .mtu = 1500),
    ROW("copy-16k", "a memcpy of 16 KB: what counts of instructions are checked by", bench_copy,
        .by_name = true),
    {.name = NULL},
};

bool bench_row_is_meant(const struct bench_row *row, const char *word)
{
    size_t len = strlen(word);

    if (len == 0 || strncmp(row->name, word, len) != 0)
        return false;
    if (row->name[len] == '\0' || row->name[len] == '/')
        return true;
    return !row->by_name && row->name[len] == '-';
}
