/*
 * The pool of payload buffers.
 *
 * A slab's free buffers hang on its own list; the slabs of a class that have any, or were never
 * wholly carved, hang on the class's list of open slabs.  A buffer that comes back moves its slab
 * to the front: the next taken is the last given, which the cache still holds.  A slab whose
 * buffers are all back serves any class again, but for the last open one of its class, which is
 * kept against taking and giving it over and over; at the limit it is given up as well.
 *
 * In front of the slabs each class keeps a few spare buffers, those given last, so that what is
 * taken and given in turn costs no bookkeeping of slabs: to a slab they are out.  At the limit the
 * slabs get them back.
 */
#include "base/buf.h"

#include <stdbool.h>

#include "base/assert.h"

struct ciao_slab {
    struct ciao_buf *free;
    uint32_t next, prev; /* open slabs of the class; 0 is none */
    uint32_t used, carved;
    uint32_t class_;
    uint32_t is_open;
};

static const uint32_t class_size[BUF_CLASSES] = {BUF_SMALL, BUF_FRAME,
                                                 BUF_QUARTER + BUF_QUARTER_SPARE, BUF_SUPER};

/* So many buffers of each class are kept spare: half a megabyte in all. */
static const uint32_t spares_most[BUF_CLASSES] = {64, 32, 16, 2};

/*
 * A cache line more than a power of two, so that the headers of many buffers do not share a few
 * sets.
 */
static uint32_t stride_of(uint32_t class_)
{
    return ((uint32_t)sizeof(struct ciao_buf) + class_size[class_] + 63) & ~UINT32_C(63);
}

static uint32_t slab_capacity(const struct ciao_bufpool *pool, uint32_t class_)
{
    return pool->slab_bytes / stride_of(class_);
}

size_t ciao_bufpool_init(struct ciao_bufpool *pool, void *memory, size_t bytes)
{
    ASSERT(((uintptr_t)memory & 63) == 0);
    bool small = bytes < (size_t)BUF_SLABS_FEW * BUF_SLAB_BYTES;
    uint32_t slab_bytes = small ? BUF_SLAB_BYTES_SMALL : BUF_SLAB_BYTES;
    size_t slabs = bytes / slab_bytes;
    /* The books stand behind the slabs, and cost the last one if there is no room left over. */
    while (slabs > 0 && (slabs + 1) * sizeof(struct ciao_slab) > bytes - slabs * slab_bytes)
        slabs--;
    ASSERT(slabs < UINT32_MAX);
    *pool = (struct ciao_bufpool){
        .memory = memory,
        .slab = (void *)((uint8_t *)memory + slabs * slab_bytes),
        .slab_bytes = slab_bytes,
        .slabs = (uint32_t)slabs,
        .budget_bytes = slabs * slab_bytes,
    };
    return slabs * slab_bytes;
}

static uint32_t class_for(uint32_t bytes)
{
    if (bytes <= BUF_FRAME)
        return bytes > BUF_SMALL;
    if (bytes <= BUF_QUARTER)
        return 2;
    return bytes <= BUF_SUPER ? 3 : BUF_CLASSES;
}

static void open_slab(struct ciao_bufpool *pool, uint32_t index)
{
    struct ciao_slab *slab = &pool->slab[index];
    uint32_t *head = &pool->open[slab->class_];
    slab->prev = 0;
    slab->next = *head;
    if (*head)
        pool->slab[*head].prev = index;
    *head = index;
    slab->is_open = true;
}

static void close_slab(struct ciao_bufpool *pool, uint32_t index)
{
    struct ciao_slab *slab = &pool->slab[index];
    if (slab->next)
        pool->slab[slab->next].prev = slab->prev;
    if (slab->prev)
        pool->slab[slab->prev].next = slab->next;
    else
        pool->open[slab->class_] = slab->next;
    slab->is_open = false;
}

static void retire_slab(struct ciao_bufpool *pool, uint32_t index)
{
    close_slab(pool, index);
    pool->slab[index].next = pool->slab_free;
    pool->slab_free = index;
}

/* At the limit: an empty slab that another class keeps in reserve.  It is the only open one there.
 */
static bool retire_a_reserve(struct ciao_bufpool *pool)
{
    for (uint32_t class_ = 0; class_ < BUF_CLASSES; class_++) {
        uint32_t index = pool->open[class_];
        if (index && pool->slab[index].used == 0) {
            retire_slab(pool, index);
            return true;
        }
    }
    return false;
}

/* A slab with room for the class, or 0. */
static uint32_t slab_for(struct ciao_bufpool *pool, uint32_t class_)
{
    if (pool->open[class_])
        return pool->open[class_];
    uint32_t index = 0;
    if (!pool->slab_free && pool->slab_high < pool->slabs)
        index = ++pool->slab_high;
    else if (pool->slab_free || retire_a_reserve(pool)) {
        index = pool->slab_free;
        pool->slab_free = pool->slab[index].next;
    }
    if (index) {
        pool->slab[index] = (struct ciao_slab){.class_ = class_};
        open_slab(pool, index);
    }
    return index;
}

/* The next buffer of a slab that has one: the last given, else one never used. */
static struct ciao_buf *take_from(struct ciao_bufpool *pool, uint32_t index)
{
    struct ciao_slab *slab = &pool->slab[index];
    struct ciao_buf *buf = slab->free;
    if (buf) {
        slab->free = buf->next;
    } else {
        size_t slab_offset = (size_t)(index - 1) * pool->slab_bytes;
        size_t offset = slab_offset + (size_t)slab->carved * stride_of(slab->class_);
        buf = (struct ciao_buf *)(void *)(pool->memory + offset);
        buf->size = stride_of(slab->class_) - (uint32_t)sizeof *buf;
        buf->pool = pool;
        buf->class_ = slab->class_;
        buf->slab = index;
        slab->carved++;
    }
    slab->used++;
    if (slab->used == slab_capacity(pool, slab->class_))
        close_slab(pool, index);
    return buf;
}

/*
 * A slab has got a buffer back: to the front with it.  Of two open ones none is empty, so that an
 * empty one need only be looked for where it is the only one: either it is this slab that goes, or
 * the one behind it.
 */
static void settle_slab(struct ciao_bufpool *pool, uint32_t index)
{
    struct ciao_slab *slab = &pool->slab[index];
    if (pool->open[slab->class_] == index && slab->used > 0)
        return;
    if (slab->is_open)
        close_slab(pool, index);
    open_slab(pool, index);
    uint32_t behind = slab->next;
    if (behind && slab->used == 0)
        retire_slab(pool, index);
    else if (behind && pool->slab[behind].used == 0)
        retire_slab(pool, behind);
}

/* ---- what is spare ---- */

static void give_to_slab(struct ciao_bufpool *pool, struct ciao_buf *buf)
{
    struct ciao_slab *slab = &pool->slab[buf->slab];
    buf->next = slab->free;
    slab->free = buf;
    slab->used--;
    settle_slab(pool, buf->slab);
}

static void give_up_spares(struct ciao_bufpool *pool)
{
    for (uint32_t class_ = 0; class_ < BUF_CLASSES; class_++) {
        while (pool->spare[class_]) {
            struct ciao_buf *buf = pool->spare[class_];
            pool->spare[class_] = buf->next;
            give_to_slab(pool, buf);
        }
        pool->spares[class_] = 0;
    }
}

/* There is no spare one; NULL: at the limit. */
static __attribute__((noinline)) struct ciao_buf *take_anew(struct ciao_bufpool *pool,
                                                            uint32_t class_)
{
    uint32_t index = class_ < BUF_CLASSES ? slab_for(pool, class_) : 0;
    if (!index && class_ < BUF_CLASSES) {
        give_up_spares(pool);
        index = slab_for(pool, class_);
    }
    if (!index) {
        pool->refused++;
        return NULL;
    }
    return take_from(pool, index);
}

struct ciao_buf *ciao_bufpool_take(struct ciao_bufpool *pool, uint32_t bytes_wanted)
{
    uint32_t class_ = class_for(bytes_wanted);
    struct ciao_buf *buf = class_ < BUF_CLASSES ? pool->spare[class_] : NULL;
    if (buf) {
        pool->spare[class_] = buf->next;
        pool->spares[class_]--;
    } else {
        buf = take_anew(pool, class_);
        if (!buf)
            return NULL;
    }
    buf->refs = 1;
    buf->next = NULL;
    pool->used_bytes += ciao_buf_charge(buf);
    if (pool->used_bytes > pool->peak_bytes)
        pool->peak_bytes = pool->used_bytes;
    if (++pool->used_count > pool->peak_count)
        pool->peak_count = pool->used_count;
    return buf;
}

void ciao_bufpool_give(struct ciao_buf *buf)
{
    ASSERT(buf->refs == 1);
    struct ciao_bufpool *pool = buf->pool;
    buf->refs = 0;
    if (!pool)
        return;
    uint32_t class_ = buf->class_;
    pool->used_count--;
    pool->used_bytes -= ciao_buf_charge(buf);
    if (pool->spares[class_] >= spares_most[class_]) {
        give_to_slab(pool, buf);
        return;
    }
    buf->next = pool->spare[class_];
    pool->spare[class_] = buf;
    pool->spares[class_]++;
}
