/*
 * poll() and epoll.
 */
#include <errno.h>
#include <string.h>

#include "states.h"

/* ---- poll ---- */

static void follows_a_life(void)
{
    int a = listener_at(LO4, 4), b = new4(NB), c;

    do_poll(b, 0);
    do_poll(a, 0);
    do_connect(b, LO4, port_of(a));
    do_poll(b, 0);
    do_poll(a, 0);
    c = do_accept(a, NB);
    do_poll(a, 0);
    do_write(c, "x");
    do_poll(b, 0);
    do_read(b, 4);
    do_poll(b, 0);
    do_shutdown(c, SHUT_WR);
    do_poll(b, 0);
    do_shutdown(b, SHUT_WR);
    do_poll(b, 0);
    do_poll(c, 0);
}

static void of_none(void)
{
    result("poll of 0 descriptors", NOBODY, api()->poll(NULL, 0, 1));
}

static void of_many(void)
{
    struct pair pair = pair_at(LO4);
    struct pollfd fds[4] = {
        {pair.client, POLLIN, 0}, {pair.server, POLLOUT, 0}, {-5, POLLIN, 7}, {9999, POLLIN, 0}};
    int n = api()->poll(fds, 4, 0);

    note("  %d", n);
    for (int i = 0; i < 4; i++)
        note(" %s", poll_text((unsigned)fds[i].revents));
    note("\n");
}

static void one_twice(void)
{
    struct pair pair = pair_at(LO4);
    struct pollfd fds[2] = {{pair.client, POLLOUT, 0}, {pair.client, POLLIN, 0}};
    int n = api()->poll(fds, 2, 0);

    note("  %d %s", n, poll_text((unsigned)fds[0].revents));
    note(" %s\n", poll_text((unsigned)fds[1].revents));
}

static void takes_its_time(void)
{
    struct pair pair = pair_at(LO4);

    clock_start();
    do_poll_for(pair.client, POLLIN, 30);
    clock_note(25);
}

static void write_x(int fd)
{
    do_write(fd, "x");
}

static void is_woken(void)
{
    struct pair pair = pair_at(LO4);

    clock_start();
    later(30, write_x, pair.server);
    do_poll_for(pair.client, POLLIN, 5000);
    clock_note(25);
}

static void shut_it(int fd)
{
    do_shutdown(fd, SHUT_WR);
}

static void is_woken_by_the_end(void)
{
    struct pair pair = pair_at(LO4);

    later(30, shut_it, pair.server);
    do_poll_for(pair.client, POLLRDHUP, 5000);
}

static void reset_it(int fd)
{
    do_linger(fd, 1, 0);
    do_close(fd);
}

static void is_woken_by_reset_without_asking(void)
{
    struct pair pair = pair_at(LO4);

    later(30, reset_it, pair.server);
    do_poll_for(pair.client, 0, 5000);
}

static void drain_it(int fd)
{
    do_drain(fd);
}

static void is_woken_by_room(void)
{
    struct pair pair = pair_at(LO4);

    fill_for_good(pair.client);
    later(30, drain_it, pair.server);
    do_poll_for(pair.client, POLLOUT, 5000);
}

static void an_epoll_instance(void)
{
    struct pair pair = pair_at(LO4);
    int ep = do_epoll(0);

    do_poll(ep, 0);
    do_add(ep, pair.client, EPOLLIN);
    do_poll(ep, 0);
    do_write(pair.server, "x");
    do_poll(ep, 0);
}

static const struct sem_case poll_cases[] = {
    {"follows a life", follows_a_life},
    {"of none", of_none},
    {"of many", of_many},
    {"one twice", one_twice},
    {"takes its time", takes_its_time},
    {"is woken", is_woken},
    {"is woken by the end", is_woken_by_the_end},
    {"is woken by a reset", is_woken_by_reset_without_asking},
    {"is woken by room", is_woken_by_room},
    {"an epoll instance", an_epoll_instance},
};
const struct sem_topic topic_poll = TOPIC("poll", poll_cases);

/* ---- epoll ---- */

static void controls(void)
{
    int a = new4(NB), ep = do_epoll(0);

    do_mod(ep, a, EPOLLIN);
    do_del(ep, a);
    do_add(ep, a, EPOLLIN);
    do_add(ep, a, EPOLLIN);
    do_ctl(ep, 9, a, EPOLLIN);
    do_add(ep, ep, EPOLLIN);
    do_add(a, ep, EPOLLIN);
    do_add(-1, a, EPOLLIN);
    do_add(ep, -1, EPOLLIN);
    do_del(ep, a);
    do_del(ep, a);
}

static void creation(void)
{
    do_epoll(EPOLL_CLOEXEC);
    do_epoll(1);
}

static void waits_of_odd_sizes(void)
{
    int a = new4(NB), ep = do_epoll(0);

    do_wait(ep, 0, 0);
    do_wait(ep, -1, 0);
    do_wait(a, 1, 0);
    do_wait(-1, 1, 0);
    clock_start();
    do_wait(ep, 1, 30);
    clock_note(25);
}

static void exclusive(void)
{
    int a = listener_at(LO4, 4), ep = do_epoll(0), other = do_epoll(0);

    do_add(ep, a, EPOLLIN | EPOLLEXCLUSIVE);
    do_mod(ep, a, EPOLLIN | EPOLLEXCLUSIVE);
    do_mod(ep, a, EPOLLIN);
    do_add(other, a, EPOLLIN | EPOLLONESHOT | EPOLLEXCLUSIVE);
    do_add(ep, other, EPOLLIN | EPOLLEXCLUSIVE);
}

static void level(void)
{
    struct pair pair = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, pair.client, EPOLLIN);
    do_wait(ep, 4, 0);
    do_write(pair.server, "ab");
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
    do_read(pair.client, 1);
    do_wait(ep, 4, 0);
    do_read(pair.client, 1);
    do_wait(ep, 4, 0);
}

static void edge(void)
{
    struct pair pair = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, pair.client, EPOLLIN | EPOLLET);
    do_wait(ep, 4, 0);
    do_write(pair.server, "ab");
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
    do_read(pair.client, 1);
    do_wait(ep, 4, 0);
    do_write(pair.server, "c");
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
}

static void edge_of_room(void)
{
    struct pair pair = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, pair.client, EPOLLOUT | EPOLLET);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
    do_write(pair.client, "x");
    do_wait(ep, 4, 0);
    fill_for_good(pair.client);
    do_wait(ep, 4, 0);
    do_drain(pair.server);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
}

static void edge_of_the_end(void)
{
    struct pair pair = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, pair.client, EPOLLIN | EPOLLRDHUP | EPOLLET);
    do_shutdown(pair.server, SHUT_WR);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
    do_shutdown(pair.client, SHUT_WR);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
}

static void edge_of_a_connect(void)
{
    int a = listener_at(LO4, 4), b = new4(NB), ep = do_epoll(0);

    do_add(ep, b, EPOLLIN | EPOLLOUT | EPOLLET);
    do_wait(ep, 4, 0);
    do_connect(b, LO4, port_of(a));
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
}

static void edge_of_a_refusal(void)
{
    int b = new4(NB), ep = do_epoll(0);

    do_add(ep, b, EPOLLIN | EPOLLOUT | EPOLLET);
    do_wait(ep, 4, 0);
    do_connect(b, LO4, closed_port(LO4));
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
}

static void edge_of_a_listener(void)
{
    int a = listener_at(LO4, 4), b = new4(NB), c = new4(NB), ep = do_epoll(0);

    do_add(ep, a, EPOLLIN | EPOLLET);
    do_connect(b, LO4, port_of(a));
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
    do_connect(c, LO4, port_of(a));
    do_wait(ep, 4, 0);
    do_accept(a, NB);
    do_wait(ep, 4, 0);
}

static void once(void)
{
    struct pair pair = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, pair.client, EPOLLIN | EPOLLONESHOT);
    do_write(pair.server, "a");
    do_wait(ep, 4, 0);
    do_write(pair.server, "b");
    do_wait(ep, 4, 0);
    do_mod(ep, pair.client, EPOLLIN | EPOLLONESHOT);
    do_wait(ep, 4, 0);
    do_wait(ep, 4, 0);
}

static void closed_ones_go(void)
{
    struct pair pair = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, pair.client, EPOLLOUT);
    do_wait(ep, 4, 0);
    do_close(pair.client);
    do_wait(ep, 4, 0);
    do_mod(ep, pair.client, EPOLLIN);
}

static void asks_for_nothing(void)
{
    struct pair pair = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, pair.client, 0);
    do_wait(ep, 4, 0);
    do_linger(pair.server, 1, 0);
    do_close(pair.server);
    do_wait(ep, 4, 0);
}

static void fair(void)
{
    struct pair one = pair_at(LO4), two = pair_at(LO4), three = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, one.client, EPOLLOUT);
    do_add(ep, two.client, EPOLLOUT);
    do_add(ep, three.client, EPOLLOUT);
    for (int i = 0; i < 5; i++)
        do_wait(ep, 2, 0);
}

static void in_the_order_of_what_happened(void)
{
    struct pair one = pair_at(LO4), two = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, one.client, EPOLLIN);
    do_add(ep, two.client, EPOLLIN);
    do_write(two.server, "x");
    do_write(one.server, "x");
    do_wait(ep, 4, 0);
}

static void nested(void)
{
    struct pair pair = pair_at(LO4);
    int inner = do_epoll(0), outer = do_epoll(0);

    do_add(inner, pair.client, EPOLLIN);
    do_add(outer, inner, EPOLLIN);
    do_wait(outer, 4, 0);
    do_write(pair.server, "x");
    do_wait(outer, 4, 0);
    do_wait(inner, 4, 0);
    do_read(pair.client, 4);
    do_wait(outer, 4, 0);
}

static void nested_in_a_circle(void)
{
    int a = do_epoll(0), b = do_epoll(0);

    do_add(a, b, EPOLLIN);
    do_add(b, a, EPOLLIN);
}

static void nested_too_deeply(void)
{
    int before = do_epoll(0);

    for (int i = 0; i < 7; i++) {
        int next = do_epoll(0);

        do_add(next, before, EPOLLIN);
        before = next;
    }
}

static void is_woken_at_last(void)
{
    struct pair pair = pair_at(LO4);
    int ep = do_epoll(0);

    do_add(ep, pair.client, EPOLLIN | EPOLLET);
    clock_start();
    later(30, write_x, pair.server);
    do_wait(ep, 4, 5000);
    clock_note(25);
}

static void the_number_goes_to_another(void)
{
    struct pair pair = pair_at(LO4), other;
    int ep = do_epoll(0);

    do_add(ep, pair.client, EPOLLIN);
    do_close(pair.client);
    other = pair_at(LO4);
    do_write(other.server, "x");
    do_wait(ep, 4, 0);
    do_add(ep, other.client, EPOLLIN);
    do_wait(ep, 4, 0);
}

static void bad_memory(void)
{
    int a = new4(NB), ep = do_epoll(0);

    result("epoll_ctl, no event", ep, api()->epoll_ctl(ep, EPOLL_CTL_ADD, a, NULL));
    do_add(ep, a, EPOLLOUT);
    result("epoll_ctl DEL, no event", ep, api()->epoll_ctl(ep, EPOLL_CTL_DEL, a, NULL));
}

static const struct sem_case epoll_cases[] = {
    {"controls", controls},
    {"creation", creation},
    {"waits of odd sizes", waits_of_odd_sizes},
    {"exclusive", exclusive},
    {"level", level},
    {"edge", edge},
    {"edge of room", edge_of_room},
    {"edge of the end", edge_of_the_end},
    {"edge of a connect", edge_of_a_connect},
    {"edge of a refusal", edge_of_a_refusal},
    {"edge of a listener", edge_of_a_listener},
    {"once", once},
    {"closed ones go", closed_ones_go},
    {"asks for nothing", asks_for_nothing},
    {"fair", fair},
    {"in the order of what happened", in_the_order_of_what_happened},
    {"nested", nested},
    {"nested in a circle", nested_in_a_circle},
    {"nested too deeply", nested_too_deeply},
    {"is woken at last", is_woken_at_last},
    {"the number goes to another", the_number_goes_to_another},
    {"bad memory", bad_memory},
};
const struct sem_topic topic_epoll = TOPIC("epoll", epoll_cases);
