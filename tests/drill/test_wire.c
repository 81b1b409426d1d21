/*
 * Packets become bytes and bytes packets; numbers are translated both ways.
 */
#include <stdio.h>
#include <string.h>

#include "drill/play.h"
#include "drill/talk.h"
#include "drill/wire.h"
#include "wire/tcp.h"

static struct wire_ends ends_of(bool v6)
{
    struct wire_ends ends = {.sport = 1000, .dport = 2000};
    assert_true(ciao_addr_parse(v6 ? "2001:db8::1" : "192.0.2.1", &ends.src));
    assert_true(ciao_addr_parse(v6 ? "2001:db8::2" : "192.0.2.2", &ends.dst));
    return ends;
}

/* Read from a script, built, read back: the same words. */
static void comes_back_as(const char *words, bool v6)
{
    static uint8_t bytes[WIRE_ROOM];
    char line[300], text[300];
    struct packet seen;
    struct wire_ends ends = ends_of(v6), seen_ends;
    const char *wrong;
    (void)snprintf(line, sizeof line, "0 < %s\n", words);
    struct script *script = play_read(line);
    size_t len = wire_build(&script->events->u.packet, &ends, bytes, &wrong);
    assert_true(len > 0);
    assert_null(wire_read(bytes, len, &seen, &seen_ends));
    wire_print(&seen, text, sizeof text);
    assert_string_equal(text, words);
    if (seen.kind == PACKET_TCP)
        assert_memory_equal(&seen_ends, &ends, sizeof ends);
    script_free(script);
}

static void segments_survive_the_wire(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        comes_back_as("S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>", v6);
        comes_back_as("FP. 1:1001(1000) ack 5 win 0 urg 7 <nop,nop,TS val 10 ecr 20>", v6);
        comes_back_as(". 4294967295:0(1) ack 4294967295 win 65535 <nop,nop,sack 1:2 3:4>", v6);
        comes_back_as("- 1:1(0) win 1 <eol,eol,eol,eol>", v6);
        comes_back_as("[tos 0x10] SEW 0:0(0) win 1", v6);
        comes_back_as("R. 1:1(0) ack 1 win 1 <FO 0102>", v6);
    }
}

static void icmp_survives_the_wire(void **state)
{
    (void)state;
    comes_back_as("icmp unreachable host_unreachable", false);
    comes_back_as("icmp time_exceeded", false);
    comes_back_as("icmp unreachable port_unreachable", true);
    comes_back_as("icmp packet_too_big", true);
}

static void a_message_that_a_family_does_not_have_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[WIRE_ROOM];
    const char *wrong;
    struct wire_ends ends = ends_of(false);
    struct script *script = play_read("0 < icmp packet_too_big mtu 1400\n");
    assert_int_equal(wire_build(&script->events->u.packet, &ends, bytes, &wrong), 0);
    assert_non_null(wrong);
    script_free(script);
}

static void damage_is_seen(void **state)
{
    (void)state;
    static uint8_t bytes[WIRE_ROOM];
    const char *wrong;
    struct packet seen;
    struct wire_ends ends = ends_of(false);
    struct script *script = play_read("0 < P. 1:11(10) ack 1 win 5\n");
    size_t len = wire_build(&script->events->u.packet, &ends, bytes, &wrong);
    bytes[len - 1] ^= 1;
    assert_string_equal(wire_read(bytes, len, &seen, &ends), "the TCP checksum is wrong");
    bytes[len - 1] ^= 1;
    bytes[8] ^= 1;
    assert_non_null(wire_read(bytes, len, &seen, &ends));
    assert_non_null(wire_read(bytes, 10, &seen, &ends));
    script_free(script);
}

/* The script's 1 is one behind the first number of whoever counts, SACK blocks included. */
static void numbers_are_relative(void **state)
{
    (void)state;
    struct talk talk = {.our_first = 0xfffffff0, .our_script_first = 0, .peer_first = 500};
    struct script *script =
        play_read("0 < P. 1:11(10) ack 5 win 5 <nop,nop,sack 17:27>\n+0 < S 500:500(0) win 1\n");
    struct packet wire, back;
    assert_null(talk_to_wire(&talk, &script->events->u.packet, &wire));
    assert_int_equal(wire.seq, 501);
    assert_int_equal(wire.ack, 0xfffffff5);
    assert_int_equal(wire.options[7], 1); /* 0xfffffff0 + 17, its last byte */
    assert_null(talk_to_wire(&talk, &script->events->next->u.packet, &wire));
    assert_int_equal(wire.seq, 500);
    struct packet out = {.kind = PACKET_TCP, .flags = TCP_ACK, .seq = 3, .ack = 511};
    talk_from_wire(&talk, &out, &back);
    assert_int_equal(back.seq, 19);
    assert_int_equal(back.ack, 11);
    script_free(script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_survive_the_wire),
        cmocka_unit_test(icmp_survives_the_wire),
        cmocka_unit_test(a_message_that_a_family_does_not_have_is_refused),
        cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(numbers_are_relative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
