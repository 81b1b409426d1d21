/*
 * A capture has every frame as a wire would carry it, and each comment at its packet.
 *
 * The stack is played by hand: frames are sent and received, then the events that a stack would
 * have told are handed to the driver.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "driver/capture.h"
#include "driver/loop.h"
#include "driver/packets.h"
#include "pcapng/pcapng.h"
#include "wire/addr.h"
#include "wire/tcp.h"

#define EPOCH 1700000000000000u
#define LIFE  7

struct studio {
    struct ciao_driver *capture, *far;
    struct ciao_bufpool *pool;
    char path[64];
    uint8_t *bytes; /* the file, once closed */
    size_t len;
    struct pcapng_reader reader;
};

static struct studio open_studio(struct capture_options options, enum ciao_link_kind kind)
{
    const struct loop_options loop = {
        .kind = kind, .gso_bytes = 65535, .offload = true, .queue = 16};
    struct studio studio = {.pool = packet_pool_make(8 << 20), .path = "/tmp/ciao-capture-XXXXXX"};
    struct ciao_driver *inner;
    char error[CAPTURE_ERROR_TEXT];

    int file = mkstemp(studio.path);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(loop_pair(&inner, &studio.far, &loop), 0);
    options.path = options.path ? options.path : studio.path;
    options.epoch_us = EPOCH;
    if (capture_open(&studio.capture, inner, &options, error) < 0)
        fail_msg("%s", error);
    return studio;
}

/* Close all, and open the file for reading at its first packet. */
static void develop(struct studio *studio)
{
    struct pcapng_block block;

    studio->capture->ops->close(studio->capture);
    studio->far->ops->close(studio->far);
    packet_pool_free(studio->pool);
    FILE *file = fopen(studio->path, "rb");
    assert_non_null(file);
    studio->bytes = malloc(1 << 24);
    studio->len = fread(studio->bytes, 1, 1 << 24, file);
    (void)fclose(file);
    pcapng_read(&studio->reader, studio->bytes, studio->len);
    assert_int_equal(pcapng_next(&studio->reader, &block), PCAPNG_SECTION);
    assert_int_equal(pcapng_next(&studio->reader, &block), PCAPNG_INTERFACE);
}

static void free_studio(struct studio *studio)
{
    free(studio->bytes);
    unlink(studio->path);
}

/* The comments of a block, joined by " | ". */
static const char *comments_of(struct pcapng_block *block)
{
    static char text[4096];
    struct pcapng_option option;
    size_t len = 0;

    text[0] = 0;
    while (pcapng_next_option(block, &option))
        if (option.code == PCAPNG_OPT_COMMENT)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s", len ? " | " : "",
                                    option.len, (const char *)option.value);
    return text;
}

static void expect_packet(struct studio *studio, uint32_t direction, uint32_t seq, unsigned flags,
                          const char *comments)
{
    struct pcapng_block block;

    assert_int_equal(pcapng_next(&studio->reader, &block), PCAPNG_PACKET);
    const uint8_t *tcp = packet_tcp(block.packet.bytes, CIAO_LINK_IP);
    assert_true(packet_is_intact(block.packet.bytes, block.packet.len, CIAO_LINK_IP));
    assert_int_equal(block.packet.flags, direction);
    assert_int_equal(get_be32(tcp + 4), seq);
    assert_int_equal(tcp[13], flags);
    assert_string_equal(comments_of(&block), comments);
}

static void expect_end(struct studio *studio, const char *comments)
{
    struct pcapng_block block;

    assert_int_equal(pcapng_next(&studio->reader, &block), PCAPNG_STATISTICS);
    assert_string_equal(comments_of(&block), comments);
    assert_int_equal(pcapng_next(&studio->reader, &block), PCAPNG_END);
}

/* ---- frames ---- */

static struct packet segment(bool from_peer, uint32_t seq, uint16_t flags, uint32_t payload_len)
{
    return (struct packet){.from_peer = from_peer,
                           .our_port = 4000,
                           .peer_port = 80,
                           .seq = seq,
                           .ack = 1,
                           .flags = flags,
                           .wnd = 1000,
                           .partial = true,
                           .payload_len = payload_len};
}

static void expect_passed(struct ciao_driver *driver, uint64_t now_us)
{
    struct ciao_frame frame, *frames[1] = {&frame};

    ciao_frame_init(&frame);
    assert_int_equal(driver->ops->receive(driver, frames, 1, now_us), 1);
    assert_int_equal(frame.csum, CIAO_CSUM_PARTIAL); /* the capture left it as it was */
    ciao_frame_release(&frame);
}

static void we_send(struct studio *studio, struct packet packet, uint64_t now_us)
{
    struct ciao_frame frame, *frames[1] = {&frame};

    packet.kind = studio->far->link.kind;
    packet_make(&frame, studio->pool, &packet);
    assert_int_equal(studio->capture->ops->send(studio->capture, frames, 1, now_us), 1);
    expect_passed(studio->far, now_us);
}

/* n frames of the peer's arrive in one batch. */
static void we_receive(struct studio *studio, const struct packet *packets, unsigned n,
                       uint64_t now_us)
{
    for (unsigned i = 0; i < n; i++) {
        struct ciao_frame frame, *frames[1] = {&frame};
        packet_make(&frame, studio->pool, &packets[i]);
        assert_int_equal(studio->far->ops->send(studio->far, frames, 1, now_us), 1);
    }
    for (unsigned i = 0; i < n; i++)
        expect_passed(studio->capture, now_us);
}

static void we_receive_one(struct studio *studio, struct packet packet, uint64_t now_us)
{
    we_receive(studio, &packet, 1, now_us);
}

/* ---- events ---- */

static void tell(struct studio *studio, const struct ciao_event *event)
{
    studio->capture->ops->event(studio->capture, event);
}

static void tell_born(struct studio *studio, uint64_t life)
{
    struct ciao_event event = {.type = CIAO_EVENT_BORN, .life = life};

    event.u.born.local = ip_addr_v4(0x0a090002);
    event.u.born.remote = ip_addr_v4(0x0a090001);
    event.u.born.local_port = 4000;
    event.u.born.remote_port = 80;
    tell(studio, &event);
}

static void tell_arc(struct studio *studio, uint64_t life, enum ciao_arc_row row, uint64_t time_us)
{
    const struct ciao_event event = {.type = CIAO_EVENT_ARC,
                                     .life = life,
                                     .who = (uint8_t)ciao_arc_who(row),
                                     .from = (uint8_t)ciao_arc_from(row),
                                     .to = (uint8_t)ciao_arc_to(row),
                                     .what = (uint16_t)row,
                                     .time_us = time_us};

    tell(studio, &event);
}

static void tell_segment(struct studio *studio, uint8_t type, uint32_t seq, uint16_t flags,
                         uint32_t len, uint64_t time_us)
{
    struct ciao_event event = {
        .type = type, .life = LIFE, .flags = flags, .time_us = time_us, .who = CIAO_WHO_PEER};

    event.u.seg.seq = seq;
    event.u.seg.len = len;
    tell(studio, &event);
}

static void tell_reason(struct studio *studio, uint64_t life, enum ciao_reason reason, uint32_t seq,
                        uint16_t flags, uint64_t time_us)
{
    struct ciao_event event = {.type = CIAO_EVENT_REASON,
                               .life = life,
                               .who = (uint8_t)ciao_reason_who(reason),
                               .what = (uint16_t)reason,
                               .flags = flags,
                               .time_us = time_us};

    event.u.seg.seq = seq;
    tell(studio, &event);
}

/* ---- the tests ---- */

static void frames_are_written_with_direction_time_and_completed_checksum(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    struct pcapng_block block;
    (void)state;

    assert_true(studio.capture->link.tx_csum); /* the link is the inner one's */
    we_send(&studio, segment(false, 100, TCP_SYN, 0), 5);
    we_receive_one(&studio, segment(true, 900, TCP_ACK, 33), 700);
    develop(&studio);
    assert_int_equal(pcapng_next(&studio.reader, &block), PCAPNG_PACKET);
    assert_int_equal(block.link_type, PCAPNG_LINK_RAW);
    assert_true(block.packet.time_us == EPOCH + 5);
    assert_int_equal(block.packet.flags, PCAPNG_OUTBOUND);
    assert_true(packet_is_intact(block.packet.bytes, block.packet.len, CIAO_LINK_IP));
    assert_int_equal(pcapng_next(&studio.reader, &block), PCAPNG_PACKET);
    assert_true(block.packet.time_us == EPOCH + 700);
    assert_int_equal(block.packet.flags, PCAPNG_INBOUND);
    assert_int_equal(block.packet.len, 73);
    assert_true(packet_is_intact(block.packet.bytes, block.packet.len, CIAO_LINK_IP));
    expect_end(&studio, "");
    free_studio(&studio);
}

static void super_segments_are_cut_on_ethernet_and_both_families(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_ETHERNET);
    struct pcapng_block block;
    (void)state;

    for (int i = 0; i < 4; i++) {
        struct packet super = segment(false, 1000, TCP_ACK | TCP_PSH, 30000);
        super.gso_size = 1448;
        super.v6 = i % 2;
        super.in_one_piece = i / 2;
        we_send(&studio, super, 5);
    }
    develop(&studio);
    for (uint32_t i = 0; i < 4 * 21; i++) {
        assert_int_equal(pcapng_next(&studio.reader, &block), PCAPNG_PACKET);
        assert_int_equal(block.link_type, PCAPNG_LINK_ETHERNET);
        assert_true(packet_is_intact(block.packet.bytes, block.packet.len, CIAO_LINK_ETHERNET));
        const uint8_t *tcp = packet_tcp(block.packet.bytes, CIAO_LINK_ETHERNET);
        assert_int_equal(get_be32(tcp + 4), 1000 + i % 21 * 1448);
        assert_int_equal(tcp[13], i % 21 == 20 ? TCP_ACK | TCP_PSH : TCP_ACK);
    }
    expect_end(&studio, "");
    free_studio(&studio);
}

static void what_the_inner_driver_does_not_take_was_not_on_the_wire(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    struct ciao_frame frames[20], *pointers[20];
    (void)state;

    for (uint32_t i = 0; i < 20; i++) {
        struct packet packet = segment(false, i, TCP_ACK, 8);
        pointers[i] = &frames[i];
        packet_make(&frames[i], studio.pool, &packet);
    }
    assert_int_equal(studio.capture->ops->send(studio.capture, pointers, 20, 0), 16);
    for (uint32_t i = 0; i < 16; i++)
        expect_passed(studio.far, 0);
    assert_int_equal(studio.capture->ops->send(studio.capture, pointers + 16, 4, 1), 4);
    develop(&studio);
    for (uint32_t i = 0; i < 20; i++)
        expect_packet(&studio, PCAPNG_OUTBOUND, i, TCP_ACK, "");
    expect_end(&studio, "");
    free_studio(&studio);
}

/* The whole life of a client, with the events of every class as a stack tells them. */
static void play_a_life(struct studio *studio, bool wire)
{
    tell_born(studio, LIFE);
    tell_arc(studio, LIFE, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN, 10);
    we_send(studio, segment(false, 100, TCP_SYN, 0), 10);
    if (wire)
        tell_segment(studio, CIAO_EVENT_SENT, 100, TCP_SYN, 0, 10);

    we_receive_one(studio, segment(true, 900, TCP_SYN | TCP_ACK, 0), 20);
    we_send(studio, segment(false, 101, TCP_ACK, 0), 20);
    if (wire)
        tell_segment(studio, CIAO_EVENT_RECEIVED, 900, TCP_SYN | TCP_ACK, 0, 20);
    tell_arc(studio, LIFE, CIAO_ARC_SYN_SENT_ESTABLISHED_PEER_ANSWERED, 20);
    if (wire)
        tell_segment(studio, CIAO_EVENT_SENT, 101, TCP_ACK, 0, 20);

    /* close: the call comes between two calls of the driver */
    we_receive_one(studio, segment(true, 901, TCP_ACK | TCP_PSH, 50), 25);
    tell_arc(studio, LIFE, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST, 30);
    we_send(studio, segment(false, 101, TCP_FIN | TCP_ACK, 0), 30);
    if (wire)
        tell_segment(studio, CIAO_EVENT_SENT, 101, TCP_FIN | TCP_ACK, 0, 30);
}

static void expect_a_life(struct studio *studio)
{
    expect_packet(studio, PCAPNG_OUTBOUND, 100, TCP_SYN,
                  "CLOSED -> SYN-SENT: ACTIVE_OPEN (RFC 9293 3.10.1)");
    expect_packet(studio, PCAPNG_INBOUND, 900, TCP_SYN | TCP_ACK,
                  "SYN-SENT -> ESTABLISHED: PEER_ANSWERED (RFC 9293 3.10.7.3 fourth)");
    expect_packet(studio, PCAPNG_OUTBOUND, 101, TCP_ACK, "");
    expect_packet(studio, PCAPNG_INBOUND, 901, TCP_ACK | TCP_PSH, "");
    expect_packet(studio, PCAPNG_OUTBOUND, 101, TCP_FIN | TCP_ACK,
                  "ESTABLISHED -> FIN-WAIT-1: WE_CLOSED_FIRST (RFC 9293 3.10.4)");
}

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

static void the_file_is_never_more_than_a_second_behind(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    struct stat before, after;
    (void)state;

    assert_true(studio.capture->ops->deadline(studio.capture) == UINT64_MAX);
    we_send(&studio, segment(false, 1, TCP_SYN, 0), 500);
    assert_int_equal(stat(studio.path, &before), 0);
    uint64_t deadline = studio.capture->ops->deadline(studio.capture);
    assert_in_range(deadline, 500, 500 + 1000000);
    struct ciao_frame frame, *frames[1] = {&frame};
    assert_int_equal(studio.capture->ops->receive(studio.capture, frames, 1, deadline), 0);
    assert_int_equal(stat(studio.path, &after), 0);
    /* the block's own, the packet, the flags, the end of options */
    assert_int_equal(after.st_size - before.st_size, 32 + 40 + 8 + 4);
    assert_true(studio.capture->ops->deadline(studio.capture) == UINT64_MAX);
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

static void more_packets_than_are_held_back_leave_in_order(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    (void)state;

    for (uint32_t i = 0; i < 9000; i++)
        we_send(&studio, segment(false, i, TCP_ACK, i % 700), 5);
    assert_true(capture_counters(studio.capture)->packets > 4000);
    develop(&studio);
    for (uint32_t i = 0; i < 9000; i++)
        expect_packet(&studio, PCAPNG_OUTBOUND, i, TCP_ACK, "");
    expect_end(&studio, "");
    free_studio(&studio);
}

static void a_full_disk_stops_the_capture_and_nothing_else(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    struct capture_options options = {.path = "/nowhere/at/all"};
    struct ciao_driver *second;
    char error[CAPTURE_ERROR_TEXT];
    (void)state;

    assert_int_equal(capture_open(&second, studio.far, &options, error), -ENOENT);
    assert_string_equal(error,
                        "cannot write the capture /nowhere/at/all: No such file or directory");
    options.path = "/dev/full";
    assert_int_equal(capture_open(&second, studio.far, &options, error), -ENOSPC);
    assert_non_null(strstr(error, "No space left on device"));

    /* A file that fills up later: a limit to its size stands for the disk's. */
    struct rlimit before, tight;
    struct stat so_far;
    assert_int_equal(stat(studio.path, &so_far), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = before;
    tight.rlim_cur = (rlim_t)so_far.st_size + 10;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    we_send(&studio, segment(false, 1, TCP_SYN, 0), 1);
    assert_int_equal(capture_error(studio.capture), 0);
    we_send(&studio, segment(false, 2, TCP_SYN, 0), 2000000); /* the first is written now */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(capture_error(studio.capture), -EFBIG);
    play_a_life(&studio, true); /* every frame still passes */
    assert_true(capture_counters(studio.capture)->packets_lost > 0);
    assert_int_equal(capture_error(studio.capture), -EFBIG);
    studio.bytes = NULL;
    studio.capture->ops->close(studio.capture);
    studio.far->ops->close(studio.far);
    packet_pool_free(studio.pool);
    assert_int_equal(stat(studio.path, &so_far), 0);
    assert_int_equal(so_far.st_size, tight.rlim_cur); /* nothing was added after the gap */
    free_studio(&studio);
}

/* ---- read by tshark, with its checks on ---- */

static const char *tshark(const char *path, const char *arguments)
{
    static char text[16384];
    char command[512];

    snprintf(command, sizeof command,
             "tshark -r %s -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE "
             "-o tcp.relative_sequence_numbers:FALSE -T fields -E separator=/t %s 2>/dev/null",
             path, arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t len = fread(text, 1, sizeof text - 1, pipe);
    text[len] = 0;
    assert_int_equal(pclose(pipe), 0);
    return text;
}

static void tshark_shows_the_comments_and_no_bad_checksum(void **state)
{
    struct studio studio = open_studio((struct capture_options){0}, CIAO_LINK_IP);
    struct packet super = segment(false, 200, TCP_ACK, 3000);
    (void)state;

    if (system("command -v tshark >/dev/null") != 0) {
        develop(&studio);
        free_studio(&studio);
        skip();
    }
    play_a_life(&studio, true);
    super.gso_size = 1000;
    we_send(&studio, super, 50);
    super.v6 = true;
    we_send(&studio, super, 60);
    develop(&studio);
    assert_string_equal(
        tshark(studio.path, "-e tcp.seq -e frame.p2p_dir -e tcp.checksum.status -e frame.comment"),
        "100\t0\t1\tCLOSED -> SYN-SENT: ACTIVE_OPEN (RFC 9293 3.10.1)\n"
        "900\t1\t1\tSYN-SENT -> ESTABLISHED: PEER_ANSWERED (RFC 9293 3.10.7.3 fourth)\n"
        "101\t0\t1\t\n"
        "901\t1\t1\t\n"
        "101\t0\t1\tESTABLISHED -> FIN-WAIT-1: WE_CLOSED_FIRST (RFC 9293 3.10.4)\n"
        "200\t0\t1\t\n1200\t0\t1\t\n2200\t0\t1\t\n"
        "200\t0\t1\t\n1200\t0\t1\t\n2200\t0\t1\t\n");
    assert_string_equal(tshark(studio.path, "-Y 'ip.checksum.status==0 || _ws.malformed' -e ip.id"),
                        "");
    free_studio(&studio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_written_with_direction_time_and_completed_checksum),
        cmocka_unit_test(super_segments_are_cut_on_ethernet_and_both_families),
        cmocka_unit_test(what_the_inner_driver_does_not_take_was_not_on_the_wire),
        cmocka_unit_test(each_change_is_at_the_packet_that_caused_or_followed_it),
        cmocka_unit_test(a_batch_is_told_apart_by_the_segments_events),
        cmocka_unit_test(the_fin_of_a_super_segment_has_the_comment),
        cmocka_unit_test(drops_resets_and_repeats_are_told),
        cmocka_unit_test(what_comes_after_the_last_packet_is_at_the_end_of_the_file),
        cmocka_unit_test(sentences_come_from_the_teller_and_end_at_a_character),
        cmocka_unit_test(what_has_no_place_is_counted_and_does_no_harm),
        cmocka_unit_test(the_file_is_never_more_than_a_second_behind),
        cmocka_unit_test(a_flush_leaves_what_may_still_be_told),
        cmocka_unit_test(more_packets_than_are_held_back_leave_in_order),
        cmocka_unit_test(a_full_disk_stops_the_capture_and_nothing_else),
        cmocka_unit_test(tshark_shows_the_comments_and_no_bad_checksum),
    };
    return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
