/*
 * Two stacks on a link in memory: see pair.h.
 */
#include "bench/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/flip.h"
#include "bench/measure.h"
#include "driver/loop.h"
#include "host/machine.h"

#define START_US       1000000
#define MTU_DEFAULT    1500
#define WINDOW_DEFAULT (256 * 1024)
#define EVENTS         1024

static uint32_t or_else(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static void configure(struct ciao_config *config, const struct pair_options *options)
{
    ciao_config_default(config, CIAO_PROFILE_CIAO);
    config->cpu = machine_cpu();
    config->max_connections = or_else(options->connections, 16);
    config->max_time_wait = or_else(options->time_waits, 1024);
    config->max_syn_records = or_else(options->syn_records, 1024);
    config->max_events = EVENTS;
    config->events = CIAO_EVENTS_LIFE;
    config->tcp.sndbuf_bytes = or_else(options->row->window, WINDOW_DEFAULT);
    config->tcp.rcvbuf_bytes = config->tcp.sndbuf_bytes;
    config->merge = !options->unmerged;
    config->tcp.flags |= options->keepalive ? CIAO_KEEPALIVE : 0;
    config->tcp.msl_us = or_else(options->msl_us, config->tcp.msl_us);
}

static void make_stack(struct pair_side *side, struct ciao_config *config, uint8_t seed,
                       bool huge_pages)
{
    config->seed[0] = seed;
    side->bytes = ciao_stack_bytes(config);
    side->memory = machine_reserve(side->bytes, huge_pages);
    bench_must(side->memory != NULL, "there is no memory for a stack");
    side->stack = ciao_stack_create(config, side->memory, START_US);
    bench_must(side->stack != NULL, "the stack refuses its configuration");
}

static struct ciao_addr address(const struct pair *pair, unsigned number)
{
    struct ciao_addr addr;
    char text[CIAO_ADDR_TEXT];

    (void)snprintf(text, sizeof text, pair->v6 ? "fd00::%x" : "10.0.0.%u", number);
    bench_must(ciao_addr_parse(text, &addr), "%s is no address", text);
    return addr;
}

static void attach(const struct pair *pair, struct pair_side *side, unsigned first, unsigned n)
{
    int link = ciao_link_add(side->stack, &pair->link);

    bench_must(link == 0, "the stack refuses its link");
    for (unsigned i = 0; i < n; i++) {
        struct ciao_addr addr = address(pair, first + i);

        bench_must(ciao_address_add(side->stack, link, &addr, pair->v6 ? 64 : 24) == 0,
                   "the stack refuses its address");
    }
}

/* At every address of the server. */
static void listen_at_ports(struct pair *pair)
{
    struct ciao_endpoint local = {.port = PAIR_PORT};

    bench_must(pair->listeners <= PAIR_LISTENERS_MOST, "too many listeners");
    (void)ciao_addr_parse(pair->v6 ? "::" : "0.0.0.0", &local.addr);
    for (uint32_t i = 0; i < pair->listeners; i++, local.port++)
        bench_must(ciao_listen(pair->server.stack, &local, UINT16_MAX, NULL, &pair->listener[i])
                       == 0,
                   "the server cannot listen");
}

static void join_by_drivers(struct pair *pair, uint32_t queue)
{
    struct loop_options how = {.mtu = pair->link.mtu, .queue = queue};

    bench_must(loop_pair(&pair->client.driver, &pair->server.driver, &how) == 0,
               "there is no memory for the link");
}

void pair_open(struct pair *pair, const struct pair_options *options)
{
    struct ciao_config config;

    *pair = (struct pair){
        .now_us = START_US,
        .link = {.kind = CIAO_LINK_IP, .mtu = or_else(options->row->mtu, MTU_DEFAULT)},
        .v6 = options->row->v6,
        .verify = options->verify,
        .lossy = options->lossy,
        .listeners = or_else(options->listeners, 1),
        .servers = or_else(options->servers, 1),
    };
    for (unsigned i = 0; i < PAIR_BATCH; i++) {
        pair->frame[i] = &pair->store[i];
        ciao_frame_init(pair->frame[i]);
    }
    configure(&config, options);
    make_stack(&pair->client, &config, 1, !options->small_pages);
    make_stack(&pair->server, &config, 2, !options->small_pages);
    if (options->queue)
        join_by_drivers(pair, options->queue);
    bench_must(pair->servers <= PAIR_SERVERS_MOST, "too many addresses");
    for (unsigned i = 0; i < pair->servers; i++)
        pair->server_addr[i] = address(pair, 2 + i);
    attach(pair, &pair->client, 1, 1);
    attach(pair, &pair->server, 2, pair->servers);
    listen_at_ports(pair);
}

/* The link loses nothing, so whatever was dropped or sent again says that the figures are wrong. */
static uint64_t look_at_reasons(const struct ciao_stack *stack)
{
    uint64_t drops = 0;

    for (unsigned i = 0; i < CIAO_REASONS; i++) {
        enum ciao_reason reason = (enum ciao_reason)i;
        enum ciao_reason_kind kind = ciao_reason_kind_of(reason);
        uint64_t count = ciao_reason_count(stack, reason);

        bench_must(kind != CIAO_KIND_AGAIN || count == 0,
                   "on a link that loses nothing, %s occurred %llu times", ciao_reason_key(reason),
                   (unsigned long long)count);
        drops += kind == CIAO_KIND_DROP ? count : 0;
    }
    return drops;
}

static void look_at_both(const struct pair *pair)
{
    uint64_t drops = look_at_reasons(pair->client.stack) + look_at_reasons(pair->server.stack);

    bench_must(drops == pair->damaged, "%llu frames were dropped, and %llu were damaged",
               (unsigned long long)drops, (unsigned long long)pair->damaged);
}

void pair_close(struct pair *pair)
{
    if (!pair->lossy)
        look_at_both(pair);
    if (pair->client.driver) {
        pair->client.driver->ops->close(pair->client.driver);
        pair->server.driver->ops->close(pair->server.driver);
    }
    machine_give_back(pair->client.memory, pair->client.bytes);
    machine_give_back(pair->server.memory, pair->server.bytes);
}

unsigned pair_carry(struct pair *pair, struct pair_side *from, struct pair_side *to)
{
    unsigned n = ciao_output(from->stack, 0, pair->frame, PAIR_BATCH, pair->now_us);

    if (n == 0)
        return 0;
    if (pair->verify)
        flip_input(pair, to, n);
    else
        ciao_input(to->stack, 0, pair->frame, n, pair->now_us);
    return n;
}

void pair_settle(struct pair *pair)
{
    unsigned there, back;

    do {
        there = pair_carry(pair, &pair->client, &pair->server);
        back = pair_carry(pair, &pair->server, &pair->client);
    } while (there + back > 0);
}

/* Whoever drives a stack owes it a call when its deadline has come, and none before. */
static void tick(struct ciao_stack *stack, uint64_t now_us)
{
    const struct ciao_event *events;
    unsigned n;

    if (ciao_next_deadline(stack) <= now_us)
        (void)ciao_advance(stack, now_us);
    while ((n = ciao_events_look(stack, &events)) != 0)
        ciao_events_done(stack, n);
}

void pair_tick(struct pair *pair, uint64_t us)
{
    pair->now_us += us;
    tick(pair->client.stack, pair->now_us);
    tick(pair->server.stack, pair->now_us);
}

void pair_wait(struct pair *pair)
{
    uint64_t client = ciao_next_deadline(pair->client.stack);
    uint64_t server = ciao_next_deadline(pair->server.stack);
    uint64_t next = client < server ? client : server;

    bench_must(next != UINT64_MAX, "nothing moves, and nothing is waited for");
    pair_tick(pair, next > pair->now_us ? next - pair->now_us : 0);
}

uint32_t pair_connect(struct pair *pair, ciao_conn *client)
{
    uint32_t which = pair->next_listener;
    struct ciao_endpoint remote = {
        .addr = pair->server_addr[pair->next_server],
        .port = (uint16_t)(PAIR_PORT + which),
    };
    int error = ciao_connect(pair->client.stack, &remote, NULL, NULL, client, pair->now_us);

    bench_must(error == 0, "cannot connect: %s", ciao_strerror(error));
    pair->next_listener = (which + 1) % pair->listeners;
    if (pair->next_listener == 0)
        pair->next_server = (pair->next_server + 1) % pair->servers;
    return which;
}

ciao_conn pair_accept(struct pair *pair, uint32_t listener)
{
    ciao_conn conn = 0;
    int error = ciao_accept(pair->server.stack, pair->listener[listener], &conn);

    bench_must(error == 0, "the handshake does not end: %s", ciao_strerror(error));
    return conn;
}

void pair_join(struct pair *pair, ciao_conn *client, ciao_conn *server)
{
    uint32_t listener = pair_connect(pair, client);

    pair_settle(pair);
    *server = pair_accept(pair, listener);
}

void pair_tell_damaged(const struct pair *pair, const struct bench_row *row,
                       const struct bench *bench)
{
    if (pair->verify)
        bench_tell(bench, row, "damaged-and-dropped", (double)pair->damaged, "frames");
}

size_t pair_resident(const struct pair_side *side)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (side->bytes + page - 1) / page;
    unsigned char *resident = malloc(pages);
    size_t n = 0;

    bench_must(resident && mincore(side->memory, side->bytes, resident) == 0,
               "the kernel does not say what is resident");
    for (size_t i = 0; i < pages; i++)
        n += resident[i] & 1;
    free(resident);
    return n * page;
}
