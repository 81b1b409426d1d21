/*
 * Frames: whose references they hold, and where their heads point.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/frame.h"

static struct ciao_bufpool pool;
static uint8_t *memory;

static void begin(void)
{
    memory = aligned_alloc(64, 4 << 20);
    assert_non_null(memory);
    memset(memory, 0, 4 << 20);
    assert_true(ciao_bufpool_init(&pool, memory, 4 << 20) > 0);
}

static void end(void)
{
    assert_int_equal(ciao_bufpool_used_count(&pool), 0);
    free(memory);
}

/* Headers of 54 bytes in the room, behind two of headroom, and three fragments of one buffer. */
static struct ciao_buf *make_frame(struct ciao_frame *frame)
{
    struct ciao_buf *buf = ciao_bufpool_take(&pool, 3000);
    assert_non_null(buf);
    memset(frame, 0xcc, sizeof *frame);
    ciao_frame_init(frame);
    frame->head = frame->room + 2;
    frame->head_len = frame->len = 54;
    memset(frame->head, 0x11, 54);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(
            ciao_frame_add(frame, ciao_buf_ref(buf), ciao_buf_bytes(buf) + 1000 * i, 1000), 0);
    ciao_buf_unref(buf);
    return buf;
}

static void a_new_frame_is_empty_whatever_was_there(void **state)
{
    (void)state;
    struct ciao_frame frame;
    memset(&frame, 0xcc, sizeof frame);
    ciao_frame_init(&frame);
    assert_ptr_equal(frame.head, frame.room);
    assert_int_equal(frame.len, 0);
    assert_int_equal(frame.n_frags, 0);
    assert_int_equal(frame.segments, 1);
    assert_int_equal(frame.csum, CIAO_CSUM_NONE);
    assert_int_equal(frame.gso, CIAO_GSO_NONE);
    ciao_frame_release(&frame);
}

static void releasing_a_frame_drops_every_reference(void **state)
{
    (void)state;
    begin();
    struct ciao_frame frame;
    struct ciao_buf *buf = make_frame(&frame);
    assert_int_equal(buf->refs, 3);
    assert_int_equal(frame.len, 3054);
    frame.buf = ciao_bufpool_take(&pool, 100);
    frame.head = ciao_buf_bytes(frame.buf);
    ciao_frame_release(&frame);
    assert_int_equal(frame.len, 0);
    ciao_frame_release(&frame);
    end();
}

static void a_frame_that_is_full_takes_no_more(void **state)
{
    (void)state;
    struct ciao_frame frame;
    static const uint8_t byte;
    ciao_frame_init(&frame);
    for (uint32_t i = 0; i < CIAO_FRAME_FRAGS; i++)
        assert_int_equal(ciao_frame_add(&frame, NULL, &byte, 1), 0);
    assert_int_equal(ciao_frame_add(&frame, NULL, &byte, 1), -1);
    assert_int_equal(frame.len, CIAO_FRAME_FRAGS);
    ciao_frame_release(&frame);
}

static void a_moved_frame_has_its_head_in_its_own_room(void **state)
{
    (void)state;
    begin();
    struct ciao_frame from, to;
    struct ciao_buf *buf = make_frame(&from);
    from.segments = 3;
    ciao_frame_move(&to, &from);
    assert_ptr_equal(to.head, to.room + 2);
    assert_int_equal(to.head[0], 0x11);
    assert_int_equal(to.head[53], 0x11);
    assert_int_equal(to.segments, 3);
    assert_int_equal(buf->refs, 3);
    assert_int_equal(from.n_frags, 0);
    ciao_frame_release(&from);
    assert_int_equal(buf->refs, 3);
    ciao_frame_release(&to);
    end();
}

static void a_moved_frame_whose_head_is_in_a_buffer_keeps_it_there(void **state)
{
    (void)state;
    begin();
    struct ciao_frame from, to;
    ciao_frame_init(&from);
    from.buf = ciao_bufpool_take(&pool, 1514);
    from.head = ciao_buf_bytes(from.buf);
    from.head_len = from.len = 1514;
    uint8_t *head = from.head;
    ciao_frame_move(&to, &from);
    assert_ptr_equal(to.head, head);
    assert_null(from.buf);
    ciao_frame_release(&to);
    end();
}

/* What is taken leaves references with the one that takes, whatever it has. */
static void a_frame_that_is_taken_is_as_it_was(void **state)
{
    (void)state;
    begin();
    struct ciao_frame from, to;
    for (uint32_t offset = 0; offset <= CIAO_FRAME_ROOM; offset++)
        for (uint32_t len = 0; offset + len <= CIAO_FRAME_ROOM; len++) {
            memset(&to, 0xcc, sizeof to);
            ciao_frame_init(&from);
            from.head = from.room + offset;
            from.head_len = from.len = len;
            from.rx_us = offset + 1;
            memset(from.head, 0x22, len);
            frame_take(&to, &from);
            assert_ptr_equal(to.head, to.room + offset);
            assert_memory_equal(to.head, from.head, len);
            assert_int_equal(to.len, len);
            assert_int_equal(to.rx_us, offset + 1);
        }
    struct ciao_buf *buf = make_frame(&from);
    frame_take(&to, &from);
    assert_int_equal(buf->refs, 3);
    assert_int_equal(to.n_frags, 3);
    assert_ptr_equal(to.frag[2].buf, buf);
    assert_int_equal(to.head[53], 0x11);
    ciao_frame_release(&to);
    end();
}

/* Short heads, long ones, at every place of the room, with any number of fragments. */
static void a_move_keeps_heads_of_every_length_and_place(void **state)
{
    (void)state;
    static const uint8_t payload[CIAO_FRAME_FRAGS];
    struct ciao_frame from, to;
    for (uint32_t offset = 0; offset <= CIAO_FRAME_ROOM; offset++)
        for (uint32_t len = 0; offset + len <= CIAO_FRAME_ROOM; len++) {
            uint8_t n = (uint8_t)((offset + len) % (CIAO_FRAME_FRAGS + 1));
            ciao_frame_init(&from);
            memset(&to, 0xcc, sizeof to);
            from.head = from.room + offset;
            from.head_len = from.len = len;
            for (uint32_t i = 0; i < len; i++)
                from.head[i] = (uint8_t)(i + offset);
            for (uint8_t i = 0; i < n; i++)
                assert_int_equal(ciao_frame_add(&from, NULL, &payload[i], 1), 0);
            ciao_frame_move(&to, &from);
            assert_ptr_equal(to.head, to.room + offset);
            assert_int_equal(to.head_len, len);
            for (uint32_t i = 0; i < len; i++)
                assert_int_equal(to.head[i], (uint8_t)(i + offset));
            assert_int_equal(to.n_frags, n);
            for (uint8_t i = 0; i < n; i++)
                assert_ptr_equal(to.frag[i].ptr, &payload[i]);
        }
}

static void a_shared_frame_lives_on_alone(void **state)
{
    (void)state;
    begin();
    struct ciao_frame first, second;
    struct ciao_buf *buf = make_frame(&first);
    ciao_frame_share(&second, &first);
    assert_int_equal(buf->refs, 6);
    assert_ptr_equal(second.head, second.room + 2);
    second.head[0] = 0x22;
    assert_int_equal(first.head[0], 0x11);
    ciao_frame_release(&first);
    assert_int_equal(buf->refs, 3);
    assert_int_equal(second.len, 3054);
    assert_ptr_equal(second.frag[1].ptr, ciao_buf_bytes(buf) + 1000);
    ciao_frame_release(&second);
    end();
}

static void a_super_segment_fits_in_buffers_of_a_quarter(void **state)
{
    (void)state;
    begin();
    struct ciao_frame frame;
    ciao_frame_init(&frame);
    /* It begins at the last byte of a buffer. */
    uint32_t left = 65535, at = BUF_QUARTER - 1;
    while (left > 0) {
        struct ciao_buf *buf = ciao_bufpool_take(&pool, BUF_QUARTER);
        uint32_t bytes = left < BUF_QUARTER - at ? left : BUF_QUARTER - at;
        assert_int_equal(ciao_frame_add(&frame, buf, ciao_buf_bytes(buf) + at, bytes), 0);
        left -= bytes;
        at = 0;
    }
    assert_int_equal(frame.len, 65535);
    ciao_frame_release(&frame);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_frame_is_empty_whatever_was_there),
        cmocka_unit_test(releasing_a_frame_drops_every_reference),
        cmocka_unit_test(a_frame_that_is_full_takes_no_more),
        cmocka_unit_test(a_moved_frame_has_its_head_in_its_own_room),
        cmocka_unit_test(a_moved_frame_whose_head_is_in_a_buffer_keeps_it_there),
        cmocka_unit_test(a_frame_that_is_taken_is_as_it_was),
        cmocka_unit_test(a_move_keeps_heads_of_every_length_and_place),
        cmocka_unit_test(a_shared_frame_lives_on_alone),
        cmocka_unit_test(a_super_segment_fits_in_buffers_of_a_quarter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
