/*
 * ciao's rows, run by lwIP: two ends (end.h) in one thread on a lossless link in memory.
 *
 *   lwip-bench [--seconds S] [--work N] [--verify] ROW
 *
 * prints an object of JSON a line, as `ciao bench --json` does, and measures with the same code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "bench/peers/lwip/end.h"

#define CLIENT        0x0a000001u
#define SERVER        0x0a000002u
#define PORT          9000
#define PATTERN_BYTES ((size_t)65536)
#define REQUEST_BYTES 64
#define TURN_US       10
#ifndef BATCH
#define BATCH 100000
#endif
#define QUARTER_US 250000

struct run {
    uint8_t *bytes;
    uint64_t now_us, tick_us, random;
    const struct bench_row *row;
    bool verify;
    bool armed;
};

/* ---- the link ---- */

static void forget(struct frame *frame)
{
    (void)frame;
}

/* One bit of a copy of this frame is changed; whoever gets it must not notice that it ever came. */
static void damage(struct run *run, const struct frame *frame, const struct end_ops *to)
{
    static uint8_t body[FRAME_BODIES][65536];
    static struct frame copy;

    copy = *frame;
    copy.owner = NULL;
    for (unsigned i = 0; i < copy.bodies; i++) {
        memcpy(body[i], frame->body[i], frame->body_bytes[i]);
        copy.body[i] = body[i];
    }
    copy.release = forget;
    if (copy.bodies > 0)
        body[0][bench_random(&run->random) % copy.body_bytes[0]] ^= 16;
    else
        copy.head[bench_random(&run->random) % copy.head_bytes] ^= 16;
    to->input(&copy);
}

static unsigned carry(struct run *run, const struct end_ops *from, const struct end_ops *to)
{
    unsigned n = 0;

    for (struct frame *frame = from->output(), *next; frame; frame = next, n++) {
        next = frame->next;
        if (run->verify && run->armed && bench_random(&run->random) % 16 == 0)
            damage(run, frame, to);
        to->input(frame);
    }
    return n;
}

static void settle(struct run *run)
{
    while (carry(run, &client_end, &server_end) + carry(run, &server_end, &client_end) > 0) {
    }
}

static void pass(struct run *run, uint64_t us)
{
    run->now_us += us;
    while (run->now_us - run->tick_us >= QUARTER_US) {
        run->tick_us += QUARTER_US;
        client_end.quarter_second();
        server_end.quarter_second();
    }
}

static void start(struct run *run, uint32_t pcbs, bool echo)
{
    struct end_setup setup = {.address = CLIENT, .peer = SERVER, .port = PORT, .pcbs = pcbs};

    run->bytes = malloc(PATTERN_BYTES + END_CALL_BYTES);
    bench_must(run->bytes != NULL, "there is no memory");
    for (size_t i = 0; i < PATTERN_BYTES + END_CALL_BYTES; i++)
        run->bytes[i] = (uint8_t)((i % PATTERN_BYTES) * 2654435761u >> 13);
    setup.pattern = run->verify && !echo ? run->bytes : NULL;
    client_end.open(&setup);
    setup.address = SERVER;
    setup.peer = CLIENT;
    setup.echo = echo;
    server_end.open(&setup);
    server_end.listen();
}

static void connect_one(struct run *run)
{
    client_end.connect();
    settle(run);
    bench_must(client_end.connected() == 1, "the handshake does not end");
    run->armed = true;
}

/* ---- rows ---- */

static uint64_t bulk_turns(void *context)
{
    struct run *run = context;
    uint64_t before = server_end.received();

    for (unsigned i = 0; i < 64; i++) {
        client_end.write_all(run->bytes);
        if (carry(run, &client_end, &server_end) + carry(run, &server_end, &client_end) > 0)
            pass(run, TURN_US);
        else
            pass(run, QUARTER_US);
    }
    bench_must(server_end.received() > before, "the transfer stands still");
    return server_end.received() - before;
}

static void bulk(const struct bench_row *row, const struct bench *bench)
{
    struct run run = {.row = row, .verify = bench->verify};

    start(&run, 8, false);
    connect_one(&run);
    bench_tell(bench, row, NULL, 8 / bench_measure(bench, row, bulk_turns, &run), "Gbit/s");
}

/* One after the other, which is what lwIP is best at: it looks for everything in lists. */
static void open_and_close(struct run *run)
{
    client_end.connect();
    settle(run);
    bench_must(client_end.connected() == 1, "a handshake does not end");
    client_end.close_connected();
    settle(run);
    bench_must(server_end.closed_by_peer() == 1, "a client closes, and the server sees it not");
    server_end.close_closed_by_peer();
    settle(run);
}

static uint64_t some_connections(void *context)
{
    for (unsigned i = 0; i < 64; i++)
        open_and_close(context);
    return 64;
}

static void see_time_waits(uint32_t n)
{
    bench_must(client_end.time_waits() == n, "%u stand in TIME-WAIT", client_end.time_waits());
}

/* Who closes takes the place of the oldest in TIME-WAIT when no pcb is left: n stand throughout. */
static void open_close(const struct bench_row *row, const struct bench *bench)
{
    struct run run = {.row = row, .verify = bench->verify};
    double ns;

    start(&run, row->n, false);
    for (uint32_t i = 0; i < row->n; i++)
        open_and_close(&run);
    see_time_waits(row->n);
    ns = bench_measure(bench, row, some_connections, &run);
    see_time_waits(row->n);
    bench_tell(bench, row, NULL, 1e9 / ns, "connections/s");
}

static void trip(struct run *run)
{
    uint32_t i = run->row->n == 1 ? 0 : bench_random(&run->random) % run->row->n;
    uint64_t before = client_end.received();

    client_end.request(i, run->bytes, REQUEST_BYTES);
    (void)carry(run, &client_end, &server_end);
    (void)carry(run, &server_end, &client_end);
    bench_must(client_end.received() - before == REQUEST_BYTES, "a request is not answered whole");
    pass(run, TURN_US);
}

static uint64_t trips(void *context)
{
    struct run *run = context;
    unsigned n = run->row->n > 10000 ? 1 : 64;

    for (unsigned i = 0; i < n; i++)
        trip(run);
    return n;
}

static void crowd(struct run *run)
{
    start(run, 8, true);
    connect_one(run);
    bench_must(client_end.multiply(run->row->n - 1) && server_end.multiply(run->row->n - 1),
               "there is no memory");
}

static void round_trip(const struct bench_row *row, const struct bench *bench)
{
    struct run run = {.row = row, .verify = bench->verify};

    crowd(&run);
    bench_tell(bench, row, NULL, bench_measure(bench, row, trips, &run), "ns");
}

static uint64_t second(void *context)
{
    pass(context, 1000000);
    return 1;
}

static void one_second(const struct bench_row *row, const struct bench *bench)
{
    struct run run = {.row = row};

    crowd(&run);
    bench_tell(bench, row, NULL, bench_measure(bench, row, second, &run) / 1e6, "ms");
}

static void bytes(const struct bench_row *row, const struct bench *bench)
{
    bench_tell(bench, row, NULL, (double)client_end.pcb_bytes, "bytes");
}

static const struct bench_row rows[] = {
    {.name = "bulk", .run = bulk},
    {.name = "open-close-16", .run = open_close, .n = 16},
    {.name = "open-close-1k", .run = open_close, .n = 1024},
    {.name = "open-close-10k", .run = open_close, .n = 10000},
    {.name = "round-trip", .run = round_trip, .n = 1},
    {.name = "request-10", .run = round_trip, .n = 10},
    {.name = "request-1k", .run = round_trip, .n = 1000},
    {.name = "request-10k", .run = round_trip, .n = 10000},
    {.name = "request-100k", .run = round_trip, .n = 100000},
    {.name = "request-1m", .run = round_trip, .n = 1000000},
    {.name = "second-1m", .run = one_second, .n = 1000000},
    {.name = "bytes-idle", .run = bytes},
    {.name = "bytes-time-wait", .run = bytes},
    {.name = NULL},
};

static void tell(void *context, const struct bench_figure *figure)
{
    (void)context;
    (void)printf("{\"row\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", figure->row, figure->value,
                 figure->unit);
}

int main(int argc, char **argv)
{
    struct bench bench = {.seconds = 0.5, .tell = tell};
    const struct bench_row *row = rows;
    const char *name = "";

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verify") == 0)
            bench.verify = true;
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            bench.seconds = strtod(argv[++i], NULL);
        else if (strcmp(argv[i], "--work") == 0 && i + 1 < argc)
            bench.work = strtoull(argv[++i], NULL, 10);
        else
            name = argv[i];
    }
    while (row->name && strcmp(row->name, name) != 0)
        row++;
    bench_must(row->name != NULL, "lwIP has no row \"%s\"", name);
    row->run(row, &bench);
    return 0;
}
