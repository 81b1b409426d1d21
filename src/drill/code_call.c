/*
 * The functions of %{ }%.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drill/code.h"

static struct code_value extreme(struct code *code, const struct code_value *args, size_t n,
                                 const char *op)
{
    if (n == 1 && args[0].kind == CODE_TUPLE) {
        n = args[0].n;
        args = args[0].items;
    }
    if (n == 0) {
        code_wrong(code, "of nothing there is no least or largest");
        return code_of_int(0);
    }
    struct code_value best = args[0];
    for (size_t i = 1; i < n; i++)
        if (code_compare(code, op, &args[i], &best))
            best = args[i];
    return best;
}

static struct code_value print(struct code *code, const struct code_value *args, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (code->run->options->verbose)
            run_say(code->run, "%s%s",
                    i > 0 ? " " : "           print: ", code_string(code, &args[i]));
    if (code->run->options->verbose)
        run_say(code->run, "\n");
    return (struct code_value){.kind = CODE_NONE};
}

static struct code_value absolute(struct code *code, const struct code_value *value)
{
    struct code_value positive = *value, zero = code_of_int(0);
    positive.f = fabs(value->f);
    if (value->kind == CODE_INT && value->i < 0)
        positive = code_operate(code, "-", &zero, value);
    return positive;
}

static struct code_value to_int(const struct code_value *value)
{
    if (value->kind == CODE_TEXT)
        return code_of_int(strtoll(value->text, NULL, 10));
    return code_of_int(value->kind == CODE_FLOAT ? (code_int)value->f : value->i);
}

static struct code_value to_float(const struct code_value *value)
{
    if (value->kind == CODE_TEXT)
        return code_of_float(strtod(value->text, NULL));
    return code_of_float(value->kind == CODE_FLOAT ? value->f : (double)value->i);
}

static struct code_value of_one(struct code *code, const char *name, const struct code_value *value)
{
    if (strcmp(name, "abs") == 0)
        return absolute(code, value);
    if (strcmp(name, "int") == 0)
        return to_int(value);
    if (strcmp(name, "float") == 0)
        return to_float(value);
    if (strcmp(name, "round") == 0)
        return code_of_int((code_int)nearbyint(to_float(value).f));
    if (strcmp(name, "bool") == 0)
        return code_of_truth(code_truth(value));
    if (strcmp(name, "str") == 0 || strcmp(name, "repr") == 0)
        return code_of_text(code_string(code, value));
    if (strcmp(name, "len") == 0)
        return code_of_int(
            (code_int)(value->kind == CODE_TUPLE ? value->n : strlen(code_string(code, value))));
    code_wrong(code, "there is no function %s() here", name);
    return code_of_int(0);
}

struct code_value code_call(struct code *code, const char *name, const struct code_value *args,
                            size_t n)
{
    if (strcmp(name, "print") == 0)
        return print(code, args, n);
    if (strcmp(name, "min") == 0)
        return extreme(code, args, n, "<");
    if (strcmp(name, "max") == 0)
        return extreme(code, args, n, ">");
    if (n == 1)
        return of_one(code, name, args);
    code_wrong(code, "%s() is not known here, or takes other arguments", name);
    return code_of_int(0);
}
