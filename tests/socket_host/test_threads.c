/*
 * Many threads on the sockets of one shard: each byte arrives, everybody is woken, nothing races
 * (the build is ThreadSanitizer's).
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "two_hosts.h"

#define CLIENTS  4
#define ROUNDS   8
#define BYTES    40000
#define WATCHERS 3
#define TALKS    12

static struct two_hosts two;

static int begin(void **state)
{
    (void)state;
    two = two_hosts_open();
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_hosts_close(&two);
    return 0;
}

static pthread_t start(void *(*run)(void *), void *context)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, run, context), 0);
    return thread;
}

/* ---- a server with a thread for each connection ---- */

static void *echo(void *context)
{
    int fd = (int)(intptr_t)context;
    char data[5000];
    int64_t n;

    while ((n = ciao_read(two.right, fd, data, sizeof data)) > 0)
        write_all(two.right, fd, data, (size_t)n);
    must(n);
    must(ciao_socket_close(two.right, fd));
    return NULL;
}

static void *accept_and_echo(void *context)
{
    int listener = (int)(intptr_t)context;
    pthread_t threads[CLIENTS * ROUNDS];

    for (unsigned i = 0; i < CLIENTS * ROUNDS; i++) {
        int fd = ciao_accept4(two.right, listener, NULL, NULL, 0);

        must(fd);
        threads[i] = start(echo, (void *)(intptr_t)fd);
    }
    for (unsigned i = 0; i < CLIENTS * ROUNDS; i++)
        pthread_join(threads[i], NULL);
    return NULL;
}

struct upload {
    int fd;
    char *data;
};

static void *send_upload(void *context)
{
    const struct upload *upload = context;

    write_all(two.left, upload->fd, upload->data, BYTES);
    must(ciao_socket_shutdown(two.left, upload->fd, CIAO_SHUTDOWN_WR));
    return NULL;
}

/* One thread writes, this one reads, both on one socket. */
static void *visit(void *context)
{
    uint16_t port = (uint16_t)(uintptr_t)context;
    char *back = malloc(BYTES);
    struct upload upload = {.data = malloc(BYTES)};

    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < BYTES; i++)
            upload.data[i] = (char)(i * 7 + round);
        upload.fd = connect_left(&two, port);
        pthread_t writer = start(send_upload, &upload);
        read_all(two.left, upload.fd, back, BYTES);
        assert_int_equal(ciao_read(two.left, upload.fd, back, 1), 0);
        pthread_join(writer, NULL);
        must(memcmp(back + 1, upload.data + 1, BYTES - 1) == 0 ? 0 : -1);
        must(ciao_socket_close(two.left, upload.fd));
    }
    free(back);
    free(upload.data);
    return NULL;
}

static void many_visit_a_server_of_many_threads(void **state)
{
    int listener = listen_right(&two, 64);
    void *port = (void *)(uintptr_t)port_of(two.right, listener);
    pthread_t clients[CLIENTS];
    (void)state;

    pthread_t server = start(accept_and_echo, (void *)(intptr_t)listener);
    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i] = start(visit, port);
    for (unsigned i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    pthread_join(server, NULL);
    must(ciao_socket_close(two.right, listener));
}

/* ---- several threads at one epoll instance ---- */

struct watch {
    int epoll;
    atomic_uint got;
    unsigned wanted;
};

static void *watch_and_read(void *context)
{
    struct watch *watch = context;

    while (atomic_load(&watch->got) < watch->wanted) {
        struct ciao_epoll_event event;
        int n = ciao_epoll_wait(two.right, watch->epoll, &event, 1, 20000);
        char data[64];

        must(n);
        if (n == 0)
            continue;
        int fd = (int)event.data;
        int64_t len = ciao_read(two.right, fd, data, sizeof data);
        must(len);
        atomic_fetch_add(&watch->got, (unsigned)len);
        event.events = CIAO_EPOLLIN | CIAO_EPOLLONESHOT;
        must(ciao_epoll_ctl(two.right, watch->epoll, CIAO_EPOLL_CTL_MOD, fd, &event));
    }
    return NULL;
}

static void *talk(void *context)
{
    const int *fds = context;

    for (unsigned i = 0; i < 100; i++)
        write_all(two.left, fds[i % TALKS], "x", 1);
    return NULL;
}

static void several_wait_at_one_epoll_instance(void **state)
{
    int listener = listen_right(&two, 64), clients[TALKS];
    struct watch watch = {.epoll = ciao_epoll_create1(two.right, 0), .wanted = 300};
    pthread_t watchers[WATCHERS], talkers[3];
    (void)state;

    must(watch.epoll);
    for (unsigned i = 0; i < TALKS; i++) {
        clients[i] = connect_left(&two, port_of(two.right, listener));
        int fd = ciao_accept4(two.right, listener, NULL, NULL, CIAO_SOCK_NONBLOCK);
        struct ciao_epoll_event event = {CIAO_EPOLLIN | CIAO_EPOLLONESHOT, (uint64_t)fd};
        must(fd);
        must(ciao_epoll_ctl(two.right, watch.epoll, CIAO_EPOLL_CTL_ADD, fd, &event));
    }
    for (unsigned i = 0; i < WATCHERS; i++)
        watchers[i] = start(watch_and_read, &watch);
    for (unsigned i = 0; i < 3; i++)
        talkers[i] = start(talk, clients);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(talkers[i], NULL);
    for (unsigned i = 0; i < WATCHERS; i++)
        pthread_join(watchers[i], NULL);
    assert_int_equal(atomic_load(&watch.got), 300);
}

/* ---- one thread ends what another waits for ---- */

struct waiting {
    int fd;
    int64_t result;
};

static void *wait_to_read(void *context)
{
    struct waiting *waiting = context;
    char byte;

    waiting->result = ciao_read(two.left, waiting->fd, &byte, 1);
    return NULL;
}

static void *wait_to_accept(void *context)
{
    struct waiting *waiting = context;

    waiting->result = ciao_accept4(two.right, waiting->fd, NULL, NULL, 0);
    return NULL;
}

static void shutdown_by_another_ends_a_read(void **state)
{
    int listener = listen_right(&two, 8);
    struct waiting waiting = {.fd = connect_left(&two, port_of(two.right, listener)), .result = 9};
    pthread_t reader = start(wait_to_read, &waiting);
    (void)state;

    pause_us(30000);
    must(ciao_socket_shutdown(two.left, waiting.fd, CIAO_SHUTDOWN_RD));
    pthread_join(reader, NULL);
    assert_int_equal(waiting.result, 0);
}

static void shutdown_by_another_ends_an_accept(void **state)
{
    struct waiting waiting = {.fd = listen_right(&two, 8)};
    pthread_t acceptor = start(wait_to_accept, &waiting);
    (void)state;

    pause_us(30000);
    must(ciao_socket_shutdown(two.right, waiting.fd, CIAO_SHUTDOWN_RD));
    pthread_join(acceptor, NULL);
    assert_int_equal(waiting.result, -CIAO_ERRNO_EINVAL);
}

/* AS LINUX: who reads already holds the socket, and reads on. */
static void close_by_another_lets_a_read_go_on(void **state)
{
    int listener = listen_right(&two, 8);
    struct waiting waiting = {.fd = connect_left(&two, port_of(two.right, listener))};
    int peer = ciao_accept4(two.right, listener, NULL, NULL, 0);
    pthread_t reader = start(wait_to_read, &waiting);
    (void)state;

    must(peer);
    pause_us(30000);
    must(ciao_socket_close(two.left, waiting.fd));
    write_all(two.right, peer, "x", 1);
    pthread_join(reader, NULL);
    assert_int_equal(waiting.result, 1);
}

/* ---- signals reach who drives and who sleeps ---- */

static void on_signal(int number)
{
    (void)number;
}

static void a_signal_ends_every_waiting_call(void **state)
{
    int listener = listen_right(&two, 8);
    struct sigaction action = {.sa_handler = on_signal};
    struct waiting waiting[3];
    pthread_t readers[3];
    (void)state;

    sigaction(SIGUSR1, &action, NULL);
    for (unsigned i = 0; i < 3; i++) {
        waiting[i].fd = connect_left(&two, port_of(two.right, listener));
        readers[i] = start(wait_to_read, &waiting[i]);
    }
    pause_us(50000);
    for (unsigned i = 0; i < 3; i++) {
        pthread_kill(readers[i], SIGUSR1);
        pthread_join(readers[i], NULL);
        assert_int_equal(waiting[i].result, -CIAO_ERRNO_EINTR);
    }
}

/* ---- the driving changes hands ---- */

static void *wait_for_a_time(void *context)
{
    struct ciao_pollfd none = {.fd = (int32_t)(intptr_t)context, .events = CIAO_POLLIN};
    uint64_t began_us = now_us();

    must(ciao_poll(two.left, &none, 1, 50000));
    must(now_us() - began_us < 500000 ? 0 : -1);
    return NULL;
}

static void who_drove_hands_over(void **state)
{
    int listener = listen_right(&two, 8);
    uint16_t port = port_of(two.right, listener);
    int other = connect_left(&two, port);
    struct waiting waiting = {.fd = connect_left(&two, port)};
    (void)state;

    must(ciao_accept4(two.right, listener, NULL, NULL, 0));
    int peer = ciao_accept4(two.right, listener, NULL, NULL, 0);
    pthread_t driver = start(wait_for_a_time, (void *)(intptr_t)other);
    pause_us(10000);
    pthread_t reader = start(wait_to_read, &waiting); /* sleeps: another drives */
    pthread_join(driver, NULL);
    write_all(two.right, peer, "x", 1);
    pthread_join(reader, NULL);
    assert_int_equal(waiting.result, 1);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(many_visit_a_server_of_many_threads),
        STORY(several_wait_at_one_epoll_instance),
        STORY(shutdown_by_another_ends_a_read),
        STORY(shutdown_by_another_ends_an_accept),
        STORY(close_by_another_lets_a_read_go_on),
        STORY(a_signal_ends_every_waiting_call),
        STORY(who_drove_hands_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
