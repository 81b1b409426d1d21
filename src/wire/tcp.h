/*
 * TCP headers and their options [RFC9293 3.1, 3.2], [RFC7323], [RFC2018].
 *
 * Not for checksums (checksum.h) and not for what any field means to a connection.  An option that
 * only a SYN may carry is not reported from other segments, so that it cannot be obeyed there.
 */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "wire/fault.h"

#define TCP_HEADER_LEN      20u
#define TCP_HEADER_MAX      60u
#define TCP_CHECKSUM_OFFSET 16u
#define TCP_SACK_MAX        4u
#define TCP_WSCALE_MAX      14u /* a larger shift means 14 [RFC7323 2.3] */

#define TCP_FIN   1u
#define TCP_SYN   2u
#define TCP_RST   4u
#define TCP_PSH   8u
#define TCP_ACK   16u
#define TCP_URG   32u
#define TCP_ECE   64u
#define TCP_CWR   128u
#define TCP_AE    256u /* the lowest of the reserved bits, for accurate ECN */
#define TCP_FLAGS 511u

#define TCP_OPTION_END            0u
#define TCP_OPTION_NOP            1u
#define TCP_OPTION_MSS            2u
#define TCP_OPTION_WSCALE         3u
#define TCP_OPTION_SACK_PERMITTED 4u
#define TCP_OPTION_SACK           5u
#define TCP_OPTION_TIMESTAMPS     8u

struct tcp_sack {
    uint32_t start; /* first byte that arrived */
    uint32_t end;   /* one behind the last */
};

struct tcp_options {
    bool has_mss;        /* SYN only */
    bool has_wscale;     /* SYN only */
    bool sack_permitted; /* SYN only */
    bool has_ts;
    uint8_t wscale;
    uint8_t n_sack; /* not on a SYN */
    uint16_t mss;
    uint32_t ts_val, ts_ecr;
    struct tcp_sack sack[TCP_SACK_MAX]; /* the first n_sack are defined */
};

struct tcp_header {
    uint16_t sport, dport;
    uint32_t seq, ack;
    uint16_t flags;
    uint16_t wnd; /* as on the wire, not scaled [RFC9293 3.1 MUST-1] */
    uint16_t urp;
    uint8_t header_len; /* emit ignores it */
    struct tcp_options opt;
};

/*
 * Read the header of the segment at p.
 *
 *   len  bytes of the whole segment, or at least of its header
 *
 * The payload begins header_len behind p.
 */
enum wire_fault tcp_parse(const uint8_t *p, size_t len, struct tcp_header *tcp);

/* NOP, NOP, timestamps: the aligned form in which nearly every segment carries them. */
#define TCP_NOP_NOP_TIMESTAMPS 0x0101080au

static inline void tcp_take_timestamps(const uint8_t *p, struct tcp_options *opt)
{
    opt->has_ts = true;
    opt->ts_val = get_be32(p);
    opt->ts_ecr = get_be32(p + 4);
}

/*
 * The same for a header that is there whole, in the caller's code.  False: all but the options has
 * been read, and there are others than timestamps in that form.
 */
static inline bool tcp_parse_usual(const uint8_t *p, size_t header_len, struct tcp_header *tcp)
{
    tcp->sport = get_be16(p);
    tcp->dport = get_be16(p + 2);
    tcp->seq = get_be32(p + 4);
    tcp->ack = get_be32(p + 8);
    tcp->header_len = (uint8_t)header_len;
    tcp->flags = get_be16(p + 12) & TCP_FLAGS;
    tcp->wnd = get_be16(p + 14);
    tcp->urp = get_be16(p + 18);
    __builtin_memset(&tcp->opt, 0, offsetof(struct tcp_options, sack));
    if (header_len == TCP_HEADER_LEN)
        return true;
    if (header_len != TCP_HEADER_LEN + 12 || get_be32(p + 20) != TCP_NOP_NOP_TIMESTAMPS)
        return false;
    tcp_take_timestamps(p + 24, &tcp->opt);
    return true;
}

/* The options of a SYN that has them all, as Linux lays them out, where tcp_parse_usual() has said
 * false; false: they are others, and none has been read. */
bool tcp_parse_usual_syn(const uint8_t *p, size_t header_len, struct tcp_header *tcp);

/* How many bytes tcp_emit() would write. */
size_t tcp_emit_len(const struct tcp_header *tcp);

/*
 * Write the header, checksum field 0, and return its length, a multiple of 4.
 *
 * Options are laid out as Linux does, the timestamps aligned.  Of the SACK blocks as many as fit
 * are written (4, or 3 beside timestamps); on a SYN none.
 */
size_t tcp_emit(const struct tcp_header *tcp, uint8_t *out);

#endif
