/*
 * What is nearly always true, said to the compiler: of a chain of conditions it takes each for even
 * odds, so that a few in a row make the usual way look rare to it, and small instead of fast.
 */
#ifndef BASE_MOSTLY_H
#define BASE_MOSTLY_H

#define MOSTLY(claim) __builtin_expect(!!(claim), 1)

#endif
