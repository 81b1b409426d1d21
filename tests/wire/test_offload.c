/*
 * Checksums completed, super-segments cut, segments merged: nothing is lost on the way, and every
 * frame of the wire is one that a plain sender could have sent.
 */
#include "wire_test.h"

#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/offload.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#define MEMORY_BYTES (4u << 20)
#define MOST         70000u

struct world {
    void *memory;
    struct ciao_bufpool pool;
    struct rng rng;
    const struct csum_ops *ops;
};

static struct world world_begin(uint8_t seed)
{
    struct world world = {.rng = rng_of(seed), .ops = csum_ops_for(0)};
    world.memory = aligned_alloc(64, MEMORY_BYTES);
    assert_non_null(world.memory);
    memset(world.memory, 0, MEMORY_BYTES);
    assert_true(ciao_bufpool_init(&world.pool, world.memory, MEMORY_BYTES) > 0);
    return world;
}

/* Every reference that was taken has been given back. */
static void world_end(struct world *world)
{
    assert_int_equal(ciao_bufpool_used_count(&world->pool), 0);
    free(world->memory);
}

/* What a super-segment is to be like. */
struct recipe {
    bool v6;
    bool in_head; /* headers and payload in one piece, in a buffer */
    uint32_t link_len;
    uint32_t payload_len;
    uint32_t frag_len; /* payload pieces of this size */
    uint16_t mss;
    uint16_t flags;
    uint8_t tos;
};

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
        frame->frag[frame->n_frags - 1].sum = csum_small(ciao_buf_bytes(buf), n);
        rest -= n;
    }
    frame->sum_known = 1;
}

static void cook(struct world *world, const struct recipe *recipe, struct ciao_frame *frame)
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

static struct recipe random_recipe(struct rng *rng)
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

/* ---- complete ---- */

static void a_partial_checksum_is_completed_over_all_pieces(void **state)
{
    (void)state;
    struct world world = world_begin(80);
    for (int i = 0; i < 300; i++) {
        struct recipe recipe = random_recipe(&world.rng);
        recipe.payload_len = recipe.payload_len % 9000;
        recipe.mss = 9000;
        recipe.frag_len = recipe.payload_len / 7 + 1;
        struct ciao_frame frame;
        static uint8_t flat[MOST];
        cook(&world, &recipe, &frame);
        frame.sum_known = frame.sum_known && random_bool(&world.rng);
        offload_complete(&frame, world.ops);
        assert_int_equal(frame.csum, CIAO_CSUM_NONE);
        size_t len = flatten(&frame, flat, sizeof flat);
        assert_true(naive_packet_is_valid(flat + recipe.link_len, len - recipe.link_len));
        /* Once is enough. */
        offload_complete(&frame, world.ops);
        assert_true(naive_packet_is_valid(frame.n_frags ? flat + recipe.link_len
                                                        : frame.head + recipe.link_len,
                                          len - recipe.link_len));
        ciao_frame_release(&frame);
    }
    world_end(&world);
}

/* In UDP a checksum that comes out as 0 is sent as 0xffff. [RFC768] */
static void a_checksum_of_zero_is_not_sent_in_udp(void **state)
{
    (void)state;
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    const struct udp_header udp = {.sport = 0xfffe, .dport = 0, .len = 1, .checksum = 0};
    frame.head_len = (uint32_t)udp_emit(&udp, frame.head);
    frame.len = frame.head_len;
    frame.csum = CIAO_CSUM_PARTIAL;
    frame.csum_offset = UDP_CHECKSUM_OFFSET;
    offload_complete(&frame, csum_ops_for(0));
    assert_int_equal(get_be16(frame.head + UDP_CHECKSUM_OFFSET), 0xffff);
}

/* ---- cut ---- */

/* Frame `index` of a super whose bytes are `super`: headers as a plain sender would write them. */
static void check_cut(const struct recipe *recipe, const uint8_t *super, uint32_t index,
                      uint32_t count, const struct ciao_frame *cut)
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

static void cut_frames_are_what_a_plain_sender_would_send(void **state)
{
    (void)state;
    struct world world = world_begin(81);
    for (int i = 0; i < 150; i++) {
        static uint8_t bytes[MOST];
        struct recipe recipe = random_recipe(&world.rng);
        struct ciao_frame super;
        cook(&world, &recipe, &super);
        flatten(&super, bytes, sizeof bytes);
        uint32_t count = offload_count(&super, recipe.link_len);
        assert_int_equal(count, super.segments);
        for (uint32_t index = 0; index < count; index++) {
            struct ciao_frame cut;
            struct ciao_frame partial;
            offload_cut(&super, index, recipe.link_len, NULL, &partial);
            assert_int_equal(partial.csum, CIAO_CSUM_PARTIAL);
            offload_complete(&partial, world.ops);
            check_cut(&recipe, bytes, index, count, &partial);
            ciao_frame_release(&partial);
            offload_cut(&super, index, recipe.link_len, world.ops, &cut);
            assert_int_equal(cut.csum, CIAO_CSUM_NONE);
            check_cut(&recipe, bytes, index, count, &cut);
            ciao_frame_release(&cut);
        }
        ciao_frame_release(&super);
    }
    world_end(&world);
}

/* The super may go as soon as it is cut: its frames keep what they need. */
static void cut_frames_outlive_their_super(void **state)
{
    (void)state;
    struct world world = world_begin(82);
    const struct recipe recipe = {
        .in_head = true, .payload_len = 3000, .mss = 1448, .flags = TCP_ACK | TCP_PSH};
    static uint8_t bytes[MOST];
    struct ciao_frame super;
    struct ciao_frame cut[3];
    cook(&world, &recipe, &super);
    flatten(&super, bytes, sizeof bytes);
    for (uint32_t index = 0; index < 3; index++) {
        offload_cut(&super, index, 0, world.ops, &cut[index]);
    }
    ciao_frame_release(&super);
    for (uint32_t index = 0; index < 3; index++) {
        struct recipe plain = recipe;
        assert_int_equal(cut[index].rx_us, 42);
        check_cut(&plain, bytes, index, 3, &cut[index]);
        ciao_frame_release(&cut[index]);
    }
    world_end(&world);
}

/* A frame of the wire is not changed but for its checksum, and the original not even in that. */
static void what_is_no_super_segment_comes_out_as_it_is(void **state)
{
    (void)state;
    struct world world = world_begin(83);
    for (int i = 0; i < 8; i++) {
        const struct recipe recipe = {.v6 = i & 1,
                                      .in_head = i & 2,
                                      .link_len = i & 4 ? ETH_HEADER_LEN : 0,
                                      .payload_len = 1000,
                                      .frag_len = 300,
                                      .mss = 1448,
                                      .flags = TCP_ACK | TCP_FIN};
        struct ciao_frame frame;
        struct ciao_frame cut;
        static uint8_t before[MOST];
        static uint8_t after[MOST];
        cook(&world, &recipe, &frame);
        size_t len = flatten(&frame, before, sizeof before);
        assert_int_equal(offload_count(&frame, recipe.link_len), 1);
        offload_cut(&frame, 0, recipe.link_len, world.ops, &cut);
        assert_int_equal(flatten(&frame, after, sizeof after), len);
        assert_memory_equal(before, after, len);
        assert_int_equal(frame.csum, CIAO_CSUM_PARTIAL);
        offload_complete(&frame, world.ops);
        flatten(&frame, before, sizeof before);
        assert_int_equal(flatten(&cut, after, sizeof after), len);
        assert_memory_equal(before, after, len);
        ciao_frame_release(&cut);
        ciao_frame_release(&frame);
    }
    world_end(&world);
}

/* ARP, ICMP and noise pass through a cutter unharmed. */
static void what_is_no_tcp_passes_untouched(void **state)
{
    (void)state;
    struct world world = world_begin(84);
    for (int i = 0; i < 200; i++) {
        struct ciao_frame frame;
        struct ciao_frame cut;
        ciao_frame_init(&frame);
        frame.head_len = rng_below(&world.rng, 150);
        frame.len = frame.head_len;
        random_bytes(&world.rng, frame.head, frame.head_len);
        offload_cut(&frame, 0, ETH_HEADER_LEN, world.ops, &cut);
        assert_int_equal(cut.len, frame.len);
        assert_memory_equal(cut.head, frame.head, frame.len);
        ciao_frame_release(&cut);
    }
    world_end(&world);
}

/* ---- merge ---- */

/* Cut `super` to pieces and put them together again. */
static void cut_and_merge(struct ciao_frame *super, uint32_t link_len, struct ciao_frame *merged)
{
    uint32_t count = offload_count(super, link_len);
    offload_cut(super, 0, link_len, NULL, merged);
    for (uint32_t index = 1; index < count; index++) {
        struct ciao_frame cut;
        offload_cut(super, index, link_len, NULL, &cut);
        assert_true(offload_can_append(merged, &cut, link_len));
        offload_append(merged, &cut, link_len);
        assert_int_equal(cut.len, 0);
        ciao_frame_release(&cut);
    }
}

static void cutting_and_merging_gives_the_same_bytes(void **state)
{
    (void)state;
    struct world world = world_begin(85);
    for (int i = 0; i < 300; i++) {
        static uint8_t before[MOST];
        static uint8_t after[MOST];
        struct recipe recipe = random_recipe(&world.rng);
        struct ciao_frame super;
        struct ciao_frame merged;
        cook(&world, &recipe, &super);
        size_t len = flatten(&super, before, sizeof before);
        cut_and_merge(&super, recipe.link_len, &merged);
        assert_int_equal(flatten(&merged, after, sizeof after), len);
        assert_memory_equal(before, after, len);
        assert_int_equal(merged.segments, super.segments);
        assert_int_equal(merged.gso, super.gso);
        assert_int_equal(merged.gso_size, super.gso_size);
        assert_int_equal(merged.csum, CIAO_CSUM_PARTIAL);
        assert_int_equal(merged.csum_start, super.csum_start);
        ciao_frame_release(&super);
        /* What was merged is a super-segment like any other. */
        offload_complete(&merged, world.ops);
        flatten(&merged, after, sizeof after);
        assert_true(naive_packet_is_valid(after + recipe.link_len, len - recipe.link_len));
        ciao_frame_release(&merged);
    }
    world_end(&world);
}

/* Frames as a card brings them: each whole in a buffer of its own, checksum seen to be right. */
static void received_frames_are_merged_as_far_as_fragments_last(void **state)
{
    (void)state;
    struct world world = world_begin(86);
    struct ciao_frame super;
    struct ciao_frame merged;
    uint32_t appended = 0;
    const struct recipe recipe = {.payload_len = 20 * 1000,
                                  .frag_len = 20 * 1000,
                                  .link_len = ETH_HEADER_LEN,
                                  .mss = 1000,
                                  .flags = TCP_ACK};
    static uint8_t bytes[MOST];
    static uint8_t flat[MOST];
    cook(&world, &recipe, &super);
    flatten(&super, bytes, sizeof bytes);
    for (uint32_t index = 0; index < 20; index++) {
        struct ciao_frame cut;
        struct ciao_frame frame;
        offload_cut(&super, index, ETH_HEADER_LEN, world.ops, &cut);
        ciao_frame_init(&frame);
        frame.buf = ciao_bufpool_take(&world.pool, 2000);
        frame.head = ciao_buf_bytes(frame.buf);
        frame.head_len = (uint32_t)flatten(&cut, frame.head, 2000);
        frame.len = frame.head_len;
        frame.csum = CIAO_CSUM_VERIFIED;
        frame.rx_us = 42;
        ciao_frame_release(&cut);
        if (index == 0) {
            ciao_frame_move(&merged, &frame);
        } else if (offload_can_append(&merged, &frame, ETH_HEADER_LEN)) {
            offload_append(&merged, &frame, ETH_HEADER_LEN);
            appended++;
        }
        ciao_frame_release(&frame);
    }
    assert_true(appended >= 7);
    assert_int_equal(merged.segments, appended + 1);
    assert_int_equal(merged.csum, CIAO_CSUM_VERIFIED);
    size_t len = flatten(&merged, flat, sizeof flat);
    assert_memory_equal(flat + 66, bytes + 66, len - 66);
    ciao_frame_release(&super);
    /* And it can be cut again. */
    for (uint32_t index = 0; index <= appended; index++) {
        struct ciao_frame cut;
        offload_cut(&merged, index, ETH_HEADER_LEN, world.ops, &cut);
        check_cut(&recipe, bytes, index, 20, &cut);
        ciao_frame_release(&cut);
    }
    ciao_frame_release(&merged);
    world_end(&world);
}

/* What is done to the second of two frames that could be merged. */
enum spoil {
    SPOIL_NOTHING,
    SPOIL_ORDER,
    SPOIL_PORT,
    SPOIL_ACK,
    SPOIL_WINDOW,
    SPOIL_URGENT,
    SPOIL_TIMESTAMP,
    SPOIL_SYN,
    SPOIL_RST,
    SPOIL_URG,
    SPOIL_ECE,
    SPOIL_CWR,
    SPOIL_ADDRESS,
    SPOIL_CE,
    SPOIL_TTL,
    SPOIL_LINK,
    SPOIL_UNVERIFIED,
    SPOIL_EMPTY,
    SPOIL_LARGER,
    SPOIL_FIRST_PSH,
    SPOIL_FIRST_FIN,
    SPOIL_FIRST_SHORT,
    SPOIL_FIRST_UNVERIFIED,
    SPOIL_FIRST_NO_ACK,
    SPOILS
};

static void spoil_first(enum spoil spoil, struct ciao_frame *first, uint8_t *tcp)
{
    tcp[13] |= spoil == SPOIL_FIRST_PSH ? TCP_PSH : 0;
    tcp[13] |= spoil == SPOIL_FIRST_FIN ? TCP_FIN : 0;
    tcp[13] &= (uint8_t) ~(spoil == SPOIL_FIRST_NO_ACK ? TCP_ACK : 0);
    if (spoil == SPOIL_FIRST_UNVERIFIED) {
        first->csum = CIAO_CSUM_NONE;
    }
}

static void spoil_second(enum spoil spoil, struct ciao_frame *second, uint8_t *ip, uint8_t *tcp)
{
    bool v6 = ip[0] >> 4 == 6;
    tcp[7] ^= spoil == SPOIL_ORDER;
    tcp[3] ^= spoil == SPOIL_PORT;
    tcp[11] ^= spoil == SPOIL_ACK;
    tcp[15] ^= spoil == SPOIL_WINDOW;
    tcp[19] ^= spoil == SPOIL_URGENT;
    tcp[27] ^= spoil == SPOIL_TIMESTAMP;
    tcp[13] |= spoil == SPOIL_SYN ? TCP_SYN : 0;
    tcp[13] |= spoil == SPOIL_RST ? TCP_RST : 0;
    tcp[13] |= spoil == SPOIL_URG ? TCP_URG : 0;
    tcp[13] |= spoil == SPOIL_ECE ? TCP_ECE : 0;
    tcp[13] |= spoil == SPOIL_CWR ? TCP_CWR : 0;
    ip[15] ^= spoil == SPOIL_ADDRESS;
    ip[v6 ? 7 : 8] ^= spoil == SPOIL_TTL;
    ip[1] ^= spoil == SPOIL_CE ? (v6 ? 0x10 : 0x01) : 0;
    second->head[0] ^= spoil == SPOIL_LINK;
    if (spoil == SPOIL_UNVERIFIED) {
        second->csum = CIAO_CSUM_NONE;
    }
    if (!v6) {
        ip4_refresh_checksum(ip);
    }
}

/* Two frames in a row of one flow, the second spoilt: can they be merged? */
static bool pair_merges(struct world *world, bool v6, enum spoil spoil)
{
    struct recipe recipe = {.v6 = v6,
                            .link_len = ETH_HEADER_LEN,
                            .payload_len = spoil == SPOIL_EMPTY ? 1000 : 2000,
                            .frag_len = 2000,
                            .mss = 1000,
                            .flags = TCP_ACK};
    struct ciao_frame super;
    struct ciao_frame first;
    struct ciao_frame second;
    uint32_t tcp_at = ETH_HEADER_LEN + (v6 ? 40 : 20);
    cook(world, &recipe, &super);
    super.gso = CIAO_GSO_TCP4;
    offload_cut(&super, 0, ETH_HEADER_LEN, NULL, &first);
    offload_cut(&super, spoil == SPOIL_EMPTY ? 0 : 1, ETH_HEADER_LEN, NULL, &second);
    spoil_first(spoil, &first, first.head + tcp_at);
    spoil_second(spoil, &second, second.head + ETH_HEADER_LEN, second.head + tcp_at);
    if (spoil == SPOIL_FIRST_SHORT) {
        first.gso = CIAO_GSO_TCP4;
        first.gso_size = 1001;
    }
    if (spoil == SPOIL_LARGER) {
        second.gso = CIAO_GSO_TCP4;
        second.gso_size = 1001;
    }
    if (spoil == SPOIL_EMPTY) {
        second.len = second.head_len;
        put_be16(second.head + ETH_HEADER_LEN + (v6 ? 4 : 2), v6 ? 32 : 52);
        put_be32(second.head + tcp_at + 4, get_be32(first.head + tcp_at + 4) + 1000);
        if (!v6) {
            ip4_refresh_checksum(second.head + ETH_HEADER_LEN);
        }
    }
    bool merges = offload_can_append(&first, &second, ETH_HEADER_LEN);
    ciao_frame_release(&first);
    ciao_frame_release(&second);
    ciao_frame_release(&super);
    return merges;
}

static void frames_that_differ_are_not_merged(void **state)
{
    (void)state;
    struct world world = world_begin(87);
    for (int spoil = 0; spoil < SPOILS; spoil++) {
        for (int v6 = 0; v6 < 2; v6++) {
            bool merges = pair_merges(&world, v6 == 1, (enum spoil)spoil);
            if (merges != (spoil == SPOIL_NOTHING)) {
                print_error("spoil %d, IPv%d\n", spoil, v6 ? 6 : 4);
            }
            assert_int_equal(merges, spoil == SPOIL_NOTHING);
        }
    }
    world_end(&world);
}

static void an_ip4_header_with_a_bad_checksum_is_not_merged(void **state)
{
    (void)state;
    struct world world = world_begin(88);
    const struct recipe recipe = {
        .payload_len = 2000, .frag_len = 2000, .mss = 1000, .flags = TCP_ACK};
    struct ciao_frame super;
    struct ciao_frame first;
    struct ciao_frame second;
    cook(&world, &recipe, &super);
    offload_cut(&super, 0, 0, NULL, &first);
    offload_cut(&super, 1, 0, NULL, &second);
    assert_true(offload_can_append(&first, &second, 0));
    second.head[10] ^= 1;
    assert_false(offload_can_append(&first, &second, 0));
    second.head[10] ^= 1;
    first.head[10] ^= 1;
    assert_false(offload_can_append(&first, &second, 0));
    ciao_frame_release(&first);
    ciao_frame_release(&second);
    ciao_frame_release(&super);
    world_end(&world);
}

/* 65,535 bytes are the longest packet, merged or not. */
static void no_packet_grows_beyond_the_longest(void **state)
{
    (void)state;
    struct world world = world_begin(89);
    struct recipe recipe = {
        .payload_len = 65000, .frag_len = 65000, .mss = 32500, .flags = TCP_ACK};
    struct ciao_frame super;
    struct ciao_frame next;
    cook(&world, &recipe, &super);
    recipe.payload_len = 1000;
    cook(&world, &recipe, &next);
    uint8_t *seq = next.head + 20 + 4;
    put_be32(seq, get_be32(seq) + 65000);
    assert_false(offload_can_append(&super, &next, 0));
    ciao_frame_release(&next);
    recipe.payload_len = 483;
    cook(&world, &recipe, &next);
    put_be32(next.head + 20 + 4, 0xfffffff0u + 65000);
    assert_true(offload_can_append(&super, &next, 0));
    offload_append(&super, &next, 0);
    assert_int_equal(get_be16(super.head + 2), 65535);
    assert_int_equal(super.segments, 3);
    ciao_frame_release(&next);
    ciao_frame_release(&super);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partial_checksum_is_completed_over_all_pieces),
        cmocka_unit_test(a_checksum_of_zero_is_not_sent_in_udp),
        cmocka_unit_test(cut_frames_are_what_a_plain_sender_would_send),
        cmocka_unit_test(cut_frames_outlive_their_super),
        cmocka_unit_test(what_is_no_super_segment_comes_out_as_it_is),
        cmocka_unit_test(what_is_no_tcp_passes_untouched),
        cmocka_unit_test(cutting_and_merging_gives_the_same_bytes),
        cmocka_unit_test(received_frames_are_merged_as_far_as_fragments_last),
        cmocka_unit_test(frames_that_differ_are_not_merged),
        cmocka_unit_test(an_ip4_header_with_a_bad_checksum_is_not_merged),
        cmocka_unit_test(no_packet_grows_beyond_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
