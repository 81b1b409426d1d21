/*
 * The kernel at the other end: see tun_link.h.
 */
#include "bench/tun_link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/measure.h"
#include "cli/netns.h"
#include "cli/settled.h"
#include "driver/tap.h"
#include "host/machine.h"

#define PORT           9000
#define WINDOW_DEFAULT (512 * 1024)
#define TURNS_MOST     1000 /* of a handshake */
#define MOMENT_US      1000

static struct ciao_addr address(bool v6, bool ours)
{
    struct ciao_addr addr;
    const char *text = v6 ? (ours ? "fd09::2" : "fd09::1") : (ours ? "10.9.0.2" : "10.9.0.1");

    bench_must(ciao_addr_parse(text, &addr), "%s is no address", text);
    return addr;
}

/* One core, and no other, does everything. */
static void stay_here(void)
{
    cpu_set_t set;
    int cpu = sched_getcpu();

    CPU_ZERO(&set);
    CPU_SET((size_t)(cpu < 0 ? 0 : cpu), &set);
    bench_must(sched_setaffinity(0, sizeof set, &set) == 0, "this process cannot stay on a core");
}

static void open_host(struct tun_link *link, const struct bench_row *row)
{
    struct ciao_config config;
    struct host_options how = {.config = &config};

    ciao_config_default(&config, CIAO_PROFILE_CIAO);
    config.events = CIAO_EVENTS_LIFE;
    config.tcp.sndbuf_bytes = row->window ? row->window : WINDOW_DEFAULT;
    config.tcp.rcvbuf_bytes = config.tcp.sndbuf_bytes;
    bench_must(host_open(&link->host, &how) == 0, "there is no memory for a stack");
    link->stack = host_stack(link->host);
}

static int attach(struct tun_link *link, const struct bench_row *row, char *error)
{
    struct ciao_addr ours = address(row->v6, true);
    struct tap_address theirs = {address(row->v6, false), row->v6 ? 64 : 24};
    struct tap_options how = {
        .kind = CIAO_LINK_IP,
        .mtu = row->mtu,
        .addresses = &theirs,
        .n_addresses = 1,
        .pool = host_pool(link->host),
    };
    struct ciao_driver *driver;

    if (tap_open(&driver, &how, error) < 0)
        return -1;
    if (row->v6)
        settled_wait(&theirs.address);
    bench_must(host_attach(link->host, driver) == 0, "the stack refuses its link");
    bench_must(ciao_address_add(link->stack, 0, &ours, theirs.prefix_len) == 0,
               "the stack refuses its address");
    return 0;
}

/* A socket of the kernel that connects to us; cubic, since the usual bbr paces itself. */
static int call_us(bool v6)
{
    struct ciao_addr ours = address(v6, true);
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const void *to = v6 ? (const void *)&to6 : (const void *)&to4;
    socklen_t to_len = v6 ? sizeof to6 : sizeof to4;
    int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    memcpy(&to6.sin6_addr, ours.b, 16);
    memcpy(&to4.sin_addr, ours.b + 12, 4);
    bench_must(fd >= 0, "the kernel gives no socket: %s", strerror(errno));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
    bench_must(connect(fd, to, to_len) == 0 || errno == EINPROGRESS,
               "the kernel cannot connect: %s", strerror(errno));
    return fd;
}

static void join(struct tun_link *link, const struct bench_row *row)
{
    struct ciao_endpoint local = {.addr = address(row->v6, true), .port = PORT};
    ciao_conn listener;
    int status;

    bench_must(ciao_listen(link->stack, &local, 1, NULL, &listener) == 0, "we cannot listen");
    link->socket = call_us(row->v6);
    for (unsigned turn = 0;; turn++) {
        tun_link_receive(link);
        status = ciao_accept(link->stack, listener, &link->conn);
        tun_link_send(link);
        if (status == 0)
            return;
        bench_must(turn < TURNS_MOST, "the kernel and we do not connect: %s",
                   ciao_strerror(status));
        tun_link_wait(link);
    }
}

int tun_link_open(struct tun_link *link, const struct bench_row *row, char *error)
{
    *link = (struct tun_link){.socket = -1};
    if (netns_enter(error) < 0)
        return -1;
    stay_here();
    open_host(link, row);
    if (attach(link, row, error) < 0) {
        host_close(link->host);
        return -1;
    }
    join(link, row);
    return 0;
}

void tun_link_close(struct tun_link *link)
{
    (void)close(link->socket);
    host_close(link->host);
}

void tun_link_receive(struct tun_link *link)
{
    int came = host_receive(link->host);

    if (came < 0)
        bench_must(false, "the interface is broken: %s", strerror(-came));
}

void tun_link_send(struct tun_link *link)
{
    int went = host_send(link->host);

    if (went < 0)
        bench_must(false, "the interface is broken: %s", strerror(-went));
}

void tun_link_wait(struct tun_link *link)
{
    int error = host_wait(link->host, NULL, 0, host_now(link->host) + MOMENT_US);

    bench_must(error == 0, "cannot wait for packets: %s", strerror(-error));
}
