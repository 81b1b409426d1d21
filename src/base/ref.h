/*
 * How tables name each other's records: a kind and an index in 32 bits, never a pointer, so that an
 * arena may lie at another address elsewhere.
 */
#ifndef BASE_REF_H
#define BASE_REF_H

#include <stdint.h>

typedef uint32_t ref_t;

#define REF_NONE       ((ref_t)0)
#define REF_INDEX_BITS 29
#define REF_INDEX_MAX  ((UINT32_C(1) << REF_INDEX_BITS) - 1)
#define REF_KINDS      8

/* All eight that three bits can tell apart. */
enum ref_kind {
    KIND_NONE = 0,
    KIND_SYN4,
    KIND_SYN6,
    KIND_TCB4,
    KIND_TCB6,
    KIND_TW4,
    KIND_TW6,
    KIND_OTHER,
};

static inline ref_t ref_make(enum ref_kind kind, uint32_t index)
{
    return (uint32_t)kind << REF_INDEX_BITS | index;
}

static inline enum ref_kind ref_kind(ref_t ref)
{
    return (enum ref_kind)(ref >> REF_INDEX_BITS);
}

static inline uint32_t ref_index(ref_t ref)
{
    return ref & REF_INDEX_MAX;
}

#endif
