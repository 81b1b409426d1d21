/*
 * The flow table: from a 64-bit secret hash to records.  It stores 32 bits of the hash and a ref;
 * the caller compares the tuples of the candidates.  Open addressing in groups of 14, whose
 * one-byte tags are compared all at once.
 *
 * - A group is 128 bytes: 14 tags, a count of the entries that wanted in here and had to go
 * further, 14 entries.  The count makes tombstones needless: a search ends where nobody went
 * further, and a removal counts down.
 * - It grows as linear hashing does, in place: each insert splits two groups g in g and g + base
 * until their number has doubled.  No insert pays for the whole, no second table stands beside it,
 * and only groups in use are touched.
 * - It does not shrink: a stack cannot hand pages back from inside.  Its memory is bounded by the
 * most entries ever held at once (21 bytes each at worst, 10.5 at best), and emptied groups serve
 * again as they are.
 *
 * Not for duplicates' detection: whoever inserts has looked first.
 */
#ifndef BASE_FLOW_H
#define BASE_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ref.h"

#if defined(__SSE2__) && !defined(BASE_FLOW_PORTABLE)
#include <emmintrin.h>
#endif

#define FLOW_GROUP 14
#define FLOW_TAGS  ((1u << FLOW_GROUP) - 1)

/* An insert looks at this many groups for room. */
#define FLOW_REACH 32

struct flow_entry {
    uint32_t hash;
    ref_t ref;
};

struct flow_group {
    uint8_t tag[FLOW_GROUP]; /* 0 is empty, else 0x80 and seven bits of the hash */
    uint16_t passed;         /* entries that lie further on their way because this was full */
    struct flow_entry entry[FLOW_GROUP];
};

struct flow_table {
    struct flow_group *group;
    uint32_t base;  /* groups at the beginning of this doubling, a power of two */
    uint32_t split; /* this many of them are split already */
    uint32_t base_max;
    uint32_t count, max_entries;
    uint32_t calm; /* with fewer entries than this an insert has nothing else to do */
};

struct flow_cursor {
    uint32_t hash, mask; /* of the way */
    uint32_t at, step;   /* the group, and how many came before it */
    uint32_t matches;    /* slots of this group yet to look at */
};

size_t flow_bytes(uint32_t max_entries);

/* `memory`: flow_bytes() of zeroes at a multiple of 64. */
void flow_init(struct flow_table *table, void *memory, uint32_t max_entries);

/*
 * 0; -1 when the budget is used up, or all groups in reach are full: hundreds of entries of one
 * hash.
 */
__attribute__((warn_unused_result)) int flow_insert(struct flow_table *table, uint64_t hash,
                                                    ref_t ref);
bool flow_remove(struct flow_table *table, uint64_t hash, ref_t ref);
bool flow_replace(struct flow_table *table, uint64_t hash, ref_t old_ref, ref_t new_ref);

static inline uint32_t flow_count(const struct flow_table *table)
{
    return table->count;
}

/* Groups that have been reached so far; times 128 is the memory touched. */
static inline uint32_t flow_groups(const struct flow_table *table)
{
    return table->base + table->split;
}

/* ---- what a search is made of ---- */

/* The high bits, since the home is made of the low ones. */
static inline uint8_t flow_tag(uint32_t hash)
{
    return (uint8_t)(0x80 | hash >> 25);
}

/* The bytes of `word` that equal `byte`, as a mask of eight bits. */
static inline uint32_t flow_match8(uint64_t word, uint8_t byte)
{
    const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t x = word ^ UINT64_C(0x0101010101010101) * byte;
    uint64_t zero = ~(((x & low7) + low7) | x | low7);
    return (uint32_t)((zero >> 7) * UINT64_C(0x0102040810204080) >> 56);
}

static inline uint32_t flow_match_portable(const struct flow_group *group, uint8_t byte)
{
    const uint8_t *tags = (const uint8_t *)group;
    return (flow_match8(get_le64(tags), byte) | flow_match8(get_le64(tags + 8), byte) << 8)
           & FLOW_TAGS;
}

#if defined(__SSE2__) && !defined(BASE_FLOW_PORTABLE)
static inline uint32_t flow_match(const struct flow_group *group, uint8_t byte)
{
    __m128i tags = _mm_loadu_si128((const __m128i *)(const void *)group);
    __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi32((int)(byte * 0x01010101u)));
    return (uint32_t)_mm_movemask_epi8(equal) & FLOW_TAGS;
}
#else
static inline uint32_t flow_match(const struct flow_group *group, uint8_t byte)
{
    return flow_match_portable(group, byte);
}
#endif

/* The mask of the way that starts at this hash's home; the home is hash & mask. */
static inline uint32_t flow_mask(const struct flow_table *table, uint32_t hash)
{
    uint32_t mask = table->base - 1;
    return (hash & mask) < table->split ? mask * 2 + 1 : mask;
}

/* The way goes over triangular numbers: near enough for the cache, and two homes' ways soon part.
 */
static inline uint32_t flow_step(uint32_t at, uint32_t mask, uint32_t step)
{
    return (at + step) & mask;
}

static inline ref_t flow_next(const struct flow_table *table, struct flow_cursor *cursor)
{
    for (;;) {
        const struct flow_group *group = &table->group[cursor->at];
        while (cursor->matches) {
            const struct flow_entry *entry = &group->entry[__builtin_ctz(cursor->matches)];
            cursor->matches &= cursor->matches - 1;
            if (entry->hash == cursor->hash)
                return entry->ref;
        }
        if (__builtin_expect(group->passed == 0, 1) || ++cursor->step > cursor->mask)
            return REF_NONE;
        cursor->at = flow_step(cursor->at, cursor->mask, cursor->step);
        cursor->matches = flow_match(&table->group[cursor->at], flow_tag(cursor->hash));
    }
}

/*
 * The candidates for a hash, one by one, REF_NONE after the last; nothing may be inserted or
 * removed meanwhile.
 */
static inline ref_t flow_first(const struct flow_table *table, uint64_t hash64,
                               struct flow_cursor *cursor)
{
    uint32_t hash = (uint32_t)hash64;
    uint32_t mask = flow_mask(table, hash);
    *cursor = (struct flow_cursor){.hash = hash, .mask = mask, .at = hash & mask};
    const struct flow_group *group = &table->group[cursor->at];
    __builtin_prefetch(&group->entry[FLOW_GROUP / 2]); /* tags and entries are two lines */
    cursor->matches = flow_match(group, flow_tag(hash));
    return flow_next(table, cursor);
}

/* The group where a search begins; it holds until something is inserted or removed. */
static inline uint32_t flow_home(const struct flow_table *table, uint64_t hash64)
{
    uint32_t hash = (uint32_t)hash64;
    return hash & flow_mask(table, hash);
}

static inline void flow_prefetch_home(const struct flow_table *table, uint32_t home)
{
    const uint8_t *group = (const uint8_t *)&table->group[home];
    __builtin_prefetch(group);
    __builtin_prefetch(group + 64);
}

static inline void flow_prefetch(const struct flow_table *table, uint64_t hash64)
{
    flow_prefetch_home(table, flow_home(table, hash64));
}

/* What flow_first() returns, for whoever knows the home; mostly it is there or nowhere. */
static inline ref_t flow_look(const struct flow_table *table, uint32_t hash, uint32_t home)
{
    const struct flow_group *group = &table->group[home];
    uint32_t matches = flow_match(group, flow_tag(hash));
    for (; matches != 0; matches &= matches - 1) {
        const struct flow_entry *entry = &group->entry[__builtin_ctz(matches)];
        if (entry->hash == hash)
            return entry->ref;
    }
    struct flow_cursor cursor;
    return __builtin_expect(group->passed == 0, 1) ? REF_NONE : flow_first(table, hash, &cursor);
}

#endif
