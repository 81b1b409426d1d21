/*
 * Memory for a stack in a test: reserved, zeroed, and touched only as it is used.
 */
#ifndef TESTS_SUPPORT_STACKMEM_H
#define TESTS_SUPPORT_STACKMEM_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static inline void *stackmem_new(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        abort();
    }
    return memory;
}

static inline void stackmem_free(void *memory, size_t bytes)
{
    if (munmap(memory, bytes) != 0) {
        perror("munmap");
        abort();
    }
}

#endif
