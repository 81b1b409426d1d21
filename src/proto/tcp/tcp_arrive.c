/*
 * A segment arrives at a connection: RFC 9293 3.10.7, step by step and in its order.
 *
 * Steps decide.  When the answer is "the connection becomes something else" they call a story
 * function of tcp_handshake.c or tcp_teardown.c, which acts.  SYN-SENT (3.10.7.3) stands in
 * tcp_handshake.c, LISTEN (3.10.7.2) in tcp_listen.c, TIME-WAIT in tcp_wait.c: their connections
 * are small or young, and most steps do not concern them.
 */
#include "proto/tcp/tcp_internal.h"

/* ---- what every dropped segment leaves behind ---- */

struct ciao_event_segment tcp_event_of(const struct tcp_segment *seg)
{
    const struct tcp_options *opt = &seg->h.opt;
    struct ciao_event_segment event = {
        .seq = seg->h.seq,
        .ack = seg->h.ack,
        .len = seg->packet->l4_len - seg->h.header_len,
        .wnd = seg->wnd,
        .ts_val = opt->ts_val,
        .ts_ecr = opt->ts_ecr,
        .mss = opt->has_mss ? opt->mss : 0,
        .wscale = opt->has_wscale ? opt->wscale : 255,
        .segments = seg->segments,
    };
    event.n_sack = opt->n_sack & 15u;
    event.sack_permitted = opt->sack_permitted;
    event.has_ts = opt->has_ts;
    if (opt->n_sack != 0) {
        event.sack_start = opt->sack[0].start;
        event.sack_end = opt->sack[0].end;
    }
    return event;
}

void tcp_drop(struct tcp *tcp, struct trace_context at, enum ciao_reason reason,
              const struct tcp_segment *seg)
{
    struct ciao_event_segment event = tcp_event_of(seg);
    trace_segment_dropped(tcp->trace, at, reason, seg->h.flags, &event);
}

static void drop(struct tcp *tcp, const struct tcb *tcb, enum ciao_reason reason,
                 const struct tcp_segment *seg)
{
    tcp_drop(tcp, tcp_at(tcb), reason, seg);
}

/* ---- 3.10.7.1: CLOSED ---- */

/* [RFC9293 3.10.7.1 EV-1, EV-2, EV-3] */
void tcp_closed_arrives(struct tcp *tcp, const struct tcp_segment *seg)
{
    const struct trace_context nobody = {0, CIAO_CLOSED};
    if (seg->flags & TCP_RST)
        tcp_drop(tcp, nobody, CIAO_DROP_CLOSED_RST, seg);
    else
        tcp_reply_rst(tcp, seg, CIAO_RST_NO_CONNECTION, 0, CIAO_CLOSED);
}

/* ---- challenge ACKs ---- */

#define CHALLENGES_PER_SECOND 1000u /* of the whole stack [RFC5961 7 5961-6] */
#define CHALLENGES_PER_CONNECTION \
    10u /* in a second: so that one peer can't use up all [RFC5961 10] */

bool tcp_challenge_allowed(struct tcp *tcp)
{
    uint32_t second = (uint32_t)(tcp->now / 1000000);
    if (tcp->challenge_s != second) {
        tcp->challenge_s = second;
        tcp->challenges = 0;
    }
    return tcp->challenges++ < CHALLENGES_PER_SECOND;
}

void tcp_challenge_ack(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t second = (uint32_t)(tcp->now / 1000000);
    if (tcb->challenge_s != second) {
        tcb->challenge_s = second;
        tcb->challenges = 0;
    }
    if (tcb->challenges >= CHALLENGES_PER_CONNECTION || !tcp_challenge_allowed(tcp)) {
        tcp_note(tcp, tcb, CIAO_DID_CHALLENGE_LIMITED, 0, 0);
        return;
    }
    tcb->challenges++;
    tcp_note(tcp, tcb, CIAO_DID_CHALLENGE_ACK, 0, 0);
    tcp_ack_now(tcp, tcb);
}

/* ---- first: sequence number ---- */

/* [RFC7323 5.3 7323-8] An older timestamp than the newest in order: a stray of long ago. */
static bool is_stray(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_segment *seg)
{
    const uint32_t days_24_ms = 24u * 86400u * 1000u;
    return (tcb->flags & TCB_TS) && seg->h.opt.has_ts && !(seg->flags & TCP_RST)
           && seq_lt(seg->h.opt.ts_val, tcb->ts_recent)
           && tcp_now_ms(tcp) - tcb->ts_recent_ms < days_24_ms;
}

/* AS LINUX tcp_disordered_ack(): an ACK alone that was overtaken on its way by what we sent the
 * newest timestamp for. It says nothing new, and is not worth an answer. */
static bool is_overtaken(const struct tcp *tcp, const struct tcb *tcb,
                         const struct tcp_segment *seg)
{
    uint32_t age = tcb->ts_recent - seg->h.opt.ts_val;
    if (!(tcp_tcb_settings(tcp, tcb)->more & CIAO_PAWS_TOLERANT))
        return false;
    if (age <= 1)
        return true;
    return (seg->flags & TCP_ACK) && seg->len == 0 && seg->seq == tcb->rcv.nxt
           && seg->ack == tcb->snd.una && seg->wnd == tcb->snd.wnd
           && age <= (uint32_t)((uint64_t)tcb->rto_us * 12 / 10 / 1000);
}

/* The four cases of the table in 3.10.7.4. */
static bool is_acceptable(const struct tcp *tcp, const struct tcb *tcb,
                          const struct tcp_segment *seg)
{
    uint32_t wnd = tcb->rcv.edge - tcb->rcv.nxt;
    if (seg->len == 0 && wnd == 0)
        return seg->seq == tcb->rcv.nxt;
    if (seg->len == 0)
        return seq_in_window(seg->seq, tcb->rcv.nxt, wnd)
               /* AS LINUX: an ACK behind data that filled the window and was lost still tells
                  something. */
               || (seg->seq == tcb->rcv.edge && (seg->flags & (TCP_ACK | TCP_RST)) == TCP_ACK
                   && (tcp_tcb_settings(tcp, tcb)->more & CIAO_EDGE_TOLERANT));
    if (wnd == 0)
        return false;
    return seq_in_window(seg->seq, tcb->rcv.nxt, wnd)
           || seq_in_window(seg->seq + seg->len - 1, tcb->rcv.nxt, wnd);
}

static bool knocks_at_closed_window(const struct tcb *tcb, const struct tcp_segment *seg)
{
    return seg->len != 0 && tcb->rcv.edge == tcb->rcv.nxt && seg->seq == tcb->rcv.nxt
           && (seg->flags & (TCP_SYN | TCP_RST)) != TCP_SYN;
}

/* Into a closed window nothing is taken, but its ACK and RST are. [RFC9293 3.4 MUST-66] */
static void take_at_closed_window(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    bool bare_fin = seg->data_len == 0; /* AS LINUX: it needs no room */
    if (!bare_fin || !(tcp_tcb_settings(tcp, tcb)->more & CIAO_EDGE_TOLERANT))
        seg->flags &= (uint16_t)~TCP_FIN;
    seg->data_len = 0;
    tcp_ack_now(tcp, tcb);
}

static void trim_front(struct tcp_segment *seg, uint32_t bytes)
{
    seg->seq += bytes;
    seg->skip += bytes;
    seg->data_len -= bytes;
}

/* Keep what lies in the window.  AS LINUX: a FIN right behind a full window needs no buffer, and is
 * taken. */
void tcp_trim(const struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *seg)
{
    if (seq_lt(seg->seq, tcb->rcv.nxt)) {
        uint32_t old = tcb->rcv.nxt - seg->seq;
        trim_front(seg, old < seg->data_len ? old : seg->data_len);
    }
    seq_t end = seg->seq + seg->data_len;
    if (seq_gt(end, tcb->rcv.edge)) {
        uint32_t beyond = end - tcb->rcv.edge;
        seg->data_len -= beyond < seg->data_len ? beyond : seg->data_len;
        seg->flags &= (uint16_t)~TCP_FIN;
    } else if (end == tcb->rcv.edge && !(tcp_tcb_settings(tcp, tcb)->more & CIAO_EDGE_TOLERANT)) {
        seg->flags &= (uint16_t)~TCP_FIN;
    }
}

/* [RFC7323 4.3 7323-7] */
static void remember_timestamp(const struct tcp *tcp, struct tcb *tcb,
                               const struct tcp_segment *seg)
{
    if (!(tcb->flags & TCB_TS) || !seg->h.opt.has_ts || seq_lt(seg->h.opt.ts_val, tcb->ts_recent)
        || seq_gt(seg->h.seq, tcb->last_ack_sent))
        return;
    tcb->ts_recent = seg->h.opt.ts_val;
    tcb->ts_recent_ms = tcp_now_ms(tcp);
}

/* In SYN-RECEIVED the peer's SYN comes again when our SYN,ACK was lost. */
static bool answers_syn_again(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (!tcp_state_is(tcb, CIAO_SYN_RECEIVED) || !(seg->flags & TCP_SYN) || seg->h.seq != tcb->irs
        || (tcp_tcb_settings(tcp, tcb)->more & CIAO_SYN_AGAIN_GETS_ACK))
        return false;
    tcb->flags |= TCB_SYN_DUE;
    tcp_note(tcp, tcb, CIAO_AGAIN_SYN_ACK_ASKED, 0, 0);
    tcp_output_wanted(tcp, tcb);
    return true;
}

/* The SYNs crossed, and this is the peer's SYN,ACK: its SYN we know already, its ACK is news.
 * [RFC9293 3.5 figure 7, MUST-10] */
static void forget_known_syn(const struct tcb *tcb, struct tcp_segment *seg)
{
    bool known = (tcb->flags & TCB_SYN_UNACKED)
                 && (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK)
                 && seg->seq == tcb->irs && seg->ack == tcb->snd.nxt;
    if (!known)
        return;
    seg->flags &= (uint16_t)~TCP_SYN;
    seg->seq++;
    seg->len--;
}

/* Old bytes deserve an ACK each; what carries none is rationed, or two confused ends would ACK for
 * ever. */
static void answer_unacceptable(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (answers_syn_again(tcp, tcb, seg))
        return;
    if (seg->len == 0 || (seg->flags & TCP_SYN))
        tcp_challenge_ack(tcp, tcb);
    else
        tcp_ack_now(tcp, tcb);
}

static bool refuse(struct tcp *tcp, struct tcb *tcb, enum ciao_reason reason,
                   const struct tcp_segment *seg)
{
    drop(tcp, tcb, reason, seg);
    if (reason == CIAO_DROP_RST_OUTSIDE_WINDOW || reason == CIAO_DROP_NO_TIMESTAMP)
        return false;
    if (seg->len != 0 && seq_lt(seg->seq, tcb->rcv.nxt) && !(seg->flags & TCP_SYN))
        tcp_receive_twice(tcp, tcb, seg->seq, seg->seq + seg->len);
    answer_unacceptable(tcp, tcb, seg);
    return false;
}

/* Right at the left edge, whole inside the window, with a timestamp that is not older where there
 * are any: for this the four cases, the trimming and all that is said of strays come to nothing. */
static bool is_in_order(const struct tcb *tcb, const struct tcp_segment *seg)
{
    return seg->seq == tcb->rcv.nxt && seg->len <= tcb->rcv.edge - tcb->rcv.nxt
           && !(seg->flags & (TCP_SYN | TCP_RST))
           && (!(tcb->flags & TCB_TS)
               || (seg->h.opt.has_ts && !seq_lt(seg->h.opt.ts_val, tcb->ts_recent)));
}

/* [RFC9293 3.10.7.4 first EV-15, EV-22] */
static bool step_1_sequence(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    if (is_in_order(tcb, seg)) {
        remember_timestamp(tcp, tcb, seg);
        return true;
    }
    if (is_stray(tcp, tcb, seg) && !is_overtaken(tcp, tcb, seg))
        return refuse(tcp, tcb, CIAO_DROP_PAWS, seg);
    forget_known_syn(tcb, seg);
    if ((tcb->flags & TCB_TS) && !seg->h.opt.has_ts && !(seg->flags & TCP_RST)
        && (tcp_tcb_settings(tcp, tcb)->more & CIAO_STRICT_TIMESTAMPS)) /* [RFC7323 3.2 7323-5] */
        return refuse(tcp, tcb, CIAO_DROP_NO_TIMESTAMP, seg);
    if (knocks_at_closed_window(tcb, seg)) {
        take_at_closed_window(tcp, tcb, seg);
        return true;
    }
    if (!is_acceptable(tcp, tcb, seg))
        return refuse(tcp, tcb,
                      seg->flags & TCP_RST ? CIAO_DROP_RST_OUTSIDE_WINDOW
                                           : CIAO_DROP_SEQ_OUTSIDE_WINDOW,
                      seg);
    if (!(seg->flags & TCP_SYN)) {
        if (seq_lt(seg->seq, tcb->rcv.nxt) && seg->data_len != 0)
            tcp_receive_twice(tcp, tcb, seg->seq, tcb->rcv.nxt);
        tcp_trim(tcp, tcb, seg);
        remember_timestamp(tcp, tcb, seg);
    }
    return true;
}

/* ---- second: RST ---- */

/* It may carry text [3.5.3 SHLD-2]. [RFC9293 3.10.7.4 second EV-18..EV-22, RFC5961 3.2 5961-1,
 * 5961-3] */
static bool step_2_reset(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (!(seg->flags & TCP_RST))
        return true;
    if (seg->h.seq == tcb->rcv.nxt) {
        tcp_teardown_peer_rst(tcp, tcb);
        return false;
    }
    drop(tcp, tcb, CIAO_DROP_RST_CHALLENGED, seg);
    tcp_challenge_ack(tcp, tcb);
    return false;
}

/* ---- fourth: SYN ---- */

/* [RFC9293 3.10.7.4 fourth EV-24, RFC5961 4.2 5961-4] */
static bool step_4_syn(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (!(seg->flags & TCP_SYN))
        return true;
    drop(tcp, tcb, CIAO_DROP_SYN_CHALLENGED, seg);
    tcp_challenge_ack(tcp, tcb);
    return false;
}

/* ---- fifth: ACK ---- */

/* [RFC9293 3.10.7.4 fifth EV-26, EV-27] */
static bool syn_received_ack(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (!seq_lt(tcb->snd.una, seg->ack) || seq_gt(seg->ack, tcb->snd.nxt)) {
        drop(tcp, tcb, CIAO_DROP_SYN_RECEIVED_BAD_ACK, seg);
        tcp_reply_rst(tcp, seg, CIAO_RST_SYN_RECEIVED_BAD_ACK, tcb->head.life,
                      (enum ciao_state)tcb->head.state);
        return false;
    }
    tcp_handshake_acked(tcp, tcb, tcp_tcb_settings(tcp, tcb),
                        &(struct tcp_said){{seg->ack, seg->wnd, 0}, seg->seq, seg->len});
    return true;
}

/* [RFC9293 3.10.7.4 fifth EV-25, EV-29, RFC5961 5.2 5961-5 MAY-12] */
static bool step_5_ack(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (!(seg->flags & TCP_ACK)) {
        drop(tcp, tcb, CIAO_DROP_NO_ACK_FLAG, seg);
        return false;
    }
    if ((tcb->flags & TCB_SYN_UNACKED) && !syn_received_ack(tcp, tcb, seg))
        return false;
    if (seq_gt(seg->ack, tcb->snd.nxt)) {
        drop(tcp, tcb, CIAO_DROP_ACK_OF_THE_FUTURE, seg);
        tcp_challenge_ack(tcp, tcb);
        return false;
    }
    if (seq_lt(seg->ack, tcb->snd.una - tcb->snd.max_wnd)) {
        drop(tcp, tcb, CIAO_DROP_ACK_TOO_OLD, seg);
        tcp_challenge_ack(tcp, tcb);
        return false;
    }
    if (!tcp_ack_arrived(tcp, tcb, seg))
        return true;
    return tcp_teardown_our_fin_acked(tcp, tcb);
}

/* First to fifth: may this segment touch the connection?  Each says true for "go on". */
static bool admits(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    return step_1_sequence(tcp, tcb, seg) /* it lies in the window */
           && step_2_reset(tcp, tcb, seg) /* it does not end the connection */
           /* third, security and compartment: not offered, see spec/exceptions.tsv */
           && step_4_syn(tcp, tcb, seg)  /* it does not open what is open */
           && step_5_ack(tcp, tcb, seg); /* it says what of ours has arrived */
}

/* ---- seventh: text ---- */

/* The program has closed, or said of both directions that it is done with them (AS LINUX). */
static bool nobody_will_read(const struct tcb *tcb)
{
    const uint32_t both = TCB_SHUT_RD | TCB_FIN_QUEUED;
    return (tcb->flags & TCB_ORPHAN) || (tcb->flags & both) == both;
}

/* [RFC9293 3.10.7.4 seventh EV-36, EV-37].  False: the connection is gone. */
static bool step_7_text(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    if (seg->data_len == 0)
        return true;
    if (!tcp_state_receives(tcb)) {
        drop(tcp, tcb, CIAO_DROP_DATA_AFTER_FIN, seg);
        return true;
    }
    if (nobody_will_read(tcb)) { /* [RFC9293 3.6.1 SHLD-3] */
        tcp_teardown_data_after_close(tcp, tcb, seg);
        return false;
    }
    tcp_data_arrived(tcp, tcb, seg);
    return true;
}

/* ---- eighth: FIN ---- */

/* A FIN counts once everything before it is here; one that came too early is remembered.
 * [RFC9293 3.10.7.4 eighth EV-38..EV-42] */
static void step_8_fin(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if ((seg->flags & TCP_FIN) && !(tcb->flags & TCB_FIN_RECEIVED)) {
        tcb->fin_rcv = seg->seq + seg->data_len;
        tcb->fin_seen = 1;
    }
    if (!tcb->fin_seen || (tcb->flags & TCB_FIN_RECEIVED))
        return;
    if (tcb->fin_rcv == tcb->rcv.nxt)
        tcp_teardown_peer_fin(tcp, tcb);
    else if (seg->flags & TCP_FIN) /* not for each ACK: two such ends would ACK for ever */
        tcp_ack_now(tcp, tcb);
}

/* Else it was its ACK that mattered. */
static bool has_more_to_say(const struct tcb *tcb, const struct tcp_segment *seg)
{
    return seg->data_len != 0 || (seg->flags & (TCP_URG | TCP_FIN)) || tcb->fin_seen
           || tcb->urgent != 0;
}

/* Sixth, the urgent pointer: tcp_urgent.c. */
static __attribute__((noinline)) void steps_6_to_8(struct tcp *tcp, struct tcb *tcb,
                                                   struct tcp_segment *seg)
{
    if ((seg->flags & TCP_URG) || tcp_urgent_is_awaited(tcb))
        tcp_urgent_arrives(tcp, tcb, seg);
    if (step_7_text(tcp, tcb, seg))
        step_8_fin(tcp, tcb, seg);
}

void tcp_text_and_fin(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    if (has_more_to_say(tcb, seg))
        steps_6_to_8(tcp, tcb, seg);
}

/* [RFC9293 3.10.7.4] SYN-RECEIVED (of our own opening) and the synchronised states */
void tcp_synchronised_arrives(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    if (!admits(tcp, tcb, seg))
        return;
    tcb->last_received_ms = tcp_now_ms(tcp);
    tcp_text_and_fin(tcp, tcb, seg);
}
