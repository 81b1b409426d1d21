/*
 * ICMP for both versions, and the packet that an error quotes. [RFC792] [RFC4443] [RFC1191]
 */
#include "wire_test.h"

#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/icmp_quote.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"

static const uint8_t types4[] = {ICMP4_TYPE_ECHO_REQUEST, ICMP4_TYPE_ECHO_REPLY,
                                 ICMP4_TYPE_UNREACHABLE, ICMP4_TYPE_TIME_EXCEEDED,
                                 ICMP4_TYPE_PARAMETER_PROBLEM};

static void an_icmp4_message_survives_the_round_trip(void **state)
{
    (void)state;
    struct rng rng = rng_of(40);
    for (int i = 0; i < 2000; i++) {
        uint8_t body[100];
        random_bytes(&rng, body, sizeof body);
        struct icmp4_message message = {.type = types4[rng_below(&rng, COUNT(types4))],
                                        .body = body,
                                        .body_len = rng_below(&rng, sizeof body)};
        bool echo =
            message.type == ICMP4_TYPE_ECHO_REQUEST || message.type == ICMP4_TYPE_ECHO_REPLY;
        bool too_big = message.type == ICMP4_TYPE_UNREACHABLE;
        message.code = too_big ? ICMP4_UNREACHABLE_TOO_BIG : random_u8(&rng);
        message.id = echo ? random_u16(&rng) : 0;
        message.seq = echo ? random_u16(&rng) : 0;
        message.mtu = too_big ? random_u16(&rng) : 0;
        message.pointer = message.type == ICMP4_TYPE_PARAMETER_PROBLEM ? random_u8(&rng) : 0;
        size_t len = ICMP4_HEADER_LEN + message.body_len;
        uint8_t *block = malloc(len);
        assert_int_equal(icmp4_emit(&message, block, len), len);
        assert_int_equal(naive_sum(block, len, 0), 0xffff);
        struct icmp4_message back;
        assert_int_equal(icmp4_parse(block, len, &back), WIRE_OK);
        assert_int_equal(back.type, message.type);
        assert_int_equal(back.code, message.code);
        assert_int_equal(back.id, message.id);
        assert_int_equal(back.seq, message.seq);
        assert_int_equal(back.mtu, message.mtu);
        assert_int_equal(back.pointer, message.pointer);
        assert_int_equal(back.body_len, message.body_len);
        assert_memory_equal(back.body, body, message.body_len);
        free(block);
    }
}

static const uint8_t types6[] = {ICMP6_TYPE_ECHO_REQUEST,  ICMP6_TYPE_ECHO_REPLY,
                                 ICMP6_TYPE_UNREACHABLE,   ICMP6_TYPE_TOO_BIG,
                                 ICMP6_TYPE_TIME_EXCEEDED, ICMP6_TYPE_PARAMETER_PROBLEM};

static void an_icmp6_message_survives_the_round_trip(void **state)
{
    (void)state;
    struct rng rng = rng_of(41);
    for (int i = 0; i < 2000; i++) {
        uint8_t body[100];
        struct ciao_addr src;
        struct ciao_addr dst;
        random_bytes(&rng, body, sizeof body);
        random_bytes(&rng, src.b, 16);
        random_bytes(&rng, dst.b, 16);
        struct icmp6_message message = {.type = types6[rng_below(&rng, COUNT(types6))],
                                        .code = random_u8(&rng),
                                        .body = body,
                                        .body_len = rng_below(&rng, sizeof body)};
        bool echo =
            message.type == ICMP6_TYPE_ECHO_REQUEST || message.type == ICMP6_TYPE_ECHO_REPLY;
        message.id = echo ? random_u16(&rng) : 0;
        message.seq = echo ? random_u16(&rng) : 0;
        message.mtu = message.type == ICMP6_TYPE_TOO_BIG ? rng_u32(&rng) : 0;
        message.pointer = message.type == ICMP6_TYPE_PARAMETER_PROBLEM ? rng_u32(&rng) : 0;
        size_t len = ICMP6_HEADER_LEN + message.body_len;
        const struct icmp6_envelope envelope = {&src, &dst, len};
        uint8_t *block = malloc(len);
        assert_int_equal(icmp6_emit(&message, &envelope, block), len);
        struct icmp6_message back;
        assert_int_equal(icmp6_parse(block, len, &src, &dst, &back), WIRE_OK);
        assert_int_equal(icmp6_parse(block, len, &src, &src, &back), WIRE_ICMP6_CHECKSUM);
        assert_int_equal(back.type, message.type);
        assert_int_equal(back.code, message.code);
        assert_int_equal(back.id, message.id);
        assert_int_equal(back.seq, message.seq);
        assert_int_equal(back.mtu, message.mtu);
        assert_int_equal(back.pointer, message.pointer);
        assert_int_equal(back.body_len, message.body_len);
        assert_memory_equal(back.body, body, message.body_len);
        free(block);
    }
}

static void a_body_without_room_is_cut(void **state)
{
    (void)state;
    uint8_t body[64] = {1, 2, 3, 4};
    struct icmp4_message message = {
        .type = ICMP4_TYPE_UNREACHABLE, .body = body, .body_len = sizeof body};
    uint8_t *block = malloc(36);
    assert_int_equal(icmp4_emit(&message, block, 36), 36);
    struct icmp4_message back;
    assert_int_equal(icmp4_parse(block, 36, &back), WIRE_OK);
    assert_int_equal(back.body_len, 28);
    free(block);

    struct ciao_addr any = addr_of("::");
    const struct icmp6_envelope envelope = {&any, &any, 40};
    struct icmp6_message message6 = {
        .type = ICMP6_TYPE_UNREACHABLE, .body = body, .body_len = sizeof body};
    block = malloc(40);
    assert_int_equal(icmp6_emit(&message6, &envelope, block), 40);
    free(block);
}

/* An echo may be answered in the buffer in which it came. */
static void a_reply_may_be_written_over_its_request(void **state)
{
    (void)state;
    uint8_t data[5] = "hello";
    uint8_t block[16];
    struct icmp4_message message = {
        .type = ICMP4_TYPE_ECHO_REQUEST, .id = 7, .seq = 9, .body = data, .body_len = 5};
    size_t len = icmp4_emit(&message, block, sizeof block);
    struct icmp4_message request;
    assert_int_equal(icmp4_parse(block, len, &request), WIRE_OK);
    request.type = ICMP4_TYPE_ECHO_REPLY;
    assert_int_equal(icmp4_emit(&request, block, sizeof block), len);
    assert_int_equal(icmp4_parse(block, len, &message), WIRE_OK);
    assert_int_equal(message.type, ICMP4_TYPE_ECHO_REPLY);
    assert_int_equal(message.seq, 9);
    assert_memory_equal(message.body, "hello", 5);
}

static void the_mtu_is_read_from_too_big_alone(void **state)
{
    (void)state;
    uint8_t block[8] = {ICMP4_TYPE_UNREACHABLE, ICMP4_UNREACHABLE_HOST, 0, 0, 0, 0, 5, 0xdc};
    put_be16(block + 2, (uint16_t)~naive_sum(block, 8, 0));
    struct icmp4_message message;
    assert_int_equal(icmp4_parse(block, sizeof block, &message), WIRE_OK);
    assert_int_equal(message.mtu, 0);
    assert_true(icmp6_is_error(ICMP6_TYPE_PARAMETER_PROBLEM));
    assert_false(icmp6_is_error(ICMP6_TYPE_ECHO_REQUEST));
}

/* Eight bytes of TCP are all that an old router quotes. */
static void a_quote_names_the_segment(void **state)
{
    (void)state;
    const struct tcp_header tcp = {.sport = 1025, .dport = 80, .seq = 0xfffffff0};
    const struct ip4_header ip = {.src = 0x0a090002,
                                  .dst = 0x0a090001,
                                  .total_len = 1500,
                                  .protocol = IP_PROTO_TCP,
                                  .ttl = 1};
    uint8_t packet[40];
    ip4_emit(&ip, packet);
    tcp_emit(&tcp, packet + 20);
    uint8_t *block = exact(packet, 28);
    struct icmp_quote quote;
    assert_int_equal(icmp4_quote_parse(block, 28, &quote), WIRE_OK);
    assert_int_equal(ip_v4(&quote.src), 0x0a090002);
    assert_int_equal(ip_v4(&quote.dst), 0x0a090001);
    assert_int_equal(quote.sport, 1025);
    assert_int_equal(quote.dport, 80);
    assert_int_equal(quote.seq, 0xfffffff0);
    assert_int_equal(quote.packet_len, 1500);
    assert_int_equal(quote.protocol, IP_PROTO_TCP);
    free(block);
}

static void an_ipv6_quote_is_found_behind_extension_headers(void **state)
{
    (void)state;
    uint8_t packet[40 + 8 + 8 + 8] = {0};
    const struct ip6_header ip = {.src = addr_of("fd00::2"),
                                  .dst = addr_of("fd00::1"),
                                  .payload_len = 65535,
                                  .next = IP_PROTO_DESTINATION};
    ip6_emit(&ip, packet);
    packet[40] = IP_PROTO_FRAGMENT;
    packet[48] = IP_PROTO_TCP;
    packet[51] = 1; /* the first of several fragments */
    const struct tcp_header tcp = {.sport = 443, .dport = 40000, .seq = 77};
    uint8_t header[TCP_HEADER_LEN];
    tcp_emit(&tcp, header);
    memcpy(packet + 56, header, 8);
    uint8_t *block = exact(packet, sizeof packet);
    struct icmp_quote quote;
    assert_int_equal(icmp6_quote_parse(block, sizeof packet, &quote), WIRE_OK);
    assert_true(ip_equal(&quote.src, &ip.src));
    assert_true(ip_equal(&quote.dst, &ip.dst));
    assert_int_equal(quote.sport, 443);
    assert_int_equal(quote.dport, 40000);
    assert_int_equal(quote.seq, 77);
    assert_int_equal(quote.packet_len, 65535);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_icmp4_message_survives_the_round_trip),
        cmocka_unit_test(an_icmp6_message_survives_the_round_trip),
        cmocka_unit_test(a_body_without_room_is_cut),
        cmocka_unit_test(a_reply_may_be_written_over_its_request),
        cmocka_unit_test(the_mtu_is_read_from_too_big_alone),
        cmocka_unit_test(a_quote_names_the_segment),
        cmocka_unit_test(an_ipv6_quote_is_found_behind_extension_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
