/*
 * Two stacks, one link, one clock.
 */
#include "tcp/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/coverage.h"
#include "support/stackmem.h"
#include "wire/addr.h"

#define BATCH 64u

struct pair_frame {
    struct ciao_frame frame;
    uint64_t at_us;
    struct pair_frame *next;
};

struct ciao_addr pair_address(bool v6, unsigned end)
{
    if (!v6)
        return ip_addr_v4(0x0a000001 + end);
    struct ciao_addr addr = {{0xfd, 0, 0, 7}};
    addr.b[15] = (uint8_t)(1 + end);
    return addr;
}

static void make(struct pair *pair, unsigned end, const struct ciao_config *config,
                 const struct ciao_link *link)
{
    struct ciao_config own = *config;
    const struct ciao_addr address = pair_address(pair->v6, end);
    own.seed[31] ^= (uint8_t)(end + 1);
    pair->memory[end] = stackmem_new(pair->bytes);
    pair->stack[end] = ciao_stack_create(&own, pair->memory[end], pair->now_us);
    assert_non_null(pair->stack[end]);
    pair->link[end] = ciao_link_add(pair->stack[end], link);
    assert_true(pair->link[end] >= 0);
    assert_int_equal(
        ciao_address_add(pair->stack[end], pair->link[end], &address, pair->v6 ? 64 : 24), 0);
}

void pair_open(struct pair *pair, const struct ciao_config *config, bool v6,
               const struct ciao_link *link)
{
    struct ciao_link ip = *link;
    ip.kind = CIAO_LINK_IP;
    memset(pair, 0, sizeof *pair);
    pair->v6 = v6;
    pair->now_us = 1000000;
    pair->delay_us = 10000;
    pair->bytes = ciao_stack_bytes(config);
    make(pair, 0, config, &ip);
    make(pair, 1, config, &ip);
}

/* ---- frames on their way ---- */

static struct pair_frame *take_spare(struct pair *pair)
{
    struct pair_frame *frame = pair->spare;
    if (frame == NULL) {
        frame = calloc(1, sizeof *frame);
        assert_non_null(frame);
    } else {
        pair->spare = frame->next;
    }
    frame->next = NULL;
    ciao_frame_init(&frame->frame);
    return frame;
}

static void give_spare(struct pair *pair, struct pair_frame *frame)
{
    frame->next = pair->spare;
    pair->spare = frame;
}

static void put(struct pair *pair, unsigned from, struct pair_frame *frame)
{
    frame->at_us = pair->now_us + pair->delay_us;
    if (pair->first[from] == NULL)
        pair->first[from] = frame;
    else
        pair->last[from]->next = frame;
    pair->last[from] = frame;
}

static void carry(struct pair *pair, unsigned from, struct pair_frame *frame)
{
    uint64_t number = pair->carried++;
    enum pair_fate fate = pair->fate == NULL ? PAIR_ARRIVES : pair->fate(pair, from, number);
    if (fate == PAIR_IS_LOST) {
        ciao_frame_release(&frame->frame);
        give_spare(pair, frame);
        return;
    }
    put(pair, from, frame);
    if (fate != PAIR_ARRIVES_TWICE)
        return;
    struct pair_frame *again = take_spare(pair);
    ciao_frame_share(&again->frame, &frame->frame);
    put(pair, from, again);
}

static bool take_out(struct pair *pair, unsigned end)
{
    bool any = false;
    for (unsigned n = BATCH; n == BATCH;) {
        struct pair_frame *frames[BATCH];
        struct ciao_frame *list[BATCH];
        for (unsigned i = 0; i < BATCH; i++) {
            frames[i] = take_spare(pair);
            list[i] = &frames[i]->frame;
        }
        n = ciao_output(pair->stack[end], pair->link[end], list, BATCH, pair->now_us);
        for (unsigned i = 0; i < n; i++)
            carry(pair, end, frames[i]);
        for (unsigned i = n; i < BATCH; i++)
            give_spare(pair, frames[i]);
        any |= n != 0;
    }
    return any;
}

static bool hand_in(struct pair *pair, unsigned from)
{
    struct ciao_frame *list[BATCH];
    struct pair_frame *frames[BATCH];
    unsigned n = 0;
    while (n < BATCH && pair->first[from] != NULL && pair->first[from]->at_us <= pair->now_us) {
        frames[n] = pair->first[from];
        pair->first[from] = frames[n]->next;
        list[n] = &frames[n]->frame;
        n++;
    }
    if (n == 0)
        return false;
    ciao_input(pair->stack[1 - from], pair->link[1 - from], list, n, pair->now_us);
    for (unsigned i = 0; i < n; i++)
        give_spare(pair, frames[i]);
    return true;
}

bool pair_exchange(struct pair *pair)
{
    bool any = take_out(pair, 0);
    any |= take_out(pair, 1);
    any |= hand_in(pair, 0);
    any |= hand_in(pair, 1);
    return any;
}

/* ---- the clock ---- */

bool pair_wait(struct pair *pair)
{
    uint64_t at = UINT64_MAX;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t deadline = ciao_next_deadline(pair->stack[i]);
        if (deadline < at)
            at = deadline;
        if (pair->first[i] != NULL && pair->first[i]->at_us < at)
            at = pair->first[i]->at_us;
    }
    if (at == UINT64_MAX)
        return false;
    if (at > pair->now_us)
        pair->now_us = at;
    for (unsigned i = 0; i < 2; i++)
        (void)ciao_advance(pair->stack[i], pair->now_us);
    return true;
}

/* ---- the end ---- */

void pair_expect_empty(const struct pair *pair)
{
    for (unsigned end = 0; end < 2; end++) {
        struct ciao_counts counts;
        ciao_counts(pair->stack[end], &counts);
        assert_null(pair->first[end]);
        assert_int_equal(counts.tcbs, 0);
        assert_int_equal(counts.syn_records, 0);
        assert_int_equal(counts.time_waits, 0);
        assert_int_equal(counts.listeners, 0);
        assert_int_equal(counts.sides, 0);
        assert_int_equal(counts.queues, 0);
        assert_int_equal(counts.ranges, 0);
        assert_int_equal(counts.received_segments, 0);
        assert_int_equal(counts.flow_entries, 0);
        assert_int_equal(counts.timers, 0);
        assert_int_equal(counts.ports_in_use, 0);
        assert_int_equal(counts.settings_in_use, 0);
        assert_int_equal(counts.buffer_bytes, 0);
        assert_false(ciao_has_output(pair->stack[end], pair->link[end]));
        assert_true(ciao_next_deadline(pair->stack[end]) == UINT64_MAX);
    }
}

void pair_close(struct pair *pair)
{
    while (pair->spare != NULL) {
        struct pair_frame *frame = pair->spare;
        pair->spare = frame->next;
        free(frame);
    }
    for (unsigned end = 0; end < 2; end++) {
        coverage_note(pair->stack[end]);
        stackmem_free(pair->memory[end], pair->bytes);
    }
}
