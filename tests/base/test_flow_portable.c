/*
 * The flow table's tests on the version for processors without SSE2.  It is compiled here, in place
 * of the library's.
 */
#define BASE_FLOW_PORTABLE 1

#include "../../src/base/flow.c"

#include "test_flow.c"
