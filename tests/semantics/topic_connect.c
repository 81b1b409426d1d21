/*
 * connect(): where to, how often, from where.
 */
#include <poll.h>

#include "states.h"

static void lengths(void)
{
    int a = new4(NB), b = new6(NB);

    do_connect_len(a, AF_INET, LO4, 0);
    do_connect_len(a, AF_INET, LO4, 1);
    do_connect_len(a, AF_INET, LO4, 15);
    do_connect_len(a, AF_INET, LO4, 129);
    do_connect_len(b, AF_INET6, LO6, 16);
    do_connect_len(b, AF_INET6, LO6, 23);
}

static void families(void)
{
    int a = new4(NB), b = new6(NB);

    do_connect_len(a, AF_INET6, LO6, 28);
    do_connect_len(a, AF_UNIX, LO4, 16);
    do_connect_len(b, AF_UNIX, LO6, 28);
    do_connect_len(b, AF_INET, LO4, 28);
    do_connect_len(b, AF_INET, LO4, 16);
}

static void to_the_unspecified_address(void)
{
    int a = listener_at(ANY4, 4), b = new4(NB), c = new6(NB), d = listener_at(ANY6, 4);

    do_connect(b, ANY4, port_of(a));
    do_peer(b);
    do_accept(a, NB);
    do_connect(c, ANY6, port_of(d));
    do_peer(c);
    do_accept(d, NB);
}

static void to_port_0(void)
{
    do_connect(new4(NB), LO4, 0);
}

static void to_broadcast_and_groups(void)
{
    do_connect(new4(NB), "224.0.0.1", 9);
    do_connect(new6(NB), "ff02::1", 9);
}

static void where_no_route_leads(void)
{
    do_connect(new4(NB), "192.0.2.1", 9);
    do_connect(new6(NB), "2001:db8::1", 9);
    do_connect(new4(0), "192.0.2.1", 9);
    do_connect(new6(0), "::ffff:192.0.2.1", 9);
}

static void bound_to_loopback_and_far_away(void)
{
    int a = new4(NB);

    do_bind(a, LO4, 0);
    do_connect(a, "192.0.2.1", 9);
}

static void mapped_to_v4(void)
{
    int a = listener_at(LO4, 4), b = new6(NB), c;

    do_connect(b, LO46, port_of(a));
    c = do_accept(a, NB);
    do_name(b);
    do_peer(b);
    do_peer(c);
}

static void v4_to_dual_stack(void)
{
    int a = listener_at(ANY6, 4), b = new4(NB), c;

    do_connect(b, LO4, port_of(a));
    c = do_accept(a, NB);
    do_name(c);
    do_peer(c);
    do_get(c, OPTION(SOL_SOCKET, SO_DOMAIN));
}

static void mapped_with_v6only(void)
{
    int a = listener_at(LO4, 4), b = new6(NB);

    set(b, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    do_connect(b, LO46, port_of(a));
}

static void v4_to_v6only(void)
{
    int a = new6(NB), b = new4(NB);

    set(a, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    do_bind(a, ANY6, 0);
    do_listen(a, 4);
    do_connect(b, LO4, port_of(a));
    do_error(b);
}

static void bound_to_v6_and_to_v4(void)
{
    int a = listener_at(LO4, 4), b = new6(NB), c = new6(NB);

    do_bind(b, LO6, 0);
    do_connect(b, LO46, port_of(a));
    do_bind(c, LO46, 0);
    do_connect(c, LO6, port_of(a));
}

static void the_three_answers(void)
{
    int a = listener_at(LO4, 4), b = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_poll(b, 0);
    do_error(b);
    do_connect(b, LO4, port_of(a));
    do_connect(b, LO4, port_of(a));
}

static void error_taken_before_the_second(void)
{
    int a = new4(NB);
    unsigned port = closed_port(LO4);

    do_connect(a, LO4, port);
    do_error(a);
    do_connect(a, LO4, port);
    do_poll(a, 0);
}

static void blocking(void)
{
    int a = listener_at(LO4, 4), b = new4(0);

    do_connect(b, LO4, port_of(a));
    do_connect(b, LO4, port_of(a));
    do_name(b);
    do_peer(b);
}

static void blocking_refused(void)
{
    int a = new4(0);
    unsigned port = closed_port(LO4);

    do_connect(a, LO4, port);
    do_error(a);
    do_state(a);
    do_connect(a, LO4, port);
    do_name(a);
}

static void refused_then_elsewhere(void)
{
    int a = new4(0), b = listener_at(LO4, 4);

    do_connect(a, LO4, closed_port(LO4));
    do_connect(a, LO4, port_of(b));
    do_state(a);
    do_write(a, "hi");
    do_recv(do_accept(b, NB), 8, 0);
}

static void refused_bound_keeps_its_port(void)
{
    int a = new4(0), b = listener_at(LO4, 4);
    unsigned port;

    do_bind(a, LO4, 0);
    port = port_of(a);
    do_connect(a, LO4, closed_port(LO4));
    do_name(a);
    do_connect(a, LO4, port_of(b));
    note("  %s\n", port_of(a) == port ? "the same port" : "another port");
}

static void refused_then_listen(void)
{
    int a = new4(0);

    do_connect(a, LO4, closed_port(LO4));
    do_listen(a, 4);
    do_name(a);
}

/* Nobody has to listen when one calls oneself. */
static void to_oneself(void)
{
    int a = new4(NB);

    do_bind(a, LO4, 0);
    do_connect(a, LO4, port_of(a));
    do_state(a);
    do_poll(a, 0);
    do_write(a, "echo");
    do_read(a, 8);
    do_shutdown(a, SHUT_WR);
    do_read(a, 8);
    do_state(a);
}

static void disconnect_and_connect_again(void)
{
    struct pair pair = pair_at(LO4);

    do_disconnect(pair.client);
    do_error(pair.client);
    do_connect(pair.client, LO4, pair.port);
    do_error(pair.client);
    do_accept(pair.listener, NB);
    do_read(pair.server, 4);
}

static void disconnect_keeps_what_was_bound(void)
{
    int a = listener_at(LO4, 4), b = new4(NB);

    do_bind(b, LO4, 0);
    do_connect(b, LO4, port_of(a));
    do_name(b);
    do_disconnect(b);
    do_name(b);
    do_peer(b);
}

static void disconnect_of_a_fresh_one(void)
{
    int a = new4(NB);

    do_disconnect(a);
    do_error(a);
    do_state(a);
}

static void disconnect_with_bytes_waiting(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "hello");
    do_disconnect(pair.client);
    do_read(pair.client, 8);
    do_read(pair.server, 8);
    do_error(pair.server);
}

static void disconnect_by_short_address(void)
{
    int a = new4(NB);

    do_connect_len(a, AF_UNSPEC, ANY4, 2);
    do_connect_len(a, AF_UNSPEC, ANY4, 1);
}

static void after_shutdown(void)
{
    struct pair pair = pair_at(LO4);

    do_shutdown(pair.client, SHUT_RDWR);
    do_connect(pair.client, LO4, pair.port);
    do_close(pair.server);
    do_connect(pair.client, LO4, pair.port);
    do_disconnect(pair.client);
    do_connect(pair.client, LO4, pair.port);
    do_state(pair.client);
    do_write(pair.client, "x");
    do_poll(pair.client, 0);
}

static void the_listener_closes_in_between(void)
{
    int a = listener_at(LO4, 4), b = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_close(a);
    do_connect(b, LO4, 9);
    do_read(b, 4);
    do_error(b);
    do_state(b);
}

static const struct sem_case cases[] = {
    {"lengths", lengths},
    {"families", families},
    {"to the unspecified address", to_the_unspecified_address},
    {"to port 0", to_port_0},
    {"to groups", to_broadcast_and_groups},
    {"where no route leads", where_no_route_leads},
    {"bound to loopback, and far away", bound_to_loopback_and_far_away},
    {"mapped to IPv4", mapped_to_v4},
    {"IPv4 to dual stack", v4_to_dual_stack},
    {"mapped with V6ONLY", mapped_with_v6only},
    {"IPv4 to V6ONLY", v4_to_v6only},
    {"bound to IPv6, and to IPv4", bound_to_v6_and_to_v4},
    {"the three answers", the_three_answers},
    {"error taken before the second", error_taken_before_the_second},
    {"blocking", blocking},
    {"blocking, refused", blocking_refused},
    {"refused, then elsewhere", refused_then_elsewhere},
    {"refused, bound, keeps its port", refused_bound_keeps_its_port},
    {"refused, then listen", refused_then_listen},
    {"to oneself", to_oneself},
    {"disconnect and connect again", disconnect_and_connect_again},
    {"disconnect keeps what was bound", disconnect_keeps_what_was_bound},
    {"disconnect of a fresh one", disconnect_of_a_fresh_one},
    {"disconnect with bytes waiting", disconnect_with_bytes_waiting},
    {"disconnect by a short address", disconnect_by_short_address},
    {"after shutdown", after_shutdown},
    {"the listener closes in between", the_listener_closes_in_between},
};
const struct sem_topic topic_connect = TOPIC("connect", cases);
