/*
 * What leaves, and when: Nagle, silly windows, PSH, FIN, closed windows. [RFC9293 3.7.4, 3.8.6]
 */
#include "inside.h"

#include <string.h>

static struct net net;
static struct tcp *tcp;
static struct tcb *tcb;
static seq_t base;
static uint32_t full;

static void start(uint32_t flags)
{
    const struct net_spec spec = {.mtu = 1500, .delay_us = 1000, .seed = 6};
    struct ciao_settings settings = *ciao_profile(CIAO_PROFILE_CIAO);
    settings.flags |= flags;
    settings.more &= ~CIAO_TAIL_PROBES; /* see test_tail.c */
    net_open(&net, &spec, &settings);
    assert_true(net_connect(&net));
    tcp = inside_tcp(&net, NET_A);
    tcb = inside_tcb(&net, NET_A);
    base = tcb->snd.nxt;
    full = tcb->smss;
}

static void writes(uint32_t len)
{
    static const uint8_t bytes[100000];
    assert_int_equal(ciao_send(net.stack[NET_A], net.conn[NET_A], bytes, len, 0, tcp->now), len);
}

static void writes_more(uint32_t len)
{
    static const uint8_t bytes[100000];
    assert_int_equal(
        ciao_send(net.stack[NET_A], net.conn[NET_A], bytes, len, CIAO_SEND_MORE, tcp->now), len);
}

/* What left: where it begins, its length and flags; len -1: nothing did. */
struct sent {
    uint32_t at;
    int len;
    unsigned flags;
};

static struct sent leaves(void)
{
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    if (tcp_output_next(tcp, tcb, &frame) != TCP_SENT_FRAME)
        return (struct sent){0, -1, 0};
    struct sent sent = {get_be32(frame.head + 20 + 4) - base, (int)(frame.len - frame.head_len),
                        frame.head[20 + 13]};
    ciao_frame_release(&frame);
    return sent;
}

static void assert_leaves(uint32_t at, int len, unsigned flags)
{
    struct sent sent = leaves();
    assert_int_equal(sent.len, len);
    assert_int_equal(sent.at, at);
    assert_int_equal(sent.flags, flags);
}

static void assert_nothing_leaves(void)
{
    assert_int_equal(leaves().len, -1);
}

static void peer_acks(uint32_t to, uint32_t window)
{
    struct tcp_segment seg = inside_ack(tcb, base + to);
    seg.wnd = window;
    tcp_ack_arrived(tcp, tcb, &seg);
    inside_check_ranges(tcp, tcb);
}

static void closes(void)
{
    assert_int_equal(ciao_shutdown(net.stack[NET_A], net.conn[NET_A], CIAO_SHUT_WR, tcp->now), 0);
}

/* Time passes for this stack alone, as nothing leaves or arrives. */
static void time_passes(uint64_t us)
{
    ciao_advance(net.stack[NET_A], tcp->now + us);
}

/* [RFC9293 3.9.1.2 MUST-61, SHLD-27, SHLD-28] */
static void full_segments_leave_and_the_last_one_pushes(void **state)
{
    (void)state;
    start(0);
    writes(2 * full);
    assert_leaves(0, (int)full, TCP_ACK);
    assert_leaves(full, (int)full, TCP_ACK | TCP_PSH);
    assert_nothing_leaves();
    net_discard(&net);
}

/* [RFC9293 3.7.4 SHLD-7] */
static void nagle_keeps_a_small_segment_while_bytes_are_on_their_way(void **state)
{
    (void)state;
    start(0);
    writes(10);
    assert_leaves(0, 10, TCP_ACK | TCP_PSH);
    writes(10);
    assert_nothing_leaves();
    writes(20);
    assert_nothing_leaves();
    peer_acks(10, 60000);
    assert_leaves(10, 30, TCP_ACK | TCP_PSH); /* in one */
    net_discard(&net);
}

/* [RFC9293 3.7.4 MUST-17] */
static void without_nagle_it_leaves_at_once(void **state)
{
    (void)state;
    start(CIAO_NODELAY);
    writes(10);
    assert_leaves(0, 10, TCP_ACK | TCP_PSH);
    writes(10);
    assert_leaves(10, 10, TCP_ACK | TCP_PSH);
    net_discard(&net);
}

static void more_to_come_holds_a_small_segment_back_but_not_for_ever(void **state)
{
    (void)state;
    start(0);
    writes_more(10);
    assert_nothing_leaves();
    time_passes(300000); /* [RFC9293 3.9.1.2 MUST-60] */
    assert_leaves(0, 10, TCP_ACK | TCP_PSH);
    peer_acks(10, 60000);
    writes_more(10);
    assert_nothing_leaves();
    writes(5);
    assert_leaves(10, 15, TCP_ACK | TCP_PSH);
    net_discard(&net);
}

/* [RFC9293 3.8.6.2.1 MUST-38] */
static void a_small_part_of_the_window_waits_for_more_of_it(void **state)
{
    (void)state;
    start(0);
    writes(5000);
    tcb->snd.wnd = tcb->snd.max_wnd = 10000;
    peer_acks(0, 500);
    assert_nothing_leaves();
    time_passes(250000); /* the override timer */
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_TIMER_SWS_OVERRIDE), 1);
    assert_leaves(0, 500, TCP_ACK);
    net_discard(&net);
}

/* Half of the largest window ever offered is worth it. [RFC9293 3.8.6.2.1 MUST-38] */
static void half_of_a_small_window_is_used(void **state)
{
    (void)state;
    start(0);
    writes(5000);
    tcb->snd.wnd = tcb->snd.max_wnd = 1000;
    peer_acks(0, 500);
    assert_leaves(0, 500, TCP_ACK);
    net_discard(&net);
}

/* [RFC9293 3.10.4] */
static void fin_rides_on_the_last_bytes(void **state)
{
    (void)state;
    start(0);
    writes(full + 10);
    closes();
    assert_leaves(0, (int)full, TCP_ACK);
    assert_leaves(full, 10, TCP_ACK | TCP_PSH | TCP_FIN);
    assert_nothing_leaves();
    assert_int_equal(tcb->snd.nxt, base + full + 11);
    net_discard(&net);
}

static void fin_waits_behind_a_closed_window(void **state)
{
    (void)state;
    start(0);
    writes(full);
    peer_acks(0, full);
    closes();
    assert_leaves(0, (int)full, TCP_ACK | TCP_PSH); /* the window ends before the FIN */
    assert_nothing_leaves();
    peer_acks(full, 60000);
    assert_leaves(full, 0, TCP_ACK | TCP_FIN);
    net_discard(&net);
}

/* Lost bytes go again, and the FIN with them. */
static void fin_rides_again(void **state)
{
    (void)state;
    start(0);
    writes(100);
    closes();
    assert_leaves(0, 100, TCP_ACK | TCP_PSH | TCP_FIN);
    tcp_timeout_retransmit(tcp, tcb);
    assert_leaves(0, 100, TCP_ACK | TCP_PSH | TCP_FIN);
    peer_acks(100, 60000);
    tcp_timeout_retransmit(tcp, tcb); /* our FIN alone */
    assert_leaves(100, 0, TCP_ACK | TCP_FIN);
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_TIMER_FIN), 1);
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_AGAIN_FIN), 1);
    net_discard(&net);
}

/* [RFC9293 3.8.6 MUST-34, SHLD-15] */
static void a_window_that_shrank_lets_nothing_new_out(void **state)
{
    (void)state;
    start(0);
    writes(5 * full);
    assert_leaves(0, (int)full, TCP_ACK);
    assert_leaves(full, (int)full, TCP_ACK);
    peer_acks(0, full);
    assert_nothing_leaves();
    tcp_timeout_retransmit(tcp, tcb); /* SHLD-16: old bytes go again as usual */
    assert_leaves(0, (int)full, TCP_ACK);
    net_discard(&net);
}

/* [RFC9293 3.8.6.1 MUST-36, SHLD-29, SHLD-30] */
static void a_closed_window_is_knocked_at_ever_more_slowly(void **state)
{
    (void)state;
    start(0);
    writes(5000);
    peer_acks(0, 0);
    assert_nothing_leaves();
    assert_true(tcb->flags & TCB_PERSIST);
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_DID_WINDOW_CLOSED), 1);
    uint64_t rto_us = tcb->rto_us;
    time_passes(rto_us - 2000);
    assert_nothing_leaves();
    time_passes(3000);
    assert_leaves(0, 1, TCP_ACK); /* one byte */
    peer_acks(0, 0);
    assert_nothing_leaves();
    time_passes(rto_us + 2000);
    assert_nothing_leaves();
    time_passes(rto_us);
    assert_leaves(0, 1, TCP_ACK);
    time_passes(3 * rto_us);
    assert_nothing_leaves();
    time_passes(2 * rto_us);
    assert_leaves(0, 1, TCP_ACK);
    net_discard(&net);
}

/* [RFC9293 3.8.6.1 MUST-37] */
static void as_long_as_the_peer_answers_nobody_gives_up(void **state)
{
    (void)state;
    start(0);
    writes(5000);
    peer_acks(0, 0);
    leaves();
    for (unsigned hour = 0; hour < 100; hour++) {
        for (unsigned minute = 0; minute < 60; minute += 2) {
            time_passes(120000000);
            if (leaves().len == 1)
                peer_acks(0, 0);
        }
    }
    assert_int_equal(tcb->head.state, CIAO_ESTABLISHED);
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_TIMER_R2), 0);
    net_discard(&net);
}

/* The byte that knocked was turned away: it goes again, and not alone. */
static void when_the_window_opens_all_of_it_is_used(void **state)
{
    (void)state;
    start(0);
    writes(5000);
    peer_acks(0, 0);
    assert_nothing_leaves();
    time_passes(tcb->rto_us + 2000);
    assert_leaves(0, 1, TCP_ACK);
    peer_acks(0, 60000);
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_DID_WINDOW_OPENED), 1);
    assert_false(tcb->flags & TCB_PERSIST);
    assert_leaves(0, (int)full, TCP_ACK);
    assert_leaves(full, (int)full, TCP_ACK);
    assert_int_equal(tcp_side(tcp, tcb)->lost, 0);
    net_discard(&net);
}

/* The byte that knocked was taken. */
static void a_byte_that_got_in_is_not_sent_again(void **state)
{
    (void)state;
    start(0);
    writes(5000);
    peer_acks(0, 0);
    assert_nothing_leaves();
    time_passes(tcb->rto_us + 2000);
    assert_leaves(0, 1, TCP_ACK);
    peer_acks(1, 60000);
    assert_leaves(1, (int)full, TCP_ACK);
    net_discard(&net);
}

/* [RFC9293 3.8.3 MUST-20, SHLD-9, SHLD-10] */
static void r1_is_told_and_r2_ends_it(void **state)
{
    (void)state;
    start(0);
    writes(10);
    assert_leaves(0, 10, TCP_ACK | TCP_PSH);
    for (unsigned i = 0; i < 4; i++) {
        time_passes(tcb->rto_us + 2000);
        assert_leaves(0, 10, TCP_ACK | TCP_PSH);
    }
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_TIMER_R1), 1);
    assert_int_equal(ciao_soft_error(net.stack[NET_A], net.conn[NET_A]), -CIAO_ETIMEDOUT);
    for (unsigned i = 0; i < 30 && ciao_error(net.stack[NET_A], net.conn[NET_A]) == 0; i++) {
        time_passes(60000000);
        leaves();
    }
    assert_int_equal(ciao_reason_count(net.stack[NET_A], CIAO_TIMER_R2), 1);
    assert_int_equal(ciao_error(net.stack[NET_A], net.conn[NET_A]), -CIAO_ETIMEDOUT);
    net_discard(&net);
}

/* After a silence longer than the timeout cwnd is what it was at the start. [RFC5681 4.1 5681-8] */
static void after_idling_cwnd_begins_anew(void **state)
{
    (void)state;
    start(0);
    struct tcp_side *side;
    writes(10);
    assert_leaves(0, 10, TCP_ACK | TCP_PSH);
    peer_acks(10, 600000);
    side = tcp_side(tcp, tcb);
    side->cwnd = 100 * full;
    time_passes(tcb->rto_us + 1000000);
    writes(20 * full);
    for (unsigned i = 0; i < 10; i++)
        assert_leaves(10 + i * full, (int)full, TCP_ACK);
    assert_nothing_leaves();
    net_discard(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_segments_leave_and_the_last_one_pushes),
        cmocka_unit_test(nagle_keeps_a_small_segment_while_bytes_are_on_their_way),
        cmocka_unit_test(without_nagle_it_leaves_at_once),
        cmocka_unit_test(more_to_come_holds_a_small_segment_back_but_not_for_ever),
        cmocka_unit_test(a_small_part_of_the_window_waits_for_more_of_it),
        cmocka_unit_test(half_of_a_small_window_is_used),
        cmocka_unit_test(fin_rides_on_the_last_bytes),
        cmocka_unit_test(fin_waits_behind_a_closed_window),
        cmocka_unit_test(fin_rides_again),
        cmocka_unit_test(a_window_that_shrank_lets_nothing_new_out),
        cmocka_unit_test(a_closed_window_is_knocked_at_ever_more_slowly),
        cmocka_unit_test(as_long_as_the_peer_answers_nobody_gives_up),
        cmocka_unit_test(when_the_window_opens_all_of_it_is_used),
        cmocka_unit_test(a_byte_that_got_in_is_not_sent_again),
        cmocka_unit_test(r1_is_told_and_r2_ends_it),
        cmocka_unit_test(after_idling_cwnd_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
