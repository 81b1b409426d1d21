/*
 * What else RFC 9293 asks, where no other story comes by: first numbers, addresses, what the
 * program may set, batches.
 */
#include <stdio.h>
#include <string.h>

#include "support/stackmem.h"
#include "support/story.h"
#include "support/story_wire.h"
#include "wire/addr.h"
#include "wire/checksum.h"

/* ---- first numbers ---- */

static uint32_t first_number(struct story *r)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    uint32_t isn = story_peer(r)->our_isn;
    user_aborts(r);
    return isn;
}

/* [RFC9293 3.4.1 MUST-8, SHLD-1; RFC6528 3 6528-1] a clock of 4 us, and a hash of who talks */
TEST(the_first_number_is_a_clock_and_a_hash)
{
    uint32_t first = first_number(r);
    time_passes(r, 4000);
    expect(r, first_number(r) - first == 1000000);
    peer_is(r, 1);
    uint32_t other = first_number(r) - first;
    expect(r, other != 1000000); /* at the same moment, of another port */
}

/* What a stack of that seed chooses for the story's four-tuple at that moment. */
static uint32_t first_number_of_seed(struct story *r, uint8_t seed, uint64_t now_us)
{
    const struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = r->mtu};
    const struct ciao_addr address = story_address(r, true);
    const struct ciao_endpoint remote = {story_address(r, false), STORY_PEER};
    const struct ciao_endpoint local = {.port = STORY_PORT};
    struct ciao_config config = r->config;
    struct ciao_event events[64];
    ciao_conn conn;
    memset(config.seed, seed, sizeof config.seed);
    size_t bytes = ciao_stack_bytes(&config);
    void *memory = stackmem_new(bytes);
    struct ciao_stack *stack = ciao_stack_create(&config, memory, now_us);
    expect(r, stack != NULL && ciao_link_add(stack, &link) == 0);
    expect(r, ciao_address_add(stack, 0, &address, r->v6 ? 64 : 24) == 0);
    ciao_events_mask(stack, CIAO_EVENTS_ALL);
    expect(r, ciao_connect(stack, &remote, &local, NULL, &conn, now_us) == 0);
    uint32_t isn = 0;
    for (unsigned n = ciao_events(stack, events, 64), i = 0; i < n; i++)
        if (strcmp(story_key_of(&events[i]), "DID_ISN_CHOSEN") == 0)
            isn = (uint32_t)events[i].u.args[0];
    stackmem_free(memory, bytes);
    return isn;
}

/* [RFC9293 3.4.1 MUST-9; RFC6528 3 6528-2] who does not know the secret can't compute it */
TEST(without_the_secret_nobody_knows_the_first_number)
{
    story_begin(r);
    uint32_t same = first_number_of_seed(r, 1, 1000000);
    expect(r, same == first_number_of_seed(r, 1, 1000000));
    for (unsigned seed = 2; seed < 20; seed++)
        expect(r, same != first_number_of_seed(r, (uint8_t)seed, 1000000));
}

/* ---- addresses ---- */

/* An address of ours that IP would rather use for the story's peer. */
static struct ciao_addr nearer_address(struct story *r)
{
    struct ciao_addr near = story_address(r, true);
    near.b[15] = r->v6 ? 3 : 6;
    expect(r, ciao_address_add(r->stack, r->link, &near, r->v6 ? 120 : 29) == 0);
    return near;
}

static int connect_from(struct story *r, const struct ciao_addr *from, ciao_conn *conn)
{
    const struct ciao_endpoint remote = {story_address(r, false), STORY_PEER};
    struct ciao_endpoint local = {.port = STORY_PORT};
    if (from != NULL)
        local.addr = *from;
    return ciao_connect(r->stack, &remote, &local, NULL, conn, r->now_us);
}

/* [RFC9293 3.9.1.1 MUST-43, MUST-44] the one that is named, or the one that IP names */
TEST(an_open_takes_a_local_address_or_asks_ip_for_one)
{
    struct ciao_info info;
    ciao_conn conn;
    story_begin(r);
    struct ciao_addr near = nearer_address(r), ours = story_address(r, true);
    expect(r, connect_from(r, NULL, &conn) == 0);
    expect(r, ciao_info(r->stack, conn, &info) == 0);
    expect(r, ip_equal(&info.local.addr, &near) || ip_equal(&info.local.addr, &ours));
    expect(r, ciao_abort(r->stack, conn, NULL, r->now_us) == 0);
    expect(r, connect_from(r, &ours, &story_peer(r)->conn) == 0);
    expect_sent(r, "SYN seq=0"); /* from that address: the story looks at it */
    struct ciao_addr strange = story_address(r, false);
    expect(r, connect_from(r, &strange, &conn) == -CIAO_EADDRNOTAVAIL);
    expect(r, ciao_listen(r->stack, &(struct ciao_endpoint){strange, 81}, 1, NULL, &conn)
                  == -CIAO_EADDRNOTAVAIL);
}

/* [RFC9293 3.9.1.1 MUST-45] whoever called an address is answered from there, and ever after */
TEST(the_address_that_was_called_answers)
{
    const struct ciao_endpoint any = {.port = STORY_PORT};
    story_begin(r);
    (void)nearer_address(r);
    expect(r, ciao_listen(r->stack, &any, 4, NULL, &r->listener) == 0);
    peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1");
    user_accepts(r);
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 ack=1 len=10");
    time_passes(r, 1000);
    expect_sent(r, "ACK seq=1 ack=1 len=10");
    peer_resets(r);
}

/* [RFC9293 3.9.1.1 MUST-46] */
TEST(nobody_connects_to_many)
{
    static const struct ciao_addr many_v6 = {{0xff, 0x02, [15] = 1}};
    ciao_conn conn;
    story_begin(r);
    const struct ciao_addr many[] = {ip_addr_v4(0xe0000001), ip_addr_v4(0xffffffff), many_v6,
                                     ip_addr_v4(0)};
    for (unsigned i = 0; i < 4; i++) {
        const struct ciao_endpoint remote = {many[i], STORY_PEER};
        expect(r, ciao_connect(r->stack, &remote, NULL, NULL, &conn, r->now_us) == -CIAO_EDESTADDR);
    }
    expect_nothing_sent(r);
}

/* A SYN whose sender is somebody else; the sums are right. */
static size_t syn_from(struct story *r, const struct ciao_addr *from, uint8_t *packet, size_t room)
{
    struct ciao_addr ours = story_address(r, true);
    size_t len = story_packet(r, "SYN seq=0 wnd=65535 <mss 1000>", packet, room);
    size_t ip = r->v6 ? 40 : 20;
    memcpy(packet + (r->v6 ? 8 : 12), r->v6 ? from->b : from->b + 12, r->v6 ? 16 : 4);
    if (!r->v6) {
        memset(packet + 10, 0, 2);
        csum_store(packet + 10, csum_small(packet, 20));
    }
    memset(packet + ip + TCP_CHECKSUM_OFFSET, 0, 2);
    uint32_t sum = csum_pseudo(from, &ours, 6, (uint32_t)(len - ip));
    csum_store(packet + ip + TCP_CHECKSUM_OFFSET, sum + csum_small(packet + ip, len - ip));
    return len;
}

/* [RFC9293 3.9.2.3 MUST-63] an address that nobody can answer to */
TEST(a_syn_from_an_impossible_address_is_ignored)
{
    static const struct {
        struct ciao_addr v6;
        uint32_t v4;
        enum ciao_reason reason;
    } cases[] = {
        {{{0xff, 0x02, [15] = 1}}, 0xe0000001, CIAO_DROP_IP_SOURCE_TO_MANY},
        {{{0xff, 0x05, [15] = 9}}, 0xffffffff, CIAO_DROP_IP_SOURCE_TO_MANY},
        {{{0xff, 0x02, [15] = 2}}, 0xc00002ff, CIAO_DROP_IP_SOURCE_TO_MANY},
        {{{0}}, 0, CIAO_DROP_IP_SOURCE_ANY},
        {{{[15] = 1}}, 0x7f000001, CIAO_DROP_IP_SOURCE_LOOPBACK},
    };
    uint8_t packet[256];
    user_listens(r, 4);
    for (unsigned i = 0; i < 5; i++) {
        struct ciao_addr from = r->v6 ? cases[i].v6 : ip_addr_v4(cases[i].v4);
        size_t len = syn_from(r, &from, packet, sizeof packet);
        wire_brings(r, packet, len);
        expect_dropped(r, cases[i].reason);
        expect_nothing_sent(r);
    }
    struct ciao_addr other = story_address(r, false);
    size_t len = syn_from(r, &other, packet, sizeof packet); /* so the sums are right indeed */
    wire_brings(r, packet, len);
    expect_sent(r, "SYN,ACK seq=0 ack=1");
    peer_sends(r, "RST seq=1");
}

/* ---- what the program may set ---- */

static void change(struct story *r, uint8_t tos, uint8_t ttl)
{
    struct ciao_settings settings;
    expect(r, ciao_get_settings(r->stack, story_peer(r)->conn, &settings) == 0);
    settings.tos = tos;
    settings.ttl = ttl;
    expect(r, ciao_set_settings(r->stack, story_peer(r)->conn, &settings) == 0);
}

/* The type of service of the next frame, which the story does not see. */
static unsigned next_tos(struct story *r)
{
    struct ciao_frame frame, *list[1] = {&frame};
    expect(r, ciao_output(r->stack, r->link, list, 1, r->now_us) == 1);
    unsigned tos = r->v6 ? (frame.head[0] & 15u) << 4 | frame.head[1] >> 4 : frame.head[1];
    ciao_frame_release(&frame);
    return tos;
}

/* [RFC9293 3.9.1.9 MUST-48, SHLD-21, SHLD-22] set for the connection, changed while it lasts, and
 * on the wire as it was given */
TEST(the_program_sets_the_type_of_service)
{
    r->config.tcp.tos = 0x28;
    user_connects(r);
    expect(r, next_tos(r) == 0x28);
    time_passes(r, 1000);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000>");
    expect(r, next_tos(r) == 0x28);
    change(r, 0xb8, 64);
    user_sends(r, 10);
    expect(r, next_tos(r) == 0xb8);
    change(r, 0, 64);
    time_passes(r, 2990); /* 3 s after a lost SYN */
    r->now_us += 20000;
    (void)ciao_advance(r->stack, r->now_us);
    expect(r, next_tos(r) == 0); /* once more, as it is set now */
    peer_sends(r, "RST seq=1");
}

/* [RFC9293 3.9.2 MUST-49] */
TEST(the_program_sets_the_time_to_live)
{
    r->config.tcp.ttl = 7;
    they_are_connected(r); /* the story looks at each */
    change(r, 0, 255);
    r->ttl = 255;
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 ack=1 len=10");
    peer_resets(r);
}

/* [RFC9293 3.6.1 MAY-1] */
TEST(after_closing_nothing_can_be_read)
{
    uint8_t byte;
    they_are_connected(r);
    ciao_conn conn = story_peer(r)->conn;
    user_closes(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    expect(r, ciao_recv(r->stack, conn, &byte, 1, 0, r->now_us) == -CIAO_EBADCONN);
    peer_sends(r, "RST seq=1");
}

/* The record of a connection that has gone is still there, and says of itself that it has no life:
 * a handle that says so too leads nowhere. */
TEST(a_handle_without_a_life_is_nobodys)
{
    uint8_t byte;
    they_are_connected(r);
    ciao_conn conn = story_peer(r)->conn, lifeless = (uint32_t)conn;
    expect(r, ciao_recv(r->stack, lifeless, &byte, 1, 0, r->now_us) == -CIAO_EBADCONN);
    peer_sends(r, "RST seq=1");
    expect_state(r, CIAO_CLOSED);
    user_closes(r);
    expect(r, ciao_recv(r->stack, conn, &byte, 1, 0, r->now_us) == -CIAO_EBADCONN);
    expect(r, ciao_recv(r->stack, lifeless, &byte, 1, 0, r->now_us) == -CIAO_EBADCONN);
    expect(r, ciao_send(r->stack, lifeless, &byte, 1, 0, r->now_us) == -CIAO_EBADCONN);
    expect(r, ciao_close(r->stack, lifeless, NULL, r->now_us) == -CIAO_EBADCONN);
}

/* [RFC9293 3.9.1.8 SHLD-20] who does not ask is not told, and the connection goes on */
TEST(soft_errors_are_for_those_who_ask)
{
    they_are_connected(r);
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 ack=1 len=10");
    network_reports(r, NET_UNREACHABLE, 1);
    expect_ready(r, CIAO_WRITABLE);
    expect_error(r, 0);
    peer_sends(r, "ACK seq=1 ack=11 len=5");
    user_reads(r, 5);
    expect(r, ciao_soft_error(r->stack, story_peer(r)->conn) == -CIAO_ENOROUTE);
    peer_sends(r, "RST seq=6");
    expect_state(r, CIAO_CLOSED);
}

/* ---- batches ---- */

/* [RFC9293 3.10.7.4 MUST-58, MUST-59] all that has come is looked at, and then one ACK is sent */
TEST(a_batch_is_acknowledged_once)
{
    static uint8_t packets[4][1200];
    size_t len[4];
    they_are_connected(r);
    for (unsigned i = 0; i < 4; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "ACK seq=%u ack=1 len=1000", 1 + i * 1000);
        len[i] = story_packet(r, text, packets[i], sizeof packets[i]);
    }
    for (unsigned i = 0; i < 4; i++)
        story_bring(r, packets[i], len[i]);
    expect_sent(r, "ACK seq=1 ack=4001");
    expect_nothing_sent(r);
    user_reads(r, 4000);
    whatever_was_sent(r);
    peer_resets(r);
}

/* ---- the first flight ---- */

/* [RFC5681 3.1 5681-4] nothing is known yet: slow start goes on until something is lost */
TEST(ssthresh_begins_out_of_reach)
{
    they_are_connected(r);
    user_sends(r, 1000);
    expect_sent(r, "ACK seq=1 len=1000");
    expect(r, story_info(r).ssthresh_bytes >= 1u << 30);
    peer_resets(r);
}

/* [RFC5681 3.1 5681-3] a SYN was lost, so that one segment is enough for a beginning */
TEST(after_a_lost_syn_one_segment_is_sent_first)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0");
    time_passes(r, 1000);
    expect_sent(r, "SYN seq=0");
    peer_sends(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000>");
    expect_sent(r, "ACK seq=1 ack=1");
    user_sends(r, 3000);
    expect_sent(r, "ACK seq=1 len=1000");
    expect_nothing_sent(r);
    peer_sends(r, "ACK seq=1 ack=1001");
    expect_sent(r, "ACK seq=1001 len=1000");
    expect_sent(r, "ACK seq=2001 len=1000");
    peer_resets(r);
}

/* [RFC7323 5.4 7323-9] the clock of the timestamps is a millisecond a tick, and never goes back */
TEST(the_timestamp_clock_ticks_every_millisecond)
{
    they_are_connected_with(r, "ts 1 *");
    uint32_t first = story_peer(r)->our_ts_val;
    for (unsigned i = 1; i <= 20; i++) {
        time_passes(r, i * 100);
        peer_sends_f(r, "ACK seq=0 ack=1 len=1 <ts %u *>", 1 + i); /* old: it is answered */
        expect_sent(r, "ACK seq=1 ack=1 <ts * 1>");
        expect(r, story_peer(r)->our_ts_val - first == i * (i + 1) * 50);
    }
}

/* ---- a window that shrinks ---- */

/* [RFC9293 3.8.6 SHLD-17, MUST-35, MAY-7] what lies beyond the edge is asked after for as long as
 * the peer answers, and nobody gives up */
TEST(bytes_beyond_a_shrunken_window_do_not_end_it)
{
    they_are_connected(r);
    user_sends(r, 2000);
    expect_sent(r, "ACK seq=1 len=1000");
    expect_sent(r, "ACK seq=1001 len=1000");
    r->forgives_window = true;
    peer_sends(r, "ACK seq=1 ack=1001 wnd=0");
    unsigned probes = 0;
    for (unsigned s = 0; s < 400; s++) {
        time_passes(r, 1000);
        if (r->sent_first == r->sent_last)
            continue;
        probes++;
        whatever_was_sent(r);
        peer_sends(r, "ACK seq=1 ack=1001 wnd=0");
    }
    expect(r, probes >= 5); /* R2 is 100 s */
    expect_state(r, CIAO_ESTABLISHED);
    peer_sends(r, "ACK seq=1 ack=2001 wnd=65535");
    expect(r, story_info(r).unacked_bytes == 0);
    whatever_was_sent(r);
    peer_resets(r);
}

STORIES(STORY(the_first_number_is_a_clock_and_a_hash),
        STORY(without_the_secret_nobody_knows_the_first_number),
        STORY(an_open_takes_a_local_address_or_asks_ip_for_one),
        STORY(the_address_that_was_called_answers), STORY(nobody_connects_to_many),
        STORY(a_syn_from_an_impossible_address_is_ignored),
        STORY(the_program_sets_the_type_of_service), STORY(the_program_sets_the_time_to_live),
        STORY(after_closing_nothing_can_be_read), STORY(a_handle_without_a_life_is_nobodys),
        STORY(soft_errors_are_for_those_who_ask), STORY(a_batch_is_acknowledged_once),
        STORY(ssthresh_begins_out_of_reach), STORY(after_a_lost_syn_one_segment_is_sent_first),
        STORY(the_timestamp_clock_ticks_every_millisecond),
        STORY(bytes_beyond_a_shrunken_window_do_not_end_it))
