/*
 * A table: each row of arcs.def, and a recipe that takes it.  A row without one does not compile
 * into a story, and fails.
 */
#include "support/story.h"
#include "tcp/reach.h"

/* ---- opening ---- */

static void knock(struct story *r)
{
    user_listens(r, 8);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
}

static void listen_only(struct story *r)
{
    user_listens(r, 8);
}

static void cookie(struct story *r)
{
    r->config.syn_cookies = 2;
    knock(r);
    peer_sends(r, "ACK seq=1 ack=1");
}

static void cross(struct story *r)
{
    reach(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "SYN,ACK seq=0 ack=1 <mss 1000>");
}

static void stop_listening(struct story *r)
{
    user_listens(r, 8);
    user_stops_listening(r);
}

static void refuse(struct story *r)
{
    reach(r, CIAO_SYN_SENT);
    peer_sends(r, "RST,ACK seq=0 ack=1");
}

static void cancel(struct story *r)
{
    reach(r, CIAO_SYN_SENT);
    user_closes(r);
}

static void wait_long(struct story *r)
{
    time_passes(r, 1000000);
    whatever_was_sent(r);
}

static void nobody_answers(struct story *r)
{
    reach(r, CIAO_SYN_SENT);
    wait_long(r);
}

static void no_way_to_connect(struct story *r)
{
    reach(r, CIAO_SYN_SENT);
    network_reports(r, PORT_UNREACHABLE, 0);
}

static void knock_and_withdraw(struct story *r)
{
    knock(r);
    peer_sends(r, "RST seq=1");
}

static void knock_anew(struct story *r)
{
    knock(r);
    peer_sends(r, "SYN seq=100");
}

static void open_reset(struct story *r)
{
    reach(r, CIAO_SYN_RECEIVED);
    peer_sends(r, "RST seq=1");
}

static void handshake_times_out(struct story *r)
{
    reach(r, CIAO_SYN_RECEIVED);
    wait_long(r);
}

static void no_way_to_answer(struct story *r)
{
    reach(r, CIAO_SYN_RECEIVED);
    network_reports(r, PORT_UNREACHABLE, 0);
}

static void knock_at_a_listener_that_goes(struct story *r)
{
    knock(r);
    user_stops_listening(r);
}

static void abort_opening(struct story *r)
{
    reach(r, CIAO_SYN_RECEIVED);
    user_aborts(r);
    expect_sent(r, "RST,ACK seq=1 ack=1");
}

static void close_opening(struct story *r)
{
    reach(r, CIAO_SYN_RECEIVED);
    user_closes(r);
    whatever_was_sent(r);
}

/* ---- closing: reaching the state that the arc leads to ---- */

#define REACHES(state)                         \
    static void reach_##state(struct story *r) \
    {                                          \
        reach(r, CIAO_##state);                \
    }
REACHES(SYN_SENT)
REACHES(SYN_RECEIVED)
REACHES(ESTABLISHED)
REACHES(FIN_WAIT_1)
REACHES(FIN_WAIT_2)
REACHES(CLOSE_WAIT)
REACHES(CLOSING)
REACHES(LAST_ACK)
REACHES(TIME_WAIT)

static void crossed_fin_acked(struct story *r)
{
    reach(r, CIAO_CLOSING);
    peer_sends(r, "ACK seq=2 ack=2");
}

static void goodbye(struct story *r)
{
    reach(r, CIAO_LAST_ACK);
    peer_sends(r, "ACK seq=2 ack=2");
}

static void two_msl(struct story *r)
{
    reach(r, CIAO_TIME_WAIT);
    time_passes(r, 240000);
}

static void reincarnate(struct story *r)
{
    user_listens(r, 8);
    reach(r, CIAO_TIME_WAIT);
    peer_sends(r, "SYN seq=1000 <mss 1000>");
    expect_sent(r, "SYN,ACK ack=1001");
}

static void recycle(struct story *r)
{
    r->config.max_time_wait = 1;
    reach(r, CIAO_TIME_WAIT);
    peer_is(r, 1);
    reach(r, CIAO_TIME_WAIT);
}

static void orphan_waits(struct story *r)
{
    r->config.tcp.orphan_fin_wait_2_us = 60000000;
    reach_orphaned(r, CIAO_FIN_WAIT_2);
    time_passes(r, 60000);
}

/* ---- ends by force, the same in each state ---- */

#define RESET(state)                                                  \
    static void reset_##state(struct story *r)                        \
    {                                                                 \
        reach(r, CIAO_##state);                                       \
        peer_sends_f(r, "RST seq=%u", reach_peer_next(CIAO_##state)); \
    }
RESET(ESTABLISHED)
RESET(FIN_WAIT_1)
RESET(FIN_WAIT_2)
RESET(CLOSE_WAIT)
RESET(CLOSING)
RESET(LAST_ACK)
RESET(TIME_WAIT)

#define ABORT(state)                           \
    static void abort_##state(struct story *r) \
    {                                          \
        reach(r, CIAO_##state);                \
        user_aborts(r);                        \
        whatever_was_sent(r);                  \
    }
ABORT(ESTABLISHED)
ABORT(FIN_WAIT_1)
ABORT(FIN_WAIT_2)
ABORT(CLOSE_WAIT)
ABORT(CLOSING)
ABORT(LAST_ACK)
ABORT(TIME_WAIT)

#define UNREAD(state)                           \
    static void unread_##state(struct story *r) \
    {                                           \
        reach_unread(r, CIAO_##state, 10);      \
        user_closes(r);                         \
        whatever_was_sent(r);                   \
    }
UNREAD(ESTABLISHED)
UNREAD(FIN_WAIT_1)
UNREAD(FIN_WAIT_2)
UNREAD(CLOSE_WAIT)
UNREAD(CLOSING)
UNREAD(LAST_ACK)

#define LATE_DATA(state)                                                                     \
    static void late_data_##state(struct story *r)                                           \
    {                                                                                        \
        reach_orphaned(r, CIAO_##state);                                                     \
        peer_sends_f(r, "ACK seq=1 ack=%u len=10", CIAO_##state == CIAO_FIN_WAIT_1 ? 1 : 2); \
        whatever_was_sent(r);                                                                \
    }
LATE_DATA(FIN_WAIT_1)
LATE_DATA(FIN_WAIT_2)

static void never_accepted(struct story *r)
{
    knock(r);
    peer_sends(r, "ACK seq=1 ack=1");
    user_stops_listening(r);
    expect_sent(r, "RST,ACK seq=1 ack=1");
}

static void never_accepted_closed(struct story *r)
{
    knock(r);
    peer_sends(r, "FIN,ACK seq=1 ack=1");
    whatever_was_sent(r);
    user_stops_listening(r);
    expect_sent(r, "RST,ACK seq=1 ack=2");
}

/* Something is on its way to the peer: our bytes, or our FIN. */
static void in_flight(struct story *r, enum ciao_state state)
{
    reach(r, state);
    if (state == CIAO_ESTABLISHED || state == CIAO_CLOSE_WAIT)
        user_sends(r, 10);
    whatever_was_sent(r);
}

#define GIVE_UP(state)                               \
    static void give_up_##state(struct story *r)     \
    {                                                \
        in_flight(r, CIAO_##state);                  \
        wait_long(r);                                \
    }                                                \
    static void unreachable_##state(struct story *r) \
    {                                                \
        in_flight(r, CIAO_##state);                  \
        network_reports(r, PORT_UNREACHABLE, 1);     \
    }
GIVE_UP(ESTABLISHED)
GIVE_UP(FIN_WAIT_1)
GIVE_UP(CLOSE_WAIT)
GIVE_UP(CLOSING)
GIVE_UP(LAST_ACK)

#define SILENCE(state)                                      \
    static void silence_##state(struct story *r)            \
    {                                                       \
        r->config.tcp.flags |= CIAO_KEEPALIVE;              \
        reach(r, CIAO_##state);                             \
        time_passes(r, 7200u * 1000 + 9 * 75u * 1000 + 10); \
        whatever_was_sent(r);                               \
    }
SILENCE(ESTABLISHED)
SILENCE(FIN_WAIT_2)
SILENCE(CLOSE_WAIT)

/* [RFC6429 4] The next one needs the room. */
#define SACRIFICE(state)                           \
    static void sacrifice_##state(struct story *r) \
    {                                              \
        r->config.max_connections = 1;             \
        reach_orphaned(r, CIAO_##state);           \
        peer_is(r, 1);                             \
        user_connects(r);                          \
        whatever_was_sent(r);                      \
    }
SACRIFICE(FIN_WAIT_1)
SACRIFICE(FIN_WAIT_2)
SACRIFICE(CLOSING)
SACRIFICE(LAST_ACK)

/* ---- the table ---- */

#define ROW(from, to, key) [CIAO_ARC_##from##_##to##_##key]

static void (*const recipes[CIAO_ARCS])(struct story *) = {
    ROW(CLOSED, LISTEN, PASSIVE_OPEN) = listen_only,
    ROW(CLOSED, SYN_SENT, ACTIVE_OPEN) = reach_SYN_SENT,
    ROW(LISTEN, SYN_RECEIVED, PEER_KNOCKED) = knock,
    ROW(LISTEN, ESTABLISHED, COOKIE_CAME_BACK) = cookie,
    ROW(SYN_SENT, ESTABLISHED, PEER_ANSWERED) = reach_ESTABLISHED,
    ROW(SYN_SENT, SYN_RECEIVED, SYNS_CROSSED) = reach_SYN_RECEIVED,
    ROW(SYN_RECEIVED, ESTABLISHED, HANDSHAKE_DONE) = cross,
    ROW(LISTEN, CLOSED, LISTENER_CLOSED) = stop_listening,
    ROW(SYN_SENT, CLOSED, CONNECTION_REFUSED) = refuse,
    ROW(SYN_SENT, CLOSED, CONNECT_CANCELLED) = cancel,
    ROW(SYN_SENT, CLOSED, CONNECT_TIMED_OUT) = nobody_answers,
    ROW(SYN_SENT, CLOSED, CONNECT_UNREACHABLE) = no_way_to_connect,
    ROW(SYN_RECEIVED, LISTEN, KNOCK_WITHDRAWN) = knock_and_withdraw,
    ROW(SYN_RECEIVED, LISTEN, KNOCKED_ANEW) = knock_anew,
    ROW(SYN_RECEIVED, CLOSED, OPEN_RESET) = open_reset,
    ROW(SYN_RECEIVED, CLOSED, HANDSHAKE_TIMED_OUT) = handshake_times_out,
    ROW(SYN_RECEIVED, CLOSED, HANDSHAKE_UNREACHABLE) = no_way_to_answer,
    ROW(SYN_RECEIVED, CLOSED, LISTENER_GONE) = knock_at_a_listener_that_goes,
    ROW(SYN_RECEIVED, CLOSED, ABORTED_OPENING) = abort_opening,
    ROW(SYN_RECEIVED, FIN_WAIT_1, CLOSED_WHILE_OPENING) = close_opening,
    ROW(ESTABLISHED, FIN_WAIT_1, WE_CLOSED_FIRST) = reach_FIN_WAIT_1,
    ROW(ESTABLISHED, CLOSE_WAIT, PEER_CLOSED_FIRST) = reach_CLOSE_WAIT,
    ROW(FIN_WAIT_1, FIN_WAIT_2, OUR_FIN_ACKED) = reach_FIN_WAIT_2,
    ROW(FIN_WAIT_1, CLOSING, FINS_CROSSED) = reach_CLOSING,
    ROW(FIN_WAIT_2, TIME_WAIT, PEER_CLOSED_TOO) = reach_TIME_WAIT,
    ROW(CLOSING, TIME_WAIT, CROSSED_FIN_ACKED) = crossed_fin_acked,
    ROW(CLOSE_WAIT, LAST_ACK, WE_CLOSED_TOO) = reach_LAST_ACK,
    ROW(LAST_ACK, CLOSED, GOODBYE_DONE) = goodbye,
    ROW(TIME_WAIT, CLOSED, TWO_MSL_PASSED) = two_msl,
    ROW(TIME_WAIT, CLOSED, REINCARNATED) = reincarnate,
    ROW(TIME_WAIT, CLOSED, TIME_WAIT_RECYCLED) = recycle,
    ROW(FIN_WAIT_2, CLOSED, ORPHAN_WAITED_ENOUGH) = orphan_waits,
    ROW(ESTABLISHED, CLOSED, RESET_BY_PEER) = reset_ESTABLISHED,
    ROW(FIN_WAIT_1, CLOSED, RESET_BY_PEER) = reset_FIN_WAIT_1,
    ROW(FIN_WAIT_2, CLOSED, RESET_BY_PEER) = reset_FIN_WAIT_2,
    ROW(CLOSE_WAIT, CLOSED, RESET_BY_PEER) = reset_CLOSE_WAIT,
    ROW(CLOSING, CLOSED, RESET_AT_THE_END) = reset_CLOSING,
    ROW(LAST_ACK, CLOSED, RESET_AT_THE_END) = reset_LAST_ACK,
    ROW(TIME_WAIT, CLOSED, RESET_AT_THE_END) = reset_TIME_WAIT,
    ROW(ESTABLISHED, CLOSED, ABORTED) = abort_ESTABLISHED,
    ROW(FIN_WAIT_1, CLOSED, ABORTED) = abort_FIN_WAIT_1,
    ROW(FIN_WAIT_2, CLOSED, ABORTED) = abort_FIN_WAIT_2,
    ROW(CLOSE_WAIT, CLOSED, ABORTED) = abort_CLOSE_WAIT,
    ROW(CLOSING, CLOSED, ABORTED_AT_THE_END) = abort_CLOSING,
    ROW(LAST_ACK, CLOSED, ABORTED_AT_THE_END) = abort_LAST_ACK,
    ROW(TIME_WAIT, CLOSED, ABORTED_AT_THE_END) = abort_TIME_WAIT,
    ROW(ESTABLISHED, CLOSED, CLOSED_UNREAD) = unread_ESTABLISHED,
    ROW(FIN_WAIT_1, CLOSED, CLOSED_UNREAD) = unread_FIN_WAIT_1,
    ROW(FIN_WAIT_2, CLOSED, CLOSED_UNREAD) = unread_FIN_WAIT_2,
    ROW(CLOSE_WAIT, CLOSED, CLOSED_UNREAD) = unread_CLOSE_WAIT,
    ROW(CLOSING, CLOSED, CLOSED_UNREAD) = unread_CLOSING,
    ROW(LAST_ACK, CLOSED, CLOSED_UNREAD) = unread_LAST_ACK,
    ROW(FIN_WAIT_1, CLOSED, DATA_AFTER_CLOSE) = late_data_FIN_WAIT_1,
    ROW(FIN_WAIT_2, CLOSED, DATA_AFTER_CLOSE) = late_data_FIN_WAIT_2,
    ROW(ESTABLISHED, CLOSED, NEVER_ACCEPTED) = never_accepted,
    ROW(CLOSE_WAIT, CLOSED, NEVER_ACCEPTED) = never_accepted_closed,
    ROW(ESTABLISHED, CLOSED, GAVE_UP) = give_up_ESTABLISHED,
    ROW(FIN_WAIT_1, CLOSED, GAVE_UP) = give_up_FIN_WAIT_1,
    ROW(CLOSE_WAIT, CLOSED, GAVE_UP) = give_up_CLOSE_WAIT,
    ROW(CLOSING, CLOSED, GAVE_UP) = give_up_CLOSING,
    ROW(LAST_ACK, CLOSED, GAVE_UP) = give_up_LAST_ACK,
    ROW(ESTABLISHED, CLOSED, NO_SIGN_OF_LIFE) = silence_ESTABLISHED,
    ROW(FIN_WAIT_2, CLOSED, NO_SIGN_OF_LIFE) = silence_FIN_WAIT_2,
    ROW(CLOSE_WAIT, CLOSED, NO_SIGN_OF_LIFE) = silence_CLOSE_WAIT,
    ROW(ESTABLISHED, CLOSED, UNREACHABLE) = unreachable_ESTABLISHED,
    ROW(FIN_WAIT_1, CLOSED, UNREACHABLE) = unreachable_FIN_WAIT_1,
    ROW(CLOSE_WAIT, CLOSED, UNREACHABLE) = unreachable_CLOSE_WAIT,
    ROW(CLOSING, CLOSED, UNREACHABLE) = unreachable_CLOSING,
    ROW(LAST_ACK, CLOSED, UNREACHABLE) = unreachable_LAST_ACK,
    ROW(FIN_WAIT_1, CLOSED, ORPHAN_SACRIFICED) = sacrifice_FIN_WAIT_1,
    ROW(FIN_WAIT_2, CLOSED, ORPHAN_SACRIFICED) = sacrifice_FIN_WAIT_2,
    ROW(CLOSING, CLOSED, ORPHAN_SACRIFICED) = sacrifice_CLOSING,
    ROW(LAST_ACK, CLOSED, ORPHAN_SACRIFICED) = sacrifice_LAST_ACK,
};

/* The last arc is the one that the recipe is for: it was taken, and its key was told. */
static void take(struct story *r, enum ciao_arc_row row)
{
    if (recipes[row] == NULL)
        story_fail(r, "no recipe for %s -> %s %s", ciao_state_name(ciao_arc_from(row)),
                   ciao_state_name(ciao_arc_to(row)), ciao_arc_key(row));
    recipes[row](r);
    expect_told(r, ciao_arc_key(row));
    expect(r, ciao_arc_count(r->stack, row) >= 1);
}

#define ARC(from, to, who, rule, key)                   \
    static void from##_to_##to##_##key(struct story *r) \
    {                                                   \
        take(AT(r), CIAO_ARC_##from##_##to##_##key);    \
    }
#include "ciao/arcs.def"
#undef ARC

int main(void)
{
    static const struct story_test tests[] = {
#define ARC(from, to, who, rule, key) {#from " to " #to ": " #key, from##_to_##to##_##key},
#include "ciao/arcs.def"
#undef ARC
    };
    return stories_run(tests, sizeof tests / sizeof tests[0]);
}
