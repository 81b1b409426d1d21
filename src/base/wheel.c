/*
 * The timing wheel.  The header says how it is laid out.
 *
 * What always holds: no armed node's tick lies before `position`; a node on level n > 0 agrees with
 * the position in all digits above n and is ahead in digit n; on the top level the digits go round.
 */
#include "base/wheel.h"

#include "base/assert.h"
#include "base/mostly.h"

#define TOP        (WHEEL_LEVELS - 1)
#define DIGIT_MASK ((uint32_t)WHEEL_SLOTS - 1)

BUILD_ASSERT(WHEEL_SLOTS == 64); /* a level's slots are the bits of a word */
BUILD_ASSERT((WHEEL_BITS) * (WHEEL_LEVELS)
             > 32); /* WHEEL_FARTHEST_MS is less than once round the top */
BUILD_ASSERT(sizeof(struct wheel_node) == 8);
BUILD_ASSERT(sizeof(struct wheel_chunk) == 64);

#define PLACE_BITS 4u
BUILD_ASSERT(WHEEL_CHUNK <= 1 << PLACE_BITS);

static struct wheel_node *node_of(const struct wheel *wheel, ref_t ref)
{
    const struct wheel_space *space = &wheel->space[ref_kind(ref)];
    return (struct wheel_node *)(void *)(space->base + (uint64_t)ref_index(ref) * space->stride
                                         + space->node_offset);
}

static uint32_t digit_of(uint64_t tick, uint32_t level)
{
    return (uint32_t)(tick >> (level * WHEEL_BITS)) & DIGIT_MASK;
}

/* A node's tick in full: it is less than 2^32 ahead. */
static uint64_t full_tick(const struct wheel *wheel, uint32_t tick)
{
    return wheel->position + (uint32_t)(tick - (uint32_t)wheel->position);
}

static uint32_t level_of(const struct wheel *wheel, uint64_t tick)
{
    uint64_t differs = tick ^ wheel->position;
    uint32_t level = differs == 0 ? 0 : (63 - (uint32_t)__builtin_clzll(differs)) / WHEEL_BITS;
    return level < TOP ? level : TOP;
}

/* A slot in the flat arrays, and the bit that it has in its level's words. */
static uint64_t slot_bit(uint32_t slot)
{
    return UINT64_C(1) << (slot & DIGIT_MASK);
}

/* A node comes into a slot.  Not later than what was the earliest, it is the earliest now.  (All
 * ticks of a slot lie within 2^31.) */
static inline void note_earliest(struct wheel *wheel, uint32_t slot, uint32_t tick)
{
    uint32_t level = slot >> WHEEL_BITS;
    bool occupied = wheel->occupied[level] >> (slot & DIGIT_MASK) & 1;
    if (MOSTLY(occupied) && (int32_t)(tick - wheel->earliest[slot]) > 0)
        return;
    wheel->occupied[level] |= slot_bit(slot);
    wheel->vague[level] &= ~slot_bit(slot);
    wheel->earliest[slot] = tick;
}

static struct wheel_chunk *chunk_at(const struct wheel *wheel, uint32_t index)
{
    return (struct wheel_chunk *)(void *)wheel->chunks.base + index;
}

#define ALL_FREE ((1u << WHEEL_CHUNK) - 1)

static inline bool is_armed(const struct wheel_chunk *chunk, uint32_t at)
{
    return !(chunk->free >> at & 1);
}

/* One past the last place where one is armed. */
static inline uint32_t end_of(const struct wheel_chunk *chunk)
{
    return 31 - (uint32_t)__builtin_clz((chunk->free ^ ALL_FREE) * 2 + 1);
}

/* At the first place that is free, and there is one. */
static inline void put_in(struct wheel *wheel, struct wheel_node *node, ref_t ref, uint32_t index)
{
    struct wheel_chunk *chunk = chunk_at(wheel, index);
    uint32_t room = chunk->free, at = (uint32_t)__builtin_ctz(room);
    node->place = index << PLACE_BITS | at;
    chunk->ref[at] = ref;
    chunk->free = (uint16_t)(room & (room - 1));
    wheel->count++;
}

/* Into a new chunk before the others. */
static __attribute__((noinline)) void put_in_new(struct wheel *wheel, struct wheel_node *node,
                                                 ref_t ref, uint32_t slot)
{
    uint32_t index = pool_take(&wheel->chunks), older = wheel->slot[slot];
    ASSERT(index != 0);
    struct wheel_chunk *chunk = chunk_at(wheel, index);
    *chunk = (struct wheel_chunk){.next = older, .free = ALL_FREE, .slot = (uint16_t)slot};
    if (older != 0)
        chunk_at(wheel, older)->prev = index;
    wheel->slot[slot] = index;
    put_in(wheel, node, ref, index);
}

static inline void link_in(struct wheel *wheel, ref_t ref, struct wheel_node *node, uint32_t tick,
                           uint32_t slot)
{
    uint32_t index = wheel->slot[slot];
    note_earliest(wheel, slot, tick);
    node->tick = tick;
    if (__builtin_expect(index == 0 || chunk_at(wheel, index)->free == 0, 0))
        put_in_new(wheel, node, ref, slot);
    else
        put_in(wheel, node, ref, index);
}

static void link_node(struct wheel *wheel, ref_t ref, struct wheel_node *node, uint64_t tick)
{
    uint32_t level = level_of(wheel, tick);
    link_in(wheel, ref, node, (uint32_t)tick, level << WHEEL_BITS | digit_of(tick, level));
}

static void forget_slot(struct wheel *wheel, uint32_t slot)
{
    wheel->slot[slot] = 0;
    wheel->occupied[slot >> WHEEL_BITS] &= ~slot_bit(slot);
    wheel->vague[slot >> WHEEL_BITS] &= ~slot_bit(slot);
}

/* Nothing is armed in this chunk any more.  The last one stays with its slot, for the next node. */
static __attribute__((noinline)) void chunk_is_empty(struct wheel *wheel, uint32_t slot,
                                                     uint32_t index)
{
    const struct wheel_chunk *chunk = chunk_at(wheel, index);
    if (chunk->next == 0 && chunk->prev == 0) {
        wheel->occupied[slot >> WHEEL_BITS] &= ~slot_bit(slot);
        wheel->vague[slot >> WHEEL_BITS] &= ~slot_bit(slot);
        return;
    }
    if (chunk->next != 0)
        chunk_at(wheel, chunk->next)->prev = chunk->prev;
    if (chunk->prev != 0)
        chunk_at(wheel, chunk->prev)->next = chunk->next;
    else
        wheel->slot[slot] = chunk->next;
    pool_give(&wheel->chunks, index);
}

static inline void unlink_node(struct wheel *wheel, struct wheel_node *node)
{
    uint32_t index = node->place >> PLACE_BITS, at = node->place & ((1u << PLACE_BITS) - 1);
    struct wheel_chunk *chunk = chunk_at(wheel, index);
    uint32_t slot = chunk->slot;
    node->place = 0;
    wheel->count--;
    if (wheel->earliest[slot] == node->tick)
        wheel->vague[slot >> WHEEL_BITS] |= slot_bit(slot);
    uint32_t room = chunk->free | 1u << at;
    chunk->free = (uint16_t)room;
    if (room == ALL_FREE)
        chunk_is_empty(wheel, slot, index);
}

/* One for each node at worst, and one for each slot. */
static uint32_t most_chunks(uint32_t nodes)
{
    return nodes + WHEEL_LEVELS * WHEEL_SLOTS;
}

size_t wheel_bytes(uint32_t nodes)
{
    return pool_bytes(sizeof(struct wheel_chunk), most_chunks(nodes));
}

void wheel_init(struct wheel *wheel, void *memory, uint32_t nodes, time_us now)
{
    *wheel = (struct wheel){.position = us_to_ms(now)};
    ASSERT(most_chunks(nodes) < UINT32_C(1) << (32 - PLACE_BITS));
    pool_init(&wheel->chunks, memory, sizeof(struct wheel_chunk), most_chunks(nodes));
}

void wheel_space(struct wheel *wheel, enum ref_kind kind, struct wheel_space space)
{
    ASSERT(kind != KIND_NONE);
    wheel->space[kind] = space;
}

bool wheel_armed(const struct wheel *wheel, ref_t ref)
{
    return node_of(wheel, ref)->place != 0;
}

void wheel_disarm(struct wheel *wheel, struct wheel_node *node)
{
    unlink_node(wheel, node);
}

void wheel_cancel(struct wheel *wheel, ref_t ref)
{
    wheel_cancel_node(wheel, node_of(wheel, ref));
}

/* The first that is not before this one, and that can still be handed out. */
static uint64_t tick_for(const struct wheel *wheel, uint64_t tick)
{
    uint64_t first = wheel->position + wheel->expiring;
    if (tick < first)
        return first;
    if (tick - wheel->position > WHEEL_FARTHEST_MS)
        return wheel->position + WHEEL_FARTHEST_MS;
    return tick;
}

void wheel_set(struct wheel *wheel, ref_t ref, time_us deadline)
{
    ASSERT(ref_kind(ref) != KIND_NONE);
    if (deadline == TIME_NEVER)
        wheel_cancel(wheel, ref);
    else
        wheel_set_node(wheel, node_of(wheel, ref), ref, deadline / 1000 + (deadline % 1000 != 0));
}

static __attribute__((noinline)) void arm_anywhere(struct wheel *wheel, struct wheel_node *node,
                                                   ref_t ref, uint64_t tick)
{
    link_node(wheel, ref, node, tick_for(wheel, tick));
}

/* The usual is a timeout of a second, on level 1. */
static inline void arm(struct wheel *wheel, struct wheel_node *node, ref_t ref, uint64_t tick)
{
    uint64_t differs = tick ^ wheel->position;
    bool usual = tick > wheel->position && differs - WHEEL_SLOTS < WHEEL_SLOTS * (WHEEL_SLOTS - 1);
    if (__builtin_expect(usual, 1))
        link_in(wheel, ref, node, (uint32_t)tick, 1u << WHEEL_BITS | digit_of(tick, 1));
    else
        arm_anywhere(wheel, node, ref, tick);
}

/* It is armed. */
static __attribute__((noinline)) void move(struct wheel *wheel, struct wheel_node *node, ref_t ref,
                                           uint64_t tick)
{
    if (full_tick(wheel, node->tick) == tick)
        return;
    unlink_node(wheel, node);
    arm(wheel, node, ref, tick);
}

void wheel_set_node(struct wheel *wheel, struct wheel_node *node, ref_t ref, uint64_t tick)
{
    if (wheel_node_armed(node))
        move(wheel, node, ref, tick);
    else
        arm(wheel, node, ref, tick);
}

/* The first level that has any, and the slot there that is due first; something is armed. */
static inline uint32_t first_level(const struct wheel *wheel)
{
    uint32_t level = 0;
    while (wheel->occupied[level] == 0)
        level++;
    return level;
}

static inline uint32_t first_digit(const struct wheel *wheel, uint32_t level)
{
    uint64_t bits = wheel->occupied[level];
    if (MOSTLY(level < TOP)) /* no set bit lies behind the position */
        return (uint32_t)__builtin_ctzll(bits);
    uint32_t here = digit_of(wheel->position, level);
    uint64_t round = bits >> here | bits << (-here & 63);
    return (here + (uint32_t)__builtin_ctzll(round)) & DIGIT_MASK;
}

/* The first slot that is due; -1 when there is none. */
static int first_slot(const struct wheel *wheel)
{
    if (wheel->count == 0)
        return -1;
    uint32_t level = first_level(wheel);
    return (int)(level << WHEEL_BITS | first_digit(wheel, level));
}

/* The first tick that belongs to a slot. */
static uint64_t slot_start(const struct wheel *wheel, uint32_t slot)
{
    uint32_t level = slot >> WHEEL_BITS;
    uint32_t shift = level * WHEEL_BITS;
    uint32_t ahead = (slot - digit_of(wheel->position, level)) & DIGIT_MASK;
    return ((wheel->position >> shift) + ahead) << shift;
}

static void move_down(struct wheel *wheel, const struct wheel_chunk *chunk)
{
    for (uint32_t i = end_of(chunk); i-- != 0;) {
        if (!is_armed(chunk, i))
            continue;
        struct wheel_node *node = node_of(wheel, chunk->ref[i]);
        wheel->count--;
        link_node(wheel, chunk->ref[i], node, full_tick(wheel, node->tick));
    }
}

/* Off the table; its nodes, and the chunk behind it, are on their way from memory. */
static struct wheel_chunk take_chunk(struct wheel *wheel, uint32_t index)
{
    const struct wheel_chunk chunk = *chunk_at(wheel, index);
    pool_give(&wheel->chunks, index);
    __builtin_prefetch(chunk_at(wheel, chunk.next));
    for (uint32_t i = 0; i < end_of(&chunk); i++)
        if (is_armed(&chunk, i))
            __builtin_prefetch(node_of(wheel, chunk.ref[i]), 1);
    return chunk;
}

/* The position has reached a slot above level 0: all in it come down, the newest first.  While one
 * chunk is served the next one's nodes are fetched. */
static void cascade(struct wheel *wheel, uint32_t slot)
{
    uint32_t index = wheel->slot[slot];
    forget_slot(wheel, slot);
    struct wheel_chunk chunk = take_chunk(wheel, index);
    while (chunk.next != 0) {
        const struct wheel_chunk next = take_chunk(wheel, chunk.next);
        move_down(wheel, &chunk);
        chunk = next;
    }
    move_down(wheel, &chunk);
}

static ref_t newest(const struct wheel *wheel, uint32_t slot)
{
    const struct wheel_chunk *chunk = chunk_at(wheel, wheel->slot[slot]);
    __builtin_prefetch(chunk_at(wheel, chunk->next));
    return chunk->ref[end_of(chunk) - 1];
}

ref_t wheel_coming(const struct wheel *wheel, unsigned ahead)
{
    uint32_t index = wheel->slot[digit_of(wheel->position, 0)];
    if (!wheel->expiring || index == 0)
        return REF_NONE;
    const struct wheel_chunk *chunk = chunk_at(wheel, index);
    if (ahead >= end_of(chunk) && chunk->next != 0) {
        ahead -= end_of(chunk);
        chunk = chunk_at(wheel, chunk->next);
    }
    uint32_t at = end_of(chunk) - 1 - ahead;
    return ahead < end_of(chunk) && is_armed(chunk, at) ? chunk->ref[at] : REF_NONE;
}

ref_t wheel_expire(struct wheel *wheel, time_us now)
{
    uint64_t until = us_to_ms(now);
    for (;;) {
        int slot = first_slot(wheel);
        uint64_t start = slot < 0 ? UINT64_MAX : slot_start(wheel, (uint32_t)slot);
        if (start > until && start > wheel->position)
            break;
        wheel->position = start > wheel->position ? start : wheel->position;
        if (slot < WHEEL_SLOTS) {
            ref_t ref = newest(wheel, (uint32_t)slot);
            wheel->expiring = true;
            unlink_node(wheel, node_of(wheel, ref));
            return ref;
        }
        cascade(wheel, (uint32_t)slot);
    }
    wheel->expiring = false;
    if (until > wheel->position)
        wheel->position = until;
    return REF_NONE;
}

time_us wheel_next(const struct wheel *wheel)
{
    if (wheel->count == 0)
        return TIME_NEVER;
    uint32_t level = first_level(wheel), digit = first_digit(wheel, level);
    uint32_t slot = level << WHEEL_BITS | digit;
    if (wheel->vague[level] >> digit & 1)
        return ms_to_us(slot_start(wheel, slot));
    return ms_to_us(full_tick(wheel, wheel->earliest[slot]));
}
