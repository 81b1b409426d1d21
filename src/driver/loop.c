/*
 * Two driver ends joined in memory; see loop.h.
 *
 * Each end has a ring of frames that wait to be received there, and the other end fills it.  Slots
 * are frames of our own, so that a frame crosses by two moves: the payload's references change
 * hands, nobody counts them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "driver/loop.h"

#define MTU_DEFAULT   1500
#define MTU_LEAST     576
#define MTU_MOST      65535
#define QUEUE_DEFAULT 256

struct loop_end {
    struct ciao_driver driver;
    struct loop_end *peer;
    struct ciao_frame *ring; /* waits to be received here */
    uint32_t mask;           /* slots less one */
    uint32_t first, next;    /* free-running: the oldest, and where the next one goes */
    bool open;
};

static struct loop_end *end_of(struct ciao_driver *driver)
{
    return (struct loop_end *)driver;
}

/* Nobody is there any more: what is sent falls off the end of the wire. */
static int throw_away(struct ciao_frame *const *frames, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ciao_frame_release(frames[i]);
    return (int)n;
}

static int loop_send(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                     uint64_t now_us)
{
    struct loop_end *peer = end_of(driver)->peer;

    (void)now_us;
    if (!peer->open)
        return throw_away(frames, n);

    uint32_t room = peer->mask + 1 - (peer->next - peer->first);
    unsigned taken = n < room ? n : room;
    struct ciao_frame *ring = peer->ring;
    uint32_t next = peer->next, mask = peer->mask;
    for (unsigned i = 0; i < taken; i++)
        ciao_frame_move(&ring[next++ & mask], frames[i]);
    peer->next = next;
    return (int)taken;
}

static int loop_receive(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                        uint64_t now_us)
{
    struct loop_end *end = end_of(driver);
    uint32_t waiting = end->next - end->first;
    unsigned given = n < waiting ? n : waiting;

    struct ciao_frame *ring = end->ring;
    uint32_t first = end->first, mask = end->mask;
    for (unsigned i = 0; i < given; i++) {
        ciao_frame_move(frames[i], &ring[first++ & mask]);
        frames[i]->rx_us = now_us;
    }
    end->first = first;
    return (int)given;
}

static uint64_t loop_deadline(const struct ciao_driver *driver)
{
    const struct loop_end *end = (const struct loop_end *)driver;

    return end->next != end->first ? 0 : UINT64_MAX;
}

static int loop_descriptor(const struct ciao_driver *driver)
{
    (void)driver;
    return -1;
}

static void end_free(struct loop_end *end)
{
    free(end->ring);
    free(end);
}

/* The memory of both stays until both are closed, since each sends into the other's ring. */
static void loop_close(struct ciao_driver *driver)
{
    struct loop_end *end = end_of(driver);

    ASSERT(end->open);
    end->open = false;
    while (end->first != end->next)
        ciao_frame_release(&end->ring[end->first++ & end->mask]);
    if (end->peer->open)
        return;
    if (end->peer != end)
        end_free(end->peer);
    end_free(end);
}

static const struct ciao_driver_ops loop_ops = {
    .name = "loop",
    .send = loop_send,
    .receive = loop_receive,
    .deadline = loop_deadline,
    .descriptor = loop_descriptor,
    .close = loop_close,
};

static struct loop_end *end_make(const struct loop_options *options, uint8_t number)
{
    struct loop_end *end = calloc(1, sizeof *end);
    uint32_t slots = options->queue ? options->queue : QUEUE_DEFAULT;

    if (!end)
        return NULL;
    end->ring = calloc(slots, sizeof *end->ring);
    if (!end->ring) {
        free(end);
        return NULL;
    }
    end->mask = slots - 1;
    end->open = true;
    end->driver.ops = &loop_ops;
    end->driver.link = (struct ciao_link){
        .kind = options->kind,
        .mac = {0x02, 'c', 'i', 'a', 'o', number}, /* locally administered */
        .mtu = options->mtu ? options->mtu : MTU_DEFAULT,
        .gso_bytes = options->gso_bytes,
        .tx_csum = options->offload,
        .rx_csum = options->offload,
    };
    return end;
}

static bool is_possible(const struct loop_options *options)
{
    return (options->queue & (options->queue - 1)) == 0 && options->gso_bytes <= MTU_MOST
           && (!options->mtu || (options->mtu >= MTU_LEAST && options->mtu <= MTU_MOST));
}

int loop_self(struct ciao_driver **end, const struct loop_options *options)
{
    static const struct loop_options usual = {.mtu = MTU_MOST, .offload = true};

    if (!options)
        options = &usual;
    if (!is_possible(options))
        return -EINVAL;

    struct loop_end *one = end_make(options, 1);
    if (!one)
        return -ENOMEM;
    one->peer = one;
    one->driver.link.kind = CIAO_LINK_LOOPBACK;
    *end = &one->driver;
    return 0;
}

int loop_pair(struct ciao_driver **a, struct ciao_driver **b, const struct loop_options *options)
{
    static const struct loop_options usual = {.kind = CIAO_LINK_IP};

    if (!options)
        options = &usual;
    if (!is_possible(options))
        return -EINVAL;

    struct loop_end *one = end_make(options, 1);
    struct loop_end *two = end_make(options, 2);
    if (!one || !two) {
        if (one)
            end_free(one);
        if (two)
            end_free(two);
        return -ENOMEM;
    }
    one->peer = two;
    two->peer = one;
    *a = &one->driver;
    *b = &two->driver;
    return 0;
}
