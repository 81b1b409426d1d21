/*
 * The retransmission timeout made of round trips. [RFC6298 2, 3, 5]
 */
#include "inside.h"

#include <string.h>

static struct net net;
static struct tcp *tcp;
static struct tcb *tcb;

static void start(enum ciao_profile profile, uint8_t flags)
{
    const struct net_spec spec = {.mtu = 1500, .delay_us = 1000, .seed = 9};
    struct ciao_settings settings = *ciao_profile(profile);
    settings.flags |= flags;
    net_open(&net, &spec, &settings);
    assert_true(net_connect(&net));
    tcp = inside_tcp(&net, NET_A);
    tcb = inside_tcb(&net, NET_A);
}

static void sends(uint32_t len)
{
    static const uint8_t bytes[2000];
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    assert_int_equal(tcp_sendq_write(tcp, tcb, bytes, len), len);
    assert_int_equal(tcp_output_next(tcp, tcb, &frame), TCP_SENT_FRAME);
    ciao_frame_release(&frame);
}

static void again(void)
{
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    assert_int_equal(tcp_output_next(tcp, tcb, &frame), TCP_SENT_FRAME);
    ciao_frame_release(&frame);
}

static void acked(void)
{
    struct tcp_segment seg = inside_ack(tcb, tcb->snd.nxt);
    tcp_ack_arrived(tcp, tcb, &seg);
}

static void acked_with_echo_of(time_us sent_us)
{
    struct tcp_segment seg = inside_ack(tcb, tcb->snd.nxt);
    seg.h.opt.has_ts = true;
    seg.h.opt.ts_ecr = (uint32_t)(sent_us / 1000) + tcb->ts_offset;
    tcp_ack_arrived(tcp, tcb, &seg);
}

/* [RFC6298 2.2 6298-3] */
static void the_first_measurement_is_taken_over_whole(void **state)
{
    (void)state;
    start(CIAO_PROFILE_RFC, 0);
    tcp_rtt_init(tcp, tcb);
    assert_int_equal(tcb->rto_us, 1000000); /* [RFC6298 2.1 6298-2] */
    tcp_rtt_measured(tcp, tcb, 700000);
    assert_int_equal(tcb->srtt_us, 700000);
    assert_int_equal(tcb->rttvar_us, 350000);
    assert_int_equal(tcb->rto_us, 2100000);
    net_discard(&net);
}

/* [RFC6298 2.3 6298-3] RTTVAR is made with the old SRTT */
static void later_ones_are_smoothed(void **state)
{
    (void)state;
    start(CIAO_PROFILE_RFC, 0);
    tcp_rtt_init(tcp, tcb);
    tcp_rtt_measured(tcp, tcb, 800000);
    tcp_rtt_measured(tcp, tcb, 1600000);
    assert_int_equal(tcb->rttvar_us, 500000);
    assert_int_equal(tcb->srtt_us, 900000);
    assert_int_equal(tcb->rto_us, 2900000);
    net_discard(&net);
}

/* [RFC6298 2.4 6298-4, 2.5 6298-5] */
static void it_stays_within_its_bounds(void **state)
{
    (void)state;
    start(CIAO_PROFILE_RFC, 0);
    tcp_rtt_init(tcp, tcb);
    tcp_rtt_measured(tcp, tcb, 1000);
    assert_int_equal(tcb->rto_us, 1000000);
    tcp_rtt_measured(tcp, tcb, 4000000000u);
    assert_int_equal(tcb->rto_us, tcp_tcb_settings(tcp, tcb)->rto_max_us);
    net_discard(&net);
    start(CIAO_PROFILE_CIAO, 0);
    for (unsigned i = 0; i < 50; i++)
        tcp_rtt_measured(tcp, tcb, 1000);
    assert_int_equal(tcb->rto_us, 200000);
    net_discard(&net);
}

/* [RFC6298 5.7 6298-9] */
static void after_a_lost_syn_it_begins_at_three_seconds(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO, 0);
    tcb->flags |= TCB_SYN_LOST;
    tcp_rtt_init(tcp, tcb);
    assert_int_equal(tcb->rto_us, 3000000);
    net_discard(&net);
}

static void a_range_is_measured_to_the_microsecond(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO, CIAO_NO_TIMESTAMPS);
    tcp_rtt_init(tcp, tcb);
    sends(100);
    tcp_set_now(tcp, tcp->now + 12345);
    acked();
    assert_int_equal(tcb->srtt_us, 12345);
    assert_int_equal(tcp_side(tcp, tcb)->rtt_min_us, 12345);
    net_discard(&net);
}

/* Karn: nobody knows which sending was acknowledged. [RFC6298 3 6298-6, RFC9293 3.8.1 MUST-18] */
static void what_was_sent_twice_measures_nothing(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO, CIAO_NO_TIMESTAMPS);
    tcp_rtt_init(tcp, tcb);
    sends(100);
    tcp_set_now(tcp, tcp->now + 1000000);
    tcp_timeout_retransmit(tcp, tcb);
    again();
    assert_int_equal(tcb->rto_us, 2000000); /* [RFC6298 5.5 6298-8] */
    tcp_set_now(tcp, tcp->now + 5000);
    acked();
    assert_int_equal(tcb->srtt_us, 0);
    assert_int_equal(tcb->rto_us, 2000000); /* kept until there is a measurement */
    sends(100);
    tcp_set_now(tcp, tcp->now + 5000);
    acked();
    assert_int_equal(tcb->srtt_us, 5000);
    assert_int_equal(tcb->rto_us, 200000);
    net_discard(&net);
}

/* [RFC7323 4.1] The echo says which sending it was. */
static void timestamps_measure_what_was_sent_twice(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO, 0);
    tcp_rtt_init(tcp, tcb);
    sends(100);
    tcp_set_now(tcp, tcp->now + 1000000);
    tcp_timeout_retransmit(tcp, tcb);
    again();
    time_us again_us = tcp->now;
    tcp_set_now(tcp, tcp->now + 7000);
    acked_with_echo_of(again_us);
    assert_int_equal(tcb->srtt_us, 7000);
    net_discard(&net);
}

/* An ACK of bytes in two flights is one measurement, and a second flight is the next. */
static void one_measurement_a_round_trip(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO, CIAO_NO_TIMESTAMPS);
    tcp_rtt_init(tcp, tcb);
    sends(1460);
    tcp_set_now(tcp, tcp->now + 1000);
    sends(1460);
    tcp_set_now(tcp, tcp->now + 9000);
    struct tcp_segment seg = inside_ack(tcb, tcb->snd.una + 1460);
    tcp_ack_arrived(tcp, tcb, &seg);
    assert_int_equal(tcb->srtt_us, 10000);
    tcp_set_now(tcp, tcp->now + 50000);
    acked(); /* the rest of the same flight */
    assert_int_equal(tcb->srtt_us, 10000);
    sends(100);
    tcp_set_now(tcp, tcp->now + 18000);
    acked();
    assert_int_equal(tcb->srtt_us, 11000);
    net_discard(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_measurement_is_taken_over_whole),
        cmocka_unit_test(later_ones_are_smoothed),
        cmocka_unit_test(it_stays_within_its_bounds),
        cmocka_unit_test(after_a_lost_syn_it_begins_at_three_seconds),
        cmocka_unit_test(a_range_is_measured_to_the_microsecond),
        cmocka_unit_test(what_was_sent_twice_measures_nothing),
        cmocka_unit_test(timestamps_measure_what_was_sent_twice),
        cmocka_unit_test(one_measurement_a_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
