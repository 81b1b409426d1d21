/*
 * Bytes read and written; see calls.h.
 *
 * The layer's types are the system's (abi_check.c proves it), so pointers pass as they are.
 */
#include "packetdrill/calls.h"
#include "packetdrill/pd.h"

static struct ciao_iovec piece_of(const void *data, size_t len)
{
    return (struct ciao_iovec){(void *)(uintptr_t)data, len};
}

ssize_t pd_read(void *self, int fd, void *data, size_t len)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return read(fd, data, len);
    return pd_result(pd, ciao_read(pd->sockets, layer, data, len));
}

ssize_t pd_readv(void *self, int fd, const struct iovec *pieces, int n)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return readv(fd, pieces, n);
    const void *same = pieces;
    return pd_result(pd, ciao_readv(pd->sockets, layer, same, n));
}

ssize_t pd_recv(void *self, int fd, void *data, size_t len, int flags)
{
    return pd_recvfrom(self, fd, data, len, flags, NULL, NULL);
}

ssize_t pd_recvfrom(void *self, int fd, void *data, size_t len, int flags, struct sockaddr *from,
                    socklen_t *from_len)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return recvfrom(fd, data, len, flags, from, from_len);
    struct ciao_iovec piece = piece_of(data, len);
    struct ciao_name name = {from, from_len};
    return pd_result(pd, ciao_recvfrom(pd->sockets, layer, &piece, flags, from ? &name : NULL));
}

ssize_t pd_recvmsg(void *self, int fd, struct msghdr *message, int flags)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return recvmsg(fd, message, flags);
    void *same = message;
    return pd_result(pd, ciao_recvmsg(pd->sockets, layer, same, flags));
}

ssize_t pd_write(void *self, int fd, const void *data, size_t len)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return write(fd, data, len);
    return pd_result(pd, ciao_write(pd->sockets, layer, data, len));
}

ssize_t pd_writev(void *self, int fd, const struct iovec *pieces, int n)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return writev(fd, pieces, n);
    const void *same = pieces;
    return pd_result(pd, ciao_writev(pd->sockets, layer, same, n));
}

ssize_t pd_send(void *self, int fd, const void *data, size_t len, int flags)
{
    return pd_sendto(self, fd, data, len, flags, NULL, 0);
}

ssize_t pd_sendto(void *self, int fd, const void *data, size_t len, int flags,
                  const struct sockaddr *to, socklen_t to_len)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return sendto(fd, data, len, flags, to, to_len);
    struct ciao_iovec piece = piece_of(data, len);
    struct ciao_name name = {(void *)(uintptr_t)to, &to_len};
    return pd_result(pd, ciao_sendto(pd->sockets, layer, &piece, flags, to ? &name : NULL));
}

ssize_t pd_sendmsg(void *self, int fd, const struct msghdr *message, int flags)
{
    struct pd *pd = self;
    int layer = pd_layer_fd(pd, fd);

    if (layer < 0)
        return sendmsg(fd, message, flags);
    const void *same = message;
    return pd_result(pd, ciao_sendmsg(pd->sockets, layer, same, flags));
}
