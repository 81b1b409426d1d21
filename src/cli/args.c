/*
 * Reading a command line: see args.h.
 */
#include "cli/args.h"

#include <string.h>

#include "cli/cli.h"

#define OPTIONS_MOST 40

static const struct args_option *option_named(const struct args *args, const char *word, size_t len)
{
    for (const struct args_option *option = args->option; option->name; option++)
        if (strlen(option->name) == len && memcmp(option->name, word, len) == 0)
            return option;
    return NULL;
}

static int unknown(const struct args *args, const char *word, size_t len)
{
    const char *names[OPTIONS_MOST + 1] = {NULL};
    char bare[64] = "";
    const char *meant;

    for (unsigned i = 0; args->option[i].name && i < OPTIONS_MOST; i++)
        names[i] = args->option[i].name;
    if (len < sizeof bare)
        memcpy(bare, word, len);
    meant = cli_meant(bare, names);
    if (meant)
        return cli_misused(args->verb, "there is no option \"%.*s\"; did you mean \"%s\"?",
                           (int)len, word, meant);
    return cli_misused(args->verb, "there is no option \"%.*s\"", (int)len, word);
}

/* One option at argv[i].  Returns how many words it took, or 0 after having complained. */
static int take_option(struct args *args, int argc, char **argv, int i)
{
    const char *word = argv[i], *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const struct args_option *option = option_named(args, word, len);
    const char *wrong;
    int taken = 1;

    if (!option) {
        (void)unknown(args, word, len);
        return 0;
    }
    if (option->value == ARGS_NONE && value) {
        (void)cli_misused(args->verb, "%s takes no value", option->name);
        return 0;
    }
    if (option->value == ARGS_NEEDED && !value) {
        if (i + 1 >= argc) {
            (void)cli_misused(args->verb, "%s needs a value behind it", option->name);
            return 0;
        }
        value = argv[i + 1];
        taken = 2;
    }
    wrong = option->set(args->context, value);
    if (wrong) {
        (void)cli_misused(args->verb, "%s takes %s, not \"%s\"", option->name, wrong,
                          value ? value : "");
        return 0;
    }
    return taken;
}

static int take_operand(struct args *args, const char *word)
{
    if (args->operands == args->operands_most)
        return cli_misused(args->verb, "\"%s\" is one word too many", word);
    args->operand[args->operands++] = word;
    return CLI_OK;
}

int args_read(struct args *args, int argc, char **argv)
{
    int i = 1;

    while (i < argc && strcmp(argv[i], "--") != 0) {
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            int taken = take_option(args, argc, argv, i);

            if (taken == 0)
                return CLI_USAGE;
            i += taken;
        } else if (take_operand(args, argv[i++]) != CLI_OK) {
            return CLI_USAGE;
        }
    }
    for (i++; i < argc; i++)
        if (take_operand(args, argv[i]) != CLI_OK)
            return CLI_USAGE;
    return CLI_OK;
}
