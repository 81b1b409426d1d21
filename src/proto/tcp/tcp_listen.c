/*
 * Listeners: who is meant by a SYN, and the queue of those whom the program has not accepted yet.
 *
 * A listener is a record of its own and never leaves LISTEN: a SYN makes a child (tcp_syn.c), which
 * joins the accept queue when its handshake is done.  The queue is bounded by the backlog; whoever
 * waits in it may already have been closed or reset by its peer, and is handed out all the same.
 * [RFC9293 3.9.1.1, 3.10.7.2]
 */
#include "proto/tcp/tcp_internal.h"
#include "wire/addr.h"

/* ---- who is meant ---- */

static uint32_t *bucket_of(struct tcp *tcp, uint16_t port)
{
    return &tcp->listener_bucket[port % TCP_LISTENER_BUCKETS];
}

/* 0: not meant; the exact address goes before the wildcard, and that before the dual one. */
static unsigned fits(const struct tcp_listener *listener, const struct tcp_tuple *tuple)
{
    if (tcp_lport(&listener->head) != tuple->local_port)
        return 0;
    if (ip_equal(&listener->local, &tuple->local))
        return 3;
    if (!ip_is_any(&listener->local))
        return 0;
    bool same_family = listener->head.v6 != (uint8_t)ip_is_v4(&tuple->local);
    if (same_family)
        return 2;
    return listener->dual ? 1 : 0;
}

/* One chance in n, decided by the flow, and by no other chance's outcome. */
static bool is_drawn(uint32_t hash, uint32_t n)
{
    uint32_t drawn = (hash ^ n * 0x9e3779b9u) * 0x85ebca6bu;
    return (drawn ^ drawn >> 15) % n == 0;
}

static struct tcp_listener *find_best(const struct tcp *tcp, const struct tcp_tuple *tuple,
                                      uint64_t hash)
{
    struct tcp_listener *best = NULL;
    unsigned best_fit = 0;
    uint32_t equals = 0;
    uint32_t index = tcp->listener_bucket[tuple->local_port % TCP_LISTENER_BUCKETS];
    while (index != 0) {
        struct tcp_listener *listener = pool_at(&tcp->listeners, index);
        unsigned fit = fits(listener, tuple);
        index = listener->next;
        if (fit == 0 || fit < best_fit)
            continue;
        equals = fit > best_fit ? 1 : equals + 1;
        /* Of a REUSEPORT group the flow's hash chooses one, each with the same chance. */
        if (fit > best_fit || is_drawn((uint32_t)hash, equals))
            best = listener;
        best_fit = fit;
    }
    return best;
}

struct tcp_listener *tcp_listen_find(const struct tcp *tcp, const struct tcp_tuple *tuple,
                                     uint64_t hash)
{
    uint32_t index = tcp->listener_bucket[tuple->local_port % TCP_LISTENER_BUCKETS];
    if (index == 0)
        return NULL;
    struct tcp_listener *only = pool_at(&tcp->listeners, index);
    if (__builtin_expect(only->next != 0, 0))
        return find_best(tcp, tuple, hash);
    return fits(only, tuple) != 0 ? only : NULL;
}

/* ---- making and closing one ---- */

static bool conflicts(const struct tcp_listener *a, const struct tcp_listener *b)
{
    bool overlap = ip_equal(&a->local, &b->local);
    if (!overlap && a->head.v6 == b->head.v6)
        overlap = ip_is_any(&a->local) || ip_is_any(&b->local);
    if (!overlap && a->head.v6 != b->head.v6)
        overlap = (a->head.v6 ? a : b)->dual;
    return overlap && !(a->reuseport && b->reuseport);
}

/* AS LINUX: with REUSEADDR an exact address may stand beside the wildcard?  No: both listen, and
 * that conflicts. */
static bool is_taken(const struct tcp *tcp, const struct tcp_listener *wanted)
{
    uint32_t index = tcp->listener_bucket[tcp_lport(&wanted->head) % TCP_LISTENER_BUCKETS];
    while (index != 0) {
        const struct tcp_listener *other = pool_at(&tcp->listeners, index);
        if (other->head.ends.lport == wanted->head.ends.lport && conflicts(other, wanted))
            return true;
        index = other->next;
    }
    return false;
}

/* A port of the ephemeral range that nobody listens on; 0 when there is none. */
static uint16_t free_port(struct tcp *tcp, struct tcp_listener *wanted)
{
    uint32_t span = tcp->ports.high - tcp->ports.low + 1u;
    uint32_t start = rng_below(&tcp->rng, span);
    for (uint32_t i = 0; i < span; i++) {
        uint16_t port = (uint16_t)(tcp->ports.low + (start + i) % span);
        wanted->head.ends.lport = BYTES_BE16(port);
        if (!is_taken(tcp, wanted))
            return port;
    }
    return 0;
}

static void describe(struct tcp_listener *wanted, const struct ciao_endpoint *local,
                     const struct ciao_settings *settings)
{
    memset(wanted, 0, sizeof *wanted);
    wanted->local = local->addr;
    wanted->head.v6 = !ip_is_v4(&local->addr);
    wanted->head.ends.lport = BYTES_BE16(local->port);
    wanted->dual = wanted->head.v6 && ip_is_any(&local->addr) && !(settings->more & CIAO_V6ONLY);
    wanted->reuseport = (settings->flags & CIAO_REUSEPORT) != 0;
}

/* [RFC9293 3.9.1.1 MUST-41, MUST-42, MUST-43; EV-43] */
int tcp_user_listen(struct tcp *tcp, const struct ciao_endpoint *local, unsigned backlog,
                    const struct ciao_settings *settings, ciao_conn *listener)
{
    struct tcp_listener wanted;
    if (backlog < 1 || backlog > 65535)
        return -CIAO_EINVAL;
    if (!ip_is_any(&local->addr) && !ip_is_ours(tcp->ip, &local->addr))
        return -CIAO_EADDRNOTAVAIL;
    describe(&wanted, local, settings == NULL ? &tcp->config->tcp : settings);
    if (local->port == 0 ? free_port(tcp, &wanted) == 0 : is_taken(tcp, &wanted))
        return -CIAO_EADDRINUSE;
    wanted.settings = tcp_settings_take(tcp, settings);
    if (wanted.settings == UINT16_MAX)
        return -CIAO_ENOMEM;
    uint32_t index = pool_take(&tcp->listeners);
    if (index == 0) {
        tcp_settings_give(tcp, wanted.settings);
        return -CIAO_ENOMEM;
    }
    struct tcp_listener *made = pool_at(&tcp->listeners, index);
    *made = wanted;
    made->backlog = backlog;
    uint32_t *bucket = bucket_of(tcp, tcp_lport(&wanted.head));
    made->next = *bucket;
    *bucket = index;
    tcp_take_over(&made->head, tcp->next_life++, CIAO_CLOSED);
    const struct tcp_tuple tuple = {.local = local->addr, .local_port = tcp_lport(&wanted.head)};
    tcp_born(tcp, made->head.life, &tuple, true);
    const struct trace_context at = {made->head.life, CIAO_CLOSED};
    trace_reason(tcp->trace, at, CIAO_CALL_LISTEN, backlog, 0);
    trace_reason(tcp->trace, at, CIAO_DID_LISTENER_MADE, backlog, 0);
    tcp_enter(tcp, &made->head, CIAO_ARC_CLOSED_LISTEN_PASSIVE_OPEN);
    *listener = made->head.life << 32 | ref_make(KIND_OTHER, index);
    return 0;
}

int tcp_user_backlog(struct tcp *tcp, ciao_conn handle, unsigned backlog)
{
    struct tcp_listener *listener = tcp_user_listener(tcp, handle);
    if (listener == NULL)
        return tcp_user_tcb(tcp, handle) != NULL ? -CIAO_EINVAL : -CIAO_EBADCONN;
    if (backlog < 1 || backlog > 65535)
        return -CIAO_EINVAL;
    listener->backlog = backlog;
    return 0;
}

static void leave_bucket(struct tcp *tcp, const struct tcp_listener *listener, uint32_t index)
{
    uint32_t *at = bucket_of(tcp, tcp_lport(&listener->head));
    while (*at != index)
        at = &((struct tcp_listener *)pool_at(&tcp->listeners, *at))->next;
    *at = listener->next;
}

/* Half-open children, wherever they are: a listener closes seldom, so it is they who are searched.
 */
static void end_half_open(struct tcp *tcp, const struct pool *pool, enum ref_kind kind,
                          ref_t listener)
{
    for (uint32_t index = 1; index <= pool->high; index++) {
        const struct tcp_syn *syn = pool_at(pool, index);
        if (syn->head.life != 0 && syn->listener == listener)
            tcp_listen_syn_end(tcp, ref_make(kind, index),
                               CIAO_ARC_SYN_RECEIVED_CLOSED_LISTENER_GONE);
    }
}

static struct tcb *dequeue(struct tcp *tcp, struct tcp_listener *listener)
{
    struct tcb *tcb = tcp_tcb_at(tcp, listener->accept_first);
    listener->accept_first = tcb->accept_next;
    if (listener->accept_first == REF_NONE)
        listener->accept_last = REF_NONE;
    tcb->accept_next = REF_NONE;
    listener->waiting--;
    return tcb;
}

/* [RFC9293 3.10.4] */
void tcp_listen_close(struct tcp *tcp, struct tcp_listener *listener)
{
    ref_t ref = tcp_listener_ref(tcp, listener);
    end_half_open(tcp, &tcp->syns, KIND_SYN4, ref);
    end_half_open(tcp, &tcp->syns6, KIND_SYN6, ref);
    while (listener->accept_first != REF_NONE)
        tcp_teardown_never_accepted(tcp, dequeue(tcp, listener));
    leave_bucket(tcp, listener, ref_index(ref));
    tcp_told_forget(tcp, ref);
    tcp_enter(tcp, &listener->head, CIAO_ARC_LISTEN_CLOSED_LISTENER_CLOSED);
    tcp_settings_give(tcp, listener->settings);
    listener->head.life = 0;
    pool_give(&tcp->listeners, ref_index(ref));
}

/* ---- the accept queue ---- */

void tcp_listen_queue(struct tcp *tcp, ref_t listener_ref, struct tcb *tcb)
{
    struct tcp_listener *listener = tcp_listener_at(tcp, listener_ref);
    ref_t ref = tcp_tcb_ref(tcp, tcb);
    tcb->flags |= TCB_IN_ACCEPT;
    tcb->listener = listener_ref;
    if (listener->accept_last == REF_NONE)
        listener->accept_first = ref;
    else
        tcp_tcb_at(tcp, listener->accept_last)->accept_next = ref;
    listener->accept_last = ref;
    listener->waiting++;
    tcp_note(tcp, tcb, CIAO_DID_QUEUED_FOR_ACCEPT, listener->waiting, listener->backlog);
    if (!listener->user_listed)
        tcp_told_list(tcp, listener_ref);
}

int tcp_user_accept(struct tcp *tcp, ciao_conn handle, ciao_conn *conn)
{
    struct tcp_listener *listener = tcp_user_listener(tcp, handle);
    if (listener == NULL)
        return tcp_user_tcb(tcp, handle) != NULL ? -CIAO_EINVAL : -CIAO_EBADCONN;
    if (listener->accept_first == REF_NONE)
        return -CIAO_EAGAIN;
    struct tcb *tcb = dequeue(tcp, listener);
    tcb->flags = (tcb->flags & ~TCB_IN_ACCEPT) | TCB_HAS_HANDLE;
    tcp_note(tcp, tcb, CIAO_CALL_ACCEPT, listener->waiting, 0);
    *conn = tcb->head.life << 32 | tcp_tcb_ref(tcp, tcb);
    tcp_told(tcp, tcb);
    return 0;
}

/* ---- 3.10.7.2: a segment for a listener ---- */

/* [EV-4, EV-5, EV-7] */
static __attribute__((cold)) void no_syn_arrives(struct tcp *tcp, struct tcp_listener *listener,
                                                 struct tcp_segment *seg,
                                                 const struct tcp_tuple *tuple)
{
    const struct trace_context at = {listener->head.life, CIAO_LISTEN};
    if (seg->flags & TCP_RST) {
        tcp_drop(tcp, at, CIAO_DROP_LISTEN_RST, seg);
    } else if (seg->flags & TCP_ACK) {
        if ((seg->flags & TCP_SYN) || !tcp_cookie_arrives(tcp, listener, seg, tuple))
            tcp_reply_rst(tcp, seg, CIAO_RST_LISTEN_ACK, listener->head.life, CIAO_LISTEN);
    } else {
        tcp_drop(tcp, at, CIAO_DROP_LISTEN_NOTHING, seg);
    }
}

/* A SYN asks; nothing else has any business here. [EV-6] */
void tcp_listen_arrives(struct tcp *tcp, struct tcp_listener *listener, struct tcp_segment *seg,
                        const struct tcp_tuple *tuple, seq_t iss_above)
{
    if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
        tcp_syn_arrives(tcp, listener, seg, tuple, iss_above);
    else
        no_syn_arrives(tcp, listener, seg, tuple);
}
