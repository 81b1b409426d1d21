/*
 * The Internet checksum, 32 bytes at a time, for x86-64 processors with AVX2: see checksum.h.
 *
 * One instruction multiplies pairs of signed 16-bit words and adds them up in 32 bits, so words
 * are made signed first: each is taken 32,768 too low, which is put right at the end.  In blocks
 * of 64 KB not even the sum over all lanes can overflow.
 */
#include "wire/checksum_wide.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2        __attribute__((target("avx2")))
#define WRITTEN_OUT static inline __attribute__((always_inline)) AVX2
#define WIDTH       32u
#define BLOCK       ((size_t)65536)
#define SHORT       64u /* what is shorter is not worth making ready */

/* From byte n on: a mask of the last n bytes of a vector. */
static const uint8_t last_bytes[2 * WIDTH] = {
    [WIDTH] = 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255,           255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

/* Sums of words less 32,768 each; two take turns. */
struct lanes {
    __m256i a, b;
    __m256i sign, one; /* what each word is changed by, and multiplied by */
};

/* It stays in a register: compilers would make a constant anew wherever it is used. */
WRITTEN_OUT __m256i kept(__m256i v)
{
    __asm__("" : "+x"(v));
    return v;
}

WRITTEN_OUT struct lanes no_words(void)
{
    return (struct lanes){
        .a = _mm256_setzero_si256(),
        .b = _mm256_setzero_si256(),
        .sign = kept(_mm256_set1_epi16(INT16_MIN)),
        .one = kept(_mm256_set1_epi16(1)),
    };
}

WRITTEN_OUT __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i_u *)p);
}

/* `copy`: to there as well; it is known where this is compiled. */
WRITTEN_OUT __m256i take(uint8_t *to, const uint8_t *from, bool copy)
{
    __m256i v = load(from);
    if (copy)
        _mm256_storeu_si256((__m256i_u *)to, v);
    return v;
}

WRITTEN_OUT __m256i add(const struct lanes *lanes, __m256i sums, __m256i v)
{
    return _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_xor_si256(v, lanes->sign), lanes->one));
}

/* The last `len` bytes (an even number below 32) of those that end there, 32 at least. */
static inline AVX2 __m256i last(const uint8_t *end, size_t len)
{
    return _mm256_and_si256(load(end - WIDTH), load(last_bytes + len));
}

/* `vectors` were added: at most what 32 bits hold. */
static inline AVX2 uint32_t total(const struct lanes *sums, uint32_t vectors)
{
    __m256i v = _mm256_add_epi32(sums->a, sums->b);
    __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(x) + vectors * (WIDTH / 2) * 32768u;
}

/* 64 bytes. */
WRITTEN_OUT void take_two(struct lanes *sums, uint8_t *q, const uint8_t *p, bool copy)
{
    sums->a = add(sums, sums->a, take(q, p, copy));
    sums->b = add(sums, sums->b, take(q + 32, p + 32, copy));
}

WRITTEN_OUT void take_four(struct lanes *sums, uint8_t *q, const uint8_t *p, bool copy)
{
    take_two(sums, q, p, copy);
    take_two(sums, q + 64, p + 64, copy);
}

WRITTEN_OUT void take_eight(struct lanes *sums, uint8_t *q, const uint8_t *p, bool copy)
{
    take_four(sums, q, p, copy);
    take_four(sums, q + 128, p + 128, copy);
}

/* 32 bytes to 64 KB. */
WRITTEN_OUT uint32_t block(uint8_t *q, const uint8_t *p, size_t len, bool copy)
{
    struct lanes sums = no_words();
    const size_t rest = len % WIDTH, odd = len & 1, even = rest - odd;
    for (const uint8_t *end = p + (len & ~(size_t)511); p != end; p += 512, q += 512) {
        take_eight(&sums, q, p, copy);
        take_eight(&sums, q + 256, p + 256, copy);
    }
    if (len & 256) {
        take_eight(&sums, q, p, copy);
        p += 256;
        q += 256;
    }
    if (len & 128) {
        take_four(&sums, q, p, copy);
        p += 128;
        q += 128;
    }
    if (len & 64) {
        take_two(&sums, q, p, copy);
        p += 64;
        q += 64;
    }
    if (len & 32) {
        sums.a = add(&sums, sums.a, take(q, p, copy));
        p += 32;
        q += 32;
    }
    if (copy && rest != 0)
        (void)take(q + rest - WIDTH, p + rest - WIDTH, true); /* some of them a second time */
    if (even != 0)
        sums.b = add(&sums, sums.b, last(p + even, even));
    uint32_t sum = total(&sums, (uint32_t)(len / WIDTH) + (even != 0));
    return odd ? sum + p[even] : sum;
}

WRITTEN_OUT uint32_t sum_block(const uint8_t *p, size_t len)
{
    return block((uint8_t *)(uintptr_t)p, p, len, false); /* nothing is written there */
}

static AVX2 uint32_t sum_avx2(const void *from, size_t len)
{
    const uint8_t *p = from;
    uint64_t sum = 0;
    for (; len > BLOCK; p += BLOCK, len -= BLOCK)
        sum += sum_block(p, BLOCK);
    return csum_fold(sum + (len < SHORT ? csum_small(p, len) : sum_block(p, len)));
}

static AVX2 uint32_t copy_avx2(void *to, const void *from, size_t len)
{
    uint8_t *q = to;
    const uint8_t *p = from;
    uint64_t sum = 0;
    for (; len > BLOCK; p += BLOCK, q += BLOCK, len -= BLOCK)
        sum += block(q, p, BLOCK, true);
    return csum_fold(sum + (len < SHORT ? csum_copy_small(q, p, len) : block(q, p, len, true)));
}

const struct csum_ops csum_ops_avx2 = {"avx2", sum_avx2, copy_avx2};

#else
/* A file must declare something [C17 6.9]. */
typedef int checksum_avx2_is_for_x86_64;
#endif
