/*
 * The implementations of checksum.h that only some processors can run.  For checksum.c and its
 * tests: everybody else asks csum_ops_for().
 */
#ifndef WIRE_CHECKSUM_WIDE_H
#define WIRE_CHECKSUM_WIDE_H

#include "wire/checksum.h"

/* The portable copy, for the last bytes of a wide one. */
uint32_t csum_copy_small(void *to, const void *from, size_t len);

#if defined(__x86_64__)
extern const struct csum_ops csum_ops_avx2;   /* needs CIAO_CPU_AVX2 */
extern const struct csum_ops csum_ops_avx512; /* needs CIAO_CPU_AVX512BW */
#endif

#endif
