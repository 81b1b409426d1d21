/*
 * Where the records are: pools, the flow table, the way from a reference or a tuple to a record and
 * back.
 *
 * Not for what any record means: that is the business of the files named after the RFC's sections.
 */
#include "base/siphash.h"
#include "proto/tcp/tcp_internal.h"
#include "wire/addr.h"

static uint32_t low_word(const struct ciao_addr *addr)
{
    return get_be32(addr->b + 12);
}

static struct tcp_addresses *addresses_behind(const struct tcp_head *head, size_t record_bytes)
{
    return (struct tcp_addresses *)(uintptr_t)((const uint8_t *)head + record_bytes);
}

static size_t record_bytes(enum ref_kind kind)
{
    if (kind == KIND_TCB4 || kind == KIND_TCB6)
        return sizeof(struct tcb);
    return kind == KIND_TW4 || kind == KIND_TW6 ? sizeof(struct tcp_wait) : sizeof(struct tcp_syn);
}

/* ---- references ---- */

static const struct pool *pool_of(const struct tcp *tcp, enum ref_kind kind)
{
    switch (kind) {
    case KIND_SYN4: return &tcp->syns;
    case KIND_SYN6: return &tcp->syns6;
    case KIND_TCB4: return &tcp->tcbs;
    case KIND_TCB6: return &tcp->tcbs6;
    case KIND_TW4: return &tcp->waits;
    case KIND_TW6: return &tcp->waits6;
    case KIND_OTHER: return &tcp->listeners;
    case KIND_NONE: break;
    }
    ASSERT(kind != KIND_NONE);
    return NULL;
}

struct tcp_head *tcp_head_at(const struct tcp *tcp, ref_t ref)
{
    return pool_at(pool_of(tcp, ref_kind(ref)), ref_index(ref));
}

struct tcb *tcp_tcb_at(const struct tcp *tcp, ref_t ref)
{
    return pool_at(ref_kind(ref) == KIND_TCB4 ? &tcp->tcbs : &tcp->tcbs6, ref_index(ref));
}

struct tcp_syn *tcp_syn_at(const struct tcp *tcp, ref_t ref)
{
    return pool_at(ref_kind(ref) == KIND_SYN4 ? &tcp->syns : &tcp->syns6, ref_index(ref));
}

struct tcp_wait *tcp_wait_at(const struct tcp *tcp, ref_t ref)
{
    return pool_at(ref_kind(ref) == KIND_TW4 ? &tcp->waits : &tcp->waits6, ref_index(ref));
}

struct tcp_listener *tcp_listener_at(const struct tcp *tcp, ref_t ref)
{
    return pool_at(&tcp->listeners, ref_index(ref));
}

ref_t tcp_tcb_ref(const struct tcp *tcp, const struct tcb *tcb)
{
    const uint8_t *at = (const uint8_t *)tcb;
    if (tcb->head.v6)
        return ref_make(KIND_TCB6,
                        (uint32_t)((size_t)(at - tcp->tcbs6.base) / sizeof(struct tcb6)));
    return ref_make(KIND_TCB4, (uint32_t)((size_t)(at - tcp->tcbs.base) / sizeof(struct tcb)));
}

ref_t tcp_listener_ref(const struct tcp *tcp, const struct tcp_listener *listener)
{
    size_t offset = (size_t)((const uint8_t *)listener - tcp->listeners.base);
    return ref_make(KIND_OTHER, (uint32_t)(offset / sizeof *listener));
}

/* ---- tuples ---- */

void tcp_head_set(struct tcp_head *head, size_t bytes, const struct tcp_tuple *tuple)
{
    head->laddr = low_word(&tuple->local);
    head->raddr = low_word(&tuple->remote);
    head->lport = tuple->local_port;
    head->rport = tuple->remote_port;
    head->v6 = !ip_is_v4(&tuple->local);
    if (!head->v6)
        return;
    struct tcp_addresses *addresses = addresses_behind(head, bytes);
    memcpy(addresses->local, tuple->local.b, sizeof addresses->local);
    memcpy(addresses->remote, tuple->remote.b, sizeof addresses->remote);
}

struct tcp_tuple tcp_tuple_of(const struct tcp_head *head, size_t bytes)
{
    struct tcp_tuple tuple = {.local_port = head->lport, .remote_port = head->rport};
    if (head->v6) {
        const struct tcp_addresses *addresses = addresses_behind(head, bytes);
        memcpy(tuple.local.b, addresses->local, sizeof tuple.local.b);
        memcpy(tuple.remote.b, addresses->remote, sizeof tuple.remote.b);
    } else {
        tuple.local = ip_addr_v4(head->laddr);
        tuple.remote = ip_addr_v4(head->raddr);
    }
    return tuple;
}

struct tcp_tuple tcp_tcb_tuple(const struct tcb *tcb)
{
    return tcp_tuple_of(&tcb->head, sizeof *tcb);
}

struct tcp_tuple tcp_record_tuple(const struct tcp *tcp, ref_t ref)
{
    return tcp_tuple_of(tcp_head_at(tcp, ref), record_bytes(ref_kind(ref)));
}

/* ---- the flow table ---- */

/* What a keyed hash of a tuple is made of: the ports first, then the addresses. */
unsigned tcp_tuple_words(const struct tcp_tuple *tuple, uint64_t words[TCP_TUPLE_WORDS])
{
    words[0] = (uint64_t)tuple->local_port << 16 | tuple->remote_port;
    if (ip_is_v4(&tuple->local)) {
        words[1] = (uint64_t)low_word(&tuple->local) << 32 | low_word(&tuple->remote);
        return 2;
    }
    words[1] = get_be64(tuple->local.b);
    words[2] = get_be64(tuple->local.b + 8);
    words[3] = get_be64(tuple->remote.b);
    words[4] = get_be64(tuple->remote.b + 8);
    return 5;
}

uint64_t tcp_tuple_hash(const uint64_t key[2], const struct tcp_tuple *tuple)
{
    uint64_t words[TCP_TUPLE_WORDS];
    if (tcp_tuple_words(tuple, words) == 2)
        return siphash13_2w(key, words[0], words[1]);
    return siphash13_u64s(key, words, TCP_TUPLE_WORDS);
}

uint64_t tcp_flow_hash(const struct tcp *tcp, const struct tcp_tuple *tuple)
{
    return tcp_tuple_hash(tcp->flow_key, tuple);
}

static bool is_flow(const struct tcp_head *head, const struct tcp_tuple *tuple, size_t bytes)
{
    if (head->lport != tuple->local_port || head->rport != tuple->remote_port
        || head->laddr != low_word(&tuple->local) || head->raddr != low_word(&tuple->remote)
        || head->v6 == (uint8_t)ip_is_v4(&tuple->local))
        return false;
    if (!head->v6)
        return true;
    const struct tcp_addresses *addresses = addresses_behind(head, bytes);
    return memcmp(addresses->local, tuple->local.b, 16) == 0
           && memcmp(addresses->remote, tuple->remote.b, 16) == 0;
}

ref_t tcp_flow_find(const struct tcp *tcp, const struct tcp_tuple *tuple, uint64_t hash)
{
    struct flow_cursor cursor;
    ref_t ref = flow_first(&tcp->flows, hash, &cursor);
    while (ref != REF_NONE && !is_flow(tcp_head_at(tcp, ref), tuple, record_bytes(ref_kind(ref))))
        ref = flow_next(&tcp->flows, &cursor);
    return ref;
}

bool tcp_flow_enter(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_tuple tuple = tcp_tcb_tuple(tcb);
    if (flow_insert(&tcp->flows, tcp_flow_hash(tcp, &tuple), tcp_tcb_ref(tcp, tcb)) != 0)
        return false;
    tcp_flow_entered(tcp, tcb, &tuple);
    return true;
}

void tcp_flow_entered(struct tcp *tcp, struct tcb *tcb, const struct tcp_tuple *tuple)
{
    bool reuse = (tcp_tcb_settings(tcp, tcb)->flags & CIAO_REUSEADDR) != 0;
    tcp_binding_connected(tcp, &tcb->head, tuple, reuse);
    tcb->flags |= TCB_IN_FLOW;
}

void tcp_flow_leave(struct tcp *tcp, struct tcb *tcb)
{
    if (!(tcb->flags & TCB_IN_FLOW))
        return;
    struct tcp_tuple tuple = tcp_tcb_tuple(tcb);
    ASSERT(flow_remove(&tcp->flows, tcp_flow_hash(tcp, &tuple), tcp_tcb_ref(tcp, tcb)));
    tcp_binding_gone(tcp, &tcb->head, &tuple);
    tcb->flags &= ~TCB_IN_FLOW;
}

/* ---- TCBs ---- */

struct tcb *tcp_tcb_new(struct tcp *tcp, const struct tcp_tuple *tuple, uint64_t life)
{
    bool v4 = ip_is_v4(&tuple->local);
    struct pool *pool = v4 ? &tcp->tcbs : &tcp->tcbs6;
    uint32_t index = pool_take(pool);
    if (index == 0)
        return NULL;
    struct tcb *tcb = pool_at(pool, index);
    memset(tcb, 0, pool->stride);
    tcp_head_set(&tcb->head, sizeof *tcb, tuple);
    tcp_take_over(&tcb->head, life, CIAO_CLOSED);
    return tcb;
}

void tcp_tcb_free(struct tcp *tcp, struct tcb *tcb)
{
    ref_t ref = tcp_tcb_ref(tcp, tcb);
    tcp_sendq_flush(tcp, tcb);
    tcp_receive_flush(tcp, tcb);
    tcp_side_detach(tcp, tcb);
    tcp_note(tcp, tcb, CIAO_DID_TCB_FREED, 0, 0);
    tcp_flow_leave(tcp, tcb);
    wheel_cancel(&tcp->wheel, ref);
    tcp_output_forget(tcp, tcb);
    tcp_told_forget(tcp, ref);
    tcp_settings_give(tcp, tcb->settings);
    tcb->head.life = 0;
    pool_give(tcb->head.v6 ? &tcp->tcbs6 : &tcp->tcbs, ref_index(ref));
}

/* ---- settings, shared where equal ---- */

/* They are compared as bytes: nothing may stand between them. */
BUILD_ASSERT(sizeof(struct ciao_settings) == 2 * 8 + 20 * 4 + 16);

static struct tcp_settings_slot *slot_at(const struct tcp *tcp, uint16_t index)
{
    return pool_at(&tcp->settings, index);
}

const struct ciao_settings *tcp_settings(const struct tcp *tcp, uint16_t index)
{
    return index == 0 ? &tcp->config->tcp : &slot_at(tcp, index)->value;
}

/* 0: none of those that were taken last is the same. */
static uint16_t recent_equal(const struct tcp *tcp, const struct ciao_settings *value)
{
    for (unsigned i = 0; i < TCP_SETTINGS_RECENT; i++) {
        uint16_t index = tcp->settings_recent[i];
        if (index != 0 && memcmp(value, &slot_at(tcp, index)->value, sizeof *value) == 0)
            return index;
    }
    return 0;
}

/* Where one is given back there is a place; else they go in turn. */
static void remember_recent(struct tcp *tcp, uint16_t index)
{
    unsigned i = 0;
    while (i < TCP_SETTINGS_RECENT && tcp->settings_recent[i] != 0)
        i++;
    if (i == TCP_SETTINGS_RECENT)
        i = tcp->settings_turn++ % TCP_SETTINGS_RECENT;
    tcp->settings_recent[i] = index;
}

/* Most programs use a few sets for all, and come to them by the same steps: the places worth
 * looking at are the last few that were taken. */
uint16_t tcp_settings_take(struct tcp *tcp, const struct ciao_settings *value)
{
    if (value == NULL || memcmp(value, &tcp->config->tcp, sizeof *value) == 0)
        return 0;
    uint16_t equal = recent_equal(tcp, value);
    if (equal != 0) {
        slot_at(tcp, equal)->refs++;
        return equal;
    }
    uint32_t index = pool_take(&tcp->settings);
    if (index == 0)
        return UINT16_MAX;
    slot_at(tcp, (uint16_t)index)->value = *value;
    slot_at(tcp, (uint16_t)index)->refs = 1;
    remember_recent(tcp, (uint16_t)index);
    return (uint16_t)index;
}

void tcp_settings_ref(struct tcp *tcp, uint16_t index)
{
    if (index != 0)
        slot_at(tcp, index)->refs++;
}

void tcp_settings_give(struct tcp *tcp, uint16_t index)
{
    if (index == 0 || --slot_at(tcp, index)->refs != 0)
        return;
    for (unsigned i = 0; i < TCP_SETTINGS_RECENT; i++) {
        if (tcp->settings_recent[i] == index)
            tcp->settings_recent[i] = 0;
    }
    pool_give(&tcp->settings, index);
}
