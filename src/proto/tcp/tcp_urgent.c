/*
 * Urgent data: one byte that the peer wants to be heard of before its turn.  [RFC9293 3.8.5,
 * 3.10.2, 3.10.3, 3.10.7.4 sixth; RFC6093]
 */
#include "proto/tcp/tcp_internal.h"

void tcp_urgent_sent(struct tcp *tcp, struct tcb *tcb)
{
    tcb->urg_snd = tcb->snd_end;
    tcb->urgent |= URGENT_SEND;
    tcp_output_wanted(tcp, tcb);
}

/* Announced, and the program has not come past it. */
bool tcp_urgent_is_news(const struct tcb *tcb)
{
    return (tcb->urgent & (URGENT_MARK | URGENT_TAKEN)) == URGENT_MARK;
}

int64_t tcp_urgent_take(struct tcp *tcp, struct tcb *tcb, void *data, bool peek)
{
    bool inside = (tcp_tcb_settings(tcp, tcb)->flags & CIAO_OOB_INLINE) != 0;
    if (inside || !tcp_urgent_is_news(tcb))
        return -CIAO_EINVAL;
    if (!(tcb->urgent & URGENT_ARRIVED))
        return -CIAO_EAGAIN;
    if (data != NULL)
        memcpy(data, &tcb->urgent_byte, 1);
    if (!peek)
        tcb->urgent |= URGENT_TAKEN;
    return 1;
}

bool tcp_user_at_mark(const struct tcp *tcp, ciao_conn conn)
{
    const struct tcb *tcb = tcp_user_tcb(tcp, conn);
    return tcb != NULL && (tcb->urgent & URGENT_MARK)
           && tcb->rcv.nxt - tcp_unread_bytes(tcp, tcb) == tcb->urg_rcv;
}
