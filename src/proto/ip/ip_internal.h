/*
 * What the files of ip/, arp/, icmp/ and ndp/ know of each other.  Each block names the file that
 * defines it.
 */
#ifndef PROTO_IP_IP_INTERNAL_H
#define PROTO_IP_IP_INTERNAL_H

#include "base/assert.h"
#include "base/mem.h"
#include "proto/ip/ip.h"
#include "wire/addr.h"
#include "wire/eth.h"
#include "wire/fault.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

#define IP_TTL   64u
#define IP_TO_L4 64u /* where in a frame's room a transport header begins: Ethernet and IPv6 fit */

/* A datagram on its way up. */
struct ip_arrival {
    struct ip_packet packet;
    const uint8_t *l3; /* the IP header */
    uint32_t l3_len;   /* of the datagram, as far as it lies in the frame's head */
    time_us now;
    bool link_broadcast; /* the link carried it to many */
    bool whole;          /* it has come out of reassembly */
};

static inline void ip_drop(struct ip_layer *ip, enum ciao_reason reason)
{
    trace_drop(ip->trace, reason);
}

/* Some timer of ours is due at `deadline`. */
static inline void ip_arm(struct ip_layer *ip, time_us deadline)
{
    ip->deadline = time_min(ip->deadline, deadline);
}

static inline uint32_t ip_link_header_len(const struct ciao_link *link)
{
    return link->kind == CIAO_LINK_ETHERNET ? ETH_HEADER_LEN : 0;
}

/* ---- ip.c ---- */
/* May one more leave?  `rate` a second, `burst` at once. */
struct ip_limit {
    uint32_t rate, burst;
};
bool ip_bucket_take(struct ip_bucket *bucket, struct ip_limit limit, time_us now);

/* ---- ip_faults.c ---- */
enum ciao_reason ip_drop_of(enum wire_fault fault);

/* ---- ip_route.c ---- */
/* The longest prefix that matches, of that link alone unless link is negative; -1: none. */
int ip_route_find(const struct ip_layer *ip, const struct ciao_addr *dst, int link);
/* A route that a router has advertised; lifetime_us 0 takes it away.  False: no room. */
struct ip_advert {
    struct ciao_addr prefix, gateway;
    uint32_t bits, mtu;
    uint8_t link;
    time_us until; /* 0: it is no route any more */
};
bool ip_route_advertise(struct ip_layer *ip, const struct ip_advert *advert);
int ip_route_insert(struct ip_layer *ip, const struct ip_route *route);
time_us ip_routes_advance(struct ip_layer *ip, time_us now);
static inline bool ip_is_loopback_link(const struct ip_layer *ip, int link)
{
    return link >= 0 && (uint32_t)link + 1 == ip->links.loopback;
}
/* Does it stand among our addresses?  (127.0.0.2 is ours without standing there.) */
bool ip_has_address(const struct ip_layer *ip, const struct ciao_addr *addr);
bool ip_is_ours_on(const struct ip_layer *ip, const struct ciao_addr *addr, int link);
/* 255.255.255.255, or the last address of a prefix of ours. */
bool ip_is_any_broadcast(const struct ip_layer *ip, const struct ciao_addr *addr);
bool ip_is_our_group(const struct ip_layer *ip, const struct ciao_addr *group, int link);
/* Who we are to somebody on that link: the best of its addresses; NULL: it has none. */
const struct ciao_addr *ip_source_for(const struct ip_layer *ip, const struct ciao_addr *dst,
                                      int link);

/* ---- ip_input.c, ip4_input.c, ip6_input.c: true means that packet is TCP's ---- */
bool ip4_arrived(struct ip_layer *ip, struct ip_arrival *arrival);
bool ip6_arrived(struct ip_layer *ip, struct ip_arrival *arrival);
/* The reason not to believe a source, or CIAO_REASON_NONE. */
enum ciao_reason ip_source_fault(const struct ip_layer *ip, int link, const struct ciao_addr *src);
/* Is it for us?  Also sets packet->broadcast. */
enum ciao_reason ip_destination_fault(const struct ip_layer *ip, struct ip_arrival *arrival);
/* Cut the frame behind the datagram's last byte, `len` from the IP header on. */
void ip_trim(struct ip_arrival *arrival, uint32_t len);
/* The header is `len` long: set the packet's l4. */
void ip_set_l4(struct ip_arrival *arrival, uint32_t len);
/* Its checks are done: to whom?  protocol and l4 are set. */
bool ip_deliver(struct ip_layer *ip, struct ip_arrival *arrival);

/* ---- ip_reassembly.c ---- */
struct ip_fragment { /* its bytes are at the arrival's l4 */
    uint32_t id;
    uint32_t start, len;
    uint32_t head_len; /* of all headers before the data */
    bool more;
    uint8_t protocol;
};
/* Keep a fragment.  True: the datagram is whole, and `arrival` is now that (to be parsed anew). */
bool ip_reassemble(struct ip_layer *ip, struct ip_arrival *arrival, const struct ip_fragment *part);
time_us ip_reassembly_advance(struct ip_layer *ip, time_us now);

/* ---- ip_plain.c ---- */
/* True: a TCP segment of the usual shape between judged ends.  False: nothing happened. */
bool ip_take_plain(struct ip_layer *ip, int link, struct ciao_frame *frame,
                   struct ip_packet *packet);
bool ip_is_judged(struct ip_layer *ip, int link, const struct ciao_addr *src,
                  const struct ciao_addr *dst);
/* This TCP segment was believed, and is for us alone: so are others between the same ends. */
void ip_judge(struct ip_layer *ip, const struct ip_packet *packet);
/* A link, an address or a route has come or gone: judgements and ways that are kept don't hold. */
void ip_changed(struct ip_layer *ip);

/* ---- ip_output.c ---- */
/* A frame that has its link header already. */
bool ip_outbox_put(struct ip_layer *ip, uint8_t link, struct ciao_frame *frame);
bool ip_queue_push(struct ip_layer *ip, struct ip_queue *queue, struct ciao_frame *frame);
bool ip_queue_pop(struct ip_layer *ip, struct ip_queue *queue, struct ciao_frame *frame);
/* Write the link header into a frame that begins with room for it. */
void ip_link_header(const struct ciao_link *link, struct ciao_frame *frame, const uint8_t mac[6]);
/* How to answer a datagram: back to its source, from the address it was sent to.  False: no way,
 * and the reason is counted. */
bool ip_answer(struct ip_layer *ip, const struct ip_arrival *arrival, struct ip_out *out);

/* ---- ip_neighbour.c ---- */
struct ip_hop {
    struct ciao_addr addr;   /* the neighbour */
    struct ciao_addr source; /* on whose behalf it is asked */
    uint8_t link;
};
/* Complete the frame's link header; false: it waits, or is dropped with its reason. */
bool ip_neighbour_resolve(struct ip_layer *ip, struct ciao_frame *frame, const struct ip_hop *hop,
                          time_us now);
struct ip_neighbour *ip_neighbour_find(struct ip_layer *ip, const struct ciao_addr *addr,
                                       uint8_t link);
/* The neighbour was heard of, unasked; new ones are made.  NULL: no room. */
struct ip_neighbour *ip_neighbour_heard(struct ip_layer *ip, const struct ip_hop *hop,
                                        const uint8_t mac[6], time_us now);
/* It has answered, or taken another MAC: what waits may leave. */
void ip_neighbour_known(struct ip_layer *ip, struct ip_neighbour *neighbour, const uint8_t mac[6],
                        enum ip_neighbour_state state, time_us now);
time_us ip_neighbours_advance(struct ip_layer *ip, time_us now);

/* ---- the usual datagram: ip_plain.c ---- */

#define IP_NOT_PLAIN 0xffffu

/* Where IP begins in a frame for us alone; else IP_NOT_PLAIN: too far for any head. */
static inline uint32_t ip_plain_start(const struct ciao_link *link, const struct ciao_frame *frame)
{
    if (link->kind != CIAO_LINK_ETHERNET)
        return 0;
    const uint8_t *head = frame->head;
    if (frame->head_len <= ETH_HEADER_LEN || memcmp(head, link->mac, ETH_ALEN) != 0
        || eth_is_multicast(head + ETH_ALEN))
        return IP_NOT_PLAIN;
    uint16_t type = get_be16(head + 2 * ETH_ALEN);
    bool fits = type == (head[ETH_HEADER_LEN] >> 4 == 4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6);
    return fits ? ETH_HEADER_LEN : IP_NOT_PLAIN;
}

#endif
