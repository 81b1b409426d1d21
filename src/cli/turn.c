/*
 * The loop of a session: frames in, signals, connections, frames out, sleep.
 */
#include "cli/turn.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/cli.h"

/* How long the last frames may take, and how long the command of --with may run on after us. */
#define SETTLE_US 1500000
#define GRACE_US  3000000
#define MERCY_US  1000000

static void note_stream_end(struct session *session, const struct stream *stream)
{
    char name[SESSION_TEXT];
    const char *verb = session->options->verb;

    session_name(&stream->last.remote, name);
    if (stream->in_errno)
        (void)cli_fail(verb, "what was to be sent to %s cannot be read: %s", name,
                       strerror(stream->in_errno));
    if (stream->out_errno)
        (void)cli_fail(verb, "what came from %s cannot be written: %s", name,
                       strerror(stream->out_errno));
    if (session->options->verbose && stream->error == 0)
        cli_note(verb, "closed with %s: %llu bytes sent, %llu received", name,
                 (unsigned long long)stream->last.bytes_acked,
                 (unsigned long long)stream->last.bytes_received);
    if (stream->in_errno || stream->out_errno)
        session->failed = true;
}

static void take_away(struct session *session, unsigned index, uint64_t now_us)
{
    struct stream *stream = session->stream[index];
    bool failed = stream->error != 0 || stream->in_errno != 0 || stream->out_errno != 0;

    session->stream[index] = session->stream[--session->n_streams];
    session->served++;
    note_stream_end(session, stream);
    if (session->gave_up || session->verb->ended(session, stream, now_us))
        station_count(&session->station, &stream->last, failed);
    stream_free(stream);
    free(stream);
}

static void take_away_those_over(struct session *session, uint64_t now_us)
{
    for (unsigned i = 0; i < session->n_streams;) {
        if (session->stream[i]->over)
            take_away(session, i, now_us);
        else
            i++;
    }
}

static bool step_streams(struct session *session, uint64_t now_us)
{
    bool moved = false;

    for (unsigned i = 0; i < session->n_streams; i++)
        moved = stream_step(session->stream[i], session->station.stack, now_us) || moved;
    take_away_those_over(session, now_us);
    if (moved)
        session->moved_us = now_us;
    return moved;
}

static void abort_streams(struct session *session, uint64_t now_us)
{
    while (session->n_streams > 0) {
        stream_abort(session->stream[0], session->station.stack, now_us);
        take_away(session, 0, now_us);
    }
}

/* The first signal closes what is open, in good order; the second breaks it off. */
static void asked_to_end(struct session *session, uint64_t now_us)
{
    session->interrupted++;
    if (session->interrupted > 1) {
        session->failed = true;
        child_end(&session->child);
        abort_streams(session, now_us);
        return;
    }
    for (unsigned i = 0; i < session->n_streams; i++) {
        if (session->stream[i]->established)
            stream_finish(session->stream[i]);
        else
            stream_abort(session->stream[i], session->station.stack, now_us);
    }
    take_away_those_over(session, now_us);
}

static void take_signals(struct session *session, uint64_t now_us)
{
    struct signalfd_siginfo info;

    while (read(session->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            child_check(&session->child);
        else
            asked_to_end(session, now_us);
    }
}

/* What the streams wait for on the program's side. */
static unsigned gather(const struct session *session, struct pollfd fds[3])
{
    bool starved = false, stuck = false;
    unsigned n = 0;

    for (unsigned i = 0; i < session->n_streams; i++) {
        starved = starved || session->stream[i]->starved;
        stuck = stuck || session->stream[i]->stuck;
    }
    fds[n++] = (struct pollfd){session->signal_fd, POLLIN, 0};
    if (starved)
        fds[n++] = (struct pollfd){session->in.fd, POLLIN, 0};
    if (stuck)
        fds[n++] = (struct pollfd){session->out.fd, POLLOUT, 0};
    return n;
}

static uint64_t patience_ends(const struct session *session)
{
    uint64_t timeout_us = session->options->timeout_us;

    return timeout_us ? session->moved_us + timeout_us : UINT64_MAX;
}

/* For a reason that was said: what is broken off by it needs no sentence more. */
static void give_up(struct session *session)
{
    session->failed = true;
    session->gave_up = true;
    session->interrupted = 2;
}

static void out_of_patience(struct session *session, uint64_t now_us)
{
    (void)cli_fail(session->options->verb, "nothing moved for %llu seconds; given up",
                   (unsigned long long)(session->options->timeout_us / 1000000));
    give_up(session);
    abort_streams(session, now_us);
}

static void broken(struct session *session, int error)
{
    (void)cli_fail(session->options->verb, "the interface %s is broken: %s", session->options->dev,
                   strerror(-error));
    give_up(session);
}

/* One turn, up to where it may sleep.  Returns whether anything happened. */
static bool turn(struct session *session)
{
    struct host *host = session->station.host;
    int came = host_receive(host), went;
    uint64_t now_us = host_now(host);
    bool moved;

    moved = session->verb->step(session, now_us);
    moved = step_streams(session, now_us) || moved;
    if (now_us >= patience_ends(session) && session->interrupted < 2)
        out_of_patience(session, now_us);
    went = host_send(host);
    station_tell(&session->station, false);
    if (came < 0 || went < 0)
        broken(session, came < 0 ? came : went);
    return moved || came > 0 || went > 0;
}

/* Sleep until something comes.  Returns false when that cannot be had: then all is over. */
static bool rest(struct session *session, uint64_t until_us)
{
    struct pollfd fds[3];
    unsigned n = gather(session, fds);
    int error = host_wait(session->station.host, fds, n, until_us);

    if (error < 0) {
        if (!session->gave_up)
            (void)cli_fail(session->options->verb, "cannot wait for packets: %s", strerror(-error));
        give_up(session);
        return false;
    }
    take_signals(session, host_now(session->station.host));
    return true;
}

static bool is_over(const struct session *session)
{
    if (session->interrupted > 1)
        return true;
    return session->n_streams == 0 && (session->interrupted > 0 || session->verb->over(session));
}

void turn_until_over(struct session *session)
{
    unsigned busy = 0;

    while (!is_over(session)) {
        bool moved = turn(session);
        uint64_t until_us = patience_ends(session);

        /* However busy it is, signals are looked at now and then. */
        if (moved && ++busy % 64 != 0)
            continue;
        if (moved)
            until_us = 0;
        (void)rest(session, session->wake_us < until_us ? session->wake_us : until_us);
    }
}

/* No frame is under way, also not in the bad network. */
static bool is_quiet(const struct station *station)
{
    const struct ciao_driver *impair = station->impair;

    return host_quiet(station->host) && (!impair || impair->ops->deadline(impair) == UINT64_MAX);
}

void turn_until_settled(struct session *session)
{
    struct host *host = session->station.host;
    uint64_t begun_us = host_now(host), now_us = begun_us;
    uint64_t limit_us = begun_us + (session->interrupted > 0 ? 0 : GRACE_US);
    bool child_runs = session->child.pid > 0;

    for (;;) {
        bool quiet, done;

        (void)host_receive(host);
        (void)host_send(host);
        station_tell(&session->station, false);
        now_us = host_now(host);
        quiet = is_quiet(&session->station) || now_us >= begun_us + SETTLE_US;
        child_check(&session->child);
        done = !child_runs || session->child.over;
        if (quiet && done)
            break;
        if (session->interrupted > 0 && !session->child.told_to_end)
            limit_us = now_us;
        if (!done && now_us >= limit_us) {
            child_end(&session->child);
            limit_us = now_us + MERCY_US;
        }
        if (!rest(session, done ? begun_us + SETTLE_US : limit_us))
            break;
    }
}
