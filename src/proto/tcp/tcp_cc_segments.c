/*
 * Congestion control as Linux counts it: in segments, Reno and CUBIC with HyStart.
 * [RFC5681 3.1, RFC9438, RFC9406 is its successor]
 *
 * AS LINUX: the units are Linux's, so that cwnd is the same number at every ACK: segments, 1/1024 s
 * for the curve, milliseconds and microseconds for the clocks.  Where [RFC9438] and Linux differ
 * (the reduction is 717/1024; cwnd grows by one in `cnt` segments, 2 at least; 1 in 20 before the
 * first loss; a timeout forgets where the last loss was) it is Linux that is followed.
 *
 *   slow start ends early (HyStart) when the round trip has grown by an eighth, 4 to 16 ms, in
 *   eight measurements of one round, or when ACKs have come in one train for half of the shortest
 */
#include "base/mem.h"
#include "base/seq.h"
#include "ciao/stack.h"
#include "proto/tcp/tcp_cc.h"

/* rack->cc, all of CUBIC's */
enum word {
    LAST_MAX,     /* cwnd before the last reduction; 0: none yet */
    ORIGIN,       /* of the curve */
    K,            /* 1/1024 s from the epoch to the origin */
    EPOCH_MS,     /* 0: the next ACK begins one */
    ACK_COUNT,    /* segments acknowledged since RENO_CWND grew */
    RENO_CWND,    /* what Reno would have */
    SAMPLES,      /* measurements in this round; FOUND: slow start has ended */
    ROUND_US,     /* when the round began */
    ROUND_END,    /* it ends when this is acknowledged */
    LAST_ACK_US,  /* of the train of ACKs */
    ROUND_RTT_US, /* the shortest of the round */
    COUNT,        /* so many segments make cwnd one larger, as reckoned */
    COUNT_MS,     /* then */
    COUNT_CWND    /* and for this cwnd */
};

#define FOUND          0x80000000u
#define FEWEST_SAMPLES 8u
#define LOW_WINDOW     16u /* below, HyStart does not look */
#define TRAIN_US       2000u
#define LATEST_MS      1000u /* after a loss measurements do not count for so long */
#define BETA           717u  /* of 1024 */
#define SCALE          410u  /* 0.4, of 1024 */

static uint32_t at_least(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* cwnd one more for each `window` segments. [RFC5681 3.1 (3)] */
static uint32_t avoid(struct tcp_rack *rack, uint32_t cwnd, uint32_t window, uint32_t segments)
{
    if (rack->cc_count >= window) {
        rack->cc_count = 0;
        cwnd++;
    }
    rack->cc_count += segments;
    if (rack->cc_count >= window) {
        cwnd += rack->cc_count / window;
        rack->cc_count %= window;
    }
    return cwnd;
}

/* ---- Reno ---- */

static uint32_t reno_ssthresh(struct tcp_rack *rack, uint32_t cwnd)
{
    (void)rack;
    return at_least(cwnd / 2, 2);
}

static uint32_t reno_acked(struct tcp_rack *rack, const struct tcp_side *side, uint32_t cwnd,
                           uint32_t segments, time_us now)
{
    (void)side;
    (void)now;
    return avoid(rack, cwnd, cwnd, segments);
}

static void reno_measured(struct tcp_rack *rack, struct tcp_side *side, const struct tcb *tcb,
                          uint32_t rtt_us, time_us now)
{
    (void)rack;
    (void)side;
    (void)tcb;
    (void)rtt_us;
    (void)now;
}

static void reno_timeout(struct tcp_rack *rack)
{
    (void)rack;
}

static void reno_silence(struct tcp_rack *rack, uint32_t silence_ms, time_us now)
{
    (void)rack;
    (void)silence_ms;
    (void)now;
}

/* ---- CUBIC: the curve [RFC9438 4.2] ---- */

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

static uint32_t cubic_ssthresh(struct tcp_rack *rack, uint32_t cwnd)
{
    uint32_t *cc = rack->cc;
    cc[EPOCH_MS] = 0;
    cc[LAST_MAX] = cwnd < cc[LAST_MAX] ? (uint32_t)((uint64_t)cwnd * (1024 + BETA) / 2048) : cwnd;
    return at_least((uint32_t)((uint64_t)cwnd * BETA / 1024), 2);
}

static void begin_epoch(uint32_t *cc, uint32_t cwnd, uint32_t now_ms)
{
    cc[EPOCH_MS] = now_ms != 0 ? now_ms : 1;
    cc[RENO_CWND] = cwnd;
    cc[K] = 0;
    cc[ORIGIN] = cwnd;
    if (cc[LAST_MAX] <= cwnd)
        return;
    const uint64_t factor = ((uint64_t)1 << 40) / SCALE;
    cc[K] = cube_root(factor * (cc[LAST_MAX] - cwnd));
    cc[ORIGIN] = cc[LAST_MAX];
}

/* cwnd on the curve at that time of the epoch, 1/1024 s. */
static uint32_t on_curve(const uint32_t *cc, uint64_t t)
{
    uint64_t from_k = t < cc[K] ? cc[K] - t : t - cc[K];
    if (from_k > 300000) /* beyond any window, and what 64 bits hold */
        from_k = 300000;
    uint64_t delta = SCALE * from_k * from_k * from_k >> 40;
    if (t < cc[K])
        return delta < cc[ORIGIN] ? (uint32_t)(cc[ORIGIN] - delta) : 0;
    return delta < TCP_CWND_MAX ? (uint32_t)(cc[ORIGIN] + delta) : TCP_CWND_MAX;
}

/* So many segments for one more of cwnd, where Reno would have more. [RFC9438 4.3] */
static uint32_t friendly(uint32_t *cc, uint32_t cwnd, uint32_t count)
{
    uint32_t step = cwnd * 15 / 8; /* 8 (1 + beta) / 3 / (1 - beta), in eighths */
    while (step != 0 && cc[ACK_COUNT] > step) {
        cc[ACK_COUNT] -= step;
        cc[RENO_CWND]++;
    }
    if (cc[RENO_CWND] <= cwnd)
        return count;
    uint32_t most = cwnd / (cc[RENO_CWND] - cwnd);
    return count < most ? count : most;
}

/* Reckoned anew when cwnd has changed or a while has passed, and from the curve once in a
 * millisecond at most. */
#define COUNT_LASTS_MS 31u
static void reckon(uint32_t *cc, const struct tcp_side *side, uint32_t cwnd, uint32_t now_ms)
{
    if (cc[COUNT_CWND] == cwnd && now_ms - cc[COUNT_MS] <= COUNT_LASTS_MS)
        return;
    if (cc[EPOCH_MS] == 0 || now_ms != cc[COUNT_MS]) {
        cc[COUNT_CWND] = cwnd;
        cc[COUNT_MS] = now_ms;
        if (cc[EPOCH_MS] == 0)
            begin_epoch(cc, cwnd, now_ms);
        uint64_t t_ms = (uint64_t)(now_ms - cc[EPOCH_MS]) + side->rtt_min_us / 1000;
        uint32_t target = on_curve(cc, t_ms * 1024 / 1000);
        cc[COUNT] = target > cwnd ? cwnd / (target - cwnd) : 100 * cwnd;
        if (cc[LAST_MAX] == 0 && cc[COUNT] > 20)
            cc[COUNT] = 20;
    }
    cc[COUNT] = at_least(friendly(cc, cwnd, cc[COUNT]), 2);
}

static uint32_t cubic_acked(struct tcp_rack *rack, const struct tcp_side *side, uint32_t cwnd,
                            uint32_t segments, time_us now)
{
    uint32_t *cc = rack->cc;
    cc[ACK_COUNT] = cc[EPOCH_MS] == 0 ? segments : cc[ACK_COUNT] + segments;
    reckon(cc, side, cwnd, (uint32_t)(now / 1000));
    return avoid(rack, cwnd, at_least(cc[COUNT], 2), segments);
}

/* ---- CUBIC: the end of slow start ---- */

static void begin_round(uint32_t *cc, const struct tcb *tcb, time_us now)
{
    cc[ROUND_US] = cc[LAST_ACK_US] = (uint32_t)now;
    cc[ROUND_END] = tcb->snd.nxt;
    cc[ROUND_RTT_US] = UINT32_MAX;
    cc[SAMPLES] &= FOUND;
}

static bool train_is_long(uint32_t *cc, const struct tcp_side *side, time_us now)
{
    if ((int32_t)((uint32_t)now - cc[LAST_ACK_US]) > (int32_t)TRAIN_US)
        return false;
    cc[LAST_ACK_US] = (uint32_t)now;
    return (uint32_t)now - cc[ROUND_US] > (side->rtt_min_us + 1000) / 2;
}

static bool round_is_slow(uint32_t *cc, const struct tcp_side *side, uint32_t rtt_us)
{
    if (cc[ROUND_RTT_US] > rtt_us)
        cc[ROUND_RTT_US] = rtt_us;
    if (cc[SAMPLES] < FEWEST_SAMPLES) {
        cc[SAMPLES]++;
        return false;
    }
    uint32_t more = side->rtt_min_us / 8;
    more = more < 4000 ? 4000 : more > 16000 ? 16000 : more;
    return cc[ROUND_RTT_US] > side->rtt_min_us + more;
}

static void cubic_measured(struct tcp_rack *rack, struct tcp_side *side, const struct tcb *tcb,
                           uint32_t rtt_us, time_us now)
{
    uint32_t *cc = rack->cc;
    if ((cc[SAMPLES] & FOUND) || side->cwnd >= side->ssthresh
        || (cc[EPOCH_MS] != 0 && (uint32_t)(now / 1000) - cc[EPOCH_MS] < LATEST_MS))
        return;
    if (cc[ROUND_END] == 0 || seq_gt(tcb->snd.una, cc[ROUND_END]))
        begin_round(cc, tcb, now);
    if (side->cwnd / tcb->smss < LOW_WINDOW)
        return;
    bool train = train_is_long(cc, side, now), slow = round_is_slow(cc, side, rtt_us);
    if (!train && !slow)
        return;
    cc[SAMPLES] |= FOUND;
    side->ssthresh = side->cwnd;
}

static void cubic_timeout(struct tcp_rack *rack)
{
    memset(rack->cc, 0, sizeof rack->cc);
}

static void cubic_silence(struct tcp_rack *rack, uint32_t silence_ms, time_us now)
{
    uint32_t *cc = rack->cc, now_ms = (uint32_t)(now / 1000);
    if (cc[EPOCH_MS] == 0)
        return;
    cc[EPOCH_MS] += silence_ms;
    if ((int32_t)(cc[EPOCH_MS] - now_ms) > 0)
        cc[EPOCH_MS] = now_ms;
}

/* ---- the kinds ---- */

static const struct tcp_cc_segments_ops kinds[CIAO_CC_KINDS] = {
    [CIAO_CC_NEWRENO] = {reno_ssthresh, reno_acked, reno_measured, reno_timeout, reno_silence},
    [CIAO_CC_CUBIC] = {cubic_ssthresh, cubic_acked, cubic_measured, cubic_timeout, cubic_silence},
};

const struct tcp_cc_segments_ops *tcp_cc_segments_at(uint8_t congestion)
{
    return &kinds[congestion];
}
