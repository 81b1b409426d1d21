/*
 * Coverage, added to one file a process; names only, each once.
 */
#include "coverage.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool arc_noted[CIAO_ARCS], reason_noted[CIAO_REASONS];

static void add(const char *line)
{
    const char *dir = getenv("CIAO_COVERAGE_DIR");
    char path[512];
    if (dir == NULL)
        return;
    (void)snprintf(path, sizeof path, "%s/%ld.covered", dir, (long)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line)) {
        perror(path);
        abort();
    }
    (void)close(fd);
}

static void note_arc(enum ciao_arc_row row)
{
    char line[256];
    arc_noted[row] = true;
    (void)snprintf(line, sizeof line, "arc %s %s %s\nstate %s\nstate %s\n",
                   ciao_state_name(ciao_arc_from(row)), ciao_state_name(ciao_arc_to(row)),
                   ciao_arc_key(row), ciao_state_name(ciao_arc_from(row)),
                   ciao_state_name(ciao_arc_to(row)));
    add(line);
}

static void note_reason(enum ciao_reason reason)
{
    char line[128];
    reason_noted[reason] = true;
    (void)snprintf(line, sizeof line, "reason %s\n", ciao_reason_key(reason));
    add(line);
}

void coverage_note(const struct ciao_stack *stack)
{
    for (unsigned i = 0; i < CIAO_ARCS; i++)
        if (!arc_noted[i] && ciao_arc_count(stack, (enum ciao_arc_row)i) != 0)
            note_arc((enum ciao_arc_row)i);
    for (unsigned i = 1; i < CIAO_REASONS; i++)
        if (!reason_noted[i] && ciao_reason_count(stack, (enum ciao_reason)i) != 0)
            note_reason((enum ciao_reason)i);
}

void coverage_note_trace(const struct trace *trace)
{
    for (unsigned i = 1; i < CIAO_REASONS; i++)
        if (!reason_noted[i] && trace->reasons[i] != 0)
            note_reason((enum ciao_reason)i);
}
