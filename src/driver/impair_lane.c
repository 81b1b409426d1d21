/*
 * One direction of a bad network; see impair_lane.h.
 *
 * Chances are drawn in the order in which frames come, from one stream of random numbers, so the
 * same frames meet the same fate.  The queue is in order of time by construction: a frame is never
 * due before the one in front of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "driver/impair_lane.h"

#define MILLION        1000000u
#define NS_PER_US      1000u
#define NS_PER_S       1000000000u
#define ETHERNET_BYTES 14
#define ETHERNET_IP4   0x0800
#define ETHERNET_IP6   0x86dd
#define IP4_HEADER     20
#define IP6_HEADER     40
#define OTHERS_MOST    3 /* so many later frames may pass a held one */

int lane_init(struct lane *lane, const struct impair_spec *spec, uint32_t way)
{
    uint8_t seed[32] = {(uint8_t)way};
    uint32_t slots = 1;

    memset(lane, 0, sizeof *lane);
    lane->spec = *spec;
    lane->limit = spec->limit ? spec->limit : spec->rate_bits ? IMPAIR_LIMIT_RATED : IMPAIR_LIMIT;
    put_le64(seed + 8, spec->seed);
    rng_seed(&lane->rng, seed);
    while (slots < lane->limit)
        slots *= 2;
    lane->queue = calloc(slots, sizeof *lane->queue);
    lane->mask = slots - 1;
    return lane->queue ? 0 : -ENOMEM;
}

void lane_free(struct lane *lane)
{
    while (lane->first != lane->next)
        ciao_frame_release(&lane->queue[lane->first++ & lane->mask].frame);
    for (uint32_t i = 0; i < lane->n_held; i++)
        ciao_frame_release(&lane->held[i].frame);
    free(lane->queue);
}

static bool happens(struct lane *lane, uint32_t ppm)
{
    return ppm && rng_below(&lane->rng, MILLION) < ppm;
}

/* ---- the queue ---- */

/* When a frame that enters now comes out at the far end. */
static uint64_t due_time(struct lane *lane, uint32_t bytes, uint64_t now_us)
{
    uint64_t left_us = now_us;

    if (lane->spec.rate_bits) {
        uint64_t now_ns = now_us * NS_PER_US;
        uint64_t start_ns = lane->line_free_ns > now_ns ? lane->line_free_ns : now_ns;
        lane->line_free_ns = start_ns + (uint64_t)bytes * 8 * NS_PER_S / lane->spec.rate_bits;
        left_us = (lane->line_free_ns + NS_PER_US - 1) / NS_PER_US;
    }
    uint64_t due_us = left_us + lane->spec.delay_us;
    if (lane->spec.jitter_us)
        due_us += rng_below(&lane->rng, lane->spec.jitter_us + 1);
    return due_us > lane->last_due_us ? due_us : lane->last_due_us;
}

static void enqueue(struct lane *lane, struct ciao_frame *frame, uint64_t now_us)
{
    if (lane->next - lane->first >= lane->limit) {
        lane->counters.overflow++;
        ciao_frame_release(frame);
        return;
    }
    struct lane_waiting *slot = &lane->queue[lane->next++ & lane->mask];
    slot->due_us = lane->last_due_us = due_time(lane, frame->len, now_us);
    if (slot->due_us > now_us)
        lane->counters.delayed++;
    ciao_frame_move(&slot->frame, frame);
}

/* ---- reordering ---- */

static void let_go(struct lane *lane, uint32_t index, uint64_t now_us)
{
    struct lane_held *held = &lane->held[index];

    if (held->passed)
        lane->counters.reordered++;
    enqueue(lane, &held->frame, now_us);
    lane->n_held--;
    for (uint32_t i = index; i < lane->n_held; i++) {
        struct lane_held *to = &lane->held[i];
        const struct lane_held *from = &lane->held[i + 1];
        to->until_us = from->until_us;
        to->others = from->others;
        to->passed = from->passed;
        ciao_frame_move(&to->frame, &lane->held[i + 1].frame);
    }
}

/* A frame has gone past those that are held back. */
static void count_passing(struct lane *lane, uint64_t now_us)
{
    for (uint32_t i = 0; i < lane->n_held;) {
        lane->held[i].passed = true;
        if (--lane->held[i].others == 0)
            let_go(lane, i, now_us);
        else
            i++;
    }
}

static void hold(struct lane *lane, struct ciao_frame *frame, uint64_t now_us)
{
    struct lane_held *held = &lane->held[lane->n_held++];

    held->until_us = now_us + IMPAIR_HOLD_US;
    held->others = 1 + rng_below(&lane->rng, OTHERS_MOST);
    held->passed = false;
    ciao_frame_move(&held->frame, frame);
}

static void pass_on(struct lane *lane, struct ciao_frame *frame, uint64_t now_us)
{
    if (happens(lane, lane->spec.reorder_ppm) && lane->n_held < LANE_HELD) {
        hold(lane, frame, now_us);
        return;
    }
    enqueue(lane, frame, now_us);
    count_passing(lane, now_us);
}

void lane_advance(struct lane *lane, uint64_t now_us)
{
    for (uint32_t i = 0; i < lane->n_held;) {
        if (lane->held[i].until_us <= now_us)
            let_go(lane, i, now_us);
        else
            i++;
    }
}

/* ---- corruption ---- */

/*
 * Which bytes does a checksum cover?  All of an IPv4 packet; of an IPv6 packet what follows its
 * header; nothing of what is neither.  [from, to) is empty then.
 */
static void covered(const struct lane *lane, const struct ciao_frame *frame, uint32_t *from,
                    uint32_t *to)
{
    uint32_t link = lane->link_header_bytes;
    const uint8_t *ip = frame->head + link;
    uint32_t kind = link == ETHERNET_BYTES && frame->head_len >= link ? get_be16(ip - 2) : 0;

    *from = *to = 0;
    if (frame->head_len >= link + IP4_HEADER && ip[0] >> 4 == 4
        && (!link || kind == ETHERNET_IP4)) {
        *from = link;
        *to = link + get_be16(ip + 2);
    } else if (frame->head_len >= link + IP6_HEADER && ip[0] >> 4 == 6
               && (!link || kind == ETHERNET_IP6)) {
        *from = link + IP6_HEADER;
        *to = *from + get_be16(ip + 4);
    }
    if (*to > frame->len)
        *to = frame->len;
}

/* Put all bytes of a frame into a buffer that nobody shares. */
static bool make_own(struct lane *lane, struct ciao_frame *frame)
{
    struct ciao_buf *buf = lane->pool ? ciao_bufpool_take(lane->pool, frame->len) : NULL;

    if (!buf)
        return false;
    uint8_t *to = ciao_buf_bytes(buf);
    uint32_t len = frame->head_len;
    memcpy(to, frame->head, len);
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(to + len, frame->frag[i].ptr, frame->frag[i].len);
        len += frame->frag[i].len;
        ciao_buf_unref(frame->frag[i].buf);
    }
    ciao_buf_unref(frame->buf);
    frame->n_frags = 0;
    frame->buf = buf;
    frame->head = to;
    frame->head_len = len;
    return true;
}

/* Change one byte; what others share (the send queue, the other copy) stays as it is. */
static void corrupt(struct lane *lane, struct ciao_frame *frame)
{
    uint32_t from, to;
    bool own_head = !frame->buf || frame->buf->refs == 1;

    covered(lane, frame, &from, &to);
    if (from >= to)
        return;
    uint32_t at = from + rng_below(&lane->rng, to - from);
    uint8_t change = (uint8_t)(1 + rng_below(&lane->rng, 255));
    if ((at >= frame->head_len || !own_head) && !make_own(lane, frame)) {
        if (!own_head || from >= frame->head_len)
            return;
        at = from + at % (frame->head_len - from);
    }
    frame->head[at] ^= change;
    lane->counters.corrupted++;
}

/* ---- in and out ---- */

/* The fate of one frame of the wire, whose checksums are complete. */
static void meet_fate(struct lane *lane, struct ciao_frame *frame, uint64_t now_us)
{
    struct ciao_frame copy;
    bool lost = happens(lane, lane->spec.loss_ppm);
    bool corrupted = happens(lane, lane->spec.corrupt_ppm);
    bool twice = happens(lane, lane->spec.dup_ppm);

    lane->counters.frames++;
    if (lost) {
        lane->counters.lost++;
        ciao_frame_release(frame);
        return;
    }
    frame->csum = CIAO_CSUM_NONE; /* nobody vouches for it any longer */
    if (corrupted)
        corrupt(lane, frame);
    if (twice)
        ciao_frame_share(&copy, frame);
    pass_on(lane, frame, now_us);
    if (!twice)
        return;
    lane->counters.duplicated++;
    enqueue(lane, &copy, now_us);
    count_passing(lane, now_us);
}

/* Complete the checksum of a frame that is not cut; false: no memory for bytes of our own. */
static bool complete(struct lane *lane, struct ciao_frame *frame)
{
    bool shared = frame->buf && frame->buf->refs > 1;

    if (frame->csum == CIAO_CSUM_PARTIAL && shared && !make_own(lane, frame))
        return false;
    offload_complete(frame, lane->csum);
    frame->gso = CIAO_GSO_NONE;
    frame->gso_size = 0;
    frame->segments = 1;
    return true;
}

bool lane_put(struct lane *lane, struct ciao_frame *frame, uint64_t now_us)
{
    uint32_t pieces = offload_count(frame, lane->link_header_bytes);
    uint32_t waiting = lane->next - lane->first;
    struct ciao_frame piece;

    if (waiting && (uint64_t)waiting + 2 * (uint64_t)pieces + LANE_HELD > lane->limit
        && lane->queue[lane->first & lane->mask].due_us <= now_us)
        return false;
    if (pieces == 1 && complete(lane, frame)) {
        meet_fate(lane, frame, now_us);
        return true;
    }
    for (uint32_t i = 0; pieces > 1 && i < pieces; i++) {
        offload_cut(frame, i, lane->link_header_bytes, lane->csum, &piece);
        meet_fate(lane, &piece, now_us);
    }
    lane->counters.overflow += pieces == 1;
    ciao_frame_release(frame);
    return true;
}

unsigned lane_due_frames(struct lane *lane, struct ciao_frame **frames, unsigned n, uint64_t now_us)
{
    uint32_t waiting = lane->next - lane->first;
    unsigned due = 0;

    while (due < n && due < waiting) {
        struct lane_waiting *slot = &lane->queue[(lane->first + due) & lane->mask];
        if (slot->due_us > now_us)
            break;
        frames[due++] = &slot->frame;
    }
    return due;
}

void lane_drop_first(struct lane *lane, unsigned n)
{
    lane->first += n;
    lane->counters.passed += n;
}

uint64_t lane_deadline(const struct lane *lane)
{
    uint64_t deadline = UINT64_MAX;

    if (lane->first != lane->next)
        deadline = lane->queue[lane->first & lane->mask].due_us;
    for (uint32_t i = 0; i < lane->n_held; i++)
        if (lane->held[i].until_us < deadline)
            deadline = lane->held[i].until_us;
    return deadline;
}
