/*
 * Segments of one run become one: what core/input.c asks before IP and TCP see a frame.
 *
 * A checksum must be known to be right before a segment is merged, since a merged one has none of
 * its own; it is summed here once, and TCP believes the mark.  What is not understood at a glance
 * is left alone: it goes its way unmerged.
 */
#include "base/bytes.h"
#include "core/stack_internal.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/offload.h"
#include "wire/tcp.h"

/* What has no more bytes is all header, or nearly so: it goes up alone. */
#define NOT_WORTH_IT (IP4_HEADER_LEN + TCP_HEADER_MAX)

/* A TCP segment behind a plain IP header, without the link's padding. */
struct segment {
    uint32_t start; /* of the TCP header, from the frame's first byte */
    uint32_t len;
    uint32_t addresses; /* the sum of both addresses */
    bool has_data;
};

static bool find_ip4(const uint8_t *l3, uint32_t there, struct segment *segment)
{
    uint32_t header_len = (l3[0] & 0xfu) * 4;
    bool fragment = (get_be16(l3 + 6) & 0x3fff) != 0;
    if (l3[9] != IP_PROTO_TCP || fragment || header_len < IP4_HEADER_LEN
        || get_be16(l3 + 2) != there || there < header_len + TCP_HEADER_LEN)
        return false;
    segment->start = header_len;
    segment->len = there - header_len;
    segment->addresses = csum_small(l3 + 12, 8);
    return true;
}

static bool find_ip6(const uint8_t *l3, uint32_t there, struct segment *segment)
{
    if (there < IP6_HEADER_LEN + TCP_HEADER_LEN || l3[6] != IP_PROTO_TCP
        || get_be16(l3 + 4) + IP6_HEADER_LEN != there)
        return false;
    segment->start = IP6_HEADER_LEN;
    segment->len = there - IP6_HEADER_LEN;
    segment->addresses = csum_small(l3 + 8, 32);
    return true;
}

static bool find(const struct ciao_frame *frame, uint32_t link_len, struct segment *segment)
{
    if (frame->head_len < link_len + IP6_HEADER_LEN) /* as long as the shortest segment of IPv4 */
        return false;
    const uint8_t *l3 = frame->head + link_len;
    uint32_t there = frame->len - link_len;
    unsigned version = l3[0] >> 4;
    if (!(version == 4 && find_ip4(l3, there, segment))
        && !(version == 6 && find_ip6(l3, there, segment)))
        return false;
    segment->start += link_len;
    if (segment->start + TCP_HEADER_LEN > frame->head_len)
        return false;
    uint32_t header_len = (frame->head[segment->start + 12] >> 4) * 4u;
    segment->has_data = segment->len > header_len;
    return true;
}

bool merge_verify(const struct merge *merge, struct ciao_frame *frame)
{
    struct segment segment;
    if (frame->len <= merge->link_header_len + NOT_WORTH_IT)
        return false;
    if (frame->csum != CIAO_CSUM_NONE)
        return true;
    if (!find(frame, merge->link_header_len, &segment) || !segment.has_data)
        return false;
    uint32_t sum = segment.addresses + csum_pseudo4(0, 0, IP_PROTO_TCP, segment.len)
                   + offload_sum(frame, segment.start, merge->csum);
    if (csum_is_valid(sum))
        frame->csum = CIAO_CSUM_VERIFIED;
    return true;
}

bool merge_append(struct merge *merge, struct ciao_frame *frame)
{
    if (!offload_can_append(merge->take, frame, merge->link_header_len))
        return false;
    offload_append(merge->take, frame, merge->link_header_len);
    return true;
}
