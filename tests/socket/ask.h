/*
 * Asking a socket for an option, in the fewest words.
 */
#ifndef TESTS_SOCKET_ASK_H
#define TESTS_SOCKET_ASK_H

#include "world.h"

static inline int set_bytes(struct ciao_sockets *s, int fd, int level, int name, const void *bytes,
                            size_t len)
{
    const struct ciao_iovec value = {(void *)(uintptr_t)bytes, len};
    return ciao_setsockopt(s, fd, level, name, &value);
}

static inline int get_bytes(struct ciao_sockets *s, int fd, int level, int name, void *bytes,
                            uint32_t *len)
{
    const struct ciao_name value = {bytes, len};
    return ciao_getsockopt(s, fd, level, name, &value);
}

static inline int set_int(struct ciao_sockets *s, int fd, int level, int name, int32_t number)
{
    return set_bytes(s, fd, level, name, &number, sizeof number);
}

/* The value, or the error, which no test here confuses with one. */
static inline int get_int(struct ciao_sockets *s, int fd, int level, int name)
{
    int32_t number = 0;
    uint32_t len = sizeof number;
    const int error = get_bytes(s, fd, level, name, &number, &len);
    return error != 0 ? error : number;
}

#define SOCKET_OF(name) CIAO_SOL_SOCKET, CIAO_SO_##name
#define TCP_OF(name)    CIAO_IPPROTO_TCP, CIAO_TCP_##name
#define IP_OF(name)     CIAO_IPPROTO_IP, CIAO_IP_##name
#define IPV6_OF(name)   CIAO_IPPROTO_IPV6, CIAO_IPV6_##name

#endif
