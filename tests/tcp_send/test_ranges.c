/*
 * Ranges and scoreboard against a model: a peer that holds some bytes and not others, says so in
 * ACKs that come late, twice or never, and sometimes lies.
 */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

#define BYTES 200000u
#define STEPS 20000u

struct model {
    struct net net;
    struct tcp *tcp;
    struct tcb *tcb;
    seq_t base;           /* number of the first byte */
    bool held[BYTES];     /* the peer has it */
    uint32_t acked, sent; /* bytes */
    struct rng rng;
};

static void start(struct model *m, uint64_t seed, uint8_t flags)
{
    const struct net_spec spec = {.mtu = 1500, .delay_us = 1000, .seed = seed};
    struct ciao_settings settings = *ciao_profile(CIAO_PROFILE_CIAO);
    static uint8_t bytes[BYTES];
    settings.flags |= flags;
    settings.r2_us = 0; /* here nobody gives up */
    memset(m, 0, sizeof *m);
    net_open(&m->net, &spec, &settings);
    assert_true(net_connect(&m->net));
    m->tcp = inside_tcp(&m->net, NET_A);
    m->tcb = inside_tcb(&m->net, NET_A);
    m->base = m->tcb->snd.nxt;
    uint8_t key[32] = {(uint8_t)seed, 77};
    rng_seed(&m->rng, key);
    assert_int_equal(tcp_sendq_write(m->tcp, m->tcb, bytes, BYTES), BYTES);
}

/* One segment leaves; the peer gets it, or does not. */
static void sends(struct model *m)
{
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    seq_t before = m->tcb->snd.nxt;
    if (tcp_output_next(m->tcp, m->tcb, &frame) != TCP_SENT_FRAME)
        return;
    uint32_t at = get_be32(frame.head + 20 + 4) - m->base;
    uint32_t len = frame.len - frame.head_len;
    bool arrives = rng_below(&m->rng, 10) != 0;
    for (uint32_t i = at; i < at + len; i++)
        m->held[i] |= arrives;
    if (m->tcb->snd.nxt != before)
        m->sent = m->tcb->snd.nxt - m->base;
    ciao_frame_release(&frame);
}

/* A block of what the peer holds, around a byte that it happens to choose. */
static bool choose_block(struct model *m, uint32_t from, struct tcp_sack *block)
{
    if (m->sent <= from + 1)
        return false;
    uint32_t at = from + 1 + rng_below(&m->rng, m->sent - from - 1), end = at;
    if (!m->held[at])
        return false;
    while (at > from && m->held[at - 1])
        at--;
    while (end < m->sent && m->held[end])
        end++;
    *block = (struct tcp_sack){m->base + at, m->base + end};
    return at > from;
}

static void acknowledges(struct model *m)
{
    uint32_t to = m->acked;
    while (to < m->sent && m->held[to])
        to++;
    if (rng_below(&m->rng, 4) == 0 && to > m->acked) /* an ACK of the middle, as from a splitter */
        to = m->acked + rng_below(&m->rng, to - m->acked);
    struct tcp_segment seg = inside_ack(m->tcb, m->base + to);
    struct tcp_sack block;
    for (unsigned i = 0; i < 3; i++)
        if (choose_block(m, to, &block))
            inside_sack(&seg, block.start, block.end);
    if (rng_below(&m->rng, 20) == 0)
        inside_sack(&seg, rng_u32(&m->rng), rng_u32(&m->rng));
    if (m->tcb->flags & TCB_TS) {
        seg.h.opt.has_ts = true;
        seg.h.opt.ts_ecr = tcp_ts_now(m->tcp, m->tcb->ts_offset) - rng_below(&m->rng, 20);
    }
    if (seq_gt(m->base + to, m->tcb->snd.una))
        m->acked = to;
    tcp_ack_arrived(m->tcp, m->tcb, &seg);
}

static void time_passes(struct model *m)
{
    tcp_set_now(m->tcp, m->tcp->now + rng_below(&m->rng, 3000));
    if (rng_below(&m->rng, 50) == 0 && m->tcb->snd.una != m->tcb->snd.nxt)
        tcp_timeout_retransmit(m->tcp, m->tcb);
}

/* Nothing that the peer does not hold is taken for arrived; what is freed is acknowledged. */
static void check(const struct model *m)
{
    inside_check_ranges(m->tcp, m->tcb);
    assert_int_equal(m->tcb->snd.una, m->base + m->acked);
    assert_true(m->acked <= m->sent);
    assert_true(m->tcb->snd.nxt - m->tcb->snd.una <= m->tcb->snd.wnd);
}

static void run(uint64_t seed, uint8_t flags)
{
    static struct model m;
    start(&m, seed, flags);
    for (uint32_t step = 0; step < STEPS && m.acked < BYTES; step++) {
        switch (rng_below(&m.rng, 4)) {
        case 0:
        case 1: sends(&m); break;
        case 2: acknowledges(&m); break;
        default: time_passes(&m); break;
        }
        check(&m);
    }
    assert_int_equal(m.acked, BYTES); /* everything arrived in the end */
    assert_int_equal(tcp_queue(m.tcp, m.tcb)->ranges_first, 0);
    tcp_range_give_kept(m.tcp, tcp_queue(m.tcp, m.tcb));
    assert_int_equal(m.tcp->ranges.used, 0);
    assert_int_equal(tcp_queue(m.tcp, m.tcb)->sendq_bytes, 0);
    assert_null(tcp_queue(m.tcp, m.tcb)->sendq_first);
    net_discard(&m.net);
}

/* [RFC6675 5 6675-1] */
static void ranges_agree_with_a_peer_that_sacks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++)
        run(seed, 0);
}

static void ranges_agree_with_a_peer_that_sacks_without_timestamps(void **state)
{
    (void)state;
    for (uint64_t seed = 11; seed <= 14; seed++)
        run(seed, CIAO_NO_TIMESTAMPS);
}

static void ranges_agree_with_a_peer_that_only_acknowledges(void **state)
{
    (void)state;
    for (uint64_t seed = 21; seed <= 24; seed++)
        run(seed, CIAO_NO_SACK | CIAO_NO_TIMESTAMPS);
}

/* A burst of one time is one record, however many segments it has. */
static void a_burst_is_one_range(void **state)
{
    (void)state;
    static struct model m;
    start(&m, 31, 0);
    for (unsigned i = 0; i < 10; i++)
        sends(&m);
    assert_int_equal(m.sent, 10 * 1448);
    assert_int_equal(m.tcp->ranges.used, 1);
    const struct tcp_range *range = tcp_range_at(m.tcp, tcp_queue(m.tcp, m.tcb)->ranges_first);
    assert_int_equal(range->segments, 10);
    assert_int_equal(range->end - range->start, 10 * 1448);
    net_discard(&m.net);
}

/* A block that cuts what left as one segment is a lie, and costs no record. */
static void a_block_never_cuts_a_segment(void **state)
{
    (void)state;
    static struct model m;
    start(&m, 32, 0);
    sends(&m);
    tcp_set_now(m.tcp, m.tcp->now + 1000);
    sends(&m);
    struct tcp_segment seg = inside_ack(m.tcb, m.base);
    inside_sack(&seg, m.base + 100, m.base + 200);
    tcp_ack_arrived(m.tcp, m.tcb, &seg);
    assert_int_equal(tcp_side(m.tcp, m.tcb)->sacked_bytes, 0);
    assert_int_equal(m.tcp->ranges.used, 2);
    inside_check_ranges(m.tcp, m.tcb);
    net_discard(&m.net);
}

/* At the table's budget sending waits, and what is on its way can still be cut. */
static void sending_waits_when_the_table_is_full(void **state)
{
    (void)state;
    static struct model m;
    start(&m, 33, 0);
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    uint32_t used = m.tcp->ranges.used;
    m.tcp->ranges.used = m.tcp->ranges.capacity - m.tcp->ranges.capacity / 16;
    assert_false(tcp_range_room(m.tcp));
    assert_int_equal(tcp_output_next(m.tcp, m.tcb, &frame), TCP_SENT_NOTHING);
    assert_true(tcp_timer_is_set(m.tcb, TCP_TIMER_OTHER)); /* it tries again by itself */
    m.tcp->ranges.used = used;
    assert_int_equal(tcp_output_next(m.tcp, m.tcb, &frame), TCP_SENT_FRAME);
    ciao_frame_release(&frame);
    net_discard(&m.net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_agree_with_a_peer_that_sacks),
        cmocka_unit_test(ranges_agree_with_a_peer_that_sacks_without_timestamps),
        cmocka_unit_test(ranges_agree_with_a_peer_that_only_acknowledges),
        cmocka_unit_test(a_burst_is_one_range),
        cmocka_unit_test(a_block_never_cuts_a_segment),
        cmocka_unit_test(sending_waits_when_the_table_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
