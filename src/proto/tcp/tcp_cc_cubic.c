/*
 * CUBIC: after a reduction cwnd returns along a cubic curve to where the loss was, stays there, and
 * then looks for more.  [RFC9438, RFC9293 3.8.2 MAY-18]
 *
 *   W_cubic(t) = C * (t - K)^3 + W_max      C = 0.4, in segments and seconds
 *   K          = cbrt((W_max - cwnd_epoch) / C)
 *
 * Where Reno would have more (short round trips, small windows) its estimate is followed instead.
 * Not here: HyStart++ and the restoring of W_max after a needless reduction.
 *
 *   side->cc[0]  W_max, bytes; 0: there was no loss yet, or a timeout since
 *   side->cc[1]  when this epoch began, ms; 0: the next ACK begins one
 *   side->cc[2]  K, ms
 *   side->cc[3]  W_est, bytes: what Reno would have
 *   side->cc[4]  cwnd_prior, bytes: before the last reduction
 *   side->cc[5]  when an ACK was counted last, ms: silence is no time for the curve [9438-1]
 */
#include "proto/tcp/tcp_cc.h"

#define W_MAX      0
#define EPOCH_MS   1
#define K_MS       2
#define W_EST      3
#define CWND_PRIOR 4
#define COUNTED_MS 5

#define SILENCE_MS 1000u  /* and a round trip: longer than that between ACKs is silence */
#define FARTHEST   100000 /* ms from K: beyond, the curve is steeper than anything allowed */

static uint32_t beta(uint64_t bytes) /* beta_cubic = 0.7 [RFC9438 4.6 9438-4] */
{
    return (uint32_t)(bytes * 7 / 10);
}

static void init(struct tcb *tcb, struct tcp_side *side)
{
    (void)tcb;
    (void)side; /* all zero */
}

/* The largest whole number whose cube is not more. */
static uint32_t cube_root(uint64_t x)
{
    uint64_t root = 0;
    for (int bit = 20; bit >= 0; bit--) {
        uint64_t more = root + ((uint64_t)1 << bit);
        if (more * more * more <= x)
            root = more;
    }
    return (uint32_t)root;
}

/* Congestion avoidance begins, or begins again after a loss. [RFC9438 4.2, 4.8 9438-7] */
static void begin_epoch(const struct tcb *tcb, struct tcp_side *side, uint32_t now_ms)
{
    uint32_t *cc = side->cc;
    cc[EPOCH_MS] = now_ms != 0 ? now_ms : 1;
    cc[W_EST] = side->cwnd;
    if (cc[W_MAX] > side->cwnd) {
        uint64_t gap = cc[W_MAX] - side->cwnd;
        cc[K_MS] = cube_root(gap * 2500000000u / tcb->smss); /* gap / 0.4, in segments * ms^3 */
    } else {
        cc[K_MS] = 0;
        cc[W_MAX] = side->cwnd;
    }
}

/* W_cubic(t), bytes; never negative. [RFC9438 4.2] */
static uint32_t cubic(const struct tcb *tcb, const struct tcp_side *side, uint32_t t_ms)
{
    int64_t from_k = (int64_t)t_ms - side->cc[K_MS];
    if (from_k > FARTHEST)
        from_k = FARTHEST;
    if (from_k < -FARTHEST)
        from_k = -FARTHEST;
    int64_t step = from_k * from_k * from_k / 1000000 * 4 * tcb->smss / 10000;
    int64_t window = (int64_t)side->cc[W_MAX] + step;
    return window < 0 ? 0 : window < TCP_CWND_MAX ? (uint32_t)window : TCP_CWND_MAX;
}

/* What Reno would have made of it: alpha = 3 (1 - beta) / (1 + beta), and 1 once it is back where
 * the loss was. [RFC9438 4.3 9438-2] */
static void count_reno(const struct tcb *tcb, struct tcp_side *side, uint32_t bytes)
{
    uint64_t step = (uint64_t)tcb->smss * bytes / side->cwnd;
    if (side->cc[W_EST] < side->cc[CWND_PRIOR])
        step = step * 9 / 17;
    if (side->cc[W_EST] < TCP_CWND_MAX)
        side->cc[W_EST] += (uint32_t)step;
}

/* Time in which nothing was acknowledged moves the epoch along. [RFC9438 4.2 9438-1] */
static void skip_silence(const struct tcb *tcb, struct tcp_side *side, uint32_t now_ms)
{
    uint32_t gap_ms = now_ms - side->cc[COUNTED_MS];
    if (gap_ms > SILENCE_MS + tcb->srtt_us / 1000)
        side->cc[EPOCH_MS] += gap_ms;
    side->cc[COUNTED_MS] = now_ms;
}

static void avoid_congestion(struct tcb *tcb, struct tcp_side *side, uint32_t bytes,
                             uint32_t now_ms)
{
    if (side->cc[EPOCH_MS] == 0) {
        begin_epoch(tcb, side, now_ms);
        side->cc[COUNTED_MS] = now_ms;
    }
    skip_silence(tcb, side, now_ms);
    uint32_t t_ms = now_ms - side->cc[EPOCH_MS], cwnd = side->cwnd;
    count_reno(tcb, side, bytes);
    if (cubic(tcb, side, t_ms) < side->cc[W_EST]) {
        side->cwnd = side->cc[W_EST] > cwnd ? side->cc[W_EST] : cwnd;
        return;
    }
    /* concave and convex alike: towards where the curve is a round trip from now [9438-3] */
    uint32_t target = cubic(tcb, side, t_ms + tcb->srtt_us / 1000);
    if (target > cwnd + cwnd / 2)
        target = cwnd + cwnd / 2;
    if (target > cwnd)
        side->cwnd += (uint32_t)((uint64_t)(target - cwnd) * bytes / cwnd);
}

static void acked(struct tcb *tcb, struct tcp_side *side, uint32_t bytes, time_us now)
{
    if (side->cwnd < side->ssthresh) { /* [RFC9438 4.10 9438-9] */
        tcp_cc_slow_start(tcb, side, bytes);
        return;
    }
    if (bytes > side->cwnd)
        bytes = side->cwnd;
    avoid_congestion(tcb, side, bytes, (uint32_t)(now / 1000));
    if (side->cwnd > TCP_CWND_MAX)
        side->cwnd = TCP_CWND_MAX;
}

/* Of cwnd, and not of what is on its way at this moment: that has just shrunk by what the ACK
 * brought.  cwnd grows only while it is in use, as the RFC asks of those who do so.
 * [RFC9438 4.6 9438-4] */
static uint32_t reduced(const struct tcb *tcb, const struct tcp_side *side)
{
    return beta(side->cwnd) > 2u * tcb->smss ? beta(side->cwnd) : 2u * tcb->smss;
}

/* [RFC9438 4.6 9438-5; 4.7 9438-6: whoever loses before it is back makes room for others] */
static void loss(struct tcb *tcb, struct tcp_side *side, uint32_t flight_bytes)
{
    (void)flight_bytes;
    bool early = side->cwnd < side->cc[W_MAX];
    side->cc[W_MAX] = early ? (uint32_t)((uint64_t)side->cwnd * 17 / 20) : side->cwnd;
    side->cc[CWND_PRIOR] = side->cwnd;
    side->cc[EPOCH_MS] = 0;
    side->ssthresh = reduced(tcb, side);
    side->cwnd = side->ssthresh;
}

/* [RFC9438 4.8 9438-7] */
static void timeout(struct tcb *tcb, struct tcp_side *side, uint32_t flight_bytes)
{
    (void)flight_bytes;
    side->cc[W_MAX] = 0;
    side->cc[CWND_PRIOR] = side->cwnd;
    side->cc[EPOCH_MS] = 0;
    side->ssthresh = reduced(tcb, side);
}

static void idle(struct tcb *tcb, struct tcp_side *side)
{
    (void)tcb;
    side->cc[EPOCH_MS] = 0;
}

const struct tcp_cc_ops tcp_cc_cubic = {
    .name = "cubic",
    .init = init,
    .acked = acked,
    .loss = loss,
    .timeout = timeout,
    .idle = idle,
};
