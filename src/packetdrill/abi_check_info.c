/*
 * TCP_INFO's layout against <linux/tcp.h>; see abi_check.c.
 *
 * The system's header may be older than the layout, which grows at its end: what it lacks is held
 * to Linux 6.18's offsets.
 */
#include <linux/tcp.h>
#include <stddef.h>

#include "ciao/abi.h"

#define SAME_PLACE(member)                                                                     \
    _Static_assert(offsetof(struct ciao_tcp_info, member) == offsetof(struct tcp_info, member) \
                       && sizeof(((struct ciao_tcp_info *)0)->member)                          \
                              == sizeof(((struct tcp_info *)0)->member),                       \
                   #member)
#define AT(member, offset) \
    _Static_assert(offsetof(struct ciao_tcp_info, member) == (offset), #member)

SAME_PLACE(tcpi_state);
SAME_PLACE(tcpi_ca_state);
SAME_PLACE(tcpi_retransmits);
SAME_PLACE(tcpi_probes);
SAME_PLACE(tcpi_backoff);
SAME_PLACE(tcpi_options);
SAME_PLACE(tcpi_rto);
SAME_PLACE(tcpi_ato);
SAME_PLACE(tcpi_snd_mss);
SAME_PLACE(tcpi_rcv_mss);
SAME_PLACE(tcpi_unacked);
SAME_PLACE(tcpi_sacked);
SAME_PLACE(tcpi_lost);
SAME_PLACE(tcpi_retrans);
SAME_PLACE(tcpi_fackets);
SAME_PLACE(tcpi_last_data_sent);
SAME_PLACE(tcpi_last_ack_sent);
SAME_PLACE(tcpi_last_data_recv);
SAME_PLACE(tcpi_last_ack_recv);
SAME_PLACE(tcpi_pmtu);
SAME_PLACE(tcpi_rcv_ssthresh);
SAME_PLACE(tcpi_rtt);
SAME_PLACE(tcpi_rttvar);
SAME_PLACE(tcpi_snd_ssthresh);
SAME_PLACE(tcpi_snd_cwnd);
SAME_PLACE(tcpi_advmss);
SAME_PLACE(tcpi_reordering);
SAME_PLACE(tcpi_rcv_rtt);
SAME_PLACE(tcpi_rcv_space);
SAME_PLACE(tcpi_total_retrans);
SAME_PLACE(tcpi_pacing_rate);
SAME_PLACE(tcpi_max_pacing_rate);
SAME_PLACE(tcpi_bytes_acked);
SAME_PLACE(tcpi_bytes_received);
SAME_PLACE(tcpi_segs_out);
SAME_PLACE(tcpi_segs_in);
SAME_PLACE(tcpi_notsent_bytes);
SAME_PLACE(tcpi_min_rtt);
SAME_PLACE(tcpi_data_segs_in);
SAME_PLACE(tcpi_data_segs_out);
SAME_PLACE(tcpi_delivery_rate);
SAME_PLACE(tcpi_busy_time);
SAME_PLACE(tcpi_rwnd_limited);
SAME_PLACE(tcpi_sndbuf_limited);
SAME_PLACE(tcpi_delivered);
SAME_PLACE(tcpi_delivered_ce);
SAME_PLACE(tcpi_bytes_sent);
SAME_PLACE(tcpi_bytes_retrans);
SAME_PLACE(tcpi_dsack_dups);
SAME_PLACE(tcpi_reord_seen);
SAME_PLACE(tcpi_rcv_ooopack);
SAME_PLACE(tcpi_snd_wnd);

AT(tcpi_rcv_wnd, 232);
AT(tcpi_rehash, 236);
AT(tcpi_total_rto, 240);
AT(tcpi_total_rto_recoveries, 242);
AT(tcpi_total_rto_time, 244);
AT(tcpi_received_ce, 248);
AT(tcpi_delivered_e1_bytes, 252);
AT(tcpi_delivered_e0_bytes, 256);
AT(tcpi_delivered_ce_bytes, 260);
AT(tcpi_received_e1_bytes, 264);
AT(tcpi_received_e0_bytes, 268);
AT(tcpi_received_ce_bytes, 272);
AT(tcpi_ecn, 276);
_Static_assert(sizeof(struct ciao_tcp_info) == 280, "Linux 6.18's");
