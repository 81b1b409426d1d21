/*
 * Two whole stacks talk: over both families and both kinds of link, merged or not, with loss and
 * without; and two runs of the same inputs are the same run.
 */
#include "pair.h"

/* Both sides close, TIME-WAIT passes, and nothing is left but what the listener is. */
static void expect_all_gone(struct pair *pair, struct pair_conn *conn)
{
    assert_int_equal(ciao_close(pair->stack[0], conn->client, NULL, pair->now), 0);
    pair_pass(pair, 50000);
    assert_int_equal(ciao_close(pair->stack[1], conn->server, NULL, pair->now), 0);
    assert_int_equal(ciao_close(pair->stack[1], conn->listener, NULL, pair->now), 0);
    pair_pass(pair, UINT64_C(600) * 1000000);
    for (unsigned side = 0; side < 2; side++) {
        struct ciao_counts counts;
        ciao_counts(pair->stack[side], &counts);
        assert_int_equal(counts.tcbs, 0);
        assert_int_equal(counts.syn_records, 0);
        assert_int_equal(counts.time_waits, 0);
        assert_int_equal(counts.listeners, 0);
        assert_int_equal(counts.sides, 0);
        assert_int_equal(counts.queues, 0);
        assert_int_equal(counts.ranges, 0);
        assert_int_equal(counts.received_segments, 0);
        assert_int_equal(counts.flow_entries, 0);
        assert_int_equal(counts.timers, 0);
        assert_int_equal(counts.ports_in_use, 0);
        assert_int_equal(counts.reassemblies, 0);
        assert_int_equal(counts.neighbours_waiting, 0);
        assert_int_equal(counts.buffer_bytes, 0);
        assert_int_equal(ciao_next_deadline(pair->stack[side]), UINT64_MAX);
        assert_false(ciao_has_output(pair->stack[side], 0));
    }
    assert_int_equal(ciao_bufpool_used_count(&pair->wire), 0);
}

/* Open, 200 kB each way, close.  Returns what crossed the wire, as one number. */
static uint64_t whole_life(const struct pair_options *options, bool v6)
{
    struct pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    pair_open(pair, options);
    struct pair_conn conn = pair_connect(pair, v6);
    assert_int_equal(pair_transfer(pair, conn.client, conn.server, 0, 200000), 200000);
    assert_int_equal(pair_transfer(pair, conn.server, conn.client, 1, 200000), 200000);
    expect_all_gone(pair, &conn);
    uint64_t hash = pair->hash ^ pair->frames;
    pair_close(pair);
    free(pair);
    return hash;
}

static void both_families_on_both_links(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct pair_options options = {.kind = i & 1 ? CIAO_LINK_ETHERNET : CIAO_LINK_IP};
        whole_life(&options, i & 2);
    }
}

/* With CUBIC too. [RFC9293 3.8.2 MAY-18] */
static void every_profile(void **state)
{
    (void)state;
    for (int profile = 0; profile < CIAO_PROFILES; profile++) {
        struct pair_options options = {.profile = (enum ciao_profile)profile, .events = true};
        whole_life(&options, false);
    }
}

static void batches_are_merged_and_the_bytes_are_the_same(void **state)
{
    (void)state;
    for (uint32_t batch = 1; batch <= 32; batch += 31) {
        struct pair_options options = {.merge = true, .batch = batch};
        whole_life(&options, false);
        whole_life(&options, true);
    }
}

static void loss_is_repaired(void **state)
{
    (void)state;
    struct pair_options options = {.lose_every = 17, .merge = true};
    whole_life(&options, false);
    options.merge = false;
    whole_life(&options, true);
}

static void two_runs_of_the_same_inputs_are_the_same_run(void **state)
{
    (void)state;
    struct pair_options options = {
        .kind = CIAO_LINK_ETHERNET, .seed = 5, .merge = true, .lose_every = 23};
    uint64_t first = whole_life(&options, true);
    assert_true(whole_life(&options, true) == first);
    options.events = true; /* looking on changes nothing */
    assert_true(whole_life(&options, true) == first);
    options.seed = 50; /* another seed: other ports, other sequence numbers */
    assert_true(whole_life(&options, true) != first);
}

/* What a stack tells of its states, as one number, and how many segments it saw arrive. */
struct told {
    uint64_t arcs;
    unsigned segments;
};

static struct told listen_to(struct ciao_stack *stack)
{
    struct told told = {0};
    struct ciao_event event;
    while (ciao_events(stack, &event, 1) == 1) {
        assert_int_not_equal(event.type, CIAO_EVENT_LOST);
        if (event.type == CIAO_EVENT_ARC)
            told.arcs = told.arcs * 1000003 + event.what + 1;
        told.segments += event.type == CIAO_EVENT_RECEIVED;
    }
    return told;
}

static void run_of(bool merge, bool v6, struct told told[2])
{
    struct pair_options options = {.merge = merge, .events = true};
    struct pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    pair_open(pair, &options);
    struct pair_conn conn = pair_connect(pair, v6);
    assert_int_equal(pair_transfer(pair, conn.client, conn.server, 0, 300000), 300000);
    expect_all_gone(pair, &conn);
    told[0] = listen_to(pair->stack[0]);
    told[1] = listen_to(pair->stack[1]);
    pair_close(pair);
    free(pair);
}

/* With merging and without, the states are the same; fewer segments go through the procedure. */
static void merging_changes_no_state(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct told single[2], merged[2];
        run_of(false, v6, single);
        run_of(true, v6, merged);
        assert_true(single[0].arcs != 0 && single[0].arcs == merged[0].arcs);
        assert_true(single[1].arcs != 0 && single[1].arcs == merged[1].arcs);
        assert_true(merged[1].segments * 4 < single[1].segments * 3);
    }
}

/* Nobody has that address: the program hears of it, and the connection tries on. */
static void a_silent_neighbour_is_a_soft_error(void **state)
{
    (void)state;
    struct pair_options options = {.kind = CIAO_LINK_ETHERNET};
    struct pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    pair_open(pair, &options);
    struct ciao_endpoint nobody = {.port = 80};
    ciao_conn conn;
    assert_true(ciao_addr_parse("10.9.0.77", &nobody.addr));
    assert_int_equal(ciao_connect(pair->stack[0], &nobody, NULL, NULL, &conn, pair->now), 0);
    pair_pass(pair, 3500000);
    assert_int_equal(ciao_reason_count(pair->stack[0], CIAO_DROP_NEIGHBOUR_SILENT) > 0, 1);
    assert_int_equal(ciao_error(pair->stack[0], conn), 0);
    assert_int_equal(ciao_soft_error(pair->stack[0], conn), -CIAO_EUNREACH);
    assert_int_equal(ciao_soft_error(pair->stack[0], conn), 0);
    assert_int_equal(ciao_close(pair->stack[0], conn, NULL, pair->now), 0);
    pair_close(pair);
    free(pair);
}

/* ---- timers of connections that have nothing on their way ---- */

static void says(struct pair *pair, unsigned side, ciao_conn from, ciao_conn to)
{
    uint8_t bytes[64] = {0};
    assert_int_equal(ciao_send(pair->stack[side], from, bytes, sizeof bytes, 0, pair->now), 64);
    pair_settle(pair);
    assert_int_equal(ciao_recv(pair->stack[!side], to, bytes, sizeof bytes, 0, pair->now), 64);
}

/* How many timers stand after a request and its answer on the last of n connections. */
static uint64_t timers_after_an_exchange(unsigned n)
{
    struct pair *pair = calloc(1, sizeof *pair);
    struct ciao_endpoint there = pair_endpoint(1, false, 80);
    ciao_conn listener, client = 0, server = 0;
    struct ciao_counts counts;
    uint64_t timers = 0;
    assert_non_null(pair);
    pair_open(pair, &(struct pair_options){.connections = n});
    assert_int_equal(ciao_listen(pair->stack[1], &there, 5, NULL, &listener), 0);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(ciao_connect(pair->stack[0], &there, NULL, NULL, &client, pair->now), 0);
        pair_settle(pair);
        assert_int_equal(ciao_accept(pair->stack[1], listener, &server), 0);
    }
    pair_pass(pair, 5000000);
    for (unsigned side = 0; side < 2; side++) { /* those of the handshakes have run out */
        ciao_counts(pair->stack[side], &counts);
        assert_int_equal(counts.timers, 0);
    }
    says(pair, 0, client, server);
    says(pair, 1, server, client);
    for (unsigned side = 0; side < 2; side++) {
        ciao_counts(pair->stack[side], &counts);
        timers += counts.timers;
    }
    pair_close(pair);
    free(pair);
    return timers;
}

/* Of few the node stays where it is, for the next one; of many it would be a stranger then. */
static void among_many_an_exchange_leaves_no_timer(void **state)
{
    (void)state;
    assert_true(timers_after_an_exchange(10) != 0);
    assert_true(timers_after_an_exchange(2100) == 0);
}

/* A program that ends a record with every byte holds nobody up, itself included. */
static void ends_of_records_do_not_use_up_what_sending_needs(void **state)
{
    (void)state;
    const unsigned records = 4000; /* more than there is room for */
    struct pair pair;
    pair_open(&pair, &(struct pair_options){.connections = 2, .buffers = 1u << 20});
    struct pair_conn conn = pair_connect(&pair, false);
    static uint8_t got[5000];
    uint64_t arrived = 0;
    for (unsigned i = 0; i < records; i++)
        assert_int_equal(ciao_send(pair.stack[0], conn.client, "x", 1, CIAO_SEND_EOR, pair.now), 1);
    for (unsigned i = 0; i < 1000 && arrived < records; i++) {
        pair_pass(&pair, 100000);
        int64_t n = ciao_recv(pair.stack[1], conn.server, got, sizeof got, 0, pair.now);
        arrived += n > 0 ? (uint64_t)n : 0;
    }
    assert_int_equal(arrived, records);
    expect_all_gone(&pair, &conn);
    pair_close(&pair);
}

/* What knocks at a closed window may be a whole record: the next one goes on behind it. */
static void a_record_may_end_with_a_probe(void **state)
{
    (void)state;
    const unsigned records = 4000;
    struct pair pair;
    static uint8_t got[5000];
    pair_open(&pair, &(struct pair_options){.window = 3000});
    struct pair_conn conn = pair_connect(&pair, false);
    uint64_t sent = 0, arrived = 0;
    for (unsigned i = 0; i < 1000 && arrived < records; i++) {
        while (sent < records
               && ciao_send(pair.stack[0], conn.client, "x", 1, CIAO_SEND_EOR, pair.now) == 1)
            sent++;
        pair_pass(&pair, 1000000);
        if (i < 30)
            continue;
        int64_t n = ciao_recv(pair.stack[1], conn.server, got, sizeof got, 0, pair.now);
        arrived += n > 0 ? (uint64_t)n : 0;
    }
    assert_int_equal(arrived, records);
    assert_true(ciao_reason_count(pair.stack[0], CIAO_TIMER_PERSIST) > 0);
    expect_all_gone(&pair, &conn);
    pair_close(&pair);
}

static uint64_t orphans_ended(const struct pair *pair)
{
    return ciao_reason_count(pair->stack[0], CIAO_RST_ORPHAN_SACRIFICED);
}

/* The one whom it ended had no bytes either. */
static void a_write_that_finds_no_memory_ends_one_orphan(void **state)
{
    (void)state;
    static const uint8_t bytes[60000];
    for (int longer = 0; longer < 2; longer++) {
        struct pair pair;
        pair_open(&pair, &(struct pair_options){.buffers = 1u << 20, .the_long_way = longer});
        struct pair_conn conn = pair_connect(&pair, false);
        struct ciao_endpoint there = pair_endpoint(1, false, 80);
        assert_int_equal(pair_transfer(&pair, conn.client, conn.server, 0, 10), 10);
        for (unsigned i = 0; i < 5; i++) {
            ciao_conn orphan;
            assert_int_equal(ciao_connect(pair.stack[0], &there, NULL, NULL, &orphan, pair.now), 0);
            pair_settle(&pair);
            assert_int_equal(ciao_close(pair.stack[0], orphan, NULL, pair.now), 0);
        }
        int64_t sent = 0;
        uint64_t before = 0;
        while (sent >= 0) {
            before = orphans_ended(&pair);
            sent = ciao_send(pair.stack[0], conn.client, bytes, sizeof bytes, 0, pair.now);
        }
        assert_int_equal(sent, -CIAO_ENOMEM);
        assert_int_equal(orphans_ended(&pair), before + 1);
        pair_close(&pair);
    }
}

static void takes_long(void *self, unsigned to, const uint8_t *bytes, uint32_t len)
{
    struct pair *pair = self;
    (void)to, (void)bytes, (void)len;
    pair->now += 400000;
}

/* A millisecond's worth of a slow way is no whole segment: one leaves all the same. */
static void a_slow_way_has_bursts_too(void **state)
{
    (void)state;
    struct pair pair;
    struct ciao_settings settings;
    pair_open(&pair, &(struct pair_options){.profile = CIAO_PROFILE_RFC});
    pair.crossed = takes_long;
    pair.crossed_self = &pair;
    struct pair_conn conn = pair_connect(&pair, false);
    assert_int_equal(ciao_get_settings(pair.stack[0], conn.client, &settings), 0);
    settings.more |= CIAO_BURSTS;
    assert_int_equal(ciao_set_settings(pair.stack[0], conn.client, &settings), 0);
    assert_int_equal(pair_transfer(&pair, conn.client, conn.server, 0, 20000), 20000);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_on_both_links),
        cmocka_unit_test(every_profile),
        cmocka_unit_test(batches_are_merged_and_the_bytes_are_the_same),
        cmocka_unit_test(merging_changes_no_state),
        cmocka_unit_test(loss_is_repaired),
        cmocka_unit_test(two_runs_of_the_same_inputs_are_the_same_run),
        cmocka_unit_test(a_silent_neighbour_is_a_soft_error),
        cmocka_unit_test(among_many_an_exchange_leaves_no_timer),
        cmocka_unit_test(ends_of_records_do_not_use_up_what_sending_needs),
        cmocka_unit_test(a_record_may_end_with_a_probe),
        cmocka_unit_test(a_write_that_finds_no_memory_ends_one_orphan),
        cmocka_unit_test(a_slow_way_has_bursts_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
