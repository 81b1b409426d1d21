/*
 * Urgent data: bytes that the peer wants to be heard of before their turn.
 * [RFC9293 3.8.5, 3.10.2, 3.10.3, 3.10.7.4 sixth; RFC6093]
 *
 * AS LINUX, and as every program that uses it expects: the pointer names the byte behind the urgent
 * data [RFC9293 3.8.5 MUST-62], and of urgent data of any length [MUST-31] the last byte is *the*
 * urgent byte.  It stays in the queue where it arrived, and reading passes over it; a copy is kept
 * aside, unless the program wants it among the others (CIAO_OOB_INLINE).  When another one is
 * announced before this one was read, this one is an ordinary byte again.
 */
#include "proto/tcp/tcp_internal.h"

/* ---- ours ---- */

/* [RFC9293 3.10.2, 3.8.5 MUST-30] SND.UP */
void tcp_urgent_sent(struct tcp *tcp, struct tcb *tcb)
{
    tcb->urg_snd = tcb->snd_end;
    tcb->urgent |= URGENT_SEND;
    tcp_output_wanted(tcp, tcb);
}

/* Every segment that begins before it points there, with data or without, window or not.
 * [RFC9293 3.8.5 MUST-62] */
void tcp_urgent_point(struct tcb *tcb, struct tcp_header *h)
{
    uint32_t distance = tcb->urg_snd - h->seq;
    if (seq_leq(tcb->urg_snd, tcb->snd.una)) {
        tcb->urgent &= (uint8_t)~URGENT_SEND;
        return;
    }
    if (!seq_lt(h->seq, tcb->urg_snd) || (h->flags & (TCP_SYN | TCP_RST)))
        return;
    h->flags |= TCP_URG;
    h->urp = (uint16_t)(distance < UINT16_MAX ? distance : UINT16_MAX);
}

/* ---- the peer's ---- */

/* The byte that the program reads next. */
static seq_t read_to(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t fin = tcb->flags & TCB_FIN_RECEIVED ? 1 : 0;
    return tcb->rcv.nxt - fin - tcp_unread_bytes(tcp, tcb);
}

static bool is_inline(const struct tcp *tcp, const struct tcb *tcb)
{
    return (tcp_tcb_settings(tcp, tcb)->flags & CIAO_OOB_INLINE) != 0;
}

/* Reading has come to the urgent byte, which is kept aside: it will be passed over. */
static bool stands_at_hidden(const struct tcp *tcp, const struct tcb *tcb)
{
    return (tcb->urgent & URGENT_MARK) && read_to(tcp, tcb) == tcb->urg_rcv && !is_inline(tcp, tcb);
}

/* Every announcement is news, also when what it announces has not come. [RFC9293 3.8.5 MUST-32] */
static void announce(struct tcp *tcp, struct tcb *tcb, seq_t at)
{
    if (stands_at_hidden(tcp, tcb) && tcp_unread_bytes(tcp, tcb) != 0)
        tcp_receive_skip(tcp, tcb, 1); /* the one before was looked at, and is passed now */
    tcb->urg_rcv = at;
    tcb->urgent = (uint8_t)((tcb->urgent & URGENT_SEND) | URGENT_MARK);
    tcb->told_ready &= (uint8_t)~CIAO_URGENT;
    tcp_note(tcp, tcb, CIAO_DID_URGENT_ANNOUNCED, at - tcb->irs, at - read_to(tcp, tcb));
    if (tcb->flags & TCB_HAS_HANDLE)
        tcp_told_list(tcp, tcp_tcb_ref(tcp, tcb));
}

/* [RFC9293 3.10.7.4 sixth EV-35]  RCV.UP moves on and never back. */
static void take_pointer(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    seq_t at = seg->h.seq + seg->h.urp - (seg->h.urp != 0 ? 1 : 0);
    if (seq_lt(at, tcb->rcv.nxt)) /* it was here already, as an ordinary byte */
        return;
    if ((tcb->urgent & URGENT_MARK) && seq_leq(at, tcb->urg_rcv))
        return;
    announce(tcp, tcb, at);
}

void tcp_urgent_arrives(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (!tcp_state_receives(tcb) || (tcb->flags & TCB_ORPHAN))
        return;
    if (seg->flags & TCP_URG)
        take_pointer(tcp, tcb, seg);
    if (!tcp_urgent_is_awaited(tcb) || !tcp_receive_peek(seg, tcb->urg_rcv, &tcb->urgent_byte))
        return;
    tcb->urgent |= URGENT_ARRIVED;
    tcp_told_again(tcp, tcb, CIAO_URGENT);
}

/* AS LINUX (POLLPRI): from when it is here until it was taken or passed. */
bool tcp_urgent_is_ready(const struct tcb *tcb)
{
    return (tcb->urgent & (URGENT_MARK | URGENT_ARRIVED | URGENT_TAKEN))
           == (URGENT_MARK | URGENT_ARRIVED);
}

/* ---- the program reads ---- */

int64_t tcp_urgent_take(struct tcp *tcp, struct tcb *tcb, void *data, bool peek)
{
    if (is_inline(tcp, tcb) || !(tcb->urgent & URGENT_MARK) || (tcb->urgent & URGENT_TAKEN))
        return -CIAO_EINVAL;
    if (tcp_state_is(tcb, CIAO_CLOSED) && !(tcb->flags & TCB_FIN_RECEIVED)) /* AS LINUX */
        return -CIAO_ENOTCONN;
    if (!(tcb->urgent & URGENT_ARRIVED)) {
        bool over = tcp_state_is(tcb, CIAO_CLOSED) || (tcb->flags & TCB_FIN_RECEIVED);
        return over ? 0 : -CIAO_EAGAIN;
    }
    if (data != NULL)
        memcpy(data, &tcb->urgent_byte, 1);
    if (!peek) {
        tcb->urgent |= URGENT_TAKEN;
        tcp_told(tcp, tcb);
    }
    return 1;
}

/* Reading stops in front of the mark once, and then goes on behind it. [RFC6093 3.4] */
static int64_t read_at_mark(struct tcp *tcp, struct tcb *tcb, const struct tcp_read *read)
{
    struct tcp_read part = *read;
    uint32_t ahead = tcb->urg_rcv - read_to(tcp, tcb);
    if (ahead != 0) {
        uint32_t before = ahead > part.skip ? ahead - part.skip : 0;
        part.len = part.len < before ? part.len : before;
        return tcp_receive_read(tcp, tcb, &part);
    }
    if (stands_at_hidden(tcp, tcb) && part.len != 0) {
        if (!part.peek)
            tcp_receive_skip(tcp, tcb, 1);
        else
            part.skip++;
    }
    return tcp_receive_read(tcp, tcb, &part);
}

int64_t tcp_urgent_read(struct tcp *tcp, struct tcb *tcb, const struct tcp_read *read)
{
    if (tcp_unread_bytes(tcp, tcb) == 0)
        return 0;
    int64_t got = read_at_mark(tcp, tcb, read);
    if (seq_gt(read_to(tcp, tcb), tcb->urg_rcv)) {
        tcb->urgent &= URGENT_SEND;
        tcp_told(tcp, tcb);
    }
    return got;
}

/* What one call may take: up to the mark. */
uint32_t tcp_urgent_readable(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t unread = tcp_unread_bytes(tcp, tcb);
    if (!(tcb->urgent & URGENT_MARK) || is_inline(tcp, tcb))
        return unread;
    uint32_t ahead = tcb->urg_rcv - read_to(tcp, tcb);
    return ahead < unread ? ahead : unread;
}

/* More than the byte that will be passed over? */
uint32_t tcp_urgent_hidden(const struct tcp *tcp, const struct tcb *tcb)
{
    return stands_at_hidden(tcp, tcb) ? 1 : 0;
}

/* [RFC9293 3.8.5 MUST-33] */
bool tcp_user_at_mark(const struct tcp *tcp, ciao_conn conn)
{
    const struct tcb *tcb = tcp_user_tcb(tcp, conn);
    return tcb != NULL && (tcb->urgent & URGENT_MARK) && read_to(tcp, tcb) == tcb->urg_rcv;
}
