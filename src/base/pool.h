/*
 * Records of one size, named by index, with a budget.  Slots are taken fresh in order up to the
 * high-water mark and then last-in first-out, so that only pages in use are ever touched and the
 * hot ones are used again.  One bit a slot, behind the slots, says which are out: a slot given back
 * twice is caught for certain.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool {
    uint8_t *base;
    uint64_t *bits; /* which slots are out */
    uint32_t stride, capacity;
    uint32_t used;
    uint32_t high; /* the last slot ever taken: so many were out at the same time at most */
    uint32_t free_head;
};

/* How much memory pool_init() wants, zeroed and aligned as the records are (8 at least). */
size_t pool_bytes(uint32_t stride, uint32_t capacity);

/* `stride` is a multiple of 4; `capacity` at most REF_INDEX_MAX. */
void pool_init(struct pool *pool, void *memory, uint32_t stride, uint32_t capacity);

/* An index from 1 up, 0 at the budget.  What the slot held before is still in it. */
uint32_t pool_take(struct pool *pool);
void pool_give(struct pool *pool, uint32_t index);
void pool_give_slot(struct pool *pool, uint32_t index, void *slot); /* which lies at pool_at() */

/* Is this slot out?  True for what pool_take() returned and pool_give() has not had. */
bool pool_is_out(const struct pool *pool, uint32_t index);

static inline void *pool_at(const struct pool *pool, uint32_t index)
{
    return pool->base + (size_t)index * pool->stride;
}

#endif
