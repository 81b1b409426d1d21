/*
 * Goodbye: every order in which the two directions close. [RFC9293 3.6]
 */
#include "support/story.h"

/* The FINs cross: neither side sees an ACK of its FIN until it has answered the other's.
 * [RFC9293 3.6 case 3] */
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
}

STORIES(STORY(both_close_at_once))
