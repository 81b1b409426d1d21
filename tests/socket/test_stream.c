/*
 * read(), write() and their kin: how much, when they wait, and what they say at the end.
 */
#include "world.h"

static struct world w;
static struct world_pair pair;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    pair = a_connection(&w);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static char bytes[1 << 20];

static int64_t left_read(size_t len)
{
    return ciao_read(left(&w), pair.left, bytes, len);
}

static int64_t left_recv(size_t len, unsigned flags)
{
    return recv_bytes(left(&w), pair.left, bytes, len, (int)flags);
}

static void right_says(const char *text)
{
    assert_int_equal(send_text(right(&w), pair.right, text, 0), strlen(text));
}

static void right_closes(void)
{
    assert_int_equal(ciao_socket_close(right(&w), pair.right), 0);
}

static void right_resets(void)
{
    const struct ciao_linger at_once = {1, 0};
    const struct ciao_iovec value = {(void *)(uintptr_t)&at_once, sizeof at_once};
    assert_int_equal(
        ciao_setsockopt(right(&w), pair.right, CIAO_SOL_SOCKET, CIAO_SO_LINGER, &value), 0);
    right_closes();
}

static void set_time(int name, int64_t seconds)
{
    const struct ciao_timeval time = {seconds, 0};
    const struct ciao_iovec value = {(void *)(uintptr_t)&time, sizeof time};
    assert_int_equal(ciao_setsockopt(left(&w), pair.left, CIAO_SOL_SOCKET, name, &value), 0);
}

static void right_says_hello(struct world *world)
{
    assert_int_equal(send_text(right(world), pair.right, "hello", 0), 5);
}

static void right_says_more(struct world *world)
{
    assert_int_equal(send_text(right(world), pair.right, " again", 0), 6);
}

static void right_goes(struct world *world)
{
    (void)world;
    right_closes();
}

static void right_breaks_off(struct world *world)
{
    (void)world;
    right_resets();
}

/* ---- reading ---- */

static void read_waits_for_the_first_bytes(void **state)
{
    (void)state;
    world_later(&w, 2 * S, right_says_hello);
    const uint64_t start = w.now_us;
    assert_int_equal(left_read(100), 5);
    assert_int_equal(w.now_us - start, 2 * S);
}

static void read_takes_no_more_than_asked(void **state)
{
    (void)state;
    right_says("hello");
    assert_int_equal(left_read(2), 2);
    assert_int_equal(left_read(100), 3);
    assert_memory_equal(bytes, "llo", 3);
}

static void read_without_waiting_finds_nothing(void **state)
{
    (void)state;
    assert_int_equal(left_recv(1, CIAO_MSG_DONTWAIT), E(EAGAIN));
    set_nonblocking(left(&w), pair.left);
    assert_int_equal(left_read(1), E(EAGAIN));
    assert_int_equal(left_recv(5, CIAO_MSG_WAITALL), E(EAGAIN));
    right_says("abc");
    world_settle(&w);
    assert_int_equal(left_recv(5, CIAO_MSG_WAITALL), 3);
}

static void read_ends_with_the_stream(void **state)
{
    (void)state;
    right_says("bye");
    right_closes();
    assert_int_equal(left_read(100), 3);
    assert_int_equal(left_read(100), 0);
    assert_int_equal(left_read(100), 0);
}

static void waitall_waits_for_all(void **state)
{
    (void)state;
    world_later(&w, 1 * S, right_says_hello);
    world_later(&w, 2 * S, right_says_more);
    const uint64_t start = w.now_us;
    assert_int_equal(left_recv(11, CIAO_MSG_WAITALL), 11);
    assert_memory_equal(bytes, "hello again", 11);
    assert_int_equal(w.now_us - start, 2 * S);
}

static void waitall_takes_what_comes_before_the_end(void **state)
{
    (void)state;
    world_later(&w, 1 * S, right_says_hello);
    world_later(&w, 2 * S, right_goes);
    assert_int_equal(left_recv(11, CIAO_MSG_WAITALL), 5);
    assert_int_equal(left_recv(11, CIAO_MSG_WAITALL), 0);
}

static void waitall_takes_what_came_before_a_reset(void **state)
{
    (void)state;
    world_later(&w, 1 * S, right_says_hello);
    world_later(&w, 2 * S, right_breaks_off);
    assert_int_equal(left_recv(11, CIAO_MSG_WAITALL), 5);
    assert_int_equal(left_recv(11, CIAO_MSG_WAITALL), E(ECONNRESET));
    assert_int_equal(left_recv(11, CIAO_MSG_WAITALL), 0);
}

static void waitall_takes_what_came_before_a_signal(void **state)
{
    (void)state;
    right_says("abc");
    world_settle(&w);
    w.program[0].signal_waiting = true;
    assert_int_equal(left_recv(11, CIAO_MSG_WAITALL), 3);
    w.program[0].signal_waiting = true;
    assert_int_equal(left_recv(11, CIAO_MSG_WAITALL), E(EINTR));
}

static void waitall_ends_when_its_time_is_over(void **state)
{
    (void)state;
    set_time(CIAO_SO_RCVTIMEO, 3);
    const uint64_t start = w.now_us;
    assert_int_equal(left_read(1), E(EAGAIN));
    assert_int_equal(w.now_us - start, 3 * S);
    world_later(&w, 1 * S, right_says_hello);
    assert_int_equal(left_recv(11, CIAO_MSG_WAITALL), 5);
    assert_int_equal(w.now_us - start, 6 * S);
}

static void peek_leaves_the_bytes_there(void **state)
{
    (void)state;
    right_says("hello");
    assert_int_equal(left_recv(100, CIAO_MSG_PEEK), 5);
    assert_int_equal(left_recv(3, CIAO_MSG_PEEK), 3);
    assert_int_equal(left_read(100), 5);
    world_later(&w, 1 * S, right_says_hello);
    world_later(&w, 2 * S, right_says_more);
    assert_int_equal(left_recv(11, CIAO_MSG_PEEK | CIAO_MSG_WAITALL), 11);
    assert_memory_equal(bytes, "hello again", 11);
    assert_int_equal(left_read(100), 11);
    right_closes();
    assert_int_equal(left_recv(100, CIAO_MSG_PEEK), 0);
}

static void trunc_throws_bytes_away(void **state)
{
    (void)state;
    right_says("hello");
    assert_int_equal(left_recv(2, CIAO_MSG_TRUNC), 2);
    const struct ciao_iovec nowhere = {NULL, 2};
    assert_int_equal(ciao_recvfrom(left(&w), pair.left, &nowhere, CIAO_MSG_TRUNC, NULL), 2);
    assert_int_equal(left_read(100), 1);
    assert_memory_equal(bytes, "o", 1);
}

static void a_low_water_mark_makes_read_wait(void **state)
{
    (void)state;
    const int32_t eight = 8;
    const struct ciao_iovec value = {(void *)(uintptr_t)&eight, sizeof eight};
    assert_int_equal(
        ciao_setsockopt(left(&w), pair.left, CIAO_SOL_SOCKET, CIAO_SO_RCVLOWAT, &value), 0);
    world_later(&w, 1 * S, right_says_hello);
    world_later(&w, 2 * S, right_says_more);
    assert_int_equal(left_read(100), 11);
    right_says("abc");
    world_settle(&w);
    assert_int_equal(left_read(3), 3);
    right_says("abc");
    world_settle(&w);
    assert_int_equal(left_recv(100, CIAO_MSG_DONTWAIT), 3);
}

static void reading_nothing(void **state)
{
    (void)state;
    assert_int_equal(left_read(0), 0);
    assert_int_equal(ciao_readv(left(&w), pair.left, NULL, 0), 0);
    assert_int_equal(left_recv(0, CIAO_MSG_DONTWAIT), E(EAGAIN));
    right_says("hello");
    world_settle(&w);
    assert_int_equal(left_recv(0, 0), 0);
    assert_int_equal(left_read(100), 5);
    right_closes();
    assert_int_equal(left_recv(0, 0), 0);
}

/* ---- writing ---- */

static size_t fill(void)
{
    size_t sum = 0;
    int64_t sent;
    while ((sent = ciao_sendto(left(&w), pair.left, &(struct ciao_iovec){bytes, sizeof bytes},
                               CIAO_MSG_DONTWAIT, NULL))
           > 0) {
        sum += (size_t)sent;
        world_settle(&w);
    }
    assert_int_equal(sent, E(EAGAIN));
    return sum;
}

static void write_without_waiting_takes_what_fits(void **state)
{
    (void)state;
    const size_t sum = fill();
    assert_true(sum > 10000);
    set_nonblocking(left(&w), pair.left);
    assert_int_equal(ciao_write(left(&w), pair.left, "x", 1), E(EAGAIN));
    size_t read = 0;
    while (read < sum) {
        const int64_t got = ciao_read(right(&w), pair.right, bytes, sizeof bytes);
        assert_true(got > 0);
        read += (size_t)got;
    }
    assert_int_equal(read, sum);
    assert_int_equal(ciao_write(left(&w), pair.left, "x", 1), 1);
}

static size_t right_has_read;

static void right_reads(struct world *world)
{
    const struct ciao_iovec piece = {bytes, 100000};
    const int64_t got = ciao_recvfrom(right(world), pair.right, &piece, CIAO_MSG_DONTWAIT, NULL);
    if (got > 0)
        right_has_read += (size_t)got;
    world_later(world, 10 * MS, right_reads);
}

static void write_waits_until_all_has_gone_in(void **state)
{
    (void)state;
    right_has_read = 0;
    world_later(&w, 10 * MS, right_reads);
    const size_t all = 8u << 20;
    void *text = calloc(1, all);
    assert_non_null(text);
    assert_int_equal(ciao_write(left(&w), pair.left, text, all), all);
    world_pass(&w, 10 * S);
    assert_int_equal(right_has_read, all);
    free(text);
    memset(w.later, 0, sizeof w.later);
}

static void write_ends_when_its_time_is_over(void **state)
{
    (void)state;
    set_time(CIAO_SO_SNDTIMEO, 2);
    const size_t all = 64u << 20;
    void *text = calloc(1, all);
    assert_non_null(text);
    const int64_t sent = ciao_write(left(&w), pair.left, text, all);
    assert_in_range(sent, 10000, all - 1);
    (void)fill();
    const uint64_t start = w.now_us;
    assert_int_equal(ciao_write(left(&w), pair.left, text, all), E(EAGAIN));
    assert_int_equal(w.now_us - start, 2 * S);
    w.program[0].signal_waiting = true;
    assert_int_equal(ciao_write(left(&w), pair.left, text, all), E(EINTR));
    free(text);
}

static void write_that_is_reset_tells_what_had_gone_in(void **state)
{
    (void)state;
    world_later(&w, 1 * S, right_breaks_off);
    const size_t all = 64u << 20;
    void *text = calloc(1, all);
    assert_non_null(text);
    assert_in_range(ciao_write(left(&w), pair.left, text, all), 10000, all - 1);
    assert_int_equal(ciao_write(left(&w), pair.left, text, 1), E(ECONNRESET));
    assert_int_equal(w.program[0].sigpipes, 0);
    assert_int_equal(ciao_write(left(&w), pair.left, text, 1), E(EPIPE));
    assert_int_equal(w.program[0].sigpipes, 1);
    free(text);
}

static void writing_nothing(void **state)
{
    (void)state;
    assert_int_equal(ciao_write(left(&w), pair.left, NULL, 0), 0);
    assert_int_equal(ciao_writev(left(&w), pair.left, NULL, 0), 0);
    assert_int_equal(ciao_socket_shutdown(left(&w), pair.left, CIAO_SHUTDOWN_WR), 0);
    assert_int_equal(ciao_write(left(&w), pair.left, NULL, 0), E(EPIPE));
    assert_int_equal(ciao_writev(left(&w), pair.left, NULL, 0), 0);
    assert_int_equal(w.program[0].sigpipes, 1);
}

static void a_broken_pipe_raises_the_signal_unless_told_not_to(void **state)
{
    (void)state;
    assert_int_equal(ciao_socket_shutdown(left(&w), pair.left, CIAO_SHUTDOWN_WR), 0);
    assert_int_equal(send_text(left(&w), pair.left, "x", CIAO_MSG_NOSIGNAL), E(EPIPE));
    assert_int_equal(w.program[0].sigpipes, 0);
    assert_int_equal(send_text(left(&w), pair.left, "x", 0), E(EPIPE));
    assert_int_equal(w.program[0].sigpipes, 1);
}

static void fast_open_is_not_here(void **state)
{
    (void)state;
    assert_int_equal(send_text(left(&w), pair.left, "x", (int)CIAO_MSG_FASTOPEN), E(EOPNOTSUPP));
}

/* ---- urgent bytes ---- */

static void an_urgent_byte_is_taken_aside(void **state)
{
    (void)state;
    assert_int_equal(left_recv(1, CIAO_MSG_OOB), E(EINVAL));
    assert_int_equal(send_text(right(&w), pair.right, "abc!", CIAO_MSG_OOB), 4);
    right_says("def");
    world_settle(&w);
    assert_int_equal(left_recv(100, CIAO_MSG_OOB), 1);
    assert_memory_equal(bytes, "!", 1);
    assert_int_equal(left_recv(100, CIAO_MSG_OOB), E(EINVAL));
    assert_int_equal(left_read(100), 3);
    assert_int_equal(left_read(100), 3);
    assert_memory_equal(bytes, "def", 3);
}

static void even_waitall_stops_at_the_mark(void **state)
{
    (void)state;
    assert_int_equal(send_text(right(&w), pair.right, "abc!", CIAO_MSG_OOB), 4);
    right_says("def");
    world_settle(&w);
    assert_int_equal(left_recv(6, CIAO_MSG_WAITALL), 3);
    assert_int_equal(left_recv(3, CIAO_MSG_WAITALL), 3);
}

/* ---- where there is no stream ---- */

static void a_new_socket_has_no_stream(void **state)
{
    (void)state;
    const int fd = a_socket(left(&w));
    assert_int_equal(ciao_read(left(&w), fd, bytes, 1), E(ENOTCONN));
    assert_int_equal(ciao_read(left(&w), fd, bytes, 0), 0);
    assert_int_equal(ciao_write(left(&w), fd, bytes, 1), E(EPIPE));
    assert_int_equal(ciao_write(left(&w), fd, bytes, 0), E(EPIPE));
    assert_int_equal(w.program[0].sigpipes, 2);
    assert_int_equal(recv_bytes(left(&w), fd, bytes, 1, CIAO_MSG_OOB), E(EINVAL));
}

static void a_listener_has_no_stream(void **state)
{
    (void)state;
    const int fd = a_listener(left(&w), 99);
    assert_int_equal(ciao_read(left(&w), fd, bytes, 1), E(ENOTCONN));
    assert_int_equal(recv_bytes(left(&w), fd, bytes, 1, CIAO_MSG_OOB), E(ENOTCONN));
    assert_int_equal(ciao_write(left(&w), fd, bytes, 1), E(EPIPE));
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(read_waits_for_the_first_bytes),
        STORY(read_takes_no_more_than_asked),
        STORY(read_without_waiting_finds_nothing),
        STORY(read_ends_with_the_stream),
        STORY(waitall_waits_for_all),
        STORY(waitall_takes_what_comes_before_the_end),
        STORY(waitall_takes_what_came_before_a_reset),
        STORY(waitall_takes_what_came_before_a_signal),
        STORY(waitall_ends_when_its_time_is_over),
        STORY(peek_leaves_the_bytes_there),
        STORY(trunc_throws_bytes_away),
        STORY(a_low_water_mark_makes_read_wait),
        STORY(reading_nothing),
        STORY(write_without_waiting_takes_what_fits),
        STORY(write_waits_until_all_has_gone_in),
        STORY(write_ends_when_its_time_is_over),
        STORY(write_that_is_reset_tells_what_had_gone_in),
        STORY(writing_nothing),
        STORY(a_broken_pipe_raises_the_signal_unless_told_not_to),
        STORY(fast_open_is_not_here),
        STORY(an_urgent_byte_is_taken_aside),
        STORY(even_waitall_stops_at_the_mark),
        STORY(a_new_socket_has_no_stream),
        STORY(a_listener_has_no_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
