/*
 * Hello: active, passive and simultaneous opens, and openings that come to nothing.
 * [RFC9293 3.5, 3.10.1, 3.10.7.1 to 3.10.7.3]
 */
#include "support/story.h"
#include "support/story_wire.h"
#include "tcp/reach.h"

/* [RFC9293 3.5 figure 6 EV-43, EV-12]  The third segment may carry our bytes. */
TEST(we_open)
{
    user_connects(r);
    expect_state(r, CIAO_SYN_SENT);
    expect(r, (uint32_t)(story_peer(r)->our_isn + 17) <= 1); /* our number is just below the wrap */
    expect_sent(r, "SYN seq=0 <mss *,sackOK,ts * 0,nop,wscale 0>");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000>");
    user_sends(r, 5);
    expect_sent(r, "PSH,ACK seq=1 ack=1 len=5");
    expect_told(r, "PEER_ANSWERED");
    expect_state(r, CIAO_ESTABLISHED);
    expect_ready(r, CIAO_WRITABLE);
    peer_resets(r);
}

/* [RFC6056 3.3.4, RFC9293 3.9.1.1 EV-43] A destination whose ports are all in use has an error of
 * its own. */
TEST(the_stack_chooses_a_port_while_there_is_one)
{
    ciao_conn second;
    r->config.port_low = r->config.port_high = STORY_PORT;
    story_begin(r);
    const struct ciao_endpoint to = {story_address(r, false), STORY_PEER};
    struct story_peer *peer = story_peer(r);
    expect(r, ciao_connect(r->stack, &to, NULL, NULL, &peer->conn, r->now_us) == 0);
    expect_told(r, "DID_PORT_PICKED");
    expect_sent(r, "SYN seq=0");
    expect(r, ciao_connect(r->stack, &to, NULL, NULL, &second, r->now_us) == -CIAO_ENOPORTS);
    user_aborts(r);
    expect(r, ciao_connect(r->stack, &to, NULL, NULL, &peer->conn, r->now_us) == 0);
    peer->our_isn_known = false;
    expect_sent(r, "SYN seq=0");
}

/* A port is free for a destination when no connection has that four-tuple, whoever opened it, and
 * whether or not its listener is still there. */
TEST(the_chosen_port_is_not_that_of_a_connection_which_the_peer_opened)
{
    ciao_conn conn;
    r->config.port_low = STORY_PORT;
    r->config.port_high = STORY_PORT + 1;
    peer_has_connected(r);
    const struct ciao_endpoint to = {story_address(r, false), STORY_PEER};
    for (unsigned i = 0; i < 6; i++) {
        struct ciao_info info;
        if (i == 3)
            user_stops_listening(r);
        expect(r, ciao_connect(r->stack, &to, NULL, NULL, &conn, r->now_us) == 0);
        expect(r, ciao_info(r->stack, conn, &info) == 0);
        expect(r, info.local.port == STORY_PORT + 1);
        (void)ciao_abort(r->stack, conn, NULL, r->now_us);
    }
    expect_state(r, CIAO_ESTABLISHED);
}

/* [RFC9293 3.5 EV-6, EV-26, 3.9.1.1 MUST-41] */
TEST(the_peer_opens)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_state(r, CIAO_SYN_RECEIVED);
    expect_nobody_to_accept(r);
    expect_told(r, "PEER_KNOCKED");
    expect_told(r, "DID_SYN_RECORD_MADE");
    expect_sent(r, "SYN,ACK seq=0 ack=1 <mss *>");
    peer_sends(r, "ACK seq=1 ack=1");
    expect_told(r, "HANDSHAKE_DONE");
    expect_told(r, "DID_QUEUED_FOR_ACCEPT");
    user_accepts(r);
    expect_state(r, CIAO_ESTABLISHED);
    expect_nothing_sent(r);
    expect(r, story_info(r).snd_wnd == 65535);
}

/* [RFC9293 3.10.7.4 fifth EV-26, seventh EV-36] */
TEST(bytes_in_the_third_segment_are_delivered)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1 len=300");
    user_accepts(r);
    user_reads(r, 300);
    time_passes(r, 200);
    expect_sent(r, "ACK seq=1 ack=301");
}

/* [RFC9293 3.10.7.4 eighth EV-39]  The queue hands out whoever has already said goodbye. */
TEST(a_connection_may_be_accepted_in_close_wait)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "FIN,ACK seq=1 ack=1 len=300");
    expect_sent(r, "ACK seq=1 ack=302");
    user_accepts(r);
    expect_state(r, CIAO_CLOSE_WAIT);
    user_reads(r, 300);
    expect_end_of_stream(r);
}

TEST(a_connection_may_be_accepted_after_its_reset)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1");
    peer_sends(r, "RST seq=1");
    user_accepts(r);
    expect_state(r, CIAO_CLOSED);
    expect_error(r, CIAO_ERESET);
    expect_read_error(r, CIAO_ERESET);
}

/* The SYN's bytes are not kept before the handshake is done; the peer sends them again.
 * [RFC9293 3.10.7.2 third EV-6] */
TEST(bytes_in_a_syn_are_held_back)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 len=100 <mss 1000>");
    expect_told(r, "DID_SYN_DATA_HELD_BACK");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1 len=100");
    user_accepts(r);
    user_reads(r, 100);
    whatever_was_sent(r);
}

/* [RFC9293 3.10.7.3 EV-12] later steps handle the rest of the segment */
TEST(bytes_and_fin_in_a_syn_ack_are_taken)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN,FIN,ACK seq=0 ack=1 wnd=65535 len=50 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=52");
    expect_state(r, CIAO_CLOSE_WAIT);
    user_reads(r, 50);
    expect_end_of_stream(r);
}

/* ---- both at once ---- */

/* [RFC9293 3.5 figure 7 MUST-10 EV-13] */
TEST(the_syns_cross)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_told(r, "SYNS_CROSSED");
    expect_sent(r, "SYN,ACK seq=0 ack=1 <mss *>");
    expect_state(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "SYN,ACK seq=0 ack=1 <mss 1000>");
    expect_told(r, "HANDSHAKE_DONE");
    expect_state(r, CIAO_ESTABLISHED);
    whatever_was_sent(r); /* an ACK of a SYN that was known may follow */
    user_sends(r, 5);
    expect_sent(r, "ACK seq=1 ack=1 len=5");
    peer_resets(r);
}

TEST(the_syns_cross_and_a_bare_ack_ends_it)
{
    reach(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_state(r, CIAO_ESTABLISHED);
    expect_nothing_sent(r);
}

TEST(bytes_in_a_crossing_syn_are_held_back)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN seq=0 wnd=65535 len=20 <mss 1000>");
    expect_told(r, "DID_SYN_DATA_HELD_BACK");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1 len=20");
    user_reads(r, 20);
    whatever_was_sent(r);
}

/* [RFC9293 3.8.3 MUST-22 EV-55] */
TEST(a_lost_syn_ack_of_crossing_syns_is_sent_again)
{
    reach(r, CIAO_SYN_RECEIVED);
    time_passes(r, 1000);
    expect_told(r, "TIMER_SYN_ACK");
    expect_told(r, "AGAIN_SYN_ACK");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1");
    expect_state(r, CIAO_ESTABLISHED);
}

/* ---- what the user does meanwhile ---- */

/* [RFC9293 3.10.2] */
TEST(bytes_given_in_syn_sent_leave_when_established)
{
    user_connects(r);
    user_sends(r, 1500);
    expect_sent(r, "SYN seq=0");
    expect_nothing_sent(r);
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1 len=1000");
    peer_sends(r, "ACK seq=1 ack=1001");
    expect_sent(r, "ACK seq=1001 ack=1 len=500");
    peer_resets(r);
}

/* [RFC9293 3.10.4 EV-45] */
TEST(a_connect_is_cancelled)
{
    reach(r, CIAO_SYN_SENT);
    user_closes(r);
    expect_told(r, "CONNECT_CANCELLED");
    expect_nothing_sent(r);
    peer_sends(r, "SYN,ACK seq=0 ack=1 <mss 1000>"); /* too late */
    expect_sent(r, "RST seq=1");
}

/* [RFC9293 3.10.4 EV-46] nothing is queued: the FIN leaves, before our SYN is acknowledged */
TEST(a_close_in_syn_received_sends_fin)
{
    reach(r, CIAO_SYN_RECEIVED);
    user_shuts_down(r);
    expect_told(r, "CLOSED_WHILE_OPENING");
    expect_state(r, CIAO_FIN_WAIT_1);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=2");
    expect_state(r, CIAO_FIN_WAIT_2);
    peer_sends(r, "FIN,ACK seq=1 ack=2");
    expect_sent(r, "ACK seq=2 ack=2");
    expect_state(r, CIAO_TIME_WAIT);
}

/* [RFC9293 3.10.4 EV-46] something is queued: the close is put off until ESTABLISHED */
TEST(a_close_in_syn_received_waits_for_queued_bytes)
{
    reach(r, CIAO_SYN_RECEIVED);
    user_sends(r, 10);
    user_shuts_down(r);
    expect_state(r, CIAO_SYN_RECEIVED);
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=1 wnd=65535");
    expect_state(r, CIAO_FIN_WAIT_1);
    expect_sent(r, "FIN,ACK seq=1 ack=1 len=10");
    peer_sends(r, "ACK seq=1 ack=12");
    expect_state(r, CIAO_FIN_WAIT_2);
}

/* ---- nobody there ---- */

/* [RFC9293 3.10.7.3 second EV-10] */
TEST(a_connect_is_refused)
{
    reach(r, CIAO_SYN_SENT);
    peer_sends(r, "RST,ACK seq=0 ack=1");
    expect_told(r, "CONNECTION_REFUSED");
    expect_state(r, CIAO_CLOSED);
    expect_error(r, CIAO_EREFUSED);
    expect_read_error(r, CIAO_EREFUSED);
    expect_send_error(r, CIAO_EREFUSED);
    expect_ready(r, CIAO_READABLE | CIAO_HANGUP | CIAO_ERROR);
    expect_nothing_sent(r);
}

/* [RFC9293 3.10.7.3 second EV-11] who does not know our number can't refuse */
TEST(a_reset_without_our_number_refuses_nothing)
{
    reach(r, CIAO_SYN_SENT);
    peer_sends(r, "RST seq=0");
    expect_dropped(r, CIAO_DROP_SYN_SENT_RST_UNPROVEN);
    peer_sends(r, "RST,ACK seq=0 ack=7");
    expect_dropped(r, CIAO_DROP_SYN_SENT_BAD_ACK);
    expect_nothing_sent(r);
    expect_state(r, CIAO_SYN_SENT);
}

/* [RFC9293 3.10.7.3 first EV-9, 3.5 figure 8: an old connection is discovered] */
TEST(an_ack_that_is_not_of_our_syn_is_answered_by_rst)
{
    reach(r, CIAO_SYN_SENT);
    peer_sends(r, "ACK seq=100 ack=300");
    expect_dropped(r, CIAO_DROP_SYN_SENT_BAD_ACK);
    expect_told(r, "RST_SYN_SENT_BAD_ACK");
    expect_sent(r, "RST seq=300");
    peer_sends(r, "SYN,ACK seq=0 ack=0 <mss 1000>"); /* ISS itself is not an answer */
    expect_sent(r, "RST seq=0");
    peer_sends(r, "SYN,ACK seq=0 ack=2 <mss 1000>");
    expect_sent(r, "RST seq=2");
    expect_state(r, CIAO_SYN_SENT);
    peer_sends(r, "SYN,ACK seq=0 ack=1 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1");
    expect_state(r, CIAO_ESTABLISHED);
}

/* [RFC9293 3.10.7.3 fifth EV-14, 3.10.7.4 eighth EV-38] */
TEST(neither_syn_nor_rst_is_dropped_in_syn_sent)
{
    reach(r, CIAO_SYN_SENT);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_dropped(r, CIAO_DROP_SYN_SENT_NOTHING);
    peer_sends(r, "FIN,ACK seq=1 ack=1");
    expect_dropped(r, CIAO_DROP_SYN_SENT_NOTHING);
    peer_sends(r, "FIN seq=1 len=5");
    expect_dropped(r, CIAO_DROP_SYN_SENT_NOTHING);
    expect_nothing_sent(r);
    expect_state(r, CIAO_SYN_SENT);
}

/* [RFC9293 3.8.3 MUST-20, MUST-22, MUST-23 EV-54, EV-55; RFC6298 5.5] */
TEST(a_syn_is_sent_again_with_doubled_waits_for_three_minutes)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    for (unsigned wait = 1000; wait <= 32000; wait *= 2) {
        time_passes(r, wait - 1);
        expect_nothing_sent(r);
        time_passes(r, 1);
        expect_told(r, "TIMER_SYN");
        expect_told(r, "AGAIN_SYN");
        expect_sent(r, "SYN seq=0 <mss *,sackOK,ts * 0,wscale 0>");
    }
    time_passes(r, 60000); /* 64 s is above the largest wait */
    expect_sent(r, "SYN seq=0");
    expect_state(r, CIAO_SYN_SENT);
    time_passes(r, 56999); /* 63 + 60 + 57 = 180 s */
    whatever_was_sent(r);
    expect_state(r, CIAO_SYN_SENT);
    time_passes(r, 30000);
    expect_told(r, "TIMER_R2");
    expect_told(r, "CONNECT_TIMED_OUT");
    expect_error(r, CIAO_ETIMEDOUT);
    expect_state(r, CIAO_CLOSED);
    whatever_was_sent(r);
}

TEST(a_lost_syn_ack_is_sent_again_until_r2)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    time_passes(r, 1000);
    expect_told(r, "TIMER_SYN_ACK");
    expect_told(r, "AGAIN_SYN_ACK");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    time_passes(r, 2000);
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    time_passes(r, 170000);
    expect_state(r, CIAO_SYN_RECEIVED);
    time_passes(r, 70000);
    whatever_was_sent(r);
    expect_told(r, "HANDSHAKE_TIMED_OUT");
    expect_state(r, CIAO_CLOSED);
    expect_nobody_to_accept(r);
}

/* [RFC9293 3.8.3 MUST-22] with the profile rfc a bare ACK, as for any old segment */
TEST(a_syn_again_is_answered)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1");
    expect_state(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "RST seq=1");
}

/* AS LINUX */
TEST(a_syn_again_gets_the_syn_ack_again)
{
    r->config.tcp.more &= ~CIAO_SYN_AGAIN_GETS_ACK;
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_told(r, "AGAIN_SYN_ACK_ASKED");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "RST seq=1");
    peer_is(r, 1);
    reach(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "SYN seq=0 <mss 1000>");
    expect_told(r, "AGAIN_SYN_ACK_ASKED");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
}

/* ---- CLOSED ---- */

/* [RFC9293 3.10.7.1 EV-1, EV-2, EV-3, EV-38] */
TEST(segments_for_nobody)
{
    peer_sends(r, "RST seq=5");
    expect_dropped(r, CIAO_DROP_CLOSED_RST);
    expect_nothing_sent(r);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_told(r, "RST_NO_CONNECTION");
    expect_sent(r, "RST,ACK seq=0 ack=1");
    peer_sends(r, "SYN,FIN seq=0 len=10");
    expect_sent(r, "RST,ACK seq=0 ack=12");
    peer_sends(r, "ACK seq=5 ack=77");
    expect_sent(r, "RST seq=77");
    peer_sends(r, "FIN,ACK seq=5 ack=99 len=10");
    expect_sent(r, "RST seq=99");
    peer_sends(r, "- seq=5 len=3");
    expect_sent(r, "RST,ACK seq=0 ack=8");
}

STORIES(STORY(we_open), STORY(the_stack_chooses_a_port_while_there_is_one),
        STORY(the_chosen_port_is_not_that_of_a_connection_which_the_peer_opened),
        STORY(the_peer_opens), STORY(bytes_in_the_third_segment_are_delivered),
        STORY(a_connection_may_be_accepted_in_close_wait),
        STORY(a_connection_may_be_accepted_after_its_reset), STORY(bytes_in_a_syn_are_held_back),
        STORY(bytes_and_fin_in_a_syn_ack_are_taken), STORY(the_syns_cross),
        STORY(the_syns_cross_and_a_bare_ack_ends_it), STORY(bytes_in_a_crossing_syn_are_held_back),
        STORY(a_lost_syn_ack_of_crossing_syns_is_sent_again),
        STORY(bytes_given_in_syn_sent_leave_when_established), STORY(a_connect_is_cancelled),
        STORY(a_close_in_syn_received_sends_fin),
        STORY(a_close_in_syn_received_waits_for_queued_bytes), STORY(a_connect_is_refused),
        STORY(a_reset_without_our_number_refuses_nothing),
        STORY(an_ack_that_is_not_of_our_syn_is_answered_by_rst),
        STORY(neither_syn_nor_rst_is_dropped_in_syn_sent),
        STORY(a_syn_is_sent_again_with_doubled_waits_for_three_minutes),
        STORY(a_lost_syn_ack_is_sent_again_until_r2), STORY(a_syn_again_is_answered),
        STORY(a_syn_again_gets_the_syn_ack_again), STORY(segments_for_nobody))
