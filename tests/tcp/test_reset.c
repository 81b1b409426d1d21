/*
 * Blind attacks: who may reset a connection, or open it anew, and who is asked first. [RFC5961]
 */
#include "support/story.h"
#include "tcp/reach.h"

static const enum ciao_state synchronised[] = {CIAO_ESTABLISHED, CIAO_FIN_WAIT_1, CIAO_FIN_WAIT_2,
                                               CIAO_CLOSE_WAIT,  CIAO_CLOSING,    CIAO_LAST_ACK};
#define STATES (sizeof synchronised / sizeof synchronised[0])

/* [RFC9293 3.10.7.4 second EV-19, RFC5961 3.2 5961-1] */
TEST(a_reset_at_the_next_number_ends_it_and_the_user_is_told)
{
    for (unsigned i = 0; i < 4; i++) {
        peer_is(r, i);
        reach(r, synchronised[i]);
        peer_sends_f(r, "RST seq=%u", reach_peer_next(synchronised[i]));
        expect_told(r, "RESET_BY_PEER");
        expect_state(r, CIAO_CLOSED);
        expect_error(r, CIAO_ERESET);
        expect_send_error(r, CIAO_ERESET);
        expect_nothing_sent(r);
    }
}

/* [RFC9293 3.10.7.4 second EV-20] both have said goodbye: no error */
TEST(a_reset_at_the_end_is_silent)
{
    for (unsigned i = 4; i < STATES; i++) {
        peer_is(r, i);
        reach(r, synchronised[i]);
        peer_sends(r, "RST seq=2");
        expect_told(r, "RESET_AT_THE_END");
        expect_state(r, CIAO_CLOSED);
        expect_error(r, 0);
        expect_nothing_sent(r);
    }
}

/* AS LINUX: what its programs expect to be told. */
TEST(linux_tells_of_every_reset)
{
    r->config.tcp.more |= CIAO_LINUX_ERRORS;
    for (unsigned i = 0; i < STATES; i++) {
        peer_is(r, i);
        reach(r, synchronised[i]);
        peer_sends_f(r, "RST seq=%u", reach_peer_next(synchronised[i]));
        expect_state(r, CIAO_CLOSED);
        expect_error(r, CIAO_ERESET);
    }
}

/* [RFC9293 3.10.7.4 second EV-21, RFC5961 3.2 5961-3] */
TEST(a_reset_elsewhere_in_the_window_is_asked_back)
{
    for (unsigned i = 0; i < STATES; i++) {
        peer_is(r, i);
        reach(r, synchronised[i]);
        unsigned next = reach_peer_next(synchronised[i]);
        peer_sends_f(r, "RST seq=%u", next + 1);
        expect_dropped(r, CIAO_DROP_RST_CHALLENGED);
        expect_told(r, "DID_CHALLENGE_ACK");
        expect_sent_f(r, "ACK seq=%u ack=%u", reach_our_next(synchronised[i]), next);
        expect_state(r, synchronised[i]);
        /* It was the peer indeed: it answers our ACK with the number that we named. */
        peer_sends_f(r, "RST seq=%u", next);
        expect_state(r, CIAO_CLOSED);
    }
}

/* [RFC9293 3.10.7.4 second EV-22] */
TEST(a_reset_outside_the_window_is_dropped_silently)
{
    for (unsigned i = 0; i < STATES; i++) {
        peer_is(r, i);
        reach(r, synchronised[i]);
        peer_sends_f(r, "RST seq=%d", (int)reach_peer_next(synchronised[i]) - 1);
        expect_dropped(r, CIAO_DROP_RST_OUTSIDE_WINDOW);
        peer_sends(r, "RST seq=60001");
        peer_sends(r, "RST seq=900000");
        expect_nothing_sent(r);
        expect_state(r, synchronised[i]);
    }
}

/* Wherever it lies, whatever it carries. [RFC9293 3.10.7.4 fourth EV-24, RFC5961 4.2 5961-4] */
TEST(a_syn_is_asked_back)
{
    static const int where[] = {0, 1, 2, 1000, -9999, 900000};
    for (unsigned i = 0; i < STATES; i++)
        for (unsigned w = 0; w < 6; w++) {
            peer_is(r, i * 6 + w);
            reach(r, synchronised[i]);
            peer_sends_f(r, "SYN seq=%d <mss 1000>", where[w]);
            expect_sent_f(r, "ACK seq=%u ack=%u", reach_our_next(synchronised[i]),
                          reach_peer_next(synchronised[i]));
            expect_told(r, "DID_CHALLENGE_ACK");
            expect_state(r, synchronised[i]);
            user_aborts(r);
            whatever_was_sent(r);
        }
}

TEST(a_syn_ack_is_asked_back)
{
    they_are_connected(r);
    peer_sends(r, "SYN,ACK seq=5 ack=1");
    expect_dropped(r, CIAO_DROP_SYN_CHALLENGED);
    expect_sent(r, "ACK seq=1 ack=1");
    expect_state(r, CIAO_ESTABLISHED);
}

/* A peer that lost its memory and opens anew: it resets what we show it, and then comes in.
 * [RFC9293 3.5.1 figure 9, RFC5961 4.2] */
TEST(a_half_open_connection_is_discovered)
{
    peer_has_connected(r);
    peer_sends(r, "SYN seq=30000 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1");
    peer_sends(r, "RST seq=1"); /* it knows of no such connection */
    expect_state(r, CIAO_CLOSED);
    expect_error(r, CIAO_ERESET);
    user_closes(r);
    peer_sends(r, "SYN seq=30000 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK ack=30001");
    peer_sends(r, "RST seq=30001");
}

/* [RFC5961 7 5961-6] No more than ten a second for one connection: two confused ends would ACK for
 * ever. */
TEST(challenges_of_one_connection_are_limited)
{
    they_are_connected(r);
    for (unsigned i = 0; i < 10; i++) {
        peer_sends(r, "RST seq=2");
        expect_sent(r, "ACK seq=1 ack=1");
    }
    peer_sends(r, "RST seq=2");
    expect_told(r, "DID_CHALLENGE_LIMITED");
    expect_nothing_sent(r);
    time_passes(r, 1000);
    peer_sends(r, "RST seq=2");
    expect_sent(r, "ACK seq=1 ack=1");
}

TEST(challenges_of_half_open_ones_are_limited_for_the_whole_stack)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    for (unsigned i = 0; i < 1000; i++) {
        peer_sends(r, "RST seq=2");
        expect_sent(r, "ACK seq=1 ack=1");
    }
    peer_sends(r, "RST seq=2");
    expect_told(r, "DID_CHALLENGE_LIMITED");
    expect_nothing_sent(r);
    peer_sends(r, "RST seq=1");
}

/* [RFC5961 5.2 5961-5, RFC9293 3.10.7.4 fifth EV-29 MAY-12] */
TEST(an_ack_outside_what_can_be_is_asked_back)
{
    they_are_connected(r);
    user_sends(r, 1000);
    expect_sent(r, "ACK seq=1 ack=1 len=1000");
    peer_sends(r, "ACK seq=1 ack=1001");
    peer_sends(r, "ACK seq=1 ack=1002 len=10");
    expect_dropped(r, CIAO_DROP_ACK_OF_THE_FUTURE);
    expect_sent(r, "ACK seq=1001 ack=1");
    peer_sends(r, "ACK seq=1 ack=-64536 len=10"); /* further back than the largest window */
    expect_dropped(r, CIAO_DROP_ACK_TOO_OLD);
    expect_sent(r, "ACK seq=1001 ack=1");
    peer_sends(r, "ACK seq=1 ack=-64534 len=10"); /* old, but it can be */
    user_reads(r, 10);
    time_passes(r, 500);
    expect_sent(r, "ACK seq=1001 ack=11");
}

/* The peer's reset after bytes: they are still read. [RFC9293 3.10.7.4 second] */
TEST(bytes_before_a_reset_are_still_read)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=100");
    peer_sends(r, "RST seq=101");
    expect_state(r, CIAO_CLOSED);
    user_reads(r, 100);
    expect_read_error(r, CIAO_ERESET);
}

STORIES(STORY(a_reset_at_the_next_number_ends_it_and_the_user_is_told),
        STORY(a_reset_at_the_end_is_silent), STORY(linux_tells_of_every_reset),
        STORY(a_reset_elsewhere_in_the_window_is_asked_back),
        STORY(a_reset_outside_the_window_is_dropped_silently), STORY(a_syn_is_asked_back),
        STORY(a_syn_ack_is_asked_back), STORY(a_half_open_connection_is_discovered),
        STORY(challenges_of_one_connection_are_limited),
        STORY(challenges_of_half_open_ones_are_limited_for_the_whole_stack),
        STORY(an_ack_outside_what_can_be_is_asked_back), STORY(bytes_before_a_reset_are_still_read))
