/*
 * What a connection has besides its TCB, and from when to when.
 *
 *   side record    stands at the TCB's index in a table beside the TCBs: used from the first data
 *                  to the end of the connection
 *   queue record   from a pool, as long as bytes are queued, unread or on their way
 *
 * As long as few are out (TCP_QUEUES_KEPT) an empty one stays where it is until the connection's
 * timer runs out next, so that a request and its answer attach and detach nothing.  When many are
 * out it is given back at once, and the next connection has it while it is in the cache.  Neither
 * changes anything else: whatever of a queue could still matter is what a fresh one begins with.
 */
#include "proto/tcp/tcp_send.h"

static bool attach_side(struct tcp *tcp, struct tcb *tcb)
{
    const uint32_t more = tcp_tcb_settings(tcp, tcb)->more;
    bool by_time = (more & CIAO_RACK) != 0;
    uint32_t rack = by_time ? pool_take(&tcp->racks) : 0;
    if (by_time && rack == 0)
        return false;
    if (rack != 0)
        memset(pool_at(&tcp->racks, rack), 0, sizeof(struct tcp_rack));
    struct tcp_side *side = tcp_side(tcp, tcb);
    memset(side, 0, sizeof *side);
    side->rack = rack;
    side->burst_flags = more & CIAO_BURSTS ? BURST_ON : 0;
    tcb->has_side = 1;
    tcp->sides_used++;
    tcp_congestion_init(tcp, tcb);
    return true;
}

bool tcp_queue_take(struct tcp *tcp, struct tcb *tcb)
{
    if (!tcb->has_side && !attach_side(tcp, tcb))
        return false;
    uint32_t index = pool_take(&tcp->queues);
    if (index == 0)
        return false;
    tcb->queue = index & REF_INDEX_MAX;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    memset(queue, 0, sizeof *queue);
    queue->chunk_start = queue->pushed = queue->burst_end = queue->small_end = tcb->snd_end;
    return true;
}

static bool is_empty(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    return queue->sendq_bytes == 0 && queue->in_order_first == 0 && queue->out_of_order_first == 0
           && queue->ranges_first == 0 && queue->marks_first == 0 && !(tcb->flags & TCB_DSACK);
}

/* `pushed` of long ago decides where PSH stands next: with CIAO_SEND_MORE alone. */
static bool is_as_fresh(const struct tcp *tcp, const struct tcb *tcb)
{
    return !tcp_bursts(tcp, tcb) || tcp_queue(tcp, tcb)->pushed == tcb->snd_end;
}

static void give_back(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    ciao_buf_unref(queue->sendq_first); /* an empty one was kept */
    tcp_range_give_kept(tcp, queue);
    if (queue->in_order_last != 0) /* and so was this */
        pool_give(&tcp->runs, queue->in_order_last);
    pool_give(&tcp->queues, tcb->queue);
    tcb->queue = 0;
    tcp_side(tcp, tcb)->burst_flags &= (uint8_t)~BURST_AGAIN;
}

void tcp_queue_settle(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->queue != 0 && is_empty(tcp, tcb) && is_as_fresh(tcp, tcb))
        give_back(tcp, tcb);
}

void tcp_side_detach(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->queue != 0)
        give_back(tcp, tcb);
    if (!tcb->has_side)
        return;
    if (tcp_side(tcp, tcb)->rack != 0)
        pool_give(&tcp->racks, tcp_side(tcp, tcb)->rack);
    tcb->has_side = 0;
    tcp->sides_used--;
}
