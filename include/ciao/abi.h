/*
 * What programs pass to BSD sockets, with Linux's numbers and layouts.
 *
 * The socket layer includes no header of the system, so the types and constants that the system
 * also defines are mirrored here: the same name with CIAO_ or ciao_ before it.  Whoever stands
 * between programs and the layer (the preload library, packetdrill's shared object) asserts at
 * compile time that each equals the system's.  Numbers are those of Linux's generic ABI (x86-64,
 * arm64, riscv64).
 *
 * Sources: <linux/socket.h>, <linux/in.h>, <linux/in6.h>, <linux/tcp.h>, <linux/eventpoll.h>,
 * asm-generic's socket.h, fcntl.h, ioctls.h, errno.h.
 */
#ifndef CIAO_ABI_H
#define CIAO_ABI_H

#include <stddef.h>
#include <stdint.h>

/* clang-format off */
/* ---- Address families, kinds of sockets, protocols ---- */
#define CIAO_AF_UNSPEC 0
#define CIAO_AF_UNIX 1
#define CIAO_AF_INET 2
#define CIAO_AF_INET6 10
#define CIAO_SOCK_STREAM 1
#define CIAO_SOCK_DGRAM 2
#define CIAO_SOCK_RAW 3
#define CIAO_SOCK_SEQPACKET 5
#define CIAO_SOCK_NONBLOCK 2048
#define CIAO_SOCK_CLOEXEC 524288
#define CIAO_IPPROTO_IP 0
#define CIAO_IPPROTO_TCP 6
#define CIAO_IPPROTO_UDP 17
#define CIAO_IPPROTO_IPV6 41
#define CIAO_SHUTDOWN_RD 0 /* SHUT_RD; stack.h has names of its own */
#define CIAO_SHUTDOWN_WR 1
#define CIAO_SHUTDOWN_RDWR 2
#define CIAO_SOMAXCONN 4096
#define CIAO_IOV_MAX 1024

/* ---- Levels and options of SOL_SOCKET: socket(7) ---- */
#define CIAO_SOL_SOCKET 1
#define CIAO_SO_DEBUG 1
#define CIAO_SO_REUSEADDR 2
#define CIAO_SO_TYPE 3
#define CIAO_SO_ERROR 4
#define CIAO_SO_DONTROUTE 5
#define CIAO_SO_BROADCAST 6
#define CIAO_SO_SNDBUF 7
#define CIAO_SO_RCVBUF 8
#define CIAO_SO_SNDBUFFORCE 32
#define CIAO_SO_RCVBUFFORCE 33
#define CIAO_SO_KEEPALIVE 9
#define CIAO_SO_OOBINLINE 10
#define CIAO_SO_NO_CHECK 11
#define CIAO_SO_PRIORITY 12
#define CIAO_SO_LINGER 13
#define CIAO_SO_BSDCOMPAT 14
#define CIAO_SO_REUSEPORT 15
#define CIAO_SO_PASSCRED 16
#define CIAO_SO_PEERCRED 17
#define CIAO_SO_RCVLOWAT 18
#define CIAO_SO_SNDLOWAT 19
#define CIAO_SO_RCVTIMEO 20
#define CIAO_SO_SNDTIMEO 21
#define CIAO_SO_BINDTODEVICE 25
#define CIAO_SO_DETACH_FILTER 27
#define CIAO_SO_PEERNAME 28
#define CIAO_SO_TIMESTAMP 29
#define CIAO_SO_ACCEPTCONN 30
#define CIAO_SO_PEERSEC 31
#define CIAO_SO_PASSSEC 34
#define CIAO_SO_TIMESTAMPNS 35
#define CIAO_SO_MARK 36
#define CIAO_SO_TIMESTAMPING 37
#define CIAO_SO_PROTOCOL 38
#define CIAO_SO_DOMAIN 39
#define CIAO_SO_RXQ_OVFL 40
#define CIAO_SO_PEEK_OFF 42
#define CIAO_SO_SELECT_ERR_QUEUE 45
#define CIAO_SO_INCOMING_CPU 49
#define CIAO_SO_BUSY_POLL 46
#define CIAO_SO_BPF_EXTENSIONS 48
#define CIAO_SO_MAX_PACING_RATE 47
#define CIAO_SO_MEMINFO 55
#define CIAO_SO_INCOMING_NAPI_ID 56
#define CIAO_SO_COOKIE 57
#define CIAO_SO_PEERGROUPS 59
#define CIAO_SO_ZEROCOPY 60
#define CIAO_SO_TXTIME 61
#define CIAO_SO_BINDTOIFINDEX 62
#define CIAO_SO_TIMESTAMP_NEW 63
#define CIAO_SO_TIMESTAMPNS_NEW 64
#define CIAO_SO_TIMESTAMPING_NEW 65
#define CIAO_SO_RCVTIMEO_NEW 66
#define CIAO_SO_SNDTIMEO_NEW 67
#define CIAO_SO_PREFER_BUSY_POLL 69
#define CIAO_SO_BUF_LOCK 72
#define CIAO_SO_TXREHASH 74
#define CIAO_SO_RCVMARK 75
#define CIAO_SO_PASSPIDFD 76
#define CIAO_SO_PEERPIDFD 77

/* ---- Options of IPPROTO_TCP: tcp(7) ---- */
#define CIAO_TCP_NODELAY 1
#define CIAO_TCP_MAXSEG 2
#define CIAO_TCP_CORK 3
#define CIAO_TCP_KEEPIDLE 4
#define CIAO_TCP_KEEPINTVL 5
#define CIAO_TCP_KEEPCNT 6
#define CIAO_TCP_SYNCNT 7
#define CIAO_TCP_LINGER2 8
#define CIAO_TCP_DEFER_ACCEPT 9
#define CIAO_TCP_WINDOW_CLAMP 10
#define CIAO_TCP_INFO 11
#define CIAO_TCP_QUICKACK 12
#define CIAO_TCP_CONGESTION 13
#define CIAO_TCP_MD5SIG 14
#define CIAO_TCP_USER_TIMEOUT 18
#define CIAO_TCP_FASTOPEN 23
#define CIAO_TCP_TIMESTAMP 24
#define CIAO_TCP_NOTSENT_LOWAT 25
#define CIAO_TCP_CC_INFO 26
#define CIAO_TCP_SAVE_SYN 27
#define CIAO_TCP_SAVED_SYN 28
#define CIAO_TCP_FASTOPEN_CONNECT 30
#define CIAO_TCP_ULP 31
#define CIAO_TCP_FASTOPEN_KEY 33
#define CIAO_TCP_FASTOPEN_NO_COOKIE 34
#define CIAO_TCP_ZEROCOPY_RECEIVE 35
#define CIAO_TCP_INQ 36
#define CIAO_TCP_TX_DELAY 37
#define CIAO_TCP_REPAIR 19
#define CIAO_TCP_REPAIR_QUEUE 20
#define CIAO_TCP_QUEUE_SEQ 21
#define CIAO_TCP_REPAIR_OPTIONS 22
#define CIAO_TCP_REPAIR_WINDOW 29
#define CIAO_TCP_IS_MPTCP 43
#define CIAO_TCP_RTO_MAX_MS 44
#define CIAO_TCP_RTO_MIN_US 45
#define CIAO_TCP_DELACK_MAX_US 46
#define CIAO_TCP_THIN_LINEAR_TIMEOUTS 16
#define CIAO_TCP_THIN_DUPACK 17

/* ---- Options of IPPROTO_IP and IPPROTO_IPV6: ip(7), ipv6(7) ---- */
#define CIAO_IP_TOS 1
#define CIAO_IP_TTL 2
#define CIAO_IP_OPTIONS 4
#define CIAO_IP_RECVOPTS 6
#define CIAO_IP_RETOPTS 7
#define CIAO_IP_PKTINFO 8
#define CIAO_IP_MTU_DISCOVER 10
#define CIAO_IP_RECVERR 11
#define CIAO_IP_RECVTTL 12
#define CIAO_IP_RECVTOS 13
#define CIAO_IP_MTU 14
#define CIAO_IP_FREEBIND 15
#define CIAO_IP_TRANSPARENT 19
#define CIAO_IP_RECVORIGDSTADDR 20
#define CIAO_IP_BIND_ADDRESS_NO_PORT 24
#define CIAO_IP_MINTTL 21
#define CIAO_IP_MULTICAST_TTL 33
#define CIAO_IP_MULTICAST_LOOP 34
#define CIAO_IP_MULTICAST_ALL 49
#define CIAO_IP_ORIGINAL_DST 80
#define CIAO_IP_LOCAL_PORT_RANGE 51
#define CIAO_IP_PMTUDISC_DONT 0
#define CIAO_IP_PMTUDISC_WANT 1
#define CIAO_IP_PMTUDISC_DO 2
#define CIAO_IP_PMTUDISC_PROBE 3
#define CIAO_IP_PMTUDISC_INTERFACE 4
#define CIAO_IP_PMTUDISC_OMIT 5
#define CIAO_IPV6_V6ONLY 26
#define CIAO_IPV6_UNICAST_HOPS 16
#define CIAO_IPV6_TCLASS 67
#define CIAO_IPV6_MTU 24
#define CIAO_IPV6_MTU_DISCOVER 23
#define CIAO_IPV6_RECVERR 25
#define CIAO_IPV6_RECVPKTINFO 49
#define CIAO_IPV6_RECVTCLASS 66
#define CIAO_IPV6_RECVHOPLIMIT 51
#define CIAO_IPV6_DONTFRAG 62
#define CIAO_IPV6_ADDRFORM 1
#define CIAO_IPV6_FLOWINFO_SEND 33
#define CIAO_IPV6_TRANSPARENT 75
#define CIAO_IPV6_RECVORIGDSTADDR 74
#define CIAO_IPV6_FREEBIND 78
#define CIAO_IPV6_AUTOFLOWLABEL 70
#define CIAO_IPV6_MINHOPCOUNT 73

/* ---- Flags of send and recv ---- */
#define CIAO_MSG_OOB 1u
#define CIAO_MSG_PEEK 2u
#define CIAO_MSG_DONTROUTE 4u
#define CIAO_MSG_CTRUNC 8u
#define CIAO_MSG_TRUNC 0x20u
#define CIAO_MSG_DONTWAIT 0x40u
#define CIAO_MSG_EOR 0x80u
#define CIAO_MSG_WAITALL 0x100u
#define CIAO_MSG_CONFIRM 0x800u
#define CIAO_MSG_ERRQUEUE 0x2000u
#define CIAO_MSG_NOSIGNAL 0x4000u
#define CIAO_MSG_MORE 0x8000u
#define CIAO_MSG_WAITFORONE 0x10000u
#define CIAO_MSG_ZEROCOPY 0x4000000u
#define CIAO_MSG_FASTOPEN 0x20000000u
#define CIAO_MSG_CMSG_CLOEXEC 0x40000000u

/* ---- poll(2) ---- */
#define CIAO_POLLIN 1u
#define CIAO_POLLPRI 2u
#define CIAO_POLLOUT 4u
#define CIAO_POLLERR 8u
#define CIAO_POLLHUP 0x10u
#define CIAO_POLLNVAL 0x20u
#define CIAO_POLLRDNORM 0x40u
#define CIAO_POLLRDBAND 0x80u
#define CIAO_POLLWRNORM 0x100u
#define CIAO_POLLWRBAND 0x200u
#define CIAO_POLLMSG 0x400u
#define CIAO_POLLRDHUP 0x2000u

/* ---- epoll(7) ---- */
#define CIAO_EPOLLIN 1u
#define CIAO_EPOLLPRI 2u
#define CIAO_EPOLLOUT 4u
#define CIAO_EPOLLERR 8u
#define CIAO_EPOLLHUP 0x10u
#define CIAO_EPOLLRDNORM 0x40u
#define CIAO_EPOLLRDBAND 0x80u
#define CIAO_EPOLLWRNORM 0x100u
#define CIAO_EPOLLWRBAND 0x200u
#define CIAO_EPOLLMSG 0x400u
#define CIAO_EPOLLRDHUP 0x2000u
#define CIAO_EPOLLEXCLUSIVE 0x10000000u
#define CIAO_EPOLLWAKEUP 0x20000000u
#define CIAO_EPOLLONESHOT 0x40000000u
#define CIAO_EPOLLET 0x80000000u
#define CIAO_EPOLL_CTL_ADD 1
#define CIAO_EPOLL_CTL_DEL 2
#define CIAO_EPOLL_CTL_MOD 3
#define CIAO_EPOLL_CLOEXEC 0x80000u

/* ---- fcntl(2), ioctl(2) ---- */
#define CIAO_F_DUPFD 0
#define CIAO_F_GETFD 1
#define CIAO_F_SETFD 2
#define CIAO_F_GETFL 3
#define CIAO_F_SETFL 4
#define CIAO_F_SETOWN 8
#define CIAO_F_GETOWN 9
#define CIAO_F_DUPFD_CLOEXEC 1030
#define CIAO_FD_CLOEXEC 1
#define CIAO_O_RDONLY 0
#define CIAO_O_WRONLY 1
#define CIAO_O_RDWR 2
#define CIAO_O_NONBLOCK 2048
#define CIAO_O_ASYNC 8192
#define CIAO_O_APPEND 1024
#define CIAO_FIONREAD 0x541bu
#define CIAO_FIONBIO 0x5421u
#define CIAO_FIOASYNC 0x5452u
#define CIAO_FIONCLEX 0x5450u
#define CIAO_FIOCLEX 0x5451u
#define CIAO_SIOCINQ 0x541bu
#define CIAO_SIOCOUTQ 0x5411u
#define CIAO_SIOCOUTQNSD 0x894bu
#define CIAO_SIOCATMARK 0x8905u
#define CIAO_SIOCSPGRP 0x8902u
#define CIAO_SIOCGPGRP 0x8904u
#define CIAO_FIOGETOWN 0x8903u
#define CIAO_FIOSETOWN 0x8901u
#define CIAO_SIOCGSTAMP 0x8906u

/* ---- TCP's states as TCP_INFO and sock_diag number them ---- */
#define CIAO_TCP_ESTABLISHED 1
#define CIAO_TCP_SYN_SENT 2
#define CIAO_TCP_SYN_RECV 3
#define CIAO_TCP_FIN_WAIT1 4
#define CIAO_TCP_FIN_WAIT2 5
#define CIAO_TCP_TIME_WAIT 6
#define CIAO_TCP_CLOSE 7
#define CIAO_TCP_CLOSE_WAIT 8
#define CIAO_TCP_LAST_ACK 9
#define CIAO_TCP_LISTEN 10
#define CIAO_TCP_CLOSING 11
#define CIAO_TCP_NEW_SYN_RECV 12
#define CIAO_TCPI_OPT_TIMESTAMPS 1
#define CIAO_TCPI_OPT_SACK 2
#define CIAO_TCPI_OPT_WSCALE 4
#define CIAO_TCPI_OPT_ECN 8
#define CIAO_TCPI_OPT_ECN_SEEN 16
#define CIAO_TCPI_OPT_SYN_DATA 32
#define CIAO_TCP_CA_Open 0
#define CIAO_TCP_CA_Disorder 1
#define CIAO_TCP_CA_CWR 2
#define CIAO_TCP_CA_Recovery 3
#define CIAO_TCP_CA_Loss 4

/* ---- errno(3), as Linux numbers them (asm-generic) ---- */
#define CIAO_ERRNO_EPERM 1
#define CIAO_ERRNO_ENOENT 2
#define CIAO_ERRNO_EINTR 4
#define CIAO_ERRNO_EIO 5
#define CIAO_ERRNO_EBADF 9
#define CIAO_ERRNO_EAGAIN 11
#define CIAO_ERRNO_ENOMEM 12
#define CIAO_ERRNO_EACCES 13
#define CIAO_ERRNO_EFAULT 14
#define CIAO_ERRNO_EBUSY 16
#define CIAO_ERRNO_EEXIST 17
#define CIAO_ERRNO_ENODEV 19
#define CIAO_ERRNO_ENOTDIR 20
#define CIAO_ERRNO_EINVAL 22
#define CIAO_ERRNO_ENFILE 23
#define CIAO_ERRNO_EMFILE 24
#define CIAO_ERRNO_ENOTTY 25
#define CIAO_ERRNO_ENOSPC 28
#define CIAO_ERRNO_ESPIPE 29
#define CIAO_ERRNO_EPIPE 32
#define CIAO_ERRNO_EDOM 33
#define CIAO_ERRNO_ERANGE 34
#define CIAO_ERRNO_ENOSYS 38
#define CIAO_ERRNO_ELOOP 40
#define CIAO_ERRNO_ENODATA 61
#define CIAO_ERRNO_ENOTSOCK 88
#define CIAO_ERRNO_EDESTADDRREQ 89
#define CIAO_ERRNO_EMSGSIZE 90
#define CIAO_ERRNO_EPROTOTYPE 91
#define CIAO_ERRNO_ENOPROTOOPT 92
#define CIAO_ERRNO_EPROTONOSUPPORT 93
#define CIAO_ERRNO_ESOCKTNOSUPPORT 94
#define CIAO_ERRNO_EOPNOTSUPP 95
#define CIAO_ERRNO_EPFNOSUPPORT 96
#define CIAO_ERRNO_EAFNOSUPPORT 97
#define CIAO_ERRNO_EADDRINUSE 98
#define CIAO_ERRNO_EADDRNOTAVAIL 99
#define CIAO_ERRNO_ENETDOWN 100
#define CIAO_ERRNO_ENETUNREACH 101
#define CIAO_ERRNO_ENETRESET 102
#define CIAO_ERRNO_ECONNABORTED 103
#define CIAO_ERRNO_ECONNRESET 104
#define CIAO_ERRNO_ENOBUFS 105
#define CIAO_ERRNO_EISCONN 106
#define CIAO_ERRNO_ENOTCONN 107
#define CIAO_ERRNO_ETIMEDOUT 110
#define CIAO_ERRNO_ECONNREFUSED 111
#define CIAO_ERRNO_EHOSTDOWN 112
#define CIAO_ERRNO_EHOSTUNREACH 113
#define CIAO_ERRNO_EALREADY 114
#define CIAO_ERRNO_EINPROGRESS 115
#define CIAO_ERRNO_EPROTO 71
#define CIAO_ERRNO_ECANCELED 125
/* clang-format on */

/* ---- addresses: all numbers in network order ---- */
struct ciao_sockaddr {
    uint16_t sa_family;
    uint8_t sa_data[14];
};
struct ciao_sockaddr_in {
    uint16_t sin_family;
    uint16_t sin_port;
    uint8_t sin_addr[4];
    uint8_t sin_zero[8];
};
struct ciao_sockaddr_in6 {
    uint16_t sin6_family;
    uint16_t sin6_port;
    uint32_t sin6_flowinfo;
    uint8_t sin6_addr[16];
    uint32_t sin6_scope_id; /* in the host's order */
};
struct ciao_sockaddr_storage {
    uint16_t ss_family;
    uint8_t data[126];
};

/* ---- data in pieces ---- */
struct ciao_iovec {
    void *iov_base;
    size_t iov_len;
};
struct ciao_msghdr {
    void *msg_name;
    uint32_t msg_namelen;
    struct ciao_iovec *msg_iov;
    size_t msg_iovlen;
    void *msg_control;
    size_t msg_controllen;
    int32_t msg_flags;
};

/* ---- options' values ---- */
struct ciao_linger {
    int32_t l_onoff;
    int32_t l_linger; /* seconds */
};
struct ciao_timeval {
    int64_t tv_sec;
    int64_t tv_usec;
};
struct ciao_timespec {
    int64_t tv_sec;
    int64_t tv_nsec;
};
/* What MSG_ERRQUEUE tells, in a control message IP_RECVERR or IPV6_RECVERR: this, then the address
 * of who said so. */
#define CIAO_SO_EE_ORIGIN_ZEROCOPY      5
#define CIAO_SO_EE_CODE_ZEROCOPY_COPIED 1
struct ciao_sock_extended_err {
    uint32_t ee_errno;
    uint8_t ee_origin, ee_type, ee_code, ee_pad;
    uint32_t ee_info, ee_data;
};

/* ---- readiness ---- */
struct ciao_pollfd {
    int32_t fd;
    int16_t events;
    int16_t revents;
};
/* Linux packs it on x86-64 and nowhere else. */
#if defined(__x86_64__)
struct __attribute__((packed)) ciao_epoll_event {
#else
struct ciao_epoll_event {
#endif
    uint32_t events;
    uint64_t data;
};

/* ---- TCP_INFO: <linux/tcp.h> through Linux 6.18 ---- */
struct ciao_tcp_info {
    uint8_t tcpi_state, tcpi_ca_state, tcpi_retransmits, tcpi_probes, tcpi_backoff, tcpi_options;
    uint8_t tcpi_snd_wscale : 4, tcpi_rcv_wscale : 4;
    uint8_t tcpi_delivery_rate_app_limited : 1, tcpi_fastopen_client_fail : 2;
    uint32_t tcpi_rto, tcpi_ato, tcpi_snd_mss, tcpi_rcv_mss; /* us, us, bytes, bytes */
    uint32_t tcpi_unacked, tcpi_sacked, tcpi_lost, tcpi_retrans, tcpi_fackets; /* segments */
    uint32_t tcpi_last_data_sent, tcpi_last_ack_sent; /* ms ago; the second is always 0 */
    uint32_t tcpi_last_data_recv, tcpi_last_ack_recv;
    uint32_t tcpi_pmtu, tcpi_rcv_ssthresh, tcpi_rtt, tcpi_rttvar; /* bytes, bytes, us, us */
    uint32_t tcpi_snd_ssthresh, tcpi_snd_cwnd, tcpi_advmss, tcpi_reordering;
    uint32_t tcpi_rcv_rtt, tcpi_rcv_space, tcpi_total_retrans;
    uint64_t tcpi_pacing_rate, tcpi_max_pacing_rate; /* bytes a second; all ones: no limit */
    uint64_t tcpi_bytes_acked, tcpi_bytes_received;
    uint32_t tcpi_segs_out, tcpi_segs_in, tcpi_notsent_bytes, tcpi_min_rtt;
    uint32_t tcpi_data_segs_in, tcpi_data_segs_out;
    uint64_t tcpi_delivery_rate;
    uint64_t tcpi_busy_time, tcpi_rwnd_limited, tcpi_sndbuf_limited; /* us */
    uint32_t tcpi_delivered, tcpi_delivered_ce;
    uint64_t tcpi_bytes_sent, tcpi_bytes_retrans;
    uint32_t tcpi_dsack_dups, tcpi_reord_seen, tcpi_rcv_ooopack, tcpi_snd_wnd, tcpi_rcv_wnd;
    uint32_t tcpi_rehash;
    uint16_t tcpi_total_rto, tcpi_total_rto_recoveries;
    uint32_t tcpi_total_rto_time; /* ms */
    uint32_t tcpi_received_ce;
    uint32_t tcpi_delivered_e1_bytes, tcpi_delivered_e0_bytes, tcpi_delivered_ce_bytes;
    uint32_t tcpi_received_e1_bytes, tcpi_received_e0_bytes, tcpi_received_ce_bytes;
    uint32_t tcpi_ecn; /* ecn_mode:2, accecn_opt_seen:2, accecn_fail_mode:4, options2:24 */
};

#endif
