/*
 * Data movement alone: what bulk transfer would cost if TCP were free.
 *
 * The same bytes take the same way: in 16 KB calls from the program into shared buffers of 16 KB,
 * summed while they are copied; a checksum verified over every segment, in batches; in 16 KB calls
 * out to the other program.  As many bytes wait between the two as the window has.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "bench/pair.h"
#include "bench/rows.h"
#include "host/machine.h"
#include "wire/checksum.h"

#define CALL_BYTES    ((uint32_t)16 * 1024)
#define HEADERS       52 /* of IPv4, and TCP with timestamps */
#define MTU_DEFAULT   1500
#define TURNS_A_LOOK  256
#define COPIES_A_LOOK 64

struct movement {
    const struct csum_ops *csum;
    uint8_t *ring, *out, *in;
    uint64_t written, verified, read;
    uint32_t window, segment;
    uint32_t sum; /* of all sums, so that no compiler leaves them out */
};

static uint8_t *ring_at(const struct movement *move, uint64_t offset)
{
    return move->ring + offset % move->window;
}

/* Segments do not cross the end of the ring or of a call's buffer, as they do not in a frame. */
static uint32_t contiguous(const struct movement *move, uint64_t offset, uint32_t len)
{
    uint32_t left = move->window - (uint32_t)(offset % move->window);

    return len < left ? len : left;
}

static void write_call(struct movement *move)
{
    uint32_t done = 0;

    while (done < CALL_BYTES) {
        uint32_t n = CALL_BYTES - done < move->segment ? CALL_BYTES - done : move->segment;

        n = contiguous(move, move->written, n);
        move->sum += move->csum->copy(ring_at(move, move->written), move->out + done, n);
        move->written += n;
        done += n;
    }
}

/* One batch of segments. */
static void verify_batch(struct movement *move)
{
    for (unsigned i = 0; i < PAIR_BATCH && move->verified < move->written; i++) {
        uint64_t waiting = move->written - move->verified;
        uint32_t left = waiting < move->segment ? (uint32_t)waiting : move->segment;

        while (left > 0) {
            uint32_t n = contiguous(move, move->verified, left);

            move->sum += move->csum->sum(ring_at(move, move->verified), n);
            move->verified += n;
            left -= n;
        }
    }
}

static void read_calls(struct movement *move)
{
    while (move->read < move->verified) {
        uint64_t waiting = move->verified - move->read;
        uint32_t n = waiting < CALL_BYTES ? (uint32_t)waiting : CALL_BYTES;

        n = contiguous(move, move->read, n);
        memcpy(move->in, ring_at(move, move->read), n);
        move->read += n;
    }
}

static uint64_t turns(void *context)
{
    struct movement *move = context;
    uint64_t before = move->read;

    for (unsigned i = 0; i < TURNS_A_LOOK; i++) {
        while (move->written - move->read + CALL_BYTES <= move->window)
            write_call(move);
        verify_batch(move);
        read_calls(move);
    }
    return move->read - before;
}

/* What a memcpy() of a call's bytes costs by itself: counts of instructions are checked by it. */
static uint64_t copies(void *context)
{
    struct movement *move = context;

    for (unsigned i = 0; i < COPIES_A_LOOK; i++) {
        move->out[i] ^= move->in[i];
        memcpy(move->in, move->out, CALL_BYTES);
    }
    return COPIES_A_LOOK;
}

void bench_copy(const struct bench_row *row, const struct bench *bench)
{
    struct movement move = {.out = calloc(1, CALL_BYTES), .in = calloc(1, CALL_BYTES)};

    bench_must(move.out && move.in, "there is no memory");
    bench_tell(bench, row, NULL, bench_measure(bench, row, copies, &move), "ns");
    free(move.out);
    free(move.in);
}

void bench_movement(const struct bench_row *row, const struct bench *bench)
{
    struct movement move = {
        .csum = csum_ops_for(machine_cpu()),
        .ring = malloc(row->window),
        .out = malloc(CALL_BYTES),
        .in = malloc(CALL_BYTES),
        .window = row->window,
        .segment = (row->mtu ? row->mtu : MTU_DEFAULT) - HEADERS,
    };
    double ns;

    bench_must(move.ring && move.out && move.in, "there is no memory");
    memset(move.out, 0x5a, CALL_BYTES);
    ns = bench_measure(bench, row, turns, &move);
    bench_must(move.sum != 1, "the sums are impossible");
    bench_tell(bench, row, NULL, 8 / ns, "Gbit/s");
    free(move.ring);
    free(move.out);
    free(move.in);
}
