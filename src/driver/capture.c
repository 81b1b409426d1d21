/*
 * A capture file round any driver; see capture.h.
 *
 * What is sent is kept as a second frame of the same bytes until the inner driver has said how
 * much of it it took; only that was on the wire.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/capture_book.h"

#define BATCH          32
#define ETHERNET_BYTES 14

static struct capture *capture_of(struct ciao_driver *driver)
{
    return (struct capture *)driver;
}

/* Room for one more packet: the older half of those that wait has had its time. */
static void make_room(struct capture *capture, uint32_t len)
{
    if (capture->n_shots < SHOTS && STORE_BYTES - capture->store_used >= len)
        return;
    capture_write_out(capture, (capture->n_shots + 1) / 2);
    if (STORE_BYTES - capture->store_used < len)
        capture_write_out(capture, capture->n_shots);
}

static void gather(uint8_t *to, const struct ciao_frame *frame)
{
    memcpy(to, frame->head, frame->head_len);
    to += frame->head_len;
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(to, frame->frag[i].ptr, frame->frag[i].len);
        to += frame->frag[i].len;
    }
}

/* One frame of the wire.  The checksum is completed in our copy: others need theirs partial. */
static void shoot_piece(struct capture *capture, const struct ciao_frame *piece, bool outbound,
                        uint64_t now_us)
{
    struct ciao_frame flat;

    make_room(capture, piece->len);
    struct shot *shot = &capture->shots[capture->n_shots++];
    uint8_t *bytes = capture->store + capture->store_used;
    *shot = (struct shot){
        .time_us = now_us, .offset = capture->store_used, .len = piece->len, .outbound = outbound};
    gather(bytes, piece);
    capture->store_used += piece->len;

    ciao_frame_init(&flat);
    flat.head = bytes;
    flat.head_len = flat.len = piece->len;
    flat.csum = piece->csum;
    flat.csum_start = piece->csum_start;
    flat.csum_offset = piece->csum_offset;
    offload_complete(&flat, capture->csum);
    if (piece->len > capture->link_header_bytes)
        capture_read_facts(bytes + capture->link_header_bytes,
                           piece->len - capture->link_header_bytes, shot);
}

static void shoot(struct capture *capture, const struct ciao_frame *frame, bool outbound,
                  uint64_t now_us)
{
    struct ciao_frame piece;

    if (capture->error) {
        capture->counters.packets_lost++;
        return;
    }
    if (frame->gso == CIAO_GSO_NONE) {
        shoot_piece(capture, frame, outbound, now_us);
        return;
    }
    uint32_t pieces = offload_count(frame, capture->link_header_bytes);
    for (uint32_t i = 0; i < pieces; i++) {
        offload_cut(frame, i, capture->link_header_bytes, capture->csum, &piece);
        shoot_piece(capture, &piece, outbound, now_us);
        ciao_frame_release(&piece);
    }
}

/* Once a second what waits is written, but for what is so young that its events may still come. */
static void flush_if_due(struct capture *capture, uint64_t now_us)
{
    uint32_t settled = 0;

    if (now_us < capture->next_flush_us)
        return;
    while (settled < capture->n_shots && capture->shots[settled].time_us + SETTLE_US <= now_us)
        settled++;
    capture_write_out(capture, settled);
    capture_flush(capture);
    capture->next_flush_us = now_us + FLUSH_US;
}

static int send_batch(struct capture *capture, struct ciao_frame *const *frames, unsigned n,
                      uint64_t now_us)
{
    struct ciao_frame copies[BATCH];

    for (unsigned i = 0; i < n; i++)
        ciao_frame_share(&copies[i], frames[i]);
    int taken = capture->inner->ops->send(capture->inner, frames, n, now_us);
    for (unsigned i = 0; i < n; i++) {
        if ((int)i < taken)
            shoot(capture, &copies[i], true, now_us);
        ciao_frame_release(&copies[i]);
    }
    return taken;
}

static int capture_send(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                        uint64_t now_us)
{
    struct capture *capture = capture_of(driver);
    unsigned sent = 0;

    flush_if_due(capture, now_us);
    while (sent < n) {
        unsigned batch = n - sent < BATCH ? n - sent : BATCH;
        int taken = send_batch(capture, frames + sent, batch, now_us);
        if (taken < 0)
            return sent ? (int)sent : taken;
        sent += (unsigned)taken;
        if ((unsigned)taken < batch)
            break;
    }
    return (int)sent;
}

static int capture_receive(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                           uint64_t now_us)
{
    struct capture *capture = capture_of(driver);

    flush_if_due(capture, now_us);
    int received = capture->inner->ops->receive(capture->inner, frames, n, now_us);
    for (int i = 0; i < received; i++)
        shoot(capture, frames[i], false, now_us);
    return received;
}

static uint64_t capture_deadline(const struct ciao_driver *driver)
{
    const struct capture *capture = (const struct capture *)driver;
    uint64_t inner = capture->inner->ops->deadline(capture->inner);
    bool unwritten = capture->n_shots > 0 || capture->file_used > 0;

    return unwritten && capture->next_flush_us < inner ? capture->next_flush_us : inner;
}

static int capture_descriptor(const struct ciao_driver *driver)
{
    const struct capture *capture = (const struct capture *)driver;

    return capture->inner->ops->descriptor(capture->inner);
}

static void capture_event(struct ciao_driver *driver, const struct ciao_event *event)
{
    struct capture *capture = capture_of(driver);

    if (!capture->error)
        capture_take_event(capture, event);
    if (capture->inner->ops->event)
        capture->inner->ops->event(capture->inner, event);
}

static void capture_close(struct ciao_driver *driver)
{
    struct capture *capture = capture_of(driver);
    uint64_t last_us =
        capture->n_shots ? capture->shots[capture->n_shots - 1].time_us : capture->next_flush_us;

    capture_file_close(capture, last_us);
    capture->inner->ops->close(capture->inner);
    free(capture);
}

static const struct ciao_driver_ops capture_ops = {
    .name = "capture",
    .send = capture_send,
    .receive = capture_receive,
    .deadline = capture_deadline,
    .descriptor = capture_descriptor,
    .event = capture_event,
    .close = capture_close,
};

int capture_open(struct ciao_driver **driver, struct ciao_driver *inner,
                 const struct capture_options *options, char error[CAPTURE_ERROR_TEXT])
{
    struct capture *capture = calloc(1, sizeof *capture);

    error[0] = 0;
    if (!capture) {
        snprintf(error, CAPTURE_ERROR_TEXT, "no memory for a capture");
        return -ENOMEM;
    }
    capture->driver.ops = &capture_ops;
    capture->driver.link = inner->link;
    capture->inner = inner;
    capture->options = *options;
    capture->csum = csum_ops_for(options->cpu);
    capture->link_header_bytes = inner->link.kind == CIAO_LINK_ETHERNET ? ETHERNET_BYTES : 0;
    int status = capture_file_open(capture, options->path);
    if (status < 0) {
        snprintf(error, CAPTURE_ERROR_TEXT, "cannot write the capture %s: %s", options->path,
                 strerror(-status));
        free(capture);
        return status;
    }
    *driver = &capture->driver;
    return 0;
}

int capture_error(const struct ciao_driver *driver)
{
    return ((const struct capture *)driver)->error;
}

const struct capture_counters *capture_counters(const struct ciao_driver *driver)
{
    return &((const struct capture *)driver)->counters;
}
