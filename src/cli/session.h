/*
 * A run of listen or connect: the station, the streams, the command of --with, signals; and the
 * loop that drives them all.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/child.h"
#include "cli/options.h"
#include "cli/station.h"
#include "cli/stream.h"

struct session;

/* What differs between the verbs. */
struct session_verb {
    /* Begin: listen or connect.  Returns CLI_OK or the exit code. */
    int (*begin)(struct session *session);
    /* Once a turn, before the streams move.  Returns whether it did something. */
    bool (*step)(struct session *session, uint64_t now_us);
    /* A stream is over; its struct goes afterwards.  Returns whether it counts: a try that will be
     * repeated does not. */
    bool (*ended)(struct session *session, struct stream *stream, uint64_t now_us);
    /* Is everything done, when no stream is left? */
    bool (*over)(const struct session *session);
};

struct session {
    /* Set by the verb. */
    const struct cli_options *options;
    const struct session_verb *verb;
    enum stream_source source;
    bool prints;                 /* what arrives goes to --recv or standard output */
    struct ciao_endpoint remote; /* connect */
    /* Set by session_run(). */
    struct station station;
    struct child child;
    struct pipe_end in, out;
    struct stream **stream;
    unsigned n_streams, streams_room;
    unsigned served;      /* streams that are over */
    unsigned interrupted; /* signals that asked us to end */
    int signal_fd;
    bool failed;
    bool gave_up;       /* it failed, and has said why */
    uint64_t moved_us;  /* when something last happened */
    uint64_t wake_us;   /* when step() wants to be called again */
    ciao_conn listener; /* listen */
};

/* Returns the exit code. */
int session_run(struct session *session);

/* A stream on this connection.  NULL without memory (the connection is aborted then). */
struct stream *session_add(struct session *session, ciao_conn conn, uint64_t now_us);

/* "10.9.0.1:80", "[fd09::1]:80" */
#define SESSION_TEXT (CIAO_ADDR_TEXT + 10)
void session_name(const struct ciao_endpoint *endpoint, char text[SESSION_TEXT]);

#endif
