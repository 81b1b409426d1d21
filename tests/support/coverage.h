/*
 * What a test run has covered: which arcs were taken, which states entered, which reasons given.
 *
 * Each test program adds what its stacks did to files in $CIAO_COVERAGE_DIR; the judge that runs
 * last (tests/tcp/test_covered.py) wants every one of them.
 */
#ifndef TESTS_SUPPORT_COVERAGE_H
#define TESTS_SUPPORT_COVERAGE_H

#include "ciao/stack.h"
#include "trace/trace.h"

/* Call one of these before a stack, or a layer with a trace of its own, goes.  Nothing is written
 * when the directory is not given. */
void coverage_note(const struct ciao_stack *stack);
void coverage_note_trace(const struct trace *trace);

#endif
