/*
 * The tables of the IP layer, each with its budget and what happens at its limit.
 *
 *   links, addresses, routes  the configuration: at the limit adding answers -CIAO_ENOMEM
 *   neighbours                the least recently used that nobody waits for makes room
 *   reassemblies              the oldest makes room; one source has a budget of its own, beyond
 *                             which its new fragments are dropped
 *   outboxes, waiting frames  a full outbox drops what comes, a full queue of a neighbour its
 *                             oldest frame [RFC1122 2.3.2.2]
 */
#ifndef PROTO_IP_IP_TABLES_H
#define PROTO_IP_IP_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "base/time.h"
#include "ciao/frame.h"
#include "ciao/stack.h"

#define IP_LINKS             16u
#define IP_ADDRESSES         64u
#define IP_ROUTES            256u
#define IP_ROUTES_ADVERTISED 16u   /* of these, by routers */
#define IP_OUTBOX_FRAMES     256u  /* of one link */
#define IP_SLOTS             1024u /* frames in all outboxes and all neighbours' queues */

/* ---- links and their outboxes ---- */
struct ip_queue {
    uint32_t first, last, count; /* of struct ip_slot */
};
struct ip_link_entry {
    struct ciao_link link;
    struct ip_queue outbox;
};
struct ip_links {
    struct ip_link_entry at[IP_LINKS];
    uint32_t count;
    uint32_t loopback; /* number + 1 of the loopback link, 0: there is none */
};

/* ---- addresses ---- */
struct ip_address {
    struct ciao_addr addr;
    struct ciao_addr broadcast; /* of its prefix; IPv6 and prefixes of 31 or 32 bits: any */
    uint8_t bits;               /* of the prefix, on the 128-bit form */
    uint8_t link;
};
struct ip_addresses {
    struct ip_address at[IP_ADDRESSES];
    uint32_t count;
};

/* ---- pairs of ends that an arriving datagram may have: see ip_plain.c ---- */
#define IP_JUDGED_BITS 6
struct ip_judged {
    uint64_t word[4]; /* source and destination, as they lie in memory */
    int link;         /* number + 1 of the link it came by; 0: nobody stands here */
};

/* ---- routes ---- */
struct ip_route {
    struct ciao_addr prefix;
    struct ciao_addr gateway; /* any: on-link */
    time_us until;            /* TIME_NEVER, or when a router's advertisement ends; 0: unused */
    uint32_t mtu;
    uint8_t bits; /* on the 128-bit form */
    uint8_t link;
    bool advertised; /* came from a router, not from the program */
};
struct ip_routes {
    struct ip_route at[IP_ROUTES]; /* never moved: connections hold the index */
    uint16_t by_length[IP_ROUTES]; /* longest prefix first, then the order of adding */
    uint32_t count;
};

/* ---- frames that wait ---- */
struct ip_slot {
    uint32_t next;
    struct ciao_frame frame;
};

/* ---- neighbours [RFC4861 5.1], and the same for ARP ---- */
enum ip_neighbour_state {
    NEIGHBOUR_INCOMPLETE, /* everybody is being asked */
    NEIGHBOUR_REACHABLE,  /* has answered */
    NEIGHBOUR_STALE,      /* was only heard of, or claims to have moved; not used since */
    NEIGHBOUR_DELAY,      /* in doubt and in use: wait whether it shows signs of life */
    NEIGHBOUR_PROBE       /* it is being asked itself */
};
struct ip_neighbour {
    struct ciao_addr addr;
    time_us deadline; /* of the state; REACHABLE and STALE have no timer */
    time_us used_us;
    time_us confirmed_us;
    struct ciao_addr source; /* of what made us ask */
    struct ip_queue waiting;
    uint32_t next; /* in its bucket */
    uint8_t mac[6];
    uint8_t state; /* enum ip_neighbour_state */
    uint8_t link;
    uint8_t tries;
    bool router;
};
#define IP_WAITING_FRAMES 3u
struct ip_neighbours {
    struct pool pool; /* struct ip_neighbour */
    uint32_t *bucket;
    uint32_t bucket_mask;
    uint32_t last; /* the one that was used last */
    uint64_t key[2];
};

/* ---- reassembly ---- */
#define IP_REASSEMBLIES            64u
#define IP_REASSEMBLIES_PER_SOURCE 8u
#define IP_REASSEMBLY_RUNS         64u
#define IP_REASSEMBLY_ROOM         192u       /* in the buffer, before the first byte: the header */
#define IP_REASSEMBLY_BYTES        (1u << 20) /* held by all */
#define IP_REASSEMBLY_SOURCE_BYTES (256u << 10)
#define IP4_REASSEMBLY_US          30000000u /* AS LINUX: half of what [RFC1122 3.3.2] advises */
#define IP6_REASSEMBLY_US          60000000u /* [RFC8200 4.5] */

struct ip_run {
    uint32_t start, end;
};
struct ip_reassembly {
    struct ciao_addr src, dst;
    time_us deadline; /* 0: unused */
    time_us since_us;
    struct ciao_buf *buf; /* NULL: spoilt, and kept to recognise the fragments yet to come */
    uint32_t id;
    uint32_t total;    /* bytes of the whole, 0: not known yet */
    uint32_t received; /* bytes */
    uint32_t n_runs;
    uint32_t head_len; /* of fragment 0's headers, kept before the first byte; 0: not seen */
    uint8_t protocol;  /* of fragment 0 */
    uint8_t ttl, tos, link;
    bool v6, no_answer; /* sent to many: no ICMP error may answer */
    struct ip_run run[IP_REASSEMBLY_RUNS];
};
struct ip_reassemblies {
    struct ip_reassembly *at;
    uint32_t used;
    uint32_t bytes;
};

/* ---- a rate and a burst: what was spent of the burst is earned back at the rate ---- */
struct ip_bucket {
    time_us since_us;
    uint32_t spent;
};

#endif
