/*
 * Sums of queued bytes, known since they were copied in: see tcp_sums.c.
 */
#ifndef PROTO_TCP_TCP_SUMS_H
#define PROTO_TCP_TCP_SUMS_H

#include "base/buf.h"
#include "wire/checksum.h"

/* Bytes copied in at one place. */
struct tcp_copy {
    const uint8_t *from;
    uint32_t at, len; /* in the buffer */
    uint32_t ahead;   /* bytes that wait ahead of them, never sent */
    uint32_t segment; /* payload bytes of a full segment; 0: not known yet */
};

/* How many bytes of the program a buffer of the send queue takes: the sums lie behind them. */
static inline uint32_t tcp_sums_capacity(const struct ciao_buf *buf)
{
    return buf->size < BUF_QUARTER ? buf->size : BUF_QUARTER;
}

/* A buffer as it comes from the pool: nothing is known. */
void tcp_sums_begin(struct ciao_buf *buf);

/* Copy, and remember what a large buffer's bytes add up to (`csum` NULL: nobody will ask).  They go
 * on where the last ones ended. */
void tcp_sums_copy(const struct csum_ops *csum, struct ciao_buf *buf, const struct tcp_copy *copy);

/* The sum of bytes of such a buffer, as far as it is known; the rest is summed now. */
uint32_t tcp_sums_of(const struct csum_ops *csum, const struct ciao_frag *frag);

/* The same of all fragments of a frame together. */
uint32_t tcp_sums_of_frame(const struct csum_ops *csum, const struct ciao_frame *frame);

#endif
