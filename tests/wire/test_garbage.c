/*
 * Whatever comes, no parser reads outside of it, and what passes holds together.
 *
 * Each packet lies in a block of exactly its size, so that the address sanitizer sees a read
 * beyond.  Three kinds: noise, good packets cut short, good packets with a few bytes changed.
 */
#include "wire_test.h"

#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/icmp_quote.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/ndp.h"
#include "wire/offload.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#define ROUNDS 40000

static void read_tcp(const uint8_t *p, size_t len)
{
    struct tcp_header tcp;
    if (tcp_parse(p, len, &tcp) == WIRE_OK) {
        assert_in_range(tcp.header_len, TCP_HEADER_LEN, len);
        assert_in_range(tcp.opt.n_sack, 0, TCP_SACK_MAX);
        assert_true(tcp.flags <= TCP_FLAGS);
    }
}

static void read_ip4(const uint8_t *p, size_t len)
{
    struct ip4_header ip;
    if (ip4_parse(p, len, &ip) == WIRE_OK) {
        assert_in_range(ip.header_len, IP4_HEADER_LEN, IP4_HEADER_MAX);
        assert_in_range(ip.total_len, ip.header_len, len);
        assert_true((uint32_t)ip.frag_offset_bytes + ip.total_len <= IP4_PACKET_MAX);
    }
}

static void read_ip6(const uint8_t *p, size_t len)
{
    struct ip6_header ip;
    struct ip6_walk walk;
    if (ip6_parse(p, len, &ip) != WIRE_OK) {
        return;
    }
    assert_true(IP6_HEADER_LEN + (size_t)ip.payload_len <= len);
    if (ip6_walk(p, len, &walk) == WIRE_OK) {
        assert_in_range(walk.offset, IP6_HEADER_LEN, IP6_HEADER_LEN + (size_t)ip.payload_len);
        assert_in_range(walk.n_headers, 0, IP6_EXT_MAX);
        assert_true(walk.next_field < walk.offset);
    } else {
        assert_true(walk.answer_pointer < len);
    }
}

static void read_control(const uint8_t *p, size_t len)
{
    struct ciao_addr any = {{0}};
    const struct ndp_envelope envelope = {&any, &any, NDP_HOP_LIMIT};
    struct icmp4_message icmp4;
    struct icmp6_message icmp6;
    struct icmp_quote quote;
    struct ndp_message ndp;
    if (icmp4_parse(p, len, &icmp4) == WIRE_OK) {
        assert_int_equal(icmp4.body_len, len - ICMP4_HEADER_LEN);
    }
    if (icmp6_parse(p, len, &any, &any, &icmp6) == WIRE_OK) {
        assert_int_equal(icmp6.body_len, len - ICMP6_HEADER_LEN);
    }
    if (icmp4_quote_parse(p, len, &quote) == WIRE_OK) {
        assert_true(len >= 28 && ip_is_v4(&quote.src));
    }
    if (icmp6_quote_parse(p, len, &quote) == WIRE_OK) {
        assert_true(len >= 48);
    }
    if (ndp_parse(p, len, &envelope, &ndp) == WIRE_OK) {
        assert_in_range(ndp.n_prefixes, 0, NDP_PREFIXES);
    }
}

static void read_link(const uint8_t *p, size_t len)
{
    struct eth_header eth;
    struct arp_packet arp;
    struct udp_header udp;
    if (eth_parse(p, len, &eth) == WIRE_OK) {
        assert_true(len >= ETH_HEADER_LEN);
    }
    if (arp_parse(p, len, &arp) == WIRE_OK) {
        assert_true(arp.operation == ARP_REQUEST || arp.operation == ARP_REPLY);
    }
    if (udp_parse(p, len, &udp) == WIRE_OK) {
        assert_in_range(udp.len, UDP_HEADER_LEN, len);
    }
}

/* The same bytes as a frame, whatever its headers claim. */
static void read_offload(uint8_t *p, size_t len, uint32_t link_header_len)
{
    struct ciao_buf owner = {.refs = 100};
    struct ciao_frame a;
    struct ciao_frame b;
    ciao_frame_init(&a);
    a.head = p;
    a.head_len = (uint32_t)len;
    a.len = (uint32_t)len;
    a.buf = &owner;
    a.csum = CIAO_CSUM_VERIFIED;
    a.gso = CIAO_GSO_TCP4;
    a.gso_size = 16;
    uint32_t count = offload_count(&a, link_header_len);
    assert_true(count >= 1 && count <= 65535 / 16 + 1);
    for (uint32_t i = 0; i < count; i++) {
        offload_cut(&a, i, link_header_len, csum_ops_for(0), &b);
        assert_true(b.len <= a.len);
        (void)offload_can_append(&a, &b, link_header_len);
        (void)offload_can_append(&b, &a, link_header_len);
        ciao_frame_release(&b);
    }
    assert_int_equal(owner.refs, 100);
}

static void read_all(uint8_t *p, size_t len)
{
    read_link(p, len);
    read_ip4(p, len);
    read_ip6(p, len);
    read_tcp(p, len);
    read_control(p, len);
    read_offload(p, len, 0);
    read_offload(p, len, ETH_HEADER_LEN);
}

static void noise_is_survived(void **state)
{
    (void)state;
    struct rng rng = rng_of(70);
    for (int i = 0; i < ROUNDS; i++) {
        size_t len = rng_below(&rng, 160);
        uint8_t *block = malloc(len);
        random_bytes(&rng, block, len);
        if (len > 0) {
            block[0] = random_bool(&rng) ? (uint8_t)(0x40 | (block[0] & 15)) : 0x60;
        }
        read_all(block, len);
        free(block);
    }
}

/* An IPv6 packet with extension headers, or an IPv4 one, with TCP and all its options. */
static size_t make_packet(struct rng *rng, uint8_t *out)
{
    const struct tcp_header tcp = {
        .flags = TCP_ACK,
        .opt = {.has_ts = true, .n_sack = 3},
    };
    size_t payload_len = rng_below(rng, 64);
    size_t ip_len = IP4_HEADER_LEN;
    if (random_bool(rng)) {
        const uint8_t extension[16] = {IP_PROTO_FRAGMENT, 0, 1, 4, [8] = IP_PROTO_TCP};
        const struct ip6_header ip = {.src = addr_of("fd00::1"),
                                      .dst = addr_of("fd00::2"),
                                      .payload_len = (uint16_t)(16 + 60 + payload_len),
                                      .next = IP_PROTO_DESTINATION};
        ip_len = ip6_emit(&ip, out) + sizeof extension;
        memcpy(out + IP6_HEADER_LEN, extension, sizeof extension);
    } else {
        const struct ip4_header ip = {.src = 1,
                                      .dst = 2,
                                      .total_len = (uint16_t)(20 + 60 + payload_len),
                                      .protocol = IP_PROTO_TCP};
        ip4_emit(&ip, out);
    }
    size_t header_len = tcp_emit(&tcp, out + ip_len);
    random_bytes(rng, out + ip_len + header_len, payload_len);
    return ip_len + header_len + payload_len;
}

static void packets_cut_short_are_survived(void **state)
{
    (void)state;
    struct rng rng = rng_of(71);
    for (int i = 0; i < ROUNDS / 4; i++) {
        uint8_t packet[256];
        size_t len = rng_below(&rng, (uint32_t)make_packet(&rng, packet) + 1);
        uint8_t *block = exact(packet, len);
        read_all(block, len);
        free(block);
    }
}

static void packets_with_a_few_bytes_changed_are_survived(void **state)
{
    (void)state;
    struct rng rng = rng_of(72);
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t packet[256];
        size_t len = make_packet(&rng, packet);
        for (uint32_t n = rng_below(&rng, 6); n > 0; n--) {
            packet[rng_below(&rng, (uint32_t)len)] = random_u8(&rng);
        }
        if (packet[0] >> 4 == 4 && (packet[0] & 15u) * 4 <= len && (packet[0] & 15u) >= 5) {
            ip4_refresh_checksum(packet);
        }
        uint8_t *block = exact(packet, len);
        read_all(block, len);
        free(block);
    }
}

/* Options alone, where nearly everything is possible. */
static void every_option_bytes_are_survived(void **state)
{
    (void)state;
    struct rng rng = rng_of(73);
    for (int i = 0; i < 4 * ROUNDS; i++) {
        size_t options_len = rng_below(&rng, 11) * 4;
        size_t len = TCP_HEADER_LEN + options_len;
        uint8_t *block = calloc(1, len);
        block[12] = (uint8_t)(len / 4 << 4);
        block[13] = random_u8(&rng);
        for (size_t at = 0; at < options_len; at++) {
            block[TCP_HEADER_LEN + at] = (uint8_t)rng_below(&rng, at % 2 ? 14 : 10);
        }
        read_tcp(block, len);
        free(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_survived),
        cmocka_unit_test(packets_cut_short_are_survived),
        cmocka_unit_test(packets_with_a_few_bytes_changed_are_survived),
        cmocka_unit_test(every_option_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
