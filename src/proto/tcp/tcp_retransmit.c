/*
 * Sending again: because the timer ran out, because recovery asks for it, or to knock at a closed
 * window.  [RFC6298 5 6298-7, RFC9293 3.8.3, 3.8.6.1]
 *
 *   retransmission  runs while anything is on its way; at its end everything is taken for lost and
 *                   the first segment leaves; the next wait is twice as long
 *   persist         runs while bytes wait in front of a closed window and nothing is on its way; at
 *                   its end one byte knocks; never ends the connection while the peer answers
 *
 * R1 is told, R2 ends the connection.  SYNs are tcp_handshake.c's.
 */
#include "proto/tcp/tcp_send.h"

/* ---- the timer ---- */

/* R2, or the user timeout instead, counted from the first repetition; 0: never. */
static uint32_t give_up_after_ms(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t us = settings->user_timeout_us != 0 ? settings->user_timeout_us : settings->r2_us;
    return (uint32_t)(((uint64_t)us + 999) / 1000);
}

/* With trouble_ms: no later than when R2 has passed. */
static __attribute__((noinline)) uint64_t until_r2_us(const struct tcp *tcp, const struct tcb *tcb,
                                                      uint64_t wait_us)
{
    uint32_t limit_ms = give_up_after_ms(tcp, tcb);
    if (limit_ms == 0)
        return wait_us;
    uint32_t since_ms = tcp_now_ms(tcp) - tcb->trouble_ms;
    uint64_t left_us = since_ms < limit_ms ? (uint64_t)(limit_ms - since_ms) * 1000 : 1000;
    return wait_us < left_us ? wait_us : left_us;
}

static void timer_set(struct tcp *tcp, struct tcb *tcb, uint64_t wait_us)
{
    if (tcb->trouble_ms != 0)
        wait_us = until_r2_us(tcp, tcb, wait_us);
    tcp_note_why(tcp, tcb, CIAO_DID_TIMER_SET, TCP_TIMER_REXMT, wait_us);
    tcp_timer_set(tcp, tcb, TCP_TIMER_REXMT, tcp->now + wait_us);
}

/* Without bytes, and where losses are not found by time, there is no tail to probe. */
static inline bool has_no_tail(const struct tcp *tcp, const struct tcb *tcb)
{
    return !tcb->has_side && !(tcp_tcb_settings(tcp, tcb)->more & CIAO_RACK);
}

static __attribute__((noinline)) void restart_for_tail(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t tail_us = tcp_tail_wait_us(tcp, tcb);
    tcb->repair &= (uint8_t)~REPAIR_TAIL_SET;
    if (tcp_by_time(tcp, tcb))
        tcp_rack(tcp, tcp_side(tcp, tcb))->flags &= (uint8_t)~RACK_REO_SET;
    if (tail_us != 0)
        tcb->repair |= REPAIR_TAIL_SET;
    timer_set(tcp, tcb, tail_us != 0 ? tail_us : tcb->rto_us);
}

/* [RFC6298 5.1, 5.3] */
void tcp_retransmit_timer_restart(struct tcp *tcp, struct tcb *tcb)
{
    if (!has_no_tail(tcp, tcb)) {
        restart_for_tail(tcp, tcb);
        return;
    }
    tcb->repair &= (uint8_t)~REPAIR_TAIL_SET;
    timer_set(tcp, tcb, tcb->rto_us);
}

/* ---- R1 and R2 [RFC9293 3.8.3 MUST-20, MUST-21, SHLD-9..SHLD-11] ---- */

/* False: the connection is over, and the TCB may be gone. */
static bool goes_on(struct tcp *tcp, struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t limit_ms = give_up_after_ms(tcp, tcb);
    if (tcb->trouble_ms == 0)
        tcb->trouble_ms = tcp_now_ms(tcp) != 0 ? tcp_now_ms(tcp) : 1;
    uint32_t since_ms = tcp_now_ms(tcp) - tcb->trouble_ms;
    if (limit_ms != 0 && since_ms >= limit_ms) {
        tcp_note(tcp, tcb, CIAO_TIMER_R2, since_ms, 0);
        tcp_teardown_give_up(tcp, tcb);
        return false;
    }
    if (tcb->backoff >= settings->r1 && !(tcb->flags & TCB_R1_TOLD)) {
        tcb->flags |= TCB_R1_TOLD;
        if (tcb->soft_error == 0)
            tcb->soft_error = CIAO_ETIMEDOUT; /* [RFC9293 3.9.1.8 MUST-47] */
        tcp_note(tcp, tcb, CIAO_TIMER_R1, tcb->backoff, 0);
        tcp_told(tcp, tcb);
    }
    return true;
}

/* [RFC6298 5.5 6298-8, RFC9293 3.8.2 MUST-19] */
static void back_off(const struct tcp *tcp, struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint64_t doubled = 2 * (uint64_t)tcb->rto_us;
    tcb->rto_us = doubled < settings->rto_max_us ? (uint32_t)doubled : settings->rto_max_us;
    if (tcb->backoff < UINT8_MAX)
        tcb->backoff++;
}

static bool is_to_look_again(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_by_time(tcp, tcb) && (tcp_rack(tcp, tcp_side(tcp, tcb))->flags & RACK_REO_SET);
}

/* [RFC6298 5.4-5.6, RFC9293 3.10.8 EV-54] */
void tcp_timeout_retransmit(struct tcp *tcp, struct tcb *tcb)
{
    bool fin_alone = tcb->snd.una == tcb->snd_end;
    if (tcb->snd.una == tcb->snd.nxt)
        return;
    if (tcb->repair & REPAIR_TAIL_SET) {
        tcp_tail_timeout(tcp, tcb);
        return;
    }
    if (is_to_look_again(tcp, tcb)) {
        tcp_alert_look_again(tcp, tcb);
        return;
    }
    tcp_note(tcp, tcb, fin_alone ? CIAO_TIMER_FIN : CIAO_TIMER_RETRANSMIT,
             tcp_relative(tcb, tcb->snd.una), tcb->rto_us);
    bool first = tcb->trouble_ms == 0;
    if (!goes_on(tcp, tcb))
        return;
    if (tcb->has_side) {
        tcp_side(tcp, tcb)->timeouts++;
        tcp_recovery_timeout(tcp, tcb, first);
    }
    if (fin_alone)
        tcb->flags |= TCB_PROBE;
    back_off(tcp, tcb);
    tcp_retransmit_timer_restart(tcp, tcb);
    tcp_output_wanted(tcp, tcb);
}

/* ---- sending a range again ---- */

/* New bytes may fill up the last segment: a byte that knocked at a closed window does not travel
 * alone again. [RFC9293 3.8.6.1] */
static uint32_t fill_up(const struct tcp *tcp, const struct tcb *tcb, seq_t end, uint32_t room)
{
    uint32_t unsent = tcp_unsent_bytes(tcp, tcb);
    int32_t usable = (int32_t)(tcb->snd.una + tcb->snd.wnd - end);
    if (end != tcb->snd.nxt || usable <= 0 || unsent == 0 || !tcp_range_room(tcp))
        return 0;
    if (tcp_bursts(tcp, tcb) || tcp_burst_record(tcp, tcb, unsent) != unsent)
        return 0;
    uint32_t most = (uint32_t)usable < room ? (uint32_t)usable : room;
    return unsent < most ? unsent : most;
}

/* Not more than a segment when it is one segment's turn; else as much as one frame takes. */
static uint32_t length_of(const struct tcp *tcp, struct tcb *tcb, const struct tcp_repair *repair)
{
    const struct tcp_range *range = tcp_range_at(tcp, repair->range);
    uint32_t len = range->end - range->start;
    uint32_t room = tcp_segment_room(tcp, tcb);
    uint32_t most = tcp_segment_super(tcp, tcb, room);
    most = most < repair->bytes ? most : repair->bytes;
    if (most > room)
        most -= most % room;
    return tcp_sendq_reach(tcp, tcb, range->start, len < most ? len : most);
}

static void remember_again(struct tcp *tcp, struct tcb *tcb, const struct tcp_repair *repair,
                           uint32_t len)
{
    uint32_t index = repair->range;
    struct tcp_range *range = tcp_range_at(tcp, index);
    bool oldest = range->prev == 0;
    if (len < range->end - range->start)
        tcp_range_split(tcp, tcb, index, range->start + len);
    range = tcp_range_at(tcp, index);
    if ((tcb->flags & TCB_RTO_RECOVERY) && !(range->flags & RANGE_COUNTED)) {
        tcp_side(tcp, tcb)->lost += tcp_segments_of(tcb, len);
        range->flags |= RANGE_COUNTED;
    }
    bool by_time = tcp_by_time(tcp, tcb), looks = is_to_look_again(tcp, tcb);
    if (!(range->flags & RANGE_LOST)) /* on suspicion */
        tcp_recovery_to_undo(tcb, tcp_segments_of(tcb, len));
    tcb->repair |= REPAIR_BEGUN;
    tcp_range_again(tcp, tcb, index);
    if (by_time && repair->reason != CIAO_AGAIN_TAIL_PROBE)
        tcp_alert_repaired(tcp, tcb, tcp_segments_of(tcb, len));
    if (oldest && !looks
        && !(tcb->flags & TCB_PERSIST)) /* AS LINUX: what was just sent deserves its time */
        tcp_retransmit_timer_restart(tcp, tcb);
}

enum tcp_sent tcp_retransmit_next(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame,
                                  const struct tcp_repair *repair)
{
    const struct tcp_range *range = tcp_range_at(tcp, repair->range);
    seq_t start = range->start;
    uint32_t len = length_of(tcp, tcb, repair);
    uint32_t room = tcp_segment_room(tcp, tcb);
    bool whole = len == range->end - start;
    bool open = whole && len < room && !(range->flags & RANGE_PUSH);
    uint32_t more = open ? fill_up(tcp, tcb, range->end, room - len) : 0;
    if (tcp_sendq_reach(tcp, tcb, start, len + more) < len + more)
        more = 0;
    seq_t end = start + len + more;
    struct tcp_piece piece = {
        .seq = start,
        .data_len = len + more,
        .flags = TCP_ACK,
        .gso_size = len > room ? room : 0,
        .again = true,
    };
    if (whole && (range->flags & RANGE_PUSH))
        piece.flags |= TCP_PSH;
    bool ends = tcp_bursts(tcp, tcb) ? tcp_burst_again(tcp, tcb, repair, end) : end == tcb->snd_end;
    if (ends)
        piece.flags |= TCP_PSH;
    if (end == tcb->snd_end && (tcb->flags & TCB_FIN_SENT))
        piece.flags |= TCP_FIN;
    tcp_note(tcp, tcb, repair->reason, tcp_relative(tcb, start), len);
    tcp_side(tcp, tcb)->retransmitted += tcp_segments_of(tcb, len);
    remember_again(tcp, tcb, repair, len);
    tcb->last_sent_ms = tcp_now_ms(tcp); /* no silence [RFC5681 4.1] */
    if (more != 0) {
        tcp_output_sent_new(tcp, tcb, more, false);
        tcp_burst_passed(tcp, tcb);
    }
    return tcp_segment_emit(tcp, tcb, &piece, frame) ? TCP_SENT_FRAME : TCP_SENT_ELSEWHERE;
}

/* ---- closed windows [RFC9293 3.8.6.1 MUST-35..MUST-37, SHLD-29, SHLD-30] ---- */

static uint64_t persist_wait_us(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t most = tcp_tcb_settings(tcp, tcb)->rto_max_us;
    uint64_t wait_us = (uint64_t)tcb->rto_us << (tcb->backoff < 16 ? tcb->backoff : 16);
    uint32_t user_us = tcp_tcb_settings(tcp, tcb)->user_timeout_us;
    uint64_t passed_us = (uint64_t)(tcp_now_ms(tcp) - tcb->persist_ms) * 1000;
    if (user_us != 0 && passed_us < user_us && wait_us > user_us - passed_us)
        return user_us - passed_us;
    return wait_us < most ? wait_us : most;
}

/* The first probe goes out after one timeout. */
void tcp_persist_start(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->flags & TCB_PERSIST)
        return;
    tcb->flags |= TCB_PERSIST;
    tcb->persist_ms = tcp_now_ms(tcp);
    tcb->probes = 0;
    tcb->backoff = 0;
    timer_set(tcp, tcb, persist_wait_us(tcp, tcb));
}

/* The window is open.  A byte that knocked before may have been turned away: it goes again. */
void tcp_persist_stop(struct tcp *tcp, struct tcb *tcb)
{
    tcb->flags &= ~(TCB_PERSIST | TCB_PROBE);
    tcb->backoff = 0;
    tcp_timer_stop(tcb, TCP_TIMER_REXMT);
    if (tcb->snd.una == tcb->snd.nxt)
        return;
    tcp_retransmit_timer_restart(tcp, tcb);
    if (tcb->snd.una == tcb->snd_end) {
        tcb->flags |= TCB_PROBE; /* our FIN alone */
    } else if (tcb->has_side) {
        uint32_t first = tcp_queue(tcp, tcb)->ranges_first;
        if (first != 0 && !(tcp_range_at(tcp, first)->flags & (RANGE_LOST | RANGE_SACKED)))
            tcp_range_lost(tcp, tcb, first, false);
    }
    tcp_output_wanted(tcp, tcb);
}

/* A peer that answers probes keeps a connection open for as long as somebody holds it [MUST-37];
 * what nobody holds any more it may not keep, with its buffers, for ever. [RFC6429 3, 4] */
static bool orphan_has_waited(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t limit_ms = give_up_after_ms(tcp, tcb);
    uint32_t since_ms = tcp_now_ms(tcp) - tcb->persist_ms;
    bool patient = !(tcb->flags & TCB_ORPHAN)
                   && tcp_tcb_settings(tcp, tcb)->user_timeout_us == 0; /* AS LINUX */
    return !patient && limit_ms != 0 && since_ms >= limit_ms;
}

/* Patience ends only where nobody answers at all. */
void tcp_timeout_persist(struct tcp *tcp, struct tcb *tcb)
{
    tcp_note(tcp, tcb, CIAO_TIMER_PERSIST, tcb->probes, 0);
    if (orphan_has_waited(tcp, tcb)) {
        tcp_teardown_give_up(tcp, tcb);
        return;
    }
    if (tcb->probes != 0 && !goes_on(tcp, tcb))
        return;
    if (tcb->probes < UINT8_MAX)
        tcb->probes++;
    if (tcb->backoff < UINT8_MAX)
        tcb->backoff++;
    tcb->flags |= TCB_PROBE;
    timer_set(tcp, tcb, persist_wait_us(tcp, tcb));
    tcp_output_wanted(tcp, tcb);
}

/* One byte, or our FIN, at the edge of the window: new the first time, then the same again.  Or
 * nothing but a number that is acknowledged already, which the peer answers, too. */
static struct tcp_piece probe_piece(const struct tcp *tcp, const struct tcb *tcb)
{
    struct tcp_piece piece = {.seq = tcb->snd.una, .flags = TCP_ACK};
    if ((tcb->flags & TCB_PERSIST) && tcb->snd.una == tcb->snd.nxt
        && (tcp_tcb_settings(tcp, tcb)->more & CIAO_BARE_PROBES)) {
        piece.seq--;
        piece.probe = true;
        return piece;
    }
    piece.probe = (tcb->flags & TCB_PERSIST) != 0;
    piece.again = tcb->snd.una != tcb->snd.nxt;
    if (tcb->snd.una != tcb->snd_end)
        piece.data_len = 1;
    else
        piece.flags |= TCP_FIN;
    return piece;
}

static enum ciao_reason probe_reason(const struct tcb *tcb, const struct tcp_piece *piece)
{
    return (piece->flags & TCP_FIN) && !(tcb->flags & TCB_PERSIST) ? CIAO_AGAIN_FIN
                                                                   : CIAO_AGAIN_PROBE;
}

/* A byte that was sent twice measures nothing: its range must know. */
static void count_probe(struct tcp *tcp, struct tcb *tcb, uint32_t data_len)
{
    if (!tcb->has_side)
        return;
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    tcp_side(tcp, tcb)->retransmitted++;
    if (data_len != 0 && queue->ranges_first != 0)
        tcp_range_again(tcp, tcb, queue->ranges_first);
}

enum tcp_sent tcp_retransmit_probe(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    struct tcp_piece piece = probe_piece(tcp, tcb);
    bool fin_due = (tcb->flags & TCB_FIN_QUEUED) != 0;
    tcb->flags &= ~TCB_PROBE;
    if (seq_lt(piece.seq, tcb->snd.una))
        return tcp_segment_emit(tcp, tcb, &piece, frame) ? TCP_SENT_FRAME : TCP_SENT_ELSEWHERE;
    if (piece.data_len == 0 && !fin_due)
        return TCP_SENT_NOTHING;
    if (!piece.again && !tcp_range_room(tcp))
        return TCP_SENT_NOTHING;
    if (piece.again) {
        tcp_note(tcp, tcb, probe_reason(tcb, &piece), tcp_relative(tcb, piece.seq), piece.data_len);
        count_probe(tcp, tcb, piece.data_len);
    } else {
        tcp_output_sent_new(tcp, tcb, piece.data_len, piece.data_len == 0);
        if (piece.data_len != 0)
            tcp_burst_passed(tcp, tcb);
    }
    return tcp_segment_emit(tcp, tcb, &piece, frame) ? TCP_SENT_FRAME : TCP_SENT_ELSEWHERE;
}
