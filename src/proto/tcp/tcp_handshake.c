/*
 * Hello: how a connection that we open comes about.  [RFC9293 3.5, 3.10.7.3]
 *
 *        we                                     the peer
 *   1.   SYN-SENT     -- SYN seq=ISS -------->  LISTEN
 *   2.   ESTABLISHED  <-- SYN,ACK ------------  SYN-RECEIVED
 *   3.   ESTABLISHED  -- ACK ---------------->  ESTABLISHED
 *
 * Why three: each direction's first number must be told and acknowledged, and the middle one
 * carries both.  When both ends knock at once the SYNs cross, and each answers SYN,ACK from
 * SYN-RECEIVED: four segments, one connection.
 *
 * The other side of the same story, a listener's, is in tcp_listen.c.
 */
#include "base/flat.h"
#include "base/siphash.h"
#include "proto/tcp/tcp_control.h"
#include "proto/tcp/tcp_send.h"
#include "proto/tcp/tcp_syn.h"
#include "wire/addr.h"

/* ---- the first number ---- */

/* ISN = M + F(tuple, secret): a clock of 4 us, and a keyed hash that no outsider can compute.
 * [RFC9293 3.4.1 MUST-8, MUST-9, SHLD-1, RFC6528 3 6528-1, 6528-2] */
seq_t tcp_handshake_isn(const struct tcp *tcp, const struct tcp_isn *isn, uint16_t local_port,
                        uint16_t remote_port)
{
    uint64_t ports = (uint64_t)local_port << 16 | remote_port;
    uint64_t f = siphash24_rest(isn->hosts, isn->length | ports);
    return (seq_t)(tcp->now / 4) + (seq_t)f;
}

void tcp_born(struct tcp *tcp, uint64_t life, const struct tcp_tuple *tuple, bool passive)
{
    if (!trace_on(tcp->trace, CIAO_EVENTS_LIFE))
        return;
    struct ciao_event *event = trace_slot(tcp->trace, CIAO_EVENT_BORN, life);
    if (event == NULL)
        return;
    event->who = passive && tuple->remote_port != 0 ? CIAO_WHO_PEER : CIAO_WHO_PROGRAM;
    event->from = event->to = (uint8_t)(passive ? CIAO_LISTEN : CIAO_CLOSED);
    event->u.born = (struct ciao_event_born){
        .local = tuple->local,
        .remote = tuple->remote,
        .local_port = tuple->local_port,
        .remote_port = tuple->remote_port,
        .passive = passive,
    };
}

/* ---- what the two SYNs agree upon ---- */

static uint16_t default_mss(const struct tcb *tcb)
{
    return tcb->head.v6 ? 1220 : 536; /* [RFC9293 3.7.1 MUST-15] */
}

/* Payload of a full segment: what the peer takes, what the link carries, less our options.
 * [MUST-16] */
void tcp_handshake_sizes(const struct tcp *tcp, struct tcb *tcb,
                         const struct ciao_settings *settings, uint16_t announced)
{
    uint32_t mss = tcp->ip->links.at[tcb->head.link].link.mtu - (tcb->head.v6 ? 60u : 40u);
    uint32_t options = tcb->flags & TCB_TS ? 12 : 0;
    tcb->peer_mss = announced != 0 ? announced : default_mss(tcb);
    if (mss > tcb->peer_mss)
        mss = tcb->peer_mss;
    if (settings->mss != 0 && settings->mss < mss)
        mss = settings->mss;
    tcb->smss = (uint16_t)(mss > options + 64 ? mss - options : 64);
}

/* The answer to our SYN brought these. */
static void take_options(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings,
                         const struct tcp_options *opt)
{
    uint32_t agreed = tcp_agreed(settings, opt);
    tcb->flags |= agreed;
    if (agreed & TCB_TS) {
        tcb->ts_recent = opt->ts_val;
        tcb->ts_recent_ms = tcp_now_ms(tcp);
    }
    if (agreed & TCB_WSCALE)
        tcb->snd_wscale = tcp_peer_scale(opt);
    else
        tcb->rcv_wscale = 0;
    tcp_handshake_sizes(tcp, tcb, settings, opt->mss);
}

/* ESTABLISHED: both numbers are known to both.  The caller has made the arc.  A listener's child
 * has nothing to send yet: nobody holds it. */
void tcp_handshake_done(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings)
{
    tcb->flags &= ~(TCB_SYN_UNACKED | TCB_SYN_DUE);
    tcb->rexmt_at = 0;
    tcb->backoff = 0;
    tcb->trouble_ms = 0;
    tcb->quick_acks = (uint8_t)settings->quick_acks;
    if (tcb->flags & TCB_SYN_LOST) /* Karn: a SYN sent twice measures nothing [RFC6298 3 6298-6] */
        tcp_rtt_init(tcp, tcb);
    else
        tcp_rtt_begin(tcp, tcb, settings, (uint32_t)tcp->now - tcb->syn_sent_us);
    if (tcb->has_side)
        tcp_congestion_init(tcp, tcb);
    if (tcb->snd.una != tcb->snd.nxt) /* our FIN has left already, on the SYN's timer */
        tcp_retransmit_timer_restart(tcp, tcb);
    tcb->last_received_ms = tcb->last_data_ms = tcp_now_ms(tcp);
    if (settings->flags & CIAO_KEEPALIVE)
        tcp_keepalive_start(tcp, tcb);
    tcp_note(tcp, tcb, CIAO_DID_OPTIONS_AGREED, tcb->smss,
             (uint64_t)(tcb->flags & (TCB_TS | TCB_SACK | TCB_WSCALE)) << 16
                 | (uint64_t)tcb->snd_wscale << 8 | tcb->rcv_wscale);
    if (tcb->flags & TCB_PASSIVE)
        return;
    tcp_told(tcp, tcb);
    const bool fin_waits = (tcb->flags & TCB_FIN_QUEUED) != 0; /* not read together with ... */
    if (fin_waits || tcb->has_side)  /* ... this, right after it was written */
        tcp_output_wanted(tcp, tcb); /* what was queued meanwhile */
}

static void take_window(struct tcb *tcb, seq_t seq, const struct tcp_news *news)
{
    tcb->snd.wnd = news->wnd;
    tcb->snd.wl1 = seq;
    tcb->snd.wl2 = news->ack;
    if (news->wnd > tcb->snd.max_wnd)
        tcb->snd.max_wnd = news->wnd;
}

/* The peer acknowledges our SYN,ACK. [RFC9293 3.10.7.4 fifth EV-26]
 * The program may have closed meanwhile: with nothing queued it is in FIN-WAIT-1 already; with
 * bytes still to go the close was put off until now. [RFC9293 3.10.4 EV-46] */
void tcp_handshake_acked(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings,
                         const struct tcp_said *said)
{
    bool opening = tcp_state_is(tcb, CIAO_SYN_RECEIVED);
    bool owes_answer = (tcb->flags & TCB_SYN_DUE) != 0; /* our SYN,ACK had no time to leave */
    if (opening)
        tcp_enter(tcp, &tcb->head, CIAO_ARC_SYN_RECEIVED_ESTABLISHED_HANDSHAKE_DONE);
    tcb->snd.una = tcb->iss + 1;
    take_window(tcb, said->seq, &said->news);
    tcp_handshake_done(tcp, tcb, settings);
    if (owes_answer)
        tcp_ack_now(tcp, tcb);
    if (opening && (tcb->flags & TCB_FIN_QUEUED))
        tcp_enter(tcp, &tcb->head, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST);
}

/* ---- 3.10.7.3: SYN-SENT ---- */

/* [EV-9] first, the ACK: does it acknowledge our SYN? */
static bool ack_is_ours(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (!(seg->flags & TCP_ACK) || (seq_gt(seg->ack, tcb->iss) && seq_leq(seg->ack, tcb->snd.nxt)))
        return true;
    tcp_drop(tcp, tcp_at(tcb), CIAO_DROP_SYN_SENT_BAD_ACK, seg);
    if (!(seg->flags & TCP_RST))
        tcp_reply_rst(tcp, seg, CIAO_RST_SYN_SENT_BAD_ACK, tcb->head.life, CIAO_SYN_SENT);
    return false;
}

/* [EV-10, EV-11, RFC5961 3.2 5961-2] second, RST: only the one whom we asked can refuse. */
static bool is_refused(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (!(seg->flags & TCP_RST))
        return false;
    if (seg->flags & TCP_ACK)
        tcp_teardown_end(
            tcp, tcb,
            (struct tcp_end){CIAO_ARC_SYN_SENT_CLOSED_CONNECTION_REFUSED, CIAO_EREFUSED, 0});
    else
        tcp_drop(tcp, tcp_at(tcb), CIAO_DROP_SYN_SENT_RST_UNPROVEN, seg);
    return true;
}

static void take_syn(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings,
                     const struct tcp_said *said, const struct tcp_options *opt)
{
    tcb->irs = said->seq;
    tcb->rcv.nxt = said->seq + 1;
    tcb->last_ack_sent = tcb->rcv.nxt;
    tcb->rcv.edge = tcb->rcv.nxt + tcp_window_initial(settings);
    take_options(tcp, tcb, settings, opt);
    take_window(tcb, said->seq, &said->news);
}

void tcp_handshake_answered(struct tcp *tcp, struct tcb *tcb, const struct tcp_said *said,
                            const struct tcp_options *opt)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    take_syn(tcp, tcb, settings, said, opt);
    tcb->snd.una = said->news.ack;
    tcp_enter(tcp, &tcb->head, CIAO_ARC_SYN_SENT_ESTABLISHED_PEER_ANSWERED);
    tcp_handshake_done(tcp, tcb, settings);
    tcp_ack_now(tcp, tcb);
}

static struct tcp_said said_by(const struct tcp_segment *seg)
{
    return (struct tcp_said){{seg->ack, seg->wnd, 0}, seg->seq, seg->len};
}

/* [EV-12] the usual answer: SYN,ACK.  What else the segment carries is for the later steps. */
static void peer_answered(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    const struct tcp_said said = said_by(seg);
    tcp_ecn_answered(tcp, tcb, seg);
    tcp_handshake_answered(tcp, tcb, &said, &seg->h.opt);
    seg->seq++;
    seg->flags &= (uint16_t)~TCP_SYN;
    tcp_trim(tcp, tcb, seg); /* no step has done it */
    if (seg->data_len != 0 || (seg->flags & TCP_FIN))
        tcp_text_and_fin(tcp, tcb, seg);
}

/* [EV-13, RFC9293 3.5 MUST-10] the SYNs crossed.  Text in it is not kept: the peer sends it again.
 */
static void syns_crossed(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    const struct tcp_said said = said_by(seg);
    tcp_ecn_answered(tcp, tcb, seg);
    take_syn(tcp, tcb, tcp_tcb_settings(tcp, tcb), &said, &seg->h.opt);
    tcp_enter(tcp, &tcb->head, CIAO_ARC_SYN_SENT_SYN_RECEIVED_SYNS_CROSSED);
    if (seg->data_len != 0)
        tcp_note(tcp, tcb, CIAO_DID_SYN_DATA_HELD_BACK, seg->data_len, 0);
    tcb->flags |= TCB_SYN_DUE;
    tcp_output_wanted(tcp, tcb);
}

/* [RFC9293 3.10.7.3] */
void tcp_syn_sent_arrives(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    if (!ack_is_ours(tcp, tcb, seg) || is_refused(tcp, tcb, seg))
        return;
    /* third, security: not offered */
    if (!(seg->flags & TCP_SYN)) /* [EV-14] fifth */
        tcp_drop(tcp, tcp_at(tcb), CIAO_DROP_SYN_SENT_NOTHING, seg);
    else if (seg->flags & TCP_ACK)
        peer_answered(tcp, tcb, seg);
    else
        syns_crossed(tcp, tcb, seg);
}

/* ---- our SYN, and its repetition ---- */

static time_us syn_wait(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t straight = tcp_state_is(tcb, CIAO_SYN_SENT) ? settings->syn_linear : 0;
    uint32_t doubled = tcb->backoff > straight ? tcb->backoff - straight : 0;
    uint64_t wait = (uint64_t)settings->rto_initial_us << (doubled < 16 ? doubled : 16);
    return wait < settings->rto_max_us ? wait : settings->rto_max_us;
}

/* The first segment of all, and perhaps not for the first time. */
static bool send_full_syn(struct tcp *tcp, const struct tcb *tcb, struct ciao_frame *frame)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    const struct tcp_hello hello = {
        .head = &tcb->head,
        .addresses = &((const struct tcb6 *)(const void *)tcb)->addresses,
        .settings = settings,
        .seq = tcb->iss,
        .flags = TCP_SYN,
        .mss = tcp_syn_our_mss(tcp, tcb->head.link, tcb->head.v6 != 0, settings),
        .wscale = tcb->rcv_wscale,
        .ts_val = tcp_ts_now(tcp, tcb->ts_offset),
    };
    return tcp_control_hello(tcp, &hello, frame);
}

/* SYN, or SYN,ACK when the peer's SYN is here already. */
FLAT enum tcp_sent tcp_handshake_output(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    bool again = tcb->snd.nxt != tcb->iss;
    struct tcp_piece piece = {
        .seq = tcb->iss,
        .flags = tcp_state_is(tcb, CIAO_SYN_SENT) ? TCP_SYN : TCP_SYN | TCP_ACK,
        .again = again,
    };
    piece.flags |= tcp_ecn_syn(tcp, tcb, again);
    tcb->flags &= ~TCB_SYN_DUE;
    if (!again) {
        tcb->snd.nxt = tcb->iss + 1;
        tcb->trouble_ms = tcp_now_ms(tcp) | 1;
    }
    tcb->syn_sent_us = (uint32_t)tcp->now;
    if (!tcp_timer_is_set(tcb, TCP_TIMER_REXMT)) {
        time_us wait = syn_wait(tcp, tcb);
        tcp_timer_set(tcp, tcb, TCP_TIMER_REXMT, tcp->now + wait);
        tcp_note(tcp, tcb, CIAO_DID_TIMER_SET, TCP_TIMER_REXMT, wait);
    }
    if (piece.flags == TCP_SYN && tcb->urgent == 0 && !tcb->has_side
        && send_full_syn(tcp, tcb, frame))
        return TCP_SENT_FRAME;
    return tcp_segment_emit(tcp, tcb, &piece, frame) ? TCP_SENT_FRAME : TCP_SENT_ELSEWHERE;
}

/* By time, or AS LINUX by how often it was sent again. [RFC9293 3.8.3 MUST-23] */
bool tcp_handshake_waited_enough(const struct ciao_settings *settings, unsigned repeats,
                                 uint32_t since_ms, bool answer)
{
    unsigned most = answer ? settings->synack_retries : settings->syn_retries;
    if (most != 0 && !answer && settings->syn_linear != 0)
        return since_ms
               >= ((UINT64_C(2) << (most < 16 ? most : 16)) - 1) * settings->rto_initial_us / 1000;
    if (most != 0)
        return repeats >= most;
    return settings->r2_syn_us != 0 && since_ms >= settings->r2_syn_us / 1000;
}

/* Nobody has acknowledged our SYN yet. [RFC9293 3.8.3 MUST-20..MUST-23] */
void tcp_handshake_timeout(struct tcp *tcp, struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    bool syn_sent = tcp_state_is(tcb, CIAO_SYN_SENT);
    uint32_t since_ms = tcp_now_ms(tcp) - tcb->trouble_ms;
    tcp_note(tcp, tcb, syn_sent ? CIAO_TIMER_SYN : CIAO_TIMER_SYN_ACK, tcb->backoff, 0);
    if (tcp_handshake_waited_enough(settings, tcb->backoff, since_ms + 1, !syn_sent)) {
        tcp_note(tcp, tcb, CIAO_TIMER_R2, since_ms, 0);
        tcp_teardown_give_up(tcp, tcb);
        return;
    }
    if (tcb->backoff < UINT8_MAX)
        tcb->backoff++;
    tcb->flags |= TCB_SYN_DUE | TCB_SYN_LOST;
    tcp_note(tcp, tcb, syn_sent ? CIAO_AGAIN_SYN : CIAO_AGAIN_SYN_ACK, tcb->backoff, 0);
    tcp_output_wanted(tcp, tcb);
}
