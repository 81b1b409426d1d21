/*
 * NewReno's arithmetic, and the windows to begin with. [RFC5681 3.1, RFC6928 2]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ciao/stack.h"
#include "proto/tcp/tcp_cc.h"

#define SMSS 1000u

static struct tcb tcb;
static struct tcp_side side;
static const struct tcp_cc_ops *cc;

static int setup(void **state)
{
    (void)state;
    tcb = (struct tcb){.smss = SMSS};
    side = (struct tcp_side){.cwnd = 10 * SMSS, .ssthresh = TCP_SSTHRESH_ALL};
    cc = tcp_cc_at(CIAO_CC_NEWRENO);
    cc->init(&tcb, &side);
    return 0;
}

/* [RFC5681 3.1 5681-2] */
static void the_initial_window_of_rfc_5681(void **state)
{
    (void)state;
    assert_int_equal(tcp_cc_initial_window(536, 0), 4 * 536);
    assert_int_equal(tcp_cc_initial_window(1095, 0), 4 * 1095);
    assert_int_equal(tcp_cc_initial_window(1096, 0), 3 * 1096);
    assert_int_equal(tcp_cc_initial_window(1460, 0), 3 * 1460);
    assert_int_equal(tcp_cc_initial_window(2190, 0), 3 * 2190);
    assert_int_equal(tcp_cc_initial_window(2191, 0), 2 * 2191);
}

/* [RFC6928 2 6928-1] min(10 * MSS, max(2 * MSS, 14600)) */
static void the_initial_window_of_rfc_6928(void **state)
{
    (void)state;
    assert_int_equal(tcp_cc_initial_window(536, 10), 5360);
    assert_int_equal(tcp_cc_initial_window(1460, 10), 14600);
    assert_int_equal(tcp_cc_initial_window(4000, 10), 14600);
    assert_int_equal(tcp_cc_initial_window(9000, 10), 18000);
}

/* [RFC5681 3.1 5681-2, RFC9293 3.8.2 MUST-19] */
static void slow_start_doubles_in_a_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        cc->acked(&tcb, &side, 2 * SMSS, 0); /* delayed ACKs cost nothing */
    assert_int_equal(side.cwnd, 20 * SMSS);
}

static void slow_start_ends_at_ssthresh(void **state)
{
    (void)state;
    side.ssthresh = 11 * SMSS + 500;
    cc->acked(&tcb, &side, 2 * SMSS, 0);
    assert_int_equal(side.cwnd, 11 * SMSS + 500);
}

static void after_a_timeout_an_ack_is_worth_one_segment(void **state)
{
    (void)state;
    tcb.flags |= TCB_RTO_RECOVERY;
    side.cwnd = SMSS;
    side.ssthresh = 5 * SMSS;
    cc->acked(&tcb, &side, 9 * SMSS, 0);
    assert_int_equal(side.cwnd, 2 * SMSS);
}

static void avoidance_adds_a_segment_in_a_round_trip(void **state)
{
    (void)state;
    side.ssthresh = 10 * SMSS;
    for (unsigned i = 0; i < 9; i++)
        cc->acked(&tcb, &side, SMSS, 0);
    assert_int_equal(side.cwnd, 10 * SMSS);
    cc->acked(&tcb, &side, SMSS, 0);
    assert_int_equal(side.cwnd, 11 * SMSS);
    for (unsigned i = 0; i < 11; i++)
        cc->acked(&tcb, &side, SMSS, 0);
    assert_int_equal(side.cwnd, 12 * SMSS);
}

/* [RFC5681 3.2 5681-7] */
static void loss_halves_what_was_in_flight(void **state)
{
    (void)state;
    cc->loss(&tcb, &side, 8 * SMSS);
    assert_int_equal(side.ssthresh, 4 * SMSS);
    assert_int_equal(side.cwnd, 4 * SMSS);
}

/* What limited transmit sent does not count. [RFC5681 3.2 step 2] */
static void no_more_than_cwnd_counts_as_flight(void **state)
{
    (void)state;
    cc->loss(&tcb, &side, 13 * SMSS);
    assert_int_equal(side.ssthresh, 5 * SMSS);
}

static void ssthresh_is_two_segments_at_least(void **state)
{
    (void)state;
    cc->loss(&tcb, &side, SMSS);
    assert_int_equal(side.ssthresh, 2 * SMSS);
    cc->timeout(&tcb, &side, SMSS); /* [RFC5681 3.1 5681-5] */
    assert_int_equal(side.ssthresh, 2 * SMSS);
}

static void cwnd_never_wraps(void **state)
{
    (void)state;
    side.cwnd = TCP_CWND_MAX - 10;
    cc->acked(&tcb, &side, 60000, 0);
    assert_int_equal(side.cwnd, TCP_CWND_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_initial_window_of_rfc_5681),
        cmocka_unit_test(the_initial_window_of_rfc_6928),
        cmocka_unit_test_setup(slow_start_doubles_in_a_round_trip, setup),
        cmocka_unit_test_setup(slow_start_ends_at_ssthresh, setup),
        cmocka_unit_test_setup(after_a_timeout_an_ack_is_worth_one_segment, setup),
        cmocka_unit_test_setup(avoidance_adds_a_segment_in_a_round_trip, setup),
        cmocka_unit_test_setup(loss_halves_what_was_in_flight, setup),
        cmocka_unit_test_setup(no_more_than_cwnd_counts_as_flight, setup),
        cmocka_unit_test_setup(ssthresh_is_two_segments_at_least, setup),
        cmocka_unit_test_setup(cwnd_never_wraps, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
