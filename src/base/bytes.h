/*
 * Integers in bytes, big-endian as on the wire and little-endian as in files, at any alignment.
 * The builtins are named outright, because -ffreestanding would turn a plain memcpy into a call.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTES_BE16(x)             __builtin_bswap16(x)
#define BYTES_BE32(x)             __builtin_bswap32(x)
#define BYTES_BE64(x)             __builtin_bswap64(x)
#define BYTES_LE16(x)             (x)
#define BYTES_LE32(x)             (x)
#define BYTES_LE64(x)             (x)
/* Two words of 32 bits as they lie, the first in front, as one of 64 as it lies. */
#define BYTES_PAIR(first, second) ((uint64_t)(second) << 32 | (first))
#else
#define BYTES_BE16(x)             (x)
#define BYTES_BE32(x)             (x)
#define BYTES_BE64(x)             (x)
#define BYTES_LE16(x)             __builtin_bswap16(x)
#define BYTES_LE32(x)             __builtin_bswap32(x)
#define BYTES_LE64(x)             __builtin_bswap64(x)
#define BYTES_PAIR(first, second) ((uint64_t)(first) << 32 | (second))
#endif

static inline uint16_t get_be16(const void *from)
{
    uint16_t x;
    __builtin_memcpy(&x, from, sizeof x);
    return BYTES_BE16(x);
}

static inline uint32_t get_be32(const void *from)
{
    uint32_t x;
    __builtin_memcpy(&x, from, sizeof x);
    return BYTES_BE32(x);
}

static inline uint64_t get_be64(const void *from)
{
    uint64_t x;
    __builtin_memcpy(&x, from, sizeof x);
    return BYTES_BE64(x);
}

static inline void put_be16(void *to, uint16_t x)
{
    x = BYTES_BE16(x);
    __builtin_memcpy(to, &x, sizeof x);
}

static inline void put_be32(void *to, uint32_t x)
{
    x = BYTES_BE32(x);
    __builtin_memcpy(to, &x, sizeof x);
}

static inline void put_be64(void *to, uint64_t x)
{
    x = BYTES_BE64(x);
    __builtin_memcpy(to, &x, sizeof x);
}

static inline uint16_t get_le16(const void *from)
{
    uint16_t x;
    __builtin_memcpy(&x, from, sizeof x);
    return BYTES_LE16(x);
}

static inline uint32_t get_le32(const void *from)
{
    uint32_t x;
    __builtin_memcpy(&x, from, sizeof x);
    return BYTES_LE32(x);
}

static inline uint64_t get_le64(const void *from)
{
    uint64_t x;
    __builtin_memcpy(&x, from, sizeof x);
    return BYTES_LE64(x);
}

static inline void put_le16(void *to, uint16_t x)
{
    x = BYTES_LE16(x);
    __builtin_memcpy(to, &x, sizeof x);
}

static inline void put_le32(void *to, uint32_t x)
{
    x = BYTES_LE32(x);
    __builtin_memcpy(to, &x, sizeof x);
}

static inline void put_le64(void *to, uint64_t x)
{
    x = BYTES_LE64(x);
    __builtin_memcpy(to, &x, sizeof x);
}

#endif
