/* TCP headers and options: see tcp.h. */
#include "wire/tcp.h"

#include "base/bytes.h"

#define OPTION_MSS_LEN            4u
#define OPTION_WSCALE_LEN         3u
#define OPTION_SACK_PERMITTED_LEN 2u
#define OPTION_TIMESTAMPS_LEN     10u
#define SACK_BLOCK_LEN            8u

/* The usual options of a SYN: MSS, SACK permitted, timestamps, NOP, window scale. */
#define SYN_OPTIONS_LEN           20u
#define SACK_PERMITTED_TIMESTAMPS 0x0402080au
#define NOP_WSCALE                0x010303u

/* The body of a SACK option: n whole blocks, or it is none [RFC2018 3]. */
static void take_sack(const uint8_t *p, size_t body_len, struct tcp_options *opt)
{
    if (body_len % SACK_BLOCK_LEN != 0 || body_len > TCP_SACK_MAX * SACK_BLOCK_LEN) {
        return;
    }
    opt->n_sack = (uint8_t)(body_len / SACK_BLOCK_LEN);
    for (size_t i = 0; i < opt->n_sack; i++) {
        opt->sack[i].start = get_be32(p + i * SACK_BLOCK_LEN);
        opt->sack[i].end = get_be32(p + i * SACK_BLOCK_LEN + 4);
    }
}

/* Options that only a SYN may carry [RFC9293 3.2 MUST-65], [RFC7323 2.2], [RFC2018 2]. */
static void take_syn_option(const uint8_t *option, struct tcp_options *opt)
{
    unsigned kind = option[0];
    unsigned len = option[1];
    if (kind == TCP_OPTION_MSS && len == OPTION_MSS_LEN) {
        opt->has_mss = true;
        opt->mss = get_be16(option + 2);
    } else if (kind == TCP_OPTION_WSCALE && len == OPTION_WSCALE_LEN) {
        opt->has_wscale = true;
        opt->wscale = option[2];
    } else if (kind == TCP_OPTION_SACK_PERMITTED && len == OPTION_SACK_PERMITTED_LEN) {
        opt->sack_permitted = true;
    }
}

/*
 * One option, of legal length.  A known one of a length that is not its own says nothing, AS LINUX;
 * unknown ones are skipped [RFC9293 3.1 MUST-6].
 */
static void take_option(const uint8_t *option, bool syn, struct tcp_options *opt)
{
    if (option[0] == TCP_OPTION_TIMESTAMPS && option[1] == OPTION_TIMESTAMPS_LEN) {
        tcp_take_timestamps(option + 2, opt);
    } else if (syn) {
        take_syn_option(option, opt);
    } else if (option[0] == TCP_OPTION_SACK) {
        take_sack(option + 2, option[1] - 2u, opt);
    }
}

/*
 * The options at p .. end, in any segment [RFC9293 3.1 MUST-4, MUST-5] and at any alignment
 * [RFC9293 3.2 MUST-64].  All but EOL and NOP have a length [RFC9293 3.1 MUST-68]; an illegal one
 * ends the reading [RFC9293 3.1 MUST-7].  What lies behind EOL is padding [RFC9293 3.1 MUST-69].
 */
static enum wire_fault parse_options(const uint8_t *p, const uint8_t *end, bool syn,
                                     struct tcp_options *opt)
{
    while (p < end && *p != TCP_OPTION_END) {
        if (*p == TCP_OPTION_NOP) {
            p++;
            continue;
        }
        if (end - p < 2 || p[1] < 2 || p[1] > end - p) {
            return WIRE_TCP_OPTION_LENGTH;
        }
        take_option(p, syn, opt);
        p += p[1];
    }
    return WIRE_OK;
}

bool tcp_parse_usual_syn(const uint8_t *header, size_t header_len, struct tcp_header *tcp)
{
    const uint8_t *p = header + TCP_HEADER_LEN;
    struct tcp_options *opt = &tcp->opt;
    if (header_len != TCP_HEADER_LEN + SYN_OPTIONS_LEN || !(tcp->flags & TCP_SYN)
        || get_be16(p) != (TCP_OPTION_MSS << 8 | OPTION_MSS_LEN)
        || get_be32(p + 4) != SACK_PERMITTED_TIMESTAMPS || get_be32(p + 16) >> 8 != NOP_WSCALE) {
        return false;
    }
    opt->has_mss = true;
    opt->mss = get_be16(p + 2);
    opt->sack_permitted = true;
    tcp_take_timestamps(p + 8, opt);
    opt->has_wscale = true;
    opt->wscale = p[19];
    return true;
}

enum wire_fault tcp_parse(const uint8_t *p, size_t len, struct tcp_header *tcp)
{
    if (len < TCP_HEADER_LEN) {
        return WIRE_TCP_SHORT;
    }
    unsigned word = get_be16(p + 12);
    size_t header_len = (size_t)(word >> 12) * 4;
    if (header_len < TCP_HEADER_LEN || header_len > len) {
        return WIRE_TCP_OFFSET;
    }
    if (tcp_parse_usual(p, header_len, tcp) || tcp_parse_usual_syn(p, header_len, tcp)) {
        return WIRE_OK;
    }
    return parse_options(p + TCP_HEADER_LEN, p + header_len, (word & TCP_SYN) != 0, &tcp->opt);
}

static size_t emitted_sacks(const struct tcp_options *opt)
{
    size_t most = opt->has_ts ? TCP_SACK_MAX - 1 : TCP_SACK_MAX;
    return opt->n_sack < most ? opt->n_sack : most;
}

size_t tcp_emit_len(const struct tcp_header *tcp)
{
    const struct tcp_options *opt = &tcp->opt;
    size_t len = TCP_HEADER_LEN + (opt->has_ts ? 12u : 0u);
    if (tcp->flags & TCP_SYN) {
        len += opt->has_mss ? 4u : 0u;
        len += opt->sack_permitted && !opt->has_ts ? 4u : 0u;
        return len + (opt->has_wscale ? 4u : 0u);
    }
    size_t n_sack = emitted_sacks(opt);
    return len + (n_sack != 0 ? 4 + n_sack * SACK_BLOCK_LEN : 0);
}

/* Four bytes at a time, as all the layouts are. */
static uint8_t *put_word(uint8_t *out, uint32_t word)
{
    put_be32(out, word);
    return out + 4;
}

static uint32_t option_word(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return (uint32_t)a << 24 | (uint32_t)b << 16 | (uint32_t)c << 8 | d;
}

/* AS LINUX: MSS; SACK permitted, in the padding of timestamps if there are any; window scale. */
static uint8_t *emit_syn_options(const struct tcp_options *opt, uint8_t *out)
{
    unsigned pad[2] = {TCP_OPTION_NOP, TCP_OPTION_NOP};
    if (opt->sack_permitted) {
        pad[0] = TCP_OPTION_SACK_PERMITTED;
        pad[1] = OPTION_SACK_PERMITTED_LEN;
    }
    if (opt->has_mss) {
        out = put_word(out, option_word(TCP_OPTION_MSS, OPTION_MSS_LEN, 0, 0) | opt->mss);
    }
    if (opt->has_ts) {
        out = put_word(out,
                       option_word(pad[0], pad[1], TCP_OPTION_TIMESTAMPS, OPTION_TIMESTAMPS_LEN));
        out = put_word(out, opt->ts_val);
        out = put_word(out, opt->ts_ecr);
    } else if (opt->sack_permitted) {
        out = put_word(out, option_word(TCP_OPTION_NOP, TCP_OPTION_NOP, pad[0], pad[1]));
    }
    if (opt->has_wscale) {
        out = put_word(
            out, option_word(TCP_OPTION_NOP, TCP_OPTION_WSCALE, OPTION_WSCALE_LEN, opt->wscale));
    }
    return out;
}

static uint8_t *emit_options(const struct tcp_options *opt, uint8_t *out)
{
    size_t n_sack = emitted_sacks(opt);
    if (opt->has_ts) {
        out = put_word(out, TCP_NOP_NOP_TIMESTAMPS);
        out = put_word(out, opt->ts_val);
        out = put_word(out, opt->ts_ecr);
    }
    if (n_sack == 0) {
        return out;
    }
    unsigned sack_len = (unsigned)(2 + n_sack * SACK_BLOCK_LEN);
    out = put_word(out, option_word(TCP_OPTION_NOP, TCP_OPTION_NOP, TCP_OPTION_SACK, sack_len));
    for (size_t i = 0; i < n_sack; i++) {
        out = put_word(out, opt->sack[i].start);
        out = put_word(out, opt->sack[i].end);
    }
    return out;
}

size_t tcp_emit(const struct tcp_header *tcp, uint8_t *out)
{
    put_be16(out, tcp->sport);
    put_be16(out + 2, tcp->dport);
    put_be32(out + 4, tcp->seq);
    put_be32(out + 8, tcp->ack);
    put_be16(out + 14, tcp->wnd);
    put_be16(out + 16, 0);
    put_be16(out + 18, tcp->urp);
    uint8_t *end = (tcp->flags & TCP_SYN) ? emit_syn_options(&tcp->opt, out + TCP_HEADER_LEN)
                                          : emit_options(&tcp->opt, out + TCP_HEADER_LEN);
    size_t header_len = (size_t)(end - out);
    put_be16(out + 12, (uint16_t)(header_len / 4 << 12 | (tcp->flags & TCP_FLAGS)));
    return header_len;
}
