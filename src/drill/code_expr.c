/*
 * Expressions of %{ }%, read and worked out in one pass: a function for each level of Python's
 * precedence.  What is not to be worked out (the right side of "False and ...") is read with
 * code->idle set.
 */
#include <stdlib.h>
#include <string.h>

#include "drill/code.h"
#include "drill/names.h"

#define ITEMS_MOST 32u

/* ---- reading ---- */

void code_skip(struct code *code)
{
    for (;;) {
        char c = *code->at;
        if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && code->depth > 0))
            code->at++;
        else if (c == '\\' && code->at[1] == '\n')
            code->at += 2;
        else if (c == '#')
            code->at += strcspn(code->at, "\n");
        else
            return;
    }
}

static bool name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool code_takes(struct code *code, const char *text)
{
    size_t len = strlen(text);
    code_skip(code);
    if (strncmp(code->at, text, len) != 0)
        return false;
    code->at += len;
    return true;
}

bool code_takes_word(struct code *code, const char *word)
{
    size_t len = strlen(word);
    code_skip(code);
    if (strncmp(code->at, word, len) != 0 || name_character(code->at[len]))
        return false;
    code->at += len;
    return true;
}

const char *code_name(struct code *code)
{
    code_skip(code);
    const char *start = code->at;
    if (!name_character(*start) || (*start >= '0' && *start <= '9'))
        return NULL;
    while (name_character(*code->at))
        code->at++;
    return code_text(code, start, (size_t)(code->at - start));
}

/* Takes an operator that is not the beginning of a longer one, nor of an assignment. */
static bool takes_operator(struct code *code, const char *op)
{
    size_t len = strlen(op);
    code_skip(code);
    if (strncmp(code->at, op, len) != 0)
        return false;
    char next = code->at[len];
    bool longer = next == '=' || (len == 1 && strchr("*/<>", op[0]) != NULL && next == op[0]);
    if (longer && strchr("=!", op[0]) == NULL && strcmp(op, "<=") != 0 && strcmp(op, ">=") != 0)
        return false;
    code->at += len;
    return true;
}

/* ---- what stands alone ---- */

static struct code_value read_number(struct code *code)
{
    char *end;
    const char *start = code->at;
    if (start[0] == '0' && (start[1] == 'x' || start[1] == 'X')) {
        unsigned long long number = strtoull(start, &end, 16);
        code->at = end;
        return code_of_int((code_int)number);
    }
    size_t digits = strspn(start, "0123456789_");
    if (start[digits] == '.' || start[digits] == 'e') {
        double number = strtod(start, &end);
        code->at = end;
        return code_of_float(number);
    }
    code_int number = 0;
    for (size_t i = 0; i < digits && i < 36; i++)
        number = start[i] == '_' ? number : number * 10 + (start[i] - '0');
    code->at += digits;
    return code_of_int(number);
}

static char unescaped(char c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

static struct code_value read_one_text(struct code *code)
{
    char quote = *code->at++;
    const char *start = code->at;
    while (*code->at != quote && *code->at != '\0' && *code->at != '\n')
        code->at += code->at[0] == '\\' && code->at[1] != '\0' ? 2 : 1;
    if (*code->at != quote) {
        code_wrong(code, "a text has no end");
        return code_of_text("");
    }
    char *text = code_room(code, (size_t)(code->at - start) + 1);
    size_t n = 0;
    for (const char *p = start; p < code->at; p++)
        text[n++] = *p == '\\' ? unescaped(*++p) : *p;
    code->at++;
    return code_of_text(text);
}

/* 'one' "behind" 'the other' is one text. */
static struct code_value read_text(struct code *code)
{
    struct code_value text = read_one_text(code);
    for (code_skip(code); !code->failed && (*code->at == '\'' || *code->at == '"');
         code_skip(code)) {
        struct code_value more = read_one_text(code);
        text = code_operate(code, "+", &text, &more);
    }
    return text;
}

struct code_value *code_variable(struct code *code, const char *name)
{
    for (struct code_variable *variable = code->variables; variable != NULL;
         variable = variable->next)
        if (strcmp(variable->name, name) == 0)
            return &variable->value;
    return NULL;
}

void code_assign(struct code *code, const char *name, const struct code_value *value)
{
    struct code_value *old = code_variable(code, name);
    if (code->idle > 0)
        return;
    if (old != NULL) {
        *old = *value;
        return;
    }
    struct code_variable *variable = code_room(code, sizeof *variable);
    *variable = (struct code_variable){name, *value, code->variables};
    code->variables = variable;
}

static struct code_value value_of_name(struct code *code, const char *name)
{
    code_int field;
    int64_t constant;
    const struct code_value *variable = code_variable(code, name);
    if (variable != NULL)
        return *variable;
    if (strcmp(name, "True") == 0 || strcmp(name, "False") == 0)
        return code_of_truth(name[0] == 'T');
    if (strcmp(name, "None") == 0)
        return (struct code_value){.kind = CODE_NONE};
    if (code_field(code, name, &field))
        return code_of_int(field);
    if (name_constant(name, &constant))
        return code_of_int(constant);
    code_wrong(code, "the name \"%s\" is not known", name);
    return code_of_int(0);
}

/* Items up to the closing bracket, which is taken.  Says whether there was a comma. */
static size_t read_items(struct code *code, struct code_value items[ITEMS_MOST], const char *close,
                         bool *comma)
{
    size_t n = 0;
    *comma = false;
    code->depth++;
    while (!code->failed && !code_takes(code, close)) {
        if (n > 0 && !code_takes(code, ",")) {
            code_wrong(code, "\"%s\" or \",\" should come at \"%.12s\"", close, code->at);
            break;
        }
        *comma |= n > 0;
        if (code_takes(code, close)) {
            *comma = true;
            break;
        }
        if (n == ITEMS_MOST)
            code_wrong(code, "more than %u things in brackets", ITEMS_MOST);
        else
            items[n++] = code_expression(code);
    }
    code->depth--;
    return n;
}

static struct code_value tuple_of(struct code *code, const struct code_value *items, size_t n)
{
    struct code_value *kept = code_room(code, (n + 1) * sizeof *kept);
    unsigned depth = 1;
    for (size_t i = 0; i < n; i++) {
        kept[i] = items[i];
        if (items[i].depth >= depth)
            depth = items[i].depth + 1;
    }
    if (depth > CODE_NESTING)
        code_wrong(code, "too many things within each other");
    return (struct code_value){.kind = CODE_TUPLE, .items = kept, .n = n, .depth = depth};
}

static struct code_value read_brackets(struct code *code, const char *close)
{
    struct code_value items[ITEMS_MOST];
    bool comma;
    size_t n = read_items(code, items, close, &comma);
    return n == 1 && !comma && close[0] == ')' ? items[0] : tuple_of(code, items, n);
}

static struct code_value read_name(struct code *code)
{
    struct code_value items[ITEMS_MOST];
    bool comma;
    const char *name = code_name(code);
    if (code_takes(code, "(")) {
        size_t n = read_items(code, items, ")", &comma);
        if (code->idle > 0 || code->failed)
            return code_of_int(0);
        return code_call(code, name, items, n);
    }
    return code->idle > 0 ? code_of_int(0) : value_of_name(code, name);
}

static struct code_value read_primary(struct code *code)
{
    code_skip(code);
    char c = *code->at;
    if ((c >= '0' && c <= '9') || (c == '.' && code->at[1] >= '0' && code->at[1] <= '9'))
        return read_number(code);
    if (c == '\'' || c == '"')
        return read_text(code);
    if (name_character(c))
        return read_name(code);
    if (c == '(' || c == '[') {
        code->at++;
        return read_brackets(code, c == '(' ? ")" : "]");
    }
    code_wrong(code, "a value should come at \"%.12s\"", code->at);
    return code_of_int(0);
}

/* ---- operators, from the tightest to the loosest ---- */

static bool goes_deeper(struct code *code)
{
    if (code->nesting == CODE_NESTING) {
        code_wrong(code, "too many things within each other");
        return false;
    }
    code->nesting++;
    return true;
}

static struct code_value read_unary(struct code *code)
{
    if (!goes_deeper(code))
        return code_of_int(0);
    struct code_value value, zero = code_of_int(0), ones = code_of_int(-1);
    code_skip(code);
    char c = *code->at;
    if (c == '-' || c == '+' || c == '~') {
        code->at++;
        value = read_unary(code);
        value = c == '~' ? code_operate(code, "^", &value, &ones)
                         : code_operate(code, c == '-' ? "-" : "+", &zero, &value);
    } else {
        value = read_primary(code);
        if (!code->failed && code_takes(code, "**")) {
            struct code_value power = read_unary(code);
            value = code_operate(code, "**", &value, &power);
        }
    }
    code->nesting--;
    return value;
}

#define LEVELS 6

/* Each level's operators, longest first. */
static const char *const levels[LEVELS][5] = {
    {"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "//", "/", "%"},
};

static struct code_value read_level(struct code *code, unsigned level)
{
    if (level == LEVELS)
        return read_unary(code);
    struct code_value value = read_level(code, level + 1);
    for (unsigned i = 0; !code->failed && levels[level][i] != NULL;) {
        const char *op = levels[level][i];
        if (!takes_operator(code, op)) {
            i++;
            continue;
        }
        struct code_value right = read_level(code, level + 1);
        if (code->idle == 0)
            value = code_operate(code, op, &value, &right);
        i = 0;
    }
    return value;
}

static const char *takes_comparison(struct code *code)
{
    static const char *const signs[] = {"==", "!=", "<=", ">=", "<", ">"};
    for (unsigned i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (takes_operator(code, signs[i]))
            return signs[i];
    if (code_takes_word(code, "in"))
        return "in";
    if (code_takes_word(code, "is"))
        return code_takes_word(code, "not") ? "is not" : "is";
    const char *here = code->at;
    if (code_takes_word(code, "not") && code_takes_word(code, "in"))
        return "not in";
    code->at = here;
    return NULL;
}

/* a <= b < c holds when both do. */
static struct code_value read_comparison(struct code *code)
{
    struct code_value left = read_level(code, 0);
    const char *op = takes_comparison(code);
    bool holds = true;
    if (op == NULL)
        return left;
    for (; op != NULL && !code->failed; op = takes_comparison(code)) {
        struct code_value right = read_level(code, 0);
        if (code->idle == 0 && holds)
            holds = code_compare(code, op, &left, &right);
        left = right;
    }
    return code_of_truth(holds);
}

static struct code_value read_not(struct code *code)
{
    bool any = false, turned = false;
    for (; code_takes_word(code, "not"); any = true)
        turned = !turned;
    struct code_value value = read_comparison(code);
    return any ? code_of_truth(code_truth(&value) != turned) : value;
}

/* The right side is worked out only when it can matter. */
static struct code_value read_and(struct code *code)
{
    struct code_value value = read_not(code);
    while (!code->failed && code_takes_word(code, "and")) {
        bool decided = !code_truth(&value);
        code->idle += decided;
        struct code_value right = read_not(code);
        code->idle -= decided;
        value = decided ? value : right;
    }
    return value;
}

static struct code_value read_or(struct code *code)
{
    struct code_value value = read_and(code);
    while (!code->failed && code_takes_word(code, "or")) {
        bool decided = code_truth(&value);
        code->idle += decided;
        struct code_value right = read_and(code);
        code->idle -= decided;
        value = decided ? value : right;
    }
    return value;
}

/* a if c else b.  What went wrong in a does not matter when c is false. */
static struct code_value read_choice(struct code *code)
{
    bool failed = code->failed;
    struct code_value value = read_or(code);
    if (!code_takes_word(code, "if"))
        return value;
    bool a_failed = code->failed;
    code->failed = failed;
    struct code_value condition = read_or(code);
    bool first = code_truth(&condition);
    code->failed |= a_failed && first;
    if (!code_takes_word(code, "else")) {
        code_wrong(code, "\"else\" should come at \"%.12s\"", code->at);
        return value;
    }
    code->idle += first;
    struct code_value other = code_expression(code);
    code->idle -= first;
    return first ? value : other;
}

struct code_value code_expression(struct code *code)
{
    if (!goes_deeper(code))
        return code_of_int(0);
    struct code_value value = read_choice(code);
    code->nesting--;
    return value;
}

struct code_value code_expressions(struct code *code)
{
    struct code_value items[ITEMS_MOST];
    size_t n = 0;
    items[n++] = code_expression(code);
    while (!code->failed && n < ITEMS_MOST && code_takes(code, ","))
        items[n++] = code_expression(code);
    return n == 1 ? items[0] : tuple_of(code, items, n);
}
