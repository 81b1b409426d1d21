/*
 * The tests of sums on the version of what headers are summed by that needs no x86.
 */
#define WIRE_CHECKSUM_PORTABLE 1

#include "test_checksum.c"
