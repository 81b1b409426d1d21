/*
 * The Internet checksum in portable C, and the choice of a faster one: see checksum.h.
 *
 * Eight bytes are added at a time and the carries counted beside, to be added in at the end, as
 * ones' complement wants; two sums take turns, so that no addition waits for the one before.
 */
#include "wire/checksum.h"

#include "base/bytes.h"
#include "base/cpu.h"
#include "wire/addr.h"
#include "wire/checksum_wide.h"

struct sums {
    uint64_t sum[2];
    uint64_t carries;
};

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}

static inline void add(struct sums *sums, unsigned which, uint64_t word)
{
    sums->carries += __builtin_add_overflow(sums->sum[which], word, &sums->sum[which]);
}

/* A carry out of the highest bit counts one at the lowest, as ones' complement wants. */
static inline uint32_t total(const struct sums *sums)
{
    uint64_t sum;
    uint64_t carries = sums->carries + __builtin_add_overflow(sums->sum[0], sums->sum[1], &sum);
    bool once_more = __builtin_add_overflow(sum, carries, &sum);
    return csum_fold(sum + once_more);
}

/*
 * The sum of the last 0..7 bytes, in pieces of four, two and one: where in a word a piece would
 * lie does not matter, as long as it begins at an even byte.
 */
static inline uint64_t tail_sum(const uint8_t *p, size_t len)
{
    uint32_t four = 0;
    uint16_t two = 0;
    uint16_t one = 0;
    if (len & 4) {
        __builtin_memcpy(&four, p, 4);
        p += 4;
    }
    if (len & 2) {
        __builtin_memcpy(&two, p, 2);
        p += 2;
    }
    if (len & 1) {
        __builtin_memcpy(&one, p, 1);
    }
    return (uint64_t)four + two + one;
}

/* The same, copied too. */
static inline uint64_t copy_tail(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t at = 0;
    if (len & 4) {
        __builtin_memcpy(to, from, 4);
        at = 4;
    }
    if (len & 2) {
        __builtin_memcpy(to + at, from + at, 2);
        at += 2;
    }
    if (len & 1) {
        to[at] = from[at];
    }
    return tail_sum(from, len);
}

uint32_t csum_small(const void *from, size_t len)
{
    const uint8_t *p = from;
    struct sums sums = {{0, 0}, 0};
    for (; len >= 32; p += 32, len -= 32) {
        add(&sums, 0, load64(p));
        add(&sums, 1, load64(p + 8));
        add(&sums, 0, load64(p + 16));
        add(&sums, 1, load64(p + 24));
    }
    for (; len >= 8; p += 8, len -= 8) {
        add(&sums, 0, load64(p));
    }
    add(&sums, 1, tail_sum(p, len));
    return total(&sums);
}

static inline uint64_t copy64(uint8_t *to, const uint8_t *from)
{
    uint64_t word = load64(from);
    __builtin_memcpy(to, &word, sizeof word);
    return word;
}

uint32_t csum_copy_small(void *to, const void *from, size_t len)
{
    uint8_t *q = to;
    const uint8_t *p = from;
    struct sums sums = {{0, 0}, 0};
    for (; len >= 32; p += 32, q += 32, len -= 32) {
        add(&sums, 0, copy64(q, p));
        add(&sums, 1, copy64(q + 8, p + 8));
        add(&sums, 0, copy64(q + 16, p + 16));
        add(&sums, 1, copy64(q + 24, p + 24));
    }
    for (; len >= 8; p += 8, q += 8, len -= 8) {
        add(&sums, 0, copy64(q, p));
    }
    add(&sums, 1, copy_tail(q, p, len));
    return total(&sums);
}

static const struct csum_ops csum_ops_portable = {"portable", csum_small, csum_copy_small};

const struct csum_ops *csum_ops_for(uint32_t cpu)
{
#if defined(__x86_64__)
    if (cpu & CIAO_CPU_AVX512BW) {
        return &csum_ops_avx512;
    }
    if (cpu & CIAO_CPU_AVX2) {
        return &csum_ops_avx2;
    }
#endif
    (void)cpu;
    return &csum_ops_portable;
}

/* ---- pseudo-headers ---- */

/* A number of the host as the two words that it is on the wire, for a sum in memory's order. */
static uint32_t word_sum(uint32_t value)
{
    uint8_t bytes[4];
    put_be32(bytes, value);
    return csum_load(bytes) + csum_load(bytes + 2);
}

uint32_t csum_pseudo4(uint32_t src, uint32_t dst, uint8_t protocol, uint32_t len)
{
    return csum_fold((uint64_t)word_sum(src) + word_sum(dst) + word_sum(protocol) + word_sum(len));
}

uint32_t csum_pseudo6(const struct ciao_addr *src, const struct ciao_addr *dst, uint8_t protocol,
                      uint32_t len)
{
    struct sums sums = {{0, 0}, 0};
    add(&sums, 0, load64(src->b));
    add(&sums, 1, load64(src->b + 8));
    add(&sums, 0, load64(dst->b));
    add(&sums, 1, load64(dst->b + 8));
    return csum_fold((uint64_t)total(&sums) + word_sum(protocol) + word_sum(len));
}

uint32_t csum_pseudo(const struct ciao_addr *src, const struct ciao_addr *dst, uint8_t protocol,
                     uint32_t len)
{
    return ip_is_v4(dst) ? csum_pseudo4(ip_v4(src), ip_v4(dst), protocol, len)
                         : csum_pseudo6(src, dst, protocol, len);
}
