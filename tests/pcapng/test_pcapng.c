/*
 * What is written can be read, in both byte orders; and whatever is read, nothing breaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pcapng/pcapng.h"

#define FILE_BYTES 4096

struct file {
    uint8_t bytes[FILE_BYTES];
    size_t len;
};

static void add(struct file *file, size_t written)
{
    assert_true(written > 0);
    assert_int_equal(written % 4, 0);
    file->len += written;
}

static const uint8_t data[] = {0x45, 1, 2, 3, 4, 5, 6};

static void add_packet(struct file *file, uint32_t len, uint64_t time_us,
                       const struct pcapng_option *options, size_t n)
{
    const struct pcapng_packet packet = {.len = len,
                                         .original_len = len + 1,
                                         .time_us = time_us,
                                         .flags = PCAPNG_OUTBOUND,
                                         .bytes = data};

    add(file,
        pcapng_put_packet(file->bytes + file->len, FILE_BYTES - file->len, &packet, options, n));
}

static struct file begin_file(uint16_t link_type)
{
    struct file file = {.len = 0};

    add(&file, pcapng_put_section(file.bytes, FILE_BYTES, "ciao test"));
    add(&file,
        pcapng_put_interface(file.bytes + file.len, FILE_BYTES - file.len, link_type, "ciao0"));
    return file;
}

/* A file with one of everything. */
static struct file whole_file(void)
{
    static const char first[] = "SYN-SENT -> ESTABLISHED", second[] = "\xe4\xbd\xa0\xe5\xa5\xbd";
    static const uint8_t custom[] = {0, 0, 0x7e, 0xd8, 9, 8, 7}; /* RFC 5612's number, then bytes */
    const struct pcapng_option options[] = {
        {PCAPNG_OPT_COMMENT, sizeof first - 1, first},
        {PCAPNG_OPT_CUSTOM_BYTES, sizeof custom, custom},
        {PCAPNG_OPT_COMMENT, sizeof second - 1, second},
    };
    struct file file = begin_file(PCAPNG_LINK_RAW);

    for (uint32_t len = 0; len <= sizeof data; len++)
        add_packet(&file, len, 1700000000123456u + len, options, len % 4);
    const struct pcapng_statistics statistics = {.time_us = 5, .received = 1u << 20, .dropped = 3};
    add(&file, pcapng_put_statistics(file.bytes + file.len, FILE_BYTES - file.len, &statistics,
                                     options, 1));
    return file;
}

static void what_is_written_is_read_again(void **state)
{
    struct file file = whole_file();
    struct pcapng_reader reader;
    struct pcapng_block block;
    struct pcapng_option option;
    (void)state;

    pcapng_read(&reader, file.bytes, file.len);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_SECTION);
    assert_true(pcapng_next_option(&block, &option));
    assert_int_equal(option.len, 9);
    assert_memory_equal(option.value, "ciao test", 9);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_INTERFACE);
    assert_int_equal(block.link_type, PCAPNG_LINK_RAW);

    for (uint32_t len = 0; len <= sizeof data; len++) {
        assert_int_equal(pcapng_next(&reader, &block), PCAPNG_PACKET);
        assert_int_equal(block.packet.len, len);
        assert_int_equal(block.packet.original_len, len + 1);
        assert_true(block.packet.time_us == 1700000000123456u + len);
        assert_int_equal(block.packet.flags, PCAPNG_OUTBOUND);
        assert_int_equal(block.link_type, PCAPNG_LINK_RAW);
        assert_memory_equal(block.packet.bytes, data, len);
        assert_true(pcapng_next_option(&block, &option)); /* the flags */
        for (uint32_t i = 0; i < len % 4; i++) {
            assert_true(pcapng_next_option(&block, &option));
            assert_int_equal(option.code, i == 1 ? PCAPNG_OPT_CUSTOM_BYTES : PCAPNG_OPT_COMMENT);
            assert_int_equal(option.len, i == 0 ? 23 : i == 1 ? 7 : 6);
        }
        assert_false(pcapng_next_option(&block, &option));
    }
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_STATISTICS);
    assert_true(block.statistics.received == 1u << 20);
    assert_true(block.statistics.dropped == 3);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_END);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_END);
}

static void turn_words(uint8_t *at, size_t bytes, size_t width)
{
    for (size_t i = 0; i < bytes; i += width) {
        for (size_t j = 0; j < width / 2; j++) {
            uint8_t spare = at[i + j];
            at[i + j] = at[i + width - 1 - j];
            at[i + width - 1 - j] = spare;
        }
    }
}

/* The other byte order, made by hand: one packet with a comment. */
static void the_other_byte_order_is_read_too(void **state)
{
    const struct pcapng_option comment = {PCAPNG_OPT_COMMENT, 4, "ciao"};
    struct file file = {.len = 0};
    struct pcapng_reader reader;
    struct pcapng_block block;
    struct pcapng_option option;
    (void)state;

    add(&file, pcapng_put_section(file.bytes, FILE_BYTES, "1234"));
    turn_words(file.bytes, 12, 4);
    turn_words(file.bytes + 12, 4, 2);
    turn_words(file.bytes + 16, 8, 8);
    turn_words(file.bytes + 24, 4, 2); /* the option's code and length */
    turn_words(file.bytes + 36, 4, 4); /* after its text and the end of options: the length */
    size_t at = file.len;
    add(&file,
        pcapng_put_interface(file.bytes + at, FILE_BYTES - at, PCAPNG_LINK_ETHERNET, "1234"));
    turn_words(file.bytes + at, 8, 4);
    turn_words(file.bytes + at + 8, 4, 2);
    turn_words(file.bytes + at + 16, 4, 2);
    turn_words(file.bytes + at + 24, 4, 2); /* if_tsresol, one byte */
    turn_words(file.bytes + file.len - 4, 4, 4);
    at = file.len;
    add_packet(&file, 4, 1700000000123456u, &comment, 1);
    turn_words(file.bytes + at, 28, 4);
    turn_words(file.bytes + at + 32, 4, 2); /* flags */
    turn_words(file.bytes + at + 36, 4, 4);
    turn_words(file.bytes + at + 40, 4, 2); /* comment */
    turn_words(file.bytes + file.len - 4, 4, 4);

    pcapng_read(&reader, file.bytes, file.len);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_SECTION);
    assert_true(block.swapped);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_INTERFACE);
    assert_int_equal(block.link_type, PCAPNG_LINK_ETHERNET);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_PACKET);
    assert_int_equal(block.packet.len, 4);
    assert_true(block.packet.time_us == 1700000000123456u);
    assert_int_equal(block.packet.flags, PCAPNG_OUTBOUND);
    assert_true(pcapng_next_option(&block, &option));
    assert_true(pcapng_next_option(&block, &option));
    assert_int_equal(option.code, PCAPNG_OPT_COMMENT);
    assert_memory_equal(option.value, "ciao", 4);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_END);
}

/* Time units are an option of the interface: put one in the place of our microseconds. */
static void other_units_of_time_become_microseconds(void **state)
{
    static const struct {
        uint8_t resolution;
        uint64_t time, us;
    } rows[] = {
        {0, 3, 3000000},    /* seconds */
        {3, 1234, 1234000}, /* milliseconds */
        {9, 1700000000123456789u, 1700000000123456u},
        {0x80 | 10, 1024 + 512, 1500000}, /* 1/1024 s */
        {0x80 | 20, 3 << 19, 1500000},
        {0x80 | 63, UINT64_MAX, 1000000},
        {0x7f, UINT64_MAX, 0}, /* finer than anything */
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct file file = begin_file(PCAPNG_LINK_RAW);
        struct pcapng_reader reader;
        struct pcapng_block block;
        file.bytes[file.len - 12] = rows[i].resolution; /* before the end of options and length */
        add_packet(&file, 4, rows[i].time, NULL, 0);
        pcapng_read(&reader, file.bytes, file.len);
        assert_int_equal(pcapng_next(&reader, &block), PCAPNG_SECTION);
        assert_int_equal(pcapng_next(&reader, &block), PCAPNG_INTERFACE);
        assert_int_equal(pcapng_next(&reader, &block), PCAPNG_PACKET);
        assert_true(block.packet.time_us == rows[i].us);
    }
}

static void what_does_not_fit_is_not_written(void **state)
{
    struct file file = whole_file();
    uint8_t *small;
    (void)state;

    for (size_t room = 0; room < 200; room++) {
        small = malloc(room + 1); /* exact, so that the sanitizer sees every step too far */
        size_t n = pcapng_put_section(small, room, "an application");
        assert_true(n <= room);
        const struct pcapng_packet packet = {.len = sizeof data, .bytes = data};
        const struct pcapng_option comment = {PCAPNG_OPT_COMMENT, 5, "hello"};
        n = pcapng_put_packet(small, room, &packet, &comment, 1);
        assert_true(n <= room);
        assert_int_equal(n > 0, room >= 56);
        free(small);
    }
    assert_true(file.len < FILE_BYTES);
}

/* Read everything that there is to read; returns how many blocks. */
static unsigned read_all(const uint8_t *bytes, size_t len)
{
    struct pcapng_reader reader;
    struct pcapng_block block;
    struct pcapng_option option;
    unsigned blocks = 0, touched = 0;

    pcapng_read(&reader, bytes, len);
    while (pcapng_next(&reader, &block) != PCAPNG_END) {
        blocks++;
        assert_true(blocks <= len / 12 + 1);
        if (block.type == PCAPNG_FAULT)
            assert_non_null(block.fault);
        if (block.type == PCAPNG_PACKET)
            for (uint32_t i = 0; i < block.packet.len; i++)
                touched += block.packet.bytes[i];
        while (pcapng_next_option(&block, &option))
            for (uint32_t i = 0; i < option.len; i++)
                touched += ((const uint8_t *)option.value)[i];
    }
    return blocks + (touched & 0);
}

static void a_file_cut_anywhere_is_read_up_to_there(void **state)
{
    struct file file = whole_file();
    (void)state;

    unsigned most = 0;
    for (size_t len = 0; len <= file.len; len++) {
        uint8_t *exact = malloc(len + !len);
        memcpy(exact, file.bytes, len);
        unsigned blocks = read_all(exact, len);
        assert_true(blocks + 1 >= most);
        if (blocks > most)
            most = blocks;
        free(exact);
    }
    assert_int_equal(most, 11);
}

static void garbage_does_no_harm(void **state)
{
    struct file file = whole_file();
    uint64_t random = 12345;
    (void)state;

    for (unsigned round = 0; round < 30000; round++) {
        uint8_t *exact = malloc(file.len);
        memcpy(exact, file.bytes, file.len);
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned changes = 1 + (unsigned)(random >> 33) % 8;
        for (unsigned i = 0; i < changes; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            size_t at = (size_t)(random >> 33) % file.len;
            uint8_t extreme[] = {0, 0xff, 0x7f, (uint8_t)(random >> 20)};
            exact[at] = extreme[(random >> 29) % 4];
        }
        assert_true(read_all(exact, file.len) > 0);
        free(exact);
    }
    for (unsigned len = 0; len < 2000; len++) {
        uint8_t *noise = malloc(len + !len);
        for (unsigned i = 0; i < len; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            noise[i] = (uint8_t)(random >> 33);
        }
        assert_true(read_all(noise, len) <= 1);
        free(noise);
    }
}

static void each_fault_has_its_sentence(void **state)
{
    struct file file = begin_file(PCAPNG_LINK_RAW);
    struct pcapng_reader reader;
    struct pcapng_block block;
    (void)state;

    pcapng_read(&reader, "\x45\0\0\0\0\0\0\0\0\0\0\0", 12);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_FAULT);
    assert_string_equal(block.fault, "this is no pcapng file: it begins with no section header");

    size_t at = file.len;
    add_packet(&file, 4, 1, NULL, 0);
    file.bytes[at + 8] = 1; /* interface 1 */
    size_t next = file.len;
    add_packet(&file, 4, 1, NULL, 0);
    file.bytes[next + 20] = 200; /* longer than its block */
    add_packet(&file, 4, 1, NULL, 0);
    file.bytes[file.len - 4]++; /* the length behind */

    pcapng_read(&reader, file.bytes, file.len);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_SECTION);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_INTERFACE);
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_FAULT);
    assert_string_equal(block.fault, "a packet names an interface that was not described");
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_FAULT);
    assert_string_equal(block.fault, "a packet is longer than its block");
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_FAULT);
    assert_string_equal(block.fault, "a block's two lengths differ");
    assert_int_equal(pcapng_next(&reader, &block), PCAPNG_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(the_other_byte_order_is_read_too),
        cmocka_unit_test(other_units_of_time_become_microseconds),
        cmocka_unit_test(what_does_not_fit_is_not_written),
        cmocka_unit_test(a_file_cut_anywhere_is_read_up_to_there),
        cmocka_unit_test(garbage_does_no_harm),
        cmocka_unit_test(each_fault_has_its_sentence),
    };
    return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
