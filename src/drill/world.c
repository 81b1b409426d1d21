/*
 * The world of a run: one stack with one link and one address, a peer that is the script, a clock
 * that stands still until the run moves it.
 */
#include <stdlib.h>
#include <string.h>

#include "ciao/frame.h"
#include "drill/run.h"
#include "host/machine.h"
#include "wire/addr.h"

#define START_US   UINT64_C(100000000)
#define POOL_BYTES (64u << 20)
#define BATCH      16
#define LIFE_STEPS 512
#define LIVES_MOST 64

/* ---- what the socket layer asks of its host ---- */

static uint64_t host_now_us(void *self)
{
    return ((struct run *)self)->now_us;
}

static void host_baton(void *self)
{
    (void)self; /* one thread: nobody else wants it */
}

static int host_wait_us(void *self, struct ciao_waiter *waiter, uint64_t deadline_us)
{
    return run_drive(self, waiter, deadline_us);
}

static void host_wake(void *self, struct ciao_waiter *waiter)
{
    (void)self;
    (void)waiter; /* run_drive() looks at waiter->woken */
}

static bool host_accessible(void *self, const void *at, size_t len, bool write)
{
    (void)self;
    (void)write;
    return at != NULL || len == 0;
}

/* ---- opening ---- */

static void configure(const struct run *run, struct ciao_config *config)
{
    ciao_config_default(config, run->options->profile);
    memset(config->seed, 0x5a, sizeof config->seed);
    config->tcp = run->sysctls.tcp;
    config->syn_cookies = run->sysctls.syn_cookies;
    config->port_low = run->sysctls.port_low;
    config->port_high = run->sysctls.port_high;
    config->max_connections = 256;
    config->max_syn_records = 256;
    config->max_time_wait = 256;
    config->max_listeners = 64;
    config->max_events = 4096;
    config->max_neighbours = 16;
    config->buffer_bytes = 64u << 20;
    config->events = CIAO_EVENTS_ALL;
}

static bool open_stack(struct run *run)
{
    struct ciao_config config;
    struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = run->mtu};
    bool v4 = ip_is_v4(&run->ours);
    struct ciao_route route = {.prefix = v4 ? ip_addr_v4(0) : (struct ciao_addr){{0}}};
    configure(run, &config);
    run->stack_bytes = ciao_stack_bytes(&config);
    run->stack_memory = machine_reserve(run->stack_bytes, false);
    if (run->stack_memory == NULL)
        return false;
    run->stack = ciao_stack_create(&config, run->stack_memory, run->now_us);
    return run->stack != NULL && ciao_link_add(run->stack, &link) == 0
           && ciao_address_add(run->stack, 0, &run->ours, v4 ? 16 : 64) == 0
           && ciao_route_add(run->stack, &route) == 0;
}

static bool open_sockets(struct run *run)
{
    struct ciao_sockets_host host = {.self = run,
                                     .now_us = host_now_us,
                                     .take = host_baton,
                                     .give = host_baton,
                                     .wait = host_wait_us,
                                     .wake = host_wake,
                                     .accessible = host_accessible};
    struct ciao_sockets_config config = run->sysctls.limits;
    config.max_descriptors = 256;
    config.max_epoll_items = 256;
    config.max_waits = 64;
    run->sockets_bytes = ciao_sockets_bytes(&config);
    run->sockets_memory = machine_reserve(run->sockets_bytes, false);
    if (run->sockets_memory == NULL)
        return false;
    run->sockets = ciao_sockets_create(&config, run->sockets_memory, run->stack, &host);
    return run->sockets != NULL;
}

bool world_open(struct run *run)
{
    run->now_us = run->start_us = START_US;
    run->turn_us = RUN_NEVER;
    run->sent_last = &run->sent;
    run->book = life_book_make(LIFE_STEPS, LIVES_MOST);
    run->pool_memory = machine_reserve(POOL_BYTES, false);
    bool good = run->book != NULL && run->pool_memory != NULL
                && ciao_bufpool_init(&run->pool, run->pool_memory, POOL_BYTES) > 0
                && open_stack(run) && open_sockets(run);
    if (!good)
        run_fail(run, 1, "there is no memory for a stack, or its settings are impossible");
    return good;
}

void world_close(struct run *run)
{
    while (run->sent != NULL) {
        struct sent *sent = run->sent;
        run->sent = sent->next;
        free(sent);
    }
    if (run->sockets_memory != NULL)
        machine_give_back(run->sockets_memory, run->sockets_bytes);
    if (run->stack_memory != NULL)
        machine_give_back(run->stack_memory, run->stack_bytes);
    if (run->pool_memory != NULL)
        machine_give_back(run->pool_memory, POOL_BYTES);
    if (run->book != NULL)
        life_book_free(run->book);
}

void world_sysctls_changed(struct run *run)
{
    if (run->sockets == NULL)
        return;
    ciao_sockets_defaults(run->sockets, &run->sysctls.tcp);
    ciao_sockets_limits(run->sockets, &run->sysctls.limits);
}

/* ---- time and packets ---- */

int64_t world_time(const struct run *run)
{
    return (int64_t)(run->now_us - run->start_us);
}

/* All of a frame's bytes into one piece. */
static void keep(struct run *run, const struct ciao_frame *frame)
{
    struct sent *sent = malloc(sizeof *sent + frame->len);
    if (sent == NULL)
        abort();
    *sent = (struct sent){.at_us = run->now_us, .len = frame->len};
    memcpy(sent->bytes, frame->head, frame->head_len);
    size_t at = frame->head_len;
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(sent->bytes + at, frame->frag[i].ptr, frame->frag[i].len);
        at += frame->frag[i].len;
    }
    *run->sent_last = sent;
    run->sent_last = &sent->next;
}

static bool take_output(struct run *run)
{
    struct ciao_frame frame[BATCH], *frames[BATCH];
    for (unsigned i = 0; i < BATCH; i++) {
        ciao_frame_init(&frame[i]);
        frames[i] = &frame[i];
    }
    unsigned n = ciao_output(run->stack, 0, frames, BATCH, run->now_us);
    for (unsigned i = 0; i < n; i++) {
        keep(run, &frame[i]);
        ciao_frame_release(&frame[i]);
    }
    return n > 0;
}

static void take_events(struct run *run)
{
    struct ciao_event events[64];
    unsigned n;
    while ((n = ciao_events(run->stack, events, 64)) > 0)
        for (unsigned i = 0; i < n; i++)
            life_book_add(run->book, &events[i]);
}

void world_settle(struct run *run)
{
    do
        run->turn_us = ciao_sockets_turn(run->sockets);
    while (take_output(run));
    take_events(run);
}

uint64_t world_next_us(const struct run *run)
{
    uint64_t next = ciao_next_deadline(run->stack);
    return next < run->turn_us ? next : run->turn_us;
}

void world_pass(struct run *run, uint64_t until_us)
{
    if (until_us > run->now_us)
        run->now_us = until_us;
    (void)ciao_advance(run->stack, run->now_us);
}

void world_input(struct run *run, const uint8_t *bytes, size_t len)
{
    struct ciao_buf *buf = ciao_bufpool_take(&run->pool, (uint32_t)len);
    if (buf == NULL)
        abort();
    memcpy(ciao_buf_bytes(buf), bytes, len);
    struct ciao_frame frame, *frames[1] = {&frame};
    ciao_frame_init(&frame);
    frame.buf = buf;
    frame.head = ciao_buf_bytes(buf);
    frame.head_len = frame.len = (uint32_t)len;
    frame.rx_us = run->now_us;
    ciao_input(run->stack, 0, frames, 1, run->now_us);
}

/* ---- what is left ---- */

bool world_nothing_left(struct run *run)
{
    struct ciao_counts c;
    ciao_counts(run->stack, &c);
    uint64_t left = (uint64_t)c.tcbs + c.syn_records + c.listeners + c.sides + c.queues + c.ranges
                    + c.received_segments + c.buffer_bytes + ciao_bufpool_used_count(&run->pool);
    if (left == 0)
        return true;
    run_fail(run, 0,
             "when all was closed and reset, something was left: %u connections, %u half open, %u "
             "listeners, %llu bytes of buffers, %u received buffers",
             c.tcbs, c.syn_records, c.listeners, (unsigned long long)c.buffer_bytes,
             ciao_bufpool_used_count(&run->pool));
    return false;
}
