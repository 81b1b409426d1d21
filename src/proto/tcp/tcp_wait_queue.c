/*
 * Who waits for 2 MSL, in the order in which they began: a queue of each family instead of timers.
 *
 * The wait is the same for all connections of a stack, unless a program sets another one.  So
 * whoever begins last ends last, a record joins at the end and leaves at the front, and a million
 * of them cost no timer anything.  A record with a wait of its own has a timer instead.
 *
 * When many run out together, those behind the first are looked at a little ahead: what their end
 * will touch (the record, its group of the flow table, who holds its port) is then on its way from
 * memory while the first are served.
 */
#include "proto/tcp/tcp_internal.h"

#define AHEAD 8u /* this many are on their way */

static struct tcp_wait_queue *queue_of(struct tcp *tcp, ref_t ref)
{
    return &tcp->waiting[ref_kind(ref) == KIND_TW6];
}

/* ---- joining and leaving ---- */

static uint32_t tick_of(time_us at)
{
    return (uint32_t)((at + 999) / 1000);
}

static void append(struct tcp *tcp, ref_t ref, struct tcp_wait *wait, uint32_t tick)
{
    struct tcp_wait_queue *queue = queue_of(tcp, ref);
    wait->queued = 1;
    wait->turn.prev = queue->last;
    wait->turn.tick = tick;
    wait->next = REF_NONE;
    if (queue->last != REF_NONE)
        tcp_wait_at(tcp, queue->last)->next = ref;
    else
        queue->first = ref;
    queue->last = ref;
    queue->count++;
}

static void leave(struct tcp *tcp, ref_t ref, struct tcp_wait *wait)
{
    struct tcp_wait_queue *queue = queue_of(tcp, ref);
    ref_t next = wait->next, prev = wait->turn.prev;
    if (next != REF_NONE)
        tcp_wait_at(tcp, next)->turn.prev = prev;
    else
        queue->last = prev;
    if (prev != REF_NONE)
        tcp_wait_at(tcp, prev)->next = next;
    else
        queue->first = next;
    queue->count--;
    wait->timer = (struct wheel_node){0};
    wait->next = REF_NONE;
    wait->queued = 0;
}

void tcp_wait_stop(struct tcp *tcp, ref_t ref)
{
    struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    if (wait->queued)
        leave(tcp, ref, wait);
    else
        wheel_cancel(&tcp->wheel, ref);
}

uint32_t tcp_wait_msl_ms(const struct tcp *tcp, const struct tcp_wait *wait)
{
    return wait->queued ? tcp->msl_ms : wait->hash_or_msl;
}

void tcp_wait_begin(struct tcp *tcp, ref_t ref, uint32_t msl_ms, uint32_t hash)
{
    struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    time_us until = tcp->now + (uint64_t)msl_ms * 2000;
    if (msl_ms == tcp->msl_ms) {
        wait->hash_or_msl = hash;
        append(tcp, ref, wait, tick_of(until));
    } else {
        wait->hash_or_msl = msl_ms;
        wheel_set(&tcp->wheel, ref, until);
    }
}

/* [RFC9293 3.10.7.4 eighth EV-42] */
void tcp_wait_anew(struct tcp *tcp, ref_t ref)
{
    struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    uint32_t msl_ms = tcp_wait_msl_ms(tcp, wait), hash = wait->hash_or_msl;
    tcp_wait_stop(tcp, ref);
    tcp_wait_begin(tcp, ref, msl_ms, hash);
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

/* Those ahead: the next one to look at, and how many were looked at and not ended yet. */
struct scout {
    ref_t next;
    unsigned ahead;
};

/* The record has come: what it leads to is fetched. */
static void look_at(struct tcp *tcp, struct scout *scout)
{
    const struct tcp_wait *wait = tcp_wait_at(tcp, scout->next);
    if (wait->next != REF_NONE)
        __builtin_prefetch(tcp_wait_at(tcp, wait->next), 1);
    flow_prefetch(&tcp->flows, wait->hash_or_msl);
    tcp_binding_prefetch(tcp, wait->head.laddr, wait->head.lport);
    scout->next = wait->next;
    scout->ahead++;
}

static void look_ahead(struct tcp *tcp, struct scout *scout)
{
    while (scout->next != REF_NONE && scout->ahead < AHEAD
           && is_due(tcp, tcp_wait_at(tcp, scout->next)->turn.tick))
        look_at(tcp, scout);
}

static void advance(struct tcp *tcp, const struct tcp_wait_queue *queue)
{
    struct scout scout = {.next = queue->first};
    look_ahead(tcp, &scout);
    while (scout.ahead != 0) {
        scout.ahead--;
        tcp_wait_over(tcp, queue->first);
        look_ahead(tcp, &scout);
    }
}

void tcp_wait_advance(struct tcp *tcp)
{
    advance(tcp, &tcp->waiting[0]);
    advance(tcp, &tcp->waiting[1]);
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
