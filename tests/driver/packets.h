/*
 * Packets for the drivers' tests: made whole, and judged with a checksum of the tests' own.
 */
#ifndef TESTS_DRIVER_PACKETS_H
#define TESTS_DRIVER_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/frame.h"
#include "ciao/stack.h"

#define PACKET_MOST 65600

/* 10.9.0.2 and 10.9.0.1, or fd09::2 and fd09::1: ours and the peer's. */
struct packet {
    enum ciao_link_kind kind;
    bool v6;
    bool from_peer;
    uint16_t our_port, peer_port;
    uint32_t seq, ack;
    uint16_t flags, wnd;
    uint32_t payload_len;
    uint16_t gso_size; /* 0: no super-segment */
    bool partial;      /* leave the TCP checksum to whoever is next */
    bool in_one_piece; /* all bytes behind head, as a driver receives them */
    uint8_t fill;      /* payload byte i is fill + i */
};

struct ciao_bufpool *packet_pool_make(uint64_t bytes);
/* Fails the test unless every buffer has come back. */
void packet_pool_free(struct ciao_bufpool *pool);

void packet_make(struct ciao_frame *frame, struct ciao_bufpool *pool, const struct packet *packet);

/* All bytes of a frame, in order; returns how many. */
uint32_t packet_bytes(const struct ciao_frame *frame, uint8_t out[PACKET_MOST]);

/* Are the IP and TCP checksums right, and the lengths? */
bool packet_is_intact(const uint8_t *bytes, uint32_t len, enum ciao_link_kind kind);

/* The TCP header of a packet of ours. */
const uint8_t *packet_tcp(const uint8_t *bytes, enum ciao_link_kind kind);

#endif
