/*
 * TUN and TAP; see tap.h.
 *
 * Every frame crosses with a virtio_net_hdr in front: which checksum is unfinished, and how a
 * super-segment is to be cut.  A frame is read into a buffer of 64 KB and handed on in it; one that
 * fills less than a quarter is copied into a small one, so that 60 bytes do not hold 64 KB.  When
 * the pool is empty, frames as small as an ACK still arrive, in their own room: they are what frees
 * memory again.  Larger ones are dropped, as any full receiver does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/virtio_net.h>

#include "base/assert.h"
#include "driver/tap_device.h"
#include "wire/offload.h"

#define ETHERNET_BYTES 14
#define COPY_BELOW     (TAP_LANDING_BYTES / 4)

static struct tap *tap_of(struct ciao_driver *driver)
{
    return (struct tap *)driver;
}

static uint32_t link_header_bytes(const struct tap *tap)
{
    return tap->driver.link.kind == CIAO_LINK_ETHERNET ? ETHERNET_BYTES : 0;
}

/* ---- receiving ---- */

/* What the kernel says about a frame, in our words. */
static void read_header(const struct tap *tap, const struct virtio_net_hdr *header,
                        struct ciao_frame *frame)
{
    if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        && (uint32_t)header->csum_start + header->csum_offset + 2 <= frame->len) {
        frame->csum = CIAO_CSUM_PARTIAL;
        frame->csum_start = header->csum_start;
        frame->csum_offset = header->csum_offset;
    } else if (header->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
        frame->csum = CIAO_CSUM_VERIFIED;
    }

    if (header->gso_size == 0 || frame->csum != CIAO_CSUM_PARTIAL)
        return; /* a super-segment has an unfinished checksum always */
    uint8_t gso = header->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
    if (gso == VIRTIO_NET_HDR_GSO_TCPV4)
        frame->gso = CIAO_GSO_TCP4;
    else if (gso == VIRTIO_NET_HDR_GSO_TCPV6)
        frame->gso = CIAO_GSO_TCP6;
    else
        return;
    frame->gso_size = header->gso_size;
    frame->segments = (uint16_t)offload_count(frame, link_header_bytes(tap));
}

/* Put `len` bytes that have landed into the frame; false: there is no memory for them. */
static bool take_over(struct tap *tap, struct ciao_frame *frame, const uint8_t *landed,
                      uint32_t len)
{
    frame->head_len = frame->len = len;
    if (tap->landing && len >= COPY_BELOW) {
        frame->buf = tap->landing;
        frame->head = ciao_buf_bytes(frame->buf);
        tap->landing = NULL;
        return true;
    }
    frame->buf = ciao_bufpool_take(tap->pool, len);
    if (!frame->buf && len > CIAO_FRAME_ROOM)
        return false;
    if (frame->buf)
        frame->head = ciao_buf_bytes(frame->buf);
    memcpy(frame->head, landed, len);
    return true;
}

/* 1: a frame; 0: nothing is there, or what was there had to be dropped; -errno. */
static int receive_one(struct tap *tap, struct ciao_frame *frame, uint64_t now_us, bool *dropped)
{
    struct virtio_net_hdr header = {0};

    if (!tap->landing)
        tap->landing = ciao_bufpool_take(tap->pool, TAP_LANDING_BYTES);
    uint8_t *landed = tap->landing ? ciao_buf_bytes(tap->landing) : tap->spare;
    struct iovec parts[2] = {{&header, sizeof header}, {landed, TAP_LANDING_BYTES}};
    ssize_t len = tap->has_header ? readv(tap->file, parts, 2) : readv(tap->file, parts + 1, 1);
    if (len < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (tap->has_header)
        len -= (ssize_t)sizeof header;

    ciao_frame_init(frame);
    *dropped = len <= 0 || !take_over(tap, frame, landed, (uint32_t)len);
    if (*dropped) {
        ciao_frame_init(frame);
        tap->counters.dropped_no_memory++;
        return 0;
    }
    frame->rx_us = now_us;
    read_header(tap, &header, frame);
    tap->counters.received++;
    tap->counters.received_bytes += frame->len;
    return 1;
}

static int tap_receive(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                       uint64_t now_us)
{
    struct tap *tap = tap_of(driver);
    unsigned given = 0;

    while (given < n) {
        bool dropped = false;
        int status = receive_one(tap, frames[given], now_us, &dropped);
        if (status < 0)
            return given ? (int)given : status;
        if (status == 0 && !dropped)
            break;
        given += (unsigned)status;
    }
    return (int)given;
}

/* ---- sending ---- */

static struct virtio_net_hdr write_header(const struct ciao_frame *frame)
{
    struct virtio_net_hdr header = {0};

    if (frame->csum == CIAO_CSUM_PARTIAL) {
        header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        header.csum_start = frame->csum_start;
        header.csum_offset = frame->csum_offset;
    }
    if (frame->gso == CIAO_GSO_NONE)
        return header;
    header.gso_type =
        frame->gso == CIAO_GSO_TCP4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
    header.gso_size = frame->gso_size;
    /* A hint: how much the kernel should lay out in one piece. */
    uint32_t head = frame->head_len < CIAO_FRAME_ROOM ? frame->head_len : CIAO_FRAME_ROOM;
    header.hdr_len = (uint16_t)head;
    return header;
}

static int send_one(struct tap *tap, const struct ciao_frame *frame)
{
    struct virtio_net_hdr header = write_header(frame);
    struct iovec parts[2 + CIAO_FRAME_FRAGS] = {{&header, sizeof header},
                                                {frame->head, frame->head_len}};

    ASSERT(frame->n_frags <= CIAO_FRAME_FRAGS);
    for (uint32_t i = 0; i < frame->n_frags; i++)
        parts[2 + i] = (struct iovec){(void *)(uintptr_t)frame->frag[i].ptr, frame->frag[i].len};
    int n = (int)(2 + frame->n_frags);
    ssize_t sent =
        tap->has_header ? writev(tap->file, parts, n) : writev(tap->file, parts + 1, n - 1);
    return sent < 0 ? -errno : 0;
}

/* Will it be better later?  Else the frame itself is at fault, or the interface is gone. */
static bool is_busy(int status)
{
    return status == -EAGAIN || status == -EINTR || status == -ENOBUFS || status == -ENOMEM;
}

static bool is_gone(int status)
{
    return status == -EIO || status == -EBADFD || status == -ENODEV;
}

static int tap_send(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                    uint64_t now_us)
{
    struct tap *tap = tap_of(driver);
    unsigned taken = 0;

    (void)now_us;
    for (; taken < n; taken++) {
        int status = send_one(tap, frames[taken]);
        if (is_busy(status))
            break;
        if (is_gone(status))
            return taken ? (int)taken : status;
        if (status < 0) {
            tap->counters.refused++; /* trying again would fail again */
        } else {
            tap->counters.sent++;
            tap->counters.sent_bytes += frames[taken]->len;
        }
        ciao_frame_release(frames[taken]);
    }
    return (int)taken;
}

static uint64_t tap_deadline(const struct ciao_driver *driver)
{
    (void)driver;
    return UINT64_MAX;
}

static int tap_descriptor(const struct ciao_driver *driver)
{
    return ((const struct tap *)driver)->file;
}

static void tap_close(struct ciao_driver *driver)
{
    struct tap *tap = tap_of(driver);

    ciao_buf_unref(tap->landing);
    if (tap->file >= 0)
        close(tap->file);
    free(tap);
}

const struct ciao_driver_ops tap_ops = {
    .name = "tap",
    .send = tap_send,
    .receive = tap_receive,
    .deadline = tap_deadline,
    .descriptor = tap_descriptor,
    .close = tap_close,
};

const char *tap_name(const struct ciao_driver *driver)
{
    return ((const struct tap *)driver)->name;
}

const struct tap_counters *tap_counters(const struct ciao_driver *driver)
{
    return &((const struct tap *)driver)->counters;
}
