/*
 * Options of IPPROTO_TCP.  [tcp(7), and Linux's net/ipv4/tcp.c where that is silent]
 *
 * Fast open, repair, MD5 and upper protocols are answered as by a kernel that has none of them.
 */
#include "socket/option.h"

#define E(name) (-CIAO_ERRNO_##name)
#define MS      1000u
#define S       1000000u

#define MSS_MIN         88    /* AS LINUX: TCP_MIN_MSS */
#define MSS_MAX         32767 /* MAX_TCP_WINDOW */
#define MSS_UNCONNECTED 536   /* [RFC9293 3.7.1] */
#define KEEP_MAX        32767 /* MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL: seconds */
#define COUNT_MAX       127   /* MAX_TCP_KEEPCNT, MAX_TCP_SYNCNT */
#define CLAMP_MIN       1152  /* half of the smallest receive buffer */
#define NAME_BYTES      16u   /* TCP_CA_NAME_MAX */
#define FIN_WAIT_MAX_S  120   /* TCP_FIN_TIMEOUT_MAX */
#define DEFER_RTO_S     1     /* TCP_TIMEOUT_INIT */
#define DEFER_TRIES_MAX 255
#define DEFER_RTO_MAX_S 120 /* TCP_RTO_MAX */
#define TX_DELAY_MAX_US 0xfffffff
#define RTO_MAX_MS_LOW  1000
#define RTO_MAX_MS_HIGH 120000 /* TCP_RTO_MAX_SEC */
#define CORE_RTO_MAX_MS 60000  /* [RFC6298 2.5] the core takes no less */
#define TICK_US         1300   /* less is less than a tick of Linux's clock */
#define SYN_RETRIES     6      /* net.ipv4.tcp_syn_retries */

static bool is_closed(struct ciao_sockets *s, struct sock *sock)
{
    return sock_tcp_state(s, sock) == CIAO_TCP_CLOSE;
}

static bool is_closed_or_listens(struct ciao_sockets *s, struct sock *sock)
{
    return sock->phase == SOCK_LISTENING || is_closed(s, sock);
}

/* ---- segments and windows ---- */

static int maxseg_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    if (value != 0 && (value < MSS_MIN || value > MSS_MAX))
        return E(EINVAL);
    sock->settings.mss = (uint16_t)value;
    return option_apply(s, sock);
}

static int maxseg_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    struct ciao_info info;
    if (sock->settings.mss != 0 && is_closed_or_listens(s, sock))
        *value = sock->settings.mss;
    else if (sock_has_conn(sock) && ciao_info(s->stack, sock->conn, &info) == 0
             && info.snd_mss != 0)
        *value = (int32_t)info.snd_mss;
    else
        *value = MSS_UNCONNECTED;
    return 0;
}

static int clamp_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    if (value == 0 && !is_closed(s, sock))
        return E(EINVAL);
    if (value != 0 && value < CLAMP_MIN)
        value = CLAMP_MIN;
    sock->settings.window_clamp_bytes = (uint32_t)value;
    return option_apply(s, sock);
}

static int clamp_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    uint32_t clamp = sock->settings.window_clamp_bytes;
    (void)s;
    if (clamp == 0 && sock_has_conn(sock) && sock->phase != SOCK_LISTENING)
        clamp = sock->settings.rcvbuf_bytes;
    *value = (int32_t)clamp;
    return 0;
}

static int lowat_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    sock->kept.notsent_lowat = value;
    sock->settings.notsent_lowat_bytes =
        value != 0 ? (uint32_t)value : s->defaults.notsent_lowat_bytes;
    return option_apply(s, sock);
}

static int lowat_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = sock->kept.notsent_lowat; /* 0: the default, which is not told */
    return 0;
}

/* ---- times and counts ---- */

static int keepidle_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    sock->settings.keepalive_idle_us = (uint64_t)value * S;
    return option_apply(s, sock);
}

static int keepidle_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = (int32_t)(sock->settings.keepalive_idle_us / S);
    return 0;
}

static int keepintvl_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    sock->settings.keepalive_interval_us = (uint64_t)value * S;
    return option_apply(s, sock);
}

static int keepintvl_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = (int32_t)(sock->settings.keepalive_interval_us / S);
    return 0;
}

static int keepcnt_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    sock->settings.keepalive_probes = (uint8_t)value;
    return option_apply(s, sock);
}

static int keepcnt_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = sock->settings.keepalive_probes;
    return 0;
}

static int syncnt_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    sock->settings.syn_retries = (uint8_t)value;
    return option_apply(s, sock);
}

static int syncnt_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = sock->settings.syn_retries == 0 ? SYN_RETRIES : sock->settings.syn_retries;
    return 0;
}

static int user_timeout_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    if (value < 0)
        return E(EINVAL);
    sock->kept.user_timeout_ms = value;
    sock->settings.user_timeout_us =
        (uint32_t)value > UINT32_MAX / MS ? UINT32_MAX : (uint32_t)value * MS;
    return option_apply(s, sock);
}

static int rto_max_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    const int32_t most = value < CORE_RTO_MAX_MS ? CORE_RTO_MAX_MS : value;
    sock->kept.rto_max_ms = value;
    sock->settings.rto_max_us = (uint32_t)most * MS;
    return option_apply(s, sock);
}

static int rto_min_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    sock->kept.rto_min_us = value;
    sock->settings.rto_min_us = (uint32_t)value;
    return option_apply(s, sock);
}

static int delack_max_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    sock->kept.delack_max_us = value;
    if (sock->settings.delayed_ack_us > (uint32_t)value)
        sock->settings.delayed_ack_us = (uint32_t)value;
    return option_apply(s, sock);
}

/* AS LINUX: less than nothing: an orphan does not wait in FIN-WAIT-2 at all; 0: the default. */
static int linger2_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    int32_t most = value > FIN_WAIT_MAX_S ? FIN_WAIT_MAX_S : value;
    sock->kept.linger2_s = most < 0 ? -1 : most;
    if (most == 0)
        sock->settings.orphan_fin_wait_2_us = s->defaults.orphan_fin_wait_2_us;
    else
        sock->settings.orphan_fin_wait_2_us = most < 0 ? MS : (uint32_t)most * S;
    return option_apply(s, sock);
}

static int linger2_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    int32_t seconds = sock->kept.linger2_s;
    *value = seconds == 0 ? (int32_t)(s->defaults.orphan_fin_wait_2_us / S) : seconds;
    return 0;
}

/* AS LINUX: seconds are counted in SYN,ACKs sent again, and told back as the seconds these take. */
static int32_t seconds_of(int32_t tries)
{
    int32_t seconds = 0, wait = DEFER_RTO_S;
    for (; tries > 0; tries--) {
        seconds += wait;
        wait = wait * 2 > DEFER_RTO_MAX_S ? DEFER_RTO_MAX_S : wait * 2;
    }
    return seconds;
}

static int defer_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    int32_t tries = 0;
    (void)s;
    while (tries < DEFER_TRIES_MAX && seconds_of(tries) < value)
        tries++;
    sock->defer_accept_s = seconds_of(tries);
    return 0;
}

/* ---- when to send, when to acknowledge ---- */

static int quickack_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    sock->kept.quickack = value != 0;
    sock->settings.flags &= ~CIAO_QUICKACK;
    sock->settings.quick_acks = value != 0 ? s->defaults.quick_acks : 0;
    int result = option_apply(s, sock);
    if (result != 0 || value == 0)
        return result;
    sock->settings.flags |= CIAO_QUICKACK; /* set anew: from here on */
    return option_apply(s, sock);
}

/* ---- names ---- */

static const char *const congestion_names[CIAO_CC_KINDS] = {
    [CIAO_CC_NEWRENO] = "reno", [CIAO_CC_CUBIC] = "cubic"};

static bool same_name(const char *a, const char *b)
{
    while (*a != 0 && *a == *b)
        a++, b++;
    return *a == *b;
}

static int congestion_set(struct ciao_sockets *s, struct sock *sock, const struct ciao_iovec *value)
{
    char name[NAME_BYTES] = {0};
    size_t len = value->iov_len < NAME_BYTES - 1 ? value->iov_len : NAME_BYTES - 1;
    if (len == 0)
        return E(EINVAL);
    if (!layer_readable(s, value->iov_base, len))
        return E(EFAULT);
    memcpy(name, value->iov_base, len);
    for (unsigned i = 0; i < CIAO_CC_KINDS; i++) {
        if (!same_name(name, congestion_names[i]))
            continue;
        sock->settings.congestion = (uint8_t)i;
        return option_apply(s, sock);
    }
    return E(ENOENT);
}

static int congestion_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes,
                          uint32_t wanted)
{
    const char *name = congestion_names[sock->settings.congestion];
    (void)s, (void)wanted;
    for (unsigned i = 0; name[i] != 0; i++)
        bytes[i] = (uint8_t)name[i];
    return NAME_BYTES;
}

/* No upper protocol is known. */
static int ulp_set(struct ciao_sockets *s, struct sock *sock, const struct ciao_iovec *value)
{
    (void)sock;
    if (value->iov_len == 0)
        return E(EINVAL);
    return layer_readable(s, value->iov_base, 1) ? E(ENOENT) : E(EFAULT);
}

/* Neither CUBIC nor Reno has anything to say; no SYN is saved; no upper protocol is there. */
static int nothing_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    (void)s, (void)sock, (void)bytes, (void)wanted;
    return 0;
}

/* ---- what is refused, and when ---- */

static int never_permitted(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s, (void)sock, (void)value;
    return E(EPERM);
}

static int queue_seq_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)value;
    return is_closed(s, sock) ? E(EINVAL) : E(EPERM);
}

static int not_in_repair(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s, (void)sock, (void)value;
    return E(EINVAL);
}

static int no_queue(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s, (void)sock, (void)value;
    return E(EINVAL);
}

static int fastopen_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    if (value < 0 || !is_closed_or_listens(s, sock))
        return E(EINVAL);
    const int32_t most = (int32_t)s->config.somaxconn;
    sock->fastopen_queue = value > most ? most : value;
    return 0;
}

static int fastopen_connect_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s, (void)sock, (void)value;
    return E(EOPNOTSUPP); /* as with net.ipv4.tcp_fastopen = 0 */
}

static int no_cookie_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    if (!is_closed_or_listens(s, sock))
        return E(EINVAL);
    sock->more_options = value != 0 ? sock->more_options | KEPT_FASTOPEN_NO_COOKIE
                                    : sock->more_options & ~KEPT_FASTOPEN_NO_COOKIE;
    return 0;
}

static int thin_dupack_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s, (void)sock, (void)value;
    return 0; /* AS LINUX: it has no effect any more */
}

static int timestamp_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)sock;
    *value = (int32_t)(uint32_t)(layer_now(s) / MS);
    return 0;
}

/* clang-format off */
#define BOUNDED(from, to) .bounded = true, .low = (from), .high = (to)
#define KEPT(field) .where = offsetof(struct sock, field)
static const struct option rows[] = {
    [CIAO_TCP_NODELAY] = {.how = OPTION_SETTING_FLAG, .where = CIAO_NODELAY},
    [CIAO_TCP_MAXSEG] = {.how = OPTION_CALLS, .get = maxseg_get, .set = maxseg_set},
    [CIAO_TCP_CORK] = {.how = OPTION_SETTING_FLAG, .where = CIAO_CORK},
    [CIAO_TCP_KEEPIDLE] = {.how = OPTION_CALLS, BOUNDED(1, KEEP_MAX), .get = keepidle_get,
                           .set = keepidle_set},
    [CIAO_TCP_KEEPINTVL] = {.how = OPTION_CALLS, BOUNDED(1, KEEP_MAX), .get = keepintvl_get,
                            .set = keepintvl_set},
    [CIAO_TCP_KEEPCNT] = {.how = OPTION_CALLS, BOUNDED(1, COUNT_MAX), .get = keepcnt_get,
                          .set = keepcnt_set},
    [CIAO_TCP_SYNCNT] = {.how = OPTION_CALLS, BOUNDED(1, COUNT_MAX), .get = syncnt_get,
                         .set = syncnt_set},
    [CIAO_TCP_LINGER2] = {.how = OPTION_CALLS, .get = linger2_get, .set = linger2_set},
    [CIAO_TCP_DEFER_ACCEPT] = {.how = OPTION_KEPT_INT, KEPT(defer_accept_s), .set = defer_set},
    [CIAO_TCP_WINDOW_CLAMP] = {.how = OPTION_CALLS, .get = clamp_get, .set = clamp_set},
    [CIAO_TCP_INFO] = {.how = OPTION_CALLS, .get_bytes = tcp_info_get},
    [CIAO_TCP_QUICKACK] = {.how = OPTION_KEPT_INT, KEPT(kept.quickack), .set = quickack_set},
    [CIAO_TCP_CONGESTION] = {.how = OPTION_CALLS, .get_bytes = congestion_get,
                             .set_bytes = congestion_set},
    [CIAO_TCP_THIN_LINEAR_TIMEOUTS] = {.how = OPTION_KEPT_FLAG, BOUNDED(0, 1),
                                       .where = KEPT_THIN_LINEAR},
    [CIAO_TCP_THIN_DUPACK] = {.how = OPTION_FIXED, BOUNDED(0, 1), .where = 0,
                              .set = thin_dupack_set},
    [CIAO_TCP_USER_TIMEOUT] = {.how = OPTION_KEPT_INT, KEPT(kept.user_timeout_ms),
                               .set = user_timeout_set},
    [CIAO_TCP_REPAIR] = {.how = OPTION_FIXED, .where = 0, .set = never_permitted},
    [CIAO_TCP_REPAIR_QUEUE] = {.how = OPTION_CALLS, .get = no_queue, .set = never_permitted},
    [CIAO_TCP_QUEUE_SEQ] = {.how = OPTION_CALLS, .get = no_queue, .set = queue_seq_set},
    [CIAO_TCP_REPAIR_OPTIONS] = {.how = OPTION_CALLS, .set = not_in_repair},
    [CIAO_TCP_FASTOPEN] = {.how = OPTION_KEPT_INT, KEPT(fastopen_queue), .set = fastopen_set},
    [CIAO_TCP_TIMESTAMP] = {.how = OPTION_CALLS, .get = timestamp_get, .set = never_permitted},
    [CIAO_TCP_NOTSENT_LOWAT] = {.how = OPTION_CALLS, .get = lowat_get, .set = lowat_set},
    [CIAO_TCP_CC_INFO] = {.how = OPTION_CALLS, .get_bytes = nothing_get},
    [CIAO_TCP_SAVE_SYN] = {.how = OPTION_KEPT_INT, BOUNDED(0, 2), KEPT(kept.save_syn)},
    [CIAO_TCP_SAVED_SYN] = {.how = OPTION_CALLS, .get_bytes = nothing_get},
    [CIAO_TCP_FASTOPEN_CONNECT] = {.how = OPTION_KEPT_FLAG, BOUNDED(0, 1),
                                   .where = KEPT_FASTOPEN_CONNECT, .set = fastopen_connect_set},
    [CIAO_TCP_ULP] = {.how = OPTION_CALLS, .get_bytes = nothing_get, .set_bytes = ulp_set},
    [CIAO_TCP_FASTOPEN_NO_COOKIE] = {.how = OPTION_KEPT_FLAG, BOUNDED(0, 1),
                                     .where = KEPT_FASTOPEN_NO_COOKIE, .set = no_cookie_set},
    [CIAO_TCP_INQ] = {.how = OPTION_KEPT_FLAG, BOUNDED(0, 1), .where = KEPT_INQ},
    [CIAO_TCP_TX_DELAY] = {.how = OPTION_KEPT_INT, BOUNDED(0, TX_DELAY_MAX_US),
                           KEPT(kept.tx_delay)},
    [CIAO_TCP_REPAIR_WINDOW] = {.how = OPTION_CALLS, .get = no_queue, .set = never_permitted},
    [CIAO_TCP_RTO_MAX_MS] = {.how = OPTION_KEPT_INT, BOUNDED(RTO_MAX_MS_LOW, RTO_MAX_MS_HIGH),
                             KEPT(kept.rto_max_ms), .set = rto_max_set},
    [CIAO_TCP_RTO_MIN_US] = {.how = OPTION_KEPT_INT, BOUNDED(TICK_US, 200000),
                             KEPT(kept.rto_min_us), .set = rto_min_set},
    [CIAO_TCP_DELACK_MAX_US] = {.how = OPTION_KEPT_INT, BOUNDED(TICK_US, OPTION_DELACK_MAX_US),
                                KEPT(kept.delack_max_us), .set = delack_max_set},
    [CIAO_TCP_IS_MPTCP] = {.how = OPTION_FIXED, .where = 0},
};
/* clang-format on */

const struct option_table option_tcp_table = {rows, sizeof rows / sizeof rows[0], false, false};
