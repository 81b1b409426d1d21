/*
 * The loop: what one end sends, the other receives, in order, by reference.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "driver/loop.h"
#include "driver/packets.h"

#define BATCH 64

struct two_ends {
    struct ciao_driver *a, *b;
    struct ciao_bufpool *pool;
};

static struct two_ends make_ends(const struct loop_options *options)
{
    struct two_ends ends = {.pool = packet_pool_make(16 << 20)};

    assert_int_equal(loop_pair(&ends.a, &ends.b, options), 0);
    return ends;
}

static void free_ends(struct two_ends *ends)
{
    if (ends->a)
        ends->a->ops->close(ends->a);
    if (ends->b)
        ends->b->ops->close(ends->b);
    packet_pool_free(ends->pool);
}

static int send_one(struct ciao_driver *driver, struct ciao_frame *frame, uint64_t now_us)
{
    struct ciao_frame *frames[1] = {frame};

    return driver->ops->send(driver, frames, 1, now_us);
}

static int receive_one(struct ciao_driver *driver, struct ciao_frame *frame, uint64_t now_us)
{
    struct ciao_frame *frames[1] = {frame};

    ciao_frame_init(frame);
    return driver->ops->receive(driver, frames, 1, now_us);
}

static void payload_crosses_by_reference(void **state)
{
    struct two_ends ends = make_ends(NULL);
    struct ciao_frame sent, got;
    uint8_t before[PACKET_MOST], after[PACKET_MOST];
    (void)state;

    packet_make(&sent, ends.pool, &(struct packet){.payload_len = 40000, .flags = 0x10});
    struct ciao_buf *buf = sent.frag[0].buf;
    uint32_t len = packet_bytes(&sent, before);
    ciao_buf_ref(buf); /* as the send queue does */
    assert_int_equal(send_one(ends.a, &sent, 5), 1);
    memset(&sent, 0xaa, sizeof sent); /* the struct is ours again, and used for something else */

    assert_int_equal(receive_one(ends.b, &got, 9), 1);
    assert_ptr_equal(got.frag[0].buf, buf);
    assert_ptr_equal(got.frag[0].ptr, ciao_buf_bytes(buf));
    assert_int_equal(buf->refs, 2);
    assert_int_equal(got.rx_us, 9);
    assert_int_equal(packet_bytes(&got, after), len);
    assert_memory_equal(before, after, len);
    assert_int_equal(receive_one(ends.b, &sent, 9), 0);

    ciao_frame_release(&got);
    assert_int_equal(buf->refs, 1);
    ciao_buf_unref(buf);
    free_ends(&ends);
}

static void order_is_kept_and_a_full_ring_takes_fewer(void **state)
{
    struct two_ends ends = make_ends(&(struct loop_options){.queue = 16});
    struct ciao_frame frames[BATCH], *pointers[BATCH];
    uint32_t sent = 0, received = 0;
    (void)state;

    for (unsigned i = 0; i < BATCH; i++) {
        pointers[i] = &frames[i];
        packet_make(&frames[i], ends.pool, &(struct packet){.seq = i, .payload_len = 10});
    }
    while (received < BATCH) {
        int n = ends.a->ops->send(ends.a, pointers + sent, BATCH - sent, 0);
        assert_int_equal(n, BATCH - sent < 16 ? BATCH - sent : 16);
        sent += (uint32_t)n;
        assert_int_equal(ends.a->ops->send(ends.a, pointers + sent, BATCH - sent, 0), 0);
        for (; received < sent; received++) {
            struct ciao_frame got;
            assert_int_equal(receive_one(ends.b, &got, 0), 1);
            assert_int_equal(get_be32(packet_tcp(got.head, CIAO_LINK_IP) + 4), received);
            ciao_frame_release(&got);
        }
    }
    free_ends(&ends);
}

static void both_directions_are_apart(void **state)
{
    struct two_ends ends = make_ends(NULL);
    struct ciao_frame frame, got;
    (void)state;

    packet_make(&frame, ends.pool, &(struct packet){.seq = 1});
    assert_int_equal(send_one(ends.a, &frame, 0), 1);
    packet_make(&frame, ends.pool, &(struct packet){.seq = 2});
    assert_int_equal(send_one(ends.b, &frame, 0), 1);
    assert_int_equal(receive_one(ends.a, &got, 0), 1);
    assert_int_equal(get_be32(packet_tcp(got.head, CIAO_LINK_IP) + 4), 2);
    assert_int_equal(receive_one(ends.b, &got, 0), 1);
    assert_int_equal(get_be32(packet_tcp(got.head, CIAO_LINK_IP) + 4), 1);
    free_ends(&ends);
}

static void what_a_frame_says_about_itself_crosses_too(void **state)
{
    const struct loop_options options = {
        .kind = CIAO_LINK_ETHERNET, .mtu = 9000, .gso_bytes = 65535, .offload = true};
    struct two_ends ends = make_ends(&options);
    struct ciao_frame frame, got;
    (void)state;

    assert_int_equal(ends.a->link.mtu, 9000);
    assert_int_equal(ends.a->link.gso_bytes, 65535);
    assert_true(ends.a->link.tx_csum && ends.a->link.rx_csum);
    assert_memory_not_equal(ends.a->link.mac, ends.b->link.mac, 6);

    packet_make(
        &frame, ends.pool,
        &(struct packet){
            .kind = CIAO_LINK_ETHERNET, .payload_len = 30000, .gso_size = 1448, .partial = true});
    assert_int_equal(send_one(ends.a, &frame, 0), 1);
    assert_int_equal(receive_one(ends.b, &got, 0), 1);
    assert_int_equal(got.csum, CIAO_CSUM_PARTIAL);
    assert_int_equal(got.csum_start, 34);
    assert_int_equal(got.csum_offset, 16);
    assert_int_equal(got.gso, CIAO_GSO_TCP4);
    assert_int_equal(got.gso_size, 1448);
    assert_int_equal(got.segments, 21);
    ciao_frame_release(&got);
    free_ends(&ends);
}

static void a_frame_in_one_piece_crosses_uncopied(void **state)
{
    struct two_ends ends = make_ends(NULL);
    struct ciao_frame frame, got;
    (void)state;

    packet_make(&frame, ends.pool, &(struct packet){.payload_len = 500, .in_one_piece = true});
    const uint8_t *head = frame.head;
    assert_int_equal(send_one(ends.a, &frame, 0), 1);
    assert_int_equal(receive_one(ends.b, &got, 0), 1);
    assert_ptr_equal(got.head, head);
    assert_int_equal(got.buf->refs, 1);
    ciao_frame_release(&got);
    free_ends(&ends);
}

static void something_to_receive_is_due_now(void **state)
{
    struct two_ends ends = make_ends(NULL);
    struct ciao_frame frame, got;
    (void)state;

    assert_int_equal(ends.b->ops->descriptor(ends.b), -1);
    assert_true(ends.b->ops->deadline(ends.b) == UINT64_MAX);
    packet_make(&frame, ends.pool, &(struct packet){.seq = 1});
    assert_int_equal(send_one(ends.a, &frame, 7), 1);
    assert_true(ends.b->ops->deadline(ends.b) == 0);
    assert_true(ends.a->ops->deadline(ends.a) == UINT64_MAX);
    assert_int_equal(receive_one(ends.b, &got, 7), 1);
    assert_true(ends.b->ops->deadline(ends.b) == UINT64_MAX);
    free_ends(&ends);
}

static void after_one_end_is_closed_nothing_leaks(void **state)
{
    struct two_ends ends = make_ends(NULL);
    struct ciao_frame frame, got;
    (void)state;

    packet_make(&frame, ends.pool, &(struct packet){.seq = 1, .payload_len = 100});
    assert_int_equal(send_one(ends.a, &frame, 0), 1);
    packet_make(&frame, ends.pool, &(struct packet){.seq = 2, .payload_len = 100});
    assert_int_equal(send_one(ends.b, &frame, 0), 1); /* waits at a, which closes */
    ends.a->ops->close(ends.a);
    ends.a = NULL;
    packet_make(&frame, ends.pool, &(struct packet){.seq = 3, .payload_len = 100});
    assert_int_equal(send_one(ends.b, &frame, 0), 1); /* falls off the wire */
    assert_int_equal(receive_one(ends.b, &got, 0), 1);
    assert_int_equal(get_be32(packet_tcp(got.head, CIAO_LINK_IP) + 4), 1);
    ciao_frame_release(&got);
    assert_int_equal(ciao_bufpool_used_count(ends.pool), 0);
    free_ends(&ends);
}

static void impossible_options_are_refused(void **state)
{
    struct ciao_driver *a, *b;
    (void)state;

    assert_int_equal(loop_pair(&a, &b, &(struct loop_options){.queue = 100}), -EINVAL);
    assert_int_equal(loop_pair(&a, &b, &(struct loop_options){.mtu = 100}), -EINVAL);
    assert_int_equal(loop_pair(&a, &b, &(struct loop_options){.mtu = 70000}), -EINVAL);
    assert_int_equal(loop_pair(&a, &b, &(struct loop_options){.gso_bytes = 70000}), -EINVAL);
}

static void an_end_of_its_own_receives_what_it_sends(void **state)
{
    struct two_ends ends = make_ends(NULL);
    struct ciao_driver *self;
    struct ciao_frame frame, got;
    (void)state;

    assert_int_equal(loop_self(&self, NULL), 0);
    assert_int_equal(self->link.kind, CIAO_LINK_LOOPBACK);
    packet_make(&frame, ends.pool, &(struct packet){.seq = 7, .payload_len = 100});
    assert_int_equal(send_one(self, &frame, 0), 1);
    assert_int_equal(self->ops->deadline(self), 0);
    assert_int_equal(receive_one(self, &got, 0), 1);
    assert_int_equal(get_be32(packet_tcp(got.head, CIAO_LINK_IP) + 4), 7);
    ciao_frame_release(&got);
    packet_make(&frame, ends.pool, &(struct packet){.seq = 8, .payload_len = 100});
    assert_int_equal(send_one(self, &frame, 0), 1); /* still there when it closes */
    self->ops->close(self);
    assert_int_equal(ciao_bufpool_used_count(ends.pool), 0);
    free_ends(&ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payload_crosses_by_reference),
        cmocka_unit_test(order_is_kept_and_a_full_ring_takes_fewer),
        cmocka_unit_test(both_directions_are_apart),
        cmocka_unit_test(what_a_frame_says_about_itself_crosses_too),
        cmocka_unit_test(a_frame_in_one_piece_crosses_uncopied),
        cmocka_unit_test(something_to_receive_is_due_now),
        cmocka_unit_test(after_one_end_is_closed_nothing_leaks),
        cmocka_unit_test(an_end_of_its_own_receives_what_it_sends),
        cmocka_unit_test(impossible_options_are_refused),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
