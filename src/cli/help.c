/*
 * The verbs, and their help in both languages.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "tell/tell.h"

#define VERBS_MOST 16

const struct cli_verb cli_verbs[] = {
    {"demo", cli_demo, "two hosts in memory open, talk and close, and tell their life",
     "内存里的两台主机：建立连接、交谈、告别，并讲述这一生", cli_demo_help_en, cli_demo_help_zh,
     NULL, NULL},
    {"listen", cli_listen, "wait for connections on this stack, as netcat does",
     "用这个协议栈等待连接，如同 netcat", cli_listen_help_en, cli_listen_help_zh,
     cli_net_options_en, cli_net_options_zh},
    {"connect", cli_connect, "connect with this stack, as netcat does",
     "用这个协议栈发起连接，如同 netcat", cli_connect_help_en, cli_connect_help_zh,
     cli_net_options_en, cli_net_options_zh},
    {"bench", cli_bench, "measure how fast this stack is on this machine",
     "测量这个协议栈在本机上有多快", cli_bench_help_en, cli_bench_help_zh, NULL, NULL},
    {"drill", cli_drill, "run tests in packetdrill's language on this stack",
     "在这个协议栈上运行 packetdrill 语言的测试", cli_drill_help_en, cli_drill_help_zh, NULL, NULL},
    {"help", cli_help, "explain a verb", "解释一个命令", cli_help_help_en, cli_help_help_zh, NULL,
     NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const char cli_help_help_en[] = "Usage: ciao help [VERB] [--lang en|zh]\n"
                                "\n"
                                "Explains a verb; without one, lists them all.\n";
const char cli_help_help_zh[] = "用法：ciao help [命令] [--lang en|zh]\n"
                                "\n"
                                "解释一个命令；不带命令时列出全部命令。\n";

const struct cli_verb *cli_verb_named(const char *name)
{
    for (const struct cli_verb *verb = cli_verbs; verb->name; verb++)
        if (strcmp(verb->name, name) == 0)
            return verb;
    return NULL;
}

int cli_unknown_verb(const char *asked_by, const char *word)
{
    const char *names[VERBS_MOST + 1] = {NULL};
    const char *meant;

    for (unsigned i = 0; cli_verbs[i].name && i < VERBS_MOST; i++)
        names[i] = cli_verbs[i].name;
    meant = cli_meant(word, names);
    if (meant)
        return cli_misused(asked_by, "there is no verb \"%s\"; did you mean \"%s\"?", word, meant);
    return cli_misused(asked_by, "there is no verb \"%s\"", word);
}

int cli_overview(bool chinese)
{
    (void)fputs(chinese ? "ciao：一个会讲述每条连接一生的 TCP/IP 协议栈。\n\n"
                          "用法：ciao 命令 [选项]\n\n"
                        : "ciao: a TCP/IP stack that tells the life of every connection.\n\n"
                          "Usage: ciao VERB [OPTIONS]\n\n",
                stdout);
    for (const struct cli_verb *verb = cli_verbs; verb->name; verb++)
        (void)printf("  %-9s %s\n", verb->name, chinese ? verb->line_zh : verb->line_en);
    (void)fputs(chinese ? "\n“ciao help 命令”解释每个命令；“ciao --version”显示版本。\n"
                          "退出码：0 成功，1 失败，2 用法错误。\n"
                        : "\n\"ciao help VERB\" explains one; \"ciao --version\" says which ciao "
                          "this is.\n"
                          "Exit codes: 0 success, 1 failure, 2 wrong usage.\n",
                stdout);
    return CLI_OK;
}

int cli_verb_help(const struct cli_verb *verb, bool chinese)
{
    const char *more = chinese ? verb->more_zh : verb->more_en;

    (void)fputs(chinese ? verb->help_zh : verb->help_en, stdout);
    if (more)
        (void)fputs(more, stdout);
    return CLI_OK;
}

/* Takes --lang XX or --lang=XX at argv[*i].  Returns whether it was that; language stays on "?". */
static bool takes_lang(int argc, char **argv, int *i, enum tell_lang *lang, bool *good)
{
    const char *value = NULL;

    if (strncmp(argv[*i], "--lang=", 7) == 0)
        value = argv[*i] + 7;
    else if (strcmp(argv[*i], "--lang") != 0)
        return false;
    else if (*i + 1 < argc)
        value = argv[++*i];
    *good = value && tell_lang_parse(value, lang);
    return true;
}

int cli_help(int argc, char **argv)
{
    enum tell_lang lang = tell_lang_default();
    const struct cli_verb *verb = NULL;
    bool good = true;

    for (int i = 1; i < argc; i++) {
        if (takes_lang(argc, argv, &i, &lang, &good)) {
            if (!good)
                return cli_misused("help", "--lang takes \"en\" or \"zh\"");
        } else if (verb) {
            return cli_misused("help", "one verb at a time, please");
        } else {
            verb = cli_verb_named(argv[i]);
            if (!verb)
                return cli_unknown_verb("help", argv[i]);
        }
    }
    return verb ? cli_verb_help(verb, lang == TELL_ZH) : cli_overview(lang == TELL_ZH);
}
