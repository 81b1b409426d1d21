/*
 * Runs of received bytes, by reference: what tcp_run.c, tcp_predict.c, tcp_receive.c and
 * tcp_read.c share.
 */
#ifndef PROTO_TCP_TCP_RUN_H
#define PROTO_TCP_TCP_RUN_H

#include "base/buf.h"
#include "proto/tcp/tcp_internal.h"

/* In run->charge, beside the bytes. */
#define RUN_OWN   0x80000000u /* a buffer of our own, that we may append to */
#define RUN_LARGE 0x40000000u /* a small part of a large buffer: copied out when the batch ends */
#define RUN_BYTES 0x3fffffffu

/* A part of a received segment that lies in one piece. */
struct tcp_part {
    const uint8_t *ptr;
    uint32_t len;
    struct ciao_buf *buf; /* NULL: in the frame itself, must be copied */
    seq_t seq;
};

enum tcp_run_kind {
    RUN_KEPT, /* copied out at once, if it is not worth a reference */
    RUN_GROWS /* more of its buffer may follow in this batch: that is decided at its end */
};

static inline struct tcp_run *tcp_run_at(const struct tcp *tcp, uint32_t index)
{
    return (struct tcp_run *)pool_at(&tcp->runs, index);
}

/* Is a reference worth while?  It keeps the whole buffer from others. */
static inline bool tcp_run_is_worth(const struct ciao_buf *buf, uint32_t len)
{
    return buf->size < 2 * BUF_SMALL || len >= buf->size / 4;
}

static inline void tcp_run_free(struct tcp *tcp, struct tcp_queue *queue, uint32_t index)
{
    struct tcp_run *run = tcp_run_at(tcp, index);
    queue->charged_bytes -= run->charge & RUN_BYTES;
    ciao_buf_unref(run->buf);
    pool_give(&tcp->runs, index);
}

/* A run of these bytes, in no queue yet, but charged to this one; 0: no memory. */
uint32_t tcp_run_make(struct tcp *tcp, struct tcp_queue *queue, const struct tcp_part *part,
                      enum tcp_run_kind kind);
/* Put it behind the last one in order. */
void tcp_run_append(struct tcp *tcp, struct tcp_queue *queue, uint32_t index);
bool tcp_run_take_anew(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue,
                       const struct tcp_part *part);

/* Put bytes behind the last ones in order; those that follow in memory need no run of their own.
 * False: no memory. */
static inline bool tcp_run_take(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue,
                                const struct tcp_part *part)
{
    if (queue->in_order_first != 0) {
        struct tcp_run *last = tcp_run_at(tcp, queue->in_order_last);
        if (part->buf == last->buf && part->ptr == last->ptr + last->len) {
            last->len += part->len;
            return true;
        }
    }
    return tcp_run_take_anew(tcp, tcb, queue, part);
}

#endif
