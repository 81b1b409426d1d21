/*
 * Shell commands in scripts: those that set sysctls are understood and change the stack's settings;
 * the others are not run, unless the user asks for that, and noted.
 */
#include <stdlib.h>
#include <string.h>

#include "drill/run.h"

#define WORDS_MOST 32
#define WORD_ROOM  256

/* What the common/defaults.sh of packetdrill's own scripts sets. */
static const struct {
    const char *name, *value;
} defaults[] = {
    {"net.ipv4.tcp_rmem", "4096 540000 15728640"},
    {"net.ipv4.tcp_wmem", "4096 262144 4194304"},
    {"net.ipv4.tcp_timestamps", "1"},
    {"net.ipv4.tcp_syn_retries", "5"},
    {"net.ipv4.tcp_synack_retries", "5"},
    {"net.ipv4.tcp_frto", "2"},
    {"net.ipv4.tcp_sack", "1"},
    {"net.ipv4.tcp_dsack", "1"},
    {"net.ipv4.tcp_fack", "0"},
    {"net.ipv4.tcp_reordering", "3"},
    {"net.ipv4.tcp_congestion_control", "cubic"},
    {"net.ipv4.tcp_slow_start_after_idle", "0"},
    {"net.ipv4.tcp_early_retrans", "4"},
    {"net.ipv4.tcp_recovery", "1"},
    {"net.ipv4.tcp_tso_win_divisor", "3"},
    {"net.ipv4.tcp_ecn", "0"},
    {"net.ipv4.tcp_ecn_option", "2"},
    {"net.ipv4.tcp_notsent_lowat", "4294967295"},
    {"net.ipv4.tcp_fastopen", "0x70403"},
    {"net.ipv4.tcp_syncookies", "1"},
};

/* ---- one command as words ---- */

struct command {
    unsigned n;
    char word[WORDS_MOST][WORD_ROOM];
};

static bool ends_command(char c)
{
    return c == '\0' || c == '\n' || c == ';' || c == '&' || c == '|' || c == '#';
}

/* A word, its quotes taken off.  Returns what is behind it. */
static const char *take_word(const char *at, char out[WORD_ROOM])
{
    size_t n = 0;
    char quote = '\0';
    for (; quote != '\0' ? *at != '\0' : !ends_command(*at) && *at != ' ' && *at != '\t'; at++) {
        if (quote == '\0' && (*at == '"' || *at == '\''))
            quote = *at;
        else if (*at == quote)
            quote = '\0';
        else if (n + 1 < WORD_ROOM)
            out[n++] = *at;
    }
    out[n] = '\0';
    return at;
}

static const char *take_command(const char *at, struct command *command)
{
    command->n = 0;
    for (;;) {
        while (*at == ' ' || *at == '\t' || (*at == '\\' && at[1] == '\n'))
            at += *at == '\\' ? 2 : 1;
        if (ends_command(*at) || command->n == WORDS_MOST)
            break;
        at = take_word(at, command->word[command->n++]);
    }
    if (*at == '#' || command->n == WORDS_MOST)
        at += strcspn(at, "\n");
    return *at == '\0' ? at : at + 1;
}

static bool is_named(const struct command *command, const char *name)
{
    const char *word = command->word[0], *slash = strrchr(word, '/');
    return strcmp(slash != NULL ? slash + 1 : word, name) == 0;
}

/* ---- what is understood ---- */

static void set(struct run *run, const char *name, size_t len, const char *value, unsigned line)
{
    switch (sysctl_set(&run->sysctls, name, len, value)) {
    case SYSCTL_SET:
    case SYSCTL_NO_MATTER: break;
    case SYSCTL_UNKNOWN:
        run_note(run, "line %u: there is no sysctl %.*s here", line, (int)len, name);
        break;
    case SYSCTL_BAD_VALUE:
        run_note(run, "line %u: %.*s cannot be \"%s\"", line, (int)len, name, value);
        break;
    }
}

/* sysctl -q a=1 b="1 2 3", set_sysctls.py /proc/sys/a=1 */
static void set_all(struct run *run, const struct command *command, unsigned line)
{
    for (unsigned i = 1; i < command->n; i++) {
        const char *word = command->word[i], *equals = strchr(word, '=');
        if (word[0] != '-' && equals != NULL)
            set(run, word, (size_t)(equals - word), equals + 1, line);
    }
}

/* echo 1 > /proc/sys/a */
static bool echoes(struct run *run, const struct command *command, unsigned line)
{
    if (command->n != 4 || !is_named(command, "echo") || strcmp(command->word[2], ">") != 0
        || strncmp(command->word[3], "/proc/sys/", 10) != 0)
        return false;
    set(run, command->word[3], strlen(command->word[3]), command->word[1], line);
    return true;
}

static bool understood(struct run *run, const struct command *command, unsigned line)
{
    if (is_named(command, "sysctl") || is_named(command, "set_sysctls.py")) {
        set_all(run, command, line);
        return true;
    }
    if (is_named(command, "defaults.sh")) {
        for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
            set(run, defaults[i].name, strlen(defaults[i].name), defaults[i].value, line);
        return true;
    }
    /* Each run has settings of its own, so that there is nothing to restore. */
    return strncmp(command->word[0], "/tmp/sysctl_restore_", 20) == 0 || echoes(run, command, line);
}

static void run_by_shell(struct run *run, const char *text, unsigned line)
{
    int status = system(text);
    if (status != 0)
        run_fail(run, line, "the shell command ended with status %d", status);
}

void shell_run(struct run *run, const char *commands, unsigned line)
{
    static struct command command;
    bool all = true;
    for (const char *at = commands; *at != '\0';) {
        const char *start = at;
        at = take_command(at, &command);
        if (command.n == 0 || understood(run, &command, line))
            continue;
        all = false;
        if (!run->options->shell)
            run_note(run, "line %u: shell command not run: %.*s", line, (int)strcspn(start, "\n"),
                     start);
    }
    if (!all && run->options->shell)
        run_by_shell(run, commands, line);
    world_sysctls_changed(run);
}
