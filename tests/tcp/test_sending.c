/*
 * Bytes that leave: windows, silly windows, Nagle, PSH, probes, retransmission, and giving up.
 * [RFC9293 3.7, 3.8; RFC6298; RFC5681]
 */
#include "support/story.h"
#include "tcp/reach.h"

/* [RFC9293 3.8.6 MUST-34, RFC5681 2 5681-1] checked with every segment; here the edge is met
 * exactly */
TEST(no_byte_goes_beyond_the_window)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=1 wnd=2500");
    user_sends(r, 5000);
    expect_sent(r, "ACK seq=1 len=1000");
    expect_sent(r, "ACK seq=1001 len=1000");
    expect_nothing_sent(r); /* 500 bytes of room: no full segment, and not half the window */
    peer_sends(r, "ACK seq=2 ack=2001 wnd=2000");
    expect_sent(r, "ACK seq=2001 len=1000");
    expect_sent(r, "ACK seq=3001 len=1000");
    peer_sends(r, "ACK seq=2 ack=4001 wnd=3000");
    expect_sent(r, "PSH,ACK seq=4001 len=1000");
    peer_sends(r, "ACK seq=2 ack=5001");
    expect_nothing_sent(r);
    user_reads(r, 1);
}

/* [RFC9293 3.7.4 SHLD-7, MUST-17] */
TEST(nagle_holds_small_segments_while_one_is_on_its_way)
{
    they_are_connected(r);
    user_sends(r, 10);
    expect_sent(r, "PSH,ACK seq=1 len=10");
    user_sends(r, 10);
    user_sends(r, 10);
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=11");
    expect_sent(r, "PSH,ACK seq=11 len=20");
    user_sends(r, 1000);
    expect_sent(r, "ACK seq=31 len=1000"); /* a full one never waits */
    peer_resets(r);
}

TEST(without_nagle_each_write_leaves)
{
    r->config.tcp.flags |= CIAO_NODELAY;
    they_are_connected(r);
    user_sends(r, 10);
    expect_sent(r, "PSH,ACK seq=1 len=10");
    user_sends(r, 10);
    expect_sent(r, "PSH,ACK seq=11 len=10");
    peer_resets(r);
}

/* [RFC9293 3.8.6.2.1 MUST-38, 3.9.1.2 MAY-15, MAY-16] but not for ever */
TEST(what_more_is_to_follow_waits_a_while)
{
    they_are_connected(r);
    user_sends_more(r, 10);
    expect_nothing_sent(r);
    time_passes(r, 199);
    expect_nothing_sent(r);
    time_passes(r, 1);
    expect_told(r, "TIMER_SWS_OVERRIDE");
    expect_sent(r, "ACK seq=1 len=10");
    peer_resets(r);
}

/* [RFC9293 3.8.6.2.1 MUST-38] the sender's silly window */
TEST(crumbs_of_a_window_are_not_used_at_once)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 wnd=100 len=1"); /* the largest so far was 65,535 */
    user_sends(r, 3000);
    expect_nothing_sent(r);
    time_passes(r, 200);
    expect_told(r, "TIMER_SWS_OVERRIDE");
    expect_sent(r, "ACK seq=1 len=100");
    peer_resets(r);
    user_reads(r, 1);
}

/* ---- closed windows [RFC9293 3.8.6.1 MUST-35..MUST-37, SHLD-29, SHLD-30] ---- */

static void meet_closed_window(struct story *r, unsigned bytes)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 wnd=0");
    expect_told(r, "DID_WINDOW_CLOSED");
    r->forgives_window = true;
    user_sends(r, bytes);
    expect_nothing_sent(r);
}

TEST(a_closed_window_is_probed_for_as_long_as_the_peer_answers)
{
    meet_closed_window(r, 500);
    unsigned wait = 1000;
    for (unsigned i = 0; i < 12; i++) {
        time_passes(r, wait - 1);
        expect_nothing_sent(r);
        time_passes(r, 1);
        expect_told(r, "TIMER_PERSIST");
        expect_sent(r, "ACK seq=1 ack=1 len=1");
        peer_sends(r, "ACK seq=1 ack=1 wnd=0");
        expect_nothing_sent(r);
        wait = wait * 2 < 60000 ? wait * 2 : 60000;
    }
    peer_sends(r, "ACK seq=1 ack=1 wnd=1000");
    expect_told(r, "DID_WINDOW_OPENED");
    expect_sent(r, "ACK seq=1 ack=1 len=500");
    peer_sends(r, "ACK seq=1 ack=501");
    expect_nothing_sent(r);
}

TEST(a_probe_that_is_taken_moves_on)
{
    meet_closed_window(r, 500);
    time_passes(r, 1000);
    expect_sent(r, "ACK seq=1 ack=1 len=1");
    peer_sends(r, "ACK seq=1 ack=2 wnd=0");
    time_passes(r, 3000);
    expect_told(r, "AGAIN_PROBE");
    whatever_was_sent(r);
    peer_sends(r, "ACK seq=1 ack=2 wnd=1000");
    expect_sent(r, "ACK seq=2 len=499");
    peer_sends(r, "ACK seq=1 ack=501");
    expect_nothing_sent(r);
}

/* Only who does not answer at all is given up. [RFC9293 3.8.6.1 MUST-37, 3.8.3 MUST-20] */
TEST(unanswered_probes_give_up_in_the_end)
{
    meet_closed_window(r, 500);
    time_passes(r, 300000);
    expect_told(r, "TIMER_R2");
    expect_told(r, "GAVE_UP");
    expect_state(r, CIAO_CLOSED);
    expect_error(r, CIAO_ETIMEDOUT);
    whatever_was_sent(r);
}

/* [RFC9293 3.8.6 SHLD-15, SHLD-16] the window may be taken back: what is beyond is not sent anew */
TEST(a_window_that_shrinks_is_borne)
{
    they_are_connected(r);
    user_sends(r, 3000);
    for (unsigned i = 0; i < 3; i++)
        expect_sent(r, "ACK len=1000");
    r->forgives_window = true;
    peer_sends(r, "ACK seq=1 ack=1001 wnd=500");
    user_sends(r, 1000);
    expect_nothing_sent(r);
    time_passes(r, 1000);
    expect_told(r, "TIMER_RETRANSMIT");
    expect_sent(r, "ACK seq=1001 len=1000"); /* the oldest is old data */
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=3001 wnd=65535");
    expect_sent(r, "ACK seq=3001 len=1000");
    peer_resets(r);
}

/* ---- again ---- */

/* [RFC6298 1, 5.1..5.6 6298-1, 6298-7, 6298-8; RFC9293 3.8.2 MUST-19, 3.10.8 EV-55] */
TEST(what_is_not_acknowledged_is_sent_again_with_doubled_waits)
{
    they_are_connected(r);
    user_sends(r, 100);
    expect_sent(r, "ACK seq=1 len=100");
    for (unsigned wait = 1000; wait <= 16000; wait *= 2) {
        time_passes(r, wait - 1);
        expect_nothing_sent(r);
        time_passes(r, 1);
        expect_told(r, "TIMER_RETRANSMIT");
        expect_told(r, "AGAIN_TIMEOUT");
        expect_sent(r, "ACK seq=1 len=100");
    }
    peer_sends(r, "ACK seq=1 ack=101");
    expect(r, story_info(r).timeouts == 5);
    time_passes(r, 100000);
    expect_nothing_sent(r);
}

/* [RFC9293 3.10.8 EV-54, 3.8.3 MUST-20, MUST-21, SHLD-9, SHLD-10, SHLD-11] */
TEST(after_r1_the_user_is_told_and_after_r2_it_ends)
{
    they_are_connected(r);
    user_sends(r, 100);
    whatever_was_sent(r);
    time_passes(r, 20000);
    whatever_was_sent(r);
    expect_told(r, "TIMER_R1");
    expect(r, ciao_soft_error(r->stack, story_peer(r)->conn) == -CIAO_ETIMEDOUT);
    expect_state(r, CIAO_ESTABLISHED);
    time_passes(r, 81000);
    expect_told(r, "TIMER_R2");
    expect_told(r, "GAVE_UP");
    expect_error(r, CIAO_ETIMEDOUT);
    expect_state(r, CIAO_CLOSED);
    whatever_was_sent(r);
}

/* [RFC9293 3.8.3 MUST-21] for this application */
TEST(a_user_timeout_decides_instead_of_r2)
{
    r->config.tcp.user_timeout_us = 5000000;
    they_are_connected(r);
    user_sends(r, 100);
    time_passes(r, 5900);
    expect_state(r, CIAO_ESTABLISHED);
    time_passes(r, 1000);
    expect_state(r, CIAO_CLOSED);
    whatever_was_sent(r);
}

/* Ten segments of 1000, of which the first is lost. */
static void lose_the_first(struct story *r, const char *options)
{
    r->config.tcp.initial_window_segments = 10;
    they_are_connected_with(r, options);
    user_sends(r, 10000);
    for (unsigned i = 0; i < 10; i++)
        expect_sent_f(r, "ACK seq=%u len=1000", 1 + 1000 * i);
}

/* [RFC5681 3.2 5681-6] */
TEST(three_duplicate_acks_mean_a_loss)
{
    lose_the_first(r, "");
    peer_sends(r, "ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=1");
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_told(r, "DID_RECOVERY_ENTERED");
    expect_told(r, "AGAIN_DUP_ACKS");
    expect_sent(r, "ACK seq=1 len=1000");
    peer_sends(r, "ACK seq=1 ack=10001");
    expect_told(r, "DID_RECOVERY_LEFT");
    expect_nothing_sent(r);
    expect(r, story_info(r).timeouts == 0);
}

/* [RFC6582 3.2] */
TEST(a_partial_ack_asks_for_the_next_hole)
{
    lose_the_first(r, "");
    for (unsigned i = 0; i < 3; i++)
        peer_sends(r, "ACK seq=1 ack=1");
    expect_sent(r, "ACK seq=1 len=1000");
    peer_sends(r, "ACK seq=1 ack=4001");
    expect_told(r, "AGAIN_PARTIAL_ACK");
    expect_sent(r, "ACK seq=4001 len=1000");
    peer_sends(r, "ACK seq=1 ack=10001");
    expect_nothing_sent(r);
}

/* [RFC6675 5] */
TEST(sack_tells_which_hole)
{
    lose_the_first(r, "sackOK");
    peer_sends(r, "ACK seq=1 ack=1 <sack 1001:2001>");
    peer_sends(r, "ACK seq=1 ack=1 <sack 1001:3001>");
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=1 <sack 1001:4001>");
    expect_told(r, "AGAIN_SACK_HOLE");
    expect_sent(r, "ACK seq=1 len=1000");
    peer_sends(r, "ACK seq=1 ack=4001");
    whatever_was_sent(r);
    peer_sends(r, "ACK seq=1 ack=10001");
    expect_told(r, "DID_RECOVERY_LEFT");
    expect(r, story_info(r).timeouts == 0);
}

/* [RFC2018 8 2018-6] the peer may drop what it held: then it is asked for, and must be sent */
TEST(a_peer_that_forgets_what_it_held_is_noticed)
{
    lose_the_first(r, "sackOK");
    peer_sends(r, "ACK seq=1 ack=1 <sack 1001:4001>");
    expect_sent(r, "ACK seq=1 len=1000");
    whatever_was_sent(r);
    peer_sends(r, "ACK seq=1 ack=1001");
    expect_told(r, "DID_SACK_RENEGED");
    time_passes(r, 5000);
    expect_told(r, "TIMER_RETRANSMIT");
    whatever_was_sent(r);
    peer_sends(r, "ACK seq=1 ack=10001");
    expect_nothing_sent(r);
}

/* ---- options ---- */

/* [RFC9293 3.7.1 MUST-15] */
TEST(without_an_mss_option_segments_are_small)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535");
    expect_sent(r, "ACK seq=1 ack=1");
    user_sends(r, 1220);
    expect_sent_f(r, "ACK seq=1 len=%u", r->v6 ? 1220 : 536);
    whatever_was_sent(r);
    peer_resets(r);
}

/* [RFC9293 3.7.1 MUST-16] options count */
TEST(timestamps_make_segments_smaller)
{
    they_are_connected_with(r, "ts 7 *");
    user_sends(r, 1000);
    expect_sent(r, "ACK seq=1 len=988 <ts * 7>");
    peer_resets(r);
}

/* [RFC9293 3.7.1 MUST-14, MUST-67, SHLD-5, MAY-3] */
TEST(we_announce_what_the_link_carries_or_less)
{
    user_connects(r);
    expect_sent_f(r, "SYN seq=0 <mss %u,sackOK,ts * 0,wscale 0>", r->v6 ? 1440 : 1460);
    struct ciao_settings settings = r->config.tcp;
    settings.mss = 700;
    settings.flags |= CIAO_NO_TIMESTAMPS | CIAO_NO_SACK | CIAO_NO_WSCALE; /* too late for these */
    expect(r, ciao_set_settings(r->stack, story_peer(r)->conn, &settings) == 0);
    time_passes(r, 1000);
    expect_sent(r, "SYN seq=0 <mss 700,sackOK,ts * 0,wscale 0>");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1");
    user_sends(r, 1000);
    expect_sent(r, "ACK seq=1 len=700");
    peer_resets(r);
}

/* ---- what the program is told ---- */

/* Who lingers on closing waits for this. */
TEST(the_user_learns_when_everything_has_arrived)
{
    they_are_connected(r);
    user_sends(r, 100);
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1 len=100");
    peer_sends(r, "ACK seq=1 ack=101");
    expect_ready(r, 0);
    while (ciao_next_ready(r->stack) != 0)
        ;
    peer_sends(r, "ACK seq=1 ack=102");
    expect(r, ciao_next_ready(r->stack) == story_peer(r)->conn);
    expect_ready(r, CIAO_ALL_ACKED);
    peer_sends(r, "FIN,ACK seq=1 ack=102");
    expect_sent(r, "ACK seq=102 ack=2");
    expect_ready(r, CIAO_ALL_ACKED | CIAO_READABLE | CIAO_HANGUP_RD | CIAO_HANGUP);
    user_closes(r);
}

/* No memory: the program is told when to try again, and not before. */
TEST(a_program_that_found_no_memory_is_woken)
{
    static uint8_t bytes[65536];
    r->config.buffer_bytes = 1u << 20;
    r->config.tcp.sndbuf_bytes = 8u << 20;
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 wnd=0");
    int64_t taken = 1;
    while (taken > 0)
        taken = ciao_send(r->stack, story_peer(r)->conn, bytes, sizeof bytes, 0, r->now_us);
    expect(r, taken == -CIAO_ENOMEM);
    while (ciao_next_ready(r->stack) != 0)
        ;
    expect_ready(r, 0);
    time_passes(r, 50);
    expect(r, ciao_next_ready(r->stack) == story_peer(r)->conn);
    expect_ready(r, CIAO_WRITABLE);
    user_aborts(r);
    whatever_was_sent(r);
}

/* AS LINUX: TCP_NOTSENT_LOWAT and SO_RCVLOWAT. */
TEST(low_water_marks_are_kept)
{
    r->config.tcp.notsent_lowat_bytes = 1000;
    r->config.tcp.rcvlowat_bytes = 50;
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 wnd=0");
    user_sends(r, 999);
    expect_ready(r, CIAO_WRITABLE);
    user_sends(r, 1);
    expect_ready(r, 0);
    expect_send_error(r, CIAO_EAGAIN);
    while (ciao_next_ready(r->stack) != 0)
        ;
    peer_sends(r, "ACK seq=1 ack=1 wnd=60000 len=49");
    expect_sent(r, "ACK seq=1 ack=50 len=1000");
    /* What leaves makes room, not what is acknowledged: the program is told then. */
    expect(r, ciao_next_ready(r->stack) == story_peer(r)->conn);
    expect_ready(r, CIAO_WRITABLE);
    peer_sends(r, "ACK seq=50 ack=1001 len=1");
    expect_ready(r, CIAO_WRITABLE | CIAO_READABLE);
    user_reads(r, 50);
    expect_ready(r, CIAO_WRITABLE);
    time_passes(r, 200);
    whatever_was_sent(r);
    peer_resets(r);
}

STORIES(STORY(the_user_learns_when_everything_has_arrived),
        STORY(a_program_that_found_no_memory_is_woken), STORY(low_water_marks_are_kept),
        STORY(no_byte_goes_beyond_the_window),
        STORY(nagle_holds_small_segments_while_one_is_on_its_way),
        STORY(without_nagle_each_write_leaves), STORY(what_more_is_to_follow_waits_a_while),
        STORY(crumbs_of_a_window_are_not_used_at_once),
        STORY(a_closed_window_is_probed_for_as_long_as_the_peer_answers),
        STORY(a_probe_that_is_taken_moves_on), STORY(unanswered_probes_give_up_in_the_end),
        STORY(a_window_that_shrinks_is_borne),
        STORY(what_is_not_acknowledged_is_sent_again_with_doubled_waits),
        STORY(after_r1_the_user_is_told_and_after_r2_it_ends),
        STORY(a_user_timeout_decides_instead_of_r2), STORY(three_duplicate_acks_mean_a_loss),
        STORY(a_partial_ack_asks_for_the_next_hole), STORY(sack_tells_which_hole),
        STORY(a_peer_that_forgets_what_it_held_is_noticed),
        STORY(without_an_mss_option_segments_are_small), STORY(timestamps_make_segments_smaller),
        STORY(we_announce_what_the_link_carries_or_less))
