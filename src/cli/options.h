/*
 * The options of the verbs that talk to the world: listen and connect.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "ciao/stack.h"
#include "driver/impair.h"
#include "tell/tell.h"

#define OPTIONS_ADDRESSES 8
#define OPTIONS_OPERANDS  2

/* One of ciao's addresses, and the kernel's at the other end of the interface. */
struct cli_address {
    struct ciao_addr ours, theirs;
    unsigned prefix_len; /* on the family's own form */
};

struct cli_options {
    const char *verb;
    const char *dev;
    uint32_t mtu;
    struct cli_address address[OPTIONS_ADDRESSES];
    unsigned n_addresses;
    bool impaired;
    struct impair_spec impair;
    const char *capture; /* NULL: none */
    bool tell;
    enum tell_format format;
    enum tell_lang lang;
    enum ciao_profile profile;
    bool msl_given;
    uint32_t msl_us;
    bool stats;
    uint64_t timeout_us; /* 0: for ever */
    bool verbose;
    const char *send, *recv, *with; /* NULL: not given */
    bool echo, once;                /* listen */
    uint16_t port;
    const char *operand[OPTIONS_OPERANDS];
    unsigned n_operands;
};

enum options_for { OPTIONS_LISTEN, OPTIONS_CONNECT };

/* Returns CLI_OK, or CLI_USAGE after having said what is wrong. */
int options_read(struct cli_options *options, enum options_for whom, int argc, char **argv);

/* 1..65535 in decimal digits. */
bool options_port(const char *text, uint16_t *port);

#endif
