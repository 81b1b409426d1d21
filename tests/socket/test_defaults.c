/*
 * What sockets start with changes under them: a sysctl was set.
 */
#include "ask.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static struct ciao_settings usual(void)
{
    return *ciao_profile(CIAO_PROFILE_LINUX);
}

static void a_socket_follows_what_it_has_not_set(void **state)
{
    (void)state;
    const int follows = a_socket(left(&w)), has_set = a_socket(left(&w));
    assert_int_equal(set_int(left(&w), has_set, TCP_OF(KEEPCNT), 4), 0);
    struct ciao_settings settings = usual();
    settings.keepalive_probes = 3;
    settings.ttl = 9;
    ciao_sockets_defaults(left(&w), &settings);
    const int late = a_socket(left(&w));
    assert_int_equal(get_int(left(&w), follows, TCP_OF(KEEPCNT)), 3);
    assert_int_equal(get_int(left(&w), has_set, TCP_OF(KEEPCNT)), 4);
    assert_int_equal(get_int(left(&w), late, TCP_OF(KEEPCNT)), 3);
    settings.keepalive_probes = 5;
    ciao_sockets_defaults(left(&w), &settings);
    assert_int_equal(get_int(left(&w), follows, TCP_OF(KEEPCNT)), 5);
    assert_int_equal(get_int(left(&w), has_set, TCP_OF(KEEPCNT)), 4);
}

/* A bit that the program has set stays, another one follows. */
static void bits_follow_one_by_one(void **state)
{
    (void)state;
    const int fd = a_socket(left(&w));
    assert_int_equal(set_int(left(&w), fd, TCP_OF(NODELAY), 1), 0);
    struct ciao_settings settings = usual();
    settings.flags |= CIAO_KEEPALIVE;
    ciao_sockets_defaults(left(&w), &settings);
    assert_int_equal(get_int(left(&w), fd, SOCKET_OF(KEEPALIVE)), 1);
    assert_int_equal(get_int(left(&w), fd, TCP_OF(NODELAY)), 1);
    settings = usual();
    ciao_sockets_defaults(left(&w), &settings);
    assert_int_equal(get_int(left(&w), fd, SOCKET_OF(KEEPALIVE)), 0);
    assert_int_equal(get_int(left(&w), fd, TCP_OF(NODELAY)), 1);
}

/* Buffers are a socket's from its beginning. */
static void buffers_do_not_follow(void **state)
{
    (void)state;
    const int fd = a_socket(left(&w));
    const int before = get_int(left(&w), fd, SOCKET_OF(RCVBUF));
    struct ciao_settings settings = usual();
    settings.rcvbuf_bytes /= 2;
    ciao_sockets_defaults(left(&w), &settings);
    assert_int_equal(get_int(left(&w), fd, SOCKET_OF(RCVBUF)), before);
}

/* The SYN that a listener answers after the change gets no timestamps. */
static void listeners_and_connections_follow_too(void **state)
{
    (void)state;
    const int listener = a_listener(right(&w), 80);
    struct ciao_settings settings = usual();
    settings.flags |= CIAO_NO_TIMESTAMPS;
    settings.keepalive_probes = 2;
    ciao_sockets_defaults(right(&w), &settings);
    const int client = a_socket(left(&w));
    assert_int_equal(connect4(left(&w), client, "10.9.0.2", 80), 0);
    world_settle(&w);
    const int server = ciao_accept4(right(&w), listener, NULL, NULL, 0);
    assert_true(server >= 0);
    struct ciao_tcp_info info;
    uint32_t len = sizeof info;
    const struct ciao_name value = {&info, &len};
    assert_int_equal(ciao_getsockopt(right(&w), server, TCP_OF(INFO), &value), 0);
    assert_int_equal(info.tcpi_options & CIAO_TCPI_OPT_TIMESTAMPS, 0);
    assert_int_equal(get_int(right(&w), server, TCP_OF(KEEPCNT)), 2);
    settings.keepalive_probes = 7;
    ciao_sockets_defaults(right(&w), &settings);
    assert_int_equal(get_int(right(&w), server, TCP_OF(KEEPCNT)), 7);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_socket_follows_what_it_has_not_set),
        STORY(bits_follow_one_by_one),
        STORY(buffers_do_not_follow),
        STORY(listeners_and_connections_follow_too),
    };
    return cmocka_run_group_tests_name("socket/defaults", tests, NULL, NULL);
}
