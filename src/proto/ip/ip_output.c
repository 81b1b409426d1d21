/*
 * The way out: headers in front of a segment, and small datagrams of our own: see ip.h.
 *
 * TCP's frames leave by the caller's hand.  Everything else (RST, ICMP, ARP, neighbour discovery)
 * waits in its link's outbox for the next ciao_output(), and so do frames whose neighbour has just
 * answered.  TCP's datagrams are never cut to fragments and forbid it to others (DF); what goes
 * through ip_reply() is cut where it must be.  [RFC791 3.2], [RFC8200 4.5], [RFC6864 4]
 */
#include "base/bytes.h"
#include "base/frame.h"
#include "proto/ip/ip_internal.h"

BUILD_ASSERT(IP_TO_L4 >= ETH_HEADER_LEN + IP6_HEADER_LEN + IP6_FRAGMENT_LEN);

/* ---- queues of frames ---- */

static struct ip_slot *slot_at(const struct ip_layer *ip, uint32_t index)
{
    return pool_at(&ip->slots, index);
}

/* A few are kept at hand for what waits next: to ask the pool takes longer than the frame waits. */
#define SPARE_MOST 64u

static inline uint32_t take_slot(struct ip_layer *ip)
{
    uint32_t index = ip->spare;
    if (index == 0)
        return pool_take(&ip->slots);
    ip->spare = slot_at(ip, index)->next;
    ip->spares--;
    return index;
}

static inline void give_slot(struct ip_layer *ip, uint32_t index)
{
    if (ip->spares == SPARE_MOST) {
        pool_give(&ip->slots, index);
        return;
    }
    slot_at(ip, index)->next = ip->spare;
    ip->spare = index;
    ip->spares++;
}

/* A slot at the end of a queue. */
static void queue_link(struct ip_layer *ip, struct ip_queue *queue, uint32_t index)
{
    slot_at(ip, index)->next = 0;
    if (queue->last != 0)
        slot_at(ip, queue->last)->next = index;
    else
        queue->first = index;
    queue->last = index;
    queue->count++;
}

bool ip_queue_push(struct ip_layer *ip, struct ip_queue *queue, struct ciao_frame *frame)
{
    uint32_t index = take_slot(ip);
    if (index == 0)
        return false;
    ciao_frame_move(&slot_at(ip, index)->frame, frame);
    queue_link(ip, queue, index);
    return true;
}

struct ciao_frame *ip_outbox_next(struct ip_layer *ip, uint8_t link)
{
    struct ip_queue *outbox = &ip->links.at[link].outbox;
    uint32_t index = outbox->count < IP_OUTBOX_FRAMES ? take_slot(ip) : 0;
    if (index == 0) {
        ip_drop(ip, CIAO_DROP_REPLY_QUEUE_FULL);
        return NULL;
    }
    queue_link(ip, outbox, index);
    return &slot_at(ip, index)->frame;
}

bool ip_queue_pop(struct ip_layer *ip, struct ip_queue *queue, struct ciao_frame *frame)
{
    uint32_t index = queue->first;
    if (index == 0)
        return false;
    struct ip_slot *slot = slot_at(ip, index);
    frame_take(frame, &slot->frame);
    queue->first = slot->next;
    if (queue->first == 0)
        queue->last = 0;
    queue->count--;
    give_slot(ip, index);
    return true;
}

bool ip_outbox_put(struct ip_layer *ip, uint8_t link, struct ciao_frame *frame)
{
    struct ip_queue *outbox = &ip->links.at[link].outbox;
    if (outbox->count < IP_OUTBOX_FRAMES && ip_queue_push(ip, outbox, frame))
        return true;
    ip_drop(ip, CIAO_DROP_REPLY_QUEUE_FULL);
    ciao_frame_release(frame);
    return false;
}

unsigned ip_outbox_take(struct ip_layer *ip, int link, struct ciao_frame *const *frames, unsigned n)
{
    struct ip_queue *outbox = &ip->links.at[link].outbox;
    unsigned taken = 0;
    while (taken < n && ip_queue_pop(ip, outbox, frames[taken]))
        taken++;
    return taken;
}

bool ip_outbox_waits(const struct ip_layer *ip, int link)
{
    return ip->links.at[link].outbox.count != 0;
}

/* ---- headers ---- */

void ip_link_header(const struct ciao_link *link, struct ciao_frame *frame, const uint8_t mac[6])
{
    struct eth_header eth;
    if (link->kind != CIAO_LINK_ETHERNET)
        return;
    bool v6 = frame->head[ETH_HEADER_LEN] >> 4 == 6;
    eth.type = v6 ? ETH_TYPE_IP6 : ETH_TYPE_IP4;
    memcpy(eth.dst, mac, ETH_ALEN);
    memcpy(eth.src, link->mac, ETH_ALEN);
    eth_emit(&eth, frame->head);
}

uint8_t *ip_frame_begin(struct ciao_frame *frame, const struct ip_layer *ip, uint8_t link, bool v6)
{
    (void)ip, (void)link, (void)v6; /* the longest headers fit, so the place is always the same */
    ciao_frame_init(frame);
    return frame->room + IP_TO_L4;
}

/* Write the IP header that ends at l4; returns its length. */
static uint32_t write_header(struct ip_layer *ip, const struct ip_out *out, uint8_t *l4,
                             uint32_t payload_len)
{
    if (!ip_is_v4(&out->dst)) {
        struct ip6_header header = {
            .src = out->src,
            .dst = out->dst,
            .payload_len = (uint16_t)payload_len,
            .next = out->protocol,
            .hop_limit = out->ttl,
            .tclass = out->tos,
        };
        return (uint32_t)ip6_emit(&header, l4 - IP6_HEADER_LEN);
    }
    struct ip4_header header = {
        .src = ip_v4(&out->src),
        .dst = ip_v4(&out->dst),
        .total_len = (uint16_t)(payload_len + IP4_HEADER_LEN),
        .id = ip_next_id(ip),
        .protocol = out->protocol,
        .ttl = out->ttl,
        .tos = out->tos,
        .df = true,
    };
    return (uint32_t)ip4_emit(&header, l4 - IP4_HEADER_LEN);
}

/* To whom on the link does it go?  False: nobody, and the frame is dropped. */
static bool next_hop(struct ip_layer *ip, const struct ip_out *out, struct ip_hop *hop)
{
    ASSERT(out->route < IP_ROUTES);
    const struct ip_route *route = &ip->routes.at[out->route];
    if (route->until == 0 || route->link != out->link) {
        int index = ip_route_find(ip, &out->dst, out->link); /* the way has changed meanwhile */
        if (index < 0)
            return false;
        route = &ip->routes.at[index];
    }
    hop->addr = ip_is_any(&route->gateway) ? out->dst : route->gateway;
    hop->source = out->src;
    hop->link = out->link;
    return true;
}

/* The head is complete but for the link header. */
static bool to_link(struct ip_layer *ip, struct ciao_frame *frame, const struct ip_out *out,
                    time_us now)
{
    const struct ciao_link *link = &ip->links.at[out->link].link;
    struct ip_hop hop;
    if (link->kind != CIAO_LINK_ETHERNET)
        return true;
    if (ip_is_multicast(&out->dst)) {
        uint8_t mac[ETH_ALEN];
        eth_multicast_of(&out->dst, mac);
        ip_link_header(link, frame, mac);
        return true;
    }
    if (!next_hop(ip, out, &hop)) {
        ip_drop(ip, CIAO_DROP_NO_ROUTE);
        ciao_frame_release(frame);
        return false;
    }
    return ip_neighbour_resolve(ip, frame, &hop, now);
}

/* Set the frame's lengths, once the IP header stands before its first l4_header_len bytes. */
static void set_lengths(struct ciao_frame *frame, uint32_t before, uint32_t l4_header_len)
{
    uint32_t payload = 0;
    for (uint32_t i = 0; i < frame->n_frags; i++)
        payload += frame->frag[i].len;
    frame->head = frame->room + IP_TO_L4 - before;
    frame->head_len = before + l4_header_len;
    frame->len = frame->head_len + payload;
    if (frame->csum == CIAO_CSUM_PARTIAL)
        frame->csum_start = (uint16_t)before;
}

bool ip_frame_finish(struct ip_layer *ip, struct ciao_frame *frame, const struct ip_out *out,
                     uint32_t l4_header_len, time_us now)
{
    uint8_t *l4 = frame->room + IP_TO_L4;
    set_lengths(frame, 0, l4_header_len);
    ASSERT(out->link < ip->links.count && frame->segments != 0);
    ASSERT(frame->len <= IP4_PACKET_MAX - (ip_is_v4(&out->dst) ? IP4_HEADER_LEN : 0));
    uint32_t ip_len = write_header(ip, out, l4, frame->len);
    ip->next_id = (uint16_t)(ip->next_id + frame->segments - 1); /* each wire segment has its own */
    set_lengths(frame, ip_link_header_len(&ip->links.at[out->link].link) + ip_len, l4_header_len);
    frame->ecn = out->tos & IP_ECN_MASK;
    return to_link(ip, frame, out, now);
}

/* ---- datagrams of our own ---- */

/* A frame for one piece of a datagram: `before` l4 comes what is in front, behind it the bytes. */
static bool fill(struct ip_layer *ip, struct ciao_frame *frame, const uint8_t *bytes, uint32_t len)
{
    if (len <= CIAO_FRAME_ROOM - IP_TO_L4) {
        memcpy(frame->room + IP_TO_L4, bytes, len);
        return true;
    }
    struct ciao_buf *buf = ciao_bufpool_take(ip->buffers, len);
    if (buf == NULL || ciao_frame_add(frame, buf, ciao_buf_bytes(buf), len) != 0) {
        ip_drop(ip, CIAO_DROP_REPLY_NO_MEMORY);
        ciao_buf_unref(buf);
        return false;
    }
    memcpy(ciao_buf_bytes(buf), bytes, len);
    return true;
}

/* One piece of a datagram that is too long for its link. */
struct cut {
    uint32_t start, len, id;
    bool more;
};

/* The IP header of a piece, and for IPv6 the fragment header; returns their length. */
static uint32_t write_cut_header(const struct ip_out *out, const struct cut *cut, uint8_t *l4)
{
    if (!ip_is_v4(&out->dst)) {
        struct ip6_fragment fragment = {.next = out->protocol,
                                        .offset_bytes = (uint16_t)cut->start,
                                        .more = cut->more,
                                        .id = cut->id};
        struct ip6_header header = {
            .src = out->src,
            .dst = out->dst,
            .payload_len = (uint16_t)(cut->len + IP6_FRAGMENT_LEN),
            .next = IP_PROTO_FRAGMENT,
            .hop_limit = out->ttl,
            .tclass = out->tos,
        };
        ip6_fragment_emit(&fragment, l4 - IP6_FRAGMENT_LEN);
        ip6_emit(&header, l4 - IP6_FRAGMENT_LEN - IP6_HEADER_LEN);
        return IP6_FRAGMENT_LEN + IP6_HEADER_LEN;
    }
    struct ip4_header header = {
        .src = ip_v4(&out->src),
        .dst = ip_v4(&out->dst),
        .total_len = (uint16_t)(cut->len + IP4_HEADER_LEN),
        .id = (uint16_t)cut->id,
        .frag_offset_bytes = (uint16_t)cut->start,
        .protocol = out->protocol,
        .ttl = out->ttl,
        .tos = out->tos,
        .mf = cut->more,
    };
    return (uint32_t)ip4_emit(&header, l4 - IP4_HEADER_LEN);
}

static bool send_cut(struct ip_layer *ip, const struct ip_out *out, const struct cut *cut,
                     const uint8_t *l4, time_us now)
{
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    if (!fill(ip, &frame, l4 + cut->start, cut->len))
        return false;
    uint32_t link_len = ip_link_header_len(&ip->links.at[out->link].link);
    uint32_t before = write_cut_header(out, cut, frame.room + IP_TO_L4);
    set_lengths(&frame, link_len + before, frame.n_frags ? 0 : cut->len);
    return !to_link(ip, &frame, out, now) || ip_outbox_put(ip, out->link, &frame);
}

static bool reply_in_pieces(struct ip_layer *ip, const struct ip_out *out, const uint8_t *l4,
                            uint32_t len, time_us now)
{
    bool v4 = ip_is_v4(&out->dst);
    uint32_t headers = v4 ? IP4_HEADER_LEN : IP6_HEADER_LEN + IP6_FRAGMENT_LEN;
    uint32_t most = (ip->links.at[out->link].link.mtu - headers) & ~7u;
    uint32_t id = v4 ? ip_next_id(ip) : ip->next_frag_id++;
    for (uint32_t start = 0; start < len; start += most) {
        uint32_t left = len - start;
        struct cut cut = {
            .start = start, .len = left < most ? left : most, .id = id, .more = left > most};
        if (!send_cut(ip, out, &cut, l4, now))
            return false;
    }
    return true;
}

bool ip_reply(struct ip_layer *ip, const struct ip_out *out, const uint8_t *l4, uint32_t len,
              time_us now)
{
    struct ciao_frame frame;
    uint32_t header = ip_is_v4(&out->dst) ? IP4_HEADER_LEN : IP6_HEADER_LEN;
    if (header + len > ip->links.at[out->link].link.mtu)
        return reply_in_pieces(ip, out, l4, len, now);
    ip_frame_begin(&frame, ip, out->link, false);
    if (!fill(ip, &frame, l4, len))
        return false;
    /* Not ready means that it waits for the neighbour, or that its reason has been counted. */
    return !ip_frame_finish(ip, &frame, out, frame.n_frags ? 0 : len, now)
           || ip_outbox_put(ip, out->link, &frame);
}

bool ip_answer(struct ip_layer *ip, const struct ip_arrival *arrival, struct ip_out *out)
{
    const struct ip_packet *packet = &arrival->packet;
    int only_link = ip_is_linklocal(&packet->src) ? packet->link : -1;
    int route = ip_route_find(ip, &packet->src, only_link);
    const struct ciao_addr *source = NULL;
    if (route >= 0)
        source = packet->broadcast ? ip_source_for(ip, &packet->src, ip->routes.at[route].link)
                                   : &packet->dst;
    if (source == NULL) {
        ip_drop(ip, CIAO_DROP_NO_ROUTE);
        return false;
    }
    *out = (struct ip_out){
        .src = *source,
        .dst = packet->src,
        .ttl = IP_TTL,
        .route = (uint16_t)route,
        .link = ip->routes.at[route].link,
    };
    return true;
}
