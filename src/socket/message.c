/*
 * The ten calls that move bytes are two: what each takes is checked here as Linux checks it.
 */
#include "socket/stream.h"

#define MOST_BYTES ((size_t)0x7ffff000) /* Linux's MAX_RW_COUNT */

/* ---- pieces ---- */

/* All bytes of the pieces, Linux's most at the most, or -errno. */
static int64_t sum_of(const struct ciao_sockets *s, const struct ciao_iovec *iov, size_t n)
{
    size_t sum = 0;
    if (n != 0 && (iov == NULL || !layer_readable(s, iov, n * sizeof *iov)))
        return -CIAO_ERRNO_EFAULT;
    for (size_t i = 0; i < n; i++) {
        if (iov[i].iov_len > PTRDIFF_MAX)
            return -CIAO_ERRNO_EINVAL;
        sum = iov[i].iov_len > MOST_BYTES - sum ? MOST_BYTES : sum + iov[i].iov_len;
    }
    return (int64_t)sum;
}

static int64_t receive(struct call *call, const struct ciao_iovec *iov, int n, unsigned *flags)
{
    const int64_t wanted = sum_of(call->s, iov, (size_t)n);
    if (wanted < 0)
        return wanted;
    struct intake in = {
        .call = call, .iov = iov, .n = n, .flags = *flags, .wanted = (size_t)wanted};
    const int64_t result = stream_receive(&in);
    *flags = in.told;
    return result;
}

static int64_t send_pieces(struct call *call, const struct ciao_iovec *iov, int n, unsigned flags)
{
    const int64_t wanted = sum_of(call->s, iov, (size_t)n);
    if (wanted < 0)
        return wanted;
    struct outlet out = {.call = call, .iov = iov, .flags = flags, .wanted = (size_t)wanted};
    return stream_send(&out);
}

/* ---- read, write, readv, writev ---- */

int64_t ciao_readv(struct ciao_sockets *s, int fd, const struct ciao_iovec *iov, int n)
{
    struct call call;
    unsigned flags = 0;
    int64_t result = call_begin(&call, s, fd);
    if (result == 0 && (n < 0 || n > CIAO_IOV_MAX))
        result = -CIAO_ERRNO_EINVAL;
    if (result == 0)
        result = sum_of(s, iov, (size_t)n);
    if (result > 0) /* AS LINUX: nothing asked, nothing done */
        result = receive(&call, iov, n, &flags);
    return call_end(&call, result);
}

int64_t ciao_writev(struct ciao_sockets *s, int fd, const struct ciao_iovec *iov, int n)
{
    struct call call;
    int64_t result = call_begin(&call, s, fd);
    if (result == 0 && (n < 0 || n > CIAO_IOV_MAX))
        result = -CIAO_ERRNO_EINVAL;
    if (result == 0)
        result = sum_of(s, iov, (size_t)n);
    if (result > 0)
        result = send_pieces(&call, iov, n, 0);
    return call_end(&call, result);
}

int64_t ciao_read(struct ciao_sockets *s, int fd, void *buf, size_t len)
{
    const struct ciao_iovec piece = {buf, len};
    return ciao_readv(s, fd, &piece, 1);
}

/* Unlike writev(), also a write of nothing asks whether the stream is there. */
int64_t ciao_write(struct ciao_sockets *s, int fd, const void *buf, size_t len)
{
    const struct ciao_iovec piece = {(void *)(uintptr_t)buf, len};
    return ciao_sendto(s, fd, &piece, 0, NULL);
}

/* ---- recvfrom, sendto ---- */

int64_t ciao_recvfrom(struct ciao_sockets *s, int fd, const struct ciao_iovec *piece, int flags,
                      const struct ciao_name *from)
{
    struct call call;
    unsigned in_out = (unsigned)flags;
    int64_t result = call_begin(&call, s, fd);
    if (result == 0)
        result = receive(&call, piece, 1, &in_out);
    if (result >= 0 && from != NULL) {
        const int error = name_write_none(s, from);
        result = error != 0 ? error : result;
    }
    return call_end(&call, result);
}

/* AS LINUX: where to is looked at, and then a stream goes where it goes. */
int64_t ciao_sendto(struct ciao_sockets *s, int fd, const struct ciao_iovec *piece, int flags,
                    const struct ciao_name *to)
{
    struct call call;
    struct ciao_sockaddr_storage name;
    int64_t result = call_begin(&call, s, fd);
    if (result == 0 && to != NULL && to->addr != NULL)
        result = name_copy(s, to->addr, *to->len, &name);
    if (result == 0)
        result = send_pieces(&call, piece, 1, (unsigned)flags);
    return call_end(&call, result);
}

/* ---- recvmsg, sendmsg ---- */

static int check_message(const struct ciao_sockets *s, const struct ciao_msghdr *msg)
{
    if (msg == NULL || !layer_readable(s, msg, sizeof *msg))
        return -CIAO_ERRNO_EFAULT;
    if (msg->msg_name != NULL && msg->msg_namelen > INT32_MAX)
        return -CIAO_ERRNO_EINVAL;
    return msg->msg_iovlen > CIAO_IOV_MAX ? -CIAO_ERRNO_EMSGSIZE : 0;
}

int64_t ciao_recvmsg(struct ciao_sockets *s, int fd, struct ciao_msghdr *msg, int flags)
{
    struct call call;
    unsigned in_out = (unsigned)flags;
    int64_t result = call_begin(&call, s, fd);
    if (result == 0)
        result = check_message(s, msg);
    if (result == 0)
        result = receive(&call, msg->msg_iov, (int)msg->msg_iovlen, &in_out);
    if (result >= 0) {
        if (msg->msg_name != NULL)
            msg->msg_namelen = 0;
        msg->msg_controllen = 0;
        msg->msg_flags = (int32_t)in_out;
    }
    return call_end(&call, result);
}

int64_t ciao_sendmsg(struct ciao_sockets *s, int fd, const struct ciao_msghdr *msg, int flags)
{
    struct call call;
    struct ciao_sockaddr_storage name;
    int64_t result = call_begin(&call, s, fd);
    if (result == 0)
        result = check_message(s, msg);
    if (result == 0 && msg->msg_name != NULL)
        result = name_copy(s, msg->msg_name,
                           msg->msg_namelen < sizeof name ? msg->msg_namelen : sizeof name, &name);
    if (result == 0)
        result = send_pieces(&call, msg->msg_iov, (int)msg->msg_iovlen, (unsigned)flags);
    return call_end(&call, result);
}
