/*
 * Every call in every state: a case for each pair, named "call/state".
 */
#ifndef SEMANTICS_MATRIX_H
#define SEMANTICS_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

unsigned matrix_calls(void);
const char *matrix_call_name(unsigned call);
/* Is that worth a case?  Mapped addresses matter where addresses do; lingering over what nobody
 * reads takes a second, and has a case of its own. */
bool matrix_has(unsigned call, unsigned state, const char *host);
/* Run that call on a socket in that state, at an address of that host. */
void matrix_run(unsigned call, unsigned state, const char *host);

#endif
