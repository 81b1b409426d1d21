/*
 * Neighbour discovery. [RFC4861 4, 6.1, 7.1]
 */
#include "wire_test.h"

#include "wire/ndp.h"

static const uint8_t mac[ETH_ALEN] = {2, 0x11, 0x22, 0x33, 0x44, 0x55};

/* Through icmp6_parse() for the checksum, then ndp_parse(). */
static enum wire_fault receive(const uint8_t *p, size_t len, const struct ndp_envelope *envelope,
                               struct ndp_message *message)
{
    uint8_t *block = exact(p, len);
    struct icmp6_message icmp;
    assert_int_equal(icmp6_parse(block, len, envelope->src, envelope->dst, &icmp), WIRE_OK);
    enum wire_fault fault = ndp_parse(block, len, envelope, message);
    free(block);
    return fault;
}

static void what_we_send_is_what_is_read(void **state)
{
    (void)state;
    const enum icmp6_type types[] = {ICMP6_TYPE_NEIGHBOUR_SOLICITATION,
                                     ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT,
                                     ICMP6_TYPE_ROUTER_SOLICITATION};
    struct ciao_addr src = addr_of("fe80::1");
    struct ciao_addr dst = addr_of("fe80::2");
    const struct ndp_envelope envelope = {&src, &dst, 255};
    struct rng rng = rng_of(50);
    for (int i = 0; i < 500; i++) {
        struct ndp_message message = {.type = types[i % 3], .has_mac = random_bool(&rng)};
        if (message.has_mac) {
            random_bytes(&rng, message.mac, ETH_ALEN);
        }
        if (message.type != ICMP6_TYPE_ROUTER_SOLICITATION) {
            message.target = src;
            random_bytes(&rng, message.target.b + 8, 8);
        }
        if (message.type == ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT) {
            message.router = random_bool(&rng);
            message.solicited = random_bool(&rng);
            message.override = random_bool(&rng);
        }
        uint8_t block[NDP_EMIT_MAX];
        size_t len = ndp_emit(&message, &src, &dst, block);
        struct ndp_message back;
        assert_int_equal(receive(block, len, &envelope, &back), WIRE_OK);
        assert_int_equal(back.type, message.type);
        assert_true(ip_equal(&back.target, &message.target));
        assert_int_equal(back.has_mac, message.has_mac);
        assert_memory_equal(back.mac, message.mac, ETH_ALEN);
        assert_int_equal(back.router, message.router);
        assert_int_equal(back.solicited, message.solicited);
        assert_int_equal(back.override, message.override);
    }
}

/* Who has no address yet asks whether another has it: from "::", without a link address. */
static void duplicate_address_detection_is_understood(void **state)
{
    (void)state;
    struct ndp_message message = {.type = ICMP6_TYPE_NEIGHBOUR_SOLICITATION,
                                  .target = addr_of("fd00::1:2:3")};
    struct ciao_addr any = addr_of("::");
    struct ciao_addr group = ip6_solicited_node(&message.target);
    const struct ndp_envelope envelope = {&any, &group, 255};
    uint8_t block[NDP_EMIT_MAX];
    size_t len = ndp_emit(&message, &any, &group, block);
    struct ndp_message back;
    assert_int_equal(len, 24);
    assert_int_equal(receive(block, len, &envelope, &back), WIRE_OK);
    assert_false(back.has_mac);
}

static size_t put_prefix(uint8_t *out, const char *prefix, uint8_t bits)
{
    struct ciao_addr addr = addr_of(prefix);
    memset(out, 0, 32);
    out[0] = 3;
    out[1] = 4;
    out[2] = bits;
    out[3] = 0xc0;
    put_be32(out + 4, 86400);
    put_be32(out + 8, 14400);
    memcpy(out + 16, addr.b, 16);
    return 32;
}

static void a_router_advertisement_brings_its_options(void **state)
{
    (void)state;
    uint8_t block[16 + 8 + 8 + 8 + 6 * 32] = {ICMP6_TYPE_ROUTER_ADVERTISEMENT, 0, 0, 0, 64, 0x80};
    put_be16(block + 6, 1800);
    put_be32(block + 8, 30000);
    put_be32(block + 12, 1000);
    uint8_t *at = block + 16;
    const uint8_t source[8] = {1, 1, 2, 0x11, 0x22, 0x33, 0x44, 0x55};
    const uint8_t mtu[8] = {5, 1, 0, 0, 0, 0, 0x05, 0xdc};
    const uint8_t unknown[8] = {99, 1, 1, 2, 3, 4, 5, 6};
    memcpy(at, source, 8);
    memcpy(at + 8, unknown, 8);
    memcpy(at + 16, mtu, 8);
    at += 24;
    for (int i = 0; i < 6; i++) {
        at += put_prefix(at, i == 1 ? "2001:db8::" : "fd00::", 64);
    }
    assert_ptr_equal(at, block + sizeof block);
    struct ciao_addr src = addr_of("fe80::1");
    struct ciao_addr dst = addr_of("ff02::1");
    const struct ndp_envelope envelope = {&src, &dst, 255};
    struct ndp_message message;
    assert_int_equal(ndp_parse(block, sizeof block, &envelope, &message), WIRE_OK);
    assert_int_equal(message.hop_limit, 64);
    assert_true(message.managed);
    assert_false(message.other);
    assert_int_equal(message.lifetime_s, 1800);
    assert_int_equal(message.reachable_ms, 30000);
    assert_int_equal(message.retrans_ms, 1000);
    assert_true(message.has_mac);
    assert_memory_equal(message.mac, mac, ETH_ALEN);
    assert_true(message.has_mtu);
    assert_int_equal(message.mtu, 1500);
    assert_int_equal(message.n_prefixes, NDP_PREFIXES);
    struct ciao_addr prefix = addr_of("2001:db8::");
    assert_true(ip_equal(&message.prefix[1].prefix, &prefix));
    assert_int_equal(message.prefix[1].bits, 64);
    assert_true(message.prefix[1].on_link);
    assert_true(message.prefix[1].autonomous);
    assert_int_equal(message.prefix[1].valid_s, 86400);
    assert_int_equal(message.prefix[1].preferred_s, 14400);
}

/* A prefix of 200 bits is none, and an MTU means nothing in a neighbour's message. */
static void options_that_make_no_sense_are_skipped(void **state)
{
    (void)state;
    struct ciao_addr src = addr_of("fe80::1");
    struct ciao_addr dst = addr_of("ff02::1");
    const struct ndp_envelope envelope = {&src, &dst, 255};
    uint8_t block[16 + 32] = {ICMP6_TYPE_ROUTER_ADVERTISEMENT};
    put_prefix(block + 16, "fd00::", 200);
    struct ndp_message message;
    assert_int_equal(ndp_parse(block, sizeof block, &envelope, &message), WIRE_OK);
    assert_int_equal(message.n_prefixes, 0);

    uint8_t solicitation[24 + 8] = {ICMP6_TYPE_NEIGHBOUR_SOLICITATION};
    solicitation[24] = 5;
    solicitation[25] = 1;
    assert_int_equal(ndp_parse(solicitation, sizeof solicitation, &envelope, &message), WIRE_OK);
    assert_false(message.has_mtu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_send_is_what_is_read),
        cmocka_unit_test(duplicate_address_detection_is_understood),
        cmocka_unit_test(a_router_advertisement_brings_its_options),
        cmocka_unit_test(options_that_make_no_sense_are_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
