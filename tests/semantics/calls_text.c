/*
 * Numbers as words.
 */
#include "calls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *errno_text(int64_t returned)
{
    static _Thread_local char text[32];

    if (returned >= 0 || !strerrorname_np((int)-returned))
        snprintf(text, sizeof text, "%lld", (long long)returned);
    else
        snprintf(text, sizeof text, "-%s", strerrorname_np((int)-returned));
    return text;
}

const char *poll_text(unsigned events)
{
    static const struct {
        unsigned bit;
        const char *name;
    } bits[] = {
        {POLLIN, "IN"},         {POLLPRI, "PRI"},       {POLLOUT, "OUT"},
        {POLLERR, "ERR"},       {POLLHUP, "HUP"},       {POLLNVAL, "NVAL"},
        {POLLRDNORM, "RDNORM"}, {POLLRDBAND, "RDBAND"}, {POLLWRNORM, "WRNORM"},
        {POLLWRBAND, "WRBAND"}, {POLLRDHUP, "RDHUP"},
    };
    static _Thread_local char text[128];

    text[0] = '\0';
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (events & bits[i].bit) {
            strcat(text, text[0] ? "|" : "");
            strcat(text, bits[i].name);
        }
    return text[0] ? text : "0";
}

const char *state_text(int state)
{
    /* Whether a FIN is acknowledged at once or 40 ms later is a matter of time, not of sockets:
     * both FIN-WAIT states are one here. */
    static const char *const names[] = {
        "0",         "ESTABLISHED", "SYN-SENT",   "SYN-RECV", "FIN-WAIT", "FIN-WAIT",
        "TIME-WAIT", "CLOSE",       "CLOSE-WAIT", "LAST-ACK", "LISTEN",   "CLOSING",
    };

    return state >= 0 && state < 12 ? names[state] : "?";
}
