/*
 * Addresses, as programs give and take them: sockaddr_in and sockaddr_in6.
 *
 * Inside, an IPv4 address is the IPv4-mapped one, which is what AF_INET6 sockets show too.
 */
#include "socket/socket_internal.h"

#define IN_BYTES      ((uint32_t)sizeof(struct ciao_sockaddr_in))
#define IN6_BYTES     ((uint32_t)sizeof(struct ciao_sockaddr_in6))
#define IN6_OLD_BYTES 24u /* RFC 2133's, without the scope */

static const struct ciao_addr any4 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};
static const struct ciao_addr any6 = {{0}};

bool addr_is_v4(const struct ciao_addr *addr)
{
    return memcmp(addr->b, any4.b, 12) == 0;
}

bool addr_equal(const struct ciao_addr *a, const struct ciao_addr *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool addr_is_any(const struct ciao_addr *addr)
{
    return addr_equal(addr, &any4) || addr_equal(addr, &any6);
}

struct ciao_addr addr_any(bool v6)
{
    return v6 ? any6 : any4;
}

static uint16_t port_of(uint16_t network)
{
    uint8_t bytes[2];
    memcpy(bytes, &network, 2);
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint16_t network_of(uint16_t port)
{
    const uint8_t bytes[2] = {(uint8_t)(port >> 8), (uint8_t)port};
    uint16_t network;
    memcpy(&network, bytes, 2);
    return network;
}

int name_copy(const struct ciao_sockets *s, const void *addr, uint32_t addrlen,
              struct ciao_sockaddr_storage *copy)
{
    memset(copy, 0, sizeof *copy);
    if (addrlen > sizeof *copy)
        return -CIAO_ERRNO_EINVAL;
    if (addrlen == 0)
        return 0;
    if (addr == NULL || !layer_readable(s, addr, addrlen))
        return -CIAO_ERRNO_EFAULT;
    memcpy(copy, addr, addrlen);
    return 0;
}

static void read_in(const struct ciao_sockaddr_storage *from, struct ciao_endpoint *endpoint)
{
    struct ciao_sockaddr_in in;
    memcpy(&in, from, sizeof in);
    endpoint->addr = any4;
    memcpy(endpoint->addr.b + 12, in.sin_addr, 4);
    endpoint->port = port_of(in.sin_port);
}

static void read_in6(const struct ciao_sockaddr_storage *from, struct ciao_endpoint *endpoint)
{
    struct ciao_sockaddr_in6 in6;
    memcpy(&in6, from, sizeof in6);
    memcpy(endpoint->addr.b, in6.sin6_addr, 16);
    endpoint->port = port_of(in6.sin6_port);
}

int name_read(const struct sock *sock, const struct ciao_sockaddr_storage *name, uint32_t len,
              struct ciao_endpoint *endpoint)
{
    const bool v6 = (sock->flags & SOCK_IS_V6) != 0;
    if (len < (v6 ? IN6_OLD_BYTES : IN_BYTES))
        return -CIAO_ERRNO_EINVAL;
    if (v6)
        read_in6(name, endpoint);
    else
        read_in(name, endpoint);
    return name->ss_family == (v6 ? CIAO_AF_INET6 : CIAO_AF_INET) ? 0 : -CIAO_ERRNO_EAFNOSUPPORT;
}

/* ---- to the program ---- */

static uint32_t describe(const struct sock *sock, const struct ciao_endpoint *endpoint,
                         struct ciao_sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (sock->flags & SOCK_IS_V6) {
        struct ciao_sockaddr_in6 in6 = {.sin6_family = CIAO_AF_INET6,
                                        .sin6_port = network_of(endpoint->port)};
        memcpy(in6.sin6_addr, endpoint->addr.b, 16);
        memcpy(to, &in6, sizeof in6);
        return IN6_BYTES;
    }
    struct ciao_sockaddr_in in = {.sin_family = CIAO_AF_INET,
                                  .sin_port = network_of(endpoint->port)};
    memcpy(in.sin_addr, endpoint->addr.b + 12, 4);
    memcpy(to, &in, sizeof in);
    return IN_BYTES;
}

/* AS LINUX move_addr_to_user(). */
static int write_out(const struct ciao_sockets *s, const void *from, uint32_t bytes,
                     const struct ciao_name *name)
{
    if (name->len == NULL || !layer_writable(s, name->len, sizeof *name->len))
        return -CIAO_ERRNO_EFAULT;
    uint32_t room = *name->len;
    if (room > INT32_MAX)
        return -CIAO_ERRNO_EINVAL;
    if (room > bytes)
        room = bytes;
    if (room != 0 && (name->addr == NULL || !layer_writable(s, name->addr, room)))
        return -CIAO_ERRNO_EFAULT;
    if (room != 0)
        memcpy(name->addr, from, room);
    *name->len = bytes;
    return 0;
}

int name_write(const struct ciao_sockets *s, const struct sock *sock,
               const struct ciao_endpoint *endpoint, const struct ciao_name *name)
{
    struct ciao_sockaddr_storage storage;
    const uint32_t bytes = describe(sock, endpoint, &storage);
    return write_out(s, &storage, bytes, name);
}

int name_write_none(const struct ciao_sockets *s, const struct ciao_name *name)
{
    return name->addr == NULL ? 0 : write_out(s, &any6, 0, name);
}

int ciao_getsockname(struct ciao_sockets *s, int fd, void *addr, uint32_t *len)
{
    struct call call;
    int error = call_begin(&call, s, fd);
    const struct ciao_name name = {addr, len};
    if (error == 0)
        error = name_write(s, call.sock, &call.sock->local, &name);
    return (int)call_end(&call, error);
}

/* AS LINUX: what was accepted has a peer until it has ended. */
static bool has_peer(const struct ciao_sockets *s, const struct sock *sock)
{
    if (sock->conn == 0 || sock->phase == SOCK_LISTENING)
        return false;
    const unsigned state = sock_tcp_state(s, sock);
    return state != CIAO_TCP_CLOSE && state != CIAO_TCP_SYN_SENT;
}

int ciao_getpeername(struct ciao_sockets *s, int fd, void *addr, uint32_t *len)
{
    struct call call;
    int error = call_begin(&call, s, fd);
    const struct ciao_name name = {addr, len};
    if (error == 0 && !has_peer(s, call.sock))
        error = -CIAO_ERRNO_ENOTCONN;
    if (error == 0)
        error = name_write(s, call.sock, &call.sock->remote, &name);
    return (int)call_end(&call, error);
}
