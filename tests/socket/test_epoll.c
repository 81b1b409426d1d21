/*
 * epoll: level and edge, once and exclusively, instances that watch instances, and what is refused.
 */
#include "ask.h"

static struct world w;
static struct world_pair pair;
static int ep;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    pair = a_connection(&w);
    ep = ciao_epoll_create1(left(&w), 0);
    assert_true(ep >= 0);
    set_nonblocking(left(&w), pair.left);
    set_nonblocking(right(&w), pair.right);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

#define IN  CIAO_EPOLLIN
#define OUT CIAO_EPOLLOUT
#define ET  CIAO_EPOLLET
#define END (CIAO_EPOLLIN | CIAO_EPOLLRDHUP)

static int control(int epfd, int op, int fd, uint32_t events)
{
    const struct ciao_epoll_event event = {events, (uint64_t)fd};
    return ciao_epoll_ctl(left(&w), epfd, op, fd, &event);
}

static int add(int epfd, int fd, uint32_t events)
{
    return control(epfd, CIAO_EPOLL_CTL_ADD, fd, events);
}

static void watch(int fd, uint32_t events)
{
    assert_int_equal(add(ep, fd, events), 0);
}

/* What the instance has to tell of one descriptor now; 0: nothing. */
static uint32_t told_by(int epfd)
{
    struct ciao_epoll_event events[4];
    const int n = ciao_epoll_wait(left(&w), epfd, events, 4, 0);
    assert_in_range(n, 0, 1);
    return n == 0 ? 0 : events[0].events;
}

static uint32_t told(void)
{
    return told_by(ep);
}

static void right_says(const char *text)
{
    assert_int_equal(send_text(right(&w), pair.right, text, 0), strlen(text));
    world_settle(&w);
}

static void left_reads(void)
{
    char bytes[64];
    assert_true(ciao_read(left(&w), pair.left, bytes, sizeof bytes) > 0);
}

static void right_speaks_later(struct world *world)
{
    (void)world;
    right_says("x");
}

/* ---- level and edge ---- */

static void level_tells_as_long_as_it_is_so(void **state)
{
    (void)state;
    watch(pair.left, IN);
    assert_int_equal(told(), 0);
    right_says("x");
    assert_int_equal(told(), IN);
    assert_int_equal(told(), IN);
    left_reads();
    assert_int_equal(told(), 0);
}

static void edge_tells_once_for_each_arrival(void **state)
{
    (void)state;
    watch(pair.left, IN | ET);
    right_says("x");
    assert_int_equal(told(), IN);
    assert_int_equal(told(), 0);
    right_says("y"); /* the first is still there: a new arrival all the same */
    assert_int_equal(told(), IN);
    assert_int_equal(told(), 0);
    left_reads();
    assert_int_equal(told(), 0);
    right_says("z");
    assert_int_equal(told(), IN);
}

static void edge_tells_the_whole_of_it(void **state)
{
    (void)state;
    watch(pair.left, IN | OUT | ET);
    assert_int_equal(told(), OUT);
    assert_int_equal(told(), 0);
    right_says("x");
    assert_int_equal(told(), IN | OUT);
    assert_int_equal(told(), 0);
}

static void an_acknowledgment_is_no_edge(void **state)
{
    (void)state;
    watch(pair.left, IN | OUT | ET);
    assert_int_equal(told(), OUT);
    assert_int_equal(send_text(left(&w), pair.left, "hello", 0), 5);
    world_pass(&w, 1 * S);
    assert_int_equal(told(), 0);
}

static void fill(void)
{
    static char bytes[65536];
    while (ciao_write(left(&w), pair.left, bytes, sizeof bytes) > 0)
        continue;
}

static void drain(void)
{
    static char bytes[65536];
    for (unsigned i = 0; i < 1000; i++) {
        while (ciao_read(right(&w), pair.right, bytes, sizeof bytes) > 0)
            continue;
        world_pass(&w, 50 * MS);
    }
}

static void room_is_an_edge_for_who_found_none(void **state)
{
    (void)state;
    assert_int_equal(set_int(left(&w), pair.left, SOCKET_OF(SNDBUF), 20000), 0);
    watch(pair.left, IN | OUT | ET);
    assert_int_equal(told(), OUT);
    fill();
    assert_int_equal(told(), 0);
    drain();
    assert_int_equal(told(), OUT);
    assert_int_equal(told(), 0);
}

static void the_peers_end_is_an_edge_of_its_own(void **state)
{
    (void)state;
    watch(pair.left, END | ET);
    right_says("x");
    assert_int_equal(told(), IN);
    assert_int_equal(ciao_socket_shutdown(right(&w), pair.right, CIAO_SHUTDOWN_WR), 0);
    world_settle(&w);
    assert_int_equal(told(), END);
    assert_int_equal(told(), 0);
}

/* The end was told; that our own bytes are acknowledged afterwards says nothing about it. */
static void the_end_is_an_edge_once(void **state)
{
    char byte;
    (void)state;
    watch(pair.left, END | ET);
    assert_int_equal(ciao_socket_shutdown(right(&w), pair.right, CIAO_SHUTDOWN_WR), 0);
    world_settle(&w);
    assert_int_equal(told(), END);
    assert_int_equal(ciao_read(left(&w), pair.left, &byte, 1), 0);
    assert_int_equal(send_text(left(&w), pair.left, "hello", 0), 5);
    world_pass(&w, 1 * S);
    assert_int_equal(told(), 0);
}

static void an_urgent_byte_is_an_edge(void **state)
{
    (void)state;
    watch(pair.left, IN | OUT | ET);
    assert_int_equal(told(), OUT);
    assert_int_equal(send_text(right(&w), pair.right, "!", (int)CIAO_MSG_OOB), 1);
    world_settle(&w);
    assert_int_equal(told(), OUT); /* it is not among the bytes to read, but it came */
    assert_int_equal(told(), 0);
}

static void a_low_water_mark_makes_what_is_there_news(void **state)
{
    (void)state;
    watch(pair.left, IN | ET);
    right_says("x");
    assert_int_equal(told(), IN);
    assert_int_equal(set_int(left(&w), pair.left, SOCKET_OF(RCVLOWAT), 1), 0);
    assert_int_equal(told(), IN);
    assert_int_equal(set_int(left(&w), pair.left, SOCKET_OF(RCVLOWAT), 2), 0);
    assert_int_equal(told(), 0);
}

static void a_reset_is_told_without_being_asked_for(void **state)
{
    const struct ciao_linger linger = {1, 0};
    (void)state;
    watch(pair.left, ET);
    assert_int_equal(told(), 0);
    assert_int_equal(set_bytes(right(&w), pair.right, SOCKET_OF(LINGER), &linger, 8), 0);
    assert_int_equal(ciao_socket_close(right(&w), pair.right), 0);
    world_settle(&w);
    assert_int_equal(told(), CIAO_EPOLLERR | CIAO_EPOLLHUP);
    assert_int_equal(told(), 0);
}

static void the_end_of_a_handshake_is_an_edge(void **state)
{
    const int listener = a_listener(right(&w), 81);
    const int fd = a_socket(left(&w));
    (void)state;
    set_nonblocking(left(&w), fd);
    watch(fd, IN | OUT | ET);
    assert_int_equal(told(), OUT | CIAO_EPOLLHUP); /* new */
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 81), E(EINPROGRESS));
    assert_int_equal(told(), 0);
    world_settle(&w);
    assert_int_equal(told(), OUT);
    assert_int_equal(told(), 0);
    const int child = ciao_accept4(right(&w), listener, NULL, NULL, 0);
    assert_true(child >= 0);
    assert_int_equal(send_text(right(&w), child, "x", 0), 1);
    world_settle(&w);
    assert_int_equal(told(), IN | OUT);
    assert_int_equal(send_text(left(&w), fd, "y", 0), 1);
    world_pass(&w, 1 * S);
    assert_int_equal(told(), 0);
}

static void every_connection_is_an_edge_of_a_listener(void **state)
{
    const int listener = a_listener(left(&w), 81);
    (void)state;
    watch(listener, IN | ET);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(told(), 0);
        assert_int_equal(connect4(right(&w), a_socket(right(&w)), "10.9.0.1", 81), 0);
        world_settle(&w);
        assert_int_equal(told(), IN);
    }
}

/* ---- once, again ---- */

static void once_is_until_it_is_asked_for_again(void **state)
{
    (void)state;
    watch(pair.left, IN | CIAO_EPOLLONESHOT);
    right_says("x");
    assert_int_equal(told(), IN);
    right_says("y");
    assert_int_equal(told(), 0);
    assert_int_equal(control(ep, CIAO_EPOLL_CTL_MOD, pair.left, IN | CIAO_EPOLLONESHOT), 0);
    assert_int_equal(told(), IN);
    assert_int_equal(told(), 0);
}

static void asking_anew_looks_anew(void **state)
{
    (void)state;
    watch(pair.left, IN | ET);
    right_says("x");
    assert_int_equal(told(), IN);
    assert_int_equal(told(), 0);
    assert_int_equal(control(ep, CIAO_EPOLL_CTL_MOD, pair.left, IN | ET), 0);
    assert_int_equal(told(), IN);
    assert_int_equal(control(ep, CIAO_EPOLL_CTL_MOD, pair.left, OUT), 0);
    assert_int_equal(told(), OUT);
    assert_int_equal(control(ep, CIAO_EPOLL_CTL_MOD, pair.left, 0), 0);
    assert_int_equal(told(), 0);
}

/* ---- waiting ---- */

static void it_waits_and_is_woken(void **state)
{
    struct ciao_epoll_event event;
    const uint64_t before = w.now_us;
    (void)state;
    watch(pair.left, IN);
    assert_int_equal(ciao_epoll_wait(left(&w), ep, &event, 1, 70 * 1000), 0);
    assert_int_equal(w.now_us - before, 70 * MS);
    world_later(&w, 10 * MS, right_speaks_later);
    assert_int_equal(ciao_epoll_wait(left(&w), ep, &event, 1, -1), 1);
    assert_int_equal(event.events, IN);
    assert_int_equal(event.data, pair.left);
    assert_int_equal(w.now_us - before, 80 * MS);
    left_reads();
    w.program[0].signal_waiting = true;
    assert_int_equal(ciao_epoll_wait(left(&w), ep, &event, 1, -1), E(EINTR));
}

/* With room for one answer, all have their turn. */
static void ready_ones_take_turns(void **state)
{
    struct ciao_epoll_event event;
    const int a = a_socket(left(&w)), b = a_socket(left(&w)), c = a_socket(left(&w));
    const int order[] = {a, b, c, a, b, c};
    (void)state;
    watch(a, OUT);
    watch(b, OUT);
    watch(c, OUT);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(ciao_epoll_wait(left(&w), ep, &event, 1, 0), 1);
        assert_int_equal(event.data, order[i]);
    }
}

/* ---- instances of instances ---- */

static void an_instance_is_readable_when_it_has_news(void **state)
{
    const int outer = ciao_epoll_create1(left(&w), 0);
    struct ciao_pollfd one = {ep, CIAO_POLLIN, 0};
    (void)state;
    assert_int_equal(add(outer, ep, IN), 0);
    watch(pair.left, IN);
    assert_int_equal(told_by(outer), 0);
    assert_int_equal(ciao_poll(left(&w), &one, 1, 0), 0);
    right_says("x");
    assert_int_equal(told_by(outer), IN);
    assert_int_equal(ciao_poll(left(&w), &one, 1, 0), 1);
    left_reads();
    assert_int_equal(told_by(outer), 0);
}

static void poll_waits_for_an_instance(void **state)
{
    struct ciao_pollfd one = {ep, CIAO_POLLIN, 0};
    (void)state;
    watch(pair.left, IN);
    world_later(&w, 10 * MS, right_speaks_later);
    assert_int_equal(ciao_poll(left(&w), &one, 1, -1), 1);
    assert_int_equal(one.revents, CIAO_POLLIN);
}

static void instances_form_no_ring_and_no_long_chain(void **state)
{
    int chain[7];
    (void)state;
    for (unsigned i = 0; i < 7; i++)
        chain[i] = ciao_epoll_create1(left(&w), 0);
    assert_int_equal(add(chain[0], chain[1], IN), 0);
    assert_int_equal(add(chain[1], chain[0], IN), E(ELOOP));
    assert_int_equal(add(chain[0], chain[0], IN), E(EINVAL));
    assert_int_equal(add(chain[1], chain[2], IN), 0);
    assert_int_equal(add(chain[2], chain[0], IN), E(ELOOP));
    assert_int_equal(add(chain[2], chain[3], IN), 0);
    assert_int_equal(add(chain[3], chain[4], IN), 0);
    assert_int_equal(add(chain[4], chain[5], IN), E(ELOOP));
}

/* ---- exclusive ---- */

static void the_exclusive_are_told_one_by_one(void **state)
{
    const int listener = a_listener(left(&w), 81);
    const uint32_t events = IN | CIAO_EPOLLEXCLUSIVE;
    (void)state;
    watch(listener, events);
    assert_int_equal(control(ep, CIAO_EPOLL_CTL_MOD, listener, IN), E(EINVAL));
    assert_int_equal(control(ep, CIAO_EPOLL_CTL_MOD, listener, events), E(EINVAL));
    assert_int_equal(add(ep, pair.left, events | CIAO_EPOLLONESHOT), E(EINVAL));
    assert_int_equal(add(ep, ciao_epoll_create1(left(&w), 0), events), E(EINVAL));
    assert_int_equal(connect4(right(&w), a_socket(right(&w)), "10.9.0.1", 81), 0);
    assert_int_equal(told(), IN);
}

/* ---- what is refused, what goes by itself ---- */

static void what_makes_no_sense_is_refused(void **state)
{
    struct ciao_epoll_event event = {IN, 0};
    (void)state;
    assert_int_equal(ciao_epoll_create1(left(&w), 1), E(EINVAL));
    assert_int_equal(add(ep, 99, IN), E(EBADF));
    assert_int_equal(add(99, pair.left, IN), E(EBADF));
    assert_int_equal(add(pair.left, ep, IN), E(EINVAL));
    assert_int_equal(control(ep, 9, pair.left, IN), E(EINVAL));
    assert_int_equal(control(ep, CIAO_EPOLL_CTL_DEL, pair.left, 0), E(ENOENT));
    assert_int_equal(control(ep, CIAO_EPOLL_CTL_MOD, pair.left, 0), E(ENOENT));
    assert_int_equal(ciao_epoll_ctl(left(&w), ep, CIAO_EPOLL_CTL_ADD, pair.left, NULL), E(EFAULT));
    watch(pair.left, IN);
    assert_int_equal(add(ep, pair.left, OUT), E(EEXIST));
    assert_int_equal(ciao_epoll_wait(left(&w), ep, &event, 0, 0), E(EINVAL));
    assert_int_equal(ciao_epoll_wait(left(&w), ep, &event, -1, 0), E(EINVAL));
    assert_int_equal(ciao_epoll_wait(left(&w), ep, NULL, 1, 0), E(EFAULT));
    assert_int_equal(ciao_epoll_wait(left(&w), pair.left, &event, 1, 0), E(EINVAL));
    assert_int_equal(ciao_epoll_wait(left(&w), 99, &event, 1, 0), E(EBADF));
    assert_int_equal(ciao_epoll_ctl(left(&w), ep, CIAO_EPOLL_CTL_DEL, pair.left, NULL), 0);
    right_says("x");
    assert_int_equal(told(), 0);
}

static void what_is_closed_is_watched_no_more(void **state)
{
    const int fd = a_socket(left(&w));
    (void)state;
    watch(fd, OUT);
    assert_int_equal(told(), OUT | CIAO_EPOLLHUP);
    assert_int_equal(ciao_socket_close(left(&w), fd), 0);
    assert_int_equal(told(), 0);
    assert_int_equal(a_socket(left(&w)), fd); /* the number again: not watched */
    assert_int_equal(told(), 0);
    assert_int_equal(control(ep, CIAO_EPOLL_CTL_MOD, fd, OUT), E(ENOENT));
}

static void a_closed_instance_watches_no_more(void **state)
{
    const int other = ciao_epoll_create1(left(&w), CIAO_EPOLL_CLOEXEC);
    (void)state;
    assert_int_equal(ciao_fcntl(left(&w), other, CIAO_F_GETFD, 0), CIAO_FD_CLOEXEC);
    assert_int_equal(add(other, pair.left, IN), 0);
    watch(pair.left, IN);
    assert_int_equal(ciao_socket_close(left(&w), other), 0);
    right_says("x");
    assert_int_equal(told(), IN);
    assert_int_equal(add(other, pair.left, IN), E(EBADF));
}

static void an_instance_is_no_socket(void **state)
{
    char byte = 0;
    (void)state;
    assert_int_equal(set_int(left(&w), ep, SOCKET_OF(REUSEADDR), 1), E(ENOTSOCK));
    assert_int_equal(send_text(left(&w), ep, "x", 0), E(ENOTSOCK));
    assert_int_equal(recv_bytes(left(&w), ep, &byte, 1, 0), E(ENOTSOCK));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(level_tells_as_long_as_it_is_so),
        STORY(edge_tells_once_for_each_arrival),
        STORY(edge_tells_the_whole_of_it),
        STORY(an_acknowledgment_is_no_edge),
        STORY(room_is_an_edge_for_who_found_none),
        STORY(the_peers_end_is_an_edge_of_its_own),
        STORY(the_end_is_an_edge_once),
        STORY(an_urgent_byte_is_an_edge),
        STORY(a_low_water_mark_makes_what_is_there_news),
        STORY(a_reset_is_told_without_being_asked_for),
        STORY(the_end_of_a_handshake_is_an_edge),
        STORY(every_connection_is_an_edge_of_a_listener),
        STORY(once_is_until_it_is_asked_for_again),
        STORY(asking_anew_looks_anew),
        STORY(it_waits_and_is_woken),
        STORY(ready_ones_take_turns),
        STORY(an_instance_is_readable_when_it_has_news),
        STORY(poll_waits_for_an_instance),
        STORY(instances_form_no_ring_and_no_long_chain),
        STORY(the_exclusive_are_told_one_by_one),
        STORY(what_makes_no_sense_is_refused),
        STORY(what_is_closed_is_watched_no_more),
        STORY(a_closed_instance_watches_no_more),
        STORY(an_instance_is_no_socket),
    };
    return cmocka_run_group_tests_name("epoll", tests, NULL, NULL);
}
