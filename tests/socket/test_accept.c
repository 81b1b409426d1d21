/*
 * listen() and accept(): the queue, its limit, and what is handed out.
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

static int accept_now(int listener)
{
    return ciao_accept4(right(&w), listener, NULL, NULL, 0);
}

static void connect_from_the_left(struct world *world)
{
    const int fd = a_socket(left(world));
    set_nonblocking(left(world), fd);
    assert_int_equal(connect4(left(world), fd, "10.9.0.2", 80), E(EINPROGRESS));
    world->fd[0] = fd;
}

static void accept_waits_for_somebody(void **state)
{
    (void)state;
    struct ciao_sockaddr_in from;
    uint32_t len = sizeof from;
    const int listener = a_listener(right(&w), 80);
    world_later(&w, 5 * S, connect_from_the_left);
    const uint64_t start = w.now_us;
    const int fd = ciao_accept4(right(&w), listener, &from, &len, 0);
    assert_int_equal(fd, listener + 1);
    assert_int_equal(w.now_us - start, 5 * S);
    assert_int_equal(len, sizeof from);
    assert_int_equal(from.sin_family, CIAO_AF_INET);
    assert_memory_equal(from.sin_addr, "\x0a\x09\x00\x01", 4);
}

static void accept_without_waiting_finds_nobody(void **state)
{
    (void)state;
    const int listener = a_listener(right(&w), 80);
    set_nonblocking(right(&w), listener);
    assert_int_equal(accept_now(listener), E(EAGAIN));
    connect_from_the_left(&w);
    world_settle(&w);
    assert_int_equal(accept_now(listener), listener + 1);
    assert_int_equal(accept_now(listener), E(EAGAIN));
}

static void accept_ends_when_its_time_is_over(void **state)
{
    (void)state;
    const struct ciao_timeval half = {0, 500000};
    const struct ciao_iovec value = {(void *)(uintptr_t)&half, sizeof half};
    const int listener = a_listener(right(&w), 80);
    assert_int_equal(
        ciao_setsockopt(right(&w), listener, CIAO_SOL_SOCKET, CIAO_SO_RCVTIMEO, &value), 0);
    const uint64_t start = w.now_us;
    assert_int_equal(accept_now(listener), E(EAGAIN));
    assert_int_equal(w.now_us - start, 500 * MS);
    w.program[1].signal_waiting = true;
    assert_int_equal(accept_now(listener), E(EINTR));
}

static void shut_the_listener(struct world *world)
{
    assert_int_equal(ciao_socket_shutdown(right(world), world->fd[1], CIAO_SHUTDOWN_RD), 0);
}

static void shutdown_of_the_listener_ends_accept(void **state)
{
    (void)state;
    const int listener = w.fd[1] = a_listener(right(&w), 80);
    world_later(&w, 1 * S, shut_the_listener);
    assert_int_equal(accept_now(listener), E(EINVAL));
    assert_int_equal(ciao_socket_listen(right(&w), listener, 5), 0);
    connect_from_the_left(&w);
    assert_true(accept_now(listener) > 0);
}

static void shutdown_of_the_other_direction_leaves_a_listener_alone(void **state)
{
    (void)state;
    const int listener = a_listener(right(&w), 80);
    assert_int_equal(ciao_socket_shutdown(right(&w), listener, CIAO_SHUTDOWN_WR), 0);
    connect_from_the_left(&w);
    assert_true(accept_now(listener) > 0);
}

static void close_the_listener(struct world *world)
{
    assert_int_equal(ciao_socket_close(right(world), world->fd[1]), 0);
    assert_int_equal(ciao_socket_close(right(world), world->fd[1]), E(EBADF));
    world_later(world, 1 * S, connect_from_the_left);
}

/* AS LINUX: who is inside keeps the socket, though the descriptor is gone. */
static void close_does_not_end_who_waits_inside(void **state)
{
    (void)state;
    const int listener = w.fd[1] = a_listener(right(&w), 80);
    world_later(&w, 1 * S, close_the_listener);
    assert_true(accept_now(listener) > 0);
    assert_int_equal(ciao_socket_listen(right(&w), listener, 5), E(EBADF));
    const int again = a_socket(right(&w));
    assert_int_equal(again, listener);
    assert_int_equal(bind4(right(&w), again, "0.0.0.0", 81), 0);
}

static void what_does_not_listen_does_not_accept(void **state)
{
    (void)state;
    const int fd = a_socket(right(&w));
    assert_int_equal(accept_now(fd), E(EINVAL));
    assert_int_equal(accept_now(99), E(EBADF));
    assert_int_equal(accept_now(-1), E(EBADF));
    assert_int_equal(ciao_accept4(right(&w), fd, NULL, NULL, 1), E(EINVAL));
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(accept_now(pair.right), E(EINVAL));
}

static void flags_of_accept_are_the_childs_alone(void **state)
{
    (void)state;
    const int listener = a_listener(right(&w), 80);
    connect_from_the_left(&w);
    const int fd =
        ciao_accept4(right(&w), listener, NULL, NULL, CIAO_SOCK_NONBLOCK | CIAO_SOCK_CLOEXEC);
    assert_int_equal(ciao_fcntl(right(&w), fd, CIAO_F_GETFL, 0), CIAO_O_RDWR | CIAO_O_NONBLOCK);
    assert_int_equal(ciao_fcntl(right(&w), fd, CIAO_F_GETFD, 0), CIAO_FD_CLOEXEC);
    assert_int_equal(ciao_fcntl(right(&w), listener, CIAO_F_GETFL, 0), CIAO_O_RDWR);
    set_nonblocking(right(&w), listener);
    connect_from_the_left(&w);
    world_settle(&w);
    const int blocking = accept_now(listener);
    assert_int_equal(ciao_fcntl(right(&w), blocking, CIAO_F_GETFL, 0), CIAO_O_RDWR);
}

static void who_was_reset_in_the_queue_is_accepted_all_the_same(void **state)
{
    (void)state;
    const struct ciao_linger at_once = {1, 0};
    const struct ciao_iovec value = {(void *)(uintptr_t)&at_once, sizeof at_once};
    struct ciao_sockaddr_in from;
    uint32_t len = sizeof from;
    char byte;
    const int listener = a_listener(right(&w), 80);
    connect_from_the_left(&w);
    world_settle(&w);
    assert_int_equal(ciao_setsockopt(left(&w), w.fd[0], CIAO_SOL_SOCKET, CIAO_SO_LINGER, &value),
                     0);
    assert_int_equal(ciao_socket_close(left(&w), w.fd[0]), 0);
    world_settle(&w);
    const int fd = ciao_accept4(right(&w), listener, &from, &len, 0);
    assert_true(fd > 0);
    assert_int_equal(len, sizeof from);
    assert_int_equal(ciao_read(right(&w), fd, &byte, 1), E(ECONNRESET));
    assert_int_equal(ciao_read(right(&w), fd, &byte, 1), 0);
}

static void who_said_goodbye_in_the_queue_is_read_to_the_end(void **state)
{
    (void)state;
    const int listener = a_listener(right(&w), 80);
    connect_from_the_left(&w);
    world_settle(&w);
    assert_int_equal(send_text(left(&w), w.fd[0], "bye", 0), 3);
    assert_int_equal(ciao_socket_close(left(&w), w.fd[0]), 0);
    world_settle(&w);
    const int fd = accept_now(listener);
    expect_text(right(&w), fd, "bye");
    expect_text(right(&w), fd, "");
}

/* AS LINUX: a backlog of n holds n + 1. */
static unsigned connected_of_five(int backlog)
{
    const int listener = a_socket(right(&w));
    assert_int_equal(bind4(right(&w), listener, "0.0.0.0", 80), 0);
    assert_int_equal(ciao_socket_listen(right(&w), listener, backlog), 0);
    for (unsigned i = 0; i < 5; i++)
        connect_from_the_left(&w);
    world_pass(&w, 500 * MS);
    set_nonblocking(right(&w), listener);
    unsigned accepted = 0;
    while (accept_now(listener) > 0)
        accepted++;
    return accepted;
}

static void a_backlog_of_nothing_holds_one(void **state)
{
    (void)state;
    assert_int_equal(connected_of_five(0), 1);
}

static void a_backlog_of_two_holds_three(void **state)
{
    (void)state;
    assert_int_equal(connected_of_five(2), 3);
}

static void a_negative_backlog_is_the_largest(void **state)
{
    (void)state;
    assert_int_equal(connected_of_five(-1), 5);
}

static void listen_again_changes_the_backlog(void **state)
{
    (void)state;
    const int listener = a_listener(right(&w), 80);
    assert_int_equal(ciao_socket_listen(right(&w), listener, 0), 0);
    for (unsigned i = 0; i < 3; i++)
        connect_from_the_left(&w);
    world_pass(&w, 500 * MS);
    set_nonblocking(right(&w), listener);
    assert_true(accept_now(listener) > 0);
    assert_int_equal(accept_now(listener), E(EAGAIN));
}

static void listen_chooses_a_port_when_there_is_none(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    const int fd = a_socket(right(&w));
    assert_int_equal(ciao_socket_listen(right(&w), fd, 5), 0);
    assert_int_equal(strncmp(sockname(right(&w), fd, text), "0.0.0.0:", 8), 0);
    const int port = atoi(text + 8);
    assert_in_range(port, 32768, 60999);
    const int client = a_socket(left(&w));
    assert_int_equal(connect4(left(&w), client, "10.9.0.2", (uint16_t)port), 0);
    assert_int_equal(bind4(right(&w), fd, "0.0.0.0", 4000), E(EINVAL));
}

static void what_is_connected_does_not_listen(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(ciao_socket_listen(left(&w), pair.left, 5), E(EINVAL));
    assert_int_equal(ciao_socket_listen(right(&w), pair.right, 5), E(EINVAL));
    const int fd = a_socket(left(&w));
    set_nonblocking(left(&w), fd);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 81), E(EINPROGRESS));
    assert_int_equal(ciao_socket_listen(left(&w), fd, 5), E(EINVAL));
    world_settle(&w);
    assert_int_equal(ciao_socket_listen(left(&w), fd, 5), E(EINVAL));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 81), E(ECONNREFUSED));
    assert_int_equal(ciao_socket_listen(left(&w), fd, 5), 0);
}

static void a_dual_listener_accepts_both_families(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    const int listener = a_listener6(right(&w), 80);
    connect_from_the_left(&w);
    int fd = accept_now(listener);
    assert_string_equal(sockname(right(&w), fd, text), "[10.9.0.2]:80");
    const int client = a_socket6(left(&w));
    assert_int_equal(connect6(left(&w), client, "fd09::2", 80), 0);
    fd = accept_now(listener);
    assert_string_equal(sockname(right(&w), fd, text), "[fd09::2]:80");
}

static void an_address_that_is_not_there_costs_the_connection(void **state)
{
    (void)state;
    char byte;
    const int listener = a_listener(right(&w), 80);
    connect_from_the_left(&w);
    assert_int_equal(ciao_accept4(right(&w), listener, &byte, NULL, 0), E(EFAULT));
    world_settle(&w);
    assert_int_equal(ciao_read(left(&w), w.fd[0], &byte, 1), 0);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(accept_waits_for_somebody),
        STORY(accept_without_waiting_finds_nobody),
        STORY(accept_ends_when_its_time_is_over),
        STORY(shutdown_of_the_listener_ends_accept),
        STORY(shutdown_of_the_other_direction_leaves_a_listener_alone),
        STORY(close_does_not_end_who_waits_inside),
        STORY(what_does_not_listen_does_not_accept),
        STORY(flags_of_accept_are_the_childs_alone),
        STORY(who_was_reset_in_the_queue_is_accepted_all_the_same),
        STORY(who_said_goodbye_in_the_queue_is_read_to_the_end),
        STORY(a_backlog_of_nothing_holds_one),
        STORY(a_backlog_of_two_holds_three),
        STORY(a_negative_backlog_is_the_largest),
        STORY(listen_again_changes_the_backlog),
        STORY(listen_chooses_a_port_when_there_is_none),
        STORY(what_is_connected_does_not_listen),
        STORY(a_dual_listener_accepts_both_families),
        STORY(an_address_that_is_not_there_costs_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
