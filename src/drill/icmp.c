/*
 * ICMP's types and codes by words [RFC792], [RFC1122 3.2.2.1], [RFC1812 5.2.7.1], [RFC4443].
 */
#include "drill/icmp.h"

#include <stdlib.h>
#include <string.h>

#define TYPE_ALL 255u /* a row that names a type, not a code */

static const struct row {
    uint8_t v4, type, code;
    const char *word;
} rows[] = {
    {1, 0, TYPE_ALL, "echo_reply"},
    {1, 3, TYPE_ALL, "unreachable"},
    {1, 4, TYPE_ALL, "source_quench"},
    {1, 5, TYPE_ALL, "redirect"},
    {1, 8, TYPE_ALL, "echo_request"},
    {1, 11, TYPE_ALL, "time_exceeded"},
    {1, 12, TYPE_ALL, "parameter_problem"},
    {1, 13, TYPE_ALL, "timestamp_request"},
    {1, 14, TYPE_ALL, "timestamp_reply"},
    {1, 15, TYPE_ALL, "information_request"},
    {1, 16, TYPE_ALL, "information_reply"},
    {1, 17, TYPE_ALL, "address_mask_request"},
    {1, 18, TYPE_ALL, "address_mask_reply"},
    {1, 3, 0, "net_unreachable"},
    {1, 3, 1, "host_unreachable"},
    {1, 3, 2, "protocol_unreachable"},
    {1, 3, 3, "port_unreachable"},
    {1, 3, 4, "frag_needed"},
    {1, 3, 5, "source_route_failed"},
    {1, 3, 6, "net_unknown"},
    {1, 3, 7, "host_unknown"},
    {1, 3, 8, "source_host_isolated"},
    {1, 3, 9, "net_prohibited"},
    {1, 3, 10, "host_prohibited"},
    {1, 3, 11, "net_unreachable_for_tos"},
    {1, 3, 12, "host_unreachable_for_tos"},
    {1, 3, 13, "packet_filtered"},
    {1, 3, 14, "precedence_violation"},
    {1, 3, 15, "precedence_cutoff"},
    {0, 1, TYPE_ALL, "unreachable"},
    {0, 2, TYPE_ALL, "packet_too_big"},
    {0, 3, TYPE_ALL, "time_exceeded"},
    {0, 4, TYPE_ALL, "parameter_problem"},
    {0, 128, TYPE_ALL, "echo_request"},
    {0, 129, TYPE_ALL, "echo_reply"},
    {0, 1, 0, "no_route"},
    {0, 1, 0, "net_unreachable"},
    {0, 1, 1, "admin_prohibited"},
    {0, 1, 2, "not_neighbour"},
    {0, 1, 3, "address_unreachable"},
    {0, 1, 4, "port_unreachable"},
    {0, 3, 0, "exceeded_hop_limit"},
    {0, 3, 1, "exceeded_frag_time"},
    {0, 4, 0, "header_field"},
    {0, 4, 1, "unknown_next_header"},
    {0, 4, 2, "unknown_option"},
};

#define ROWS (sizeof rows / sizeof rows[0])

/* "type_3", "code_1": what has no word. */
static bool numbered(const char *word, const char *prefix, uint8_t *number)
{
    size_t len = strlen(prefix);
    if (strncmp(word, prefix, len) != 0)
        return false;
    *number = (uint8_t)strtoul(word + len, NULL, 10);
    return true;
}

static bool find(const char *word, bool v4, bool is_type, struct icmp_number *number)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].v4 != v4 || strcmp(rows[i].word, word) != 0
            || (rows[i].code == TYPE_ALL) != is_type)
            continue;
        if (is_type) {
            number->type = rows[i].type;
            return true;
        }
        if (rows[i].type != number->type)
            continue;
        number->code = rows[i].code;
        return true;
    }
    return false;
}

const char *icmp_number(const struct packet *packet, bool v4, struct icmp_number *number)
{
    *number = (struct icmp_number){0};
    if (!numbered(packet->icmp_type, "type_", &number->type)
        && !find(packet->icmp_type, v4, true, number))
        return v4 ? "IPv4 has no ICMP message of that type" : "ICMPv6 has no message of that type";
    if (packet->icmp_code != NULL && !numbered(packet->icmp_code, "code_", &number->code)
        && !find(packet->icmp_code, v4, false, number))
        return v4 ? "ICMP has no such code for that type" : "ICMPv6 has no such code for that type";
    return NULL;
}

void icmp_words(uint8_t type, uint8_t code, bool v4, struct packet *packet)
{
    packet->icmp_type = "of an unknown type";
    for (size_t i = ROWS; i-- > 0;) {
        if (rows[i].v4 != v4 || rows[i].type != type)
            continue;
        if (rows[i].code == TYPE_ALL)
            packet->icmp_type = rows[i].word;
        else if (rows[i].code == code)
            packet->icmp_code = rows[i].word;
    }
}
