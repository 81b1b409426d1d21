/*
 * ciao's rows, run by Linux's TCP with cubic: both ends in this process, on one thread and core.
 *
 *   linux-peer loopback|veth ROW SECONDS
 *
 * prints an object of JSON.  It makes a namespace for its loopback, or two that a veth pair joins,
 * for which it wants root; they go when it ends.  A call never waits for another thread: whatever
 * one end sends has arrived at the other when the call returns, for the kernel works it off there.
 *
 * What counts is the processor's time of this process, the median of some runs.  The kernel carries
 * packets over these links in the name of whoever sends them; where it accounts interrupts apart
 * (CONFIG_IRQ_TIME_ACCOUNTING), its figures are better than it is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL_BYTES    16384
#define REQUEST_BYTES 64
#define PORT          9000
#define RUNS          7

struct world {
    int client, server; /* namespaces */
    struct sockaddr_in address;
    int listener;
    int from, to; /* the two ends of a connection */
    char bytes[CALL_BYTES], in[CALL_BYTES];
};

struct row {
    const char *name, *unit;
    void (*prepare)(struct world *world, unsigned n);
    uint64_t (*work)(struct world *world); /* returns units */
    double (*figure)(double seconds_a_unit);
    unsigned n;
};

__attribute__((format(printf, 2, 3))) static void must(bool claim, const char *format, ...)
{
    int error = errno;
    va_list args;

    if (claim)
        return;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, ": %s\n", strerror(error));
    exit(1);
}

/* ---- namespaces ---- */

static void shell(const char *format, ...)
{
    char command[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(command, sizeof command, format, args);
    va_end(args);
    errno = 0;
    must(system(command) == 0, "%s", command);
}

static int new_namespace(void)
{
    int fd;

    must(unshare(CLONE_NEWNET) == 0, "a network namespace is refused (root wanted)");
    fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    must(fd >= 0, "/proc/self/ns/net");
    return fd;
}

static void enter(int namespace)
{
    must(setns(namespace, CLONE_NEWNET) == 0, "setns");
}

static void write_setting(const char *name, unsigned value)
{
    char path[128];
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/sys/net/ipv4/%s", name);
    file = fopen(path, "w");
    must(file && fprintf(file, "%u", value) > 0 && fclose(file) == 0, "%s", path);
}

static void make_loopback(struct world *world)
{
    world->client = world->server = new_namespace();
    world->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    shell("ip link set lo up");
}

static void make_veth(struct world *world)
{
    pid_t parent = getpid(), child;
    int status = 0;

    world->client = new_namespace();
    world->server = new_namespace();
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        enter(world->client);
        shell("ip link add c type veth peer name s netns %d && ip addr add 10.0.0.1/24 dev c "
              "&& ip link set c up",
              (int)parent);
        _exit(0);
    }
    must(waitpid(child, &status, 0) == child && status == 0, "a veth pair");
    shell("ip addr add 10.0.0.2/24 dev s && ip link set s up");
    world->address.sin_addr.s_addr = htonl(0x0a000002);
}

/* ---- sockets ---- */

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    must(fd >= 0, "socket");
    must(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) == 0, "cubic");
    must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0, "TCP_NODELAY");
    return fd;
}

static void start_listening(struct world *world)
{
    const struct sockaddr *address = (const void *)&world->address;

    enter(world->server);
    world->listener = new_socket();
    must(bind(world->listener, address, sizeof world->address) == 0, "bind");
    must(listen(world->listener, 128) == 0, "listen");
    enter(world->client);
}

static void join(struct world *world)
{
    const struct sockaddr *address = (const void *)&world->address;

    world->from = new_socket();
    must(connect(world->from, address, sizeof world->address) == 0, "connect");
    world->to = accept4(world->listener, NULL, NULL, SOCK_CLOEXEC);
    must(world->to >= 0, "accept");
}

/* ---- rows ---- */

static void prepare_connection(struct world *world, unsigned n)
{
    (void)n;
    join(world);
}

static uint64_t some_bytes(struct world *world)
{
    uint64_t received = 0;
    ssize_t n;

    for (unsigned i = 0; i < 64; i++) {
        while (send(world->from, world->bytes, CALL_BYTES, MSG_DONTWAIT) > 0) {
        }
        while ((n = recv(world->to, world->in, CALL_BYTES, MSG_DONTWAIT)) > 0)
            received += (uint64_t)n;
    }
    if (received == 0) {
        struct pollfd there = {.fd = world->to, .events = POLLIN};

        must(poll(&there, 1, 5000) == 1, "the transfer stands still");
    }
    return received;
}

static double gbit(double seconds)
{
    return 8e-9 / seconds;
}

static void one_way(int from, int to, char *bytes)
{
    must(send(from, bytes, REQUEST_BYTES, 0) == REQUEST_BYTES, "send");
    must(recv(to, bytes, REQUEST_BYTES, MSG_WAITALL) == REQUEST_BYTES, "recv");
}

static uint64_t some_trips(struct world *world)
{
    for (unsigned i = 0; i < 64; i++) {
        one_way(world->from, world->to, world->bytes);
        one_way(world->to, world->from, world->bytes);
    }
    return 64;
}

static double nanoseconds(double seconds)
{
    return 1e9 * seconds;
}

static uint64_t some_connections(struct world *world)
{
    for (unsigned i = 0; i < 64; i++) {
        join(world);
        must(close(world->from) == 0, "close");
        must(recv(world->to, world->in, 1, 0) == 0, "the client's FIN");
        must(close(world->to) == 0, "close");
    }
    return 64;
}

static unsigned time_waits(void)
{
    FILE *file = fopen("/proc/thread-self/net/sockstat", "r");
    char line[256];
    unsigned n = 0;

    must(file != NULL, "sockstat");
    while (fgets(line, sizeof line, file)) {
        const char *tw = strncmp(line, "TCP:", 4) == 0 ? strstr(line, " tw ") : NULL;

        if (tw)
            n = (unsigned)strtoul(tw + 4, NULL, 10);
    }
    (void)fclose(file);
    return n;
}

/* Beyond so many in TIME-WAIT the kernel forgets what it closes: n stand throughout. */
static void prepare_time_waits(struct world *world, unsigned n)
{
    unsigned stand;

    write_setting("tcp_max_tw_buckets", n);
    for (unsigned i = 0; i < n + 128; i += 64)
        (void)some_connections(world);
    stand = time_waits();
    errno = 0;
    must(stand >= n - n / 10 && stand <= n + 1, "%u stand in TIME-WAIT instead of %u", stand, n);
}

static double a_second(double seconds)
{
    return 1 / seconds;
}

static const struct row rows[] = {
    {"bulk", "Gbit/s", prepare_connection, some_bytes, gbit, 0},
    {"round-trip", "ns", prepare_connection, some_trips, nanoseconds, 0},
    {"open-close-16", "connections/s", prepare_time_waits, some_connections, a_second, 16},
    {"open-close-1k", "connections/s", prepare_time_waits, some_connections, a_second, 1024},
    {"open-close-10k", "connections/s", prepare_time_waits, some_connections, a_second, 10000},
};

/* ---- measuring ---- */

static double cpu_seconds(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Seconds a unit. */
static double run(const struct row *row, struct world *world, double seconds)
{
    double begun = cpu_seconds(), spent;
    uint64_t units = 0;

    do {
        units += row->work(world);
        spent = cpu_seconds() - begun;
    } while (spent < seconds || units == 0);
    return spent / (double)units;
}

static int smaller_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(const struct row *row, struct world *world, double seconds)
{
    double runs[RUNS];

    (void)run(row, world, seconds / RUNS);
    for (unsigned i = 0; i < RUNS; i++)
        runs[i] = run(row, world, seconds / RUNS);
    qsort(runs, RUNS, sizeof runs[0], smaller_first);
    return runs[RUNS / 2];
}

static void stay_on_one_core(void)
{
    cpu_set_t may, one;
    size_t core = CPU_SETSIZE - 1;

    must(sched_getaffinity(0, sizeof may, &may) == 0, "sched_getaffinity");
    while (core > 0 && !CPU_ISSET(core, &may))
        core--;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    must(sched_setaffinity(0, sizeof one, &one) == 0, "sched_setaffinity");
}

int main(int argc, char **argv)
{
    static struct world world;
    double seconds = argc == 4 ? strtod(argv[3], NULL) : 0;
    const struct row *row = NULL;

    for (size_t i = 0; argc == 4 && i < sizeof rows / sizeof rows[0]; i++)
        row = strcmp(argv[2], rows[i].name) == 0 ? &rows[i] : row;
    if (!row || !(seconds > 0)
        || (strcmp(argv[1], "veth") != 0 && strcmp(argv[1], "loopback") != 0)) {
        (void)fputs("Usage: linux-peer loopback|veth ROW SECONDS\n", stderr);
        return 2;
    }
    stay_on_one_core();
    world.address.sin_family = AF_INET;
    world.address.sin_port = htons(PORT);
    if (strcmp(argv[1], "veth") == 0)
        make_veth(&world);
    else
        make_loopback(&world);
    enter(world.client);
    start_listening(&world);
    row->prepare(&world, row->n);
    (void)printf("{\"row\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", row->name,
                 row->figure(median(row, &world, seconds)), row->unit);
    return 0;
}
