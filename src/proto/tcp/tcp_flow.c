/*
 * Which record a four-tuple means: the flow table, and what stands in it.
 *
 * A segment's record is looked up once; while it is served its hash is remembered (tcp->known), so
 * that a connection which leaves the table, or gives its place to a successor, computes none anew.
 *
 * Not for what any record means: that is the business of the files named after the RFC's sections.
 */
#include "base/multilinear.h"
#include "proto/tcp/tcp_internal.h"
#include "wire/addr.h"

static uint32_t low_word(const struct ciao_addr *addr)
{
    return get_be32(addr->b + 12);
}

static uint32_t wire_word(const struct ciao_addr *addr)
{
    uint32_t word;
    memcpy(&word, addr->b + 12, sizeof word);
    return word;
}

/* They come together in a register: of two that have just been stored a processor does not make one
 * before both are in its cache. */
static uint32_t ports_between(uint16_t local, uint16_t remote)
{
    return BYTES_BE32((uint32_t)local << 16 | remote);
}

static struct tcp_ends ends_between(const struct ciao_addr *local, const struct ciao_addr *remote,
                                    uint16_t lport, uint16_t rport)
{
    return (struct tcp_ends){wire_word(local), wire_word(remote), BYTES_BE16(lport),
                             BYTES_BE16(rport)};
}

static struct tcp_ends ends_of(const struct tcp_tuple *tuple)
{
    return ends_between(&tuple->local, &tuple->remote, tuple->local_port, tuple->remote_port);
}

static struct tcp_ends ends_of_segment(const struct tcp_segment *seg)
{
    return ends_between(&seg->packet->dst, &seg->packet->src, seg->h.dport, seg->h.sport);
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

/* ---- tuples ---- */

void tcp_head_set(struct tcp_head *head, size_t bytes, const struct tcp_tuple *tuple)
{
    const uint64_t hosts = BYTES_PAIR(wire_word(&tuple->local), wire_word(&tuple->remote));
    const uint32_t ports = ports_between(tuple->local_port, tuple->remote_port);
    __builtin_memcpy(&head->ends.laddr, &hosts, sizeof hosts); /* as they will be read */
    __builtin_memcpy(&head->ends.lport, &ports, sizeof ports);
    head->v6 = !ip_is_v4(&tuple->local);
    if (!head->v6)
        return;
    struct tcp_addresses *addresses = addresses_behind(head, bytes);
    __builtin_memcpy(addresses->local, tuple->local.b, sizeof addresses->local);
    __builtin_memcpy(addresses->remote, tuple->remote.b, sizeof addresses->remote);
}

void tcp_head_copy(struct tcp_head *head, size_t bytes, const struct tcp_head *from,
                   size_t from_bytes)
{
    *head = *from;
    if (head->v6)
        *addresses_behind(head, bytes) = *addresses_behind(from, from_bytes);
}

struct tcp_tuple tcp_tuple_of(const struct tcp_head *head, size_t bytes)
{
    return tcp_tuple_at(head, addresses_behind(head, bytes));
}

struct tcp_tuple tcp_tuple_at(const struct tcp_head *head, const struct tcp_addresses *addresses)
{
    struct tcp_tuple tuple = {.local_port = tcp_lport(head), .remote_port = tcp_rport(head)};
    if (head->v6) {
        __builtin_memcpy(tuple.local.b, addresses->local, sizeof tuple.local.b);
        __builtin_memcpy(tuple.remote.b, addresses->remote, sizeof tuple.remote.b);
    } else {
        tuple.local = ip_addr_v4(BYTES_BE32(head->ends.laddr));
        tuple.remote = ip_addr_v4(BYTES_BE32(head->ends.raddr));
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

static void words_of_ip6(const struct ciao_addr *local, const struct ciao_addr *remote,
                         uint64_t words[4])
{
    words[0] = get_be64(local->b);
    words[1] = get_be64(local->b + 8);
    words[2] = get_be64(remote->b);
    words[3] = get_be64(remote->b + 8);
}

unsigned tcp_tuple_words(const struct tcp_tuple *tuple, uint64_t words[TCP_TUPLE_WORDS])
{
    words[0] = (uint64_t)tuple->local_port << 16 | tuple->remote_port;
    if (ip_is_v4(&tuple->local)) {
        words[1] = (uint64_t)low_word(&tuple->local) << 32 | low_word(&tuple->remote);
        return 2;
    }
    words_of_ip6(&tuple->local, &tuple->remote, &words[1]);
    return 5;
}

/* ---- hashes: the ports, then our address, then the peer's, all as they lie on the wire ---- */

static uint32_t ports_of(const struct tcp_ends *ends)
{
    uint32_t ports;
    memcpy(&ports, &ends->lport, sizeof ports);
    return ports;
}

static uint64_t hash_of_ip6(const struct tcp *tcp, uint32_t ports, const uint8_t local[16],
                            const uint8_t remote[16])
{
    uint32_t words[TCP_FLOW_WORDS] = {ports};
    memcpy(words + 1, local, 16);
    memcpy(words + 5, remote, 16);
    return multilinear(tcp->flow_key, words, TCP_FLOW_WORDS);
}

static uint64_t hash_of_ip4(const struct tcp *tcp, uint32_t ports, uint32_t local, uint32_t remote)
{
    const uint32_t words[] = {ports, local, remote};
    return multilinear(tcp->flow_key, words, 3);
}

uint64_t tcp_flow_hash(const struct tcp *tcp, const struct tcp_tuple *tuple)
{
    uint32_t ports = ports_between(tuple->local_port, tuple->remote_port);
    if (ip_is_v4(&tuple->local))
        return hash_of_ip4(tcp, ports, wire_word(&tuple->local), wire_word(&tuple->remote));
    return hash_of_ip6(tcp, ports, tuple->local.b, tuple->remote.b);
}

uint64_t tcp_flow_hash_of(const struct tcp *tcp, const struct tcp_head *head,
                          const struct tcp_addresses *addresses)
{
    if (!head->v6)
        return hash_of_ip4(tcp, ports_of(&head->ends), head->ends.laddr, head->ends.raddr);
    return hash_of_ip6(tcp, ports_of(&head->ends), addresses->local, addresses->remote);
}

/* The ends as they stand in a record's head, and of IPv6 whole. */
struct between {
    struct tcp_ends ends;
    bool v6;
    const struct ciao_addr *local, *remote;
};

static inline bool is_between(const struct tcp_head *head, const struct between *between,
                              size_t bytes)
{
    if (memcmp(&head->ends, &between->ends, sizeof head->ends) != 0
        || head->v6 != (uint8_t)between->v6)
        return false;
    if (!between->v6)
        return true;
    const struct tcp_addresses *addresses = addresses_behind(head, bytes);
    return memcmp(addresses->local, between->local->b, 16) == 0
           && memcmp(addresses->remote, between->remote->b, 16) == 0;
}

static inline ref_t find(const struct tcp *tcp, const struct between *between, uint64_t hash)
{
    struct flow_cursor cursor;
    ref_t ref = flow_first(&tcp->flows, hash, &cursor);
    tcp_prefetch(tcp, ref);
    while (ref != REF_NONE
           && !is_between(tcp_head_at(tcp, ref), between, record_bytes(ref_kind(ref))))
        ref = flow_next(&tcp->flows, &cursor);
    return ref;
}

ref_t tcp_flow_find(const struct tcp *tcp, const struct tcp_tuple *tuple, uint64_t hash)
{
    const struct between between = {
        .ends = ends_of(tuple),
        .v6 = !ip_is_v4(&tuple->local),
        .local = &tuple->local,
        .remote = &tuple->remote,
    };
    return find(tcp, &between, hash);
}

/* ---- coming in and going out ---- */

/* What is found here is being served, or has just come in: its hash may be asked for again. */
void tcp_flow_remember(struct tcp *tcp, ref_t ref, uint64_t hash)
{
    tcp->known.ref = ref;
    tcp->known.hash = hash;
}

__attribute__((cold)) static uint64_t hash_anew(const struct tcp *tcp, ref_t ref)
{
    const struct tcp_head *head = tcp_head_at(tcp, ref);
    return tcp_flow_hash_of(tcp, head, addresses_behind(head, record_bytes(ref_kind(ref))));
}

static uint64_t hash_of(const struct tcp *tcp, ref_t ref)
{
    return tcp->known.ref == ref ? tcp->known.hash : hash_anew(tcp, ref);
}

uint64_t tcp_packet_hash(const struct tcp *tcp, const struct tcp_segment *seg)
{
    const struct ip_packet *packet = seg->packet;
    uint32_t ports = ports_between(seg->h.dport, seg->h.sport);
    if (packet->v6)
        return hash_of_ip6(tcp, ports, packet->dst.b, packet->src.b);
    return hash_of_ip4(tcp, ports, wire_word(&packet->dst), wire_word(&packet->src));
}

static inline struct between between_of(const struct tcp_segment *seg)
{
    const struct ip_packet *packet = seg->packet;
    return (struct between){ends_of_segment(seg), packet->v6, &packet->dst, &packet->src};
}

ref_t tcp_flow_arrives(struct tcp *tcp, const struct tcp_segment *seg)
{
    const struct between between = between_of(seg);
    ref_t ref = find(tcp, &between, seg->hash);
    tcp_flow_remember(tcp, ref, seg->hash);
    return ref;
}

/* A record that was in the table a moment ago: is it still? */
static bool stands(const struct tcp_head *head, ref_t ref)
{
    return head->life != 0
           && (!tcp_ref_is_tcb(ref)
               || (((const struct tcb *)(const void *)head)->flags & TCB_IN_FLOW));
}

ref_t tcp_flow_arrives_at(struct tcp *tcp, const struct tcp_segment *seg, ref_t place)
{
    const struct between between = between_of(seg);
    const struct tcp_head *head = place == REF_NONE ? NULL : tcp_head_at(tcp, place);
    if (head == NULL || !stands(head, place)
        || !is_between(head, &between, record_bytes(ref_kind(place))))
        return tcp_flow_arrives(tcp, seg);
    tcp_flow_remember(tcp, place, seg->hash);
    return place;
}

bool tcp_flow_add(struct tcp *tcp, ref_t ref, uint64_t hash)
{
    if (flow_insert(&tcp->flows, hash, ref) != 0)
        return false;
    tcp_flow_remember(tcp, ref, hash);
    return true;
}

void tcp_flow_succeed_at(struct tcp *tcp, ref_t from, ref_t to, uint64_t hash)
{
    bool stood = flow_replace(&tcp->flows, hash, from, to);
    ASSERT(stood);
    tcp_flow_remember(tcp, to, hash);
}

void tcp_flow_succeed(struct tcp *tcp, ref_t from, ref_t to)
{
    tcp_flow_succeed_at(tcp, from, to, hash_of(tcp, from));
}

void tcp_flow_remove_at(struct tcp *tcp, ref_t ref, uint64_t hash)
{
    bool stood = flow_remove(&tcp->flows, hash, ref);
    ASSERT(stood);
    tcp_flow_remember(tcp, REF_NONE, 0);
}

void tcp_flow_remove(struct tcp *tcp, ref_t ref)
{
    tcp_flow_remove_at(tcp, ref, hash_of(tcp, ref));
}

bool tcp_flow_enter(struct tcp *tcp, struct tcb *tcb, uint64_t hash,
                    const struct ciao_settings *settings)
{
    if (!tcp_flow_add(tcp, tcp_tcb_ref(tcp, tcb), hash))
        return false;
    tcp_flow_entered(tcp, tcb, settings);
    return true;
}

void tcp_flow_entered(struct tcp *tcp, struct tcb *tcb, const struct ciao_settings *settings)
{
    unsigned how = settings->flags & CIAO_REUSEADDR ? TCP_BINDING_REUSE : 0;
    how |= tcb->flags & TCB_PASSIVE ? TCP_BINDING_CHILD : 0;
    tcp_binding_connected(tcp, &tcb->head, sizeof *tcb, how);
    ASSERT(tcp->known.ref == tcp_tcb_ref(tcp, tcb)); /* it has just come in */
    tcb->flow_hash = (uint32_t)tcp->known.hash;
    tcb->flags |= TCB_IN_FLOW;
}

void tcp_flow_leave(struct tcp *tcp, struct tcb *tcb)
{
    if (!(tcb->flags & TCB_IN_FLOW))
        return;
    bool stood = flow_remove(&tcp->flows, tcb->flow_hash, tcp_tcb_ref(tcp, tcb));
    ASSERT(stood);
    tcp_flow_remember(tcp, REF_NONE, 0);
    tcp_binding_gone(tcp, &tcb->head, sizeof *tcb);
    tcb->flags &= ~TCB_IN_FLOW;
}
