/*
 * `ciao demo`: two hosts in memory open, talk and close, and their whole life is told.  The
 * command line.
 */
#include "cli/demo.h"

#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"

const char cli_demo_help_en[] =
    "ciao demo [OPTIONS]\n"
    "\n"
    "Two hosts in memory open a connection, talk and close; no root, no network, a virtual\n"
    "clock.  Everything told is read from the events of two real stacks.  Each step has four\n"
    "parts: the scene, what really happened, what the two shy programs said, the states.\n"
    "\n"
    "  --open active|simultaneous   one calls and one listens, or both call at once\n"
    "  --close active|passive|simultaneous|half|merged|abort\n"
    "                               who says goodbye, and how\n"
    "  --lose N,...                 lose these segments (their number on the wire, from 1)\n"
    "  --dup N,...                  double these segments\n"
    "  --old-duplicate              a segment of an old connection meets the new one on the\n"
    "                               same ports; with --msl 0 (no TIME-WAIT, and then no\n"
    "                               timestamps either) it gets in\n"
    "  --msl MS                     maximum segment lifetime in milliseconds; TIME-WAIT is twice\n"
    "                               that\n"
    "  --why three|four|2msl|time-wait|close-wait|half-close\n"
    "                               a page that answers, with the run that proves it\n"
    "  --format text|mermaid|json   text\n"
    "  --lang en|zh                 from LC_ALL, LC_MESSAGES or LANG\n"
    "\n"
    "Examples\n"
    "  ciao demo --close half\n"
    "  ciao demo --lose 3           the ACK of the handshake is lost\n"
    "  ciao demo --old-duplicate --msl 0\n"
    "  ciao demo --why four --lang zh\n";

const char cli_demo_help_zh[] =
    "ciao demo [选项]\n"
    "\n"
    "内存里的两台主机建立连接、交谈、告别；不需要 root，不碰网络，时钟是虚拟的。\n"
    "讲的每一句都读自两套真实协议栈的事件。每一步有四个部分：场景、实际发生的事、\n"
    "两个害羞的程序说了什么、双方的状态。\n"
    "\n"
    "  --open active|simultaneous   一方呼叫、一方监听，或者双方同时呼叫\n"
    "  --close active|passive|simultaneous|half|merged|abort\n"
    "                               谁先告别，怎样告别\n"
    "  --lose N,...                 丢掉这些报文段（线上的编号，从 1 开始）\n"
    "  --dup N,...                  把这些报文段变成两份\n"
    "  --old-duplicate              旧连接的一个报文段在同一对端口上遇到新连接；加上 --msl 0\n"
    "                               （没有 TIME-WAIT，也就不用时间戳）它会混进来\n"
    "  --msl MS                     报文段最长寿命，毫秒；TIME-WAIT 是它的两倍\n"
    "  --why three|four|2msl|time-wait|close-wait|half-close\n"
    "                               用一页回答为什么，附上作为证明的真实运行\n"
    "  --format text|mermaid|json   默认 text\n"
    "  --lang en|zh                 默认取自 LC_ALL、LC_MESSAGES 或 LANG\n"
    "\n"
    "例子\n"
    "  ciao demo --close half\n"
    "  ciao demo --lose 3           握手的 ACK 丢了\n"
    "  ciao demo --old-duplicate --msl 0\n"
    "  ciao demo --why four --lang zh\n";

static const char *const open_names[] = {"active", "simultaneous", NULL};
static const char *const close_names[] = {"active", "passive", "simultaneous", "half", "merged",
                                          "abort",  NULL};

static int index_of(const char *const *names, const char *value)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], value) == 0)
            return i;
    return -1;
}

static const char *set_open(void *context, const char *value)
{
    int found = index_of(open_names, value);
    if (found < 0)
        return "active or simultaneous";
    ((struct demo_options *)context)->open = (enum demo_open)found;
    return NULL;
}

static const char *set_close(void *context, const char *value)
{
    int found = index_of(close_names, value);
    if (found < 0)
        return "active, passive, simultaneous, half, merged or abort";
    ((struct demo_options *)context)->close = (enum demo_close)found;
    return NULL;
}

static bool read_numbers(const char *value, uint32_t *numbers, unsigned *n)
{
    for (;;) {
        char *end;
        if (*value < '0' || *value > '9' || *n == LINK_FAULTS)
            return false;
        unsigned long number = strtoul(value, &end, 10);
        if (number == 0 || number > 1000000)
            return false;
        numbers[(*n)++] = (uint32_t)number;
        if (*end == '\0')
            return true;
        if (*end != ',')
            return false;
        value = end + 1;
    }
}

static const char *set_lose(void *context, const char *value)
{
    struct link_plan *plan = &((struct demo_options *)context)->link;
    return read_numbers(value, plan->lose, &plan->n_lose)
               ? NULL
               : "up to 16 numbers of segments from 1, as in 3,5";
}

static const char *set_dup(void *context, const char *value)
{
    struct link_plan *plan = &((struct demo_options *)context)->link;
    return read_numbers(value, plan->dup, &plan->n_dup)
               ? NULL
               : "up to 16 numbers of segments from 1, as in 3,5";
}

static const char *set_old(void *context, const char *value)
{
    (void)value;
    ((struct demo_options *)context)->old_duplicate = true;
    return NULL;
}

static const char *set_msl(void *context, const char *value)
{
    struct demo_options *options = context;
    char *end;
    unsigned long ms = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || ms > 600000)
        return "milliseconds, 0 to 600000";
    options->msl_given = true;
    options->msl_us = (uint32_t)ms * 1000;
    return NULL;
}

static const char *set_why(void *context, const char *value)
{
    if (index_of(why_names, value) < 0)
        return "three, four, 2msl, time-wait, close-wait or half-close";
    ((struct demo_options *)context)->why = value;
    return NULL;
}

static const char *set_lang(void *context, const char *value)
{
    return tell_lang_parse(value, &((struct demo_options *)context)->lang) ? NULL : "en or zh";
}

static const char *set_format(void *context, const char *value)
{
    enum tell_format format;
    bool known = tell_format_parse(value, &format)
                 && (format == TELL_TEXT || format == TELL_MERMAID || format == TELL_JSON);
    if (!known)
        return "text, mermaid or json";
    ((struct demo_options *)context)->format = format;
    return NULL;
}

static const struct args_option demo_args[] = {
    {"--open", ARGS_NEEDED, set_open},       {"--close", ARGS_NEEDED, set_close},
    {"--lose", ARGS_NEEDED, set_lose},       {"--dup", ARGS_NEEDED, set_dup},
    {"--old-duplicate", ARGS_NONE, set_old}, {"--msl", ARGS_NEEDED, set_msl},
    {"--why", ARGS_NEEDED, set_why},         {"--lang", ARGS_NEEDED, set_lang},
    {"--format", ARGS_NEEDED, set_format},   {NULL, ARGS_NONE, NULL},
};

/* A number that no segment bore is worth a word: the story went otherwise than asked. */
static void say_unused(const struct demo_options *options, const struct world *world)
{
    struct link_account account = link_account(world->link);
    if (account.lost < options->link.n_lose || account.doubled < options->link.n_dup)
        cli_note("demo", "only %u segments crossed the wire, so not every --lose or --dup applied",
                 account.segments);
}

static int tell_demo(const struct demo_options *options)
{
    struct demo_plan plan;
    struct world world;
    demo_plan_make(&plan, options);
    if (!world_run(&world, &plan.world)) {
        world_free(&world);
        return cli_fail("demo", "the two hosts could not be made, or did not come to an end");
    }
    demo_tell(stdout, &world, options);
    say_unused(options, &world);
    bool empty = world_is_empty(&world);
    world_free(&world);
    return empty ? CLI_OK : cli_fail("demo", "something was left in a stack's tables");
}

/* Does some option shape a run of the demo's own? */
static bool shapes_a_run(const struct demo_options *options)
{
    return options->open != DEMO_OPEN_ACTIVE || options->close != DEMO_CLOSE_ACTIVE
           || options->link.n_lose > 0 || options->link.n_dup > 0 || options->old_duplicate
           || options->msl_given;
}

int cli_demo(int argc, char **argv)
{
    const char *operand[1];
    struct demo_options options = {.lang = tell_lang_default(), .format = TELL_TEXT};
    struct args args = {.verb = "demo",
                        .option = demo_args,
                        .context = &options,
                        .operand = operand,
                        .operands_most = 0};
    int code = args_read(&args, argc, argv);
    if (code != CLI_OK)
        return code;
    if (options.old_duplicate && options.open != DEMO_OPEN_ACTIVE)
        return cli_misused("demo", "--old-duplicate has an opening of its own: leave --open away");
    if (options.old_duplicate && options.close != DEMO_CLOSE_ACTIVE)
        return cli_misused("demo", "--old-duplicate has a close of its own: leave --close away");
    if (options.why != NULL && options.format != TELL_TEXT)
        return cli_misused("demo", "--why writes pages of text: leave --format away");
    if (options.why != NULL && shapes_a_run(&options))
        return cli_misused("demo", "--why has runs of its own: leave all but --lang away");
    if (options.why != NULL)
        return why_page(stdout, &options);
    return tell_demo(&options);
}
