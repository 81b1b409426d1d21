/*
 * TCP's options as a script writes them, into the bytes of a header.
 */
#include <string.h>

#include "drill/parse.h"
#include "wire/tcp.h"

#define KIND_MD5        19u
#define KIND_FASTOPEN   34u
#define KIND_ACCECN0    172u
#define KIND_ACCECN1    174u
#define KIND_EXPERIMENT 254u
#define FASTOPEN_MAGIC  0xf989u
#define COOKIE_MOST     36u

/* ---- bytes ---- */

static bool put(struct scan *scan, struct packet *packet, const uint8_t *bytes, size_t n)
{
    if (packet->n_options + n > DRILL_OPTIONS_MAX)
        return scan_fail(scan, "these options are longer than the 40 bytes that a header holds");
    memcpy(packet->options + packet->n_options, bytes, n);
    packet->n_options = (uint8_t)(packet->n_options + n);
    return true;
}

static void put_number(struct scan *scan, struct packet *packet, uint32_t value, unsigned bytes)
{
    uint8_t text[4];
    for (unsigned i = 0; i < bytes; i++)
        text[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    (void)put(scan, packet, text, bytes);
}

static void put_head(struct scan *scan, struct packet *packet, unsigned kind, unsigned len)
{
    put_number(scan, packet, kind << 8 | len, 2);
}

/* The option that begins at `at` ends here. */
static void put_length(const struct scan *scan, struct packet *packet, uint8_t at)
{
    if (!scan->failed)
        packet->options[at + 1] = (uint8_t)(packet->n_options - at);
}

/* ---- each ---- */

static void parse_mss(struct scan *scan, struct packet *packet)
{
    put_head(scan, packet, TCP_OPTION_MSS, 4);
    put_number(scan, packet, (uint32_t)scan_number(scan, 0, 65535), 2);
}

static void parse_wscale(struct scan *scan, struct packet *packet)
{
    put_head(scan, packet, TCP_OPTION_WSCALE, 3);
    put_number(scan, packet, (uint32_t)scan_number(scan, 0, 255), 1);
}

static void parse_timestamps(struct scan *scan, struct packet *packet)
{
    put_head(scan, packet, TCP_OPTION_TIMESTAMPS, 10);
    if (!scan_take_word(scan, "val"))
        (void)scan_fail(scan, "\"val\" should come here");
    put_number(scan, packet, (uint32_t)scan_number(scan, 0, UINT32_MAX), 4);
    if (!scan_take_word(scan, "ecr"))
        (void)scan_fail(scan, "\"ecr\" should come here");
    put_number(scan, packet, (uint32_t)scan_number(scan, 0, UINT32_MAX), 4);
}

static void parse_sack(struct scan *scan, struct packet *packet)
{
    uint8_t at = packet->n_options;
    put_head(scan, packet, TCP_OPTION_SACK, 2);
    if (!scan_sees_digit(scan))
        (void)scan_fail(scan, "a SACK block should come here: 1:1001");
    while (!scan->failed && scan_sees_digit(scan)) {
        put_number(scan, packet, (uint32_t)scan_number(scan, 0, UINT32_MAX), 4);
        if (scan_need(scan, ":"))
            put_number(scan, packet, (uint32_t)scan_number(scan, 0, UINT32_MAX), 4);
    }
    put_length(scan, packet, at);
}

/* Bytes in hexadecimal digits; none come: none. */
static unsigned hex_bytes(struct scan *scan, uint8_t bytes[COOKIE_MOST])
{
    const char *text = scan_word(scan), *meant = script_defined(scan->script, text);
    if (meant != NULL)
        text = meant;
    size_t len = strlen(text);
    if (len % 2 != 0 || len / 2 > COOKIE_MOST || strspn(text, "0123456789abcdefABCDEF") != len) {
        (void)scan_fail(scan, "an even number of hexadecimal digits should come here");
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(text[i] <= '9' ? text[i] - '0' : (text[i] | 32) - 'a' + 10);
        bytes[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : bytes[i / 2] | digit);
    }
    return (unsigned)(len / 2);
}

static void parse_md5(struct scan *scan, struct packet *packet)
{
    uint8_t bytes[COOKIE_MOST];
    unsigned n = hex_bytes(scan, bytes);
    put_head(scan, packet, KIND_MD5, 2 + n);
    (void)put(scan, packet, bytes, n);
}

static void parse_fastopen(struct scan *scan, struct packet *packet)
{
    uint8_t bytes[COOKIE_MOST];
    unsigned n = hex_bytes(scan, bytes);
    put_head(scan, packet, KIND_FASTOPEN, 2 + n);
    (void)put(scan, packet, bytes, n);
}

static void parse_fastopen_experiment(struct scan *scan, struct packet *packet)
{
    uint8_t bytes[COOKIE_MOST];
    unsigned n = hex_bytes(scan, bytes);
    put_head(scan, packet, KIND_EXPERIMENT, 4 + n);
    put_number(scan, packet, FASTOPEN_MAGIC, 2);
    (void)put(scan, packet, bytes, n);
}

/* "ECN e0b 1 ceb 2 e1b 3": the first says which of the two kinds it is. */
static void parse_accecn(struct scan *scan, struct packet *packet)
{
    uint8_t at = packet->n_options;
    put_head(scan, packet, scan_sees_word(scan, "e1b") ? KIND_ACCECN1 : KIND_ACCECN0, 2);
    while (scan_take_word(scan, "e0b") || scan_take_word(scan, "ceb")
           || scan_take_word(scan, "e1b"))
        put_number(scan, packet, (uint32_t)scan_number(scan, 0, 0xffffff), 3);
    put_length(scan, packet, at);
}

static void parse_nop(struct scan *scan, struct packet *packet)
{
    put_number(scan, packet, TCP_OPTION_NOP, 1);
}

static void parse_eol(struct scan *scan, struct packet *packet)
{
    put_number(scan, packet, TCP_OPTION_END, 1);
}

static void parse_sack_permitted(struct scan *scan, struct packet *packet)
{
    put_head(scan, packet, TCP_OPTION_SACK_PERMITTED, 2);
}

static void parse_option(struct scan *scan, struct packet *packet)
{
    static const struct {
        const char *word;
        void (*parse)(struct scan *scan, struct packet *packet);
    } kinds[] = {
        {"nop", parse_nop},       {"eol", parse_eol},
        {"mss", parse_mss},       {"wscale", parse_wscale},
        {"sack", parse_sack},     {"sackOK", parse_sack_permitted},
        {"TS", parse_timestamps}, {"md5", parse_md5},
        {"FO", parse_fastopen},   {"FOEXP", parse_fastopen_experiment},
        {"ECN", parse_accecn},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!scan_take_word(scan, kinds[i].word))
            continue;
        kinds[i].parse(scan, packet);
        return;
    }
    (void)scan_fail(scan, "an option should come here: mss, nop, eol, sackOK, sack, TS, wscale, "
                          "md5, FO, FOEXP, ECN");
}

void parse_tcp_options(struct scan *scan, struct packet *packet)
{
    do
        parse_option(scan, packet);
    while (!scan->failed && scan_take(scan, ","));
    (void)scan_need(scan, ">");
    if (!scan->failed && packet->n_options % 4 != 0)
        (void)scan_fail(scan,
                        "these options are %u bytes, and a header holds a multiple of 4: "
                        "fill up with nop",
                        packet->n_options);
}
