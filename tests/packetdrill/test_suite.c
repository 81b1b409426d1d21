/*
 * A suite's folder: settings in files, also under FreeBSD's names; the list of sockets; tcpdrop.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "rig.h"

struct suite {
    struct rig rig;
    char folder[64];
};

static void path_in(const struct suite *suite, const char *name, char path[256])
{
    (void)snprintf(path, 256, "%s/%s", suite->folder, name);
}

static void put(const struct suite *suite, const char *name, const char *text)
{
    char path[256];

    path_in(suite, name, path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void get(const struct suite *suite, const char *name, char text[1024])
{
    char path[256];

    path_in(suite, name, path);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    text[fread(text, 1, 1023, file)] = 0;
    (void)fclose(file);
}

static int begin(void **state)
{
    static struct suite suite;
    char sysctl[256];

    (void)strcpy(suite.folder, "/tmp/ciao-suite-XXXXXX");
    assert_non_null(mkdtemp(suite.folder));
    path_in(&suite, "sysctl", sysctl);
    assert_int_equal(mkdir(sysctl, 0700), 0);
    assert_int_equal(setenv("PDSUITE_DIR", suite.folder, 1), 0);
    rig_open(&suite.rig, "profile=rfc");
    *state = &suite;
    return 0;
}

static int end(void **state)
{
    struct suite *suite = *state;
    char command[256];

    rig_close(&suite->rig);
    assert_int_equal(unsetenv("PDSUITE_DIR"), 0);
    (void)snprintf(command, sizeof command, "rm -r '%s'", suite->folder);
    return system(command);
}

/* A SYN with a timestamp and a window scale; how many bytes of options has the answer? */
static unsigned options_of_answer(struct rig *rig)
{
    struct seen seen;
    struct pd_table *t = &rig->t;
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = 0x0b0b};

    there.sin_addr.s_addr = 0x010200c0; /* 192.0.2.1 */
    int fd = t->socket(t->self, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
    assert_true(fd >= 0);
    assert_int_equal(t->connect(t->self, fd, (struct sockaddr *)&there, sizeof there), -1);
    assert_true(rig_receive(rig, &seen));
    assert_int_equal(seen.flags, SYN);
    assert_int_equal(t->close(t->self, fd), 0);
    return seen.options;
}

static void settings_are_files(void **state)
{
    struct suite *suite = *state;

    assert_int_equal(options_of_answer(&suite->rig), 20); /* mss sackOK TS nop wscale */
    put(suite, "sysctl/net.ipv4.tcp_timestamps", "0\n");
    assert_int_equal(options_of_answer(&suite->rig), 12); /* mss nop wscale nop nop sackOK */
    put(suite, "sysctl/net.ipv4.tcp_timestamps", "1\n");
    assert_int_equal(options_of_answer(&suite->rig), 20);
}

/* A script may set something when its socket listens already. */
static void a_listener_follows_what_is_set_later(void **state)
{
    struct suite *suite = *state;
    struct seen seen;

    (void)rig_listen(&suite->rig);
    put(suite, "sysctl/net.ipv4.ip_default_ttl", "9");
    rig_send(&suite->rig, (struct sent){.flags = SYN});
    assert_true(rig_receive(&suite->rig, &seen));
    assert_int_equal(seen.bytes[8], 9);
}

static void settings_may_have_freebsds_names(void **state)
{
    struct suite *suite = *state;

    put(suite, "sysctl/net.inet.tcp.rfc1323", "0\n");
    assert_int_equal(options_of_answer(&suite->rig), 8); /* mss, nop nop sackOK */
    put(suite, "sysctl/net.inet.tcp.sack.enable", "0\n");
    assert_int_equal(options_of_answer(&suite->rig), 4);
}

/* TIME-WAIT lasts twice net.inet.tcp.msl milliseconds, so that the list shows its end. */
static void the_list_of_sockets_follows_their_states(void **state)
{
    struct suite *suite = *state;
    struct rig *rig = &suite->rig;
    char text[1024];

    put(suite, "sysctl/net.inet.tcp.msl", "2000");
    int listener = rig_listen(rig);
    get(suite, "sockets", text);
    assert_non_null(strstr(text, " tcp4 192.168.0.1:8080 *:* LISTEN\n"));
    assert_int_equal(strncmp(text, "packetdril ", 11), 0);
    int unused = rig->t.socket(rig->t.self, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    get(suite, "sockets", text);
    assert_non_null(strstr(text, " tcp4 *:* *:* CLOSED\n"));
    assert_int_equal(rig->t.close(rig->t.self, unused), 0);
    rig_send(rig, (struct sent){.flags = SYN});
    rig_expect(rig, SYN | ACK, 0, 1);
    get(suite, "sockets", text);
    assert_non_null(strstr(text, " tcp4 192.168.0.1:8080 192.0.2.1:43210 SYN_RCVD\n"));
    rig_send(rig, (struct sent){.flags = ACK, .seq = 1, .ack = 1});
    int fd = rig->t.accept(rig->t.self, listener, NULL, NULL);
    char wanted[128];
    (void)snprintf(wanted, sizeof wanted,
                   " %ld %d tcp4 192.168.0.1:8080 192.0.2.1:43210 ESTABLISHED\n", (long)getpid(),
                   fd);
    get(suite, "sockets", text);
    assert_non_null(strstr(text, wanted));
    assert_int_equal(rig->t.close(rig->t.self, fd), 0);
    rig_expect(rig, FIN | ACK, 1, 1);
    rig_send(rig, (struct sent){.flags = FIN | ACK, .seq = 1, .ack = 2});
    get(suite, "sockets", text);
    assert_non_null(strstr(text, " TIME_WAIT\n"));
    assert_int_equal(rig->t.usleep(rig->t.self, 4100000), 0);
    get(suite, "sockets", text);
    assert_null(strstr(text, " TIME_WAIT\n"));
}

static void a_connection_is_dropped_from_outside(void **state)
{
    struct suite *suite = *state;
    struct rig *rig = &suite->rig;
    char byte, text[1024];

    int fd = rig_accepted(rig, rig_listen(rig));
    put(suite, "tcpdrop", "192.168.0.1 8080 192.0.2.1 43210\n");
    rig_expect(rig, RST | ACK, 1, 1);
    assert_int_equal(rig->t.read(rig->t.self, fd, &byte, 1), -1);
    assert_int_equal(errno, ECONNABORTED);
    get(suite, "sockets", text);
    assert_null(strstr(text, "ESTABLISHED"));
    char path[256];
    path_in(suite, "tcpdrop", path);
    assert_int_equal(access(path, F_OK), -1);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(settings_are_files),
        STORY(a_listener_follows_what_is_set_later),
        STORY(settings_may_have_freebsds_names),
        STORY(the_list_of_sockets_follows_their_states),
        STORY(a_connection_is_dropped_from_outside),
    };
    return cmocka_run_group_tests_name("packetdrill/suite", tests, NULL, NULL);
}
