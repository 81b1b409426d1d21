/*
 * What the verbs of the `ciao` command share: their table, their exit codes, and how they complain.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes. */
#define CLI_OK     0
#define CLI_FAILED 1 /* it was asked for rightly, and went wrong */
#define CLI_USAGE  2 /* it was asked for wrongly */
#define CLI_LACKS  3 /* drill: what failed needs something that ciao does not have */

struct cli_verb {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit code */
    const char *line_en, *line_zh;     /* one line of `ciao help` */
    const char *help_en, *help_zh;     /* the page of `ciao help VERB`, */
    const char *more_en, *more_zh;     /* and its end, NULL when it has none of its own */
};

/* Ends with an entry without a name. */
extern const struct cli_verb cli_verbs[];

int cli_demo(int argc, char **argv);
int cli_listen(int argc, char **argv);
int cli_connect(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_drill(int argc, char **argv);
int cli_help(int argc, char **argv);

extern const char cli_demo_help_en[], cli_demo_help_zh[];
extern const char cli_listen_help_en[], cli_listen_help_zh[];
extern const char cli_connect_help_en[], cli_connect_help_zh[];
extern const char cli_net_options_en[], cli_net_options_zh[]; /* listen and connect share them */
extern const char cli_bench_help_en[], cli_bench_help_zh[];
extern const char cli_drill_help_en[], cli_drill_help_zh[];
extern const char cli_help_help_en[], cli_help_help_zh[];

/* NULL when there is none of that name. */
const struct cli_verb *cli_verb_named(const char *name);
/* Complains, with the verb that was probably meant.  Returns CLI_USAGE. */
int cli_unknown_verb(const char *asked_by, const char *word);

/* The page of `ciao help`, or a verb's when the command line has --help.  Returns CLI_OK. */
int cli_overview(bool chinese);
int cli_verb_help(const struct cli_verb *verb, bool chinese);

/*
 * "ciao VERB: sentence" on standard error; verb NULL: "ciao: sentence".  The first returns
 * CLI_FAILED, the second says where the help is and returns CLI_USAGE, the third is for what just
 * should be known.
 */
__attribute__((format(printf, 2, 3))) int cli_fail(const char *verb, const char *format, ...);
__attribute__((format(printf, 2, 3))) int cli_misused(const char *verb, const char *format, ...);
__attribute__((format(printf, 2, 3))) void cli_note(const char *verb, const char *format, ...);

/*
 * The word that was probably meant, out of a list that ends with NULL: at most two letters away, or
 * a beginning that fits one word alone.  NULL when nothing is near.
 */
const char *cli_meant(const char *word, const char *const *words);

#endif
