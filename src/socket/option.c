/*
 * getsockopt(2) and setsockopt(2): the walk over the tables, and what a socket starts with.
 *
 * What an option says of one connection lies in struct ciao_settings wherever the core has a
 * setting for it, and is handed to the connection by option_apply(); the rest is remembered and
 * read back.  Lengths are Linux's: an int may be longer than an int, a value is cut to what the
 * caller has room for.
 */
#include "socket/option.h"

#define E(name) (-CIAO_ERRNO_##name)

/* ---- what a socket starts with ---- */

void option_defaults(struct ciao_sockets *s, struct sock *sock)
{
    sock->settings = s->defaults;
    sock->more_options = KEPT_IPV6_AUTOFLOWLABEL;
    sock->kept = (struct sock_kept){
        .max_pacing_rate = UINT64_MAX,
        .peek_off = -1,
        .txrehash = 1,
        .quickack = 1,
        .rto_max_ms = (int32_t)(s->defaults.rto_max_us / 1000),
        .rto_min_us = (int32_t)s->defaults.rto_min_us,
        .delack_max_us = OPTION_DELACK_MAX_US,
        .ip_multicast_loop = 1,
        .ip_multicast_all = 1,
        .linger2_s = (int32_t)(s->defaults.orphan_fin_wait_2_us / 1000000),
        .ip_ttl = s->defaults.ttl,
        .ip_mtu_discover = CIAO_IP_PMTUDISC_WANT,
        .ipv6_hops = s->defaults.ttl,
        .ipv6_mtu_discover = CIAO_IP_PMTUDISC_WANT,
    };
    sock->incoming_cpu = -1;
}

/* AS LINUX: a child is a copy of its listener, all but what belongs to the descriptor. */
void option_inherit(struct ciao_sockets *s, const struct sock *listener, struct sock *child)
{
    (void)s;
    child->settings = listener->settings;
    child->rcvtimeo_us = listener->rcvtimeo_us;
    child->sndtimeo_us = listener->sndtimeo_us;
    child->flags |= listener->flags & SOCK_LINGERS;
    child->linger_s = listener->linger_s;
    child->mark = listener->mark;
    child->priority = listener->priority;
    child->defer_accept_s = listener->defer_accept_s;
    child->incoming_cpu = listener->incoming_cpu;
    child->rcvbuf_asked = listener->rcvbuf_asked;
    child->sndbuf_asked = listener->sndbuf_asked;
    child->more_options = listener->more_options;
    child->kept = listener->kept;
}

int option_apply(struct ciao_sockets *s, struct sock *sock)
{
    if (!sock_has_conn(sock))
        return 0;
    int result = ciao_set_settings(s->stack, sock->conn, &sock->settings);
    return result == 0 || result == -CIAO_EBADCONN ? 0 : sock_errno(result);
}

/* ---- reading ---- */

static int32_t *kept_int(struct sock *sock, const struct option *row)
{
    return (int32_t *)(void *)((uint8_t *)sock + row->where);
}

static bool is_on(const struct sock *sock, const struct option *row)
{
    uint32_t flags = row->how == OPTION_SETTING_FLAG   ? sock->settings.flags
                     : row->how == OPTION_SETTING_MORE ? sock->settings.more
                     : row->how == OPTION_SOCK_FLAG    ? sock->flags
                                                       : sock->more_options;
    return (flags & row->where) != 0;
}

static int read_int(struct ciao_sockets *s, struct sock *sock, const struct option *row,
                    int32_t *value)
{
    if (row->get != NULL)
        return row->get(s, sock, value);
    switch ((enum option_how)row->how) {
    case OPTION_SETTING_FLAG:
    case OPTION_SETTING_MORE:
    case OPTION_SOCK_FLAG:
    case OPTION_KEPT_FLAG: *value = is_on(sock, row); return 0;
    case OPTION_KEPT_INT: *value = *kept_int(sock, row); return 0;
    case OPTION_FIXED: *value = (int32_t)row->where; return 0;
    case OPTION_REFUSED: return -row->low;
    case OPTION_NONE:
    case OPTION_CALLS: break;
    }
    return E(ENOPROTOOPT);
}

/* How many bytes the value has, or -errno. */
static int read_value(struct ciao_sockets *s, struct sock *sock, const struct option *row,
                      uint8_t *bytes, uint32_t wanted)
{
    if (row->get_bytes != NULL)
        return row->get_bytes(s, sock, bytes, wanted);
    int32_t value = 0;
    int result = read_int(s, sock, row, &value);
    if (result < 0)
        return result;
    memcpy(bytes, &value, sizeof value);
    return sizeof value;
}

/* ---- writing ---- */

static void turn(uint32_t *flags, uint32_t bit, bool on)
{
    *flags = on ? *flags | bit : *flags & ~bit;
}

static int write_kept(struct sock *sock, const struct option *row, int32_t value)
{
    uint32_t flags = sock->flags;
    switch ((enum option_how)row->how) {
    case OPTION_KEPT_FLAG: turn(&sock->more_options, row->where, value != 0); return 0;
    case OPTION_KEPT_INT: *kept_int(sock, row) = value; return 0;
    case OPTION_SOCK_FLAG:
        turn(&flags, row->where, value != 0);
        sock->flags = (uint16_t)flags;
        return 0;
    case OPTION_REFUSED: return -row->high;
    case OPTION_SETTING_FLAG:
    case OPTION_SETTING_MORE:
    case OPTION_FIXED:
    case OPTION_NONE:
    case OPTION_CALLS: break;
    }
    return E(ENOPROTOOPT);
}

static int write_int(struct ciao_sockets *s, struct sock *sock, const struct option *row,
                     int32_t value)
{
    if (row->bounded && (value < row->low || value > row->high))
        return E(EINVAL);
    if (row->privileged && value != 0 && !s->config.privileged)
        return E(EPERM);
    if (row->bounded && value == -1 && row->low == -1)
        value = row->when_minus_1;
    if (row->set != NULL)
        return row->set(s, sock, value);
    if (row->how != OPTION_SETTING_FLAG && row->how != OPTION_SETTING_MORE)
        return write_kept(sock, row, value);
    turn(row->how == OPTION_SETTING_FLAG ? &sock->settings.flags : &sock->settings.more, row->where,
         value != 0);
    return option_apply(s, sock);
}

/* ip(7): "an int or a byte"; nothing at all is 0. */
static int take_int(const struct ciao_sockets *s, const struct option_table *table,
                    const struct ciao_iovec *value, int32_t *number)
{
    if (value->iov_len < sizeof *number && !table->takes_bytes)
        return E(EINVAL);
    size_t len = value->iov_len >= sizeof *number ? sizeof *number : value->iov_len != 0;
    uint8_t byte = 0;
    if (len != 0 && !layer_readable(s, value->iov_base, len))
        return E(EFAULT);
    if (len == sizeof *number) {
        memcpy(number, value->iov_base, sizeof *number);
        return 0;
    }
    if (len != 0)
        memcpy(&byte, value->iov_base, 1);
    *number = byte;
    return 0;
}

/* ---- finding the row ---- */

static const struct option no_option;

/* Which table: an IPv6 socket has the options of IPv4 too, for the peers that it maps. */
static const struct option_table *table_of(const struct sock *sock, int level)
{
    switch (level) {
    case CIAO_SOL_SOCKET: return &option_socket_table;
    case CIAO_IPPROTO_TCP: return &option_tcp_table;
    case CIAO_IPPROTO_IP: return &option_ip_table;
    case CIAO_IPPROTO_IPV6: return sock->flags & SOCK_IS_V6 ? &option_ipv6_table : NULL;
    default: return NULL;
    }
}

/* AS LINUX: a level that the socket does not have. */
static int no_level(const struct sock *sock, bool reading)
{
    return reading && !(sock->flags & SOCK_IS_V6) ? E(EOPNOTSUPP) : E(ENOPROTOOPT);
}

/* AS LINUX do_ip_getsockopt(): who asks an IPv4 option with less room than an int gets one byte,
 * where the value fits. */
static uint32_t shortened(const struct option_table *table, const struct option *row,
                          const uint8_t *bytes, uint32_t len)
{
    int32_t value;
    if (table != &option_ip_table || row->get_bytes != NULL || len == 0 || len >= sizeof value)
        return len;
    memcpy(&value, bytes, sizeof value);
    return value >= 0 && value <= 255 ? 1 : len;
}

static const struct option *row_of(const struct option_table *table, int name)
{
    return name < 0 || (uint32_t)name >= table->n ? &no_option : &table->rows[name];
}

/* ---- the calls ---- */

static int set_option(struct ciao_sockets *s, struct sock *sock, const struct option_table *table,
                      const struct option *row, const struct ciao_iovec *value)
{
    int32_t number = 0;
    if (value->iov_len > INT32_MAX)
        return E(EINVAL);
    if (row->how == OPTION_NONE && table->lenient)
        return E(ENOPROTOOPT);
    if (row->not_empty && value->iov_len == 0)
        return E(EINVAL);
    if (row->set_bytes != NULL)
        return row->set_bytes(s, sock, value);
    int result = take_int(s, table, value, &number);
    return result != 0 ? result : write_int(s, sock, row, number);
}

static int get_option(struct ciao_sockets *s, struct sock *sock, const struct option_table *table,
                      const struct option *row, const struct ciao_name *value)
{
    uint8_t bytes[OPTION_BYTES] = {0};
    if (!layer_writable(s, value->len, sizeof *value->len))
        return E(EFAULT);
    if (*value->len > INT32_MAX && !table->lenient)
        return E(EINVAL);
    uint32_t len = *value->len;
    int result = read_value(s, sock, row, bytes, len);
    if (result < 0)
        return result;
    ASSERT((uint32_t)result <= OPTION_BYTES);
    if (len > (uint32_t)result)
        len = (uint32_t)result;
    len = shortened(table, row, bytes, len);
    if (len != 0 && !layer_writable(s, value->addr, len))
        return E(EFAULT);
    if (len != 0)
        memcpy(value->addr, bytes, len);
    *value->len = len;
    return 0;
}

int ciao_setsockopt(struct ciao_sockets *s, int fd, int level, int name,
                    const struct ciao_iovec *value)
{
    int result = 0;
    layer_enter(s);
    struct sock *sock = sock_at(s, fd, &result);
    const struct option_table *table = sock == NULL ? NULL : table_of(sock, level);
    if (table != NULL)
        result = set_option(s, sock, table, row_of(table, name), value);
    else if (sock != NULL)
        result = no_level(sock, false);
    return (int)layer_leave(s, result);
}

int ciao_getsockopt(struct ciao_sockets *s, int fd, int level, int name,
                    const struct ciao_name *value)
{
    int result = 0;
    layer_enter(s);
    struct sock *sock = sock_at(s, fd, &result);
    const struct option_table *table = sock == NULL ? NULL : table_of(sock, level);
    if (table != NULL)
        result = get_option(s, sock, table, row_of(table, name), value);
    else if (sock != NULL)
        result = no_level(sock, true);
    return (int)layer_leave(s, result);
}
