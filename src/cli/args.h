/*
 * Reading a command line by a table of options.
 *
 * "--name VALUE" and "--name=VALUE" are the same; "--" ends the options; "-" alone is an operand.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stddef.h>

enum args_value {
    ARGS_NONE,     /* --once */
    ARGS_NEEDED,   /* --port 80 */
    ARGS_OPTIONAL, /* --tell, --tell=json: only behind '=' */
};

struct args_option {
    const char *name; /* with its dashes: "--port" */
    enum args_value value;
    /* value is NULL when there is none.  Returns NULL, or what is wrong with it: the end of the
     * sentence "--port takes ..." */
    const char *(*set)(void *context, const char *value);
};

struct args {
    const char *verb;
    const struct args_option *option; /* ends with an entry without a name */
    void *context;
    const char **operand; /* filled with what is no option */
    unsigned operands_most, operands;
};

/* Returns CLI_OK, or CLI_USAGE after having said what is wrong. */
int args_read(struct args *args, int argc, char **argv);

#endif
