/*
 * Segments merged on their way in: see offload.h.
 *
 * Only what would make no difference to TCP is merged: the headers must agree in every field but
 * the lengths, the checksums, the sequence number, IPv4's identification, and PSH and FIN, which
 * end a run.
 */
#include "base/assert.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/offload.h"
#include "wire/offload_shape.h"
#include "wire/tcp.h"

#define ENDS_RUN    (TCP_FIN | TCP_PSH)
#define NEVER_FIRST (TCP_SYN | TCP_RST | TCP_URG | ENDS_RUN)
#define NEVER_LATER (TCP_SYN | TCP_RST | TCP_URG | TCP_CWR)

static bool same(const uint8_t *a, const uint8_t *b, uint32_t from, uint32_t to)
{
    return memcmp(a + from, b + from, to - from) == 0;
}

/* Plain headers that agree, with right checksums: version, TOS, flags, TTL, protocol, addresses. */
static bool same_ip4(const uint8_t *a, const uint8_t *b)
{
    return a[0] == 0x45 && same(a, b, 0, 2) && same(a, b, 6, 10) && same(a, b, 12, 20)
           && csum_is_valid(csum_small(a, IP4_HEADER_LEN))
           && csum_is_valid(csum_small(b, IP4_HEADER_LEN));
}

/* Without extension headers: version, class, flow, next header, hop limit, addresses. */
static bool same_ip6(const uint8_t *a, const uint8_t *b)
{
    return a[6] == IP_PROTO_TCP && same(a, b, 0, 4) && same(a, b, 6, IP6_HEADER_LEN);
}

/* Ports, ACK, flags, window, urgent pointer, options; b follows the `len` bytes of data of a. */
static bool continues_tcp(const uint8_t *a, const uint8_t *b, uint32_t header_len, uint32_t len)
{
    unsigned flags_a = get_be16(a + 12);
    unsigned flags_b = get_be16(b + 12);
    return same(a, b, 0, 4) && get_be32(b + 4) == get_be32(a + 4) + len && same(a, b, 8, 12)
           && same(a, b, 14, 16) && same(a, b, 18, header_len) && (flags_a & TCP_ACK) != 0
           && (flags_a & NEVER_FIRST) == 0 && (flags_b & NEVER_LATER) == 0
           && ((flags_a ^ flags_b) & ~(unsigned)(ENDS_RUN | TCP_CWR)) == 0;
}

/* A run is of full segments, but for its last. */
static bool sizes_fit(const struct ciao_frame *super, uint32_t len, const struct ciao_frame *frame,
                      uint32_t more)
{
    uint32_t size = super->gso_size ? super->gso_size : len;
    bool full_so_far = len > 0 && len % size == 0;
    bool not_larger = frame->gso_size ? frame->gso_size == size : more <= size;
    return full_so_far && more > 0 && not_larger && size <= UINT16_MAX;
}

/* Does the piece lie behind the last bytes of the frame, in the same buffer? */
static bool is_adjacent(const struct ciao_frame *frame, const struct ciao_buf *buf,
                        const uint8_t *ptr)
{
    if (frame->n_frags == 0) {
        return false;
    }
    const struct ciao_frag *last = &frame->frag[frame->n_frags - 1];
    return last->buf == buf && last->ptr + last->len == ptr;
}

/* Can the payload move by reference, and are there fragments left for it? */
static bool pieces_fit(const struct ciao_frame *super, uint32_t super_in_head,
                       const struct ciao_frame *frame, uint32_t in_head, uint32_t at)
{
    if (in_head > 0 && !frame->buf) {
        return false;
    }
    uint32_t pieces = super->n_frags + (super_in_head ? 1 : 0) + (in_head ? 1 : 0) + frame->n_frags;
    bool joins = in_head ? is_adjacent(super, frame->buf, frame->head + at)
                         : is_adjacent(super, frame->frag[0].buf, frame->frag[0].ptr);
    return pieces - (joins ? 1 : 0) <= CIAO_FRAME_FRAGS;
}

bool offload_can_append(const struct ciao_frame *super, const struct ciao_frame *frame,
                        uint32_t link_header_len)
{
    struct offload_shape a;
    struct offload_shape b;
    if (super->csum == CIAO_CSUM_NONE || frame->csum == CIAO_CSUM_NONE
        || !offload_shape_of(super, link_header_len, &a)
        || !offload_shape_of(frame, link_header_len, &b)) {
        return false;
    }
    uint32_t plain_len = a.v6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
    if (a.v6 != b.v6 || a.payload != b.payload || a.tcp != b.tcp || a.tcp != a.ip + plain_len) {
        return false;
    }
    uint32_t len = offload_payload_len(&a);
    uint32_t more = offload_payload_len(&b);
    bool padded = super->len != a.end || (frame->n_frags > 0 && frame->len != b.end);
    if (padded || a.end - a.ip + more > IP4_PACKET_MAX || !sizes_fit(super, len, frame, more)) {
        return false;
    }
    const uint8_t *x = super->head;
    const uint8_t *y = frame->head;
    return same(x, y, 0, link_header_len)
           && continues_tcp(x + a.tcp, y + b.tcp, a.payload - a.tcp, len)
           && (a.v6 ? same_ip6(x + a.ip, y + b.ip) : same_ip4(x + a.ip, y + b.ip))
           && pieces_fit(super, offload_head_payload(super, &a), frame,
                         offload_head_payload(frame, &b), b.payload);
}

/* The reference becomes the frame's. */
static void append_piece(struct ciao_frame *super, struct ciao_buf *buf, const uint8_t *ptr,
                         uint32_t len)
{
    if (is_adjacent(super, buf, ptr)) {
        super->frag[super->n_frags - 1].len += len;
        super->len += len;
        ciao_buf_unref(buf);
        return;
    }
    int failed = ciao_frame_add(super, buf, ptr, len);
    ASSERT(!failed);
}

/* The payload and its references go over. */
static void move_payload(struct ciao_frame *super, struct ciao_frame *frame,
                         const struct offload_shape *shape)
{
    uint32_t in_head = offload_head_payload(frame, shape);
    if (in_head > 0) {
        append_piece(super, frame->buf, frame->head + shape->payload, in_head);
    } else {
        ciao_buf_unref(frame->buf);
    }
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        append_piece(super, frame->frag[i].buf, frame->frag[i].ptr, frame->frag[i].len);
    }
}

void offload_append(struct ciao_frame *super, struct ciao_frame *frame, uint32_t link_header_len)
{
    struct offload_shape a;
    struct offload_shape b;
    bool whole = offload_shape_of(super, link_header_len, &a)
                 && offload_shape_of(frame, link_header_len, &b);
    ASSERT(whole);
    bool owned = offload_own_head(super, a.payload);
    ASSERT(owned);
    if (super->gso == CIAO_GSO_NONE) {
        super->gso = a.v6 ? CIAO_GSO_TCP6 : CIAO_GSO_TCP4;
        super->gso_size = (uint16_t)offload_payload_len(&a);
    }
    super->segments = (uint16_t)(super->segments + frame->segments);
    super->head[a.tcp + 13] |= (uint8_t)(frame->head[b.tcp + 13] & ENDS_RUN);
    offload_set_lengths(super, &a, offload_payload_len(&a) + offload_payload_len(&b));
    move_payload(super, frame, &b);
    ciao_frame_init(frame);
}
