/*
 * Options of IPPROTO_IP and IPPROTO_IPV6.  [ip(7), ipv6(7), and Linux's net/ipv4/ip_sockglue.c and
 * net/ipv6/ipv6_sockglue.c where these are silent]
 *
 * What asks for control messages of datagrams is remembered: a stream has none to give.
 */
#include "socket/option.h"

#define E(name) (-CIAO_ERRNO_##name)

#define ECN_BITS     3 /* [RFC3168 5] they are TCP's own */
#define IPV6_MTU_MIN 1280
#define IP4_HEADERS  40u
#define IP6_HEADERS  60u
#define TS_OPTION    12u

/* ---- traffic class, hop limit ---- */

static int tos_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    sock->settings.tos = (uint8_t)((value & ~ECN_BITS) | (sock->settings.tos & ECN_BITS));
    return option_apply(s, sock);
}

static int tos_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = sock->settings.tos;
    return 0;
}

static int set_hops(struct ciao_sockets *s, struct sock *sock, int32_t *kept, int32_t value)
{
    *kept = value == -1 ? s->defaults.ttl : value;
    if (*kept != 0) /* AS LINUX: IPv6 takes a hop limit of 0, which nothing survives */
        sock->settings.ttl = (uint8_t)*kept;
    return option_apply(s, sock);
}

static int ttl_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    return value == 0 ? E(EINVAL) : set_hops(s, sock, &sock->kept.ip_ttl, value);
}

static int hops_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    return set_hops(s, sock, &sock->kept.ipv6_hops, value);
}

/* ---- MTU ---- */

static int mtu_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    struct ciao_info info;
    if (!sock_has_conn(sock) || sock->phase == SOCK_LISTENING
        || ciao_info(s->stack, sock->conn, &info) != 0)
        return E(ENOTCONN);
    uint32_t headers = addr_is_v4(&info.remote.addr) ? IP4_HEADERS : IP6_HEADERS;
    *value = (int32_t)(info.snd_mss + headers + (info.timestamps ? TS_OPTION : 0));
    return 0;
}

static int ipv6_mtu_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s;
    if (value != 0 && value < IPV6_MTU_MIN)
        return E(EINVAL);
    sock->kept.ipv6_mtu = value;
    return 0;
}

/* ---- IP options: none is sent ---- */

static int options_set(struct ciao_sockets *s, struct sock *sock, const struct ciao_iovec *value)
{
    (void)s, (void)sock;
    return value->iov_len == 0 ? 0 : E(EINVAL);
}

static int options_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted)
{
    (void)s, (void)sock, (void)bytes, (void)wanted;
    return 0;
}

/* Low in the low half, high in the high half; 0 is no bound. */
static int port_range_set(struct ciao_sockets *s, struct sock *sock, const struct ciao_iovec *value)
{
    uint32_t range = 0;
    if (value->iov_len != sizeof range)
        return E(EINVAL);
    if (!layer_readable(s, value->iov_base, sizeof range))
        return E(EFAULT);
    memcpy(&range, value->iov_base, sizeof range);
    uint32_t low = range & 0xffff, high = range >> 16;
    if (low != 0 && high != 0 && low > high)
        return E(EINVAL);
    sock->kept.ip_port_range = (int32_t)range;
    return 0;
}

static int port_range_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    (void)s;
    *value = sock->kept.ip_port_range;
    return 0;
}

static int not_for_streams(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s, (void)sock, (void)value;
    return E(EINVAL);
}

static int multicast_loop_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    (void)s;
    sock->kept.ip_multicast_loop = value != 0;
    return 0;
}

/* It also lets bind() take any address. */
static int transparent_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    const uint32_t anywhere = value != 0 ? SOCK_BINDS_ANYWHERE : 0;
    (void)s;
    sock->more_options =
        value != 0 ? sock->more_options | KEPT_TRANSPARENT : sock->more_options & ~KEPT_TRANSPARENT;
    sock->flags = (uint16_t)((sock->flags & ~SOCK_BINDS_ANYWHERE) | anywhere);
    return 0;
}

/* ---- which family ---- */

/* AS LINUX inet_num. */
static bool has_port(const struct ciao_sockets *s, const struct sock *sock)
{
    if (sock_tcp_state(s, sock) != CIAO_TCP_CLOSE)
        return true;
    return (sock->flags & SOCK_BOUND_PORT) && !sock_port_is_over(s, sock);
}

static int v6only_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    if (has_port(s, sock))
        return E(EINVAL);
    sock->settings.more =
        value != 0 ? sock->settings.more | CIAO_V6ONLY : sock->settings.more & ~CIAO_V6ONLY;
    return 0;
}

static int addrform_get(struct ciao_sockets *s, struct sock *sock, int32_t *value)
{
    if (sock_tcp_state(s, sock) != CIAO_TCP_ESTABLISHED)
        return E(ENOTCONN);
    *value = CIAO_AF_INET6;
    return 0;
}

/* A socket whose peer is an IPv4 address may become one of IPv4. */
static int addrform_set(struct ciao_sockets *s, struct sock *sock, int32_t value)
{
    struct ciao_info info;
    if (value != CIAO_AF_INET)
        return E(EINVAL);
    if (sock_tcp_state(s, sock) != CIAO_TCP_ESTABLISHED
        || ciao_info(s->stack, sock->conn, &info) != 0)
        return E(ENOTCONN);
    if (!addr_is_v4(&info.remote.addr) || sock->settings.more & CIAO_V6ONLY)
        return E(EADDRNOTAVAIL);
    sock->flags &= (uint16_t)~SOCK_IS_V6;
    return 0;
}

/* clang-format off */
#define FLAG(bit) {.how = OPTION_KEPT_FLAG, .where = (bit)}
#define BOUNDED(from, to) .bounded = true, .low = (from), .high = (to)
#define KEPT(field) .how = OPTION_KEPT_INT, .where = offsetof(struct sock, field)
static const struct option ip_rows[] = {
    [CIAO_IP_TOS] = {.how = OPTION_CALLS, .get = tos_get, .set = tos_set},
    [CIAO_IP_TTL] = {KEPT(kept.ip_ttl), BOUNDED(-1, 255), .when_minus_1 = -1, .set = ttl_set},
    [CIAO_IP_OPTIONS] = {.how = OPTION_CALLS, .get_bytes = options_get, .set_bytes = options_set},
    [CIAO_IP_RECVOPTS] = FLAG(KEPT_IP_RECVOPTS),
    [CIAO_IP_RETOPTS] = FLAG(KEPT_IP_RETOPTS),
    [CIAO_IP_PKTINFO] = FLAG(KEPT_IP_PKTINFO),
    [CIAO_IP_MTU_DISCOVER] = {KEPT(kept.ip_mtu_discover),
                              BOUNDED(CIAO_IP_PMTUDISC_DONT, CIAO_IP_PMTUDISC_OMIT)},
    [CIAO_IP_RECVERR] = FLAG(KEPT_IP_RECVERR),
    [CIAO_IP_RECVTTL] = FLAG(KEPT_IP_RECVTTL),
    [CIAO_IP_RECVTOS] = FLAG(KEPT_IP_RECVTOS),
    [CIAO_IP_MTU] = {.how = OPTION_CALLS, .get = mtu_get},
    [CIAO_IP_FREEBIND] = {.how = OPTION_SOCK_FLAG, .not_empty = true,
                          .where = SOCK_BINDS_ANYWHERE},
    [CIAO_IP_TRANSPARENT] = {.how = OPTION_KEPT_FLAG, .privileged = true, .not_empty = true,
                             .where = KEPT_TRANSPARENT, .set = transparent_set},
    [CIAO_IP_RECVORIGDSTADDR] = FLAG(KEPT_RECVORIGDSTADDR),
    [CIAO_IP_MINTTL] = {KEPT(kept.ip_minttl), BOUNDED(0, 255), .not_empty = true},
    [CIAO_IP_MULTICAST_TTL] = {.how = OPTION_FIXED, .where = 1, .set = not_for_streams},
    [CIAO_IP_MULTICAST_LOOP] = {KEPT(kept.ip_multicast_loop), .not_empty = true,
                                .set = multicast_loop_set},
    [CIAO_IP_MULTICAST_ALL] = {KEPT(kept.ip_multicast_all), BOUNDED(0, 1), .not_empty = true},
    [CIAO_IP_ORIGINAL_DST] = {.how = OPTION_REFUSED, .low = CIAO_ERRNO_ENOENT,
                              .high = CIAO_ERRNO_ENOPROTOOPT},
    [CIAO_IP_BIND_ADDRESS_NO_PORT] = {.how = OPTION_SOCK_FLAG, .where = SOCK_BINDS_NO_PORT},
    [CIAO_IP_LOCAL_PORT_RANGE] = {.how = OPTION_CALLS, .get = port_range_get,
                                  .set_bytes = port_range_set},
};

static const struct option ipv6_rows[] = {
    [CIAO_IPV6_ADDRFORM] = {.how = OPTION_CALLS, .get = addrform_get, .set = addrform_set},
    [CIAO_IPV6_UNICAST_HOPS] = {KEPT(kept.ipv6_hops), BOUNDED(-1, 255), .when_minus_1 = -1,
                                .set = hops_set},
    [CIAO_IPV6_MTU_DISCOVER] = {KEPT(kept.ipv6_mtu_discover),
                                BOUNDED(CIAO_IP_PMTUDISC_DONT, CIAO_IP_PMTUDISC_OMIT)},
    [CIAO_IPV6_MTU] = {.how = OPTION_CALLS, .get = mtu_get, .set = ipv6_mtu_set},
    [CIAO_IPV6_RECVERR] = FLAG(KEPT_IPV6_RECVERR),
    [CIAO_IPV6_V6ONLY] = {.how = OPTION_SETTING_MORE, .where = CIAO_V6ONLY, .set = v6only_set},
    [CIAO_IPV6_FLOWINFO_SEND] = FLAG(KEPT_IPV6_FLOWINFO_SEND),
    [CIAO_IPV6_RECVPKTINFO] = FLAG(KEPT_IPV6_RECVPKTINFO),
    [CIAO_IPV6_RECVHOPLIMIT] = FLAG(KEPT_IPV6_RECVHOPLIMIT),
    [CIAO_IPV6_DONTFRAG] = FLAG(KEPT_IPV6_DONTFRAG),
    [CIAO_IPV6_RECVTCLASS] = FLAG(KEPT_IPV6_RECVTCLASS),
    [CIAO_IPV6_TCLASS] = {.how = OPTION_CALLS, BOUNDED(-1, 255), .when_minus_1 = 0,
                          .get = tos_get, .set = tos_set},
    [CIAO_IPV6_AUTOFLOWLABEL] = FLAG(KEPT_IPV6_AUTOFLOWLABEL),
    [CIAO_IPV6_MINHOPCOUNT] = {KEPT(kept.ipv6_minhops), BOUNDED(0, 255)},
    [CIAO_IPV6_RECVORIGDSTADDR] = FLAG(KEPT_RECVORIGDSTADDR),
    [CIAO_IPV6_TRANSPARENT] = {.how = OPTION_KEPT_FLAG, .privileged = true,
                               .where = KEPT_TRANSPARENT, .set = transparent_set},
    [CIAO_IPV6_FREEBIND] = {.how = OPTION_SOCK_FLAG, .where = SOCK_BINDS_ANYWHERE},
};
/* clang-format on */

const struct option_table option_ip_table = {ip_rows, sizeof ip_rows / sizeof ip_rows[0], true,
                                             false};
const struct option_table option_ipv6_table = {ipv6_rows, sizeof ipv6_rows / sizeof ipv6_rows[0],
                                               false, true};
