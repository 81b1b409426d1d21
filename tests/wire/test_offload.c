/*
 * Checksums completed and super-segments cut: nothing is lost on the way, and every frame of the
 * wire is one that a plain sender could have sent.
 */
#include "super_segment.h"
#include "wire/offload_shape.h"

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

/* Headers longer than a room, in a buffer that another frame shares: the other sees no change. */
static void long_shared_headers_are_copied_before_they_are_written(void **state)
{
    (void)state;
    struct world world = world_begin(90);
    struct ciao_frame frame;
    struct ciao_frame cut;
    uint8_t before[1000];
    ciao_frame_init(&frame);
    frame.buf = ciao_bufpool_take(&world.pool, sizeof before);
    frame.head = ciao_buf_bytes(frame.buf);
    frame.head_len = sizeof before;
    frame.len = sizeof before;
    frame.csum = CIAO_CSUM_PARTIAL;
    frame.csum_start = 300;
    frame.csum_offset = TCP_CHECKSUM_OFFSET;
    random_bytes(&world.rng, before, sizeof before);
    memcpy(frame.head, before, sizeof before);
    offload_cut(&frame, 0, 0, world.ops, &cut);
    assert_memory_equal(frame.head, before, sizeof before);
    assert_int_equal(cut.csum, CIAO_CSUM_NONE);
    assert_int_equal(get_be16(cut.head + 316),
                     (uint16_t)~naive_sum(before + 300, sizeof before - 300, 0));
    ciao_frame_release(&cut);

    /* Without a pool to copy to, nothing is written at all. */
    struct ciao_bufpool *pool = frame.buf->pool;
    frame.buf->pool = NULL;
    offload_cut(&frame, 0, 0, world.ops, &cut);
    assert_int_equal(cut.csum, CIAO_CSUM_PARTIAL);
    assert_memory_equal(cut.head, before, sizeof before);
    ciao_frame_release(&cut);
    frame.buf->pool = pool;
    ciao_frame_release(&frame);
    world_end(&world);
}

static void add_piece(struct world *world, struct ciao_frame *frame)
{
    struct ciao_buf *buf = ciao_bufpool_take(&world->pool, 25);
    assert_non_null(buf);
    random_bytes(&world->rng, ciao_buf_bytes(buf), 25);
    assert_int_equal(ciao_frame_add(frame, buf, ciao_buf_bytes(buf), 25), 0);
}

/* Payload in the head and in fragments, as many as there can be; the head shared. */
static void a_shared_head_is_completed_with_the_fragments_behind_it(void **state)
{
    (void)state;
    struct world world = world_begin(91);
    const struct recipe recipe = {
        .in_head = true, .payload_len = 301, .mss = 9000, .flags = TCP_ACK};
    for (uint32_t pieces = 1; pieces <= CIAO_FRAME_FRAGS; pieces++) {
        struct ciao_frame frame;
        struct ciao_frame cut;
        uint8_t flat[1000];
        cook(&world, &recipe, &frame);
        while (frame.n_frags < pieces) {
            add_piece(&world, &frame);
        }
        const struct offload_shape shape = {.tcp = 20, .payload = 52, .end = frame.len};
        offload_set_lengths(&frame, &shape, frame.len - shape.payload);
        offload_cut(&frame, 0, 0, world.ops, &cut);
        assert_int_equal(frame.csum, CIAO_CSUM_PARTIAL);
        size_t len = flatten(&cut, flat, sizeof flat);
        assert_true(naive_packet_is_valid(flat, len));
        ciao_frame_release(&cut);
        ciao_frame_release(&frame);
    }
    world_end(&world);
}

/* ---- cut ---- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partial_checksum_is_completed_over_all_pieces),
        cmocka_unit_test(a_checksum_of_zero_is_not_sent_in_udp),
        cmocka_unit_test(long_shared_headers_are_copied_before_they_are_written),
        cmocka_unit_test(a_shared_head_is_completed_with_the_fragments_behind_it),
        cmocka_unit_test(cut_frames_are_what_a_plain_sender_would_send),
        cmocka_unit_test(cut_frames_outlive_their_super),
        cmocka_unit_test(what_is_no_super_segment_comes_out_as_it_is),
        cmocka_unit_test(what_is_no_tcp_passes_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
