/*
 * A studio for the capture's tests: a capture round one end of a loop, a stack played by hand, and
 * the file read back.
 */
#ifndef TESTS_DRIVER_STUDIO_H
#define TESTS_DRIVER_STUDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/capture.h"
#include "driver/packets.h"
#include "pcapng/pcapng.h"

#define EPOCH 1700000000000000u
#define LIFE  7

struct studio {
    struct ciao_driver *capture, *far;
    struct ciao_bufpool *pool;
    char path[64];
    uint8_t *bytes; /* the file, once closed */
    size_t len;
    struct pcapng_reader reader;
};

struct studio open_studio(struct capture_options options, enum ciao_link_kind kind);

/* Close all, and open the file for reading at its first packet. */
void develop(struct studio *studio);

void free_studio(struct studio *studio);

/* The comments of a block, joined by " | ". */
const char *comments_of(struct pcapng_block *block);

void expect_packet(struct studio *studio, uint32_t direction, uint32_t seq, unsigned flags,
                   const char *comments);

void expect_end(struct studio *studio, const char *comments);

struct packet segment(bool from_peer, uint32_t seq, uint16_t flags, uint32_t payload_len);

void expect_passed(struct ciao_driver *driver, uint64_t now_us);

void we_send(struct studio *studio, struct packet packet, uint64_t now_us);

/* n frames of the peer's arrive in one batch. */
void we_receive(struct studio *studio, const struct packet *packets, unsigned n, uint64_t now_us);

void we_receive_one(struct studio *studio, struct packet packet, uint64_t now_us);

void tell(struct studio *studio, const struct ciao_event *event);

void tell_born(struct studio *studio, uint64_t life);

void tell_arc(struct studio *studio, uint64_t life, enum ciao_arc_row row, uint64_t time_us);

void tell_segment(struct studio *studio, uint8_t type, uint32_t seq, uint16_t flags, uint32_t len,
                  uint64_t time_us);

void tell_reason(struct studio *studio, uint64_t life, enum ciao_reason reason, uint32_t seq,
                 uint16_t flags, uint64_t time_us);

/* The whole life of a client, with the events of every class as a stack tells them. */
void play_a_life(struct studio *studio, bool wire);

void expect_a_life(struct studio *studio);

#endif
