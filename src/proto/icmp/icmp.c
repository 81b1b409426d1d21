/*
 * What ICMP of both families shares: errors are said, and delivered: see icmp.h.
 */
#include "proto/icmp/icmp.h"

#include "base/bytes.h"

#define IP4_ERROR_MAX 576u /* the whole datagram [RFC1812 4.3.2.3] */

static const struct ip_limit error_limit = {.rate = 100, .burst = 50};
static const struct ip_limit echo_limit = {.rate = 1000, .burst = 1000};

/* Into a buffer of our own: others may hold the one that it came in. */
static bool copy_back(struct ip_layer *ip, const struct ip_packet *packet, const struct ip_out *out,
                      uint8_t reply_type, time_us now)
{
    struct ciao_buf *buf = ciao_bufpool_take(ip->buffers, packet->l4_len);
    if (buf == NULL) {
        ip_drop(ip, CIAO_DROP_REPLY_NO_MEMORY);
        return false;
    }
    uint8_t *reply = ciao_buf_bytes(buf);
    uint32_t sum = 0;
    memcpy(reply, packet->l4, packet->l4_len);
    reply[0] = reply_type;
    put_be16(reply + 2, 0);
    if (packet->v6)
        sum = csum_pseudo6(&out->src, &out->dst, IP_PROTO_ICMP6, packet->l4_len);
    csum_store(reply + 2, sum + ip->csum->sum(reply, packet->l4_len));
    bool sent = ip_reply(ip, out, reply, packet->l4_len, now);
    ciao_buf_unref(buf);
    return sent;
}

/* All of its data comes back [RFC1122 3.2.2.6], [RFC4443 4.2]. */
bool icmp_echo_back(struct ip_layer *ip, const struct ip_arrival *arrival, uint8_t reply_type)
{
    const struct ip_packet *packet = &arrival->packet;
    struct ip_out out;
    if (!ip_bucket_take(&ip->echoes, echo_limit, arrival->now)) {
        ip_drop(ip, CIAO_DROP_ICMP_ECHO_LIMITED);
        return false;
    }
    if (!ip_answer(ip, arrival, &out))
        return false;
    out.protocol = packet->protocol;
    out.tos = packet->tos & (uint8_t)~IP_ECN_MASK;
    return copy_back(ip, packet, &out, reply_type, arrival->now);
}

/* [RFC9293 3.9.2.2 MUST-54]: each error goes to the connection that the quote names. */
bool icmp_error_arrived(struct ip_layer *ip, enum wire_fault quote_fault, struct ip_error *error,
                        time_us now)
{
    enum ciao_reason reason = CIAO_REASON_NONE;
    if (quote_fault)
        reason = ip_drop_of(quote_fault);
    else if (!ip_is_ours(ip, &error->quote.src))
        reason = CIAO_DROP_QUOTE_NOT_OURS;
    else if (error->quote.protocol == IP_PROTO_UDP)
        reason = CIAO_DROP_QUOTE_UDP;
    if (reason != CIAO_REASON_NONE) {
        ip_drop(ip, reason);
        return false;
    }
    if (ip->upper.error != NULL)
        ip->upper.error(ip->upper.self, error, now);
    return true;
}

/* ---- errors that we say ---- */

static bool is_error4(const struct ip_packet *packet)
{
    if (packet->protocol != IP_PROTO_ICMP4)
        return false;
    if (packet->l4_head_len == 0)
        return true;
    uint8_t type = packet->l4[0];
    return type == ICMP4_TYPE_UNREACHABLE || type == ICMP4_TYPE_SOURCE_QUENCH
           || type == ICMP4_TYPE_REDIRECT || type == ICMP4_TYPE_TIME_EXCEEDED
           || type == ICMP4_TYPE_PARAMETER_PROBLEM;
}

static bool is_passable(uint8_t protocol)
{
    return protocol == IP_PROTO_HOP_BY_HOP || protocol == IP_PROTO_ROUTING
           || protocol == IP_PROTO_DESTINATION || protocol == IP_PROTO_FRAGMENT;
}

/* Behind extension headers that may be broken themselves: what cannot be seen might be an error. */
static bool is_error6(const uint8_t *l3, uint32_t len)
{
    uint8_t protocol = l3[6];
    uint32_t at = IP6_HEADER_LEN;
    bool later = false; /* a fragment that does not begin with the type */
    while (is_passable(protocol) && at + 8 <= len) {
        bool fragment = protocol == IP_PROTO_FRAGMENT;
        later = later || (fragment && (get_be16(l3 + at + 2) & 0xfff8) != 0);
        protocol = l3[at];
        at += fragment ? 8 : (l3[at + 1] + 1u) * 8;
    }
    if (protocol != IP_PROTO_ICMP6)
        return false;
    return later || at >= len || icmp6_is_error(l3[at]) || l3[at] == ICMP6_TYPE_REDIRECT;
}

/* Whom must nobody answer?  [RFC1122 3.2.2], [RFC4443 2.4 e] */
static bool is_unanswerable(const struct ip_arrival *arrival, const struct icmp_problem *problem)
{
    const struct ip_packet *packet = &arrival->packet;
    bool to_many = packet->broadcast || arrival->link_broadcast;
    if (ip_is_any(&packet->src) || (to_many && !problem->to_many_too))
        return true;
    return packet->v6 ? is_error6(arrival->l3, arrival->l3_len) : is_error4(packet);
}

static uint32_t write_error(const struct ip_arrival *arrival, const struct icmp_problem *problem,
                            const struct ip_out *out, uint8_t *bytes)
{
    if (arrival->packet.v6) {
        struct icmp6_message message = {.type = problem->type,
                                        .code = problem->code,
                                        .pointer = problem->pointer,
                                        .body = arrival->l3,
                                        .body_len = arrival->l3_len};
        struct icmp6_envelope envelope = {
            .src = &out->src, .dst = &out->dst, .room = IP6_MTU_MIN - IP6_HEADER_LEN};
        return (uint32_t)icmp6_emit(&message, &envelope, bytes);
    }
    struct icmp4_message message = {.type = problem->type,
                                    .code = problem->code,
                                    .body = arrival->l3,
                                    .body_len = arrival->l3_len};
    return (uint32_t)icmp4_emit(&message, bytes, IP4_ERROR_MAX - IP4_HEADER_LEN);
}

void icmp_say(struct ip_layer *ip, const struct ip_arrival *arrival,
              const struct icmp_problem *problem)
{
    uint8_t bytes[IP6_MTU_MIN];
    struct ip_out out;
    if (is_unanswerable(arrival, problem))
        return;
    if (!ip_bucket_take(&ip->errors, error_limit, arrival->now)) {
        ip_drop(ip, CIAO_DROP_ICMP_ERROR_LIMITED);
        return;
    }
    if (!ip_answer(ip, arrival, &out))
        return;
    out.protocol = arrival->packet.v6 ? IP_PROTO_ICMP6 : IP_PROTO_ICMP4;
    uint32_t len = write_error(arrival, problem, &out, bytes);
    ip_reply(ip, &out, bytes, len, arrival->now);
}
