/*
 * A keyed hash for tables: each 32-bit word times a secret 64-bit key of its own, all added up, and
 * the upper half of that, stirred.  [Dietzfelbinger 1996; Lemire and Kaser, "Strongly universal
 * string hashing is fast", 2014]
 *
 * For keys that nobody knows, the hashes of any two different inputs of the same length are two
 * independent numbers, each equally likely: whoever chooses the inputs finds no two in one place
 * but by chance.  That holds as long as no hash is ever shown.  So this is not for sequence
 * numbers, timestamps or cookies, which go out to the peer: siphash.h.
 *
 * Stirring, which is one to one, changes nothing of that.  It is there because ports are used in
 * turn, and steps of one length may come out close to each other.
 */
#ifndef BASE_MULTILINEAR_H
#define BASE_MULTILINEAR_H

#include <stddef.h>
#include <stdint.h>

/* How many keys there must be for so many words. */
#define MULTILINEAR_KEYS(words) ((words) + 1)

static inline uint32_t multilinear(const uint64_t *key, const uint32_t *words, size_t n)
{
    uint64_t sum = key[0];
    for (size_t i = 0; i < n; i++)
        sum += key[i + 1] * words[i];
    uint32_t hash = (uint32_t)(sum >> 32);
    hash ^= hash >> 16;
    hash *= 0x85ebca6b;
    return hash ^ hash >> 13;
}

#endif
