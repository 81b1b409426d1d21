/*
 * `ciao listen`: a server such as netcat's, on this stack.
 */
#include "cli/cli.h"
#include "cli/session.h"

#include <stdio.h>

#define BACKLOG 1024

static int listen_begin(struct session *session)
{
    const struct cli_options *options = session->options;
    struct ciao_endpoint local = {.port = options->port};
    int error;

    (void)ciao_addr_parse("::", &local.addr); /* both families */
    error = ciao_listen(session->station.stack, &local, BACKLOG, NULL, &session->listener);
    if (error < 0)
        return cli_fail(options->verb, "cannot listen at port %u: %s", (unsigned)options->port,
                        ciao_strerror(error));
    for (unsigned i = 0; options->verbose && i < options->n_addresses; i++) {
        struct ciao_endpoint ours = {options->address[i].ours, options->port};
        char name[SESSION_TEXT];

        session_name(&ours, name);
        cli_note(options->verb, "listening at %s on %s", name, options->dev);
    }
    return CLI_OK;
}

static void stop_listening(struct session *session, uint64_t now_us)
{
    if (session->listener)
        (void)ciao_close(session->station.stack, session->listener, NULL, now_us);
    session->listener = 0;
}

/* Standard input and output serve one connection after the other; files and echoes all at once. */
static bool may_accept(const struct session *session)
{
    bool shares = session->source != STREAM_PIPE || session->options->send;

    return session->listener && (shares || session->n_streams == 0);
}

static void greet(const struct session *session, ciao_conn conn)
{
    struct ciao_info info;
    char name[SESSION_TEXT];

    if (!session->options->verbose || ciao_info(session->station.stack, conn, &info) < 0)
        return;
    session_name(&info.remote, name);
    cli_note(session->options->verb, "connected with %s", name);
}

static bool listen_step(struct session *session, uint64_t now_us)
{
    bool moved = false;
    ciao_conn conn;

    if (session->interrupted > 0)
        stop_listening(session, now_us);
    while (may_accept(session)
           && ciao_accept(session->station.stack, session->listener, &conn) == 0) {
        moved = true;
        greet(session, conn);
        if (session_add(session, conn, now_us) && session->options->once)
            stop_listening(session, now_us);
    }
    return moved;
}

static bool listen_ended(struct session *session, struct stream *stream, uint64_t now_us)
{
    char name[SESSION_TEXT];

    (void)now_us;
    if (stream->error == 0)
        return true;
    session_name(&stream->last.remote, name);
    cli_note(session->options->verb, "the connection with %s ended badly: %s", name,
             ciao_strerror(stream->error));
    if (session->options->once || session->options->with)
        session->failed = true;
    return true;
}

static bool listen_over(const struct session *session)
{
    if (session->child.over)
        return true;
    return session->options->once && (session->served > 0 || !session->listener);
}

static const struct session_verb listening = {listen_begin, listen_step, listen_ended, listen_over};

int cli_listen(int argc, char **argv)
{
    struct cli_options options;
    struct session session = {.options = &options, .verb = &listening, .source = STREAM_PIPE};
    int code = options_read(&options, OPTIONS_LISTEN, argc, argv);

    if (code != CLI_OK)
        return code;
    if (options.echo)
        session.source = STREAM_ECHO;
    else if (options.recv && !options.send)
        session.source = STREAM_SINK;
    session.prints = options.recv || (session.source == STREAM_PIPE && !options.send);
    return session_run(&session);
}
