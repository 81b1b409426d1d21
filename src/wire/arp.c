/* ARP packets: see arp.h. */
#include "wire/arp.h"

#include "base/bytes.h"
#include "base/mem.h"

/* Hardware type Ethernet, protocol type IPv4, address lengths 6 and 4: the first six bytes. */
static const uint8_t arp_kind[6] = {0x00, 0x01, 0x08, 0x00, 6, 4};

enum wire_fault arp_parse(const uint8_t *p, size_t len, struct arp_packet *arp)
{
    if (len < ARP_LEN) {
        return WIRE_ARP_SHORT;
    }
    if (memcmp(p, arp_kind, sizeof arp_kind) != 0) {
        return WIRE_ARP_KIND;
    }
    uint16_t operation = get_be16(p + 6);
    if (operation != ARP_REQUEST && operation != ARP_REPLY) {
        return WIRE_ARP_OPERATION;
    }
    arp->operation = operation == ARP_REQUEST ? ARP_REQUEST : ARP_REPLY;
    memcpy(arp->sender_mac, p + 8, ETH_ALEN);
    arp->sender_ip = get_be32(p + 14);
    memcpy(arp->target_mac, p + 18, ETH_ALEN);
    arp->target_ip = get_be32(p + 24);
    return WIRE_OK;
}

size_t arp_emit(const struct arp_packet *arp, uint8_t *out)
{
    memcpy(out, arp_kind, sizeof arp_kind);
    put_be16(out + 6, (uint16_t)arp->operation);
    memcpy(out + 8, arp->sender_mac, ETH_ALEN);
    put_be32(out + 14, arp->sender_ip);
    memcpy(out + 18, arp->target_mac, ETH_ALEN);
    put_be32(out + 24, arp->target_ip);
    return ARP_LEN;
}
