/*
 * What lwIP wants to know of the compiler and the machine.
 */
#ifndef PEERS_LWIP_ARCH_CC_H
#define PEERS_LWIP_ARCH_CC_H

#include <stdint.h>
#include <stdlib.h>

/* The checksum is ciao's own, so that both stacks sum as fast. */
uint32_t peer_sum(const void *bytes, int len);
uint32_t peer_sum_and_copy(void *to, const void *from, int len);

#define LWIP_CHKSUM(bytes, len)         ((uint16_t)peer_sum((bytes), (len)))
#define LWIP_CHKSUM_COPY(to, from, len) ((uint16_t)peer_sum_and_copy((to), (from), (len)))
#define LWIP_PLATFORM_DIAG(message)     ((void)0)
#define LWIP_PLATFORM_ASSERT(message)   abort()
#define LWIP_PLATFORM_BYTESWAP          1
#define LWIP_PLATFORM_HTONS(x)          __builtin_bswap16(x)
#define LWIP_PLATFORM_HTONL(x)          __builtin_bswap32(x)
#define lwip_htons(x)                   __builtin_bswap16(x)
#define lwip_htonl(x)                   __builtin_bswap32(x)

#endif
