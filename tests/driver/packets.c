/* Packets for the drivers' tests; see packets.h. */
#include "driver/packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"

static struct {
    struct ciao_bufpool pool;
    void *memory;
} pools[2];

struct ciao_bufpool *packet_pool_make(uint64_t bytes)
{
    unsigned i = pools[0].memory != NULL;

    assert_null(pools[i].memory);
    pools[i].memory = aligned_alloc(64, bytes);
    assert_non_null(pools[i].memory);
    memset(pools[i].memory, 0, bytes);
    assert_true(ciao_bufpool_init(&pools[i].pool, pools[i].memory, bytes) > 0);
    return &pools[i].pool;
}

void packet_pool_free(struct ciao_bufpool *pool)
{
    unsigned i = pool == &pools[1].pool;

    assert_int_equal(ciao_bufpool_used_count(pool), 0);
    free(pools[i].memory);
    pools[i].memory = NULL;
}

static struct ciao_addr address(bool v6, uint8_t last)
{
    struct ciao_addr addr = {{0xfd, 0x09, [15] = last}};

    return v6 ? addr : ip_addr_v4(0x0a090000u + last);
}

static uint32_t put_ip(uint8_t *out, const struct packet *packet, const struct ciao_addr *src,
                       const struct ciao_addr *dst, uint32_t tcp_len)
{
    if (packet->v6) {
        struct ip6_header ip = {.src = *src,
                                .dst = *dst,
                                .payload_len = (uint16_t)tcp_len,
                                .next = IP_PROTO_TCP,
                                .hop_limit = 64};
        return (uint32_t)ip6_emit(&ip, out);
    }
    struct ip4_header ip = {.src = ip_v4(src),
                            .dst = ip_v4(dst),
                            .total_len = (uint16_t)(IP4_HEADER_LEN + tcp_len),
                            .protocol = IP_PROTO_TCP,
                            .ttl = 64,
                            .df = true};
    return (uint32_t)ip4_emit(&ip, out);
}

static uint32_t put_headers(uint8_t *out, const struct packet *packet, uint16_t *csum_start)
{
    struct ciao_addr ours = address(packet->v6, 2), peers = address(packet->v6, 1);
    const struct ciao_addr *src = packet->from_peer ? &peers : &ours;
    const struct ciao_addr *dst = packet->from_peer ? &ours : &peers;
    struct tcp_header tcp = {
        .sport = packet->from_peer ? packet->peer_port : packet->our_port,
        .dport = packet->from_peer ? packet->our_port : packet->peer_port,
        .seq = packet->seq,
        .ack = packet->ack,
        .flags = packet->flags,
        .wnd = packet->wnd,
    };
    uint32_t len = 0;

    if (packet->kind == CIAO_LINK_ETHERNET) {
        struct eth_header eth = {.dst = {2, 0, 0, 0, 0, 1}, .src = {2, 0, 0, 0, 0, 2}};
        eth.type = packet->v6 ? ETH_TYPE_IP6 : ETH_TYPE_IP4;
        len += (uint32_t)eth_emit(&eth, out);
    }
    uint32_t tcp_len = (uint32_t)tcp_emit_len(&tcp) + packet->payload_len;
    len += put_ip(out + len, packet, src, dst, tcp_len);
    *csum_start = (uint16_t)len;
    len += (uint32_t)tcp_emit(&tcp, out + len);
    csum_store_partial(out + *csum_start + TCP_CHECKSUM_OFFSET,
                       csum_pseudo(src, dst, IP_PROTO_TCP, tcp_len));
    return len;
}

static void add_payload(struct ciao_frame *frame, struct ciao_bufpool *pool,
                        const struct packet *packet)
{
    uint32_t left = packet->payload_len;
    uint8_t next = packet->fill;

    while (left > 0) {
        uint32_t len = left < 16384 ? left : 16384;
        struct ciao_buf *buf = ciao_bufpool_take(pool, len);
        assert_non_null(buf);
        for (uint32_t i = 0; i < len; i++)
            ciao_buf_bytes(buf)[i] = next++;
        assert_int_equal(ciao_frame_add(frame, buf, ciao_buf_bytes(buf), len), 0);
        left -= len;
    }
}

static void put_in_one_piece(struct ciao_frame *frame, struct ciao_bufpool *pool)
{
    struct ciao_frame whole;
    struct ciao_buf *buf = ciao_bufpool_take(pool, frame->len);

    assert_non_null(buf);
    ciao_frame_share(&whole, frame);
    (void)packet_bytes(frame, ciao_buf_bytes(buf));
    for (uint32_t i = 0; i < whole.n_frags; i++)
        ciao_buf_unref(whole.frag[i].buf);
    whole.n_frags = 0;
    whole.buf = buf;
    whole.head = ciao_buf_bytes(buf);
    whole.head_len = frame->len;
    ciao_frame_release(frame);
    ciao_frame_move(frame, &whole);
}

static void complete(struct ciao_frame *frame)
{
    uint8_t bytes[PACKET_MOST];
    uint32_t len = packet_bytes(frame, bytes);
    uint32_t sum = csum_small(bytes + frame->csum_start, len - frame->csum_start);

    csum_store(frame->head + frame->csum_start + frame->csum_offset, sum);
    frame->csum = CIAO_CSUM_NONE;
}

void packet_make(struct ciao_frame *frame, struct ciao_bufpool *pool, const struct packet *packet)
{
    ciao_frame_init(frame);
    frame->head_len = frame->len = put_headers(frame->room, packet, &frame->csum_start);
    frame->csum_offset = TCP_CHECKSUM_OFFSET;
    frame->csum = CIAO_CSUM_PARTIAL;
    add_payload(frame, pool, packet);
    if (!packet->partial)
        complete(frame);
    if (packet->in_one_piece)
        put_in_one_piece(frame, pool);
    if (packet->gso_size) {
        frame->gso = packet->v6 ? CIAO_GSO_TCP6 : CIAO_GSO_TCP4;
        frame->gso_size = packet->gso_size;
        frame->segments =
            (uint16_t)((packet->payload_len + packet->gso_size - 1u) / packet->gso_size);
    }
}

uint32_t packet_bytes(const struct ciao_frame *frame, uint8_t out[PACKET_MOST])
{
    uint32_t len = frame->head_len;

    memcpy(out, frame->head, len);
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(out + len, frame->frag[i].ptr, frame->frag[i].len);
        len += frame->frag[i].len;
    }
    assert_int_equal(len, frame->len);
    return len;
}

/* RFC 1071 word by word, on purpose not the code that is tested elsewhere. */
static uint32_t naive_sum(const uint8_t *bytes, uint32_t len)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < len; i++)
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static bool is_tcp_right(const uint8_t *addresses, uint32_t address_bytes, const uint8_t *tcp,
                         uint32_t len)
{
    uint32_t sum = naive_sum(addresses, address_bytes) + naive_sum(tcp, len) + IP_PROTO_TCP + len;

    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

bool packet_is_intact(const uint8_t *bytes, uint32_t len, enum ciao_link_kind kind)
{
    uint32_t link = kind == CIAO_LINK_ETHERNET ? ETH_HEADER_LEN : 0;
    const uint8_t *ip = bytes + link;
    uint32_t left = len - link;

    if (left >= IP4_HEADER_LEN && ip[0] >> 4 == 4) {
        uint32_t header = (ip[0] & 15u) * 4;
        if (header < IP4_HEADER_LEN || get_be16(ip + 2) != left || header > left)
            return false;
        return naive_sum(ip, header) == 0xffff
               && is_tcp_right(ip + 12, 8, ip + header, left - header);
    }
    if (left >= IP6_HEADER_LEN && ip[0] >> 4 == 6)
        return get_be16(ip + 4) == left - IP6_HEADER_LEN
               && is_tcp_right(ip + 8, 32, ip + IP6_HEADER_LEN, left - IP6_HEADER_LEN);
    return false;
}

const uint8_t *packet_tcp(const uint8_t *bytes, enum ciao_link_kind kind)
{
    const uint8_t *ip = bytes + (kind == CIAO_LINK_ETHERNET ? ETH_HEADER_LEN : 0);

    return ip + (ip[0] >> 4 == 6 ? IP6_HEADER_LEN : (ip[0] & 15u) * 4);
}
