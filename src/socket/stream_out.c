/*
 * Bytes from the program: write() and its kin.  AS LINUX tcp_sendmsg_locked().
 */
#include "socket/stream.h"

/* AS LINUX sk_stream_error(): what was pending goes before EPIPE, and EPIPE comes with a signal. */
static int64_t broken_pipe(struct outlet *out)
{
    const struct ciao_sockets *s = out->call->s;
    const int error = sock_take_error(out->call->s, out->call->sock);
    if (error != 0 && error != CIAO_ERRNO_EPIPE)
        return -error;
    if (!(out->flags & CIAO_MSG_NOSIGNAL) && s->host.sigpipe != NULL)
        s->host.sigpipe(s->host.self);
    return -CIAO_ERRNO_EPIPE;
}

/* AS LINUX sk_stream_wait_connect(): 0, or what the call returns. */
static int64_t wait_until_open(struct outlet *out)
{
    struct sock *sock = out->call->sock;
    for (;;) {
        const unsigned state = sock_tcp_state(out->call->s, sock);
        if (state == CIAO_TCP_ESTABLISHED || state == CIAO_TCP_CLOSE_WAIT)
            return 0;
        if (state != CIAO_TCP_SYN_SENT && state != CIAO_TCP_SYN_RECV)
            return broken_pipe(out);
        const int error = call_wait(out->call);
        if (error != 0)
            return error;
    }
}

static unsigned core_flags(const struct outlet *out, bool last)
{
    unsigned flags = out->flags & CIAO_MSG_MORE ? CIAO_SEND_MORE : 0;
    if (last && (out->flags & CIAO_MSG_OOB))
        flags |= CIAO_SEND_URGENT;
    if (last && (out->flags & CIAO_MSG_EOR))
        flags |= CIAO_SEND_EOR;
    return flags;
}

/* So many bytes of a program's are looked at in one go, where the host can tell whether they are
 * there: not all of 32 MB again for every part that there is room for. */
#define LOOK_BYTES 65536u

/* As much of one piece as there is room for: how many, or -CIAO_E*. */
static int64_t put(struct outlet *out, const struct ciao_iovec *iov)
{
    const struct ciao_sockets *s = out->call->s;
    const uint8_t *from = (const uint8_t *)iov->iov_base + out->offset;
    const size_t rest = iov->iov_len - out->offset;
    const size_t len = s->host.accessible != NULL && rest > LOOK_BYTES ? LOOK_BYTES : rest;
    const bool last = out->given + len == out->wanted;
    if (!layer_readable(s, from, len))
        return -CIAO_EFAULT_HERE;
    return ciao_send(s->stack, out->call->sock->conn, from, len, core_flags(out, last),
                     layer_now(s));
}

/* Nothing more goes in: wait (0), or what the call returns. */
static int64_t stopped(struct outlet *out, int why)
{
    int error = 0;
    if (why == -CIAO_EAGAIN || why == -CIAO_ENOMEM) {
        out->call->sock->flags |= SOCK_WANTS_ROOM;
        error = call_wait(out->call);
    }
    if (error == 0 && (why == -CIAO_EAGAIN || why == -CIAO_ENOMEM))
        return 0;
    if (out->given != 0)
        return (int64_t)out->given;
    if (error != 0)
        return error;
    return why == -CIAO_EFAULT_HERE ? -CIAO_ERRNO_EFAULT : broken_pipe(out);
}

static int64_t give_all(struct outlet *out)
{
    while (out->given < out->wanted) {
        const struct ciao_iovec *iov = &out->iov[out->piece];
        if (out->offset == iov->iov_len) {
            out->piece++;
            out->offset = 0;
            continue;
        }
        const int64_t took = out->call->sock->conn == 0 ? -CIAO_EPIPE : put(out, iov);
        if (took > 0) {
            out->given += (size_t)took;
            out->offset += (size_t)took;
            continue;
        }
        const int64_t result = stopped(out, (int)took);
        if (result != 0)
            return result;
    }
    return (int64_t)out->given;
}

int64_t stream_send(struct outlet *out)
{
    struct sock *sock = out->call->sock;
    if (out->flags & CIAO_MSG_FASTOPEN)
        return -CIAO_ERRNO_EOPNOTSUPP;
    call_may_wait(out->call, (out->flags & CIAO_MSG_DONTWAIT) != 0, sock->sndtimeo_us);
    const bool straight = sock->phase == SOCK_CONNECTED && out->wanted != 0;
    const int64_t refused = straight ? 0 : wait_until_open(out);
    if (refused != 0)
        return refused;
    if (sock->flags & SOCK_SHUT_WR)
        return broken_pipe(out);
    const int64_t gave = give_all(out);
    if ((out->flags & CIAO_MSG_ZEROCOPY) && gave > 0)
        zerocopy_sent(out->call->s, out->call->sock);
    return gave;
}
