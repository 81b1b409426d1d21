/*
 * The short way of an ACK or a FIN alone, at a connection that has moved no bytes: the end of a
 * handshake, and a goodbye.  [RFC9293 3.6, 3.10.7.4]
 *
 * The frame was looked at by tcp_predict.c: a plain IP header, TCP's with no option or timestamps
 * alone, ACK and perhaps FIN and PSH, no text.  Of the steps this is left, and whatever else comes
 * goes the general way (tcp_arrive.c) with nothing changed:
 *
 *   the ends    as in tcp_predict.c
 *   first       SEG.SEQ is RCV.NXT, a FIN lies inside the window, the timestamp is not older
 *   second      no RST;  third is not offered;  fourth, no SYN
 *   fifth       SND.UNA =< SEG.ACK =< SND.NXT; there are only our FIN and the window to hear of
 *   sixth       no urgent data in either direction;  seventh, no text
 *   eighth      the peer's FIN, if it is the first
 */
#include "base/flat.h"
#include "base/mostly.h"
#include "proto/tcp/tcp_internal.h"
#include "proto/tcp/tcp_predict.h"

/* Synchronised, and not in the hands of a TIME-WAIT record. */
#define STATES                                                              \
    (1u << CIAO_ESTABLISHED | 1u << CIAO_FIN_WAIT_1 | 1u << CIAO_FIN_WAIT_2 \
     | 1u << CIAO_CLOSE_WAIT | 1u << CIAO_CLOSING | 1u << CIAO_LAST_ACK)

static inline bool is_usual(const struct tcb *tcb, bool fin)
{
    bool heard = (tcb->flags & TCB_FIN_RECEIVED) != 0; /* a second FIN, or one before its time? */
    return (tcb->flags & (TCB_IN_FLOW | TCB_SYN_UNACKED)) == TCB_IN_FLOW
           && (STATES >> tcb->head.state & 1) != 0 && !tcb->has_side
           && (tcb->urgent | (heard ? fin : tcb->fin_seen)) == 0;
}

static inline bool is_next(const struct tcb *tcb, const struct tcp_glance *glance, bool fin)
{
    const uint8_t *l4 = glance->l4;
    seq_t seq = get_be32(l4 + 4), ack = get_be32(l4 + 8);
    bool stamped = glance->header_len != TCP_HEADER_LEN;
    return seq == tcb->rcv.nxt && fin <= tcb->rcv.edge - tcb->rcv.nxt
           && ack - tcb->snd.una <= tcb->snd.nxt - tcb->snd.una
           && (stamped ? (tcb->flags & TCB_TS) && !seq_lt(get_be32(l4 + 24), tcb->ts_recent)
                       : !(tcb->flags & TCB_TS));
}

static inline bool holds(const struct tcp *tcp, const struct tcb *tcb, int link,
                         const struct tcp_glance *glance)
{
    bool fin = (glance->l4[13] & TCP_FIN) != 0;
    return MOSTLY(tcp_believes(tcp, link, &tcb->head)) && MOSTLY(tcp_glance_is_of(tcb, glance))
           && MOSTLY(is_usual(tcb, fin)) && MOSTLY(is_next(tcb, glance, fin))
           && MOSTLY(tcp_glance_lone_sums_hold(glance));
}

static inline void take(struct tcp *tcp, struct tcb *tcb, const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    bool fin = (l4[13] & TCP_FIN) != 0;
    const struct tcp_said said = {
        .news = {.ack = get_be32(l4 + 8), .wnd = (uint32_t)get_be16(l4 + 14) << tcb->snd_wscale},
        .seq = get_be32(l4 + 4),
        .len = fin,
    };
    tcp_glance_remember_timestamp(glance, tcb, tcp_now_ms(tcp));
    if (tcp_ack_alone(tcp, tcb, &said) && !tcp_teardown_our_fin_acked(tcp, tcb))
        return;
    tcb->last_received_ms = tcp_now_ms(tcp);
    if (fin) {
        tcb->fin_rcv = said.seq;
        tcb->fin_seen = 1;
        tcp_teardown_peer_fin(tcp, tcb);
    }
}

FLAT bool tcp_lone_arrives(struct tcp *tcp, struct tcb *tcb, int link,
                           const struct tcp_glance *glance)
{
    if (!holds(tcp, tcb, link, glance))
        return false;
    tcp->ip->accepted++;
    if (tcp_state_is(tcb, CIAO_FIN_WAIT_2)) /* TIME-WAIT may be next */
        tcp_binding_prefetch(tcp, BYTES_BE32(tcb->head.ends.laddr), tcp_lport(&tcb->head));
    take(tcp, tcb, glance);
    tcp_glance_header_done(glance);
    return true;
}
