/*
 * A million idle connections in memory at once, opened through real handshakes, both ends of each
 * in this process; and what a request on one of them costs then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tcp/pair.h"

#define MILLION  1000000u
#define AT_ONCE  1000u
#define PORTS    20u /* 50,000 connections to each */
#define REQUESTS 20000u

struct crowd {
    struct pair pair;
    ciao_conn listener[PORTS];
    ciao_conn *a, *b;
};

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double resident_mb(void)
{
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &all, &resident), 2);
    (void)fclose(file);
    return (double)resident * 4096 / 1e6;
}

static void settle(struct pair *pair)
{
    while (pair_exchange(pair))
        continue;
}

static void set_up(struct crowd *crowd)
{
    struct ciao_config config;
    const struct ciao_link link = {.mtu = 1500, .tx_csum = true, .rx_csum = true};
    ciao_config_default(&config, CIAO_PROFILE_CIAO);
    config.max_connections = MILLION;
    config.max_syn_records = 4096;
    config.max_time_wait = 1024;
    config.max_events = 0;
    config.events = 0;
    config.buffer_bytes = 256u << 20;
    config.tcp.msl_us = 0;
    pair_open(&crowd->pair, &config, false, &link);
    crowd->pair.delay_us = 0;
    for (unsigned i = 0; i < PORTS; i++) {
        struct ciao_endpoint at = {.addr = pair_address(false, 1), .port = (uint16_t)(100 + i)};
        assert_int_equal(
            ciao_listen(crowd->pair.stack[1], &at, 2 * AT_ONCE, NULL, &crowd->listener[i]), 0);
    }
    crowd->a = calloc(MILLION, sizeof *crowd->a);
    crowd->b = calloc(MILLION, sizeof *crowd->b);
    assert_true(crowd->a != NULL && crowd->b != NULL);
}

static void open_some(struct crowd *crowd, unsigned first)
{
    struct pair *pair = &crowd->pair;
    unsigned port = first / AT_ONCE % PORTS;
    struct ciao_endpoint to = {.addr = pair_address(false, 1), .port = (uint16_t)(100 + port)};
    for (unsigned i = first; i < first + AT_ONCE; i++)
        assert_int_equal(ciao_connect(pair->stack[0], &to, NULL, NULL, &crowd->a[i], pair->now_us),
                         0);
    settle(pair);
    for (unsigned i = first; i < first + AT_ONCE; i++)
        assert_int_equal(ciao_accept(pair->stack[1], crowd->listener[port], &crowd->b[i]), 0);
    pair->now_us += 1000;
}

static void ask(struct crowd *crowd, unsigned i, unsigned j)
{
    struct pair *pair = &crowd->pair;
    char bytes[64] = {0};
    assert_int_equal(ciao_send(pair->stack[0], crowd->a[i], bytes, 64, 0, pair->now_us), 64);
    settle(pair);
    assert_int_equal(ciao_recv(pair->stack[1], crowd->b[j], bytes, 64, 0, pair->now_us), 64);
    assert_int_equal(ciao_send(pair->stack[1], crowd->b[j], bytes, 64, 0, pair->now_us), 64);
    settle(pair);
    assert_int_equal(ciao_recv(pair->stack[0], crowd->a[i], bytes, 64, 0, pair->now_us), 64);
}

static uint16_t port_of(const struct ciao_stack *stack, ciao_conn conn, bool remote)
{
    struct ciao_info info;
    assert_int_equal(ciao_info(stack, conn, &info), 0);
    return remote ? info.remote.port : info.local.port;
}

/* The handshakes of a batch end in the order of its SYNs, so the ends correspond. */
static void check_who_is_who(const struct crowd *crowd)
{
    for (unsigned i = 0; i < MILLION; i += 997)
        assert_int_equal(port_of(crowd->pair.stack[0], crowd->a[i], false),
                         port_of(crowd->pair.stack[1], crowd->b[i], true));
}

static double nanoseconds_a_request(struct crowd *crowd, unsigned among)
{
    double start = seconds();
    uint32_t random = 12345;
    for (unsigned n = 0; n < REQUESTS; n++) {
        random = random * 1664525 + 1013904223;
        unsigned i = (unsigned)((uint64_t)random * among >> 32);
        ask(crowd, i, i);
    }
    return (seconds() - start) / REQUESTS * 1e9;
}

static void end_all(struct crowd *crowd)
{
    struct pair *pair = &crowd->pair;
    for (unsigned i = 0; i < MILLION; i += AT_ONCE) {
        for (unsigned n = i; n < i + AT_ONCE; n++)
            (void)ciao_abort(pair->stack[0], crowd->a[n], NULL, pair->now_us);
        settle(pair);
        for (unsigned n = i; n < i + AT_ONCE; n++)
            (void)ciao_close(pair->stack[1], crowd->b[n], NULL, pair->now_us);
    }
    for (unsigned i = 0; i < PORTS; i++)
        (void)ciao_close(pair->stack[1], crowd->listener[i], NULL, pair->now_us);
    settle(pair);
    while (pair_wait(pair))
        settle(pair);
}

static void a_million_stand_and_one_of_them_is_asked(void **state)
{
    (void)state;
    static struct crowd crowd;
    set_up(&crowd);
    double empty_mb = resident_mb(), start = seconds();
    open_some(&crowd, 0);
    double alone = nanoseconds_a_request(&crowd, AT_ONCE);
    for (unsigned done = AT_ONCE; done < MILLION; done += AT_ONCE)
        open_some(&crowd, done);
    double took = seconds() - start, full_mb = resident_mb();
    struct ciao_counts counts[2];
    for (unsigned end = 0; end < 2; end++) {
        ciao_counts(crowd.pair.stack[end], &counts[end]);
        assert_int_equal(counts[end].tcbs, MILLION);
        assert_int_equal(counts[end].flow_entries, MILLION);
        assert_true(counts[end].sides <= AT_ONCE); /* only those that have talked */
    }
    check_who_is_who(&crowd);
    double crowded = nanoseconds_a_request(&crowd, MILLION);
    print_message("# %u connections, both ends, in %.1f s: %.0f bytes for each end\n", MILLION,
                  took, (full_mb - empty_mb) * 1e6 / (2.0 * MILLION));
    print_message("# a request and its reply, 64 bytes each: %.0f ns among %u, %.0f ns among %u\n",
                  alone, AT_ONCE, crowded, MILLION);
    assert_true((full_mb - empty_mb) * 1e6 / (2.0 * MILLION) < 600);
    end_all(&crowd);
    pair_expect_empty(&crowd.pair);
    pair_close(&crowd.pair);
    free(crowd.a);
    free(crowd.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_stand_and_one_of_them_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
