/*
 * Values of %{ }%: how they are added, compared and written, as Python does it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drill/code.h"

#define NUMBER_ROOM 48
#define TEXT_MOST   4096u
#define FORMAT_ROOM 1024

struct code_value code_of_int(code_int i)
{
    return (struct code_value){.kind = CODE_INT, .i = i};
}

struct code_value code_of_truth(bool truth)
{
    return (struct code_value){.kind = CODE_INT, .is_truth = true, .i = truth};
}

struct code_value code_of_float(double f)
{
    return (struct code_value){.kind = CODE_FLOAT, .f = f};
}

struct code_value code_of_text(const char *text)
{
    return (struct code_value){.kind = CODE_TEXT, .text = text};
}

bool code_truth(const struct code_value *value)
{
    switch (value->kind) {
    case CODE_NONE: return false;
    case CODE_INT: return value->i != 0;
    case CODE_FLOAT: return value->f != 0;
    case CODE_TEXT: return value->text[0] != '\0';
    case CODE_TUPLE: return value->n > 0;
    }
    return false;
}

/* ---- as text ---- */

static void print_int(code_int i, char out[NUMBER_ROOM])
{
    if (i < 0)
        (void)snprintf(out, NUMBER_ROOM, "%lld", (long long)i);
    else
        (void)snprintf(out, NUMBER_ROOM, "%llu", (unsigned long long)i);
}

static const char *tuple_string(struct code *code, const struct code_value *value)
{
    char text[FORMAT_ROOM];
    size_t at = 1;
    text[0] = '(';
    for (size_t i = 0; i < value->n && at + 2 < sizeof text; i++) {
        int n = snprintf(text + at, sizeof text - at, "%s%s", i > 0 ? ", " : "",
                         code_string(code, &value->items[i]));
        at += n > 0 ? (size_t)n : 0;
    }
    at = at + 2 < sizeof text ? at : sizeof text - 2;
    text[at++] = ')';
    return code_text(code, text, at);
}

const char *code_string(struct code *code, const struct code_value *value)
{
    char text[NUMBER_ROOM];
    switch (value->kind) {
    case CODE_NONE: return "None";
    case CODE_INT:
        if (value->is_truth)
            return value->i != 0 ? "True" : "False";
        print_int(value->i, text);
        return code_text(code, text, strlen(text));
    case CODE_FLOAT:
        (void)snprintf(text, sizeof text, "%.12g", value->f);
        if (strpbrk(text, ".en") == NULL)
            (void)strcat(text, ".0");
        return code_text(code, text, strlen(text));
    case CODE_TEXT: return value->text;
    case CODE_TUPLE: return tuple_string(code, value);
    }
    return "";
}

/* ---- operators ---- */

static double as_float(const struct code_value *value)
{
    return value->kind == CODE_FLOAT ? value->f : (double)value->i;
}

static bool is_number(const struct code_value *value)
{
    return value->kind == CODE_INT || value->kind == CODE_FLOAT;
}

/* These say false when the result has more bits than there are. */

/* Towards minus infinity, as Python divides. */
static bool floor_divide(code_int a, code_int b, code_int *quotient)
{
    if (b == -1)
        return !__builtin_sub_overflow((code_int)0, a, quotient);
    *quotient = a / b - (a % b != 0 && (a < 0) != (b < 0));
    return true;
}

static bool floor_rest(code_int a, code_int b, code_int *rest)
{
    *rest = b == -1 ? 0 : a % b;
    if (*rest != 0 && (a < 0) != (b < 0))
        *rest += b;
    return true;
}

static bool int_power(code_int a, code_int b, code_int *power)
{
    int times = (int)(b > 128 ? 128 + b % 2 : b);
    *power = 1;
    for (int i = 0; i < times; i++)
        if (__builtin_mul_overflow(*power, a, power))
            return false;
    return true;
}

static bool shifted(code_int a, code_int b, code_int *result)
{
    return int_power(2, b, result) && !__builtin_mul_overflow(a, *result, result);
}

static bool work_out(const char *op, code_int a, code_int b, code_int *result)
{
    if (strcmp(op, "**") == 0)
        return int_power(a, b, result);
    if (strcmp(op, "//") == 0)
        return floor_divide(a, b, result);
    if (strcmp(op, "<<") == 0)
        return shifted(a, b, result);
    switch (op[0]) {
    case '+': return !__builtin_add_overflow(a, b, result);
    case '-': return !__builtin_sub_overflow(a, b, result);
    case '*': return !__builtin_mul_overflow(a, b, result);
    case '%': return floor_rest(a, b, result);
    case '>': *result = a >> b; break;
    case '&': *result = a & b; break;
    case '|': *result = a | b; break;
    default: *result = a ^ b; break;
    }
    return true;
}

static struct code_value operate_ints(struct code *code, const char *op, code_int a, code_int b)
{
    bool divides = strcmp(op, "/") == 0 || strcmp(op, "//") == 0 || strcmp(op, "%") == 0;
    bool shifts = strcmp(op, "<<") == 0 || strcmp(op, ">>") == 0;
    if ((divides && b == 0) || (shifts && (b < 0 || b > 100))) {
        code_wrong(code, divides ? "division by zero" : "a shift by that much");
        return code_of_int(0);
    }
    code_int result = 0;
    if (strcmp(op, "/") == 0)
        return code_of_float((double)a / (double)b);
    if (strcmp(op, "**") == 0 && b < 0)
        return code_of_float(pow((double)a, (double)b));
    if (!work_out(op, a, b, &result))
        code_wrong(code, "this number has more than 127 bits");
    return code_of_int(result);
}

static struct code_value operate_floats(struct code *code, const char *op, double a, double b)
{
    if (strcmp(op, "**") == 0)
        return code_of_float(pow(a, b));
    if ((op[0] == '/' || op[0] == '%') && b == 0) {
        code_wrong(code, "division by zero");
        return code_of_float(0);
    }
    if (strcmp(op, "//") == 0)
        return code_of_float(floor(a / b));
    switch (op[0]) {
    case '+': return code_of_float(a + b);
    case '-': return code_of_float(a - b);
    case '*': return code_of_float(a * b);
    case '/': return code_of_float(a / b);
    case '%': return code_of_float(a - b * floor(a / b));
    default:
        code_wrong(code, "\"%s\" is not for numbers with a fraction", op);
        return code_of_float(0);
    }
}

static struct code_value join(struct code *code, const char *a, const char *b)
{
    size_t len = strlen(a);
    if (len + strlen(b) > TEXT_MOST) {
        code_wrong(code, "a text of more than %u characters", TEXT_MOST);
        return code_of_text("");
    }
    char *both = code_room(code, len + strlen(b) + 1);
    memcpy(both, a, len);
    memcpy(both + len, b, strlen(b) + 1);
    return code_of_text(both);
}

struct code_value code_operate(struct code *code, const char *op, const struct code_value *a,
                               const struct code_value *b)
{
    if (a->kind == CODE_TEXT && strcmp(op, "%") == 0)
        return code_format(code, a->text, b);
    if (a->kind == CODE_TEXT && b->kind == CODE_TEXT && strcmp(op, "+") == 0)
        return join(code, a->text, b->text);
    if (a->kind == CODE_INT && b->kind == CODE_INT)
        return operate_ints(code, op, a->i, b->i);
    if (is_number(a) && is_number(b))
        return operate_floats(code, op, as_float(a), as_float(b));
    code_wrong(code, "\"%s\" between these two makes no sense", op);
    return code_of_int(0);
}

static int order_of(struct code *code, const struct code_value *a, const struct code_value *b,
                    bool *same_kind)
{
    *same_kind = true;
    if (a->kind == CODE_INT && b->kind == CODE_INT)
        return (a->i > b->i) - (a->i < b->i);
    if (is_number(a) && is_number(b))
        return (as_float(a) > as_float(b)) - (as_float(a) < as_float(b));
    if (a->kind == CODE_TEXT && b->kind == CODE_TEXT)
        return strcmp(a->text, b->text);
    if (a->kind == CODE_TUPLE && b->kind == CODE_TUPLE)
        return strcmp(code_string(code, a), code_string(code, b));
    *same_kind = a->kind == b->kind;
    return *same_kind ? 0 : 1;
}

static bool is_in(struct code *code, const struct code_value *a, const struct code_value *b)
{
    bool same;
    if (a->kind == CODE_TEXT && b->kind == CODE_TEXT)
        return strstr(b->text, a->text) != NULL;
    if (b->kind != CODE_TUPLE) {
        code_wrong(code, "\"in\" needs a tuple or a text behind it");
        return false;
    }
    for (size_t i = 0; i < b->n; i++)
        if (order_of(code, a, &b->items[i], &same) == 0 && same)
            return true;
    return false;
}

bool code_compare(struct code *code, const char *op, const struct code_value *a,
                  const struct code_value *b)
{
    bool same_kind;
    if (strcmp(op, "in") == 0 || strcmp(op, "not in") == 0)
        return is_in(code, a, b) == (op[0] == 'i');
    int order = order_of(code, a, b, &same_kind);
    if (strcmp(op, "==") == 0 || strcmp(op, "is") == 0)
        return order == 0;
    if (strcmp(op, "!=") == 0 || strcmp(op, "is not") == 0)
        return order != 0;
    if (!same_kind) {
        code_wrong(code, "\"%s\" between these two makes no sense", op);
        return false;
    }
    if (op[0] == '<')
        return op[1] == '=' ? order <= 0 : order < 0;
    return op[1] == '=' ? order >= 0 : order > 0;
}

/* ---- "%5.1f of %s" ---- */

/* Python's "%ld" is "%d".  Nobody wants a thousand columns. */
static bool copy_format(const char *spec, size_t len, char format[NUMBER_ROOM])
{
    size_t n = 0, digits = 0;
    for (size_t i = 0; i < len; i++) {
        digits = spec[i] >= '0' && spec[i] <= '9' ? digits + 1 : 0;
        if (digits > 3 || n + 4 > NUMBER_ROOM)
            return false;
        if (spec[i] != 'l')
            format[n++] = spec[i];
    }
    format[n] = '\0';
    return true;
}

static void format_one(struct code *code, const char *spec, size_t spec_len,
                       const struct code_value *value, char *out, size_t room)
{
    char format[NUMBER_ROOM];
    char kind = spec[spec_len - 1];
    if (!copy_format(spec, spec_len - 1, format)) {
        code_wrong(code, "this format is too long");
        return;
    }
    if (kind == 's' || kind == 'r') {
        (void)strcat(format, "s");
        (void)snprintf(out, room, format, code_string(code, value));
    } else if (!is_number(value)) {
        code_wrong(code, "%%%c needs a number", kind);
    } else if (strchr("diuxX", kind) != NULL) {
        long long i = value->kind == CODE_FLOAT ? (long long)value->f : (long long)value->i;
        (void)strcat(format, kind == 'x' ? "llx" : kind == 'X' ? "llX" : i < 0 ? "lld" : "llu");
        (void)snprintf(out, room, format, i);
    } else {
        (void)strcat(format, kind == 'e' ? "e" : kind == 'g' ? "g" : "f");
        (void)snprintf(out, room, format, as_float(value));
    }
}

struct code_value code_format(struct code *code, const char *format, const struct code_value *args)
{
    char out[FORMAT_ROOM];
    size_t at = 0, next = 0;
    size_t n = args->kind == CODE_TUPLE ? args->n : 1;
    const struct code_value *items = args->kind == CODE_TUPLE ? args->items : args;
    while (*format != '\0' && at + 1 < sizeof out) {
        if (format[0] != '%' || format[1] == '%') {
            out[at++] = *format;
            format += format[0] == '%' ? 2 : 1;
            continue;
        }
        size_t len = 1 + strspn(format + 1, "-+ #0123456789.l");
        if (format[len] == '\0' || strchr("diuxXsrfeg", format[len]) == NULL || next == n) {
            code_wrong(code, next == n ? "there are more %% in the text than values"
                                       : "a format that is not known here");
            break;
        }
        out[at] = '\0';
        format_one(code, format, len + 1, &items[next++], out + at, sizeof out - at);
        at += strlen(out + at);
        format += len + 1;
    }
    if (next != n && !code->failed)
        code_wrong(code, "there are more values than %% in the text");
    return code_of_text(code_text(code, out, at));
}
