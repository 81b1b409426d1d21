/*
 * getsockopt(), setsockopt(), fcntl() and ioctl(): what is kept, what is refused, what a child
 * inherits, and what a connection does differently.  The expectations are Linux 6.18's.
 */
#include "ask.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

/* ---- tables of what a new socket answers ---- */

struct answer {
    int level, name, asked, set, got; /* set to `asked`: returns `set`; then reads `got` */
};

static void check(const struct answer *answers, size_t n, bool v6)
{
    for (size_t i = 0; i < n; i++) {
        const struct answer *a = &answers[i];
        const int fd = v6 ? a_socket6(left(&w)) : a_socket(left(&w));
        const int set = set_int(left(&w), fd, a->level, a->name, a->asked);
        const int got = get_int(left(&w), fd, a->level, a->name);
        if (set != a->set || got != a->got)
            fail_msg("level %d option %d set to %d: %d, expected %d; reads %d, expected %d",
                     a->level, a->name, a->asked, set, a->set, got, a->got);
        assert_int_equal(ciao_socket_close(left(&w), fd), 0);
    }
}
#define CHECK(answers, v6) check(answers, sizeof answers / sizeof answers[0], v6)

static void options_of_sockets_answer_as_linux_does(void **state)
{
    static const struct answer answers[] = {
        {SOCKET_OF(REUSEADDR), 7, 0, 1},
        {SOCKET_OF(REUSEPORT), 1, 0, 1},
        {SOCKET_OF(KEEPALIVE), 1, 0, 1},
        {SOCKET_OF(BROADCAST), 1, 0, 1},
        {SOCKET_OF(DONTROUTE), 1, 0, 1},
        {SOCKET_OF(OOBINLINE), -1, 0, 1},
        {SOCKET_OF(SNDBUF), 0, 0, 4608},
        {SOCKET_OF(SNDBUF), 10000, 0, 20000},
        {SOCKET_OF(SNDBUF), 1 << 30, 0, 2 * 212992},
        {SOCKET_OF(SNDBUF), -1, 0, 2 * 212992},
        {SOCKET_OF(RCVBUF), 0, 0, 2304},
        {SOCKET_OF(RCVBUF), 50000, 0, 100000},
        {SOCKET_OF(RCVBUFFORCE), 1 << 20, E(EPERM), E(ENOPROTOOPT)},
        {SOCKET_OF(RCVLOWAT), 0, 0, 1},
        {SOCKET_OF(RCVLOWAT), 1000, 0, 1000},
        {SOCKET_OF(SNDLOWAT), 1000, E(ENOPROTOOPT), 1},
        {SOCKET_OF(TYPE), 1, E(ENOPROTOOPT), CIAO_SOCK_STREAM},
        {SOCKET_OF(PROTOCOL), 1, E(ENOPROTOOPT), CIAO_IPPROTO_TCP},
        {SOCKET_OF(DOMAIN), 1, E(ENOPROTOOPT), CIAO_AF_INET},
        {SOCKET_OF(ERROR), 1, E(ENOPROTOOPT), 0},
        {SOCKET_OF(ACCEPTCONN), 1, E(ENOPROTOOPT), 0},
        {SOCKET_OF(PRIORITY), 6, 0, 6},
        {SOCKET_OF(PRIORITY), 7, E(EPERM), 0},
        {SOCKET_OF(MARK), 7, E(EPERM), 0},
        {SOCKET_OF(DEBUG), 1, E(EACCES), 0},
        {SOCKET_OF(DEBUG), 0, 0, 0},
        {SOCKET_OF(PASSCRED), 1, E(EOPNOTSUPP), E(EOPNOTSUPP)},
        {SOCKET_OF(ZEROCOPY), 2, E(EINVAL), 0},
        {SOCKET_OF(ZEROCOPY), 1, 0, 1},
        {SOCKET_OF(INCOMING_CPU), 3, 0, 3},
        {SOCKET_OF(PEEK_OFF), 5, 0, 5},
        {SOCKET_OF(BUSY_POLL), -1, E(EINVAL), 0},
        {SOCKET_OF(BUSY_POLL), 50, 0, 50},
        {SOCKET_OF(TXREHASH), -1, 0, 1},
        {SOCKET_OF(TXREHASH), 2, E(EINVAL), 1},
        {SOCKET_OF(DETACH_FILTER), 0, E(ENOENT), E(ENOPROTOOPT)},
        {SOCKET_OF(TIMESTAMPING), 1 << 30, E(EINVAL), 0},
        {CIAO_SOL_SOCKET, 999, 1, E(ENOPROTOOPT), E(ENOPROTOOPT)},
        {CIAO_SOL_SOCKET, -1, 1, E(ENOPROTOOPT), E(ENOPROTOOPT)},
        {255, 1, 1, E(ENOPROTOOPT), E(EOPNOTSUPP)},
    };
    (void)state;
    CHECK(answers, false);
}

static void options_of_tcp_answer_as_linux_does(void **state)
{
    static const struct answer answers[] = {
        {TCP_OF(NODELAY), 5, 0, 1},
        {TCP_OF(CORK), 1, 0, 1},
        {TCP_OF(MAXSEG), 87, E(EINVAL), 536},
        {TCP_OF(MAXSEG), 88, 0, 88},
        {TCP_OF(MAXSEG), 32768, E(EINVAL), 536},
        {TCP_OF(MAXSEG), 0, 0, 536},
        {TCP_OF(KEEPIDLE), 0, E(EINVAL), 7200},
        {TCP_OF(KEEPIDLE), 32767, 0, 32767},
        {TCP_OF(KEEPIDLE), 32768, E(EINVAL), 7200},
        {TCP_OF(KEEPINTVL), 10, 0, 10},
        {TCP_OF(KEEPINTVL), 0, E(EINVAL), 75},
        {TCP_OF(KEEPCNT), 127, 0, 127},
        {TCP_OF(KEEPCNT), 128, E(EINVAL), 9},
        {TCP_OF(SYNCNT), 0, E(EINVAL), 6},
        {TCP_OF(SYNCNT), 2, 0, 2},
        {TCP_OF(LINGER2), -5, 0, -1},
        {TCP_OF(LINGER2), 0, 0, 60},
        {TCP_OF(LINGER2), 30, 0, 30},
        {TCP_OF(LINGER2), 1000, 0, 120},
        {TCP_OF(DEFER_ACCEPT), -1, 0, 0},
        {TCP_OF(DEFER_ACCEPT), 1, 0, 1},
        {TCP_OF(DEFER_ACCEPT), 2, 0, 3},
        {TCP_OF(DEFER_ACCEPT), 5, 0, 7},
        {TCP_OF(WINDOW_CLAMP), 1, 0, 1152},
        {TCP_OF(WINDOW_CLAMP), 0, 0, 0},
        {TCP_OF(QUICKACK), 0, 0, 0},
        {TCP_OF(QUICKACK), 2, 0, 1},
        {TCP_OF(USER_TIMEOUT), -1, E(EINVAL), 0},
        {TCP_OF(USER_TIMEOUT), 30000, 0, 30000},
        {TCP_OF(NOTSENT_LOWAT), 16384, 0, 16384},
        {TCP_OF(NOTSENT_LOWAT), -1, 0, -1},
        {TCP_OF(FASTOPEN), 5, 0, 5},
        {TCP_OF(FASTOPEN), -1, E(EINVAL), 0},
        {TCP_OF(FASTOPEN_CONNECT), 1, E(EOPNOTSUPP), 0},
        {TCP_OF(FASTOPEN_CONNECT), 2, E(EINVAL), 0},
        {TCP_OF(SAVE_SYN), 3, E(EINVAL), 0},
        {TCP_OF(INQ), 1, 0, 1},
        {TCP_OF(REPAIR), 1, E(EPERM), 0},
        {TCP_OF(TIMESTAMP), 1, E(EPERM), 1000},
        {TCP_OF(MD5SIG), 1, E(ENOPROTOOPT), E(ENOPROTOOPT)},
        {TCP_OF(THIN_DUPACK), 1, 0, 0},
        {TCP_OF(RTO_MAX_MS), 999, E(EINVAL), 120000},
        {TCP_OF(IS_MPTCP), 1, E(ENOPROTOOPT), 0},
    };
    (void)state;
    CHECK(answers, false);
}

static void options_of_ip_answer_as_linux_does(void **state)
{
    static const struct answer answers[] = {
        {IP_OF(TOS), 0x13, 0, 0x10},
        {IP_OF(TTL), 0, E(EINVAL), 64},
        {IP_OF(TTL), 256, E(EINVAL), 64},
        {IP_OF(TTL), 5, 0, 5},
        {IP_OF(TTL), -1, 0, 64},
        {IP_OF(MTU), 1000, E(ENOPROTOOPT), E(ENOTCONN)},
        {IP_OF(MTU_DISCOVER), CIAO_IP_PMTUDISC_DO, 0, CIAO_IP_PMTUDISC_DO},
        {IP_OF(MTU_DISCOVER), 6, E(EINVAL), CIAO_IP_PMTUDISC_WANT},
        {IP_OF(RECVERR), 1, 0, 1},
        {IP_OF(PKTINFO), 1, 0, 1},
        {IP_OF(FREEBIND), 1, 0, 1},
        {IP_OF(TRANSPARENT), 1, E(EPERM), 0},
        {IP_OF(BIND_ADDRESS_NO_PORT), 1, 0, 1},
        {IP_OF(MINTTL), 255, 0, 255},
        {IP_OF(MINTTL), 256, E(EINVAL), 0},
        {IP_OF(LOCAL_PORT_RANGE), 2 | 1 << 16, E(EINVAL), 0},
        {IPV6_OF(V6ONLY), 1, E(ENOPROTOOPT), E(EOPNOTSUPP)},
    };
    static const struct answer answers6[] = {
        {IPV6_OF(V6ONLY), 1, 0, 1},
        {IPV6_OF(UNICAST_HOPS), -1, 0, 64},
        {IPV6_OF(UNICAST_HOPS), 9, 0, 9},
        {IPV6_OF(UNICAST_HOPS), 256, E(EINVAL), 64},
        {IPV6_OF(TCLASS), 0x23, 0, 0x20},
        {IPV6_OF(TCLASS), 256, E(EINVAL), 0},
        {IPV6_OF(MTU), 1279, E(EINVAL), E(ENOTCONN)},
        {IPV6_OF(RECVERR), 1, 0, 1},
        {IPV6_OF(MTU_DISCOVER), 6, E(EINVAL), CIAO_IP_PMTUDISC_WANT},
        {IPV6_OF(ADDRFORM), CIAO_AF_INET, E(ENOTCONN), E(ENOTCONN)},
        {CIAO_IPPROTO_IPV6, 999, 1, E(ENOPROTOOPT), E(ENOPROTOOPT)},
        {IP_OF(TOS), 8, 0, 8},
        {SOCKET_OF(DOMAIN), 1, E(ENOPROTOOPT), CIAO_AF_INET6},
    };
    (void)state;
    CHECK(answers, false);
    CHECK(answers6, true);
}

/* ---- lengths and memory ---- */

static void an_int_has_four_bytes_at_least(void **state)
{
    const int fd = a_socket(left(&w));
    const uint64_t one = 1;
    (void)state;
    assert_int_equal(set_bytes(left(&w), fd, TCP_OF(NODELAY), &one, 3), E(EINVAL));
    assert_int_equal(set_bytes(left(&w), fd, TCP_OF(NODELAY), &one, 8), 0);
    assert_int_equal(set_bytes(left(&w), fd, TCP_OF(NODELAY), NULL, 4), E(EFAULT));
    assert_int_equal(set_bytes(left(&w), fd, SOCKET_OF(REUSEADDR), &one, 0), E(EINVAL));
    assert_int_equal(set_bytes(left(&w), fd, IP_OF(TOS), &one, SIZE_MAX), E(EINVAL));
    assert_int_equal(set_bytes(left(&w), 77, TCP_OF(NODELAY), &one, 4), E(EBADF));
}

static void ip_takes_a_byte_for_a_number(void **state)
{
    const int fd = a_socket(left(&w));
    const uint8_t bytes[4] = {0x20, 1, 1, 1};
    (void)state;
    assert_int_equal(set_bytes(left(&w), fd, IP_OF(TOS), bytes, 1), 0);
    assert_int_equal(get_int(left(&w), fd, IP_OF(TOS)), 0x20);
    assert_int_equal(set_bytes(left(&w), fd, IP_OF(TTL), bytes, 2), 0);
    assert_int_equal(get_int(left(&w), fd, IP_OF(TTL)), 0x20);
    assert_int_equal(set_bytes(left(&w), fd, IP_OF(TTL), bytes, 0), E(EINVAL));
    assert_int_equal(set_bytes(left(&w), fd, IP_OF(RECVTTL), bytes, 0), 0);
}

static void a_value_is_cut_to_the_room_there_is(void **state)
{
    const int fd = a_socket(left(&w));
    uint8_t bytes[32] = {9, 9, 9, 9};
    uint32_t len = 2;
    (void)state;
    assert_int_equal(get_bytes(left(&w), fd, SOCKET_OF(TYPE), bytes, &len), 0);
    assert_int_equal(len, 2);
    assert_memory_equal(bytes, "\1\0\11", 3);
    len = 32;
    assert_int_equal(get_bytes(left(&w), fd, SOCKET_OF(TYPE), bytes, &len), 0);
    assert_int_equal(len, 4);
    len = UINT32_MAX;
    assert_int_equal(get_bytes(left(&w), fd, SOCKET_OF(TYPE), bytes, &len), E(EINVAL));
    len = 4;
    assert_int_equal(get_bytes(left(&w), fd, SOCKET_OF(TYPE), NULL, &len), E(EFAULT));
    assert_int_equal(get_bytes(left(&w), fd, SOCKET_OF(TYPE), bytes, NULL), E(EFAULT));
    len = 7;
    assert_int_equal(get_bytes(left(&w), fd, SOCKET_OF(COOKIE), bytes, &len), E(EINVAL));
    len = 8;
    assert_int_equal(get_bytes(left(&w), fd, SOCKET_OF(COOKIE), bytes, &len), 0);
}

static void times_are_kept_and_bounded(void **state)
{
    const int fd = a_socket(left(&w));
    struct ciao_timeval time = {2, 500000};
    uint32_t len = sizeof time;
    (void)state;
    assert_int_equal(set_bytes(left(&w), fd, SOCKET_OF(RCVTIMEO), &time, sizeof time), 0);
    time = (struct ciao_timeval){0, 0};
    assert_int_equal(get_bytes(left(&w), fd, SOCKET_OF(RCVTIMEO), &time, &len), 0);
    assert_int_equal(len, 16);
    assert_int_equal(time.tv_sec, 2);
    assert_int_equal(time.tv_usec, 500000);
    time.tv_usec = 1000000;
    assert_int_equal(set_bytes(left(&w), fd, SOCKET_OF(SNDTIMEO), &time, sizeof time), E(EDOM));
    assert_int_equal(set_bytes(left(&w), fd, SOCKET_OF(SNDTIMEO), &time, 15), E(EINVAL));
    time = (struct ciao_timeval){-1, 0};
    assert_int_equal(set_bytes(left(&w), fd, SOCKET_OF(RCVTIMEO), &time, sizeof time), 0);
    assert_int_equal(recv_bytes(left(&w), fd, &time, 1, 0), E(ENOTCONN));
}

static void lingering_reads_as_it_was_set(void **state)
{
    const int fd = a_socket(left(&w));
    struct ciao_linger linger = {5, 30};
    uint32_t len = sizeof linger;
    (void)state;
    assert_int_equal(set_bytes(left(&w), fd, SOCKET_OF(LINGER), &linger, 4), E(EINVAL));
    assert_int_equal(set_bytes(left(&w), fd, SOCKET_OF(LINGER), &linger, sizeof linger), 0);
    assert_int_equal(get_bytes(left(&w), fd, SOCKET_OF(LINGER), &linger, &len), 0);
    assert_int_equal(len, 8);
    assert_int_equal(linger.l_onoff, 1);
    assert_int_equal(linger.l_linger, 30);
}

static void names_are_names(void **state)
{
    const int fd = a_socket(left(&w));
    char name[20] = "";
    uint32_t len = sizeof name;
    (void)state;
    assert_int_equal(set_bytes(left(&w), fd, TCP_OF(CONGESTION), "reno", 4), 0);
    assert_int_equal(get_bytes(left(&w), fd, TCP_OF(CONGESTION), name, &len), 0);
    assert_int_equal(len, 16);
    assert_string_equal(name, "reno");
    assert_int_equal(set_bytes(left(&w), fd, TCP_OF(CONGESTION), "bbr", 3), E(ENOENT));
    assert_int_equal(set_bytes(left(&w), fd, TCP_OF(CONGESTION), "ren", 3), E(ENOENT));
    assert_int_equal(set_bytes(left(&w), fd, TCP_OF(CONGESTION), "", 0), E(EINVAL));
    assert_int_equal(set_bytes(left(&w), fd, TCP_OF(ULP), "tls", 4), E(ENOENT));
    assert_int_equal(set_bytes(left(&w), fd, SOCKET_OF(BINDTODEVICE), "", 1), 0);
    assert_int_equal(set_bytes(left(&w), fd, SOCKET_OF(BINDTODEVICE), "eth9", 5), E(ENODEV));
}

/* ---- what is decided by the state ---- */

static void a_bound_socket_keeps_its_families(void **state)
{
    const int fd = a_socket6(left(&w));
    (void)state;
    assert_int_equal(bind6(left(&w), fd, "::", 80), 0);
    assert_int_equal(set_int(left(&w), fd, IPV6_OF(V6ONLY), 1), E(EINVAL));
    assert_int_equal(get_int(left(&w), fd, IPV6_OF(V6ONLY)), 0);
}

static void a_listener_says_so(void **state)
{
    const int fd = a_listener(left(&w), 80);
    (void)state;
    assert_int_equal(get_int(left(&w), fd, SOCKET_OF(ACCEPTCONN)), 1);
    assert_int_equal(set_int(left(&w), fd, TCP_OF(WINDOW_CLAMP), 0), E(EINVAL));
}

static void a_connection_tells_its_segment_size(void **state)
{
    const struct world_pair pair = a_connection(&w);
    (void)state;
    assert_int_equal(get_int(left(&w), pair.left, TCP_OF(MAXSEG)), 1448);
    assert_int_equal(get_int(left(&w), pair.left, IP_OF(MTU)), 1500);
    assert_int_equal(set_int(left(&w), pair.left, TCP_OF(FASTOPEN), 1), E(EINVAL));
}

static void a_pending_error_is_told_once(void **state)
{
    const int fd = a_socket(left(&w));
    (void)state;
    set_nonblocking(left(&w), fd);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 81), E(EINPROGRESS));
    world_settle(&w);
    assert_int_equal(get_int(left(&w), fd, SOCKET_OF(ERROR)), CIAO_ERRNO_ECONNREFUSED);
    assert_int_equal(get_int(left(&w), fd, SOCKET_OF(ERROR)), 0);
}

static void a_child_is_as_its_listener_was(void **state)
{
    const int listener = a_socket(right(&w));
    const struct ciao_linger linger = {1, 7};
    struct ciao_linger seen = {0, 0};
    uint32_t len = sizeof seen;
    (void)state;
    assert_int_equal(set_int(right(&w), listener, TCP_OF(NODELAY), 1), 0);
    assert_int_equal(set_int(right(&w), listener, TCP_OF(KEEPIDLE), 11), 0);
    assert_int_equal(set_int(right(&w), listener, SOCKET_OF(RCVBUF), 20000), 0);
    assert_int_equal(set_int(right(&w), listener, IP_OF(TOS), 0x40), 0);
    assert_int_equal(set_bytes(right(&w), listener, SOCKET_OF(LINGER), &linger, 8), 0);
    set_nonblocking(right(&w), listener);
    assert_int_equal(bind4(right(&w), listener, "0.0.0.0", 80), 0);
    assert_int_equal(ciao_socket_listen(right(&w), listener, 5), 0);
    const int fd = a_socket(left(&w));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
    world_settle(&w);
    const int child = ciao_accept4(right(&w), listener, NULL, NULL, 0);
    assert_true(child >= 0);
    assert_int_equal(get_int(right(&w), child, TCP_OF(NODELAY)), 1);
    assert_int_equal(get_int(right(&w), child, TCP_OF(KEEPIDLE)), 11);
    assert_int_equal(get_int(right(&w), child, SOCKET_OF(RCVBUF)), 40000);
    assert_int_equal(get_int(right(&w), child, IP_OF(TOS)), 0x40);
    assert_int_equal(get_int(right(&w), child, SOCKET_OF(ACCEPTCONN)), 0);
    assert_int_equal(get_bytes(right(&w), child, SOCKET_OF(LINGER), &seen, &len), 0);
    assert_int_equal(seen.l_linger, 7);
    assert_int_equal(ciao_fcntl(right(&w), child, CIAO_F_GETFL, 0), CIAO_O_RDWR);
}

/* Each option that is set is a set of settings anew, but a million connections of one program need
 * no million sets. */
static void connections_that_end_up_alike_share_their_settings(void **state)
{
    const int listener = a_listener(right(&w), 80);
    struct ciao_counts counts;
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        const int fd = a_socket(left(&w));
        assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
        world_settle(&w);
        assert_true(ciao_accept4(right(&w), listener, NULL, NULL, 0) >= 0);
        assert_int_equal(set_int(left(&w), fd, TCP_OF(NODELAY), 1), 0);
        assert_int_equal(set_int(left(&w), fd, SOCKET_OF(KEEPALIVE), 1), 0);
        assert_int_equal(set_int(left(&w), fd, TCP_OF(KEEPIDLE), 30), 0);
    }
    ciao_counts(w.program[0].stack, &counts);
    assert_int_equal(counts.settings_in_use, 1);
}

/* Two small writes are two segments, not one held back for the first one's ACK. */
static void nodelay_lets_small_writes_go(void **state)
{
    const struct world_pair pair = a_connection(&w);
    (void)state;
    for (int on = 0; on < 2; on++) {
        assert_int_equal(set_int(left(&w), pair.left, TCP_OF(NODELAY), on), 0);
        w.cut = true;
        const uint64_t before = w.frames;
        assert_int_equal(send_text(left(&w), pair.left, "a", 0), 1);
        world_settle(&w);
        assert_int_equal(send_text(left(&w), pair.left, "b", 0), 1);
        world_settle(&w);
        assert_int_equal(w.frames - before, on ? 2 : 1);
        w.cut = false;
        world_pass(&w, 10 * S);
    }
}

/* Taken off, what was held back leaves at once. */
static void cork_holds_back(void **state)
{
    const struct world_pair pair = a_connection(&w);
    (void)state;
    assert_int_equal(set_int(left(&w), pair.left, TCP_OF(CORK), 1), 0);
    assert_int_equal(send_text(left(&w), pair.left, "hello ", 0), 6);
    world_settle(&w);
    assert_int_equal(ciao_fcntl(right(&w), pair.right, CIAO_F_SETFL, CIAO_O_NONBLOCK), 0);
    char byte;
    assert_int_equal(ciao_read(right(&w), pair.right, &byte, 1), E(EAGAIN));
    assert_int_equal(set_int(left(&w), pair.left, TCP_OF(CORK), 0), 0);
    world_settle(&w);
    expect_text(right(&w), pair.right, "hello ");
}

/* ---- fcntl, ioctl ---- */

static void file_flags_are_set_and_read(void **state)
{
    const int fd = ciao_socket(left(&w), CIAO_AF_INET, CIAO_SOCK_STREAM | CIAO_SOCK_CLOEXEC, 0);
    int32_t on = 1;
    (void)state;
    assert_int_equal(ciao_fcntl(left(&w), fd, CIAO_F_GETFD, 0), CIAO_FD_CLOEXEC);
    assert_int_equal(ciao_fcntl(left(&w), fd, CIAO_F_SETFD, 0), 0);
    assert_int_equal(ciao_fcntl(left(&w), fd, CIAO_F_GETFD, 0), 0);
    assert_int_equal(ciao_fcntl(left(&w), fd, CIAO_F_GETFL, 0), CIAO_O_RDWR);
    assert_int_equal(ciao_ioctl(left(&w), fd, CIAO_FIONBIO, &on), 0);
    assert_int_equal(ciao_fcntl(left(&w), fd, CIAO_F_GETFL, 0), CIAO_O_RDWR | CIAO_O_NONBLOCK);
    assert_int_equal(ciao_fcntl(left(&w), fd, CIAO_F_SETFL, CIAO_O_APPEND), 0);
    assert_int_equal(ciao_fcntl(left(&w), fd, CIAO_F_GETFL, 0), CIAO_O_RDWR);
    assert_int_equal(ciao_fcntl(left(&w), fd, CIAO_F_SETOWN, 42), 0);
    assert_int_equal(ciao_fcntl(left(&w), fd, CIAO_F_GETOWN, 0), 42);
    assert_int_equal(ciao_fcntl(left(&w), fd, 12345, 0), E(EINVAL));
    assert_int_equal(ciao_fcntl(left(&w), 99, CIAO_F_GETFL, 0), E(EBADF));
    assert_int_equal(ciao_ioctl(left(&w), fd, 0x1234, &on), E(ENOTTY));
    assert_int_equal(ciao_ioctl(left(&w), fd, CIAO_FIONREAD, NULL), E(EFAULT));
    assert_int_equal(ciao_ioctl(left(&w), 99, CIAO_FIONREAD, &on), E(EBADF));
}

static int asked(struct ciao_sockets *s, int fd, uint64_t request)
{
    int32_t value = -1;
    const int error = ciao_ioctl(s, fd, request, &value);
    return error != 0 ? error : value;
}

static void queues_are_counted(void **state)
{
    const struct world_pair pair = a_connection(&w);
    (void)state;
    w.cut = true;
    assert_int_equal(send_text(left(&w), pair.left, "hello", 0), 5);
    assert_int_equal(asked(left(&w), pair.left, CIAO_SIOCOUTQNSD), 5);
    assert_int_equal(asked(left(&w), pair.left, CIAO_SIOCOUTQ), 5);
    world_settle(&w);
    assert_int_equal(asked(left(&w), pair.left, CIAO_SIOCOUTQNSD), 0);
    assert_int_equal(asked(left(&w), pair.left, CIAO_SIOCOUTQ), 5);
    w.cut = false;
    world_pass(&w, 1 * S);
    assert_int_equal(asked(left(&w), pair.left, CIAO_SIOCOUTQ), 0);
    assert_int_equal(asked(right(&w), pair.right, CIAO_FIONREAD), 5);
    assert_int_equal(asked(right(&w), pair.right, CIAO_SIOCATMARK), 0);
    assert_int_equal(ciao_socket_close(left(&w), pair.left), 0);
    world_settle(&w);
    assert_int_equal(asked(right(&w), pair.right, CIAO_FIONREAD), 5); /* a FIN is no byte */
}

static void a_listener_has_no_bytes(void **state)
{
    const int fd = a_listener(left(&w), 80);
    const int fresh = a_socket(left(&w));
    (void)state;
    assert_int_equal(asked(left(&w), fd, CIAO_FIONREAD), E(EINVAL));
    assert_int_equal(asked(left(&w), fd, CIAO_SIOCOUTQ), E(EINVAL));
    assert_int_equal(asked(left(&w), fresh, CIAO_FIONREAD), 0);
    assert_int_equal(asked(left(&w), fresh, CIAO_SIOCOUTQ), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(options_of_sockets_answer_as_linux_does),
        STORY(options_of_tcp_answer_as_linux_does),
        STORY(options_of_ip_answer_as_linux_does),
        STORY(an_int_has_four_bytes_at_least),
        STORY(ip_takes_a_byte_for_a_number),
        STORY(a_value_is_cut_to_the_room_there_is),
        STORY(times_are_kept_and_bounded),
        STORY(lingering_reads_as_it_was_set),
        STORY(names_are_names),
        STORY(a_bound_socket_keeps_its_families),
        STORY(a_listener_says_so),
        STORY(a_connection_tells_its_segment_size),
        STORY(a_pending_error_is_told_once),
        STORY(a_child_is_as_its_listener_was),
        STORY(connections_that_end_up_alike_share_their_settings),
        STORY(nodelay_lets_small_writes_go),
        STORY(cork_holds_back),
        STORY(file_flags_are_set_and_read),
        STORY(queues_are_counted),
        STORY(a_listener_has_no_bytes),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
