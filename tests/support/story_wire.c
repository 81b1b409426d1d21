/*
 * A story's frames: the peer's are made here, ours are checked.
 */
#include "story_wire.h"

#include <string.h>

#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

struct ciao_addr story_address(const struct story *r, bool ours)
{
    if (!r->v6)
        return ip_addr_v4(ours ? 0xc0000201 : 0xc0000202);
    return (struct ciao_addr){
        {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ours ? 1 : 2}};
}

uint8_t story_byte(bool ours, uint64_t at)
{
    return (uint8_t)(at * 131 ^ at >> 8 ^ at >> 16 ^ (ours ? 0 : 0x5a));
}

static void note(struct story *r, const struct story_segment *segment)
{
    r->log[r->logged++ % STORY_SEGMENTS] = *segment;
}

/* ---- the peer's ---- */

/* Timestamps come by themselves once both SYNs had them. */
static void add_timestamps(struct story_peer *peer, const struct story_text *text,
                           struct tcp_options *opt)
{
    if (!text->has_options && peer->peer_offers_ts && peer->we_offer_ts
        && !(text->flags & TCP_SYN)) {
        opt->has_ts = true;
        opt->ts_val = peer->ts_val;
        opt->ts_ecr = peer->our_ts_val;
    }
    if (text->any_ts_ecr)
        opt->ts_ecr = peer->our_ts_val;
    if (text->any_ts_val)
        opt->ts_val = peer->ts_val;
    if (opt->has_ts)
        peer->ts_val = opt->ts_val;
}

static void peer_said(struct story_peer *peer, const struct story_segment *segment)
{
    const struct tcp_header *h = &segment->h;
    if (h->flags & TCP_SYN) {
        peer->mss = h->opt.has_mss ? h->opt.mss : 0;
        peer->peer_offers_scale = h->opt.has_wscale;
        peer->peer_offers_ts = h->opt.has_ts;
        peer->shift = h->opt.wscale > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : h->opt.wscale;
    }
    bool scaled = peer->peer_offers_scale && peer->we_offer_scale && !(h->flags & TCP_SYN);
    uint32_t wnd = (uint32_t)h->wnd << (scaled ? peer->shift : 0);
    uint32_t edge = (h->flags & TCP_ACK ? h->ack : 1) + wnd;
    if ((int32_t)(edge - peer->edge) > 0 || (h->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
        peer->edge = edge;
}

static size_t emit_ip(const struct story *r, uint8_t protocol, size_t payload, uint8_t *out)
{
    struct ciao_addr src = story_address(r, false), dst = story_address(r, true);
    if (!r->v6) {
        struct ip4_header ip = {.src = ip_v4(&src),
                                .dst = ip_v4(&dst),
                                .total_len = (uint16_t)(IP4_HEADER_LEN + payload),
                                .protocol = protocol,
                                .ttl = 60,
                                .df = true};
        return ip4_emit(&ip, out);
    }
    struct ip6_header ip = {.src = src,
                            .dst = dst,
                            .payload_len = (uint16_t)payload,
                            .next = protocol,
                            .hop_limit = 60};
    return ip6_emit(&ip, out);
}

static size_t ip_len(const struct story *r)
{
    return r->v6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
}

void story_refresh_checksum(struct story *r, uint8_t *packet, size_t len)
{
    struct ciao_addr src = story_address(r, false), dst = story_address(r, true);
    uint8_t *tcp = packet + ip_len(r);
    size_t tcp_len = len - ip_len(r);
    memset(tcp + TCP_CHECKSUM_OFFSET, 0, 2);
    uint32_t sum = csum_pseudo(&src, &dst, IP_PROTO_TCP, (uint32_t)tcp_len);
    csum_store(tcp + TCP_CHECKSUM_OFFSET, sum + csum_small(tcp, tcp_len));
}

static void put_ecn(const struct story *r, uint8_t *packet, uint8_t ecn)
{
    packet[1] = (uint8_t)(packet[1] | (r->v6 ? ecn << 4 : ecn));
    if (!r->v6)
        ip4_refresh_checksum(packet);
}

size_t story_build(struct story *r, const struct story_text *text, uint8_t *out, size_t room)
{
    struct story_peer *peer = &r->peers[r->peer];
    struct story_segment segment = {
        .at_us = r->now_us,
        .peer = (uint16_t)r->peer,
        .len = text->len,
        .ecn = text->ecn,
        .h = {.sport = (uint16_t)(STORY_PEER + r->peer),
              .dport = STORY_PORT,
              .seq = text->seq,
              .ack = text->ack,
              .flags = text->flags,
              .urp = (uint16_t)text->urp,
              .opt = text->opt},
    };
    if (text->has_wnd)
        peer->wnd = text->wnd;
    segment.h.wnd = (uint16_t)peer->wnd;
    add_timestamps(peer, text, &segment.h.opt);
    peer_said(peer, &segment);
    note(r, &segment);

    struct tcp_header h = segment.h;
    h.seq += peer->isn;
    h.ack = h.flags & TCP_ACK ? h.ack + peer->our_isn : h.ack;
    for (unsigned i = 0; i < h.opt.n_sack; i++) {
        h.opt.sack[i].start += peer->our_isn;
        h.opt.sack[i].end += peer->our_isn;
    }
    size_t head = tcp_emit_len(&h);
    if (ip_len(r) + head + text->len > room)
        story_fail(r, "this segment is too long for the story");
    size_t at = emit_ip(r, IP_PROTO_TCP, head + text->len, out);
    put_ecn(r, out, text->ecn);
    at += tcp_emit(&h, out + at);
    uint32_t first = text->seq + (h.flags & TCP_SYN ? 1u : 0u) - 1;
    for (uint32_t i = 0; i < text->len; i++)
        out[at++] = story_byte(false, (uint32_t)(first + i));
    story_refresh_checksum(r, out, at);
    return at;
}

void story_bring(struct story *r, const uint8_t *packet, size_t len)
{
    struct ciao_frame frame;
    struct ciao_frame *list[1] = {&frame};
    ciao_frame_init(&frame);
    frame.buf = ciao_bufpool_take(&r->buffers, (uint32_t)(len == 0 ? 1 : len));
    if (frame.buf == NULL)
        story_fail(r, "the peer has no buffer left: the stack holds them all");
    frame.head = ciao_buf_bytes(frame.buf);
    memcpy(frame.head, packet, len);
    frame.head_len = frame.len = (uint32_t)len;
    ciao_input(r->stack, r->link, list, 1, r->now_us);
}

/* ---- ICMP ---- */

/* Header and 8 bytes of a segment of ours, as a router quotes it. */
static size_t quote(const struct story *r, uint32_t seq, uint8_t *out)
{
    struct ciao_addr src = story_address(r, true), dst = story_address(r, false);
    const struct story_peer *peer = &r->peers[r->peer];
    struct tcp_header h = {.sport = STORY_PORT,
                           .dport = (uint16_t)(STORY_PEER + r->peer),
                           .seq = peer->our_isn + seq,
                           .flags = TCP_ACK};
    size_t at;
    if (r->v6) {
        struct ip6_header ip = {.src = src, .dst = dst, .payload_len = 20, .hop_limit = 9};
        ip.next = IP_PROTO_TCP;
        at = ip6_emit(&ip, out);
    } else {
        struct ip4_header ip = {.src = ip_v4(&src), .dst = ip_v4(&dst), .total_len = 40, .ttl = 9};
        ip.protocol = IP_PROTO_TCP;
        at = ip4_emit(&ip, out);
    }
    return at + tcp_emit(&h, out + at);
}

void story_network_reports(struct story *r, enum story_icmp what, uint32_t seq)
{
    static const uint8_t types[2][4] = {{3, 3, 11, 3}, {1, 1, 3, 2}};
    static const uint8_t codes[2][4] = {{0, 3, 0, 4}, {0, 4, 0, 0}};
    uint8_t quoted[128], packet[256];
    story_pump(r);
    size_t quoted_len = quote(r, seq, quoted);
    uint8_t type = types[r->v6][what], code = codes[r->v6][what];
    size_t at = emit_ip(r, r->v6 ? IP_PROTO_ICMP6 : IP_PROTO_ICMP4, 8 + quoted_len, packet);
    if (r->v6) {
        struct ciao_addr src = story_address(r, false), dst = story_address(r, true);
        struct icmp6_message message = {
            .type = type, .code = code, .mtu = 1400, .body = quoted, .body_len = quoted_len};
        struct icmp6_envelope envelope = {&src, &dst, sizeof packet - at};
        at += icmp6_emit(&message, &envelope, packet + at);
    } else {
        struct icmp4_message message = {
            .type = type, .code = code, .mtu = 1400, .body = quoted, .body_len = quoted_len};
        at += icmp4_emit(&message, packet + at, sizeof packet - at);
    }
    story_bring(r, packet, at);
}

/* ---- ours ---- */

struct packet {
    const uint8_t *tcp;
    size_t tcp_len;
};

static struct packet open_ip(struct story *r, const uint8_t *bytes, size_t len)
{
    struct ciao_addr ours = story_address(r, true), theirs = story_address(r, false);
    struct packet packet = {bytes + ip_len(r), len - ip_len(r)};
    uint8_t protocol, ttl;
    bool addresses;
    if (r->v6) {
        struct ip6_header ip;
        if (ip6_parse(bytes, len, &ip) != WIRE_OK || (size_t)ip.payload_len + 40 != len)
            story_fail(r, "we sent a bad IPv6 header");
        protocol = ip.next;
        ttl = ip.hop_limit;
        addresses = ip_equal(&ip.src, &ours) && ip_equal(&ip.dst, &theirs);
    } else {
        struct ip4_header ip;
        if (ip4_parse(bytes, len, &ip) != WIRE_OK || ip.total_len != len || ip.mf)
            story_fail(r, "we sent a bad IPv4 header");
        protocol = ip.protocol;
        ttl = ip.ttl;
        addresses = ip.src == ip_v4(&ours) && ip.dst == ip_v4(&theirs);
    }
    if (protocol != IP_PROTO_TCP || !addresses)
        story_fail(r, "we sent something else than TCP to the peer (protocol %u)", protocol);
    if (ttl != r->ttl)
        story_fail(r, "we sent a TTL of %u, not %u", ttl, r->ttl);
    uint32_t sum = csum_pseudo(&ours, &theirs, IP_PROTO_TCP, (uint32_t)packet.tcp_len);
    if (!csum_is_valid(sum + csum_small(packet.tcp, packet.tcp_len)))
        story_fail(r, "we sent a wrong TCP checksum");
    return packet;
}

/* [RFC9293 3.1] An ACK is always sent once the connection is synchronised. */
static void check_flags(struct story *r, const struct tcp_header *h)
{
    bool first = (h->flags & (TCP_SYN | TCP_FIN)) == TCP_SYN;
    if (!(h->flags & TCP_ACK) && !first && !(h->flags & TCP_RST))
        story_fail(r, "we sent a segment without ACK");
    if ((h->flags & TCP_SYN) && (h->flags & (TCP_FIN | TCP_RST)))
        story_fail(r, "we sent flags that make no sense");
    if ((h->flags & TCP_RST) && (h->flags & TCP_FIN))
        story_fail(r, "we sent RST and FIN together");
}

/* What the peer allowed us. */
static void check_allowed(struct story *r, const struct story_segment *segment)
{
    const struct story_peer *peer = &r->peers[segment->peer];
    uint32_t options = segment->h.header_len - TCP_HEADER_LEN;
    uint32_t mss = peer->mss != 0 ? peer->mss : (r->v6 ? 1220u : 536u);
    if (segment->len == 0)
        return;
    if (segment->len + options > mss)
        story_fail(r, "we sent %u bytes and %u of options, above the MSS of %u", segment->len,
                   options, mss);
    uint32_t end = segment->h.seq + segment->len;
    bool probe = segment->len == 1 && segment->h.seq == peer->edge;
    if ((int32_t)(end - peer->edge) > 0 && !probe && !r->forgives_window)
        story_fail(r, "we sent up to %u, the window ends at %u", end, peer->edge);
}

/* The user's bytes, none before he gave them. */
static void check_payload(struct story *r, const struct story_segment *segment,
                          const uint8_t *bytes)
{
    const struct story_peer *peer = &r->peers[segment->peer];
    uint64_t at = segment->h.seq - 1;
    if (segment->len != 0 && at + segment->len > peer->written)
        story_fail(r, "we sent bytes up to %llu, the user gave %llu",
                   (unsigned long long)(at + segment->len), (unsigned long long)peer->written);
    for (uint32_t i = 0; i < segment->len; i++)
        if (bytes[i] != story_byte(true, at + i))
            story_fail(r, "byte %u of what we sent is not the user's", i);
}

/* [RFC9293 3.8.6 SHLD-14] What we have offered is never taken back. */
static void check_offer(struct story *r, const struct story_segment *segment)
{
    struct story_peer *peer = &r->peers[segment->peer];
    const struct tcp_header *h = &segment->h;
    if (!(h->flags & TCP_ACK) || (h->flags & TCP_RST))
        return;
    bool scaled = peer->peer_offers_scale && peer->we_offer_scale && !(h->flags & TCP_SYN);
    uint32_t edge = h->ack + ((uint32_t)h->wnd << (scaled ? peer->our_shift : 0));
    if (peer->our_edge_known && (int32_t)(edge - peer->our_edge) < 0)
        story_fail(r, "we took our window back from %u to %u", peer->our_edge, edge);
    peer->our_edge = edge;
    peer->our_edge_known = true;
    peer->last_ack = h->ack;
}

static void learn(struct story *r, struct story_peer *peer, const struct tcp_header *h)
{
    if (h->opt.has_ts)
        peer->our_ts_val = h->opt.ts_val;
    if (!(h->flags & TCP_SYN))
        return;
    if (peer->our_isn_known && peer->our_isn != h->seq)
        story_fail(r, "our SYN came again with another number");
    peer->our_isn = h->seq;
    peer->our_isn_known = true;
    peer->we_offer_scale = h->opt.has_wscale;
    peer->we_offer_ts = h->opt.has_ts;
    peer->our_shift = h->opt.wscale;
}

static void make_relative(const struct story_peer *peer, struct tcp_header *h)
{
    h->seq -= peer->our_isn;
    if (h->flags & TCP_ACK)
        h->ack -= peer->isn;
    for (unsigned i = 0; i < h->opt.n_sack; i++) {
        h->opt.sack[i].start -= peer->isn;
        h->opt.sack[i].end -= peer->isn;
    }
}

static void was_sent(struct story *r, const uint8_t *bytes, size_t len)
{
    struct packet packet = open_ip(r, bytes, len);
    struct story_segment segment = {.at_us = r->now_us, .ours = true};
    struct tcp_header *h = &segment.h;
    if (tcp_parse(packet.tcp, packet.tcp_len, h) != WIRE_OK)
        story_fail(r, "we sent a bad TCP header");
    if (h->sport != STORY_PORT || h->dport < STORY_PEER || h->dport >= STORY_PEER + STORY_PEERS)
        story_fail(r, "we sent from port %u to %u", h->sport, h->dport);
    segment.peer = (uint16_t)(h->dport - STORY_PEER);
    segment.len = (uint32_t)(packet.tcp_len - h->header_len);
    segment.ecn = (r->v6 ? bytes[1] >> 4 : bytes[1]) & 3;
    learn(r, &r->peers[segment.peer], h);
    make_relative(&r->peers[segment.peer], h);
    note(r, &segment);
    check_flags(r, h);
    check_allowed(r, &segment);
    check_payload(r, &segment, packet.tcp + h->header_len);
    check_offer(r, &segment);
    if (r->sent_last - r->sent_first == STORY_SEGMENTS)
        story_fail(r, "we sent more segments than this story can hold");
    r->sent[r->sent_last++ % STORY_SEGMENTS] = segment;
}

static void flatten(struct story *r, const struct ciao_frame *frame)
{
    static uint8_t bytes[65536 + 256];
    size_t len = frame->head_len;
    memcpy(bytes, frame->head, len);
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(bytes + len, frame->frag[i].ptr, frame->frag[i].len);
        len += frame->frag[i].len;
    }
    if (len != frame->len || frame->csum == CIAO_CSUM_PARTIAL || frame->gso != CIAO_GSO_NONE)
        story_fail(r, "a frame that this link does not take");
    if (len > r->mtu)
        story_fail(r, "a frame of %zu bytes on a link of %u", len, r->mtu);
    was_sent(r, bytes, len);
}

static void take_events(struct story *r)
{
    for (;;) {
        if (r->event_count == STORY_EVENTS) {
            unsigned half = STORY_EVENTS / 2;
            memmove(r->events, r->events + half, half * sizeof r->events[0]);
            r->event_count = half;
            r->event_told = r->event_told > half ? r->event_told - half : 0;
        }
        unsigned room = STORY_EVENTS - r->event_count;
        unsigned n = ciao_events(r->stack, r->events + r->event_count, room);
        for (unsigned i = 0; i < n; i++)
            if (r->events[r->event_count + i].type == CIAO_EVENT_LOST)
                story_fail(r, "events were lost");
        r->event_count += n;
        if (n == 0)
            return;
    }
}

void story_pump(struct story *r)
{
    static struct ciao_frame frames[8];
    struct ciao_frame *list[8];
    unsigned n;
    for (unsigned i = 0; i < 8; i++)
        list[i] = &frames[i];
    while ((n = ciao_output(r->stack, r->link, list, 8, r->now_us)) != 0) {
        for (unsigned i = 0; i < n; i++) {
            flatten(r, list[i]);
            ciao_frame_release(list[i]);
        }
        take_events(r);
    }
    take_events(r);
}
