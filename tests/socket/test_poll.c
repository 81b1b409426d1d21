/*
 * poll(): what each kind of socket is ready for, and how long a call waits.
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

#define ALL                                                                        \
    (CIAO_POLLIN | CIAO_POLLPRI | CIAO_POLLOUT | CIAO_POLLRDNORM | CIAO_POLLRDBAND \
     | CIAO_POLLWRNORM | CIAO_POLLWRBAND | CIAO_POLLRDHUP)
#define IN     (CIAO_POLLIN | CIAO_POLLRDNORM)
#define OUT    (CIAO_POLLOUT | CIAO_POLLWRNORM)
#define IN_END (IN | CIAO_POLLRDHUP)

static unsigned events_of(struct ciao_sockets *s, int fd)
{
    struct ciao_pollfd one = {fd, (int16_t)ALL, 0x55};
    const int found = ciao_poll(s, &one, 1, 0);
    assert_int_equal(found, one.revents != 0);
    return (uint16_t)one.revents;
}

static void right_writes(struct world *world)
{
    assert_int_equal(send_text(right(world), world->fd[1], "x", 0), 1);
}

static void a_connection_comes(struct world *world)
{
    world->fd[2] = a_socket(left(world));
    set_nonblocking(left(world), world->fd[2]);
    assert_int_equal(connect4(left(world), world->fd[2], "10.9.0.2", 80), E(EINPROGRESS));
}

static struct world_pair connected(void)
{
    const struct world_pair pair = a_connection(&w);
    w.fd[0] = pair.left;
    w.fd[1] = pair.right;
    return pair;
}

static void set_abortive(struct ciao_sockets *s, int fd)
{
    const struct ciao_linger linger = {1, 0};
    assert_int_equal(set_bytes(s, fd, SOCKET_OF(LINGER), &linger, sizeof linger), 0);
}

/* ---- what is ready ---- */

static void a_new_socket_is_hung_up_and_writable(void **state)
{
    (void)state;
    assert_int_equal(events_of(left(&w), a_socket(left(&w))), OUT | CIAO_POLLHUP);
}

static void a_listener_is_ready_when_somebody_came(void **state)
{
    const int listener = a_listener(right(&w), 80);
    (void)state;
    assert_int_equal(events_of(right(&w), listener), 0);
    a_connection_comes(&w);
    assert_int_equal(events_of(left(&w), w.fd[2]), 0); /* SYN-SENT: nothing at all */
    world_settle(&w);
    assert_int_equal(events_of(left(&w), w.fd[2]), OUT);
    assert_int_equal(events_of(right(&w), listener), IN);
    assert_true(ciao_accept4(right(&w), listener, NULL, NULL, 0) >= 0);
    assert_int_equal(events_of(right(&w), listener), 0);
}

static void a_refusal_is_everything_at_once(void **state)
{
    (void)state;
    a_connection_comes(&w);
    world_settle(&w);
    assert_int_equal(events_of(left(&w), w.fd[2]), IN_END | OUT | CIAO_POLLHUP | CIAO_POLLERR);
    assert_int_equal(so_error(left(&w), w.fd[2]), CIAO_ERRNO_ECONNREFUSED);
    assert_int_equal(events_of(left(&w), w.fd[2]), IN_END | OUT | CIAO_POLLHUP);
}

static void bytes_are_readable_until_they_are_read(void **state)
{
    const struct world_pair pair = connected();
    (void)state;
    assert_int_equal(events_of(left(&w), pair.left), OUT);
    right_writes(&w);
    world_settle(&w);
    assert_int_equal(events_of(left(&w), pair.left), IN | OUT);
    expect_text(left(&w), pair.left, "x");
    assert_int_equal(events_of(left(&w), pair.left), OUT);
}

static void the_peers_end_is_readable(void **state)
{
    const struct world_pair pair = connected();
    (void)state;
    assert_int_equal(ciao_socket_shutdown(right(&w), pair.right, CIAO_SHUTDOWN_WR), 0);
    world_settle(&w);
    assert_int_equal(events_of(left(&w), pair.left), IN_END | OUT);
    assert_int_equal(events_of(right(&w), pair.right), OUT);
    assert_int_equal(ciao_socket_shutdown(left(&w), pair.left, CIAO_SHUTDOWN_WR), 0);
    world_settle(&w);
    assert_int_equal(events_of(left(&w), pair.left), IN_END | OUT | CIAO_POLLHUP);
    assert_int_equal(events_of(right(&w), pair.right), IN_END | OUT | CIAO_POLLHUP);
}

static void our_own_shutdown_counts(void **state)
{
    const struct world_pair pair = connected();
    (void)state;
    assert_int_equal(ciao_socket_shutdown(left(&w), pair.left, CIAO_SHUTDOWN_RD), 0);
    assert_int_equal(events_of(left(&w), pair.left), IN_END | OUT);
    assert_int_equal(ciao_socket_shutdown(left(&w), pair.left, CIAO_SHUTDOWN_WR), 0);
    assert_int_equal(events_of(left(&w), pair.left), IN_END | OUT | CIAO_POLLHUP);
}

static void a_reset_is_an_error_until_it_was_told(void **state)
{
    const struct world_pair pair = connected();
    (void)state;
    set_abortive(right(&w), pair.right);
    assert_int_equal(ciao_socket_close(right(&w), pair.right), 0);
    world_settle(&w);
    assert_int_equal(events_of(left(&w), pair.left), IN_END | OUT | CIAO_POLLHUP | CIAO_POLLERR);
    assert_int_equal(so_error(left(&w), pair.left), CIAO_ERRNO_ECONNRESET);
    assert_int_equal(events_of(left(&w), pair.left), IN_END | OUT | CIAO_POLLHUP);
}

static void an_urgent_byte_is_an_exception(void **state)
{
    const struct world_pair pair = connected();
    char byte;
    (void)state;
    assert_int_equal(send_text(right(&w), pair.right, "!", (int)CIAO_MSG_OOB), 1);
    world_settle(&w);
    assert_int_equal(events_of(left(&w), pair.left) & CIAO_POLLPRI, CIAO_POLLPRI);
    assert_int_equal(recv_bytes(left(&w), pair.left, &byte, 1, (int)CIAO_MSG_OOB), 1);
    assert_int_equal(byte, '!');
    assert_int_equal(events_of(left(&w), pair.left) & CIAO_POLLPRI, 0);
}

static void a_full_buffer_is_not_writable(void **state)
{
    const struct world_pair pair = connected();
    static char bytes[65536];
    int64_t took;
    (void)state;
    set_nonblocking(left(&w), pair.left);
    assert_int_equal(set_int(left(&w), pair.left, SOCKET_OF(SNDBUF), 20000), 0);
    w.cut = true;
    do
        took = ciao_write(left(&w), pair.left, bytes, sizeof bytes);
    while (took > 0);
    assert_int_equal(took, E(EAGAIN));
    assert_int_equal(events_of(left(&w), pair.left), 0);
    w.cut = false;
    world_pass(&w, 10 * S);
    assert_int_equal(events_of(left(&w), pair.left), OUT);
}

static void a_low_water_mark_delays_readiness(void **state)
{
    const struct world_pair pair = connected();
    (void)state;
    assert_int_equal(set_int(left(&w), pair.left, SOCKET_OF(RCVLOWAT), 3), 0);
    right_writes(&w);
    right_writes(&w);
    world_settle(&w);
    world_pass(&w, 1 * S);
    assert_int_equal(events_of(left(&w), pair.left), OUT);
    right_writes(&w);
    world_settle(&w);
    assert_int_equal(events_of(left(&w), pair.left), IN | OUT);
}

/* ---- the call ---- */

static void what_was_not_asked_is_not_told(void **state)
{
    const struct world_pair pair = connected();
    struct ciao_pollfd fds[4] = {
        {pair.left, 0, 1}, {-1, (int16_t)ALL, 1}, {99, 0, 0}, {pair.left, CIAO_POLLOUT, 0}};
    (void)state;
    assert_int_equal(ciao_poll(left(&w), fds, 4, -1), 2);
    assert_int_equal(fds[0].revents, 0);
    assert_int_equal(fds[1].revents, 0);
    assert_int_equal(fds[2].revents, CIAO_POLLNVAL);
    assert_int_equal(fds[3].revents, CIAO_POLLOUT);
    assert_int_equal(ciao_poll(left(&w), NULL, 1, 0), E(EFAULT));
    assert_int_equal(ciao_poll(left(&w), fds, 1u << 30, 0), E(EINVAL));
}

static void it_waits_until_its_time_is_over(void **state)
{
    const struct world_pair pair = connected();
    struct ciao_pollfd fds[2] = {{pair.left, CIAO_POLLIN, 0}, {-1, CIAO_POLLIN, 0}};
    const uint64_t before = w.now_us;
    (void)state;
    assert_int_equal(ciao_poll(left(&w), fds, 2, 250 * 1000), 0);
    assert_int_equal(w.now_us - before, 250 * MS);
    assert_int_equal(ciao_poll(left(&w), NULL, 0, 1000), 0);
    assert_int_equal(w.now_us - before, 251 * MS);
}

static void it_is_woken_by_what_comes(void **state)
{
    const struct world_pair pair = connected();
    const int listener = a_listener(left(&w), 81);
    struct ciao_pollfd fds[2] = {{listener, CIAO_POLLIN, 0}, {pair.left, CIAO_POLLIN, 0}};
    const uint64_t before = w.now_us;
    (void)state;
    world_later(&w, 100 * MS, right_writes);
    assert_int_equal(ciao_poll(left(&w), fds, 2, -1), 1);
    assert_int_equal(fds[0].revents, 0);
    assert_int_equal(fds[1].revents, CIAO_POLLIN);
    assert_int_equal(w.now_us - before, 100 * MS);
}

static void a_signal_ends_it(void **state)
{
    const struct world_pair pair = connected();
    struct ciao_pollfd one = {pair.left, CIAO_POLLIN, 0};
    (void)state;
    w.program[0].signal_waiting = true;
    assert_int_equal(ciao_poll(left(&w), &one, 1, -1), E(EINTR));
}

static void watching_one_descriptor_twice_is_fine(void **state)
{
    const struct world_pair pair = connected();
    struct ciao_pollfd fds[2] = {{pair.left, CIAO_POLLIN, 0}, {pair.left, CIAO_POLLIN, 0}};
    (void)state;
    world_later(&w, 1 * MS, right_writes);
    assert_int_equal(ciao_poll(left(&w), fds, 2, -1), 2);
}

static void somebody_closes_what_is_watched(struct world *world)
{
    assert_int_equal(ciao_socket_close(left(world), world->fd[0]), 0);
}

/* AS LINUX: the call goes on watching what it was given; its number is nobody's any more. */
static void closing_what_is_watched_does_no_harm(void **state)
{
    const struct world_pair pair = connected();
    struct ciao_pollfd one = {pair.left, CIAO_POLLIN, 0};
    (void)state;
    world_later(&w, 1 * MS, somebody_closes_what_is_watched);
    const int found = ciao_poll(left(&w), &one, 1, 100 * 1000);
    assert_true(found == 0 || ((uint16_t)one.revents & CIAO_POLLNVAL) != 0);
    assert_int_equal(ciao_fcntl(left(&w), pair.left, CIAO_F_GETFL, 0), E(EBADF));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_new_socket_is_hung_up_and_writable),
        STORY(a_listener_is_ready_when_somebody_came),
        STORY(a_refusal_is_everything_at_once),
        STORY(bytes_are_readable_until_they_are_read),
        STORY(the_peers_end_is_readable),
        STORY(our_own_shutdown_counts),
        STORY(a_reset_is_an_error_until_it_was_told),
        STORY(an_urgent_byte_is_an_exception),
        STORY(a_full_buffer_is_not_writable),
        STORY(a_low_water_mark_delays_readiness),
        STORY(what_was_not_asked_is_not_told),
        STORY(it_waits_until_its_time_is_over),
        STORY(it_is_woken_by_what_comes),
        STORY(a_signal_ends_it),
        STORY(watching_one_descriptor_twice_is_fine),
        STORY(closing_what_is_watched_does_no_harm),
    };
    return cmocka_run_group_tests_name("poll", tests, NULL, NULL);
}
