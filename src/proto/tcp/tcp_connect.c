/*
 * An active open: everything that is decided before the first SYN.  [RFC9293 3.10.1, 3.9.1.1;
 * RFC6056]
 */
#include "proto/tcp/tcp_internal.h"
#include "wire/addr.h"

/* What can be asked at all. [RFC9293 3.9.1.1 MUST-46] */
static int check_endpoints(const struct tcp *tcp, const struct ciao_endpoint *remote,
                           const struct ciao_endpoint *local)
{
    if (ip_is_any(&remote->addr) || ip_is_multicast(&remote->addr)
        || ip_is_broadcast(&remote->addr))
        return -CIAO_EDESTADDR;
    if (local == NULL || ip_is_any(&local->addr))
        return 0;
    if (ip_is_v4(&local->addr) != ip_is_v4(&remote->addr))
        return -CIAO_EINVAL;
    return ip_is_ours(tcp->ip, &local->addr) ? 0 : -CIAO_EADDRNOTAVAIL;
}

/* [RFC9293 3.9.1.1 MUST-44] IP says from where.  What is kept was checked when it came there. */
static int find_way(struct tcp *tcp, const struct ciao_endpoint *remote,
                    const struct ciao_endpoint *local, const struct tcp_pair **pair)
{
    const struct ciao_addr *source = local == NULL || ip_is_any(&local->addr) ? NULL : &local->addr;
    *pair = tcp_pair_kept(tcp, source, &remote->addr);
    if (__builtin_expect(*pair != NULL, 1))
        return 0;
    int result = check_endpoints(tcp, remote, local);
    return result != 0 ? result : tcp_pair_find(tcp, source, &remote->addr, pair);
}

/* Who we are to be for the other end; `hash` is the flow's, once there is a port. */
struct opening {
    struct tcp_tuple tuple;
    struct tcp_port_key to; /* the same without our port */
    const struct tcp_pair *pair;
    const struct ciao_settings *settings;
    uint64_t hash;
};

static __attribute__((noinline)) bool stands(const struct tcp *tcp, const struct opening *opening)
{
    return tcp_flow_find(tcp, &opening->tuple, opening->hash) != REF_NONE;
}

/* Who connected to that destination has its port for himself: any other flow of these ends came
 * from a listener, and is a child of it or half open. */
static inline bool is_in_use(const struct tcp *tcp, const struct opening *opening)
{
    uint16_t port = opening->tuple.local_port;
    bool may_stand = tcp_binding_has_children(tcp, port)
                     || tcp->listener_bucket[port % TCP_LISTENER_BUCKETS] != 0;
    return may_stand && stands(tcp, opening);
}

/* Among many, what the tables have of such ends is fetched before it is looked for. */
static void fetch(const struct tcp *tcp, const struct tcp_tuple *tuple, uint64_t hash)
{
    flow_prefetch(&tcp->flows, hash);
    tcp_binding_prefetch(tcp, ip_v4(&tuple->local), tuple->local_port);
}

static void try_port(struct tcp *tcp, struct opening *opening, uint16_t port)
{
    opening->tuple.local_port = port;
    opening->hash = tcp_flow_hash(tcp, &opening->tuple);
}

/* The next connection to this destination will most likely have the port behind this one. */
static void fetch_next(const struct tcp *tcp, const struct opening *opening)
{
    struct tcp_tuple next = opening->tuple;
    next.local_port++;
    if (flow_count(&tcp->flows) < TCP_CROWD)
        tcp_binding_prefetch(tcp, ip_v4(&next.local), next.local_port);
    else
        fetch(tcp, &next, tcp_flow_hash(tcp, &next));
}

static int pick_port(struct tcp *tcp, struct opening *opening)
{
    bool full = false;
    uint16_t port = tcp_port_pick(&tcp->ports, &opening->to, &full);
    if (port == 0)
        return full ? -CIAO_ENOMEM : -CIAO_ENOPORTS;
    try_port(tcp, opening, port);
    return 0;
}

static int take_port(struct tcp *tcp, struct opening *opening, uint16_t wanted)
{
    try_port(tcp, opening, wanted);
    bool taken = !is_in_use(tcp, opening) && tcp_port_take(&tcp->ports, &opening->to, wanted);
    return taken ? 0 : -CIAO_EADDRINUSE;
}

static void give_port(struct tcp *tcp, const struct opening *opening)
{
    tcp_port_give(&tcp->ports, &opening->to, opening->tuple.local_port);
}

/* A port that nobody of ours has for this destination; but the peer may have opened a connection of
 * that four-tuple from the other side, and then it is another one's turn.  With an error there is
 * no port. */
#define PASSED_OVER_MAX 16u
static int pass_over(struct tcp *tcp, struct opening *opening)
{
    uint16_t passed_over[PASSED_OVER_MAX];
    unsigned n = 0;
    int result = 0;
    while (result == 0 && is_in_use(tcp, opening)) {
        passed_over[n++] = opening->tuple.local_port;
        result = n < PASSED_OVER_MAX ? pick_port(tcp, opening) : -CIAO_ENOPORTS;
    }
    for (unsigned i = 0; i < n; i++)
        tcp_port_give(&tcp->ports, &opening->to, passed_over[i]);
    return result;
}

/* It stands in no table yet. */
static struct tcb *new_tcb(struct tcp *tcp, const struct opening *opening, uint16_t settings)
{
    const struct tcp_tuple *tuple = &opening->tuple;
    struct tcb *tcb = tcp_tcb_new(tcp, !ip_is_v4(&tuple->local));
    if (tcb == NULL)
        return NULL;
    tcp_head_set(&tcb->head, sizeof *tcb, tuple);
    tcp_take_over(&tcb->head, tcp->next_life, CIAO_CLOSED);
    tcb->settings = settings;
    return tcb;
}

static void begin(struct tcp *tcp, struct tcb *tcb, const struct opening *opening)
{
    tcb->head.ends.lport = BYTES_BE16(opening->tuple.local_port);
    tcb->head.link = opening->pair->path.link;
    tcb->route = opening->pair->path.route;
    tcb->iss = tcp_handshake_isn(tcp, &opening->pair->isn, opening->tuple.local_port,
                                 opening->tuple.remote_port);
    tcb->snd.una = tcb->snd.nxt = tcb->iss;
    tcb->snd_end = tcb->iss + 1;
    tcb->rcv_wscale = tcp_window_scale(opening->settings); /* what our SYN will say */
    tcb->ts_offset = opening->pair->ts_offset;
    tcb->destination = tcp->ports.asked;
    tcb->flags |= TCB_HAS_HANDLE | TCB_SYN_DUE | TCB_SYN_UNACKED;
}

/* Into the tables, with another port if need be; with an error the port is given back. */
static int enter(struct tcp *tcp, struct tcb *tcb, struct opening *opening, bool picked)
{
    if (picked && is_in_use(tcp, opening)) {
        int result = pass_over(tcp, opening);
        if (result != 0)
            return result;
        begin(tcp, tcb, opening);
    }
    if (tcp_flow_enter(tcp, tcb, opening->hash, opening->settings))
        return 0;
    give_port(tcp, opening);
    return -CIAO_ENOMEM;
}

static void tell(struct tcp *tcp, const struct tcb *tcb, const struct tcp_tuple *tuple, bool picked)
{
    tcp_born(tcp, tcb->head.life, tuple, false);
    tcp_note(tcp, tcb, CIAO_CALL_CONNECT, tuple->remote_port, 0);
    if (picked)
        tcp_note(tcp, tcb, CIAO_DID_PORT_PICKED, tuple->local_port, 0);
    tcp_note(tcp, tcb, CIAO_DID_TCB_MADE, tcb->head.v6 ? sizeof(struct tcb6) : sizeof *tcb, 0);
    tcp_note(tcp, tcb, CIAO_DID_ISN_CHOSEN, tcb->iss, 0);
}

/* The record has not been seen by anybody. */
static int give_up(struct tcp *tcp, struct tcb *tcb, int result)
{
    tcb->flags &= ~TCB_HAS_HANDLE;
    tcp_tcb_free(tcp, tcb);
    return result;
}

/* [RFC9293 3.10.1 EV-43] */
int tcp_user_connect(struct tcp *tcp, const struct ciao_endpoint *remote,
                     const struct ciao_endpoint *local, const struct ciao_settings *settings,
                     ciao_conn *conn)
{
    struct opening opening;
    int result = find_way(tcp, remote, local, &opening.pair);
    if (result != 0)
        return result;
    opening.to = (struct tcp_port_key){opening.pair->path.source, remote->addr, remote->port};
    opening.tuple = (struct tcp_tuple){opening.pair->path.source, remote->addr, 0, remote->port};
    uint16_t wanted = local == NULL ? 0 : local->port;
    result = wanted == 0 ? pick_port(tcp, &opening) : take_port(tcp, &opening, wanted);
    if (result != 0)
        return result;
    uint16_t index = tcp_settings_take(tcp, settings);
    struct tcb *tcb = index == UINT16_MAX ? NULL : new_tcb(tcp, &opening, index);
    if (tcb == NULL) {
        give_port(tcp, &opening);
        tcp_settings_give(tcp, index == UINT16_MAX ? 0 : index);
        return -CIAO_ENOMEM;
    }
    opening.settings = tcp_settings(tcp, index);
    begin(tcp, tcb, &opening);
    result = enter(tcp, tcb, &opening, wanted == 0);
    if (result != 0)
        return give_up(tcp, tcb, result);
    tcp_judged(tcp);
    tcp->next_life++;
    tell(tcp, tcb, &opening.tuple, wanted == 0);
    tcp_enter(tcp, &tcb->head, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN);
    tcp_output_wanted(tcp, tcb);
    if (wanted == 0)
        fetch_next(tcp, &opening);
    *conn = tcb->head.life << 32 | tcp_tcb_ref(tcp, tcb);
    return 0;
}
