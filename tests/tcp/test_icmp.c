/*
 * What the network reports of our segments: soft and hard errors, and those that nobody believes.
 * [RFC9293 3.9.2.2; RFC5927]
 */
#include "support/story.h"
#include "tcp/reach.h"

/* [RFC9293 3.9.2.2 MUST-56, SHLD-25, MUST-47] told, and nothing else */
TEST(a_soft_error_is_told_and_the_connection_goes_on)
{
    static const enum story_icmp soft[] = {NET_UNREACHABLE, TIME_EXCEEDED, TOO_BIG};
    for (unsigned i = 0; i < 3; i++) {
        peer_is(r, i);
        they_are_connected(r);
        user_sends(r, 10);
        expect_sent(r, "ACK seq=1 len=10");
        network_reports(r, soft[i], 1);
        expect_told(r, "DID_SOFT_ERROR");
        expect_state(r, CIAO_ESTABLISHED);
        expect_error(r, 0);
        int told = soft[i] == NET_UNREACHABLE ? -CIAO_ENOROUTE : -CIAO_EUNREACH;
        expect(r, ciao_soft_error(r->stack, story_peer(r)->conn) == told);
        expect(r, ciao_soft_error(r->stack, story_peer(r)->conn) == 0);
        peer_sends(r, "ACK seq=1 ack=11");
    }
}

TEST(a_soft_error_does_not_stop_a_connect)
{
    reach(r, CIAO_SYN_SENT);
    network_reports(r, NET_UNREACHABLE, 0);
    expect_told(r, "DID_SOFT_ERROR");
    expect_state(r, CIAO_SYN_SENT);
    time_passes(r, 1000);
    expect_sent(r, "SYN seq=0");
}

/* [RFC9293 3.9.2.2 SHLD-26] */
TEST(a_hard_error_ends_a_connect)
{
    reach(r, CIAO_SYN_SENT);
    network_reports(r, PORT_UNREACHABLE, 0);
    expect_told(r, "CONNECT_UNREACHABLE");
    expect_error(r, CIAO_EREFUSED); /* AS LINUX: the host is there, and nobody at that port */
    expect_state(r, CIAO_CLOSED);
    expect_nothing_sent(r);
}

/* [RFC9293 3.9.2.2 SHLD-26] with the profile rfc */
TEST(a_hard_error_ends_a_connection_where_the_rfc_is_followed)
{
    they_are_connected(r);
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 len=10");
    network_reports(r, PORT_UNREACHABLE, 1);
    expect_told(r, "UNREACHABLE");
    expect_error(r, CIAO_EREFUSED); /* AS LINUX: the host is there, and nobody at that port */
    expect_state(r, CIAO_CLOSED);
    expect_nothing_sent(r);
}

/* [RFC5927 5.2 5927-2] with the profiles ciao and linux: anybody could have sent it */
TEST(a_hard_error_is_soft_where_practice_is_followed)
{
    r->config.tcp = *ciao_profile(CIAO_PROFILE_LINUX);
    they_are_connected(r);
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 len=10");
    network_reports(r, PORT_UNREACHABLE, 1);
    expect_told(r, "DID_SOFT_ERROR");
    expect_state(r, CIAO_ESTABLISHED);
    peer_sends(r, "ACK seq=1 ack=11");
}

/* [RFC5927 4.1 5927-1] */
TEST(an_error_that_quotes_nothing_in_flight_is_not_believed)
{
    they_are_connected(r);
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 len=10");
    network_reports(r, PORT_UNREACHABLE, 0); /* acknowledged already */
    expect_told(r, "DID_ICMP_IGNORED");
    network_reports(r, PORT_UNREACHABLE, 11); /* never sent */
    expect_told(r, "DID_ICMP_IGNORED");
    network_reports(r, PORT_UNREACHABLE, 0x80000000);
    expect_told(r, "DID_ICMP_IGNORED");
    expect_state(r, CIAO_ESTABLISHED);
    peer_sends(r, "ACK seq=1 ack=11");
    network_reports(r, PORT_UNREACHABLE, 1); /* in the meantime it has arrived */
    expect_told(r, "DID_ICMP_IGNORED");
    expect_state(r, CIAO_ESTABLISHED);
    expect(r, ciao_soft_error(r->stack, story_peer(r)->conn) == 0);
}

/* All of ours has arrived in FIN-WAIT-2: there is nothing that an error could be about. */
TEST(in_fin_wait_2_and_time_wait_no_error_is_believed)
{
    reach(r, CIAO_FIN_WAIT_2);
    network_reports(r, PORT_UNREACHABLE, 1);
    expect_told(r, "DID_ICMP_IGNORED");
    expect_state(r, CIAO_FIN_WAIT_2);
    peer_is(r, 1);
    reach(r, CIAO_TIME_WAIT);
    network_reports(r, PORT_UNREACHABLE, 1);
    expect_told(r, "DID_ICMP_IGNORED");
    expect_state(r, CIAO_TIME_WAIT);
}

TEST(half_open_ones_and_strangers_are_not_concerned)
{
    user_listens(r, 8);
    network_reports(r, PORT_UNREACHABLE, 0);
    expect_told(r, "DID_ICMP_IGNORED");
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    network_reports(r, PORT_UNREACHABLE, 0);
    expect_told(r, "DID_ICMP_IGNORED");
    expect_state(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "ACK seq=1 ack=1");
    user_accepts(r);
}

STORIES(STORY(a_soft_error_is_told_and_the_connection_goes_on),
        STORY(a_soft_error_does_not_stop_a_connect), STORY(a_hard_error_ends_a_connect),
        STORY(a_hard_error_ends_a_connection_where_the_rfc_is_followed),
        STORY(a_hard_error_is_soft_where_practice_is_followed),
        STORY(an_error_that_quotes_nothing_in_flight_is_not_believed),
        STORY(in_fin_wait_2_and_time_wait_no_error_is_believed),
        STORY(half_open_ones_and_strangers_are_not_concerned))
