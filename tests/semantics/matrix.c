/*
 * See matrix.h.  After the call stands what became of the socket: readiness, error, TCP's state.
 */
#include "matrix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "states.h"

struct scene {
    int fd, peer;
    const char *host;
    unsigned port; /* of the peer's listener, or one where nobody listens */
};

struct call {
    const char *name;
    void (*make)(const struct scene *on);
};

/* ---- opening ---- */

static void bind_it(const struct scene *on)
{
    do_bind(on->fd, on->host, 0);
}

static void listen_on(const struct scene *on)
{
    do_listen(on->fd, 4);
}

static void accept_from(const struct scene *on)
{
    do_accept(on->fd, NB);
}

static void connect_it(const struct scene *on)
{
    do_connect(on->fd, on->host, on->port);
}

static void connect_twice(const struct scene *on)
{
    do_connect(on->fd, on->host, on->port);
    do_connect(on->fd, on->host, on->port);
    do_connect(on->fd, on->host, on->port);
}

static void connect_elsewhere(const struct scene *on)
{
    int other = listener_at(on->host, 4);

    do_connect(on->fd, on->host, port_of(other));
    do_connect(on->fd, on->host, port_of(other));
    do_accept(other, NB);
}

static void disconnect_it(const struct scene *on)
{
    do_disconnect(on->fd);
    do_name(on->fd);
    do_peer(on->fd);
}

static void disconnect_and_listen(const struct scene *on)
{
    do_disconnect(on->fd);
    do_listen(on->fd, 4);
}

static void names(const struct scene *on)
{
    do_name(on->fd);
    do_peer(on->fd);
}

/* ---- reading ---- */

static void read_it(const struct scene *on)
{
    do_read(on->fd, 16);
    do_read(on->fd, 16);
    do_read(on->fd, 16);
}

static void read_nothing(const struct scene *on)
{
    do_read(on->fd, 0);
}

static void readv_it(const struct scene *on)
{
    do_readv(on->fd, 2, 8);
}

static void peek(const struct scene *on)
{
    do_recv(on->fd, 3, MSG_PEEK);
    do_recv(on->fd, 16, MSG_PEEK);
    do_read(on->fd, 16);
}

static void wait_for_all(const struct scene *on)
{
    do_recv(on->fd, 16, MSG_WAITALL);
}

static void throw_away(const struct scene *on)
{
    do_recv(on->fd, 2, MSG_TRUNC);
    do_read(on->fd, 16);
}

static void urgent(const struct scene *on)
{
    do_recv(on->fd, 1, MSG_OOB);
}

static void errors_queue(const struct scene *on)
{
    do_recv(on->fd, 16, MSG_ERRQUEUE);
}

static void recvfrom_it(const struct scene *on)
{
    do_recvfrom(on->fd, 16);
}

static void recvmsg_it(const struct scene *on)
{
    do_recvmsg(on->fd, 16, 0);
}

/* ---- writing ---- */

/* What the peer gets of it; and all else that there may be, since a window that opens by a little
 * is a matter of when which ACK leaves. */
static void and_the_peer(const struct scene *on)
{
    if (on->peer == NOBODY)
        return;
    do_recv(on->peer, 32, MSG_DONTWAIT);
    drain(on->peer);
}

static void write_it(const struct scene *on)
{
    do_write(on->fd, "abc");
    do_write(on->fd, "def");
    and_the_peer(on);
}

static void write_nothing(const struct scene *on)
{
    do_write(on->fd, "");
}

static void writev_it(const struct scene *on)
{
    do_writev(on->fd, "ab", "cd");
    and_the_peer(on);
}

static void send_quietly(const struct scene *on)
{
    do_send(on->fd, "abc", MSG_NOSIGNAL);
    do_send(on->fd, "abc", MSG_NOSIGNAL);
}

static void send_nothing(const struct scene *on)
{
    do_send(on->fd, "", MSG_NOSIGNAL);
}

static void send_more(const struct scene *on)
{
    do_send(on->fd, "abc", MSG_MORE | MSG_NOSIGNAL);
    do_send(on->fd, "def", MSG_NOSIGNAL);
    and_the_peer(on);
}

static void sendto_it(const struct scene *on)
{
    do_sendto(on->fd, "abc", on->host, on->port);
    and_the_peer(on);
}

static void sendmsg_it(const struct scene *on)
{
    do_sendmsg(on->fd, "abc", MSG_NOSIGNAL);
    and_the_peer(on);
}

static void send_urgent(const struct scene *on)
{
    do_send(on->fd, "!", MSG_OOB | MSG_NOSIGNAL);
    if (on->peer != NOBODY)
        do_recv(on->peer, 1, MSG_OOB | MSG_DONTWAIT);
}

/* ---- closing ---- */

static void peer_after(const struct scene *on)
{
    if (on->peer == NOBODY)
        return;
    do_poll(on->peer, 0);
    do_drain(on->peer);
    do_error(on->peer);
    do_state(on->peer);
}

static void shutdown_rd(const struct scene *on)
{
    do_shutdown(on->fd, SHUT_RD);
    do_read(on->fd, 16);
    peer_after(on);
}

static void shutdown_wr(const struct scene *on)
{
    do_shutdown(on->fd, SHUT_WR);
    do_write(on->fd, "abc");
    peer_after(on);
}

static void shutdown_rdwr(const struct scene *on)
{
    do_shutdown(on->fd, SHUT_RDWR);
    do_read(on->fd, 16);
    do_write(on->fd, "abc");
    peer_after(on);
}

static void shutdown_twice(const struct scene *on)
{
    do_shutdown(on->fd, SHUT_WR);
    do_shutdown(on->fd, SHUT_RD);
    do_shutdown(on->fd, SHUT_RDWR);
}

static void shutdown_wrongly(const struct scene *on)
{
    do_shutdown(on->fd, 3);
    do_shutdown(on->fd, -1);
}

static void close_it(const struct scene *on)
{
    do_close(on->fd);
    peer_after(on);
}

static void close_hard(const struct scene *on)
{
    do_linger(on->fd, 1, 0);
    do_close(on->fd);
    peer_after(on);
}

static void close_lingering(const struct scene *on)
{
    do_linger(on->fd, 1, 1);
    do_close(on->fd);
    peer_after(on);
}

/* ---- asking ---- */

static void error_twice(const struct scene *on)
{
    do_error(on->fd);
    do_error(on->fd);
}

static void poll_it(const struct scene *on)
{
    do_poll(on->fd, 0);
    do_poll_for(on->fd, 0, 0);
    do_poll_for(on->fd, POLLIN, 0);
    do_poll_for(on->fd, POLLOUT, 0);
    do_poll_for(on->fd, POLLRDHUP, 0);
}

static void epoll_level(const struct scene *on)
{
    int ep = do_epoll(0);

    do_add(ep, on->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
    do_mod(ep, on->fd, EPOLLIN);
    do_wait(ep, 4, 0);
    do_del(ep, on->fd);
    do_wait(ep, 4, 0);
}

static void epoll_edge(const struct scene *on)
{
    int ep = do_epoll(0);

    do_add(ep, on->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
    do_mod(ep, on->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
}

static void epoll_once(const struct scene *on)
{
    int ep = do_epoll(0);

    do_add(ep, on->fd, EPOLLIN | EPOLLOUT | EPOLLONESHOT);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
    do_mod(ep, on->fd, EPOLLOUT | EPOLLONESHOT);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
}

/* What happens while it is watched edge-triggered. */
static void epoll_sees(const struct scene *on)
{
    int ep = do_epoll(0);

    do_add(ep, on->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    do_wait(ep, 4, 0);
    if (on->peer != NOBODY) {
        drain(on->peer);
        do_wait(ep, 4, 0);
        do_send(on->peer, "abc", MSG_NOSIGNAL);
        do_wait(ep, 4, 0);
        do_send(on->peer, "def", MSG_NOSIGNAL);
        do_wait(ep, 4, 0);
        do_shutdown(on->peer, SHUT_WR);
        do_wait(ep, 4, 0);
        do_close(on->peer);
        do_wait(ep, 4, 0);
    }
}

static void ioctls(const struct scene *on)
{
    do_ioctl(on->fd, FIONREAD, "FIONREAD");
    do_ioctl(on->fd, SIOCATMARK, "SIOCATMARK");
    do_ioctl(on->fd, 0x12345, "0x12345");
}

/* Linux counts the sequence numbers from the oldest unacknowledged one, SYN and FIN included; how
 * many that are when the connection is over, or a FIN on its way, is no fact of the program's. */
static void unsent(const struct scene *on)
{
    int value = -1;
    int status = api()->ioctl(on->fd, SIOCOUTQ, &value);
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    (void)api()->getsockopt(on->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
    if (info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT)
        note("  %s\n", value > 0 ? "some" : "none");
    note("  SIOCOUTQ: %s\n", errno_text(status));
    status = api()->ioctl(on->fd, SIOCOUTQNSD, &value);
    note("  SIOCOUTQNSD: %s\n", errno_text(status));
}

static void flags(const struct scene *on)
{
    do_getfl(on->fd);
    do_fcntl(on->fd, F_SETFL, "F_SETFL", 0);
    do_getfl(on->fd);
}

static void facts(const struct scene *on)
{
    do_get(on->fd, OPTION(SOL_SOCKET, SO_TYPE));
    do_get(on->fd, OPTION(SOL_SOCKET, SO_DOMAIN));
    do_get(on->fd, OPTION(SOL_SOCKET, SO_PROTOCOL));
    do_get(on->fd, OPTION(SOL_SOCKET, SO_ACCEPTCONN));
}

static void tcp_options(const struct scene *on)
{
    do_set(on->fd, OPTION(IPPROTO_TCP, TCP_NODELAY), 1);
    do_get(on->fd, OPTION(IPPROTO_TCP, TCP_NODELAY));
    do_set(on->fd, OPTION(IPPROTO_TCP, TCP_CORK), 1);
    do_get(on->fd, OPTION(IPPROTO_TCP, TCP_CORK));
    do_set(on->fd, OPTION(IPPROTO_TCP, TCP_KEEPIDLE), 33);
    do_get(on->fd, OPTION(IPPROTO_TCP, TCP_KEEPIDLE));
    do_set(on->fd, OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT), 777);
    do_get(on->fd, OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT));
}

static void socket_options(const struct scene *on)
{
    do_set(on->fd, OPTION(SOL_SOCKET, SO_REUSEADDR), 1);
    do_get(on->fd, OPTION(SOL_SOCKET, SO_REUSEADDR));
    do_set(on->fd, OPTION(SOL_SOCKET, SO_KEEPALIVE), 1);
    do_get(on->fd, OPTION(SOL_SOCKET, SO_KEEPALIVE));
    do_set(on->fd, OPTION(SOL_SOCKET, SO_RCVBUF), 30000);
    do_get(on->fd, OPTION(SOL_SOCKET, SO_RCVBUF));
    do_set(on->fd, OPTION(SOL_SOCKET, SO_SNDBUF), 30000);
    do_get(on->fd, OPTION(SOL_SOCKET, SO_SNDBUF));
}

static void ip_options(const struct scene *on)
{
    do_set(on->fd, OPTION(IPPROTO_IP, IP_TOS), 0x28);
    do_get(on->fd, OPTION(IPPROTO_IP, IP_TOS));
    do_set(on->fd, OPTION(IPPROTO_IPV6, IPV6_V6ONLY), 1);
    do_get(on->fd, OPTION(IPPROTO_IPV6, IPV6_V6ONLY));
    do_set(on->fd, OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS), 9);
    do_get(on->fd, OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS));
}

#define CALL_NAMES 8
static const struct call calls[] = {
    {"bind", bind_it},
    {"listen", listen_on},
    {"accept", accept_from},
    {"connect", connect_it},
    {"connect again", connect_twice},
    {"connect elsewhere", connect_elsewhere},
    {"connect to nobody", disconnect_it},
    {"connect to nobody, listen", disconnect_and_listen},
    {"names", names}, /* CALL_NAMES */
    {"read", read_it},
    {"read 0 bytes", read_nothing},
    {"readv", readv_it},
    {"read, peek", peek},
    {"read, wait for all", wait_for_all},
    {"read, truncate", throw_away},
    {"read, urgent", urgent},
    {"read, errors", errors_queue},
    {"recvfrom", recvfrom_it},
    {"recvmsg", recvmsg_it},
    {"write", write_it},
    {"write 0 bytes", write_nothing},
    {"writev", writev_it},
    {"send, no signal", send_quietly},
    {"send 0 bytes", send_nothing},
    {"send, more", send_more},
    {"send, urgent", send_urgent},
    {"sendto", sendto_it},
    {"sendmsg", sendmsg_it},
    {"shutdown RD", shutdown_rd},
    {"shutdown WR", shutdown_wr},
    {"shutdown RDWR", shutdown_rdwr},
    {"shutdown twice", shutdown_twice},
    {"shutdown wrongly", shutdown_wrongly},
    {"close", close_it},
    {"close hard", close_hard},
    {"close lingering", close_lingering},
    {"error", error_twice},
    {"poll", poll_it},
    {"epoll, level", epoll_level},
    {"epoll, edge", epoll_edge},
    {"epoll, once", epoll_once},
    {"epoll, what happens", epoll_sees},
    {"ioctl", ioctls},
    {"ioctl, unsent", unsent},
    {"flags", flags},
    {"options: facts", facts},
    {"options: TCP", tcp_options},
    {"options: socket", socket_options},
    {"options: IP", ip_options},
};

unsigned matrix_calls(void)
{
    return sizeof calls / sizeof calls[0];
}

bool matrix_has(unsigned call, unsigned state, const char *host)
{
    bool mapped = strcmp(host, LO46) == 0;

    if (mapped && call > CALL_NAMES && calls[call].make != ip_options)
        return false;
    return calls[call].make != close_lingering || strcmp(states[state].name, "full") != 0;
}

const char *matrix_call_name(unsigned call)
{
    return calls[call].name;
}

void matrix_run(unsigned call, unsigned state, const char *host)
{
    struct pair pair = states[state].enter(host);
    struct scene scene = {pair.client, pair.server, host, pair.port};

    calls[call].make(&scene);
    do_poll(scene.fd, 0);
    do_state(scene.fd);
    do_error(scene.fd);
}
