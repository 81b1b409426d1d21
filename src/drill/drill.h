/*
 * packetdrill's language on ciao's own sockets: scripts run in virtual time, against one stack in
 * memory.
 *
 * Theory of operation.  A script is a list of events with times: what the network brings (<), what
 * the stack is to send (>), what the program calls and what it is to be answered, what has to hold
 * of the connection (%{ }%).  There is one thread.  A call that waits does so in the socket
 * layer's host table, whose wait() goes on with the events that follow until the call is woken; so
 * a script takes milliseconds, whatever times it speaks of, and two runs are the same run.
 *
 * The numbers of a script are relative, those of the stack are not: see talk.h.
 *
 *   parse*.c scan.c script.c  the text      names.c icmp.c  its words
 *   wire*.c                   packets       shell.c         what shell blocks set
 *   code*.c                   %{ }%         call*.c         calls of the program
 *   world.c run.c talk.c      the run       compare.c       what was expected, and what came
 *
 * Not for: a second machine, real devices, other stacks (packetdrill does that).
 */
#ifndef DRILL_DRILL_H
#define DRILL_DRILL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ciao/stack.h"

enum drill_family { DRILL_IPV4, DRILL_IPV6, DRILL_MAPPED, DRILL_FAMILIES };
const char *drill_family_name(enum drill_family family); /* "ipv4", "ipv6", "ipv4-mapped-ipv6" */
/* Takes also "4", "6", "mapped". */
bool drill_family_parse(const char *text, enum drill_family *family);

enum drill_verdict {
    DRILL_PASS,
    DRILL_FAIL,
    DRILL_NEEDS, /* failed, or could not be run, for want of something that ciao does not have */
    DRILL_BROKEN /* could not be read */
};

struct drill_options {
    enum ciao_profile profile;
    bool shell;                 /* run the shell commands that are not understood */
    bool verbose;               /* say each event, and each packet that the stack sends */
    const char *const *defines; /* "NAME=VALUE" each; ends with NULL; may be NULL */
    FILE *out;                  /* for `verbose` and what scripts print */
    bool tell;                  /* keep the ladder of what failed */
};

#define DRILL_TEXT 400

/* What came of a script. */
struct drill_result {
    enum drill_verdict verdict;
    unsigned line, column;     /* column 0: the whole line */
    char sentence[DRILL_TEXT]; /* what is wrong */
    char expected[DRILL_TEXT]; /* in the script's language; "" where there is nothing to say */
    char seen[DRILL_TEXT];
    const char *needs; /* the feature; static text or NULL */
    char *ladder;      /* the lives of the connections up to there; NULL: none */
    char *notes;       /* a line for each thing that was left out; NULL: none */
    uint64_t virtual_us;
};

struct script;

/*
 * Run a script once.
 *
 *   script  without an error; is not changed
 *   result  drill_result_free() when it is no longer wanted
 */
void drill_run(const struct script *script, enum drill_family family,
               const struct drill_options *options, struct drill_result *result);
void drill_result_free(struct drill_result *result);

/* The family that the script's own options ask for; false when it leaves that open. */
bool drill_family_asked(const struct script *script, enum drill_family *family);

/* The profile to run it with: the one wanted, or, when a line of the script like
 * "// Profiles: rfc ciao" leaves that out, the first that it names. */
enum ciao_profile drill_profile_fit(const struct script *script, enum ciao_profile wanted);

#endif
