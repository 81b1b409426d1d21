/*
 * A connection between this stack and the kernel's, step by step: see steps.h.
 */
#include "linux/steps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/tap.h"

#define PATIENCE_MS 2000
#define TEXT_MOST   256
#define QUIET_MS    60 /* the kernel delays an ACK by 40 ms */

static struct ciao_addr address(bool v6, bool ours)
{
    struct ciao_addr addr;
    const char *text = v6 ? (ours ? "fd09::2" : "fd09::1") : (ours ? "10.9.0.2" : "10.9.0.1");

    assert_true(ciao_addr_parse(text, &addr));
    return addr;
}

static void nap_ms(long ms)
{
    struct timespec span = {0, ms * 1000000};

    (void)nanosleep(&span, NULL);
}

static uint64_t now(const struct steps *s)
{
    return host_now(s->host);
}

/* The kernel's IPv6 address takes packets only when its own route is there, a moment later. */
static void wait_for_route(void)
{
    const char *asked = "ip -6 route show table local dev ciao0 | grep -q '^local fd09::1 '";

    for (unsigned ms = 0; ms < PATIENCE_MS; ms += 10) {
        if (system(asked) == 0)
            return;
        nap_ms(10);
    }
    fail_msg("the kernel has no route to its own address");
}

static void attach(struct steps *s)
{
    struct tap_address theirs[2] = {{address(false, false), 24}, {address(true, false), 64}};
    struct ciao_addr v4 = address(false, true), v6 = address(true, true);
    struct tap_options options = {
        .kind = CIAO_LINK_IP,
        .name = "ciao0",
        .addresses = theirs,
        .n_addresses = 2,
        .pool = host_pool(s->host),
    };
    struct ciao_driver *tap;
    char error[TAP_ERROR_TEXT] = "";
    int link;

    if (tap_open(&tap, &options, error) < 0)
        fail_msg("%s", error);
    wait_for_route();
    link = host_attach(s->host, tap);
    assert_true(link >= 0);
    assert_int_equal(ciao_address_add(s->stack, link, &v4, 24), 0);
    assert_int_equal(ciao_address_add(s->stack, link, &v6, 64), 0);
}

void steps_begin(struct steps *s, bool v6)
{
    static uint16_t tests;
    struct ciao_config config;
    struct host_options options = {.config = &config};

    ciao_config_default(&config, CIAO_PROFILE_CIAO);
    config.tcp.msl_us =
        100000; /* TIME-WAIT long enough to be seen, short enough to be waited for */
    config.tcp.delayed_ack_us = 0;
    *s = (struct steps){.v6 = v6, .kernel_listener = -1, .kernel = -1};
    s->our_port = (uint16_t)(7000 + tests);
    s->their_port = (uint16_t)(17000 + tests);
    tests++;
    assert_int_equal(host_open(&s->host, &options), 0);
    s->stack = host_stack(s->host);
    attach(s);
}

static bool tables_empty(struct steps *s)
{
    struct ciao_counts counts;

    ciao_counts(s->stack, &counts);
    return counts.tcbs == 0 && counts.time_waits == 0 && counts.syn_records == 0
           && counts.timers == 0;
}

void steps_end(struct steps *s)
{
    if (s->conn)
        (void)ciao_close(s->stack, s->conn, NULL, now(s));
    if (s->listener)
        (void)ciao_close(s->stack, s->listener, NULL, now(s));
    if (s->kernel >= 0)
        (void)close(s->kernel);
    if (s->kernel_listener >= 0)
        (void)close(s->kernel_listener);
    for (unsigned ms = 0; ms < PATIENCE_MS && !tables_empty(s); ms += 10) {
        steps_settle(s);
        nap_ms(10);
    }
    assert_true(tables_empty(s));
    host_close(s->host);
}

/* ---- frames ---- */

void steps_send(struct steps *s)
{
    assert_true(host_send(s->host) >= 0);
}

void steps_hear(struct steps *s)
{
    unsigned came = 0;

    for (unsigned ms = 0; came == 0 && ms < QUIET_MS; ms++) {
        for (int n = host_receive(s->host); n > 0; n = host_receive(s->host))
            came++;
        if (came == 0)
            nap_ms(1);
    }
}

void steps_settle(struct steps *s)
{
    for (unsigned quiet = 0; quiet < QUIET_MS / 3; quiet++) {
        int came = host_receive(s->host), went = host_send(s->host);

        assert_true(came >= 0 && went >= 0);
        if (came > 0 || went > 0)
            quiet = 0;
        else
            nap_ms(3);
    }
}

/* ---- the kernel's side ---- */

static socklen_t kernel_address(const struct steps *s, bool ours, struct sockaddr_storage *out)
{
    uint16_t port = htons(ours ? s->our_port : s->their_port);
    struct ciao_addr addr = address(s->v6, ours);

    memset(out, 0, sizeof *out);
    if (s->v6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = port;
        memcpy(&in6->sin6_addr, addr.b, 16);
        return sizeof *in6;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)out;

    in->sin_family = AF_INET;
    in->sin_port = port;
    memcpy(&in->sin_addr, addr.b + 12, 4);
    return sizeof *in;
}

static int bound_socket(const struct steps *s)
{
    struct sockaddr_storage own;
    socklen_t len = kernel_address(s, false, &own);
    int fd = socket(s->v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int yes = 1;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&own, len), 0);
    return fd;
}

void kernel_calls(struct steps *s)
{
    struct sockaddr_storage peer;
    socklen_t len = kernel_address(s, true, &peer);

    s->kernel = bound_socket(s);
    assert_int_equal(connect(s->kernel, (const struct sockaddr *)&peer, len), -1);
    assert_int_equal(errno, EINPROGRESS);
}

void kernel_connects(struct steps *s)
{
    ciao_listens(s);
    kernel_calls(s);
}

void kernel_listens(struct steps *s)
{
    s->kernel_listener = bound_socket(s);
    assert_int_equal(listen(s->kernel_listener, 4), 0);
}

void kernel_accepts(struct steps *s)
{
    for (unsigned ms = 0; ms < PATIENCE_MS && s->kernel < 0; ms++) {
        s->kernel = accept4(s->kernel_listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (s->kernel < 0)
            nap_ms(1);
    }
    assert_true(s->kernel >= 0);
}

void kernel_sends(struct steps *s, const char *text)
{
    assert_int_equal(send(s->kernel, text, strlen(text), MSG_NOSIGNAL), (int)strlen(text));
}

void kernel_reads(struct steps *s, const char *text)
{
    char got[TEXT_MOST] = "";
    ssize_t n = -1;

    for (unsigned ms = 0; ms < PATIENCE_MS && n < 0; ms++) {
        n = recv(s->kernel, got, sizeof got - 1, 0);
        if (n < 0)
            nap_ms(1);
    }
    assert_true(n >= 0);
    assert_string_equal(got, text);
}

void kernel_fails(struct steps *s, int expected_errno)
{
    char byte;
    int error = EAGAIN;

    for (unsigned ms = 0; ms < PATIENCE_MS && (error == EAGAIN || error == ENOTCONN); ms++) {
        error = recv(s->kernel, &byte, 1, 0) < 0 ? errno : 0;
        nap_ms(1);
    }
    assert_int_equal(error, expected_errno);
}

void kernel_shuts_down(struct steps *s)
{
    assert_int_equal(shutdown(s->kernel, SHUT_WR), 0);
}

void kernel_closes(struct steps *s)
{
    assert_int_equal(close(s->kernel), 0);
    s->kernel = -1;
}

/* ---- ciao's side ---- */

void ciao_listens(struct steps *s)
{
    struct ciao_endpoint local = {address(s->v6, true), s->our_port};

    assert_int_equal(ciao_listen(s->stack, &local, 4, NULL, &s->listener), 0);
}

void ciao_accepts(struct steps *s)
{
    assert_int_equal(ciao_accept(s->stack, s->listener, &s->conn), 0);
}

void ciao_calls(struct steps *s)
{
    struct ciao_endpoint remote = {address(s->v6, false), s->their_port};
    struct ciao_endpoint local = {address(s->v6, true), s->our_port};

    assert_int_equal(ciao_connect(s->stack, &remote, &local, NULL, &s->conn, now(s)), 0);
}

void ciao_sends(struct steps *s, const char *text)
{
    assert_int_equal(ciao_send(s->stack, s->conn, text, strlen(text), 0, now(s)),
                     (int)strlen(text));
}

void ciao_reads(struct steps *s, const char *text)
{
    char got[TEXT_MOST] = "";

    assert_int_equal(ciao_recv(s->stack, s->conn, got, sizeof got - 1, 0, now(s)),
                     (int)strlen(text));
    assert_string_equal(got, text);
}

void ciao_shuts_down(struct steps *s)
{
    assert_int_equal(ciao_shutdown(s->stack, s->conn, CIAO_SHUT_WR, now(s)), 0);
}

void ciao_closes(struct steps *s)
{
    assert_int_equal(ciao_close(s->stack, s->conn, NULL, now(s)), 0);
    s->conn = 0;
}

/* ---- what both say ---- */

const char *our_state(struct steps *s)
{
    uint64_t cursor = 0;
    struct ciao_info info;

    if (s->conn && ciao_info(s->stack, s->conn, &info) == 0)
        return info.state == CIAO_CLOSED ? "-" : ciao_state_name(info.state);
    while (ciao_next_connection(s->stack, &cursor, &info))
        if (info.local.port == s->our_port && info.remote.port == s->their_port)
            return info.state == CIAO_CLOSED ? "-" : ciao_state_name(info.state);
    return "-";
}

/* The first word of the line that ss has for this connection. */
static void their_state(const struct steps *s, char text[TEXT_MOST])
{
    char command[TEXT_MOST];
    FILE *ss;

    (void)snprintf(command, sizeof command, "ss -Htan 'sport = :%u and dport = :%u'",
                   (unsigned)s->their_port, (unsigned)s->our_port);
    ss = popen(command, "r");
    assert_non_null(ss);
    if (fscanf(ss, "%63s", text) != 1)
        (void)strcpy(text, "-");
    assert_int_equal(pclose(ss), 0);
}

void states_are(struct steps *s, const char *ours, const char *theirs)
{
    char text[TEXT_MOST] = "-";

    for (unsigned ms = 0; ms < PATIENCE_MS; ms += 10) {
        their_state(s, text);
        if (strcmp(text, theirs) == 0)
            break;
        nap_ms(10);
    }
    assert_string_equal(text, theirs);
    assert_string_equal(our_state(s), ours);
}

void kernel_opens(struct steps *s)
{
    kernel_connects(s);
    steps_settle(s);
    ciao_accepts(s);
    states_are(s, "ESTABLISHED", "ESTAB");
}

void ciao_opens(struct steps *s)
{
    kernel_listens(s);
    ciao_calls(s);
    steps_settle(s);
    kernel_accepts(s);
    states_are(s, "ESTABLISHED", "ESTAB");
}
