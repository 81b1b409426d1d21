/*
 * The Internet checksum, 32 bytes at a time, for x86-64 processors with AVX2: see checksum.h.
 *
 * 64-bit lanes take the low and the high halves of each lane read, so that nothing can overflow.
 * Four sums take turns.
 */
#include "wire/checksum_wide.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

static inline AVX2 __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i_u *)p);
}

static inline AVX2 void store(uint8_t *p, __m256i v)
{
    _mm256_storeu_si256((__m256i_u *)p, v);
}

/* Sums of the low and of the high halves of 64-bit lanes. */
struct lanes {
    __m256i low, high;
};

static inline AVX2 void add(struct lanes *lanes, __m256i v)
{
    const __m256i mask = _mm256_set1_epi64x(0xffffffff);
    lanes->low = _mm256_add_epi64(lanes->low, _mm256_and_si256(v, mask));
    lanes->high = _mm256_add_epi64(lanes->high, _mm256_srli_epi64(v, 32));
}

static inline AVX2 struct lanes zero(void)
{
    return (struct lanes){_mm256_setzero_si256(), _mm256_setzero_si256()};
}

static inline AVX2 uint32_t total(const struct lanes *a, const struct lanes *b)
{
    __m256i v =
        _mm256_add_epi64(_mm256_add_epi64(a->low, a->high), _mm256_add_epi64(b->low, b->high));
    __m128i half = _mm_add_epi64(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    return csum_fold((uint64_t)_mm_cvtsi128_si64(half) + (uint64_t)_mm_extract_epi64(half, 1));
}

static AVX2 uint32_t sum_avx2(const void *from, size_t len)
{
    const uint8_t *p = from;
    if (len < 64) {
        return csum_small(p, len);
    }
    struct lanes a = zero();
    struct lanes b = zero();
    for (; len >= 128; p += 128, len -= 128) {
        add(&a, load(p));
        add(&b, load(p + 32));
        add(&a, load(p + 64));
        add(&b, load(p + 96));
    }
    for (; len >= 32; p += 32, len -= 32) {
        add(&a, load(p));
    }
    uint32_t sum = total(&a, &b);
    return len == 0 ? sum : csum_fold((uint64_t)sum + csum_small(p, len));
}

static inline AVX2 __m256i copy32(uint8_t *to, const uint8_t *from)
{
    __m256i v = load(from);
    store(to, v);
    return v;
}

static AVX2 uint32_t copy_avx2(void *to, const void *from, size_t len)
{
    uint8_t *q = to;
    const uint8_t *p = from;
    struct lanes a = zero();
    struct lanes b = zero();
    for (; len >= 128; p += 128, q += 128, len -= 128) {
        add(&a, copy32(q, p));
        add(&b, copy32(q + 32, p + 32));
        add(&a, copy32(q + 64, p + 64));
        add(&b, copy32(q + 96, p + 96));
    }
    for (; len >= 32; p += 32, q += 32, len -= 32) {
        add(&a, copy32(q, p));
    }
    uint32_t sum = total(&a, &b);
    return len == 0 ? sum : csum_fold((uint64_t)sum + csum_copy_small(q, p, len));
}

const struct csum_ops csum_ops_avx2 = {"avx2", sum_avx2, copy_avx2};

#else
/* A file must declare something [C17 6.9]. */
typedef int checksum_avx2_is_for_x86_64;
#endif
