/*
 * Which local addresses and ports connections hold, for whoever wants to bind one.
 *
 * A connection holds its port for as long as its record stands in the flow table: a TCB, whether a
 * program owns it or not, or its TIME-WAIT record.  Of each address and port there are counts, so
 * that the answer needs no walk over connections.
 *
 * They stand in a table of as many places as there are ports, at the port's number with some bits
 * turned over; which bits depends on the address.  So a host of one address has a place for each
 * port, and one of many has them spread out; where two meet, the second is taken from a pool.  All
 * of 127.0.0.0/8 turn over the same bits: so whoever asks for a port of any address has a place to
 * look in for each address of the stack, and one for these.
 *
 * Sockets that are bound and not connected, and listeners' conflicts, are not known here.
 */
#include "base/mostly.h"
#include "proto/tcp/tcp_internal.h"

BUILD_ASSERT(sizeof(struct tcp_binding) == 32);

#define ALIGN 64u
#define PORTS 65536u

size_t tcp_bindings_bytes(uint32_t max_records)
{
    return PORTS * sizeof(struct tcp_binding) + pool_bytes(sizeof(struct tcp_binding), max_records)
           + 2 * (size_t)ALIGN;
}

int tcp_bindings_init(struct tcp_bindings *bindings, struct arena *arena, uint32_t max_records)
{
    void *memory = arena_take(arena, pool_bytes(sizeof(struct tcp_binding), max_records), ALIGN);
    bindings->place = arena_take(arena, PORTS * sizeof(struct tcp_binding), ALIGN);
    if (memory == NULL || bindings->place == NULL)
        return -CIAO_ENOMEM;
    memset(bindings->children, 0, sizeof bindings->children);
    pool_init(&bindings->others, memory, sizeof(struct tcp_binding), max_records);
    return 0;
}

/* Which bits are turned over for an address that ends in these 32, as they lie on the wire.  Nobody
 * but us chooses our addresses: this needs no secret. */
static inline uint32_t stirred(uint32_t wire)
{
    if (__builtin_expect(BYTES_BE32(wire) >> 24 == 127, 0))
        wire = BYTES_BE32(127u << 24);
    return (uint16_t)(wire ^ wire * 0x9e3779b1u >> 16);
}

static inline struct tcp_binding *place_of(const struct tcp_bindings *bindings, uint32_t wire,
                                           uint16_t port)
{
    return &bindings->place[port ^ stirred(wire)];
}

static inline struct tcp_binding *place_of_head(const struct tcp_bindings *bindings,
                                                const struct tcp_head *head)
{
    return place_of(bindings, head->ends.laddr, tcp_lport(head));
}

/* Somebody will look there soon. */
void tcp_binding_prefetch(const struct tcp *tcp, uint32_t low, uint16_t port)
{
    __builtin_prefetch(place_of(&tcp->bindings, BYTES_BE32(low), port), 1);
}

static bool is_held(const struct tcp_binding *binding)
{
    return (binding->connected | binding->time_wait) != 0;
}

bool tcp_binding_has_children(const struct tcp *tcp, uint16_t port)
{
    return tcp->bindings.children[port % TCP_CHILDREN_BUCKETS] != 0;
}

/* ---- finding one ---- */

static struct tcp_binding *other_at(const struct tcp_bindings *bindings, uint32_t index)
{
    return pool_at(&bindings->others, index);
}

/* The link in `first` or behind it that names the address, or the zero at the end. */
static uint32_t *find_link(const struct tcp_bindings *bindings, struct tcp_binding *first,
                           const struct ciao_addr *local)
{
    uint32_t *link = &first->next;
    while (*link != 0 && !ip_equal(&other_at(bindings, *link)->local, local))
        link = &other_at(bindings, *link)->next;
    return link;
}

/* Not the usual one.  Every record holds one binding at most, and there are as many as records: it
 * can't run out. */
__attribute__((cold, noinline)) static struct tcp_binding *find_or_make_far(
    struct tcp_bindings *bindings, const struct tcp_head *head, size_t record_bytes)
{
    const struct ciao_addr local = tcp_local_of(head, record_bytes);
    struct tcp_binding *first = place_of_head(bindings, head);
    if (is_held(first) && ip_equal(&first->local, &local))
        return first;
    uint32_t *link = find_link(bindings, first, &local);
    if (*link != 0)
        return other_at(bindings, *link);
    if (!is_held(first)) {
        first->local = local;
        return first;
    }
    uint32_t index = pool_take(&bindings->others);
    ASSERT(index != 0);
    *other_at(bindings, index) = (struct tcp_binding){.local = local};
    *link = index;
    return other_at(bindings, index);
}

/* The usual one is of IPv4, and nobody else met at its place. */
static inline struct tcp_binding *find_or_make(struct tcp_bindings *bindings,
                                               const struct tcp_head *head, size_t record_bytes)
{
    struct tcp_binding *first = place_of_head(bindings, head);
    uint64_t low = UINT64_C(0xffff) << 32 | BYTES_BE32(head->ends.laddr);
    if (__builtin_expect(head->v6 || first->next != 0, 0))
        return find_or_make_far(bindings, head, record_bytes);
    if (get_be64(first->local.b + 8) == low && get_be64(first->local.b) == 0)
        return first; /* held or not */
    if (is_held(first))
        return find_or_make_far(bindings, head, record_bytes);
    first->local = ip_addr_v4(BYTES_BE32(head->ends.laddr));
    return first;
}

/* Its last holder has gone. */
__attribute__((cold, noinline)) static void drop_far(struct tcp_bindings *bindings,
                                                     const struct tcp_head *head,
                                                     size_t record_bytes)
{
    const struct ciao_addr local = tcp_local_of(head, record_bytes);
    struct tcp_binding *first = place_of_head(bindings, head);
    uint32_t *link = find_link(bindings, first, &local);
    uint32_t index = *link;
    if (index == 0) /* it was `first` */
        return;
    *link = other_at(bindings, index)->next;
    pool_give(&bindings->others, index);
}

/* ---- coming, waiting, going ---- */

static inline uint32_t *children_of(struct tcp_bindings *bindings, const struct tcp_head *head)
{
    return &bindings->children[tcp_lport(head) % TCP_CHILDREN_BUCKETS];
}

void tcp_binding_connected(struct tcp *tcp, struct tcp_head *head, size_t record_bytes,
                           unsigned how)
{
    struct tcp_binding *binding = find_or_make(&tcp->bindings, head, record_bytes);
    binding->connected++;
    binding->strict += !(how & TCP_BINDING_REUSE);
    if (how & TCP_BINDING_CHILD)
        ++*children_of(&tcp->bindings, head);
    head->binding = (uint8_t)(TCP_BINDING_HELD | how);
}

void tcp_binding_waits(struct tcp *tcp, struct tcp_head *from, struct tcp_head *to,
                       size_t record_bytes)
{
    ASSERT(from->binding & TCP_BINDING_HELD);
    struct tcp_binding *binding = place_of_head(&tcp->bindings, to);
    if (__builtin_expect(binding->next != 0, 0))
        binding = find_or_make_far(&tcp->bindings, to, record_bytes);
    binding->connected--;
    binding->time_wait++;
    to->binding = from->binding;
    from->binding = 0;
}

static inline void let_go(struct tcp_binding *binding, struct tcp_head *head)
{
    if (head->state == CIAO_TIME_WAIT)
        binding->time_wait--;
    else
        binding->connected--;
    binding->strict -= !(head->binding & TCP_BINDING_REUSE);
    head->binding = 0;
}

__attribute__((cold, noinline)) static void gone_far(struct tcp_bindings *bindings,
                                                     struct tcp_head *head, size_t record_bytes)
{
    struct tcp_binding *binding = find_or_make_far(bindings, head, record_bytes);
    let_go(binding, head);
    if (!is_held(binding))
        drop_far(bindings, head, record_bytes);
}

void tcp_binding_gone(struct tcp *tcp, struct tcp_head *head, size_t record_bytes)
{
    if (!(head->binding & TCP_BINDING_HELD))
        return;
    if (head->binding & TCP_BINDING_CHILD)
        --*children_of(&tcp->bindings, head);
    struct tcp_binding *first = place_of_head(&tcp->bindings, head);
    if (MOSTLY(first->next == 0))
        let_go(first, head); /* where no two have met, who stands there is it */
    else
        gone_far(&tcp->bindings, head, record_bytes);
}

/* ---- asking ---- */

/* Does who binds `wanted` meet a connection of local address `held`? */
static bool meets(const struct ciao_addr *wanted, const struct ciao_addr *held, bool v6only)
{
    if (!ip_is_any(wanted))
        return ip_equal(wanted, held);
    bool same_family = ip_is_v4(wanted) == ip_is_v4(held);
    return same_family || (!ip_is_v4(wanted) && !v6only);
}

static int busy_of(const struct tcp_binding *binding)
{
    return (binding->connected != 0 ? CIAO_PORT_CONNECTED : 0)
           | (binding->time_wait != 0 ? CIAO_PORT_TIME_WAIT : 0)
           | (binding->strict != 0 ? CIAO_PORT_STRICT : 0);
}

static uint32_t low_word(const struct ciao_addr *addr)
{
    return get_be32(addr->b + 12);
}

/* What holds the port at the place of addresses that end so, and meets what is wanted.  Who stands
 * there with other bits turned over holds another port. */
static int busy_at(const struct tcp_bindings *bindings, uint32_t low,
                   const struct ciao_endpoint *wanted, bool v6only)
{
    const struct tcp_binding *binding = place_of(bindings, BYTES_BE32(low), wanted->port);
    int busy = 0;
    for (;; binding = other_at(bindings, binding->next)) {
        if (is_held(binding)
            && stirred(BYTES_BE32(low_word(&binding->local))) == stirred(BYTES_BE32(low))
            && meets(&wanted->addr, &binding->local, v6only))
            busy |= busy_of(binding);
        if (binding->next == 0)
            return busy;
    }
}

int tcp_user_port_busy(const struct tcp *tcp, const struct ciao_endpoint *local, bool v6only)
{
    const struct ip_addresses *ours = &tcp->ip->addresses;
    if (!ip_is_any(&local->addr))
        return busy_at(&tcp->bindings, low_word(&local->addr), local, v6only);
    int busy = busy_at(&tcp->bindings, 0x7f000001, local, v6only); /* 127.0.0.0/8 */
    busy |= busy_at(&tcp->bindings, 1, local, v6only);             /* ::1 */
    for (uint32_t i = 0; i < ours->count; i++)
        busy |= busy_at(&tcp->bindings, low_word(&ours->at[i].addr), local, v6only);
    return busy;
}

/* A listener on that port, whatever its address: bind(0) asks for a port of one's own. */
static bool is_listened_on(const struct tcp *tcp, uint16_t port)
{
    uint32_t index = tcp->listener_bucket[port % TCP_LISTENER_BUCKETS];
    while (index != 0) {
        const struct tcp_listener *listener = pool_at(&tcp->listeners, index);
        if (tcp_lport(&listener->head) == port)
            return true;
        index = listener->next;
    }
    return false;
}

uint16_t tcp_user_port_choose(struct tcp *tcp, uint16_t after)
{
    uint32_t low = tcp->ports.low, span = tcp->ports.high - low + 1u;
    bool goes_on = after >= low && after <= tcp->ports.high;
    uint32_t start = goes_on ? after - low + 1u : rng_below(&tcp->rng, span);
    for (uint32_t i = 0; i < span; i++) {
        uint16_t port = (uint16_t)(low + (start + i) % span);
        if (!is_listened_on(tcp, port)
            && tcp_user_port_busy(tcp, &(struct ciao_endpoint){.port = port}, false) == 0)
            return port;
    }
    return 0;
}
