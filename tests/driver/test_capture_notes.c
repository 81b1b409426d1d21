/*
 * What a stack tells is written at the packet that it is about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "driver/studio.h"
#include "wire/tcp.h"

static void each_change_is_at_the_packet_that_caused_or_followed_it(void **state)
{
    (void)state;
    for (int wire = 0; wire < 2; wire++) {
        struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
        play_a_life(&studio, wire);
        assert_int_equal(capture_counters(studio.capture)->comments_lost, 0);
        develop(&studio);
        expect_a_life(&studio);
        expect_end(&studio, "");
        free_studio(&studio);
    }
}

/* ACK of our FIN and the peer's FIN in one batch: each arc at its own segment. */
static void a_batch_is_told_apart_by_the_segments_events(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    const struct packet batch[2] = {segment(true, 901, TCP_ACK, 0),
                                    segment(true, 901, TCP_FIN | TCP_ACK, 0)};
    (void)state;

    tell_born(&studio, LIFE);
    we_receive(&studio, batch, 2, 40);
    tell_segment(&studio, CIAO_EVENT_RECEIVED, 901, TCP_ACK, 0, 40);
    tell_arc(&studio, LIFE, CIAO_ARC_FIN_WAIT_1_FIN_WAIT_2_OUR_FIN_ACKED, 40);
    tell_segment(&studio, CIAO_EVENT_RECEIVED, 901, TCP_FIN | TCP_ACK, 0, 40);
    tell_arc(&studio, LIFE, CIAO_ARC_FIN_WAIT_2_TIME_WAIT_PEER_CLOSED_TOO, 40);
    develop(&studio);
    expect_packet(&studio, PCAPNG_INBOUND, 901, TCP_ACK,
                  "FIN-WAIT-1 -> FIN-WAIT-2: OUR_FIN_ACKED (RFC 9293 3.10.7.4 fifth)");
    expect_packet(&studio, PCAPNG_INBOUND, 901, TCP_FIN | TCP_ACK,
                  "FIN-WAIT-2 -> TIME-WAIT: PEER_CLOSED_TOO (RFC 9293 3.10.7.4 eighth)");
    expect_end(&studio, "");
    free_studio(&studio);
}

/* A super-segment that ends in FIN: the event names its first byte, the comment is at the FIN. */
static void the_fin_of_a_super_segment_has_the_comment(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    struct packet super = segment(true, 901, TCP_FIN | TCP_ACK, 2500);
    (void)state;

    super.gso_size = 1000;
    tell_born(&studio, LIFE);
    we_receive_one(&studio, super, 40);
    tell_segment(&studio, CIAO_EVENT_RECEIVED, 901, TCP_FIN | TCP_ACK, 2500, 40);
    tell_arc(&studio, LIFE, CIAO_ARC_ESTABLISHED_CLOSE_WAIT_PEER_CLOSED_FIRST, 40);
    develop(&studio);
    expect_packet(&studio, PCAPNG_INBOUND, 901, TCP_ACK, "");
    expect_packet(&studio, PCAPNG_INBOUND, 1901, TCP_ACK, "");
    expect_packet(&studio, PCAPNG_INBOUND, 2901, TCP_FIN | TCP_ACK,
                  "ESTABLISHED -> CLOSE-WAIT: PEER_CLOSED_FIRST (RFC 9293 3.10.7.4 eighth)");
    expect_end(&studio, "");
    free_studio(&studio);
}

/* We close while much is still to be sent: the change is at the FIN, a repeat at its packet. */
static void a_change_by_the_program_waits_for_its_fin(void **state)
{
    (void)state;
    for (int wire = 0; wire < 2; wire++) {
        struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
        tell_born(&studio, LIFE);
        tell_arc(&studio, LIFE, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST, 30);
        tell_reason(&studio, LIFE, CIAO_AGAIN_SACK_HOLE, 0, 0, 30);
        we_send(&studio, segment(false, 101, TCP_ACK, 1000), 30);
        if (wire)
            tell_segment(&studio, CIAO_EVENT_SENT, 101, TCP_ACK, 1000, 30);
        we_send(&studio, segment(false, 1101, TCP_FIN | TCP_ACK, 1000), 40);
        if (wire)
            tell_segment(&studio, CIAO_EVENT_SENT, 1101, TCP_FIN | TCP_ACK, 1000, 40);
        develop(&studio);
        expect_packet(&studio, PCAPNG_OUTBOUND, 101, TCP_ACK, "AGAIN_SACK_HOLE (RFC 6675 5)");
        expect_packet(&studio, PCAPNG_OUTBOUND, 1101, TCP_FIN | TCP_ACK,
                      "ESTABLISHED -> FIN-WAIT-1: WE_CLOSED_FIRST (RFC 9293 3.10.4)");
        expect_end(&studio, "");
        free_studio(&studio);
    }
}

static void a_change_whose_fin_is_late_is_at_the_next_packet(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    (void)state;

    tell_born(&studio, LIFE);
    tell_arc(&studio, LIFE, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST, 30);
    we_send(&studio, segment(false, 101, TCP_ACK, 1000), 30);
    tell_segment(&studio, CIAO_EVENT_SENT, 101, TCP_ACK, 1000, 30);
    we_send(&studio, segment(false, 1101, TCP_ACK, 1000), 2000000);
    we_send(&studio, segment(false, 2101, TCP_FIN | TCP_ACK, 0), 4000000);
    develop(&studio);
    expect_packet(&studio, PCAPNG_OUTBOUND, 101, TCP_ACK,
                  "ESTABLISHED -> FIN-WAIT-1: WE_CLOSED_FIRST (RFC 9293 3.10.4)");
    expect_packet(&studio, PCAPNG_OUTBOUND, 1101, TCP_ACK, "");
    expect_packet(&studio, PCAPNG_OUTBOUND, 2101, TCP_FIN | TCP_ACK, "");
    expect_end(&studio, "");
    free_studio(&studio);
}

static void drops_resets_and_repeats_are_told(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    const struct packet batch[2] = {segment(true, 500, TCP_ACK, 10),
                                    segment(true, 600, TCP_ACK, 10)};
    (void)state;

    tell_born(&studio, LIFE);
    we_receive(&studio, batch, 2, 40);
    tell_reason(&studio, LIFE, CIAO_DROP_PAWS, 500, TCP_ACK, 40);
    tell_reason(&studio, 0, CIAO_DROP_TCP_CHECKSUM, 600, TCP_ACK, 40); /* before a life is known */
    tell_reason(&studio, 0, CIAO_RST_NO_CONNECTION, 0, 0, 41);
    we_send(&studio, segment(false, 0, TCP_ACK, 0), 41);
    we_send(&studio, segment(false, 1, TCP_RST, 0), 41);
    tell_reason(&studio, LIFE, CIAO_AGAIN_SACK_HOLE, 0, 0, 50);
    tell_reason(&studio, LIFE, CIAO_CALL_SEND, 0, 0, 50); /* no packet's business */
    we_send(&studio, segment(false, 200, TCP_ACK, 10), 50);
    develop(&studio);
    expect_packet(&studio, PCAPNG_INBOUND, 500, TCP_ACK, "DROP_PAWS (RFC 7323 5.3)");
    expect_packet(&studio, PCAPNG_INBOUND, 600, TCP_ACK, "DROP_TCP_CHECKSUM (RFC 9293 3.1 MUST-3)");
    expect_packet(&studio, PCAPNG_OUTBOUND, 0, TCP_ACK, "");
    expect_packet(&studio, PCAPNG_OUTBOUND, 1, TCP_RST, "RST_NO_CONNECTION (RFC 9293 3.10.7.1)");
    expect_packet(&studio, PCAPNG_OUTBOUND, 200, TCP_ACK, "AGAIN_SACK_HOLE (RFC 6675 5)");
    expect_end(&studio, "");
    free_studio(&studio);
}

/* What is dropped before TCP has looked at it comes without a segment: the bytes show which. */
static void of_a_batch_the_damaged_packet_has_the_drop(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    (void)state;

    for (uint32_t i = 0; i < 5; i++) {
        struct ciao_frame frame, *frames[1] = {&frame};
        struct packet packet = segment(true, i, TCP_ACK, 10);
        packet.partial = false;
        packet.v6 = i % 2;
        packet_make(&frame, studio.pool, &packet);
        frame.head[25] ^= i == 1 || i == 2; /* the last byte of fd09::1; TCP's sequence number */
        assert_int_equal(studio.far->ops->send(studio.far, frames, 1, 40), 1);
        assert_int_equal(studio.capture->ops->receive(studio.capture, frames, 1, 40), 1);
        ciao_frame_release(&frame);
    }
    tell_reason(&studio, 0, CIAO_DROP_TCP_CHECKSUM, 0, 0, 40);
    tell_reason(&studio, 0, CIAO_DROP_TCP_CHECKSUM, 0, 0, 40);
    tell_reason(&studio, 0, CIAO_DROP_TCP_SHORT, 0, 0, 40); /* which? nobody knows */
    assert_int_equal(capture_counters(studio.capture)->comments_lost, 1);
    develop(&studio);
    for (uint32_t i = 0; i < 5; i++) {
        struct pcapng_block block;
        assert_int_equal(pcapng_next(&studio.reader, &block), PCAPNG_PACKET);
        assert_int_equal(packet_is_intact(block.packet.bytes, block.packet.len, CIAO_LINK_IP),
                         i != 1 && i != 2);
        assert_string_equal(comments_of(&block),
                            i == 1 || i == 2 ? "DROP_TCP_CHECKSUM (RFC 9293 3.1 MUST-3)" : "");
    }
    free_studio(&studio);
}

/* The same segment came twice, and one of the two was damaged on its way. */
static void what_tcp_says_is_never_at_a_damaged_packet(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    (void)state;

    tell_born(&studio, LIFE);
    for (uint32_t i = 0; i < 2; i++) {
        struct ciao_frame frame, *frames[1] = {&frame};
        struct packet packet = segment(true, 901, TCP_FIN | TCP_ACK, 0);
        packet.partial = false;
        packet_make(&frame, studio.pool, &packet);
        frame.head[35] ^= (uint8_t)i; /* the window */
        assert_int_equal(studio.far->ops->send(studio.far, frames, 1, 40), 1);
        assert_int_equal(studio.capture->ops->receive(studio.capture, frames, 1, 40), 1);
        ciao_frame_release(&frame);
    }
    tell_segment(&studio, CIAO_EVENT_RECEIVED, 901, TCP_FIN | TCP_ACK, 0, 40);
    tell_arc(&studio, LIFE, CIAO_ARC_ESTABLISHED_CLOSE_WAIT_PEER_CLOSED_FIRST, 40);
    develop(&studio);
    expect_packet(&studio, PCAPNG_INBOUND, 901, TCP_FIN | TCP_ACK,
                  "ESTABLISHED -> CLOSE-WAIT: PEER_CLOSED_FIRST (RFC 9293 3.10.7.4 eighth)");
    free_studio(&studio);
}

static void what_comes_after_the_last_packet_is_at_the_end_of_the_file(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    struct ciao_event report = {.type = CIAO_EVENT_CLOSE_REPORT, .life = LIFE, .time_us = 90};
    (void)state;

    tell_born(&studio, LIFE);
    tell_arc(&studio, LIFE, CIAO_ARC_TIME_WAIT_CLOSED_TWO_MSL_PASSED, 80);
    tell(&studio, &report); /* nothing was lost: nothing to say */
    report.u.report.unread_bytes = 5;
    tell(&studio, &report);
    tell_born(&studio, LIFE + 4096); /* takes its place */
    tell_arc(&studio, LIFE + 4096, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN, 95);
    develop(&studio);
    expect_end(&studio, "connection 7: TIME-WAIT -> CLOSED: TWO_MSL_PASSED (RFC 9293 3.10.8) | "
                        "connection 7: CLOSE_REPORT (RFC 9293 3.10.4) | "
                        "connection 4103: CLOSED -> SYN-SENT: ACTIVE_OPEN (RFC 9293 3.10.1)");
    free_studio(&studio);
}

static int in_chinese(void *context, const struct ciao_event *event, char *text, size_t size)
{
    int *calls = context;

    if (event->type == CIAO_EVENT_ARC && event->what == CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN)
        return 0; /* nothing to say about it */
    ++*calls;
    int len = snprintf(text, size, "%s", "对方回答了");
    while (event->life == LIFE + 1 && (size_t)len < size) /* without end */
        len += snprintf(text + len, size - (size_t)len, "%s", "啊");
    return len;
}

static bool is_utf8(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;

    while (*at) {
        unsigned follow = *at < 0x80 ? 0 : *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : *at >= 0xc0 ? 1 : 9;
        at++;
        for (; follow > 0; follow--)
            if ((*at++ & 0xc0) != 0x80)
                return false;
    }
    return true;
}

static void sentences_come_from_the_teller_and_end_at_a_character(void **state)
{
    int calls = 0;
    const struct capture_options options = {.sentence = in_chinese, .context = &calls};
    struct studio studio = open_studio(options, CIAO_LINK_IP);
    struct pcapng_block block;
    (void)state;

    play_a_life(&studio, true);
    tell_born(&studio, LIFE + 1);
    we_receive_one(&studio, segment(true, 901, TCP_ACK, 0), 40);
    tell_arc(&studio, LIFE + 1, CIAO_ARC_FIN_WAIT_1_FIN_WAIT_2_OUR_FIN_ACKED, 40);
    assert_int_equal(calls, 3);
    develop(&studio);
    expect_packet(&studio, PCAPNG_OUTBOUND, 100, TCP_SYN, "");
    expect_packet(&studio, PCAPNG_INBOUND, 900, TCP_SYN | TCP_ACK,
                  "SYN-SENT -> ESTABLISHED: 对方回答了 (PEER_ANSWERED, RFC 9293 3.10.7.3 fourth)");
    for (int i = 0; i < 4; i++)
        assert_int_equal(pcapng_next(&studio.reader, &block), PCAPNG_PACKET);
    const char *long_one = comments_of(&block);
    assert_true(is_utf8(long_one));
    assert_true(strlen(long_one) > 250);
    assert_non_null(strstr(long_one, "啊 (OUR_FIN_ACKED"));
    free_studio(&studio);
}

static void what_has_no_place_is_counted_and_does_no_harm(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    const struct ciao_event lost = {.type = CIAO_EVENT_LOST, .u.args = {9}};
    (void)state;

    tell_arc(&studio, 99, CIAO_ARC_SYN_SENT_ESTABLISHED_PEER_ANSWERED,
             1); /* nobody introduced it */
    tell_arc(&studio, 99, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN, 1);
    assert_int_equal(capture_counters(studio.capture)->comments_lost, 2);
    tell(&studio, &lost);
    assert_int_equal(capture_counters(studio.capture)->comments_lost, 11);
    tell_born(&studio, LIFE);
    for (int i = 0; i < 5000; i++) /* more than there is room for */
        tell_arc(&studio, LIFE, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN, 1);
    assert_int_equal(capture_counters(studio.capture)->comments_lost, 11 + 5000 - 2048);
    we_send(&studio, segment(false, 1, TCP_SYN, 0), 2);
    for (uint64_t i = 1; i <= 3; i++)
        we_send(&studio, segment(false, 2, TCP_ACK, 0), i * 2000000);
    assert_int_equal(capture_counters(studio.capture)->comments, 16);
    tell_arc(&studio, LIFE, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN, 9000000); /* room again */
    we_send(&studio, segment(false, 3, TCP_SYN, 0), 9000000);
    develop(&studio);
    free_studio(&studio);
}

/* The second ends between a packet's arrival and its events. */
static void a_flush_leaves_what_may_still_be_told(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    (void)state;

    tell_born(&studio, LIFE);
    we_send(&studio, segment(false, 100, TCP_ACK, 0), 0);
    we_receive_one(&studio, segment(true, 901, TCP_FIN | TCP_ACK, 0), 999990);
    we_send(&studio, segment(false, 101, TCP_ACK, 0), 1000010);
    assert_int_equal(capture_counters(studio.capture)->packets, 1);
    tell_arc(&studio, LIFE, CIAO_ARC_ESTABLISHED_CLOSE_WAIT_PEER_CLOSED_FIRST, 999995);
    develop(&studio);
    expect_packet(&studio, PCAPNG_OUTBOUND, 100, TCP_ACK, "");
    expect_packet(&studio, PCAPNG_INBOUND, 901, TCP_FIN | TCP_ACK,
                  "ESTABLISHED -> CLOSE-WAIT: PEER_CLOSED_FIRST (RFC 9293 3.10.7.4 eighth)");
    expect_packet(&studio, PCAPNG_OUTBOUND, 101, TCP_ACK, "");
    expect_end(&studio, "");
    free_studio(&studio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_at_the_packet_that_caused_or_followed_it),
        cmocka_unit_test(a_batch_is_told_apart_by_the_segments_events),
        cmocka_unit_test(the_fin_of_a_super_segment_has_the_comment),
        cmocka_unit_test(a_change_by_the_program_waits_for_its_fin),
        cmocka_unit_test(a_change_whose_fin_is_late_is_at_the_next_packet),
        cmocka_unit_test(drops_resets_and_repeats_are_told),
        cmocka_unit_test(of_a_batch_the_damaged_packet_has_the_drop),
        cmocka_unit_test(what_tcp_says_is_never_at_a_damaged_packet),
        cmocka_unit_test(what_comes_after_the_last_packet_is_at_the_end_of_the_file),
        cmocka_unit_test(sentences_come_from_the_teller_and_end_at_a_character),
        cmocka_unit_test(what_has_no_place_is_counted_and_does_no_harm),
        cmocka_unit_test(a_flush_leaves_what_may_still_be_told),
    };
    return cmocka_run_group_tests_name("capture_notes", tests, NULL, NULL);
}
