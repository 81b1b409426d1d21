/*
 * Where an assertion of the stack ends: say what was claimed, and stop.  A file of its own, so that
 * a program which links the host's library may bring another hook.
 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void ciao_abort_hook(const char *file, int line, const char *claim)
{
    (void)fprintf(stderr, "ciao: a mistake of ours at %s:%d: \"%s\" does not hold; stopped\n", file,
                  line, claim);
    abort();
}
