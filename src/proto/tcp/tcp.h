/*
 * TCP, as the core sees it: one object per stack, its tables, and the calls that go in.
 *
 * A map for the reader, each to be read beside RFC 9293:
 *   tcp_input.c                a datagram comes: whose is it?  tcp_plain.c: the short way
 *   tcp_arrive.c      3.10.7   a segment arrives: the steps, in the RFC's order
 *   tcp_handshake.c   3.5      how a connection comes about
 *   tcp_listen.c               listeners and their queues
 *   tcp_teardown.c    3.6      how it ends: FIN, RST, abort; tcp_wait.c: TIME-WAIT
 *   tcp_state.c       3.3.2    the one writer of states
 *   tcp_user.c        3.9.1    the program's calls
 *   tcp_timer.c       3.8      every timer, one node a connection; tcp_keepalive.c
 *   tcp_stream.c, tcp_single.c, tcp_sums.c               what usually leaves, the short way
 *   tcp_send*.c, tcp_range.c, tcp_burst.c, tcp_output.c, tcp_segment.c   bytes that leave
 *   tcp_ack.c, tcp_loss.c, tcp_recovery.c, tcp_cc*.c, tcp_rtt.c          what the peer says of them
 *   tcp_rack.c, tcp_alert.c, tcp_prr.c, tcp_held.c, tcp_ecn.c            and as Linux heeds it
 *   tcp_predict.c, tcp_lone.c, tcp_hello.c               what usually arrives, the short way
 *   tcp_receive.c, tcp_run.c, tcp_read.c, tcp_window.c, tcp_urgent.c     bytes that arrive
 */
#ifndef PROTO_TCP_TCP_H
#define PROTO_TCP_TCP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/flow.h"
#include "base/multilinear.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/siphash.h"
#include "base/wheel.h"
#include "ciao/stack.h"
#include "proto/ip/ip.h"
#include "proto/tcp/tcb.h"
#include "proto/tcp/tcp_port.h"
#include "trace/trace.h"

#define TCP_FLOW_WORDS       9 /* the ports, and the addresses of IPv6 */
#define TCP_LINKS            16
#define TCP_LISTENER_BUCKETS 256
#define TCP_SETTINGS_RECENT  8

/* The part of a flow's first number that its hosts make: tcp_handshake_isn(). */
struct tcp_isn {
    struct siphash hosts; /* SipHash-2-4 of both addresses */
    uint64_t length;      /* of these and the ports, in the top byte */
};

/* Two hosts: tcp_pair.c. */
#define TCP_PAIR_BITS 6
struct tcp_pair {
    struct ciao_addr asked, remote; /* from where was asked for; all zero: from anywhere */
    struct ip_path path;
    uint32_t changes;   /* of the IP layer when it was worked out; 0: nobody stands here */
    uint32_t believed;  /* link + 1 by which its SYNs come, judged since; 0: none has come yet */
    uint32_t ts_offset; /* of this end's timestamps, between path.source and remote */
    struct tcp_isn isn;
};

/* Connections with something to send, per link, served in turn. */
struct tcp_output_list {
    ref_t first, last;
};

/* Records in the order in which they run out: the first and the last half-open one, or the first
 * and the last chunk of those in TIME-WAIT (tcp_wait_queue.c). */
struct tcp_wait_queue {
    uint32_t first, last; /* 0: none */
    uint32_t count;       /* of records */
};

struct tcp_settings_slot {
    struct ciao_settings value;
    uint32_t refs;
};

struct tcp {
    struct ip_layer *ip;
    struct trace *trace;
    struct ciao_bufpool *buffers;
    const struct ciao_config *config;
    time_us now; /* of the call that is being served: tcp_set_now() */
    uint32_t now_ms;
    struct wheel wheel;
    struct flow_table flows;
    struct pool tcbs, tcbs6, syns, syns6, waits, waits6, queues, racks, ranges, runs, listeners,
        settings;
    struct tcp_side *sides, *sides6; /* one for each of tcbs and tcbs6, at the same index */
    uint32_t sides_used;
    uint32_t queues_kept; /* so many stay attached though they are empty: see tcp_queue.c */
    struct tcp_wait_queue waiting[2]; /* in TIME-WAIT: IPv4, IPv6 */
    struct pool wait_chunks;          /* of both */
    uint32_t msl_ms;                  /* of the stack's settings, which those have */
    struct tcp_wait_queue half_open;  /* SYN records that wait for the first time */
    struct tcp_ports ports;
    struct tcp_bindings bindings;
    struct tcp_output_list output[TCP_LINKS];
    ref_t user_first, user_last; /* readiness has changed */
    uint32_t listener_bucket[TCP_LISTENER_BUCKETS];
    struct {
        ref_t ref; /* the record that was found last, while it stands in the table */
        uint64_t hash;
    } known;
    struct tcp_pair pairs[1 << TCP_PAIR_BITS];
    uint64_t next_life;
    uint64_t flow_key[MULTILINEAR_KEYS(TCP_FLOW_WORDS)];
    uint64_t isn_key[2], cookie_key[2], ts_key[2];
    struct rng rng;
    ref_t unsettled;      /* the flow whose last run may have to be copied: tcp_run.c */
    ref_t recent_flow;    /* the flow whose segment was predicted last */
    uint32_t judgements;  /* as IP's, when ... */
    uint64_t judged_life; /* ... this life was the next: older ones' addresses may be judged anew */
    uint16_t settings_recent[TCP_SETTINGS_RECENT]; /* slots that were taken last; 0: none */
    uint16_t settings_turn;
    uint32_t orphan_hand;             /* the same for orphans when memory is short */
    uint32_t wait_hand;               /* where recycling goes on when TIME-WAIT is at its budget */
    time_us cookie_us;                /* when the last SYN cookie left; 0: never */
    uint32_t challenge_s, challenges; /* of the whole stack, this second [RFC5961 7] */
};

/* Somebody comes in at that time. */
static inline void tcp_set_now(struct tcp *tcp, time_us now)
{
    if (tcp->now == now)
        return;
    tcp->now = now;
    tcp->now_ms = (uint32_t)us_to_ms(now);
}

/* Memory that TCP's tables reserve for this configuration, and how it takes it. */
size_t tcp_bytes(const struct ciao_config *config);
int tcp_init(struct tcp *tcp, const struct ciao_config *config, struct arena *arena, time_us now);

/* A datagram for us with protocol 6.  Payload references are taken as needed; the frame stays the
 * caller's. */
void tcp_input(struct tcp *tcp, const struct ip_packet *packet, time_us now);

/* An ICMP error that quotes one of our segments. [RFC9293 3.9.2.2, RFC5927] */
enum tcp_icmp_kind { TCP_ICMP_SOFT, TCP_ICMP_HARD, TCP_ICMP_TOO_BIG };
struct tcp_icmp_error {
    struct ciao_addr local, remote; /* source and destination of the quoted packet */
    uint16_t local_port, remote_port;
    uint32_t seq;
    enum tcp_icmp_kind kind;
    uint32_t mtu;       /* TOO_BIG */
    uint8_t type, code; /* as on the wire, for the telling */
};
void tcp_icmp_error(struct tcp *tcp, const struct tcp_icmp_error *error, time_us now);

/* Fill frames for one link, fairly; returns how many. */
unsigned tcp_output(struct tcp *tcp, int link, struct ciao_frame *const *frames, unsigned n,
                    time_us now);
bool tcp_has_output(const struct tcp *tcp, int link);

/* Run every timer that is due; the next deadline. */
void tcp_advance(struct tcp *tcp, time_us now);
time_us tcp_next_deadline(const struct tcp *tcp);

/* The program's calls: as ciao_* in ciao/stack.h, word for word. */
int tcp_user_listen(struct tcp *tcp, const struct ciao_endpoint *local, unsigned backlog,
                    const struct ciao_settings *settings, ciao_conn *listener);
int tcp_user_connect(struct tcp *tcp, const struct ciao_endpoint *remote,
                     const struct ciao_endpoint *local, const struct ciao_settings *settings,
                     ciao_conn *conn);
int tcp_user_accept(struct tcp *tcp, ciao_conn listener, ciao_conn *conn);
int64_t tcp_user_send(struct tcp *tcp, ciao_conn conn, const void *data, size_t len,
                      unsigned flags);
int64_t tcp_user_peek(struct tcp *tcp, ciao_conn conn, void *data, size_t len, uint32_t offset);
int64_t tcp_user_recv(struct tcp *tcp, ciao_conn conn, void *data, size_t len, unsigned flags);
bool tcp_user_at_mark(const struct tcp *tcp, ciao_conn conn);
int tcp_user_set_cookie(struct tcp *tcp, ciao_conn conn, uint32_t cookie);
uint32_t tcp_user_cookie(const struct tcp *tcp, ciao_conn conn);
int tcp_user_backlog(struct tcp *tcp, ciao_conn listener, unsigned backlog);
int tcp_user_port_busy(const struct tcp *tcp, const struct ciao_endpoint *local, bool v6only);
uint16_t tcp_user_port_choose(struct tcp *tcp, uint16_t after);
int tcp_user_shutdown(struct tcp *tcp, ciao_conn conn, enum ciao_how how);
int tcp_user_close(struct tcp *tcp, ciao_conn conn, struct ciao_event_report *report);
int tcp_user_abort(struct tcp *tcp, ciao_conn conn, struct ciao_event_report *report);
unsigned tcp_user_ready(const struct tcp *tcp, ciao_conn conn);
ciao_conn tcp_user_next_ready(struct tcp *tcp);
unsigned tcp_user_news(struct tcp *tcp, ciao_conn conn);
int tcp_user_error(const struct tcp *tcp, ciao_conn conn);
int tcp_user_soft_error(struct tcp *tcp, ciao_conn conn);
enum ciao_state tcp_user_state(const struct tcp *tcp, ciao_conn conn);
bool tcp_user_ends(const struct tcp *tcp, ciao_conn conn, struct ciao_endpoint *local,
                   struct ciao_endpoint *remote);
int tcp_user_info(const struct tcp *tcp, ciao_conn conn, struct ciao_info *info);
int tcp_user_get_settings(const struct tcp *tcp, ciao_conn conn, struct ciao_settings *settings);
int tcp_user_set_settings(struct tcp *tcp, ciao_conn conn, const struct ciao_settings *settings);
void tcp_user_counts(const struct tcp *tcp, struct ciao_counts *counts);
bool tcp_user_next_connection(const struct tcp *tcp, uint64_t *cursor, struct ciao_info *info);

#endif
