/*
 * What an ASSERT of the upper half does in a test program: say where, and die; or be caught, where
 * the test's claim is that the stack refuses.
 */
#ifndef TESTS_SUPPORT_ABORT_HOOK_H
#define TESTS_SUPPORT_ABORT_HOOK_H

#include <stdbool.h>

/*
 * Call act(context) and tell whether it ended in ciao_abort_hook().  The objects that it worked on
 * are half done after that: a test must not go on with them.
 */
bool test_aborts(void (*act)(void *context), void *context);

#endif
