/*
 * getsockopt(TCP_INFO): what the core knows of a connection, in Linux's layout and units.
 *
 * AS LINUX tcp_get_info(): windows and losses are counted in segments; a listener tells its queue
 * in tcpi_unacked and its backlog in tcpi_sacked; a socket that was never connected tells the
 * numbers that a connection starts with.
 */
#include "socket/option.h"

#define CWND_FIRST        10 /* TCP_INIT_CWND */
#define REORDERING_FIRST  3
#define MSS_FIRST         536
#define SSTHRESH_INFINITE 0x7fffffffu
#define RTTVAR_FIRST_US   250000u

/* Of a window: whole segments, one at least. */
static uint32_t in_segments(uint32_t bytes, uint32_t mss)
{
    return mss == 0 || bytes < mss ? 1 : bytes / mss;
}

static void fill_options(const struct ciao_info *from, struct ciao_tcp_info *to)
{
    if (from->timestamps)
        to->tcpi_options |= CIAO_TCPI_OPT_TIMESTAMPS;
    if (from->sack)
        to->tcpi_options |= CIAO_TCPI_OPT_SACK;
    if (from->ecn)
        to->tcpi_options |= CIAO_TCPI_OPT_ECN;
    if (from->ecn_seen)
        to->tcpi_options |= CIAO_TCPI_OPT_ECN_SEEN;
    if (!from->wscale)
        return;
    to->tcpi_options |= CIAO_TCPI_OPT_WSCALE;
    to->tcpi_snd_wscale = from->snd_wscale & 15u;
    to->tcpi_rcv_wscale = from->rcv_wscale & 15u;
}

static void fill_loss(const struct ciao_info *from, struct ciao_tcp_info *to)
{
    to->tcpi_ca_state = from->ca_state;
    to->tcpi_retransmits = from->retransmits;
    to->tcpi_probes = from->probes;
    to->tcpi_backoff = from->backoff;
    to->tcpi_unacked = from->unacked_segments;
    to->tcpi_sacked = from->sacked_segments;
    to->tcpi_lost = from->marked_segments;
    to->tcpi_retrans = from->again_segments;
    to->tcpi_reordering = from->reordering;
    to->tcpi_reord_seen = from->reorderings;
    to->tcpi_dsack_dups = from->dsack_segments;
    to->tcpi_total_retrans = (uint32_t)from->retransmitted_segments;
    to->tcpi_bytes_retrans = from->retransmitted_bytes;
    to->tcpi_total_rto = (uint16_t)from->timeouts;
    to->tcpi_total_rto_recoveries = (uint16_t)from->rto_recoveries;
    to->tcpi_total_rto_time = from->rto_ms;
}

/* AS LINUX: the SYN that was acknowledged is one segment delivered. */
static void fill_counts(const struct ciao_info *from, struct ciao_tcp_info *to)
{
    const bool is_open = from->state != CIAO_SYN_SENT && from->state != CIAO_SYN_RECEIVED;
    to->tcpi_bytes_acked = from->acked_sequence;
    to->tcpi_bytes_received = from->bytes_received + from->read_closed;
    to->tcpi_bytes_sent = from->bytes_sent;
    to->tcpi_segs_out = (uint32_t)from->segments_sent;
    to->tcpi_segs_in = (uint32_t)from->segments_received;
    to->tcpi_data_segs_out = from->data_segments_sent;
    to->tcpi_data_segs_in = from->data_segments_received;
    to->tcpi_rcv_ooopack = from->out_of_order_segments;
    to->tcpi_delivered = from->delivered_segments + is_open;
    to->tcpi_delivered_ce = from->delivered_ce_segments;
    to->tcpi_delivery_rate = from->delivery_bytes_per_s;
    to->tcpi_delivery_rate_app_limited = from->delivery_app_limited;
    to->tcpi_pacing_rate = from->pacing_bytes_per_s;
    to->tcpi_busy_time = from->busy_us;
    to->tcpi_rwnd_limited = from->window_limited_us;
    to->tcpi_sndbuf_limited = from->sndbuf_limited_us;
}

static void fill_times(const struct ciao_info *from, struct ciao_tcp_info *to)
{
    to->tcpi_rto = from->rto_us;
    to->tcpi_ato = from->delayed_ack_us;
    to->tcpi_rtt = from->srtt_us;
    to->tcpi_rttvar = from->rttvar_us;
    to->tcpi_rcv_rtt = from->rcv_rtt_us;
    if (from->rtt_min_us != 0)
        to->tcpi_min_rtt = from->rtt_min_us;
    to->tcpi_last_data_sent = from->sent_ms;
    to->tcpi_last_data_recv = from->received_ms;
    to->tcpi_last_ack_recv = from->acked_ms;
}

static void fill_windows(const struct ciao_info *from, struct ciao_tcp_info *to)
{
    const uint32_t mss = from->snd_mss;
    to->tcpi_snd_mss = mss;
    to->tcpi_rcv_mss = from->rcv_mss;
    to->tcpi_advmss = from->our_mss;
    to->tcpi_pmtu = from->pmtu_bytes;
    if (from->cwnd_bytes != 0)
        to->tcpi_snd_cwnd = in_segments(from->cwnd_bytes, mss);
    if (from->ssthresh_bytes != 0 && from->ssthresh_bytes < SSTHRESH_INFINITE)
        to->tcpi_snd_ssthresh = in_segments(from->ssthresh_bytes, mss);
    to->tcpi_rcv_ssthresh = from->rcv_ssthresh_bytes;
    to->tcpi_rcv_space = from->rcv_space_bytes;
    to->tcpi_notsent_bytes = from->unsent_bytes;
    to->tcpi_snd_wnd = from->snd_wnd;
    to->tcpi_rcv_wnd = from->rcv_wnd;
}

static void fill(struct ciao_sockets *s, struct sock *sock, struct ciao_tcp_info *to)
{
    struct ciao_info info;
    *to = (struct ciao_tcp_info){
        .tcpi_state = (uint8_t)sock_tcp_state(s, sock),
        .tcpi_pacing_rate = UINT64_MAX,
        .tcpi_max_pacing_rate = sock->kept.max_pacing_rate,
        .tcpi_reordering = REORDERING_FIRST,
        .tcpi_snd_cwnd = CWND_FIRST,
    };
    const bool there = sock->conn != 0 && ciao_info(s->stack, sock->conn, &info) == 0;
    if (sock->phase == SOCK_LISTENING) {
        to->tcpi_unacked = there ? info.waiting_connections : 0;
        to->tcpi_sacked = (uint32_t)sock->backlog;
        return;
    }
    to->tcpi_snd_ssthresh = SSTHRESH_INFINITE;
    to->tcpi_rto = sock->settings.rto_initial_us;
    to->tcpi_snd_mss = MSS_FIRST;
    to->tcpi_rttvar = RTTVAR_FIRST_US;
    to->tcpi_min_rtt = UINT32_MAX;
    if (!there)
        return;
    fill_options(&info, to);
    fill_loss(&info, to);
    fill_counts(&info, to);
    fill_times(&info, to);
    fill_windows(&info, to);
}

int tcp_info_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    struct ciao_tcp_info info;
    (void)wanted;
    fill(s, sock, &info);
    memcpy(bytes, &info, sizeof info);
    return sizeof info;
}
