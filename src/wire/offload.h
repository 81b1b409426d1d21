/*
 * What network cards do for a stack, in software: complete checksums, cut super-segments, merge
 * segments.
 *
 * For drivers and wrappers whose far side cannot take what a stack hands out, and for a batch on
 * its way in.  Frames are TCP over IPv4 or IPv6; link_header_len is 14 on Ethernet and 0 for bare
 * IP packets.  All headers must lie in the head; the payload may follow there, in fragments, or in
 * both.
 */
#ifndef WIRE_OFFLOAD_H
#define WIRE_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/frame.h"
#include "wire/checksum.h"

/* The sum of all bytes of a frame from `start` on; known sums of fragments are used. */
uint32_t offload_sum(const struct ciao_frame *frame, uint32_t start, const struct csum_ops *ops);

/*
 * Turn a partial checksum into a complete one in the frame's bytes; any other frame is left as it
 * is.
 *
 * As virtio has it: the field at csum_start + csum_offset holds the pseudo-header's sum, and
 * everything from csum_start on is summed.  Headers in a buffer that another frame shares are
 * copied first; only when they are longer than a room and the pool is empty the checksum stays
 * partial.
 */
void offload_complete(struct ciao_frame *frame, const struct csum_ops *ops);

/* How many frames of the wire a frame is: 1 for what is no super-segment. */
uint32_t offload_count(const struct ciao_frame *super, uint32_t link_header_len);

/*
 * Make the index-th frame of the wire out of a super-segment.
 *
 *   index  below offload_count()
 *   ops    completes the checksum; NULL leaves it partial
 *   out    overwritten; it holds references to the payload of its own, to be released as usual
 *
 * IP length and identification, sequence number and flags are those that the sender would have
 * used: FIN and PSH on the last alone, CWR on the first alone.  What is no super-segment comes out
 * as it is.
 */
void offload_cut(const struct ciao_frame *super, uint32_t index, uint32_t link_header_len,
                 const struct csum_ops *ops, struct ciao_frame *out);

/*
 * May `frame` be appended to `super`, as if both had arrived in one piece?
 *
 * The same flow, in order, headers equal but for what must differ; checksums known to be good; a
 * short segment, a PSH or a FIN ends a run; and there is room.
 */
bool offload_can_append(const struct ciao_frame *super, const struct ciao_frame *frame,
                        uint32_t link_header_len);

/*
 * Append it: the payload's references move to `super`, whose `segments` keeps count of the wire's;
 * `frame` is left empty.  The checksum field of `super` then holds the pseudo-header's sum.
 */
void offload_append(struct ciao_frame *super, struct ciao_frame *frame, uint32_t link_header_len);

#endif
