/*
 * The blocks of a pcapng file: written into bytes, read out of bytes.
 *
 * For the blocks that ciao makes itself: section, interface, packets with comments, statistics;
 * libpcap reads other people's formats.  It opens no file: the caller has the bytes, which may be
 * garbage.  Follows draft-ietf-opsawg-pcapng (3 general structure, 4 blocks), both byte orders.
 */
#ifndef PCAPNG_PCAPNG_H
#define PCAPNG_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCAPNG_LINK_ETHERNET 1
#define PCAPNG_LINK_RAW      101 /* IPv4 or IPv6, told apart by their first nibble */

/* Options of any block. */
#define PCAPNG_OPT_END          0
#define PCAPNG_OPT_COMMENT      1
#define PCAPNG_OPT_CUSTOM_TEXT  2988 /* a private enterprise number, then UTF-8 */
#define PCAPNG_OPT_CUSTOM_BYTES 2989 /* the same, then bytes */

/* Bits of a packet's flags. */
#define PCAPNG_INBOUND   1u
#define PCAPNG_OUTBOUND  2u
#define PCAPNG_DIRECTION 3u

struct pcapng_option {
    uint16_t code;
    uint16_t len;
    const void *value; /* not zero-terminated */
};

/* ---- writing ---- */

/*
 * Each call writes one block of this machine's byte order, times in microseconds.  Returns its
 * bytes, a multiple of 4, or 0 when `room` is too small (nothing useful was written then).
 */
size_t pcapng_put_section(uint8_t *out, size_t room, const char *application);

size_t pcapng_put_interface(uint8_t *out, size_t room, uint16_t link_type, const char *name);

struct pcapng_packet {
    uint32_t interface;
    uint32_t len;          /* bytes that are here */
    uint32_t original_len; /* bytes that there were */
    uint32_t flags;        /* PCAPNG_INBOUND ...; 0: not said */
    uint64_t time_us;
    const uint8_t *bytes;
};
size_t pcapng_put_packet(uint8_t *out, size_t room, const struct pcapng_packet *packet,
                         const struct pcapng_option *options, size_t n_options);

struct pcapng_statistics {
    uint32_t interface;
    uint64_t time_us;
    uint64_t received; /* packets that the interface saw */
    uint64_t dropped;  /* packets that are missing in the file */
};
size_t pcapng_put_statistics(uint8_t *out, size_t room, const struct pcapng_statistics *statistics,
                             const struct pcapng_option *options, size_t n_options);

/* ---- reading ---- */

#define PCAPNG_INTERFACES 64 /* of a section; packets of further ones are reported as faults */

enum pcapng_type {
    PCAPNG_END,   /* no more bytes */
    PCAPNG_FAULT, /* what follows cannot be understood; .fault says why */
    PCAPNG_SECTION,
    PCAPNG_INTERFACE,
    PCAPNG_PACKET, /* enhanced, or simple (whose time is 0) */
    PCAPNG_STATISTICS,
    PCAPNG_OTHER /* a block of another type, skipped */
};

struct pcapng_block {
    enum pcapng_type type;
    const char *fault;           /* a static sentence */
    struct pcapng_packet packet; /* PCAPNG_PACKET; its bytes lie in the reader's */
    struct pcapng_statistics statistics;
    uint16_t link_type;     /* PCAPNG_INTERFACE, PCAPNG_PACKET: of its interface */
    const uint8_t *options; /* for pcapng_next_option() */
    size_t options_len;
    bool swapped; /* the file's byte order is not this machine's */
};

struct pcapng_reader {
    const uint8_t *bytes;
    size_t len, at;
    bool swapped, in_section;
    uint32_t interfaces;
    struct {
        uint16_t link_type;
        uint8_t resolution; /* if_tsresol */
        int64_t offset_s;   /* if_tsoffset */
    } interface[PCAPNG_INTERFACES];
};

/* The bytes stay the caller's and must outlive every block that was read. */
void pcapng_read(struct pcapng_reader *reader, const void *bytes, size_t len);

/* The next block.  After a fault in a block that has a sane length, reading may go on. */
enum pcapng_type pcapng_next(struct pcapng_reader *reader, struct pcapng_block *block);

/* The next option of a block; false at the end, or where options make no sense any longer. */
bool pcapng_next_option(struct pcapng_block *block, struct pcapng_option *option);

#endif
