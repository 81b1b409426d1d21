/*
 * Linux's sysctls as ciao's settings: see sysctl.h.
 *
 * A row for each name.  Rows without a function are known and change nothing here.
 */
#include "host/sysctl.h"

#include <stdlib.h>
#include <string.h>

#define US           1000000u
#define NUMBERS      3
#define NAME_MAX_LEN 64

struct numbers {
    unsigned n;
    uint64_t at[NUMBERS];
};

void sysctls_init(struct sysctls *sysctls, enum ciao_profile profile)
{
    *sysctls = (struct sysctls){.tcp = *ciao_profile(profile), .syn_cookies = 1};
    ciao_sockets_config_default(&sysctls->limits);
}

/* ---- kinds of values ---- */

static void flag(uint32_t *flags, uint32_t bit, bool on)
{
    *flags = on ? *flags | bit : *flags & ~bit;
}

static bool set_timestamps(struct sysctls *s, const struct numbers *v)
{
    flag(&s->tcp.flags, CIAO_NO_TIMESTAMPS, v->at[0] == 0);
    return true;
}

static bool set_sack(struct sysctls *s, const struct numbers *v)
{
    flag(&s->tcp.flags, CIAO_NO_SACK, v->at[0] == 0);
    return true;
}

static bool set_window_scaling(struct sysctls *s, const struct numbers *v)
{
    flag(&s->tcp.flags, CIAO_NO_WSCALE, v->at[0] == 0);
    return true;
}

static bool set_syn_retries(struct sysctls *s, const struct numbers *v)
{
    s->tcp.syn_retries = (uint8_t)v->at[0];
    return v->at[0] >= 1 && v->at[0] <= 127;
}

static bool set_syn_linear(struct sysctls *s, const struct numbers *v)
{
    s->tcp.syn_linear = (uint8_t)v->at[0];
    return v->at[0] <= 127;
}

static bool set_synack_retries(struct sysctls *s, const struct numbers *v)
{
    s->tcp.synack_retries = (uint8_t)v->at[0];
    return v->at[0] <= 255;
}

/* AS LINUX: the time that so many repeats take when the first comes after the smallest RTO. */
static bool set_retries2(struct sysctls *s, const struct numbers *v)
{
    uint64_t doublings = 0, least = s->tcp.rto_min_us, most = s->tcp.rto_max_us, n = v->at[0];
    while (least << (doublings + 1) <= most)
        doublings++;
    uint64_t time_us = n <= doublings
                           ? ((UINT64_C(2) << n) - 1) * least
                           : ((UINT64_C(2) << doublings) - 1) * least + (n - doublings) * most;
    s->tcp.r2_us = time_us < UINT32_MAX ? (uint32_t)time_us : UINT32_MAX;
    return n <= 255;
}

static bool set_fin_timeout(struct sysctls *s, const struct numbers *v)
{
    s->tcp.orphan_fin_wait_2_us = (uint32_t)v->at[0] * US;
    return v->at[0] <= 4000;
}

static bool set_keepalive_time(struct sysctls *s, const struct numbers *v)
{
    s->tcp.keepalive_idle_us = v->at[0] * US;
    return true;
}

static bool set_keepalive_intvl(struct sysctls *s, const struct numbers *v)
{
    s->tcp.keepalive_interval_us = v->at[0] * US;
    return true;
}

static bool set_keepalive_probes(struct sysctls *s, const struct numbers *v)
{
    s->tcp.keepalive_probes = (uint8_t)v->at[0];
    return v->at[0] <= 255;
}

static bool set_rfc1337(struct sysctls *s, const struct numbers *v)
{
    flag(&s->tcp.more, CIAO_RST_ENDS_TIME_WAIT, v->at[0] == 0);
    return true;
}

static bool set_early_retrans(struct sysctls *s, const struct numbers *v)
{
    flag(&s->tcp.more, CIAO_TAIL_PROBES, v->at[0] >= 3);
    return true;
}

static bool set_dsack(struct sysctls *s, const struct numbers *v)
{
    flag(&s->tcp.more, CIAO_DSACK, v->at[0] != 0);
    return true;
}

/* 1: ask and agree, 2: agree; what is above is of accurate ECN, which does not exist here. */
static bool set_ecn(struct sysctls *s, const struct numbers *v)
{
    flag(&s->tcp.more, CIAO_ECN, v->at[0] == 1 || v->at[0] == 3 || v->at[0] == 4);
    flag(&s->tcp.more, CIAO_ECN_ACCEPT, v->at[0] != 0);
    return v->at[0] <= 5;
}

static bool set_ttl(struct sysctls *s, const struct numbers *v)
{
    s->tcp.ttl = (uint8_t)v->at[0];
    return v->at[0] >= 1 && v->at[0] <= 255;
}

static bool set_notsent_lowat(struct sysctls *s, const struct numbers *v)
{
    s->tcp.notsent_lowat_bytes = v->at[0] >= UINT32_MAX ? 0 : (uint32_t)v->at[0];
    return true;
}

static bool set_idle_restart(struct sysctls *s, const struct numbers *v)
{
    flag(&s->tcp.more, CIAO_IDLE_RESTART, v->at[0] != 0);
    return true;
}

static bool set_min_tso_segs(struct sysctls *s, const struct numbers *v)
{
    s->tcp.burst_min_segments = (uint8_t)v->at[0];
    return v->at[0] >= 1 && v->at[0] <= 255;
}

static bool set_rto_min(struct sysctls *s, const struct numbers *v)
{
    s->tcp.rto_min_us = (uint32_t)v->at[0];
    return v->at[0] >= 1;
}

static bool set_rto_max(struct sysctls *s, const struct numbers *v)
{
    s->tcp.rto_max_us = (uint32_t)v->at[0] * 1000;
    return v->at[0] >= 1000 && v->at[0] <= 120000;
}

/* min, default, max: windows and queues grow up to the last. */
static bool set_rmem(struct sysctls *s, const struct numbers *v)
{
    if (v->n != NUMBERS || v->at[2] > INT32_MAX)
        return false;
    s->limits.rmem_min = (uint32_t)v->at[0];
    s->tcp.rcvbuf_bytes = (uint32_t)v->at[2];
    return true;
}

static bool set_wmem(struct sysctls *s, const struct numbers *v)
{
    if (v->n != NUMBERS || v->at[2] > INT32_MAX)
        return false;
    s->limits.wmem_min = (uint32_t)v->at[0];
    s->tcp.sndbuf_bytes = (uint32_t)v->at[2];
    return true;
}

static bool set_rmem_max(struct sysctls *s, const struct numbers *v)
{
    s->limits.rmem_max = (uint32_t)v->at[0];
    return v->at[0] <= INT32_MAX;
}

static bool set_wmem_max(struct sysctls *s, const struct numbers *v)
{
    s->limits.wmem_max = (uint32_t)v->at[0];
    return v->at[0] <= INT32_MAX;
}

static bool set_somaxconn(struct sysctls *s, const struct numbers *v)
{
    s->limits.somaxconn = (uint32_t)v->at[0];
    return v->at[0] >= 1;
}

static bool set_unprivileged(struct sysctls *s, const struct numbers *v)
{
    s->limits.unprivileged_port_start = (uint32_t)v->at[0];
    return v->at[0] <= 65535;
}

static bool set_port_range(struct sysctls *s, const struct numbers *v)
{
    if (v->n != 2 || v->at[0] < 1 || v->at[1] > 65535 || v->at[0] > v->at[1])
        return false;
    s->port_low = s->limits.local_port_low = (uint16_t)v->at[0];
    s->port_high = s->limits.local_port_high = (uint16_t)v->at[1];
    return true;
}

static bool set_syn_backlog(struct sysctls *s, const struct numbers *v)
{
    s->syn_backlog = (uint32_t)v->at[0];
    return true;
}

static bool set_syncookies(struct sysctls *s, const struct numbers *v)
{
    s->syn_cookies = (uint8_t)v->at[0];
    return v->at[0] <= 2;
}

/* ---- the table ---- */

/* Without a function: known, and of no effect here. */
static const struct row {
    const char *name;
    bool (*set)(struct sysctls *sysctls, const struct numbers *value);
} rows[] = {
    {"net.core.rmem_max", set_rmem_max},
    {"net.core.somaxconn", set_somaxconn},
    {"net.core.wmem_max", set_wmem_max},
    {"net.core.default_qdisc", NULL},
    {"net.core.rmem_default", NULL},
    {"net.core.wmem_default", NULL},
    {"net.ipv4.ip_default_ttl", set_ttl},
    {"net.ipv4.ip_local_port_range", set_port_range},
    {"net.ipv4.ip_unprivileged_port_start", set_unprivileged},
    {"net.ipv4.tcp_abort_on_overflow", NULL},
    {"net.ipv4.tcp_adv_win_scale", NULL},
    {"net.ipv4.tcp_app_win", NULL},
    {"net.ipv4.tcp_autocorking", NULL},
    {"net.ipv4.tcp_base_mss", NULL},
    {"net.ipv4.tcp_challenge_ack_limit", NULL},
    {"net.ipv4.tcp_comp_sack_delay_ns", NULL},
    {"net.ipv4.tcp_comp_sack_nr", NULL},
    {"net.ipv4.tcp_dsack", set_dsack},
    {"net.ipv4.tcp_early_retrans", set_early_retrans},
    {"net.ipv4.tcp_ecn", set_ecn},
    {"net.ipv4.tcp_ecn_fallback", NULL},
    {"net.ipv4.tcp_ecn_option", NULL},
    {"net.ipv4.tcp_fack", NULL},
    {"net.ipv4.tcp_fastopen", NULL},
    {"net.ipv4.tcp_fastopen_blackhole_timeout_sec", NULL},
    {"net.ipv4.tcp_fastopen_cookies", NULL},
    {"net.ipv4.tcp_fastopen_key", NULL},
    {"net.ipv4.tcp_fin_timeout", set_fin_timeout},
    {"net.ipv4.tcp_frto", NULL},
    {"net.ipv4.tcp_fwmark_accept", NULL},
    {"net.ipv4.tcp_invalid_ratelimit", NULL},
    {"net.ipv4.tcp_keepalive_intvl", set_keepalive_intvl},
    {"net.ipv4.tcp_keepalive_probes", set_keepalive_probes},
    {"net.ipv4.tcp_keepalive_time", set_keepalive_time},
    {"net.ipv4.tcp_l3mdev_accept", NULL},
    {"net.ipv4.tcp_limit_output_bytes", NULL},
    {"net.ipv4.tcp_low_latency", NULL},
    {"net.ipv4.tcp_max_orphans", NULL},
    {"net.ipv4.tcp_max_reordering", NULL},
    {"net.ipv4.tcp_max_syn_backlog", set_syn_backlog},
    {"net.ipv4.tcp_max_tw_buckets", NULL},
    {"net.ipv4.tcp_mem", NULL},
    {"net.ipv4.tcp_min_rtt_wlen", NULL},
    {"net.ipv4.tcp_min_snd_mss", NULL},
    {"net.ipv4.tcp_min_tso_segs", set_min_tso_segs},
    {"net.ipv4.tcp_moderate_rcvbuf", NULL},
    {"net.ipv4.tcp_mtu_probe_floor", NULL},
    {"net.ipv4.tcp_mtu_probing", NULL},
    {"net.ipv4.tcp_no_metrics_save", NULL},
    {"net.ipv4.tcp_no_ssthresh_metrics_save", NULL},
    {"net.ipv4.tcp_notsent_lowat", set_notsent_lowat},
    {"net.ipv4.tcp_orphan_retries", NULL},
    {"net.ipv4.tcp_pacing_ca_ratio", NULL},
    {"net.ipv4.tcp_pacing_ss_ratio", NULL},
    {"net.ipv4.tcp_probe_interval", NULL},
    {"net.ipv4.tcp_probe_threshold", NULL},
    {"net.ipv4.tcp_recovery", NULL},
    {"net.ipv4.tcp_reflect_tos", NULL},
    {"net.ipv4.tcp_reordering", NULL},
    {"net.ipv4.tcp_retrans_collapse", NULL},
    {"net.ipv4.tcp_retries1", NULL},
    {"net.ipv4.tcp_retries2", set_retries2},
    {"net.ipv4.tcp_rfc1337", set_rfc1337},
    {"net.ipv4.tcp_rmem", set_rmem},
    {"net.ipv4.tcp_rto_max_ms", set_rto_max},
    {"net.ipv4.tcp_rto_min_us", set_rto_min},
    {"net.ipv4.tcp_sack", set_sack},
    {"net.ipv4.tcp_shrink_window", NULL},
    {"net.ipv4.tcp_slow_start_after_idle", set_idle_restart},
    {"net.ipv4.tcp_stdurg", NULL},
    {"net.ipv4.tcp_syn_linear_timeouts", set_syn_linear},
    {"net.ipv4.tcp_syn_retries", set_syn_retries},
    {"net.ipv4.tcp_synack_retries", set_synack_retries},
    {"net.ipv4.tcp_syncookies", set_syncookies},
    {"net.ipv4.tcp_thin_linear_timeouts", NULL},
    {"net.ipv4.tcp_timestamps", set_timestamps},
    {"net.ipv4.tcp_tso_rtt_log", NULL},
    {"net.ipv4.tcp_tso_win_divisor", NULL},
    {"net.ipv4.tcp_tw_reuse", NULL},
    {"net.ipv4.tcp_window_scaling", set_window_scaling},
    {"net.ipv4.tcp_wmem", set_wmem},
    {"net.ipv4.tcp_workaround_signed_windows", NULL},
};

static enum sysctl_answer set_congestion(struct sysctls *s, const char *value)
{
    if (strncmp(value, "cubic", 5) == 0)
        s->tcp.congestion = CIAO_CC_CUBIC;
    else if (strncmp(value, "reno", 4) == 0)
        s->tcp.congestion = CIAO_CC_NEWRENO;
    else
        return SYSCTL_BAD_VALUE;
    return SYSCTL_SET;
}

static bool read_numbers(const char *value, struct numbers *numbers)
{
    *numbers = (struct numbers){0};
    for (;;) {
        char *end;
        while (*value == ' ' || *value == '\t' || *value == '\n')
            value++;
        if (*value == '\0')
            return numbers->n > 0;
        uint64_t number = strtoull(value, &end, 0);
        if (end == value || numbers->n == NUMBERS)
            return false;
        numbers->at[numbers->n++] = number;
        value = end;
    }
}

/* Dots throughout, without /proc/sys/. */
static bool plain_name(const char *name, size_t len, char out[NAME_MAX_LEN])
{
    static const char proc[] = "/proc/sys/";
    if (len >= sizeof proc && memcmp(name, proc, sizeof proc - 1) == 0) {
        name += sizeof proc - 1;
        len -= sizeof proc - 1;
    }
    if (len >= NAME_MAX_LEN)
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = name[i] == '/' ? '.' : name[i];
    out[len] = '\0';
    return true;
}

enum sysctl_answer sysctl_set(struct sysctls *sysctls, const char *name, size_t name_len,
                              const char *value)
{
    char plain[NAME_MAX_LEN];
    struct numbers numbers;
    if (!plain_name(name, name_len, plain))
        return SYSCTL_UNKNOWN;
    if (strcmp(plain, "net.ipv4.tcp_congestion_control") == 0)
        return set_congestion(sysctls, value);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(plain, rows[i].name) != 0)
            continue;
        if (rows[i].set == NULL)
            return SYSCTL_NO_MATTER;
        struct sysctls before = *sysctls;
        if (read_numbers(value, &numbers) && rows[i].set(sysctls, &numbers))
            return SYSCTL_SET;
        *sysctls = before;
        return SYSCTL_BAD_VALUE;
    }
    return SYSCTL_UNKNOWN;
}

const char *sysctl_name(size_t i)
{
    if (i == 0)
        return "net.ipv4.tcp_congestion_control";
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        if (rows[row].set != NULL && --i == 0)
            return rows[row].name;
    }
    return NULL;
}
