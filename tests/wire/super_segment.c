/* Super-segments for tests: see super_segment.h. */
#include "super_segment.h"

#define MEMORY_BYTES (4u << 20)

struct world world_begin(uint8_t seed)
{
    struct world world = {.rng = rng_of(seed), .ops = csum_ops_for(0)};
    world.memory = aligned_alloc(64, MEMORY_BYTES);
    assert_non_null(world.memory);
    memset(world.memory, 0, MEMORY_BYTES);
    assert_true(ciao_bufpool_init(&world.pool, world.memory, MEMORY_BYTES) > 0);
    return world;
}

void world_end(struct world *world)
{
    assert_int_equal(ciao_bufpool_used_count(&world->pool), 0);
    free(world->memory);
}

static size_t put_headers(struct world *world, const struct recipe *recipe, uint8_t *out)
{
    const struct tcp_header tcp = {
        .sport = 1025,
        .dport = 80,
        .seq = 0xfffffff0,
        .ack = 7,
        .flags = recipe->flags,
        .wnd = 500,
        .opt = {.has_ts = true, .ts_val = 9, .ts_ecr = 8},
    };
    size_t tcp_len = tcp_emit_len(&tcp) + recipe->payload_len;
    size_t at = recipe->link_len;
    random_bytes(&world->rng, out, at);
    if (recipe->v6) {
        const struct ip6_header ip = {.src = addr_of("fd00::2"),
                                      .dst = addr_of("fd00::1"),
                                      .payload_len = (uint16_t)tcp_len,
                                      .next = IP_PROTO_TCP,
                                      .hop_limit = 64,
                                      .tclass = recipe->tos};
        at += ip6_emit(&ip, out + at);
    } else {
        const struct ip4_header ip = {.src = 0x0a090002,
                                      .dst = 0x0a090001,
                                      .total_len = (uint16_t)(IP4_HEADER_LEN + tcp_len),
                                      .id = 0xfffe,
                                      .protocol = IP_PROTO_TCP,
                                      .ttl = 64,
                                      .tos = recipe->tos,
                                      .df = true};
        at += ip4_emit(&ip, out + at);
    }
    return at + tcp_emit(&tcp, out + at);
}

/* The checksum field as far as the pseudo-header goes, as a stack or a kernel leaves it. */
static void make_partial(struct ciao_frame *frame, const struct recipe *recipe)
{
    uint32_t ip_len = recipe->v6 ? 40 : 20;
    uint8_t *ip = frame->head + recipe->link_len;
    uint8_t rest[8] = {[7] = IP_PROTO_TCP};
    put_be32(rest, frame->len - recipe->link_len - ip_len);
    uint32_t sum =
        naive_sum(rest, 8, naive_sum(ip + (recipe->v6 ? 8 : 12), recipe->v6 ? 32 : 8, 0));
    frame->csum = CIAO_CSUM_PARTIAL;
    frame->csum_start = (uint16_t)(recipe->link_len + ip_len);
    frame->csum_offset = TCP_CHECKSUM_OFFSET;
    put_be16(frame->head + frame->csum_start + TCP_CHECKSUM_OFFSET, (uint16_t)sum);
}

static void add_payload(struct world *world, struct ciao_frame *frame, const struct recipe *recipe)
{
    uint32_t rest = recipe->payload_len;
    while (rest > 0) {
        uint32_t n = rest < recipe->frag_len ? rest : recipe->frag_len;
        struct ciao_buf *buf = ciao_bufpool_take(&world->pool, n);
        assert_non_null(buf);
        random_bytes(&world->rng, ciao_buf_bytes(buf), n);
        assert_int_equal(ciao_frame_add(frame, buf, ciao_buf_bytes(buf), n), 0);
        rest -= n;
    }
}

void cook(struct world *world, const struct recipe *recipe, struct ciao_frame *frame)
{
    ciao_frame_init(frame);
    if (recipe->in_head) {
        frame->buf = ciao_bufpool_take(&world->pool, 60 + 60 + recipe->payload_len);
        assert_non_null(frame->buf);
        frame->head = ciao_buf_bytes(frame->buf);
    }
    frame->head_len = (uint32_t)put_headers(world, recipe, frame->head);
    frame->len = frame->head_len;
    if (recipe->in_head) {
        random_bytes(&world->rng, frame->head + frame->head_len, recipe->payload_len);
        frame->head_len += recipe->payload_len;
        frame->len += recipe->payload_len;
    } else {
        add_payload(world, frame, recipe);
    }
    make_partial(frame, recipe);
    if (recipe->payload_len > recipe->mss) {
        frame->gso = recipe->v6 ? CIAO_GSO_TCP6 : CIAO_GSO_TCP4;
        frame->gso_size = recipe->mss;
        frame->segments = (uint16_t)((recipe->payload_len + recipe->mss - 1) / recipe->mss);
    }
    frame->ecn = recipe->tos & IP_ECN_MASK;
    frame->rx_us = 42;
}

struct recipe random_recipe(struct rng *rng)
{
    struct recipe recipe = {
        .v6 = random_bool(rng),
        .in_head = random_bool(rng),
        .link_len = random_bool(rng) ? ETH_HEADER_LEN : 0,
        .mss = (uint16_t)(500 + rng_below(rng, 8500)),
        .flags = TCP_ACK,
        .tos = IP_ECN_ECT0,
    };
    /* FIN, PSH and CWR as they come. */
    recipe.flags |= (uint16_t)(rng_u32(rng) & (TCP_FIN | TCP_PSH | TCP_CWR));
    recipe.payload_len = 1 + rng_below(rng, 65535 - 100);
    recipe.frag_len = recipe.payload_len / 7 + 1 + rng_below(rng, 20000);
    return recipe;
}

void check_cut(const struct recipe *recipe, const uint8_t *super, uint32_t index, uint32_t count,
               const struct ciao_frame *cut)
{
    static uint8_t flat[MOST];
    uint32_t header_len = recipe->link_len + (recipe->v6 ? 40 : 20) + 32;
    size_t len = flatten(cut, flat, sizeof flat);
    const uint8_t *ip = flat + recipe->link_len;
    uint32_t start = index * recipe->mss;
    bool last = index == count - 1;
    uint32_t expected = last ? recipe->payload_len - start : recipe->mss;
    assert_int_equal(len, header_len + expected);
    assert_true(naive_packet_is_valid(ip, len - recipe->link_len));
    assert_memory_equal(flat, super, recipe->link_len);
    assert_memory_equal(flat + header_len, super + header_len + start, expected);

    struct tcp_header tcp;
    struct ip4_header ip4;
    assert_int_equal(tcp_parse(ip + (recipe->v6 ? 40 : 20), len - header_len + 32, &tcp), WIRE_OK);
    uint16_t flags = recipe->flags;
    flags &= (uint16_t)(last ? TCP_FLAGS : TCP_FLAGS & ~(TCP_FIN | TCP_PSH));
    flags &= (uint16_t)(index == 0 ? TCP_FLAGS : TCP_FLAGS & ~TCP_CWR);
    assert_int_equal(tcp.seq, 0xfffffff0 + start);
    assert_int_equal(tcp.flags, flags);
    assert_int_equal(tcp.opt.ts_val, 9);
    if (!recipe->v6) {
        assert_int_equal(ip4_parse(ip, len - recipe->link_len, &ip4), WIRE_OK);
        assert_int_equal(ip4.id, (uint16_t)(0xfffe + index));
        assert_int_equal(ip4.tos, recipe->tos);
    }
    assert_int_equal(cut->gso, CIAO_GSO_NONE);
    assert_int_equal(cut->segments, 1);
    assert_int_equal(cut->ecn, recipe->tos & IP_ECN_MASK);
    assert_int_equal(cut->rx_us, 42);
}
