/*
 * TIME-WAIT: who closed first answers for the connection during 2 MSL.
 * [RFC9293 3.6.1 MUST-13, 3.10.7.4; RFC6191; RFC1337]
 */
#include "support/story.h"
#include "tcp/reach.h"

/* In TIME-WAIT with timestamps: the peer's last was 100, its last number 1, and somebody
 * listens. */
static void wait_with_timestamps(struct story *r)
{
    user_listens(r, 8);
    they_are_connected_with(r, "ts 100 *");
    user_closes(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "FIN,ACK seq=1 ack=2");
    expect_sent(r, "ACK seq=2 ack=2");
    expect_state(r, CIAO_TIME_WAIT);
}

static void wait_without(struct story *r)
{
    user_listens(r, 8);
    reach_orphaned(r, CIAO_TIME_WAIT);
}

/* Our last ACK was lost: its FIN comes again, and both the ACK and the 2 MSL begin anew.
 * [RFC9293 3.10.7.4 fifth, eighth EV-34] */
TEST(a_fin_again_is_acknowledged_again_and_restarts_2msl)
{
    reach(r, CIAO_TIME_WAIT);
    time_passes(r, 200000);
    peer_sends(r, "FIN,ACK seq=1 ack=2");
    expect_told(r, "DID_TIME_WAIT_RESTARTED");
    expect_sent(r, "ACK seq=2 ack=2");
    time_passes(r, 239999);
    expect_state(r, CIAO_TIME_WAIT);
    time_passes(r, 1);
    expect_state(r, CIAO_CLOSED);
}

TEST(a_fin_again_with_its_data_is_recognised)
{
    they_are_connected(r);
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "FIN,ACK seq=1 ack=2 len=10");
    expect_sent(r, "ACK seq=2 ack=12");
    time_passes(r, 100);
    peer_sends(r, "FIN,ACK seq=1 ack=2 len=10");
    expect_told(r, "DID_TIME_WAIT_RESTARTED");
    expect_sent(r, "ACK seq=2 ack=12");
    user_reads(r, 10); /* what had come is still there for the user */
    expect_end_of_stream(r);
}

/* [RFC9293 3.10.7.4 seventh EV-37, RFC1337 2 1337-2] */
TEST(other_segments_are_dropped_and_told_what_we_know)
{
    reach(r, CIAO_TIME_WAIT);
    peer_sends(r, "ACK seq=2 ack=2"); /* the usual ACK asks nothing */
    expect_dropped(r, CIAO_DROP_TIME_WAIT_SEGMENT);
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=2 ack=2 len=10");
    expect_dropped(r, CIAO_DROP_TIME_WAIT_SEGMENT);
    expect_sent(r, "ACK seq=2 ack=2");
    peer_sends(r, "ACK seq=-5000 ack=2");
    expect_dropped(r, CIAO_DROP_TIME_WAIT_SEGMENT);
    expect_sent(r, "ACK seq=2 ack=2");
    expect_state(r, CIAO_TIME_WAIT);
    expect_end_of_stream(r);
}

/* ---- a new connection of the same four-tuple ---- */

/* [RFC9293 3.6.1 MAY-2 EV-24, RFC1122 4.2.2.13 1122-1]
 * The old numbers lie below all the new ones. */
TEST(a_higher_number_opens_anew)
{
    wait_without(r);
    uint32_t old = story_peer(r)->our_isn;
    peer_sends(r, "SYN seq=3 wnd=65535 <mss 1000>");
    expect_told(r, "REINCARNATED");
    expect_told(r, "PEER_KNOCKED");
    expect_sent(r, "SYN,ACK seq=0 ack=4");
    expect(r, (int32_t)(story_peer(r)->our_isn - old) > 0);
    expect_state(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "RST seq=4");
}

/* [RFC9293 3.6.1 MAY-2] A cookie's as well: where no cookie lies above, the SYN must come again. */
TEST(a_cookie_too_lies_above_the_old_numbers)
{
    unsigned answered = 0;
    r->config.syn_cookies = 2;
    for (unsigned i = 0; i < 12; i++) {
        peer_is(r, i);
        if (i == 0)
            user_listens(r, 8);
        reach_orphaned(r, CIAO_TIME_WAIT);
        uint32_t old = story_peer(r)->our_isn;
        peer_sends(r, "SYN seq=3 wnd=65535 <mss 9000>");
        if (ciao_reason_count(r->stack, CIAO_DID_COOKIE_SENT) == answered)
            continue; /* dropped */
        answered++;
        expect_sent(r, "SYN,ACK seq=0 ack=4");
        expect(r, (int32_t)(story_peer(r)->our_isn - old) > 0);
        peer_sends(r, "ACK seq=4 ack=1");
        user_accepts(r);
        expect_state(r, CIAO_ESTABLISHED);
        peer_resets(r);
        user_closes(r);
    }
    expect(r, answered != 0 && answered != 12);
    expect(r, ciao_reason_count(r->stack, CIAO_DROP_SYN_QUEUE_FULL) == 12 - answered);
}

TEST(a_lower_number_does_not)
{
    wait_without(r);
    peer_sends(r, "SYN seq=1 wnd=65535 <mss 1000>");
    expect_dropped(r, CIAO_DROP_TIME_WAIT_OLD_SYN);
    expect_sent(r, "ACK ack=2");
    expect_state(r, CIAO_TIME_WAIT);
}

/* [RFC6191 2 6191-1, RFC9293 3.6.1 SHLD-4] */
TEST(a_later_timestamp_opens_anew_whatever_the_number)
{
    wait_with_timestamps(r);
    peer_sends(r, "SYN seq=-7000 wnd=65535 <mss 1000,ts 101 0>");
    expect_told(r, "REINCARNATED");
    expect_sent(r, "SYN,ACK seq=0 ack=-6999");
    peer_sends(r, "RST seq=-6999 <ts 101 *>");
}

/* [RFC6191 2 6191-2] */
TEST(the_same_timestamp_needs_a_higher_number)
{
    wait_with_timestamps(r);
    peer_sends(r, "SYN seq=2 wnd=65535 <mss 1000,ts 100 0>");
    expect_dropped(r, CIAO_DROP_TIME_WAIT_OLD_SYN);
    expect_sent(r, "ACK ack=2");
    peer_sends(r, "SYN seq=3 wnd=65535 <mss 1000,ts 100 0>");
    expect_told(r, "REINCARNATED");
    expect_sent(r, "SYN,ACK ack=4");
    peer_sends(r, "RST seq=4 <ts 100 *>");
}

TEST(an_earlier_timestamp_is_an_old_duplicate)
{
    wait_with_timestamps(r);
    peer_sends(r, "SYN seq=3000 wnd=65535 <mss 1000,ts 99 0>");
    expect_dropped(r, CIAO_DROP_TIME_WAIT_OLD_SYN);
    expect_sent(r, "ACK ack=2");
    expect_state(r, CIAO_TIME_WAIT);
}

/* [RFC6191 2] A host that had none before and has them now has been started anew. */
TEST(a_syn_with_timestamps_where_there_were_none_opens_anew)
{
    wait_without(r);
    peer_sends(r, "SYN seq=-7000 wnd=65535 <mss 1000,ts 5 0>");
    expect_told(r, "REINCARNATED");
    expect_sent(r, "SYN,ACK ack=-6999");
    peer_sends(r, "RST seq=-6999 <ts 5 *>");
}

TEST(without_a_listener_no_syn_opens_anew)
{
    reach(r, CIAO_TIME_WAIT);
    peer_sends(r, "SYN seq=3000 wnd=65535 <mss 1000>");
    expect_dropped(r, CIAO_DROP_TIME_WAIT_OLD_SYN);
    expect_sent(r, "ACK ack=2");
    expect_state(r, CIAO_TIME_WAIT);
}

/* [RFC6056] Our own port is not given out again while it waits. */
TEST(we_do_not_open_the_waiting_connection_ourselves)
{
    const struct ciao_endpoint local = {.port = STORY_PORT};
    reach_orphaned(r, CIAO_TIME_WAIT);
    struct ciao_endpoint remote = {story_info(r).remote.addr, STORY_PEER};
    ciao_conn conn;
    expect(r, ciao_connect(r->stack, &remote, &local, NULL, &conn, r->now_us) == -CIAO_EADDRINUSE);
    time_passes(r, 240000);
    reach(r, CIAO_ESTABLISHED);
}

/* ---- RST: TIME-WAIT assassination [RFC1337] ---- */

/* [RFC9293 3.10.7.4 second EV-20] */
TEST(a_reset_ends_it_where_the_rfc_is_followed)
{
    reach(r, CIAO_TIME_WAIT);
    peer_sends(r, "RST seq=1");
    expect_dropped(r, CIAO_DROP_TIME_WAIT_RST);
    expect_state(r, CIAO_TIME_WAIT);
    peer_sends(r, "RST seq=2");
    expect_told(r, "RESET_AT_THE_END");
    expect_state(r, CIAO_CLOSED);
    expect_error(r, 0); /* silently */
}

/* [RFC1337 3 1337-1] */
TEST(a_reset_is_ignored_where_rfc_1337_is_followed)
{
    r->config.tcp.more &= ~CIAO_RST_ENDS_TIME_WAIT;
    reach(r, CIAO_TIME_WAIT);
    peer_sends(r, "RST seq=2");
    expect_dropped(r, CIAO_DROP_TIME_WAIT_RST);
    expect_nothing_sent(r);
    expect_state(r, CIAO_TIME_WAIT);
}

/* ---- budget and time ---- */

TEST(at_the_budget_the_oldest_is_recycled_and_that_is_told)
{
    r->config.max_time_wait = 3;
    for (unsigned i = 0; i < 3; i++) {
        peer_is(r, i);
        reach_orphaned(r, CIAO_TIME_WAIT);
        time_passes(r, 1000);
    }
    peer_is(r, 3);
    reach_orphaned(r, CIAO_TIME_WAIT);
    expect_told(r, "TIME_WAIT_RECYCLED");
    peer_is(r, 0);
    expect_state(r, CIAO_CLOSED);
    for (unsigned i = 1; i < 4; i++) {
        peer_is(r, i);
        expect_state(r, CIAO_TIME_WAIT);
    }
}

TEST(with_an_msl_of_zero_there_is_no_wait)
{
    r->config.tcp.msl_us = 0;
    they_are_connected(r);
    user_closes(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "FIN,ACK seq=1 ack=2");
    expect_sent(r, "ACK seq=2 ack=2");
    expect_state(r, CIAO_CLOSED);
    expect_told(r, "TWO_MSL_PASSED");
}

/* They run out in the order in which they began, whoever waits besides; a FIN that comes again puts
 * its own behind the others. */
TEST(those_who_wait_run_out_in_their_order)
{
    for (unsigned i = 0; i < 4; i++) {
        peer_is(r, i);
        reach_orphaned(r, CIAO_TIME_WAIT);
        time_passes(r, 1000);
    }
    peer_is(r, 1);
    peer_sends(r, "FIN,ACK seq=1 ack=2");
    expect_sent(r, "ACK seq=2 ack=2");
    const unsigned order[] = {0, 2, 3, 1};
    time_passes(r, 2 * r->config.tcp.msl_us / 1000 - 4000);
    for (unsigned i = 0; i < 4; i++) {
        peer_is(r, order[i]);
        expect_state(r, CIAO_CLOSED);
        for (unsigned later = i + 1; later < 4; later++) {
            peer_is(r, order[later]);
            expect_state(r, CIAO_TIME_WAIT);
        }
        time_passes(r, i == 0 ? 2000 : 1000); /* the second one has begun anew */
    }
}

/* So many that they fill chunks of the queue, and whole chunks leave from its midst: by a reset, or
 * because they begin anew. */
TEST(whoever_leaves_early_leaves_the_others_order)
{
    enum { ALL = 45, RESET_FROM = 10, ANEW_FROM = 20, ANEW_TO = 40 };
    r->config.max_time_wait = ALL;
    for (unsigned i = 0; i < ALL; i++) {
        peer_is(r, i);
        reach_orphaned(r, CIAO_TIME_WAIT);
        time_passes(r, 1000);
    }
    for (unsigned i = RESET_FROM; i < ANEW_TO; i++) {
        peer_is(r, i);
        peer_sends(r, i < ANEW_FROM ? "RST seq=2" : "FIN,ACK seq=1 ack=2");
        if (i >= ANEW_FROM)
            expect_sent(r, "ACK seq=2 ack=2");
        expect_state(r, i < ANEW_FROM ? CIAO_CLOSED : CIAO_TIME_WAIT);
    }
    time_passes(r, 2 * r->config.tcp.msl_us / 1000 - ALL * 1000 - 1);
    for (unsigned i = 0; i < ALL; i++) {
        bool still = i < RESET_FROM || i >= ANEW_TO;
        peer_is(r, i);
        if (still)
            expect_state(r, CIAO_TIME_WAIT);
        time_passes(r, 1);
        expect_state(r, i < ANEW_FROM || still ? CIAO_CLOSED : CIAO_TIME_WAIT);
        time_passes(r, 999);
    }
    time_passes(r, 1);
    for (unsigned i = ANEW_FROM; i < ANEW_TO; i++) {
        peer_is(r, i);
        expect_state(r, CIAO_CLOSED);
    }
}

/* MSL is a setting of each connection, too. */
TEST(msl_can_be_set_for_one_connection)
{
    struct ciao_settings settings;
    they_are_connected(r);
    expect(r, ciao_get_settings(r->stack, story_peer(r)->conn, &settings) == 0);
    settings.msl_us = 1000000;
    expect(r, ciao_set_settings(r->stack, story_peer(r)->conn, &settings) == 0);
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "FIN,ACK seq=1 ack=2");
    expect_sent(r, "ACK seq=2 ack=2");
    time_passes(r, 1999);
    expect_state(r, CIAO_TIME_WAIT);
    time_passes(r, 1);
    expect_state(r, CIAO_CLOSED);
}

/* Whoever still holds the handle reads what had come; the record answers for the connection. */
TEST(unread_bytes_survive_time_wait)
{
    they_are_connected(r);
    peer_sends(r, "ACK seq=1 ack=1 len=500");
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1 ack=501");
    peer_sends(r, "FIN,ACK seq=501 ack=2");
    expect_sent(r, "ACK seq=2 ack=502");
    time_passes(r, 300000);
    expect_state(r, CIAO_CLOSED);
    user_reads(r, 500);
    expect_end_of_stream(r);
}

/* A stray of the old connection: PAWS holds here as well. [RFC7323 5.3] */
TEST(an_old_fin_with_an_old_timestamp_does_not_restart_it)
{
    wait_with_timestamps(r);
    time_passes(r, 200000);
    peer_sends(r, "FIN,ACK seq=1 ack=2 <ts 50 *>");
    expect_dropped(r, CIAO_DROP_TIME_WAIT_SEGMENT);
    whatever_was_sent(r);
    time_passes(r, 40000);
    expect_state(r, CIAO_CLOSED);
}

STORIES(STORY(a_fin_again_is_acknowledged_again_and_restarts_2msl),
        STORY(a_fin_again_with_its_data_is_recognised),
        STORY(other_segments_are_dropped_and_told_what_we_know), STORY(a_higher_number_opens_anew),
        STORY(a_cookie_too_lies_above_the_old_numbers), STORY(a_lower_number_does_not),
        STORY(a_later_timestamp_opens_anew_whatever_the_number),
        STORY(the_same_timestamp_needs_a_higher_number),
        STORY(an_earlier_timestamp_is_an_old_duplicate),
        STORY(a_syn_with_timestamps_where_there_were_none_opens_anew),
        STORY(without_a_listener_no_syn_opens_anew),
        STORY(we_do_not_open_the_waiting_connection_ourselves),
        STORY(a_reset_ends_it_where_the_rfc_is_followed),
        STORY(a_reset_is_ignored_where_rfc_1337_is_followed),
        STORY(at_the_budget_the_oldest_is_recycled_and_that_is_told),
        STORY(with_an_msl_of_zero_there_is_no_wait), STORY(msl_can_be_set_for_one_connection),
        STORY(those_who_wait_run_out_in_their_order), STORY(unread_bytes_survive_time_wait),
        STORY(whoever_leaves_early_leaves_the_others_order),
        STORY(an_old_fin_with_an_old_timestamp_does_not_restart_it))
