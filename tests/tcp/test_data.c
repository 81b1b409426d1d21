/*
 * Bytes that arrive: put in order, acknowledged in time, asked for with SACK, and the window that
 * is offered for them.  [RFC9293 3.8.6, 3.10.7.4 seventh; RFC2018; RFC5681 4.2]
 */
#include "support/story.h"
#include "tcp/reach.h"

/* [RFC9293 3.10.7.4 seventh EV-36] */
TEST(bytes_in_order_are_delivered)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=700");
    expect_ready(r, CIAO_READABLE | CIAO_WRITABLE);
    user_reads(r, 500);
    user_reads(r, 200);
    expect_read_error(r, CIAO_EAGAIN);
    time_passes(r, 200);
    expect_sent(r, "ACK seq=1 ack=701");
}

/* [RFC9293 3.10.7.4 SHLD-31 EV-16] */
TEST(bytes_that_come_too_early_are_held)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1001 ack=1 len=1000");
    expect_told(r, "DID_DATA_HELD");
    expect_sent(r, "ACK seq=1 ack=1"); /* at once: it says what is missing */
    expect_read_error(r, CIAO_EAGAIN);
    peer_sends(r, "ACK seq=3001 ack=1 len=1000");
    expect_sent(r, "ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    whatever_was_sent(r);
    user_reads(r, 2000);
    expect_read_error(r, CIAO_EAGAIN);
    peer_sends(r, "ACK seq=2001 ack=1 len=1000");
    expect_sent(r, "ACK seq=1 ack=4001");
    user_reads(r, 2000);
}

TEST(a_fin_that_comes_too_early_counts_when_its_turn_comes)
{
    they_are_connected(r);
    peer_sends(r, "FIN,ACK seq=1001 ack=1 len=500");
    expect_sent(r, "ACK seq=1 ack=1");
    expect_state(r, CIAO_ESTABLISHED);
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    expect_sent(r, "ACK seq=1 ack=1502");
    expect_state(r, CIAO_CLOSE_WAIT);
    user_reads(r, 1500);
    expect_end_of_stream(r);
}

TEST(bytes_that_came_twice_are_read_once)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    expect_dropped(r, CIAO_DROP_SEQ_OUTSIDE_WINDOW);
    expect_sent(r, "ACK seq=1 ack=1001");
    peer_sends(r, "ACK seq=3001 ack=1 len=1000");
    expect_sent(r, "ACK seq=1 ack=1001");
    peer_sends(r, "ACK seq=3001 ack=1 len=1000");
    expect_dropped(r, CIAO_DROP_DATA_TWICE);
    expect_sent(r, "ACK seq=1 ack=1001");
    peer_sends(r, "ACK seq=1001 ack=1 len=2000");
    whatever_was_sent(r);
    user_reads(r, 4000);
}

/* Whatever way they overlap, each byte is read once, and is the right one. */
TEST(overlapping_segments_make_one_stream)
{
    static const struct {
        unsigned from, len;
    } parts[] = {{501, 400},  {301, 300}, {801, 300}, {201, 1000}, {1401, 100},
                 {1301, 300}, {1351, 50}, {1, 250},   {1, 1300}};
    they_are_connected(r);
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++)
        peer_sends_f(r, "ACK seq=%u ack=1 len=%u", parts[i].from, parts[i].len);
    whatever_was_sent(r);
    user_reads(r, 1600);
    expect_read_error(r, CIAO_EAGAIN);
    expect(r, story_info(r).out_of_order_bytes == 0);
}

/* Every order of five segments, of which some overlap. */
static void in_this_order(struct story *r, unsigned order)
{
    static const char *const parts[] = {"ACK seq=1 ack=1 len=100", "ACK seq=101 ack=1 len=100",
                                        "ACK seq=151 ack=1 len=150", "ACK seq=301 ack=1 len=100",
                                        "FIN,ACK seq=401 ack=1"};
    unsigned left[5] = {0, 1, 2, 3, 4};
    for (unsigned n = 5; n != 0; n--) {
        unsigned pick = order % n;
        order /= n;
        peer_sends(r, parts[left[pick]]);
        for (unsigned i = pick; i + 1 < n; i++)
            left[i] = left[i + 1];
    }
}

TEST(all_120_orders_of_five_segments_read_the_same)
{
    for (unsigned order = 0; order < 120; order++) {
        they_are_connected(r);
        in_this_order(r, order);
        user_reads(r, 400);
        expect_end_of_stream(r);
        expect_state(r, CIAO_CLOSE_WAIT);
        user_aborts(r);
        whatever_was_sent(r);
    }
}

/* What is held is bounded: the peer can make us hold no more than twice the buffer. */
TEST(out_of_order_bytes_beyond_the_buffer_are_dropped)
{
    r->config.tcp.rcvbuf_bytes = 4000;
    they_are_connected(r);
    for (unsigned i = 0; i < 60; i++)
        peer_sends_f(r, "ACK seq=%u ack=1 len=30", 51 + i * 60);
    expect_dropped(r, CIAO_DROP_RECEIVE_BUFFER_FULL);
    whatever_was_sent(r);
    peer_sends(r, "ACK seq=1 ack=1 len=1000"); /* but what is in order is never refused */
    user_reads(r, 1000);
    whatever_was_sent(r);
}

/* ---- when to acknowledge ---- */

/* [RFC9293 3.8.6.3 MUST-40, SHLD-18, SHLD-19; RFC5681 4.2 5681-9] */
TEST(every_second_full_segment_is_acknowledged_at_once)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1001 ack=1 len=1000");
    expect_sent(r, "ACK seq=1 ack=2001");
    peer_sends(r, "ACK seq=2001 ack=1 len=1000");
    time_passes(r, 199);
    expect_nothing_sent(r);
    time_passes(r, 1);
    expect_told(r, "TIMER_DELAYED_ACK");
    expect_sent(r, "ACK seq=1 ack=3001");
    user_reads(r, 3000);
    whatever_was_sent(r);
}

TEST(an_ack_rides_on_our_bytes)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=10");
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 ack=11 len=10");
    time_passes(r, 500);
    expect_nothing_sent(r);
    peer_resets(r);
}

/* AS LINUX: at the start the peer's window grows by our ACKs. */
TEST(at_the_start_each_segment_is_acknowledged_where_quick)
{
    r->config.tcp.quick_acks = 3;
    they_are_connected(r);
    for (unsigned i = 0; i < 3; i++) {
        peer_sends_f(r, "ACK seq=%u ack=1 len=10", 1 + 10 * i);
        expect_sent_f(r, "ACK seq=1 ack=%u", 11 + 10 * i);
    }
    peer_sends(r, "ACK seq=31 ack=1 len=10");
    expect_nothing_sent(r);
    time_passes(r, 200);
    expect_sent(r, "ACK seq=1 ack=41");
}

/* ---- SACK [RFC2018] ---- */

/* [RFC2018 4 2018-3, 2018-4] the newest block first, then those told lately */
TEST(sack_blocks_tell_the_newest_first)
{
    they_are_connected_with(r, "sackOK");
    peer_sends(r, "ACK seq=101 ack=1 len=100");
    expect_sent(r, "ACK seq=1 ack=1 <sack 101:201>");
    peer_sends(r, "ACK seq=301 ack=1 len=100");
    expect_sent(r, "ACK seq=1 ack=1 <sack 301:401 101:201>");
    peer_sends(r, "ACK seq=501 ack=1 len=100");
    expect_sent(r, "ACK seq=1 ack=1 <sack 501:601 301:401 101:201>");
    peer_sends(r, "ACK seq=201 ack=1 len=100"); /* joins two */
    expect_sent(r, "ACK seq=1 ack=1 <sack 101:401 501:601>");
    peer_sends(r, "ACK seq=1 ack=1 len=100");
    expect_sent(r, "ACK seq=1 ack=401 <sack 501:601>");
    peer_sends(r, "ACK seq=401 ack=1 len=100");
    expect_sent(r, "ACK seq=1 ack=601 <>");
    user_reads(r, 600);
}

/* [RFC2018 2 2018-2] no blocks to a peer that has not permitted them */
TEST(without_permission_there_are_no_sack_blocks)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=101 ack=1 len=100");
    expect_sent(r, "ACK seq=1 ack=1 <>");
}

/* Beside timestamps three fit. */
TEST(sack_blocks_beside_timestamps)
{
    they_are_connected_with(r, "sackOK,ts 9 *");
    for (unsigned i = 0; i < 5; i++)
        peer_sends_f(r, "ACK seq=%u ack=1 len=10", 101 + 20 * i);
    for (unsigned i = 0; i < 4; i++)
        expect_sent(r, r->sent[r->sent_first % STORY_SEGMENTS].h.opt.n_sack == 1
                           ? "ACK <ts * 9,sack 101:111>"
                       : i == 1 ? "ACK <ts * 9,sack 121:131 101:111>"
                       : i == 2 ? "ACK <ts * 9,sack 141:151 121:131 101:111>"
                                : "ACK <ts * 9,sack 161:171 141:151 121:131>");
    expect_sent(r, "ACK seq=1 ack=1 <ts * 9,sack 181:191 161:171 141:151>");
}

/* ---- the window that we offer ---- */

/* [RFC9293 3.8.6 SHLD-14] checked with every segment: here are many sizes */
TEST(the_right_edge_never_moves_left)
{
    r->config.tcp.rcvbuf_bytes = 20000;
    they_are_connected(r);
    unsigned at = 1;
    for (unsigned i = 0; i < 400 && story_info(r).rcv_wnd >= 97; i++) {
        unsigned len = 1 + i % 97;
        peer_sends_f(r, "ACK seq=%u ack=1 len=%u", at, len);
        at += len;
        if (i % 7 == 0)
            user_reads(r, len);
        whatever_was_sent(r);
    }
    time_passes(r, 500);
    whatever_was_sent(r);
    expect(r, at > 5000);
}

/* [RFC9293 3.8.6.2.2 MUST-39] no small steps: the window opens by a full segment or
 * half the buffer */
TEST(the_window_opens_by_worthwhile_steps)
{
    r->config.tcp.rcvbuf_bytes = 8000;
    r->config.tcp.delayed_ack_us = 0;
    they_are_connected(r);
    unsigned at = 1;
    while (story_info(r).rcv_wnd != 0) {
        unsigned some = story_info(r).rcv_wnd < 1000 ? story_info(r).rcv_wnd : 1000;
        peer_sends_f(r, "ACK seq=%u ack=1 len=%u", at, some);
        at += some;
    }
    whatever_was_sent(r);
    user_reads(r, 100); /* that is not worth telling */
    expect_nothing_sent(r);
    peer_sends_f(r, "ACK seq=%u ack=1 len=1", at);
    expect_sent_f(r, "ACK seq=1 ack=%u wnd=0", at);
    user_reads(r, at - 101);
    expect_sent_f(r, "ACK seq=1 ack=%u wnd=8000", at); /* and this without being asked */
}

/* [RFC7323 2.2, 2.3 7323-1, 7323-3; RFC9293 3.1 REC-1] */
TEST(large_windows_are_scaled)
{
    r->config.tcp.rcvbuf_bytes = 1 << 20;
    user_connects(r);
    expect_sent(r, "SYN seq=0 wnd=65535 <mss *,sackOK,ts * 0,wscale 5>");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000,nop,wscale 9>");
    expect_sent(r, "ACK seq=1 ack=1 wnd=32768");
    expect(r, story_info(r).snd_wnd == 65535); /* a SYN's is not */
    peer_sends(r, "ACK seq=1 ack=1 wnd=300");
    expect(r, story_info(r).snd_wnd == 300 << 9);
}

TEST(without_the_peers_offer_nothing_is_scaled)
{
    r->config.tcp.rcvbuf_bytes = 1 << 20;
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 wnd=300 len=1");
    expect(r, story_info(r).snd_wnd == 300);
    time_passes(r, 500);
    expect_sent(r, "ACK seq=1 ack=2 wnd=65535");
}

/* However large the buffer is: sixteen bits can say no more than before. */
TEST(a_little_room_in_a_full_unscaled_window_is_not_told)
{
    r->config.tcp.rcvbuf_bytes = 1 << 20;
    r->config.tcp.delayed_ack_us = 0;
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    expect_sent(r, "ACK seq=1 ack=1001 wnd=65535");
    user_reads(r, 1000);
    expect_nothing_sent(r);
}

/* [RFC7323 2.3 7323-2] */
TEST(a_scale_above_14_means_14)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000,wscale 15>");
    expect_sent(r, "ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=1 wnd=2");
    expect(r, story_info(r).snd_wnd == 2 << 14);
}

/* ---- the user who does not read ---- */

TEST(after_stopping_to_read_the_end_is_read)
{
    they_are_connected(r);
    user_stops_reading(r);
    expect_told(r, "CALL_SHUTDOWN_RD");
    expect_end_of_stream(r);
    expect_state(r, CIAO_ESTABLISHED); /* nothing of this is seen by the peer */
    expect_nothing_sent(r);
}

STORIES(STORY(bytes_in_order_are_delivered), STORY(bytes_that_come_too_early_are_held),
        STORY(a_fin_that_comes_too_early_counts_when_its_turn_comes),
        STORY(bytes_that_came_twice_are_read_once), STORY(overlapping_segments_make_one_stream),
        STORY(all_120_orders_of_five_segments_read_the_same),
        STORY(out_of_order_bytes_beyond_the_buffer_are_dropped),
        STORY(every_second_full_segment_is_acknowledged_at_once), STORY(an_ack_rides_on_our_bytes),
        STORY(at_the_start_each_segment_is_acknowledged_where_quick),
        STORY(sack_blocks_tell_the_newest_first),
        STORY(without_permission_there_are_no_sack_blocks), STORY(sack_blocks_beside_timestamps),
        STORY(the_right_edge_never_moves_left), STORY(the_window_opens_by_worthwhile_steps),
        STORY(large_windows_are_scaled), STORY(without_the_peers_offer_nothing_is_scaled),
        STORY(a_little_room_in_a_full_unscaled_window_is_not_told),
        STORY(a_scale_above_14_means_14), STORY(after_stopping_to_read_the_end_is_read))
