/*
 * What the files of the sending half know of each other.  Each block names the file that defines
 * it.
 *
 * Three questions are kept apart, so that each can be answered in another way without touching the
 * others: what is lost (tcp_loss.c), how much may be sent while it is being repaired
 * (tcp_recovery.c), and how fast the network is (tcp_cc.h).
 */
#ifndef PROTO_TCP_TCP_SEND_H
#define PROTO_TCP_TCP_SEND_H

#include "base/buf.h"
#include "base/mostly.h"
#include "proto/tcp/tcp_internal.h"

/* Small numbers of every profile. */
#define TCP_DUP_THRESH     3u /* [RFC5681 3.2, RFC6675 2] */
#define TCP_DUP_THRESH_MAX 8u /* what a connection may learn from needless repairs */
#define TCP_SEGMENTS_MAX   UINT16_MAX

/* Segments of a connection's sizes that so many bytes make. */
static inline uint32_t tcp_segments_of(const struct tcb *tcb, uint32_t bytes)
{
    return bytes <= tcb->smss ? bytes != 0 : (bytes + tcb->smss - 1) / tcb->smss;
}

/* Where a number lies in the connection, for whoever reads the event: our SYN is 0. */
static inline uint32_t tcp_relative(const struct tcb *tcb, seq_t seq)
{
    return seq - tcb->iss;
}

/* For what happens with every ACK: said only to those who listen. */
__attribute__((always_inline)) static inline void tcp_note_why(struct tcp *tcp,
                                                               const struct tcb *tcb,
                                                               enum ciao_reason reason, uint64_t a,
                                                               uint64_t b)
{
    if (trace_on(tcp->trace, CIAO_EVENTS_WHY))
        tcp_note(tcp, tcb, reason, a, b);
}

/* ---- one ACK's work: what it brought to light, gathered on its way through the files ---- */
#define TCP_ARRIVALS 8u
struct tcp_arrival { /* something has arrived that was sent at this time */
    time_us sent_us;
    seq_t start;
    uint16_t segments;
    bool again; /* and not for the first time */
};
struct tcp_arrivals { /* of one ACK; more than these are not needed to find out what is lost */
    unsigned n;
    struct tcp_arrival at[TCP_ARRIVALS];
};
struct tcp_ack_work {
    struct tcp_arrivals *arrivals; /* apart, so that the usual ACK need not clear them */
    uint32_t acked;                /* bytes that it acknowledged cumulatively */
    uint32_t sacked;               /* bytes that it told of out of order, for the first time */
    uint32_t lost;                 /* bytes that were declared lost because of it */
    uint32_t ts_ecr;               /* the time that it echoes, when has_ts */
    time_us again_us;              /* when what was sent more than once was sent last */
    time_us rtt_sent_us;           /* when the oldest of what it acknowledged was sent */
    uint16_t lost_segments;        /* the same in segments */
    uint16_t needless;             /* segments taken for lost that were only late */
    bool has_ts;
    bool has_rtt;    /* rtt_sent_us holds */
    bool repeated;   /* it acknowledged what was sent more than once [RFC6298 3 Karn] */
    bool lost_again; /* what was lost had been sent again, after cwnd was reduced */
    bool reported;   /* it reports bytes that came twice [RFC2883] */
    bool echo;       /* it says that something of ours was marked [RFC3168 6.1.2] */
    bool duplicate;  /* a duplicate ACK in the sense of [RFC5681 2] */
    /* for connections with a struct tcp_rack */
    bool asked;             /* something was on its way when it came */
    bool overtaken;         /* it is older than one that has come: only its SACKs count */
    bool original;          /* what was sent once, before recovery began, has arrived */
    bool twice, tail_twice; /* the peer has had repairs twice, or the tail probe */
    bool has_late;          /* `late` holds */
    bool timer_is_set;      /* to look again for what is lost */
    seq_t late;             /* the lowest of what was sent once and has arrived now */
    uint32_t delivered;     /* segments */
    time_us last_sent_us;   /* when the youngest of what was sent once was sent; 0: none */
};

/* ---- the segment itself: tcp_segment.c ---- */
/* The window as the header says it, for what is no SYN; with it the offer is made. */
uint16_t tcp_segment_window(struct tcp *tcp, struct tcb *tcb);
/* Whatever carries an ACK settles what was owed. */
void tcp_segment_acks(struct tcb *tcb);
/* Payload bytes of a full segment now: out-of-order data costs room for SACK blocks. */
uint32_t tcp_segment_room(const struct tcp *tcp, const struct tcb *tcb);
/* The same for what leaves in one piece: a super-segment where the link takes them. */
uint32_t tcp_segment_super(const struct tcp *tcp, const struct tcb *tcb, uint32_t room);

/* ---- the send queue: tcp_sendq.c ---- */
/* Copy so many bytes in, for which there is room; fewer, or none, when there is no memory.  The
 * queue is attached. */
size_t tcp_sendq_append(struct tcp *tcp, struct tcb *tcb, const void *data, size_t len);
/* A short write goes into the last buffer, if that is a small one and has room. */
#define TCP_SHORT_WRITE 512u
#define TCP_FEW_BYTES   128u /* no call is worth while for so few */
static inline bool tcp_sendq_is_short(const struct tcp_queue *queue, size_t len)
{
    const struct ciao_buf *last = queue->sendq_last;
    return len <= TCP_SHORT_WRITE && last != NULL && last->size < BUF_QUARTER
           && len <= last->size - queue->sendq_fill;
}
/* It mostly leaves as it came, so it is summed while it is copied. */
static inline void tcp_sendq_append_short(const struct tcp *tcp, struct tcb *tcb,
                                          struct tcp_queue *queue, const void *data, uint32_t len)
{
    uint8_t *to = ciao_buf_bytes(queue->sendq_last) + queue->sendq_fill;
    queue->sum =
        (uint16_t)(len <= TCP_FEW_BYTES && len % 8 == 0 ? csum_copy_few(to, data, len)
                                                        : tcp->ip->csum->copy(to, data, len));
    queue->summed_at = tcb->snd_end;
    queue->summed_len = (uint16_t)len;
    queue->sendq_fill += len;
    queue->sendq_bytes += len;
    tcb->snd_end += len;
}
struct tcp_place { /* a byte of a buffer */
    struct ciao_buf *buf;
    uint32_t offset;
};
/* Where this byte lies, which is queued. */
struct tcp_place tcp_sendq_place(const struct tcb *tcb, struct tcp_queue *queue, seq_t seq);
/* The bytes up to `end`, which lies there or one behind, were sliced: the next are found soon. */
static inline void tcp_sendq_sliced(struct tcp_queue *queue, seq_t end, struct tcp_place at)
{
    queue->sendq_cursor = at.buf;
    queue->sendq_cursor_seq = end - at.offset;
}
/* How many of these bytes one frame's fragments can refer to. */
uint32_t tcp_sendq_reach(const struct tcp *tcp, struct tcb *tcb, seq_t seq, uint32_t len);

/* All of it is acknowledged, and it is one buffer. */
static inline void tcp_sendq_free_only(struct tcp_queue *queue)
{
    struct ciao_buf *buf = queue->sendq_first;
    queue->sendq_cursor = NULL;
    queue->sendq_skip = queue->sendq_fill = queue->sendq_bytes = 0;
    if (buf->refs == 1 && buf->size <= BUF_FRAME) /* it stays, empty, for the next write */
        return;
    ciao_buf_unref(buf);
    queue->sendq_first = queue->sendq_last = NULL;
}

struct tcp_repair { /* what is to be sent again */
    uint32_t range; /* 0: nothing */
    uint32_t bytes; /* so much of it at most */
    enum ciao_reason reason;
};

/* ---- records, chunks and bursts: tcp_burst.c ---- */
static inline bool tcp_bursts(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->has_side && (tcp_side(tcp, tcb)->burst_flags & BURST_ON) != 0;
}
/* With CIAO_BURSTS: so many of these bytes there is room for.  The side record is attached. */
uint32_t tcp_burst_accepts(struct tcp *tcp, const struct tcb *tcb, uint32_t len);
/* Of `unsent` bytes (not 0), so many lie before the end of a record. */
uint32_t tcp_burst_record(const struct tcp *tcp, const struct tcb *tcb, uint32_t unsent);
struct tcp_burst {   /* what a burst may be made of */
    uint32_t unsent; /* bytes queued */
    uint32_t usable; /* free in the peer's window */
    uint32_t room;   /* in a segment */
};
/* Bytes of the burst that is leaving or begins now; 0: nothing may leave. */
uint32_t tcp_burst_now(const struct tcp *tcp, struct tcb *tcb, const struct tcp_burst *burst);
/* So many of them have left, up to snd.nxt; true: with PSH. */
bool tcp_burst_left(struct tcp *tcp, struct tcb *tcb, uint32_t len, uint32_t room);
/* The front of a range, up to `end`, is about to leave again; true: with PSH. */
bool tcp_burst_again(const struct tcp *tcp, struct tcb *tcb, const struct tcp_repair *repair,
                     seq_t end);
/* snd.nxt has passed marks. */
void tcp_burst_passed(struct tcp *tcp, struct tcb *tcb);
void tcp_burst_flush(struct tcp *tcp, struct tcp_queue *queue);

/* ---- ranges: tcp_range.c ---- */
static inline struct tcp_range *tcp_range_at(const struct tcp *tcp, uint32_t index)
{
    return (struct tcp_range *)(void *)tcp->ranges.base + index;
}
/* The last one, 0: there is none. */
static inline uint32_t tcp_range_last(const struct tcp_queue *queue)
{
    return queue->ranges_first != 0 ? queue->ranges_last : 0; /* that one may be kept, see below */
}
/* Is there a record for one more?  A part of the table is kept for those that must be split. */
bool tcp_range_room(const struct tcp *tcp);
static inline bool tcp_by_time(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->has_side && tcp_side(tcp, tcb)->rack != 0;
}
/* [start, end), which begins where the last one ended, has left for the first time. */
void tcp_range_sent(struct tcp *tcp, struct tcb *tcb, seq_t start, seq_t end);
/* Cut before `at`, which lies inside; the index of the second half, 0 when there is no record. */
uint32_t tcp_range_split(struct tcp *tcp, struct tcb *tcb, uint32_t index, seq_t at);
/* It has left once more. */
void tcp_range_again(struct tcp *tcp, struct tcb *tcb, uint32_t index);
/* The peer holds it out of order: one whole range. */
void tcp_range_sacked(struct tcp *tcp, struct tcb *tcb, uint32_t index, struct tcp_ack_work *work);
/* It is lost; `counted`: a finding, not a timer's guess.  Not for what is SACKed or lost now. */
void tcp_range_lost(struct tcp *tcp, struct tcb *tcb, uint32_t index, bool counted);
/* Everything before `una` has arrived. */
void tcp_range_acked(struct tcp *tcp, struct tcb *tcb, seq_t una, struct tcp_ack_work *work);
/* The timer's guess: all that is not acknowledged is lost, also what was SACKed. [RFC2018 8] */
void tcp_range_all_lost(struct tcp *tcp, struct tcb *tcb);
/* Forget what was SACKed: the peer has. [RFC2018 8] */
void tcp_range_forget_sacks(struct tcp *tcp, struct tcb *tcb);
void tcp_range_flush(struct tcp *tcp, struct tcb *tcb);
/* The record of what was all of the queue, and is acknowledged, may be kept for what is sent next:
 * ranges_last without ranges_first. */
void tcp_range_give_kept(struct tcp *tcp, struct tcp_queue *queue);

/* ---- the scoreboard: tcp_sack.c ---- */
void tcp_sack_arrived(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg,
                      struct tcp_ack_work *work);

/* ---- what is lost: tcp_loss.c, and no other file ---- */
/* Of what was sent before the arrivals and has not arrived, enough may have come later by now. */
void tcp_loss_detect(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work);
/* So many segments sent later must arrive before one is lost. */
uint32_t tcp_loss_threshold(const struct tcp *tcp, const struct tcb *tcb);
/* Without SACK: the oldest segment is lost. [RFC5681 3.2, RFC6582 3.2] */
void tcp_loss_head(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work);

/* ---- how much may be sent, and what first: tcp_recovery.c ---- */
/* Bytes not acknowledged; our FIN fills no pipe. */
static inline uint32_t tcp_flight(const struct tcb *tcb)
{
    uint32_t flight = tcb->snd.nxt - tcb->snd.una;
    return (tcb->flags & TCB_FIN_SENT) && flight != 0 ? flight - 1 : flight;
}
static inline uint32_t tcp_pipe(const struct tcb *tcb, const struct tcp_side *side)
{
    return tcp_flight(tcb) - side->sacked_bytes - side->lost_bytes;
}
static inline uint32_t tcp_recovery_space(const struct tcb *tcb, const struct tcp_side *side)
{
    uint32_t pipe = tcp_pipe(tcb, side);
    return side->cwnd > pipe ? side->cwnd - pipe : 0;
}
/* What is lost [RFC6675 4 NextSeg rule 1]; when nothing new can be sent, what may be (3, 4). */
struct tcp_repair tcp_recovery_lost(const struct tcp *tcp, struct tcb *tcb);
struct tcp_repair tcp_recovery_suspect(const struct tcp *tcp, struct tcb *tcb);
/* So many segments more must prove to have been late only, if the recovery is to be undone. */
void tcp_recovery_to_undo(struct tcb *tcb, uint32_t segments);
void tcp_recovery_acked(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work);
/* cwnd is reduced for a loss. */
void tcp_recovery_reduce(struct tcp *tcp, struct tcb *tcb);
/* `first`: these bytes have not timed out before. */
void tcp_recovery_timeout(struct tcp *tcp, struct tcb *tcb, bool first);

/* ---- the same by time, for connections with a struct tcp_rack: tcp_rack.c ---- */
/* Segments on their way. */
uint32_t tcp_rack_in_flight(const struct tcp *tcp, const struct tcb *tcb,
                            const struct tcp_side *side);
/* This range, or so many segments at its front, has arrived. */
void tcp_rack_arrived(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_range *range,
                      uint32_t segments, struct tcp_ack_work *work);
/* What starts at `late` came after what ends at `highest`, unless that is not later. */
void tcp_rack_reordered(const struct tcp *tcp, const struct tcb *tcb, seq_t late, seq_t highest);
/* The peer reports that it has had these bytes before. [RFC2883] */
void tcp_rack_duplicate(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_sack *block,
                        struct tcp_ack_work *work);
/* The reordering window is made wider, or as it was. */
void tcp_rack_adapt(const struct tcp *tcp, const struct tcp_side *side,
                    const struct tcp_ack_work *work);
/* Declare lost what is; set the timer for what may be. */
void tcp_rack_look(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work);
void tcp_rack_look_again(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work);
void tcp_rack_timeout(struct tcp *tcp, struct tcb *tcb);

/* ---- what is done about it: tcp_alert.c ---- */
void tcp_alert_init(const struct tcp *tcp, const struct tcb *tcb);
void tcp_alert_acked(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work);
void tcp_alert_look_again(struct tcp *tcp, struct tcb *tcb); /* the timer of tcp_rack_look() */
void tcp_alert_timeout(struct tcp *tcp, struct tcb *tcb, bool first);
void tcp_alert_sent(const struct tcp *tcp, const struct tcb *tcb, uint32_t segments);
void tcp_alert_repaired(const struct tcp *tcp, const struct tcb *tcb, uint32_t segments);
void tcp_alert_silence(const struct tcp *tcp, const struct tcb *tcb, uint32_t silence_ms);

/* ---- what holds bytes up, for connections with a struct tcp_rack: tcp_held.c ---- */
void tcp_held_by(const struct tcp *tcp, const struct tcp_side *side, enum tcp_held what);
void tcp_held_written(const struct tcp *tcp, const struct tcp_side *side);
void tcp_held_sent(const struct tcp *tcp, const struct tcb *tcb, bool limited);
void tcp_held_acked(const struct tcp *tcp, const struct tcb *tcb);

/* ---- what is sent again: tcp_retransmit.c ---- */
enum tcp_sent tcp_retransmit_next(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame,
                                  const struct tcp_repair *repair);
void tcp_retransmit_timer_restart(struct tcp *tcp, struct tcb *tcb); /* from now, RFC 6298 5.3 */
/* A probe into a closed window, or our FIN alone once more. */
enum tcp_sent tcp_retransmit_probe(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame);
void tcp_persist_start(struct tcp *tcp, struct tcb *tcb);
void tcp_persist_stop(struct tcp *tcp, struct tcb *tcb);

/* ---- tail loss probes: tcp_tail.c ---- */
/* When a probe would be due, without a struct tcp_rack.  A single segment's ACK may be delayed.
 * [RFC8985 7.2] */
#define TCP_TAIL_TICKS_US   2000u /* what the timer's ticks may cost */
#define TCP_TAIL_SEGMENT_US 200000u
static inline uint64_t tcp_tail_due_us(const struct tcb *tcb, uint32_t flight)
{
    uint64_t wait_us = 2 * (uint64_t)tcb->srtt_us + TCP_TAIL_TICKS_US;
    return flight <= tcb->smss ? wait_us + TCP_TAIL_SEGMENT_US : wait_us;
}
/* AS LINUX: new bytes have left, and the probe is due so long after them. */
void tcp_tail_again(struct tcp *tcp, struct tcb *tcb);
uint32_t tcp_tail_wait_us(const struct tcp *tcp, const struct tcb *tcb);
void tcp_tail_timeout(struct tcp *tcp, struct tcb *tcb);
struct tcp_repair tcp_tail_segment(struct tcp *tcp, struct tcb *tcb);
void tcp_tail_sent(struct tcp *tcp, struct tcb *tcb, bool again);
void tcp_tail_acked(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work);

/* ---- bookkeeping of what has left for the first time: tcp_output.c ---- */
void tcp_output_sent_new(struct tcp *tcp, struct tcb *tcb, uint32_t len, bool fin);
/* The same in two parts: the last `len` bytes before snd.nxt have left; so has all of a run. */
void tcp_output_start_timer(struct tcp *tcp, struct tcb *tcb, uint32_t len);
void tcp_output_has_sent(struct tcp *tcp, struct tcb *tcb, bool data);

/* The FIN is to follow the last byte that is queued. */
static inline bool tcp_fin_waits(const struct tcb *tcb)
{
    return (tcb->flags & (TCB_FIN_QUEUED | TCB_FIN_SENT)) == TCB_FIN_QUEUED;
}
/* After a silence cwnd is to shrink first, where nothing is on its way. [RFC5681 4.1] */
static inline bool tcp_was_silent(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t idle_ms = tcp_now_ms(tcp) - tcb->last_sent_ms;
    return !MOSTLY((uint64_t)idle_ms * 1000 <= tcb->rto_us || tcb->last_sent_ms == 0);
}

/* ---- what usually leaves: tcp_stream.c ---- */
struct tcp_turn { /* one connection's */
    struct ciao_frame *const *frames;
    unsigned made, limit;
};
enum tcp_stream {
    TCP_STREAM_DONE,   /* nothing more leaves now */
    TCP_STREAM_MORE,   /* the turn is over, and more waits */
    TCP_STREAM_UNUSUAL /* tcp_output_next() is to be asked for the rest */
};
enum tcp_stream tcp_stream_output(struct tcp *tcp, struct tcb *tcb, struct tcp_turn *turn);

/* ---- and when it is one segment: tcp_single.c ---- */
/* May it be asked on this link at all? */
static inline bool tcp_single_may(const struct tcp *tcp, int link)
{
    const struct ciao_link *entry = &tcp->ip->links.at[link].link;
    return entry->kind != CIAO_LINK_ETHERNET && !entry->tx_csum && tcp->config->predict
           && !trace_on(tcp->trace, CIAO_EVENTS_WIRE);
}
/* False: it is not, or there is more to decide; nothing is done. */
bool tcp_single_output(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame);
/* The same for an ACK or a FIN of a connection without a side record: tcp_control.c. */
bool tcp_control_output(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame);

#endif
