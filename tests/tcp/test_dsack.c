/*
 * What came twice is told with SACK, so that the peer learns which of its repairs were needless.
 * [RFC2883]
 */
#include "support/story.h"

static void begin(struct story *r)
{
    r->config.tcp.more |= CIAO_DSACK;
    they_are_connected_with(r, "sackOK");
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    user_reads(r, 1000);
    time_passes(r, 200);
    whatever_was_sent(r);
}

/* [RFC2883 4 2883-1] */
TEST(a_segment_that_came_twice_is_told)
{
    begin(r);
    peer_sends(r, "ACK seq=501 ack=1 len=500");
    expect_sent(r, "ACK seq=1 ack=1001 <sack 501:1001>");
    peer_sends(r, "ACK seq=3001 ack=1 len=10");
    expect_sent(r, "ACK seq=1 ack=1001 <sack 3001:3011>"); /* told once */
    peer_resets(r);
}

/* [RFC2883 4 2883-1] the part of it that is old */
TEST(a_segment_that_came_in_part_twice_is_told)
{
    begin(r);
    peer_sends(r, "ACK seq=501 ack=1 len=1000");
    time_passes(r, 200);
    expect_sent(r, "ACK seq=1 ack=1501 <sack 501:1001>");
    user_reads(r, 500);
}

/* [RFC2883 4 2883-1] the block that holds it comes second */
TEST(above_a_gap_the_block_that_holds_it_follows)
{
    begin(r);
    peer_sends(r, "ACK seq=2001 ack=1 len=1000");
    expect_sent(r, "ACK seq=1 ack=1001 <sack 2001:3001>");
    peer_sends(r, "ACK seq=4001 ack=1 len=1000");
    expect_sent(r, "ACK seq=1 ack=1001 <sack 4001:5001 2001:3001>");
    peer_sends(r, "ACK seq=2001 ack=1 len=500");
    expect_sent(r, "ACK seq=1 ack=1001 <sack 2001:2501 2001:3001 4001:5001>");
    peer_sends(r, "ACK seq=2501 ack=1 len=1000"); /* half of it is new */
    expect_sent(r, "ACK seq=1 ack=1001 <sack 2501:3001 2001:3501 4001:5001>");
    peer_sends(r, "ACK seq=1001 ack=1 len=1500"); /* fills the gap, and more */
    expect_sent(r, "ACK seq=1 ack=3501 <sack 2001:2501 4001:5001>");
    user_reads(r, 2500);
    peer_resets(r);
}

TEST(a_fin_that_came_twice_is_told)
{
    begin(r);
    peer_sends(r, "FIN,ACK seq=1001 ack=1 len=10");
    expect_sent(r, "ACK seq=1 ack=1012");
    peer_sends(r, "FIN,ACK seq=1001 ack=1 len=10");
    expect_sent(r, "ACK seq=1 ack=1012 <sack 1001:1012>");
    user_reads(r, 10);
    expect_end_of_stream(r);
}

/* Strangers learn nothing, and without SACK there is no place for it. */
TEST(what_lies_to_the_right_did_not_come_twice)
{
    begin(r);
    peer_sends(r, "ACK seq=100000 ack=1 len=10");
    expect_sent(r, "ACK seq=1 ack=1001 <>");
    peer_sends(r, "ACK seq=1000 ack=1"); /* nothing in it */
    expect_sent(r, "ACK seq=1 ack=1001 <>");
}

TEST(without_sack_nothing_is_told)
{
    r->config.tcp.more |= CIAO_DSACK;
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    peer_sends(r, "ACK seq=1 ack=1 len=1000");
    expect_sent(r, "ACK seq=1 ack=1001 <>");
    user_reads(r, 1000);
}

STORIES(STORY(a_segment_that_came_twice_is_told), STORY(a_segment_that_came_in_part_twice_is_told),
        STORY(above_a_gap_the_block_that_holds_it_follows), STORY(a_fin_that_came_twice_is_told),
        STORY(what_lies_to_the_right_did_not_come_twice), STORY(without_sack_nothing_is_told))
