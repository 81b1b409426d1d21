/*
 * TIME-WAIT: the one who closed first stays a while.  [RFC9293 3.6.1, 3.10.7.4; RFC6191; RFC1337]
 *
 * For 2 MSL a small record answers for the connection, for two reasons.  Our last ACK may be lost:
 * then the peer sends its FIN again, and somebody must acknowledge it.  And old segments may still
 * wander about: until they have died, no new connection on the same four-tuple may mistake one of
 * them for its own.
 *
 * A repeated FIN lies left of the window; so the restart of 2 MSL stands with the sequence check
 * here, not in an eighth step.  A new SYN ends the wait when it is provably new: a later timestamp,
 * or a higher number.
 */
#include "base/flat.h"
#include "proto/tcp/tcp_control.h"
#include "proto/tcp/tcp_headers.h"
#include "proto/tcp/tcp_wait.h"

static struct trace_context at(const struct tcp_wait *wait)
{
    return (struct trace_context){wait->head.life, CIAO_TIME_WAIT};
}

/* ---- coming in ---- */

/* At the budget the record that has waited longest makes room.  Where all have waits of their own a
 * hand goes round, and slots are filled in order. */
static __attribute__((noinline, cold)) void recycle_one(struct tcp *tcp, bool v6)
{
    const struct pool *pool = v6 ? &tcp->waits6 : &tcp->waits;
    ref_t oldest = tcp_wait_oldest(tcp, v6);
    if (oldest == REF_NONE) {
        do
            tcp->wait_hand = tcp->wait_hand >= pool->high ? 1 : tcp->wait_hand + 1;
        while (!pool_is_out(pool, tcp->wait_hand));
        oldest = ref_make(v6 ? KIND_TW6 : KIND_TW4, tcp->wait_hand);
    }
    tcp_wait_end(tcp, oldest, CIAO_ARC_TIME_WAIT_CLOSED_TIME_WAIT_RECYCLED);
}

static inline ref_t take_record(struct tcp *tcp, bool v6)
{
    struct pool *pool = v6 ? &tcp->waits6 : &tcp->waits;
    if (__builtin_expect(pool->used == pool->capacity, 0))
        recycle_one(tcp, v6);
    return ref_make(v6 ? KIND_TW6 : KIND_TW4, pool_take(pool));
}

/* Of at most 31 bits. */
static unsigned bits_of(uint32_t value)
{
    return 31 - (unsigned)__builtin_clz(value * 2 + 1);
}

/* Its head, with life and state, it takes over as it is. */
static inline void fill(const struct tcp *tcp, struct tcp_wait *wait, const struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    *wait = (struct tcp_wait){
        .head = tcb->head,
        .timer = {0},
        .destination = tcb->destination,
        .snd_nxt = tcb->snd.nxt,
        .rcv_nxt = tcb->rcv.nxt,
        .ts_recent = tcb->ts_recent,
        .rcv_wnd = tcb->rcv.edge - tcb->rcv.nxt,
        .hash_or_msl = 0,
        .tcb = REF_NONE,
        .has_ts = (tcb->flags & TCB_TS) != 0,
        .rcv_wscale = tcb->rcv_wscale & 15u,
        .rst_ends = (settings->more & CIAO_RST_ENDS_TIME_WAIT) != 0,
        .passive = (tcb->flags & TCB_PASSIVE) != 0,
        .queued = 0,
        .max_wnd_bits = (uint8_t)bits_of(tcb->snd.max_wnd),
        .route = tcb->route,
    };
}

static __attribute__((noinline)) void send_unusual_ack(struct tcp *tcp, const struct tcp_wait *wait,
                                                       uint32_t ts_offset)
{
    struct tcp_control control = {
        .head = &wait->head,
        .addresses = &((const struct tcp_wait6 *)(const void *)wait)->addresses,
        .h = {.seq = wait->snd_nxt, .ack = wait->rcv_nxt, .flags = TCP_ACK},
        .ttl = tcp->config->tcp.ttl,
    };
    control.h.wnd = (uint16_t)(wait->rcv_wnd >> wait->rcv_wscale);
    if (wait->has_ts) {
        control.h.opt.has_ts = true;
        control.h.opt.ts_val = tcp_ts_now(tcp, ts_offset);
        control.h.opt.ts_ecr = wait->ts_recent;
    }
    tcp_control_reply(tcp, &control, wait->route, wait->rcv_wscale, false);
}

/* `ts_offset` is that of the connection's two hosts. */
static void send_ack(struct tcp *tcp, const struct tcp_wait *wait, uint32_t ts_offset)
{
    if (!tcp_control_wait_ack(tcp, wait, ts_offset))
        send_unusual_ack(tcp, wait, ts_offset);
}

/* Long afterwards nobody but the two addresses knows it. */
static void send_ack_later(struct tcp *tcp, ref_t ref)
{
    struct tcp_tuple tuple = tcp_record_tuple(tcp, ref);
    send_ack(tcp, tcp_wait_at(tcp, ref), tcp_pair_ts_offset(tcp, &tuple.local, &tuple.remote));
}

static uint32_t wait_of(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->settings == 0 ? tcp->msl_ms : tcp_wait_ms_of(tcp_tcb_settings(tcp, tcb));
}

/* The program still holds its handle, or is to have it: the TCB stays beside the record. */
static __attribute__((noinline)) void stay_beside(struct tcp *tcp, struct tcb *tcb, ref_t ref)
{
    tcp_wait_at(tcp, ref)->tcb = tcp_tcb_ref(tcp, tcb);
    tcb->wait = ref;
    tcb->told_ready &= (uint8_t)~CIAO_READABLE; /* end of stream is news */
    tcp_teardown_gone(tcp, tcb);
}

/* `v6` is known where this is compiled: each family has its own. */
static inline __attribute__((always_inline)) void enter(struct tcp *tcp, struct tcb *tcb, bool v6)
{
    ref_t ref = take_record(tcp, v6);
    struct tcp_wait *wait = tcp_wait_of(tcp, ref, v6);
    const bool owes_ack = (tcb->flags & (TCB_ACK_NOW | TCB_ACK_DELAYED)) != 0;
    const uint32_t ts_offset = tcb->ts_offset;
    const struct tcp_wait_term term = {wait_of(tcp, tcb), tcb->flow_hash};
    fill(tcp, wait, tcb);
    if (v6)
        ((struct tcp_wait6 *)(void *)wait)->addresses = *tcp_tcb_addresses(tcb);
    tcp_flow_succeed_at(tcp, tcp_tcb_ref(tcp, tcb), ref, term.hash);
    tcp_binding_waits(tcp, &tcb->head, &wait->head, sizeof *wait);
    tcb->flags &= ~(TCB_IN_FLOW | TCB_ACK_NOW | TCB_ACK_DELAYED);
    tcp_note(tcp, tcb, CIAO_DID_TIME_WAIT_RECORD, (uint64_t)term.msl_ms * 2, 0);
    tcp_wait_begin(tcp, ref, wait, &term);
    if (tcb->flags & (TCB_HAS_HANDLE | TCB_IN_ACCEPT))
        stay_beside(tcp, tcb, ref);
    else
        tcp_tcb_free(tcp, tcb);
    if (owes_ack)
        send_ack(tcp, wait, ts_offset);
    if (term.msl_ms == 0)
        tcp_wait_over(tcp, ref);
}

/* [RFC9293 3.6.1 MUST-13]  The TCB has made its last arc; from here on the record answers for it.
 */
void tcp_wait_enter(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->head.v6)
        enter(tcp, tcb, true);
    else
        enter(tcp, tcb, false);
}

/* ---- going out ---- */

/* The program holds its handle, or did. */
static __attribute__((noinline)) void tcb_is_left(struct tcp *tcp, struct tcb *tcb)
{
    tcp_take_over(&tcb->head, tcb->head.life, CIAO_CLOSED);
    tcb->wait = REF_NONE;
    if (!(tcb->flags & (TCB_HAS_HANDLE | TCB_IN_ACCEPT)))
        tcp_tcb_free(tcp, tcb);
}

/* `v6` is known where this is compiled, and the row of the usual end. */
static inline __attribute__((always_inline)) void end(struct tcp *tcp, ref_t ref,
                                                      enum ciao_arc_row row, bool v6)
{
    struct tcp_wait *wait = tcp_wait_of(tcp, ref, v6);
    ref_t tcb_ref = wait->tcb;
    if (wait->queued)
        tcp_flow_remove_at(tcp, ref, wait->hash_or_msl);
    else
        tcp_flow_remove(tcp, ref);
    tcp_binding_gone(tcp, &wait->head, sizeof *wait);
    tcp_enter(tcp, &wait->head, row);
    tcp_wait_stop(tcp, wait);
    if (!wait->passive) /* a listener's child took none */
        tcp_port_give_at(&tcp->ports, wait->destination, tcp_lport(&wait->head));
    wait->head.life = 0;
    pool_give_slot(v6 ? &tcp->waits6 : &tcp->waits, ref_index(ref), wait);
    if (tcb_ref != REF_NONE)
        tcb_is_left(tcp, tcp_tcb_at(tcp, tcb_ref));
}

void tcp_wait_end(struct tcp *tcp, ref_t ref, enum ciao_arc_row row)
{
    end(tcp, ref, row, ref_kind(ref) == KIND_TW6);
}

/* [RFC9293 3.10.8 EV-56] */
FLAT void tcp_wait_over(struct tcp *tcp, ref_t ref)
{
    trace_reason(tcp->trace, at(tcp_wait_at(tcp, ref)), CIAO_TIMER_TIME_WAIT, 0, 0);
    if (ref_kind(ref) == KIND_TW6)
        end(tcp, ref, CIAO_ARC_TIME_WAIT_CLOSED_TWO_MSL_PASSED, true);
    else
        end(tcp, ref, CIAO_ARC_TIME_WAIT_CLOSED_TWO_MSL_PASSED, false);
}

/* ---- what arrives meanwhile ---- */

/* Provably newer than all of the old connection? [RFC6191 2 6191-1, 6191-2; RFC9293 3.6.1 MAY-2,
 * SHLD-4; RFC1122 4.2.2.13 1122-1] */
static bool is_new_opening(const struct tcp_wait *wait, const struct tcp_segment *seg)
{
    if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
        return false;
    if (!wait->has_ts)
        return seg->h.opt.has_ts || seq_gt(seg->seq, wait->rcv_nxt);
    if (!seg->h.opt.has_ts)
        return seq_gt(seg->seq, wait->rcv_nxt);
    return seq_gt(seg->h.opt.ts_val, wait->ts_recent)
           || (seg->h.opt.ts_val == wait->ts_recent && seq_gt(seg->seq, wait->rcv_nxt));
}

/* The old life ends, a new one begins with a listener, its numbers above all the old ones. */
static bool begins_anew(struct tcp *tcp, ref_t ref, struct tcp_segment *seg,
                        const struct tcp_tuple *tuple)
{
    const struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    if (!is_new_opening(wait, seg))
        return false;
    struct tcp_listener *listener = tcp_listen_find(tcp, tuple, seg->hash);
    if (listener == NULL)
        return false;
    seq_t above = wait->snd_nxt | 1; /* 0 would mean "any" */
    tcp_wait_end(tcp, ref, CIAO_ARC_TIME_WAIT_CLOSED_REINCARNATED);
    tcp_listen_arrives(tcp, listener, seg, tuple, above);
    return true;
}

static bool is_stray(const struct tcp_wait *wait, const struct tcp_segment *seg)
{
    return wait->has_ts && seg->h.opt.has_ts && seq_lt(seg->h.opt.ts_val, wait->ts_recent);
}

/* The four cases of the table in 3.10.7.4. */
static bool is_acceptable(const struct tcp_wait *wait, const struct tcp_segment *seg)
{
    if (seg->len == 0 && wait->rcv_wnd == 0)
        return seg->seq == wait->rcv_nxt;
    return seq_in_window(seg->seq, wait->rcv_nxt, wait->rcv_wnd)
           || (seg->len != 0
               && seq_in_window(seg->seq + seg->len - 1, wait->rcv_nxt, wait->rcv_wnd));
}

/* [RFC5961 5.2 5961-5] */
static bool ack_can_be(const struct tcp_wait *wait, const struct tcp_segment *seg)
{
    uint32_t max_wnd = ((uint32_t)1 << wait->max_wnd_bits) - 1;
    return !seq_gt(seg->ack, wait->snd_nxt) && !seq_lt(seg->ack, wait->snd_nxt - max_wnd);
}

static void ask_back(struct tcp *tcp, ref_t ref)
{
    if (tcp_challenge_allowed(tcp))
        send_ack_later(tcp, ref);
}

/* [RFC9293 3.10.7.4 second EV-20, EV-21, EV-22; RFC5961 3.2 5961-3; RFC1337 2, 3 1337-1,
 * 1337-2] */
static void rst_arrives(struct tcp *tcp, ref_t ref, const struct tcp_segment *seg)
{
    const struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    bool exact = seg->seq == wait->rcv_nxt;
    if (wait->rst_ends && exact) {
        tcp_wait_end(tcp, ref, CIAO_ARC_TIME_WAIT_CLOSED_RESET_AT_THE_END);
        return;
    }
    tcp_drop(tcp, at(wait), CIAO_DROP_TIME_WAIT_RST, seg);
    if (!exact && is_acceptable(wait, seg))
        ask_back(tcp, ref);
}

/* The peer's own FIN lies left of the window.  One that lies in it can't be, and is answered in the
 * same way. */
static bool is_fin_again(const struct tcp_wait *wait, const struct tcp_segment *seg)
{
    if ((seg->flags & (TCP_FIN | TCP_SYN)) != TCP_FIN || is_stray(wait, seg))
        return false;
    if (seg->seq + seg->len == wait->rcv_nxt)
        return true;
    return (seg->flags & TCP_ACK) && is_acceptable(wait, seg) && ack_can_be(wait, seg);
}

static void restart(struct tcp *tcp, ref_t ref)
{
    const struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    trace_reason(tcp->trace, at(wait), CIAO_DID_TIME_WAIT_RESTARTED,
                 (uint64_t)tcp_wait_msl_ms(tcp, wait) * 2, 0);
    tcp_wait_anew(tcp, ref);
    send_ack_later(tcp, ref);
}

/* An ACK in its place asks nothing, and what has no ACK is dropped [EV-25]; all else is answered
 * with what we know. */
static bool asks(const struct tcp_wait *wait, const struct tcp_segment *seg)
{
    if ((seg->flags & TCP_SYN) || is_stray(wait, seg) || !is_acceptable(wait, seg))
        return true;
    if (!(seg->flags & TCP_ACK))
        return false;
    return seg->len != 0 || seg->seq != wait->rcv_nxt || !ack_can_be(wait, seg);
}

/* [RFC9293 3.10.7.4 first, fifth, eighth EV-34, EV-37] */
void tcp_wait_arrives(struct tcp *tcp, ref_t ref, struct tcp_segment *seg,
                      const struct tcp_tuple *tuple)
{
    const struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    if (seg->flags & TCP_RST) {
        rst_arrives(tcp, ref, seg);
        return;
    }
    if (begins_anew(tcp, ref, seg, tuple))
        return;
    if (is_fin_again(wait, seg)) {
        restart(tcp, ref);
        return;
    }
    tcp_drop(tcp, at(wait),
             seg->flags & TCP_SYN ? CIAO_DROP_TIME_WAIT_OLD_SYN : CIAO_DROP_TIME_WAIT_SEGMENT, seg);
    if (asks(wait, seg))
        ask_back(tcp, ref);
}
