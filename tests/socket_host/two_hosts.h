/*
 * Two hosts with sockets, each with its threads, joined by a cable: left is 10.0.0.1, right is
 * 10.0.0.2.  Calls that must succeed, and threads that report to whoever joins them.
 */
#ifndef TESTS_TWO_HOSTS_H
#define TESTS_TWO_HOSTS_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/sockets_host.h"

struct two_hosts {
    struct host_sockets *left_host, *right_host;
    struct ciao_sockets *left, *right;
};

struct two_hosts two_hosts_open(void);
void two_hosts_close(struct two_hosts *two);

/* A listener on the right, blocking; its port. */
int listen_right(const struct two_hosts *two, int backlog);
uint16_t port_of(struct ciao_sockets *sockets, int fd);
/* From the left, blocking. */
int connect_left(const struct two_hosts *two, uint16_t port);

/* All of it; a thread that cannot ends the test program. */
void write_all(struct ciao_sockets *sockets, int fd, const void *data, size_t len);
void read_all(struct ciao_sockets *sockets, int fd, void *data, size_t len);
void must(int64_t status);

uint64_t now_us(void);
void pause_us(uint64_t span_us);

#endif
