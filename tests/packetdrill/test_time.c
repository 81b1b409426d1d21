/*
 * Virtual time as packetdrill needs it: it moves with each look at the clock, in usleep, while a
 * packet is awaited and in calls that block; and everything is stamped with its own time.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>

#include <cmocka.h>

#include "rig.h"

#define SECOND 1000000LL

static void each_look_at_the_clock_moves_it(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, NULL);
    long long last = rig_now(&rig);
    for (int i = 0; i < 300; i++) {
        long long now = rig_now(&rig);
        assert_true(now > last && now <= last + 2);
        last = now;
    }
    assert_int_equal(rig.t.usleep(rig.t.self, 250000), 0);
    assert_in_range(rig_now(&rig), last + 250000, last + 250002);
    rig_close(&rig);
}

static int connecting(struct rig *rig)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(THEIR_PORT)};
    struct pd_table *t = &rig->t;

    assert_int_equal(inet_pton(AF_INET, THEIRS, &there.sin_addr), 1);
    int fd = t->socket(t->self, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    assert_true(fd >= 0);
    assert_int_equal(t->fcntl(t->self, fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(t->connect(t->self, fd, (struct sockaddr *)&there, sizeof there), -1);
    assert_int_equal(errno, EINPROGRESS);
    return fd;
}

/* The SYN goes at once, and again after 1 and 2 seconds: within one usleep, or while a packet is
 * awaited. */
static void packets_are_stamped_when_they_leave(void **state)
{
    struct rig rig;
    struct seen seen;

    (void)state;
    rig_open(&rig, NULL);
    long long start = rig_now(&rig);
    int fd = connecting(&rig);
    assert_int_equal(rig.t.usleep(rig.t.self, 3 * SECOND / 2), 0);
    assert_true(rig_receive(&rig, &seen));
    assert_int_equal(seen.flags, SYN);
    assert_in_range(seen.time_us, start, start + 10);
    assert_true(rig_receive(&rig, &seen));
    assert_int_equal(seen.flags, SYN);
    assert_in_range(seen.time_us, start + SECOND, start + SECOND + 10000);
    assert_true(rig_receive(&rig, &seen));
    assert_in_range(seen.time_us, start + 2 * SECOND, start + 2 * SECOND + 10000);
    assert_in_range(rig_now(&rig), seen.time_us, seen.time_us + 10);
    assert_int_equal(rig.t.close(rig.t.self, fd), 0);
    rig_close(&rig);
}

/* Nothing is sent, and no timer runs that would send anything. */
static void who_waits_for_nothing_is_told_so(void **state)
{
    struct rig rig;
    struct seen seen;

    (void)state;
    rig_open(&rig, NULL);
    (void)rig_listen(&rig);
    assert_false(rig_receive(&rig, &seen));
    rig_close(&rig);
}

static void a_call_that_blocks_the_only_thread_ends_by_its_timer(void **state)
{
    struct rig rig;
    struct timeval patience = {.tv_sec = 3};

    (void)state;
    rig_open(&rig, NULL);
    int listener = rig_listen(&rig);
    int fd = rig_accepted(&rig, listener);
    char byte;
    assert_int_equal(
        rig.t.setsockopt(rig.t.self, fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    long long start = rig_now(&rig);
    assert_int_equal(rig.t.read(rig.t.self, fd, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_in_range(rig_now(&rig), start + 3 * SECOND, start + 3 * SECOND + 10);
    rig_close(&rig);
}

/* ---- a second thread ---- */

struct second {
    struct rig *rig;
    int fd;
    pthread_t thread;
    pid_t tid;
    long long ended_us;
    ssize_t result;
    pthread_mutex_t mutex;
    pthread_cond_t over;
    bool is_over;
};

static void say_over(struct second *second)
{
    (void)pthread_mutex_lock(&second->mutex);
    second->is_over = true;
    (void)pthread_cond_signal(&second->over);
    (void)pthread_mutex_unlock(&second->mutex);
}

static void *reads(void *context)
{
    struct second *second = context;
    char data[100];

    __atomic_store_n(&second->tid, gettid(), __ATOMIC_SEQ_CST);
    second->result = second->rig->t.read(second->rig->t.self, second->fd, data, sizeof data);
    second->ended_us = rig_now(second->rig);
    say_over(second);
    return NULL;
}

static void *polls(void *context)
{
    struct second *second = context;
    struct pollfd fds[1] = {{.fd = second->fd, .events = POLLIN}};

    __atomic_store_n(&second->tid, gettid(), __ATOMIC_SEQ_CST);
    second->result = second->rig->t.poll(second->rig->t.self, fds, 1, 5000);
    second->ended_us = rig_now(second->rig);
    say_over(second);
    return NULL;
}

static bool sleeps(pid_t tid)
{
    char path[64], text[512] = "", *state;

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    (void)!fgets(text, sizeof text, file);
    (void)fclose(file);
    state = strrchr(text, ')');
    return state && state[2] == 'S';
}

/* As packetdrill does: go on when the thread's state is S. */
static void start(struct second *second, void *(*does)(void *))
{
    (void)pthread_mutex_init(&second->mutex, NULL);
    (void)pthread_cond_init(&second->over, NULL);
    assert_int_equal(pthread_create(&second->thread, NULL, does, second), 0);
    struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
    while (!__atomic_load_n(&second->tid, __ATOMIC_SEQ_CST) || !sleeps(second->tid))
        (void)nanosleep(&moment, NULL);
    (void)nanosleep(&moment, NULL);
}

static void a_blocked_call_ends_when_its_packet_comes(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, NULL);
    int listener = rig_listen(&rig);
    struct second second = {.rig = &rig, .fd = rig_accepted(&rig, listener)};
    start(&second, reads);
    assert_int_equal(rig.t.usleep(rig.t.self, SECOND), 0);
    assert_false(second.is_over);
    long long came_us = rig_now(&rig);
    rig_send(&rig, (struct sent){.flags = ACK | PSH, .seq = 1, .ack = 1, .payload = 10});
    /* The main thread is far away when the other one looks at the clock. */
    assert_int_equal(rig.t.usleep(rig.t.self, 7 * SECOND), 0);
    assert_int_equal(pthread_join(second.thread, NULL), 0);
    assert_int_equal(second.result, 10);
    assert_in_range(second.ended_us, came_us, came_us + 10);
    rig_close(&rig);
}

static void a_blocked_call_ends_at_its_time_while_the_main_thread_sleeps(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, NULL);
    int listener = rig_listen(&rig);
    struct second second = {.rig = &rig, .fd = rig_accepted(&rig, listener)};
    long long began_us = rig_now(&rig);
    start(&second, polls);
    assert_int_equal(rig.t.usleep(rig.t.self, 9 * SECOND), 0);
    assert_int_equal(pthread_join(second.thread, NULL), 0);
    assert_int_equal(second.result, 0);
    assert_in_range(second.ended_us, began_us + 5 * SECOND, began_us + 5 * SECOND + 10);
    rig_close(&rig);
}

/* packetdrill's next call waits, on a condition variable, for the one that blocks. */
static void a_blocked_call_moves_the_clock_when_nobody_else_does(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, NULL);
    int listener = rig_listen(&rig);
    struct second second = {.rig = &rig, .fd = rig_accepted(&rig, listener)};
    long long began_us = rig_now(&rig);
    start(&second, polls);
    (void)pthread_mutex_lock(&second.mutex);
    while (!second.is_over)
        (void)pthread_cond_wait(&second.over, &second.mutex);
    (void)pthread_mutex_unlock(&second.mutex);
    assert_int_equal(pthread_join(second.thread, NULL), 0);
    assert_int_equal(second.result, 0);
    assert_in_range(second.ended_us, began_us + 5 * SECOND, began_us + 5 * SECOND + 10);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_look_at_the_clock_moves_it),
        cmocka_unit_test(packets_are_stamped_when_they_leave),
        cmocka_unit_test(who_waits_for_nothing_is_told_so),
        cmocka_unit_test(a_call_that_blocks_the_only_thread_ends_by_its_timer),
        cmocka_unit_test(a_blocked_call_ends_when_its_packet_comes),
        cmocka_unit_test(a_blocked_call_ends_at_its_time_while_the_main_thread_sleeps),
        cmocka_unit_test(a_blocked_call_moves_the_clock_when_nobody_else_does),
    };
    return cmocka_run_group_tests_name("packetdrill/time", tests, NULL, NULL);
}
