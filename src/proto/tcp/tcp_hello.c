/*
 * The short way of the ACK that ends a handshake, at a half-open record.  [RFC9293 3.10.7.4]
 *
 * The frame was looked at by tcp_predict.c: a plain IP header, TCP's with no option or timestamps
 * alone, no text; and its checksums are verified here.  Of the steps in SYN-RECEIVED this is left,
 * and whatever else comes goes the general way (tcp_plain.c, tcp_syn.c) with nothing changed:
 *
 *   the ends    as in tcp_predict.c
 *   first       SEG.SEQ is RCV.NXT, the timestamp is not older than the SYN's
 *   second      no RST;  third is not offered;  fourth, no SYN
 *   fifth       SEG.ACK acknowledges our SYN, there is a window, and room to wait to be accepted
 *   sixth to eighth  no urgent data, no text, no FIN
 */
#include "proto/tcp/tcp_predict.h"
#include "proto/tcp/tcp_syn.h"

static bool is_of(const struct tcp_syn *syn, const struct tcp_glance *glance)
{
    const struct tcp_head *head = &syn->head;
    const uint8_t *l4 = glance->l4;
    if (head->life == 0 || head->lport != get_be16(l4 + 2) || head->rport != get_be16(l4)
        || head->v6 != glance->v6)
        return false;
    if (!glance->v6)
        return head->laddr == get_be32(l4 - 4) && head->raddr == get_be32(l4 - 8);
    const struct tcp_addresses *both = &((const struct tcp_syn6 *)(const void *)syn)->addresses;
    return memcmp(both->remote, l4 - 32, 16) == 0 && memcmp(both->local, l4 - 16, 16) == 0;
}

static bool is_believed(const struct tcp *tcp, int link, const struct tcp_head *head)
{
    return head->link == link && head->life >= tcp->judged_life
           && tcp->judgements == tcp->ip->judgements;
}

static bool is_awaited(const struct tcp_syn *syn, const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    bool stamped = glance->header_len != TCP_HEADER_LEN;
    return (l4[13] & ~TCP_PSH) == TCP_ACK && get_be32(l4 + 4) == syn->irs + 1
           && get_be32(l4 + 8) == syn->iss + 1 && get_be16(l4 + 14) != 0
           && stamped == ((syn->agreed & TCB_TS) != 0)
           && !(stamped && seq_lt(get_be32(l4 + 24), syn->ts_recent));
}

bool tcp_hello_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance)
{
    struct tcp_syn *syn = tcp_syn_at(tcp, glance->flow);
    const uint8_t *l4 = glance->l4;
    if (!is_of(syn, glance) || !is_believed(tcp, link, &syn->head) || !is_awaited(syn, glance)
        || !tcp_syn_may_grow_up(tcp, syn) || !tcp_glance_sums_hold(tcp, glance))
        return false;
    const struct tcp_said said = {
        .news = {.ack = get_be32(l4 + 8), .wnd = (uint32_t)get_be16(l4 + 14) << syn->peer_wscale},
        .seq = get_be32(l4 + 4),
    };
    tcp_flow_remember(tcp, glance->flow,
                      glance->hashed ? glance->hash : tcp_glance_hash(tcp, glance));
    struct tcb *tcb = tcp_syn_grow_up(tcp, glance->flow, syn, &said);
    if (tcb == NULL)
        return false;
    tcp->ip->accepted++;
    if (tcb->flags & TCB_TS)
        tcb->ts_recent = get_be32(l4 + 24); /* when it came is known */
    tcp_glance_done(glance);
    return true;
}
