/*
 * connect(): the outcome is told once, to the call that first asks; then another try is allowed.
 */
#include "world.h"

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

/* ---- with a listener there ---- */

static void connect_waits_until_the_peer_has_answered(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    a_listener(right(&w), 80);
    const int fd = a_socket(left(&w));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
    assert_string_equal(peername(left(&w), fd, text), "10.9.0.2:80");
    assert_int_equal(strncmp(sockname(left(&w), fd, text), "10.9.0.1:", 9), 0);
}

static void connect_without_waiting_is_told_in_three_steps(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    a_listener(right(&w), 80);
    const int fd = a_socket(left(&w));
    set_nonblocking(left(&w), fd);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINPROGRESS));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EALREADY));
    assert_string_equal(peername(left(&w), fd, text), "error 107");
    world_settle(&w);
    assert_int_equal(so_error(left(&w), fd), 0);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EISCONN));
}

static void the_last_step_may_be_left_out(void **state)
{
    (void)state;
    const int listener = a_listener(right(&w), 80);
    const int fd = a_socket(left(&w));
    set_nonblocking(left(&w), fd);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINPROGRESS));
    assert_int_equal(send_text(left(&w), fd, "early", 0), E(EAGAIN));
    char byte;
    assert_int_equal(ciao_read(left(&w), fd, &byte, 1), E(EAGAIN));
    world_settle(&w);
    assert_int_equal(send_text(left(&w), fd, "hello", 0), 5);
    world_settle(&w);
    const int child = ciao_accept4(right(&w), listener, NULL, NULL, 0);
    expect_text(right(&w), child, "hello");
}

static void both_families_connect(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    a_listener6(right(&w), 80);
    int fd = a_socket6(left(&w));
    assert_int_equal(connect6(left(&w), fd, "fd09::2", 80), 0);
    assert_string_equal(peername(left(&w), fd, text), "[fd09::2]:80");
    fd = a_socket6(left(&w));
    assert_int_equal(connect6(left(&w), fd, "::ffff:10.9.0.2", 80), 0);
    assert_string_equal(peername(left(&w), fd, text), "[10.9.0.2]:80");
    fd = a_socket(left(&w));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
}

/* ---- with nobody there ---- */

static void who_is_refused_may_try_again(void **state)
{
    (void)state;
    const int fd = a_socket(left(&w));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(ECONNREFUSED));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(ECONNREFUSED));
    a_listener(right(&w), 80);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
}

/* AS LINUX: the name that was chosen stays, but holds no port. */
static void who_is_refused_keeps_a_name_and_may_bind(void **state)
{
    (void)state;
    char before[NAME_TEXT], after[NAME_TEXT];
    const int fd = a_socket(left(&w));
    set_nonblocking(left(&w), fd);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINPROGRESS));
    assert_int_equal(strncmp(sockname(left(&w), fd, before), "10.9.0.1:", 9), 0);
    world_settle(&w);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(ECONNREFUSED));
    assert_int_equal(strncmp(sockname(left(&w), fd, after), "0.0.0.0:", 8), 0);
    assert_string_equal(after + 8, before + 9);
    assert_int_equal(bind4(left(&w), fd, "10.9.0.1", 4000), 0);
}

static void nobody_listens_on_port_0(void **state)
{
    (void)state;
    const int fd = a_socket(left(&w));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 0), E(ECONNREFUSED));
}

static void a_refusal_is_told_by_the_first_who_asks(void **state)
{
    (void)state;
    char byte;
    const int fd = a_socket(left(&w));
    set_nonblocking(left(&w), fd);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINPROGRESS));
    world_settle(&w);
    assert_int_equal(so_error(left(&w), fd), CIAO_ERRNO_ECONNREFUSED);
    assert_int_equal(so_error(left(&w), fd), 0);
    assert_int_equal(ciao_read(left(&w), fd, &byte, 1), 0);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(ECONNABORTED));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINPROGRESS));
    world_settle(&w);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(ECONNREFUSED));
    assert_int_equal(ciao_read(left(&w), fd, &byte, 1), E(ENOTCONN));
}

static void connect_gives_up_when_its_time_is_over(void **state)
{
    (void)state;
    const struct ciao_timeval second = {1, 0};
    const struct ciao_iovec value = {(void *)(uintptr_t)&second, sizeof second};
    const int fd = a_socket(left(&w));
    w.cut = true;
    assert_int_equal(ciao_setsockopt(left(&w), fd, CIAO_SOL_SOCKET, CIAO_SO_SNDTIMEO, &value), 0);
    const uint64_t from = w.now_us;
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINPROGRESS));
    assert_int_equal(w.now_us - from, 1 * S);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EALREADY));
    assert_int_equal(w.now_us - from, 2 * S);
}

static void connect_that_nobody_answers_times_out(void **state)
{
    (void)state;
    const int fd = a_socket(left(&w));
    w.cut = true;
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(ETIMEDOUT));
    assert_true(w.now_us > 60 * S);
}

static uint64_t connects_to_the_wall(uint8_t code, int told)
{
    const int fd = a_socket(left(&w));
    const uint64_t start = w.now_us;
    w.wall = (uint8_t)(code + 1);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), told);
    w.wall = 0;
    return w.now_us - start;
}

/* AS LINUX: each ends the attempt, which may be made anew. */
static void what_the_network_says_is_told(void **state)
{
    (void)state;
    assert_int_equal(connects_to_the_wall(3, E(ECONNREFUSED)), 0);
    assert_int_equal(connects_to_the_wall(1, E(EHOSTUNREACH)), 0);
}

/* Where a host that is unreachable may come back, and does not, that is what is told. */
static void what_the_network_said_is_told_in_the_end(void **state)
{
    (void)state;
    const struct world_options options = {.profile = CIAO_PROFILE_RFC};
    world_close(&w);
    world_open(&w, &options);
    assert_int_equal(connects_to_the_wall(3, E(ECONNREFUSED)), 0);
    assert_true(connects_to_the_wall(1, E(EHOSTUNREACH)) > 60 * S);
}

static void a_signal_ends_the_wait_and_not_the_attempt(void **state)
{
    (void)state;
    a_listener(right(&w), 80);
    const int fd = a_socket(left(&w));
    w.program[0].signal_waiting = true;
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINTR));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
}

/* ---- what cannot be ---- */

static void addresses_are_looked_at(void **state)
{
    (void)state;
    struct ciao_sockaddr_in in = in_at("10.9.0.2", 80);
    struct ciao_sockaddr_in6 in6 = in6_at("fd09::2", 80);
    const int fd = a_socket(left(&w)), fd6 = a_socket6(left(&w));
    assert_int_equal(ciao_socket_connect(left(&w), fd, &in, 15), E(EINVAL));
    assert_int_equal(ciao_socket_connect(left(&w), fd, &in, 1), E(EINVAL));
    assert_int_equal(ciao_socket_connect(left(&w), fd, &in, 129), E(EINVAL));
    assert_int_equal(ciao_socket_connect(left(&w), fd, NULL, 16), E(EFAULT));
    assert_int_equal(ciao_socket_connect(left(&w), fd, &in6, sizeof in6), E(EAFNOSUPPORT));
    assert_int_equal(ciao_socket_connect(left(&w), fd6, &in, sizeof in), E(EINVAL));
    assert_int_equal(ciao_socket_connect(left(&w), fd6, &in6, 23), E(EINVAL));
    assert_int_equal(connect4(left(&w), fd, "203.0.113.1", 80), E(ENETUNREACH));
    assert_int_equal(connect4(left(&w), fd, "224.0.0.1", 80), E(ENETUNREACH));
    assert_int_equal(connect4(left(&w), 77, "10.9.0.2", 80), E(EBADF));
}

static void a_listener_does_not_connect(void **state)
{
    (void)state;
    const int fd = a_listener(left(&w), 80);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EISCONN));
}

static void v6only_does_not_reach_mapped_addresses(void **state)
{
    (void)state;
    const int32_t one = 1;
    const struct ciao_iovec value = {(void *)(uintptr_t)&one, sizeof one};
    const int fd = a_socket6(left(&w));
    assert_int_equal(ciao_setsockopt(left(&w), fd, CIAO_IPPROTO_IPV6, CIAO_IPV6_V6ONLY, &value), 0);
    assert_int_equal(connect6(left(&w), fd, "::ffff:10.9.0.2", 80), E(ENETUNREACH));
}

static void who_is_bound_to_ipv4_does_not_reach_ipv6(void **state)
{
    (void)state;
    const int fd = a_socket6(left(&w)), other = a_socket6(left(&w));
    assert_int_equal(bind6(left(&w), fd, "::ffff:10.9.0.1", 4000), 0);
    assert_int_equal(connect6(left(&w), fd, "fd09::2", 80), E(EAFNOSUPPORT));
    assert_int_equal(bind6(left(&w), other, "fd09::1", 4000), 0);
    assert_int_equal(connect6(left(&w), other, "::ffff:10.9.0.2", 80), E(ENETUNREACH));
}

/* ---- and back ---- */

static int disconnect(struct ciao_sockets *s, int fd)
{
    const struct ciao_sockaddr nobody = {.sa_family = CIAO_AF_UNSPEC};
    return ciao_socket_connect(s, fd, &nobody, sizeof nobody);
}

static void unspec_disconnects_and_the_peer_is_reset(void **state)
{
    (void)state;
    char byte, text[NAME_TEXT];
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(disconnect(left(&w), pair.left), 0);
    world_settle(&w);
    assert_int_equal(ciao_read(right(&w), pair.right, &byte, 1), E(ECONNRESET));
    assert_string_equal(peername(left(&w), pair.left, text), "error 107");
    assert_int_equal(so_error(left(&w), pair.left), CIAO_ERRNO_ECONNRESET);
    assert_int_equal(ciao_read(left(&w), pair.left, &byte, 1), E(ENOTCONN));
    a_listener(right(&w), 81);
    assert_int_equal(connect4(left(&w), pair.left, "10.9.0.2", 81), 0);
}

static void unspec_on_a_new_socket_does_nothing(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    const int fd = a_socket(left(&w));
    assert_int_equal(bind4(left(&w), fd, "10.9.0.1", 4000), 0);
    assert_int_equal(disconnect(left(&w), fd), 0);
    assert_string_equal(sockname(left(&w), fd, text), "10.9.0.1:4000");
}

static void unspec_ends_a_listener(void **state)
{
    (void)state;
    const int fd = a_listener(left(&w), 80);
    assert_int_equal(disconnect(left(&w), fd), 0);
    assert_int_equal(ciao_accept4(left(&w), fd, NULL, NULL, 0), E(EINVAL));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(ECONNREFUSED));
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(connect_waits_until_the_peer_has_answered),
        STORY(connect_without_waiting_is_told_in_three_steps),
        STORY(the_last_step_may_be_left_out),
        STORY(both_families_connect),
        STORY(who_is_refused_may_try_again),
        STORY(who_is_refused_keeps_a_name_and_may_bind),
        STORY(nobody_listens_on_port_0),
        STORY(a_refusal_is_told_by_the_first_who_asks),
        STORY(connect_gives_up_when_its_time_is_over),
        STORY(connect_that_nobody_answers_times_out),
        STORY(what_the_network_says_is_told),
        STORY(what_the_network_said_is_told_in_the_end),
        STORY(a_signal_ends_the_wait_and_not_the_attempt),
        STORY(addresses_are_looked_at),
        STORY(a_listener_does_not_connect),
        STORY(v6only_does_not_reach_mapped_addresses),
        STORY(who_is_bound_to_ipv4_does_not_reach_ipv6),
        STORY(unspec_disconnects_and_the_peer_is_reset),
        STORY(unspec_on_a_new_socket_does_nothing),
        STORY(unspec_ends_a_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
