/*
 * Segments merged: what was cut comes together again, and what differs stays apart.
 */
#include "super_segment.h"

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
    SPOIL_LARGER_SUPER,
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

/* One byte more than the first has. */
static void enlarge_second(const struct ciao_frame *super, struct ciao_frame *second)
{
    struct ciao_frame third;
    offload_cut(super, 2, ETH_HEADER_LEN, NULL, &third);
    assert_int_equal(third.len, third.head_len + 1);
    offload_append(second, &third, ETH_HEADER_LEN);
    second->gso = CIAO_GSO_NONE;
    second->gso_size = 0;
    second->segments = 1;
}

/* Two frames in a row of one flow, the second spoilt: can they be merged? */
static bool pair_merges(struct world *world, bool v6, enum spoil spoil)
{
    struct recipe recipe = {.v6 = v6,
                            .link_len = ETH_HEADER_LEN,
                            .payload_len = spoil == SPOIL_EMPTY ? 1000 : 2001,
                            .frag_len = 2001,
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
        enlarge_second(&super, &second);
    }
    if (spoil == SPOIL_LARGER_SUPER) {
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
        cmocka_unit_test(cutting_and_merging_gives_the_same_bytes),
        cmocka_unit_test(received_frames_are_merged_as_far_as_fragments_last),
        cmocka_unit_test(frames_that_differ_are_not_merged),
        cmocka_unit_test(an_ip4_header_with_a_bad_checksum_is_not_merged),
        cmocka_unit_test(no_packet_grows_beyond_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
