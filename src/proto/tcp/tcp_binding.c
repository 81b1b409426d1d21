/*
 * Which local addresses and ports connections hold, for whoever wants to bind one.
 *
 * A connection holds its port for as long as its record stands in the flow table: a TCB, whether a
 * program owns it or not, or its TIME-WAIT record.  Per port there is a short list of the local
 * addresses in use, each with its counts, so that the answer needs no walk over connections.
 * Sockets that are bound and not connected, and listeners' conflicts, are not known here.
 */
#include "proto/tcp/tcp_internal.h"
#include "wire/addr.h"

struct tcp_binding {
    uint32_t next; /* of the same port */
    struct ciao_addr local;
    uint32_t connected, time_wait;
    uint32_t strict; /* of both: made without CIAO_REUSEADDR */
};
BUILD_ASSERT(sizeof(struct tcp_binding) == 32);

#define ALIGN 64u
#define PORTS 65536u

size_t tcp_bindings_bytes(uint32_t max_records)
{
    return PORTS * sizeof(uint32_t) + pool_bytes(sizeof(struct tcp_binding), max_records)
           + 2 * (size_t)ALIGN;
}

int tcp_bindings_init(struct tcp_bindings *bindings, struct arena *arena, uint32_t max_records)
{
    void *memory = arena_take(arena, pool_bytes(sizeof(struct tcp_binding), max_records), ALIGN);
    bindings->first = arena_take(arena, PORTS * sizeof(uint32_t), ALIGN);
    if (memory == NULL || bindings->first == NULL)
        return -CIAO_ENOMEM;
    pool_init(&bindings->pool, memory, sizeof(struct tcp_binding), max_records);
    return 0;
}

static struct tcp_binding *binding_at(const struct tcp_bindings *bindings, uint32_t index)
{
    return pool_at(&bindings->pool, index);
}

/* Somebody will look there soon. */
void tcp_binding_prefetch(const struct tcp *tcp, uint16_t port)
{
    __builtin_prefetch(&tcp->bindings.first[port], 1);
}

void tcp_binding_prefetch_first(const struct tcp *tcp, uint16_t port)
{
    __builtin_prefetch(binding_at(&tcp->bindings, tcp->bindings.first[port]), 1);
}

static uint32_t *find_link(const struct tcp_bindings *bindings, const struct ciao_addr *local,
                           uint16_t port)
{
    uint32_t *link = &bindings->first[port];
    while (*link != 0 && !ip_equal(&binding_at(bindings, *link)->local, local))
        link = &binding_at(bindings, *link)->next;
    return link;
}

/* Every record holds one binding at most, and there are as many as records: it can't run out. */
static struct tcp_binding *find_or_make(struct tcp_bindings *bindings,
                                        const struct ciao_addr *local, uint16_t port)
{
    uint32_t *link = find_link(bindings, local, port);
    if (*link != 0)
        return binding_at(bindings, *link);
    uint32_t index = pool_take(&bindings->pool);
    ASSERT(index != 0);
    *link = index;
    *binding_at(bindings, index) = (struct tcp_binding){.local = *local};
    return binding_at(bindings, index);
}

void tcp_binding_connected(struct tcp *tcp, struct tcp_head *head, const struct tcp_tuple *tuple,
                           bool reuse)
{
    struct tcp_binding *binding = find_or_make(&tcp->bindings, &tuple->local, tuple->local_port);
    binding->connected++;
    binding->strict += !reuse;
    head->binding = (uint8_t)(TCP_BINDING_HELD | (reuse ? TCP_BINDING_REUSE : 0));
}

void tcp_binding_waits(struct tcp *tcp, struct tcp_head *from, struct tcp_head *to,
                       const struct tcp_tuple *tuple)
{
    struct tcp_binding *binding = find_or_make(&tcp->bindings, &tuple->local, tuple->local_port);
    ASSERT(from->binding & TCP_BINDING_HELD);
    binding->connected--;
    binding->time_wait++;
    to->binding = from->binding;
    from->binding = 0;
}

void tcp_binding_gone(struct tcp *tcp, struct tcp_head *head, const struct tcp_tuple *tuple)
{
    if (!(head->binding & TCP_BINDING_HELD))
        return;
    uint32_t *link = find_link(&tcp->bindings, &tuple->local, tuple->local_port);
    struct tcp_binding *binding = binding_at(&tcp->bindings, *link);
    if (head->state == CIAO_TIME_WAIT)
        binding->time_wait--;
    else
        binding->connected--;
    binding->strict -= !(head->binding & TCP_BINDING_REUSE);
    head->binding = 0;
    if (binding->connected + binding->time_wait != 0)
        return;
    uint32_t index = *link;
    *link = binding->next;
    pool_give(&tcp->bindings.pool, index);
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

int tcp_user_port_busy(const struct tcp *tcp, const struct ciao_endpoint *local, bool v6only)
{
    int busy = 0;
    uint32_t index = tcp->bindings.first[local->port];
    for (; index != 0; index = binding_at(&tcp->bindings, index)->next) {
        const struct tcp_binding *binding = binding_at(&tcp->bindings, index);
        if (!meets(&local->addr, &binding->local, v6only))
            continue;
        busy |= binding->connected != 0 ? CIAO_PORT_CONNECTED : 0;
        busy |= binding->time_wait != 0 ? CIAO_PORT_TIME_WAIT : 0;
        busy |= binding->strict != 0 ? CIAO_PORT_STRICT : 0;
    }
    return busy;
}

/* A listener on that port, whatever its address: bind(0) asks for a port of one's own. */
static bool is_listened_on(const struct tcp *tcp, uint16_t port)
{
    uint32_t index = tcp->listener_bucket[port % TCP_LISTENER_BUCKETS];
    while (index != 0) {
        const struct tcp_listener *listener = pool_at(&tcp->listeners, index);
        if (listener->head.lport == port)
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
        if (tcp->bindings.first[port] == 0 && !is_listened_on(tcp, port))
            return port;
    }
    return 0;
}
