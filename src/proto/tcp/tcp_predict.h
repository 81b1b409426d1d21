/*
 * The segments that nearly always come, told at a glance: see tcp_predict.c.
 *
 * A batch is looked at once before any of it is processed, so that the records of many flows are on
 * their way from memory while the first ones are worked on.
 */
#ifndef PROTO_TCP_TCP_PREDICT_H
#define PROTO_TCP_TCP_PREDICT_H

#include "proto/tcp/tcp.h"

/* What one look at a frame has told.  `l4` NULL: it has another shape, and nothing else holds. */
struct tcp_glance {
    struct ciao_frame *frame;
    const uint8_t *l4;   /* TCP's header; IP's stands right before it */
    uint32_t header_len; /* of TCP; of what is usual 20, or 32 with timestamps alone */
    uint32_t data_len;
    uint64_t hash;
    bool v6, hashed; /* `hash` holds; else it is of the flow of the one before */
    bool usual;      /* may be predicted; else it is nothing but a header */
    ref_t flow;      /* where the flow's record may be; whoever uses it compares */
};

/* Wire segments that it stands for. */
static inline uint32_t tcp_glance_segments(const struct tcp_glance *glance)
{
    return glance->frame->segments == 0 ? 1 : glance->frame->segments;
}

/* Look at the frames of a batch and fetch what they will need.  No shape is predicted where the
 * configuration says so, or while each segment is told of. */
void tcp_glance_all(struct tcp *tcp, int link, struct ciao_frame *const *frames, unsigned n,
                    struct tcp_glance *glances);

/*
 * Process a segment that holds no surprise.
 *
 * False: it does, or its checksum is wrong; nothing has changed, and the frame is the caller's
 * still.  True: the frame was released.
 */
/* After a batch, with tcp->unsettled: its last bytes are copied where that is better. */
void tcp_receive_settle(struct tcp *tcp);

bool tcp_predict(struct tcp *tcp, int link, const struct tcp_glance *glance);

/* [RFC9293 3.1 MUST-3, RFC1122 3.2.1.2] */
bool tcp_glance_sums_hold(const struct tcp *tcp, const struct tcp_glance *glance);
uint64_t tcp_glance_hash(const struct tcp *tcp, const struct tcp_glance *glance);

/* The same for a segment that is nothing but a header, whatever it says: tcp_plain.c. */
bool tcp_plain_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance);

#endif
