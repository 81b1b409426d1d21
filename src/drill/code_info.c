/*
 * What %{ }% can ask of a connection: the fields of TCP_INFO and SO_MEMINFO by their names.
 */
#include <string.h>

#include "drill/code.h"

#define F(field)                                 \
    do {                                         \
        if (strcmp(name, "tcpi_" #field) == 0) { \
            *value = info->tcpi_##field;         \
            found = true;                        \
        }                                        \
    } while (0)

/* clang-format off */
static bool plain_field(const struct ciao_tcp_info *info, const char *name, code_int *value)
{
    bool found = false;
    F(state); F(ca_state); F(retransmits); F(probes); F(backoff); F(options); F(snd_wscale);
    F(rcv_wscale); F(delivery_rate_app_limited); F(fastopen_client_fail); F(rto); F(ato);
    F(snd_mss); F(rcv_mss); F(unacked); F(sacked); F(lost); F(retrans); F(fackets);
    F(last_data_sent); F(last_ack_sent); F(last_data_recv); F(last_ack_recv); F(pmtu);
    F(rcv_ssthresh); F(rtt); F(rttvar); F(snd_ssthresh); F(snd_cwnd); F(advmss); F(reordering);
    F(rcv_rtt); F(rcv_space); F(total_retrans); F(pacing_rate); F(max_pacing_rate); F(bytes_acked);
    F(bytes_received); F(segs_out); F(segs_in); F(notsent_bytes); F(min_rtt); F(data_segs_in);
    F(data_segs_out); F(delivery_rate); F(busy_time); F(rwnd_limited); F(sndbuf_limited);
    F(delivered); F(delivered_ce); F(bytes_sent); F(bytes_retrans); F(dsack_dups); F(reord_seen);
    F(rcv_ooopack); F(snd_wnd); F(rcv_wnd); F(rehash); F(total_rto); F(total_rto_recoveries);
    F(total_rto_time); F(received_ce); F(delivered_e1_bytes); F(delivered_e0_bytes);
    F(delivered_ce_bytes); F(received_e1_bytes); F(received_e0_bytes); F(received_ce_bytes);
    return found;
}
/* clang-format on */

/* Four fields share one word. */
static bool packed_field(const struct ciao_tcp_info *info, const char *name, code_int *value)
{
    static const struct {
        const char *name;
        unsigned shift, bits;
    } fields[] = {{"tcpi_ecn_mode", 0, 2},
                  {"tcpi_accecn_opt_seen", 2, 2},
                  {"tcpi_accecn_fail_mode", 4, 4},
                  {"tcpi_options2", 8, 24}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        *value = info->tcpi_ecn >> fields[i].shift & ((1u << fields[i].bits) - 1);
        return true;
    }
    return false;
}

static bool memory_field(const uint32_t memory[CODE_MEMORY], const char *name, code_int *value)
{
    static const char *const names[CODE_MEMORY] = {
        "SK_MEMINFO_RMEM_ALLOC", "SK_MEMINFO_RCVBUF",    "SK_MEMINFO_WMEM_ALLOC",
        "SK_MEMINFO_SNDBUF",     "SK_MEMINFO_FWD_ALLOC", "SK_MEMINFO_WMEM_QUEUED",
        "SK_MEMINFO_OPTMEM",     "SK_MEMINFO_BACKLOG",   "SK_MEMINFO_DROPS"};
    for (unsigned i = 0; i < CODE_MEMORY; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        *value = memory[i];
        return true;
    }
    return false;
}

bool code_field(const struct code *code, const char *name, code_int *value)
{
    return plain_field(&code->info, name, value) || packed_field(&code->info, name, value)
           || memory_field(code->memory, name, value);
}
