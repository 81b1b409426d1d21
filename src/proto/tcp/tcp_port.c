/*
 * Local ports by destination: the double-hash algorithm of [RFC6056 3.2, 3.3.4 6056-1, 6056-2] over
 * exact knowledge of which are taken.
 *
 * A destination is (local address, remote address, remote port).  Up to INLINE_PORTS of its ports
 * are listed in its record of 96 bytes; with more it has a bitmap of all 65,536 and, above that,
 * one bit for each full word, so that the next free port is a few words away however many are
 * taken.  It goes back to the list at half of that number, so that a destination which stays at
 * the limit does not copy on every connection.
 *
 * Who has connected somewhere will do so again: a destination whose last port was given back is
 * kept, with its secret, until IDLE_KEPT others have come to that, or its place is needed.
 *
 * Where the RFC's algorithm asks "is it in use?" of one candidate after the other, this goes
 * straight to the first one that is free [RFC6056 3.3.1 6056-3]: the ports chosen are the same.
 * Conflicts between listeners are tcp_listen.c's matter.
 */
#include "proto/tcp/tcp_port.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/mostly.h"
#include "base/siphash.h"
#include "ciao/stack.h"
#include "wire/addr.h"

#define ALIGN           64u
#define INLINE_PORTS    20u
#define IDLE_KEPT       1024u
#define COUNTERS        4096u /* RFC 6056's TABLE_LENGTH: who shares a counter learns little */
#define FIRST_EPHEMERAL 1024u
#define PORTS           65536u
#define WORDS           (PORTS / 64)
#define NO_PORT         PORTS

struct tcp_destination {
    uint32_t next; /* in its bucket */
    uint32_t bitmap;
    uint32_t idle_next; /* in the list of those that were idle; 0: not in it */
    uint32_t secret;    /* F and G of RFC 6056 3.3.4: its upper 20 bits and its lower 12 */
    struct ciao_addr local, remote;
    uint16_t remote_port;
    uint16_t count; /* of its ports, which are 65,535 at most */
    uint16_t start; /* the next candidate */
    uint16_t open;  /* so many from there on are known to be free */
    uint16_t ports[INLINE_PORTS];
};
#define IDLE_END UINT32_MAX
BUILD_ASSERT(sizeof(struct tcp_destination) == 96);
BUILD_ASSERT(COUNTERS == 1u << 12); /* G is the low twelve bits of a secret, F the others */

struct bitmap {
    uint64_t taken[WORDS];
    uint64_t full[WORDS / 64]; /* one bit for each word of `taken` that has no zero left */
};

/* A destination with a bitmap has more than half of INLINE_PORTS in use, so that a third as many
 * bitmaps serve four ports a destination of the budget, however unevenly they are spread. */
static uint32_t bitmaps_for(uint32_t max_destinations)
{
    return max_destinations / 3 + 1;
}

static uint32_t buckets_for(uint32_t max_destinations)
{
    uint32_t buckets = 16;
    while (buckets < max_destinations)
        buckets *= 2;
    return buckets;
}

size_t tcp_ports_bytes(uint32_t max_destinations)
{
    size_t tables = (size_t)(buckets_for(max_destinations) + COUNTERS) * sizeof(uint32_t);
    return tables + pool_bytes(sizeof(struct tcp_destination), max_destinations)
           + pool_bytes(sizeof(struct bitmap), bitmaps_for(max_destinations)) + 4 * (size_t)ALIGN;
}

static bool make_pool(struct pool *pool, struct arena *arena, uint32_t stride, uint32_t capacity)
{
    void *memory = arena_take(arena, pool_bytes(stride, capacity), ALIGN);
    if (memory == NULL)
        return false;
    pool_init(pool, memory, stride, capacity);
    return true;
}

int tcp_ports_init(struct tcp_ports *ports, struct arena *arena, uint32_t max_destinations,
                   struct rng *rng, uint16_t low, uint16_t high)
{
    bool all = low == 0 && high == 0;
    ports->low = all ? FIRST_EPHEMERAL : low;
    ports->high = all ? PORTS - 1 : high;
    if (ports->low == 0 || ports->low > ports->high)
        return -CIAO_EINVAL;
    ports->bucket_count = buckets_for(max_destinations);
    ports->buckets = arena_take(arena, ports->bucket_count * sizeof(uint32_t), ALIGN);
    ports->counters = arena_take(arena, COUNTERS * sizeof(uint32_t), ALIGN);
    if (ports->buckets == NULL || ports->counters == NULL
        || !make_pool(&ports->destinations, arena, sizeof(struct tcp_destination), max_destinations)
        || !make_pool(&ports->bitmaps, arena, sizeof(struct bitmap), bitmaps_for(max_destinations)))
        return -CIAO_ENOMEM;
    ports->key[0] = rng_u64(rng);
    ports->key[1] = rng_u64(rng);
    for (unsigned i = 0; i < MULTILINEAR_KEYS(TCP_PORT_WORDS); i++)
        ports->bucket_key[i] = rng_u64(rng);
    ports->idle_first = ports->idle_last = ports->idle_listed = 0;
    ports->in_use = ports->asked = 0;
    memset(ports->likely, 0, sizeof ports->likely);
    return 0;
}

/* ---- destinations ---- */

static uint32_t wire_word(const struct ciao_addr *addr)
{
    uint32_t word;
    __builtin_memcpy(&word, addr->b + 12, sizeof word);
    return word;
}

/* In which bucket it is looked for. */
static uint32_t hash_of(const struct tcp_ports *ports, const struct tcp_port_key *key)
{
    if (ip_is_v4(&key->remote)) {
        const uint32_t words[] = {key->remote_port, wire_word(&key->local),
                                  wire_word(&key->remote)};
        return multilinear(ports->bucket_key, words, 3);
    }
    uint32_t words[TCP_PORT_WORDS] = {key->remote_port};
    __builtin_memcpy(words + 1, key->local.b, sizeof key->local.b);
    __builtin_memcpy(words + 5, key->remote.b, sizeof key->remote.b);
    return multilinear(ports->bucket_key, words, TCP_PORT_WORDS);
}

/* RFC 6056's F and G are parts of this, worked out once a destination: both depend on all of it and
 * on a secret, and what they lead to is seen by others. */
static uint32_t secret_of(const struct tcp_ports *ports, const struct tcp_port_key *key)
{
    if (ip_is_v4(&key->remote)) {
        uint64_t hosts = (uint64_t)ip_v4(&key->local) << 32 | ip_v4(&key->remote);
        return (uint32_t)(siphash24_12(ports->key, hosts, key->remote_port) >> 32);
    }
    const uint64_t words[5] = {
        get_be64(key->local.b),      get_be64(key->local.b + 8), get_be64(key->remote.b),
        get_be64(key->remote.b + 8), key->remote_port,
    };
    return (uint32_t)(siphash24_u64s(ports->key, words, 5) >> 32);
}

/* Of index 0 it is nobody's. */
static struct tcp_destination *destination_at(const struct tcp_ports *ports, uint32_t index)
{
    return (struct tcp_destination *)(void *)ports->destinations.base + index;
}

static bool is_for(const struct tcp_destination *destination, const struct tcp_port_key *key)
{
    return destination->remote_port == key->remote_port
           && ip_equal(&destination->remote, &key->remote)
           && ip_equal(&destination->local, &key->local);
}

/* The link that names the destination, or the zero at the end of its bucket. */
static uint32_t *find_link(struct tcp_ports *ports, const struct tcp_port_key *key, uint32_t hash)
{
    uint32_t *link = &ports->buckets[hash & (ports->bucket_count - 1)];
    while (*link != 0 && !is_for(destination_at(ports, *link), key))
        link = &destination_at(ports, *link)->next;
    return link;
}

/* F of RFC 6056's, and its entry of the table. */
static uint32_t offset_of(const struct tcp_destination *destination)
{
    return destination->secret >> 12;
}

static uint32_t *counter_of(const struct tcp_ports *ports,
                            const struct tcp_destination *destination)
{
    return &ports->counters[destination->secret & (COUNTERS - 1)];
}

static uint32_t range_of(const struct tcp_ports *ports)
{
    return (uint32_t)ports->high - ports->low + 1;
}

/* [RFC6056 3.3.4]  next_ephemeral = min + (F + table[G]) % range; from there the record counts, and
 * leaves in the table how far it has come. */
static uint16_t first_candidate(const struct tcp_ports *ports,
                                const struct tcp_destination *destination)
{
    uint32_t count = offset_of(destination) + *counter_of(ports, destination);
    return (uint16_t)(ports->low + count % range_of(ports));
}

static void leave_count(struct tcp_ports *ports, const struct tcp_destination *destination)
{
    uint32_t range = range_of(ports), come = (uint32_t)destination->start - ports->low;
    *counter_of(ports, destination) = (come + range - offset_of(destination) % range) % range;
}

/* The list of its ports says nothing beyond their count. */
static void describe(struct tcp_destination *destination, const struct tcp_port_key *key,
                     uint32_t secret)
{
    destination->next = destination->bitmap = destination->idle_next = 0;
    destination->count = destination->open = 0;
    destination->secret = secret;
    destination->local = key->local;
    destination->remote = key->remote;
    destination->remote_port = key->remote_port;
}

/* ---- those that are idle ---- */

static void drop(struct tcp_ports *ports, uint32_t index)
{
    struct tcp_destination *destination = destination_at(ports, index);
    const struct tcp_port_key key = {destination->local, destination->remote,
                                     destination->remote_port};
    uint32_t *link = find_link(ports, &key, hash_of(ports, &key));
    *link = destination->next;
    leave_count(ports, destination);
    destination->remote = (struct ciao_addr){{0}}; /* it is nobody's */
    pool_give(&ports->destinations, index);
}

/* Whoever is in use again leaves the list only here. */
static void forget_oldest_idle(struct tcp_ports *ports)
{
    uint32_t index = ports->idle_first;
    struct tcp_destination *destination = destination_at(ports, index);
    ports->idle_first = destination->idle_next == IDLE_END ? 0 : destination->idle_next;
    ports->idle_listed--;
    destination->idle_next = 0;
    if (destination->count == 0)
        drop(ports, index);
}

__attribute__((cold)) static void list_idle(struct tcp_ports *ports, uint32_t index)
{
    destination_at(ports, index)->idle_next = IDLE_END;
    if (ports->idle_first == 0)
        ports->idle_first = index;
    else
        destination_at(ports, ports->idle_last)->idle_next = index;
    ports->idle_last = index;
    if (++ports->idle_listed > IDLE_KEPT)
        forget_oldest_idle(ports);
}

/* ---- finding one ---- */

/* 0: all are in use. */
static uint32_t take_record(struct tcp_ports *ports)
{
    while (ports->destinations.used == ports->destinations.capacity && ports->idle_first != 0)
        forget_oldest_idle(ports);
    return pool_take(&ports->destinations);
}

/* 0: there is no room. */
__attribute__((cold)) static uint32_t make(struct tcp_ports *ports, const struct tcp_port_key *key,
                                           uint32_t hash)
{
    uint32_t index = take_record(ports); /* which may change the bucket */
    if (index == 0)
        return 0;
    struct tcp_destination *destination = destination_at(ports, index);
    describe(destination, key, secret_of(ports, key));
    destination->start = first_candidate(ports, destination);
    *find_link(ports, key, hash) = index;
    return index;
}

static __attribute__((noinline)) uint32_t find_by_hash(struct tcp_ports *ports,
                                                       const struct tcp_port_key *key)
{
    uint32_t hash = hash_of(ports, key), index = *find_link(ports, key, hash);
    return index != 0 ? index : make(ports, key, hash);
}

/* Where its record was when it was asked for last, unless another one has come to that place since:
 * neighbours, of hosts or of ports, have places of their own. */
static uint32_t *likely_place(struct tcp_ports *ports, const struct tcp_port_key *key)
{
    uint32_t place = get_be32(key->remote.b + 12) * 8 + key->remote_port;
    return &ports->likely[place % TCP_PORT_LIKELY];
}

static struct tcp_destination *find_or_make(struct tcp_ports *ports, const struct tcp_port_key *key)
{
    uint32_t *likely = likely_place(ports, key);
    ports->asked = *likely;
    if (!MOSTLY(is_for(destination_at(ports, ports->asked), key))) {
        ports->asked = find_by_hash(ports, key);
        if (ports->asked == 0)
            return NULL;
        *likely = ports->asked;
    }
    return destination_at(ports, ports->asked);
}

/* ---- the ports of one destination ---- */

static struct bitmap *bitmap_of(const struct tcp_ports *ports,
                                const struct tcp_destination *destination)
{
    return destination->bitmap == 0 ? NULL : pool_at(&ports->bitmaps, destination->bitmap);
}

static void mark(struct bitmap *bitmap, uint32_t port)
{
    uint32_t word = port / 64;
    bitmap->taken[word] |= UINT64_C(1) << port % 64;
    if (bitmap->taken[word] == UINT64_MAX)
        bitmap->full[word / 64] |= UINT64_C(1) << word % 64;
}

static void unmark(struct bitmap *bitmap, uint32_t port)
{
    uint32_t word = port / 64;
    if (bitmap->taken[word] == UINT64_MAX) /* mostly not: `full` is another line of memory */
        bitmap->full[word / 64] &= ~(UINT64_C(1) << word % 64);
    bitmap->taken[word] &= ~(UINT64_C(1) << port % 64);
}

/* INLINE_PORTS when it is not in the list. */
static uint32_t place_in_list(const struct tcp_destination *destination, uint32_t port)
{
    for (uint32_t i = 0; i < destination->count; i++)
        if (destination->ports[i] == port)
            return i;
    return INLINE_PORTS;
}

static bool is_taken(const struct tcp_ports *ports, const struct tcp_destination *destination,
                     uint32_t port)
{
    const struct bitmap *bitmap = bitmap_of(ports, destination);
    if (bitmap == NULL)
        return place_in_list(destination, port) != INLINE_PORTS;
    return bitmap->taken[port / 64] >> port % 64 & 1;
}

static bool list_to_bitmap(struct tcp_ports *ports, struct tcp_destination *destination)
{
    destination->bitmap = pool_take(&ports->bitmaps);
    struct bitmap *bitmap = bitmap_of(ports, destination);
    if (bitmap == NULL)
        return false;
    memset(bitmap, 0, sizeof *bitmap);
    for (uint32_t i = 0; i < destination->count; i++)
        mark(bitmap, destination->ports[i]);
    return true;
}

static void bitmap_to_list(struct tcp_ports *ports, struct tcp_destination *destination)
{
    const struct bitmap *bitmap = bitmap_of(ports, destination);
    uint32_t listed = 0;
    for (uint32_t word = 0; word < WORDS; word++)
        for (uint64_t bits = bitmap->taken[word]; bits != 0; bits &= bits - 1)
            destination->ports[listed++] = (uint16_t)(word * 64 + (uint32_t)__builtin_ctzll(bits));
    ASSERT(listed == destination->count);
    pool_give(&ports->bitmaps, destination->bitmap);
    destination->bitmap = 0;
}

/* False when it needs a bitmap and there is none left. */
static bool add(struct tcp_ports *ports, struct tcp_destination *destination, uint32_t port)
{
    if (destination->bitmap == 0 && destination->count == INLINE_PORTS
        && !list_to_bitmap(ports, destination))
        return false;
    if (destination->bitmap != 0)
        mark(bitmap_of(ports, destination), port);
    else
        destination->ports[destination->count] = (uint16_t)port;
    destination->count++;
    ports->in_use++;
    return true;
}

/* ---- the next free one ---- */

static uint32_t next_free_listed(const struct tcp_destination *destination, uint32_t port)
{
    while (port < PORTS && place_in_list(destination, port) != INLINE_PORTS)
        port++;
    return port;
}

/* The first word from `word` on that has a zero in it, WORDS when none has. */
static uint32_t next_open_word(const struct bitmap *bitmap, uint32_t word)
{
    uint64_t from_here = UINT64_MAX << word % 64;
    for (uint32_t group = word / 64; group < WORDS / 64; group++, from_here = UINT64_MAX) {
        uint64_t open = ~bitmap->full[group] & from_here;
        if (open != 0)
            return group * 64 + (uint32_t)__builtin_ctzll(open);
    }
    return WORDS;
}

static uint32_t next_free_mapped(const struct bitmap *bitmap, uint32_t port)
{
    uint64_t open = ~bitmap->taken[port / 64] & UINT64_MAX << port % 64;
    if (open != 0)
        return port / 64 * 64 + (uint32_t)__builtin_ctzll(open);
    uint32_t word = next_open_word(bitmap, port / 64 + 1);
    return word == WORDS ? NO_PORT : word * 64 + (uint32_t)__builtin_ctzll(~bitmap->taken[word]);
}

static uint32_t next_free(const struct tcp_ports *ports, const struct tcp_destination *destination,
                          uint32_t port)
{
    const struct bitmap *bitmap = bitmap_of(ports, destination);
    return bitmap == NULL ? next_free_listed(destination, port) : next_free_mapped(bitmap, port);
}

/* 0: all are taken. */
static uint32_t next_in_range(const struct tcp_ports *ports,
                              const struct tcp_destination *destination)
{
    uint32_t start = destination->start, port = next_free(ports, destination, start);
    if (port <= ports->high)
        return port;
    port = next_free(ports, destination, ports->low);
    return port >= start ? 0 : port;
}

/* How many are free from this one on, as far as one word of the bitmap tells and the range goes. */
static uint32_t open_from(const struct tcp_ports *ports, const struct tcp_destination *destination,
                          uint32_t port)
{
    const struct bitmap *bitmap = bitmap_of(ports, destination);
    if (bitmap == NULL)
        return 1;
    uint64_t taken = bitmap->taken[port / 64] >> port % 64;
    uint32_t open = taken == 0 ? 64 - port % 64 : (uint32_t)__builtin_ctzll(taken);
    uint32_t left = ports->high - port + 1u;
    return open < left ? open : left;
}

/* [RFC6056 3.3.4]  From behind the last one to the first that is free: the bitmap is asked once for
 * all of a word. */
uint16_t tcp_port_pick(struct tcp_ports *ports, const struct tcp_port_key *key, bool *full)
{
    struct tcp_destination *destination = find_or_make(ports, key);
    *full = destination == NULL;
    if (destination == NULL)
        return 0;
    if (destination->open == 0) {
        uint32_t port = next_in_range(ports, destination);
        if (port == 0)
            return 0;
        destination->start = (uint16_t)port;
        destination->open = (uint16_t)open_from(ports, destination, port);
    }
    uint16_t port = destination->start;
    if (!add(ports, destination, port)) {
        *full = true;
        return 0;
    }
    destination->open--;
    destination->start = port == ports->high ? ports->low : (uint16_t)(port + 1);
    return port;
}

bool tcp_port_take(struct tcp_ports *ports, const struct tcp_port_key *key, uint16_t port)
{
    struct tcp_destination *destination = find_or_make(ports, key);
    if (destination == NULL || is_taken(ports, destination, port))
        return false;
    destination->open = 0; /* it may be one of them */
    return add(ports, destination, port);
}

/* False, here and below: it is none of theirs. */
static __attribute__((noinline)) bool remove_from_bitmap(struct tcp_ports *ports,
                                                         struct tcp_destination *destination,
                                                         uint16_t port)
{
    struct bitmap *bitmap = bitmap_of(ports, destination);
    if (!(bitmap->taken[port / 64] >> port % 64 & 1))
        return false;
    unmark(bitmap, port);
    if (--destination->count == INLINE_PORTS / 2)
        bitmap_to_list(ports, destination);
    return true;
}

static bool remove_from_list(struct tcp_destination *destination, uint16_t port)
{
    uint32_t place = place_in_list(destination, port);
    if (place == INLINE_PORTS)
        return false;
    destination->ports[place] = destination->ports[--destination->count];
    return true;
}

static inline void give(struct tcp_ports *ports, uint32_t index, uint16_t port)
{
    struct tcp_destination *destination = destination_at(ports, index);
    if (index == 0
        || !(destination->bitmap == 0 ? remove_from_list(destination, port)
                                      : remove_from_bitmap(ports, destination, port)))
        return;
    ports->in_use--;
    if (destination->count == 0 && destination->idle_next == 0)
        list_idle(ports, index);
}

void tcp_port_give(struct tcp_ports *ports, const struct tcp_port_key *key, uint16_t port)
{
    give(ports, *find_link(ports, key, hash_of(ports, key)), port);
}

void tcp_port_give_at(struct tcp_ports *ports, uint32_t destination, uint16_t port)
{
    give(ports, destination, port);
}

void tcp_port_prefetch(const struct tcp_ports *ports, uint32_t destination, uint16_t port)
{
    const struct bitmap *bitmap = bitmap_of(ports, destination_at(ports, destination));
    if (bitmap != NULL)
        __builtin_prefetch(&bitmap->taken[port / 64], 1);
}
