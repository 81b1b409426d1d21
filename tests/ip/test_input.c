/*
 * What reaches TCP: whole segments for us, and nothing around them.
 */
#include "lab.h"

static struct lab *lab;

static int begin_on(enum ciao_link_kind kind)
{
    lab = lab_new(kind);
    return 0;
}

static int on_ethernet(void **state)
{
    (void)state;
    return begin_on(CIAO_LINK_ETHERNET);
}

static int on_ip(void **state)
{
    (void)state;
    return begin_on(CIAO_LINK_IP);
}

static int end(void **state)
{
    (void)state;
    lab_free(lab);
    return 0;
}

/* The segment that was fed has reached TCP, with so many bytes. */
static void expect_tcp(uint32_t l4_len, bool v6)
{
    struct ciao_addr src = lab_addr(v6 ? peer6 : peer4);
    struct ciao_addr dst = lab_addr(v6 ? own6 : own4);
    assert_true(lab->is_tcp);
    assert_int_equal(lab->drops, 0);
    assert_int_equal(lab->packet.l4_len, l4_len);
    assert_int_equal(lab->packet.protocol, IP_PROTO_TCP);
    assert_int_equal(lab->packet.ttl, 63);
    assert_int_equal(lab->packet.link, 0);
    assert_int_equal(lab->packet.v6, v6);
    assert_true(ip_equal(&lab->packet.src, &src));
    assert_true(ip_equal(&lab->packet.dst, &dst));
}

static void a_segment_reaches_tcp(void **state)
{
    (void)state;
    uint8_t copy[200];
    make_tcp4(lab, 100);
    memcpy(copy, l4_of_ip4(lab), 120);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    expect_tcp(120, false);
    assert_memory_equal(lab->l4, copy, 120);
    assert_false(lab->packet.csum_ok || lab->packet.broadcast);

    make_tcp6(lab, 100);
    memcpy(copy, l4_of_ip6(lab), 120);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    expect_tcp(120, true);
    assert_memory_equal(lab->l4, copy, 120);
    assert_int_equal(lab->ip.accepted, 2);
}

static void the_links_padding_is_cut_off(void **state)
{
    (void)state;
    make_tcp4(lab, 0);
    memset(lab->b + lab->len, 0xee, 20);
    lab->len += 20;
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    expect_tcp(20, false);
    make_tcp6(lab, 1);
    memset(lab->b + lab->len, 0xee, 7);
    lab->len += 7;
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    expect_tcp(21, true);
}

/* [RFC9293 3.9.2 MUST-50] */
static void ip_options_are_skipped(void **state)
{
    (void)state;
    uint8_t l4[20];
    make_tcp4(lab, 0);
    memcpy(l4, l4_of_ip4(lab), 20);
    uint8_t *ip = l3(lab);
    for (uint8_t words = 1; words <= 10; words++) {
        memset(ip + 20, 0x83, words * 4u); /* loose source route, and nonsense */
        memcpy(ip + 20 + words * 4, l4, 20);
        ip[0] = (uint8_t)(0x45 + words);
        put_be16(ip + 2, (uint16_t)(40 + words * 4));
        ip4_refresh_checksum(ip);
        lab->len = lab->link_len + 40 + words * 4u;
        assert_int_equal(feed(lab), CIAO_REASON_NONE);
        expect_tcp(20, false);
        assert_memory_equal(lab->l4, l4, 20);
    }
}

static void extension_headers_are_passed(void **state)
{
    (void)state;
    uint8_t payload[64] = {
        IP_PROTO_DESTINATION, 0, 1,  4, 0, 0, 0, 0, /* hop-by-hop: padding */
        IP_PROTO_ROUTING,     0, 30, 2, 0, 0, 0, 0, /* an option that may be passed over, Pad1 */
        IP_PROTO_FRAGMENT,    0, 0,  0, 0, 0, 0, 0, /* no segments left */
        IP_PROTO_TCP,         0, 0,  0, 0, 0, 0, 9, /* atomic fragment [RFC6946] */
    };
    make_tcp6(lab, 0);
    memcpy(payload + 32, l4_of_ip6(lab), 20);
    make_ip6(lab, IP_PROTO_HOP_BY_HOP, payload, 52);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    expect_tcp(20, true);
    assert_memory_equal(lab->l4, payload + 32, 20);
    assert_int_equal(ip_reassembly_count(&lab->ip), 0);
}

static void a_vouched_checksum_is_told(void **state)
{
    (void)state;
    make_tcp4(lab, 0);
    lab->csum = CIAO_CSUM_VERIFIED;
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_true(lab->packet.csum_ok);
    make_tcp4(lab, 0);
    lab->csum = CIAO_CSUM_PARTIAL;
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_true(lab->packet.csum_ok);
}

/* TCP is to see them, and to discard them itself [RFC9293 3.9.2.3 MUST-57]. */
static void segments_to_many_are_marked(void **state)
{
    (void)state;
    static const char *const to[] = {"10.9.0.255", "255.255.255.255", "224.0.0.1"};
    for (unsigned i = 0; i < COUNT(to); i++) {
        make_tcp4(lab, 0);
        set_dst4(lab, to[i]);
        to_broadcast_mac(lab);
        assert_int_equal(feed(lab), CIAO_REASON_NONE);
        assert_true(lab->is_tcp && lab->packet.broadcast);
    }
    make_tcp6(lab, 0);
    set_dst6(lab, "ff02::1");
    to_broadcast_mac(lab);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_true(lab->is_tcp && lab->packet.broadcast);
}

static void type_of_service_reaches_tcp(void **state)
{
    (void)state;
    make_tcp4(lab, 0);
    l3(lab)[1] = 0xb9 | IP_ECN_CE;
    ip4_refresh_checksum(l3(lab));
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_int_equal(lab->packet.tos, 0xbb);
    make_tcp6(lab, 0);
    put_be32(l3(lab), 0x6bb12345);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_int_equal(lab->packet.tos, 0xbb);
}

/* ---- frames in pieces ---- */

/* Feed what was made with its head cut off at `head` and the rest in fragments of `piece` bytes. */
static bool feed_cut(uint32_t head, uint32_t piece, uint8_t *l4, struct ip_packet *packet)
{
    struct ciao_frame frame;
    struct ciao_buf *buf = ciao_bufpool_take(&lab->buffers, lab->len);
    memcpy(ciao_buf_bytes(buf), lab->b, lab->len);
    ciao_frame_init(&frame);
    frame.head = ciao_buf_bytes(buf);
    frame.buf = buf;
    frame.head_len = frame.len = head;
    for (uint32_t at = head; at < lab->len; at += piece) {
        uint32_t len = lab->len - at < piece ? lab->len - at : piece;
        assert_int_equal(ciao_frame_add(&frame, ciao_buf_ref(buf), ciao_buf_bytes(buf) + at, len),
                         0);
    }
    if (!ip_receive(&lab->ip, 0, &frame, packet, lab->now))
        return false;
    uint32_t len = packet->l4_head_len;
    assert_true(len >= 20); /* TCP reads its header in one piece */
    memcpy(l4, packet->l4, len);
    for (uint32_t i = 0; i < packet->frame->n_frags; i++) {
        memcpy(l4 + len, packet->frame->frag[i].ptr, packet->frame->frag[i].len);
        len += packet->frame->frag[i].len;
    }
    assert_int_equal(len, packet->l4_len);
    ciao_frame_release(packet->frame);
    return true;
}

static void a_frame_may_be_cut_anywhere(void **state)
{
    (void)state;
    uint8_t expected[300], l4[400];
    struct ip_packet packet;
    for (int v6 = 0; v6 < 2; v6++) {
        (v6 ? make_tcp6 : make_tcp4)(lab, 200);
        memcpy(expected, v6 ? l4_of_ip6(lab) : l4_of_ip4(lab), 220);
        for (uint32_t head = 0; head <= lab->len; head++) {
            assert_true(feed_cut(head, 100, l4, &packet));
            assert_int_equal(packet.l4_len, 220);
            assert_memory_equal(l4, expected, 220);
        }
    }
    assert_int_equal(lab_drops(lab), 0);
}

static void padding_in_the_pieces_is_cut_off(void **state)
{
    (void)state;
    uint8_t expected[300], l4[400];
    struct ip_packet packet;
    make_tcp4(lab, 100);
    memcpy(expected, l4_of_ip4(lab), 120);
    memset(lab->b + lab->len, 0xee, 90);
    lab->len += 90;
    for (uint32_t head = lab->link_len + 40; head <= lab->len; head += 7) {
        assert_true(feed_cut(head, 40, l4, &packet));
        assert_int_equal(packet.l4_len, 120);
        assert_memory_equal(l4, expected, 120);
    }
}

#define ETHERNET(name) cmocka_unit_test_setup_teardown(name, on_ethernet, end)
#define BARE(name)     cmocka_unit_test_setup_teardown(name, on_ip, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ETHERNET(a_segment_reaches_tcp),        BARE(a_segment_reaches_tcp),
        ETHERNET(the_links_padding_is_cut_off), BARE(the_links_padding_is_cut_off),
        ETHERNET(ip_options_are_skipped),       BARE(extension_headers_are_passed),
        ETHERNET(a_vouched_checksum_is_told),   ETHERNET(segments_to_many_are_marked),
        ETHERNET(type_of_service_reaches_tcp),  ETHERNET(a_frame_may_be_cut_anywhere),
        BARE(a_frame_may_be_cut_anywhere),      ETHERNET(padding_in_the_pieces_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
