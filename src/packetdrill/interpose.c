/*
 * Calls of the host's that packetdrill makes on a script's sockets without asking the table:
 * getsockopt (its assertions), close (what a script leaves open), sendfile.  They are exported, so
 * that the same library, when it is also named in LD_PRELOAD, answers them for descriptors of
 * ours.  Everybody else's, and every program that packetdrill starts, pass through.
 */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/calls.h"
#include "packetdrill/pd.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
    struct pd *pd = pd_instance();

    if (pd)
        return pd_getsockopt(pd, fd, level, name, value, len);
    return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
}

EXPORTED int close(int fd)
{
    struct pd *pd = pd_instance();

    return pd ? pd_close(pd, fd) : pd_host_close(fd);
}

/* <sys/sendfile.h> may make one name of the two, and both are exported. */
EXPORTED ssize_t sendfile(int to, int from, off_t *at, size_t len);
EXPORTED ssize_t sendfile64(int to, int from, off_t *at, size_t len);

EXPORTED ssize_t sendfile(int to, int from, off_t *at, size_t len)
{
    struct pd *pd = pd_instance();

    return pd ? pd_sendfile(pd, to, from, at, len) : syscall(SYS_sendfile, to, from, at, len);
}

EXPORTED ssize_t sendfile64(int to, int from, off_t *at, size_t len)
{
    return sendfile(to, from, at, len);
}
