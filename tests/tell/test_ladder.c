/* The shape of the ladder, letter by letter, and of the other tellings of the same life. */
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

static struct life *both_ends(void)
{
    struct life *life = life_make(0);
    struct piece syn = {.flags = TCP_SYN, .seq = ISS_LEFT};
    struct piece syn_ack = {TCP_SYN | TCP_ACK, ISS_RIGHT, ISS_LEFT + 1, 0, false};
    struct piece ack = {TCP_ACK, ISS_LEFT + 1, ISS_RIGHT + 1, 0, false};
    add(life, LIFE_RIGHT, event_arc(9, 0, CIAO_ARC_CLOSED_LISTEN_PASSIVE_OPEN));
    add(life, LIFE_LEFT, event_born(1, 0, false));
    add(life, LIFE_LEFT, event_reason(1, 0, CIAO_CALL_CONNECT, 80));
    add(life, LIFE_LEFT, event_arc(1, 0, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN));
    add(life, LIFE_LEFT, event_sent(1, 0, syn));
    add(life, LIFE_RIGHT, event_born(2, 10000, true));
    add(life, LIFE_RIGHT, event_received(2, 10000, syn));
    add(life, LIFE_RIGHT, event_arc(2, 10000, CIAO_ARC_LISTEN_SYN_RECEIVED_PEER_KNOCKED));
    add(life, LIFE_RIGHT, event_sent(2, 10000, syn_ack));
    add(life, LIFE_LEFT, event_received(1, 20000, syn_ack));
    add(life, LIFE_LEFT, event_arc(1, 20000, CIAO_ARC_SYN_SENT_ESTABLISHED_PEER_ANSWERED));
    add(life, LIFE_LEFT, event_sent(1, 20000, ack)); /* lost */
    add(life, LIFE_RIGHT, event_reason(2, 1010000, CIAO_TIMER_SYN_ACK, 0));
    syn_ack.again = true;
    add(life, LIFE_RIGHT, event_sent(2, 1010000, syn_ack));
    life_match(life);
    return life;
}

static char *text;
static size_t text_len;

static const char *told(const struct life *life, struct tell_options options)
{
    FILE *out = open_memstream(&text, &text_len);
    assert_non_null(out);
    assert_int_equal(tell_life(out, life, &options), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void expect_part(const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("not told:\n%s\nbut:\n%s", part, text);
}

static void a_ladder_has_two_columns_of_states_and_a_rung_a_segment(void **state)
{
    (void)state;
    struct life *life = both_ends();
    struct tell_options options = {.lang = TELL_EN, .width = 80, .name = {"Ci", "Ao"}};
    told(life, options);
    expect_part("Ci 10.0.0.1:40000  <->  Ao 10.0.0.2:80\n\n");
    expect_part(" time (ms)  Ci                                                     Ao\n"
                "     0.000  CLOSED       │                                        │ CLOSED\n"
                "                         │ connect()                              │ LISTEN\n"
                "            SYN-SENT     │ 1 SYN seq=0 len=0 win=65535 ──────────>│\n"
                "    10.000               │<────────── 2 SYN,ACK seq=0 ack=1 len=0 │ SYN-RECEIVED\n"
                "    20.000  ESTABLISHED  │ 3 ACK seq=1 ack=1 len=0 lost ────✗     │\n"
                "  1010.000               │                         timer runs out │\n");
    free(text);
    life_free(life);
}

static void chinese_names_keep_the_columns(void **state)
{
    (void)state;
    struct life *life = both_ends();
    struct tell_options options = {.lang = TELL_ZH, .width = 80, .name = {"小琦", "阿奥"}};
    told(life, options);
    expect_part("  时间(ms)  小琦                                                   阿奥\n"
                "     0.000  CLOSED       │                                        │ CLOSED\n");
    expect_part("│ 3 ACK seq=1 ack=1 len=0 丢失 ────✗     │\n");
    free(text);
    life_free(life);
}

static void no_row_is_wider_than_asked_for(void **state)
{
    (void)state;
    struct life *life = both_ends();
    for (unsigned width = 80; width <= 140; width += 10) {
        for (int lang = 0; lang < TELL_LANGS; lang++) {
            struct tell_options options = {
                (enum tell_lang)lang, TELL_TEXT, false, width, {"Ci", "阿奥"}};
            told(life, options);
            for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
                assert_true(width_of(line) <= width);
            free(text);
        }
    }
    life_free(life);
}

static void one_end_alone_has_one_column(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    add(life, LIFE_LEFT, event_born(1, 0, false));
    add(life, LIFE_LEFT, event_arc(1, 0, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN));
    add(life, LIFE_LEFT, event_sent(1, 0, (struct piece){.flags = TCP_SYN, .seq = 1}));
    add(life, LIFE_LEFT, event_received(1, 700, (struct piece){TCP_RST | TCP_ACK, 0, 2, 0, false}));
    add(life, LIFE_LEFT, event_arc(1, 700, CIAO_ARC_SYN_SENT_CLOSED_CONNECTION_REFUSED));
    life_match(life);
    struct tell_options options = {.lang = TELL_EN, .width = 80};
    told(life, options);
    expect_part("ciao 10.0.0.1:40000  <->  10.0.0.2:80\n");
    expect_part(
        " time (ms)  ciao                                                        10.0.0.2\n");
    expect_part(
        "            SYN-SENT     │ 1 SYN seq=0 len=0 win=65535 ───────────────────────>│\n");
    expect_part("     0.700               │<─────────────────────── 2 RST,ACK seq=0 ack=1 len=0 │\n"
                "            CLOSED       │");
    expect_part("10.0.0.2 answers the SYN with RST: nobody listens there, the connection is\n"
                "refused. [peer, RFC 9293 3.10.7.3 second]\n");
    free(text);
    life_free(life);
}

static void what_the_receiver_holds_beyond_a_hole_is_told_in_the_senders_numbers(void **state)
{
    (void)state;
    struct life *life = both_ends();
    struct ciao_event ack =
        event_sent(2, 1010000, (struct piece){TCP_ACK, ISS_RIGHT + 1, ISS_LEFT + 1, 0, false});
    ack.u.seg.n_sack = 2;
    ack.u.seg.sack_start = ISS_LEFT + 101;
    ack.u.seg.sack_end = ISS_LEFT + 201;
    add(life, LIFE_RIGHT, ack);
    life_match(life);
    struct tell_options options = {.lang = TELL_EN, .width = 100, .name = {"Ci", "Ao"}};
    told(life, options);
    expect_part(" 5 ACK seq=1 ack=1 len=0 sack=101-201+ lost │\n");
    free(text);
    life_free(life);
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    struct life *life = life_make(16);
    struct ciao_event lost = {.type = CIAO_EVENT_LOST};
    lost.u.args[0] = 5;
    for (uint32_t i = 0; i < 100; i++)
        add(life, LIFE_LEFT, event_sent(1, i, (struct piece){TCP_ACK, i, 1, 1, false}));
    add(life, LIFE_LEFT, lost);
    life_match(life);
    struct tell_options options = {.lang = TELL_EN, .width = 80};
    told(life, options);
    expect_part(" steps are not kept here …\n");
    expect_part("5 events were lost here: what happened is unknown\n");
    free(text);
    life_free(life);
}

static void a_life_can_be_told_in_sentences_and_as_a_dialogue(void **state)
{
    (void)state;
    struct life *life = both_ends();
    struct tell_options options = {TELL_EN, TELL_SENTENCES, false, 200, {"Ci", "Ao"}};
    told(life, options);
    expect_part("1010.000  Ao's timer runs out: Ci has not acknowledged the SYN,ACK. "
                "[time, RFC 9293 3.8.3 MUST-22]\n");
    free(text);
    options.format = TELL_DIALOGUE;
    told(life, options);
    expect_part("  Ci: “Um… hello? I'm new here. May I talk to you?”\n");
    expect_part("  Ao: “I hear you. Do you hear me as well?”\n");
    expect_part("  Ci: “I hear you. So… now we both know.”\n");
    expect_part("  Ao: “Once more: I hear you. Do you hear me?”\n");
    free(text);
    life_free(life);
}

static void colour_is_there_only_when_asked_for(void **state)
{
    (void)state;
    struct life *life = both_ends();
    struct tell_options options = {.lang = TELL_EN, .width = 80, .name = {"Ci", "Ao"}};
    told(life, options);
    assert_null(strchr(text, '\033'));
    free(text);
    options.color = true;
    told(life, options);
    assert_non_null(strstr(text, "\033[32mESTABLISHED"));
    free(text);
    life_free(life);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ladder_has_two_columns_of_states_and_a_rung_a_segment),
        cmocka_unit_test(chinese_names_keep_the_columns),
        cmocka_unit_test(no_row_is_wider_than_asked_for),
        cmocka_unit_test(one_end_alone_has_one_column),
        cmocka_unit_test(what_the_receiver_holds_beyond_a_hole_is_told_in_the_senders_numbers),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(a_life_can_be_told_in_sentences_and_as_a_dialogue),
        cmocka_unit_test(colour_is_there_only_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
