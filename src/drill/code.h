/*
 * The code of %{ }%: the part of Python that scripts use to look at a connection.
 *
 * Expressions with Python's operators and meanings over integers, floats, texts and tuples; assert,
 * print(), assignments, if; several statements.  Variables live as long as the run.  No loops, no
 * definitions, no modules: whoever needs those is told so.
 */
#ifndef DRILL_CODE_H
#define DRILL_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/abi.h"
#include "drill/run.h"

#define CODE_MEMORY  9u   /* numbers of SO_MEMINFO */
#define CODE_NESTING 200u /* things within each other, at most */

__extension__ typedef __int128 code_int; /* holds every field, and what comes of adding them */

enum code_kind { CODE_NONE, CODE_INT, CODE_FLOAT, CODE_TEXT, CODE_TUPLE };

struct code_value {
    enum code_kind kind;
    bool is_truth; /* CODE_INT: True or False */
    code_int i;
    double f;
    const char *text;
    const struct code_value *items; /* TUPLE: n of them */
    size_t n;
    unsigned depth; /* CODE_TUPLE: of tuples within tuples */
};

struct code_variable {
    const char *name;
    struct code_value value;
    struct code_variable *next;
};

struct code {
    struct run *run;
    struct code_variable *variables;
    struct code_room *rooms; /* all that was allocated */
    struct ciao_tcp_info info;
    uint32_t memory[CODE_MEMORY];
    /* where it reads */
    const char *at;
    unsigned depth;   /* of open brackets: a line's end is a blank there */
    unsigned nesting; /* of expressions */
    unsigned idle;    /* not 0: read, but do nothing */
    unsigned line;    /* of the script */
    bool failed;
    char wrong[160]; /* what is wrong */
    bool asserted;   /* it is an assertion that does not hold */
};

/* Memory that lives as long as the run. */
void *code_room(struct code *code, size_t bytes);
char *code_text(struct code *code, const char *text, size_t len);
/* Remember what is wrong; the first counts. */
__attribute__((format(printf, 2, 3))) void code_wrong(struct code *code, const char *format, ...);

/* ---- code_info.c ---- */
bool code_field(const struct code *code, const char *name, code_int *value);

/* ---- code_value.c ---- */
struct code_value code_of_int(code_int i);
struct code_value code_of_truth(bool truth);
struct code_value code_of_float(double f);
struct code_value code_of_text(const char *text);
bool code_truth(const struct code_value *value);
/* As Python's str() says it; lives as long as the run. */
const char *code_string(struct code *code, const struct code_value *value);
/* An operator between two values: "+" "//" "<<" ... */
struct code_value code_operate(struct code *code, const char *op, const struct code_value *a,
                               const struct code_value *b);
/* A comparison: "==" "<" ... */
bool code_compare(struct code *code, const char *op, const struct code_value *a,
                  const struct code_value *b);
/* "%d of %s" % (1, "two") */
struct code_value code_format(struct code *code, const char *format, const struct code_value *args);

/* ---- code_call.c ---- */
struct code_value code_call(struct code *code, const char *name, const struct code_value *args,
                            size_t n);

/* ---- code_expr.c ---- */
struct code_value code_expression(struct code *code);
/* Several with commas between them are a tuple. */
struct code_value code_expressions(struct code *code);
/* Pass blanks (and ends of lines within brackets), comments, and \ before the end of a line. */
void code_skip(struct code *code);
bool code_takes(struct code *code, const char *text);
bool code_takes_word(struct code *code, const char *word);
/* A name; NULL when none comes. */
const char *code_name(struct code *code);
struct code_value *code_variable(struct code *code, const char *name); /* NULL: none */
void code_assign(struct code *code, const char *name, const struct code_value *value);

#endif
