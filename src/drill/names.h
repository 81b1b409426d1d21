/*
 * The names of Linux's constants that scripts use.
 */
#ifndef DRILL_NAMES_H
#define DRILL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* "EAGAIN" is 11.  False: no such name. */
bool name_error(const char *text, int64_t *value);
/* "SOL_SOCKET", "MSG_PEEK", also errors. */
bool name_constant(const char *text, int64_t *value);
/* 11 is "EAGAIN"; never NULL. */
const char *name_of_error(int64_t value);

#endif
