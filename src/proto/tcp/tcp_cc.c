/*
 * The kinds of congestion control, and what is common to all: see tcp_cc.h.  [RFC5681 3.1]
 */
#include "proto/tcp/tcp_cc.h"

#include "ciao/stack.h"
#include "proto/tcp/tcp_send.h"

static const struct tcp_cc_ops *const kinds[CIAO_CC_KINDS] = {
    [CIAO_CC_NEWRENO] = &tcp_cc_newreno,
    [CIAO_CC_CUBIC] = &tcp_cc_cubic,
};

const struct tcp_cc_ops *tcp_cc_at(uint8_t congestion)
{
    ASSERT(congestion < CIAO_CC_KINDS);
    return kinds[congestion];
}

/* DIFFERS [RFC3465 2.2]: of one ACK two segments count in slow start, or 64 KB if that is more,
 * since a peer that takes super-segments acknowledges that much at once. */
#define SLOW_START_BYTES 65536u

void tcp_cc_grow(struct tcp_side *side, uint32_t bytes)
{
    side->cwnd = side->cwnd + bytes < TCP_CWND_MAX ? side->cwnd + bytes : TCP_CWND_MAX;
}

/* Doubling in a round trip.  After a timeout one segment for one ACK: the ACK may cover what had
 * arrived long before. [RFC3465 2.3] */
void tcp_cc_slow_start(struct tcb *tcb, struct tcp_side *side, uint32_t bytes)
{
    uint32_t most = 2u * tcb->smss > SLOW_START_BYTES ? 2u * tcb->smss : SLOW_START_BYTES;
    if (tcb->flags & TCB_RTO_RECOVERY)
        most = tcb->smss;
    if (most > side->ssthresh - side->cwnd)
        most = side->ssthresh - side->cwnd;
    tcp_cc_grow(side, bytes < most ? bytes : most);
}

/* [RFC5681 3.1 5681-2] for 0 segments, else [RFC6928 2 6928-1] with that many instead of 10. */
uint32_t tcp_cc_initial_window(uint32_t smss, uint32_t segments)
{
    const uint32_t usual_mss = 1460;
    if (segments == 0)
        return smss * (smss > 2190 ? 2 : smss > 1095 ? 3 : 4);
    uint32_t most = 2 * smss > segments * usual_mss ? 2 * smss : segments * usual_mss;
    return segments * smss < most ? segments * smss : most;
}

static uint32_t first_window(const struct tcp *tcp, const struct tcb *tcb)
{
    if (tcb->flags & TCB_SYN_LOST) /* [RFC5681 3.1 5681-3] */
        return tcb->smss;
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    if ((settings->more & CIAO_RACK) && settings->initial_window_segments != 0) /* AS LINUX */
        return tcb->smss * settings->initial_window_segments;
    return tcp_cc_initial_window(tcb->smss, settings->initial_window_segments);
}

/* Called when the side record is attached and again when the connection is established: bytes may
 * be queued before the peer has told its MSS. */
void tcp_congestion_init(struct tcp *tcp, struct tcb *tcb)
{
    if (!tcb->has_side)
        return;
    struct tcp_side *side = tcp_side(tcp, tcb);
    side->cwnd = first_window(tcp, tcb);
    side->ssthresh = TCP_SSTHRESH_ALL;
    side->recover = tcb->snd.una;
    memset(side->cc, 0, sizeof side->cc);
    bool wide = (tcp_tcb_settings(tcp, tcb)->more & CIAO_WIDE_RTO) != 0;
    if (wide && side->rtt_min_us == 0 && (tcb->flags & TCB_RTT_MEASURED))
        side->rtt_min_us = tcb->srtt_us; /* the SYN's, the only one so far */
    tcb->dup_thresh = TCP_DUP_THRESH;
    tcb->rtt_seq = tcb->snd.una;
    tcb->sacked_to = tcb->snd.una;
    tcp_cc_at(tcp_tcb_settings(tcp, tcb)->congestion)->init(tcb, side);
    if (side->rack != 0)
        tcp_alert_init(tcp, tcb);
}
