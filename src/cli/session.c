/*
 * A run of listen or connect: how it begins and ends.  The loop is in turn.c.
 */
#include "cli/session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/address.h"
#include "cli/cli.h"
#include "cli/netns.h"
#include "cli/turn.h"

void session_name(const struct ciao_endpoint *endpoint, char text[SESSION_TEXT])
{
    char addr[CIAO_ADDR_TEXT];

    ciao_addr_format(&endpoint->addr, addr);
    (void)snprintf(text, SESSION_TEXT, address_is_v4(&endpoint->addr) ? "%s:%u" : "[%s]:%u", addr,
                   (unsigned)endpoint->port);
}

static bool make_room(struct session *session)
{
    unsigned room = session->streams_room ? 2 * session->streams_room : 16;
    struct stream **more;

    if (session->n_streams < session->streams_room)
        return true;
    more = realloc(session->stream, room * sizeof(struct stream *));
    if (!more)
        return false;
    session->stream = more;
    session->streams_room = room;
    return true;
}

struct stream *session_add(struct session *session, ciao_conn conn, uint64_t now_us)
{
    struct stream *stream = make_room(session) ? malloc(sizeof *stream) : NULL;

    if (!stream || stream_init(stream, conn, session->source, now_us) < 0) {
        free(stream);
        (void)ciao_abort(session->station.stack, conn, NULL, now_us);
        (void)cli_fail(session->options->verb, "no memory for a connection more");
        session->failed = true;
        return NULL;
    }
    stream->in = &session->in;
    stream->out = &session->out;
    /* Every connection gets the file from its beginning. */
    stream->offset = session->options->send && session->in.file && session->in.owned ? 0 : -1;
    session->stream[session->n_streams++] = stream;
    session->moved_us = now_us;
    return stream;
}

/* Which files stand at the program's ends; -1 where there is none. */
static int open_pipes(struct session *session)
{
    const struct cli_options *options = session->options;
    bool sends = session->source == STREAM_PIPE;
    int error = 0;

    if (sends)
        error = pipe_open_input(&session->in, options->send);
    if (error < 0)
        return cli_fail(options->verb, "cannot read \"%s\": %s",
                        options->send ? options->send : "standard input", strerror(-error));
    if (session->prints)
        error = pipe_open_output(&session->out, options->recv);
    if (error < 0)
        return cli_fail(options->verb, "cannot write \"%s\": %s",
                        options->recv ? options->recv : "standard output", strerror(-error));
    return CLI_OK;
}

/* From here on signals are read like input, between two turns. */
static int catch_signals(struct session *session)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    session->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (session->signal_fd < 0)
        return cli_fail(session->options->verb, "no descriptor for signals: %s", strerror(errno));
    return CLI_OK;
}

/* Is standard input what the connection sends? */
static bool reads_standard_input(const struct session *session)
{
    return session->in.fd == STDIN_FILENO;
}

static int start_child(struct session *session)
{
    int error;

    if (!session->options->with)
        return CLI_OK;
    error = child_start(&session->child, session->options, !reads_standard_input(session));
    if (error < 0)
        return cli_fail(session->options->verb, "cannot start \"%s\": %s", session->options->with,
                        strerror(-error));
    return CLI_OK;
}

static int begin(struct session *session)
{
    char error[NETNS_ERROR_TEXT];
    int code = open_pipes(session);

    if (code == CLI_OK && session->options->with && netns_enter(error) < 0)
        code = cli_fail(session->options->verb, "%s", error);
    if (code == CLI_OK)
        code = catch_signals(session);
    if (code == CLI_OK)
        code = station_open(&session->station, session->options);
    if (code != CLI_OK)
        return code;
    session->moved_us = host_now(session->station.host);
    code = session->verb->begin(session);
    return code == CLI_OK ? start_child(session) : code;
}

static void clear_away(struct session *session)
{
    for (unsigned i = 0; i < session->n_streams; i++) {
        stream_free(session->stream[i]);
        free(session->stream[i]);
    }
    free(session->stream);
    station_close(&session->station);
    pipe_close(&session->in);
    pipe_close(&session->out);
    if (session->signal_fd >= 0)
        (void)close(session->signal_fd);
}

int session_run(struct session *session)
{
    int code;

    session->in.fd = -1;
    session->out.fd = -1;
    session->signal_fd = -1;
    session->wake_us = UINT64_MAX;
    code = begin(session);
    if (code == CLI_OK) {
        turn_until_over(session);
        turn_until_settled(session);
        station_tell(&session->station, true);
        if (session->options->stats)
            station_stats(&session->station);
        code = session->failed ? CLI_FAILED : child_code(&session->child);
    }
    clear_away(session);
    return code;
}
