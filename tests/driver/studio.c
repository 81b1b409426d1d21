/* A studio for the capture's tests; see studio.h. */
#include "driver/studio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "driver/loop.h"
#include "wire/addr.h"
#include "wire/tcp.h"

struct studio open_studio(struct capture_options options, enum ciao_link_kind kind)
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
void develop(struct studio *studio)
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

void free_studio(struct studio *studio)
{
    free(studio->bytes);
    unlink(studio->path);
}

/* The comments of a block, joined by " | ". */
const char *comments_of(struct pcapng_block *block)
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

void expect_packet(struct studio *studio, uint32_t direction, uint32_t seq, unsigned flags,
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

void expect_end(struct studio *studio, const char *comments)
{
    struct pcapng_block block;

    assert_int_equal(pcapng_next(&studio->reader, &block), PCAPNG_STATISTICS);
    assert_string_equal(comments_of(&block), comments);
    assert_int_equal(pcapng_next(&studio->reader, &block), PCAPNG_END);
}

/* ---- frames ---- */

struct packet segment(bool from_peer, uint32_t seq, uint16_t flags, uint32_t payload_len)
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

void expect_passed(struct ciao_driver *driver, uint64_t now_us)
{
    struct ciao_frame frame, *frames[1] = {&frame};

    ciao_frame_init(&frame);
    assert_int_equal(driver->ops->receive(driver, frames, 1, now_us), 1);
    assert_int_equal(frame.csum, CIAO_CSUM_PARTIAL); /* the capture left it as it was */
    ciao_frame_release(&frame);
}

void we_send(struct studio *studio, struct packet packet, uint64_t now_us)
{
    struct ciao_frame frame, *frames[1] = {&frame};

    packet.kind = studio->far->link.kind;
    packet_make(&frame, studio->pool, &packet);
    assert_int_equal(studio->capture->ops->send(studio->capture, frames, 1, now_us), 1);
    expect_passed(studio->far, now_us);
}

/* n frames of the peer's arrive in one batch. */
void we_receive(struct studio *studio, const struct packet *packets, unsigned n, uint64_t now_us)
{
    for (unsigned i = 0; i < n; i++) {
        struct ciao_frame frame, *frames[1] = {&frame};
        packet_make(&frame, studio->pool, &packets[i]);
        assert_int_equal(studio->far->ops->send(studio->far, frames, 1, now_us), 1);
    }
    for (unsigned i = 0; i < n; i++)
        expect_passed(studio->capture, now_us);
}

void we_receive_one(struct studio *studio, struct packet packet, uint64_t now_us)
{
    we_receive(studio, &packet, 1, now_us);
}

/* ---- events ---- */

void tell(struct studio *studio, const struct ciao_event *event)
{
    studio->capture->ops->event(studio->capture, event);
}

void tell_born(struct studio *studio, uint64_t life)
{
    struct ciao_event event = {.type = CIAO_EVENT_BORN, .life = life};

    event.u.born.local = ip_addr_v4(0x0a090002);
    event.u.born.remote = ip_addr_v4(0x0a090001);
    event.u.born.local_port = 4000;
    event.u.born.remote_port = 80;
    tell(studio, &event);
}

void tell_arc(struct studio *studio, uint64_t life, enum ciao_arc_row row, uint64_t time_us)
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

void tell_segment(struct studio *studio, uint8_t type, uint32_t seq, uint16_t flags, uint32_t len,
                  uint64_t time_us)
{
    struct ciao_event event = {
        .type = type, .life = LIFE, .flags = flags, .time_us = time_us, .who = CIAO_WHO_PEER};

    event.u.seg.seq = seq;
    event.u.seg.len = len;
    tell(studio, &event);
}

void tell_reason(struct studio *studio, uint64_t life, enum ciao_reason reason, uint32_t seq,
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

/* The whole life of a client, with the events of every class as a stack tells them. */
void play_a_life(struct studio *studio, bool wire)
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

void expect_a_life(struct studio *studio)
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
