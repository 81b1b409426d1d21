/* UDP headers: see udp.h. */
#include "wire/udp.h"

#include "base/bytes.h"

enum wire_fault udp_parse(const uint8_t *p, size_t len, struct udp_header *udp)
{
    if (len < UDP_HEADER_LEN) {
        return WIRE_UDP_SHORT;
    }
    udp->sport = get_be16(p);
    udp->dport = get_be16(p + 2);
    udp->len = get_be16(p + 4);
    udp->checksum = get_be16(p + 6);
    return udp->len < UDP_HEADER_LEN || udp->len > len ? WIRE_UDP_LENGTH : WIRE_OK;
}

size_t udp_emit(const struct udp_header *udp, uint8_t *out)
{
    put_be16(out, udp->sport);
    put_be16(out + 2, udp->dport);
    put_be16(out + 4, udp->len);
    put_be16(out + 6, udp->checksum);
    return UDP_HEADER_LEN;
}
