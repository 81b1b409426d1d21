/*
 * What merging must not change: the same transfer, from the handshake to the end of TIME-WAIT, once
 * with the segments of a batch merged before the state machine and once each by itself.
 *
 * Both runs compare every byte with what was sent.  Then what both ends went through is compared:
 * every arc, drop, reset and repetition as often, the same states when the transfer was over, and
 * as many bytes sent and delivered.  How many ACKs that took may differ, and nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "bench/rows.h"
#include "bench/stream.h"

#define BYTES_MOVED  UINT64_C(50000000)
#define TIME_WAIT_US UINT64_C(120000000)

/* What one end of a run went through. */
struct end {
    uint64_t arc[CIAO_ARCS];
    uint64_t reason[CIAO_REASONS]; /* drops, resets, and what was sent again */
    uint64_t bytes_sent, bytes_acked, bytes_received, segments_again;
    enum ciao_state state; /* when the transfer was over */
};

struct run {
    struct end client, server;
    uint64_t received;
};

static void look_at_transfer(struct end *end, const struct ciao_stack *stack, ciao_conn conn)
{
    struct ciao_info info;

    bench_must(ciao_info(stack, conn, &info) == 0, "a connection is gone");
    end->state = info.state;
    end->bytes_sent = info.bytes_sent;
    end->bytes_acked = info.bytes_acked;
    end->bytes_received = info.bytes_received;
    end->segments_again = info.retransmitted_segments;
}

static void look_at_life(struct end *end, const struct ciao_stack *stack)
{
    for (unsigned i = 0; i < CIAO_ARCS; i++)
        end->arc[i] = ciao_arc_count(stack, (enum ciao_arc_row)i);
    for (unsigned i = 0; i < CIAO_REASONS; i++) {
        enum ciao_reason_kind kind = ciao_reason_kind_of((enum ciao_reason)i);

        if (kind == CIAO_KIND_DROP || kind == CIAO_KIND_RST || kind == CIAO_KIND_AGAIN)
            end->reason[i] = ciao_reason_count(stack, (enum ciao_reason)i);
    }
}

/* Nothing more is written, and all that was is read; a delayed ACK has its time. */
static void let_end(struct stream *stream)
{
    struct pair *pair = &stream->pair;

    while (stream->received < stream->sent) {
        unsigned there = pair_carry(pair, &pair->client, &pair->server);
        stream_read(stream);
        unsigned back = pair_carry(pair, &pair->server, &pair->client);

        if (there + back == 0)
            pair_wait(pair);
    }
}

static void close_both(struct stream *stream)
{
    struct pair *pair = &stream->pair;

    (void)ciao_close(pair->client.stack, stream->from, NULL, pair->now_us);
    pair_settle(pair);
    (void)ciao_close(pair->server.stack, stream->to, NULL, pair->now_us);
    pair_settle(pair);
    pair_tick(pair, TIME_WAIT_US);
}

static void run(struct run *run, const struct bench_row *row, const struct bench *bench,
                bool unmerged)
{
    struct pair_options options = {.row = row, .verify = bench->verify, .unmerged = unmerged};
    struct stream *stream = stream_open(&options);
    struct pair *pair = &stream->pair;

    stream->verify = true;
    while (stream->sent < BYTES_MOVED)
        stream_turn(stream);
    let_end(stream);
    look_at_transfer(&run->client, pair->client.stack, stream->from);
    look_at_transfer(&run->server, pair->server.stack, stream->to);
    close_both(stream);
    look_at_life(&run->client, pair->client.stack);
    look_at_life(&run->server, pair->server.stack);
    run->received = stream->received;
    stream_close(stream);
}

static void must_be_same(const char *whose, const struct end *merged, const struct end *single)
{
    for (unsigned i = 0; i < CIAO_ARCS; i++)
        bench_must(merged->arc[i] == single->arc[i], "merging changes how often the %s takes %s",
                   whose, ciao_arc_key((enum ciao_arc_row)i));
    for (unsigned i = 0; i < CIAO_REASONS; i++)
        bench_must(merged->reason[i] == single->reason[i],
                   "merging changes how often %s occurs at the %s",
                   ciao_reason_key((enum ciao_reason)i), whose);
    bench_must(merged->state == single->state, "merging changes the state of the %s", whose);
    bench_must(merged->bytes_sent == single->bytes_sent
                   && merged->bytes_acked == single->bytes_acked
                   && merged->bytes_received == single->bytes_received
                   && merged->segments_again == single->segments_again,
               "merging changes what the %s counts", whose);
}

void bench_merging(const struct bench_row *row, const struct bench *bench)
{
    struct run *runs = calloc(2, sizeof *runs);

    bench_must(runs != NULL, "there is no memory");
    run(&runs[0], row, bench, false);
    run(&runs[1], row, bench, true);
    bench_must(runs[0].client.state == CIAO_ESTABLISHED && runs[0].received >= BYTES_MOVED,
               "the transfer did not come about");
    must_be_same("client", &runs[0].client, &runs[1].client);
    must_be_same("server", &runs[0].server, &runs[1].server);
    bench_must(runs[0].received == runs[1].received, "other bytes arrive when they are merged");
    bench_tell(bench, row, NULL, (double)runs[0].received, "bytes");
    free(runs);
}
