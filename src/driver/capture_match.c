/*
 * Which packet an event speaks of; see capture.h for the rule.
 *
 * The stack tells of segments by connection, sequence number and flags.  Packets are read just far
 * enough to have the same; a packet that is no plain TCP over IPv4 or IPv6 has none of it, and is
 * found by its time alone.
 */
#include <string.h>

#include "base/bytes.h"
#include "driver/capture_book.h"

#define PROTOCOL_TCP 6
#define IP4_HEADER   20
#define IP6_HEADER   40
#define TCP_HEADER   20

static struct ciao_addr mapped(const uint8_t *ip4)
{
    struct ciao_addr address = {{[10] = 0xff, [11] = 0xff}};

    memcpy(address.b + 12, ip4, 4);
    return address;
}

/* Where TCP begins, with source and destination read; 0: it is not TCP, or not its first piece. */
static uint32_t read_ip(const uint8_t *ip, uint32_t len, struct ciao_addr *from,
                        struct ciao_addr *to)
{
    if (len >= IP4_HEADER && ip[0] >> 4 == 4) {
        if (ip[9] != PROTOCOL_TCP || (get_be16(ip + 6) & 0x1fff) != 0)
            return 0;
        *from = mapped(ip + 12);
        *to = mapped(ip + 16);
        return (ip[0] & 15u) * 4;
    }
    if (len >= IP6_HEADER && ip[0] >> 4 == 6 && ip[6] == PROTOCOL_TCP) {
        memcpy(from->b, ip + 8, 16);
        memcpy(to->b, ip + 24, 16);
        return IP6_HEADER;
    }
    return 0;
}

void capture_read_facts(const uint8_t *packet, uint32_t len, struct shot *shot)
{
    struct ciao_addr from, to;
    uint32_t header = read_ip(packet, len, &from, &to);

    shot->tcp = header > 0 && header + TCP_HEADER <= len;
    if (!shot->tcp)
        return;
    const uint8_t *tcp = packet + header;
    uint16_t from_port = get_be16(tcp), to_port = get_be16(tcp + 2);
    shot->seq = get_be32(tcp + 4);
    shot->flags = tcp[13];
    shot->ends = shot->outbound ? (struct ends){from, to, from_port, to_port}
                                : (struct ends){to, from, to_port, from_port};
}

bool capture_same_ends(const struct ends *a, const struct ends *b)
{
    return a->local_port == b->local_port && a->remote_port == b->remote_port
           && memcmp(&a->local, &b->local, sizeof a->local) == 0
           && memcmp(&a->remote, &b->remote, sizeof a->remote) == 0;
}

/* Is this the segment?  Of a super-segment that was cut, the FIN is in the last piece. */
static bool is_segment(const struct shot *shot, uint32_t seq, uint32_t len, unsigned flags)
{
    return shot->tcp && shot->seq - seq <= len
           && (shot->flags & TELLING_FLAGS) == (flags & TELLING_FLAGS);
}

/* Are its checksums right, as far as this stack looks at them?  TCP never sees one where not. */
static bool is_intact(const struct capture *capture, const struct shot *shot)
{
    const uint8_t *ip = capture->store + shot->offset + capture->link_header_bytes;

    if (shot->len <= capture->link_header_bytes)
        return false;
    uint32_t len = shot->len - capture->link_header_bytes;
    bool v4 = ip[0] >> 4 == 4;
    uint32_t header = v4 ? (ip[0] & 15u) * 4 : IP6_HEADER;
    if (!v4 && ip[0] >> 4 != 6)
        return true; /* nothing of this stack's */
    if (len <= header || header < IP4_HEADER)
        return false;
    if (v4 && !csum_is_valid(capture->csum->sum(ip, header)))
        return false;
    if (!shot->tcp)
        return true;
    uint32_t whole = v4 ? get_be16(ip + 2) : IP6_HEADER + get_be16(ip + 4);
    if (whole > len || whole < header)
        return false;
    uint32_t sum = csum_pseudo(&shot->ends.local, &shot->ends.remote, PROTOCOL_TCP, whole - header);
    return csum_is_valid(sum + capture->csum->sum(ip + header, whole - header));
}

static struct shot *find(struct capture *capture, const struct capture_life *life, bool outbound,
                         const struct ciao_event_segment *segment, const struct ciao_event *event)
{
    for (uint32_t i = capture->n_shots; i-- > 0;) {
        struct shot *shot = &capture->shots[i];
        if (shot->outbound != outbound || !shot->tcp || shot->time_us > event->time_us)
            continue;
        if (!capture_same_ends(&shot->ends, &life->ends))
            continue;
        if (segment && !is_segment(shot, segment->seq, segment->len, event->flags))
            continue;
        if (outbound || is_intact(capture, shot))
            return shot;
    }
    return NULL;
}

/* What the network said came in a packet that is not TCP. */
static struct shot *find_other(struct capture *capture, uint64_t time_us)
{
    for (uint32_t i = capture->n_shots; i-- > 0;) {
        struct shot *shot = &capture->shots[i];
        if (!shot->outbound && !shot->tcp && shot->time_us <= time_us)
            return shot;
    }
    return NULL;
}

struct shot *capture_find_received(struct capture *capture, const struct capture_life *life,
                                   const struct ciao_event *event)
{
    if (event->who == CIAO_WHO_NETWORK && event->type == CIAO_EVENT_ARC)
        return find_other(capture, event->time_us);
    if (event->type == CIAO_EVENT_REASON) {
        struct shot *exact = find(capture, life, false, &event->u.seg, event);
        return exact ? exact : find(capture, life, false, NULL, event);
    }
    if (life->has_heard && life->heard_us == event->time_us) {
        struct ciao_event heard = {.time_us = event->time_us, .flags = life->heard_flags};
        heard.u.seg.seq = life->heard_seq;
        heard.u.seg.len = life->heard_len;
        struct shot *exact = find(capture, life, false, &heard.u.seg, &heard);
        if (exact)
            return exact;
    }
    return find(capture, life, false, NULL, event);
}

struct shot *capture_find_sent(struct capture *capture, const struct capture_life *life,
                               const struct ciao_event *event)
{
    /* The stack let go of it before the driver was handed it: its time is the earlier one. */
    struct ciao_event later = *event;

    later.time_us = UINT64_MAX;
    return find(capture, life, true, &event->u.seg, &later);
}

struct shot *capture_find_sign(struct capture *capture, struct shot *shot)
{
    for (struct shot *at = shot; at < capture->shots + capture->n_shots; at++)
        if (at->tcp && at->outbound && (at->flags & TELLING_FLAGS)
            && capture_same_ends(&at->ends, &shot->ends))
            return at;
    return NULL;
}

/* Of the packets of one moment, the one that is damaged and not told about yet, or the only one. */
static struct shot *find_damaged(struct capture *capture, uint64_t time_us)
{
    struct shot *only = NULL;
    unsigned n = 0;

    for (uint32_t i = capture->n_shots; i-- > 0;) {
        struct shot *shot = &capture->shots[i];
        if (shot->outbound || shot->time_us != time_us)
            continue;
        if (!shot->notes && !is_intact(capture, shot))
            return shot;
        only = shot;
        n++;
    }
    return n == 1 ? only : NULL;
}

struct shot *capture_find_dropped(struct capture *capture, const struct ciao_event *event)
{
    const struct ciao_event_segment *segment = &event->u.seg;

    if (!event->flags && !segment->seq && !segment->ack)
        return find_damaged(capture, event->time_us);
    for (uint32_t i = capture->n_shots; i-- > 0;) {
        struct shot *shot = &capture->shots[i];
        if (!shot->outbound && shot->time_us <= event->time_us
            && is_segment(shot, segment->seq, segment->len, event->flags)
            && is_intact(capture, shot))
            return shot;
    }
    return NULL;
}
