/*
 * Two stacks over a wire that is none too good: see world.h.
 */
#include "world.h"

#include "base/bytes.h"
#include "core/stack_internal.h"
#include "wire/checksum.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"

uint64_t world_mix(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

struct world *world_new(const struct pair_options *options, unsigned trouble)
{
    struct world *world = calloc(1, sizeof *world);
    uint8_t seed[32] = {options->seed};
    assert_non_null(world);
    rng_seed(&world->rng, seed);
    pair_open(&world->pair, options);
    world->trouble = trouble;
    for (unsigned side = 0; side < 2; side++) /* each segment being told of rules it out */
        ciao_events_mask(world->pair.stack[side], CIAO_EVENTS_LIFE | CIAO_EVENTS_WHY);
    return world;
}

void world_free(struct world *world)
{
    pair_close(&world->pair);
    free(world);
}

/* ---- the wire ---- */

uint32_t world_headers_of(const uint8_t *ip)
{
    uint32_t at = ip[0] >> 4 == 6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
    return at + (ip[at + 12] >> 4) * 4u;
}

static bool is_tcp(const uint8_t *ip, uint32_t len)
{
    return len > IP6_HEADER_LEN && (ip[0] >> 4 == 6 ? ip[6] : ip[9]) == IP_PROTO_TCP
           && world_headers_of(ip) <= len;
}

/* As it comes from a device: in one piece, or with its payload in one or two of its own. */
void world_receive(struct world *world, struct ciao_frame *frame, const uint8_t *bytes,
                   uint32_t len, unsigned pieces)
{
    struct ciao_bufpool *pool = &world->pair.wire;
    uint32_t before = world->pair.options.kind == CIAO_LINK_ETHERNET ? 14 : 0;
    uint32_t headers =
        is_tcp(bytes + before, len - before) ? before + world_headers_of(bytes + before) : len;
    struct ciao_buf *buf = ciao_bufpool_take(pool, len);
    assert_non_null(buf);
    ciao_frame_init(frame);
    memcpy(ciao_buf_bytes(buf), bytes, len);
    if (pieces == 0 || len < headers + 3 || headers > CIAO_FRAME_ROOM) {
        frame->buf = buf;
        frame->head = ciao_buf_bytes(buf);
        frame->head_len = frame->len = len;
        return;
    }
    memcpy(frame->room, bytes, headers);
    frame->head_len = frame->len = headers;
    uint32_t first = pieces == 1 ? len - headers : 1 + (len - headers) / 3;
    assert_int_equal(ciao_frame_add(frame, buf, ciao_buf_bytes(buf) + headers, first), 0);
    if (pieces > 1)
        assert_int_equal(ciao_frame_add(frame, ciao_buf_ref(buf),
                                        ciao_buf_bytes(buf) + headers + first,
                                        len - headers - first),
                         0);
}

static bool happens(struct world *world)
{
    return rng_below(&world->rng, 1000) < world->trouble;
}

static void keep_for_later(struct world *world, unsigned to, const uint8_t *bytes, uint32_t len)
{
    struct late *late = &world->late[to][rng_below(&world->rng, WORLD_DELAYED)];
    memcpy(late->bytes, bytes, len);
    late->len = len;
}

static unsigned late_ones(struct world *world, unsigned to, unsigned n)
{
    for (unsigned i = 0; i < WORLD_DELAYED; i++) {
        struct late *late = &world->late[to][i];
        if (late->len == 0 || rng_below(&world->rng, 3) != 0)
            continue;
        world_receive(world, &world->in[n++], late->bytes, late->len, rng_below(&world->rng, 3));
        late->len = 0;
    }
    return n;
}

static void add_to(struct world *world, uint8_t *number)
{
    static const uint32_t steps[] = {1, 2, 100, 65535, 70000, 1u << 20, 1u << 31};
    uint32_t step = steps[rng_below(&world->rng, COUNT(steps))];
    put_be32(number, get_be32(number) + (rng_below(&world->rng, 2) ? step : 0 - step));
}

void world_seal(uint8_t *ip, uint32_t len)
{
    bool v6 = ip[0] >> 4 == 6;
    uint32_t at = v6 ? IP6_HEADER_LEN : IP4_HEADER_LEN, l4_len = len - at;
    uint8_t rest[4] = {0, IP_PROTO_TCP, (uint8_t)(l4_len >> 8), (uint8_t)l4_len};
    put_be16(ip + at + TCP_CHECKSUM_OFFSET, 0);
    uint32_t sum = csum_small(v6 ? ip + 8 : ip + 12, v6 ? 32 : 8) + csum_small(rest, 4);
    csum_store(ip + at + TCP_CHECKSUM_OFFSET, csum_fold(sum + csum_small(ip + at, l4_len)));
    put_be16(v6 ? ip + 4 : ip + 2, (uint16_t)(v6 ? l4_len : len));
    if (v6)
        return;
    put_be16(ip + IP4_CHECKSUM_AT, 0);
    csum_store(ip + IP4_CHECKSUM_AT, csum_small(ip, IP4_HEADER_LEN));
}

/* What a stranger or a confused peer would make of it: something in the headers is different, and
 * the checksums are right.  Returns its length. */
static uint32_t forge(struct world *world, uint8_t *ip, uint32_t len)
{
    uint32_t at = ip[0] >> 4 == 6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
    uint8_t *l4 = ip + at;
    bool stamped = l4[12] >> 4 == 8;
    switch (rng_below(&world->rng, 12)) {
    case 0: add_to(world, l4 + 4); break;
    case 1: add_to(world, l4 + 8); break;
    case 2: l4[13] ^= (uint8_t)(1u << rng_below(&world->rng, 8)); break;
    case 3: put_be16(l4 + 14, (uint16_t)rng_below(&world->rng, 3)); break;
    case 4:
    case 5:
        if (stamped)
            add_to(world, l4 + 24 + 4 * rng_below(&world->rng, 2));
        break;
    case 6:
        if (stamped) {
            l4[12] = 5 << 4;
            len -= 12;
            memmove(l4 + TCP_HEADER_LEN, l4 + TCP_HEADER_LEN + 12, len - at - TCP_HEADER_LEN);
        }
        break;
    case 7: l4[rng_below(&world->rng, 4)] ^= 1; break;
    case 8: ip[1] ^= ip[0] >> 4 == 6 ? 0x30 : 3; break; /* ECN */
    case 9: len = at + (l4[12] >> 4) * 4u; break;       /* its text is gone */
    case 10:
        put_be32(ip + len, rng_u32(&world->rng)); /* or there is more */
        len += 1 + rng_below(&world->rng, 4);
        break;
    default: l4[12] ^= 1; break;
    }
    world_seal(ip, len);
    return len;
}

/* What arrives of a frame, and how often. */
static unsigned cross(struct world *world, unsigned to, struct ciao_frame *frame, unsigned n)
{
    static uint8_t bytes[WORLD_LONGEST + 4]; /* a forger may add a few */
    uint32_t len = pair_flatten(frame, bytes);
    world->pair.hash = world_mix(world->pair.hash, bytes, len);
    world->pair.frames++;
    ciao_frame_release(frame);
    if (happens(world))
        return n;
    if (happens(world)) {
        keep_for_later(world, to, bytes, len);
        return n;
    }
    if (happens(world))
        bytes[rng_below(&world->rng, len)] ^= (uint8_t)(1 + rng_below(&world->rng, 255));
    uint32_t before = world->pair.options.kind == CIAO_LINK_ETHERNET ? 14 : 0;
    if (world->silent && happens(world) && is_tcp(bytes + before, len - before))
        len = before + forge(world, bytes + before, len - before);
    for (unsigned copies = happens(world) ? 2 : 1; copies > 0; copies--)
        world_receive(world, &world->in[n++], bytes, len, rng_below(&world->rng, 3));
    return n;
}

unsigned world_carry(struct world *world, unsigned from)
{
    struct ciao_frame *out[WORLD_FRAMES], *in[2 * WORLD_FRAMES + WORLD_DELAYED];
    unsigned n = 0, batch = 1 + rng_below(&world->rng, WORLD_FRAMES);
    for (unsigned i = 0; i < WORLD_FRAMES; i++)
        out[i] = &world->out[i];
    for (unsigned i = 0; i < 2 * WORLD_FRAMES + WORLD_DELAYED; i++)
        in[i] = &world->in[i];
    unsigned made = ciao_output(world->pair.stack[from], 0, out, batch, world->pair.now);
    for (unsigned i = 0; i < made; i++)
        n = cross(world, !from, out[i], n);
    n = late_ones(world, !from, n);
    ciao_input(world->pair.stack[!from], 0, in, n, world->pair.now);
    return made;
}

void world_listen(struct world *world, unsigned side)
{
    struct ciao_event event;
    while (ciao_events(world->pair.stack[side], &event, 1) == 1)
        world->told = world_mix(world->told, &event, sizeof event);
    for (ciao_conn conn; (conn = ciao_next_ready(world->pair.stack[side])) != 0;) {
        unsigned news = ciao_news(world->pair.stack[side], conn);
        world->told = world_mix(world->told, &conn, sizeof conn);
        world->told = world_mix(world->told, &news, sizeof news);
    }
}

void world_time_passes(struct world *world)
{
    world->pair.now += rng_below(&world->rng, 5) == 0 ? rng_below(&world->rng, 300000)
                                                      : rng_below(&world->rng, 3000);
    for (unsigned side = 0; side < 2; side++)
        (void)!ciao_advance(world->pair.stack[side], world->pair.now);
}

/* ---- compared ---- */

static void expect_same_records(const struct pool *a, const struct pool *b)
{
    assert_int_equal(a->high, b->high);
    for (uint32_t i = 1; i <= a->high; i++)
        assert_memory_equal(pool_at(a, i), pool_at(b, i), a->stride);
}

static void expect_same_tables(struct ciao_stack *a, struct ciao_stack *b)
{
    expect_same_records(&a->tcp.tcbs, &b->tcp.tcbs);
    expect_same_records(&a->tcp.tcbs6, &b->tcp.tcbs6);
    expect_same_records(&a->tcp.syns, &b->tcp.syns);
    expect_same_records(&a->tcp.syns6, &b->tcp.syns6);
    expect_same_records(&a->tcp.waits, &b->tcp.waits);
    expect_same_records(&a->tcp.waits6, &b->tcp.waits6);
    assert_memory_equal(a->trace.reasons, b->trace.reasons, sizeof a->trace.reasons);
    assert_memory_equal(a->trace.arcs, b->trace.arcs, sizeof a->trace.arcs);
    assert_true(a->ip.accepted == b->ip.accepted);
    assert_int_equal(a->tcp.orphan_hand, b->tcp.orphan_hand);
    assert_int_equal(a->tcp.wait_hand, b->tcp.wait_hand);
    assert_true(ciao_next_deadline(a) == ciao_next_deadline(b));
}

static void expect_same_info(const struct ciao_stack *a, const struct ciao_stack *b, ciao_conn conn)
{
    struct ciao_info one, other;
    memset(&one, 0, sizeof one);
    memset(&other, 0, sizeof other);
    assert_int_equal(ciao_info(a, conn, &one), ciao_info(b, conn, &other));
    assert_memory_equal(&one, &other, sizeof one);
    assert_int_equal(ciao_ready(a, conn), ciao_ready(b, conn));
}

void world_expect_same(struct world *a, struct world *b)
{
    struct ciao_counts one, other;
    assert_true(a->pair.frames == b->pair.frames && a->pair.hash == b->pair.hash);
    for (unsigned side = 0; side < 2; side++) {
        world_listen(a, side);
        world_listen(b, side);
        expect_same_tables(a->pair.stack[side], b->pair.stack[side]);
        ciao_counts(a->pair.stack[side], &one);
        ciao_counts(b->pair.stack[side], &other);
        assert_memory_equal(&one, &other, sizeof one);
        for (unsigned i = 0; i < WORLD_CONNS; i++)
            expect_same_info(a->pair.stack[side], b->pair.stack[side],
                             side == 0 ? a->client[i] : a->server[i]);
    }
    assert_true(a->told == b->told);
}
