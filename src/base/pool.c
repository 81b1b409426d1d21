/*
 * Records by index.  A free slot's first word is the next free one's index; slot 0 is never handed
 * out, so that index 0 can mean none.
 */
#include "base/pool.h"

#include "base/assert.h"
#include "base/ref.h"

/* The bits stand behind the slots, at the next word. */
static size_t bits_offset(uint32_t stride, uint32_t capacity)
{
    return ((size_t)stride * ((size_t)capacity + 1) + 7) & ~(size_t)7;
}

static inline uint64_t *bits_of(const struct pool *pool, uint32_t index)
{
    return &pool->bits[index / 64];
}

static inline uint64_t bit_of(uint32_t index)
{
    return UINT64_C(1) << index % 64;
}

size_t pool_bytes(uint32_t stride, uint32_t capacity)
{
    return bits_offset(stride, capacity) + ((size_t)capacity / 64 + 1) * sizeof(uint64_t);
}

void pool_init(struct pool *pool, void *memory, uint32_t stride, uint32_t capacity)
{
    ASSERT(stride >= 4 && stride % 4 == 0 && capacity <= REF_INDEX_MAX);
    *pool = (struct pool){.base = memory, .stride = stride, .capacity = capacity};
    pool->bits = (uint64_t *)(void *)(pool->base + bits_offset(stride, capacity));
}

bool pool_is_out(const struct pool *pool, uint32_t index)
{
    if (index == 0 || index > pool->high)
        return false;
    return (*bits_of(pool, index) & bit_of(index)) != 0;
}

uint32_t pool_take(struct pool *pool)
{
    uint32_t index = pool->free_head;
    if (index != 0)
        pool->free_head = *(uint32_t *)pool_at(pool, index);
    else if (pool->high < pool->capacity)
        index = ++pool->high;
    else
        return 0;
    *bits_of(pool, index) |= bit_of(index);
    pool->used++;
    return index;
}

void pool_give(struct pool *pool, uint32_t index)
{
    pool_give_slot(pool, index, pool_at(pool, index));
}

void pool_give_slot(struct pool *pool, uint32_t index, void *slot)
{
    uint64_t *word = bits_of(pool, index), out = *word;
    ASSERT(index - 1 < pool->high && (out & bit_of(index)));
    *word = out & ~bit_of(index);
    *(uint32_t *)slot = pool->free_head;
    pool->free_head = index;
    pool->used--;
}
