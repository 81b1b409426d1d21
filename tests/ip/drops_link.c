/*
 * Drops of the link, of ARP, of neighbours and of our own replies.
 */
#include "drops.h"

static void frame_empty(struct lab *lab)
{
    lab->len = 0;
}

static void eth_short(struct lab *lab)
{
    make_tcp4(lab, 0);
    lab->len = ETH_HEADER_LEN - 1;
}

static void eth_not_ours(struct lab *lab)
{
    make_tcp4(lab, 0);
    lab->b[5] ^= 0x80;
}

static void eth_source(struct lab *lab)
{
    make_tcp4(lab, 0);
    lab->b[6] |= 1;
}

static void eth_type(struct lab *lab)
{
    make_ethernet(lab, 0x8100, "0123456789", 10);
}

/* ---- frames in pieces ---- */

static const uint8_t zeroes[65535];

static void feed_in_pieces(struct lab *lab, uint32_t piece_len, unsigned pieces)
{
    struct ciao_frame frame;
    struct ip_packet packet;
    ciao_frame_init(&frame);
    make_udp4(lab, 0);
    frame.head = lab->b;
    frame.head_len = frame.len = lab->len;
    for (unsigned i = 0; i < pieces; i++)
        assert_int_equal(ciao_frame_add(&frame, NULL, zeroes, piece_len), 0);
    assert_false(ip_receive(&lab->ip, 0, &frame, &packet, lab->now));
}

static void frame_too_long(struct lab *lab)
{
    feed_in_pieces(lab, sizeof zeroes, 2);
}

static void frame_no_memory(struct lab *lab)
{
    static struct ciao_buf *held[100000];
    unsigned n = 0;
    while ((held[n] = ciao_bufpool_take(&lab->buffers, 200)) != NULL)
        n++;
    feed_in_pieces(lab, 10, 1);
    while (n > 0)
        ciao_buf_unref(held[--n]);
}

/* ---- ARP ---- */

static void arp_short(struct lab *lab)
{
    make_arp(lab, ARP_REQUEST, peer4, own4);
    lab->len--;
}

static void arp_kind(struct lab *lab)
{
    make_arp(lab, ARP_REQUEST, peer4, own4);
    l3(lab)[1] = 6;
}

static void arp_operation(struct lab *lab)
{
    make_arp(lab, ARP_REQUEST, peer4, own4);
    l3(lab)[7] = 3;
}

static void arp_sender(struct lab *lab)
{
    make_arp(lab, ARP_REQUEST, "224.0.0.1", own4);
}

static void arp_sender_mac(struct lab *lab)
{
    make_arp(lab, ARP_REQUEST, peer4, own4);
    memset(l3(lab) + 8, 0, ETH_ALEN);
}

static void arp_conflict(struct lab *lab)
{
    make_arp(lab, ARP_REQUEST, own4, peer4);
}

static void arp_not_for_us(struct lab *lab)
{
    make_arp(lab, ARP_REQUEST, peer4, "10.9.0.3");
}

static void arp_unasked(struct lab *lab)
{
    make_arp(lab, ARP_REPLY, peer4, own4);
}

/* ---- neighbours ---- */

static void neighbour_queue_full(struct lab *lab)
{
    for (unsigned i = 0; i < IP_WAITING_FRAMES + 1; i++)
        assert_false(send_tcp(lab, peer4));
}

static void neighbour_table_full(struct lab *lab)
{
    char text[CIAO_ADDR_TEXT];
    for (unsigned i = 0; i < LAB_NEIGHBOURS + 1; i++) {
        struct ciao_addr addr = ip_addr_v4(0x0a09000a + i);
        ciao_addr_format(&addr, text);
        assert_false(send_tcp(lab, text)); /* somebody waits for each of them */
    }
}

static void neighbour_silent(struct lab *lab)
{
    assert_false(send_tcp(lab, peer4));
    pass_time(lab, s_to_us(3));
}

static void no_route(struct lab *lab)
{
    make_udp4(lab, 0);
    set_src4(lab, "192.0.2.1"); /* off the link, and no gateway */
    assert_int_equal(lab_drops(lab), 0);
    make_echo4(lab, 8);
    set_src4(lab, "192.0.2.1");
}

static void reply_no_memory(struct lab *lab)
{
    static struct ciao_buf *held[100000];
    unsigned n = 0;
    while ((held[n] = ciao_bufpool_take(&lab->buffers, 200)) != NULL)
        n++;
    make_echo4(lab, 500);
    assert_int_equal(feed(lab), CIAO_DROP_REPLY_NO_MEMORY);
    while (n > 0)
        ciao_buf_unref(held[--n]);
}

static void reply_queue_full(struct lab *lab)
{
    for (unsigned i = 0; i < IP_OUTBOX_FRAMES; i++) {
        make_echo4(lab, 8);
        assert_int_equal(feed(lab), CIAO_REASON_NONE);
    }
    make_echo4(lab, 8);
}

const struct provocation drops_link[] = {
    {CIAO_DROP_FRAME_EMPTY, frame_empty, ON_IP, false},
    {CIAO_DROP_FRAME_TOO_LONG, frame_too_long, ON_IP, true},
    {CIAO_DROP_FRAME_NO_MEMORY, frame_no_memory, ON_IP, true},
    {CIAO_DROP_ETH_SHORT, eth_short, ON_ETHERNET, false},
    {CIAO_DROP_ETH_NOT_OURS, eth_not_ours, ON_ETHERNET, false},
    {CIAO_DROP_ETH_SOURCE, eth_source, ON_ETHERNET, false},
    {CIAO_DROP_ETH_TYPE, eth_type, ON_ETHERNET, false},
    {CIAO_DROP_ARP_SHORT, arp_short, ON_ETHERNET, false},
    {CIAO_DROP_ARP_KIND, arp_kind, ON_ETHERNET, false},
    {CIAO_DROP_ARP_OPERATION, arp_operation, ON_ETHERNET, false},
    {CIAO_DROP_ARP_SENDER, arp_sender, ON_ETHERNET, false},
    {CIAO_DROP_ARP_SENDER, arp_sender_mac, ON_ETHERNET, false},
    {CIAO_DROP_ARP_CONFLICT, arp_conflict, ON_ETHERNET, false},
    {CIAO_DROP_ARP_NOT_FOR_US, arp_not_for_us, ON_ETHERNET, false},
    {CIAO_DROP_ARP_UNASKED, arp_unasked, ON_ETHERNET, false},
    {CIAO_DROP_NEIGHBOUR_QUEUE_FULL, neighbour_queue_full, ON_ETHERNET, true},
    {CIAO_DROP_NEIGHBOUR_TABLE_FULL, neighbour_table_full, ON_ETHERNET, true},
    {CIAO_DROP_NEIGHBOUR_SILENT, neighbour_silent, ON_ETHERNET, true},
    {CIAO_DROP_NO_ROUTE, no_route, ON_IP, false},
    {CIAO_DROP_REPLY_NO_MEMORY, reply_no_memory, ON_IP, true},
    {CIAO_DROP_REPLY_QUEUE_FULL, reply_queue_full, ON_IP, false},
};
const unsigned n_drops_link = COUNT(drops_link);
