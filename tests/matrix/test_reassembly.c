/*
 * Bytes in any order, overlapping, doubled, old, beyond the window, with the FIN anywhere: after
 * each segment what is acknowledged, held and read is what a model says, wherever the numbers wrap.
 * [RFC9293 3.4, 3.10.7.4 first, seventh, eighth; EV-16, EV-36, EV-39; SHLD-31]
 */
#include <stdlib.h>
#include <string.h>

#include "matrix/stage.h"
#include "support/story_text.h"
#include "support/story_wire.h"

#define STREAM_MAX 50000u

/* What the peer has to say, and what of it has come. */
struct model {
    uint32_t stream; /* bytes; the FIN stands behind them */
    uint32_t window; /* of ours, nothing is ever read meanwhile */
    bool here[STREAM_MAX];
    bool fin_here;
    uint32_t in_order; /* bytes */
    bool ended;        /* the FIN has had its turn */
};

struct piece {
    uint32_t from, to;
    bool fin;
};

static uint32_t rcv_nxt(const struct model *m)
{
    return m->in_order + (m->ended ? 1u : 0u);
}

/* The table of 3.10.7.4, counted from the first byte of the stream. */
static bool is_acceptable(const struct model *m, const struct piece *p)
{
    uint32_t nxt = rcv_nxt(m), len = p->to - p->from + (p->fin ? 1u : 0u);
    uint32_t edge = m->window > nxt ? m->window : nxt;
    uint32_t last = p->from + len - 1;
    if (edge == nxt)
        return len == 0 && p->from == nxt;
    if (len == 0)
        return p->from >= nxt && p->from < edge;
    return (p->from >= nxt && p->from < edge) || (last >= nxt && last < edge);
}

static void take(struct model *m, const struct piece *p)
{
    for (uint32_t i = p->from; i < p->to && i < m->window; i++)
        m->here[i] = true;
    if (p->fin && p->to < m->window)
        m->fin_here = true;
    while (m->in_order < m->stream && m->here[m->in_order])
        m->in_order++;
    if (m->fin_here && m->in_order == m->stream)
        m->ended = true;
}

static uint32_t held(const struct model *m)
{
    uint32_t n = 0;
    for (uint32_t i = m->in_order; i < m->stream; i++)
        n += m->here[i] ? 1u : 0u;
    return n;
}

/* ---- the stack beside it ---- */

static void starts(struct story *r, struct model *m, uint32_t isn)
{
    story_begin(r);
    memset(m->here, 0, sizeof m->here);
    m->fin_here = m->ended = false;
    m->in_order = 0;
    user_connects(r);
    whatever_was_sent(r);
    story_peer(r)->isn = isn;
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000>");
    whatever_was_sent(r);
}

static void arrives(struct story *r, const struct piece *p)
{
    static uint8_t packet[65536];
    const struct story_text text = {
        .flags = (uint16_t)(TCP_ACK | (p->fin ? TCP_FIN : 0)),
        .seq = 1 + p->from,
        .ack = 1,
        .len = p->to - p->from,
    };
    size_t len = story_build(r, &text, packet, sizeof packet);
    story_bring(r, packet, len);
    story_time_passes(r, 250000);
}

/* Old segments, and those that bring something, are acknowledged; those behind the end not.
 * False: so many buffers are in use that this one was not kept. */
static bool step(struct story *r, struct model *m, const struct piece *p)
{
    uint64_t refused = ciao_reason_count(r->stack, CIAO_DROP_RECEIVE_BUFFER_FULL);
    bool acceptable = is_acceptable(m, p), was_over = m->ended;
    if (acceptable && !was_over)
        take(m, p);
    arrives(r, p);
    if (ciao_reason_count(r->stack, CIAO_DROP_RECEIVE_BUFFER_FULL) != refused)
        return false;
    bool bare = p->from == p->to && !p->fin;
    if (acceptable && (was_over || bare))
        expect_nothing_sent(r);
    else
        expect_sent_f(r, "ACK seq=1 ack=%u", 1 + rcv_nxt(m));
    expect_nothing_sent(r);
    struct ciao_info info = story_info(r);
    expect(r, info.unread_bytes == m->in_order);
    expect(r, info.out_of_order_bytes == held(m));
    expect_state(r, m->ended ? CIAO_CLOSE_WAIT : CIAO_ESTABLISHED);
    return true;
}

/* What is here is read, and what is missing told again as the window allows, until all is read. */
static void ends(struct story *r, struct model *m)
{
    uint32_t read = 0;
    for (unsigned round = 0; round < 6 && story_state(r) != CIAO_CLOSE_WAIT; round++) {
        read += story_info(r).unread_bytes;
        user_reads(r, story_info(r).unread_bytes);
        arrives(r, &(struct piece){read, m->stream, true});
        whatever_was_sent(r);
    }
    user_reads(r, m->stream - read);
    expect_end_of_stream(r);
    user_aborts(r);
    whatever_was_sent(r);
}

/* ---- all ways of four pieces ---- */

#define UNIT 5000u

/* Every [from, to) of four units, the last ones with and without FIN, and the FIN alone. */
static unsigned all_pieces(struct piece *pieces)
{
    unsigned n = 0;
    for (uint32_t from = 0; from < 4; from++)
        for (uint32_t to = from + 1; to <= 4; to++) {
            pieces[n++] = (struct piece){from * UNIT, to * UNIT, false};
            if (to == 4)
                pieces[n++] = (struct piece){from * UNIT, to * UNIT, true};
        }
    pieces[n++] = (struct piece){4 * UNIT, 4 * UNIT, true};
    return n;
}

static const uint32_t edges[] = {0u - 1, 0u - UNIT - 1, 0x80000000u - 2 * UNIT - 1, 0u - 2 * UNIT,
                                 0x7fffffffu - UNIT / 2};

static void all_triples(struct story *r, uint32_t window)
{
    static struct model m;
    struct piece pieces[16];
    unsigned n = all_pieces(pieces), whole = 0;
    r->config.tcp.rcvbuf_bytes = window;
    m.stream = 4 * UNIT;
    m.window = window;
    for (unsigned i = 0; i < n * n * n; i += 2) {
        starts(r, &m, edges[i % 5]);
        if (step(r, &m, &pieces[i % n]) && step(r, &m, &pieces[i / n % n])
            && step(r, &m, &pieces[i / n / n]))
            whole++;
        whatever_was_sent(r);
        ends(r, &m);
    }
    expect(r, whole > n * n * n * 9 / 20);
}

TEST(three_pieces_in_any_order_in_a_wide_window)
{
    all_triples(r, 5 * UNIT);
}

/* The FIN's octet is the window's last. */
TEST(three_pieces_in_any_order_where_the_fin_just_fits)
{
    all_triples(r, 4 * UNIT + 1);
}

/* The text fits, its FIN does not: it is cut off, and must come again. [RFC9293 3.10.7.4 first] */
TEST(three_pieces_in_any_order_where_the_fin_does_not_fit)
{
    all_triples(r, 4 * UNIT);
}

TEST(three_pieces_in_any_order_where_the_window_ends_within)
{
    all_triples(r, 3 * UNIT + 2500);
}

/* ---- any bytes ---- */

static uint32_t below(uint32_t *state, uint32_t limit)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)*state * limit >> 32);
}

static struct piece any_piece(const struct model *m, uint32_t *state)
{
    uint32_t around = below(state, 4) == 0 ? rcv_nxt(m) : below(state, m->stream + 1);
    uint32_t len = below(state, 3) == 0 ? below(state, 4) : below(state, 15000);
    uint32_t from = around < m->stream ? around : m->stream;
    uint32_t to = from + len < m->stream ? from + len : m->stream;
    return (struct piece){from, to, to == m->stream && below(state, 2) == 0};
}

TEST(any_bytes_in_any_order)
{
    static struct model m;
    uint32_t state = 7, steps = 0;
    m.stream = 50000;
    m.window = 46000;
    r->config.tcp.rcvbuf_bytes = m.window;
    for (unsigned i = 0; i < 100; i++) {
        starts(r, &m, edges[i % 5] - below(&state, 50000));
        struct piece piece = any_piece(&m, &state);
        for (unsigned k = 0; k < 12 && step(r, &m, &piece); k++) {
            steps++;
            piece = any_piece(&m, &state);
        }
        whatever_was_sent(r);
        ends(r, &m);
    }
    expect(r, steps > 600);
}

/* ---- the edge, where practice differs ---- */

/* AS LINUX: a FIN right behind a full window needs no buffer. */
TEST(a_fin_behind_a_full_window_is_taken_where_tolerant)
{
    r->config.tcp.more |= CIAO_EDGE_TOLERANT;
    r->config.tcp.rcvbuf_bytes = 4 * UNIT;
    they_are_connected(r);
    peer_sends(r, "FIN,ACK seq=1 ack=1 len=20000");
    expect_sent(r, "ACK seq=1 ack=20002 wnd=0");
    expect_state(r, CIAO_CLOSE_WAIT);
    user_reads(r, 20000);
    expect_end_of_stream(r);
    whatever_was_sent(r);
}

STORIES(STORY(three_pieces_in_any_order_in_a_wide_window),
        STORY(three_pieces_in_any_order_where_the_fin_just_fits),
        STORY(three_pieces_in_any_order_where_the_fin_does_not_fit),
        STORY(three_pieces_in_any_order_where_the_window_ends_within),
        STORY(any_bytes_in_any_order), STORY(a_fin_behind_a_full_window_is_taken_where_tolerant))
