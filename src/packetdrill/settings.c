/*
 * What a script sets with sysctl, and the stack's settings that it means.
 *
 * Two places are looked at when a socket is made, when it listens and when it connects: /proc/sys
 * (a script that runs in a network namespace really sets it there) and, where packetdrill runs as
 * a part of a suite, the folder sysctl/ of $PDSUITE_DIR, which may also hold names of FreeBSD's.
 * Under the profile `linux` the system's values hold; under another one only what has changed
 * since the start, since that is what the script has set.
 *
 * Linux's names are src/host/sysctl.c's matter, FreeBSD's stand here.  A name that neither has is
 * one whose value changes nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/sysctl.h"
#include "packetdrill/pd.h"

#define MS 1000u

static uint32_t narrow(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void set_flag(uint32_t *flags, uint32_t flag, bool on)
{
    *flags = on ? *flags | flag : *flags & ~flag;
}

/* ---- FreeBSD's names: tcp(4); times in milliseconds ---- */

static void bsd_rfc1323(struct sysctls *s, uint64_t value)
{
    set_flag(&s->tcp.flags, CIAO_NO_WSCALE, value == 0 || value == 3);
    set_flag(&s->tcp.flags, CIAO_NO_TIMESTAMPS, value == 0 || value == 2);
}

static void bsd_msl(struct sysctls *s, uint64_t value)
{
    s->tcp.msl_us = narrow(value * MS);
}

static void bsd_finwait2(struct sysctls *s, uint64_t value)
{
    s->tcp.orphan_fin_wait_2_us = narrow(value * MS);
}

static void bsd_keepidle(struct sysctls *s, uint64_t value)
{
    s->tcp.keepalive_idle_us = value * MS;
}

static void bsd_keepintvl(struct sysctls *s, uint64_t value)
{
    s->tcp.keepalive_interval_us = value * MS;
}

static void bsd_always_keepalive(struct sysctls *s, uint64_t value)
{
    set_flag(&s->tcp.flags, CIAO_KEEPALIVE, value != 0);
}

static void bsd_keepinit(struct sysctls *s, uint64_t value)
{
    s->tcp.r2_syn_us = narrow(value * MS);
    s->tcp.syn_retries = 0;
}

static void bsd_delayed_ack(struct sysctls *s, uint64_t value)
{
    if (value == 0)
        s->tcp.delayed_ack_us = 0;
}

static void bsd_delacktime(struct sysctls *s, uint64_t value)
{
    if (value < 500)
        s->tcp.delayed_ack_us = (uint32_t)value * MS;
}

static void bsd_sendspace(struct sysctls *s, uint64_t value)
{
    s->tcp.sndbuf_bytes = narrow(value);
}

static void bsd_recvspace(struct sysctls *s, uint64_t value)
{
    s->tcp.rcvbuf_bytes = narrow(value);
}

static void bsd_rexmit_min(struct sysctls *s, uint64_t value)
{
    s->tcp.rto_min_us = narrow(value * MS);
}

static void bsd_rexmit_initial(struct sysctls *s, uint64_t value)
{
    s->tcp.rto_initial_us = narrow(value * MS);
}

static void bsd_initcwnd(struct sysctls *s, uint64_t value)
{
    s->tcp.initial_window_segments = narrow(value);
}

/* A row without a function is set as Linux's of the other name. */
static const struct knob {
    const char *name;
    void (*set)(struct sysctls *s, uint64_t value);
    const char *as_linux;
} bsd_knobs[] = {
    {"net.inet.tcp.rfc1323", bsd_rfc1323, NULL},
    {"net.inet.tcp.msl", bsd_msl, NULL},
    {"net.inet.tcp.finwait2_timeout", bsd_finwait2, NULL},
    {"net.inet.tcp.keepidle", bsd_keepidle, NULL},
    {"net.inet.tcp.keepintvl", bsd_keepintvl, NULL},
    {"net.inet.tcp.keepinit", bsd_keepinit, NULL},
    {"net.inet.tcp.always_keepalive", bsd_always_keepalive, NULL},
    {"net.inet.tcp.delayed_ack", bsd_delayed_ack, NULL},
    {"net.inet.tcp.delacktime", bsd_delacktime, NULL},
    {"net.inet.tcp.sendspace", bsd_sendspace, NULL},
    {"net.inet.tcp.recvspace", bsd_recvspace, NULL},
    {"net.inet.tcp.rexmit_min", bsd_rexmit_min, NULL},
    {"net.inet.tcp.rexmit_initial", bsd_rexmit_initial, NULL},
    {"net.inet.tcp.initcwnd_segments", bsd_initcwnd, NULL},
    {"net.inet.tcp.sack.enable", NULL, "net.ipv4.tcp_sack"},
    {"net.inet.tcp.keepcnt", NULL, "net.ipv4.tcp_keepalive_probes"},
    {"net.inet.tcp.syncookies", NULL, "net.ipv4.tcp_syncookies"},
    {"net.inet.ip.ttl", NULL, "net.ipv4.ip_default_ttl"},
    {"kern.ipc.soacceptqueue", NULL, "net.core.somaxconn"},
    {"kern.ipc.somaxconn", NULL, "net.core.somaxconn"},
};

/* ---- looking ---- */

static bool system_setting(const char *name, char text[PD_KNOB_TEXT])
{
    char path[128] = "/proc/sys/";
    size_t at = strlen(path);

    for (; *name && at + 1 < sizeof path; name++)
        path[at++] = *name == '.' ? '/' : *name;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool read = fgets(text, PD_KNOB_TEXT, file) != NULL;
    (void)fclose(file);
    text[read ? strcspn(text, "\n") : 0] = 0;
    return read;
}

/* What a script may have set; false: nothing, or nothing new. */
static bool look(const struct pd *pd, size_t knob, const char *name, char text[PD_KNOB_TEXT])
{
    if (pd_suite_setting(pd, name, text, PD_KNOB_TEXT))
        return true;
    if (!system_setting(name, text))
        return false;
    return pd->flags.profile == CIAO_PROFILE_LINUX || strcmp(text, pd->baseline[knob]) != 0;
}

static void follow_linux(const struct pd *pd, struct sysctls *sysctls)
{
    char text[PD_KNOB_TEXT];
    const char *name;

    for (size_t i = 0; i < PD_KNOBS && (name = sysctl_name(i)); i++) {
        /* What ciao has no equal for stays as the profile has it. */
        if (look(pd, i, name, text))
            (void)sysctl_set(sysctls, name, strlen(name), text);
    }
}

static void follow_bsd(const struct pd *pd, struct sysctls *sysctls)
{
    char text[PD_KNOB_TEXT];

    for (size_t i = 0; i < sizeof bsd_knobs / sizeof bsd_knobs[0]; i++) {
        const struct knob *knob = &bsd_knobs[i];
        if (!pd_suite_setting(pd, knob->name, text, sizeof text))
            continue;
        if (knob->set)
            knob->set(sysctls, strtoull(text, NULL, 10));
        else
            (void)sysctl_set(sysctls, knob->as_linux, strlen(knob->as_linux), text);
    }
    if (pd_suite_setting(pd, "net.inet.tcp.cc.algorithm", text, sizeof text)) {
        const char *as = strcmp(text, "newreno") == 0 ? "reno" : text;
        const char *name = "net.ipv4.tcp_congestion_control";
        (void)sysctl_set(sysctls, name, strlen(name), as);
    }
}

void pd_settings_init(struct pd *pd)
{
    const char *name;

    for (size_t i = 0; i < PD_KNOBS && (name = sysctl_name(i)); i++)
        (void)system_setting(name, pd->baseline[i]);
}

void pd_settings_follow(struct pd *pd)
{
    struct sysctls sysctls;

    sysctls_init(&sysctls, pd->flags.profile);
    follow_linux(pd, &sysctls);
    if (pd->suite)
        follow_bsd(pd, &sysctls);
    sysctls.limits.privileged = geteuid() == 0; /* who may do all in the host may do all here */
    pd_take(pd);
    ciao_sockets_defaults(pd->sockets, &sysctls.tcp);
    ciao_sockets_limits(pd->sockets, &sysctls.limits);
    pd_give(pd);
}
