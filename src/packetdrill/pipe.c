/*
 * Bytes between the host's files and pipes and sockets of ours: pipe, splice, sendfile.
 *
 * A pipe is the host's.  Bytes are looked at before they are taken, on both sides (tee, MSG_PEEK),
 * so that what the other side has no room for stays where it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/calls.h"
#include "packetdrill/pd.h"

#define PIECE_BYTES 65536 /* at once; a pipe holds no more by default */

int pd_pipe(void *self, int ends[2])
{
    (void)self;
    return pipe(ends);
}

static size_t at_most(size_t len, size_t most)
{
    return len < most ? len : most;
}

/* Is that end of a pipe? */
static bool is_pipe(int fd)
{
    struct stat what;

    return fstat(fd, &what) == 0 && S_ISFIFO(what.st_mode);
}

/* Copy what a pipe holds without taking it; -1 and errno. */
static ssize_t peek_pipe(int fd, void *data, size_t len, unsigned flags)
{
    int copy[2];

    if (pipe(copy) < 0)
        return -1;
    ssize_t n = tee(fd, copy[1], len, flags & SPLICE_F_NONBLOCK);
    if (n > 0)
        n = read(copy[0], data, (size_t)n);
    int error = errno;
    (void)pd_host_close(copy[0]);
    (void)pd_host_close(copy[1]);
    errno = error;
    return n;
}

static ssize_t pipe_to_socket(struct pd *pd, int from, int to, size_t len, unsigned flags)
{
    uint8_t data[PIECE_BYTES];
    ssize_t n = peek_pipe(from, data, at_most(len, sizeof data), flags);

    if (n <= 0)
        return n;
    int more = flags & SPLICE_F_MORE ? MSG_MORE : 0;
    int patience = flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0;
    n = pd_send(pd, to, data, (size_t)n, more | patience);
    return n > 0 ? read(from, data, (size_t)n) : n;
}

/* AS LINUX: the urgent byte is not for splicing, and who stands before it does not wait for it. */
static bool at_urgent_byte(struct pd *pd, int fd)
{
    int at_mark = 0, readable = 0;

    return pd_ioctl(pd, fd, SIOCATMARK, &at_mark) == 0 && at_mark
           && pd_ioctl(pd, fd, FIONREAD, &readable) == 0 && readable == 0;
}

static ssize_t socket_to_pipe(struct pd *pd, int from, int to, size_t len, unsigned flags)
{
    uint8_t data[PIECE_BYTES];
    int waiting = 0, room = fcntl(to, F_GETPIPE_SZ);

    if (room < 0 || ioctl(to, FIONREAD, &waiting) < 0)
        return -1;
    if (room <= waiting) {
        errno = EAGAIN;
        return -1;
    }
    if (at_urgent_byte(pd, from))
        return 0;
    int patience = flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0;
    len = at_most(at_most(len, sizeof data), (size_t)(room - waiting));
    ssize_t n = pd_recv(pd, from, data, len, MSG_PEEK | patience);
    if (n > 0)
        n = write(to, data, (size_t)n);
    return n > 0 ? pd_recv(pd, from, data, (size_t)n, MSG_DONTWAIT) : n;
}

/* packetdrill always hands offsets in; a pipe and a socket have none. */
ssize_t pd_splice(void *self, int from, loff_t *from_at, int to, loff_t *to_at, size_t len,
                  unsigned flags)
{
    struct pd *pd = self;
    bool from_ours = pd_layer_fd(pd, from) >= 0, to_ours = pd_layer_fd(pd, to) >= 0;

    if (!from_ours && !to_ours)
        return splice(from, is_pipe(from) ? NULL : from_at, to, is_pipe(to) ? NULL : to_at, len,
                      flags);
    if (len == 0)
        return 0;
    if (!is_pipe(from_ours ? to : from)) {
        errno = EINVAL;
        return -1;
    }
    return from_ours ? socket_to_pipe(pd, from, to, len, flags)
                     : pipe_to_socket(pd, from, to, len, flags);
}

/* ---- sendfile ---- */

/* The next bytes of the file, from *at on when there is an `at`. */
static ssize_t peek_file(int from, const off_t *at, void *data, size_t len)
{
    off_t place = at ? *at : lseek(from, 0, SEEK_CUR);

    return place < 0 ? -1 : pread(from, data, len, place);
}

static void move_on(int from, off_t *at, ssize_t n)
{
    if (at)
        *at += n;
    else
        (void)lseek(from, n, SEEK_CUR);
}

ssize_t pd_sendfile(void *self, int to, int from, off_t *at, size_t len)
{
    uint8_t data[PIECE_BYTES];
    size_t done = 0;
    ssize_t n = 1;

    if (pd_layer_fd(self, to) < 0)
        return syscall(SYS_sendfile, to, from, at, len);
    while (done < len && n > 0) {
        n = peek_file(from, at, data, at_most(len - done, sizeof data));
        if (n > 0)
            n = pd_send(self, to, data, (size_t)n, done + (size_t)n < len ? MSG_MORE : 0);
        if (n > 0) {
            move_on(from, at, n);
            done += (size_t)n;
        }
    }
    return done > 0 || n == 0 ? (ssize_t)done : -1;
}
