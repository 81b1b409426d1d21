/*
 * connect(), and connect() again.  AS LINUX __inet_stream_connect(): the call that first hears of
 * the outcome tells it; then the socket is connected, or may try once more.
 */
#include "socket/socket_internal.h"

static const struct ciao_addr loopback4 = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}};
static const struct ciao_addr loopback6 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

/* AS LINUX: nobody in particular is this host itself. */
static void name_the_unspecified(const struct sock *sock, struct ciao_endpoint *remote)
{
    if (!addr_is_any(&remote->addr))
        return;
    const bool v4 = addr_is_v4(&remote->addr) || addr_is_v4(&sock->local.addr);
    if (sock->flags & SOCK_BOUND_ADDR)
        remote->addr = sock->local.addr;
    else
        remote->addr = v4 ? loopback4 : loopback6;
}

/* Which of the core's errors have another name here. */
static int connect_errno(int core_error)
{
    if (core_error == -CIAO_EADDRINUSE)
        return -CIAO_ERRNO_EADDRNOTAVAIL;
    return sock_errno(core_error);
}

static int open_to(struct call *call, const struct ciao_endpoint *remote)
{
    struct ciao_sockets *s = call->s;
    struct sock *sock = call->sock;
    struct ciao_endpoint local = {addr_any(!addr_is_v4(&remote->addr)), 0};
    if (sock->flags & SOCK_BOUND_ADDR)
        local.addr = sock->local.addr;
    if (sock->flags & SOCK_BOUND_PORT)
        local.port = sock->local.port;
    const int error =
        ciao_connect(s->stack, remote, &local, &sock->settings, &sock->conn, layer_now(s));
    if (error != 0) {
        sock->conn = 0;
        return connect_errno(error);
    }
    ciao_set_cookie(s->stack, sock->conn, (uint32_t)desc_fd(s, call->desc) + 1);
    (void)ciao_conn_ends(s->stack, sock->conn, &sock->local, &sock->remote);
    sock->phase = SOCK_CONNECTING;
    sock->flags &= (uint16_t) ~(SOCK_ERROR_NOTED | SOCK_OPEN_TOLD | SOCK_PORT_FRESH);
    sock->error = 0;
    desc_changed(s, call->desc);
    return 0;
}

/* May a socket of IPv6 go there from where it is bound? */
static int check_family(const struct sock *sock, bool to_v4)
{
    if (!(sock->flags & SOCK_IS_V6))
        return 0;
    if (to_v4)
        return sock->settings.more & CIAO_V6ONLY ? -CIAO_ERRNO_ENETUNREACH : 0;
    const bool from_v4 = (sock->flags & SOCK_BOUND_ADDR) && addr_is_v4(&sock->local.addr);
    return from_v4 ? -CIAO_ERRNO_EAFNOSUPPORT : 0;
}

static int begin(struct call *call, const struct ciao_sockaddr_storage *name, uint32_t len)
{
    struct ciao_endpoint remote;
    const int error = name_read(call->sock, name, len, &remote);
    if (error != 0)
        return error;
    name_the_unspecified(call->sock, &remote);
    const int other_family = check_family(call->sock, addr_is_v4(&remote.addr));
    return other_family != 0 ? other_family : open_to(call, &remote);
}

static bool is_opening(const struct ciao_sockets *s, const struct sock *sock)
{
    const unsigned state = sock_tcp_state(s, sock);
    return state == CIAO_TCP_SYN_SENT || state == CIAO_TCP_SYN_RECV;
}

/* The connection is over before anybody heard that it began. */
static int failed(struct call *call)
{
    const int error = sock_take_error(call->s, call->sock);
    sock_disconnect(call->s, call->sock);
    call->sock->error = 0;
    return error != 0 ? -error : -CIAO_ERRNO_ECONNABORTED;
}

static int outcome(struct call *call, int while_opening)
{
    call_may_wait(call, false, call->sock->sndtimeo_us);
    while (call->sock->phase == SOCK_CONNECTING && is_opening(call->s, call->sock)) {
        const int error = call_wait(call);
        if (error == -CIAO_ERRNO_EAGAIN)
            return while_opening;
        if (error != 0)
            return error;
    }
    if (sock_tcp_state(call->s, call->sock) == CIAO_TCP_CLOSE)
        return failed(call);
    call->sock->phase = SOCK_CONNECTED;
    return 0;
}

static int connect_socket(struct call *call, const void *addr, uint32_t addrlen)
{
    struct ciao_sockaddr_storage name;
    int error = name_copy(call->s, addr, addrlen, &name);
    if (error != 0)
        return error;
    if (addrlen < sizeof name.ss_family)
        return -CIAO_ERRNO_EINVAL;
    if (name.ss_family == CIAO_AF_UNSPEC) {
        sock_disconnect(call->s, call->sock);
        return 0;
    }
    switch ((enum sock_phase)call->sock->phase) {
    case SOCK_NEW:
        error = begin(call, &name, addrlen);
        return error != 0 ? error : outcome(call, -CIAO_ERRNO_EINPROGRESS);
    case SOCK_CONNECTING: return outcome(call, -CIAO_ERRNO_EALREADY);
    case SOCK_LISTENING:
    case SOCK_CONNECTED: return -CIAO_ERRNO_EISCONN;
    case SOCK_OVER: break;
    }
    return -CIAO_ERRNO_EINVAL;
}

int ciao_socket_connect(struct ciao_sockets *s, int fd, const void *addr, uint32_t addrlen)
{
    struct call call;
    int error = call_begin(&call, s, fd);
    if (error == 0)
        error = connect_socket(&call, addr, addrlen);
    return (int)call_end(&call, error);
}
