/*
 * ciao's sockets and the kernel's, across a TUN, each side with threads of its own.
 */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver/tap.h"
#include "two_hosts.h"

#define BYTES       (2 * 1000 * 1000)
#define PORT        7777
#define COMPUTES_US (1000 * 1000)
#define LONGEST_US  (200 * 1000)

static struct host_sockets *all;
static struct ciao_sockets *ours;

static int begin(void **state)
{
    struct tap_address theirs = {.prefix_len = 24};
    struct ciao_addr address;
    struct tap_options options = {.kind = CIAO_LINK_IP, .addresses = &theirs, .n_addresses = 1};
    struct ciao_driver *tap;
    char error[TAP_ERROR_TEXT];
    (void)state;

    must(host_sockets_open(&all, NULL, NULL));
    ours = host_sockets_layer(all);
    struct host *host = host_sockets_enter(all);
    assert_true(ciao_addr_parse("10.9.0.1", &theirs.address));
    assert_true(ciao_addr_parse("10.9.0.2", &address));
    options.pool = host_pool(host);
    must(tap_open(&tap, &options, error));
    int link = host_attach(host, tap);
    must(link);
    must(ciao_address_add(host_stack(host), link, &address, 24));
    host_sockets_leave(all);
    return 0;
}

static int end(void **state)
{
    (void)state;
    host_sockets_close(all);
    return 0;
}

static int listen_here(void)
{
    struct ciao_sockaddr_in any = {.sin_family = CIAO_AF_INET, .sin_port = htons(PORT)};
    int fd = ciao_socket(ours, CIAO_AF_INET, CIAO_SOCK_STREAM, 0);

    must(fd);
    must(ciao_bind(ours, fd, &any, sizeof any));
    must(ciao_socket_listen(ours, fd, 8));
    return fd;
}

static int kernel_connects(void)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, "10.9.0.2", &there.sin_addr);
    must(fd);
    must(connect(fd, (struct sockaddr *)&there, sizeof there));
    return fd;
}

/* ---- an echo ---- */

static void *echo_once(void *context)
{
    static char data[20000];
    int fd = ciao_accept4(ours, (int)(intptr_t)context, NULL, NULL, 0);
    int64_t n;

    must(fd);
    while ((n = ciao_read(ours, fd, data, sizeof data)) > 0)
        write_all(ours, fd, data, (size_t)n);
    must(n);
    must(ciao_socket_close(ours, fd));
    return NULL;
}

static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 31 + at / 251);
}

static void *kernel_sends(void *context)
{
    int fd = *(const int *)context;
    uint8_t *data = malloc(BYTES);

    for (size_t i = 0; i < BYTES; i++)
        data[i] = byte_at(i);
    for (size_t done = 0; done < BYTES;) {
        ssize_t n = write(fd, data + done, BYTES - done);

        must(n);
        done += (size_t)n;
    }
    must(shutdown(fd, SHUT_WR));
    free(data);
    return NULL;
}

static void every_byte_comes_back_to_the_kernel(void **state)
{
    int listener = listen_here(), fd = kernel_connects();
    pthread_t server, sender;
    uint8_t data[8192];
    size_t total = 0;
    ssize_t n;
    (void)state;

    assert_int_equal(pthread_create(&server, NULL, echo_once, (void *)(intptr_t)listener), 0);
    assert_int_equal(pthread_create(&sender, NULL, kernel_sends, &fd), 0);
    while ((n = read(fd, data, sizeof data)) > 0)
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(data[i], byte_at(total++));
    assert_int_equal(n, 0);
    assert_int_equal(total, BYTES);
    pthread_join(sender, NULL);
    pthread_join(server, NULL);
    close(fd);
}

/* ---- this program computes ---- */

static void the_kernel_is_acknowledged_while_this_program_computes(void **state)
{
    int listener = listen_here(), fd = kernel_connects();
    int child = ciao_accept4(ours, listener, NULL, NULL, 0);
    uint64_t longest_us = 0, end_us = now_us() + COMPUTES_US;
    unsigned sent = 0;
    (void)state;

    must(child);
    while (now_us() < end_us) { /* no call of ciao's: all of this is computing to it */
        uint64_t began_us = now_us();
        int waiting = 1;

        assert_int_equal(write(fd, "tick", 4), 4);
        sent++;
        while (waiting > 0 && now_us() - began_us < 2 * LONGEST_US) {
            pause_us(500);
            must(ioctl(fd, SIOCOUTQ, &waiting));
        }
        if (now_us() - began_us > longest_us)
            longest_us = now_us() - began_us;
        pause_us(10000);
    }
    assert_in_range(longest_us, 1, LONGEST_US);
    for (unsigned i = 0; i < sent; i++) {
        char data[4];

        read_all(ours, child, data, sizeof data);
        assert_memory_equal(data, "tick", 4);
    }
    close(fd);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(every_byte_comes_back_to_the_kernel),
        STORY(the_kernel_is_acknowledged_while_this_program_computes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
