/*
 * Where the parts of a TCP frame lie: shared by offload.c and offload_merge.c, for nobody else.
 */
#ifndef WIRE_OFFLOAD_SHAPE_H
#define WIRE_OFFLOAD_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/frame.h"

/* Offsets from the frame's first byte. */
struct offload_shape {
    uint32_t ip;
    uint32_t tcp;
    uint32_t payload;
    uint32_t end; /* of the IP packet; behind it lies the link's padding */
    bool v6;
};

/* False: it is no whole TCP segment whose headers lie in the head, and would fit into a room. */
bool offload_shape_of(const struct ciao_frame *frame, uint32_t link_header_len,
                      struct offload_shape *shape);

/* How many bytes of the payload lie in the head, behind the headers. */
uint32_t offload_head_payload(const struct ciao_frame *frame, const struct offload_shape *shape);

/*
 * The headers in frame->head are to announce `payload_len` bytes of payload: write the IP length,
 * IPv4's checksum and TCP's as far as the pseudo-header goes; csum_start and csum_offset follow.
 */
void offload_set_lengths(struct ciao_frame *frame, const struct offload_shape *shape,
                         uint32_t payload_len);

/*
 * The first `bytes` of the head are to be written: when they lie in a buffer that somebody else
 * holds too, they move to the room, and what follows them becomes a fragment.  Where that cannot
 * be, the whole head is copied to a buffer of its own.  False: there is none to be had.
 */
bool offload_own_head(struct ciao_frame *frame, uint32_t bytes);

static inline uint32_t offload_payload_len(const struct offload_shape *shape)
{
    return shape->end - shape->payload;
}

#endif
