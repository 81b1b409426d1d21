/*
 * What --so_flags says: words of the form name=value, or a name alone, with commas, semicolons or
 * spaces between them.  packetdrill_flags_help() lists them.
 */
#ifndef PACKETDRILL_FLAGS_H
#define PACKETDRILL_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/stack.h"

#define PD_LOCALS      8
#define PD_PATH_BYTES  512
#define PD_FLAGS_ERROR 160

struct pd_flags {
    enum ciao_profile profile;
    uint32_t mtu;
    uint8_t seed;
    unsigned n_locals;
    struct ciao_addr local[PD_LOCALS];
    bool tell;                 /* the connections' ladders to stderr at the end */
    char trace[PD_PATH_BYTES]; /* or to this file; empty: neither */
};

/*
 * Read them; NULL stands for none.
 * Returns false and a sentence when a word is not known or its value is impossible.
 */
bool pd_flags_read(const char *text, struct pd_flags *flags, char error[PD_FLAGS_ERROR]);

#endif
