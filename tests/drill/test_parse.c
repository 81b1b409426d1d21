/*
 * Scripts are read: what each form means, and where a broken one is broken.
 */
#include <string.h>

#include "base/bytes.h"
#include "drill/play.h"
#include "drill/wire.h"
#include "wire/tcp.h"

static const struct event *event_of(const struct script *script, unsigned n)
{
    const struct event *event = script->events;
    while (n-- > 0)
        event = event->next;
    return event;
}

static void times_are_absolute_relative_ranges_or_any(void **state)
{
    (void)state;
    struct script *script = play_read("0.25 close(3) = 0\n"
                                      "+.1 close(3) = 0\n"
                                      "1~2 > . 1:1(0) ack 1\n"
                                      "+0~+.2 > . 1:1(0) ack 1\n"
                                      "* > . 1:1(0) ack 1\n"
                                      "+1...2.5 close(3) = 0\n");
    assert_int_equal(event_of(script, 0)->when, WHEN_ABSOLUTE);
    assert_int_equal(event_of(script, 0)->at_us, 250000);
    assert_int_equal(event_of(script, 1)->when, WHEN_RELATIVE);
    assert_int_equal(event_of(script, 1)->at_us, 100000);
    assert_int_equal(event_of(script, 2)->when, WHEN_RANGE);
    assert_int_equal(event_of(script, 2)->until_us, 2000000);
    assert_int_equal(event_of(script, 3)->when, WHEN_RELATIVE_RANGE);
    assert_int_equal(event_of(script, 3)->until_us, 200000);
    assert_int_equal(event_of(script, 4)->when, WHEN_ANY);
    assert_true(event_of(script, 5)->u.call.blocks);
    assert_int_equal(event_of(script, 5)->u.call.end_us, 2500000);
    script_free(script);
}

static void comments_of_three_kinds_are_passed_over(void **state)
{
    (void)state;
    struct script *script = play_read("// one\n# two\n/* three\n lines */\n"
                                      "0 close(3) = 0 // behind\n+0 close(/* in */4) = 0\n");
    assert_int_equal(event_of(script, 0)->line, 5);
    assert_int_equal(event_of(script, 1)->u.call.args->number, 4);
    assert_null(event_of(script, 1)->next);
    script_free(script);
}

static void a_segment_has_flags_numbers_window_urgent_and_options(void **state)
{
    (void)state;
    struct script *script =
        play_read("0 < FSRPUEW. 1:1001(1000) ack 7 win 9 urg 5 <mss 1460,nop,wscale 7,sackOK,nop,"
                  "nop,TS val 10 ecr 20,eol,nop,sack 1:2,nop,nop>\n");
    const struct packet *packet = &event_of(script, 0)->u.packet;
    assert_false(packet->outbound);
    assert_int_equal(packet->flags,
                     TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_URG | TCP_ECE | TCP_CWR | TCP_ACK);
    assert_int_equal(packet->seq, 1);
    assert_int_equal(packet->len, 1000);
    assert_int_equal(packet->ack, 7);
    assert_int_equal(packet->window, 9);
    assert_int_equal(packet->urgent, 5);
    static const uint8_t options[] = {2, 4, 5, 180, 1, 3, 3, 7,  4, 2, 1, 1, 8, 10, 0, 0, 0, 10,
                                      0, 0, 0, 20,  0, 1, 5, 10, 0, 0, 0, 1, 0, 0,  0, 2, 1, 1};
    assert_int_equal(packet->n_options, sizeof options);
    assert_memory_equal(packet->options, options, sizeof options);
    assert_int_equal(wire_find_option(packet, TCP_OPTION_TIMESTAMPS), 12);
    script_free(script);
}

static void numbers_in_the_flags_are_the_ace_field(void **state)
{
    (void)state;
    struct script *script = play_read("0 > P5. 1:2(1) ack 1\n+0 > - 1:1(0)\n");
    assert_true(event_of(script, 0)->u.packet.ace);
    assert_int_equal(event_of(script, 0)->u.packet.flags, TCP_PSH | TCP_ACK | TCP_ECE | TCP_AE);
    assert_int_equal(event_of(script, 1)->u.packet.flags, 0);
    script_free(script);
}

static void marks_of_the_ip_header_stand_in_brackets(void **state)
{
    (void)state;
    struct script *script = play_read("0 > [ect0] . 1:1(0) ack 1\n"
                                      "+0 > [ect01] . 1:1(0) ack 1 <...>\n"
                                      "+0 < [tos 0x10] . 1:1(0) ack 1 win 5\n"
                                      "+0 > (ttl 63) . 1:1(0) ack 1\n"
                                      "+0 > [ce, flowlabel 0x1] . 1:1(0) ack 1\n");
    assert_int_equal(event_of(script, 0)->u.packet.tos, 2);
    assert_int_equal(event_of(script, 1)->u.packet.tos_check, TOS_ECT01);
    assert_true(event_of(script, 1)->u.packet.any_options);
    assert_int_equal(event_of(script, 2)->u.packet.tos, 16);
    assert_int_equal(event_of(script, 3)->u.packet.ttl, 63);
    assert_int_equal(event_of(script, 4)->u.packet.flow, 1);
    script_free(script);
}

static void icmp_names_type_code_mtu_and_quote(void **state)
{
    (void)state;
    struct script *script = play_read("0 < icmp unreachable frag_needed mtu 800 [1:1001(1000)]\n"
                                      "+0 < icmp packet_too_big mtu 1400\n");
    const struct packet *packet = &event_of(script, 0)->u.packet;
    assert_string_equal(packet->icmp_type, "unreachable");
    assert_string_equal(packet->icmp_code, "frag_needed");
    assert_int_equal(packet->mtu, 800);
    assert_true(packet->quotes);
    assert_int_equal(packet->seq, 1);
    assert_null(event_of(script, 1)->u.packet.icmp_code);
    script_free(script);
}

static void values_are_lists_structs_and_words(void **state)
{
    (void)state;
    struct script *script = play_read(
        "0 setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=2}, 8) = 0\n"
        "+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=A|B}, 0) = -1 "
        "EAGAIN (Resource temporarily unavailable)\n"
        "+0 getsockopt(3, SOL_TCP, TCP_CONGESTION, \"re\" \"no\", [0x4]) = 0\n");
    const struct value *linger = event_of(script, 0)->u.call.args->next->next->next;
    assert_int_equal(linger->kind, VALUE_STRUCT);
    assert_string_equal(linger->first->next->name, "linger");
    assert_int_equal(linger->first->next->number, 2);
    const struct call *call = &event_of(script, 1)->u.call;
    assert_string_equal(call->error, "EAGAIN");
    assert_int_equal(call->result->number, -1);
    assert_int_equal(call->args->next->first->next->next->kind, VALUE_OR);
    assert_string_equal(event_of(script, 2)->u.call.args->next->next->next->text, "reno");
    script_free(script);
}

static void definitions_stand_for_words_numbers_and_texts(void **state)
{
    (void)state;
    struct script *script = play_read("--define=WHAT=SO_KEEPALIVE\n--define=MANY=7\n"
                                      "--define=NAME=\"reno\"\n--tolerance_usecs=5000\n"
                                      "0 f(WHAT, MANY, NAME) = 0\n+0 > S 0:0(0) <mss MANY>\n");
    const struct value *args = event_of(script, 0)->u.call.args;
    assert_string_equal(args->text, "SO_KEEPALIVE");
    assert_int_equal(args->next->number, 7);
    assert_int_equal(args->next->next->kind, VALUE_STRING);
    assert_int_equal(get_be16(event_of(script, 1)->u.packet.options + 2), 7);
    assert_string_equal(script->options->name, "define");
    script_free(script);
}

static void commands_and_code_are_taken_as_they_stand(void **state)
{
    (void)state;
    struct script *script = play_read("`first; second`\n0 `third`\n+0 %{ assert 1 }%\n`last`\n");
    assert_string_equal(script->init, "first; second");
    assert_string_equal(event_of(script, 0)->u.text, "third");
    assert_string_equal(event_of(script, 1)->u.text, " assert 1 ");
    assert_string_equal(script->cleanup, "last");
    script_free(script);
}

static void what_ciao_does_not_have_is_read_too(void **state)
{
    (void)state;
    struct script *script = play_read("0 < udp (1000)\n+0 > ipv4 1.1.1.1 > 2.2.2.2: . 1:1(0)\n");
    assert_string_equal(event_of(script, 0)->needs, "UDP");
    assert_string_equal(event_of(script, 1)->needs, "IP in IP");
    script_free(script);
}

struct broken {
    const char *text;
    unsigned line, column;
    const char *words;
};

#define ZEROS_36                           \
    "000000000000000000000000000000000000" \
    "000000000000000000000000000000000000"

static void a_broken_script_says_where_it_is_broken(void **state)
{
    (void)state;
    static const struct broken broken[] = {
        {"", 1, 1, "no event"},
        {"close(3) = 0\n", 1, 1, "a time"},
        {"0 close(3)\n", 2, 1, "\"=\""},
        {"0 close(3 4) = 0\n", 1, 11, "\",\""},
        {"0 < S 0:0(0)\n", 2, 1, "win N"},
        {"0 > X 0:0(0)\n", 1, 5, "flags"},
        {"0 > . 1:5(1) ack 1\n", 1, 13, "are 2, not 5"},
        {"0 > . 1:1(0) ack 1 <mss 1>\n+0 > . 1:1(0) <nop>\n", 2, 20, "multiple of 4"},
        {"0 > . 1:1(0) ack 1 <what>\n", 1, 21, "an option"},
        {"0 < . 1:1(0) ack 1 win 1 <...>\n", 1, 30, "expected (>)"},
        {"0 < . 1:1(0) ack 1 win 70000\n", 1, 24, "outside 0 to 65535"},
        {"* close(3) = 0\n", 2, 1, "may have a range"},
        {"2~1 > . 1:1(0)\n", 1, 4, "before it begins"},
        {"0 write(3, \"abc\n", 1, 13, "no end"},
        {"/* never\n", 1, 1, "no end"},
        {"0 %{ assert 1\n", 1, 5, "}%"},
        {"0 `true`\n`a`\n+0 close(3) = 0\n", 3, 1, "behind it"},
        {"--define=A=99999999999\n0 < . 1:1(0) ack A win 9\n", 2, 19, "outside 0 to"},
        {"99999999999999 close(3) = 0\n", 1, 9, "longer than"},
        {"0 < . 1:1(0) ack 1 win 9 <FO " ZEROS_36 ",nop,sack 1:2>\n", 1, 111, "40 bytes"},
        {"0 f([[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]) = 0\n", 1, 17, "lists within lists"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct script_error error = play_broken(broken[i].text);
        if (error.line != broken[i].line || error.column != broken[i].column
            || strstr(error.sentence, broken[i].words) == NULL)
            fail_msg("%s: line %u, column %u: %s", broken[i].text, error.line, error.column,
                     error.sentence);
    }
}

/* Whatever stands in a file, it is read or refused. */
static void no_text_does_harm(void **state)
{
    (void)state;
    static const char text[] = "--define=A=\"x\"\n`sysctl -q a=1`\n" PLAY_ACCEPTED
                               "+0 sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{...,1}], "
                               "msg_flags=0}, 0) = 1\n+0 > P. 1:2(1) ack 1 <...>\n"
                               "+0 < . 1:1(0) ack 2 win 1 <sack 1:2 3:4,nop,nop>\n"
                               "+0 < icmp unreachable mtu 5 [1:2(1)]\n+0 %{ assert a }%\n";
    char changed[sizeof text];
    uint32_t seed = 1;
    for (unsigned round = 0; round < 20000; round++) {
        memcpy(changed, text, sizeof text);
        for (unsigned i = 0; i < 1 + round % 4; i++) {
            seed = seed * 1664525u + 1013904223u;
            changed[(seed >> 8) % (sizeof text - 1)] = text[(seed >> 16) % (sizeof text - 1)];
        }
        size_t len = round % 3 == 0 ? seed % sizeof text : sizeof text - 1;
        struct script *script = script_parse("garbage", changed, len, NULL);
        assert_non_null(script);
        assert_true(script->error.line != 0 || script->events != NULL);
        script_free(script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_absolute_relative_ranges_or_any),
        cmocka_unit_test(comments_of_three_kinds_are_passed_over),
        cmocka_unit_test(a_segment_has_flags_numbers_window_urgent_and_options),
        cmocka_unit_test(numbers_in_the_flags_are_the_ace_field),
        cmocka_unit_test(marks_of_the_ip_header_stand_in_brackets),
        cmocka_unit_test(icmp_names_type_code_mtu_and_quote),
        cmocka_unit_test(values_are_lists_structs_and_words),
        cmocka_unit_test(definitions_stand_for_words_numbers_and_texts),
        cmocka_unit_test(commands_and_code_are_taken_as_they_stand),
        cmocka_unit_test(what_ciao_does_not_have_is_read_too),
        cmocka_unit_test(a_broken_script_says_where_it_is_broken),
        cmocka_unit_test(no_text_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
