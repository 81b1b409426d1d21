/*
 * Packets and their notes into the file; see capture.h.
 *
 * The first write that fails is remembered, and nothing more is written: a capture that is full of
 * holes says less than one that ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ciao/version.h"
#include "driver/capture_book.h"

#define LEFTOVER_MOST 256

void capture_flush(struct capture *capture)
{
    uint32_t written = 0;

    while (written < capture->file_used && !capture->error) {
        ssize_t n =
            write(capture->file, capture->file_bytes + written, capture->file_used - written);
        if (n < 0 && errno != EINTR)
            capture->error = -errno;
        if (n > 0)
            written += (uint32_t)n;
    }
    capture->file_used = 0;
}

static uint8_t *room_at(struct capture *capture)
{
    return capture->file_bytes + capture->file_used;
}

static size_t room_left(const struct capture *capture)
{
    return FILE_BYTES - capture->file_used;
}

int capture_file_open(struct capture *capture, const char *path)
{
    bool ethernet = capture->inner->link.kind == CIAO_LINK_ETHERNET;
    const char *name = capture->options.interface_name;

    capture->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (capture->file < 0)
        return -errno;
    capture->file_used +=
        (uint32_t)pcapng_put_section(room_at(capture), room_left(capture), "ciao " CIAO_VERSION);
    capture->file_used += (uint32_t)pcapng_put_interface(
        room_at(capture), room_left(capture), ethernet ? PCAPNG_LINK_ETHERNET : PCAPNG_LINK_RAW,
        name ? name : capture->inner->ops->name);
    capture_flush(capture);
    if (capture->error)
        close(capture->file);
    return capture->error;
}

static size_t comments_of(struct capture *capture, uint32_t notes, struct pcapng_option *options,
                          size_t most)
{
    size_t n = 0;

    for (uint32_t i = notes; i; i = capture->notes[i].next) {
        const struct note *note = &capture->notes[i];
        if (n == most) {
            capture->counters.comments_lost++;
            continue;
        }
        options[n++] = (struct pcapng_option){
            .code = PCAPNG_OPT_COMMENT, .len = (uint16_t)note->len, .value = note->text};
    }
    capture->counters.comments += n;
    return n;
}

static void write_packet(struct capture *capture, struct shot *shot)
{
    struct pcapng_option options[NOTES_A_PACKET];
    const struct pcapng_packet packet = {
        .len = shot->len,
        .original_len = shot->len,
        .flags = shot->outbound ? PCAPNG_OUTBOUND : PCAPNG_INBOUND,
        .time_us = capture->options.epoch_us + shot->time_us,
        .bytes = capture->store + shot->offset,
    };

    capture_claim_notes(capture, shot);
    if (capture->error) {
        capture->counters.packets_lost++;
    } else {
        size_t n = comments_of(capture, shot->notes, options, NOTES_A_PACKET);
        size_t len = pcapng_put_packet(room_at(capture), room_left(capture), &packet, options, n);
        if (len == 0) {
            capture_flush(capture);
            len = pcapng_put_packet(room_at(capture), room_left(capture), &packet, options, n);
        }
        capture->file_used += (uint32_t)len;
        capture->counters.packets++;
    }
    capture_free_notes(capture, shot->notes);
}

void capture_write_out(struct capture *capture, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        write_packet(capture, &capture->shots[i]);

    uint32_t left = capture->n_shots - n;
    uint32_t from = left ? capture->shots[n].offset : capture->store_used;
    memmove(capture->store, capture->store + from, capture->store_used - from);
    memmove(capture->shots, capture->shots + n, left * sizeof capture->shots[0]);
    for (uint32_t i = 0; i < left; i++)
        capture->shots[i].offset -= from;
    capture->store_used -= from;
    capture->n_shots = left;
}

void capture_file_close(struct capture *capture, uint64_t now_us)
{
    struct pcapng_option options[LEFTOVER_MOST];

    capture_write_out(capture, capture->n_shots);
    capture_give_up_notes(capture);
    capture_flush(capture);
    size_t n = comments_of(capture, capture->leftover, options, LEFTOVER_MOST);
    const struct pcapng_statistics statistics = {
        .time_us = capture->options.epoch_us + now_us,
        .received = capture->counters.packets + capture->counters.packets_lost,
        .dropped = capture->counters.packets_lost,
    };
    capture->file_used += (uint32_t)pcapng_put_statistics(room_at(capture), room_left(capture),
                                                          &statistics, options, n);
    capture_flush(capture);
    if (close(capture->file) < 0 && !capture->error)
        capture->error = -errno;
}
