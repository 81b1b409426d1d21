/*
 * What leaves next: one segment, or one super-segment, at each call.  [RFC9293 3.7.4, 3.8.6.2.1]
 *
 *   1. SYN or SYN,ACK                                              tcp_handshake.c
 *   2. what was lost                                               tcp_recovery.c says which
 *   3. new bytes, as the peer's window and cwnd allow, in full segments; a part of one by Nagle's
 *      rule and the sender's silly-window rule; FIN behind the last byte
 *   4. when there is nothing new: what may have been lost
 *   5. an ACK alone, when one is owed
 */
#include "proto/tcp/tcp_send.h"

#include "proto/tcp/tcp_cc.h"

#define ANSWER_MS   40u     /* no later than that, or it is none */
#define OVERRIDE_US 200000u /* 0.1 s to 1 s [RFC9293 3.8.6.2.1] */

/* What of the queue leaves now. */
struct plan {
    uint32_t len;
    uint32_t room; /* payload of a full segment */
    bool fin;
};

static bool has_queue(const struct tcb *tcb)
{
    switch ((enum ciao_state)tcb->head.state) {
    case CIAO_CLOSED:
    case CIAO_LISTEN:
    case CIAO_SYN_SENT: /* bytes queued wait for ESTABLISHED [RFC9293 3.10.2] */
    case CIAO_SYN_RECEIVED: return false;
    case CIAO_ESTABLISHED:
    case CIAO_FIN_WAIT_1: return true;
    case CIAO_FIN_WAIT_2: /* all was acknowledged */ return false;
    case CIAO_CLOSE_WAIT:
    case CIAO_CLOSING:
    case CIAO_LAST_ACK: return true;
    case CIAO_TIME_WAIT: break;
    }
    return false;
}

/* ---- bookkeeping ---- */

/* With a second segment on its way a tail probe can come sooner than the timer. [RFC8985 7.2] */
static bool tail_is_new(const struct tcp *tcp, const struct tcb *tcb, uint32_t len)
{
    uint32_t flight = tcp_flight(tcb);
    return !(tcb->repair & REPAIR_TAIL_SET) && flight > tcb->smss && flight - len <= tcb->smss
           && tcp_tail_wait_us(tcp, tcb) != 0;
}

/* [RFC6298 5.1] */
void tcp_output_start_timer(struct tcp *tcp, struct tcb *tcb, uint32_t len)
{
    if (!tcp_timer_is_set(tcb, TCP_TIMER_REXMT))
        tcp_retransmit_timer_restart(tcp, tcb);
    else if (tcp_by_time(tcp, tcb))
        tcp_tail_again(tcp, tcb);
    else if (tail_is_new(tcp, tcb, len))
        tcp_retransmit_timer_restart(tcp, tcb);
}

static void sent_by_time(const struct tcp *tcp, const struct tcb *tcb, uint32_t len)
{
    if (tcp_flight(tcb) == len && tcb->last_sent_ms != 0)
        tcp_alert_silence(tcp, tcb, tcp_now_ms(tcp) - tcb->last_sent_ms);
    tcp_alert_sent(tcp, tcb, tcp_segments_of(tcb, len));
}

/* What left does not wait any more: with a limit of what may, there is room now. */
__attribute__((noinline)) static void told_of_room(struct tcp *tcp, struct tcb *tcb)
{
    if (tcp_tcb_settings(tcp, tcb)->notsent_lowat_bytes != 0)
        tcp_told(tcp, tcb);
}

/* AS LINUX: bytes that leave soon after others came are an answer to them. */
static void note_answer(struct tcb *tcb, uint32_t now_ms)
{
    if (now_ms - tcb->last_data_ms < ANSWER_MS)
        tcb->dialogue |= DIALOGUE_ANSWERED;
}

void tcp_output_has_sent(struct tcp *tcp, struct tcb *tcb, bool data)
{
    uint32_t now_ms = tcp_now_ms(tcp);
    if (data && tcb->quick_acks != 0 && tcb->dialogue == DIALOGUE_HEARD)
        note_answer(tcb, now_ms);
    tcb->last_sent_ms = now_ms;
    tcp_timer_stop(tcb, TCP_TIMER_OTHER); /* the override's wait is over */
    if (!(tcb->told_ready & CIAO_WRITABLE))
        told_of_room(tcp, tcb);
}

void tcp_output_sent_new(struct tcp *tcp, struct tcb *tcb, uint32_t len, bool fin)
{
    if (len != 0)
        tcp_range_sent(tcp, tcb, tcb->snd.nxt, tcb->snd.nxt + len);
    tcb->snd.nxt += len;
    if (fin) {
        tcb->snd.nxt++;
        tcb->flags |= TCB_FIN_SENT;
    }
    tcb->flags &= ~TCB_PUSH;
    if (tcp_by_time(tcp, tcb))
        sent_by_time(tcp, tcb, len);
    tcp_output_start_timer(tcp, tcb, len);
    tcp_output_has_sent(tcp, tcb, len != 0);
}

/* After a silence nothing is known about the network any more. [RFC5681 4.1 5681-8] */
static void restart_after_idle(struct tcp *tcp, struct tcb *tcb, struct tcp_side *side)
{
    uint32_t idle_ms = tcp_now_ms(tcp) - tcb->last_sent_ms;
    if (tcb->snd.una != tcb->snd.nxt || tcb->last_sent_ms == 0 || idle_ms <= tcb->rto_us / 1000)
        return;
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    if (!(settings->more & CIAO_IDLE_RESTART))
        return;
    uint32_t restart = tcp_cc_initial_window(tcb->smss, settings->initial_window_segments);
    if (side->cwnd <= restart)
        return;
    side->cwnd = restart;
    tcp_cc_at(settings->congestion)->idle(tcb, side);
}

/* ---- a part of a segment ---- */

/* It waits, but not for ever. [RFC9293 3.8.6.2.1 MUST-38, 3.9.1.2 MUST-60] */
static bool wait_for_more(struct tcp *tcp, struct tcb *tcb)
{
    bool once = (tcp_tcb_settings(tcp, tcb)->more & CIAO_HOLD_ONCE) != 0;
    if (once && tcb->snd.una != tcb->snd.nxt) /* the next ACK ends it */
        return false;
    if (!tcp_timer_is_set(tcb, TCP_TIMER_OTHER))
        tcp_timer_set(tcp, tcb, TCP_TIMER_OTHER, tcp->now + (once ? tcb->rto_us : OVERRIDE_US));
    return false;
}

static bool is_held(const struct tcp *tcp, const struct tcb *tcb)
{
    return (tcb->flags & TCB_HOLD_PARTIAL) || (tcp_tcb_settings(tcp, tcb)->flags & CIAO_CORK);
}

/* Nagle: one small segment at a time. [RFC9293 3.7.4 SHLD-7, MUST-17] */
static bool nagle_allows(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->snd.una == tcb->snd.nxt || (tcp_tcb_settings(tcp, tcb)->flags & CIAO_NODELAY)
           || (tcb->urgent & URGENT_SEND); /* AS LINUX */
}

/* May `len` bytes leave that do not fill a segment?  The last ones of a record may; else the four
 * cases of 3.8.6.2.1; (1) is a full one. [RFC9293 3.8.6.2.1 MUST-38] */
static bool part_may_leave(struct tcp *tcp, struct tcb *tcb, uint32_t len, uint32_t unsent)
{
    if (tcb->flags & TCB_PUSH) /* (4) */
        return true;
    if (len < unsent && len == tcp_burst_record(tcp, tcb, unsent))
        return true;
    if (len == unsent && tcp_fin_waits(tcb)) /* nothing will ever fill it */
        return true;
    if (is_held(tcp, tcb))
        return wait_for_more(tcp, tcb);
    if (len == unsent || len >= tcb->snd.max_wnd / 2) /* (2), (3) */
        return nagle_allows(tcp, tcb);
    return tcb->snd.una == tcb->snd.nxt ? wait_for_more(tcp, tcb) : false;
}

/* ---- how much ---- */

/* Full segments, as many as one frame takes; and the rest of the queue behind them, if it could
 * leave by itself. */
static uint32_t whole_segments(struct tcp *tcp, struct tcb *tcb, uint32_t most,
                               const struct plan *plan)
{
    uint32_t super = tcp_segment_super(tcp, tcb, plan->room);
    uint32_t len = most < super ? most : super;
    if (super == plan->room) /* the usual link */
        return tcp_sendq_reach(tcp, tcb, tcb->snd.nxt, plan->room);
    len = tcp_sendq_reach(tcp, tcb, tcb->snd.nxt, len);
    uint32_t rest = len % plan->room;
    if (rest == 0 || len < plan->room)
        return len;
    bool tail = len == tcp_unsent_bytes(tcp, tcb) && !is_held(tcp, tcb)
                && (tcp_fin_waits(tcb) || (tcp_tcb_settings(tcp, tcb)->flags & CIAO_NODELAY));
    return tail ? len : len - rest;
}

/* What of the burst fits into a frame: whole segments, or its end. */
static uint32_t burst_now(struct tcp *tcp, struct tcb *tcb, const struct tcp_burst *burst)
{
    uint32_t len = tcp_burst_now(tcp, tcb, burst);
    if (len == 0) {
        if (!(tcb->flags & TCB_CWND_LIMITED))
            wait_for_more(tcp, tcb);
        return 0;
    }
    uint32_t super = tcp_segment_super(tcp, tcb, burst->room);
    uint32_t most = len < super ? len : super - super % burst->room;
    uint32_t reach = tcp_sendq_reach(tcp, tcb, tcb->snd.nxt, most);
    return reach == len || reach < burst->room ? reach : reach - reach % burst->room;
}

/* `usable`: bytes of the peer's window that are free. */
static uint32_t length_now(struct tcp *tcp, struct tcb *tcb, uint32_t usable,
                           const struct plan *plan)
{
    uint32_t unsent = tcp_unsent_bytes(tcp, tcb);
    if (unsent == 0)
        return 0;
    struct tcp_side *side = tcp_side(tcp, tcb);
    restart_after_idle(tcp, tcb, side);
    if (tcp_bursts(tcp, tcb))
        return burst_now(tcp, tcb, &(struct tcp_burst){unsent, usable, plan->room});
    uint32_t record = tcp_burst_record(tcp, tcb, unsent);
    uint32_t len = record < usable ? record : usable;
    uint32_t space = tcp_recovery_space(tcb, side); /* [RFC5681 2 5681-1] */
    if ((tcb->repair & REPAIR_TAIL_DUE) && space < plan->room)
        space = plan->room;
    if (space < (len < plan->room ? len : plan->room)) {
        tcb->flags |= TCB_CWND_LIMITED;
        return 0;
    }
    tcb->flags &= ~TCB_CWND_LIMITED;
    if (len >= plan->room)
        return whole_segments(tcp, tcb, len < space ? len : space, plan);
    return part_may_leave(tcp, tcb, len, unsent) ? tcp_sendq_reach(tcp, tcb, tcb->snd.nxt, len) : 0;
}

/* Nothing is on its way that could bring news of the window: ask. */
static void window_is_closed(struct tcp *tcp, struct tcb *tcb)
{
    if (tcp_by_time(tcp, tcb) && tcp_recovery_space(tcb, tcp_side(tcp, tcb)) >= tcb->smss)
        tcp_held_by(tcp, tcp_side(tcp, tcb), HELD_WINDOW);
    if (tcb->snd.una == tcb->snd.nxt)
        tcp_persist_start(tcp, tcb);
}

/* ---- new bytes and FIN ---- */

/* These have just left: at the end of the queue, of a record or of a burst.
 * [RFC9293 3.9.1.2 MUST-61, SHLD-27, SHLD-28] */
static bool ends_with_push(struct tcp *tcp, struct tcb *tcb, const struct plan *plan,
                           uint32_t unsent)
{
    if (tcp_bursts(tcp, tcb))
        return tcp_burst_left(tcp, tcb, plan->len, plan->room);
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (queue->marks_first == 0)
        return plan->len == unsent;
    uint32_t first = queue->marks_first;
    tcp_burst_passed(tcp, tcb);
    if (queue->marks_first != first)
        tcp_range_at(tcp, queue->ranges_last)->flags |= RANGE_PUSH;
    return queue->marks_first != first || plan->len == unsent;
}

static enum tcp_sent send_new(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    uint32_t unsent = tcp_unsent_bytes(tcp, tcb);
    if (unsent == 0 && !tcp_fin_waits(tcb)) {
        tcb->flags &= ~TCB_CWND_LIMITED;
        return TCP_SENT_NOTHING;
    }
    int32_t usable = (int32_t)(tcb->snd.una + tcb->snd.wnd - tcb->snd.nxt); /* [MUST-34] */
    if (usable <= 0) {
        window_is_closed(tcp, tcb);
        return TCP_SENT_NOTHING;
    }
    if (!tcp_range_room(tcp)) {
        wait_for_more(tcp, tcb);
        return TCP_SENT_NOTHING;
    }
    struct plan plan = {.room = tcp_segment_room(tcp, tcb)};
    plan.len = length_now(tcp, tcb, (uint32_t)usable, &plan);
    plan.fin = plan.len == unsent && tcp_fin_waits(tcb) && (uint32_t)usable > plan.len;
    if (plan.len == 0 && !plan.fin)
        return TCP_SENT_NOTHING;
    struct tcp_piece piece = {
        .seq = tcb->snd.nxt,
        .data_len = plan.len,
        .flags = TCP_ACK,
        .gso_size = plan.len > plan.room ? plan.room : 0,
    };
    if (plan.fin)
        piece.flags |= TCP_FIN;
    tcp_output_sent_new(tcp, tcb, plan.len, plan.fin);
    if (plan.len != 0 && ends_with_push(tcp, tcb, &plan, unsent))
        piece.flags |= TCP_PSH;
    return tcp_segment_emit(tcp, tcb, &piece, frame) ? TCP_SENT_FRAME : TCP_SENT_ELSEWHERE;
}

static enum tcp_sent repair(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame,
                            struct tcp_repair what)
{
    return what.range == 0 ? TCP_SENT_NOTHING : tcp_retransmit_next(tcp, tcb, frame, &what);
}

/* A tail probe: new bytes where there are any, beyond cwnd if need be; else the last ones again.
 * [RFC8985 7.3] */
static enum tcp_sent send_tail(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    enum tcp_sent sent = send_new(tcp, tcb, frame);
    bool again = sent == TCP_SENT_NOTHING;
    if (again)
        sent = repair(tcp, tcb, frame, tcp_tail_segment(tcp, tcb));
    tcp_tail_sent(tcp, tcb, again);
    return sent;
}

/* F-RTO: new bytes find out whether the timeout was needless; where there are none, it was not.
 * [RFC5682 3.1 step 2] */
static enum tcp_sent send_doubting(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_rack *rack = tcp_rack(tcp, side);
    enum tcp_sent sent = send_new(tcp, tcb, frame);
    if (sent == TCP_SENT_NOTHING && seq_leq(tcb->snd.nxt, side->recover))
        rack->flags &= (uint8_t) ~(RACK_FRTO | RACK_NEW_ONLY);
    return sent;
}

static bool is_doubting(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_by_time(tcp, tcb) && (tcp_rack(tcp, tcp_side(tcp, tcb))->flags & RACK_NEW_ONLY) != 0;
}

static enum tcp_sent from_queue(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    enum tcp_sent sent = TCP_SENT_NOTHING;
    if ((tcb->flags & TCB_RTO_RECOVERY) && is_doubting(tcp, tcb))
        sent = send_doubting(tcp, tcb, frame);
    if (sent == TCP_SENT_NOTHING && (tcb->flags & TCB_RTO_RECOVERY) && is_doubting(tcp, tcb))
        return sent;
    if (sent == TCP_SENT_NOTHING && (tcb->flags & TCB_PROBE))
        sent = tcp_retransmit_probe(tcp, tcb, frame);
    if (sent == TCP_SENT_NOTHING && (tcb->repair & REPAIR_TAIL_DUE))
        sent = send_tail(tcp, tcb, frame);
    if (sent == TCP_SENT_NOTHING && tcb->has_side && tcp_side(tcp, tcb)->lost_bytes != 0)
        sent = repair(tcp, tcb, frame, tcp_recovery_lost(tcp, tcb));
    if (sent == TCP_SENT_NOTHING)
        sent = send_new(tcp, tcb, frame);
    if (sent == TCP_SENT_NOTHING && (tcb->flags & TCB_RECOVERY))
        sent = repair(tcp, tcb, frame, tcp_recovery_suspect(tcp, tcb));
    return sent;
}

/* ---- an ACK alone ---- */

static enum tcp_sent send_ack(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    struct tcp_piece piece = {.seq = tcb->snd.nxt, .flags = TCP_ACK};
    if (tcb->flags & TCB_KEEPALIVE)
        piece = tcp_keepalive_piece(tcb);
    return tcp_segment_emit(tcp, tcb, &piece, frame) ? TCP_SENT_FRAME : TCP_SENT_ELSEWHERE;
}

/* After a frame: usually that was all. */
bool tcp_output_more(const struct tcp *tcp, const struct tcb *tcb)
{
    const uint32_t due = TCB_ACK_NOW | TCB_SYN_DUE | TCB_PROBE | TCB_RECOVERY | TCB_RTO_RECOVERY;
    if ((tcb->flags & due) || tcp_fin_waits(tcb))
        return true;
    if (!tcb->has_side)
        return false;
    return tcp_unsent_bytes(tcp, tcb) != 0 || tcp_side(tcp, tcb)->lost_bytes != 0;
}

/* Everything that has arrived was processed before this is asked, and an ACK that is owed rides on
 * whatever leaves. [RFC9293 3.10.7.4 MUST-58, MUST-59] */
enum tcp_sent tcp_output_next(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    if (tcb->flags & TCB_SYN_DUE)
        return tcp_handshake_output(tcp, tcb, frame);
    if (has_queue(tcb)) {
        enum tcp_sent sent = from_queue(tcp, tcb, frame);
        if (sent != TCP_SENT_NOTHING)
            return sent;
    }
    return tcb->flags & (TCB_ACK_NOW | TCB_KEEPALIVE) ? send_ack(tcp, tcb, frame)
                                                      : TCP_SENT_NOTHING;
}
