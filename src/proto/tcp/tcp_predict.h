/*
 * The segments that nearly always come, told at a glance: see tcp_predict.c.
 *
 * A batch is looked at once before any of it is processed, so that the records of many flows are on
 * their way from memory while the first ones are worked on.
 */
#ifndef PROTO_TCP_TCP_PREDICT_H
#define PROTO_TCP_TCP_PREDICT_H

#include "proto/tcp/tcp_glance.h"

/* Look at the frames of a batch and fetch what they will need.  No shape is predicted where the
 * configuration says so, or while each segment is told of. */
void tcp_glance_all(struct tcp *tcp, int link, struct ciao_frame *const *frames, unsigned n,
                    struct tcp_glance *glances);

/*
 * Process by the short ways the first segment, and those behind it, up to `end`, that hold no
 * surprise.
 *
 * Returns the one behind them; their frames were released.  `first` itself: no short way is for it,
 * or something is wrong with it; nothing has changed by it, and its frame is the caller's still.
 */
const struct tcp_glance *tcp_predict(struct tcp *tcp, int link, const struct tcp_glance *first,
                                     const struct tcp_glance *end);
/* Look at a frame that comes alone and process it, if there is a short way for it. */
bool tcp_predict_alone(struct tcp *tcp, int link, const struct ciao_link *entry,
                       struct ciao_frame *frame);

/* The same for an ACK or a FIN alone, at a TCB without a side record: tcp_lone.c. */
__attribute__((noinline)) bool tcp_lone_arrives(struct tcp *tcp, struct tcb *tcb, int link,
                                                const struct tcp_glance *glance);

/* After a batch, with tcp->unsettled: its last bytes are copied where that is better. */
void tcp_receive_settle(struct tcp *tcp);

/* The same for a handshake's segments, if it is one: tcp_hello.c. */
bool tcp_hello_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance);

/* The same for whatever else is nothing but a header: tcp_plain.c. */
bool tcp_plain_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance);

#endif
