/*
 * The send queue: bytes copied once, never moved while somebody refers to them, and gone when they
 * are acknowledged.
 */
#include "inside.h"

#include <string.h>

#define MOST 300000u

struct queue {
    struct net net;
    struct tcp *tcp;
    struct tcb *tcb;
    seq_t base;
    uint32_t written, freed;
    struct rng rng;
};

static void start(struct queue *q, uint64_t seed)
{
    const struct net_spec spec = {.mtu = 1500, .delay_us = 1000, .seed = seed};
    struct ciao_settings settings = *ciao_profile(CIAO_PROFILE_CIAO);
    settings.sndbuf_bytes = 100000;
    memset(q, 0, sizeof *q);
    net_open(&q->net, &spec, &settings);
    assert_true(net_connect(&q->net));
    q->tcp = inside_tcp(&q->net, NET_A);
    q->tcb = inside_tcb(&q->net, NET_A);
    q->base = q->tcb->snd_end;
    uint8_t key[32] = {(uint8_t)seed};
    rng_seed(&q->rng, key);
}

static int64_t writes(struct queue *q, uint32_t len)
{
    static uint8_t bytes[MOST];
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = net_pattern(q->written + i);
    int64_t taken = tcp_sendq_write(q->tcp, q->tcb, bytes, len);
    if (taken > 0)
        q->written += (uint32_t)taken;
    return taken;
}

static void frees(struct queue *q, uint32_t to)
{
    q->freed = to;
    q->tcb->snd.una = q->base + to;
    if (seq_lt(q->tcb->snd.nxt, q->tcb->snd.una))
        q->tcb->snd.nxt = q->tcb->snd.una;
    tcp_sendq_free_to(q->tcp, q->tcb, q->base + to);
}

/* What a frame refers to is what was written at that place. */
static void check_slice(struct queue *q, uint32_t at, uint32_t len)
{
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    uint32_t reach = tcp_sendq_reach(q->tcp, q->tcb, q->base + at, len);
    assert_true(reach <= len);
    assert_true(reach != 0 || len == 0);
    assert_int_equal(tcp_sendq_slice(q->tcp, q->tcb, q->base + at, reach, &frame), reach);
    assert_int_equal(frame.len, reach);
    for (uint32_t i = 0; i < frame.n_frags; i++)
        for (uint32_t j = 0; j < frame.frag[i].len; j++)
            assert_int_equal(frame.frag[i].ptr[j], net_pattern(at++));
    ciao_frame_release(&frame);
}

static void slices_are_what_was_written(void **state)
{
    (void)state;
    static struct queue q;
    start(&q, 3);
    for (unsigned step = 0; step < 5000; step++) {
        uint32_t waiting = q.written - q.freed;
        switch (rng_below(&q.rng, 3)) {
        case 0: writes(&q, 1 + rng_below(&q.rng, rng_below(&q.rng, 2) ? 64 : 20000)); break;
        case 1: frees(&q, q.freed + rng_below(&q.rng, waiting / 2 + 1)); break;
        default:
            if (waiting != 0) {
                uint32_t at = rng_below(&q.rng, waiting);
                check_slice(&q, q.freed + at, rng_below(&q.rng, waiting - at) + 1);
            }
            break;
        }
        assert_int_equal(tcp_queue(q.tcp, q.tcb)->sendq_bytes, q.written - q.freed);
        assert_int_equal(tcp_sendq_room(q.tcp, q.tcb), 100000 - (q.written - q.freed));
    }
    frees(&q, q.written);
    assert_int_equal(ciao_bufpool_used_count(q.tcp->buffers), 0);
    net_discard(&q.net);
}

/* The buffer of a short write stays when its bytes are acknowledged, for the next one; what does
 * not fit has another, and when the queue goes it goes, too. */
static void a_request_takes_no_buffer_and_gives_none_back(void **state)
{
    (void)state;
    static struct queue q;
    start(&q, 7);
    const struct ciao_bufpool *buffers = q.tcp->buffers;
    for (unsigned round = 0; round < 5; round++) {
        assert_int_equal(writes(&q, 200), 200);
        assert_int_equal(ciao_bufpool_used_count(buffers), 1);
        check_slice(&q, q.freed, 200);
        frees(&q, q.written);
        assert_int_equal(ciao_bufpool_used_count(buffers), 1);
    }
    assert_int_equal(writes(&q, 3000), 3000);
    assert_int_equal(ciao_bufpool_used_count(buffers), 1);
    check_slice(&q, q.freed, 3000);
    frees(&q, q.written);
    assert_int_equal(writes(&q, 20), 20);
    frees(&q, q.written);
    tcp_queue_settle(q.tcp, q.tcb);
    assert_int_equal(q.tcb->queue, 0);
    assert_int_equal(ciao_bufpool_used_count(buffers), 0);
    assert_int_equal(q.tcp->ranges.used, 0);
    net_discard(&q.net);
}

/* A frame may still refer to its bytes: then another buffer is taken. */
static void a_buffer_that_is_referred_to_is_not_written_again(void **state)
{
    (void)state;
    static struct queue q;
    struct ciao_frame frame;
    start(&q, 8);
    assert_int_equal(writes(&q, 100), 100);
    ciao_frame_init(&frame);
    assert_int_equal(tcp_sendq_slice(q.tcp, q.tcb, q.base, 100, &frame), 100);
    frees(&q, 100);
    assert_int_equal(writes(&q, 100), 100);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(frame.frag[0].ptr[i], net_pattern(i));
    ciao_frame_release(&frame);
    net_discard(&q.net);
}

static void a_full_queue_takes_what_fits_and_then_nothing(void **state)
{
    (void)state;
    static struct queue q;
    start(&q, 4);
    assert_int_equal(writes(&q, 90000), 90000);
    assert_int_equal(writes(&q, 20000), 10000);
    assert_int_equal(writes(&q, 1), -CIAO_EAGAIN);
    frees(&q, 1);
    assert_int_equal(writes(&q, 5), 1);
    net_discard(&q.net);
}

/* A small write costs a small buffer, and many of them fill buffers up. */
static void small_writes_cost_little_memory(void **state)
{
    (void)state;
    static struct queue q;
    start(&q, 5);
    writes(&q, 64);
    assert_true(ciao_bufpool_used_bytes(q.tcp->buffers) <= 512);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(writes(&q, 64), 64);
    assert_true(ciao_bufpool_used_bytes(q.tcp->buffers) <= 2 * 64 * 1001);
    net_discard(&q.net);
}

/* The bytes stay where they are: a frame on its way reads them also when the queue has let go. */
static void bytes_on_their_way_outlive_the_queue(void **state)
{
    (void)state;
    static struct queue q;
    struct ciao_frame frame;
    start(&q, 6);
    writes(&q, 5000);
    ciao_frame_init(&frame);
    assert_int_equal(tcp_sendq_slice(q.tcp, q.tcb, q.base + 10, 1448, &frame), 1448);
    frees(&q, 5000);
    writes(&q, 5000);
    for (uint32_t j = 0; j < 1448; j++)
        assert_int_equal(frame.frag[0].ptr[j], net_pattern(10 + j));
    ciao_frame_release(&frame);
    frees(&q, 10000);
    assert_int_equal(ciao_bufpool_used_count(q.tcp->buffers), 0);
    net_discard(&q.net);
}

static void without_memory_nothing_is_taken_and_nothing_leaks(void **state)
{
    (void)state;
    static struct queue q;
    static struct ciao_buf *held[300000];
    unsigned n = 0;
    start(&q, 7);
    while ((held[n] = ciao_bufpool_take(q.tcp->buffers, BUF_SMALL)) != NULL)
        n++;
    assert_int_equal(writes(&q, 100), -CIAO_ENOMEM);
    assert_int_equal(tcp_unsent_bytes(q.tcp, q.tcb), 0);
    while (n != 0)
        ciao_buf_unref(held[--n]);
    assert_int_equal(writes(&q, 100), 100);
    tcp_sendq_flush(q.tcp, q.tcb);
    assert_int_equal(ciao_bufpool_used_count(q.tcp->buffers), 0);
    net_discard(&q.net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_what_was_written),
        cmocka_unit_test(a_request_takes_no_buffer_and_gives_none_back),
        cmocka_unit_test(a_buffer_that_is_referred_to_is_not_written_again),
        cmocka_unit_test(a_full_queue_takes_what_fits_and_then_nothing),
        cmocka_unit_test(small_writes_cost_little_memory),
        cmocka_unit_test(bytes_on_their_way_outlive_the_queue),
        cmocka_unit_test(without_memory_nothing_is_taken_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
