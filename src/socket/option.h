/*
 * Options as data: one row each, which says how it is stored, its bounds, and who reads and writes
 * it where that is more than storing.  option.c walks the tables; the other option_*.c fill them.
 *
 * A table is indexed by the option's number, so that finding a row is one load.
 */
#ifndef SOCKET_OPTION_H
#define SOCKET_OPTION_H

#include "socket/socket_internal.h"

enum option_how {
    OPTION_NONE,         /* no such option: ENOPROTOOPT */
    OPTION_SETTING_FLAG, /* a bit of settings.flags */
    OPTION_SETTING_MORE, /* a bit of settings.more */
    OPTION_SOCK_FLAG,    /* a bit of sock->flags */
    OPTION_KEPT_FLAG,    /* a bit of sock->kept.flags: remembered, without effect */
    OPTION_KEPT_INT,     /* an int32_t of struct sock, at offset `where` */
    OPTION_FIXED,        /* reads `where`, cannot be set */
    OPTION_CALLS,        /* get, set; NULL: ENOPROTOOPT */
    OPTION_REFUSED       /* reading is answered by errno `low`, setting by `high` */
};

#define OPTION_DELACK_MAX_US 200000 /* AS LINUX: TCP_DELACK_MAX */

/* Bytes of the longest value. */
#define OPTION_BYTES 320u

struct option {
    uint8_t how;     /* enum option_how */
    bool bounded;    /* outside low..high: EINVAL */
    bool privileged; /* to set it on takes a privilege: EPERM */
    bool not_empty;  /* where bytes are taken: nothing at all is EINVAL */
    uint32_t where;  /* bit, offset or value */
    int32_t low, high;
    int32_t when_minus_1; /* what -1 stands for; with `bounded` low is then -1 */
    int (*get)(struct ciao_sockets *s, struct sock *sock, int32_t *value);
    int (*set)(struct ciao_sockets *s, struct sock *sock, int32_t value);
    /* Values that are no int.  get_bytes: how many bytes there are, or -errno; `wanted` is what the
     * caller has room for. */
    int (*get_bytes)(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted);
    int (*set_bytes)(struct ciao_sockets *s, struct sock *sock, const struct ciao_iovec *value);
};

struct option_table {
    const struct option *rows;
    uint32_t n;
    bool takes_bytes; /* a value of one byte is a value too, as ip(7) has it */
    bool lenient;     /* AS LINUX: IPv6 looks at the name first, and takes any length for long */
};

extern const struct option_table option_socket_table, option_tcp_table, option_ip_table,
    option_ipv6_table;

/* The connection or listener behind the socket, 0 when it has none or it is over. */
static inline bool sock_has_conn(const struct sock *sock)
{
    return sock->conn != 0;
}

/* getsockopt(TCP_INFO), as a row of a table calls it. */
int tcp_info_get(struct ciao_sockets *s, struct sock *sock, uint8_t *bytes, uint32_t wanted);

#endif
