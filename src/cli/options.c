/*
 * The options of listen and connect: see options.h.
 */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/address.h"
#include "cli/args.h"
#include "cli/cli.h"

#define NUMBER_DIGITS 9

/* Decimal digits alone, so few that they fit. */
static bool read_number(const char *text, uint32_t *number)
{
    size_t len = strlen(text);

    if (len == 0 || len > NUMBER_DIGITS || strspn(text, "0123456789") != len)
        return false;
    *number = (uint32_t)strtoul(text, NULL, 10);
    return true;
}

bool options_port(const char *text, uint16_t *port)
{
    uint32_t number;

    if (!read_number(text, &number) || number == 0 || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

static const char *set_dev(void *context, const char *value)
{
    struct cli_options *options = context;
    size_t len = strlen(value);

    if (len == 0 || len > 15 || strcspn(value, "/ \t\n") != len)
        return "a name of 1 to 15 letters";
    options->dev = value;
    return NULL;
}

static const char *set_mtu(void *context, const char *value)
{
    struct cli_options *options = context;

    /* IPv6 wants 1280 at least [RFC8200 5]. */
    if (!read_number(value, &options->mtu) || options->mtu < 1280 || options->mtu > 65535)
        return "bytes, 1280 to 65535";
    return NULL;
}

static const char *set_ip(void *context, const char *value)
{
    struct cli_options *options = context;
    const char *wrong;

    if (options->n_addresses == OPTIONS_ADDRESSES)
        return "8 addresses at most";
    wrong = address_read(value, &options->address[options->n_addresses]);
    options->n_addresses += !wrong;
    return wrong;
}

static const char *set_impair(void *context, const char *value)
{
    static char wrong[IMPAIR_ERROR_TEXT + 64];
    struct cli_options *options = context;
    char error[IMPAIR_ERROR_TEXT];

    if (impair_parse(value, &options->impair, error) < 0) {
        (void)snprintf(wrong, sizeof wrong, "a list such as loss=2%%,delay=20ms,seed=7 (%s)",
                       error);
        return wrong;
    }
    options->impaired = true;
    return NULL;
}

static const char *set_capture(void *context, const char *value)
{
    ((struct cli_options *)context)->capture = value;
    return *value ? NULL : "a file's name";
}

static const char *set_tell(void *context, const char *value)
{
    struct cli_options *options = context;

    options->tell = true;
    if (value && !tell_format_parse(value, &options->format))
        return "text, sentences, dialogue, mermaid or json";
    return NULL;
}

static const char *set_lang(void *context, const char *value)
{
    return tell_lang_parse(value, &((struct cli_options *)context)->lang) ? NULL : "en or zh";
}

static const char *set_profile(void *context, const char *value)
{
    for (unsigned i = 0; i < CIAO_PROFILES; i++) {
        if (strcmp(ciao_profile_name((enum ciao_profile)i), value) == 0) {
            ((struct cli_options *)context)->profile = (enum ciao_profile)i;
            return NULL;
        }
    }
    return "ciao, rfc or linux";
}

static const char *set_msl(void *context, const char *value)
{
    struct cli_options *options = context;
    uint32_t ms;

    if (!read_number(value, &ms) || ms > 1000000)
        return "milliseconds, up to 1000000";
    options->msl_given = true;
    options->msl_us = ms * 1000;
    return NULL;
}

static const char *set_timeout(void *context, const char *value)
{
    uint32_t seconds;

    if (!read_number(value, &seconds) || seconds == 0)
        return "seconds, 1 or more";
    ((struct cli_options *)context)->timeout_us = (uint64_t)seconds * 1000000;
    return NULL;
}

static const char *set_port(void *context, const char *value)
{
    return options_port(value, &((struct cli_options *)context)->port) ? NULL
                                                                       : "a port, 1 to 65535";
}

static const char *set_send(void *context, const char *value)
{
    ((struct cli_options *)context)->send = value;
    return *value ? NULL : "a file's name";
}

static const char *set_recv(void *context, const char *value)
{
    ((struct cli_options *)context)->recv = value;
    return *value ? NULL : "a file's name";
}

static const char *set_with(void *context, const char *value)
{
    ((struct cli_options *)context)->with = value;
    return *value ? NULL : "a command for the shell";
}

static const char *set_stats(void *context, const char *value)
{
    (void)value;
    ((struct cli_options *)context)->stats = true;
    return NULL;
}

static const char *set_verbose(void *context, const char *value)
{
    (void)value;
    ((struct cli_options *)context)->verbose = true;
    return NULL;
}

static const char *set_echo(void *context, const char *value)
{
    (void)value;
    ((struct cli_options *)context)->echo = true;
    return NULL;
}

static const char *set_once(void *context, const char *value)
{
    (void)value;
    ((struct cli_options *)context)->once = true;
    return NULL;
}

/* clang-format off */
#define COMMON_OPTIONS                                                                             \
    {"--dev", ARGS_NEEDED, set_dev},         {"--ip", ARGS_NEEDED, set_ip},                        \
    {"--mtu", ARGS_NEEDED, set_mtu},                                                               \
    {"--impair", ARGS_NEEDED, set_impair},   {"--capture", ARGS_NEEDED, set_capture},              \
    {"--tell", ARGS_OPTIONAL, set_tell},     {"--lang", ARGS_NEEDED, set_lang},                    \
    {"--profile", ARGS_NEEDED, set_profile}, {"--msl", ARGS_NEEDED, set_msl},                      \
    {"--stats", ARGS_NONE, set_stats},       {"--timeout", ARGS_NEEDED, set_timeout},              \
    {"--send", ARGS_NEEDED, set_send},       {"--recv", ARGS_NEEDED, set_recv},                    \
    {"--with", ARGS_NEEDED, set_with},       {"-v", ARGS_NONE, set_verbose}

static const struct args_option listen_options[] = {
    COMMON_OPTIONS,
    {"--port", ARGS_NEEDED, set_port},
    {"--echo", ARGS_NONE, set_echo},
    {"--once", ARGS_NONE, set_once},
    {NULL, ARGS_NONE, NULL},
};
static const struct args_option connect_options[] = {
    COMMON_OPTIONS,
    {NULL, ARGS_NONE, NULL},
};
/* clang-format on */

int options_read(struct cli_options *options, enum options_for whom, int argc, char **argv)
{
    struct args args = {
        .verb = argv[0],
        .option = whom == OPTIONS_LISTEN ? listen_options : connect_options,
        .context = options,
        .operand = options->operand,
        .operands_most = whom == OPTIONS_LISTEN ? 0 : OPTIONS_OPERANDS,
    };

    *options = (struct cli_options){
        .verb = argv[0],
        .dev = "ciao0",
        .mtu = 1500,
        .lang = tell_lang_default(),
        .profile = CIAO_PROFILE_CIAO,
        .port = 80,
    };
    if (args_read(&args, argc, argv) != CLI_OK)
        return CLI_USAGE;
    options->n_operands = args.operands;
    if (options->echo && options->send)
        return cli_misused(options->verb, "--echo and --send both say what to send: choose one");
    if (options->echo && options->recv)
        return cli_misused(options->verb,
                           "--echo sends back what arrives, so there is nothing left for --recv");
    address_fill(options->address, &options->n_addresses);
    return CLI_OK;
}
