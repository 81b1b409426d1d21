/*
 * IPv4 headers. [RFC791] [RFC1122 3.2.1] [RFC9293 3.9.2 MUST-50]
 */
#include "wire_test.h"

#include "wire/checksum.h"
#include "wire/ip4.h"

static struct ip4_header random_header(struct rng *rng)
{
    struct ip4_header ip = {
        .src = rng_u32(rng),
        .dst = rng_u32(rng),
        .total_len = (uint16_t)(IP4_HEADER_LEN + rng_below(rng, 1480)),
        .id = random_u16(rng),
        .header_len = IP4_HEADER_LEN,
        .protocol = random_u8(rng),
        .ttl = random_u8(rng),
        .tos = random_u8(rng),
        .df = random_bool(rng),
    };
    if (random_bool(rng)) {
        ip.mf = random_bool(rng);
        ip.frag_offset_bytes = (uint16_t)(rng_below(rng, 7000) * 8);
        ip.total_len = (uint16_t)(IP4_HEADER_LEN + 8 + rng_below(rng, 180) * 8);
    }
    return ip;
}

static void assert_same(const struct ip4_header *a, const struct ip4_header *b)
{
    assert_int_equal(a->src, b->src);
    assert_int_equal(a->dst, b->dst);
    assert_int_equal(a->total_len, b->total_len);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->frag_offset_bytes, b->frag_offset_bytes);
    assert_int_equal(a->header_len, b->header_len);
    assert_int_equal(a->protocol, b->protocol);
    assert_int_equal(a->ttl, b->ttl);
    assert_int_equal(a->tos, b->tos);
    assert_int_equal(a->df, b->df);
    assert_int_equal(a->mf, b->mf);
}

static void a_header_survives_the_round_trip(void **state)
{
    (void)state;
    struct rng rng = rng_of(20);
    for (int i = 0; i < 5000; i++) {
        struct ip4_header ip = random_header(&rng);
        uint8_t *block = calloc(1, ip.total_len);
        assert_int_equal(ip4_emit(&ip, block), IP4_HEADER_LEN);
        assert_int_equal(naive_sum(block, IP4_HEADER_LEN, 0), 0xffff);
        struct ip4_header back;
        assert_int_equal(ip4_parse(block, ip.total_len, &back), WIRE_OK);
        assert_same(&ip, &back);
        assert_int_equal(ip4_is_fragment(&back), ip.mf || ip.frag_offset_bytes != 0);
        free(block);
    }
}

/* Options of any kind, even of illegal lengths, are passed over; the payload begins behind them. */
static void options_are_skipped_whatever_they_say(void **state)
{
    (void)state;
    struct rng rng = rng_of(21);
    for (int i = 0; i < 2000; i++) {
        uint8_t block[80];
        struct ip4_header ip = {.src = 1, .dst = 2, .total_len = 80, .ttl = 3, .protocol = 6};
        unsigned words = 5 + rng_below(&rng, 11);
        random_bytes(&rng, block, sizeof block);
        ip4_emit(&ip, block);
        block[0] = (uint8_t)(0x40 | words);
        ip4_refresh_checksum(block);
        assert_int_equal(naive_sum(block, words * 4, 0), 0xffff);
        struct ip4_header back;
        assert_int_equal(ip4_parse(block, sizeof block, &back), WIRE_OK);
        assert_int_equal(back.header_len, words * 4);
        assert_int_equal(back.total_len, 80);
    }
}

static void the_links_padding_is_not_the_packets(void **state)
{
    (void)state;
    uint8_t block[46] = {0};
    const struct ip4_header ip = {.total_len = 24, .ttl = 64, .protocol = 6};
    struct ip4_header back;
    ip4_emit(&ip, block);
    assert_int_equal(ip4_parse(block, sizeof block, &back), WIRE_OK);
    assert_int_equal(back.total_len, 24);
}

static void a_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct rng rng = rng_of(22);
    for (unsigned bit = 0; bit < IP4_HEADER_LEN * 8; bit++) {
        struct ip4_header ip = random_header(&rng);
        uint8_t *block = calloc(1, ip.total_len);
        ip4_emit(&ip, block);
        block[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct ip4_header back;
        assert_int_not_equal(ip4_parse(block, ip.total_len, &back), WIRE_OK);
        free(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_survives_the_round_trip),
        cmocka_unit_test(options_are_skipped_whatever_they_say),
        cmocka_unit_test(the_links_padding_is_not_the_packets),
        cmocka_unit_test(a_flipped_bit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
