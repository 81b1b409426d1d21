/*
 * Drops of IPv4, IPv6 and their addresses, of UDP and of protocols that nobody knows.
 */
#include "drops.h"

static void ip_version(struct lab *lab)
{
    make_tcp4(lab, 0);
    l3(lab)[0] = 0x55;
}

/* ---- IPv4 ---- */

static void ip4_short(struct lab *lab)
{
    make_tcp4(lab, 0);
    lab->len = lab->link_len + IP4_HEADER_LEN - 1;
}

static void ip4_version(struct lab *lab)
{
    make_tcp4(lab, 0);
    l3(lab)[0] = 0x65;
}

static void ip4_header_length(struct lab *lab)
{
    make_tcp4(lab, 0);
    l3(lab)[0] = 0x44;
}

static void ip4_total_length(struct lab *lab)
{
    make_tcp4(lab, 100);
    lab->len -= 10;
}

static void ip4_checksum(struct lab *lab)
{
    make_tcp4(lab, 0);
    l3(lab)[10] ^= 1;
}

static void ip4_fragment_length(struct lab *lab)
{
    make_tcp4(lab, 3);
    put_be16(l3(lab) + 6, 0x2000);
    ip4_refresh_checksum(l3(lab));
}

static void ip4_fragment_end(struct lab *lab)
{
    make_tcp4(lab, 100);
    put_be16(l3(lab) + 6, 0x1fff);
    ip4_refresh_checksum(l3(lab));
}

static void ip4_protocol(struct lab *lab)
{
    make_ip4(lab, 132, "whatever", 8);
}

static void ip4_protocol_to_many(struct lab *lab)
{
    make_ip4(lab, 132, "whatever", 8);
    set_dst4(lab, "10.9.0.255");
}

/* ---- IPv6 ---- */

static void ip6_short(struct lab *lab)
{
    make_tcp6(lab, 0);
    lab->len = lab->link_len + IP6_HEADER_LEN - 1;
}

static void ip6_version(struct lab *lab)
{
    make_tcp6(lab, 0);
    l3(lab)[0] = 0x45;
}

static void ip6_payload_length(struct lab *lab)
{
    make_tcp6(lab, 0);
    lab->len--;
}

static void ip6_mapped_address(struct lab *lab)
{
    struct ciao_addr mapped = ip_addr_v4(0x0a090001);
    make_tcp6(lab, 0);
    memcpy(l3(lab) + 8, mapped.b, 16);
}

/* An extension header of 8 bytes in front of a TCP header without data. */
static void extension(struct lab *lab, uint8_t kind, const uint8_t header[8])
{
    uint8_t payload[8 + TCP_HEADER_LEN];
    make_tcp6(lab, 0);
    memcpy(payload, header, 8);
    memcpy(payload + 8, l4_of_ip6(lab), TCP_HEADER_LEN);
    make_ip6(lab, kind, payload, sizeof payload);
}

static void ip6_ext_short(struct lab *lab)
{
    const uint8_t header[8] = {IP_PROTO_TCP, 9, 1, 4};
    extension(lab, IP_PROTO_DESTINATION, header);
}

static void ip6_ext_too_many(struct lab *lab)
{
    uint8_t payload[9 * 8];
    for (unsigned i = 0; i < 9; i++) {
        const uint8_t header[8] = {IP_PROTO_DESTINATION, 0, 1, 4};
        memcpy(payload + i * 8, header, 8);
    }
    make_ip6(lab, IP_PROTO_DESTINATION, payload, sizeof payload);
}

static void ip6_ext_order(struct lab *lab)
{
    const uint8_t payload[16] = {IP_PROTO_HOP_BY_HOP, 0, 1, 4, 0, 0, 0, 0, IP_PROTO_TCP, 0, 1, 4};
    make_ip6(lab, IP_PROTO_DESTINATION, payload, sizeof payload);
}

static void ip6_option_length(struct lab *lab)
{
    const uint8_t header[8] = {IP_PROTO_TCP, 0, 1, 40};
    extension(lab, IP_PROTO_DESTINATION, header);
}

static void ip6_option_discard(struct lab *lab)
{
    const uint8_t header[8] = {IP_PROTO_TCP, 0, 0x40 | 30, 4};
    extension(lab, IP_PROTO_DESTINATION, header);
}

static void ip6_option_report(struct lab *lab)
{
    const uint8_t header[8] = {IP_PROTO_TCP, 0, 0x80 | 30, 4};
    extension(lab, IP_PROTO_DESTINATION, header);
}

static void ip6_option_unicast(struct lab *lab)
{
    const uint8_t header[8] = {IP_PROTO_TCP, 0, 0xc0 | 30, 4};
    extension(lab, IP_PROTO_DESTINATION, header);
}

static void ip6_routing(struct lab *lab)
{
    const uint8_t header[8] = {IP_PROTO_TCP, 0, 0, 1};
    extension(lab, IP_PROTO_ROUTING, header);
}

static void ip6_fragment_length(struct lab *lab)
{
    uint8_t payload[8 + 5] = {IP_PROTO_TCP, 0, 0, 1};
    make_ip6(lab, IP_PROTO_FRAGMENT, payload, sizeof payload);
}

static void ip6_fragment_end(struct lab *lab)
{
    uint8_t payload[8 + 16] = {IP_PROTO_TCP, 0, 0xff, 0xf8};
    make_ip6(lab, IP_PROTO_FRAGMENT, payload, sizeof payload);
}

/* A fragment whose payload, put together, is a fragment again. */
static void ip6_fragment_nested(struct lab *lab)
{
    uint8_t whole[64] = {IP_PROTO_TCP, 0, 0, 1, 0, 0, 0, 9};
    struct piece first = {
        .id = 5, .start = 0, .len = 32, .more = true, .protocol = IP_PROTO_FRAGMENT};
    struct piece last = {.id = 5, .start = 32, .len = 32, .protocol = IP_PROTO_FRAGMENT};
    make_piece6(lab, &first, whole);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    make_piece6(lab, &last, whole);
}

static void ip6_no_next(struct lab *lab)
{
    make_ip6(lab, IP_PROTO_NO_NEXT, "", 0);
}

static void ip6_unknown_header(struct lab *lab)
{
    make_ip6(lab, 132, "whatever", 8);
}

/* ---- addresses ---- */

static void source_ours(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_src4(lab, own4);
}

static void source_ours6(struct lab *lab)
{
    make_tcp6(lab, 0);
    set_src6(lab, own6);
}

static void source_any(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_src4(lab, "0.0.0.0");
}

static void source_any6(struct lab *lab)
{
    make_tcp6(lab, 0);
    set_src6(lab, "::");
}

static void source_any6_echo(struct lab *lab)
{
    make_echo6(lab, 0);
    set_src6(lab, "::");
    fix_icmp6(lab);
}

static void source_multicast(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_src4(lab, "224.0.0.5");
}

static void source_broadcast(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_src4(lab, "255.255.255.255");
}

static void source_directed_broadcast(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_src4(lab, "10.9.0.255");
}

static void source_multicast6(struct lab *lab)
{
    make_tcp6(lab, 0);
    set_src6(lab, "ff02::1");
}

static void source_loopback(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_src4(lab, "127.0.0.1");
}

static void source_loopback6(struct lab *lab)
{
    make_tcp6(lab, 0);
    set_src6(lab, "::1");
}

static void source_reserved(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_src4(lab, "241.1.1.1");
}

static void source_zero_net(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_src4(lab, "0.1.2.3");
}

static void to_loopback(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_dst4(lab, "127.0.0.1");
}

static void to_loopback6(struct lab *lab)
{
    make_tcp6(lab, 0);
    set_dst6(lab, "::1");
}

static void not_ours(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_dst4(lab, "10.9.0.3");
}

static void not_ours6(struct lab *lab)
{
    make_tcp6(lab, 0);
    set_dst6(lab, "fd09::3");
}

static void not_our_group(struct lab *lab)
{
    make_tcp4(lab, 0);
    set_dst4(lab, "224.0.0.251");
}

static void not_our_group6(struct lab *lab)
{
    make_tcp6(lab, 0);
    set_dst6(lab, "ff02::fb");
}

static void unicast_in_broadcast(struct lab *lab)
{
    make_tcp4(lab, 0);
    to_broadcast_mac(lab);
}

/* ---- UDP ---- */

static void udp_short(struct lab *lab)
{
    make_ip4(lab, IP_PROTO_UDP, "1234567", 7);
}

static void udp_length(struct lab *lab)
{
    make_udp4(lab, 4);
    put_be16(l4_of_ip4(lab) + 4, 50);
}

static void udp_checksum(struct lab *lab)
{
    make_udp4(lab, 4);
    l4_of_ip4(lab)[9] ^= 1;
}

static void udp6_without_checksum(struct lab *lab)
{
    make_udp6(lab, 4);
    put_be16(l4_of_ip6(lab) + 6, 0);
}

static void udp_no_port(struct lab *lab)
{
    make_udp4(lab, 4);
}

static void udp_to_many(struct lab *lab)
{
    make_udp4(lab, 4);
    put_be16(l4_of_ip4(lab) + 6, 0); /* no checksum */
    set_dst4(lab, "255.255.255.255");
}

const struct provocation drops_ip[] = {
    {CIAO_DROP_IP_VERSION, ip_version, ON_IP, false},
    {CIAO_DROP_IP4_SHORT, ip4_short, ON_ETHERNET, false},
    {CIAO_DROP_IP4_VERSION, ip4_version, ON_ETHERNET, false},
    {CIAO_DROP_IP4_HEADER_LENGTH, ip4_header_length, ON_ETHERNET, false},
    {CIAO_DROP_IP4_TOTAL_LENGTH, ip4_total_length, ON_ETHERNET, false},
    {CIAO_DROP_IP4_CHECKSUM, ip4_checksum, ON_ETHERNET, false},
    {CIAO_DROP_IP4_FRAGMENT_LENGTH, ip4_fragment_length, ON_ETHERNET, false},
    {CIAO_DROP_IP4_FRAGMENT_END, ip4_fragment_end, ON_ETHERNET, false},
    {CIAO_DROP_IP4_PROTOCOL, ip4_protocol, ON_ETHERNET, false},
    {CIAO_DROP_IP4_PROTOCOL_TO_MANY, ip4_protocol_to_many, ON_ETHERNET, false},
    {CIAO_DROP_IP6_SHORT, ip6_short, ON_ETHERNET, false},
    {CIAO_DROP_IP6_VERSION, ip6_version, ON_ETHERNET, false},
    {CIAO_DROP_IP6_PAYLOAD_LENGTH, ip6_payload_length, ON_ETHERNET, false},
    {CIAO_DROP_IP6_MAPPED_ADDRESS, ip6_mapped_address, ON_ETHERNET, false},
    {CIAO_DROP_IP6_EXT_SHORT, ip6_ext_short, ON_ETHERNET, false},
    {CIAO_DROP_IP6_EXT_TOO_MANY, ip6_ext_too_many, ON_ETHERNET, false},
    {CIAO_DROP_IP6_EXT_ORDER, ip6_ext_order, ON_ETHERNET, false},
    {CIAO_DROP_IP6_OPTION_LENGTH, ip6_option_length, ON_ETHERNET, false},
    {CIAO_DROP_IP6_OPTION_DISCARD, ip6_option_discard, ON_ETHERNET, false},
    {CIAO_DROP_IP6_OPTION_REPORT, ip6_option_report, ON_ETHERNET, false},
    {CIAO_DROP_IP6_OPTION_UNICAST, ip6_option_unicast, ON_ETHERNET, false},
    {CIAO_DROP_IP6_ROUTING, ip6_routing, ON_ETHERNET, false},
    {CIAO_DROP_IP6_FRAGMENT_LENGTH, ip6_fragment_length, ON_ETHERNET, false},
    {CIAO_DROP_IP6_FRAGMENT_END, ip6_fragment_end, ON_ETHERNET, false},
    {CIAO_DROP_IP6_FRAGMENT_NESTED, ip6_fragment_nested, ON_ETHERNET, false},
    {CIAO_DROP_IP6_NO_NEXT, ip6_no_next, ON_ETHERNET, false},
    {CIAO_DROP_IP6_UNKNOWN_HEADER, ip6_unknown_header, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_OURS, source_ours, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_OURS, source_ours6, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_ANY, source_any, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_ANY, source_any6, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_ANY, source_any6_echo, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_TO_MANY, source_multicast, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_TO_MANY, source_broadcast, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_TO_MANY, source_directed_broadcast, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_TO_MANY, source_multicast6, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_LOOPBACK, source_loopback, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_LOOPBACK, source_loopback6, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_RESERVED, source_reserved, ON_ETHERNET, false},
    {CIAO_DROP_IP_SOURCE_RESERVED, source_zero_net, ON_ETHERNET, false},
    {CIAO_DROP_IP_TO_LOOPBACK, to_loopback, ON_ETHERNET, false},
    {CIAO_DROP_IP_TO_LOOPBACK, to_loopback6, ON_ETHERNET, false},
    {CIAO_DROP_IP_NOT_OURS, not_ours, ON_ETHERNET, false},
    {CIAO_DROP_IP_NOT_OURS, not_ours6, ON_ETHERNET, false},
    {CIAO_DROP_IP_NOT_OUR_GROUP, not_our_group, ON_ETHERNET, false},
    {CIAO_DROP_IP_NOT_OUR_GROUP, not_our_group6, ON_ETHERNET, false},
    {CIAO_DROP_IP_UNICAST_IN_BROADCAST, unicast_in_broadcast, ON_ETHERNET, false},
    {CIAO_DROP_UDP_SHORT, udp_short, ON_ETHERNET, false},
    {CIAO_DROP_UDP_LENGTH, udp_length, ON_ETHERNET, false},
    {CIAO_DROP_UDP_CHECKSUM, udp_checksum, ON_ETHERNET, false},
    {CIAO_DROP_UDP_CHECKSUM, udp6_without_checksum, ON_ETHERNET, false},
    {CIAO_DROP_UDP_NO_PORT, udp_no_port, ON_ETHERNET, false},
    {CIAO_DROP_UDP_TO_MANY, udp_to_many, ON_ETHERNET, false},
};
const unsigned n_drops_ip = COUNT(drops_ip);
