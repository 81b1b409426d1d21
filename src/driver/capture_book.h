/*
 * What a capture keeps between its calls.  For the capture*.c files alone.
 *
 *   capture.c        the driver: shoots every frame that passes
 *   capture_file.c   packets and their notes into the file
 *   capture_match.c  which packet is meant
 *   capture_notes.c  events into notes
 */
#ifndef DRIVER_CAPTURE_BOOK_H
#define DRIVER_CAPTURE_BOOK_H

#include <stdbool.h>

#include "driver/capture.h"
#include "pcapng/pcapng.h"
#include "wire/offload.h"

#define SHOTS          4096       /* packets held back until their events have come */
#define STORE_BYTES    (4u << 20) /* their bytes */
#define FILE_BYTES     (256u << 10)
#define NOTES          2048
#define NOTE_TEXT      (CAPTURE_TEXT + 128) /* with states, key and rule */
#define NOTES_A_PACKET 16                   /* further ones are lost */
#define LIVES          4096 /* a power of two; a connection's number modulo this is its place */
#define FLUSH_US       1000000
#define SETTLE_US      100000 /* so long the events of a packet may take to come */

#define FLAG_FIN      1u
#define FLAG_SYN      2u
#define FLAG_RST      4u
#define TELLING_FLAGS (FLAG_FIN | FLAG_SYN | FLAG_RST)

/* Both ends of a connection, seen from here. */
struct ends {
    struct ciao_addr local, remote;
    uint16_t local_port, remote_port;
};

/* A packet that waits for its notes. */
struct shot {
    uint64_t time_us;
    uint32_t offset, len; /* in the store */
    uint32_t notes;       /* the first; 0: none */
    bool outbound;
    bool tcp; /* the rest is known */
    uint8_t flags;
    uint32_t seq;
    struct ends ends;
};

struct note {
    uint64_t time_us;
    uint32_t next; /* 0: none */
    uint32_t len;
    bool change; /* of state: belongs to a SYN, FIN or RST if one follows */
    char text[NOTE_TEXT];
};

/* A connection, as far as its events have told. */
struct capture_life {
    uint64_t id; /* 0: the place is free */
    struct ends ends;
    uint64_t heard_us; /* when it was handed the segment below */
    uint32_t heard_seq, heard_len;
    uint16_t heard_flags;
    bool has_heard;
    bool listed;      /* in the list of those that wait */
    uint32_t waiting; /* notes for the next packet that it sends; 0: none */
    uint32_t next;    /* in that list: place + 1 */
};

struct capture {
    struct ciao_driver driver;
    struct ciao_driver *inner;
    struct capture_options options;
    const struct csum_ops *csum;
    uint32_t link_header_bytes;
    struct capture_counters counters;
    uint64_t next_flush_us;

    int file;
    int error; /* -errno of the first write that failed */
    uint32_t file_used;

    uint32_t n_shots, store_used;
    uint32_t free_note;  /* list of those that were used before */
    uint32_t fresh_note; /* beyond it none was ever used */
    uint32_t waiting;    /* list of lives with notes for their next packet: place + 1 */
    uint32_t strays;     /* notes for the next reset of no connection */
    uint32_t leftover;   /* notes for which no packet came any more */

    struct shot shots[SHOTS];
    struct note notes[NOTES + 1]; /* from 1 */
    struct capture_life lives[LIVES];
    uint8_t store[STORE_BYTES];
    uint8_t file_bytes[FILE_BYTES];
};

/* ---- capture_file.c ---- */
int capture_file_open(struct capture *capture, const char *path);
/* Write the oldest n packets with their notes, and forget them. */
void capture_write_out(struct capture *capture, uint32_t n);
void capture_flush(struct capture *capture);
/* The last packets, the notes that are left, and the end. */
void capture_file_close(struct capture *capture, uint64_t now_us);

/* ---- capture_match.c ---- */
/* Read addresses, ports, flags and sequence number off a packet; .tcp: there are such. */
void capture_read_facts(const uint8_t *packet, uint32_t len, struct shot *shot);
bool capture_same_ends(const struct ends *a, const struct ends *b);
/* The received packet that this event of a life speaks of; NULL: it is not here. */
struct shot *capture_find_received(struct capture *capture, const struct capture_life *life,
                                   const struct ciao_event *event);
/* The same for a segment that was sent. */
struct shot *capture_find_sent(struct capture *capture, const struct capture_life *life,
                               const struct ciao_event *event);
/* The same for what was dropped before a connection was known. */
struct shot *capture_find_dropped(struct capture *capture, const struct ciao_event *event);
/* The SYN, FIN or RST that this packet is, or else that its sender sent after it; NULL: none. */
struct shot *capture_find_sign(struct capture *capture, struct shot *shot);

/* ---- capture_notes.c ---- */
void capture_take_event(struct capture *capture, const struct ciao_event *event);
/* Give a packet that is about to be written what waits for it. */
void capture_claim_notes(struct capture *capture, struct shot *shot);
/* All notes that still wait become `leftover`. */
void capture_give_up_notes(struct capture *capture);
void capture_free_notes(struct capture *capture, uint32_t first);

#endif
