/*
 * A host's IP layer on a bench of its own: no TCP, one link (Ethernet unless said otherwise), and
 * packets made by hand.
 *
 * We are 10.9.0.2/24 and fd09::2/64 with MAC 02:..:02; the peer is 10.9.0.1 and fd09::1 with
 * MAC 02:..:01.  Time moves only when the test says so.
 */
#ifndef TESTS_IP_LAB_H
#define TESTS_IP_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "proto/ip/ip.h"
#include "proto/ip/ip_internal.h"
#include "wire/arp.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/ndp.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#define COUNT(array)   (sizeof(array) / sizeof(array)[0])
#define LAB_FRAME      70000u
#define LAB_NEIGHBOURS 8u

struct lab {
    struct ip_layer ip;
    struct trace trace;
    struct ciao_bufpool buffers;
    uint8_t *memory;
    size_t memory_bytes;
    time_us now;
    uint32_t link_len; /* of its header: 14 or 0 */

    /* the frame that is being made: link header, IP header, the rest */
    uint8_t b[LAB_FRAME];
    uint32_t len;
    enum ciao_csum csum;

    /* what became of the last frame that was fed */
    bool is_tcp;
    struct ip_packet packet; /* frame and l4 no longer hold */
    uint8_t l4[LAB_FRAME];   /* the whole transport payload, when it was TCP's */
    unsigned drops;          /* reasons that were counted meanwhile */

    /* what was taken from the outbox last */
    uint8_t sent[LAB_FRAME];
    uint32_t sent_len;

    /* what TCP was told */
    unsigned errors;
    struct ip_error error;
};

extern const uint8_t lab_own_mac[ETH_ALEN], lab_peer_mac[ETH_ALEN];
struct ciao_addr lab_addr(const char *text);
extern const char *const own4, *const peer4, *const own6, *const peer6;

struct lab *lab_new(enum ciao_link_kind kind);
struct lab *lab_new_with(const struct ciao_link *link, uint64_t buffer_bytes);
/* All must have been given back by then. */
void lab_free(struct lab *lab);

/* ---- making frames ---- */
static inline uint8_t *l3(struct lab *lab)
{
    return lab->b + lab->link_len;
}
static inline uint8_t *l4_of_ip4(struct lab *lab)
{
    return l3(lab) + IP4_HEADER_LEN;
}
static inline uint8_t *l4_of_ip6(struct lab *lab)
{
    return l3(lab) + IP6_HEADER_LEN;
}
/* From the peer to us, with payload bytes; the link header too. */
void make_ethernet(struct lab *lab, uint16_t type, const void *payload, uint32_t len);
void make_ip4(struct lab *lab, uint8_t protocol, const void *payload, uint32_t len);
void make_ip6(struct lab *lab, uint8_t next, const void *payload, uint32_t len);
void make_tcp4(struct lab *lab, uint32_t data_len);
void make_tcp6(struct lab *lab, uint32_t data_len);
void make_udp4(struct lab *lab, uint32_t data_len);
void make_udp6(struct lab *lab, uint32_t data_len);
void make_icmp4(struct lab *lab, const struct icmp4_message *message);
void make_icmp6(struct lab *lab, const struct icmp6_message *message);
void make_echo4(struct lab *lab, uint32_t data_len);
void make_echo6(struct lab *lab, uint32_t data_len);
void make_arp(struct lab *lab, enum arp_operation operation, const char *sender,
              const char *target);
/* Neighbour discovery from src (NULL: the peer) to dst (NULL: us). */
void make_ndp(struct lab *lab, const struct ndp_message *message, const char *src, const char *dst);
void set_src4(struct lab *lab, const char *text); /* and the header's checksum */
void set_dst4(struct lab *lab, const char *text);
void set_src6(struct lab *lab, const char *text); /* the transport checksum no longer fits */
void set_dst6(struct lab *lab, const char *text);
void to_broadcast_mac(struct lab *lab);
/* Write ICMPv6's checksum anew. */
void fix_icmp6(struct lab *lab);

/* A fragment of IPv4, or of IPv6 when v6. */
struct piece {
    uint32_t id, start, len;
    bool more;
    uint8_t protocol;
};
void make_piece4(struct lab *lab, const struct piece *piece, const uint8_t *whole);
void make_piece6(struct lab *lab, const struct piece *piece, const uint8_t *whole);

/* ---- in and out ---- */
/* Feed the frame that was made: in a block of exactly its size.  The reason that it was dropped
 * for; CIAO_REASON_NONE when it was of use. */
enum ciao_reason feed(struct lab *lab);
uint64_t lab_count(const struct lab *lab, enum ciao_reason reason);
uint64_t lab_drops(const struct lab *lab);
/* Take the next frame from the outbox into lab->sent; false: there is none. */
bool take(struct lab *lab);
void pass_time(struct lab *lab, time_us us);
/* Send a TCP segment without data; true: it left at once (into lab->sent). */
bool send_tcp(struct lab *lab, const char *dst);
/* The peer answers the question for an address with a MAC. */
void answer_arp(struct lab *lab, const char *addr, const uint8_t mac[ETH_ALEN]);
void answer_ndp(struct lab *lab, const char *addr, const uint8_t mac[ETH_ALEN]);

#endif
