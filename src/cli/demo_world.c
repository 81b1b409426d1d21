/*
 * Two stacks, one wire, one virtual clock: see demo_world.h.
 */
#include "cli/demo_world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define START_US    5000000u
#define SERVER_PORT 80
#define CLIENT_PORT 40000
#define TURNS_MOST  200000
#define LIFE_STEPS  65536

static void configure(struct ciao_config *config, const struct world_plan *plan, unsigned end)
{
    ciao_config_default(config, CIAO_PROFILE_CIAO);
    memset(config->seed, (int)(0x20 + end), sizeof(config->seed));
    config->max_connections = 64;
    config->max_syn_records = 64;
    config->max_time_wait = 64;
    config->max_listeners = 4;
    config->max_events = 4096;
    config->max_neighbours = 16;
    config->buffer_bytes = 8u << 20;
    config->events = CIAO_EVENTS_ALL;
    if (plan->msl_given)
        config->tcp.msl_us = plan->msl_us;
    if (plan->no_timestamps)
        config->tcp.flags |= CIAO_NO_TIMESTAMPS;
}

static bool make_end(struct world *world, unsigned which)
{
    struct world_end *end = &world->end[which];
    struct ciao_config config;
    configure(&config, world->plan, which);
    end->memory_bytes = ciao_stack_bytes(&config);
    end->memory = mmap(NULL, end->memory_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (end->memory == MAP_FAILED) {
        end->memory = NULL;
        return false;
    }
    end->stack = ciao_stack_create(&config, end->memory, world->now_us);
    if (end->stack == NULL)
        return false;
    struct ciao_link link = {.kind = CIAO_LINK_IP,
                             .mtu = world->plan->mtu == 0 ? 1500 : world->plan->mtu};
    (void)ciao_addr_parse(which == 0 ? "10.0.0.1" : "10.0.0.2", &end->at.addr);
    end->at.port = which == 0 ? CLIENT_PORT : SERVER_PORT;
    end->line = world->plan->script[which];
    end->since_us = world->now_us;
    return ciao_link_add(end->stack, &link) == 0
           && ciao_address_add(end->stack, 0, &end->at.addr, 24) == 0;
}

/* ---- one moment ---- */

static void gather(struct world *world, unsigned which)
{
    struct ciao_event events[64];
    unsigned n;
    while ((n = ciao_events(world->end[which].stack, events, 64)) > 0)
        for (unsigned i = 0; i < n; i++)
            life_add(world->life, (enum life_end)which, &events[i]);
}

static void send_out(struct world *world, unsigned which)
{
    struct ciao_frame frame, *frames[1] = {&frame};
    ciao_frame_init(&frame);
    while (ciao_output(world->end[which].stack, 0, frames, 1, world->now_us) == 1) {
        link_send(world->link, which, &frame, world->now_us);
        ciao_frame_init(&frame);
    }
}

/* A program does all that it can do now, then its stack sends what there is to send. */
static bool turn(struct world *world, unsigned which)
{
    bool did = false;
    while (script_run(world, which))
        did = true;
    send_out(world, which);
    gather(world, which);
    return did;
}

static bool arrivals(struct world *world)
{
    struct ciao_frame frame, *frames[1] = {&frame};
    int to = link_receive(world->link, &frame, world->now_us);
    if (to < 0)
        return false;
    if (frame.len > 0)
        ciao_input(world->end[to].stack, 0, frames, 1, world->now_us);
    (void)turn(world, (unsigned)to);
    return true;
}

static void moment(struct world *world)
{
    bool busy = true;
    while (busy) {
        busy = arrivals(world);
        for (unsigned which = 0; which < WORLD_ENDS; which++) {
            (void)ciao_advance(world->end[which].stack, world->now_us);
            busy |= turn(world, which);
        }
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_moment(const struct world *world)
{
    uint64_t next = link_next_us(world->link);
    for (unsigned which = 0; which < WORLD_ENDS; which++) {
        next = earlier(next, ciao_next_deadline(world->end[which].stack));
        next = earlier(next, script_next_us(world, which));
    }
    return next;
}

/* Nothing will happen by itself any more: a program that still waits loses patience; listeners
 * go last. */
static bool nudge(struct world *world)
{
    for (int may_close = 0; may_close <= 1; may_close++)
        for (unsigned which = WORLD_ENDS; which-- > 0;)
            if (script_nudge(world, which, may_close != 0))
                return true;
    return false;
}

static void run(struct world *world)
{
    uint64_t horizon = world->plan->horizon_us;
    for (unsigned turns = 0; turns < TURNS_MOST; turns++) {
        moment(world);
        uint64_t next = next_moment(world);
        if (horizon != 0 && (next == UINT64_MAX || next > world->start_us + horizon)) {
            world->now_us = world->start_us + horizon;
            return;
        }
        if (next != UINT64_MAX)
            world->now_us = next > world->now_us ? next : world->now_us + 1;
        else if (!nudge(world))
            return;
    }
    world->failed = true;
}

bool world_run(struct world *world, const struct world_plan *plan)
{
    *world = (struct world){.plan = plan, .now_us = START_US, .start_us = START_US};
    world->life = life_make(LIFE_STEPS);
    world->link = link_make(&plan->link);
    if (world->life == NULL || world->link == NULL || !make_end(world, 0) || !make_end(world, 1)) {
        world->failed = true;
        return false;
    }
    /* A listener goes first, so that it is there before anybody knocks. */
    if (plan->script[1]->verb == SCRIPT_LISTEN)
        (void)turn(world, 1);
    run(world);
    life_match(world->life);
    return !world->failed;
}

void world_free(struct world *world)
{
    for (unsigned which = 0; which < WORLD_ENDS; which++)
        if (world->end[which].memory != NULL)
            (void)munmap(world->end[which].memory, world->end[which].memory_bytes);
    link_free(world->link);
    life_free(world->life);
    *world = (struct world){0};
}

uint64_t world_elapsed_us(const struct world *world)
{
    return world->now_us - world->start_us;
}

bool world_is_empty(const struct world *world)
{
    for (unsigned which = 0; which < WORLD_ENDS; which++) {
        struct ciao_counts counts;
        ciao_counts(world->end[which].stack, &counts);
        uint64_t left = (uint64_t)counts.tcbs + counts.syn_records + counts.time_waits
                        + counts.sides + counts.queues + counts.ranges + counts.received_segments
                        + counts.flow_entries + counts.timers + counts.reassemblies
                        + counts.neighbours_waiting + counts.buffer_bytes;
        if (left != 0)
            return false;
    }
    return true;
}
