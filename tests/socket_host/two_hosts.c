/* See two_hosts.h. */
#include "two_hosts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "driver/cable.h"

void must(int64_t status)
{
    if (status >= 0)
        return;
    printf("Bail out! a call that must succeed returned %lld\n", (long long)status);
    abort();
}

static void plug_in(struct host_sockets *sockets, int end, const char *text)
{
    struct host *host = host_sockets_enter(sockets);
    struct cable_options options = {.kind = CIAO_LINK_IP, .pool = host_pool(host)};
    struct ciao_driver *driver;
    struct ciao_addr address;
    int link;

    must(cable_open(&driver, end, &options));
    link = host_attach(host, driver);
    must(link);
    must(ciao_addr_parse(text, &address) ? 0 : -1);
    must(ciao_address_add(host_stack(host), link, &address, 24));
    host_sockets_leave(sockets);
}

struct two_hosts two_hosts_open(void)
{
    struct two_hosts two;
    int ends[2];

    must(host_sockets_open(&two.left_host, NULL, NULL));
    must(host_sockets_open(&two.right_host, NULL, NULL));
    two.left = host_sockets_layer(two.left_host);
    two.right = host_sockets_layer(two.right_host);
    must(cable_make(ends));
    plug_in(two.left_host, ends[0], "10.0.0.1");
    plug_in(two.right_host, ends[1], "10.0.0.2");
    return two;
}

void two_hosts_close(struct two_hosts *two)
{
    host_sockets_close(two->left_host);
    host_sockets_close(two->right_host);
}

int listen_right(const struct two_hosts *two, int backlog)
{
    struct ciao_sockaddr_in any = {.sin_family = CIAO_AF_INET};
    int fd = ciao_socket(two->right, CIAO_AF_INET, CIAO_SOCK_STREAM, 0);

    must(fd);
    must(ciao_bind(two->right, fd, &any, sizeof any));
    must(ciao_socket_listen(two->right, fd, backlog));
    return fd;
}

uint16_t port_of(struct ciao_sockets *sockets, int fd)
{
    struct ciao_sockaddr_in addr;
    uint32_t len = sizeof addr;

    must(ciao_getsockname(sockets, fd, &addr, &len));
    return ntohs(addr.sin_port);
}

int connect_left(const struct two_hosts *two, uint16_t port)
{
    struct ciao_sockaddr_in there = {
        .sin_family = CIAO_AF_INET, .sin_port = htons(port), .sin_addr = {10, 0, 0, 2}};
    int fd = ciao_socket(two->left, CIAO_AF_INET, CIAO_SOCK_STREAM, 0);

    must(fd);
    must(ciao_socket_connect(two->left, fd, &there, sizeof there));
    return fd;
}

void write_all(struct ciao_sockets *sockets, int fd, const void *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        int64_t n = ciao_write(sockets, fd, (const uint8_t *)data + done, len - done);

        must(n);
        done += (size_t)n;
    }
}

void read_all(struct ciao_sockets *sockets, int fd, void *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        int64_t n = ciao_read(sockets, fd, (uint8_t *)data + done, len - done);

        must(n == 0 ? -1 : n);
        done += (size_t)n;
    }
}

uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void pause_us(uint64_t span_us)
{
    struct timespec span = {(time_t)(span_us / 1000000), (long)(span_us % 1000000 * 1000)};

    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
}
