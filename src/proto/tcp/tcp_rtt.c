/*
 * Round trips measured, and the retransmission timeout made of them.  [RFC6298, RFC7323 4.1]
 *
 * One measurement a round trip, to the microsecond, from when a range was sent; where it was sent
 * more than once, from the timestamp that came back, or not at all [RFC6298 3 6298-6 MUST-18].
 * Not for timers: tcp_retransmit.c.
 */
#include "proto/tcp/tcp_send.h"

#define CLOCK_US               1000u /* granularity of the timers: G of [RFC6298 2] */
#define DATA_AFTER_LOST_SYN_US 3000000u

static uint32_t bounded(const struct ciao_settings *settings, uint32_t rto_us)
{
    if (rto_us < settings->rto_min_us) /* [RFC6298 2.4 6298-4] */
        return settings->rto_min_us;
    return rto_us < settings->rto_max_us ? rto_us : settings->rto_max_us; /* [RFC6298 2.5 6298-5] */
}

/* [RFC6298 2.1 6298-2]; when the SYN was lost, [RFC6298 5.7 6298-9]. */
void tcp_rtt_init(struct tcp *tcp, struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    tcb->srtt_us = 0;
    tcb->rttvar_us = 0;
    tcb->flags &= ~TCB_RTT_MEASURED;
    tcb->rto_us = settings->rto_initial_us;
    if ((tcb->flags & TCB_SYN_LOST) && tcb->rto_us < DATA_AFTER_LOST_SYN_US)
        tcb->rto_us = DATA_AFTER_LOST_SYN_US;
    tcb->rtt_seq = tcb->snd.una;
}

static void smooth(struct tcb *tcb, uint32_t rtt_us)
{
    uint32_t error = rtt_us > tcb->srtt_us ? rtt_us - tcb->srtt_us : tcb->srtt_us - rtt_us;
    tcb->rttvar_us = (uint32_t)((3 * (uint64_t)tcb->rttvar_us + error) / 4);
    tcb->srtt_us = (uint32_t)((7 * (uint64_t)tcb->srtt_us + rtt_us) / 8);
}

/* [RFC6298 2.2-2.3 6298-3, RFC9293 3.8.1 MUST-18] */
void tcp_rtt_measured(struct tcp *tcp, struct tcb *tcb, uint32_t rtt_us)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    if (rtt_us == 0)
        rtt_us = 1;
    if (tcb->flags & TCB_RTT_MEASURED) {
        smooth(tcb, rtt_us);
    } else {
        tcb->srtt_us = rtt_us;
        tcb->rttvar_us = rtt_us / 2;
        tcb->flags |= TCB_RTT_MEASURED;
    }
    uint64_t spread = 4 * (uint64_t)tcb->rttvar_us;
    uint64_t rto_us = tcb->srtt_us + (spread > CLOCK_US ? spread : CLOCK_US);
    tcb->rto_us = bounded(settings, rto_us < UINT32_MAX ? (uint32_t)rto_us : UINT32_MAX);
    if (tcb->side == 0)
        return;
    struct tcp_side *side = tcp_side(tcp, tcb);
    if (side->rtt_min_us == 0 || rtt_us < side->rtt_min_us)
        side->rtt_min_us = rtt_us;
}
