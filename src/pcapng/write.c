/*
 * Writes pcapng blocks; see pcapng.h.
 *
 * A block is written front to back, and its length, which stands at both ends, filled in last.
 */
#include <string.h>

#include "pcapng/pcapng.h"

#define BLOCK_SECTION    0x0a0d0d0au
#define BLOCK_INTERFACE  1u
#define BLOCK_STATISTICS 5u
#define BLOCK_PACKET     6u

#define OPT_APPLICATION 4 /* shb_userappl */
#define OPT_NAME        2 /* if_name */
#define OPT_RESOLUTION  9 /* if_tsresol */
#define OPT_FLAGS       2 /* epb_flags */
#define OPT_RECEIVED    4 /* isb_ifrecv */
#define OPT_DROPPED     5 /* isb_ifdrop */

#define MICROSECONDS 6 /* if_tsresol: 10^-6 s, also the default */

struct block {
    uint8_t *out;
    size_t room, len;
    bool full;
};

static void put(struct block *block, const void *bytes, size_t len)
{
    size_t padded = (len + 3) & ~(size_t)3;

    if (block->full || padded < len || padded > block->room - block->len) {
        block->full = true;
        return;
    }
    if (len)
        memcpy(block->out + block->len, bytes, len);
    memset(block->out + block->len + len, 0, padded - len);
    block->len += padded;
}

static void put_32(struct block *block, uint32_t value)
{
    put(block, &value, sizeof value);
}

/* Times are two words, the upper one first, in either byte order. */
static void put_time(struct block *block, uint64_t time)
{
    put_32(block, (uint32_t)(time >> 32));
    put_32(block, (uint32_t)time);
}

static void put_option(struct block *block, uint16_t code, const void *value, uint16_t len)
{
    uint16_t head[2] = {code, len};

    put(block, head, sizeof head);
    put(block, value, len);
}

static void put_text(struct block *block, uint16_t code, const char *text)
{
    size_t len = strlen(text);

    put_option(block, code, text, (uint16_t)(len < UINT16_MAX ? len : UINT16_MAX));
}

static void put_options(struct block *block, const struct pcapng_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_option(block, options[i].code, options[i].value, options[i].len);
    put_option(block, PCAPNG_OPT_END, NULL, 0);
}

static struct block begin(uint8_t *out, size_t room, uint32_t type)
{
    struct block block = {.out = out, .room = room};

    put_32(&block, type);
    put_32(&block, 0);
    return block;
}

static size_t end(struct block *block)
{
    uint32_t total = (uint32_t)(block->len + 4);

    put_32(block, total);
    if (block->full)
        return 0;
    memcpy(block->out + 4, &total, sizeof total);
    return block->len;
}

size_t pcapng_put_section(uint8_t *out, size_t room, const char *application)
{
    struct block block = begin(out, room, BLOCK_SECTION);
    const uint16_t version[2] = {1, 0};
    const int64_t unknown_length = -1;

    put_32(&block, 0x1a2b3c4d);
    put(&block, version, sizeof version);
    put(&block, &unknown_length, sizeof unknown_length);
    put_text(&block, OPT_APPLICATION, application);
    put_options(&block, NULL, 0);
    return end(&block);
}

size_t pcapng_put_interface(uint8_t *out, size_t room, uint16_t link_type, const char *name)
{
    struct block block = begin(out, room, BLOCK_INTERFACE);
    const uint16_t type_and_reserved[2] = {link_type, 0};
    const uint8_t resolution = MICROSECONDS;

    put(&block, type_and_reserved, sizeof type_and_reserved);
    put_32(&block, 0); /* no limit to a packet's length */
    put_text(&block, OPT_NAME, name);
    put_option(&block, OPT_RESOLUTION, &resolution, 1);
    put_options(&block, NULL, 0);
    return end(&block);
}

size_t pcapng_put_packet(uint8_t *out, size_t room, const struct pcapng_packet *packet,
                         const struct pcapng_option *options, size_t n_options)
{
    struct block block = begin(out, room, BLOCK_PACKET);

    put_32(&block, packet->interface);
    put_time(&block, packet->time_us);
    put_32(&block, packet->len);
    put_32(&block, packet->original_len);
    put(&block, packet->bytes, packet->len);
    if (packet->flags)
        put_option(&block, OPT_FLAGS, &packet->flags, sizeof packet->flags);
    put_options(&block, options, n_options);
    return end(&block);
}

size_t pcapng_put_statistics(uint8_t *out, size_t room, const struct pcapng_statistics *statistics,
                             const struct pcapng_option *options, size_t n_options)
{
    struct block block = begin(out, room, BLOCK_STATISTICS);

    put_32(&block, statistics->interface);
    put_time(&block, statistics->time_us);
    put_option(&block, OPT_RECEIVED, &statistics->received, sizeof statistics->received);
    put_option(&block, OPT_DROPPED, &statistics->dropped, sizeof statistics->dropped);
    put_options(&block, options, n_options);
    return end(&block);
}
