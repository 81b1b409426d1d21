/*
 * What the peer acknowledges: step five of RFC 9293 3.10.7.4, once the ACK is known to be
 * acceptable.
 *
 *   1. what it acknowledges is freed, and timed                    [RFC6298, RFC9293 3.10.7.4]
 *   2. what its SACK blocks tell is marked                         [RFC2018, RFC6675]
 *   3. the window is taken over                                    [RFC9293 3.10.7.4, 3.8.6]
 *   4. losses are found, recovery goes on, cwnd moves              [RFC5681, RFC6675, RFC6582]
 *   5. the retransmission timer is stopped, or begins anew         [RFC6298 5.2, 5.3]
 *
 * The usual ACK (in order, nothing lost) looks at the front of the queue alone.
 */
#include "proto/tcp/tcp_ack_usual.h"

/* ---- the window ---- */

static void tell_window(struct tcp *tcp, struct tcb *tcb)
{
    bool closed = tcb->snd.wnd == 0;
    bool told = (tcb->flags & TCB_WINDOW_TOLD) != 0;
    if (closed == told)
        return;
    tcb->flags ^= TCB_WINDOW_TOLD;
    tcp_note(tcp, tcb, closed ? CIAO_DID_WINDOW_CLOSED : CIAO_DID_WINDOW_OPENED,
             tcp_relative(tcb, tcb->snd.una), tcb->snd.wnd);
}

/* The right edge may move left, and what is on its way lie beyond it: then nothing new is sent.
 * [RFC9293 3.10.7.4 fifth EV-28, 3.8.6 MUST-34, SHLD-15] */
static void window_changed(struct tcp *tcp, struct tcb *tcb, uint32_t wnd)
{
    if (wnd > tcb->snd.max_wnd)
        tcb->snd.max_wnd = wnd;
    tell_window(tcp, tcb);
    if ((tcb->flags & TCB_PERSIST) && wnd != 0)
        tcp_persist_stop(tcp, tcb);
}

static inline void window_update(struct tcp *tcp, struct tcb *tcb, seq_t seq,
                                 const struct tcp_news *news)
{
    if (!tcp_ack_is_newer(tcb, seq, news->ack))
        return;
    bool same = tcb->snd.wnd == news->wnd;
    tcb->snd.wl1 = seq;
    tcb->snd.wl2 = news->ack;
    tcb->snd.wnd = news->wnd;
    if (!same)
        window_changed(tcp, tcb, news->wnd);
}

void tcp_ack_window_update(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    const struct tcp_news news = {.ack = seg->ack, .wnd = seg->wnd};
    window_update(tcp, tcb, seg->seq, &news);
}

/* ---- round trips ---- */

/* Does the echo answer the last sending?  One of an earlier sending measures how long we waited for
 * the timer, and not the network: its ACK was lost, and would make the next wait longer still. */
static bool echo_is_fresh(const struct tcb *tcb, const struct tcp_ack_work *work)
{
    uint32_t again_ticks = (uint32_t)(work->again_us / 1000) + tcb->ts_offset;
    return work->has_ts && work->ts_ecr != 0 && !seq_lt(work->ts_ecr, again_ticks);
}

/* Once a round trip, and after a timeout as soon as can be; from what was sent once, or else from
 * the timestamp. [RFC6298 3, RFC7323 4.1] */
static void measure(struct tcp *tcp, struct tcb *tcb, const struct tcp_ack_work *work)
{
    bool every = tcp_by_time(tcp, tcb); /* AS LINUX */
    if (tcb->backoff == 0 && !every && seq_leq(tcb->snd.una, tcb->rtt_seq))
        return;
    if (work->has_rtt && !work->repeated) {
        tcp_rtt_measured(
            tcp, tcb, tcp->now > work->rtt_sent_us ? (uint32_t)(tcp->now - work->rtt_sent_us) : 0);
    } else if (work->repeated && echo_is_fresh(tcb, work)) {
        uint32_t ticks = tcp_ts_now(tcp, tcb->ts_offset) - work->ts_ecr;
        if (ticks > 1000000) /* an echo of nothing that we sent */
            return;
        tcp_rtt_measured(tcp, tcb, ticks * 1000);
    } else {
        return;
    }
    tcb->backoff = 0;
    if (!every || seq_gt(tcb->snd.una, tcb->rtt_seq))
        tcb->rtt_seq = tcb->snd.nxt;
}

/* ---- the cumulative acknowledgement ---- */

bool tcp_fin_acked(const struct tcb *tcb)
{
    return (tcb->flags & TCB_FIN_SENT) && seq_gt(tcb->snd.una, tcb->snd_end);
}

static void free_acked(struct tcp *tcp, struct tcb *tcb, struct tcp_ack_work *work)
{
    tcp_range_acked(tcp, tcb, tcb->snd.una, work);
    tcp_sendq_free_to(tcp, tcb, tcb->snd.una);
    tcp_note_why(tcp, tcb, CIAO_DID_SENT_DATA_FREED, tcp_relative(tcb, tcb->snd.una), work->acked);
}

static void move_una(struct tcb *tcb, seq_t ack)
{
    tcb->snd.una = ack;
    tcb->sacked_to = seq_max(tcb->sacked_to, ack); /* no branch: before the first byte it is 0 */
}

/* Something of ours has arrived: no trouble any more. [RFC9293 3.8.3 MUST-20] */
static void no_trouble(struct tcb *tcb)
{
    tcb->dup_acks = 0;
    tcb->trouble_ms = 0;
    tcb->flags &= ~TCB_R1_TOLD;
}

static void advance(struct tcp *tcp, struct tcb *tcb, seq_t ack, struct tcp_ack_work *work)
{
    work->acked = ack - tcb->snd.una;
    move_una(tcb, ack); /* the ranges look at it */
    if (tcb->has_side)
        free_acked(tcp, tcb, work);
    measure(tcp, tcb, work);
    no_trouble(tcb);
}

/* All acknowledged: off [RFC6298 5.2].  Else a new timeout from now [5.3]. */
static void timer(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->snd.una != tcb->snd.nxt) {
        if (!(tcb->flags & TCB_PERSIST))
            tcp_retransmit_timer_restart(tcp, tcb);
        return;
    }
    tcp_ack_timer_off(tcp, tcb);
}

/* ---- duplicates ---- */

/* [RFC5681 2] outstanding data, no text, no SYN or FIN, the same ACK and the same window.  The
 * answer to a knock at a closed window is none: nothing was lost, there is no room. */
static bool is_duplicate(const struct tcb *tcb, const struct tcp_news *news, uint32_t len)
{
    return news->ack == tcb->snd.una && tcb->snd.una != tcb->snd.nxt && len == 0
           && news->wnd == tcb->snd.wnd && news->wnd != 0;
}

static void count_duplicate(struct tcb *tcb)
{
    if (tcb->dup_acks < UINT8_MAX)
        tcb->dup_acks++;
}

/* The peer asks for what it has said it holds: it has dropped it. [RFC2018 8 2018-6] */
static void look_for_reneging(struct tcp *tcp, struct tcb *tcb)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    const struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (side->sacked_bytes == 0 || queue->ranges_first == 0)
        return;
    if (!(tcp_range_at(tcp, queue->ranges_first)->flags & RANGE_SACKED))
        return;
    tcp_note(tcp, tcb, CIAO_DID_SACK_RENEGED, tcp_relative(tcb, tcb->snd.una), side->sacked_bytes);
    tcp_range_forget_sacks(tcp, tcb);
}

/* ---- by time ---- */

/* First what came out of order, then what is whole: so that each arrival is counted once, and what
 * fills a hole is known to be late. */
static void late_ones(const struct tcp *tcp, const struct tcb *tcb, seq_t before,
                      struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    seq_t highest = side->sacked_bytes != 0 ? tcb->sacked_to : tcb->snd.una;
    if ((tcb->flags & TCB_SACK) && work->has_late && seq_lt(work->late, before))
        tcp_rack_reordered(tcp, tcb, work->late, highest);
    work->has_late = false;
}

static seq_t sacks(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg,
                   struct tcp_ack_work *work)
{
    const struct tcp_side *side = tcp_side(tcp, tcb);
    seq_t before = side->sacked_bytes != 0 ? tcb->sacked_to : tcb->snd.una;
    work->asked = tcb->snd.una != tcb->snd.nxt;
    if (seg->h.opt.n_sack == 0 || !(tcb->flags & TCB_SACK))
        return before;
    tcp_sack_arrived(tcp, tcb, seg, work);
    late_ones(tcp, tcb, before, work);
    if (seg->ack == tcb->snd.una && work->sacked != 0)
        measure(tcp, tcb, work);
    return before;
}

/* It comes late itself, but what it tells of may be news. AS LINUX */
static void overtaken(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg,
                      struct tcp_ack_work *work)
{
    if (!tcp_by_time(tcp, tcb) || seg->h.opt.n_sack == 0)
        return;
    work->overtaken = true;
    sacks(tcp, tcb, seg, work);
    tcp_alert_acked(tcp, tcb, work);
    tcp_output_wanted(tcp, tcb);
}

/* The head left after what was SACKed now: it deserves its time. AS LINUX */
static bool head_is_younger(const struct tcp *tcp, const struct tcb *tcb,
                            const struct tcp_ack_work *work)
{
    uint32_t first = tcp_queue(tcp, tcb)->ranges_first;
    return work->acked == 0 && work->has_rtt && first != 0 && !(tcb->flags & TCB_PERSIST)
           && tcp_range_at(tcp, first)->sent_us > work->rtt_sent_us;
}

/* ---- all of it ---- */

static bool has_something_to_send(const struct tcp *tcp, const struct tcb *tcb)
{
    const uint32_t fin = TCB_FIN_QUEUED | TCB_FIN_SENT;
    if (tcb->has_side && (tcp_side(tcp, tcb)->lost_bytes != 0 || tcp_unsent_bytes(tcp, tcb) != 0))
        return true;
    return (tcb->flags & fin) == TCB_FIN_QUEUED || (tcb->flags & TCB_RECOVERY);
}

static void scoreboard(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg,
                       struct tcp_ack_work *work)
{
    if (work->acked != 0)
        look_for_reneging(tcp, tcb);
    tcp_sack_arrived(tcp, tcb, seg, work);
    if (work->arrivals->n != 0)
        tcp_loss_detect(tcp, tcb, work);
}

/* [RFC9293 3.8.6.1 MUST-37, SHLD-17, RFC6429 3 6429-1] */
static void answered_probe(struct tcb *tcb)
{
    tcb->probes = 0; /* it is there, and asks for patience */
    tcb->trouble_ms = 0;
    tcb->flags &= ~TCB_R1_TOLD;
}

static __attribute__((noinline)) void ack_with_data(struct tcp *tcp, struct tcb *tcb,
                                                    const struct tcp_segment *seg)
{
    struct tcp_arrivals arrivals;
    arrivals.n = 0;
    struct tcp_ack_work work = {
        .arrivals = &arrivals,
        .has_ts = (tcb->flags & TCB_TS) && seg->h.opt.has_ts,
        .ts_ecr = seg->h.opt.ts_ecr,
        .echo = (tcb->ecn & ECN_OK) && (seg->flags & TCP_ECE),
    };
    if (seq_lt(seg->ack, tcb->snd.una)) {
        overtaken(tcp, tcb, seg, &work);
        return;
    }
    if ((tcb->flags & TCB_HOLD_PARTIAL) && (tcp_tcb_settings(tcp, tcb)->more & CIAO_HOLD_ONCE))
        tcb->flags &= ~TCB_HOLD_PARTIAL;
    work.duplicate = is_duplicate(tcb, &(struct tcp_news){seg->ack, seg->wnd, 0}, seg->len);
    if (work.duplicate)
        count_duplicate(tcb);
    bool by_time = tcp_by_time(tcp, tcb);
    seq_t before = by_time ? sacks(tcp, tcb, seg, &work) : 0;
    if (seg->ack != tcb->snd.una)
        advance(tcp, tcb, seg->ack, &work);
    if (by_time)
        late_ones(tcp, tcb, before, &work);
    else if (tcb->flags & TCB_SACK)
        scoreboard(tcp, tcb, seg, &work);
    if (tcb->snd.wnd == 0)
        answered_probe(tcb);
    tcp_ack_window_update(tcp, tcb, seg);
    if (by_time)
        tcp_alert_acked(tcp, tcb, &work);
    else
        tcp_recovery_acked(tcp, tcb, &work);
    if (by_time && !work.timer_is_set && head_is_younger(tcp, tcb, &work))
        timer(tcp, tcb);
    if (work.acked != 0) {
        if (!work.timer_is_set || tcb->snd.una == tcb->snd.nxt)
            timer(tcp, tcb);
        tcp_ack_tell_writable(tcp, tcb);
    }
    if (has_something_to_send(tcp, tcb))
        tcp_output_wanted(tcp, tcb);
}

/* No byte was ever queued, sent or received: there are a SYN, a FIN and the window to hear of, but
 * no range to free or to time, nothing to be SACKed or lost, and no cwnd. */
static inline __attribute__((always_inline)) void ack_without_data(struct tcp *tcp, struct tcb *tcb,
                                                                   const struct tcp_said *said)
{
    const struct tcp_news *news = &said->news;
    bool advances = news->ack != tcb->snd.una;
    if (is_duplicate(tcb, news, said->len))
        count_duplicate(tcb);
    if (advances) {
        move_una(tcb, news->ack);
        no_trouble(tcb);
    }
    if (tcb->snd.wnd == 0)
        answered_probe(tcb);
    window_update(tcp, tcb, said->seq, news);
    if (advances) {
        timer(tcp, tcb);
        tcp_ack_tell_writable(tcp, tcb);
    }
    if (has_something_to_send(tcp, tcb))
        tcp_output_wanted(tcp, tcb);
}

bool tcp_ack_arrived(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    if (tcb->has_side)
        ack_with_data(tcp, tcb, seg);
    else if (!seq_lt(seg->ack, tcb->snd.una))
        ack_without_data(tcp, tcb, &(struct tcp_said){{seg->ack, seg->wnd, 0}, seg->seq, seg->len});
    return tcp_fin_acked(tcb);
}

bool tcp_ack_alone(struct tcp *tcp, struct tcb *tcb, const struct tcp_said *said)
{
    ack_without_data(tcp, tcb, said);
    return tcp_fin_acked(tcb);
}

/* The usual case of it: tcp_ack_usual.h.  This is what is rarer of that: more was sent than is
 * acknowledged, or in several pieces. */
void tcp_ack_part(struct tcp *tcp, struct tcb *tcb, const struct tcp_news *news)
{
    struct tcp_arrivals arrivals;
    arrivals.n = 0;
    struct tcp_ack_work work = {
        .arrivals = &arrivals,
        .has_ts = (tcb->flags & TCB_TS) != 0,
        .ts_ecr = news->ts_ecr,
    };
    advance(tcp, tcb, news->ack, &work);
    tcp_ack_window_stays(tcb, news);
    if (work.needless != 0 || (tcb->flags & TCB_CWND_LIMITED))
        tcp_recovery_acked(tcp, tcb, &work);
    timer(tcp, tcb);
    tcp_ack_tell_writable(tcp, tcb);
}
