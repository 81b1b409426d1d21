/*
 * The short ways of a handshake's three segments let nothing in that they should not: a single byte
 * that was changed on its way, or a peer whose address has become ours.
 */
#include "core/stack_internal.h"
#include "world.h"

struct hello {
    struct world *world;
    struct ciao_stack *client, *server;
    ciao_conn conn;
    uint8_t bytes[200];
    uint32_t len;
};

/* What this side has to send: one frame, as it lies on the wire. */
static void is_sent(struct hello *h, struct ciao_stack *stack)
{
    struct ciao_frame *frames[1] = {&h->world->out[0]};
    assert_int_equal(ciao_output(stack, 0, frames, 1, h->world->pair.now), 1);
    h->len = pair_flatten(frames[0], h->bytes);
    ciao_frame_release(frames[0]);
}

static void arrives(struct hello *h, struct ciao_stack *stack)
{
    struct ciao_frame *frames[1] = {&h->world->in[0]};
    world_receive(h->world, frames[0], h->bytes, h->len, 0);
    ciao_input(stack, 0, frames, 1, h->world->pair.now);
}

static void connects(struct hello *h, bool v6)
{
    struct ciao_endpoint there = pair_endpoint(1, v6, 80);
    assert_int_equal(ciao_connect(h->client, &there, NULL, NULL, &h->conn, h->world->pair.now), 0);
    is_sent(h, h->client);
}

static unsigned half_open(const struct hello *h)
{
    return h->server->tcp.syns.used + h->server->tcp.syns6.used;
}

static bool has_come(const struct hello *h)
{
    ciao_conn conn;
    return ciao_accept(h->server, h->world->listener, &conn) == 0;
}

static void opens(struct hello *h, bool v6)
{
    connects(h, v6);
    arrives(h, h->server);
    is_sent(h, h->server);
    arrives(h, h->client);
    is_sent(h, h->client);
    arrives(h, h->server);
}

static struct hello listens(const struct pair_options *options, bool v6)
{
    struct ciao_endpoint there = pair_endpoint(1, v6, 80);
    struct hello h = {.world = world_new(options, 0)};
    h.client = h.world->pair.stack[0];
    h.server = h.world->pair.stack[1];
    assert_int_equal(ciao_listen(h.server, &there, 5, NULL, &h.world->listener), 0);
    return h;
}

/* They have spoken before: their ends have been judged. */
static struct hello met(bool v6, bool the_long_way)
{
    struct pair_options options = {.kind = CIAO_LINK_IP, .seed = 79, .the_long_way = the_long_way};
    struct hello h = listens(&options, v6);
    opens(&h, v6);
    assert_true(has_come(&h));
    return h;
}

/* IPv6 says of some bytes that nobody need know whether they changed: class, flow, hop limit.  A
 * changed protocol is answered. */
static bool is_covered(const uint8_t *bytes, uint32_t at)
{
    return bytes[0] >> 4 == 4 || (at > 3 && at != 6 && at != 7);
}

/* What it would have done is not done, whichever byte changed. */
static void flip_each(struct hello *h, struct ciao_stack *stack, bool (*is_done)(struct hello *h))
{
    for (uint32_t at = 0; at < h->len; at++) {
        if (!is_covered(h->bytes, at))
            continue;
        h->bytes[at] ^= (uint8_t)(1u << at % 8);
        arrives(h, stack);
        h->bytes[at] ^= (uint8_t)(1u << at % 8);
        assert_false(is_done(h));
    }
    arrives(h, stack);
    assert_true(is_done(h));
}

static bool is_half_open(struct hello *h)
{
    return half_open(h) == 1;
}

static bool is_answered(struct hello *h)
{
    return ciao_conn_state(h->client, h->conn) == CIAO_ESTABLISHED;
}

static bool is_done_with(struct hello *h)
{
    return half_open(h) == 0 && has_come(h);
}

static void a_changed_byte_opens_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct hello h = met((i & 1) != 0, (i & 2) != 0);
        connects(&h, (i & 1) != 0);
        flip_each(&h, h.server, is_half_open);
        is_sent(&h, h.server);
        flip_each(&h, h.client, is_answered);
        is_sent(&h, h.client);
        flip_each(&h, h.server, is_done_with);
        world_free(h.world);
    }
}

static void becomes_ours(struct ciao_stack *stack, unsigned side)
{
    const struct ciao_endpoint peer = pair_endpoint(side, false, 0);
    assert_int_equal(ciao_address_add(stack, 0, &peer.addr, 32), 0);
}

static void expect_refused(const struct ciao_stack *stack)
{
    assert_true(ciao_reason_count(stack, CIAO_DROP_IP_SOURCE_OURS) == 1);
}

/* From now on nobody else may speak from there. [RFC1122 3.2.1.3] */
static void whose_address_is_ours_now_opens_nothing(void **state)
{
    (void)state;
    struct hello h = met(false, false);
    connects(&h, false);
    becomes_ours(h.server, 0);
    arrives(&h, h.server);
    assert_false(is_half_open(&h));
    expect_refused(h.server);
    world_free(h.world);

    h = met(false, false);
    connects(&h, false);
    arrives(&h, h.server);
    is_sent(&h, h.server);
    becomes_ours(h.client, 1);
    arrives(&h, h.client);
    assert_false(is_answered(&h));
    expect_refused(h.client);
    world_free(h.world);

    h = met(false, false);
    connects(&h, false);
    arrives(&h, h.server);
    is_sent(&h, h.server);
    arrives(&h, h.client);
    is_sent(&h, h.client);
    becomes_ours(h.server, 0);
    arrives(&h, h.server);
    assert_false(is_done_with(&h));
    expect_refused(h.server);
    world_free(h.world);
}

/* There is no room for one more connection, and nobody whom to end for it: the table is gone
 * through as far as one look goes. */
static void room_for_one_more_is_looked_for_once(void **state)
{
    (void)state;
    uint32_t looked_to[2];
    for (int longer = 0; longer < 2; longer++) {
        struct pair_options options = {
            .kind = CIAO_LINK_IP, .seed = 79, .connections = 3, .the_long_way = longer};
        struct hello h = listens(&options, false);
        for (unsigned i = 0; i < 4; i++) {
            opens(&h, false);
            assert_int_equal(has_come(&h), i < 3);
            assert_int_equal(ciao_abort(h.client, h.conn, NULL, h.world->pair.now), 0);
            is_sent(&h, h.client); /* which nobody hears of */
        }
        assert_true(ciao_reason_count(h.server, CIAO_DROP_NO_ROOM_FOR_CONNECTION) == 1);
        looked_to[longer] = h.server->tcp.orphan_hand;
        world_free(h.world);
    }
    assert_int_equal(looked_to[0], looked_to[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_byte_opens_nothing),
        cmocka_unit_test(whose_address_is_ours_now_opens_nothing),
        cmocka_unit_test(room_for_one_more_is_looked_for_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
