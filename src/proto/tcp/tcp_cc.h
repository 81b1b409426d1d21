/*
 * Congestion control: how many bytes the network carries at once.  One small constant table of
 * functions for each kind, named by number in the settings.  [RFC5681]
 *
 * It is told what has happened and answers with cwnd and ssthresh.  What is lost, and which bytes
 * are sent while it is repaired, is decided elsewhere: tcp_loss.c, tcp_recovery.c.
 */
#ifndef PROTO_TCP_TCP_CC_H
#define PROTO_TCP_TCP_CC_H

#include "base/time.h"
#include "proto/tcp/tcb.h"

#define TCP_SSTHRESH_ALL 0x7fffffffu /* arbitrarily high [RFC5681 3.1 5681-4] */
#define TCP_CWND_MAX     0x40000000u /* the largest window that scaling can offer */

struct tcp_cc_ops {
    const char *name;
    /* The connection begins: cwnd and ssthresh stand at their first values, side->cc is zero. */
    void (*init)(struct tcb *tcb, struct tcp_side *side);
    /* So many bytes were acknowledged, cwnd was what held us back, and nothing is being repaired by
     * fast recovery. */
    void (*acked)(struct tcb *tcb, struct tcp_side *side, uint32_t bytes, time_us now);
    /* Loss was detected by what arrived: set ssthresh, and cwnd for the recovery. */
    void (*loss)(struct tcb *tcb, struct tcp_side *side, uint32_t flight_bytes);
    /* The timer ran out, for the first time for these bytes: set ssthresh; cwnd is set to one
     * segment by the caller. */
    void (*timeout)(struct tcb *tcb, struct tcp_side *side, uint32_t flight_bytes);
    /* Nothing was sent for longer than the timeout: cwnd was reduced to the restart window. */
    void (*idle)(struct tcb *tcb, struct tcp_side *side);
};

const struct tcp_cc_ops *tcp_cc_at(uint8_t congestion); /* enum ciao_congestion */
extern const struct tcp_cc_ops tcp_cc_newreno;
extern const struct tcp_cc_ops tcp_cc_cubic;

/* AS LINUX: the same, counted in segments, for connections with a struct tcp_rack. */
struct tcp_cc_segments_ops {
    /* ssthresh after a loss, in segments. */
    uint32_t (*ssthresh)(struct tcp_rack *rack, uint32_t cwnd);
    /* So many segments were delivered, and cwnd (segments) was in use; its new value. */
    uint32_t (*acked)(struct tcp_rack *rack, const struct tcp_side *side, uint32_t cwnd,
                      uint32_t segments, time_us now);
    /* A round trip was measured, in slow start: may end it by setting ssthresh. */
    void (*measured)(struct tcp_rack *rack, struct tcp_side *side, const struct tcb *tcb,
                     uint32_t rtt_us, time_us now);
    /* The timer ran out. */
    void (*timeout)(struct tcp_rack *rack);
    /* Bytes leave again after so many milliseconds in which none were on their way. */
    void (*silence)(struct tcp_rack *rack, uint32_t silence_ms, time_us now);
};
const struct tcp_cc_segments_ops *tcp_cc_segments_at(uint8_t congestion);

/* Common to all: cwnd doubles in a round trip, up to ssthresh: tcp_cc.c. [RFC5681 3.1] */
void tcp_cc_grow(struct tcp_side *side, uint32_t bytes);
void tcp_cc_slow_start(struct tcb *tcb, struct tcp_side *side, uint32_t bytes);

/* The window to begin with, and to begin again with after idling. [RFC5681 3.1, RFC6928 2] */
uint32_t tcp_cc_initial_window(uint32_t smss, uint32_t segments);

#endif
