/*
 * What is declared lost, and what is done about it. [RFC5681 3.2, RFC6675 4-5, RFC6582 3.2]
 */
#include "inside.h"

#include <string.h>

static struct net net;
static struct tcp *tcp;
static struct tcb *tcb;
static struct tcp_side *side;
static seq_t base;
static uint32_t full; /* payload of a full segment */

/* `n` full segments are on their way, each sent 100 us after the one before; as many more wait. */
static void start(uint8_t flags, unsigned n)
{
    const struct net_spec spec = {.mtu = 1500, .delay_us = 1000, .seed = 5};
    struct ciao_settings settings = *ciao_profile(CIAO_PROFILE_CIAO);
    static const uint8_t bytes[60000];
    settings.flags |= flags;
    settings.initial_window_segments = n;
    settings.more &= ~CIAO_TAIL_PROBES;
    settings.congestion = CIAO_CC_NEWRENO;
    net_open(&net, &spec, &settings);
    assert_true(net_connect(&net));
    tcp = inside_tcp(&net, NET_A);
    tcb = inside_tcb(&net, NET_A);
    base = tcb->snd.nxt;
    full = tcb->smss;
    assert_int_equal(tcp_sendq_write(tcp, tcb, bytes, 2 * n * full), 2 * n * full);
    side = tcp_side(tcp, tcb);
    tcp_set_now(tcp, tcp->now + 1000000);
}

/* The number of the segment that leaves, counted in full segments from 0; -1: none does. */
static int leaves(void)
{
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    tcp_set_now(tcp, tcp->now + 100);
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

/* The peer acknowledges what is before segment `ack` and holds [from, to) besides. */
static void peer_sacks(uint32_t ack, uint32_t from, uint32_t to)
{
    struct tcp_segment seg = inside_ack(tcb, base + ack * full);
    if (from != to)
        inside_sack(&seg, base + from * full, base + to * full);
    if (tcb->flags & TCB_TS) {
        seg.h.opt.has_ts = true;
        seg.h.opt.ts_ecr = tcp_ts_now(tcp, tcb->ts_offset);
    }
    tcp_set_now(tcp, tcp->now + 10000);
    tcp_ack_arrived(tcp, tcb, &seg);
    inside_check_ranges(tcp, tcb);
}

static void peer_acks(uint32_t ack)
{
    peer_sacks(ack, 0, 0);
}

/* [RFC6675 4 6675-2, 5 6675-1] */
static void three_segments_sent_later_make_one_lost(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    peer_sacks(0, 1, 2);
    peer_sacks(0, 1, 3);
    assert_int_equal(side->lost_bytes, 0);
    peer_sacks(0, 1, 4);
    assert_int_equal(side->lost_bytes, full);
    assert_int_equal(side->lost, 1);
    assert_true(tcb->flags & TCB_RECOVERY);
    assert_int_equal(side->ssthresh, 5 * full); /* [RFC5681 3.2 5681-7] */
    assert_int_equal(side->recover, tcb->snd.nxt);
    assert_int_equal(leaves(), 0); /* at once, whatever the pipe holds */
    net_discard(&net);
}

/* The first two duplicates let one new segment go each. [RFC3042 2 3042-1, RFC5681 3.2 5681-6] */
static void limited_transmit_answers_the_first_duplicates(void **state)
{
    (void)state;
    start(CIAO_NO_SACK, 10);
    leave_all(0, 9);
    assert_int_equal(leaves(), -1);
    peer_acks(0);
    assert_int_equal(leaves(), 10);
    assert_int_equal(leaves(), -1);
    peer_acks(0);
    assert_int_equal(leaves(), 11);
    assert_int_equal(leaves(), -1);
    peer_acks(0);
    assert_int_equal(leaves(), 0); /* [RFC5681 3.2 5681-6] fast retransmit on the third */
    net_discard(&net);
}

/* A partial ACK means the next hole. [RFC6582 3.2 6582-1] */
static void newreno_repairs_a_hole_a_round_trip(void **state)
{
    (void)state;
    start(CIAO_NO_SACK, 10);
    leave_all(0, 9);
    for (unsigned i = 0; i < 3; i++)
        peer_acks(0);
    assert_int_equal(leaves(), 0);
    for (unsigned i = 0; i < 5; i++)
        peer_acks(0);
    assert_true(tcb->flags & TCB_RECOVERY);
    peer_acks(4); /* segment 4 was lost, too */
    assert_true(tcb->flags & TCB_RECOVERY);
    assert_int_equal(leaves(), 4);
    uint32_t nxt = (tcb->snd.nxt - base) / full;
    peer_acks(nxt);
    assert_false(tcb->flags & TCB_RECOVERY);
    assert_true(side->cwnd <= side->ssthresh);
    assert_int_equal(side->sacked_bytes, 0);
    assert_int_equal(side->repaired, 2);
    assert_int_equal(side->timeouts, 0);
    net_discard(&net);
}

/* Two duplicates because of reordering repair nothing. */
static void reordering_of_two_is_no_loss(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    peer_sacks(0, 1, 2);
    peer_sacks(0, 1, 3);
    peer_acks(3);
    assert_int_equal(side->lost, 0);
    assert_false(tcb->flags & TCB_RECOVERY);
    assert_int_equal(side->sacked_bytes, 0);
    net_discard(&net);
}

/* What was sent after the repair arrives, the repair does not: no timer is needed to see it, and it
 * is a second sign of congestion. [RFC5681 4.3 5681-11] */
static void a_lost_repair_is_found_and_sent_again(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    peer_sacks(0, 1, 4);
    assert_int_equal(leaves(), 0);
    peer_sacks(0, 1, 10); /* what was sent before the repair proves nothing */
    assert_int_equal(side->lost_bytes, 0);
    leave_all(10, 13);
    peer_sacks(0, 1, 12);
    assert_int_equal(side->lost_bytes, 0);
    uint32_t before = side->ssthresh;
    peer_sacks(0, 1, 13);
    assert_int_equal(side->lost_bytes, full);
    assert_int_equal(leaves(), 0);
    assert_true(side->ssthresh < before);
    peer_acks(14);
    assert_int_equal(side->lost, 1);
    assert_int_equal(side->repaired, 1);
    assert_int_equal(side->timeouts, 0);
    net_discard(&net);
}

/* The repair was needless: the network reorders more than we thought. [RFC4015 3.2] */
static void a_needless_repair_is_undone(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    uint32_t cwnd = side->cwnd;
    struct tcp_segment seg = inside_ack(tcb, base + 5 * full);
    seg.h.opt.has_ts = true;
    seg.h.opt.ts_ecr = tcp_ts_now(tcp, tcb->ts_offset); /* of the first sending */
    peer_sacks(0, 1, 5);
    tcp_set_now(tcp, tcp->now + 5000);
    assert_int_equal(leaves(), 0);
    tcp_ack_arrived(tcp, tcb, &seg);
    assert_false(tcb->flags & TCB_RECOVERY);
    assert_true(side->cwnd >= cwnd);
    assert_int_equal(side->ssthresh, 0x7fffffff);
    assert_int_equal(tcb->dup_thresh, 4);
    net_discard(&net);
}

/* [RFC6675 5 6675-4] */
static void recovery_ends_when_all_of_then_is_acknowledged(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    peer_sacks(0, 1, 10);
    assert_int_equal(leaves(), 0);
    leave_all(10, 13);
    peer_sacks(9, 10, 11);
    assert_true(tcb->flags & TCB_RECOVERY);
    peer_acks(10);
    assert_false(tcb->flags & TCB_RECOVERY);
    assert_int_equal(side->cwnd, side->ssthresh);
    net_discard(&net);
}

/* Nothing lost is left, nothing new waits: the last segment goes again, once. [RFC6675 4 6675-3] */
static void one_rescue_a_recovery(void **state)
{
    (void)state;
    start(0, 10);
    side->cwnd = 20 * full;
    leave_all(0, 19);
    peer_sacks(0, 1, 4);
    assert_int_equal(leaves(), 0);
    peer_sacks(0, 1, 18);
    assert_int_equal(side->lost_bytes, 0);
    assert_int_equal(leaves(), 19);
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_AGAIN_RESCUE), 1);
    assert_int_equal(leaves(), -1);
    net_discard(&net);
}

/* D-SACK: bytes below the ACK, or inside the second block, are no news. [RFC2883 4-5 2883-2] */
static void a_report_of_duplicates_is_no_sack(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    struct tcp_segment seg = inside_ack(tcb, base + 2 * full);
    inside_sack(&seg, base, base + full);
    tcp_ack_arrived(tcp, tcb, &seg);
    assert_int_equal(side->sacked_bytes, 0);
    seg = inside_ack(tcb, base + 2 * full);
    inside_sack(&seg, base + 4 * full, base + 5 * full);
    inside_sack(&seg, base + 4 * full, base + 6 * full);
    tcp_ack_arrived(tcp, tcb, &seg);
    assert_int_equal(side->sacked_bytes, 2 * full);
    inside_check_ranges(tcp, tcb);
    net_discard(&net);
}

/* The peer may forget what it SACKed: it is still ours to send. [RFC2018 8 2018-5, 2018-6] */
static void a_peer_that_reneges_gets_its_bytes_again(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    peer_sacks(0, 1, 3);
    assert_int_equal(side->sacked_bytes, 2 * full);
    peer_acks(1); /* it asks for what it has said it holds */
    assert_int_equal(side->sacked_bytes, 0);
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_DID_SACK_RENEGED), 1);
    tcp_timeout_retransmit(tcp, tcb);
    assert_int_equal(leaves(), 1);
    net_discard(&net);
}

/* [RFC2018 5 2018-6, RFC5681 3.1 5681-5, RFC6298 5.4-5.6 6298-7, 6298-8] */
static void after_a_timeout_everything_is_sent_again_from_one_segment(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    peer_sacks(0, 5, 6);
    uint32_t rto_us = tcb->rto_us;
    tcp_timeout_retransmit(tcp, tcb);
    assert_int_equal(side->cwnd, full);
    assert_int_equal(side->ssthresh, 5 * full);
    assert_int_equal(side->sacked_bytes, 0);
    assert_int_equal(side->lost_bytes, 10 * full);
    assert_int_equal(tcb->rto_us, 2 * rto_us);
    assert_int_equal(leaves(), 0);
    assert_int_equal(leaves(), -1);
    peer_sacks(1, 5, 6);
    assert_int_equal(leaves(), 1);
    assert_int_equal(leaves(), 2);
    assert_int_equal(leaves(), -1);
    peer_sacks(3, 5, 6);
    assert_int_equal(leaves(), 3);
    assert_int_equal(leaves(), 4);
    assert_int_equal(leaves(), 6); /* 5 is there */
    net_discard(&net);
}

/* The same bytes time out again: ssthresh is kept. [RFC5681 3.1 5681-5] */
static void a_second_timeout_keeps_ssthresh(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    tcp_timeout_retransmit(tcp, tcb);
    assert_int_equal(leaves(), 0);
    tcp_timeout_retransmit(tcp, tcb);
    assert_int_equal(side->ssthresh, 5 * full);
    assert_int_equal(side->timeouts, 2);
    net_discard(&net);
}

/* [RFC6675 5.1 6675-5] */
static void no_fast_recovery_before_the_timeout_is_repaired(void **state)
{
    (void)state;
    start(0, 10);
    leave_all(0, 9);
    tcp_timeout_retransmit(tcp, tcb);
    assert_int_equal(leaves(), 0);
    peer_sacks(0, 1, 6);
    assert_false(tcb->flags & TCB_RECOVERY);
    peer_acks(10);
    assert_false(tcb->flags & (TCB_RECOVERY | TCB_RTO_RECOVERY));
    net_discard(&net);
}

/* With three on their way and nothing more to send, two that arrive suffice. [RFC5827 2.1] */
static void few_segments_need_fewer_duplicates(void **state)
{
    (void)state;
    start(0, 2);
    side->cwnd = 4 * full;
    leave_all(0, 3);
    peer_sacks(1, 2, 3);
    assert_int_equal(side->lost_bytes, 0);
    peer_sacks(1, 2, 4);
    assert_int_equal(side->lost_bytes, full);
    assert_int_equal(leaves(), 1);
    net_discard(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_segments_sent_later_make_one_lost),
        cmocka_unit_test(limited_transmit_answers_the_first_duplicates),
        cmocka_unit_test(newreno_repairs_a_hole_a_round_trip),
        cmocka_unit_test(reordering_of_two_is_no_loss),
        cmocka_unit_test(a_lost_repair_is_found_and_sent_again),
        cmocka_unit_test(a_needless_repair_is_undone),
        cmocka_unit_test(recovery_ends_when_all_of_then_is_acknowledged),
        cmocka_unit_test(one_rescue_a_recovery),
        cmocka_unit_test(a_report_of_duplicates_is_no_sack),
        cmocka_unit_test(a_peer_that_reneges_gets_its_bytes_again),
        cmocka_unit_test(after_a_timeout_everything_is_sent_again_from_one_segment),
        cmocka_unit_test(a_second_timeout_keeps_ssthresh),
        cmocka_unit_test(no_fast_recovery_before_the_timeout_is_repaired),
        cmocka_unit_test(few_segments_need_fewer_duplicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
