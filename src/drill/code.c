/*
 * Statements of %{ }%.
 */
#include "drill/code.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define INDENT_ANY UINT32_MAX

struct code_room {
    struct code_room *next;
    _Alignas(16) unsigned char bytes[];
};

void *code_room(struct code *code, size_t bytes)
{
    struct code_room *room = calloc(1, sizeof *room + bytes);
    if (room == NULL)
        abort();
    room->next = code->rooms;
    code->rooms = room;
    return room->bytes;
}

char *code_text(struct code *code, const char *text, size_t len)
{
    char *copy = code_room(code, len + 1);
    memcpy(copy, text, len);
    return copy;
}

void code_wrong(struct code *code, const char *format, ...)
{
    va_list args;
    if (code->failed || code->idle > 0)
        return;
    code->failed = true;
    va_start(args, format);
    (void)vsnprintf(code->wrong, sizeof code->wrong, format, args);
    va_end(args);
}

void code_free(struct code *code)
{
    if (code == NULL)
        return;
    while (code->rooms != NULL) {
        struct code_room *room = code->rooms;
        code->rooms = room->next;
        free(room);
    }
    free(code);
}

/* ---- simple statements ---- */

/* Text between two places, on one line, for a message. */
static const char *said(struct code *code, const char *start)
{
    char *text = code_text(code, start, (size_t)(code->at - start));
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    return text;
}

static void do_assert(struct code *code)
{
    code_skip(code);
    const char *start = code->at;
    struct code_value holds = code_expression(code);
    const char *claim = said(code, start);
    bool has_message = code_takes(code, ",");
    struct code_value message = {.kind = CODE_NONE};
    if (has_message)
        message = code_expression(code);
    if (code->idle > 0 || code->failed || code_truth(&holds))
        return;
    code->asserted = true;
    run_expected(code->run, "%s", claim);
    if (has_message)
        run_seen(code->run, "%s", code_string(code, &message));
    code_wrong(code, "the assertion does not hold");
}

static bool takes_assignment(struct code *code, const char **op)
{
    static const char *const ops[] = {
        "**=", "//=", "<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="};
    for (unsigned i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (!code_takes(code, ops[i]))
            continue;
        *op = code_text(code, ops[i], strlen(ops[i]) - 1);
        return true;
    }
    *op = NULL;
    code_skip(code);
    return code->at[0] == '=' && code->at[1] != '=' && code_takes(code, "=");
}

/* name = value, name += value; or a value alone. */
static void do_value(struct code *code)
{
    const char *start = code->at, *op;
    const char *name = code_name(code);
    if (name == NULL || !takes_assignment(code, &op)) {
        code->at = start;
        (void)code_expressions(code);
        return;
    }
    struct code_value value = code_expressions(code);
    const struct code_value *old = op != NULL ? code_variable(code, name) : NULL;
    if (op != NULL && old == NULL)
        code_wrong(code, "the name \"%s\" is not known", name);
    else if (op != NULL && code->idle == 0)
        value = code_operate(code, op, old, &value);
    code_assign(code, name, &value);
}

static void do_simple(struct code *code)
{
    static const char *const unknown[] = {"import", "from", "for",    "while", "def",
                                          "class",  "try",  "lambda", "with",  "return"};
    code_skip(code);
    for (unsigned i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        if (code_takes_word(code, unknown[i]))
            code_wrong(code, "\"%s\" is more of Python than ciao knows", unknown[i]);
    if (code->failed)
        return;
    if (code_takes_word(code, "assert"))
        do_assert(code);
    else if (!code_takes_word(code, "pass"))
        do_value(code);
}

/* a; b; c up to the end of the line, which is taken. */
static void do_line(struct code *code)
{
    for (;;) {
        code_skip(code);
        if (*code->at == '\n' || *code->at == '\0')
            break;
        do_simple(code);
        code_skip(code);
        if (code->failed || *code->at == '\n' || *code->at == '\0')
            break;
        if (!code_takes(code, ";")) {
            code_wrong(code, "this is not understood: \"%.20s\"", code->at);
            break;
        }
    }
    if (*code->at == '\n')
        code->at++;
}

/* ---- blocks ---- */

/* Pass lines with nothing on them; returns how far the next one is indented. */
static unsigned next_indent(struct code *code)
{
    for (;;) {
        const char *p = code->at;
        unsigned indent = 0;
        for (; *p == ' ' || *p == '\t' || *p == '\r'; p++)
            indent += *p == '\t' ? 8 : 1;
        if (*p == '#')
            p += strcspn(p, "\n");
        if (*p != '\n')
            return indent;
        code->at = p + 1;
    }
}

static void do_block(struct code *code, unsigned indent);

/* What stands behind "if c:", on the line or indented below it. */
static void do_branch(struct code *code, unsigned indent, bool taken)
{
    code->idle += !taken;
    if (!code_takes(code, ":"))
        code_wrong(code, "\":\" should come at \"%.12s\"", code->at);
    code_skip(code);
    if (*code->at != '\n') {
        do_line(code);
    } else {
        code->at++;
        unsigned inner = next_indent(code);
        if (inner <= indent && indent != INDENT_ANY)
            code_wrong(code, "nothing is indented below \"if\"");
        else
            do_block(code, inner);
    }
    code->idle -= !taken;
}

static void do_if(struct code *code, unsigned indent)
{
    struct code_value condition = code_expression(code);
    bool taken = code_truth(&condition), done = taken;
    do_branch(code, indent, taken);
    while (!code->failed && *code->at != '\0' && next_indent(code) == indent) {
        const char *here = code->at;
        if (code_takes_word(code, "elif")) {
            condition = code_expression(code);
            taken = !done && code_truth(&condition);
            done |= taken;
            do_branch(code, indent, taken);
        } else if (code_takes_word(code, "else")) {
            do_branch(code, indent, !done);
            return;
        } else {
            code->at = here;
            return;
        }
    }
}

static void do_block(struct code *code, unsigned indent)
{
    while (!code->failed && *code->at != '\0') {
        unsigned here = next_indent(code);
        if (*code->at == '\0' || (here < indent && indent != INDENT_ANY))
            return;
        code_skip(code);
        if (code_takes_word(code, "if"))
            do_if(code, here);
        else
            do_line(code);
    }
}

/* ---- one %{ }% ---- */

static struct code *open_code(struct run *run)
{
    if (run->code == NULL) {
        run->code = calloc(1, sizeof *run->code);
        if (run->code == NULL)
            abort();
        run->code->run = run;
    }
    return run->code;
}

static bool look_at_connection(struct run *run, struct code *code)
{
    int fd = run->talk != NULL ? run->talk->live_fd : -1;
    uint32_t len = sizeof code->info, memory_len = sizeof code->memory;
    struct ciao_name info = {&code->info, &len}, memory = {code->memory, &memory_len};
    memset(&code->info, 0, sizeof code->info);
    memset(code->memory, 0, sizeof code->memory);
    int failed =
        fd < 0 ? -1 : ciao_getsockopt(run->sockets, fd, CIAO_IPPROTO_TCP, CIAO_TCP_INFO, &info);
    if (failed < 0)
        return false;
    (void)!ciao_getsockopt(run->sockets, fd, CIAO_SOL_SOCKET, CIAO_SO_MEMINFO, &memory);
    return true;
}

void code_run(struct run *run, const char *text, unsigned line)
{
    struct code *code = open_code(run);
    if (!look_at_connection(run, code)) {
        run_fail(run, line, "there is no connection to look at: none was accepted or opened yet");
        return;
    }
    code->at = text + strspn(text, " \t");
    code->depth = code->nesting = code->idle = 0;
    code->failed = code->asserted = false;
    do_block(code, INDENT_ANY);
    if (code->failed)
        run_fail(run, line, "%s", code->wrong);
}
