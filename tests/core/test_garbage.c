/*
 * Garbage among honest traffic: while two stacks open, talk and close, copies of their frames
 * arrive too, with bytes changed, flags thrown and lengths cut.  Nothing crashes, nothing is
 * kept: when all is over the tables are empty.  Most copies get right checksums again, so that
 * they reach the procedures behind.  What they do to the connection is theirs to answer for: a
 * copy may well be a legal reset.
 */
#include "pair.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"

struct world {
    struct pair pair;
    struct rng rng;
    struct ciao_bufpool *pool;
};

static unsigned lives, resets;

/* Put the checksums of a TCP segment right again. */
static void reseal(uint8_t *p, uint32_t len)
{
    bool v6 = p[0] >> 4 == 6;
    uint32_t at = v6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
    if (len < at + TCP_HEADER_LEN)
        return;
    uint32_t sum = v6 ? csum_small(p + 8, 32) : csum_small(p + 12, 8);
    sum += csum_pseudo4(0, 0, IP_PROTO_TCP, len - at);
    if (v6) {
        put_be16(p + 4, (uint16_t)(len - at));
    } else {
        put_be16(p + 2, (uint16_t)len);
        ip4_refresh_checksum(p);
    }
    put_be16(p + at + TCP_CHECKSUM_OFFSET, 0);
    csum_store(p + at + TCP_CHECKSUM_OFFSET, sum + csum_small(p + at, len - at));
}

/* One thing goes wrong with a copy; returns its new length. */
static uint32_t spoil(struct rng *rng, uint8_t *p, uint32_t len)
{
    uint32_t tcp = p[0] >> 4 == 6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
    uint32_t header = tcp + 12 < len ? (p[tcp + 12] >> 4) * 4u : 20;
    bool ok = len >= tcp + TCP_HEADER_LEN;
    switch (ok ? rng_below(rng, 9) : 8) {
    case 0: p[tcp + 13] = (uint8_t)rng_u32(rng); break; /* any combination of flags */
    case 1: put_be32(p + tcp + 4, get_be32(p + tcp + 4) + rng_below(rng, 4000) - 2000); break;
    case 2: put_be32(p + tcp + 8, get_be32(p + tcp + 8) + rng_below(rng, 4000) - 2000); break;
    case 3: put_be32(p + tcp + 4 + rng_below(rng, 2) * 4, rng_u32(rng)); break;
    case 4: put_be16(p + tcp + 14, (uint16_t)(rng_below(rng, 2) ? 0 : rng_u32(rng))); break;
    case 5:
        if (header > 20 && tcp + header <= len)
            p[tcp + 20 + rng_below(rng, header - 20)] = (uint8_t)rng_u32(rng);
        break;
    case 6: p[tcp + 12] = (uint8_t)rng_u32(rng); break;
    case 7: /* urgent, and more or less near */
        p[tcp + 13] |= TCP_URG;
        put_be16(p + tcp + 18, (uint16_t)rng_below(rng, rng_below(rng, 2) ? 65536 : 3000));
        break;
    default: return rng_below(rng, len + 1);
    }
    return len;
}

static void inject(void *self, unsigned to, const uint8_t *bytes, uint32_t len)
{
    struct world *world = self;
    struct ciao_frame frame, *frames[1] = {&frame};
    if (rng_below(&world->rng, 5) != 0 || len == 0)
        return;
    ciao_frame_init(&frame);
    frame.buf = ciao_bufpool_take(&world->pair.wire, len);
    assert_non_null(frame.buf);
    frame.head = ciao_buf_bytes(frame.buf);
    memcpy(frame.head, bytes, len);
    for (unsigned i = 0; i <= rng_below(&world->rng, 2); i++)
        len = len != 0 ? spoil(&world->rng, frame.head, len) : 0;
    if (rng_below(&world->rng, 5) != 0 && len != 0)
        reseal(frame.head, len);
    frame.head_len = frame.len = len;
    ciao_input(world->pair.stack[to], 0, frames, 1, world->pair.now);
}

static void give_up(struct world *world, unsigned side, ciao_conn conn)
{
    if (conn == 0)
        return;
    resets += ciao_error(world->pair.stack[side], conn) != 0;
    if (rng_below(&world->rng, 3) == 0)
        assert_int_equal(ciao_abort(world->pair.stack[side], conn, NULL, world->pair.now), 0);
    else
        assert_int_equal(ciao_close(world->pair.stack[side], conn, NULL, world->pair.now), 0);
    pair_pass(&world->pair, rng_below(&world->rng, 3) * 100000);
}

/* The program changes its mind about this and that. */
static void set_something(struct world *world, struct ciao_stack *stack, ciao_conn conn)
{
    struct ciao_settings settings;
    if (rng_below(&world->rng, 4) != 0 || ciao_get_settings(stack, conn, &settings) != 0)
        return;
    settings.flags ^= 1u << rng_below(&world->rng, 11) & ~(uint32_t)CIAO_LINGER;
    settings.keepalive_idle_us = 1000 + rng_below(&world->rng, 100000);
    settings.keepalive_interval_us = 1000 + rng_below(&world->rng, 100000);
    settings.notsent_lowat_bytes = rng_below(&world->rng, 2) * 2000;
    settings.rcvlowat_bytes = rng_below(&world->rng, 3000);
    assert_int_equal(ciao_set_settings(stack, conn, &settings), 0);
}

static void reads(struct world *world, struct ciao_stack *stack, ciao_conn conn)
{
    uint8_t bytes[3000];
    unsigned flags = rng_below(&world->rng, 4);
    size_t len = flags & CIAO_RECV_URGENT ? 1 : sizeof bytes;
    void *to = rng_below(&world->rng, 8) == 0 ? NULL : bytes;
    (void)!ciao_recv(stack, conn, to, len, flags, world->pair.now);
    (void)ciao_at_mark(stack, conn);
    (void)!ciao_recv(stack, conn, bytes, sizeof bytes, 0, world->pair.now);
}

static void talk(struct world *world, unsigned side, ciao_conn conn)
{
    uint8_t bytes[3000] = {0};
    struct ciao_stack *stack = world->pair.stack[side];
    if (conn == 0)
        return;
    set_something(world, stack, conn);
    (void)!ciao_send(stack, conn, bytes, 1 + rng_below(&world->rng, sizeof bytes - 1),
                     rng_below(&world->rng, 8), world->pair.now);
    pair_pass(&world->pair, rng_below(&world->rng, 60000));
    reads(world, stack, conn);
}

static void one_life(struct world *world, bool v6)
{
    struct ciao_endpoint there = pair_endpoint(1, v6, 80);
    ciao_conn listener, client, server = 0, more;
    struct pair *pair = &world->pair;
    assert_int_equal(ciao_listen(pair->stack[1], &there, 5, NULL, &listener), 0);
    assert_int_equal(ciao_connect(pair->stack[0], &there, NULL, NULL, &client, pair->now), 0);
    pair_pass(pair, 100000);
    (void)!ciao_accept(pair->stack[1], listener, &server);
    for (unsigned i = 0; i < 4; i++) {
        talk(world, 0, client);
        talk(world, 1, server);
    }
    if (rng_below(&world->rng, 2))
        (void)!ciao_shutdown(pair->stack[0], client, CIAO_SHUT_WR, pair->now);
    bool client_first = rng_below(&world->rng, 2);
    give_up(world, client_first ? 0 : 1, client_first ? client : server);
    give_up(world, client_first ? 1 : 0, client_first ? server : client);
    while (ciao_accept(pair->stack[1], listener, &more) == 0)
        give_up(world, 1, more);
    assert_int_equal(ciao_close(pair->stack[1], listener, NULL, pair->now), 0);
    lives++;
}

static void expect_empty(struct pair *pair)
{
    for (unsigned side = 0; side < 2; side++) {
        struct ciao_counts counts;
        ciao_counts(pair->stack[side], &counts);
        assert_int_equal(counts.tcbs, 0);
        assert_int_equal(counts.syn_records, 0);
        assert_int_equal(counts.time_waits, 0);
        assert_int_equal(counts.sides, 0);
        assert_int_equal(counts.queues, 0);
        assert_int_equal(counts.ranges, 0);
        assert_int_equal(counts.received_segments, 0);
        assert_int_equal(counts.flow_entries, 0);
        assert_int_equal(counts.timers, 0);
        assert_int_equal(counts.ports_in_use, 0);
        assert_int_equal(counts.settings_in_use, 0);
        assert_int_equal(counts.buffer_bytes, 0);
    }
    assert_int_equal(ciao_bufpool_used_count(&pair->wire), 0);
}

static void lives_among_garbage(uint8_t seed_byte, bool merge, unsigned n)
{
    struct pair_options options = {.seed = seed_byte, .merge = merge};
    struct world *world = calloc(1, sizeof *world);
    uint8_t seed[32] = {seed_byte};
    assert_non_null(world);
    rng_seed(&world->rng, seed);
    pair_open(&world->pair, &options);
    world->pair.crossed = inject;
    world->pair.crossed_self = world;
    for (unsigned i = 0; i < n; i++)
        one_life(world, i & 1);
    world->pair.crossed = NULL;
    pair_pass(&world->pair, UINT64_C(3600) * 1000000);
    expect_empty(&world->pair);
    pair_close(&world->pair);
    free(world);
}

static void five_hundred_lives_among_garbage(void **state)
{
    (void)state;
    for (uint8_t seed = 1; seed <= 5; seed++)
        lives_among_garbage(seed, seed & 1, 100);
    printf("# %u lives, %u ends of a connection ended abnormally\n", lives, resets);
    assert_true(resets < 2 * lives * 3 / 4); /* most of it was seen through */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_hundred_lives_among_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
