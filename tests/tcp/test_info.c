/*
 * What a connection tells of itself, as Linux counts it.
 */
#include "support/story.h"

/* Linux counts segments and milliseconds since. */
TEST(what_is_on_its_way_is_counted_in_segments)
{
    they_are_connected_with(r, "sackOK,ts 1 *");
    struct ciao_info info = story_info(r);
    expect(r, info.unacked_segments == 0 && info.ca_state == CIAO_CA_OPEN);
    expect(r, info.acked_sequence == 1); /* our SYN */
    expect(r, info.our_mss == (r->v6 ? 1440u : 1460u) - 12);
    expect(r, info.pmtu_bytes == 1500);
    user_sends(r, 988 * 4);
    whatever_was_sent(r);
    info = story_info(r);
    expect(r, info.unacked_segments == 4 && info.data_segments_sent == 4);
    expect(r, info.sacked_segments == 0 && info.marked_segments == 0);
    peer_sends(r, "ACK seq=1 ack=1 <sack 989:1977,ts 1 *>");
    whatever_was_sent(r);
    info = story_info(r);
    expect(r, info.sacked_segments == 1 && info.ca_state == CIAO_CA_DISORDER);
    peer_sends(r, "ACK seq=1 ack=3953");
    info = story_info(r);
    expect(r, info.unacked_segments == 0 && info.acked_sequence == 3953);
    expect(r, info.delivered_segments == 4 && info.ca_state == CIAO_CA_OPEN);
}

TEST(a_timeout_shows_in_the_counts)
{
    they_are_connected(r);
    user_sends(r, 1000);
    expect_sent(r, "ACK seq=1 len=1000");
    time_passes(r, 1000);
    expect_sent(r, "ACK seq=1 len=1000");
    struct ciao_info info = story_info(r);
    expect(r, info.ca_state == CIAO_CA_LOSS);
    expect(r, info.retransmits == 1 && info.backoff == 1 && info.timeouts == 1);
    expect(r, info.unacked_segments == 1 && info.again_segments == 1 && info.marked_segments == 1);
    expect(r, info.retransmitted_bytes == 1000 && info.retransmitted_segments == 1);
    peer_sends(r, "ACK seq=1 ack=1001");
    info = story_info(r);
    expect(r, info.retransmits == 0 && info.backoff == 0 && info.retransmitted_bytes == 1000);
    expect(r, info.again_segments == 0);
}

TEST(times_count_from_what_was_last)
{
    they_are_connected(r);
    time_passes(r, 500);
    expect(r, story_info(r).received_ms == 500 && story_info(r).sent_ms == 500);
    expect(r, story_info(r).acked_ms == 500);
    peer_sends(r, "ACK seq=1 ack=1 len=10");
    time_passes(r, 300);
    whatever_was_sent(r);
    expect(r, story_info(r).received_ms == 300);
    user_sends(r, 10);
    whatever_was_sent(r);
    time_passes(r, 100);
    peer_sends(r, "ACK seq=11 ack=11");
    time_passes(r, 50);
    expect(r, story_info(r).sent_ms == 150 && story_info(r).received_ms == 450);
    expect(r, story_info(r).acked_ms == 50);
    user_reads(r, 10);
}

TEST(what_came_out_of_order_is_counted)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=11 ack=1 len=10");
    peer_sends(r, "ACK seq=1 ack=1 len=10");
    whatever_was_sent(r);
    struct ciao_info info = story_info(r);
    expect(r, info.out_of_order_segments == 1 && info.data_segments_received == 2);
    user_reads(r, 20);
}

/* SYN and FIN are segments too, and have numbers. */
TEST(syn_and_fin_count)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    expect(r, story_info(r).unacked_segments == 1);
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1");
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    expect(r, story_info(r).unacked_segments == 1);
    peer_sends(r, "ACK seq=1 ack=2");
    expect(r, story_info(r).unacked_segments == 0);
    expect(r, story_info(r).acked_sequence == 2);
}

STORIES(STORY(what_is_on_its_way_is_counted_in_segments), STORY(a_timeout_shows_in_the_counts),
        STORY(times_count_from_what_was_last), STORY(what_came_out_of_order_is_counted),
        STORY(syn_and_fin_count))
