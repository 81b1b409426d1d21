/*
 * The window that we offer, and when to acknowledge.  [RFC9293 3.8.6.2.2, 3.8.6.3; RFC5681 4.2;
 * RFC7323 2]
 *
 * The right edge never moves left, and moves right only by a worthwhile step: a full segment or
 * half the buffer, whichever is less.  The queue is charged for whole buffers, so the window closes
 * before memory is used up, and stays closed for as long as nobody reads [RFC9293 3.8.6.1 MAY-8].
 */
#include "proto/tcp/tcp_ack_later.h"

/* The shift that lets 16 bits say all of the receive buffer. [RFC7323 2.2] */
uint8_t tcp_window_scale(const struct ciao_settings *settings)
{
    uint32_t beyond = settings->rcvbuf_bytes >> 16;
    uint32_t shift = beyond == 0 ? 0 : 32 - (uint32_t)__builtin_clz(beyond);
    return (uint8_t)(shift < TCP_WSCALE_MAX ? shift : TCP_WSCALE_MAX);
}

/* The window of a SYN is never scaled. [RFC7323 2.2 7323-1] */
uint32_t tcp_window_initial(const struct ciao_settings *settings)
{
    uint32_t clamp = settings->window_clamp_bytes; /* AS LINUX */
    uint32_t bytes = settings->rcvbuf_bytes < UINT16_MAX ? settings->rcvbuf_bytes : UINT16_MAX;
    return clamp != 0 && clamp < bytes ? clamp : bytes;
}

static uint32_t free_bytes(const struct tcp *tcp, const struct tcb *tcb,
                           const struct ciao_settings *settings)
{
    uint32_t buffer = settings->rcvbuf_bytes, clamp = settings->window_clamp_bytes; /* AS LINUX */
    uint32_t charged = tcp_queue(tcp, tcb)->charged_bytes;
    uint32_t free = charged < buffer ? buffer - charged : 0;
    return clamp != 0 && clamp < free ? clamp : free;
}

/* The smallest step worth telling. [RFC9293 3.8.6.2.2 MUST-39] */
static uint32_t worthwhile(const struct tcb *tcb, const struct ciao_settings *settings)
{
    uint32_t half = settings->rcvbuf_bytes / 2;
    uint32_t segment = tcp_full_segment(tcb);
    return segment < half ? segment : half;
}

/* It has closed, or opened again. */
__attribute__((noinline)) static void tell(struct tcp *tcp, struct tcb *tcb, uint32_t window)
{
    bool closed = window == 0;
    tcb->flags ^= TCB_OUR_WINDOW_TOLD;
    tcp_note(tcp, tcb, closed ? CIAO_DID_OUR_WINDOW_CLOSED : CIAO_DID_OUR_WINDOW_OPENED, window, 0);
}

/* What sixteen bits can say. */
static uint32_t most_to_offer(const struct tcb *tcb)
{
    return (uint32_t)UINT16_MAX << tcb->rcv_wscale;
}

/* In units of the scale.  What was offered stays offered, rounded up as long as there is room for
 * it.  Where there is none the wire may say less than a unit less [RFC7323 2.4], or the edge would
 * creep with every ACK; what we take is still measured by the edge, which never moves left.
 * [RFC9293 3.8.6 SHLD-14, RFC7323 2.3, 2.4 7323-3, 7323-4] */
uint32_t tcp_window_offer(struct tcp *tcp, struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t unit = (uint32_t)1 << tcb->rcv_wscale, most = most_to_offer(tcb);
    uint32_t offered = tcb->rcv.edge - tcb->rcv.nxt;
    uint32_t free = free_bytes(tcp, tcb, settings) & ~(unit - 1);
    uint32_t window = free;
    if (free < offered || free - offered < worthwhile(tcb, settings))
        window = (free < offered ? offered : offered + unit - 1) & ~(unit - 1);
    window = window < most ? window : most;
    if ((window == 0) != ((tcb->flags & TCB_OUR_WINDOW_TOLD) != 0))
        tell(tcp, tcb, window);
    return window;
}

/* After reading: has the edge so far to go that the peer should hear of it without being asked? */
void tcp_window_read(struct tcp *tcp, struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t offered = tcb->rcv.edge - tcb->rcv.nxt;
    uint32_t free = free_bytes(tcp, tcb, settings), most = most_to_offer(tcb);
    if (free > most)
        free = most;
    if (free <= offered || !tcp_state_receives(tcb))
        return;
    uint32_t half = settings->rcvbuf_bytes / 2;
    if (half > most / 2)
        half = most / 2;
    if (free - offered >= half || (offered == 0 && free >= worthwhile(tcb, settings) * 2))
        tcp_ack_now(tcp, tcb);
}

/* ---- when to acknowledge ---- */

/* However often it is asked for, it is sent once. [RFC5681 4.2 5681-10] */
void tcp_ack_now(struct tcp *tcp, struct tcb *tcb)
{
    tcb->flags |= TCB_ACK_NOW;
    tcp_output_wanted(tcp, tcb);
}

void tcp_ack_quickly(struct tcp *tcp, struct tcb *tcb)
{
    tcb->dialogue &= (uint8_t)~DIALOGUE_ANSWERED;
    uint32_t quick = tcp_tcb_settings(tcp, tcb)->quick_acks;
    tcb->quick_acks = (uint8_t)(quick != 0 ? quick : 1);
    if (tcb->flags & TCB_ACK_DELAYED)
        tcp_ack_now(tcp, tcb);
}

void tcp_timeout_ack(struct tcp *tcp, struct tcb *tcb)
{
    tcb->ack_at = 0;
    if (!(tcb->flags & TCB_ACK_DELAYED))
        return;
    tcb->flags &= ~TCB_ACK_DELAYED;
    tcb->dialogue &= (uint8_t)~DIALOGUE_ANSWERED; /* this time there was no answer */
    tcp_note(tcp, tcb, CIAO_TIMER_DELAYED_ACK, 0, 0);
    tcp_ack_now(tcp, tcb);
}
