/*
 * IP of both families, as TCP and the core see it: links, addresses, routes, neighbours,
 * reassembly, and the way out.
 *
 * A map for the reader:
 *   ip.c             the layer is made; links, addresses and routes are added
 *   ip_route.c       which way to a destination, and which address is ours
 *   ip_plain.c       a frame arrives: the usual shape, between known ends
 *   ip_input.c       any frame: link header, addresses, who is to have it
 *   ip4_input.c, ip6_input.c   the checks of each family    [RFC791], [RFC1122 3.2.1], [RFC8200]
 *   ip_reassembly.c  fragments become datagrams, within limits [RFC815], [RFC8200 4.5], [RFC5722]
 *   ip_output.c      headers in front of a segment; small replies wait in an outbox
 *   ip_neighbour.c   which MAC an address has: the cache that ARP and neighbour discovery fill
 *
 * Not for forwarding: what is not for us is dropped, with its reason.  Addresses are v4-mapped for
 * IPv4 (wire/addr.h), so that each table exists once.  A host of several links accepts its
 * addresses on any of them (the weak model of [RFC1122 3.3.4.2]), link-local ones on theirs only.
 * Nothing loops back inside: there is no route to an address of our own.
 */
#ifndef PROTO_IP_IP_H
#define PROTO_IP_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/time.h"
#include "ciao/frame.h"
#include "ciao/stack.h"
#include "proto/ip/ip_tables.h"
#include "trace/trace.h"
#include "wire/checksum.h"
#include "wire/icmp_quote.h"

/* A datagram that has arrived, whole, for us. */
struct ip_packet {
    struct ciao_addr src, dst;
    struct ciao_frame *frame; /* holds the bytes, and nothing behind the datagram's last one */
    const uint8_t *l4;        /* first byte of the transport header, in frame->head */
    uint32_t l4_head_len;     /* bytes contiguous from l4; TCP's whole header, where it has one */
    uint32_t l4_len;          /* all of the payload: l4_head_len and the frame's fragments */
    int link;
    uint8_t protocol, ttl, tos;
    bool v6;
    bool csum_ok;   /* the link vouches for the transport checksum */
    bool broadcast; /* sent to a broadcast or multicast address */
};

/* What an ICMP error, or the silence of a neighbour, says of a datagram that we have sent. */
enum ip_trouble {
    IP_TROUBLE_SOFT,   /* it may pass [RFC9293 3.9.2.2 MUST-56] */
    IP_TROUBLE_HARD,   /* it will not [RFC9293 3.9.2.2 SHLD-26] */
    IP_TROUBLE_TOO_BIG /* it must be smaller: `mtu` */
};
struct ip_error {
    struct icmp_quote quote; /* whose datagram it was */
    enum ip_trouble trouble;
    uint32_t mtu;
    uint8_t type, code; /* as on the wire */
};

/* Who is told of errors: TCP, through the core. */
struct ip_upper {
    void *self;
    void (*error)(void *self, const struct ip_error *error, time_us now);
};

/* What the layer is made of, handed over once. */
struct ip_parts {
    struct trace *trace;
    struct ciao_bufpool *buffers;
    struct ip_upper upper;
    uint32_t max_neighbours;
    uint32_t cpu; /* CIAO_CPU_* */
};

struct ip_layer {
    const struct csum_ops *csum;
    struct trace *trace;
    struct ciao_bufpool *buffers;
    struct ip_upper upper;
    uint16_t next_id;      /* of IPv4 datagrams */
    uint32_t next_frag_id; /* of IPv6 datagrams that we cut */
    uint64_t accepted;     /* frames that were of use: every other one has a reason */
    time_us deadline;      /* no timer of ours is due before */
    struct ip_links links;
    struct ip_addresses addresses;
    uint32_t changes; /* of links, addresses and routes, counted: what was kept may not hold */
    struct ip_judged judged[1 << IP_JUDGED_BITS];
    uint32_t judgements; /* so often what was judged before ceased to hold */
    struct ip_routes routes;
    struct ip_neighbours neighbours;
    struct ip_reassemblies reassemblies;
    struct pool slots;       /* struct ip_slot: frames that wait in an outbox or for a neighbour */
    uint32_t spare, spares;  /* of these some that nothing is in: the first, and how many */
    struct ip_bucket errors; /* how many ICMP errors may still leave [RFC1812 4.3.2.8] */
    struct ip_bucket echoes; /* and echo replies */
    struct ciao_frame *straight; /* where a datagram is put together that came in pieces */
};

/* ---- made by the core: ip.c ---- */
size_t ip_bytes(const struct ip_parts *parts);
/* 0, or -1 when the arena is too small.  `seed` decides identifications and the cache's hash. */
int ip_init(struct ip_layer *ip, const struct ip_parts *parts, struct rng *seed,
            struct arena *arena);
int ip_link_add(struct ip_layer *ip, const struct ciao_link *link);
int ip_address_add(struct ip_layer *ip, int link, const struct ciao_addr *addr, unsigned bits);
int ip_route_add(struct ip_layer *ip, const struct ciao_route *route);

/* ---- frames in: ip_input.c ---- */
/*
 * Take a frame in.  True: `packet` is a TCP segment; hand it on, then release packet->frame.
 * False: all is done, and the frame is released.
 */
bool ip_receive(struct ip_layer *ip, int link, struct ciao_frame *frame, struct ip_packet *packet,
                time_us now);

/* ---- time: ip.c ---- */
void ip_advance(struct ip_layer *ip, time_us now);
static inline time_us ip_next_deadline(const struct ip_layer *ip)
{
    return ip->deadline;
}

/* ---- asked by TCP: ip_route.c ---- */
struct ip_path {
    uint8_t link;
    uint16_t route;
    uint32_t mtu;
    struct ciao_addr source;
};
/*
 * The way to a destination, and the address to come from: the one asked for, or else that of the
 * way's link that is of the same scope and has most bits in common [RFC6724 5, rules 2 and 8].
 *
 * Returns 0, -CIAO_ENOROUTE, -CIAO_EDESTADDR, -CIAO_EADDRNOTAVAIL.
 */
CIAO_MUST_CHECK int ip_path_to(const struct ip_layer *ip, const struct ciao_addr *dst,
                               const struct ciao_addr *source_or_null, struct ip_path *path);
bool ip_is_ours(const struct ip_layer *ip, const struct ciao_addr *addr);
const struct ciao_link *ip_link(const struct ip_layer *ip, int link);
uint16_t ip_next_id(struct ip_layer *ip);

/* ---- the way out: ip_output.c ---- */
/* What the IP header is made of. */
struct ip_out {
    struct ciao_addr src, dst;
    uint8_t protocol, ttl, tos;
    uint16_t route;
    uint8_t link;
};

/*
 * Make the frame empty, and say where in its room the transport header goes (60 bytes at most);
 * room for the headers before it is kept.  Payload is added afterwards, as fragments.
 */
uint8_t *ip_frame_begin(struct ciao_frame *frame, const struct ip_layer *ip, uint8_t link, bool v6);

/*
 * Put the IP and link headers in front of what was written at ip_frame_begin().
 *
 *   frame          payload in its fragments; checksum complete, or PARTIAL with csum_offset set
 *                  (csum_start is set here); gso, gso_size and segments set
 *   l4_header_len  bytes written at ip_frame_begin()
 *
 * True: it is ready to leave.  False: the neighbour is being asked and the frame waits (its
 * references have moved), or it was dropped with its reason; either way `frame` is empty.
 */
bool ip_frame_finish(struct ip_layer *ip, struct ciao_frame *frame, const struct ip_out *out,
                     uint32_t l4_header_len, time_us now);

/*
 * Put a datagram whose payload is these bytes, checksum complete, into the link's outbox.
 * What is longer than the link's MTU is cut to fragments.  False: it was dropped, with its reason.
 */
bool ip_reply(struct ip_layer *ip, const struct ip_out *out, const uint8_t *l4, uint32_t len,
              time_us now);

/* The outbox, for the core: take up to n frames; is there any? */
unsigned ip_outbox_take(struct ip_layer *ip, int link, struct ciao_frame *const *frames,
                        unsigned n);
bool ip_outbox_waits(const struct ip_layer *ip, int link);
/* A frame at its end, to be written by the caller, whole and at once; NULL: it is full, counted. */
struct ciao_frame *ip_outbox_next(struct ip_layer *ip, uint8_t link);

/* ---- what the tables hold, for ciao_counts() ---- */
uint32_t ip_reassembly_count(const struct ip_layer *ip);
uint32_t ip_neighbours_waiting(const struct ip_layer *ip);

#endif
