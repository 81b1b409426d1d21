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

#define AVX2  __attribute__((target("avx2")))
#define WIDTH 32u
#define BLOCK ((size_t)65536)
#define SHORT 64u /* what is shorter is not worth making ready */

/* From byte n on: a mask of the last n bytes of a vector. */
static const uint8_t last_bytes[2 * WIDTH] = {
    [WIDTH] = 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255,           255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

/* Sums of words less 32,768 each; two take turns. */
struct lanes {
    __m256i a, b;
};

static inline AVX2 __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i_u *)p);
}

static inline AVX2 __m256i copy32(uint8_t *to, const uint8_t *from)
{
    __m256i v = load(from);
    _mm256_storeu_si256((__m256i_u *)to, v);
    return v;
}

static inline AVX2 __m256i add(__m256i sums, __m256i v)
{
    __m256i words = _mm256_xor_si256(v, _mm256_set1_epi16(INT16_MIN));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(words, _mm256_set1_epi16(1)));
}

/* The last `len` bytes (an even number below 32) of those that end there, 32 at least. */
static inline AVX2 __m256i last(const uint8_t *end, size_t len)
{
    return _mm256_and_si256(load(end - WIDTH), load(last_bytes + len));
}

/* `vectors` were added. */
static inline AVX2 uint32_t total(const struct lanes *sums, uint32_t vectors)
{
    __m256i v = _mm256_add_epi32(sums->a, sums->b);
    __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(x) + vectors * (WIDTH / 2) * 32768u;
}

static inline uint32_t fold32(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

/* 128 bytes. */
static inline AVX2 void sum_four(struct lanes *sums, const uint8_t *p)
{
    sums->a = add(sums->a, load(p));
    sums->b = add(sums->b, load(p + 32));
    sums->a = add(sums->a, load(p + 64));
    sums->b = add(sums->b, load(p + 96));
}

static inline AVX2 void copy_four(struct lanes *sums, uint8_t *q, const uint8_t *p)
{
    sums->a = add(sums->a, copy32(q, p));
    sums->b = add(sums->b, copy32(q + 32, p + 32));
    sums->a = add(sums->a, copy32(q + 64, p + 64));
    sums->b = add(sums->b, copy32(q + 96, p + 96));
}

/* 32 bytes to 64 KB. */
static inline AVX2 uint32_t sum_block(const uint8_t *p, size_t len)
{
    struct lanes sums = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    const uint8_t *end = p + len;
    for (size_t n = len / 256; n > 0; n--, p += 256) {
        sum_four(&sums, p);
        sum_four(&sums, p + 128);
    }
    if (len & 128) {
        sum_four(&sums, p);
        p += 128;
    }
    for (size_t n = len / 32 % 4; n > 0; n--, p += 32)
        sums.a = add(sums.a, load(p));
    size_t odd = len & 1, even = len % WIDTH - odd;
    if (even != 0)
        sums.b = add(sums.b, last(end - odd, even));
    uint32_t sum = total(&sums, (uint32_t)(len / WIDTH) + (even != 0));
    return fold32(sum) + (odd ? end[-1] : 0);
}

static AVX2 uint32_t sum_avx2(const void *from, size_t len)
{
    const uint8_t *p = from;
    uint64_t sum = 0;
    if (len < SHORT)
        return csum_small(p, len);
    for (; len > BLOCK; p += BLOCK, len -= BLOCK)
        sum += sum_block(p, BLOCK);
    return csum_fold(sum + (len < WIDTH ? csum_small(p, len) : sum_block(p, len)));
}

static inline AVX2 uint32_t copy_block(uint8_t *q, const uint8_t *p, size_t len)
{
    struct lanes sums = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    const uint8_t *end = p + len;
    uint8_t *end_to = q + len;
    for (size_t n = len / 256; n > 0; n--, p += 256, q += 256) {
        copy_four(&sums, q, p);
        copy_four(&sums, q + 128, p + 128);
    }
    if (len & 128) {
        copy_four(&sums, q, p);
        p += 128;
        q += 128;
    }
    for (size_t n = len / 32 % 4; n > 0; n--, p += 32, q += 32)
        sums.a = add(sums.a, copy32(q, p));
    size_t odd = len & 1, even = len % WIDTH - odd;
    if (len % WIDTH != 0)
        (void)copy32(end_to - WIDTH, end - WIDTH); /* some of them a second time */
    if (even != 0)
        sums.b = add(sums.b, last(end - odd, even));
    uint32_t sum = total(&sums, (uint32_t)(len / WIDTH) + (even != 0));
    return fold32(sum) + (odd ? end[-1] : 0);
}

static AVX2 uint32_t copy_avx2(void *to, const void *from, size_t len)
{
    uint8_t *q = to;
    const uint8_t *p = from;
    uint64_t sum = 0;
    if (len < SHORT)
        return csum_copy_small(q, p, len);
    for (; len > BLOCK; p += BLOCK, q += BLOCK, len -= BLOCK)
        sum += copy_block(q, p, BLOCK);
    return csum_fold(sum + (len < WIDTH ? csum_copy_small(q, p, len) : copy_block(q, p, len)));
}

const struct csum_ops csum_ops_avx2 = {"avx2", sum_avx2, copy_avx2};

#else
/* A file must declare something [C17 6.9]. */
typedef int checksum_avx2_is_for_x86_64;
#endif
