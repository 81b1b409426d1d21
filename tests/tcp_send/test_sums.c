/*
 * Sums kept since the copy in, against sums of the bytes as they lie there.  [RFC1071 2]
 */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "proto/tcp/tcp_sums.h"

#define POOL_BYTES ((size_t)4 << 20)

struct bench {
    struct ciao_bufpool pool;
    struct ciao_buf *buf;
    void *memory;
    uint32_t fill;
};

static unsigned looks;

static uint32_t counted_sum(const void *p, size_t len)
{
    looks++;
    return csum_small(p, len);
}

static uint32_t copy_and_sum(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    return csum_small(from, len);
}

static const struct csum_ops counted = {"counted", counted_sum, copy_and_sum};

static void open_buffer(struct bench *b, uint32_t bytes)
{
    b->memory = aligned_alloc(64, POOL_BYTES);
    assert_non_null(b->memory);
    memset(b->memory, 0, POOL_BYTES);
    assert_true(ciao_bufpool_init(&b->pool, b->memory, POOL_BYTES) > 0);
    b->buf = ciao_bufpool_take(&b->pool, bytes);
    assert_non_null(b->buf);
    b->fill = 0;
    tcp_sums_begin(b->buf);
}

static void close_buffer(struct bench *b)
{
    ciao_buf_unref(b->buf);
    assert_int_equal(ciao_bufpool_used_count(&b->pool), 0);
    free(b->memory);
}

/* A call of the program's, all bytes of the buffer so far still unsent. */
static void write_bytes(struct bench *b, const struct csum_ops *csum, uint32_t len,
                        uint32_t segment)
{
    static uint8_t bytes[BUF_QUARTER];
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)((b->fill + i) * 2654435761u >> 11);
    const struct tcp_copy copy = {bytes, b->fill, len, b->fill, segment};
    tcp_sums_copy(csum, b->buf, &copy);
    assert_memory_equal(ciao_buf_bytes(b->buf) + b->fill, bytes, len);
    b->fill += len;
}

static void check(struct bench *b, uint32_t at, uint32_t len)
{
    const struct ciao_frag frag = {.ptr = ciao_buf_bytes(b->buf) + at, .len = len, .buf = b->buf};
    assert_int_equal(tcp_sums_of(&counted, &frag), csum_small(frag.ptr, len));
}

static void segments_that_leave_as_foreseen_are_not_summed_again(void **state)
{
    struct bench b;
    (void)state;
    open_buffer(&b, BUF_QUARTER);
    write_bytes(&b, &counted, 1000, 1447); /* an odd length, in calls that end anywhere */
    write_bytes(&b, &counted, 3000, 1447);
    write_bytes(&b, &counted, 12384, 1447);
    assert_int_equal(b.fill, tcp_sums_capacity(b.buf));
    looks = 0;
    for (uint32_t at = 0; at < b.fill; at += 1447)
        check(&b, at, b.fill - at < 1447 ? b.fill - at : 1447);
    check(&b, 1447, 2 * 1447);
    check(&b, 0, b.fill);
    assert_int_equal(looks, 0);
    check(&b, 1, 1447);
    assert_int_equal(looks, 1);
    close_buffer(&b);
}

static void any_part_has_its_sum(void **state)
{
    struct rng rng;
    uint8_t key[32] = {5};
    (void)state;
    rng_seed(&rng, key);
    for (unsigned turn = 0; turn < 60; turn++) {
        struct bench b;
        uint32_t segment = turn % 4 == 0 ? 0 : 1 + rng_below(&rng, turn % 4 == 1 ? 400 : 9000);
        open_buffer(&b, turn % 5 == 4 ? BUF_FRAME : BUF_QUARTER);
        uint32_t capacity = tcp_sums_capacity(b.buf);
        while (b.fill < capacity && rng_below(&rng, 20) != 0) {
            uint32_t len = 1 + rng_below(&rng, turn % 2 ? 300 : 5000);
            len = len < capacity - b.fill ? len : capacity - b.fill;
            write_bytes(&b, rng_below(&rng, 50) == 0 ? NULL : &counted, len, segment);
        }
        for (unsigned i = 0; i < 400 && b.fill > 0; i++) {
            uint32_t at = rng_below(&rng, b.fill);
            if (segment != 0 && i % 2)
                at -= at % segment; /* where a piece may begin */
            check(&b, at, 1 + rng_below(&rng, b.fill - at));
        }
        close_buffer(&b);
    }
}

static void a_buffer_that_serves_again_knows_nothing(void **state)
{
    struct bench b;
    (void)state;
    open_buffer(&b, BUF_QUARTER);
    write_bytes(&b, &counted, 5000, 1448);
    struct ciao_buf *before = b.buf;
    ciao_buf_unref(b.buf);
    b.buf = ciao_bufpool_take(&b.pool, BUF_QUARTER);
    assert_ptr_equal(b.buf, before);
    tcp_sums_begin(b.buf);
    memset(ciao_buf_bytes(b.buf), 0x11, 5000);
    looks = 0;
    check(&b, 0, 1448);
    assert_int_equal(looks, 1);
    close_buffer(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_that_leave_as_foreseen_are_not_summed_again),
        cmocka_unit_test(any_part_has_its_sum),
        cmocka_unit_test(a_buffer_that_serves_again_knows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
