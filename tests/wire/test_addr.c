/*
 * Addresses: which kind, which prefix, and their text. [RFC4291] [RFC5952]
 */
#include <arpa/inet.h>

#include "wire_test.h"

static void ipv4_is_held_mapped(void **state)
{
    (void)state;
    struct ciao_addr a = ip_addr_v4(0x0a090001);
    struct ciao_addr b = addr_of("10.9.0.1");
    assert_true(ip_is_v4(&a));
    assert_int_equal(ip_v4(&a), 0x0a090001);
    assert_true(ip_equal(&a, &b));
    b = addr_of("::10.9.0.1");
    assert_false(ip_is_v4(&b));
    assert_false(ip_equal(&a, &b));
}

/* One letter a kind: v4, any, broadcast, multicast, loopback, local to the link. */
static void every_address_is_of_the_kinds_that_it_should_be(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *kinds;
    } rows[] = {
        {"0.0.0.0", "va"},
        {"::", "a"},
        {"255.255.255.255", "vb"},
        {"255.255.255.254", "v"},
        {"224.0.0.1", "vm"},
        {"239.255.255.255", "vm"},
        {"240.0.0.1", "v"},
        {"223.255.255.255", "v"},
        {"ff02::1", "m"},
        {"fe80::1", "i"},
        {"febf::1", "i"},
        {"fec0::1", ""},
        {"127.0.0.1", "vl"},
        {"127.255.0.1", "vl"},
        {"128.0.0.1", "v"},
        {"::1", "l"},
        {"::2", ""},
        {"169.254.3.4", "vi"},
        {"169.255.0.1", "v"},
        {"2001:db8::1", ""},
        {"::7f00:1", ""},
        {"::1:0:0:0", ""},
        {"0:0:0:0:0:fffe::", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ciao_addr addr = addr_of(rows[i].text);
        char kinds[8];
        size_t n = 0;
        const struct {
            char letter;
            bool holds;
        } asked[] = {
            {'v', ip_is_v4(&addr)},        {'a', ip_is_any(&addr)},
            {'b', ip_is_broadcast(&addr)}, {'m', ip_is_multicast(&addr)},
            {'l', ip_is_loopback(&addr)},  {'i', ip_is_linklocal(&addr)},
        };
        for (size_t k = 0; k < COUNT(asked); k++) {
            if (asked[k].holds) {
                kinds[n++] = asked[k].letter;
            }
        }
        kinds[n] = '\0';
        assert_string_equal(kinds, rows[i].kinds);
    }
}

static void a_prefix_matches_bit_by_bit(void **state)
{
    (void)state;
    struct ciao_addr net = addr_of("10.9.4.0");
    struct ciao_addr in = addr_of("10.9.7.255");
    struct ciao_addr out = addr_of("10.9.8.0");
    assert_true(ip_prefix_match(&in, &net, IP_MAPPED_BITS + 22));
    assert_false(ip_prefix_match(&out, &net, IP_MAPPED_BITS + 22));
    assert_true(ip_prefix_match(&out, &net, IP_MAPPED_BITS));
    struct ciao_addr v6 = addr_of("2001:db8::1");
    assert_false(ip_prefix_match(&v6, &net, IP_MAPPED_BITS));
    assert_true(ip_prefix_match(&v6, &net, 0));
    assert_true(ip_prefix_match(&v6, &v6, 128));
    struct ciao_addr neighbour = addr_of("2001:db8::0");
    assert_true(ip_prefix_match(&v6, &neighbour, 127));
    assert_false(ip_prefix_match(&v6, &neighbour, 128));
    assert_int_equal(ip_common_bits(&v6, &neighbour), 127);
}

static void masking_clears_and_the_last_address_sets(void **state)
{
    (void)state;
    struct ciao_addr addr = addr_of("10.9.7.77");
    struct ciao_addr masked = ip_mask(&addr, IP_MAPPED_BITS + 22);
    struct ciao_addr last = ip_prefix_last(&addr, IP_MAPPED_BITS + 22);
    struct ciao_addr expected = addr_of("10.9.4.0");
    assert_true(ip_equal(&masked, &expected));
    expected = addr_of("10.9.7.255");
    assert_true(ip_equal(&last, &expected));
    for (unsigned bits = 0; bits <= 128; bits++) {
        struct ciao_addr low = ip_mask(&addr, bits);
        struct ciao_addr high = ip_prefix_last(&addr, bits);
        assert_true(ip_prefix_match(&low, &addr, bits));
        assert_true(ip_prefix_match(&high, &addr, bits));
        assert_int_equal(ip_common_bits(&low, &high), bits);
    }
}

static void derived_addresses_follow_their_rules(void **state)
{
    (void)state;
    static const uint8_t mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
    struct ciao_addr local = ip6_linklocal_of(mac);
    struct ciao_addr expected = addr_of("fe80::11:22ff:fe33:4455");
    assert_true(ip_equal(&local, &expected));
    struct ciao_addr group = ip6_solicited_node(&local);
    expected = addr_of("ff02::1:ff33:4455");
    assert_true(ip_equal(&group, &expected));
}

static void text_comes_out_in_the_one_recommended_form(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"2001:0DB8:0:0:0:0:2:1", "2001:db8::2:1"},       /* [RFC5952 4.2.1] */
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* [RFC5952 4.2.2] */
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* [RFC5952 4.2.3] the longest run */
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    /* [RFC5952 4.2.3] the first of two */
        {"0:0:0:0:0:0:0:0", "::"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"1:0:0:0:0:0:0:0", "1::"},
        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
        {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
        {"::FFFF:10.9.0.1", "10.9.0.1"},
        {"::ffff:a09:1", "10.9.0.1"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"255.255.255.255", "255.255.255.255"},
        {"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ciao_addr addr = addr_of(rows[i][0]);
        char text[CIAO_ADDR_TEXT];
        ciao_addr_format(&addr, text);
        assert_string_equal(text, rows[i][1]);
        struct ciao_addr again = addr_of(text);
        assert_true(ip_equal(&addr, &again));
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.04",
        "1.2..4",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4/24",
        "1.2.3.1000",
        ":",
        ":::",
        "1:",
        ":1",
        "1::2::3",
        "12345::",
        "g::",
        "1:2:3:4:5",
        "::1%eth0",
        "[::1]",
        "1:2:3:4:5:6:7:8:9",
        "1::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1.2.3.4::",
        "::1.2.3",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:",
        "-1.2.3.4",
        "0x1.2.3.4",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ciao_addr addr = ip_addr_v4(0x01020304);
        char *text = (char *)exact(rows[i], strlen(rows[i]) + 1);
        assert_false(ciao_addr_parse(text, &addr));
        assert_int_equal(ip_v4(&addr), 0x01020304);
        free(text);
    }
}

static struct ciao_addr random_sparse_addr(struct rng *rng)
{
    struct ciao_addr addr;
    random_bytes(rng, addr.b, sizeof addr.b);
    for (size_t group = 0; group < 8; group++) {
        if (rng_below(rng, 3) > 0) {
            put_be16(addr.b + group * 2, random_bool(rng) ? 0 : rng_below(rng, 300) & 0xffff);
        }
    }
    return addr;
}

static void text_agrees_with_the_systems(void **state)
{
    (void)state;
    struct rng rng = rng_of(1);
    for (int i = 0; i < 20000; i++) {
        struct ciao_addr addr = random_sparse_addr(&rng);
        char text[CIAO_ADDR_TEXT];
        char theirs[INET6_ADDRSTRLEN];
        struct ciao_addr back;
        ciao_addr_format(&addr, text);
        assert_int_equal(inet_pton(AF_INET6, text, back.b), 1);
        assert_true(ip_equal(&addr, &back));
        assert_non_null(inet_ntop(AF_INET6, addr.b, theirs, sizeof theirs));
        assert_true(ciao_addr_parse(theirs, &back));
        assert_true(ip_equal(&addr, &back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_is_held_mapped),
        cmocka_unit_test(every_address_is_of_the_kinds_that_it_should_be),
        cmocka_unit_test(a_prefix_matches_bit_by_bit),
        cmocka_unit_test(masking_clears_and_the_last_address_sets),
        cmocka_unit_test(derived_addresses_follow_their_rules),
        cmocka_unit_test(text_comes_out_in_the_one_recommended_form),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(text_agrees_with_the_systems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
