/*
 * See lab.h.
 */
#include "lab.h"

#include "support/coverage.h"
#include "support/stackmem.h"

const uint8_t lab_own_mac[ETH_ALEN] = {2, 0, 0, 0, 0, 2};
const uint8_t lab_peer_mac[ETH_ALEN] = {2, 0, 0, 0, 0, 1};
const char *const own4 = "10.9.0.2", *const peer4 = "10.9.0.1";
const char *const own6 = "fd09::2", *const peer6 = "fd09::1";

struct ciao_addr lab_addr(const char *text)
{
    struct ciao_addr addr;
    assert_true(ciao_addr_parse(text, &addr));
    return addr;
}

static uint32_t v4_of(const char *text)
{
    struct ciao_addr addr = lab_addr(text);
    return ip_v4(&addr);
}

/* ---- the bench ---- */

static void told(void *self, const struct ip_error *error, time_us now)
{
    struct lab *lab = self;
    assert_int_equal(now, lab->now);
    lab->errors++;
    lab->error = *error;
}

struct lab *lab_new(enum ciao_link_kind kind)
{
    struct ciao_link link = {.kind = kind, .mtu = 1500};
    memcpy(link.mac, lab_own_mac, ETH_ALEN);
    return lab_new_with(&link, 16u << 20);
}

struct lab *lab_new_with(const struct ciao_link *link, uint64_t buffer_bytes)
{
    struct lab *lab = calloc(1, sizeof *lab);
    struct rng rng;
    uint8_t seed[32] = {7};
    struct ciao_addr v4 = lab_addr(own4);
    struct ciao_addr v6 = lab_addr(own6);
    struct arena arena;
    assert_non_null(lab);
    struct ip_parts parts = {.trace = &lab->trace,
                             .buffers = &lab->buffers,
                             .upper = {.self = lab, .error = told},
                             .max_neighbours = LAB_NEIGHBOURS};
    lab->memory_bytes = ip_bytes(&parts) + buffer_bytes + 64;
    lab->memory = stackmem_new(lab->memory_bytes);
    lab->now = 1000000;
    lab->link_len = ip_link_header_len(link);
    trace_init(&lab->trace, NULL, 0, 0);
    rng_seed(&rng, seed);
    assert_true(ciao_bufpool_init(&lab->buffers, lab->memory, buffer_bytes) > 0);
    arena_init(&arena, lab->memory + buffer_bytes, ip_bytes(&parts) + 64);
    assert_int_equal(ip_init(&lab->ip, &parts, &rng, &arena), 0);
    assert_int_equal(ip_link_add(&lab->ip, link), 0);
    assert_int_equal(ip_address_add(&lab->ip, 0, &v4, 24), 0);
    if (link->mtu >= IP6_MTU_MIN)
        assert_int_equal(ip_address_add(&lab->ip, 0, &v6, 64), 0);
    return lab;
}

void lab_free(struct lab *lab)
{
    while (take(lab))
        continue;
    pass_time(lab, s_to_us(120)); /* reassemblies and questions come to their end */
    while (take(lab))
        continue;
    pass_time(lab, s_to_us(10));
    while (take(lab))
        continue;
    assert_int_equal(ip_reassembly_count(&lab->ip), 0);
    assert_int_equal(ip_neighbours_waiting(&lab->ip), 0);
    assert_int_equal(lab->ip.slots.used, lab->ip.spares);
    assert_int_equal(ciao_bufpool_used_count(&lab->buffers), 0);
    coverage_note_trace(&lab->trace);
    stackmem_free(lab->memory, lab->memory_bytes);
    free(lab);
}

/* ---- making frames ---- */

void make_ethernet(struct lab *lab, uint16_t type, const void *payload, uint32_t len)
{
    struct eth_header eth = {.type = type};
    memcpy(eth.dst, lab_own_mac, ETH_ALEN);
    memcpy(eth.src, lab_peer_mac, ETH_ALEN);
    if (lab->link_len != 0)
        eth_emit(&eth, lab->b);
    memmove(lab->b + lab->link_len, payload, len);
    lab->len = lab->link_len + len;
    lab->csum = CIAO_CSUM_NONE;
}

void make_ip4(struct lab *lab, uint8_t protocol, const void *payload, uint32_t len)
{
    uint8_t packet[LAB_FRAME];
    struct ip4_header header = {
        .src = v4_of(peer4),
        .dst = v4_of(own4),
        .total_len = (uint16_t)(IP4_HEADER_LEN + len),
        .id = 77,
        .protocol = protocol,
        .ttl = 63,
    };
    memcpy(packet + IP4_HEADER_LEN, payload, len);
    ip4_emit(&header, packet);
    make_ethernet(lab, ETH_TYPE_IP4, packet, IP4_HEADER_LEN + len);
}

void make_ip6(struct lab *lab, uint8_t next, const void *payload, uint32_t len)
{
    uint8_t packet[LAB_FRAME];
    struct ip6_header header = {
        .src = lab_addr(peer6),
        .dst = lab_addr(own6),
        .payload_len = (uint16_t)len,
        .next = next,
        .hop_limit = 63,
    };
    memcpy(packet + IP6_HEADER_LEN, payload, len);
    ip6_emit(&header, packet);
    make_ethernet(lab, ETH_TYPE_IP6, packet, IP6_HEADER_LEN + len);
}

/* Bytes of the transport with a checksum at that offset, between the peer and us. */
static void seal(uint8_t *l4, uint32_t len, uint8_t protocol, bool v6)
{
    uint32_t at = protocol == IP_PROTO_TCP ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
    struct ciao_addr src = lab_addr(v6 ? peer6 : peer4);
    struct ciao_addr dst = lab_addr(v6 ? own6 : own4);
    csum_store(l4 + at, csum_pseudo(&src, &dst, protocol, len) + csum_small(l4, len));
}

static uint32_t tcp_bytes_of(uint8_t *l4, uint32_t data_len)
{
    struct tcp_header tcp = {
        .sport = 4000, .dport = 80, .seq = 1000, .flags = TCP_ACK, .wnd = 500, .ack = 5};
    uint32_t len = (uint32_t)tcp_emit(&tcp, l4);
    for (uint32_t i = 0; i < data_len; i++)
        l4[len + i] = (uint8_t)(i * 7);
    return len + data_len;
}

void make_tcp4(struct lab *lab, uint32_t data_len)
{
    uint8_t l4[LAB_FRAME];
    uint32_t len = tcp_bytes_of(l4, data_len);
    seal(l4, len, IP_PROTO_TCP, false);
    make_ip4(lab, IP_PROTO_TCP, l4, len);
}

void make_tcp6(struct lab *lab, uint32_t data_len)
{
    uint8_t l4[LAB_FRAME];
    uint32_t len = tcp_bytes_of(l4, data_len);
    seal(l4, len, IP_PROTO_TCP, true);
    make_ip6(lab, IP_PROTO_TCP, l4, len);
}

static uint32_t udp_bytes_of(uint8_t *l4, uint32_t data_len)
{
    struct udp_header udp = {.sport = 4000, .dport = 53, .len = (uint16_t)(8 + data_len)};
    udp_emit(&udp, l4);
    memset(l4 + UDP_HEADER_LEN, 0x5a, data_len);
    return UDP_HEADER_LEN + data_len;
}

void make_udp4(struct lab *lab, uint32_t data_len)
{
    uint8_t l4[LAB_FRAME];
    uint32_t len = udp_bytes_of(l4, data_len);
    seal(l4, len, IP_PROTO_UDP, false);
    make_ip4(lab, IP_PROTO_UDP, l4, len);
}

void make_udp6(struct lab *lab, uint32_t data_len)
{
    uint8_t l4[LAB_FRAME];
    uint32_t len = udp_bytes_of(l4, data_len);
    seal(l4, len, IP_PROTO_UDP, true);
    make_ip6(lab, IP_PROTO_UDP, l4, len);
}

void make_icmp4(struct lab *lab, const struct icmp4_message *message)
{
    uint8_t l4[LAB_FRAME];
    uint32_t len = (uint32_t)icmp4_emit(message, l4, sizeof l4);
    make_ip4(lab, IP_PROTO_ICMP4, l4, len);
}

void make_icmp6(struct lab *lab, const struct icmp6_message *message)
{
    uint8_t l4[LAB_FRAME];
    struct ciao_addr src = lab_addr(peer6);
    struct ciao_addr dst = lab_addr(own6);
    struct icmp6_envelope envelope = {.src = &src, .dst = &dst, .room = sizeof l4};
    uint32_t len = (uint32_t)icmp6_emit(message, &envelope, l4);
    make_ip6(lab, IP_PROTO_ICMP6, l4, len);
}

static const uint8_t *echo_data(uint32_t len)
{
    static uint8_t data[LAB_FRAME];
    for (uint32_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 13 + i / 256);
    return data;
}

void make_echo4(struct lab *lab, uint32_t data_len)
{
    struct icmp4_message request = {.type = ICMP4_TYPE_ECHO_REQUEST,
                                    .id = 0x1234,
                                    .seq = 9,
                                    .body = echo_data(data_len),
                                    .body_len = data_len};
    make_icmp4(lab, &request);
}

void make_echo6(struct lab *lab, uint32_t data_len)
{
    struct icmp6_message request = {.type = ICMP6_TYPE_ECHO_REQUEST,
                                    .id = 0x1234,
                                    .seq = 9,
                                    .body = echo_data(data_len),
                                    .body_len = data_len};
    make_icmp6(lab, &request);
}

void make_arp(struct lab *lab, enum arp_operation operation, const char *sender, const char *target)
{
    uint8_t bytes[ARP_LEN];
    struct arp_packet arp = {
        .operation = operation, .sender_ip = v4_of(sender), .target_ip = v4_of(target)};
    memcpy(arp.sender_mac, lab_peer_mac, ETH_ALEN);
    arp_emit(&arp, bytes);
    make_ethernet(lab, ETH_TYPE_ARP, bytes, ARP_LEN);
}

void make_ndp(struct lab *lab, const struct ndp_message *message, const char *src, const char *dst)
{
    uint8_t bytes[NDP_EMIT_MAX];
    struct ciao_addr from = lab_addr(src ? src : peer6);
    struct ciao_addr to = lab_addr(dst ? dst : own6);
    uint32_t len = (uint32_t)ndp_emit(message, &from, &to, bytes);
    make_ip6(lab, IP_PROTO_ICMP6, bytes, len);
    memcpy(l3(lab) + 8, from.b, 16);
    memcpy(l3(lab) + 24, to.b, 16);
    l3(lab)[7] = NDP_HOP_LIMIT;
}

void fix_icmp6(struct lab *lab)
{
    struct ciao_addr src, dst;
    uint32_t len = lab->len - lab->link_len - IP6_HEADER_LEN;
    uint8_t *l4 = l4_of_ip6(lab);
    memcpy(src.b, l3(lab) + 8, 16);
    memcpy(dst.b, l3(lab) + 24, 16);
    put_be16(l4 + 2, 0);
    csum_store(l4 + 2, csum_pseudo6(&src, &dst, IP_PROTO_ICMP6, len) + csum_small(l4, len));
}

void set_src4(struct lab *lab, const char *text)
{
    put_be32(l3(lab) + 12, v4_of(text));
    ip4_refresh_checksum(l3(lab));
}

void set_dst4(struct lab *lab, const char *text)
{
    put_be32(l3(lab) + 16, v4_of(text));
    ip4_refresh_checksum(l3(lab));
}

void set_src6(struct lab *lab, const char *text)
{
    struct ciao_addr addr = lab_addr(text);
    memcpy(l3(lab) + 8, addr.b, 16);
}

void set_dst6(struct lab *lab, const char *text)
{
    struct ciao_addr addr = lab_addr(text);
    memcpy(l3(lab) + 24, addr.b, 16);
}

void to_broadcast_mac(struct lab *lab)
{
    memset(lab->b, 0xff, ETH_ALEN);
}

void make_piece4(struct lab *lab, const struct piece *piece, const uint8_t *whole)
{
    make_ip4(lab, piece->protocol, whole + piece->start, piece->len);
    put_be16(l3(lab) + 4, (uint16_t)piece->id);
    put_be16(l3(lab) + 6, (uint16_t)(piece->start / 8 | (piece->more ? 0x2000u : 0)));
    ip4_refresh_checksum(l3(lab));
}

void make_piece6(struct lab *lab, const struct piece *piece, const uint8_t *whole)
{
    uint8_t bytes[LAB_FRAME];
    struct ip6_fragment fragment = {.next = piece->protocol,
                                    .offset_bytes = (uint16_t)piece->start,
                                    .more = piece->more,
                                    .id = piece->id};
    ip6_fragment_emit(&fragment, bytes);
    memcpy(bytes + IP6_FRAGMENT_LEN, whole + piece->start, piece->len);
    make_ip6(lab, IP_PROTO_FRAGMENT, bytes, IP6_FRAGMENT_LEN + piece->len);
}

/* ---- in and out ---- */

uint64_t lab_count(const struct lab *lab, enum ciao_reason reason)
{
    return lab->trace.reasons[reason];
}

uint64_t lab_drops(const struct lab *lab)
{
    uint64_t drops = 0;
    for (unsigned i = 0; i < CIAO_REASONS; i++)
        drops += lab->trace.reasons[i];
    return drops;
}

static void keep_packet(struct lab *lab, struct ip_packet *packet)
{
    const struct ciao_frame *frame = packet->frame;
    uint32_t len = packet->l4_head_len;
    memcpy(lab->l4, packet->l4, len);
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(lab->l4 + len, frame->frag[i].ptr, frame->frag[i].len);
        len += frame->frag[i].len;
    }
    assert_int_equal(len, packet->l4_len);
    lab->packet = *packet;
    ciao_frame_release(packet->frame);
}

enum ciao_reason feed(struct lab *lab)
{
    struct ciao_frame frame;
    struct ip_packet packet;
    uint64_t before[CIAO_REASONS];
    uint64_t drops = lab_drops(lab);
    uint8_t *block = malloc(lab->len ? lab->len : 1);
    assert_non_null(block);
    memcpy(block, lab->b, lab->len);
    memcpy(before, lab->trace.reasons, sizeof before);
    ciao_frame_init(&frame);
    frame.head = block;
    frame.head_len = frame.len = lab->len;
    frame.csum = (uint8_t)lab->csum;
    lab->is_tcp = ip_receive(&lab->ip, 0, &frame, &packet, lab->now);
    if (lab->is_tcp)
        keep_packet(lab, &packet);
    free(block);
    lab->drops = (unsigned)(lab_drops(lab) - drops);
    for (unsigned i = 0; i < CIAO_REASONS; i++) {
        if (lab->trace.reasons[i] != before[i])
            return (enum ciao_reason)i;
    }
    return CIAO_REASON_NONE;
}

bool take(struct lab *lab)
{
    struct ciao_frame frame;
    struct ciao_frame *frames[1] = {&frame};
    if (ip_outbox_take(&lab->ip, 0, frames, 1) == 0)
        return false;
    memcpy(lab->sent, frame.head, frame.head_len);
    lab->sent_len = frame.head_len;
    for (uint32_t i = 0; i < frame.n_frags; i++) {
        memcpy(lab->sent + lab->sent_len, frame.frag[i].ptr, frame.frag[i].len);
        lab->sent_len += frame.frag[i].len;
    }
    assert_int_equal(lab->sent_len, frame.len);
    ciao_frame_release(&frame);
    return true;
}

void pass_time(struct lab *lab, time_us us)
{
    time_us end = lab->now + us;
    while (ip_next_deadline(&lab->ip) <= end) {
        lab->now = time_max(lab->now, ip_next_deadline(&lab->ip));
        ip_advance(&lab->ip, lab->now);
        assert_true(ip_next_deadline(&lab->ip) > lab->now);
    }
    lab->now = end;
}

bool send_tcp(struct lab *lab, const char *dst)
{
    struct ciao_addr to = lab_addr(dst);
    struct ciao_frame frame;
    struct ip_path path;
    assert_int_equal(ip_path_to(&lab->ip, &to, NULL, &path), 0);
    struct ip_out out = {.src = path.source,
                         .dst = to,
                         .protocol = IP_PROTO_TCP,
                         .ttl = 64,
                         .route = path.route,
                         .link = path.link};
    uint8_t *l4 = ip_frame_begin(&frame, &lab->ip, path.link, !ip_is_v4(&to));
    struct tcp_header tcp = {.sport = 80, .dport = 4000, .seq = 4711, .flags = TCP_ACK};
    uint32_t len = (uint32_t)tcp_emit(&tcp, l4);
    csum_store(l4 + TCP_CHECKSUM_OFFSET,
               csum_pseudo(&out.src, &out.dst, IP_PROTO_TCP, len) + csum_small(l4, len));
    if (!ip_frame_finish(&lab->ip, &frame, &out, len, lab->now))
        return false;
    memcpy(lab->sent, frame.head, frame.head_len);
    lab->sent_len = frame.head_len;
    ciao_frame_release(&frame);
    return true;
}

void answer_arp(struct lab *lab, const char *addr, const uint8_t mac[ETH_ALEN])
{
    make_arp(lab, ARP_REPLY, addr, own4);
    memcpy(l3(lab) + 8, mac, ETH_ALEN);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
}

void answer_ndp(struct lab *lab, const char *addr, const uint8_t mac[ETH_ALEN])
{
    struct ndp_message answer = {.type = ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT,
                                 .target = lab_addr(addr),
                                 .solicited = true,
                                 .override = true,
                                 .has_mac = true};
    memcpy(answer.mac, mac, ETH_ALEN);
    make_ndp(lab, &answer, addr, NULL);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
}
