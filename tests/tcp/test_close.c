/*
 * Goodbye: every order in which the two directions close. [RFC9293 3.6, 3.10.4]
 */
#include "support/story.h"
#include "tcp/reach.h"

/* [RFC9293 3.6 case 1 EV-47, EV-31, EV-41, EV-56]  The state changes when the user closes, not
 * when the FIN leaves; our side waits 2 MSL. [RFC9293 3.6.1 MUST-13] */
TEST(we_close_first)
{
    they_are_connected(r);
    user_shuts_down(r);
    expect(r, ciao_arc_count(r->stack, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST) == 1);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=2");
    expect_state(r, CIAO_FIN_WAIT_2);
    expect_told(r, "OUR_FIN_ACKED");
    peer_sends(r, "FIN,ACK seq=1 ack=2");
    expect_told(r, "PEER_CLOSED_TOO");
    expect_sent(r, "ACK seq=2 ack=2");
    expect_state(r, CIAO_TIME_WAIT);
    expect_end_of_stream(r);
    time_passes(r, 2 * 120000 - 1);
    expect_state(r, CIAO_TIME_WAIT);
    time_passes(r, 1);
    expect_state(r, CIAO_CLOSED);
    expect_told(r, "TIMER_TIME_WAIT");
    expect_told(r, "TWO_MSL_PASSED");
    expect_error(r, 0);
}

/* [RFC9293 3.6 case 2 EV-39, EV-48, EV-33, EV-52]  The user may go on sending until he
 * closes too. */
TEST(the_peer_closes_first)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=100");
    peer_sends(r, "FIN,ACK seq=101 ack=1");
    expect_sent(r, "ACK seq=1 ack=102");
    expect_state(r, CIAO_CLOSE_WAIT);
    expect_ready(r, CIAO_READABLE | CIAO_WRITABLE | CIAO_HANGUP_RD);
    user_reads(r, 100); /* data in hand, and then the end */
    expect_end_of_stream(r);
    expect_end_of_stream(r);
    user_closes(r);
    expect_sent(r, "FIN,ACK seq=1 ack=102");
    expect_state(r, CIAO_LAST_ACK);
    peer_sends(r, "ACK seq=102 ack=2");
    expect_state(r, CIAO_CLOSED);
    expect_told(r, "GOODBYE_DONE");
    expect(r, ciao_next_deadline(r->stack) == UINT64_MAX); /* no TIME-WAIT on this side */
}

/* The FINs cross: neither side sees an ACK of its FIN until it has answered the other's.
 * [RFC9293 3.6 case 3 EV-40, EV-32] */
TEST(both_close_at_once)
{
    they_are_connected(r);
    user_closes(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "FIN,ACK seq=1 ack=1");
    expect_sent(r, "ACK seq=2 ack=2");
    expect_state(r, CIAO_CLOSING);
    expect_told(r, "FINS_CROSSED");
    peer_sends(r, "ACK seq=2 ack=2");
    expect_state(r, CIAO_TIME_WAIT);
    expect_told(r, "CROSSED_FIN_ACKED");
}

/* Two and three travel as one: the close of three segments. [RFC9293 3.10.7.4 eighth EV-40] */
TEST(a_fin_that_also_acknowledges_ours_takes_two_arcs)
{
    they_are_connected(r);
    user_closes(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "FIN,ACK seq=1 ack=2");
    expect_told(r, "OUR_FIN_ACKED");
    expect_told(r, "PEER_CLOSED_TOO");
    expect_sent(r, "ACK seq=2 ack=2");
    expect_state(r, CIAO_TIME_WAIT);
}

/* When our user closes before the ACK of the peer's FIN has left, FIN and ACK are one segment. */
TEST(our_fin_rides_with_the_ack_of_the_peers)
{
    they_are_connected(r);
    peer_sends(r, "FIN,ACK seq=1 ack=1");
    expect(r, ciao_close(r->stack, story_peer(r)->conn, NULL, r->now_us) == 0);
    story_peer(r)->conn = 0;
    expect_sent(r, "FIN,ACK seq=1 ack=2");
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=2 ack=2");
    expect_state(r, CIAO_CLOSED);
}

/* [RFC9293 3.6 case 1, 3.6.1 SHLD-3 MUST-13] We are silent, and listen for as long
 * as the peer likes. */
TEST(after_our_half_close_the_peer_goes_on_talking)
{
    they_are_connected(r);
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=2");
    for (unsigned hour = 0; hour < 20; hour++) {
        time_passes(r, 3600000);
        peer_sends_f(r, "ACK seq=%u ack=2 len=1000", 1 + hour * 1000);
        user_reads(r, 1000);
    }
    time_passes(r, 1000);
    whatever_was_sent(r);
    expect_state(r, CIAO_FIN_WAIT_2);
    peer_sends(r, "FIN,ACK seq=20001 ack=2");
    expect_sent(r, "ACK seq=2 ack=20002");
    expect_end_of_stream(r);
    expect_state(r, CIAO_TIME_WAIT);
}

TEST(after_the_peers_half_close_we_go_on_talking)
{
    reach(r, CIAO_CLOSE_WAIT);
    for (unsigned hour = 0; hour < 20; hour++) {
        time_passes(r, 3600000);
        user_sends(r, 1000);
        expect_sent_f(r, "ACK seq=%u ack=2 len=1000", 1 + hour * 1000);
        peer_sends_f(r, "ACK seq=2 ack=%u", 1001 + hour * 1000);
    }
    expect_state(r, CIAO_CLOSE_WAIT);
    user_closes(r);
    expect_sent(r, "FIN,ACK seq=20001 ack=2");
    peer_sends(r, "ACK seq=2 ack=20002");
    expect_state(r, CIAO_CLOSED);
}

/* [RFC9293 3.10.4 EV-47]  FIN-WAIT-1 begins at once; the FIN is strictly behind the last byte. */
TEST(the_fin_waits_behind_queued_bytes)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=1000 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1");
    user_sends(r, 2500);
    user_closes(r);
    expect_state(r, CIAO_FIN_WAIT_1);
    expect_sent(r, "ACK seq=1 ack=1 len=1000");
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=1001 wnd=1000");
    expect_sent(r, "ACK seq=1001 ack=1 len=1000");
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=2001 wnd=1000");
    expect_sent(r, "FIN,PSH,ACK seq=2001 ack=1 len=500");
    peer_sends(r, "ACK seq=1 ack=2501"); /* the bytes, but not the FIN */
    expect_state(r, CIAO_FIN_WAIT_1);
    peer_sends(r, "ACK seq=1 ack=2502");
    expect_state(r, CIAO_FIN_WAIT_2);
    peer_resets(r);
}

TEST(the_fin_waits_behind_a_closed_window)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 wnd=0");
    r->forgives_window = true; /* it takes back what it offered */
    user_sends(r, 10);
    user_closes(r);
    expect_state(r, CIAO_FIN_WAIT_1);
    expect_nothing_sent(r);
    time_passes(r, 1000);
    expect_told(r, "TIMER_PERSIST");
    expect_sent(r, "ACK seq=1 ack=1 len=1");
    peer_sends(r, "ACK seq=1 ack=1 wnd=0");
    peer_sends(r, "ACK seq=1 ack=1 wnd=1000");
    expect_sent(r, "ACK seq=1 ack=1 len=10");
    expect_sent(r, "FIN,ACK seq=11 ack=1");
    peer_sends(r, "ACK seq=1 ack=12");
    expect_state(r, CIAO_FIN_WAIT_2);
    peer_resets(r);
}

/* [RFC9293 3.10.8 EV-55] */
TEST(a_lost_fin_is_sent_again)
{
    they_are_connected(r);
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    time_passes(r, 1000);
    expect_told(r, "TIMER_FIN");
    expect_told(r, "AGAIN_FIN");
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    time_passes(r, 1999);
    expect_nothing_sent(r); /* doubled [RFC6298 5.5] */
    time_passes(r, 1);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=2");
    expect_state(r, CIAO_FIN_WAIT_2);
    expect_nothing_sent(r);
    time_passes(r, 100000);
    expect_nothing_sent(r);
}

/* [RFC9293 3.10.8 EV-54, 3.8.3 MUST-20] R2 holds for the FIN as well, in each state that waits. */
TEST(whoever_never_acknowledges_our_fin_is_given_up)
{
    static const enum ciao_state states[] = {CIAO_FIN_WAIT_1, CIAO_CLOSING, CIAO_LAST_ACK};
    for (unsigned i = 0; i < 3; i++) {
        peer_is(r, i);
        reach(r, states[i]);
        time_passes(r, 99000);
        expect_state(r, states[i]);
        time_passes(r, 65000);
        expect_told(r, "TIMER_R1");
        expect_told(r, "TIMER_R2");
        expect_told(r, "GAVE_UP");
        expect_state(r, CIAO_CLOSED);
        expect_error(r, CIAO_ETIMEDOUT);
        whatever_was_sent(r);
    }
}

/* [RFC9293 3.10.7.4 eighth EV-42] */
TEST(a_second_fin_changes_nothing)
{
    static const enum ciao_state states[] = {CIAO_CLOSE_WAIT, CIAO_CLOSING, CIAO_LAST_ACK};
    for (unsigned i = 0; i < 3; i++) {
        peer_is(r, i);
        reach(r, states[i]);
        peer_sends(r, "FIN,ACK seq=1 ack=1");
        expect_sent_f(r, "ACK seq=%u ack=2", reach_our_next(states[i]));
        expect_state(r, states[i]);
        peer_sends(r, "FIN,ACK seq=2 ack=1"); /* and one beyond the end does neither */
        whatever_was_sent(r);
        expect_state(r, states[i]);
        peer_resets(r);
    }
}

/* [RFC9293 3.10.7.4 seventh EV-37]  There can be no bytes behind a FIN. */
TEST(bytes_behind_the_fin_are_dropped)
{
    static const enum ciao_state states[] = {CIAO_CLOSE_WAIT, CIAO_CLOSING, CIAO_LAST_ACK};
    for (unsigned i = 0; i < 3; i++) {
        peer_is(r, i);
        reach(r, states[i]);
        peer_sends(r, "ACK seq=2 ack=1 len=10");
        expect_dropped(r, CIAO_DROP_DATA_AFTER_FIN);
        whatever_was_sent(r);
        expect_state(r, states[i]);
        expect_end_of_stream(r);
        peer_resets(r);
    }
}

/* [RFC9293 3.10.2 EV-53, 3.10.4 EV-49] */
TEST(after_closing_nothing_more_can_be_sent_and_no_second_fin)
{
    static const enum ciao_state states[] = {CIAO_FIN_WAIT_1, CIAO_FIN_WAIT_2, CIAO_CLOSING,
                                             CIAO_LAST_ACK, CIAO_TIME_WAIT};
    for (unsigned i = 0; i < 5; i++) {
        peer_is(r, i);
        reach(r, states[i]);
        uint64_t fins = ciao_reason_count(r->stack, CIAO_DID_FIN_QUEUED);
        expect_send_error(r, CIAO_EPIPE);
        user_shuts_down(r);
        user_shuts_down(r);
        expect(r, ciao_reason_count(r->stack, CIAO_DID_FIN_QUEUED) == fins);
        expect_nothing_sent(r);
        expect_state(r, states[i]);
        user_aborts(r);
        whatever_was_sent(r);
    }
}

/* ---- the user closes, and bytes are lost by it ---- */

/* [RFC9293 3.6.1 SHLD-3] */
TEST(a_close_with_unread_bytes_resets_and_reports_them)
{
    static const enum ciao_state states[] = {CIAO_ESTABLISHED, CIAO_FIN_WAIT_1, CIAO_FIN_WAIT_2,
                                             CIAO_CLOSE_WAIT,  CIAO_CLOSING,    CIAO_LAST_ACK};
    for (unsigned i = 0; i < 6; i++) {
        peer_is(r, i);
        reach_unread(r, states[i], 10);
        struct ciao_event_report report = user_closes(r);
        expect(r, report.unread_bytes == 10);
        expect_told(r, "CALL_CLOSE");
        expect_told(r, "RST_UNREAD_DATA");
        expect_told(r, "CLOSED_UNREAD");
        expect_sent_f(r, "RST,ACK seq=%u", reach_our_next(states[i]));
        expect_state(r, CIAO_CLOSED);
    }
}

TEST(a_close_reports_what_has_not_arrived_yet)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=1000 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1");
    user_sends(r, 2500);
    expect_sent(r, "ACK seq=1 ack=1 len=1000");
    struct ciao_event_report report = user_closes(r);
    expect(r, report.unacked_bytes == 1000);
    expect(r, report.unsent_bytes == 1500);
    expect(r, report.unread_bytes == 0);
    peer_resets(r);
    expect_told(r, "DID_BUFFERS_FLUSHED");
}

/* [RFC9293 3.6.1 SHLD-3] */
TEST(bytes_for_a_user_who_has_gone_are_answered_by_rst)
{
    static const enum ciao_state states[] = {CIAO_FIN_WAIT_1, CIAO_FIN_WAIT_2};
    for (unsigned i = 0; i < 2; i++) {
        peer_is(r, i);
        reach_orphaned(r, states[i]);
        peer_sends_f(r, "ACK seq=1 ack=%u len=10", i == 0 ? 1 : 2);
        expect_told(r, "RST_DATA_AFTER_CLOSE");
        expect_told(r, "DATA_AFTER_CLOSE");
        expect_sent(r, i == 0 ? "RST seq=1" : "RST seq=2"); /* where the peer waits for it */
        expect_state(r, CIAO_CLOSED);
    }
}

/* But the one who only said that he has no more to say still reads. */
TEST(bytes_after_a_shutdown_are_read)
{
    reach(r, CIAO_FIN_WAIT_2);
    peer_sends(r, "ACK seq=1 ack=2 len=10");
    time_passes(r, 200);
    expect_sent(r, "ACK seq=2 ack=11");
    user_reads(r, 10);
    peer_sends(r, "FIN,ACK seq=11 ack=2");
    expect_sent(r, "ACK seq=2 ack=12");
    expect_state(r, CIAO_TIME_WAIT);
}

/* [RFC9293 3.10.5] */
TEST(a_close_with_linger_zero_is_an_abort)
{
    r->config.tcp.flags |= CIAO_LINGER;
    r->config.tcp.linger_us = 0;
    they_are_connected(r);
    user_sends(r, 10);
    user_closes(r);
    expect_told(r, "RST_LINGER_ZERO");
    expect_sent(r, "RST,ACK seq=1 ack=1");
    expect_state(r, CIAO_CLOSED);
}

/* [RFC9293 3.10.5 EV-50]  What was queued is flushed, and the peer told. */
TEST(an_abort_resets_in_the_states_that_still_talk)
{
    static const enum ciao_state states[] = {CIAO_SYN_RECEIVED, CIAO_ESTABLISHED, CIAO_FIN_WAIT_1,
                                             CIAO_FIN_WAIT_2, CIAO_CLOSE_WAIT};
    for (unsigned i = 0; i < 5; i++) {
        peer_is(r, i);
        reach(r, states[i]);
        if (states[i] == CIAO_ESTABLISHED || states[i] == CIAO_CLOSE_WAIT)
            user_sends(r, 5000);
        struct ciao_event_report report = user_aborts(r);
        expect(r, report.unsent_bytes == story_peer(r)->written);
        expect_told(r, "RST_ABORT");
        expect_sent_f(r, "RST,ACK seq=%u ack=%u", reach_our_next(states[i]),
                      reach_peer_next(states[i]));
        expect_nothing_sent(r);
        expect_state(r, CIAO_CLOSED);
    }
}

/* [RFC9293 3.10.5 EV-51] */
TEST(an_abort_at_the_end_is_silent)
{
    static const enum ciao_state states[] = {CIAO_CLOSING, CIAO_LAST_ACK, CIAO_TIME_WAIT};
    for (unsigned i = 0; i < 3; i++) {
        peer_is(r, i);
        reach(r, states[i]);
        user_aborts(r);
        expect_told(r, "ABORTED_AT_THE_END");
        expect_nothing_sent(r);
        expect_state(r, CIAO_CLOSED);
    }
}

/* AS LINUX: tcp_fin_timeout.  Nobody will read what it sends, so it need not be waited for. */
TEST(an_orphan_in_fin_wait_2_waits_only_so_long)
{
    r->config.tcp.orphan_fin_wait_2_us = 60000000;
    reach_orphaned(r, CIAO_FIN_WAIT_2);
    time_passes(r, 59999);
    expect_state(r, CIAO_FIN_WAIT_2);
    time_passes(r, 1);
    expect_told(r, "TIMER_FIN_WAIT_2");
    expect_told(r, "ORPHAN_WAITED_ENOUGH");
    expect_state(r, CIAO_CLOSED);
    expect_nothing_sent(r);
}

/* The handle is what makes the difference: whoever holds it may wait for ever. */
TEST(a_half_close_in_fin_wait_2_has_no_timeout)
{
    r->config.tcp.orphan_fin_wait_2_us = 60000000;
    reach(r, CIAO_FIN_WAIT_2);
    time_passes(r, 24 * 3600000);
    expect_state(r, CIAO_FIN_WAIT_2);
    user_closes(r); /* now nobody does */
    time_passes(r, 60000);
    expect_told(r, "ORPHAN_WAITED_ENOUGH");
    expect_state(r, CIAO_CLOSED);
}

/* [RFC9293 3.10.5]  The peer believes it has a connection, so it is told that it has not. */
TEST(who_was_never_accepted_is_reset_when_the_listener_goes)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1 len=10");
    user_stops_listening(r);
    expect_told(r, "RST_NEVER_ACCEPTED");
    expect_told(r, "NEVER_ACCEPTED");
    expect_sent(r, "RST,ACK seq=1 ack=11");
}

/* [RFC6429 4] */
TEST(an_orphan_makes_room_when_there_is_no_other)
{
    r->config.max_connections = 2;
    reach(r, CIAO_FIN_WAIT_2); /* this one is held: it stays */
    peer_is(r, 1);
    reach_orphaned(r, CIAO_FIN_WAIT_2);
    peer_is(r, 2);
    user_connects(r);
    expect_told(r, "RST_ORPHAN_SACRIFICED");
    expect_told(r, "ORPHAN_SACRIFICED");
    peer_is(r, 1);
    expect_sent(r, "RST,ACK seq=2 ack=1");
    expect_state(r, CIAO_CLOSED);
    peer_is(r, 2);
    expect_sent(r, "SYN seq=0");
    peer_is(r, 0);
    expect_state(r, CIAO_FIN_WAIT_2);
}

STORIES(STORY(we_close_first), STORY(the_peer_closes_first), STORY(both_close_at_once),
        STORY(a_fin_that_also_acknowledges_ours_takes_two_arcs),
        STORY(our_fin_rides_with_the_ack_of_the_peers),
        STORY(after_our_half_close_the_peer_goes_on_talking),
        STORY(after_the_peers_half_close_we_go_on_talking),
        STORY(the_fin_waits_behind_queued_bytes), STORY(the_fin_waits_behind_a_closed_window),
        STORY(a_lost_fin_is_sent_again), STORY(whoever_never_acknowledges_our_fin_is_given_up),
        STORY(a_second_fin_changes_nothing), STORY(bytes_behind_the_fin_are_dropped),
        STORY(after_closing_nothing_more_can_be_sent_and_no_second_fin),
        STORY(a_close_with_unread_bytes_resets_and_reports_them),
        STORY(a_close_reports_what_has_not_arrived_yet),
        STORY(bytes_for_a_user_who_has_gone_are_answered_by_rst),
        STORY(bytes_after_a_shutdown_are_read), STORY(a_close_with_linger_zero_is_an_abort),
        STORY(an_abort_resets_in_the_states_that_still_talk), STORY(an_abort_at_the_end_is_silent),
        STORY(an_orphan_in_fin_wait_2_waits_only_so_long),
        STORY(a_half_close_in_fin_wait_2_has_no_timeout),
        STORY(who_was_never_accepted_is_reset_when_the_listener_goes),
        STORY(an_orphan_makes_room_when_there_is_no_other))
