/* ICMPv6 messages: see icmp6.h. */
#include "wire/icmp6.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "wire/checksum.h"
#include "wire/protocol.h"

static bool is_echo(uint8_t type)
{
    return type == ICMP6_TYPE_ECHO_REQUEST || type == ICMP6_TYPE_ECHO_REPLY;
}

enum wire_fault icmp6_parse(const uint8_t *p, size_t len, const struct ciao_addr *src,
                            const struct ciao_addr *dst, struct icmp6_message *message)
{
    if (len < ICMP6_HEADER_LEN) {
        return WIRE_ICMP6_SHORT;
    }
    if (!csum_is_valid(csum_pseudo6(src, dst, IP_PROTO_ICMP6, (uint32_t)len)
                       + csum_small(p, len))) {
        return WIRE_ICMP6_CHECKSUM;
    }
    *message = (struct icmp6_message){.type = p[0],
                                      .code = p[1],
                                      .body = p + ICMP6_HEADER_LEN,
                                      .body_len = len - ICMP6_HEADER_LEN};
    if (is_echo(message->type)) {
        message->id = get_be16(p + 4);
        message->seq = get_be16(p + 6);
    }
    if (message->type == ICMP6_TYPE_TOO_BIG) {
        message->mtu = get_be32(p + 4);
    }
    if (message->type == ICMP6_TYPE_PARAMETER_PROBLEM) {
        message->pointer = get_be32(p + 4);
    }
    return WIRE_OK;
}

size_t icmp6_emit(const struct icmp6_message *message, const struct icmp6_envelope *envelope,
                  uint8_t *out)
{
    size_t body_len = envelope->room - ICMP6_HEADER_LEN;
    body_len = message->body_len < body_len ? message->body_len : body_len;
    uint32_t len = (uint32_t)(ICMP6_HEADER_LEN + body_len);
    memmove(out + ICMP6_HEADER_LEN, message->body, body_len);
    out[0] = message->type;
    out[1] = message->code;
    memset(out + 2, 0, 6);
    if (is_echo(message->type)) {
        put_be16(out + 4, message->id);
        put_be16(out + 6, message->seq);
    }
    if (message->type == ICMP6_TYPE_TOO_BIG) {
        put_be32(out + 4, message->mtu);
    }
    if (message->type == ICMP6_TYPE_PARAMETER_PROBLEM) {
        put_be32(out + 4, message->pointer);
    }
    csum_store(out + 2, csum_pseudo6(envelope->src, envelope->dst, IP_PROTO_ICMP6, len)
                            + csum_small(out, len));
    return len;
}
