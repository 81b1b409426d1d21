/*
 * SipHash (Aumasson, Bernstein 2012), the keyed hash behind initial sequence numbers, cookies,
 * ports and the random numbers.  1-3 is for tables, where an attacker sees no output; 2-4 where he
 * does.  The versions over words give what the general one gives for the same words written
 * little-endian.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash13(const uint64_t key[2], const void *data, size_t len);
uint64_t siphash24(const uint64_t key[2], const void *data, size_t len);
uint64_t siphash13_u64s(const uint64_t key[2], const uint64_t *words, size_t n);
uint64_t siphash24_u64s(const uint64_t key[2], const uint64_t *words, size_t n);

struct siphash {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t siphash_rotl(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void siphash_round(struct siphash *s)
{
    s->v0 += s->v1;
    s->v1 = siphash_rotl(s->v1, 13) ^ s->v0;
    s->v0 = siphash_rotl(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = siphash_rotl(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = siphash_rotl(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = siphash_rotl(s->v1, 17) ^ s->v2;
    s->v2 = siphash_rotl(s->v2, 32);
}

static inline struct siphash siphash_begin(const uint64_t key[2])
{
    return (struct siphash){
        key[0] ^ 0x736f6d6570736575u,
        key[1] ^ 0x646f72616e646f6du,
        key[0] ^ 0x6c7967656e657261u,
        key[1] ^ 0x7465646279746573u,
    };
}

static inline void siphash_word(struct siphash *s, uint64_t word, int rounds)
{
    s->v3 ^= word;
    for (int i = 0; i < rounds; i++)
        siphash_round(s);
    s->v0 ^= word;
}

static inline uint64_t siphash_end(struct siphash *s, int rounds)
{
    s->v2 ^= 0xff;
    for (int i = 0; i < rounds; i++)
        siphash_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* An IPv4 flow is two words: this is done for every packet, and so stands in the caller's code. */
static inline uint64_t siphash13_2w(const uint64_t key[2], uint64_t a, uint64_t b)
{
    struct siphash s = siphash_begin(key);
    siphash_word(&s, a, 1);
    siphash_word(&s, b, 1);
    siphash_word(&s, (uint64_t)16 << 56, 1);
    return siphash_end(&s, 3);
}

/* The rest of a message whose whole words are in: what is left over, at most 7 bytes, and in the
 * top byte how long it all is.  So what many messages begin with is hashed once. */
static inline uint64_t siphash24_rest(struct siphash s, uint64_t last)
{
    siphash_word(&s, last, 2);
    return siphash_end(&s, 4);
}

/* Of 12 bytes, a word and half of one: an IPv4 flow where 2-4 is asked for. */
static inline uint64_t siphash24_12(const uint64_t key[2], uint64_t a, uint32_t b)
{
    struct siphash s = siphash_begin(key);
    siphash_word(&s, a, 2);
    return siphash24_rest(s, (uint64_t)12 << 56 | b);
}

#endif
