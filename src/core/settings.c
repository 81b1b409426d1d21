/*
 * Which settings and budgets are possible: the bounds that ciao/stack.h states.
 */
#include "core/stack_internal.h"

#define MS 1000u
#define S  1000000u

#define BUFFER_MIN    2048u
#define BUFFER_MAX    (1u << 30) /* as much as a scaled window can offer [RFC7323 2.3] */
#define MSS_MIN       64u
#define BUFFERS_MIN   (1u << 20)
#define KEEPALIVE_MAX ((uint64_t)1000000 * S) /* 11 days: the timers count milliseconds */
#define RECORDS_MAX   (1u << 27)
#define FLAGS_ALL                                                                                \
    (CIAO_NODELAY | CIAO_NO_TIMESTAMPS | CIAO_NO_SACK | CIAO_NO_WSCALE | CIAO_LINGER | CIAO_CORK \
     | CIAO_REUSEADDR | CIAO_REUSEPORT | CIAO_KEEPALIVE | CIAO_OOB_INLINE | CIAO_QUICKACK)
#define MORE_ALL                                                                             \
    (CIAO_RST_ENDS_TIME_WAIT | CIAO_HARD_ICMP_ABORTS | CIAO_SYN_AGAIN_GETS_ACK | CIAO_V6ONLY \
     | CIAO_STRICT_TIMESTAMPS | CIAO_EDGE_TOLERANT | CIAO_TAIL_PROBES | CIAO_IDLE_RESTART    \
     | CIAO_BURSTS | CIAO_WIDE_RTO | CIAO_BARE_PROBES | CIAO_HOLD_ONCE | CIAO_RACK           \
     | CIAO_LINUX_ERRORS | CIAO_PAWS_TOLERANT | CIAO_DSACK | CIAO_ECN | CIAO_ECN_ACCEPT      \
     | CIAO_ICMP_ENDS_SYN)

static bool times_are_possible(const struct ciao_settings *s)
{
    return s->rto_min_us >= 1 * MS && s->rto_min_us <= s->rto_initial_us
           && s->rto_initial_us <= s->rto_max_us && s->rto_max_us >= 60 * S /* [RFC6298 2.5] */
           && s->delayed_ack_us < 500 * MS /* [RFC9293 3.8.6.3 MUST-40] */
           && s->msl_us <= 3600 * S && s->keepalive_idle_us >= 1 * MS
           && s->keepalive_interval_us >= 1 * MS && s->keepalive_idle_us <= KEEPALIVE_MAX
           && s->keepalive_interval_us <= KEEPALIVE_MAX && s->keepalive_probes != 0
           && (s->r2_syn_us == 0 || s->r2_syn_us >= 180 * S) /* [RFC9293 3.8.3 MUST-23] */
           && (s->r2_us == 0 || s->r2_us >= s->rto_min_us);
}

bool settings_are_possible(const struct ciao_settings *s)
{
    return times_are_possible(s) && s->initial_window_segments <= 1000 && s->quick_acks <= 255
           && s->r1 >= 1 && s->r1 <= 255 && s->sndbuf_bytes >= BUFFER_MIN
           && s->sndbuf_bytes <= BUFFER_MAX && s->rcvbuf_bytes >= BUFFER_MIN
           && s->rcvbuf_bytes <= BUFFER_MAX && (s->mss == 0 || s->mss >= MSS_MIN) && s->ttl != 0
           && s->congestion < CIAO_CC_KINDS && (s->flags & ~FLAGS_ALL) == 0
           && (s->more & ~MORE_ALL) == 0;
}

static bool is_budget(uint32_t records)
{
    return records != 0 && records <= RECORDS_MAX;
}

bool config_is_possible(const struct ciao_config *config)
{
    uint32_t events = config->max_events;
    return is_budget(config->max_connections) && is_budget(config->max_syn_records)
           && is_budget(config->max_time_wait) && is_budget(config->max_listeners)
           && is_budget(config->max_neighbours) && (events & (events - 1)) == 0
           && config->buffer_bytes >= BUFFERS_MIN && config->buffer_bytes <= SIZE_MAX / 2
           && config->port_low <= config->port_high && config->syn_cookies <= 2
           && (config->events & ~CIAO_EVENTS_ALL) == 0 && settings_are_possible(&config->tcp);
}
