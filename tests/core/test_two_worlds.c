/*
 * The short ways cannot be told from the procedure: two worlds see the same, one of them without
 * them, over a wire that loses, doubles, delays, spoils and forges frames, while both programs do
 * what they like.  Every byte that crosses, every event, every reason counted and every record is
 * equal.  And where a single byte of a segment was changed on its way, none of it gets in.
 */
#include "core/stack_internal.h"
#include "world.h"

/* ---- the programs ---- */

static void sends(struct world *world, struct ciao_stack *stack, ciao_conn conn)
{
    static uint8_t bytes[40000];
    uint32_t most = rng_below(&world->rng, 3) == 0 ? sizeof bytes : 300;
    uint32_t len = 1 + rng_below(&world->rng, most - 1);
    unsigned flags = rng_below(&world->rng, 12) == 0 ? rng_below(&world->rng, 8) : 0;
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 7 + len);
    int64_t sent = ciao_send(stack, conn, bytes, len, flags, world->pair.now);
    world->told = world_mix(world->told, &sent, sizeof sent);
}

static void reads(struct world *world, struct ciao_stack *stack, ciao_conn conn)
{
    static uint8_t bytes[50000];
    uint32_t most = rng_below(&world->rng, 3) == 0 ? 500 : sizeof bytes;
    int64_t got = ciao_recv(stack, conn, bytes, 1 + rng_below(&world->rng, most - 1),
                            rng_below(&world->rng, 20) == 0 ? CIAO_RECV_PEEK : 0, world->pair.now);
    world->told = world_mix(world->told, &got, sizeof got);
    if (got > 0)
        world->told = world_mix(world->told, bytes, (size_t)got);
}

static void does_something(struct world *world)
{
    unsigned side = rng_below(&world->rng, 2), which = rng_below(&world->rng, WORLD_CONNS);
    struct ciao_stack *stack = world->pair.stack[side];
    ciao_conn conn = side == 0 ? world->client[which] : world->server[which];
    switch (rng_below(&world->rng, 40)) {
    case 0:
        if (rng_below(&world->rng, 20) == 0)
            (void)!ciao_shutdown(stack, conn, CIAO_SHUT_WR, world->pair.now);
        break;
    case 1: world_time_passes(world); break;
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8: sends(world, stack, conn); break;
    case 9:
    case 10:
    case 11:
    case 12:
    case 13: reads(world, stack, conn); break;
    default: (void)world_carry(world, side);
    }
}

/* Both programs do little but open and close. */
static void says_little(struct world *world)
{
    unsigned side = rng_below(&world->rng, 2), which = rng_below(&world->rng, WORLD_CONNS);
    struct ciao_stack *stack = world->pair.stack[side];
    ciao_conn *conn = side == 0 ? &world->client[which] : &world->server[which];
    struct ciao_endpoint there = pair_endpoint(1, world->pair.options.seed & 1, 80);
    uint64_t now = world->pair.now;
    int end = 0;
    switch (rng_below(&world->rng, 24)) {
    case 0:
    case 1: world_time_passes(world); break;
    case 2:
    case 3:
        if (ciao_conn_state(stack, *conn) == CIAO_CLOSED)
            end = side == 0 ? ciao_connect(stack, &there, NULL, NULL, conn, now)
                            : ciao_accept(stack, world->listener, conn);
        break;
    case 4: end = ciao_shutdown(stack, *conn, CIAO_SHUT_WR, now); break;
    case 5: end = ciao_close(stack, *conn, NULL, now); break;
    case 6: reads(world, stack, *conn); break;
    case 7:
        if (rng_below(&world->rng, 8) == 0)
            sends(world, stack, *conn);
        break;
    default: (void)world_carry(world, side);
    }
    world->told = world_mix(world->told, &end, sizeof end);
}

static void settle(struct world *world)
{
    for (unsigned quiet = 0; quiet < 4;) {
        unsigned carried = world_carry(world, 0);
        carried += world_carry(world, 1);
        quiet = carried == 0 ? quiet + 1 : 0;
    }
}

static void opens(struct world *world, bool v6)
{
    struct ciao_endpoint there = pair_endpoint(1, v6, 80);
    struct pair *pair = &world->pair;
    unsigned trouble = world->trouble;
    world->trouble = 0;
    assert_int_equal(ciao_listen(pair->stack[1], &there, 5, NULL, &world->listener), 0);
    for (unsigned i = 0; i < WORLD_CONNS; i++) {
        assert_int_equal(
            ciao_connect(pair->stack[0], &there, NULL, NULL, &world->client[i], pair->now), 0);
        settle(world);
        assert_int_equal(ciao_accept(pair->stack[1], world->listener, &world->server[i]), 0);
    }
    world->trouble = trouble;
}

static bool has_predicted(const struct world *world)
{
    return world->pair.stack[0]->tcp.recent_flow != REF_NONE
           || world->pair.stack[1]->tcp.recent_flow != REF_NONE;
}

static void live_twice(const struct pair_options *options, unsigned trouble, unsigned steps)
{
    struct pair_options without = *options;
    without.the_long_way = true;
    struct world *a = world_new(options, trouble), *b = world_new(&without, trouble);
    opens(a, options->seed & 1);
    opens(b, options->seed & 1);
    for (unsigned i = 0; i < steps; i++) {
        does_something(a);
        does_something(b);
        world_expect_same(a, b);
    }
    /* with losses found by time there is nothing that is predicted */
    assert_true(has_predicted(a) || options->profile == CIAO_PROFILE_LINUX);
    assert_false(has_predicted(b));
    world_free(a);
    world_free(b);
}

static void both_ways_come_to_the_same(void **state)
{
    (void)state;
    static const unsigned troubles[] = {0, 5, 40};
    for (unsigned i = 0; i < 24; i++) {
        struct pair_options options = {
            .kind = i & 4 ? CIAO_LINK_ETHERNET : CIAO_LINK_IP,
            .profile = (enum ciao_profile)(i % CIAO_PROFILES),
            .seed = (uint8_t)(10 + i),
            .tidy = i / 3 & 1,
        };
        live_twice(&options, troubles[i / 2 % COUNT(troubles)], 2500);
    }
}

/* The program decides otherwise, or so does who keeps the addresses. */
static int decides(struct world *world, struct ciao_stack *stack, ciao_conn conn)
{
    struct ciao_settings settings;
    struct ciao_endpoint ours = pair_endpoint(0, rng_below(&world->rng, 2), 0);
    switch (rng_below(&world->rng, 24)) {
    case 0: return ciao_shutdown(stack, conn, CIAO_SHUT_WR, world->pair.now);
    case 1: return ciao_close(stack, conn, NULL, world->pair.now);
    case 2: return ciao_abort(stack, conn, NULL, world->pair.now);
    case 3:
        ours.addr.b[15] = (uint8_t)(100 + rng_below(&world->rng, 3));
        return ciao_address_add(stack, 0, &ours.addr, ours.addr.b[0] == 0 ? 24 : 64);
    case 4: world->pair.now += rng_below(&world->rng, 90000000); return 0;
    case 5:
        if (ciao_get_settings(stack, conn, &settings) != 0)
            return 0;
        settings.flags ^= 1u << rng_below(&world->rng, 8);
        settings.ttl = (uint8_t)(1 + rng_below(&world->rng, 200));
        return ciao_set_settings(stack, conn, &settings);
    default: return 0;
    }
}

/* Both programs do all of it: of both families, from hello to goodbye. */
static void does_anything(struct world *world)
{
    unsigned side = rng_below(&world->rng, 2), which = rng_below(&world->rng, WORLD_CONNS);
    struct ciao_stack *stack = world->pair.stack[side];
    ciao_conn *conn = side == 0 ? &world->client[which] : &world->server[which];
    struct ciao_endpoint there = pair_endpoint(1, rng_below(&world->rng, 2), 80);
    unsigned what = rng_below(&world->rng, 32);
    int end = 0;
    if (what < 2)
        world_time_passes(world);
    else if (what < 4)
        end = decides(world, stack, *conn);
    else if (what < 7 && ciao_conn_state(stack, *conn) == CIAO_CLOSED)
        end = side == 0 ? ciao_connect(stack, &there, NULL, NULL, conn, world->pair.now)
                        : ciao_accept(stack, world->listener, conn);
    else if (what < 10)
        sends(world, stack, *conn);
    else if (what < 13)
        reads(world, stack, *conn);
    else
        (void)world_carry(world, side);
    world->told = world_mix(world->told, &end, sizeof end);
}

static struct world *silent_world(const struct pair_options *options, unsigned trouble)
{
    struct ciao_endpoint here = pair_endpoint(1, options->seed & 1, 80);
    struct world *world = world_new(options, trouble);
    world->silent = true;
    assert_int_equal(ciao_listen(world->pair.stack[1], &here, 5, NULL, &world->listener), 0);
    return world;
}

/* So many steps with the short ways and without them; returns how many frames that took. */
static uint64_t both_do(const struct pair_options *options, unsigned trouble, unsigned steps,
                        void (*does)(struct world *world))
{
    struct pair_options without = *options;
    without.the_long_way = true;
    struct world *a = silent_world(options, trouble), *b = silent_world(&without, trouble);
    for (; steps != 0; steps--) {
        does(a);
        does(b);
        world_expect_same(a, b);
    }
    uint64_t frames = a->pair.frames;
    world_free(a);
    world_free(b);
    return frames;
}

/* Hellos and goodbyes of connections that move no bytes, or hardly any. */
static void lives_without_bytes_come_to_the_same(void **state)
{
    (void)state;
    static const unsigned troubles[] = {10, 60, 150};
    for (unsigned i = 0; i < 90; i++) {
        struct pair_options options = {
            .kind = i % 5 == 4 ? CIAO_LINK_ETHERNET : CIAO_LINK_IP,
            .profile = (enum ciao_profile)(i % CIAO_PROFILES),
            .seed = (uint8_t)(100 + i),
        };
        unsigned trouble = troubles[i / 3 % COUNT(troubles)];
        assert_true(both_do(&options, trouble, 4000, says_little) > 100);
    }
}

static void whatever_is_done_comes_to_the_same(void **state)
{
    (void)state;
    static const unsigned troubles[] = {0, 3, 10, 40, 120};
    static const uint32_t windows[] = {0, 3000, 20000, 1u << 20};
    for (unsigned i = 0; i < 24; i++) {
        struct pair_options options = {
            .kind = i % 7 == 4 ? CIAO_LINK_ETHERNET : CIAO_LINK_IP,
            .profile = (enum ciao_profile)(i % CIAO_PROFILES),
            .seed = (uint8_t)(200 + i),
            .window = windows[i / 5 % COUNT(windows)],
            .tidy = i / 3 & 1,
            .ecn = i & 1,
        };
        (void)both_do(&options, troubles[i / 3 % COUNT(troubles)], 2000, does_anything);
    }
}

/* ---- one byte ---- */

/* One segment of data from the client, as it lies on the wire. */
static uint32_t one_segment(struct world *world, uint8_t *bytes, uint32_t data_len)
{
    static const uint8_t data[100] = "not a byte of this may change";
    struct ciao_frame *frames[1] = {&world->out[0]};
    struct pair *pair = &world->pair;
    assert_int_equal(ciao_send(pair->stack[0], world->client[0], data, data_len, 0, pair->now),
                     data_len);
    assert_int_equal(ciao_output(pair->stack[0], 0, frames, 1, pair->now), 1);
    uint32_t len = pair_flatten(frames[0], bytes);
    ciao_frame_release(frames[0]);
    return len;
}

static void arrives(struct world *world, const uint8_t *bytes, uint32_t len, unsigned pieces)
{
    struct ciao_frame *frames[1] = {&world->in[0]};
    world_receive(world, frames[0], bytes, len, pieces);
    ciao_input(world->pair.stack[1], 0, frames, 1, world->pair.now);
}

/* IPv6 says of some bytes that nobody need know whether they changed: class, flow, hop limit. */
static bool is_covered(const uint8_t *bytes, uint32_t at)
{
    return bytes[0] >> 4 == 4 || (at != 1 && at != 2 && at != 3 && at != 7 && at != 0);
}

static void flip_each(const struct pair_options *options, bool v6, unsigned pieces)
{
    struct world *world = world_new(options, 0);
    uint8_t bytes[200], got[200];
    opens(world, v6);
    struct ciao_stack *stack = world->pair.stack[1];
    (void)one_segment(world, bytes, 10); /* the first goes the general way */
    arrives(world, bytes, world_headers_of(bytes) + 10, pieces);
    assert_int_equal(ciao_recv(stack, world->server[0], got, sizeof got, 0, world->pair.now), 10);
    settle(world);
    uint32_t len = one_segment(world, bytes, 77);
    for (uint32_t at = 0; at < len; at++) {
        if (!is_covered(bytes, at))
            continue;
        stack->tcp.recent_flow = REF_NONE;
        uint8_t was = bytes[at];
        bytes[at] ^= (uint8_t)(1u << at % 8);
        arrives(world, bytes, len, at < world_headers_of(bytes) ? 0 : pieces);
        bytes[at] = was;
        assert_true(stack->tcp.recent_flow == REF_NONE);
        assert_int_equal(ciao_recv(stack, world->server[0], got, sizeof got, 0, world->pair.now),
                         -CIAO_EAGAIN);
    }
    arrives(world, bytes, len, pieces);
    assert_true(stack->tcp.recent_flow != REF_NONE); /* this one was predicted */
    assert_int_equal(ciao_recv(stack, world->server[0], got, sizeof got, 0, world->pair.now), 77);
    world_free(world);
}

static void a_changed_byte_is_never_taken(void **state)
{
    (void)state;
    struct pair_options options = {.kind = CIAO_LINK_IP, .seed = 77};
    for (unsigned i = 0; i < 6; i++)
        flip_each(&options, i & 1, i / 2);
}

/* Both have agreed upon timestamps. [RFC7323 3.2 7323-5] */
static void text_without_its_timestamp_is_not_taken(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct pair_options options = {.kind = CIAO_LINK_IP, .profile = CIAO_PROFILE_RFC};
        struct world *world = world_new(&options, 0);
        struct ciao_stack *stack = world->pair.stack[1];
        struct ciao_settings settings;
        uint8_t bytes[200], got[200];
        opens(world, v6);
        settings = *ciao_stack_settings(stack);
        settings.flags |= CIAO_NODELAY;
        assert_int_equal(ciao_set_settings(world->pair.stack[0], world->client[0], &settings), 0);
        for (unsigned i = 0; i < 3; i++) {
            uint32_t len = one_segment(world, bytes, 20), headers = world_headers_of(bytes);
            if (i == 2) {
                memmove(bytes + headers - 12, bytes + headers, 20);
                bytes[headers - 32 + 12] = 5 << 4;
                world_seal(bytes, len -= 12);
            }
            arrives(world, bytes, len, 1);
            assert_int_equal(
                ciao_recv(stack, world->server[0], got, sizeof got, 0, world->pair.now),
                i < 2 ? 20 : -CIAO_EAGAIN);
            settle(world);
        }
        assert_true(ciao_reason_count(stack, CIAO_DROP_NO_TIMESTAMP) == 1);
        world_free(world);
    }
}

/* The client's FIN, as it lies on the wire. */
static uint32_t one_fin(struct world *world, uint8_t *bytes)
{
    struct ciao_frame *frames[1] = {&world->out[0]};
    struct pair *pair = &world->pair;
    assert_int_equal(ciao_shutdown(pair->stack[0], world->client[0], CIAO_SHUT_WR, pair->now), 0);
    assert_int_equal(ciao_output(pair->stack[0], 0, frames, 1, pair->now), 1);
    uint32_t len = pair_flatten(frames[0], bytes);
    ciao_frame_release(frames[0]);
    return len;
}

/* Nor does a changed goodbye end anything. */
static void a_changed_fin_is_never_taken(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct pair_options options = {.kind = CIAO_LINK_IP, .seed = 78};
        struct world *world = world_new(&options, 0);
        struct ciao_stack *stack = world->pair.stack[1];
        uint8_t bytes[200];
        opens(world, v6);
        uint32_t len = one_fin(world, bytes);
        for (uint32_t at = 0; at < len; at++) {
            if (!is_covered(bytes, at))
                continue;
            bytes[at] ^= (uint8_t)(1u << at % 8);
            arrives(world, bytes, len, 0);
            bytes[at] ^= (uint8_t)(1u << at % 8);
            assert_int_equal(ciao_conn_state(stack, world->server[0]), CIAO_ESTABLISHED);
        }
        arrives(world, bytes, len, 0);
        assert_int_equal(ciao_conn_state(stack, world->server[0]), CIAO_CLOSE_WAIT);
        world_free(world);
    }
}

/* A peer's address becomes ours: from now on nobody else may speak from there. [RFC1122 3.2.1.3] */
static void new_addresses_are_judged_anew(void **state)
{
    (void)state;
    struct pair_options options = {.kind = CIAO_LINK_IP, .seed = 9};
    struct world *world = world_new(&options, 0);
    struct ciao_stack *stack = world->pair.stack[1];
    struct ciao_endpoint peer = pair_endpoint(0, false, 0);
    uint8_t bytes[200], got[200];
    opens(world, false);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t len = one_segment(world, bytes, 20);
        arrives(world, bytes, len, 0);
        assert_int_equal(ciao_recv(stack, world->server[0], got, sizeof got, 0, world->pair.now),
                         20);
        settle(world);
    }
    assert_true(stack->tcp.recent_flow != REF_NONE);
    assert_int_equal(ciao_address_add(stack, 0, &peer.addr, 32), 0);
    uint32_t len = one_segment(world, bytes, 20);
    arrives(world, bytes, len, 0);
    assert_int_equal(ciao_recv(stack, world->server[0], got, sizeof got, 0, world->pair.now),
                     -CIAO_EAGAIN);
    assert_true(ciao_reason_count(stack, CIAO_DROP_IP_SOURCE_OURS) == 1);
    world_free(world);
}

static void a_goodbye_from_such_an_address_is_none(void **state)
{
    (void)state;
    struct pair_options options = {.kind = CIAO_LINK_IP, .seed = 9};
    struct world *world = world_new(&options, 0);
    struct ciao_stack *stack = world->pair.stack[1];
    struct ciao_endpoint peer = pair_endpoint(0, false, 0);
    uint8_t bytes[200];
    opens(world, false);
    uint32_t len = one_fin(world, bytes);
    assert_int_equal(ciao_address_add(stack, 0, &peer.addr, 32), 0);
    arrives(world, bytes, len, 0);
    assert_int_equal(ciao_conn_state(stack, world->server[0]), CIAO_ESTABLISHED);
    assert_true(ciao_reason_count(stack, CIAO_DROP_IP_SOURCE_OURS) == 1);
    world_free(world);
}

/* ---- where received bytes are kept ---- */

/* A segment's payload becomes the next bytes of a buffer that others use, too. */
static void put_into(struct ciao_frame *frame, struct ciao_buf *buf, uint32_t *fill,
                     const struct ciao_frame *sent)
{
    static uint8_t bytes[WORLD_LONGEST];
    uint32_t len = pair_flatten(sent, bytes), headers = world_headers_of(bytes);
    ciao_frame_init(frame);
    memcpy(frame->room, bytes, headers);
    frame->head_len = frame->len = headers;
    memcpy(ciao_buf_bytes(buf) + *fill, bytes + headers, len - headers);
    assert_int_equal(
        ciao_frame_add(frame, ciao_buf_ref(buf), ciao_buf_bytes(buf) + *fill, len - headers), 0);
    *fill += len - headers;
}

/* So many bytes reach the server in one batch of segments, all in one buffer of 16 KB. */
static void bring_in_one_buffer(struct world *world, uint32_t bytes)
{
    static const uint8_t data[20000];
    struct pair *pair = &world->pair;
    struct ciao_frame *out[WORLD_FRAMES], *in[WORLD_FRAMES];
    uint32_t fill = 0;
    for (unsigned i = 0; i < WORLD_FRAMES; i++) {
        out[i] = &world->out[i];
        in[i] = &world->in[i];
    }
    assert_int_equal(ciao_send(pair->stack[0], world->client[0], data, bytes, 0, pair->now), bytes);
    unsigned n = ciao_output(pair->stack[0], 0, out, WORLD_FRAMES, pair->now);
    struct ciao_buf *buf = ciao_bufpool_take(&pair->wire, 16000);
    assert_non_null(buf);
    for (unsigned i = 0; i < n; i++) {
        put_into(in[i], buf, &fill, out[i]);
        ciao_frame_release(out[i]);
    }
    ciao_buf_unref(buf);
    ciao_input(pair->stack[1], 0, in, n, pair->now);
}

/* The buffers that are held then: by reference, and of the stack's own. */
static void expect_kept(uint32_t bytes, bool predict, unsigned by_reference, unsigned own)
{
    static uint8_t data[20000];
    struct pair_options options = {.kind = CIAO_LINK_IP, .seed = 21, .the_long_way = !predict};
    struct world *world = world_new(&options, 0);
    struct pair *pair = &world->pair;
    opens(world, false);
    bring_in_one_buffer(world, bytes);
    assert_int_equal(ciao_bufpool_used_count(&pair->wire), by_reference);
    assert_int_equal(ciao_bufpool_used_count(&pair->stack[1]->buffers), own);
    assert_int_equal(ciao_recv(pair->stack[1], world->server[0], data, sizeof data, 0, pair->now),
                     bytes);
    assert_int_equal(ciao_bufpool_used_count(&pair->wire), 0);
    assert_int_equal(ciao_bufpool_used_count(&pair->stack[1]->buffers), 0);
    world_free(world);
}

/* Six segments lie side by side in a buffer, and more than a quarter of it is theirs: none is
 * copied.  One alone is, when the batch is over, and pins nothing. */
static void bytes_stay_where_they_came_if_they_fill_it(void **state)
{
    (void)state;
    for (int predict = 0; predict < 2; predict++) {
        expect_kept(6 * 1448, predict, 1, 0);
        expect_kept(100, predict, 0, 1);
        expect_kept(1448, predict, 0, 1);
    }
}

/* No segment is acknowledged just because the connection is young. */
static void acknowledge_slowly(struct world *world)
{
    struct ciao_settings settings;
    struct ciao_stack *stack = world->pair.stack[1];
    assert_int_equal(ciao_get_settings(stack, world->server[0], &settings), 0);
    settings.quick_acks = 0;
    assert_int_equal(ciao_set_settings(stack, world->server[0], &settings), 0);
}

/* From the third segment on the ACK of them is due, and each makes the bytes before it longer. */
static void bytes_behind_the_last_in_memory_are_told_like_others(void **state)
{
    (void)state;
    struct pair_options options = {.kind = CIAO_LINK_IP, .seed = 22};
    struct pair_options without = options;
    without.the_long_way = true;
    struct world *a = world_new(&options, 0), *b = world_new(&without, 0);
    opens(a, false);
    opens(b, false);
    acknowledge_slowly(a);
    acknowledge_slowly(b);
    for (unsigned i = 0; i < 5; i++) {
        bring_in_one_buffer(a, 6 * 1448 + i);
        bring_in_one_buffer(b, 6 * 1448 + i);
        world_expect_same(a, b);
        settle(a);
        settle(b);
        if (i % 2 != 0) {
            reads(a, a->pair.stack[1], a->server[0]);
            reads(b, b->pair.stack[1], b->server[0]);
        }
        world_expect_same(a, b);
    }
    assert_true(has_predicted(a));
    world_free(a);
    world_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_stay_where_they_came_if_they_fill_it),
        cmocka_unit_test(bytes_behind_the_last_in_memory_are_told_like_others),
        cmocka_unit_test(both_ways_come_to_the_same),
        cmocka_unit_test(lives_without_bytes_come_to_the_same),
        cmocka_unit_test(whatever_is_done_comes_to_the_same),
        cmocka_unit_test(a_changed_byte_is_never_taken),
        cmocka_unit_test(text_without_its_timestamp_is_not_taken),
        cmocka_unit_test(a_changed_fin_is_never_taken),
        cmocka_unit_test(new_addresses_are_judged_anew),
        cmocka_unit_test(a_goodbye_from_such_an_address_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
