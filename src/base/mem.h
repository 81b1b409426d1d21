/*
 * The four functions that the upper half takes from outside, declared here so that no libc header
 * is needed.  The declarations agree with <string.h>, which may be included before or after.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif
