/*
 * Who waits for 2 MSL, in the order in which they began: a queue of each family instead of timers.
 *
 * The wait is the same for all connections of a stack, unless a program sets another one.  So
 * whoever begins last ends last, a record joins at the end and leaves at the front, and a million
 * of them cost no timer anything.  A record with a wait of its own has a timer instead.
 *
 * The queue lists them by chunks of a cache line each, and not through the records.  So whoever
 * leaves from its midst touches no other record, and those that end next are known long before
 * their turn: what their end will touch (the record, its group of the flow table, who holds its
 * port) is fetched from memory meanwhile, many at a time.
 */
#include "proto/tcp/tcp_wait.h"

/* ---- joining and leaving ---- */

#define PLACE_BITS 4u
BUILD_ASSERT(TCP_WAIT_CHUNK <= 1u << PLACE_BITS);

static uint32_t tick_of(time_us at)
{
    return (uint32_t)((at + 999) / 1000);
}

/* Of index 0 it is one that nobody waits in. */
static inline struct tcp_wait_chunk *chunk_at(const struct tcp *tcp, uint32_t index)
{
    return (struct tcp_wait_chunk *)(void *)tcp->wait_chunks.base + index;
}

/* Behind the others; 0: there is none left. */
static __attribute__((noinline)) uint32_t add_chunk(struct tcp *tcp, struct tcp_wait_queue *queue)
{
    uint32_t index = pool_take(&tcp->wait_chunks);
    if (index == 0 || index > UINT32_MAX >> PLACE_BITS)
        return 0;
    *chunk_at(tcp, index) = (struct tcp_wait_chunk){.prev = queue->last};
    if (queue->last != 0)
        chunk_at(tcp, queue->last)->next = index;
    else
        queue->first = index;
    queue->last = index;
    return index;
}

static __attribute__((noinline)) void drop_chunk(struct tcp *tcp, struct tcp_wait_queue *queue,
                                                 uint32_t index)
{
    uint32_t next = chunk_at(tcp, index)->next, prev = chunk_at(tcp, index)->prev;
    if (next != 0)
        chunk_at(tcp, next)->prev = prev;
    else
        queue->last = prev;
    if (prev != 0)
        chunk_at(tcp, prev)->next = next;
    else
        queue->first = next;
    pool_give(&tcp->wait_chunks, index);
}

/* False: there is no chunk left for it. */
static inline bool append(struct tcp *tcp, ref_t ref, struct tcp_wait *wait, uint32_t tick)
{
    struct tcp_wait_queue *queue = &tcp->waiting[wait->head.v6 != 0];
    uint32_t last = queue->last;
    if (last == 0 || chunk_at(tcp, last)->filled == TCP_WAIT_CHUNK)
        last = add_chunk(tcp, queue);
    if (__builtin_expect(last == 0, 0))
        return false;
    struct tcp_wait_chunk *chunk = chunk_at(tcp, last);
    uint32_t at = chunk->filled++;
    chunk->ref[at] = ref;
    chunk->waiting = (uint16_t)(chunk->waiting | 1u << at);
    queue->count++;
    wait->queued = 1;
    wait->turn.place = last << PLACE_BITS | at;
    wait->turn.tick = tick;
    return true;
}

static inline void leave(struct tcp *tcp, const struct tcp_wait *wait)
{
    struct tcp_wait_queue *queue = &tcp->waiting[wait->head.v6 != 0];
    uint32_t index = wait->turn.place >> PLACE_BITS;
    uint32_t at = wait->turn.place & ((1u << PLACE_BITS) - 1);
    struct tcp_wait_chunk *chunk = chunk_at(tcp, index);
    uint32_t waiting = chunk->waiting & ~(1u << at);
    chunk->waiting = (uint16_t)waiting;
    queue->count--;
    if (waiting == 0)
        drop_chunk(tcp, queue, index);
}

/* For the last time, or until it begins anew: what it says of this is worth nothing afterwards. */
void tcp_wait_stop(struct tcp *tcp, struct tcp_wait *wait)
{
    if (wait->queued)
        leave(tcp, wait);
    else
        wheel_cancel_node(&tcp->wheel, &wait->timer);
}

uint32_t tcp_wait_msl_ms(const struct tcp *tcp, const struct tcp_wait *wait)
{
    return wait->queued ? tcp->msl_ms : wait->hash_or_msl;
}

void tcp_wait_begin(struct tcp *tcp, ref_t ref, struct tcp_wait *wait,
                    const struct tcp_wait_term *term)
{
    time_us until = tcp->now + (uint64_t)term->msl_ms * 2000;
    wait->hash_or_msl = term->hash;
    if (term->msl_ms == tcp->msl_ms && append(tcp, ref, wait, tick_of(until)))
        return;
    wait->hash_or_msl = term->msl_ms;
    wheel_set(&tcp->wheel, ref, until);
}

/* [RFC9293 3.10.7.4 eighth EV-42] */
void tcp_wait_anew(struct tcp *tcp, ref_t ref)
{
    struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    const struct tcp_wait_term term = {tcp_wait_msl_ms(tcp, wait), wait->hash_or_msl};
    tcp_wait_stop(tcp, wait);
    tcp_wait_begin(tcp, ref, wait, &term);
}

static inline uint32_t first_of(const struct tcp_wait_chunk *chunk)
{
    return (uint32_t)__builtin_ctz(chunk->waiting);
}

ref_t tcp_wait_oldest(const struct tcp *tcp, bool v6)
{
    const struct tcp_wait_chunk *chunk = chunk_at(tcp, tcp->waiting[v6].first);
    return tcp->waiting[v6].first == 0 ? REF_NONE : chunk->ref[first_of(chunk)];
}

/* ---- running out ---- */

static bool is_due(const struct tcp *tcp, uint32_t tick)
{
    return (int32_t)(tcp_now_ms(tcp) - tick) >= 0;
}

static inline bool is_waiting(const struct tcp_wait_chunk *chunk, uint32_t at)
{
    return chunk->waiting >> at & 1;
}

/* What the end of this record leads to. */
static inline void fetch_behind(const struct tcp *tcp, const struct tcp_wait *wait)
{
    flow_prefetch(&tcp->flows, wait->hash_or_msl);
    tcp_binding_prefetch(tcp, BYTES_BE32(wait->head.ends.laddr), tcp_lport(&wait->head));
    tcp_port_prefetch(&tcp->ports, wait->destination, tcp_lport(&wait->head));
}

/* The one at this place of a chunk ends: its counterpart two chunks later is fetched, and what the
 * one in the next chunk, which has come, leads to.  A few records are in the cache anyway. */
static inline void look_ahead(const struct tcp *tcp, const struct tcp_wait_chunk *chunk,
                              uint32_t at, bool v6)
{
    if (flow_count(&tcp->flows) < TCP_CROWD)
        return;
    const struct tcp_wait_chunk *next = chunk_at(tcp, chunk->next);
    const struct tcp_wait_chunk *later = chunk_at(tcp, next->next);
    __builtin_prefetch(chunk_at(tcp, later->next));
    if (is_waiting(later, at))
        __builtin_prefetch(tcp_wait_of(tcp, later->ref[at], v6), 1);
    if (is_waiting(next, at))
        fetch_behind(tcp, tcp_wait_of(tcp, next->ref[at], v6));
}

static inline void advance(struct tcp *tcp, bool v6)
{
    const struct tcp_wait_queue *queue = &tcp->waiting[v6];
    while (queue->first != 0) {
        const struct tcp_wait_chunk *chunk = chunk_at(tcp, queue->first);
        uint32_t at = first_of(chunk);
        ref_t ref = chunk->ref[at];
        if (!is_due(tcp, tcp_wait_of(tcp, ref, v6)->turn.tick))
            return;
        look_ahead(tcp, chunk, at, v6);
        tcp_wait_over(tcp, ref);
    }
}

void tcp_wait_advance(struct tcp *tcp)
{
    advance(tcp, false);
    advance(tcp, true);
}

static time_us deadline_of(const struct tcp *tcp, bool v6)
{
    ref_t oldest = tcp_wait_oldest(tcp, v6);
    if (oldest == REF_NONE)
        return TIME_NEVER;
    uint32_t tick = tcp_wait_of(tcp, oldest, v6)->turn.tick;
    int32_t left = (int32_t)(tick - tcp_now_ms(tcp));
    return ms_to_us(us_to_ms(tcp->now) + (uint64_t)(int64_t)left);
}

time_us tcp_wait_deadline(const struct tcp *tcp)
{
    return time_min(deadline_of(tcp, false), deadline_of(tcp, true));
}
