/*
 * Who waits for 2 MSL, in the order in which they began: a queue of each family instead of timers.
 *
 * The wait is the same for all connections of a stack, unless a program sets another one.  So
 * whoever begins last ends last, a record joins at the end and leaves at the front, and a million
 * of them cost no timer anything.  A record with a wait of its own has a timer instead.
 *
 * A scout goes ahead of those that end: what the end of the record it stands at will touch (its
 * group of the flow table, who holds its port, the record behind it) is fetched from memory, and
 * has come when that record's turn has.
 */
#include "proto/tcp/tcp_wait.h"

#define AHEAD 32u /* this many have been looked at */

/* ---- joining and leaving ---- */

static uint32_t tick_of(time_us at)
{
    return (uint32_t)((at + 999) / 1000);
}

static inline void append(struct tcp *tcp, ref_t ref, struct tcp_wait *wait, uint32_t tick)
{
    const bool v6 = wait->head.v6 != 0;
    struct tcp_wait_queue *queue = &tcp->waiting[v6];
    ref_t last = queue->last;
    wait->queued = 1;
    wait->turn.prev = last;
    wait->turn.tick = tick;
    wait->next = REF_NONE;
    queue->last = ref;
    queue->count++;
    if (last != REF_NONE)
        tcp_wait_of(tcp, last, v6)->next = ref;
    else
        queue->first = ref;
    if (queue->scout == REF_NONE)
        queue->scout = ref;
}

static inline void leave(struct tcp *tcp, ref_t ref, const struct tcp_wait *wait)
{
    const bool v6 = wait->head.v6 != 0;
    struct tcp_wait_queue *queue = &tcp->waiting[v6];
    ref_t next = wait->next, prev = wait->turn.prev;
    queue->count--;
    if (queue->scout == ref)
        queue->scout = next;
    if (next != REF_NONE)
        tcp_wait_of(tcp, next, v6)->turn.prev = prev;
    else
        queue->last = prev;
    if (prev != REF_NONE)
        tcp_wait_of(tcp, prev, v6)->next = next;
    else
        queue->first = next;
}

/* For the last time, or until it begins anew: what it says of this is worth nothing afterwards. */
void tcp_wait_stop(struct tcp *tcp, ref_t ref, struct tcp_wait *wait)
{
    if (wait->queued)
        leave(tcp, ref, wait);
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
    if (term->msl_ms == tcp->msl_ms) {
        wait->hash_or_msl = term->hash;
        append(tcp, ref, wait, tick_of(until));
    } else {
        wait->hash_or_msl = term->msl_ms;
        wheel_set(&tcp->wheel, ref, until);
    }
}

/* [RFC9293 3.10.7.4 eighth EV-42] */
void tcp_wait_anew(struct tcp *tcp, ref_t ref)
{
    struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    const struct tcp_wait_term term = {tcp_wait_msl_ms(tcp, wait), wait->hash_or_msl};
    tcp_wait_stop(tcp, ref, wait);
    tcp_wait_begin(tcp, ref, wait, &term);
}

ref_t tcp_wait_oldest(const struct tcp *tcp, bool v6)
{
    return tcp->waiting[v6].first;
}

/* ---- running out ---- */

static bool is_due(const struct tcp *tcp, uint32_t tick)
{
    return (int32_t)(tcp_now_ms(tcp) - tick) >= 0;
}

/* Records are taken in the order in which they came back: those that end a little later mostly lie
 * so many bytes behind. */
#define BEHIND 2048u

/* The record has come from memory: what it leads to is fetched, and those behind it. */
static inline void look_at(const struct tcp *tcp, struct tcp_wait_queue *queue, bool v6)
{
    const struct tcp_wait *wait = tcp_wait_of(tcp, queue->scout, v6);
    if (wait->next != REF_NONE)
        __builtin_prefetch(tcp_wait_of(tcp, wait->next, v6), 1);
    __builtin_prefetch((const uint8_t *)wait + BEHIND, 1);
    flow_prefetch(&tcp->flows, wait->hash_or_msl);
    tcp_binding_prefetch(tcp, BYTES_BE32(wait->head.ends.laddr), tcp_lport(&wait->head));
    queue->scout = wait->next;
    queue->ahead++;
}

/* As long as few have been looked at it is two for each that ends; then one.  A few records are in
 * the cache anyway. */
static inline void look_ahead(const struct tcp *tcp, struct tcp_wait_queue *queue, bool v6)
{
    if (flow_count(&tcp->flows) < TCP_CROWD)
        return;
    if (queue->scout == queue->first)
        queue->ahead = 0;
    for (unsigned i = 0; i < 2 && queue->ahead < AHEAD && queue->scout != REF_NONE; i++)
        look_at(tcp, queue, v6);
    queue->ahead--; /* the first one ends now */
}

static inline void advance(struct tcp *tcp, bool v6)
{
    struct tcp_wait_queue *queue = &tcp->waiting[v6];
    while (queue->first != REF_NONE && is_due(tcp, tcp_wait_of(tcp, queue->first, v6)->turn.tick)) {
        look_ahead(tcp, queue, v6);
        tcp_wait_over(tcp, queue->first);
    }
}

void tcp_wait_advance(struct tcp *tcp)
{
    advance(tcp, false);
    advance(tcp, true);
}

static time_us deadline_of(const struct tcp *tcp, const struct tcp_wait_queue *queue)
{
    if (queue->first == REF_NONE)
        return TIME_NEVER;
    uint32_t tick = tcp_wait_at(tcp, queue->first)->turn.tick;
    int32_t left = (int32_t)(tick - tcp_now_ms(tcp));
    return ms_to_us(us_to_ms(tcp->now) + (uint64_t)(int64_t)left);
}

time_us tcp_wait_deadline(const struct tcp *tcp)
{
    return time_min(deadline_of(tcp, &tcp->waiting[0]), deadline_of(tcp, &tcp->waiting[1]));
}
