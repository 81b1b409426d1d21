/* IPv4 headers: see ip4.h. */
#include "wire/ip4.h"

#include "base/bytes.h"
#include "wire/checksum.h"

#define IP4_DF          0x4000u
#define IP4_MF          0x2000u
#define IP4_OFFSET_MASK 0x1fffu

/* A fragment that is not the last must carry whole units of 8 bytes, and none may end too late. */
static enum wire_fault check_fragment(const struct ip4_header *ip)
{
    unsigned payload = (unsigned)ip->total_len - ip->header_len;
    if (ip->mf && (payload == 0 || payload % 8 != 0)) {
        return WIRE_IP4_FRAGMENT_LENGTH;
    }
    if (ip->frag_offset_bytes + (unsigned)ip->total_len > IP4_PACKET_MAX) {
        return WIRE_IP4_FRAGMENT_END;
    }
    return WIRE_OK;
}

/* The lengths that the header announces, against each other and the bytes there are. */
static enum wire_fault check_lengths(const uint8_t *p, size_t len)
{
    if (len < IP4_HEADER_LEN) {
        return WIRE_IP4_SHORT;
    }
    if (p[0] >> 4 != 4) {
        return WIRE_IP4_VERSION;
    }
    size_t header_len = (p[0] & 0xfu) * 4;
    if (header_len < IP4_HEADER_LEN || header_len > len) {
        return WIRE_IP4_HEADER_LENGTH;
    }
    size_t total_len = get_be16(p + 2);
    if (total_len < header_len || total_len > len) {
        return WIRE_IP4_TOTAL_LENGTH;
    }
    return WIRE_OK;
}

/* [RFC1122 3.2.1.2]: the checksum is verified on every datagram. */
enum wire_fault ip4_parse(const uint8_t *p, size_t len, struct ip4_header *ip)
{
    enum wire_fault fault = check_lengths(p, len);
    if (fault) {
        return fault;
    }
    ip->header_len = (uint8_t)((p[0] & 0xfu) * 4);
    if (!csum_is_valid(csum_small(p, ip->header_len))) {
        return WIRE_IP4_CHECKSUM;
    }
    unsigned fragment = get_be16(p + 6);
    ip->tos = p[1];
    ip->total_len = get_be16(p + 2);
    ip->id = get_be16(p + 4);
    ip->df = (fragment & IP4_DF) != 0;
    ip->mf = (fragment & IP4_MF) != 0;
    ip->frag_offset_bytes = (uint16_t)((fragment & IP4_OFFSET_MASK) * 8);
    ip->ttl = p[8];
    ip->protocol = p[9];
    ip->src = get_be32(p + 12);
    ip->dst = get_be32(p + 16);
    return ip4_is_fragment(ip) ? check_fragment(ip) : WIRE_OK;
}

/*
 * The checksum is made of the fields rather than of the bytes: reading bytes in wider pieces than
 * they have just been written in would stall the processor.
 */
size_t ip4_emit(const struct ip4_header *ip, uint8_t *out)
{
    uint32_t fragment = (ip->df ? IP4_DF : 0) | (ip->mf ? IP4_MF : 0) | ip->frag_offset_bytes / 8u;
    uint32_t version_tos = 0x4500u | ip->tos;
    uint32_t ttl_protocol = (uint32_t)ip->ttl << 8 | ip->protocol;
    uint64_t sum = version_tos + ip->total_len + ip->id + fragment + ttl_protocol;
    put_be16(out, (uint16_t)version_tos);
    put_be16(out + 2, ip->total_len);
    put_be16(out + 4, ip->id);
    put_be16(out + 6, (uint16_t)fragment);
    put_be16(out + 8, (uint16_t)ttl_protocol);
    put_be16(out + IP4_CHECKSUM_AT, (uint16_t)~csum_fold(sum + ip->src + ip->dst));
    put_be32(out + 12, ip->src);
    put_be32(out + 16, ip->dst);
    return IP4_HEADER_LEN;
}

void ip4_refresh_checksum(uint8_t *p)
{
    put_be16(p + IP4_CHECKSUM_AT, 0);
    csum_store(p + IP4_CHECKSUM_AT, csum_small(p, (p[0] & 0xfu) * 4));
}
