/*
 * Segments without data, and how they are written the straight way: tcp_control.c.
 */
#ifndef PROTO_TCP_TCP_CONTROL_H
#define PROTO_TCP_TCP_CONTROL_H

#include "proto/tcp/tcp_internal.h"

struct tcp_control { /* no SACK blocks, no ports: these are the record's */
    const struct tcp_head *head;
    const struct tcp_addresses *addresses; /* of IPv6, behind the record */
    struct tcp_header h;
    uint8_t ttl, tos;
};
/* May it be written this way: does the link need nobody's address? */
bool tcp_control_is_plain(const struct tcp *tcp, const struct tcp_head *head);
/* An ACK, and more with `fin` (TCP_FIN or 0), of a connection to which nothing unusual happens:
 * no option but timestamps, nothing urgent, no ECN.  It settles what was owed. */
void tcp_control_put(struct tcp *tcp, struct tcb *tcb, uint32_t fin, struct ciao_frame *frame);
/* Write it, whole, into a frame that holds nothing. */
void tcp_control_write(struct tcp *tcp, const struct tcp_control *control,
                       struct ciao_frame *frame);
/* What a SYN says, or a SYN,ACK, that carries all options; the window is the initial one. */
struct tcp_hello {
    const struct tcp_head *head;
    const struct tcp_addresses *addresses; /* of IPv6, behind the record */
    const struct ciao_settings *settings;
    seq_t seq, ack;
    uint16_t flags, mss;
    uint8_t wscale;
    uint32_t ts_val, ts_ecr;
};
/* Into the frame, or the outbox where that is NULL; false: the link or the settings want another
 * way, and nothing is done. */
bool tcp_control_hello(struct tcp *tcp, const struct tcp_hello *hello, struct ciao_frame *frame);
/* The ACK of a TIME-WAIT record, through the outbox; false: not usual, and nothing is done. */
bool tcp_control_wait_ack(struct tcp *tcp, const struct tcp_wait *wait, uint32_t ts_offset);
/* What a record without a TCB says, through the outbox, whatever the link. */
void tcp_control_reply(struct tcp *tcp, const struct tcp_control *control, uint16_t route,
                       uint8_t wscale, bool again);

#endif
