/*
 * ICMPv6 arrives: see icmp.h.
 */
#include "proto/icmp/icmp.h"
#include "proto/ndp/ndp.h"

/* [RFC9293 3.9.2.2 MUST-56]: 0 and 3 may pass.  SHLD-26: 1 and 4 will not; 5 and 6 are kinds of 1
 * [RFC4443 3.1]. */
static const uint8_t unreachable[8] = {
    [ICMP6_UNREACHABLE_ADMIN] = IP_TROUBLE_HARD,
    [ICMP6_UNREACHABLE_PORT] = IP_TROUBLE_HARD,
    [ICMP6_UNREACHABLE_POLICY] = IP_TROUBLE_HARD,
    [ICMP6_UNREACHABLE_REJECT] = IP_TROUBLE_HARD,
};

static bool no_use(struct ip_layer *ip, enum ciao_reason reason)
{
    ip_drop(ip, reason);
    return false;
}

/* Codes that a type of error has; "too big" is read whatever its code says [RFC4443 3.2]. */
static uint32_t codes_of(uint8_t type)
{
    if (type == ICMP6_TYPE_UNREACHABLE)
        return sizeof unreachable;
    if (type == ICMP6_TYPE_TOO_BIG)
        return 256;
    return type == ICMP6_TYPE_TIME_EXCEEDED ? 2 : 4; /* parameter problem: 3 is of RFC 7112 */
}

static bool error_arrived(struct ip_layer *ip, const struct ip_arrival *arrival,
                          const struct icmp6_message *message)
{
    struct ip_error error = {.type = message->type, .code = message->code};
    if (message->type > ICMP6_TYPE_PARAMETER_PROBLEM)
        return no_use(ip, CIAO_DROP_ICMP6_TYPE);
    if (message->code >= codes_of(message->type))
        return no_use(ip, CIAO_DROP_ICMP6_CODE);
    if (arrival->packet.broadcast)
        return no_use(ip, CIAO_DROP_ICMP_ERROR_TO_MANY);
    if (message->type == ICMP6_TYPE_UNREACHABLE)
        error.trouble = (enum ip_trouble)unreachable[message->code];
    if (message->type == ICMP6_TYPE_TOO_BIG) {
        error.trouble = IP_TROUBLE_TOO_BIG;
        error.mtu = message->mtu;
    }
    enum wire_fault fault = icmp6_quote_parse(message->body, message->body_len, &error.quote);
    return icmp_error_arrived(ip, fault, &error, arrival->now);
}

/* DIFFERS [RFC4443 4.2]: an echo request to a group is not answered, or one packet would have many
 * answers. */
static bool echo(struct ip_layer *ip, const struct ip_arrival *arrival)
{
    if (arrival->packet.broadcast)
        return no_use(ip, CIAO_DROP_ICMP6_ECHO_TO_MANY);
    return icmp_echo_back(ip, arrival, ICMP6_TYPE_ECHO_REPLY);
}

bool icmp6_arrived(struct ip_layer *ip, const struct ip_arrival *arrival)
{
    const struct ip_packet *packet = &arrival->packet;
    struct icmp6_message message;
    enum wire_fault fault =
        icmp6_parse(packet->l4, packet->l4_len, &packet->src, &packet->dst, &message);
    if (fault)
        return no_use(ip, ip_drop_of(fault));
    if (ip_is_any(&packet->src) && message.type != ICMP6_TYPE_NEIGHBOUR_SOLICITATION
        && message.type != ICMP6_TYPE_ROUTER_SOLICITATION)
        return no_use(ip, CIAO_DROP_IP_SOURCE_ANY);
    if (icmp6_is_error(message.type))
        return error_arrived(ip, arrival, &message);
    switch (message.type) {
    case ICMP6_TYPE_ECHO_REQUEST:
        return message.code != 0 ? no_use(ip, CIAO_DROP_ICMP6_CODE) : echo(ip, arrival);
    case ICMP6_TYPE_ECHO_REPLY: return no_use(ip, CIAO_DROP_ICMP6_ECHO_REPLY);
    case ICMP6_TYPE_ROUTER_SOLICITATION:
    case ICMP6_TYPE_ROUTER_ADVERTISEMENT:
    case ICMP6_TYPE_NEIGHBOUR_SOLICITATION:
    case ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT: return ndp_arrived(ip, arrival);
    case ICMP6_TYPE_REDIRECT: return no_use(ip, CIAO_DROP_ICMP6_REDIRECT);
    default: return no_use(ip, CIAO_DROP_ICMP6_TYPE);
    }
}
