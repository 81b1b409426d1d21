/*
 * Bytes to the program: read() and its kin.  AS LINUX tcp_recvmsg_locked().
 *
 * What is there is taken at once.  When that is less than the call asks for (one byte, SO_RCVLOWAT
 * or, with MSG_WAITALL, all), it waits for more, unless the stream has ended, went wrong, or stands
 * at the urgent mark.
 */
#include "socket/stream.h"

/* ---- taking what is there ---- */

/* A piece that the program's memory does not have: EFAULT, but only when there are bytes for it. */
static int64_t bad_piece(struct intake *in)
{
    uint8_t byte;
    const int64_t there = ciao_recv(in->call->s->stack, in->call->sock->conn, &byte, 1,
                                    CIAO_RECV_PEEK, layer_now(in->call->s));
    return there > 0 ? -CIAO_EFAULT_HERE : there;
}

static bool peeks(const struct intake *in)
{
    return (in->flags & CIAO_MSG_PEEK) != 0;
}

/* There is nothing (more) to peek at: why. */
static int64_t nothing_behind(const struct intake *in)
{
    const struct ciao_sockets *s = in->call->s;
    if (sock_has_fin(s, in->call->sock))
        return 0;
    const int error = ciao_error(s->stack, in->call->sock->conn);
    return error != 0 ? error : -CIAO_EAGAIN;
}

/* AS LINUX SO_PEEK_OFF: where looking begins. */
static uint32_t peek_from(const struct intake *in)
{
    const int32_t offset = in->call->sock->kept.peek_off;
    return (uint32_t)in->got + (offset > 0 ? (uint32_t)offset : 0);
}

/* Into the present piece: how many bytes, or -CIAO_E*. */
static int64_t take_piece(struct intake *in, uint8_t *to, size_t len)
{
    const struct ciao_sockets *s = in->call->s;
    const ciao_conn conn = in->call->sock->conn;
    if (in->flags & CIAO_MSG_TRUNC)
        to = NULL;
    else if (len != 0 && !layer_writable(s, to, len))
        return bad_piece(in);
    const uint32_t offset = peeks(in) ? peek_from(in) : 0;
    if (offset == 0)
        return ciao_recv(s->stack, conn, to, len, peeks(in) ? CIAO_RECV_PEEK : 0, layer_now(s));
    const int64_t seen = ciao_peek(s->stack, conn, to, len, offset);
    return seen == 0 ? nothing_behind(in) : seen;
}

/* Bytes in hand, and the urgent byte next: reading stops there. */
static bool is_at_mark(const struct intake *in)
{
    return in->got != 0 && !peeks(in) && ciao_at_mark(in->call->s->stack, in->call->sock->conn);
}

/*
 * As much as there is, into the pieces from where they stand.  Returns 0 when all pieces are full,
 * or there is enough and no more, or the mark is reached with bytes in hand; else why there is no
 * more (-CIAO_E*, IN_END).
 */
static int take(struct intake *in)
{
    while (in->piece < in->n) {
        const struct ciao_iovec *iov = &in->iov[in->piece];
        const size_t room = iov->iov_len - in->offset;
        if (room == 0 && in->wanted != 0) {
            in->piece++;
            in->offset = 0;
            continue;
        }
        if (is_at_mark(in))
            return 0;
        const int64_t got = take_piece(in, (uint8_t *)iov->iov_base + in->offset, room);
        if (got <= 0)
            return got == 0 ? (room == 0 ? 0 : IN_END) : (int)got;
        in->got += (size_t)got;
        in->offset += (size_t)got;
        if (in->got == in->wanted || ((size_t)got < room && in->got >= in->target))
            return 0;
    }
    return 0;
}

/* ---- why there is no more ---- */

/* Nothing was taken: what the call returns, or 1: it may wait. */
static int64_t verdict(struct intake *in, int why)
{
    struct ciao_sockets *s = in->call->s;
    struct sock *sock = in->call->sock;
    if (why == -CIAO_EFAULT_HERE)
        return -CIAO_ERRNO_EFAULT;
    if (why == IN_END && !(sock->flags & SOCK_SHUT_RD))
        return 0;
    if (why == IN_END && sock_has_fin(s, sock))
        return 0;
    const int error = sock_take_error(s, sock);
    if (error != 0)
        return -error;
    if (why != -CIAO_EAGAIN || (sock->flags & SOCK_SHUT_RD))
        return 0; /* also after an error that was told already */
    return 1;
}

/* Something was taken, but not enough: is that all? */
static bool ends_here(struct intake *in, int why)
{
    return why != -CIAO_EAGAIN || in->call->deadline_us == 0
           || sock_peek_error(in->call->s, in->call->sock) != 0
           || (in->call->sock->flags & SOCK_SHUT_RD);
}

static void start_again(struct intake *in)
{
    in->piece = 0;
    in->offset = in->got = 0;
}

static int64_t wait_for_more(struct intake *in)
{
    const int error = call_wait(in->call);
    if (error == 0)
        return 0;
    return in->got != 0 ? (int64_t)in->got : error;
}

static int64_t take_connected(struct intake *in)
{
    for (;;) {
        if (peeks(in))
            start_again(in);
        const int why = take(in);
        if (why == 0 || in->got >= in->target)
            return (int64_t)in->got;
        if (in->got != 0 && ends_here(in, why))
            return (int64_t)in->got;
        if (in->got == 0) {
            const int64_t result = verdict(in, why);
            if (result <= 0)
                return result;
        }
        const int64_t result = wait_for_more(in);
        if (result != 0)
            return result;
        if (in->call->sock->conn == 0) /* disconnected by another thread */
            return (int64_t)in->got;
    }
}

/* ---- a socket without a connection ---- */

static int64_t take_unconnected(struct intake *in)
{
    const int error = sock_take_error(in->call->s, in->call->sock);
    if (error != 0)
        return -error;
    return in->call->sock->flags & SOCK_SHUT_RD ? 0 : -CIAO_ERRNO_ENOTCONN;
}

/* ---- urgent: AS LINUX tcp_recv_urg() ---- */

static int64_t take_urgent(struct intake *in)
{
    struct ciao_sockets *s = in->call->s;
    struct sock *sock = in->call->sock;
    uint8_t byte;
    if (sock->conn == 0)
        return -CIAO_ERRNO_EINVAL;
    const unsigned flags = CIAO_RECV_URGENT | (in->flags & CIAO_MSG_PEEK ? CIAO_RECV_PEEK : 0);
    const int64_t got = ciao_recv(s->stack, sock->conn, &byte, 1, flags, layer_now(s));
    if (got != 1)
        return sock_errno((int)got);
    in->told |= CIAO_MSG_OOB;
    if (in->wanted == 0) {
        in->told |= CIAO_MSG_TRUNC;
        return 0;
    }
    const struct ciao_iovec *iov = in->iov;
    while (iov->iov_len == 0)
        iov++;
    if (in->flags & CIAO_MSG_TRUNC)
        return 1;
    if (!layer_writable(s, iov->iov_base, 1))
        return -CIAO_ERRNO_EFAULT;
    *(uint8_t *)iov->iov_base = byte;
    return 1;
}

/* AS LINUX sk_peek_offset_fwd(), sk_peek_offset_bwd(). */
static void move_peek(const struct intake *in, int64_t bytes)
{
    int32_t *offset = &in->call->sock->kept.peek_off;
    if (peeks(in))
        *offset += (int32_t)bytes;
    else
        *offset = *offset > bytes ? *offset - (int32_t)bytes : 0;
}

int64_t stream_receive(struct intake *in)
{
    struct sock *sock = in->call->sock;
    struct ciao_sock_extended_err notice;
    if (in->flags & CIAO_MSG_ERRQUEUE) /* there is no room to tell it, but it is told */
        return zerocopy_take(sock, &notice) ? 0 : -CIAO_ERRNO_EAGAIN;
    if (sock->phase == SOCK_LISTENING)
        return -CIAO_ERRNO_ENOTCONN;
    if (in->flags & CIAO_MSG_OOB)
        return take_urgent(in);
    if (sock->conn == 0)
        return take_unconnected(in);
    const size_t low = sock->settings.rcvlowat_bytes;
    in->target = in->flags & CIAO_MSG_WAITALL ? in->wanted : (low < in->wanted ? low : in->wanted);
    if (in->target == 0)
        in->target = 1;
    call_may_wait(in->call, (in->flags & CIAO_MSG_DONTWAIT) != 0, sock->rcvtimeo_us);
    const int64_t result = take_connected(in);
    if (result > 0 && sock->kept.peek_off >= 0)
        move_peek(in, result);
    return result;
}
