/*
 * Round trips measured, and the retransmission timeout made of them.  [RFC6298 1 6298-1,
 * RFC7323 4.1]
 *
 * One measurement a round trip, to the microsecond, from when a range was sent; where it was sent
 * more than once, from the timestamp that came back, or not at all [RFC6298 3 6298-6 MUST-18].
 * Not for timers: tcp_retransmit.c.
 */
#include "proto/tcp/tcp_rtt.h"

#define DATA_AFTER_LOST_SYN_US 3000000u

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

static void first_wide(struct tcb *tcb, uint32_t rtt_us, uint32_t floor_us)
{
    uint32_t most = 2 * rtt_us > floor_us ? 2 * rtt_us : floor_us;
    tcb->srtt_us = rtt_us;
    tcb->rttvar_us = most / 4;
}

/* [RFC6298 2.2 6298-3] */
void tcp_rtt_begin(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings,
                   uint32_t rtt_us)
{
    if (rtt_us == 0)
        rtt_us = 1;
    tcb->srtt_us = rtt_us;
    tcb->rttvar_us = rtt_us / 2;
    if (settings->more & CIAO_WIDE_RTO)
        first_wide(tcb, rtt_us, settings->rto_min_us);
    tcb->flags |= TCB_RTT_MEASURED;
    tcp_rtt_conclude(tcb, settings);
    tcb->rtt_seq = tcb->snd.una;
    if (tcb->has_side)
        tcp_side(tcp, tcb)->rtt_min_us = rtt_us;
}

/* AS LINUX: RTTVAR is the largest mean deviation of a round trip, never less than a quarter of the
 * smallest RTO, and falls by a quarter of the difference a round trip.  A round trip that is
 * shorter than those before moves it little.  What becomes 4 * RTTVAR is what is kept here. */
static void smooth_wide(struct tcb *tcb, struct tcp_rack *rack, uint32_t rtt_us, uint32_t floor_us)
{
    int64_t error = (int64_t)rtt_us - tcb->srtt_us;
    int64_t step = (error < 0 ? -error : error) - rack->mdev_us / 4;
    if (error < 0 && step > 0)
        step /= 8;
    tcb->srtt_us = (uint32_t)(tcb->srtt_us + error / 8);
    rack->mdev_us = (uint32_t)(rack->mdev_us + step);
    if (rack->mdev_us > rack->mdev_max_us)
        rack->mdev_max_us = rack->mdev_us;
    if (rack->mdev_max_us / 4 > tcb->rttvar_us)
        tcb->rttvar_us = rack->mdev_max_us / 4;
    if (seq_leq(tcb->snd.una, tcb->rtt_seq))
        return;
    if (rack->mdev_max_us / 4 < tcb->rttvar_us)
        tcb->rttvar_us -= (tcb->rttvar_us - rack->mdev_max_us / 4) / 4;
    rack->mdev_max_us = floor_us;
}

static void measured_wide(struct tcp *tcp, struct tcb *tcb, uint32_t rtt_us, uint32_t floor_us)
{
    if (!(tcb->flags & TCB_RTT_MEASURED)) {
        first_wide(tcb, rtt_us, floor_us);
        return;
    }
    if (!tcp_by_time(tcp, tcb)) {
        tcp_rtt_smooth(tcb, rtt_us);
        tcb->rttvar_us = tcb->rttvar_us > floor_us / 4 ? tcb->rttvar_us : floor_us / 4;
        return;
    }
    struct tcp_rack *rack = tcp_rack(tcp, tcp_side(tcp, tcb));
    if (rack->mdev_us == 0) { /* the first was before there was a record for it */
        rack->mdev_us = 2 * tcb->srtt_us;
        rack->mdev_max_us = 4 * tcb->rttvar_us;
    }
    smooth_wide(tcb, rack, rtt_us, floor_us);
}

/* [RFC6298 2.2-2.3 6298-3, RFC9293 3.8.1 MUST-18] */
void tcp_rtt_measured(struct tcp *tcp, struct tcb *tcb, uint32_t rtt_us)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    if (rtt_us == 0)
        rtt_us = 1;
    if (settings->more & CIAO_WIDE_RTO) {
        measured_wide(tcp, tcb, rtt_us, settings->rto_min_us);
        tcb->flags |= TCB_RTT_MEASURED;
    } else if (tcb->flags & TCB_RTT_MEASURED) {
        tcp_rtt_smooth(tcb, rtt_us);
    } else {
        tcb->srtt_us = rtt_us;
        tcb->rttvar_us = rtt_us / 2;
        tcb->flags |= TCB_RTT_MEASURED;
    }
    tcp_rtt_conclude(tcb, settings);
    if (!tcb->has_side)
        return;
    struct tcp_side *side = tcp_side(tcp, tcb);
    if (side->rtt_min_us == 0 || rtt_us < side->rtt_min_us)
        side->rtt_min_us = rtt_us;
}
