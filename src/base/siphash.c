/*
 * SipHash over bytes and over words; the rounds are in the header.
 */
#include "base/siphash.h"

#include "base/bytes.h"

/* The last word: what is left over, and the length in the top byte. */
static uint64_t siphash_tail(const uint8_t *left_over, size_t len)
{
    uint64_t word = (uint64_t)len << 56;
    for (size_t i = 0; i < len % 8; i++)
        word |= (uint64_t)left_over[i] << (8 * i);
    return word;
}

static inline uint64_t siphash(const uint64_t key[2], const void *data, size_t len, int rounds)
{
    const uint8_t *p = data;
    struct siphash s = siphash_begin(key);
    for (size_t words = len / 8; words > 0; words--, p += 8)
        siphash_word(&s, get_le64(p), rounds);
    siphash_word(&s, siphash_tail(p, len), rounds);
    return siphash_end(&s, rounds + 2);
}

static inline uint64_t siphash_u64s(const uint64_t key[2], const uint64_t *words, size_t n,
                                    int rounds)
{
    struct siphash s = siphash_begin(key);
    for (size_t i = 0; i < n; i++)
        siphash_word(&s, words[i], rounds);
    siphash_word(&s, (uint64_t)(n * 8) << 56, rounds);
    return siphash_end(&s, rounds + 2);
}

uint64_t siphash13(const uint64_t key[2], const void *data, size_t len)
{
    return siphash(key, data, len, 1);
}

uint64_t siphash24(const uint64_t key[2], const void *data, size_t len)
{
    return siphash(key, data, len, 2);
}

uint64_t siphash13_u64s(const uint64_t key[2], const uint64_t *words, size_t n)
{
    return siphash_u64s(key, words, n, 1);
}

uint64_t siphash24_u64s(const uint64_t key[2], const uint64_t *words, size_t n)
{
    return siphash_u64s(key, words, n, 2);
}
