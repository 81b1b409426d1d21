/*
 * A sentence for each error.
 */
#include "core/stack_internal.h"

static const char *const sentences[CIAO_ERRORS] = {
    [0] = "All is well.",
    [CIAO_EBADCONN] = "There is no such connection or listener, or it was given up already.",
    [CIAO_EINVAL] = "An argument is outside what this call allows.",
    [CIAO_ENOTCONN] = "It is not connected: not yet, not any longer, or it is a listener.",
    [CIAO_EISCONN] = "It is connected, or connecting, already.",
    [CIAO_ECLOSING] = "This direction of the connection is closed, or both are closing.",
    [CIAO_EAGAIN] = "Not now: wait until it is ready, then try again.",
    [CIAO_EREFUSED] = "The peer refused the connection: nobody listens there.",
    [CIAO_ERESET] = "The peer has reset the connection.",
    [CIAO_ETIMEDOUT] = "The peer has not answered in the time allowed.",
    [CIAO_EUNREACH] = "The network reports that there is no way to the peer.",
    [CIAO_EABORTED] = "The connection was aborted on this side.",
    [CIAO_EADDRINUSE] = "The address and port are taken.",
    [CIAO_EADDRNOTAVAIL] = "The address is none of this stack's.",
    [CIAO_ENOPORTS] = "Every ephemeral port to this destination is in use.",
    [CIAO_ENOROUTE] = "There is no route to the destination.",
    [CIAO_ENOMEM] = "A table, or the memory set aside for it, is full.",
    [CIAO_EDESTADDR] =
        "Nobody can connect to a broadcast, multicast, reserved or unspecified address.",
    [CIAO_EPIPE] = "Nothing can be sent any more: this side has closed its direction.",
};

const char *ciao_strerror(int error)
{
    unsigned number = error < 0 ? 0u - (unsigned)error : (unsigned)error;
    return number < CIAO_ERRORS ? sentences[number] : "That is no error number of ciao's.";
}
