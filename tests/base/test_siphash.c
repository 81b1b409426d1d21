/*
 * SipHash against its authors' vectors, and the fast versions against the general one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/siphash.h"

static const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

/* Key 00 01 .. 0f, message 00 01 .. of length 0 to 15: the reference implementation's vectors. */
static void sip_2_4_gives_its_authors_vectors(void **state)
{
    (void)state;
    static const uint64_t expected[16] = {
        UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd), UINT64_C(0x0d6c8009d9a94f5a),
        UINT64_C(0x85676696d7fb7e2d), UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
        UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137), UINT64_C(0x93f5f5799a932462),
        UINT64_C(0x9e0082df0ba9e4b0), UINT64_C(0x7a5dbbc594ddb9f3), UINT64_C(0xf4b32f46226bada7),
        UINT64_C(0x751e8fbc860ee5fb), UINT64_C(0x14ea5627c0843d90), UINT64_C(0xf723ca908e7af2ee),
        UINT64_C(0xa129ca6149be45e5),
    };
    uint8_t message[16];
    for (uint8_t i = 0; i < 16; i++) {
        message[i] = i;
        assert_true(siphash24(key, message, i) == expected[i]);
    }
}

static void words_hash_as_their_bytes_do(void **state)
{
    (void)state;
    uint64_t words[9];
    uint8_t bytes[sizeof words + 1];
    for (size_t i = 0; i < 9; i++) {
        words[i] = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
        put_le64(bytes + 1 + 8 * i, words[i]);
    }
    for (size_t n = 0; n <= 9; n++) {
        assert_true(siphash13_u64s(key, words, n) == siphash13(key, bytes + 1, n * 8));
        assert_true(siphash24_u64s(key, words, n) == siphash24(key, bytes + 1, n * 8));
    }
    assert_true(siphash13_2w(key, words[3], words[4]) == siphash13(key, bytes + 1 + 24, 16));
    assert_true(siphash24_12(key, words[3], (uint32_t)words[4])
                == siphash24(key, bytes + 1 + 24, 12));
    struct siphash begun = siphash_begin(key);
    for (size_t i = 0; i < 4; i++)
        siphash_word(&begun, words[i], 2);
    assert_true(siphash24_rest(begun, UINT64_C(36) << 56 | (uint32_t)words[4])
                == siphash24(key, bytes + 1, 36));
}

static void every_bit_of_key_and_message_counts(void **state)
{
    (void)state;
    uint64_t same = siphash13_2w(key, 1, 2);
    for (uint32_t bit = 0; bit < 64; bit++) {
        uint64_t flip = UINT64_C(1) << bit;
        const uint64_t low[2] = {key[0] ^ flip, key[1]};
        const uint64_t high[2] = {key[0], key[1] ^ flip};
        assert_true(siphash13_2w(key, 1 ^ flip, 2) != same);
        assert_true(siphash13_2w(key, 1, 2 ^ flip) != same);
        assert_true(siphash13_2w(low, 1, 2) != same);
        assert_true(siphash13_2w(high, 1, 2) != same);
    }
}

static void one_and_three_rounds_are_another_function_than_two_and_four(void **state)
{
    (void)state;
    assert_true(siphash13(key, "ciao", 4) != siphash24(key, "ciao", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sip_2_4_gives_its_authors_vectors),
        cmocka_unit_test(words_hash_as_their_bytes_do),
        cmocka_unit_test(every_bit_of_key_and_message_counts),
        cmocka_unit_test(one_and_three_rounds_are_another_function_than_two_and_four),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
