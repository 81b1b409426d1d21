/*
 * Calls that wait: for what they wait, what ends them, what they return then.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "states.h"

static struct pair blocking_pair(void)
{
    struct pair pair = pair_at(LO4);

    (void)api()->fcntl(pair.client, 4, 0);
    return pair;
}

static void write_x(int fd)
{
    do_write(fd, "x");
}

static void read_waits_for_bytes(void)
{
    struct pair pair = blocking_pair();

    clock_start();
    later(30, write_x, pair.server);
    do_read(pair.client, 8);
    clock_note(25);
}

static void shut_wr(int fd)
{
    do_shutdown(fd, SHUT_WR);
}

static void read_waits_for_the_end(void)
{
    struct pair pair = blocking_pair();

    later(30, shut_wr, pair.server);
    do_read(pair.client, 8);
}

static void shut_rd(int fd)
{
    do_shutdown(fd, SHUT_RD);
}

static void read_is_ended_by_shutdown(void)
{
    struct pair pair = blocking_pair();

    later(30, shut_rd, pair.client);
    do_read(pair.client, 8);
}

static void reset(int fd)
{
    do_linger(fd, 1, 0);
    do_close(fd);
}

static void read_is_ended_by_a_reset(void)
{
    struct pair pair = blocking_pair();

    later(30, reset, pair.server);
    do_read(pair.client, 8);
}

static void read_has_a_time(void)
{
    struct pair pair = blocking_pair();

    do_set_time(pair.client, SO_RCVTIMEO, 30);
    clock_start();
    do_read(pair.client, 8);
    clock_note(25);
}

static void dont_wait(void)
{
    struct pair pair = blocking_pair();

    do_recv(pair.client, 8, MSG_DONTWAIT);
}

static void wait_for_all(void)
{
    struct pair pair = blocking_pair();

    do_write(pair.server, "ab");
    later(30, write_x, pair.server);
    do_recv(pair.client, 3, MSG_WAITALL);
}

static void wait_for_all_has_a_time(void)
{
    struct pair pair = blocking_pair();

    do_set_time(pair.client, SO_RCVTIMEO, 30);
    do_write(pair.server, "ab");
    do_recv(pair.client, 8, MSG_WAITALL);
}

static void peek_for_all(void)
{
    struct pair pair = blocking_pair();

    do_write(pair.server, "ab");
    later(30, write_x, pair.server);
    do_recv(pair.client, 3, MSG_WAITALL | MSG_PEEK);
}

static void write_three(int fd)
{
    do_write(fd, "xyz");
}

/* Linux never wakes a reader that holds some bytes already for fewer than the mark. */
static void low_water(void)
{
    struct pair pair = blocking_pair();

    set(pair.client, SOL_SOCKET, SO_RCVLOWAT, 3);
    do_write(pair.server, "ab");
    later(30, write_three, pair.server);
    do_read(pair.client, 8);
}

static void drain_it(int fd)
{
    do_drain(fd);
}

static void write_waits_for_room(void)
{
    struct pair pair = blocking_pair();

    fill_for_good(pair.client);
    clock_start();
    later(30, drain_it, pair.server);
    do_write(pair.client, "x");
    clock_note(25);
}

static void write_has_a_time(void)
{
    struct pair pair = blocking_pair();

    fill_for_good(pair.client);
    do_set_time(pair.client, SO_SNDTIMEO, 30);
    clock_start();
    do_write(pair.client, "x");
    clock_note(25);
}

static void a_long_write_has_a_time(void)
{
    struct pair pair = blocking_pair();

    do_set_time(pair.client, SO_SNDTIMEO, 30);
    do_write_many(pair.client, 1 << 24);
}

static void write_is_ended_by_a_reset(void)
{
    struct pair pair = blocking_pair();

    fill_for_good(pair.client);
    later(30, reset, pair.server);
    do_write(pair.client, "x");
}

static void write_is_ended_by_shutdown(void)
{
    struct pair pair = blocking_pair();

    fill_for_good(pair.client);
    later(30, shut_wr, pair.client);
    do_write(pair.client, "x");
}

static unsigned connect_port;

static void connect_there(int fd)
{
    do_connect(fd, LO4, connect_port);
}

static void accept_waits(void)
{
    int a = listener_at(LO4, 4), b = new4(NB);

    (void)api()->fcntl(a, 4, 0);
    connect_port = port_of(a);
    do_name(a); /* so that both threads know its port by the same name */
    clock_start();
    later(30, connect_there, b);
    do_accept(a, 0);
    clock_note(25);
}

static void accept_has_a_time(void)
{
    int a = listener_at(LO4, 4);

    (void)api()->fcntl(a, 4, 0);
    do_set_time(a, SO_RCVTIMEO, 30);
    clock_start();
    do_accept(a, 0);
    clock_note(25);
}

static void accept_is_ended_by_shutdown(void)
{
    int a = listener_at(LO4, 4);

    (void)api()->fcntl(a, 4, 0);
    later(30, shut_rd, a);
    do_accept(a, 0);
}

static void connect_has_a_time(void)
{
    int a = listener_at(LO4, 0), b = new4(NB), c = new4(0);

    do_connect(b, LO4, port_of(a));
    do_set_time(c, SO_SNDTIMEO, 30);
    clock_start();
    do_connect(c, LO4, port_of(a));
    clock_note(25);
    do_connect(c, LO4, port_of(a));
    do_state(c);
}

static void connect_is_ended_by_shutdown(void)
{
    int a = listener_at(LO4, 0), b = new4(NB), c = new4(0);

    do_connect(b, LO4, port_of(a));
    later(30, shut_wr, c);
    do_connect(c, LO4, port_of(a));
    do_state(c);
}

static const struct sem_case blocking_cases[] = {
    {"read waits for bytes", read_waits_for_bytes},
    {"read waits for the end", read_waits_for_the_end},
    {"read is ended by shutdown", read_is_ended_by_shutdown},
    {"read is ended by a reset", read_is_ended_by_a_reset},
    {"read has a time", read_has_a_time},
    {"DONTWAIT", dont_wait},
    {"WAITALL", wait_for_all},
    {"WAITALL has a time", wait_for_all_has_a_time},
    {"WAITALL, peek", peek_for_all},
    {"low water", low_water},
    {"write waits for room", write_waits_for_room},
    {"write has a time", write_has_a_time},
    {"a long write has a time", a_long_write_has_a_time},
    {"write is ended by a reset", write_is_ended_by_a_reset},
    {"write is ended by shutdown", write_is_ended_by_shutdown},
    {"accept waits", accept_waits},
    {"accept has a time", accept_has_a_time},
    {"accept is ended by shutdown", accept_is_ended_by_shutdown},
    {"connect has a time", connect_has_a_time},
    {"connect is ended by shutdown", connect_is_ended_by_shutdown},
};
const struct sem_topic topic_blocking = TOPIC("blocking", blocking_cases);

/* ---- signals ---- */

static pthread_t waiting_thread;

static void on_signal(int number)
{
    (void)number;
}

static atomic_bool signals_end;

/* Until the call has ended: a signal that comes before it waits ends nothing. */
static void interrupt(int fd)
{
    (void)fd;
    do {
        pthread_kill(waiting_thread, SIGUSR1);
        pause_ms(20);
    } while (!atomic_load(&signals_end));
}

static void expect_a_signal(int restart)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0};

    sigaction(SIGUSR1, &action, NULL);
    waiting_thread = pthread_self();
    atomic_store(&signals_end, false);
    later(30, interrupt, NOBODY);
}

static void no_more_signals(void)
{
    atomic_store(&signals_end, true);
}

static void ends_read(void)
{
    struct pair pair = blocking_pair();

    expect_a_signal(0);
    do_read(pair.client, 8);
    no_more_signals();
}

static void does_not_end_a_restarted_read(void)
{
    struct pair pair = blocking_pair();

    expect_a_signal(SA_RESTART);
    later(60, write_x, pair.server);
    do_read(pair.client, 8);
    no_more_signals();
}

static void ends_a_read_with_a_time(void)
{
    struct pair pair = blocking_pair();

    do_set_time(pair.client, SO_RCVTIMEO, 3000);
    expect_a_signal(SA_RESTART);
    do_read(pair.client, 8);
    no_more_signals();
}

static void ends_wait_for_all_with_what_there_is(void)
{
    struct pair pair = blocking_pair();

    do_write(pair.server, "ab");
    expect_a_signal(0);
    do_recv(pair.client, 8, MSG_WAITALL);
    no_more_signals();
}

static void ends_write(void)
{
    struct pair pair = blocking_pair();

    fill_for_good(pair.client);
    expect_a_signal(0);
    do_write(pair.client, "x");
    no_more_signals();
}

static void ends_a_long_write_in_the_middle(void)
{
    struct pair pair = blocking_pair();

    expect_a_signal(0);
    do_write_many(pair.client, 1 << 24);
    no_more_signals();
}

static void ends_accept(void)
{
    int a = listener_at(LO4, 4);

    (void)api()->fcntl(a, 4, 0);
    expect_a_signal(0);
    do_accept(a, 0);
    no_more_signals();
}

static void ends_connect_and_it_goes_on(void)
{
    int a = listener_at(LO4, 0), b = new4(NB), c = new4(0);

    do_connect(b, LO4, port_of(a));
    expect_a_signal(0);
    do_connect(c, LO4, port_of(a));
    no_more_signals();
    nonblocking(c);
    do_connect(c, LO4, port_of(a));
    do_state(c);
}

static void ends_poll_always(void)
{
    struct pair pair = blocking_pair();

    expect_a_signal(SA_RESTART);
    do_poll_for(pair.client, POLLIN, 3000);
    no_more_signals();
}

static void ends_epoll_always(void)
{
    struct pair pair = blocking_pair();
    int ep = do_epoll(0);

    do_add(ep, pair.client, EPOLLIN);
    expect_a_signal(SA_RESTART);
    do_wait(ep, 4, 3000);
    no_more_signals();
}

static const struct sem_case signal_cases[] = {
    {"ends read", ends_read},
    {"does not end a restarted read", does_not_end_a_restarted_read},
    {"ends a read with a time", ends_a_read_with_a_time},
    {"ends WAITALL with what there is", ends_wait_for_all_with_what_there_is},
    {"ends write", ends_write},
    {"ends a long write in the middle", ends_a_long_write_in_the_middle},
    {"ends accept", ends_accept},
    {"ends connect, and it goes on", ends_connect_and_it_goes_on},
    {"ends poll always", ends_poll_always},
    {"ends epoll always", ends_epoll_always},
};
const struct sem_topic topic_signals = TOPIC("signals", signal_cases);
