/*
 * `ciao drill`: tests in packetdrill's language, run on this stack in virtual time.
 */
#include "cli/drill.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "drill/script.h"
#include "host/machine.h"

#define DEFINES_MOST 64
#define PATH_ROOM    4096
#define DEPTH_MOST   16

const char cli_drill_help_en[] =
    "Usage: ciao drill [OPTIONS] FILE.pkt|DIR...\n"
    "\n"
    "Runs scripts in the language of packetdrill (github.com/google/packetdrill) on ciao's own\n"
    "sockets, in virtual time: a script takes milliseconds, whatever times it speaks of.  Of a\n"
    "folder every .pkt file is run.  Where something else happens than the script says, this "
    "tells\n"
    "what was expected, what was seen, and the life of the connection up to there.\n"
    "\n"
    "  --profile rfc|linux|ciao  whose settings to begin with (linux)\n"
    "  --ip 4|6|mapped|all       addresses: IPv4, IPv6, IPv4 on an IPv6 socket (4, or the "
    "script's\n"
    "                            own --ip_version)\n"
    "  --define NAME=VALUE       a word that stands for another, as -D of packetdrill\n"
    "  --shell                   run shell commands too; those that set sysctls are understood\n"
    "                            without it and change the stack's settings, not the machine's\n"
    "  --verbose, -v             say each event as it happens, and what was left out\n"
    "  --quiet, -q               only what fails, and the totals\n"
    "  --list                    name the scripts and run nothing\n"
    "\n"
    "Exit codes: 0 all passed; 1 some failed; 2 wrong usage, or a script cannot be read;\n"
    "3 nothing failed but scripts that need what ciao does not have.\n";
const char cli_drill_help_zh[] =
    "用法：ciao drill [选项] 文件.pkt|目录...\n"
    "\n"
    "在 ciao 自己的套接字上、以虚拟时间运行 "
    "packetdrill（github.com/google/packetdrill）语言的脚本：\n"
    "不管脚本里写的时间多长，运行只需几毫秒。给出目录时，运行其中所有 .pkt 文件。\n"
    "一旦实际情况与脚本不符，就说明期望什么、看到什么，并讲述连接到那时为止的一生。\n"
    "\n"
    "  --profile rfc|linux|ciao  以谁的设置开始（linux）\n"
    "  --ip 4|6|mapped|all       地址：IPv4、IPv6、IPv6 套接字上的 IPv4（默认 4，或脚本自己的\n"
    "                            --ip_version）\n"
    "  --define 名字=值          代表另一个词的词，同 packetdrill 的 -D\n"
    "  --shell                   也运行 shell 命令；设置 sysctl 的命令不用它也能理解，\n"
    "                            改变的是协议栈的设置，不是本机的\n"
    "  --verbose, -v             逐一说出发生的事件，以及略过的内容\n"
    "  --quiet, -q               只说失败的和总数\n"
    "  --list                    只列出脚本，什么也不运行\n"
    "\n"
    "退出码：0 全部通过；1 有失败；2 用法错误或脚本无法读懂；\n"
    "3 没有失败，但有脚本需要 ciao 所没有的功能。\n";

struct drill {
    struct drill_options options;
    const char *defines[DEFINES_MOST + 1];
    unsigned n_defines;
    bool ip_given, ip_all, quiet, list;
    enum drill_family family;
    struct drill_totals totals;
};

/* ---- options ---- */

static const char *set_profile(void *context, const char *value)
{
    struct drill *drill = context;
    for (int i = 0; i < CIAO_PROFILES; i++) {
        if (strcmp(value, ciao_profile_name((enum ciao_profile)i)) != 0)
            continue;
        drill->options.profile = (enum ciao_profile)i;
        return NULL;
    }
    return "rfc, linux or ciao";
}

static const char *set_ip(void *context, const char *value)
{
    struct drill *drill = context;
    drill->ip_given = true;
    drill->ip_all = strcmp(value, "all") == 0;
    return drill->ip_all || drill_family_parse(value, &drill->family) ? NULL
                                                                      : "4, 6, mapped or all";
}

static const char *set_define(void *context, const char *value)
{
    struct drill *drill = context;
    if (strchr(value, '=') == NULL)
        return "NAME=VALUE";
    if (drill->n_defines == DEFINES_MOST)
        return "no more than 64 definitions in all";
    drill->defines[drill->n_defines++] = value;
    return NULL;
}

static const char *set_shell(void *context, const char *value)
{
    (void)value;
    ((struct drill *)context)->options.shell = true;
    return NULL;
}

static const char *set_verbose(void *context, const char *value)
{
    (void)value;
    ((struct drill *)context)->options.verbose = true;
    return NULL;
}

static const char *set_quiet(void *context, const char *value)
{
    (void)value;
    ((struct drill *)context)->quiet = true;
    return NULL;
}

static const char *set_list(void *context, const char *value)
{
    (void)value;
    ((struct drill *)context)->list = true;
    return NULL;
}

static const struct args_option options[] = {
    {"--profile", ARGS_NEEDED, set_profile},
    {"--ip", ARGS_NEEDED, set_ip},
    {"--define", ARGS_NEEDED, set_define},
    {"-D", ARGS_NEEDED, set_define},
    {"--shell", ARGS_NONE, set_shell},
    {"--verbose", ARGS_NONE, set_verbose},
    {"-v", ARGS_NONE, set_verbose},
    {"--quiet", ARGS_NONE, set_quiet},
    {"-q", ARGS_NONE, set_quiet},
    {"--list", ARGS_NONE, set_list},
    {NULL, ARGS_NONE, NULL},
};

/* ---- one script ---- */

/* What packetdrill's own suite defines for a family; what the user defines comes first. */
static void add_definitions(struct script *script, enum drill_family family)
{
    static const char *const words[][3] = {
        {"CMSG_LEVEL_IP", "SOL_IP", "SOL_IPV6"},
        {"CMSG_TYPE_RECVERR", "IP_RECVERR", "IPV6_RECVERR"},
        {"CODE", "host_unreachable", "address_unreachable"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (script_defined(script, words[i][0]) == NULL)
            script_define(script, words[i][0], words[i][family == DRILL_IPV4 ? 1 : 2]);
}

static void count(struct drill *drill, enum drill_verdict verdict)
{
    unsigned *const counters[] = {&drill->totals.passed, &drill->totals.failed,
                                  &drill->totals.needs, &drill->totals.broken};
    ++*counters[verdict];
}

static void judge(struct drill *drill, const char *path, const struct script *script,
                  const char *family, struct drill_result *result)
{
    struct drill_outcome outcome = {.path = path,
                                    .family = family,
                                    .script = script,
                                    .result = result,
                                    .verbose = drill->options.verbose};
    outcome.took_us = machine_now_us() - drill->totals.took_us;
    count(drill, result->verdict);
    if (!drill->quiet || result->verdict == DRILL_FAIL || result->verdict == DRILL_BROKEN)
        drill_report(&outcome);
    drill_result_free(result);
}

static struct script *read_script(struct drill *drill, const char *path)
{
    static const char cookie[] = "TFO_COOKIE=3021b9d889017eeb";
    static const char zero[] = "TFO_COOKIE_ZERO=b7c12350a90dc8f5";
    struct drill_result result = {.verdict = DRILL_BROKEN};
    const char *defines[DEFINES_MOST + 3] = {cookie, zero};
    memcpy(defines + 2, drill->defines, drill->n_defines * sizeof defines[0]);
    struct script *script = script_read(path, defines);
    if (script != NULL && script->error.line == 0)
        return script;
    if (script == NULL) {
        (void)snprintf(result.sentence, sizeof result.sentence, "%s", strerror(errno));
    } else {
        result.line = script->error.line;
        result.column = script->error.column;
        (void)snprintf(result.sentence, sizeof result.sentence, "%s", script->error.sentence);
    }
    judge(drill, path, script, "", &result);
    script_free(script);
    return NULL;
}

static void run_once(struct drill *drill, const char *path, enum drill_family family)
{
    struct drill_result result;
    uint64_t before_us = drill->totals.took_us, start_us = machine_now_us();
    drill->totals.took_us = start_us; /* what judge() counts from */
    struct script *script = read_script(drill, path);
    if (script != NULL) {
        struct drill_options chosen = drill->options;
        chosen.profile = drill_profile_fit(script, chosen.profile);
        add_definitions(script, family);
        drill_run(script, family, &chosen, &result);
        judge(drill, path, script, drill_family_name(family), &result);
    }
    script_free(script);
    drill->totals.took_us = before_us + machine_now_us() - start_us;
}

static bool ends_with(const char *path, const char *end)
{
    size_t len = strlen(path), end_len = strlen(end);
    return len >= end_len && strcmp(path + len - end_len, end) == 0;
}

/* A script that names its family, by option or in its file's name, is run with that. */
static bool own_family(const char *path, enum drill_family *family)
{
    struct script *script = script_read(path, NULL);
    bool asked = script != NULL && drill_family_asked(script, family);
    script_free(script);
    if (!asked && (ends_with(path, "v6.pkt") || ends_with(path, "v4.pkt"))) {
        *family = ends_with(path, "v6.pkt") ? DRILL_IPV6 : DRILL_IPV4;
        asked = true;
    }
    return asked;
}

static void run_script(struct drill *drill, const char *path)
{
    enum drill_family family = drill->family, own;
    if (drill->list) {
        (void)puts(path);
        return;
    }
    bool has_own = own_family(path, &own);
    if (drill->ip_all && !has_own) {
        for (int i = 0; i < DRILL_FAMILIES; i++)
            run_once(drill, path, (enum drill_family)i);
        return;
    }
    bool mapped = drill->ip_given && family == DRILL_MAPPED && own == DRILL_IPV4;
    run_once(drill, path, has_own && !mapped ? own : family);
}

/* ---- folders ---- */

static int is_wanted(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int run_path(struct drill *drill, const char *path, unsigned depth);

static void run_folder(struct drill *drill, const char *path, unsigned depth)
{
    char inner[PATH_ROOM];
    struct dirent **entries;
    int n = scandir(path, &entries, is_wanted, alphasort);
    for (int i = 0; i < n; i++) {
        struct stat status;
        int len = snprintf(inner, sizeof inner, "%s%s%s", path, ends_with(path, "/") ? "" : "/",
                           entries[i]->d_name);
        bool folder = len < PATH_ROOM && stat(inner, &status) == 0 && S_ISDIR(status.st_mode);
        if (len < PATH_ROOM && (folder || ends_with(inner, ".pkt")))
            (void)run_path(drill, inner, depth + 1);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

static int run_path(struct drill *drill, const char *path, unsigned depth)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return cli_misused("drill", "%s: %s", path, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        run_script(drill, path);
    else if (depth < DEPTH_MOST)
        run_folder(drill, path, depth);
    return CLI_OK;
}

/* ---- the verb ---- */

static int exit_code(const struct drill_totals *totals)
{
    if (totals->broken > 0)
        return CLI_USAGE;
    if (totals->failed > 0)
        return CLI_FAILED;
    return totals->needs > 0 ? CLI_LACKS : CLI_OK;
}

static int run_all(struct drill *drill, const struct args *args)
{
    for (unsigned i = 0; i < args->operands; i++) {
        int code = run_path(drill, args->operand[i], 0);
        if (code != CLI_OK)
            return code;
    }
    if (drill->list)
        return CLI_OK;
    const struct drill_totals *t = &drill->totals;
    if (t->passed + t->failed + t->needs + t->broken == 0)
        return cli_misused("drill", "there is no script there: their names end with .pkt");
    drill_report_totals(t);
    return exit_code(t);
}

int cli_drill(int argc, char **argv)
{
    struct drill drill = {.options = {.profile = CIAO_PROFILE_LINUX, .out = stdout, .tell = true}};
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    struct args args = {.verb = "drill",
                        .option = options,
                        .context = &drill,
                        .operand = operands,
                        .operands_most = (unsigned)argc};
    if (operands == NULL)
        return cli_fail("drill", "there is no memory");
    int code = args_read(&args, argc, argv);
    if (code == CLI_OK && args.operands == 0)
        code = cli_misused("drill", "name a script, or a folder of scripts");
    else if (code == CLI_OK)
        code = run_all(&drill, &args);
    free(operands);
    return code;
}
