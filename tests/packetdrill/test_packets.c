/*
 * Packets in and out: whose addresses they show, what is no packet, and what the flags change.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "rig.h"

static uint32_t mss_of(const struct seen *syn)
{
    assert_int_equal(syn->bytes[40], 2);
    return (uint32_t)syn->bytes[42] << 8 | syn->bytes[43];
}

static void a_bound_address_answers(void **state)
{
    struct rig rig;
    struct seen seen;

    (void)state;
    rig_open(&rig, NULL);
    (void)rig_listen(&rig);
    rig_send(&rig, (struct sent){.flags = SYN});
    assert_true(rig_receive(&rig, &seen));
    assert_int_equal(seen.flags, SYN | ACK);
    assert_int_equal(mss_of(&seen), 1460);
    rig_send(&rig, (struct sent){.flags = ACK, .seq = 1, .ack = 1});
    rig_close(&rig);
}

static void the_mtu_is_a_flag(void **state)
{
    struct rig rig;
    struct seen seen;

    (void)state;
    rig_open(&rig, "profile=linux,mtu=1200");
    (void)rig_listen(&rig);
    rig_send(&rig, (struct sent){.flags = SYN});
    assert_true(rig_receive(&rig, &seen));
    assert_int_equal(mss_of(&seen), 1160);
    rig_close(&rig);
}

/* Nobody has told an address: the first packet shows it, and a listener on any address hears it. */
static void a_packet_shows_whose_address_it_is_for(void **state)
{
    struct rig rig;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(OUR_PORT)};

    (void)state;
    rig_open(&rig, NULL);
    int fd = rig.t.socket(rig.t.self, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    assert_int_equal(rig.t.bind(rig.t.self, fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(rig.t.listen(rig.t.self, fd, 1), 0);
    rig_send(&rig, (struct sent){.flags = SYN});
    rig_expect(&rig, SYN | ACK, 0, 1);
    rig_close(&rig);
}

static uint32_t source_of_syn(const char *flags)
{
    struct rig rig;
    struct seen seen;
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(THEIR_PORT)};
    uint32_t source;

    rig_open(&rig, flags);
    assert_int_equal(inet_pton(AF_INET, THEIRS, &there.sin_addr), 1);
    int fd = rig.t.socket(rig.t.self, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
    assert_int_equal(rig.t.connect(rig.t.self, fd, (struct sockaddr *)&there, sizeof there), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_true(rig_receive(&rig, &seen));
    assert_int_equal(seen.flags, SYN);
    memcpy(&source, seen.bytes + 12, sizeof source);
    rig_close(&rig);
    return source;
}

static void who_connects_has_an_address_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(source_of_syn(NULL), inet_addr("192.168.0.1"));
    assert_int_equal(source_of_syn("local=10.1.2.3 remote=" THEIRS), inet_addr("10.1.2.3"));
}

/* A script's packet before bind or connect has neither addresses nor ports. */
static void what_is_no_packet_for_us_is_passed_over(void **state)
{
    struct rig rig;
    struct seen seen;
    uint8_t nowhere[40] = {0x45, [3] = 40, [8] = 64, [9] = 6, [32] = 0x50};
    uint8_t short_one[3] = {0x45, 0, 0};

    (void)state;
    rig_open(&rig, NULL);
    assert_int_equal(rig.t.netdev_send(rig.t.self, nowhere, sizeof nowhere), 0);
    assert_int_equal(rig.t.netdev_send(rig.t.self, short_one, sizeof short_one), 0);
    assert_int_equal(rig.t.netdev_send(rig.t.self, nowhere, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_false(rig_receive(&rig, &seen));
    (void)rig_listen(&rig);
    rig_send(&rig, (struct sent){.flags = SYN});
    rig_expect(&rig, SYN | ACK, 0, 1);
    rig_close(&rig);
}

/* After its script packetdrill resets each connection that there was. */
static void resets_after_the_end_do_no_harm(void **state)
{
    struct rig rig;
    struct seen seen;

    (void)state;
    rig_open(&rig, NULL);
    int fd = rig_accepted(&rig, rig_listen(&rig));
    assert_int_equal(rig.t.close(rig.t.self, fd), 0);
    rig_expect(&rig, FIN | ACK, 1, 1);
    rig_send(&rig, (struct sent){.flags = RST, .seq = 1});
    rig_send(&rig, (struct sent){.flags = RST, .seq = 1});
    assert_false(rig_receive(&rig, &seen));
    rig_close(&rig);
}

/* The library can only end the program: what does it say then? */
static void last_words(const char *flags, char *said, size_t room)
{
    int ends[2], status;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rig rig;
        (void)dup2(ends[1], STDERR_FILENO);
        rig_open(&rig, flags);
        _exit(0);
    }
    (void)close(ends[1]);
    size_t n = 0;
    for (ssize_t got; n + 1 < room && (got = read(ends[0], said + n, room - 1 - n)) > 0;)
        n += (size_t)got;
    said[n] = 0;
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void a_flag_that_is_not_known_is_named(void **state)
{
    char said[512];

    (void)state;
    last_words("profile=linux,colour=red", said, sizeof said);
    assert_non_null(strstr(said, "no flag \"colour\""));
    last_words("profile=solaris", said, sizeof said);
    assert_non_null(strstr(said, "flag \"profile\" takes ciao, rfc or linux, not \"solaris\""));
    last_words("mtu=99", said, sizeof said);
    assert_non_null(strstr(said, "576 to 65535"));
}

static void a_story_is_told_at_the_end(void **state)
{
    struct rig rig;
    char path[] = "/tmp/ciao-packetdrill-XXXXXX", flags[64], story[4096];

    (void)state;
    int file = mkstemp(path);
    (void)snprintf(flags, sizeof flags, "trace=%s", path);
    rig_open(&rig, flags);
    (void)rig_accepted(&rig, rig_listen(&rig));
    rig_close(&rig);
    ssize_t n = read(file, story, sizeof story - 1);
    assert_true(n > 0);
    story[n] = 0;
    assert_non_null(strstr(story, "SYN,ACK"));
    assert_non_null(strstr(story, "ESTABLISHED"));
    (void)unlink(path);
    (void)close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_address_answers),
        cmocka_unit_test(the_mtu_is_a_flag),
        cmocka_unit_test(a_packet_shows_whose_address_it_is_for),
        cmocka_unit_test(who_connects_has_an_address_in_any_case),
        cmocka_unit_test(what_is_no_packet_for_us_is_passed_over),
        cmocka_unit_test(resets_after_the_end_do_no_harm),
        cmocka_unit_test(a_flag_that_is_not_known_is_named),
        cmocka_unit_test(a_story_is_told_at_the_end),
    };
    return cmocka_run_group_tests_name("packetdrill/packets", tests, NULL, NULL);
}
