/*
 * The ways into each state of the matrix, and out of it again.
 */
#include "matrix/stage.h"

struct way {
    bool sends, shut, orphan, we_close, all_acked, peer_closes, we_close_second;
};

static const struct way ways[STAGES] = {
    [STAGE_ESTABLISHED] = {.sends = true},
    [STAGE_ESTABLISHED_SHUT] = {.sends = true, .shut = true},
    [STAGE_FIN_WAIT_1] = {.sends = true, .we_close = true},
    [STAGE_FIN_WAIT_1_SHUT] = {.sends = true, .shut = true, .we_close = true},
    [STAGE_FIN_WAIT_1_ORPHAN] = {.sends = true, .orphan = true, .we_close = true},
    [STAGE_FIN_WAIT_2] = {.sends = true, .we_close = true, .all_acked = true},
    [STAGE_FIN_WAIT_2_SHUT] = {.sends = true, .shut = true, .we_close = true, .all_acked = true},
    [STAGE_FIN_WAIT_2_ORPHAN] = {.sends = true,
                                 .orphan = true,
                                 .we_close = true,
                                 .all_acked = true},
    [STAGE_CLOSE_WAIT] = {.sends = true, .peer_closes = true},
    [STAGE_CLOSING] = {.sends = true, .we_close = true, .peer_closes = true},
    [STAGE_LAST_ACK] = {.sends = true, .peer_closes = true, .we_close_second = true},
    [STAGE_TIME_WAIT] = {.sends = true, .we_close = true, .all_acked = true, .peer_closes = true},
};

static const enum ciao_state states[STAGES] = {
    [STAGE_CLOSED] = CIAO_CLOSED,
    [STAGE_LISTEN] = CIAO_CLOSED, /* no child */
    [STAGE_SYN_SENT] = CIAO_SYN_SENT,
    [STAGE_SYN_RECEIVED_PASSIVE] = CIAO_SYN_RECEIVED,
    [STAGE_SYN_RECEIVED_ACTIVE] = CIAO_SYN_RECEIVED,
    [STAGE_ESTABLISHED] = CIAO_ESTABLISHED,
    [STAGE_ESTABLISHED_SHUT] = CIAO_ESTABLISHED,
    [STAGE_FIN_WAIT_1] = CIAO_FIN_WAIT_1,
    [STAGE_FIN_WAIT_1_SHUT] = CIAO_FIN_WAIT_1,
    [STAGE_FIN_WAIT_1_ORPHAN] = CIAO_FIN_WAIT_1,
    [STAGE_FIN_WAIT_2] = CIAO_FIN_WAIT_2,
    [STAGE_FIN_WAIT_2_SHUT] = CIAO_FIN_WAIT_2,
    [STAGE_FIN_WAIT_2_ORPHAN] = CIAO_FIN_WAIT_2,
    [STAGE_CLOSE_WAIT] = CIAO_CLOSE_WAIT,
    [STAGE_CLOSING] = CIAO_CLOSING,
    [STAGE_LAST_ACK] = CIAO_LAST_ACK,
    [STAGE_TIME_WAIT] = CIAO_TIME_WAIT,
};

uint32_t stage_unread(enum stage stage)
{
    return ways[stage].shut ? STAGE_WINDOW : 0;
}

/* Our first number is a clock of 4 us plus a hash: wait until it is the one that is wanted. */
static void wait_for_isn(struct story *r, uint32_t isn)
{
    static uint32_t hash[2];
    static bool known[2];
    if (!known[r->v6]) {
        user_connects(r);
        expect_sent(r, "SYN seq=0");
        hash[r->v6] = story_peer(r)->our_isn - (uint32_t)(r->now_us / 4);
        known[r->v6] = true;
        user_aborts(r);
    }
    r->now_us += (uint64_t)(uint32_t)(isn - hash[r->v6] - (uint32_t)(r->now_us / 4)) * 4;
    (void)ciao_advance(r->stack, r->now_us);
}

static void connects(struct story *r, const struct opening *opening)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    story_peer(r)->isn = opening->isn;
}

static void is_asked(struct story *r, const struct opening *opening)
{
    if (r->listener == 0)
        user_listens(r, 8);
    story_peer(r)->isn = opening->isn;
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
}

static void opens(struct story *r, const struct opening *opening)
{
    if (opening->passive) {
        is_asked(r, opening);
        peer_sends(r, "ACK seq=1 ack=1");
        user_accepts(r);
    } else {
        connects(r, opening);
        peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000>");
        expect_sent(r, "ACK seq=1 ack=1");
    }
}

static void go(struct story *r, const struct way *way, const struct opening *opening)
{
    opens(r, opening);
    if (way->shut)
        peer_sends_f(r, "ACK seq=1 ack=1 len=%u", STAGE_WINDOW);
    if (way->sends)
        user_sends(r, STAGE_BYTES);
    whatever_was_sent(r);
    if (way->orphan)
        user_closes(r);
    else if (way->we_close)
        user_shuts_down(r);
    whatever_was_sent(r);
    unsigned peers = way->shut ? 1 + STAGE_WINDOW : 1, acked = 1;
    if (way->all_acked)
        acked = STAGE_BYTES + 2;
    if (way->all_acked)
        peer_sends_f(r, "ACK seq=%u ack=%u", peers, acked);
    if (way->peer_closes)
        peer_sends_f(r, "FIN,ACK seq=%u ack=%u", peers, acked);
    if (way->we_close_second)
        user_shuts_down(r);
    whatever_was_sent(r);
}

static struct ground ground_of(enum stage stage)
{
    const struct way *way = &ways[stage];
    bool fin = way->we_close || way->we_close_second;
    uint32_t nxt = 1 + (way->sends ? STAGE_BYTES : 0) + (fin ? 1u : 0u);
    struct ground ground = {
        .rcv_nxt = 1 + stage_unread(stage) + (way->peer_closes ? 1u : 0u),
        .snd_una = way->all_acked ? nxt : 1,
        .snd_nxt = nxt,
        .max_wnd = 65535,
        .synchronised = stage >= STAGE_SYN_RECEIVED_PASSIVE,
        .fin_sent = fin,
    };
    ground.rcv_wnd = 1 + STAGE_WINDOW - ground.rcv_nxt;
    if (stage < STAGE_ESTABLISHED)
        ground.snd_una = 0;
    if (stage <= STAGE_SYN_SENT)
        ground.max_wnd = ground.rcv_nxt = 0;
    if (stage <= STAGE_SYN_SENT)
        ground.rcv_wnd = STAGE_WINDOW;
    return ground;
}

struct ground stage_enter(struct story *r, enum stage stage, const struct opening *opening)
{
    story_begin(r);
    wait_for_isn(r, opening->our_isn);
    *story_peer(r) = (struct story_peer){.isn = opening->isn, .wnd = 65535};
    if (stage == STAGE_LISTEN && r->listener == 0)
        user_listens(r, 8);
    if (stage == STAGE_SYN_SENT || stage == STAGE_SYN_RECEIVED_ACTIVE)
        connects(r, opening);
    if (stage == STAGE_SYN_RECEIVED_ACTIVE) {
        peer_sends(r, "SYN seq=0 <mss 1000>");
        expect_sent(r, "SYN,ACK seq=0 ack=1");
    }
    if (stage == STAGE_SYN_RECEIVED_PASSIVE)
        is_asked(r, opening);
    if (stage >= STAGE_ESTABLISHED)
        go(r, &ways[stage], opening);
    expect_state(r, states[stage]);
    return ground_of(stage);
}

void stage_leave(struct story *r)
{
    if (story_peer(r)->conn != 0)
        user_aborts(r);
    whatever_was_sent(r);
    enum ciao_state state = story_state(r);
    if (state == CIAO_ESTABLISHED || state == CIAO_CLOSE_WAIT) { /* nobody has accepted it yet */
        user_accepts(r);
        user_aborts(r);
    } else if (state == CIAO_TIME_WAIT) {
        time_passes(r, 300000);
    } else if (state != CIAO_CLOSED) { /* of a listener, or nobody's */
        peer_sends_f(r, "RST seq=%u", story_peer(r)->last_ack);
    }
    expect_state(r, CIAO_CLOSED);
    whatever_was_sent(r);
}
