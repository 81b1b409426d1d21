/*
 * The command of --with: see child.h.
 */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/address.h"

#define SHELL_FAILED 127

static void export_addresses(const struct cli_options *options)
{
    for (unsigned i = options->n_addresses; i-- > 0;) {
        const struct cli_address *address = &options->address[i];
        bool v4 = address_is_v4(&address->ours);
        char text[CIAO_ADDR_TEXT];

        ciao_addr_format(&address->ours, text);
        (void)setenv(v4 ? "CIAO_IP" : "CIAO_IP6", text, 1);
        ciao_addr_format(&address->theirs, text);
        (void)setenv(v4 ? "KERNEL_IP" : "KERNEL_IP6", text, 1);
    }
}

static void export_all(const struct cli_options *options)
{
    char port[8];

    (void)snprintf(port, sizeof port, "%u", (unsigned)options->port);
    (void)setenv("CIAO_PORT", port, 1);
    (void)setenv("CIAO_DEV", options->dev, 1);
    export_addresses(options);
}

static _Noreturn void become(const struct cli_options *options, bool keeps_input, bool group)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (group)
        (void)setpgid(0, 0);
    if (!keeps_input) {
        int fd = open("/dev/null", O_RDONLY);

        if (fd > 0)
            (void)dup2(fd, STDIN_FILENO);
    }
    export_all(options);
    (void)execl("/bin/sh", "sh", "-c", options->with, (char *)NULL);
    _exit(SHELL_FAILED);
}

int child_start(struct child *child, const struct cli_options *options, bool keeps_input)
{
    /* At a terminal of its own it stays in the terminal's group, or reading would stop it. */
    bool group = !keeps_input || !isatty(STDIN_FILENO);
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        become(options, keeps_input, group);
    if (group)
        (void)setpgid(pid, pid); /* here too, as nobody knows which of the two runs first */
    *child = (struct child){.pid = pid, .group = group};
    return 0;
}

void child_check(struct child *child)
{
    if (child->pid > 0 && !child->over && waitpid(child->pid, &child->status, WNOHANG) > 0)
        child->over = true;
}

void child_end(struct child *child)
{
    if (child->pid > 0 && !child->over)
        (void)kill(child->group ? -child->pid : child->pid, child->told_to_end ? SIGKILL : SIGTERM);
    child->told_to_end = true;
}

int child_code(const struct child *child)
{
    if (child->pid == 0 || !child->over || child->told_to_end)
        return 0;
    return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) : WEXITSTATUS(child->status);
}
