/*
 * 100,000 connections opened and closed in memory: the tables are empty afterwards, and memory is
 * what it was after the first tenth of them.  A loss of three bytes a life would show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcp/pair.h"

#define CONNECTIONS 100000u
#define AT_ONCE     100u
#define SPARE_PAGES 64 /* tables that are touched late, and what the test itself does */

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_pages(void)
{
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &all, &resident), 2);
    (void)fclose(file);
    return resident;
}

static void settle(struct pair *pair)
{
    while (pair_exchange(pair))
        continue;
}

/* Open, one request, one reply, and goodbye: now the one end first, now the other. */
static void some_lives(struct pair *pair, ciao_conn listener, bool server_first)
{
    ciao_conn a[AT_ONCE], b[AT_ONCE];
    char bytes[64];
    const struct ciao_endpoint to = {.addr = pair_address(pair->v6, 1), .port = PAIR_PORT};
    for (unsigned i = 0; i < AT_ONCE; i++)
        assert_int_equal(ciao_connect(pair->stack[0], &to, NULL, NULL, &a[i], pair->now_us), 0);
    settle(pair);
    for (unsigned i = 0; i < AT_ONCE; i++) {
        assert_int_equal(ciao_accept(pair->stack[1], listener, &b[i]), 0);
        assert_int_equal(ciao_send(pair->stack[0], a[i], "hello", 5, 0, pair->now_us), 5);
    }
    settle(pair);
    for (unsigned i = 0; i < AT_ONCE; i++) {
        int64_t got = ciao_recv(pair->stack[1], b[i], bytes, sizeof bytes, 0, pair->now_us);
        assert_int_equal(got, 5);
        assert_int_equal(ciao_send(pair->stack[1], b[i], "goodbye", 7, 0, pair->now_us), 7);
        if (server_first)
            (void)ciao_close(pair->stack[1], b[i], NULL, pair->now_us);
    }
    settle(pair);
    for (unsigned i = 0; i < AT_ONCE; i++) {
        int64_t got = ciao_recv(pair->stack[0], a[i], bytes, sizeof bytes, 0, pair->now_us);
        assert_int_equal(got, 7);
        (void)ciao_close(pair->stack[0], a[i], NULL, pair->now_us);
    }
    settle(pair);
    for (unsigned i = 0; i < AT_ONCE && !server_first; i++)
        (void)ciao_close(pair->stack[1], b[i], NULL, pair->now_us);
    settle(pair);
    while (pair_wait(pair)) /* TIME-WAIT passes */
        settle(pair);
}

static void churn(bool v6)
{
    struct ciao_config config;
    struct pair pair;
    ciao_conn listener;
    const struct ciao_link link = {.mtu = 1500, .rx_csum = true};
    ciao_config_default(&config, CIAO_PROFILE_CIAO);
    config.max_connections = 1000;
    config.max_syn_records = 1000;
    config.max_time_wait = 1000;
    config.max_events = 0;
    config.buffer_bytes = 64u << 20;
    config.tcp.msl_us = 1000000;
    pair_open(&pair, &config, v6, &link);
    pair.delay_us = 0;
    const struct ciao_endpoint at = {.addr = pair_address(v6, 1), .port = PAIR_PORT};
    assert_int_equal(ciao_listen(pair.stack[1], &at, 1000, NULL, &listener), 0);
    long before = 0;
    double start = seconds();
    for (unsigned done = 0; done < CONNECTIONS; done += AT_ONCE) {
        some_lives(&pair, listener, done / AT_ONCE % 2 != 0);
        if (done == CONNECTIONS / 10 * 7) /* every port has had its turn: all tables are touched */
            before = resident_pages();
    }
    double took = seconds() - start;
    long after = resident_pages();
    print_message("# IPv%d: %u lives in %.2f s, %.0f a second; %ld pages before, %ld after\n",
                  v6 ? 6 : 4, CONNECTIONS, took, CONNECTIONS / took, before, after);
    assert_true(after <= before + SPARE_PAGES);
    assert_int_equal(ciao_close(pair.stack[1], listener, NULL, pair.now_us), 0);
    pair_expect_empty(&pair);
    pair_close(&pair);
}

static void a_hundred_thousand_lives_leave_nothing_over_ipv4(void **state)
{
    (void)state;
    churn(false);
}

static void a_hundred_thousand_lives_leave_nothing_over_ipv6(void **state)
{
    (void)state;
    churn(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_lives_leave_nothing_over_ipv4),
        cmocka_unit_test(a_hundred_thousand_lives_leave_nothing_over_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
