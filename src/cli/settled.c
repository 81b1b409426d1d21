/*
 * Whether the kernel's IPv6 address takes packets yet: read from /proc/net/ipv6_route.
 */
#include "cli/settled.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TRIES 500
#define HEX   32

/* "fd090000000000000000000000000001 80 ...": a route to that address alone. */
static bool has_route(const char *wanted)
{
    FILE *routes = fopen("/proc/net/ipv6_route", "r");
    char line[256];
    bool found = false;

    if (!routes)
        return true; /* nobody to ask */
    while (!found && fgets(line, sizeof line, routes))
        found = strncmp(line, wanted, HEX + 3) == 0;
    (void)fclose(routes);
    return found;
}

void settled_wait(const struct ciao_addr *addr)
{
    const struct timespec moment = {0, 1000000};
    char wanted[HEX + 4];

    for (unsigned i = 0; i < 16; i++)
        (void)snprintf(wanted + 2 * i, 3, "%02x", addr->b[i]);
    (void)strcpy(wanted + HEX, " 80");
    for (unsigned i = 0; i < TRIES && !has_route(wanted); i++)
        (void)nanosleep(&moment, NULL);
}
