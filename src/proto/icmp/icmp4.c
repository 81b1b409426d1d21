/*
 * ICMP of IPv4 arrives: see icmp.h.
 */
#include "proto/icmp/icmp.h"

/* What an unreachable means, by its code.  [RFC9293 3.9.2.2 MUST-56] and SHLD-26 name 0, 1, 5 and
 * 2 to 4; the others are of the network and may pass, but for what somebody forbids for good. */
static const uint8_t unreachable[16] = {
    [ICMP4_UNREACHABLE_PROTOCOL] = IP_TROUBLE_HARD,
    [ICMP4_UNREACHABLE_PORT] = IP_TROUBLE_HARD,
    [ICMP4_UNREACHABLE_TOO_BIG] = IP_TROUBLE_TOO_BIG,
    [ICMP4_UNREACHABLE_NET_PROHIBITED] = IP_TROUBLE_HARD,
    [ICMP4_UNREACHABLE_HOST_PROHIBITED] = IP_TROUBLE_HARD,
    [ICMP4_UNREACHABLE_ADMIN] = IP_TROUBLE_HARD,
};

/* The links that were there before routers told the next MTU [RFC1191 7.1]. */
static uint32_t plateau_below(uint32_t packet_len)
{
    static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};
    for (uint32_t i = 0; i < sizeof plateaus / sizeof plateaus[0]; i++) {
        if (plateaus[i] < packet_len)
            return plateaus[i];
    }
    return 68;
}

static uint8_t codes_of(uint8_t type)
{
    if (type == ICMP4_TYPE_UNREACHABLE)
        return sizeof unreachable;
    return type == ICMP4_TYPE_TIME_EXCEEDED ? 2 : 3; /* parameter problem: 0, 1, 2 */
}

static bool error_arrived(struct ip_layer *ip, const struct ip_arrival *arrival,
                          const struct icmp4_message *message)
{
    struct ip_error error = {.type = message->type, .code = message->code};
    if (message->code >= codes_of(message->type)) {
        ip_drop(ip, CIAO_DROP_ICMP4_CODE);
        return false;
    }
    enum wire_fault fault = icmp4_quote_parse(message->body, message->body_len, &error.quote);
    if (message->type == ICMP4_TYPE_UNREACHABLE)
        error.trouble = (enum ip_trouble)unreachable[message->code];
    if (fault == WIRE_OK && error.trouble == IP_TROUBLE_TOO_BIG)
        error.mtu = message->mtu != 0 ? message->mtu : plateau_below(error.quote.packet_len);
    return icmp_error_arrived(ip, fault, &error, arrival->now);
}

/* The request comes back as it came, type and checksum apart [RFC1122 3.2.2.6]. */
static bool echo(struct ip_layer *ip, const struct ip_arrival *arrival)
{
    if (arrival->packet.broadcast) {
        ip_drop(ip, CIAO_DROP_ICMP4_ECHO_TO_MANY);
        return false;
    }
    return icmp_echo_back(ip, arrival, ICMP4_TYPE_ECHO_REPLY);
}

static bool no_use(struct ip_layer *ip, enum ciao_reason reason)
{
    ip_drop(ip, reason);
    return false;
}

bool icmp4_arrived(struct ip_layer *ip, const struct ip_arrival *arrival)
{
    struct icmp4_message message;
    enum wire_fault fault = icmp4_parse(arrival->packet.l4, arrival->packet.l4_len, &message);
    if (fault)
        return no_use(ip, ip_drop_of(fault));
    switch (message.type) {
    case ICMP4_TYPE_ECHO_REQUEST:
        return message.code != 0 ? no_use(ip, CIAO_DROP_ICMP4_CODE) : echo(ip, arrival);
    case ICMP4_TYPE_ECHO_REPLY: return no_use(ip, CIAO_DROP_ICMP4_ECHO_REPLY);
    /* [RFC9293 3.9.2.2 MUST-55, RFC6633 4 6633-1, RFC5927 6.1 5927-3] */
    case ICMP4_TYPE_SOURCE_QUENCH: return no_use(ip, CIAO_DROP_ICMP4_SOURCE_QUENCH);
    case ICMP4_TYPE_REDIRECT: /* DIFFERS [RFC1122 3.2.2.2]: too easily forged */
        return no_use(ip, CIAO_DROP_ICMP4_REDIRECT);
    case ICMP4_TYPE_UNREACHABLE:
    case ICMP4_TYPE_TIME_EXCEEDED:
    case ICMP4_TYPE_PARAMETER_PROBLEM: break;
    default: return no_use(ip, CIAO_DROP_ICMP4_TYPE); /* [RFC1122 3.2.2] */
    }
    if (arrival->packet.broadcast)
        return no_use(ip, CIAO_DROP_ICMP_ERROR_TO_MANY);
    return error_arrived(ip, arrival, &message);
}
