/*
 * cwnd of a connection with a struct tcp_rack, in segments: tcp_prr.c for tcp_alert.c.
 */
#ifndef PROTO_TCP_TCP_PRR_H
#define PROTO_TCP_TCP_PRR_H

#include "proto/tcp/tcp_cc.h"
#include "proto/tcp/tcp_send.h"

static inline bool tcp_prr_reduces(const struct tcp_rack *rack)
{
    return rack->alert == ALERT_CWR || rack->alert == ALERT_RECOVERY;
}
const struct tcp_cc_segments_ops *tcp_prr_cc(const struct tcp *tcp, const struct tcb *tcb);
uint32_t tcp_prr_cwnd(const struct tcb *tcb, const struct tcp_side *side);
void tcp_prr_set_cwnd(const struct tcb *tcb, struct tcp_side *side, uint64_t segments);

/* A reduction begins: ssthresh is what cwnd is to be at its end. */
void tcp_prr_begin(const struct tcp *tcp, struct tcb *tcb, struct tcp_side *side);
/* So many segments were delivered; `advanced`: snd.una has moved, `lost`: others were lost. */
void tcp_prr_acked(const struct tcp *tcp, struct tcb *tcb, uint32_t delivered, bool advanced,
                   bool lost);
void tcp_prr_end(struct tcp_side *side, const struct tcp_rack *rack);
/* ssthresh to go back to, should the reduction prove needless. */
uint32_t tcp_prr_ssthresh(const struct tcp_side *side, const struct tcp_rack *rack);

/* What was repaired had arrived before the repair left. [RFC4015 3.2, RFC3522 3.2] */
bool tcp_prr_was_only_late(const struct tcp_rack *rack, const struct tcp_ack_work *work);
/* Or: every repair has come twice. */
bool tcp_prr_may_undo(const struct tcp_rack *rack, const struct tcp_ack_work *work);
/* cwnd is what it was; `unmark`: nothing is lost either. */
void tcp_prr_undo(struct tcp *tcp, struct tcb *tcb, bool unmark);

/* Nothing is being repaired, and so many segments were delivered. */
void tcp_prr_grow(const struct tcp *tcp, const struct tcb *tcb, struct tcp_side *side,
                  uint32_t segments);

#endif
