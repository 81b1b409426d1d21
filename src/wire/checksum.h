/*
 * The Internet checksum [RFC1071], as fast as the processor goes, alone or fused with a copy.
 *
 * A *sum* is the folded ones' complement sum, 0..0xffff, of 16-bit words in the order in which they
 * lie in memory; RFC 1071 2 (B) shows that byte order does not matter as long as all keep to the
 * same.  So sums may be added with a plain + (up to 65,536 of them) before one csum_fold(), and
 * only csum_store() and csum_load() touch a field of a header.  All implementations give the same
 * sum for the same bytes: 0 only when all are zero.
 */
#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "ciao/addr.h"

struct csum_ops {
    const char *name;
    uint32_t (*sum)(const void *p, size_t len);
    uint32_t (*copy)(void *dst, const void *src,
                     size_t len); /* no overlap; the sum of what it copies */
};

/* The fastest that a processor with these features (a mask of CIAO_CPU_*) can run; never NULL. */
const struct csum_ops *csum_ops_for(uint32_t cpu);

/* Portable, for the few bytes of a header. */
uint32_t csum_small(const void *p, size_t len);

/* Below this a call costs more than wide registers save. */
#define CSUM_FEW 96u

/*
 * A number and the same with its halves exchanged: both halves of the result are the sum of the
 * two, and the carry out of the lower one has come into the upper, as ones' complement wants.
 */
static inline uint32_t csum_fold(uint64_t sum)
{
    uint32_t word = (uint32_t)((sum + (sum >> 32 | sum << 32)) >> 32);
    return (word + (word >> 16 | word << 16)) >> 16;
}

/*
 * What is carried out at the top comes in at the bottom.  x86 adds a carry along with the next
 * number; compilers do not find that out by themselves, and headers are made of such sums.
 */
#if defined(__x86_64__) && !defined(WIRE_CHECKSUM_PORTABLE)
typedef uint64_t csum_lying __attribute__((may_alias, aligned(1)));

static inline uint64_t csum_add(uint64_t a, uint64_t b)
{
    __asm__("addq %1, %0\n\tadcq $0, %0" : "+&r"(a) : "r"(b) : "cc");
    return a;
}

static inline uint64_t csum_add_2(uint64_t sum, uint64_t a, uint64_t b)
{
    __asm__("addq %1, %0\n\tadcq %2, %0\n\tadcq $0, %0" : "+&r"(sum) : "r"(a), "r"(b) : "cc");
    return sum;
}

static inline uint64_t csum_add_3(uint64_t sum, uint64_t a, uint64_t b, uint64_t c)
{
    __asm__("addq %1, %0\n\tadcq %2, %0\n\tadcq %3, %0\n\tadcq $0, %0"
            : "+&r"(sum)
            : "r"(a), "r"(b), "r"(c)
            : "cc");
    return sum;
}

/* 32 bytes more. */
static inline uint64_t csum_more_32(uint64_t sum, const uint8_t *p)
{
    const csum_lying *at = (const csum_lying *)(const void *)p;
    __asm__("addq %1, %0\n\tadcq %2, %0\n\tadcq %3, %0\n\tadcq %4, %0\n\tadcq $0, %0"
            : "+&r"(sum)
            : "m"(at[0]), "m"(at[1]), "m"(at[2]), "m"(at[3])
            : "cc");
    return sum;
}
#else
static inline uint64_t csum_add(uint64_t a, uint64_t b)
{
    uint64_t sum = a + b;
    return sum + (sum < a);
}

static inline uint64_t csum_add_2(uint64_t sum, uint64_t a, uint64_t b)
{
    return csum_add(csum_add(sum, a), b);
}

static inline uint64_t csum_add_3(uint64_t sum, uint64_t a, uint64_t b, uint64_t c)
{
    return csum_add(csum_add(csum_add(sum, a), b), c);
}

static inline uint64_t csum_more_32(uint64_t sum, const uint8_t *p)
{
    uint64_t word[4];
    __builtin_memcpy(word, p, sizeof word);
    return csum_add(csum_add_3(sum, word[0], word[1], word[2]), word[3]);
}
#endif

static inline uint64_t csum_word(const uint8_t *p)
{
    uint32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}

static inline uint64_t csum_long(const uint8_t *p)
{
    uint64_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}

/* To a sum, not folded, that of so many more bytes, from an even offset on. */
static inline uint64_t csum_more_20(uint64_t sum, const uint8_t *p)
{
    return csum_add_3(sum, csum_long(p), csum_long(p + 8), csum_word(p + 16));
}

/* That of a plain IPv4 header alone. */
static inline uint64_t csum_of_20(const uint8_t *p)
{
    return csum_add_2(csum_long(p), csum_long(p + 8), csum_word(p + 16));
}

/* To a sum that of `len` more bytes, a multiple of 4: whole blocks, and rarely a rest. */
static inline uint64_t csum_more(uint64_t sum, const uint8_t *p, size_t len)
{
    for (; len >= 64; p += 64, len -= 64)
        sum = csum_more_32(csum_more_32(sum, p), p + 32);
    if (len == 0)
        return sum;
    if (len >= 32) {
        sum = csum_more_32(sum, p);
        p += 32, len -= 32;
    }
    for (; len >= 8; p += 8, len -= 8)
        sum = csum_add(sum, csum_long(p));
    return len != 0 ? csum_add(sum, csum_word(p)) : sum;
}

/* The sum of so few bytes, a multiple of 8, that no call is worth while; they are copied too. */
static inline uint64_t csum_copy_long(uint8_t *to, const uint8_t *from)
{
    uint64_t word = csum_long(from);
    __builtin_memcpy(to, &word, sizeof word);
    return word;
}

static inline uint64_t csum_copy_word(uint8_t *to, const uint8_t *from)
{
    uint64_t word = csum_word(from);
    __builtin_memcpy(to, from, sizeof(uint32_t));
    return word;
}

static inline uint64_t csum_copy_32(uint64_t sum, uint8_t *to, const uint8_t *from)
{
    uint64_t first = csum_copy_long(to, from), second = csum_copy_long(to + 8, from + 8);
    uint64_t third = csum_copy_long(to + 16, from + 16);
    return csum_add_2(csum_add_2(sum, first, second), third, csum_copy_long(to + 24, from + 24));
}

static inline uint32_t csum_copy_few(uint8_t *to, const uint8_t *from, size_t len)
{
    uint64_t sum = 0;
    for (; len >= 64; to += 64, from += 64, len -= 64)
        sum = csum_copy_32(csum_copy_32(sum, to, from), to + 32, from + 32);
    for (; len != 0; to += 8, from += 8, len -= 8)
        sum = csum_add(sum, csum_copy_long(to, from));
    return csum_fold(sum);
}

/* The sum of however many bytes. */
static inline uint32_t csum_any(const struct csum_ops *ops, const uint8_t *p, size_t len)
{
    if (len > CSUM_FEW)
        return ops->sum(p, len);
    return len % 4 == 0 ? csum_fold(csum_more(0, p, len)) : csum_small(p, len);
}

/* What headers are made of while they are summed: a 16-bit number as it counts in a sum, where it
 * lies at an even place; and words written, which say the same of themselves. */
static inline uint32_t csum_of_16(uint32_t value)
{
    return BYTES_BE16((uint16_t)value);
}

static inline uint64_t csum_put_32(uint8_t *at, uint32_t word)
{
    uint32_t lies = BYTES_BE32(word);
    __builtin_memcpy(at, &lies, sizeof lies);
    return lies;
}

static inline uint64_t csum_put_64(uint8_t *at, uint64_t words)
{
    uint64_t lies = BYTES_BE64(words);
    __builtin_memcpy(at, &lies, sizeof lies);
    return lies;
}

/* The sum of bytes at an odd offset, as it counts there [RFC1071 2 (B)]. */
static inline uint32_t csum_swap(uint32_t sum)
{
    return (sum & 0xff) << 8 | sum >> 8;
}

/* The sum of a and b behind it; b begins an odd number of bytes behind where a began. */
static inline uint32_t csum_combine(uint32_t sum_a, uint32_t sum_b, bool b_starts_at_odd_offset)
{
    return csum_fold((uint64_t)sum_a + (b_starts_at_odd_offset ? csum_swap(sum_b) : sum_b));
}

/* The pseudo-header of TCP, UDP and ICMPv6 [RFC9293 3.1], [RFC8200 8.1]. */
uint32_t csum_pseudo4(uint32_t src, uint32_t dst, uint8_t protocol, uint32_t len);
uint32_t csum_pseudo6(const struct ciao_addr *src, const struct ciao_addr *dst, uint8_t protocol,
                      uint32_t len);
/* Either of the two, by the family of dst. */
uint32_t csum_pseudo(const struct ciao_addr *src, const struct ciao_addr *dst, uint8_t protocol,
                     uint32_t len);

/* Put the complement of a sum, folded or not, into a checksum field, which was 0 when it was
 * summed. */
static inline void csum_store(uint8_t *field, uint64_t sum)
{
    uint16_t word = (uint16_t)~csum_fold(sum);
    __builtin_memcpy(field, &word, sizeof word);
}

/* Put the sum itself into a checksum field: what a "partial" checksum is [virtio 5.1.6.2]. */
static inline void csum_store_partial(uint8_t *field, uint64_t sum)
{
    uint16_t word = (uint16_t)csum_fold(sum);
    __builtin_memcpy(field, &word, sizeof word);
}

static inline uint32_t csum_load(const uint8_t *field)
{
    uint16_t word;
    __builtin_memcpy(&word, field, sizeof word);
    return word;
}

/* The sum, folded or not, of bytes with their checksum field, and pseudo-header where there is one:
 * is it right?  Folding takes whole 0xffff away and leaves one of them, unless all bytes are 0:
 * that is wrong, and cannot be of what begins with a version or a pseudo-header.
 * A multiple of 0xffff comes out small when it is multiplied by its inverse; where a compiler takes
 * the check for rare it would divide. */
#define CSUM_FFFF_INVERSE UINT64_C(0xfffefffefffeffff)
static inline bool csum_is_valid_header(uint64_t sum)
{
    return sum * CSUM_FFFF_INVERSE <= UINT64_MAX / 0xffff; /* sum % 0xffff == 0 */
}

static inline bool csum_is_valid(uint64_t sum)
{
    return sum != 0 && csum_is_valid_header(sum);
}

#endif
