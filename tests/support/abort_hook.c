/*
 * The abort hook of the test programs; see abort_hook.h.  A test program that links the host's
 * library gets this one all the same, as it is an object of its own.
 */
#include "support/abort_hook.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

static jmp_buf catcher;
static bool catching;

_Noreturn void ciao_abort_hook(const char *file, int line, const char *claim)
{
    if (catching)
        longjmp(catcher, 1);
    (void)fprintf(stderr, "%s:%d: ASSERT(%s) failed\n", file, line, claim);
    abort();
}

bool test_aborts(void (*act)(void *context), void *context)
{
    volatile bool aborted = true;

    catching = true;
    if (setjmp(catcher) == 0) {
        act(context);
        aborted = false;
    }
    catching = false;
    return aborted;
}
