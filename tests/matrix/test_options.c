/*
 * Options of a SYN, of a SYN,ACK and of what follows: every order, doubled, cut off, of wrong or
 * impossible length, of kinds that nobody knows, behind the end of the list.
 * [RFC9293 3.1, 3.2 MUST-4, MUST-5, MUST-6, MUST-7, MUST-64, MUST-65, MUST-68, MUST-69; 3.7.1]
 */
#include <stdio.h>
#include <string.h>

#include "support/story.h"
#include "support/story_wire.h"
#include "wire/checksum.h"

/* What we are to have understood. */
struct meaning {
    unsigned mss; /* 0: the default */
    bool sack, ts, wscale;
};

struct options {
    const char *bytes;
    size_t len;
};
#define OPTIONS(text)          \
    {                          \
        text, sizeof(text) - 1 \
    }

/* A segment of the peer with these bytes as its options, padded with EOL. */
static void arrives_with(struct story *r, const char *text, const struct options *options)
{
    static uint8_t packet[512];
    size_t ip = r->v6 ? 40 : 20, padded = (options->len + 3) / 4 * 4;
    size_t len = story_packet(r, text, packet, sizeof packet);
    uint8_t *tcp = packet + ip;
    memmove(tcp + 20 + padded, tcp + 20, len - ip - 20); /* the text wrote none of its own */
    memset(tcp + 20, 0, padded);
    memcpy(tcp + 20, options->bytes, options->len);
    tcp[12] = (uint8_t)((5 + padded / 4) << 4);
    len += padded;
    if (r->v6) {
        packet[4] = (uint8_t)((len - 40) >> 8);
        packet[5] = (uint8_t)(len - 40);
    } else {
        packet[2] = (uint8_t)(len >> 8);
        packet[3] = (uint8_t)len;
        memset(packet + 10, 0, 2);
        csum_store(packet + 10, csum_small(packet, 20));
    }
    story_refresh_checksum(r, packet, len);
    wire_brings(r, packet, len);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void expect_understood(struct story *r, const struct meaning *want)
{
    struct ciao_info info = story_info(r);
    unsigned mss = want->mss != 0 ? want->mss : r->v6 ? 1220 : 536;
    expect(r, info.snd_mss == least(mss, r->v6 ? 1440 : 1460) - (want->ts ? 12 : 0));
    expect(r, info.sack == want->sack);
    expect(r, info.timestamps == want->ts);
    expect(r, info.wscale == want->wscale);
}

/* Our SYN,ACK has the options that the SYN had, and no others; they hold once we are connected. */
static void asked_with(struct story *r, const struct options *options, const struct meaning *want)
{
    char text[128];
    if (r->listener == 0)
        user_listens(r, 8);
    arrives_with(r, "SYN seq=0 wnd=65535", options);
    (void)snprintf(text, sizeof text, "SYN,ACK seq=0 ack=1 <mss *%s%s%s>",
                   want->sack ? ",sackOK" : "", want->ts ? ",ts * 7" : "",
                   want->wscale ? ",wscale *" : "");
    expect_sent(r, text);
    peer_sends(r, want->ts ? "ACK seq=1 ack=1 <ts 8 *>" : "ACK seq=1 ack=1");
    user_accepts(r);
    expect_understood(r, want);
    user_aborts(r);
    whatever_was_sent(r);
}

static void answered_with(struct story *r, const struct options *options,
                          const struct meaning *want)
{
    user_connects(r);
    expect_sent(r, "SYN seq=0 <mss *,sackOK,ts * 0,wscale *>");
    arrives_with(r, "SYN,ACK seq=0 ack=1 wnd=65535", options);
    expect_sent(r, want->ts ? "ACK seq=1 ack=1 <ts * 7>" : "ACK seq=1 ack=1 <>");
    expect_understood(r, want);
    user_aborts(r);
    whatever_was_sent(r);
}

static void both(struct story *r, const struct options *options, const struct meaning *want)
{
    answered_with(r, options, want);
    asked_with(r, options, want);
}

/* ---- well-formed ---- */

#define MSS    "\x02\x04\x03\xe8" /* 1000 */
#define WSCALE "\x03\x03\x05"
#define SACKOK "\x04\x02"
#define TS     "\x08\x0a\0\0\0\x07\0\0\0\0"
#define NOP    "\x01"

static const struct options four[] = {OPTIONS(MSS), OPTIONS(WSCALE), OPTIONS(SACKOK), OPTIONS(TS)};

static void append(char *bytes, size_t *len, const struct options *option)
{
    memcpy(bytes + *len, option->bytes, option->len);
    *len += option->len;
}

/* Each chosen option at its place in the permutation; NOPs between, where asked. */
static struct options ordered(char *bytes, unsigned permutation, unsigned chosen, bool spaced)
{
    static const struct options nop = OPTIONS(NOP);
    unsigned left[4] = {0, 1, 2, 3}, n = 4;
    size_t len = 0;
    for (; n != 0; n--) {
        unsigned at = permutation % n, which = left[at];
        permutation /= n;
        memmove(left + at, left + at + 1, (n - at - 1) * sizeof left[0]);
        if (!(chosen >> which & 1u))
            continue;
        if (spaced)
            append(bytes, &len, &nop);
        append(bytes, &len, &four[which]);
    }
    return (struct options){bytes, len};
}

static struct meaning meaning_of(unsigned chosen)
{
    return (struct meaning){chosen & 1u ? 1000 : 0, (chosen & 4u) != 0, (chosen & 8u) != 0,
                            (chosen & 2u) != 0};
}

TEST(options_in_every_order_and_choice_are_understood)
{
    for (unsigned i = 0; i < 24 * 16; i++) {
        char bytes[64];
        struct options options = ordered(bytes, i / 16, i % 16, i & 1u);
        struct meaning want = meaning_of(i % 16);
        both(r, &options, &want);
    }
}

/* At any alignment. [RFC9293 3.2 MUST-64] */
TEST(options_at_every_alignment_are_understood)
{
    static const struct meaning all = {1000, true, true, true};
    for (unsigned nops = 0; nops <= 20; nops++) {
        char bytes[64], rest[64];
        memset(bytes, 1, nops);
        struct options options = ordered(rest, nops, 15, false);
        memcpy(bytes + nops, rest, options.len);
        both(r, &(struct options){bytes, nops + options.len}, &all);
    }
}

/* What stands behind the end of the list is padding. [RFC9293 3.1 MUST-69] */
TEST(behind_the_end_of_the_list_nothing_counts)
{
    static const struct {
        struct options options;
        struct meaning want;
    } cases[] = {
        {OPTIONS("\0" MSS), {0}},
        {OPTIONS(MSS "\0" WSCALE), {1000, false, false, false}},
        {OPTIONS(MSS NOP "\0" SACKOK TS), {1000, false, false, false}},
        {OPTIONS(SACKOK "\0\xff\xff\xff\xff\xff"), {0, true, false, false}},
        {OPTIONS(MSS "\0\x02\x00\x01"), {1000, false, false, false}},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        both(r, &cases[i].options, &cases[i].want);
}

/* [RFC9293 3.1 MUST-6, MUST-68] */
TEST(unknown_kinds_are_skipped_by_their_length)
{
    static const struct meaning mss = {1000, false, false, false};
    for (unsigned kind = 9; kind < 256; kind++) {
        if (kind == 34) /* TCP Fast Open is known to some */
            continue;
        for (unsigned len = 2; len <= 36; len += 17) {
            char bytes[64] = {(char)kind, (char)len};
            memcpy(bytes + len, MSS, 4);
            both(r, &(struct options){bytes, len + 4}, &mss);
        }
    }
}

/* A list of NOPs alone, and one of every byte that there can be. */
TEST(a_list_may_be_forty_bytes_long)
{
    static const struct options nops =
        OPTIONS(NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP
                    NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP);
    static const struct options full = OPTIONS(MSS WSCALE SACKOK TS "\xfe\x15"
                                                                    "0123456789012345678");
    static const struct meaning nothing = {0}, all = {1000, true, true, true};
    expect(r, nops.len == 40 && full.len == 40);
    both(r, &nops, &nothing);
    both(r, &full, &all);
}

/* ---- doubled, and of odd values ---- */

TEST(of_an_option_that_comes_twice_the_last_counts)
{
    static const struct options mss = OPTIONS(MSS "\x02\x04\x02\x58");
    static const struct options scale = OPTIONS(WSCALE WSCALE SACKOK SACKOK);
    static const struct meaning last = {600, false, false, false};
    static const struct meaning once = {0, true, false, true};
    both(r, &mss, &last);
    both(r, &scale, &once);
}

/* [RFC9293 3.7.1 MUST-15, MUST-16] none, or none that is one: the default; more than the link
 * carries: what it carries */
TEST(an_mss_of_any_value_is_borne)
{
    static const struct {
        struct options options;
        unsigned mss;
    } cases[] = {
        {OPTIONS("\x02\x04\0\0"), 0},
        {OPTIONS("\x02\x04\xff\xff"), 65535},
        {OPTIONS("\x02\x04\x02\x18"), 536},
        {OPTIONS("\x02\x04\x00\x80"), 128},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        both(r, &cases[i].options, &(struct meaning){cases[i].mss, false, false, false});
}

/* A known kind of a length that is not its own says nothing. */
TEST(known_kinds_of_a_wrong_length_are_skipped)
{
    static const struct options cases[] = {
        OPTIONS("\x02\x02"),
        OPTIONS("\x02\x03\x05"),
        OPTIONS("\x02\x05\x03\xe8\x00"),
        OPTIONS("\x03\x02"),
        OPTIONS("\x03\x04\x05\x05"),
        OPTIONS("\x04\x03\x00"),
        OPTIONS("\x08\x02"),
        OPTIONS("\x08\x08\0\0\0\x07\0\0"),
        OPTIONS("\x08\x0c\0\0\0\x07\0\0\0\0\0\0"),
    };
    static const struct meaning nothing = {0};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        both(r, &cases[i], &nothing);
}

/* ---- impossible ---- */

/* [RFC9293 3.1 MUST-7] The segment is dropped, and its reason told; nothing is opened by it, and
 * nothing broken. */
TEST(an_impossible_length_opens_nothing)
{
    static const struct options cases[] = {
        OPTIONS("\x02\x00\x03\xe8"), OPTIONS("\x02\x01\x03\xe8"), OPTIONS("\xfe\x00\0\0"),
        OPTIONS(MSS "\xfe\x01\0\0"), OPTIONS(MSS "\x02\x05\0\0"), OPTIONS(MSS NOP NOP NOP "\x02"),
        OPTIONS("\x08\xff\0\0"),     OPTIONS(MSS "\x08\x0a\0\0"),
    };
    user_listens(r, 8);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        peer_is(r, 0);
        arrives_with(r, "SYN seq=0 wnd=65535", &cases[i]);
        expect_dropped(r, CIAO_DROP_TCP_OPTION_LENGTH);
        expect_nothing_sent(r);
        peer_is(r, 1);
        user_connects(r);
        expect_sent(r, "SYN seq=0");
        arrives_with(r, "SYN,ACK seq=0 ack=1 wnd=65535", &cases[i]);
        expect_dropped(r, CIAO_DROP_TCP_OPTION_LENGTH);
        expect_nothing_sent(r);
        expect_state(r, CIAO_SYN_SENT);
        user_aborts(r);
    }
}

TEST(an_impossible_length_ends_nothing)
{
    static const struct options bad = OPTIONS("\x05\x00\0\0");
    they_are_connected(r);
    arrives_with(r, "ACK seq=1 ack=1 len=10", &bad);
    expect_dropped(r, CIAO_DROP_TCP_OPTION_LENGTH);
    expect_nothing_sent(r);
    arrives_with(r, "RST seq=1", &bad);
    expect_state(r, CIAO_ESTABLISHED);
    peer_sends(r, "ACK seq=1 ack=1 len=10");
    user_reads(r, 10);
    time_passes(r, 500);
    expect_sent(r, "ACK seq=1 ack=11");
}

/* ---- behind the handshake ---- */

/* [RFC9293 3.2 MUST-65, 3.1 MUST-5; RFC2018 2 2018-1] those that belong to a SYN mean nothing
 * later, and what is
 * meant for later is read there */
TEST(a_segment_of_data_changes_nothing_that_was_agreed)
{
    static const struct options cases[] = {
        OPTIONS("\x02\x04\x00\x64"), OPTIONS(WSCALE), OPTIONS(SACKOK),
        OPTIONS(MSS WSCALE SACKOK),  OPTIONS(TS),     OPTIONS("\x05\x0a\0\0\0\x01\0\0\0\x02"),
    };
    static const struct meaning before = {1000, false, false, false};
    they_are_connected(r);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "ACK seq=%u ack=1 wnd=65535 len=10", 1 + i * 10);
        arrives_with(r, text, &cases[i]);
        user_reads(r, 10);
        expect_understood(r, &before);
        expect(r, story_info(r).snd_wnd == 65535);
    }
    time_passes(r, 500);
    expect_sent(r, "ACK seq=1 ack=61 <>");
}

STORIES(STORY(options_in_every_order_and_choice_are_understood),
        STORY(options_at_every_alignment_are_understood),
        STORY(behind_the_end_of_the_list_nothing_counts),
        STORY(unknown_kinds_are_skipped_by_their_length), STORY(a_list_may_be_forty_bytes_long),
        STORY(of_an_option_that_comes_twice_the_last_counts), STORY(an_mss_of_any_value_is_borne),
        STORY(known_kinds_of_a_wrong_length_are_skipped), STORY(an_impossible_length_opens_nothing),
        STORY(an_impossible_length_ends_nothing),
        STORY(a_segment_of_data_changes_nothing_that_was_agreed))
