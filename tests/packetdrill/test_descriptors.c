/*
 * Descriptors of both worlds: ours are open in the host too, the host's pass through, and one call
 * may have both.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "rig.h"

struct both {
    struct rig rig;
    int fd;      /* connected */
    int ends[2]; /* of a pipe */
};

static int begin(void **state)
{
    static struct both both;

    rig_open(&both.rig, NULL);
    both.fd = rig_accepted(&both.rig, rig_listen(&both.rig));
    assert_int_equal(both.rig.t.pipe(both.rig.t.self, both.ends), 0);
    *state = &both;
    return 0;
}

static int end(void **state)
{
    struct both *both = *state;
    struct pd_table *t = &both->rig.t;

    assert_int_equal(t->close(t->self, both->ends[0]), 0);
    assert_int_equal(t->close(t->self, both->ends[1]), 0);
    rig_close(&both->rig);
    return 0;
}

static bool open_in_host(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void a_socket_has_a_number_of_the_hosts(void **state)
{
    struct both *both = *state;
    struct pd_table *t = &both->rig.t;

    int fd = t->socket(t->self, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    assert_true(open_in_host(fd));
    int other = open("/dev/null", O_RDONLY);
    assert_int_not_equal(other, fd);
    assert_int_equal(t->close(t->self, fd), 0);
    assert_false(open_in_host(fd));
    assert_int_equal(t->close(t->self, fd), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(t->close(t->self, other), 0);
    assert_false(open_in_host(other));
}

/* Without LD_PRELOAD packetdrill closes what a script leaves open behind our back. */
static void a_number_that_the_host_took_back_is_not_ours_any_more(void **state)
{
    struct both *both = *state;
    struct pd_table *t = &both->rig.t;

    int fd = t->socket(t->self, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    assert_int_equal(syscall(SYS_close, fd), 0);
    int again = t->socket(t->self, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    assert_int_equal(again, fd);
    assert_int_equal(t->close(t->self, again), 0);
}

static void the_hosts_descriptors_pass_through(void **state)
{
    struct both *both = *state;
    struct pd_table *t = &both->rig.t;
    char data[8] = "";

    assert_int_equal(t->write(t->self, both->ends[1], "hello", 5), 5);
    assert_int_equal(t->read(t->self, both->ends[0], data, sizeof data), 5);
    assert_memory_equal(data, "hello", 5);
    assert_int_equal(t->listen(t->self, both->ends[0], 1), -1);
    assert_int_equal(errno, ENOTSOCK);
}

static void one_poll_watches_both_worlds(void **state)
{
    struct both *both = *state;
    struct pd_table *t = &both->rig.t;
    struct pollfd fds[3] = {{.fd = both->fd, .events = POLLIN},
                            {.fd = both->ends[0], .events = POLLIN},
                            {.fd = -1, .events = POLLIN, .revents = POLLIN}};

    long long start = rig_now(&both->rig);
    assert_int_equal(t->poll(t->self, fds, 3, 250), 0);
    assert_in_range(rig_now(&both->rig), start + 250000, start + 250010);
    assert_int_equal(t->write(t->self, both->ends[1], "x", 1), 1);
    assert_int_equal(t->poll(t->self, fds, 3, -1), 1);
    assert_int_equal(fds[0].revents, 0);
    assert_int_equal(fds[1].revents, POLLIN);
    assert_int_equal(fds[2].revents, 0);
    rig_send(&both->rig, (struct sent){.flags = ACK, .seq = 1, .ack = 1, .payload = 5});
    assert_int_equal(t->poll(t->self, fds, 3, 0), 2);
    assert_int_equal(fds[0].revents, POLLIN);
}

static void one_epoll_watches_both_worlds(void **state)
{
    struct both *both = *state;
    struct pd_table *t = &both->rig.t;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 1}, events[4];

    int epfd = t->epoll_create(t->self, 1);
    assert_true(epfd >= 0);
    assert_int_equal(t->epoll_ctl(t->self, epfd, EPOLL_CTL_ADD, both->fd, &event), 0);
    event.data.u32 = 2;
    assert_int_equal(t->epoll_ctl(t->self, epfd, EPOLL_CTL_ADD, both->ends[0], &event), 0);
    long long start = rig_now(&both->rig);
    assert_int_equal(t->epoll_wait(t->self, epfd, events, 4, 40), 0);
    assert_in_range(rig_now(&both->rig), start + 40000, start + 40010);
    rig_send(&both->rig, (struct sent){.flags = ACK, .seq = 1, .ack = 1, .payload = 5});
    assert_int_equal(t->epoll_wait(t->self, epfd, events, 4, -1), 1);
    assert_int_equal(events[0].data.u32, 1);
    assert_int_equal(t->write(t->self, both->ends[1], "x", 1), 1);
    assert_int_equal(t->epoll_wait(t->self, epfd, events, 4, -1), 2);
    assert_int_equal(events[0].data.u32 + events[1].data.u32, 3);
    assert_int_equal(t->close(t->self, epfd), 0);
    assert_int_equal(t->epoll_create(t->self, 0), -1);
    assert_int_equal(errno, EINVAL);
}

static void bytes_are_spliced_from_a_pipe_to_a_socket(void **state)
{
    struct both *both = *state;
    struct pd_table *t = &both->rig.t;
    struct seen seen;
    loff_t from_at = 0, to_at = 0;

    assert_int_equal(t->write(t->self, both->ends[1], "hello", 5), 5);
    assert_int_equal(t->splice(t->self, both->ends[0], &from_at, both->fd, &to_at, 100, 0), 5);
    assert_true(rig_receive(&both->rig, &seen));
    assert_int_equal(seen.payload, 5);
    assert_memory_equal(seen.bytes + seen.len - 5, "hello", 5);
    assert_int_equal(
        t->splice(t->self, both->ends[0], &from_at, both->fd, &to_at, 100, SPLICE_F_NONBLOCK), -1);
    assert_int_equal(errno, EAGAIN);
}

static void bytes_are_spliced_from_a_socket_to_a_pipe(void **state)
{
    struct both *both = *state;
    struct pd_table *t = &both->rig.t;
    char data[20];
    loff_t from_at = 0, to_at = 0;

    rig_send(&both->rig, (struct sent){.flags = ACK, .seq = 1, .ack = 1, .payload = 12});
    assert_int_equal(t->splice(t->self, both->fd, &from_at, both->ends[1], &to_at, 100, 0), 12);
    assert_int_equal(t->read(t->self, both->ends[0], data, sizeof data), 12);
    assert_int_equal(
        t->splice(t->self, both->fd, &from_at, both->ends[1], &to_at, 100, SPLICE_F_NONBLOCK), -1);
    assert_int_equal(errno, EAGAIN);
    /* A socket on both sides is no splice. */
    assert_int_equal(t->splice(t->self, both->fd, &from_at, both->fd, &to_at, 100, 0), -1);
    assert_int_equal(errno, EINVAL);
}

static void the_urgent_byte_is_not_spliced_and_not_waited_for(void **state)
{
    struct both *both = *state;
    struct pd_table *t = &both->rig.t;
    loff_t from_at = 0, to_at = 0;

    rig_send(&both->rig,
             (struct sent){.flags = ACK | URG, .seq = 1, .ack = 1, .payload = 12, .urgent = 12});
    assert_int_equal(t->splice(t->self, both->fd, &from_at, both->ends[1], &to_at, 100, 0), 11);
    assert_int_equal(t->splice(t->self, both->fd, &from_at, both->ends[1], &to_at, 100, 0), 0);
}

/* ---- what is exported for LD_PRELOAD ---- */

static void *exported(const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/src/libciao_packetdrill.so", getenv("CIAO_BUILD"));
    void *symbol = dlsym(dlopen(path, RTLD_NOW | RTLD_NOLOAD), name);
    assert_non_null(symbol);
    return symbol;
}

static void assertions_of_a_script_ask_our_sockets(void **state)
{
    struct both *both = *state;
    void *symbol = exported("getsockopt");
    int (*ask)(int, int, int, void *, socklen_t *);
    uint8_t info[280];
    uint32_t memory[9];
    socklen_t len = sizeof info;

    memcpy(&ask, &symbol, sizeof ask);
    assert_int_equal(ask(both->fd, IPPROTO_TCP, TCP_INFO, info, &len), 0);
    assert_int_equal(len, 280);
    assert_int_equal(info[0], TCP_ESTABLISHED);
    len = 20;
    assert_int_equal(ask(both->fd, IPPROTO_TCP, TCP_CC_INFO, info, &len), 0);
    len = sizeof memory;
    assert_int_equal(ask(both->fd, SOL_SOCKET, SO_MEMINFO, memory, &len), 0);
    assert_int_equal(len, sizeof memory);
    assert_int_equal(ask(both->ends[0], SOL_SOCKET, SO_TYPE, memory, &len), -1);
    assert_int_equal(errno, ENOTSOCK);
}

static void what_a_script_leaves_open_is_closed_with_the_hosts_close(void **state)
{
    struct both *both = *state;
    void *symbol = exported("close");
    int (*close_)(int);

    memcpy(&close_, &symbol, sizeof close_);
    assert_int_equal(close_(both->fd), 0);
    rig_expect(&both->rig, FIN | ACK, 1, 1);
    assert_false(open_in_host(both->fd));
}

static void a_file_is_sent_to_a_socket(void **state)
{
    struct both *both = *state;
    void *symbol = exported("sendfile");
    ssize_t (*send_)(int, int, off_t *, size_t);
    struct seen seen;
    char path[] = "/tmp/ciao-packetdrill-XXXXXX";
    int file = mkstemp(path);
    off_t at = 2;

    memcpy(&send_, &symbol, sizeof send_);
    assert_true(file >= 0);
    (void)unlink(path);
    assert_int_equal(write(file, "0123456789", 10), 10);
    assert_int_equal(send_(both->fd, file, &at, 5), 5);
    assert_int_equal(at, 7);
    assert_true(rig_receive(&both->rig, &seen));
    assert_memory_equal(seen.bytes + seen.len - 5, "23456", 5);
    assert_int_equal(send_(both->fd, file, &at, 100), 3);
    assert_int_equal(send_(both->fd, file, &at, 100), 0);
    assert_int_equal(both->rig.t.close(both->rig.t.self, file), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_socket_has_a_number_of_the_hosts),
        STORY(a_number_that_the_host_took_back_is_not_ours_any_more),
        STORY(the_hosts_descriptors_pass_through),
        STORY(one_poll_watches_both_worlds),
        STORY(one_epoll_watches_both_worlds),
        STORY(bytes_are_spliced_from_a_pipe_to_a_socket),
        STORY(bytes_are_spliced_from_a_socket_to_a_pipe),
        STORY(the_urgent_byte_is_not_spliced_and_not_waited_for),
        STORY(assertions_of_a_script_ask_our_sockets),
        STORY(what_a_script_leaves_open_is_closed_with_the_hosts_close),
        STORY(a_file_is_sent_to_a_socket),
    };
    return cmocka_run_group_tests_name("packetdrill/descriptors", tests, NULL, NULL);
}
