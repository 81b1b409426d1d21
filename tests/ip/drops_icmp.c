/*
 * Drops of ICMP, of both families.
 */
#include "drops.h"

static void icmp4_short(struct lab *lab)
{
    make_ip4(lab, IP_PROTO_ICMP4, "1234567", 7);
}

static void icmp4_checksum(struct lab *lab)
{
    make_echo4(lab, 8);
    l4_of_ip4(lab)[3] ^= 1;
}

static void say4(struct lab *lab, uint8_t type, uint8_t code)
{
    struct icmp4_message message = {.type = type, .code = code, .body = (const uint8_t *)""};
    make_icmp4(lab, &message);
}

static void icmp4_type(struct lab *lab)
{
    say4(lab, 13, 0);
}

static void icmp4_code(struct lab *lab)
{
    say4(lab, ICMP4_TYPE_TIME_EXCEEDED, 2);
}

static void icmp4_echo_code(struct lab *lab)
{
    say4(lab, ICMP4_TYPE_ECHO_REQUEST, 1);
}

static void icmp4_echo_reply(struct lab *lab)
{
    say4(lab, ICMP4_TYPE_ECHO_REPLY, 0);
}

static void icmp4_echo_to_many(struct lab *lab)
{
    make_echo4(lab, 8);
    set_dst4(lab, "10.9.0.255");
}

/* [RFC9293 3.9.2.2 MUST-55] */
static void icmp4_source_quench(struct lab *lab)
{
    say4(lab, ICMP4_TYPE_SOURCE_QUENCH, 0);
}

static void icmp4_redirect(struct lab *lab)
{
    say4(lab, ICMP4_TYPE_REDIRECT, 1);
}

static void icmp6_short(struct lab *lab)
{
    make_ip6(lab, IP_PROTO_ICMP6, "1234567", 7);
}

static void icmp6_checksum(struct lab *lab)
{
    make_echo6(lab, 8);
    l4_of_ip6(lab)[3] ^= 1;
}

static void say6(struct lab *lab, uint8_t type, uint8_t code)
{
    struct icmp6_message message = {.type = type, .code = code, .body = (const uint8_t *)""};
    make_icmp6(lab, &message);
}

static void icmp6_type(struct lab *lab)
{
    say6(lab, 143, 0); /* a report of listeners */
}

static void icmp6_error_type(struct lab *lab)
{
    say6(lab, 5, 0);
}

static void icmp6_code(struct lab *lab)
{
    say6(lab, ICMP6_TYPE_UNREACHABLE, 8);
}

static void icmp6_echo_code(struct lab *lab)
{
    say6(lab, ICMP6_TYPE_ECHO_REQUEST, 1);
}

static void icmp6_echo_reply(struct lab *lab)
{
    say6(lab, ICMP6_TYPE_ECHO_REPLY, 0);
}

static void icmp6_echo_to_many(struct lab *lab)
{
    make_echo6(lab, 8);
    set_dst6(lab, "ff02::1");
    fix_icmp6(lab);
}

static void icmp6_redirect(struct lab *lab)
{
    say6(lab, ICMP6_TYPE_REDIRECT, 0);
}

/* ---- errors and what they quote ---- */

/* The first bytes of a TCP segment that we might have sent. */
static uint32_t quote(uint8_t *out, uint32_t src, uint8_t protocol)
{
    struct ip4_header header = {
        .src = src, .dst = 0x0a090001, .total_len = 40, .ttl = 64, .protocol = protocol};
    ip4_emit(&header, out);
    memset(out + IP4_HEADER_LEN, 0, 8);
    return IP4_HEADER_LEN + 8;
}

static void unreachable(struct lab *lab, const uint8_t *body, uint32_t len)
{
    struct icmp4_message message = {
        .type = ICMP4_TYPE_UNREACHABLE, .code = 1, .body = body, .body_len = len};
    make_icmp4(lab, &message);
}

static void error_to_many(struct lab *lab)
{
    uint8_t body[64];
    unreachable(lab, body, quote(body, 0x0a090002, IP_PROTO_TCP));
    set_dst4(lab, "10.9.0.255");
}

static void error6_to_many(struct lab *lab)
{
    say6(lab, ICMP6_TYPE_UNREACHABLE, 0);
    set_dst6(lab, "ff02::1");
    fix_icmp6(lab);
}

static void echo_limited(struct lab *lab)
{
    for (unsigned i = 0; i < 1000; i++) {
        make_echo4(lab, 8);
        assert_int_equal(feed(lab), CIAO_REASON_NONE);
        take(lab);
    }
    make_echo4(lab, 8);
}

/* Two things are dropped: the datagram, and what we would have said of it. */
static void error_limited(struct lab *lab)
{
    for (unsigned i = 0; i < 50; i++) {
        make_udp4(lab, 8);
        assert_int_equal(feed(lab), CIAO_DROP_UDP_NO_PORT);
        assert_int_equal(lab->drops, 1);
        take(lab);
    }
    make_udp4(lab, 8);
    assert_int_equal(feed(lab), CIAO_DROP_UDP_NO_PORT);
    assert_int_equal(lab->drops, 2);
}

static void quote_short(struct lab *lab)
{
    uint8_t body[64];
    unreachable(lab, body, quote(body, 0x0a090002, IP_PROTO_TCP) - 1);
}

static void quote_version(struct lab *lab)
{
    uint8_t body[64];
    uint32_t len = quote(body, 0x0a090002, IP_PROTO_TCP);
    body[0] = 0x65;
    unreachable(lab, body, len);
}

static void quote_fragment(struct lab *lab)
{
    uint8_t body[64];
    uint32_t len = quote(body, 0x0a090002, IP_PROTO_TCP);
    body[7] = 1;
    unreachable(lab, body, len);
}

static void quote_protocol(struct lab *lab)
{
    uint8_t body[64];
    unreachable(lab, body, quote(body, 0x0a090002, IP_PROTO_ICMP4));
}

static void quote_udp(struct lab *lab)
{
    uint8_t body[64];
    unreachable(lab, body, quote(body, 0x0a090002, IP_PROTO_UDP));
}

static void quote_not_ours(struct lab *lab)
{
    uint8_t body[64];
    unreachable(lab, body, quote(body, 0x0a090003, IP_PROTO_TCP));
}

const struct provocation drops_icmp[] = {
    {CIAO_DROP_ICMP4_SHORT, icmp4_short, ON_ETHERNET, false},
    {CIAO_DROP_ICMP4_CHECKSUM, icmp4_checksum, ON_ETHERNET, false},
    {CIAO_DROP_ICMP4_TYPE, icmp4_type, ON_ETHERNET, false},
    {CIAO_DROP_ICMP4_CODE, icmp4_code, ON_ETHERNET, false},
    {CIAO_DROP_ICMP4_CODE, icmp4_echo_code, ON_ETHERNET, false},
    {CIAO_DROP_ICMP4_ECHO_REPLY, icmp4_echo_reply, ON_ETHERNET, false},
    {CIAO_DROP_ICMP4_ECHO_TO_MANY, icmp4_echo_to_many, ON_ETHERNET, false},
    {CIAO_DROP_ICMP4_SOURCE_QUENCH, icmp4_source_quench, ON_ETHERNET, false},
    {CIAO_DROP_ICMP4_REDIRECT, icmp4_redirect, ON_ETHERNET, false},
    {CIAO_DROP_ICMP6_SHORT, icmp6_short, ON_ETHERNET, false},
    {CIAO_DROP_ICMP6_CHECKSUM, icmp6_checksum, ON_ETHERNET, false},
    {CIAO_DROP_ICMP6_TYPE, icmp6_type, ON_ETHERNET, false},
    {CIAO_DROP_ICMP6_TYPE, icmp6_error_type, ON_ETHERNET, false},
    {CIAO_DROP_ICMP6_CODE, icmp6_code, ON_ETHERNET, false},
    {CIAO_DROP_ICMP6_CODE, icmp6_echo_code, ON_ETHERNET, false},
    {CIAO_DROP_ICMP6_ECHO_REPLY, icmp6_echo_reply, ON_ETHERNET, false},
    {CIAO_DROP_ICMP6_ECHO_TO_MANY, icmp6_echo_to_many, ON_ETHERNET, false},
    {CIAO_DROP_ICMP6_REDIRECT, icmp6_redirect, ON_ETHERNET, false},
    {CIAO_DROP_ICMP_ERROR_TO_MANY, error_to_many, ON_ETHERNET, false},
    {CIAO_DROP_ICMP_ERROR_TO_MANY, error6_to_many, ON_ETHERNET, false},
    {CIAO_DROP_ICMP_ECHO_LIMITED, echo_limited, ON_IP, false},
    {CIAO_DROP_ICMP_ERROR_LIMITED, error_limited, ON_IP, true},
    {CIAO_DROP_QUOTE_SHORT, quote_short, ON_ETHERNET, false},
    {CIAO_DROP_QUOTE_VERSION, quote_version, ON_ETHERNET, false},
    {CIAO_DROP_QUOTE_FRAGMENT, quote_fragment, ON_ETHERNET, false},
    {CIAO_DROP_QUOTE_PROTOCOL, quote_protocol, ON_ETHERNET, false},
    {CIAO_DROP_QUOTE_UDP, quote_udp, ON_ETHERNET, false},
    {CIAO_DROP_QUOTE_NOT_OURS, quote_not_ours, ON_ETHERNET, false},
};
const unsigned n_drops_icmp = COUNT(drops_icmp);
