/*
 * One end of the comparison: a whole lwIP with the program that uses it, behind a table of
 * functions.  Its object file is linked twice under two names, for lwIP keeps its state in globals.
 *
 * The link is a queue of frames at each end.  Headers and short segments cross by copy, since lwIP
 * changes the headers that it reads; the payload of longer ones crosses by reference.
 */
#ifndef PEERS_LWIP_END_H
#define PEERS_LWIP_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_BODIES   4   /* pieces of payload at most */
#define FRAME_HEAD     192 /* bytes that cross by copy */
#define END_CALL_BYTES ((size_t)16 * 1024)

struct frame {
    struct frame *next;
    void *owner; /* the sender's pbuf whose payload this is, or NULL */
    void (*release)(struct frame *frame);
    unsigned held; /* by so many pbufs of the receiver */
    unsigned bodies;
    uint16_t head_bytes;
    uint16_t body_bytes[FRAME_BODIES];
    void *body[FRAME_BODIES];
    uint64_t pbuf[1 + FRAME_BODIES][5]; /* the receiver's */
    _Alignas(8) uint8_t head[FRAME_HEAD];
};

struct end_setup {
    uint32_t address, peer; /* in the host's order */
    uint16_t port;          /* of the server, which the client connects to */
    uint32_t pcbs;          /* connections that may stand, TIME-WAIT and all */
    const uint8_t *pattern; /* what the bytes of a stream are compared with, or NULL; of 64 KB */
    bool echo;              /* answer each request with as many bytes */
};

struct end_ops {
    void (*open)(const struct end_setup *setup);
    void (*listen)(void);
    void (*connect)(void);
    /* So many more connections, as like the one there is as two peas, but for the ports. */
    bool (*multiply)(uint32_t n);
    /* How many have come about, and how many the peer has closed, since they were last closed. */
    uint32_t (*connected)(void);
    uint32_t (*closed_by_peer)(void);
    void (*close_connected)(void);
    void (*close_closed_by_peer)(void);
    /* As much as goes into the send buffer of the only connection, in calls of 16 KB; bytes. */
    uint64_t (*write_all)(const uint8_t *bytes);
    /* So few bytes that they go at once, on connection number i. */
    void (*request)(uint32_t i, const uint8_t *bytes, uint16_t len);
    uint64_t (*received)(void);
    /* What the peer's link has; it is given back by and by. */
    void (*input)(struct frame *frame);
    /* What is to go to the peer: all of it, in a list; NULL: nothing. */
    struct frame *(*output)(void);
    void (*quarter_second)(void);
    uint32_t (*time_waits)(void);
    size_t pcb_bytes;
};

extern const struct end_ops client_end, server_end;

#endif
