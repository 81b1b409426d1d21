/*
 * Assertions that stay on in release builds: a stack that has lost its own invariants must stop,
 * and say where.  Whoever links the stack defines the hook (the host prints and aborts, a test
 * notes it).  For our own mistakes only: what a peer or a caller does wrong is answered, never
 * asserted.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

_Noreturn void ciao_abort_hook(const char *file, int line, const char *claim);

#define ASSERT(claim) \
    (__builtin_expect(!!(claim), 1) ? (void)0 : ciao_abort_hook(__FILE__, __LINE__, #claim))

#define BUILD_ASSERT(claim) _Static_assert(claim, #claim)

#endif
