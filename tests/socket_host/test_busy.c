/*
 * A program that computes, and makes no call, goes on acknowledging what its peer sends.
 */
#include <stdatomic.h>
#include <string.h>

#include "two_hosts.h"

#define COMPUTES_US (3 * 1000 * 1000)
#define PAUSE_US    (20 * 1000)
#define MESSAGE     100
#define LONGEST_US  (200 * 1000)

struct peer {
    struct two_hosts *two;
    int fd;
    uint64_t longest_us;
    unsigned sent;
    atomic_bool done;
};

static uint64_t until_acknowledged_us(struct peer *peer)
{
    uint64_t began_us = now_us();
    int unacknowledged = 1;

    while (unacknowledged > 0 && now_us() - began_us < 10 * LONGEST_US) {
        pause_us(500);
        must(ciao_ioctl(peer->two->right, peer->fd, CIAO_SIOCOUTQ, &unacknowledged));
    }
    return now_us() - began_us;
}

static void *send_and_watch(void *context)
{
    struct peer *peer = context;
    static const char message[MESSAGE];

    while (!atomic_load(&peer->done)) {
        write_all(peer->two->right, peer->fd, message, sizeof message);
        peer->sent++;
        uint64_t waited_us = until_acknowledged_us(peer);
        if (waited_us > peer->longest_us)
            peer->longest_us = waited_us;
        pause_us(PAUSE_US);
    }
    return NULL;
}

static uint64_t compute_until(uint64_t end_us)
{
    uint64_t number = 1;

    while (now_us() < end_us)
        for (int i = 0; i < 10000; i++)
            number = number * 6364136223846793005u + 1442695040888963407u;
    return number;
}

static void a_program_that_computes_goes_on_acknowledging(void **state)
{
    struct two_hosts two = two_hosts_open();
    int listener = listen_right(&two, 8);
    int fd = connect_left(&two, port_of(two.right, listener));
    struct peer peer = {.two = &two, .fd = ciao_accept4(two.right, listener, NULL, NULL, 0)};
    pthread_t thread;
    char data[MESSAGE];
    (void)state;

    must(peer.fd);
    assert_int_equal(pthread_create(&thread, NULL, send_and_watch, &peer), 0);
    assert_int_not_equal(compute_until(now_us() + COMPUTES_US), 0);
    atomic_store(&peer.done, true);
    pthread_join(thread, NULL);
    print_message("# %u messages, the longest waited %llu us\n", peer.sent,
                  (unsigned long long)peer.longest_us);
    assert_in_range(peer.longest_us, 1, LONGEST_US);
    assert_in_range(peer.sent, 10, 1000000);
    for (unsigned i = 0; i < peer.sent; i++)
        read_all(two.left, fd, data, sizeof data);
    two_hosts_close(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_computes_goes_on_acknowledging),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
