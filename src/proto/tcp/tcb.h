/*
 * The records of a connection: what is remembered, and for how long.
 *
 *   SYN record     SYN-RECEIVED of a listener's child; none at all under SYN cookies
 *   TCB            from SYN-SENT or ESTABLISHED until CLOSED, and as long as the program holds the
 *                  handle
 *   side record    what only a connection that has moved data needs: congestion, counters
 *   queue record   what only one needs that moves data now: the queues, what is on its way
 *   TIME-WAIT      64 bytes (IPv4) that answer for the connection during 2 MSL
 *
 * All but side and queue begin with the same head, carry the same life id, stand in the same flow
 * table and own one timer.  `state` is written by tcp_enter() alone.  [RFC9293 3.3.1]
 */
#ifndef PROTO_TCP_TCB_H
#define PROTO_TCP_TCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/ref.h"
#include "base/seq.h"
#include "base/time.h"
#include "base/wheel.h"
#include "ciao/event.h"
#include "ciao/frame.h"

/* Both ends, in the order of bytes and of fields in which a segment of ours has them, so that they
 * are compared and written as they lie. */
struct tcp_ends {
    uint32_t laddr, raddr; /* IPv4, or the last 32 bits of the IPv6 addresses, which stand whole
                              behind the record */
    uint16_t lport, rport; /* tcp_lport() and tcp_rport() say them as numbers */
};

/* What every record starts with. */
struct tcp_head {
    struct tcp_ends ends;
    uint8_t state; /* enum ciao_state */
    uint8_t v6;
    uint8_t link;
    uint8_t binding; /* TCP_BINDING_*: what of its port tcp_binding.c counts */
    uint64_t life;
};
static inline uint16_t tcp_lport(const struct tcp_head *head)
{
    return BYTES_BE16(head->ends.lport);
}
static inline uint16_t tcp_rport(const struct tcp_head *head)
{
    return BYTES_BE16(head->ends.rport);
}
#define TCP_BINDING_HELD  1u
#define TCP_BINDING_REUSE 2u
#define TCP_BINDING_CHILD 4u /* of a listener: who connects finds out by the flow table alone */

/* Two-way links of a list that a record may leave at any time. */
struct tcp_link {
    ref_t next, prev;
};

/* Both addresses whole, behind each record of an IPv6 connection. */
struct tcp_addresses {
    uint8_t local[16], remote[16];
};

/* ---- SYN-RECEIVED of a listener's child: 72 bytes, and 32 for IPv6 ---- */
struct tcp_syn {
    struct tcp_head head;
    union { /* by `queued` */
        struct wheel_node timer;
        struct {
            ref_t prev;
            uint32_t tick; /* when its SYN,ACK is sent again */
        } turn;            /* tcp_syn_queue.c */
    };
    ref_t next; /* in that queue */
    uint32_t iss, irs;
    uint32_t ts_recent, ts_offset;
    ref_t listener;
    uint32_t first_ms; /* when it was made, for R2 */
    uint16_t route;
    uint16_t peer_mss;
    uint8_t peer_wscale;
    uint8_t tries;  /* SYN,ACKs sent */
    uint8_t agreed; /* TCB_TS, TCB_SACK, TCB_WSCALE */
    uint8_t ecn : 1, queued : 1;
    uint16_t settings; /* the listener's when the SYN came: what our SYN,ACK has said holds */
};
BUILD_ASSERT(sizeof(struct tcp_syn) <= 72); /* a half-open connection is small */

/* ---- TIME-WAIT: 64 bytes, and 32 for IPv6 ---- */
struct tcp_wait {
    struct tcp_head head;
    union { /* by `queued` */
        struct wheel_node timer;
        struct {
            uint32_t place; /* in its family's queue: tcp_wait_queue.c */
            uint32_t tick;  /* when it is over */
        } turn;
    };
    uint32_t destination; /* of whose ports ours is one: tcp_port.c */
    uint32_t snd_nxt, rcv_nxt;
    uint32_t ts_recent;
    uint32_t rcv_wnd;
    uint32_t hash_or_msl; /* of the flow, its low half, when `queued`; else MSL in ms */
    ref_t tcb; /* the TCB that stays as long as the program holds its handle; REF_NONE: none */
    uint8_t has_ts : 1, rcv_wscale : 4, rst_ends : 1, passive : 1;
    uint8_t queued : 1;   /* no timer is needed */
    uint8_t max_wnd_bits; /* MAX.SND.WND was below 2 to this power */
    uint16_t route;
};
BUILD_ASSERT(sizeof(struct tcp_wait) == 64); /* one cache line */

/* ---- one range of the send queue: what was sent at one time in one piece ---- */
#define RANGE_SACKED        1u /* the peer holds it [RFC2018] */
#define RANGE_LOST          2u /* declared lost, not sent again yet */
#define RANGE_RETRANSMITTED 4u /* sent more than once: no RTT sample [RFC6298 3 Karn] */
#define RANGE_APP_LIMITED   8u
#define RANGE_REPAIR        16u  /* was declared lost by recovery, not by the timer */
#define RANGE_COUNTED       32u  /* stands in side->lost */
#define RANGE_PUSH          64u  /* its last segment carries PSH: a burst or a record ends there */
#define RANGE_MARKED        256u /* was declared lost, and is not known to have arrived */
#define RANGE_BURST         512u /* a burst ends there: it stays apart */
#define RANGE_RECORD        128u /* a mark in the bytes not sent yet: a record ends there */
struct tcp_range {
    uint32_t next, prev; /* pool indices, in order of start; 0 ends */
    seq_t start, end;
    time_us sent_us;    /* last sent */
    uint64_t delivered; /* side->delivered when it was sent (rate samples, BBR) */
    uint16_t times;     /* sent so often */
    uint16_t flags;     /* RANGE_* */
    uint16_t segments;  /* wire segments of one sending */
    uint16_t later; /* segments that have arrived though they were sent after this [RFC6675 4] */
};
BUILD_ASSERT(sizeof(struct tcp_range) == 40);

/* ---- one run of received bytes, by reference ---- */
struct tcp_run {
    uint32_t next; /* pool index; 0 ends */
    seq_t start;   /* first byte */
    uint32_t len;
    uint32_t charge; /* what it costs against the receive buffer */
    const uint8_t *ptr;
    struct ciao_buf *buf;
};

/* ---- the side record: 128 bytes beside the TCB, in use from the first data on ---- */
/* side->burst_flags: see tcp_burst.c */
#define BURST_ON        16u /* CIAO_BURSTS was set when the connection began to send */
#define BURST_PUSH      1u  /* the burst that is leaving ends with PSH */
#define BURST_LONG      4u  /* it has several segments */
#define BURST_AGAIN     8u  /* again_end holds */
#define BURST_TAIL_PUSH 2u  /* the last chunk of the queue ends with PSH */

struct tcp_side {
    /* line 0: what a request and its answer touch */
    uint32_t cwnd;
    uint32_t sacked_bytes, lost_bytes; /* on its way is nxt - una - sacked - lost [RFC6675 pipe] */
    uint32_t rtt_min_us;
    uint32_t rack;       /* pool index, 0: RFC 6675 and NewReno do the repairs */
    uint8_t burst_flags; /* BURST_* */
    uint8_t spare[3];
    uint32_t data_sent, data_received, segments_sent, segments_received;
    uint64_t delivered;      /* bytes known to have arrived */
    uint64_t bytes_sent;     /* payload, repeats too */
    uint64_t bytes_received; /* in order */
    /* line 1: the rest */
    uint32_t ssthresh;
    seq_t recover;   /* recovery ends when this is acknowledged [RFC6675 RecoveryPoint] */
    uint32_t cc[6];  /* the congestion control's own */
    uint32_t cut_us; /* when cwnd was last reduced, mod 2^32 */
    uint32_t prior_cwnd, prior_ssthresh; /* before that, should it prove needless; 0: not known */
    uint32_t retransmitted, lost, timeouts, repaired, out_of_order; /* segments */
};
BUILD_ASSERT(sizeof(struct tcp_side) == 128);
BUILD_ASSERT(offsetof(struct tcp_side, ssthresh) == 64);

/* ---- the queue record: 128 bytes, while bytes are queued, unread or on their way ---- */
struct tcp_queue {
    /* send queue: a list of buffers (ciao_buf.next) that hold [snd.una, snd.end) */
    struct ciao_buf *sendq_first, *sendq_last;
    struct ciao_buf *sendq_cursor; /* the buffer that was sliced last; NULL: none */
    seq_t sendq_cursor_seq;        /* its first byte */
    uint32_t sendq_skip;           /* bytes of the first buffer that are acknowledged already */
    uint32_t sendq_fill;           /* bytes used of the last buffer */
    uint32_t sendq_bytes;          /* queued: snd.end - snd.una, without SYN and FIN */
    uint32_t ranges_first, ranges_last; /* [snd.una, snd.nxt) cut by sending */
    /* receive queue */
    uint32_t in_order_first, in_order_last; /* struct tcp_run; first 0: last is spare, or 0 */
    uint32_t in_order_bytes, charged_bytes;
    uint32_t out_of_order_first, out_of_order_bytes;
    seq_t sack_recent[3]; /* starts of the blocks that changed last, newest first [RFC2018 4] */
    seq_t twice_start, twice_end; /* came a second time [RFC2883]; valid with TCB_DSACK */
    /* how the queue is cut into bursts and records: tcp_burst.c */
    uint32_t marks_first, marks_last; /* records of tcp_range, beyond snd.nxt */
    seq_t chunk_start;                /* the last chunk of the queue begins there */
    seq_t pushed;                     /* the program's bytes up to here end with PSH somewhere */
    seq_t burst_end;                  /* the burst that is leaving ends here */
    seq_t again_end;                  /* and the burst of what is sent again here */
    seq_t small_end;                  /* end of the last segment sent that was not full */
    /* of a short write, the last that was one, the sum is known: see tcp_sendq.c */
    seq_t summed_at;
    uint16_t summed_len, sum; /* so many bytes from there on; 0: of none */
};
BUILD_ASSERT(sizeof(struct tcp_queue) == 128 || sizeof(void *) != 8);

/* ---- with CIAO_RACK: what loss recovery by time remembers besides, see tcp_alert.c ---- */
/* rack->alert: AS LINUX, and with its numbers */
enum tcp_alert_state {
    ALERT_OPEN,
    ALERT_DISORDER, /* something has arrived out of order */
    ALERT_CWR,      /* cwnd is being reduced, nothing was lost */
    ALERT_RECOVERY, /* what was lost is repaired */
    ALERT_LOSS      /* the timer ran out */
};
/* rack->held: what the bytes of the queue wait for, AS LINUX (tcp_chrono) */
enum tcp_held {
    HELD_IDLE,   /* there are none */
    HELD_BUSY,   /* ACKs, or cwnd */
    HELD_WINDOW, /* the peer's window */
    HELD_SPACE,  /* none wait: the program had no room to give more */
    HELD_KINDS
};
/* rack->flags */
#define RACK_ADVANCED     1u  /* something that was sent later has arrived since the last look */
#define RACK_DSACK        2u  /* the peer has had bytes twice in this round */
#define RACK_REO_SET      4u  /* rexmt_at is when to look again for what is lost */
#define RACK_FRTO         8u  /* was the timeout needless?  [RFC5682 3.1] */
#define RACK_CWND_LIMITED 16u /* cwnd was what held us back in the window up to usage_seq */
#define RACK_UNDO         32u /* undo_from holds: the reduction may prove needless */
#define RACK_NEW_ONLY     64u /* F-RTO: new bytes leave before what is taken for lost */
struct tcp_rack {
    uint32_t cc[14];   /* the congestion control's own */
    uint32_t cc_count; /* segments acknowledged since cwnd last grew by one */
    uint32_t rtt_us;   /* of what arrived last */
    time_us sent_us;   /* when what was sent last of all that has arrived was sent, [RFC8985 6.2] */
    time_us stamp_us;  /* of the last sending: no two bursts have the same */
    seq_t end;         /* and where that ends */
    seq_t undo_from;   /* snd.una when cwnd was reduced */
    int32_t undo_left; /* so many repairs must prove needless yet; -1: none has left */
    uint32_t again_ts; /* timestamp of the first repair, 0: none */
    uint32_t prr_delivered, prr_out; /* segments in this recovery [RFC6937] */
    uint32_t reordering, reordered;  /* segments that one may be late; how often one was */
    uint32_t reo_delivered;          /* `delivered` when reo_steps was last raised */
    uint32_t delivered;              /* segments */
    uint32_t dsacks;                 /* segments that arrived twice */
    seq_t usage_seq;                 /* see RACK_CWND_LIMITED */
    uint32_t most_out;               /* most segments on their way in that window */
    uint8_t reo_steps, reo_persist;  /* the reordering window [RFC8985 6.2] */
    uint8_t alert;                   /* enum tcp_alert_state */
    uint8_t flags;                   /* RACK_* */
    uint32_t mdev_us, mdev_max_us;   /* mean deviation of round trips: see tcp_rtt.c */
    uint32_t held_ms[HELD_KINDS];    /* how long each of these has held bytes up */
    uint32_t held_since_ms;          /* the present one since then */
    uint8_t held;                    /* enum tcp_held */
    uint8_t no_space;                /* the program was refused room */
    uint8_t spare[2];
};
BUILD_ASSERT(sizeof(struct tcp_rack) == 168 || sizeof(void *) != 8);

/* ---- the TCB ---- */
/* tcb->flags */
#define TCB_PASSIVE         0x1u /* came from a listener [RFC9293 3.5 MUST-11] */
#define TCB_TS              0x2u /* both SYNs carried timestamps */
#define TCB_SACK            0x4u /* the peer permits SACK, and so do we */
#define TCB_WSCALE          0x8u
#define TCB_FIN_QUEUED      0x10u   /* the program has closed its direction: FIN at snd.end */
#define TCB_FIN_RECEIVED    0x20u   /* the peer's FIN was taken in order */
#define TCB_ACK_NOW         0x40u   /* an ACK must leave */
#define TCB_ACK_DELAYED     0x80u   /* an ACK is owed, the delayed-ACK timer runs */
#define TCB_ORPHAN          0x100u  /* the program has given the handle up */
#define TCB_SHUT_RD         0x200u  /* the program reads no more */
#define TCB_HAS_HANDLE      0x400u  /* the program holds it (accepted or connected) */
#define TCB_LISTED          0x800u  /* stands in its link's output list */
#define TCB_USER_LISTED     0x1000u /* stands in the list of changed readiness */
#define TCB_RECOVERY        0x2000u /* in fast recovery */
#define TCB_RTO_RECOVERY    0x4000u /* repairing after a timeout, until `recover` is acknowledged */
#define TCB_PERSIST         0x8000u /* rexmt_at is the persist timer */
#define TCB_PROBE           0x10000u   /* a window probe is to leave */
#define TCB_SYN_DUE         0x20000u   /* SYN or SYN,ACK is to leave (again) */
#define TCB_FIN_SENT        0x40000u   /* snd.nxt has passed the FIN */
#define TCB_HOLD_PARTIAL    0x80000u   /* MSG_MORE: the last partial segment waits */
#define TCB_PUSH            0x100000u  /* the SWS override timer ran out: send what there is */
#define TCB_IN_ACCEPT       0x200000u  /* stands in its listener's accept queue */
#define TCB_IN_FLOW         0x400000u  /* stands in the flow table */
#define TCB_R1_TOLD         0x800000u  /* "in trouble" was told */
#define TCB_WINDOW_TOLD     0x1000000u /* "window closed" was told */
#define TCB_OUR_WINDOW_TOLD 0x2000000u
#define TCB_CWND_LIMITED    0x4000000u /* the last output stopped at cwnd: it may grow */
#define TCB_SYN_LOST \
    0x8000000u /* a SYN or SYN,ACK was sent again: initial window 1 segment [RFC5681 3.1] */
#define TCB_RTT_MEASURED 0x10000000u
#define TCB_SYN_UNACKED  0x20000000u /* the peer has not acknowledged our SYN yet */

#define TCB_KEEPALIVE 0x40000000u /* a keep-alive probe is to leave */
#define TCB_DSACK     0x80000000u /* side->twice_* is to be told with the next ACK */

/* tcb->dialogue */
#define DIALOGUE_HEARD    1u /* bytes have come */
#define DIALOGUE_ANSWERED 2u /* and were answered soon: the next ACK may ride on an answer too */

/* tcb->urgent */
#define URGENT_MARK    1u /* urg_rcv is the peer's urgent byte, not passed by the program yet */
#define URGENT_ARRIVED 2u /* it is in urgent_byte */
#define URGENT_TAKEN   4u /* and was taken */
#define URGENT_SEND    8u /* urg_snd is one past our urgent byte, not acknowledged yet */

/* tcb->ecn */
#define ECN_ASKED 1u  /* our SYN has asked */
#define ECN_OK    2u  /* both agree [RFC3168 6.1.1] */
#define ECN_SEEN  4u  /* something has come that said it may be marked */
#define ECN_ECHO  8u  /* something was marked: every ACK says so until the peer says CWR */
#define ECN_CUT   16u /* we send less: new data says CWR */
#define ECN_CWR   32u /* and do not react again until `recover` is acknowledged */

/* tcb->repair */
#define REPAIR_BEGUN      1u   /* this recovery has sent something again */
#define REPAIR_RESCUED    2u   /* it has had its rescue retransmission [RFC6675 5] */
#define REPAIR_HEAD       128u /* a partial ACK asks for the first segment [RFC6582 3.2] */
#define REPAIR_TAIL_SET   4u   /* rexmt_at is when to probe the tail [RFC8985 7] */
#define REPAIR_TAIL_DUE   8u   /* a tail probe is to leave */
#define REPAIR_TAIL_OUT   16u  /* one has left, up to tail_end, and is not answered */
#define REPAIR_TAIL_AGAIN 32u  /* it was bytes that had been sent before */

struct tcb {
    /* line 0: every segment reads these */
    struct tcp_head head;  /* 24 */
    uint32_t flags;        /* TCB_* */
    uint32_t queue : 29;   /* pool index of struct tcp_queue, 0: none now */
    uint32_t has_side : 1; /* struct tcp_side is in use */
    uint32_t spare : 2;
    struct {
        seq_t una, nxt; /* oldest unacknowledged; next to send */
        uint32_t wnd;   /* bytes the peer offers, from una at the last update [RFC9293 3.1 REC-1] */
        seq_t wl1, wl2;
        uint32_t max_wnd; /* largest ever offered [RFC9293 3.8.6.2.1, RFC5961 5.2] */
    } snd;
    struct {
        seq_t nxt;  /* next expected */
        seq_t edge; /* right edge we have advertised: never moves left [RFC9293 3.8.6 SHLD-14] */
    } rcv;
    /* line 1: timers, round trip, options */
    struct wheel_node timer;
    uint32_t rexmt_at;      /* ms, 0: not set: SYN, retransmission or persist */
    uint32_t ack_at;        /* delayed ACK */
    uint32_t other_at;      /* FIN-WAIT-2 of an orphan, SWS override */
    uint32_t keep_at;       /* keep-alive: ms, 0: not set */
    struct tcp_link output; /* in the list of those that have something to send */
    uint32_t ts_recent, ts_offset;
    uint32_t srtt_us, rttvar_us, rto_us;
    seq_t last_ack_sent;
    uint16_t smss; /* payload bytes of a full segment, options taken off */
    uint16_t rmss; /* what we announced, or the peer's largest segment seen: for ACK decisions */
    uint8_t snd_wscale, rcv_wscale;
    uint8_t dup_acks;
    uint8_t dialogue; /* DIALOGUE_*: does the program answer what it reads? */
    /* line 2: what else a request and its answer touch */
    seq_t snd_end; /* one past the last queued byte: where the FIN goes */
    uint32_t
        trouble_ms; /* when the oldest unacknowledged byte was first sent again; 0: no trouble */
    struct tcp_link user;  /* in the list of changed readiness */
    uint32_t ts_recent_ms; /* when ts_recent was taken [RFC7323 5.5] */
    seq_t rtt_seq;         /* the next round trip is measured when this is acknowledged */
    seq_t sacked_to;       /* end of the highest byte that the peer ever held out of order */
    uint32_t last_received_ms;
    uint32_t last_sent_ms; /* when data or FIN last left [RFC5681 4.1] */
    uint32_t last_data_ms; /* when data last came */
    uint32_t flow_hash;    /* with TCB_IN_FLOW: where the flow table has it */
    uint32_t cookie;       /* of whoever stands above: ciao_set_cookie() */
    uint16_t settings;     /* index; 0: the stack's */
    uint16_t route;
    uint8_t told_ready; /* CIAO_* readiness that was last named */
    uint8_t news;       /* CIAO_* readiness that became true since ciao_news() */
    uint8_t soft_error;
    uint8_t quick_acks; /* segments still to be acknowledged at once */
    /* mostly 0, and looked at together: tcb_is_clear() */
    uint8_t error;   /* CIAO_E*, positive, 0: none */
    uint8_t hungry;  /* send() found no memory: not writable until it may be tried again */
    uint8_t backoff; /* timeouts in a row */
    uint8_t fin_seen;
    uint8_t repair;     /* REPAIR_* */
    uint8_t urgent;     /* URGENT_* */
    uint8_t ecn;        /* ECN_* */
    uint8_t dup_thresh; /* segments sent later that must arrive before one is lost [RFC6675 2] */
    /* line 3: opening, closing, trouble */
    seq_t iss, irs;
    ref_t listener;
    ref_t accept_next;
    union {                   /* by whether TIME-WAIT was reached */
        uint32_t destination; /* of whose ports ours is one: tcp_port.c */
        ref_t wait;           /* the record that answers for us */
    };
    uint32_t challenge_s;
    seq_t urg_rcv, urg_snd; /* urgent pointers (room; RFC 6093) */
    seq_t fin_rcv;          /* the peer's FIN, seen but not in order yet; valid when fin_seen */
    uint32_t syn_sent_us;   /* low 32 bits of when our SYN left last: the first round trip */
    seq_t tail_end;         /* see REPAIR_TAIL_OUT */
    uint32_t persist_ms; /* when the peer closed its window, or our program gave us up behind it */
    uint32_t keep_sent_ms;  /* when the last keep-alive probe left */
    uint16_t peer_mss;      /* as announced */
    uint16_t pmtu;          /* room: path MTU of this connection */
    uint16_t held_runs;     /* in the out-of-order queue */
    uint16_t undo_segments; /* taken for lost in this recovery, not known to be only late */
    uint8_t challenges;     /* challenge ACKs in this second [RFC5961 7] */
    uint8_t probes;         /* window probes unanswered in a row */
    uint8_t keep_probes;    /* keep-alive probes unanswered in a row */
    uint8_t urgent_byte;    /* kept aside for the program */
};
BUILD_ASSERT(sizeof(struct tcb) == 256);
BUILD_ASSERT(offsetof(struct tcb, timer) == 64); /* line 0 is what every segment reads */
BUILD_ASSERT(offsetof(struct tcb, snd_end) == 128);
BUILD_ASSERT(offsetof(struct tcb, error) % 8 == 0);
BUILD_ASSERT(offsetof(struct tcb, iss) == 192); /* tcp_prefetch_tcb() leaves that line out */

/* Eight bytes that are mostly 0 lie side by side: are those 0 that these masks ask for, each at
 * TCB_BYTE() of its name? */
#define TCB_BYTE(name) (offsetof(struct tcb, name) - offsetof(struct tcb, error))
static inline bool tcb_is_clear(const struct tcb *tcb, const uint8_t masks[8])
{
    uint64_t bytes, asked;
    __builtin_memcpy(&bytes, (const uint8_t *)tcb + offsetof(struct tcb, error), sizeof bytes);
    __builtin_memcpy(&asked, masks, sizeof asked);
    return (bytes & asked) == 0;
}

struct tcb6 {
    struct tcb tcb;
    struct tcp_addresses addresses;
};
BUILD_ASSERT(sizeof(struct tcb6) == 288);
struct tcp_syn6 {
    struct tcp_syn syn;
    struct tcp_addresses addresses;
};
struct tcp_wait6 {
    struct tcp_wait wait;
    struct tcp_addresses addresses;
};

/* ---- a listener ---- */
struct tcp_listener {
    struct tcp_head head;   /* raddr, rport 0, laddr too; v6 says which family it is bound to */
    struct ciao_addr local; /* unspecified: any */
    bool dual;              /* unspecified IPv6 that takes IPv4 too */
    bool reuseport;
    uint16_t settings;
    uint32_t backlog;
    uint32_t waiting;                /* in the accept queue */
    uint32_t half_open;              /* SYN records */
    ref_t accept_first, accept_last; /* TCBs */
    uint32_t next;                   /* in its port's bucket */
    struct tcp_link user;            /* in the list of changed readiness */
    uint8_t told_ready;
    bool user_listed;
    uint32_t cookie;
};

#endif
