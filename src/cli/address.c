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

bool address_read(const char *text, struct cli_address *address)
{
    const char *slash = strchr(text, '/');
    char bare[TEXT_MOST] = "";
    unsigned long len, most;

    if (!slash || slash - text >= TEXT_MOST || strlen(slash + 1) > 3 || slash[1] == '\0'
        || strspn(slash + 1, "0123456789") != strlen(slash + 1))
        return false;
    memcpy(bare, text, (size_t)(slash - text));
    if (!ciao_addr_parse(bare, &address->ours) || !fits_a_host(&address->ours))
        return false;
    len = strtoul(slash + 1, NULL, 10);
    most = ip_is_v4(&address->ours) ? 30 : 126;
    if (len < 1 || len > most)
        return false;
    address->prefix_len = (unsigned)len;
    address->theirs = other_end(&address->ours, (unsigned)len + (most == 30 ? IP_MAPPED_BITS : 0));
    return true;
}

void address_fill(struct cli_address *addresses, unsigned *n)
{
    bool v4 = false, v6 = false;

    for (unsigned i = 0; i < *n; i++) {
        v4 = v4 || ip_is_v4(&addresses[i].ours);
        v6 = v6 || !ip_is_v4(&addresses[i].ours);
    }
    if (!v4 && *n < OPTIONS_ADDRESSES && address_read("10.9.0.2/24", &addresses[*n]))
        (*n)++;
    if (!v6 && *n < OPTIONS_ADDRESSES && address_read("fd09::2/64", &addresses[*n]))
        (*n)++;
}
