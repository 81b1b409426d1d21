/*
 * Two programs that call whatever comes to their mind, in any state, with right and wrong
 * arguments, while frames are lost now and then.  Nothing may break: each call answers with a count
 * or an errno that its manual page knows, and when all is closed nothing is left.
 */
#include "world.h"

#define STEPS 6000u
#define FDS   10u

static struct world w;
static uint64_t random_state;
static uint8_t bytes[40000];

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % n;
}

static struct ciao_sockets *anybody(void)
{
    return random_below(2) ? right(&w) : left(&w);
}

static int any_fd(void)
{
    return (int)random_below(FDS + 1) - (random_below(20) == 0);
}

static struct ciao_sockaddr_storage any_name(uint32_t *len)
{
    static const char *const hosts[] = {"10.9.0.1", "10.9.0.2", "0.0.0.0", "10.9.0.9", "224.0.0.1"};
    static const char *const hosts6[] = {"fd09::1", "fd09::2", "::", "::ffff:10.9.0.2", "ff02::1"};
    struct ciao_sockaddr_storage name;
    const uint16_t port = (uint16_t)(random_below(8) ? 80 + random_below(4) : 0);
    memset(&name, 0, sizeof name);
    if (random_below(2)) {
        const struct ciao_sockaddr_in in = in_at(hosts[random_below(5)], port);
        memcpy(&name, &in, sizeof in);
        *len = sizeof in;
    } else {
        const struct ciao_sockaddr_in6 in6 = in6_at(hosts6[random_below(5)], port);
        memcpy(&name, &in6, sizeof in6);
        *len = sizeof in6;
    }
    if (random_below(40) == 0)
        name.ss_family = CIAO_AF_UNSPEC;
    if (random_below(40) == 0)
        *len = random_below(140);
    return name;
}

/* ---- calls ---- */

static void set_option(struct ciao_sockets *s, int fd, int level, int name, const void *value,
                       size_t len)
{
    const struct ciao_iovec piece = {(void *)(uintptr_t)value, len};
    const int result = ciao_setsockopt(s, fd, level, name, &piece);
    assert_true(result <= 0);
}

/* Nobody waits for ever: the world has only these two. */
static void waits_not_for_ever(struct ciao_sockets *s, int fd)
{
    const struct ciao_timeval soon = {0, 20000};
    set_option(s, fd, CIAO_SOL_SOCKET, CIAO_SO_RCVTIMEO, &soon, sizeof soon);
    set_option(s, fd, CIAO_SOL_SOCKET, CIAO_SO_SNDTIMEO, &soon, sizeof soon);
}

static int64_t opens(void)
{
    struct ciao_sockets *s = anybody();
    const int fd = ciao_socket(s, random_below(2) ? CIAO_AF_INET : CIAO_AF_INET6,
                               CIAO_SOCK_STREAM | (random_below(2) ? CIAO_SOCK_NONBLOCK : 0), 0);
    waits_not_for_ever(s, fd);
    return fd;
}

/* Both are found by each other, which mere chance would seldom bring about. */
static int64_t meets(void)
{
    const unsigned who = random_below(2);
    struct ciao_sockets *s = w.program[who].sockets, *other = w.program[!who].sockets;
    const struct ciao_sockaddr_in in = in_at(who ? "10.9.0.2" : "10.9.0.1", 90);
    const int listener = ciao_socket(s, CIAO_AF_INET, CIAO_SOCK_STREAM | CIAO_SOCK_NONBLOCK, 0);
    const int client = ciao_socket(other, CIAO_AF_INET, CIAO_SOCK_STREAM | CIAO_SOCK_NONBLOCK, 0);
    const int32_t one = 1;
    waits_not_for_ever(s, listener); /* nor do its children */
    set_option(s, listener, CIAO_SOL_SOCKET, CIAO_SO_REUSEADDR, &one, sizeof one);
    int result = ciao_bind(s, listener, &in, sizeof in);
    result = ciao_socket_listen(s, listener, 3) + result;
    result = ciao_socket_connect(other, client, &in, sizeof in) + result;
    world_pass(&w, 50000);
    const int child = ciao_accept4(s, listener, NULL, NULL, (int)random_below(2) * 2048);
    const int closed = random_below(2) ? ciao_socket_close(s, listener) : 0;
    return closed < 0 || child < 0 || result < 0 ? -CIAO_ERRNO_EAGAIN : 0;
}

static int64_t binds(void)
{
    uint32_t len;
    const struct ciao_sockaddr_storage name = any_name(&len);
    return ciao_bind(anybody(), any_fd(), &name, len);
}

static int64_t listens(void)
{
    return ciao_socket_listen(anybody(), any_fd(), (int)random_below(4) - 1);
}

static int64_t connects(void)
{
    uint32_t len;
    const struct ciao_sockaddr_storage name = any_name(&len);
    return ciao_socket_connect(anybody(), any_fd(), &name, len);
}

static int64_t accepts(void)
{
    struct ciao_sockaddr_storage name;
    uint32_t len = random_below(140);
    return ciao_accept4(anybody(), any_fd(), random_below(4) ? NULL : &name, &len,
                        random_below(2) ? CIAO_SOCK_NONBLOCK : 0);
}

static int64_t reads(void)
{
    static const unsigned flags[] = {CIAO_MSG_PEEK,     CIAO_MSG_WAITALL,  CIAO_MSG_TRUNC,
                                     CIAO_MSG_DONTWAIT, CIAO_MSG_ERRQUEUE, CIAO_MSG_OOB};
    const unsigned flag = random_below(2) ? 0 : flags[random_below(6)] | flags[random_below(6)];
    return recv_bytes(anybody(), any_fd(), bytes, random_below(sizeof bytes), (int)flag);
}

static int64_t reads_pieces(void)
{
    const struct ciao_iovec pieces[] = {
        {bytes, random_below(3000)}, {NULL, 0}, {bytes + 3000, random_below(3000)}};
    return ciao_readv(anybody(), any_fd(), pieces, (int)random_below(5) - 1);
}

static int64_t writes(void)
{
    static const unsigned flags[] = {CIAO_MSG_MORE, CIAO_MSG_OOB, CIAO_MSG_EOR, CIAO_MSG_DONTWAIT};
    const struct ciao_iovec piece = {bytes, random_below(sizeof bytes)};
    const unsigned flag = random_below(2) ? 0 : flags[random_below(4)];
    return ciao_sendto(anybody(), any_fd(), &piece, (int)flag, NULL);
}

static int64_t shuts(void)
{
    return ciao_socket_shutdown(anybody(), any_fd(), (int)random_below(4));
}

static int64_t closes(void)
{
    return ciao_socket_close(anybody(), any_fd());
}

static int64_t sets_options(void)
{
    static const int options[][2] = {
        {CIAO_SOL_SOCKET, CIAO_SO_REUSEADDR}, {CIAO_SOL_SOCKET, CIAO_SO_REUSEPORT},
        {CIAO_SOL_SOCKET, CIAO_SO_KEEPALIVE}, {CIAO_SOL_SOCKET, CIAO_SO_OOBINLINE},
        {CIAO_SOL_SOCKET, CIAO_SO_RCVLOWAT},  {CIAO_SOL_SOCKET, CIAO_SO_PEEK_OFF},
        {CIAO_SOL_SOCKET, CIAO_SO_RCVBUF},    {CIAO_SOL_SOCKET, CIAO_SO_SNDBUF},
        {CIAO_IPPROTO_TCP, CIAO_TCP_NODELAY}, {CIAO_IPPROTO_TCP, CIAO_TCP_CORK},
        {CIAO_IPPROTO_TCP, CIAO_TCP_MAXSEG},  {CIAO_IPPROTO_IPV6, CIAO_IPV6_V6ONLY},
    };
    const int *option = options[random_below(12)];
    const int32_t value = (int32_t)random_below(random_below(3) ? 2 : 5000);
    const struct ciao_linger linger = {1, (int32_t)random_below(2)};
    struct ciao_sockets *s = anybody();
    const int fd = any_fd();
    set_option(s, fd, option[0], option[1], &value, sizeof value);
    if (random_below(4) == 0)
        set_option(s, fd, CIAO_SOL_SOCKET, CIAO_SO_LINGER, &linger, sizeof linger);
    return 0;
}

static int64_t asks(void)
{
    struct ciao_sockets *s = anybody();
    struct ciao_tcp_info info;
    uint32_t len = sizeof info;
    const struct ciao_name value = {&info, &len};
    char text[NAME_TEXT];
    int32_t number;
    const int fd = any_fd();
    (void)sockname(s, fd, text);
    (void)peername(s, fd, text);
    const int told = ciao_ioctl(s, fd, random_below(2) ? CIAO_FIONREAD : CIAO_SIOCOUTQ, &number);
    assert_true(told <= 0);
    return ciao_getsockopt(s, fd, random_below(2) ? CIAO_IPPROTO_TCP : CIAO_SOL_SOCKET,
                           random_below(2) ? CIAO_TCP_INFO : CIAO_SO_ERROR, &value);
}

static int64_t polls(void)
{
    struct ciao_pollfd fds[4];
    for (unsigned i = 0; i < 4; i++)
        fds[i] = (struct ciao_pollfd){.fd = any_fd(), .events = (int16_t)random_below(0x400)};
    return ciao_poll(anybody(), fds, 4, (int64_t)random_below(5000));
}

static int64_t watches(void)
{
    const struct ciao_epoll_event event = {random_below(16) | (random_below(2) ? CIAO_EPOLLET : 0)
                                               | (random_below(4) ? 0 : CIAO_EPOLLONESHOT),
                                           random_below(100)};
    if (random_below(10) == 0)
        return ciao_epoll_create1(anybody(), 0);
    return ciao_epoll_ctl(anybody(), any_fd(), (int)random_below(4), any_fd(), &event);
}

static int64_t awaits(void)
{
    struct ciao_epoll_event events[4];
    return ciao_epoll_wait(anybody(), any_fd(), events, (int)random_below(5),
                           (int64_t)random_below(5000));
}

static int64_t time_passes(void)
{
    w.cut = random_below(10) == 0;
    world_pass(&w, random_below(2) ? random_below(3000) : random_below(2000000));
    return 0;
}

static int64_t (*const calls[])(void) = {
    opens,        meets,  binds,   listens, connects, accepts,     reads,       reads,
    reads_pieces, writes, writes,  shuts,   closes,   closes,      closes,      sets_options,
    asks,         polls,  watches, watches, awaits,   time_passes, time_passes,
};
#define CALLS (sizeof calls / sizeof calls[0])

static void a_long_life(uint64_t seed)
{
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    const struct world_options options = {.profile = CIAO_PROFILE_LINUX, .max_descriptors = FDS};
    world_open(&w, &options);
    for (unsigned step = 0; step < STEPS; step++) {
        const int64_t result = calls[random_below(CALLS)]();
        assert_true(result >= -CIAO_ERRNO_ECANCELED);
        if (random_below(50) == 0)
            w.program[random_below(2)].signal_waiting = true;
    }
    w.program[0].signal_waiting = w.program[1].signal_waiting = false;
    world_close(&w);
}

static void whatever_is_called_nothing_breaks_and_nothing_is_left(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        a_long_life(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_called_nothing_breaks_and_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
