/*
 * shutdown() three ways in every state, close() with and without lingering.
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

static int shut_left(int fd, int how)
{
    return ciao_socket_shutdown(left(&w), fd, how);
}

static char bytes[4096];

static void linger(int fd, int32_t seconds)
{
    const struct ciao_linger value_of = {1, seconds};
    const struct ciao_iovec value = {(void *)(uintptr_t)&value_of, sizeof value_of};
    assert_int_equal(ciao_setsockopt(left(&w), fd, CIAO_SOL_SOCKET, CIAO_SO_LINGER, &value), 0);
}

/* ---- shutdown ---- */

static void after_shutdown_of_writing_the_peer_may_go_on(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(shut_left(pair.left, CIAO_SHUTDOWN_WR), 0);
    assert_int_equal(shut_left(pair.left, CIAO_SHUTDOWN_WR), 0);
    assert_int_equal(ciao_read(right(&w), pair.right, bytes, 1), 0);
    assert_int_equal(send_text(right(&w), pair.right, "still", 0), 5);
    expect_text(left(&w), pair.left, "still");
    assert_int_equal(ciao_socket_close(right(&w), pair.right), 0);
    expect_text(left(&w), pair.left, "");
    assert_int_equal(shut_left(pair.left, CIAO_SHUTDOWN_WR), E(ENOTCONN));
}

static void after_shutdown_of_reading_what_comes_is_still_read(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(shut_left(pair.left, CIAO_SHUTDOWN_RD), 0);
    assert_int_equal(ciao_read(left(&w), pair.left, bytes, 1), 0);
    assert_int_equal(send_text(right(&w), pair.right, "late", 0), 4);
    world_settle(&w);
    expect_text(left(&w), pair.left, "late");
    expect_text(left(&w), pair.left, "");
    assert_int_equal(send_text(left(&w), pair.left, "out", 0), 3);
    expect_text(right(&w), pair.right, "out");
}

static int later_fd;
static void shut_reading_later(struct world *world)
{
    assert_int_equal(ciao_socket_shutdown(left(world), later_fd, CIAO_SHUTDOWN_RD), 0);
}

static void shutdown_of_reading_wakes_who_reads(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    later_fd = pair.left;
    world_later(&w, 1 * S, shut_reading_later);
    assert_int_equal(ciao_read(left(&w), pair.left, bytes, 1), 0);
}

static void shutdown_of_both_says_goodbye(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(shut_left(pair.left, CIAO_SHUTDOWN_RDWR), 0);
    assert_int_equal(ciao_read(left(&w), pair.left, bytes, 1), 0);
    assert_int_equal(send_text(left(&w), pair.left, "x", CIAO_MSG_NOSIGNAL), E(EPIPE));
    assert_int_equal(ciao_read(right(&w), pair.right, bytes, 1), 0);
    assert_int_equal(shut_left(pair.left, CIAO_SHUTDOWN_RDWR), 0);
}

/* AS LINUX: who wants neither direction any more has closed. */
static void what_comes_after_shutdown_of_both_is_answered_by_a_reset(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(shut_left(pair.left, CIAO_SHUTDOWN_RDWR), 0);
    world_settle(&w);
    assert_int_equal(send_text(right(&w), pair.right, "late", 0), 4);
    world_settle(&w);
    assert_int_equal(send_text(right(&w), pair.right, "late", CIAO_MSG_NOSIGNAL), E(EPIPE));
    assert_int_equal(so_error(left(&w), pair.left), CIAO_ERRNO_ECONNRESET);
}

static void shutdown_asks_for_a_direction(void **state)
{
    (void)state;
    const int fd = a_socket(left(&w));
    assert_int_equal(shut_left(fd, -1), E(EINVAL));
    assert_int_equal(shut_left(fd, 3), E(EINVAL));
    assert_int_equal(shut_left(99, 3), E(EBADF));
}

/* AS LINUX: it says that there is no connection, and remembers all the same. */
static void shutdown_of_a_new_socket_is_refused_and_remembered(void **state)
{
    (void)state;
    const int fd = a_socket(left(&w));
    assert_int_equal(shut_left(fd, CIAO_SHUTDOWN_RD), E(ENOTCONN));
    assert_int_equal(ciao_read(left(&w), fd, bytes, 1), 0);
    const int other = a_socket(left(&w));
    assert_int_equal(shut_left(other, CIAO_SHUTDOWN_WR), E(ENOTCONN));
    a_listener(right(&w), 80);
    assert_int_equal(connect4(left(&w), other, "10.9.0.2", 80), 0);
    assert_int_equal(send_text(left(&w), other, "x", CIAO_MSG_NOSIGNAL), E(EPIPE));
}

static void shutdown_while_connecting_gives_it_up(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    const int fd = a_socket(left(&w));
    set_nonblocking(left(&w), fd);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINPROGRESS));
    assert_int_equal(shut_left(fd, CIAO_SHUTDOWN_RD), 0);
    assert_int_equal(so_error(left(&w), fd), CIAO_ERRNO_ECONNRESET);
    assert_string_equal(peername(left(&w), fd, text), "error 107");
    a_listener(right(&w), 80);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINPROGRESS));
}

static void shutdown_of_what_was_refused_leaves_no_way_on(void **state)
{
    (void)state;
    const int fd = a_socket(left(&w));
    set_nonblocking(left(&w), fd);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINPROGRESS));
    world_settle(&w);
    assert_int_equal(shut_left(fd, CIAO_SHUTDOWN_WR), E(ENOTCONN));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), E(EINVAL));
    assert_int_equal(ciao_socket_listen(left(&w), fd, 1), E(EINVAL));
}

/* ---- close ---- */

static void close_says_goodbye_behind_the_last_byte(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(send_text(left(&w), pair.left, "bye", 0), 3);
    assert_int_equal(ciao_socket_close(left(&w), pair.left), 0);
    assert_int_equal(ciao_socket_close(left(&w), pair.left), E(EBADF));
    expect_text(right(&w), pair.right, "bye");
    expect_text(right(&w), pair.right, "");
}

static void close_with_unread_bytes_is_a_reset(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(send_text(right(&w), pair.right, "unread", 0), 6);
    world_settle(&w);
    assert_int_equal(ciao_socket_close(left(&w), pair.left), 0);
    world_settle(&w);
    assert_int_equal(ciao_read(right(&w), pair.right, bytes, 1), E(ECONNRESET));
}

static void close_without_lingering_is_a_reset(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    linger(pair.left, 0);
    assert_int_equal(ciao_socket_close(left(&w), pair.left), 0);
    world_settle(&w);
    assert_int_equal(ciao_read(right(&w), pair.right, bytes, 1), E(ECONNRESET));
}

static void a_lingering_close_waits_until_all_is_acknowledged(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    linger(pair.left, 10);
    assert_int_equal(send_text(left(&w), pair.left, "bye", 0), 3);
    const uint64_t start = w.now_us;
    assert_int_equal(ciao_socket_close(left(&w), pair.left), 0);
    assert_true(w.now_us - start < 1 * S);
    assert_false(ciao_has_output(w.program[0].stack, 0));
    expect_text(right(&w), pair.right, "bye");
    expect_text(right(&w), pair.right, "");
}

static void a_lingering_close_ends_when_its_time_is_over(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    linger(pair.left, 3);
    set_nonblocking(left(&w), pair.left); /* AS LINUX: that does not matter */
    w.cut = true;
    assert_int_equal(send_text(left(&w), pair.left, "bye", 0), 3);
    const uint64_t start = w.now_us;
    assert_int_equal(ciao_socket_close(left(&w), pair.left), 0);
    assert_int_equal(w.now_us - start, 3 * S);
    w.cut = false;
    world_pass(&w, 10 * S);
    expect_text(right(&w), pair.right, "bye");
    expect_text(right(&w), pair.right, "");
}

static void a_peer_that_was_reset_tells_it_once(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    const struct world_pair pair = a_connection(&w);
    linger(pair.left, 0);
    assert_int_equal(ciao_socket_close(left(&w), pair.left), 0);
    world_settle(&w);
    assert_int_equal(so_error(right(&w), pair.right), CIAO_ERRNO_ECONNRESET);
    assert_int_equal(ciao_read(right(&w), pair.right, bytes, 1), 0);
    assert_string_equal(peername(right(&w), pair.right, text), "error 107");
    assert_string_equal(sockname(right(&w), pair.right, text), "10.9.0.2:80");
    assert_int_equal(connect4(right(&w), pair.right, "10.9.0.1", 80), E(EISCONN));
    assert_int_equal(ciao_socket_shutdown(right(&w), pair.right, CIAO_SHUTDOWN_WR), E(ENOTCONN));
}

static void in_time_wait_the_socket_is_over(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(shut_left(pair.left, CIAO_SHUTDOWN_WR), 0);
    world_settle(&w);
    assert_string_equal(peername(left(&w), pair.left, text), "10.9.0.2:80");
    assert_int_equal(ciao_socket_close(right(&w), pair.right), 0);
    world_settle(&w);
    assert_string_equal(peername(left(&w), pair.left, text), "error 107");
    assert_int_equal(shut_left(pair.left, CIAO_SHUTDOWN_RD), E(ENOTCONN));
    assert_int_equal(ciao_read(left(&w), pair.left, bytes, 1), 0);
}

static void a_reset_behind_the_goodbye_is_a_broken_pipe(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(ciao_socket_close(left(&w), pair.left), 0);
    world_settle(&w);
    assert_int_equal(send_text(right(&w), pair.right, "x", 0), 1);
    world_settle(&w);
    assert_int_equal(send_text(right(&w), pair.right, "x", 0), E(EPIPE));
    assert_int_equal(w.program[1].sigpipes, 1);
    assert_int_equal(ciao_read(right(&w), pair.right, bytes, 1), 0);
}

static void closing_a_listener_resets_who_waits_in_its_queue(void **state)
{
    (void)state;
    const int listener = a_listener(right(&w), 80);
    const int fd = a_socket(left(&w));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
    world_settle(&w);
    assert_int_equal(ciao_socket_close(right(&w), listener), 0);
    world_settle(&w);
    assert_int_equal(ciao_read(left(&w), fd, bytes, 1), E(ECONNRESET));
}

/* AS LINUX tcp_reset(): a broken pipe is for who had not closed yet. */
static void a_reset_behind_both_goodbyes_is_a_reset(void **state)
{
    (void)state;
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(ciao_socket_shutdown(right(&w), pair.right, CIAO_SHUTDOWN_RDWR), 0);
    world_settle(&w);
    w.cut = true;
    assert_int_equal(send_text(left(&w), pair.left, "late", 0), 4);
    world_settle(&w);
    assert_int_equal(ciao_socket_shutdown(left(&w), pair.left, CIAO_SHUTDOWN_WR), 0);
    world_settle(&w);
    w.cut = false;
    world_pass(&w, 5 * S);
    assert_int_equal(so_error(left(&w), pair.left), CIAO_ERRNO_ECONNRESET);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(after_shutdown_of_writing_the_peer_may_go_on),
        STORY(after_shutdown_of_reading_what_comes_is_still_read),
        STORY(shutdown_of_reading_wakes_who_reads),
        STORY(shutdown_of_both_says_goodbye),
        STORY(what_comes_after_shutdown_of_both_is_answered_by_a_reset),
        STORY(shutdown_asks_for_a_direction),
        STORY(shutdown_of_a_new_socket_is_refused_and_remembered),
        STORY(shutdown_while_connecting_gives_it_up),
        STORY(shutdown_of_what_was_refused_leaves_no_way_on),
        STORY(close_says_goodbye_behind_the_last_byte),
        STORY(close_with_unread_bytes_is_a_reset),
        STORY(close_without_lingering_is_a_reset),
        STORY(a_lingering_close_waits_until_all_is_acknowledged),
        STORY(a_lingering_close_ends_when_its_time_is_over),
        STORY(a_peer_that_was_reset_tells_it_once),
        STORY(in_time_wait_the_socket_is_over),
        STORY(a_reset_behind_the_goodbye_is_a_broken_pipe),
        STORY(a_reset_behind_both_goodbyes_is_a_reset),
        STORY(closing_a_listener_resets_who_waits_in_its_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
