/*
 * A capture has every frame as a wire would carry it, whatever becomes of its file.
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

#include <cmocka.h>

#include "base/bytes.h"
#include "driver/studio.h"
#include "wire/tcp.h"

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
        cmocka_unit_test(the_file_is_never_more_than_a_second_behind),
        cmocka_unit_test(more_packets_than_are_held_back_leave_in_order),
        cmocka_unit_test(a_full_disk_stops_the_capture_and_nothing_else),
        cmocka_unit_test(tshark_shows_the_comments_and_no_bad_checksum),
    };
    return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
