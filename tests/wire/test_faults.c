/*
 * Every fault is provoked: a good packet is spoilt in one place, and the parser names that place.
 * The last test looks whether any value of enum wire_fault was left out.
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
#include "wire/tcp.h"
#include "wire/udp.h"

static bool seen[WIRE_FAULTS];

static void expect(enum wire_fault fault, enum wire_fault got)
{
    assert_int_equal(got, fault);
    seen[fault] = true;
}

/* ---- the parsers, each on a block of exactly that size ---- */

typedef enum wire_fault parser(const uint8_t *p, size_t len);

static void expect_of(enum wire_fault fault, parser *parse, const uint8_t *p, size_t len)
{
    uint8_t *block = exact(p, len);
    expect(fault, parse(block, len));
    free(block);
}

static enum wire_fault parse_eth(const uint8_t *p, size_t len)
{
    struct eth_header eth;
    return eth_parse(p, len, &eth);
}

static enum wire_fault parse_arp(const uint8_t *p, size_t len)
{
    struct arp_packet arp;
    return arp_parse(p, len, &arp);
}

static enum wire_fault parse_ip4(const uint8_t *p, size_t len)
{
    struct ip4_header ip;
    return ip4_parse(p, len, &ip);
}

static enum wire_fault parse_ip6(const uint8_t *p, size_t len)
{
    struct ip6_header ip;
    return ip6_parse(p, len, &ip);
}

static enum wire_fault walk_ip6(const uint8_t *p, size_t len)
{
    struct ip6_walk walk;
    return ip6_walk(p, len, &walk);
}

static enum wire_fault parse_icmp4(const uint8_t *p, size_t len)
{
    struct icmp4_message message;
    return icmp4_parse(p, len, &message);
}

static enum wire_fault parse_icmp6(const uint8_t *p, size_t len)
{
    struct ciao_addr any = {{0}};
    struct icmp6_message message;
    return icmp6_parse(p, len, &any, &any, &message);
}

static enum wire_fault parse_quote4(const uint8_t *p, size_t len)
{
    struct icmp_quote quote;
    return icmp4_quote_parse(p, len, &quote);
}

static enum wire_fault parse_quote6(const uint8_t *p, size_t len)
{
    struct icmp_quote quote;
    return icmp6_quote_parse(p, len, &quote);
}

static enum wire_fault parse_tcp(const uint8_t *p, size_t len)
{
    struct tcp_header tcp;
    return tcp_parse(p, len, &tcp);
}

static enum wire_fault parse_udp(const uint8_t *p, size_t len)
{
    struct udp_header udp;
    return udp_parse(p, len, &udp);
}

/* ---- a claim for each header ---- */

static void ethernet(void **state)
{
    (void)state;
    const uint8_t good[14] = {0};
    expect_of(WIRE_OK, parse_eth, good, 14);
    expect_of(WIRE_ETH_SHORT, parse_eth, good, 13);
    expect_of(WIRE_ETH_SHORT, parse_eth, good, 0);
}

static void arp(void **state)
{
    (void)state;
    const struct arp_packet packet = {.operation = ARP_REQUEST};
    uint8_t good[ARP_LEN];
    arp_emit(&packet, good);
    expect_of(WIRE_OK, parse_arp, good, 28);
    expect_of(WIRE_ARP_SHORT, parse_arp, good, 27);
    for (size_t i = 0; i < 6; i++) {
        good[i] ^= 1;
        expect_of(WIRE_ARP_KIND, parse_arp, good, 28);
        good[i] ^= 1;
    }
    good[7] = 3; /* reverse ARP */
    expect_of(WIRE_ARP_OPERATION, parse_arp, good, 28);
    good[7] = 0;
    expect_of(WIRE_ARP_OPERATION, parse_arp, good, 28);
}

static void ip4(void **state)
{
    (void)state;
    struct ip4_header ip = {.total_len = 28, .ttl = 64, .protocol = IP_PROTO_TCP};
    uint8_t good[28] = {0};
    uint8_t bad[28];
    ip4_emit(&ip, good);
    expect_of(WIRE_OK, parse_ip4, good, 28);
    expect_of(WIRE_IP4_SHORT, parse_ip4, good, 19);
    expect_of(WIRE_IP4_TOTAL_LENGTH, parse_ip4, good, 27);
    memcpy(bad, good, sizeof bad);
    bad[0] = 0x55;
    expect_of(WIRE_IP4_VERSION, parse_ip4, bad, 28);
    bad[0] = 0x44;
    expect_of(WIRE_IP4_HEADER_LENGTH, parse_ip4, bad, 28);
    bad[0] = 0x48;
    expect_of(WIRE_IP4_HEADER_LENGTH, parse_ip4, bad, 28);
    memcpy(bad, good, sizeof bad);
    bad[3] = 19;
    expect_of(WIRE_IP4_TOTAL_LENGTH, parse_ip4, bad, 28);
    memcpy(bad, good, sizeof bad);
    bad[8] = 63;
    expect_of(WIRE_IP4_CHECKSUM, parse_ip4, bad, 28);

    ip.mf = true;
    ip.total_len = 27;
    ip4_emit(&ip, bad);
    expect_of(WIRE_IP4_FRAGMENT_LENGTH, parse_ip4, bad, 28);
    ip.total_len = 20;
    ip4_emit(&ip, bad);
    expect_of(WIRE_IP4_FRAGMENT_LENGTH, parse_ip4, bad, 28);
    ip.mf = false;
    ip.total_len = 28;
    ip.frag_offset_bytes = 65512;
    ip4_emit(&ip, bad);
    expect_of(WIRE_IP4_FRAGMENT_END, parse_ip4, bad, 28);
    ip.frag_offset_bytes = 65504;
    ip4_emit(&ip, bad);
    expect_of(WIRE_OK, parse_ip4, bad, 28);
}

static void ip6(void **state)
{
    (void)state;
    struct ip6_header ip = {.payload_len = 8, .next = IP_PROTO_TCP};
    uint8_t good[48] = {0};
    ip6_emit(&ip, good);
    expect_of(WIRE_OK, parse_ip6, good, 48);
    expect_of(WIRE_IP6_SHORT, parse_ip6, good, 39);
    expect_of(WIRE_IP6_PAYLOAD_LENGTH, parse_ip6, good, 47);
    good[0] = 0x40;
    expect_of(WIRE_IP6_VERSION, parse_ip6, good, 48);
    ip.src = addr_of("10.9.0.1");
    ip6_emit(&ip, good);
    expect_of(WIRE_IP6_MAPPED_ADDRESS, parse_ip6, good, 48);
    ip.dst = ip.src;
    ip.src = addr_of("fd00::1");
    ip6_emit(&ip, good);
    expect_of(WIRE_IP6_MAPPED_ADDRESS, parse_ip6, good, 48);
}

/* An IPv6 header before `len` bytes of payload, the first header of which is `next`. */
static void expect_walk(enum wire_fault fault, uint8_t next, const uint8_t *payload, size_t len)
{
    uint8_t packet[40 + 128];
    const struct ip6_header ip = {.payload_len = (uint16_t)len, .next = next};
    assert_true(len <= 128);
    ip6_emit(&ip, packet);
    memcpy(packet + 40, payload, len);
    expect_of(fault, walk_ip6, packet, 40 + len);
}

static void ip6_extension_headers(void **state)
{
    (void)state;
    uint8_t good[16] = {IP_PROTO_TCP, 0, 1, 4};
    expect_walk(WIRE_OK, IP_PROTO_DESTINATION, good, 8);
    expect_walk(WIRE_IP6_EXT_SHORT, IP_PROTO_DESTINATION, good, 7);
    good[1] = 1;
    expect_walk(WIRE_IP6_EXT_SHORT, IP_PROTO_DESTINATION, good, 8);
    expect_walk(WIRE_OK, IP_PROTO_DESTINATION, good, 16);

    const uint8_t hop[16] = {IP_PROTO_HOP_BY_HOP, 0, 1, 4, 0, 0, 0, 0, IP_PROTO_TCP, 0, 1, 4};
    expect_walk(WIRE_IP6_EXT_ORDER, IP_PROTO_DESTINATION, hop, 16);
    const uint8_t beyond[8] = {IP_PROTO_TCP, 0, 1, 5};
    expect_walk(WIRE_IP6_OPTION_LENGTH, IP_PROTO_DESTINATION, beyond, 8);
    const uint8_t no_length[8] = {IP_PROTO_TCP, 0, 1, 3, 0, 0, 0, 1};
    expect_walk(WIRE_IP6_OPTION_LENGTH, IP_PROTO_DESTINATION, no_length, 8);
    const uint8_t discard[8] = {IP_PROTO_TCP, 0, 0x40, 4};
    expect_walk(WIRE_IP6_OPTION_DISCARD, IP_PROTO_DESTINATION, discard, 8);
    const uint8_t report[8] = {IP_PROTO_TCP, 0, 0x80, 4};
    expect_walk(WIRE_IP6_OPTION_REPORT, IP_PROTO_HOP_BY_HOP, report, 8);
    const uint8_t unicast[8] = {IP_PROTO_TCP, 0, 0xc2, 4}; /* a jumbogram's */
    expect_walk(WIRE_IP6_OPTION_UNICAST, IP_PROTO_HOP_BY_HOP, unicast, 8);
    const uint8_t routing[8] = {IP_PROTO_TCP, 0, 0, 2};
    expect_walk(WIRE_IP6_ROUTING, IP_PROTO_ROUTING, routing, 8);
    const uint8_t more[20] = {IP_PROTO_TCP, 0, 0, 1};
    expect_walk(WIRE_IP6_FRAGMENT_LENGTH, IP_PROTO_FRAGMENT, more, 20);
    expect_walk(WIRE_IP6_FRAGMENT_LENGTH, IP_PROTO_FRAGMENT, more, 8);
    const uint8_t late[16] = {IP_PROTO_TCP, 0, 0xff, 0xf8};
    expect_walk(WIRE_IP6_FRAGMENT_END, IP_PROTO_FRAGMENT, late, 16);
    expect_walk(WIRE_IP6_NO_NEXT, IP_PROTO_NO_NEXT, good, 0);
    expect_walk(WIRE_IP6_UNKNOWN_HEADER, 50, good, 8);

    uint8_t many[9 * 8] = {0};
    for (size_t i = 0; i < sizeof many; i += 8) {
        many[i] = IP_PROTO_DESTINATION;
        many[i + 2] = 1;
        many[i + 3] = 4;
    }
    expect_walk(WIRE_IP6_EXT_TOO_MANY, IP_PROTO_DESTINATION, many, sizeof many);
}

static void icmp(void **state)
{
    (void)state;
    uint8_t good[9] = {ICMP4_TYPE_ECHO_REQUEST};
    put_be16(good + 2, (uint16_t)~naive_sum(good, 9, 0));
    expect_of(WIRE_OK, parse_icmp4, good, 9);
    expect_of(WIRE_ICMP4_SHORT, parse_icmp4, good, 7);
    good[8] ^= 0x10;
    expect_of(WIRE_ICMP4_CHECKSUM, parse_icmp4, good, 9);
    expect_of(WIRE_ICMP6_SHORT, parse_icmp6, good, 7);
    expect_of(WIRE_ICMP6_CHECKSUM, parse_icmp6, good, 9);
}

static void quotes(void **state)
{
    (void)state;
    struct ip4_header ip = {.total_len = 40, .protocol = IP_PROTO_TCP};
    uint8_t packet[40 + 16] = {0};
    ip4_emit(&ip, packet);
    expect_of(WIRE_OK, parse_quote4, packet, 28);
    expect_of(WIRE_QUOTE_SHORT, parse_quote4, packet, 27);
    expect_of(WIRE_QUOTE_SHORT, parse_quote4, packet, 19);
    expect_of(WIRE_QUOTE_SHORT, parse_quote6, packet, 39);
    expect_of(WIRE_QUOTE_VERSION, parse_quote6, packet, 48);
    packet[0] = 0x4f; /* options that were not quoted whole */
    expect_of(WIRE_QUOTE_SHORT, parse_quote4, packet, 28);
    packet[0] = 0x60;
    expect_of(WIRE_QUOTE_VERSION, parse_quote4, packet, 28);
    packet[0] = 0x44;
    expect_of(WIRE_QUOTE_VERSION, parse_quote4, packet, 28);
    ip.protocol = IP_PROTO_ICMP4;
    ip4_emit(&ip, packet);
    expect_of(WIRE_QUOTE_PROTOCOL, parse_quote4, packet, 28);
    ip.protocol = IP_PROTO_UDP;
    ip4_emit(&ip, packet);
    expect_of(WIRE_OK, parse_quote4, packet, 28);
    ip.frag_offset_bytes = 8;
    ip4_emit(&ip, packet);
    expect_of(WIRE_QUOTE_FRAGMENT, parse_quote4, packet, 28);

    struct ip6_header v6 = {.payload_len = 1000, .next = IP_PROTO_FRAGMENT};
    ip6_emit(&v6, packet);
    memset(packet + 40, 0, 16);
    packet[40] = IP_PROTO_TCP;
    expect_of(WIRE_OK, parse_quote6, packet, 56);
    expect_of(WIRE_QUOTE_SHORT, parse_quote6, packet, 55);
    expect_of(WIRE_QUOTE_SHORT, parse_quote6, packet, 47);
    packet[42] = 1;
    expect_of(WIRE_QUOTE_FRAGMENT, parse_quote6, packet, 56);
    v6.next = IP_PROTO_NO_NEXT;
    ip6_emit(&v6, packet);
    expect_of(WIRE_QUOTE_PROTOCOL, parse_quote6, packet, 56);
}

/* From fe80::1 to `to`, or from another source when told. */
static void expect_ndp(enum wire_fault fault, const uint8_t *p, size_t len, const char *from,
                       const char *to)
{
    struct ciao_addr src = addr_of(from);
    struct ciao_addr dst = addr_of(to);
    const struct ndp_envelope envelope = {&src, &dst, NDP_HOP_LIMIT};
    struct ndp_message message;
    uint8_t *block = exact(p, len);
    expect(fault, ndp_parse(block, len, &envelope, &message));
    const struct ndp_envelope routed = {&src, &dst, NDP_HOP_LIMIT - 1};
    if (fault == WIRE_OK) {
        expect(WIRE_NDP_HOP_LIMIT, ndp_parse(block, len, &routed, &message));
    }
    free(block);
}

static void neighbour_discovery(void **state)
{
    (void)state;
    uint8_t ns[32] = {[0] = ICMP6_TYPE_NEIGHBOUR_SOLICITATION,
                      [8] = 0xfe,
                      [9] = 0x80,
                      [23] = 7,
                      [24] = 1,
                      [25] = 1};
    expect_ndp(WIRE_OK, ns, 32, "fe80::1", "ff02::1:ff00:7");
    expect_ndp(WIRE_NDP_SHORT, ns, 7, "fe80::1", "fe80::7");
    expect_ndp(WIRE_NDP_SHORT, ns, 23, "fe80::1", "fe80::7");
    expect_ndp(WIRE_NDP_OPTION_LENGTH, ns, 31, "fe80::1", "fe80::7");
    expect_ndp(WIRE_NDP_SOURCE, ns, 32, "::", "ff02::1:ff00:7");
    expect_ndp(WIRE_OK, ns, 24, "::", "ff02::1:ff00:7");
    expect_ndp(WIRE_NDP_DESTINATION, ns, 24, "::", "fe80::7");
    ns[25] = 0;
    expect_ndp(WIRE_NDP_OPTION_LENGTH, ns, 32, "fe80::1", "fe80::7");
    ns[25] = 2;
    expect_ndp(WIRE_NDP_OPTION_LENGTH, ns, 32, "fe80::1", "fe80::7");
    ns[1] = 1;
    expect_ndp(WIRE_NDP_CODE, ns, 24, "fe80::1", "fe80::7");
    ns[1] = 0;
    ns[8] = 0xff;
    expect_ndp(WIRE_NDP_TARGET, ns, 24, "fe80::1", "fe80::7");
    ns[0] = ICMP6_TYPE_REDIRECT;
    expect_ndp(WIRE_NDP_TYPE, ns, 24, "fe80::1", "fe80::7");

    uint8_t na[24] = {ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, 0x40};
    expect_ndp(WIRE_OK, na, 24, "fe80::1", "fe80::7");
    expect_ndp(WIRE_NDP_DESTINATION, na, 24, "fe80::1", "ff02::1");
    na[4] = 0x20;
    expect_ndp(WIRE_OK, na, 24, "fe80::1", "ff02::1");

    const uint8_t ra[16] = {ICMP6_TYPE_ROUTER_ADVERTISEMENT};
    expect_ndp(WIRE_OK, ra, 16, "fe80::1", "ff02::1");
    expect_ndp(WIRE_NDP_SHORT, ra, 15, "fe80::1", "ff02::1");
    expect_ndp(WIRE_NDP_SOURCE, ra, 16, "fd00::1", "ff02::1");

    const uint8_t rs[16] = {[0] = ICMP6_TYPE_ROUTER_SOLICITATION, [8] = 1, [9] = 1};
    expect_ndp(WIRE_OK, rs, 8, "::", "ff02::2");
    expect_ndp(WIRE_NDP_SOURCE, rs, 16, "::", "ff02::2");
}

static void tcp(void **state)
{
    (void)state;
    const struct tcp_header header = {.flags = TCP_ACK, .opt = {.has_ts = true}};
    uint8_t good[TCP_HEADER_LEN + 12];
    tcp_emit(&header, good);
    expect_of(WIRE_OK, parse_tcp, good, 32);
    expect_of(WIRE_TCP_SHORT, parse_tcp, good, 19);
    expect_of(WIRE_TCP_OFFSET, parse_tcp, good, 31);
    good[12] = 0x40;
    expect_of(WIRE_TCP_OFFSET, parse_tcp, good, 32);
    good[12] = 0xf0;
    expect_of(WIRE_TCP_OFFSET, parse_tcp, good, 32);
    good[12] = 0x80;
    good[23] = 11;
    expect_of(WIRE_TCP_OPTION_LENGTH, parse_tcp, good, 32);
}

static void udp(void **state)
{
    (void)state;
    const struct udp_header header = {.sport = 5, .dport = 53, .len = 10, .checksum = 0x1234};
    uint8_t good[10] = {0};
    assert_int_equal(udp_emit(&header, good), UDP_HEADER_LEN);
    expect_of(WIRE_OK, parse_udp, good, 10);
    struct udp_header back;
    assert_int_equal(udp_parse(good, 10, &back), WIRE_OK);
    assert_int_equal(back.sport, 5);
    assert_int_equal(back.dport, 53);
    assert_int_equal(back.len, 10);
    assert_int_equal(back.checksum, 0x1234);
    expect_of(WIRE_UDP_SHORT, parse_udp, good, 7);
    expect_of(WIRE_UDP_LENGTH, parse_udp, good, 9);
    good[5] = 7;
    expect_of(WIRE_UDP_LENGTH, parse_udp, good, 10);
}

static void no_fault_was_left_out(void **state)
{
    (void)state;
    for (int fault = 0; fault < WIRE_FAULTS; fault++) {
        if (!seen[fault]) {
            print_error("fault %d of enum wire_fault was never provoked\n", fault);
        }
        assert_true(seen[fault]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ethernet),
        cmocka_unit_test(arp),
        cmocka_unit_test(ip4),
        cmocka_unit_test(ip6),
        cmocka_unit_test(ip6_extension_headers),
        cmocka_unit_test(icmp),
        cmocka_unit_test(quotes),
        cmocka_unit_test(neighbour_discovery),
        cmocka_unit_test(tcp),
        cmocka_unit_test(udp),
        cmocka_unit_test(no_fault_was_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
