/*
 * Listeners: what they answer, the queues behind them, and SYN cookies at their limit.
 * [RFC9293 3.9.1.1, 3.10.7.2; RFC4987]
 */
#include "support/story.h"
#include "tcp/reach.h"

/* A peer knocks, and has our SYN,ACK. */
static void knock(struct story *r, unsigned number)
{
    peer_is(r, number);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
}

static void come_in(struct story *r, unsigned number)
{
    knock(r, number);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_nothing_sent(r);
}

/* [RFC9293 3.10.7.2 first, second, fourth EV-4, EV-5, EV-7, 3.10.7.4 eighth EV-38] */
TEST(a_listener_answers_only_to_syn)
{
    user_listens(r, 8);
    peer_sends(r, "RST seq=5");
    expect_dropped(r, CIAO_DROP_LISTEN_RST);
    peer_sends(r, "RST,ACK seq=5 ack=9");
    expect_dropped(r, CIAO_DROP_LISTEN_RST);
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=5 ack=9");
    expect_told(r, "RST_LISTEN_ACK");
    expect_sent(r, "RST seq=9");
    peer_sends(r, "SYN,ACK seq=5 ack=9 <mss 1000>");
    expect_sent(r, "RST seq=9");
    peer_sends(r, "FIN seq=5 len=3");
    expect_dropped(r, CIAO_DROP_LISTEN_NOTHING);
    peer_sends(r, "- seq=5 len=3");
    expect_dropped(r, CIAO_DROP_LISTEN_NOTHING);
    expect_nothing_sent(r);
    expect_nobody_to_accept(r);
}

/* [RFC9293 3.9.1.1 MUST-42] both wildcard and exact */
TEST(the_wildcard_hears_too)
{
    const struct ciao_endpoint any = {.port = STORY_PORT};
    story_begin(r);
    expect(r, ciao_listen(r->stack, &any, 8, NULL, &r->listener) == 0);
    come_in(r, 0);
    user_accepts(r);
    expect_state(r, CIAO_ESTABLISHED);
}

TEST(listening_twice_on_one_port_is_refused)
{
    ciao_conn second;
    user_listens(r, 8);
    const struct ciao_endpoint any = {.port = STORY_PORT};
    expect(r, ciao_listen(r->stack, &any, 8, NULL, &second) == -CIAO_EADDRINUSE);
    expect(r, ciao_listen(r->stack, &any, 0, NULL, &second) == -CIAO_EINVAL);
}

/* A listener is a record of its own: it can neither send nor be connected. */
TEST(calls_that_a_listener_does_not_answer)
{
    user_listens(r, 8);
    story_peer(r)->conn = r->listener;
    expect_send_error(r, CIAO_ENOTCONN);
    expect_read_error(r, CIAO_ENOTCONN);
    expect(r, ciao_shutdown(r->stack, r->listener, CIAO_SHUT_WR, r->now_us) == -CIAO_ENOTCONN);
    story_peer(r)->conn = 0;
}

/* ---- SYN-RECEIVED of a child ---- */

/* [RFC9293 3.10.7.4 second EV-17] back to LISTEN, and the user is not told */
TEST(a_knock_is_withdrawn_by_rst)
{
    user_listens(r, 8);
    knock(r, 0);
    peer_sends(r, "RST seq=1");
    expect_told(r, "KNOCK_WITHDRAWN");
    expect_state(r, CIAO_CLOSED);
    expect_nobody_to_accept(r);
    expect_nothing_sent(r);
    come_in(r, 0); /* and the listener still listens */
    user_accepts(r);
}

/* [RFC9293 3.10.7.4 fourth EV-23] */
TEST(a_new_syn_in_the_window_returns_to_listen)
{
    user_listens(r, 8);
    knock(r, 0);
    peer_sends(r, "SYN seq=100 wnd=65535 <mss 1000>");
    expect_told(r, "KNOCKED_ANEW");
    expect_state(r, CIAO_CLOSED);
    expect_nothing_sent(r);
}

/* [RFC5961 3.2] */
TEST(a_reset_elsewhere_withdraws_nothing)
{
    user_listens(r, 8);
    knock(r, 0);
    peer_sends(r, "RST seq=2");
    expect_dropped(r, CIAO_DROP_RST_CHALLENGED);
    expect_sent(r, "ACK seq=1 ack=1");
    peer_sends(r, "RST seq=70000");
    expect_dropped(r, CIAO_DROP_RST_OUTSIDE_WINDOW);
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_state(r, CIAO_ESTABLISHED);
    user_accepts(r);
}

/* [RFC9293 3.10.7.4 fifth EV-25, EV-27] */
TEST(a_wrong_ack_opens_nothing)
{
    user_listens(r, 8);
    knock(r, 0);
    peer_sends(r, "ACK seq=1 ack=2");
    expect_dropped(r, CIAO_DROP_SYN_RECEIVED_BAD_ACK);
    expect_told(r, "RST_SYN_RECEIVED_BAD_ACK");
    expect_sent(r, "RST seq=2");
    peer_sends(r, "ACK seq=1 ack=0");
    expect_sent(r, "RST seq=0");
    peer_sends(r, "- seq=1 len=5");
    expect_dropped(r, CIAO_DROP_NO_ACK_FLAG);
    peer_sends(r, "ACK seq=70000 ack=1");
    expect_dropped(r, CIAO_DROP_SEQ_OUTSIDE_WINDOW);
    expect_sent(r, "ACK seq=1 ack=1");
    expect_state(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "ACK seq=1 ack=1");
    user_accepts(r);
}

/* The same for crossing SYNs. [RFC9293 3.10.7.4 second, fifth EV-18, EV-27] */
TEST(crossing_syns_meet_a_wrong_ack_and_a_reset)
{
    reach(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "ACK seq=1 ack=2");
    expect_dropped(r, CIAO_DROP_SYN_RECEIVED_BAD_ACK);
    expect_sent(r, "RST seq=2");
    expect_state(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "RST seq=1");
    expect_told(r, "OPEN_RESET");
    expect_error(r, CIAO_EREFUSED);
    expect_state(r, CIAO_CLOSED);
}

TEST(an_old_timestamp_does_not_open)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000,ts 100 0>");
    expect_sent(r, "SYN,ACK seq=0 ack=1 <mss *,ts * 100>");
    peer_sends(r, "ACK seq=1 ack=1 <ts 99 *>");
    expect_dropped(r, CIAO_DROP_PAWS);
    whatever_was_sent(r);
    expect_state(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "RST seq=1");
}

/* ---- queues ---- */

TEST(connections_are_accepted_in_the_order_of_their_handshakes)
{
    user_listens(r, 8);
    for (unsigned i = 0; i < 4; i++)
        knock(r, i);
    static const unsigned order[] = {2, 0, 3, 1};
    for (unsigned i = 0; i < 4; i++) {
        peer_is(r, order[i]);
        peer_sends(r, "ACK seq=1 ack=1");
    }
    for (unsigned i = 0; i < 4; i++) {
        peer_is(r, order[i]);
        user_accepts(r);
    }
    expect_nobody_to_accept(r);
}

/* AS LINUX: at the backlog SYNs and last ACKs are dropped; both come again. */
TEST(a_full_accept_queue_drops_and_says_so)
{
    user_listens(r, 2);
    knock(r, 0);
    come_in(r, 1);
    come_in(r, 2);
    peer_is(r, 3);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_dropped(r, CIAO_DROP_ACCEPT_QUEUE_FULL);
    expect_nothing_sent(r);
    peer_is(r, 0);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_dropped(r, CIAO_DROP_ACCEPT_QUEUE_FULL);
    expect_state(r, CIAO_SYN_RECEIVED);
    peer_is(r, 1);
    user_accepts(r);
    peer_is(r, 0);
    time_passes(r, 1000);
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1");
    peer_is(r, 2);
    user_accepts(r);
    peer_is(r, 0);
    user_accepts(r);
    expect_state(r, CIAO_ESTABLISHED);
}

/* A record of a few bytes each, and a bound on their number. [RFC4987 3.4 4987-2] */
TEST(without_cookies_a_full_syn_queue_drops)
{
    r->config.syn_cookies = 0;
    user_listens(r, 4);
    for (unsigned i = 0; i < 16; i++)
        knock(r, i);
    peer_is(r, 16);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_dropped(r, CIAO_DROP_SYN_QUEUE_FULL);
    expect_nothing_sent(r);
    peer_is(r, 3);
    peer_sends(r, "ACK seq=1 ack=1"); /* who was there before still comes in */
    user_accepts(r);
}

TEST(when_there_is_no_room_for_a_connection_the_last_ack_is_dropped)
{
    r->config.max_connections = 1;
    user_listens(r, 8);
    come_in(r, 0);
    user_accepts(r);
    knock(r, 1);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_dropped(r, CIAO_DROP_NO_ROOM_FOR_CONNECTION);
    expect_state(r, CIAO_SYN_RECEIVED);
    peer_is(r, 0);
    peer_resets(r);
    user_closes(r);
    peer_is(r, 1);
    peer_sends(r, "ACK seq=1 ack=1");
    user_accepts(r);
    expect_state(r, CIAO_ESTABLISHED);
}

/* ---- SYN cookies [RFC4987 3.6] ---- */

/* At the limit, and only there: nothing is remembered, and yet it opens. [4987-1] */
TEST(at_the_limit_a_cookie_needs_no_record)
{
    user_listens(r, 4);
    for (unsigned i = 0; i < 16; i++)
        knock(r, i);
    knock(r, 16);
    expect_told(r, "DID_COOKIE_SENT");
    expect_state(r, CIAO_CLOSED);
    time_passes(r, 500);
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=1 len=40");
    expect_told(r, "COOKIE_CAME_BACK");
    user_accepts(r);
    user_reads(r, 40);
    expect_state(r, CIAO_ESTABLISHED);
    whatever_was_sent(r);
    user_sends(r, 600);
    expect_sent(r, "ACK seq=1 ack=41 len=536"); /* the step below the MSS of 1000 */
    peer_resets(r);
}

/* What the record would have held comes back in the timestamp. */
TEST(a_cookie_carries_the_options)
{
    r->config.syn_cookies = 2;
    user_listens(r, 4);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1460,sackOK,ts 500 0,nop,wscale 7>");
    expect_sent(r, "SYN,ACK seq=0 ack=1 <mss *,sackOK,ts * 500,wscale 0>");
    peer_sends(r, "ACK seq=1 ack=1 wnd=100");
    user_accepts(r);
    struct ciao_info info = story_info(r);
    expect(r, info.timestamps && info.sack && info.wscale);
    expect(r, info.snd_wscale == 7 && info.snd_wnd == 12800);
    expect(r, info.snd_mss >= 1300);
}

TEST(without_timestamps_a_cookie_has_only_the_mss)
{
    r->config.syn_cookies = 2;
    user_listens(r, 4);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1460,sackOK,nop,wscale 7>");
    expect_sent(r, "SYN,ACK seq=0 ack=1 <mss *>");
    peer_sends(r, "ACK seq=1 ack=1 wnd=100");
    user_accepts(r);
    struct ciao_info info = story_info(r);
    expect(r, !info.timestamps && !info.sack && !info.wscale && info.snd_wnd == 100);
}

TEST(a_wrong_cookie_is_reset)
{
    r->config.syn_cookies = 2;
    user_listens(r, 4);
    knock(r, 0);
    peer_sends(r, "ACK seq=1 ack=2");
    expect_told(r, "RST_LISTEN_ACK");
    expect_sent(r, "RST seq=2");
    peer_sends(r, "ACK seq=2 ack=1"); /* it is of another number of the peer */
    expect_sent(r, "RST seq=1");
    peer_is(r, 1);
    story_peer(r)->our_isn = r->peers[0].our_isn; /* somebody else's */
    peer_sends(r, "ACK seq=1 ack=1");
    expect_sent(r, "RST seq=1");
    expect_nobody_to_accept(r);
}

TEST(a_cookie_is_good_for_two_minutes_and_no_longer)
{
    r->config.syn_cookies = 2;
    user_listens(r, 4);
    knock(r, 0);
    knock(r, 1);
    time_passes(r, 60000);
    peer_sends(r, "ACK seq=1 ack=1");
    user_accepts(r);
    time_passes(r, 69000);
    peer_is(r, 0);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_sent(r, "RST seq=1");
    expect_nobody_to_accept(r);
}

TEST(a_cookie_meets_a_full_accept_queue)
{
    r->config.syn_cookies = 2;
    user_listens(r, 1);
    knock(r, 1);
    come_in(r, 0);
    peer_is(r, 1);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_dropped(r, CIAO_DROP_ACCEPT_QUEUE_FULL);
    expect_nothing_sent(r);
    peer_is(r, 0);
    user_accepts(r);
    peer_is(r, 1);
    peer_sends(r, "ACK seq=1 ack=1 len=3"); /* the peer's bytes bring it again */
    user_accepts(r);
    user_reads(r, 3);
    whatever_was_sent(r);
}

TEST(a_listener_that_goes_takes_the_half_open_along)
{
    user_listens(r, 8);
    knock(r, 0);
    user_stops_listening(r);
    expect_told(r, "LISTENER_GONE");
    expect_told(r, "LISTENER_CLOSED");
    expect_state(r, CIAO_CLOSED);
    peer_sends(r, "ACK seq=1 ack=1");
    expect_sent(r, "RST seq=1");
}

/* Whoever leaves in between leaves the others' time as it was. [RFC9293 3.8.3 MUST-22] */
TEST(each_half_open_one_is_answered_again_in_its_own_time)
{
    user_listens(r, 8);
    for (unsigned i = 0; i < 4; i++) {
        knock(r, i);
        time_passes(r, 100);
    }
    peer_is(r, 1);
    peer_sends(r, "ACK seq=1 ack=1");
    peer_is(r, 3);
    peer_sends(r, "RST seq=1");
    time_passes(r, 599);
    expect_nothing_sent(r);
    time_passes(r, 1);
    peer_is(r, 0);
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    time_passes(r, 199);
    expect_nothing_sent(r);
    time_passes(r, 1);
    peer_is(r, 2);
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    time_passes(r, 1799); /* and again at twice the wait */
    expect_nothing_sent(r);
    time_passes(r, 1);
    peer_is(r, 0);
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    user_stops_listening(r);
    whatever_was_sent(r);
}

TEST(a_wait_that_is_the_listeners_own_is_kept)
{
    const struct ciao_endpoint any = {.port = STORY_PORT};
    story_begin(r);
    struct ciao_settings patient = r->config.tcp;
    patient.rto_initial_us = 3000000;
    expect(r, ciao_listen(r->stack, &any, 8, &patient, &r->listener) == 0);
    knock(r, 0);
    time_passes(r, 2999);
    expect_nothing_sent(r);
    time_passes(r, 1);
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    user_stops_listening(r);
}

STORIES(STORY(a_listener_answers_only_to_syn), STORY(the_wildcard_hears_too),
        STORY(listening_twice_on_one_port_is_refused), STORY(calls_that_a_listener_does_not_answer),
        STORY(a_knock_is_withdrawn_by_rst), STORY(a_new_syn_in_the_window_returns_to_listen),
        STORY(a_reset_elsewhere_withdraws_nothing), STORY(a_wrong_ack_opens_nothing),
        STORY(crossing_syns_meet_a_wrong_ack_and_a_reset), STORY(an_old_timestamp_does_not_open),
        STORY(connections_are_accepted_in_the_order_of_their_handshakes),
        STORY(a_full_accept_queue_drops_and_says_so), STORY(without_cookies_a_full_syn_queue_drops),
        STORY(when_there_is_no_room_for_a_connection_the_last_ack_is_dropped),
        STORY(at_the_limit_a_cookie_needs_no_record), STORY(a_cookie_carries_the_options),
        STORY(without_timestamps_a_cookie_has_only_the_mss), STORY(a_wrong_cookie_is_reset),
        STORY(a_cookie_is_good_for_two_minutes_and_no_longer),
        STORY(a_cookie_meets_a_full_accept_queue),
        STORY(a_listener_that_goes_takes_the_half_open_along),
        STORY(each_half_open_one_is_answered_again_in_its_own_time),
        STORY(a_wait_that_is_the_listeners_own_is_kept))
