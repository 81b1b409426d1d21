/*
 * Packets in the language of scripts.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "drill/wire.h"
#include "wire/tcp.h"

struct line {
    char *at;
    size_t room; /* with the final zero */
};

__attribute__((format(printf, 2, 3))) static void say(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line->at, line->room, format, args);
    va_end(args);
    size_t said = n < 0 ? 0 : (size_t)n < line->room ? (size_t)n : line->room - 1;
    line->at += said;
    line->room -= said;
}

static void say_marks(struct line *line, const struct packet *packet)
{
    static const char *const marks[] = {"noecn", "ect1", "ect0", "ce"};
    if (packet->tos_check == TOS_ECN)
        say(line, "[%s] ", marks[packet->tos & 3]);
    else if (packet->tos_check == TOS_ECT01)
        say(line, "[ect01] ");
    else if (packet->tos_check == TOS_ALL && packet->tos != 0)
        say(line, "[tos 0x%02x] ", packet->tos);
    else if (!packet->outbound && packet->ttl != 0)
        say(line, "[ttl %u] ", packet->ttl);
}

static void say_flags(struct line *line, const struct packet *packet)
{
    static const char letters[] = "FSRP.UEWA";
    static const uint16_t order[] = {TCP_SYN, TCP_FIN, TCP_RST, TCP_PSH, TCP_URG,
                                     TCP_ECE, TCP_CWR, TCP_AE,  TCP_ACK};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (packet->flags & order[i])
            say(line, "%c", letters[__builtin_ctz(order[i])]);
    if (packet->flags == 0)
        say(line, "-");
}

static void say_hex(struct line *line, const char *name, const uint8_t *bytes, unsigned n)
{
    say(line, "%s", name);
    for (unsigned i = 0; i < n; i++)
        say(line, "%s%02x", i == 0 && *name != '\0' ? " " : "", bytes[i]);
}

static void say_sack(struct line *line, const uint8_t *option, unsigned len)
{
    say(line, "sack");
    for (unsigned i = 2; i + 8 <= len; i += 8)
        say(line, " %u:%u", get_be32(option + i), get_be32(option + i + 4));
}

static void say_option(struct line *line, const uint8_t *option, unsigned kind, unsigned len)
{
    if (kind == TCP_OPTION_END)
        say(line, "eol");
    else if (kind == TCP_OPTION_NOP)
        say(line, "nop");
    else if (kind == TCP_OPTION_MSS && len == 4)
        say(line, "mss %u", get_be16(option + 2));
    else if (kind == TCP_OPTION_WSCALE && len == 3)
        say(line, "wscale %u", option[2]);
    else if (kind == TCP_OPTION_SACK_PERMITTED && len == 2)
        say(line, "sackOK");
    else if (kind == TCP_OPTION_SACK)
        say_sack(line, option, len);
    else if (kind == TCP_OPTION_TIMESTAMPS && len == 10)
        say(line, "TS val %u ecr %u", get_be32(option + 2), get_be32(option + 6));
    else if (kind == 34)
        say_hex(line, "FO", option + 2, len - 2);
    else if (kind == 19)
        say_hex(line, "md5", option + 2, len - 2);
    else
        say(line, "option %u of %u bytes", kind, len);
}

static void say_options(struct line *line, const struct packet *packet)
{
    unsigned at = 0, kind, len;
    if (packet->any_options)
        say(line, " <...>");
    if (packet->any_options || packet->n_options == 0)
        return;
    say(line, " <");
    while (wire_next_option(packet, &at, &kind, &len)) {
        if (at != len)
            say(line, ",");
        say_option(line, packet->options + at - len, kind, len);
    }
    say(line, ">");
}

static void say_tcp(struct line *line, const struct packet *packet)
{
    say_flags(line, packet);
    say(line, " %u:%u(%u)", packet->seq, packet->seq + packet->len, packet->len);
    if (packet->flags & TCP_ACK)
        say(line, " ack %u", packet->ack);
    if (packet->has_window)
        say(line, " win %u", packet->window);
    if (packet->urgent != 0)
        say(line, " urg %u", packet->urgent);
    say_options(line, packet);
}

void wire_print(const struct packet *packet, char *out, size_t room)
{
    struct line line = {out, room};
    out[0] = '\0';
    say_marks(&line, packet);
    switch (packet->kind) {
    case PACKET_TCP: say_tcp(&line, packet); break;
    case PACKET_ICMP:
        say(&line, "icmp %s", packet->icmp_type);
        if (packet->icmp_code != NULL)
            say(&line, " %s", packet->icmp_code);
        if (packet->quotes)
            say(&line, " [%u:%u(%u)]", packet->seq, packet->seq + packet->len, packet->len);
        break;
    case PACKET_OTHER: say(&line, "a packet of another protocol (%u bytes)", packet->len); break;
    }
}
