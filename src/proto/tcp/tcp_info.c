/*
 * What can be asked of connections and tables, and what an ICMP error does to a connection.
 */
#include "proto/tcp/tcp_send.h"
#include "wire/addr.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"

/* ---- what was sent, as its ranges tell ---- */

static void ranges_info(const struct tcp *tcp, const struct tcb *tcb, struct ciao_info *info)
{
    for (uint32_t i = tcp_queue(tcp, tcb)->ranges_first; i != 0; i = tcp_range_at(tcp, i)->next) {
        const struct tcp_range *range = tcp_range_at(tcp, i);
        bool lost = (range->flags & RANGE_LOST) != 0;
        bool again = (range->flags & RANGE_RETRANSMITTED) != 0;
        info->unacked_segments += range->segments;
        if (range->flags & RANGE_SACKED)
            info->sacked_segments += range->segments;
        else if (tcp_side(tcp, tcb)->rack != 0 ? (range->flags & RANGE_MARKED) != 0 : lost || again)
            info->marked_segments += range->segments;
        if (again && !lost && !(range->flags & RANGE_SACKED))
            info->again_segments += range->segments;
    }
}

/* Sent more than once: what was sent less what there is. */
static uint32_t repeated_bytes(const struct tcb *tcb, const struct tcp_side *side)
{
    uint32_t controls = 1 + (tcb->flags & TCB_FIN_SENT ? 1u : 0);
    return (uint32_t)side->bytes_sent - (tcb->snd.nxt - tcb->iss - controls);
}

static void rack_info(const struct tcp *tcp, const struct tcp_rack *rack, struct ciao_info *info)
{
    uint32_t held_ms[HELD_KINDS];
    memcpy(held_ms, rack->held_ms, sizeof held_ms);
    held_ms[rack->held] += tcp_now_ms(tcp) - rack->held_since_ms;
    uint64_t all_ms = (uint64_t)held_ms[HELD_BUSY] + held_ms[HELD_WINDOW] + held_ms[HELD_SPACE];
    info->busy_us = all_ms * 1000;
    info->window_limited_us = (uint64_t)held_ms[HELD_WINDOW] * 1000;
    info->sndbuf_limited_us = (uint64_t)held_ms[HELD_SPACE] * 1000;
    info->ca_state = rack->alert;
    info->reordering = rack->reordering;
    info->reorderings = rack->reordered;
    info->dsack_segments = rack->dsacks;
    info->delivered_segments = rack->delivered;
}

static uint8_t ca_state(const struct tcb *tcb, const struct ciao_info *info)
{
    if (tcb->flags & TCB_RTO_RECOVERY)
        return CIAO_CA_LOSS;
    if (tcb->flags & TCB_RECOVERY)
        return CIAO_CA_RECOVERY;
    return info->sacked_segments + info->marked_segments != 0 || tcb->dup_acks != 0
               ? CIAO_CA_DISORDER
               : CIAO_CA_OPEN;
}

static void side_info(const struct tcp *tcp, const struct tcb *tcb, struct ciao_info *info)
{
    if (!tcb->has_side)
        return;
    const struct tcp_side *side = tcp_side(tcp, tcb);
    info->bytes_sent = side->bytes_sent;
    info->bytes_acked = side->delivered;
    info->bytes_received = side->bytes_received;
    info->segments_sent = side->segments_sent;
    info->segments_received = side->segments_received;
    info->retransmitted_segments = side->retransmitted;
    info->lost_segments = side->lost;
    info->timeouts = side->timeouts;
    info->repaired_without_timeout = side->repaired;
    info->rtt_min_us = side->rtt_min_us;
    info->cwnd_bytes = side->cwnd;
    info->ssthresh_bytes = side->ssthresh;
    info->out_of_order_bytes = tcp_queue(tcp, tcb)->out_of_order_bytes;
    info->data_segments_sent = side->data_sent;
    info->data_segments_received = side->data_received;
    info->out_of_order_segments = side->out_of_order;
    info->retransmitted_bytes = repeated_bytes(tcb, side);
    info->delivered_segments = tcp_segments_of(tcb, (uint32_t)side->delivered);
    ranges_info(tcp, tcb, info);
    if (side->rack != 0)
        rack_info(tcp, tcp_rack(tcp, side), info);
}

static uint32_t ago_ms(const struct tcp *tcp, uint32_t at_ms)
{
    return at_ms == 0 ? 0 : tcp_now_ms(tcp) - at_ms;
}

/* What SYN and FIN add to the counts of data; the numbers that TCP_INFO tells. */
static void linux_info(const struct tcp *tcp, const struct tcb *tcb, struct ciao_info *info)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t mtu = ip_link(tcp->ip, tcb->head.link)->mtu;
    uint16_t mss = tcp_syn_our_mss(tcp, tcb->head.link, tcb->head.v6 != 0, settings);
    uint32_t acked = tcb->snd.una - tcb->iss - (tcb->flags & TCB_PASSIVE ? 1u : 0);
    bool closing = (tcb->flags & TCB_FIN_SENT) && !tcp_fin_acked(tcb);
    if (info->unacked_segments == 0 && (tcb->snd.una != tcb->snd.nxt || closing))
        info->unacked_segments = 1; /* SYN or FIN alone */
    info->acked_sequence = info->bytes_acked + (uint32_t)(acked - (uint32_t)info->bytes_acked);
    if (!tcp_by_time(tcp, tcb)) {
        info->ca_state = ca_state(tcb, info);
        info->reordering = tcb->dup_thresh < TCP_DUP_THRESH ? TCP_DUP_THRESH : tcb->dup_thresh;
    }
    info->probes = tcb->probes != 0 ? tcb->probes : tcb->keep_probes;
    info->backoff = tcb->backoff;
    info->retransmits = tcb->flags & TCB_PERSIST ? 0 : tcb->backoff;
    info->sent_ms = ago_ms(tcp, tcb->last_sent_ms != 0 ? tcb->last_sent_ms : tcb->last_data_ms);
    info->received_ms = ago_ms(tcp, tcb->last_data_ms);
    info->acked_ms = ago_ms(tcp, tcb->last_received_ms);
    info->pmtu_bytes = mtu;
    info->our_mss = (uint32_t)mss - (tcb->flags & TCB_TS ? 12u : 0);
    info->delayed_ack_us = settings->delayed_ack_us;
    info->rcv_ssthresh_bytes = info->rcv_wnd;
    info->rcv_space_bytes = tcp_window_initial(settings);
    info->pacing_bytes_per_s = UINT64_MAX;
}

static void tcb_info(const struct tcp *tcp, const struct tcb *tcb, struct ciao_info *info)
{
    struct tcp_tuple tuple = tcp_tcb_tuple(tcb);
    *info = (struct ciao_info){
        .life = tcb->head.life,
        .state = (enum ciao_state)tcb->head.state,
        .local = {tuple.local, tuple.local_port},
        .remote = {tuple.remote, tuple.remote_port},
        .srtt_us = tcb->srtt_us,
        .rttvar_us = tcb->rttvar_us,
        .rto_us = tcb->rto_us,
        .flight_bytes = tcb->snd.nxt - tcb->snd.una,
        .snd_wnd = tcb->snd.wnd,
        .rcv_wnd = tcb->rcv.edge - tcb->rcv.nxt,
        .snd_mss = tcb->smss,
        .rcv_mss = tcb->rmss,
        .unsent_bytes = tcp_unsent_bytes(tcp, tcb),
        .unacked_bytes = tcp_unacked_bytes(tcp, tcb),
        .unread_bytes = tcp_unread_bytes(tcp, tcb),
        .readable_bytes = tcp_urgent_readable(tcp, tcb),
        .snd_wscale = tcb->snd_wscale,
        .rcv_wscale = tcb->rcv_wscale,
        .timestamps = (tcb->flags & TCB_TS) != 0,
        .sack = (tcb->flags & TCB_SACK) != 0,
        .wscale = (tcb->flags & TCB_WSCALE) != 0,
        .ecn = (tcb->ecn & ECN_OK) != 0,
        .ecn_seen = (tcb->ecn & ECN_SEEN) != 0,
        .in_recovery = (tcb->flags & (TCB_RECOVERY | TCB_RTO_RECOVERY)) != 0,
        .read_closed = (tcb->flags & TCB_FIN_RECEIVED) != 0,
        .write_closed = (tcb->flags & TCB_FIN_QUEUED) != 0,
    };
    side_info(tcp, tcb, info);
    linux_info(tcp, tcb, info);
}

static void head_info(const struct tcp *tcp, ref_t ref, struct ciao_info *info)
{
    const struct tcp_head *head = tcp_head_at(tcp, ref);
    struct tcp_tuple tuple = tcp_record_tuple(tcp, ref);
    *info = (struct ciao_info){
        .life = head->life,
        .state = (enum ciao_state)head->state,
        .local = {tuple.local, tuple.local_port},
        .remote = {tuple.remote, tuple.remote_port},
    };
}

static void listener_info(const struct tcp_listener *listener, struct ciao_info *info)
{
    *info = (struct ciao_info){
        .life = listener->head.life,
        .state = (enum ciao_state)listener->head.state,
        .local = {listener->local, tcp_lport(&listener->head)},
        .waiting_connections = listener->waiting,
    };
}

int tcp_user_info(const struct tcp *tcp, ciao_conn conn, struct ciao_info *info)
{
    const struct tcb *tcb = tcp_user_tcb(tcp, conn);
    const struct tcp_listener *listener = tcp_user_listener(tcp, conn);
    if (tcb != NULL)
        tcb_info(tcp, tcb, info);
    else if (listener != NULL)
        listener_info(listener, info);
    else
        return -CIAO_EBADCONN;
    return 0;
}

enum ciao_state tcp_user_state(const struct tcp *tcp, ciao_conn conn)
{
    const struct tcb *tcb = tcp_user_tcb(tcp, conn);
    if (tcb != NULL)
        return (enum ciao_state)tcb->head.state;
    return tcp_user_listener(tcp, conn) != NULL ? CIAO_LISTEN : CIAO_CLOSED;
}

bool tcp_user_ends(const struct tcp *tcp, ciao_conn conn, struct ciao_endpoint *local,
                   struct ciao_endpoint *remote)
{
    const struct tcb *tcb = tcp_user_tcb(tcp, conn);
    const struct tcp_listener *listener = tcp_user_listener(tcp, conn);
    if (tcb != NULL) {
        const struct tcp_tuple tuple = tcp_tcb_tuple(tcb);
        *local = (struct ciao_endpoint){tuple.local, tuple.local_port};
        *remote = (struct ciao_endpoint){tuple.remote, tuple.remote_port};
    } else if (listener != NULL) {
        *local = (struct ciao_endpoint){listener->local, tcp_lport(&listener->head)};
        memset(remote, 0, sizeof *remote);
    }
    return tcb != NULL || listener != NULL;
}

/* ---- walking over all of them ---- */

/* A TCB that stands beside its TIME-WAIT record is the same life: the record is passed over. */
static bool is_to_be_named(const struct tcp *tcp, ref_t ref)
{
    if (tcp_head_at(tcp, ref)->life == 0)
        return false;
    bool wait = ref_kind(ref) == KIND_TW4 || ref_kind(ref) == KIND_TW6;
    return !wait || tcp_wait_at(tcp, ref)->tcb == REF_NONE;
}

bool tcp_user_next_connection(const struct tcp *tcp, uint64_t *cursor, struct ciao_info *info)
{
    const struct pool *pools[] = {&tcp->listeners, &tcp->syns,  &tcp->syns6, &tcp->tcbs,
                                  &tcp->tcbs6,     &tcp->waits, &tcp->waits6};
    const enum ref_kind kinds[] = {KIND_OTHER, KIND_SYN4, KIND_SYN6, KIND_TCB4,
                                   KIND_TCB6,  KIND_TW4,  KIND_TW6};
    uint32_t table = (uint32_t)(*cursor >> 32), index = (uint32_t)*cursor;
    for (; table < 7; table++, index = 0) {
        while (index < pools[table]->high) {
            ref_t ref = ref_make(kinds[table], ++index);
            if (!is_to_be_named(tcp, ref))
                continue;
            *cursor = (uint64_t)table << 32 | index;
            if (kinds[table] == KIND_OTHER)
                listener_info(tcp_listener_at(tcp, ref), info);
            else if (tcp_ref_is_tcb(ref))
                tcb_info(tcp, tcp_tcb_at(tcp, ref), info);
            else
                head_info(tcp, ref, info);
            return true;
        }
    }
    *cursor = (uint64_t)table << 32;
    return false;
}

void tcp_user_counts(const struct tcp *tcp, struct ciao_counts *counts)
{
    counts->tcbs = tcp->tcbs.used + tcp->tcbs6.used;
    counts->tcbs_peak = (uint64_t)tcp->tcbs.high + tcp->tcbs6.high;
    counts->syn_records = tcp->syns.used + tcp->syns6.used;
    counts->time_waits = tcp->waits.used + tcp->waits6.used;
    counts->listeners = tcp->listeners.used;
    counts->sides = tcp->sides_used;
    counts->queues = tcp->queues.used;
    counts->ranges = tcp->ranges.used;
    counts->received_segments = tcp->runs.used;
    counts->flow_entries = flow_count(&tcp->flows);
    counts->timers = wheel_count(&tcp->wheel) + tcp->waiting[0].count + tcp->waiting[1].count
                     + tcp->half_open.count;
    counts->ports_in_use = tcp->ports.in_use;
    counts->settings_in_use = tcp->settings.used;
}

/* ---- ICMP ---- */

/* An outsider can't know where we are: an error that quotes nothing in flight is not believed.
 * [RFC5927 4.1 5927-1] */
static bool quotes_flight(const struct tcb *tcb, uint32_t seq)
{
    return seq_leq(tcb->snd.una, seq) && seq_lt(seq, tcb->snd.nxt);
}

static bool ends_it(const struct tcp *tcp, const struct tcb *tcb,
                    const struct tcp_icmp_error *error)
{
    uint32_t more = tcp_tcb_settings(tcp, tcb)->more;
    bool opening = tcp_state_is(tcb, CIAO_SYN_SENT) || tcp_state_is(tcb, CIAO_SYN_RECEIVED);
    if (error->kind != TCP_ICMP_HARD) /* [RFC5927 5.2 5927-2] nor is each that is */
        return opening && error->kind == TCP_ICMP_SOFT && (more & CIAO_ICMP_ENDS_SYN);
    return opening || (more & CIAO_HARD_ICMP_ABORTS) != 0; /* [RFC5927 5.2] */
}

/* What the program is told: that the network is not to be reached, or the host; or, when the host
 * says that nobody is at that port, what a RST would have said. */
static enum ciao_error error_of(const struct tcp_icmp_error *error)
{
    bool v4 = ip_is_v4(&error->local);
    if (error->type != (v4 ? ICMP4_TYPE_UNREACHABLE : ICMP6_TYPE_UNREACHABLE))
        return CIAO_EUNREACH;
    if (error->code == (v4 ? ICMP4_UNREACHABLE_PORT : ICMP6_UNREACHABLE_PORT))
        return CIAO_EREFUSED;
    return error->code == (v4 ? ICMP4_UNREACHABLE_NET : ICMP6_UNREACHABLE_NO_ROUTE) ? CIAO_ENOROUTE
                                                                                    : CIAO_EUNREACH;
}

/* [RFC9293 3.9.2.2 MUST-47, MUST-54, MUST-56, SHLD-25, SHLD-26] */
void tcp_icmp_error(struct tcp *tcp, const struct tcp_icmp_error *error, time_us now)
{
    const struct tcp_tuple tuple = {error->local, error->remote, error->local_port,
                                    error->remote_port};
    ref_t ref = tcp_flow_find(tcp, &tuple, tcp_flow_hash(tcp, &tuple));
    const uint64_t what = (uint64_t)error->type << 8 | error->code;
    tcp_set_now(tcp, now);
    if (!tcp_ref_is_tcb(ref)) {
        const struct trace_context at = {
            ref == REF_NONE ? 0 : tcp_head_at(tcp, ref)->life,
            ref == REF_NONE ? CIAO_CLOSED : (enum ciao_state)tcp_head_at(tcp, ref)->state};
        trace_reason(tcp->trace, at, CIAO_DID_ICMP_IGNORED, what, 0);
        return;
    }
    struct tcb *tcb = tcp_tcb_at(tcp, ref);
    if (!quotes_flight(tcb, error->seq)) {
        tcp_note(tcp, tcb, CIAO_DID_ICMP_IGNORED, what, error->seq);
        return;
    }
    if (ends_it(tcp, tcb, error)) {
        tcp_teardown_unreachable(tcp, tcb, error_of(error));
        return;
    }
    tcb->soft_error = (uint8_t)error_of(error);
    tcp_note(tcp, tcb, CIAO_DID_SOFT_ERROR, what, error->mtu);
    tcp_told(tcp, tcb);
}
