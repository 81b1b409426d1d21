/*
 * Where RFC and practice disagree: the named profiles, as data.
 *
 *   ciao   what we think is best today      rfc    what the RFCs say, where they say one thing
 *   linux  what Linux 6 does by default
 *
 * R2 of a SYN is 3 minutes [RFC9293 3.8.3 MUST-23]; Linux counts instead, and gives up after 127 s.
 */
#include "base/assert.h"
#include "core/stack_internal.h"

#define MS 1000u
#define S  1000000u
#define MB (1024u * 1024u)

static const struct ciao_settings profiles[CIAO_PROFILES] = {
    [CIAO_PROFILE_CIAO] =
        {
            .rto_min_us = 200 * MS, /* AS LINUX */
            .rto_max_us = 120 * S,
            .rto_initial_us = 1 * S,
            .initial_window_segments = 10, /* [RFC6928 2] */
            .delayed_ack_us = 40 * MS,
            .quick_acks = 16,
            .msl_us = 30 * S,
            .orphan_fin_wait_2_us = 60 * S,
            .r1 = 3,
            .r2_us = 900 * S,
            .r2_syn_us = 180 * S,
            .sndbuf_bytes = 4 * MB,
            .rcvbuf_bytes = 6 * MB,
            .ttl = 64,
            .keepalive_idle_us = (uint64_t)7200 * S, /* [RFC9293 3.8.4 MUST-28] */
            .keepalive_interval_us = 75 * S,
            .keepalive_probes = 9,
            .congestion = CIAO_CC_CUBIC, /* [RFC9438] */
            .more = CIAO_EDGE_TOLERANT | CIAO_TAIL_PROBES | CIAO_IDLE_RESTART | CIAO_LINUX_ERRORS
                    | CIAO_PAWS_TOLERANT | CIAO_DSACK | CIAO_ECN_ACCEPT,
        },
    [CIAO_PROFILE_RFC] =
        {
            .rto_min_us = 1 * S, /* [RFC6298 2.4] */
            .rto_max_us = 60 * S,
            .rto_initial_us = 1 * S,      /* [RFC6298 2.1] */
            .initial_window_segments = 0, /* [RFC5681 3.1] */
            .delayed_ack_us = 200 * MS,   /* [RFC9293 3.8.6.3 MUST-40] */
            .quick_acks = 0,
            .msl_us = 120 * S, /* [RFC9293 3.4.2] */
            .orphan_fin_wait_2_us = 0,
            .r1 = 3,          /* [RFC9293 3.8.3 SHLD-10] */
            .r2_us = 100 * S, /* [RFC9293 3.8.3 SHLD-11] */
            .r2_syn_us = 180 * S,
            .sndbuf_bytes = 4 * MB,
            .rcvbuf_bytes = 6 * MB,
            .ttl = 64,
            .keepalive_idle_us = (uint64_t)7200 * S, /* [RFC9293 3.8.4 MUST-28] */
            .keepalive_interval_us = 75 * S,
            .keepalive_probes = 9,
            .more = CIAO_RST_ENDS_TIME_WAIT | CIAO_HARD_ICMP_ABORTS | CIAO_SYN_AGAIN_GETS_ACK
                    | CIAO_STRICT_TIMESTAMPS | CIAO_IDLE_RESTART | CIAO_DSACK
                    | CIAO_ECN_ACCEPT, /* [RFC2883 4] */
        },
    [CIAO_PROFILE_LINUX] =
        {
            .rto_min_us = 200 * MS,
            .rto_max_us = 120 * S,
            .rto_initial_us = 1 * S,
            .initial_window_segments = 10,
            .delayed_ack_us = 40 * MS,
            .quick_acks = 16,
            .msl_us = 30 * S,
            .orphan_fin_wait_2_us = 60 * S,
            .r1 = 3,
            .r2_us = 924600 * MS, /* tcp_retries2 = 15 */
            .r2_syn_us = 180 * S,
            .syn_retries = 6,    /* tcp_syn_retries */
            .syn_linear = 4,     /* tcp_syn_linear_timeouts */
            .synack_retries = 5, /* tcp_synack_retries */
            .sndbuf_bytes = 4 * MB,
            .rcvbuf_bytes = 6 * MB,
            .ttl = 64,
            .keepalive_idle_us = (uint64_t)7200 * S, /* [RFC9293 3.8.4 MUST-28] */
            .keepalive_interval_us = 75 * S,
            .keepalive_probes = 9,
            .congestion = CIAO_CC_CUBIC,
            .burst_min_segments = 2, /* tcp_min_tso_segs */
            .more = CIAO_RST_ENDS_TIME_WAIT | CIAO_EDGE_TOLERANT | CIAO_TAIL_PROBES
                    | CIAO_IDLE_RESTART | CIAO_BURSTS | CIAO_WIDE_RTO | CIAO_BARE_PROBES
                    | CIAO_HOLD_ONCE | CIAO_RACK | CIAO_LINUX_ERRORS | CIAO_PAWS_TOLERANT
                    | CIAO_DSACK | CIAO_ECN_ACCEPT | CIAO_ICMP_ENDS_SYN,
        },
};

const struct ciao_settings *ciao_profile(enum ciao_profile profile)
{
    ASSERT((unsigned)profile < CIAO_PROFILES);
    return &profiles[profile];
}

const char *ciao_profile_name(enum ciao_profile profile)
{
    static const char *const names[CIAO_PROFILES] = {"ciao", "rfc", "linux"};
    ASSERT((unsigned)profile < CIAO_PROFILES);
    return names[profile];
}

/* Budgets for a server of a million connections: address space, not memory. */
void ciao_config_default(struct ciao_config *config, enum ciao_profile profile)
{
    *config = (struct ciao_config){
        .max_connections = 1u << 20,
        .max_syn_records = 4096,
        .max_time_wait = 1u << 18,
        .max_listeners = 1024,
        .max_events = 1u << 16,
        .max_neighbours = 1024,
        .buffer_bytes = UINT64_C(1) << 30,
        .syn_cookies = 1,
        .events = CIAO_EVENTS_LIFE,
        .merge = 1,
        .predict = 1,
        .tcp = *ciao_profile(profile),
    };
}
