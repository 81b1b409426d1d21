/*
 * Super-segments for tests: of either family, in one piece or in several, out of a pool that shows
 * whether every reference was given back.
 */
#ifndef TESTS_WIRE_SUPER_SEGMENT_H
#define TESTS_WIRE_SUPER_SEGMENT_H

#include "wire_test.h"

#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/offload.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#define MOST 70000u /* bytes of the longest frame here, and more */

struct world {
    void *memory;
    struct ciao_bufpool pool;
    struct rng rng;
    const struct csum_ops *ops;
};

struct world world_begin(uint8_t seed);

/* Every reference that was taken has been given back. */
void world_end(struct world *world);

/* What a super-segment is to be like. */
struct recipe {
    bool v6;
    bool in_head; /* headers and payload in one piece, in a buffer */
    uint32_t link_len;
    uint32_t payload_len;
    uint32_t frag_len; /* payload pieces of this size */
    uint16_t mss;
    uint16_t flags;
    uint8_t tos;
};

/* Make it: sequence number 16 below the wrap, timestamps, IPv4 identification 1 below its wrap. */
void cook(struct world *world, const struct recipe *recipe, struct ciao_frame *frame);

struct recipe random_recipe(struct rng *rng);

/* Frame `index` of a super whose bytes are `super`: headers as a plain sender would write them. */
void check_cut(const struct recipe *recipe, const uint8_t *super, uint32_t index, uint32_t count,
               const struct ciao_frame *cut);

#endif
