/*
 * Linux's sysctls of TCP and IP, as ciao's settings: "net.ipv4.tcp_sack" = "0" and the like.
 *
 * Whoever stands in for a kernel (packetdrill's shared object, `ciao drill`, the preload library)
 * has programs and scripts set these.  Nothing is read from the machine here.
 */
#ifndef HOST_SYSCTL_H
#define HOST_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "ciao/socket.h"
#include "ciao/stack.h"

/* What sysctls change. */
struct sysctls {
    struct ciao_settings tcp;          /* what new sockets start with */
    struct ciao_sockets_config limits; /* of the socket layer */
    uint32_t syn_backlog;              /* net.ipv4.tcp_max_syn_backlog */
    uint16_t port_low, port_high;      /* net.ipv4.ip_local_port_range; 0: untouched */
    uint8_t syn_cookies;               /* as struct ciao_config's */
};

enum sysctl_answer {
    SYSCTL_SET,       /* done */
    SYSCTL_NO_MATTER, /* known; ciao has nothing that it would change */
    SYSCTL_UNKNOWN,   /* no such name */
    SYSCTL_BAD_VALUE  /* the value is not one that Linux takes (or ciao: an unknown algorithm) */
};

/* Begin with a profile's settings and the layer's usual limits. */
void sysctls_init(struct sysctls *sysctls, enum ciao_profile profile);

/*
 * Set one.
 *
 *   name   "net.ipv4.tcp_sack", "net/ipv4/tcp_sack" or "/proc/sys/net/ipv4/tcp_sack"; need not be
 *          terminated
 *   value  as written to the file: numbers in any base that C knows, words
 */
enum sysctl_answer sysctl_set(struct sysctls *sysctls, const char *name, size_t name_len,
                              const char *value);

/* The names that change something, one for each i from 0 on; NULL behind the last. */
const char *sysctl_name(size_t i);

#endif
