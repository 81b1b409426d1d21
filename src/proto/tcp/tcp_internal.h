/*
 * What TCP's files know of each other.  Each block names the file that defines it.
 */
#ifndef PROTO_TCP_TCP_INTERNAL_H
#define PROTO_TCP_TCP_INTERNAL_H

#include "base/assert.h"
#include "base/mem.h"
#include "base/seq.h"
#include "proto/tcp/tcp.h"
#include "wire/addr.h"
#include "wire/tcp.h"

/* A received segment on its way through the steps.  Trimming moves `seq`, `skip` and `data_len`. */
struct tcp_segment {
    struct tcp_header h;
    const struct ip_packet *packet;
    seq_t seq, ack;
    uint32_t wnd;      /* bytes: scaled already, where the connection scales */
    uint32_t len;      /* SEG.LEN: payload, SYN and FIN */
    uint32_t data_len; /* payload bytes that are still of interest */
    uint32_t skip;     /* payload bytes at the front that are not */
    uint16_t flags;    /* TCP_*; FIN taken off when it was trimmed away */
    uint16_t segments; /* wire segments it stands for, at least 1 */
    uint64_t hash;     /* of its four-tuple, as in the flow table */
};

/* What the program wants of the receive queue. */
struct tcp_read {
    void *data; /* NULL: thrown away */
    size_t len;
    uint32_t skip; /* pass over so many first; with peek alone */
    bool peek;
};

/* ---- lookups and small things: tcp_tables.c ---- */
struct tcp_tuple {
    struct ciao_addr local, remote;
    uint16_t local_port, remote_port;
};
static inline struct tcp_tuple tcp_segment_tuple(const struct tcp_segment *seg) /* from our side */
{
    return (struct tcp_tuple){seg->packet->dst, seg->packet->src, seg->h.dport, seg->h.sport};
}
static inline bool tcp_ref_is_tcb(ref_t ref)
{
    return ref_kind(ref) == KIND_TCB4 || ref_kind(ref) == KIND_TCB6;
}
struct tcp_head *tcp_head_at(const struct tcp *tcp, ref_t ref); /* any record of the flow table */
struct tcb *tcp_tcb_at(const struct tcp *tcp, ref_t ref);
ref_t tcp_tcb_ref(const struct tcp *tcp, const struct tcb *tcb);
/* Of a TCB that is about to be used ask for all lines that carry data, its side record's too, at
 * once: among many connections none of them is in the cache, and one after the other they would
 * take four times as long. */
#define TCP_CROWD 2048u /* fewer are in the cache anyway */
static inline bool tcp_has_many_tcbs(const struct tcp *tcp)
{
    return tcp->tcbs.used + tcp->tcbs6.used >= TCP_CROWD;
}
void tcp_prefetch_tcb(const struct tcp *tcp, ref_t ref);
static inline void tcp_prefetch(const struct tcp *tcp, ref_t ref)
{
    if (tcp_has_many_tcbs(tcp) && tcp_ref_is_tcb(ref))
        tcp_prefetch_tcb(tcp, ref);
}
/* Its flow's place in the table: the answer to what is sent now will be looked up there. */
static inline void tcp_prefetch_flow(const struct tcp *tcp, const struct tcb *tcb)
{
    if (flow_count(&tcp->flows) >= TCP_CROWD)
        flow_prefetch(&tcp->flows, tcb->flow_hash);
}
struct tcp_syn *tcp_syn_at(const struct tcp *tcp, ref_t ref);
struct tcp_wait *tcp_wait_at(const struct tcp *tcp, ref_t ref);
struct tcp_listener *tcp_listener_at(const struct tcp *tcp, ref_t ref);
ref_t tcp_listener_ref(const struct tcp *tcp, const struct tcp_listener *listener);
/* Zeroed; NULL: no room, and nobody whose room could be taken. */
struct tcb *tcp_tcb_new(struct tcp *tcp, bool v6);
void tcp_tcb_free(struct tcp *tcp,
                  struct tcb *tcb); /* flushes queues, leaves every list, gives the slot back */
const struct ciao_settings *tcp_settings(const struct tcp *tcp, uint16_t index);
uint16_t tcp_settings_take(struct tcp *tcp,
                           const struct ciao_settings *value); /* UINT16_MAX: no room */
void tcp_settings_ref(struct tcp *tcp, uint16_t index);
void tcp_settings_give(struct tcp *tcp, uint16_t index);
static inline const struct ciao_settings *tcp_tcb_settings(const struct tcp *tcp,
                                                           const struct tcb *tcb)
{
    return tcp_settings(tcp, tcb->settings);
}
static inline struct trace_context tcp_at(const struct tcb *tcb)
{
    return (struct trace_context){tcb->head.life, (enum ciao_state)tcb->head.state};
}
__attribute__((noinline, cold)) void tcp_note_write(struct tcp *tcp, const struct tcb *tcb,
                                                    enum ciao_reason reason, uint64_t a,
                                                    uint64_t b);
/* trace_reason() of a connection. */
static inline __attribute__((always_inline)) void tcp_note(struct tcp *tcp, const struct tcb *tcb,
                                                           enum ciao_reason reason, uint64_t a,
                                                           uint64_t b)
{
    tcp->trace->reasons[reason]++;
    if (__builtin_expect(trace_on(tcp->trace, trace_class_of(reason)), 0))
        tcp_note_write(tcp, tcb, reason, a, b);
}
static inline uint32_t tcp_now_ms(const struct tcp *tcp)
{
    return tcp->now_ms;
}

/* ---- four-tuples and the table of flows: tcp_flow.c ---- */
struct tcp_tuple tcp_tuple_of(const struct tcp_head *head, size_t record_bytes);
struct tcp_tuple tcp_tuple_at(const struct tcp_head *head, const struct tcp_addresses *addresses);
struct tcp_tuple tcp_tcb_tuple(const struct tcb *tcb);
struct tcp_tuple tcp_record_tuple(const struct tcp *tcp, ref_t ref);
/* Of a record of so many bytes: our address. */
static inline struct ciao_addr tcp_local_of(const struct tcp_head *head, size_t record_bytes)
{
    if (__builtin_expect(!head->v6, 1))
        return ip_addr_v4(BYTES_BE32(head->ends.laddr));
    struct ciao_addr local;
    __builtin_memcpy(local.b, (const uint8_t *)head + record_bytes, sizeof local.b);
    return local;
}
void tcp_head_set(struct tcp_head *head, size_t record_bytes, const struct tcp_tuple *tuple);
/* Of another record of the same ends, with the addresses behind it. */
void tcp_head_copy(struct tcp_head *head, size_t record_bytes, const struct tcp_head *from,
                   size_t from_bytes);
#define TCP_TUPLE_WORDS 5
unsigned tcp_tuple_words(const struct tcp_tuple *tuple, uint64_t words[TCP_TUPLE_WORDS]);
uint64_t tcp_flow_hash(const struct tcp *tcp, const struct tcp_tuple *tuple);
uint64_t tcp_flow_hash_of(const struct tcp *tcp, const struct tcp_head *head,
                          const struct tcp_addresses *addresses); /* of a record */
ref_t tcp_flow_find(const struct tcp *tcp, const struct tcp_tuple *tuple, uint64_t hash);
uint64_t tcp_packet_hash(const struct tcp *tcp, const struct tcp_segment *seg);
/* For a segment that is served now: its hash is remembered for what it finds. */
ref_t tcp_flow_arrives(struct tcp *tcp, const struct tcp_segment *seg);
/* The same where it probably is what stood there a moment ago. */
ref_t tcp_flow_arrives_at(struct tcp *tcp, const struct tcp_segment *seg, ref_t place);
bool tcp_flow_add(struct tcp *tcp, ref_t ref, uint64_t hash); /* false: the table is full */
/* One record takes the place of another one of the same tuple. */
void tcp_flow_succeed(struct tcp *tcp, ref_t from, ref_t to);
void tcp_flow_succeed_at(struct tcp *tcp, ref_t from, ref_t to, uint64_t hash); /* hash known */
/* The hash of a record that is served now; its lower half will do. */
void tcp_flow_remember(struct tcp *tcp, ref_t ref, uint64_t hash);
void tcp_flow_remove(struct tcp *tcp, ref_t ref);
void tcp_flow_remove_at(struct tcp *tcp, ref_t ref, uint64_t hash); /* with its hash known */
/* A TCB, which holds its port as well; false: the table is full. */
bool tcp_flow_enter(struct tcp *tcp, struct tcb *tcb, uint64_t hash,
                    const struct ciao_settings *settings);
void tcp_flow_entered(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings);
void tcp_flow_leave(struct tcp *tcp, struct tcb *tcb);

/* ---- what two hosts have in common: tcp_pair.c ---- */
/* The way to a host, from this address of ours or (NULL) from the best; errors as ip_path_to().
 * What *pair points to holds until the next one is looked for. */
CIAO_MUST_CHECK int tcp_pair_find(struct tcp *tcp, const struct ciao_addr *local,
                                  const struct ciao_addr *remote, const struct tcp_pair **pair);
/* NULL: it is not among those that are kept, or they don't hold any more. */
const struct tcp_pair *tcp_pair_kept(struct tcp *tcp, const struct ciao_addr *local,
                                     const struct ciao_addr *remote);
/* IP believes what came by that link from the remote one. */
void tcp_pair_believe(struct tcp *tcp, const struct tcp_pair *pair, uint8_t link);
/* The same of a host to which no way is known, for who has a way of his own. */
void tcp_pair_without_way(const struct tcp *tcp, const struct ciao_addr *local,
                          const struct ciao_addr *remote, struct tcp_pair *pair);
uint32_t tcp_pair_ts_offset(const struct tcp *tcp, const struct ciao_addr *local,
                            const struct ciao_addr *remote); /* RFC 7323 7.1 */
/* Lives that begin from now on are between ends that were judged by our present addresses: see
 * tcp_predict.c. */
static inline void tcp_judged(struct tcp *tcp)
{
    if (tcp->judgements == tcp->ip->judgements)
        return;
    tcp->judgements = tcp->ip->judgements;
    tcp->judged_life = tcp->next_life;
}
/* Were this record's ends judged, on this link, by our present addresses? */
static inline bool tcp_believes(const struct tcp *tcp, int link, const struct tcp_head *head)
{
    return head->link == link && head->life >= tcp->judged_life
           && tcp->judgements == tcp->ip->judgements;
}

/* ---- the one writer of states: tcp_state.c ---- */
void tcp_enter(struct tcp *tcp, struct tcp_head *head, enum ciao_arc_row row);
void tcp_take_over(struct tcp_head *head, uint64_t life, enum ciao_state state);
static inline bool tcp_state_is(const struct tcb *tcb, enum ciao_state state)
{
    return tcb->head.state == (uint8_t)state;
}
/* May the program still send; may data of the peer still come?  One table by state. */
bool tcp_state_sends(const struct tcb *tcb);    /* ESTABLISHED, CLOSE-WAIT */
bool tcp_state_receives(const struct tcb *tcb); /* ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2 */
bool tcp_state_synchronised(const struct tcb *tcb);

/* ---- a segment, and whose it is: tcp_input.c ---- */
/* What the steps ask of a header that was parsed into seg->h; the hash is the caller's. */
void tcp_segment_of(struct tcp_segment *seg, const struct ip_packet *packet);
void tcp_deliver(struct tcp *tcp, ref_t ref, struct tcp_segment *seg);

/* ---- the procedure of 3.10.7: tcp_arrive.c; opening and closing: tcp_handshake.c, tcp_teardown.c
 * ---- */
void tcp_drop(struct tcp *tcp, struct trace_context at, enum ciao_reason reason,
              const struct tcp_segment *seg);
struct ciao_event_segment tcp_event_of(const struct tcp_segment *seg); /* for the telling */
void tcp_challenge_ack(struct tcp *tcp,
                       struct tcb *tcb); /* an ACK that asks "was it you?" [RFC5961 3.2] */
bool tcp_challenge_allowed(struct tcp *tcp);
/* Cut off what lies outside the window, and the FIN with it. */
void tcp_trim(const struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *seg);
void tcp_text_and_fin(struct tcp *tcp, struct tcb *tcb,
                      struct tcp_segment *seg); /* sixth to eighth */
void tcp_synchronised_arrives(struct tcp *tcp, struct tcb *tcb,
                              struct tcp_segment *seg);                               /* 3.10.7.4 */
void tcp_closed_arrives(struct tcp *tcp, const struct tcp_segment *seg);              /* 3.10.7.1 */
void tcp_syn_sent_arrives(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg); /* 3.10.7.3 */
void tcp_handshake_timeout(struct tcp *tcp, struct tcb *tcb);
bool tcp_handshake_waited_enough(const struct ciao_settings *settings, unsigned repeats,
                                 uint32_t since_ms, bool answer);
struct tcp_said;
void tcp_handshake_acked(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings,
                         const struct tcp_said *said);
seq_t tcp_handshake_isn(const struct tcp *tcp, const struct tcp_isn *isn, uint16_t local_port,
                        uint16_t remote_port); /* RFC 6528 */
void tcp_born(struct tcp *tcp, uint64_t life, const struct tcp_tuple *tuple, bool passive);
void tcp_teardown_fin_wait_2_timeout(struct tcp *tcp, struct tcb *tcb);
void tcp_teardown_gone(struct tcp *tcp,
                       struct tcb *tcb); /* CLOSED: leave the tables, free what nobody holds */
int tcp_teardown_shutdown(struct tcp *tcp, struct tcb *tcb);
void tcp_teardown_close(struct tcp *tcp, struct tcb *tcb, struct ciao_event_report *report);
void tcp_teardown_abort(struct tcp *tcp, struct tcb *tcb, struct ciao_event_report *report);
void tcp_teardown_never_accepted(struct tcp *tcp, struct tcb *tcb);
void tcp_teardown_peer_rst(struct tcp *tcp, struct tcb *tcb);
void tcp_teardown_data_after_close(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg);
void tcp_teardown_no_sign_of_life(struct tcp *tcp, struct tcb *tcb);
void tcp_teardown_unreachable(struct tcp *tcp, struct tcb *tcb, enum ciao_error error);
bool tcp_teardown_sacrifice(struct tcp *tcp,
                            bool v6); /* no TCB is left: end one orphan; false: there is none */

bool tcp_teardown_make_room(struct tcp *tcp); /* no buffer is left: the same, of either family */

/* ---- listeners: tcp_listen.c, tcp_syn.c, tcp_cookie.c ---- */
struct tcp_listener *tcp_listen_find(const struct tcp *tcp, const struct tcp_tuple *tuple,
                                     uint64_t hash);
void tcp_listen_arrives(struct tcp *tcp, struct tcp_listener *listener, struct tcp_segment *seg,
                        const struct tcp_tuple *tuple,
                        seq_t iss_above); /* 3.10.7.2; iss_above 0: any */
void tcp_listen_syn_arrives(struct tcp *tcp, ref_t syn,
                            struct tcp_segment *seg); /* SYN-RECEIVED of a child */
void tcp_listen_syn_timeout(struct tcp *tcp, ref_t syn);
void tcp_listen_syn_end(struct tcp *tcp, ref_t syn, enum ciao_arc_row row);
void tcp_listen_queue(struct tcp *tcp, ref_t listener, struct tcb *tcb);
void tcp_syn_arrives(struct tcp *tcp, struct tcp_listener *listener, struct tcp_segment *seg,
                     const struct tcp_tuple *tuple, seq_t iss_above);
uint16_t tcp_syn_our_mss(const struct tcp *tcp, uint8_t link, bool v6,
                         const struct ciao_settings *settings);
bool tcp_cookie_send(struct tcp *tcp, struct tcp_listener *listener, const struct tcp_segment *seg,
                     const struct tcp_tuple *tuple, seq_t iss_above); /* false: no number fits */
bool tcp_cookie_arrives(struct tcp *tcp, struct tcp_listener *listener, struct tcp_segment *seg,
                        const struct tcp_tuple *tuple);
void tcp_listen_close(struct tcp *tcp, struct tcp_listener *listener);

/* ---- who holds which local port: tcp_binding.c ---- */
void tcp_binding_prefetch(const struct tcp *tcp, uint32_t laddr, uint16_t port);
/* May a flow of this port be a listener's?  (Those that are half open are not counted.) */
bool tcp_binding_has_children(const struct tcp *tcp, uint16_t port);
/* A record of so many bytes without its addresses; `how`: TCP_BINDING_REUSE, TCP_BINDING_CHILD. */
void tcp_binding_connected(struct tcp *tcp, struct tcp_head *head, size_t record_bytes,
                           unsigned how);
void tcp_binding_waits(struct tcp *tcp, struct tcp_head *from, struct tcp_head *to,
                       size_t record_bytes); /* of `to`, which has its ends already */
void tcp_binding_gone(struct tcp *tcp, struct tcp_head *head, size_t record_bytes);

/* ---- handles: tcp_user.c ---- */
struct tcb *tcp_user_tcb(const struct tcp *tcp,
                         ciao_conn conn); /* NULL: no such handle, or a listener's */
struct tcp_listener *tcp_user_listener(const struct tcp *tcp, ciao_conn conn);

/* ---- urgent data: tcp_urgent.c ---- */
void tcp_urgent_sent(struct tcp *tcp, struct tcb *tcb);       /* the last byte queued is urgent */
void tcp_urgent_point(struct tcb *tcb, struct tcp_header *h); /* with URGENT_SEND */
void tcp_urgent_arrives(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg);
static inline bool tcp_urgent_is_awaited(const struct tcb *tcb)
{
    return (tcb->urgent & (URGENT_MARK | URGENT_ARRIVED)) == URGENT_MARK;
}
bool tcp_urgent_is_ready(const struct tcb *tcb);
int64_t tcp_urgent_take(struct tcp *tcp, struct tcb *tcb, void *data, bool peek);
int64_t tcp_urgent_read(struct tcp *tcp, struct tcb *tcb,
                        const struct tcp_read *read); /* with URGENT_MARK */
uint32_t tcp_urgent_readable(const struct tcp *tcp, const struct tcb *tcb);
uint32_t tcp_urgent_hidden(const struct tcp *tcp, const struct tcb *tcb);

/* ---- explicit congestion notification: tcp_ecn.c ---- */
struct tcp_piece;
bool tcp_ecn_agrees(const struct ciao_settings *settings, const struct tcp_segment *seg);
uint16_t tcp_ecn_syn(const struct tcp *tcp, struct tcb *tcb, bool again);
void tcp_ecn_answered(const struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg);
void tcp_ecn_data_arrived(struct tcp *tcp, struct tcb *tcb,
                          const struct tcp_segment *seg); /* with ECN_OK */
static inline void tcp_ecn_cut(struct tcb *tcb) /* cwnd was reduced: the peer is to know */
{
    if (tcb->ecn & ECN_OK)
        tcb->ecn |= ECN_CUT;
}
uint8_t tcp_ecn_mark(struct tcb *tcb, const struct tcp_piece *piece,
                     struct tcp_header *h); /* with ECN_OK; bits for IP's header */

/* Windows, cwnd, RTT set up on ESTABLISHED; the settings are the connection's, here as above. */
void tcp_handshake_done(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings);
bool tcp_teardown_our_fin_acked(struct tcp *tcp,
                                struct tcb *tcb); /* false: the TCB is gone or done with */
void tcp_teardown_peer_fin(struct tcp *tcp, struct tcb *tcb);
/* The connection ends abnormally: error for the program, state by `row`, flushed; a RST leaves
 * where rst is given (CIAO_REASON_NONE: none).  The TCB may be freed by this: do not touch it
 * afterwards. */
struct tcp_end {
    enum ciao_arc_row row;
    enum ciao_error error;
    enum ciao_reason rst;
};
void tcp_teardown_end(struct tcp *tcp, struct tcb *tcb, struct tcp_end end);
void tcp_teardown_give_up(struct tcp *tcp, struct tcb *tcb); /* R2 has passed: by state */

/* ---- timers: tcp_timer.c.  One node a connection, for its earliest deadline, moved lazily. ----
 */
enum tcp_timer { TCP_TIMER_REXMT, TCP_TIMER_ACK, TCP_TIMER_OTHER, TCP_TIMER_KEEPALIVE };
/* Where its deadline stands, in ms; 0: it is not set. */
static inline uint32_t *tcp_timer_field(struct tcb *tcb, enum tcp_timer which)
{
    switch (which) {
    case TCP_TIMER_REXMT: return &tcb->rexmt_at;
    case TCP_TIMER_ACK: return &tcb->ack_at;
    case TCP_TIMER_KEEPALIVE: return &tcb->keep_at;
    case TCP_TIMER_OTHER: break;
    }
    return &tcb->other_at;
}
/* The node is not armed, or runs out later than that. */
__attribute__((noinline)) void tcp_timer_nearer(struct tcp *tcp, struct tcb *tcb, uint64_t tick);
__attribute__((always_inline)) static inline void tcp_timer_set(struct tcp *tcp, struct tcb *tcb,
                                                                enum tcp_timer which, time_us at)
{
    uint64_t tick = wheel_tick(at);
    uint32_t ms = (uint32_t)tick;
    ms += ms == 0;
    *tcp_timer_field(tcb, which) = ms;
    if (!wheel_node_armed(&tcb->timer) || (int32_t)(tcb->timer.tick - ms) > 0)
        tcp_timer_nearer(tcp, tcb, tick);
}
void tcp_timer_take_off(struct tcp *tcp, struct tcb *tcb); /* before REXMT is stopped */
/* Lazily: the node stays where it is. */
static inline void tcp_timer_stop(struct tcb *tcb, enum tcp_timer which)
{
    *tcp_timer_field(tcb, which) = 0;
}
static inline bool tcp_timer_is_set(struct tcb *tcb, enum tcp_timer which)
{
    return *tcp_timer_field(tcb, which) != 0;
}

/* ---- keep-alive: tcp_keepalive.c ---- */
struct tcp_piece;
void tcp_keepalive_start(struct tcp *tcp, struct tcb *tcb); /* or anew, or not any more */
void tcp_keepalive_timeout(struct tcp *tcp, struct tcb *tcb);
struct tcp_piece tcp_keepalive_piece(struct tcb *tcb); /* with TCB_KEEPALIVE */

/* ---- readiness and output lists: tcp_lists.c ---- */
void tcp_output_wanted(struct tcp *tcp, struct tcb *tcb); /* put it into its link's list, once */
void tcp_output_forget(struct tcp *tcp, struct tcb *tcb);
void tcp_tell(struct tcp *tcp, struct tcb *tcb);
/* Readiness may have changed: list it when it has.  Nobody is told of a connection that nobody
 * holds. */
static inline void tcp_told(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->flags & TCB_HAS_HANDLE)
        tcp_tell(tcp, tcb);
}
void tcp_told_again(struct tcp *tcp, struct tcb *tcb, unsigned ready);
void tcp_told_data_anew(struct tcp *tcp, struct tcb *tcb);
/* Bytes have come.  To whom that was told already, and who wants to hear of each, it is told by a
 * mark. */
static inline void tcp_told_data(struct tcp *tcp, struct tcb *tcb)
{
    const uint32_t told = TCB_HAS_HANDLE | TCB_USER_LISTED;
    const uint32_t over = TCB_FIN_RECEIVED | TCB_SHUT_RD;
    if ((tcb->flags & (told | over)) != told || tcb->urgent != 0
        || tcp_tcb_settings(tcp, tcb)->rcvlowat_bytes > 1) {
        tcp_told_data_anew(tcp, tcb);
        return;
    }
    tcb->told_ready |= CIAO_READABLE;
    tcb->news |= CIAO_READABLE;
}
void tcp_told_list(struct tcp *tcp, ref_t ref);
void tcp_told_forget(struct tcp *tcp, ref_t ref);
void tcp_told_forget_tcb(struct tcp *tcp, struct tcb *tcb);           /* with TCB_USER_LISTED */
unsigned tcp_tcb_ready(const struct tcp *tcp, const struct tcb *tcb); /* tcp_user.c */

/* ---- segments that leave: tcp_segment.c ---- */
struct tcp_piece { /* what a segment is to be */
    seq_t seq;
    uint32_t data_len; /* from the send queue, at seq */
    uint16_t flags;
    uint32_t gso_size; /* 0: one wire segment */
    bool again, probe;
};
/* Build it into the frame: options by flags and connection, window, checksum, IP header, event
 * SENT.  ACK, window and timestamp state are updated (an ACK of any kind settles what was owed).
 * False: it is waiting for the neighbour or was dropped there: it counts as sent, but there is no
 * frame. */
bool tcp_segment_emit(struct tcp *tcp, struct tcb *tcb, const struct tcp_piece *piece,
                      struct ciao_frame *frame);
/* A reset or ACK outside any queue, through the outbox. */
void tcp_reply_rst(struct tcp *tcp, const struct tcp_segment *seg, enum ciao_reason reason,
                   uint64_t life,
                   enum ciao_state state); /* <SEQ=SEG.ACK> or <SEQ=0><ACK=...>, 3.10.7.1 */
void tcp_reply_tcb_rst(struct tcp *tcp, struct tcb *tcb,
                       enum ciao_reason reason); /* <SEQ=SND.NXT><RST,ACK> */
struct tcp_bare {                                /* a segment of a record that has no TCB */
    struct tcp_tuple tuple;
    struct trace_context at;
    struct tcp_header h;
    uint16_t route;
    uint8_t link, ttl, tos, wscale;
};
void tcp_reply_bare(struct tcp *tcp, const struct tcp_bare *bare, bool again);
uint32_t tcp_ts_now(const struct tcp *tcp,
                    uint32_t offset); /* the timestamp clock, 1 ms a tick [RFC7323 5.4] */

/* ---- what leaves next: tcp_output.c.  SYN and SYN,ACK: tcp_handshake.c ---- */
enum tcp_sent {
    TCP_SENT_NOTHING,
    TCP_SENT_FRAME,
    TCP_SENT_ELSEWHERE /* sent, but no frame was used */
};
bool tcp_output_more(const struct tcp *tcp, const struct tcb *tcb); /* is it worth asking again? */
enum tcp_sent tcp_output_next(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame);
enum tcp_sent tcp_handshake_output(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame);

/* ---- side and queue records: tcp_queue.c ---- */
#define TCP_QUEUES_KEPT 256u
/* Where it is follows from the TCB's place alone; it is in use with tcb->has_side. */
static inline struct tcp_side *tcp_side_of(const struct tcp *tcp, const struct tcb *tcb, bool v6)
{
    const uint8_t *at = (const uint8_t *)tcb;
    if (v6)
        return &tcp->sides6[(size_t)(at - tcp->tcbs6.base) / sizeof(struct tcb6)];
    return &tcp->sides[(size_t)(at - tcp->tcbs.base) / sizeof(struct tcb)];
}
static inline struct tcp_side *tcp_side(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_side_of(tcp, tcb, tcb->head.v6);
}
/* With tcb->queue 0 it is one that is empty, and is not to be written. */
static inline struct tcp_queue *tcp_queue(const struct tcp *tcp, const struct tcb *tcb)
{
    return (struct tcp_queue *)(void *)tcp->queues.base + tcb->queue;
}
/* Both, before bytes are queued or counted; false: no room. */
bool tcp_queue_take(struct tcp *tcp, struct tcb *tcb);
static inline bool tcp_queue_attach(struct tcp *tcp, struct tcb *tcb)
{
    return tcb->queue != 0 || tcp_queue_take(tcp, tcb);
}
void tcp_queue_settle(struct tcp *tcp, struct tcb *tcb); /* give it back, if it is empty */
/* A part of it was emptied.  Whoever holds its address does not any more. */
static inline void tcp_queue_emptied(struct tcp *tcp, struct tcb *tcb)
{
    if (tcp->queues.used > tcp->queues_kept)
        tcp_queue_settle(tcp, tcb);
}
void tcp_side_detach(struct tcp *tcp, struct tcb *tcb); /* both */

/* ---- the send queue: tcp_sendq.c, tcp_range.c ---- */
static inline struct tcp_rack *tcp_rack(const struct tcp *tcp, const struct tcp_side *side)
{
    return (struct tcp_rack *)pool_at(&tcp->racks, side->rack); /* side->rack != 0 */
}
/* The usual call: bytes and nothing else, for which there is room.  How many were taken, or
 * -CIAO_ENOMEM; 0: it is not usual, and nothing is done.  tcp_stream.c */
int64_t tcp_stream_write(struct tcp *tcp, struct tcb *tcb, const void *data, size_t len);
int64_t tcp_sendq_write(struct tcp *tcp, struct tcb *tcb, const void *data,
                        size_t len); /* bytes taken, -CIAO_E* */
uint32_t tcp_sendq_room(const struct tcp *tcp, const struct tcb *tcb);
/* Is there room enough to be worth a call, and is not too much unsent? */
bool tcp_sendq_writable(const struct tcp *tcp, const struct tcb *tcb);
/* So many bytes were taken, all in one call with these flags (CIAO_SEND_*). */
void tcp_burst_written(struct tcp *tcp, struct tcb *tcb, uint32_t taken, unsigned flags);
void tcp_sendq_free_to(struct tcp *tcp, struct tcb *tcb,
                       seq_t una); /* acknowledged: give buffers back */
/* References (taken) to [seq, seq+len) as frame fragments; returns how many bytes fitted into the
 * fragments. */
uint32_t tcp_sendq_slice(struct tcp *tcp, struct tcb *tcb, seq_t seq, uint32_t len,
                         struct ciao_frame *frame);
void tcp_sendq_flush(struct tcp *tcp, struct tcb *tcb);
uint32_t tcp_unsent_bytes(const struct tcp *tcp, const struct tcb *tcb);
uint32_t tcp_unacked_bytes(const struct tcp *tcp, const struct tcb *tcb);

/* ---- what the peer acknowledges: tcp_ack.c and the three parts ---- */
/* Step five for a synchronised connection, ACK already known acceptable (una <= ack <= nxt): frees
 * what arrived, measures, window update, SACK, loss detection, congestion; restarts timers.  The
 * FIN's acknowledgement is told by the return value; the arcs are the caller's.  True: our FIN is
 * (now or already) acknowledged. */
bool tcp_ack_arrived(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg);
void tcp_ack_window_update(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg);
struct tcp_news { /* what a segment that begins at RCV.NXT says of our side */
    seq_t ack;
    uint32_t wnd, ts_ecr; /* bytes, scaled already; the time that it echoes, with TCB_TS */
};
struct tcp_said { /* the same of a segment that says nothing else, of SEG.SEQ and SEG.LEN */
    struct tcp_news news;
    seq_t seq;
    uint32_t len;
};
/* The same as tcp_ack_arrived() where no byte was ever queued, sent or received, and nothing old is
 * acknowledged. */
bool tcp_ack_alone(struct tcp *tcp, struct tcb *tcb, const struct tcp_said *said);
/* What is rarer of an ACK that tcp_predict.c has found to hold no surprise: tcp_ack_usual.h. */
void tcp_ack_part(struct tcp *tcp, struct tcb *tcb, const struct tcp_news *news);
bool tcp_fin_acked(const struct tcb *tcb); /* TCB_FIN_SENT and una past snd_end */
void tcp_rtt_measured(struct tcp *tcp, struct tcb *tcb, uint32_t rtt_us); /* RFC 6298 2 */
/* When the handshake is done: with a measurement, or without one. */
void tcp_rtt_begin(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings,
                   uint32_t rtt_us);
void tcp_rtt_init(struct tcp *tcp, struct tcb *tcb);
void tcp_timeout_retransmit(struct tcp *tcp,
                            struct tcb *tcb); /* REXMT ran out, data or FIN outstanding */
void tcp_timeout_persist(struct tcp *tcp, struct tcb *tcb);
void tcp_congestion_init(struct tcp *tcp,
                         struct tcb *tcb); /* at ESTABLISHED, or when the side is attached */

/* ---- bytes that arrive: tcp_receive.c, tcp_run.c, tcp_read.c, tcp_window.c ---- */
/* Step seven: seg was trimmed to the window.  Takes in-order bytes, holds the others, decides on
 * the ACK. */
void tcp_data_arrived(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg);
/* Take bytes (len is not 0) out of a queue that has some; returns how many. */
size_t tcp_receive_take(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue, uint8_t *out,
                        size_t len);
int64_t tcp_receive_read(struct tcp *tcp, struct tcb *tcb, const struct tcp_read *read);
void tcp_receive_skip(struct tcp *tcp, struct tcb *tcb, uint32_t len); /* unread for certain */
bool tcp_receive_peek(const struct tcp_segment *seg, seq_t at,
                      uint8_t *byte); /* false: not in it */
void tcp_receive_twice(struct tcp *tcp, struct tcb *tcb, seq_t start, seq_t end); /* again */
void tcp_receive_flush(struct tcp *tcp, struct tcb *tcb);
uint32_t tcp_unread_bytes(const struct tcp *tcp, const struct tcb *tcb);
/* The window to offer now, in bytes, by receiver's SWS avoidance; never left of rcv.edge.
 * [RFC9293 3.8.6.2.2] */
uint32_t tcp_window_offer(struct tcp *tcp, struct tcb *tcb);
uint8_t tcp_window_scale(const struct ciao_settings *settings); /* the shift to announce */
uint32_t tcp_window_initial(
    const struct ciao_settings *settings); /* what SYN and SYN,ACK offer, <= 65535 */
void tcp_ack_now(struct tcp *tcp, struct tcb *tcb);
void tcp_ack_quickly(struct tcp *tcp, struct tcb *tcb); /* AS LINUX: TCP_QUICKACK */
void tcp_timeout_ack(struct tcp *tcp, struct tcb *tcb);
void tcp_window_read(struct tcp *tcp, struct tcb *tcb); /* the program has read */
/* SACK blocks for an outgoing ACK, first the newest [RFC2018 4]; returns how many (at most max). */
unsigned tcp_receive_sack_blocks(const struct tcp *tcp, const struct tcb *tcb, struct tcp_header *h,
                                 unsigned max);

#endif
