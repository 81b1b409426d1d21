/*
 * TIME-WAIT: what stays of a connection for 2 MSL, and when it ends.  [RFC9293 3.6.1]
 */
#ifndef PROTO_TCP_TCP_WAIT_H
#define PROTO_TCP_TCP_WAIT_H

#include "proto/tcp/tcp_internal.h"

/* ---- TIME-WAIT: tcp_wait.c ---- */
void tcp_wait_enter(struct tcp *tcp,
                    struct tcb *tcb); /* the TCB is in TIME-WAIT: a small record answers from now */
void tcp_wait_arrives(struct tcp *tcp, ref_t wait, struct tcp_segment *seg,
                      const struct tcp_tuple *tuple);
void tcp_wait_over(struct tcp *tcp, ref_t wait);
void tcp_wait_end(struct tcp *tcp, ref_t wait, enum ciao_arc_row row);
/* tcp_wait_at() for whoever knows the family. */
static inline struct tcp_wait *tcp_wait_of(const struct tcp *tcp, ref_t ref, bool v6)
{
    size_t index = ref_index(ref);
    return (struct tcp_wait *)(void *)(v6 ? tcp->waits6.base + index * sizeof(struct tcp_wait6)
                                          : tcp->waits.base + index * sizeof(struct tcp_wait));
}
/* ---- when TIME-WAIT ends: tcp_wait_queue.c ---- */
#define TCP_WAIT_CHUNK 13u
struct tcp_wait_chunk {
    uint32_t next, prev; /* those that began later, and earlier; 0: none */
    uint16_t waiting;    /* a bit for each record that has not left */
    uint16_t filled;     /* so many have come */
    ref_t ref[TCP_WAIT_CHUNK];
};
BUILD_ASSERT(sizeof(struct tcp_wait_chunk) == 64); /* one cache line */
static inline uint32_t tcp_wait_ms_of(const struct ciao_settings *settings)
{
    return (settings->msl_us + 999) / 1000;
}
uint32_t tcp_wait_msl_ms(const struct tcp *tcp, const struct tcp_wait *wait);
struct tcp_wait_term {
    uint32_t msl_ms;
    uint32_t hash; /* of the flow, its low half */
};
/* 2 MSL from now. */
void tcp_wait_begin(struct tcp *tcp, ref_t ref, struct tcp_wait *wait,
                    const struct tcp_wait_term *term);
void tcp_wait_anew(struct tcp *tcp, ref_t wait);
void tcp_wait_stop(struct tcp *tcp, struct tcp_wait *wait);
ref_t tcp_wait_oldest(const struct tcp *tcp, bool v6); /* REF_NONE: each has a wait of its own */
void tcp_wait_advance(struct tcp *tcp);                /* end all that are due */
time_us tcp_wait_deadline(const struct tcp *tcp);

#endif
