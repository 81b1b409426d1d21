/*
 * The Internet checksum, 64 bytes at a time, for x86-64 processors with AVX-512 F, BW and VL: see
 * checksum.h.
 *
 * As checksum_avx2.c does it, in vectors of twice the width; the last bytes are read under a mask,
 * those beyond count as zero.
 */
#include "wire/checksum_wide.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl")))
#define WIDTH  64u
#define BLOCK  ((size_t)65536)
#define SHORT  64u /* what is shorter is not worth making ready */

/* Sums of words less 32,768 each; two take turns. */
struct lanes {
    __m512i a, b;
};

static inline AVX512 __m512i load(const uint8_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline AVX512 __m512i copy64(uint8_t *to, const uint8_t *from)
{
    __m512i v = load(from);
    _mm512_storeu_si512(to, v);
    return v;
}

static inline AVX512 __m512i add(__m512i sums, __m512i v)
{
    __m512i words = _mm512_xor_si512(v, _mm512_set1_epi16(INT16_MIN));
    return _mm512_add_epi32(sums, _mm512_madd_epi16(words, _mm512_set1_epi16(1)));
}

/* One bit for each of the last 0..63 bytes. */
static inline AVX512 __mmask64 tail_mask(size_t len)
{
    return ((__mmask64)1 << len) - 1;
}

/* `vectors` were added. */
static inline AVX512 uint32_t total(const struct lanes *sums, uint32_t vectors)
{
    __m512i v = _mm512_add_epi32(sums->a, sums->b);
    uint32_t sum = (uint32_t)_mm512_reduce_add_epi32(v) + vectors * (WIDTH / 2) * 32768u;
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

/* Up to 64 KB. */
static inline AVX512 uint32_t sum_block(const uint8_t *p, size_t len)
{
    struct lanes sums = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    for (size_t n = len / 256; n > 0; n--, p += 256) {
        sums.a = add(sums.a, load(p));
        sums.b = add(sums.b, load(p + 64));
        sums.a = add(sums.a, load(p + 128));
        sums.b = add(sums.b, load(p + 192));
    }
    for (size_t n = len / 64 % 4; n > 0; n--, p += 64)
        sums.a = add(sums.a, load(p));
    size_t rest = len % WIDTH;
    if (rest != 0)
        sums.b = add(sums.b, _mm512_maskz_loadu_epi8(tail_mask(rest), p));
    return total(&sums, (uint32_t)(len / WIDTH) + (rest != 0));
}

static AVX512 uint32_t sum_avx512(const void *from, size_t len)
{
    const uint8_t *p = from;
    uint64_t sum = 0;
    if (len < SHORT)
        return csum_small(p, len);
    for (; len > BLOCK; p += BLOCK, len -= BLOCK)
        sum += sum_block(p, BLOCK);
    return csum_fold(sum + sum_block(p, len));
}

static inline AVX512 uint32_t copy_block(uint8_t *q, const uint8_t *p, size_t len)
{
    struct lanes sums = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    for (size_t n = len / 256; n > 0; n--, p += 256, q += 256) {
        sums.a = add(sums.a, copy64(q, p));
        sums.b = add(sums.b, copy64(q + 64, p + 64));
        sums.a = add(sums.a, copy64(q + 128, p + 128));
        sums.b = add(sums.b, copy64(q + 192, p + 192));
    }
    for (size_t n = len / 64 % 4; n > 0; n--, p += 64, q += 64)
        sums.a = add(sums.a, copy64(q, p));
    size_t rest = len % WIDTH;
    if (rest != 0) {
        __m512i v = _mm512_maskz_loadu_epi8(tail_mask(rest), p);
        _mm512_mask_storeu_epi8(q, tail_mask(rest), v);
        sums.b = add(sums.b, v);
    }
    return total(&sums, (uint32_t)(len / WIDTH) + (rest != 0));
}

static AVX512 uint32_t copy_avx512(void *to, const void *from, size_t len)
{
    uint8_t *q = to;
    const uint8_t *p = from;
    uint64_t sum = 0;
    if (len < SHORT)
        return csum_copy_small(q, p, len);
    for (; len > BLOCK; p += BLOCK, q += BLOCK, len -= BLOCK)
        sum += copy_block(q, p, BLOCK);
    return csum_fold(sum + copy_block(q, p, len));
}

const struct csum_ops csum_ops_avx512 = {"avx512", sum_avx512, copy_avx512};

#else
/* A file must declare something [C17 6.9]. */
typedef int checksum_avx512_is_for_x86_64;
#endif
