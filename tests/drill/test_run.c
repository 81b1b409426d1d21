/*
 * Scripts are played: what passes, what fails, and what is said of it.
 */
#include <stdio.h>
#include <string.h>

#include "drill/play.h"

static void a_script_passes_with_every_family_and_profile(void **state)
{
    (void)state;
    static const char text[] = PLAY_ACCEPTED "+0 write(4, ..., 1000) = 1000\n"
                                             "+0 > P. 1:1001(1000) ack 1\n"
                                             "+.1 < F. 1:1(0) ack 1001 win 257\n"
                                             "+0~+.3 > . 1001:1001(0) ack 2\n"
                                             "+.3 read(4, ..., 100) = 0\n"
                                             "+0 close(4) = 0\n"
                                             "+0 > F. 1001:1001(0) ack 2\n"
                                             "+.1 < . 2:2(0) ack 1002 win 257\n";
    for (int family = 0; family < DRILL_FAMILIES; family++)
        for (int profile = 0; profile < CIAO_PROFILES; profile++) {
            struct drill_result result =
                play_as(text, (enum drill_family)family, (enum ciao_profile)profile);
            if (result.verdict != DRILL_PASS)
                fail_msg("%s: line %u: %s", drill_family_name((enum drill_family)family),
                         result.line, result.sentence);
            drill_result_free(&result);
        }
}

static void a_difference_is_said_in_the_scripts_language(void **state)
{
    (void)state;
    struct drill_result result = play(PLAY_ACCEPTED "+0 write(4, ..., 1000) = 1000\n"
                                                    "+0 > P. 1:1001(1000) ack 7 win 502\n");
    assert_int_equal(result.verdict, DRILL_FAIL);
    assert_int_equal(result.line, 10);
    assert_string_equal(result.sentence, "the acknowledgment number is another");
    assert_string_equal(result.expected, "> P. 1:1001(1000) ack 7 win 502");
    assert_non_null(strstr(result.seen, "> P. 1:1001(1000) ack 1 win "));
    assert_non_null(strstr(result.ladder, "SYN-RECEIVED"));
    drill_result_free(&result);
}

static void each_field_is_compared(void **state)
{
    (void)state;
    static const struct {
        const char *expected, *words;
    } cases[] = {
        {"> . 1:1001(1000) ack 1", "PSH is set"},
        {"> FP. 1:1001(1000) ack 1", "FIN is missing"},
        {"> P. 2:1002(1000) ack 1", "the sequence number"},
        {"> P. 1:901(900) ack 1", "the length"},
        {"> P. 1:1001(1000) ack 1 win 1", "the window"},
        {"> P. 1:1001(1000) ack 1 urg 1", "the urgent pointer"},
        {"> [ect0] P. 1:1001(1000) ack 1", "the ECN bits"},
        {"> (ttl 3) P. 1:1001(1000) ack 1", "the time to live"},
        {"> [tos 0x10] P. 1:1001(1000) ack 1", "the traffic class"},
        {"> P. 1:1001(1000) ack 1 <nop,nop,sack 1:2>", "the options"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[600];
        (void)snprintf(text, sizeof text, PLAY_ACCEPTED "+0 write(4, ..., 1000) = 1000\n+0 %s\n",
                       cases[i].expected);
        play_fails(text, 10, cases[i].words);
    }
}

static void what_is_not_sent_is_missed(void **state)
{
    (void)state;
    play_fails(PLAY_ACCEPTED "+0 > . 1:1(0) ack 1\n", 9, "nothing was sent for 2");
    play_fails(PLAY_ACCEPTED "* > . 1:1(0) ack 1\n", 9, "nothing was sent");
    play_fails("0 > . 1:1(0) ack 1\n", 1, "no connection is there yet");
}

static void time_has_to_fit(void **state)
{
    (void)state;
    static const char early[] = PLAY_ACCEPTED "+0 write(4, ..., 10) = 10\n"
                                              "+.5 > P. 1:11(10) ack 1\n";
    play_fails(early, 10, "0.500000 s too early, and 0.062500 s are allowed");
    play_passes(PLAY_ACCEPTED "+0 write(4, ..., 10) = 10\n+.003 > P. 1:11(10) ack 1\n");
    play_passes("--tolerance_usecs=600000\n" PLAY_ACCEPTED "+0 write(4, ..., 10) = 10\n"
                "+.5 > P. 1:11(10) ack 1\n");
    play_passes(PLAY_ACCEPTED "+0 write(4, ..., 10) = 10\n* > P. 1:11(10) ack 1\n"
                              "+.2~+.5 > P. 1:11(10) ack 1\n");
    play_fails(PLAY_ACCEPTED "0.1 close(4) = 0\n", 9, "too late");
}

static void long_segments_may_come_in_pieces(void **state)
{
    (void)state;
    play_passes(PLAY_ACCEPTED "+0 write(4, ..., 2500) = 2500\n+0 > P. 1:2501(2500) ack 1\n");
    play_fails("--strict_segments\n" PLAY_ACCEPTED "+0 write(4, ..., 2500) = 2500\n"
               "+0 > P. 1:2501(2500) ack 1\n",
               11, "is");
    play_fails(PLAY_ACCEPTED "+0 write(4, ..., 2500) = 2500\n+0 > P. 1:3001(3000) ack 1\n", 10,
               "2000 of 3000 bytes");
}

static void calls_are_compared_with_their_results(void **state)
{
    (void)state;
    struct drill_result result =
        play(PLAY_ACCEPTED "+0 recv(4, ..., 10, MSG_DONTWAIT) = -1 ENOTCONN (Not connected)\n");
    assert_string_equal(result.expected, "recv() = -1 ENOTCONN");
    assert_string_equal(result.seen, "-1 EAGAIN");
    drill_result_free(&result);
    play_fails(PLAY_ACCEPTED "+0 recv(4, ..., 10, MSG_DONTWAIT) = 5\n", 9, "something else");
    play_fails(PLAY_ACCEPTED "+0 getsockopt(4, SOL_SOCKET, SO_TYPE, [2], [4]) = 0\n", 9,
               "another value");
    play_fails(PLAY_ACCEPTED "+0 frobnicate(4) = 0\n", 9, "no call frobnicate()");
    play_fails(PLAY_ACCEPTED "+0 close(4, 5) = 0\n", 9, "takes 1 arguments, and here are 2");
    play_fails(PLAY_ACCEPTED "+0 setsockopt(4, SOL_NOWHERE, 1, [1], 4) = 0\n", 9, "SOL_NOWHERE");
}

static void a_call_that_waits_goes_on_with_what_follows(void **state)
{
    (void)state;
    play_passes(PLAY_ACCEPTED "+0...0.100 read(4, ..., 100) = 50\n"
                              "+.1 < P. 1:51(50) ack 1 win 257\n"
                              "+0~+.2 > . 1:1(0) ack 51\n"
                              "+0 read(4, ..., 0) = 0\n");
}

static void a_call_has_to_end_when_it_should(void **state)
{
    (void)state;
    play_fails(PLAY_ACCEPTED "+0...0.900 read(4, ..., 100) = 50\n"
                             "+.1 < P. 1:51(50) ack 1 win 257\n",
               9, "too early");
    play_fails(PLAY_ACCEPTED "+0...0.1 read(4, ..., 100) = 50\n", 9, "never returns");
    play_fails(PLAY_ACCEPTED "+0 read(4, ..., 100) = 50\n", 9, "+0...0.1");
    play_fails(PLAY_ACCEPTED "+0...5 read(4, ..., 100) = 0\n+0 close(4) = 0\n", 10,
               "the call of line 9 still waits");
}

static void a_call_may_end_by_its_own_time(void **state)
{
    (void)state;
    play_passes(PLAY_ACCEPTED "+0 poll([{fd=4, events=POLLIN, revents=0}], 1, 70) = 0\n"
                              "+0 write(4, ..., 1) = 1\n"
                              "+0 > P. 1:2(1) ack 1\n");
    play_passes(PLAY_ACCEPTED "+0 epoll_create(1) = 5\n"
                              "+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, fd=4}) = 0\n"
                              "+0 epoll_wait(5, {events=0, ptr=0}, 1, 30) = 0\n"
                              "+0...0.1 epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 200) = 1\n"
                              "+.1 < P. 1:51(50) ack 1 win 257\n");
}

static void timestamps_are_translated(void **state)
{
    (void)state;
    play_passes("0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n"
                "+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n"
                "+0 > S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>\n"
                "+.1 < S. 0:0(0) ack 1 win 9 <mss 1000,sackOK,TS val 700 ecr 100,nop,wscale 7>\n"
                "+0 > . 1:1(0) ack 1 <nop,nop,TS val 200 ecr 700>\n");
    play_fails("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n"
               "+0 listen(3, 1) = 0\n"
               "+0 < . 1:1(0) ack 1 win 9 <nop,nop,TS val 1 ecr 2>\n",
               4, "not sent any yet");
}

static void resets_and_icmp_reach_the_connection(void **state)
{
    (void)state;
    play_passes(PLAY_ACCEPTED "+0 < R. 1:1(0) ack 1 win 257\n"
                              "+0 read(4, ..., 9) = -1 ECONNRESET (Connection reset by peer)\n");
    play_passes("0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n"
                "+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n"
                "+0 > S 0:0(0) <...>\n"
                "+0 %{ assert tcpi_state == TCP_SYN_SENT }%\n"
                "+0 < icmp unreachable port_unreachable [0:0(0)]\n"
                "+0 %{ assert tcpi_state == TCP_CLOSE }%\n");
}

static void what_ciao_lacks_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *needs;
    } cases[] = {
        {"0 < udp (100)\n", "UDP"},
        {"0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 splice(3, 4, 5) = 0\n", "splice()"},
        {"0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
         "+0 sendto(3, ..., 9, MSG_FASTOPEN, ..., ...) = 9\n",
         "TCP Fast Open"},
        {PLAY_ACCEPTED "+0 > . 1:1(0) ack 1 <md5 00112233445566778899aabbccddeeff,nop,nop>\n",
         "TCP MD5 signatures"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drill_result result = play(cases[i].text);
        assert_int_equal(result.verdict, DRILL_NEEDS);
        assert_string_equal(result.needs, cases[i].needs);
        drill_result_free(&result);
    }
}

static void options_of_the_script_are_followed(void **state)
{
    (void)state;
    play_passes("--mtu=600\n0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n"
                "+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n"
                "+0 > S 0:0(0) <mss 560,sackOK,TS val 1 ecr 0,nop,wscale 7>\n");
    play_fails("--nonsense=1\n0 close(3) = 0\n", 1, "no option --nonsense");
    play_fails("--local_ip=fd00::1\n0 close(3) = 0\n", 1, "no address of the family");
    play_fails("1 close(3) = 0\n", 1, "at time 0");
}

static void pieces_are_as_many_as_the_call_says(void **state)
{
    (void)state;
    play_fails(PLAY_ACCEPTED "+0 writev(4, [{...,9}], 1000) = 9\n", 9, "1 pieces, not 1000");
    play_passes(PLAY_ACCEPTED "+0 writev(4, [{...,9}], -1) = -1 EINVAL (Invalid argument)\n");
}

/* What comes long after everything else is done, and compared, too. */
static void a_long_silence_ends_no_script(void **state)
{
    (void)state;
    play_fails(PLAY_ACCEPTED "+1000 read(77, ..., 5) = 5\n", 9, "read() returned something else");
    play_passes(PLAY_ACCEPTED "+1000 read(77, ..., 5) = -1 EBADF (Bad file descriptor)\n");
}

static void two_runs_are_the_same_run(void **state)
{
    (void)state;
    static const char text[] = PLAY_ACCEPTED "+0 write(4, ..., 9) = 9\n* > . 1:1(0) ack 1\n";
    struct drill_result one = play(text), two = play(text);
    assert_string_equal(one.seen, two.seen);
    assert_string_equal(one.ladder, two.ladder);
    drill_result_free(&one);
    drill_result_free(&two);
}

static void a_script_may_name_the_profiles_that_it_holds_for(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ciao_profile wanted, fits;
    } rows[] = {
        {"// None is named.\n0 close(3) = 0\n", CIAO_PROFILE_LINUX, CIAO_PROFILE_LINUX},
        {"// Two.\n// Profiles: rfc ciao\n0 close(3) = 0\n", CIAO_PROFILE_CIAO, CIAO_PROFILE_CIAO},
        {"// Two.\n// Profiles: rfc ciao\n0 close(3) = 0\n", CIAO_PROFILE_LINUX, CIAO_PROFILE_RFC},
        {"// Unknown.\n// Profiles: bsd\n0 close(3) = 0\n", CIAO_PROFILE_RFC, CIAO_PROFILE_RFC},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script *script = play_read(rows[i].text);
        assert_int_equal(drill_profile_fit(script, rows[i].wanted), rows[i].fits);
        script_free(script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_passes_with_every_family_and_profile),
        cmocka_unit_test(a_script_may_name_the_profiles_that_it_holds_for),
        cmocka_unit_test(a_difference_is_said_in_the_scripts_language),
        cmocka_unit_test(each_field_is_compared),
        cmocka_unit_test(what_is_not_sent_is_missed),
        cmocka_unit_test(time_has_to_fit),
        cmocka_unit_test(long_segments_may_come_in_pieces),
        cmocka_unit_test(calls_are_compared_with_their_results),
        cmocka_unit_test(a_call_that_waits_goes_on_with_what_follows),
        cmocka_unit_test(a_call_has_to_end_when_it_should),
        cmocka_unit_test(a_call_may_end_by_its_own_time),
        cmocka_unit_test(timestamps_are_translated),
        cmocka_unit_test(resets_and_icmp_reach_the_connection),
        cmocka_unit_test(what_ciao_lacks_is_named),
        cmocka_unit_test(options_of_the_script_are_followed),
        cmocka_unit_test(pieces_are_as_many_as_the_call_says),
        cmocka_unit_test(a_long_silence_ends_no_script),
        cmocka_unit_test(two_runs_are_the_same_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
