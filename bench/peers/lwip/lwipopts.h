/*
 * How lwIP is built for the comparison: its raw API on one thread, pools instead of a heap, IPv4
 * and TCP, no look at what can be left out.  bench/peers/lwip/build says which frames and windows.
 */
#ifndef PEERS_LWIP_LWIPOPTS_H
#define PEERS_LWIP_LWIPOPTS_H

/* ---- the program and the stack are one thread ---- */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_TIMERS          0 /* tcp_tmr() is called as the virtual clock says */
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0

/* ---- no more protocols than the rows need ---- */
#define LWIP_IPV4      1
#define LWIP_IPV6      0
#define LWIP_ARP       0
#define LWIP_ETHERNET  0
#define LWIP_UDP       0
#define LWIP_RAW       0
#define LWIP_DNS       0
#define LWIP_ICMP      1
#define IP_REASSEMBLY  0
#define IP_FRAG        0
#define LWIP_STATS     0
#define LWIP_NOASSERT  1
#define PBUF_LINK_HLEN 0

/* ---- memory ---- */
#define MEM_ALIGNMENT           8
#define MEM_USE_POOLS           1
#define MEMP_USE_CUSTOM_POOLS   1
#define MEM_LIBC_MALLOC         0
#define MEMP_MEM_MALLOC         0
#define MEMP_NUM_TCP_PCB        12000
#define MEMP_NUM_TCP_PCB_LISTEN 8
#define MEMP_NUM_TCP_SEG        40000
#define PBUF_POOL_SIZE          0

/* ---- TCP ---- */
#define TCP_MSS                        PEER_MSS
#define TCP_WND                        PEER_WINDOW
#define TCP_SND_BUF                    PEER_WINDOW
#define TCP_SND_QUEUELEN               8192
#define TCP_SNDLOWAT                   1
#define TCP_LISTEN_BACKLOG             0
#define LWIP_WND_SCALE                 1
#define TCP_RCV_SCALE                  5
#define LWIP_TCP_KEEPALIVE             0
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1
#define LWIP_SUPPORT_CUSTOM_PBUF       1

/* ---- every checksum is made and looked at ---- */
#define CHECKSUM_GEN_IP    1
#define CHECKSUM_GEN_TCP   1
#define CHECKSUM_CHECK_IP  1
#define CHECKSUM_CHECK_TCP 1
#ifndef LWIP_CHECKSUM_ON_COPY
#define LWIP_CHECKSUM_ON_COPY 1
#endif

#endif
