/*
 * Shell blocks: what sets sysctls changes the stack's settings, the rest is noted.
 */
#include <stdio.h>
#include <string.h>

#include "drill/play.h"
#include "host/sysctl.h"

#define SYN_WITH_ALL "+.1 < S 0:0(0) win 9 <mss 1000,sackOK,TS val 1 ecr 0,nop,wscale 7>\n"
#define LISTENS                                     \
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n" \
    "+0 bind(3, ..., ...) = 0\n"                    \
    "+0 listen(3, 1) = 0\n" SYN_WITH_ALL

static void sysctls_of_every_spelling_take_effect(void **state)
{
    (void)state;
    play_passes("`sysctl -q net.ipv4.tcp_sack=0 net.ipv4.tcp_timestamps=0`\n" LISTENS
                "+0 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>\n");
    play_passes("`../common/set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0`\n" LISTENS
                "+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 7>\n");
    play_passes("`echo 0 > /proc/sys/net/ipv4/tcp_window_scaling; sysctl -w "
                "net.ipv4.tcp_timestamps=0`\n" LISTENS
                "+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>\n");
}

static void the_common_defaults_are_known(void **state)
{
    (void)state;
    play_passes("`../../common/defaults.sh\n ../../common/set_sysctls.py "
                "/proc/sys/net/ipv4/tcp_sack=0`\n" LISTENS
                "+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,TS val 5 ecr 1,nop,wscale 8>\n");
}

static void a_setting_may_change_in_the_middle(void **state)
{
    (void)state;
    play_passes("0 `sysctl -q net.ipv4.ip_default_ttl=99`\n"
                "+0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n"
                "+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n"
                "+0 > (ttl 99) S 0:0(0) <...>\n");
}

static void other_commands_are_noted_and_not_run(void **state)
{
    (void)state;
    struct drill_result result =
        play("`ip tcp_metrics flush all > /dev/null 2>&1\nsysctl -q net.ipv4.tcp_nonsense=1`\n"
             "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n");
    assert_int_equal(result.verdict, DRILL_PASS);
    assert_non_null(strstr(result.notes, "shell command not run: ip tcp_metrics flush all"));
    assert_non_null(strstr(result.notes, "no sysctl net.ipv4.tcp_nonsense"));
    drill_result_free(&result);
}

static void with_the_users_leave_commands_are_run(void **state)
{
    (void)state;
    static const char text[] = "0 `exit 3`\n";
    struct drill_options options = {.profile = CIAO_PROFILE_LINUX, .out = stdout, .shell = true};
    struct drill_result result;
    struct script *script = play_read(text);
    drill_run(script, DRILL_IPV4, &options, &result);
    assert_int_equal(result.verdict, DRILL_FAIL);
    assert_int_equal(result.line, 1);
    drill_result_free(&result);
    script_free(script);
}

static enum sysctl_answer set(struct sysctls *sysctls, const char *name, const char *value)
{
    return sysctl_set(sysctls, name, strlen(name), value);
}

static void values_that_linux_refuses_change_nothing(void **state)
{
    (void)state;
    struct sysctls sysctls;
    sysctls_init(&sysctls, CIAO_PROFILE_LINUX);
    struct sysctls before = sysctls;
    assert_int_equal(set(&sysctls, "net.ipv4.tcp_rmem", "1 2"), SYSCTL_BAD_VALUE);
    assert_int_equal(set(&sysctls, "net.ipv4.tcp_syn_retries", "128"), SYSCTL_BAD_VALUE);
    assert_int_equal(set(&sysctls, "net.ipv4.ip_default_ttl", "many"), SYSCTL_BAD_VALUE);
    assert_int_equal(set(&sysctls, "net.ipv4.tcp_congestion_control", "vegas"), SYSCTL_BAD_VALUE);
    assert_int_equal(set(&sysctls, "net.ipv4.ip_local_port_range", "9 5"), SYSCTL_BAD_VALUE);
    assert_int_equal(set(&sysctls, "net.ipv4.no_such", "1"), SYSCTL_UNKNOWN);
    assert_memory_equal(&sysctls, &before, sizeof before);
}

/* AS LINUX: tcp_retries2 of 15 is 924.6 s, when the first repeat comes after 200 ms. */
static void counts_of_repeats_become_times(void **state)
{
    (void)state;
    struct sysctls sysctls;
    sysctls_init(&sysctls, CIAO_PROFILE_LINUX);
    assert_int_equal(set(&sysctls, "net.ipv4.tcp_retries2", "15"), SYSCTL_SET);
    assert_int_equal(sysctls.tcp.r2_us, 924600000);
    assert_int_equal(set(&sysctls, "net.ipv4.tcp_retries2", "3"), SYSCTL_SET);
    assert_int_equal(sysctls.tcp.r2_us, 3000000);
    assert_int_equal(set(&sysctls, "net/ipv4/tcp_fin_timeout", "7"), SYSCTL_SET);
    assert_int_equal(sysctls.tcp.orphan_fin_wait_2_us, 7000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sysctls_of_every_spelling_take_effect),
        cmocka_unit_test(the_common_defaults_are_known),
        cmocka_unit_test(a_setting_may_change_in_the_middle),
        cmocka_unit_test(other_commands_are_noted_and_not_run),
        cmocka_unit_test(with_the_users_leave_commands_are_run),
        cmocka_unit_test(values_that_linux_refuses_change_nothing),
        cmocka_unit_test(counts_of_repeats_become_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
