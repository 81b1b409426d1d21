/*
 * The straight way out of one segment: all that the program has queued fits into it, and nothing
 * of ours is on its way.  So a request leaves, and so does its answer.  [RFC9293 3.7.4]
 *
 * It does what tcp_stream.c does of a run of one, and relies on what is asked below under "is it
 * usual?"; with nothing on its way these hold trivially besides:
 *
 *   - nothing is to be repaired, and no range stands before the one that is remembered;
 *   - what is queued is what was never sent, from the first buffer's first byte on;
 *   - Nagle's rule and the sender's against silly windows let the end of the queue leave, which is
 *     where PSH stands [RFC9293 3.7.4 SHLD-7, 3.8.6.2.1, 3.9.1.2 MUST-61];
 *   - a tail probe would not be due before the retransmission timer runs out: that one segment may
 *     be acknowledged late is in its wait [RFC8985 7.2].
 *
 * Whatever it does not cover goes through tcp_stream_output(), with nothing changed.
 */
#include "base/mostly.h"
#include "proto/tcp/tcp_headers.h"
#include "proto/tcp/tcp_send.h"
#include "proto/tcp/tcp_sums.h"

/* Flags of a TCB for which there is more to send, or more to decide. */
#define UNUSUAL                                                                              \
    (TCB_FIN_QUEUED | TCB_SYN_DUE | TCB_SYN_UNACKED | TCB_PROBE | TCB_PERSIST | TCB_RECOVERY \
     | TCB_RTO_RECOVERY | TCB_PUSH | TCB_HOLD_PARTIAL | TCB_KEEPALIVE | TCB_DSACK)

/* ---- is it usual? ---- */

static inline bool state_is_usual(const struct tcb *tcb)
{
    static const uint8_t odd[] = {
        [TCB_BYTE(urgent)] = 0xff,
        [TCB_BYTE(ecn)] = 0xff,
        [TCB_BYTE(repair)] = REPAIR_TAIL_DUE,
        [TCB_BYTE(dup_thresh)] = 0,
    };
    const uint32_t states = 1u << CIAO_ESTABLISHED | 1u << CIAO_CLOSE_WAIT;
    return MOSTLY((states >> tcb->head.state & 1) != 0)
           && MOSTLY((tcb->flags & (UNUSUAL | TCB_TS)) == TCB_TS) && MOSTLY(tcb->has_side)
           && MOSTLY(tcb_is_clear(tcb, odd)) && MOSTLY((tcb->rexmt_at | tcb->trouble_ms) == 0);
}

/* Nothing is on its way, and the windows have room for these. [RFC9293 3.8.6 MUST-34] */
static inline bool fits(const struct tcb *tcb, const struct tcp_side *side, uint32_t len)
{
    return MOSTLY(tcb->snd.una == tcb->snd.nxt) && MOSTLY(len - 1 < tcb->smss)
           && MOSTLY(len <= tcb->snd.wnd) && MOSTLY(len <= side->cwnd);
}

/* One buffer holds it all, and the record of the range that was sent last is there to be used. */
static inline bool queue_is_usual(const struct tcp_side *side, const struct tcp_queue *queue)
{
    return MOSTLY((side->lost_bytes | side->sacked_bytes | side->rack
                   | (side->burst_flags & BURST_ON) | queue->marks_first | queue->out_of_order_first
                   | queue->ranges_first)
                  == 0)
           && MOSTLY(queue->ranges_last != 0) && MOSTLY(queue->sendq_first == queue->sendq_last);
}

/* ---- what is written ---- */

/* Where the bytes lie: all that is queued.  Returns what they add up to. */
TCP_WRITTEN_OUT uint32_t put_payload(const struct tcp *tcp, struct tcp_queue *queue,
                                     struct ciao_frag *frag, seq_t seq, uint32_t len)
{
    struct ciao_buf *buf = queue->sendq_first;
    frag->ptr = ciao_buf_bytes(buf) + queue->sendq_skip;
    frag->len = len;
    frag->buf = ciao_buf_ref(buf);
    if (queue->summed_at == seq && queue->summed_len == len)
        return queue->sum;
    return tcp_sums_of(tcp->ip->csum, frag);
}

/* ---- what is remembered ---- */

/* The record of the last range that was sent alone is used again. */
TCP_WRITTEN_OUT void remember(const struct tcp *tcp, const struct tcb *tcb, struct tcp_side *side,
                              struct tcp_queue *queue, uint32_t len)
{
    seq_t end = tcb->snd.nxt;
    queue->ranges_first = queue->ranges_last;
    *tcp_range_at(tcp, queue->ranges_last) = (struct tcp_range){
        .start = end - len,
        .end = end,
        .sent_us = tcp->now,
        .delivered = side->delivered,
        .times = 1,
        .flags = RANGE_APP_LIMITED,
        .segments = 1,
    };
    tcp_sendq_sliced(queue, end, (struct tcp_place){queue->sendq_first, queue->sendq_skip + len});
    side->segments_sent++;
    side->data_sent++;
    side->bytes_sent += len;
}

TCP_WRITTEN_OUT void start_timer(struct tcp *tcp, struct tcb *tcb)
{
    tcb->repair &= (uint8_t)~REPAIR_TAIL_SET;
    tcp_timer_set(tcp, tcb, TCP_TIMER_REXMT, tcp->now + tcb->rto_us);
    tcp_note_why(tcp, tcb, CIAO_DID_TIMER_SET, TCP_TIMER_REXMT, tcb->rto_us);
}

/* `v6` is known where this is compiled: each family has its own. */
TCP_WRITTEN_OUT bool output(struct tcp *tcp, struct tcb *tcb, bool v6, struct ciao_frame *frame)
{
    seq_t seq = tcb->snd.nxt;
    uint32_t len = tcb->snd_end - seq, l4_len = TCP_STAMPED_LEN + len;
    struct tcp_side *side = tcp_side_of(tcp, tcb, v6);
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    bool usual = MOSTLY(state_is_usual(tcb) && fits(tcb, side, len) && queue_is_usual(side, queue)
                        && !tcp_was_silent(tcp, tcb) && !(settings->flags & CIAO_CORK)
                        && tcp_range_room(tcp) && tcp_tail_due_us(tcb, 0) >= tcb->rto_us);
    if (!usual)
        return false;
    tcb->flags &= ~TCB_CWND_LIMITED;
    tcb->snd.nxt = seq + len;
    start_timer(tcp, tcb);
    uint8_t *l4 = tcp_put_frame(frame, v6, TCP_STAMPED_LEN, len);
    frame->n_frags = 1;
    uint64_t sum = tcp_pseudo_sum(l4_len) + put_payload(tcp, queue, frame->frag, seq, len);
    remember(tcp, tcb, side, queue, len);
    uint32_t wnd = tcp_usual_window(tcp, tcb, settings, queue->charged_bytes);
    sum =
        csum_add(sum, v6 ? tcp_put_ip6(tcp_tcb_addresses(tcb), tcp_service_of(settings), l4, l4_len)
                         : tcp_put_ip4(tcp->ip, &tcb->head, tcp_service_of(settings), l4, l4_len));
    sum = csum_add(sum, tcp_put_stamped_tcb(tcp, tcb, l4, seq, (TCP_ACK | TCP_PSH) << 16 | wnd));
    csum_store(l4 + TCP_CHECKSUM_OFFSET, sum);
    tcp_segment_acks(tcb);
    tcp_output_has_sent(tcp, tcb, true);
    return true;
}

bool tcp_single_output(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    return tcb->head.v6 ? output(tcp, tcb, true, frame) : output(tcp, tcb, false, frame);
}
