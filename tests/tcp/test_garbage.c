/*
 * Garbage: random and truncated segments, bad lengths and checksums, every combination of flags in
 * every state.  None crashes or leaks (every story ends with empty tables); what is thrown away is
 * counted, with a reason.
 */
#include <string.h>

#include "base/rng.h"
#include "support/story.h"
#include "support/story_wire.h"
#include "tcp/reach.h"
#include "wire/checksum.h"
#include "wire/ip4.h"
#include "wire/protocol.h"

#define ROOM 2048

static uint64_t drops(const struct story *r)
{
    uint64_t all = 0;
    for (unsigned i = 1; i < CIAO_REASONS; i++)
        if (ciao_reason_kind_of((enum ciao_reason)i) == CIAO_KIND_DROP)
            all += ciao_reason_count(r->stack, (enum ciao_reason)i);
    return all;
}

static size_t ip_header(const struct story *r)
{
    return r->v6 ? 40 : 20;
}

static size_t valid_packet(struct story *r, uint8_t packet[ROOM])
{
    return story_packet(r, "ACK seq=1 ack=1 len=20 <ts 5 6,sack 3:4>", packet, ROOM);
}

/* The IP header says `len`, and is right. */
static void set_length(const struct story *r, uint8_t *packet, size_t len)
{
    if (r->v6) {
        packet[4] = (uint8_t)((len - 40) >> 8);
        packet[5] = (uint8_t)(len - 40);
    } else {
        packet[2] = (uint8_t)(len >> 8);
        packet[3] = (uint8_t)len;
        ip4_refresh_checksum(packet);
    }
}

static void expect_one_drop(struct story *r, const uint8_t *packet, size_t len,
                            enum ciao_reason reason)
{
    uint64_t before = drops(r), of_it = ciao_reason_count(r->stack, reason);
    wire_brings(r, packet, len);
    expect(r, drops(r) == before + 1);
    expect(r, ciao_reason_count(r->stack, reason) == of_it + 1);
    expect_nothing_sent(r);
}

/* ---- what cannot be read ---- */

/* [RFC9293 3.1 MUST-3] */
TEST(one_wrong_bit_is_found_by_the_checksum)
{
    uint8_t packet[ROOM];
    they_are_connected(r);
    size_t len = valid_packet(r, packet);
    for (size_t bit = ip_header(r) * 8; bit < len * 8; bit++) {
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        uint64_t before = ciao_reason_count(r->stack, CIAO_DROP_TCP_CHECKSUM);
        uint64_t all = drops(r);
        wire_brings(r, packet, len);
        expect(r, ciao_reason_count(r->stack, CIAO_DROP_TCP_CHECKSUM) == before + 1);
        expect(r, drops(r) == all + 1);
        expect_nothing_sent(r);
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    expect_state(r, CIAO_ESTABLISHED);
    expect(r, story_info(r).unread_bytes == 0);
    wire_brings(r, packet, len); /* and without the fault it is taken */
    user_reads(r, 20);
    whatever_was_sent(r);
}

TEST(a_segment_cut_anywhere_is_dropped)
{
    uint8_t packet[ROOM];
    they_are_connected(r);
    size_t whole = valid_packet(r, packet), header = ip_header(r);
    for (size_t len = header; len < whole; len++) {
        size_t tcp_len = len - header;
        valid_packet(r, packet);
        set_length(r, packet, len);
        if (tcp_len >= 20)
            story_refresh_checksum(r, packet, len);
        if (tcp_len < 20)
            expect_one_drop(r, packet, len, CIAO_DROP_TCP_SHORT);
        else if (tcp_len < 20u + 12u + 12u)
            expect_one_drop(r, packet, len, CIAO_DROP_TCP_OFFSET);
    }
    for (size_t len = 1; len < whole; len++) { /* the IP header says more than has come */
        uint64_t before = drops(r);
        valid_packet(r, packet);
        wire_brings(r, packet, len);
        expect(r, drops(r) == before + 1);
        expect_nothing_sent(r);
    }
    expect_state(r, CIAO_ESTABLISHED);
}

TEST(an_offset_below_the_header_is_dropped)
{
    uint8_t packet[ROOM];
    they_are_connected(r);
    for (unsigned words = 0; words < 5; words++) {
        size_t len = valid_packet(r, packet);
        packet[ip_header(r) + 12] = (uint8_t)(words << 4 | (packet[ip_header(r) + 12] & 15));
        story_refresh_checksum(r, packet, len);
        expect_one_drop(r, packet, len, CIAO_DROP_TCP_OFFSET);
    }
}

/* [RFC9293 3.1 MUST-7] */
TEST(an_option_of_impossible_length_is_dropped)
{
    static const uint8_t bad[][4] = {
        {2, 0, 0, 0}, {2, 1, 0, 0}, {1, 1, 1, 2}, {99, 13, 0, 0}, {8, 10, 0, 0}};
    uint8_t packet[ROOM];
    they_are_connected(r);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t len = story_packet(r, "ACK seq=1 ack=1 <ts 5 6>", packet, sizeof packet);
        memset(packet + ip_header(r) + 20, 1, 12);
        memcpy(packet + ip_header(r) + 28, bad[i], 4);
        story_refresh_checksum(r, packet, len);
        expect_one_drop(r, packet, len, CIAO_DROP_TCP_OPTION_LENGTH);
    }
}

/* [RFC9293 3.1 MUST-5, MUST-6] */
TEST(options_that_nobody_knows_are_skipped)
{
    uint8_t packet[ROOM];
    they_are_connected(r);
    for (unsigned kind = 0; kind < 256; kind++) {
        size_t len = story_packet(r, "ACK seq=1 ack=1 <ts 5 6>", packet, sizeof packet);
        uint8_t *options = packet + ip_header(r) + 20;
        memset(options, 1, 12);
        options[0] = (uint8_t)kind;
        options[1] = kind < 2 ? 1 : 4;
        story_refresh_checksum(r, packet, len);
        uint64_t before = drops(r);
        wire_brings(r, packet, len);
        expect(r, drops(r) == before);
        expect_nothing_sent(r);
    }
}

/* [RFC9293 3.9.2.3 MUST-57] */
TEST(a_segment_to_many_is_dropped)
{
    uint8_t packet[ROOM];
    user_listens(r, 8);
    size_t len = story_packet(r, "SYN seq=0 wnd=65535 <mss 1000>", packet, sizeof packet);
    uint8_t *tcp = packet + ip_header(r);
    struct ciao_addr src = story_address(r, false), dst = {{0xff, 2, [15] = 1}};
    if (r->v6) {
        memcpy(packet + 24, dst.b, 16);
    } else {
        dst = story_address(r, true);
        dst.b[15] = 255; /* the directed broadcast */
        memcpy(packet + 16, dst.b + 12, 4);
        ip4_refresh_checksum(packet);
    }
    uint32_t tcp_len = (uint32_t)(len - ip_header(r));
    memset(tcp + TCP_CHECKSUM_OFFSET, 0, 2);
    csum_store(tcp + TCP_CHECKSUM_OFFSET,
               csum_pseudo(&src, &dst, IP_PROTO_TCP, tcp_len) + csum_small(tcp, tcp_len));
    expect_one_drop(r, packet, len, CIAO_DROP_TCP_TO_MANY);
    expect_nobody_to_accept(r);
}

/* ---- what can be read, and means nothing ---- */

static const enum ciao_state all_states[] = {
    CIAO_CLOSED,      CIAO_LISTEN,     CIAO_SYN_SENT,   CIAO_SYN_RECEIVED,
    CIAO_ESTABLISHED, CIAO_FIN_WAIT_1, CIAO_FIN_WAIT_2, CIAO_CLOSE_WAIT,
    CIAO_CLOSING,     CIAO_LAST_ACK,   CIAO_TIME_WAIT,
};

/* Back to nothing, whatever has become of it. */
static void clear_away(struct story *r)
{
    whatever_was_sent(r);
    if (story_peer(r)->conn != 0)
        user_aborts(r);
    if (r->listener != 0)
        user_stops_listening(r);
    whatever_was_sent(r);
    if (story_state(r) == CIAO_TIME_WAIT)
        time_passes(r, 240000);
    expect_state(r, CIAO_CLOSED);
    story_peer(r)->our_isn_known = false;
    story_peer(r)->our_edge_known = false;
}

/* It went somewhere: a reason, an arc, or an answer. */
static bool left_a_trace(struct story *r, unsigned events)
{
    for (unsigned i = events; i < r->event_count; i++) {
        uint8_t type = r->events[i].type;
        if (type == CIAO_EVENT_RECEIVED || type == CIAO_EVENT_REASON || type == CIAO_EVENT_ARC)
            return true;
    }
    return false;
}

static void try_flags(struct story *r, enum ciao_state state, unsigned flags, int seq, int ack)
{
    struct story_text text = {.flags = (uint16_t)flags, .len = flags % 3 == 0 ? 10 : 0};
    uint8_t packet[ROOM];
    reach(r, state);
    r->event_count = r->event_told = 0;
    text.seq = reach_peer_next(state) + (uint32_t)seq;
    text.ack = reach_our_next(state) + (uint32_t)ack;
    if (state == CIAO_LISTEN || state == CIAO_CLOSED)
        story_peer(r)->our_isn_known = story_peer(r)->our_edge_known = false;
    size_t len = story_build(r, &text, packet, sizeof packet);
    story_bring(r, packet, len);
    whatever_was_sent(r);
    if (!left_a_trace(r, 0))
        story_fail(r, "in %s the flags %u at seq %d ack %d left no trace", ciao_state_name(state),
                   flags, seq, ack);
    time_passes(r, 300);
    clear_away(r);
}

static void every_flag(struct story *r, const enum ciao_state *states, unsigned n)
{
    static const int seqs[] = {0, -1, 1, 100000}, acks[] = {0, -1, 1};
    r->config.max_time_wait = 64;
    for (unsigned s = 0; s < n; s++)
        for (unsigned flags = 0; flags < 512; flags++)
            for (unsigned i = 0; i < 4; i++)
                for (unsigned j = 0; j < 3; j++)
                    try_flags(AT(r), states[s], flags, seqs[i], acks[j]);
}

TEST(every_combination_of_flags_while_opening)
{
    every_flag(r, all_states, 4);
}

TEST(every_combination_of_flags_while_open)
{
    every_flag(r, all_states + 4, 4);
}

TEST(every_combination_of_flags_while_closing)
{
    every_flag(r, all_states + 8, 3);
}

/* ---- random ---- */

struct noise {
    struct rng rng;
};

static uint32_t below(struct noise *noise, uint32_t n)
{
    return rng_below(&noise->rng, n);
}

/* Mostly near what is expected, sometimes anywhere. */
static uint32_t near(struct noise *noise, uint32_t number)
{
    switch (below(noise, 5)) {
    case 0: return rng_u32(&noise->rng);
    case 1: return number + below(noise, 70000) - 35000;
    case 2: return number + below(noise, 20) - 10;
    default: return number;
    }
}

static struct story_text random_segment(struct story *r, struct noise *noise)
{
    static const uint16_t usual[] = {TCP_ACK, TCP_ACK, TCP_ACK | TCP_FIN, TCP_ACK | TCP_PSH,
                                     TCP_SYN, TCP_RST, TCP_SYN | TCP_ACK, TCP_ACK | TCP_URG};
    struct story_text text = {.has_wnd = true, .has_options = true};
    text.flags = below(noise, 4) == 0 ? (uint16_t)below(noise, 512) : usual[below(noise, 8)];
    if (text.flags & TCP_RST && below(noise, 4) != 0)
        text.flags = TCP_ACK;
    text.seq = near(noise, story_peer(r)->last_ack);
    text.ack = near(noise, (uint32_t)story_peer(r)->written + 1);
    text.wnd = below(noise, 3) == 0 ? 0 : below(noise, 65536);
    text.len = below(noise, 3) == 0 ? below(noise, 1400) : 0;
    text.urp = below(noise, 65536);
    text.opt.has_ts = below(noise, 2) != 0;
    text.opt.ts_val = near(noise, 1000);
    text.opt.ts_ecr = near(noise, story_peer(r)->our_ts_val);
    text.opt.n_sack = (uint8_t)below(noise, 5);
    for (unsigned i = 0; i < text.opt.n_sack; i++) {
        text.opt.sack[i].start = near(noise, text.ack + 1000);
        text.opt.sack[i].end = near(noise, text.opt.sack[i].start + 1000);
    }
    return text;
}

static void noise_at(struct story *r, struct noise *noise, unsigned segments)
{
    static uint8_t packet[ROOM];
    for (unsigned i = 0; i < segments; i++) {
        struct story_text text = random_segment(r, noise);
        story_pump(r);
        uint32_t mss = story_peer(r)->mss; /* a stray SYN agrees upon nothing */
        bool scale = story_peer(r)->peer_offers_scale, ts = story_peer(r)->peer_offers_ts;
        size_t len = story_build(r, &text, packet, sizeof packet);
        story_peer(r)->mss = mss;
        story_peer(r)->peer_offers_scale = scale;
        story_peer(r)->peer_offers_ts = ts;
        for (unsigned n = below(noise, 8) == 0 ? below(noise, 4) : 0; n != 0; n--)
            packet[ip_header(r) + 4 + below(noise, (uint32_t)(len - ip_header(r)) - 4)] ^= 0x55;
        if (below(noise, 2) == 0)
            story_refresh_checksum(r, packet, len);
        story_bring(r, packet, len);
        whatever_was_sent(r);
        if (below(noise, 10) == 0)
            time_passes(r, below(noise, 3000));
        whatever_was_sent(r);
        if (story_state(r) == CIAO_CLOSED)
            return;
    }
}

/* The numbers that the peer sends are nonsense, so its bytes may be any: they are read unseen. */
static void read_unseen(struct story *r)
{
    uint8_t bytes[4096];
    for (unsigned flags = CIAO_RECV_PEEK; flags <= CIAO_RECV_URGENT; flags++)
        (void)!ciao_recv(r->stack, story_peer(r)->conn, bytes, 1 + flags * 700, flags, r->now_us);
    while (ciao_recv(r->stack, story_peer(r)->conn, bytes, sizeof bytes, 0, r->now_us) > 0)
        continue;
}

static void random_lives(struct story *r, enum ciao_profile profile, uint8_t seed)
{
    struct noise noise;
    const uint8_t seed_bytes[32] = {seed, r->v6};
    rng_seed(&noise.rng, seed_bytes);
    r->config.tcp = *ciao_profile(profile);
    r->config.tcp.sndbuf_bytes = 100000;
    r->config.tcp.rcvbuf_bytes = 50000;
    r->config.tcp.orphan_fin_wait_2_us = 1000000;
    r->config.max_time_wait = 64;
    r->forgives_window = true;
    for (unsigned life = 0; life < 150; life++) {
        they_are_connected_with(r, life % 2 ? "sackOK,ts 1000 *" : "");
        if (life % 3 == 0)
            user_sends_urgent(r, 1 + below(&noise, 20000));
        else
            user_sends(r, 1 + below(&noise, 20000));
        noise_at(r, &noise, 60);
        read_unseen(r);
        if (below(&noise, 2) == 0 && story_state(r) == CIAO_ESTABLISHED)
            user_shuts_down(r);
        noise_at(r, &noise, 60);
        read_unseen(r);
        user_aborts(r);
        whatever_was_sent(r);
        time_passes(r, 300000);
        whatever_was_sent(r);
        r->event_count = r->event_told = 0;
    }
}

TEST(random_segments_with_the_profile_ciao)
{
    random_lives(r, CIAO_PROFILE_CIAO, 1);
}

TEST(random_segments_with_the_profile_rfc)
{
    random_lives(r, CIAO_PROFILE_RFC, 2);
}

TEST(random_segments_with_the_profile_linux)
{
    random_lives(r, CIAO_PROFILE_LINUX, 3);
}

TEST(random_bytes_are_dropped)
{
    struct noise noise;
    const uint8_t seed[32] = {9, r->v6};
    uint8_t bytes[256], valid[ROOM];
    rng_seed(&noise.rng, seed);
    user_listens(r, 8);
    for (unsigned i = 0; i < 20000; i++) {
        size_t len = ip_header(r) + below(&noise, 100);
        for (size_t n = 0; n < len; n++)
            bytes[n] = (uint8_t)rng_u32(&noise.rng);
        if (i % 2) { /* behind a good IP header */
            (void)story_packet(r, "ACK seq=1 ack=1", valid, sizeof valid);
            memcpy(bytes, valid, ip_header(r));
            set_length(r, bytes, len);
        }
        uint64_t before = drops(r);
        wire_brings(r, bytes, len);
        expect(r, drops(r) == before + 1);
        r->event_count = r->event_told = 0;
    }
    expect_nothing_sent(r);
}

/* Nobody takes our answers away: they are bounded, and what is beyond is counted. */
TEST(answers_that_nobody_takes_are_bounded)
{
    uint8_t packet[ROOM];
    size_t len = story_packet(r, "ACK seq=5 ack=9", packet, sizeof packet);
    ciao_events_mask(r->stack, 0);
    unsigned sent = 0;
    while (ciao_reason_count(r->stack, CIAO_DROP_REPLY_QUEUE_FULL) == 0 && sent++ < 100000)
        story_bring(r, packet, len);
    expect(r, sent < 100000);
    ciao_events_mask(r->stack, CIAO_EVENTS_ALL);
    struct ciao_frame frame;
    struct ciao_frame *list[1] = {&frame};
    ciao_frame_init(&frame);
    while (ciao_output(r->stack, r->link, list, 1, r->now_us) != 0)
        ciao_frame_release(&frame);
}

STORIES(STORY(one_wrong_bit_is_found_by_the_checksum), STORY(a_segment_cut_anywhere_is_dropped),
        STORY(an_offset_below_the_header_is_dropped),
        STORY(an_option_of_impossible_length_is_dropped),
        STORY(options_that_nobody_knows_are_skipped), STORY(a_segment_to_many_is_dropped),
        STORY(every_combination_of_flags_while_opening),
        STORY(every_combination_of_flags_while_open),
        STORY(every_combination_of_flags_while_closing),
        STORY(random_segments_with_the_profile_ciao), STORY(random_segments_with_the_profile_rfc),
        STORY(random_segments_with_the_profile_linux), STORY(random_bytes_are_dropped),
        STORY(answers_that_nobody_takes_are_bounded))
