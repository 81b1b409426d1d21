/*
 * Explicit congestion notification: asked for, agreed upon, marked, echoed, heeded.  [RFC3168]
 */
#include "support/story.h"

/* We asked, the peer agreed. */
static void both_agree(struct story *r)
{
    r->config.tcp.more |= CIAO_ECN;
    user_connects(r);
    expect_sent(r, "SYN,ECE,CWR seq=0 ecn=0");
    peer_sends(r, "SYN,ACK,ECE seq=0 ack=1 wnd=65535 <mss 1000,sackOK>");
    expect_sent(r, "ACK seq=1 ack=1 ecn=0");
}

/* [RFC3168 6.1.1 3168-1, RFC9293 3.8.2 SHLD-8] */
TEST(who_asks_and_gets_an_answer_marks_its_data)
{
    both_agree(r);
    user_sends(r, 100);
    expect_sent(r, "ACK seq=1 len=100 ecn=2");
    peer_sends(r, "ACK seq=1 ack=101");
    peer_resets(r);
}

TEST(without_an_answer_nothing_is_marked)
{
    static const char *const answers[] = {
        "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000>",
        "SYN,ACK,ECE,CWR seq=0 ack=1 wnd=65535 <mss 1000>", /* a mirror */
        "SYN,ACK,CWR seq=0 ack=1 wnd=65535 <mss 1000>",
    };
    r->config.tcp.more |= CIAO_ECN;
    for (unsigned i = 0; i < 3; i++) {
        peer_is(r, i);
        user_connects(r);
        expect_sent(r, "SYN,ECE,CWR seq=0");
        peer_sends(r, answers[i]);
        expect_sent(r, "ACK seq=1 ack=1");
        user_sends(r, 100);
        expect_sent(r, "ACK seq=1 len=100 ecn=0");
        peer_sends(r, "ACK,ECE seq=1 ack=101");
        user_sends(r, 100);
        expect_sent(r, "ACK seq=101 len=100 ecn=0"); /* no CWR: there was nothing to heed */
        peer_resets(r);
    }
}

/* [RFC3168 6.1.1.1 3168-5] */
TEST(a_syn_that_is_sent_again_does_not_ask)
{
    r->config.tcp.more |= CIAO_ECN;
    user_connects(r);
    expect_sent(r, "SYN,ECE,CWR seq=0");
    time_passes(r, 1000);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN,ACK,ECE seq=0 ack=1 wnd=65535 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1");
    user_sends(r, 100);
    expect_sent(r, "ACK seq=1 len=100 ecn=0");
    peer_resets(r);
}

/* [RFC3168 6.1.1 3168-1] */
TEST(who_is_asked_agrees)
{
    user_listens(r, 8);
    peer_sends(r, "SYN,ECE,CWR seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK,ECE seq=0 ack=1 ecn=0");
    time_passes(r, 1000);
    expect_sent(r, "SYN,ACK,ECE seq=0 ack=1 ecn=0");
    peer_sends(r, "ACK seq=1 ack=1");
    user_accepts(r);
    user_sends(r, 100);
    expect_sent(r, "ACK seq=1 len=100 ecn=2");
    peer_resets(r);
    peer_is(r, 1); /* half a question is none, and a marked one neither */
    peer_sends(r, "SYN,ECE seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "RST seq=1");
    peer_sends(r, "SYN,ECE,CWR seq=0 wnd=65535 ecn=3 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "RST seq=1");
}

TEST(who_will_not_have_it_does_not_agree)
{
    r->config.tcp.more &= ~(CIAO_ECN | CIAO_ECN_ACCEPT);
    user_listens(r, 8);
    peer_sends(r, "SYN,ECE,CWR seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "RST seq=1");
}

/* [RFC3168 6.1.3 3168-2] */
TEST(a_mark_is_echoed_until_the_peer_has_heard_it)
{
    both_agree(r);
    peer_sends(r, "ACK seq=1 ack=1 len=100 ecn=2");
    time_passes(r, 200);
    expect_sent(r, "ACK seq=1 ack=101");
    peer_sends(r, "ACK seq=101 ack=1 len=100 ecn=3");
    expect_told(r, "DID_ECN_MARKED");
    expect_sent(r, "ACK,ECE seq=1 ack=201"); /* at once */
    user_sends(r, 10);
    expect_sent(r, "ACK,ECE seq=1 ack=201 len=10 ecn=2");
    peer_sends(r, "ACK seq=201 ack=11 len=100 ecn=2");
    time_passes(r, 200);
    expect_sent(r, "ACK,ECE seq=11 ack=301");
    peer_sends(r, "ACK,CWR seq=301 ack=11 len=100 ecn=2");
    expect_sent(r, "ACK seq=11 ack=401");
    peer_sends(r, "ACK,CWR seq=401 ack=11 len=100 ecn=3"); /* and marked again */
    expect_sent(r, "ACK,ECE seq=11 ack=501");
    user_reads(r, 500);
    peer_resets(r);
}

/* [RFC3168 6.1.2 3168-3] once a window, and the peer is told */
static void an_echo_halves(struct story *r)
{
    both_agree(r);
    user_sends(r, 4000);
    whatever_was_sent(r);
    uint32_t before = story_info(r).cwnd_bytes;
    peer_sends(r, "ACK,ECE seq=1 ack=1001");
    expect_told(r, "DID_ECN_REDUCED");
    whatever_was_sent(r);
    user_sends(r, 4000);
    peer_sends(r, "ACK,ECE seq=1 ack=3001"); /* of the same window */
    peer_sends(r, "ACK seq=1 ack=4001");
    expect_sent(r, "ACK,CWR seq=4001 len=1000 ecn=2");
    expect_sent(r, "ACK seq=5001 len=1000 ecn=2");
    expect(r, ciao_reason_count(r->stack, CIAO_DID_ECN_REDUCED) == 1);
    expect(r, story_info(r).cwnd_bytes < before && story_info(r).retransmitted_segments == 0);
    whatever_was_sent(r);
    peer_resets(r);
}

TEST(an_echo_counts_as_a_loss)
{
    an_echo_halves(r);
}

TEST(an_echo_counts_as_a_loss_in_the_profile_linux)
{
    uint32_t rcvbuf = r->config.tcp.rcvbuf_bytes;
    r->config.tcp = *ciao_profile(CIAO_PROFILE_LINUX);
    r->config.tcp.rcvbuf_bytes = rcvbuf;
    an_echo_halves(r);
}

/* [RFC3168 6.1.4-6.1.6 3168-4] */
TEST(what_is_sent_again_and_probes_are_not_marked)
{
    both_agree(r);
    user_sends(r, 1000);
    expect_sent(r, "ACK seq=1 len=1000 ecn=2");
    time_passes(r, 1000);
    expect_sent(r, "ACK seq=1 len=1000 ecn=0");
    peer_sends(r, "ACK seq=1 ack=1001 wnd=0");
    user_sends(r, 10);
    time_passes(r, 2100);
    expect_sent(r, "ACK seq=1001 len=1 ecn=0");
    peer_resets(r);
}

STORIES(STORY(who_asks_and_gets_an_answer_marks_its_data),
        STORY(without_an_answer_nothing_is_marked), STORY(a_syn_that_is_sent_again_does_not_ask),
        STORY(who_is_asked_agrees), STORY(who_will_not_have_it_does_not_agree),
        STORY(a_mark_is_echoed_until_the_peer_has_heard_it), STORY(an_echo_counts_as_a_loss),
        STORY(an_echo_counts_as_a_loss_in_the_profile_linux),
        STORY(what_is_sent_again_and_probes_are_not_marked))
