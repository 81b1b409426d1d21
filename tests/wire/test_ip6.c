/*
 * IPv6 headers, and the walk through extension headers. [RFC8200 3, 4]
 */
#include "wire_test.h"

#include "wire/icmp6.h"
#include "wire/ip6.h"

/* A packet under construction: each header names the next. */
struct chain {
    uint8_t bytes[512];
    size_t len;
    size_t next_field;
};

static struct chain chain_begin(void)
{
    struct chain chain = {.len = IP6_HEADER_LEN, .next_field = 6};
    chain.bytes[0] = 0x60;
    chain.bytes[6] = IP_PROTO_TCP;
    return chain;
}

static size_t chain_add(struct chain *chain, uint8_t protocol, const void *bytes, size_t len)
{
    size_t at = chain->len;
    memcpy(chain->bytes + at, bytes, len);
    chain->bytes[at] = chain->bytes[chain->next_field];
    chain->bytes[chain->next_field] = protocol;
    chain->next_field = at;
    chain->len += len;
    put_be16(chain->bytes + 4, (uint16_t)(chain->len - IP6_HEADER_LEN));
    return at;
}

/* The walk over a block of exactly that size. */
static enum wire_fault walk_of(const struct chain *chain, struct ip6_walk *walk)
{
    uint8_t *block = exact(chain->bytes, chain->len);
    enum wire_fault fault = ip6_walk(block, chain->len, walk);
    free(block);
    return fault;
}

static const uint8_t padding[8] = {0, 0, 1, 4};        /* PadN of four */
static const uint8_t pad1[8] = {0, 0};                 /* six times Pad1 */
static const uint8_t alert[8] = {0, 0, 5, 2, 0, 0, 1}; /* router alert */

static void a_header_survives_the_round_trip(void **state)
{
    (void)state;
    struct rng rng = rng_of(30);
    for (int i = 0; i < 5000; i++) {
        struct ip6_header ip = {
            .flow = rng_u32(&rng) & 0xfffff,
            .payload_len = (uint16_t)rng_below(&rng, 1440),
            .next = random_u8(&rng),
            .hop_limit = random_u8(&rng),
            .tclass = random_u8(&rng),
        };
        random_bytes(&rng, ip.src.b, 16);
        random_bytes(&rng, ip.dst.b, 16);
        size_t len = IP6_HEADER_LEN + ip.payload_len;
        uint8_t *block = calloc(1, len);
        assert_int_equal(ip6_emit(&ip, block), IP6_HEADER_LEN);
        struct ip6_header back;
        assert_int_equal(ip6_parse(block, len, &back), WIRE_OK);
        assert_true(ip_equal(&back.src, &ip.src));
        assert_true(ip_equal(&back.dst, &ip.dst));
        assert_int_equal(back.flow, ip.flow);
        assert_int_equal(back.payload_len, ip.payload_len);
        assert_int_equal(back.next, ip.next);
        assert_int_equal(back.hop_limit, ip.hop_limit);
        assert_int_equal(back.tclass, ip.tclass);
        free(block);
    }
}

static void a_plain_packet_is_walked_at_once(void **state)
{
    (void)state;
    struct chain chain = chain_begin();
    struct ip6_walk walk;
    assert_int_equal(walk_of(&chain, &walk), WIRE_OK);
    assert_int_equal(walk.protocol, IP_PROTO_TCP);
    assert_int_equal(walk.offset, 40);
    assert_int_equal(walk.next_field, 6);
    assert_int_equal(walk.n_headers, 0);
    assert_false(walk.is_fragment);
}

static void known_headers_are_passed_to_the_payload(void **state)
{
    (void)state;
    const uint8_t routing[24] = {0, 2, 3, 0};
    struct chain chain = chain_begin();
    struct ip6_walk walk;
    chain_add(&chain, IP_PROTO_HOP_BY_HOP, alert, 8);
    chain_add(&chain, IP_PROTO_DESTINATION, padding, 8);
    chain_add(&chain, IP_PROTO_ROUTING, routing, 24);
    size_t last = chain_add(&chain, IP_PROTO_DESTINATION, pad1, 8);
    assert_int_equal(walk_of(&chain, &walk), WIRE_OK);
    assert_int_equal(walk.protocol, IP_PROTO_TCP);
    assert_int_equal(walk.offset, chain.len);
    assert_int_equal(walk.next_field, last);
    assert_int_equal(walk.n_headers, 4);
}

static void a_fragment_ends_the_walk_and_says_which_it_is(void **state)
{
    (void)state;
    uint8_t fragment[8 + 16] = {0};
    const struct ip6_fragment fields = {.offset_bytes = 1448, .more = true, .id = 0xfedcba98};
    assert_int_equal(ip6_fragment_emit(&fields, fragment), IP6_FRAGMENT_LEN);
    struct chain chain = chain_begin();
    struct ip6_walk walk;
    chain_add(&chain, IP_PROTO_HOP_BY_HOP, padding, 8);
    size_t at = chain_add(&chain, IP_PROTO_FRAGMENT, fragment, sizeof fragment);
    /* What follows is in the middle of something: no matter what it looks like. */
    chain.bytes[at] = 200;
    assert_int_equal(walk_of(&chain, &walk), WIRE_OK);
    assert_true(walk.is_fragment);
    assert_true(walk.more_fragments);
    assert_int_equal(walk.frag_offset_bytes, 1448);
    assert_int_equal(walk.frag_id, 0xfedcba98);
    assert_int_equal(walk.protocol, 200);
    assert_int_equal(walk.offset, at + 8);
    assert_int_equal(walk.next_field, at);
}

static void an_atomic_fragment_is_no_fragment(void **state)
{
    (void)state;
    const uint8_t fragment[8] = {0, 0, 0, 0, 1, 2, 3, 4};
    struct chain chain = chain_begin();
    struct ip6_walk walk;
    chain_add(&chain, IP_PROTO_FRAGMENT, fragment, 8);
    chain_add(&chain, IP_PROTO_DESTINATION, padding, 8);
    assert_int_equal(walk_of(&chain, &walk), WIRE_OK);
    assert_false(walk.is_fragment);
    assert_int_equal(walk.protocol, IP_PROTO_TCP);
    assert_int_equal(walk.offset, chain.len);
}

/* The highest two bits of an option's type tell what a node that does not know it does. */
static void an_unknown_option_is_answered_as_its_bits_say(void **state)
{
    (void)state;
    const struct {
        uint8_t type;
        enum wire_fault fault;
        enum ip6_answer answer;
    } rows[] = {
        {0x1e, WIRE_OK, IP6_ANSWER_NONE},
        {0x5e, WIRE_IP6_OPTION_DISCARD, IP6_ANSWER_NONE},
        {0x9e, WIRE_IP6_OPTION_REPORT, IP6_ANSWER_ALWAYS},
        {0xde, WIRE_IP6_OPTION_UNICAST, IP6_ANSWER_UNICAST},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const uint8_t options[8] = {0, 0, 0, rows[i].type, 3};
        struct chain chain = chain_begin();
        struct ip6_walk walk;
        size_t at = chain_add(&chain, IP_PROTO_DESTINATION, options, 8);
        assert_int_equal(walk_of(&chain, &walk), rows[i].fault);
        assert_int_equal(walk.answer, rows[i].answer);
        if (rows[i].answer != IP6_ANSWER_NONE) {
            assert_int_equal(walk.answer_code, ICMP6_PARAMETER_OPTION);
            assert_int_equal(walk.answer_pointer, at + 3);
        }
    }
}

static void a_parameter_problem_points_at_the_offending_byte(void **state)
{
    (void)state;
    const uint8_t routing[8] = {0, 0, 3, 1};
    struct chain chain = chain_begin();
    struct ip6_walk walk;
    size_t at = chain_add(&chain, IP_PROTO_ROUTING, routing, 8);
    assert_int_equal(walk_of(&chain, &walk), WIRE_IP6_ROUTING);
    assert_int_equal(walk.answer_code, ICMP6_PARAMETER_FIELD);
    assert_int_equal(walk.answer_pointer, at + 2);

    chain = chain_begin();
    at = chain_add(&chain, IP_PROTO_DESTINATION, padding, 8);
    chain_add(&chain, IP_PROTO_HOP_BY_HOP, padding, 8);
    assert_int_equal(walk_of(&chain, &walk), WIRE_IP6_EXT_ORDER);
    assert_int_equal(walk.answer_code, ICMP6_PARAMETER_NEXT_HEADER);
    assert_int_equal(walk.answer_pointer, at);

    chain = chain_begin();
    chain.bytes[6] = 199;
    assert_int_equal(walk_of(&chain, &walk), WIRE_IP6_UNKNOWN_HEADER);
    assert_int_equal(walk.answer, IP6_ANSWER_UNICAST);
    assert_int_equal(walk.answer_code, ICMP6_PARAMETER_NEXT_HEADER);
    assert_int_equal(walk.answer_pointer, 6);

    const uint8_t odd[8 + 9] = {0, 0, 0, 1};
    chain = chain_begin();
    chain_add(&chain, IP_PROTO_FRAGMENT, odd, sizeof odd);
    assert_int_equal(walk_of(&chain, &walk), WIRE_IP6_FRAGMENT_LENGTH);
    assert_int_equal(walk.answer_code, ICMP6_PARAMETER_FIELD);
    assert_int_equal(walk.answer_pointer, 4);

    const uint8_t late[8 + 16] = {0, 0, 0xff, 0xf8};
    chain = chain_begin();
    at = chain_add(&chain, IP_PROTO_FRAGMENT, late, sizeof late);
    assert_int_equal(walk_of(&chain, &walk), WIRE_IP6_FRAGMENT_END);
    assert_int_equal(walk.answer_pointer, at + 2);
}

static void no_more_headers_are_passed_than_the_limit(void **state)
{
    (void)state;
    struct chain chain = chain_begin();
    struct ip6_walk walk;
    for (unsigned i = 0; i < IP6_EXT_MAX; i++) {
        chain_add(&chain, IP_PROTO_DESTINATION, padding, 8);
    }
    assert_int_equal(walk_of(&chain, &walk), WIRE_OK);
    chain_add(&chain, IP_PROTO_DESTINATION, padding, 8);
    assert_int_equal(walk_of(&chain, &walk), WIRE_IP6_EXT_TOO_MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_survives_the_round_trip),
        cmocka_unit_test(a_plain_packet_is_walked_at_once),
        cmocka_unit_test(known_headers_are_passed_to_the_payload),
        cmocka_unit_test(a_fragment_ends_the_walk_and_says_which_it_is),
        cmocka_unit_test(an_atomic_fragment_is_no_fragment),
        cmocka_unit_test(an_unknown_option_is_answered_as_its_bits_say),
        cmocka_unit_test(a_parameter_problem_points_at_the_offending_byte),
        cmocka_unit_test(no_more_headers_are_passed_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
