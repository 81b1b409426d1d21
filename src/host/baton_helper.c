/*
 * The thread that drives when nobody else does: see sockets_host.h.
 *
 * It naps a millisecond at a time.  When in all of a nap nobody drove, and no call looked for
 * frames either, it drives, until a call that waits takes that over.  When in all of a nap one and
 * the same call polled, it sleeps until that call ends.
 */
#include "host/baton.h"

#define NAP_US 1000

static void nap(struct baton *baton)
{
    uint64_t turns = baton->turns;

    (void)baton_sleep(baton, baton->helper_seat.wake, host_now(baton->host) + NAP_US, NULL);
    if (baton->closing || baton->turns != turns)
        return;
    if (!baton->driver) {
        baton->helper_drives = true;
        return;
    }
    baton->helper_is_deep = true;
    (void)baton_sleep(baton, baton->helper_seat.wake, UINT64_MAX, NULL);
    baton->helper_is_deep = false;
}

void *baton_helper(void *context)
{
    struct baton *baton = context;

    pthread_mutex_lock(&baton->lock);
    while (!baton->closing) {
        if (baton->helper_drives)
            (void)baton_poll(baton, &baton->helper_seat, UINT64_MAX, NULL);
        else
            nap(baton);
    }
    baton_give(baton);
    return NULL;
}
