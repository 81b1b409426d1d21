/*
 * Every implementation of the checksum gives what RFC 1071's own loop gives, wherever the bytes
 * lie. [RFC1071] [RFC9293 3.1 MUST-2, MUST-3]
 */
#include "wire_test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/cpu.h"
#include "wire/checksum.h"
#include "wire/checksum_wide.h"

#define BIG 70000u

/* Those that this processor can run. */
static size_t available(const struct csum_ops *ops[3])
{
    size_t n = 0;
    ops[n++] = csum_ops_for(CIAO_CPU_BASELINE);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        ops[n++] = &csum_ops_avx2;
    }
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
        ops[n++] = &csum_ops_avx512;
    }
#endif
    return n;
}

/* The naive sum of big-endian words as a sum in memory's order. */
static uint32_t expected_sum(const uint8_t *p, size_t len)
{
    uint8_t field[2];
    put_be16(field, (uint16_t)naive_sum(p, len, 0));
    return csum_load(field);
}

static void check(const struct csum_ops *ops, const uint8_t *p, size_t len, size_t to_offset)
{
    uint32_t expected = expected_sum(p, len);
    assert_int_equal(ops->sum(p, len), expected);
    assert_int_equal(csum_small(p, len), expected);

    uint8_t *block = malloc(to_offset + len + 1);
    assert_non_null(block);
    memset(block, 0xa5, to_offset + len + 1);
    if (len % 8 == 0 && len <= 128) {
        assert_int_equal(csum_copy_few(block + to_offset, p, len), expected);
        assert_memory_equal(block + to_offset, p, len);
        memset(block, 0xa5, to_offset + len + 1);
    }
    assert_int_equal(ops->copy(block + to_offset, p, len), expected);
    assert_memory_equal(block + to_offset, p, len);
    assert_int_equal(block[to_offset + len], 0xa5);
    for (size_t i = 0; i < to_offset; i++) {
        assert_int_equal(block[i], 0xa5);
    }
    free(block);
}

static void all_agree_at_every_alignment_and_short_length(void **state)
{
    (void)state;
    const struct csum_ops *ops[3];
    size_t n = available(ops);
    struct rng rng = rng_of(2);
    for (size_t offset = 0; offset < 8; offset++) {
        for (size_t len = 0; len <= 300; len++) {
            uint8_t *block = malloc(offset + len);
            random_bytes(&rng, block, offset + len);
            for (size_t i = 0; i < n; i++) {
                check(ops[i], block + offset, len, (len + offset * 3) % 8);
            }
            free(block);
        }
    }
}

static void all_agree_on_long_random_bytes(void **state)
{
    (void)state;
    const struct csum_ops *ops[3];
    size_t n = available(ops);
    struct rng rng = rng_of(3);
    uint8_t *block = malloc(BIG);
    assert_non_null(block);
    random_bytes(&rng, block, BIG);
    for (int round = 0; round < 60; round++) {
        size_t offset = rng_below(&rng, 64);
        size_t len = rng_below(&rng, BIG - 64);
        for (size_t i = 0; i < n; i++) {
            check(ops[i], block + offset, len, rng_below(&rng, 64));
        }
    }
    free(block);
}

static void carries_are_never_lost(void **state)
{
    (void)state;
    const struct csum_ops *ops[3];
    size_t n = available(ops);
    uint8_t *block = malloc(BIG);
    assert_non_null(block);
    memset(block, 0xff, BIG);
    for (size_t i = 0; i < n; i++) {
        check(ops[i], block, BIG, 0);
        check(ops[i], block, BIG - 1, 1);
        check(ops[i], block + 1, 65535, 0);
    }
    free(block);
}

static void zeros_alone_sum_to_zero(void **state)
{
    (void)state;
    const struct csum_ops *ops[3];
    size_t n = available(ops);
    uint8_t *block = calloc(1, 4096);
    assert_non_null(block);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ops[i]->sum(block, 4096), 0);
    }
    /* 0x0001 and 0xfffe make "minus zero", which is not the same as nothing. */
    block[1] = 0x01;
    block[100] = 0xff;
    block[101] = 0xfe;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ops[i]->sum(block, 4096), 0xffff);
    }
    free(block);
}

/* The wide ones read under a mask at the end; the page behind must not matter. */
static void nothing_is_read_or_written_beyond_the_last_page(void **state)
{
    (void)state;
    const struct csum_ops *ops[3];
    size_t n = available(ops);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    memset(pages, 0x5a, page);
    uint8_t copy[512];
    for (size_t len = 0; len < sizeof copy; len++) {
        uint8_t *p = pages + page - len;
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(ops[i]->sum(p, len), expected_sum(p, len));
            assert_int_equal(ops[i]->copy(copy, p, len), expected_sum(p, len));
            assert_int_equal(ops[i]->copy(p, copy, len), expected_sum(copy, len));
        }
    }
    assert_int_equal(munmap(pages, 2 * page), 0);
}

static void a_sum_in_two_parts_is_the_sum_of_the_whole(void **state)
{
    (void)state;
    struct rng rng = rng_of(4);
    uint8_t block[300];
    random_bytes(&rng, block, sizeof block);
    for (size_t cut = 0; cut <= sizeof block; cut++) {
        uint32_t whole = csum_small(block, sizeof block);
        uint32_t front = csum_small(block, cut);
        uint32_t back = csum_small(block + cut, sizeof block - cut);
        assert_int_equal(csum_combine(front, back, cut % 2 != 0), whole);
    }
}

/* RFC 1071 3's own example. */
static void the_rfcs_example_comes_out(void **state)
{
    (void)state;
    static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    uint8_t field[2] = {0, 0};
    csum_store_partial(field, csum_small(example, sizeof example));
    assert_int_equal(get_be16(field), 0xddf2);
    csum_store(field, csum_small(example, sizeof example));
    assert_int_equal(get_be16(field), 0x220d);
    assert_true(csum_is_valid(csum_small(example, sizeof example) + csum_load(field)));
    assert_false(csum_is_valid(csum_small(example, sizeof example) + csum_load(field) + 1));
}

/* What headers are summed by: words added with their carries, wherever they lie. */
static void carries_of_headers_are_added_along(void **state)
{
    (void)state;
    struct rng rng = rng_of(78);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t bytes[40], *p = bytes + round % 8;
        uint64_t word[4];
        random_bytes(&rng, bytes, sizeof bytes);
        if (round % 3 == 0)
            memset(bytes, 0xff, sizeof bytes);
        memcpy(word, p, sizeof word);
        uint32_t two = csum_small(p, 16), three = csum_small(p, 24), four = csum_small(p, 32);
        uint64_t before = csum_load(bytes);
        assert_int_equal(csum_fold(csum_add(word[0], word[1])), two);
        assert_int_equal(csum_fold(csum_add_2(word[0], word[1], word[2])), three);
        assert_int_equal(csum_fold(csum_add_3(word[0], word[1], word[2], word[3])), four);
        assert_int_equal(csum_fold(csum_more_32(before, p)), csum_fold(before + four));
        assert_int_equal(csum_fold(csum_more_20(before, p)), csum_fold(before + csum_small(p, 20)));
        assert_int_equal(csum_fold(csum_of_20(p)), csum_small(p, 20));
    }
}

/* Judged without folding: as RFC 1071 judges what is folded, and bytes that are all 0 are wrong. */
static void a_sum_is_right_when_it_folds_to_minus_zero(void **state)
{
    struct rng rng = rng_of(77);
    const uint64_t wide[] = {0xffff, 0x1fffe, 0xffffffff, UINT64_MAX, UINT64_MAX - 0xffff};
    (void)state;
    assert_false(csum_is_valid(0));
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        assert_true(csum_is_valid(wide[i]));
        assert_true(csum_is_valid_header(wide[i]));
        assert_false(csum_is_valid(wide[i] - 1));
        assert_false(csum_is_valid_header(wide[i] - 1));
    }
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t sum = rng_u64(&rng) >> i % 48;
        sum -= i % 3 == 0 ? sum % 0xffff : 0;
        assert_int_equal(csum_is_valid(sum), csum_fold(sum) == 0xffff);
    }
}

static void a_pseudo_header_is_summed_as_if_it_were_there(void **state)
{
    (void)state;
    struct rng rng = rng_of(5);
    for (int i = 0; i < 2000; i++) {
        uint8_t pseudo[40];
        random_bytes(&rng, pseudo, sizeof pseudo);
        memset(pseudo + 36, 0, 3);
        struct ciao_addr src;
        struct ciao_addr dst;
        memcpy(src.b, pseudo, 16);
        memcpy(dst.b, pseudo + 16, 16);
        uint32_t sum = csum_pseudo6(&src, &dst, pseudo[39], get_be32(pseudo + 32));
        assert_int_equal(sum, expected_sum(pseudo, 40));
        assert_int_equal(csum_pseudo(&src, &dst, pseudo[39], get_be32(pseudo + 32)), sum);

        uint8_t pseudo4[12];
        random_bytes(&rng, pseudo4, sizeof pseudo4);
        pseudo4[8] = 0;
        src = ip_addr_v4(get_be32(pseudo4));
        dst = ip_addr_v4(get_be32(pseudo4 + 4));
        sum = csum_pseudo4(ip_v4(&src), ip_v4(&dst), pseudo4[9], get_be16(pseudo4 + 10));
        assert_int_equal(sum, expected_sum(pseudo4, 12));
        assert_int_equal(csum_pseudo(&src, &dst, pseudo4[9], get_be16(pseudo4 + 10)), sum);
    }
}

static void the_processor_decides_which_is_used(void **state)
{
    (void)state;
    assert_string_equal(csum_ops_for(CIAO_CPU_BASELINE)->name, "portable");
#if defined(__x86_64__)
    assert_string_equal(csum_ops_for(CIAO_CPU_AVX2)->name, "avx2");
    assert_string_equal(csum_ops_for(CIAO_CPU_AVX2 | CIAO_CPU_AVX512BW)->name, "avx512");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_agree_at_every_alignment_and_short_length),
        cmocka_unit_test(all_agree_on_long_random_bytes),
        cmocka_unit_test(carries_are_never_lost),
        cmocka_unit_test(zeros_alone_sum_to_zero),
        cmocka_unit_test(nothing_is_read_or_written_beyond_the_last_page),
        cmocka_unit_test(a_sum_in_two_parts_is_the_sum_of_the_whole),
        cmocka_unit_test(the_rfcs_example_comes_out),
        cmocka_unit_test(carries_of_headers_are_added_along),
        cmocka_unit_test(a_sum_is_right_when_it_folds_to_minus_zero),
        cmocka_unit_test(a_pseudo_header_is_summed_as_if_it_were_there),
        cmocka_unit_test(the_processor_decides_which_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
