/*
 * Descriptors: each of the layer's gets a number of the host's, that of a placeholder which is
 * open there too, so that whoever hands it to the host's own calls does no harm, and so that no
 * number means two things.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/calls.h"
#include "packetdrill/pd.h"

int pd_host_close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

int pd_placeholder(void)
{
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int pd_layer_fd(struct pd *pd, int fd)
{
    if (fd < 0 || fd >= PD_FDS)
        return -1;
    pd_take(pd);
    int layer = pd->fd[fd].layer - 1;
    pd_give(pd);
    return layer;
}

/* Take the number away; returns the layer's descriptor that it stood for, or -1. */
static int take_back(struct pd *pd, int fd)
{
    pd_take(pd);
    int layer = pd->fd[fd].layer - 1;
    pd->fd[fd] = (struct pd_fd){0};
    pd_give(pd);
    return layer;
}

int pd_fd_give(struct pd *pd, int layer, int placeholder)
{
    int error = placeholder < 0 ? errno : EMFILE;

    if (placeholder < 0 || placeholder >= PD_FDS) {
        if (placeholder >= 0)
            (void)pd_host_close(placeholder);
        (void)ciao_socket_close(pd->sockets, layer);
        errno = error;
        return -1;
    }
    /* The host's close() has been called on one of ours: only now we learn of it. */
    int stale = take_back(pd, placeholder);
    if (stale >= 0)
        (void)ciao_socket_close(pd->sockets, stale);
    pd_take(pd);
    pd->fd[placeholder].layer = layer + 1;
    if (placeholder >= pd->fd_end)
        pd->fd_end = placeholder + 1;
    pd_give(pd);
    return placeholder;
}

int64_t pd_result(struct pd *pd, int64_t result)
{
    pd_suite_turn(pd);
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

int pd_close(void *self, int fd)
{
    struct pd *pd = self;

    if (pd_layer_fd(pd, fd) < 0)
        return pd_host_close(fd);
    int layer = take_back(pd, fd);
    int result = ciao_socket_close(pd->sockets, layer);
    (void)pd_host_close(fd);
    return (int)pd_result(pd, result);
}

void pd_close_all(struct pd *pd)
{
    for (int fd = 0; fd < pd->fd_end; fd++) {
        if (pd->fd[fd].layer)
            (void)pd_close(pd, fd);
    }
}
