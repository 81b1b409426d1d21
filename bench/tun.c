/*
 * How fast bytes flow between this stack and the kernel's TCP over a TUN interface, when one core
 * does both ends: the kernel's sockets and TCP, the interface, this stack, and both programs.
 *
 * Super-segments and unfinished checksums cross as they are: nobody sums a byte, as with a network
 * card that does it.  Copies are real: into the kernel's socket, through the interface, out to the
 * program's buffer; 16 KB a call at our end as in all rows, 64 KB at the kernel's, whose calls
 * cost more.
 *
 * A row runs in a process of its own, since that process moves into a network namespace of its own
 * and is never to come back; whatever happens there, the kernel clears it away.  Where that cannot
 * be had, a row is left out with a sentence.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/rows.h"
#include "bench/tun_link.h"

#define KERNEL_CALL  ((size_t)64 * 1024)
#define OUR_CALL     ((size_t)16 * 1024)
#define TURNS_A_LOOK 64
#define PATTERN      65521 /* a prime, so that no buffer's size divides it */
#define GRACE_S      20    /* beyond the time of measuring; then the row has failed */
#define NOT_HERE     77    /* how its process says that the row cannot be had */

struct tun_run {
    struct tun_link link;
    uint64_t sent, received;
    bool verify;
    uint8_t *pattern, *in;
};

/* What passes from the row's process to ours. */
struct message {
    char row[96];
    double value;
    char unit[32];
};

static const uint8_t *bytes_at(const struct tun_run *run, uint64_t offset)
{
    return run->pattern + (run->verify ? offset % PATTERN : 0);
}

static void took(struct tun_run *run, size_t n)
{
    if (run->verify)
        bench_must(memcmp(run->in, bytes_at(run, run->received), n) == 0,
                   "other bytes arrive than were sent");
    run->received += n;
}

/* ---- the kernel's program ---- */

static void look_at(ssize_t n, const char *call)
{
    if (n == 0 || (n < 0 && errno != EAGAIN))
        bench_must(false, "the kernel cannot %s: %s", call, n ? strerror(errno) : "it has ended");
}

static void kernel_writes(struct tun_run *run)
{
    ssize_t n;

    do {
        n = send(run->link.socket, bytes_at(run, run->sent), KERNEL_CALL, MSG_DONTWAIT);
        look_at(n, "send");
        run->sent += n > 0 ? (uint64_t)n : 0;
    } while (n == (ssize_t)KERNEL_CALL);
}

static void kernel_reads(struct tun_run *run)
{
    ssize_t n;

    do {
        n = recv(run->link.socket, run->in, KERNEL_CALL, MSG_DONTWAIT);
        look_at(n, "receive");
        if (n > 0)
            took(run, (size_t)n);
    } while (n == (ssize_t)KERNEL_CALL);
}

/* ---- ours ---- */

static void we_write(struct tun_run *run)
{
    struct tun_link *link = &run->link;

    while (ciao_ready(link->stack, link->conn) & CIAO_WRITABLE) {
        int64_t n = ciao_send(link->stack, link->conn, bytes_at(run, run->sent), 16384, 0,
                              host_now(link->host));

        bench_must(n > 0, "cannot send: %s", ciao_strerror((int)n));
        run->sent += (uint64_t)n;
    }
}

static void we_read(struct tun_run *run)
{
    struct tun_link *link = &run->link;
    int64_t n;

    do {
        n = ciao_recv(link->stack, link->conn, run->in, 16384, 0, host_now(link->host));
        bench_must(n > 0 || n == -CIAO_EAGAIN, "cannot receive: %s", ciao_strerror((int)n));
        if (n > 0)
            took(run, (size_t)n);
    } while (n == 16384);
}

/* ---- runs ---- */

/* A run of turns that moved nothing at all waits for the next; too many of them are the end. */
static uint64_t turns(struct tun_run *run, void (*turn)(struct tun_run *run))
{
    uint64_t before = run->received;

    for (unsigned i = 0; i < TURNS_A_LOOK; i++) {
        uint64_t moved = run->sent + run->received;

        turn(run);
        if (run->sent + run->received == moved)
            tun_link_wait(&run->link);
    }
    bench_must(run->received > before, "the transfer stands still");
    return run->received - before;
}

static void turn_to_ciao(struct tun_run *run)
{
    kernel_writes(run);
    tun_link_receive(&run->link);
    we_read(run);
    tun_link_send(&run->link);
}

static void turn_from_ciao(struct tun_run *run)
{
    we_write(run);
    tun_link_send(&run->link);
    kernel_reads(run);
    tun_link_receive(&run->link);
}

static uint64_t turns_to_ciao(void *run)
{
    return turns(run, turn_to_ciao);
}

static uint64_t turns_from_ciao(void *run)
{
    return turns(run, turn_from_ciao);
}

/* ---- a row, in a process of its own ---- */

static void write_figure(void *context, const struct bench_figure *figure)
{
    struct message message = {.value = figure->value};

    (void)snprintf(message.row, sizeof message.row, "%s", figure->row);
    (void)snprintf(message.unit, sizeof message.unit, "%s", figure->unit);
    bench_must(write(*(const int *)context, &message, sizeof message) == sizeof message,
               "nobody takes the figures");
}

static _Noreturn void be_the_row(const struct bench_row *row, const struct bench *bench,
                                 bench_work work)
{
    static struct tun_run run;
    char error[TUN_LINK_ERROR];

    (void)alarm((unsigned)(2 * bench->seconds) + GRACE_S);
    run.verify = bench->verify;
    run.pattern = malloc(PATTERN + KERNEL_CALL);
    run.in = malloc(KERNEL_CALL);
    bench_must(run.pattern && run.in, "there is no memory");
    for (size_t i = 0; i < PATTERN + KERNEL_CALL; i++)
        run.pattern[i] = (uint8_t)((i % PATTERN) * 2654435761u >> 13);
    if (tun_link_open(&run.link, row, error) < 0) {
        (void)fprintf(stderr, "%s: not available: %s\n", row->name, error);
        _exit(NOT_HERE);
    }
    bench_tell(bench, row, NULL, 8 / bench_measure(bench, row, work, &run), "Gbit/s");
    tun_link_close(&run.link);
    _exit(0);
}

static void bench_tun(const struct bench_row *row, const struct bench *bench, bench_work work)
{
    struct message message;
    struct bench inner = *bench;
    int ends[2], status = 0;
    pid_t pid;

    (void)fflush(stdout);
    bench_must(pipe(ends) == 0, "there is no pipe: %s", strerror(errno));
    inner.tell = write_figure;
    inner.context = &ends[1];
    pid = fork();
    bench_must(pid >= 0, "there is no process: %s", strerror(errno));
    if (pid == 0)
        be_the_row(row, &inner, work);
    (void)close(ends[1]);
    while (read(ends[0], &message, sizeof message) == sizeof message)
        bench->tell(bench->context,
                    &(struct bench_figure){message.row, message.value, message.unit});
    (void)close(ends[0]);
    (void)waitpid(pid, &status, 0);
    bench_must(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == NOT_HERE),
               "%s did not come to its end", row->name);
}

void bench_tun_to_ciao(const struct bench_row *row, const struct bench *bench)
{
    bench_tun(row, bench, turns_to_ciao);
}

void bench_tun_from_ciao(const struct bench_row *row, const struct bench *bench)
{
    bench_tun(row, bench, turns_from_ciao);
}
