/*
 * TCP's tables laid out in the arena: reserved for their budgets, touched as they are used.
 */
#include "proto/tcp/tcp_wait.h"

#define ALIGN        64u
#define SETTINGS_MAX 4096u

struct table {
    size_t pool; /* offset in struct tcp */
    uint32_t stride, capacity;
};

/* Ranges and runs: a few for each connection that moves data, many for the few that move much. */
static uint32_t per_byte_records(const struct ciao_config *config)
{
    uint64_t records = (uint64_t)config->max_connections * 2 + config->buffer_bytes / 512;
    return records > REF_INDEX_MAX ? REF_INDEX_MAX : (uint32_t)records;
}

static uint32_t both_families(uint32_t count)
{
    return count > REF_INDEX_MAX / 2 ? REF_INDEX_MAX : count * 2;
}

#define TABLES 13u
static void list_tables(const struct ciao_config *config, struct table tables[TABLES])
{
    uint32_t records = per_byte_records(config);
    const struct table all[TABLES] = {
        {offsetof(struct tcp, tcbs), sizeof(struct tcb), config->max_connections},
        {offsetof(struct tcp, tcbs6), sizeof(struct tcb6), config->max_connections},
        {offsetof(struct tcp, syns), sizeof(struct tcp_syn), config->max_syn_records},
        {offsetof(struct tcp, syns6), sizeof(struct tcp_syn6), config->max_syn_records},
        {offsetof(struct tcp, waits), sizeof(struct tcp_wait), config->max_time_wait},
        {offsetof(struct tcp, waits6), sizeof(struct tcp_wait6), config->max_time_wait},
        {offsetof(struct tcp, wait_chunks), sizeof(struct tcp_wait_chunk),
         both_families(config->max_time_wait)},
        {offsetof(struct tcp, queues), sizeof(struct tcp_queue),
         both_families(config->max_connections)},
        {offsetof(struct tcp, racks), sizeof(struct tcp_rack),
         both_families(config->max_connections)},
        {offsetof(struct tcp, ranges), sizeof(struct tcp_range), records},
        {offsetof(struct tcp, runs), sizeof(struct tcp_run), records},
        {offsetof(struct tcp, listeners), sizeof(struct tcp_listener), config->max_listeners},
        {offsetof(struct tcp, settings), sizeof(struct tcp_settings_slot), SETTINGS_MAX},
    };
    memcpy(tables, all, sizeof all);
}

static uint32_t flow_entries(const struct ciao_config *config)
{
    uint64_t all =
        ((uint64_t)config->max_connections + config->max_syn_records + config->max_time_wait) * 2;
    return all > REF_INDEX_MAX ? REF_INDEX_MAX : (uint32_t)all;
}

/* Each record has one timer. */
static uint32_t timers(const struct ciao_config *config)
{
    const uint32_t most = UINT32_C(1) << 27;
    return flow_entries(config) < most ? flow_entries(config) : most;
}

/* One destination for each connection at worst, bounded: beyond 64 Ki destinations they share less
 * often. */
static uint32_t destinations(const struct ciao_config *config)
{
    return config->max_connections < 65536 ? config->max_connections + 16 : 65536;
}

/* One for each TCB, at the same index. */
static size_t sides_bytes(const struct ciao_config *config)
{
    return ((size_t)config->max_connections + 1) * sizeof(struct tcp_side);
}

size_t tcp_bytes(const struct ciao_config *config)
{
    struct table tables[TABLES];
    list_tables(config, tables);
    size_t bytes = flow_bytes(flow_entries(config)) + ALIGN;
    bytes += tcp_ports_bytes(destinations(config)) + ALIGN;
    bytes += tcp_bindings_bytes(flow_entries(config)) + ALIGN;
    bytes += wheel_bytes(timers(config)) + ALIGN;
    bytes += 2 * (sides_bytes(config) + ALIGN);
    for (unsigned i = 0; i < TABLES; i++)
        bytes += pool_bytes(tables[i].stride, tables[i].capacity) + ALIGN;
    return bytes;
}

static int take_tables(struct tcp *tcp, const struct ciao_config *config, struct arena *arena)
{
    struct table tables[TABLES];
    list_tables(config, tables);
    for (unsigned i = 0; i < TABLES; i++) {
        void *memory = arena_take(arena, pool_bytes(tables[i].stride, tables[i].capacity), ALIGN);
        if (memory == NULL)
            return -CIAO_ENOMEM;
        struct pool *pool = (struct pool *)(void *)((uint8_t *)tcp + tables[i].pool);
        pool_init(pool, memory, tables[i].stride, tables[i].capacity);
    }
    tcp->sides = arena_take(arena, sides_bytes(config), ALIGN);
    tcp->sides6 = arena_take(arena, sides_bytes(config), ALIGN);
    if (tcp->sides == NULL || tcp->sides6 == NULL)
        return -CIAO_ENOMEM;
    void *flows = arena_take(arena, flow_bytes(flow_entries(config)), ALIGN);
    if (flows == NULL)
        return -CIAO_ENOMEM;
    flow_init(&tcp->flows, flows, flow_entries(config));
    int result = tcp_bindings_init(&tcp->bindings, arena, flow_entries(config));
    if (result != 0)
        return result;
    return tcp_ports_init(&tcp->ports, arena, destinations(config), &tcp->rng, config->port_low,
                          config->port_high);
}

static void give_wheel(struct tcp *tcp, enum ref_kind kind, const struct pool *pool,
                       size_t node_offset)
{
    wheel_space(&tcp->wheel, kind,
                (struct wheel_space){pool->base, pool->stride, (uint32_t)node_offset});
}

static void draw_keys(struct tcp *tcp, const struct ciao_config *config)
{
    rng_seed(&tcp->rng, config->seed);
    uint64_t *const keys[] = {tcp->isn_key, tcp->cookie_key, tcp->ts_key};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned word = 0; word < 2; word++)
            keys[i][word] = rng_u64(&tcp->rng);
    for (unsigned i = 0; i < MULTILINEAR_KEYS(TCP_FLOW_WORDS); i++)
        tcp->flow_key[i] = rng_u64(&tcp->rng);
}

int tcp_init(struct tcp *tcp, const struct ciao_config *config, struct arena *arena, time_us now)
{
    tcp->config = config;
    tcp_set_now(tcp, now);
    tcp->next_life = 1;
    tcp->queues_kept = TCP_QUEUES_KEPT;
    tcp->msl_ms = tcp_wait_ms_of(&config->tcp);
    draw_keys(tcp, config);
    int result = take_tables(tcp, config, arena);
    if (result != 0)
        return result;
    void *chunks = arena_take(arena, wheel_bytes(timers(config)), ALIGN);
    if (chunks == NULL)
        return -CIAO_ENOMEM;
    wheel_init(&tcp->wheel, chunks, timers(config), now);
    give_wheel(tcp, KIND_SYN4, &tcp->syns, offsetof(struct tcp_syn, timer));
    give_wheel(tcp, KIND_SYN6, &tcp->syns6, offsetof(struct tcp_syn, timer));
    give_wheel(tcp, KIND_TCB4, &tcp->tcbs, offsetof(struct tcb, timer));
    give_wheel(tcp, KIND_TCB6, &tcp->tcbs6, offsetof(struct tcb, timer));
    give_wheel(tcp, KIND_TW4, &tcp->waits, offsetof(struct tcp_wait, timer));
    give_wheel(tcp, KIND_TW6, &tcp->waits6, offsetof(struct tcp_wait, timer));
    return 0;
}
