/*
 * Reads pcapng blocks out of bytes that nobody has checked; see pcapng.h.
 *
 * No length of the file is believed before it was compared with what is there.  `swapped` is set
 * by each section header and holds until the next.
 */
#include <string.h>

#include "pcapng/pcapng.h"

#define BLOCK_SECTION    0x0a0d0d0au
#define BLOCK_INTERFACE  1u
#define BLOCK_SIMPLE     3u
#define BLOCK_STATISTICS 5u
#define BLOCK_PACKET     6u

#define OPT_RESOLUTION 9
#define OPT_OFFSET     14
#define OPT_FLAGS      2
#define OPT_RECEIVED   4
#define OPT_DROPPED    5

#define MAGIC        0x1a2b3c4du
#define MICROSECONDS 6
#define FRAMING      12 /* type and length in front, length behind */

static uint16_t get_16(const uint8_t *at, bool swapped)
{
    uint16_t value;

    memcpy(&value, at, sizeof value);
    return swapped ? __builtin_bswap16(value) : value;
}

static uint32_t get_32(const uint8_t *at, bool swapped)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return swapped ? __builtin_bswap32(value) : value;
}

static uint64_t get_64(const uint8_t *at, bool swapped)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return swapped ? __builtin_bswap64(value) : value;
}

/* A time: two words, the upper one first. */
static uint64_t get_time(const uint8_t *at, bool swapped)
{
    return (uint64_t)get_32(at, swapped) << 32 | get_32(at + 4, swapped);
}

static enum pcapng_type fault(struct pcapng_block *block, const char *sentence)
{
    block->type = PCAPNG_FAULT;
    block->fault = sentence;
    return PCAPNG_FAULT;
}

void pcapng_read(struct pcapng_reader *reader, const void *bytes, size_t len)
{
    memset(reader, 0, sizeof *reader);
    reader->bytes = bytes;
    reader->len = len;
}

bool pcapng_next_option(struct pcapng_block *block, struct pcapng_option *option)
{
    if (block->options_len < 4)
        return false;
    option->code = get_16(block->options, block->swapped);
    option->len = get_16(block->options + 2, block->swapped);
    option->value = block->options + 4;

    size_t whole = 4 + (((size_t)option->len + 3) & ~(size_t)3);
    if (option->code == PCAPNG_OPT_END || whole > block->options_len)
        return false;
    block->options += whole;
    block->options_len -= whole;
    return true;
}

/* Units of `resolution` to microseconds; what does not fit ends at the largest. */
static uint64_t to_us(uint64_t time, uint8_t resolution, int64_t offset_s)
{
    unsigned exponent = resolution & 0x7f;
    uint64_t us = 0;

    if (resolution & 0x80) {
        us = exponent > 63 ? 0 : (time >> exponent) * 1000000;
        if (exponent > 0 && exponent <= 44)
            us += ((time & (((uint64_t)1 << exponent) - 1)) * 1000000) >> exponent;
    } else {
        us = time;
        for (; exponent < MICROSECONDS; exponent++)
            us = us > UINT64_MAX / 10 ? UINT64_MAX : us * 10;
        for (; exponent > MICROSECONDS && us > 0; exponent--)
            us /= 10;
    }
    return us + (uint64_t)offset_s * 1000000;
}

static void set_options(struct pcapng_block *block, const uint8_t *options, const uint8_t *end)
{
    block->options = options;
    block->options_len = (size_t)(end - options);
}

static enum pcapng_type read_interface(struct pcapng_reader *reader, struct pcapng_block *block,
                                       const uint8_t *body, size_t len)
{
    uint32_t number = reader->interfaces;

    if (len < 8)
        return fault(block, "an interface block is too short for its fields");
    if (number == PCAPNG_INTERFACES)
        return fault(block, "more interfaces than this reader keeps");
    reader->interfaces++;
    block->link_type = get_16(body, reader->swapped);
    reader->interface[number].link_type = block->link_type;
    reader->interface[number].resolution = MICROSECONDS;
    reader->interface[number].offset_s = 0;
    set_options(block, body + 8, body + len);

    struct pcapng_block options = *block;
    struct pcapng_option option;
    while (pcapng_next_option(&options, &option)) {
        const uint8_t *value = option.value;
        if (option.code == OPT_RESOLUTION && option.len == 1)
            reader->interface[number].resolution = value[0];
        if (option.code == OPT_OFFSET && option.len == 8)
            reader->interface[number].offset_s = (int64_t)get_64(value, reader->swapped);
    }
    return block->type = PCAPNG_INTERFACE;
}

static void read_flags(struct pcapng_block *block)
{
    struct pcapng_block options = *block;
    struct pcapng_option option;

    while (pcapng_next_option(&options, &option))
        if (option.code == OPT_FLAGS && option.len == 4)
            block->packet.flags = get_32(option.value, block->swapped);
}

static enum pcapng_type read_packet(struct pcapng_reader *reader, struct pcapng_block *block,
                                    const uint8_t *body, size_t len)
{
    struct pcapng_packet *packet = &block->packet;

    if (len < 20)
        return fault(block, "a packet block is too short for its fields");
    packet->interface = get_32(body, reader->swapped);
    packet->len = get_32(body + 12, reader->swapped);
    packet->original_len = get_32(body + 16, reader->swapped);
    packet->bytes = body + 20;
    if (packet->interface >= reader->interfaces)
        return fault(block, "a packet names an interface that was not described");

    uint64_t padded = ((uint64_t)packet->len + 3) & ~(uint64_t)3;
    if (padded > len - 20)
        return fault(block, "a packet is longer than its block");
    packet->time_us =
        to_us(get_time(body + 4, reader->swapped), reader->interface[packet->interface].resolution,
              reader->interface[packet->interface].offset_s);
    block->link_type = reader->interface[packet->interface].link_type;
    set_options(block, body + 20 + padded, body + len);
    read_flags(block);
    return block->type = PCAPNG_PACKET;
}

/* A simple packet has no time and no options, and belongs to the first interface. */
static enum pcapng_type read_simple(struct pcapng_reader *reader, struct pcapng_block *block,
                                    const uint8_t *body, size_t len)
{
    struct pcapng_packet *packet = &block->packet;

    if (len < 4)
        return fault(block, "a simple packet block is too short for its length");
    if (reader->interfaces == 0)
        return fault(block, "a packet names an interface that was not described");
    packet->original_len = get_32(body, reader->swapped);
    packet->len = packet->original_len < len - 4 ? packet->original_len : (uint32_t)(len - 4);
    packet->bytes = body + 4;
    block->link_type = reader->interface[0].link_type;
    return block->type = PCAPNG_PACKET;
}

static enum pcapng_type read_statistics(struct pcapng_reader *reader, struct pcapng_block *block,
                                        const uint8_t *body, size_t len)
{
    struct pcapng_statistics *statistics = &block->statistics;

    if (len < 12)
        return fault(block, "a statistics block is too short for its fields");
    statistics->interface = get_32(body, reader->swapped);
    if (statistics->interface >= reader->interfaces)
        return fault(block, "statistics name an interface that was not described");
    statistics->time_us = to_us(get_time(body + 4, reader->swapped),
                                reader->interface[statistics->interface].resolution,
                                reader->interface[statistics->interface].offset_s);
    set_options(block, body + 12, body + len);

    struct pcapng_block options = *block;
    struct pcapng_option option;
    while (pcapng_next_option(&options, &option)) {
        if (option.code == OPT_RECEIVED && option.len == 8)
            statistics->received = get_64(option.value, reader->swapped);
        if (option.code == OPT_DROPPED && option.len == 8)
            statistics->dropped = get_64(option.value, reader->swapped);
    }
    return block->type = PCAPNG_STATISTICS;
}

/* The section header says which byte order it is in, and so how long it is. */
static bool begin_section(struct pcapng_reader *reader, const uint8_t *at, size_t left)
{
    uint32_t magic = left < 12 ? 0 : get_32(at + 8, false);

    if (magic != MAGIC && magic != __builtin_bswap32(MAGIC))
        return false;
    reader->swapped = magic != MAGIC;
    reader->in_section = true;
    reader->interfaces = 0;
    return true;
}

static enum pcapng_type read_body(struct pcapng_reader *reader, struct pcapng_block *block,
                                  const uint8_t *at, uint32_t total)
{
    const uint8_t *body = at + 8;
    size_t len = total - FRAMING;

    switch (get_32(at, reader->swapped)) {
    case BLOCK_SECTION:
        if (len < 16)
            return fault(block, "a section header is too short for its fields");
        set_options(block, body + 16, body + len);
        return block->type = PCAPNG_SECTION;
    case BLOCK_INTERFACE: return read_interface(reader, block, body, len);
    case BLOCK_SIMPLE: return read_simple(reader, block, body, len);
    case BLOCK_STATISTICS: return read_statistics(reader, block, body, len);
    case BLOCK_PACKET: return read_packet(reader, block, body, len);
    default: return block->type = PCAPNG_OTHER;
    }
}

enum pcapng_type pcapng_next(struct pcapng_reader *reader, struct pcapng_block *block)
{
    size_t left = reader->len - reader->at;

    memset(block, 0, sizeof *block);
    if (left == 0)
        return block->type = PCAPNG_END;

    const uint8_t *at = reader->bytes + reader->at;
    reader->at = reader->len; /* unless this block's length turns out to be sane */
    if (left < FRAMING)
        return fault(block, "the file ends inside a block");
    if (get_32(at, false) == BLOCK_SECTION && !begin_section(reader, at, left))
        return fault(block, "a section header without its magic number");
    if (!reader->in_section)
        return fault(block, "this is no pcapng file: it begins with no section header");

    uint32_t total = get_32(at + 4, reader->swapped);
    if (total < FRAMING || total % 4 != 0)
        return fault(block, "a block with an impossible length");
    if (total > left)
        return fault(block, "the file ends inside a block");
    if (get_32(at + total - 4, reader->swapped) != total)
        return fault(block, "a block's two lengths differ");
    reader->at = (size_t)(at - reader->bytes) + total;
    block->swapped = reader->swapped;
    return read_body(reader, block, at, total);
}
