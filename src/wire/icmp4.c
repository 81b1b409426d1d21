/* ICMP messages for IPv4: see icmp4.h. */
#include "wire/icmp4.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "wire/checksum.h"

static bool is_echo(uint8_t type)
{
    return type == ICMP4_TYPE_ECHO_REQUEST || type == ICMP4_TYPE_ECHO_REPLY;
}

enum wire_fault icmp4_parse(const uint8_t *p, size_t len, struct icmp4_message *message)
{
    if (len < ICMP4_HEADER_LEN) {
        return WIRE_ICMP4_SHORT;
    }
    if (!csum_is_valid(csum_small(p, len))) {
        return WIRE_ICMP4_CHECKSUM;
    }
    *message = (struct icmp4_message){.type = p[0],
                                      .code = p[1],
                                      .body = p + ICMP4_HEADER_LEN,
                                      .body_len = len - ICMP4_HEADER_LEN};
    if (is_echo(message->type)) {
        message->id = get_be16(p + 4);
        message->seq = get_be16(p + 6);
    }
    if (message->type == ICMP4_TYPE_UNREACHABLE && message->code == ICMP4_UNREACHABLE_TOO_BIG) {
        message->mtu = get_be16(p + 6);
    }
    if (message->type == ICMP4_TYPE_PARAMETER_PROBLEM) {
        message->pointer = p[4];
    }
    return WIRE_OK;
}

size_t icmp4_emit(const struct icmp4_message *message, uint8_t *out, size_t room)
{
    size_t body_len = room - ICMP4_HEADER_LEN;
    body_len = message->body_len < body_len ? message->body_len : body_len;
    memmove(out + ICMP4_HEADER_LEN, message->body, body_len);
    out[0] = message->type;
    out[1] = message->code;
    memset(out + 2, 0, 6);
    if (is_echo(message->type)) {
        put_be16(out + 4, message->id);
        put_be16(out + 6, message->seq);
    }
    if (message->type == ICMP4_TYPE_UNREACHABLE && message->code == ICMP4_UNREACHABLE_TOO_BIG) {
        put_be16(out + 6, message->mtu);
    }
    if (message->type == ICMP4_TYPE_PARAMETER_PROBLEM) {
        out[4] = message->pointer;
    }
    csum_store(out + 2, csum_small(out, ICMP4_HEADER_LEN + body_len));
    return ICMP4_HEADER_LEN + body_len;
}
