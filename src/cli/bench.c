/*
 * ciao bench: how fast this stack is on this machine.  What is measured, and how, is in bench/.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "cli/args.h"
#include "cli/cli.h"

#define WORDS_MOST      64
#define SECONDS_DEFAULT 0.5
#define SECONDS_MOST    3600
#define ABOUT_MOST      200

const char cli_bench_help_en[] =
    "Usage: ciao bench [ROW...] [--json] [--seconds S] [--verify] [--list]\n"
    "       ciao bench --about\n"
    "\n"
    "Measures two full stacks in one process on one thread, joined by a link in memory:\n"
    "checksums computed and verified in software, real copies in and out of the program's\n"
    "buffers.  What is counted is the processor's time of everything together; the median of\n"
    "seven runs is printed.  The rows tun-... have the kernel's TCP at the other end of a TUN\n"
    "interface instead, on the same core; nobody sums there, and without TUN they are left out.\n"
    "\n"
    "  ROW              a name, or its beginning: bulk, bulk-1500, bulk-1500/ipv4/64k;\n"
    "                   without one, all but those that take long or much memory\n"
    "  --list           print the rows and what they measure; nothing runs\n"
    "  --seconds S      measure each row for so long (0.5)\n"
    "  --json           an object a line: row, value, unit\n"
    "  --verify         compare every byte at the receiver, and hand in, ahead of each frame,\n"
    "                   a copy with one byte changed, which must be dropped; slower for it\n"
    "  --work N         one run of N units of a row's work (bytes, connections, round trips):\n"
    "                   for counting instructions by the difference of two runs, as\n"
    "                   bench/instructions does\n"
    "  --about          what figures depend on: compiler, libc, vector instructions; as JSON\n"
    "\n"
    "Example: ciao bench bulk-1500 round-trip --seconds 2\n";

const char cli_bench_help_zh[] =
    "用法：ciao bench [项目...] [--json] [--seconds 秒] [--verify] [--list]\n"
    "      ciao bench --about\n"
    "\n"
    "在一个进程的一个线程里测量两个完整的协议栈，它们由内存里的链路相连：校验和由软件\n"
    "计算并验证，数据真实地拷入、拷出程序的缓冲区。计入的是全部处理器时间，\n"
    "打印七次运行的中位数。tun-... 项目的另一端是内核的 TCP，经 TUN 接口相连，在同一个核上；\n"
    "那里双方都不计算校验和，没有 TUN 时略过。\n"
    "\n"
    "  项目             名字或名字的开头：bulk、bulk-1500、bulk-1500/ipv4/64k；\n"
    "                   不写则测量全部，费时或费内存的除外\n"
    "  --list           列出项目和它们测量什么；不运行\n"
    "  --seconds 秒     每个项目测量这么久（默认 0.5）\n"
    "  --json           每行一个对象：row、value、unit\n"
    "  --verify         在接收方比较每个字节；每个帧之前先送入改动了\n"
    "                   一个字节的副本，它必须被丢弃；会变慢\n"
    "  --work N         只运行一次，做 N 个单位的工作（字节、连接、往返）：\n"
    "                   用两次运行之差计算指令数，bench/instructions 就是这样做的\n"
    "  --about          数字取决于什么：编译器、libc、向量指令；JSON 格式\n"
    "\n"
    "例：ciao bench bulk-1500 round-trip --seconds 2\n";

struct asked {
    struct bench bench;
    bool json, list, about;
};

static const char *set_json(void *context, const char *value)
{
    (void)value;
    ((struct asked *)context)->json = true;
    return NULL;
}

static const char *set_list(void *context, const char *value)
{
    (void)value;
    ((struct asked *)context)->list = true;
    return NULL;
}

static const char *set_about(void *context, const char *value)
{
    (void)value;
    ((struct asked *)context)->about = true;
    return NULL;
}

static const char *set_verify(void *context, const char *value)
{
    (void)value;
    ((struct asked *)context)->bench.verify = true;
    return NULL;
}

static const char *set_seconds(void *context, const char *value)
{
    char *end;
    double seconds = strtod(value, &end);

    if (end == value || *end != '\0' || !(seconds > 0 && seconds <= SECONDS_MOST))
        return "a number of seconds";
    ((struct asked *)context)->bench.seconds = seconds;
    return NULL;
}

static const char *set_work(void *context, const char *value)
{
    char *end;
    unsigned long long units = strtoull(value, &end, 10);

    if (value[0] < '1' || value[0] > '9' || *end != '\0')
        return "a whole number of units";
    ((struct asked *)context)->bench.work = units;
    return NULL;
}

static const struct args_option options[] = {
    {"--json", ARGS_NONE, set_json},
    {"--list", ARGS_NONE, set_list},
    {"--verify", ARGS_NONE, set_verify},
    {"--seconds", ARGS_NEEDED, set_seconds},
    {"--work", ARGS_NEEDED, set_work},
    {"--about", ARGS_NONE, set_about},
    {NULL, ARGS_NONE, NULL},
};

static void tell_text(void *context, const struct bench_figure *figure)
{
    int digits = figure->value < 1000 ? 2 : 0;

    (void)context;
    (void)printf("%-40s %12.*f %s\n", figure->row, digits, figure->value, figure->unit);
    (void)fflush(stdout);
}

static void tell_json(void *context, const struct bench_figure *figure)
{
    (void)context;
    (void)printf("{\"row\":\"%s\",\"value\":%.9g,\"unit\":\"%s\"}\n", figure->row, figure->value,
                 figure->unit);
    (void)fflush(stdout);
}

/* NULL when every word means some row; otherwise the word that means none. */
static const char *unknown_word(const struct args *args)
{
    for (unsigned i = 0; i < args->operands; i++) {
        const struct bench_row *row = bench_rows;

        while (row->name && !bench_row_is_meant(row, args->operand[i]))
            row++;
        if (!row->name)
            return args->operand[i];
    }
    return NULL;
}

static bool is_asked_for(const struct args *args, const struct bench_row *row)
{
    for (unsigned i = 0; i < args->operands; i++)
        if (bench_row_is_meant(row, args->operand[i]))
            return true;
    return args->operands == 0 && !row->by_name;
}

static void list(const struct args *args)
{
    for (const struct bench_row *row = bench_rows; row->name; row++)
        if (args->operands == 0 || is_asked_for(args, row))
            (void)printf("%-40s %s%s\n", row->name, row->says,
                         row->by_name ? " (only when asked for)" : "");
}

static void about(void)
{
    char text[ABOUT_MOST];

    bench_about(text, sizeof text);
    (void)puts(text);
}

int cli_bench(int argc, char **argv)
{
    const char *words[WORDS_MOST];
    struct asked asked = {.bench = {.seconds = SECONDS_DEFAULT}};
    struct args args = {.verb = "bench",
                        .option = options,
                        .context = &asked,
                        .operand = words,
                        .operands_most = WORDS_MOST};
    const char *unknown;

    if (args_read(&args, argc, argv) != CLI_OK)
        return CLI_USAGE;
    unknown = unknown_word(&args);
    if (unknown)
        return cli_misused("bench", "there is no row \"%s\"; \"ciao bench --list\" has them all",
                           unknown);
    if (asked.list) {
        list(&args);
        return CLI_OK;
    }
    if (asked.about) {
        about();
        return CLI_OK;
    }
    asked.bench.tell = asked.json ? tell_json : tell_text;
    for (const struct bench_row *row = bench_rows; row->name; row++)
        if (is_asked_for(&args, row))
            row->run(row, &asked.bench);
    return CLI_OK;
}
