/*
 * A bad network round any driver; see impair.h.
 *
 * Two lanes, one a direction.  Whatever call comes, both are looked after: send() also lets held
 * frames go, receive() also sends delayed ones, since the host knows only one deadline.
 */
#include <errno.h>
#include <stdlib.h>

#include "driver/impair_lane.h"

#define BATCH          32
#define ETHERNET_BYTES 14
#define RETRY_US       1000 /* how soon to try again when the inner driver takes nothing */
#define LIMIT_MOST     (1u << 20)

struct impair {
    struct ciao_driver driver;
    struct ciao_driver *inner;
    uint32_t ways;
    uint64_t retry_us; /* 0: the inner driver took all that it was offered */
    struct lane out, in;
    struct ciao_frame arrived[BATCH];
};

static struct impair *impair_of(struct ciao_driver *driver)
{
    return (struct impair *)driver;
}

/* Send what has had its time.  Returns 0, or -errno of the inner driver. */
static int pump_out(struct impair *impair, uint64_t now_us)
{
    struct ciao_frame *due[BATCH];

    lane_advance(&impair->out, now_us);
    impair->retry_us = 0;
    for (;;) {
        unsigned n = lane_due_frames(&impair->out, due, BATCH, now_us);
        if (n == 0)
            return 0;
        int taken = impair->inner->ops->send(impair->inner, due, n, now_us);
        if (taken < 0)
            return taken;
        lane_drop_first(&impair->out, (unsigned)taken);
        if ((unsigned)taken < n) {
            impair->retry_us = now_us + RETRY_US;
            return 0;
        }
    }
}

static int impair_send(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                       uint64_t now_us)
{
    struct impair *impair = impair_of(driver);
    unsigned taken = 0;

    if (!(impair->ways & IMPAIR_OUT))
        return impair->inner->ops->send(impair->inner, frames, n, now_us);
    while (taken < n && lane_put(&impair->out, frames[taken], now_us))
        taken++;
    int status = pump_out(impair, now_us);
    if (status < 0)
        return taken ? (int)taken : status;
    while (taken < n && lane_put(&impair->out, frames[taken], now_us))
        taken++;
    (void)pump_out(impair, now_us);
    return (int)taken;
}

/* Hand over what has had its time; returns how many. */
static unsigned give(struct impair *impair, struct ciao_frame *const *frames, unsigned n,
                     uint64_t now_us)
{
    struct ciao_frame *due[BATCH];
    unsigned given = 0;

    lane_advance(&impair->in, now_us);
    while (given < n) {
        unsigned more = n - given < BATCH ? n - given : BATCH;
        more = lane_due_frames(&impair->in, due, more, now_us);
        if (more == 0)
            break;
        for (unsigned i = 0; i < more; i++) {
            ciao_frame_move(frames[given + i], due[i]);
            frames[given + i]->rx_us = now_us;
        }
        lane_drop_first(&impair->in, more);
        given += more;
    }
    return given;
}

/* Let what has arrived at the inner driver enter; returns how many frames, or -errno. */
static int take_in(struct impair *impair, uint64_t now_us)
{
    struct ciao_frame *frames[BATCH];

    for (unsigned i = 0; i < BATCH; i++) {
        frames[i] = &impair->arrived[i];
        ciao_frame_init(frames[i]);
    }
    int n = impair->inner->ops->receive(impair->inner, frames, BATCH, now_us);
    for (int i = 0; i < n; i++) {
        if (!lane_put(&impair->in, frames[i], now_us)) {
            impair->in.counters.overflow++;
            ciao_frame_release(frames[i]);
        }
    }
    return n;
}

static int impair_receive(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                          uint64_t now_us)
{
    struct impair *impair = impair_of(driver);

    if (impair->ways & IMPAIR_OUT)
        (void)pump_out(impair, now_us); /* an error will be met by the next send() */
    if (!(impair->ways & IMPAIR_IN))
        return impair->inner->ops->receive(impair->inner, frames, n, now_us);

    /* More is taken in only when nothing that is due is left, so that the queue's limit is met by
     * what waits for its time and not by a host that takes few frames at once. */
    unsigned given = give(impair, frames, n, now_us);
    while (given < n) {
        int taken = take_in(impair, now_us);
        if (taken < 0)
            return given ? (int)given : taken;
        if (taken == 0)
            break;
        given += give(impair, frames + given, n - given, now_us);
    }
    return (int)given;
}

static uint64_t impair_deadline(const struct ciao_driver *driver)
{
    const struct impair *impair = (const struct impair *)driver;
    uint64_t deadline = impair->inner->ops->deadline(impair->inner);
    uint64_t out = lane_deadline(&impair->out);
    uint64_t in = lane_deadline(&impair->in);

    if (impair->retry_us > out)
        out = impair->retry_us;
    if (out < deadline)
        deadline = out;
    return in < deadline ? in : deadline;
}

static int impair_descriptor(const struct ciao_driver *driver)
{
    const struct impair *impair = (const struct impair *)driver;

    return impair->inner->ops->descriptor(impair->inner);
}

static void impair_event(struct ciao_driver *driver, const struct ciao_event *event)
{
    struct impair *impair = impair_of(driver);

    if (impair->inner->ops->event)
        impair->inner->ops->event(impair->inner, event);
}

/* What was sent and still waits goes out at once: who ends must not lose the last ACK. */
static void impair_close(struct ciao_driver *driver)
{
    struct impair *impair = impair_of(driver);

    (void)pump_out(impair, UINT64_MAX);
    lane_free(&impair->out);
    lane_free(&impair->in);
    impair->inner->ops->close(impair->inner);
    free(impair);
}

static const struct ciao_driver_ops impair_ops = {
    .name = "impair",
    .send = impair_send,
    .receive = impair_receive,
    .deadline = impair_deadline,
    .descriptor = impair_descriptor,
    .event = impair_event,
    .close = impair_close,
};

static int lanes_init(struct impair *impair, const struct impair_spec *spec)
{
    int status = lane_init(&impair->out, spec, IMPAIR_OUT);

    if (status < 0)
        return status;
    status = lane_init(&impair->in, spec, IMPAIR_IN);
    if (status < 0)
        lane_free(&impair->out);
    return status;
}

static bool is_sane(const struct impair_spec *spec)
{
    const uint32_t all = 1000000;

    return spec->loss_ppm <= all && spec->dup_ppm <= all && spec->reorder_ppm <= all
           && spec->corrupt_ppm <= all && spec->limit <= LIMIT_MOST && spec->jitter_us < UINT32_MAX
           && (spec->ways & ~(IMPAIR_OUT | IMPAIR_IN)) == 0;
}

int impair_open(struct ciao_driver **driver, struct ciao_driver *inner,
                const struct impair_spec *spec, struct ciao_bufpool *pool, uint32_t cpu)
{
    if (!is_sane(spec))
        return -EINVAL;
    struct impair *impair = calloc(1, sizeof *impair);
    if (!impair)
        return -ENOMEM;
    int status = lanes_init(impair, spec);
    if (status < 0) {
        free(impair);
        return status;
    }
    struct lane *lanes[2] = {&impair->out, &impair->in};
    for (unsigned i = 0; i < 2; i++) {
        lanes[i]->pool = pool;
        lanes[i]->csum = csum_ops_for(cpu);
        lanes[i]->link_header_bytes = inner->link.kind == CIAO_LINK_ETHERNET ? ETHERNET_BYTES : 0;
    }
    impair->driver.ops = &impair_ops;
    impair->driver.link = inner->link;
    impair->inner = inner;
    impair->ways = spec->ways ? spec->ways : IMPAIR_OUT | IMPAIR_IN;
    *driver = &impair->driver;
    return 0;
}

const struct impair_counters *impair_counters(const struct ciao_driver *driver, uint32_t way)
{
    const struct impair *impair = (const struct impair *)driver;

    return way == IMPAIR_OUT ? &impair->out.counters : &impair->in.counters;
}
