/*
 * listen(), accept(), and the names of both ends.
 */
#include <fcntl.h>

#include "states.h"

/* ---- listen ---- */

static void without_bind(void)
{
    int a = new4(NB), b = new4(NB), c = new6(NB);

    do_listen(a, 4);
    do_name(a);
    do_connect(b, LO4, port_of(a));
    do_accept(a, NB);
    do_listen(c, 4);
    do_name(c);
}

static void again_with_another_backlog(void)
{
    int a = listener_at(LO4, 0), b = new4(NB), c = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_listen(a, 8);
    do_connect(c, LO4, port_of(a));
    do_connect(c, LO4, port_of(a));
    do_accept(a, NB);
    do_accept(a, NB);
    do_accept(a, NB);
}

static void odd_backlogs(void)
{
    do_listen(new4(0), -1);
    do_listen(new4(0), 0);
    do_listen(new4(0), 1 << 30);
}

static void a_backlog_holds_one_more(void)
{
    int a = listener_at(LO4, 2), b[4];

    for (int i = 0; i < 4; i++) {
        b[i] = new4(NB);
        do_connect(b[i], LO4, port_of(a));
    }
    for (int i = 0; i < 4; i++)
        do_state(b[i]);
}

static void shut_and_listen_again(void)
{
    int a = listener_at(LO4, 4), b = new4(NB);
    unsigned port = port_of(a);

    do_shutdown(a, SHUT_RD);
    do_accept(a, NB);
    do_connect(b, LO4, port);
    do_error(b);
    do_listen(a, 4);
    do_name(a);
    do_connect(b, LO4, port);
    do_accept(a, NB);
}

static void shut_for_writing_goes_on(void)
{
    int a = listener_at(LO4, 4), b = new4(NB);

    do_shutdown(a, SHUT_WR);
    do_connect(b, LO4, port_of(a));
    do_accept(a, NB);
}

static void shut_with_somebody_waiting(void)
{
    int a = listener_at(LO4, 4), b = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_shutdown(a, SHUT_RD);
    do_accept(a, NB);
    do_read(b, 4);
    do_state(b);
}

static void closed_with_somebody_waiting(void)
{
    int a = listener_at(LO4, 4), b = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_write(b, "x");
    do_close(a);
    do_read(b, 4);
    do_poll(b, 0);
    do_error(b);
    do_write(b, "x");
}

static void disconnected(void)
{
    int a = listener_at(LO4, 4), b = new4(NB);
    unsigned port = port_of(a);

    do_disconnect(a);
    do_state(a);
    do_name(a);
    do_connect(b, LO4, port);
    do_error(b);
}

static const struct sem_case listen_cases[] = {
    {"without bind", without_bind},
    {"again with another backlog", again_with_another_backlog},
    {"odd backlogs", odd_backlogs},
    {"a backlog holds one more", a_backlog_holds_one_more},
    {"shut, and again", shut_and_listen_again},
    {"shut for writing goes on", shut_for_writing_goes_on},
    {"shut with somebody waiting", shut_with_somebody_waiting},
    {"closed with somebody waiting", closed_with_somebody_waiting},
    {"disconnected", disconnected},
};
const struct sem_topic topic_listen = TOPIC("listen", listen_cases);

/* ---- accept ---- */

static void in_order(void)
{
    int a = listener_at(LO4, 8), b = new4(NB), c = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_connect(c, LO4, port_of(a));
    do_name(b);
    do_name(c);
    do_accept(a, NB);
    do_accept(a, NB);
    do_accept(a, NB);
}

static void flags(void)
{
    int a = listener_at(LO4, 8), b = new4(NB), c = new4(NB), d;

    do_connect(b, LO4, port_of(a));
    do_connect(c, LO4, port_of(a));
    do_accept(a, 0x4);
    d = do_accept(a, 0);
    do_getfl(d);
    do_fcntl(d, F_GETFD, "F_GETFD", 0);
    d = do_accept(a, SOCK_NONBLOCK | SOCK_CLOEXEC);
    do_getfl(d);
    do_fcntl(d, F_GETFD, "F_GETFD", 0);
}

static void bytes_came_before(void)
{
    int a = listener_at(LO4, 8), b = new4(NB), c;

    do_connect(b, LO4, port_of(a));
    do_write(b, "early");
    c = do_accept(a, NB);
    do_read(c, 8);
}

static void the_peer_is_gone_already(void)
{
    int a = listener_at(LO4, 8), b = new4(NB), c;

    do_connect(b, LO4, port_of(a));
    do_write(b, "bye");
    do_close(b);
    do_poll(a, 0);
    c = do_accept(a, NB);
    do_state(c);
    do_poll(c, 0);
    do_read(c, 8);
    do_read(c, 8);
}

static void the_peer_has_reset_already(void)
{
    int a = listener_at(LO4, 8), b = new4(NB), c;

    do_connect(b, LO4, port_of(a));
    do_write(b, "bye");
    do_linger(b, 1, 0);
    do_close(b);
    do_poll(a, 0);
    c = do_accept(a, NB);
    do_poll(c, 0);
    do_read(c, 8);
    do_read(c, 8);
    do_error(c);
    do_peer(c);
}

static void short_address(void)
{
    int a = listener_at(LO4, 8), b = new4(NB), child;
    struct sockaddr_in addr = {0};
    socklen_t len = 4;

    do_connect(b, LO4, port_of(a));
    child = known(api()->accept4(a, &addr, &len, NB));
    note("  accept with room for 4 bytes: %s, length %u, family %d\n", child >= 0 ? "ok" : "no",
         len, addr.sin_family);
}

static void negative_length(void)
{
    int a = listener_at(LO4, 8), b = new4(NB);
    struct sockaddr_in addr = {0};
    socklen_t len = (socklen_t)-4;

    do_connect(b, LO4, port_of(a));
    result("accept, length -4", a, api()->accept4(a, &addr, &len, NB));
    do_accept(a, NB);
}

static void inherits(void)
{
    int a = new4(NB), b = new4(NB), c;

    set(a, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(a, IPPROTO_TCP, TCP_NODELAY, 1);
    set(a, SOL_SOCKET, SO_REUSEADDR, 1);
    set(a, IPPROTO_TCP, TCP_KEEPIDLE, 44);
    set(a, SOL_SOCKET, SO_RCVLOWAT, 3);
    set(a, IPPROTO_IP, IP_TOS, 0x10);
    do_linger(a, 1, 7);
    do_set_time(a, SO_RCVTIMEO, 1500);
    do_bind(a, LO4, 0);
    do_listen(a, 4);
    do_connect(b, LO4, port_of(a));
    c = do_accept(a, 0);
    do_get(c, OPTION(SOL_SOCKET, SO_KEEPALIVE));
    do_get(c, OPTION(IPPROTO_TCP, TCP_NODELAY));
    do_get(c, OPTION(SOL_SOCKET, SO_REUSEADDR));
    do_get(c, OPTION(IPPROTO_TCP, TCP_KEEPIDLE));
    do_get(c, OPTION(SOL_SOCKET, SO_RCVLOWAT));
    do_get(c, OPTION(SOL_SOCKET, SO_ACCEPTCONN));
    do_get(c, OPTION(IPPROTO_IP, IP_TOS));
    do_get_len(c, OPTION(SOL_SOCKET, SO_LINGER), 8);
    do_get_time(c, SO_RCVTIMEO);
}

static void from_the_wrong_one(void)
{
    struct pair pair = pair_at(LO4);

    do_accept(pair.client, 0);
    do_accept(pair.server, 0);
    do_accept(new4(0), 0);
}

static const struct sem_case accept_cases[] = {
    {"in order", in_order},
    {"flags", flags},
    {"bytes came before", bytes_came_before},
    {"the peer is gone already", the_peer_is_gone_already},
    {"the peer has reset already", the_peer_has_reset_already},
    {"short address", short_address},
    {"negative length", negative_length},
    {"inherits", inherits},
    {"from the wrong one", from_the_wrong_one},
};
const struct sem_topic topic_accept = TOPIC("accept", accept_cases);

/* ---- names ---- */

static void of_both_ends(const char *host)
{
    struct pair pair = pair_at(host);

    do_name(pair.client);
    do_peer(pair.server);
    do_name(pair.server);
    do_peer(pair.client);
    do_name(pair.listener);
    do_peer(pair.listener);
}

static void of_both_ends_4(void)
{
    of_both_ends(LO4);
}

static void of_both_ends_6(void)
{
    of_both_ends(LO6);
}

static void of_both_ends_46(void)
{
    of_both_ends(LO46);
}

static void lengths(void)
{
    int a = listener_at(LO4, 1);
    unsigned char addr[128];

    for (socklen_t given = 0; given <= 20; given += 5) {
        socklen_t len = given;
        int status = api()->getsockname(a, addr, &len);

        note("  getsockname with %u: %s, %u\n", given, errno_text(status), len);
    }
    socklen_t negative = (socklen_t)-1;
    result("getsockname with -1", a, api()->getsockname(a, addr, &negative));
}

static void after_the_end(void)
{
    struct pair pair = pair_at(LO4);

    do_close(pair.server);
    do_name(pair.client);
    do_peer(pair.client);
    do_shutdown(pair.client, SHUT_WR);
    do_name(pair.client);
    do_peer(pair.client);
}

static const struct sem_case name_cases[] = {
    {"of both ends, IPv4", of_both_ends_4},    {"of both ends, IPv6", of_both_ends_6},
    {"of both ends, mapped", of_both_ends_46}, {"lengths", lengths},
    {"after the end", after_the_end},
};
const struct sem_topic topic_names = TOPIC("names", name_cases);
