/*
 * socket(), close() of what is none, and what a fresh socket says of itself.
 */
#include <fcntl.h>

#include "states.h"

static void of_both_families(void)
{
    int a = do_socket(AF_INET, SOCK_STREAM, 0), b = do_socket(AF_INET6, SOCK_STREAM, 0);

    do_get(a, OPTION(SOL_SOCKET, SO_DOMAIN));
    do_get(b, OPTION(SOL_SOCKET, SO_DOMAIN));
}

static void of_tcp_by_name(void)
{
    int a = do_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);

    do_get(a, OPTION(SOL_SOCKET, SO_PROTOCOL));
    do_get(a, OPTION(SOL_SOCKET, SO_TYPE));
}

static void of_a_stream_that_is_udp(void)
{
    do_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP);
    do_socket(AF_INET6, SOCK_STREAM, IPPROTO_UDP);
}

static void of_a_protocol_beyond_all(void)
{
    do_socket(AF_INET, SOCK_STREAM, 10000);
    do_socket(AF_INET, SOCK_STREAM, -1);
    do_socket(AF_INET, SOCK_STREAM, 250);
}

static void of_a_family_beyond_all(void)
{
    do_socket(200, SOCK_STREAM, 0);
    do_socket(-1, SOCK_STREAM, 0);
    do_socket(AF_UNSPEC, SOCK_STREAM, 0);
}

static void of_a_type_beyond_all(void)
{
    do_socket(AF_INET, 0, 0);
    do_socket(AF_INET, 9, 0);
    do_socket(AF_INET, 14, 0);
}

static void of_sequenced_packets(void)
{
    do_socket(AF_INET, SOCK_SEQPACKET, 0);
}

static void with_flags(void)
{
    int a = do_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    do_getfl(a);
    do_fcntl(a, F_GETFD, "F_GETFD", 0);
}

static void with_flags_that_do_not_exist(void)
{
    do_socket(AF_INET, SOCK_STREAM | 0x100000, 0);
    do_socket(AF_INET, SOCK_STREAM | 0x40, 0);
}

static void without_flags(void)
{
    int a = do_socket(AF_INET, SOCK_STREAM, 0);

    do_getfl(a);
    do_fcntl(a, F_GETFD, "F_GETFD", 0);
    do_fcntl(a, F_SETFD, "F_SETFD", FD_CLOEXEC);
    do_fcntl(a, F_GETFD, "F_GETFD", 0);
    do_fcntl(a, F_SETFL, "F_SETFL", O_NONBLOCK);
    do_getfl(a);
}

static void a_bad_descriptor(void)
{
    do_read(-1, 4);
    do_write(-1, "x");
    do_bind(-1, LO4, 0);
    do_listen(-1, 1);
    do_accept(-1, 0);
    do_connect(-1, LO4, 1);
    do_shutdown(-1, SHUT_WR);
    do_close(-1);
    do_name(-1);
    do_peer(-1);
    do_error(-1);
    do_set(-1, OPTION(SOL_SOCKET, SO_REUSEADDR), 1);
    do_poll(-1, 0);
}

static void closed_twice(void)
{
    int a = new4(0);

    do_close(a);
    do_close(a);
}

static void the_lowest_number_comes_first(void)
{
    int a = new4(0), b = new4(0), c;

    do_close(a);
    c = new4(0);
    note("  %s\n", c == a ? "the same number" : "another number");
    (void)b;
}

static void a_fresh_one(void)
{
    int a = new4(0), b = new6(0);

    do_poll(a, 0);
    do_name(a);
    do_peer(a);
    do_error(a);
    do_state(a);
    do_poll(b, 0);
    do_name(b);
    do_peer(b);
}

static const struct sem_case cases[] = {
    {"of both families", of_both_families},
    {"of TCP by name", of_tcp_by_name},
    {"of a stream that is UDP", of_a_stream_that_is_udp},
    {"of a protocol beyond all", of_a_protocol_beyond_all},
    {"of a family beyond all", of_a_family_beyond_all},
    {"of a type beyond all", of_a_type_beyond_all},
    {"of sequenced packets", of_sequenced_packets},
    {"with flags", with_flags},
    {"with flags that do not exist", with_flags_that_do_not_exist},
    {"without flags", without_flags},
    {"a bad descriptor", a_bad_descriptor},
    {"closed twice", closed_twice},
    {"the lowest number comes first", the_lowest_number_comes_first},
    {"a fresh one", a_fresh_one},
};
const struct sem_topic topic_socket = TOPIC("socket", cases);
