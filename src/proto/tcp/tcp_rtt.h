/*
 * What every measurement of a round trip comes down to; which are taken, and what the first one
 * and Linux's way make of it: tcp_rtt.c.  [RFC6298 2]
 */
#ifndef PROTO_TCP_TCP_RTT_H
#define PROTO_TCP_TCP_RTT_H

#include "proto/tcp/tcp_send.h"

#define TCP_RTT_CLOCK_US 1000u /* granularity of the timers: G of [RFC6298 2] */

/* [RFC6298 2.3] */
static inline void tcp_rtt_smooth(struct tcb *tcb, uint32_t rtt_us)
{
    uint32_t error = rtt_us > tcb->srtt_us ? rtt_us - tcb->srtt_us : tcb->srtt_us - rtt_us;
    tcb->rttvar_us = (uint32_t)((3 * (uint64_t)tcb->rttvar_us + error) / 4);
    tcb->srtt_us = (uint32_t)((7 * (uint64_t)tcb->srtt_us + rtt_us) / 8);
}

/* SRTT and RTTVAR are new: so is RTO. [RFC6298 2.3, 2.4 6298-4, 2.5 6298-5] */
static inline void tcp_rtt_conclude(struct tcb *tcb, const struct ciao_settings *settings)
{
    uint64_t spread = 4 * (uint64_t)tcb->rttvar_us;
    uint64_t rto_us = tcb->srtt_us + (spread > TCP_RTT_CLOCK_US ? spread : TCP_RTT_CLOCK_US);
    if (rto_us < settings->rto_min_us)
        rto_us = settings->rto_min_us;
    tcb->rto_us = rto_us < settings->rto_max_us ? (uint32_t)rto_us : settings->rto_max_us;
}

/* Not the first one. */
static inline void tcp_rtt_measured_again(struct tcp *tcp, struct tcb *tcb, struct tcp_side *side,
                                          uint32_t rtt_us)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    if (!(tcb->flags & TCB_RTT_MEASURED) || (settings->more & CIAO_WIDE_RTO)) {
        tcp_rtt_measured(tcp, tcb, rtt_us);
        return;
    }
    if (rtt_us == 0)
        rtt_us = 1;
    tcp_rtt_smooth(tcb, rtt_us);
    tcp_rtt_conclude(tcb, settings);
    if (rtt_us < side->rtt_min_us || side->rtt_min_us == 0)
        side->rtt_min_us = rtt_us;
}

#endif
