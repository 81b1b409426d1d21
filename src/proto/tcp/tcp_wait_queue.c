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

#define AHEAD 8u /* a power of two: this many are on their way */

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
    wait->timer = (struct wheel_node){.next = REF_NONE, .prev = queue->last, .tick = tick};
    if (queue->last != REF_NONE)
        tcp_wait_at(tcp, queue->last)->timer.next = ref;
    else
        queue->first = ref;
    queue->last = ref;
    queue->count++;
}

static void leave(struct tcp *tcp, ref_t ref, struct tcp_wait *wait)
{
    struct tcp_wait_queue *queue = queue_of(tcp, ref);
    ref_t next = wait->timer.next, prev = wait->timer.prev;
    if (next != REF_NONE)
        tcp_wait_at(tcp, next)->timer.prev = prev;
    else
        queue->last = prev;
    if (prev != REF_NONE)
        tcp_wait_at(tcp, prev)->timer.next = next;
    else
        queue->first = next;
    queue->count--;
    wait->timer = (struct wheel_node){0};
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

/* [RFC9293 3.10.7.4 eighth EV-42] */
void tcp_wait_start(struct tcp *tcp, ref_t ref)
{
    struct tcp_wait *wait = tcp_wait_at(tcp, ref);
    time_us until = tcp->now + (uint64_t)wait->msl_ms * 2000;
    tcp_wait_stop(tcp, ref);
    if (wait->msl_ms == tcp_wait_msl_ms(&tcp->config->tcp))
        append(tcp, ref, wait, tick_of(until));
    else
        wheel_set(&tcp->wheel, ref, until);
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

/* Those ahead: the next one to look at, and the hashes of those that were. */
struct scout {
    ref_t ref;
    unsigned looked, ended;
    uint64_t hash[AHEAD];
};

static void look_at(struct tcp *tcp, struct scout *scout)
{
    const struct tcp_wait *wait = tcp_wait_at(tcp, scout->ref);
    const struct tcp_addresses *addresses =
        &((const struct tcp_wait6 *)(const void *)wait)->addresses;
    uint64_t hash = tcp_flow_hash_of(tcp, &wait->head, addresses);
    if (wait->timer.next != REF_NONE)
        __builtin_prefetch(tcp_wait_at(tcp, wait->timer.next), 1);
    flow_prefetch(&tcp->flows, hash);
    tcp_binding_prefetch(tcp, wait->head.lport);
    scout->hash[scout->looked++ % AHEAD] = hash;
    scout->ref = wait->timer.next;
}

static void look_ahead(struct tcp *tcp, struct scout *scout)
{
    while (scout->ref != REF_NONE && scout->looked - scout->ended < AHEAD
           && is_due(tcp, tcp_wait_at(tcp, scout->ref)->timer.tick))
        look_at(tcp, scout);
}

static void advance(struct tcp *tcp, const struct tcp_wait_queue *queue)
{
    struct scout scout = {.ref = queue->first};
    look_ahead(tcp, &scout);
    while (scout.ended != scout.looked) {
        ref_t ref = queue->first;
        tcp_flow_remember(tcp, ref, scout.hash[scout.ended++ % AHEAD]);
        tcp_wait_over(tcp, ref);
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
    uint32_t tick = tcp_wait_at(tcp, queue->first)->timer.tick;
    int32_t left = (int32_t)(tick - tcp_now_ms(tcp));
    return ms_to_us(us_to_ms(tcp->now) + (uint64_t)(int64_t)left);
}

time_us tcp_wait_deadline(const struct tcp *tcp)
{
    return time_min(deadline_of(tcp, &tcp->waiting[0]), deadline_of(tcp, &tcp->waiting[1]));
}
