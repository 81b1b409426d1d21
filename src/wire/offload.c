/*
 * Checksums completed and super-segments cut, in software: see offload.h.
 */
#include "wire/offload.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/offload_shape.h"
#include "wire/tcp.h"
#include "wire/udp.h"

uint32_t offload_sum(const struct ciao_frame *frame, uint32_t start, const struct csum_ops *ops)
{
    ASSERT(start <= frame->head_len);
    uint32_t len = frame->head_len - start;
    uint32_t sum = ops->sum(frame->head + start, len);
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        const struct ciao_frag *frag = &frame->frag[i];
        sum = csum_combine(sum, ops->sum(frag->ptr, frag->len), len % 2 != 0);
        len += frag->len;
    }
    return sum;
}

/* The first `bytes` to the room; what follows them becomes the first fragment. */
static void move_to_room(struct ciao_frame *frame, uint32_t bytes)
{
    uint32_t rest = frame->head_len - bytes;
    memcpy(frame->room, frame->head, bytes);
    if (rest > 0) {
        memmove(&frame->frag[1], &frame->frag[0], frame->n_frags * sizeof frame->frag[0]);
        frame->frag[0] =
            (struct ciao_frag){.ptr = frame->head + bytes, .len = rest, .buf = frame->buf};
        frame->n_frags++;
    } else {
        ciao_buf_unref(frame->buf);
    }
    frame->buf = NULL;
    frame->head = frame->room;
    frame->head_len = bytes;
}

bool offload_own_head(struct ciao_frame *frame, uint32_t bytes)
{
    if (!frame->buf || frame->buf->refs == 1) {
        return true;
    }
    bool fragment_left = bytes == frame->head_len || frame->n_frags < CIAO_FRAME_FRAGS;
    if (bytes <= CIAO_FRAME_ROOM && fragment_left) {
        move_to_room(frame, bytes);
        return true;
    }
    struct ciao_bufpool *pool = frame->buf->pool;
    struct ciao_buf *copy = pool ? ciao_bufpool_take(pool, frame->head_len) : NULL;
    if (!copy) {
        return false;
    }
    memcpy(ciao_buf_bytes(copy), frame->head, frame->head_len);
    ciao_buf_unref(frame->buf);
    frame->buf = copy;
    frame->head = ciao_buf_bytes(copy);
    return true;
}

void offload_complete(struct ciao_frame *frame, const struct csum_ops *ops)
{
    if (frame->csum != CIAO_CSUM_PARTIAL) {
        return;
    }
    uint32_t end = (uint32_t)frame->csum_start + frame->csum_offset + 2;
    ASSERT(end <= frame->head_len);
    if (!offload_own_head(frame, end)) {
        return;
    }
    uint8_t *field = frame->head + frame->csum_start + frame->csum_offset;
    csum_store(field, offload_sum(frame, frame->csum_start, ops));
    /* A zero in UDP's field would say that there is no checksum [RFC768]. */
    if (frame->csum_offset == UDP_CHECKSUM_OFFSET && get_be16(field) == 0) {
        put_be16(field, 0xffff);
    }
    frame->csum = CIAO_CSUM_NONE;
}

/* ---- where the parts lie ---- */

static bool shape_ip4(const uint8_t *ip, uint32_t len, struct offload_shape *shape)
{
    if (len < IP4_HEADER_LEN || ip[9] != IP_PROTO_TCP || (get_be16(ip + 6) & 0x3fff) != 0) {
        return false;
    }
    shape->tcp = shape->ip + (ip[0] & 0xfu) * 4;
    shape->end = shape->ip + get_be16(ip + 2);
    shape->v6 = false;
    return shape->tcp >= shape->ip + IP4_HEADER_LEN;
}

static bool shape_ip6(const uint8_t *ip, uint32_t len, struct offload_shape *shape)
{
    struct ip6_walk walk;
    if (len < IP6_HEADER_LEN || ip6_walk(ip, len, &walk) != WIRE_OK || walk.protocol != IP_PROTO_TCP
        || walk.is_fragment) {
        return false;
    }
    shape->tcp = shape->ip + walk.offset;
    shape->end = shape->ip + IP6_HEADER_LEN + get_be16(ip + 4);
    shape->v6 = true;
    return true;
}

bool offload_shape_of(const struct ciao_frame *frame, uint32_t link_header_len,
                      struct offload_shape *shape)
{
    if (frame->head_len < link_header_len + IP4_HEADER_LEN + TCP_HEADER_LEN) {
        return false;
    }
    const uint8_t *ip = frame->head + link_header_len;
    uint32_t len = frame->head_len - link_header_len;
    unsigned version = ip[0] >> 4;
    shape->ip = link_header_len;
    bool known =
        (version == 4 && shape_ip4(ip, len, shape)) || (version == 6 && shape_ip6(ip, len, shape));
    if (!known || frame->head_len < shape->tcp + TCP_HEADER_LEN) {
        return false;
    }
    uint32_t tcp_len = (frame->head[shape->tcp + 12] >> 4) * 4u;
    shape->payload = shape->tcp + tcp_len;
    return tcp_len >= TCP_HEADER_LEN && shape->payload <= frame->head_len
           && shape->payload <= CIAO_FRAME_ROOM && shape->payload <= shape->end
           && shape->end <= frame->len;
}

uint32_t offload_head_payload(const struct ciao_frame *frame, const struct offload_shape *shape)
{
    uint32_t end = frame->head_len < shape->end ? frame->head_len : shape->end;
    return end - shape->payload;
}

/* ---- headers ---- */

static uint32_t pseudo_sum(const uint8_t *ip, bool v6, uint32_t tcp_len)
{
    /* Source and destination are neighbours in both headers. */
    uint32_t addresses = v6 ? csum_small(ip + 8, 32) : csum_small(ip + 12, 8);
    return csum_fold((uint64_t)addresses + csum_pseudo4(0, 0, IP_PROTO_TCP, tcp_len));
}

void offload_set_lengths(struct ciao_frame *frame, const struct offload_shape *shape,
                         uint32_t payload_len)
{
    uint8_t *ip = frame->head + shape->ip;
    uint32_t ip_len = shape->payload - shape->ip + payload_len;
    if (shape->v6) {
        put_be16(ip + 4, (uint16_t)(ip_len - IP6_HEADER_LEN));
    } else {
        put_be16(ip + 2, (uint16_t)ip_len);
        ip4_refresh_checksum(ip);
    }
    uint32_t tcp_len = shape->payload - shape->tcp + payload_len;
    csum_store_partial(frame->head + shape->tcp + TCP_CHECKSUM_OFFSET,
                       pseudo_sum(ip, shape->v6, tcp_len));
    frame->csum_start = (uint16_t)shape->tcp;
    frame->csum_offset = TCP_CHECKSUM_OFFSET;
}

/* ---- cutting ---- */

/* How many wire frames these bytes are; 1 also for what cannot be cut. */
static uint32_t count_of(const struct ciao_frame *super, const struct offload_shape *shape)
{
    uint32_t payload_len = offload_payload_len(shape);
    if (super->gso == CIAO_GSO_NONE || super->gso_size == 0 || payload_len <= super->gso_size) {
        return 1;
    }
    return (payload_len + super->gso_size - 1) / super->gso_size;
}

uint32_t offload_count(const struct ciao_frame *super, uint32_t link_header_len)
{
    struct offload_shape shape;
    return offload_shape_of(super, link_header_len, &shape) ? count_of(super, &shape) : 1;
}

/* What is one frame of the wire already. */
static void cut_nothing(const struct ciao_frame *super, const struct csum_ops *ops,
                        struct ciao_frame *out)
{
    ciao_frame_share(out, super);
    out->gso = CIAO_GSO_NONE;
    out->gso_size = 0;
    out->segments = 1;
    if (ops) {
        offload_complete(out, ops);
    }
}

/* Append bytes of the super's head: by reference, or copied when they lie in its room. */
static void take_from_head(const struct ciao_frame *super, uint32_t at, uint32_t len,
                           struct ciao_frame *out)
{
    if (super->buf) {
        int failed = ciao_frame_add(out, ciao_buf_ref(super->buf), super->head + at, len);
        ASSERT(!failed);
        return;
    }
    ASSERT(out->head_len + len <= CIAO_FRAME_ROOM);
    memcpy(out->head + out->head_len, super->head + at, len);
    out->head_len += len;
    out->len += len;
}

static void take_from_frag(const struct ciao_frag *frag, uint32_t at, uint32_t len,
                           struct ciao_frame *out)
{
    if (frag->buf) {
        ciao_buf_ref(frag->buf);
    }
    int failed = ciao_frame_add(out, frag->buf, frag->ptr + at, len);
    ASSERT(!failed);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Append `len` bytes of the payload from `start` on. */
static void take_payload(const struct ciao_frame *super, const struct offload_shape *shape,
                         uint32_t start, uint32_t len, struct ciao_frame *out)
{
    uint32_t in_head = offload_head_payload(super, shape);
    if (start < in_head) {
        uint32_t n = least(len, in_head - start);
        take_from_head(super, shape->payload + start, n, out);
        start += n;
        len -= n;
    }
    start -= in_head;
    for (uint32_t i = 0; len > 0; i++) {
        const struct ciao_frag *frag = &super->frag[i];
        if (start >= frag->len) {
            start -= frag->len;
            continue;
        }
        uint32_t n = least(len, frag->len - start);
        take_from_frag(frag, start, n, out);
        start = 0;
        len -= n;
    }
}

/* What differs from frame to frame, beside the lengths. */
static void number_headers(uint8_t *head, const struct offload_shape *shape, uint32_t index,
                           uint32_t start, bool last)
{
    uint8_t *tcp = head + shape->tcp;
    put_be32(tcp + 4, get_be32(tcp + 4) + start);
    if (!shape->v6) {
        uint8_t *id = head + shape->ip + 4;
        put_be16(id, (uint16_t)(get_be16(id) + index));
    }
    if (index > 0) {
        tcp[13] &= (uint8_t)~TCP_CWR;
    }
    if (!last) {
        tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    }
}

void offload_cut(const struct ciao_frame *super, uint32_t index, uint32_t link_header_len,
                 const struct csum_ops *ops, struct ciao_frame *out)
{
    struct offload_shape shape;
    if (!offload_shape_of(super, link_header_len, &shape) || count_of(super, &shape) == 1) {
        ASSERT(index == 0);
        cut_nothing(super, ops, out);
        return;
    }
    uint32_t payload_len = offload_payload_len(&shape);
    uint32_t start = index * super->gso_size;
    ASSERT(start < payload_len);
    uint32_t len = least(super->gso_size, payload_len - start);

    ciao_frame_init(out);
    out->ecn = super->ecn;
    out->rx_us = super->rx_us;
    out->csum = CIAO_CSUM_PARTIAL;
    out->head_len = shape.payload;
    out->len = shape.payload;
    memcpy(out->head, super->head, shape.payload);
    number_headers(out->head, &shape, index, start, start + len == payload_len);
    offload_set_lengths(out, &shape, len);
    take_payload(super, &shape, start, len, out);
    if (ops) {
        offload_complete(out, ops);
    }
}
