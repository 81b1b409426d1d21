/*
 * Several threads call whatever comes to their mind, each on any descriptor: nothing races, nobody
 * hangs, and afterwards nothing is left.  The seed is printed; SEED=n runs it again.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver/loop.h"
#include "two_hosts.h"

#define THREADS  4
#define FDS      24
#define CALLS_US (2 * 1000 * 1000)
#define PORTS    3

#define PATIENCE_US (10 * 1000 * 1000)

static struct host_sockets *all;
static struct ciao_sockets *sockets;
static uint64_t end_us;
/* A number that comes and goes while its times are set would be another's. */
static pthread_mutex_t numbers = PTHREAD_MUTEX_INITIALIZER;

struct caller {
    uint64_t random;
    uint64_t calls;
    pthread_t thread;
};

static uint32_t draw(struct caller *caller, uint32_t below)
{
    caller->random = caller->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(caller->random >> 33) % below;
}

static int any_fd(struct caller *caller)
{
    return (int)draw(caller, FDS);
}

static struct ciao_sockaddr_in any_address(struct caller *caller)
{
    return (struct ciao_sockaddr_in){.sin_family = CIAO_AF_INET,
                                     .sin_port = htons((uint16_t)(5000 + draw(caller, PORTS))),
                                     .sin_addr = {127, 0, 0, 1}};
}

/* ---- what comes to mind; each ends soon, so that all come to their end ---- */

static void make(struct caller *caller)
{
    struct ciao_timeval soon = {.tv_usec = 2000};
    struct ciao_iovec value = {&soon, sizeof soon};
    /* Others may use it at once, so it waits for nothing before it has its times. */
    int fd = ciao_socket(sockets, CIAO_AF_INET, CIAO_SOCK_STREAM | CIAO_SOCK_NONBLOCK, 0);

    if (fd < 0)
        return;
    (void)!ciao_setsockopt(sockets, fd, CIAO_SOL_SOCKET, CIAO_SO_RCVTIMEO, &value);
    (void)!ciao_setsockopt(sockets, fd, CIAO_SOL_SOCKET, CIAO_SO_SNDTIMEO, &value);
    if (draw(caller, 2))
        (void)!ciao_fcntl(sockets, fd, CIAO_F_SETFL, 0);
    if (fd >= FDS)
        (void)ciao_socket_close(sockets, fd);
}

static void makes_one(struct caller *caller)
{
    pthread_mutex_lock(&numbers);
    make(caller);
    pthread_mutex_unlock(&numbers);
}

static void listens(struct caller *caller)
{
    struct ciao_sockaddr_in address = any_address(caller);
    int on = 1, fd = any_fd(caller);
    struct ciao_iovec value = {&on, sizeof on};

    (void)!ciao_setsockopt(sockets, fd, CIAO_SOL_SOCKET, CIAO_SO_REUSEADDR, &value);
    (void)!ciao_bind(sockets, fd, &address, sizeof address);
    (void)!ciao_socket_listen(sockets, fd, 4);
}

static void accepts(struct caller *caller)
{
    int fd = ciao_accept4(sockets, any_fd(caller), NULL, NULL, CIAO_SOCK_NONBLOCK);

    if (fd >= FDS)
        (void)ciao_socket_close(sockets, fd);
}

static void connects(struct caller *caller)
{
    struct ciao_sockaddr_in address = any_address(caller);

    (void)!ciao_socket_connect(sockets, any_fd(caller), &address, sizeof address);
}

static void writes(struct caller *caller)
{
    static char data[9000];
    struct ciao_iovec piece = {data, draw(caller, sizeof data)};

    (void)!ciao_sendto(sockets, any_fd(caller), &piece, CIAO_MSG_NOSIGNAL, NULL);
}

static void reads(struct caller *caller)
{
    char data[9000];

    (void)!ciao_read(sockets, any_fd(caller), data, draw(caller, sizeof data));
}

static void shuts(struct caller *caller)
{
    (void)!ciao_socket_shutdown(sockets, any_fd(caller), (int)draw(caller, 3));
}

static void closes(struct caller *caller)
{
    pthread_mutex_lock(&numbers);
    (void)ciao_socket_close(sockets, any_fd(caller));
    pthread_mutex_unlock(&numbers);
}

static void polls(struct caller *caller)
{
    struct ciao_pollfd fds[3];

    for (unsigned i = 0; i < 3; i++)
        fds[i] = (struct ciao_pollfd){any_fd(caller), CIAO_POLLIN | CIAO_POLLOUT, 0};
    (void)!ciao_poll(sockets, fds, 3, 1000);
}

static void watches(struct caller *caller)
{
    struct ciao_epoll_event event = {CIAO_EPOLLIN | CIAO_EPOLLOUT, 0};
    int epoll = any_fd(caller);

    if (draw(caller, 8) == 0)
        epoll = ciao_epoll_create1(sockets, 0);
    if (draw(caller, 2))
        event.events |= CIAO_EPOLLET;
    (void)!ciao_epoll_ctl(sockets, epoll, 1 + (int)draw(caller, 3), any_fd(caller), &event);
    if (epoll >= FDS)
        (void)ciao_socket_close(sockets, epoll);
}

static void waits(struct caller *caller)
{
    struct ciao_epoll_event events[4];

    (void)!ciao_epoll_wait(sockets, any_fd(caller), events, 4, 1000);
}

static void asks(struct caller *caller)
{
    int value = 0, fd = any_fd(caller);
    uint32_t len = sizeof value;
    struct ciao_name there = {&value, &len};

    (void)!ciao_getsockopt(sockets, fd, CIAO_SOL_SOCKET, CIAO_SO_ERROR, &there);
    (void)!ciao_ioctl(sockets, fd, CIAO_FIONREAD, &value);
}

static void *call_at_random(void *context)
{
    static void (*const calls[])(struct caller *) = {
        makes_one, listens, accepts, connects, writes,  reads, reads,
        writes,    shuts,   closes,  polls,    watches, waits, asks,
    };
    struct caller *caller = context;

    while (now_us() < end_us) {
        calls[draw(caller, sizeof calls / sizeof calls[0])](caller);
        caller->calls++;
    }
    return NULL;
}

/* ---- the story ---- */

static void open_loopback(void)
{
    struct ciao_driver *self;
    struct ciao_addr address;

    must(host_sockets_open(&all, NULL, NULL));
    sockets = host_sockets_layer(all);
    must(loop_self(&self, NULL));
    struct host *host = host_sockets_enter(all);
    int link = host_attach(host, self);
    must(link);
    assert_true(ciao_addr_parse("127.0.0.1", &address));
    must(ciao_address_add(host_stack(host), link, &address, 8));
    host_sockets_leave(all);
}

static struct ciao_counts counts_now(void)
{
    struct ciao_counts counts;

    ciao_counts(host_stack(host_sockets_enter(all)), &counts);
    host_sockets_leave(all);
    return counts;
}

/* What a full queue has dropped is sent again, to nobody by now. */
static void expect_nothing_left(void)
{
    uint64_t patience_us = now_us() + PATIENCE_US;
    struct ciao_counts counts;

    for (int fd = 0; fd < 4096; fd++)
        if (ciao_is_socket(sockets, fd))
            (void)ciao_socket_close(sockets, fd);
    while (counts = counts_now(), counts.tcbs > 0 && now_us() < patience_us)
        pause_us(10000);
    assert_int_equal(counts.listeners, 0);
    assert_int_equal(counts.buffer_bytes, 0);
    assert_int_equal(counts.tcbs, 0);
}

static void threads_that_call_at_random_leave_nothing(void **state)
{
    struct caller callers[THREADS];
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL), calls = 0;
    (void)state;

    print_message("# SEED=%llu\n", (unsigned long long)seed);
    open_loopback();
    end_us = now_us() + CALLS_US;
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.random = seed * THREADS + i};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_at_random, &callers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        calls += callers[i].calls;
    }
    print_message("# %llu calls\n", (unsigned long long)calls);
    assert_in_range(calls, 100, UINT64_MAX);
    expect_nothing_left();
    host_sockets_close(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_call_at_random_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
