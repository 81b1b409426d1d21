/*
 * The shortest ways into each state.
 */
#include "tcp/reach.h"

struct way {
    bool we_close, peer_closes, we_close_second, peer_acks;
};

static const struct way ways[CIAO_STATES] = {
    [CIAO_FIN_WAIT_1] = {.we_close = true},
    [CIAO_FIN_WAIT_2] = {.we_close = true, .peer_acks = true},
    [CIAO_CLOSE_WAIT] = {.peer_closes = true},
    [CIAO_CLOSING] = {.we_close = true, .peer_closes = true},
    [CIAO_LAST_ACK] = {.peer_closes = true, .we_close_second = true},
    [CIAO_TIME_WAIT] = {.we_close = true, .peer_acks = true, .peer_closes = true},
};

uint32_t reach_our_next(enum ciao_state state)
{
    return ways[state].we_close || ways[state].we_close_second ? 2 : 1;
}

uint32_t reach_peer_next(enum ciao_state state)
{
    return state == CIAO_SYN_SENT ? 0 : ways[state].peer_closes ? 2 : 1;
}

static void close_ours(struct story *r, bool orphan)
{
    if (orphan)
        user_closes(r);
    else
        user_shuts_down(r);
}

static void go(struct story *r, enum ciao_state state, unsigned unread, bool orphan)
{
    const struct way *way = &ways[state];
    they_are_connected(r);
    if (unread != 0) {
        peer_sends_f(r, "ACK seq=1 ack=1 len=%u", unread);
        time_passes(r, 500);
        whatever_was_sent(r);
    }
    if (way->we_close) {
        close_ours(r, orphan);
        expect_sent_f(r, "FIN,ACK seq=1 ack=%u", 1 + unread);
    }
    if (way->peer_acks)
        peer_sends_f(r, "ACK seq=%u ack=2", 1 + unread);
    if (way->peer_closes) {
        unsigned acked = way->peer_acks ? 2 : 1;
        peer_sends_f(r, "FIN,ACK seq=%u ack=%u", 1 + unread, acked);
        expect_sent_f(r, "ACK seq=%u ack=%u", way->we_close ? 2 : 1, 2 + unread);
    }
    if (way->we_close_second) {
        close_ours(r, orphan);
        expect_sent_f(r, "FIN,ACK seq=1 ack=%u", 2 + unread);
    }
    expect_state(r, state);
}

void reach_unread(struct story *r, enum ciao_state state, unsigned unread)
{
    go(r, state, unread, false);
}

void reach_orphaned(struct story *r, enum ciao_state state)
{
    go(r, state, 0, true);
}

void reach(struct story *r, enum ciao_state state)
{
    story_begin(r);
    if (state == CIAO_LISTEN) {
        user_listens(r, 8);
    } else if (state == CIAO_SYN_SENT || state == CIAO_SYN_RECEIVED) {
        user_connects(r);
        expect_sent(r, "SYN seq=0");
        if (state == CIAO_SYN_RECEIVED) {
            peer_sends(r, "SYN seq=0 <mss 1000>");
            expect_sent(r, "SYN,ACK seq=0 ack=1");
        }
        expect_state(r, state);
    } else if (state != CIAO_CLOSED) {
        go(r, state, 0, false);
    }
}
