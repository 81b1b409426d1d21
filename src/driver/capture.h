/*
 * A capture file round any driver: every frame both ways as pcapng, with completed checksums,
 * super-segments cut to frames of the wire, and what the stack told about a packet as its comment.
 *
 * Which packet a comment belongs to: what a segment of the peer caused is written at that received
 * packet; what the program, a timer or a policy caused, and every reset of ours, at the next packet
 * that this connection sends; a change of state at the SYN, FIN or RST that follows, if it comes
 * while the packets before it are still held back.  So packets are held back for about a second (or
 * until 4096 wait), by when their events have come; they leave in order.  With CIAO_EVENTS_WIRE the
 * stack says which segment it is looking at, and comments are exact even when a batch brought many
 * segments; without, the newest fitting packet is taken.  Of packets that were dropped before TCP
 * saw them, the one whose checksum is wrong has the comment.  What comes after a connection's last
 * packet (the end of TIME-WAIT) is written as comments of the statistics block at the file's end.
 */
#ifndef DRIVER_CAPTURE_H
#define DRIVER_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "ciao/driver.h"

#define CAPTURE_ERROR_TEXT 200
#define CAPTURE_TEXT       512 /* most bytes of a sentence, its zero included */

struct capture_options {
    const char *path;           /* made anew */
    const char *interface_name; /* NULL: the inner driver's ops->name */
    uint64_t epoch_us;          /* microseconds since 1970 at now_us 0: added to every time */
    uint32_t cpu;               /* CIAO_CPU_* mask, for checksums */
    /* Says an event in plain words, as snprintf does; 0: no comment.
     * NULL: the event's key and rule alone. */
    int (*sentence)(void *context, const struct ciao_event *event, char *text, size_t size);
    void *context;
};

struct capture_counters {
    uint64_t packets, comments;
    uint64_t comments_lost; /* too many at once, or of a connection that nobody introduced */
    uint64_t packets_lost;  /* the file could not be written */
};

/*
 * Wrap a driver; it is the wrapper's from now on and closed with it (not when this call fails).
 *
 *   error  CAPTURE_ERROR_TEXT bytes; a sentence when the result is negative
 *
 * A disk that fails later stops the capture and nothing else: capture_error() has the errno.
 * Returns 0 or -errno.
 */
CIAO_MUST_CHECK int capture_open(struct ciao_driver **driver, struct ciao_driver *inner,
                                 const struct capture_options *options,
                                 char error[CAPTURE_ERROR_TEXT]);

/* 0, or -errno of the first write that failed. */
int capture_error(const struct ciao_driver *driver);

const struct capture_counters *capture_counters(const struct ciao_driver *driver);

#endif
