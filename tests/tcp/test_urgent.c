/*
 * Urgent data: announced at once, kept aside or among the others, and passed over in reading.
 * [RFC9293 3.8.5; RFC6093]
 */
#include "support/story.h"

static void read_is(struct story *r, void *to, size_t len, unsigned flags, int64_t result)
{
    int64_t got = ciao_recv(r->stack, story_peer(r)->conn, to, len, flags, r->now_us);
    if (got != result)
        story_fail(r, "recv answers %lld, not %lld", (long long)got, (long long)result);
}

static bool at_mark(struct story *r)
{
    return ciao_at_mark(r->stack, story_peer(r)->conn);
}

static void passes(struct story *r, unsigned bytes)
{
    story_peer(r)->read += bytes; /* the story checks what follows */
}

static void set_inline(struct story *r)
{
    struct ciao_settings settings;
    expect(r, ciao_get_settings(r->stack, story_peer(r)->conn, &settings) == 0);
    settings.flags |= CIAO_OOB_INLINE;
    expect(r, ciao_set_settings(r->stack, story_peer(r)->conn, &settings) == 0);
}

/* [RFC9293 3.8.5 MUST-30, MUST-32, MUST-33, MUST-62, MUST-31] [EV-35] */
TEST(an_urgent_byte_is_announced_kept_aside_and_passed_over)
{
    uint8_t byte = 0, bytes[100];
    they_are_connected(r);
    read_is(r, &byte, 1, CIAO_RECV_URGENT, -CIAO_EINVAL);
    peer_sends(r, "ACK,URG seq=1 ack=1 urp=10 len=30");
    whatever_was_sent(r);
    expect_told(r, "DID_URGENT_ANNOUNCED");
    expect_ready(r, CIAO_READABLE | CIAO_WRITABLE | CIAO_URGENT);
    expect(r, story_info(r).readable_bytes == 9);
    expect(r, !at_mark(r));
    read_is(r, bytes, sizeof bytes, 0, 9); /* never across the mark */
    expect(r, at_mark(r));
    read_is(r, &byte, 1, CIAO_RECV_URGENT | CIAO_RECV_PEEK, 1);
    read_is(r, &byte, 1, CIAO_RECV_URGENT, 1);
    expect(r, byte == (uint8_t)(9 * 131 ^ 0x5a));
    read_is(r, &byte, 1, CIAO_RECV_URGENT, -CIAO_EINVAL);
    expect_ready(r, CIAO_READABLE | CIAO_WRITABLE);
    passes(r, 10);
    user_reads(r, 20);
    expect(r, !at_mark(r));
    expect_read_error(r, CIAO_EAGAIN);
}

/* [RFC9293 3.8.5 MUST-32] [EV-35] */
TEST(what_is_announced_need_not_have_arrived)
{
    uint8_t byte = 0;
    they_are_connected(r);
    while (ciao_next_ready(r->stack) != 0)
        ;
    peer_sends(r, "ACK,URG seq=1 ack=1 urp=500 len=100");
    whatever_was_sent(r);
    expect(r, ciao_next_ready(r->stack) == story_peer(r)->conn);
    expect_ready(r, CIAO_READABLE | CIAO_WRITABLE);
    read_is(r, &byte, 1, CIAO_RECV_URGENT, -CIAO_EAGAIN);
    user_reads(r, 100);
    peer_sends(r, "ACK,URG seq=101 ack=1 urp=400 len=400"); /* the same byte */
    whatever_was_sent(r);
    expect_ready(r, CIAO_READABLE | CIAO_WRITABLE | CIAO_URGENT);
    user_reads(r, 399);
    passes(r, 1);
    expect_read_error(r, CIAO_EAGAIN); /* the urgent byte alone is left, and passed over */
    read_is(r, &byte, 1, CIAO_RECV_URGENT, -CIAO_EINVAL);
}

/* [RFC9293 3.4 MUST-66] [EV-35] an announcement needs no room, and no data */
TEST(a_pointer_is_taken_at_a_closed_window)
{
    r->config.tcp.rcvbuf_bytes = 4096;
    they_are_connected(r);
    for (unsigned i = 0; i < 40 && story_info(r).rcv_wnd != 0; i++) {
        uint32_t wnd = story_info(r).rcv_wnd, len = wnd < 1000 ? wnd : 1000;
        peer_sends_f(r, "ACK seq=%u ack=1 len=%u", story_info(r).unread_bytes + 1, len);
    }
    whatever_was_sent(r);
    uint32_t next = story_info(r).unread_bytes + 1;
    expect(r, story_info(r).rcv_wnd == 0);
    peer_sends_f(r, "ACK,URG seq=%u ack=1 urp=50", next);
    expect_told(r, "DID_URGENT_ANNOUNCED");
    whatever_was_sent(r);
}

TEST(a_second_urgent_byte_makes_the_first_an_ordinary_one)
{
    uint8_t byte = 0;
    they_are_connected(r);
    peer_sends(r, "ACK,URG seq=1 ack=1 urp=10 len=10");
    peer_sends(r, "ACK,URG seq=11 ack=1 urp=5 len=10");
    whatever_was_sent(r);
    expect(r, story_info(r).readable_bytes == 14);
    user_reads(r, 14); /* the tenth among them */
    read_is(r, &byte, 1, CIAO_RECV_URGENT, 1);
    expect(r, byte == (uint8_t)(14 * 131 ^ 0x5a));
    passes(r, 1);
    user_reads(r, 5);
}

TEST(an_urgent_byte_that_was_reached_stays_passed_when_another_comes)
{
    they_are_connected(r);
    peer_sends(r, "ACK,URG seq=1 ack=1 urp=10 len=10");
    user_reads(r, 9);
    peer_sends(r, "ACK,URG seq=11 ack=1 urp=5 len=10");
    whatever_was_sent(r);
    passes(r, 1);
    user_reads(r, 4);
    passes(r, 1);
    user_reads(r, 5);
}

TEST(inline_the_urgent_byte_stays_among_the_others)
{
    uint8_t byte;
    they_are_connected(r);
    set_inline(r);
    peer_sends(r, "ACK,URG seq=1 ack=1 urp=10 len=30");
    whatever_was_sent(r);
    expect_ready(r, CIAO_READABLE | CIAO_WRITABLE | CIAO_URGENT);
    read_is(r, &byte, 1, CIAO_RECV_URGENT, -CIAO_EINVAL);
    uint8_t bytes[100];
    read_is(r, bytes, sizeof bytes, CIAO_RECV_PEEK, 9);
    user_reads(r, 9);
    expect(r, at_mark(r));
    user_reads(r, 21);
    expect_ready(r, CIAO_WRITABLE);
}

TEST(a_look_passes_over_the_urgent_byte_too)
{
    uint8_t bytes[100];
    they_are_connected(r);
    peer_sends(r, "ACK,URG seq=1 ack=1 urp=1 len=30");
    whatever_was_sent(r);
    expect(r, at_mark(r));
    read_is(r, bytes, sizeof bytes, CIAO_RECV_PEEK, 29);
    expect(r, bytes[0] == (uint8_t)(1 * 131 ^ 0x5a));
    passes(r, 1);
    user_reads(r, 29);
}

/* Old pointers are none. [EV-35] RCV.UP never moves back */
TEST(a_pointer_to_what_was_here_already_announces_nothing)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=30");
    peer_sends(r, "ACK,URG seq=31 ack=1 urp=0 len=10");
    peer_sends(r, "ACK,URG seq=1 ack=1 urp=5 len=40");
    whatever_was_sent(r);
    user_reads(r, 30);
    expect(r, at_mark(r));
    passes(r, 1);
    user_reads(r, 9);
}

/* AS LINUX: in other states than these nobody is told. [EV-35] */
TEST(after_the_peers_fin_pointers_are_ignored)
{
    they_are_connected(r);
    peer_sends(r, "FIN,ACK seq=1 ack=1");
    expect_sent(r, "ACK seq=1 ack=2");
    peer_sends(r, "ACK,URG seq=2 ack=1 urp=5 len=10");
    expect_not_told(r, "DID_URGENT_ANNOUNCED");
    whatever_was_sent(r);
}

/* ---- sending ---- */

/* [RFC9293 3.8.5 MUST-30, MUST-62] the pointer names the byte behind the urgent one */
TEST(segments_point_to_our_urgent_byte_until_it_is_acknowledged)
{
    they_are_connected(r);
    user_sends_urgent(r, 1500);
    expect_sent(r, "ACK,URG seq=1 ack=1 urp=1500 len=1000");
    expect_sent(r, "ACK,URG seq=1001 ack=1 urp=500 len=500"); /* not for Nagle to hold */
    peer_sends(r, "ACK seq=1 ack=1001 len=10");
    time_passes(r, 200);
    expect_sent(r, "ACK seq=1501 ack=11"); /* nothing urgent behind it */
    user_sends(r, 100);
    expect_sent(r, "ACK seq=1501 ack=11 len=100");
    peer_sends(r, "ACK seq=11 ack=1601");
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1601 ack=11 len=10");
    peer_sends(r, "ACK seq=11 ack=1611");
    user_reads(r, 10);
}

/* [RFC9293 3.8.5] also where its window is closed the peer hears of it */
TEST(a_closed_window_does_not_silence_the_pointer)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 wnd=0");
    user_sends_urgent(r, 10);
    peer_sends(r, "ACK seq=1 ack=1 wnd=0 len=5");
    time_passes(r, 200);
    expect_sent(r, "ACK,URG seq=1 ack=6 urp=10");
    user_reads(r, 5);
    peer_sends(r, "ACK seq=6 ack=1 wnd=1000");
    expect_sent(r, "ACK,URG seq=1 ack=6 urp=10 len=10");
    peer_sends(r, "ACK seq=6 ack=11");
}

STORIES(STORY(an_urgent_byte_is_announced_kept_aside_and_passed_over),
        STORY(what_is_announced_need_not_have_arrived),
        STORY(a_pointer_is_taken_at_a_closed_window),
        STORY(a_second_urgent_byte_makes_the_first_an_ordinary_one),
        STORY(an_urgent_byte_that_was_reached_stays_passed_when_another_comes),
        STORY(inline_the_urgent_byte_stays_among_the_others),
        STORY(a_look_passes_over_the_urgent_byte_too),
        STORY(a_pointer_to_what_was_here_already_announces_nothing),
        STORY(after_the_peers_fin_pointers_are_ignored),
        STORY(segments_point_to_our_urgent_byte_until_it_is_acknowledged),
        STORY(a_closed_window_does_not_silence_the_pointer))
