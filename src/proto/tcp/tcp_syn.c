/*
 * Hello, heard: SYN-RECEIVED of a listener's child.  [RFC9293 3.10.7.2 third, 3.10.7.4; RFC4987
 * 3.4 4987-2]
 *
 *        the peer                               we
 *   1.   SYN-SENT     -- SYN ---------------->  LISTEN: a small record is made (SYN-RECEIVED)
 *   2.   SYN-SENT     <-- SYN,ACK ------------  the record, and its timer
 *   3.   ESTABLISHED  -- ACK ---------------->  the record grows up to a TCB and waits to be
 * accepted
 *
 * Whoever sends a SYN has proved nothing yet, so it costs us 72 bytes and no buffer; data in it is
 * not kept (the peer sends it again), data in the third segment is delivered.  "Returns to LISTEN"
 * means here that the child goes: the listener never moved.  When the queue of half-open ones is
 * full, SYN cookies (tcp_cookie.c) need no record at all.
 */
#include "base/flat.h"
#include "proto/tcp/tcp_control.h"
#include "proto/tcp/tcp_syn.h"
#include "wire/addr.h"

static const struct ciao_settings *settings_of(const struct tcp *tcp, const struct tcp_syn *syn)
{
    return tcp_settings(tcp, syn->settings);
}

static struct trace_context at(const struct tcp_syn *syn)
{
    return (struct trace_context){syn->head.life, (enum ciao_state)syn->head.state};
}

/* ---- second segment: SYN,ACK ---- */

/* What we announce, always: what the link carries, or less if the program says so. [RFC9293 3.7.1
 * MUST-14, MUST-67, SHLD-5, MAY-3] */
uint16_t tcp_syn_our_mss(const struct tcp *tcp, uint8_t link, bool v6,
                         const struct ciao_settings *settings)
{
    uint32_t mss = ip_link(tcp->ip, link)->mtu - (v6 ? 60u : 40u);
    return (uint16_t)(settings->mss != 0 && settings->mss < mss ? settings->mss : mss);
}

static const struct tcp_addresses *addresses_of(const struct tcp_syn *syn)
{
    return &((const struct tcp_syn6 *)(const void *)syn)->addresses;
}

static void put_timestamps(const struct tcp *tcp, const struct tcp_syn *syn,
                           struct tcp_options *opt)
{
    opt->has_ts = (syn->agreed & TCB_TS) != 0;
    opt->ts_val = tcp_ts_now(tcp, syn->ts_offset);
    opt->ts_ecr = syn->ts_recent;
}

#define ALL_OPTIONS (TCB_TS | TCB_SACK | TCB_WSCALE)

/* As send_any_syn_ack() would, where the peer takes all that we offer; false: not done. */
static bool send_full_syn_ack(struct tcp *tcp, const struct tcp_syn *syn,
                              const struct ciao_settings *settings)
{
    const struct tcp_hello hello = {
        .head = &syn->head,
        .addresses = addresses_of(syn),
        .settings = settings,
        .seq = syn->iss,
        .ack = syn->irs + 1,
        .flags = TCP_SYN | TCP_ACK,
        .mss = tcp_syn_our_mss(tcp, syn->head.link, syn->head.v6 != 0, settings),
        .wscale = tcp_window_scale(settings),
        .ts_val = tcp_ts_now(tcp, syn->ts_offset),
        .ts_ecr = syn->ts_recent,
    };
    return syn->agreed == ALL_OPTIONS && !syn->ecn && tcp_control_hello(tcp, &hello, NULL);
}

static __attribute__((noinline)) void send_any_syn_ack(struct tcp *tcp, const struct tcp_syn *syn,
                                                       const struct ciao_settings *settings,
                                                       bool again)
{
    struct tcp_control control = {
        .head = &syn->head,
        .addresses = addresses_of(syn),
        .h = {.seq = syn->iss, .ack = syn->irs + 1, .flags = TCP_SYN | TCP_ACK},
        .ttl = settings->ttl,
        .tos = settings->tos,
    };
    struct tcp_options *opt = &control.h.opt;
    control.h.wnd = (uint16_t)tcp_window_initial(settings);
    opt->has_mss = true;
    opt->mss = tcp_syn_our_mss(tcp, syn->head.link, syn->head.v6 != 0, settings);
    opt->sack_permitted = (syn->agreed & TCB_SACK) != 0;
    opt->has_wscale = (syn->agreed & TCB_WSCALE) != 0;
    opt->wscale = tcp_window_scale(settings);
    put_timestamps(tcp, syn, opt);
    if (syn->ecn) /* [RFC3168 6.1.1 3168-1] */
        control.h.flags |= TCP_ECE;
    tcp_control_reply(tcp, &control, syn->route, 0, again);
}

static void send_syn_ack(struct tcp *tcp, struct tcp_syn *syn, const struct ciao_settings *settings,
                         bool again)
{
    if (syn->tries < UINT8_MAX)
        syn->tries++;
    if (!send_full_syn_ack(tcp, syn, settings))
        send_any_syn_ack(tcp, syn, settings, again);
}

static void send_ack(struct tcp *tcp, const struct tcp_syn *syn)
{
    const struct ciao_settings *settings = settings_of(tcp, syn);
    struct tcp_control control = {
        .head = &syn->head,
        .addresses = addresses_of(syn),
        .h = {.seq = syn->iss + 1, .ack = syn->irs + 1, .flags = TCP_ACK},
        .ttl = settings->ttl,
    };
    control.h.wnd = (uint16_t)(tcp_window_initial(settings)
                               >> (syn->agreed & TCB_WSCALE ? tcp_window_scale(settings) : 0));
    put_timestamps(tcp, syn, &control.h.opt);
    tcp_control_reply(tcp, &control, syn->route, 0, false);
}

static void challenge(struct tcp *tcp, const struct tcp_syn *syn)
{
    bool allowed = tcp_challenge_allowed(tcp);
    trace_reason(tcp->trace, at(syn), allowed ? CIAO_DID_CHALLENGE_ACK : CIAO_DID_CHALLENGE_LIMITED,
                 0, 0);
    if (allowed)
        send_ack(tcp, syn);
}

static void set_timer(struct tcp *tcp, ref_t ref, struct tcp_syn *syn,
                      const struct ciao_settings *settings)
{
    unsigned shift = syn->tries > 1 ? syn->tries - 1u : 0;
    uint64_t wait = (uint64_t)settings->rto_initial_us << (shift < 16 ? shift : 16);
    if (wait > settings->rto_max_us)
        wait = settings->rto_max_us;
    tcp_syn_wait(tcp, ref, syn, wait);
    trace_reason(tcp->trace, at(syn), CIAO_DID_TIMER_SET, TCP_TIMER_REXMT, wait);
}

/* ---- first segment: SYN ---- */

/* A record that stands in the table, with nothing in it yet. */
static ref_t take_record(struct tcp *tcp, bool v6, uint64_t hash)
{
    struct pool *pool = v6 ? &tcp->syns6 : &tcp->syns;
    uint32_t index = pool_take(pool);
    if (index == 0)
        return REF_NONE;
    ref_t ref = ref_make(v6 ? KIND_SYN6 : KIND_SYN4, index);
    if (tcp_flow_add(tcp, ref, hash))
        return ref;
    pool_give(pool, index);
    return REF_NONE;
}

static void fill(struct tcp *tcp, struct tcp_syn *syn, struct tcp_listener *listener,
                 const struct ciao_settings *settings, const struct tcp_knock *knock)
{
    const struct tcp_options *opt = knock->opt;
    *syn = (struct tcp_syn){
        .irs = knock->seq,
        .ts_recent = opt->ts_val,
        .listener = tcp_listener_ref(tcp, listener),
        .first_ms = tcp_now_ms(tcp),
        .peer_mss = opt->mss,
        .agreed = (uint8_t)tcp_agreed(settings, opt),
        .ecn = knock->ecn,
        .settings = listener->settings,
    };
    if (syn->agreed & TCB_WSCALE)
        syn->peer_wscale = tcp_peer_scale(opt);
    tcp_settings_ref(tcp, syn->settings);
    listener->half_open++;
}

/* The peer is one whom IP believes.  Where there is no way to it, it is told nothing. */
static const struct tcp_pair *pair_of(struct tcp *tcp, const struct tcp_knock *knock,
                                      const struct tcp_tuple *tuple, struct tcp_pair *unreached)
{
    const struct tcp_pair *pair;
    if (tcp_pair_find(tcp, &tuple->local, &tuple->remote, &pair) == 0) {
        tcp_pair_believe(tcp, pair, knock->link);
        return pair;
    }
    tcp_pair_without_way(tcp, &tuple->local, &tuple->remote, unreached);
    unreached->path.link = knock->link;
    return unreached;
}

static void take_way(struct tcp_syn *syn, const struct tcp_pair *pair)
{
    syn->head.link = pair->path.link;
    syn->route = pair->path.route;
    syn->ts_offset = pair->ts_offset;
}

/* Numbers above `above` when a TIME-WAIT of the same tuple has just made room. [RFC9293 3.6.1
 * MAY-2] */
static seq_t choose_iss(const struct tcp *tcp, const struct tcp_pair *pair,
                        const struct tcp_tuple *tuple, seq_t above)
{
    seq_t iss = tcp_handshake_isn(tcp, &pair->isn, tuple->local_port, tuple->remote_port);
    return above != 0 && seq_leq(iss, above) ? above + 65537 : iss;
}

static void tell_made(struct tcp *tcp, const struct tcp_syn *syn, uint32_t half_open,
                      uint32_t data_len)
{
    trace_reason(tcp->trace, at(syn), CIAO_DID_SYN_RECORD_MADE,
                 syn->head.v6 ? sizeof(struct tcp_syn6) : sizeof(struct tcp_syn), half_open);
    trace_reason(tcp->trace, at(syn), CIAO_DID_ISN_CHOSEN, syn->iss, 0);
    if (data_len != 0)
        trace_reason(tcp->trace, at(syn), CIAO_DID_SYN_DATA_HELD_BACK, data_len, 0);
}

/* [RFC9293 3.10.7.2 third EV-6] */
bool tcp_syn_make(struct tcp *tcp, struct tcp_listener *listener, const struct tcp_knock *knock,
                  const struct tcp_tuple *tuple)
{
    ref_t ref = take_record(tcp, knock->v6, knock->hash);
    if (ref == REF_NONE)
        return false;
    struct tcp_syn *syn = tcp_syn_at(tcp, ref);
    const struct ciao_settings *settings = tcp_settings(tcp, listener->settings);
    struct tcp_pair unreached;
    fill(tcp, syn, listener, settings, knock);
    tcp_head_set(&syn->head, sizeof *syn, tuple);
    tcp_take_over(&syn->head, tcp->next_life++, CIAO_LISTEN);
    const struct tcp_pair *pair = knock->pair;
    if (pair == NULL)
        pair = pair_of(tcp, knock, tuple, &unreached);
    take_way(syn, pair);
    syn->iss = choose_iss(tcp, pair, tuple, knock->iss_above);
    tcp_born(tcp, syn->head.life, tuple, true);
    if (trace_on(tcp->trace, CIAO_EVENTS_WIRE) && knock->seg != NULL) {
        struct ciao_event_segment event = tcp_event_of(knock->seg);
        trace_segment(tcp->trace, at(syn), CIAO_EVENT_RECEIVED, knock->seg->h.flags, &event);
    }
    tcp_enter(tcp, &syn->head, CIAO_ARC_LISTEN_SYN_RECEIVED_PEER_KNOCKED);
    tell_made(tcp, syn, listener->half_open, knock->seg == NULL ? 0 : knock->seg->data_len);
    send_syn_ack(tcp, syn, settings, false);
    set_timer(tcp, ref, syn, settings);
    return true;
}

/* Half-open ones of one listener: enough for its backlog, and some for those who never answer. */
static bool queue_is_full(const struct tcp_listener *listener)
{
    uint32_t limit = listener->backlog < 16 ? 16 : listener->backlog;
    return listener->half_open >= limit;
}

/* No record for it: a cookie, where that is allowed. */
static __attribute__((cold)) void without_record(struct tcp *tcp, struct tcp_listener *listener,
                                                 struct tcp_segment *seg,
                                                 const struct tcp_tuple *tuple, seq_t iss_above)
{
    const struct trace_context here = {listener->head.life, CIAO_LISTEN};
    if (listener->waiting >= listener->backlog)
        tcp_drop(tcp, here, CIAO_DROP_ACCEPT_QUEUE_FULL, seg);
    else if (tcp->config->syn_cookies == 0
             || !tcp_cookie_send(tcp, listener, seg, tuple, iss_above))
        tcp_drop(tcp, here, CIAO_DROP_SYN_QUEUE_FULL, seg);
}

bool tcp_syn_may_knock(const struct tcp *tcp, const struct tcp_listener *listener)
{
    return listener->waiting < listener->backlog && !queue_is_full(listener)
           && tcp->config->syn_cookies != 2;
}

/* An address that nobody can answer to, [RFC9293 3.9.2.3 MUST-63], is found where datagrams come
 * in. */
void tcp_syn_arrives(struct tcp *tcp, struct tcp_listener *listener, struct tcp_segment *seg,
                     const struct tcp_tuple *tuple, seq_t iss_above)
{
    const struct tcp_knock knock = {
        .opt = &seg->h.opt,
        .seg = seg,
        .hash = seg->hash,
        .seq = seg->seq,
        .iss_above = iss_above,
        .link = (uint8_t)seg->packet->link,
        .v6 = seg->packet->v6,
        .ecn = tcp_ecn_agrees(tcp_settings(tcp, listener->settings), seg),
    };
    if (!tcp_syn_may_knock(tcp, listener) || !tcp_syn_make(tcp, listener, &knock, tuple))
        without_record(tcp, listener, seg, tuple, iss_above);
}

/* ---- the end of the record ---- */

static void free_record(struct tcp *tcp, ref_t ref, struct tcp_syn *syn)
{
    tcp_listener_at(tcp, syn->listener)->half_open--;
    tcp_settings_give(tcp, syn->settings);
    tcp_syn_stop(tcp, ref, syn);
    syn->head.life = 0;
    pool_give(syn->head.v6 ? &tcp->syns6 : &tcp->syns, ref_index(ref));
}

void tcp_listen_syn_end(struct tcp *tcp, ref_t ref, enum ciao_arc_row row)
{
    struct tcp_syn *syn = tcp_syn_at(tcp, ref);
    tcp_enter(tcp, &syn->head, row);
    tcp_flow_remove(tcp, ref);
    free_record(tcp, ref, syn);
}

/* [RFC9293 3.8.3 MUST-22, MUST-23 EV-54, EV-55] */
void tcp_listen_syn_timeout(struct tcp *tcp, ref_t ref)
{
    struct tcp_syn *syn = tcp_syn_at(tcp, ref);
    const struct ciao_settings *settings = settings_of(tcp, syn);
    uint32_t since_ms = tcp_now_ms(tcp) - syn->first_ms;
    trace_reason(tcp->trace, at(syn), CIAO_TIMER_SYN_ACK, syn->tries, 0);
    if (tcp_handshake_waited_enough(settings, syn->tries - 1u, since_ms, true)) {
        trace_reason(tcp->trace, at(syn), CIAO_TIMER_R2, since_ms, 0);
        tcp_listen_syn_end(tcp, ref, CIAO_ARC_SYN_RECEIVED_CLOSED_HANDSHAKE_TIMED_OUT);
        return;
    }
    trace_reason(tcp->trace, at(syn), CIAO_AGAIN_SYN_ACK, syn->tries, 0);
    send_syn_ack(tcp, syn, settings, true);
    set_timer(tcp, ref, syn, settings);
}

/* ---- third segment: ACK ---- */

struct tcb *tcp_syn_grow(struct tcp *tcp, const struct tcp_syn *syn,
                         const struct ciao_settings *settings)
{
    struct tcb *tcb = tcp_tcb_new(tcp, syn->head.v6 != 0);
    if (tcb == NULL)
        return NULL;
    tcp_head_copy(&tcb->head, sizeof *tcb, &syn->head, sizeof *syn);
    tcb->route = syn->route;
    tcb->settings = syn->settings;
    tcp_settings_ref(tcp, tcb->settings);
    tcb->flags = TCB_PASSIVE | syn->agreed | (syn->tries > 1 ? TCB_SYN_LOST : 0);
    tcb->ecn = syn->ecn ? ECN_OK : 0;
    tcb->iss = syn->iss;
    tcb->irs = syn->irs;
    tcb->snd.una = syn->iss;
    tcb->snd.nxt = tcb->snd_end = syn->iss + 1;
    tcb->rcv.nxt = tcb->last_ack_sent = syn->irs + 1;
    tcb->rcv.edge = tcb->rcv.nxt + tcp_window_initial(settings);
    tcb->ts_offset = syn->ts_offset;
    tcb->syn_sent_us = syn->first_ms * 1000;
    if (syn->agreed & TCB_TS) {
        tcb->ts_recent = syn->ts_recent;
        tcb->ts_recent_ms = tcp_now_ms(tcp);
    }
    tcb->snd_wscale = syn->peer_wscale;
    if (syn->agreed & TCB_WSCALE)
        tcb->rcv_wscale = tcp_window_scale(settings);
    tcp_handshake_sizes(tcp, tcb, settings, syn->peer_mss);
    return tcb;
}

bool tcp_syn_may_grow_up(const struct tcp *tcp, const struct tcp_syn *syn)
{
    const struct tcp_listener *listener = tcp_listener_at(tcp, syn->listener);
    return listener->waiting < listener->backlog;
}

FLAT struct tcb *tcp_syn_grow_up(struct tcp *tcp, ref_t ref, struct tcp_syn *syn,
                                 const struct tcp_said *said)
{
    ref_t listener = syn->listener;
    const struct ciao_settings *settings = settings_of(tcp, syn);
    struct tcb *tcb = tcp_syn_grow(tcp, syn, settings);
    if (tcb == NULL)
        return NULL;
    tcp_flow_succeed(tcp, ref, tcp_tcb_ref(tcp, tcb));
    tcp_flow_entered(tcp, tcb, settings);
    free_record(tcp, ref, syn);
    tcp_handshake_acked(tcp, tcb, settings, said);
    tcp_note(tcp, tcb, CIAO_DID_SYN_RECORD_GROWN_UP,
             tcb->head.v6 ? sizeof(struct tcb6) : sizeof *tcb, 0);
    tcp_listen_queue(tcp, listener, tcb);
    return tcb;
}

/* The handshake is done; what else the segment brings goes through the steps of a connection.
 * [RFC9293 3.10.7.4 fifth EV-26] */
static void grow_up(struct tcp *tcp, ref_t ref, struct tcp_syn *syn, struct tcp_segment *seg)
{
    if (!tcp_syn_may_grow_up(tcp, syn)) {
        tcp_drop(tcp, at(syn), CIAO_DROP_ACCEPT_QUEUE_FULL, seg);
        return;
    }
    const uint32_t wnd = seg->wnd << syn->peer_wscale;
    const struct tcp_said said = {{seg->ack, wnd, 0}, seg->seq, seg->len};
    struct tcb *tcb = tcp_syn_grow_up(tcp, ref, syn, &said);
    if (tcb == NULL) {
        tcp_drop(tcp, at(syn), CIAO_DROP_NO_ROOM_FOR_CONNECTION, seg);
        return;
    }
    seg->wnd = wnd;
    tcp_synchronised_arrives(tcp, tcb, seg);
}

/* ---- a segment for the record: the steps of 3.10.7.4 in SYN-RECEIVED ---- */

static bool is_stray(const struct tcp_syn *syn, const struct tcp_segment *seg)
{
    return (syn->agreed & TCB_TS) && seg->h.opt.has_ts && seq_lt(seg->h.opt.ts_val, syn->ts_recent);
}

/* The window of a record is the initial one, and nothing has moved yet. */
static bool is_acceptable(const struct tcp *tcp, const struct tcp_syn *syn,
                          const struct tcp_segment *seg)
{
    uint32_t wnd = tcp_window_initial(settings_of(tcp, syn));
    seq_t nxt = syn->irs + 1;
    return seq_in_window(seg->seq, nxt, wnd)
           || (seg->len != 0 && seq_in_window(seg->seq + seg->len - 1, nxt, wnd));
}

/* The same SYN again: our SYN,ACK was lost. */
static bool is_syn_again(const struct tcp *tcp, const struct tcp_syn *syn,
                         const struct tcp_segment *seg)
{
    return (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && seg->seq == syn->irs
           && !(settings_of(tcp, syn)->more & CIAO_SYN_AGAIN_GETS_ACK);
}

/* [RFC9293 3.10.7.4 first EV-15] */
static bool step_1(struct tcp *tcp, struct tcp_syn *syn, const struct tcp_segment *seg)
{
    if (is_syn_again(tcp, syn, seg)) {
        trace_reason(tcp->trace, at(syn), CIAO_AGAIN_SYN_ACK_ASKED, 0, 0);
        if (tcp_challenge_allowed(tcp))
            send_syn_ack(tcp, syn, settings_of(tcp, syn), true);
        return false;
    }
    bool rst = (seg->flags & TCP_RST) != 0;
    bool stray = !rst && is_stray(syn, seg);
    bool same_syn = !rst && (seg->flags & TCP_SYN) && seg->seq == syn->irs; /* text or not */
    if (!stray && !same_syn && is_acceptable(tcp, syn, seg))
        return true;
    if (rst) {
        tcp_drop(tcp, at(syn), CIAO_DROP_RST_OUTSIDE_WINDOW, seg);
        return false;
    }
    tcp_drop(tcp, at(syn), stray ? CIAO_DROP_PAWS : CIAO_DROP_SEQ_OUTSIDE_WINDOW, seg);
    challenge(tcp, syn);
    return false;
}

/* [RFC9293 3.10.7.4 second EV-17, EV-21; fourth EV-23] */
static bool steps_2_and_4(struct tcp *tcp, ref_t ref, const struct tcp_syn *syn,
                          const struct tcp_segment *seg)
{
    if (seg->flags & TCP_RST) {
        if (seg->seq == syn->irs + 1) {
            tcp_listen_syn_end(tcp, ref, CIAO_ARC_SYN_RECEIVED_LISTEN_KNOCK_WITHDRAWN);
            return false;
        }
        tcp_drop(tcp, at(syn), CIAO_DROP_RST_CHALLENGED, seg);
        challenge(tcp, syn);
        return false;
    }
    if (!(seg->flags & TCP_SYN))
        return true;
    tcp_listen_syn_end(tcp, ref, CIAO_ARC_SYN_RECEIVED_LISTEN_KNOCKED_ANEW);
    return false;
}

/* [RFC9293 3.10.7.4 fifth EV-25, EV-26, EV-27] */
void tcp_listen_syn_arrives(struct tcp *tcp, ref_t ref, struct tcp_segment *seg)
{
    struct tcp_syn *syn = tcp_syn_at(tcp, ref);
    if (!step_1(tcp, syn, seg) || !steps_2_and_4(tcp, ref, syn, seg))
        return;
    if (!(seg->flags & TCP_ACK)) {
        tcp_drop(tcp, at(syn), CIAO_DROP_NO_ACK_FLAG, seg);
    } else if (seg->ack != syn->iss + 1) {
        tcp_drop(tcp, at(syn), CIAO_DROP_SYN_RECEIVED_BAD_ACK, seg);
        tcp_reply_rst(tcp, seg, CIAO_RST_SYN_RECEIVED_BAD_ACK, syn->head.life, CIAO_SYN_RECEIVED);
    } else {
        grow_up(tcp, ref, syn, seg);
    }
}
