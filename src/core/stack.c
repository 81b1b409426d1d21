/*
 * A stack is made: its memory laid out, its parts joined.
 *
 * The memory is only reserved: nothing but the object itself is written before it is used.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "core/stack_internal.h"

BUILD_ASSERT(IP_LINKS == TCP_LINKS);

#define ALIGN 64u

static struct ip_parts parts_of(const struct ciao_config *config)
{
    return (struct ip_parts){.max_neighbours = config->max_neighbours, .cpu = config->cpu};
}

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

size_t ciao_stack_bytes(const struct ciao_config *config)
{
    struct ip_parts parts = parts_of(config);
    return aligned(sizeof(struct ciao_stack)) + aligned(ip_bytes(&parts))
           + aligned(tcp_bytes(config)) + aligned(config->max_events * sizeof(struct ciao_event))
           + aligned((size_t)config->buffer_bytes) + 8 * (size_t)ALIGN;
}

/* What ICMP tells goes from IP to TCP through here: IP does not know TCP. */
static void error_to_tcp(void *self, const struct ip_error *error, time_us now)
{
    static const enum tcp_icmp_kind kinds[] = {
        [IP_TROUBLE_SOFT] = TCP_ICMP_SOFT,
        [IP_TROUBLE_HARD] = TCP_ICMP_HARD,
        [IP_TROUBLE_TOO_BIG] = TCP_ICMP_TOO_BIG,
    };
    struct tcp_icmp_error told = {
        .local = error->quote.src,
        .remote = error->quote.dst,
        .local_port = error->quote.sport,
        .remote_port = error->quote.dport,
        .seq = error->quote.seq,
        .kind = kinds[error->trouble],
        .mtu = error->mtu,
        .type = error->type,
        .code = error->code,
    };
    tcp_icmp_error(self, &told, now);
}

static bool make_buffers(struct ciao_stack *stack, struct arena *arena)
{
    size_t bytes = (size_t)stack->config.buffer_bytes;
    void *memory = arena_take(arena, bytes, ALIGN);
    return memory != NULL && ciao_bufpool_init(&stack->buffers, memory, bytes) != 0;
}

/* IP's randomness is not TCP's: a datagram's identification tells nothing of TCP's keys. */
static void seed_of_ip(const struct ciao_config *config, struct rng *rng)
{
    uint8_t seed[sizeof config->seed];
    memcpy(seed, config->seed, sizeof seed);
    for (unsigned i = 0; i < sizeof seed; i++)
        seed[i] ^= 0x49;
    rng_seed(rng, seed);
}

static bool make_ip(struct ciao_stack *stack, struct arena *arena)
{
    struct ip_parts parts = parts_of(&stack->config);
    struct rng rng;
    parts.trace = &stack->trace;
    parts.buffers = &stack->buffers;
    parts.upper = (struct ip_upper){.self = &stack->tcp, .error = error_to_tcp};
    seed_of_ip(&stack->config, &rng);
    return ip_init(&stack->ip, &parts, &rng, arena) == 0;
}

static bool make_tcp(struct ciao_stack *stack, struct arena *arena, time_us now)
{
    stack->tcp.ip = &stack->ip;
    stack->tcp.trace = &stack->trace;
    stack->tcp.buffers = &stack->buffers;
    return tcp_init(&stack->tcp, &stack->config, arena, now) == 0;
}

struct ciao_stack *ciao_stack_create(const struct ciao_config *config, void *memory,
                                     uint64_t now_us)
{
    struct arena arena;
    if (!config_is_possible(config))
        return NULL;
    arena_init(&arena, memory, ciao_stack_bytes(config));
    struct ciao_stack *stack = arena_take(&arena, sizeof *stack, ALIGN);
    struct ciao_event *ring =
        arena_take(&arena, config->max_events * sizeof(struct ciao_event), ALIGN);
    if (stack == NULL || ring == NULL)
        return NULL;
    stack->config = *config;
    stack->now = now_us;
    trace_init(&stack->trace, ring, config->max_events, config->events);
    stack->trace.now = now_us;
    bool made =
        make_ip(stack, &arena) && make_tcp(stack, &arena, now_us) && make_buffers(stack, &arena);
    return made ? stack : NULL;
}
