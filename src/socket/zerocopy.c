/*
 * MSG_ZEROCOPY: who asked for it is told when the memory may be used again.
 *
 * Bytes are copied when they are taken (that copy computes their checksum too), so that the memory
 * is the program's again when the call returns; the notice says so, and that a copy was made.
 * AS LINUX: sends are numbered from 0, and one notice tells of a range of them.
 */
#include "socket/socket_internal.h"

void zerocopy_sent(struct ciao_sockets *s, struct sock *sock)
{
    if (!(sock->more_options & KEPT_ZEROCOPY))
        return;
    sock->sends_numbered++;
    desc_news(s, sock_desc(sock), CIAO_POLLERR);
}

bool zerocopy_is_due(const struct sock *sock)
{
    return sock->sends_numbered != sock->sends_told;
}

bool zerocopy_take(struct sock *sock, struct ciao_sock_extended_err *notice)
{
    if (!zerocopy_is_due(sock))
        return false;
    *notice = (struct ciao_sock_extended_err){
        .ee_origin = CIAO_SO_EE_ORIGIN_ZEROCOPY,
        .ee_code = CIAO_SO_EE_CODE_ZEROCOPY_COPIED,
        .ee_info = sock->sends_told,
        .ee_data = sock->sends_numbered - 1,
    };
    sock->sends_told = sock->sends_numbered;
    return true;
}
