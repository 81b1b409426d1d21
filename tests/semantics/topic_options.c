/*
 * Options: values, bounds, lengths; ioctl.
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "states.h"

static void check(int level, int name, const char *text, const int *values, unsigned n)
{
    int fd = level == IPPROTO_IPV6 ? new6(NB) : new4(NB);

    do_get(fd, level, name, text);
    for (unsigned i = 0; i < n; i++) {
        do_set(fd, level, name, text, values[i]);
        do_get(fd, level, name, text);
    }
}

#define CHECK(level, name, ...)                           \
    check(level, name, #name, (const int[]){__VA_ARGS__}, \
          sizeof((int[]){__VA_ARGS__}) / sizeof(int))

static void booleans(void)
{
    CHECK(SOL_SOCKET, SO_REUSEADDR, 1, 0, 7, -1);
    CHECK(SOL_SOCKET, SO_REUSEPORT, 1, 0, 7);
    CHECK(SOL_SOCKET, SO_KEEPALIVE, 1, 0, 7);
    CHECK(SOL_SOCKET, SO_OOBINLINE, 1, 0);
    CHECK(SOL_SOCKET, SO_BROADCAST, 1, 0);
    CHECK(SOL_SOCKET, SO_DONTROUTE, 1, 0);
    CHECK(SOL_SOCKET, SO_TIMESTAMP, 1, 0);
    CHECK(IPPROTO_TCP, TCP_NODELAY, 1, 0, 5);
    CHECK(IPPROTO_TCP, TCP_CORK, 1, 0, 5);
}

static void buffers(void)
{
    int fd = new4(NB);

    do_set(fd, OPTION(SOL_SOCKET, SO_RCVBUF), 50000);
    do_get(fd, OPTION(SOL_SOCKET, SO_RCVBUF));
    do_set(fd, OPTION(SOL_SOCKET, SO_RCVBUF), 0);
    do_get(fd, OPTION(SOL_SOCKET, SO_RCVBUF));
    do_set(fd, OPTION(SOL_SOCKET, SO_RCVBUF), -1);
    do_set(fd, OPTION(SOL_SOCKET, SO_RCVBUF), 2000000000);
    do_set(fd, OPTION(SOL_SOCKET, SO_SNDBUF), 50000);
    do_get(fd, OPTION(SOL_SOCKET, SO_SNDBUF));
    do_set(fd, OPTION(SOL_SOCKET, SO_SNDBUF), 0);
    do_get(fd, OPTION(SOL_SOCKET, SO_SNDBUF));
}

static void low_water(void)
{
    CHECK(SOL_SOCKET, SO_RCVLOWAT, 10, 0, -5, 1);
    CHECK(SOL_SOCKET, SO_SNDLOWAT, 10);
}

static void priority(void)
{
    CHECK(SOL_SOCKET, SO_PRIORITY, 3, 6);
}

static void read_only(void)
{
    CHECK(SOL_SOCKET, SO_TYPE, 1);
    CHECK(SOL_SOCKET, SO_ERROR, 1);
    CHECK(SOL_SOCKET, SO_ACCEPTCONN, 1);
    CHECK(SOL_SOCKET, SO_DOMAIN, 1);
    CHECK(SOL_SOCKET, SO_PROTOCOL, 1);
}

static void keep_alive(void)
{
    CHECK(IPPROTO_TCP, TCP_KEEPIDLE, 1, 32767, 0, 32768, -1);
    CHECK(IPPROTO_TCP, TCP_KEEPINTVL, 1, 32767, 0, 32768);
    CHECK(IPPROTO_TCP, TCP_KEEPCNT, 1, 127, 0, 128);
}

static void tries(void)
{
    CHECK(IPPROTO_TCP, TCP_SYNCNT, 1, 127, 0, 128);
    CHECK(IPPROTO_TCP, TCP_LINGER2, 10, 0, -1, 60, 1000);
    CHECK(IPPROTO_TCP, TCP_USER_TIMEOUT, 10, 0, -1);
    CHECK(IPPROTO_TCP, TCP_DEFER_ACCEPT, 1, 3, 10, 0, -1);
}

static void segment_size(void)
{
    CHECK(IPPROTO_TCP, TCP_MAXSEG, 88, 1000, 87, 32767, 32768, 0);
}

static void window_clamp(void)
{
    CHECK(IPPROTO_TCP, TCP_WINDOW_CLAMP, 100, 5000, 0);
}

static void unsent_low_water(void)
{
    CHECK(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 4096, 0, -1);
}

static void quick_acknowledgements(void)
{
    int fd = new4(NB);

    do_set(fd, OPTION(IPPROTO_TCP, TCP_QUICKACK), 1);
    do_set(fd, OPTION(IPPROTO_TCP, TCP_QUICKACK), 0);
}

static void congestion_control(void)
{
    int fd = new4(NB);

    do_set_text(fd, TCP_CONGESTION, "reno");
    do_get_text(fd, TCP_CONGESTION);
    do_set_text(fd, TCP_CONGESTION, "cubic");
    do_get_text(fd, TCP_CONGESTION);
    do_set_text(fd, TCP_CONGESTION, "nothing such");
    do_get_text(fd, TCP_CONGESTION);
}

static void ip_of_service(void)
{
    CHECK(IPPROTO_IP, IP_TOS, 0x10, 0xff, 0x100, 3, 0);
    CHECK(IPPROTO_IP, IP_TTL, 1, 255, 0, 256, -1);
    CHECK(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_PMTUDISC_DONT, 9, -1);
    CHECK(IPPROTO_IP, IP_RECVERR, 1, 0);
    CHECK(IPPROTO_IP, IP_RECVTTL, 1, 0);
    CHECK(IPPROTO_IP, IP_FREEBIND, 1, 0);
    CHECK(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, 0);
    CHECK(IPPROTO_IP, IP_MINTTL, 5, 0, 256);
    CHECK(IPPROTO_IP, IP_MTU, 1);
}

static void ip6_of_service(void)
{
    CHECK(IPPROTO_IPV6, IPV6_V6ONLY, 1, 0, 7);
    CHECK(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1, 255, 256, -1, -2);
    CHECK(IPPROTO_IPV6, IPV6_TCLASS, 0x10, 255, 256, -1, -2);
    CHECK(IPPROTO_IPV6, IPV6_RECVERR, 1, 0);
    CHECK(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, 9);
}

static void of_the_other_family(void)
{
    int a = new4(NB), b = new6(NB);

    do_set(a, OPTION(IPPROTO_IPV6, IPV6_V6ONLY), 1);
    do_get(a, OPTION(IPPROTO_IPV6, IPV6_V6ONLY));
    do_set(b, OPTION(IPPROTO_IP, IP_TOS), 0x10);
    do_get(b, OPTION(IPPROTO_IP, IP_TOS));
    do_set(b, OPTION(IPPROTO_IP, IP_TTL), 9);
    do_get(b, OPTION(IPPROTO_IP, IP_TTL));
}

static void v6only_when_bound(void)
{
    int a = new6(NB), b = new6(NB);

    do_bind(a, LO6, 0);
    do_set(a, OPTION(IPPROTO_IPV6, IPV6_V6ONLY), 1);
    do_listen(b, 1);
    do_set(b, OPTION(IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

static void unknown_ones(void)
{
    int a = new4(NB);

    CHECK(SOL_SOCKET, 9999, 1);
    CHECK(IPPROTO_TCP, 9999, 1);
    CHECK(IPPROTO_IP, 9999, 1);
    CHECK(IPPROTO_IPV6, 9999, 1);
    do_set(a, 999, 1, "level 999", 1);
    do_get(a, 999, 1, "level 999");
}

static void lengths_given(void)
{
    int a = new4(NB);

    for (unsigned len = 0; len <= 8; len += len < 4 ? 1 : 4) {
        do_set_len(a, OPTION(SOL_SOCKET, SO_REUSEADDR), len);
        do_set_len(a, OPTION(IPPROTO_TCP, TCP_NODELAY), len);
        do_set_len(a, OPTION(IPPROTO_IP, IP_TOS), len);
        do_set_len(a, OPTION(SOL_SOCKET, SO_LINGER), len);
        do_set_len(a, OPTION(SOL_SOCKET, SO_RCVTIMEO), len);
        do_set_len(a, OPTION(SOL_SOCKET, SO_RCVBUF), len);
    }
    do_set_len(a, OPTION(SOL_SOCKET, SO_REUSEADDR), (unsigned)-1);
}

static void lengths_asked(void)
{
    int a = new4(NB);

    for (unsigned len = 0; len <= 8; len += len < 4 ? 1 : 4) {
        do_get_len(a, OPTION(SOL_SOCKET, SO_REUSEADDR), len);
        do_get_len(a, OPTION(IPPROTO_TCP, TCP_NODELAY), len);
        do_get_len(a, OPTION(IPPROTO_IP, IP_TOS), len);
        do_get_len(a, OPTION(SOL_SOCKET, SO_LINGER), len);
        do_get_len(a, OPTION(SOL_SOCKET, SO_RCVTIMEO), len);
        do_get_len(a, OPTION(IPPROTO_TCP, TCP_CONGESTION), len);
    }
    do_get_len(a, OPTION(SOL_SOCKET, SO_REUSEADDR), (unsigned)-1);
    do_get_len(a, OPTION(IPPROTO_TCP, TCP_NODELAY), (unsigned)-1);
    do_get_len(a, OPTION(IPPROTO_TCP, TCP_INFO), 8);
    do_get_len(a, OPTION(IPPROTO_TCP, TCP_INFO), 104);
}

static void bad_pointers(void)
{
    int a = new4(NB);
    socklen_t len = 4;

    result("setsockopt from NULL", a,
           api()->setsockopt(a, SOL_SOCKET, SO_REUSEADDR, NULL, sizeof(int)));
    result("getsockopt to NULL", a, api()->getsockopt(a, SOL_SOCKET, SO_REUSEADDR, NULL, &len));
    result("getsockopt, no length", a, api()->getsockopt(a, SOL_SOCKET, SO_REUSEADDR, &len, NULL));
}

static void timeouts(void)
{
    int a = new4(NB);

    do_get_time(a, SO_RCVTIMEO);
    do_set_time(a, SO_RCVTIMEO, 1500);
    do_get_time(a, SO_RCVTIMEO);
    do_set_time(a, SO_SNDTIMEO, 0);
    do_get_time(a, SO_SNDTIMEO);
    do_set_time(a, SO_RCVTIMEO, -1000);
    do_get_time(a, SO_RCVTIMEO);
    struct timeval odd = {1, 1000000};
    result("SO_RCVTIMEO with 1000000 us", a,
           api()->setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &odd, sizeof odd));
}

static void linger_values(void)
{
    int a = new4(NB);
    struct linger value = {9, 9};
    socklen_t len = sizeof value;

    do_linger(a, 1, 5);
    result("get SO_LINGER", a, api()->getsockopt(a, SOL_SOCKET, SO_LINGER, &value, &len));
    note("  %d %d\n", value.l_onoff, value.l_linger);
    do_linger(a, 0, 7);
    result("get SO_LINGER", a, api()->getsockopt(a, SOL_SOCKET, SO_LINGER, &value, &len));
    note("  %d %d\n", value.l_onoff, value.l_linger);
    do_linger(a, 7, -1);
    result("get SO_LINGER", a, api()->getsockopt(a, SOL_SOCKET, SO_LINGER, &value, &len));
    note("  %d\n", value.l_onoff);
}

static void of_connections(void)
{
    struct pair pair = pair_at(LO4);

    do_get(pair.client, OPTION(IPPROTO_TCP, TCP_MAXSEG));
    do_set(pair.client, OPTION(IPPROTO_TCP, TCP_MAXSEG), 500);
    do_get(pair.client, OPTION(IPPROTO_TCP, TCP_MAXSEG));
    do_get(pair.client, OPTION(IPPROTO_IP, IP_MTU));
    do_set(pair.client, OPTION(IPPROTO_TCP, TCP_SYNCNT), 3);
    do_set(pair.client, OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT), 3);
    do_set(pair.client, OPTION(SOL_SOCKET, SO_KEEPALIVE), 1);
    do_set(pair.client, OPTION(IPPROTO_TCP, TCP_KEEPIDLE), 3);
    do_set_text(pair.client, TCP_CONGESTION, "reno");
    do_get_text(pair.client, TCP_CONGESTION);
}

static void no_upper_protocol(void)
{
    struct pair pair = pair_at(LO4);

    do_set_text(new4(NB), TCP_ULP, "no such");
    do_set_text(pair.client, TCP_ULP, "no such");
}

static const struct sem_case option_cases[] = {
    {"booleans", booleans},
    {"buffers", buffers},
    {"low water", low_water},
    {"priority", priority},
    {"read only", read_only},
    {"keep-alive", keep_alive},
    {"tries", tries},
    {"segment size", segment_size},
    {"window clamp", window_clamp},
    {"unsent low water", unsent_low_water},
    {"quick acknowledgements", quick_acknowledgements},
    {"congestion control", congestion_control},
    {"IPv4", ip_of_service},
    {"IPv6", ip6_of_service},
    {"of the other family", of_the_other_family},
    {"V6ONLY when bound", v6only_when_bound},
    {"unknown ones", unknown_ones},
    {"lengths given", lengths_given},
    {"lengths asked", lengths_asked},
    {"bad pointers", bad_pointers},
    {"timeouts", timeouts},
    {"linger", linger_values},
    {"of connections", of_connections},
    {"no upper protocol", no_upper_protocol},
};
const struct sem_topic topic_options = TOPIC("options", option_cases);

/* ---- ioctl, fcntl ---- */

static void how_much_is_there(void)
{
    struct pair pair = pair_at(LO4);

    do_ioctl(pair.client, FIONREAD, "FIONREAD");
    do_write(pair.server, "hello");
    do_ioctl(pair.client, FIONREAD, "FIONREAD");
    do_read(pair.client, 2);
    do_ioctl(pair.client, FIONREAD, "FIONREAD");
    do_shutdown(pair.server, SHUT_WR);
    do_ioctl(pair.client, FIONREAD, "FIONREAD");
    do_read(pair.client, 8);
    do_ioctl(pair.client, FIONREAD, "FIONREAD");
}

static void how_much_of_a_listener(void)
{
    do_ioctl(listener_at(LO4, 1), FIONREAD, "FIONREAD");
    do_ioctl(new4(0), FIONREAD, "FIONREAD");
    do_ioctl(listener_at(LO4, 1), SIOCOUTQ, "SIOCOUTQ");
    do_ioctl(new4(0), SIOCOUTQ, "SIOCOUTQ");
    do_ioctl(listener_at(LO4, 1), SIOCATMARK, "SIOCATMARK");
}

static void at_the_mark(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "ab");
    do_send(pair.server, "!", MSG_OOB);
    do_ioctl(pair.client, SIOCATMARK, "SIOCATMARK");
    do_read(pair.client, 8);
    do_ioctl(pair.client, SIOCATMARK, "SIOCATMARK");
    do_write(pair.server, "cd");
    do_read(pair.client, 8);
    do_ioctl(pair.client, SIOCATMARK, "SIOCATMARK");
}

static void nonblocking_by_ioctl(void)
{
    int a = new4(0);

    do_ioctl_set(a, FIONBIO, "FIONBIO", 1);
    do_getfl(a);
    do_ioctl_set(a, FIONBIO, "FIONBIO", 0);
    do_getfl(a);
    do_fcntl(a, F_SETFL, "F_SETFL", O_NONBLOCK | O_RDONLY);
    do_getfl(a);
}

static void owner(void)
{
    int a = new4(0);

    do_fcntl(a, F_GETOWN, "F_GETOWN", 0);
    do_fcntl(a, 9999, "9999", 0);
}

static const struct sem_case ioctl_cases[] = {
    {"how much is there", how_much_is_there},
    {"how much, of a listener", how_much_of_a_listener},
    {"at the mark", at_the_mark},
    {"non-blocking", nonblocking_by_ioctl},
    {"owner", owner},
};
const struct sem_topic topic_ioctl = TOPIC("ioctl", ioctl_cases);
