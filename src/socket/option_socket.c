/*
 * Options of SOL_SOCKET.  [socket(7), and Linux's net/core/sock.c where that is silent]
 */
#include "socket/option.h"

#define E(name) (-CIAO_ERRNO_##name)

/* AS LINUX: what a socket buffer costs beside its bytes sets the smallest limits. */
#define SNDBUF_MIN   4608u
#define RCVBUF_MIN   2304u
#define SNDBUF_FIRST 16384  /* net.ipv4.tcp_wmem[1] */
#define RCVBUF_FIRST 131072 /* net.ipv4.tcp_rmem[1] */
#define CORE_MIN     2048u
#define CORE_MAX     (1u << 30)
#define US           UINT64_C(1000000)

/* ---- buffers: asked for, doubled, clamped ---- */

static uint32_t bounded(uint32_t bytes, uint32_t low, uint32_t high)
{
    if (bytes < low)
        return low;
    return bytes > high ? high : bytes;
}

static int set_sndbuf(struct ciao_sockets *s, struct sock *sock, uint32_t asked)
{
    uint32_t twice = asked > INT32_MAX / 2 ? INT32_MAX - 1 : asked * 2;
    sock->sndbuf_asked = twice < SNDBUF_MIN ? SNDBUF_MIN : twice;
    sock->settings.sndbuf_bytes = bounded(sock->sndbuf_asked, CORE_MIN, CORE_MAX);
    return option_apply(s, sock);
}

/* AS LINUX: half of the buffer is room for bytes, the other half for what they cost. */
static int set_rcvbuf(struct ciao_sockets *s, struct sock *sock, uint32_t asked)
{
    uint32_t twice = asked > INT32_MAX / 2 ? INT32_MAX - 1 : asked * 2;
    sock->rcvbuf_asked = twice < RCVBUF_MIN ? RCVBUF_MIN : twice;
    sock->settings.rcvbuf_bytes = bounded(sock->rcvbuf_asked / 2, CORE_MIN, CORE_MAX);
    return option_apply(s, sock);
}

static int sndbuf_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    return set_sndbuf(s, sock, bounded((uint32_t)value, 0, s->config.wmem_max));
}

static int rcvbuf_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    return set_rcvbuf(s, sock, bounded((uint32_t)value, 0, s->config.rmem_max));
}

static int sndbuf_force(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    return s->config.privileged ? set_sndbuf(s, sock, value < 0 ? 0 : (uint32_t)value) : E(EPERM);
}

static int rcvbuf_force(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    return s->config.privileged ? set_rcvbuf(s, sock, value < 0 ? 0 : (uint32_t)value) : E(EPERM);
}

static int32_t sndbuf_of(const struct sock *sock)
{
    return sock->sndbuf_asked == 0 ? SNDBUF_FIRST : (int32_t)sock->sndbuf_asked;
}

static int32_t rcvbuf_of(const struct sock *sock)
{
    return sock->rcvbuf_asked == 0 ? RCVBUF_FIRST : (int32_t)sock->rcvbuf_asked;
}

static int sndbuf_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = sndbuf_of(sock);
    return 0;
}

static int rcvbuf_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = rcvbuf_of(sock);
    return 0;
}

/* AS LINUX: at most half of the buffer, 0 is 1, less than nothing is as much as there may be. */
static int rcvlowat_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    uint32_t most = sock->settings.rcvbuf_bytes / 2;
    uint32_t asked = value < 0 ? INT32_MAX : (uint32_t)value;
    if (sock->rcvbuf_asked != 0)
        most = sock->rcvbuf_asked / 2;
    asked = asked > most ? most : asked;
    sock->settings.rcvlowat_bytes = asked == 0 ? 1 : asked;
    const int result = option_apply(s, sock);
    const bool was_reset = sock_tcp_state(s, sock) == CIAO_TCP_CLOSE && !sock_has_fin(s, sock);
    if (!was_reset && (sock_poll_events(s, sock) & CIAO_POLLIN)) /* AS LINUX: it is news again */
        desc_news(s, sock_desc(sock), CIAO_POLLIN | CIAO_POLLRDNORM);
    return result;
}

static int rcvlowat_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = sock->settings.rcvlowat_bytes == 0 ? 1 : (int32_t)sock->settings.rcvlowat_bytes;
    return 0;
}

/* ---- times ---- */

/* AS LINUX: nothing is for ever, and so is more than there are ticks for; less than nothing does
 * not wait at all. */
#define TIMEOUT_MAX_S   (INT64_MAX / 1000000 - 1)
#define TIMEOUT_NOW     UINT64_C(1)
#define TIMEOUT_TICK_US 1000u

static int set_timeout(const struct ciao_sockets *s, uint64_t *timeout_us,
                       const struct ciao_iovec *value)
{
    struct ciao_timeval time;
    if (value->iov_len < sizeof time)
        return E(EINVAL);
    if (!layer_readable(s, value->iov_base, sizeof time))
        return E(EFAULT);
    memcpy(&time, value->iov_base, sizeof time);
    if (time.tv_usec < 0 || time.tv_usec >= (int64_t)US)
        return E(EDOM);
    if (time.tv_sec < 0)
        *timeout_us = TIMEOUT_NOW;
    else if (time.tv_sec > TIMEOUT_MAX_S)
        *timeout_us = 0;
    else
        *timeout_us =
            (uint64_t)time.tv_sec * US
            + ((uint64_t)time.tv_usec + TIMEOUT_TICK_US - 1) / TIMEOUT_TICK_US * TIMEOUT_TICK_US;
    return 0;
}

static int get_timeout(uint64_t timeout_us, uint8_t *bytes)
{
    uint64_t us = timeout_us == TIMEOUT_NOW ? 0 : timeout_us;
    struct ciao_timeval time = {(int64_t)(us / US), (int64_t)(us % US)};
    memcpy(bytes, &time, sizeof time);
    return sizeof time;
}

static int rcvtimeo_set(struct ciao_sockets *s, struct sock *sock, const struct ciao_iovec *value)
{
    return set_timeout(s, &sock->rcvtimeo_us, value);
}

static int sndtimeo_set(struct ciao_sockets *s, struct sock *sock, const struct ciao_iovec *value)
{
    return set_timeout(s, &sock->sndtimeo_us, value);
}

static int rcvtimeo_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    (void)s, (void)wanted;
    return get_timeout(sock->rcvtimeo_us, bytes);
}

static int sndtimeo_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    (void)s, (void)wanted;
    return get_timeout(sock->sndtimeo_us, bytes);
}

static int linger_set(struct ciao_sockets *s, struct sock *sock, const struct ciao_iovec *value)
{
    struct ciao_linger linger;
    if (value->iov_len < sizeof linger)
        return E(EINVAL);
    if (!layer_readable(s, value->iov_base, sizeof linger))
        return E(EFAULT);
    memcpy(&linger, value->iov_base, sizeof linger);
    const bool on = linger.l_onoff != 0;
    sock->flags = (uint16_t)(on ? sock->flags | SOCK_LINGERS : sock->flags & ~SOCK_LINGERS);
    if (on)
        sock->linger_s = linger.l_linger < 0 ? INT32_MAX : linger.l_linger;
    sock->settings.flags &= ~CIAO_LINGER;
    sock->settings.linger_us = 0;
    if (on && sock->linger_s == 0)
        sock->settings.flags |= CIAO_LINGER; /* close() resets */
    return option_apply(s, sock);
}

static int linger_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    (void)s, (void)wanted;
    struct ciao_linger linger = {(sock->flags & SOCK_LINGERS) != 0, sock->linger_s};
    memcpy(bytes, &linger, sizeof linger);
    return sizeof linger;
}

/* ---- what it is ---- */

/* AS LINUX sk_err_soft: where nothing is wrong, what the network has reported. */
static int32_t take_soft_error(struct ciao_sockets *s, const struct sock *sock)
{
    int error = sock->conn != 0 ? ciao_soft_error(s->stack, sock->conn) : 0;
    return error < 0 && error != -CIAO_ETIMEDOUT ? -sock_errno(error) : 0;
}

static int error_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    *value = sock_take_error(s, sock);
    if (*value == 0)
        *value = take_soft_error(s, sock);
    return 0;
}

static int domain_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = sock->flags & SOCK_IS_V6 ? CIAO_AF_INET6 : CIAO_AF_INET;
    return 0;
}

static int acceptconn_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = sock->phase == SOCK_LISTENING;
    return 0;
}

/* The connection's life, or a number that no life has. */
static int cookie_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    const struct desc *desc = sock_desc(sock);
    uint64_t cookie =
        UINT64_C(1) << 63 | (uint64_t)desc->generation << 24 | (uint32_t)desc_fd(s, desc);
    if (wanted < sizeof cookie)
        return E(EINVAL);
    memcpy(bytes, &cookie, sizeof cookie);
    return sizeof cookie;
}

/* SO_MEMINFO: nine numbers (linux/sock_diag.h). */
static int meminfo_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    struct ciao_info info;
    uint32_t unread = 0, unsent = 0;
    (void)wanted;
    if (sock_has_conn(sock) && ciao_info(s->stack, sock->conn, &info) == 0) {
        unread = info.unread_bytes + info.out_of_order_bytes;
        unsent = info.unsent_bytes + info.unacked_bytes;
    }
    const uint32_t numbers[9] = {
        unread, (uint32_t)rcvbuf_of(sock), unsent, (uint32_t)sndbuf_of(sock), 0, unsent, 0, 0, 0};
    memcpy(bytes, numbers, sizeof numbers);
    return sizeof numbers;
}

/* AS LINUX: nobody is known on the other side of a network. */
static int peercred_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    const int32_t nobody[3] = {0, -1, -1};
    (void)s, (void)sock, (void)wanted;
    memcpy(bytes, nobody, sizeof nobody);
    return sizeof nobody;
}

/* ---- what has a rule of its own ---- */

static int debug_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    if (value != 0 && !s->config.privileged)
        return E(EACCES);
    sock->more_options =
        value != 0 ? sock->more_options | KEPT_DEBUG : sock->more_options & ~KEPT_DEBUG;
    return 0;
}

static int priority_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    if ((value < 0 || value > 6) && !s->config.privileged)
        return E(EPERM);
    sock->priority = value;
    return 0;
}

static int mark_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    if (!s->config.privileged)
        return E(EPERM);
    sock->mark = value;
    return 0;
}

#define TIMESTAMPING_ALL 0x7ffff /* SOF_TIMESTAMPING_MASK */
static int timestamping_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s;
    if (value & ~TIMESTAMPING_ALL)
        return E(EINVAL);
    sock->kept.timestamping = value;
    return 0;
}

/* Its flags, and the clock that they are about. */
static int timestamping_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes,
                            uint32_t wanted)
{
    (void)s, (void)wanted;
    memcpy(bytes, &sock->kept.timestamping, sizeof(int32_t));
    return 2 * sizeof(int32_t);
}

/* SO_TXTIME, never set: a clock and flags. */
static int txtime_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    (void)s, (void)sock, (void)bytes, (void)wanted;
    return 2 * sizeof(int32_t);
}

/* No link has a number that a program could know. */
static int ifindex_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s, (void)sock;
    if (value < 0)
        return E(EINVAL);
    return value == 0 ? 0 : E(ENODEV);
}

static int ifindex_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s, (void)sock;
    *value = 0;
    return 0;
}

/* AS LINUX: the peer's name, and to ask for more than it has is an error. */
static int peername_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    const unsigned state = sock_tcp_state(s, sock);
    struct ciao_sockaddr_storage name;
    uint32_t len = sizeof name;
    if (state == CIAO_TCP_CLOSE || state == CIAO_TCP_LISTEN || state == CIAO_TCP_SYN_SENT)
        return E(ENOTCONN);
    const int error = name_write(s, sock, &sock->remote, &(struct ciao_name){&name, &len});
    if (error != 0)
        return error;
    if (len < wanted)
        return E(EINVAL);
    memcpy(bytes, &name, len);
    return (int)len;
}

/* A link has no name here: only "none" is one. */
static int bindtodevice_set(struct ciao_sockets *s, struct sock *sock,
                            const struct ciao_iovec *value)
{
    uint8_t first = 0;
    (void)sock;
    if (value->iov_len != 0 && !layer_readable(s, value->iov_base, 1))
        return E(EFAULT);
    if (value->iov_len != 0)
        memcpy(&first, value->iov_base, 1);
    return first == 0 ? 0 : E(ENODEV);
}

static int bindtodevice_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes,
                            uint32_t wanted)
{
    (void)s, (void)sock, (void)bytes, (void)wanted;
    return 0;
}

static int pacing_set(struct ciao_sockets *s, struct sock *sock, const struct ciao_iovec *value)
{
    uint32_t small;
    if (value->iov_len < sizeof small)
        return E(EINVAL);
    bool wide = value->iov_len >= sizeof(uint64_t);
    if (!layer_readable(s, value->iov_base, wide ? sizeof(uint64_t) : sizeof small))
        return E(EFAULT);
    if (wide) {
        memcpy(&sock->kept.max_pacing_rate, value->iov_base, sizeof(uint64_t));
        return 0;
    }
    memcpy(&small, value->iov_base, sizeof small);
    sock->kept.max_pacing_rate = small == UINT32_MAX ? UINT64_MAX : small;
    return 0;
}

static int pacing_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    (void)s;
    uint64_t rate = sock->kept.max_pacing_rate;
    uint32_t small = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
    if (wanted >= sizeof rate) {
        memcpy(bytes, &rate, sizeof rate);
        return sizeof rate;
    }
    memcpy(bytes, &small, sizeof small);
    return sizeof small;
}

static int detach_filter(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s, (void)sock, (void)value;
    return E(ENOENT);
}

/* clang-format off */
#define FLAG(bit) {.how = OPTION_KEPT_FLAG, .where = (bit)}
#define INT(field) {.how = OPTION_KEPT_INT, .where = offsetof(struct sock, field)}
#define REFUSED(get, set) {.how = OPTION_REFUSED, .low = CIAO_ERRNO_##get, .high = CIAO_ERRNO_##set}
#define FIXED(value) {.how = OPTION_FIXED, .where = (value)}
static const struct option rows[] = {
    [CIAO_SO_DEBUG] = {.how = OPTION_KEPT_FLAG, .where = KEPT_DEBUG, .set = debug_set},
    [CIAO_SO_REUSEADDR] = {.how = OPTION_SETTING_FLAG, .where = CIAO_REUSEADDR},
    [CIAO_SO_TYPE] = FIXED(CIAO_SOCK_STREAM),
    [CIAO_SO_ERROR] = {.how = OPTION_CALLS, .get = error_get},
    [CIAO_SO_DONTROUTE] = FLAG(KEPT_DONTROUTE),
    [CIAO_SO_BROADCAST] = FLAG(KEPT_BROADCAST),
    [CIAO_SO_SNDBUF] = {.how = OPTION_CALLS, .get = sndbuf_get, .set = sndbuf_set},
    [CIAO_SO_RCVBUF] = {.how = OPTION_CALLS, .get = rcvbuf_get, .set = rcvbuf_set},
    [CIAO_SO_SNDBUFFORCE] = {.how = OPTION_CALLS, .set = sndbuf_force},
    [CIAO_SO_RCVBUFFORCE] = {.how = OPTION_CALLS, .set = rcvbuf_force},
    [CIAO_SO_KEEPALIVE] = {.how = OPTION_SETTING_FLAG, .where = CIAO_KEEPALIVE},
    [CIAO_SO_OOBINLINE] = {.how = OPTION_SETTING_FLAG, .where = CIAO_OOB_INLINE},
    [CIAO_SO_NO_CHECK] = FLAG(KEPT_NO_CHECK),
    [CIAO_SO_PRIORITY] = {.how = OPTION_KEPT_INT, .where = offsetof(struct sock, priority),
                          .set = priority_set},
    [CIAO_SO_LINGER] = {.how = OPTION_CALLS, .get_bytes = linger_get, .set_bytes = linger_set},
    [CIAO_SO_BSDCOMPAT] = {.how = OPTION_KEPT_FLAG, .where = 0},
    [CIAO_SO_PASSCRED] = REFUSED(EOPNOTSUPP, EOPNOTSUPP),
    [CIAO_SO_REUSEPORT] = {.how = OPTION_SETTING_FLAG, .where = CIAO_REUSEPORT},
    [CIAO_SO_PEERCRED] = {.how = OPTION_CALLS, .get_bytes = peercred_get},
    [CIAO_SO_RCVLOWAT] = {.how = OPTION_CALLS, .get = rcvlowat_get, .set = rcvlowat_set},
    [CIAO_SO_SNDLOWAT] = FIXED(1),
    [CIAO_SO_RCVTIMEO] = {.how = OPTION_CALLS, .get_bytes = rcvtimeo_get,
                          .set_bytes = rcvtimeo_set},
    [CIAO_SO_SNDTIMEO] = {.how = OPTION_CALLS, .get_bytes = sndtimeo_get,
                          .set_bytes = sndtimeo_set},
    [CIAO_SO_BINDTODEVICE] = {.how = OPTION_CALLS, .get_bytes = bindtodevice_get,
                              .set_bytes = bindtodevice_set},
    [CIAO_SO_DETACH_FILTER] = {.how = OPTION_CALLS, .set = detach_filter},
    [CIAO_SO_PEERNAME] = {.how = OPTION_CALLS, .get_bytes = peername_get},
    [CIAO_SO_TIMESTAMP] = FLAG(KEPT_TIMESTAMP),
    [CIAO_SO_ACCEPTCONN] = {.how = OPTION_CALLS, .get = acceptconn_get},
    [CIAO_SO_PASSSEC] = REFUSED(EOPNOTSUPP, EOPNOTSUPP),
    [CIAO_SO_TIMESTAMPNS] = FLAG(KEPT_TIMESTAMPNS),
    [CIAO_SO_MARK] = {.how = OPTION_KEPT_INT, .where = offsetof(struct sock, mark),
                      .set = mark_set},
    [CIAO_SO_TIMESTAMPING] = {.how = OPTION_CALLS, .get_bytes = timestamping_get,
                              .set = timestamping_set},
    [CIAO_SO_PROTOCOL] = FIXED(CIAO_IPPROTO_TCP),
    [CIAO_SO_DOMAIN] = {.how = OPTION_CALLS, .get = domain_get},
    [CIAO_SO_RXQ_OVFL] = FLAG(KEPT_RXQ_OVFL),
    [CIAO_SO_PEEK_OFF] = INT(kept.peek_off),
    [CIAO_SO_SELECT_ERR_QUEUE] = FLAG(KEPT_SELECT_ERR_QUEUE),
    [CIAO_SO_BUSY_POLL] = {.how = OPTION_KEPT_INT, .bounded = true, .low = 0, .high = INT32_MAX,
                           .where = offsetof(struct sock, kept.busy_poll)},
    [CIAO_SO_MAX_PACING_RATE] = {.how = OPTION_CALLS, .get_bytes = pacing_get,
                                 .set_bytes = pacing_set},
    [CIAO_SO_BPF_EXTENSIONS] = FIXED(64),
    [CIAO_SO_INCOMING_CPU] = INT(incoming_cpu),
    [CIAO_SO_MEMINFO] = {.how = OPTION_CALLS, .get_bytes = meminfo_get},
    [CIAO_SO_INCOMING_NAPI_ID] = FIXED(0),
    [CIAO_SO_COOKIE] = {.how = OPTION_CALLS, .get_bytes = cookie_get},
    [CIAO_SO_PEERGROUPS] = REFUSED(ENODATA, ENOPROTOOPT),
    [CIAO_SO_TXTIME] = {.how = OPTION_CALLS, .get_bytes = txtime_get},
    [CIAO_SO_BINDTOIFINDEX] = {.how = OPTION_CALLS, .get = ifindex_get, .set = ifindex_set},
    [CIAO_SO_TIMESTAMP_NEW] = FLAG(KEPT_TIMESTAMP_NEW),
    [CIAO_SO_TIMESTAMPNS_NEW] = FLAG(KEPT_TIMESTAMP_NEW),
    [CIAO_SO_TIMESTAMPING_NEW] = {.how = OPTION_CALLS, .get_bytes = timestamping_get,
                                  .set = timestamping_set},
    [CIAO_SO_RCVTIMEO_NEW] = {.how = OPTION_CALLS, .get_bytes = rcvtimeo_get,
                              .set_bytes = rcvtimeo_set},
    [CIAO_SO_SNDTIMEO_NEW] = {.how = OPTION_CALLS, .get_bytes = sndtimeo_get,
                              .set_bytes = sndtimeo_set},
    [CIAO_SO_BUF_LOCK] = {.how = OPTION_KEPT_INT, .bounded = true, .low = 0, .high = 3,
                          .where = offsetof(struct sock, kept.buf_lock)},
    [CIAO_SO_RCVMARK] = FLAG(KEPT_RCVMARK),
    [CIAO_SO_PASSPIDFD] = REFUSED(EOPNOTSUPP, EOPNOTSUPP),
    [CIAO_SO_PEERPIDFD] = REFUSED(ENODATA, ENOPROTOOPT),
    [CIAO_SO_ZEROCOPY] = {.how = OPTION_KEPT_FLAG, .bounded = true, .low = 0, .high = 1,
                          .where = KEPT_ZEROCOPY},
    [CIAO_SO_PREFER_BUSY_POLL] = {.how = OPTION_KEPT_FLAG, .privileged = true,
                                  .where = KEPT_PREFER_BUSY_POLL},
    [CIAO_SO_TXREHASH] = {.how = OPTION_KEPT_INT, .bounded = true, .low = -1, .high = 1,
                          .when_minus_1 = 1, .where = offsetof(struct sock, kept.txrehash)},
};
/* clang-format on */

const struct option_table option_socket_table = {rows, sizeof rows / sizeof rows[0], false, false};
