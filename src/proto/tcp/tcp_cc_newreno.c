/*
 * NewReno's congestion control: slow start, congestion avoidance, halving.  [RFC5681 3.1, RFC6582]
 *
 * Bytes are counted, not ACKs, so that delayed and lost ACKs cost no growth [RFC3465].
 *
 *   side->cc[0]  bytes acknowledged since cwnd last grew by a segment
 */
#include "proto/tcp/tcp_cc.h"

static void init(struct tcb *tcb, struct tcp_side *side)
{
    (void)tcb;
    side->cc[0] = 0;
}

/* [RFC5681 3.1 5681-2] */
static void acked(struct tcb *tcb, struct tcp_side *side, uint32_t bytes, time_us now)
{
    (void)now;
    if (side->cwnd < side->ssthresh) {
        tcp_cc_slow_start(tcb, side, bytes);
        return;
    }
    side->cc[0] += bytes;
    if (side->cc[0] < side->cwnd)
        return;
    side->cc[0] -= side->cwnd;
    tcp_cc_grow(side, tcb->smss);
}

/* Equation (4) of [RFC5681 3.1].  What limited transmit sent beyond cwnd does not count. */
static uint32_t half(const struct tcb *tcb, const struct tcp_side *side, uint32_t flight_bytes)
{
    uint32_t used = flight_bytes < side->cwnd ? flight_bytes : side->cwnd;
    return used / 2 > 2u * tcb->smss ? used / 2 : 2u * tcb->smss;
}

/* [RFC5681 3.2 5681-7, RFC6675 5 (4.2)] */
static void loss(struct tcb *tcb, struct tcp_side *side, uint32_t flight_bytes)
{
    side->ssthresh = half(tcb, side, flight_bytes);
    side->cwnd = side->ssthresh;
    side->cc[0] = 0;
}

/* [RFC5681 3.1 5681-5] */
static void timeout(struct tcb *tcb, struct tcp_side *side, uint32_t flight_bytes)
{
    side->ssthresh = half(tcb, side, flight_bytes);
    side->cc[0] = 0;
}

static void idle(struct tcb *tcb, struct tcp_side *side)
{
    (void)tcb;
    side->cc[0] = 0;
}

const struct tcp_cc_ops tcp_cc_newreno = {
    .name = "newreno",
    .init = init,
    .acked = acked,
    .loss = loss,
    .timeout = timeout,
    .idle = idle,
};
