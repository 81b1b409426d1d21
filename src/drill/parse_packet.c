/*
 * Packets: direction, marks of the IP header, ports, flags, numbers, window, options; ICMP.
 */
#include <string.h>

#include "drill/parse.h"
#include "wire/tcp.h"

#define U16 65535
#define U32 INT64_C(4294967295)

/* ---- [ect0] [tos 0x10] [ttl 64] [flowlabel 0x1] ---- */

static bool parse_ecn(struct scan *scan, struct packet *packet)
{
    static const struct {
        const char *word;
        enum tos_check check;
        uint8_t bits;
    } marks[] = {{"noecn", TOS_ECN, 0},
                 {"ect1", TOS_ECN, 1},
                 {"ect0", TOS_ECN, 2},
                 {"ce", TOS_ECN, 3},
                 {"ect01", TOS_ECT01, 0}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (!scan_take_word(scan, marks[i].word))
            continue;
        packet->tos_check = marks[i].check;
        packet->tos = marks[i].bits;
        return true;
    }
    return false;
}

static void parse_mark(struct scan *scan, struct packet *packet)
{
    if (parse_ecn(scan, packet)) {
        if (packet->tos_check == TOS_ECT01 && !packet->outbound)
            (void)scan_fail(scan, "ect01 can only be expected (>), not sent in (<)");
    } else if (scan_take_word(scan, "tos")) {
        packet->tos_check = TOS_ALL;
        packet->tos = (uint8_t)scan_number(scan, 0, 255);
    } else if (scan_take_word(scan, "ttl")) {
        packet->ttl = (uint8_t)scan_number(scan, 1, 255);
    } else if (scan_take_word(scan, "flowlabel")) {
        packet->flow = (uint32_t)scan_number(scan, 0, 0xfffff);
    } else {
        (void)scan_fail(scan, "noecn, ect0, ect1, ect01, ce, tos, ttl or flowlabel should come "
                              "here");
    }
}

static void parse_marks(struct scan *scan, struct packet *packet)
{
    const char *close;
    if (scan_take(scan, "["))
        close = "]";
    else if (scan_take(scan, "("))
        close = ")";
    else
        return;
    do
        parse_mark(scan, packet);
    while (scan_take(scan, ","));
    (void)scan_need(scan, close);
}

/* ---- TCP ---- */

static unsigned flag_of(char c)
{
    static const char letters[] = "FSRP.UEWA";
    const char *found = c == '\0' ? NULL : strchr(letters, c);
    return found != NULL ? 1u << (found - letters) : 0;
}

/* "S.", "FP.", "SEW", "-", and the three ECN flags as one number: "P5." */
static void parse_flags(struct scan *scan, struct packet *packet)
{
    if (scan_take(scan, "-"))
        return;
    const char *start = scan->at;
    for (; scan->at < scan->end; scan->at++) {
        char c = *scan->at;
        if (c >= '0' && c <= '7') {
            unsigned ace = (unsigned)(c - '0');
            packet->ace = true;
            packet->flags |= (uint16_t)((ace & 1 ? TCP_ECE : 0) | (ace & 2 ? TCP_CWR : 0)
                                        | (ace & 4 ? TCP_AE : 0));
        } else if (flag_of(c) != 0) {
            packet->flags |= (uint16_t)flag_of(c);
        } else {
            break;
        }
    }
    if (scan->at == start || (scan->at < scan->end && scan_word_character(*scan->at)))
        (void)scan_fail(scan, "flags should come here: of F S R P . U E W A, or -");
}

/* "1:1001(1000)" */
static void parse_sequence(struct scan *scan, struct packet *packet)
{
    packet->seq = (uint32_t)scan_number(scan, 0, U32);
    if (!scan_need(scan, ":"))
        return;
    uint32_t end = (uint32_t)scan_number(scan, 0, U32);
    if (!scan_need(scan, "("))
        return;
    packet->len = (uint32_t)scan_number(scan, 0, U16);
    if (scan_need(scan, ")") && end != packet->seq + packet->len)
        (void)scan_fail(scan, "%u and %u bytes are %u, not %u", packet->seq, packet->len,
                        packet->seq + packet->len, end);
}

static void parse_ports(struct scan *scan, struct packet *packet)
{
    if (!scan_sees_digit(scan))
        return;
    packet->sport = (uint16_t)scan_number(scan, 0, U16);
    if (scan_need(scan, ">"))
        packet->dport = (uint16_t)scan_number(scan, 0, U16);
}

static void parse_numbers(struct scan *scan, struct packet *packet)
{
    if (scan_take_word(scan, "ack"))
        packet->ack = (uint32_t)scan_number(scan, 0, U32);
    packet->has_window = scan_take_word(scan, "win");
    if (packet->has_window)
        packet->window = (uint16_t)scan_number(scan, 0, U16);
    else if (!packet->outbound)
        (void)scan_fail(scan, "a packet that is sent in (<) needs its window: win N");
    if (scan_take_word(scan, "urg"))
        packet->urgent = (uint16_t)scan_number(scan, 0, U16);
}

static void parse_tcp(struct scan *scan, struct packet *packet)
{
    packet->kind = PACKET_TCP;
    parse_ports(scan, packet);
    (void)scan_skip(scan);
    parse_flags(scan, packet);
    parse_sequence(scan, packet);
    parse_numbers(scan, packet);
    if (!scan_take(scan, "<"))
        return;
    if (!scan_take(scan, "...")) {
        parse_tcp_options(scan, packet);
        return;
    }
    packet->any_options = true;
    if (!packet->outbound)
        (void)scan_fail(scan, "<...> can only stand in a packet that is expected (>)");
    (void)scan_need(scan, ">");
}

/* ---- ICMP: icmp unreachable host_unreachable [1:1001(1000)] ---- */

static void parse_quote(struct scan *scan, struct event *event)
{
    if (!scan_take(scan, "["))
        return;
    if (scan_take_word(scan, "udp") || scan_take_word(scan, "raw")) {
        event->needs = "UDP";
        (void)scan_between(scan, "(", ")");
    } else {
        event->u.packet.quotes = true;
        parse_sequence(scan, &event->u.packet);
    }
    (void)scan_need(scan, "]");
}

static bool icmp_word_comes(struct scan *scan)
{
    return scan_skip(scan) && scan_word_character(*scan->at) && !scan_sees_digit(scan)
           && !scan_sees_word(scan, "mtu") && !scan_sees_word(scan, "id");
}

static void parse_icmp(struct scan *scan, struct event *event)
{
    struct packet *packet = &event->u.packet;
    packet->kind = PACKET_ICMP;
    packet->mtu = -1;
    packet->icmp_type = scan_word(scan);
    if (packet->icmp_type[0] == '\0')
        (void)scan_fail(scan, "a type of ICMP should come here, such as unreachable");
    if (icmp_word_comes(scan)) {
        const char *word = scan_word(scan), *meant = script_defined(scan->script, word);
        packet->icmp_code = meant != NULL ? meant : word;
    }
    if (scan_take_word(scan, "mtu"))
        packet->mtu = scan_number(scan, 0, U32);
    if (scan_take_word(scan, "id"))
        (void)scan_number(scan, 0, U16);
    parse_quote(scan, event);
}

/* ---- what ciao does not have ---- */

static const char *foreign(struct scan *scan)
{
    static const struct {
        const char *word, *needs;
    } kinds[] = {{"udp", "UDP"},   {"ipv4", "IP in IP"}, {"ipv6", "IP in IP"}, {"gre", "GRE"},
                 {"GREv0", "GRE"}, {"mpls", "MPLS"},     {"encap", "PSP"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (scan_sees_word(scan, kinds[i].word))
            return kinds[i].needs;
    return NULL;
}

void parse_packet(struct scan *scan, struct event *event)
{
    struct packet *packet = &event->u.packet;
    packet->outbound = *scan->at == '>';
    scan->at++;
    parse_marks(scan, packet);
    event->needs = foreign(scan);
    if (event->needs != NULL) {
        packet->kind = PACKET_OTHER;
        while (scan->at < scan->end && *scan->at != '\n')
            scan->at++;
    } else if (scan_take_word(scan, "icmp")) {
        parse_icmp(scan, event);
    } else {
        parse_tcp(scan, packet);
    }
}
