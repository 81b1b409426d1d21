/*
 * The command of --with: a shell that runs on the kernel's side of the interface.
 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/options.h"

struct child {
    pid_t pid;  /* 0: none */
    bool group; /* it leads a process group of its own */
    bool over;
    bool told_to_end;
    int status; /* as of waitpid(), when over */
};

/*
 * Run options->with by /bin/sh -c, with CIAO_IP, CIAO_IP6, CIAO_PORT, CIAO_DEV and the kernel's
 * KERNEL_IP, KERNEL_IP6 in its environment.
 *
 *   keeps_input  standard input is the command's; otherwise it reads /dev/null
 *
 * Returns 0 or -errno.
 */
int child_start(struct child *child, const struct cli_options *options, bool keeps_input);

/* Look whether it has ended, without waiting. */
void child_check(struct child *child);
/* Ask it and what it started to end, the second time by force; how it then ends is no failure. */
void child_end(struct child *child);
/* Its exit code as a shell tells it: 128 and the number when a signal ended it. */
int child_code(const struct child *child);

#endif
