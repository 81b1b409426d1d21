/*
 * One range of memory, handed in zeroed, reserved by address and committed as used; what is carved
 * out of it stays carved.  Nothing here writes to the memory: a table that is never filled costs
 * nothing.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
    uint8_t *base;
    size_t size, used;
};

void arena_init(struct arena *arena, void *memory, size_t size);

/* `bytes` at an address divisible by `align` (a power of two); NULL when they do not fit. */
void *arena_take(struct arena *arena, size_t bytes, size_t align);

static inline size_t arena_left(const struct arena *arena)
{
    return arena->size - arena->used;
}

#endif
