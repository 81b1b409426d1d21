/*
 * bind(): addresses, lengths, and who may share a port with whom.
 */
#include "states.h"

static void to_any_port(void)
{
    int a = new4(0), b = new6(0);

    do_bind(a, ANY4, 0);
    do_name(a);
    do_bind(b, ANY6, 0);
    do_name(b);
}

static void twice(void)
{
    int a = new4(0);

    do_bind(a, LO4, 0);
    do_bind(a, LO4, 0);
}

static void lengths(void)
{
    int a = new4(0), b = new6(0);

    do_bind_len(a, AF_INET, LO4, 0);
    do_bind_len(a, AF_INET, LO4, 15);
    do_bind_len(a, AF_INET, LO4, 129);
    do_bind_len(a, AF_INET, LO4, (unsigned)-1);
    do_bind_len(b, AF_INET6, LO6, 16);
    do_bind_len(b, AF_INET6, LO6, 23);
    do_bind_len(b, AF_INET6, LO6, 24);
    do_bind_len(a, AF_INET, LO4, 28);
}

static void families(void)
{
    int a = new4(0), b = new6(0);

    do_bind_len(a, AF_INET6, LO6, 28);
    do_bind_len(a, AF_UNSPEC, LO4, 16);
    do_bind_len(a, 99, LO4, 16);
    do_bind_len(b, AF_INET, LO4, 28);
    do_bind_len(b, AF_INET, LO4, 16);
    do_bind_len(b, AF_UNSPEC, LO6, 28);
}

/* A program of before 1990 left the family out. */
static void to_unspec_any(void)
{
    do_bind_len(new4(0), AF_UNSPEC, ANY4, 16);
}

static void to_addresses_of_others(void)
{
    do_bind(new4(0), "192.0.2.1", 0);
    do_bind(new6(0), "2001:db8::1", 0);
    do_bind(new6(0), "::ffff:192.0.2.1", 0);
    do_bind(new4(0), "224.0.0.1", 0);
    do_bind(new4(0), "255.255.255.255", 0);
    do_bind(new6(0), "ff02::1", 0);
}

static void mapped(void)
{
    int a = new6(0), b = new6(0);

    do_bind(a, LO46, 0);
    do_name(a);
    set(b, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    do_bind(b, LO46, 0);
}

/* Two sockets on one port: each with its options, its address; the first perhaps listens. */
struct side {
    const char *host;
    int reuse_addr, reuse_port, v6only, listens;
};

static int side_socket(const struct side *side)
{
    bool six = false;

    for (const char *c = side->host; *c; c++)
        six |= *c == ':';
    int fd = six ? new6(0) : new4(0);
    set(fd, SOL_SOCKET, SO_REUSEADDR, side->reuse_addr);
    set(fd, SOL_SOCKET, SO_REUSEPORT, side->reuse_port);
    if (side->v6only)
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return fd;
}

static void share(struct side first, struct side second)
{
    int a = side_socket(&first), b = side_socket(&second);

    note("  %s%s%s%s%s, then %s%s%s%s:\n", first.host, first.reuse_addr ? " REUSEADDR" : "",
         first.reuse_port ? " REUSEPORT" : "", first.v6only ? " V6ONLY" : "",
         first.listens ? " listening" : "", second.host, second.reuse_addr ? " REUSEADDR" : "",
         second.reuse_port ? " REUSEPORT" : "", second.v6only ? " V6ONLY" : "");
    do_bind(a, first.host, 0);
    if (first.listens)
        do_listen(a, 1);
    if (do_bind(b, second.host, port_of(a)) == 0)
        do_listen(b, 1);
    forget(a);
    forget(b);
}

static void share_every_way(const char *first, const char *second)
{
    for (unsigned way = 0; way < 16; way++)
        share((struct side){first, way & 1, 0, 0, way >> 2 & 1},
              (struct side){second, way >> 1 & 1, 0, 0, 0});
    for (unsigned way = 0; way < 8; way++)
        share((struct side){first, 0, way & 1, 0, way >> 2 & 1},
              (struct side){second, 0, way >> 1 & 1, 0, 0});
}

static void same_address(void)
{
    share_every_way(LO4, LO4);
}

static void wildcard_then_address(void)
{
    share_every_way(ANY4, LO4);
}

static void address_then_wildcard(void)
{
    share_every_way(LO4, ANY4);
}

static void v6_then_v4(void)
{
    share_every_way(LO6, LO4);
}

static void v6_wildcard_then_v4(void)
{
    share_every_way(ANY6, LO4);
}

static void v6_wildcard_then_v4_wildcard(void)
{
    share_every_way(ANY6, ANY4);
}

static void v4_wildcard_then_v6_wildcard(void)
{
    share_every_way(ANY4, ANY6);
}

static void v4_then_mapped(void)
{
    share_every_way(LO4, LO46);
}

static void mapped_then_v6_wildcard(void)
{
    share_every_way(LO46, ANY6);
}

static void v6only_and_v4(void)
{
    share((struct side){ANY6, 0, 0, 1, 1}, (struct side){ANY4, 0, 0, 0, 0});
    share((struct side){ANY4, 0, 0, 0, 1}, (struct side){ANY6, 0, 0, 1, 0});
    share((struct side){ANY6, 0, 0, 1, 1}, (struct side){ANY6, 0, 0, 0, 0});
    share((struct side){ANY6, 0, 0, 1, 1}, (struct side){LO46, 0, 0, 0, 0});
    share((struct side){LO6, 0, 0, 1, 0}, (struct side){ANY6, 0, 0, 1, 0});
}

static void reuseaddr_meets_reuseport(void)
{
    share((struct side){LO4, 1, 0, 0, 0}, (struct side){LO4, 0, 1, 0, 0});
    share((struct side){LO4, 1, 1, 0, 0}, (struct side){LO4, 1, 0, 0, 0});
    share((struct side){LO4, 1, 1, 0, 1}, (struct side){LO4, 1, 1, 0, 0});
    share((struct side){LO4, 1, 1, 0, 1}, (struct side){LO4, 1, 0, 0, 0});
    share((struct side){LO4, 0, 1, 0, 1}, (struct side){ANY4, 0, 1, 0, 0});
}

static void different_loopback_addresses(void)
{
    share((struct side){"127.0.0.1", 0, 0, 0, 1}, (struct side){"127.0.0.2", 0, 0, 0, 0});
}

/* ---- a port that connections use ---- */

static void where_a_connection_is(bool reuse, bool listener_too)
{
    struct pair pair = pair_at(LO4);
    int b = new4(0);

    if (!listener_too)
        do_close(pair.listener);
    set(b, SOL_SOCKET, SO_REUSEADDR, reuse);
    do_bind(b, LO4, pair.port);
}

static void where_a_server_still_talks(void)
{
    where_a_connection_is(false, false);
}

static void where_a_server_still_talks_with_reuse(void)
{
    where_a_connection_is(true, false);
}

static void where_a_server_listens_with_reuse(void)
{
    where_a_connection_is(true, true);
}

/* The listener had SO_REUSEADDR, so its children have it. */
static void restart(bool reuse_first, bool reuse_again, bool server_closes)
{
    int a = new4(NB), c = new4(NB), d = new4(NB), child;
    unsigned port;

    set(a, SOL_SOCKET, SO_REUSEADDR, reuse_first);
    do_bind(a, LO4, 0);
    do_listen(a, 4);
    port = port_of(a);
    do_connect(c, LO4, port);
    child = do_accept(a, NB);
    do_close(a);
    if (server_closes) {
        do_close(child);
        do_read(c, 4);
        do_close(c);
    }
    set(d, SOL_SOCKET, SO_REUSEADDR, reuse_again);
    if (do_bind(d, LO4, port) == 0)
        do_listen(d, 4);
}

static void restart_while_connected(void)
{
    restart(true, true, false);
    restart(true, false, false);
    restart(false, true, false);
}

static void restart_in_time_wait(void)
{
    restart(true, true, true);
    restart(true, false, true);
    restart(false, true, true);
    restart(false, false, true);
}

static void the_port_is_free_after_close(void)
{
    int a = new4(0), b = new4(0);
    unsigned port;

    do_bind(a, LO4, 0);
    port = port_of(a);
    do_close(a);
    do_bind(b, LO4, port);
}

static void the_port_is_free_after_a_listener(void)
{
    int a = listener_at(LO4, 1), b = new4(0);
    unsigned port = port_of(a);

    do_close(a);
    do_bind(b, LO4, port);
    do_listen(b, 1);
}

static void a_client_chooses_its_port(void)
{
    int a = listener_at(LO4, 4), b = new4(NB), c = new4(NB);
    unsigned port;

    do_bind(b, ANY4, 0);
    port = port_of(b);
    do_connect(b, LO4, port_of(a));
    do_name(b);
    do_bind(c, ANY4, port);
    set(c, SOL_SOCKET, SO_REUSEADDR, 1);
    do_bind(c, ANY4, port);
}

static void a_client_whose_pair_is_taken(void)
{
    int a = listener_at(LO4, 4), b = new4(NB), c = new4(NB);

    set(b, SOL_SOCKET, SO_REUSEADDR, 1);
    set(c, SOL_SOCKET, SO_REUSEADDR, 1);
    do_bind(b, LO4, 0);
    do_bind(c, LO4, port_of(b));
    do_connect(b, LO4, port_of(a));
    do_connect(c, LO4, port_of(a));
    do_state(c);
    do_name(c);
}

static void only_one_of_two_may_listen(void)
{
    int a = new4(0), b = new4(0);

    set(a, SOL_SOCKET, SO_REUSEADDR, 1);
    set(b, SOL_SOCKET, SO_REUSEADDR, 1);
    do_bind(a, LO4, 0);
    do_bind(b, LO4, port_of(a));
    do_listen(a, 1);
    do_listen(b, 1);
    do_close(a);
    do_listen(b, 1);
}

static const struct sem_case cases[] = {
    {"to any port", to_any_port},
    {"twice", twice},
    {"lengths", lengths},
    {"families", families},
    {"to unspecified family", to_unspec_any},
    {"to addresses of others", to_addresses_of_others},
    {"mapped", mapped},
    {"share: same address", same_address},
    {"share: wildcard, then address", wildcard_then_address},
    {"share: address, then wildcard", address_then_wildcard},
    {"share: IPv6, then IPv4", v6_then_v4},
    {"share: IPv6 wildcard, then IPv4", v6_wildcard_then_v4},
    {"share: IPv6 wildcard, then IPv4 wildcard", v6_wildcard_then_v4_wildcard},
    {"share: IPv4 wildcard, then IPv6 wildcard", v4_wildcard_then_v6_wildcard},
    {"share: IPv4, then mapped", v4_then_mapped},
    {"share: mapped, then IPv6 wildcard", mapped_then_v6_wildcard},
    {"share: V6ONLY", v6only_and_v4},
    {"share: REUSEADDR meets REUSEPORT", reuseaddr_meets_reuseport},
    {"share: two loopback addresses", different_loopback_addresses},
    {"where a server still talks", where_a_server_still_talks},
    {"where a server still talks, with REUSEADDR", where_a_server_still_talks_with_reuse},
    {"where a server listens, with REUSEADDR", where_a_server_listens_with_reuse},
    {"restart while connected", restart_while_connected},
    {"restart in TIME-WAIT", restart_in_time_wait},
    {"the port is free after close", the_port_is_free_after_close},
    {"the port is free after a listener", the_port_is_free_after_a_listener},
    {"a client chooses its port", a_client_chooses_its_port},
    {"a client whose pair is taken", a_client_whose_pair_is_taken},
    {"only one of two may listen", only_one_of_two_may_listen},
};
const struct sem_topic topic_bind = TOPIC("bind", cases);
