/*
 * How received bytes are kept: where they arrived, by reference.
 *
 * Only those that fill less than a quarter of their buffer are copied out, so that a small segment
 * does not pin a large buffer; the queue is charged for whole buffers.  What came in order last may
 * be the beginning of more in the same buffer (runs that touch in memory are one run), so it is
 * looked at when the batch is over, or something else has come behind it.  Where a copy would
 * occupy as much as the buffer does, there is none.
 */
#include "proto/tcp/tcp_run.h"

#include "proto/tcp/tcp_predict.h"

/* Bytes move to a buffer of our own; false: there is none, and all is as it was. */
static bool copy_out(struct tcp *tcp, struct tcp_run *run)
{
    struct ciao_buf *own = ciao_bufpool_take(tcp->buffers, run->len);
    if (own == NULL)
        return false;
    memcpy(ciao_buf_bytes(own), run->ptr, run->len);
    run->ptr = ciao_buf_bytes(own);
    run->buf = own;
    run->charge = ciao_buf_charge(own) | RUN_OWN;
    return true;
}

uint32_t tcp_run_make(struct tcp *tcp, struct tcp_queue *queue, const struct tcp_part *part,
                      enum tcp_run_kind kind)
{
    bool spare = kind == RUN_GROWS && queue->in_order_first == 0 && queue->in_order_last != 0;
    uint32_t index = spare ? queue->in_order_last : pool_take(&tcp->runs);
    if (index == 0)
        return 0;
    struct tcp_run *run = tcp_run_at(tcp, index);
    *run =
        (struct tcp_run){.start = part->seq, .len = part->len, .ptr = part->ptr, .buf = part->buf};
    bool worth = part->buf != NULL && tcp_run_is_worth(part->buf, part->len);
    if (worth || (part->buf != NULL && kind == RUN_GROWS)) {
        ciao_buf_ref(run->buf);
        run->charge = ciao_buf_charge(run->buf) | (worth ? 0 : RUN_LARGE);
    } else if (!copy_out(tcp, run)) {
        if (!spare)
            pool_give(&tcp->runs, index);
        return 0;
    }
    queue->charged_bytes += run->charge & RUN_BYTES;
    return index;
}

/* ---- the last one in order ---- */

/* Nothing will follow it in its buffer.  Without memory for a copy it stays where it is. */
static void settle(struct tcp *tcp, struct tcp_queue *queue)
{
    struct tcp_run *last = tcp_run_at(tcp, queue->in_order_last);
    if (queue->in_order_first == 0 || !(last->charge & RUN_LARGE))
        return;
    struct ciao_buf *buf = last->buf;
    last->charge &= ~RUN_LARGE;
    queue->charged_bytes -= last->charge;
    if (!tcp_run_is_worth(buf, last->len) && copy_out(tcp, last))
        ciao_buf_unref(buf);
    queue->charged_bytes += last->charge & RUN_BYTES;
}

void tcp_receive_settle(struct tcp *tcp)
{
    const struct tcb *tcb = tcp_tcb_at(tcp, tcp->unsettled);
    tcp->unsettled = REF_NONE;
    if (tcb->queue != 0)
        settle(tcp, tcp_queue(tcp, tcb));
}

void tcp_run_append(struct tcp *tcp, struct tcp_queue *queue, uint32_t index)
{
    if (queue->in_order_first == 0) {
        queue->in_order_first = index;
        if (queue->in_order_last != 0 && queue->in_order_last != index)
            pool_give(&tcp->runs, queue->in_order_last);
    } else {
        settle(tcp, queue);
        tcp_run_at(tcp, queue->in_order_last)->next = index;
    }
    queue->in_order_last = index;
}

/* Small ones gather in a buffer of ours. */
static bool fits_behind_own(const struct tcp_run *last, const struct tcp_part *part)
{
    if (!(last->charge & RUN_OWN) || (part->buf != NULL && part->len >= part->buf->size / 4))
        return false;
    const uint8_t *end = last->ptr + last->len;
    size_t used = (size_t)(end - ciao_buf_bytes(last->buf));
    return last->buf->size - used >= part->len;
}

bool tcp_run_take_anew(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue,
                       const struct tcp_part *part)
{
    struct tcp_run *last = tcp_run_at(tcp, queue->in_order_last);
    if (queue->in_order_first != 0 && fits_behind_own(last, part)) {
        size_t used = (size_t)(last->ptr + last->len - ciao_buf_bytes(last->buf));
        memcpy(ciao_buf_bytes(last->buf) + used, part->ptr, part->len);
        last->len += part->len;
        return true;
    }
    uint32_t index = tcp_run_make(tcp, queue, part, RUN_GROWS);
    if (index == 0)
        return false;
    tcp_run_append(tcp, queue, index);
    if (!(tcp_run_at(tcp, index)->charge & RUN_LARGE))
        return true;
    ref_t ref = tcp_tcb_ref(tcp, tcb);
    if (tcp->unsettled != REF_NONE && tcp->unsettled != ref)
        tcp_receive_settle(tcp);
    tcp->unsettled = ref;
    return true;
}
