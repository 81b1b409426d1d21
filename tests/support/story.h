/*
 * Tests of TCP that read as stories: the user does, the peer sends, we send, the state is.
 *
 * One real stack with small budgets; the test plays the peer, frame by frame.  Numbers are
 * relative (each SYN is 0); the real ones of both ends sit 16 below the wrap.  Time moves only when
 * the story says.  Every story is run over IPv4 and over IPv6.
 *
 * Each frame that the stack sends is checked before the story sees it: checksums, lengths, an ACK
 * where one is due, no byte beyond the peer's window or MSS, an offered window that is never taken
 * back, payload bytes that are those which the user gave.  At the end of a story nothing is unsent,
 * every table is empty and no timer is left; what was covered is left for the judge,
 * tests/tcp/test_covered.py.
 *
 * Segments are written like "SYN,ACK seq=0 ack=1 wnd=65535 len=10 <mss 1460,sackOK,ts 1 0>".
 *   peer_sends    what is not said is 0, the window as the peer said it last
 *   expect_sent   what is not said is not compared; but there is no payload without len=, and no
 *                 option beside those of <...> where that is given (* for any number); PSH does not
 *                 count
 * ecn=3 are the two bits in the IP header. Blocks of SACK: <sack 11:21 31:41>.  Where both SYNs
 * had timestamps the peer's segments have them too, unless <...> says otherwise; * as the echo is
 * what we sent last.
 */
#ifndef TESTS_SUPPORT_STORY_H
#define TESTS_SUPPORT_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/stack.h"
#include "wire/tcp.h"

#define STORY_PEERS    48
#define STORY_SEGMENTS 512
#define STORY_EVENTS   8192
#define STORY_PORT     80
#define STORY_PEER     40000 /* port of peer 0 */

/* One conversation: the peer's side of it is the story's. */
struct story_peer {
    ciao_conn conn;        /* of the user, 0: not (yet, any longer) held */
    uint32_t our_isn, isn; /* ours is learnt from the stack's first SYN */
    bool our_isn_known;
    uint32_t wnd;              /* as it stands in the header */
    unsigned shift, our_shift; /* of windows, once both have offered */
    bool peer_offers_scale, we_offer_scale;
    uint32_t mss;            /* as the peer announced, or the default */
    uint32_t edge, our_edge; /* relative right edges: the peer's, and ours */
    bool our_edge_known;
    bool peer_offers_ts, we_offer_ts;
    uint32_t ts_val, our_ts_val; /* last sent by the peer, and by us */
    uint32_t last_ack;           /* of ours */
    uint64_t written, read;      /* bytes that the user gave and took */
};

struct story_segment {
    uint64_t at_us;
    bool ours;
    uint16_t peer;
    struct tcp_header h; /* numbers relative */
    uint32_t len;
    uint8_t ecn; /* the two bits of the IP header */
};

struct story {
    struct ciao_config config; /* may be changed before the first thing happens */
    uint32_t mtu;
    bool v6;
    struct ciao_stack *stack;
    void *memory;
    size_t bytes;
    int link;
    uint64_t now_us;
    ciao_conn listener;
    unsigned peer; /* whose turn it is to speak */
    struct story_peer peers[STORY_PEERS];
    struct story_segment log[STORY_SEGMENTS], sent[STORY_SEGMENTS]; /* both go round */
    unsigned logged, sent_first, sent_last; /* ours that were not looked at yet */
    struct ciao_bufpool buffers;            /* of the peer's frames */
    void *buffer_memory;
    struct ciao_event events[STORY_EVENTS];
    unsigned event_count, event_told;
    bool forgives_window; /* the peer takes its window back: bytes beyond it are no fault */
    uint8_t ttl;
    const char *name, *file;
    int line;
};

/* ---- writing stories ---- */
#define TEST(name) static void name(struct story *r)
#define STORY(name) \
    {               \
#name, name \
    }
struct story_test {
    const char *name;
    void (*run)(struct story *r);
};
/* Runs each over both families; CIAO_STORY names one alone. */
int stories_run(const struct story_test *tests, unsigned count);
/* All stories of a file, at its end. */
extern const struct story_test stories[];
extern const unsigned story_count;
#define STORIES(...)                                   \
    const struct story_test stories[] = {__VA_ARGS__}; \
    const unsigned story_count = sizeof stories / sizeof stories[0];

struct story *story_at(struct story *r, const char *file, int line);
#define AT(r) story_at(r, __FILE__, __LINE__)
_Noreturn void story_fail(struct story *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- the user ---- */
#define user_listens(r, backlog)    story_listens(AT(r), backlog)
#define user_stops_listening(r)     story_stops_listening(AT(r))
#define user_connects(r)            story_connects(AT(r))
#define user_accepts(r)             story_accepts(AT(r))
#define user_sends(r, n)            story_sends(AT(r), n, 0)
#define user_sends_more(r, n)       story_sends(AT(r), n, CIAO_SEND_MORE)
#define user_sends_urgent(r, n)     story_sends(AT(r), n, CIAO_SEND_URGENT)
#define user_reads(r, n)            story_reads(AT(r), n)
#define user_shuts_down(r)          story_shuts_down(AT(r), CIAO_SHUT_WR)
#define user_stops_reading(r)       story_shuts_down(AT(r), CIAO_SHUT_RD)
#define user_closes(r)              story_closes(AT(r))
#define user_aborts(r)              story_aborts(AT(r))
#define expect_end_of_stream(r)     story_expect_read(AT(r), 0)
#define expect_read_error(r, error) story_expect_read(AT(r), -(error))
#define expect_send_error(r, error) story_expect_send(AT(r), -(error))
#define expect_error(r, error)      story_expect_error(AT(r), -(error))
#define expect_ready(r, mask)       story_expect_ready(AT(r), mask)
#define expect_nobody_to_accept(r)  story_expect_nobody(AT(r))

void story_listens(struct story *r, unsigned backlog);
void story_stops_listening(struct story *r);
void story_connects(struct story *r);
void story_accepts(struct story *r);
void story_sends(struct story *r, unsigned n, unsigned flags);
void story_reads(struct story *r, unsigned n);
void story_shuts_down(struct story *r, enum ciao_how how);
struct ciao_event_report story_closes(struct story *r);
struct ciao_event_report story_aborts(struct story *r);
void story_expect_read(struct story *r, int64_t result);
void story_expect_send(struct story *r, int64_t result);
void story_expect_error(struct story *r, int error);
void story_expect_ready(struct story *r, unsigned mask);
void story_expect_nobody(struct story *r);

/* ---- the peer ---- */
#define peer_sends(r, text)  story_peer_sends(AT(r), text)
/* The same, written with printf. */
#define peer_sends_f(r, ...) story_peer_sends_f(AT(r), __VA_ARGS__)
void story_peer_sends(struct story *r, const char *text);
void story_peer_sends_f(struct story *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* From here on the story is about the conversation with that peer, 0 .. STORY_PEERS-1. */
void peer_is(struct story *r, unsigned number);
/* A frame as it is; the network may bring anything. */
void wire_brings(struct story *r, const uint8_t *bytes, size_t len);
/* The bytes of that segment, for who wants to spoil them first; returns their number. */
size_t story_packet(struct story *r, const char *text, uint8_t *out, size_t room);
/* Write the TCP checksum of a packet of story_packet() anew. */
void story_refresh_checksum(struct story *r, uint8_t *packet, size_t len);

/* An ICMP error about the segment of ours with that relative number. */
enum story_icmp { NET_UNREACHABLE, PORT_UNREACHABLE, TIME_EXCEEDED, TOO_BIG };
#define network_reports(r, what, seq) story_network_reports(AT(r), what, seq)
void story_network_reports(struct story *r, enum story_icmp what, uint32_t seq);

/* ---- what follows ---- */
#define expect_sent(r, text)      story_expect_sent(AT(r), text)
#define expect_sent_f(r, ...)     story_expect_sent_f(AT(r), __VA_ARGS__)
#define expect_nothing_sent(r)    story_expect_nothing_sent(AT(r))
#define expect_state(r, state)    story_expect_state(AT(r), state)
#define expect_told(r, key)       story_expect_told(AT(r), key)
#define expect_not_told(r, key)   story_expect_not_told(AT(r), key)
#define expect_dropped(r, reason) story_expect_told(AT(r), ciao_reason_key(reason))
#define expect_told_error(r, e)   story_expect_error(AT(r), -(e))
#define expect(r, claim)          story_expect(AT(r), claim, #claim)
void story_expect_sent(struct story *r, const char *text);
void story_expect_sent_f(struct story *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void story_expect_nothing_sent(struct story *r);
void story_expect_state(struct story *r, enum ciao_state state);
void story_expect_told(struct story *r, const char *key);
void story_expect_not_told(struct story *r, const char *key);
void story_expect(struct story *r, bool holds, const char *claim);

#define time_passes(r, ms) story_time_passes(AT(r), (uint64_t)(ms)*1000)
void story_time_passes(struct story *r, uint64_t us);

/* Segments of ours that have left and were not looked at: forget them. */
void whatever_was_sent(struct story *r);
struct ciao_info story_info(struct story *r);
/* The key of what an event tells; "" where it has none. */
const char *story_key_of(const struct ciao_event *event);
struct story_peer *story_peer(struct story *r);
enum ciao_state story_state(struct story *r);

/* ---- whole chapters ---- */
#define they_are_connected(r)         story_connected(AT(r), "")
#define they_are_connected_with(r, o) story_connected(AT(r), o)
#define peer_has_connected(r)         story_accepted(AT(r), "")
#define peer_has_connected_with(r, o) story_accepted(AT(r), o)
/* We opened; the peer's SYN carried these options. */
void story_connected(struct story *r, const char *options);
/* The peer opened, and the user has accepted. */
void story_accepted(struct story *r, const char *options);
/* End it, whatever state it is in: an exact RST of the peer. */
#define peer_resets(r) story_peer_resets(AT(r))
void story_peer_resets(struct story *r);
/* The stack is made now (it is made by itself when the first thing happens). */
void story_begin(struct story *r);
/* Bring all to an end and look whether everything is empty; stories_run() calls it. */
void story_end(struct story *r);

#endif
