/*
 * ICMP of both families: echoes, the errors that we say, and those that we are told.
 */
#include "lab.h"

static struct lab *lab;

static int begin(void **state)
{
    (void)state;
    lab = lab_new(CIAO_LINK_IP);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_free(lab);
    return 0;
}

/* ---- what we have sent ---- */

static struct icmp4_message sent_icmp4(struct ip4_header *ip)
{
    struct icmp4_message message;
    assert_int_equal(ip4_parse(lab->sent, lab->sent_len, ip), WIRE_OK);
    assert_int_equal(ip->protocol, IP_PROTO_ICMP4);
    assert_int_equal(ip->src, 0x0a090002);
    assert_int_equal(ip->dst, 0x0a090001);
    assert_int_equal(icmp4_parse(lab->sent + 20, lab->sent_len - 20u, &message), WIRE_OK);
    return message;
}

static struct icmp6_message sent_icmp6(struct ip6_header *ip)
{
    struct icmp6_message message;
    struct ciao_addr us = lab_addr(own6), peer = lab_addr(peer6);
    assert_int_equal(ip6_parse(lab->sent, lab->sent_len, ip), WIRE_OK);
    assert_int_equal(ip->next, IP_PROTO_ICMP6);
    assert_true(ip_equal(&ip->src, &us) && ip_equal(&ip->dst, &peer));
    assert_int_equal(icmp6_parse(lab->sent + 40, lab->sent_len - 40u, &ip->src, &ip->dst, &message),
                     WIRE_OK);
    return message;
}

/* ---- echo ---- */

/* [RFC1122 3.2.2.6]: all of the data comes back. */
static void an_echo_comes_back_whole(void **state)
{
    (void)state;
    struct ip4_header ip4;
    struct ip6_header ip6;
    for (uint32_t len = 0; len <= 1400; len += 175) {
        make_echo4(lab, len);
        assert_int_equal(feed(lab), CIAO_REASON_NONE);
        assert_true(take(lab));
        struct icmp4_message reply4 = sent_icmp4(&ip4);
        assert_int_equal(reply4.type, ICMP4_TYPE_ECHO_REPLY);
        assert_int_equal(reply4.id, 0x1234);
        assert_int_equal(reply4.seq, 9);
        assert_int_equal(reply4.body_len, len);
        assert_memory_equal(reply4.body, l4_of_ip4(lab) + 8, len);

        make_echo6(lab, len);
        assert_int_equal(feed(lab), CIAO_REASON_NONE);
        assert_true(take(lab));
        struct icmp6_message reply6 = sent_icmp6(&ip6);
        assert_int_equal(reply6.type, ICMP6_TYPE_ECHO_REPLY);
        assert_int_equal(reply6.body_len, len);
        assert_memory_equal(reply6.body, l4_of_ip6(lab) + 8, len);
    }
}

/* Feed the large request that was made, in fragments, and put the reply together again. */
static uint32_t feed_large(bool v6, const uint8_t *message, uint32_t len, uint8_t *reply)
{
    uint32_t got = 0, most = 1448;
    for (uint32_t start = 0; start < len; start += most) {
        struct piece piece = {.id = 3,
                              .start = start,
                              .len = len - start < most ? len - start : most,
                              .more = len - start > most,
                              .protocol = v6 ? IP_PROTO_ICMP6 : IP_PROTO_ICMP4};
        (v6 ? make_piece6 : make_piece4)(lab, &piece, message);
        assert_int_equal(feed(lab), CIAO_REASON_NONE);
    }
    while (take(lab)) {
        struct ip4_header ip4;
        struct ip6_walk walk = {0};
        assert_true(lab->sent_len <= 1500);
        if (v6) {
            assert_int_equal(ip6_walk(lab->sent, lab->sent_len, &walk), WIRE_OK);
            assert_true(walk.is_fragment);
            assert_int_equal(walk.protocol, IP_PROTO_ICMP6);
        } else {
            assert_int_equal(ip4_parse(lab->sent, lab->sent_len, &ip4), WIRE_OK);
        }
        uint32_t header = v6 ? walk.offset : ip4.header_len;
        uint32_t start = v6 ? walk.frag_offset_bytes : ip4.frag_offset_bytes;
        memcpy(reply + start, lab->sent + header, lab->sent_len - header);
        got += lab->sent_len - header;
    }
    return got;
}

/* ping -s 60000: put together on the way in, cut again on the way out. */
static void a_large_echo_is_cut_to_fragments(void **state)
{
    (void)state;
    static uint8_t message[65536], reply[65536];
    static const uint32_t sizes[] = {1481, 5000, 60000, 65507};
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        for (int v6 = 0; v6 < 2; v6++) {
            uint32_t len = sizes[i] + 8;
            (v6 ? make_echo6 : make_echo4)(lab, sizes[i]);
            memcpy(message, v6 ? l4_of_ip6(lab) : l4_of_ip4(lab), len);
            assert_int_equal(feed_large(v6, message, len, reply), len);
            assert_int_equal(reply[0], v6 ? ICMP6_TYPE_ECHO_REPLY : ICMP4_TYPE_ECHO_REPLY);
            assert_memory_equal(reply + 4, message + 4, len - 4);
        }
    }
}

/* The buffer of the request is shared: whoever else holds it sees it unchanged. */
static void the_request_is_not_written_over(void **state)
{
    (void)state;
    struct ciao_frame frame, twin;
    struct ip_packet packet;
    uint8_t before[200];
    make_echo4(lab, 100);
    ciao_frame_init(&frame);
    frame.buf = ciao_bufpool_take(&lab->buffers, lab->len);
    frame.head = ciao_buf_bytes(frame.buf);
    frame.head_len = frame.len = lab->len;
    memcpy(frame.head, lab->b, lab->len);
    memcpy(before, lab->b, lab->len);
    ciao_frame_share(&twin, &frame);
    assert_false(ip_receive(&lab->ip, 0, &frame, &packet, lab->now));
    assert_memory_equal(twin.head, before, lab->len);
    ciao_frame_release(&twin);
    assert_true(take(lab));
}

/* ---- errors that we say ---- */

static void nobody_listens_to_udp(void **state)
{
    (void)state;
    struct ip4_header ip4;
    struct ip6_header ip6;
    make_udp4(lab, 1000);
    assert_int_equal(feed(lab), CIAO_DROP_UDP_NO_PORT);
    assert_true(take(lab));
    struct icmp4_message error4 = sent_icmp4(&ip4);
    assert_int_equal(error4.type, ICMP4_TYPE_UNREACHABLE);
    assert_int_equal(error4.code, ICMP4_UNREACHABLE_PORT);
    assert_int_equal(lab->sent_len, 576);
    assert_memory_equal(error4.body, l3(lab), error4.body_len);

    make_udp6(lab, 1400);
    assert_int_equal(feed(lab), CIAO_DROP_UDP_NO_PORT);
    assert_true(take(lab));
    struct icmp6_message error6 = sent_icmp6(&ip6);
    assert_int_equal(error6.type, ICMP6_TYPE_UNREACHABLE);
    assert_int_equal(error6.code, ICMP6_UNREACHABLE_PORT);
    assert_int_equal(lab->sent_len, 1280);
    assert_memory_equal(error6.body, l3(lab), error6.body_len);
}

static void an_unknown_protocol_is_named(void **state)
{
    (void)state;
    struct ip4_header ip4;
    struct ip6_header ip6;
    make_ip4(lab, 132, "whatever", 8);
    assert_int_equal(feed(lab), CIAO_DROP_IP4_PROTOCOL);
    assert_true(take(lab));
    assert_int_equal(sent_icmp4(&ip4).code, ICMP4_UNREACHABLE_PROTOCOL);

    make_ip6(lab, 132, "whatever", 8);
    assert_int_equal(feed(lab), CIAO_DROP_IP6_UNKNOWN_HEADER);
    assert_true(take(lab));
    struct icmp6_message error = sent_icmp6(&ip6);
    assert_int_equal(error.type, ICMP6_TYPE_PARAMETER_PROBLEM);
    assert_int_equal(error.code, ICMP6_PARAMETER_NEXT_HEADER);
    assert_int_equal(error.pointer, 6);
}

/* [RFC8200 4.2]: what an unknown option asks for. */
static void an_unknown_option_is_answered_as_it_asks(void **state)
{
    (void)state;
    static const struct {
        uint8_t option;
        bool to_group, answered;
    } rows[] = {
        {0x40, false, false}, {0x80, false, true}, {0x80, true, true},
        {0xc0, false, true},  {0xc0, true, false},
    };
    for (unsigned i = 0; i < COUNT(rows); i++) {
        const uint8_t payload[16] = {IP_PROTO_TCP, 0, rows[i].option | 30, 4};
        make_ip6(lab, IP_PROTO_DESTINATION, payload, sizeof payload);
        if (rows[i].to_group)
            set_dst6(lab, "ff02::1");
        assert_int_not_equal(feed(lab), CIAO_REASON_NONE);
        assert_int_equal(take(lab), rows[i].answered);
        if (!rows[i].answered)
            continue;
        struct ip6_header ip6;
        struct icmp6_message error = sent_icmp6(&ip6);
        assert_int_equal(error.code, ICMP6_PARAMETER_OPTION);
        assert_int_equal(error.pointer, 42);
    }
}

/* [RFC1122 3.2.2], [RFC4443 2.4 e]: about errors, broadcasts and nowhere nothing is said. */
static void no_error_answers_what_must_not_be_answered(void **state)
{
    (void)state;
    make_udp4(lab, 8);
    set_dst4(lab, "10.9.0.255");
    put_be16(l4_of_ip4(lab) + 6, 0);
    assert_int_equal(feed(lab), CIAO_DROP_UDP_TO_MANY);
    assert_false(take(lab));
    /* an ICMPv6 error behind an option that asks to be reported */
    const uint8_t payload[16] = {IP_PROTO_ICMP6, 0, 0x80 | 30, 4, 0, 0, 0, 0, 1};
    make_ip6(lab, IP_PROTO_DESTINATION, payload, sizeof payload);
    assert_int_equal(feed(lab), CIAO_DROP_IP6_OPTION_REPORT);
    assert_false(take(lab));
    /* and behind a routing header that we refuse, a later fragment of who knows what */
    const uint8_t later[32] = {IP_PROTO_FRAGMENT, 0, 0, 1, 0, 0, 0, 0, IP_PROTO_ICMP6, 0, 1};
    make_ip6(lab, IP_PROTO_ROUTING, later, sizeof later);
    assert_int_equal(feed(lab), CIAO_DROP_IP6_ROUTING);
    assert_false(take(lab));
    make_ip6(lab, 132, "whatever", 8);
    set_src6(lab, "::");
    assert_int_equal(feed(lab), CIAO_DROP_IP6_UNKNOWN_HEADER);
    assert_false(take(lab));
}

static void errors_are_few(void **state)
{
    (void)state;
    unsigned said = 0;
    for (unsigned i = 0; i < 1000; i++) {
        make_udp4(lab, 8);
        feed(lab);
        said += take(lab);
    }
    assert_int_equal(said, 50);
    assert_int_equal(lab_count(lab, CIAO_DROP_ICMP_ERROR_LIMITED), 950);
    pass_time(lab, s_to_us(1) / 10);
    for (unsigned i = 0; i < 100; i++) {
        make_udp4(lab, 8);
        feed(lab);
        said += take(lab);
    }
    assert_int_equal(said, 60); /* 100 a second are earned back */
}

/* ---- errors that we are told ---- */

static uint32_t quote4(uint8_t *out)
{
    struct ip4_header header = {.src = 0x0a090002,
                                .dst = 0x0a090001,
                                .total_len = 1500,
                                .ttl = 64,
                                .protocol = IP_PROTO_TCP};
    struct tcp_header tcp = {.sport = 80, .dport = 4000, .seq = 4711, .flags = TCP_ACK};
    ip4_emit(&header, out);
    return 20 + (uint32_t)tcp_emit(&tcp, out + 20);
}

static uint32_t quote6(uint8_t *out)
{
    struct ip6_header header = {.src = lab_addr(own6),
                                .dst = lab_addr(peer6),
                                .payload_len = 1000,
                                .next = IP_PROTO_TCP,
                                .hop_limit = 64};
    struct tcp_header tcp = {.sport = 80, .dport = 4000, .seq = 4711, .flags = TCP_ACK};
    ip6_emit(&header, out);
    return 40 + (uint32_t)tcp_emit(&tcp, out + 40);
}

static void feed_error4(uint8_t type, uint8_t code, uint16_t mtu)
{
    uint8_t body[64];
    struct icmp4_message message = {
        .type = type, .code = code, .mtu = mtu, .body = body, .body_len = quote4(body)};
    make_icmp4(lab, &message);
    lab->errors = 0;
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_int_equal(lab->errors, 1);
    assert_int_equal(lab->error.type, type);
    assert_int_equal(lab->error.code, code);
    assert_int_equal(lab->error.quote.sport, 80);
    assert_int_equal(lab->error.quote.dport, 4000);
    assert_int_equal(lab->error.quote.seq, 4711);
}

static void feed_error6(uint8_t type, uint8_t code, uint32_t mtu)
{
    uint8_t body[64];
    struct icmp6_message message = {
        .type = type, .code = code, .mtu = mtu, .body = body, .body_len = quote6(body)};
    make_icmp6(lab, &message);
    lab->errors = 0;
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_int_equal(lab->errors, 1);
    assert_int_equal(lab->error.quote.seq, 4711);
}

/* [RFC9293 3.9.2.2 MUST-54], [RFC9293 3.9.2.2 MUST-56], [RFC9293 3.9.2.2 SHLD-26] */
static void an_error_reaches_tcp_soft_or_hard(void **state)
{
    (void)state;
    static const uint8_t hard4[] = {2, 3, 9, 10, 13}, soft4[] = {0, 1, 5, 6, 7, 8, 11, 12, 14, 15};
    static const uint8_t hard6[] = {1, 4, 5, 6}, soft6[] = {0, 2, 3};
    for (unsigned i = 0; i < COUNT(hard4); i++) {
        feed_error4(ICMP4_TYPE_UNREACHABLE, hard4[i], 0);
        assert_int_equal(lab->error.trouble, IP_TROUBLE_HARD);
    }
    for (unsigned i = 0; i < COUNT(soft4); i++) {
        feed_error4(ICMP4_TYPE_UNREACHABLE, soft4[i], 0);
        assert_int_equal(lab->error.trouble, IP_TROUBLE_SOFT);
    }
    for (unsigned i = 0; i < COUNT(hard6); i++) {
        feed_error6(ICMP6_TYPE_UNREACHABLE, hard6[i], 0);
        assert_int_equal(lab->error.trouble, IP_TROUBLE_HARD);
    }
    for (unsigned i = 0; i < COUNT(soft6); i++) {
        feed_error6(ICMP6_TYPE_UNREACHABLE, soft6[i], 0);
        assert_int_equal(lab->error.trouble, IP_TROUBLE_SOFT);
    }
    for (uint8_t code = 0; code < 2; code++) {
        feed_error4(ICMP4_TYPE_TIME_EXCEEDED, code, 0);
        assert_int_equal(lab->error.trouble, IP_TROUBLE_SOFT);
        feed_error6(ICMP6_TYPE_TIME_EXCEEDED, code, 0);
        assert_int_equal(lab->error.trouble, IP_TROUBLE_SOFT);
        feed_error4(ICMP4_TYPE_PARAMETER_PROBLEM, code, 0);
        assert_int_equal(lab->error.trouble, IP_TROUBLE_SOFT);
        feed_error6(ICMP6_TYPE_PARAMETER_PROBLEM, code, 0);
        assert_int_equal(lab->error.trouble, IP_TROUBLE_SOFT);
    }
}

static void too_big_brings_the_mtu(void **state)
{
    (void)state;
    feed_error4(ICMP4_TYPE_UNREACHABLE, ICMP4_UNREACHABLE_TOO_BIG, 1400);
    assert_int_equal(lab->error.trouble, IP_TROUBLE_TOO_BIG);
    assert_int_equal(lab->error.mtu, 1400);
    feed_error4(ICMP4_TYPE_UNREACHABLE, ICMP4_UNREACHABLE_TOO_BIG, 0); /* an old router */
    assert_int_equal(lab->error.mtu, 1492);
    feed_error6(ICMP6_TYPE_TOO_BIG, 0, 1280);
    assert_int_equal(lab->error.trouble, IP_TROUBLE_TOO_BIG);
    assert_int_equal(lab->error.mtu, 1280);
}

/* [RFC9293 3.9.2.2 MUST-55, RFC6633 4 6633-1, RFC5927 6.1 5927-3] */
static void source_quench_is_discarded(void **state)
{
    (void)state;
    uint8_t body[64];
    struct icmp4_message message = {
        .type = ICMP4_TYPE_SOURCE_QUENCH, .body = body, .body_len = quote4(body)};
    make_icmp4(lab, &message);
    assert_int_equal(feed(lab), CIAO_DROP_ICMP4_SOURCE_QUENCH);
    assert_int_equal(lab->errors, 0);
    assert_false(take(lab));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(an_echo_comes_back_whole),
        STORY(a_large_echo_is_cut_to_fragments),
        STORY(the_request_is_not_written_over),
        STORY(nobody_listens_to_udp),
        STORY(an_unknown_protocol_is_named),
        STORY(an_unknown_option_is_answered_as_it_asks),
        STORY(no_error_answers_what_must_not_be_answered),
        STORY(errors_are_few),
        STORY(an_error_reaches_tcp_soft_or_hard),
        STORY(too_big_brings_the_mtu),
        STORY(source_quench_is_discarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
