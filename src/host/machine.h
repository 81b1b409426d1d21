/*
 * What only the machine can tell a stack: memory, randomness, time, and what the processor can do.
 */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/stack.h"

/*
 * Zeroed memory that is reserved by address and committed page by page as it is touched.
 *
 *   huge_pages  ask for them; not having any is no failure
 *
 * Returns NULL with errno set.
 */
CIAO_MUST_CHECK void *machine_reserve(size_t bytes, bool huge_pages);
void machine_give_back(void *memory, size_t bytes);

/* Secret random bytes from the kernel.  Returns 0 or -errno. */
CIAO_MUST_CHECK int machine_random(uint8_t *bytes, size_t n);

/* The CIAO_CPU_* mask of this processor, as far as the operating system keeps the registers. */
uint32_t machine_cpu(void);

/* CLOCK_MONOTONIC in microseconds. */
uint64_t machine_now_us(void);

/* Microseconds since 1970 at the moment when machine_now_us() was 0. */
uint64_t machine_epoch_us(void);

#endif
