/*
 * Keep-alive: is the peer still there, when nothing has been heard of it for long?
 * [RFC9293 3.8.4 MUST-24..MUST-29, SHLD-12, MAY-5, 9293-1, 9293-2]
 *
 * Off unless the program asks for it.  A probe is an ACK of a byte that the peer has long had, so
 * that it must answer: with an ACK when it is there, with a RST when it has forgotten us.
 * AS LINUX: first after keepalive_idle_us of silence, then every keepalive_interval_us, and after
 * keepalive_probes of them that nobody answered, or when a user timeout has passed, it is over.
 *
 * The timer is lazy: what arrives touches it no more than it does others.  When it runs out, the
 * time of the last arrival says whether that was a silence.
 */
#include "proto/tcp/tcp_internal.h"

static uint32_t ms_of(uint64_t us)
{
    return (uint32_t)((us + 999) / 1000);
}

/* Can be silent and alive: with anything of ours on its way or waiting, other timers watch.
 * [RFC9293 3.8.4 MUST-26] */
static bool is_idle(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->snd.una == tcb->snd.nxt && tcp_unsent_bytes(tcp, tcb) == 0;
}

static bool may_probe(const struct tcp *tcp, const struct tcb *tcb)
{
    return (tcp_tcb_settings(tcp, tcb)->flags & CIAO_KEEPALIVE) && (tcb->flags & TCB_IN_FLOW)
           && tcp_state_synchronised(tcb) && !(tcb->flags & TCB_ORPHAN);
}

static void wait_ms(struct tcp *tcp, struct tcb *tcb, uint32_t ms)
{
    tcp_timer_set(tcp, tcb, TCP_TIMER_KEEPALIVE, tcp->now + (uint64_t)ms * 1000);
}

/* Established, or the settings have changed. [RFC9293 3.8.4 MUST-24, MUST-25, MUST-27] */
void tcp_keepalive_start(struct tcp *tcp, struct tcb *tcb)
{
    tcp_timer_stop(tcb, TCP_TIMER_KEEPALIVE);
    if (!may_probe(tcp, tcb)) {
        tcb->keep_probes = 0;
        return;
    }
    uint32_t idle_ms = ms_of(tcp_tcb_settings(tcp, tcb)->keepalive_idle_us);
    uint32_t silent_ms = tcp_now_ms(tcp) - tcb->last_received_ms;
    wait_ms(tcp, tcb, silent_ms < idle_ms ? idle_ms - silent_ms : 0);
}

/* One probe without answer proves nothing [RFC9293 3.8.4 MUST-29]; AS LINUX a user timeout decides
 * instead of the number. */
static bool has_waited_enough(const struct tcp *tcp, const struct tcb *tcb, uint32_t silent_ms)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    if (settings->user_timeout_us != 0)
        return tcb->keep_probes != 0 && silent_ms >= ms_of(settings->user_timeout_us);
    return tcb->keep_probes >= settings->keepalive_probes;
}

static void knock(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->keep_probes < UINT8_MAX)
        tcb->keep_probes++;
    tcb->keep_sent_ms = tcp_now_ms(tcp);
    tcb->flags |= TCB_KEEPALIVE;
    tcp_output_wanted(tcp, tcb);
    wait_ms(tcp, tcb, ms_of(tcp_tcb_settings(tcp, tcb)->keepalive_interval_us));
}

void tcp_keepalive_timeout(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t idle_ms = ms_of(tcp_tcb_settings(tcp, tcb)->keepalive_idle_us);
    uint32_t silent_ms = tcp_now_ms(tcp) - tcb->last_received_ms;
    if (!may_probe(tcp, tcb))
        return;
    if (!is_idle(tcp, tcb)) {
        wait_ms(tcp, tcb, idle_ms);
        return;
    }
    if ((int32_t)(tcb->last_received_ms - tcb->keep_sent_ms) >= 0)
        tcb->keep_probes = 0; /* it has answered since */
    if (silent_ms < idle_ms) {
        wait_ms(tcp, tcb, idle_ms - silent_ms);
        return;
    }
    tcp_note(tcp, tcb, CIAO_TIMER_KEEPALIVE, tcb->keep_probes, silent_ms);
    if (has_waited_enough(tcp, tcb, silent_ms))
        tcp_teardown_no_sign_of_life(tcp, tcb);
    else
        knock(tcp, tcb);
}

/* Without data [RFC9293 3.8.4 SHLD-12], and left of the window. */
struct tcp_piece tcp_keepalive_piece(struct tcb *tcb)
{
    tcb->flags &= ~TCB_KEEPALIVE;
    return (struct tcp_piece){.seq = tcb->snd.una - 1, .flags = TCP_ACK, .probe = true};
}
