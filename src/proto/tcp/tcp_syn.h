/*
 * What two SYNs agree upon, and the record of a half-open connection: what tcp_syn.c, tcp_cookie.c
 * and tcp_handshake.c share.
 */
#ifndef PROTO_TCP_TCP_SYN_H
#define PROTO_TCP_TCP_SYN_H

#include "proto/tcp/tcp_internal.h"

/* ---- options: tcp_handshake.c ---- */
/* Of the options of the peer's SYN those that we offer, or would have, as TCB_*: settings deny
 * each by the bit of the same value. [RFC7323 2.2, 3.2, RFC2018 2] */
static inline uint32_t tcp_agreed(const struct ciao_settings *settings,
                                  const struct tcp_options *opt)
{
    uint32_t asked =
        opt->has_ts * TCB_TS | opt->sack_permitted * TCB_SACK | opt->has_wscale * TCB_WSCALE;
    return asked & ~settings->flags;
}
BUILD_ASSERT(TCB_TS == CIAO_NO_TIMESTAMPS && TCB_SACK == CIAO_NO_SACK
             && TCB_WSCALE == CIAO_NO_WSCALE);
/* Of SND.WND, with TCB_WSCALE. [7323-2] */
static inline uint8_t tcp_peer_scale(const struct tcp_options *opt)
{
    return opt->wscale > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : opt->wscale;
}
/* Payload of full segments, from what the peer announced (0: nothing) and what was agreed. */
void tcp_handshake_sizes(const struct tcp *tcp, struct tcb *tcb,
                         const struct ciao_settings *settings, uint16_t announced);

/* [EV-12] The usual answer to our SYN: the rest of what the segment carries is the caller's. */
void tcp_handshake_answered(struct tcp *tcp, struct tcb *tcb, const struct tcp_said *said,
                            const struct tcp_options *opt);

/* ---- the record: tcp_syn.c ---- */
/* Who asks to be let in, by a SYN. */
struct tcp_knock {
    const struct tcp_options *opt;
    const struct tcp_segment *seg; /* NULL: nobody is told of segments, and there is no text */
    const struct tcp_pair *pair;   /* of the two hosts, if it is at hand; else NULL */
    uint64_t hash;
    seq_t seq;
    seq_t iss_above; /* our number is to be above this; 0: any */
    uint8_t link;
    bool v6, ecn;
};
/* Has the listener room, and may there be a record at all? */
bool tcp_syn_may_knock(const struct tcp *tcp, const struct tcp_listener *listener);
/* Make the record, and answer.  False: no room, and nothing has changed. */
bool tcp_syn_make(struct tcp *tcp, struct tcp_listener *listener, const struct tcp_knock *knock,
                  const struct tcp_tuple *tuple);
/* A TCB of what a half-open record, or one that a cookie stands for, knows of the handshake, in the
 * record's state and with its settings; NULL: no room. */
struct tcb *tcp_syn_grow(struct tcp *tcp, const struct tcp_syn *syn,
                         const struct ciao_settings *settings);
bool tcp_syn_may_grow_up(const struct tcp *tcp, const struct tcp_syn *syn); /* its queue has room */
/* The handshake is done by a segment that says this, whose listener has room: the record's place is
 * its TCB's, which waits to be accepted.  NULL: no room, and nothing has changed. */
struct tcb *tcp_syn_grow_up(struct tcp *tcp, ref_t ref, struct tcp_syn *syn,
                            const struct tcp_said *said);
/* ---- when its SYN,ACK is sent again: tcp_syn_queue.c ---- */
void tcp_syn_wait(struct tcp *tcp, ref_t ref, struct tcp_syn *syn, uint64_t wait_us);
void tcp_syn_stop(struct tcp *tcp, ref_t ref, struct tcp_syn *syn);
void tcp_syn_advance(struct tcp *tcp);
time_us tcp_syn_deadline(const struct tcp *tcp);

#endif
