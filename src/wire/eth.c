/* Ethernet II headers: see eth.h. */
#include "wire/eth.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "wire/addr.h"

enum wire_fault eth_parse(const uint8_t *p, size_t len, struct eth_header *eth)
{
    if (len < ETH_HEADER_LEN) {
        return WIRE_ETH_SHORT;
    }
    memcpy(eth->dst, p, ETH_ALEN);
    memcpy(eth->src, p + 6, ETH_ALEN);
    eth->type = get_be16(p + 12);
    return WIRE_OK;
}

size_t eth_emit(const struct eth_header *eth, uint8_t *out)
{
    memcpy(out, eth->dst, ETH_ALEN);
    memcpy(out + 6, eth->src, ETH_ALEN);
    put_be16(out + 12, eth->type);
    return ETH_HEADER_LEN;
}

bool eth_is_broadcast(const uint8_t mac[ETH_ALEN])
{
    return get_be32(mac) == 0xffffffff && get_be16(mac + 4) == 0xffff;
}

void eth_multicast_of(const struct ciao_addr *group, uint8_t mac[ETH_ALEN])
{
    if (ip_is_v4(group)) {
        put_be16(mac, 0x0100);
        put_be32(mac + 2, 0x5e000000 | (ip_v4(group) & 0x7fffff));
        return;
    }
    put_be16(mac, 0x3333);
    memcpy(mac + 2, group->b + 12, 4);
}
