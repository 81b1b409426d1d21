/*
 * The flow table: what changes it.  Searches are in the header, since every packet makes one.
 *
 * A home is hash & (base - 1), or hash & (2 * base - 1) where that group is split already.  An
 * entry lies at its home or, if that was full, at the next group with room on its home's way; every
 * full group on the way has counted it.  Nearly all lie at their home: each change looks there
 * first, and what goes farther is told apart from it.
 */
#include "base/flow.h"

#include "base/assert.h"

#define BASE_FIRST 32

/* Growth begins at 18 entries for two groups of 14.  The fuller they are the more often one has no
 * room, and what belongs there goes farther, and is looked for in two or three. */
#define FULL_NUMERATOR   18
#define FULL_DENOMINATOR 2

#define SPLITS_PER_INSERT 2

/* More entries of one home stay where they are: it would take an attacker who knows the key. */
#ifndef FLOW_SPLIT_MOST
#define FLOW_SPLIT_MOST 512
#endif

/* A removal looks this far for an entry to bring back; few lie farther off. */
#define BRING_BACK_REACH 4

BUILD_ASSERT(sizeof(struct flow_group) == 128);

static uint64_t entries_before_growth(uint32_t base)
{
    return (uint64_t)base * FULL_NUMERATOR / FULL_DENOMINATOR;
}

static uint32_t base_for(uint32_t max_entries)
{
    uint32_t base = BASE_FIRST;
    while (entries_before_growth(base) < max_entries)
        base *= 2;
    return base;
}

size_t flow_bytes(uint32_t max_entries)
{
    return (size_t)base_for(max_entries) * sizeof(struct flow_group);
}

/* While the table grows every insert has its part in that. */
static void reckon_calm(struct flow_table *table)
{
    uint64_t calm = table->max_entries;
    if (table->base != table->base_max && calm > entries_before_growth(table->base))
        calm = table->split == 0 ? entries_before_growth(table->base) : 0;
    table->calm = (uint32_t)calm;
}

void flow_init(struct flow_table *table, void *memory, uint32_t max_entries)
{
    ASSERT(((uintptr_t)memory & 63) == 0 && max_entries <= REF_INDEX_MAX);
    *table = (struct flow_table){
        .group = memory,
        .base = BASE_FIRST,
        .base_max = base_for(max_entries),
        .max_entries = max_entries,
    };
    reckon_calm(table);
}

/* The first `steps` groups on a hash's way learn that one more, or one less, lies beyond them. */
static void count_passed(struct flow_table *table, uint32_t hash, uint32_t steps, int change)
{
    uint32_t mask = flow_mask(table, hash);
    uint32_t at = hash & mask;
    for (uint32_t step = 1; step <= steps; step++) {
        table->group[at].passed = (uint16_t)(table->group[at].passed + change);
        at = flow_step(at, mask, step);
    }
}

/* Put an entry in the first group with room of the `reach` nearest; false when there is none. */
static bool place(struct flow_table *table, struct flow_entry entry, uint32_t reach)
{
    uint32_t mask = flow_mask(table, entry.hash);
    uint32_t at = entry.hash & mask;
    uint32_t step = 0;
    uint32_t room;
    while ((room = flow_match(&table->group[at], 0)) == 0) {
        if (++step >= reach || step > mask)
            return false;
        at = flow_step(at, mask, step);
    }
    uint32_t slot = (uint32_t)__builtin_ctz(room);
    table->group[at].tag[slot] = flow_tag(entry.hash);
    table->group[at].entry[slot] = entry;
    count_passed(table, entry.hash, step, 1);
    return true;
}

/*
 * Take out of a group what has to be placed anew when home `g` is split: all that belong to it, but
 * for those that are at home and stay so.
 */
static uint32_t gather_group(struct flow_table *table, uint32_t at, uint32_t step,
                             struct flow_entry *out)
{
    uint32_t g = table->split;
    uint32_t low = table->base - 1;
    uint32_t stays = step == 0 ? table->base : 0;
    struct flow_group *group = &table->group[at];
    uint32_t taken = 0;
    for (uint32_t left = ~flow_match(group, 0) & FLOW_TAGS; left; left &= left - 1) {
        uint32_t slot = (uint32_t)__builtin_ctz(left);
        struct flow_entry entry = group->entry[slot];
        if ((entry.hash & low) != g || (stays && !(entry.hash & stays)))
            continue;
        group->tag[slot] = 0;
        count_passed(table, entry.hash, step, -1);
        out[taken++] = entry;
    }
    return taken;
}

/* Group `split` becomes two; false, and it stays one, when its home has too many entries. */
static bool split_one(struct flow_table *table)
{
    struct flow_entry moved[FLOW_SPLIT_MOST];
    uint32_t n = 0;
    uint32_t mask = table->base - 1;
    uint32_t at = table->split;
    bool fits = true;
    for (uint32_t step = 1;; step++) {
        n += gather_group(table, at, step - 1, &moved[n]);
        if (table->group[at].passed == 0 || step > mask)
            break;
        if (n > FLOW_SPLIT_MOST - FLOW_GROUP) {
            fits = false;
            break;
        }
        at = flow_step(at, mask, step);
    }
    if (fits)
        table->split++;
    while (n > 0) {
        bool placed = place(table, moved[--n], UINT32_MAX);
        ASSERT(placed);
    }
    return fits;
}

static void grow(struct flow_table *table)
{
    if (table->base == table->base_max)
        return;
    if (table->split == 0 && table->count <= entries_before_growth(table->base))
        return;
    for (int i = 0; i < SPLITS_PER_INSERT && table->split < table->base; i++)
        if (!split_one(table))
            return;
    if (table->split == table->base) {
        table->base *= 2;
        table->split = 0;
    }
}

static void put(struct flow_group *group, uint32_t slot, struct flow_entry entry)
{
    group->tag[slot] = flow_tag(entry.hash);
    group->entry[slot] = entry;
}

__attribute__((cold, noinline)) static int insert_far(struct flow_table *table,
                                                      struct flow_entry entry)
{
    if (table->count >= table->max_entries || !place(table, entry, FLOW_REACH))
        return -1;
    table->count++;
    grow(table);
    reckon_calm(table);
    return 0;
}

int flow_insert(struct flow_table *table, uint64_t hash, ref_t ref)
{
    const struct flow_entry entry = {(uint32_t)hash, ref};
    struct flow_group *home = &table->group[entry.hash & flow_mask(table, entry.hash)];
    uint32_t room = flow_match(home, 0);
    if (__builtin_expect(room == 0 || table->count >= table->calm, 0))
        return insert_far(table, entry);
    put(home, (uint32_t)__builtin_ctz(room), entry);
    table->count++;
    return 0;
}

/* In which slot of a group an entry lies; FLOW_GROUP: not here. */
static inline uint32_t slot_of(const struct flow_group *group, struct flow_entry entry)
{
    for (uint32_t m = flow_match(group, flow_tag(entry.hash)); m; m &= m - 1) {
        uint32_t slot = (uint32_t)__builtin_ctz(m);
        if (group->entry[slot].hash == entry.hash && group->entry[slot].ref == entry.ref)
            return slot;
    }
    return FLOW_GROUP;
}

/* Where an entry lies; false when it is nowhere. */
struct flow_place {
    uint32_t at, step, slot;
};

static bool find(const struct flow_table *table, struct flow_entry entry, struct flow_place *place)
{
    uint32_t mask = flow_mask(table, entry.hash);
    uint32_t at = entry.hash & mask;
    for (uint32_t step = 0;;) {
        const struct flow_group *group = &table->group[at];
        uint32_t slot = slot_of(group, entry);
        if (slot != FLOW_GROUP) {
            *place = (struct flow_place){at, step, slot};
            return true;
        }
        if (group->passed == 0 || ++step > mask)
            return false;
        at = flow_step(at, mask, step);
    }
}

/*
 * A slot of group `home` has come free: bring back one that had to go further, so that ways stay as
 * short as the load makes them.
 */
static void bring_back(struct flow_table *table, uint32_t home, uint32_t slot)
{
    struct flow_group *free_group = &table->group[home];
    uint32_t mask = flow_mask(table, home);
    uint32_t at = home;
    for (uint32_t step = 1; step < BRING_BACK_REACH && table->group[at].passed != 0; step++) {
        at = flow_step(at, mask, step);
        struct flow_group *group = &table->group[at];
        for (uint32_t left = ~flow_match(group, 0) & FLOW_TAGS; left; left &= left - 1) {
            uint32_t from = (uint32_t)__builtin_ctz(left);
            struct flow_entry entry = group->entry[from];
            if ((entry.hash & mask) != home)
                continue;
            free_group->tag[slot] = group->tag[from];
            free_group->entry[slot] = entry;
            group->tag[from] = 0;
            count_passed(table, entry.hash, step, -1);
            return;
        }
    }
}

__attribute__((cold, noinline)) static bool remove_far(struct flow_table *table, uint32_t hash,
                                                       ref_t ref)
{
    const struct flow_entry entry = {hash, ref};
    struct flow_place place;
    if (!find(table, entry, &place))
        return false;
    table->group[place.at].tag[place.slot] = 0;
    count_passed(table, entry.hash, place.step, -1);
    table->count--;
    bring_back(table, place.at, place.slot);
    return true;
}

bool flow_remove(struct flow_table *table, uint64_t hash, ref_t ref)
{
    const struct flow_entry entry = {(uint32_t)hash, ref};
    struct flow_group *home = &table->group[entry.hash & flow_mask(table, entry.hash)];
    uint32_t slot = slot_of(home, entry);
    if (__builtin_expect(slot == FLOW_GROUP || home->passed != 0, 0))
        return remove_far(table, (uint32_t)hash, ref);
    home->tag[slot] = 0;
    table->count--;
    return true;
}

__attribute__((cold, noinline)) static bool replace_far(struct flow_table *table, uint32_t hash,
                                                        ref_t old_ref, ref_t new_ref)
{
    const struct flow_entry entry = {hash, old_ref};
    struct flow_place place;
    if (!find(table, entry, &place))
        return false;
    table->group[place.at].entry[place.slot].ref = new_ref;
    return true;
}

bool flow_replace(struct flow_table *table, uint64_t hash, ref_t old_ref, ref_t new_ref)
{
    const struct flow_entry entry = {(uint32_t)hash, old_ref};
    struct flow_group *home = &table->group[entry.hash & flow_mask(table, entry.hash)];
    uint32_t slot = slot_of(home, entry);
    if (__builtin_expect(slot == FLOW_GROUP, 0))
        return replace_far(table, (uint32_t)hash, old_ref, new_ref);
    home->entry[slot].ref = new_ref;
    return true;
}
