/*
 * The book of a case: its text, its descriptors' letters, its ports' numbers; the calls that open,
 * name and close.
 */
#include "calls.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "calls_internal.h"

#define TEXT_MOST  8192
#define FDS_MOST   26
#define PORTS_MOST 64
#define LATER_MOST 4

struct book {
    char text[TEXT_MOST];
    size_t len;
};

struct later {
    pthread_t thread;
    struct book book;
    int ms, fd;
    void (*act)(int fd);
};

static const struct sock_api *current;
static struct book main_book;
static _Thread_local struct book *book = &main_book;
static int letter_of[FDS_MOST]; /* descriptors, -1 when closed */
static unsigned letters, ports, laters;
static unsigned port_named[PORTS_MOST];
static struct later later_store[LATER_MOST];
static uint64_t clock_began_us;
static _Thread_local volatile sig_atomic_t pipe_signals;
static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER;

/* ---- a case ---- */

static void on_sigpipe(int number)
{
    (void)number;
    pipe_signals++;
}

void calls_begin(const struct sock_api *chosen)
{
    struct sigaction action = {.sa_handler = on_sigpipe};

    sigaction(SIGPIPE, &action, NULL);
    current = chosen;
    main_book.len = 0;
    main_book.text[0] = '\0';
    letters = ports = laters = 0;
}

static void join_laters(void)
{
    for (unsigned i = 0; i < laters; i++) {
        pthread_join(later_store[i].thread, NULL);
        if (later_store[i].book.len)
            note("  meanwhile:\n%s", later_store[i].book.text);
    }
    laters = 0;
}

void calls_end(void)
{
    join_laters();
    for (unsigned i = 0; i < letters; i++)
        if (letter_of[i] >= 0)
            (void)current->close(letter_of[i]);
    settle();
}

const char *calls_text(void)
{
    return main_book.text;
}

const struct sock_api *api(void)
{
    return current;
}

void settle(void)
{
    current->settle();
}

/* ---- writing ---- */

void note(const char *format, ...)
{
    va_list list;
    size_t room = sizeof book->text - book->len;

    va_start(list, format);
    int n = vsnprintf(book->text + book->len, room, format, list);
    va_end(list);
    if (n > 0)
        book->len += (size_t)n < room ? (size_t)n : room - 1;
}

int known(int fd)
{
    pthread_mutex_lock(&naming);
    assert(letters < FDS_MOST);
    if (fd >= 0)
        letter_of[letters++] = fd;
    pthread_mutex_unlock(&naming);
    return fd;
}

void forget(int fd)
{
    (void)current->close(fd);
    for (unsigned i = 0; i < letters; i++)
        if (letter_of[i] == fd)
            letter_of[i] = -1;
    while (letters > 0 && letter_of[letters - 1] < 0)
        letters--;
    if (letters == 0)
        ports = 0;
    settle();
}

const char *fd_text(int fd)
{
    static _Thread_local char text[2][4];
    static _Thread_local unsigned turn;
    char *here = text[turn++ % 2];

    for (unsigned i = letters; i-- > 0;)
        if (letter_of[i] == fd) {
            snprintf(here, 4, "%c", 'a' + (int)i);
            return here;
        }
    return fd == NOBODY ? "none" : "closed";
}

const char *port_text(unsigned port)
{
    static _Thread_local char text[8];
    unsigned at = 0;

    if (port < 1024) {
        snprintf(text, sizeof text, "%u", port);
        return text;
    }
    pthread_mutex_lock(&naming);
    while (at < ports && port_named[at] != port)
        at++;
    if (at == ports && ports < PORTS_MOST)
        port_named[ports++] = port;
    pthread_mutex_unlock(&naming);
    snprintf(text, sizeof text, "P%u", at + 1);
    return text;
}

void result(const char *what, int fd, int64_t returned)
{
    bool piped = pipe_signals > 0;

    pipe_signals = 0;
    note("  %s(%s) = %s%s\n", what, fd_text(fd), errno_text(returned), piped ? ", SIGPIPE" : "");
    settle();
}

bool took_sigpipe(void)
{
    bool piped = pipe_signals > 0;

    pipe_signals = 0;
    return piped;
}

/* ---- addresses ---- */

socklen_t address(struct sockaddr_storage *made, const char *host, unsigned port)
{
    struct sockaddr_in *in = (struct sockaddr_in *)made;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)made;

    memset(made, 0, sizeof *made);
    if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        return sizeof *in;
    }
    if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
        abort();
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((uint16_t)port);
    return sizeof *in6;
}

void note_address(const struct sockaddr_storage *addr, socklen_t len)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
    char text[INET6_ADDRSTRLEN];

    if (len == 0) {
        note("no address");
    } else if (addr->ss_family == AF_INET) {
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        note("%s:%s (%u)", text, port_text(ntohs(in->sin_port)), len);
    } else if (addr->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
        note("[%s]:%s (%u)", text, port_text(ntohs(in6->sin6_port)), len);
    } else {
        note("family %u (%u)", addr->ss_family, len);
    }
}

/* ---- opening ---- */

int do_socket(int family, int type, int protocol)
{
    int fd = known(current->socket(family, type, protocol));

    note("  socket(%d, %#x, %d) = %s\n", family, (unsigned)type, protocol,
         fd < 0 ? errno_text(fd) : fd_text(fd));
    return fd;
}

static int new_socket(int family, int flags)
{
    int fd = current->socket(family, SOCK_STREAM | flags, 0);

    if (fd < 0)
        note("  socket() = %s\n", errno_text(fd));
    return known(fd);
}

int new4(int flags)
{
    return new_socket(AF_INET, flags);
}

int new6(int flags)
{
    return new_socket(AF_INET6, flags);
}

static int told_address(const char *call, int fd, const char *host, unsigned port, int64_t status)
{
    note("  %s(%s, %s %s) = %s\n", call, fd_text(fd), host, port_text(port), errno_text(status));
    settle();
    return (int)status;
}

int do_bind(int fd, const char *host, unsigned port)
{
    struct sockaddr_storage addr;
    socklen_t len = address(&addr, host, port);

    return told_address("bind", fd, host, port, current->bind(fd, &addr, len));
}

int do_connect(int fd, const char *host, unsigned port)
{
    struct sockaddr_storage addr;
    socklen_t len = address(&addr, host, port);

    return told_address("connect", fd, host, port, current->connect(fd, &addr, len));
}

static int odd(const char *call, int fd, int family, const char *host, unsigned len)
{
    struct sockaddr_storage addr;

    (void)address(&addr, host, 0);
    addr.ss_family = (sa_family_t)family;
    int status = call[0] == 'b' ? current->bind(fd, &addr, len) : current->connect(fd, &addr, len);
    note("  %s(%s, family %d, %s, length %u) = %s\n", call, fd_text(fd), family, host, len,
         errno_text(status));
    settle();
    return status;
}

int do_bind_len(int fd, int family, const char *host, unsigned len)
{
    return odd("bind", fd, family, host, len);
}

int do_connect_len(int fd, int family, const char *host, unsigned len)
{
    return odd("connect", fd, family, host, len);
}

int do_disconnect(int fd)
{
    struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
    int status = current->connect(fd, &addr, sizeof(struct sockaddr_in));

    result("disconnect", fd, status);
    return status;
}

int do_listen(int fd, int backlog)
{
    int status = current->listen(fd, backlog);

    note("  listen(%s, %d) = %s\n", fd_text(fd), backlog, errno_text(status));
    settle();
    return status;
}

int do_accept(int fd, int flags)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof addr;
    int child = known(current->accept4(fd, &addr, &len, flags));

    note("  accept(%s) = ", fd_text(fd));
    if (child < 0) {
        note("%s\n", errno_text(child));
    } else {
        note("%s from ", fd_text(child));
        note_address(&addr, len);
        note("\n");
    }
    settle();
    return child;
}

static void name_of(const char *call, int fd, bool peer)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof addr;
    int status =
        peer ? current->getpeername(fd, &addr, &len) : current->getsockname(fd, &addr, &len);

    note("  %s(%s) = %s", call, fd_text(fd), errno_text(status));
    if (status == 0) {
        note(", ");
        note_address(&addr, len);
    }
    note("\n");
}

void do_name(int fd)
{
    name_of("getsockname", fd, false);
}

void do_peer(int fd)
{
    name_of("getpeername", fd, true);
}

unsigned port_of(int fd)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof addr;

    if (current->getsockname(fd, &addr, &len) < 0)
        return 0;
    return ntohs(((struct sockaddr_in *)&addr)->sin_port); /* both families: the same place */
}

/* ---- closing ---- */

void do_shutdown(int fd, int how)
{
    static const char *const names[] = {"RD", "WR", "RDWR"};
    int status = current->shutdown(fd, how);

    note("  shutdown(%s, %s) = %s\n", fd_text(fd), how >= 0 && how < 3 ? names[how] : "?",
         errno_text(status));
    settle();
}

void do_close(int fd)
{
    int status = current->close(fd);

    note("  close(%s) = %s\n", fd_text(fd), errno_text(status));
    for (unsigned i = 0; i < letters; i++)
        if (letter_of[i] == fd && status == 0)
            letter_of[i] = -1;
    settle();
}

/* ---- another thread ---- */

static void *act_later(void *context)
{
    struct later *one = context;

    book = &one->book;
    pause_ms(one->ms);
    one->act(one->fd);
    return NULL;
}

void later(int ms, void (*act)(int fd), int fd)
{
    struct later *one = &later_store[laters];
    sigset_t all, before;

    assert(laters < LATER_MOST);
    *one = (struct later){.ms = ms, .fd = fd, .act = act};
    sigfillset(&all);
    sigdelset(&all, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (pthread_create(&one->thread, NULL, act_later, one) == 0)
        laters++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void pause_ms(int ms)
{
    struct timespec span = {ms / 1000, ms % 1000 * 1000000L};

    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
}

static uint64_t monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void clock_start(void)
{
    clock_began_us = monotonic_us();
}

void clock_note(int ms)
{
    bool over = monotonic_us() - clock_began_us >= (uint64_t)ms * 1000;

    note("  that took %s %d ms\n", over ? "no less than" : "less than", ms);
}
