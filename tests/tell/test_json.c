/* JSON and Mermaid stay whole whatever the texts hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "life/events.h"
#include "tell/parts.h"

static char *text;
static size_t text_len;

static void told(const struct life *life, struct tell_options options)
{
    FILE *out = open_memstream(&text, &text_len);
    assert_non_null(out);
    assert_int_equal(tell_life(out, life, &options), 0);
    assert_int_equal(fclose(out), 0);
}

static void expect_json(const char *in, const char *json)
{
    FILE *out = open_memstream(&text, &text_len);
    assert_non_null(out);
    json_string(out, in);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, json);
    free(text);
}

static void strings_are_escaped(void **state)
{
    (void)state;
    expect_json("plain", "\"plain\"");
    expect_json("a \"b\" \\ c", "\"a \\\"b\\\" \\\\ c\"");
    expect_json("line\nand\ttab\x01", "\"line\\u000aand\\u0009tab\\u0001\"");
    expect_json("小琦", "\"小琦\"");
}

static void bytes_that_are_no_utf8_become_the_replacement_character(void **state)
{
    (void)state;
    expect_json("a\xFF\xC3(", "\"a\\ufffd\\ufffd(\"");
    expect_json("\xED\xA0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
}

static struct life *named(void)
{
    struct life *life = life_make(0);
    add(life, LIFE_LEFT, event_born(1, 0, false));
    add(life, LIFE_LEFT, event_arc(1, 0, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN));
    add(life, LIFE_LEFT, event_sent(1, 0, (struct piece){.flags = TCP_SYN, .seq = ISS_LEFT}));
    add(life, LIFE_LEFT,
        event_received(1, 10, (struct piece){.flags = TCP_SYN | TCP_ACK, .ack = ISS_LEFT + 1}));
    life_match(life);
    return life;
}

static void a_life_is_one_object_with_its_numbers_both_ways(void **state)
{
    (void)state;
    struct life *life = named();
    told(life, (struct tell_options){.format = TELL_JSON, .name = {"quo\"te", NULL}});
    assert_non_null(strstr(text, "\"name\":\"quo\\\"te\""));
    assert_non_null(strstr(text, "\"key\":\"ACTIVE_OPEN\",\"before\":\"CLOSED\""));
    assert_non_null(
        strstr(text, "\"flags\":\"SYN\",\"seq\":0,\"len\":0")); /* no ACK flag, no ack */
    assert_non_null(strstr(text, "\"flags\":\"SYN,ACK\",\"seq\":0,\"ack\":1"));
    assert_non_null(strstr(text, "\"seq_on_wire\":4294967280"));
    assert_non_null(strstr(text, "\"rule\":\"9293 3.10.1\""));
    free(text);
    life_free(life);
}

static void a_name_cannot_break_a_mermaid_diagram(void **state)
{
    (void)state;
    struct life *life = named();
    told(life,
         (struct tell_options){.format = TELL_MERMAID, .name = {"a;b#c:d\ne", "x\"y<z>\xFF%{}"}});
    assert_non_null(strstr(text, "    participant L as a#59;b#35;c#58;d e\n"));
    assert_non_null(
        strstr(text, "    participant R as x#34;y#60;z#62;\xEF\xBF\xBD#37;#123;#125;\n"));
    assert_non_null(strstr(text, "    L->>R: 1 SYN seq=0 len=0 win=65535 @ 0.000 ms\n"));
    free(text);
    life_free(life);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(bytes_that_are_no_utf8_become_the_replacement_character),
        cmocka_unit_test(a_life_is_one_object_with_its_numbers_both_ways),
        cmocka_unit_test(a_name_cannot_break_a_mermaid_diagram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
