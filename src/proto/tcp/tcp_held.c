/*
 * What holds the bytes of the program up, and for how long: for TCP_INFO.  AS LINUX (tcp_chrono).
 *
 *   busy     anything is queued or on its way
 *   window   ... and what is queued waits for the peer's window
 *   space    all has left that there was, and the program was refused room for more
 *
 * Of connections with a struct tcp_rack; cwnd's use is counted in tcp_prr.c.
 */
#include "proto/tcp/tcp_send.h"

void tcp_held_by(const struct tcp *tcp, const struct tcp_side *side, enum tcp_held what)
{
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (rack->held == what)
        return;
    rack->held_ms[rack->held] += tcp_now_ms(tcp) - rack->held_since_ms;
    rack->held_since_ms = tcp_now_ms(tcp);
    rack->held = (uint8_t)what;
}

void tcp_held_written(const struct tcp *tcp, const struct tcp_side *side)
{
    if (tcp_rack(tcp, side)->held == HELD_IDLE || tcp_rack(tcp, side)->held == HELD_SPACE)
        tcp_held_by(tcp, side, HELD_BUSY);
}

/* `limited`: cwnd is full. */
void tcp_held_sent(const struct tcp *tcp, const struct tcb *tcb, bool limited)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    bool starved = !limited && tcp_rack(tcp, side)->no_space && tcp_unsent_bytes(tcp, tcb) == 0;
    tcp_held_by(tcp, side, starved ? HELD_SPACE : HELD_BUSY);
}

void tcp_held_acked(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    if (tcb->snd.una == tcb->snd.nxt && tcp_unsent_bytes(tcp, tcb) == 0)
        tcp_held_by(tcp, side, HELD_IDLE);
    if (!rack->no_space || !tcp_sendq_writable(tcp, tcb))
        return;
    rack->no_space = 0;
    if (rack->held == HELD_SPACE)
        tcp_held_by(tcp, side, HELD_BUSY);
}
