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

static const struct ciao_iovec no_piece;

static int64_t receive(struct call *call, const struct ciao_iovec *iov, size_t n, unsigned *flags)
{
    const int64_t wanted = sum_of(call->s, iov, n);
    if (wanted < 0)
        return wanted;
    struct intake in = {.call = call,
                        .iov = n == 0 ? &no_piece : iov,
                        .n = n == 0 ? 1 : (int)n,
                        .flags = *flags,
                        .wanted = (size_t)wanted};
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

/* AS LINUX: an epoll instance is a file that can't be read or written, and no socket. */
static int64_t begin(struct call *call, struct ciao_sockets *s, int fd)
{
    const int error = call_begin(call, s, fd);
    return error == -CIAO_ERRNO_ENOTSOCK ? -CIAO_ERRNO_EINVAL : error;
}

/* The same for a call of so many pieces: all their bytes (0: nothing is to be done), or -errno. */
static int64_t begin_pieces(struct call *call, struct ciao_sockets *s, int fd,
                            const struct ciao_iovec *iov, int n)
{
    const int64_t error = begin(call, s, fd);
    if (error != 0)
        return error;
    return n < 0 || n > CIAO_IOV_MAX ? -CIAO_ERRNO_EINVAL : sum_of(s, iov, (size_t)n);
}

int64_t ciao_readv(struct ciao_sockets *s, int fd, const struct ciao_iovec *iov, int n)
{
    struct call call;
    unsigned flags = 0;
    int64_t result = begin_pieces(&call, s, fd, iov, n);
    if (result > 0)
        result = receive(&call, iov, (size_t)n, &flags);
    return call_end(&call, result);
}

int64_t ciao_writev(struct ciao_sockets *s, int fd, const struct ciao_iovec *iov, int n)
{
    struct call call;
    int64_t result = begin_pieces(&call, s, fd, iov, n);
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
    struct call call;
    const struct ciao_iovec piece = {(void *)(uintptr_t)buf, len};
    int64_t result = begin(&call, s, fd);
    if (result == 0)
        result = send_pieces(&call, &piece, 1, 0);
    return call_end(&call, result);
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

#define CM_HEADER   16u /* struct cmsghdr: size_t cmsg_len, int cmsg_level, cmsg_type */
#define CM_INQ      36  /* TCP_CM_INQ */
#define CM_DATA_MAX (sizeof(struct ciao_sock_extended_err) + sizeof(struct ciao_sockaddr_in6))

struct control {
    int32_t level, type;
    const void *data;
    size_t len;
};

/* AS LINUX put_cmsg(): what does not fit is cut, and MSG_CTRUNC says so.  Returns how many bytes of
 * the room are used. */
static size_t put_control(const struct ciao_sockets *s, const struct ciao_msghdr *msg,
                          const struct control *control, unsigned *told)
{
    uint8_t bytes[CM_HEADER + CM_DATA_MAX] = {0};
    const size_t whole = CM_HEADER + control->len, room = msg->msg_controllen;
    const size_t len = room < whole ? room : whole, space = (whole + 7) & ~(size_t)7;
    const int32_t level_and_type[2] = {control->level, control->type};
    ASSERT(control->len <= CM_DATA_MAX);
    if (len < whole)
        *told |= CIAO_MSG_CTRUNC;
    if (msg->msg_control == NULL || len < CM_HEADER || !layer_writable(s, msg->msg_control, len))
        return 0;
    memcpy(bytes, &len, sizeof len);
    memcpy(bytes + 8, level_and_type, sizeof level_and_type);
    memcpy(bytes + CM_HEADER, control->data, control->len);
    memcpy(msg->msg_control, bytes, len);
    return room < space ? room : space;
}

/* AS LINUX tcp_inq_hint(): the end of the stream counts as something to read. */
static int32_t unread(const struct call *call)
{
    struct ciao_info info;
    if (call->sock->conn == 0 || ciao_info(call->s->stack, call->sock->conn, &info) != 0)
        return 0;
    return info.unread_bytes == 0 && info.read_closed ? 1 : (int32_t)info.unread_bytes;
}

static void answer(const struct call *call, struct ciao_msghdr *msg, unsigned told)
{
    size_t used = 0;
    if (msg->msg_name != NULL)
        msg->msg_namelen = 0;
    if (call->sock->more_options & KEPT_INQ) {
        const int32_t bytes = unread(call);
        const struct control control = {CIAO_IPPROTO_TCP, CM_INQ, &bytes, sizeof bytes};
        used = put_control(call->s, msg, &control, &told);
    }
    msg->msg_controllen = used;
    msg->msg_flags = (int32_t)told;
}

/* MSG_ERRQUEUE: no bytes, but a notice of what has become of a send. */
static int64_t receive_notice(const struct call *call, struct ciao_msghdr *msg)
{
    uint8_t data[CM_DATA_MAX] = {0};
    struct ciao_sock_extended_err notice;
    const bool v6 = (call->sock->flags & SOCK_IS_V6) != 0;
    const size_t from = v6 ? sizeof(struct ciao_sockaddr_in6) : sizeof(struct ciao_sockaddr_in);
    const struct control control = {v6 ? CIAO_IPPROTO_IPV6 : CIAO_IPPROTO_IP,
                                    v6 ? CIAO_IPV6_RECVERR : CIAO_IP_RECVERR, data,
                                    sizeof notice + from};
    unsigned told = CIAO_MSG_ERRQUEUE;
    if (!zerocopy_take(call->sock, &notice))
        return -CIAO_ERRNO_EAGAIN;
    memcpy(data, &notice, sizeof notice);
    if (msg->msg_name != NULL)
        msg->msg_namelen = 0;
    msg->msg_controllen = put_control(call->s, msg, &control, &told);
    msg->msg_flags = (int32_t)told;
    return 0;
}

int64_t ciao_recvmsg(struct ciao_sockets *s, int fd, struct ciao_msghdr *msg, int flags)
{
    struct call call;
    unsigned in_out = (unsigned)flags;
    int64_t result = call_begin(&call, s, fd);
    if (result == 0)
        result = check_message(s, msg);
    if (result == 0 && ((unsigned)flags & CIAO_MSG_ERRQUEUE))
        return call_end(&call, receive_notice(&call, msg));
    if (result == 0)
        result = receive(&call, msg->msg_iov, msg->msg_iovlen, &in_out);
    if (result >= 0)
        answer(&call, msg, in_out);
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
