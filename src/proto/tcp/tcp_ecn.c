/*
 * Explicit congestion notification: routers mark instead of dropping, and the marks come back.
 * [RFC3168 6.1; RFC9293 3.8.2 SHLD-8]
 *
 *   opening     a SYN with ECE and CWR asks, a SYN,ACK with ECE alone agrees
 *   sending     new data says in its IP header that it may be marked (ECT(0)); what is sent again,
 *               probes and bare ACKs never do
 *   receiving   a mark is echoed with ECE on every ACK until the peer says CWR
 *   reacting    an echo counts as a loss, at most once a window, and new data says CWR
 *
 * How much less is sent is congestion control's matter: tcp_recovery.c, tcp_alert.c.
 */
#include "proto/tcp/tcp_send.h"

#define ECT_0 2u
#define CE    3u

#define ASKS (TCP_ECE | TCP_CWR)

/* ---- opening ---- */

/* May a SYN with these flags have ECN?  One that is marked itself may not. AS LINUX */
bool tcp_ecn_agrees(const struct ciao_settings *settings, const struct tcp_segment *seg)
{
    return (settings->more & (CIAO_ECN | CIAO_ECN_ACCEPT)) && (seg->flags & ASKS) == ASKS
           && (seg->packet->tos & CE) == 0;
}

/* What our SYN, or our SYN,ACK where the SYNs crossed, says of it.  When nobody has answered, it is
 * sent again without: it may be that what irritates. [RFC3168 6.1.1 3168-1, 6.1.1.1 3168-5] */
uint16_t tcp_ecn_syn(const struct tcp *tcp, struct tcb *tcb, bool again)
{
    if (!tcp_state_is(tcb, CIAO_SYN_SENT))
        return tcb->ecn & ECN_OK ? TCP_ECE : 0;
    bool asks = (tcp_tcb_settings(tcp, tcb)->more & CIAO_ECN) && !again;
    tcb->ecn = asks ? ECN_ASKED : 0;
    return asks ? ASKS : 0;
}

/* The answer to our SYN, or a SYN that crossed it. */
void tcp_ecn_answered(const struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    bool ok = seg->flags & TCP_ACK ? (tcb->ecn & ECN_ASKED) && (seg->flags & ASKS) == TCP_ECE
                                   : tcp_ecn_agrees(tcp_tcb_settings(tcp, tcb), seg);
    tcb->ecn = ok ? ECN_OK : 0;
}

/* ---- receiving ---- */

/* AS LINUX: once the peer has shown that it marks, what comes without ECT was sent again: something
 * is amiss, and it is told at once. [RFC3168 6.1.3 3168-2] */
void tcp_ecn_data_arrived(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    unsigned mark = seg->packet->tos & CE;
    if (seg->flags & TCP_CWR) {
        tcb->ecn &= (uint8_t)~ECN_ECHO;
        tcp_ack_now(tcp, tcb);
    }
    if (mark == 0) {
        if (tcb->ecn & ECN_SEEN)
            tcp_ack_now(tcp, tcb);
        return;
    }
    tcb->ecn |= ECN_SEEN;
    if (mark != CE || (tcb->ecn & ECN_ECHO))
        return;
    tcb->ecn |= ECN_ECHO;
    tcp_note(tcp, tcb, CIAO_DID_ECN_MARKED, seg->seq - tcb->irs, 0);
    tcp_ack_now(tcp, tcb);
}

/* ---- sending ---- */

/* Flags for the header; the bits for IP's are returned. [RFC3168 6.1.2 3168-3, 6.1.3, 6.1.4 3168-4]
 */
uint8_t tcp_ecn_mark(struct tcb *tcb, const struct tcp_piece *piece, struct tcp_header *h)
{
    if (h->flags & TCP_SYN)
        return 0;
    if (tcb->ecn & ECN_ECHO)
        h->flags |= TCP_ECE;
    if (piece->data_len == 0 || piece->again || piece->probe)
        return 0;
    if (tcb->ecn & ECN_CUT) {
        tcb->ecn &= (uint8_t)~ECN_CUT;
        h->flags |= TCP_CWR;
    }
    return ECT_0;
}
