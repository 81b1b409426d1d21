/*
 * Scripts in the tests of `ciao drill`: played from memory.
 */
#ifndef TESTS_DRILL_PLAY_H
#define TESTS_DRILL_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drill/drill.h"
#include "drill/script.h"

/* A script that must be readable. */
struct script *play_read(const char *text);
/* Read one that is not: its error. */
struct script_error play_broken(const char *text);

/* Read and run it with IPv4 under `linux`; the result is drill_result_free()'s. */
struct drill_result play(const char *text);
struct drill_result play_as(const char *text, enum drill_family family, enum ciao_profile profile);

/* It passes; otherwise the test fails, and says why. */
void play_passes(const char *text);
/* It fails in that line, and the sentence has these words in it. */
void play_fails(const char *text, unsigned line, const char *words);

/* A connection that a listener has accepted as descriptor 4, in eight lines. */
#define PLAY_ACCEPTED                                                   \
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"                     \
    "+0 bind(3, ..., ...) = 0\n"                                        \
    "+0 listen(3, 1) = 0\n"                                             \
    "+.1 < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>\n" \
    "+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 7>\n"     \
    "+.1 < . 1:1(0) ack 1 win 257\n"                                    \
    "+0 accept(3, ..., ...) = 4\n"                                      \
    "\n"

#endif
