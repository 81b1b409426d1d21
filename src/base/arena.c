/*
 * The arena: a pointer that only goes forward.
 */
#include "base/arena.h"

#include "base/assert.h"

void arena_init(struct arena *arena, void *memory, size_t size)
{
    arena->base = memory;
    arena->size = size;
    arena->used = 0;
}

void *arena_take(struct arena *arena, size_t bytes, size_t align)
{
    ASSERT(align != 0 && (align & (align - 1)) == 0);
    uintptr_t next = (uintptr_t)arena->base + arena->used;
    size_t gap = (size_t)(-next & (align - 1));
    size_t left = arena->size - arena->used;
    if (gap > left || bytes > left - gap)
        return NULL;
    void *taken = arena->base + arena->used + gap;
    arena->used += gap + bytes;
    return taken;
}
