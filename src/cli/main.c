/*
 * The `ciao` command: finds the verb and runs it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ciao/version.h"
#include "cli/cli.h"
#include "tell/tell.h"

/* --help anywhere before "--" asks for the page and nothing else. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* What was printed has to arrive: a full disk is a failure, not a success with half a page. */
static int flushed(int code)
{
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == CLI_OK)
        return cli_fail(NULL, "standard output could not be written");
    return code;
}

/* No file of ours may take the place of a standard one that the caller has closed: reading
 * finds the end, writing fails. */
static void fill_standard_places(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open(fd == 0 ? "/dev/null" : "/", O_RDONLY);
}

int main(int argc, char **argv)
{
    bool chinese = tell_lang_default() == TELL_ZH;
    const struct cli_verb *verb;

    fill_standard_places();
    if (argc < 2)
        return cli_misused(NULL, "say what to do, such as \"ciao demo\"");
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        if (argc > 2)
            return cli_misused(NULL, "\"%s\" is one word too many", argv[2]);
        (void)printf("ciao %s\n", CIAO_VERSION);
        return flushed(CLI_OK);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return flushed(cli_overview(chinese));
    if (argv[1][0] == '-')
        return cli_misused(NULL, "there is no option \"%s\" in front of the verb", argv[1]);
    verb = cli_verb_named(argv[1]);
    if (!verb)
        return cli_unknown_verb(NULL, argv[1]);
    if (asks_for_help(argc - 1, argv + 1))
        return flushed(cli_verb_help(verb, chinese));
    return flushed(verb->run(argc - 1, argv + 1));
}
