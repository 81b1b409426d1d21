/*
 * The bad network does what it was asked for: no more, no less, and the same again for one seed.
 *
 * Frames carry their number as TCP sequence number; the link is a loop with the wrapper round one
 * end, so that what it sends is judged at the far end, and what it receives at its own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "driver/impair.h"
#include "driver/loop.h"
#include "driver/packets.h"

#define BATCH     32
#define MANY      100000
#define LANE_MOST 6 /* three that may pass, and three more that were held themselves */

struct line {
    struct ciao_driver *bad, *far; /* the wrapped end, and the other */
    struct ciao_bufpool *pool;
};

static struct line make_line(const struct impair_spec *spec, enum ciao_link_kind kind)
{
    const struct loop_options options = {
        .kind = kind, .gso_bytes = 65535, .offload = true, .queue = 4096};
    struct line line = {.pool = packet_pool_make(8 << 20)};
    struct ciao_driver *inner;

    assert_int_equal(loop_pair(&inner, &line.far, &options), 0);
    assert_int_equal(impair_open(&line.bad, inner, spec, line.pool, 0), 0);
    return line;
}

static void free_line(struct line *line)
{
    line->bad->ops->close(line->bad);
    line->far->ops->close(line->far);
    packet_pool_free(line->pool);
}

static void send_packet(struct ciao_driver *driver, struct ciao_bufpool *pool,
                        const struct packet *packet, uint64_t now_us)
{
    struct ciao_frame frame, *frames[1] = {&frame};

    packet_make(&frame, pool, packet);
    assert_int_equal(driver->ops->send(driver, frames, 1, now_us), 1);
}

/* What arrived: each frame's number, whether it was intact, and when. */
struct arrival {
    uint32_t number;
    bool intact;
    uint64_t at_us;
};

struct arrivals {
    uint32_t n;
    struct arrival *list;
};

static struct arrivals make_arrivals(uint32_t most)
{
    return (struct arrivals){.list = malloc(most * sizeof(struct arrival))};
}

static void collect(struct ciao_driver *driver, struct arrivals *arrivals, uint64_t now_us)
{
    static uint8_t bytes[PACKET_MOST];
    struct ciao_frame frames[BATCH], *pointers[BATCH];
    int n;

    for (unsigned i = 0; i < BATCH; i++) {
        pointers[i] = &frames[i];
        ciao_frame_init(pointers[i]);
    }
    while ((n = driver->ops->receive(driver, pointers, BATCH, now_us)) > 0) {
        for (int i = 0; i < n; i++) {
            uint32_t len = packet_bytes(&frames[i], bytes);
            assert_int_equal(frames[i].csum, CIAO_CSUM_NONE);
            assert_int_equal(frames[i].gso, CIAO_GSO_NONE);
            bool intact = packet_is_intact(bytes, len, driver->link.kind);
            uint32_t number =
                intact ? get_be32(packet_tcp(bytes, driver->link.kind) + 4) : UINT32_MAX;
            arrivals->list[arrivals->n++] = (struct arrival){number, intact, now_us};
            ciao_frame_release(&frames[i]);
        }
    }
}

/* Send `n` numbered frames, one each 10 us, and collect what comes out until all is quiet. */
static struct arrivals run(struct line *line, struct ciao_driver *from, struct ciao_driver *to,
                           uint32_t n)
{
    struct arrivals arrivals = make_arrivals(2 * n + 10);
    uint64_t now_us = 1000;

    for (uint32_t i = 0; i < n; i++, now_us += 10) {
        send_packet(from, line->pool,
                    &(struct packet){.kind = from->link.kind, .seq = i, .payload_len = 20}, now_us);
        collect(to, &arrivals, now_us);
    }
    for (int quiet = 0; quiet < 3; quiet++, now_us += 100000) {
        struct ciao_frame none, *nothing[1] = {&none};
        (void)line->bad->ops->send(line->bad, nothing, 0, now_us);
        collect(to, &arrivals, now_us);
    }
    assert_true(line->bad->ops->deadline(line->bad) == UINT64_MAX);
    return arrivals;
}

/* Is `counted` a likely outcome of n trials of that chance?  Three standard deviations. */
static void assert_likely(uint64_t counted, uint64_t n, double chance)
{
    double off = (double)counted - (double)n * chance;

    if (off * off > 9 * (double)n * chance * (1 - chance) + 1)
        fail_msg("%llu of %llu at a chance of %f", (unsigned long long)counted,
                 (unsigned long long)n, chance);
}

static void a_perfect_network_changes_nothing(void **state)
{
    struct line line = make_line(&(struct impair_spec){.seed = 1}, CIAO_LINK_IP);
    struct arrivals got = run(&line, line.bad, line.far, 1000);
    (void)state;

    assert_int_equal(got.n, 1000);
    for (uint32_t i = 0; i < got.n; i++) {
        assert_int_equal(got.list[i].number, i);
        assert_int_equal(got.list[i].at_us, 1000 + 10 * i);
    }
    free(got.list);
    free_line(&line);
}

static void two_percent_of_frames_are_lost_whatever_the_seed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct line line =
            make_line(&(struct impair_spec){.loss_ppm = 20000, .seed = seed}, CIAO_LINK_IP);
        struct arrivals got = run(&line, line.bad, line.far, MANY);
        const struct impair_counters *counters = impair_counters(line.bad, IMPAIR_OUT);
        assert_likely(counters->lost, MANY, 0.02);
        assert_int_equal(counters->frames, MANY);
        assert_int_equal(got.n, MANY - counters->lost);
        assert_int_equal(counters->passed, got.n);
        assert_int_equal(impair_counters(line.bad, IMPAIR_IN)->frames, 0);
        free(got.list);
        free_line(&line);
    }
}

static void every_kind_of_harm_has_its_share_and_is_counted(void **state)
{
    const struct impair_spec spec = {.loss_ppm = 30000,
                                     .dup_ppm = 20000,
                                     .corrupt_ppm = 10000,
                                     .reorder_ppm = 15000,
                                     .seed = 42};
    struct line line = make_line(&spec, CIAO_LINK_IP);
    struct arrivals got = run(&line, line.far, line.bad, MANY); /* the other direction */
    const struct impair_counters *counters = impair_counters(line.bad, IMPAIR_IN);
    uint64_t damaged = 0;
    (void)state;

    for (uint32_t i = 0; i < got.n; i++)
        damaged += !got.list[i].intact;
    uint64_t alive = MANY - counters->lost;
    assert_likely(counters->lost, MANY, 0.03);
    assert_likely(counters->duplicated, alive, 0.02);
    assert_likely(counters->corrupted, alive, 0.01);
    assert_likely(counters->reordered, alive, 0.015);
    assert_int_equal(got.n, MANY - counters->lost + counters->duplicated);
    assert_true(damaged >= counters->corrupted); /* a copy of a damaged frame is damaged too */
    assert_true(damaged <= counters->corrupted + counters->duplicated);
    free(got.list);
    free_line(&line);
}

static void one_seed_one_fate(void **state)
{
    const struct impair_spec spec = {
        .loss_ppm = 50000, .dup_ppm = 50000, .reorder_ppm = 50000, .jitter_us = 300, .seed = 9};
    struct arrivals got[3];
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        struct impair_spec mine = spec;
        mine.seed += i == 2;
        struct line line = make_line(&mine, CIAO_LINK_IP);
        got[i] = run(&line, line.bad, line.far, 2000);
        free_line(&line);
    }
    assert_int_equal(got[0].n, got[1].n);
    bool differs = got[0].n != got[2].n;
    for (uint32_t i = 0; i < got[0].n; i++) {
        assert_int_equal(got[0].list[i].number, got[1].list[i].number);
        assert_int_equal(got[0].list[i].at_us, got[1].list[i].at_us);
        differs = differs || got[0].list[i].number != got[2].list[i].number;
    }
    assert_true(differs);
    for (unsigned i = 0; i < 3; i++)
        free(got[i].list);
}

/* How many younger frames came before the one at this place? */
static uint32_t overtakers(const struct arrivals *got, uint32_t place)
{
    uint32_t n = 0;

    for (uint32_t i = place > 20 ? place - 20 : 0; i < place; i++)
        n += got->list[i].number > got->list[place].number;
    return n;
}

static void reordered_frames_are_overtaken_by_one_to_three(void **state)
{
    struct line line =
        make_line(&(struct impair_spec){.reorder_ppm = 10000, .seed = 3}, CIAO_LINK_IP);
    struct arrivals got = run(&line, line.bad, line.far, 20000);
    uint32_t by[LANE_MOST + 1] = {0};
    (void)state;

    assert_int_equal(got.n, 20000);
    for (uint32_t i = 0; i < got.n; i++) {
        uint32_t n = overtakers(&got, i);
        assert_in_range(n, 0, LANE_MOST);
        by[n]++;
    }
    uint64_t late = got.n - by[0];
    assert_int_equal(late, impair_counters(line.bad, IMPAIR_OUT)->reordered);
    assert_likely(late, 20000, 0.01);
    assert_true(by[1] > late / 5 && by[2] > late / 5 && by[3] > late / 5);
    free(got.list);
    free_line(&line);
}

static void a_held_frame_is_let_go_when_nobody_follows(void **state)
{
    struct line line =
        make_line(&(struct impair_spec){.reorder_ppm = 1000000, .seed = 3}, CIAO_LINK_IP);
    struct arrivals got = make_arrivals(10);
    (void)state;

    send_packet(line.bad, line.pool, &(struct packet){.seq = 5}, 100);
    collect(line.far, &got, 100);
    assert_int_equal(got.n, 0);
    uint64_t deadline = line.bad->ops->deadline(line.bad);
    assert_int_equal(deadline, 100 + IMPAIR_HOLD_US);

    struct arrivals own = make_arrivals(10);
    collect(line.bad, &own, deadline); /* a host that only receives moves it too */
    collect(line.far, &got, deadline);
    assert_int_equal(got.n, 1);
    assert_int_equal(impair_counters(line.bad, IMPAIR_OUT)->reordered, 0);
    free(own.list);
    free(got.list);
    free_line(&line);
}

/* Also where the payload is shared with a send queue: its bytes must stay as they are. */
static void corrupt_one(struct line *line, uint32_t i)
{
    static uint8_t before[PACKET_MOST], after[PACKET_MOST];
    struct ciao_frame frame, queue, *frames[1] = {&frame};
    struct arrival arrival;
    struct arrivals got = {.list = &arrival};

    packet_make(&frame, line->pool,
                &(struct packet){.kind = line->bad->link.kind,
                                 .v6 = i % 2,
                                 .partial = i / 2 % 2,
                                 .in_one_piece = i / 4 % 2,
                                 .payload_len = i % 60});
    ciao_frame_share(&queue, &frame);
    uint32_t len = packet_bytes(&queue, before);
    assert_int_equal(line->bad->ops->send(line->bad, frames, 1, 0), 1);
    collect(line->far, &got, 0);
    assert_int_equal(got.n, 1);
    assert_false(arrival.intact);
    assert_int_equal(packet_bytes(&queue, after), len);
    assert_memory_equal(before, after, len);
    ciao_frame_release(&queue);
}

static void every_corrupted_frame_is_detectable_and_the_original_unhurt(void **state)
{
    static const enum ciao_link_kind kinds[] = {CIAO_LINK_IP, CIAO_LINK_ETHERNET};
    (void)state;

    for (uint32_t k = 0; k < 2; k++) {
        struct line line =
            make_line(&(struct impair_spec){.corrupt_ppm = 1000000, .seed = 1}, kinds[k]);
        for (uint32_t i = 0; i < 20000; i++)
            corrupt_one(&line, i);
        assert_int_equal(impair_counters(line.bad, IMPAIR_OUT)->corrupted, 20000);
        free_line(&line);
    }
}

static void what_no_checksum_covers_is_never_corrupted(void **state)
{
    struct line line =
        make_line(&(struct impair_spec){.corrupt_ppm = 1000000, .seed = 1}, CIAO_LINK_ETHERNET);
    struct ciao_frame frame, *frames[1] = {&frame};
    (void)state;

    ciao_frame_init(&frame);
    memset(frame.room, 0x45, 60);
    put_be16(frame.room + 12, 0x0806); /* ARP */
    frame.head_len = frame.len = 60;
    assert_int_equal(line.bad->ops->send(line.bad, frames, 1, 0), 1);
    assert_int_equal(line.far->ops->receive(line.far, frames, 1, 0), 1);
    for (unsigned i = 14; i < 60; i++)
        assert_int_equal(frame.head[i], 0x45);
    assert_int_equal(impair_counters(line.bad, IMPAIR_OUT)->corrupted, 0);
    free_line(&line);
}

static void super_segments_are_cut_before_fate_strikes(void **state)
{
    struct line line = make_line(&(struct impair_spec){.loss_ppm = 20000, .seed = 5}, CIAO_LINK_IP);
    struct arrivals got = make_arrivals(50000);
    const uint32_t supers = 1000, payload = 40 * 1000;
    (void)state;

    for (uint32_t i = 0; i < supers; i++) {
        send_packet(line.bad, line.pool,
                    &(struct packet){.seq = i * payload,
                                     .v6 = i % 2,
                                     .payload_len = payload,
                                     .gso_size = 1000,
                                     .partial = true,
                                     .in_one_piece = i / 2 % 2},
                    i);
        collect(line.far, &got, i);
    }
    const struct impair_counters *counters = impair_counters(line.bad, IMPAIR_OUT);
    assert_int_equal(counters->frames, 40 * supers);
    assert_likely(counters->lost, 40 * supers, 0.02);
    assert_int_equal(got.n, counters->frames - counters->lost);
    for (uint32_t i = 0; i < got.n; i++) {
        assert_true(got.list[i].intact); /* cut, numbered and summed as a sender would */
        assert_int_equal(got.list[i].number % 1000, 0);
    }
    free(got.list);
    free_line(&line);
}

/* Frames of random bytes and lengths, of either kind: whatever the headers say is not believed. */
static void garbage_passes_without_harm(void **state)
{
    const struct impair_spec spec = {.corrupt_ppm = 900000, .reorder_ppm = 100000, .seed = 1};
    uint64_t random = 99;
    (void)state;

    for (uint32_t kind = 0; kind < 2; kind++) {
        struct line line = make_line(&spec, kind ? CIAO_LINK_ETHERNET : CIAO_LINK_IP);
        struct arrivals got = make_arrivals(30000);
        for (uint32_t i = 0; i < 20000; i++) {
            struct ciao_frame frame, *frames[1] = {&frame};
            ciao_frame_init(&frame);
            random = random * 6364136223846793005u + 1442695040888963407u;
            frame.head_len = frame.len = (uint32_t)(random >> 33) % (CIAO_FRAME_ROOM + 1);
            for (uint32_t j = 0; j < frame.len; j++) {
                random = random * 6364136223846793005u + 1442695040888963407u;
                frame.room[j] = (uint8_t)(random >> 33);
            }
            if (i % 2 && frame.len > 15) { /* look like IP at least */
                put_be16(frame.room + 12, i % 4 == 1 ? 0x0800 : 0x86dd);
                frame.room[kind ? 14 : 0] = i % 4 == 1 ? 0x45 : 0x60;
            }
            frame.gso = (uint8_t)(i / 4 % 3);
            frame.gso_size = (uint16_t)(random >> 50);
            assert_int_equal(line.bad->ops->send(line.bad, frames, 1, i), 1);
            collect(line.far, &got, i);
        }
        collect(line.bad, &got, 30000);
        collect(line.far, &got, 30000);
        assert_true(got.n >= 20000); /* what says that it is a super-segment may be cut */
        free(got.list);
        free_line(&line);
    }
}

static void delay_is_met_to_the_microsecond_and_told_as_deadline(void **state)
{
    struct line line = make_line(&(struct impair_spec){.delay_us = 5000, .seed = 1}, CIAO_LINK_IP);
    struct arrivals got = make_arrivals(10);
    (void)state;

    send_packet(line.bad, line.pool, &(struct packet){.seq = 1}, 100);
    send_packet(line.far, line.pool, &(struct packet){.seq = 2}, 200);
    collect(line.bad, &got, 200);
    assert_int_equal(got.n, 0);
    assert_int_equal(line.bad->ops->deadline(line.bad), 5100);
    collect(line.bad, &got, 5099);
    collect(line.far, &got, 5099);
    assert_int_equal(got.n, 0);
    collect(line.bad, &got, 5100);
    collect(line.far, &got, 5100);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.list[0].number, 1);
    assert_int_equal(line.bad->ops->deadline(line.bad), 5200);
    collect(line.bad, &got, 5200);
    assert_int_equal(got.n, 2);
    assert_int_equal(impair_counters(line.bad, IMPAIR_OUT)->delayed, 1);
    assert_int_equal(impair_counters(line.bad, IMPAIR_IN)->delayed, 1);
    free(got.list);
    free_line(&line);
}

static void jitter_stretches_the_delay_and_keeps_the_order(void **state)
{
    struct line line = make_line(
        &(struct impair_spec){.delay_us = 1000, .jitter_us = 500, .seed = 1}, CIAO_LINK_IP);
    struct arrivals got = run(&line, line.bad, line.far, 5000);
    bool stretched = false;
    (void)state;

    assert_int_equal(got.n, 5000);
    for (uint32_t i = 0; i < got.n; i++) {
        uint64_t took = got.list[i].at_us - (1000 + 10 * i);
        assert_int_equal(got.list[i].number, i);
        /* collected every 10 us while frames are sent */
        assert_true(took >= 1000 && (took <= 1510 || i > 4800));
        stretched = stretched || took > 1300;
    }
    assert_true(stretched);
    free(got.list);
    free_line(&line);
}

/* 10 Mbit/s: a frame of 1000 bytes takes 800 us. */
static void rate_spreads_frames_and_a_full_queue_drops(void **state)
{
    const struct impair_spec spec = {.rate_bits = 10000000, .limit = 20, .seed = 1};
    struct line line = make_line(&spec, CIAO_LINK_IP);
    struct arrivals got = make_arrivals(100);
    (void)state;

    for (uint32_t i = 0; i < 50; i++)
        send_packet(line.bad, line.pool, &(struct packet){.seq = i, .payload_len = 960}, 0);
    assert_int_equal(impair_counters(line.bad, IMPAIR_OUT)->overflow, 30);
    for (uint32_t i = 1; i <= 20; i++) {
        assert_int_equal(line.bad->ops->deadline(line.bad), 800 * i);
        struct ciao_frame none, *nothing[1] = {&none};
        assert_int_equal(line.bad->ops->send(line.bad, nothing, 0, 800 * i), 0);
        collect(line.far, &got, 800 * i);
        assert_int_equal(got.n, i);
    }
    free(got.list);
    free_line(&line);
}

static void a_full_inner_driver_pushes_back_and_nothing_is_dropped(void **state)
{
    struct line line = make_line(&(struct impair_spec){.limit = 64, .seed = 1}, CIAO_LINK_IP);
    struct ciao_frame frame, *frames[1] = {&frame};
    uint32_t taken = 0;
    (void)state;

    for (;; taken++) { /* the loop's ring of 4096, then the wrapper's own queue */
        packet_make(&frame, line.pool, &(struct packet){.seq = taken});
        if (line.bad->ops->send(line.bad, frames, 1, 0) == 0)
            break;
        assert_true(taken < 10000);
    }
    ciao_frame_release(&frame);
    assert_true(taken > 4096);
    assert_true(line.bad->ops->deadline(line.bad) > 0); /* no busy waiting */
    struct arrivals got = make_arrivals(10000);
    collect(line.far, &got, 0);
    struct ciao_frame *nothing[1] = {&frame};
    (void)line.bad->ops->send(line.bad, nothing, 0, 1);
    collect(line.far, &got, 1);
    assert_int_equal(got.n, taken);
    assert_int_equal(impair_counters(line.bad, IMPAIR_OUT)->overflow, 0);
    free(got.list);
    free_line(&line);
}

static void one_way_leaves_the_other_alone(void **state)
{
    struct line line = make_line(
        &(struct impair_spec){.loss_ppm = 1000000, .ways = IMPAIR_IN, .seed = 1}, CIAO_LINK_IP);
    struct arrivals got = make_arrivals(10);
    (void)state;

    send_packet(line.bad, line.pool, &(struct packet){.seq = 1}, 0);
    collect(line.far, &got, 0);
    assert_int_equal(got.n, 1);
    send_packet(line.far, line.pool, &(struct packet){.seq = 1}, 0);
    collect(line.bad, &got, 0);
    assert_int_equal(got.n, 1);
    assert_int_equal(impair_counters(line.bad, IMPAIR_IN)->lost, 1);
    free(got.list);
    free_line(&line);
}

static void closing_sends_what_still_waited(void **state)
{
    struct line line = make_line(&(struct impair_spec){.delay_us = 9999, .seed = 1}, CIAO_LINK_IP);
    struct arrivals got = make_arrivals(10);
    (void)state;

    send_packet(line.bad, line.pool, &(struct packet){.seq = 1, .payload_len = 50}, 0);
    send_packet(line.far, line.pool, &(struct packet){.seq = 2, .payload_len = 50}, 0);
    collect(line.bad, &got, 1); /* the second waits inside; nobody will take it */
    line.bad->ops->close(line.bad);
    collect(line.far, &got, 1);
    assert_int_equal(got.n, 1);
    line.far->ops->close(line.far);
    packet_pool_free(line.pool);
    free(got.list);
}

static void impossible_specs_are_refused(void **state)
{
    struct ciao_driver *a, *b, *bad;
    (void)state;

    assert_int_equal(loop_pair(&a, &b, NULL), 0);
    assert_int_equal(impair_open(&bad, a, &(struct impair_spec){.loss_ppm = 1000001}, NULL, 0),
                     -EINVAL);
    assert_int_equal(impair_open(&bad, a, &(struct impair_spec){.ways = 4}, NULL, 0), -EINVAL);
    a->ops->close(a);
    b->ops->close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_network_changes_nothing),
        cmocka_unit_test(two_percent_of_frames_are_lost_whatever_the_seed),
        cmocka_unit_test(every_kind_of_harm_has_its_share_and_is_counted),
        cmocka_unit_test(one_seed_one_fate),
        cmocka_unit_test(reordered_frames_are_overtaken_by_one_to_three),
        cmocka_unit_test(a_held_frame_is_let_go_when_nobody_follows),
        cmocka_unit_test(every_corrupted_frame_is_detectable_and_the_original_unhurt),
        cmocka_unit_test(what_no_checksum_covers_is_never_corrupted),
        cmocka_unit_test(super_segments_are_cut_before_fate_strikes),
        cmocka_unit_test(garbage_passes_without_harm),
        cmocka_unit_test(delay_is_met_to_the_microsecond_and_told_as_deadline),
        cmocka_unit_test(jitter_stretches_the_delay_and_keeps_the_order),
        cmocka_unit_test(rate_spreads_frames_and_a_full_queue_drops),
        cmocka_unit_test(a_full_inner_driver_pushes_back_and_nothing_is_dropped),
        cmocka_unit_test(one_way_leaves_the_other_alone),
        cmocka_unit_test(closing_sends_what_still_waited),
        cmocka_unit_test(impossible_specs_are_refused),
    };
    return cmocka_run_group_tests_name("impair", tests, NULL, NULL);
}
