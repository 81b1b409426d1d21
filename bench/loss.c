/*
 * How many bytes get through a network that loses some: a link of 1 Gbit/s with 5 ms each way, on
 * which frames are lost in both directions, each by the same chance.
 *
 * Time is virtual here too, so this says nothing of the processor: it is what congestion control
 * and repair of losses make of the link, the same in every run.  Every byte is compared.
 */
#include "bench/measure.h"
#include "bench/rows.h"
#include "bench/stream.h"
#include "driver/impair.h"
#include "host/machine.h"

#define RATE_BITS UINT64_C(1000000000)
#define DELAY_US  5000
#define STEP_US   100 /* between looks at the link */
#define WARM_UP   UINT64_C(2000000)
#define MEASURED  UINT64_C(10000000) /* virtual microseconds */
#define QUEUE     4096

static const struct {
    const char *name;
    uint32_t ppm;
} losses[] = {
    {"0-percent", 0},     {"0.01-percent", 100}, {"0.1-percent", 1000},
    {"1-percent", 10000}, {"2-percent", 20000},
};

static void put_network_between(struct pair *pair, uint32_t loss_ppm)
{
    struct impair_spec spec = {
        .loss_ppm = loss_ppm,
        .delay_us = DELAY_US,
        .rate_bits = RATE_BITS,
        .seed = 1,
    };
    struct ciao_driver *network;

    bench_must(impair_open(&network, pair->client.driver, &spec, NULL, machine_cpu()) == 0,
               "there is no memory for the network");
    pair->client.driver = network;
}

static void send_all(struct pair *pair, struct pair_side *side)
{
    unsigned n;

    while ((n = ciao_output(side->stack, 0, pair->frame, PAIR_BATCH, pair->now_us)) > 0) {
        int sent = side->driver->ops->send(side->driver, pair->frame, n, pair->now_us);

        bench_must(sent == (int)n, "the link takes %d of %u frames", sent, n);
    }
}

static void receive_all(struct pair *pair, struct pair_side *side)
{
    int n;

    while ((n = side->driver->ops->receive(side->driver, pair->frame, PAIR_BATCH, pair->now_us))
           > 0)
        ciao_input(side->stack, 0, pair->frame, (unsigned)n, pair->now_us);
}

static void step(struct stream *stream)
{
    struct pair *pair = &stream->pair;

    stream_write(stream);
    send_all(pair, &pair->client);
    receive_all(pair, &pair->server);
    stream_read(stream);
    send_all(pair, &pair->server);
    receive_all(pair, &pair->client);
    pair_tick(pair, STEP_US);
}

static void steps(struct stream *stream, uint64_t us)
{
    for (uint64_t passed = 0; passed < us; passed += STEP_US)
        step(stream);
}

void bench_loss(const struct bench_row *row, const struct bench *bench)
{
    struct pair_options options = {.row = row, .queue = QUEUE, .lossy = true};

    for (unsigned i = 0; i < sizeof losses / sizeof *losses; i++) {
        struct stream *stream = stream_open(&options);
        uint64_t before;

        stream->verify = true;
        put_network_between(&stream->pair, losses[i].ppm);
        steps(stream, WARM_UP);
        before = stream->received;
        steps(stream, MEASURED);
        bench_tell(bench, row, losses[i].name, (double)(stream->received - before) * 8 / MEASURED,
                   "Mbit/s");
        stream_close(stream);
    }
}
