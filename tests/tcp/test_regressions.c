/*
 * What a review found, each as a story that failed before it was mended.
 */
#include "support/story.h"
#include "support/story_wire.h"
#include "tcp/reach.h"

/* Give a connection or a listener a receive buffer of that size. */
static void change_rcvbuf(struct story *r, ciao_conn conn, uint32_t bytes)
{
    struct ciao_settings settings;
    expect(r, ciao_get_settings(r->stack, conn, &settings) == 0);
    settings.rcvbuf_bytes = bytes;
    expect(r, ciao_set_settings(r->stack, conn, &settings) == 0);
}

/* ---- opening ---- */

/* The SYN is due again, and before it can leave the peer refuses: what is over stays silent,
 * whatever the user changes.  [RFC9293 3.10.7.3 second EV-10] */
TEST(settings_of_a_refused_connection_send_nothing)
{
    uint8_t refusal[128];
    reach(r, CIAO_SYN_SENT);
    size_t len = story_packet(r, "RST,ACK seq=0 ack=1", refusal, sizeof refusal);
    r->now_us += 1000000;
    (void)ciao_advance(r->stack, r->now_us);
    story_bring(r, refusal, len);
    struct ciao_settings settings;
    expect(r, ciao_get_settings(r->stack, story_peer(r)->conn, &settings) == 0);
    settings.flags |= CIAO_NODELAY;
    expect(r, ciao_set_settings(r->stack, story_peer(r)->conn, &settings) == 0);
    expect_nothing_sent(r);
    time_passes(r, 400000);
    expect_nothing_sent(r);
    expect_state(r, CIAO_CLOSED);
    expect_error(r, CIAO_EREFUSED);
}

/* No step of 3.10.7.4 has trimmed it. [RFC9293 3.10.7.3 EV-12] */
TEST(bytes_in_a_syn_ack_are_taken_as_far_as_the_window_goes)
{
    r->mtu = 9000;
    r->config.tcp.rcvbuf_bytes = 2048;
    user_connects(r);
    expect_sent(r, "SYN seq=0 wnd=2048");
    peer_sends(r, "SYN,FIN,ACK seq=0 ack=1 wnd=65535 len=8000 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=2049 wnd=0");
    expect_state(r, CIAO_ESTABLISHED); /* the FIN lies beyond the window too */
    expect(r, story_info(r).unread_bytes == 2048);
    peer_sends(r, "ACK seq=8001 ack=1 len=1000");
    expect_dropped(r, CIAO_DROP_SEQ_OUTSIDE_WINDOW);
    whatever_was_sent(r);
    user_reads(r, 2048);
    expect_read_error(r, CIAO_EAGAIN);
    expect_sent(r, "ACK seq=1 ack=2049 wnd=2048");
}

/* [RFC7323 2.2] what our SYN has announced is what the peer reckons with */
TEST(the_scale_that_our_syn_announced_stays)
{
    r->config.tcp.rcvbuf_bytes = 1 << 20;
    user_connects(r);
    expect_sent(r, "SYN seq=0 <mss *,sackOK,ts * 0,wscale 5>");
    change_rcvbuf(r, story_peer(r)->conn, 60000);
    time_passes(r, 1000);
    expect_sent(r, "SYN seq=0 <mss *,sackOK,ts * 0,wscale 5>");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000,wscale 7>");
    expect_sent(r, "ACK seq=1 ack=1 wnd=1875");
    expect(r, story_info(r).rcv_wscale == 5 && story_info(r).snd_wscale == 7);
}

/* The same for a listener whose settings change between SYN,ACK and ACK. */
TEST(the_scale_that_our_syn_ack_announced_stays)
{
    r->config.tcp.rcvbuf_bytes = 1 << 20;
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000,wscale 7>");
    expect_sent(r, "SYN,ACK seq=0 ack=1 <mss *,wscale 5>");
    change_rcvbuf(r, r->listener, 60000);
    time_passes(r, 1000);
    expect_sent(r, "SYN,ACK seq=0 ack=1 <mss *,wscale 5>");
    peer_sends(r, "ACK seq=1 ack=1");
    user_accepts(r);
    expect(r, story_info(r).rcv_wscale == 5 && story_info(r).snd_wscale == 7);
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    user_reads(r, 1000);
    time_passes(r, 500);
    whatever_was_sent(r); /* each was looked at: no window was taken back */
    peer_is(r, 1);        /* who knocks now has the new ones */
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000,wscale 7>");
    expect_sent(r, "SYN,ACK seq=0 ack=1 wnd=60000 <mss *,wscale 0>");
    peer_sends(r, "RST seq=1");
}

/* [RFC7323 2.3 7323-2] 15 in the bits of a cookie would mean that there was none */
TEST(a_scale_above_14_means_14_in_a_cookie_too)
{
    r->config.syn_cookies = 2;
    user_listens(r, 4);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1460,sackOK,ts 500 0,nop,wscale 15>");
    expect_sent(r, "SYN,ACK seq=0 ack=1 <mss *,sackOK,ts * 500,wscale 0>");
    peer_sends(r, "ACK seq=1 ack=1 wnd=2");
    user_accepts(r);
    struct ciao_info info = story_info(r);
    expect(r, info.wscale && info.snd_wscale == 14 && info.snd_wnd == 2 << 14);
}

/* ---- closing ---- */

/* Each end has lost the other's last bytes and holds a FIN behind them.  An ACK for each bare ACK
 * would go on for ever. [RFC9293 3.10.7.4 eighth EV-38, SHLD-31] */
TEST(two_fins_that_came_too_early_do_not_talk_for_ever)
{
    they_are_connected(r);
    user_sends(r, 1000);
    expect_sent(r, "ACK seq=1 ack=1 len=1000"); /* lost */
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1001 ack=1");
    peer_sends(r, "FIN,ACK seq=1001 ack=1"); /* and so are the 1000 before this */
    expect_sent(r, "ACK seq=1002 ack=1");    /* once: it says what is missing */
    peer_sends(r, "ACK seq=1002 ack=1");     /* the peer says the same of ours */
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1002 ack=1");
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=1002 len=1000");
    expect_sent(r, "ACK seq=1002 ack=1002");
    expect_state(r, CIAO_TIME_WAIT);
    user_reads(r, 1000);
    expect_end_of_stream(r);
}

/* The SYNs crossed, the FIN left before our SYN was acknowledged, and was lost: it has a timer of
 * its own from then on. [RFC9293 3.8.1, 3.10.4 EV-46; RFC6298 5.1] */
TEST(a_fin_behind_a_syn_ack_is_sent_again)
{
    reach(r, CIAO_SYN_RECEIVED);
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=1");
    expect_state(r, CIAO_FIN_WAIT_1);
    expect_nothing_sent(r);
    time_passes(r, 999);
    expect_nothing_sent(r);
    time_passes(r, 1);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    time_passes(r, 2000);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=2");
    expect_state(r, CIAO_FIN_WAIT_2);
}

/* Each family has room of its own: an orphan of the other one makes none.
 * [RFC6429 4 6429-2] */
TEST(an_orphan_of_the_other_family_is_left_alone)
{
    ciao_conn conn;
    r->config.max_connections = 1;
    reach_orphaned(r, CIAO_FIN_WAIT_2);
    r->v6 = !r->v6; /* the story goes on in the other one */
    const struct ciao_addr address = story_address(r, true);
    expect(r, ciao_address_add(r->stack, r->link, &address, r->v6 ? 64 : 24) == 0);
    peer_is(r, 1);
    reach_orphaned(r, CIAO_FIN_WAIT_2);
    peer_is(r, 2);
    user_connects(r); /* takes the place of peer 1 */
    peer_is(r, 1);
    expect_sent(r, "RST,ACK seq=2 ack=1");
    expect_state(r, CIAO_CLOSED);
    peer_is(r, 2);
    expect_sent(r, "SYN seq=0");
    const struct ciao_endpoint to = {story_address(r, false), STORY_PEER + 3};
    expect(r, ciao_connect(r->stack, &to, NULL, NULL, &conn, r->now_us) == -CIAO_ENOMEM);
    expect_nothing_sent(r);
    r->v6 = !r->v6;
    peer_is(r, 0);
    expect_state(r, CIAO_FIN_WAIT_2);
    expect(r, ciao_arc_count(r->stack, CIAO_ARC_FIN_WAIT_2_CLOSED_ORPHAN_SACRIFICED) == 1);
    peer_resets(r);
}

/* For so many seconds the peer answers each probe, and opens nothing. */
static void peer_keeps_its_window_closed(struct story *r, unsigned seconds)
{
    for (unsigned i = 0; i < seconds && story_state(r) != CIAO_CLOSED; i++) {
        time_passes(r, 1000);
        if (r->sent_first == r->sent_last)
            continue;
        whatever_was_sent(r);
        if (story_state(r) != CIAO_CLOSED)
            peer_sends(r, "ACK seq=1 ack=1 wnd=0");
    }
    whatever_was_sent(r);
}

static void bytes_wait_at_a_closed_window(struct story *r)
{
    r->config.tcp.r2_us = 100000000;
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 wnd=0");
    user_sends(r, 2000);
    expect_nothing_sent(r);
}

/* Nobody holds it any more, so no peer may keep it and its bytes for ever. [RFC6429 3, 4] */
TEST(an_orphan_at_a_closed_window_is_given_up_after_r2)
{
    struct ciao_counts counts;
    bytes_wait_at_a_closed_window(r);
    user_closes(r);
    peer_keeps_its_window_closed(r, 99);
    expect_not_told(r, "GAVE_UP");
    expect_state(r, CIAO_FIN_WAIT_1);
    peer_keeps_its_window_closed(r, 100); /* a wait between two probes is 60 s at most */
    expect_told(r, "GAVE_UP");
    expect_state(r, CIAO_CLOSED);
    ciao_counts(r->stack, &counts);
    expect(r, counts.tcbs == 0 && counts.buffer_bytes == 0);
}

/* However long the window was closed while somebody held it. */
TEST(an_orphan_is_given_its_time_from_the_close_on)
{
    bytes_wait_at_a_closed_window(r);
    peer_keeps_its_window_closed(r, 3600);
    user_closes(r);
    peer_keeps_its_window_closed(r, 90);
    expect_not_told(r, "GAVE_UP");
    peer_keeps_its_window_closed(r, 120);
    expect_told(r, "GAVE_UP");
    expect_state(r, CIAO_CLOSED);
}

/* [RFC9293 3.8.6.1 MUST-37, RFC6429 3 6429-1] somebody does */
TEST(who_is_held_at_a_closed_window_lives_as_long_as_it_is_answered)
{
    bytes_wait_at_a_closed_window(r);
    user_shuts_down(r);
    peer_keeps_its_window_closed(r, 2 * 3600);
    expect_not_told(r, "GAVE_UP");
    expect_state(r, CIAO_FIN_WAIT_1);
    expect_error(r, 0);
    peer_sends(r, "ACK seq=1 ack=1 wnd=65535");
    expect_sent(r, "ACK seq=1 ack=1 len=1000");
    expect_sent(r, "FIN,ACK seq=1001 ack=1 len=1000");
    peer_sends(r, "ACK seq=1 ack=2002");
    expect_state(r, CIAO_FIN_WAIT_2);
}

/* ---- the window ---- */

/* The header counts in units of 32 bytes, the segments do not.  An edge that was rounded up with
 * each ACK would creep, 31 bytes a time, beyond the buffer. [RFC9293 3.8.6 SHLD-14; RFC7323 2.4] */
TEST(the_right_edge_does_not_creep_beyond_the_buffer)
{
    const uint32_t buffer = 1 << 20, unit = 32, len = 1023;
    r->config.tcp.rcvbuf_bytes = buffer;
    they_are_connected_with(r, "wscale 7");
    expect(r, story_info(r).rcv_wscale == 5);
    uint32_t at = 1;
    while (story_info(r).rcv_wnd >= len && at <= 2 * buffer) {
        uint32_t edge = story_peer(r)->our_edge;
        for (unsigned twice = 0; twice < 2; twice++) { /* what comes twice is answered at once */
            story_peer(r)->our_edge_known = false;     /* a part of a unit may be unsaid */
            peer_sends_f(r, "ACK seq=%u ack=1 len=%u", at, len);
            whatever_was_sent(r);
        }
        at += len;
        expect(r, (int32_t)(story_peer(r)->our_edge + unit - edge) > 0);
        expect(r, story_peer(r)->last_ack == at);
    }
    expect(r, story_info(r).unread_bytes == at - 1);
    expect(r, at - 1 <= buffer + unit && at - 1 > buffer / 2);
    user_reads(r, at - 1);
    expect_sent_f(r, "ACK seq=1 ack=%u wnd=32768", at);
}

/* ---- what is held ---- */

/* One byte, a gap of one byte, one byte ...: each would cost a run, and a longer way to its place.
 * [RFC9293 3.10.7.4 SHLD-31] */
TEST(so_many_runs_are_held_and_no_more)
{
    const uint32_t sent = 1500;
    struct ciao_counts counts;
    r->config.tcp.rcvbuf_bytes = 1 << 20;
    they_are_connected(r);
    for (uint32_t i = 0; i < sent; i++) {
        peer_sends_f(r, "ACK seq=%u ack=1 len=1", 2 + 2 * i);
        whatever_was_sent(r);
    }
    expect_dropped(r, CIAO_DROP_RECEIVE_BUFFER_FULL);
    uint32_t held = story_info(r).out_of_order_bytes;
    ciao_counts(r->stack, &counts);
    expect(r, counts.received_segments == held && held >= 64 && held <= 1024);
    expect(r, ciao_reason_count(r->stack, CIAO_DROP_RECEIVE_BUFFER_FULL) == sent - held);
    for (uint32_t at = 1; at <= 2 * sent; at += 1000) { /* the gaps are filled */
        peer_sends_f(r, "ACK seq=%u ack=1 len=1000", at);
        whatever_was_sent(r);
    }
    user_reads(r, 2 * sent);
    expect(r, story_info(r).out_of_order_bytes == 0);
    peer_sends_f(r, "ACK seq=%u ack=1 len=1", 2 + 2 * sent); /* and there is room again */
    expect_sent_f(r, "ACK seq=1 ack=%u", 1 + 2 * sent);
    expect(r, story_info(r).out_of_order_bytes == 1);
    peer_sends_f(r, "ACK seq=%u ack=1 len=1", 1 + 2 * sent);
    user_reads(r, 2);
    whatever_was_sent(r);
}

STORIES(STORY(settings_of_a_refused_connection_send_nothing),
        STORY(bytes_in_a_syn_ack_are_taken_as_far_as_the_window_goes),
        STORY(the_scale_that_our_syn_announced_stays),
        STORY(the_scale_that_our_syn_ack_announced_stays),
        STORY(a_scale_above_14_means_14_in_a_cookie_too),
        STORY(two_fins_that_came_too_early_do_not_talk_for_ever),
        STORY(a_fin_behind_a_syn_ack_is_sent_again),
        STORY(an_orphan_of_the_other_family_is_left_alone),
        STORY(an_orphan_at_a_closed_window_is_given_up_after_r2),
        STORY(an_orphan_is_given_its_time_from_the_close_on),
        STORY(who_is_held_at_a_closed_window_lives_as_long_as_it_is_answered),
        STORY(the_right_edge_does_not_creep_beyond_the_buffer),
        STORY(so_many_runs_are_held_and_no_more))
