/*
 * The bad network of net.h.
 */
#include "net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "support/stackmem.h"
#include "wire/addr.h"

#define BATCH   32u
#define HOLD_US 1000u /* a frame is not held back for longer than that */

static const struct ciao_addr address[2] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}},
};

/* ---- a frame meets the network ---- */

static bool by_chance(struct net *net, uint32_t ppm)
{
    return ppm != 0 && rng_below(&net->rng, 1000000) < ppm;
}

/* In the order of time, behind those of the same time. */
static void insert(struct net_way *way, struct net_frame *new)
{
    assert_true(way->count < NET_QUEUE);
    unsigned i = way->count++;
    while (i != 0 && way->queue[i - 1]->at_us > new->at_us) {
        way->queue[i] = way->queue[i - 1];
        i--;
    }
    way->queue[i] = new;
}

static void travel(struct net *net, unsigned w, struct ciao_frame *frame)
{
    struct net_way *way = &net->way[w];
    struct net_frame *new = malloc(sizeof *new);
    assert_non_null(new);
    ciao_frame_init(&new->frame);
    ciao_frame_move(&new->frame, frame);
    way->last_us = way->last_us + net->spec.gap_us > net->now_us ? way->last_us + net->spec.gap_us
                                                                 : net->now_us;
    new->at_us = way->last_us + net->spec.delay_us;
    new->overtaken_by = 0;
    way->passed++;
    insert(way, new);
}

/* It is held back until one to three later frames have passed, or a while. */
static void hold_back(struct net *net, unsigned w)
{
    struct net_way *way = &net->way[w];
    struct net_frame *held = way->queue[way->count - 1];
    held->overtaken_by = 1 + rng_below(&net->rng, 3);
    held->at_us += HOLD_US;
    way->reordered++;
}

/* Those that are held back have been passed by one more. */
static void overtake(struct net *net, unsigned w)
{
    struct net_way *way = &net->way[w];
    for (unsigned i = 0; i < way->count; i++) {
        struct net_frame *held = way->queue[i];
        if (held->overtaken_by == 0 || --held->overtaken_by != 0)
            continue;
        memmove(&way->queue[i], &way->queue[i + 1], (--way->count - i) * sizeof way->queue[0]);
        held->at_us = way->last_us + net->spec.delay_us;
        insert(way, held);
        i--;
    }
}

static void carry(struct net *net, unsigned w, struct ciao_frame *frame)
{
    bool bad = w == NET_A || net->spec.lose_acks_too;
    if ((net->loses != NULL && net->loses(net, w, frame))
        || (bad && by_chance(net, net->spec.loss_ppm))) {
        net->way[w].lost++;
        ciao_frame_release(frame);
        return;
    }
    struct ciao_frame copy;
    bool twice = bad && by_chance(net, net->spec.dup_ppm);
    if (twice)
        ciao_frame_share(&copy, frame);
    bool late = bad && by_chance(net, net->spec.reorder_ppm);
    travel(net, w, frame);
    if (late)
        hold_back(net, w);
    else
        overtake(net, w);
    if (twice) {
        net->way[w].duplicated++;
        travel(net, w, &copy);
    }
}

/* ---- the clock ---- */

static bool take_out(struct net *net, unsigned end)
{
    static struct ciao_frame frames[BATCH];
    struct ciao_frame *list[BATCH];
    bool any = false;
    for (unsigned i = 0; i < BATCH; i++)
        list[i] = &frames[i];
    for (unsigned n;
         (n = ciao_output(net->stack[end], net->link[end], list, BATCH, net->now_us)) != 0;) {
        any = true;
        for (unsigned i = 0; i < n; i++)
            carry(net, end, list[i]);
    }
    return any;
}

static bool hand_in(struct net *net, unsigned w)
{
    struct net_way *way = &net->way[w];
    unsigned to = 1 - w;
    if (way->count == 0 || way->queue[0]->at_us > net->now_us)
        return false;
    struct net_frame *first = way->queue[0];
    memmove(&way->queue[0], &way->queue[1], --way->count * sizeof way->queue[0]);
    struct ciao_frame *list[1] = {&first->frame};
    ciao_input(net->stack[to], net->link[to], list, 1, net->now_us);
    free(first);
    return true;
}

static uint64_t earliest(const struct net *net)
{
    uint64_t at = UINT64_MAX;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t deadline = ciao_next_deadline(net->stack[i]);
        at = deadline < at ? deadline : at;
        if (net->way[i].count != 0 && net->way[i].queue[0]->at_us < at)
            at = net->way[i].queue[0]->at_us;
    }
    return at;
}

bool net_step(struct net *net, uint64_t until_us)
{
    bool any = take_out(net, NET_A);
    any |= take_out(net, NET_B);
    any |= hand_in(net, NET_A);
    any |= hand_in(net, NET_B);
    if (any)
        return true;
    uint64_t at = earliest(net);
    if (at > until_us || at == UINT64_MAX) {
        net->now_us = until_us > net->now_us ? until_us : net->now_us;
        return false;
    }
    net->now_us = at > net->now_us ? at : net->now_us;
    ciao_advance(net->stack[NET_A], net->now_us);
    ciao_advance(net->stack[NET_B], net->now_us);
    return true;
}

/* ---- two hosts ---- */

static void make_stack(struct net *net, unsigned end)
{
    const struct ciao_link link = {.kind = CIAO_LINK_IP,
                                   .mtu = net->spec.mtu,
                                   .gso_bytes = net->spec.gso_bytes,
                                   .tx_csum = net->spec.gso_bytes != 0,
                                   .rx_csum = true};
    net->config.seed[0] = (uint8_t)(end + 1);
    net->config.seed[1] = (uint8_t)net->spec.seed;
    net->memory[end] = stackmem_new(ciao_stack_bytes(&net->config));
    net->stack[end] = ciao_stack_create(&net->config, net->memory[end], net->now_us);
    assert_non_null(net->stack[end]);
    net->link[end] = ciao_link_add(net->stack[end], &link);
    assert_int_equal(net->link[end], 0);
    assert_int_equal(ciao_address_add(net->stack[end], net->link[end], &address[end], 24), 0);
}

void net_open(struct net *net, const struct net_spec *spec, const struct ciao_settings *settings)
{
    memset(net, 0, sizeof *net);
    net->spec = *spec;
    net->now_us = 1000000;
    uint8_t seed[32] = {(uint8_t)spec->seed, (uint8_t)(spec->seed >> 8)};
    rng_seed(&net->rng, seed);
    ciao_config_default(&net->config, CIAO_PROFILE_CIAO);
    net->config.max_connections = 64;
    net->config.max_syn_records = 64;
    net->config.max_time_wait = 64;
    net->config.buffer_bytes = 64u << 20;
    net->config.tcp = *settings;
    make_stack(net, NET_A);
    make_stack(net, NET_B);
    const struct ciao_endpoint at = {.addr = address[NET_B], .port = 7};
    assert_int_equal(ciao_listen(net->stack[NET_B], &at, 8, NULL, &net->listener), 0);
}

bool net_connect(struct net *net)
{
    const struct ciao_endpoint to = {.addr = address[NET_B], .port = 7};
    const uint64_t until_us = net->now_us + 60000000;
    assert_int_equal(
        ciao_connect(net->stack[NET_A], &to, NULL, NULL, &net->conn[NET_A], net->now_us), 0);
    while (ciao_accept(net->stack[NET_B], net->listener, &net->conn[NET_B]) != 0
           || !(ciao_ready(net->stack[NET_A], net->conn[NET_A]) & CIAO_WRITABLE))
        if (!net_step(net, until_us))
            return false;
    return true;
}

/* ---- a transfer ---- */

#define CHUNK 65536u

static uint64_t fill(struct net *net, uint64_t sent, uint64_t bytes)
{
    static uint8_t chunk[CHUNK];
    while (sent < bytes) {
        uint32_t n = bytes - sent < CHUNK ? (uint32_t)(bytes - sent) : CHUNK;
        for (uint32_t i = 0; i < n; i++)
            chunk[i] = net_pattern(sent + i);
        int64_t taken = ciao_send(net->stack[NET_A], net->conn[NET_A], chunk, n, 0, net->now_us);
        if (taken <= 0)
            break;
        sent += (uint64_t)taken;
    }
    return sent;
}

static uint64_t drain(struct net *net, uint64_t read)
{
    static uint8_t chunk[CHUNK];
    for (;;) {
        int64_t n = ciao_recv(net->stack[NET_B], net->conn[NET_B], chunk, CHUNK, 0, net->now_us);
        if (n <= 0)
            return read;
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(chunk[i], net_pattern(read + (uint64_t)i));
        read += (uint64_t)n;
    }
}

bool net_transfer(struct net *net, uint64_t bytes, uint64_t within_us)
{
    const uint64_t until_us = net->now_us + within_us;
    uint64_t sent = 0, read = 0;
    while (read < bytes || net_info(net, NET_A).unacked_bytes != 0) {
        if (ciao_ready(net->stack[NET_A], net->conn[NET_A]) & CIAO_WRITABLE)
            sent = fill(net, sent, bytes);
        if (!net_step(net, until_us))
            return false;
        read = drain(net, read);
    }
    return true;
}

struct ciao_info net_info(const struct net *net, unsigned end)
{
    struct ciao_info info;
    assert_int_equal(ciao_info(net->stack[end], net->conn[end], &info), 0);
    return info;
}

static void assert_empty(const struct net *net, unsigned end)
{
    struct ciao_counts counts;
    ciao_counts(net->stack[end], &counts);
    assert_int_equal(counts.tcbs, 0);
    assert_int_equal(counts.sides, 0);
    assert_int_equal(counts.queues, 0);
    assert_int_equal(counts.ranges, 0);
    assert_int_equal(counts.received_segments, 0);
    assert_int_equal(counts.time_waits, 0);
    assert_int_equal(counts.flow_entries, 0);
    assert_int_equal(counts.timers, 0);
    assert_int_equal(counts.buffer_bytes, 0);
}

void net_discard(struct net *net)
{
    for (unsigned end = 0; end < 2; end++) {
        for (unsigned i = 0; i < net->way[end].count; i++)
            free(net->way[end].queue[i]);
        net->way[end].count = 0;
    }
    for (unsigned end = 0; end < 2; end++)
        stackmem_free(net->memory[end], ciao_stack_bytes(&net->config));
}

void net_close(struct net *net)
{
    for (unsigned end = 0; end < 2; end++)
        assert_int_equal(ciao_close(net->stack[end], net->conn[end], NULL, net->now_us), 0);
    assert_int_equal(ciao_close(net->stack[NET_B], net->listener, NULL, net->now_us), 0);
    while (net_step(net, net->now_us + 1000000000u))
        continue;
    for (unsigned end = 0; end < 2; end++)
        assert_empty(net, end);
    net_discard(net);
}
