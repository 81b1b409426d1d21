/*
 * The network of the demo: see demo_link.h.
 */
#include "cli/demo_link.h"

#include <stdlib.h>
#include <string.h>

#define WIRE_SLOTS 256
#define POOL_BYTES (8u << 20)

struct parcel {
    bool used;
    unsigned to;
    uint64_t arrives_us, order;
    uint32_t len;
    uint8_t *bytes;
};

struct demo_link {
    struct link_plan plan;
    struct link_account account;
    struct parcel slot[WIRE_SLOTS];
    struct parcel kept;
    uint64_t order;
    struct ciao_bufpool pool;
    void *memory;
};

struct demo_link *link_make(const struct link_plan *plan)
{
    struct demo_link *link = calloc(1, sizeof(*link));
    if (link == NULL)
        return NULL;
    link->plan = *plan;
    link->memory = aligned_alloc(64, POOL_BYTES);
    if (link->memory == NULL) {
        free(link);
        return NULL;
    }
    memset(link->memory, 0, POOL_BYTES);
    (void)ciao_bufpool_init(&link->pool, link->memory, POOL_BYTES);
    return link;
}

void link_free(struct demo_link *link)
{
    if (link == NULL)
        return;
    for (unsigned i = 0; i < WIRE_SLOTS; i++)
        free(link->slot[i].bytes);
    free(link->kept.bytes);
    free(link->memory);
    free(link);
}

static bool named(const uint32_t *numbers, unsigned n, uint32_t number)
{
    for (unsigned i = 0; i < n; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

static struct parcel pack(const struct ciao_frame *frame, unsigned from)
{
    struct parcel parcel = {.used = true, .to = 1 - from, .len = frame->len};
    parcel.bytes = malloc(frame->len + 1u);
    if (parcel.bytes == NULL)
        return (struct parcel){0};
    memcpy(parcel.bytes, frame->head, frame->head_len);
    size_t at = frame->head_len;
    for (unsigned i = 0; i < frame->n_frags; i++) {
        memcpy(parcel.bytes + at, frame->frag[i].ptr, frame->frag[i].len);
        at += frame->frag[i].len;
    }
    return parcel;
}

static struct parcel copy_of(const struct parcel *parcel)
{
    struct parcel copy = *parcel;
    copy.bytes = malloc(parcel->len + 1u);
    if (copy.bytes == NULL)
        return (struct parcel){0};
    memcpy(copy.bytes, parcel->bytes, parcel->len);
    return copy;
}

static bool to_be_kept(struct demo_link *link, uint32_t number, const struct parcel *parcel)
{
    const char *text = link->plan.keep_text;
    if (number == link->plan.keep)
        return true;
    if (text == NULL || parcel->len < strlen(text))
        return false;
    if (memcmp(parcel->bytes + parcel->len - strlen(text), text, strlen(text)) != 0)
        return false;
    link->plan.keep_text = NULL; /* the first one only */
    return true;
}

/* Put it on its way; the bytes are the wire's from now on. */
static void ship(struct demo_link *link, struct parcel parcel, uint64_t arrives_us)
{
    for (unsigned i = 0; i < WIRE_SLOTS; i++) {
        if (link->slot[i].used)
            continue;
        parcel.arrives_us = arrives_us;
        parcel.order = link->order++;
        link->slot[i] = parcel;
        return;
    }
    free(parcel.bytes); /* a wire so full loses, as real ones do */
}

void link_send(struct demo_link *link, unsigned from, struct ciao_frame *frame, uint64_t now_us)
{
    uint32_t number = ++link->account.segments;
    struct parcel parcel = pack(frame, from);
    ciao_frame_release(frame);
    if (!parcel.used)
        return;
    if (!link->kept.used && to_be_kept(link, number, &parcel))
        link->kept = copy_of(&parcel);
    if (named(link->plan.dup, link->plan.n_dup, number)) {
        link->account.doubled++;
        ship(link, copy_of(&parcel), now_us + LINK_DELAY_US + LINK_COPY_US);
    }
    if (named(link->plan.lose, link->plan.n_lose, number)) {
        link->account.lost++;
        free(parcel.bytes);
        return;
    }
    ship(link, parcel, now_us + LINK_DELAY_US);
}

static struct parcel *next_parcel(const struct demo_link *link)
{
    const struct parcel *next = NULL;
    for (unsigned i = 0; i < WIRE_SLOTS; i++) {
        const struct parcel *parcel = &link->slot[i];
        if (!parcel->used)
            continue;
        if (next == NULL || parcel->arrives_us < next->arrives_us
            || (parcel->arrives_us == next->arrives_us && parcel->order < next->order))
            next = parcel;
    }
    return (struct parcel *)next;
}

uint64_t link_next_us(const struct demo_link *link)
{
    const struct parcel *next = next_parcel(link);
    return next == NULL ? UINT64_MAX : next->arrives_us;
}

int link_receive(struct demo_link *link, struct ciao_frame *frame, uint64_t now_us)
{
    struct parcel *parcel = next_parcel(link);
    if (parcel == NULL || parcel->arrives_us > now_us)
        return -1;
    int to = (int)parcel->to;
    ciao_frame_init(frame);
    struct ciao_buf *buf = ciao_bufpool_take(&link->pool, parcel->len);
    if (buf != NULL) {
        memcpy(ciao_buf_bytes(buf), parcel->bytes, parcel->len);
        frame->buf = buf;
        frame->head = ciao_buf_bytes(buf);
        frame->head_len = frame->len = parcel->len;
        frame->rx_us = now_us;
    }
    free(parcel->bytes);
    *parcel = (struct parcel){0};
    return to;
}

bool link_release(struct demo_link *link, uint64_t at_us)
{
    if (!link->kept.used)
        return false;
    ship(link, link->kept, at_us);
    link->kept = (struct parcel){0};
    return true;
}

struct link_account link_account(const struct demo_link *link)
{
    return link->account;
}
