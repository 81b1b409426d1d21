/*
 * A call that moves bytes, as its pieces: what message.c has checked and stream_in.c, stream_out.c
 * do.
 */
#ifndef SOCKET_STREAM_H
#define SOCKET_STREAM_H

#include "socket/socket_internal.h"

/* Beside the core's errors: the program's memory is not there; the stream has ended. */
#define CIAO_EFAULT_HERE 1000
#define IN_END           1001

struct intake {
    struct call *call;
    const struct ciao_iovec *iov;
    int n, piece;
    unsigned flags; /* CIAO_MSG_* */
    unsigned told;  /* msg_flags for the program */
    size_t offset;  /* in the present piece */
    size_t wanted, target, got;
};
/* How many bytes, or -errno. */
int64_t stream_receive(struct intake *in);

struct outlet {
    struct call *call;
    const struct ciao_iovec *iov;
    int piece;
    unsigned flags;
    size_t offset, wanted, given;
};
int64_t stream_send(struct outlet *out);

#endif
