/*
 * Ethernet and ARP: what is written is what is read. [RFC894] [RFC826]
 */
#include "wire_test.h"

#include "wire/arp.h"
#include "wire/eth.h"

static void an_ethernet_header_survives_the_round_trip(void **state)
{
    (void)state;
    struct rng rng = rng_of(10);
    for (int i = 0; i < 1000; i++) {
        struct eth_header eth = {.type = random_u16(&rng)};
        random_bytes(&rng, eth.dst, ETH_ALEN);
        random_bytes(&rng, eth.src, ETH_ALEN);
        uint8_t *block = malloc(ETH_HEADER_LEN);
        assert_int_equal(eth_emit(&eth, block), ETH_HEADER_LEN);
        struct eth_header back;
        assert_int_equal(eth_parse(block, ETH_HEADER_LEN, &back), WIRE_OK);
        assert_memory_equal(back.dst, eth.dst, ETH_ALEN);
        assert_memory_equal(back.src, eth.src, ETH_ALEN);
        assert_int_equal(back.type, eth.type);
        free(block);
    }
}

static void an_ethernet_header_lies_as_the_standard_says(void **state)
{
    (void)state;
    const struct eth_header eth = {
        .dst = {1, 2, 3, 4, 5, 6}, .src = {7, 8, 9, 10, 11, 12}, .type = ETH_TYPE_IP6};
    const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x86, 0xdd};
    uint8_t block[ETH_HEADER_LEN];
    eth_emit(&eth, block);
    assert_memory_equal(block, expected, sizeof expected);
}

static void groups_have_macs_of_their_own(void **state)
{
    (void)state;
    const struct {
        const char *group;
        uint8_t mac[ETH_ALEN];
    } rows[] = {
        {"224.0.0.1", {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}},
        {"239.255.1.2", {0x01, 0x00, 0x5e, 0x7f, 0x01, 0x02}},
        {"ff02::1:ff33:4455", {0x33, 0x33, 0xff, 0x33, 0x44, 0x55}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ciao_addr group = addr_of(rows[i].group);
        uint8_t mac[ETH_ALEN];
        eth_multicast_of(&group, mac);
        assert_memory_equal(mac, rows[i].mac, ETH_ALEN);
        assert_true(eth_is_multicast(mac));
        assert_false(eth_is_broadcast(mac));
    }
    const uint8_t all[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const uint8_t one[ETH_ALEN] = {0x02, 0xff, 0xff, 0xff, 0xff, 0xff};
    assert_true(eth_is_broadcast(all));
    assert_true(eth_is_multicast(all));
    assert_false(eth_is_broadcast(one));
    assert_false(eth_is_multicast(one));
}

static void an_arp_packet_survives_the_round_trip(void **state)
{
    (void)state;
    struct rng rng = rng_of(11);
    for (int i = 0; i < 1000; i++) {
        struct arp_packet arp = {.operation = random_bool(&rng) ? ARP_REQUEST : ARP_REPLY,
                                 .sender_ip = rng_u32(&rng),
                                 .target_ip = rng_u32(&rng)};
        random_bytes(&rng, arp.sender_mac, ETH_ALEN);
        random_bytes(&rng, arp.target_mac, ETH_ALEN);
        uint8_t *block = malloc(ARP_LEN);
        assert_int_equal(arp_emit(&arp, block), ARP_LEN);
        struct arp_packet back;
        assert_int_equal(arp_parse(block, ARP_LEN, &back), WIRE_OK);
        assert_int_equal(back.operation, arp.operation);
        assert_int_equal(back.sender_ip, arp.sender_ip);
        assert_int_equal(back.target_ip, arp.target_ip);
        assert_memory_equal(back.sender_mac, arp.sender_mac, ETH_ALEN);
        assert_memory_equal(back.target_mac, arp.target_mac, ETH_ALEN);
        free(block);
    }
}

/* "Who has 10.9.0.1?  Tell 10.9.0.2", as tcpdump shows it, with Ethernet's padding behind. */
static void a_captured_arp_request_is_understood(void **state)
{
    (void)state;
    const uint8_t captured[46] = {0x00, 0x01, 0x08, 0x00, 6,    4,    0x00, 0x01, 0x02, 0x11,
                                  0x22, 0x33, 0x44, 0x55, 0x0a, 0x09, 0x00, 0x02, 0,    0,
                                  0,    0,    0,    0,    0x0a, 0x09, 0x00, 0x01};
    struct arp_packet arp;
    assert_int_equal(arp_parse(captured, sizeof captured, &arp), WIRE_OK);
    assert_int_equal(arp.operation, ARP_REQUEST);
    assert_int_equal(arp.sender_ip, 0x0a090002);
    assert_int_equal(arp.target_ip, 0x0a090001);
    assert_int_equal(arp.sender_mac[5], 0x55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ethernet_header_survives_the_round_trip),
        cmocka_unit_test(an_ethernet_header_lies_as_the_standard_says),
        cmocka_unit_test(groups_have_macs_of_their_own),
        cmocka_unit_test(an_arp_packet_survives_the_round_trip),
        cmocka_unit_test(a_captured_arp_request_is_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
