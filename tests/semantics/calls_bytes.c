/*
 * Calls that move bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls_internal.h"

#define MOST 64

static const char *flags_text(int flags)
{
    static const struct {
        int bit;
        const char *name;
    } bits[] = {
        {MSG_OOB, "OOB"},         {MSG_PEEK, "PEEK"},         {MSG_TRUNC, "TRUNC"},
        {MSG_WAITALL, "WAITALL"}, {MSG_DONTWAIT, "DONTWAIT"}, {MSG_ERRQUEUE, "ERRQUEUE"},
        {MSG_MORE, "MORE"},       {MSG_NOSIGNAL, "NOSIGNAL"}, {MSG_EOR, "EOR"},
        {MSG_CTRUNC, "CTRUNC"},
    };
    static _Thread_local char text[96];

    text[0] = '\0';
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (flags & bits[i].bit) {
            strcat(text, text[0] ? "|" : "");
            strcat(text, bits[i].name);
        }
    return text[0] ? text : "0";
}

/* ---- receiving ---- */

static void told_read(const char *call, int fd, size_t len, int64_t n)
{
    note("  %s(%s, %zu) = %s", call, fd_text(fd), len, errno_text(n));
}

static void told_data(const char *data, int64_t n, size_t len)
{
    if (n > 0 && (size_t)n <= len)
        note(" \"%.*s\"", (int)n, data);
    note("\n");
    settle();
}

void do_read(int fd, size_t len)
{
    char data[MOST] = "";
    int64_t n = api()->read(fd, data, len);

    told_read("read", fd, len, n);
    told_data(data, n, len);
}

void do_readv(int fd, size_t first, size_t second)
{
    char data[MOST] = "";
    struct iovec parts[2] = {{data, first}, {data + first, second}};
    int64_t n = api()->readv(fd, parts, 2);

    told_read("readv", fd, first + second, n);
    told_data(data, n, sizeof data);
}

void do_recv(int fd, size_t len, int flags)
{
    char data[MOST] = "";
    struct iovec part = {data, len};
    int64_t n = api()->recvfrom(fd, &part, flags, NULL, NULL);

    note("  recv(%s, %zu, %s) = %s", fd_text(fd), len, flags_text(flags), errno_text(n));
    told_data(data, flags & MSG_TRUNC ? 0 : n, len);
}

void do_recvfrom(int fd, size_t len)
{
    char data[MOST] = "";
    struct iovec part = {data, len};
    struct sockaddr_storage addr = {.ss_family = 77};
    socklen_t addr_len = sizeof addr;
    int64_t n = api()->recvfrom(fd, &part, 0, &addr, &addr_len);

    told_read("recvfrom", fd, len, n);
    if (n >= 0) {
        note(" from ");
        note_address(&addr, addr_len);
    }
    told_data(data, n, len);
}

void do_recvmsg(int fd, size_t len, int flags)
{
    char data[MOST] = "", control[64];
    struct iovec parts[2] = {{data, len / 2}, {data + len / 2, len - len / 2}};
    struct sockaddr_storage addr = {.ss_family = 77};
    struct msghdr msg = {
        .msg_name = &addr,
        .msg_namelen = sizeof addr,
        .msg_iov = parts,
        .msg_iovlen = 2,
        .msg_control = control,
        .msg_controllen = sizeof control,
        .msg_flags = 0x55,
    };
    int64_t n = api()->recvmsg(fd, &msg, flags);

    note("  recvmsg(%s, %zu, %s) = %s", fd_text(fd), len, flags_text(flags), errno_text(n));
    if (n >= 0)
        note(" name %u control %zu flags %s", msg.msg_namelen, (size_t)msg.msg_controllen,
             flags_text(msg.msg_flags));
    told_data(data, flags & MSG_TRUNC ? 0 : n, len);
}

void do_drain(int fd)
{
    char data[4096];
    int64_t n;
    bool some = false;

    while ((n = api()->read(fd, data, sizeof data)) > 0) {
        some = true;
        settle();
    }
    note("  read(%s) to the end: %s, then %s\n", fd_text(fd), some ? "bytes" : "nothing",
         errno_text(n));
    settle();
}

void drain(int fd)
{
    char data[4096];
    struct iovec part = {data, sizeof data};

    while (api()->recvfrom(fd, &part, MSG_DONTWAIT, NULL, NULL) > 0)
        settle();
}

/* ---- sending ---- */

static void told_sent(int64_t n)
{
    note(" = %s%s\n", errno_text(n), took_sigpipe() ? ", SIGPIPE" : "");
    settle();
}

void do_write(int fd, const char *text)
{
    note("  write(%s, \"%s\")", fd_text(fd), text);
    told_sent(api()->write(fd, text, strlen(text)));
}

void do_writev(int fd, const char *first, const char *second)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)first, strlen(first)},
                             {(void *)(uintptr_t)second, strlen(second)}};

    note("  writev(%s, \"%s\", \"%s\")", fd_text(fd), first, second);
    told_sent(api()->writev(fd, parts, 2));
}

void do_send(int fd, const char *text, int flags)
{
    struct iovec part = {(void *)(uintptr_t)text, strlen(text)};

    note("  send(%s, \"%s\", %s)", fd_text(fd), text, flags_text(flags));
    told_sent(api()->sendto(fd, &part, flags, NULL, 0));
}

void do_sendto(int fd, const char *text, const char *host, unsigned port)
{
    struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
    struct sockaddr_storage addr;
    socklen_t len = address(&addr, host, port);

    note("  sendto(%s, \"%s\", %s %s)", fd_text(fd), text, host, port_text(port));
    told_sent(api()->sendto(fd, &part, 0, &addr, len));
}

void do_sendmsg(int fd, const char *text, int flags)
{
    struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

    note("  sendmsg(%s, \"%s\", %s)", fd_text(fd), text, flags_text(flags));
    told_sent(api()->sendmsg(fd, &msg, flags));
}

void do_write_many(int fd, size_t len)
{
    char *data = malloc(len);
    int64_t n;

    memset(data, 'x', len);
    n = api()->write(fd, data, len);
    free(data);
    note("  write(%s, %zu bytes) = %s", fd_text(fd), len,
         n < 0               ? errno_text(n)
         : n == (int64_t)len ? "all"
                             : "some");
    note("%s\n", took_sigpipe() ? ", SIGPIPE" : "");
    settle();
}

void fill_for_good(int fd)
{
    while (fill(fd) > 0)
        pause_ms(60); /* delayed acknowledgements make room once more */
}

size_t fill(int fd)
{
    static const char data[4096];
    struct iovec part = {(void *)(uintptr_t)data, sizeof data};
    size_t total = 0;
    int64_t n;

    while ((n = api()->sendto(fd, &part, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0)) > 0) {
        total += (size_t)n;
        settle();
    }
    return total;
}
