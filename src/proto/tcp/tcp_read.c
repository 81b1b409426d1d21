/*
 * Reading: bytes go from the queue to the program.  [RFC9293 3.10.3]
 */
#include "proto/tcp/tcp_run.h"

/* ---- reading ---- */

uint32_t tcp_unread_bytes(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_queue(tcp, tcb)->in_order_bytes;
}

/* What is read is gone: the first run shrinks or goes. */
static inline void consume(struct tcp *tcp, struct tcp_queue *queue, struct tcp_run *run,
                           uint32_t len)
{
    uint32_t index = queue->in_order_first;
    queue->in_order_bytes -= len;
    if (len != run->len) {
        run->start += len;
        run->ptr += len;
        run->len -= len;
        return;
    }
    queue->in_order_first = run->next;
    if (run->next != 0) {
        tcp_run_free(tcp, queue, index);
        return;
    }
    queue->charged_bytes -= run->charge & RUN_BYTES; /* the record stays, the next is soon wanted */
    ciao_buf_unref(run->buf);
}

/* Not while more than half of what could be offered is: see tcp_window_read(). */
static inline bool may_offer_more(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t offered = tcb->rcv.edge - tcb->rcv.nxt;
    uint32_t buffer = tcp_tcb_settings(tcp, tcb)->rcvbuf_bytes;
    uint32_t most = (uint32_t)UINT16_MAX << tcb->rcv_wscale;
    return offered <= buffer / 2 + 1 && offered <= most / 2 + 1;
}

size_t tcp_receive_take(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue, uint8_t *out,
                        size_t len)
{
    size_t done = 0;
    do {
        struct tcp_run *run = tcp_run_at(tcp, queue->in_order_first);
        uint32_t n = len - done < run->len ? (uint32_t)(len - done) : run->len;
        memcpy(out + done, run->ptr, n);
        done += n;
        consume(tcp, queue, run, n);
    } while (queue->in_order_first != 0 && done < len);
    if (may_offer_more(tcp, tcb))
        tcp_window_read(tcp, tcb);
    return done;
}

/* The same where it may be just a look, or bytes are thrown away, or there are none. */
static size_t copy_out(struct tcp *tcp, struct tcp_queue *queue, const struct tcp_read *read)
{
    uint8_t *out = read->data;
    size_t done = 0;
    uint32_t index = queue->in_order_first, skip = read->skip;
    for (; index != 0 && skip >= tcp_run_at(tcp, index)->len; index = tcp_run_at(tcp, index)->next)
        skip -= tcp_run_at(tcp, index)->len;
    while (index != 0 && done < read->len) {
        struct tcp_run *run = tcp_run_at(tcp, index);
        uint32_t n = run->len - skip;
        n = read->len - done < n ? (uint32_t)(read->len - done) : n;
        if (out != NULL)
            memcpy(out + done, run->ptr + skip, n);
        done += n;
        skip = 0;
        index = run->next;
        if (!read->peek)
            consume(tcp, queue, run, n);
    }
    return done;
}

/* How many bytes were taken; 0: there are none. */
int64_t tcp_receive_read(struct tcp *tcp, struct tcb *tcb, const struct tcp_read *read)
{
    if (tcb->queue == 0)
        return 0;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    size_t done = copy_out(tcp, queue, read);
    if (!read->peek && done != 0)
        tcp_window_read(tcp, tcb);
    if (queue->in_order_first == 0)
        tcp_queue_emptied(tcp, tcb);
    return (int64_t)done;
}

void tcp_receive_skip(struct tcp *tcp, struct tcb *tcb, uint32_t len)
{
    const struct tcp_read read = {.len = len};
    (void)tcp_receive_read(tcp, tcb, &read);
}

static void flush_list(struct tcp *tcp, struct tcp_queue *queue, uint32_t index)
{
    while (index != 0) {
        uint32_t next = tcp_run_at(tcp, index)->next;
        tcp_run_free(tcp, queue, index);
        index = next;
    }
}

void tcp_receive_flush(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->queue == 0)
        return;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    flush_list(tcp, queue, queue->in_order_first);
    flush_list(tcp, queue, queue->out_of_order_first);
    if (queue->in_order_first != 0)
        queue->in_order_last = 0;
    queue->in_order_first = queue->out_of_order_first = 0;
    queue->in_order_bytes = queue->out_of_order_bytes = 0;
    tcb->held_runs = 0;
    tcp_queue_emptied(tcp, tcb);
}
