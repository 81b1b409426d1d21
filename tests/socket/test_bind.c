/*
 * socket() and bind(): kinds, addresses, and who may share a port with whom.
 */
#include "world.h"

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

/* ---- socket() ---- */

static int try_socket(int family, int type, int protocol)
{
    return ciao_socket(left(&w), family, type, protocol);
}

static void only_streams_of_two_families_are_made(void **state)
{
    (void)state;
    assert_int_equal(try_socket(CIAO_AF_INET, CIAO_SOCK_STREAM, 0), 0);
    assert_int_equal(try_socket(CIAO_AF_INET6, CIAO_SOCK_STREAM, CIAO_IPPROTO_TCP), 1);
    assert_int_equal(try_socket(CIAO_AF_INET, CIAO_SOCK_DGRAM, 0), E(ESOCKTNOSUPPORT));
    assert_int_equal(try_socket(CIAO_AF_INET, CIAO_SOCK_STREAM, CIAO_IPPROTO_UDP),
                     E(EPROTONOSUPPORT));
    assert_int_equal(try_socket(CIAO_AF_INET, CIAO_SOCK_STREAM, -1), E(EINVAL));
    assert_int_equal(try_socket(CIAO_AF_INET, CIAO_SOCK_STREAM, 263), E(EINVAL));
    assert_int_equal(try_socket(CIAO_AF_INET, 11, 0), E(EINVAL));
    assert_int_equal(try_socket(CIAO_AF_INET, CIAO_SOCK_STREAM | 16, 0), E(EINVAL));
    assert_int_equal(try_socket(CIAO_AF_UNIX, CIAO_SOCK_STREAM, 0), E(EAFNOSUPPORT));
    assert_int_equal(try_socket(-1, CIAO_SOCK_STREAM, 0), E(EAFNOSUPPORT));
    assert_int_equal(try_socket(46, CIAO_SOCK_STREAM, 0), E(EAFNOSUPPORT));
}

static void the_lowest_free_number_comes_first(void **state)
{
    (void)state;
    for (int fd = 0; fd < 100; fd++)
        assert_int_equal(a_socket(left(&w)), fd);
    assert_int_equal(ciao_socket_close(left(&w), 70), 0);
    assert_int_equal(ciao_socket_close(left(&w), 3), 0);
    assert_int_equal(a_socket(left(&w)), 3);
    assert_int_equal(a_socket(left(&w)), 70);
    assert_int_equal(a_socket(left(&w)), 100);
    for (int fd = 101; fd < 256; fd++)
        assert_int_equal(a_socket(left(&w)), fd);
    assert_int_equal(try_socket(CIAO_AF_INET, CIAO_SOCK_STREAM, 0), E(EMFILE));
}

static void what_is_no_descriptor_is_refused_by_every_call(void **state)
{
    (void)state;
    struct ciao_sockaddr_in in = in_at("10.9.0.1", 80);
    uint32_t len = sizeof in;
    char byte = 0;
    struct ciao_msghdr msg = {0};
    const struct ciao_iovec piece = {&byte, 1};
    const int fds[] = {-1, 0, 255, 256, 1 << 30};
    for (unsigned i = 0; i < 5; i++) {
        const int fd = fds[i];
        assert_int_equal(ciao_bind(left(&w), fd, &in, sizeof in), E(EBADF));
        assert_int_equal(ciao_socket_listen(left(&w), fd, 1), E(EBADF));
        assert_int_equal(ciao_socket_connect(left(&w), fd, &in, sizeof in), E(EBADF));
        assert_int_equal(ciao_accept4(left(&w), fd, NULL, NULL, 0), E(EBADF));
        assert_int_equal(ciao_getsockname(left(&w), fd, &in, &len), E(EBADF));
        assert_int_equal(ciao_getpeername(left(&w), fd, &in, &len), E(EBADF));
        assert_int_equal(ciao_read(left(&w), fd, &byte, 1), E(EBADF));
        assert_int_equal(ciao_write(left(&w), fd, &byte, 1), E(EBADF));
        assert_int_equal(ciao_readv(left(&w), fd, &piece, 1), E(EBADF));
        assert_int_equal(ciao_writev(left(&w), fd, &piece, 1), E(EBADF));
        assert_int_equal(ciao_recvfrom(left(&w), fd, &piece, 0, NULL), E(EBADF));
        assert_int_equal(ciao_sendto(left(&w), fd, &piece, 0, NULL), E(EBADF));
        assert_int_equal(ciao_recvmsg(left(&w), fd, &msg, 0), E(EBADF));
        assert_int_equal(ciao_sendmsg(left(&w), fd, &msg, 0), E(EBADF));
        assert_int_equal(ciao_socket_shutdown(left(&w), fd, CIAO_SHUTDOWN_RD), E(EBADF));
        assert_int_equal(ciao_socket_close(left(&w), fd), E(EBADF));
        assert_false(ciao_is_socket(left(&w), fd));
    }
}

/* ---- bind(): addresses ---- */

static void bind_names_the_socket(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    const int fd = a_socket(left(&w)), fd6 = a_socket6(left(&w));
    assert_string_equal(sockname(left(&w), fd, text), "0.0.0.0:0");
    assert_string_equal(sockname(left(&w), fd6, text), "[::]:0");
    assert_int_equal(bind4(left(&w), fd, "10.9.0.1", 4000), 0);
    assert_int_equal(bind6(left(&w), fd6, "fd09::1", 4000), 0);
    assert_string_equal(sockname(left(&w), fd, text), "10.9.0.1:4000");
    assert_string_equal(sockname(left(&w), fd6, text), "[fd09::1]:4000");
    assert_int_equal(bind4(left(&w), fd, "10.9.0.1", 4001), E(EINVAL));
    assert_int_equal(bind6(left(&w), fd6, "fd09::1", 4001), E(EINVAL));
    assert_string_equal(peername(left(&w), fd, text), "error 107");
}

static void bind_to_port_0_chooses_one(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    const int fd = a_socket(left(&w));
    assert_int_equal(bind4(left(&w), fd, "10.9.0.1", 0), 0);
    assert_int_equal(strncmp(sockname(left(&w), fd, text), "10.9.0.1:", 9), 0);
    assert_in_range(atoi(text + 9), 32768, 60999);
    assert_int_equal(bind4(left(&w), fd, "10.9.0.1", 0), E(EINVAL));
}

static void bind_refuses_what_is_no_address(void **state)
{
    (void)state;
    struct ciao_sockaddr_in in = in_at("0.0.0.0", 4000);
    struct ciao_sockaddr_in6 in6 = in6_at("::", 4000);
    const int fd = a_socket(left(&w)), fd6 = a_socket6(left(&w));
    assert_int_equal(ciao_bind(left(&w), fd, &in, 15), E(EINVAL));
    assert_int_equal(ciao_bind(left(&w), fd, &in, 0), E(EINVAL));
    assert_int_equal(ciao_bind(left(&w), fd, &in, 200), E(EINVAL));
    assert_int_equal(ciao_bind(left(&w), fd, NULL, 16), E(EFAULT));
    assert_int_equal(ciao_bind(left(&w), fd, &in6, sizeof in6), E(EAFNOSUPPORT));
    assert_int_equal(ciao_bind(left(&w), fd6, &in6, 23), E(EINVAL));
    in6.sin6_family = CIAO_AF_INET;
    assert_int_equal(ciao_bind(left(&w), fd6, &in6, sizeof in6), E(EAFNOSUPPORT));
    assert_int_equal(bind4(left(&w), fd, "10.9.0.2", 4000), E(EADDRNOTAVAIL));
    assert_int_equal(bind6(left(&w), fd6, "fd09::2", 4000), E(EADDRNOTAVAIL));
    assert_int_equal(bind6(left(&w), fd6, "ff02::1", 4000), E(EINVAL));
    const int many = a_socket(left(&w));
    assert_int_equal(bind4(left(&w), many, "224.0.0.1", 4009), 0);
    in = in_at("10.9.0.1", 4000);
    in.sin_family = CIAO_AF_UNSPEC;
    assert_int_equal(ciao_bind(left(&w), fd, &in, sizeof in), E(EAFNOSUPPORT));
    in = in_at("0.0.0.0", 4000);
    in.sin_family = CIAO_AF_UNSPEC;
    assert_int_equal(ciao_bind(left(&w), fd, &in, sizeof in), 0);
}

static void low_ports_may_be_kept_for_the_privileged(void **state)
{
    (void)state;
    world_close(&w);
    const struct world_options options = {.profile = CIAO_PROFILE_LINUX,
                                          .unprivileged_port_start = 1024};
    world_open(&w, &options);
    const int fd = a_socket(left(&w));
    assert_int_equal(bind4(left(&w), fd, "0.0.0.0", 1023), E(EACCES));
    assert_int_equal(bind4(left(&w), fd, "0.0.0.0", 1024), 0);
    struct ciao_sockets_config limits;
    ciao_sockets_config_default(&limits);
    limits.unprivileged_port_start = 1024;
    limits.privileged = true;
    ciao_sockets_limits(left(&w), &limits);
    assert_int_equal(bind4(left(&w), a_socket(left(&w)), "0.0.0.0", 80), 0);
}

/* ---- who shares a port ---- */

#define REUSEADDR 1u
#define REUSEPORT 2u
#define V6ONLY    4u

static void set_one(struct ciao_sockets *s, int fd, int level, int name)
{
    const int32_t one = 1;
    const struct ciao_iovec value = {(void *)(uintptr_t)&one, sizeof one};
    assert_int_equal(ciao_setsockopt(s, fd, level, name, &value), 0);
}

static int with(bool v6, unsigned options)
{
    const int fd = v6 ? a_socket6(left(&w)) : a_socket(left(&w));
    if (options & REUSEADDR)
        set_one(left(&w), fd, CIAO_SOL_SOCKET, CIAO_SO_REUSEADDR);
    if (options & REUSEPORT)
        set_one(left(&w), fd, CIAO_SOL_SOCKET, CIAO_SO_REUSEPORT);
    if (options & V6ONLY)
        set_one(left(&w), fd, CIAO_IPPROTO_IPV6, CIAO_IPV6_V6ONLY);
    return fd;
}

static bool is_v6(const char *address)
{
    return strchr(address, ':') != NULL;
}

static int bind_any(int fd, const char *address)
{
    return is_v6(address) ? bind6(left(&w), fd, address, 4000) : bind4(left(&w), fd, address, 4000);
}

struct sharing {
    const char *first, *second;
    unsigned options1, options2;
    bool listens; /* the first one */
    int result;
};

static const struct sharing sharings[] = {
    {"0.0.0.0", "0.0.0.0", 0, 0, false, E(EADDRINUSE)},
    {"0.0.0.0", "10.9.0.1", 0, 0, false, E(EADDRINUSE)},
    {"10.9.0.1", "0.0.0.0", 0, 0, false, E(EADDRINUSE)},
    {"10.9.0.1", "10.9.0.1", 0, 0, false, E(EADDRINUSE)},
    {"10.9.0.1", "10.9.0.1", REUSEADDR, 0, false, E(EADDRINUSE)},
    {"10.9.0.1", "10.9.0.1", 0, REUSEADDR, false, E(EADDRINUSE)},
    {"10.9.0.1", "10.9.0.1", REUSEADDR, REUSEADDR, false, 0},
    {"10.9.0.1", "10.9.0.1", REUSEADDR, REUSEADDR, true, E(EADDRINUSE)},
    {"0.0.0.0", "10.9.0.1", REUSEADDR, REUSEADDR, true, E(EADDRINUSE)},
    {"0.0.0.0", "0.0.0.0", REUSEPORT, REUSEPORT, true, 0},
    {"0.0.0.0", "0.0.0.0", REUSEPORT, REUSEPORT, false, 0},
    {"0.0.0.0", "0.0.0.0", REUSEPORT, REUSEADDR, false, E(EADDRINUSE)},
    {"0.0.0.0", "0.0.0.0", REUSEPORT, 0, true, E(EADDRINUSE)},
    {"::", "0.0.0.0", 0, 0, false, E(EADDRINUSE)},
    {"0.0.0.0", "::", 0, 0, false, E(EADDRINUSE)},
    {"::", "10.9.0.1", 0, 0, false, E(EADDRINUSE)},
    {"::", "0.0.0.0", V6ONLY, 0, true, 0},
    {"0.0.0.0", "::", 0, V6ONLY, true, 0},
    {"::", "::ffff:10.9.0.1", 0, 0, false, E(EADDRINUSE)},
    {"::", "::ffff:10.9.0.1", V6ONLY, 0, false, 0},
    {"::ffff:10.9.0.1", "10.9.0.1", 0, 0, false, E(EADDRINUSE)},
    {"fd09::1", "0.0.0.0", 0, 0, false, 0},
    {"fd09::1", "::", 0, 0, false, E(EADDRINUSE)},
    {"::", "fd09::1", 0, V6ONLY, false, E(EADDRINUSE)},
    {"::", "::", V6ONLY, V6ONLY, false, E(EADDRINUSE)},
    {"fd09::1", "10.9.0.1", 0, 0, true, 0},
};

static void ports_are_shared_as_linux_shares_them(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof sharings / sizeof sharings[0]; i++) {
        const struct sharing *row = &sharings[i];
        const int first = with(is_v6(row->first), row->options1);
        const int second = with(is_v6(row->second), row->options2);
        assert_int_equal(bind_any(first, row->first), 0);
        if (row->listens)
            assert_int_equal(ciao_socket_listen(left(&w), first, 1), 0);
        const int result = bind_any(second, row->second);
        if (result != row->result)
            fail_msg("row %u: %s then %s: %d", i, row->first, row->second, result);
        assert_int_equal(ciao_socket_close(left(&w), first), 0);
        assert_int_equal(ciao_socket_close(left(&w), second), 0);
    }
}

static void of_two_that_share_only_one_listens(void **state)
{
    (void)state;
    const int first = with(false, REUSEADDR), second = with(false, REUSEADDR);
    assert_int_equal(bind_any(first, "0.0.0.0"), 0);
    assert_int_equal(bind_any(second, "0.0.0.0"), 0);
    assert_int_equal(ciao_socket_listen(left(&w), first, 1), 0);
    assert_int_equal(ciao_socket_listen(left(&w), second, 1), E(EADDRINUSE));
    assert_int_equal(ciao_socket_close(left(&w), first), 0);
    assert_int_equal(ciao_socket_listen(left(&w), second, 1), 0);
}

static void a_port_is_free_again_after_close(void **state)
{
    (void)state;
    const int first = with(false, 0), second = with(false, 0);
    assert_int_equal(bind_any(first, "0.0.0.0"), 0);
    assert_int_equal(bind_any(second, "0.0.0.0"), E(EADDRINUSE));
    assert_int_equal(ciao_socket_close(left(&w), first), 0);
    assert_int_equal(bind_any(second, "0.0.0.0"), 0);
}

/* A server that is started anew: its old connections hold the port. */
static int bind_after_the_server_has_closed(unsigned before, unsigned after, bool client_first)
{
    const int listener = with(false, before);
    assert_int_equal(bind_any(listener, "0.0.0.0"), 0);
    assert_int_equal(ciao_socket_listen(left(&w), listener, 1), 0);
    const int client = a_socket(right(&w));
    assert_int_equal(connect4(right(&w), client, "10.9.0.1", 4000), 0);
    const int child = ciao_accept4(left(&w), listener, NULL, NULL, 0);
    assert_true(child > 0);
    assert_int_equal(ciao_socket_close(left(&w), listener), 0);
    if (client_first)
        assert_int_equal(ciao_socket_close(right(&w), client), 0);
    world_settle(&w);
    assert_int_equal(ciao_socket_close(left(&w), child), 0);
    if (!client_first)
        assert_int_equal(ciao_socket_close(right(&w), client), 0);
    world_settle(&w);
    return bind_any(with(false, after), "0.0.0.0");
}

static void time_wait_holds_the_port(void **state)
{
    (void)state;
    assert_int_equal(bind_after_the_server_has_closed(0, 0, false), E(EADDRINUSE));
}

static void time_wait_is_no_matter_where_both_reuse(void **state)
{
    (void)state;
    assert_int_equal(bind_after_the_server_has_closed(REUSEADDR, REUSEADDR, false), 0);
}

static void time_wait_of_who_did_not_reuse_holds_the_port(void **state)
{
    (void)state;
    assert_int_equal(bind_after_the_server_has_closed(0, REUSEADDR, false), E(EADDRINUSE));
}

static void the_peers_time_wait_is_the_peers(void **state)
{
    (void)state;
    assert_int_equal(bind_after_the_server_has_closed(0, 0, true), 0);
}

static void a_bound_socket_connects_from_there(void **state)
{
    (void)state;
    char text[NAME_TEXT];
    a_listener(right(&w), 80);
    const int fd = with(false, 0), other = with(false, 0);
    assert_int_equal(bind_any(fd, "0.0.0.0"), 0);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
    assert_string_equal(sockname(left(&w), fd, text), "10.9.0.1:4000");
    assert_int_equal(bind_any(other, "10.9.0.1"), E(EADDRINUSE));
}

static void the_same_two_ends_are_connected_once(void **state)
{
    (void)state;
    a_listener(right(&w), 80);
    const int fd = with(false, REUSEADDR), other = with(false, REUSEADDR);
    assert_int_equal(bind_any(fd, "0.0.0.0"), 0);
    assert_int_equal(bind_any(other, "0.0.0.0"), 0);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
    assert_int_equal(connect4(left(&w), other, "10.9.0.2", 80), E(EADDRNOTAVAIL));
}

/* AS LINUX: its connection is over, and the port that it had was not asked for. */
static void who_was_reset_may_bind(void **state)
{
    (void)state;
    const struct ciao_linger at_once = {1, 0};
    const struct ciao_iovec value = {(void *)(uintptr_t)&at_once, sizeof at_once};
    const struct world_pair pair = a_connection(&w);
    assert_int_equal(bind4(left(&w), pair.left, "0.0.0.0", 4000), E(EINVAL));
    assert_int_equal(
        ciao_setsockopt(right(&w), pair.right, CIAO_SOL_SOCKET, CIAO_SO_LINGER, &value), 0);
    assert_int_equal(ciao_socket_close(right(&w), pair.right), 0);
    world_settle(&w);
    assert_int_equal(bind4(left(&w), pair.left, "0.0.0.0", 4000), 0);
    assert_int_equal(bind4(left(&w), pair.left, "0.0.0.0", 4000), E(EINVAL));
}

/* A port that was chosen for a connection goes with it; one that is chosen afterwards stays. */
static void a_chosen_port_goes_with_its_connection(void **state)
{
    const int fd = a_socket(left(&w));
    (void)state;
    set_nonblocking(left(&w), fd);
    assert_int_equal(bind4(left(&w), fd, "0.0.0.0", 0), 0);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 81), E(EINPROGRESS));
    world_settle(&w); /* refused */
    assert_int_equal(bind4(left(&w), fd, "0.0.0.0", 0), 0);
    assert_int_equal(bind4(left(&w), fd, "0.0.0.0", 4000), E(EINVAL));
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 81), E(ECONNREFUSED));
    assert_int_equal(bind4(left(&w), fd, "0.0.0.0", 4000), E(EINVAL));
}

/* AS LINUX: connect() to nobody gives back no port that was never used. */
static void disconnecting_keeps_a_port_that_was_not_used(void **state)
{
    const struct ciao_sockaddr nobody = {.sa_family = CIAO_AF_UNSPEC};
    const int fd = a_socket(left(&w));
    (void)state;
    assert_int_equal(bind4(left(&w), fd, "0.0.0.0", 0), 0);
    assert_int_equal(ciao_socket_connect(left(&w), fd, &nobody, sizeof nobody), 0);
    assert_int_equal(bind4(left(&w), fd, "0.0.0.0", 4000), E(EINVAL));
}

/* Bound once to an address and then to any: it connects from wherever the way begins. */
static void the_last_bind_counts(void **state)
{
    const struct ciao_sockaddr nobody = {.sa_family = CIAO_AF_UNSPEC};
    const int fd = a_socket(left(&w));
    char text[NAME_TEXT];
    (void)state;
    (void)a_listener(right(&w), 80);
    assert_int_equal(bind4(left(&w), fd, "10.9.0.1", 0), 0);
    assert_int_equal(ciao_socket_listen(left(&w), fd, 1), 0);
    assert_int_equal(ciao_socket_connect(left(&w), fd, &nobody, sizeof nobody), 0);
    assert_int_equal(bind4(left(&w), fd, "0.0.0.0", 4000), 0);
    assert_int_equal(connect4(left(&w), fd, "10.9.0.2", 80), 0);
    assert_string_equal(sockname(left(&w), fd, text), "10.9.0.1:4000");
}

/* ---- names, as they are handed out ---- */

static void a_name_is_cut_to_the_room_there_is(void **state)
{
    (void)state;
    struct ciao_sockaddr_in in;
    const int fd = a_socket(left(&w));
    assert_int_equal(bind4(left(&w), fd, "10.9.0.1", 4000), 0);
    memset(&in, 0xee, sizeof in);
    uint32_t len = 4;
    assert_int_equal(ciao_getsockname(left(&w), fd, &in, &len), 0);
    assert_int_equal(len, 16);
    assert_memory_equal(&in, "\x02\x00\x0f\xa0\xee\xee\xee\xee", 8);
    len = 0;
    assert_int_equal(ciao_getsockname(left(&w), fd, NULL, &len), 0);
    assert_int_equal(len, 16);
    len = UINT32_MAX;
    assert_int_equal(ciao_getsockname(left(&w), fd, &in, &len), E(EINVAL));
    assert_int_equal(ciao_getsockname(left(&w), fd, &in, NULL), E(EFAULT));
    len = 16;
    assert_int_equal(ciao_getsockname(left(&w), fd, NULL, &len), E(EFAULT));
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(only_streams_of_two_families_are_made),
        STORY(the_lowest_free_number_comes_first),
        STORY(what_is_no_descriptor_is_refused_by_every_call),
        STORY(bind_names_the_socket),
        STORY(bind_to_port_0_chooses_one),
        STORY(bind_refuses_what_is_no_address),
        STORY(low_ports_may_be_kept_for_the_privileged),
        STORY(ports_are_shared_as_linux_shares_them),
        STORY(of_two_that_share_only_one_listens),
        STORY(a_port_is_free_again_after_close),
        STORY(time_wait_holds_the_port),
        STORY(time_wait_is_no_matter_where_both_reuse),
        STORY(time_wait_of_who_did_not_reuse_holds_the_port),
        STORY(the_peers_time_wait_is_the_peers),
        STORY(a_bound_socket_connects_from_there),
        STORY(the_same_two_ends_are_connected_once),
        STORY(who_was_reset_may_bind),
        STORY(a_chosen_port_goes_with_its_connection),
        STORY(disconnecting_keeps_a_port_that_was_not_used),
        STORY(the_last_bind_counts),
        STORY(a_name_is_cut_to_the_room_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
