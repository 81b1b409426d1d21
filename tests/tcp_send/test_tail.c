/*
 * Tail loss probes, and losses found by time. [RFC8985 6.2, 7]
 */
#include "inside.h"

#include <string.h>

#define RTT_US 20000u

static struct net net;
static struct tcp *tcp;
static struct tcb *tcb;
static struct tcp_side *side;
static seq_t base;
static uint32_t full;

/* A round trip of 20 ms is known; nothing is on its way. */
static void start(enum ciao_profile profile)
{
    const struct net_spec spec = {.mtu = 1500, .delay_us = RTT_US / 2, .seed = 8};
    struct ciao_settings settings = *ciao_profile(profile);
    settings.initial_window_segments = 10;
    net_open(&net, &spec, &settings);
    assert_true(net_connect(&net));
    tcp = inside_tcp(&net, NET_A);
    tcb = inside_tcb(&net, NET_A);
    base = tcb->snd.nxt;
    full = tcb->smss;
    assert_true(tcp_queue_attach(tcp, tcb));
    side = tcp_side(tcp, tcb);
    assert_int_equal(tcb->srtt_us, RTT_US);
    side->rtt_min_us = RTT_US;
}

static void writes(uint32_t segments)
{
    static const uint8_t bytes[60000];
    assert_int_equal(tcp_sendq_write(tcp, tcb, bytes, segments * full), segments * full);
}

/* The number of the full segment that leaves; -1: none does. */
static int leaves(void)
{
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    if (tcp_output_next(tcp, tcb, &frame) != TCP_SENT_FRAME)
        return -1;
    uint32_t at = get_be32(frame.head + 20 + 4) - base;
    ciao_frame_release(&frame);
    return (int)(at / full);
}

static void leave_all(int from, int to)
{
    for (int i = from; i <= to; i++)
        assert_int_equal(leaves(), i);
}

static void time_passes(uint64_t us)
{
    ciao_advance(net.stack[NET_A], tcp->now + us);
}

static struct tcp_segment ack_of(uint32_t segments)
{
    struct tcp_segment seg = inside_ack(tcb, base + segments * full);
    seg.h.opt.has_ts = true;
    seg.h.opt.ts_ecr = tcp_ts_now(tcp, tcb->ts_offset);
    return seg;
}

static void arrives(const struct tcp_segment *seg)
{
    tcp_ack_arrived(tcp, tcb, seg);
    inside_check_ranges(tcp, tcb);
}

static uint64_t counted(enum ciao_reason reason)
{
    return ciao_reason_count(net.stack[NET_A], reason);
}

/* Two round trips of silence: the last segment goes again, and its loss is repaired; no timer for
 * retransmission has run out, and cwnd is halved as for any loss.
 * [RFC8985 7.3, 7.4.2 8985-6] */
static void the_last_segment_is_repaired_without_a_timeout(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO);
    writes(10);
    leave_all(0, 9);
    time_passes(RTT_US);
    struct tcp_segment seg = ack_of(9);
    arrives(&seg);
    time_passes(2 * RTT_US - 1000);
    assert_int_equal(leaves(), -1);
    writes(0);
    time_passes(200000);
    assert_int_equal(counted(CIAO_TIMER_TAIL_PROBE), 0); /* one segment: its ACK may be delayed */
    net_discard(&net);

    start(CIAO_PROFILE_CIAO);
    writes(10);
    leave_all(0, 9);
    time_passes(RTT_US);
    seg = ack_of(8);
    arrives(&seg);
    time_passes(2 * RTT_US - 1000);
    assert_int_equal(leaves(), -1);
    time_passes(5000);
    assert_int_equal(counted(CIAO_TIMER_TAIL_PROBE), 1);
    assert_int_equal(leaves(), 9);
    assert_int_equal(counted(CIAO_AGAIN_TAIL_PROBE), 1);
    time_passes(RTT_US);
    uint32_t before = side->cwnd;
    seg = ack_of(10);
    arrives(&seg);
    assert_true(side->cwnd < before);
    assert_int_equal(side->timeouts, 0);
    assert_int_equal(side->lost, 1);
    assert_int_equal(side->repaired, 1);
    net_discard(&net);
}

/* Only the ACK was lost, and the peer says so: nothing was wrong with cwnd. [RFC8985 7.4.2] */
static void a_lost_ack_is_no_congestion(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO);
    writes(4);
    leave_all(0, 3);
    time_passes(2 * RTT_US + 5000);
    assert_int_equal(leaves(), 3);
    time_passes(RTT_US);
    uint32_t before = side->cwnd;
    struct tcp_segment seg = ack_of(4);
    inside_sack(&seg, base + 3 * full, base + 4 * full); /* it came twice */
    arrives(&seg);
    assert_true(side->cwnd >= before);
    assert_int_equal(side->lost, 0);
    net_discard(&net);
}

/* New bytes make as good a probe, and better use of the network, beyond cwnd.
 * [RFC8985 7.3 8985-5] */
static void new_bytes_are_the_better_probe(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO);
    writes(12);
    leave_all(0, 9);
    assert_int_equal(leaves(), -1);
    time_passes(2 * RTT_US + 5000);
    assert_int_equal(leaves(), 10);
    assert_int_equal(leaves(), -1); /* one */
    assert_int_equal(side->retransmitted, 0);
    struct tcp_segment seg = ack_of(0); /* everything but the probe was lost */
    inside_sack(&seg, base + 10 * full, base + 11 * full);
    time_passes(RTT_US);
    arrives(&seg);
    assert_int_equal(side->lost_bytes, 10 * full);
    assert_true(tcb->flags & TCB_RECOVERY);
    assert_int_equal(leaves(), 0);
    net_discard(&net);
}

/* A probe that is not answered is followed by the timer, and not by another probe.
 * [RFC8985 7.2 8985-5] */
static void the_timer_follows_a_probe(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO);
    writes(4);
    leave_all(0, 3);
    time_passes(2 * RTT_US + 5000);
    assert_int_equal(leaves(), 3);
    time_passes(tcb->rto_us - 5000);
    assert_int_equal(leaves(), -1);
    assert_int_equal(side->timeouts, 0);
    time_passes(10000);
    assert_int_equal(side->timeouts, 1);
    assert_int_equal(counted(CIAO_TIMER_TAIL_PROBE), 1);
    assert_int_equal(leaves(), 0);
    net_discard(&net);
}

/* The profile of the RFCs' minimum knows the timer alone. */
static void where_probes_are_off_the_timer_is_all(void **state)
{
    (void)state;
    start(CIAO_PROFILE_RFC);
    writes(4);
    leave_all(0, 3);
    time_passes(tcb->rto_us - 5000);
    assert_int_equal(leaves(), -1);
    time_passes(10000);
    assert_int_equal(side->timeouts, 1);
    assert_int_equal(counted(CIAO_TIMER_TAIL_PROBE), 0);
    net_discard(&net);
}

/* One that was sent a quarter of a round trip later says as much as three.
 * [RFC8985 6.2 8985-1] */
static void one_arrival_long_after_makes_a_loss(void **state)
{
    (void)state;
    start(CIAO_PROFILE_CIAO);
    writes(20);
    assert_int_equal(leaves(), 0);
    tcp_set_now(tcp, tcp->now + RTT_US / 8);
    assert_int_equal(leaves(), 1);
    tcp_set_now(tcp, tcp->now + RTT_US / 4);
    assert_int_equal(leaves(), 2);
    tcp_set_now(tcp, tcp->now + RTT_US);
    struct tcp_segment seg = ack_of(0);
    inside_sack(&seg, base + full, base + 2 * full);
    arrives(&seg);
    assert_int_equal(side->lost_bytes, 0); /* it may have been overtaken */
    seg.h.opt.sack[0].end = base + 3 * full;
    arrives(&seg);
    assert_int_equal(side->lost_bytes, full);
    net_discard(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_segment_is_repaired_without_a_timeout),
        cmocka_unit_test(a_lost_ack_is_no_congestion),
        cmocka_unit_test(new_bytes_are_the_better_probe),
        cmocka_unit_test(the_timer_follows_a_probe),
        cmocka_unit_test(where_probes_are_off_the_timer_is_all),
        cmocka_unit_test(one_arrival_long_after_makes_a_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
