/*
 * Goodbye: how a connection ends.  [RFC9293 3.6, 3.10.4, 3.10.5]
 *
 *        we close first                         the peer closes second
 *   1.   FIN-WAIT-1   -- FIN ---------------->  CLOSE-WAIT
 *   2.   FIN-WAIT-2   <-- ACK ----------------  CLOSE-WAIT      the peer may go on talking, we
 * listen
 *   3.   TIME-WAIT    <-- FIN ----------------  LAST-ACK
 *   4.   TIME-WAIT    -- ACK ---------------->  CLOSED
 *        2 MSL later: CLOSED
 *
 * Why four: each direction closes on its own, and each FIN is acknowledged on its own.  Two and
 * three travel as one segment when the peer has nothing more to say at that moment.  When both
 * close at once the FINs cross (CLOSING). A reset ends both directions at once, without a goodbye:
 * here are also the reasons to send one.
 */
#include "base/mostly.h"
#include "proto/tcp/tcp_wait.h"

/* ---- the end of a record ---- */

static __attribute__((noinline)) void give_port(struct tcp *tcp, const struct tcb *tcb)
{
    tcp_port_give_at(&tcp->ports, tcb->destination, tcp_lport(&tcb->head));
}

/* CLOSED: out of the tables; the record stays as long as the program holds the handle, or is to
 * accept it.  What goes at once leaves every table by itself. */
void tcp_teardown_gone(struct tcp *tcp, struct tcb *tcb)
{
    if ((tcb->flags & (TCB_IN_FLOW | TCB_PASSIVE)) == TCB_IN_FLOW)
        give_port(tcp, tcb);
    if (!(tcb->flags & (TCB_HAS_HANDLE | TCB_IN_ACCEPT))) {
        tcp_tcb_free(tcp, tcb);
        return;
    }
    tcp_flow_leave(tcp, tcb);
    tcp_sendq_flush(tcp, tcb);
    tcp_output_forget(tcp, tcb);
    wheel_cancel(&tcp->wheel, tcp_tcb_ref(tcp, tcb));
    tcb->rexmt_at = tcb->ack_at = tcb->other_at = tcb->keep_at = 0;
    tcp_told(tcp, tcb);
}

void tcp_teardown_end(struct tcp *tcp, struct tcb *tcb, struct tcp_end end)
{
    if (end.rst != CIAO_REASON_NONE)
        tcp_reply_tcb_rst(tcp, tcb, end.rst);
    uint32_t flushed = tcp_unsent_bytes(tcp, tcb) + tcp_unacked_bytes(tcp, tcb);
    if (flushed != 0)
        tcp_note(tcp, tcb, CIAO_DID_BUFFERS_FLUSHED, flushed, 0);
    tcb->error = (uint8_t)end.error;
    tcp_enter(tcp, &tcb->head, end.row);
    tcp_teardown_gone(tcp, tcb);
}

/* ---- FIN: our direction ---- */

static inline void queue_fin(struct tcp *tcp, struct tcb *tcb, uint32_t unsent_bytes)
{
    tcb->flags = (tcb->flags & ~TCB_HOLD_PARTIAL) | TCB_FIN_QUEUED;
    tcp_note(tcp, tcb, CIAO_DID_FIN_QUEUED, unsent_bytes, 0);
    tcp_output_wanted(tcp, tcb);
}

/* Say that there is no more to send.  The state changes now, the FIN leaves behind the last queued
 * byte. [RFC9293 3.10.4 EV-46, EV-47, EV-48, EV-49] */
int tcp_teardown_shutdown(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->flags & TCB_FIN_QUEUED)
        return 0; /* never a second FIN */
    switch ((enum ciao_state)tcb->head.state) {
    case CIAO_CLOSED:
    case CIAO_LISTEN:
    case CIAO_SYN_SENT: return -CIAO_ENOTCONN;
    case CIAO_SYN_RECEIVED:
        if (tcp_unsent_bytes(tcp, tcb) == 0)
            tcp_enter(tcp, &tcb->head, CIAO_ARC_SYN_RECEIVED_FIN_WAIT_1_CLOSED_WHILE_OPENING);
        break; /* else the arc is made when ESTABLISHED: tcp_handshake_acked() */
    case CIAO_ESTABLISHED:
        tcp_enter(tcp, &tcb->head, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST);
        break;
    case CIAO_CLOSE_WAIT:
        tcp_enter(tcp, &tcb->head, CIAO_ARC_CLOSE_WAIT_LAST_ACK_WE_CLOSED_TOO);
        break;
    case CIAO_FIN_WAIT_1:
    case CIAO_FIN_WAIT_2:
    case CIAO_CLOSING:
    case CIAO_LAST_ACK:
    case CIAO_TIME_WAIT: return 0;
    }
    queue_fin(tcp, tcb, tcb->queue == 0 ? 0 : tcp_unsent_bytes(tcp, tcb));
    return 0;
}

/* Nobody owns it any more: the peer may take its time with its FIN, but not for ever. AS LINUX:
 * tcp_fin_timeout. */
static void watch_orphan(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t wait_us = tcp_tcb_settings(tcp, tcb)->orphan_fin_wait_2_us;
    if (!(tcb->flags & TCB_ORPHAN) || wait_us == 0)
        return;
    tcp_timer_set(tcp, tcb, TCP_TIMER_OTHER, tcp->now + wait_us);
    tcp_note(tcp, tcb, CIAO_DID_TIMER_SET, TCP_TIMER_OTHER, wait_us);
}

/* The peer has acknowledged our FIN. [RFC9293 3.10.7.4 fifth EV-31, EV-32, EV-33] */
bool tcp_teardown_our_fin_acked(struct tcp *tcp, struct tcb *tcb)
{
    if (tcp_state_is(tcb, CIAO_FIN_WAIT_1)) {
        tcp_enter(tcp, &tcb->head, CIAO_ARC_FIN_WAIT_1_FIN_WAIT_2_OUR_FIN_ACKED);
        tcp_timer_stop(tcb, TCP_TIMER_OTHER); /* nothing small waits to be sent any more */
        watch_orphan(tcp, tcb);
        tcp_told(tcp, tcb); /* who lingers waits for this */
        return true;
    }
    if (tcp_state_is(tcb, CIAO_LAST_ACK)) {
        tcp_enter(tcp, &tcb->head, CIAO_ARC_LAST_ACK_CLOSED_GOODBYE_DONE);
        tcp_teardown_gone(tcp, tcb);
        return false;
    }
    if (tcp_state_is(tcb, CIAO_CLOSING)) {
        tcp_enter(tcp, &tcb->head, CIAO_ARC_CLOSING_TIME_WAIT_CROSSED_FIN_ACKED);
        tcp_wait_enter(tcp, tcb);
        return false;
    }
    return true;
}

/* ---- FIN: the peer's direction ---- */

/* The peer's FIN is next in order: there will be no more bytes.  [RFC9293 3.10.7.4 eighth
 * EV-39, EV-40, EV-41] */
void tcp_teardown_peer_fin(struct tcp *tcp, struct tcb *tcb)
{
    tcb->rcv.nxt++;
    if (seq_lt(tcb->rcv.edge, tcb->rcv.nxt))
        tcb->rcv.edge = tcb->rcv.nxt;
    tcb->flags |= TCB_FIN_RECEIVED | TCB_ACK_NOW;
    if (!(tcb->flags & TCB_ORPHAN)) /* else there is nobody to tell */
        tcp_note(tcp, tcb, CIAO_DID_EOF_QUEUED, tcb->queue == 0 ? 0 : tcp_unread_bytes(tcp, tcb),
                 0);
    if (tcp_state_is(tcb, CIAO_FIN_WAIT_2)) { /* the record sends the ACK */
        tcp_enter(tcp, &tcb->head, CIAO_ARC_FIN_WAIT_2_TIME_WAIT_PEER_CLOSED_TOO);
        tcp_wait_enter(tcp, tcb);
        return;
    }
    if (tcp_state_is(tcb, CIAO_ESTABLISHED))
        tcp_enter(tcp, &tcb->head, CIAO_ARC_ESTABLISHED_CLOSE_WAIT_PEER_CLOSED_FIRST);
    else
        tcp_enter(tcp, &tcb->head, CIAO_ARC_FIN_WAIT_1_CLOSING_FINS_CROSSED);
    tcp_output_wanted(tcp, tcb);
    tcp_told_again(tcp, tcb, CIAO_READABLE);
}

/* ---- the program gives the handle up ---- */

static struct ciao_event_report report_of(const struct tcp *tcp, const struct tcb *tcb)
{
    return (struct ciao_event_report){
        .unsent_bytes = tcp_unsent_bytes(tcp, tcb),
        .unacked_bytes = tcp_unacked_bytes(tcp, tcb),
        .unread_bytes = tcp_unread_bytes(tcp, tcb),
    };
}

static __attribute__((noinline)) void tell_what_was_lost(struct tcp *tcp, const struct tcb *tcb,
                                                         struct ciao_event_report *report)
{
    struct ciao_event_report now = report_of(tcp, tcb);
    if (report != NULL)
        *report = now;
    if (!trace_on(tcp->trace, CIAO_EVENTS_LIFE))
        return;
    struct ciao_event *event = trace_slot(tcp->trace, CIAO_EVENT_CLOSE_REPORT, tcb->head.life);
    if (event == NULL)
        return;
    event->who = CIAO_WHO_PROGRAM;
    event->from = event->to = tcb->head.state;
    event->u.report = now;
}

static inline void tell_report(struct tcp *tcp, const struct tcb *tcb,
                               struct ciao_event_report *report)
{
    if (tcb->queue != 0) {
        tell_what_was_lost(tcp, tcb, report);
        return;
    }
    if (report != NULL)
        *report = (struct ciao_event_report){0};
    trace_close_empty(tcp->trace, tcb->head.life, (enum ciao_state)tcb->head.state);
}

static const enum ciao_arc_row unread_row[CIAO_STATES] = {
    [CIAO_ESTABLISHED] = CIAO_ARC_ESTABLISHED_CLOSED_CLOSED_UNREAD,
    [CIAO_FIN_WAIT_1] = CIAO_ARC_FIN_WAIT_1_CLOSED_CLOSED_UNREAD,
    [CIAO_FIN_WAIT_2] = CIAO_ARC_FIN_WAIT_2_CLOSED_CLOSED_UNREAD,
    [CIAO_CLOSE_WAIT] = CIAO_ARC_CLOSE_WAIT_CLOSED_CLOSED_UNREAD,
    [CIAO_CLOSING] = CIAO_ARC_CLOSING_CLOSED_CLOSED_UNREAD,
    [CIAO_LAST_ACK] = CIAO_ARC_LAST_ACK_CLOSED_CLOSED_UNREAD,
};

static const enum ciao_arc_row abort_row[CIAO_STATES] = {
    [CIAO_SYN_SENT] = CIAO_ARC_SYN_SENT_CLOSED_CONNECT_CANCELLED,
    [CIAO_SYN_RECEIVED] = CIAO_ARC_SYN_RECEIVED_CLOSED_ABORTED_OPENING,
    [CIAO_ESTABLISHED] = CIAO_ARC_ESTABLISHED_CLOSED_ABORTED,
    [CIAO_FIN_WAIT_1] = CIAO_ARC_FIN_WAIT_1_CLOSED_ABORTED,
    [CIAO_FIN_WAIT_2] = CIAO_ARC_FIN_WAIT_2_CLOSED_ABORTED,
    [CIAO_CLOSE_WAIT] = CIAO_ARC_CLOSE_WAIT_CLOSED_ABORTED,
    [CIAO_CLOSING] = CIAO_ARC_CLOSING_CLOSED_ABORTED_AT_THE_END,
    [CIAO_LAST_ACK] = CIAO_ARC_LAST_ACK_CLOSED_ABORTED_AT_THE_END,
};

/* 3.10.5 sends a RST in these; in SYN-SENT the peer knows of nothing, at the end it has said
 * goodbye itself. */
static bool abort_sends_rst(const struct tcb *tcb)
{
    return tcp_state_is(tcb, CIAO_SYN_RECEIVED) || tcp_state_receives(tcb) || tcp_state_sends(tcb);
}

/* [RFC9293 3.10.5 EV-50, EV-51] */
static void abort_with(struct tcp *tcp, struct tcb *tcb, enum ciao_reason reason)
{
    if (tcp_state_is(tcb, CIAO_TIME_WAIT)) { /* the record ends with it, and takes us along */
        tcp_wait_end(tcp, tcb->wait, CIAO_ARC_TIME_WAIT_CLOSED_ABORTED_AT_THE_END);
        return;
    }
    if (tcp_state_is(tcb, CIAO_CLOSED)) {
        tcp_tcb_free(tcp, tcb);
        return;
    }
    enum ciao_reason rst = abort_sends_rst(tcb) ? reason : CIAO_REASON_NONE;
    tcp_teardown_end(tcp, tcb, (struct tcp_end){abort_row[tcb->head.state], CIAO_EABORTED, rst});
}

static void give_handle_up(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->flags & TCB_USER_LISTED)
        tcp_told_forget_tcb(tcp, tcb);
    tcb->flags = (tcb->flags & ~TCB_HAS_HANDLE) | TCB_ORPHAN;
    tcb->persist_ms = tcp_now_ms(tcp);
}

void tcp_teardown_abort(struct tcp *tcp, struct tcb *tcb, struct ciao_event_report *report)
{
    tell_report(tcp, tcb, report);
    give_handle_up(tcp, tcb);
    abort_with(tcp, tcb, CIAO_RST_ABORT);
}

/* The bytes in hand are lost by this close, and the peer is told so. [RFC9293 3.6.1 SHLD-3] */
static bool loses_bytes(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_unread_bytes(tcp, tcb) != 0 && unread_row[tcb->head.state] != 0;
}

/* What stays behind goes on by itself: the FIN, what is queued, TIME-WAIT. */
static void close_quietly(struct tcp *tcp, struct tcb *tcb)
{
    switch ((enum ciao_state)tcb->head.state) {
    case CIAO_CLOSED: tcp_tcb_free(tcp, tcb); break;
    case CIAO_SYN_SENT: /* [EV-45] */
        tcp_teardown_end(tcp, tcb, (struct tcp_end){abort_row[CIAO_SYN_SENT], CIAO_EABORTED, 0});
        break;
    case CIAO_TIME_WAIT:
        tcp_wait_at(tcp, tcb->wait)->tcb = REF_NONE;
        tcp_tcb_free(tcp, tcb);
        break;
    case CIAO_LISTEN:
    case CIAO_SYN_RECEIVED:
    case CIAO_ESTABLISHED:
    case CIAO_FIN_WAIT_1:
    case CIAO_FIN_WAIT_2:
    case CIAO_CLOSE_WAIT:
    case CIAO_CLOSING:
    case CIAO_LAST_ACK:
        (void)tcp_teardown_shutdown(tcp, tcb);
        if (tcp_state_is(tcb, CIAO_FIN_WAIT_2))
            watch_orphan(tcp, tcb);
        break;
    }
}

static __attribute__((noinline)) void close_somehow(struct tcp *tcp, struct tcb *tcb,
                                                    struct ciao_event_report *report)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    tell_report(tcp, tcb, report);
    give_handle_up(tcp, tcb);
    if (loses_bytes(tcp, tcb))
        tcp_teardown_end(
            tcp, tcb,
            (struct tcp_end){unread_row[tcb->head.state], CIAO_EABORTED, CIAO_RST_UNREAD_DATA});
    else if ((settings->flags & CIAO_LINGER) && settings->linger_us == 0 && abort_sends_rst(tcb))
        abort_with(tcp, tcb, CIAO_RST_LINGER_ZERO);
    else
        close_quietly(tcp, tcb);
}

/* Neither bytes nor settings stand in the way of a FIN. */
static inline bool only_says_goodbye(const struct tcp *tcp, const struct tcb *tcb)
{
    const uint32_t states = 1u << CIAO_ESTABLISHED | 1u << CIAO_CLOSE_WAIT;
    return MOSTLY(tcb->queue == 0) && MOSTLY(!(tcb->flags & TCB_FIN_QUEUED))
           && MOSTLY(states >> tcb->head.state & 1)
           && MOSTLY(!(tcp_tcb_settings(tcp, tcb)->flags & CIAO_LINGER));
}

/* [RFC9293 3.10.4]  Where it only says goodbye it does at once what close_somehow() would. */
void tcp_teardown_close(struct tcp *tcp, struct tcb *tcb, struct ciao_event_report *report)
{
    if (!only_says_goodbye(tcp, tcb)) {
        close_somehow(tcp, tcb, report);
        return;
    }
    if (report != NULL)
        *report = (struct ciao_event_report){0};
    if (tcp_state_is(tcb, CIAO_ESTABLISHED)) {
        trace_close_empty(tcp->trace, tcb->head.life, CIAO_ESTABLISHED);
        tcp_enter(tcp, &tcb->head, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST);
    } else {
        trace_close_empty(tcp->trace, tcb->head.life, CIAO_CLOSE_WAIT);
        tcp_enter(tcp, &tcb->head, CIAO_ARC_CLOSE_WAIT_LAST_ACK_WE_CLOSED_TOO);
    }
    give_handle_up(tcp, tcb);
    queue_fin(tcp, tcb, 0);
}

/* The listener closes, and this one still waits to be accepted. */
void tcp_teardown_never_accepted(struct tcp *tcp, struct tcb *tcb)
{
    tcb->flags &= ~TCB_IN_ACCEPT;
    if (tcp_state_is(tcb, CIAO_CLOSED))
        tcp_tcb_free(tcp, tcb);
    else
        tcp_teardown_end(tcp, tcb,
                         (struct tcp_end){tcp_state_is(tcb, CIAO_ESTABLISHED)
                                              ? CIAO_ARC_ESTABLISHED_CLOSED_NEVER_ACCEPTED
                                              : CIAO_ARC_CLOSE_WAIT_CLOSED_NEVER_ACCEPTED,
                                          CIAO_EABORTED, CIAO_RST_NEVER_ACCEPTED});
}

/* ---- others end it ---- */

/* [RFC9293 3.10.7.4 second EV-18, EV-19, EV-20] */
void tcp_teardown_peer_rst(struct tcp *tcp, struct tcb *tcb)
{
    static const struct tcp_end ends[CIAO_STATES] = {
        [CIAO_SYN_RECEIVED] = {CIAO_ARC_SYN_RECEIVED_CLOSED_OPEN_RESET, CIAO_EREFUSED, 0},
        [CIAO_ESTABLISHED] = {CIAO_ARC_ESTABLISHED_CLOSED_RESET_BY_PEER, CIAO_ERESET, 0},
        [CIAO_FIN_WAIT_1] = {CIAO_ARC_FIN_WAIT_1_CLOSED_RESET_BY_PEER, CIAO_ERESET, 0},
        [CIAO_FIN_WAIT_2] = {CIAO_ARC_FIN_WAIT_2_CLOSED_RESET_BY_PEER, CIAO_ERESET, 0},
        [CIAO_CLOSE_WAIT] = {CIAO_ARC_CLOSE_WAIT_CLOSED_RESET_BY_PEER, CIAO_ERESET, 0},
        [CIAO_CLOSING] = {CIAO_ARC_CLOSING_CLOSED_RESET_AT_THE_END, 0, 0},
        [CIAO_LAST_ACK] = {CIAO_ARC_LAST_ACK_CLOSED_RESET_AT_THE_END, 0, 0},
    };
    struct tcp_end end = ends[tcb->head.state];
    if (end.error == 0 && (tcp_tcb_settings(tcp, tcb)->more & CIAO_LINUX_ERRORS))
        end.error = CIAO_ERESET;
    tcp_teardown_end(tcp, tcb, end);
}

/* The peer still sends though our program has closed: it must learn that nobody reads.  Its own
 * acknowledgment is the number that it waits for, and so takes a RST at [RFC5961 3.2].
 * [RFC9293 3.6.1 SHLD-3] */
void tcp_teardown_data_after_close(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    enum ciao_arc_row row = tcp_state_is(tcb, CIAO_FIN_WAIT_1)
                                ? CIAO_ARC_FIN_WAIT_1_CLOSED_DATA_AFTER_CLOSE
                                : CIAO_ARC_FIN_WAIT_2_CLOSED_DATA_AFTER_CLOSE;
    const enum ciao_error error = tcb->flags & TCB_ORPHAN ? CIAO_EABORTED : CIAO_ERESET;
    tcp_reply_rst(tcp, seg, CIAO_RST_DATA_AFTER_CLOSE, tcb->head.life,
                  (enum ciao_state)tcb->head.state);
    tcp_teardown_end(tcp, tcb, (struct tcp_end){row, error, 0});
}

/* R2 has passed. [RFC9293 3.8.3 MUST-20 EV-54] */
void tcp_teardown_give_up(struct tcp *tcp, struct tcb *tcb)
{
    static const enum ciao_arc_row rows[CIAO_STATES] = {
        [CIAO_SYN_SENT] = CIAO_ARC_SYN_SENT_CLOSED_CONNECT_TIMED_OUT,
        [CIAO_SYN_RECEIVED] = CIAO_ARC_SYN_RECEIVED_CLOSED_HANDSHAKE_TIMED_OUT,
        [CIAO_ESTABLISHED] = CIAO_ARC_ESTABLISHED_CLOSED_GAVE_UP,
        [CIAO_FIN_WAIT_1] = CIAO_ARC_FIN_WAIT_1_CLOSED_GAVE_UP,
        [CIAO_CLOSE_WAIT] = CIAO_ARC_CLOSE_WAIT_CLOSED_GAVE_UP,
        [CIAO_CLOSING] = CIAO_ARC_CLOSING_CLOSED_GAVE_UP,
        [CIAO_LAST_ACK] = CIAO_ARC_LAST_ACK_CLOSED_GAVE_UP,
    };
    bool tells = tcb->soft_error != 0 && (tcp_tcb_settings(tcp, tcb)->more & CIAO_ICMP_ENDS_SYN);
    enum ciao_error error = tells ? (enum ciao_error)tcb->soft_error : CIAO_ETIMEDOUT;
    tcp_teardown_end(tcp, tcb, (struct tcp_end){rows[tcb->head.state], error, 0});
}

/* Keep-alive has asked in vain. [RFC9293 3.8.4 MUST-29]  AS LINUX with a RST, should the peer be
 * there after all. */
void tcp_teardown_no_sign_of_life(struct tcp *tcp, struct tcb *tcb)
{
    static const enum ciao_arc_row rows[CIAO_STATES] = {
        [CIAO_ESTABLISHED] = CIAO_ARC_ESTABLISHED_CLOSED_NO_SIGN_OF_LIFE,
        [CIAO_FIN_WAIT_2] = CIAO_ARC_FIN_WAIT_2_CLOSED_NO_SIGN_OF_LIFE,
        [CIAO_CLOSE_WAIT] = CIAO_ARC_CLOSE_WAIT_CLOSED_NO_SIGN_OF_LIFE,
    };
    tcp_teardown_end(tcp, tcb,
                     (struct tcp_end){rows[tcb->head.state], CIAO_ETIMEDOUT, CIAO_RST_KEEPALIVE});
}

/* The network says that there is no way, and the profile believes it. [RFC9293 3.9.2.2 SHLD-26] */
void tcp_teardown_unreachable(struct tcp *tcp, struct tcb *tcb, enum ciao_error error)
{
    static const enum ciao_arc_row rows[CIAO_STATES] = {
        [CIAO_SYN_SENT] = CIAO_ARC_SYN_SENT_CLOSED_CONNECT_UNREACHABLE,
        [CIAO_SYN_RECEIVED] = CIAO_ARC_SYN_RECEIVED_CLOSED_HANDSHAKE_UNREACHABLE,
        [CIAO_ESTABLISHED] = CIAO_ARC_ESTABLISHED_CLOSED_UNREACHABLE,
        [CIAO_FIN_WAIT_1] = CIAO_ARC_FIN_WAIT_1_CLOSED_UNREACHABLE,
        [CIAO_CLOSE_WAIT] = CIAO_ARC_CLOSE_WAIT_CLOSED_UNREACHABLE,
        [CIAO_CLOSING] = CIAO_ARC_CLOSING_CLOSED_UNREACHABLE,
        [CIAO_LAST_ACK] = CIAO_ARC_LAST_ACK_CLOSED_UNREACHABLE,
    };
    tcp_teardown_end(tcp, tcb, (struct tcp_end){rows[tcb->head.state], error, 0});
}

/* FIN-WAIT-2 of an orphan has lasted long enough. AS LINUX tcp_fin_timeout */
void tcp_teardown_fin_wait_2_timeout(struct tcp *tcp, struct tcb *tcb)
{
    tcp_note(tcp, tcb, CIAO_TIMER_FIN_WAIT_2, 0, 0);
    tcp_teardown_end(
        tcp, tcb,
        (struct tcp_end){CIAO_ARC_FIN_WAIT_2_CLOSED_ORPHAN_WAITED_ENOUGH, CIAO_ETIMEDOUT, 0});
}

/* Memory is short: of those that nobody owns, end the next one in turn. [RFC6429 4 6429-2] */
bool tcp_teardown_sacrifice(struct tcp *tcp, bool v6)
{
    static const enum ciao_arc_row rows[CIAO_STATES] = {
        [CIAO_FIN_WAIT_1] = CIAO_ARC_FIN_WAIT_1_CLOSED_ORPHAN_SACRIFICED,
        [CIAO_FIN_WAIT_2] = CIAO_ARC_FIN_WAIT_2_CLOSED_ORPHAN_SACRIFICED,
        [CIAO_CLOSING] = CIAO_ARC_CLOSING_CLOSED_ORPHAN_SACRIFICED,
        [CIAO_LAST_ACK] = CIAO_ARC_LAST_ACK_CLOSED_ORPHAN_SACRIFICED,
    };
    const struct pool *pool = v6 ? &tcp->tcbs6 : &tcp->tcbs;
    for (uint32_t looked = 0; looked < 64 && pool->used != 0; looked++) {
        tcp->orphan_hand = tcp->orphan_hand >= pool->high ? 1 : tcp->orphan_hand + 1;
        struct tcb *tcb = pool_at(pool, tcp->orphan_hand);
        if (tcb->head.life == 0 || !(tcb->flags & TCB_ORPHAN) || rows[tcb->head.state] == 0)
            continue;
        tcp_teardown_end(
            tcp, tcb,
            (struct tcp_end){rows[tcb->head.state], CIAO_ENOMEM, CIAO_RST_ORPHAN_SACRIFICED});
        return true;
    }
    return false;
}

bool tcp_teardown_make_room(struct tcp *tcp)
{
    return tcp_teardown_sacrifice(tcp, false) || tcp_teardown_sacrifice(tcp, true);
}
