/*
 * When the SYN,ACK of a half-open connection is sent again for the first time: a queue instead of
 * timers.  [RFC9293 3.8.1; RFC6298 2.1]
 *
 * The first wait is the same for all of a stack, unless a program sets another one.  So who began
 * last ends last: a record joins at the end and leaves where it stands, nearly always long before
 * its time.  A wait of its own, and every later one, is a timer's.
 */
#include "proto/tcp/tcp_syn.h"

void tcp_syn_wait(struct tcp *tcp, ref_t ref, struct tcp_syn *syn, uint64_t wait_us)
{
    struct tcp_wait_queue *queue = &tcp->half_open;
    if (syn->tries > 1 || wait_us != tcp->config->tcp.rto_initial_us) {
        wheel_set(&tcp->wheel, ref, tcp->now + wait_us);
        return;
    }
    syn->queued = 1;
    syn->turn.prev = queue->last;
    syn->turn.tick = (uint32_t)wheel_tick(tcp->now + wait_us);
    syn->next = REF_NONE;
    if (queue->last != REF_NONE)
        tcp_syn_at(tcp, queue->last)->next = ref;
    else
        queue->first = ref;
    queue->last = ref;
    queue->count++;
}

static void leave(struct tcp *tcp, struct tcp_syn *syn)
{
    struct tcp_wait_queue *queue = &tcp->half_open;
    ref_t next = syn->next, prev = syn->turn.prev;
    if (next != REF_NONE)
        tcp_syn_at(tcp, next)->turn.prev = prev;
    else
        queue->last = prev;
    if (prev != REF_NONE)
        tcp_syn_at(tcp, prev)->next = next;
    else
        queue->first = next;
    queue->count--;
    syn->timer = (struct wheel_node){0};
    syn->queued = 0;
}

void tcp_syn_stop(struct tcp *tcp, ref_t ref, struct tcp_syn *syn)
{
    if (syn->queued)
        leave(tcp, syn);
    else
        wheel_cancel(&tcp->wheel, ref);
}

void tcp_syn_advance(struct tcp *tcp)
{
    for (ref_t ref; (ref = tcp->half_open.first) != REF_NONE;) {
        struct tcp_syn *syn = tcp_syn_at(tcp, ref);
        if ((int32_t)(tcp_now_ms(tcp) - syn->turn.tick) < 0)
            return;
        leave(tcp, syn);
        tcp_listen_syn_timeout(tcp, ref);
    }
}

time_us tcp_syn_deadline(const struct tcp *tcp)
{
    if (tcp->half_open.first == REF_NONE)
        return TIME_NEVER;
    uint32_t tick = tcp_syn_at(tcp, tcp->half_open.first)->turn.tick;
    int32_t left = (int32_t)(tick - tcp_now_ms(tcp));
    return ms_to_us(us_to_ms(tcp->now) + (uint64_t)(int64_t)left);
}
