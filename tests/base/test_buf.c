/*
 * Payload buffers: references, sizes, the limit, and slabs that change their class.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rng.h"
#include "support/abort_hook.h"

static struct ciao_bufpool pool;
static uint8_t *memory;

static void begin(size_t bytes)
{
    memory = aligned_alloc(64, bytes);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    assert_true(ciao_bufpool_init(&pool, memory, bytes) > 0);
}

static void end(void)
{
    assert_int_equal(ciao_bufpool_used_count(&pool), 0);
    assert_int_equal(ciao_bufpool_used_bytes(&pool), 0);
    free(memory);
}

static void a_buffer_holds_what_was_asked_for(void **state)
{
    (void)state;
    const uint32_t asked[] = {0, 1, 256, 257, 2048, 2049, 16384, 16385, 65536, 65792};
    begin(4 << 20);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct ciao_buf *buf = ciao_bufpool_take(&pool, asked[i]);
        assert_non_null(buf);
        assert_true(buf->size >= asked[i]);
        assert_int_equal(buf->refs, 1);
        assert_int_equal(ciao_bufpool_used_bytes(&pool), ciao_buf_charge(buf));
        memset(ciao_buf_bytes(buf), 0xff, buf->size);
        ciao_buf_unref(buf);
    }
    end();
}

static void more_than_the_largest_cannot_be_had(void **state)
{
    (void)state;
    begin(4 << 20);
    assert_null(ciao_bufpool_take(&pool, 65793));
    assert_null(ciao_bufpool_take(&pool, UINT32_MAX));
    assert_int_equal(pool.refused, 2);
    end();
}

static void a_buffer_returns_when_the_last_reference_goes(void **state)
{
    (void)state;
    begin(4 << 20);
    struct ciao_buf *buf = ciao_bufpool_take(&pool, 1460);
    assert_ptr_equal(ciao_buf_ref(buf), buf);
    ciao_buf_ref(buf);
    ciao_buf_unref(buf);
    ciao_buf_unref(buf);
    assert_int_equal(ciao_bufpool_used_count(&pool), 1);
    ciao_buf_unref(buf);
    assert_int_equal(ciao_bufpool_used_count(&pool), 0);
    ciao_buf_unref(NULL);
    end();
}

static void the_last_given_is_the_next_taken(void **state)
{
    (void)state;
    begin(32 << 20);
    struct ciao_buf *bufs[2000];
    for (int i = 0; i < 2000; i++)
        bufs[i] = ciao_bufpool_take(&pool, 1460);
    /* From different slabs, the first long full. */
    ciao_buf_unref(bufs[1999]);
    ciao_buf_unref(bufs[3]);
    ciao_buf_unref(bufs[1200]);
    assert_ptr_equal(ciao_bufpool_take(&pool, 1460), bufs[1200]);
    assert_ptr_equal(ciao_bufpool_take(&pool, 1460), bufs[3]);
    assert_ptr_equal(ciao_bufpool_take(&pool, 1460), bufs[1999]);
    for (int i = 0; i < 2000; i++)
        ciao_buf_unref(bufs[i]);
    end();
}

/* Take buffers for so many bytes until there are no more; how many those were. */
static uint32_t take_all(struct ciao_buf **list, uint32_t bytes)
{
    uint32_t n = 0;
    struct ciao_buf *buf;
    while ((buf = ciao_bufpool_take(&pool, bytes)) != NULL) {
        buf->next = *list;
        *list = buf;
        n++;
    }
    return n;
}

static void give_all(struct ciao_buf **list)
{
    while (*list) {
        struct ciao_buf *buf = *list;
        *list = buf->next;
        ciao_buf_unref(buf);
    }
}

static void memory_that_one_size_had_serves_another(void **state)
{
    (void)state;
    const uint32_t sizes[] = {200, 65536, 2000, 16000, 200, 16000, 65536, 2000};
    uint32_t had[8];
    begin(4 << 20);
    for (int i = 0; i < 8; i++) {
        struct ciao_buf *list = NULL;
        had[i] = take_all(&list, sizes[i]);
        assert_true((uint64_t)had[i] * sizes[i] > (4u << 20) / 2);
        assert_true(ciao_bufpool_used_bytes(&pool) <= 4 << 20);
        give_all(&list);
    }
    assert_int_equal(had[0], had[4]);
    assert_int_equal(had[1], had[6]);
    assert_int_equal(had[2], had[7]);
    assert_int_equal(had[3], had[5]);
    end();
}

static void at_the_limit_one_given_is_one_to_be_had(void **state)
{
    (void)state;
    begin(4 << 20);
    struct ciao_buf *list = NULL;
    uint32_t had = take_all(&list, 2000);
    assert_int_equal(pool.peak_count, had);
    struct ciao_buf *one = list;
    list = one->next;
    ciao_buf_unref(one);
    assert_ptr_equal(ciao_bufpool_take(&pool, 2000), one);
    assert_null(ciao_bufpool_take(&pool, 2000));
    assert_null(ciao_bufpool_take(&pool, 20));
    one->next = list;
    give_all(&one);
    end();
}

static void too_little_memory_makes_no_pool(void **state)
{
    (void)state;
    struct ciao_bufpool small;
    static _Alignas(64) uint8_t little[4096];
    assert_int_equal(ciao_bufpool_init(&small, little, sizeof little), 0);
    assert_null(ciao_bufpool_take(&small, 1));
}

static void only_what_is_used_is_touched(void **state)
{
    (void)state;
    begin(32 << 20);
    struct ciao_buf *buf = ciao_bufpool_take(&pool, 1460);
    for (size_t i = 4096; i < 31 << 20; i += 512)
        assert_int_equal(memory[i], 0);
    ciao_buf_unref(buf);
    end();
}

static void give_up(void *context)
{
    ciao_buf_unref(context);
}

static void a_buffer_given_twice_is_caught(void **state)
{
    (void)state;
    begin(4 << 20);
    struct ciao_buf *buf = ciao_bufpool_take(&pool, 1460);
    ciao_buf_unref(buf);
    assert_true(test_aborts(give_up, buf));
    end();
}

/* A buffer that stands elsewhere (a test's, a device's) is nobody's to take back. */
static void a_buffer_without_a_pool_is_left_to_its_owner(void **state)
{
    (void)state;
    begin(4 << 20);
    struct ciao_buf own = {.refs = 1, .size = 0};
    ciao_buf_unref(&own);
    assert_int_equal(own.refs, 0);
    end();
}

/* ---- at random, with every byte of every buffer written and looked at ---- */

#define HELD 400

static void check_fill(struct ciao_buf *buf, uint8_t fill)
{
    const uint8_t *bytes = ciao_buf_bytes(buf);
    assert_int_equal(bytes[0], fill);
    assert_memory_equal(bytes, bytes + 1, buf->size - 1);
}

static void buffers_never_overlap(void **state)
{
    (void)state;
    const uint32_t sizes[] = {100, 1460, 9000, 65536};
    static struct ciao_buf *held[HELD];
    struct rng rng;
    uint8_t seed[32] = {8};
    rng_seed(&rng, seed);
    begin(6 << 20);
    uint64_t used = 0;
    for (uint32_t op = 0; op < 30000; op++) {
        uint32_t i = rng_below(&rng, HELD);
        if (held[i]) {
            check_fill(held[i], (uint8_t)i);
            used -= ciao_buf_charge(held[i]);
            ciao_buf_unref(held[i]);
            held[i] = NULL;
        } else if ((held[i] = ciao_bufpool_take(&pool, sizes[rng_below(&rng, 64) % 13 % 4]))) {
            memset(ciao_buf_bytes(held[i]), (uint8_t)i, held[i]->size);
            used += ciao_buf_charge(held[i]);
        }
        assert_true(ciao_bufpool_used_bytes(&pool) == used);
    }
    assert_true(pool.refused > 0);
    for (uint32_t i = 0; i < HELD; i++)
        ciao_buf_unref(held[i]);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_holds_what_was_asked_for),
        cmocka_unit_test(more_than_the_largest_cannot_be_had),
        cmocka_unit_test(a_buffer_returns_when_the_last_reference_goes),
        cmocka_unit_test(the_last_given_is_the_next_taken),
        cmocka_unit_test(memory_that_one_size_had_serves_another),
        cmocka_unit_test(at_the_limit_one_given_is_one_to_be_had),
        cmocka_unit_test(too_little_memory_makes_no_pool),
        cmocka_unit_test(only_what_is_used_is_touched),
        cmocka_unit_test(a_buffer_given_twice_is_caught),
        cmocka_unit_test(a_buffer_without_a_pool_is_left_to_its_owner),
        cmocka_unit_test(buffers_never_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
