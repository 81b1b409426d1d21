/*
 * Options, fcntl, ioctl, readiness.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "calls_internal.h"

/* ---- options ---- */

void do_get(int fd, int level, int name, const char *text)
{
    int value = 0x5a5a5a5a;
    socklen_t len = sizeof value;
    int status = api()->getsockopt(fd, level, name, &value, &len);

    note("  getsockopt(%s, %s) = %s", fd_text(fd), text, errno_text(status));
    if (status == 0)
        note(", %d (%u)", len == 1 ? value & 0xff : value, len);
    note("\n");
}

void do_set(int fd, int level, int name, const char *text, int value)
{
    int status = api()->setsockopt(fd, level, name, &value, sizeof value);

    note("  setsockopt(%s, %s, %d) = %s\n", fd_text(fd), text, value, errno_text(status));
    settle();
}

void do_get_len(int fd, int level, int name, const char *text, unsigned given)
{
    unsigned char value[256] = {0};
    socklen_t len = given;
    int status = api()->getsockopt(fd, level, name, value, &len);

    note("  getsockopt(%s, %s, %d bytes) = %s", fd_text(fd), text, (int)given, errno_text(status));
    if (status == 0)
        note(", %u bytes", len);
    note("\n");
}

void do_set_len(int fd, int level, int name, const char *text, unsigned len)
{
    static const unsigned char value[256] = {1};
    int status = api()->setsockopt(fd, level, name, value, len);

    note("  setsockopt(%s, %s, %d bytes) = %s\n", fd_text(fd), text, (int)len, errno_text(status));
}

void set(int fd, int level, int name, int value)
{
    int status = api()->setsockopt(fd, level, name, &value, sizeof value);

    if (status < 0)
        note("  (setsockopt %d %d: %s)\n", level, name, errno_text(status));
}

void do_set_time(int fd, int name, int64_t ms)
{
    struct timeval span = {ms / 1000, ms % 1000 * 1000};
    int status = api()->setsockopt(fd, SOL_SOCKET, name, &span, sizeof span);

    note("  setsockopt(%s, %s, %lld ms) = %s\n", fd_text(fd),
         name == SO_RCVTIMEO ? "SO_RCVTIMEO" : "SO_SNDTIMEO", (long long)ms, errno_text(status));
}

void do_get_time(int fd, int name)
{
    struct timeval span = {-1, -1};
    socklen_t len = sizeof span;
    int status = api()->getsockopt(fd, SOL_SOCKET, name, &span, &len);

    note("  getsockopt(%s, %s) = %s, %lld.%06lld (%u)\n", fd_text(fd),
         name == SO_RCVTIMEO ? "SO_RCVTIMEO" : "SO_SNDTIMEO", errno_text(status),
         (long long)span.tv_sec, (long long)span.tv_usec, len);
}

void do_set_text(int fd, int name, const char *value)
{
    int status = api()->setsockopt(fd, IPPROTO_TCP, name, value, (socklen_t)strlen(value));

    note("  setsockopt(%s, TCP %d, \"%s\") = %s\n", fd_text(fd), name, value, errno_text(status));
}

void do_get_text(int fd, int name)
{
    char value[64] = "";
    socklen_t len = sizeof value - 1;
    int status = api()->getsockopt(fd, IPPROTO_TCP, name, value, &len);

    note("  getsockopt(%s, TCP %d) = %s, \"%s\" (%u)\n", fd_text(fd), name, errno_text(status),
         value, len);
}

void do_linger(int fd, int on, int seconds)
{
    struct linger value = {on, seconds};
    int status = api()->setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);

    note("  setsockopt(%s, SO_LINGER, {%d, %d}) = %s\n", fd_text(fd), on, seconds,
         errno_text(status));
}

void do_error(int fd)
{
    int value = -1;
    socklen_t len = sizeof value;
    int status = api()->getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len);

    note("  SO_ERROR(%s) = %s", fd_text(fd), errno_text(status));
    if (status == 0)
        note(", %s", value ? errno_text(-value) + 1 : "none");
    note("\n");
}

void do_state(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    int status = api()->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);

    note("  state(%s) = %s\n", fd_text(fd),
         status < 0 ? errno_text(status) : state_text(info.tcpi_state));
}

void do_getfl(int fd)
{
    int status = api()->fcntl(fd, F_GETFL, 0);

    note("  fcntl(%s, F_GETFL) = ", fd_text(fd));
    if (status < 0)
        note("%s\n", errno_text(status));
    else
        note("%#x\n", (unsigned)status);
}

void do_fcntl(int fd, int command, const char *text, long argument)
{
    note("  fcntl(%s, %s, %ld) = %s\n", fd_text(fd), text, argument,
         errno_text(api()->fcntl(fd, command, argument)));
}

void do_ioctl(int fd, unsigned long request, const char *text)
{
    int value = -1;
    int status = api()->ioctl(fd, request, &value);

    note("  ioctl(%s, %s) = %s", fd_text(fd), text, errno_text(status));
    if (status == 0)
        note(", %d", value);
    note("\n");
}

void do_ioctl_set(int fd, unsigned long request, const char *text, int value)
{
    int status = api()->ioctl(fd, request, &value);

    note("  ioctl(%s, %s, %d) = %s\n", fd_text(fd), text, value, errno_text(status));
}

void nonblocking(int fd)
{
    (void)api()->fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

/* ---- readiness ---- */

void do_poll_for(int fd, int events, int timeout_ms)
{
    struct pollfd one = {fd, (short)events, 0};
    int status = api()->poll(&one, 1, timeout_ms);

    note("  poll(%s) = %s: %s\n", fd_text(fd), errno_text(status),
         poll_text((unsigned)(unsigned short)one.revents));
    settle();
}

void do_poll(int fd, int timeout_ms)
{
    do_poll_for(fd,
                POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND
                    | POLLRDHUP,
                timeout_ms);
}

int do_epoll(int flags)
{
    int fd = known(api()->epoll_create1(flags));

    note("  epoll_create1(%#x) = %s\n", (unsigned)flags, fd < 0 ? errno_text(fd) : fd_text(fd));
    return fd;
}

void do_ctl(int epfd, int op, int fd, unsigned events)
{
    static const char *const names[] = {"?", "ADD", "DEL", "MOD"};
    struct epoll_event event = {.events = events, .data.fd = fd};
    int status = api()->epoll_ctl(epfd, op, fd, &event);

    note("  epoll_ctl(%s, %s, ", fd_text(epfd), op > 0 && op < 4 ? names[op] : "?");
    note("%s, %#x) = %s\n", fd_text(fd), events, errno_text(status));
}

void do_add(int epfd, int fd, unsigned events)
{
    do_ctl(epfd, EPOLL_CTL_ADD, fd, events);
}

void do_mod(int epfd, int fd, unsigned events)
{
    do_ctl(epfd, EPOLL_CTL_MOD, fd, events);
}

void do_del(int epfd, int fd)
{
    do_ctl(epfd, EPOLL_CTL_DEL, fd, 0);
}

void do_wait(int epfd, int most, int timeout_ms)
{
    struct epoll_event events[8];
    int n = api()->epoll_wait(epfd, events, most, timeout_ms);

    note("  epoll_wait(%s, %d) = %s", fd_text(epfd), most, errno_text(n));
    for (int i = 0; i < n; i++)
        note(" %s:%s", fd_text(events[i].data.fd), poll_text(events[i].events));
    note("\n");
    settle();
}
