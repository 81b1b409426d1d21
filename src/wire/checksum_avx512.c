/*
 * The Internet checksum, 64 bytes at a time, for x86-64 processors with AVX-512 F, BW and VL: see
 * checksum.h.
 *
 * 64-bit lanes take the low and the high halves of each lane read, so that nothing can overflow.
 * Two pairs of sums take turns; the last bytes are read under a mask, those beyond count as zero.
 */
#include "wire/checksum_wide.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl")))

struct lanes {
    __m512i low, high;
};

static inline AVX512 __m512i load(const uint8_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline AVX512 void add(struct lanes *lanes, __m512i v)
{
    const __m512i mask = _mm512_set1_epi64(0xffffffff);
    lanes->low = _mm512_add_epi64(lanes->low, _mm512_and_si512(v, mask));
    lanes->high = _mm512_add_epi64(lanes->high, _mm512_srli_epi64(v, 32));
}

static inline AVX512 struct lanes zero(void)
{
    return (struct lanes){_mm512_setzero_si512(), _mm512_setzero_si512()};
}

static inline AVX512 uint32_t total(const struct lanes *a, const struct lanes *b)
{
    __m512i v =
        _mm512_add_epi64(_mm512_add_epi64(a->low, a->high), _mm512_add_epi64(b->low, b->high));
    return csum_fold((uint64_t)_mm512_reduce_add_epi64(v));
}

/* One bit for each of the last 1..63 bytes. */
static inline AVX512 __mmask64 tail_mask(size_t len)
{
    return ((__mmask64)1 << len) - 1;
}

static AVX512 uint32_t sum_avx512(const void *from, size_t len)
{
    const uint8_t *p = from;
    struct lanes a = zero();
    struct lanes b = zero();
    for (; len >= 256; p += 256, len -= 256) {
        add(&a, load(p));
        add(&b, load(p + 64));
        add(&a, load(p + 128));
        add(&b, load(p + 192));
    }
    for (; len >= 64; p += 64, len -= 64) {
        add(&a, load(p));
    }
    if (len > 0) {
        add(&b, _mm512_maskz_loadu_epi8(tail_mask(len), p));
    }
    return total(&a, &b);
}

static inline AVX512 __m512i copy64(uint8_t *to, const uint8_t *from)
{
    __m512i v = load(from);
    _mm512_storeu_si512(to, v);
    return v;
}

static AVX512 uint32_t copy_avx512(void *to, const void *from, size_t len)
{
    uint8_t *q = to;
    const uint8_t *p = from;
    struct lanes a = zero();
    struct lanes b = zero();
    for (; len >= 256; p += 256, q += 256, len -= 256) {
        add(&a, copy64(q, p));
        add(&b, copy64(q + 64, p + 64));
        add(&a, copy64(q + 128, p + 128));
        add(&b, copy64(q + 192, p + 192));
    }
    for (; len >= 64; p += 64, q += 64, len -= 64) {
        add(&a, copy64(q, p));
    }
    if (len > 0) {
        __m512i v = _mm512_maskz_loadu_epi8(tail_mask(len), p);
        _mm512_mask_storeu_epi8(q, tail_mask(len), v);
        add(&b, v);
    }
    return total(&a, &b);
}

const struct csum_ops csum_ops_avx512 = {"avx512", sum_avx512, copy_avx512};

#else
/* A file must declare something [C17 6.9]. */
typedef int checksum_avx512_is_for_x86_64;
#endif
