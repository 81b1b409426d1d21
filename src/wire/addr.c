/*
 * Addresses: prefixes, derived addresses, and text both ways [RFC4291 2.2], [RFC5952].
 */
#include "wire/addr.h"

#include "base/assert.h"

#define GROUPS 8

bool ip_prefix_match(const struct ciao_addr *addr, const struct ciao_addr *prefix, unsigned bits)
{
    return ip_common_bits(addr, prefix) >= bits;
}

unsigned ip_common_bits(const struct ciao_addr *a, const struct ciao_addr *b)
{
    for (unsigned half = 0; half < 2; half++) {
        uint64_t differ = get_be64(a->b + half * 8) ^ get_be64(b->b + half * 8);
        if (differ != 0) {
            return half * 64 + (unsigned)__builtin_clzll(differ);
        }
    }
    return 128;
}

/* The first `bits` bits of 64 set. */
static uint64_t mask64(unsigned bits)
{
    return bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : UINT64_MAX << (64 - bits);
}

static struct ciao_addr network_mask(unsigned bits)
{
    struct ciao_addr mask;
    put_be64(mask.b, mask64(bits));
    put_be64(mask.b + 8, mask64(bits > 64 ? bits - 64 : 0));
    return mask;
}

struct ciao_addr ip_mask(const struct ciao_addr *addr, unsigned bits)
{
    struct ciao_addr mask = network_mask(bits);
    struct ciao_addr result;
    for (unsigned i = 0; i < sizeof result.b; i++) {
        result.b[i] = addr->b[i] & mask.b[i];
    }
    return result;
}

struct ciao_addr ip_prefix_last(const struct ciao_addr *addr, unsigned bits)
{
    struct ciao_addr mask = network_mask(bits);
    struct ciao_addr result;
    for (unsigned i = 0; i < sizeof result.b; i++) {
        result.b[i] = (uint8_t)(addr->b[i] | (uint8_t)~mask.b[i]);
    }
    return result;
}

struct ciao_addr ip6_solicited_node(const struct ciao_addr *addr)
{
    struct ciao_addr group = {{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}};
    memcpy(group.b + 13, addr->b + 13, 3);
    return group;
}

struct ciao_addr ip6_linklocal_of(const uint8_t mac[6])
{
    struct ciao_addr addr = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe}};
    memcpy(addr.b + 8, mac, 3);
    memcpy(addr.b + 13, mac + 3, 3);
    addr.b[8] ^= 2; /* universal or local: the bit is inverted here */
    return addr;
}

/* ---- text to address ---- */

/* A decimal number 0..255 without leading zeros; *text moves behind it. */
static bool parse_octet(const char **text, uint8_t *octet)
{
    const char *at = *text;
    unsigned value = 0;
    while (*at >= '0' && *at <= '9' && at - *text < 4) {
        value = value * 10 + (unsigned)(*at++ - '0');
    }
    bool leading_zero = **text == '0' && at - *text > 1;
    if (at == *text || value > 255 || leading_zero) {
        return false;
    }
    *octet = (uint8_t)value;
    *text = at;
    return true;
}

/* "10.9.0.1" and the end of the text. */
static bool parse_v4(const char *text, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0 && *text++ != '.') {
            return false;
        }
        if (!parse_octet(&text, &out[i])) {
            return false;
        }
    }
    return *text == '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One to four hexadecimal digits; *text moves behind them. */
static bool parse_group(const char **text, uint16_t *group)
{
    const char *at = *text;
    unsigned value = 0;
    while (at - *text < 5 && hex_digit(*at) >= 0) {
        value = value << 4 | (unsigned)hex_digit(*at++);
    }
    if (at == *text || at - *text > 4) {
        return false;
    }
    *group = (uint16_t)value;
    *text = at;
    return true;
}

static bool has_dot(const char *text)
{
    while (*text != '\0' && *text != ':' && *text != '.') {
        text++;
    }
    return *text == '.';
}

/* What has been read of an IPv6 text: groups, and before which of them the "::" stood. */
struct v6_text {
    uint16_t group[GROUPS];
    unsigned n;
    unsigned gap; /* GROUPS + 1: none */
};

/* The final "10.9.0.1" of "::ffff:10.9.0.1" makes two groups. */
static bool parse_v4_tail(const char *text, struct v6_text *v6)
{
    uint8_t v4[4];
    if (v6->n > GROUPS - 2 || !parse_v4(text, v4)) {
        return false;
    }
    v6->group[v6->n++] = get_be16(v4);
    v6->group[v6->n++] = get_be16(v4 + 2);
    return true;
}

/* Behind a group: the end, or one colon with a group to follow, or the one "::". */
static bool parse_colons(const char **text, struct v6_text *v6)
{
    if ((*text)[0] != ':') {
        return false;
    }
    if ((*text)[1] != ':') {
        *text += 1;
        return **text != '\0';
    }
    if (v6->gap <= GROUPS) {
        return false;
    }
    v6->gap = v6->n;
    *text += 2;
    return true;
}

static bool parse_groups(const char *text, struct v6_text *v6)
{
    if (text[0] == ':' && !(text[1] == ':' && parse_colons(&text, v6))) {
        return false;
    }
    while (*text != '\0') {
        if (has_dot(text)) {
            return parse_v4_tail(text, v6);
        }
        if (v6->n == GROUPS || !parse_group(&text, &v6->group[v6->n])) {
            return false;
        }
        v6->n++;
        if (*text != '\0' && !parse_colons(&text, v6)) {
            return false;
        }
    }
    return true;
}

static bool parse_v6(const char *text, struct ciao_addr *addr)
{
    struct v6_text v6 = {.gap = GROUPS + 1};
    if (!parse_groups(text, &v6)) {
        return false;
    }
    bool gap = v6.gap <= GROUPS;
    if (gap ? v6.n == GROUPS : v6.n != GROUPS) {
        return false;
    }
    unsigned zeros = GROUPS - v6.n;
    *addr = (struct ciao_addr){{0}};
    for (unsigned i = 0; i < v6.n; i++) {
        unsigned at = gap && i >= v6.gap ? i + zeros : i;
        put_be16(addr->b + at * 2, v6.group[i]);
    }
    return true;
}

bool ciao_addr_parse(const char *text, struct ciao_addr *addr)
{
    uint8_t v4[4];
    if (!parse_v4(text, v4)) {
        return parse_v6(text, addr);
    }
    *addr = ip_addr_v4(get_be32(v4));
    return true;
}

/* ---- address to text ---- */

static char *put_decimal(char *out, unsigned octet)
{
    if (octet >= 100) {
        *out++ = (char)('0' + octet / 100);
    }
    if (octet >= 10) {
        *out++ = (char)('0' + octet / 10 % 10);
    }
    *out++ = (char)('0' + octet % 10);
    return out;
}

static char *put_hex(char *out, unsigned group)
{
    bool leading = true;
    for (unsigned shift = 16; shift > 0;) {
        shift -= 4;
        unsigned digit = group >> shift & 0xf;
        leading = leading && digit == 0 && shift > 0;
        if (!leading) {
            *out++ = "0123456789abcdef"[digit];
        }
    }
    return out;
}

static char *format_v4(const uint8_t b[4], char *out)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0) {
            *out++ = '.';
        }
        out = put_decimal(out, b[i]);
    }
    return out;
}

/* The first of the longest runs of two or more zero groups, which "::" stands for [RFC5952 4.2]. */
static unsigned longest_zeros(const struct ciao_addr *addr, unsigned *length)
{
    unsigned best = 0;
    *length = 1;
    for (unsigned start = 0; start < GROUPS; start++) {
        unsigned end = start;
        while (end < GROUPS && get_be16(addr->b + end * 2) == 0) {
            end++;
        }
        if (end - start > *length) {
            best = start;
            *length = end - start;
        }
    }
    *length = *length < 2 ? 0 : *length;
    return best;
}

static char *format_v6(const struct ciao_addr *addr, char *out)
{
    unsigned zeros;
    unsigned gap = longest_zeros(addr, &zeros);
    for (unsigned i = 0; i < GROUPS;) {
        if (zeros > 0 && i == gap) {
            *out++ = ':';
            *out++ = ':';
            i += zeros;
            continue;
        }
        if (i > 0 && !(zeros > 0 && i == gap + zeros)) {
            *out++ = ':';
        }
        out = put_hex(out, get_be16(addr->b + i * 2));
        i++;
    }
    return out;
}

void ciao_addr_format(const struct ciao_addr *addr, char out[CIAO_ADDR_TEXT])
{
    char *end = ip_is_v4(addr) ? format_v4(addr->b + 12, out) : format_v6(addr, out);
    ASSERT(end - out < CIAO_ADDR_TEXT);
    *end = '\0';
}
