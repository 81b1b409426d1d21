/*
 * Descriptors of the program's side: see pipe.h.
 */
#include "cli/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_ROOM (1 << 20) /* asked for, so that a reader on another core keeps up */

static bool ready(int fd, short events)
{
    struct pollfd one = {fd, events, 0};

    return poll(&one, 1, 0) > 0;
}

static int open_path(struct pipe_end *end, const char *path, int flags)
{
    end->fd = open(path, flags | O_CLOEXEC, 0666);
    end->owned = true;
    return end->fd < 0 ? -errno : 0;
}

static void look_at(struct pipe_end *end)
{
    struct stat about;

    if (fstat(end->fd, &about) < 0)
        return;
    end->file = S_ISREG(about.st_mode) || S_ISBLK(about.st_mode);
    end->socket = S_ISSOCK(about.st_mode);
    if (S_ISFIFO(about.st_mode))
        (void)fcntl(end->fd, F_SETPIPE_SZ, PIPE_ROOM);
}

int pipe_open_input(struct pipe_end *end, const char *path)
{
    bool standard = !path || strcmp(path, "-") == 0;
    struct stat about;
    int error = 0;

    *end = (struct pipe_end){.fd = STDIN_FILENO};
    if (!standard)
        error = open_path(end, path, O_RDONLY);
    if (error < 0)
        return error;
    if (fstat(end->fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        pipe_close(end);
        return -EISDIR;
    }
    look_at(end);
    return 0;
}

/*
 * The same pipe or terminal opened once more has flags of its own, so that writing may be told not
 * to block.  Where that is not allowed, writing is careful instead.
 */
static void open_again(struct pipe_end *end)
{
    char path[32];
    int fd;

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", end->fd);
    fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        end->careful = true;
        return;
    }
    end->fd = fd;
    end->owned = true;
}

int pipe_open_output(struct pipe_end *end, const char *path)
{
    bool standard = !path || strcmp(path, "-") == 0;
    int error = 0;

    *end = (struct pipe_end){.fd = STDOUT_FILENO};
    if (!standard)
        error = open_path(end, path, O_WRONLY | O_CREAT | O_TRUNC);
    if (error < 0)
        return error;
    look_at(end);
    if (!end->file && !end->socket)
        open_again(end);
    return 0;
}

void pipe_close(struct pipe_end *end)
{
    if (end->owned && end->fd >= 0)
        (void)close(end->fd);
    end->fd = -1;
    end->owned = false;
}

ssize_t pipe_read(const struct pipe_end *end, void *bytes, size_t n, off_t offset)
{
    ssize_t got;

    if (end->fd < 0)
        return 0;
    if (!end->file && !ready(end->fd, POLLIN))
        return PIPE_AGAIN;
    got = end->file && offset >= 0 ? pread(end->fd, bytes, n, offset) : read(end->fd, bytes, n);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? PIPE_AGAIN : -errno;
    return got;
}

ssize_t pipe_write(const struct pipe_end *end, const void *bytes, size_t n)
{
    ssize_t put;

    if (end->fd < 0)
        return (ssize_t)n;
    if (end->careful) {
        if (!ready(end->fd, POLLOUT))
            return PIPE_AGAIN;
        n = n < PIPE_BUF ? n : PIPE_BUF;
    }
    put = end->socket ? send(end->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
                      : write(end->fd, bytes, n);
    if (put < 0)
        return errno == EINTR || errno == EAGAIN ? PIPE_AGAIN : -errno;
    return put;
}
