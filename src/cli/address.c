/*
 * The addresses of both ends of the interface: see address.h.
 */
#include "cli/address.h"

#include <stdlib.h>
#include <string.h>

#include "wire/addr.h"

#define TEXT_MOST 64

bool address_is_v4(const struct ciao_addr *addr)
{
    return ip_is_v4(addr);
}

/* The prefix's own address plus one, or plus two when one is ours. */
static struct ciao_addr other_end(const struct ciao_addr *ours, unsigned mapped_len)
{
    struct ciao_addr theirs = ip_mask(ours, mapped_len);

    theirs.b[15] |= 1;
    if (ip_equal(&theirs, ours))
        theirs.b[15] = (uint8_t)(theirs.b[15] + 1);
    return theirs;
}

static bool fits_a_host(const struct ciao_addr *addr)
{
    return !ip_is_any(addr) && !ip_is_multicast(addr) && !ip_is_loopback(addr)
           && !ip_is_broadcast(addr);
}

/* The first address of a prefix is the network's, the last one of IPv4 everybody's.
 * [RFC1122 3.2.1.3], [RFC4291 2.6.1] */
static bool is_of_the_prefix(const struct ciao_addr *addr, unsigned prefix_len)
{
    uint32_t host_bits = ip_is_v4(addr) ? UINT32_MAX >> prefix_len : 0;
    struct ciao_addr network = ip_mask(addr, prefix_len + (ip_is_v4(addr) ? IP_MAPPED_BITS : 0));

    return ip_equal(addr, &network) || (host_bits && (ip_v4(addr) & host_bits) == host_bits);
}

const char *address_read(const char *text, struct cli_address *address)
{
    const char *slash = strchr(text, '/');
    char bare[TEXT_MOST] = "";
    static const char wanted[] =
        "an address and the length of its prefix, such as 10.9.0.2/24 or fd09::2/64";
    unsigned long len, most;

    if (!slash || slash - text >= TEXT_MOST || strlen(slash + 1) > 3 || slash[1] == '\0'
        || strspn(slash + 1, "0123456789") != strlen(slash + 1))
        return wanted;
    memcpy(bare, text, (size_t)(slash - text));
    if (!ciao_addr_parse(bare, &address->ours) || !fits_a_host(&address->ours))
        return wanted;
    len = strtoul(slash + 1, NULL, 10);
    most = ip_is_v4(&address->ours) ? 30 : 126;
    if (len < 1 || len > most)
        return wanted;
    if (is_of_the_prefix(&address->ours, (unsigned)len))
        return "a host's address, neither the first nor the broadcast address of its prefix";
    address->prefix_len = (unsigned)len;
    address->theirs = other_end(&address->ours, (unsigned)len + (most == 30 ? IP_MAPPED_BITS : 0));
    return NULL;
}

void address_fill(struct cli_address *addresses, unsigned *n)
{
    bool v4 = false, v6 = false;

    for (unsigned i = 0; i < *n; i++) {
        v4 = v4 || ip_is_v4(&addresses[i].ours);
        v6 = v6 || !ip_is_v4(&addresses[i].ours);
    }
    if (!v4 && *n < OPTIONS_ADDRESSES && !address_read("10.9.0.2/24", &addresses[*n]))
        (*n)++;
    if (!v6 && *n < OPTIONS_ADDRESSES && !address_read("fd09::2/64", &addresses[*n]))
        (*n)++;
}
