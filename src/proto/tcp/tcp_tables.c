/*
 * Where the records are: pools, and the way from a reference to a record and back.
 *
 * Not for what any record means: that is the business of the files named after the RFC's sections.
 */
#include "proto/tcp/tcp_wait.h"
#include "wire/addr.h"

/* ---- references ---- */

static const uint16_t pool_offset[REF_KINDS] = {
    [KIND_SYN4] = offsetof(struct tcp, syns),       [KIND_SYN6] = offsetof(struct tcp, syns6),
    [KIND_TCB4] = offsetof(struct tcp, tcbs),       [KIND_TCB6] = offsetof(struct tcp, tcbs6),
    [KIND_TW4] = offsetof(struct tcp, waits),       [KIND_TW6] = offsetof(struct tcp, waits6),
    [KIND_OTHER] = offsetof(struct tcp, listeners),
};
BUILD_ASSERT(offsetof(struct tcp, listeners) <= UINT16_MAX);

static const struct pool *pool_of(const struct tcp *tcp, enum ref_kind kind)
{
    ASSERT(pool_offset[kind] != 0);
    return (const struct pool *)(const void *)((const uint8_t *)tcp + pool_offset[kind]);
}

struct tcp_head *tcp_head_at(const struct tcp *tcp, ref_t ref)
{
    return pool_at(pool_of(tcp, ref_kind(ref)), ref_index(ref));
}

struct tcb *tcp_tcb_at(const struct tcp *tcp, ref_t ref)
{
    size_t index = ref_index(ref);
    return (struct tcb *)(void *)(ref_kind(ref) == KIND_TCB4
                                      ? tcp->tcbs.base + index * sizeof(struct tcb)
                                      : tcp->tcbs6.base + index * sizeof(struct tcb6));
}

void tcp_prefetch_tcb(const struct tcp *tcp, ref_t ref)
{
    bool v6 = ref_kind(ref) == KIND_TCB6;
    const uint8_t *tcb = pool_at(v6 ? &tcp->tcbs6 : &tcp->tcbs, ref_index(ref));
    const uint8_t *side = (const uint8_t *)&(v6 ? tcp->sides6 : tcp->sides)[ref_index(ref)];
    __builtin_prefetch(tcb);
    __builtin_prefetch(tcb + 64, 1);
    __builtin_prefetch(tcb + 128, 1);
    __builtin_prefetch(side, 1);
    if (!v6)
        return;
    __builtin_prefetch(tcb + 191, 1); /* every other one begins in the middle of a line */
    __builtin_prefetch(tcb + offsetof(struct tcb6, addresses));
}

struct tcp_syn *tcp_syn_at(const struct tcp *tcp, ref_t ref)
{
    size_t index = ref_index(ref);
    return (struct tcp_syn *)(void *)(ref_kind(ref) == KIND_SYN4
                                          ? tcp->syns.base + index * sizeof(struct tcp_syn)
                                          : tcp->syns6.base + index * sizeof(struct tcp_syn6));
}

struct tcp_wait *tcp_wait_at(const struct tcp *tcp, ref_t ref)
{
    return tcp_wait_of(tcp, ref, ref_kind(ref) == KIND_TW6);
}

struct tcp_listener *tcp_listener_at(const struct tcp *tcp, ref_t ref)
{
    return pool_at(&tcp->listeners, ref_index(ref));
}

static inline uint32_t index_of(const struct tcp *tcp, const struct tcb *tcb, bool v6)
{
    const uint8_t *at = (const uint8_t *)tcb;
    return v6 ? (uint32_t)((size_t)(at - tcp->tcbs6.base) / sizeof(struct tcb6))
              : (uint32_t)((size_t)(at - tcp->tcbs.base) / sizeof(struct tcb));
}

ref_t tcp_tcb_ref(const struct tcp *tcp, const struct tcb *tcb)
{
    if (tcb->head.v6)
        return ref_make(KIND_TCB6, index_of(tcp, tcb, true));
    return ref_make(KIND_TCB4, index_of(tcp, tcb, false));
}

ref_t tcp_listener_ref(const struct tcp *tcp, const struct tcp_listener *listener)
{
    size_t offset = (size_t)((const uint8_t *)listener - tcp->listeners.base);
    return ref_make(KIND_OTHER, (uint32_t)(offset / sizeof *listener));
}

/* ---- TCBs ---- */

struct tcb *tcp_tcb_new(struct tcp *tcp, bool v6)
{
    struct pool *pool = v6 ? &tcp->tcbs6 : &tcp->tcbs;
    uint32_t index = pool_take(pool);
    if (__builtin_expect(index == 0, 0) && tcp_teardown_sacrifice(tcp, v6))
        index = pool_take(pool);
    if (__builtin_expect(index == 0, 0))
        return NULL;
    struct tcb *tcb = pool_at(pool, index);
    memset(tcb, 0, pool->stride); /* by a call: for a constant size compilers loop over words */
    return tcb;
}

static __attribute__((noinline)) void free_bytes(struct tcp *tcp, struct tcb *tcb)
{
    tcp_sendq_flush(tcp, tcb);
    tcp_receive_flush(tcp, tcb);
    tcp_side_detach(tcp, tcb);
}

static __attribute__((noinline)) void leave_lists(struct tcp *tcp, struct tcb *tcb)
{
    tcp_output_forget(tcp, tcb);
    if (tcb->flags & TCB_USER_LISTED)
        tcp_told_forget_tcb(tcp, tcb);
}

void tcp_tcb_free(struct tcp *tcp, struct tcb *tcb)
{
    ASSERT(!(tcb->flags & TCB_HAS_HANDLE)); /* so no handle leads here any more */
    if (tcb->queue != 0 || tcb->has_side)
        free_bytes(tcp, tcb);
    tcp_note(tcp, tcb, CIAO_DID_TCB_FREED, 0, 0);
    if (tcb->flags & TCB_IN_FLOW)
        tcp_flow_leave(tcp, tcb);
    wheel_cancel_node(&tcp->wheel, &tcb->timer);
    if (tcb->flags & (TCB_LISTED | TCB_USER_LISTED))
        leave_lists(tcp, tcb);
    tcp_settings_give(tcp, tcb->settings);
    tcb->head.life = 0;
    if (tcb->head.v6)
        pool_give_slot(&tcp->tcbs6, index_of(tcp, tcb, true), tcb);
    else
        pool_give_slot(&tcp->tcbs, index_of(tcp, tcb, false), tcb);
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

static __attribute__((noinline)) void settings_unused(struct tcp *tcp, uint16_t index)
{
    for (unsigned i = 0; i < TCP_SETTINGS_RECENT; i++) {
        if (tcp->settings_recent[i] == index)
            tcp->settings_recent[i] = 0;
    }
    pool_give(&tcp->settings, index);
}

void tcp_settings_give(struct tcp *tcp, uint16_t index)
{
    if (index != 0 && --slot_at(tcp, index)->refs == 0)
        settings_unused(tcp, index);
}
