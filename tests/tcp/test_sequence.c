/*
 * Which segments are let in: the acceptability table, trimming, closed windows, PAWS, no ACK.
 * [RFC9293 3.4, 3.10.7.4 first; RFC7323 5]
 */
#include "support/story.h"
#include "tcp/reach.h"

#define WND 10000

/* Our window is 10,000 bytes from 1 on. */
static void begin(struct story *r)
{
    r->config.tcp.rcvbuf_bytes = WND;
    r->config.tcp.delayed_ack_us = 0;
    they_are_connected(r);
}

/* Our window is closed: the user has not read what fills it. */
static unsigned close_window(struct story *r)
{
    unsigned at = 1;
    begin(r);
    while (story_info(r).rcv_wnd != 0) {
        unsigned some = story_info(r).rcv_wnd < 1000 ? story_info(r).rcv_wnd : 1000;
        peer_sends_f(r, "ACK seq=%u ack=1 len=%u", at, some);
        at += some;
        expect(r, at < 3 * WND);
    }
    whatever_was_sent(r);
    return at;
}

/* The four cases of the table. [RFC9293 3.10.7.4 first, table 6 EV-15] */
TEST(an_empty_segment_must_begin_in_the_window)
{
    static const struct {
        int seq;
        bool in;
    } cases[] = {{1, true}, {2, true}, {WND, true}, {WND + 1, false}, {0, false}, {-5, false}};
    begin(r);
    for (unsigned i = 0; i < 6; i++) {
        peer_sends_f(r, "ACK seq=%d ack=1", cases[i].seq);
        if (cases[i].in) {
            expect_not_told(r, "DROP_SEQ_OUTSIDE_WINDOW");
            expect_nothing_sent(r);
        } else {
            expect_dropped(r, CIAO_DROP_SEQ_OUTSIDE_WINDOW);
            expect_sent(r, "ACK seq=1 ack=1");
        }
    }
}

TEST(bytes_must_begin_or_end_in_the_window)
{
    begin(r);
    peer_sends(r, "ACK seq=-9 ack=1 len=10"); /* all old */
    expect_dropped(r, CIAO_DROP_SEQ_OUTSIDE_WINDOW);
    expect_sent(r, "ACK seq=1 ack=1");
    peer_sends_f(r, "ACK seq=%d ack=1 len=10", WND + 1); /* all beyond */
    expect_dropped(r, CIAO_DROP_SEQ_OUTSIDE_WINDOW);
    expect_sent(r, "ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=-8 ack=1 len=10"); /* the last one is new */
    expect_sent(r, "ACK seq=1 ack=2");
    user_reads(r, 1);
}

/* [RFC9293 3.10.7.4 first, 3.4 MUST-66] trimmed on both sides */
TEST(what_lies_outside_is_cut_off)
{
    begin(r);
    peer_sends_f(r, "FIN,ACK seq=-99 ack=1 len=%u", 100 + 1000);
    expect_sent(r, "ACK seq=1 ack=1002"); /* the FIN was in the window */
    user_reads(r, 1000);
    expect_end_of_stream(r);
}

TEST(a_fin_beyond_the_window_is_not_taken)
{
    begin(r);
    for (unsigned at = 1; at <= 9000; at += 1000)
        peer_sends_f(r, "ACK seq=%u ack=1 len=1000", at);
    whatever_was_sent(r);
    unsigned room = story_info(r).rcv_wnd;
    peer_sends_f(r, "FIN,ACK seq=9001 ack=1 len=%u", room + 10);
    expect_state(r, CIAO_ESTABLISHED);
    expect_sent_f(r, "ACK seq=1 ack=%u", 9001 + room);
    user_reads(r, 9000 + room);
    whatever_was_sent(r);
    peer_resets(r);
}

/* ---- a closed window ---- */

/* [RFC9293 3.10.7.4 first EV-15, 3.4 MUST-66] valid ACKs and resets are still processed */
TEST(into_a_closed_window_acks_are_taken_and_bytes_not)
{
    unsigned at = close_window(r);
    user_sends(r, 500);
    expect_sent(r, "ACK seq=1 len=500 wnd=0");
    peer_sends_f(r, "ACK seq=%u ack=501 len=1", at); /* a knock that acknowledges */
    expect_sent_f(r, "ACK seq=501 ack=%u wnd=0", at);
    expect(r, story_info(r).unacked_bytes == 0);
    peer_sends_f(r, "ACK seq=%u ack=501", at + 1);
    expect_dropped(r, CIAO_DROP_SEQ_OUTSIDE_WINDOW);
    expect_sent_f(r, "ACK seq=501 ack=%u wnd=0", at);
    peer_sends_f(r, "RST seq=%u", at);
    expect_state(r, CIAO_CLOSED);
    user_reads(r, at - 1);
    expect_read_error(r, CIAO_ERESET);
}

/* [RFC9293 3.8.6.1 MAY-8] the one who knocks is told of the window each time, and of its opening */
TEST(a_knock_at_the_closed_window_is_answered)
{
    unsigned at = close_window(r);
    expect_told(r, "DID_OUR_WINDOW_CLOSED");
    for (unsigned i = 0; i < 3; i++) {
        time_passes(r, 60000);
        peer_sends_f(r, "ACK seq=%u ack=1 len=1", at);
        expect_sent_f(r, "ACK seq=1 ack=%u wnd=0", at);
    }
    user_reads(r, at - 1);
    expect_told(r, "DID_OUR_WINDOW_OPENED");
    expect_sent_f(r, "ACK seq=1 ack=%u wnd=%u", at, WND);
    peer_sends_f(r, "ACK seq=%u ack=1 len=1", at);
    user_reads(r, 1);
    whatever_was_sent(r);
}

/* AS LINUX: a bare FIN needs no room. */
TEST(a_bare_fin_at_a_closed_window_is_taken_where_tolerant)
{
    r->config.tcp.more |= CIAO_EDGE_TOLERANT;
    unsigned at = close_window(r);
    peer_sends_f(r, "FIN,ACK seq=%u ack=1", at);
    expect_sent_f(r, "ACK seq=1 ack=%u", at + 1);
    expect_state(r, CIAO_CLOSE_WAIT);
    user_reads(r, at - 1);
    expect_end_of_stream(r);
}

TEST(a_bare_fin_at_a_closed_window_waits_where_not)
{
    unsigned at = close_window(r);
    peer_sends_f(r, "FIN,ACK seq=%u ack=1", at);
    expect_sent_f(r, "ACK seq=1 ack=%u wnd=0", at);
    expect_state(r, CIAO_ESTABLISHED);
    user_reads(r, at - 1);
    whatever_was_sent(r);
    peer_sends_f(r, "FIN,ACK seq=%u ack=1", at);
    expect_state(r, CIAO_CLOSE_WAIT);
    whatever_was_sent(r);
}

/* AS LINUX: an ACK behind bytes that filled the window and were lost still tells something. */
TEST(an_ack_at_the_right_edge_is_taken_where_tolerant)
{
    r->config.tcp.more |= CIAO_EDGE_TOLERANT;
    begin(r);
    user_sends(r, 100);
    expect_sent(r, "ACK seq=1 ack=1 len=100");
    peer_sends_f(r, "ACK seq=%d ack=101", WND + 1);
    expect_not_told(r, "DROP_SEQ_OUTSIDE_WINDOW");
    expect(r, story_info(r).unacked_bytes == 0);
}

/* ---- timestamps [RFC7323] ---- */

/* [RFC7323 5.3 7323-8] */
TEST(an_older_timestamp_is_an_old_duplicate)
{
    r->config.tcp.delayed_ack_us = 0;
    they_are_connected_with(r, "ts 1000 *");
    peer_sends(r, "ACK seq=1 ack=1 len=10 <ts 1001 *>");
    expect_sent(r, "ACK seq=1 ack=11 <ts * 1001>");
    peer_sends(r, "ACK seq=11 ack=1 len=10 <ts 1000 *>");
    expect_dropped(r, CIAO_DROP_PAWS);
    expect_sent(r, "ACK seq=1 ack=11 <ts * 1001>");
    peer_sends(r, "RST seq=11 <ts 5 *>"); /* but not for a reset [RFC7323 5.2] */
    expect_state(r, CIAO_CLOSED);
}

/* [RFC7323 3.2] */
TEST(a_reset_of_ours_carries_the_timestamp)
{
    they_are_connected_with(r, "ts 1000 *");
    peer_sends(r, "ACK seq=1 ack=1 len=10 <ts 1001 *>");
    whatever_was_sent(r);
    user_closes(r); /* with bytes unread */
    expect_sent(r, "RST,ACK seq=1 ack=11 <ts * 1001>");
}

/* AS LINUX tcp_disordered_ack(): it was overtaken on its way, and nobody asks twice. */
TEST(an_ack_alone_that_was_overtaken_is_no_stray)
{
    r->config.tcp.delayed_ack_us = 0;
    r->config.tcp.more |= CIAO_PAWS_TOLERANT;
    they_are_connected_with(r, "ts 1000 *");
    peer_sends(r, "ACK seq=1 ack=1 len=10 <ts 1101 *>");
    expect_sent(r, "ACK seq=1 ack=11 <ts * 1101>");
    peer_sends(r, "ACK seq=11 ack=1 <ts 1001 *>");
    expect_not_told(r, "DROP_PAWS");
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=11 ack=1 len=10 <ts 1100 *>"); /* one tick is nothing */
    expect_sent(r, "ACK seq=1 ack=21 <ts * 1101>");
    peer_sends(r, "ACK seq=21 ack=1 len=10 <ts 1099 *>");
    expect_dropped(r, CIAO_DROP_PAWS);
    expect_sent(r, "ACK seq=1 ack=21 <ts * 1101>");
    peer_sends(r, "ACK seq=21 ack=1 <ts -200 *>"); /* much too old */
    expect_sent(r, "ACK seq=1 ack=21 <ts * 1101>");
    user_reads(r, 20);
    peer_resets(r);
}

/* [RFC7323 5.5] After 24 days without a segment the old timestamp means nothing. */
TEST(after_24_days_a_timestamp_is_forgotten)
{
    r->config.tcp.delayed_ack_us = 0;
    they_are_connected_with(r, "ts 1000 *");
    time_passes(r, (uint64_t)25 * 86400 * 1000);
    peer_sends(r, "ACK seq=1 ack=1 len=10 <ts 999 *>");
    expect_not_told(r, "DROP_PAWS");
    user_reads(r, 10);
    whatever_was_sent(r);
}

/* [RFC7323 3.2, 4.3 7323-6, 7323-7] the echo is of the segment that the ACK is about */
TEST(the_echo_is_of_the_oldest_unacknowledged)
{
    they_are_connected_with(r, "ts 1000 *");
    peer_sends(r, "ACK seq=1 ack=1 len=10 <ts 1001 *>");
    peer_sends(r, "ACK seq=11 ack=1 len=10 <ts 1002 *>");
    time_passes(r, 500);
    expect_sent(r, "ACK seq=1 ack=21 <ts * 1001>");
    peer_sends(r, "ACK seq=31 ack=1 len=10 <ts 1003 *>"); /* a hole: its stamp is not echoed */
    expect_sent(r, "ACK seq=1 ack=21 <ts * 1001>");
    peer_sends(r, "ACK seq=21 ack=1 len=10 <ts 1002 *>");
    time_passes(r, 500);
    expect_sent(r, "ACK seq=1 ack=41 <ts * 1002>");
    peer_resets(r);
}

/* [RFC7323 3.2 7323-5] */
TEST(a_segment_without_the_agreed_timestamp_is_dropped_where_strict)
{
    they_are_connected_with(r, "ts 1000 *");
    peer_sends(r, "ACK seq=1 ack=1 len=10 <>");
    expect_dropped(r, CIAO_DROP_NO_TIMESTAMP);
    expect_nothing_sent(r);
    peer_sends(r, "RST seq=1 <>");
    expect_state(r, CIAO_CLOSED);
}

TEST(a_segment_without_the_agreed_timestamp_is_taken_where_not)
{
    r->config.tcp.more &= ~CIAO_STRICT_TIMESTAMPS;
    they_are_connected_with(r, "ts 1000 *");
    peer_sends(r, "ACK seq=1 ack=1 len=10 <>");
    user_reads(r, 10);
    time_passes(r, 500);
    expect_sent(r, "ACK seq=1 ack=11");
}

/* [RFC7323 3.2 7323-4] once agreed, each of ours has one; else none has */
TEST(timestamps_are_in_every_segment_or_in_none)
{
    they_are_connected_with(r, "ts 1000 *");
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 ack=1 len=10 <ts * 1000>");
    peer_is(r, 1);
    they_are_connected(r);
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 ack=1 len=10 <>");
}

/* ---- ACK ---- */

/* [RFC9293 3.10.7.4 fifth EV-25] */
TEST(without_the_ack_flag_a_segment_is_dropped)
{
    they_are_connected(r);
    peer_sends(r, "- seq=1 len=10");
    expect_dropped(r, CIAO_DROP_NO_ACK_FLAG);
    peer_sends(r, "FIN seq=1");
    expect_dropped(r, CIAO_DROP_NO_ACK_FLAG);
    expect_nothing_sent(r);
    expect_state(r, CIAO_ESTABLISHED);
}

/* [RFC9293 3.10.7.4 fifth EV-28] */
TEST(an_ack_of_new_bytes_wakes_the_writer)
{
    r->config.tcp.sndbuf_bytes = 3000;
    they_are_connected(r);
    user_sends(r, 3000);
    whatever_was_sent(r);
    expect_send_error(r, CIAO_EAGAIN);
    expect_ready(r, 0);
    while (ciao_next_ready(r->stack) != 0)
        continue;
    peer_sends(r, "ACK seq=1 ack=2001");
    expect_ready(r, CIAO_WRITABLE);
    expect(r, ciao_next_ready(r->stack) == story_peer(r)->conn);
    whatever_was_sent(r);
    expect(r, story_info(r).unacked_bytes + story_info(r).unsent_bytes == 1000);
}

/* [RFC9293 3.10.7.4 fifth EV-30, 3.4.1] an older segment does not tell of the window */
TEST(the_window_is_taken_from_newer_segments_alone)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=10 wnd=2000");
    expect(r, story_info(r).snd_wnd == 2000);
    peer_sends(r, "ACK seq=11 ack=1 wnd=500"); /* a later number */
    expect(r, story_info(r).snd_wnd == 500);
    peer_sends(r, "ACK seq=11 ack=1 wnd=600"); /* the same number, the same ACK */
    expect(r, story_info(r).snd_wnd == 600);
    peer_sends(r, "ACK seq=21 ack=1 len=10 wnd=4000"); /* overtakes ... */
    peer_sends(r, "ACK seq=11 ack=1 len=10 wnd=100");  /* ... this one, which is older */
    expect(r, story_info(r).snd_wnd == 4000);
    user_sends(r, 100);
    whatever_was_sent(r);
    peer_sends(r, "ACK seq=31 ack=101 wnd=4100");
    peer_sends(r, "ACK seq=31 ack=1 wnd=50"); /* older by its ACK */
    expect(r, story_info(r).snd_wnd == 4100);
    user_reads(r, 30);
    whatever_was_sent(r);
}

STORIES(STORY(an_empty_segment_must_begin_in_the_window),
        STORY(bytes_must_begin_or_end_in_the_window), STORY(what_lies_outside_is_cut_off),
        STORY(a_fin_beyond_the_window_is_not_taken),
        STORY(into_a_closed_window_acks_are_taken_and_bytes_not),
        STORY(a_knock_at_the_closed_window_is_answered),
        STORY(a_bare_fin_at_a_closed_window_is_taken_where_tolerant),
        STORY(a_bare_fin_at_a_closed_window_waits_where_not),
        STORY(an_ack_at_the_right_edge_is_taken_where_tolerant),
        STORY(an_older_timestamp_is_an_old_duplicate), STORY(a_reset_of_ours_carries_the_timestamp),
        STORY(an_ack_alone_that_was_overtaken_is_no_stray),
        STORY(after_24_days_a_timestamp_is_forgotten),
        STORY(the_echo_is_of_the_oldest_unacknowledged),
        STORY(a_segment_without_the_agreed_timestamp_is_dropped_where_strict),
        STORY(a_segment_without_the_agreed_timestamp_is_taken_where_not),
        STORY(timestamps_are_in_every_segment_or_in_none),
        STORY(without_the_ack_flag_a_segment_is_dropped),
        STORY(an_ack_of_new_bytes_wakes_the_writer),
        STORY(the_window_is_taken_from_newer_segments_alone))
