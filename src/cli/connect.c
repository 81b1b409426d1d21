/*
 * `ciao connect`: a client such as netcat's, on this stack.
 */
#include "cli/cli.h"
#include "cli/session.h"

#include <stdio.h>
#include <string.h>

#include "cli/address.h"
#include "wire/addr.h"

/* The server of --with needs a moment to come up: until then it refuses. */
#define TRY_AGAIN_US 20000
#define TRIES_US     10000000

static int connect_begin(struct session *session)
{
    struct ciao_stack *stack = session->station.stack;
    uint64_t now_us = host_now(session->station.host);
    ciao_conn conn;
    int error = ciao_connect(stack, &session->remote, NULL, NULL, &conn, now_us);
    char name[SESSION_TEXT];

    session_name(&session->remote, name);
    if (error < 0)
        return cli_fail(session->options->verb, "cannot connect to %s: %s", name,
                        ciao_strerror(error));
    return session_add(session, conn, now_us) ? CLI_OK : CLI_FAILED;
}

static bool connect_step(struct session *session, uint64_t now_us)
{
    if (now_us < session->wake_us || session->interrupted > 0)
        return false;
    session->wake_us = UINT64_MAX;
    if (connect_begin(session) != CLI_OK)
        session->failed = true;
    return true;
}

static bool may_try_again(const struct session *session, const struct stream *stream,
                          uint64_t now_us)
{
    bool server_died = session->child.over && child_code(&session->child) != 0;

    return session->options->with && stream->error == -CIAO_EREFUSED && !server_died
           && session->interrupted == 0 && now_us < session->station.opened_us + TRIES_US;
}

static bool connect_ended(struct session *session, struct stream *stream, uint64_t now_us)
{
    char name[SESSION_TEXT];

    if (stream->error == 0)
        return true;
    if (may_try_again(session, stream, now_us)) {
        session->wake_us = now_us + TRY_AGAIN_US;
        return false;
    }
    session_name(&session->remote, name);
    (void)cli_fail(session->options->verb,
                   stream->established ? "the connection with %s ended badly: %s"
                                       : "cannot connect to %s: %s",
                   name, ciao_strerror(stream->error));
    session->failed = true;
    return true;
}

static bool connect_over(const struct session *session)
{
    return session->wake_us == UINT64_MAX;
}

static const struct session_verb connecting = {connect_begin, connect_step, connect_ended,
                                               connect_over};

/* "10.9.0.1", "fd09::1", "[fd09::1]" */
static bool read_host(const char *text, struct ciao_addr *addr)
{
    char bare[CIAO_ADDR_TEXT + 2];
    size_t len = strlen(text);

    if (len >= 2 && len < sizeof bare && text[0] == '[' && text[len - 1] == ']') {
        memcpy(bare, text + 1, len - 2);
        bare[len - 2] = '\0';
        return ciao_addr_parse(bare, addr);
    }
    return ciao_addr_parse(text, addr);
}

/* Which of ciao's addresses this is; NULL: none. */
static const struct cli_address *own_address(const struct cli_options *options,
                                             const struct ciao_addr *addr)
{
    for (unsigned i = 0; i < options->n_addresses; i++)
        if (ip_equal(&options->address[i].ours, addr))
            return &options->address[i];
    return NULL;
}

static int read_operands(const struct cli_options *options, struct ciao_endpoint *remote)
{
    const char *verb = options->verb;
    const struct cli_address *own;

    if (options->n_operands < 2)
        return cli_misused(verb, "say where to: an address and a port, such as 10.9.0.1 80");
    if (!read_host(options->operand[0], &remote->addr))
        return cli_misused(verb,
                           "\"%s\" is no address, and names are not looked up: write numbers, such "
                           "as 10.9.0.1 or fd09::1 for the kernel's side",
                           options->operand[0]);
    if (ip_is_loopback(&remote->addr))
        return cli_misused(verb,
                           "%s is the kernel's way to itself, where ciao is not: its side of %s is "
                           "10.9.0.1 or fd09::1, unless --ip says otherwise",
                           options->operand[0], options->dev);
    own = own_address(options, &remote->addr);
    if (own) {
        char theirs[CIAO_ADDR_TEXT];

        ciao_addr_format(&own->theirs, theirs);
        return cli_misused(verb,
                           "%s is ciao's own address, where only ciao itself would answer: the "
                           "kernel's side of %s is %s",
                           options->operand[0], options->dev, theirs);
    }
    if (!options_port(options->operand[1], &remote->port))
        return cli_misused(verb, "\"%s\" is no port: a number from 1 to 65535, please",
                           options->operand[1]);
    return CLI_OK;
}

int cli_connect(int argc, char **argv)
{
    struct cli_options options;
    struct session session = {
        .options = &options, .verb = &connecting, .source = STREAM_PIPE, .prints = true};
    int code = options_read(&options, OPTIONS_CONNECT, argc, argv);

    if (code == CLI_OK)
        code = read_operands(&options, &session.remote);
    return code == CLI_OK ? session_run(&session) : code;
}
